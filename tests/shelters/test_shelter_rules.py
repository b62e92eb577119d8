from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dutydesk.core.errors import Refused
from dutydesk.core.reference import reference, rows
from dutydesk.shelters.rules import (
    capacity,
    check_count,
    check_state,
    level_text,
    load,
    people_now,
    per_person,
    state_with,
    summary,
)

TABLES = reference("shelters")


def district() -> list[dict[str, int | str]]:
    """205 rows of 16.01 万㎡ together."""
    levels = ["DISTRICT"] * 4 + ["SUBDISTRICT"] * 14 + ["COMMUNITY"] * 187
    made: list[dict[str, int | str]] = [
        {"level": level, "area_m2": 78_000, "usable_m2": 54_600, "standardised": int(n < 36), "state": "READY"}
        for n, level in enumerate(levels)
    ]
    made[0]["area_m2"] = 16_010_000 - 204 * 78_000
    return made


def test_totals_read_as_the_bureau_prints_them() -> None:
    found = summary(district(), TABLES)
    assert found.count_text == "205 = 4 + 14 + 187"
    assert found.area_text == "16.01 万㎡"
    assert found.mean_area_text == "780.98 ㎡"
    assert found.standardised_text == "17.56 %"
    assert level_text(found, TABLES) == "共 205 处：区级 4、街道级 14、社区（村）级 187"


def test_totals_follow_the_rows() -> None:
    changed = district()
    changed[30]["level"] = "SUBDISTRICT"
    changed[31]["area_m2"] = 78_000 + 500_000
    changed[200]["standardised"] = 1
    changed[201]["state"] = "OPEN"
    found = summary(changed, TABLES)
    assert found.count_text == "205 = 4 + 15 + 186"
    assert found.area_text == "16.51 万㎡"
    assert found.standardised_text == "18.05 %"
    assert found.in_use == 1


def test_a_row_that_lacks_its_level_or_area_stays_in_the_total() -> None:
    found = summary([*district(), {"level": None, "area_m2": None, "usable_m2": None}], TABLES)
    assert found.count_text == "206 = 4 + 14 + 187 + 1"
    assert found.without_area == 1
    assert found.mean_area_text == "780.98 ㎡"
    assert level_text(found, TABLES).endswith("、未分级 1")


def test_an_empty_list() -> None:
    found = summary([], TABLES)
    assert found.count_text == "0 = 0 + 0 + 0"
    assert (found.area_text, found.mean_area_text, found.standardised_text) == ("0 ㎡", "—", "—")


@pytest.mark.parametrize(
    ("usable", "each", "registered", "people"),
    [
        (16_010_000, 300, None, 53_366),
        (16_010_000, 200, None, 80_050),
        (899, 300, None, 2),
        (900, 300, None, 3),
        (54_600, 300, 100, 100),
        (54_600, 300, 1000, 182),
        (None, 300, 60, 60),
        (None, 300, None, None),
        (0, 300, 60, 0),
    ],
)
def test_capacity(usable: int | None, each: int, registered: int | None, people: int | None) -> None:
    assert capacity(usable, each, registered) == people


def test_the_area_per_person_is_data() -> None:
    assert per_person(TABLES) == 300
    setting = {"rows": [{"code": "PER_PERSON", "value": "EMERGENCY"}]}
    tables = {"tables": {**TABLES["tables"], "setting": setting}}
    assert per_person(tables) == 50
    assert summary(district(), tables).capacity == 205 * 1092
    assert summary(district(), TABLES).capacity == 205 * 182


def test_the_published_figures_agree_with_each_other() -> None:
    figure = {row["code"]: row["value"] for row in rows("shelters", "reference_figure")}
    assert figure["TOTAL"] == figure["DISTRICT"] + figure["SUBDISTRICT"] + figure["COMMUNITY"] == 205


def test_people_now_is_in_less_out_and_nothing_else() -> None:
    counts: list[dict[str, int | None]] = [{"in": 46, "out": 0}, {"in": 10, "out": None}, {"in": None, "out": 4}]
    assert people_now(counts) == 52
    assert people_now([]) == 0
    assert people_now([{"out": 3}]) == -3


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), max_size=20))
@settings(max_examples=60, deadline=None)
def test_counts_that_are_checked_never_go_below_nobody(moves: list[tuple[int, int]]) -> None:
    present, kept = 0, list[dict[str, int]]()
    for arriving, leaving in moves:
        try:
            present = check_count(present, arriving, leaving)
        except Refused:
            continue
        kept.append({"in": arriving, "out": leaving})
        assert present == people_now(kept) >= 0


@pytest.mark.parametrize(
    ("present", "arriving", "leaving", "field"),
    [(5, 0, 6, "out"), (0, 0, 0, "in"), (5, -1, 0, "in"), (5, 0, -1, "out"), (5, 1, 7, "out")],
)
def test_impossible_counts_are_refused(present: int, arriving: int, leaving: int, field: str) -> None:
    with pytest.raises(Refused) as caught:
        check_count(present, arriving, leaving)
    assert caught.value.problems[0].field == field


def test_everybody_may_leave() -> None:
    assert check_count(5, 0, 5) == 0
    assert check_count(5, 2, 7) == 0


def test_load() -> None:
    assert load(130, 182) == "71 %"
    assert load(5, None) == load(5, 0) == "—"


@pytest.mark.parametrize(
    ("state", "present", "places", "after"),
    [
        ("OPEN", 181, 182, "OPEN"),
        ("OPEN", 182, 182, "FULL"),
        ("FULL", 181, 182, "OPEN"),
        ("OPEN", 500, None, "OPEN"),
        ("READY", 182, 182, "READY"),
        ("UNUSABLE", 0, 182, "UNUSABLE"),
    ],
)
def test_open_and_full_follow_the_people(state: str, present: int, places: int | None, after: str) -> None:
    assert state_with(state, present, places) == after


def test_state_changes() -> None:
    codes = [row["code"] for row in rows("shelters", "state")]
    for state in codes:
        check_state(state, state, 5)
    check_state("CLOSED", "OPEN", 0)
    check_state("", "OPEN", 0)
    check_state("OPEN", "FULL", 9)
    check_state("FULL", "CLOSED", 0)
    for old, new, present, word in (
        ("UNUSABLE", "OPEN", 0, "先改为待命"),
        ("OPEN", "CLOSED", 1, "还有 1 人"),
        ("FULL", "UNUSABLE", 3, "还有 3 人"),
    ):
        with pytest.raises(Refused, match=word):
            check_state(old, new, present)
