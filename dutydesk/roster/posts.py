"""Who stands a post at a moment, who is on call, and the hours without a whole crew."""

from __future__ import annotations

from collections.abc import Mapping

from dutydesk.core.clock import HOUR, MINUTE, local
from dutydesk.core.i18n import _
from dutydesk.core.reference import label
from dutydesk.core.reference import rows as table
from dutydesk.core.turns import shift_of
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Condition, Row
from dutydesk.ledger.spec import Value
from dutydesk.roster import checks, rules
from dutydesk.roster.cells import mark_of
from dutydesk.roster.facts import Facts, facts, pattern_of
from dutydesk.roster.rows import Coverage, Demand, Gap, Key, OnCall, Stand

EXPERT = "EXPERT"
ON_CALL_NAMED = 12
"""Names of one kind that the line of who is on call holds; the rest is counted."""


def columns() -> dict[str, str]:
    """Posts that the shift's own row names, by code: LEADER → leader."""
    return {row["code"]: str(row["column"]) for row in table("roster", "post") if row["column"]}


def crew_at(desk: Desk, at: int) -> tuple[Stand, ...]:
    """See `service.crew_at`."""
    shift = shift_of(at, pattern_of(desk))
    made = facts(desk, shift.date, shift.date, around=0)
    found: dict[tuple[str, int], Stand] = {}
    if made.is_published(shift.date):
        for (date, code, post, slot), held in made.standing.items():
            if (date, code) == (shift.date, shift.code) and held.person is not None:
                person = _acting(made, held.person, date) or held.person
                found[post, slot] = Stand(post, slot, person, made.post_label(post), mark_of(held))
    row = _shift_row(desk, shift.date, shift.code)
    for post, count in made.demand(shift.date).crew.items():
        for slot in range(1, count + 1):
            if (post, slot) in found:
                continue
            named = row.get(columns().get(post, "")) if row is not None and slot == 1 else None
            person = named if isinstance(named, bytes) else None
            found[post, slot] = Stand(post, slot, person, made.post_label(post))
    order = {post: n for n, post in enumerate(made.posts)}
    return tuple(sorted(found.values(), key=lambda one: (order.get(one.post, 99), one.post, one.slot)))


def on_post(desk: Desk, post: str, at: int) -> bytes | None:
    """See `service.on_post`."""
    return next((one.person for one in crew_at(desk, at) if one.post == post and one.slot == 1), None)


def _acting(made: Facts, person: bytes, date: str) -> bytes | None:
    return next((one.acting for one in made.away_on(date) if one.person == person), None)


def _shift_row(desk: Desk, date: str, code: str) -> Row | None:
    held = desk.rows("shifts", Condition("date", "=", date), Condition("code", "=", code), limit=1)
    return held[0] if held else None


def demand(desk: Desk, day: str) -> Demand:
    """See `service.demand`."""
    return facts(desk, day, day, around=0).demand(day)


def standby(desk: Desk, day: str) -> tuple[bytes, ...]:
    """See `service.standby`."""
    made = facts(desk, day, day, around=1)
    people = checks.people_of(made)
    on_duty = {person for key, person in people.items() if key[0] == day}
    found: list[bytes] = []
    for person, member in made.members.items():
        fit = any(made.may(person, post, day) for post in member.posts)
        if member.standby and fit and person not in on_duty:
            found.append(person)
    return tuple(found)


def teams_on_call(desk: Desk) -> list[Row]:
    """See `service.teams_on_call`."""
    return [row for row in desk.rows("teams") if row.get("status") not in ("REST", "OFF")]


def duty_day(desk: Desk, at: int) -> str:
    """See `service.duty_day`."""
    return shift_of(at, pattern_of(desk)).date


def on_call(desk: Desk, day: str) -> OnCall:
    """See `service.on_call`."""
    teams = teams_on_call(desk)
    experts = tuple(row for row in teams if row.text("kind") == EXPERT)
    return OnCall(day, standby(desk, day), experts, tuple(row for row in teams if row.text("kind") != EXPERT))


def parts_of(desk: Desk, found: OnCall) -> list[tuple[str, list[str]]]:
    """What each kind is called and the names of it, in the order of the line."""
    waiting = desk.titles("people", list(found.standby))
    experts, teams = ([row.text("name") for row in rows] for rows in (found.experts, found.teams))
    return [
        (_("备班"), [waiting[person] for person in found.standby]),
        (label("teams", "kind", EXPERT), experts),
        (_("队伍"), teams),
    ]


def on_call_text(desk: Desk, day: str) -> str:
    """See `service.on_call_text`."""
    told: list[str] = []
    for what, names in parts_of(desk, on_call(desk, day)):
        text = _("、").join(names[:ON_CALL_NAMED])
        if len(names) > ON_CALL_NAMED:
            text = _("{names}等 {count} 个").format(names=text, count=len(names))
        if names:
            told.append(_("{name}：").format(name=what) + text)
    return _("；").join(told)


def coverage(desk: Desk, start: str, end: str) -> Coverage:
    """See `service.coverage`."""
    opens, closes = rules.midnight(start), rules.midnight(rules.shift_day(end, 1))
    made = facts(desk, rules.shift_day(start, -1), end, around=0)
    rows = desk.rows("shifts", Condition("date", ">=", made.start), Condition("date", "<=", end))
    crews: Mapping[tuple[str, str], Row] = {(row.text("date"), row.text("code")): row for row in rows}
    held: dict[tuple[str, str, str], set[int]] = {}
    for (date, code, post, slot), standing in made.standing.items():
        if standing.person is not None and not _missing(made, standing.person, date):
            held.setdefault((date, code, post), set()).add(slot)
    planned = {(key[0], key[1]) for key in made.standing}
    gaps: list[Gap] = []
    for day in made.days:
        for part in made.pattern.parts:
            shift = made.shift(day.date, part.code)
            first, last = max(shift.start, opens), min(shift.end, closes)
            if first >= last:
                continue
            row = crews.get((day.date, part.code)) if (day.date, part.code) not in planned else None
            for post, wanted in made.demand(day.date).crew.items():
                there = len(held.get((day.date, part.code, post), ()))
                if not there and row is not None and row.get(columns().get(post, "")) is not None:
                    there = 1
                if there < wanted:
                    gaps.append(Gap(first, last, day.date, part.code, post, wanted, there))
    short = rules.overlap_union([(gap.start, gap.end) for gap in gaps]) // MINUTE
    return Coverage((closes - opens) // HOUR, tuple(gaps), short)


def _missing(made: Facts, person: bytes, date: str) -> bool:
    """Whether somebody who stands in the roster is on leave that day and nobody acts for them."""
    away = [one for one in made.away_on(date) if one.person == person]
    return bool(away) and all(one.acting is None for one in away)


def turns_of_person(desk: Desk, person: bytes, start: str, end: str) -> list[tuple[Key, int, int]]:
    """A person's duties of a published roster or draft: place, start and end in ms UTC, in order."""
    made = facts(desk, start, end, around=0)
    found: list[tuple[Key, int, int]] = []
    for key, held in made.standing.items():
        duty = made.duty(key[0], key[1]) if held.person == person else None
        if duty is not None:
            found.append((key, duty.start, duty.end))
    return sorted(found, key=lambda one: one[1])


def today(desk: Desk) -> str:
    """The local day."""
    return local(desk.clock.now()).date().isoformat()


def titles(values: Mapping[str, Value]) -> str:
    """`2026-06-18/H24 PRIMARY`: a place in words of the ledger."""
    return f"{values.get('date') or ''}/{values.get('shift') or ''} {values.get('post') or ''}".strip()
