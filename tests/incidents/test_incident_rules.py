from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dutydesk.core.clock import MINUTE, parse_iso
from dutydesk.core.reference import reference
from dutydesk.incidents.rules import (
    Harm,
    Suggestion,
    casualty_regress,
    clock_state,
    event_path,
    grade_label,
    harm_text,
    heavier,
    one_line,
    report_clocks,
    suggest_grade,
)

GRADES = reference("incident_grades")
RULES = reference("report_rules")
RECEIVED = parse_iso("2026-11-22 14:02")
HAPPENED = parse_iso("2026-11-22 13:40")
ORDER = ["L4", "SUSPECTED", "L3", "L2", "L1"]


def grade(harm: Harm, event_type: str = "12C01") -> str:
    suggestion = suggest_grade(harm, event_type, GRADES)
    return suggestion.grade if suggestion else ""


@pytest.mark.parametrize(
    ("dead", "expected"),
    [(0, "L4"), (1, "L4"), (2, "L4"), (3, "L3"), (9, "L3"), (10, "L2"), (29, "L2"), (30, "L1"), (300, "L1")],
)
def test_grade_by_dead(dead: int, expected: str) -> None:
    assert grade(Harm(dead=dead)) == expected


@pytest.mark.parametrize(
    ("serious", "expected"),
    [(0, "L4"), (1, "L4"), (9, "L4"), (10, "L3"), (49, "L3"), (50, "L2"), (99, "L2"), (100, "L1")],
)
def test_grade_by_seriously_injured(serious: int, expected: str) -> None:
    assert grade(Harm(serious=serious)) == expected


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        (0, "L4"),
        (1, "L4"),
        (99_999, "L4"),
        (100_000, "L3"),
        (499_999, "L3"),
        (500_000, "L2"),
        (999_999, "L2"),
        (1_000_000, "L1"),
    ],
)
def test_grade_by_loss_in_hundredths_of_wan(loss: int, expected: str) -> None:
    assert grade(Harm(loss_wan=loss)) == expected


def test_the_worst_column_decides_and_each_says_why() -> None:
    suggestion = suggest_grade(Harm(dead=2, serious=50, loss_wan=123_450), "12G03", GRADES)
    assert suggestion is not None
    assert suggestion.grade == "L2"
    assert suggestion.because == (
        "死亡 2 人：一般",
        "重伤（含急性工业中毒） 50 人：重大",
        "直接经济损失 1234.5 万元：较大",
    )
    assert "493" in suggestion.source


@given(
    st.integers(0, 40), st.integers(0, 120), st.integers(0, 1_100_000), st.sampled_from(["dead", "serious", "loss_wan"])
)
@settings(max_examples=80, deadline=None)
def test_more_harm_never_lowers_the_grade(dead: int, serious: int, loss: int, field: str) -> None:
    harm = Harm(dead=dead, serious=serious, loss_wan=loss)
    worse = replace(harm, **{field: getattr(harm, field) + 7})
    assert ORDER.index(grade(worse)) >= ORDER.index(grade(harm))


def test_the_missing_count_for_reporting_not_for_the_grade() -> None:
    harm = Harm(dead=2, missing=1)
    assert grade(harm) == "L4"
    assert harm.report_deaths == 3


@pytest.mark.parametrize(
    ("harm", "expected"),
    [
        (Harm(trapped=2), "L4"),
        (Harm(trapped=3), "SUSPECTED"),
        (Harm(trapped=2, missing=1), "SUSPECTED"),
        (Harm(in_danger=9), "L4"),
        (Harm(in_danger=10), "SUSPECTED"),
        (Harm(evacuated=499), "L4"),
        (Harm(evacuated=500), "SUSPECTED"),
        (Harm(dead=1, trapped=5), "SUSPECTED"),
        (Harm(dead=3, trapped=50), "L3"),
    ],
)
def test_danger_without_casualties_ranks_between_four_and_three(harm: Harm, expected: str) -> None:
    assert grade(harm) == expected


@pytest.mark.parametrize(
    ("event_type", "harm", "expected"),
    [
        ("11G01", Harm(area_hm2=99), "L4"),
        ("11G01", Harm(area_hm2=100), "L3"),
        ("11G01", Harm(area_hm2=9_999), "L3"),
        ("11G01", Harm(area_hm2=10_000), "L2"),
        ("11G01", Harm(area_hm2=100_000), "L1"),
        ("11G04", Harm(dead=3, area_hm2=50), "L3"),
        ("11G05", Harm(area_hm2=100_000), ""),
        ("11D01", Harm(), "L4"),
        ("11D01", Harm(threatened=99), "L4"),
        ("11D01", Harm(threatened=100), "L3"),
        ("11D02", Harm(threatened=500), "L2"),
        ("11D02", Harm(loss_wan=99_999), "L2"),
        ("11D02", Harm(loss_wan=100_000), "L1"),
        ("11C02", Harm(), ""),
        ("11C02", Harm(dead=9), "L4"),
        ("11C02", Harm(dead=10), "L3"),
        ("11C02", Harm(dead=300), "L1"),
        ("11A02", Harm(dead=29), ""),
        ("11A02", Harm(dead=30), "L1"),
        ("11B03", Harm(loss_wan=500_000), "L1"),
        ("13B03", Harm(dead=5), ""),
        ("14A04", Harm(dead=5), ""),
        ("12Q01", Harm(dead=5), ""),
        ("12T03", Harm(trapped=5), ""),
        ("11D01", Harm(trapped=10), "L4"),
        ("", Harm(dead=30), ""),
    ],
)
def test_other_classes_go_by_their_own_table_or_none(event_type: str, harm: Harm, expected: str) -> None:
    assert grade(harm, event_type) == expected


def test_thresholds_are_data() -> None:
    column = {"field": "dead", "zh": "死亡", "en": "Dead", "unit": "人", "scale": 1, "least": {"L3": 2}}
    table = {"code": "X", "prefixes": ["12"], "floor": "", "columns": [column], "source": "本地"}
    tables = {"tables": {**GRADES["tables"], "grade_table": {"rows": [table]}}}
    assert suggest_grade(Harm(dead=2), "12C01", tables) == Suggestion("L3", ("死亡 2 人：较大",), "本地")
    assert suggest_grade(Harm(dead=1), "12C01", tables) is None


def test_heavier_knows_the_order_and_the_empty_grade() -> None:
    assert heavier("L3", "SUSPECTED", GRADES) == "L3"
    assert heavier("SUSPECTED", "L4", GRADES) == "SUSPECTED"
    assert heavier("", "L4", GRADES) == "L4"
    assert grade_label("L9", GRADES) == "L9"


def clocks(**values: int | str) -> dict[str, int]:
    made = report_clocks({"received_at": RECEIVED, "happened_at": HAPPENED, **values}, RULES)
    return {clock.rule: (clock.due_at - RECEIVED) // MINUTE for clock in made}


def test_an_ordinary_accident_goes_to_the_city_in_two_hours_from_receipt() -> None:
    assert clocks(type="12C01", grade="L4") == {"CITY_ACCIDENT": 120}
    assert clocks(type="12C01", grade="") == {"CITY_ACCIDENT": 120}


@pytest.mark.parametrize("heavy", ["SUSPECTED", "L3", "L2", "L1"])
def test_from_grade_three_by_phone_in_thirty_and_in_writing_in_sixty_minutes(heavy: str) -> None:
    assert clocks(type="12C01", grade=heavy) == {"PHONE_BIG": 30, "WRITTEN_BIG": 60, "CITY_ACCIDENT": 120}


def test_a_natural_disaster_is_counted_from_when_it_happened() -> None:
    assert clocks(type="11A02", grade="L4") == {"CITY_DISASTER": 98}
    made = report_clocks({"received_at": RECEIVED, "type": "11A02", "grade": "L4"}, RULES)
    assert [clock.due_at - RECEIVED for clock in made] == [120 * MINUTE]


def test_ten_dead_and_missing_go_straight_up() -> None:
    assert "DIRECT_TEN" not in clocks(type="11A02", grade="L3", dead=5, missing=4)
    assert clocks(type="11A02", grade="L3", dead=5, missing=5)["DIRECT_TEN"] == 98


def test_no_type_no_clock_and_no_time_no_clock() -> None:
    assert report_clocks({"received_at": RECEIVED}, RULES) == ()
    assert report_clocks({"type": "12C01", "grade": "L4"}, RULES) == ()


def test_clocks_come_in_order_of_what_is_due() -> None:
    made = report_clocks({"received_at": RECEIVED, "type": "12C01", "grade": "L2"}, RULES)
    assert [clock.step for clock in made] == ["PHONE", "FIRST", "FIRST"]
    assert [clock.due_at for clock in made] == sorted(clock.due_at for clock in made)
    assert all(clock.source for clock in made)


@pytest.mark.parametrize(
    ("minutes", "state"),
    [(0, "RUNNING"), (89, "RUNNING"), (90, "DUE_SOON"), (120, "DUE_SOON"), (121, "OVERDUE"), (-10, "RUNNING")],
)
def test_states_of_a_clock(minutes: int, state: str) -> None:
    (clock,) = report_clocks({"received_at": RECEIVED, "type": "12C01", "grade": "L4"}, RULES)
    now = RECEIVED + minutes * MINUTE
    assert clock_state(clock, now) == state
    assert clock_state(clock, now, done_at=now) == "DONE"
    assert clock_state(clock, now, waived=True) == "WAIVED"


def test_a_millisecond_after_the_due_time_is_late() -> None:
    (clock,) = report_clocks({"received_at": RECEIVED, "type": "12C01", "grade": "L4"}, RULES)
    assert clock_state(clock, clock.due_at) == "DUE_SOON"
    assert clock_state(clock, clock.due_at + 1) == "OVERDUE"


def test_falling_figures_need_a_reason_but_rescue_does_not() -> None:
    before = Harm(dead=2, missing=1, trapped=3, loss_wan=12_050)
    assert casualty_regress(before, replace(before, dead=3, trapped=0), GRADES) == ()
    assert casualty_regress(before, replace(before, dead=1), GRADES) == ("死亡由 2 减为 1，请写明原因",)
    assert casualty_regress(before, replace(before, loss_wan=None), GRADES) == (
        "直接经济损失由 120.5 减为 未填，请写明原因",
    )
    assert casualty_regress(Harm(), before, GRADES) == ()


def test_harm_in_words_tells_zero_from_unknown() -> None:
    assert harm_text(Harm(), GRADES) == "伤亡待核"
    assert harm_text(Harm(dead=0, injured=0), GRADES) == "无人员伤亡"
    assert harm_text(Harm(dead=1, trapped=3, loss_wan=1_250), GRADES) == "死亡 1 人、被困 3 人、直接经济损失 12.5 万元"


def test_one_line_is_ready_for_a_group_chat() -> None:
    line = one_line(
        {
            "no": "2026-031",
            "happened_at": HAPPENED,
            "received_at": RECEIVED,
            "grade": "L4",
            "place": "示例路隧道",
            "caller": "钱甲子",
            "text": "积水约60厘米\n3车被困，司机电话 19900000001。",
            "measures": "已封闭，泵车到场。",
            "trapped": 4,
        },
        GRADES,
        type_label="内涝",
        region="凯旋街道",
    )
    assert line == (
        "#2026-031 【内涝·一般】 11-22 13:40 凯旋街道示例路隧道："
        "积水约60厘米 3车被困，司机电话 199****0001；被困 4 人；处置：已封闭，泵车到场。"
    )


def test_one_line_of_almost_nothing_still_reads() -> None:
    assert one_line({"received_at": RECEIVED, "text": "有人报警"}, GRADES) == "11-22 14:02：有人报警；伤亡待核。"


def test_event_path() -> None:
    assert event_path("11A02", reference("event_codes")) == ("自然灾害", "水旱灾害", "内涝")
    assert event_path("99999", reference("event_codes")) == ()


def test_harm_reads_the_fields_of_an_incident_and_keeps_unknown_unknown() -> None:
    assert Harm.of({"dead": 0, "missing": None, "loss_wan": 5, "text": "x"}) == Harm(dead=0, loss_wan=5)
