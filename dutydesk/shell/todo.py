"""What is due next and what is unanswered: one list, sorted by time left; the same list as the hand-over sheet."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHeaderView, QTableView, QVBoxLayout, QWidget

from dutydesk.core.i18n import _
from dutydesk.ledger.feature import OpenItem
from dutydesk.qt.theme import current
from dutydesk.qt.widgets import EmptyState, Tile
from dutydesk.shell.board import left_text

Index = QModelIndex | QPersistentModelIndex


class TodoModel(QAbstractTableModel):
    """Two columns: time left (or 逾期 and by how much), and what."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.items: list[OpenItem] = []
        self.now = 0

    def show_items(self, items: list[OpenItem], now: int) -> None:
        """Show these; when they are the same things, only the times change, and the selection stays."""
        same = [self._key(item) for item in items] == [self._key(item) for item in self.items]
        self.now = now
        if same:
            self.items = items
            if items:
                self.dataChanged.emit(self.index(0, 0), self.index(len(items) - 1, 1))
            return
        self.beginResetModel()
        self.items = items
        self.endResetModel()

    @staticmethod
    def _key(item: OpenItem) -> tuple[str, bytes, str]:
        return (item.ledger, item.row, item.title)

    def when(self, item: OpenItem) -> str:
        """`00:18`, `逾期 00:05`, empty without a due time."""
        if item.due_at is None:
            return ""
        text = left_text(item.due_at, self.now)
        return _("逾期 {time}").format(time=text) if item.due_at < self.now else text

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default, never written to
        return 0 if parent.isValid() else len(self.items)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default, never written to
        return 0 if parent.isValid() else 2

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        item = self.items[index.row()]
        late = item.due_at is not None and item.due_at < self.now
        if role == Qt.ItemDataRole.DisplayRole:
            return self.when(item) if index.column() == 0 else item.title
        if role == Qt.ItemDataRole.ToolTipRole:
            return "\n".join(part for part in (item.title, item.detail) if part)
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column() == 0:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.ForegroundRole and late and index.column() == 0:
            level = current().level("late")
            return current().colour("red.text") if level else None
        return None


class TodoPane(QWidget):
    """The list with the next due thing in large type above it.

    Signals:
        opened: (ledger, row id) of the item that someone wants to see.
    """

    opened = Signal(str, object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("todo-pane")
        column = QVBoxLayout(self)
        column.setContentsMargins(current().px(8), current().px(8), current().px(8), current().px(8))
        column.setSpacing(current().px(8))
        self.next = Tile(_("下一件"), big=True)
        self.next.setObjectName("next-due")
        self.next.clicked.connect(self._open_next)
        self.model = TodoModel(self)
        self.view = QTableView()
        self.view.setObjectName("todo-list")
        self.view.setAccessibleName(_("待办"))
        self.view.setModel(self.model)
        self.view.horizontalHeader().hide()
        self.view.verticalHeader().hide()
        self.view.setShowGrid(False)
        self.view.setWordWrap(False)
        self.view.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        self.view.setSelectionMode(QTableView.SelectionMode.SingleSelection)
        self.view.setTabKeyNavigation(False)
        self.view.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        self.view.horizontalHeader().setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        self.view.verticalHeader().setDefaultSectionSize(current().row)
        self.view.activated.connect(self._open)
        self.empty = EmptyState(_("没有待办"), _("到时提醒、在办事件、未反馈的批示会列在这里"))
        column.addWidget(self.next)
        column.addWidget(self.view, 1)
        column.addWidget(self.empty, 1)
        self.show_items([], 0)

    def show_items(self, items: list[OpenItem], now: int) -> None:
        """Bring the list up to date."""
        self.model.show_items(items, now)
        self.view.setVisible(bool(items))
        self.empty.setVisible(not items)
        first = next((item for item in items if item.due_at is not None), None)
        self.next.setVisible(first is not None)
        if first is not None and first.due_at is not None:
            late = first.due_at < now
            soon = first.due_at - now <= 15 * 60_000
            caption = _("逾期 · {title}") if late else _("下一件 · {title}")
            tone = "late" if late else "yellow" if soon else ""
            self.next.show_value(left_text(first.due_at, now), tone, caption=caption.format(title=first.title))

    def focus_first(self) -> None:
        """Put the caret on the first item."""
        self.view.setFocus()
        if not self.view.currentIndex().isValid() and self.model.items:
            self.view.selectRow(0)

    def _open(self, index: QModelIndex) -> None:
        item = self.model.items[index.row()]
        if item.ledger:
            self.opened.emit(item.ledger, item.row)

    def _open_next(self) -> None:
        for item in self.model.items:
            if item.due_at is not None:
                self.opened.emit(item.ledger, item.row)
                return

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.view.currentIndex().isValid():
            self._open(self.view.currentIndex())
            return
        super().keyPressEvent(event)
