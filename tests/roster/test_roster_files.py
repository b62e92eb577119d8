"""Files of the roster: the holidays of a year, the spreadsheet form and back, the calendar of a person, form P03."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from typing import Any

import pypdfium2
import pytest
import xlsxwriter
from icalendar import Calendar

from dutydesk.core.clock import parse_iso
from dutydesk.core.errors import Refused
from dutydesk.exchange import importing
from dutydesk.journal.desk import Desk
from dutydesk.roster import filled, ics, report, service
from dutydesk.roster.calendar import looks_like_holidays, read_holidays
from dutydesk.roster.service import Edit
from tests.roster.conftest import Staff, days_off

H24 = "H24"


def year(*days: tuple[str, str, object], number: int = 2026) -> bytes:
    told = [{"name": name, "date": day, "isOffDay": off} for day, name, off in days]
    return json.dumps({"year": number, "papers": ["https://example.gov.cn/1.htm"], "days": told}).encode()


HOLIDAYS = year(("2026-10-01", "国庆节", True), ("2026-10-02", "国庆节", True), ("2026-10-10", "国庆节", False))


# -- holidays


def test_holidays_come_in_by_import_and_the_other_days_follow(desk: Desk) -> None:
    assert looks_like_holidays(HOLIDAYS, "2026.json")
    assert not looks_like_holidays(b'{"type":"FeatureCollection"}', "a.geojson")
    plan = importing.plan(desk, "day_types", HOLIDAYS, "2026.json")
    assert (plan.format, plan.read, plan.added, plan.refused) == ("holiday-cn", 3, 3, [])
    importing.run(desk, plan)
    assert importing.plan(desk, "day_types", HOLIDAYS, "2026.json").unchanged == 3
    days = {day.date: day for day in service.day_info(desk, "2026-10-01", "2026-10-11")}
    assert [days[f"2026-10-{n:02}"].kind for n in (1, 5, 10, 11)] == ["HOLIDAY", "WORKDAY", "MAKEUP", "RESTDAY"]
    assert days["2026-10-01"].name == "国庆节"
    unknown = service.day_info(desk, "2027-01-02", "2027-01-02")[0]
    assert (unknown.kind, unknown.known, unknown.weekend, unknown.holiday) == (None, False, True, False)


def test_a_year_that_was_not_announced_stays_unknown(desk: Desk) -> None:
    plan = importing.plan(desk, "day_types", year(number=2027), "2027.json")
    assert (plan.read, plan.added) == (0, 0)
    assert "2027 年的放假安排还没有公布" in plan.warnings[0].reason


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"{", "不是 JSON"),
        (b"[]", "要有 year 和 days"),
        (b'{"year":2026}', "要有 year 和 days"),
        (b'{"year":"2026","days":[]}', "要有 year 和 days"),
        (b"[" * 100_000, "不是 JSON"),
    ],
)
def test_a_file_that_is_none_is_refused(desk: Desk, data: bytes, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        read_holidays(desk, data, "x.json", {})


def test_days_that_mean_nothing_are_refused_by_line_and_nothing_is_written(desk: Desk) -> None:
    data = year(
        ("2026-10-01", "国庆节", True),
        ("2026-13-01", "?", True),
        ("2026-10-02", "?", "yes"),
        ("2026-10-01", "又", False),
    )
    plan = importing.plan(desk, "day_types", data, "2026.json")
    assert [problem.line for problem in plan.refused] == [2, 3, 4]
    assert plan.stopped
    assert desk.count("day_types") == 0


def test_a_table_of_days_is_read_in_the_officers_words(desk: Desk) -> None:
    book = workbook(
        [["日期", "类别", "节日"], ["2026-10-01", "节假日", "国庆节"], ["2026-10-10", "调休上班", "国庆节"]]
    )
    plan = importing.plan(desk, "day_types", book, "days.xlsx")
    importing.run(desk, plan)
    assert service.day_info(desk, "2026-10-10", "2026-10-10")[0].kind == "MAKEUP"


# -- the form


def workbook(
    rows: Sequence[Sequence[object]], *, merge: str = "", hidden: bool = False, sheet: str = "值班表"
) -> bytes:
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        if hidden:
            book.add_worksheet("说明")
        page = book.add_worksheet(sheet)
        for at, row in enumerate(rows):
            page.write_row(at, 0, row)
        if merge:
            page.merge_range(merge, "李示例")
        if hidden:
            page.hide()
    return target.getvalue()


HEAD: list[object] = ["日期", "星期", "类别", "带班领导", "主班", "副班"]


def test_the_empty_form_comes_back_filled(desk: Desk, staff: Staff) -> None:
    empty = filled.form(desk, "2026-06-22", "2026-06-23")
    assert filled.looks_like_form(empty, "a.xlsx")
    assert filled.read(desk, empty, "a.xlsx").edits == {}
    rows = [
        HEAD,
        ["2026-06-22", "一", "", "王示例", "李示例", "赵示例"],
        ["2026年6月23日", "", "", "陈示例", "钱示例（调）"],
    ]
    step = filled.take(desk, workbook(rows), "a.xlsx")
    assert len(step.changed) == 5
    cells = service.grid(desk, "2026-06-22", "2026-06-23").cells
    assert cells["2026-06-23", H24, "PRIMARY", 1].person == staff["钱示例"]
    assert cells["2026-06-23", H24, "PRIMARY", 1].origin == "IMPORT"
    again = filled.form(desk, "2026-06-22", "2026-06-23", empty=False)
    assert len(filled.read(desk, again, "a.xlsx").edits) == 5
    assert filled.take(desk, again, "a.xlsx").changed == ()


def test_every_problem_is_told_by_cell_and_nothing_is_half_taken(desk: Desk, staff: Staff) -> None:
    rows = [
        ["六月值班表"],
        [*HEAD, "队长"],
        ["2026-06-22", "", "", "王示例", "李示例", "李示例"],
        ["6月23日", "", "", "陈示例", "钱示例", ""],
        ["星期三", "", "", "周示例", "", ""],
        ["2026-06-22", "", "", "陈示例", "", ""],
        [46199, "", "", "冯示例", "无名氏", "赵示例、孙示例"],
        ["", "", "", "王示例", "", ""],
    ]
    found = filled.read(desk, workbook(rows), "六月.xlsx")
    told = {problem.field: problem.reason for problem in found.problems}
    assert told == {
        "G2": "没有岗位“队长”，可用：带班领导、主班、副班",
        "E3": "同一班又排在副班",
        "F3": "同一班又排在主班",
        "A4": "没有写年份：6月23日",
        "A5": "应为日期，如 2026-06-18：星期三",
        "A6": "2026-06-22 在第 3 行已经有了",
        "D7": "不能任带班领导",
        "E7": "通讯录里没有“无名氏”",
        "F7": "一格只写一个人：赵示例、孙示例",
        "A8": "没有日期",
    }
    assert {problem.line for problem in found.problems} == {2, 3, 4, 5, 6, 7, 8}
    assert found.warnings[0].reason == "日期是数字 46199，读作 2026-06-26"
    with pytest.raises(Refused) as caught:
        filled.take(desk, workbook(rows), "六月.xlsx")
    assert len(caught.value.problems) == 10
    assert desk.count("assignments") == 0


def test_merged_cells_and_a_hidden_sheet_are_told(desk: Desk, staff: Staff) -> None:
    rows = [HEAD, ["2026-06-22", "", "", "王示例"], ["2026-06-24", "", "", "陈示例"]]
    found = filled.read(desk, workbook(rows, merge="E2:E3"), "a.xlsx")
    assert [(problem.field, problem.reason) for problem in found.problems] == [("E2", "合并的单元格，请拆开：E2:E3")]
    found = filled.read(desk, workbook(rows, hidden=True), "a.xlsx")
    assert [problem.reason for problem in found.problems] == ["“值班表”是隐藏的工作表，请先取消隐藏"]
    with pytest.raises(Refused, match="第一列要有“日期”"):
        filled.read(desk, workbook([["姓名", "电话"], ["李示例", "1"]]), "a.xlsx")


def test_a_form_is_recognised_by_import_and_published_days_are_locked(desk: Desk, staff: Staff) -> None:
    rows: list[list[object]] = [HEAD, ["2026-06-22", "", "", "王示例", "李示例", "赵示例"]]
    plan = importing.plan(desk, "assignments", workbook(rows), "a.xlsx")
    assert (plan.format, plan.added, plan.refused) == ("roster", 3, [])
    importing.run(desk, plan)
    assert service.grid(desk, "2026-06-22", "2026-06-22").cells["2026-06-22", H24, "PRIMARY", 1].origin == "IMPORT"
    service.publish(desk, "2026-06-22", "2026-06-22", staff["何示例"], staff["王示例"])
    rows[1][4] = "吴示例"
    plan = importing.plan(desk, "assignments", workbook(rows), "a.xlsx")
    assert [(problem.field, problem.reason) for problem in plan.refused] == [("E2", "2026-06-22 已发布")]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-06-18", "2026-06-18"),
        ("2026/6/18", "2026-06-18"),
        ("2026年6月18日 星期四", "2026-06-18"),
        ("20260618", "2026-06-18"),
        ("2026-06-18 00:00:00", "2026-06-18"),
        ("46191", "2026-06-18"),
        ("46191.0", "2026-06-18"),
    ],
)
def test_a_day_is_read_as_it_is_written(text: str, day: str) -> None:
    assert filled.read_day(text) == day


@pytest.mark.parametrize("text", ["6-18", "6月18日", "2026-02-30", "今天", "123456", "18"])
def test_a_day_without_a_year_is_not_guessed(text: str) -> None:
    with pytest.raises(ValueError, match=r"应为日期|没有写年份"):
        filled.read_day(text)


# -- calendar and paper


def duties(desk: Desk, staff: Staff) -> None:
    crews = {"2026-06-22": ("王示例", "李示例", "赵示例"), "2026-06-24": ("陈示例", "李示例", "孙示例")}
    posts = ("LEADER", "PRIMARY", "SECONDARY")
    service.assign(
        desk,
        [
            Edit(day, H24, post, 1, staff[n])
            for day, names in crews.items()
            for post, n in zip(posts, names, strict=True)
        ],
    )


def test_a_persons_calendar_goes_round(desk: Desk, staff: Staff) -> None:
    duties(desk, staff)
    data = ics.of_person(desk, staff["李示例"], "2026-06-01", "2026-06-30")
    assert data == ics.of_person(desk, staff["李示例"], "2026-06-01", "2026-06-30")
    found = ics.read_ics(data)
    rows = {row.id: row for row in desk.rows("assignments") if row["person"] == staff["李示例"]}
    assert found == {
        row.id: (parse_iso(f"{row['date']} 08:30"), parse_iso(f"{row['date']} 08:30") + 86_400_000, "值班 全天班 主班")
        for row in rows.values()
    }
    calendar: Any = Calendar.from_ical(data)
    events = calendar.walk("VEVENT")
    assert len(events) == 2
    assert max(len(line) for line in data.split(b"\r\n")) <= 75
    everyone = ics.write_ics(desk, desk.rows("assignments"), False)
    assert "值班 全天班 带班领导 王示例" in {summary for _s, _e, summary in ics.read_ics(everyone).values()}
    assert ics.read_ics(ics.write_ics(desk, [], False)) == {}


def text_of(pdf: bytes) -> str:
    file: Any = pypdfium2.PdfDocument(pdf)
    try:
        return "\n".join(page.get_textpage().get_text_bounded() for page in file)
    finally:
        file.close()


def test_p03_shows_who_stands_where_seven_days_a_block(desk: Desk, staff: Staff) -> None:
    duties(desk, staff)
    days_off(
        desk,
        ("2026-10-01", "HOLIDAY", "国庆节"),
        ("2026-06-25", "HOLIDAY", "示例节"),
        ("2026-06-27", "MAKEUP", "示例节"),
    )
    number = {"person": staff["李示例"], "order": 1, "kind": "MOBILE", "number": "13900001234"}
    desk.act("numbers.add", [desk.new("numbers", number)])
    service.publish(desk, "2026-06-22", "2026-07-01", staff["何示例"], staff["王示例"], gaps=True)
    swap = service.ask_swap(desk, ("2026-06-22", H24, "PRIMARY", 1), staff["吴示例"], None, "有事", staff["李示例"])
    service.accept_swap(desk, swap, staff["吴示例"])
    service.approve_swap(desk, swap, staff["王示例"])
    pdf = report.p03(desk, start="2026-06-22", end="2026-07-01")
    assert pdf == report.p03(desk, start="2026-06-22", end="2026-07-01")
    text = text_of(pdf)
    for part in (
        "值班表", "2026-06-22 至 2026-07-01", "汛期", "24小时班 08:30 交接", "已发布",
        "06-22 周一", "06-25 周四", "示例节", "示例节（补班）", "06-28 周日", "休息日",
        "吴示例（代）", "139****1234", "空缺", "制表：何示例", "审批：王示例", "06-22 主班：李示例 → 吴示例。",
        "个人号码隐去中间几位",
    ):  # fmt: skip
        assert part in text, part
    assert text.count("岗位") == 2  # two blocks
    assert "13900001234" not in text
    whole = report.p03(desk, start=parse_iso("2026-06-22"), end=parse_iso("2026-07-01"), reveal="张贴")
    assert "13900001234" in text_of(whole)
    assert desk.rows("audit", limit=1)[0]["subject"] == "P03"


def test_p03_says_that_it_is_a_draft_and_that_a_year_is_not_known(desk: Desk, staff: Staff) -> None:
    text = text_of(report.p03(desk))
    assert "草稿，未发布" in text
    assert "2026-06-18 至 2026-06-24" in text
    assert "放假未公布" in text
