"""Spot checks: the call list, what may be recorded, violations at one key, rounds, months, the printed table."""

from __future__ import annotations

import pytest

from dutydesk.attendance import checks, report
from dutydesk.core.clock import HOUR, MINUTE, FixedClock, parse_iso
from dutydesk.core.errors import Refused
from dutydesk.journal.desk import Desk
from tests.attendance.conftest import START
from tests.plaindesk import text_of

Streets = dict[str, bytes]


def check(desk: Desk, unit: bytes, result: str, seconds: int | None = None, **more: object) -> bytes:
    return checks.add(desk, {"unit": unit, "result": result, "seconds": seconds, **more})  # pyright: ignore[reportArgumentType]


def test_who_was_not_checked_longest_is_called_first(desk: Desk, streets: Streets, clock: FixedClock) -> None:
    names = [callee.name for callee in checks.call_list(desk)]
    assert sorted(names) == names
    assert len(names) == 3  # the own unit is not called
    check(desk, checks.call_list(desk)[0].unit, "IN_POST", 8)
    assert [callee.name for callee in checks.call_list(desk)] == [*names[1:], names[0]]
    assert checks.call_list(desk)[2].last_result == "IN_POST"
    assert checks.call_list(desk)[2].number == "0571-00000001"


def test_without_regions_every_unit_with_a_duty_telephone_is_called(desk: Desk) -> None:
    rows = [desk.new("units", {"name": "甲街道", "duty_phone": "0571-1"}), desk.new("units", {"name": "乙公司"})]
    own = desk.new("units", {"name": "示例区应急管理局", "duty_phone": "0571-9"})
    desk.act("units.import", [*rows, own])
    assert [callee.name for callee in checks.call_list(desk)] == ["甲街道"]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"result": "IN_POST", "seconds": 3_600}, ""),
        ({"result": "IN_POST", "seconds": 3_601}, "seconds"),
        ({"result": "NO_ANSWER", "seconds": 0}, "seconds"),
        ({"result": "NO_ANSWER"}, ""),
        ({"result": "ASLEEP"}, "result"),
        ({}, "result"),
        ({"result": "IN_POST", "at": START + 24 * HOUR}, "at"),
    ],
)
def test_what_may_be_recorded(desk: Desk, streets: Streets, values: dict[str, object], field: str) -> None:
    given = {"unit": streets["东"], **values}
    if not field:
        row = desk.get("spot_checks", checks.add(desk, given))  # pyright: ignore[reportArgumentType]
        assert row is not None
        assert (row["means"], row["checker"]) == ("PHONE", "李示例")
        return
    with pytest.raises(Refused) as caught:
        checks.add(desk, given)  # pyright: ignore[reportArgumentType]
    assert [problem.field for problem in caught.value.problems] == [field]
    assert desk.count("spot_checks") == 0


def test_a_result_becomes_a_violation_once(desk: Desk, streets: Streets) -> None:
    found = check(desk, streets["东"], "REPLACED", 12, answered_by="保安", note="值班员不在")
    checks.violation_of(desk, found)
    row = desk.rows("violations")[0]
    assert (row["kind"], row["unit"], row["spot_check"]) == ("REPLACED", streets["东"], found)
    assert row["text"] == "抽查发现顶岗，应答人 保安，值班员不在"
    assert desk.rows("log")[0]["text"] == "值班违纪 顶岗：东示例街道办事处 抽查发现顶岗，应答人 保安，值班员不在"
    with pytest.raises(Refused, match="已经记过违纪"):
        checks.violation_of(desk, found)
    with pytest.raises(Refused, match="没有发现违纪"):
        checks.violation_of(desk, check(desk, streets["西"], "IN_POST", 5))


def test_a_round_is_one_line_of_the_log(desk: Desk, streets: Streets) -> None:
    made = [check(desk, streets["东"], "IN_POST", 9), check(desk, streets["西"], "NO_ANSWER")]
    made.append(check(desk, streets["西"], "IN_POST", 20))
    text = "抽查点名 2 个单位 3 次，应答 2 次，平均 15 秒；无人接听：西示例街道办事处"
    assert checks.close_round(desk, made) == text
    line = desk.rows("log")[0]
    assert (line["text"], line["category"], line["shift"]) == (text, "CHECK", "2026-06-17/H24")
    with pytest.raises(Refused, match="这一轮还没有抽查"):
        checks.close_round(desk, [])


@pytest.mark.parametrize(
    ("month", "start", "end"),
    [
        ("2026-12", "2026-12-01", "2027-01-01"),
        ("2028-02", "2028-02-01", "2028-03-01"),
        ("2026-01", "2026-01-01", "2026-02-01"),
    ],
)
def test_a_month_is_its_local_days(month: str, start: str, end: str) -> None:
    assert checks.month_span(month) == (parse_iso(start), parse_iso(end))


@pytest.mark.parametrize("month", ["", "2026", "2026-13", "2026-00", "十二月"])
def test_what_is_no_month(month: str) -> None:
    with pytest.raises(Refused, match="应为月份"):
        checks.month_span(month)


@pytest.fixture
def june(desk: Desk, streets: Streets, clock: FixedClock) -> None:
    """Checks around the edges of June 2026."""
    clock.at = parse_iso("2026-07-02 09:00")
    for moment, unit, result, seconds in (
        ("2026-05-31 23:59:59", "东", "NO_ANSWER", None),
        ("2026-06-01 00:00", "东", "IN_POST", 10),
        ("2026-06-10 02:00", "东", "NO_ANSWER", None),
        ("2026-06-12 02:00", "西", "IN_POST", 40),
        ("2026-06-30 23:59:59", "西", "FORWARDED", 25),
        ("2026-07-01 00:00", "西", "NO_ANSWER", None),
    ):
        check(desk, streets[unit], result, seconds, at=parse_iso(moment))


@pytest.mark.usefixtures("june")
def test_a_month_counts_its_own_days_unit_by_unit(desk: Desk) -> None:
    found = checks.month(desk, "2026-06")
    assert checks.cells(found.whole) == ("4", "3", "75.0 %", "2", "50.0 %", "25", "40", "1")
    assert [(name, checks.cells(each)) for _unit, name, each in found.units] == [
        ("东示例街道办事处", ("2", "1", "50.0 %", "1", "50.0 %", "10", "10", "0")),
        ("西示例街道办事处", ("2", "2", "100.0 %", "1", "50.0 %", "33", "40", "1")),
    ]
    assert checks.cells(checks.month(desk, "2026-08").whole) == ("0", "0", "—", "0", "—", "—", "—", "0")


@pytest.mark.usefixtures("june")
def test_the_printed_month(desk: Desk) -> None:
    pdf = report.spot(desk, parse_iso("2026-06-01"), parse_iso("2026-07-01"))
    text = text_of(pdf)
    assert "值班抽查统计表" in text
    assert "2026-06-01—2026-06-30" in text
    assert "抽查4次，应答3次，应答率75.0%，在岗率50.0%" in text
    assert "2西示例街道办事处22100.0%150.0%33401" in text
    assert "第（0.9×次数，进一取整）个" in text
    assert not report.document(desk, parse_iso("2026-06-01"), parse_iso("2026-07-01")).missing
    assert pdf == report.spot(desk, parse_iso("2026-06-01"), parse_iso("2026-07-01"))
    assert "抽查1次" in text_of(report.spot(desk))  # the running month


def test_an_empty_month_prints_its_head(desk: Desk, clock: FixedClock) -> None:
    assert "抽查0次，应答0次，应答率—" in text_of(report.spot(desk))


def test_minutes_ahead_are_the_clocks_own_play(desk: Desk, streets: Streets, clock: FixedClock) -> None:
    check(desk, streets["东"], "IN_POST", 3, at=clock.at + 5 * MINUTE)
    with pytest.raises(Refused, match="时间还没有到"):
        check(desk, streets["东"], "IN_POST", 3, at=clock.at + 5 * MINUTE + 1)
