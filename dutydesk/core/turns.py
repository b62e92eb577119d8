"""Which shift 班次 a moment belongs to, by the pattern in use (domain.md §3.2).

A pattern is a row of `shift_pattern` in `resources/reference/duty.json`: its parts cover the 24 hours once. A shift
belongs to the date on which it starts, also where it crosses midnight; it holds its start and not its end, so the
very second of hand-over is the incoming crew's. Local time is +08:00 without daylight saving.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from dutydesk.core.clock import CST, DAY, MINUTE, local, utc_ms
from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import _, pick
from dutydesk.core.ids import named_id
from dutydesk.core.reference import rows

Tables = Mapping[str, Any]
_DAY_MINUTES = DAY // MINUTE
SEASON = "roster.season."
"""Settings of the seasons, by mode."""


@dataclass(frozen=True, slots=True)
class Part:
    """One shift of the day: it starts `start` minutes after local midnight and lasts `minutes`."""

    code: str
    label: str
    start: int
    minutes: int


@dataclass(frozen=True, slots=True)
class Pattern:
    """The parts of a day in the order of their start."""

    code: str
    label: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Shift:
    """One shift: the local date it starts on, as `YYYY-MM-DD`; its part's code and label; [start, end) in ms UTC."""

    date: str
    code: str
    label: str
    start: int
    end: int


def pattern(code: str, tables: Tables) -> Pattern:
    """The pattern of that code. Raises `Refused` for an unknown one, or one whose parts leave a gap or overlap."""
    row = next((row for row in tables["tables"]["shift_pattern"]["rows"] if row["code"] == code), None)
    if row is None:
        raise Refused(Problem(_("没有这种班次：{code}").format(code=code), "shift_pattern"))
    parts = tuple(
        sorted(
            (Part(part["code"], pick(part), _minutes(part["start"]), part["minutes"]) for part in row["parts"]),
            key=lambda part: part.start,
        )
    )
    for n, part in enumerate(parts):
        after = parts[n + 1].start if n + 1 < len(parts) else parts[0].start + _DAY_MINUTES
        if part.start + part.minutes != after:
            raise Refused(Problem(_("班次 {code} 没有正好排满 24 小时").format(code=code), "shift_pattern"))
    return Pattern(code, pick(row), parts)


def _minutes(clock: str) -> int:
    hour, minute = clock.split(":")
    return int(hour) * 60 + int(minute)


def shift_of(now: int, pattern: Pattern) -> Shift:
    """The shift that holds the moment `now`."""
    today = local(now).date()
    for day in (today, today - timedelta(days=1)):
        for part in reversed(pattern.parts):
            made = _shift(day, part)
            if made.start <= now < made.end:
                return made
    raise AssertionError(f"pattern {pattern.code} does not cover the day")


def shift_on(day: str, pattern: Pattern, code: str = "") -> Shift:
    """The shift of a date, `YYYY-MM-DD`, by its code; the first of the day without one. Raises `Refused`."""
    try:
        when = date.fromisoformat(day)
    except ValueError:
        raise Refused(Problem(_("应为日期，如 2026-06-18：{text}").format(text=day), "date")) from None
    for part in pattern.parts:
        if code in ("", part.code):
            return _shift(when, part)
    known = _("、").join(part.code for part in pattern.parts)
    raise Refused(Problem(_("没有班次“{code}”，可用：{known}").format(code=code, known=known), "code"))


def _shift(day: date, part: Part) -> Shift:
    start = utc_ms(datetime(day.year, day.month, day.day, tzinfo=CST)) + part.start * MINUTE
    return Shift(day.isoformat(), part.code, part.label, start, start + part.minutes * MINUTE)


def next_shift(shift: Shift, pattern: Pattern) -> Shift:
    """The one that takes over."""
    return shift_of(shift.end, pattern)


def shift_label(shift: Shift) -> str:
    """`2026-11-22 全天班 08:30–次日 08:30`; 24:00 for the end of the day itself."""
    start, end = local(shift.start), local(shift.end)
    until = f"{end:%H:%M}"
    if end.date() > start.date():
        until = "24:00" if until == "00:00" else _("次日 {time}").format(time=until)
    return f"{shift.date} {shift.label} {start:%H:%M}–{until}"


def shift_id(district: str, day: str, code: str) -> bytes:
    """The id of a shift's row in `shifts`: the same on every desk of the district."""
    return named_id("shifts", district, day, code)


def in_season(day: str, span: str) -> bool:
    """Whether a day lies in `04-15..10-15`, both included; a span may cross the year's end. False for another text."""
    found = re.fullmatch(r"(\d\d-\d\d)\.\.(\d\d-\d\d)", span.strip())
    if not found:
        return False
    first, last, own = found[1], found[2], day[5:]
    return first <= own <= last if first <= last else own >= first or own <= last


def season_spans(
    rows: Iterable[Mapping[str, Any]], given: Mapping[str, str], district: str
) -> tuple[tuple[str, str], ...]:
    """(mode, `04-15..10-15`) of every season that comes each year (domain.md §3.4): by `rows` (reference table `season`
    of `roster`: `region`, `mode`, `span`) where the district lies in their region, and before that by the district's
    own settings `given` (`roster.season.MODE`)."""
    found: dict[str, str] = {}
    for row in rows:
        mode, own = str(row["mode"]), given.get(f"{SEASON}{row['mode']}", "")
        if own:
            found[mode] = own
        elif district.startswith(str(row["region"])):
            found.setdefault(mode, str(row["span"]))
    return tuple(found.items())


def key_words(key: str) -> str:
    """`2026-06-18/H24` as an officer says it: `2026-06-18 全天班`; a key of no known pattern as it is."""
    day, _sign, code = key.partition("/")
    for row in rows("duty", "shift_pattern"):
        for part in row["parts"]:
            if part["code"] == code:
                return f"{day} {pick(part)}"
    return key
