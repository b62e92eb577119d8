"""A list of suggestions over a line that is being typed, and a text that grows with what is typed.

The list never takes the keyboard: the input keeps it and hands over the few keys that mean the list (`key`). It is a
child of the window, not a popup, so that nothing is grabbed and a dying window takes it along.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeGuard

from PySide6.QtCore import QEvent, QModelIndex, QPoint, QRect, QSize, QStringListModel, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QLineEdit, QListView, QPlainTextEdit, QWidget

from dutydesk.qt.picker import Option
from dutydesk.qt.theme import current

MOST_SHOWN = 8
ROW = 28
ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
Offer = Callable[[str, int], Sequence[Option]]
"""`offer(text, caret)` gives what may be meant by what stands before the caret; empty for nothing."""


class SuggestList(QListView):
    """The list of one input.

    Signals:
        chosen: the `Option` that Enter, Tab or a click means.
    """

    chosen = Signal(object)

    def __init__(self, owner: QWidget) -> None:
        super().__init__(owner)
        self._owner = owner
        self._options: Sequence[Option] = ()
        self._strings = QStringListModel(self)
        self.setModel(self._strings)
        self.setObjectName(f"{owner.objectName()}-suggestions")
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setUniformItemSizes(True)
        self.clicked.connect(self._click)
        self.hide()

    @property
    def offered(self) -> Sequence[Option]:
        """What is shown now."""
        return () if self.isHidden() else self._options

    def offer(self, options: Sequence[Option], at: QRect) -> None:
        """Show these above or below `at`, a place in the owner; nothing hides the list."""
        if not options:
            self.hide()
            return
        self._options = options
        self._strings.setStringList([str(item) for item in options])
        self.setCurrentIndex(self._strings.index(0))
        self._place(at)
        self.show()
        self.raise_()

    def key(self, event: QKeyEvent) -> bool:
        """Whether the key was the list's: up and down, Enter or Tab to take, Esc to send it away."""
        if self.isHidden():
            return False
        key, row = event.key(), self.currentIndex().row()
        if key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            step = 1 if key == Qt.Key.Key_Down else -1
            self.setCurrentIndex(self._strings.index((row + step) % len(self._options)))
        elif key in (*ENTER, Qt.Key.Key_Tab) and not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            self._take(row)
        elif key == Qt.Key.Key_Escape:
            self.hide()
        else:
            return False
        return True

    def _click(self, index: QModelIndex) -> None:
        self._take(index.row())

    def _take(self, row: int) -> None:
        self.hide()
        if 0 <= row < len(self._options):
            self.chosen.emit(self._options[row])

    def _place(self, at: QRect) -> None:
        window = self._owner.window()
        if self.parentWidget() is not window:
            self.setParent(window)
        theme = current()
        line = self.sizeHintForRow(0) if self._options else theme.row
        height = line * min(len(self._options), MOST_SHOWN) + 2 * self.frameWidth() + 2
        widest = max(self.fontMetrics().horizontalAdvance(str(item)) for item in self._options) + theme.px(48)
        width = min(max(widest, theme.px(160)), theme.px(560), window.width())
        top = self._owner.mapTo(window, at.topLeft())
        low = self._owner.mapTo(window, at.bottomLeft())
        below = window.height() - low.y()
        y = low.y() + 2 if below >= height + 2 else max(top.y() - height - 2, 0)
        x = max(min(top.x(), window.width() - width), 0)
        self.setGeometry(QRect(QPoint(x, y), QSize(width, height)))


def _is_tab(event: QEvent) -> TypeGuard[QKeyEvent]:
    return isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress and event.key() == Qt.Key.Key_Tab


class SuggestLine(QLineEdit):
    """A line of free text with suggestions; taking one emits `chosen` and changes nothing by itself.

    Signals:
        chosen: the `Option`. entered: Enter with no list open.
    """

    chosen = Signal(object)
    entered = Signal()

    def __init__(self, offer: Offer, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self._offer = offer
        self.list = SuggestList(self)
        self.list.chosen.connect(self.chosen)
        self.textEdited.connect(self._edited)

    def suggest(self) -> None:
        """Offer what the text means now, or everything for an empty one."""
        self.list.offer(self._offer(self.text(), self.cursorPosition()), self.rect())

    def _edited(self) -> None:
        if self.text().strip():
            self.suggest()
        else:
            self.list.hide()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self.list.key(event):
            return
        if event.key() in ENTER:
            if not event.isAutoRepeat():
                self.entered.emit()
        elif event.key() == Qt.Key.Key_Down and not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            self.suggest()
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        # Tab leaves a widget before keyPressEvent sees it.
        return (_is_tab(event) and self.list.key(event)) or super().event(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.list.hide()


class GrowingText(QPlainTextEdit):
    """A text of one line that grows to `most` lines; Enter means `entered`, Shift+Enter a new line, Tab goes on.

    Signals:
        chosen: the `Option` that was taken from the suggestions. entered: Enter with no list open. grew: the height
        has changed.
    """

    chosen = Signal(object)
    entered = Signal()
    grew = Signal()

    def __init__(self, offer: Offer, name: str, most: int = 3, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self._offer = offer
        self._most = most
        self.setTabChangesFocus(True)
        self.document().setDocumentMargin(0)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list = SuggestList(self)
        self.list.chosen.connect(self.chosen)
        self.textChanged.connect(self._changed)
        self._fit()

    @property
    def caret(self) -> int:
        """Where the caret stands in `toPlainText()`."""
        return self.textCursor().position()

    def replace_before(self, count: int, text: str) -> None:
        """Put `text` in the place of the `count` characters before the caret; one step for undo."""
        cursor = self.textCursor()
        for _step in range(count):
            cursor.deletePreviousChar()
        cursor.insertText(text)
        self.setTextCursor(cursor)

    def select(self, start: int, count: int) -> None:
        """Select characters, so that typing replaces them."""
        cursor = self.textCursor()
        cursor.setPosition(start)
        cursor.setPosition(start + count, cursor.MoveMode.KeepAnchor)
        self.setTextCursor(cursor)

    def _changed(self) -> None:
        self._fit()
        offered = self._offer(self.toPlainText(), self.caret) if self.hasFocus() else ()
        self.list.offer(offered, self.rect())

    def _fit(self) -> None:
        needed = max(int(self.document().size().height()), 1)
        lines = min(needed, self._most)
        policy = Qt.ScrollBarPolicy.ScrollBarAsNeeded if needed > lines else Qt.ScrollBarPolicy.ScrollBarAlwaysOff
        if policy != self.verticalScrollBarPolicy():
            self.setVerticalScrollBarPolicy(policy)
        height = max(self.fontMetrics().lineSpacing() * lines + 2 * current().px(4) + 2, current().px(ROW))
        if height != self.height() or self.minimumHeight() != height:
            self.setFixedHeight(height)
            self.grew.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self.list.key(event):
            return
        shift = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        if event.key() in ENTER and not shift:
            if not event.isAutoRepeat():
                self.entered.emit()
        elif event.key() == Qt.Key.Key_Escape:
            event.ignore()
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        return (_is_tab(event) and self.list.key(event)) or super().event(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.list.hide()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange and hasattr(self, "_most"):
            self._fit()
