"""The log's commands and questions: what is written, what is refused, what an amendment leaves alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from dutydesk.core.clock import DAY, HOUR, MINUTE, FixedClock, iso, parse_iso
from dutydesk.core.errors import Damaged, Refused
from dutydesk.core.paths import Home
from dutydesk.core.settings import DeskConfig
from dutydesk.daybook import cells, entry, lists, service, spans
from dutydesk.daybook.feature import figures, open_items, titles
from dutydesk.features import FEATURES, schema
from dutydesk.journal.attachments import path_of
from dutydesk.journal.desk import Desk, Me
from dutydesk.journal.query import Condition, Query
from dutydesk.journal.store import Store


def at(text: str) -> int:
    return parse_iso(text)


def acts(desk: Desk) -> int:
    return desk.store.position()[0]


def problems(refused: pytest.ExceptionInfo[Refused]) -> dict[str, str]:
    return {problem.field: problem.reason for problem in refused.value.problems}


# --- adding


def test_an_entry_needs_a_text_and_nothing_else(desk: Desk) -> None:
    row = service.add(desk, {"text": "巡查正常"})
    assert iso(row.number("happened_at")) == "2026-11-22T14:07:00+08:00"
    assert row.number("recorded_at") == desk.clock.now()
    assert (row["no"], row["recorder"], row["shift"], row["late"]) == ("2026-0001", "甲示例", "2026-11-22/H24", None)
    before = acts(desk)
    with pytest.raises(Refused) as refused:
        service.add(desk, {"text": " \n"})
    assert problems(refused) == {"text": "写上内容"}
    assert acts(desk) == before


def test_texts_are_read_as_an_officer_types_them(desk: Desk) -> None:
    row = service.add(
        desk,
        {
            "happened_at": "昨2340",
            "category": "来电",
            "line": "防汛抗旱",
            "party": "示例街道",
            "party_phone": "0571-00000151",
            "text": "第一行\n第二行",
        },
        due="1500",
    )
    assert iso(row.number("happened_at")) == "2026-11-21T23:40:00+08:00"
    assert (row["category"], row["line"], row["text"]) == ("PHONE_IN", "FLOOD", "第一行\n第二行")
    assert (row["direction"], row["means"]) == ("IN", "PHONE"), "the category brings them"
    assert iso(row.number("due_at")) == "2026-11-22T15:00:00+08:00"
    assert row["party_phone"] == "0571-00000151"
    assert desk.masked(row, "party_phone") != "0571-00000151"


def test_what_is_given_comes_before_what_a_category_brings(desk: Desk) -> None:
    row = service.add(desk, {"text": "传真", "category": "PHONE_IN", "means": "FAX", "direction": ""})
    assert (row["means"], row["direction"]) == ("FAX", None)


def test_everything_that_is_wrong_is_said_at_once_and_nothing_is_written(desk: Desk) -> None:
    before = acts(desk)
    with pytest.raises(Refused) as refused:
        service.add(
            desk, {"happened_at": "2561", "category": "没有的", "text": "x\x00", "nowhere": "y", "party_phone": "无"}
        )
    assert set(problems(refused)) == {"happened_at", "category", "text", "nowhere", "party_phone"}
    with pytest.raises(Refused) as refused:
        service.add(desk, {"text": "x"}, due="昨2340")
    assert set(problems(refused)) == {"due_at"}
    assert acts(desk) == before


@pytest.mark.parametrize(
    ("now", "happened", "late"),
    [
        ("2026-11-22 14:07:32", "2026-11-22 14:07", None),
        ("2026-11-22 14:07:00", "2026-11-22 13:07", None),
        ("2026-11-22 14:07:01", "2026-11-22 13:07", 1),
        ("2026-11-22 08:30:00", "2026-11-22 08:30", None),
        ("2026-11-22 08:31:00", "2026-11-22 08:29", 1),
        ("2026-11-22 08:29:59", "2026-11-22 08:29", None),
    ],
)
def test_an_entry_from_before_the_shift_or_typed_an_hour_later_is_marked(
    desk: Desk, clock: FixedClock, now: str, happened: str, late: int | None
) -> None:
    clock.at = at(now)
    assert service.add(desk, {"text": "x", "happened_at": happened})["late"] == late


def test_how_late_is_late_is_a_setting(desk: Desk) -> None:
    desk.act("settings.add", [desk.new("settings", {"key": service.LATE_SETTING, "value": "120"})])
    assert service.add(desk, {"text": "x", "happened_at": "1230"})["late"] is None
    assert service.add(desk, {"text": "x", "happened_at": "1205"})["late"] == 1


@pytest.mark.parametrize("text", ["隧道积水 #1,3车被困", "#0001 有进展", "续报＃1", "见#2026-0001"])
def test_a_number_in_the_text_links_the_incident(desk: Desk, incident: bytes, text: str) -> None:
    assert service.add(desk, {"text": text})["incident"] == incident


@pytest.mark.parametrize("text", ["3号楼1单元", "#7 没有这件", "编号A#1", "#12345678"])
def test_other_numbers_link_nothing(desk: Desk, incident: bytes, text: str) -> None:
    assert service.add(desk, {"text": text})["incident"] is None


@pytest.mark.parametrize(
    ("pattern", "moment", "shift"),
    [
        ("H24_0830", "2026-11-22 08:29:59", "2026-11-21/H24"),
        ("H24_0830", "2026-11-22 08:30:00", "2026-11-22/H24"),
        ("DAY_NIGHT", "2026-11-22 17:29:59", "2026-11-22/DAY"),
        ("DAY_NIGHT", "2026-11-23 03:00:00", "2026-11-22/NIGHT"),
        ("THREE_8H", "2026-11-22 00:00:00", "2026-11-22/NIGHT"),
        ("THREE_8H", "2026-11-22 23:59:59", "2026-11-22/EVENING"),
    ],
)
def test_a_moment_has_its_shift(pattern: str, moment: str, shift: str) -> None:
    span = spans.shift_of(at(moment), pattern)
    assert span.shift == shift
    assert spans.shift_named(shift, pattern) == span
    assert spans.shift_of(span.end, pattern).start == span.end
    assert spans.shift_before(spans.shift_of(span.end, pattern), pattern) == span


def test_a_date_alone_is_all_its_shifts_and_nonsense_is_refused() -> None:
    span = spans.shift_named("2026-11-22", "THREE_8H")
    assert (span.end - span.start, span.code) == (DAY, "")
    for name, pattern in (("2026-11-31", "H24_0830"), ("2026-11-22/NIGHT", "H24_0830"), ("2026-11-22", "NONE")):
        with pytest.raises(Refused):
            spans.shift_named(name, pattern)


# --- correcting


def test_an_amendment_is_a_row_of_its_own_and_the_old_one_stays(desk: Desk) -> None:
    old = service.add(
        desk, {"text": "积水约60厘米", "category": "PHONE_IN", "party": "示例街道", "party_phone": "19900000002"}
    )
    new = service.amend(desk, old, {"text": "积水约80厘米"}, "核实后更正")
    assert desk.get("log", old.id) == old
    assert (new["amends"], new["reason"], new["text"]) == (old.id, "核实后更正", "积水约80厘米")
    for name in service.CONTENT:
        if name != "text":
            assert new[name] == old[name], name
    assert new["no"] == "2026-0002"


def test_adding_with_amends_is_amending(desk: Desk) -> None:
    """As the command line gives it: every field there, most without a value."""
    first = service.add(desk, {"text": "甲", "category": "OTHER"})
    empty = dict.fromkeys(service.CONTENT)
    row = service.add(desk, {**empty, "text": "乙", "amends": first.id, "reason": "笔误"})
    assert (row["amends"], row["text"], row["category"], row["happened_at"]) == (
        first.id,
        "乙",
        "OTHER",
        first["happened_at"],
    )
    with pytest.raises(Refused) as refused:
        service.add(desk, {"text": "丙", "amends": first.id})
    assert problems(refused) == {"reason": "写上更正原因"}
    asked = service.add(desk, {"text": "丁"}, due="1500")
    corrected = service.amend(desk, asked, {"text": "戊"}, "笔误")
    assert service.add(desk, {**empty, "text": "己", "answers": corrected.id})["answers"] == asked.id


def test_amendments_form_a_chain_whichever_row_is_named(desk: Desk) -> None:
    first = service.add(desk, {"text": "甲"})
    second = service.amend(desk, first, {"text": "乙"}, "笔误")
    third = service.amend(desk, first, {"handling": "已办"}, "补填")
    assert third["amends"] == second.id
    assert third["text"] == "乙"
    for row in (first, second, third):
        assert [item.id for item in service.chain(desk, row.id)] == [first.id, second.id, third.id]
    assert [row.id for row in service.standing([first, second, third])] == [third.id]


def test_of_two_corrections_of_one_row_the_later_goes_on(desk: Desk) -> None:
    first = service.add(desk, {"text": "甲"})
    base = {"text": "乙", "happened_at": first["happened_at"], "amends": first.id, "reason": "笔误"}
    desk.act("log.amend", [desk.new("log", base)])
    later = desk.act("log.amend", [desk.new("log", {**base, "text": "丙"})]).changes[0].row
    assert service.chain(desk, first.id)[-1].id == later


def test_a_ring_of_a_damaged_file_ends(desk: Desk) -> None:
    one, two = desk.new("log", {"text": "a", "happened_at": 1}), desk.new("log", {"text": "b", "happened_at": 1})
    desk.act("x", [
        type(one)(one.ledger, one.row, {**one.values, "amends": two.row}, new=True),
        type(two)(two.ledger, two.row, {**two.values, "amends": one.row}, new=True),
    ])  # fmt: skip
    assert len(service.chain(desk, one.row)) == 2


def test_an_amendment_needs_a_reason_a_difference_and_its_own_fields(desk: Desk) -> None:
    row = service.add(desk, {"text": "甲"}, due="1500")
    before = acts(desk)
    for changed, reason, field in (
        ({"text": "乙"}, "  ", "reason"),
        ({"text": "甲"}, "笔误", "text"),
        ({"text": ""}, "笔误", "text"),
        ({"due_at": "1600"}, "改期", "due_at"),
        ({"late": 1}, "x", "late"),
        ({"happened_at": "明0900"}, "x", "happened_at"),
    ):
        with pytest.raises(Refused) as refused:
            service.amend(desk, row, changed, reason)
        assert field in problems(refused)
    assert acts(desk) == before


def test_an_amendment_never_touches_a_clock(desk: Desk, clock: FixedClock) -> None:
    """RadioLog #508: amending must not alter status or timers."""
    asked = service.add(desk, {"text": "带班领导指示：封闭隧道", "category": "INSTRUCTION"}, due="1500")
    told = service.add(desk, {"text": "另一件"}, due="1510")
    service.answer(desk, told, {"text": "办完"})
    before = desk.open_items()
    clock.advance(MINUTE)
    for row in (asked, told):
        service.amend(desk, row, {"text": row.text("text") + "。", "happened_at": "1355"}, "笔误")
    waiting = [item for item in before if item.due_at]
    after = [item for item in desk.open_items() if item.due_at]
    assert [(item.row, item.due_at) for item in after] == [(item.row, item.due_at) for item in waiting]
    assert len(after) == 1


# --- follow-ups


def test_a_follow_up_is_open_until_it_is_answered(desk: Desk, clock: FixedClock) -> None:
    asked = service.add(desk, {"text": "请查明原因", "line": "FLOOD", "category": "INSTRUCTION"}, due="1500")
    other = service.add(desk, {"text": "回电", "category": "PHONE_OUT"}, due="1430")
    with desk.store.read() as connection:
        assert [row.id for row in service.follow_ups(connection, clock.now())] == [other.id, asked.id]
    items = {item.row: item for item in desk.open_items() if item.due_at}
    assert (items[asked.id].block, items[asked.id].severity) == ("INSTRUCTIONS", 0)
    assert items[other.id].block == "TODO"
    clock.at = at("2026-11-22 14:20")
    assert {item.row: item.severity for item in desk.open_items() if item.due_at} == {asked.id: 0, other.id: 1}
    clock.at = at("2026-11-22 15:00")
    assert {item.row: item.severity for item in desk.open_items() if item.due_at} == {asked.id: 2, other.id: 2}
    corrected = service.amend(desk, asked, {"text": "请查明积水原因"}, "笔误")
    answered = service.answer(desk, corrected, {"text": "雨水口堵塞"})
    assert answered["answers"] == asked.id, "the first row of the chain is answered"
    assert answered["line"] == "FLOOD"
    with desk.store.read() as connection:
        assert [row.id for row in service.follow_ups(connection, clock.now())] == [other.id]


def test_a_reminder_takes_the_place_of_the_open_follow_up(desk: Desk) -> None:
    asked = service.add(desk, {"text": "请查明原因", "party": "示例街道"}, due="1500")
    again = service.remind(desk, asked, "1630")
    assert (again["answers"], again["party"], again["text"]) == (asked.id, "示例街道", "跟进 #0001：请查明原因")
    with desk.store.read() as connection:
        assert [row.id for row in service.follow_ups(connection, 0)] == [again.id]
    with pytest.raises(Refused):
        service.remind(desk, asked, "")


# --- what is missing


def test_what_an_entry_lacks_is_listed_until_an_amendment_brings_it(desk: Desk) -> None:
    row = service.add(desk, {"text": "来电", "category": "PHONE_IN", "line": "GOV", "party": "示例街道"})
    span = (desk.clock.now() - HOUR, desk.clock.now() + 1)
    with desk.store.read() as connection:
        assert [(item.id, fields) for item, fields in service.to_fill(connection, *span)] == [
            (row.id, ("party_phone", "handling"))
        ]
    assert service.missing_words(row.values) == "对方电话、处理情况"
    new = service.amend(desk, row, {"handling": "已记录"}, "补填待补项")
    with desk.store.read() as connection:
        assert [(item.id, fields) for item, fields in service.to_fill(connection, *span)] == [
            (new.id, ("party_phone",))
        ]
        (item,) = [item for item in open_items(connection, span[1]) if not item.due_at]
    assert (item.row, item.block, item.detail) == (new.id, "TODO", "对方电话")
    service.amend(desk, row, {"party_phone": "0571-00000151", "happened_at": "1200"}, "补填待补项")
    with desk.store.read() as connection:
        assert service.to_fill(connection, *span) == [], "moved out of the span and complete"
        assert open_items(connection, span[1] + 50 * HOUR) == []


def test_figures_count_every_entry_once_as_it_now_reads(desk: Desk) -> None:
    row = service.add(desk, {"text": "a", "category": "OTHER"})
    service.add(desk, {"text": "b", "category": "PHONE_IN"})
    service.amend(desk, row, {"category": "PHONE_IN"}, "类别选错")
    with desk.store.read() as connection:
        found = {figure.name: figure.value for figure in figures(connection, 0, desk.clock.now() + 1)}
        assert found == {"log.entries": 2, "log.entries.PHONE_IN": 2}
        assert figures(connection, 0, 1)[0].value == 0


def test_an_entry_is_called_by_number_time_and_text(desk: Desk) -> None:
    row = service.add(desk, {"text": "隧道积水\n约60厘米" + "很" * 60, "happened_at": "1402"})
    assert titles("log", row.values).startswith("#0001 14:02 隧道积水 约60厘米很")
    assert len(titles("log", row.values)) < 60
    assert desk.title("log", row.id) == titles("log", row.values)
    assert cells.short_no("演-A-2026-0012") == "#演-A-0012"


# --- files


def test_files_are_kept_with_the_entry_in_one_act(desk: Desk) -> None:
    before = acts(desk)
    row = service.add(desk, {"text": "现场照片"}, attachments=[service.Attachment("C:\\照片\\一.JPG", b"picture")])
    assert acts(desk) == before + 1
    (file,) = service.attached(desk, row.id)
    assert (file["name"], file["size"], file["type"]) == ("一.JPG", 7, "jpg")
    assert service.attachment_data(desk, file) == b"picture"
    path = path_of(desk.store.home, file.text("sha256"))
    path.write_bytes(b"another")
    with pytest.raises(Damaged):
        service.attachment_data(desk, file)
    path.unlink()
    with pytest.raises(Refused, match="没有传到"):
        service.attachment_data(desk, file)


def test_a_file_that_is_too_large_stops_everything(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MOST_BYTES", 8)
    before = acts(desk)
    good, large = service.Attachment("a.txt", b"12345678"), service.Attachment("b.txt", b"123456789")
    for files in ([good, large], [good, service.Attachment("c.txt", b"")]):
        with pytest.raises(Refused):
            service.add(desk, {"text": "x"}, attachments=files)
    assert acts(desk) == before
    assert not [path for path in desk.store.home.attachments.rglob("*") if path.is_file()]
    row = service.add(desk, {"text": "x"})
    service.attach(desk, row, [good])
    assert [file["name"] for file in service.attached(desk, row.id)] == ["a.txt"]


# --- lists


def page(desk: Desk, chosen: lists.Filter) -> list[str]:
    return [row.text("text") for row in lists.LogPages(desk, chosen.query(desk)).page(0)]


def test_filters_are_one_question(desk: Desk, clock: FixedClock) -> None:
    for day, text, category, line in (
        ("2026-11-20 09:00", "前天", "PHONE_IN", "FLOOD"),
        ("2026-11-21 08:00", "昨晨", "OTHER", "GOV"),
        ("2026-11-21 23:40", "昨夜", "PHONE_IN", "FLOOD"),
        ("2026-11-22 08:00", "今晨", "PHONE_IN", "SAFETY"),
        ("2026-11-22 09:00", "今早", "WARNING", "FLOOD"),
    ):
        service.add(desk, {"text": text, "category": category, "line": line, "happened_at": day})
    nothing = service.add(desk, {"text": "没有类别"})
    asked = service.add(desk, {"text": "待反馈", "line": "FLOOD"}, due="1500")
    everything = ["待反馈", "没有类别", "今早", "今晨", "昨夜", "昨晨", "前天"]
    assert page(desk, lists.Filter()) == everything
    assert page(desk, lists.Filter("today")) == everything[:4]
    assert page(desk, lists.Filter("yesterday")) == ["昨夜", "昨晨"]
    assert page(desk, lists.Filter("shift")) == ["待反馈", "没有类别", "今早"]
    assert page(desk, lists.Filter("before")) == ["今晨", "昨夜"]
    assert page(desk, lists.Filter("day", "2026-11-20")) == ["前天"]
    assert page(desk, lists.Filter(category="PHONE_IN", line="FLOOD")) == ["昨夜", "前天"]
    assert page(desk, lists.Filter("yesterday", category="PHONE_IN", search="昨")) == ["昨夜"]
    assert page(desk, lists.Filter(waiting=True)) == ["待反馈"]
    assert page(desk, lists.Filter(waiting=True, category="OTHER")) == []
    assert nothing["category"] is None
    service.answer(desk, asked, {"text": "已办"})
    assert page(desk, lists.Filter(waiting=True)) == []
    with pytest.raises(Refused):
        lists.Filter("day", "2026-11-31").query(desk)
    clock.at = at("2026-11-23 00:00")
    assert page(desk, lists.Filter("today")) == []


def test_a_list_says_what_other_rows_say_of_an_entry(desk: Desk, clock: FixedClock, incident: bytes) -> None:
    row = service.add(desk, {"text": "积水 #1", "happened_at": "昨2340"}, due="1500")
    service.amend(desk, row, {"text": "积水深 #1"}, "核实")
    service.answer(desk, row, {"text": "已退"})
    found = {item.text("no"): item for item in lists.LogPages(desk, Query("log")).page(0)}
    row, new, told = found["2026-0002"], found["2026-0003"], found["2026-0004"]
    assert cells.text_cell(row) == "〔已更正→#0003〕〔补录〕积水 #1"
    assert cells.text_cell(new) == "〔更正 #0002〕〔补录〕积水深 #1（原因：核实）"
    assert cells.text_cell(told) == "〔反馈 #0002〕已退"
    assert [cells.due_cell(item, clock.now()) for item in (row, new, told)] == ["已反馈 #0004", "", ""]
    assert cells.marks_of(row).incident_no == "#0001"


@pytest.mark.parametrize(
    ("now", "cell", "tone"),
    [
        ("2026-11-22 14:59:59", "15:00", ""),
        ("2026-11-22 15:00", "逾期 15:00", "late"),
        ("2026-11-23 09:00", "逾期 11-22 15:00", "late"),
    ],
)
def test_lateness_is_a_word(desk: Desk, now: str, cell: str, tone: str) -> None:
    row = service.add(desk, {"text": "x"}, due="1500")
    assert (cells.due_cell(row, at(now)), cells.due_tone(row, at(now))) == (cell, tone)


def test_the_detail_shows_both_wordings_and_hides_numbers(desk: Desk) -> None:
    row = service.add(desk, {"text": "甲", "category": "PHONE_IN", "party_phone": "19900000002"})
    service.amend(desk, row, {"text": "乙", "party_phone": "19900000003"}, "核实")
    service.attach(desk, row, [service.Attachment("a.txt", b"x")])
    told = lists.told(desk, row)
    ((_head, changed),) = told.corrections
    assert {(item.field, item.old, item.new) for item in changed} == {
        ("text", "甲", "乙"),
        ("party_phone", "199****0002", "199****0003"),
    }
    assert ("内容", "乙") in told.facts
    assert "19900000003" not in str(told)
    assert [file["name"] for file in told.files] == ["a.txt"]


@pytest.mark.parametrize("rows", [3, 120])
def test_a_page_asks_as_much_for_many_rows_as_for_few(desk: Desk, incident: bytes, rows: int) -> None:
    """RadioLog #595: the list grew slower with every entry."""
    for n in range(rows):
        row = service.add(desk, {"text": f"{n} #1"}, due="1500")
    service.amend(desk, row, {"text": "y"}, "z")
    service.answer(desk, row, {"text": "done"})
    asked: list[str] = []

    def hear(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        asked.append(statement)

    with desk.store.read() as connection:
        engine = connection.engine
    event.listen(engine, "before_cursor_execute", hear)
    try:
        lists.LogPages(desk, Query("log")).page(0)
    finally:
        event.remove(engine, "before_cursor_execute", hear)
    assert len(asked) <= 10, asked


def test_the_few_are_not_looked_for_among_all(desk: Desk) -> None:
    """Nearly every row is listed: an index of the listed rows is the wrong way to an answer or a correction."""
    plans: list[str] = []

    def explain(_connection: object, cursor: Any, statement: str, values: object, *_rest: object) -> None:
        if statement.lstrip().startswith("SELECT log") and "json_each" not in statement:
            held = cursor.connection.execute(f"EXPLAIN QUERY PLAN {statement}", values).fetchall()
            plans.extend(str(line[-1]) for line in held)

    row = service.add(desk, {"text": "x"}, due="1500")
    with desk.store.read() as connection:
        engine = connection.engine
    event.listen(engine, "before_cursor_execute", explain)
    try:
        with desk.store.read() as connection:
            service.follow_ups(connection, 0)
            service.amendments(connection, [row.id])
            service.answers(connection, [row.id])
    finally:
        event.remove(engine, "before_cursor_execute", explain)
    assert len(plans) >= 4
    assert not [line for line in plans if "ix_log_listed" in line or line.startswith("SCAN")], plans


# --- while typing


def test_phrases_are_found_by_initials_and_come_from_settings_too(desk: Desk) -> None:
    texts = entry.quick_texts(desk)
    assert [item.name for item in entry.quick_found(texts, "jb")][:2] == ["接班", "交班"]
    assert entry.quick_found(texts, "接")[0].category == "OTHER"
    lines = "潮位|来电|塘前水位__米\n接班||\n坏行\n交班|没有的类别|交班完毕"
    desk.act("settings.add", [desk.new("settings", {"key": entry.QUICK_SETTING, "value": lines})])
    own = {item.name: item for item in entry.quick_texts(desk)}
    assert own["潮位"] == entry.QuickText("潮位", "PHONE_IN", "塘前水位__米")
    assert "接班" not in own
    assert own["交班"] == entry.QuickText("交班", "", "交班完毕")


@pytest.mark.parametrize(
    ("text", "kind", "word"),
    [
        ("/jb", "quick", "jb"),
        ("/", "quick", ""),
        ("告@张", "person", "张"),
        ("@", "", ""),
        ("1/2", "", ""),
        ("a@b c", "", ""),
    ],
)
def test_what_stands_before_the_caret(text: str, kind: str, word: str) -> None:
    found = entry.meant(text, len(text))
    assert (found.kind, found.word) == (kind, word) if kind else found is None


def test_people_come_with_the_first_number_that_works(desk: Desk) -> None:
    found = {title: (ledger, row) for ledger, row, title in entry.contacts(desk, "sl")}
    assert found
    ledger, row, _title = next(item for item in entry.contacts(desk, "张示例") if item[0] == "people")
    person = entry.contact(desk, ledger, row)
    assert person is not None
    assert (person.name, person.number, person.masked) == ("示例街道 张示例", "19900000002", "199****0002")
    ledger, row, _title = next(item for item in entry.contacts(desk, "示例街道") if item[0] == "units")
    unit = entry.contact(desk, ledger, row)
    assert unit is not None
    assert (unit.name, unit.masked) == ("示例街道办事处", "0571-00000151"), "an office's number is nobody's secret"


# --- what is saved is what is shown again (TicketsCAD GH#87)

WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=40)


@settings(max_examples=40)
@given(
    text=WORDS.filter(lambda text: text.strip()),
    party=WORDS,
    handling=WORDS,
    category=st.sampled_from(["", "PHONE_IN", "INSTRUCTION", "OTHER"]),
    minutes=st.integers(0, 3 * 24 * 60),
)
def test_saved_and_read_again_is_equal(
    tmp_path_factory: pytest.TempPathFactory, text: str, party: str, handling: str, category: str, minutes: int
) -> None:
    clock = FixedClock(parse_iso("2026-11-22 14:07:00"))
    home = Home(tmp_path_factory.mktemp("desk") / "desk")
    given_values = {
        "text": text,
        "party": party,
        "handling": handling,
        "category": category,
        "happened_at": clock.at - minutes * MINUTE,
    }
    with Store.create(home, schema(), clock, DeskConfig(desk="ef" * 16)) as store:
        row = service.add(Desk(store, clock, Me(), FEATURES), given_values)
    with Store.open(home, schema(), clock) as store:
        again = Desk(store, clock, Me(), FEATURES).rows("log", Condition("id", "=", row.id))
    assert [item.values for item in again] == [row.values]
    for name in ("text", "party", "handling", "category"):
        assert row.text(name) == " ".join(given_values[name].split("\n")).strip(), name
    assert row["happened_at"] == given_values["happened_at"]


def test_drafts_survive_a_restart(desk: Desk, tmp_path: Path) -> None:
    session = entry.Session(desk)
    session.drafts.put_aside({"text": "甲"})
    session.drafts.put_aside({"text": "乙"})
    session.drafts.current = {"text": "丙"}
    session.drafts.keep()
    before = acts(desk)
    again = entry.Session(desk).drafts
    assert (again.current, again.aside) == ({"text": "丙"}, [{"text": "甲"}, {"text": "乙"}])
    assert again.take() == {"text": "乙"}
    again.current, again.aside = {}, []
    again.keep()
    assert entry.Drafts.load(desk).current == {}
    assert acts(desk) == before, "a draft is never an act"


def test_a_line_that_another_list_wrote_lacks_nothing() -> None:
    by_hand = {"category": "WARNING", "text": "发布暴雨蓝色预警", "recorder": "卫庚午"}
    assert "handling" in service.missing(by_hand)
    assert service.missing({**by_hand, "recorder": None}) == ()


def test_what_is_typed_after_the_seal_of_its_shift_is_late(desk: Desk, clock: FixedClock) -> None:
    """The shift was handed over before its last minute: an entry about the time before says 补录."""
    now = clock.now()
    spans: list[tuple[int, int, int]] = []

    def sealed(_start: int, _end: int) -> list[tuple[int, int, int]]:
        return spans

    desk.services["sealed"] = sealed
    assert not service.is_late(desk, now - MINUTE, now)
    spans.append((now - HOUR, now + HOUR, now))
    assert service.is_late(desk, now - MINUTE, now)
    assert not service.is_late(desk, now, now + 1), "after the takeover it is the new crew's"
