"""What an import does to rows: matching, refusing whole, creating, replacing; the same file twice adds nothing."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dutydesk.core.errors import Refused
from dutydesk.exchange import importing
from dutydesk.exchange.exporting import endings
from dutydesk.exchange.importing import plan, run
from dutydesk.exchange.matching import Held, Record, pair
from dutydesk.exchange.reading import Options
from dutydesk.journal import attachments
from dutydesk.journal.desk import Desk
from dutydesk.journal.verify import verify
from dutydesk.ledger.feature import Change
from dutydesk.ledger.spec import Value


def load(desk: Desk, ledger: str, text: str | bytes, name: str = "表.csv", **named: Any) -> dict[str, Any]:
    """Plan and run; the result."""
    data = text if isinstance(text, bytes) else text.encode()
    return run(desk, plan(desk, ledger, data, name, Options(**named)))


def counts(result: dict[str, Any]) -> tuple[int, int, int, int]:
    return result["read"], result["added"], result["changed"], result["unchanged"]


def acts(desk: Desk) -> int:
    return desk.store.position()[0]


def names(desk: Desk, ledger: str) -> list[str]:
    return [row.text("name") for row in desk.rows(ledger)]


UNITS = "名称,简称,值班电话\n示例甲局,甲,0571-00000001\n示例乙局,乙,0571-00000002\n"


# -- matching ----------------------------------------------------------------------------------------------------------


def test_the_result_has_the_promised_shape_and_the_file_is_kept(desk: Desk) -> None:
    result = load(desk, "units", UNITS)
    assert result == {
        "ledger": "units", "file": "表.csv", "read": 2, "added": 2, "changed": 0, "unchanged": 0, "refused": [], "warnings": [],
    }  # fmt: skip
    kept = desk.rows("attachments")[0]
    assert (kept["name"], kept["ledger"]) == ("表.csv", "units")
    assert attachments.read(desk.store.home, kept.text("sha256")) == UNITS.encode()


def test_the_same_file_twice_writes_nothing(desk: Desk) -> None:
    load(desk, "units", UNITS)
    before = acts(desk)
    assert counts(load(desk, "units", UNITS)) == (2, 0, 0, 2)
    assert acts(desk) == before


def test_only_mapped_columns_change(desk: Desk) -> None:
    load(desk, "units", UNITS)
    result = load(desk, "units", "名称,值班电话\n示例甲局,0571-00000009\n示例丙局,\n")
    assert counts(result) == (2, 1, 1, 0)
    row = next(row for row in desk.rows("units") if row["name"] == "示例甲局")
    assert (row["short"], row["duty_phone"]) == ("甲", "0571-00000009")
    assert sorted(names(desk, "units")) == ["示例丙局", "示例乙局", "示例甲局"]


def test_an_emptied_cell_of_a_mapped_column_is_a_change(desk: Desk) -> None:
    load(desk, "units", UNITS)
    assert counts(load(desk, "units", "名称,简称\n示例甲局,\n示例乙局,乙\n")) == (2, 0, 1, 1)
    assert next(row for row in desk.rows("units") if row["name"] == "示例甲局")["short"] is None


def test_people_match_by_name_and_unit(desk: Desk) -> None:
    load(desk, "units", UNITS)
    load(desk, "people", "姓名,单位,手机\n示例某,示例甲局,13800000001\n示例某,示例乙局,13800000002\n")
    result = load(desk, "people", "姓名,单位,备注,手机\n示例某,示例乙局,打座机,13800000002\n")
    assert counts(result) == (1, 0, 1, 0)
    held = {desk.title("units", row["unit"]): row["note"] for row in desk.rows("people")}  # pyright: ignore[reportArgumentType]
    assert held == {"示例甲局": None, "示例乙局": "打座机"}
    assert desk.count("numbers") == 2


def test_a_new_number_changes_its_person_and_an_old_one_stays(desk: Desk) -> None:
    load(desk, "people", "姓名,手机\n示例某,13800000001\n")
    result = load(desk, "people", "姓名,手机,办公电话\n示例某,13800000001,0571-00000001\n")
    assert counts(result) == (1, 0, 1, 0)
    assert [row["number"] for row in desk.rows("numbers")] == ["13800000001", "0571-00000001"]
    assert counts(load(desk, "people", "姓名,手机\n示例某,13800000001\n")) == (1, 0, 0, 1)
    assert desk.count("numbers") == 2


def test_a_row_that_is_not_told_apart_is_refused(desk: Desk) -> None:
    desk.act("units.add", [desk.new("units", {"name": "示例双", "short": short}) for short in ("一", "二")])
    result = load(desk, "units", "名称,简称\n示例双,三\n")
    assert counts(result) == (1, 0, 0, 0)
    assert "2 条同名" in result["refused"][0]["reason"]
    assert counts(load(desk, "units", "名称,简称\n示例双,二\n")) == (1, 0, 0, 1)


def test_lots_of_one_article_are_rows_of_their_own_and_known_again(desk: Desk) -> None:
    text = "名称,存放地点,数量\n示例编织袋,示例一库,100\n示例编织袋,示例一库,250\n"
    result = load(desk, "supplies", text)
    assert counts(result) == (2, 2, 0, 0)
    assert [warning["line"] for warning in result["warnings"]] == [3]
    assert counts(load(desk, "supplies", text)) == (2, 0, 0, 2)
    assert counts(load(desk, "supplies", text.replace("250", "300"))) == (2, 0, 1, 1)
    assert sorted(row.number("quantity") for row in desk.rows("supplies")) == [100, 300]


def test_a_line_said_twice_letter_for_letter_is_one_row(desk: Desk) -> None:
    result = load(desk, "supplies", "名称,数量\n示例雨衣,10\n示例雨衣,10\n")
    assert counts(result) == (2, 1, 0, 1)
    assert "第 2 行" in result["warnings"][0]["reason"]
    assert desk.count("supplies") == 1


def test_the_log_is_only_added_to_and_knows_its_lines_again(desk: Desk) -> None:
    text = "时间,类别,内容\n2026-06-18 08:00,来电,示例路积水\n2026-06-18 08:00,来电,示例桥封闭\n2026-06-18 08:05,来电,示例路积水\n"
    assert counts(load(desk, "log", text)) == (3, 3, 0, 0)
    before = desk.rows("log")
    assert counts(load(desk, "log", text)) == (3, 0, 0, 3)
    assert desk.rows("log") == before
    assert all(row["no"] and row["recorded_at"] for row in before)
    with pytest.raises(Refused, match="只能新增"):
        load(desk, "log", text, replace=True)


@settings(max_examples=60)
@given(st.lists(st.integers(0, 3), max_size=5), st.lists(st.integers(0, 3), max_size=5))
def test_pairing_loses_no_record_and_uses_no_row_twice(file: list[int], here: list[int]) -> None:
    records = [Record(line, {"v": value}) for line, value in enumerate(file)]
    rows: list[Held] = [(bytes([n]), {"v": value}) for n, value in enumerate(here)]

    def equal(record: Record, row: Held) -> bool:
        return record.values == row[1]

    paired, undecided = pair(records, rows, equal)
    assert sorted([record.line for record, _row in paired] + [record.line for record in undecided]) == list(
        range(len(file))
    )
    used = [row[0] for _record, row in paired if row is not None]
    assert len(used) == len(set(used))
    both = sum(min(file.count(value), here.count(value)) for value in set(file))
    assert sum(row is not None and equal(record, row) for record, row in paired) >= both


# -- refusing ----------------------------------------------------------------------------------------------------------


BAD = "名称,面积,容量,状态\n示例一校,780.98,120,启用\n示例二校,很大,-5,启用\n,10,10,启用\n示例三校,1,2,不知道\n"


def test_one_bad_line_refuses_the_file_with_line_field_and_reason(desk: Desk) -> None:
    before = acts(desk)
    result = load(desk, "shelters", BAD)
    assert counts(result) == (4, 0, 0, 0)
    assert [(found["line"], found["field"]) for found in result["refused"]] == [
        (3, "area_m2"), (3, "capacity"), (4, "name"), (5, "state"),
    ]  # fmt: skip
    assert all(found["reason"] for found in result["refused"])
    assert acts(desk) == before
    assert desk.count("shelters") == 0
    assert not list(desk.store.home.attachments.rglob("*"))


def test_partial_takes_the_good_lines(desk: Desk) -> None:
    result = load(desk, "shelters", BAD, partial=True)
    assert counts(result) == (4, 1, 0, 0)
    assert len(result["refused"]) == 4
    assert names(desk, "shelters") == ["示例一校"]


def test_a_bad_workbook_names_row_and_column_and_leaves_nothing_half_done(desk: Desk) -> None:
    """eden-legacy #1118 (peers.md §4): the import failed without saying where, and half of it was there."""
    xlsxwriter = pytest.importorskip("xlsxwriter")
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target)
    sheet = book.add_worksheet()
    for number in range(600):
        sheet.write_row(number + 1, 0, [f"示例校{number}", number])
    sheet.write_row(0, 0, ["名称", "容量"])
    sheet.write(578, 1, "一百")
    book.close()
    before = acts(desk)
    result = load(desk, "shelters", target.getvalue(), "避灾.xlsx")
    assert [(found["line"], found["field"]) for found in result["refused"]] == [(579, "capacity")]
    assert "一百" in result["refused"][0]["reason"]
    assert (acts(desk), desk.count("shelters")) == (before, 0)


@pytest.mark.parametrize(
    ("ledger", "data", "reason"),
    [
        ("shelters", b"", "文件是空的"),
        ("shelters", b"\n\n", "文件是空的"),
        ("shelters", "甲,乙\n1,2\n".encode(), "没有"),
        ("shelters", b"%PDF-1.7 ...", "PDF"),
        ("people", b"BEGIN:VCALENDAR\nEND:VCALENDAR\n", "日历"),
        ("audit", "时间,动作,原因\n2026-06-18,x,y\n".encode(), "程序自己记录"),
        ("nowhere", b"a,b\n1,2\n", "没有台账"),
    ],
)
def test_a_file_that_is_none_is_refused_and_never_a_silent_zero(
    desk: Desk, ledger: str, data: bytes, reason: str
) -> None:
    before = acts(desk)
    with pytest.raises(Refused, match=reason):
        load(desk, ledger, data)
    assert acts(desk) == before


def test_a_column_that_new_rows_need_is_missed_only_by_new_rows(desk: Desk) -> None:
    desk.act("stations.add", [desk.new("stations", {"code": "9001", "name": "示例站"})])
    assert counts(load(desk, "stations", "站号,备注\n9001,已修\n")) == (1, 0, 1, 0)
    result = load(desk, "stations", "站号,备注\n9001,已修\n9002,新设\n")
    assert [(found["line"], found["field"]) for found in result["refused"]] == [(3, "name")]


def test_masked_numbers_of_an_export_never_replace_the_real_ones(desk: Desk) -> None:
    desk.act("teams.add", [desk.new("teams", {"name": "示例队", "leader": "示例某", "phone": "13800000001"})])
    ledger = desk.ledger("teams")
    masked = endings(desk, ledger)[".csv"](desk.rows("teams"), False)
    assert "138****0001" in masked.decode()
    assert counts(load(desk, "teams", masked)) == (1, 0, 0, 1)
    for name in ("示例队", "示例新队"):
        result = load(desk, "teams", f"名称,负责人电话\n{name},139****0001\n")
        assert "隐去" in result["refused"][0]["reason"]
    assert desk.rows("teams")[0]["phone"] == "13800000001"


def test_an_erased_persons_data_is_not_brought_back(desk: Desk) -> None:
    load(desk, "teams", "名称,负责人\n示例队,示例某\n")
    desk.store.erase("teams", desk.rows("teams")[0].id, by="cli", note="本人要求")
    result = load(desk, "teams", "名称,负责人\n示例队,示例某\n")
    assert "已删除" in result["refused"][0]["reason"]


# -- what a name means -------------------------------------------------------------------------------------------------


def test_an_unknown_referent_is_refused_or_made(desk: Desk) -> None:
    text = "姓名,单位,职务\n示例甲,示例新局,科员\n示例乙,示例新局,科员\n"
    result = load(desk, "people", text)
    assert [(found["line"], found["field"]) for found in result["refused"]] == [
        (2, "unit"),
        (2, "post"),
        (3, "unit"),
        (3, "post"),
    ]
    assert (desk.count("people"), desk.count("units")) == (0, 0)
    assert counts(load(desk, "people", text, create=True)) == (2, 2, 0, 0)
    assert (names(desk, "units"), names(desk, "posts")) == (["示例新局"], ["科员"])
    assert counts(load(desk, "people", text)) == (2, 0, 0, 2)


def test_a_person_is_never_made_from_a_name_alone(desk: Desk) -> None:
    result = load(desk, "numbers", "姓名,号码\n示例某,13800000001\n", create=True)
    assert result["refused"][0]["field"] == "person"


def test_a_name_of_two_rows_is_refused_and_a_code_tells_them_apart(desk: Desk) -> None:
    load(desk, "regions", "代码,名称\n110101,城关镇\n220101,城关镇\n")
    assert "不止一个" in load(desk, "shelters", "名称,街道\n示例校,城关镇\n")["refused"][0]["reason"]
    assert counts(load(desk, "shelters", "名称,街道\n示例校,220101\n")) == (1, 1, 0, 0)


def test_rows_of_one_file_name_each_other_in_any_order(desk: Desk) -> None:
    text = "代码,名称,上级\n330102011,示例街道,330102\n330102,示例区,3301\n3301,示例市,\n"
    assert counts(load(desk, "regions", text)) == (3, 3, 0, 0)
    rows = {row.text("code"): row for row in desk.rows("regions")}
    assert rows["330102011"]["parent"] == rows["330102"].id
    assert rows["330102"]["parent"] == rows["3301"].id
    assert counts(load(desk, "regions", text)) == (3, 0, 0, 3)


def test_a_missing_parent_is_refused_or_made_by_its_code(desk: Desk) -> None:
    text = "code,name,areaCode\n330102011,示例街道,330102\n"
    assert load(desk, "regions", text)["refused"][0]["field"] == "parent"
    assert counts(load(desk, "regions", text, create=True)) == (1, 1, 0, 0)
    assert counts(load(desk, "regions", "code,name\n330102,示例区\n")) == (1, 0, 1, 0)
    rows = {row.text("code"): row for row in desk.rows("regions")}
    assert rows["330102011"]["parent"] == rows["330102"].id
    assert rows["330102"]["name"] == "示例区"


def test_a_row_whose_parent_in_the_same_file_is_refused_is_refused_too(desk: Desk) -> None:
    text = "代码,名称,上级\n330102011,示例街道,330102\n330102,,\n330103,示例二区,\n"
    result = load(desk, "regions", text, partial=True)
    assert {found["line"] for found in result["refused"]} >= {2, 3}
    assert names(desk, "regions") == ["示例二区"]


# -- replacing ---------------------------------------------------------------------------------------------------------


def many(count: int) -> str:
    return "名称\n" + "".join(f"示例单位{number:03}\n" for number in range(count))


def test_nothing_is_deleted_without_replace(desk: Desk) -> None:
    load(desk, "units", many(10))
    load(desk, "units", many(9))
    assert desk.count("units") == 10


def test_replace_deletes_what_the_file_does_not_hold(desk: Desk) -> None:
    load(desk, "units", many(10))
    result = load(desk, "units", many(9) + "示例新单位\n", replace=True)
    assert (counts(result), result["deleted"]) == ((10, 1, 0, 9), 1)
    assert "示例单位009" not in names(desk, "units")
    assert desk.count("units") == 10


@pytest.mark.parametrize(
    ("before", "after", "asks"), [(10, 8, False), (10, 7, True), (300, 250, False), (300, 249, True)]
)
def test_a_great_deletion_waits_for_a_person(desk: Desk, before: int, after: int, asks: bool) -> None:
    load(desk, "units", many(before))
    if asks:
        with pytest.raises(Refused, match="请确认"):
            load(desk, "units", many(after), replace=True)
        assert desk.count("units") == before
    load(desk, "units", many(after), replace=True, confirmed=asks)
    assert desk.count("units") == after


def test_a_refused_line_takes_nothing_away(desk: Desk) -> None:
    load(desk, "shelters", "名称,容量\n示例一校,10\n示例二校,20\n")
    result = load(
        desk, "shelters", "名称,容量\n示例一校,10\n示例二校,二十\n", replace=True, partial=True, confirmed=True
    )
    assert result["deleted"] == 0
    assert desk.count("shelters") == 2


def test_replacing_people_takes_their_numbers_along(desk: Desk) -> None:
    load(desk, "people", "姓名,手机\n示例甲,13800000001\n示例乙,13800000002\n")
    load(desk, "people", "姓名,手机\n示例甲,13800000001\n", replace=True, confirmed=True)
    assert [row["number"] for row in desk.rows("numbers")] == ["13800000001"]


# -- what the user says beside the file --------------------------------------------------------------------------------


def test_columns_are_named_by_hand_and_remembered_for_the_source(desk: Desk) -> None:
    text = "甲,乙,状态\n示例一校,120,Functional\n"
    given = {"column.name": "甲", "column.capacity": "乙", "column.state": ""}
    assert counts(load(desk, "shelters", text, settings=given)) == (1, 1, 0, 0)
    assert counts(load(desk, "shelters", text.replace("120", "130"))) == (1, 0, 1, 0)
    row = desk.rows("shelters")[0]
    assert (row["name"], row["capacity"], row["state"]) == ("示例一校", 130, None)


def test_nothing_is_remembered_of_a_refused_file(desk: Desk) -> None:
    text = "甲,乙\n示例一校,许多\n"
    load(desk, "shelters", text, settings={"column.name": "甲", "column.capacity": "乙"})
    with pytest.raises(Refused):
        load(desk, "shelters", text)


def test_a_value_that_the_file_does_not_say(desk: Desk) -> None:
    load(desk, "regions", "代码,名称\n330102011,示例街道\n")
    settings = {"region": "示例街道", "level": "街道"}
    text = "名称,级别\n示例一校,\n"
    level = desk.ledger("shelters")["level"].choices[0]
    load(desk, "shelters", text, settings=settings | {"level": level.label})
    row = desk.rows("shelters")[0]
    assert (desk.title("regions", row["region"]), row["level"]) == ("示例街道", level.code)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    "settings",
    [
        {"column.name": "没有这列"},
        {"column.nothing": "名称"},
        {"nothing": "x"},
        {"capacity": "many"},
        {"region": "没有"},
    ],
)
def test_a_setting_that_means_nothing_is_refused(desk: Desk, settings: dict[str, str]) -> None:
    with pytest.raises(Refused):
        load(desk, "shelters", "名称\n示例一校\n", settings=settings)


def test_a_format_that_is_none_is_refused(desk: Desk) -> None:
    with pytest.raises(Refused, match="没有格式"):
        load(desk, "units", UNITS, format="docx")
    assert counts(load(desk, "units", UNITS, format="csv")) == (2, 2, 0, 0)


# -- cards -------------------------------------------------------------------------------------------------------------

CARD = """BEGIN:VCARD
VERSION:3.0
FN:示例某
N:示例某;;;;
ORG:示例防指
TITLE:值班员
TEL;TYPE=CELL:13800000001
TEL;TYPE=WORK:0571-00000001
END:VCARD
"""


def test_cards_become_people_with_numbers_and_make_their_unit(desk: Desk) -> None:
    result = load(desk, "people", CARD, "甲.vcf")
    assert counts(result) == (1, 1, 0, 0)
    assert "示例防指" in result["warnings"][-1]["reason"]
    person = desk.rows("people")[0]
    assert (person["name"], desk.title("units", person["unit"])) == ("示例某", "示例防指")  # pyright: ignore[reportArgumentType]
    assert [(row["kind"], row["number"], row["person"]) for row in desk.rows("numbers")] == [
        ("MOBILE", "13800000001", person.id),
        ("OFFICE", "0571-00000001", person.id),
    ]
    assert counts(load(desk, "people", CARD, "甲.vcf")) == (1, 0, 0, 1)
    changed = load(desk, "people", CARD.replace("00000001\nEND", "00000009\nEND"), "甲.vcf")
    assert counts(changed) == (1, 0, 1, 0)
    assert desk.count("numbers") == 3


# -- writing -----------------------------------------------------------------------------------------------------------


def test_a_dry_run_is_a_plan_and_writes_nothing(desk: Desk) -> None:
    before = acts(desk)
    found = plan(desk, "units", UNITS.encode(), "表.csv")
    assert (found.added, found.stopped, acts(desk)) == (2, False, before)
    assert not list(desk.store.home.attachments.rglob("*"))


def test_a_long_import_is_hidden_until_it_is_whole_and_takes_small_steps_beside_a_window(desk: Desk) -> None:
    seen: list[tuple[int, int]] = []

    def told(done: int, whole: int) -> None:
        seen.append((done, desk.count("units")))

    run(desk, plan(desk, "units", many(120).encode(), "表.csv"), told, beside_a_window=True)
    assert [done for done, _count in seen] == [25, 50, 75, 100, 121]
    assert [count for _done, count in seen] == [0, 0, 0, 0, 120]


def test_long_texts_fit_into_acts(desk: Desk) -> None:
    lines = [f"2026-06-18 {number // 60:02}:{number % 60:02},{'长' * 3000}{number}" for number in range(300)]
    result = load(desk, "log", "时间,内容\n" + "\n".join(lines) + "\n")
    assert counts(result) == (300, 300, 0, 0)
    assert verify(desk.store.home, desk.store.schema).ok


def test_log_lines_of_features_find_room_in_every_act(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def chatty(changes: Sequence[Change]) -> Sequence[Change]:
        return [
            desk.new("log", {"happened_at": desk.clock.now(), "text": "新增单位"})
            for change in changes
            if change.ledger == "units"
        ]

    object.__setattr__(desk.store.schema, "log_lines", chatty)
    try:
        assert counts(load(desk, "units", many(450))) == (450, 450, 0, 0)
    finally:
        from dutydesk.features import FEATURES
        from dutydesk.journal.schema import schema_of

        object.__setattr__(desk.store.schema, "log_lines", schema_of(FEATURES).log_lines)
    assert desk.count("log") == 450


def test_weights_are_never_below_the_bytes_of_an_act(desk: Desk) -> None:
    values: dict[str, Value] = {"name": "示例" * 40, "note": "长" * 500, "short": "a"}
    change = desk.new("units", values)
    desk.act("units.add", [change])
    with desk.store.read() as connection:
        size = connection.exec_driver_sql("SELECT length(body) FROM act ORDER BY arrival DESC LIMIT 1").scalar()
    assert size is not None
    assert importing._weight(change) >= size - 40


def test_a_card_that_lacks_the_first_number_keeps_the_order(desk: Desk) -> None:
    load(desk, "people", "姓名,手机,办公电话\n示例某,13800000001,0571-00000001\n")
    head = "BEGIN:VCARD\nVERSION:3.0\nFN:示例某\nN:示例某;;;;\n"
    card = head + "TEL;TYPE=WORK,VOICE:0571-00000001\nEND:VCARD\n"
    load(desk, "people", card, "people.vcf")
    held = [(row["order"], row["number"]) for row in desk.rows("numbers")]
    assert held == [(1, "13800000001"), (2, "0571-00000001")]
    longer = head + "TEL;TYPE=WORK,VOICE:0571-00000002\nTEL;TYPE=WORK,VOICE:0571-00000003\nEND:VCARD\n"
    load(desk, "people", longer, "people.vcf")
    assert [row["order"] for row in desk.rows("numbers")] == [1, 2, 3, 4]
