"""When a desk syncs: pure rules over what is remembered of its runs. It is given the time and asks for nothing.

Every night once, at a moment within the window that follows from the desk's id, so that the desks of a city do not come
all at once; before the hand-over sheet; every few minutes where a district has a second desk (off unless set); when the
network is back; and again after a failure. What was missed while the machine was off is said, and made up for.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from dutydesk.core.clock import DAY, HOUR, MINUTE

NIGHT, SHEET, EVERY, RETRY, ONLINE, MADE_UP, ASKED = "NIGHT", "SHEET", "EVERY", "RETRY", "ONLINE", "MADE_UP", "ASKED"
"""Why a run takes place."""
ZONE = 8 * HOUR
"""Days are those of +08:00."""
LONGEST_WAIT = HOUR
"""After the tenth failure it is tried as often as after the third."""
LONGEST_RUN = 2 * HOUR
"""A run that has not ended by then was cut off."""
BETWEEN_PROBES = 2 * MINUTE
"""How long a desk waits at least before it tries a hub again that could be reached but not be talked to."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The night window in minutes of the day (+08:00; `end` before `start` is the next morning); minutes between runs
    by day (0: none), before the end of a shift (0: none), after a failure; hours of silence that are an alarm."""

    start: int = 120
    end: int = 300
    every: int = 0
    sheet: int = 20
    retry: int = 10
    silence: int = 26


@dataclass(frozen=True, slots=True)
class Past:
    """What is remembered, in ms UTC: when this desk came to its hub; the last good run's end; the last attempt's begin
    and end (`None`: it goes on); failed attempts since the last good one; whether the hub could not be reached; the
    last night that was noted as missed."""

    joined: int
    success: int | None = None
    began: int | None = None
    ended: int | None = None
    failures: int = 0
    offline: bool = False
    noted: int = 0


def length(rules: Rules) -> int:
    """Milliseconds of the night window; the same time twice is a whole day."""
    return ((rules.end - rules.start) % 1_440 or 1_440) * MINUTE


def jitter(rules: Rules, desk: bytes) -> int:
    """How long after the window's begin this desk has its turn: the same every night, a whole minute."""
    share = int.from_bytes(hashlib.sha256(b"sync" + desk).digest()[:4], "big")
    return share % (length(rules) // MINUTE) * MINUTE


def turn(rules: Rules, desk: bytes, now: int) -> int:
    """The desk's last turn that is not after `now`."""
    offset = rules.start * MINUTE + jitter(rules, desk) - ZONE
    return (now - offset) // DAY * DAY + offset


def running(past: Past, now: int) -> bool:
    """Whether a run goes on now."""
    return past.began is not None and past.ended is None and 0 <= now - past.began < LONGEST_RUN


def due(
    rules: Rules, desk: bytes, now: int, past: Past, *, shift_end: int | None = None, reachable: bool = False
) -> str:
    """Why a run is due now, empty when none is. `shift_end`: when the running shift ends; `reachable`: whether the hub
    that could not be reached can be reached again."""
    if running(past, now):
        return ""
    slots = [(at, reason) for at, reason in _slots(rules, desk, now, past, shift_end) if _open(at, now, past)]
    if not slots:
        return ""
    last, reason = max(slots)
    if past.failures and past.began is not None and past.began >= last:
        if past.offline and reachable and now - past.began >= BETWEEN_PROBES:
            return ONLINE
        return RETRY if now >= _again(rules, past) else ""
    return reason


def following(rules: Rules, desk: bytes, now: int, past: Past, *, shift_end: int | None = None) -> int:
    """When the next run is to be expected, in ms UTC; `now` when one is due."""
    if due(rules, desk, now, past, shift_end=shift_end):
        return now
    times = [turn(rules, desk, now) + DAY]
    if rules.every:
        times.append((past.success or now) + rules.every * MINUTE)
    if rules.sheet and shift_end is not None:
        times.append(shift_end - rules.sheet * MINUTE)
    if past.failures:
        times.append(_again(rules, past))
    return min(at for at in times if at > now)


def missed(rules: Rules, desk: bytes, now: int, past: Past) -> int | None:
    """The night that went by without an attempt, by its turn in ms UTC; `None` when there is none, or when it was noted
    before."""
    at = turn(rules, desk, now)
    rest = length(rules) - jitter(rules, desk)
    tried = past.began is not None and past.began >= at
    if at <= past.joined or tried or past.noted >= at or now < at + rest:
        return None
    return at


def silent(rules: Rules, now: int, past: Past) -> bool:
    """Whether it is too long since the last good run, or since the desk came to its hub."""
    return now - (past.success or past.joined) > rules.silence * HOUR


def _slots(rules: Rules, desk: bytes, now: int, past: Past, shift_end: int | None) -> list[tuple[int, str]]:
    at = turn(rules, desk, now)
    late = now >= at + length(rules) - jitter(rules, desk)
    found = [(at, MADE_UP if late else NIGHT)] if at > past.joined else []
    if rules.every:
        found.append(((past.success or past.joined) + rules.every * MINUTE, EVERY))
    if rules.sheet and shift_end is not None and now < shift_end:
        found.append((shift_end - rules.sheet * MINUTE, SHEET))
    return found


def _open(at: int, now: int, past: Past) -> bool:
    return at <= now and (past.success is None or past.success < at)


def _again(rules: Rules, past: Past) -> int:
    """When a failed run is tried again: later each time, up to an hour; sooner where runs are frequent."""
    first = min(rules.retry, rules.every or rules.retry) * MINUTE
    wait = min(first << min(max(past.failures - 1, 0), 10), max(LONGEST_WAIT, first))
    return (past.ended or past.began or past.joined) + wait
