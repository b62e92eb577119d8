"""The generated roster: whole, fair, deterministic, honest about what it could not do."""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dutydesk.core.clock import HOUR, FixedClock
from dutydesk.core.errors import Refused
from dutydesk.core.turns import shift_on
from dutydesk.journal.desk import Desk
from dutydesk.ledger.spec import Value
from dutydesk.roster import planning, rules, service
from dutydesk.roster.facts import pattern_of
from dutydesk.roster.service import Edit, Plan
from tests.desks import a_desk
from tests.roster.conftest import EVENING, STAFF, Staff, days_off, enlist

H24 = "H24"
FIRST, LAST = "2026-07-01", "2026-07-31"


def assert_sound(desk: Desk, plan: Plan) -> None:
    """Every place is filled once or told as unfilled; nobody stands two shifts without rest, none who may not."""
    wanted = {
        (day, code, post, slot)
        for day in rules.days(plan.start, plan.end)
        for code, _label in service.shift_codes(desk)
        for post, count in service.demand(desk, day).crew.items()
        for slot in range(1, count + 1)
    }
    placed = [(one.date, one.shift, one.post, one.slot) for one in plan.assignments]
    empty = [(one.date, one.shift, one.post, one.slot) for one in plan.unfilled]
    assert sorted(placed + empty) == sorted(wanted)
    assert all(one.reason for one in plan.unfilled)
    pattern = pattern_of(desk)
    turns: dict[bytes, list[rules.Duty]] = {}
    for one in plan.assignments:
        shift = shift_on(one.date, pattern, one.shift)
        turns.setdefault(one.person, []).append(rules.Duty(shift.start, shift.end))
    for duties in turns.values():
        duties.sort(key=lambda duty: duty.start)
        for n, duty in enumerate(duties[1:]):
            assert not rules.clash(duties[n], duty, 12 * HOUR)
    fair = {one.person: one.total for one in plan.fairness if one.total}
    assert fair == dict(Counter(one.person for one in plan.assignments))


def test_a_month_is_whole_fair_and_the_same_every_time(desk: Desk, staff: Staff) -> None:
    days_off(desk, ("2026-10-01", "HOLIDAY", "国庆节"), ("2026-07-15", "HOLIDAY", "示例节"))
    plan = service.generate(desk, FIRST, LAST)
    assert_sound(desk, plan)
    assert plan.unfilled == plan.widened == ()
    again = service.generate(desk, FIRST, LAST)
    assert again.assignments == plan.assignments
    totals = {one.person: one for one in plan.fairness}
    for name, posts in STAFF.items():
        held = totals[staff[name]]
        if posts == "LEADER":
            assert 10 <= held.total <= 11
            assert 2 <= held.weekend <= 3
    assert totals[staff["何示例"]].total == 0
    assert sum(one.holiday for one in plan.fairness) == 3
    assert desk.count("assignments") == 0


def test_a_plan_is_accepted_undone_and_then_publishable(desk: Desk, staff: Staff) -> None:
    plan = service.generate(desk, FIRST, LAST)
    step = service.accept(desk, plan)
    assert len(step.changed) == 93
    assert service.check(desk, FIRST, LAST) == []
    grid = service.grid(desk, FIRST, LAST)
    assert {cell.origin for cell in grid.cells.values()} == {"GENERATED"}
    service.publish(desk, FIRST, LAST, staff["何示例"], staff["王示例"])
    with pytest.raises(Refused, match="已发布"):
        service.accept(desk, _other(plan))


def _other(plan: Plan) -> Plan:
    """The same plan with two leaders changed over."""
    leaders = [n for n, one in enumerate(plan.assignments) if one.post == "LEADER"]
    rows = list(plan.assignments)
    one, other = rows[leaders[0]], rows[leaders[1]]
    kind = type(one)
    rows[leaders[0]] = kind(one.date, one.shift, one.post, one.slot, other.person)
    rows[leaders[1]] = kind(other.date, other.shift, other.post, other.slot, one.person)
    return Plan(plan.start, plan.end, tuple(rows), (), (), (), 0.0)


def test_what_was_set_by_hand_is_kept_or_not(desk: Desk, staff: Staff) -> None:
    service.assign(desk, [Edit("2026-07-04", H24, "PRIMARY", 1, staff["李示例"])])
    plan = service.generate(desk, FIRST, LAST)
    assert_sound(desk, plan)
    held = {(one.date, one.post): one.person for one in plan.assignments}
    assert held["2026-07-04", "PRIMARY"] == staff["李示例"]
    fresh = service.generate(desk, FIRST, LAST, keep=False)
    assert_sound(desk, fresh)


def test_rest_is_kept_across_the_edge_of_the_span(desk: Desk, staff: Staff) -> None:
    put = [("2026-06-30", "LEADER", "王示例"), ("2026-08-01", "LEADER", "陈示例")]
    service.assign(desk, [Edit(day, H24, post, 1, staff[name]) for day, post, name in put])
    plan = service.generate(desk, FIRST, LAST)
    held = {(one.date, one.post): one.person for one in plan.assignments}
    assert held[FIRST, "LEADER"] != staff["王示例"]
    assert held[LAST, "LEADER"] != staff["陈示例"]
    assert held[FIRST, "LEADER"] == staff["陈示例"]  # the rotation goes on after whoever stood last


def test_absence_costs_no_turn_and_leave_is_respected(desk: Desk, staff: Staff) -> None:
    asked = {"person": staff["李示例"], "kind": "LEAVE", "starts_on": "2026-07-01", "ends_on": "2026-07-15"}
    service.approve_leave(desk, service.ask_leave(desk, asked), staff["王示例"])
    plan = service.generate(desk, FIRST, LAST)
    assert_sound(desk, plan)
    mine = [one.date for one in plan.assignments if one.person == staff["李示例"]]
    assert mine
    assert min(mine) > "2026-07-15"
    assert plan.widened == ()


def test_what_cannot_be_filled_is_told_with_the_reason(desk: Desk) -> None:
    made = enlist(desk, {"王示例": "LEADER", "李示例": "PRIMARY", "赵示例": "PRIMARY"})
    plan = service.generate(desk, FIRST, "2026-07-07")
    assert_sound(desk, plan)
    reasons = {one.post: one.reason for one in plan.unfilled}
    assert reasons["SECONDARY"] == "没有人能任副班"
    assert reasons["LEADER"] == "能任带班领导的 1 人：已在班或休息不够1人"
    assert sum(one.post == "LEADER" for one in plan.unfilled) == 3  # every other day
    assert "PRIMARY" not in reasons
    leave = {"person": made["王示例"], "kind": "TRIP", "starts_on": FIRST, "ends_on": LAST, "state": "APPROVED"}
    desk.act("leaves.import", [desk.new("leaves", leave)])
    plan = service.generate(desk, FIRST, FIRST)
    assert next(one.reason for one in plan.unfilled if one.post == "LEADER") == "能任带班领导的 1 人：请假外出1人"


def test_the_fewest_bounds_are_widened_and_named(desk: Desk) -> None:
    made = enlist(desk, {"王示例": "LEADER", "陈示例": "LEADER", "周示例": "LEADER", **{
        f"示例{n}": "PRIMARY SECONDARY" for n in range(6)}})  # fmt: skip
    hold = [(f"2026-07-{day:02}", "王示例") for day in range(1, 14, 2)]  # far more than a third by hand
    service.assign(desk, [Edit(day, H24, "LEADER", 1, made[name]) for day, name in hold])
    plan = service.generate(desk, FIRST, "2026-07-14")
    assert_sound(desk, plan)
    assert plan.unfilled == ()
    named = [one for one in plan.widened if one.person == made["王示例"] and one.count == "total"]
    assert [(one.low, one.high, one.value) for one in named] == [(4, 5, 7)]
    assert named[0].text == "王示例 带班领导总数 7 次，应为 4–5 次"


def test_nobody_of_the_roster_is_a_refusal(desk: Desk) -> None:
    with pytest.raises(Refused, match="还没有值班人员"):
        service.generate(desk, FIRST, LAST)


@pytest.mark.parametrize("pattern", ["DAY_NIGHT", "THREE_8H"])
def test_other_patterns(tmp_path: Path, pattern: str) -> None:
    with a_desk(tmp_path / "other", FixedClock(EVENING), shift_pattern=pattern) as desk:
        enlist(desk, {f"带{n}": "LEADER" for n in range(5)} | {f"员{n}": "PRIMARY SECONDARY" for n in range(12)})
        plan = service.generate(desk, FIRST, "2026-07-14")
        assert_sound(desk, plan)
        assert plan.unfilled == ()
        assert any(one.night and one.night < one.total for one in plan.fairness)


def test_a_quarter_for_sixty_is_quick(tmp_path: Path) -> None:
    with a_desk(tmp_path / "many", FixedClock(EVENING)) as desk:
        posts = {f"带{n}": "LEADER" for n in range(12)} | {f"员{n}": "PRIMARY SECONDARY" for n in range(48)}
        made = enlist(desk, posts)
        days_off(desk, *((f"2026-{day}", "HOLIDAY", "示例节") for day in ("09-25", "09-26", "09-27", "10-01")))
        service.generate(desk, FIRST, FIRST)  # OR-tools is loaded
        plan = planning.generate(desk, FIRST, "2026-09-30", stopwatch=time.process_time)
        assert_sound(desk, plan)
        assert plan.unfilled == plan.widened == ()
        assert plan.seconds < 2
        leaves: list[dict[str, Value]] = []
        for n in range(40):
            first = date(2026, 7, 1) + timedelta(days=n * 37 % 85)
            span = {"starts_on": first.isoformat(), "ends_on": (first + timedelta(days=3 + n % 9)).isoformat()}
            name = f"员{n % 48}" if n % 4 else f"带{n // 4}"
            leaves.append({"person": made[name], "kind": "LEAVE", "state": "APPROVED", **span})
        desk.act("leaves.import", [desk.new("leaves", one) for one in leaves])
        plan = planning.generate(desk, FIRST, "2026-09-30", stopwatch=time.process_time)
        assert_sound(desk, plan)
        assert plan.unfilled == plan.widened == ()
        assert plan.seconds < 10


@settings(max_examples=12, deadline=None)
@given(
    st.integers(1, 5),
    st.integers(2, 8),
    st.integers(1, 20),
    st.lists(st.tuples(st.integers(0, 12), st.integers(0, 19), st.integers(0, 6)), max_size=6),
    st.integers(0, 3),
)
def test_any_roster_is_sound_and_within_its_bounds(
    leaders: int, others: int, length: int, leaves: list[tuple[int, int, int]], seed: int
) -> None:
    with tempfile.TemporaryDirectory() as folder, a_desk(Path(folder) / "d", FixedClock(EVENING)) as desk:
        posts = {f"带{n}": "LEADER" for n in range(leaders)} | {f"员{n}": "PRIMARY SECONDARY" for n in range(others)}
        people = list(enlist(desk, posts).ids.values())
        start = date(2026, 7, 1)
        rows: list[dict[str, Value]] = [
            {
                "person": people[who % len(people)], "kind": "LEAVE", "state": "APPROVED",
                "starts_on": (start + timedelta(days=first)).isoformat(),
                "ends_on": (start + timedelta(days=first + days)).isoformat(),
            }
            for who, first, days in leaves
        ]  # fmt: skip
        if rows:
            desk.act("leaves.import", [desk.new("leaves", row) for row in rows])
        end = (start + timedelta(days=length - 1)).isoformat()
        plan = service.generate(desk, start.isoformat(), end, seed=seed)
        assert_sound(desk, plan)
        service.accept(desk, plan)
        assert [one for one in service.check(desk, start.isoformat(), end) if one.hard] == []
        grid = service.grid(desk, start.isoformat(), end)
        outside = {(one.person, one.count) for one in plan.widened}
        for person, held in grid.counts.items():
            for name in rules.COUNTS:
                low, high = getattr(grid.bounds[person], name)
                if not any((person, count) in outside for count in rules.COUNTS):
                    assert low <= getattr(held, name) <= high
