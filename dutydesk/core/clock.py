"""The only place that asks what time it is.

Every time in storage is an integer: milliseconds since 1970-01-01 UTC. Every time on screen and paper is China
Standard Time, +08:00 without daylight saving. A time of day without a zone means +08:00 (house.md §8).
"""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta, timezone
from typing import Protocol

CST = timezone(timedelta(hours=8), "+08:00")
SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_ISO = re.compile(
    r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})"
    r"(?:[T\s]+(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:\.(?P<fraction>\d{1,6}))?)?)?"
    r"\s*(?P<zone>Z|[+-]\d{2}:?\d{2})?"
)


class Clock(Protocol):
    """Whatever can tell the time; injected everywhere so that no test depends on today's date."""

    def now(self) -> int:
        """Milliseconds since the epoch, UTC."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> int:
        return time.time_ns() // 1_000_000


class FixedClock:
    """A clock that stands still until it is told to move; for tests, screenshots and the sample night."""

    def __init__(self, at: int) -> None:
        self.at = at

    def now(self) -> int:
        return self.at

    def advance(self, milliseconds: int) -> None:
        self.at += milliseconds


def utc_ms(moment: datetime) -> int:
    """An aware `datetime` as milliseconds since the epoch."""
    if moment.tzinfo is None:
        raise ValueError("a naive datetime has no place in time")
    return int((moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1))


def local(at: int) -> datetime:
    """Milliseconds since the epoch as an aware `datetime` in China Standard Time."""
    return datetime(1970, 1, 1, tzinfo=UTC).astimezone(CST) + timedelta(milliseconds=at)


def iso(at: int) -> str:
    """`2026-11-22T14:07:32+08:00`; milliseconds are shown only where there are any."""
    return local(at).isoformat(timespec="milliseconds" if at % SECOND else "seconds")


def parse_iso(text: str, zone: timezone = CST) -> int:
    """Read an ISO 8601 date or time, with `T` or blanks, any usual separator; without a zone it is `zone`.

    Raises `ValueError` when the text is not such a time.
    """
    match = _ISO.fullmatch(text.strip())
    if not match:
        raise ValueError(text)
    part = match.groupdict()
    if part["zone"] == "Z":
        zone = UTC
    elif part["zone"]:
        sign = -1 if part["zone"][0] == "-" else 1
        digits = part["zone"][1:].replace(":", "")
        zone = timezone(sign * timedelta(hours=int(digits[:2]), minutes=int(digits[2:])))
    moment = datetime(
        int(part["year"]),
        int(part["month"]),
        int(part["day"]),
        int(part["hour"] or 0),
        int(part["minute"] or 0),
        int(part["second"] or 0),
        int((part["fraction"] or "0").ljust(6, "0")),
        tzinfo=zone,
    )
    return utc_ms(moment)
