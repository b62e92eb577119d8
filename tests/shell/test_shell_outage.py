"""An outage in the window: one key from anywhere, the board, and the sheet that is named before leaving."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt

from dutydesk.core.clock import MINUTE
from dutydesk.journal.desk import Desk
from dutydesk.papers import outages, report
from dutydesk.shifts import service

Key, Mod = Qt.Key, Qt.KeyboardModifier


def on_paper(desk: Desk) -> None:
    """Nothing is left to be said before leaving."""
    pdf = report.p18(desk)
    service.record_print(desk, "P18", "断网应急单", pdf.about, pdf)


def test_one_key_begins_and_ends_it(qtbot: Any, window: Any) -> None:
    desk: Desk = window.desk
    tile = window.board.figures["papers.outage"]
    assert tile.isHidden()
    for measures in ("", "手工记录"):
        qtbot.keyClick(window, Key.Key_F8, Mod.ControlModifier)
        pane = window.docks["papers"].pane
        form = pane.outages.form
        assert form is not None
        if measures:
            form.editors["measures"].set_text(measures)
        qtbot.keyClick(form.focusWidget() or form, Key.Key_Return, Mod.ControlModifier)
        if not measures:
            qtbot.waitUntil(tile.isVisible)
            assert "停电" in tile.value
    qtbot.waitUntil(tile.isHidden)
    (row,) = desk.rows("outages")
    assert row["measures"] == "手工记录"
    on_paper(desk)


def test_its_sheet_is_named_before_leaving(qtbot: Any, window: Any) -> None:
    desk: Desk = window.desk
    now = desk.clock.now()
    outages.add(desk, {"kind": "NETWORK", "starts_at": now - 25 * MINUTE, "ends_at": now})
    window.close()
    dialog = window._actions._asked_to_leave
    assert dialog is not None
    assert "断网应急单还没有打印：断网" in dialog.text.text()
    qtbot.mouseClick(dialog.no, Qt.MouseButton.LeftButton)
    assert not window.closed
    assert window.docks["papers"].built, "the pane where it is printed"
    on_paper(desk)
    window.close()
    assert window.closed
