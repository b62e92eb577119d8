"""P01 to be written by hand when there is no electricity: the head, the six blocks with lines, equipment, signatures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dutydesk.core.i18n import _, language
from dutydesk.core.reference import label
from dutydesk.journal.desk import Desk
from dutydesk.ledger.feature import Pdf
from dutydesk.printing.desk import numbered_sheets
from dutydesk.printing.page import Document
from dutydesk.printing.tables import Column, Group, Row
from dutydesk.shifts import blocks, service
from dutydesk.shifts.ledger import SHIFTS

LINE = 9.0
"""Millimetres of a row that is written by hand."""
LINES = 2
"""Lines of each block: the sheet stays one page."""
NUMERALS = "一二三四五六七八九"


def stack(desk: Desk, numbers: Sequence[str], *, copy: bool = False) -> Pdf:
    """An empty sheet for each number, 副本 on each when they are a `copy`."""
    sheets = numbered_sheets(desk, _("交接班记录表"), numbers, copy=copy)
    for made in sheets:
        _sheet(made, service.names_here(desk))
    return sheets[0].pdf()


def _sheet(made: Document, equipment: Sequence[str]) -> None:
    names = ("weather", "leader", "primary", "secondary", "risk_level", "mode")
    head = [(_("日期"), _("　　年　　月　　日")), (_("起止"), ""), *((_(SHIFTS[name].label), "") for name in names)]
    made.pairs([*head, (_("接班时间"), "")], columns=3, row_height=LINE)
    columns = [
        Column(_("序号"), width=11, align="center"),
        Column(_("事项"), weight=1.25),
        Column(_("到时"), width=19, align="center"),
        Column(_("交班答复"), weight=1.0),
        Column(_("接班意见"), width=19, align="center"),
    ]
    made.table(columns, _rows(len(columns)), size=9.5, row_height=LINE)
    ticks = "  ".join(f"□ {tick.name}" for tick in service.equipment_of("", equipment))
    made.pairs([(_("设备清点"), ticks)], columns=1, size=9.5, row_height=LINE)
    made.signatures([_("交班人"), _("接班人"), _("带班领导")])


def _rows(width: int) -> Iterator[Row]:
    for at, code in enumerate(blocks.codes()):
        numeral = str(at + 1) if language() == "en" else NUMERALS[at]
        yield Group(_("{number}、{block}").format(number=numeral, block=label("duty", "block", code)))
        for _line in range(LINES):
            yield ("",) * width
