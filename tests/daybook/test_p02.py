"""P02 值班日志: its text is the golden part, its bytes are fixed, corrections stand where they belong."""

from __future__ import annotations

import pypdfium2
import pytest

from dutydesk.core.clock import DAY, FixedClock, parse_iso
from dutydesk.core.errors import Refused
from dutydesk.core.ids import SYSTEM
from dutydesk.daybook import lists, report, service
from dutydesk.daybook.feature import DAYBOOK
from dutydesk.journal.desk import Desk

GOLDEN = """\
值班日志
日期 2026年11月22日 班次 全天班 天气 暴雨
带班领导 甲示例 主班 副班
风险等级 橙 值守状态
编号
记录人 时间 类别 对方 内容 处理情况
0001
甲示例
09:05
补录
来电
防汛抗旱
示例街道
199****0002
隧道积水约60厘米 待反馈 11-22 15:00
0002
甲示例
14:07 更正
#0001
内容
原：隧道积水约60厘米
现：隧道积水约80厘米
原因：核实后更正
〔待补：处理情况〕
0003
甲示例
14:07 来电
防汛抗旱
〔反馈 #0001〕已排干 〔待补：对方、对方
电话、处理情况〕
11月23日
0004
甲示例
01:10 巡查
政务值班
巡查正常
记录人：
年　　月　　日　　时　　分
带班领导：
年　　月　　日　　时　　分
示例区应急管理局 2026-11-22 08:30–11-23 08:30
打印 2026-11-23 01:10 第 1 / 1 页
依据记录 {seq} · {hash}"""


def pages(made: bytes) -> list[str]:
    file = pypdfium2.PdfDocument(made)
    try:
        return [page.get_textpage().get_text_range().replace("\r\n", "\n") for page in file]
    finally:
        file.close()


def a_night(desk: Desk, clock: FixedClock) -> None:
    """A call, its correction and its answer, and something after midnight."""
    leader = desk.rows("people", search="甲示例")[0].id
    span = {"starts_at": parse_iso("2026-11-22 08:30"), "ends_at": parse_iso("2026-11-23 08:30")}
    values = {"date": "2026-11-22", "code": "H24", **span, "leader": leader, "weather": "暴雨", "risk_level": "ORANGE"}
    desk.act("shifts.add", [desk.new("shifts", values)])
    row = service.add(
        desk,
        {
            "happened_at": "0905",
            "category": "PHONE_IN",
            "line": "FLOOD",
            "party": "示例街道",
            "party_phone": "19900000002",
            "text": "隧道积水约60厘米",
        },
        due="1500",
    )
    service.amend(desk, row, {"text": "隧道积水约80厘米"}, "核实后更正")
    service.answer(desk, row, {"text": "已排干", "category": "PHONE_IN"})
    clock.at = parse_iso("2026-11-23 01:10")
    service.add(desk, {"text": "巡查正常", "category": "PATROL", "line": "GOV"})


def test_the_shift_on_paper(desk: Desk, clock: FixedClock) -> None:
    a_night(desk, clock)
    (text,) = pages(report.p02(desk))
    seq, head = desk.store.position()
    assert text.strip() == GOLDEN.format(seq=seq, hash=head.hex()[:16])


def test_equal_input_gives_equal_bytes(desk: Desk, clock: FixedClock) -> None:
    a_night(desk, clock)
    assert report.p02(desk) == report.p02(desk, shift="2026-11-22/H24")
    assert DAYBOOK.forms[0].make == "dutydesk.daybook.report:p02"


def test_only_what_is_of_the_shift_is_on_it(desk: Desk, clock: FixedClock) -> None:
    a_night(desk, clock)
    clock.at = parse_iso("2026-11-23 09:00")
    service.add(desk, {"text": "次日的事"})
    (text,) = pages(report.p02(desk, shift="2026-11-22"))
    assert "次日的事" not in text
    assert "巡查正常" in text
    (text,) = pages(report.p02(desk))
    assert "次日的事" in text
    assert "巡查正常" not in text
    start = parse_iso("2026-11-22 00:00")
    (text,) = pages(report.p02(desk, start=start, end=start + 2 * DAY))
    assert "次日的事" in text
    assert "隧道积水约80厘米" in text


def test_a_correction_of_the_time_shows_in_both_shifts(desk: Desk, clock: FixedClock) -> None:
    row = service.add(desk, {"text": "甲事", "happened_at": "0900"})
    service.amend(desk, row, {"happened_at": "昨2300"}, "时间记错")
    for shift in ("2026-11-22", "2026-11-21"):
        (text,) = pages(report.p02(desk, shift=shift))
        assert "时间记错" in text, shift
        assert "更正" in text


def test_an_empty_form_has_rows_to_write_on(desk: Desk, clock: FixedClock) -> None:
    a_night(desk, clock)
    made = report.document(desk, blank=60)
    text = "".join(pages(made.pdf()))
    assert made.pages == 3
    assert "隧道积水" not in text
    assert "记录人：" in text
    assert "没有记录" in pages(report.p02(desk, shift="2026-10-01"))[0]


def test_nonsense_is_refused(desk: Desk) -> None:
    for params in (
        {"shift": "2026-11-31"},
        {"shift": "2026-11-22/X"},
        {"start": 5, "end": 5},
        {"start": 0, "end": 500 * DAY},
    ):
        with pytest.raises(Refused):
            report.p02(desk, **params)


def test_every_entry_is_on_paper_and_every_page_is_counted(desk: Desk, clock: FixedClock) -> None:
    for n in range(120):
        service.add(desk, {"text": f"第{n}件事，处置情况正常，已通知街道。", "category": "OTHER", "line": "GOV"})
    made = pages(report.p02(desk))
    for n in range(120):
        assert sum(text.count(f"第{n}件事") for text in made) == 1
    assert all(f"第 {at} / {len(made)} 页" in text for at, text in enumerate(made, 1))


def test_a_character_that_no_face_has_is_told_before_printing(desk: Desk) -> None:
    service.add(desk, {"text": "姓名里有\U00020bb7字"})
    assert report.document(desk).missing


def test_the_list_prints_what_it_shows(desk: Desk) -> None:
    for chosen, wanted in (
        (lists.Filter(), {}),
        (lists.Filter("shift"), {"shift": "2026-11-22/H24"}),
        (lists.Filter("day", "2026-11-20"), {"start": parse_iso("2026-11-20"), "end": parse_iso("2026-11-21")}),
    ):
        assert report.params_of(chosen.span(desk)) == wanted


def test_a_line_that_an_incident_wrote_names_who_was_there(desk: Desk, clock: FixedClock, incident: bytes) -> None:
    (row,) = desk.rows("log")
    assert row["recorder"] is None
    assert service.recorder(desk, row) == "甲示例"
    assert service.missing(row.values) == (), "what it lacks stands in the incident"
    assert "0001\n甲示例" in "\n".join(pages(report.p02(desk)))
    assert "甲示例 记于" in lists.told(desk, row).note


def test_what_a_timer_wrote_names_nobody(desk: Desk) -> None:
    values = {"happened_at": desk.clock.now(), "recorded_at": desk.clock.now(), "text": "定时"}
    made = desk.store.act("log.add", [desk.new("log", values)], by=SYSTEM)
    row = desk.get("log", made.changes[0].row)
    assert row is not None
    assert service.recorder(desk, row) == ""
