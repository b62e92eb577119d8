"""Numbers that are never given twice; lines typed from sheets, in one act with them; what is refused and warned of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dutydesk.core.clock import DAY, FixedClock, parse_iso
from dutydesk.core.errors import Refused
from dutydesk.core.paths import Home
from dutydesk.features import open_desk, schema
from dutydesk.journal.desk import Desk, Me
from dutydesk.journal.query import Row
from dutydesk.journal.verify import verify
from dutydesk.papers import service
from dutydesk.papers.limits import limits_of
from tests.desks import a_desk
from tests.papers.conftest import CALL, PRINTED
from tests.plaindesk import pages_of, text_of

RUNS = st.lists(st.tuples(st.sampled_from("AB"), st.sampled_from(("P01", "P02", "TEL")), st.integers(1, 4)), max_size=5)


def numbers(desk: Desk) -> list[str]:
    return [row.text("number") for row in desk.rows("papers")]


def refused(problem: str, run: Callable[..., object], *words: object, **more: object) -> str:

    with pytest.raises(Refused) as error:
        run(*words, **more)
    assert error.value.problems[0].field == problem
    return str(error.value.problems[0].reason)


# -- numbers -----------------------------------------------------------------------------------------------------------


@settings(max_examples=8)
@given(runs=RUNS)
def test_numbers_have_no_gap_and_no_twin_over_desks_and_restarts(
    tmp_path_factory: pytest.TempPathFactory, runs: Sequence[tuple[str, str, int]]
) -> None:
    root, clock = tmp_path_factory.mktemp("numbers"), FixedClock(PRINTED)
    for code in "AB":
        with a_desk(root / code, clock, Me(name="甲示例"), desk=("a" if code == "A" else "b") * 32, code=code):
            pass
    wanted: dict[str, list[str]] = {"A": [], "B": []}
    for code, form, count in runs:
        held = wanted[code]
        desk = open_desk(Home(root / code), clock)  # the program is started again each time
        pdf = service.print_blanks(desk, form, count)
        fresh = [f"纸-{code}-2026-{n:04d}" for n in range(len(held) + 1, len(held) + count + 1)]
        held += fresh
        assert [number in text_of(pdf) for number in fresh] == [True] * count
        assert numbers(desk) == held
        desk.store.close()
    assert not set(wanted["A"]) & set(wanted["B"])


def test_a_new_year_begins_with_one(desk: Desk, clock: FixedClock) -> None:
    service.print_blanks(desk, "P02", 2)
    clock.at = parse_iso("2027-01-01 00:00")
    service.print_blanks(desk, "P02", 1)
    assert numbers(desk) == ["纸-2026-0001", "纸-2026-0002", "纸-2027-0001"]


def test_a_drill_has_numbers_of_its_own(tmp_path: Path, clock: FixedClock) -> None:
    with a_desk(tmp_path / "drill", clock, Me(name="甲示例"), drill=True) as desk:
        text = text_of(service.print_blanks(desk, "TEL", 1))
        assert numbers(desk) == ["纸-演-2026-0001"]
        assert "纸-演-2026-0001" in text


def test_nobody_else_makes_a_number(desk: Desk) -> None:
    refused("number", service.add_refused, desk, {"number": "纸-2026-0007"})
    refused("count", service.print_blanks, desk, "P02", 0)
    refused("count", service.print_blanks, desk, "P02", 51)
    refused("form", service.print_blanks, desk, "P18", 1)
    refused("incident", service.print_blanks, desk, "P02", 1, incident="1")
    with pytest.raises(Refused):
        service.print_blanks(desk, "P02", 1, shift="2026-11-31")
    assert numbers(desk) == [], "what is refused takes no number"
    desk.act("settings.add", [desk.new("settings", {"key": "papers.most_sheets", "value": "60"})])
    assert service.print_blanks(desk, "P02", 51).about == "纸-2026-0001–0051"


@pytest.mark.parametrize(("told", "days"), [("3", 3), ("60", 60), ("0", 1), ("61", 1), ("x", 1), ("", 1)])
def test_settings_that_mean_nothing_change_nothing(told: str, days: int) -> None:
    assert limits_of({"papers.pending_days": told}).pending_days == days


# -- empty sheets ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "labels"),
    [
        ("P01", "交接班记录表|带班领导|接班时间|一、突发事件处置|六、设备环境|□值班电话|交班人："),
        ("P02", "值班日志|风险等级|编号|处理情况|记录人："),
        ("TEL", "电话记录表|接报时间|报告人电话|简要经过|死亡|已采取措施|处理情况|记录人："),
    ],
)
def test_each_sheet_is_one_page_with_its_number_unit_and_labels(desk: Desk, form: str, labels: str) -> None:
    made = service.print_blanks(desk, form, 3)
    pages = ["".join(page.split()) for page in pages_of(made)]
    assert len(pages) == 3
    for n, page in enumerate(pages, 1):
        assert f"单号纸-2026-{n:04d}" in page
        assert "示例区应急管理局" in page
        assert "第1/1页" in page
        assert "副本" not in page
        for label in labels.split("|"):
            assert label in page, label
    assert made.missing == ()


def test_a_log_sheet_has_the_shift_that_is_named(desk: Desk) -> None:
    assert "2026年11月22日" in text_of(service.print_blanks(desk, "p02", 1, shift="2026-11-22"))
    assert "2026年" not in text_of(service.print_blanks(desk, "P02", 1))


def test_a_reprint_is_a_copy_and_takes_no_number(desk: Desk) -> None:
    service.print_blanks(desk, "P02", 2)
    service.print_blanks(desk, "TEL", 1)
    made = service.reprint(desk, ["2"])
    assert len(pages_of(made)) == 1
    assert "单号纸-2026-0002" in text_of(made)
    assert "副本" in text_of(made)
    assert made.about == "纸-2026-0002 副本"
    assert len(numbers(desk)) == 3
    assert "一种" in refused("number", service.reprint, desk, ["1", "3"])
    service.void(desk, ["1"], "受潮")
    assert "已作废" in refused("number", service.reprint, desk, ["1"])


# -- typing ------------------------------------------------------------------------------------------------------------


def test_lines_of_one_sheet_are_entries_of_their_own_acts_tied_to_its_number(desk: Desk, outage: Row) -> None:
    before = desk.store.position()[0]
    first = service.type_entry(desk, "1", CALL, written_by="赵示例")
    assert desk.store.position()[0] == before + 1, "entry and sheet are one act"
    assert (first["late"], first["recorder"], first["shift"]) == (1, "李示例", "2026-11-21/H24")
    sheet = service.find(desk, "纸-2026-0001")
    assert (sheet["state"], service.state_text(sheet)) == ("BLANK", "补录中 1 条")
    told = {**CALL, "happened_at": CALL["happened_at"] + 60_000, "text": "已转消防"}
    second = service.type_entry(desk, "0001", told, written_by="王示例", last=True)
    sheet = service.find(desk, "1")
    assert service.rows_of(sheet) == [first.id, second.id]
    assert (sheet["ledger"], sheet["state"]) == ("log", "TYPED")
    assert (sheet["written_by"], sheet["typed_by"], sheet["typed_at"]) == ("赵示例、王示例", "李示例", desk.clock.now())
    assert service.state_text(sheet) == "已补录 2 条"
    home = desk.store.home
    desk.store.close()
    assert verify(home, schema(), None).problems == ()


def test_an_incident_comes_from_a_telephone_record(desk: Desk, outage: Row) -> None:
    at = CALL["happened_at"]
    values = {"received_at": at, "happened_at": at, "type": "12G07", "place": "示例路隧道", "text": "冒烟"}
    made = service.type_incident(desk, "4", values, written_by="赵示例")
    (line,) = [row for row in desk.rows("log") if row.get("incident") == made.id]
    assert (line["late"], line.act) == (1, made.act), "the line that it writes is typed later, too"
    sheet = service.find(desk, "4")
    assert (sheet["ledger"], sheet["state"], service.rows_of(sheet)) == ("incidents", "TYPED", [made.id])
    assert "已有同一件" in refused("again", service.type_incident, desk, "5", values, written_by="赵示例")
    service.type_incident(desk, "5", values, written_by="赵示例", again=True)
    assert "台账" in refused("number", service.type_incident, desk, "1", values, written_by="赵示例")
    refused("received_at", service.type_incident, desk, "5", {"place": "x"}, written_by="赵示例", again=True)


def test_nothing_is_typed_twice_without_a_warning(desk: Desk, outage: Row) -> None:
    service.type_entry(desk, "1", CALL, written_by="赵示例", last=True)
    assert "已补录完，共 1 条" in refused("again", service.type_entry, desk, "1", CALL, written_by="赵示例")
    other = {**CALL, "text": "小区停电 电梯困2人。"}
    assert "已有同一条" in refused("again", service.type_entry, desk, "2", other, written_by="赵示例")
    assert len([row for row in desk.rows("log") if row.get("category") == "PHONE_IN"]) == 1
    assert service.find(desk, "2").get("row") is None
    service.type_entry(desk, "2", other, written_by="赵示例", again=True)
    service.type_entry(desk, "1", {**CALL, "text": "另一件"}, written_by="赵示例", again=True)
    assert service.find(desk, "1")["state"] == "TYPED"
    later = {**CALL, "happened_at": CALL["happened_at"] + 60_000}
    assert "已有同一条" in refused("again", service.type_entry, desk, "2", later, written_by="赵示例")
    service.type_entry(desk, "3", later, written_by="赵示例")


def test_what_a_line_needs(desk: Desk, outage: Row) -> None:
    refused("written_by", service.type_entry, desk, "1", CALL, written_by=" ")
    refused("happened_at", service.type_entry, desk, "1", {"text": "x"}, written_by="赵示例")
    refused("text", service.type_entry, desk, "1", {"happened_at": CALL["happened_at"]}, written_by="赵示例")
    assert service.find(desk, "1").get("row") is None, "a refusal ties nothing"
    with pytest.raises(Refused):
        service.type_entry(desk, "77", CALL, written_by="赵示例")


def test_a_sheet_is_done_or_void_but_not_both(desk: Desk, outage: Row) -> None:
    refused("number", service.finish, desk, "1")
    service.type_entry(desk, "1", CALL, written_by="赵示例")
    assert "已补录 1 条" in refused("number", service.void, desk, ["2", "1"], "没有用")
    assert service.find(desk, "2")["state"] == "BLANK", "all or none"
    refused("reason", service.void, desk, ["2"], "  ")
    assert service.finish(desk, "1")["state"] == "TYPED"
    rows = service.void(desk, ["2", "3", "3"], "受潮")
    assert [(row["state"], row["note"]) for row in rows] == [("VOID", "受潮")] * 2
    assert "已作废" in refused("number", service.void, desk, ["3"], "受潮")
    assert "已作废" in refused("number", service.type_entry, desk, "3", CALL, written_by="赵示例", again=True)


def test_sheets_that_nobody_settled_are_open_items_after_a_day(desk: Desk, clock: FixedClock, outage: Row) -> None:
    def items() -> list[tuple[str, str]]:
        return [(item.title, item.detail) for item in desk.open_items() if item.ledger == "papers"]

    assert items() == []
    service.type_entry(desk, "1", CALL, written_by="赵示例")
    assert items() == [("纸质单 纸-2026-0001 补录中 1 条", "")]
    service.finish(desk, "1")
    service.void(desk, ["3"], "受潮")
    clock.at = outage.number("ends_at") + DAY - 1
    assert items() == []
    service.print_blanks(desk, "P02", 1)
    clock.at += 1
    assert items() == [("纸质单 3 张未补录、未作废", "纸-2026-0002、纸-2026-0004、纸-2026-0005")], "later ones are new"
    service.void(desk, ["2", "4", "5"], "清点，没有用")
    assert items() == []
