"""A person's duties as an iCalendar file (RFC 5545), one event a shift."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from dutydesk.core.clock import local
from dutydesk.core.i18n import _
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Condition, Row
from dutydesk.roster import rules
from dutydesk.roster.facts import facts, part_label


def write_ics(desk: Desk, rows: Iterable[Row], reveal: bool) -> bytes:
    """One event for each of these rows of `assignments` that names a person and a shift of this desk's pattern. Equal
    rows and clocks give equal bytes."""
    from icalendar import Calendar, Event

    held = [row for row in rows if row.get("person") is not None]
    calendar: Any = Calendar()
    calendar.add("prodid", "-//DutyDesk//DutyDesk//ZH")
    calendar.add("version", "2.0")
    if held:
        dates = sorted(row.text("date") for row in held)
        made = facts(desk, dates[0], dates[0], around=0)
        names = desk.titles("people", [person for row in held if isinstance(person := row["person"], bytes)])
        people = {row["person"] for row in held}
        for row in sorted(held, key=lambda one: (one.text("date"), one.text("shift"), one.text("post"), one.id)):
            duty = made.duty(row.text("date"), row.text("shift"))
            if duty is None:
                continue
            person = row["person"]
            assert isinstance(person, bytes)
            shown = _("值班 {shift} {post}").format(
                shift=part_label(made.pattern.parts, row.text("shift")), post=made.post_label(row.text("post"))
            )
            mark = _(rules.MARKS.get(row.text("origin"), ""))
            event: Any = Event()
            event.add("uid", f"{row.id.hex()}@dutydesk")
            event.add("dtstamp", _moment(desk.clock.now()))
            event.add("dtstart", _moment(duty.start))
            event.add("dtend", _moment(duty.end))
            if mark:
                shown = _("{text}（{mark}）").format(text=shown, mark=mark)
            event.add("summary", shown if len(people) == 1 else f"{shown} {names[person]}")
            event.add("location", desk.config.unit or desk.config.name)
            calendar.add_component(event)
    return bytes(calendar.to_ical())


def of_person(desk: Desk, person: bytes, start: str, end: str) -> bytes:
    """The duties of one person in a span. Raises `Refused` for a span that is none."""
    rules.days(start, end)
    where = (Condition("person", "=", person), Condition("date", ">=", start), Condition("date", "<=", end))
    return write_ics(desk, desk.rows("assignments", *where), False)


def read_ics(data: bytes) -> dict[bytes, tuple[int, int, str]]:
    """The events of a file that this program wrote, by the row they were made from: start and end in ms UTC, summary."""
    from icalendar import Calendar

    found: dict[bytes, tuple[int, int, str]] = {}
    calendar: Any = Calendar.from_ical(data)
    for event in calendar.walk("VEVENT"):
        row = bytes.fromhex(str(event["uid"]).partition("@")[0])
        start, end = (int(event.decoded(name).timestamp() * 1000) for name in ("dtstart", "dtend"))
        found[row] = (start, end, str(event["summary"]))
    return found


def _moment(at: int) -> datetime:
    return local(at).astimezone(UTC)
