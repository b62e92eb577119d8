"""What shifts and hand-over hands to the program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dutydesk.core.i18n import N_, _
from dutydesk.ledger.feature import Command, Feature, Figure, Form, OpenItem
from dutydesk.shifts.ledger import HANDOVER_ITEMS, HANDOVERS, PRINTS, SHIFTS
from dutydesk.shifts.model import HANDOVER_ITEM_TABLE, HANDOVER_TABLE, PRINT_TABLE, SHIFT_TABLE

if TYPE_CHECKING:
    import argparse

    from sqlalchemy import Connection


def open_items(read: Connection, now: int) -> Sequence[OpenItem]:
    """What the running shift lacks, a last shift without its sheet, signatures of a hand-over, equipment out of order."""
    from dutydesk.shifts import pending, service

    return [*service.open_items(read, now), *pending.open_items(read, now)]


def figures(read: Connection, start: int, end: int) -> Sequence[Figure]:
    """The crew of the shift in which [start, end) ends; a one-sided hand-over until it is counter-signed."""
    from dutydesk.shifts import pending, service

    text = service.crew_of(read, service.row_at(read, end - 1))
    found = [Figure("shifts.crew", N_("值班"), text)] if text else []
    if any(row.get("state") == "EMERGENCY" for row in pending.unfinished(read)):
        found.append(Figure("shifts.handover", N_("交接班"), _("单方，待补签"), severity=2))
    return found


def titles(ledger: str, values: Mapping[str, Any]) -> str:
    """`2026-11-22 全天班`; `P01 交接班记录表 2026-11-22/H24`."""
    from dutydesk.shifts import service

    if ledger == "shifts":
        return f"{values.get('date') or ''} {service.code_label(str(values.get('code') or ''))}".strip()
    if ledger == "handovers":
        return _("交接班 {shift}").format(shift=values.get("shift") or "")
    if ledger == "handover_items":
        return str(values.get("title") or "")
    return " ".join(str(values[name]) for name in ("form", "title", "about") if values.get(name))


def _arguments(parser: argparse.ArgumentParser) -> None:
    """`handover status [--shift DATE[/CODE]] [--json]`"""
    parser.add_argument("what", choices=("status",), metavar="status", help=_("到了哪一步、还缺什么"))
    parser.add_argument("--shift", metavar="DATE[/CODE]", default="", help=_("哪一班，缺省为现在该交的"))
    parser.add_argument("--json", action="store_true", help=_("输出 JSON"))


SHIFT_FEATURE = Feature(
    name="shifts",
    title=N_("交班"),
    tables=(
        (SHIFTS, SHIFT_TABLE),
        (PRINTS, PRINT_TABLE),
        (HANDOVERS, HANDOVER_TABLE),
        (HANDOVER_ITEMS, HANDOVER_ITEM_TABLE),
    ),
    forms=(Form("P01", N_("交接班记录表"), "dutydesk.shifts.report:p01", ("shift", "blank")),),
    printed="dutydesk.shifts.service:record_print",
    services={
        "shift_of": "dutydesk.shifts.service:code_of",
        "sealed": "dutydesk.shifts.seals:sealed",
        "printed_before": "dutydesk.shifts.service:printed_before",
        "edition_before": "dutydesk.shifts.service:edition_before",
        "unprinted_sheets": "dutydesk.shifts.pending:unprinted_sheets",
    },
    commands=(Command("handover", N_("交接班到了哪一步"), _arguments, "dutydesk.shifts.commands:run"),),
    settings="dutydesk.shifts.handover:known",
    pane="dutydesk.shifts.pane:ShiftsPane",
    key="Alt+0",
    open_items=open_items,
    figures=figures,
    titles=titles,
)
