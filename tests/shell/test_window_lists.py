"""What the lists of the sample show in the window of a duty room's smallest screen."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtGui import QFontMetrics

from dutydesk.qt import theme
from dutydesk.qt.listview import LedgerView
from dutydesk.shell.start import Starter

GIVEN_UP = {"supplies", "teams", "people"}
"""Lists with more columns than the screen holds: they are scrolled, and nothing in them is cut."""


def cut(view: LedgerView) -> list[tuple[str, str]]:
    """Field and text of the cells that the screen shows cut."""
    model, metrics = view.ledger_model, QFontMetrics(theme.current().font())
    room = view.horizontalHeader().sectionSize
    return [
        (model.fields[at].name, text)
        for number in range(min(model.rowCount(), 20))
        for at in range(len(model.fields))
        if (text := str(model.data(model.index(number, at)) or ""))
        and metrics.horizontalAdvance(text) + theme.current().px(12) > room(at)
    ]


@pytest.mark.parametrize("name", ["shelters", "supplies", "teams", "people"])
def test_no_cell_is_cut_on_a_small_screen(name: str, starter: Starter, qtbot: Any) -> None:
    window = starter.window
    window.resize(1366, 768)
    qtbot.waitUntil(lambda: window.size().width() == 1366)
    pane = window.show_pane(name)
    view = pane.findChild(LedgerView, f"{name}-list")
    qtbot.waitUntil(lambda: view.isVisible() and view.ledger_model.rowCount() > 0)
    qtbot.waitUntil(lambda: cut(view) == [])
    if name not in GIVEN_UP:
        assert view.horizontalScrollBar().maximum() == 0


def test_a_width_that_somebody_set_stays(starter: Starter, qtbot: Any) -> None:
    window = starter.window
    pane = window.show_pane("shelters")
    view = pane.findChild(LedgerView, "shelters-list")
    qtbot.waitUntil(view.isVisible)
    head = view.horizontalHeader()
    head.resizeSection(1, 161)
    window.resize(1500, 900)
    qtbot.waitUntil(lambda: window.size().width() == 1500)
    view.ledger_model.refresh()
    assert head.sectionSize(1) == 161
    assert view.columns_state().count(b"161") == 1
