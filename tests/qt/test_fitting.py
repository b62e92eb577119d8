"""How the room of a list is shared among its columns."""

from __future__ import annotations

from itertools import starmap

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dutydesk.qt.fitting import Want, shares

NAME, STATE, NOTE = Want(60, 200, 120), Want(50, 70, 90), Want(50, 0, 160)


@pytest.mark.parametrize(
    ("room", "expected"),
    [(300, [200, 70, 50]), (330, [200, 80, 50]), (340, [200, 90, 50]), (500, [250, 90, 160])],
)
def test_the_name_is_whole_before_others_get_more_than_they_need(room: int, expected: list[int]) -> None:
    found = shares([NAME, STATE, NOTE], 0, room, longest=300)
    assert found == expected


def test_long_texts_do_not_push_the_list_away() -> None:
    long = Want(50, 4_000, 100)
    assert shares([NAME, long], 0, 400, longest=300) == [250, 150]
    assert shares([NAME, long], 1, 400, longest=300)[1] == 300


def test_a_column_is_cut_to_what_was_declared_only_where_that_saves_scrolling() -> None:
    wide = Want(50, 150, 100)
    assert shares([NAME, wide], 0, 320, longest=300) == [200, 120]
    assert shares([NAME, wide], 0, 250, longest=300) == [200, 150]


def test_an_empty_list_is_not_scrolled_for_columns_that_hold_nothing() -> None:
    wants = [Want(60, 0, 300), Want(50, 0, 300), Want(50, 0, 300)]
    assert sum(shares(wants, 0, 400, longest=300, empty=True)) == 400


@given(
    st.lists(st.tuples(st.integers(20, 90), st.integers(0, 900), st.integers(20, 300)), min_size=1, max_size=12),
    st.data(),
    st.integers(0, 2_000),
    st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_no_title_is_cut_and_no_room_is_lost(
    told: list[tuple[int, int, int]], data: st.DataObject, room: int, empty: bool
) -> None:
    wants = list(starmap(Want, told))
    important = data.draw(st.integers(0, len(wants) - 1))
    found = shares(wants, important, room, longest=320, empty=empty)
    assert all(width >= want.least for width, want in zip(found, wants, strict=True))
    assert sum(found) >= room
