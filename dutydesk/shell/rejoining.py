"""并回 at the start of the window: the record is made anew in a process of its own while the window waits
(`sync/rejoin.py`); it was asked for in the pane 同步."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QProgressBar, QVBoxLayout, QWidget

from dutydesk.core.i18n import _
from dutydesk.core.paths import Home
from dutydesk.qt.jobs import JobRunner, Token
from dutydesk.qt.theme import current
from dutydesk.qt.widgets import button, label


def work(home: Path, key: bytes | None, token: Token) -> list[str]:
    """In a process of its own: take the branch back; sentences about what came of it."""
    from dutydesk.core.clock import SystemClock
    from dutydesk.features import schema
    from dutydesk.sync.rejoin import rejoin

    token.check()
    return rejoin(Home(home), schema(), SystemClock(), key=key).lines()


class Rejoining(QDialog):
    """Waits, then says what came of it.

    Signals:
        settled: the record may be opened now, as it was or whole.
    """

    settled = Signal()

    def __init__(self, home: Home, key: bytes | None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("rejoining")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(_("并回分叉的记录"))
        theme = current()
        column = QVBoxLayout(self)
        column.setContentsMargins(*(theme.px(16),) * 4)
        column.setSpacing(theme.px(8))
        self.heading = label(_("正在并回分叉的记录，请不要关机"), "title", wrap=True)
        self.text = label(_("记录多时要几分钟。原来的数据会留在旁边。"), wrap=True)
        self.bar = QProgressBar()
        self.bar.setRange(0, 0)
        self.bar.setTextVisible(False)
        self.go = button(_("打开记录"), primary=True)
        self.go.setObjectName("rejoining-go")
        self.go.setEnabled(False)
        self.go.clicked.connect(self.accept)
        for part in (self.heading, self.text, self.bar):
            column.addWidget(part)
        column.addWidget(self.go, 0, Qt.AlignmentFlag.AlignRight)
        self.setMinimumWidth(theme.px(460))
        self._jobs = JobRunner(self)
        job = self._jobs.run_process(self.windowTitle(), work, home.root, key)
        job.result.connect(self._came)
        job.failed.connect(self._failed)

    def _came(self, said: Any) -> None:
        self._end(_("已并回"), "\n".join(said))

    def _failed(self, text: str) -> None:
        self._end(_("没有并回，记录还是原来的"), text)

    def _end(self, heading: str, text: str) -> None:
        self.heading.setText(heading)
        self.text.setText(text)
        self.bar.hide()
        self.go.setEnabled(True)
        self.go.setFocus()

    def reject(self) -> None:
        """Not in the middle of it."""
        if self.go.isEnabled():
            self.accept()

    def done(self, result: int) -> None:
        self._jobs.close()
        super().done(result)
        self.settled.emit()
