"""Shifts as rows: which one runs, what it lacks, what is written, what a print leaves behind."""

from __future__ import annotations

import pytest

from dutydesk.core.clock import HOUR, MINUTE, FixedClock, parse_iso
from dutydesk.core.errors import Refused
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Condition
from dutydesk.ledger.feature import OpenItem
from dutydesk.shifts import service, sheet
from dutydesk.shifts.service import Tick

KEY = "2026-06-18/H24"


def items(desk: Desk) -> list[OpenItem]:
    with desk.store.read() as connection:
        return service.open_items(connection, desk.clock.now())


def titles(desk: Desk) -> list[str]:
    return [item.title for item in items(desk)]


def crew_text(desk: Desk) -> str:
    now = desk.clock.now()
    return str(desk.figures(now, now + 1)["shifts.crew"].value) if "shifts.crew" in desk.figures(now, now + 1) else ""


@pytest.mark.parametrize(
    ("moment", "key"),
    [
        ("2026-06-18 08:29:59", "2026-06-17/H24"),
        ("2026-06-18 08:30:00", "2026-06-18/H24"),
        ("2026-06-19 00:00:00", "2026-06-18/H24"),
        ("2026-06-19 08:29:59", "2026-06-18/H24"),
        ("2026-06-19 08:30:00", "2026-06-19/H24"),
        ("2027-01-01 03:00:00", "2026-12-31/H24"),
    ],
)
def test_a_moment_belongs_to_one_shift_with_and_without_rows(desk: Desk, moment: str, key: str) -> None:
    at = parse_iso(moment)
    assert service.code_of(desk, at) == key
    made = service.ensure(desk, at)
    assert f"{made['date']}/{made['code']}" == key
    assert service.code_of(desk, at) == key
    assert made.number("starts_at") <= at < made.number("ends_at")
    assert made.number("ends_at") - made.number("starts_at") == 24 * HOUR


def test_a_shift_is_made_once(desk: Desk, clock: FixedClock) -> None:
    first = service.ensure(desk, clock.now())
    seq, _head = desk.store.position()
    clock.advance(5 * HOUR)
    assert service.ensure(desk, clock.now()).id == first.id
    assert desk.store.position()[0] == seq
    clock.advance(12 * HOUR)
    assert service.ensure(desk, clock.now()).id != first.id
    assert desk.count("shifts") == 2


def test_reading_makes_nothing(desk: Desk, clock: FixedClock) -> None:
    seq, _head = desk.store.position()
    assert service.shift_now(desk, clock.now()) is None
    desk.open_items()
    desk.figures(0, clock.now())
    assert desk.store.position()[0] == seq


def test_a_row_that_was_brought_in_counts_before_the_pattern(desk: Desk, clock: FixedClock) -> None:
    start = parse_iso("2026-06-18 17:30")
    values = {"date": "2026-06-18", "code": "NIGHT", "starts_at": start, "ends_at": start + 15 * HOUR}
    desk.act("shifts.import", [desk.new("shifts", values)])
    assert service.code_of(desk, clock.now()) == "2026-06-18/NIGHT"
    assert service.ensure(desk, clock.now())["code"] == "NIGHT"
    assert service.code_of(desk, start - 1) == KEY


def test_a_shift_is_found_by_date_and_code(desk: Desk) -> None:
    span, row = service.find(desk, "2026-06-18")
    assert row is None
    assert service.key_of(span) == KEY
    made = service.ensure(desk, span.start)
    assert service.find(desk, KEY) == (span, made)
    for wrong in ("2026-06-18/NIGHT", "昨天", "2026-13-01", ""):
        with pytest.raises(Refused):
            service.find(desk, wrong)


def test_crew_and_facts_are_written_once_and_shown(desk: Desk, crew: dict[str, bytes]) -> None:
    assert crew_text(desk) == ""
    held = service.save_facts(desk, KEY, {**crew, "weather": "暴雨", "risk_level": "ORANGE", "mode": "RAIN_STORM"})
    assert (held["weather"], held["risk_level"], held["mode"]) == ("暴雨", "ORANGE", "RAIN_STORM")
    assert crew_text(desk) == "带班 王示例 主班 李示例 副班 赵示例"
    seq, _head = desk.store.position()
    service.save_facts(desk, KEY, {"weather": "暴雨", "leader": crew["leader"]})
    assert desk.store.position()[0] == seq
    assert service.save_facts(desk, KEY, {"weather": ""})["weather"] is None
    assert service.save_facts(desk, KEY, {"secondary": None})["secondary"] is None
    assert crew_text(desk) == "带班 王示例 主班 李示例"


def test_wrong_facts_are_refused_by_field(desk: Desk, crew: dict[str, bytes]) -> None:
    seq, _head = desk.store.position()
    with pytest.raises(Refused) as refused:
        service.save_facts(
            desk, KEY, {"leader": bytes(16), "risk_level": "紫", "starts_at": 1, "primary": crew["primary"]}
        )
    assert {problem.field for problem in refused.value.problems} == {"leader", "risk_level", "starts_at"}
    assert desk.store.position()[0] == seq


def test_nobody_set_is_open_until_the_crew_is_whole(desk: Desk, crew: dict[str, bytes]) -> None:
    (item,) = items(desk)
    assert (item.title, item.detail, item.block) == ("本班未填值班人员", "缺带班领导、主班、副班", "TODO")
    service.save_facts(desk, KEY, {"leader": crew["leader"], "primary": crew["primary"]})
    assert [item.detail for item in items(desk)] == ["缺副班"]
    service.save_facts(desk, KEY, {"secondary": crew["secondary"]})
    assert items(desk) == []


@pytest.mark.parametrize(
    ("moment", "asked"),
    [("2026-06-19 07:29:59", False), ("2026-06-19 07:30:00", True), ("2026-06-19 08:29:59", True)],
)
def test_the_last_hour_asks_for_what_is_missing(
    desk: Desk, clock: FixedClock, crew: dict[str, bytes], moment: str, asked: bool
) -> None:
    service.save_facts(desk, KEY, {**crew, "weather": "暴雨"})
    clock.at = parse_iso(moment)
    assert ("交接班 08:30 缺2项" in titles(desk)) is asked
    if asked:
        (item,) = [item for item in items(desk) if item.title.startswith("交接班")]
        assert (item.due_at, item.detail) == (parse_iso("2026-06-19 08:30"), "风险等级、设备清点")
        service.save_facts(desk, KEY, {"risk_level": "BLUE"})
        assert "交接班 08:30 缺1项" in titles(desk)
        service.save_equipment(desk, KEY, [Tick("PHONE", "值班电话", ok=True)])
        assert "交接班 08:30 缺1项" in titles(desk), "every piece is looked at"
        everything = [Tick(tick.code, tick.label, ok=True) for tick in service.equipment_of("")]
        service.save_equipment(desk, KEY, everything)
        assert titles(desk) == []


def test_a_last_shift_without_its_sheet_is_open(desk: Desk, clock: FixedClock, crew: dict[str, bytes]) -> None:
    service.save_facts(desk, KEY, crew)
    clock.at = parse_iso("2026-06-19 08:30")
    service.save_facts(desk, "2026-06-19/H24", crew)
    (item,) = items(desk)
    assert (item.title, item.due_at) == ("上一班交接班表未打印", parse_iso("2026-06-19 08:30"))
    service.record_print(desk, "P01", "交接班记录表", "2026-06-19/H24", b"another shift's")
    assert len(items(desk)) == 1
    service.record_print(desk, "P01", "交接班记录表", KEY, b"%PDF")
    assert items(desk) == []


def test_equipment_is_told_in_lines_that_can_be_read_back(desk: Desk) -> None:
    ticks = [
        Tick("PHONE", "值班电话", ok=True),
        Tick("FAX", "传真机", ok=False, remark="卡纸\n14:30已报修"),
        Tick("", "船钥匙", ok=True),
    ]
    held = service.save_equipment(desk, KEY, ticks)
    assert held["equipment"] == "√ 值班电话\n× 传真机：卡纸 14:30已报修\n√ 船钥匙"
    read = {tick.label: tick for tick in service.equipment_of(held.text("equipment"))}
    assert read["值班电话"] == Tick("PHONE", "值班电话", ok=True)
    assert read["传真机"] == Tick("FAX", "传真机", ok=False, remark="卡纸 14:30已报修")
    assert read["打印机"] == Tick("PRINTER", "打印机")
    assert read["船钥匙"].ok
    (old,) = (tick for tick in service.equipment_of("× 传真机:卡纸") if tick.label == "传真机")
    assert (old.ok, old.remark) == (False, "卡纸")
    with pytest.raises(Refused, match="传真机"):
        service.save_equipment(desk, KEY, [Tick("FAX", "传真机", ok=False)])


def test_a_fault_outlives_the_shift_that_found_it(desk: Desk, clock: FixedClock) -> None:
    service.save_equipment(
        desk, KEY, [Tick("FAX", "传真机", ok=False, remark="卡纸"), Tick("UPS", "不间断电源", ok=True)]
    )
    clock.at = parse_iso("2026-06-19 09:00")
    assert "传真机异常：卡纸" in titles(desk)
    service.save_equipment(desk, "2026-06-19/H24", [Tick("PHONE", "值班电话", ok=True)])
    assert "传真机异常：卡纸" in titles(desk)
    ticks = [Tick("PHONE", "值班电话", ok=True), Tick("FAX", "传真机", ok=True)]
    service.save_equipment(desk, "2026-06-19/H24", ticks)
    assert "传真机异常：卡纸" not in titles(desk)


def test_nobody_takes_over_without_a_name(desk: Desk, clock: FixedClock, crew: dict[str, bytes]) -> None:
    with pytest.raises(Refused, match="没有带班领导"):
        service.take_over(desk, clock.now())
    service.save_facts(desk, KEY, crew)
    held = service.take_over(desk, clock.now())
    assert held["taken_over_at"] == clock.now()
    (entry,) = desk.rows("log")
    assert entry["text"] == "接班：带班 王示例 主班 李示例 副班 赵示例"
    assert entry["shift"] == KEY
    with pytest.raises(Refused, match="已经接过"):
        service.take_over(desk, clock.now())


def test_a_print_names_the_head_before_its_own_act(desk: Desk) -> None:
    seq, head = desk.store.position()
    receipt = service.record_print(desk, "P01", "交接班记录表", KEY, b"%PDF")
    assert receipt.seq == seq + 1
    (row,) = desk.rows("prints")
    assert row["head"] == f"DD1;330102;5e5e5e5e;1;{seq};{head.hex()[:16]};{KEY}"
    assert row["copy"] == "ORIGINAL"
    assert row["frontier"] == f"本机至 #{seq}"
    service.record_print(desk, "P01", "交接班记录表", KEY, b"%PDF again")
    assert [row["copy"] for row in desk.rows("prints", order="at")] == ["ORIGINAL", "COPY"]


def test_a_print_of_nothing_in_particular_is_always_an_original(desk: Desk) -> None:
    for data in (b"1", b"2"):
        service.record_print(desk, "P16", "通讯录", "", data)
    assert [row["copy"] for row in desk.rows("prints")] == ["ORIGINAL", "ORIGINAL"]


def test_paper_is_held_against_the_record(desk: Desk, clock: FixedClock) -> None:
    service.record_print(desk, "P01", "交接班记录表", KEY, b"%PDF")
    (row,) = desk.rows("prints", Condition("form", "=", "P01"))
    told = sheet.read(row.text("head"))
    assert told.code() == row["head"]
    with desk.store.read() as connection:
        assert sheet.check(connection, told) == "same"
        for code, verdict in (
            (told.code().replace(told.head, "0" * 16), "other"),
            (told.code().replace(";5e5e5e5e;", ";00000000;"), "absent"),
            (told.code().replace(f";{told.seq};", ";4711;"), "absent"),
        ):
            assert sheet.check(connection, sheet.read(code)) == verdict
    for wrong in ("", "https://example.invalid", told.code() + ";x"):
        with pytest.raises(Refused):
            sheet.read(wrong)


def test_the_frontier_tells_how_far_the_log_goes(desk: Desk, clock: FixedClock) -> None:
    entry = {"happened_at": clock.now(), "recorded_at": clock.now(), "text": "巡查无异常"}
    desk.act("log.add", [desk.new("log", entry), desk.new("log", entry)])
    clock.advance(MINUTE)
    with desk.store.read() as connection:
        (place,) = sheet.frontier(connection, desk.config)
    assert (place.text(), place.number) == ("本机至 #2", "2026-0002")
