from __future__ import annotations

import os
from pathlib import Path

import pytest

from dutydesk.core.errors import Refused
from dutydesk.ledger.kinds import COUNT, DEGREE, TEXT
from dutydesk.ledger.mapping import ColumnMapping, propose
from dutydesk.ledger.readers import read_records
from dutydesk.ledger.records import Records
from dutydesk.ledger.rows import Parsed, parse_records
from dutydesk.ledger.spec import Field, Ledger

_FOLDER = os.environ.get("DUTYDESK_REAL_DATA", "")
pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not _FOLDER, reason="DUTYDESK_REAL_DATA is not set"),
]
DATA = Path(_FOLDER)

PEOPLE = Ledger("people", "人员", (Field("name", TEXT, "姓名", required=True), Field("unit", TEXT, "单位"), Field("post", TEXT, "职务")))  # fmt: skip
REGIONS = Ledger("regions", "行政区划", (Field("code", TEXT, "代码", required=True), Field("name", TEXT, "名称", required=True), Field("parent", TEXT, "上级")))  # fmt: skip
SHELTERS = Ledger(
    "shelters",
    "避灾安置场所",
    (
        Field("name", TEXT, "名称", required=True),
        Field("address", TEXT, "地址"),
        Field("capacity", COUNT, "容量"),
        Field("lon", DEGREE, "经度"),
        Field("lat", DEGREE, "纬度"),
    ),
)
SUPPLIES = Ledger("supplies", "应急物资", (Field("name", TEXT, "名称", required=True), Field("store", TEXT, "仓库"), Field("quantity", COUNT, "数量")))  # fmt: skip


def read(name: str) -> Records:
    return read_records((DATA / name).read_bytes(), name)


def load(ledger: Ledger, name: str) -> tuple[Records, ColumnMapping, Parsed]:
    records = read(name)
    mapping = propose(ledger, records.headers, blank=records.blank(), file=name)
    return records, mapping, parse_records(ledger, records, mapping)


def test_hotlines_keep_their_digits() -> None:
    records, mapping, parsed = load(PEOPLE, "contacts/hotlines_input.xlsx")
    assert (records.read, len(parsed.rows), parsed.refused) == (73, 73, [])
    assert mapping.unmapped_headers == ()
    numbers = {entry.text for lists in parsed.lists.values() for entry in lists["numbers"]}
    assert {"12351", "02983895117"} <= numbers
    assert not any("." in number for number in numbers)
    assert parsed.rows[0][1]["name"] == "中华全国总工会"


@pytest.mark.parametrize(
    ("name", "count", "numbers", "first"),
    [("SAFIRE_hrm_staff.csv", 39, 78, "Jigme Thinlye Namgyal"), ("RLP_volunteers.csv", 100, 100, "Ngọc Zeh")],
)
def test_people_in_someone_elses_columns_lose_nothing(name: str, count: int, numbers: int, first: str) -> None:
    records, mapping, parsed = load(PEOPLE, f"contacts/{name}")
    assert (records.read, len(parsed.rows), parsed.refused) == (count, count, [])
    assert parsed.rows[0][1]["name"] == first
    assert all(values["unit"] and values["name"] for _line, values in parsed.rows)
    text = (DATA / "contacts" / name).read_text(encoding="utf-8")
    found = [entry.text for lists in parsed.lists.values() for entry in lists["numbers"]]
    assert all(number in text for number in found)
    assert len(found) == numbers
    assert set(mapping.columns) == {"name", "unit", "post"}


@pytest.mark.parametrize(
    ("name", "count", "parent"),
    [
        ("provinces", 31, None),
        ("cities", 342, "provinceCode"),
        ("areas", 2978, "cityCode"),
        ("streets", 41352, "areaCode"),
        ("villages_3301_3310", 6749, "streetCode"),
    ],
)
def test_divisions_are_whole_and_hang_under_their_nearest_parent(name: str, count: int, parent: str | None) -> None:
    records, mapping, parsed = load(REGIONS, f"admin/{name}.csv")
    assert (records.read, len(parsed.rows), parsed.refused) == (count, count, [])
    assert mapping.columns.get("parent", (None,))[0] == parent
    codes = [str(values["code"]) for _line, values in parsed.rows]
    assert len(set(codes)) == count
    if name == "streets":
        assert sum(code.startswith("330102") for code in codes) == 14
    if name == "villages_3301_3310":
        assert sum(code.startswith("330102") for code in codes) == 203


@pytest.mark.parametrize(
    ("name", "count", "first", "located"),
    [
        ("emergency_131016.json", 28, "神田一橋中学校", 28),
        ("evacuation_131016.json", 15, "神田一橋中学校", 15),
        ("historic_ARC_cr_shelter.csv", 7, "Palmer Senior Citizen Center", 7),
        ("historic_NYC_facility.csv", 35, "St Jacobi Lutheran Church", None),
        ("Disease_Ebola_hospital.csv", 90, "Tubmanburg Government Hospital - Holding Centre", None),
    ],
)
def test_places_of_three_countries(name: str, count: int, first: str, located: int | None) -> None:
    records, _mapping, parsed = load(SHELTERS, f"shelters/{name}")
    assert records.read == count
    assert (len(parsed.rows), parsed.refused) == (count, [])
    assert parsed.rows[0][1]["name"] == first
    if located is not None:
        assert sum(values["lon"] is not None for _line, values in parsed.rows) == located


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("Logistics_Demo_warehouse.csv", 24),
        ("Logistics_Demo_warehouse_stock.csv", 152),
        ("IFRC_Train_inv_item.csv", 42),
    ],
)
def test_stores_and_stock(name: str, count: int) -> None:
    records, mapping, parsed = load(SUPPLIES, f"shelters/{name}")
    assert records.read == count
    assert len(parsed.rows) == count
    assert parsed.refused == []
    assert ("quantity" in mapping.columns) == ("stock" in name or "item" in name)


def test_a_boundary_is_no_point() -> None:
    records = read("geo/330102000000.geojson")
    assert (records.read, len(records.rows)) == (1, 0)
    assert "MultiPolygon" in records.refused[0].reason or "Polygon" in records.refused[0].reason


@pytest.mark.parametrize(
    ("name", "rows", "headers"),
    [
        ("inventory-table.xlsx", 4, ("Item", "Type", "Quantity")),
        ("readings.xlsx", 3, ("Station", "Celsius", "Humidity", "Pressure")),
        ("merge_cells.xlsx", 1, ("Row Merge", "Row Merge (2)", "Not Merged")),
        ("hyperlinks.xlsx", 7, ("calamine repo", "mail link")),
    ],
)
def test_odd_sheets_with_a_header_are_read(name: str, rows: int, headers: tuple[str, ...]) -> None:
    records = read(f"sheets/{name}")
    assert (len(records.rows), records.headers) == (rows, headers)


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("any_sheets.ods", "1 | 2"),
        ("any_sheets.xls", "1 | 2"),
        ("date.xlsx", "2021-01-01 | 15"),
        ("no-header.xlsx", "a | 0"),
    ],
)
def test_odd_sheets_without_a_header_are_refused_with_what_was_seen(name: str, seen: str) -> None:
    with pytest.raises(Refused, match="没有认出表头") as caught:
        read(f"sheets/{name}")
    assert seen in str(caught.value)


@pytest.mark.parametrize("ledger", [PEOPLE, SHELTERS, SUPPLIES], ids=lambda ledger: ledger.name)
def test_no_odd_sheet_is_taken_for_empty_by_an_import(ledger: Ledger) -> None:
    for path in sorted((DATA / "sheets").iterdir()):
        reasons: list[str] = []
        found: list[object] = []
        try:
            _records, _mapping, parsed = load(ledger, f"sheets/{path.name}")
            found = [*parsed.rows, *parsed.refused]
        except Refused as refused:
            reasons = [problem.reason for problem in refused.problems]
        assert found or any(reasons), path.name
