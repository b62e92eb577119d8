"""A line in which people, places, types and codes are picked by characters, pinyin or initials.

What may be picked comes from a callback, asked anew at each key. Enter or Tab takes the marked answer, or the only
one; the arrow keys or the small arrow show everything. What was typed and not picked stays as text, for the ledger's
parser to judge.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QEvent, QModelIndex, QStringListModel, Qt, Signal
from PySide6.QtGui import QAction, QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QCompleter, QLineEdit, QStyledItemDelegate, QWidget

from dutydesk.core.i18n import _
from dutydesk.ledger.kinds import shown
from dutydesk.ledger.spec import Choice
from dutydesk.qt.icons import icon

MOST_SHOWN = 12
MOST_FOUND = 50

MOST_LOOKED = 400


@dataclass(frozen=True, slots=True)
class Option:
    """One answer: `key` is what is stored as text (a code, a row id in hex), `label` what is read, `hint` what tells
    it from others of the same name."""

    key: str
    label: str
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.label}  {self.hint}" if self.hint else self.label


Find = Callable[[str], Sequence[Option]]


def among(choices: Sequence[Choice]) -> Find:
    """Finds codes by code, label, pinyin or initials; those that begin so come first. Pinyin is loaded only when
    letters are typed that no code or label holds."""
    options = [Option(choice.code, shown(choice)) for choice in choices]

    def find(text: str) -> Sequence[Option]:
        wanted = text.strip().casefold()
        if not wanted:
            return options
        first = [item for item in options if item.label.casefold().startswith(wanted)]
        first += [item for item in options if item not in first and item.key.casefold().startswith(wanted)]
        rest = [item for item in options if item not in first and wanted in item.label.casefold()]
        if wanted.isascii():
            from dutydesk.ledger.pinyin import initials, matches

            rest += [item for item in options if item not in first and item not in rest and matches(wanted, item.label)]
            rest.sort(key=lambda item: not any(way.startswith(wanted) for way in initials(item.label)))
        return first + rest

    return find


def rows_of(desk: Any, ledger: str) -> Find:
    """Finds rows of `ledger` by what the search index knows of them; an empty text gives the first ones."""

    def find(text: str) -> Sequence[Option]:
        if not text.strip():
            return [Option(row.id.hex(), desk.title_of(row)) for row in desk.rows(ledger, limit=MOST_FOUND)]
        wanted = text.strip().casefold()
        found = [Option(item.row.hex(), item.title) for item in desk.find(text, [ledger], MOST_LOOKED)]
        # The street before its communities: what is meant whole stands before what only begins or holds it.
        found.sort(key=lambda item: (not item.label.casefold().startswith(wanted), len(item.label)))
        return found[:MOST_FOUND]

    return find


class Picker(QLineEdit):
    """A line edit over a `Find`.

    Signals:
        picked: the key that was chosen, "" when the choice was undone by typing on.
        entered: Enter was pressed and nothing is left to choose.
    """

    picked = Signal(str)
    entered = Signal()

    def __init__(self, find: Find, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._find = find
        self._options: Sequence[Option] = ()
        self._key = ""
        self._model = QStringListModel(self)
        self._completer = QCompleter(self._model, self)
        self._completer.setCompletionMode(QCompleter.CompletionMode.UnfilteredPopupCompletion)
        self._completer.setMaxVisibleItems(MOST_SHOWN)
        self._completer.setWidget(self)
        # QCompleter's own delegate is of the old kind that style sheets only half reach.
        self._completer.popup().setItemDelegate(QStyledItemDelegate(self._completer.popup()))
        self._completer.activated[QModelIndex].connect(self._activate)  # pyright: ignore[reportIndexIssue]
        self._arrow = QAction(_("全部"), self)
        self._arrow.triggered.connect(self.show_all)
        self.addAction(self._arrow, QLineEdit.ActionPosition.TrailingPosition)
        self._draw()
        self.textEdited.connect(self._edited)

    # -- for editors ------------------------------------------------------------------------------------------------

    @property
    def key(self) -> str:
        """What was chosen, "" when the text is only text."""
        return self._key

    def told(self) -> str:
        """The chosen key, else the text as it stands."""
        return self._key or self.text().strip()

    def choose(self, option: Option) -> None:
        """Take an answer."""
        self._key = option.key
        self.setText(option.label)
        self.setCursorPosition(0)
        self._completer.popup().hide()
        self.picked.emit(option.key)

    def forget(self) -> None:
        """Empty the line."""
        self._key = ""
        self.clear()

    def show_all(self) -> None:
        """Open the list with everything that can be picked."""
        self._offer("")

    def settle(self) -> bool:
        """Take what the text can only mean: the same words, or the only answer. Whether something is chosen now."""
        typed = self.text().strip()
        if self._key or not typed:
            return bool(self._key)
        options = self._find(typed)
        exact = [item for item in options if typed.casefold() in (item.label.casefold(), item.key.casefold())]
        if len(exact) == 1 or len(options) == 1:
            self.choose((exact if len(exact) == 1 else options)[0])
        return bool(self._key)

    @property
    def offered(self) -> Sequence[Option]:
        """What the open list shows."""
        return self._options if self._completer.popup().isVisible() else ()

    # -- inside -----------------------------------------------------------------------------------------------------

    def _edited(self, text: str) -> None:
        if self._key:
            self._key = ""
            self.picked.emit("")
        if text.strip():
            self._offer(text)
        else:
            self._completer.popup().hide()

    def _offer(self, text: str) -> None:
        self._options = list(self._find(text))[:MOST_FOUND]
        self._model.setStringList([str(item) for item in self._options])
        if self._options:
            self._completer.complete()
            popup = self._completer.popup()
            popup.setCurrentIndex(self._completer.completionModel().index(0, 0))
        else:
            self._completer.popup().hide()

    def _activate(self, index: QModelIndex) -> None:
        if 0 <= index.row() < len(self._options):
            self.choose(self._options[index.row()])

    def _take(self) -> None:
        popup = self._completer.popup()
        if popup.isVisible():
            at = popup.currentIndex().row()
            if self._options:
                self.choose(self._options[max(at, 0)])
            popup.hide()
        else:
            self.settle()

    def _draw(self) -> None:
        self._arrow.setIcon(icon("down", 12, "muted"))

    # -- Qt ---------------------------------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        popup = self._completer.popup()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and plain:
            self._take()
            self.entered.emit()
        elif event.key() == Qt.Key.Key_Escape and popup.isVisible():
            popup.hide()
        elif event.key() == Qt.Key.Key_Down and not popup.isVisible():
            self._offer("" if self._key else self.text())
        else:
            super().keyPressEvent(event)

    def focusNextPrevChild(self, forward: bool) -> bool:
        if self._completer.popup().isVisible():
            self._take()
        return super().focusNextPrevChild(forward)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        if event.reason() != Qt.FocusReason.PopupFocusReason:
            self.settle()
        super().focusOutEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange and hasattr(self, "_arrow"):
            self._draw()
