"""生效预警一览: the warnings in force on paper."""

from __future__ import annotations

from collections.abc import Sequence

from dutydesk.core.clock import local
from dutydesk.core.errors import Problem
from dutydesk.core.i18n import N_, _
from dutydesk.journal.desk import Desk
from dutydesk.printing.desk import desk_document
from dutydesk.printing.tables import Column
from dutydesk.warnings import service, standing

TITLE = N_("生效预警一览")


def in_force_sheet(desk: Desk) -> bytes:
    """The PDF of what is in force now."""
    return sheet(desk)[0]


def sheet(desk: Desk) -> tuple[bytes, Sequence[Problem]]:
    """The PDF, and the characters that it draws as boxes."""
    now = desk.clock.now()
    live = service.in_force(desk, now)
    document = desk_document(
        desk,
        _(TITLE),
        subtitle=_("截至 {time}，共 {count} 条").format(time=f"{local(now):%Y-%m-%d %H:%M}", count=len(live)),
    )
    rows = [
        [
            standing.colour_text(one.row.values),
            standing.hazard_text(one.row.values),
            desk.placed(one.row, one.row.text("issuer")),
            one.row.text("areas"),
            f"{local(one.standing.message.sent):%m-%d %H:%M}",
            standing.end_text(one.standing, now),
        ]
        for one in live
    ]
    document.table(
        [
            Column(_("级别"), width=14),
            Column(_("灾种"), weight=2),
            Column(_("发布单位"), weight=3),
            Column(_("范围"), weight=5),
            Column(_("发布"), width=22),
            Column(_("结束"), weight=3),
        ],
        rows or [[_("无"), "", "", "", "", ""]],
        size=9.5,
    )
    for one in live:
        text = "\n".join(part for part in (one.row.text("text"), one.row.text("measures")) if part)
        if text:
            document.box(text, title=desk.placed(one.row, one.row.text("headline") or standing.title(one.row.values)))
    return document.pdf(), document.missing
