"""A short list of things, two lines each: what it is and how it stands. For lists that are read as pages (incidents in
hand, warnings in force); long ones are tables (`qt/listview.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QFontMetrics, QKeyEvent, QPainter
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from dutydesk.core.i18n import _
from dutydesk.qt.icons import paint_shape
from dutydesk.qt.theme import LEVEL_SHAPES, LEVEL_WORDS, current

Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True, slots=True)
class Card:
    """One entry. `title` and `note` are its two lines; `right` stands at the end of the first (a time left), in the
    colour and with the shape of `tone`; `badge` and `badge_tone` at the end of the second. `dim` is for what is over.
    A card without a key is a heading over the cards after it."""

    key: bytes
    title: str
    note: str = ""
    right: str = ""
    tone: str = ""
    badge: str = ""
    badge_tone: str = ""
    dim: bool = False

    def spoken(self) -> str:
        """Everything the card says, in words."""
        badge = self.badge or _(LEVEL_WORDS.get(self.badge_tone, ""))
        return " ".join(part for part in (self.title, self.right, badge, self.note) if part)


class CardModel(QAbstractListModel):
    """The cards; a change of their words alone is no reset."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.cards: Sequence[Card] = ()

    def show_cards(self, cards: Sequence[Card]) -> bool:
        """Show these; False when only their words changed."""
        same = [card.key for card in cards] == [card.key for card in self.cards] and all(card.key for card in cards)
        if same:
            self.cards = cards
            if cards:
                self.dataChanged.emit(self.index(0), self.index(len(cards) - 1))
            return False
        self.beginResetModel()
        self.cards = cards
        self.endResetModel()
        return True

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default, never written to
        return 0 if parent.isValid() else len(self.cards)

    def data(self, index: Index, role: int = int(Qt.ItemDataRole.DisplayRole)) -> Any:
        if not 0 <= index.row() < len(self.cards):
            return None
        card = self.cards[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return card.title
        if role in (Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.ToolTipRole):
            return card.spoken()
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        return super().flags(index) if self.cards[index.row()].key else Qt.ItemFlag.NoItemFlags


class _Painter(QStyledItemDelegate):
    """Draws a card."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        model = index.model()
        heading = isinstance(model, CardModel) and not model.cards[index.row()].key
        return QSize(current().px(120), current().px(28 if heading else 54))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        model = index.model()
        assert isinstance(model, CardModel)
        card = model.cards[index.row()]
        theme = current()
        tokens = theme.tokens
        box: QRect = option.rect  # pyright: ignore[reportAttributeAccessIssue]
        state = option.state  # pyright: ignore[reportAttributeAccessIssue]
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        inner = box.adjusted(theme.px(10), theme.px(5), -theme.px(10), -theme.px(5))
        if not card.key:
            painter.setFont(theme.font(12))
            painter.setPen(QColor(tokens.muted))
            painter.drawText(inner, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, card.title)
            painter.restore()
            return
        chosen = bool(state & QStyle.StateFlag.State_Selected)
        over = bool(state & QStyle.StateFlag.State_MouseOver)
        ground = tokens.selection if chosen else tokens.hover if over else tokens.surface
        painter.fillRect(box, QColor(ground))
        if chosen:
            painter.fillRect(QRect(box.left(), box.top(), theme.px(3), box.height()), QColor(tokens.accent))
        ink = QColor(tokens.on_selection if chosen else tokens.muted if card.dim else tokens.text)
        quiet = QColor(tokens.on_selection if chosen else tokens.muted)
        half = inner.height() // 2
        top = QRect(inner.left(), inner.top(), inner.width(), half)
        bottom = QRect(inner.left(), inner.top() + half, inner.width(), inner.height() - half)
        used = self._right(painter, top, card, quiet)
        self._line(painter, top.adjusted(0, 0, -used, 0), card.title, ink, bold=not card.dim)
        used = self._badge(painter, bottom, card, quiet)
        self._line(painter, bottom.adjusted(0, 0, -used, 0), card.note, quiet, size=13)
        painter.setPen(QColor(tokens.hover))
        painter.drawLine(box.bottomLeft(), box.bottomRight())
        painter.restore()

    @staticmethod
    def _line(painter: QPainter, box: QRect, text: str, ink: QColor, *, bold: bool = False, size: int = 14) -> None:
        font = current().font(size, bold=bold)
        painter.setFont(font)
        painter.setPen(ink)
        cut = QFontMetrics(font).elidedText(text, Qt.TextElideMode.ElideRight, box.width())
        painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, cut)

    @staticmethod
    def _right(painter: QPainter, box: QRect, card: Card, quiet: QColor) -> int:
        """The end of the first line; gives the room it takes."""
        if not card.right:
            return 0
        theme = current()
        level = theme.level(card.tone)
        font = theme.font(14, bold=level is not None)
        width = QFontMetrics(font).horizontalAdvance(card.right)
        side = theme.px(12) if level else 0
        left = box.right() - width
        painter.setFont(font)
        painter.setPen(QColor(level.text) if level else quiet)
        if level:
            shape = QRectF(left - side - theme.px(4), box.center().y() - side / 2 + 1, side, side)
            back = QRectF(shape.left() - theme.px(4), box.top() + 1, width + side + theme.px(10), box.height() - 2)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(level.soft))
            painter.drawRoundedRect(back, theme.px(3), theme.px(3))
            painter.setPen(QColor(level.text))
            paint_shape(painter, LEVEL_SHAPES[card.tone], shape, QColor(level.text))
        painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, card.right)
        return width + side + theme.px(16)

    @staticmethod
    def _badge(painter: QPainter, box: QRect, card: Card, quiet: QColor) -> int:
        """The end of the second line: a word, on its level's colour with the level's shape where it has one."""
        word = card.badge or _(LEVEL_WORDS.get(card.badge_tone, ""))
        if not word:
            return 0
        theme = current()
        level = theme.level(card.badge_tone)
        font = theme.font(12, bold=level is not None)
        width = QFontMetrics(font).horizontalAdvance(word)
        painter.setFont(font)
        if level is None:
            painter.setPen(quiet)
            painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, word)
            return width + theme.px(12)
        side = theme.px(9)
        whole = width + side + theme.px(16)
        pill = QRectF(box.right() - whole, box.center().y() - theme.px(9), whole, theme.px(18))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(level.fill))
        painter.drawRoundedRect(pill, theme.px(4), theme.px(4))
        shape = QRectF(pill.left() + theme.px(6), pill.center().y() - side / 2, side, side)
        paint_shape(painter, LEVEL_SHAPES[card.badge_tone], shape, QColor(level.ink))
        painter.setPen(QColor(level.ink))
        words = pill.adjusted(side + theme.px(10), 0, 0, 0)
        painter.drawText(words, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, word)
        return round(whole) + theme.px(8)


class CardList(QListView):
    """The list.

    Signals:
        picked: the key of the current card, or None. opened: the key that Enter or a double click means.
        typed: a character typed on the list, for the search box beside it.
    """

    picked = Signal(object)
    opened = Signal(object)
    typed = Signal(str)

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._cards = CardModel(self)
        self._quiet = False
        self.setModel(self._cards)
        self.setItemDelegate(_Painter(self))
        self.setAccessibleName(name)
        self.setMouseTracking(True)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.activated.connect(self._open)

    @property
    def cards(self) -> Sequence[Card]:
        """What is shown."""
        return self._cards.cards

    def show_cards(self, cards: Sequence[Card]) -> None:
        """Show these; the current card stays current where it is still there, without another `picked`."""
        here = self.current_key()
        if not self._cards.show_cards(cards):
            self.viewport().update()
            return
        if here is not None:
            self._quiet = True
            self.choose(here)
            self._quiet = False

    def current_key(self) -> bytes | None:
        """The key of the current card."""
        index = self.currentIndex()
        return self.cards[index.row()].key or None if index.isValid() else None

    def choose(self, key: bytes) -> bool:
        """Make a card current; False when it is not here."""
        for at, card in enumerate(self.cards):
            if card.key == key:
                self.setCurrentIndex(self._cards.index(at))
                self.scrollTo(self._cards.index(at))
                return True
        return False

    def choose_first(self) -> None:
        """Make the first card current, when none is."""
        if not self.currentIndex().isValid():
            first = next((at for at, card in enumerate(self.cards) if card.key), None)
            if first is not None:
                self.setCurrentIndex(self._cards.index(first))

    def currentChanged(self, current: Index, previous: Index) -> None:
        super().currentChanged(current, previous)
        if not self._quiet:
            self.picked.emit(self.current_key())

    def _open(self, index: QModelIndex) -> None:
        key = self.cards[index.row()].key
        if key:
            self.opened.emit(key)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self._open(self.currentIndex())
            return
        super().keyPressEvent(event)

    def keyboardSearch(self, search: str) -> None:
        """The search box finds instead."""
        if search.strip():
            self.typed.emit(search)
