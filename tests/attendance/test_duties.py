"""Recurring duties: adopting, ticking, missing, answering; plans that change; what stays open."""

from __future__ import annotations

import pytest

from dutydesk.attendance import duties
from dutydesk.attendance.plans import DueState
from dutydesk.core.clock import DAY, HOUR, MINUTE, FixedClock, iso, parse_iso
from dutydesk.core.errors import Refused
from dutydesk.core.reference import rows
from dutydesk.journal.desk import Desk

NOON = parse_iso("2026-06-18 12:00")


@pytest.fixture(autouse=True)
def noon(clock: FixedClock) -> None:
    clock.at = NOON


@pytest.fixture
def report(desk: Desk) -> bytes:
    """Due at 15:00 every day, ten minutes of grace."""
    return duties.add(desk, {"name": "零报告", "rhythm": "DAILY", "time": "15:00", "grace_min": 10})


def todo(desk: Desk) -> list[tuple[str, str, int]]:
    return [
        (item.title, iso(item.due_at)[5:16] if item.due_at else "", item.severity)
        for item in desk.open_items()
        if item.ledger == "duties"
    ]


def shown(desk: Desk) -> list[tuple[str, str]]:
    return [(iso(item.due.at)[5:16], item.state.value) for item in duties.due_list(desk)]


def test_nothing_usual_is_active_by_itself(desk: Desk) -> None:
    assert desk.count("duties") == 0
    assert todo(desk) == []
    assert len(duties.offers(desk)) == len(rows("attendance", "duty")) == 9


def test_every_usual_duty_can_be_adopted_and_says_where_it_comes_from(desk: Desk) -> None:
    made = duties.adopt(desk, [row["code"] for row in duties.offers(desk)])
    assert duties.offers(desk) == []
    for row in desk.rows("duties"):
        assert row["source"]
        assert row["starts_on"]
        assert row["active"] == 1
        assert duties.when_text(row.values)
    assert len(made) == 9
    with pytest.raises(Refused, match="已经选用"):
        duties.adopt(desk, ["ZERO_REPORT"])


def test_when_a_duty_is_due_in_words() -> None:
    assert duties.when_text({"rhythm": "MONTHLY", "days": "-1", "time": "17:00"}) == "每月 月末 17:00"
    assert duties.when_text({"rhythm": "MONTHLY", "days": "1 15", "time": "9:00"}) == "每月 1 日、15 日 9:00"
    assert duties.when_text({"rhythm": "SHIFT", "time": "+30"}) == "每班 开班后 30 分钟"
    assert duties.when_text({"rhythm": "WEEKLY", "days": "1 5", "time": "9:00", "season": "FLOOD_SEASON"}) == (
        "每周一、周五 9:00 汛期"
    )


def test_from_within_the_hour_to_the_tick(desk: Desk, clock: FixedClock, report: bytes) -> None:
    assert todo(desk) == []
    clock.at = NOON + 2 * HOUR - 1
    assert todo(desk) == []
    clock.at = NOON + 2 * HOUR
    assert todo(desk) == [("零报告", "06-18T15:00", 0)]
    clock.at = NOON + 3 * HOUR + 10 * MINUTE
    assert todo(desk) == [("零报告", "06-18T15:00", 0)]
    clock.at += 1
    assert todo(desk) == [("零报告 逾期", "06-18T15:00", 1)]
    duties.tick(desk, report)
    tick = desk.rows("duty_ticks")[0]
    assert (tick["late_min"], tick["by"], tick["not_done"]) == (11, "李示例", None)
    assert todo(desk) == []
    assert shown(desk) == [("06-18T15:00", "LATE")]


def test_what_was_missed_stays_until_it_is_answered(desk: Desk, clock: FixedClock, report: bytes) -> None:
    clock.at = NOON + 400 * DAY
    items = [item for item in desk.open_items() if item.ledger == "duties"]
    assert [(item.title, iso(item.due_at or 0)[:16]) for item in items] == [("零报告 逾期 400 次", "2026-06-18T15:00")]
    clock.at = NOON + 2 * DAY
    assert todo(desk) == [("零报告 逾期 2 次", "06-18T15:00", 1)]
    with pytest.raises(Refused, match="写明为什么没有办"):
        duties.tick(desk, report, done=False)
    duties.tick(desk, report, done=False, note="当日网络中断")
    assert todo(desk) == [("零报告 逾期", "06-19T15:00", 1)]
    duties.tick(desk, report)
    assert [(row["not_done"], row["late_min"]) for row in desk.rows("duty_ticks", order="due_at")] == [
        (1, None),
        (None, 21 * 60),
    ]
    assert todo(desk) == []


def test_a_due_is_answered_once(desk: Desk, clock: FixedClock, report: bytes) -> None:
    due = NOON + 3 * HOUR
    duties.tick(desk, report, due)  # before its time, today
    with pytest.raises(Refused, match="这一次已经办结"):
        duties.tick(desk, report, due)
    with pytest.raises(Refused, match="现在没有要办的"):
        duties.tick(desk, report)
    with pytest.raises(Refused, match="现在没有要办的"):
        duties.tick(desk, report, due + DAY)
    with pytest.raises(Refused, match="没有这项固定工作"):
        duties.tick(desk, b"x" * 16)
    assert desk.rows("duty_ticks")[0]["late_min"] == 0


def test_a_new_duty_is_not_late_on_its_first_day(desk: Desk) -> None:
    duties.add(desk, {"name": "早报", "rhythm": "DAILY", "time": "08:00"})
    assert desk.rows("duties")[0]["starts_on"] == "2026-06-19"
    assert todo(desk) == []
    duties.add(desk, {"name": "补报", "rhythm": "DAILY", "time": "08:00", "starts_on": "2026-06-17"})
    assert todo(desk) == [("补报 逾期 2 次", "06-17T08:00", 1)]


def test_another_time_of_day_opens_nothing_that_was_done(desk: Desk, clock: FixedClock, report: bytes) -> None:
    clock.at = NOON + 3 * HOUR
    duties.tick(desk, report)
    clock.at = NOON + 4 * HOUR
    duties.edit(desk, report, {"time": "14:00"})
    assert desk.rows("duties")[0]["starts_on"] == "2026-06-19"
    assert todo(desk) == []
    assert shown(desk) == []


def test_a_plan_is_not_changed_over_what_stands_open(desk: Desk, clock: FixedClock, report: bytes) -> None:
    clock.at = NOON + DAY
    for change in ({"time": "16:00"}, {"active": 0}, {"season": "HOLIDAY"}):
        with pytest.raises(Refused, match="还有 1 次没有办结"):
            duties.edit(desk, report, change)
    with pytest.raises(Refused, match="还有 1 次没有办结"):
        duties.remove(desk, report)
    duties.edit(desk, report, {"note": "改备注可以"})
    duties.tick(desk, report)
    duties.edit(desk, report, {"active": 0})
    clock.at = NOON + 9 * DAY
    assert todo(desk) == []
    duties.edit(desk, report, {"active": 1})
    assert todo(desk) == []  # what fell due while it was off is nobody's fault
    assert desk.rows("duties")[0]["starts_on"] == "2026-06-27"


def test_once_a_shift_also_before_the_shift_has_a_row(desk: Desk, clock: FixedClock) -> None:
    clock.at = parse_iso("2026-06-18 08:40")
    look = duties.add(desk, {"name": "设备清点", "rhythm": "SHIFT", "time": "+30"})
    assert desk.rows("duties")[0]["starts_on"] == "2026-06-18"
    assert shown(desk) == [("06-18T09:00", "AHEAD")]
    clock.at = parse_iso("2026-06-18 09:20")
    assert shown(desk) == [("06-18T09:00", "MISSED")]
    span = {"date": "2026-06-18", "code": "H24", "starts_at": parse_iso("2026-06-18 08:30")}
    desk.act("shift.add", [desk.new("shifts", {**span, "ends_at": parse_iso("2026-06-19 08:30")})])
    assert todo(desk) == [("设备清点 逾期", "06-18T09:00", 1)]
    duties.tick(desk, look)
    assert todo(desk) == []
    clock.at = parse_iso("2026-06-19 08:29")
    assert shown(desk) == [("06-18T09:00", "LATE"), ("06-19T09:00", "AHEAD")]


def test_in_holidays_only(desk: Desk, clock: FixedClock) -> None:
    duties.adopt(desk, ["ZERO_REPORT"])
    clock.at = parse_iso("2026-10-01 14:30")
    assert todo(desk) == []
    desk.act("day_types.import", [desk.new("day_types", {"date": "2026-10-01", "kind": "HOLIDAY", "name": "国庆节"})])
    assert todo(desk) == [("节假日零报告", "10-01T15:00", 0)]


def season(desk: Desk, span: str) -> None:
    desk.act("settings.add", [desk.new("settings", {"key": "roster.season.FLOOD_SEASON", "value": span})])


@pytest.mark.parametrize(
    ("span", "day", "held"),
    [
        ("", "2026-06-18", True),  # Zhejiang's: 04-15..10-15
        ("", "2026-12-18", False),
        ("06-19..09-30", "2026-06-18", False),
        ("06-18..09-30", "2026-06-18", True),
        ("11-01..02-28", "2026-12-18", True),
    ],
)
def test_in_the_flood_season_by_its_dates(desk: Desk, clock: FixedClock, span: str, day: str, held: bool) -> None:
    if span:
        season(desk, span)
    clock.at = parse_iso(f"{day} 12:00")
    duties.adopt(desk, ["WEATHER_CONSULT"])
    clock.at = parse_iso(f"{day} 16:00")
    assert bool(todo(desk)) is held


def test_in_the_flood_season_by_posture(desk: Desk, clock: FixedClock) -> None:
    season(desk, "07-01..07-02")
    duties.adopt(desk, ["WEATHER_CONSULT"])
    posture = {"mode": "FLOOD_SEASON", "starts_on": "2026-06-19", "ends_on": "2026-10-15"}
    desk.act("posture.add", [desk.new("postures", posture)])
    clock.at = parse_iso("2026-06-18 16:00")
    assert todo(desk) == []
    clock.at = parse_iso("2026-06-19 16:00")
    assert todo(desk) == [("天气会商", "06-19T16:00", 0)]
    found = duties.due_between(desk, parse_iso("2026-06-18"), parse_iso("2026-06-20"))
    assert [item.state for item in found] == [DueState.DUE]


def test_a_clock_set_back_after_a_tick_leaves_it_done(desk: Desk, clock: FixedClock, report: bytes) -> None:
    clock.at = NOON + 3 * HOUR
    duties.tick(desk, report)
    clock.at = NOON
    assert shown(desk) == [("06-18T15:00", "DONE")]


def test_bad_plans_name_their_fields(desk: Desk) -> None:
    with pytest.raises(Refused) as caught:
        duties.add(desk, {"name": "周报", "rhythm": "WEEKLY", "days": "9", "time": "25:00"})
    assert [problem.field for problem in caught.value.problems] == ["days", "time"]
    duties.add(desk, {"name": "零报告", "rhythm": "DAILY", "time": "15:00"})
    with pytest.raises(Refused, match="已有一条事项相同的"):
        duties.add(desk, {"name": "零报告", "rhythm": "DAILY", "time": "16:00"})


def test_a_duty_that_a_file_brought_without_a_plan_disturbs_nobody(desk: Desk, report: bytes) -> None:
    desk.act("duties.import", [desk.new("duties", {"name": "坏", "rhythm": "WEEKLY", "active": 1})])
    assert shown(desk) == [("06-18T15:00", "AHEAD")]
