"""When recurring duties fall due: minutes, midnights, months' ends, leap years, shifts, seasons."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dutydesk.attendance import plans
from dutydesk.attendance.plans import Due, DueState, Plan, Seasons, Turn
from dutydesk.core.clock import DAY, HOUR, MINUTE, iso, parse_iso
from dutydesk.core.errors import Refused


def at(text: str) -> int:
    return parse_iso(text)


def dues(plan: Plan, start: str, end: str, *more: object) -> list[str]:
    found = plans.dues(plan, at(start), at(end), *more)  # pyright: ignore[reportArgumentType]
    return [iso(due.at)[:16] for due in found]


@pytest.mark.parametrize(
    ("rhythm", "days", "time", "start", "end", "found"),
    [
        ("DAILY", "", "16:00", "2026-06-18 16:00", "2026-06-18 16:01", ["2026-06-18T16:00"]),
        ("DAILY", "", "16:00", "2026-06-18 16:01", "2026-06-19 16:00", []),
        ("DAILY", "", "00:00", "2026-12-31 23:59", "2027-01-01 00:01", ["2027-01-01T00:00"]),
        ("DAILY", "", "23:59", "2026-12-31 00:00", "2027-01-01 00:00", ["2026-12-31T23:59"]),
        ("WEEKLY", "1 5", "10:00", "2026-06-15 00:00", "2026-06-22 00:00", ["2026-06-15T10:00", "2026-06-19T10:00"]),
        ("WEEKLY", "7", "10:00", "2026-12-28 00:00", "2027-01-04 00:00", ["2027-01-03T10:00"]),
        ("MONTHLY", "-1", "17:00", "2026-02-01 00:00", "2026-03-01 00:00", ["2026-02-28T17:00"]),
        ("MONTHLY", "-1", "17:00", "2028-02-01 00:00", "2028-03-01 00:00", ["2028-02-29T17:00"]),
        ("MONTHLY", "-1 28", "17:00", "2026-02-01 00:00", "2026-03-01 00:00", ["2026-02-28T17:00"]),
        ("MONTHLY", "30 31", "17:00", "2026-02-01 00:00", "2026-04-01 00:00", ["2026-03-30T17:00", "2026-03-31T17:00"]),
        ("MONTHLY", "1", "00:00", "2026-12-31 00:00", "2027-01-01 00:00", []),
        ("MONTHLY", "1", "00:00", "2026-12-31 00:00", "2027-01-01 00:01", ["2027-01-01T00:00"]),
    ],
)
def test_what_falls_due(rhythm: str, days: str, time: str, start: str, end: str, found: list[str]) -> None:
    assert dues(plans.plan_of(rhythm, days, time), start, end) == found


def test_a_plan_begins_and_ends_with_its_days() -> None:
    plan = plans.plan_of("DAILY", "", "08:00", first=date(2026, 6, 18), last=date(2026, 6, 19))
    assert dues(plan, "2026-06-01", "2026-07-01") == ["2026-06-18T08:00", "2026-06-19T08:00"]


def turns(*starts: str, hours: int = 24, mode: str = "") -> list[Turn]:
    return [Turn(f"{start[:10]}/H24", at(start), at(start) + hours * HOUR, mode) for start in starts]


def test_once_a_shift_so_many_minutes_after_its_start() -> None:
    plan = plans.plan_of("SHIFT", "", "+30")
    both = turns("2026-06-18 08:30", "2026-06-19 08:30")
    assert dues(plan, "2026-06-18", "2026-06-21", both) == ["2026-06-18T09:00", "2026-06-19T09:00"]
    late = plans.plan_of("SHIFT", "", "1440")
    assert dues(late, "2026-06-18", "2026-06-21", turns("2026-06-18 08:30", hours=8)) == ["2026-06-18T16:29"]


def test_a_shift_over_midnight_belongs_to_the_day_on_which_it_begins() -> None:
    plan = plans.plan_of("SHIFT", "", "+600", last=date(2026, 12, 31))
    night = turns("2026-12-31 17:30", hours=15)
    assert dues(plan, "2026-12-31", "2027-01-02", night) == ["2027-01-01T03:30"]
    assert plans.key_of(plan, at("2027-01-01 03:30"), night) == "2026-12-31/H24"
    assert plans.key_of(plan, at("2027-01-01 08:30"), night) == ""


def test_only_in_its_season() -> None:
    plan = plans.plan_of("DAILY", "", "16:00", season="FLOOD_SEASON")
    spans = Seasons((("FLOOD_SEASON", date(2026, 6, 18), date(2026, 6, 19)),))
    assert dues(plan, "2026-06-16", "2026-06-23", (), spans) == ["2026-06-18T16:00", "2026-06-19T16:00"]
    assert dues(plan, "2026-06-16", "2026-06-23") == []
    main = Seasons((("MAIN_FLOOD", date(2026, 6, 20), date.max),), also=(("FLOOD_SEASON", "MAIN_FLOOD"),))
    assert dues(plan, "2026-06-19", "2026-06-22", (), main) == ["2026-06-20T16:00", "2026-06-21T16:00"]
    by_shift = Seasons(turns={date(2026, 6, 17): frozenset({"FLOOD_SEASON"})})
    assert dues(plan, "2026-06-16", "2026-06-23", (), by_shift) == ["2026-06-17T16:00"]
    yearly = Seasons(yearly=(("FLOOD_SEASON", "04-15..06-17"),))
    assert dues(plan, "2026-06-16", "2026-06-23", (), yearly) == ["2026-06-16T16:00", "2026-06-17T16:00"]
    holiday = plans.plan_of("DAILY", "", "15:00", season="HOLIDAY")
    days = Seasons(holidays=frozenset({date(2026, 10, 1)}))
    assert dues(holiday, "2026-09-30", "2026-10-03", (), days) == ["2026-10-01T15:00"]
    normal = plans.plan_of("DAILY", "", "15:00", season="NORMAL")
    assert dues(normal, "2026-09-30", "2026-10-02", (), days) == ["2026-09-30T15:00"]


@pytest.mark.parametrize(
    ("rhythm", "days", "time", "field"),
    [
        ("DAILY", "1", "16:00", "days"),
        ("SHIFT", "1", "+30", "days"),
        ("WEEKLY", "", "16:00", "days"),
        ("WEEKLY", "0", "16:00", "days"),
        ("WEEKLY", "8", "16:00", "days"),
        ("WEEKLY", "-1", "16:00", "days"),
        ("MONTHLY", "32", "16:00", "days"),
        ("MONTHLY", "-2", "16:00", "days"),
        ("MONTHLY", "周一", "16:00", "days"),
        ("DAILY", "", "", "time"),
        ("DAILY", "", "24:00", "time"),
        ("DAILY", "", "16:60", "time"),
        ("DAILY", "", "+30", "time"),
        ("SHIFT", "", "16:00", "time"),
        ("SHIFT", "", "+1441", "time"),
        ("SHIFT", "", "-5", "time"),
    ],
)
def test_what_is_no_plan_names_its_field(rhythm: str, days: str, time: str, field: str) -> None:
    with pytest.raises(Refused) as refused:
        plans.plan_of(rhythm, days, time)
    assert [problem.field for problem in refused.value.problems] == [field]


@pytest.mark.parametrize(
    ("rhythm", "text", "days"), [("WEEKLY", "5 1，3、3", (1, 3, 5)), ("MONTHLY", "-1,15", (-1, 15)), ("DAILY", " ", ())]
)
def test_days_are_read_as_people_write_them(rhythm: str, text: str, days: tuple[int, ...]) -> None:
    assert plans.days_of(rhythm, text) == days


def test_a_plan_cannot_end_before_it_begins() -> None:
    with pytest.raises(Refused, match="止早于起"):
        plans.plan_of("DAILY", "", "16:00", first=date(2026, 6, 18), last=date(2026, 6, 17))


@pytest.mark.parametrize(
    ("offset", "grace", "state"),
    [
        (-1, 0, DueState.AHEAD),
        (0, 0, DueState.DUE),
        (1, 0, DueState.MISSED),
        (15 * MINUTE, 15, DueState.DUE),
        (15 * MINUTE + 1, 15, DueState.MISSED),
        (-DAY, 15, DueState.AHEAD),
    ],
)
def test_where_a_due_stands(offset: int, grace: int, state: DueState) -> None:
    due = Due("2026-06-18", at("2026-06-18 16:00"))
    assert plans.state(due, Plan("DAILY", 960, grace=grace), due.at + offset) is state


@pytest.mark.parametrize(
    ("tick", "state"),
    [({"late_min": 0}, DueState.DONE), ({"late_min": 3}, DueState.LATE), ({"not_done": 1}, DueState.NOT_DONE)],
)
def test_a_tick_says_where_its_due_stands(tick: dict[str, int], state: DueState) -> None:
    due = Due("2026-06-18", at("2026-06-18 16:00"))
    assert plans.state(due, Plan("DAILY", 960), due.at + DAY, tick) is state


@pytest.mark.parametrize(
    ("offset", "grace", "late"), [(-1, 0, 0), (0, 0, 0), (1, 0, 1), (60_000, 1, 0), (60_001, 1, 2)]
)
def test_lateness_of_a_duty(offset: int, grace: int, late: int) -> None:
    assert plans.late(at("2026-12-31 23:59"), at("2026-12-31 23:59") + offset, grace) == late


@settings(max_examples=40)
@given(
    st.sampled_from([("DAILY", ""), ("WEEKLY", "2 6"), ("MONTHLY", "1 15 31 -1")]),
    st.integers(0, 1_439),
    st.integers(0, 800),
    st.integers(0, 800),
)
def test_a_span_cut_in_two_gives_the_same_dues(plan: tuple[str, str], minute: int, first: int, second: int) -> None:
    made = plans.plan_of(*plan, f"{minute // 60}:{minute % 60:02d}")
    start = at("2026-01-30 11:07")
    middle, end = start + first * HOUR, start + (first + second) * HOUR
    assert plans.dues(made, start, end) == plans.dues(made, start, middle) + plans.dues(made, middle, end)
    keys = [due.key for due in plans.dues(made, start, end)]
    assert len(keys) == len(set(keys))
