"""No part of a pane or form comes up as a window of its own while it is built: that flashes, and takes the keyboard away
from whoever is typing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QApplication, QDialog, QMainWindow, QWidget

from dutydesk.core.clock import FixedClock
from dutydesk.core.paths import Home
from dutydesk.qt.forms import LedgerForm


class Spy(QObject):
    """Notes what is shown as a window and is none."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Show and isinstance(watched, QWidget) and watched.isWindow():
            plain = not isinstance(watched, QDialog | QMainWindow)
            if plain and watched.windowType() != watched.windowType().ToolTip:
                self.seen.append(f"{type(watched).__name__} {watched.objectName()}")
        return False


@pytest.fixture
def spy(qapp: QApplication) -> Iterator[Spy]:
    made = Spy()
    qapp.installEventFilter(made)
    yield made
    qapp.removeEventFilter(made)


def test_panes_and_forms_keep_the_keyboard_in_the_window(
    qtbot: Any, window_of: Any, home: Home, clock: FixedClock, spy: Spy
) -> None:
    starter = window_of(home, clock)
    window = starter.window
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    for name in window.docks:
        window.show_pane(name)
        assert spy.seen == [], name
        focus = QApplication.focusWidget()
        assert focus is not None and window.isAncestorOf(focus), name  # noqa: PT018 - one thing

    for shape in starter.desk.store.schema.shapes.values():
        if any(item.unit for item in shape.ledger.fields) or shape.ledger.name == "log":
            form = LedgerForm(shape.ledger, starter.desk)
            qtbot.addWidget(form)
            assert spy.seen == [], shape.ledger.name
