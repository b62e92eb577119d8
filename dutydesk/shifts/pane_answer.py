"""The line in which an item of a hand-over is answered or asked about."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QWidget

from dutydesk.core.i18n import _
from dutydesk.qt.theme import current
from dutydesk.qt.widgets import label


class AnswerLine(QWidget):
    """One line for an answer or a question, with a PIN where somebody else than who sits there answers; Enter gives it,
    Esc leaves it.

    Signals:
        given: the text. left: nothing is said after all.
    """

    given = Signal(str)
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        gap = current().px(8)
        row = QHBoxLayout(self)
        row.setContentsMargins(gap, gap // 2, gap, 0)
        row.setSpacing(gap)
        self._label = label()
        self.line = QLineEdit()
        self.line.setObjectName("handover-line")
        self.line.setAccessibleName(_("答复"))
        self.line.returnPressed.connect(self._go_on)
        self.pin = QLineEdit()
        self.pin.setObjectName("handover-line-pin")
        self.pin.setAccessibleName(_("口令"))
        self.pin.setPlaceholderText(_("本人口令"))
        self.pin.setEchoMode(QLineEdit.EchoMode.Password)
        self.pin.returnPressed.connect(self._give)
        row.addWidget(self._label)
        row.addWidget(self.line, 3)
        row.addWidget(self.pin, 1)
        self.hide()

    def ask(self, what: str, text: str, hint: str, *, pin: bool = False) -> None:
        """Show the line with `text` in it, the caret at its end."""
        self.pin.clear()
        self.pin.setVisible(pin)
        self._label.setText(what)
        self.line.setAccessibleName(what)
        self.line.setPlaceholderText(hint)
        self.line.setText(text)
        self.show()
        self.line.setFocus()
        self.line.end(False)

    def _go_on(self) -> None:
        if self.pin.isHidden():
            self._give()
        else:
            self.pin.setFocus()

    def _give(self) -> None:
        self.given.emit(self.line.text())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.left.emit()
            return
        super().keyPressEvent(event)
