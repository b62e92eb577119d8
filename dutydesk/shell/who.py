"""Who is at the desk: until accounts exist, the window asks (house.md §6)."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from dutydesk.core.i18n import _
from dutydesk.journal.desk import Desk
from dutydesk.qt.picker import Option, Picker
from dutydesk.qt.theme import current
from dutydesk.qt.widgets import button, label


class WhoDialog(QDialog):
    """Pick a person by characters or initials; a name that is not in the list yet is added to it.

    Signals:
        chosen: hex id of the row of `people`, and the name.
    """

    chosen = Signal(str, str)

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("who-dialog")
        self.setWindowTitle(_("谁在值班"))
        self._desk = desk
        self.picker = Picker(self._find)
        self.picker.setObjectName("who-name")
        self.picker.setPlaceholderText(_("姓名或拼音首字母"))
        self.problem = label("", "problem", wrap=True)
        self.save = button(_("就是我"), primary=True)
        self.save.setObjectName("who-save")
        self.save.clicked.connect(self.take)
        self.picker.entered.connect(self.take)
        cancel = button(_("取消"))
        cancel.clicked.connect(self.reject)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(cancel)
        row.addWidget(self.save)
        column = QVBoxLayout(self)
        column.setSpacing(current().px(8))
        column.addWidget(label(_("以后记下的每一条都署这个名字"), "muted", wrap=True))
        column.addWidget(self.picker)
        column.addWidget(self.problem)
        column.addLayout(row)
        self.resize(current().px(420), current().px(160))
        self.picker.setFocus()

    def _find(self, text: str) -> list[Option]:
        if not text.strip():
            rows = self._desk.rows("people", limit=30)
        else:
            rows = self._desk.rows("people", search=text, limit=30)
        return [Option(row.id.hex(), row.text("name"), self._desk.title("units", _id(row.get("unit")))) for row in rows]

    def take(self) -> None:
        """Whoever is picked sits here; a new name becomes a new person."""
        self.picker.settle()
        name = self.picker.text().strip()
        if self.picker.key:
            self.chosen.emit(self.picker.key, name.split("  ")[0])
            self.accept()
            return
        if not name:
            self.problem.setText(_("请写姓名"))
            return
        receipt = self._desk.act("people.add", [self._desk.new("people", {"name": name, "kind": "PERSON"})])
        self.chosen.emit(receipt.changes[0].row.hex(), name)
        self.accept()


def _id(value: Any) -> bytes | None:
    return value if isinstance(value, bytes) else None
