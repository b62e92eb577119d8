"""One gauge's samples, ready for sums: built once in O(n log n), each sum O(log n), all rolling sums O(n).

A sample is `(end, minutes, tenths)`: the rain of the `minutes` before `end`, `None` where the gauge gave nothing. A
window is `(start, end]`: a sample belongs to it when its whole period lies inside.

Samples of different length may overlap: the same hour as twelve 5-minute values and as one published hour, or a
published day over everything. Nothing is ever added twice:

1. *Base.* Samples are taken shortest first; one that overlaps what has been taken is left aside. The base is
   therefore without overlaps, and as fine as the data are.
2. *Window covered by the base*: the sum of the base. Longer published sums are only compared (`compared`).
3. *Window not covered*: a sample left aside that lies inside the window may stand for the base under it, never beside
   it. If some choice of non-overlapping samples covers the window, the sum is complete; otherwise the choice with the
   greatest sum is a lower bound, shown as `≥`.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from dutydesk.core.clock import DAY, HOUR, MINUTE
from dutydesk.rain import rules
from dutydesk.rain.rules import WINDOWS_H, DryRun, Signal, Total, Trend

NONE = -1
Span = tuple[int, int, int]
"""(start ms, end ms, tenths)"""


@dataclass(frozen=True, slots=True)
class Peak:
    """The largest sum and the end of its window; `None`, `None` when there is none."""

    tenths: int | None
    at: int | None


@dataclass(frozen=True, slots=True)
class Rolling:
    """Sums of equal windows, one for each of `ends` (ms, ascending). `tenths` is −1 where no reading lies inside,
    `complete` one byte 0 or 1 each."""

    ends: array[int]
    tenths: array[int]
    complete: bytearray


@dataclass(frozen=True, slots=True)
class Compared:
    """A published sum that differs from the finer readings under it."""

    end: int
    minutes: int
    published: int
    summed: int


class Series:
    """Sums over one gauge's samples; never altered after it is built."""

    __slots__ = (
        "_ends",
        "_exact",
        "_first",
        "_lengths",
        "_side",
        "_side_ends",
        "_side_longest",
        "_starts",
        "_values",
        "compared",
        "count",
        "missing",
        "moments",
    )

    def __init__(self, samples: Iterable[tuple[int, int, int | None]]) -> None:
        """`samples` of (end ms, minutes, tenths or None), in any order."""
        rows = sorted(samples, key=_by_end)
        self.count = len(rows)
        """How many samples there are, missing ones included."""
        self.moments: array[int] = array("q", dict.fromkeys([row[0] for row in rows]))
        """The ends of all samples, ascending, each once."""
        spans = [(end - minutes * MINUTE, end, tenths) for end, minutes, tenths in rows if tenths is not None]
        self.missing = self.count - len(spans)
        """How many samples are without a value."""
        self._first = min((end - minutes * MINUTE for end, minutes, _ in rows), default=None)
        aside: list[Span] = []
        if any(spans[n][0] < spans[n - 1][1] for n in range(1, len(spans))):
            spans, aside = _finest(spans)
        self._starts: array[int] = array("q", [span[0] for span in spans])
        self._ends: array[int] = array("q", [span[1] for span in spans])
        self._values: array[int] = array("q", accumulate([span[2] for span in spans], initial=0))
        self._lengths: array[int] = array("q", accumulate([span[1] - span[0] for span in spans], initial=0))
        self._side: list[Span] = []
        compared: list[Compared] = []
        for span in aside:
            total = self._base(span[0], span[1])
            if not total.complete:
                self._side.append(span)
            elif total.tenths is not None and total.tenths != span[2]:
                compared.append(Compared(span[1], (span[1] - span[0]) // MINUTE, span[2], total.tenths))
        self._side.sort(key=_span_end)
        self._side_ends = [span[1] for span in self._side]
        self._exact = {(span[0], span[1]): span[2] for span in self._side}
        self.compared: tuple[Compared, ...] = tuple(compared)
        """Published sums that the finer readings contradict."""

    @property
    def first(self) -> int | None:
        """The beginning of the earliest sample's period, ms."""
        return self._first

    @property
    def last(self) -> int | None:
        """The end of the latest sample, ms."""
        return self.moments[-1] if self.moments else None

    def latest(self, at: int) -> tuple[int, int] | None:
        """The end and the length (ms) of the last reading at or before `at` that has a value."""
        n = bisect_right(self._ends, at)
        return None if n == 0 else (self._ends[n - 1], self._ends[n - 1] - self._starts[n - 1])

    def moment(self, at: int) -> int | None:
        """The end of the last sample at or before `at`, with a value or without."""
        n = bisect_right(self.moments, at)
        return None if n == 0 else self.moments[n - 1]

    def bars(self) -> tuple[array[int], array[int], array[int]]:
        """Starts, ends (ms) and tenths of the base, for the hyetograph."""
        values = self._values
        return self._starts, self._ends, array("q", [values[n + 1] - values[n] for n in range(len(self._ends))])

    def between(self, start: int, end: int) -> Total:
        """The sum of `(start, end]`, ms."""
        total = self._base(start, end)
        if total.complete or not self._side:
            return total
        exact = self._exact.get((start, end))
        if exact is not None:
            return Total(max(exact, total.tenths or 0), complete=True)
        low, high = bisect_right(self._side_ends, start), bisect_right(self._side_ends, end)
        inside = [span for span in self._side[low:high] if span[0] >= start]
        if not inside:
            return total
        first, last = self._slice(start, end)
        inside.extend(
            (self._starts[n], self._ends[n], self._values[n + 1] - self._values[n]) for n in range(first, last)
        )
        inside.sort(key=_span_end)
        covered, tenths = _choose([(span, span[1] - span[0], span[2]) for span in inside])
        if covered == end - start:
            return Total(tenths, complete=True)
        return Total(_choose([(span, span[2], span[1] - span[0]) for span in inside])[0], complete=False)

    def window(self, end: int, minutes: int) -> Total:
        """The sum of the `minutes` before `end`."""
        return self.between(end - minutes * MINUTE, end)

    def whole(self) -> Total:
        """The sum from the beginning of the first sample to the end of the last."""
        if self._first is None:
            return Total(None, complete=False)
        return self.between(self._first, self.moments[-1])

    def rolling(self, minutes: int) -> Rolling:
        """The sums of the windows of `minutes` that end at each sample."""
        length = minutes * MINUTE
        size = len(self.moments)
        if self._side:
            totals = [self.between(end - length, end) for end in self.moments]
            return Rolling(
                self.moments,
                array("q", [NONE if total.tenths is None else total.tenths for total in totals]),
                bytearray(total.complete for total in totals),
            )
        tenths: array[int] = array("q", bytes(8 * size))
        complete = bytearray(size)
        starts, ends, values, lengths = self._starts, self._ends, self._values, self._lengths
        low = high = 0
        known = len(ends)
        for n, end in enumerate(self.moments):
            start = end - length
            while high < known and ends[high] <= end:
                high += 1
            while low < high and starts[low] < start:
                low += 1
            if low == high:
                tenths[n] = NONE
            else:
                tenths[n] = values[high] - values[low]
                complete[n] = lengths[high] - lengths[low] == length
        return Rolling(self.moments, tenths, complete)

    def peak(self, minutes: int = 60, start: int | None = None, end: int | None = None) -> Peak:
        """The largest sum over any `minutes` that end at a sample, the earliest of equals. With `start` and `end`
        only windows inside `(start, end]` count."""
        rolling = self.rolling(minutes)
        low = 0 if start is None else bisect_left(rolling.ends, start + minutes * MINUTE)
        high = len(rolling.ends) if end is None else bisect_right(rolling.ends, end)
        if low >= high:
            return Peak(None, None)
        best = max(rolling.tenths[low:high])
        return Peak(None, None) if best == NONE else Peak(best, rolling.ends[rolling.tenths.index(best, low, high)])

    def cumulative(self) -> tuple[array[int], array[int]]:
        """Ends and running sums of the base, for the mass curve."""
        return self._ends, self._values[1:]

    def _slice(self, start: int, end: int) -> tuple[int, int]:
        first, last = bisect_left(self._starts, start), bisect_right(self._ends, end)
        return first, max(first, last)

    def _base(self, start: int, end: int) -> Total:
        first, last = self._slice(start, end)
        if first == last:
            return Total(None, complete=False)
        covered = self._lengths[last] - self._lengths[first]
        return Total(self._values[last] - self._values[first], complete=covered == end - start)


def sums(series: Series, at: int, hours: Iterable[int] = WINDOWS_H) -> dict[int, Total]:
    """Sums of the windows that end at `at`, by hours."""
    return {each: series.window(at, each * 60) for each in hours}


def reached(series: Series, at: int, signals: Sequence[Signal]) -> Signal | None:
    """The highest of `signals` (as `rules.signals_for` gives them) that the rain up to `at` has reached."""
    return rules.reached(sums(series, at, rules.windows_needed(signals)), signals)


def trend(series: Series, at: int, margin: int) -> Trend:
    """The hour up to `at` against the one before."""
    return rules.trend(series.window(at, 60), series.window(at - HOUR, 60), margin)


def dry_run(series: Series, at: int, hour: int, limit: int) -> DryRun:
    """Dry rain days in a row before `at`; the rain day begins at `hour` o'clock Beijing time."""
    return rules.dry_run(_days_back(series, rules.day_start(at, hour)), limit)


def _days_back(series: Series, end: int) -> Iterator[Total]:
    while series.first is not None and end > series.first:
        yield series.between(end - DAY, end)
        end -= DAY


def _by_end(row: tuple[int, int, int | None]) -> tuple[int, int]:
    return row[0], row[1]


def _span_end(span: Span) -> tuple[int, int]:
    return span[1], span[0]


def _finest(spans: list[Span]) -> tuple[list[Span], list[Span]]:
    """The base and what is left aside, both by end. `spans` are in order of their ends."""
    by_length: dict[int, list[Span]] = {}
    for span in spans:
        by_length.setdefault(span[1] - span[0], []).append(span)
    base: list[Span] = []
    aside: list[Span] = []
    for length in sorted(by_length):
        taken: list[Span] = []
        edge = None
        near = 0
        for span in by_length[length]:
            while near < len(base) and base[near][1] <= span[0]:
                near += 1
            if (edge is not None and span[0] < edge) or (near < len(base) and base[near][0] < span[1]):
                aside.append(span)
            else:
                taken.append(span)
                edge = span[1]
        base = sorted(base + taken, key=_span_end)
    return base, aside


def _choose(items: list[tuple[Span, int, int]]) -> tuple[int, int]:
    """Of spans in order of their ends the non-overlapping choice with the greatest first weight, then second."""
    ends = [item[0][1] for item in items]
    best = [(0, 0)]
    for n, (span, first, second) in enumerate(items):
        before = best[bisect_right(ends, span[0], 0, n)]
        best.append(max(best[-1], (before[0] + first, before[1] + second)))
    return best[-1]
