"""Duties that come again 固定工作: when one falls due, as pure functions over [start, end) in ms UTC.

A duty is due once a day at most, or once a shift; the day, or the shift, is what a tick answers, so that a time of day
that was written otherwise later does not open what is done. A day that a month lacks is no day of that month (RFC 5545
§3.3.10, BYMONTHDAY); -1 is its last. Days are local days, +08:00.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from calendar import monthrange
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from dutydesk.core.clock import DAY, HOUR, MINUTE
from dutydesk.core.errors import Problem, Refused
from dutydesk.core.figures import late_minutes
from dutydesk.core.i18n import _
from dutydesk.core.turns import in_season

DAILY, WEEKLY, MONTHLY, SHIFT = "DAILY", "WEEKLY", "MONTHLY", "SHIFT"
OFFSET = 8 * HOUR
"""+08:00, without daylight saving."""
EPOCH = date(1970, 1, 1).toordinal()
_CLOCK = re.compile(r"([01]?\d|2[0-3])[:：]([0-5]\d)")
_AFTER = re.compile(r"\+?(\d{1,4})")


class DueState(StrEnum):
    """Where one due of a duty stands."""

    AHEAD = "AHEAD"
    DUE = "DUE"
    """Its time has come, the grace is not over."""
    MISSED = "MISSED"
    DONE = "DONE"
    LATE = "LATE"
    """Done, after the grace."""
    NOT_DONE = "NOT_DONE"
    """Answered: not done, because …"""


@dataclass(frozen=True, slots=True)
class Plan:
    """When a duty is due: `minute` of the local day, or of the shift; `days` as its rhythm counts them; `first` and
    `last` local days, inclusive."""

    rhythm: str
    minute: int
    days: tuple[int, ...] = ()
    grace: int = 0
    season: str = ""
    first: date = date.min
    last: date = date.max


@dataclass(frozen=True, slots=True)
class Turn:
    """A shift: key `2026-11-22/H24`, [start, end), its mode where it has one."""

    key: str
    start: int
    end: int
    mode: str = ""

    @property
    def day(self) -> date:
        return date.fromisoformat(self.key[:10])


@dataclass(frozen=True, slots=True)
class Seasons:
    """Which modes are in force: `spans` (mode, first day, last day, inclusive); `holidays` days of the table of days;
    `turns` the modes of shifts by their day; `also` (mode, a mode that it includes); `yearly` (mode, `04-15..10-15`)
    those that come each year."""

    spans: tuple[tuple[str, date, date], ...] = ()
    holidays: frozenset[date] = frozenset()
    turns: Mapping[date, frozenset[str]] = field(default_factory=dict[date, frozenset[str]])
    also: tuple[tuple[str, str], ...] = ()
    yearly: tuple[tuple[str, str], ...] = ()

    def modes(self, day: date) -> frozenset[str]:
        """The modes in force on a day; 常态 is the absence of all others."""
        found = {mode for mode, first, last in self.spans if first <= day <= last}
        found |= self.turns.get(day, frozenset())
        found |= {mode for mode, span in self.yearly if in_season(day.isoformat(), span)}
        if day in self.holidays:
            found.add("HOLIDAY")
        found |= {wider for wider, mode in self.also if mode in found}
        found.discard("NORMAL")
        return frozenset(found)

    def holds(self, season: str, day: date) -> bool:
        """Whether a duty of that season is due on a day; no season is always."""
        if not season:
            return True
        modes = self.modes(day)
        return season in modes or (season == "NORMAL" and not modes)


@dataclass(frozen=True, slots=True)
class Due:
    """One due: `key` the local day or the shift that it belongs to, `at` when."""

    key: str
    at: int


# -- reading a plan ----------------------------------------------------------------------------------------------------


def plan_of(
    rhythm: str,
    days: str,
    time: str,
    grace: int = 0,
    season: str = "",
    first: date | None = None,
    last: date | None = None,
) -> Plan:
    """A plan from what the ledger holds. Raises `Refused` naming `days`, `time` or `ends_on`."""
    problems: list[Problem] = []
    numbers: tuple[int, ...] = ()
    minute = 0
    try:
        numbers = days_of(rhythm, days)
    except ValueError as error:
        problems.append(Problem(str(error), "days"))
    try:
        minute = minute_of(rhythm, time)
    except ValueError as error:
        problems.append(Problem(str(error), "time"))
    if first is not None and last is not None and last < first:
        problems.append(Problem(_("止早于起"), "ends_on"))
    if problems:
        raise Refused(*problems)
    return Plan(rhythm, minute, numbers, grace, season, first or date.min, last or date.max)


def days_of(rhythm: str, text: str) -> tuple[int, ...]:
    """`1 3 5` → (1, 3, 5). Raises `ValueError` with a sentence."""
    words = [word for word in re.split(r"[\s,，、]+", text.strip()) if word]
    if rhythm in (DAILY, SHIFT):
        if words:
            raise ValueError(_("每天和每班的不写日子"))
        return ()
    least, most = (1, 7) if rhythm == WEEKLY else (1, 31)
    found: set[int] = set()
    for word in words:
        number = int(word) if re.fullmatch(r"-?\d{1,2}", word) else 0
        if not (least <= number <= most or (rhythm == MONTHLY and number == -1)):
            raise ValueError(
                _("每周写 1 到 7：{word}").format(word=word)
                if rhythm == WEEKLY
                else _("每月写 1 到 31，月末写 -1：{word}").format(word=word)
            )
        found.add(number)
    if not found:
        raise ValueError(_("写上哪几天"))
    return tuple(sorted(found))


def minute_of(rhythm: str, text: str) -> int:
    """`16:00` → 960; for each shift `+30` → 30. Raises `ValueError` with a sentence."""
    plain = text.strip()
    if rhythm == SHIFT:
        after = _AFTER.fullmatch(plain or "+0")
        if after is None or int(after[1]) > 1440:
            raise ValueError(_("每班的写开班后分钟数，如 +30：{text}").format(text=plain))
        return int(after[1])
    clock = _CLOCK.fullmatch(plain)
    if clock is None:
        raise ValueError(_("应为时刻，如 16:00：{text}").format(text=plain or "—"))
    return int(clock[1]) * 60 + int(clock[2])


# -- what is due -------------------------------------------------------------------------------------------------------


def dues(plan: Plan, start: int, end: int, turns: Sequence[Turn] = (), seasons: Seasons | None = None) -> list[Due]:
    """The dues of a plan in [start, end), oldest first. `turns` are the shifts that may hold one."""
    season = seasons or Seasons()
    if plan.rhythm == SHIFT:
        found = [Due(turn.key, shift_due(plan, turn)) for turn in turns if _runs(plan, turn.day, season)]
        return sorted((due for due in found if start <= due.at < end), key=lambda due: due.at)
    return [
        Due(day.isoformat(), at)
        for day in _days(plan, start, end)
        if _falls(plan, day) and _runs(plan, day, season) and start <= (at := day_due(plan, day)) < end
    ]


def day_due(plan: Plan, day: date) -> int:
    """When a duty is due on a day."""
    return (day.toordinal() - EPOCH) * DAY - OFFSET + plan.minute * MINUTE


def day_number(at: int) -> int:
    """The local day of a moment as a number: what is asked of thousands of dues at once."""
    return (at + OFFSET) // DAY


def shift_due(plan: Plan, turn: Turn) -> int:
    """When a duty is due in a shift: at the latest in its last minute."""
    return min(turn.start + plan.minute * MINUTE, max(turn.start, turn.end - MINUTE))


def _days(plan: Plan, start: int, end: int) -> Iterator[date]:
    if end <= start:
        return
    first = max(day_number(start) + EPOCH, plan.first.toordinal())
    last = min(day_number(end - 1) + EPOCH, plan.last.toordinal())
    for number in range(first, last + 1):
        yield date.fromordinal(number)


def _falls(plan: Plan, day: date) -> bool:
    if plan.rhythm == DAILY:
        return True
    if plan.rhythm == WEEKLY:
        return day.isoweekday() in plan.days
    return day.day in plan.days or (-1 in plan.days and day.day == monthrange(day.year, day.month)[1])


def _runs(plan: Plan, day: date, seasons: Seasons) -> bool:
    return plan.first <= day <= plan.last and seasons.holds(plan.season, day)


def key_of(plan: Plan, at: int, turns: Sequence[Turn] = ()) -> str:
    """The day or the shift that a due at `at` belongs to; empty for a shift that is not among `turns`, which stand in
    the order of their start."""
    if plan.rhythm != SHIFT:
        return date.fromordinal(day_number(at) + EPOCH).isoformat()
    found = bisect_right(turns, at, key=_start) - 1
    return turns[found].key if found >= 0 and at < turns[found].end else ""


def _start(turn: Turn) -> int:
    return turn.start


# -- where a due stands ------------------------------------------------------------------------------------------------


def late(due: int, done: int, grace: int) -> int:
    """Minutes by which something was done late: none within the grace, beyond it all since it was due."""
    minutes = late_minutes(due, done)
    return minutes if minutes > grace else 0


def state(due: Due, plan: Plan, now: int, tick: Mapping[str, object] | None = None) -> DueState:
    """Where a due stands; `tick` is the row that answers it (`not_done`, `late_min`)."""
    if tick is not None:
        if tick.get("not_done"):
            return DueState.NOT_DONE
        return DueState.LATE if tick.get("late_min") else DueState.DONE
    if now < due.at:
        return DueState.AHEAD
    return DueState.MISSED if late(due.at, now, plan.grace) else DueState.DUE
