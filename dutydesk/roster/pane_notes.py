"""The list below the month: what is wrong, or which hours nobody covers, each with the place that it is about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QAbstractItemView, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from dutydesk.core.clock import MINUTE
from dutydesk.core.errors import DutyDeskError
from dutydesk.core.i18n import _
from dutydesk.journal.desk import Desk
from dutydesk.qt.theme import current
from dutydesk.qt.widgets import label
from dutydesk.roster import rows, service, sheets
from dutydesk.roster.rows import Key


@dataclass(frozen=True, slots=True)
class Note:
    """One line of the list below the grid: what is wrong, and the place that Enter goes to."""

    text: str
    key: Key | None = None


class NotesBox(QWidget):
    """A head and a list.

    Signals:
        chosen: the place that Enter goes to. left: Esc.
    """

    chosen = Signal(object)
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme = current()
        self._notes: Sequence[Note] = ()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self.head = label("", "muted")
        self.head.setObjectName("roster-notes-head")
        self.head.setContentsMargins(theme.px(8), theme.px(4), theme.px(8), theme.px(4))
        self.list = QListWidget()
        self.list.setObjectName("roster-notes")
        self.list.setUniformItemSizes(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.list.itemActivated.connect(self._activated)
        self.list.installEventFilter(self)
        column.addWidget(self.head)
        column.addWidget(self.list, 1)
        self.hide()

    def fill(self, head: str, notes: Sequence[Note]) -> None:
        """Show these; the current line stays where it was."""
        self.head.setText(head)
        here = self.list.currentRow()
        self._notes = notes
        self.list.clear()
        for note in notes:
            item = QListWidgetItem(note.text)
            item.setToolTip(note.text)
            self.list.addItem(item)
        if notes:
            self.list.setCurrentRow(min(max(here, 0), len(notes) - 1))

    def _activated(self, item: QListWidgetItem) -> None:
        at = self.list.row(item)
        key = self._notes[at].key if 0 <= at < len(self._notes) else None
        if key is not None:
            self.chosen.emit(key)

    def eventFilter(self, watched: Any, event: QEvent) -> bool:
        if event.type() == QEvent.Type.KeyPress:
            key: Any = event
            if key.key() == Qt.Key.Key_Escape and not key.modifiers():
                self.left.emit()
                return True
        return super().eventFilter(watched, event)


def coverage_notes(desk: Desk, grid: rows.Grid | None, year: int, gaps: rows.Coverage) -> tuple[str, list[Note]]:
    """Which hours of the span nobody covers, under what that is of the year."""
    try:
        whole = service.coverage(desk, f"{year}-01-01", f"{year}-12-31")
        told = _("{year} 年 {hours} 小时中 {short} 小时不足").format(
            year=year, hours=f"{whole.hours:,}", short=hours_text(whole.short_minutes)
        )
    except DutyDeskError as error:
        told = str(error)
    notes = [
        Note(
            _("{place}：要 {wanted} 人，排了 {held} 人，{hours} 小时").format(
                place=place_text(desk, grid, (gap.date, gap.shift, gap.post, gap.held + 1)),
                wanted=gap.wanted,
                held=gap.held,
                hours=hours_text((gap.end - gap.start) // MINUTE),
            ),
            (gap.date, gap.shift, gap.post, gap.held + 1),
        )
        for gap in gaps.missing
    ]
    return _("{told}；本期不足 {count} 处").format(told=told, count=len(notes)), notes


def problem_notes(desk: Desk, grid: rows.Grid | None, span: tuple[str, str]) -> tuple[str, list[Note]]:
    """What is wrong in the cells of a span."""
    found = sorted((key, cell) for key, cell in grid.cells.items() if cell.problems) if grid is not None else []
    names = grid.names if grid is not None else {}
    notes = [
        Note(f"{place_text(desk, grid, key)} {names.get(cell.person or b'', '')}{_('：')}{text}", key)
        for key, cell in found
        if span[0] <= key[0] <= span[1]
        for text in cell.problems
    ]
    if not notes:
        return _("没有问题，Esc 收起"), notes
    return _("问题 {count} 处，回车到那一格，Esc 收起").format(count=len(notes)), notes


def place_text(desk: Desk, grid: rows.Grid | None, key: Key) -> str:
    """`6月19日 周五 带班领导`."""
    labels = {(line.shift, line.post, line.slot): line.label for line in grid.lines} if grid is not None else {}
    return f"{sheets.date_text(key[0])} {labels.get(key[1:], service.post_name(desk, key[2]))}"


def hours_text(minutes: int) -> str:
    """`3`, `3.5`: minutes as hours."""
    return f"{minutes // 60}" if minutes % 60 == 0 else f"{minutes / 60:.1f}"
