"""Filters above a list: choices, ticks and a search, in one row; where there is little room the search stands below and
the filters go on in the next line. What they mean is the pane's affair."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QVBoxLayout, QWidget

from dutydesk.core.i18n import _
from dutydesk.qt.flow import flow
from dutydesk.qt.theme import current
from dutydesk.qt.widgets import SearchBox


class FilterBar(QWidget):
    """A row of filters named `PREFIX-NAME`.

    Signals:
        changed: any of them says something else. down: from the search into the list.
    """

    changed = Signal()
    down = Signal()

    def __init__(self, prefix: str, search: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._prefix = prefix
        self._combos: dict[str, QComboBox] = {}
        self._ticks: dict[str, QCheckBox] = {}
        self._folded = False
        self._rows = QVBoxLayout(self)
        self._rows.setContentsMargins(current().px(8), 0, current().px(8), current().px(4))
        self._rows.setSpacing(current().px(4))
        self._row, self._second = QHBoxLayout(), QHBoxLayout()
        for row in (self._row, self._second):
            row.setSpacing(current().px(8))
            self._rows.addLayout(row)
        self._filters = QWidget()
        self._flow = flow(self._filters, current().px(8))
        self._row.addWidget(self._filters)
        self.search = SearchBox(search)
        self.search.setObjectName(f"{prefix}-search")
        self.search.searched.connect(self.changed)
        self.search.down.connect(self.down)
        self._row.addWidget(self.search, 1)

    def add(self, widget: QWidget) -> None:
        """A widget of the pane's own, after those that are there."""
        self._flow.addWidget(widget)

    def add_choice(self, name: str, told: str, choices: Sequence[tuple[str, str]]) -> QComboBox:
        """A choice of (code, label); the first one is what `reset` goes back to."""
        made = QComboBox()
        made.setObjectName(f"{self._prefix}-{name}")
        made.setAccessibleName(told)
        made.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        for code, text in choices:
            made.addItem(_(text), code)
        made.currentIndexChanged.connect(self.changed)
        self._combos[name] = made
        self.add(made)
        return made

    def add_tick(self, name: str, told: str) -> QCheckBox:
        """Yes or no."""
        made = QCheckBox(told)
        made.setObjectName(f"{self._prefix}-{name}")
        made.toggled.connect(self.changed)
        self._ticks[name] = made
        self.add(made)
        return made

    def choice(self, name: str) -> str:
        """The code that is chosen."""
        return str(self._combos[name].currentData())

    def choose(self, name: str, code: str) -> None:
        """Choose a code; one that is not there changes nothing."""
        at = self._combos[name].findData(code)
        if at >= 0:
            self._combos[name].setCurrentIndex(at)

    def ticked(self, name: str) -> bool:
        return self._ticks[name].isChecked()

    def _fold(self) -> None:
        """The search in a row of its own where the filters leave it less than its least width."""
        taken = self._flow.sizeHint().width() + self._row.spacing()
        folded = self.width() - taken - 2 * current().px(8) < current().px(200)
        if folded is not self._folded:
            self._folded = folded
            (self._row if folded else self._second).removeWidget(self.search)
            (self._second if folded else self._row).addWidget(self.search, 1)
            self._row.setStretch(0, int(folded))
        self.setFixedHeight(max(self._rows.heightForWidth(self.width()), self._rows.minimumSize().height()))

    def hasHeightForWidth(self) -> bool:
        """No: a pane that asks for its height by its width is scrolled where it need not be. It is fixed instead."""
        return False

    def reset(self) -> None:
        """Everything as at the beginning; `changed` comes once."""
        inputs = (*self._combos.values(), *self._ticks.values(), self.search)
        blocked = [widget.blockSignals(True) for widget in inputs]
        for combo in self._combos.values():
            combo.setCurrentIndex(0)
        for tick in self._ticks.values():
            tick.setChecked(False)
        self.search.clear()
        for widget, before in zip(inputs, blocked, strict=True):
            widget.blockSignals(before)
        self.changed.emit()

    def search_for(self, text: str) -> None:
        """Go on typing in the search box what was begun on the list."""
        self.search.setFocus()
        self.search.setText(text)

    def focus_search(self) -> None:
        self.search.setFocus()
        self.search.selectAll()

    def minimumSizeHint(self) -> QSize:
        """Narrow enough to fold."""
        least = super().minimumSizeHint()
        spare = 0 if self._folded else self.search.minimumWidth()
        return QSize(max(least.width() - spare, 0), least.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fold()
