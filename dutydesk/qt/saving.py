"""Files that come in beside a row and go out again: chosen, kept, saved elsewhere; never opened."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QPushButton, QWidget

from dutydesk.core.errors import DutyDeskError, Problem, Unavailable
from dutydesk.core.files import write_whole
from dutydesk.core.i18n import _
from dutydesk.qt import dialogs
from dutydesk.qt.dialogs import Memory

if TYPE_CHECKING:
    from dutydesk.journal.desk import Desk


class FilesButton(QPushButton):
    """Files chosen to be kept with what is being typed; each press adds one.

    Signals:
        chosen: there is another one.
    """

    chosen = Signal()

    def __init__(self, name: str, memory: Memory, purpose: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setAutoDefault(False)
        self._memory, self._purpose = memory, purpose
        self.paths: list[str] = []
        self.clicked.connect(self._ask)
        self.show_paths([])

    def show_paths(self, paths: Sequence[str]) -> None:
        """Take these in place of those that are there."""
        self.paths = list(paths)
        self.setText(_("附件 {count}").format(count=len(self.paths)) if self.paths else _("附件"))
        self.setToolTip("\n".join(Path(name).name for name in self.paths))

    def add(self, path: Path) -> None:
        """One more."""
        self.show_paths([*self.paths, str(path)])
        self.chosen.emit()

    def _ask(self) -> None:
        chooser = dialogs.open_file(self, _("选一个附件"), (), memory=self._memory, purpose=self._purpose)
        chooser.chosen.connect(self.add)


class Keeper(QObject):
    """When a draft is to be written down (`due`): after so many touches, or a while after the last one."""

    due = Signal()

    def __init__(self, parent: QWidget, touches: int = 6, milliseconds: int = 800) -> None:
        super().__init__(parent)
        self._most, self._count = touches, 0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(milliseconds)
        self._timer.timeout.connect(self._now)

    def touch(self) -> None:
        """Something was typed."""
        self._count += 1
        if self._count >= self._most:
            self._now()
        else:
            self._timer.start()

    def rest(self) -> None:
        """It is written down."""
        self._count = 0
        self._timer.stop()

    def _now(self) -> None:
        self.rest()
        self.due.emit()


class SaveElsewhere(QObject):
    """Asks where, then reads and writes; a failure is one sentence."""

    def __init__(self, parent: QWidget, memory: Memory, purpose: str) -> None:
        super().__init__(parent)
        self._widget, self._memory, self._purpose = parent, memory, purpose
        self._read: Callable[[], bytes] | None = None

    def ask(self, name: str, read: Callable[[], bytes]) -> None:
        """Ask where `name` is to go; `read` gives its content and may refuse."""
        self._read = read
        chooser = dialogs.save_file(self._widget, _("另存为"), name, (), memory=self._memory, purpose=self._purpose)
        chooser.chosen.connect(self.write)

    def write(self, path: Path) -> None:
        """Write what was asked for."""
        if self._read is None:
            return
        try:
            write_whole(path, self._read())
        except DutyDeskError as error:
            dialogs.fail(self._widget, error)
        except OSError as error:
            dialogs.fail(self._widget, _("没有存下：{error}").format(error=error.strerror or error))


class ExportElsewhere(QObject):
    """Asks where, then reads, records the export under 审计 and writes, as a job where the window runs jobs; a failure
    is one sentence.

    Signals:
        written: the file that holds it now.
    """

    written = Signal(object)

    def __init__(self, parent: QWidget, desk: Desk, purpose: str) -> None:
        super().__init__(parent)
        self._widget, self._desk, self._purpose = parent, desk, purpose
        self._what: tuple[str, str, Callable[[], bytes]] | None = None

    def ask(self, name: str, subject: str, reason: str, read: Callable[[], bytes]) -> None:
        """Ask where `name` is to go; `read` gives its content, in the worker's thread, and may refuse. The audit says
        `subject`, the file's name and `reason`."""
        self._what = (subject, reason, read)
        memory = self._desk.store
        chooser = dialogs.save_file(self._widget, _("另存为"), name, (), memory=memory, purpose=self._purpose)
        chooser.chosen.connect(self.write)

    def write(self, path: Path) -> None:
        """Write what was asked for."""
        if self._what is None:
            return
        work = _Export(self._desk, path, *self._what)
        jobs = self._desk.services.get("jobs")
        if jobs is None:
            try:
                self.written.emit(work(None))
            except DutyDeskError as error:
                dialogs.fail(self._widget, error)
            return
        job = jobs.run(_("导出"), work)
        job.result.connect(self._done)
        job.failed.connect(self._failed)

    def _done(self, path: object) -> None:
        self.written.emit(path)

    def _failed(self, sentence: str) -> None:
        dialogs.fail(self._widget, sentence)


@dataclass(frozen=True, slots=True)
class _Export:
    """One export: read, recorded, written; whole or not at all."""

    desk: Desk
    path: Path
    subject: str
    reason: str
    read: Callable[[], bytes]

    def __call__(self, _token: object) -> Path:
        from dutydesk.journal import audit

        data = self.read()
        audit.record(self.desk, "EXPORT", f"{self.subject} {self.path.name}", self.reason)
        try:
            write_whole(self.path, data)
        except OSError as error:
            told = _("没有存下：{error}").format(error=error.strerror or error)
            raise Unavailable(Problem(told, file=self.path.name)) from None
        return self.path
