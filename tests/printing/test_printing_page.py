"""Printed pages: the text comes out as it went in, ink is where it should be, equal input gives equal bytes."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pypdfium2
import pytest
import zxingcpp
from PIL import Image, ImageChops

from dutydesk.core.clock import parse_iso
from dutydesk.printing import qr
from dutydesk.printing.page import Document, Foot
from dutydesk.printing.sheet import mm
from dutydesk.printing.tables import Column, Group, Total, edges, widened

AT = parse_iso("2026-11-22T14:07:32+08:00")
NOWHERE = "\U00020bb7"
HOSTILE = "<img src=http://192.0.2.1/x> <font color=red>&amp; %(x)s )\\( &"
CHECKOUT = Path(__file__).parents[2]


def document(**more: object) -> Document:
    return Document(title="值班日志", unit="示例区应急管理局", at=AT, **more)  # pyright: ignore[reportArgumentType]


def pages(made: bytes) -> list[str]:
    file = pypdfium2.PdfDocument(made)
    try:
        return [page.get_textpage().get_text_range().replace("\r\n", "\n") for page in file]
    finally:
        file.close()


def picture(made: bytes, page: int = 0, scale: float = 2.0) -> Image.Image:
    file = pypdfium2.PdfDocument(made)
    try:
        return file[page].render(scale=scale).to_pil().convert("L")
    finally:
        file.close()


def flat(text: str) -> str:
    return re.sub(r"\s", "", text)


def log_rows(count: int) -> list[list[str]]:
    return [
        [str(n), f"14:{n % 60:02d}", f"第{n}条，凯旋街道隧道积水约{n}厘米", f"{n * 3}"] for n in range(1, count + 1)
    ]


COLUMNS = [
    Column("序号", width=14, align="right"),
    Column("时间", width=18, align="center"),
    Column("内容"),
    Column("人数", width=20, align="right"),
]


def test_the_text_comes_out_as_it_went_in() -> None:
    made = document(shift="11月22日 白班")
    made.heading("一、突发事件处置")
    made.pairs([("带班领导", "王示例"), ("天气", "暴雨 11 ℃")])
    made.paragraph("㙍䶮㛃℃㎡〔2026〕1号", indent=2)
    made.table(COLUMNS, log_rows(3))
    made.signatures(["交班人", ("接班人", "李示例")])
    (text,) = pages(made.pdf())
    for part in (
        "示例区应急管理局|11月22日白班|值班日志|一、突发事件处置|带班领导|王示例|暴雨11℃|㙍䶮㛃℃㎡〔2026〕1号|"
        "第3条，凯旋街道隧道积水约3厘米|交班人：|李示例|年月日时分|第1/1页|打印2026-11-2214:07"
    ).split("|"):
        assert part in flat(text)
    assert made.missing == []


def test_user_text_is_never_markup() -> None:
    made = document()
    made.paragraph(HOSTILE)
    made.table([Column("内容")], [[HOSTILE]])
    made.pairs([(HOSTILE, HOSTILE)], columns=1)
    made.box(HOSTILE, title="x")
    assert flat(pages(made.pdf())[0]).count(flat(HOSTILE)) >= 3
    assert made.missing == []


def test_control_characters_and_surrogates_are_shown_as_boxes_everywhere() -> None:
    odd = "甲\x00\x07\ud842乙"
    made = Document(title=odd, unit=odd, at=AT, shift=odd, watermark="", foot=Foot(odd))
    made.paragraph(odd)
    made.table([Column(odd)], [[odd]])
    assert {code for problem in made.missing for code in re.findall(r"U\+\w+", problem.reason)} == {
        "U+0000",
        "U+0007",
        "U+D842",
    }
    assert "0000" in flat(pages(made.pdf())[0])
    assert len(pypdfium2.PdfDocument(made.pdf())) == 1


def test_a_character_that_no_face_has_is_named_and_drawn_as_its_code() -> None:
    made = document()
    made.table([Column("姓名")], [["张甲"], [f"{NOWHERE}乙"], ["丙"], [f"{NOWHERE}"]])
    assert [(p.line, "U+20BB7" in p.reason) for p in made.missing] == [(2, True), (4, True)]
    text = flat(pages(made.pdf())[0])
    assert text.count("20BB7") == 2
    with_box = picture(made.pdf())
    blank = document()
    blank.table([Column("姓名")], [["张甲"], ["\u3000乙"], ["丙"], ["\u3000"]])
    assert ImageChops.difference(with_box, picture(blank.pdf())).getbbox() is not None


def test_a_character_without_glyph_in_the_head_is_named_once() -> None:
    made = Document(title="值班日志", unit=f"{NOWHERE}区{NOWHERE}", at=AT)
    assert [(p.line, "U+20BB7" in p.reason) for p in made.missing] == [(None, True)]


@pytest.mark.parametrize("character", "㙍䶮㛃℃㎡〔〕甲A1")
def test_every_glyph_leaves_ink(character: str) -> None:
    made, empty = document(), document()
    made.paragraph(character, size=40)
    empty.paragraph("\u3000", size=40)
    difference = ImageChops.difference(picture(made.pdf()), picture(empty.pdf()))
    assert sum(1 for value in difference.tobytes() if value > 100) > 100


def test_black_on_white_only() -> None:
    made = document(watermark="演练")
    made.table(COLUMNS, log_rows(5))
    made.pdf()
    file = pypdfium2.PdfDocument(made.pdf())
    colours = file[0].render(scale=1).to_pil().convert("RGB").getcolors(1 << 20)
    assert colours is not None
    assert all(max(c) - min(c) < 8 for _count, c in colours)


def test_watermark_lies_under_the_text_in_light_grey_and_is_told_in_the_head() -> None:
    plain, marked = document(), document(watermark="演练")
    assert "〔演练〕示例区" in flat(pages(marked.pdf())[0])
    middle = picture(marked.pdf()).crop((300, 500, 900, 1200))
    greys = [value for value in middle.tobytes() if value < 250]
    assert len(greys) > 5000
    assert min(greys) > 200
    assert picture(plain.pdf()).crop((300, 500, 900, 1200)).getextrema() == (255, 255)


def test_the_head_is_repeated_and_pages_are_counted() -> None:
    made = document()
    made.table(COLUMNS, log_rows(120))
    texts = pages(made.pdf())
    assert len(texts) == made.pages > 2
    for number, text in enumerate(texts, 1):
        assert f"第{number}/{len(texts)}页" in flat(text)
        assert flat(text).count("内容") == 1
    joined = flat("".join(texts))
    assert all(joined.count(f"第{n}条，") == 1 for n in range(1, 121))
    assert "值班日志" in texts[1]


def test_a_row_is_never_split_unless_it_is_taller_than_a_page() -> None:
    made = document()
    block = "\n".join(["甲行"] * 20)
    made.table([Column("号", width=12), Column("内容")], [[f"{n}号", block + f"\n尾{n}"] for n in range(7)])
    for text in pages(made.pdf()):
        assert flat(text).count("甲行") == 20 * len(re.findall(r"尾\d", text))
    tall = document()
    tall.table([Column("内容")], [["前"], ["\n".join(f"〔{n}〕" for n in range(300))], ["后"]])
    joined = flat("".join(pages(tall.pdf())))
    assert [int(n) for n in re.findall(r"〔(\d+)〕", joined)] == list(range(300))
    assert tall.pages > 4


def test_groups_and_totals() -> None:
    made = document()
    rows = [Group("凯旋街道"), ["1", "14:00", "甲", "3"], Total(["", "", "小计", "3"]), Group("彭埠街道")]
    made.table(COLUMNS, [*rows, *log_rows(80), Total(["", "", "合计", "12,025"])])
    text = flat("".join(pages(made.pdf())))
    assert text.index("凯旋街道") < text.index("小计") < text.index("彭埠街道") < text.index("12,025")


def test_a_group_is_not_left_alone_at_the_foot() -> None:
    for before in range(20, 40):
        made = document()
        made.table([Column("内容")], [*[["行"]] * before, Group("组名"), ["后行"]])
        (where,) = [text for text in pages(made.pdf()) if "组名" in text]
        assert "后行" in where


@pytest.mark.parametrize("end", [[["末行"]], [Group("组名"), ["末行"]]], ids=["row", "group"])
def test_what_is_signed_has_a_row_of_the_table_beside_the_signatures(end: list[list[str] | Group]) -> None:
    parted = 0
    for before in range(25, 45):
        made = document()
        made.table([Column("内容")], iter([*[["行"]] * before, *end]), signed=True)
        made.signatures(["记录人", "带班领导"])
        texts = pages(made.pdf())
        (where,) = [text for text in texts if "记录人" in text]
        assert "末行" in where
        assert ("组名" in where) == (len(end) == 2)
        parted += len(texts) > 1
    assert 0 < parted < 20, "both with and without a turn of the page"


def test_a_generator_of_rows_without_rows_prints_the_head() -> None:
    made = document()
    made.table(COLUMNS, iter(()))
    assert "内容" in pages(made.pdf())[0]


def test_numbers_stand_right_and_text_left() -> None:
    made = document()
    made.table([Column("名称", width=50), Column("人数", width=50, align="right"), Column("备注")], [["甲", "8", "乙"]])
    file = pypdfium2.PdfDocument(made.pdf())
    page = file[0].get_textpage()
    boxes = {page.get_text_range(n, 1): page.get_charbox(n) for n in range(page.count_chars())}
    left = mm(24)
    assert left < boxes["甲"][0] < left + mm(3)
    assert left + mm(97) < boxes["8"][2] < left + mm(100)


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ([Column("a", width=20), Column("b")], [0, 20, 100]),
        ([Column("a", weight=1), Column("b", weight=3)], [0, 25, 100]),
        ([Column("a", width=50), Column("b", width=150)], [0, 25, 100]),
        ([Column("a", width=184), Column("b")], [0, 92, 100]),
    ],
)
def test_column_widths(columns: list[Column], expected: list[float]) -> None:
    assert edges(columns, 0, mm(100)) == pytest.approx([mm(x) for x in expected])


def test_a_column_takes_from_the_others_what_its_words_need() -> None:
    rules = [0.0, 20.0, 60.0, 100.0]
    assert widened(rules, [30.0, 10.0, 30.0]) == pytest.approx([0, 30, 62.5, 100])
    assert widened(rules, [10.0, 10.0, 10.0]) == rules
    assert widened([0.0, 90.0, 100.0], [10.0, 90.0])[1] >= 66, "no word takes more than a third of the measure"


def test_no_word_of_a_title_or_a_cell_is_broken_within() -> None:
    made = document()
    made.table([Column("Signal", width=10), Column("名称")], [("Yellow", "甲"), ("Blue", "乙")])
    text = "".join(pages(made.pdf()))
    assert "Signal" in text
    assert "Yellow" in text


@pytest.mark.parametrize(
    ("more", "size"),
    [({}, (210, 297)), ({"landscape": True}, (297, 210)), ({"paper": "A3", "landscape": True}, (420, 297))],
)
def test_paper(more: dict[str, object], size: tuple[int, int]) -> None:
    file = pypdfium2.PdfDocument(document(**more).pdf())
    assert file[0].get_size() == pytest.approx((mm(size[0]), mm(size[1])), abs=0.1)


def test_long_values_get_a_row_of_their_own_and_may_cross_pages() -> None:
    made = document()
    made.pairs([("备注", "".join(f"〔{n}〕甲乙丙丁" for n in range(600))), ("短", "值")])
    assert made.pages > 1
    found = re.findall(r"〔(\d+)〕", flat("".join(pages(made.pdf()))))
    assert [int(n) for n in found] == list(range(600))


def test_a_long_box_crosses_pages() -> None:
    made = document()
    made.box("\n".join(f"〔{n}〕" for n in range(120)), title="设备环境")
    found = re.findall(r"〔(\d+)〕", flat("".join(pages(made.pdf()))))
    assert [int(n) for n in found] == list(range(120))


def test_signatures_and_headings_keep_together() -> None:
    for lines in range(30, 50):
        made = document()
        for _line in range(lines):
            made.paragraph("行")
        made.heading("标题乙")
        made.paragraph("正文乙")
        made.signatures(["交班人", "接班人", "带班领导"])
        texts = pages(made.pdf())
        (where,) = [text for text in texts if "标题乙" in text]
        assert "正文乙" in where
        (where,) = [text for text in texts if "交班人" in text]
        assert flat(where).count("年月日时分") == 3


def test_the_hash_at_the_foot_is_read_back_from_every_page() -> None:
    content = "DD1:" + "3fa9c04e" * 8 + ":hz-01:1:4711"
    made = document(foot=Foot("链首 " + "3fa9c04e" * 8, content))
    made.table(COLUMNS, log_rows(60))
    assert made.pages > 1
    for number, text in enumerate(pages(made.pdf())):
        assert "3fa9c04e" * 8 in flat(text)
        (code,) = zxingcpp.read_barcodes(picture(made.pdf(), number, 3.0))
        assert code.text == content


def test_a_qr_symbol_holds_chinese() -> None:
    (code,) = zxingcpp.read_barcodes(picture(document(foot=Foot(qr="示例区 值班日志 001号")).pdf(), 0, 3.0))
    assert code.text == "示例区 值班日志 001号"
    assert qr.matrix("a") == qr.matrix("a")


def test_asking_twice_and_writing_on_changes_nothing_before() -> None:
    made = document()
    made.paragraph("甲")
    first = made.pdf()
    assert made.pdf() == first
    made.paragraph("乙")
    assert "乙" in pages(made.pdf())[0]
    assert made.pdf() != first


def test_the_moment_of_printing_is_the_given_one() -> None:
    later = Document(title="值班日志", unit="示例区应急管理局", at=AT + 60_000)
    info = pypdfium2.PdfDocument(document().pdf()).get_metadata_dict()
    assert info["CreationDate"] == "D:20261122140732+08'00'"
    assert (info["Title"], info["Author"]) == ("值班日志", "示例区应急管理局")
    assert later.pdf() != document().pdf()


def test_every_font_is_embedded() -> None:
    made = document(watermark="演练").pdf()
    assert made.count(b"/FontFile2") == 2
    assert b"Helvetica" not in made


SCRIPT = """
import hashlib, sys
sys.path.insert(0, sys.argv[1])
from dutydesk.printing.page import Document, Foot
from dutydesk.printing.tables import Column
d = Document(title="值班日志", unit="示例区", at=1795327652000, watermark="示例", foot=Foot("h", "q"))
d.pairs([("甲", "乙\\U00020bb7")])
d.table([Column("内容"), Column("人数", align="right")], [[f"第{n}条{chr(0x4e00 + n * 7)}", str(n)] for n in range(200)])
sys.stdout.write(hashlib.sha256(d.pdf()).hexdigest())
"""


def test_equal_bytes_in_two_processes() -> None:
    found = {
        subprocess.run(
            [sys.executable, "-c", SCRIPT, str(CHECKOUT)],
            env={**os.environ, "PYTHONHASHSEED": seed, "TZ": zone, "SOURCE_DATE_EPOCH": epoch},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed, zone, epoch in (("1", "UTC", ""), ("4242", "America/New_York", "1"))
    }
    assert len(found) == 1
    assert len(found.pop()) == len(hashlib.sha256().hexdigest())


def test_documents_behind_one_another_are_one_file_and_count_their_own_pages() -> None:
    first = document(shift="甲")
    second = document(shift="乙", behind=first)
    first.paragraph("第一张")
    second.pairs([("姓名", "王示例")], row_height=9.0)
    second.space(300)
    second.need(10)
    second.paragraph(f"第二张{NOWHERE}")
    texts = [flat(page) for page in pages(first.pdf())]
    assert ["第1/1页" in texts[0], "第1/2页" in texts[1], "第2/2页" in texts[2]] == [True] * 3
    assert ["甲" in texts[0], "乙" in texts[1], "乙" in texts[2]] == [True] * 3
    assert "王示例" in texts[1]
    assert "第二张" in texts[2]
    assert len(first.pdf().missing) == 1
    assert first.pdf() == first.pdf()


def test_a_grid_leaves_room_to_write_by_hand() -> None:
    room: list[float] = []
    for least in (0.0, 9.0, 40.0):
        made = document()
        before = made._sheets.y
        made.pairs([("姓名", "")], row_height=least)
        room.append((before - made._sheets.y) / 72 * 25.4 - 2)
    assert room[0] < 9 <= round(room[1], 3)
    assert round(room[2], 3) == 40
