from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dutydesk.core.clock import DAY as ONE_DAY
from dutydesk.core.clock import parse_iso
from dutydesk.ledger.kinds import CODE, COUNT, DAY, DEGREE, FLAG, HUNDREDTH, INT, LONG, PHONE, TEXT, TIME, ref
from dutydesk.ledger.mapping import propose
from dutydesk.ledger.parsers import parser
from dutydesk.ledger.readers import read_records
from dutydesk.ledger.rows import Entry, Parsed, parse_records, parse_row
from dutydesk.ledger.spec import Choice, Field, Ledger, Value, Values

LEDGER = Ledger(
    "shelters",
    "避灾安置场所",
    (
        Field("no", TEXT, "编号", required=True),
        Field("name", TEXT, "名称", required=True),
        Field("level", CODE, "级别", choices=(Choice("DISTRICT", "区级"), Choice("COMMUNITY", "社区级"))),
        Field("region", ref("regions"), "区域"),
        Field("area_m2", HUNDREDTH, "面积", unit="㎡"),
        Field("capacity", COUNT, "容量", unit="人"),
        Field("opened_at", TIME, "启用时间"),
        Field("phone", PHONE, "电话"),
        Field("note", LONG, "备注"),
    ),
    number="no",
)
PEOPLE = Ledger("people", "人员", (Field("name", TEXT, "姓名", required=True), Field("unit", TEXT, "单位")))
REGION = bytes(range(16))


def resolve(ledger: str, text: str) -> bytes:
    assert ledger == "regions"
    if text == "示例街道":
        return REGION
    raise ValueError(f"没有区域:{text}")


def parse(ledger: Ledger, text: str, **options: object) -> Parsed:
    records = read_records(text.encode(), "a.csv")
    mapping = propose(ledger, records.headers, blank=records.blank())
    return parse_records(ledger, records, mapping, resolve, **options)  # type: ignore[arg-type]


def test_a_row_of_texts_becomes_values() -> None:
    values, problems = parse_row(
        LEDGER,
        {
            "name": " 示例中学 ",
            "level": "区级",
            "region": "示例街道",
            "area_m2": "1,234.5",
            "capacity": "300",
            "note": "",
        },
        resolve=resolve,
    )
    assert not problems
    assert values == {
        "name": "示例中学",
        "level": "DISTRICT",
        "region": REGION,
        "area_m2": 123450,
        "capacity": 300,
        "note": None,
    }


def test_every_wrong_field_gets_one_message_of_its_own() -> None:
    texts = {"level": "星级", "capacity": "-1", "phone": "无", "colour": "红", "region": "远方", "name": "\x07"}
    values, problems = parse_row(LEDGER, texts, resolve=resolve, line=7, file="a.csv")
    assert {problem.field for problem in problems} == set(texts)
    assert len(problems) == len(texts)
    assert {(problem.line, problem.file) for problem in problems} == {(7, "a.csv")}
    assert not values


def test_required_fields_are_demanded_but_the_desks_own_number_is_not() -> None:
    assert [(p.field, p.reason) for p in parse_row(LEDGER, {"name": "  "})[1]] == [("name", "必填")]
    assert [p.field for p in parse_row(LEDGER, {"capacity": "1"})[1]] == ["name"]
    assert not parse_row(LEDGER, {"capacity": "1"}, partial=True)[1]
    assert [p.field for p in parse_row(LEDGER, {"name": ""}, partial=True)[1]] == ["name"]


def test_a_file_is_parsed_by_line_and_every_refusal_names_line_and_field() -> None:
    parsed = parse(LEDGER, '名称,级别,区域,容量,备注\n甲,区级,示例街道,300,"一\n二"\n,星级,远方,x,\n乙,,,,\n')
    assert parsed.rows == [
        (2, {"name": "甲", "level": "DISTRICT", "region": REGION, "capacity": 300, "note": "一\n二"}),
        (5, {"name": "乙", "level": None, "region": None, "capacity": None, "note": None}),
    ]
    assert [(p.line, p.field, p.file) for p in parsed.refused] == [
        (4, field, "a.csv") for field in ("name", "level", "region", "capacity")
    ]


def test_a_row_longer_than_its_header_is_refused_not_cut_off() -> None:
    parsed = parse(LEDGER, "名称,地址\n甲,乙,丙\n")
    assert not parsed.rows
    assert "丙" in parsed.refused[0].reason


def test_totals_and_repeated_headers_are_left_out_and_told() -> None:
    parsed = parse(LEDGER, "序号,名称,容量\n1,甲,300\n序号,名称,容量\n2,乙,200\n,合 计,500\n总计,,500\n")
    assert [line for line, _values in parsed.rows] == [2, 4]
    assert [problem.line for problem in parsed.warnings if problem.line] == [3, 5, 6]
    assert not parsed.refused


def test_codes_of_someone_else_are_left_out_with_a_warning_but_never_where_the_header_is_ours() -> None:
    parsed = parse(LEDGER, "名称,Grade\n甲,Functional\n乙,COMMUNITY\n")
    assert [values for _line, values in parsed.rows] == [{"name": "甲"}, {"name": "乙"}]
    assert [(p.field, "Functional" in p.reason) for p in parsed.warnings] == [("level", True)]
    assert parse(LEDGER, "名称,Grade\n甲,DISTRICT\n").rows[0][1]["level"] == "DISTRICT"
    assert [p.field for p in parse(LEDGER, "名称,级别\n甲,Functional\n").refused] == ["level"]


def test_units_of_the_header_are_converted_exactly() -> None:
    parsed = parse(LEDGER, "名称,面积(万㎡),容量(万人)\n甲,16.01,1.5\n乙,0.00001,x\n")
    assert parsed.rows[0][1] == {"name": "甲", "area_m2": 16_010_000, "capacity": 15_000}
    assert [(p.line, p.field) for p in parsed.refused] == [(3, "capacity")]
    assert parse(LEDGER, "名称,面积(亩)\n甲,1\n").rows[0][1]["area_m2"] == 66_667


def test_names_of_several_columns_are_joined_as_their_language_does() -> None:
    parsed = parse(PEOPLE, "First Name,Middle Name,Last Name\nJane,,Doe\n小明,,示\nA,B,C\n,,\n,,Doe\n")
    assert [values["name"] for _line, values in parsed.rows] == ["Jane Doe", "示小明", "A B C", "Doe"]
    given = propose(PEOPLE, ["姓", "名"], given={"name": "姓+名"})
    records = read_records("姓,名\n示,小明\n".encode(), "a.csv")
    assert parse_records(PEOPLE, records, given).rows[0][1]["name"] == "示小明"


def test_number_columns_give_entries_in_order_and_bad_ones_refuse_the_line() -> None:
    text = "姓名,手机,办公电话,电话2\n甲,13800000000/13900000000,0571-00000001/2,13800000000\n乙,无,,\n丙,,,\n"
    parsed = parse(PEOPLE, text)
    assert parsed.lists == {
        2: {
            "numbers": (
                Entry("MOBILE", "13800000000"),
                Entry("MOBILE", "13900000000"),
                Entry("OFFICE", "0571-00000001/2"),
                Entry("OTHER", "13800000000"),
            )
        }
    }
    assert [line for line, _values in parsed.rows] == [2, 4]
    assert [(p.line, p.field) for p in parsed.refused] == [(3, "numbers")]


def test_what_is_hardly_likely_is_a_warning_and_kept() -> None:
    def plausible(values: Values) -> list[tuple[str, str]]:
        return [("capacity", "偏大")] if isinstance(values["capacity"], int) and values["capacity"] > 5000 else []

    parsed = parse(LEDGER, "名称,容量\n甲,9000\n乙,10\n", plausible=plausible)
    assert len(parsed.rows) == 2
    assert [(p.line, p.field, p.reason) for p in parsed.warnings] == [(2, "capacity", "偏大")]


def test_a_reference_is_asked_for_once_a_text() -> None:
    asked: list[str] = []

    def counting(ledger: str, text: str) -> bytes:
        asked.append(text)
        return resolve(ledger, text)

    records = read_records(("名称,区域\n" + "甲,示例街道\n" * 50).encode(), "a.csv")
    parse_records(LEDGER, records, propose(LEDGER, records.headers), counting)
    assert asked == ["示例街道"]


KINDS = [
    Field("a", TEXT, "甲"),
    Field("a", LONG, "甲"),
    Field("a", INT, "甲"),
    Field("a", COUNT, "甲"),
    Field("a", HUNDREDTH, "甲"),
    Field("a", DEGREE, "甲"),
    Field("a", TIME, "甲"),
    Field("a", DAY, "甲"),
    Field("a", FLAG, "甲"),
    Field("a", PHONE, "甲"),
    Field("a", CODE, "甲", choices=(Choice("X", "红"),)),
    Field("a", ref("regions"), "甲"),
]
TEXTS = (
    st.text(max_size=8)
    | st.text("0123456789.,-+:/ T年月日%e\u3000\uff10\n\t", max_size=20)
    | st.from_regex(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d|[+Z-]\d\d|)", fullmatch=True)
    | st.sampled_from(["是", "红", "x", "X", "示例街道", "12351.0", "9" * 19, "9" * 700, "a" * 501, "2026-W01-1 10:00"])
)


@given(st.sampled_from(KINDS), TEXTS)
@settings(max_examples=1500)
def test_the_short_way_gives_what_the_kind_gives(item: Field, text: str) -> None:
    compiled = parser(item, resolve)

    def outcome(call: object) -> Value | tuple[str]:
        try:
            return call(text)  # type: ignore[operator]
        except ValueError as error:
            return (str(error),)

    expected = outcome(lambda given: item.kind.parse(given, item, resolve))
    assert outcome(compiled) == expected
    assert outcome(compiled) == expected


@pytest.mark.parametrize("text", ["2026-06-18 14:30", "2026-06-18T14:30:05", "2026-06-18 14:30:60", "2026-02-30 00:00"])
def test_plain_times_are_beijing_time(text: str) -> None:
    compiled = parser(Field("a", TIME, "甲"))
    if text.startswith("2026-06") and "60" not in text:
        assert compiled(text) == parse_iso(text)
        assert compiled("1970-01-02 08:00") == ONE_DAY
    else:
        with pytest.raises(ValueError, match="应为时间"):
            compiled(text)
