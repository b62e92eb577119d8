"""What is done with the chosen row: a bar of buttons below or beside a list, each with a single key on the list."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QToolBar, QWidget

from dutydesk.core.i18n import _
from dutydesk.qt.offers import offered


class RowTools(QToolBar):
    """The bar; `actions_by_name` holds what was added. What does not fit goes into the bar's own menu."""

    def __init__(self, prefix: str, view: QWidget, desk: Any) -> None:
        super().__init__()
        self._prefix, self._view, self._desk = prefix, view, desk
        self.setObjectName(f"{prefix}-tools")
        self.actions_by_name: dict[str, QAction] = {}

    def add(self, name: str, text: str, key: str, run: Callable[[], None]) -> None:
        """A button `text(key)`, where what it does is offered; the key works while the list has the keyboard."""
        if not offered(self._desk, run):
            return
        action = QAction(_("{text}（{key}）").format(text=text, key=key), self._view)
        action.setObjectName(f"{self._prefix}-{name}")
        action.setShortcut(QKeySequence(key))
        action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        action.triggered.connect(run)
        self._view.addAction(action)
        self.addAction(action)
        self.actions_by_name[name] = action

    def enable(self, enabled: bool) -> None:
        """Whether a row is chosen."""
        for action in self.actions_by_name.values():
            action.setEnabled(enabled)

    def commands(self) -> list[tuple[str, str, Callable[[], None]]]:
        """The same for the palette and the key sheet."""
        return [(item.text(), item.shortcut().toString(), item.trigger) for item in self.actions_by_name.values()]
