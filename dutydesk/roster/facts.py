"""What the roster's rules need of the record, read at once: calendar, people, leave, postures, numbers, places."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, Select, select

from dutydesk.core.clock import HOUR
from dutydesk.core.errors import Refused
from dutydesk.core.i18n import _, pick
from dutydesk.core.reference import by_code, reference
from dutydesk.core.reference import rows as table
from dutydesk.core.turns import Part, Pattern, Shift, in_season, pattern, season_spans, shift_on
from dutydesk.journal.desk import Desk
from dutydesk.journal.settings import values as settings
from dutydesk.ledger.table import LISTED
from dutydesk.people.model import PEOPLE_TABLE
from dutydesk.roster import rules
from dutydesk.roster.model import (
    ASSIGNMENT_TABLE,
    DAY_TABLE,
    LEAVE_TABLE,
    POSTURE_TABLE,
    ROSTER_TABLE,
    STAFF_TABLE,
)
from dutydesk.roster.rows import DayInfo, Demand, Key, Line

PREFIX = "roster."
AWAY_STATES = ("APPROVED", "RETURNED")


@dataclass(frozen=True, slots=True)
class Standing:
    """A row of `assignments`."""

    row: bytes
    person: bytes | None
    origin: str | None
    planned: bytes | None
    swap: bytes | None

    @property
    def values(self) -> tuple[bytes | None, str | None, bytes | None, bytes | None]:
        return (self.person, self.origin, self.planned, self.swap)


@dataclass(frozen=True, slots=True)
class LeaveRow:
    """A row of `leaves` that is in force."""

    row: bytes
    person: bytes
    kind: str
    first: str
    last: str
    """The last day away: the day before the return, where that was early."""
    acting: bytes | None
    place: str


@dataclass(frozen=True, slots=True)
class Posture:
    """A duty mode from `first` to `last` (empty: still on); `crew` where the order says one."""

    mode: str
    first: str
    last: str
    crew: str


@dataclass
class Facts:
    """All that is asked about a span of days; see `facts`. Made anew for every question, never kept."""

    start: str
    end: str
    pattern: Pattern
    given: Mapping[str, str]
    numbers: rules.Numbers
    told: Mapping[str, tuple[str, str]]
    years: frozenset[str]
    members: Mapping[bytes, rules.Member]
    leaves: tuple[LeaveRow, ...]
    postures: tuple[Posture, ...]
    standing: dict[Key, Standing]
    published: tuple[tuple[str, str], ...]
    district: str
    _demand: dict[str, Demand] = field(default_factory=dict[str, Demand])
    _shifts: dict[tuple[str, str], Shift] = field(default_factory=dict[tuple[str, str], Shift])
    _nights: dict[str, bool] = field(default_factory=dict[str, bool])
    _fit: dict[tuple[bytes, str, str], str] = field(default_factory=dict[tuple[bytes, str, str], str])

    # -- the calendar -------------------------------------------------------------------------------------------------

    def day(self, date: str) -> DayInfo:
        """The day as the calendar has it."""
        told, name = self.told.get(date, ("", ""))
        kind = rules.kind_of(date, told, self.years)
        return DayInfo(date, kind, name, kind is not None, rules.parse_day(date).weekday())

    @cached_property
    def days(self) -> tuple[DayInfo, ...]:
        return tuple(self.day(date) for date in rules.days(self.start, self.end))

    # -- shifts and posts ---------------------------------------------------------------------------------------------

    def shift(self, date: str, code: str) -> Shift:
        """The shift of a day. Raises `Refused` for a code that the pattern has not."""
        made = self._shifts.get((date, code))
        if made is None:
            made = self._shifts[date, code] = shift_on(date, self.pattern, code)
        return made

    def duty(self, date: str, code: str) -> rules.Duty | None:
        """When a shift is; None for a code of a former pattern."""
        try:
            shift = self.shift(date, code)
        except Refused:
            return None
        return rules.Duty(shift.start, shift.end)

    def night(self, date: str, code: str) -> bool:
        """Whether a shift is a night shift: the same every day, since there is no daylight saving."""
        found = self._nights.get(code)
        if found is None:
            duty = self.duty(date, code)
            found = self._nights[code] = duty is not None and rules.is_night(duty.start, duty.end, self.numbers)
        return found

    @cached_property
    def posts(self) -> tuple[str, ...]:
        """Posts in the order of the print."""
        return tuple(row["code"] for row in table("roster", "post"))

    def post_label(self, post: str) -> str:
        """The post as this unit calls it."""
        return post_label(post, self.given)

    def demand(self, date: str) -> Demand:
        """Who is asked for on a day."""
        made = self._demand.get(date)
        if made is None:
            made = self._demand[date] = self._ask(date)
        return made

    def _ask(self, date: str) -> Demand:
        crews: dict[str, dict[str, int]] = {"NORMAL": self._crew("NORMAL")}
        for mode in self._seasons(date):
            crews[mode] = self._crew(mode)
        if self.day(date).holiday:
            crews["HOLIDAY"] = self._crew("HOLIDAY")
        ordered: dict[str, list[dict[str, int]]] = {}
        for posture in self.postures:
            if posture.first <= date and (not posture.last or date <= posture.last):
                own = rules.parse_crew(posture.crew) if posture.crew else self._crew(posture.mode)
                ordered.setdefault(posture.mode, []).append(own)
        # What an order says of a mode stands instead of the mode's usual crew, also where the season brings the mode.
        crews |= {mode: rules.strongest(own) for mode, own in ordered.items()}
        order = {row["code"]: n for n, row in enumerate(table("duty", "duty_mode"))}
        modes = tuple(sorted(crews, key=lambda mode: order.get(mode, len(order))))
        crew = rules.strongest(crews.values())
        known = {post: n for n, post in enumerate(self.posts)}
        return Demand(date, modes, {post: crew[post] for post in sorted(crew, key=lambda p: (known.get(p, 99), p))})

    def _crew(self, mode: str) -> dict[str, int]:
        """The crew of a mode: the district's own, else the reference's; the ordinary one for a mode without."""
        own = self.given.get(f"{PREFIX}crew.{mode}", "")
        if own:
            try:
                return rules.parse_crew(own)
            except Refused:
                pass  # a value that means nothing changes nothing
        row = by_code("roster", "crew").get(mode)
        return rules.parse_crew(str(row["crew"])) if row else {}

    def _seasons(self, date: str) -> Iterable[str]:
        return [mode for mode, span in self.seasons if in_season(date, span)]

    @cached_property
    def seasons(self) -> tuple[tuple[str, str], ...]:
        """The seasons that come each year: mode and span."""
        return season_spans(table("roster", "season"), self.given, self.district)

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """The rows of the grid: what any day of the span asks for, and what stands there beside."""
        most: dict[tuple[str, str], int] = {}
        codes = [part.code for part in self.pattern.parts]
        for day in self.days:
            for post, count in self.demand(day.date).crew.items():
                for code in codes:
                    most[code, post] = max(most.get((code, post), 0), count)
        for (date, code, post, slot), held in self.standing.items():
            if self.start <= date <= self.end and held.person is not None:
                most[code, post] = max(most.get((code, post), 0), slot)
        order = {code: n for n, code in enumerate(codes)}
        known = {post: n for n, post in enumerate(self.posts)}
        found = sorted(most, key=lambda one: (order.get(one[0], 99), one[0], known.get(one[1], 99), one[1]))
        return tuple(
            Line(code, post, slot, self._line_label(code, post, slot, many), self._part(code), self.post_label(post))
            for code, post in found
            for many in (most[code, post],)
            for slot in range(1, many + 1)
        )

    def _line_label(self, code: str, post: str, slot: int, most: int) -> str:
        label = self.post_label(post)
        if most > 1:
            label = _("{post}{number}").format(post=label, number=slot)
        return f"{self._part(code)} {label}".strip()

    def _part(self, code: str) -> str:
        """What a shift is called, empty where a day has only one."""
        return part_label(self.pattern.parts, code) if len(self.pattern.parts) > 1 else ""

    def wants(self, key: Key) -> bool:
        """Whether the day's demand asks for this place."""
        date, code, post, slot = key
        return slot <= self.demand(date).crew.get(post, 0) and any(code == part.code for part in self.pattern.parts)

    # -- people -------------------------------------------------------------------------------------------------------

    def unfit(self, person: bytes, post: str, date: str) -> str:
        """Why a person may not stand a post on a day (`rules.unfit`), UNKNOWN for whoever is not of the roster."""
        key = (person, post, date)
        found = self._fit.get(key)
        if found is None:
            member = self.members.get(person)
            found = self._fit[key] = "UNKNOWN" if member is None else rules.unfit(member, post, date)
        return found

    def may(self, person: bytes, post: str, date: str) -> bool:
        """Whether a person may stand a post on a day, whatever else they do."""
        return not self.hard(self.unfit(person, post, date))

    def hard(self, code: str) -> bool:
        """Whether a finding refuses."""
        if not code:
            return False
        own = self.given.get(f"{PREFIX}hard.{code}", "")
        if own in ("0", "1"):
            return own == "1"
        row = by_code("roster", "check").get(code)
        return bool(row and row["hard"])

    def is_published(self, date: str) -> bool:
        return any(first <= date <= last for first, last in self.published)

    def away_on(self, date: str) -> list[LeaveRow]:
        """Leaves in force on a day; on a day of all hands, none is (domain.md §3.4)."""
        if self.all_hands(date):
            return []
        return [leave for leave in self.leaves if leave.first <= date <= leave.last]

    def all_hands(self, date: str) -> bool:
        return any(
            one.mode == "ALL_HANDS" and one.first <= date and (not one.last or date <= one.last)
            for one in self.postures
        )


def post_label(post: str, given: Mapping[str, str]) -> str:
    """A post as this unit calls it: setting `roster.post.CODE`, else the reference's label, else its code."""
    row = by_code("roster", "post").get(post)
    return given.get(f"{PREFIX}post.{post}", "") or (pick(dict(row)) if row else post)


def part_label(parts: Iterable[Part], code: str) -> str:
    """`NIGHT` → 夜班."""
    return next((part.label for part in parts if part.code == code), code)


def numbers_of(given: Mapping[str, str]) -> rules.Numbers:
    """The numbers in force: settings over the reference data."""

    def number(code: str) -> int:
        own = given.get(f"{PREFIX}{code.lower()}", "")
        return (
            int(own)
            if own.isascii() and own.isdigit() and len(own) < 5
            else int(by_code("roster", "rule")[code]["value"])
        )

    return rules.Numbers(
        number("REST_HOURS") * HOUR,
        number("NIGHT_FROM") % 24,
        number("NIGHT_TO") % 24,
        number("NIGHT_HOURS") * HOUR,
        number("AHEAD_DAYS"),
    )


def pattern_of(desk: Desk) -> Pattern:
    """The pattern of this desk's day. Raises `Refused` for one that the reference data do not have."""
    return pattern(desk.config.shift_pattern, reference("duty"))


def facts(desk: Desk, start: str, end: str, *, around: int = 2) -> Facts:
    """All that is known about a span, with the assignments of `around` days before and after it (rest is counted
    across the edge). Raises `Refused` for a span that is none."""
    with desk.store.read() as connection:
        return facts_of(connection, start, end, pattern_of(desk), desk.config.district, around=around)


def facts_of(connection: Connection, start: str, end: str, turns: Pattern, district: str, *, around: int = 2) -> Facts:
    """As `facts`, where only a connection is at hand."""
    rules.days(start, end)
    given = settings(connection, PREFIX)
    told, years = _calendar(connection)
    postures = tuple(
        Posture(row.mode or "", row.starts_on or "", row.ends_on or "", row.crew or "")
        for row in connection.execute(_listed(POSTURE_TABLE))
        if row.mode and row.starts_on and row.starts_on <= end
    )
    leaves = _leaves(connection)
    hands = tuple(one for one in postures if one.mode == "ALL_HANDS")
    made = Facts(
        start, end, turns, given, numbers_of(given), told, years, _members(connection, leaves, hands), leaves,
        postures, {}, _published(connection), district,
    )  # fmt: skip
    table = ASSIGNMENT_TABLE.c
    first, last = rules.shift_day(start, -around), rules.shift_day(end, around)
    statement = (
        select(table.id, table.date, table.shift, table.post, table.slot, table.person, table.origin, table.planned)
        .add_columns(table.swap)
        .where(table["_state"] + 0 == LISTED, table.date.between(first, last))
        .order_by(table.date, table["_n"])
    )
    for row, date, shift, post, slot, person, origin, planned, swap in connection.execute(statement):
        # Two rows of one place, from two desks: the one written later stands, as lists show it.
        made.standing[date, shift or "", post or "", slot or 1] = Standing(row, person, origin, planned, swap)
    return made


def _listed(from_table: Any) -> Select[Any]:
    return select(from_table).where(from_table.c["_state"] == LISTED).order_by(from_table.c["_n"])


def _calendar(connection: Connection) -> tuple[dict[str, tuple[str, str]], frozenset[str]]:
    table = DAY_TABLE.c
    rows = connection.execute(
        select(table.date, table.kind, table.name).where(table["_state"] == LISTED).order_by(table["_n"])
    )
    told = {date: (kind or "", name or "") for date, kind, name in rows if date}
    return told, rules.announced(date for date, (kind, _name) in told.items() if kind == "HOLIDAY")


def _leaves(connection: Connection) -> tuple[LeaveRow, ...]:
    table = LEAVE_TABLE.c
    rows = connection.execute(_listed(LEAVE_TABLE).where(table.state.in_(AWAY_STATES), table.person.is_not(None)))
    made: list[LeaveRow] = []
    for row in rows:
        last = row.ends_on or row.starts_on or ""
        if row.returned_on and row.state == "RETURNED":
            last = min(last, rules.shift_day(row.returned_on, -1))
        if row.starts_on:
            made.append(LeaveRow(row.id, row.person, row.kind or "", row.starts_on, last, row.acting, row.place or ""))
    return tuple(made)


def _members(connection: Connection, leaves: Iterable[LeaveRow], hands: Iterable[Posture]) -> dict[bytes, rules.Member]:
    away: dict[bytes, list[tuple[str, str]]] = {}
    cancelled = [(one.first, one.last or "9999-12-31") for one in hands]
    for leave in leaves:
        away.setdefault(leave.person, []).extend(_less((leave.first, leave.last), cancelled))
    made: dict[bytes, rules.Member] = {}
    for row in connection.execute(_listed(STAFF_TABLE)):
        if row.person is None:
            continue
        made[row.person] = rules.Member(
            row.person,
            rules.posts_of(row.posts or ""),
            row.joined_on or "",
            row.left_on or "",
            row.trained_on or "",
            tuple(away.get(row.person, ())),
            row.deputy,
            bool(row.standby),
            bool(row.principal),
        )
    return made


def _less(span: tuple[str, str], cancelled: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """A span of days without those in which leave is cancelled."""
    parts = [span]
    for first, last in cancelled:
        left: list[tuple[str, str]] = []
        for start, end in parts:
            if last < start or end < first:
                left.append((start, end))
                continue
            if start < first:
                left.append((start, rules.shift_day(first, -1)))
            if last < end:
                left.append((rules.shift_day(last, 1), end))
        parts = left
    return [part for part in parts if part[0] <= part[1]]


def _published(connection: Connection) -> tuple[tuple[str, str], ...]:
    table = ROSTER_TABLE.c
    rows = connection.execute(
        select(table.starts_on, table.ends_on).where(table["_state"] == LISTED, table.state == "PUBLISHED")
    )
    return tuple((first, last) for first, last in rows if first and last)


def names_of(desk: Desk, people: Iterable[bytes]) -> dict[bytes, str]:
    """Names whole, as they stand on the desk's own screen and paper; 未到 for someone who has not arrived."""
    return desk.titles("people", list(dict.fromkeys(people)))


def known_people(connection: Connection) -> dict[str, list[bytes]]:
    """Ids of everyone in the list of contacts, by name."""
    table = PEOPLE_TABLE.c
    found: dict[str, list[bytes]] = {}
    for row, name in connection.execute(select(table.id, table.name).where(table["_state"] == LISTED)):
        if name:
            found.setdefault(name, []).append(row)
    return found


def nobody() -> str:
    """What stands for an empty place."""
    return _("空缺")
