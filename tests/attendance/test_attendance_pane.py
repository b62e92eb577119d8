"""The pane 在岗 by keys: signing, the call list with its stopwatch, ticks, violations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QLineEdit, QPushButton
from pytestqt.qtbot import QtBot

from dutydesk.attendance import checks, duties, service
from dutydesk.attendance.pane import AttendancePane
from dutydesk.core.clock import DAY, HOUR, MINUTE, FixedClock
from dutydesk.journal.desk import Desk
from dutydesk.qt.dialogs import Sentence
from tests.attendance.conftest import START
from tests.plaindesk import Window, text_of

KEY = "2026-06-18/H24"
Key, Mod = Qt.Key, Qt.KeyboardModifier
People = dict[str, bytes]


@pytest.fixture
def pane(
    qtbot: QtBot, desk: Desk, window: Window, people: People, shift: bytes, streets: dict[str, bytes]
) -> Iterator[AttendancePane]:
    made = AttendancePane(desk)
    qtbot.addWidget(made)
    made.resize(1_000, 640)
    with qtbot.waitExposed(made):
        made.show()
    yield made
    made.hide()


def child(pane: AttendancePane, kind: type[Any], name: str) -> Any:
    found = pane.findChild(kind, name)
    assert found is not None, name
    return found


def line(pane: AttendancePane, name: str, turn: str = "下一班") -> None:
    """Make the line of a person current."""
    row = next(row for row in pane.roll.rows() if (row["name"], row["turn"]) == (name, turn))
    assert pane.roll.choose(row.id)
    pane.roll.view.setFocus()


def shown(pane: AttendancePane) -> dict[str, tuple[str, str]]:
    return {row.text("name"): (row.text("turn"), row.text("state")) for row in pane.roll.rows()}


def test_who_may_be_called_beside_the_crew_stands_below_the_roll(pane: AttendancePane, desk: Desk) -> None:
    pane.refresh()
    assert pane.on_call.isHidden(), "nobody is listed yet"
    desk.act("teams.import", [desk.new("teams", {"name": "示例防汛队", "kind": "FLOOD", "status": "READY"})])
    pane.refresh()
    assert pane.on_call.isVisible()
    assert pane.on_call.shown() == "待命　队伍：示例防汛队"
    assert pane.on_call.contentsRect().height() >= pane.on_call.fontMetrics().height(), "not cut in its height"


# -- signing -----------------------------------------------------------------------------------------------------------


def test_the_incoming_crew_signs_in_with_one_key(
    qtbot: QtBot, pane: AttendancePane, desk: Desk, clock: FixedClock
) -> None:
    pane.focus_first()
    assert shown(pane) == dict.fromkeys(("王示例", "李示例", "赵示例"), ("下一班", "未签到"))
    line(pane, "李示例")
    qtbot.keyClick(pane.roll.view, Key.Key_F6)
    assert shown(pane)["李示例"] == ("下一班", "在岗")
    assert pane.status.text() == "李示例 签到"
    assert service.signed_in(desk, KEY) == {desk.resolve("people", "李示例")}
    assert next(row for row in pane.roll.rows() if row["name"] == "李示例")["told"] == ""
    qtbot.keyClick(pane.roll.view, Key.Key_F6)
    assert pane.status.text() == "这一班已经签到"
    line(pane, "王示例")
    qtbot.keyClick(pane.roll.view, Key.Key_F7, Mod.ShiftModifier)
    assert shown(pane)["王示例"] == ("下一班", "在家值守")
    clock.advance(1)
    line(pane, "赵示例")
    qtbot.keyClick(pane.roll.view, Key.Key_Return)  # Enter, too
    assert next(row for row in pane.roll.rows() if row["name"] == "赵示例")["told"] == "未提前到岗"
    assert len(service.signed_in(desk, KEY)) == 3
    assert desk.count("sign_ins") == 3


def test_what_a_sign_needs_is_asked_for(qtbot: QtBot, pane: AttendancePane, desk: Desk, clock: FixedClock) -> None:
    clock.at = START + 12 * MINUTE
    pane.refresh()
    line(pane, "李示例", "本班")
    qtbot.keyClick(pane.roll.view, Key.Key_F6)
    assert pane.status.text() == "李示例 签到，迟到 12 分钟"
    assert next(row for row in pane.roll.rows() if row["name"] == "李示例")["told"] == "迟到 12 分钟"
    qtbot.keyClick(pane.roll.view, Key.Key_F7)
    note = child(pane, QLineEdit, "attendance-note")
    assert note.hasFocus()
    assert pane.bar.problem.text() == "还没有到交班时间，写明原因"
    qtbot.keyClicks(note, "jiuyi")
    qtbot.keyClick(note, Key.Key_Return)
    assert not pane.bar.isVisible()
    assert desk.rows("sign_ins", order="-at")[0]["note"] == "jiuyi"
    assert shown(pane)["李示例"] == ("本班", "已签退")
    assert pane.roll.view.hasFocus()


def test_somebody_who_is_not_on_the_list(qtbot: QtBot, pane: AttendancePane, desk: Desk, clock: FixedClock) -> None:
    clock.at = START + MINUTE
    pane.refresh()
    pane.focus_first()
    qtbot.keyClick(pane.roll.view, Key.Key_F6, Mod.ShiftModifier)
    who = child(pane, QLineEdit, "attendance-who")
    assert who.hasFocus()
    qtbot.keyClick(who, Key.Key_Return)
    assert not desk.count("sign_ins")
    qtbot.keyClicks(who, "qsl")
    qtbot.keyClick(who, Key.Key_Return)
    note = child(pane, QLineEdit, "attendance-note")
    assert note.hasFocus()
    qtbot.keyClick(note, Key.Key_Return)
    assert pane.bar.problem.text() == "不在本班名单，写明原因"
    qtbot.keyClicks(note, "zengyuan")
    qtbot.keyClick(note, Key.Key_Return)
    assert shown(pane)["钱示例"] == ("本班", "在岗")
    qtbot.keyClick(pane.roll.view, Key.Key_F6, Mod.ShiftModifier)
    qtbot.keyClick(who, Key.Key_Escape)
    assert not pane.bar.isVisible()
    assert desk.count("sign_ins") == 1


def test_a_pin_is_asked_for_where_accounts_are_in_force(
    qtbot: QtBot, pane: AttendancePane, desk: Desk, people: People
) -> None:
    from dutydesk.accounts import service as accounts

    accounts.enrol(desk, people["PRIMARY"], "730415")
    desk.me.id = people["PRIMARY"].hex()
    line(pane, "李示例")
    qtbot.keyClick(pane.roll.view, Key.Key_F6)
    pin = child(pane, QLineEdit, "attendance-pin")
    assert pin.hasFocus()
    assert pin.echoMode() == QLineEdit.EchoMode.Password
    qtbot.keyClicks(pin, "000001")
    qtbot.keyClick(pin, Key.Key_Return)
    assert pane.bar.problem.text().startswith("口令不对")
    assert pin.text() == ""
    qtbot.keyClicks(pin, "730415")
    qtbot.keyClick(pin, Key.Key_Return)
    assert shown(pane)["李示例"] == ("下一班", "在岗")


def test_who_stays_and_who_is_missing_are_shown(pane: AttendancePane, desk: Desk, clock: FixedClock) -> None:
    service.sign(desk, desk.resolve("people", "李示例"))
    clock.at = START + DAY + 30 * MINUTE
    day = {"date": "2026-06-19", "code": "H24", "starts_at": START + DAY, "ends_at": START + 2 * DAY}
    desk.act("shifts.add", [desk.new("shifts", {**day, "primary": desk.resolve("people", "钱示例")})])
    pane.refresh()
    assert shown(pane) == {"钱示例": ("本班", "未到岗"), "李示例": ("上一班", "延班")}
    assert pane.head.note.text() == "06-19 08:30–次日 08:30 · 在岗 1 人"


def test_the_palette_knows_whom_the_duty_telephone_reaches(pane: AttendancePane, desk: Desk, clock: FixedClock) -> None:
    clock.at = START + HOUR
    opened: list[tuple[str, bytes]] = []

    def go(ledger: str, row: bytes) -> None:
        opened.append((ledger, row))

    desk.services["open"] = go
    label, _key, run = next(command for command in pane.commands() if command[0].startswith("值班电话"))
    assert label == "值班电话：主班 李示例 139****0001"
    run()
    assert opened == [("people", desk.resolve("people", "李示例"))]
    commands = {label: run for label, _key, run in pane.commands()}
    assert "在岗：办结" in commands
    commands["在岗：抽查"]()
    assert pane.tabs.currentWidget() is pane.spot
    keys = [key for _label, key, _run in pane.commands() if key]
    assert len(keys) == len(set(keys))
    assert "F10" in keys


# -- recurring duties --------------------------------------------------------------------------------------------------


def test_duties_are_adopted_ticked_and_answered(
    qtbot: QtBot, pane: AttendancePane, desk: Desk, clock: FixedClock
) -> None:
    offer = child(pane, QComboBox, "attendance-offer")
    offer.setCurrentIndex(offer.findData("EQUIPMENT"))
    qtbot.mouseClick(child(pane, QPushButton, "attendance-adopt"), Qt.MouseButton.LeftButton)
    assert offer.findData("EQUIPMENT") == -1
    duties.add(desk, {"name": "零报告", "rhythm": "DAILY", "time": "15:00", "starts_on": "2026-06-18"})
    clock.at = START + 7 * HOUR
    pane.refresh()
    assert pane.tabs.tabText(0) == "固定工作 待办 2"
    view = pane.due.lines.view
    view.setFocus()
    pane.show_row("duties", duties.find(desk, "零报告"))
    qtbot.keyClick(view, Key.Key_Space)
    tick = desk.rows("duty_ticks")[0]
    assert (tick["late_min"], tick["by"]) == (30, "李示例")
    assert pane.due.status.text() == "零报告 已办结"
    pane.show_row("duties", duties.find(desk, "设备清点"))
    qtbot.keyClick(view, Key.Key_F8)
    why = child(pane, QLineEdit, "attendance-why")
    assert why.hasFocus()
    qtbot.keyClick(why, Key.Key_Return)
    assert pane.due.ask.problem.text() == "写明为什么没有办"
    qtbot.keyClicks(why, "wu dian")
    qtbot.keyClick(why, Key.Key_Return)
    assert desk.rows("duty_ticks", order="-done_at")
    states = {row.text("name"): row.text("state") for row in pane.due.lines.rows() if row["code"] != "AHEAD"}
    assert states == {"零报告": "超时 30 分钟", "设备清点": "未办，已说明"}
    pane.refresh()
    assert pane.tabs.tabText(0) == "固定工作"


def test_a_duty_is_written_in_its_own_list(qtbot: QtBot, pane: AttendancePane, desk: Desk) -> None:
    pane.tabs.setCurrentWidget(pane.duties)
    pane.duties.view.setFocus()
    qtbot.keyClick(pane.duties.view, Key.Key_N, Mod.ControlModifier)
    form = pane.duties.form
    assert form is not None
    form.editors["name"].set_text("周例会")
    form.editors["rhythm"].set_text("WEEKLY")
    form.submit()
    assert form.editors["days"].shown_problem == "写上哪几天"
    assert form.editors["time"].shown_problem.startswith("应为时刻")
    form.editors["days"].set_text("1 3")
    form.editors["time"].set_text("9:30")
    form.submit()
    assert desk.rows("duties")[0]["days"] == "1 3"
    assert pane.duties.model.texts(0)[:2] == ("周例会", "每周一、周三 9:30")


# -- spot checks -------------------------------------------------------------------------------------------------------


@pytest.fixture
def spot(pane: AttendancePane) -> AttendancePane:
    pane.tabs.setCurrentWidget(pane.spot)
    pane.spot.focus_first()
    return pane


def test_a_round_of_calls_by_keyboard(qtbot: QtBot, spot: AttendancePane, desk: Desk, clock: FixedClock) -> None:
    view = spot.spot.calls.view
    first, second, third = (row.text("name") for row in spot.spot.calls.rows())
    qtbot.keyClick(view, Key.Key_Return)  # dialling
    assert spot.spot.watch.text().startswith(f"{first} 0571-0000000")
    clock.advance(7_900)
    qtbot.keyClick(view, Key.Key_Return)  # answered
    who = child(spot, QLineEdit, "spot-answered-by")
    assert who.hasFocus()
    qtbot.keyClicks(who, "zhang")
    qtbot.keyClick(who, Key.Key_Return)
    assert view.hasFocus()
    assert [row.text("name") for row in spot.spot.calls.rows()] == [second, third, first]
    qtbot.keyClick(view, Key.Key_Return)
    clock.advance(31_000)
    qtbot.keyClicks(view, "2")  # nobody answered: recorded at once
    qtbot.keyClick(view, Key.Key_F8)
    assert desk.rows("violations")[0]["kind"] == "NO_ANSWER"
    qtbot.keyClick(view, Key.Key_Return)
    qtbot.keyClick(view, Key.Key_Escape)  # let go
    rows = desk.rows("spot_checks", order="at")
    told = [(row["result"], row.get("seconds"), row.get("answered_by"), row["checker"]) for row in rows]
    assert told == [("IN_POST", 7, "zhang", "李示例"), ("NO_ANSWER", None, None, "李示例")]
    qtbot.keyClick(view, Key.Key_F10)
    log = [row.text("text") for row in desk.rows("log", order="recorded_at")]
    assert log[-1] == f"抽查点名 2 个单位 2 次，应答 1 次，平均 7 秒；无人接听：{second}"
    qtbot.keyClick(view, Key.Key_F10)
    assert spot.spot.status.text() == "这一轮还没有抽查"


def test_another_result_is_chosen_while_the_telephone_rings(
    qtbot: QtBot, spot: AttendancePane, desk: Desk, clock: FixedClock
) -> None:
    view = spot.spot.calls.view
    qtbot.keyClicks(view, "2")  # no call goes on: nothing happens
    assert desk.count("spot_checks") == 0
    qtbot.keyClick(view, Key.Key_Return)
    clock.advance(12_000)
    qtbot.keyClicks(view, "6")
    assert child(spot, QComboBox, "spot-result").currentData() == "REPLACED"
    assert child(spot, QLineEdit, "spot-seconds").text() == "12"
    who = child(spot, QLineEdit, "spot-answered-by")
    qtbot.keyClicks(who, "baoan")
    qtbot.keyClick(who, Key.Key_Return)
    row = desk.rows("spot_checks")[0]
    assert (row["result"], row["seconds"], row["answered_by"]) == ("REPLACED", 12, "baoan")


def test_a_clock_that_is_set_back_leaves_the_seconds_to_the_officer(
    qtbot: QtBot, spot: AttendancePane, desk: Desk, clock: FixedClock
) -> None:
    view = spot.spot.calls.view
    qtbot.keyClick(view, Key.Key_Return)
    clock.advance(-HOUR)
    qtbot.keyClick(view, Key.Key_Return)
    seconds = child(spot, QLineEdit, "spot-seconds")
    assert seconds.text() == ""
    assert spot.spot.problem.text() == "时钟被拨回，用时请手填"
    seconds.setText("九")
    qtbot.keyClick(seconds, Key.Key_Return)
    assert spot.spot.problem.text() == "应为整数：九"
    seconds.setText("9")
    qtbot.keyClick(seconds, Key.Key_Return)
    assert desk.rows("spot_checks")[0]["seconds"] == 9


def test_the_month_is_turned_printed_and_exported(
    qtbot: QtBot, spot: AttendancePane, desk: Desk, window: Window, streets: dict[str, bytes]
) -> None:
    checks.add(desk, {"unit": streets["东"], "result": "IN_POST", "seconds": 9, "at": START - 30 * DAY})
    view = spot.spot.calls.view
    assert spot.spot.month.rows() == []
    qtbot.keyClick(view, Key.Key_Right, Mod.ControlModifier)
    assert spot.spot.right.tabText(0) == "2026-06 统计"
    qtbot.keyClick(view, Key.Key_Left, Mod.ControlModifier)
    assert spot.spot.right.tabText(0) == "2026-05 统计"
    assert [row.text("name") for row in spot.spot.month.rows()] == ["东示例街道办事处", "合计"]
    assert spot.spot.month.model.texts(0) == ("东示例街道办事处", "1", "100.0", "100.0", "9", "9", "0")
    qtbot.keyClick(view, Key.Key_P, Mod.ControlModifier)
    assert window.previews[0]["form"] == "SPOT"
    assert "2026-05-01—2026-05-31" in text_of(window.previews[0]["pdf"])
    qtbot.keyClick(view, Key.Key_E, Mod.ControlModifier | Mod.ShiftModifier)
    assert desk.rows("spot_checks", *window.exports[0].where)[0]["seconds"] == 9


# -- violations --------------------------------------------------------------------------------------------------------


def test_an_absence_is_confirmed_by_a_person(qtbot: QtBot, pane: AttendancePane, desk: Desk, clock: FixedClock) -> None:
    service.sign(desk, desk.resolve("people", "李示例"))
    service.sign(desk, desk.resolve("people", "王示例"))
    clock.at = START + HOUR
    pane.refresh()
    assert pane.tabs.tabText(2) == "违纪 待认定 1"
    pane.tabs.setCurrentWidget(pane.violations)
    pane.violations.view.setFocus()
    qtbot.keyClick(pane.violations.view, Key.Key_F8)
    asked = pane.violations.findChild(Sentence)
    assert asked is not None
    assert desk.count("violations") == 0
    qtbot.mouseClick(asked.yes, Qt.MouseButton.LeftButton)
    assert desk.rows("violations")[0]["kind"] == "ABSENT"
    assert desk.rows("log")[0]["text"] == "值班违纪 脱岗：赵示例 副班 未签到"
    pane.refresh()
    assert pane.tabs.tabText(2) == "违纪"
    qtbot.keyClick(pane.violations.view, Key.Key_Delete)
    assert desk.count("violations") == 1


def test_a_violation_is_written_by_hand(qtbot: QtBot, pane: AttendancePane, desk: Desk) -> None:
    pane.tabs.setCurrentWidget(pane.violations)
    pane.violations.view.setFocus()
    qtbot.keyClick(pane.violations.view, Key.Key_N, Mod.ControlModifier)
    form = pane.violations.form
    assert form is not None
    form.editors["kind"].set_text("FORWARDED")
    form.editors["text"].set_text("值班电话转接到手机")
    form.submit()
    assert desk.rows("violations")[0]["kind"] == "FORWARDED"


def test_rows_are_gone_to(pane: AttendancePane, desk: Desk, streets: dict[str, bytes]) -> None:
    check = checks.add(desk, {"unit": streets["东"], "result": "NO_ANSWER"})
    violation = checks.violation_of(desk, check)
    sign = service.sign(desk, desk.resolve("people", "李示例")).id
    for ledger, row, tab in (("spot_checks", check, 1), ("violations", violation, 2), ("sign_ins", sign, 3)):
        pane.refresh()
        pane.signs.ledger_model.refresh()
        pane.violations.model.refresh()
        pane.spot.records.ledger_model.refresh()
        pane.show_row(ledger, row)
        assert pane.tabs.currentIndex() == tab
    assert pane.signs.current_row().id == sign
    assert pane.spot.records.current_row().id == check
