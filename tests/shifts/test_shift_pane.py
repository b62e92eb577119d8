"""The hand-over pane by keys: crew by initials, what is open, equipment, earlier shifts, sheets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QLineEdit, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from dutydesk.core.clock import HOUR, MINUTE, FixedClock, parse_iso
from dutydesk.journal.desk import Desk
from dutydesk.qt.announcer import announcer_for
from dutydesk.qt.widgets import EmptyState
from dutydesk.shifts import service
from dutydesk.shifts.pane import ShiftsPane
from dutydesk.shifts.pane_lists import WHAT, WHEN

KEY = "2026-06-18/H24"
Key = Qt.Key


@pytest.fixture
def shown(desk: Desk) -> list[tuple[bytes, str, str, str, Any]]:
    """What the window was asked to preview."""
    asked: list[tuple[bytes, str, str, str, Any]] = []

    def preview(pdf: bytes, title: str, form: str = "", about: str = "", missing: Any = ()) -> None:
        asked.append((pdf, title, form, about, missing))

    desk.services["preview"] = preview
    return asked


@pytest.fixture
def pane(qtbot: QtBot, desk: Desk, crew: dict[str, bytes], shown: Any) -> Iterator[ShiftsPane]:
    made = ShiftsPane(desk)
    qtbot.addWidget(made)
    made.resize(980, 620)
    with qtbot.waitExposed(made):
        made.show()
    yield made
    made.hide()
    announcer_for(desk.store).close()


def child(pane: QWidget, kind: type[Any], name: str) -> Any:
    found = pane.findChild(kind, name)
    assert found is not None, name
    return found


def lines(pane: ShiftsPane) -> list[str]:
    tree = pane.items
    found: list[str] = []
    for at in range(tree.topLevelItemCount()):
        block = tree.topLevelItem(at)
        assert block is not None
        found += [block.child(n).text(WHAT) for n in range(block.childCount())]
    return found


def test_the_running_shift_has_a_row_as_soon_as_the_pane_is_there(pane: ShiftsPane, desk: Desk) -> None:
    (row,) = desk.rows("shifts")
    assert service.key_of(service.of_row(row)) == KEY
    assert "08:30–次日 08:30" in pane.head.note.text()


def test_crew_and_weather_by_keys(pane: ShiftsPane, desk: Desk, crew: dict[str, bytes], qtbot: QtBot) -> None:
    pane.focus_first()
    for name, typed in (("leader", "wsl"), ("primary", "lsl"), ("secondary", "zsl"), ("weather", "by")):
        field = child(pane, QLineEdit, f"shifts-field-{name}")
        assert field.hasFocus(), name
        qtbot.keyClicks(field, typed)
        qtbot.keyClick(field, Key.Key_Return)
    qtbot.keyClick(
        child(pane, QLineEdit, "shifts-field-risk_level"), Key.Key_Return, Qt.KeyboardModifier.ControlModifier
    )
    (row,) = desk.rows("shifts")
    assert {name: row[name] for name in crew} == crew
    assert row["weather"] == "暴雨"
    assert pane.status.text() == "班次已保存"
    assert not pane.facts.changed()


def test_a_name_that_nobody_has_is_refused_beside_its_field(pane: ShiftsPane, desk: Desk, qtbot: QtBot) -> None:
    field = child(pane, QLineEdit, "shifts-field-leader")
    field.setFocus()
    qtbot.keyClicks(field, "nobody")
    seq, _head = desk.store.position()
    qtbot.mouseClick(child(pane, QPushButton, "shifts-save"), Qt.MouseButton.LeftButton)
    assert "nobody" in pane.facts.editors["leader"].shown_problem
    assert field.hasFocus()
    assert desk.store.position()[0] == seq


def test_what_is_typed_stays_while_the_record_goes_on(pane: ShiftsPane, desk: Desk, qtbot: QtBot) -> None:
    weather = child(pane, QLineEdit, "shifts-field-weather")
    weather.setText("大雨转暴雨")
    entry = {"happened_at": desk.clock.now(), "recorded_at": desk.clock.now(), "text": "某处来电", "recorder": "李示例"}
    desk.act("log.add", [desk.new("log", entry)])
    qtbot.waitUntil(lambda: any("某处来电" in line for line in lines(pane)))
    assert weather.text() == "大雨转暴雨"


def test_the_six_blocks_hold_every_open_item(pane: ShiftsPane, desk: Desk, clock: FixedClock, qtbot: QtBot) -> None:
    assert lines(pane).count("无") == 5
    entry = {
        "happened_at": clock.now(), "recorded_at": clock.now(), "category": "INSTRUCTION", "line": "GOV",
        "party": "带班领导", "handling": "转办", "text": "核实人数", "due_at": clock.now() + 30 * MINUTE,
    }  # fmt: skip
    desk.act("log.add", [desk.new("log", entry)])
    qtbot.waitUntil(lambda: any("核实人数" in line for line in lines(pane)))
    items = desk.open_items()
    assert all(item.title in lines(pane) for item in items)
    assert pane.tabs.tabText(pane.tabs.indexOf(pane.page)) == f"交接 {len(items)}"
    clock.advance(HOUR)
    pane.refresh()
    block = pane.items.topLevelItem(3)
    assert block is not None
    assert (block.text(WHAT), block.child(0).text(WHEN)) == ("领导批示交办  1", "逾期 20:30")


def test_enter_on_an_item_goes_to_it(pane: ShiftsPane, desk: Desk, crew: dict[str, bytes], qtbot: QtBot) -> None:
    gone: list[tuple[str, bytes]] = []
    desk.services["open"] = lambda ledger, row: gone.append((ledger, row))
    service.save_facts(desk, KEY, {**crew, "weather": "晴", "risk_level": "BLUE"})
    entry = {"happened_at": desk.clock.now(), "recorded_at": desk.clock.now(), "text": "某处来电", "recorder": "李示例"}
    change = desk.new("log", entry)
    desk.act("log.add", [change])
    qtbot.waitUntil(lambda: any("某处来电" in line for line in lines(pane)) and not pane.facts.changed())
    pane.focus_first()
    assert pane.items.hasFocus()
    qtbot.keyClick(pane.items, Key.Key_Return)
    assert gone == [("log", change.row)]


def test_equipment_is_ticked_and_a_fault_needs_a_word(pane: ShiftsPane, desk: Desk, qtbot: QtBot) -> None:
    pane.tabs.setCurrentWidget(pane.equipment)
    fax = child(pane, QComboBox, "shifts-equipment-state-FAX")
    fax.setFocus()
    qtbot.keyClick(fax, Key.Key_End)
    assert fax.currentText() == "× 异常"
    qtbot.mouseClick(child(pane, QPushButton, "shifts-equipment-rest"), Qt.MouseButton.LeftButton)
    save = child(pane, QPushButton, "shifts-equipment-save")
    qtbot.keyClick(save, Key.Key_Space)
    assert "传真机" in pane.equipment.problem.text()
    remark = child(pane, QLineEdit, "shifts-equipment-remark-FAX")
    assert remark.hasFocus()
    qtbot.keyClicks(remark, "no paper")
    qtbot.keyClick(remark, Key.Key_Return)
    (row,) = desk.rows("shifts")
    assert row.text("equipment").split("\n")[:2] == ["√ 值班电话", "× 传真机：no paper"]
    assert pane.tabs.tabText(pane.tabs.indexOf(pane.equipment)) == "设备清点"
    assert "传真机异常：no paper" in lines(pane)


def test_the_sheet_is_previewed_with_what_cannot_be_printed(
    pane: ShiftsPane, desk: Desk, shown: Any, qtbot: QtBot
) -> None:
    service.save_facts(desk, KEY, {"note": "\U00020bb7村"})
    qtbot.keyClick(pane, Key.Key_P, Qt.KeyboardModifier.ControlModifier)
    ((pdf, title, form, about, missing),) = shown
    assert pdf.startswith(b"%PDF")
    assert (title, form, about) == (f"交接班记录表 {KEY}", "P01", KEY)
    assert ["U+20BB7" in problem.reason for problem in missing] == [True]
    service.record_print(desk, form, title, about, pdf)
    (row,) = desk.rows("prints")
    assert f";{about}" in row.text("head")


def test_the_log_of_the_shift_is_previewed_by_its_form(pane: ShiftsPane, shown: Any, qtbot: QtBot) -> None:
    qtbot.keyClick(pane, Key.Key_L, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    ((pdf, _title, form, about, _missing),) = shown
    assert pdf.startswith(b"%PDF")
    assert (form, about) == ("P02", KEY)


def test_a_last_shift_without_its_sheet_is_said_and_mended(
    pane: ShiftsPane, desk: Desk, clock: FixedClock, shown: Any, qtbot: QtBot
) -> None:
    assert pane.warning.isHidden()
    clock.at = parse_iso("2026-06-19 08:35")
    pane.refresh()
    assert pane.warning.isVisible()
    assert "06-18" in pane.unprinted.text()
    qtbot.mouseClick(child(pane, QPushButton, "shifts-p01-last"), Qt.MouseButton.LeftButton)
    ((pdf, title, form, about, _missing),) = shown
    assert about == KEY
    service.record_print(desk, form, title, about, pdf)
    qtbot.waitUntil(pane.warning.isHidden)


def test_an_earlier_shift_is_shown_printed_and_left(
    pane: ShiftsPane, desk: Desk, clock: FixedClock, shown: Any, qtbot: QtBot
) -> None:
    service.save_facts(desk, KEY, {"weather": "暴雨"})
    clock.at = parse_iso("2026-06-19 09:00")
    pane.refresh()
    pane.tabs.setCurrentWidget(pane.earlier)
    qtbot.waitUntil(lambda: pane.earlier.ledger_model.rowCount() == 2)
    pane.earlier.setFocus()
    pane.earlier.setCurrentIndex(pane.earlier.ledger_model.index(1, 0))
    qtbot.keyClick(pane.earlier, Key.Key_Return)
    assert pane.head.title.text() == "以往班次"
    assert child(pane, QLineEdit, "shifts-field-weather").text() == "暴雨"
    pane.preview_sheet()
    assert shown[0][3] == KEY
    qtbot.mouseClick(child(pane, QPushButton, "shifts-back"), Qt.MouseButton.LeftButton)
    assert pane.head.title.text() == "本班"
    assert child(pane, QLineEdit, "shifts-field-weather").text() == ""


def test_taking_over_is_asked_noted_and_copied(
    pane: ShiftsPane, desk: Desk, crew: dict[str, bytes], qtbot: QtBot
) -> None:
    copies: list[int] = []
    desk.services["copy"] = lambda: copies.append(1)
    service.save_facts(desk, KEY, crew)
    qtbot.mouseClick(child(pane, QPushButton, "shifts-take-over"), Qt.MouseButton.LeftButton)
    dialog = pane.findChildren(QWidget, options=Qt.FindChildOption.FindDirectChildrenOnly)[-1]
    assert "带班 王示例" in dialog.text.text()  # pyright: ignore[reportAttributeAccessIssue]
    qtbot.mouseClick(dialog.yes, Qt.MouseButton.LeftButton)  # pyright: ignore[reportAttributeAccessIssue]
    (row,) = desk.rows("shifts")
    assert row["taken_over_at"] == desk.clock.now()
    assert copies == [1]
    assert "20:00 接班" in pane.head.note.text()
    assert child(pane, QPushButton, "shifts-take-over").isHidden()


def test_little_height_makes_the_facts_a_tab(pane: ShiftsPane, qtbot: QtBot) -> None:
    assert pane.tabs.indexOf(pane.facts) == -1
    pane.resize(700, 400)
    qtbot.waitUntil(lambda: pane.tabs.indexOf(pane.facts) == 0)
    pane.focus_first()
    assert child(pane, QLineEdit, "shifts-field-leader").hasFocus()
    pane.resize(980, 620)
    qtbot.waitUntil(lambda: pane.tabs.indexOf(pane.facts) == -1)
    assert pane.facts.isVisible()


def test_a_print_is_found_in_its_list(pane: ShiftsPane, desk: Desk, qtbot: QtBot) -> None:
    change = service.record_print(desk, "P01", "交接班记录表", KEY, b"%PDF").changes[0]
    pane.show_row("prints", change.row)
    assert pane.tabs.currentWidget() is pane.prints
    current = pane.prints.current_row()
    assert current is not None
    assert current.id == change.row


def test_every_control_has_a_name(pane: ShiftsPane) -> None:
    for kind in (QPushButton, QLineEdit, QComboBox):
        for widget in pane.findChildren(kind):
            if widget.objectName().startswith("qt_") or isinstance(widget.parent(), EmptyState):
                continue
            assert widget.objectName(), widget
            assert widget.accessibleName() or widget.text(), widget.objectName()  # pyright: ignore[reportAttributeAccessIssue]
    labels = [text for text, _key, _run in pane.commands()]
    assert "交班：交接班表" in labels
