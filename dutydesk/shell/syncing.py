"""Sync while the window is open: asked for every minute, done in a process of its own, told to whoever shows it.

The window itself only waits: the run has its own worker and its own process, and beside an open window that process
writes a few changes at a time, so that a save never waits for it (docs/performance.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal

from dutydesk.core.clock import MINUTE
from dutydesk.core.i18n import _
from dutydesk.qt.jobs import Cancelled, Job, JobRunner, Token

if TYPE_CHECKING:
    from dutydesk.journal.desk import Desk

ASKED = "ASKED"


def sync_once(
    home: Path, key: bytes | None, me: tuple[str, str], reason: str, deep: bool, token: Token
) -> tuple[bool, Mapping[str, Any]]:
    """In a process of its own: one run; whether all is well, and the report."""
    from dutydesk.core.clock import SystemClock
    from dutydesk.core.paths import Home
    from dutydesk.features import open_desk
    from dutydesk.journal.desk import Me
    from dutydesk.sync import planning, protocol

    def asked() -> bool:
        try:
            token.check()
        except Cancelled:
            return True
        return False

    def told(stage: str, done: int, whole: int) -> None:
        with suppress(Cancelled):  # the run itself asks, and ends where it may
            token.progress(done, whole, stage)

    desk = open_desk(Home(home), SystemClock(), Me(*me), key=key)
    try:
        report = planning.go(desk, reason, deep=deep, progress=told, cancel=asked)
    except protocol.Cancelled:
        raise Cancelled from None
    finally:
        desk.store.close()
    return report.ok, report.json()


class Syncing(QObject):
    """Runs of sync of one window; `desk.services["syncing"]`.

    Signals: began: a run begins. progress: step (`push`, `pull`, `files`, `digest`), done, of how many. ended: whether
    all is well, and a sentence; a run that was stopped has none.
    """

    began = Signal()
    progress = Signal(str, int, int)
    ended = Signal(bool, str)

    def __init__(self, desk: Desk, quiet: JobRunner, parent: QObject) -> None:
        super().__init__(parent)
        self._desk = desk
        self._quiet = quiet
        self._runner = JobRunner(self)
        self._job: Job | None = None
        self._looking = False
        self._closed = False
        self._minutely = QTimer(self)
        self._minutely.setInterval(MINUTE)
        self._minutely.timeout.connect(self.look)

    @property
    def running(self) -> bool:
        """Whether a run of this window goes on."""
        return self._job is not None

    def begin(self) -> None:
        """Look now, and every minute from now on."""
        self._minutely.start()
        self.look()

    def look(self) -> None:
        """Ask the schedule, beside the window: it may knock at the hub. A hub that was joined meanwhile counts at once."""
        from dutydesk.sync import joining

        joining.follow(self._desk.store)
        if self.running or self._looking or not self._desk.config.hub:
            return
        self._looking = True
        job = self._quiet.run(_("看是否该同步"), self._ask)
        job.result.connect(self._answered)
        job.finished.connect(self._looked)

    def _ask(self, token: Token) -> str:
        from dutydesk.sync import planning

        token.check()
        return planning.keep(self._desk)

    def _answered(self, reason: str) -> None:
        if reason:
            self.start(reason)

    def _looked(self) -> None:
        self._looking = False

    def start(self, reason: str = ASKED, *, deep: bool = False) -> None:
        """Begin a run, unless one goes on, or the window is closing."""
        if self.running or self._closed:
            return
        desk = self._desk
        me = (desk.me.id, desk.me.name)
        self._job = self._runner.run_process(
            _("同步"), sync_once, desk.store.home.root, desk.store.key, me, reason, deep
        )
        self._job.progress.connect(self._progress)
        self._job.result.connect(self._done)
        self._job.failed.connect(self._failed)
        self._job.cancelled.connect(self._stopped)
        self.began.emit()

    def cancel(self) -> None:
        """Stop the run where it may stop; what was done stays done."""
        if self._job is not None:
            self._job.cancel()

    def _progress(self, done: int, whole: int, stage: str) -> None:
        self.progress.emit(stage, done, whole)

    def _done(self, found: tuple[bool, Mapping[str, Any]]) -> None:
        ok, told = found
        said = [str(text) for text in (*told.get("alarms", ()), *told.get("notes", ()))]
        text = _("上传 {pushed}，收到 {pulled}").format(pushed=told.get("pushed", 0), pulled=told.get("pulled", 0))
        self._end(ok=ok, text=_("；").join([text, *said] if ok or not said else said))

    def _failed(self, text: str) -> None:
        self._end(ok=False, text=text)

    def _stopped(self) -> None:
        self._end(ok=True, text="")

    def _end(self, *, ok: bool, text: str) -> None:
        self._job = None
        self.ended.emit(ok, text)

    def close(self) -> None:
        """Stop what runs, and asking."""
        self._closed = True
        self._minutely.stop()
        self._runner.close()
