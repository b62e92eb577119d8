"""The month grid: days across, posts or people down, with heads that stay.

A name or its initials typed on a cell opens a picker on it; a cell is dragged onto another, or marked (Ctrl+X) and
put down (Ctrl+V). The view changes nothing: it says what is wanted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPoint, Qt, Signal
from PySide6.QtGui import QFocusEvent, QInputMethodEvent, QKeyEvent, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QApplication, QTableView, QWidget

from dutydesk.core.i18n import _
from dutydesk.qt.picker import Find, Option, Picker
from dutydesk.qt.theme import current
from dutydesk.roster.pane_sheet import (
    CELL_WIDTH,
    NUMBER_WIDTH,
    USE_WIDTH,
    CellPainter,
    Corner,
    DayHead,
    LineHead,
    Paints,
    SheetModel,
)
from dutydesk.roster.sheets import Sheet

PICKER_WIDTH = 220
STILL_HERE = (Qt.FocusReason.PopupFocusReason, Qt.FocusReason.ActiveWindowFocusReason)
"""Why a line loses the keyboard without being left: its own list opens, another window comes to the front."""


class RosterView(QTableView):
    """The grid itself.

    Signals:
        assigned: (row, column, key of the person, or the text that names nobody known). cleared: (row, column).
        exchanged: (row, column, row, column). looked: the current cell is another. notice: a sentence to be shown.
    """

    assigned = Signal(int, int, str)
    cleared = Signal(int, int)
    exchanged = Signal(int, int, int, int)
    looked = Signal()
    notice = Signal(str)

    def __init__(self, name: str, label: str, width: int = CELL_WIDTH, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(label)
        self._width = width
        self.sheet_model = SheetModel(self)
        self.paints = Paints(current())
        self.source: tuple[int, int] | None = None
        """The cell that was marked to be put elsewhere, or is being dragged."""
        self.place: tuple[int, int] | None = None
        """The current cell."""
        self.target: tuple[int, int] | None = None
        """The cell above which a dragged one is."""
        self.editable = True
        self.active = False
        """Whether the keyboard is here, or was here last."""
        self._find: Find | None = None
        self._find_at: tuple[int, int] = (0, 0)
        self._next = "down"
        self._pressed: QPoint | None = None
        self._dragging = False
        self.picker: Picker | None = None
        self.setModel(self.sheet_model)
        self.setHorizontalHeader(DayHead(Qt.Orientation.Horizontal, self))
        self.setVerticalHeader(LineHead(Qt.Orientation.Vertical, self))
        self.setItemDelegate(CellPainter(self))
        self.setShowGrid(True)
        self.setWordWrap(False)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)
        self.setAttribute(Qt.WidgetAttribute.WA_InputMethodEnabled)
        self._corner = Corner(self)
        self._measure()
        self.selectionModel().currentChanged.connect(self._moved)

    # -- what is shown ---------------------------------------------------------------------------------------------

    def show_sheet(self, sheet: Sheet) -> None:
        """Show a sheet; the current cell and the place of the scroll bars stay where they are still there."""
        here = self.currentIndex()
        line = self.sheet_model.sheet.lines[here.row()].key if here.isValid() else None
        day = self.sheet_model.sheet.days[here.column()].date if here.isValid() else ""
        old = self.sheet_model.sheet
        self.sheet_model.show(sheet)
        if not self.currentIndex().isValid():
            self.leave_picker()  # its cell may be another one now
            self.place = None
        if old.captions != sheet.captions or not old.lines:
            self._measure()
        if not self.currentIndex().isValid() and sheet.days and sheet.lines:
            row = next((at for at, one in enumerate(sheet.lines) if one.key == line), 0)
            today = next((at for at, one in enumerate(sheet.days) if one.today), 0)
            column = next((at for at, one in enumerate(sheet.days) if one.date == day), today)
            self.go(row, column)
        self._corner.update()

    def go(self, row: int, column: int) -> None:
        """Make a cell current and bring it into sight."""
        index = self.sheet_model.index(row, column)
        if index.isValid():
            self.setCurrentIndex(index)
            self.scrollTo(index)

    def here(self) -> tuple[int, int] | None:
        """Row and column of the current cell."""
        return self.place

    def head_width(self) -> int:
        """Pixels that the row heads want."""
        sheet, px = self.sheet_model.sheet, self.paints.theme.px
        widest = max((self.paints.metrics.horizontalAdvance(line.label) for line in sheet.lines), default=0)
        count = len(sheet.captions)
        return max(widest + px(14), px(64)) + count * px(NUMBER_WIDTH) + (px(USE_WIDTH) if count else 0)

    def set_head_width(self, width: int) -> None:
        """Make the row heads so wide: two grids one above the other share their columns."""
        if self.verticalHeader().width() != width:
            self.verticalHeader().setFixedWidth(width)
            self.updateGeometries()

    def set_cell_width(self, width: int) -> None:
        """Pixels at 100 % of a column."""
        self._width = width
        self.horizontalHeader().setDefaultSectionSize(current().px(width))

    def rows_height(self) -> int:
        """Pixels that all rows and the head take."""
        return self.sheet_model.rowCount() * self.paints.theme.row + self.horizontalHeader().height() + 2

    def _measure(self) -> None:
        self.paints = Paints(current())
        theme = current()
        self.horizontalHeader().setDefaultSectionSize(theme.px(self._width))
        self.verticalHeader().setMinimumSectionSize(theme.row)
        self.verticalHeader().setDefaultSectionSize(theme.row)
        self.verticalHeader().setFixedWidth(self.head_width())

    def updateGeometries(self) -> None:
        super().updateGeometries()
        if hasattr(self, "_corner"):
            frame = self.frameWidth()
            self._corner.setGeometry(frame, frame, self.verticalHeader().width(), self.horizontalHeader().height())
            self._corner.raise_()

    def _moved(self, now: QModelIndex, _before: QModelIndex) -> None:
        self.place = (now.row(), now.column()) if now.isValid() else None
        self.horizontalHeader().viewport().update()
        self.verticalHeader().viewport().update()
        self.looked.emit()

    # -- typing a name ---------------------------------------------------------------------------------------------

    def pick(self, text: str = "") -> None:
        """Open the picker on the current cell, with a text already typed."""
        here = self.here()
        if here is None or not self.editable:
            self.notice.emit(_("这里不能改") if here is not None else "")
            return
        self.leave_picker()
        self._find_at = here
        picker = Picker(self._found, self.viewport())
        picker.setObjectName(f"{self.objectName()}-picker")
        picker.setAccessibleName(self.sheet_model.described(*here).replace("\n", " "))
        picker.setPlaceholderText(_("姓名或拼音首字母"))
        rect = self.visualRect(self.currentIndex())
        width = self.paints.theme.px(PICKER_WIDTH)
        left = max(0, min(rect.left(), self.viewport().width() - width))
        picker.setGeometry(left, rect.top(), width, max(rect.height(), picker.sizeHint().height()))
        picker.entered.connect(self._picked)
        picker.installEventFilter(self)
        self.picker = picker
        picker.show()
        picker.setFocus()
        if text:
            picker.insert(text)
            picker.textEdited.emit(text)

    def set_find(self, find: Any) -> None:
        """`find(row, column, text)` gives the people who may be picked there."""
        self._find = find

    def _found(self, text: str) -> Sequence[Option]:
        find: Any = self._find
        return find(*self._find_at, text) if find is not None else ()

    def _picked(self) -> None:
        picker = self.picker
        if picker is None:
            return
        told = picker.told()
        place = self._find_at
        self.leave_picker()
        if told:
            self._next = "down"
            self.assigned.emit(*place, told)

    def leave_picker(self) -> None:
        """Take the picker away; the keyboard comes back to the cell."""
        if self.picker is not None:
            self._drop_picker()
            self.setFocus()

    def _left(self) -> None:
        """The keyboard has gone elsewhere: what the text can only mean is taken, anything else is dropped."""
        picker, place = self.picker, self._find_at
        if picker is None:
            return
        told = picker.told() if picker.settle() else ""
        self._drop_picker()
        if told:
            self._next = "stay"
            self.assigned.emit(*place, told)

    def _drop_picker(self) -> None:
        picker, self.picker = self.picker, None
        if picker is not None:
            picker.removeEventFilter(self)
            picker.hide()
            picker.setParent(None)
            picker.deleteLater()

    def onward(self) -> None:
        """What was typed has been taken: on to the next post, after the last one to the first of the next day; after
        Tab to the next day of the same post."""
        here = self.here()
        if here is None or self._next == "stay":
            return
        row, column = here
        if self._next == "right":
            self.go(row, column + 1)
        elif row + 1 < self.sheet_model.rowCount():
            self.go(row + 1, column)
        elif column + 1 < self.sheet_model.columnCount():
            self.go(0, column + 1)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.picker and self.picker is not None:
            if isinstance(event, QFocusEvent) and event.lostFocus() and event.reason() not in STILL_HERE:
                self._left()
            if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):  # noqa: SIM102
                if event.key() == Qt.Key.Key_Escape:
                    event.accept()
            if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
                if event.key() == Qt.Key.Key_Escape and not self.picker.offered:
                    self.leave_picker()
                    return True
                if event.key() == Qt.Key.Key_Tab:
                    self.picker.settle()
                    row, column = self._find_at
                    told = self.picker.told()
                    self.leave_picker()
                    self._next = "right"
                    if told:
                        self.assigned.emit(row, column, told)
                    else:
                        self.go(row, column + 1)
                    return True
        return super().eventFilter(watched, event)

    # -- keys ------------------------------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, held = event.key(), event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        plain = held in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier)
        here = self.here()
        if plain and key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.pick()
        elif plain and key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and here is not None:
            if self.editable:
                self.cleared.emit(*here)
        elif key == Qt.Key.Key_Escape and self.source is not None:
            self.unmark()
        elif held == Qt.KeyboardModifier.AltModifier and key == Qt.Key.Key_Down:
            self.pick()
        elif plain and event.text() and event.text().isprintable() and not event.text().isspace():
            self.pick(event.text())
        else:
            super().keyPressEvent(event)

    def inputMethodEvent(self, event: QInputMethodEvent) -> None:
        """Characters of an input method begin a name as letters do."""
        if self.picker is None:
            self.pick()
        if self.picker is not None:
            QApplication.sendEvent(self.picker, event)

    def inputMethodQuery(self, query: Qt.InputMethodQuery) -> Any:
        if query == Qt.InputMethodQuery.ImEnabled:
            return True
        if query == Qt.InputMethodQuery.ImCursorRectangle:
            return self.visualRect(self.currentIndex())
        return super().inputMethodQuery(query)

    # -- putting one cell in another's place -----------------------------------------------------------------------

    def mark(self) -> None:
        """Remember the current cell, to be put elsewhere."""
        here = self.here()
        if here is not None and self.editable:
            self.source = here
            self.notice.emit(_("已选中，移到另一格按 Ctrl+V 对换，Esc 取消"))
            self.viewport().update()

    def put(self) -> None:
        """Exchange the marked cell with the current one."""
        here, source = self.here(), self.source
        self.unmark()
        if here is not None and source is not None and here != source and self.editable:
            self.exchanged.emit(*source, *here)

    def unmark(self) -> None:
        """Forget what was marked."""
        self.source = self.target = None
        self.notice.emit("")
        self.viewport().update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        super().mousePressEvent(event)
        self._dragging = False
        self._pressed = None
        if event.button() == Qt.MouseButton.LeftButton and self.editable:
            index = self.indexAt(event.position().toPoint())
            if index.isValid() and self.sheet_model.cell(index.row(), index.column()).text:
                self._pressed = event.position().toPoint()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position().toPoint()
        if self._pressed is None:
            super().mouseMoveEvent(event)
            return
        if not self._dragging and (at - self._pressed).manhattanLength() >= QApplication.startDragDistance():
            index = self.indexAt(self._pressed)
            self._dragging = True
            self.source = (index.row(), index.column())
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
        if self._dragging:
            index = self.indexAt(at)
            target = (index.row(), index.column()) if index.isValid() else None
            if target != self.target:
                self.target = target if target != self.source else None
                self.viewport().update()
            self._creep(at)

    def _creep(self, at: QPoint) -> None:
        """Scroll while a cell is dragged towards an edge."""
        edge, step = self.paints.theme.px(24), self.paints.theme.px(16)
        bar = self.horizontalScrollBar()
        if at.x() > self.viewport().width() - edge:
            bar.setValue(bar.value() + step)
        elif at.x() < edge:
            bar.setValue(bar.value() - step)
        bar = self.verticalScrollBar()
        if at.y() > self.viewport().height() - edge:
            bar.setValue(bar.value() + step)
        elif at.y() < edge:
            bar.setValue(bar.value() - step)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        dragged, source, target = self._dragging, self.source, self.target
        self._pressed, self._dragging = None, False
        super().mouseReleaseEvent(event)
        if dragged:
            self.unsetCursor()
            self.unmark()
            if source is not None and target is not None:
                self.go(*target)
                self.exchanged.emit(*source, *target)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self.indexAt(event.position().toPoint()).isValid():
            self.pick()

    # -- Qt --------------------------------------------------------------------------------------------------------

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange and hasattr(self, "_corner"):
            self._measure()
            self.viewport().update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.leave_picker()
