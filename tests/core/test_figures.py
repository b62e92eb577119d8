from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dutydesk.core import figures


@pytest.mark.parametrize(
    ("part", "whole", "places", "shown"),
    [
        (20510, 20905, 2, "98.11 %"),
        (Decimal("37.69"), Decimal("37.73"), 1, "99.9 %"),
        (36, 205, 2, "17.56 %"),
        (2330, 2545, 2, "91.55 %"),
        (0, 0, 2, "—"),
        (0, 5, 0, "0 %"),
        (1, 200, 0, "1 %"),
        (1, 8, 2, "12.50 %"),
        (214, 1000, 0, "21 %"),
        (7, 7, 2, "100.00 %"),
    ],
)
def test_rate_prints_the_published_figures(part: int | Decimal, whole: int | Decimal, places: int, shown: str) -> None:
    assert figures.rate(part, whole, places) == shown


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (160_100, "㎡", "16.01 万㎡"),
        (Decimal("160100.00"), "㎡", "16.01 万㎡"),
        (Decimal("160049.99"), "㎡", "16.00 万㎡"),
        (160_050, "㎡", "16.01 万㎡"),
        (9_999, "件", "9999 件"),
        (10_000, "件", "1.00 万件"),
        (Decimal("620.5"), "㎡", "620.50 ㎡"),
        (0, "", "0"),
    ],
)
def test_wan_begins_at_ten_thousand_and_rounds_half_up(value: int | Decimal, unit: str, shown: str) -> None:
    assert figures.wan(value, unit) == shown


def test_a_half_never_goes_down_as_it_would_in_binary() -> None:
    assert figures.half_up(Decimal("2.675"), 2) == Decimal("2.68")
    assert figures.half_up(Decimal("-0.5"), 0) == Decimal("-1")
    assert figures.ratio(31_000, 8_718) == Decimal("3.56")
    assert figures.ratio(1, 0) is None


@pytest.mark.parametrize(
    ("usable", "per_person", "people"),
    [(16_010_000, 300, 53_366), (16_010_000, 200, 80_050), (299, 300, 0), (300, 300, 1), (100, 0, None), (-5, 100, 0)],
)
def test_capacity_is_whole_people(usable: int, per_person: int, people: int | None) -> None:
    assert figures.capacity(usable, per_person) == people


@given(usable=st.integers(0, 10**9), per_person=st.integers(1, 10**5))
@settings(max_examples=50, deadline=None)
def test_capacity_never_takes_one_too_many(usable: int, per_person: int) -> None:
    people = figures.capacity(usable, per_person)
    assert people is not None
    assert people * per_person <= usable < (people + 1) * per_person


def test_load_gap_and_lateness() -> None:
    assert figures.load(214, 214) == "100 %"
    assert figures.load(3, 0) == "—"
    assert (figures.stock_gap(128, 100), figures.stock_gap(100, 128)) == (28, 0)
    assert [figures.late_minutes(0, at) for at in (-1, 0, 1, 60_000, 60_001)] == [0, 0, 1, 1, 2]


def test_share_within_a_limit_includes_the_limit_and_counts_what_is_not_done() -> None:
    assert figures.within([1, 24, 25, None], 24) == "50.00 %"
    assert figures.within([], 24) == "—"
