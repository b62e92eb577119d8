"""Days and shifts as stretches of the log: [start, end) in milliseconds UTC, at +08:00 (domain.md §3.2).

A shift belongs to the date on which it starts. The log needs no more of shifts than this: which one holds a moment,
and from when to when the one of a name lasts; who was on duty stands in the ledger `shifts`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from dutydesk.core.clock import CST, DAY, MINUTE, local, utc_ms
from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import _, pick
from dutydesk.core.reference import by_code


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time; `date` the local day it begins on, `code` the shift's, empty for a day."""

    date: str
    code: str
    label: str
    start: int
    end: int

    @property
    def shift(self) -> str:
        """As the log keeps it: `2026-11-22/H24`."""
        return f"{self.date}/{self.code}"


def day_of(at: int) -> Span:
    """The calendar day that holds `at`."""
    return day_on(local(at).date().isoformat())


def day_on(day: str) -> Span:
    """A calendar day, `YYYY-MM-DD`. Raises `Refused`."""
    when = _date(day)
    start = utc_ms(datetime(when.year, when.month, when.day, tzinfo=CST))
    return Span(when.isoformat(), "", "", start, start + DAY)


def shift_of(at: int, pattern: str) -> Span:
    """The shift of `pattern` (a code of `shift_pattern` in duty.json) that holds `at`. Raises `Refused`."""
    today = local(at).date()
    for day in (today, today - timedelta(days=1)):
        for span in _shifts(day, pattern):
            if span.start <= at < span.end:
                return span
    raise Refused(Problem(_("班次 {code} 没有正好排满 24 小时").format(code=pattern), "shift_pattern"))


def shift_before(span: Span, pattern: str) -> Span:
    """The one that handed over to `span`."""
    return shift_of(span.start - 1, pattern)


def shift_named(name: str, pattern: str) -> Span:
    """`2026-11-22/NIGHT`; without a code the whole day of shifts that begin on that date. Raises `Refused`."""
    day, _slash, code = name.strip().partition("/")
    spans = _shifts(_date(day), pattern)
    if not code:
        label = spans[0].label if len(spans) == 1 else _("全天")
        return Span(spans[0].date, spans[0].code if len(spans) == 1 else "", label, spans[0].start, spans[-1].end)
    for span in spans:
        if span.code == code.upper():
            return span
    known = _("、").join(span.code for span in spans)
    raise Refused(Problem(_("没有班次“{code}”，可用：{known}").format(code=code, known=known), "shift"))


def _shifts(day: date, pattern: str) -> list[Span]:
    """The shifts that begin on a day, in order."""
    row = by_code("duty", "shift_pattern").get(pattern)
    if row is None:
        raise Refused(Problem(_("没有这种班次：{code}").format(code=pattern), "shift_pattern"))
    midnight = utc_ms(datetime(day.year, day.month, day.day, tzinfo=CST))
    found: list[Span] = []
    for part in row["parts"]:
        hour, minute = str(part["start"]).split(":")
        start = midnight + (int(hour) * 60 + int(minute)) * MINUTE
        end = start + int(part["minutes"]) * MINUTE
        found.append(Span(day.isoformat(), str(part["code"]), pick(part), start, end))
    return sorted(found, key=lambda span: span.start)


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise Refused(Problem(_("应为日期，如 2026-06-18：{text}").format(text=text), "date")) from None
