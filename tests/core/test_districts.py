"""Province, city and district by their codes."""

from __future__ import annotations

import pytest

from dutydesk.core.districts import related, stem, within


@pytest.mark.parametrize(
    ("code", "begins"), [("330000", "33"), ("330100", "3301"), ("330102", "330102"), ("330110", "330110"), ("33", "33"), ("", "")]
)  # fmt: skip
def test_what_the_codes_within_begin_with(code: str, begins: str) -> None:
    assert stem(code) == begins


@pytest.mark.parametrize(
    ("one", "other", "says"),
    [
        ("330102", "330102", True),
        ("330102", "330100", True),
        ("330100", "330102", True),
        ("330102", "330105", False),
        ("330102", "330200", False),
        ("330102", "330000", True),
        ("330102001", "330102", True),
        ("330102", "", True),
        ("", "330102", True),
    ],
)
def test_two_districts_of_a_city_are_not_related_but_both_to_it(one: str, other: str, says: bool) -> None:
    assert related(one, other) is says
    assert related(other, one) is says


def test_a_district_lies_within_its_city_and_not_the_other_way_round() -> None:
    assert within("330102", "330100")
    assert not within("330100", "330102")
