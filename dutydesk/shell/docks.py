"""Docks that are calm while they stand in the window, and that build their panes when these are first seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QDockWidget, QScrollArea, QWidget


class _NoTitle(QWidget):
    """A title bar that takes no room; Qt wants to be told its size in so many words."""

    def sizeHint(self) -> QSize:
        return QSize(0, 0)

    def minimumSizeHint(self) -> QSize:
        return QSize(0, 0)


class CalmDock(QDockWidget):
    """A dock without a title of its own while it stands in the window: its pane has one already. Torn off it has the
    frame of a window, by which it is dragged back; F11 and the rail's menu do the same without a mouse."""

    def __init__(self, name: str, title: str, parent: QWidget) -> None:
        super().__init__(title, parent)
        self.setObjectName(f"dock-{name}")
        self.name = name
        self._no_title = _NoTitle()
        self.setTitleBarWidget(self._no_title)
        self.topLevelChanged.connect(self._torn)

    def _torn(self, floating: bool) -> None:
        self._no_title.setVisible(not floating)
        self.setTitleBarWidget(None if floating else self._no_title)  # pyright: ignore[reportArgumentType]


class PaneDock(CalmDock):
    """A dock that builds its pane when it is first seen. Where the pane needs more room than there is (200 % on a
    small screen) it can be scrolled: the window never becomes larger than the screen.

    Signals:
        seen: this dock, and whether it can be seen now.

    Attributes: `pane`, None until built; `front`, whether it can be seen.
    """

    seen = Signal(object, bool)

    def __init__(self, name: str, title: str, make: Callable[[], QWidget], parent: QWidget) -> None:
        super().__init__(name, title, parent)
        self._make: Callable[[], QWidget] | None = make
        self.pane: Any = None
        self.front = False
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setWidget(self._area)
        self.visibilityChanged.connect(self._seen)

    def _seen(self, visible: bool) -> None:
        self.front = visible
        self.seen.emit(self, visible)

    def build(self) -> Any:
        """The pane, made now if it was not yet."""
        if self._make is not None:
            self.pane = self._make()
            self._make = None
            self._area.setWidget(self.pane)
        return self.pane

    @property
    def built(self) -> bool:
        return self._make is None
