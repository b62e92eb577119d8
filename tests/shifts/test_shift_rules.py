from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dutydesk.core.clock import DAY, SECOND, parse_iso
from dutydesk.core.errors import Refused
from dutydesk.core.reference import reference, rows
from dutydesk.shifts.rules import next_shift, pattern, shift_label, shift_of, shift_on

DUTY = reference("duty")
CODES = [row["code"] for row in rows("duty", "shift_pattern")]


def at(text: str) -> int:
    return parse_iso(text)


@pytest.mark.parametrize(
    ("code", "moment", "date", "part", "start", "end"),
    [
        ("H24_0830", "2026-11-22 08:29:59", "2026-11-21", "H24", "2026-11-21 08:30", "2026-11-22 08:30"),
        ("H24_0830", "2026-11-22 08:30:00", "2026-11-22", "H24", "2026-11-22 08:30", "2026-11-23 08:30"),
        ("H24_0830", "2026-11-23 00:00:00", "2026-11-22", "H24", "2026-11-22 08:30", "2026-11-23 08:30"),
        ("H24_0830", "2027-01-01 03:00:00", "2026-12-31", "H24", "2026-12-31 08:30", "2027-01-01 08:30"),
        ("H24_0830", "2028-03-01 03:00:00", "2028-02-29", "H24", "2028-02-29 08:30", "2028-03-01 08:30"),
        ("H24_0800", "2026-11-22 07:59:59", "2026-11-21", "H24", "2026-11-21 08:00", "2026-11-22 08:00"),
        ("H24_0800", "2026-11-22 08:00:00", "2026-11-22", "H24", "2026-11-22 08:00", "2026-11-23 08:00"),
        ("H24_0900", "2026-11-22 08:59:59", "2026-11-21", "H24", "2026-11-21 09:00", "2026-11-22 09:00"),
        ("H24_0900", "2026-11-22 09:00:00", "2026-11-22", "H24", "2026-11-22 09:00", "2026-11-23 09:00"),
        ("DAY_NIGHT", "2026-11-22 08:29:59", "2026-11-21", "NIGHT", "2026-11-21 17:30", "2026-11-22 08:30"),
        ("DAY_NIGHT", "2026-11-22 08:30:00", "2026-11-22", "DAY", "2026-11-22 08:30", "2026-11-22 17:30"),
        ("DAY_NIGHT", "2026-11-22 17:29:59", "2026-11-22", "DAY", "2026-11-22 08:30", "2026-11-22 17:30"),
        ("DAY_NIGHT", "2026-11-22 17:30:00", "2026-11-22", "NIGHT", "2026-11-22 17:30", "2026-11-23 08:30"),
        ("DAY_NIGHT", "2026-11-23 00:00:00", "2026-11-22", "NIGHT", "2026-11-22 17:30", "2026-11-23 08:30"),
        ("THREE_8H", "2026-11-22 00:00:00", "2026-11-22", "NIGHT", "2026-11-22 00:00", "2026-11-22 08:00"),
        ("THREE_8H", "2026-11-22 07:59:59", "2026-11-22", "NIGHT", "2026-11-22 00:00", "2026-11-22 08:00"),
        ("THREE_8H", "2026-11-22 08:00:00", "2026-11-22", "DAY", "2026-11-22 08:00", "2026-11-22 16:00"),
        ("THREE_8H", "2026-11-22 16:00:00", "2026-11-22", "EVENING", "2026-11-22 16:00", "2026-11-23 00:00"),
        ("THREE_8H", "2026-11-22 23:59:59", "2026-11-22", "EVENING", "2026-11-22 16:00", "2026-11-23 00:00"),
    ],
)
def test_shift_of_a_moment(code: str, moment: str, date: str, part: str, start: str, end: str) -> None:
    shift = shift_of(at(moment), pattern(code, DUTY))
    assert (shift.date, shift.code, shift.start, shift.end) == (date, part, at(start), at(end))


@pytest.mark.parametrize("code", CODES)
def test_the_last_millisecond_is_the_outgoing_crew_s(code: str) -> None:
    used = pattern(code, DUTY)
    shift = shift_of(at("2026-11-22 12:00"), used)
    assert shift_of(shift.end - 1, used) == shift
    assert shift_of(shift.end, used) == next_shift(shift, used) != shift


@given(code=st.sampled_from(CODES), now=st.integers(at("1999-12-30"), at("2040-03-02")))
@settings(max_examples=150, deadline=None)
def test_every_moment_has_one_shift_and_its_name_finds_it(code: str, now: int) -> None:
    used = pattern(code, DUTY)
    shift = shift_of(now, used)
    assert shift.start <= now < shift.end <= shift.start + DAY
    assert shift_on(shift.date, used, shift.code) == shift
    assert next_shift(shift, used).start == shift.end


@pytest.mark.parametrize(
    ("code", "moment", "label"),
    [
        ("H24_0830", "2026-11-23 03:00", "2026-11-22 全天班 08:30–次日 08:30"),
        ("DAY_NIGHT", "2026-11-22 12:00", "2026-11-22 白班 08:30–17:30"),
        ("DAY_NIGHT", "2026-11-22 18:00", "2026-11-22 夜班 17:30–次日 08:30"),
        ("THREE_8H", "2026-11-22 18:00", "2026-11-22 中班 16:00–24:00"),
    ],
)
def test_labels(code: str, moment: str, label: str) -> None:
    assert shift_label(shift_of(at(moment), pattern(code, DUTY))) == label


def test_a_date_without_a_code_is_its_first_shift() -> None:
    assert shift_on("2026-11-22", pattern("DAY_NIGHT", DUTY)).code == "DAY"
    assert shift_on("2026-11-22", pattern("DAY_NIGHT", DUTY), "NIGHT").start == at("2026-11-22 17:30")


def test_what_is_not_there_is_refused() -> None:
    for call in (
        lambda: pattern("H25", DUTY),
        lambda: shift_on("2026-02-30", pattern("H24_0830", DUTY)),
        lambda: shift_on("2026-11-22", pattern("H24_0830", DUTY), "NIGHT"),
    ):
        with pytest.raises(Refused):
            call()


@pytest.mark.parametrize(("start", "minutes"), [("08:00", 1439), ("08:00", 1441)])
def test_a_pattern_with_a_gap_or_an_overlap_is_refused(start: str, minutes: int) -> None:
    part = {"code": "X", "zh": "班", "en": "X", "start": start, "minutes": minutes}
    row = {"code": "ODD", "zh": "怪班", "en": "Odd", "parts": [part]}
    with pytest.raises(Refused, match="24 小时"):
        pattern("ODD", {"tables": {"shift_pattern": {"rows": [row]}}})


def test_the_second_before_hand_over_at_a_year_s_end() -> None:
    used = pattern("H24_0830", DUTY)
    assert shift_of(at("2027-01-01 08:30") - SECOND, used).date == "2026-12-31"
