"""The pane of shelters by keyboard."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QDialog, QLineEdit

from dutydesk.journal.desk import Desk
from dutydesk.shelters import service
from dutydesk.shelters.pane import SheltersPane
from tests.plaindesk import Window

Key, Mod = Qt.Key, Qt.KeyboardModifier


@pytest.fixture
def shelters(desk: Desk, places: dict[str, bytes]) -> dict[str, bytes]:
    ids = {}
    for name, level, region in (
        ("东示例学校", "COMMUNITY", "东一社区"),
        ("西示例体育馆", "SUBDISTRICT", "西示例街道"),
        ("示例区中心", "DISTRICT", "示例区"),
    ):
        values = {"name": name, "level": level, "region": places[region], "state": "READY", "capacity": 100}
        ids[name] = service.add(desk, {**values, "area_m2": 1000_00, "manager_phone": "19900005678"})
    return ids


@pytest.fixture
def pane(qtbot: Any, desk: Desk, shelters: dict[str, bytes], window: Window) -> SheltersPane:
    made = SheltersPane(desk)
    qtbot.addWidget(made)
    made.resize(1100, 600)
    with qtbot.waitExposed(made):
        made.show()
    return made


def names(pane: SheltersPane) -> list[str]:
    return [pane.model.row(n).text("name") for n in range(pane.model.rowCount())]


def field(pane: SheltersPane, name: str) -> QLineEdit:
    found = pane.findChild(QLineEdit, f"shelters-field-{name}")
    assert found is not None
    return found


def test_people_are_counted_by_keys_alone(
    qtbot: Any, pane: SheltersPane, desk: Desk, shelters: dict[str, bytes]
) -> None:
    pane.focus_first()
    assert pane.view.hasFocus()
    pane.show_row("shelters", shelters["东示例学校"])
    qtbot.keyClick(pane.view, Key.Key_F6)
    assert field(pane, "in").hasFocus()
    qtbot.keyClicks(field(pane, "in"), "46")
    qtbot.keyClick(field(pane, "in"), Key.Key_Return)
    assert field(pane, "out").hasFocus()
    field(pane, "needs").insert("被褥")
    field(pane, "at").setText("2130")
    qtbot.keyClick(field(pane, "needs"), Key.Key_Return, Mod.ControlModifier)

    assert service.present(desk, shelters["东示例学校"]) == 46
    (count,) = service.counts(desk, shelters["东示例学校"])
    assert count["at"] == desk.clock.now() - 30 * 60_000
    assert pane.form is None
    assert pane.view.hasFocus()
    assert names(pane)[0] == "东示例学校", "in use, so on top"
    assert pane.head.note.text().startswith("启用 1 处 46 人 · ")
    assert "现有 46 人" in pane.status.text()
    assert desk.count("log") == 1


def test_more_people_than_inside_cannot_leave_and_the_field_says_why(
    qtbot: Any, pane: SheltersPane, desk: Desk, shelters: dict[str, bytes]
) -> None:
    pane.show_row("shelters", shelters["东示例学校"])
    qtbot.keyClick(pane.view, Key.Key_F6)
    qtbot.keyClicks(field(pane, "out"), "3")
    qtbot.keyClick(field(pane, "out"), Key.Key_Return, Mod.ControlModifier)
    assert pane.form is not None
    assert pane.form.editors["out"].shown_problem == "现有 0 人，不能离开 3 人"
    qtbot.keyClick(field(pane, "out"), Key.Key_Escape)
    assert pane.form is None
    assert desk.count("shelter_counts") == 0


def test_opening_and_closing_by_key_writes_the_log(
    qtbot: Any, pane: SheltersPane, desk: Desk, shelters: dict[str, bytes]
) -> None:
    pane.show_row("shelters", shelters["示例区中心"])
    qtbot.keyClick(pane.view, Key.Key_F7)
    assert desk.get("shelters", shelters["示例区中心"])["state"] == "OPEN"
    qtbot.keyClick(pane.view, Key.Key_F8)
    assert desk.get("shelters", shelters["示例区中心"])["state"] == "CLOSED"
    assert desk.count("log") == 2
    service.set_state(desk, shelters["示例区中心"], "UNUSABLE")
    pane.model.refresh()
    pane.show_row("shelters", shelters["示例区中心"])
    qtbot.keyClick(pane.view, Key.Key_F7)
    dialog = next(found for found in pane.findChildren(QDialog) if found.isVisible())
    assert "先改为待命，再启用" in dialog.text.text()  # pyright: ignore[reportAttributeAccessIssue]
    dialog.accept()


def test_filters_and_search_narrow_the_list(qtbot: Any, pane: SheltersPane) -> None:
    combo = pane.findChild(QComboBox, "shelters-filter-region")
    combo.setCurrentIndex(combo.findText("东示例街道"))
    assert names(pane) == ["东示例学校"], "a community belongs to its street"
    combo.setCurrentIndex(0)
    levels = pane.findChild(QComboBox, "shelters-filter-level")
    levels.setCurrentIndex(levels.findText("区级"))
    assert names(pane) == ["示例区中心"]
    levels.setCurrentIndex(0)
    qtbot.keyClick(pane, Key.Key_F, Mod.ControlModifier)
    qtbot.keyClicks(pane.search, "xslty")
    qtbot.keyClick(pane.search, Key.Key_Return)
    assert names(pane) == ["西示例体育馆"]
    pane.show_row("shelters", pane.model.row(0).id)
    pane.drop_filters()
    assert len(names(pane)) == 3


def test_a_shelter_is_added_and_changed_in_the_form(
    qtbot: Any, pane: SheltersPane, desk: Desk, shelters: dict[str, bytes]
) -> None:
    pane.focus_first()
    qtbot.keyClick(pane.view, Key.Key_N, Mod.ControlModifier)
    field(pane, "name").insert("新示例社区")
    qtbot.keyClick(field(pane, "name"), Key.Key_Return, Mod.ControlModifier)
    assert desk.count("shelters") == 4
    assert pane.head.note.text().startswith("启用 0 处 0 人 · 共 4 处：区级 1、街道级 1、社区（村）级 2")
    assert field(pane, "name").hasFocus()
    assert field(pane, "name").text() == ""
    qtbot.keyClick(field(pane, "name"), Key.Key_Escape)

    pane.show_row("shelters", shelters["东示例学校"])
    qtbot.keyClick(pane.view, Key.Key_Return)
    field(pane, "address").setText("示例路1号")
    qtbot.keyClick(field(pane, "address"), Key.Key_Return, Mod.ControlModifier)
    held = desk.get("shelters", shelters["东示例学校"])
    assert held["address"] == "示例路1号"
    assert held["manager_phone"] == "19900005678", "a masked number that was left alone stays"


def test_esc_keeps_a_draft_of_a_new_row(qtbot: Any, pane: SheltersPane) -> None:
    qtbot.keyClick(pane.view, Key.Key_N, Mod.ControlModifier)
    field(pane, "name").insert("写了一半")
    qtbot.keyClick(field(pane, "name"), Key.Key_Escape)
    assert "草稿" in pane.status.text()
    qtbot.keyClick(pane.view, Key.Key_N, Mod.ControlModifier)
    assert field(pane, "name").text() == "写了一半"


def test_deleting_asks_first(qtbot: Any, pane: SheltersPane, desk: Desk, shelters: dict[str, bytes]) -> None:
    for answer, left in ((False, 3), (True, 2)):
        pane.show_row("shelters", shelters["西示例体育馆"])
        qtbot.keyClick(pane.view, Key.Key_Delete)
        dialog = next(found for found in pane.findChildren(QDialog) if found.isVisible())
        dialog.accept() if answer else dialog.reject()
        assert desk.count("shelters") == left


def test_print_import_and_export_go_through_the_window(qtbot: Any, pane: SheltersPane, window: Window) -> None:
    pane.focus_first()
    qtbot.keyClick(pane.view, Key.Key_P, Mod.ControlModifier)
    (shown,) = window.previews
    assert (shown["form"], shown["title"], shown["missing"]) == ("P11", "避灾安置场所一览表", [])
    assert shown["pdf"].startswith(b"%PDF")
    qtbot.keyClick(pane.view, Key.Key_I, Mod.ControlModifier)
    assert window.imports == ["shelters"]
    pane.model.set_query(type(pane.model.query)("shelters", order="-now"))
    qtbot.keyClick(pane.view, Key.Key_E, Mod.ControlModifier | Mod.ShiftModifier)
    assert window.exports[0].order == "", "the record knows no such column"


def test_numbers_are_masked_in_the_list_and_when_copied(qtbot: Any, qapp: Any, pane: SheltersPane) -> None:
    pane.view.setFocus()
    pane.view.selectAll()
    qtbot.keyClick(pane.view, Key.Key_C, Mod.ControlModifier)
    assert "199****5678" in qapp.clipboard().text()
    assert "19900005678" not in qapp.clipboard().text()


def test_what_another_pane_writes_is_seen(
    qtbot: Any, pane: SheltersPane, desk: Desk, shelters: dict[str, bytes]
) -> None:
    service.count(desk, shelters["示例区中心"], 9)
    qtbot.waitUntil(lambda: pane.head.note.text().startswith("启用 1 处 9 人 · "))
    assert names(pane)[0] == "示例区中心"


def test_an_empty_list_says_what_to_do(qtbot: Any, desk: Desk, window: Window) -> None:
    made = SheltersPane(desk)
    qtbot.addWidget(made)
    made.show()
    assert made.view._overlay.isVisible()
    assert "Ctrl+I" in made.view._overlay.hint.text()
