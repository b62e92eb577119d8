from __future__ import annotations

import io
import json
import zipfile
from datetime import datetime, time
from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from dutydesk.core.errors import Refused
from dutydesk.ledger import sheets
from dutydesk.ledger.readers import read_records
from dutydesk.ledger.records import DANGEROUS, Records, guard, unguard
from dutydesk.ledger.xlsx import Column, write_sheet

TABLE = "名称,地址,可容纳人数\r\n示例中学,示例路1号,300\r\n示例小学,示例路2号,200\r\n"


def refusal(data: bytes, name: str = "f", **options: str) -> str:
    with pytest.raises(Refused) as caught:
        read_records(data, name, **options)
    assert all(problem.file == name for problem in caught.value.problems)
    return str(caught.value)


def survives(data: bytes) -> bool:
    """Records or a refusal that names the file; anything else is raised."""
    try:
        return isinstance(read_records(data, "f"), Records)
    except Refused as refused:
        return all(problem.file == "f" and problem.reason for problem in refused.problems)


def csv_rows(text: str) -> list[tuple[int, tuple[str, ...]]]:
    return list(read_records(text.encode(), "a.csv").rows)


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (TABLE.encode(), "utf-8"),
        (b"\xef\xbb\xbf" + TABLE.encode(), "utf-8"),
        (b"\xff\xfe" + TABLE.encode("utf-16-le"), "utf-16-le"),
        (b"\xfe\xff" + TABLE.encode("utf-16-be"), "utf-16-be"),
        (TABLE.encode("gb18030"), "gb18030"),
    ],
)
def test_every_encoding_gives_the_same_records(data: bytes, encoding: str) -> None:
    records = read_records(data, "a.csv")
    assert (records.encoding, records.format, records.header_line) == (encoding, "csv", 1)
    assert records.headers == ("名称", "地址", "可容纳人数")
    assert list(records.rows) == [(2, ("示例中学", "示例路1号", "300")), (3, ("示例小学", "示例路2号", "200"))]
    assert records.read == 2


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(delimiter: str) -> None:
    text = TABLE.replace(",", delimiter).replace("示例路1号", '"路,;|\t号"')
    assert csv_rows(text)[0] == (2, ("示例中学", "路,;|\t号", "300"))


def test_excels_own_delimiter_line_is_obeyed_and_counted() -> None:
    assert csv_rows("sep=;\r\n名称;地址\r\n甲;乙,丙\r\n")[0] == (3, ("甲", "乙,丙"))


def test_lines_stay_true_over_embedded_newlines_and_blank_rows() -> None:
    assert csv_rows('名称,备注\n甲,"一\n二\n三"\n\n,\n  ,\n乙,\n') == [(2, ("甲", "一\n二\n三")), (8, ("乙", ""))]


def test_ragged_rows_are_filled_up_and_surplus_is_kept_for_refusal() -> None:
    assert csv_rows("名称,地址\n甲\n乙,丙,,\n丁,戊,己\n") == [
        (2, ("甲", "")),
        (3, ("乙", "丙")),
        (4, ("丁", "戊", "己")),
    ]


def test_quotes_that_do_not_close_are_refused_at_the_line_where_the_record_begins() -> None:
    assert "a.csv: 3: 引号没有成对" in refusal('名称,地址\n甲,乙\n丙,"丁\n戊,己\n'.encode(), "a.csv")
    assert "引号" in refusal(f'名称,地址\n甲,"{"乙" * 140_000}\n'.encode())


def test_nul_and_foreign_encodings_are_refused_with_their_line() -> None:
    assert "f: 2: " in refusal("名称\n甲\0乙\n".encode())
    assert "f: 2: " in refusal("名称\n".encode() + b"\xff\xff\n")


def test_titles_above_the_header_are_left_out_and_named() -> None:
    records = read_records("某区示例台账,,\n2026年6月,,\n序号,名称,地址\n1,甲,乙\n".encode(), "a.csv")
    assert (records.header_line, records.headers) == (3, ("序号", "名称", "地址"))
    assert list(records.rows) == [(4, ("1", "甲", "乙"))]
    assert "第 3 行" in str(records.warnings[0])


def test_unknown_words_can_be_headers_but_numbers_and_dates_cannot() -> None:
    assert read_records(b"Datum;Zeit\n2022-09-01;1\n", "a.csv").headers == ("Datum", "Zeit")
    for text in ("a,0\nb,1\n", "2021-01-01,15\n2021-01-02,16\n", "1\n2\n"):
        reason = refusal(text.encode())
        assert "没有认出表头" in reason
        assert text.split(",", maxsplit=1)[0].split("\n")[0] in reason


def test_same_and_empty_headers_stay_apart() -> None:
    assert read_records("名称,Address,,Address\na,b,c,d\n".encode(), "a.csv").headers == (
        "名称",
        "Address",
        "第 3 列",
        "Address (2)",
    )


def test_a_file_of_headers_alone_says_so() -> None:
    records = read_records("姓名,单位\n".encode(), "a.csv")
    assert not records.rows
    assert "没有记录" in str(records.warnings[0])


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "空"),
        (b"\xef\xbb\xbf\r\n", "没有内容"),
        (b" \r\n\r\n", "空"),
        (b"%PDF-1.7\n1 0 obj", "PDF"),
        (b"\x89PNG\r\n\x1a\n" + bytes(20), "图片"),
        (b"\xff\xd8\xff\xe0" + bytes(20), "图片"),
        (b"<html><table><tr><td>1</td></tr></table></html>", "网页"),
        (b'\xef\xbb\xbf\r\n<!DOCTYPE html><meta charset="gbk">', "网页"),
        (b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>', "2003"),
        (b'<?xml version="1.0"?><alert/>', "XML"),
        (OLE + "EncryptedPackage".encode("utf-16-le"), "密码"),
        (OLE + "WordDocument".encode("utf-16-le"), "Word"),
        (OLE, "打不开"),
        (b"PK\x05\x06" + bytes(18), "压缩包"),
        (b"\x1f\x8b\x08" + bytes(20), "压缩包"),
        (b"\r\nBEGIN:VCARD\r\nVERSION:3.0\r\n", "vCard"),
        (b"SQLite format 3\0" + bytes(20), "数据库"),
        (b'{"a": 1}', "GeoJSON"),
        (b'{"a": ', "JSON"),
        (b"[" * 100_000, "JSON"),
    ],
)
def test_other_files_are_refused_in_plain_words(data: bytes, word: str) -> None:
    assert word in refusal(data, "表.xls")


def archive(**parts: str | bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as made:
        for name, body in parts.items():
            made.writestr(name.replace("__", "/").replace("_xml", ".xml"), body)
    return target.getvalue()


def workbook(sheet: str, **more: str | bytes) -> bytes:
    """A minimal xlsx with the given rows as raw XML."""
    base = write_sheet("表", [Column("名称")], [])
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(base)) as source, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as made:
        for name in source.namelist():
            body = source.read(name)
            if name.endswith("sheet1.xml"):
                body = body[: body.index(b"<sheetData>")] + b"<sheetData>" + sheet.encode() + b"</sheetData>"
                body += more.pop("after", "").encode() + b"</worksheet>"  # type: ignore[union-attr]
            made.writestr(name, body)
        for name, extra in more.items():
            made.writestr(name, extra)
    return target.getvalue()


def text_cell(ref: str, text: str) -> str:
    return f'<c r="{ref}" t="inlineStr"><is><t>{text}</t></is></c>'


def test_archives_that_are_no_workbook_are_refused() -> None:
    assert "Word" in refusal(archive(word__document_xml="<w/>"))
    assert "压缩包" in refusal(archive(readme="x"))
    assert "打不开" in refusal(workbook("")[:-40])


def test_bombs_are_refused_before_they_unfold(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "不予打开" in refusal(workbook("", **{"xl/big.bin": bytes(8 * 2**20)}))
    monkeypatch.setattr(sheets, "MAX_ENTRIES", 10)
    assert "超过 10 个" in refusal(workbook("", **{f"x/{at}": "" for at in range(10)}))
    monkeypatch.setattr(sheets, "MAX_UNPACKED", 1000)
    assert "不予打开" in refusal(workbook(""))


def test_an_archive_that_lies_about_its_size_is_counted_by_what_comes_out() -> None:
    data = bytearray(workbook("", **{"xl/big.bin": bytes(8 * 2**20)}))
    size = (8 * 2**20).to_bytes(4, "little")
    assert data.count(size) == 2
    assert "不予打开" in refusal(bytes(data.replace(size, (10).to_bytes(4, "little"))))


@pytest.mark.parametrize("cell", ["XFD1048576", "ZZZZZZZZ1", "A99999999999", "ZZ900000"])
def test_one_cell_in_the_far_corner_does_not_unfold_a_giant_rectangle(cell: str) -> None:
    row = "".join(filter(str.isdigit, cell))
    data = workbook(f'<row r="1">{text_cell("A1", "名称")}</row><row r="{row}"><c r="{cell}" s="1"><v>1</v></c></row>')
    assert "太大" in refusal(data)


def test_formatted_but_empty_cells_far_away_do_no_harm() -> None:
    rows = f'<row r="1">{text_cell("A1", "名称")}</row><row r="2">{text_cell("A2", "甲")}</row>'
    data = workbook(f'{rows}<row r="1048576"><c r="XFD1048576" s="1"/></row>')
    assert list(read_records(data, "a.xlsx").rows) == [(2, ("甲",))]


def test_cells_become_the_texts_that_a_person_sees() -> None:
    cells = {
        "A": "<v>12351</v>",
        "B": "<v>0.1</v>",
        "C": "<v>123456789012345678</v>",
        "D": "<v>1E-7</v>",
    }
    row = "".join(f'<c r="{letter}2">{body}</c>' for letter, body in cells.items())
    row += '<c r="E2" t="b"><v>1</v></c><c r="F2" t="e"><v>#REF!</v></c>' + text_cell("G2", "02980000000")
    header = "".join(text_cell(f"{letter}1", f"甲{letter}") for letter in "ABCDEFG")
    records = read_records(workbook(f'<row r="1">{header}</row><row r="2">{row}</row>'), "a.xlsx")
    assert records.rows[0][1] == ("12351", "0.1", "123456789012346000", "0.0000001", "1", "", "02980000000")
    said = " ".join(map(str, records.warnings))
    assert "15 位" in said
    assert "F2" in said


def test_dates_are_iso_and_excels_fractions_are_rounded(tmp_path: Path) -> None:
    target = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(target) as book:
        sheet = book.add_worksheet("甲")
        sheet.write_row(3, 1, ["日期", "时间", "起止", "是否"])
        day, moment = (
            book.add_format({"num_format": "yyyy-mm-dd"}),
            book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
        )
        sheet.write_datetime(4, 1, datetime.fromisoformat("2026-06-18"), day)
        sheet.write_datetime(4, 2, datetime.fromisoformat("2026-06-18 14:30:59"), moment)
        sheet.write_datetime(4, 3, time(14, 30), book.add_format({"num_format": "hh:mm"}))
        sheet.write_row(4, 4, [False])
        book.add_worksheet("乙").write_string(0, 0, "x")
        hidden = book.add_worksheet("丙")
        hidden.hide()
    records = read_records(target.read_bytes(), "a.xlsx")
    assert list(records.rows) == [(5, ("", "2026-06-18", "2026-06-18 14:30:59", "14:30:00", "0"))]
    assert records.header_line == 4
    assert "甲" in str(records.warnings[0])
    assert "乙" in str(records.warnings[0])
    assert "甲、乙、丙" in refusal(target.read_bytes(), sheet="丁")
    assert "没有内容" in refusal(target.read_bytes(), sheet="丙")


def merged(*areas: str) -> str:
    return "<mergeCells>" + "".join(f'<mergeCell ref="{area}"/>' for area in areas) + "</mergeCells>"


def test_a_header_of_two_rows_is_read_as_one() -> None:
    first = text_cell("A1", "姓名") + text_cell("B1", "联系方式") + '<c r="C1"/>' + text_cell("D1", "单位")
    second = text_cell("B2", "手机") + text_cell("C2", "办公电话")
    data = text_cell("A3", "示例甲") + text_cell("B3", "13800000000") + text_cell("D3", "示例局")
    sheet = f'<row r="1">{first}</row><row r="2">{second}</row><row r="3">{data}</row>'
    records = read_records(workbook(sheet, after=merged("A1:A2", "B1:C1", "D1:D2")), "a.xlsx")
    assert records.headers == ("姓名", "手机", "办公电话", "单位")
    assert list(records.rows) == [(3, ("示例甲", "13800000000", "", "示例局"))]


def test_merged_data_is_noted_and_no_row_is_taken_for_a_header() -> None:
    sheet = f'<row r="1">{text_cell("A1", "姓名")}{text_cell("B1", "单位")}</row>'
    sheet += f'<row r="2">{text_cell("A2", "示例甲")}{text_cell("B2", "示例局")}</row><row r="3">{text_cell("A3", "示例乙")}</row>'
    records = read_records(workbook(sheet, after=merged("B2:B3")), "a.xlsx")
    assert list(records.rows) == [(2, ("示例甲", "示例局")), (3, ("示例乙", ""))]
    assert "合并" in str(records.warnings[0])


def feature(coordinates: object, shape: str = "Point", **properties: object) -> dict[str, object]:
    return {"type": "Feature", "geometry": {"type": shape, "coordinates": coordinates}, "properties": properties}


def test_geojson_points_become_records_with_the_digits_of_the_file() -> None:
    text = (
        '{"type":"FeatureCollection","features":[{"type":"Feature","geometry":{"type":"Point","coordinates":'
        '[120.10,30.200000]},"properties":{"施設・場所名":"示例","NO":7,"洪水":true,"x":null}}]}'
    )
    records = read_records(text.encode(), "a.json")
    assert records.headers == ("lon", "lat", "施設・場所名", "NO", "洪水", "x")
    assert list(records.rows) == [(1, ("120.10", "30.200000", "示例", "7", "1", ""))]


def test_what_is_no_point_is_refused_by_its_place_in_the_file() -> None:
    features = [
        feature([120.1, 30.2], name="甲"),
        feature([[[0, 0], [1, 0], [0, 1], [0, 0]]], "Polygon", name="乙"),
        feature([200, 30.2], name="丙"),
        feature(["x", "y"], name="丁"),
        {"type": "Feature", "geometry": None, "properties": {"name": "戊"}},
        7,
    ]
    records = read_records(json.dumps({"type": "FeatureCollection", "features": features}).encode(), "a.geojson")
    assert [line for line, _cells in records.rows] == [1, 5]
    assert [problem.line for problem in records.refused] == [2, 3, 4, 6]
    assert "Polygon" in records.refused[0].reason
    assert records.read == 6
    assert read_records(json.dumps(features[0]).encode(), "a.geojson").rows[0][1] == ("120.1", "30.2", "甲")


def test_a_collection_of_nothing_is_refused() -> None:
    assert "没有要素" in refusal(b'{"type":"FeatureCollection","features":[]}')


@given(st.text(max_size=6) | st.text(alphabet=DANGEROUS.replace("\\", "") + "'a", max_size=6))
@settings(max_examples=100)
def test_guard_is_undone_exactly_and_leaves_no_formula(text: str) -> None:
    assert unguard(guard(text)) == text
    assert guard(text)[:1] not in tuple("=+-@\t\r\0\uff1d\uff0b\uff0d\uff20")


@given(st.binary(max_size=400) | st.sampled_from([b"PK\x03\x04", OLE, b"{", b"\xff\xfe", b"<"]).flatmap(
    lambda head: st.binary(max_size=300).map(lambda tail: head + tail)
))  # fmt: skip
@settings(max_examples=100)
def test_arbitrary_bytes_are_records_or_a_refusal(data: bytes) -> None:
    assert survives(data)


@given(st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 255)), min_size=1, max_size=4), st.booleans())
@settings(max_examples=60)
def test_damaged_workbooks_are_records_or_a_refusal(changes: list[tuple[int, int]], stored: bool) -> None:
    data = write_sheet("表", [Column("名称"), Column("数量", numeric=True)], [("甲", "1"), ("乙", "2")])
    if stored:
        target = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(target, "w") as made:
            for name in source.namelist():
                made.writestr(name, source.read(name))
        data = target.getvalue()
    broken = bytearray(data)
    for at, value in changes:
        broken[at % len(broken)] = value
    assert survives(bytes(broken))
