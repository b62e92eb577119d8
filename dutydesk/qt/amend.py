"""Correct a saved row that is never rewritten: the new wording and the reason, then a row of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from dutydesk.core.errors import DutyDeskError, Problem
from dutydesk.core.i18n import _
from dutydesk.ledger.spec import Ledger, Value
from dutydesk.qt.editors import ParseTime
from dutydesk.qt.forms import LedgerForm
from dutydesk.qt.theme import current
from dutydesk.qt.widgets import button, fit, label

if TYPE_CHECKING:
    from dutydesk.journal.query import Row

Amend = Callable[[Mapping[str, Value], str], Any]
"""`amend(changed values, reason)` writes the correction or raises."""


class AmendDialog(QDialog):
    """A form over `row`, and the reason. `amend` is called once for each try; its refusal is shown beside the fields.

    Signals:
        amended: what `amend` gave.
    """

    amended = Signal(object)

    def __init__(
        self,
        ledger: Ledger,
        desk: Any,
        row: Row,
        amend: Amend,
        *,
        heading: str,
        names: Sequence[str],
        reasons: Sequence[str] = (),
        parse_time: ParseTime | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("amend-dialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(_("更正"))
        self._amend = amend
        theme = current()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, theme.px(12), 0, 0)
        column.setSpacing(theme.px(8))
        head = QVBoxLayout()
        head.setContentsMargins(theme.px(16), 0, theme.px(16), 0)
        head.setSpacing(theme.px(8))
        head.addWidget(label(heading, "heading", wrap=True))
        head.addWidget(label(_("原来的一条保留不动，更正另记一条。"), "muted", wrap=True))
        row_of_reason = QHBoxLayout()
        row_of_reason.setSpacing(theme.px(8))
        row_of_reason.addWidget(label(_("更正原因")))
        self.reason = QLineEdit()
        self.reason.setObjectName("amend-reason")
        self.reason.setAccessibleName(_("更正原因（必填）"))
        self.reason.returnPressed.connect(self._go_on)
        row_of_reason.addWidget(self.reason, 1)
        self._quick: list[QPushButton] = []
        for text in reasons:
            choice = button(text)
            choice.clicked.connect(self._take_reason)
            row_of_reason.addWidget(choice)
            self._quick.append(choice)
        head.addLayout(row_of_reason)
        column.addLayout(head)
        self.form = LedgerForm(ledger, desk, row, names=names, parse_time=parse_time)
        self.form.setObjectName("amend-form")
        for name, editor in self.form.editors.items():
            editor.input.setObjectName(f"amend-{name}")
        self.form.submitted.connect(self._submit)
        self.form.closed.connect(self._closed)
        column.addWidget(self.form, 1)
        fit(self, theme.px(720), theme.px(560))
        self.reason.setFocus()

    def _take_reason(self) -> None:
        pressed = self.sender()
        if isinstance(pressed, QPushButton):
            self.reason.setText(pressed.text())
            self._go_on()

    def _go_on(self) -> None:
        self.form.setFocus()

    def _closed(self) -> None:
        """The form was left, or saved without a difference."""
        self.reject()

    def _submit(self, values: dict[str, Value]) -> None:
        if not self.reason.text().strip():
            self.form.refuse([Problem(_("写上更正原因"))])
            self.reason.setFocus()
            return
        try:
            made = self._amend(values, self.reason.text())
        except DutyDeskError as error:
            self.form.refuse(error.problems)
            return
        self.amended.emit(made)
        self.accept()
