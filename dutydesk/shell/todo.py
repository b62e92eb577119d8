"""What is due next and what is unanswered: one list, sorted by time left; the same list as the hand-over sheet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractTableModel, QEvent, QModelIndex, QPersistentModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QKeyEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHeaderView, QSizePolicy, QTableView, QVBoxLayout, QWidget

from dutydesk.core.i18n import _
from dutydesk.qt.theme import current
from dutydesk.qt.widgets import EmptyState, Tile
from dutydesk.shell.board import left_text

if TYPE_CHECKING:
    from dutydesk.ledger.feature import OpenItem

Index = QModelIndex | QPersistentModelIndex

SIZE, MOST = 20, 3
NARROW = 120
"""Pixels at 100 % of a title beside its time, below which the time stands in front of it instead."""
LOW = 420
"""Pixels at 100 % below which the list gets the room."""
LEAST, LEAST_LARGE = 168, 240
"""Pixels at 100 % below which no layout shrinks the list, and pixels that suffice for it in any size of type."""


class TodoModel(QAbstractTableModel):
    """Two columns: time left (or 逾期 and by how much), and what."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.items: list[OpenItem] = []
        self.now = 0
        self.narrow = False

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

    def set_narrow(self, narrow: bool) -> None:
        """Whether the time stands in front of the title, for a list that has no room for both side by side."""
        if narrow is not self.narrow:
            self.narrow = narrow
            if self.items:
                self.dataChanged.emit(self.index(0, 1), self.index(len(self.items) - 1, 1))

    def told(self, item: OpenItem) -> str:
        """What the second column says."""
        when = self.when(item) if self.narrow else ""
        return f"{when} {item.title}" if when else item.title

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
            return self.when(item) if index.column() == 0 else self.told(item)
        if role == Qt.ItemDataRole.ToolTipRole:
            return "\n".join(part for part in (item.title, item.detail) if part)
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column() == 0:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.ForegroundRole and late and (index.column() == 0 or self.narrow):
            level = current().level("late")
            return current().colour("red.text") if level else None
        return None


class Lines(QWidget):
    """A text in large type over at most three lines, the last one cut with …; it never makes its window larger."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = ""
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def setText(self, text: str) -> None:
        """What it says."""
        if text != self._text:
            self._text = text
            self.setAccessibleName(text)
            self.setToolTip(text)
            self.updateGeometry()
            self.update()

    def text(self) -> str:
        """What it says, whole."""
        return self._text

    def _lines(self, width: int) -> list[str]:
        metrics = QFontMetrics(current().font(SIZE, bold=True))
        lines: list[str] = []
        rest = self._text
        while rest and len(lines) < MOST - 1 and metrics.horizontalAdvance(rest) > width:
            cut = max(next((n for n in range(len(rest), 0, -1) if metrics.horizontalAdvance(rest[:n]) <= width), 1), 1)
            blank = rest.rfind(" ", 0, cut + 1)
            cut = blank if blank > cut // 2 else cut
            lines.append(rest[:cut].rstrip())
            rest = rest[cut:].lstrip()
        return [*lines, metrics.elidedText(rest, Qt.TextElideMode.ElideRight, width)] if rest else lines

    def heightForWidth(self, width: int) -> int:
        return len(self._lines(width)) * QFontMetrics(current().font(SIZE, bold=True)).lineSpacing()

    def sizeHint(self) -> QSize:
        return QSize(0, self.heightForWidth(max(self.width(), 1)))

    def minimumSizeHint(self) -> QSize:
        return QSize(0, 0)

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = current()
        painter = QPainter(self)
        painter.setFont(theme.font(SIZE, bold=True))
        painter.setPen(theme.colour("text"))
        high = painter.fontMetrics().lineSpacing()
        for at, text in enumerate(self._lines(self.width())):
            painter.drawText(0, at * high + painter.fontMetrics().ascent(), text)
        painter.end()


class TodoPane(QWidget):
    """The list with the next due thing in large type above it.

    Signals:
        opened: (ledger, row id) of the item that someone wants to see. resized: its width may have changed.
    """

    opened = Signal(str, object)
    resized = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("todo-pane")
        column = QVBoxLayout(self)
        column.setContentsMargins(current().px(8), current().px(8), current().px(8), current().px(8))
        column.setSpacing(current().px(8))
        self.next = Tile(_("下一件"), big=True)
        self.next.setObjectName("next-due")
        self.next.clicked.connect(self._open_next)
        self.what = Lines()
        self.what.setObjectName("next-due-title")
        self.model = TodoModel(self)
        self.view = QTableView()
        self.view.setObjectName("todo-list")
        self.view.setAccessibleName(_("待办"))
        self.view.setModel(self.model)
        self.view.horizontalHeader().hide()
        self.view.verticalHeader().hide()
        self.view.setShowGrid(False)
        self.view.setWordWrap(True)
        self.view.setMinimumHeight(current().row)
        self.view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.view.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        self.view.setSelectionMode(QTableView.SelectionMode.SingleSelection)
        self.view.setTabKeyNavigation(False)
        self.view.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        self.view.horizontalHeader().setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        self.view.verticalHeader().setDefaultSectionSize(current().row)
        self.view.activated.connect(self._open)
        self._caption = ""
        self.empty = EmptyState(_("没有待办"), _("到时提醒、在办事件、未反馈的批示会列在这里"))
        column.addWidget(self.next)
        column.addWidget(self.what)
        column.addWidget(self.view, 1)
        column.addWidget(self.empty, 1)
        self._keep_least()
        self.show_items([], 0)

    def _keep_least(self) -> None:
        """What is due stays readable, also where a layout of another screen comes back."""
        self.setMinimumWidth(min(current().px(LEAST), LEAST_LARGE))

    def show_items(self, items: list[OpenItem], now: int) -> None:
        """Bring the list up to date."""
        self.model.show_items(items, now)
        self.view.setVisible(bool(items))
        self.empty.setVisible(not items)
        first = next((item for item in items if item.due_at is not None), None)
        self.next.setVisible(first is not None)
        self.what.setText("")
        if first is not None and first.due_at is not None:
            late = first.due_at < now
            soon = first.due_at - now <= 15 * 60_000
            tone = "late" if late else "yellow" if soon else ""
            self._caption = _("最早一件已逾期") if late else _("下一件还有")
            self.next.show_value(left_text(first.due_at, now), tone, caption=self._caption)
            self.what.setText(first.title)
        self._give_room()

    def _give_room(self) -> None:
        """Two lines for what does not fit in one, three in a narrow list. Where it is low, what the next thing is
        stands in its tile."""
        theme = current()
        low = self.height() < theme.px(LOW)
        told = bool(self.what.text()) and not self.next.isHidden()
        self.what.setVisible(told and not low)
        if told:
            caption = self.what.text() if low else self._caption
            self.next.show_value(self.next.value, self.next.tone, caption=caption)
        metrics = QFontMetrics(theme.font())
        whole = self.view.viewport().width() - theme.px(12)
        beside = max((metrics.horizontalAdvance(self.model.when(item)) for item in self.model.items), default=0)
        narrow = whole - beside - theme.px(16) < theme.px(NARROW)
        self.model.set_narrow(narrow)
        if self.view.isColumnHidden(0) is not narrow:
            self.view.setColumnHidden(0, narrow)
        room = whole if narrow else whole - self.view.columnWidth(0)
        for at, item in enumerate(self.model.items):
            wide = metrics.horizontalAdvance(self.model.told(item))
            lines = min(-(-wide * 10 // (room * 9)) if wide > room > 0 else 1, 3 if narrow else 2)  # words wrap early
            tall = theme.row + metrics.lineSpacing() * (lines - 1)
            if self.view.rowHeight(at) != tall:
                self.view.setRowHeight(at, tall)

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
                if item.ledger:
                    self.opened.emit(item.ledger, item.row)
                return

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._give_room()
        self.resized.emit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange and hasattr(self, "what"):
            self.view.verticalHeader().setDefaultSectionSize(current().row)
            self._keep_least()
            self._give_room()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.view.currentIndex().isValid():
            self._open(self.view.currentIndex())
            return
        super().keyPressEvent(event)
