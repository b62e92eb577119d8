from __future__ import annotations

from fractions import Fraction

import pytest

from dutydesk.core.errors import Refused
from dutydesk.ledger.headers import plain, recognised, recognised_anywhere
from dutydesk.ledger.kinds import CODE, COUNT, DEGREE, HUNDREDTH, TEXT, ref
from dutydesk.ledger.mapping import ColumnMapping, ListColumn, propose, source_key
from dutydesk.ledger.spec import Choice, Field, Ledger, On

PEOPLE = Ledger(
    "people",
    "人员",
    (
        Field("name", TEXT, "姓名", required=True),
        Field("unit", TEXT, "单位"),
        Field("post", TEXT, "职务"),
        Field("note", TEXT, "备注"),
    ),
)
SHELTERS = Ledger(
    "shelters",
    "避灾安置场所",
    (
        Field("name", TEXT, "名称", required=True),
        Field("level", CODE, "级别", choices=(Choice("DISTRICT", "区级"),)),
        Field("address", TEXT, "地址"),
        Field("area_m2", HUNDREDTH, "建筑面积", unit="㎡"),
        Field("usable_m2", HUNDREDTH, "可用面积", unit="㎡"),
        Field("capacity", COUNT, "容量", unit="人"),
        Field("lon", DEGREE, "经度"),
        Field("lat", DEGREE, "纬度"),
        Field("secret", TEXT, "内部", on=On.TABLE),
    ),
)
REGIONS = Ledger(
    "regions",
    "行政区划",
    (Field("code", TEXT, "代码", required=True), Field("name", TEXT, "名称", required=True), Field("parent", ref("regions"), "上级")),
)  # fmt: skip
SUPPLIES = Ledger(
    "supplies",
    "应急物资",
    (Field("name", TEXT, "名称", required=True), Field("unit", TEXT, "单位"), Field("quantity", COUNT, "数量", required=True)),
)  # fmt: skip
UNLISTED = Ledger("unlisted", "示例", (Field("place", TEXT, "地点"), Field("depth", COUNT, "水深", unit="mm")))


def columns(mapping: ColumnMapping) -> dict[str, str]:
    return {name: "+".join(headers) for name, headers in mapping.columns.items()}


def mapped(ledger: Ledger, text: str) -> dict[str, str]:
    return columns(propose(ledger, text.split("|")))


@pytest.mark.parametrize(
    ("ledger", "headers", "expected"),
    [
        (PEOPLE, "姓名|单位|职务|备注", {"name": "姓名", "unit": "单位", "post": "职务", "note": "备注"}),
        (PEOPLE, "name|unit", {"name": "name", "unit": "unit"}),
        (PEOPLE, "Full Name|Company|Job Title|E-Mail", {"name": "Full Name", "unit": "Company", "post": "Job Title"}),
        (PEOPLE, "*姓 名|工作单位|职务", {"name": "*姓 名", "unit": "工作单位", "post": "职务"}),
        (PEOPLE, "Organisation|First Name|Middle Name|Last Name", {
            "name": "First Name+Middle Name+Last Name", "unit": "Organisation"}),
        (PEOPLE, "姓名|First Name|Last Name", {"name": "姓名"}),
        (SHELTERS, "名称|可容纳人数|地址", {"name": "名称", "capacity": "可容纳人数", "address": "地址"}),
        (SHELTERS, "Name|Lat|Lon|Capacity|Population", {"name": "Name", "lat": "Lat", "lon": "Lon", "capacity": "Capacity"}),
        (SHELTERS, "lon|lat|NO|施設・場所名|住所|収容人数", {
            "name": "施設・場所名", "address": "住所", "capacity": "収容人数", "lon": "lon", "lat": "lat"}),
        (SHELTERS, "场所名称|建筑面积(㎡)|可用面积(平方米)", {
            "name": "场所名称", "area_m2": "建筑面积(㎡)", "usable_m2": "可用面积(平方米)"}),
        (SUPPLIES, "Item|Type|Quantity", {"name": "Item", "quantity": "Quantity"}),
        (SUPPLIES, "Warehouse|Category|Item Name|Unit of Measure|Quantity", {
            "name": "Item Name", "unit": "Unit of Measure", "quantity": "Quantity"}),
        (REGIONS, "code|name|areaCode|provinceCode|cityCode", {"code": "code", "name": "name", "parent": "areaCode"}),
        (REGIONS, "code|name|streetCode|provinceCode|cityCode|areaCode", {
            "code": "code", "name": "name", "parent": "streetCode"}),
        (REGIONS, "code|name|cityCode|provinceCode", {"code": "code", "name": "name", "parent": "cityCode"}),
        (UNLISTED, "地点|DEPTH", {"place": "地点", "depth": "DEPTH"}),
    ],
)  # fmt: skip
def test_headers_of_every_origin_are_recognised(ledger: Ledger, headers: str, expected: dict[str, str]) -> None:
    assert mapped(ledger, headers) == expected


def test_what_is_not_used_and_what_is_missing_is_told() -> None:
    mapping = propose(SUPPLIES, ["品名", "颜色"])
    assert mapping.unmapped_headers == ("颜色",)
    assert mapping.missing_required == ("quantity",)
    assert propose(SUPPLIES, ["品名"], supplied={"quantity"}).missing_required == ()


@pytest.mark.parametrize("headers", [["a", "0"], ["颜色", "Celsius"], ["单位"], [""], []])
def test_nothing_recognised_is_an_error_that_names_what_was_seen(headers: list[str]) -> None:
    with pytest.raises(Refused) as caught:
        propose(SUPPLIES, headers, file="a.csv")
    problem = caught.value.problems[0]
    assert problem.file == "a.csv"
    assert "名称" in problem.reason
    assert all(header in problem.reason for header in headers)


def test_a_field_that_files_do_not_hold_is_never_mapped() -> None:
    assert "secret" not in mapped(SHELTERS, "名称|内部|secret")


def test_of_two_columns_for_one_field_the_exact_one_wins_and_the_other_is_named() -> None:
    mapping = propose(SHELTERS, ["位置", "名称", "地址"])
    assert columns(mapping)["address"] == "地址"
    assert mapping.warnings[0].field == "address"
    assert "位置" in mapping.warnings[0].reason
    assert mapping.unmapped_headers == ("位置",)


def test_a_column_that_holds_nothing_gives_way() -> None:
    headers = ["Name", "Address", "Address (2)"]
    assert columns(propose(SHELTERS, headers))["address"] == "Address"
    full = propose(SHELTERS, headers, blank={"Address"})
    assert columns(full)["address"] == "Address (2)"
    assert not full.warnings
    assert columns(propose(SHELTERS, headers, blank={"Address", "Address (2)"}))["address"] == "Address"


def test_what_the_user_says_rules_over_memory_and_memory_over_words() -> None:
    headers = ["名称", "别名", "地址", "位置"]
    remembered = {"name": "别名", "address": "位置", "level": "没有"}
    assert columns(propose(SHELTERS, headers, remembered=remembered)) == {"name": "别名", "address": "位置"}
    both = propose(SHELTERS, headers, remembered=remembered, given={"name": "名称", "address": ""})
    assert columns(both) == {"name": "名称"}
    assert columns(propose(SHELTERS, headers, given={"name": "名称+别名"}))["name"] == "名称+别名"
    mapping = propose(PEOPLE, ["First Name", "Last Name", "手机"])
    assert propose(PEOPLE, ["First Name", "Last Name", "手机"], remembered=mapping.remember()) == mapping


@pytest.mark.parametrize("given", [{"nothing": "名称"}, {"name": "没有这列"}])
def test_a_field_or_header_that_does_not_exist_is_refused(given: dict[str, str]) -> None:
    with pytest.raises(Refused) as caught:
        propose(SHELTERS, ["名称"], given=given)
    assert caught.value.problems[0].field == next(iter(given))


def test_several_number_columns_become_a_list_in_their_order() -> None:
    mapping = propose(PEOPLE, ["姓名", "电话1", "办公电话", "Mobile Phone", "电话(手机)", "备注", "联系电话2"])
    assert mapping.lists["numbers"] == (
        ListColumn("电话1", "OTHER"),
        ListColumn("办公电话", "OFFICE"),
        ListColumn("Mobile Phone", "MOBILE"),
        ListColumn("电话(手机)", "MOBILE"),
        ListColumn("联系电话2", "OTHER"),
    )
    assert mapping.unmapped_headers == ()
    assert propose(PEOPLE, ["姓名", "甲", "手机"], given={"numbers": "甲"}).lists["numbers"] == (
        ListColumn("甲", "OTHER"),
    )


@pytest.mark.parametrize(
    ("header", "factor"),
    [
        ("建筑面积", None),
        ("建筑面积(㎡)", None),
        ("建筑面积(m²)", None),
        ("建筑面积(万㎡)", Fraction(10_000)),
        ("建筑面积(公顷)", Fraction(10_000)),
        ("建筑面积/亩", Fraction(2000, 3)),
        ("建筑面积【平方公里】", Fraction(1_000_000)),
    ],
)
def test_the_unit_in_a_header_becomes_a_factor(header: str, factor: Fraction | None) -> None:
    mapping = propose(SHELTERS, ["名称", header])
    assert columns(mapping)["area_m2"] == header
    assert mapping.factors.get("area_m2") == factor
    assert not mapping.warnings


def test_tenths_of_a_millimetre_and_units_that_do_not_fit() -> None:
    assert propose(UNLISTED, ["水深(0.1mm)"]).factors == {"depth": Fraction(1, 10)}
    assert propose(UNLISTED, ["水深(厘米)"]).factors == {"depth": Fraction(10)}
    wrong = propose(UNLISTED, ["水深(万元)"])
    assert not wrong.factors
    assert "mm" in wrong.warnings[0].reason


def test_plain_folds_width_case_blanks_and_marks() -> None:
    assert plain(" Job\u3000Title* ") == plain("\uff2aob_title") == "jobtitle"
    assert plain("\u2460 面积(\u33a1)") == "1面积m2"
    assert plain("No.") == "no"


def test_a_source_is_known_again_by_its_headers_whatever_their_order() -> None:
    key = source_key(["姓名", "手机"])
    assert len(key) == 16
    assert key == source_key(["手机 ", "姓名*"])
    assert key != source_key(["姓名"])


def test_rows_of_data_are_not_taken_for_headers() -> None:
    assert recognised(PEOPLE, ["姓名", "手机", "颜色", ""]) == 2
    assert recognised(PEOPLE, ["某区2026年名单", "", ""]) == 0
    assert recognised(PEOPLE, ["颜色", "深度"], given=["颜色"]) == 1
    assert recognised_anywhere(["Datum", "收容人数", "可容纳人数", "物资名称"]) == 2
    assert recognised_anywhere(["示例甲", "示例局", "13800000000"]) == 0
