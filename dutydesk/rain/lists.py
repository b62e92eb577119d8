"""What the rain pane says, without widgets: cells, the note in its head, what sums amount to, what a search finds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dutydesk.core.clock import local
from dutydesk.core.i18n import N_, _
from dutydesk.rain import service, words
from dutydesk.rain.service import GaugeNow

if TYPE_CHECKING:
    from dutydesk.journal.desk import Desk

SIGNAL, NAME, HOUR, TREND, DAY, LAST = range(6)
HEADS = (N_("信号"), N_("站名"), N_("1 小时 mm"), N_("趋势"), N_("24 小时"), N_("最后数据"))


def cell(gauge: GaugeNow, column: int, now: int) -> str:
    """What a cell of the list says; a gauge that is not updated says so in place of its trend."""
    if column == SIGNAL:
        return words.colour_word(gauge.signal)
    if column == NAME:
        return gauge.station.name
    if column == HOUR:
        return words.amount(gauge.hour)
    if column == DAY:
        return words.amount(gauge.sums[24])
    if column == TREND:
        trend = f"{words.ARROWS[gauge.trend]} {words.trend_word(gauge.trend)}"
        return _("未更新") if gauge.stale else trend.strip()
    if gauge.stale and gauge.last is not None:
        return _("{age}前").format(age=words.age(now - gauge.last))
    return words.clock(gauge.last, now)


def tip(gauge: GaugeNow, now: int) -> str:
    """The whole of a row, for its tooltip."""
    where = "  ".join(part for part in (gauge.station.code, gauge.station.region) if part)
    return f"{gauge.station.name}\n{where}\n{words.one_line(gauge, now)}"


def state(gauge: GaugeNow, now: int) -> str:
    """`增强 · 截至 14:30 · 彭埠街道`."""
    until = _("截至 {time}").format(time=words.clock(gauge.at, now))
    trend = _("未更新") if gauge.stale else words.trend_word(gauge.trend)
    return " · ".join(part for part in (trend, until, gauge.station.region) if part)


def note(desk: Desk, gauges: Sequence[GaugeNow]) -> str:
    """How many gauges there are, how fresh and how wet, and what is missing or set wrongly."""
    heavy = sum(1 for gauge in gauges if gauge.heavy)
    stale = sum(1 for gauge in gauges if gauge.stale)
    limits = service.limits(desk)
    with desk.store.read() as connection:
        waiting = len(service.not_arrived(connection))
    latest = max((gauge.last for gauge in gauges if gauge.last is not None), default=None)
    parts = [_("{n} 站").format(n=len(gauges))] if gauges else []
    if latest is not None:
        parts.append(_("最新 {time}").format(time=words.clock(latest, desk.clock.now())))
    if heavy:
        limit = words.mm(limits.rules.heavy_hour).removesuffix(".0")
        parts.append(_("1 小时 {mm} mm 以上 {n} 站").format(mm=limit, n=heavy))
    if stale:
        parts.append(_("未更新 {n} 站").format(n=stale))
    if waiting:
        parts.append(_("{n} 批数据未到").format(n=waiting))
    parts += [str(problem) for problem in limits.problems[:1]]
    return " · ".join(parts)


def amounts_to(desk: Desk, gauge: GaugeNow) -> dict[int, str]:
    """What each sum amounts to, by hours: the grade of 12 and 24 hours, and the highest colour of that window."""
    limits = service.limits(desk)
    said = {12: words.grade_word(service.grade_of(gauge.sums[12], 12, limits)), 24: words.grade_word(gauge.grade)}
    if gauge.heavy:
        said[1] = _("短时强降水")
    reached: dict[int, str] = {}
    for signal in reversed(service.signals_for(desk, gauge.station, local(gauge.at).date())):
        tenths = gauge.sums[signal.window_h].tenths
        if tenths is not None and tenths >= signal.tenths:
            reached[signal.window_h] = _("达{colour}").format(colour=words.colour_name(signal.colour))
    for hours, colour in reached.items():
        said[hours] = f"{said.get(hours, '')} {colour}".strip()
    return said


def found(desk: Desk, gauges: Sequence[GaugeNow], text: str) -> Sequence[GaugeNow]:
    """The gauges that a search means, by name, pinyin, code or street."""
    wanted = text.strip()
    if not wanted:
        return gauges
    hits = {row.id for row in desk.rows("stations", search=wanted)}
    return [each for each in gauges if each.station.id in hits or wanted in each.station.region]


def length(minutes: int) -> str:
    """`5 分钟`, `1 小时`, `1 天`."""
    if minutes % 1440 == 0:
        return _("{n} 天").format(n=minutes // 1440)
    if minutes % 60 == 0:
        return _("{n} 小时").format(n=minutes // 60)
    return _("{n} 分钟").format(n=minutes)
