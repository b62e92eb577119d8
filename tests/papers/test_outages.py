"""Outages: their lines of the duty log, board and open items, the sheet P18 and the warning before leaving."""

from __future__ import annotations

import pytest

from dutydesk.core.clock import DAY, HOUR, MINUTE, FixedClock
from dutydesk.core.errors import Refused
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Row
from dutydesk.papers import outages, report, service
from dutydesk.shifts.service import record_print
from tests.papers.conftest import BEGUN, CALL, ENDED, PRINTED
from tests.plaindesk import pages_of

GOLDEN = """\
断网应急单
类别 停电 起止 2026-11-22 02:10–02:35
历时 25 分钟 报告对象 区政府总值班室
恢复后补录 3 条 填表时间 2026-11-22 02:50
情况 进线跳闸
采取的办法 启用发电机，手工记录
一、期间办理的事项
编号 时间 类别
方式 对方 内容 纸质单 录入
2026-0001 02:10 五断 本值班室 停电开始：进线跳闸
处理：见断网应急单
当时
李示例
2026-0003 02:15 来电
电话
示例街道 小区停电，电梯困2人 纸-2026-0001 补录
11-22 02:50
李示例
2026-0005 02:18 接报
电话
#0001 【火灾·隧道】
11-22 02:18 示例路隧
道：冒烟；伤亡待核。
纸-2026-0004 补录
11-22 02:50
李示例
2026-0004 02:20 去电
电话
消防站 转消防处置
处理：已出动
纸-2026-0001 补录
11-22 02:50
李示例
2026-0002 02:35 五断 区政府总值班
室
停电恢复，历时 25 分钟
处理：启用发电机，手
工记录
当时
李示例
二、使用的纸质单
单号 表单 填写人 补录人 补录时间 状态
纸-2026-0001 P02 值班日志 赵示例 李示例 11-22 02:50 已补录 2 条
纸-2026-0004 TEL 电话记录表 赵示例 李示例 11-22 02:50 已补录 1 条
已印未用 3 张：纸-2026-0002、纸-2026-0003、纸-2026-0005
填表人：
年　　月　　日　　时　　分
带班领导：
年　　月　　日　　时　　分
示例区应急管理局 2026-11-22 02:10–02:35
打印 2026-11-22 02:50 第 1 / 1 页
依据记录 {seq} · {hash}"""


def typed(desk: Desk) -> None:
    """Two lines of a log sheet and an incident of a telephone record."""
    service.type_entry(desk, "1", CALL, written_by="赵示例")
    told = {"happened_at": BEGUN + 10 * MINUTE, "category": "PHONE_OUT", "party": "消防站", "text": "转消防处置"}
    service.type_entry(desk, "1", {**told, "handling": "已出动"}, written_by="赵示例", last=True)
    at = BEGUN + 8 * MINUTE
    values = {"received_at": at, "happened_at": at, "type": "12G07", "place": "示例路隧道", "text": "冒烟"}
    service.type_incident(desk, "4", values, written_by="赵示例")


def items(desk: Desk) -> list[tuple[str, str, int]]:
    return [(item.block, item.title, item.severity) for item in desk.open_items() if item.ledger == "outages"]


def test_it_begins_and_ends_with_lines_of_the_log(desk: Desk, clock: FixedClock) -> None:
    clock.at = BEGUN
    row = outages.begin(desk, text="进线跳闸")
    assert items(desk) == [("EQUIPMENT", "停电 2026-11-22 02:10 起，未恢复", 2)]
    figure = desk.figures(BEGUN - HOUR, BEGUN + 1)["papers.outage"]
    assert (figure.value, figure.severity) == ("停电 02:10 起", 2)
    with pytest.raises(Refused) as refused:
        outages.begin(desk)
    assert refused.value.problems[0].field == "kind"
    outages.begin(desk, "NETWORK")
    assert desk.figures(BEGUN - HOUR, BEGUN + 1)["papers.outage"].value == "停电 02:10 起、断网 02:10 起"
    clock.at = ENDED
    assert outages.end(desk, row.id, measures="启用发电机").number("ends_at") == ENDED
    assert outages.end(desk)["kind"] == "NETWORK"
    assert [(r["category"], r["text"], r["handling"], r.get("late")) for r in desk.rows("log", order="no")] == [
        ("OUTAGE", "停电开始：进线跳闸", "见断网应急单", None),
        ("OUTAGE", "断网开始", "见断网应急单", None),
        ("OUTAGE", "停电恢复，历时 25 分钟", "启用发电机", None),
        ("OUTAGE", "断网恢复，历时 25 分钟", "见断网应急单", None),
    ]
    assert "papers.outage" not in desk.figures(BEGUN - HOUR, ENDED + 1)
    assert desk.figures(BEGUN - HOUR, ENDED - 1)["papers.outage"].value.startswith("停电"), "then it was"
    with pytest.raises(Refused):
        outages.end(desk)


def test_one_that_is_written_down_later_is_marked_so(desk: Desk, clock: FixedClock) -> None:
    clock.at = ENDED + 3 * HOUR
    row = outages.add(desk, {"kind": "POWER", "starts_at": BEGUN, "ends_at": ENDED})
    assert [(line["happened_at"], line["late"]) for line in desk.rows("log", order="happened_at")] == [
        (BEGUN, 1),
        (ENDED, 1),
    ]
    assert outages.duration(row.values) == "25 分钟"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"starts_at": PRINTED}, "kind"),
        ({"kind": "POWER", "starts_at": PRINTED + HOUR}, "starts_at"),
        ({"kind": "POWER", "starts_at": PRINTED, "ends_at": PRINTED - MINUTE}, "ends_at"),
    ],
)
def test_times_that_cannot_be_are_refused(desk: Desk, values: dict[str, int | str], field: str) -> None:
    with pytest.raises(Refused) as refused:
        outages.add(desk, values)
    assert refused.value.problems[0].field == field
    assert desk.count("outages") == desk.count("log") == 0


def test_an_end_is_not_taken_back(desk: Desk, outage: Row) -> None:
    with pytest.raises(Refused) as refused:
        outages.edit(desk, outage.id, {"ends_at": None})
    assert refused.value.problems[0].field == "ends_at"
    before = desk.count("log")
    assert outages.edit(desk, outage.id, {"measures": "换蜡烛"})["measures"] == "换蜡烛"
    assert desk.count("log") == before
    outages.remove(desk, outage.id)
    assert desk.count("outages") == 0


@pytest.mark.parametrize(
    ("start", "end", "told"),
    [(0, 59_999, "0 分钟"), (0, HOUR, "1 小时 0 分钟"), (30_000, HOUR + 29_999, "1 小时 0 分钟"), (0, None, "")],
)
def test_how_long_it_was_is_told_by_minutes_of_the_clock(start: int, end: int | None, told: str) -> None:
    assert outages.duration({"starts_at": BEGUN + start, "ends_at": None if end is None else BEGUN + end}) == told


# -- P18 ---------------------------------------------------------------------------------------------------------------


def test_the_sheet_says_what_was_done_and_what_was_typed_later(desk: Desk, outage: Row) -> None:
    typed(desk)
    pdf = report.p18(desk)
    (text,) = [page.replace("\r\n", "\n") for page in pages_of(pdf)]
    seq, head = desk.store.position()
    assert text.strip() == GOLDEN.format(seq=seq, hash=head.hex()[:16])
    assert pdf == report.p18(desk, start=BEGUN, end=ENDED), "equal input, equal bytes"
    assert pdf.about == "2026-11-22 02:10 POWER"


def test_a_correction_stands_in_the_place_of_what_it_corrects(desk: Desk, outage: Row) -> None:
    from dutydesk.daybook import service as log

    entry = service.type_entry(desk, "1", CALL, written_by="赵示例", last=True)
    log.amend(desk, entry, {"text": "小区停电，电梯困3人"}, "看错")
    done = [(one.row["text"], one.number, one.later) for one in outages.done(desk, outage)]
    assert done[1] == ("小区停电，电梯困3人", "纸-2026-0001", True)
    assert len(done) == 3


def test_without_an_outage_the_sheet_is_empty(desk: Desk, clock: FixedClock) -> None:
    (text,) = pages_of(report.p18(desk))
    assert "二、使用的纸质单" in text
    with pytest.raises(Refused):
        report.p18(desk, start=BEGUN)
    clock.at = BEGUN
    outages.begin(desk)
    assert "未恢复" in "".join(pages_of(report.p18(desk)))
    with pytest.raises(Refused):
        report.p18(desk, end=BEGUN)


def test_one_without_its_sheet_is_reminded_of_until_it_is_printed(desk: Desk, clock: FixedClock, outage: Row) -> None:
    title = "停电 2026-11-22 02:10–02:35"
    assert items(desk) == [("TODO", f"断网应急单未打印：{title}", 1)]
    assert desk.services["unprinted_outages"]() == [title]
    pdf = report.p18(desk)
    record_print(desk, "P18", "断网应急单", pdf.about, pdf)
    assert items(desk) == []
    assert desk.services["unprinted_outages"]() == []


def test_an_old_one_is_let_rest_and_an_early_sheet_does_not_count(desk: Desk, clock: FixedClock) -> None:
    clock.at = BEGUN
    outages.begin(desk)
    pdf = report.p18(desk)
    record_print(desk, "P18", "断网应急单", pdf.about, pdf)
    clock.at = ENDED
    outages.end(desk)
    assert len(desk.services["unprinted_outages"]()) == 1
    clock.at = ENDED + 31 * DAY - 1
    assert len(desk.services["unprinted_outages"]()) == 1
    clock.at += 1
    assert desk.services["unprinted_outages"]() == []
