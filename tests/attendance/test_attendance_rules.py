"""Lateness, overtime, absence at their very minutes; the statistics of spot checks."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dutydesk.attendance import rules
from dutydesk.attendance.checks import results
from dutydesk.attendance.limits import limits_of
from dutydesk.attendance.rules import Arrival, Check, State, Stats
from dutydesk.core.clock import MINUTE, parse_iso

START = parse_iso("2026-12-31 23:30")  # the minutes that follow are another day, month and year
SECOND = 1_000


@pytest.mark.parametrize(
    ("offset", "grace", "late", "tight"),
    [
        (-600_001, 0, 0, False),
        (-600_000, 0, 0, False),  # ten minutes early is early enough
        (-599_999, 0, 0, True),
        (0, 0, 0, True),  # the start itself is in time
        (1, 0, 1, False),  # a begun minute counts
        (60_000, 0, 1, False),
        (60_001, 0, 2, False),
        (45 * MINUTE, 0, 45, False),
        (5 * MINUTE, 5, 0, True),
        (5 * MINUTE + 1, 5, 6, False),
    ],
)
def test_lateness_at_its_edges(offset: int, grace: int, late: int, tight: bool) -> None:
    assert rules.arrival(START + offset, START, 10, grace) == Arrival(late, tight)


@pytest.mark.parametrize(
    ("offset", "minutes"), [(-5 * MINUTE, 0), (0, 0), (59_999, 0), (60_000, 1), (119_999, 1), (95 * MINUTE, 95)]
)
def test_overtime_counts_whole_minutes_and_is_never_negative(offset: int, minutes: int) -> None:
    assert rules.overtime(START + offset, START) == minutes


@pytest.mark.parametrize(
    ("last", "offset", "state"),
    [
        ("", -1, State.WAITING),
        ("", 0, State.WAITING),
        ("", 1, State.LATE),
        ("", 15 * MINUTE - 1, State.LATE),
        ("", 15 * MINUTE, State.ABSENT),
        ("IN", 15 * MINUTE, State.IN),
        ("HOME", -MINUTE, State.HOME),
        ("OUT", MINUTE, State.OUT),
    ],
)
def test_where_an_expected_person_stands(last: str, offset: int, state: State) -> None:
    assert rules.state(last, START + offset, START, 15) is state


@pytest.mark.parametrize(
    ("last", "relieved", "taken_over", "stays"),
    [
        ("IN", False, False, True),
        ("IN", True, False, False),
        ("IN", False, True, False),
        ("OUT", False, False, False),
        ("HOME", False, False, False),
        ("", False, False, False),
    ],
)
def test_who_stays_past_the_end(last: str, relieved: bool, taken_over: bool, stays: bool) -> None:
    assert rules.stayed(last, relieved, taken_over) is stays


@pytest.mark.parametrize(
    ("stopped", "seconds"), [(0, 0), (999, 0), (1_000, 1), (29_999, 29), (61_000, 61), (-1, None), (-3_600_000, None)]
)
def test_a_stopwatch_over_a_clock_that_may_be_set_back(stopped: int, seconds: int | None) -> None:
    assert rules.elapsed(START, START + stopped) == seconds


@pytest.mark.parametrize(
    ("values", "p90"),
    [
        ([], None),
        ([7], 7),
        ([9, 1], 9),
        (list(range(1, 10)), 9),  # ⌈8.1⌉ = the ninth
        (list(range(1, 11)), 9),  # ⌈9⌉ = the ninth of ten
        (list(range(1, 12)), 10),  # ⌈9.9⌉
        ([30] * 19 + [500], 30),
    ],
)
def test_the_ninetieth_percentile_is_the_nearest_rank(values: list[int], p90: int | None) -> None:
    assert rules.percentile(values) == p90


@settings(max_examples=60)
@given(st.lists(st.integers(0, 600), min_size=1, max_size=60))
def test_nine_of_ten_are_not_above_the_percentile(values: list[int]) -> None:
    found = rules.percentile(values)
    assert found in values
    assert found is not None
    assert sum(value <= found for value in values) * 10 >= 9 * len(values)
    assert sum(value < found for value in values) * 10 < 9 * len(values)


def test_a_month_of_checks_is_counted() -> None:
    a, b = b"a" * 16, b"b" * 16
    checks = [
        Check(a, "IN_POST", 10),
        Check(a, "IN_POST", 31),
        Check(a, "NO_ANSWER"),
        Check(b, "FORWARDED", 30),
        Check(b, "BAD_NUMBER", 99),  # nobody answered: no time counts
        Check(b, "IN_POST"),
    ]
    assert rules.stats(checks, results(), 30) == Stats(6, 4, 3, 3, 24, 31, 1)
    assert rules.by_unit(checks, results(), 30) == {
        a: Stats(3, 2, 2, 2, 21, 31, 1),  # 20.5 goes up
        b: Stats(3, 2, 1, 1, 30, 30, 0),
    }
    assert rules.stats([], results(), 30) == Stats(0, 0, 0, 0, None, None, 0)


def test_the_numbers_can_be_set_and_nonsense_changes_nothing() -> None:
    plain = limits_of({})
    assert (plain.arrive_early, plain.late_grace, plain.absent_after, plain.answer_seconds) == (10, 0, 15, 30)
    told = limits_of(
        {
            "attendance.absent_after": "20",
            "attendance.late_grace": "61",
            "attendance.arrive_early": "十",
            "attendance.answer_seconds": "0",
            "attendance.home.PRIMARY": "NORMAL",
            "attendance.home.LEADER": "-",
            "attendance.home.DRIVER": "NIGHTMARE",
        }
    )
    assert (told.arrive_early, told.late_grace, told.absent_after, told.answer_seconds) == (10, 0, 20, 0)
    assert told.may_be_home("PRIMARY", frozenset())
    assert not told.may_be_home("LEADER", frozenset())
    assert told.may_be_home("DRIVER", frozenset({"NORMAL"}))


@pytest.mark.parametrize(
    ("post", "modes", "may"),
    [
        ("LEADER", (), True),
        ("LEADER", ("FLOOD_SEASON",), True),
        ("LEADER", ("FLOOD_SEASON", "RAIN_STORM"), False),
        ("LEADER", ("MAIN_FLOOD",), False),
        ("LEADER", ("HOLIDAY",), False),
        ("PRIMARY", (), False),
        ("SECONDARY", (), False),
        ("WEEKLY", ("FIRE_SEASON",), True),
        ("", (), False),
    ],
)
def test_who_may_be_on_duty_from_home(post: str, modes: tuple[str, ...], may: bool) -> None:
    assert limits_of({}).may_be_home(post, frozenset(modes)) is may
