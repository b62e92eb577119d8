"""Revealing for a reason, settings with their source, disputes settled by a person."""

from __future__ import annotations

from pathlib import Path

import pytest

from dutydesk.admin import known, service
from dutydesk.core.clock import FixedClock
from dutydesk.core.errors import Refused
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Query
from dutydesk.journal.settings import setting
from tests.desks import a_desk
from tests.journal.desks import EVENING, deliver

Desks = tuple[Desk, Desk]


def both(desks: Desks) -> None:
    """Everything of each at the other."""
    deliver(desks[0].store, desks[1].store)
    deliver(desks[1].store, desks[0].store)


# -- settings ----------------------------------------------------------------------------------------------------------


def test_a_setting_names_its_paper_and_date(desk: Desk) -> None:
    service.write_setting(desk, "warnings.assumed_hours", "12", "示例〔2026〕1号", "2026-06-01", place="示例区")
    assert setting(desk, "warnings.assumed_hours") == "12"
    assert (
        service.write_setting(desk, "warnings.assumed_hours", "12", "示例〔2026〕1号", "2026-06-01", "示例区") is None
    )
    service.write_setting(desk, "warnings.assumed_hours", "24", "示例〔2026〕2号", "2026-06-02")
    row = service.settings(desk)
    assert [(item["value"], item["source"], item["date"], item["place"]) for item in row] == [
        ("24", "示例〔2026〕2号", "2026-06-02", None)
    ]
    assert setting(desk, "no.such") == ""


@pytest.mark.parametrize(
    ("key", "source", "date", "field"),
    [
        ("", "文", "2026-06-01", "key"),
        ("log.late_minutes", "", "2026-06-01", "source"),
        ("log.late_minutes", "文", "", "date"),
        ("log.late_minutes", "文", "上月", "date"),
    ],
)
def test_a_setting_without_source_or_date_is_refused(desk: Desk, key: str, source: str, date: str, field: str) -> None:
    with pytest.raises(Refused) as caught:
        service.write_setting(desk, key, "1", source, date)
    assert [problem.field for problem in caught.value.problems] == [field]
    assert desk.count("settings") == 0


def test_two_desks_write_one_row_for_one_key(desks: Desks) -> None:
    for n, desk in enumerate(desks):
        service.write_setting(desk, "rain.suspicious_mm", str(n), "示例文", "2026-06-01")
    both(desks)
    for desk in desks:
        assert desk.count("settings") == 1
        assert [conflict.field for conflict in service.conflicts(desk)] == ["value"]


@pytest.mark.parametrize(
    ("key", "near"),
    [
        ("attendance.absent_afer", "attendance.absent_after（开班后多久未签到列为待办）"),
        ("Rain.Suspicious", "rain.suspicious_mm"),
        ("迟到宽限分钟", "attendance.late_grace（迟到宽限）"),
        ("!!", "在“系统—设置”里找"),
    ],
)
def test_a_key_that_nothing_reads_is_refused_and_the_nearest_named(desk: Desk, key: str, near: str) -> None:
    with pytest.raises(Refused) as caught:
        service.write_setting(desk, key, "5", "示例文", "2026-06-01")
    (problem,) = caught.value.problems
    assert problem.field == "key"
    assert near in problem.reason
    assert desk.count("settings") == 0


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("attendance.absent_after", "721", "应为 0 至 720 的整数"),
        ("attendance.absent_after", "一刻钟", "应为 0 至 720 的整数"),
        ("account.lock_tries", "2", "应为 3 至 10 的整数"),
        ("report.PHONE_BIG.active", "是", "只能是 1、0"),
        ("report.PHONE_BIG.minutes", "0", "应为 1 至"),
        ("rain.heavy_hour_mm", "20.05", "最多一位小数"),
        ("rain.heavy_hour_mm", "-1", "最多一位小数"),
        ("rain.signal.RED", "100毫米", "应写成“3h 100”"),
        ("warnings.assumed_hours", "0", "应为 1 至"),
        ("handover.joint_grades", "L1 一级", "没有“一级”"),
        ("attendance.home.LEADER", "NORMAL FLOD", "FLOOD_SEASON 汛期"),
        ("roster.crew.NORMAL", "LEADER", "应写成“岗位代码=人数”"),
        ("roster.crew.NORMAL", "LEADER=1 PRIMRY=1", "没有岗位“PRIMRY”，有 LEADER 带班领导"),
        ("roster.season.FLOOD_SEASON", "04-15..13-15", "应写成"),
        ("roster.season.FLOOD_SEASON", "四月到十月", "应写成"),
        ("roster.hard.REST", "2", "只能是 1、0"),
        ("roster.post.LEADER", "带" * 13, "不超过 12 字"),
        ("roster.night_from", "24", "应为 0 至 23 的整数"),
        ("log.quick_texts", "接班|其他", "应写成“名称|类别|内容”"),
        ("log.quick_texts", "接班|没有的|内容", "没有类别“没有的”"),
    ],
)
def test_a_value_that_its_reader_cannot_use_is_refused(desk: Desk, key: str, value: str, reason: str) -> None:
    with pytest.raises(Refused) as caught:
        service.write_setting(desk, key, value, "示例文", "2026-06-01")
    (problem,) = caught.value.problems
    assert problem.field == "value"
    assert reason in problem.reason
    assert desk.count("settings") == 0


def held(desk: Desk, key: str) -> known.Held:
    return next(one for one in known.settings_of(desk) if one.known.key == key)


def test_what_is_in_force_is_told_with_its_source(desk: Desk) -> None:
    key = "attendance.absent_after"
    one = held(desk, key)
    assert (one.value, one.own, one.source, one.date, one.known.unit) == ("15", False, "程序建议", "2026", "分钟")
    service.write_setting(desk, key, "5", "示例文", "2026-06-01")
    one = held(desk, key)
    assert (one.value, one.own, one.source, one.date) == ("5", True, "示例文", "2026-06-01")
    service.write_setting(desk, key, "", "示例文", "2026-06-01")
    one = held(desk, key)
    assert (one.value, one.own, one.source, one.date) == ("15", False, "程序建议", "2026")
    assert desk.count("settings") == 1, "what was written stays in the record"


def test_what_another_program_wrote_and_nothing_reads_is_shown_and_can_be_taken_back(desk: Desk) -> None:
    for key, value in (("rain.heavy_hour", "30"), ("account.idle_min", "999")):
        desk.act("settings.add", [desk.new("settings", {"key": key, "value": value, "source": "示例文"})])
    one = held(desk, "account.idle_min")
    assert (one.value, one.own, one.wrong) == ("10", False, "应为 1 至 120 的整数")
    assert [row["key"] for row in known.strangers(desk)] == ["rain.heavy_hour"]
    shown = {row.text("key"): row.text("own") for row in known.listed(desk, Query("settings"))}
    assert (shown["account.idle_min"], shown["rain.heavy_hour"]) == (known.WRONG, known.STRANGE)
    with pytest.raises(Refused, match=r"rain\.heavy_hour_mm"):
        service.write_setting(desk, "rain.heavy_hour", "40", "示例文", "2026-06-01")
    service.write_setting(desk, "rain.heavy_hour", "", "示例文", "2026-06-01")
    assert known.strangers(desk) == []


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("未签到", "attendance.absent_after"),
        ("absent_aft", "attendance.absent_after"),
        ("wqd", "attendance.absent_after"),
    ],
)
def test_a_setting_is_found_by_what_it_is_called(desk: Desk, search: str, found: str) -> None:
    assert [row.text("key") for row in known.listed(desk, Query("settings", search=search))] == [found]


def test_the_season_and_the_signals_are_those_of_the_province(tmp_path: Path) -> None:
    with a_desk(tmp_path / "north", FixedClock(EVENING), district="110101") as desk:
        assert held(desk, "rain.signal.ORANGE").value == "6h 100 / 24h 150"
        assert held(desk, "roster.season.FLOOD_SEASON").value == ""


# -- disputes ----------------------------------------------------------------------------------------------------------


def test_two_values_are_settled_by_one(desks: Desks) -> None:
    first, second = desks
    made = first.new("units", {"name": "示例局", "short": "甲"})
    first.act("units.add", [made])
    both(desks)
    for desk, text in ((first, "乙"), (second, "丙")):
        change = desk.edit("units", made.row, {"short": text})
        assert change is not None
        desk.act("units.edit", [change])
    both(desks)
    conflict = service.conflicts(first)[0]
    assert {claim.value for claim in conflict.claims} == {"乙", "丙"}
    with pytest.raises(Refused, match="原因"):
        service.settle_value(first, conflict, "丙", "")
    service.settle_value(first, conflict, "丙", "电话核实")
    both(desks)
    for desk in desks:
        assert service.conflicts(desk) == []
        held = desk.get("units", made.row)
        assert held is not None
        assert held["short"] == "丙"
        (row,) = desk.rows("audit")
        assert (row["reason"], row["subject"]) == ("电话核实", f"units {made.row.hex()} 简称"), (
            "no name that may be erased"
        )


@pytest.mark.parametrize("keep", [True, False])
def test_deleted_here_and_changed_there_is_settled(desks: Desks, keep: bool) -> None:
    first, second = desks
    made = first.new("units", {"name": "示例局"})
    first.act("units.add", [made])
    both(desks)
    first.act("units.delete", [first.store.deletion("units", made.row)])
    change = second.edit("units", made.row, {"short": "改了"})
    assert change is not None
    second.act("units.edit", [change])
    both(desks)
    conflict = service.conflicts(second)[0]
    with pytest.raises(Refused):
        service.settle_value(second, conflict, "x", "不对题")
    service.settle_deletion(second, conflict, keep=keep, reason="单位撤并核实")
    both(desks)
    for desk in desks:
        assert service.conflicts(desk) == []
        assert desk.count("units") == int(keep)


def test_one_thing_from_two_desks_becomes_one(desks: Desks) -> None:
    rows: list[bytes] = []
    for n, desk in enumerate(desks):
        person = desk.new("people", {"name": "示例某"})
        desk.act("people.add", [person, desk.new("numbers", {"person": person.row, "number": f"1380000000{n}"})])
        rows.append(person.row)
    both(desks)
    conflict = service.conflicts(desks[0])[0]
    assert {row.id for row in service.twins(desks[0], conflict)} == set(rows)
    with pytest.raises(Refused):
        service.settle_twins(desks[0], conflict, b"\0" * 16, "x")
    service.settle_twins(desks[0], conflict, rows[1], "同一个人")
    both(desks)
    for desk in desks:
        assert service.conflicts(desk) == []
        assert [row.id for row in desk.rows("people")] == [rows[1]]
        assert {row["person"] for row in desk.rows("numbers")} == {rows[1]}
        assert desk.count("numbers") == 2
