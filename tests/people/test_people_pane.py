"""The pane of contacts by keyboard: the card and its numbers, masking, regions, tabs."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QDialog, QLineEdit, QTreeWidgetItem

from dutydesk.journal.apply import ERASED
from dutydesk.journal.desk import Desk
from dutydesk.people import service
from dutydesk.people.pane import PeoplePane
from dutydesk.people.pane_card import REVEALED_MS
from tests.plaindesk import Window

Key, Mod = Qt.Key, Qt.KeyboardModifier


@pytest.fixture
def people(desk: Desk, places: dict[str, bytes]) -> dict[str, bytes]:
    unit = desk.new("units", {"name": "东示例街道值班室", "region": places["东示例街道"]})
    desk.act("units.add", [unit])
    numbers = [("MOBILE", "19900001111"), ("OFFICE", "0571-00002222")]
    return {
        "钱示例": service.add_person(desk, {"name": "钱示例", "unit": unit.row}, numbers),
        "孙试验": service.add_person(
            desk, {"name": "孙试验", "region": places["西示例街道"]}, [("MOBILE", "19900005678")]
        ),
        "示例热线": service.add_person(desk, {"name": "示例热线", "kind": "OFFICE"}, [("HOTLINE", "96390")]),
    }


@pytest.fixture
def pane(qtbot: Any, desk: Desk, people: dict[str, bytes], window: Window) -> PeoplePane:
    made = PeoplePane(desk)
    qtbot.addWidget(made)
    made.resize(1100, 640)
    with qtbot.waitExposed(made):
        made.show()
    return made


def names(pane: PeoplePane) -> list[str]:
    model = pane.people.model
    return [model.row(n).text("name") for n in range(model.rowCount())]


def cells(pane: PeoplePane) -> list[str]:
    card = pane.people.card
    return [card.model.texts(n)[1] for n in range(card.model.rowCount())]


def dialog_of(pane: PeoplePane, name: str = "") -> Any:
    return next(d for d in pane.findChildren(QDialog) if d.isVisible() and (not name or d.objectName() == name))


def reveal(qtbot: Any, pane: PeoplePane, reason: str = "verify") -> None:
    qtbot.keyClick(pane.people.view, Key.Key_F9)
    dialog = dialog_of(pane, "reveal-dialog")
    qtbot.keyClicks(dialog.reason, reason)
    qtbot.keyClick(dialog.reason, Key.Key_Return)


def test_a_person_is_found_and_the_card_shows_masked_numbers(qtbot: Any, pane: PeoplePane) -> None:
    pane.focus_first()
    qtbot.keyClick(pane.people.view, Key.Key_F, Mod.ControlModifier)
    search = pane.people.search
    for typed in ("qsl", "1111"):
        search.clear()
        qtbot.keyClicks(search, typed)
        qtbot.keyClick(search, Key.Key_Down)
        assert names(pane) == ["钱示例"]
    assert pane.people.view.hasFocus()
    card = pane.people.card
    assert card.name.text() == "钱示例"
    assert card.about.text() == "东示例街道值班室"
    assert cells(pane) == ["199****1111", "0571-00002222"]
    assert pane.people.model.texts(0)[1] == "199****1111"


def test_revealing_asks_why_and_ends_with_the_card(
    qtbot: Any, qapp: Any, pane: PeoplePane, desk: Desk, people: dict[str, bytes]
) -> None:
    pane.show_row("people", people["钱示例"])
    reveal(qtbot, pane)
    card = pane.people.card
    assert cells(pane) == ["19900001111", "0571-00002222"]
    assert [row["reason"] for row in desk.rows("audit")] == ["verify"]
    assert desk.count("log") == 0
    assert card._timer.isActive()
    assert card._timer.interval() == REVEALED_MS == 60_000

    card.view.setFocus()
    card.view.selectAll()
    qtbot.keyClick(card.view, Key.Key_C, Mod.ControlModifier)
    assert "199****1111" in qapp.clipboard().text()
    assert "19900001111" not in qapp.clipboard().text()
    assert card.model.revealed

    pane.show_row("people", people["孙试验"])
    assert cells(pane) == ["199****5678"], "only the card that was asked for"
    assert not card._timer.isActive()


def test_revealed_numbers_are_masked_again_in_time_and_when_hidden(
    qtbot: Any, pane: PeoplePane, people: dict[str, bytes]
) -> None:
    card = pane.people.card
    pane.show_row("people", people["钱示例"])
    reveal(qtbot, pane)
    card._timer.timeout.emit()
    assert cells(pane)[0] == "199****1111"
    reveal(qtbot, pane)
    qtbot.keyClick(pane.people.view, Key.Key_F9)
    assert cells(pane)[0] == "199****1111", "pressed again, hidden again"
    reveal(qtbot, pane)
    pane.hide()
    assert not card._timer.isActive()
    assert not card.model.revealed


def test_public_numbers_need_no_reason(qtbot: Any, pane: PeoplePane, desk: Desk, people: dict[str, bytes]) -> None:
    pane.show_row("people", people["示例热线"])
    assert cells(pane) == ["96390"]
    qtbot.keyClick(pane.people.view, Key.Key_F9)
    assert not [d for d in pane.findChildren(QDialog) if d.isVisible()]
    assert "公开" in pane.people.status.text()
    assert desk.count("audit") == 0


def test_numbers_are_worked_by_keys(qtbot: Any, pane: PeoplePane, desk: Desk, people: dict[str, bytes]) -> None:
    who = people["钱示例"]
    pane.show_row("people", who)
    view = pane.people.view
    first, second = service.numbers(desk, who)
    qtbot.keyClick(view, Key.Key_F6)
    assert (desk.get("numbers", first.id)["state"], desk.get("numbers", first.id)["verified_at"]) == (
        "OK",
        "2026-06-18",
    )
    qtbot.keyClick(view, Key.Key_F7)
    assert desk.get("numbers", first.id)["state"] == "BAD"
    qtbot.keyClick(view, Key.Key_Return)
    card = pane.people.card
    assert card.view.hasFocus()
    card.view.show_row(second.id)
    qtbot.keyClick(card.view, Key.Key_Up, Mod.AltModifier)
    assert [row.id for row in service.numbers(desk, who)] == [second.id, first.id]
    qtbot.keyClick(card.view, Key.Key_F8)
    assert desk.get("numbers", second.id)["state"] == "OFF"


def test_a_number_is_added_changed_and_deleted(
    qtbot: Any, pane: PeoplePane, desk: Desk, people: dict[str, bytes]
) -> None:
    who = people["孙试验"]
    pane.show_row("people", who)
    qtbot.keyClick(pane.people.view, Key.Key_N, Mod.ControlModifier | Mod.ShiftModifier)
    line = pane.findChild(QLineEdit, "number-field-number")
    assert line.hasFocus()
    qtbot.keyClicks(line, "19900005678")
    qtbot.keyClick(line, Key.Key_Return, Mod.ControlModifier)
    card = pane.people.card
    assert card.form is not None
    assert card.form.editors["number"].shown_problem == "已有这个号码"
    line.clear()
    qtbot.keyClicks(line, "19900006666")
    qtbot.keyClick(line, Key.Key_Return, Mod.ControlModifier)
    assert card.form is None
    assert [row["number"] for row in service.numbers(desk, who)] == ["19900005678", "19900006666"]
    assert card.current_number()["number"] == "19900006666"

    qtbot.keyClick(card.view, Key.Key_Return)
    note = pane.findChild(QLineEdit, "number-field-note")
    note.insert("夜间")
    qtbot.keyClick(note, Key.Key_Return, Mod.ControlModifier)
    held = service.numbers(desk, who)[1]
    assert (held["note"], held["number"]) == ("夜间", "19900006666"), "a masked number left alone stays"

    qtbot.keyClick(card.view, Key.Key_Delete)
    dialog_of(pane).accept()
    assert [row["number"] for row in service.numbers(desk, who)] == ["19900005678"]


def test_a_new_person_is_followed_by_a_number(qtbot: Any, pane: PeoplePane, desk: Desk) -> None:
    pane.focus_first()
    qtbot.keyClick(pane.people.view, Key.Key_N, Mod.ControlModifier)
    name = pane.findChild(QLineEdit, "people-field-name")
    assert name.hasFocus()
    name.insert("周新人")
    qtbot.keyClick(name, Key.Key_Return, Mod.ControlModifier)
    number = pane.findChild(QLineEdit, "number-field-number")
    assert number.hasFocus()
    qtbot.keyClicks(number, "19900008888")
    qtbot.keyClick(number, Key.Key_Return, Mod.ControlModifier)
    (row,) = [row for row in desk.rows("people") if row["name"] == "周新人"]
    assert [one["number"] for one in service.numbers(desk, row.id)] == ["19900008888"]
    assert pane.people.card.name.text() == "周新人"


def test_a_person_is_changed_from_the_card(qtbot: Any, pane: PeoplePane, desk: Desk, people: dict[str, bytes]) -> None:
    pane.show_row("people", people["孙试验"])
    qtbot.keyClick(pane.people.view, Key.Key_E, Mod.ControlModifier)
    name = pane.findChild(QLineEdit, "people-field-name")
    assert name.text() == "孙试验"
    name.setText("孙改名")
    qtbot.keyClick(name, Key.Key_Return, Mod.ControlModifier)
    assert desk.get("people", people["孙试验"])["name"] == "孙改名"
    assert pane.people.card.isVisible()
    qtbot.waitUntil(lambda: pane.people.card.name.text() == "孙改名")


def test_erasing_asks_a_reason_and_leaves_a_marker(
    qtbot: Any, pane: PeoplePane, desk: Desk, people: dict[str, bytes]
) -> None:
    pane.show_row("people", people["孙试验"])
    card = pane.people.card
    card.erase()
    dialog = dialog_of(pane, "erase-dialog")
    assert not dialog.go.isEnabled()
    qtbot.keyClicks(dialog.reason, "asked")
    dialog.go.click()
    assert card.name.text() == ERASED
    assert cells(pane) == [ERASED]
    assert not card.pencil.isEnabled()
    pane.people.model.refresh()
    assert ERASED in names(pane)


def test_the_tree_of_regions_filters(pane: PeoplePane) -> None:
    tree = pane.people.tree
    top = tree.topLevelItem(1)
    assert (top.text(0), top.isExpanded(), top.childCount()) == ("示例区", True, 2)

    def choose(item: QTreeWidgetItem) -> list[str]:
        tree.setCurrentItem(item)
        return sorted(names(pane))

    assert choose(top) == sorted(["钱示例", "孙试验"])
    assert choose(top.child(0)) == ["钱示例"]
    assert choose(top.child(1)) == ["孙试验"]
    assert len(choose(tree.topLevelItem(0))) == 3


def test_filters_by_kind_and_by_the_numbers_health(pane: PeoplePane, desk: Desk, people: dict[str, bytes]) -> None:
    kind = pane.findChild(QComboBox, "people-filter-kind")
    kind.setCurrentIndex(kind.findText("单位或热线"))
    assert names(pane) == ["示例热线"]
    kind.setCurrentIndex(0)
    service.mark_wrong(desk, service.numbers(desk, people["孙试验"])[0].id)
    health = pane.findChild(QComboBox, "people-filter-health")
    health.setCurrentIndex(health.findText("有空号错号"))
    assert names(pane) == ["孙试验"]
    pane.show_row("people", people["钱示例"])
    assert len(names(pane)) == 3, "a row that a filter hides is shown all the same"


def test_the_palette_leads_to_a_number_and_to_other_tabs(
    qtbot: Any, pane: PeoplePane, desk: Desk, people: dict[str, bytes], places: dict[str, bytes]
) -> None:
    number = service.numbers(desk, people["钱示例"])[1]
    pane.show_row("numbers", number.id)
    assert pane.people.card.name.text() == "钱示例"
    assert pane.people.card.current_number().id == number.id
    pane.show_row("regions", places["西示例街道"])
    assert pane.tabs.currentWidget() is pane.lists["regions"]
    assert pane.lists["regions"].view.current_row()["name"] == "西示例街道"
    qtbot.keyClick(pane.lists["regions"].view, Key.Key_PageUp, Mod.ControlModifier)
    assert pane.tabs.currentWidget() is pane.lists["posts"]
    labels = [label for label, _key, _run in pane.commands()]
    assert "职务：新增" in labels


def test_units_are_kept_in_their_tab(qtbot: Any, pane: PeoplePane, desk: Desk) -> None:
    pane.focus_first()
    qtbot.keyClick(pane.people.view, Key.Key_PageDown, Mod.ControlModifier)
    units = pane.lists["units"]
    qtbot.keyClick(units.view, Key.Key_N, Mod.ControlModifier)
    name = units.findChild(QLineEdit, "units-field-name")
    name.insert("东示例街道值班室")
    qtbot.keyClick(name, Key.Key_Return, Mod.ControlModifier)
    assert units.form is not None
    assert units.form.editors["name"].shown_problem == "已有一条名称相同的"
    name.insert("(二)")
    qtbot.keyClick(name, Key.Key_Return, Mod.ControlModifier)
    assert desk.count("units") == 2


def test_the_list_prints_masked_and_whole_for_a_reason(
    qtbot: Any, pane: PeoplePane, desk: Desk, window: Window
) -> None:
    pane.focus_first()
    qtbot.keyClick(pane.people.view, Key.Key_P, Mod.ControlModifier)
    assert window.previews[0]["form"] == "P16"
    assert desk.count("audit") == 0
    pane.people.print_whole()
    dialog = dialog_of(pane, "reveal-print")
    dialog.quick[0].click()
    assert len(window.previews) == 2
    assert [row["subject"] for row in desk.rows("audit")] == ["P16"]


def test_an_export_holds_what_is_shown(qtbot: Any, pane: PeoplePane, desk: Desk, window: Window) -> None:
    pane.focus_first()
    pane.people.model.set_search("1111")
    qtbot.keyClick(pane.people.view, Key.Key_E, Mod.ControlModifier | Mod.ShiftModifier)
    pane.people.model.set_search("")
    tree = pane.people.tree
    tree.setCurrentItem(tree.topLevelItem(1).child(1))
    qtbot.keyClick(pane.people.view, Key.Key_E, Mod.ControlModifier | Mod.ShiftModifier)
    found = [[row["name"] for row in desk.rows("people", *query.where)] for query in window.exports]
    assert found == [["钱示例"], ["孙试验"]]
