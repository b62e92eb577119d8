"""Which copies of the record are kept: 24 hourly, 14 daily, 8 weekly, 24 monthly (engineering.md §2.3).

A pure rule over times. Of every hour, day, week (from Monday) and month, in +08:00, that has copies the newest stands
for it; a verified one before one that is not. The newest verified copy is never among those to go. Which is the newest
the record says, not the clock: the copy that holds most of the desk's last epoch. Clocks are set wrong and set right
again, so copies dated after the one just made are rotated among themselves and take nobody's place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from dutydesk.core.clock import local, parse_iso


@dataclass(frozen=True, slots=True)
class Held:
    """A copy: its name, when it was made (ms UTC; `again` counts those of one second), how large it is, whether it was
    verified and is as it was then, and how far the record reached in it (`epoch`, `arrival`; 0 where nothing says)."""

    name: str
    at: int
    verified: bool = True
    size: int = 0
    again: int = 1
    epoch: int = 0
    arrival: int = 0

    @property
    def age(self) -> tuple[int, int, int, int]:
        """Greater for a newer one."""
        return self.epoch, self.arrival, self.at, self.again


_NAME = re.compile(r"desk-(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)(?:-(\d+))?\.sqlite(?:\.age)?")


def moment(name: str) -> Held | None:
    """What the name of a copy says of it; `None` for the name of anything else."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    year, month, day, hour, minute, second, again = found.groups()
    try:
        at = parse_iso(f"{year}-{month}-{day} {hour}:{minute}:{second}")
    except ValueError:
        return None
    return Held(name, at, again=int(again or 1))


@dataclass(frozen=True, slots=True)
class Rotation:
    """How many hours, days, weeks and months are stood for; the `latest` copies stay in any case, so that the one from
    before a hand-over outlives the one after it for a while."""

    hours: int = 24
    days: int = 14
    weeks: int = 8
    months: int = 24
    latest: int = 2


def _hour(at: datetime) -> Hashable:
    return at.date(), at.hour


def _day(at: datetime) -> Hashable:
    return at.date()


def _week(at: datetime) -> Hashable:
    return at.date() - timedelta(days=at.weekday())


def _month(at: datetime) -> Hashable:
    return at.year, at.month


def kept(held: Sequence[Held], rule: Rotation, made: str = "") -> frozenset[str]:
    """The names that stay. `made` is the copy that was just verified: it stays whatever the clock says of it."""
    newest_first = sorted(held, key=lambda one: one.age, reverse=True)
    stay = {one.name for one in newest_first if one.name == made}
    stay |= {one.name for one in [one for one in newest_first if one.verified][:1]}
    stay |= {one.name for one in newest_first[: rule.latest]}
    now = max((one.at for one in held if one.name == made), default=None)
    if now is None:
        return frozenset(stay | _standing(newest_first, rule))
    past = [one for one in newest_first if one.at <= now]
    later = [one for one in newest_first if one.at > now]
    return frozenset(stay | _standing(past, rule) | _standing(later, rule))


def _standing(newest_first: Sequence[Held], rule: Rotation) -> set[str]:
    """The names that stand for an hour, a day, a week or a month."""
    stay: set[str] = set()
    spans: tuple[tuple[Callable[[datetime], Hashable], int], ...] = (
        (_hour, rule.hours),
        (_day, rule.days),
        (_week, rule.weeks),
        (_month, rule.months),
    )
    for span, most in spans:
        best: dict[Hashable, Held] = {}
        for one in newest_first:
            key = span(local(one.at))
            if key not in best or (one.verified and not best[key].verified):
                best[key] = one
        last = sorted(best.values(), key=_made_at, reverse=True)
        stay |= {one.name for one in last[:most]}
    return stay


def _made_at(one: Held) -> tuple[int, int]:
    return one.at, one.again


def to_go(held: Sequence[Held], rule: Rotation, made: str = "") -> list[str]:
    """The names that go, oldest first."""
    stay = kept(held, rule, made)
    return [one.name for one in sorted(held, key=lambda one: one.age) if one.name not in stay]


def squeezed(held: Sequence[Held], lacking: int, made: str = "") -> list[str]:
    """What else goes, oldest first, while `lacking` bytes are missing above the floor of free space: never the copy
    that was just made, never the newest verified one."""
    newest = max((one for one in held if one.verified), key=lambda one: one.age, default=None)
    out: list[str] = []
    for one in sorted(held, key=lambda one: one.age):
        if lacking <= 0:
            break
        if one.name == made or one is newest:
            continue
        out.append(one.name)
        lacking -= one.size
    return out
