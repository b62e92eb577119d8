"""The month's spot checks as a plain table (form SPOT)."""

from __future__ import annotations

from dutydesk.attendance import checks, service
from dutydesk.core.clock import DAY, local
from dutydesk.core.i18n import _, pick
from dutydesk.core.reference import rows
from dutydesk.journal.desk import Desk
from dutydesk.printing.desk import desk_document
from dutydesk.printing.page import Document
from dutydesk.printing.tables import Column, Total

SIZE = 9.5


def spot(desk: Desk, start: int | None = None, end: int | None = None) -> bytes:
    """The PDF of form SPOT over [start, end); without them over the running month."""
    first, last = checks.month_span(checks.month_of(desk.clock.now()))
    return document(desk, first if start is None else start, last if end is None else end).pdf()


def document(desk: Desk, start: int, end: int) -> Document:
    """Form SPOT, still open: totals, unit by unit, how it was counted."""
    found = checks.between(desk, start, end)
    whole = checks.cells(found.whole)
    until = local(end - 1 if end % DAY else end - DAY)
    last = f"{local(end - 1):%Y-%m-%d}" if end > start else f"{until:%Y-%m-%d}"
    about, since = f"{local(start):%Y-%m-%d}/{last}", end if desk.clock.now() >= end else 0
    made = desk_document(desk, _("值班抽查统计表"), form="SPOT", about=about, since=since)
    limit = service.limits(desk).answer_seconds
    made.pairs(
        [
            (_("时段"), f"{local(start):%Y-%m-%d} — {last}"),
            (
                _("合计"),
                _("抽查 {checks} 次，应答 {answered} 次，应答率 {rate}，在岗率 {post}").format(
                    checks=whole[0], answered=whole[1], rate=whole[2], post=whole[4]
                ),
            ),
        ],
        columns=1,
    )
    lines: list[list[str] | Total] = [
        [str(number), name, *checks.cells(each)] for number, (_unit, name, each) in enumerate(found.units, 1)
    ]
    columns = [
        Column(_("序号"), width=10, align="right"),
        Column(_("单位"), weight=2.4),
        Column(_("抽查（次）"), width=15, align="right"),
        Column(_("应答（次）"), width=15, align="right"),
        Column(_("应答率"), width=15, align="right"),
        Column(_("在岗（次）"), width=15, align="right"),
        Column(_("在岗率"), width=15, align="right"),
        Column(_("平均（秒）"), width=15, align="right"),
        Column(_("九成（秒）"), width=15, align="right"),
        Column(_("超 {limit} 秒").format(limit=limit), width=15, align="right"),
    ]
    made.table(columns, [*lines, Total(["", _("合计"), *whole])] if lines else [[""] * len(columns)], size=SIZE)
    for row in rows("attendance", "formula"):
        made.paragraph(pick(dict(row)), size=8.5)
    return made
