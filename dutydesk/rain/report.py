"""雨情表: every gauge with its sums, the worst first, as the printed list of the rain pane."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dutydesk.core.clock import iso, local
from dutydesk.core.i18n import _
from dutydesk.printing.desk import desk_document
from dutydesk.printing.page import Document
from dutydesk.printing.tables import Column
from dutydesk.rain import service
from dutydesk.rain.rules import WINDOWS_H
from dutydesk.rain.service import GaugeNow
from dutydesk.rain.words import NOTHING, amount, clock, colour_name, grade_word, mm, standard, trend_word

if TYPE_CHECKING:
    from dutydesk.journal.desk import Desk

SIZE = 9.0


def rain_table(desk: Desk, at: int | None = None, start: int | None = None, end: int | None = None) -> bytes:
    """The PDF of all gauges at `at` (ms UTC; `end`, else now), with the sums of `(start, end]` where both are given."""
    return rain_document(desk, at, start, end).pdf()


def rain_document(desk: Desk, at: int | None = None, start: int | None = None, end: int | None = None) -> Document:
    """The document of `rain_table`, still open, so that `missing` can be shown before printing."""
    now = desk.clock.now()
    moment = at if at is not None else end if end is not None else now
    found = service.gauges(desk, moment)
    span = (start, end) if start is not None and end is not None else None
    document = desk_document(
        desk,
        _("雨情表"),
        subtitle=_("截至 {moment}").format(moment=local(moment).strftime("%Y-%m-%d %H:%M")),
        landscape=span is not None,
    )
    if span is not None:
        begin, until = (iso(each)[:16].replace("T", " ") for each in span)
        document.paragraph(_("时段：{start} 至 {end}").format(start=begin, end=until), size=SIZE)
    document.table(_columns(span is not None), [_row(desk, gauge, moment, span) for gauge in found], size=SIZE)
    for line in _notes(desk, found, moment):
        document.paragraph(line, size=SIZE)
    return document


def _columns(with_span: bool) -> list[Column]:
    columns = [Column(_("站名"), weight=10), Column(_("区域"), weight=10)]
    columns += [Column(_("{hours} 小时").format(hours=hours), width=14, align="right") for hours in WINDOWS_H]
    columns += [Column(_("等级"), width=18), Column(_("信号"), width=10), Column(_("趋势"), width=10)]
    if with_span:
        columns += [Column(_("时段合计"), width=17, align="right"), Column(_("最大 1 小时"), width=34)]
    return [*columns, Column(_("最后数据"), width=22)]


def _row(desk: Desk, gauge: GaugeNow, moment: int, span: tuple[int, int] | None) -> Sequence[str]:
    cells = [gauge.station.name, gauge.station.region]
    cells += [amount(gauge.sums[hours]) for hours in WINDOWS_H]
    grade = grade_word(gauge.grade)
    cells.append(f"≥{grade}" if grade and not gauge.sums[24].complete else grade)
    cells.append(colour_name(gauge.signal.colour) if gauge.signal else "")
    cells.append(trend_word(gauge.trend))
    if span is not None:
        part = service.summary(desk, gauge.station, *span)
        cells.append(mm(part.total))
        cells.append(NOTHING if part.peak.at is None else f"{mm(part.peak.tenths)}  {clock(part.peak.at, moment)}")
    cells.append(clock(gauge.last, moment) + (_(" 未更新") if gauge.stale else ""))
    return cells


def _notes(desk: Desk, found: Sequence[GaugeNow], moment: int) -> list[str]:
    """What the words mean, and by whose rule."""
    lines = [_("单位：毫米。≥ 表示时段内有缺测，实际不少于此数。等级指 24 小时雨量，按 GB/T 28592-2012。")]
    reached = {gauge.signal.colour: gauge.signal for gauge in found if gauge.signal is not None}
    rules = service.limits(desk).rules
    for colour in sorted(reached, key=rules.orders.__getitem__):
        signal = reached[colour]
        stations = _("、").join(g.station.name for g in found if g.signal is not None and g.signal.colour == colour)
        lines.append(
            _("{colour}标准（{standard}，{source}）：{stations}").format(
                colour=colour_name(colour),
                standard=standard(signal),
                source=signal.source or NOTHING,
                stations=stations,
            )
        )
    return lines
