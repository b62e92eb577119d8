"""Who is expected, who has signed in and who is on now, read from the record through one connection.

What the roster and the shifts wrote is read by the names of their ledgers. A date that only a draft covers has no
roster yet: there, as where nothing is planned, the crew of the shift's own row is expected.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from sqlalchemy import BLOB, INTEGER, TEXT, ColumnElement, Connection, Executable, TableClause, column, select, table

from dutydesk.attendance import rules
from dutydesk.attendance.limits import Limits
from dutydesk.attendance.model import SIGN_IN_TABLE
from dutydesk.attendance.plans import Seasons, Turn
from dutydesk.attendance.rules import State
from dutydesk.core.clock import DAY
from dutydesk.core.reference import by_code, rows
from dutydesk.core.turns import SEASON, season_spans
from dutydesk.journal import settings
from dutydesk.ledger.table import LISTED
from dutydesk.people.model import PEOPLE_TABLE

POSTS = (("LEADER", "leader"), ("PRIMARY", "primary"), ("SECONDARY", "secondary"))
"""The posts that a shift's own row names."""
LONGEST = 2 * DAY


def _ledger(name: str, texts: Sequence[str], integers: Sequence[str] = (), ids: Sequence[str] = ()) -> TableClause:
    """Another feature's ledger, as far as it is read here."""
    return table(
        name,
        *(column(own, INTEGER) for own in ("_state", "_n", *integers)),
        *(column(own, TEXT) for own in texts),
        *(column(own, BLOB) for own in ids),
    )


_SHIFTS = _ledger(
    "shifts", ("date", "code", "mode"), ("starts_at", "ends_at", "taken_over_at"), [name for _post, name in POSTS]
)
_ASSIGNED = _ledger("assignments", ("date", "shift", "post", "origin"), ("slot",), ("person",))
_ROSTERS = _ledger("rosters", ("starts_on", "ends_on", "state"))
_POSTURES = _ledger("postures", ("mode", "starts_on", "ends_on"))
_DAYS = _ledger("day_types", ("date", "kind"))


@dataclass(frozen=True, slots=True)
class Span:
    """A shift: key, [start, end), mode, whether the desk was taken over, and the crew of its own row."""

    key: str
    start: int
    end: int
    mode: str = ""
    taken_over: bool = False
    crew: tuple[tuple[str, bytes], ...] = ()

    @property
    def turn(self) -> Turn:
        return Turn(self.key, self.start, self.end, self.mode)


@dataclass(frozen=True, slots=True)
class Expected:
    """Someone who is to stand a post of a shift; `origin` says how the roster came by them."""

    post: str
    person: bytes
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Signs:
    """What a person signed for a shift: when first in, and the last thing, which alone says where they are."""

    first: int
    last: str
    at: int
    post: str = ""
    late: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True)
class OnPost:
    """One line of who is on: `since` when they signed in, None for who has not; `away` may not be at home now; `tight`
    in time, but not as early as the rule wants."""

    shift: str
    post: str
    person: bytes
    name: str
    state: State
    since: int | None = None
    late: int = 0
    overtime: int = 0
    origin: str = ""
    away: bool = False
    tight: bool = False

    @property
    def present(self) -> bool:
        """Whether they are on now."""
        return self.state in (State.IN, State.HOME, State.STAYED)


@dataclass(frozen=True, slots=True)
class Roll:
    """Everyone who is on or expected at a moment, in the order of posts, those who stayed last."""

    span: Span | None
    lines: tuple[OnPost, ...] = field(default=())

    @property
    def present(self) -> tuple[OnPost, ...]:
        return tuple(line for line in self.lines if line.present)


def spans(connection: Connection, start: int, end: int) -> list[Span]:
    """The shifts that have a row and overlap [start, end), oldest first."""
    shown = _SHIFTS.c
    return _spans(connection, shown.starts_at < end, shown.ends_at > start, shown.starts_at > start - LONGEST)


def span_of(connection: Connection, key: str) -> Span | None:
    """The shift of a key, where it has a row."""
    day, _slash, code = key.partition("/")
    found = _spans(connection, _SHIFTS.c.date == day, _SHIFTS.c.code == code)
    return found[0] if found else None


def span_at(connection: Connection, at: int) -> Span | None:
    """The shift that holds a moment; of several, the one that began last."""
    found = spans(connection, at, at + 1)
    return found[-1] if found else None


def span_before(connection: Connection, at: int) -> Span | None:
    """The last shift that had ended by a moment, if within two days."""
    shown = _SHIFTS.c
    found = _spans(connection, shown.ends_at <= at, shown.ends_at > at - LONGEST)
    return max(found, key=_end) if found else None


def _end(span: Span) -> int:
    return span.end


def _spans(connection: Connection, *where: ColumnElement[bool]) -> list[Span]:
    shown = _SHIFTS.c
    names = [shown[name] for _post, name in POSTS]
    statement = (
        select(shown.date, shown.code, shown.starts_at, shown.ends_at, shown.mode, shown.taken_over_at, *names)
        .where(shown["_state"] == LISTED, *where)
        .order_by(shown.starts_at, shown["_n"])
    )
    return [
        Span(
            f"{row[0]}/{row[1]}",
            row[2],
            row[3],
            row[4] or "",
            row[5] is not None,
            tuple((post, bytes(who)) for (post, _name), who in zip(POSTS, row[6:], strict=True) if who is not None),
        )
        for row in _found(connection, statement)
        if row[2] is not None and row[3] is not None
    ]


def _found(connection: Connection, statement: Executable) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in connection.execute(statement)]


def expected(connection: Connection, span: Span) -> list[Expected]:
    """Who is to stand the posts of a shift: by the roster, and where it names nobody for a post by the shift's row."""
    day, _slash, code = span.key.partition("/")
    found: list[Expected] = []
    if not _draft(connection, day):
        shown = _ASSIGNED.c
        statement = (
            select(shown.post, shown.person, shown.origin)
            .where(shown["_state"] == LISTED, shown.date == day, shown.shift == code, shown.person.is_not(None))
            .order_by(shown.post, shown.slot, shown["_n"])
        )
        found = [Expected(row[0] or "", bytes(row[1]), row[2] or "") for row in _found(connection, statement)]
    planned = {one.post for one in found}
    found += [Expected(post, who) for post, who in span.crew if post not in planned]
    order = list(by_code("duty", "post"))
    known: dict[bytes, Expected] = {}
    for one in sorted(found, key=_by_post(order)):
        known.setdefault(one.person, one)
    return list(known.values())


def _by_post(order: Sequence[str]) -> Any:
    def key(one: Expected) -> int:
        return order.index(one.post) if one.post in order else len(order)

    return key


def _draft(connection: Connection, day: str) -> bool:
    shown = _ROSTERS.c
    covering = select(shown.state).where(shown["_state"] == LISTED, shown.starts_on <= day, shown.ends_on >= day)
    return {state for (state,) in _found(connection, covering)} == {"DRAFT"}


def signs(connection: Connection, shift: str) -> dict[bytes, Signs]:
    """What was signed for a shift, by person, in the order of the record: a clock set back does not undo a sign."""
    shown = SIGN_IN_TABLE.c
    statement = (
        select(shown.person, shown.sign, shown.at, shown.post, shown.late_min, shown.note)
        .where(shown["_state"] == LISTED, shown.shift == shift)
        .order_by(shown["_hlc"], shown["_n"])
    )
    found: dict[bytes, Signs] = {}
    for who, sign, at, post, late, note in _found(connection, statement):
        person = bytes(who or b"")
        before = found.get(person)
        first = before.first if before is not None else at
        lateness = before.late if before is not None else (late or 0)
        held = post or (before.post if before is not None else "")
        found[person] = Signs(first, sign or "", at, held, lateness, note or "")
    return found


def kept(connection: Connection, before: int) -> bool:
    """Whether this desk kept signs at all before a moment: until the first one nobody is missed."""
    shown = SIGN_IN_TABLE.c
    return bool(_found(connection, select(shown["_n"]).where(shown["_state"] == LISTED, shown.at < before).limit(1)))


def present(connection: Connection, shift: str) -> set[bytes]:
    """Who has signed in for a shift, here or where the post may be held from home, and has not signed out."""
    return {person for person, sign in signs(connection, shift).items() if sign.last in rules.SIGNED}


def roll(connection: Connection, now: int, limits: Limits, *, span: Span | None = None) -> Roll:
    """Who is on at `now`, who should be, and who of the shift before is still here."""
    running = span_at(connection, now) if span is None else span
    if running is None:
        return Roll(None)
    given = signs(connection, running.key)
    planned = expected(connection, running)
    modes = modes_at(connection, running)
    lines = [_line(running, one, given.get(one.person), now, limits, modes) for one in planned]
    known = {one.person for one in planned}
    lines += [
        _line(running, Expected(sign.post, person), sign, now, limits, modes)
        for person, sign in given.items()
        if person not in known and sign.last in rules.SIGNED
    ]
    lines += _stayed(connection, running, lines, now)
    named = names(connection, [line.person for line in lines])
    return Roll(running, tuple(_named(line, named) for line in lines))


def _line(span: Span, one: Expected, sign: Signs | None, now: int, limits: Limits, modes: frozenset[str]) -> OnPost:
    where = rules.state(sign.last if sign is not None else "", now, span.start, limits.absent_after)
    away = where is State.HOME and not limits.may_be_home(one.post, modes)
    since, late = (sign.first, sign.late) if sign is not None else (None, 0)
    came = rules.arrival(since, span.start, limits.arrive_early, limits.late_grace) if since is not None else None
    tight = came is not None and came.tight
    return OnPost(span.key, one.post, one.person, "", where, since, late, 0, one.origin, away, tight)


def _stayed(connection: Connection, running: Span, lines: Sequence[OnPost], now: int) -> list[OnPost]:
    last = span_before(connection, running.start)
    if last is None or last.end != running.start:
        return []
    relieved = {line.post for line in lines if line.state in (State.IN, State.HOME)}
    here = {line.person for line in lines if line.present}
    return [
        OnPost(last.key, sign.post, person, "", State.STAYED, sign.first, sign.late, rules.overtime(now, last.end))
        for person, sign in signs(connection, last.key).items()
        if person not in here and rules.stayed(sign.last, sign.post in relieved, running.taken_over)
    ]


def _named(line: OnPost, named: Mapping[bytes, str]) -> OnPost:
    return replace(line, name=named.get(line.person, ""))


def names(connection: Connection, people: Sequence[bytes]) -> dict[bytes, str]:
    """Names of people, as the desk's own screen and paper show them."""
    if not people:
        return {}
    shown = PEOPLE_TABLE.c
    statement = select(shown.id, shown.name).where(shown.id.in_(list(people)), shown["_state"] > 0)
    return {bytes(person): name or "" for person, name in _found(connection, statement)}


# -- modes -------------------------------------------------------------------------------------------------------------


def modes_at(connection: Connection, span: Span) -> frozenset[str]:
    """The modes in force in a shift: its own, and the postures of its date."""
    day = date.fromisoformat(span.key[:10])
    return seasons(connection, day, day, [span.turn]).modes(day)


def seasons(connection: Connection, first: date, last: date, turns: Sequence[Turn] = ()) -> Seasons:
    """The modes in force from `first` to `last`, both included: postures, holidays of the table of days, modes of
    shifts, and the seasons that come each year, by the same settings as the roster's."""
    shown, start, end = _POSTURES.c, first.isoformat(), last.isoformat()
    postures = select(shown.mode, shown.starts_on, shown.ends_on).where(shown["_state"] == LISTED)
    spans_ = tuple(
        (str(mode), date.fromisoformat(since), date.fromisoformat(until) if until else date.max)
        for mode, since, until in _found(connection, postures)
        if mode and since and since <= end and (until or end) >= start
    )
    dated = _DAYS.c
    days = select(dated.date).where(
        dated["_state"] == LISTED, dated.kind == "HOLIDAY", dated.date >= start, dated.date <= end
    )
    by_day: dict[date, frozenset[str]] = {}
    for turn in turns:
        if turn.mode:
            by_day[turn.day] = by_day.get(turn.day, frozenset()) | {turn.mode}
    also = tuple((str(row["code"]), str(mode)) for row in rows("attendance", "season") for mode in row["also"])
    return Seasons(
        spans_,
        frozenset(date.fromisoformat(day) for (day,) in _found(connection, days)),
        by_day,
        also,
        season_spans(rows("roster", "season"), settings.values(connection, SEASON), district(connection)),
    )


def district(connection: Connection) -> str:
    """The code of the district where this desk stands, as its first act says; it is the first that the record holds."""
    body = connection.exec_driver_sql(
        "SELECT act.body FROM frontier JOIN act ON act.desk = frontier.desk AND act.epoch = frontier.epoch"
        " AND act.seq = 1 ORDER BY act.arrival LIMIT 1"
    ).scalar()
    told: Mapping[str, Any] = json.loads(body).get("epoch", {}) if body else {}
    return str(told.get("district") or "")
