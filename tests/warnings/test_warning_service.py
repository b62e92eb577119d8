"""What is in force, what the board and the log say of it, what is typed, lifted and given away."""

from __future__ import annotations

import pytest

from dutydesk.core.clock import DAY, HOUR, MINUTE, FixedClock, parse_iso
from dutydesk.core.errors import Refused
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Row
from dutydesk.ledger.feature import Figure, OpenItem
from dutydesk.ledger.spec import Value
from dutydesk.warnings import service, standing
from dutydesk.warnings.cap import read_alerts
from dutydesk.warnings.report import in_force_sheet
from tests.warnings.typed import add_typed, lines_of

NOW = parse_iso("2026-06-18 14:30")
TEXTS = {
    "type": "11B03",
    "colour": "ORANGE",
    "issuer": "示例区气象台",
    "areas": "凯旋街道、闸弄口街道",
    "issued_at": "2026-06-18 14:00",
    "ends_at": "2026-06-18 17:00",
}
OLD = {**TEXTS, "identifier": "A", "colour": "YELLOW"}


def typed(desk: Desk, **more: str) -> Row:
    return add_typed(desk, TEXTS | more)


def told(desk: Desk, **values: Value) -> Row:
    """A row as an import leaves it."""
    full: dict[str, Value] = {
        "identifier": "X", "type": "11B03", "colour": "RED", "issuer": "示例区气象台", "areas": "凯旋街道",
        "issued_at": NOW - HOUR, "ends_at": NOW + HOUR, "status": "ACTUAL", "kind": "ALERT", **values,
    }  # fmt: skip
    made = desk.act("warnings.import", [desk.new("warnings", full)]).changes[0].row
    row = desk.get("warnings", made)
    assert row is not None
    return row


def live(desk: Desk) -> list[str]:
    return [standing.name_of(one.row) for one in service.in_force(desk)]


def figure(desk: Desk, name: str = "in_force") -> Figure:
    now = desk.clock.now()
    return desk.figures(now - DAY, now)[f"warnings.{name}"]


def items(desk: Desk) -> list[OpenItem]:
    return [item for item in desk.open_items() if item.block == "WARNINGS"]


def fields(refused: pytest.ExceptionInfo[Refused]) -> set[str]:
    return {problem.field for problem in refused.value.problems}


def lines(desk: Desk) -> list[str]:
    return [row.text("text") for row in desk.rows("log", order="recorded_at")]


def test_a_typed_warning_is_in_force_on_the_board_in_the_log_and_on_paper(desk: Desk) -> None:
    row = typed(desk)
    assert (row["status"], row["kind"], row["state"], row["assumed_end"]) == ("ACTUAL", "ALERT", "ACTIVE", 0)
    assert row["headline"] == "示例区气象台发布暴雨橙色预警[Ⅱ级/严重]"
    assert lines_of(desk) == ["暴雨橙色 凯旋街道、闸弄口街道 至 17:00 示例区气象台"]
    assert (figure(desk).value, figure(desk).severity) == ("橙 暴雨 2处", 2)
    (item,) = items(desk)
    assert (item.title, item.due_at, item.severity) == ("暴雨橙色 凯旋街道、闸弄口街道", NOW + 150 * MINUTE, 1)
    assert lines(desk) == ["发布暴雨橙色预警：凯旋街道、闸弄口街道；至 17:00"]
    (line,) = desk.rows("log")
    assert (line["category"], line["line"], line["party"]) == ("WARNING", "FLOOD", "示例区气象台")
    assert line["happened_at"] == parse_iso("2026-06-18 14:00")
    import pypdfium2

    text = "".join(page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(in_force_sheet(desk)))
    assert "凯旋街道、闸弄口街道" in text
    assert in_force_sheet(desk) == in_force_sheet(desk)


@pytest.mark.parametrize("name", ["type", "colour", "issuer", "areas", "issued_at"])
def test_what_the_law_asks_for_must_be_there(desk: Desk, name: str) -> None:
    with pytest.raises(Refused) as refused:
        add_typed(desk, TEXTS | {name: ""})
    assert fields(refused) == {name}
    assert desk.count("warnings") == 0


@pytest.mark.parametrize(
    ("more", "wrong"),
    [
        ({"ends_at": "2026-06-18 13:59"}, "ends_at"),
        ({"starts_at": "2026-06-18 13:00"}, "starts_at"),
        ({"issued_at": "2026-06-18 14:36"}, "issued_at"),
        ({"kind": "UPDATE"}, "references"),
        ({"kind": "CANCEL"}, "references"),
        ({"colour": "PURPLE"}, "colour"),
        ({"type": "龙卷"}, "type"),
    ],
)
def test_what_cannot_be_is_refused(desk: Desk, more: dict[str, str], wrong: str) -> None:
    with pytest.raises(Refused) as refused:
        typed(desk, **more)
    assert wrong in fields(refused)


def test_an_identifier_is_given_once(desk: Desk) -> None:
    typed(desk, identifier="A")
    with pytest.raises(Refused) as refused:
        typed(desk, identifier="A")
    assert fields(refused) == {"identifier"}


@pytest.mark.parametrize("status", ["TEST", "EXERCISE", "DRAFT", "SYSTEM"])
def test_what_is_not_meant_is_never_in_force(desk: Desk, status: str) -> None:
    row = typed(desk, status=status, colour="RED")
    assert row["state"] == ("DRAFT" if status == "DRAFT" else "NOT_LIVE")
    assert live(desk) == []
    assert items(desk) == []
    assert lines(desk) == []
    assert figure(desk).value == "无生效"
    assert figure(desk, "red").value == figure(desk, "issued").value == 0
    assert "凯旋" not in "".join(lines_of(desk))


def test_a_test_changes_nothing_of_a_real_one(desk: Desk) -> None:
    add_typed(desk, OLD)
    told(desk, identifier="T", status="TEST", kind="CANCEL", refers="A", issued_at=NOW - MINUTE)
    assert live(desk) == ["A"]


def test_it_ends_when_it_says_or_after_the_usual_hours(desk: Desk, clock: FixedClock) -> None:
    typed(desk)
    clock.at = parse_iso("2026-06-18 17:00") - 1
    assert len(live(desk)) == 1
    clock.advance(1)
    assert live(desk) == []
    clock.at = NOW
    typed(desk, ends_at="", colour="BLUE")
    assert lines_of(desk)[1] == "暴雨蓝色 凯旋街道、闸弄口街道 至 06-19 02:00（推定） 示例区气象台"
    assert "（结束时间推定）" in items(desk)[1].title
    clock.at = parse_iso("2026-06-19 02:00")
    assert live(desk) == []


def test_the_usual_hours_are_a_setting(desk: Desk, clock: FixedClock) -> None:
    desk.act("settings.set", [desk.new("settings", {"key": "warnings.assumed_hours", "value": "1"})])
    typed(desk, ends_at="")
    assert len(live(desk)) == 1
    clock.at = parse_iso("2026-06-18 15:00")
    assert live(desk) == []


def test_an_update_takes_the_place_and_marks_the_old_one(desk: Desk, clock: FixedClock) -> None:
    old = add_typed(desk, OLD)
    new = typed(desk, kind="UPDATE", refers="A", issued_at="2026-06-18 14:20")
    assert live(desk) == [new.id.hex()]
    assert service.find(desk, old.id)["state"] == "SUPERSEDED"
    states = {one.row.id: standing.state_text(one) for one in service.listed(desk)}
    assert states == {old.id: "已被更新", new.id: "生效中"}
    assert lines(desk)[1].startswith("更新暴雨橙色预警")


def test_an_update_by_file_takes_the_place_without_a_mark(desk: Desk) -> None:
    add_typed(desk, OLD)
    told(desk, identifier="B", kind="UPDATE", refers="A", issued_at=NOW - MINUTE)
    assert live(desk) == ["B"]


def test_it_is_lifted_here(desk: Desk, clock: FixedClock) -> None:
    row = typed(desk)
    with pytest.raises(Refused) as refused:
        service.cancel(desk, row.id, NOW + 6 * MINUTE)
    assert fields(refused) == {"at"}
    with pytest.raises(Refused):
        service.cancel(desk, row.id, NOW - HOUR)
    clock.advance(10 * MINUTE)
    row = service.cancel(desk, row.id, NOW, "电话通知")
    assert (row["state"], row["cancelled_at"]) == ("CANCELLED", NOW)
    assert live(desk) == []
    line = desk.rows("log", order="recorded_at")[-1]
    assert (line["text"], line["handling"], line["happened_at"]) == (
        "暴雨橙色预警解除：凯旋街道、闸弄口街道", "电话通知", NOW,
    )  # fmt: skip
    with pytest.raises(Refused, match="不在生效中"):
        service.cancel(desk, row.id)
    assert [standing.state_text(one) for one in service.listed(desk)] == ["已解除"]


def test_the_highest_leads_and_the_others_are_counted(desk: Desk) -> None:
    typed(desk, colour="BLUE")
    typed(desk, type="11B14", colour="YELLOW", areas="全区")
    assert (figure(desk).value, figure(desk).severity) == ("黄 雷电 +1", 1)
    typed(desk, type="11B06", colour="RED")
    assert (figure(desk).value, figure(desk).severity) == ("红 大风 2处 +2", 3)
    assert [figure(desk, name).value for name in ("red", "orange", "yellow", "blue")] == [1, 0, 1, 1]
    assert [item.severity for item in items(desk)] == [2, 0, 0]
    assert figure(desk, "issued").value == 3


def test_blue_alone_has_no_other_levels_colour(desk: Desk) -> None:
    typed(desk, colour="BLUE")
    assert (figure(desk).value, figure(desk).severity) == ("蓝 暴雨 2处", 0)


def test_a_stale_one_says_so_and_never_hides_what_is_current(desk: Desk, clock: FixedClock) -> None:
    told(desk, identifier="S", colour="RED", issued_at=NOW - 4 * DAY, ends_at=NOW + 30 * DAY)
    typed(desk, colour="YELLOW", identifier="Y")
    assert live(desk) == ["Y", "S"]
    assert figure(desk).value == "黄 暴雨 2处 +1"
    assert "久未更新，请核实" in lines_of(desk)[1]
    assert items(desk)[1].severity == 2


def test_a_later_start_counts_for_the_assumed_end(desk: Desk, clock: FixedClock) -> None:
    told(desk, identifier="L", issued_at=NOW - 20 * HOUR, starts_at=NOW - 2 * HOUR, ends_at=None)
    assert live(desk) == ["L"]


def test_an_old_update_still_ends_what_runs_long(desk: Desk) -> None:
    told(desk, identifier="A", issued_at=NOW - 60 * DAY, ends_at=NOW + DAY)
    told(desk, identifier="B", kind="UPDATE", refers="A", issued_at=NOW - 59 * DAY, ends_at=NOW - 58 * DAY)
    assert live(desk) == []


def test_one_without_a_code_or_a_colour_is_kept_and_shown(desk: Desk) -> None:
    row = told(desk, identifier="F", type=None, colour=None, event="Small Craft Warning", areas=None)
    assert live(desk) == ["F"]
    assert desk.title("warnings", row.id) == "Small Craft Warning 示例区气象台"
    assert (figure(desk).value, figure(desk).severity) == ("Small Craft Warning", 0)
    assert lines_of(desk) == ["Small Craft Warning 至 15:30 示例区气象台"]


def test_of_two_rows_with_one_identifier_the_latest_counts(desk: Desk) -> None:
    told(desk, identifier="D", colour="RED", issued_at=NOW - 2 * HOUR)
    told(desk, identifier="D", colour="BLUE", issued_at=NOW - HOUR)
    assert [one.colour for one in service.in_force(desk)] == ["BLUE"]


def test_many_at_once_write_one_line(desk: Desk) -> None:
    values = {"issuer": "示例台", "issued_at": NOW, "type": "11B03", "status": "ACTUAL", "kind": "ALERT"}
    rows = [values | {"identifier": f"M{n}", "colour": "RED" if n == 3 else "BLUE"} for n in range(6)]
    rows.append(values | {"identifier": "T", "status": "TEST"})
    desk.act("warnings.import", [desk.new("warnings", row) for row in rows])
    assert lines(desk) == ["导入预警 6 条，最高红色"]


def test_the_national_signal_stands_with_its_source(desk: Desk) -> None:
    assert service.criterion(typed(desk).values).startswith("3小时内降雨量将达50毫米以上")
    assert "气象局令第16号" in service.criterion(typed(desk).values)
    assert service.criterion({"type": "11B03"}) == ""


def test_given_away_as_cap_and_read_again(desk: Desk) -> None:
    row = typed(desk, identifier="33010241600000_20260618140000", text="三小时内50毫米", measures="注意防范",
                area_codes="330102011 330102013")  # fmt: skip
    (alert,) = read_alerts(service.export_cap(desk, row), "x.xml").alerts
    info = alert.info
    assert (alert.identifier, alert.sender, alert.sent_ms) == (row["identifier"], "示例区气象台", row["issued_at"])
    assert (info.event_code, info.colour, info.expires) == ("11B03", "ORANGE", row["ends_at"])
    assert [(area.desc, area.geocodes[0][1]) for area in info.areas] == [
        ("凯旋街道", "330102011"), ("闸弄口街道", "330102013"),
    ]  # fmt: skip
    assert (info.description, info.instruction) == ("三小时内50毫米", "注意防范")
    other = typed(desk, kind="UPDATE", refers="33010241600000_20260618140000")
    (alert,) = read_alerts(service.export_cap(desk, other), "x.xml").alerts
    assert (alert.identifier, alert.references[0].identifier) == (other.id.hex(), row["identifier"])


def test_found_by_identifier_and_by_row(desk: Desk) -> None:
    row = typed(desk, identifier="33010241600000_20260618140000")
    assert service.find(desk, "33010241600000_20260618140000").id == service.find(desk, row.id).id == row.id
    with pytest.raises(Refused):
        service.find(desk, "nothing-here")
