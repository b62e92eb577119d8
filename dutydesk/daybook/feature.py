"""What the duty log hands to the program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dutydesk.core.clock import HOUR, MINUTE
from dutydesk.core.i18n import N_, _
from dutydesk.daybook.ledger import LOG
from dutydesk.daybook.model import LOG_TABLE
from dutydesk.ledger.feature import Feature, Figure, Form, OpenItem
from dutydesk.ledger.kinds import shown

if TYPE_CHECKING:
    from sqlalchemy import Connection

TO_FILL = 48 * HOUR
"""待补 is asked for in the running and the last shift: the two longest there are (domain.md §3.2)."""
MOST = 500
"""Of more rows than two shifts ever have (a file was imported) only the newest are asked for what they lack."""
SOON = 15 * MINUTE


def open_items(read: Connection, now: int) -> Sequence[OpenItem]:
    """Follow-ups without an answer, and entries of the last two shifts that lack something."""
    from dutydesk.daybook import service
    from dutydesk.daybook.lists import title

    found: list[OpenItem] = []
    for row in service.follow_ups(read, now):
        due = row.number("due_at")
        block = "INSTRUCTIONS" if row.get("category") == "INSTRUCTION" else "TODO"
        severity = 2 if now >= due else 1 if due - now <= SOON else 0
        name = _("待反馈 {title}").format(title=title(row.values))
        found.append(OpenItem(block, name, due, severity, "log", row.id, row.text("text")))
    for row, fields in service.to_fill(read, now - TO_FILL, now + 1, MOST):
        name = _("待补 {title}").format(title=title(row.values))
        found.append(OpenItem("TODO", name, None, 0, "log", row.id, service.labels(fields)))
    return found


def figures(read: Connection, start: int, end: int) -> Sequence[Figure]:
    """How many entries there are in [start, end), all and by category: each once, as it now reads."""
    from dutydesk.daybook import service

    counted: dict[str, int] = {}
    rows = service.standing(service.entries(read, start, end))
    for row in rows:
        code = row.text("category")
        counted[code] = counted.get(code, 0) + 1
    return [
        Figure("log.entries", N_("日志"), len(rows), N_("条")),
        *(
            Figure(f"log.entries.{choice.code}", shown(choice), counted[choice.code], N_("条"))
            for choice in LOG["category"].choices
            if choice.code in counted
        ),
    ]


def titles(ledger: str, values: Mapping[str, Any]) -> str:
    """`#0512 14:02 隧道积水约60厘米`."""
    from dutydesk.daybook.lists import title

    return title(values)


DAYBOOK = Feature(
    name="daybook",
    title=N_("值班日志"),
    tables=((LOG, LOG_TABLE),),
    adders={"log": "dutydesk.daybook.service:add"},
    forms=(Form("P02", N_("值班日志"), "dutydesk.daybook.report:p02", ("shift", "start", "end", "blank")),),
    services={
        "log_add": "dutydesk.daybook.service:add",
        "log_late": "dutydesk.daybook.service:is_late",
        "recorder_of": "dutydesk.daybook.service:recorder",
    },
    settings="dutydesk.daybook.entry:known",
    pane="dutydesk.daybook.pane:DaybookPane",
    key="Alt+1",
    open_items=open_items,
    figures=figures,
    titles=titles,
)
