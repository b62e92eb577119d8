"""Running totals (`累计雨量`, `Neerslagsom`): what fell between two rows is the difference of their totals.

A total begins again once a day. The rain between two rows belongs to the whole time between them. What fell after the
last row before a reset is not known; a row that stands on the reset itself is taken to hold all there was, since most
stations write the new total there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from dutydesk.core.clock import DAY, HOUR, MINUTE
from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import _
from dutydesk.rain.formats_base import Gather, Times, mm
from dutydesk.rain.samples import MAX_MINUTES, MISSING

_RESET_HOURS = (0, 8, 20)


@dataclass(frozen=True, slots=True, order=True)
class Total:
    """One reading of a running total: station, end ms UTC, line of the file, tenths (−1: missing)."""

    code: str
    end: int
    line: int
    tenths: int


def add_differences(totals: Sequence[Total], minutes: int | None, times: Times, gather: Gather) -> None:
    """Add the samples that running totals stand for. `minutes` is the usual step, None to see it from the rows.

    Raises `Refused` when no gauge has two rows.
    """
    by_code: dict[str, list[Total]] = {}
    for total in sorted(totals):
        by_code.setdefault(total.code, []).append(total)
    step = minutes or _usual_step(by_code)
    if step is None:
        raise Refused(Problem(_("累计雨量每站至少要有两个时刻"), field="total", file=gather.file))
    reset = _reset_clock(by_code, times)
    for held in by_code.values():
        _Gauge(step, reset, times, gather).add(held)


def _usual_step(by_code: dict[str, list[Total]]) -> int | None:
    steps = Counter(
        (later.end - sooner.end) // MINUTE
        for held in by_code.values()
        for sooner, later in pairwise(held)
        if later.end - sooner.end >= MINUTE
    )
    return steps.most_common(1)[0][0] if steps else None


def _reset_clock(by_code: dict[str, list[Total]], times: Times) -> int | None:
    """The time of day at which totals begin again: of the full hours between or on the two rows of a drop the most
    frequent one; once is enough for 0, 8 and 20 o'clock of the file's zone. None without such drops."""
    seen: Counter[int] = Counter()
    for held in by_code.values():
        known = [total for total in held if total.tenths != MISSING]
        for before, after in pairwise(known):
            if after.tenths < before.tenths and after.end - before.end < DAY:
                sooner = times.of_day(before.end)
                first, last = -(-sooner // HOUR), (sooner + after.end - before.end) // HOUR
                seen.update(n % 24 * HOUR for n in range(first, last + 1))
    usual = [clock for clock, n in seen.items() if n > 1 or clock // HOUR in _RESET_HOURS]
    return max(usual, key=lambda clock: (seen[clock], -clock)) if usual else None


class _Gauge:
    """The totals of one gauge, in order of time, turned into samples."""

    def __init__(self, step: int, reset: int | None, times: Times, gather: Gather) -> None:
        self._step = step
        self._reset = reset
        self._times = times
        self._gather = gather
        self._last: Total | None = None

    def add(self, held: Sequence[Total]) -> None:
        """All totals of the gauge."""
        for total in held:
            if total.tenths == MISSING:
                self._put(total, total.end - self._step * MINUTE, MISSING)
                continue
            restart = None
            if self._reset is not None:
                restart = total.end - (self._times.of_day(total.end) - self._reset) % DAY
            if self._last is None:
                self._first(total, restart)
            elif total.end > self._last.end:
                self._next(total, self._last, restart)
            elif total.tenths != self._last.tenths:
                self._gather.warn(
                    _("同一时刻有两个累计值 {first} 与 {second}，取后一个").format(
                        first=mm(self._last.tenths), second=mm(total.tenths)
                    ),
                    total.line,
                )
            self._last = total

    def _first(self, total: Total, restart: int | None) -> None:
        """What fell since the reset, as one sum, where the reset is known."""
        if not total.tenths:
            self._put(total, total.end - self._step * MINUTE, 0)
        elif restart is not None and restart < total.end:
            self._put(total, restart, total.tenths)
        else:
            self._put(total, total.end - self._step * MINUTE, MISSING)
            reason = _("开头的累计值 {value} 毫米不知从何时起算，没有计入").format(value=mm(total.tenths))
            self._gather.warn(reason, total.line)

    def _next(self, total: Total, last: Total, restart: int | None) -> None:
        if restart is not None and last.end < restart < total.end:
            self._put(total, restart, total.tenths)
            self._put(Total(total.code, restart, total.line, MISSING), last.end, MISSING)
        elif total.tenths >= last.tenths:
            self._put(total, last.end, total.tenths - last.tenths)
        elif restart is not None and last.end <= restart <= total.end:
            self._put(total, last.end, total.tenths)
        else:
            self._put(total, last.end, MISSING)
            self._gather.warn(
                _("累计值变小（{first} → {second}），不在清零时刻，这一段按缺测").format(
                    first=mm(last.tenths), second=mm(total.tenths)
                ),
                total.line,
            )

    def _put(self, total: Total, start: int, tenths: int) -> None:
        """A sample from `start` to the row; rows that are not whole minutes apart, or a year, hold no known period."""
        minutes, rest = divmod(total.end - start, MINUTE)
        if rest or not 1 <= minutes <= MAX_MINUTES:
            minutes, tenths = self._step, MISSING
        self._gather.add(total.code, total.end, minutes, tenths, total.line)
