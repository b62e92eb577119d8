"""The plain print of a ledger: labels, shown values, masks, sums, paper."""

from __future__ import annotations

import re
from pathlib import Path

import pypdfium2

from dutydesk.core.clock import FixedClock, parse_iso
from dutydesk.journal.query import Condition, Query
from dutydesk.ledger.kinds import CODE, COUNT, HUNDREDTH, LONG, PHONE, TEXT, TIME, ref
from dutydesk.ledger.spec import Choice, Field, Ledger, On
from dutydesk.printing.page import Document
from dutydesk.printing.plain import ledger_document, list_document
from tests.desks import a_desk

AT = parse_iso("2026-11-22T14:07+08:00")
LEDGER = Ledger(
    "places",
    "避灾安置场所",
    (
        Field("name", TEXT, "名称", width=14),
        Field("level", CODE, "级别", choices=(Choice("DISTRICT", "区级"), Choice("COMMUNITY", "社区级")), width=6),
        Field("area_m2", HUNDREDTH, "面积", unit="㎡", width=8),
        Field("capacity", COUNT, "容量", width=6),
        Field("phone", PHONE, "电话", personal=True, width=12),
        Field("secret", TEXT, "不打印", on=On.TABLE | On.FORM),
        Field("region", ref("regions"), "街道", width=8),
    ),
)
ROWS = [
    {
        "name": "甲校",
        "level": "DISTRICT",
        "area_m2": 123_450,
        "capacity": 90,
        "phone": "10000000001",
        "region": b"r" * 16,
    },
    {
        "name": "乙馆",
        "level": "COMMUNITY",
        "area_m2": 55,
        "capacity": None,
        "phone": None,
        "secret": "密",
        "region": None,
    },
]


def text_of(made: Document) -> str:
    file = pypdfium2.PdfDocument(made.pdf())
    return re.sub(r"\s", "", "".join(page.get_textpage().get_text_range() for page in file))


def test_values_are_shown_as_people_read_them() -> None:
    text = text_of(
        ledger_document(
            LEDGER, ROWS, unit="示例区", at=AT, totals=("area_m2", "capacity"), name=lambda _l, _r: "凯旋街道"
        )
    )
    for part in ("避灾安置场所", "面积（㎡）", "甲校", "区级", "1234.50", "0.55", "凯旋街道", "合计1235.0590"):
        assert part in text
    assert "不打印" not in text
    assert "密" not in text


def test_personal_values_are_masked_unless_asked_for() -> None:
    assert "100****0001" in text_of(ledger_document(LEDGER, ROWS, unit="示例区", at=AT))
    assert "10000000001" in text_of(ledger_document(LEDGER, ROWS, unit="示例区", at=AT, masks=False))


def test_a_wide_ledger_lies() -> None:
    wide = Ledger("w", "值班日志", (*LEDGER.fields, Field("at", TIME, "时间"), Field("text", LONG, "内容", width=40)))
    for ledger, lies in ((LEDGER, False), (wide, True)):
        width, height = pypdfium2.PdfDocument(ledger_document(ledger, ROWS, unit="示例区", at=AT).pdf())[0].get_size()
        assert (width > height) is lies


def test_an_empty_ledger_prints_its_head_and_missing_names_the_row() -> None:
    assert "名称" in text_of(ledger_document(LEDGER, [], unit="示例区", at=AT))
    made = ledger_document(LEDGER, [*ROWS, {"name": "\U00020bb7"}], unit="示例区", at=AT, watermark="示例")
    assert [problem.line for problem in made.missing] == [3]


def test_rows_that_carry_a_number_are_not_counted_beside_it() -> None:
    fields = (Field("no", COUNT, "编号"), Field("text", LONG, "内容"), Field("n", COUNT, "人数"))
    rows = [{"no": 31, "text": "甲", "n": 4}, {"no": 32, "text": "乙", "n": 5}]
    for number, counted in (("no", False), ("", True)):
        ledger = Ledger("log", "值班日志", fields, number=number)
        text = text_of(ledger_document(ledger, rows, unit="示例区", at=AT, totals=("n",)))
        assert ("序号" in text) is counted
        assert "合计9" in text


def test_a_list_prints_what_is_asked_for_as_people_read_it(tmp_path: Path) -> None:
    with a_desk(tmp_path / "desk", FixedClock(AT), sample=True) as desk:
        region = desk.new("regions", {"code": "990102001", "name": "东示例街道"})
        units = [desk.new("units", {"name": f"示例单位{n:03d}", "region": region.row}) for n in range(300)]
        desk.act("units.add", [region, *units])
        whole = list_document(desk, Query("units"))
        text = text_of(whole)
        assert whole.watermark == "示例"
        assert all(f"示例单位{n:03d}东示例街道" in text for n in range(300)), "more than one page of the list"
        assert f"依据记录{desk.store.position()[0]}·" in text
        some = text_of(list_document(desk, Query("units", (Condition("name", "=", "示例单位007"),))))
        assert "示例单位007" in some
        assert "示例单位008" not in some
