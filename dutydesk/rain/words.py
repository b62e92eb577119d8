"""Rain in the officer's words: amounts with ≥, colours, trends, one line for a group chat."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dutydesk.core.clock import DAY, HOUR, MINUTE, local
from dutydesk.core.i18n import N_, _, pick
from dutydesk.core.reference import label
from dutydesk.rain.rules import Grade, Signal, Total, Trend

if TYPE_CHECKING:
    from dutydesk.rain.service import GaugeNow

NOTHING = "—"
TRENDS = {Trend.RISING: N_("增强"), Trend.STEADY: N_("持平"), Trend.FALLING: N_("减弱"), Trend.UNKNOWN: ""}
ARROWS = {Trend.RISING: "↑", Trend.STEADY: "→", Trend.FALLING: "↓", Trend.UNKNOWN: ""}
COLOURS = {"RED": N_("红"), "ORANGE": N_("橙"), "YELLOW": N_("黄"), "BLUE": N_("蓝")}


def mm(tenths: int | None) -> str:
    """`42.5`; a dash for no reading."""
    return NOTHING if tenths is None else f"{tenths // 10}.{tenths % 10}"


def amount(total: Total) -> str:
    """`42.5`, `≥42.5` where readings are missing, a dash where there are none."""
    return mm(total.tenths) if total.complete or total.tenths is None else f"≥{mm(total.tenths)}"


def grade_word(grade: Grade | None) -> str:
    """`大雨`; empty for none."""
    return "" if grade is None else pick(grade.labels)


def colour_word(signal: Signal | None) -> str:
    """`橙`; empty for none."""
    return "" if signal is None else _(COLOURS[signal.colour])


def colour_name(colour: str) -> str:
    """`橙色`."""
    return label("rain", "colours", colour)


def trend_word(trend: Trend) -> str:
    """`增强`; empty where it is not known."""
    return _(TRENDS[trend])


def clock(at: int | None, now: int) -> str:
    """`13:55`, with the day where it is not today's; a dash for none."""
    if at is None:
        return NOTHING
    moment = local(at)
    return moment.strftime("%H:%M" if moment.date() == local(now).date() else "%m-%d %H:%M")


def age(milliseconds: int) -> str:
    """`40 分钟`, `3 小时`, `2 天`."""
    if milliseconds < 2 * HOUR:
        return _("{n} 分钟").format(n=milliseconds // MINUTE)
    if milliseconds < 2 * DAY:
        return _("{n} 小时").format(n=milliseconds // HOUR)
    return _("{n} 天").format(n=milliseconds // DAY)


def log_text(gauge: GaugeNow) -> str:
    """The line for the duty log: `彭埠站 1h 42.5 mm（黄）`."""
    text = f"{gauge.station.name} 1h {amount(gauge.hour)} mm"
    return _("{text}（{key}）").format(text=text, key=colour_word(gauge.signal)) if gauge.signal else text


def one_line(gauge: GaugeNow, now: int) -> str:
    """One line ready for a group chat: name, time, the sums, the colour reached."""
    sums = _("，").join(f"{hours}h {amount(gauge.sums[hours])}" for hours in (1, 3, 6, 12, 24))
    name, at = gauge.station.name, clock(gauge.last, now)
    parts = [_("{name} {time} 雨量（mm）：{sums}").format(name=name, time=at, sums=sums)]
    if gauge.signal is not None:
        parts.append(_("已达暴雨{colour}标准").format(colour=colour_name(gauge.signal.colour)))
    if gauge.stale:
        parts.append(_("未更新"))
    return _("，").join(parts)


def standard(signal: Signal) -> str:
    """What a signal asks for: `3 小时 50 毫米`."""
    text = _("{hours} 小时 {mm} 毫米").format(hours=signal.window_h, mm=mm(signal.tenths).removesuffix(".0"))
    if signal.alt_window_h is None or signal.alt_tenths is None:
        return text
    other = _("{hours} 小时 {mm} 毫米").format(hours=signal.alt_window_h, mm=mm(signal.alt_tenths).removesuffix(".0"))
    return _("{one}或{other}").format(one=text, other=other)
