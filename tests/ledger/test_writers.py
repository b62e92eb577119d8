from __future__ import annotations

import csv
import io
import json
import posixpath
import re
import zipfile
from collections.abc import Sequence
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dutydesk.core.clock import parse_iso
from dutydesk.core.errors import Refused
from dutydesk.ledger import xlsx
from dutydesk.ledger.geojson import write_geojson
from dutydesk.ledger.kinds import CODE, COUNT, DAY, DEGREE, FLAG, HUNDREDTH, INT, LONG, PHONE, TENTH, TEXT, TIME, ref
from dutydesk.ledger.mapping import propose
from dutydesk.ledger.readers import read_records
from dutydesk.ledger.rows import parse_records
from dutydesk.ledger.spec import Choice, Field, Ledger, On, Value, Values
from dutydesk.ledger.writers import headers, write_csv, write_xlsx

EVERY = Ledger(
    "every",
    "样样都有",
    (
        Field("name", TEXT, "名称", required=True),
        Field("note", LONG, "备注"),
        Field("change", INT, "变化"),
        Field("count", COUNT, "数量"),
        Field("area", HUNDREDTH, "面积"),
        Field("rain", TENTH, "雨量"),
        Field("lon", DEGREE, "经度"),
        Field("lat", DEGREE, "纬度"),
        Field("at", TIME, "时间"),
        Field("day", DAY, "日期"),
        Field("state", CODE, "状态", choices=(Choice("OPEN", "启用"), Choice("X1", "同名"), Choice("X2", "同名"))),
        Field("open", FLAG, "是否"),
        Field("phone", PHONE, "电话"),
        Field("region", ref("regions"), "区域"),
        Field("inner", TEXT, "内部", on=On.TABLE),
    ),
)
TITLES = {bytes([at]) * 16: f"示例街道{at}" for at in range(3)}
IDS = {title: row for row, title in TITLES.items()}

_alphabet = st.characters(exclude_categories=("Cs", "Cc"))
_awkward = st.sampled_from(
    ["=1+1", "+8613800000000", "-1", "@a", "'=x", "''", "_x0041_", "\uff1d1", "\uff0d", "合并", 'a&b<c>"d"', "1,2;3\t4", "007"]
)  # fmt: skip
_text = (st.text(_alphabet, min_size=1, max_size=20) | _awkward).map(str.strip)
_line = _text.filter(lambda text: text == " ".join(text.split("\n")) and "\t" not in text)
_int = st.integers(-(10**14), 10**14)
ROW = st.fixed_dictionaries(
    {
        "name": _line.filter(bool),
        "note": st.none() | (_text | st.just("一\n二\t三")).map(lambda text: text or None),
        "change": st.none() | st.integers(-(2**63), 2**63 - 1),
        "count": st.none() | st.integers(0, 10**6),
        "area": st.none() | _int,
        "rain": st.none() | _int,
        "lon": st.none() | st.integers(-180_000_000, 180_000_000),
        "lat": st.none() | st.integers(-90_000_000, 90_000_000),
        "at": st.none() | st.integers(parse_iso("1900-01-01"), parse_iso("2200-01-01")),
        "day": st.none() | st.dates().map(lambda day: day.isoformat()),
        "state": st.sampled_from([None, "OPEN", "X1", "X2"]),
        "open": st.sampled_from([None, 0, 1]),
        "phone": st.none() | st.from_regex(r"[+]?[0-9][0-9 ()-]{2,12}[0-9]", fullmatch=True),
        "region": st.none() | st.sampled_from(sorted(TITLES)),
    }
)


def title(ledger: str, row: bytes) -> str:
    assert ledger == "regions"
    return TITLES[row]


def read_back(ledger: Ledger, data: bytes, name: str) -> list[dict[str, Value]]:
    records = read_records(data, name)
    mapping = propose(ledger, records.headers)
    assert not mapping.unmapped_headers
    parsed = parse_records(ledger, records, mapping, lambda _ledger, text: IDS[text])
    assert not parsed.refused
    return [values for _line, values in parsed.rows]


@given(st.lists(ROW, min_size=1, max_size=4))
@settings(max_examples=60)
def test_what_is_written_reads_back_to_the_same_values(rows: list[dict[str, Value]]) -> None:
    assert read_back(EVERY, write_csv(EVERY, rows, title=title), "a.csv") == rows
    assert read_back(EVERY, write_xlsx(EVERY, rows, title=title), "a.xlsx") == rows


@given(st.lists(ROW, min_size=1, max_size=4))
@settings(max_examples=40)
def test_geojson_reads_back_to_the_same_values(rows: list[dict[str, Value]]) -> None:
    for row in rows:
        if row["lon"] is None or row["lat"] is None:
            row["lon"] = row["lat"] = None
    records = read_records(write_geojson(EVERY, rows), "a.geojson")
    parsed = parse_records(EVERY, records, propose(EVERY, records.headers))
    assert not parsed.refused
    assert [values for _line, values in parsed.rows] == rows


FORMULAS = ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "\0x", "\uff1d1", "\uff0b1", "\uff0d1", "\uff20x", "'=1", "''@"]
TWO = Ledger("two", "两列", (Field("name", TEXT, "名称"), Field("amount", INT, "数额")))


@pytest.mark.parametrize("text", FORMULAS)
def test_no_text_of_a_csv_file_is_a_formula_but_negative_numbers_stay_numbers(text: str) -> None:
    data = write_csv(TWO, [{"name": text, "amount": -5}])
    assert data.startswith(b"\xef\xbb\xbf")
    cells = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))[1]
    assert cells == [f"'{text}", "-5"]


@pytest.mark.parametrize("text", FORMULAS)
def test_no_text_of_a_workbook_is_a_formula(text: str) -> None:
    parts = zipfile.ZipFile(io.BytesIO(write_xlsx(TWO, [{"name": text, "amount": -5}])))
    sheet = parts.read("xl/worksheets/sheet1.xml").decode()
    assert "<f" not in sheet
    assert '<c r="A2" t="inlineStr" s="1">' in sheet
    assert '<c r="B2"><v>-5</v></c>' in sheet


def test_headers_are_labels_kept_apart_and_codes_are_labels_where_they_lead_back() -> None:
    twice = Ledger("twice", "两个", (Field("a", TEXT, "数量"), Field("b", TEXT, "数量"), Field("c", TEXT, "名称")))
    assert headers(twice) == ("数量（a）", "数量（b）", "名称")
    text = write_csv(
        EVERY, [{"name": "甲", "state": "OPEN"}, {"name": "乙", "state": "X2"}, {"name": "丙", "state": "旧"}]
    )
    rows = list(csv.DictReader(io.StringIO(text.decode("utf-8-sig"), newline="")))
    assert [row["状态"] for row in rows] == ["启用", "X2", "旧"]
    assert "内部" not in rows[0]


def test_times_are_written_as_people_read_them() -> None:
    at = parse_iso("2026-06-18T14:30:05+08:00")
    text = write_csv(EVERY, [{"name": "甲", "at": at}, {"name": "乙", "at": at + 7}]).decode("utf-8-sig")
    assert "2026-06-18 14:30:05," in text
    assert "2026-06-18 14:30:05.007," in text


def test_telephone_numbers_are_text_and_personal_ones_are_masked_unless_revealed() -> None:
    def is_persons(row: Values) -> bool:
        return row["name"] != "示例热线"

    ledger = Ledger("n", "号码", (Field("name", TEXT, "名称"), Field("phone", PHONE, "电话", personal=is_persons)))
    rows = [{"name": "示例热线", "phone": "01234567890"}, {"name": "甲", "phone": "13800000000"}]
    for write, name in ((write_csv, "a.csv"), (write_xlsx, "a.xlsx")):
        assert [cells[1] for _line, cells in read_records(write(ledger, rows), name).rows] == [
            "01234567890",
            "138****0000",
        ]
        shown = read_records(write(ledger, rows, masked=False), name)
        assert [cells[1] for _line, cells in shown.rows] == ["01234567890", "13800000000"]
    sheet = zipfile.ZipFile(io.BytesIO(write_xlsx(ledger, rows))).read("xl/worksheets/sheet1.xml").decode()
    assert "<v>" not in sheet


def test_geojson_masks_and_needs_coordinates() -> None:
    with pytest.raises(Refused, match="经纬度"):
        write_geojson(TWO, [])
    ledger = Ledger(
        "p", "点", (Field("phone", PHONE, "电话", personal=True), Field("lon", DEGREE, "经度"), Field("lat", DEGREE, "纬度"))
    )  # fmt: skip
    row: dict[str, Value] = {"phone": "13800000000", "lon": 120_123_456, "lat": 30_000_000}
    made = json.loads(write_geojson(ledger, [row]))
    assert made["features"][0] == {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [120.123456, 30.0]},
        "properties": {"phone": "138****0000"},
    }
    assert json.loads(write_geojson(ledger, [row], masked=False))["features"][0]["properties"]["phone"] == "13800000000"


def test_control_characters_are_escaped_as_the_standard_says() -> None:
    assert xlsx.escape("a\x01b\r_x0041_&<>\ud800\uffff") == "a_x0001_b_x000D__x005F_x0041_&amp;&lt;&gt;_xD800__xFFFF_"
    data = xlsx.write_sheet("t", [xlsx.Column("名称"), xlsx.Column("备注")], [("a\x01\r\n\tb", " _x0041_ ")])
    assert read_records(data, "a.xlsx").rows[0][1] == ("a\x01\r\n\tb", " _x0041_ ")


def test_numbers_beyond_fifteen_digits_stay_text() -> None:
    row = ("123456789012345", "1234567890123456", "-0.50", "330102199001010011")
    data = xlsx.write_sheet("t", [xlsx.Column(name, numeric=True) for name in ("名称", "单位", "数量", "备注")], [row])
    sheet = zipfile.ZipFile(io.BytesIO(data)).read("xl/worksheets/sheet1.xml").decode()
    assert re.findall(r"<v>(.*?)</v>", sheet) == ["123456789012345", "-0.50"]
    assert read_records(data, "a.xlsx").rows[0][1] == (*row[:2], "-0.5", row[3])


def test_too_many_rows_and_too_long_cells_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Refused, match="32767"):
        xlsx.write_sheet("t", [xlsx.Column("a")], [("x" * 32_768,)])
    assert xlsx.MAX_ROWS == 1_048_576
    monkeypatch.setattr(xlsx, "MAX_ROWS", 3)
    assert xlsx.write_sheet("t", [xlsx.Column("a")], [("x",)] * 2)
    with pytest.raises(Refused, match="上限 3 行"):
        xlsx.write_sheet("t", [xlsx.Column("a")], [("x",)] * 3)


@pytest.mark.parametrize(
    ("number", "letters"), [(1, "A"), (26, "Z"), (27, "AA"), (702, "ZZ"), (703, "AAA"), (16384, "XFD")]
)
def test_column_letters(number: int, letters: str) -> None:
    assert xlsx.column_letters(number) == letters


def parts(data: bytes) -> dict[str, ET.Element]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {name: ET.fromstring(archive.read(name)) for name in archive.namelist()}


def local(elements: Sequence[ET.Element] | ET.Element, name: str) -> list[ET.Element]:
    return [element for element in elements if element.tag.endswith("}" + name)]


def test_the_package_is_whole() -> None:
    """Every part has a content type, every relationship leads to a part (ECMA-376 part 2 §§6.2, 6.5)."""
    found = parts(write_xlsx(EVERY, [{"name": "甲"}]))
    types = found["[Content_Types].xml"]
    endings = {element.get("Extension") for element in local(types, "Default")}
    overrides = {str(element.get("PartName")).lstrip("/") for element in local(types, "Override")}
    assert overrides <= set(found)
    assert {name for name in found if name not in overrides and name.rsplit(".", 1)[-1] not in endings} == set()
    for name, root in found.items():
        if name.endswith(".rels"):
            base = posixpath.dirname(posixpath.dirname(name))
            for relation in local(root, "Relationship"):
                assert posixpath.normpath(posixpath.join(base, str(relation.get("Target")))) in found
    sheet = found["xl/worksheets/sheet1.xml"]
    assert [element.tag.rsplit("}", 1)[1] for element in sheet] == ["sheetViews", "cols", "sheetData"]


def test_a_title_that_no_sheet_may_have_is_made_fit_and_bytes_are_fixed() -> None:
    data = xlsx.write_sheet('甲/乙:[丙]&"<>' + "长" * 40, [xlsx.Column("名称")], [("a",)])
    name = str(local(parts(data)["xl/workbook.xml"][0], "sheet")[0].get("name"))
    assert len(name) <= 31
    assert not set(name) & set("[]:*?/\\")
    assert data == xlsx.write_sheet('甲/乙:[丙]&"<>' + "长" * 40, [xlsx.Column("名称")], [("a",)])
