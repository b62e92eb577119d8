"""P01: nothing open is left out, nothing that is no warning gets in, equal records give equal bytes."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pypdfium2
import pytest
import zxingcpp
from PIL import Image

from dutydesk.core.clock import HOUR, MINUTE, FixedClock, parse_iso
from dutydesk.core.errors import Refused
from dutydesk.features import FEATURES
from dutydesk.journal.desk import Desk
from dutydesk.ledger.feature import Change, Feature, OpenItem
from dutydesk.ledger.spec import Value
from dutydesk.printing.page import Document
from dutydesk.shifts import handover, pending, report, service
from dutydesk.shifts.sheet import read
from tests.shifts.handing import incident, order, receiving, two_crews

CHECKOUT = Path(__file__).parents[2]
KEY = "2026-06-18/H24"
MORNING = parse_iso("2026-06-19 08:20")
BLOCKS = ("INCIDENTS", "WARNINGS", "RESPONSES", "INSTRUCTIONS", "TODO", "EQUIPMENT")


def pages(made: bytes) -> list[str]:
    file = pypdfium2.PdfDocument(made)
    try:
        return [page.get_textpage().get_text_range() for page in file]
    finally:
        file.close()


def flat(made: bytes) -> str:
    return re.sub(r"\s", "", "".join(pages(made)))


def picture(made: bytes, page: int = 0, scale: float = 4.0) -> Image.Image:
    file = pypdfium2.PdfDocument(made)
    try:
        return file[page].render(scale=scale).to_pil().convert("L")
    finally:
        file.close()


def entry(desk: Desk, moment: str, text: str, **more: Value) -> Change:
    at = parse_iso(moment)
    given = {"happened_at": at, "recorded_at": at + MINUTE, "category": "PHONE_IN", "line": "FLOOD", "text": text}
    return desk.new("log", given | more)


def with_items(desk: Desk, *items: OpenItem) -> Desk:
    """The same desk with one more feature, which has these things open."""
    toy = Feature("toy", "", open_items=lambda _read, _now: items)
    return replace(desk, features=(*FEATURES, toy))


@pytest.fixture
def night(desk: Desk, clock: FixedClock, crew: dict[str, bytes]) -> Desk:
    """A shift with its facts and five entries, at 08:20 of the morning after."""
    service.save_facts(
        desk, KEY, {**crew, "weather": "暴雨", "risk_level": "ORANGE", "mode": "RAIN_STORM", "note": "备用钥匙在门卫"}
    )
    service.save_equipment(
        desk, KEY, [service.Tick("PHONE", "值班电话", ok=True), service.Tick("FAX", "传真机", ok=False, remark="卡纸")]
    )
    wrong = entry(desk, "2026-06-18 21:10", "隧道积水约6厘米", handling="已通知街道")
    desk.act("log.add", [entry(desk, "2026-06-18 20:05", "视频点调正常", category="CHECK"), wrong])
    clock.at = parse_iso("2026-06-18 22:00")
    right = entry(
        desk, "2026-06-18 21:10", "隧道积水约60厘米", handling="已封路", amends=wrong.row, reason="少记一个零"
    )
    desk.act("log.amend", [right])
    clock.at = MORNING
    late = {"recorded_at": MORNING - MINUTE, "late": 1}
    desk.act("log.add", [entry(desk, "2026-06-17 15:00", "昨日下午来电补记", **late)])
    desk.act("log.add", [entry(desk, "2026-06-17 16:00", "早已记下的旧事")])
    return desk


GOLDEN = """
示例区应急管理局|2026-06-18全天班08:30–次日08:30|交接班记录表
日期|2026-06-18全天班|起止|08:30–次日08:30|天气|暴雨
带班领导|王示例|主班|李示例|副班|赵示例
风险等级|橙|值守状态|暴雨预报|接班时间|—
备注|备用钥匙在门卫
未结事项（截至06-1908:20）
序号|事项|说明|到时
一、突发事件处置
二、预警与叫应
三、应急响应
四、领导批示交办
五、待办与上报
六、设备环境（1项）
传真机异常：卡纸
设备清点|√值班电话×传真机（卡纸）□对讲电台□卫星电话
交班人：|接班人：|带班领导：|年月日时分
附一本班数字|日志
附二24小时值班日志（06-1808:20至06-1908:20）
编号|时间|类别|内容|处理情况
6月17日|2026-0004|15:00|来电|〔补录〕昨日下午来电补记
6月18日|2026-0001|20:05|点名抽查|视频点调正常
2026-0002|21:10|来电|隧道积水约6厘米〔已更正，见2026-0003〕|已通知街道
2026-0003|21:10|来电|〔更正2026-0002，原因：少记一个零〕隧道积水约60厘米|已封路
依据的记录：本机至#9。
本表由记录自动汇总，未结事项不可删减。
日志至2026-0005。
"""


def test_the_whole_sheet(night: Desk) -> None:
    text = flat(report.p01(night))
    for part in GOLDEN.strip().replace("\n", "|").split("|"):
        assert part in text, part
    assert "2026-0005" not in text.split("附二")[1].split("依据的记录")[0]
    document, _made = report.draw(night)
    assert document.missing == []


def test_every_open_item_appears_in_its_block_next_due_first(night: Desk) -> None:
    items = [
        OpenItem(block, f"{block}甲{n}", MORNING + (9 - n) * HOUR if n else None, n % 3, detail=f"说明{block}{n}")
        for block in (*BLOCKS, "没有的块")
        for n in range(3)
    ]
    text = flat(report.p01(with_items(night, *items)))
    for item in items:
        assert item.title in text
        assert item.detail in text
    places = {block: text.index(name) for block, name in zip(BLOCKS, (
        "一、突发事件处置（3项）", "二、预警与叫应（3项）", "三、应急响应（3项）", "四、领导批示交办（3项）", "五、待办与上报（", "六、设备环境（4项）",
    ), strict=True)}  # fmt: skip
    assert sorted(places.values()) == list(places.values())
    for block in BLOCKS:
        at = [text.index(f"{block}甲{n}") for n in (2, 1, 0)]
        assert at == sorted(at)
        assert places[block] < at[0]
    assert places["TODO"] < text.index("没有的块甲0") < places["EQUIPMENT"]
    everything = night.open_items()
    assert everything
    assert all(re.sub(r"\s", "", item.title) in text for item in everything)


def test_an_empty_block_says_so(desk: Desk, crew: dict[str, bytes]) -> None:
    service.save_facts(desk, KEY, crew)
    rows = list(report._block_rows(report.by_block([]), 0))
    assert [row[1] for row in rows if isinstance(row, tuple)] == ["无"] * 6
    assert flat(report.p01(desk)).count("无") >= 6 + 1


@pytest.mark.parametrize(
    ("due", "shown"),
    [
        (None, ""),
        ("2026-06-19 08:20", "08:20"),
        ("2026-06-19 08:19:59", "08:19 逾期"),
        ("2026-06-18 23:00", "06-18 23:00 逾期"),
        ("2026-06-20 09:00", "06-20 09:00"),
    ],
)
def test_due_times_say_in_words_what_is_late(due: str | None, shown: str) -> None:
    assert report._due(None if due is None else parse_iso(due), MORNING) == shown


def test_a_test_warning_is_never_on_the_sheet(night: Desk) -> None:
    changes: list[Change] = []
    for status in ("ACTUAL", "TEST", "DRAFT"):
        values: dict[str, Value] = {
            "identifier": f"x-{status}",
            "type": "11B03",
            "colour": "RED",
            "issuer": "示例气象台",
            "headline": f"{status}暴雨红色预警",
            "areas": "全区",
            "issued_at": MORNING - HOUR,
            "starts_at": MORNING - HOUR,
            "ends_at": MORNING + HOUR,
            "status": status,
            "kind": "ALERT",
            "state": "ACTIVE",
        }
        changes.append(night.new("warnings", values))
    night.act("warning.add", changes)
    items = [OpenItem("WARNINGS", f"在册{c.values['status']}", None, 2, "warnings", c.row) for c in changes]
    for desk in (night, with_items(night, *items)):
        text = flat(report.p01(desk))
        assert "TEST" not in text
        assert "DRAFT" not in text
    assert "在册ACTUAL" in text


def test_a_reprint_says_so_everywhere(night: Desk, clock: FixedClock) -> None:
    first = report.p01(night)
    assert "副本" not in flat(first)
    seq, head = night.store.position()
    clock.advance(3 * MINUTE)
    night.act("log.add", [entry(night, "2026-06-19 08:21", "预览时又来一个电话")])
    service.record_print(night, "P01", "交接班记录表", "", first)
    (row,) = night.rows("prints")
    assert row["about"] == KEY
    assert row["head"] == f"DD1;330102;5e5e5e5e;1;{seq};{head.hex()[:16]};{KEY}"  # what stands on the paper
    assert row["frontier"] == f"本机至 #{seq}"
    assert row["sha256"] == hashlib.sha256(first).hexdigest()
    again = report.p01(night)
    assert flat(again).count("副本") >= 2
    service.record_print(night, "P01", "交接班记录表", KEY, again)
    service.record_print(night, "P01", "交接班记录表", KEY, first)  # a second paper of the very same bytes
    assert [row["copy"] for row in night.rows("prints", order="_n")] == ["ORIGINAL", "COPY", "ORIGINAL"]


def test_the_symbol_holds_the_head_of_the_record(night: Desk) -> None:
    made = report.p01(night)
    seq, head = night.store.position()
    (found,) = zxingcpp.read_barcodes(picture(made), formats=zxingcpp.BarcodeFormat.QRCode)
    told = read(found.text)
    assert (told.epoch, told.seq, told.head, told.about) == (1, seq, head.hex()[:16], KEY)
    shown = " ".join(told.head[n : n + 4] for n in range(0, 16, 4)).replace(" ", "")
    for page in pages(made):
        assert shown in re.sub(r"\s", "", page)


def test_a_shift_that_is_over_is_printed_with_its_own_night(night: Desk, clock: FixedClock) -> None:
    clock.at = parse_iso("2026-06-19 10:00")
    night.act("log.add", [entry(night, "2026-06-19 09:30", "下一班的事")])
    text = flat(report.p01(night, shift=KEY))
    assert "2026-06-18全天班" in text
    assert "2026-0006" not in text.split("附二")[1].split("依据的记录")[0]
    assert "06-1808:30至06-1908:30" in text
    assert "截至06-1910:00" in text  # what is open is open now, whoever prints
    assert "上一班交接班表未打印" not in text
    assert "上一班交接班表未打印" in flat(report.p01(night))
    with pytest.raises(Refused):
        report.p01(night, shift="2026-06-18/NIGHT")


def test_a_character_without_glyph_is_told_before_printing(night: Desk) -> None:
    night.act("log.add", [entry(night, "2026-06-19 08:00", "\U00020bb7村来电")])
    document, _made = report.draw(night)
    assert document.missing
    assert all("U+20BB7" in problem.reason and problem.line for problem in document.missing)


MAKE = """
import sys, pathlib
from dutydesk.core.clock import FixedClock
from dutydesk.core.paths import Home
from dutydesk.features import open_desk
from dutydesk.shifts.report import p01
desk = open_desk(Home(pathlib.Path(sys.argv[1])), FixedClock(int(sys.argv[2])))
with desk.store:
    sys.stdout.buffer.write(p01(desk))
"""


def test_two_processes_make_equal_bytes(night: Desk) -> None:
    here = report.p01(night)
    root = str(night.store.home.root)
    made: list[bytes] = []
    for seed in ("1", "4711"):
        run = subprocess.run(
            [sys.executable, "-c", MAKE, root, str(MORNING)],
            cwd=CHECKOUT,
            env=os.environ | {"PYTHONHASHSEED": seed, "TZ": "America/Caracas"},
            capture_output=True,
            check=True,
        )
        made.append(run.stdout)
    assert made == [here, here]


def test_the_page_is_black_on_white_and_within_its_margins(night: Desk) -> None:
    for n in range(len(pages(report.p01(night)))):
        image = picture(report.p01(night), n, scale=1.0)
        width, height = image.size
        assert (width, height) == (596, 842)
        box = image.point([255 if value < 200 else 0 for value in range(256)]).getbbox()
        assert box is not None
        left, top, right, bottom = box
        assert left >= 66, "room for the binding"
        assert right <= width - 46
        assert top >= 40
        assert bottom <= height - 20


# -- after the takeover ------------------------------------------------------------------------------------------------


@pytest.fixture
def handed(desk: Desk, clock: FixedClock, crew: dict[str, bytes]) -> Desk:
    """A shift handed over with a question, a major matter and an incident in between; counter-signed at 08:18."""
    hands = two_crews(desk, clock, crew)
    incident(desk, "示例山", major=1)
    order(desk, "核实转移人数")
    handover.prepare(desk, KEY)
    first, second = handover.items_of(desk, handover.of_shift(desk, KEY))
    handover.answer(desk, second.id, "留待下一班，因为街道中午前报数")
    handover.note_joint(desk, KEY, "李示例留守")
    handover.sign_out(desk, KEY, hands.giving["primary"])
    clock.advance(MINUTE)
    incident(desk, "示例二路")
    handover.question(receiving(desk), first.id, "谁在现场")
    handover.answer(desk, first.id, "街道陈示例", hands.giving["primary"])
    handover.accept(receiving(desk), second.id)
    clock.advance(MINUTE)
    handover.take(desk, KEY, hands.taking["primary"])
    clock.advance(MINUTE)
    handover.countersign(desk, KEY, hands.taking["leader"])
    return desk


HANDED = """
交接事项（截至06-1908:15）|序号|事项|到时|交班答复|接班意见
一、突发事件处置（2项）|示例山|问：谁在现场|答：街道陈示例|已答复
示例二路|由交班组处置
四、领导批示交办（1项）|核实转移人数|09:15|留待下一班，因为街道中午前报数|已接
交班签字|李示例06-1908:15|接班签字|孙示例06-1908:17|带班签字|郑示例06-1908:18
共同处置|李示例留守
接班时封存的记录：本机至#|此后补记的标明补录
交班人：|接班人：|带班领导：|年月日时分
附二24小时值班日志（06-1808:17至06-1908:17）
"""


def test_a_finished_hand_over_on_paper(handed: Desk, clock: FixedClock) -> None:
    held = handover.of_shift(handed, KEY)
    assert held is not None
    clock.advance(4 * MINUTE)
    late = entry(handed, "2026-06-19 08:05", "交班后补记的来电", recorded_at=clock.at)
    handed.act("log.add", [late, entry(handed, "2026-06-19 08:19", "下一班的事")])
    made = report.p01(handed, shift=KEY)
    text = flat(made)
    for part in HANDED.strip().replace("\n", "|").split("|"):
        assert part in text, part
    assert "〔补录〕交班后补记的来电" in text
    assert "下一班的事" not in text
    assert f"本机至#{held['sealed_seq']}" in text
    (found,) = zxingcpp.read_barcodes(picture(made), formats=zxingcpp.BarcodeFormat.QRCode)
    told = read(found.text)
    assert (told.seq, told.head, told.about) == (held["sealed_seq"], held.text("sealed_head")[:16], KEY)
    assert all(f"封存5e5e5e5e/1#{told.seq}" in re.sub(r"\s", "", page) for page in pages(made))


def test_the_log_on_paper_marks_what_was_typed_after_the_seal(handed: Desk, clock: FixedClock) -> None:
    from dutydesk.daybook.report import p02

    clock.advance(4 * MINUTE)
    handed.act("log.add", [entry(handed, "2026-06-19 08:05", "后来补记", recorded_at=clock.at)])
    handed.act("log.add", [entry(handed, "2026-06-19 08:19", "新班的事", recorded_at=clock.at)])
    text = flat(p02(handed, shift=KEY))
    assert "08:05补录" in text
    assert "08:19补录" not in text


def test_a_sealed_sheet_stays_the_same_sheet(handed: Desk, clock: FixedClock) -> None:
    """What is written later changes neither seal nor symbol; a second sheet of the seal is a copy, the one before it,
    printed for the round before the signatures, is not what counts."""
    first = report.p01(handed, shift=KEY)
    assert "副本" not in flat(first)
    service.record_print(handed, "P01", "交接班记录表", KEY, first)
    handed.act("log.add", [entry(handed, "2026-06-19 09:00", "后来的事")])
    again = report.p01(handed, shift=KEY)
    assert flat(again).count("副本") >= 2
    service.record_print(handed, "P01", "交接班记录表", KEY, again)
    one, two = handed.rows("prints", order="_n")
    assert one["head"] == two["head"]
    assert (one["copy"], two["copy"]) == ("ORIGINAL", "COPY")


def test_a_sheet_from_before_the_signatures_is_no_original_of_the_seal(
    desk: Desk, clock: FixedClock, crew: dict[str, bytes]
) -> None:
    hands = two_crews(desk, clock, crew)
    handover.prepare(desk, KEY)
    service.record_print(desk, "P01", "交接班记录表", KEY, report.p01(desk, shift=KEY))
    handover.sign_out(desk, KEY, hands.giving["primary"])
    handover.take(desk, KEY, hands.taking["primary"])
    assert pending.unprinted_sheets(desk) == [KEY]
    made = report.p01(desk, shift=KEY)
    assert "副本" not in flat(made)
    service.record_print(desk, "P01", "交接班记录表", KEY, made)
    assert [row["copy"] for row in desk.rows("prints", order="_n")] == ["ORIGINAL", "ORIGINAL"]
    assert pending.unprinted_sheets(desk) == []


def test_old_words_of_prints_are_shown_as_they_stand(night: Desk) -> None:
    given: dict[str, Value] = {"form": "P01", "at": MORNING, "copy": "副本"}
    night.act("print.add", [night.new("prints", given)])
    (row,) = night.rows("prints")
    item = night.ledger("prints")["copy"]
    assert item.kind.show(row["copy"], item) == "副本"
    assert item.kind.show("COPY", item) == "副本"
    assert item.kind.parse("正本", item) == "ORIGINAL"


def test_a_finished_sheet_is_equal_bytes_in_two_processes(handed: Desk, clock: FixedClock) -> None:
    here = report.p01(handed, shift=KEY)
    run = subprocess.run(
        [sys.executable, "-c", MAKE.replace("p01(desk)", f"p01(desk, shift='{KEY}')"), str(handed.store.home.root), str(clock.at)],
        cwd=CHECKOUT,
        env=os.environ | {"PYTHONHASHSEED": "7", "TZ": "America/Caracas"},
        capture_output=True,
        check=True,
    )  # fmt: skip
    assert run.stdout == here


def test_the_sheet_before_the_signatures_follows_the_record(
    desk: Desk, clock: FixedClock, crew: dict[str, bytes]
) -> None:
    two_crews(desk, clock, crew)
    handover.prepare(desk, KEY)
    order(desk, "打印前才来的批示")
    assert "打印前才来的批示" in flat(report.p01(desk, shift=KEY))


# -- who is on, and the running head -----------------------------------------------------------------------------------


def test_who_is_on_bears_the_mark_of_a_swap(desk: Desk, clock: FixedClock, crew: dict[str, bytes]) -> None:
    posted = {"date": "2026-06-18", "shift": "H24", "post": "PRIMARY", "slot": 1, "person": crew["primary"]}
    desk.act("assignment.add", [desk.new("assignments", {**posted, "origin": "SWAP"})])
    service.ensure(desk, clock.at)
    sign = {"person": crew["primary"], "shift": "2026-06-18/H24", "sign": "IN", "at": clock.at - HOUR}
    desk.act("sign.in", [desk.new("sign_ins", sign)])
    annex = flat(report.p01(desk)).partition("附一")[2]
    assert "李示例（调）" in annex.partition("附二")[0]


def test_a_long_name_of_a_shift_stands_whole_in_the_head() -> None:
    shift, unit = "2026-06-18 Whole day 08:30–next day 08:30", "Sample District Emergency Bureau"
    made = Document(title="Hand-over record", unit=unit, at=0, shift=shift)
    for n in range(80):
        made.paragraph(f"line {n}")
    for page in pages(made.pdf()):
        assert shift in page
        assert unit in page
    longest = Document(title="Hand-over record", unit=unit, at=0, shift=shift * 4)
    assert "…" in pages(longest.pdf())[0]
