"""What the roster tells the board and the hand-over sheet: what is empty, what waits for a decision, hours short.

Only a connection is at hand here. The pattern is told from the shifts that the roster names; where nobody is of the
roster yet, nothing is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select

from dutydesk.core.clock import HOUR, local
from dutydesk.core.i18n import _
from dutydesk.core.reference import reference
from dutydesk.core.reference import rows as table
from dutydesk.core.turns import Pattern, pattern
from dutydesk.journal import query as q
from dutydesk.journal.schema import Shape
from dutydesk.ledger.feature import Figure, OpenItem
from dutydesk.ledger.kinds import choice_label
from dutydesk.ledger.table import LISTED
from dutydesk.people.ledger import PEOPLE
from dutydesk.people.model import PEOPLE_TABLE
from dutydesk.roster import publishing, rules
from dutydesk.roster.facts import facts_of, part_label
from dutydesk.roster.ledger import DAY_TYPES, LEAVES, POSTURES, ROSTERS, STAFF, SWAPS
from dutydesk.roster.model import ASSIGNMENT_TABLE, LEAVE_TABLE, STAFF_TABLE, SWAP_TABLE

PEOPLE_SHAPE = Shape(PEOPLE, PEOPLE_TABLE)
LEAVE_SHAPE = Shape(LEAVES, LEAVE_TABLE)
SWAP_SHAPE = Shape(SWAPS, SWAP_TABLE)
LISTED_EMPTY = 3
"""Empty places that one line names; the rest is counted."""


def open_items(connection: Connection, now: int) -> list[OpenItem]:
    """Empty places of the days ahead, days without a published roster, leave and swaps that wait, trips not reported
    back from."""
    return [*_ahead(connection, now), *_waiting(connection, now)]


def in_use(connection: Connection) -> bool:
    """Whether anybody is of the roster."""
    statement = select(STAFF_TABLE.c["_n"]).where(STAFF_TABLE.c["_state"] == LISTED).limit(1)
    return connection.execute(statement).first() is not None


def pattern_in_use(connection: Connection, since: str) -> Pattern | None:
    """The pattern whose shifts the roster names since a day; None where it names none. Of several of the same shifts
    the first of the reference data: they differ in their hours alone."""
    column = ASSIGNMENT_TABLE.c
    statement = select(column.shift).where(column["_state"] + 0 == LISTED, column.date >= since).group_by(column.shift)
    codes = {code for (code,) in connection.execute(statement) if code}
    for row in table("duty", "shift_pattern"):
        if codes and codes <= {part["code"] for part in row["parts"]}:
            return pattern(row["code"], reference("duty"))
    return None


def _ahead(connection: Connection, now: int) -> list[OpenItem]:
    if not in_use(connection):
        return []
    today = local(now).date().isoformat()
    turns = pattern_in_use(connection, today)
    if turns is None:
        return [OpenItem("TODO", _("还没有值班表"), None, 1, "assignments")]
    made = facts_of(connection, today, rules.shift_day(today, rules.Numbers().ahead), turns, "", around=0)
    until = rules.shift_day(today, made.numbers.ahead)
    if until != made.end:
        made = facts_of(connection, today, until, turns, "", around=0)
    found: list[OpenItem] = []
    missing = [day.date for day in made.days if not made.is_published(day.date)]
    if missing:
        due = rules.midnight(missing[0])
        title = _("{day} 起没有已发布的值班表").format(day=missing[0][5:])
        found.append(OpenItem("TODO", title, due, 1, "rosters"))
    empty = [key for key in publishing.empty(made) if made.is_published(key[0])]
    if empty:
        named = _("、").join(
            f"{date[5:]} {part_label(turns.parts, shift)}{made.post_label(post)}"
            for date, shift, post, _slot in empty[:LISTED_EMPTY]
        )
        title = _("{days} 天内值班空缺 {count} 处").format(days=made.numbers.ahead, count=len(empty))
        shift = made.shift(empty[0][0], empty[0][1])
        found.append(OpenItem("TODO", title, shift.start, 2, "assignments", b"", named))
    return found


def _waiting(connection: Connection, now: int) -> list[OpenItem]:
    leaves = q.rows(
        connection,
        LEAVE_SHAPE,
        q.Query("leaves", (q.Condition("state", "in", ("ASKED", "APPROVED")),), "", "starts_on"),
    )
    swaps = q.rows(
        connection, SWAP_SHAPE, q.Query("swaps", (q.Condition("state", "in", ("ASKED", "ACCEPTED")),), "", "date")
    )
    if not leaves and not swaps:
        return []
    people = {row["person"] for row in leaves} | {row[name] for row in swaps for name in ("person", "other")}
    held = q.by_ids(connection, PEOPLE_SHAPE, [person for person in people if isinstance(person, bytes)])
    names = {person: row.text("name") for person, row in held.items()}
    today = local(now).date().isoformat()
    found: list[OpenItem] = []
    for row in leaves:
        who = names.get(_id(row["person"]), "")
        what = choice_label(row["kind"], LEAVES["kind"])
        span = f"{row.text('starts_on')[5:]}—{row.text('ends_on')[5:]}"
        due = _midnight(row.text("starts_on"))
        if row.text("state") == "ASKED":
            title = _("{who} {what}待批").format(who=who, what=what)
            found.append(OpenItem("TODO", title, due, 1, "leaves", row.id, f"{span} {row.text('place')}".strip()))
        elif row.text("kind") == "TRIP" and row.text("ends_on") < today:
            title = _("{who} {what}未销假").format(who=who, what=what)
            found.append(OpenItem("TODO", title, _midnight(row.text("ends_on")), 0, "leaves", row.id, span))
    for row in swaps:
        title = _("{who} 与 {other} {what}{state}").format(
            who=names.get(_id(row["person"]), ""),
            other=names.get(_id(row["other"]), ""),
            what=choice_label(row["kind"], SWAPS["kind"]),
            state=choice_label(row["state"], SWAPS["state"]),
        )
        place = f"{row.text('date')[5:]} {row.text('shift')}"
        found.append(OpenItem("TODO", title, _midnight(row.text("date")), 1, "swaps", row.id, place))
    return found


def _id(value: object) -> bytes:
    return value if isinstance(value, bytes) else b""


def _midnight(day: str) -> int | None:
    try:
        return rules.midnight(day)
    except ValueError:
        return None  # a row from another desk may hold anything


def figures(connection: Connection, start: int, end: int) -> list[Figure]:
    """Hours of [start, end) during which a shift of a published roster has fewer than its crew; nothing where there
    are none."""
    if end <= start or not in_use(connection):
        return []
    first, last = (local(at).date().isoformat() for at in (start, end - 1))
    turns = pattern_in_use(connection, first)
    days = (rules.parse_day(last) - rules.parse_day(first)).days
    if turns is None or days >= rules.LONGEST - 1:
        return []
    made = facts_of(connection, rules.shift_day(first, -1), last, turns, "", around=0)
    spans: list[tuple[int, int]] = []
    for date, code, _post, _slot in publishing.empty(made):
        duty = made.duty(date, code)
        if duty is not None and made.is_published(date) and max(duty.start, start) < min(duty.end, end):
            spans.append((max(duty.start, start), min(duty.end, end)))
    short = -(-rules.overlap_union(spans) // HOUR)
    return [Figure("roster.short", _("值班缺岗"), short, _("小时"), 2)] if short else []


def title(ledger: str, values: Mapping[str, Any]) -> str:
    """What a row of the roster is called: `2026-06-18/H24 主班`, `2026-06-01—06-30 已发布`, `06-18—06-20 休假`."""
    if ledger == "day_types":
        return _words(values.get("date"), values.get("name") or _label(DAY_TYPES, "kind", values))
    if ledger == "rosters":
        return _words(f"{values.get('starts_on')}—{values.get('ends_on')}", _label(ROSTERS, "state", values))
    if ledger == "leaves":
        return _words(f"{values.get('starts_on')}—{values.get('ends_on')}", _label(LEAVES, "kind", values))
    if ledger == "swaps":
        return _words(f"{values.get('date')}/{values.get('shift')}", _label(SWAPS, "kind", values))
    if ledger == "assignments":
        return _words(f"{values.get('date')}/{values.get('shift')}", values.get("post"))
    if ledger == "postures":
        return _words(_label(POSTURES, "mode", values), values.get("starts_on"))
    return str(values.get("posts") or _(STAFF.title))


def _label(ledger: Any, name: str, values: Mapping[str, Any]) -> str:
    return choice_label(values.get(name), ledger[name]) if values.get(name) else ""


def _words(*parts: object) -> str:
    return " ".join(str(part) for part in parts if part)
