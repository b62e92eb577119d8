"""A row whole, to be read where nobody writes: what a form at the side is at a desk, without anything to type into."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from dutydesk.core.i18n import _
from dutydesk.ledger.spec import On
from dutydesk.qt.detail import Detail, DetailPanel
from dutydesk.qt.table import LedgerModel
from dutydesk.qt.theme import current
from dutydesk.qt.widgets import button

if TYPE_CHECKING:
    from dutydesk.journal.query import Row


class RowSheet(QWidget):
    """One row of `model` under the heading `title`: every field that says something.

    Signals:
        closed: the reader is through with it (Esc, or the button).
    """

    closed = Signal()

    def __init__(self, model: LedgerModel, row: Row, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        fields = [*model.fields, *(one for one in model.ledger.on(On.FORM) if one not in model.fields)]
        facts = [(_(one.label), " ".join(filter(None, (model.text(row, one), _(one.unit) if one.unit else ""))))
                 for one in fields if model.text(row, one)]  # fmt: skip
        told = _("个人信息不传给上级，这里没有") if model.ledger.personal else ""
        self.panel = DetailPanel("")
        self.panel.show_detail(Detail(title, told, tuple(facts)))
        self.leave = button(_("关闭"), tip="Esc")
        self.leave.clicked.connect(self.closed)
        bar = QHBoxLayout()
        bar.setContentsMargins(current().px(16), current().px(8), current().px(16), current().px(12))
        bar.addStretch(1)
        bar.addWidget(self.leave)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.panel, 1)
        column.addLayout(bar)
        self.setFocusProxy(self.panel)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        else:
            super().keyPressEvent(event)
