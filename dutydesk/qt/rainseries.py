"""A rain series prepared for drawing: any stretch of a million periods as about as many bars as there are pixels.

Bars are drawn from a pyramid of maxima (every level takes 16 of the one below), so that the highest period is never
lost between two pixels and a pan costs the same at every zoom. What was not measured is kept apart: it is a gap, not
a zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
FACTOR = 16
MOST_GAPS = 400


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars from `left` to `right` (seconds since the epoch), `height` in mm."""

    left: Floats
    right: Floats
    height: Floats


class RainSeries:
    """One gauge's periods in order.

    `ends` are milliseconds since the epoch (the *end* of each period), `tenths` the rain in 0.1 mm, `None` or NaN for
    not measured; `minutes` is the length of a period. Times that are missing altogether count as not measured too.
    """

    def __init__(
        self, ends: Sequence[int] | NDArray[Any], tenths: Sequence[int | None] | NDArray[Any], minutes: int
    ) -> None:
        self.period = minutes * 60.0
        right = np.asarray(ends, dtype=np.float64) / 1_000
        height = np.array(tenths, dtype=np.float64) / 10
        if right.shape != height.shape or (np.diff(right) <= 0).any():
            raise ValueError("ends and tenths are of one length, and ends rise")
        missing = np.isnan(height)
        self.right: Floats = right
        self.height: Floats = height
        total = np.cumsum(np.where(missing, 0.0, height))
        self.total: Floats = np.where(missing, np.nan, total)
        self.gap_left, self.gap_right = self._gaps(missing)
        self._levels: list[Floats] = [height]
        while len(self._levels[-1]) > FACTOR:
            below = self._levels[-1]
            padded = np.full(-(-len(below) // FACTOR) * FACTOR, np.nan)
            padded[: len(below)] = below
            self._levels.append(np.fmax.reduce(padded.reshape(-1, FACTOR), axis=1))

    def __len__(self) -> int:
        return len(self.right)

    @property
    def span(self) -> tuple[float, float]:
        """From the beginning of the first period to the end of the last, in seconds; (0, 0) for an empty series."""
        return (float(self.right[0] - self.period), float(self.right[-1])) if len(self) else (0.0, 0.0)

    def _gaps(self, missing: NDArray[np.bool_]) -> tuple[Floats, Floats]:
        """Stretches without a measurement, neighbours joined."""
        left = self.right - self.period
        holes = np.flatnonzero(np.diff(self.right) > self.period * 1.01)
        starts = np.concatenate([left[missing], self.right[holes]])
        ends = np.concatenate([self.right[missing], left[holes + 1]])
        order = np.argsort(starts, kind="stable")
        starts, ends = starts[order], ends[order]
        if not len(starts):
            return starts, ends
        fresh = np.concatenate([[True], starts[1:] > ends[:-1] + 0.5])
        at = np.flatnonzero(fresh)
        return starts[at], np.maximum.reduceat(ends, at)

    def _slice(self, start: float, end: float) -> tuple[int, int]:
        first = int(np.searchsorted(self.right, start, "right"))
        last = int(np.searchsorted(self.right - self.period, end, "left"))
        return first, max(first, last)

    def bars(self, start: float, end: float, most: int) -> Bars:
        """Bars for the seconds `start` to `end`, at most about `most` of them; a bar of several periods is as high
        as the highest."""
        first, last = self._slice(start, end)
        step = max(1, -(-(last - first) // max(most, 1)))
        level = 0
        while FACTOR ** (level + 1) <= step:
            level += 1
        unit = FACTOR**level
        group = -(-step // unit)
        low = first // unit // group * group
        high = -(-last // unit)
        part = self._levels[level][low:high]
        if not len(part):
            none = np.empty(0)
            return Bars(none, none, none)
        at = np.arange(0, len(part), group)
        height = np.fmax.reduceat(part, at)
        begin = (low + at) * unit
        finish = np.minimum(begin + group * unit, len(self)) - 1
        seen = ~np.isnan(height)
        return Bars((self.right[begin] - self.period)[seen], self.right[finish][seen], height[seen])

    def curve(self, start: float, end: float, most: int) -> tuple[Floats, Floats]:
        """The running total at the ends of periods (seconds, mm), at most about `most` points; NaN breaks the line
        where nothing was measured."""
        first, last = self._slice(start, end)
        first, last = max(first - 1, 0), min(last + 1, len(self))
        step = max(1, (last - first) // max(most, 1))
        at = np.arange(first, last, step)
        if len(at) and at[-1] != last - 1:
            at = np.append(at, last - 1)
        return self.right[at], self.total[at]

    def gaps(self, start: float, end: float) -> tuple[Floats, Floats]:
        """Beginnings and ends of what was not measured, between `start` and `end`; neighbours are joined when there
        are very many."""
        first = int(np.searchsorted(self.gap_right, start, "right"))
        last = max(first, int(np.searchsorted(self.gap_left, end, "left")))
        left, right = self.gap_left[first:last], self.gap_right[first:last]
        if len(left) > MOST_GAPS:
            at = np.arange(0, len(left), -(-len(left) // MOST_GAPS))
            left, right = left[at], np.maximum.reduceat(right, at)
        return left, right

    def peak(self, start: float, end: float) -> float:
        """The highest period between `start` and `end` in mm; 0 without any."""
        heights = self.bars(start, end, 500).height
        return float(heights.max()) if len(heights) else 0.0

    def at(self, moment: float) -> int | None:
        """The number of the period that a moment (seconds) falls into."""
        number = int(np.searchsorted(self.right, moment, "left"))
        return number if number < len(self) and moment > self.right[number] - self.period else None
