"""The pure rules: kinds of day, seasons, crews, nights, rest, fitness, the fair share."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dutydesk.core import turns
from dutydesk.core.clock import HOUR, parse_iso
from dutydesk.core.errors import Refused
from dutydesk.roster import rules
from dutydesk.roster.rules import Duty, Member, Numbers, clash, kind_of, shares, unfit

YEARS = frozenset(("2026",))


@pytest.mark.parametrize(
    ("day", "told", "kind"),
    [
        ("2026-06-18", None, "WORKDAY"),
        ("2026-06-20", None, "RESTDAY"),
        ("2026-06-20", "MAKEUP", "MAKEUP"),
        ("2026-06-19", "HOLIDAY", "HOLIDAY"),
        ("2027-01-01", None, None),
        ("2027-01-02", None, None),
        ("2027-01-01", "HOLIDAY", "HOLIDAY"),
        ("2026-12-31", None, "WORKDAY"),
    ],
)
def test_a_day_is_what_the_table_says_and_unknown_in_a_year_not_announced(
    day: str, told: str | None, kind: str | None
) -> None:
    assert kind_of(day, told, YEARS) == kind


def test_a_year_is_announced_with_its_national_day_alone() -> None:
    # The paper of 2025 names 2024-12-28 of the year before, and says nothing else of 2024.
    assert rules.announced(["2024-12-28", "2025-10-01", "2026-01-01"]) == {"2025"}
    assert rules.announced([]) == frozenset()


@pytest.mark.parametrize(
    ("day", "span", "held"),
    [
        ("2026-04-14", "04-15..10-15", False),
        ("2026-04-15", "04-15..10-15", True),
        ("2026-10-15", "04-15..10-15", True),
        ("2026-10-16", "04-15..10-15", False),
        ("2026-12-31", "11-01..03-31", True),
        ("2027-01-01", "11-01..03-31", True),
        ("2026-04-01", "11-01..03-31", False),
        ("2026-06-18", "nonsense", False),
    ],
)
def test_a_season_holds_both_its_ends(day: str, span: str, held: bool) -> None:
    assert turns.in_season(day, span) is held


def test_a_crew_is_read_and_the_stronger_number_wins() -> None:
    assert rules.parse_crew("LEADER=1 PRIMARY = 2，SECONDARY=0") == {"LEADER": 1, "PRIMARY": 2, "SECONDARY": 0}
    assert rules.parse_crew("") == {}
    assert rules.strongest([{"LEADER": 1, "PRIMARY": 1}, {"PRIMARY": 2, "DRIVER": 0}]) == {"LEADER": 1, "PRIMARY": 2}
    with pytest.raises(Refused, match="岗位代码=人数"):
        rules.parse_crew("带班=1")


@pytest.mark.parametrize(
    ("start", "end", "night"),
    [
        ("2026-06-18 08:30", "2026-06-19 08:30", True),
        ("2026-06-18 08:30", "2026-06-18 17:30", False),
        ("2026-06-18 17:30", "2026-06-19 08:30", True),
        ("2026-06-18 00:00", "2026-06-18 08:00", True),
        ("2026-06-18 16:00", "2026-06-19 00:00", False),  # two hours of night
        ("2026-06-18 16:00", "2026-06-19 01:00", True),  # three
        ("2026-06-18 16:00", "2026-06-19 00:59", False),
    ],
)
def test_a_night_shift_lies_three_hours_in_the_night(start: str, end: str, night: bool) -> None:
    assert rules.is_night(parse_iso(start), parse_iso(end), Numbers()) is night


@pytest.mark.parametrize(
    ("gap", "found"),
    [(-1, "DOUBLE"), (0, "RUNNING"), (1, "REST"), (12 * HOUR - 1, "REST"), (12 * HOUR, ""), (24 * HOUR, "")],
)
def test_between_two_duties_there_is_rest(gap: int, found: str) -> None:
    one, other = Duty(0, 24 * HOUR), Duty(24 * HOUR + gap, 48 * HOUR + gap)
    assert clash(one, other, 12 * HOUR) == clash(other, one, 12 * HOUR) == found


def test_two_shifts_running_are_refused_without_any_rest_too() -> None:
    assert clash(Duty(0, 8), Duty(8, 16), 0) == "RUNNING"


@pytest.mark.parametrize(
    ("more", "day", "found"),
    [
        ({}, "2026-06-18", ""),
        ({"posts": frozenset(("SECONDARY",))}, "2026-06-18", "UNQUALIFIED"),
        ({"joined": "2026-06-18"}, "2026-06-18", ""),
        ({"joined": "2026-06-19"}, "2026-06-18", "LEFT"),
        ({"left": "2026-06-18"}, "2026-06-18", ""),
        ({"left": "2026-06-17"}, "2026-06-18", "LEFT"),
        ({"trained": "2026-06-18"}, "2026-06-18", ""),
        ({"trained": "2026-06-19"}, "2026-06-18", "UNTRAINED"),
        ({"trained": ""}, "2026-06-18", "NO_RECORD"),
        ({"away": (("2026-06-18", "2026-06-20"),)}, "2026-06-17", ""),
        ({"away": (("2026-06-18", "2026-06-20"),)}, "2026-06-18", "LEAVE"),
        ({"away": (("2026-06-18", "2026-06-20"),)}, "2026-06-20", "LEAVE"),
        ({"away": (("2026-06-18", "2026-06-20"),)}, "2026-06-21", ""),
    ],
)
def test_who_may_stand_a_post(more: dict[str, object], day: str, found: str) -> None:
    told: dict[str, object] = {"posts": frozenset(("PRIMARY",)), "trained": "2020-01-01", **more}
    assert unfit(Member(b"p" * 16, **told), "PRIMARY", day) == found  # pyright: ignore[reportArgumentType]


def test_the_share_is_floor_and_ceiling_by_presence() -> None:
    assert shares(92, {b"a": 92, b"b": 92, b"c": 92}) == {b"a": (30, 31), b"b": (30, 31), b"c": (30, 31)}
    assert shares(10, {b"a": 10, b"b": 5}) == {b"a": (6, 7), b"b": (3, 4)}
    assert shares(10, {b"a": 0, b"b": 5}) == {b"a": (0, 0), b"b": (5, 5)}  # more is asked than one can stand
    assert shares(4, {b"a": 0}) == {b"a": (0, 0)}


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 300), st.lists(st.integers(0, 92), min_size=1, max_size=40))
def test_shares_can_always_add_up_where_there_are_people_enough(number: int, weights: list[int]) -> None:
    people = {bytes([n]) * 16: weight for n, weight in enumerate(weights)}
    found = shares(number, people)
    whole = sum(weights)
    if whole:
        for person, (low, high) in found.items():
            assert low <= min(Fraction(number * people[person], whole), people[person]) <= max(high, 0) + 1
            assert 0 <= high - low <= 1
    if whole >= number:
        assert sum(low for low, _high in found.values()) <= number <= sum(high for _low, high in found.values())


def test_a_span_has_both_ends_and_a_sensible_length() -> None:
    assert rules.days("2026-02-28", "2026-03-01") == ["2026-02-28", "2026-03-01"]
    assert len(rules.days("2028-01-01", "2028-12-31")) == 366
    for start, end in (("2026-03-01", "2026-02-28"), ("2026-1-1", "2026-02-01"), ("2020-01-01", "2026-01-01")):
        with pytest.raises(Refused):
            rules.days(start, end)


def test_overlapping_spans_are_counted_once() -> None:
    assert rules.overlap_union([(0, 10), (5, 12), (20, 30), (22, 25)]) == 22
    assert rules.overlap_union([]) == 0


@pytest.mark.parametrize(
    ("text", "crew"),
    [
        ("带班领导=1 主班=2", "LEADER=1 PRIMARY=2"),
        ("主班＝2，副班 = 1", "PRIMARY=2 SECONDARY=1"),
        ("LEADER=1", "LEADER=1"),
        ("", ""),
    ],
)
def test_a_crew_is_written_in_the_units_own_words(text: str, crew: str) -> None:
    names = {"LEADER": "带班领导", "PRIMARY": "主班", "SECONDARY": "副班"}
    assert rules.crew_coded(text, names) == crew
    assert rules.crew_coded(rules.crew_words(crew, names), names) == crew
    assert "LEADER" not in rules.crew_words(crew, names)


@pytest.mark.parametrize("text", ["班长=1", "主班", "主班=", "主班=两"])
def test_a_crew_of_no_post_or_no_number_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        rules.crew_coded(text, {"PRIMARY": "主班"})
