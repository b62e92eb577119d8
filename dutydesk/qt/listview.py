"""The table of a ledger on the screen: keyboard first, calm, and still while the data move beneath it.

Row heights are fixed and no more than the first rows are measured, which is what keeps a million rows at the price of
one page. Columns are as wide as those rows need (`qt/fitting.py`) unless a person or a pane has set their widths; the
important column takes the room that the others leave.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QItemSelection, QItemSelectionModel, QModelIndex, QPoint, Qt, Signal
from PySide6.QtGui import (
    QAction,
    QContextMenuEvent,
    QFontMetrics,
    QGuiApplication,
    QHelpEvent,
    QHideEvent,
    QKeyEvent,
    QKeySequence,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QMenu,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QToolTip,
    QWidget,
)

from dutydesk.core.i18n import _
from dutydesk.core.privacy import mask_phones
from dutydesk.journal.rows import ORIGIN
from dutydesk.ledger.kinds import LongText
from dutydesk.qt.fitting import Columns
from dutydesk.qt.offers import NOTHING_CAME
from dutydesk.qt.table import Index, LedgerModel
from dutydesk.qt.theme import current
from dutydesk.qt.widgets import EmptyState

if TYPE_CHECKING:
    from dutydesk.journal.query import Row

COPY_LIMIT = 5_000
KEEP_LIMIT = 256
"""Selections of more rows than this are let go at a refresh rather than looked up one by one."""


class _Delegate(QStyledItemDelegate):
    """Shows a cell's tooltip only where the cell is cut."""

    def helpEvent(self, event: QHelpEvent, view: QAbstractItemView, option: QStyleOptionViewItem, index: Index) -> bool:
        if event.type() == QEvent.Type.ToolTip and index.isValid() and isinstance(view, LedgerView):
            whole = view.whole_text(index)
            width = QFontMetrics(view.font()).horizontalAdvance(whole.split("\n")[0][:2_000])
            if whole and (width > view.visualRect(index).width() - current().px(18) or "\n" in whole):
                QToolTip.showText(event.globalPos(), _wrapped(whole), view)
            else:
                QToolTip.hideText()
            return True
        return super().helpEvent(event, view, option, index)


def _wrapped(text: str, width: int = 40) -> str:
    """Plain text in lines of at most `width` characters, since a plain tooltip does not wrap by itself."""
    lines = [part[at : at + width] for part in text.split("\n") for at in range(0, max(len(part), 1), width)]
    return "\n".join(lines[:24] + (["…"] if len(lines) > 24 else []))


@dataclass(slots=True)
class _Place:
    """Where the reader was before a reset."""

    current: bytes | None
    column: int
    selected: list[bytes]
    top: bytes | None
    rest: int


class LedgerView(QTableView):
    """A table over a `LedgerModel`.

    Signals:
        opened: the row that Enter or a double click means. picked: the current row has become this (or None).
        notice: one sentence for the status line. typed: a character typed on the table, for the search box beside it.
        filter_dropped: the reader asked, on an empty result, to see everything again; the query is already widened.
    """

    opened = Signal(object)
    picked = Signal(object)
    notice = Signal(str)
    typed = Signal(str)
    filter_dropped = Signal()

    def __init__(
        self,
        model: LedgerModel,
        *,
        important: str = "",
        line_for: Callable[[Row], str] | None = None,
        empty: tuple[str, str] = ("", ""),
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._ledger_model = model
        if model.parent() is None:
            model.setParent(self)
        self._important = self._important_column(important)
        self._line_for = line_for
        # What to do next is for those who can do it: not where rows of several districts are looked at.
        self._empty = (empty[0], _(NOTHING_CAME)) if model.fields[:1] == (ORIGIN,) else empty
        self._place: _Place | None = None
        self._fitting = False
        self._columns = Columns(self, model, self._important)
        self._hidden_hold = False
        self.setAccessibleName(_(model.ledger.title))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setWordWrap(False)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setItemDelegate(_Delegate(self))
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        head = self.horizontalHeader()
        head.setSectionsMovable(True)
        head.setHighlightSections(False)
        head.setSortIndicatorShown(True)
        head.setSectionsClickable(True)
        head.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        head.customContextMenuRequested.connect(self._choose_columns)
        self._overlay = EmptyState("", parent=self.viewport())
        self._overlay.acted.connect(self._drop_filter)
        self._overlay.hide()
        self._make_actions()
        self._measure()
        self.setModel(model)
        self._show_order()
        head.sortIndicatorChanged.connect(self._sort)
        head.sectionResized.connect(self._resized)
        model.modelAboutToBeReset.connect(self._remember)
        model.modelReset.connect(self._return)
        model.asked.connect(self._show_order)
        model.asked.connect(self._refit)
        self.activated.connect(self._open)
        self.selectionModel().currentRowChanged.connect(self._pick)
        self._widths()
        self._show_overlay()

    # -- for panes --------------------------------------------------------------------------------------------------

    @property
    def ledger_model(self) -> LedgerModel:
        return self._ledger_model

    def current_row(self) -> Row | None:
        """The row under the keyboard."""
        index = self.currentIndex()
        return self._ledger_model.row(index.row()) if index.isValid() else None

    def selected_numbers(self) -> list[int]:
        """Numbers of the selected rows in the order of the table, at most `COPY_LIMIT` + 1."""
        found: set[int] = set()
        for part in self.selectionModel().selection().toList():
            found.update(range(part.top(), min(part.bottom(), part.top() + COPY_LIMIT) + 1))
        return sorted(found)[: COPY_LIMIT + 1]

    def show_row(self, row_id: bytes) -> bool:
        """Make the row with this id current and visible; False when the query does not hold it."""
        self._ledger_model.catch_up()
        at = self._ledger_model.position(row_id)
        if at is None:
            return False
        index = self._ledger_model.index(at, self._first_column())
        self.setCurrentIndex(index)
        self.scrollTo(index, QAbstractItemView.ScrollHint.EnsureVisible)
        return True

    def whole_text(self, index: Index) -> str:
        """The cell's text without the cut that a cell makes."""
        row = self._ledger_model.row(index.row())
        return self._ledger_model.text(row, self._ledger_model.fields[index.column()]) if row else ""

    def columns_state(self) -> bytes:
        """Column order, widths at 100 % of those that somebody set, hidden columns and sort order, for a `local_*`
        table."""
        head, fields = self.horizontalHeader(), self._ledger_model.fields
        order = sorted(range(len(fields)), key=head.visualIndex)
        return json.dumps(
            {
                "columns": [fields[at].name for at in order],
                "widths": {fields[at].name: self._columns.own[at] for at in order if at in self._columns.own},
                "hidden": [fields[at].name for at in order if head.isSectionHidden(at)],
                "order": self._ledger_model.query.order,
            },
            ensure_ascii=False,
        ).encode()

    def restore_columns(self, state: bytes) -> None:
        """Take back what `columns_state` gave; columns that are no longer there are passed over, new ones stay at the end."""
        try:
            told = json.loads(state)
        except ValueError:
            return
        head = self.horizontalHeader()
        numbers = {item.name: at for at, item in enumerate(self._ledger_model.fields)}
        self._fitting = True
        known = [numbers[name] for name in told.get("columns", ()) if name in numbers]
        for to, at in enumerate(known):
            head.moveSection(head.visualIndex(at), to)
        for name, width in told.get("widths", {}).items():
            if name in numbers and numbers[name] != self._important:
                self._columns.own[numbers[name]] = max(int(width), 24)
        for name, at in numbers.items():
            head.setSectionHidden(at, name in told.get("hidden", ()) and at != self._important)
        self._fitting = False
        order = str(told.get("order", ""))
        if order.lstrip("-") in numbers:
            self._ledger_model.sort(
                numbers[order.lstrip("-")],
                Qt.SortOrder.DescendingOrder if order.startswith("-") else Qt.SortOrder.AscendingOrder,
            )
        self._refit()

    # -- copying ----------------------------------------------------------------------------------------------------

    def _make_actions(self) -> None:
        self.copy_action = QAction(_("复制"), self)
        self.copy_action.setShortcut(QKeySequence.StandardKey.Copy)
        self.copy_action.triggered.connect(self.copy_cells)
        self.line_action = QAction(_("复制成一行（发微信）"), self)
        self.line_action.setShortcut(QKeySequence("Ctrl+Shift+C"))
        self.line_action.triggered.connect(self.copy_lines)
        self.line_action.setVisible(self._line_for is not None)
        self.line_action.setEnabled(self._line_for is not None)
        for action in (self.copy_action, self.line_action):
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
            self.addAction(action)

    def copy_cells(self) -> None:
        """The selected rows, visible columns in their order on the screen, as tab-separated values, masked."""
        numbers = self._told_numbers()
        head, model = self.horizontalHeader(), self._ledger_model
        columns = [at for at in sorted(range(len(model.fields)), key=head.visualIndex) if not head.isSectionHidden(at)]
        lines: list[str] = []
        for number in numbers:
            cells = model.texts(number)
            lines.append("\t".join(" ".join(cells[at].split()) for at in columns))
        if lines:
            QGuiApplication.clipboard().setText("\n".join(lines))

    def copy_lines(self) -> None:
        """One line for each selected row, ready to be sent; masked, also the numbers inside texts."""
        if self._line_for is None:
            return
        rows = (self._ledger_model.row(number) for number in self._told_numbers())
        model = self._ledger_model
        lines = [mask_phones(model.placed(row, self._line_for(model.masked(row)))) for row in rows if row is not None]
        if lines:
            QGuiApplication.clipboard().setText("\n".join(" ".join(text.split("\n")) for text in lines))

    def _told_numbers(self) -> list[int]:
        numbers = self.selected_numbers()
        if len(numbers) > COPY_LIMIT:
            self.notice.emit(_("选得太多，只复制了前 {limit} 行").format(limit=COPY_LIMIT))
        return numbers[:COPY_LIMIT]

    # -- columns ----------------------------------------------------------------------------------------------------

    def _important_column(self, name: str) -> int:
        fields = self._ledger_model.fields
        for at, item in enumerate(fields):
            if name == item.name or (not name and isinstance(item.kind, LongText)):
                return at
        return max(range(len(fields)), key=lambda at: fields[at].width) if fields else 0

    def _widths(self) -> None:
        self._columns.forget()
        self._columns.sample()
        self._refit()

    def _resized(self, at: int, before: int, now: int) -> None:
        """A person has dragged a column: that width stays."""
        if self._fitting:
            return
        if before and now and at != self._important:  # neither hidden nor shown again
            self._columns.own[at] = round(now * 100 / current().percent)
        self._refit()

    def _refit(self, *_unused: object) -> None:
        """Share the room among the columns."""
        if self._fitting:
            return
        self._fitting = True
        head = self.horizontalHeader()
        for at, width in self._columns.widths().items():
            head.resizeSection(at, width)
        self._fitting = False

    def _choose_columns(self, at: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        head = self.horizontalHeader()
        for column, item in enumerate(self._ledger_model.fields):
            action = menu.addAction(_(item.label))
            action.setCheckable(True)
            action.setChecked(not head.isSectionHidden(column))
            action.setEnabled(column != self._important)
            action.setData(column)
        menu.triggered.connect(self._toggle_column)
        menu.popup(head.mapToGlobal(at))

    def _toggle_column(self, action: QAction) -> None:
        self.horizontalHeader().setSectionHidden(int(action.data()), not action.isChecked())
        self._refit()

    def _first_column(self) -> int:
        head = self.horizontalHeader()
        for at in range(head.count()):
            if not head.isSectionHidden(head.logicalIndex(at)):
                return head.logicalIndex(at)
        return 0

    # -- order, place, emptiness ------------------------------------------------------------------------------------

    def _sort(self, column: int, order: Qt.SortOrder) -> None:
        if column >= 0:
            self._ledger_model.sort(column, order)

    def _show_order(self) -> None:
        order, head = self._ledger_model.order, self.horizontalHeader()
        for at, item in enumerate(self._ledger_model.fields):
            if item.name == order.lstrip("-"):
                downward = Qt.SortOrder.DescendingOrder if order.startswith("-") else Qt.SortOrder.AscendingOrder
                head.blockSignals(True)
                head.setSortIndicator(at, downward)
                head.blockSignals(False)
                head.viewport().update()
                return
        head.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)

    def _remember(self) -> None:
        model, here = self._ledger_model, self.currentIndex()
        numbers = self.selected_numbers()
        top = self.rowAt(0)
        rows = [model.row(number) for number in numbers] if len(numbers) <= KEEP_LIMIT else []
        now = model.row(here.row()) if here.isValid() else None
        # At the very top the reader wants to see what comes in; elsewhere the same row stays at the top.
        first = model.row(top) if top > 0 else None
        self._place = _Place(
            now.id if now else None,
            max(here.column(), 0),
            [row.id for row in rows if row is not None],
            first.id if first else None,
            self.verticalScrollBar().value(),
        )

    def _return(self) -> None:
        place, self._place = self._place, None
        self._show_overlay()
        if self._columns.sample():
            self._refit()
        if place is None:
            return
        model, choice = self._ledger_model, QItemSelection()
        last = max(len(model.fields) - 1, 0)
        for row_id in place.selected:
            at = model.position(row_id)
            if at is not None:
                choice.select(model.index(at, 0), model.index(at, last))
        flags = QItemSelectionModel.SelectionFlag
        if place.current is not None:
            at = model.position(place.current)
            if at is not None:
                self.selectionModel().setCurrentIndex(model.index(at, place.column), flags.NoUpdate)
        if not choice.isEmpty():
            self.selectionModel().select(choice, flags.ClearAndSelect)
        top = model.position(place.top) if place.top is not None else None
        if top is not None:
            self.scrollTo(model.index(top, self._first_column()), QAbstractItemView.ScrollHint.PositionAtTop)
        elif place.top is None:
            self.scrollToTop()

    def _show_overlay(self) -> None:
        empty = self._ledger_model.rowCount() == 0
        if empty and self._ledger_model.narrowed and not self._ledger_model.bare():
            self._overlay.say(_("没有符合条件的记录"), _("换个词，或者"), _("看全部"))
        elif empty:
            title = _(self._ledger_model.ledger.title)
            self._overlay.say(self._empty[0] or _("{title}还没有记录").format(title=title), self._empty[1])
        self._overlay.setVisible(empty)
        self._overlay.setGeometry(self.viewport().rect())

    def _drop_filter(self) -> None:
        from dataclasses import replace

        self._ledger_model.set_query(replace(self._ledger_model.query, where=(), search=""))
        self.filter_dropped.emit()

    def _open(self, index: QModelIndex) -> None:
        row = self._ledger_model.row(index.row())
        if row is not None:
            self.opened.emit(row)

    def _pick(self, index: QModelIndex) -> None:
        self.picked.emit(self._ledger_model.row(index.row()) if index.isValid() else None)

    def _measure(self) -> None:
        theme = current()
        self.verticalHeader().setMinimumSectionSize(theme.row)
        self.verticalHeader().setDefaultSectionSize(theme.row)
        self.horizontalHeader().setMinimumSectionSize(theme.px(24))
        self.horizontalHeader().setFixedHeight(theme.row)

    # -- Qt ---------------------------------------------------------------------------------------------------------

    def keyboardSearch(self, search: str) -> None:
        """Qt would walk through every row; the search box finds instead."""
        if search.strip():
            self.typed.emit(search)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if (
            event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
            and not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        ):
            if self.currentIndex().isValid():
                self._open(self.currentIndex())
            return
        super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        index = self.indexAt(event.pos())
        if index.isValid() and not self.selectionModel().isRowSelected(index.row(), QModelIndex()):
            self.setCurrentIndex(index)
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addActions([action for action in self.actions() if action.isVisible()])
        menu.popup(event.globalPos())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._refit()
        self._overlay.setGeometry(self.viewport().rect())

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._hidden_hold:
            self._hidden_hold = False
            self._ledger_model.release()
        if self._columns.sample():
            self._refit()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        if not self._hidden_hold and not event.spontaneous():
            self._hidden_hold = True
            self._ledger_model.hold()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange and hasattr(self, "_ledger_model"):
            before = self.verticalHeader().defaultSectionSize()
            self._measure()
            if before != current().row:
                self._widths()
