"""The lists of the hand-over pane: what is open in six blocks, and the equipment with ticks and remarks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QColor, QResizeEvent
from PySide6.QtWidgets import (
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QScrollArea,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from dutydesk.core.clock import local
from dutydesk.core.errors import Problem
from dutydesk.core.i18n import _
from dutydesk.core.reference import label as reference_label
from dutydesk.core.reference import rows
from dutydesk.ledger.feature import OpenItem
from dutydesk.qt.theme import current
from dutydesk.qt.widgets import button, label
from dutydesk.shifts.service import Tick

WHAT, WHY, WHEN = range(3)
STATES: tuple[bool | None, ...] = (None, True, False)


class OpenList(QTreeWidget):
    """Open items by block, as on the sheet; Enter or a double click goes to one.

    Signals:
        opened: (ledger, row id).
    """

    opened = Signal(str, object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("shifts-items")
        self.setAccessibleName(_("未结事项"))
        self.setColumnCount(3)
        self.setHeaderLabels([_("事项"), _("说明"), _("到时")])
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setExpandsOnDoubleClick(False)
        self.setItemsExpandable(False)
        self.headerItem().setTextAlignment(WHEN, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.header().setStretchLastSection(False)
        self.header().setSectionResizeMode(WHAT, QHeaderView.ResizeMode.Stretch)
        self.header().setSectionResizeMode(WHY, QHeaderView.ResizeMode.Fixed)
        self.header().setSectionResizeMode(WHEN, QHeaderView.ResizeMode.Fixed)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.itemActivated.connect(self._activated)
        self._items: list[OpenItem] = []
        self._now = 0
        self._measure()

    def _measure(self) -> None:
        """Room for the time as it is written at its longest; the explanation where the rest is wide enough."""
        theme = current()
        self.setIndentation(theme.px(16))
        when = self.fontMetrics().horizontalAdvance(_("逾期 {time}").format(time="06-18 23:00")) + theme.px(24)
        self.header().resizeSection(WHEN, when)
        self.header().resizeSection(WHY, self.viewport().width() * 28 // 100)
        self.setColumnHidden(WHY, self.viewport().width() < theme.px(560))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._measure()

    def show_items(self, items: Sequence[OpenItem], now: int) -> None:
        """Show these; the current one stays current."""
        fresh = list(items)
        if fresh == self._items and local(now).date() == local(self._now).date() and not self._turned(now):
            self._now = now
            return
        here = self._current()
        self._items, self._now = fresh, now
        self.clear()
        codes = [row["code"] for row in rows("duty", "block")]
        for code in codes:
            mine = [item for item in fresh if item.block == code or (code == "TODO" and item.block not in codes)]
            self._block(code, mine, here)

    def _turned(self, now: int) -> bool:
        """Whether something has become late since it was shown."""
        return any(item.due_at is not None and self._now <= item.due_at < now for item in self._items)

    def _block(self, code: str, items: Sequence[OpenItem], here: OpenItem | None) -> None:
        name = reference_label("duty", "block", code)
        head = QTreeWidgetItem([f"{name}  {len(items)}" if items else name, "", ""])
        font = current().font(bold=True)
        head.setFont(WHAT, font)
        head.setFlags(Qt.ItemFlag.ItemIsEnabled)
        self.addTopLevelItem(head)
        head.setFirstColumnSpanned(True)
        if not items:
            none = QTreeWidgetItem([_("无"), "", ""])
            none.setFlags(Qt.ItemFlag.NoItemFlags)
            head.addChild(none)
        for item in items:
            line = self._line(item)
            head.addChild(line)
            if here is not None and (here.ledger, here.row, here.title) == (item.ledger, item.row, item.title):
                self.setCurrentItem(line)
        head.setExpanded(True)

    def _line(self, item: OpenItem) -> QTreeWidgetItem:
        detail = "" if item.detail in item.title else item.detail
        line = QTreeWidgetItem([item.title, " ".join(detail.split()), self.when(item)])
        line.setData(WHAT, Qt.ItemDataRole.UserRole, item)
        for column in (WHAT, WHY):
            line.setToolTip(column, "\n".join(part for part in (item.title, item.detail) if part))
        line.setTextAlignment(WHEN, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        if item.due_at is not None and item.due_at < self._now:
            level = current().level("late")
            if level is not None:
                line.setForeground(WHEN, QColor(level.text))
        return line

    def when(self, item: OpenItem) -> str:
        """`09:15`, `06-20 09:15`; `逾期 08:10`."""
        if item.due_at is None:
            return ""
        moment = local(item.due_at)
        shown = f"{moment:%H:%M}" if moment.date() == local(self._now).date() else f"{moment:%m-%d %H:%M}"
        return _("逾期 {time}").format(time=shown) if item.due_at < self._now else shown

    def focus_first(self) -> None:
        """Put the keyboard on the first item."""
        self.setFocus()
        if self._current() is None:
            for at in range(self.topLevelItemCount()):
                block = self.topLevelItem(at)
                line = block.child(0) if block is not None else None
                if line is not None and line.flags() & Qt.ItemFlag.ItemIsSelectable:
                    self.setCurrentItem(line)
                    return

    def _current(self) -> OpenItem | None:
        line = self.currentItem()
        held: Any = line.data(WHAT, Qt.ItemDataRole.UserRole) if line is not None else None
        return held if isinstance(held, OpenItem) else None

    def _activated(self, line: QTreeWidgetItem) -> None:
        held: Any = line.data(WHAT, Qt.ItemDataRole.UserRole)
        if isinstance(held, OpenItem):
            self.opened.emit(held.ledger, held.row)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange and hasattr(self, "_items"):
            self._measure()
            items, self._items = self._items, []
            self.show_items(items, self._now)


class EquipmentList(QWidget):
    """Each piece of equipment: not looked at, in order, out of order, and a remark.

    Signals:
        submitted: the list is to be saved.
    """

    submitted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("shifts-equipment")
        theme = current()
        self._states: dict[str, QComboBox] = {}
        self._remarks: dict[str, QLineEdit] = {}
        self._labels: list[Tick] = []
        self._start: list[Tick] = []
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        self._inside = QWidget()
        self._grid = QGridLayout(self._inside)
        self._grid.setContentsMargins(theme.px(16), theme.px(8), theme.px(16), theme.px(8))
        self._grid.setHorizontalSpacing(theme.px(12))
        self._grid.setVerticalSpacing(theme.px(4))
        self._grid.setColumnStretch(2, 1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(self._inside)
        outer.addWidget(area, 1)
        bar = QHBoxLayout()
        bar.setContentsMargins(theme.px(16), theme.px(4), theme.px(16), theme.px(8))
        bar.setSpacing(theme.px(8))
        self.problem = label("", "problem", wrap=True)
        self.problem.setObjectName("shifts-equipment-problem")
        self.all_fine = button(_("其余都正常"))
        self.all_fine.setObjectName("shifts-equipment-rest")
        self.all_fine.clicked.connect(self.rest_is_fine)
        self.save = button(_("保存清点"), primary=True)
        self.save.setObjectName("shifts-equipment-save")
        self.save.clicked.connect(self.submitted)
        bar.addWidget(self.problem, 1)
        bar.addWidget(self.all_fine)
        bar.addWidget(self.save)
        outer.addLayout(bar)

    def show_ticks(self, ticks: Sequence[Tick]) -> None:
        """Show what is known of each."""
        if [tick.label for tick in ticks] != [tick.label for tick in self._labels]:
            self._make(ticks)
        for tick in ticks:
            self._states[tick.label].setCurrentIndex(STATES.index(tick.ok))
            self._remarks[tick.label].setText(tick.remark)
        self._start = self.ticks()
        self.problem.setText("")

    def _make(self, ticks: Sequence[Tick]) -> None:
        while self._grid.count():
            taken = self._grid.takeAt(0)
            widget = taken.widget() if taken is not None else None
            if widget is not None:
                widget.deleteLater()
        self._states.clear()
        self._remarks.clear()
        self._labels = list(ticks)
        for at, tick in enumerate(ticks):
            name = tick.name
            state = QComboBox()
            state.setObjectName(f"shifts-equipment-state-{tick.code or at}")
            state.setAccessibleName(name)
            state.addItems([_("未清点"), _("√ 正常"), _("× 异常")])
            remark = QLineEdit()
            remark.setObjectName(f"shifts-equipment-remark-{tick.code or at}")
            remark.setAccessibleName(_("{name}情况").format(name=name))
            remark.setPlaceholderText(_("情况"))
            remark.returnPressed.connect(self.submitted)
            text = label(name)
            text.setBuddy(state)
            self._grid.addWidget(text, at, 0)
            self._grid.addWidget(state, at, 1)
            self._grid.addWidget(remark, at, 2)
            self._states[tick.label] = state
            self._remarks[tick.label] = remark
        self._grid.setRowStretch(len(ticks), 1)

    def ticks(self) -> list[Tick]:
        """What the list says now."""
        return [
            Tick(
                tick.code,
                tick.label,
                STATES[self._states[tick.label].currentIndex()],
                self._remarks[tick.label].text().strip(),
            )
            for tick in self._labels
        ]

    @property
    def unseen(self) -> int:
        """How many were not looked at."""
        return sum(tick.ok is None for tick in self.ticks())

    @property
    def dirty(self) -> bool:
        """Whether something was changed that is not saved."""
        return self.ticks() != self._start

    def saved(self) -> None:
        """The list as it stands is the record's."""
        self._start = self.ticks()
        self.problem.setText("")

    def rest_is_fine(self) -> None:
        """Everything that was not looked at is in order."""
        for state in self._states.values():
            if state.currentIndex() == 0:
                state.setCurrentIndex(1)
        self.save.setFocus()

    def focus_first(self) -> None:
        """Put the keyboard on the first piece that was not looked at."""
        for state in self._states.values():
            if state.currentIndex() == 0:
                state.setFocus()
                return
        self.save.setFocus()

    def tell(self, problems: Sequence[Problem]) -> None:
        """Say what was refused."""
        self.problem.setText(_("；").join(problem.reason for problem in problems))
        for tick in self.ticks():
            if tick.ok is False and not tick.remark:
                self._remarks[tick.label].setFocus()
                return
