"""The pane of teams by keyboard."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QLineEdit

from dutydesk.journal.desk import Desk
from dutydesk.teams import service
from dutydesk.teams.pane import TeamsPane
from tests.plaindesk import Window

Key, Mod = Qt.Key, Qt.KeyboardModifier


@pytest.fixture
def pane(qtbot: Any, desk: Desk, window: Window) -> TeamsPane:
    for name, kind in (("示例排水队", "FLOOD"), ("示例消防队", "FIRE_PRO")):
        service.add(desk, {"name": name, "kind": kind, "strength": 30, "status": "READY"})
    made = TeamsPane(desk)
    qtbot.addWidget(made)
    made.resize(1100, 500)
    with qtbot.waitExposed(made):
        made.show()
    return made


def test_a_team_is_sent_out_and_called_back_by_keys(qtbot: Any, pane: TeamsPane, desk: Desk) -> None:
    pane.focus_first()
    row = next(pane.model.row(n) for n in range(2) if pane.model.row(n).text("name") == "示例排水队")
    pane.show_row("teams", row.id)
    qtbot.keyClick(pane.view, Key.Key_F8)
    place = pane.findChild(QLineEdit, "teams-field-place")
    assert place.hasFocus()
    qtbot.keyClick(place, Key.Key_Return, Mod.ControlModifier)
    assert pane.form is not None
    assert pane.form.editors["place"].shown_problem == "写上去哪里"
    place.insert("示例隧道")
    qtbot.keyClick(place, Key.Key_Return, Mod.ControlModifier)
    held = desk.get("teams", row.id)
    assert (held["status"], held["place"]) == ("OUT", "示例隧道")
    assert pane.head.note.text() == "2 支 60 人 · 出动前置 1 支 30 人"
    assert pane.view.hasFocus()
    qtbot.keyClick(pane.view, Key.Key_F6)
    held = desk.get("teams", row.id)
    assert (held["status"], held["place"]) == ("READY", None)
    assert desk.count("log") == 2


def test_filters_and_print(qtbot: Any, pane: TeamsPane, window: Window) -> None:
    kind = pane.findChild(QComboBox, "teams-filter-kind")
    kind.setCurrentIndex(kind.findText("防汛"))
    assert pane.model.rowCount() == 1
    pane.view.setFocus()
    qtbot.keyClick(pane.view, Key.Key_P, Mod.ControlModifier)
    assert window.previews[0]["form"] == "TEAM"
    pane.drop_filters()
    assert pane.model.rowCount() == 2
    assert kind.currentIndex() == 0


def test_a_pane_goes_quietly_after_its_record(pane: TeamsPane, desk: Desk) -> None:
    """The window was not allowed to close, the record was closed all the same."""
    pane.view.setColumnWidth(0, 333)
    desk.store.close()
    pane.hide()
    assert not pane.isVisible()
