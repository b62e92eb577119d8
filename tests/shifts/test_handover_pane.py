"""The guided hand-over by keys alone: looked through, signed, questioned, answered, taken, counter-signed, printed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLineEdit, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from dutydesk.accounts import service as accounts
from dutydesk.core.clock import MINUTE, FixedClock, parse_iso
from dutydesk.core.errors import Refused
from dutydesk.journal.desk import Desk
from dutydesk.qt import theme
from dutydesk.qt.announcer import announcer_for
from dutydesk.shifts import handover, service
from dutydesk.shifts.pane import ShiftsPane
from dutydesk.shifts.pane_sheet import STATE, WHAT, WORD
from tests.shifts.handing import KEY, NEXT, Hands, handed_over, incident, order, receiving, two_crews

Key = Qt.Key
CTRL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def hands(desk: Desk, clock: FixedClock, crew: dict[str, bytes]) -> Hands:
    return two_crews(desk, clock, crew)


@pytest.fixture
def shown(desk: Desk) -> list[tuple[bytes, str, str, str]]:
    """What the window was asked to preview."""
    asked: list[tuple[bytes, str, str, str]] = []

    def preview(pdf: bytes, title: str, form: str = "", about: str = "", missing: Any = ()) -> None:
        asked.append((pdf, title, form, about))

    desk.services["preview"] = preview
    return asked


@pytest.fixture
def pane(qtbot: QtBot, desk: Desk, hands: Hands, shown: Any) -> Iterator[ShiftsPane]:
    order(desk, "核实转移人数")
    order(desk, "报送降雨情况")
    made = ShiftsPane(desk)
    qtbot.addWidget(made)
    made.resize(980, 620)
    with qtbot.waitExposed(made):
        made.show()
    yield made
    made.hide()
    announcer_for(desk.store).close()


def press(qtbot: QtBot, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    """A key to whatever has the keyboard."""
    found = QApplication.focusWidget()
    assert found is not None
    qtbot.keyClick(found, key, modifier)


def types(qtbot: QtBot, text: str) -> None:
    """Text into whatever has the keyboard."""
    found = QApplication.focusWidget()
    assert isinstance(found, QLineEdit)
    found.insert(text)


def focus() -> str:
    found = QApplication.focusWidget()
    return "" if found is None else found.objectName()


def child(pane: QWidget, kind: type[Any], name: str) -> Any:
    found = pane.findChild(kind, name)
    assert found is not None, name
    return found


def lines(pane: ShiftsPane) -> list[tuple[str, str, str]]:
    tree = pane.page.items
    found: list[tuple[str, str, str]] = []
    for at in range(tree.topLevelItemCount()):
        line = tree.topLevelItem(at)
        assert line is not None
        found.append((line.text(WHAT), line.text(WORD), line.text(STATE)))
    return found


def next_text(pane: ShiftsPane) -> str:
    return child(pane, QPushButton, "handover-next").text()


def step(pane: ShiftsPane) -> str:
    return pane.page.steps.accessibleName()


def test_an_exhausted_officer_hands_over_by_keys(
    pane: ShiftsPane, desk: Desk, hands: Hands, clock: FixedClock, shown: Any, qtbot: QtBot
) -> None:
    copies: list[int] = []
    desk.services["copy"] = lambda: copies.append(1)
    pane.focus_first()
    assert focus() == "shifts-items"
    assert next_text(pane) == "开始交接"
    press(qtbot, Key.Key_Return, CTRL)
    assert step(pane) == "第 1 步，共 6 步：核对"
    assert focus() == "handover-items"
    assert [state for _what, _word, state in lines(pane)] == ["待确认", "待确认"]
    # the giver's word to the first
    press(qtbot, Key.Key_Return)
    assert focus() == "handover-line"
    types(qtbot, "街道中午前报数")
    press(qtbot, Key.Key_Return)
    assert lines(pane)[0][1:] == ("留待下一班，因为街道中午前报数", "待确认")
    assert focus() == "handover-items"
    # looked through, signed
    press(qtbot, Key.Key_Return, CTRL)
    assert step(pane) == "第 2 步，共 6 步：交班签字"
    assert focus() == "handover-person"
    assert child(pane, QLineEdit, "handover-person").text() == "李示例"
    clock.advance(MINUTE)
    press(qtbot, Key.Key_Return, CTRL)
    assert step(pane) == "第 3 步，共 6 步：逐项确认"
    assert "李示例 08:16 已交" in pane.page.hint.text()
    # the receiver says who he is; a question, its answer, a yes
    assert (focus(), next_text(pane)) == ("handover-person", "开始接收")
    assert child(pane, QLineEdit, "handover-person").text() == "孙示例"
    press(qtbot, Key.Key_Return)
    assert focus() == "handover-items"
    assert "接班人 孙示例 逐项" in pane.page.hint.text()
    press(qtbot, Key.Key_Q)
    types(qtbot, "谁在报")
    press(qtbot, Key.Key_Return)
    assert lines(pane)[0][2] == "有疑问"
    press(qtbot, Key.Key_Down)
    assert next_text(pane) == "接收（余2项）"
    press(qtbot, Key.Key_Return)
    assert lines(pane)[1][2] == "已接"
    assert next_text(pane) == "答复（余1项）"
    press(qtbot, Key.Key_Return)
    types(qtbot, "丁兰街道")
    press(qtbot, Key.Key_Return)
    assert lines(pane)[0][2] == "已答复"
    assert "问：谁在报 答：丁兰街道" in lines(pane)[0][1]
    # taken
    assert step(pane) == "第 4 步，共 6 步：接班签字"
    pane.focus_first()
    assert child(pane, QLineEdit, "handover-person").text() == "孙示例"
    press(qtbot, Key.Key_Return)
    assert step(pane) == "第 5 步，共 6 步：带班签字"
    assert copies == [1]
    _span, following = service.find(desk, NEXT)
    assert following is not None
    assert following["taken_over_at"] == clock.at
    # counter-signed, printed
    assert child(pane, QLineEdit, "handover-person").text() == "郑示例"
    press(qtbot, Key.Key_Return, CTRL)
    assert step(pane) == "第 6 步，共 6 步：打印"
    assert focus() == "handover-next"
    press(qtbot, Key.Key_Space)
    ((pdf, title, form, about),) = shown
    assert (form, about) == ("P01", KEY)
    service.record_print(desk, form, title, about, pdf)
    qtbot.waitUntil(lambda: step(pane) == "交接已完成")
    assert not child(pane, QPushButton, "handover-next").isEnabled()
    held = handover.of_shift(desk, KEY)
    assert held is not None
    assert (held["state"], held["giver"], held["taker"], held["leader"]) == (
        "COUNTERSIGNED", hands.giving["primary"], hands.taking["primary"], hands.taking["leader"],
    )  # fmt: skip


def test_what_is_empty_is_gone_to(pane: ShiftsPane, desk: Desk, qtbot: QtBot) -> None:
    service.save_equipment(desk, KEY, [service.Tick("PHONE", "值班电话", ok=True)])
    pane.focus_first()
    press(qtbot, Key.Key_Return, CTRL)
    press(qtbot, Key.Key_Return, CTRL)
    assert "设备清点" in pane.page.problem.text()
    assert pane.tabs.currentWidget() is pane.equipment
    assert focus() == "shifts-equipment-state-FAX"
    press(qtbot, Key.Key_Down)
    service.save_facts(desk, KEY, {"weather": ""})
    pane.facts.fill(service.find(desk, KEY)[1])
    pane.tabs.setCurrentWidget(pane.page)
    pane.page.items.setFocus()
    press(qtbot, Key.Key_Return, CTRL)
    assert focus() == "shifts-field-weather"
    assert step(pane) == "第 1 步，共 6 步：核对"


def test_a_major_matter_is_noted_beside_the_signature(pane: ShiftsPane, desk: Desk, qtbot: QtBot) -> None:
    incident(desk, "示例山", major=1)
    pane.focus_first()
    press(qtbot, Key.Key_Return, CTRL)
    press(qtbot, Key.Key_Return, CTRL)
    assert "示例山" in pane.page.problem.text()
    assert focus() == "handover-joint"
    press(qtbot, Key.Key_Return, CTRL)
    assert step(pane) == "第 2 步，共 6 步：交班签字"
    assert "示例山" in pane.page.problem.text()
    types(qtbot, "李示例留守，接班组协助")
    press(qtbot, Key.Key_Return)
    assert focus() == "handover-person"
    press(qtbot, Key.Key_Return)
    held = handover.of_shift(desk, KEY)
    assert held is not None
    assert (held["state"], held["joint"]) == ("SIGNED_OUT", "李示例留守，接班组协助")


def test_a_pin_is_asked_where_accounts_are_in_force(
    pane: ShiftsPane, desk: Desk, hands: Hands, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def in_force(_desk: Desk) -> bool:
        return True

    def verify(_desk: Desk, _person: bytes, pin: str) -> None:
        if pin != "246813":
            raise Refused("口令不对")

    monkeypatch.setattr(accounts, "in_force", in_force)
    monkeypatch.setattr(accounts, "verify", verify)
    handover.prepare(desk, KEY)
    pane.refresh()
    pane.focus_first()
    press(qtbot, Key.Key_Return, CTRL)
    assert focus() == "handover-pin"
    pin = child(pane, QLineEdit, "handover-pin")
    assert pin.echoMode() is QLineEdit.EchoMode.Password
    types(qtbot, "1")
    press(qtbot, Key.Key_Return)
    assert "口令不对" in pane.page.problem.text()
    assert pin.text() == "", "a wrong PIN does not stay on the screen"
    types(qtbot, "246813")
    press(qtbot, Key.Key_Return)
    assert step(pane) == "第 3 步，共 6 步：逐项确认"
    assert pin.text() == ""
    # the receiver's own, once for all items; until then no key of the list accepts anything
    pane.page.items.setFocus()
    press(qtbot, Key.Key_Return)
    press(qtbot, Key.Key_Return)
    assert "口令不对" in pane.page.problem.text()
    assert {state for _what, _word, state in lines(pane)} == {"待确认"}
    assert focus() == "handover-pin"
    types(qtbot, "246813")
    press(qtbot, Key.Key_Return)
    # what is asked the giver answers with his own
    press(qtbot, Key.Key_Q)
    types(qtbot, "谁在报")
    press(qtbot, Key.Key_Return)
    press(qtbot, Key.Key_Home)
    press(qtbot, Key.Key_A)
    types(qtbot, "丁兰街道")
    for given in ("1", "246813"):
        assert lines(pane)[0][2] == "有疑问"
        press(qtbot, Key.Key_Return)
        assert focus() == "handover-line-pin"
        types(qtbot, given)
        press(qtbot, Key.Key_Return)
        assert child(pane, QLineEdit, "handover-line-pin").text() == ""
        pane.page.line.line.setFocus()
    assert lines(pane)[0][2] == "已答复"
    pane.page.items.setFocus()
    assert focus() == "handover-items"
    press(qtbot, Key.Key_End)
    press(qtbot, Key.Key_Return)
    assert step(pane) == "第 4 步，共 6 步：接班签字"
    with desk.store.read() as connection:
        by = connection.exec_driver_sql("SELECT by FROM act WHERE kind = 'handover.accept'").scalars().all()
        answered = connection.exec_driver_sql("SELECT by FROM act WHERE kind = 'handover.answer'").scalars().all()
    assert by == [hands.taking["primary"].hex()]
    assert answered == [hands.giving["primary"].hex()]


def test_a_receiver_who_sits_there_is_not_asked(pane: ShiftsPane, desk: Desk, hands: Hands, qtbot: QtBot) -> None:
    handover.prepare(desk, KEY)
    handover.sign_out(desk, KEY, hands.giving["primary"])
    desk.me.id = hands.taking["secondary"].hex()
    pane.refresh()
    pane.focus_first()
    assert (focus(), next_text(pane)) == ("handover-items", "接收（余2项）")
    # another one sits down: who receives is asked anew
    desk.me.id = hands.giving["primary"].hex()
    pane.refresh()
    pane.focus_first()
    assert (focus(), next_text(pane)) == ("handover-person", "开始接收")
    pane.page.sign.person.set_value(hands.giving["primary"])
    press(qtbot, Key.Key_Return)
    assert "交班人不能替接班人确认" in pane.page.sign.person.shown_problem
    assert {state for _what, _word, state in lines(pane)} == {"待确认"}


def test_a_stranger_is_refused_beside_the_name(pane: ShiftsPane, desk: Desk, hands: Hands, qtbot: QtBot) -> None:
    handover.prepare(desk, KEY)
    pane.refresh()
    pane.focus_first()
    press(qtbot, Key.Key_Return, CTRL)
    pane.page.sign.person.set_value(hands.taking["primary"])
    press(qtbot, Key.Key_Return)
    assert "不是 2026-06-18/H24" in pane.page.sign.person.shown_problem
    pane.page.sign.person.set_text("谁也不是")
    press(qtbot, Key.Key_Return, CTRL)
    assert "谁也不是" in pane.page.sign.person.shown_problem
    press(qtbot, Key.Key_Escape)
    assert step(pane) == "第 1 步，共 6 步：核对"
    assert focus() == "handover-items"


def test_the_next_crew_is_filled_in_where_it_signs(pane: ShiftsPane, desk: Desk, hands: Hands, qtbot: QtBot) -> None:
    service.save_facts(desk, NEXT, {"leader": None, "primary": None, "secondary": None})
    handover.prepare(desk, KEY)
    handover.sign_out(desk, KEY, hands.giving["primary"])
    for row in handover.items_of(desk, handover.of_shift(desk, KEY)):
        handover.accept(receiving(desk), row.id)
    pane.refresh()
    pane.focus_first()
    for name, letters in (("leader", "zsl"), ("primary", "ssl"), ("secondary", "qsl")):
        assert focus() == f"handover-next-{name}"
        qtbot.keyClicks(child(pane, QLineEdit, f"handover-next-{name}"), letters)
        press(qtbot, Key.Key_Down)
        press(qtbot, Key.Key_Return)
        if focus() == f"handover-next-{name}":
            press(qtbot, Key.Key_Return)
    editor = pane.page.sign.crew["leader"]
    editor.set_value(hands.taking["leader"])
    assert focus() == "handover-person"
    pane.page.sign.person.set_value(hands.taking["primary"])
    press(qtbot, Key.Key_Return)
    held = handover.of_shift(desk, KEY)
    assert held is not None
    assert held["taker"] == hands.taking["primary"], pane.page.problem.text()
    _span, row = service.find(desk, NEXT)
    assert row is not None
    assert {name: row[name] for name in hands.taking} == dict(hands.taking)


def test_one_side_alone_by_keys(pane: ShiftsPane, desk: Desk, hands: Hands, qtbot: QtBot) -> None:
    qtbot.mouseClick(child(pane, QPushButton, "handover-alone"), Qt.MouseButton.LeftButton)
    assert focus() == "handover-reason"
    press(qtbot, Key.Key_Return, CTRL)
    assert "写明为什么" in pane.page.problem.text()
    types(qtbot, "交班组撤离受阻")
    press(qtbot, Key.Key_Return)
    pane.page.sign.person.set_value(hands.taking["primary"])
    press(qtbot, Key.Key_Return)
    held = handover.of_shift(desk, KEY)
    assert held is not None
    assert (held["state"], held["reason"]) == ("EMERGENCY", "交班组撤离受阻")
    assert "单方交接：交班组撤离受阻" in pane.page.hint.text()
    assert step(pane) == "第 5 步，共 6 步：带班签字"
    qtbot.mouseClick(child(pane, QPushButton, "handover-later"), Qt.MouseButton.LeftButton)
    assert step(pane) == "第 6 步，共 6 步：打印"


def test_the_list_follows_the_record(pane: ShiftsPane, desk: Desk, hands: Hands, qtbot: QtBot) -> None:
    handover.prepare(desk, KEY)
    pane.refresh()
    order(desk, "新来的批示")
    qtbot.waitUntil(lambda: len(lines(pane)) == 3)
    handover.sign_out(desk, KEY, hands.giving["primary"])
    incident(desk, "示例二路")
    qtbot.waitUntil(lambda: len(lines(pane)) == 4)
    assert [line[2] for line in lines(pane) if "示例二路" in line[0]] == ["由交班组处置"]
    assert pane.tabs.tabText(pane.tabs.indexOf(pane.page)) == "交接 3"


def test_o_goes_to_what_an_item_is_about(pane: ShiftsPane, desk: Desk, qtbot: QtBot) -> None:
    gone: list[tuple[str, bytes]] = []
    desk.services["open"] = lambda ledger, row: gone.append((ledger, row))
    handover.prepare(desk, KEY)
    pane.refresh()
    pane.focus_first()
    press(qtbot, Key.Key_O)
    assert [ledger for ledger, _row in gone] == ["log"]


def test_a_hand_over_is_found_from_its_open_item(pane: ShiftsPane, desk: Desk, hands: Hands, clock: FixedClock) -> None:
    handed_over(desk, hands)
    clock.at = parse_iso("2026-06-19 14:00")
    pane.refresh()
    assert pane.page.key == KEY, "whoever is late with signing keeps the sheet in sight"
    own = child(pane, QPushButton, "handover-own")
    assert own.isVisible()
    own.click()
    assert pane.page.key == NEXT
    assert not own.isVisible()
    (item,) = [item for item in desk.open_items() if item.ledger == "handovers"]
    pane.show_row(item.ledger, item.row)
    assert pane.page.key == KEY
    assert step(pane) == "第 5 步，共 6 步：带班签字"
    assert pane.tabs.currentWidget() is pane.page


def test_an_earlier_shift_is_not_handed_over_now(pane: ShiftsPane, desk: Desk, clock: FixedClock, qtbot: QtBot) -> None:
    clock.at = parse_iso("2026-06-20 10:00")
    pane.refresh()
    _span, row = service.find(desk, KEY)
    assert row is not None
    pane.show_row("shifts", row.id)
    assert not child(pane, QPushButton, "handover-next").isEnabled()
    assert "没有做交接" in pane.page.hint.text()
    pane.page.go_on()
    assert handover.of_shift(desk, KEY) is None


@pytest.mark.parametrize("percent", [100, 200])
def test_nothing_is_cut_where_there_is_little_room(
    pane: ShiftsPane, desk: Desk, hands: Hands, qapp: QApplication, percent: int
) -> None:
    theme.apply(qapp, theme.Theme(percent=percent))
    try:
        incident(desk, "示例山", major=1)
        handover.prepare(desk, KEY)
        handover.note_joint(desk, KEY, "李示例留守")
        handover.sign_out(desk, KEY, hands.giving["primary"])
        for row in handover.items_of(desk, handover.of_shift(desk, KEY)):
            handover.accept(receiving(desk), row.id)
        pane.resize(900, 560)
        pane.refresh()
        pane.focus_first()
        QApplication.sendPostedEvents()
        QApplication.sendPostedEvents()
        page = pane.page
        for widget in (page.next, page.sign.person.input, page.sign.joint, page.steps):
            assert widget.isVisible(), widget.objectName()
            where = widget.mapTo(page, widget.rect().bottomRight())
            assert page.rect().contains(where), (widget.objectName(), where, page.rect())
            assert widget.height() >= widget.fontMetrics().height(), widget.objectName()
    finally:
        theme.apply(qapp, theme.Theme())


def test_the_sentence_at_the_foot_is_whole(pane: ShiftsPane, qtbot: QtBot) -> None:
    pane.focus_first()
    press(qtbot, Key.Key_Return, CTRL)
    assert pane.status.text() == "交接事项已列出"
    QApplication.sendPostedEvents()
    assert pane.status.contentsRect().height() >= pane.status.fontMetrics().height()
