"""The discipline of duty 值班纪律 as pure functions: lateness, overtime, absence; how spot checks are counted.

Times are ms UTC. The start itself is in time (domain.md §3.3: late is who comes after it); a begun minute of lateness
counts, of overtime only a whole one does. A clock that was set back never makes a negative figure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from dutydesk.core.clock import MINUTE, SECOND
from dutydesk.core.figures import half_up, late_minutes

SIGNED = ("IN", "HOME")
PERCENT = 90


class State(StrEnum):
    """Where someone stands who is expected on a shift."""

    WAITING = "WAITING"
    """Has not signed in, the shift has not begun."""
    LATE = "LATE"
    """Has not signed in, the shift has begun."""
    ABSENT = "ABSENT"
    """Has not signed in for so long that it is an open item."""
    IN = "IN"
    HOME = "HOME"
    STAYED = "STAYED"
    """Signed in for the shift before, which is over; the relief is not here: 延班."""
    OUT = "OUT"


@dataclass(frozen=True, slots=True)
class Arrival:
    """`late` in minutes, 0 in time; `tight`: in time, but not as early as the rule wants."""

    late: int
    tight: bool


def arrival(at: int, start: int, early: int = 0, grace: int = 0) -> Arrival:
    """How someone who signs in at `at` stands to a shift that begins at `start`; `early` and `grace` in minutes.

    Within the grace nobody is late; beyond it all minutes since the start count.
    """
    late = late_minutes(start, at)
    late = late if late > grace else 0
    return Arrival(late, late == 0 and at > start - early * MINUTE)


def overtime(at: int, end: int) -> int:
    """Whole minutes 延班 of someone who signs out at `at` from a shift that ended at `end`."""
    return max(0, (at - end) // MINUTE)


def state(last: str, now: int, start: int, absent_after: int) -> State:
    """Where an expected person stands: `last` is the last thing signed for the shift, empty for nothing."""
    if last:
        return State(last)
    if now <= start:
        return State.WAITING
    return State.ABSENT if now >= start + absent_after * MINUTE else State.LATE


def stayed(last: str, relieved: bool, taken_over: bool) -> bool:
    """Whether someone of the shift before is still on: signed in, not out, and neither was the desk taken over nor has
    the relief of the post signed in (domain.md §3.3: the outgoing stays)."""
    return last == "IN" and not relieved and not taken_over


# -- spot checks -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Check:
    """One spot check for the statistics; `seconds` None where nobody answered or no time was taken."""

    unit: bytes
    result: str
    seconds: int | None = None


@dataclass(frozen=True, slots=True)
class Stats:
    """What a set of checks comes to; `mean` and `p90` in seconds, None without a time; `slow` above the limit."""

    checks: int
    answered: int
    in_post: int
    timed: int
    mean: int | None
    p90: int | None
    slow: int


def elapsed(started: int, stopped: int) -> int | None:
    """Whole seconds between two moments of a clock; None when the clock was set back in between."""
    return None if stopped < started else (stopped - started) // SECOND


def percentile(values: Sequence[int], percent: int = PERCENT) -> int | None:
    """The ⌈percent ÷ 100 × n⌉-th smallest (nearest rank); None of none."""
    ordered = sorted(values)
    return ordered[max(0, -(-percent * len(ordered) // 100) - 1)] if ordered else None


def stats(checks: Iterable[Check], results: Mapping[str, Mapping[str, Any]], limit: int) -> Stats:
    """Count checks by table `spot_result` of `attendance.json`; `limit` in seconds, the limit itself is in time."""
    held = list(checks)
    answered = [check for check in held if results[check.result]["answered"]]
    times = [check.seconds for check in answered if check.seconds is not None]
    mean = int(half_up(Decimal(sum(times)) / len(times), 0)) if times else None
    return Stats(
        len(held),
        len(answered),
        sum(check.result == "IN_POST" for check in held),
        len(times),
        mean,
        percentile(times),
        sum(seconds > limit for seconds in times),
    )


def by_unit(checks: Iterable[Check], results: Mapping[str, Mapping[str, Any]], limit: int) -> dict[bytes, Stats]:
    """The same, unit by unit, in the order in which units first come."""
    held: dict[bytes, list[Check]] = {}
    for check in checks:
        held.setdefault(check.unit, []).append(check)
    return {unit: stats(mine, results, limit) for unit, mine in held.items()}
