"""Parts of a line in which something is composed: inputs by name, a row that folds in two, drafts put aside."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QMenu, QPushButton, QVBoxLayout, QWidget

from dutydesk.core.i18n import _
from dutydesk.ledger.kinds import choice_label
from dutydesk.ledger.spec import Field
from dutydesk.qt.picker import Option, Picker, among
from dutydesk.qt.suggest import GrowingText
from dutydesk.qt.theme import current
from dutydesk.qt.widgets import restyle

Input = QLineEdit | GrowingText
"""A `Picker` and a `SuggestLine` are line edits too."""
ENDLESS = 16_777_215
MOST_LINKED = 40
"""Characters of what an entry hangs on that its chip says."""


def line_input(name: str, told: str, hint: str = "") -> QLineEdit:
    """A plain line; `told` is its accessible name and tooltip, `hint` stands in it while it is empty."""
    made = QLineEdit()
    made.setObjectName(name)
    made.setAccessibleName(told)
    made.setToolTip(told)
    made.setPlaceholderText(hint)
    return made


class NumberLine(QLineEdit):
    """A line for a telephone number. One that was looked up is shown masked (`hold`) until it is typed over."""

    def __init__(self, name: str, told: str, hint: str = "") -> None:
        super().__init__()
        self.setObjectName(name)
        self.setAccessibleName(told)
        self.setToolTip(told)
        self.setPlaceholderText(hint)
        self._masked = self._number = ""

    def hold(self, masked: str, number: str) -> None:
        """Show `masked` for `number`."""
        self._masked, self._number = masked, number
        self.setText(masked)

    def number(self) -> str:
        """The number that is meant."""
        return self._number if self._number and self.text() == self._masked else self.text()


def code_input(name: str, field: Field) -> Picker:
    """A picker of a field's codes."""
    made = Picker(among(field.choices))
    made.setObjectName(name)
    made.setAccessibleName(_(field.label))
    made.setPlaceholderText(_(field.label))
    return made


def told_by(widget: Input) -> str:
    """What an input says: a code where one was picked, else its text."""
    if isinstance(widget, Picker):
        return widget.told()
    if isinstance(widget, NumberLine):
        return widget.number()
    return widget.toPlainText() if isinstance(widget, GrowingText) else widget.text()


def fill(widget: Input, field: Field, text: str) -> None:
    """Put a code or a text into an input."""
    if isinstance(widget, GrowingText):
        widget.setPlainText(text)
        widget.moveCursor(widget.textCursor().MoveOperation.End)
    elif isinstance(widget, Picker):
        widget.forget()
        if any(choice.code == text for choice in field.choices):
            widget.choose(Option(text, choice_label(text, field)))
        else:
            widget.setText(text)
    else:
        widget.setText(text)
        widget.setCursorPosition(0)  # a long name is read from its beginning


def mark(widget: QWidget, problem: str) -> None:
    """Say that what stands in an input does not hold, or (empty) that nothing is wrong with it."""
    widget.setAccessibleDescription(problem)
    if bool(widget.property("problem")) != bool(problem):
        widget.setProperty("problem", bool(problem))
        restyle(widget)


class FoldingRow(QVBoxLayout):
    """Inputs in one row with a text that takes the rest; in two rows, the text in the second, when folded.

    `heads` stand before the text, `tails` after it; those of `above` go up with the heads when folded, where the heads
    leave them room.
    """

    def __init__(
        self, heads: Sequence[QWidget], text: QWidget, tails: Sequence[QWidget], above: Sequence[QWidget]
    ) -> None:
        super().__init__()
        self._heads, self._text, self._tails, self._above = heads, text, tails, above
        self.folded: bool | None = None
        self._crowded = False
        self._first, self._second = QHBoxLayout(), QHBoxLayout()
        self.setSpacing(current().px(4))
        for row in (self._first, self._second):
            row.setSpacing(current().px(4))
            self.addLayout(row)

    def fold(self, folded: bool, stretch: QWidget, *, crowded: bool = False) -> bool:
        """Lay out again; the head `stretch` takes the room of a folded row. `crowded`: the heads fill the first row.
        Whether anything changed."""
        if folded is self.folded and crowded is self._crowded:
            return False
        self.folded, self._crowded = folded, crowded
        up = self._above if folded and not crowded else ()
        top = Qt.AlignmentFlag.AlignTop
        for widget in (*self._heads, self._text, *self._tails):
            self._first.removeWidget(widget)
            self._second.removeWidget(widget)
        for widget in self._heads:
            self._first.addWidget(widget, int(folded and widget is stretch), top)
        for widget in up:
            self._first.addWidget(widget, 0, top)
        line = self._second if folded else self._first
        line.addWidget(self._text, 1, top)
        for widget in self._tails:
            if widget not in up:
                line.addWidget(widget, 0, top)
        return True


class AsideButton(QPushButton):
    """How many drafts were put aside; pressing it lists them.

    Signals:
        taken: the number of the one that someone wants back.
    """

    taken = Signal(int)

    def __init__(self, name: str, tip: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setAutoDefault(False)
        self.setToolTip(tip)
        self._words: Sequence[str] = ()
        self.clicked.connect(self._list)
        self.show_words(())

    def show_words(self, words: Sequence[str]) -> None:
        """One line for each draft, the oldest first."""
        self._words = words
        self.setText(_("草稿 {count}").format(count=len(words)))
        self.setVisible(bool(words))

    def _list(self) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for at, words in reversed(list(enumerate(self._words))):
            menu.addAction(" ".join(words.split())[:40].replace("&", "&&")).setData(at)
        menu.triggered.connect(self._take)
        menu.popup(self.mapToGlobal(self.rect().topLeft()))

    def _take(self, action: QAction) -> None:
        self.taken.emit(int(action.data()))


class LinkChip(QPushButton):
    """What the entry hangs on; pressing it lets go (`clicked`)."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setAutoDefault(False)
        self.setToolTip(_("点一下取消关联"))
        self._whole = ""
        self.hide()

    def show_text(self, text: str) -> None:
        """The name of it; nothing hides the chip."""
        self._whole = text
        self._cut()
        self.updateGeometry()
        self.setVisible(bool(text))

    def _cut(self) -> None:
        """As much of it as there is room for, and always the cross."""
        room = self.width() - current().px(32) - self.fontMetrics().horizontalAdvance(_("{text} ×").format(text=""))
        short = self._whole if len(self._whole) <= MOST_LINKED else self._whole[: MOST_LINKED - 1] + "…"
        short = self.fontMetrics().elidedText(short, Qt.TextElideMode.ElideRight, room)
        self.setText(_("{text} ×").format(text=short.replace("&", "&&")))

    def sizeHint(self) -> QSize:
        told = _("{text} ×").format(text=self._whole[:MOST_LINKED])
        return QSize(self.fontMetrics().horizontalAdvance(told) + current().px(40), super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        return QSize(min(current().px(160), self.sizeHint().width()), super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._cut()
