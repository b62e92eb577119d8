"""Rows with a beginning and an end, such as shifts, as an iCalendar file (RFC 5545)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC

from dutydesk.core.clock import local
from dutydesk.core.i18n import _
from dutydesk.journal import query as q
from dutydesk.journal.desk import Desk
from dutydesk.ledger.kinds import Ref
from dutydesk.ledger.spec import Ledger

LONGEST_LINE = 75


def write_ics(desk: Desk, ledger: Ledger, rows: Iterable[q.Row]) -> bytes:
    """One event a row; the people it names stand in the description. Rows without both times stay out."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//DutyDesk//DutyDesk//ZH", "CALSCALE:GREGORIAN"]
    stamp = _moment(desk.clock.now())
    for row in rows:
        start, end = row.get("starts_at"), row.get("ends_at")
        if not isinstance(start, int) or not isinstance(end, int):
            continue
        people = [
            _("{label}：{name}").format(label=_(item.label), name=desk.title(item.kind.ledger, value))
            for item in ledger.fields
            if isinstance(item.kind, Ref) and isinstance(value := row.get(item.name), bytes)
        ]
        lines += ["BEGIN:VEVENT", f"UID:{row.id.hex()}@dutydesk", f"DTSTAMP:{stamp}"]
        lines += [f"DTSTART:{_moment(start)}", f"DTEND:{_moment(end)}"]
        lines.append(f"SUMMARY:{_escape(f'{_(ledger.title)} {desk.title_of(row)}')}")
        lines += [f"DESCRIPTION:{_escape(chr(10).join(people))}"] if people else []
        lines.append("END:VEVENT")
    lines.append("END:VCALENDAR")
    return b"".join(map(_folded, lines))


def _moment(at: int) -> str:
    return f"{local(at).astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _escape(text: str) -> str:
    for plain, escaped in (("\\", "\\\\"), ("\n", "\\n"), (",", "\\,"), (";", "\\;")):
        text = text.replace(plain, escaped)
    return text


def _folded(line: str) -> bytes:
    """A line in pieces of at most 75 octets, cut between characters (RFC 5545 §3.1)."""
    pieces = [b""]
    for character in line:
        octets = character.encode("utf-8", "replace")
        if len(pieces[-1]) + len(octets) > LONGEST_LINE:
            pieces.append(b" ")
        pieces[-1] += octets
    return b"\r\n".join(pieces) + b"\r\n"
