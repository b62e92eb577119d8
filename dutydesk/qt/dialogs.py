"""Short questions and answers. Every dialog is opened, not executed: nothing blocks, and a test or the demo can press
its buttons. One sentence, plain text, no traceback.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QDialog, QFileDialog, QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from dutydesk.core.errors import DutyDeskError
from dutydesk.core.i18n import _
from dutydesk.qt.icons import paint_icon
from dutydesk.qt.jobs import OUR_FAULT
from dutydesk.qt.theme import current
from dutydesk.qt.widgets import button, label

MOST_PROBLEMS = 8


class Memory(Protocol):
    """Remembers small texts for this workstation (`Store.state`, `Store.remember`)."""

    def state(self, key: str, default: str = "") -> str: ...

    def remember(self, key: str, value: str) -> None: ...


class _Sign(QWidget):
    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name
        self.setFixedSize(self.sizeHint())

    def sizeHint(self) -> QSize:
        return QSize(current().px(24), current().px(24))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        paint_icon(painter, self._name, QRectF(self.rect()), current().colour("text"))
        painter.end()


class Sentence(QDialog):
    """A sentence with at most two buttons.

    Signals:
        answered: True for the first button, False for the second, Esc and closing.
    """

    answered = Signal(bool)

    def __init__(
        self, parent: QWidget | None, sign: str, text: str, yes: str, no: str = "", details: Sequence[str] = ()
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(_("值班台"))
        theme = current()
        self.text = label(text, wrap=True, selectable=True)
        self.text.setMinimumWidth(theme.px(320))
        self.details = label("\n".join(_cut(details)), "muted", wrap=True, selectable=True)
        self.details.setVisible(bool(details))
        self.yes = button(yes, primary=True)
        self.yes.setDefault(True)
        self.no: QPushButton | None = button(no) if no else None
        outer = QVBoxLayout(self)
        outer.setContentsMargins(*(theme.px(16),) * 4)
        outer.setSpacing(theme.px(16))
        row = QHBoxLayout()
        row.setSpacing(theme.px(12))
        row.addWidget(_Sign(sign), 0, Qt.AlignmentFlag.AlignTop)
        words = QVBoxLayout()
        words.addWidget(self.text)
        words.addWidget(self.details)
        row.addLayout(words, 1)
        outer.addLayout(row)
        bar = QHBoxLayout()
        bar.setSpacing(theme.px(8))
        bar.addStretch(1)
        bar.addWidget(self.yes)
        self.yes.clicked.connect(self.accept)
        if self.no is not None:
            bar.addWidget(self.no)
            self.no.clicked.connect(self.reject)
        outer.addLayout(bar)
        self.finished.connect(self._finish)

    def _finish(self, code: int) -> None:
        self.answered.emit(code == QDialog.DialogCode.Accepted)


def _cut(lines: Sequence[str]) -> list[str]:
    rest = len(lines) - MOST_PROBLEMS
    return [*lines[:MOST_PROBLEMS], _("另有 {rest} 处").format(rest=rest)] if rest > 0 else list(lines)


def tell(parent: QWidget | None, text: str) -> Sentence:
    """Say something that the reader has to have seen."""
    return _open(Sentence(parent, "info", text, _("知道了")))


def ask(parent: QWidget | None, text: str, yes: str, no: str = "") -> Sentence:
    """Ask; connect to `answered`. The buttons say what they do (打印, 不打印), not 是 and 否."""
    return _open(Sentence(parent, "info", text, yes, no or _("取消")))


def confirm(parent: QWidget | None, text: str, yes: str) -> Sentence:
    """Ask before something that is hard to undo: the safe button is the one that Enter means."""
    dialog = Sentence(parent, "warn", text, yes, _("取消"))
    assert dialog.no is not None
    dialog.yes.setDefault(False)
    dialog.no.setDefault(True)
    _open(dialog)
    dialog.no.setFocus()
    return dialog


def fail(parent: QWidget | None, error: DutyDeskError | str) -> Sentence:
    """Say what went wrong: the first problem as the sentence, the others below it. What is not of the program's own
    family is our fault; whoever caught it has logged it."""
    if isinstance(error, str):
        return _open(Sentence(parent, "warn", error or _(OUR_FAULT), _("知道了")))
    problems = [str(item) if item.file or item.line is not None else item.reason for item in error.problems] or [
        _(OUR_FAULT)
    ]
    return _open(Sentence(parent, "warn", problems[0], _("知道了"), details=problems[1:]))


def _open(dialog: Sentence) -> Sentence:
    dialog.open()
    return dialog


class RevealDialog(QDialog):
    """Why personal numbers are to be shown. The reason goes into the audit, not into the duty log.

    Signals:
        given: the reason.
    """

    given = Signal(str)

    def __init__(self, parent: QWidget | None = None, reasons: Sequence[str] = ()) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(_("显示完整号码"))
        theme = current()
        self.reason = QLineEdit()
        self.reason.setAccessibleName(_("理由"))
        self.reason.setPlaceholderText(_("理由，如 核实险情"))
        self.reason.setMinimumWidth(theme.px(320))
        self.show_button = button(_("显示"), primary=True)
        self.show_button.setDefault(True)
        self.show_button.setEnabled(False)
        leave = button(_("取消"))
        outer = QVBoxLayout(self)
        outer.setContentsMargins(*(theme.px(16),) * 4)
        outer.setSpacing(theme.px(8))
        outer.addWidget(label(_("为什么要看？理由会记入审计。"), wrap=True))
        outer.addWidget(self.reason)
        quick = QHBoxLayout()
        quick.setSpacing(theme.px(8))
        self.quick: list[QPushButton] = []
        for text in reasons or (_("叫应"), _("核实险情"), _("更新通讯录")):
            choice = button(text)
            choice.clicked.connect(self._quick)
            quick.addWidget(choice)
            self.quick.append(choice)
        quick.addStretch(1)
        outer.addLayout(quick)
        bar = QHBoxLayout()
        bar.setSpacing(theme.px(8))
        bar.addStretch(1)
        bar.addWidget(self.show_button)
        bar.addWidget(leave)
        outer.addSpacing(theme.px(8))
        outer.addLayout(bar)
        self.reason.textChanged.connect(self._typed)
        self.show_button.clicked.connect(self._give)
        leave.clicked.connect(self.reject)

    def _typed(self, text: str) -> None:
        self.show_button.setEnabled(bool(text.strip()))

    def _quick(self) -> None:
        pressed = self.sender()
        if isinstance(pressed, QPushButton):
            self.reason.setText(pressed.text())
            self._give()

    def _give(self) -> None:
        text = self.reason.text().strip()
        if text:
            self.given.emit(text)
            self.accept()


class FileChooser(QFileDialog):
    """Choose a file to open or to save; the folder is remembered under `purpose`.

    Signals:
        chosen: a `Path`.
    """

    chosen = Signal(object)

    def __init__(
        self,
        parent: QWidget | None,
        title: str,
        filters: Sequence[str] = (),
        *,
        save_as: str = "",
        memory: Memory | None = None,
        purpose: str = "files",
    ) -> None:
        folder = memory.state(f"folder.{purpose}") if memory is not None else ""
        start = folder if folder and Path(folder).is_dir() else str(Path.home())
        super().__init__(parent, title, start)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._memory = memory
        self._purpose = purpose
        self.setNameFilters([*filters, _("所有文件 (*)")])
        if save_as:
            self.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
            self.setFileMode(QFileDialog.FileMode.AnyFile)
            self.setDefaultSuffix(Path(save_as).suffix.lstrip("."))
            self.selectFile(save_as)
        else:
            self.setFileMode(QFileDialog.FileMode.ExistingFile)
        self.fileSelected.connect(self._take)

    def _take(self, name: str) -> None:
        path = Path(name)
        if self._memory is not None:
            self._memory.remember(f"folder.{self._purpose}", str(path.parent))
        self.chosen.emit(path)


def open_file(
    parent: QWidget | None, title: str, filters: Sequence[str], *, memory: Memory | None = None, purpose: str = "files"
) -> FileChooser:
    """Ask for a file to read; connect to `chosen`."""
    dialog = FileChooser(parent, title, filters, memory=memory, purpose=purpose)
    dialog.open()
    return dialog


def save_file(
    parent: QWidget | None,
    title: str,
    name: str,
    filters: Sequence[str],
    *,
    memory: Memory | None = None,
    purpose: str = "files",
) -> FileChooser:
    """Ask where to write `name`; connect to `chosen`."""
    dialog = FileChooser(parent, title, filters, save_as=name, memory=memory, purpose=purpose)
    dialog.open()
    return dialog
