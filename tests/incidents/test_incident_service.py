"""What is done with incidents: intake, changes with their reasons, reports that stop clocks, the log, the board."""

from __future__ import annotations

import pytest

from dutydesk.core.clock import HOUR, MINUTE, FixedClock, iso, parse_iso
from dutydesk.core.errors import Refused
from dutydesk.incidents import service
from dutydesk.incidents.clocks import rules_of
from dutydesk.incidents.lines import short_no
from dutydesk.incidents.rules import Harm
from dutydesk.journal import query as q
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Row
from dutydesk.ledger.feature import OpenItem

NOW = parse_iso("2026-06-18 14:30")
TEXTS = {
    "happened_at": "2026-06-18 14:20",
    "type": "11A02",
    "place": "示例路隧道",
    "text": "积水约60厘米，3车被困，联系电话 19900001234",
}
FIRE = {**TEXTS, "type": "12G03", "place": "示例大厦", "text": "三楼起火"}


def taken(desk: Desk, **more: str) -> Row:
    return service.intake(desk, TEXTS | more)


def entries(desk: Desk) -> list[Row]:
    return desk.rows("log", order="recorded_at")


def fields(refused: pytest.ExceptionInfo[Refused]) -> set[str]:
    return {problem.field for problem in refused.value.problems}


def open_items(desk: Desk) -> list[OpenItem]:
    return [item for item in desk.open_items() if item.block == "INCIDENTS"]


def test_four_fields_are_enough_and_the_desk_fills_in_the_rest(desk: Desk) -> None:
    row = taken(desk)
    assert (row["no"], row["state"], row["received_at"]) == ("2026-0001", "NEW", NOW)
    assert row["grade"] is None
    assert row["region"] is None
    assert taken(desk)["no"] == "2026-0002"


@pytest.mark.parametrize("name", ["happened_at", "type", "place", "text"])
def test_what_is_missing_is_named_and_nothing_is_written(desk: Desk, name: str) -> None:
    with pytest.raises(Refused) as refused:
        service.intake(desk, TEXTS | {name: " "})
    assert fields(refused) == {name}
    assert desk.count("incidents") == desk.count("log") == 0


@pytest.mark.parametrize(
    ("more", "wrong"),
    [
        ({"happened_at": "2026-06-18 14:36"}, "happened_at"),
        ({"received_at": "2026-06-18 14:36"}, "received_at"),
        ({"happened_at": "2026-06-18 14:26", "received_at": "2026-06-18 14:20"}, "happened_at"),
        ({"dead": "-1"}, "dead"),
        ({"dead": "三"}, "dead"),
        ({"type": "隧道积水"}, "type"),
        ({"region": "不在这里的街道"}, "region"),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field(desk: Desk, more: dict[str, str], wrong: str) -> None:
    with pytest.raises(Refused) as refused:
        taken(desk, **more)
    assert fields(refused) == {wrong}


def test_a_wall_clock_that_runs_five_minutes_fast_is_no_reason_to_refuse(desk: Desk) -> None:
    assert taken(desk, happened_at="2026-06-18 14:35")["happened_at"] == NOW + 5 * MINUTE


def test_an_empty_time_of_receipt_is_now_and_a_wrong_one_is_not(desk: Desk) -> None:
    assert taken(desk, received_at=" ")["received_at"] == NOW
    with pytest.raises(Refused) as refused:
        taken(desk, received_at="刚才", place="")
    assert fields(refused) == {"received_at", "place"}
    assert service.add(desk, {"happened_at": NOW, "type": "11A02", "place": "示例", "text": "x"})["received_at"] == NOW


def test_the_number_and_the_evidence_cannot_be_typed(desk: Desk) -> None:
    row = taken(desk, no="9999", reported_at="2026-06-18 14:25", reported_to="谁")
    assert (row["no"], row["reported_at"], row["reported_to"]) == ("2026-0001", None, None)
    assert service.update(desk, row.id, {"no": "7", "reported_at": "2026-06-18 14:25"})["reported_at"] is None


def test_a_new_incident_writes_its_line_into_the_log_by_itself(desk: Desk) -> None:
    row = taken(desk, caller="凯旋街道值班室", measures="已封闭", source="STREET", region="凯旋街道", dead="0")
    (line,) = entries(desk)
    assert line["incident"] == row.id
    assert (line["category"], line["line"], line["direction"], line["means"]) == ("INCIDENT", "FLOOD", "IN", "PHONE")
    assert (line["party"], line["handling"], line["happened_at"]) == ("凯旋街道值班室", "已封闭", NOW)
    assert line.text("text").startswith("#0001 【内涝】 06-18 14:20 示例路隧道：积水约60厘米")
    assert "199****1234" in line.text("text")
    assert "19900001234" not in line.text("text")


@pytest.mark.parametrize(
    ("code", "line"), [("11A02", "FLOOD"), ("11G01", "FIRE"), ("12G03", "SAFETY"), ("13B03", "GOV"), ("14A02", "GOV")]
)
def test_the_line_of_the_log_follows_the_class(desk: Desk, code: str, line: str) -> None:
    taken(desk, type=code)
    assert entries(desk)[0]["line"] == line


def test_many_at_once_write_one_line(desk: Desk) -> None:
    values = {"happened_at": NOW, "received_at": NOW, "type": "11A02", "place": "示例", "text": "积水"}
    desk.act("incidents.import", [desk.new("incidents", values) for _ in range(6)])
    (line,) = entries(desk)
    assert line["text"] == "导入突发事件 6 件（#0001 至 #0006）"


def test_a_figure_that_falls_needs_a_reason_and_every_version_is_kept(desk: Desk, clock: FixedClock) -> None:
    row = taken(desk, dead="1", trapped="3")
    clock.advance(MINUTE)
    row = service.update(desk, row.id, {"dead": "3", "trapped": "0"})
    clock.advance(MINUTE)
    with pytest.raises(Refused) as refused:
        service.update(desk, row.id, {"dead": "2"})
    assert fields(refused) == {"note"}
    assert "由 3 减为 2" in str(refused.value)
    service.update(desk, row.id, {"dead": "2"}, "医院核实，一人抢救成功")
    versions = [(harm.dead, harm.trapped) for _at, harm in service.figures(desk, row)]
    assert versions == [(1, 3), (3, 0), (2, 0)]
    told = [entry.text("text") for entry in entries(desk)]
    assert told[1] == "#0001 示例路隧道 内涝 死亡 1 人→3 人；被困 3 人→0 人"
    assert told[2].endswith("死亡 3 人→2 人。医院核实，一人抢救成功")


def test_the_grade_is_suggested_but_stays_the_officers_choice(desk: Desk) -> None:
    told = service.suggest({"type": "12G03", "dead": "3", "serious": ""})
    assert told is not None
    assert told.grade == "L3"
    assert told.because == ("死亡 3 人：较大",)
    row = service.intake(desk, FIRE | {"dead": "3"})
    assert row["grade"] is None
    row = service.update(desk, row.id, {"grade": "L3"})
    assert entries(desk)[-1].text("text").endswith("初判等级：较大")
    assert service.suggest({"type": "13B03", "dead": "3"}) is None
    assert service.suggest({"type": "12G03", "dead": "三"}) is not None
    assert service.suggest({"dead": "3"}) is None


def test_nothing_changed_writes_nothing(desk: Desk) -> None:
    row = taken(desk)
    before = desk.store.position()
    assert service.update(desk, row.id, {"place": "示例路隧道"}) == row
    assert desk.store.position() == before


def test_states_that_end_it_want_a_word(desk: Desk) -> None:
    row = taken(desk)
    for state in ("FALSE_ALARM", "PASSED", "CLOSED"):
        with pytest.raises(Refused) as refused:
            service.set_state(desk, row.id, state)
        assert fields(refused) == {"note"}
    service.first_report(desk, row.id, "市应急管理局", "PHONE")
    row = service.set_state(desk, row.id, "CLOSED")
    with pytest.raises(Refused):
        service.set_state(desk, row.id, "OPEN")
    row = service.set_state(desk, row.id, "OPEN", "积水复涨")
    assert row["state"] == "OPEN"
    assert entries(desk)[-1].text("text") == "#0001 示例路隧道 内涝 状态 已办结→处置中。积水复涨"


def test_only_evidence_stops_a_clock(desk: Desk, clock: FixedClock) -> None:
    row = taken(desk)
    (timed,) = service.clocks(desk, row)
    assert (timed.state, iso(timed.clock.due_at)) == ("RUNNING", "2026-06-18T16:20:00+08:00")
    clock.at = timed.clock.due_at
    assert service.clocks(desk, row)[0].state == "DUE_SOON"
    clock.advance(1)
    assert (service.clocks(desk, row)[0].state, service.clocks(desk, row)[0].late) == ("OVERDUE", 1)
    service.update(desk, row.id, {"measures": "已报市局"})
    row = service.set_state(desk, row.id, "CONTROLLED")
    assert service.clocks(desk, row)[0].state == "OVERDUE"
    clock.advance(10 * MINUTE)
    row = service.first_report(desk, row.id, "市应急管理局值班室", "PHONE", receipt="接话人 示例乙")
    (timed,) = service.clocks(desk, row)
    assert timed.state == "DONE"
    assert timed.late == 10
    assert row["reported_to"] == "市应急管理局值班室 电话 接话人 示例乙"
    line = entries(desk)[-1]
    assert (line["direction"], line["party"], line["means"]) == ("OUT", "市应急管理局值班室", "PHONE")
    assert line.text("text").startswith("#0001 示例路隧道 内涝 已报 市应急管理局值班室")


def test_by_telephone_first_and_in_writing_later(desk: Desk, clock: FixedClock) -> None:
    row = service.intake(desk, FIRE | {"dead": "3", "grade": "L3"})
    assert {one.clock.rule for one in service.clocks(desk, row)} == {"PHONE_BIG", "WRITTEN_BIG", "CITY_ACCIDENT"}
    clock.advance(20 * MINUTE)
    row = service.first_report(desk, row.id, "市委市政府总值班室", "PHONE")
    assert {one.clock.rule for one in service.clocks(desk, row) if one.running} == {"WRITTEN_BIG", "CITY_ACCIDENT"}
    assert row["phoned_at"] == NOW + 20 * MINUTE
    assert row["reported_at"] is None
    assert row["state"] == "OPEN"
    clock.advance(30 * MINUTE)
    row = service.first_report(desk, row.id, "市委市政府总值班室", "WRITTEN", receipt="上应急报〔2026〕1号")
    assert not [one for one in service.clocks(desk, row) if one.running]
    clock.advance(5 * MINUTE)
    row = service.first_report(desk, row.id, "市应急管理局", "WRITTEN")
    assert row["reported_at"] == NOW + 50 * MINUTE
    assert row["reported_to"] == "市委市政府总值班室 书面 上应急报〔2026〕1号；市应急管理局 书面"


@pytest.mark.parametrize(
    ("to", "how", "at", "wrong"),
    [
        (" ", "PHONE", NOW, "to"),
        ("市局", "口头", NOW, "how"),
        ("市局", "PHONE", NOW + 6 * MINUTE, "at"),
        ("市局", "PHONE", NOW - MINUTE, "at"),
    ],
)
def test_a_report_that_cannot_have_been(desk: Desk, to: str, how: str, at: int, wrong: str) -> None:
    row = taken(desk)
    with pytest.raises(Refused) as refused:
        service.first_report(desk, row.id, to, how, at)
    assert fields(refused) == {wrong}


def test_a_worse_grade_adds_clocks_and_does_not_forgive_what_ran_out(desk: Desk, clock: FixedClock) -> None:
    row = service.intake(desk, FIRE)
    clock.advance(40 * MINUTE)
    row = service.update(desk, row.id, {"dead": "3", "grade": "L3"})
    late = {one.clock.rule: one.late for one in service.clocks(desk, row)}
    assert late == {"PHONE_BIG": 10, "WRITTEN_BIG": 0, "CITY_ACCIDENT": 0}


def test_closed_without_a_report_it_stays_late(desk: Desk, clock: FixedClock) -> None:
    row = taken(desk)
    clock.advance(3 * HOUR)
    row = service.set_state(desk, row.id, "FALSE_ALARM", "到场无积水")
    clock.advance(24 * HOUR)
    (timed,) = service.clocks(desk, row)
    assert timed.state == "WAIVED"
    assert timed.late == 70


def test_settings_of_the_desk_stand_before_the_reference_data(desk: Desk) -> None:
    settings = {
        "report.CITY_DISASTER.minutes": "60",
        "report.CITY_DISASTER.to": "示例市局",
        "report.HENAN_PHONE.active": "1",
        "report.PHONE_BIG.minutes": "很快",
        "report.soon_percent": "90",
    }
    desk.act("settings.set", [desk.new("settings", {"key": key, "value": text}) for key, text in settings.items()])
    row = taken(desk, grade="L2")
    found = {one.clock.rule: one for one in service.clocks(desk, row)}
    assert found["CITY_DISASTER"].clock.due_at == NOW + 50 * MINUTE
    assert found["CITY_DISASTER"].clock.to == "示例市局"
    assert found["CITY_DISASTER"].state == "DUE_SOON"
    assert found["PHONE_BIG"].clock.due_at == NOW + 30 * MINUTE
    assert "HENAN_PHONE" in found
    assert rules_of({}).soon_percent == 25


def test_the_board_shows_every_running_clock_and_no_incident_is_lost(desk: Desk, clock: FixedClock) -> None:
    big = service.intake(desk, FIRE | {"dead": "3", "grade": "L3"})
    bare = desk.act(
        "incidents.import", [desk.new("incidents", {"happened_at": NOW, "place": "无状态无区域", "text": "x"})]
    ).changes[0]
    items = open_items(desk)
    assert [item.title for item in items] == [
        "#0001 示例大厦 火灾·一般民用建筑 电话快报",
        "#0001 示例大厦 火灾·一般民用建筑 书面初报",
        "#0001 示例大厦 火灾·一般民用建筑 报市应急管理局",
        "#0002 无状态无区域",
    ]
    assert items[0].due_at == NOW + 30 * MINUTE
    assert items[0].row == big.id
    assert items[-1].due_at is None
    assert items[-1].row == bare.row
    assert desk.figures(NOW - HOUR, NOW)["incidents.open"].value == 2
    clock.advance(31 * MINUTE)
    assert [item.severity for item in open_items(desk)] == [2, 0, 0, 0]
    assert desk.figures(NOW, clock.now())["incidents.open"].severity == 3
    service.set_state(desk, big.id, "FALSE_ALARM", "误报")
    assert [item.title for item in open_items(desk)] == ["#0002 无状态无区域"]
    figures = desk.figures(NOW, NOW + HOUR)
    assert figures["incidents.open"].value == 1
    assert figures["incidents.dead"].value == 0


def test_dead_and_missing_are_counted_by_the_time_of_receipt(desk: Desk, clock: FixedClock) -> None:
    service.intake(desk, FIRE | {"dead": "2", "missing": "1"})
    clock.advance(HOUR)
    service.intake(desk, FIRE | {"dead": "5"})
    figures = desk.figures(NOW, NOW + HOUR)
    assert [figures[f"incidents.{name}"].value for name in ("received", "dead", "missing")] == [1, 2, 1]


def test_the_timeline_has_figures_log_and_authors_once_each(desk: Desk, clock: FixedClock) -> None:
    row = taken(desk, dead="1", caller_phone="0571-00000211")
    clock.advance(MINUTE)
    service.add_note(desk, row.id, "泵车到场", party="区城管局")
    clock.advance(MINUTE)
    service.update(desk, row.id, {"dead": "2", "caller_phone": "0571-00000212"}, "核实")
    clock.advance(MINUTE)
    desk.act("log.add", [desk.new("log", {"happened_at": NOW + 90_000, "text": "市民来电", "incident": row.id})])
    row = service.find(desk, "1")
    told = [(moment.kind, moment.text, moment.by, moment.note) for moment in service.timeline(desk, row)]
    assert told[0][0] == "MADE"
    assert told[0][2] == "示例甲"
    assert told[1:] == [
        ("CHANGED", "状态 待核→处置中", "示例甲", ""),
        ("LOG", "区城管局  泵车到场", "示例甲", ""),
        ("LOG", "市民来电", "", ""),
        ("CHANGED", "报告人电话已改；死亡 1 人→2 人", "示例甲", "核实"),
    ]
    assert not any("0571-0000021" in moment.text for moment in service.timeline(desk, row))


def test_an_incident_without_area_is_in_every_list(desk: Desk) -> None:
    row = taken(desk)
    assert desk.rows("incidents", q.Condition("state", "!=", "CLOSED"))[0].id == row.id
    assert desk.rows("incidents", search="示例路")[0].id == row.id


def test_found_by_number_by_id_and_not_at_all(desk: Desk) -> None:
    row = taken(desk)
    assert service.find(desk, "1").id == service.find(desk, row.id).id == service.find(desk, row.id.hex()).id == row.id
    with pytest.raises(Refused):
        service.find(desk, "2")
    assert desk.title("incidents", row.id) == "#0001 示例路隧道 内涝"


@pytest.mark.parametrize(("no", "short"), [("2026-0031", "#0031"), ("演-2026-0003", "#演-0003"), (None, "")])
def test_short_numbers(no: str | None, short: str) -> None:
    assert short_no(no) == short


def test_one_line_for_a_group_names_no_one(desk: Desk) -> None:
    row = taken(desk, caller="示例乙", caller_phone="19900005678", region="凯旋街道")
    line = service.one_line(desk, row)
    assert (
        line
        == "#2026-0001 【内涝】 06-18 14:20 凯旋街道示例路隧道：积水约60厘米，3车被困，联系电话 199****1234；伤亡待核。"
    )


def test_harm_of_a_row_is_what_the_form_said(desk: Desk) -> None:
    row = taken(desk, dead="1", missing="2", trapped="3", serious="4", injured="5", loss_wan="6.5")
    assert Harm.of(row.values) == Harm(1, 2, 3, 4, 5, 650)
