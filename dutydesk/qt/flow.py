"""A row that goes on in the next line where it does not fit: filters and buttons of a pane that is narrow or whose type
is large must not make the window wider than the screen."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtWidgets import QLayout, QLayoutItem, QWidget


class FlowRow(QLayout):
    """Widgets from left to right in as many lines as they need. With `stretch`, the first widget of the row takes what
    its line leaves over (a search box)."""

    def __init__(self, gap: int, *, stretch: bool = False) -> None:
        super().__init__()
        self._items: list[QLayoutItem] = []
        self._gap = gap
        self._stretch = stretch
        self.setContentsMargins(0, 0, 0, 0)

    def addItem(self, item: QLayoutItem) -> None:
        self._items.append(item)

    def count(self) -> int:
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:  # pyright: ignore[reportIncompatibleMethodOverride]
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:  # pyright: ignore[reportIncompatibleMethodOverride]
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def expandingDirections(self) -> Qt.Orientation:
        return Qt.Orientation(0)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return self._arrange(QRect(0, 0, width, 0), move=False)

    def setGeometry(self, rect: QRect) -> None:
        super().setGeometry(rect)
        self._arrange(rect, move=True)

    def sizeHint(self) -> QSize:
        shown = [item for item in self._items if not item.isEmpty()]
        wide = sum(item.sizeHint().width() for item in shown) + self._gap * max(len(shown) - 1, 0)
        return self._framed(QSize(wide, max((item.sizeHint().height() for item in shown), default=0)))

    def minimumSize(self) -> QSize:
        least = QSize()
        for item in self._items:
            if not item.isEmpty():
                least = least.expandedTo(item.minimumSize())
        return self._framed(least)

    def _framed(self, size: QSize) -> QSize:
        around = self.contentsMargins()
        return size + QSize(around.left() + around.right(), around.top() + around.bottom())

    def _arrange(self, rect: QRect, *, move: bool) -> int:
        around = self.contentsMargins()
        room = rect.adjusted(around.left(), around.top(), -around.right(), -around.bottom())
        lines: list[list[tuple[QLayoutItem, int]]] = [[]]
        used = 0
        for item in self._items:
            if item.isEmpty():
                continue
            width = min(item.sizeHint().width(), max(room.width(), 1))
            if self._stretch and item is self._items[0]:
                width = min(item.minimumSize().width(), max(room.width(), 1))
            if lines[-1] and used + self._gap + width > room.width():
                lines.append([])
                used = 0
            used += width + (self._gap if lines[-1] else 0)
            lines[-1].append((item, width))
        y = room.top()
        for line in lines:
            taken = sum(width for _item, width in line) + self._gap * max(len(line) - 1, 0)
            high = max((item.sizeHint().height() for item, _width in line), default=0)
            x = room.left()
            for item, width in line:
                wide = width + (room.width() - taken if self._stretch and item is self._items[0] else 0)
                if move:
                    item.setGeometry(QRect(QPoint(x, y), QSize(wide, high)))
                x += wide + self._gap
            y += high + self._gap
        return y - self._gap - rect.top() + around.bottom()


def flow(parent: QWidget, gap: int, *, stretch: bool = False) -> FlowRow:
    """A flowing row as the layout of `parent`."""
    made = FlowRow(gap, stretch=stretch)
    parent.setLayout(made)
    policy = parent.sizePolicy()
    policy.setHeightForWidth(True)
    parent.setSizePolicy(policy)
    return made
