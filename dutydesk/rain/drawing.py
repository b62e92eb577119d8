"""What the hyetograph of a gauge shows: its periods over a span, and the lines that they are held against.

Short spans show the gauge's own periods, longer ones whole hours (days, where the gauge gives no hours). A signal is a
sum over its window, so its line stands on the axis of the running total, in the span of just that length.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dutydesk.core.clock import DAY, HOUR, MINUTE
from dutydesk.core.i18n import _
from dutydesk.rain import rules
from dutydesk.rain.rules import Reference, Signal
from dutydesk.rain.series import Series
from dutydesk.rain.words import colour_word, grade_word, mm

SHORT = 6
STORM = ("STORM", "HEAVY_STORM", "EXTREME_STORM")
"""Grades whose lines are drawn: below them nobody acts."""


@dataclass(frozen=True, slots=True)
class Line:
    """A threshold: `level` is a colour in lower case or empty; see `qt.charts.Threshold`."""

    tenths: int
    label: str
    level: str = ""
    on_total: bool = False


@dataclass(frozen=True, slots=True)
class Drawing:
    """Periods of `minutes`: ends (ms, ascending) and tenths, `None` where nothing was measured."""

    ends: tuple[int, ...]
    tenths: tuple[int | None, ...]
    minutes: int
    lines: tuple[Line, ...] = ()


def drawing(series: Series, hours: int | None, at: int, signals: Sequence[Signal], limits: Reference) -> Drawing:
    """The `hours` before `at`, or everything."""
    if series.first is None or series.last is None:
        return Drawing((), (), 60)
    start, end = (series.first, series.last) if hours is None else (at - hours * HOUR, at)
    starts, ends, values = series.bars()
    own = [n for n in range(len(ends)) if starts[n] >= start and ends[n] <= end]
    lengths = {ends[n] - starts[n] for n in own}
    if len(lengths) == 1 and (min(lengths) > HOUR or (hours is not None and hours <= SHORT)):
        minutes = min(lengths) // MINUTE
        shown = Drawing(tuple(ends[n] for n in own), tuple(values[n] for n in own), minutes)
    elif max(lengths, default=HOUR) <= HOUR:
        shown = _gathered(series, start, end, HOUR, 0)
    else:
        shown = _gathered(series, start, end, DAY, rules.day_start(end, limits.day_hour) % DAY)
    if not any(value is not None for value in shown.tenths):
        return Drawing((), (), 60)
    return Drawing(shown.ends, shown.tenths, shown.minutes, _lines(hours, shown.minutes, signals, limits))


def _gathered(series: Series, start: int, end: int, length: int, offset: int) -> Drawing:
    """Sums of whole hours or days; the first and the last are cut to the span."""
    first = (start - offset) // length * length + offset + length
    edges = range(first, end + length, length)
    tenths = tuple(series.between(max(edge - length, start), min(edge, end)).tenths for edge in edges)
    return Drawing(tuple(edges), tenths, length // MINUTE)


def _lines(hours: int | None, minutes: int, signals: Sequence[Signal], limits: Reference) -> tuple[Line, ...]:
    found: list[Line] = []
    if minutes == 60:
        found.append(Line(limits.heavy_hour, _("短时强降水 {mm} mm").format(mm=_short(limits.heavy_hour))))
    for signal in signals:
        for window, tenths in ((signal.window_h, signal.tenths), (signal.alt_window_h, signal.alt_tenths)):
            if window == hours and tenths is not None:
                label = f"{colour_word(signal)} {window}h {_short(tenths)} mm"
                found.append(Line(tenths, label, signal.colour.lower(), on_total=True))
    storms = [grade for grade in limits.grades[24] if hours == 24 and grade.code in STORM]
    found.extend(Line(grade.lower, f"{grade_word(grade)} {_short(grade.lower)} mm", on_total=True) for grade in storms)
    return tuple(found)


def _short(tenths: int) -> str:
    return mm(tenths).removesuffix(".0")
