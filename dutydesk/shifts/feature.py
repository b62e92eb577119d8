"""What shifts and hand-over hands to the program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dutydesk.core.i18n import N_
from dutydesk.ledger.feature import Feature, Figure, Form, OpenItem
from dutydesk.shifts.ledger import HANDOVER_ITEMS, HANDOVERS, PRINTS, SHIFTS
from dutydesk.shifts.model import HANDOVER_ITEM_TABLE, HANDOVER_TABLE, PRINT_TABLE, SHIFT_TABLE

if TYPE_CHECKING:
    from sqlalchemy import Connection


def open_items(read: Connection, now: int) -> Sequence[OpenItem]:
    """What the running shift lacks, a last shift without its sheet, equipment out of order."""
    from dutydesk.shifts import service

    return service.open_items(read, now)


def figures(read: Connection, start: int, end: int) -> Sequence[Figure]:
    """The crew of the shift in which [start, end) ends."""
    from dutydesk.shifts import service

    text = service.crew_of(read, service.row_at(read, end - 1))
    return [Figure("shifts.crew", N_("值班"), text)] if text else []


def titles(ledger: str, values: Mapping[str, Any]) -> str:
    """`2026-11-22 全天班`; `P01 交接班记录表 2026-11-22/H24`."""
    from dutydesk.shifts import service

    if ledger == "shifts":
        return f"{values.get('date') or ''} {service.code_label(str(values.get('code') or ''))}".strip()
    return " ".join(str(values[name]) for name in ("form", "title", "about") if values.get(name))


SHIFT_FEATURE = Feature(
    name="shifts",
    title=N_("交班"),
    tables=(
        (SHIFTS, SHIFT_TABLE),
        (PRINTS, PRINT_TABLE),
        (HANDOVERS, HANDOVER_TABLE),
        (HANDOVER_ITEMS, HANDOVER_ITEM_TABLE),
    ),
    forms=(Form("P01", N_("交接班记录表"), "dutydesk.shifts.report:p01", ("shift",)),),
    printed="dutydesk.shifts.service:record_print",
    services={"shift_of": "dutydesk.shifts.service:code_of"},
    pane="dutydesk.shifts.pane:ShiftsPane",
    key="Alt+0",
    open_items=open_items,
    figures=figures,
    titles=titles,
)
