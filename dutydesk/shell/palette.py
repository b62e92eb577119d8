"""The command palette (Ctrl+K): people, places, entries and commands by characters or pinyin, one list, one key."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QDialog,
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from dutydesk.core.i18n import _
from dutydesk.journal.desk import Desk, Found
from dutydesk.ledger.pinyin import pinyin_keys
from dutydesk.qt.offers import viewing
from dutydesk.qt.theme import current
from dutydesk.qt.widgets import fit

Index = QModelIndex | QPersistentModelIndex
MOST = 40
NOTE = Qt.ItemDataRole.UserRole
FIRST = ("people", "units", "posts", "incidents", "regions", "shelters", "stations", "warnings", "supplies", "teams")
"""Whom one looks for by a few letters comes first; the log, where everyone is named, comes last."""


@dataclass(frozen=True, slots=True)
class Command:
    """Something the window can do: its label, its key, and the function."""

    label: str
    key: str
    run: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Choice:
    """A line of the list."""

    text: str
    note: str
    run: Callable[[], None] | None = None
    ledger: str = ""
    row: bytes = b""


class _Model(QAbstractListModel):
    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.choices: list[Choice] = []

    def show_choices(self, choices: list[Choice]) -> None:
        self.beginResetModel()
        self.choices = choices
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default, never written to
        return 0 if parent.isValid() else len(self.choices)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        choice = self.choices[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return choice.text
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{choice.text} {choice.note}".strip()
        return choice.note if role == NOTE else None


class _Lines(QStyledItemDelegate):
    """What it is on the left, which list or key on the right."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        theme = current()
        note = str(index.data(NOTE) or "")
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)  # pyright: ignore[reportAttributeAccessIssue]
        box: QRect = option.rect  # pyright: ignore[reportAttributeAccessIssue]
        painter.save()
        if chosen:
            painter.fillRect(box, theme.colour("selection"))
        inner = box.adjusted(theme.px(8), 0, -theme.px(8), 0)
        painter.setFont(theme.font(12))
        wide = painter.fontMetrics().horizontalAdvance(note) + theme.px(16)
        painter.setPen(theme.colour("on_selection" if chosen else "muted"))
        painter.drawText(inner, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, note)
        painter.setFont(theme.font())
        painter.setPen(theme.colour("on_selection" if chosen else "text"))
        room = inner.adjusted(0, 0, -wide, 0)
        text = painter.fontMetrics().elidedText(str(index.data()), Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, text)
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(0, current().row)


def _rank(hit: Found) -> int:
    return FIRST.index(hit.ledger) if hit.ledger in FIRST else len(FIRST)


def matches(command: Command, query: str) -> bool:
    """Whether a command's label holds the words, or its pinyin or initials begin with them."""
    text = query.casefold().strip()
    label = command.label.casefold()
    if all(word in label for word in text.split()):
        return True
    return text.isascii() and any(
        key.startswith(text.replace(" ", "")) for key in pinyin_keys(re.sub(r"\W", "", command.label)).split()
    )


class Palette(QDialog):
    """The palette. Commands first, then what the ledgers find.

    Signals:
        opened: (ledger, row id) of what was chosen.
    """

    opened = Signal(str, object)

    def __init__(self, desk: Desk, commands: Sequence[Command], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("palette")
        self.setWindowTitle(_("查找"))
        self._desk = desk
        self._commands = tuple(commands)
        # What has no pane cannot be gone to: a view has few of them.
        self._shown = [ledger.name for feature in desk.features if feature.pane for ledger in feature.ledgers]
        self.line = QLineEdit()
        self.line.setObjectName("palette-line")
        self.line.setPlaceholderText(_("人名、地点、日志、命令；汉字或拼音首字母"))
        self.line.setAccessibleName(_("查找"))
        self.line.textChanged.connect(self.look)
        self.line.installEventFilter(self)
        self.model = _Model(self)
        self.list = QListView()
        self.list.setObjectName("palette-list")
        self.list.setModel(self.model)
        self.list.setItemDelegate(_Lines(self.list))
        self.list.setUniformItemSizes(True)
        self.list.clicked.connect(self._choose)
        column = QVBoxLayout(self)
        column.setSpacing(current().px(8))
        column.addWidget(self.line)
        column.addWidget(self.list, 1)
        fit(self, current().px(640), current().px(440))
        self.look("")

    def look(self, text: str) -> None:
        """Show what `text` finds."""
        found = [
            Choice(command.label, command.key, command.run)
            for command in self._commands
            if not text.strip() or matches(command, text)
        ]
        if text.strip():
            hits = sorted(self._desk.find(text, self._shown, limit=6), key=_rank)
            found += [
                Choice(" ".join(hit.title.split())[:80], self._note(hit), None, hit.ledger, hit.row) for hit in hits
            ]
        self.model.show_choices(found[:MOST])
        if found:
            self.list.setCurrentIndex(self.model.index(0))

    def _note(self, hit: Found) -> str:
        """Which list it is in; of a person also the unit, for there are two of every name; in a view the district."""
        note = _(self._desk.ledger(hit.ledger).title)
        viewed = viewing(self._desk)
        if hit.ledger != "people" and not viewed:
            return note
        held = self._desk.get(hit.ledger, hit.row)
        if viewed:
            return _(" · ").join(filter(None, (self._desk.origin(held) if held is not None else "", note)))
        unit = held.get("unit") if held is not None else None
        return f"{self._desk.title('units', unit)} · {note}" if isinstance(unit, bytes) else note

    def _choose(self, index: QModelIndex) -> None:
        if not index.isValid():
            return
        choice = self.model.choices[index.row()]
        self.accept()
        if choice.run is not None:
            choice.run()
        else:
            self.opened.emit(choice.ledger, choice.row)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Up, Qt.Key.Key_PageDown, Qt.Key.Key_PageUp):
                self.list.event(event)
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._choose(self.list.currentIndex())
                return True
        return super().eventFilter(watched, event)
