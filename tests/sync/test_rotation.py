"""Which copies stay: the table of its bounds, and what holds for any set of copies."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dutydesk.core.clock import DAY, HOUR, MINUTE, parse_iso
from dutydesk.sync.rotation import Held, Rotation, kept, squeezed, to_go

NOW = parse_iso("2026-06-18 22:30")
RULE = Rotation()


def every(step: int, count: int, start: int = NOW) -> list[Held]:
    return [Held(f"{n:05d}", start - n * step) for n in range(count)]


@pytest.mark.parametrize(
    ("step", "count", "only", "stay"),
    [
        (HOUR, 24, Rotation(24, 0, 0, 0, 0), 24),
        (HOUR, 25, Rotation(24, 0, 0, 0, 0), 24),
        (20 * MINUTE, 3 * 30, Rotation(24, 0, 0, 0, 0), 24),
        (DAY, 14, Rotation(0, 14, 0, 0, 0), 14),
        (DAY, 15, Rotation(0, 14, 0, 0, 0), 14),
        (7 * DAY, 9, Rotation(0, 0, 8, 0, 0), 8),
        (31 * DAY, 26, Rotation(0, 0, 0, 24, 0), 24),
        (HOUR, 1, RULE, 1),
        (HOUR, 24, RULE, 24),
    ],
)
def test_how_many_of_each_span_stay(step: int, count: int, only: Rotation, stay: int) -> None:
    held = every(step, count)
    assert len(kept(held, only)) == stay
    assert "00000" in kept(held, only)


@pytest.mark.parametrize(
    ("first", "second", "rule", "both"),
    [
        ("2026-06-18 21:59", "2026-06-18 22:00", Rotation(24, 0, 0, 0, 0), True),
        ("2026-06-18 22:00", "2026-06-18 22:59", Rotation(24, 0, 0, 0, 0), False),
        ("2026-06-17 23:59", "2026-06-18 00:00", Rotation(0, 14, 0, 0, 0), True),
        ("2026-06-18 00:00", "2026-06-18 23:59", Rotation(0, 14, 0, 0, 0), False),
        ("2026-06-14 23:59", "2026-06-15 00:00", Rotation(0, 0, 8, 0, 0), True),  # Sunday, Monday
        ("2026-06-15 00:00", "2026-06-21 23:59", Rotation(0, 0, 8, 0, 0), False),
        ("2026-05-31 23:59", "2026-06-01 00:00", Rotation(0, 0, 0, 24, 0), True),
        ("2026-06-01 00:00", "2026-06-30 23:59", Rotation(0, 0, 0, 24, 0), False),
        ("2025-12-31 23:59", "2026-01-01 00:00", Rotation(0, 0, 0, 24, 0), True),
    ],
)
def test_where_a_span_ends(first: str, second: str, rule: Rotation, both: bool) -> None:
    held = [Held("first", parse_iso(first)), Held("second", parse_iso(second))]
    assert kept(held, rule) == ({"first", "second"} if both else {"second"})


def test_two_years_of_hourly_copies_leave_a_year_and_more_to_go_back_to() -> None:
    held: list[Held] = []
    for n in range(24 * 800):
        made = Held(f"{n:05d}", NOW + n * HOUR)
        held.append(made)
        if n % 24 == 0:
            gone = set(to_go(held, RULE, made.name))
            held = [one for one in held if one.name not in gone]
    gone = set(to_go(held, RULE, held[-1].name))
    held = [one for one in held if one.name not in gone]
    assert len(held) <= 24 + 14 + 8 + 24 + 2
    assert held[-1].at - held[0].at > 690 * DAY, "the oldest month is still there"


def test_a_verified_copy_stands_for_its_hour_before_a_newer_one_that_is_not() -> None:
    held = [Held("good", NOW), Held("bad", NOW + MINUTE, verified=False)]
    assert kept(held, Rotation(24, 0, 0, 0, 0)) == {"good"}


def test_a_copy_with_the_clock_gone_back_stays_when_it_was_just_made() -> None:
    held = [*every(HOUR, 40), Held("2003", parse_iso("2003-01-01 00:00"))]
    assert "2003" in kept(held, Rotation(24, 0, 0, 0, 0), made="2003")
    assert "2003" not in kept(held, Rotation(24, 0, 0, 0, 0))


YEAR = 365 * DAY


@pytest.mark.parametrize("wrong", [YEAR, -YEAR, 3 * HOUR, -3 * HOUR, 24 * YEAR, -50 * YEAR])
def test_a_clock_that_was_wrong_for_three_days_costs_nothing(wrong: int) -> None:
    """Three days right, three wrong, three right again: whatever the clock says, what was just made stays, so does
    the newest by what it holds, and each stretch keeps its own hours and days."""
    held: list[Held] = []
    for n in range(9 * 24):
        at = NOW + n * HOUR + (wrong if 72 <= n < 144 else 0)
        one = Held(f"{n:05d}", at, epoch=1, arrival=n + 1)
        held.append(one)
        gone = {*to_go(held, RULE, one.name), *squeezed(held, 1, one.name)[:0]}
        assert one.name not in gone
        assert f"{max(n - 1, 0):05d}" not in gone, "nor the one before it"
        held = [other for other in held if other.name not in gone]
    names = [int(one.name) for one in held]
    assert set(range(9 * 24 - 20, 9 * 24)) <= set(names), "the last hours, all right again"
    assert len({n // 24 for n in names}) >= 6, "days of every stretch"
    assert len(held) <= 2 * (24 + 14 + 8 + 24 + 2)


def test_the_newest_is_the_one_that_holds_most() -> None:
    ahead = Held("2027", NOW + YEAR, epoch=1, arrival=5)
    last = Held("2026", NOW, epoch=1, arrival=9)
    restored = Held("2026-2", NOW - HOUR, epoch=2, arrival=4)
    none = Rotation(0, 0, 0, 0, 0)
    assert kept([ahead, last], none) == {"2026"}
    assert kept([ahead, last, restored], none) == {"2026-2"}, "what was begun after a restore goes on"
    assert squeezed([ahead, last, restored], 10**12) == ["2027", "2026"]


def test_with_none_verified_only_what_stands_for_nothing_goes() -> None:
    held = [Held(one.name, one.at, verified=False) for one in every(HOUR, 40)]
    assert {one.name for one in held[:24]} <= kept(held, RULE)
    assert kept(held, Rotation(0, 0, 0, 0)) == {"00000", "00001"}


def test_the_one_before_outlives_the_one_after_it() -> None:
    held = [Held("before", NOW), Held("after", NOW + MINUTE), Held("later", NOW + 2 * MINUTE)]
    assert kept(held, Rotation(24, 14, 8, 24)) == {"after", "later"}
    assert kept(held[:2], Rotation(24, 14, 8, 24)) == {"before", "after"}


def test_what_goes_when_there_is_no_room() -> None:
    held = [Held(f"{n}", NOW + n * HOUR, verified=n != 4, size=100) for n in range(5)]
    assert squeezed(held, 0) == []
    assert squeezed(held, 1) == ["0"]
    assert squeezed(held, 101) == ["0", "1"]
    assert squeezed(held, 10_000) == ["0", "1", "2", "4"], "the newest verified one stays"
    assert squeezed(held, 10_000, made="2") == ["0", "1", "4"]


HELD = st.lists(
    st.builds(
        Held,
        st.uuids().map(str),
        st.integers(NOW - 900 * DAY, NOW + 900 * DAY),
        st.booleans(),
        st.integers(1, 10**9),
        st.integers(1, 3),
        st.integers(0, 3),
        st.integers(0, 40),
    ),
    max_size=60,
)


@settings(max_examples=60, deadline=None)
@given(HELD, st.integers(0, 10**11), st.builds(Rotation, *[st.integers(0, 5)] * 5))
def test_the_newest_verified_copy_never_goes(held: list[Held], lacking: int, rule: Rotation) -> None:
    gone = {*to_go(held, rule), *squeezed(held, lacking)}
    verified = [one for one in held if one.verified]
    if verified:
        assert max(verified, key=lambda one: one.age).name not in gone
    stay = kept(held, rule)
    assert stay | set(to_go(held, rule)) == {one.name for one in held}
    assert len(stay) <= 2 + rule.hours + rule.days + rule.weeks + rule.months + rule.latest


@settings(max_examples=30, deadline=None)
@given(HELD)
def test_what_stays_stays_the_next_time(held: list[Held]) -> None:
    stay = kept(held, RULE)
    assert kept([one for one in held if one.name in stay], RULE) == stay
