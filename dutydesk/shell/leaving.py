"""The end that comes from outside: the session logs off, the machine shuts down, somebody stops the program.

Nobody is asked anything then, for nobody can answer: what is typed is kept as a draft, the record is closed in order,
and the process is gone before the system loses its patience (systemd grants 90 s, Windows 5). A second signal changes
nothing.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
from types import FrameType
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QSocketNotifier, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication

if TYPE_CHECKING:
    from dutydesk.shell.start import Starter

log = logging.getLogger(__name__)
CALLED_OFF_MS = 60_000
"""A session that has not ended by then goes on (another program said no): the window asks again before it closes."""
SIGNALS = () if sys.platform == "win32" else (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


class Leaving(QObject):
    """Hears of the end and closes the window that the starter has by then.

    Signals:
        ended: the window is closed, whatever else is open shall go.
    """

    ended = Signal()

    def __init__(self, starter: Starter) -> None:
        super().__init__(starter)
        self._starter = starter
        self._before: dict[signal.Signals, Any] = {}
        self._ends: tuple[int, int] | None = None
        self._gone = False
        self.called_off = QTimer(self)
        self.called_off.setSingleShot(True)
        self.called_off.setInterval(CALLED_OFF_MS)
        self.called_off.timeout.connect(self._go_on)
        app = QGuiApplication.instance()
        assert isinstance(app, QGuiApplication)
        app.commitDataRequest.connect(self.session_ends, Qt.ConnectionType.DirectConnection)
        if SIGNALS:
            self._hear()

    def _hear(self) -> None:
        """A signal comes at any moment, between two instructions of Python; it is told to Qt's loop by a byte."""
        ours, theirs = self._ends = os.pipe()
        os.set_blocking(theirs, False)
        signal.set_wakeup_fd(theirs, warn_on_full_buffer=False)
        self._before = {number: signal.signal(number, _heard) for number in SIGNALS}
        notifier = QSocketNotifier(ours, QSocketNotifier.Type.Read, self)
        notifier.activated.connect(self._told)
        self._notifier = notifier

    def _told(self) -> None:
        assert self._ends is not None
        self.leave(signal.Signals(os.read(self._ends[0], 64)[0]).name)

    def leave(self, why: str) -> None:
        """Close in order, now."""
        if self._gone:
            return
        self._gone = True
        log.info("told to end by %s", why)
        self._starter.window.close_at_once()
        self.ended.emit()

    def session_ends(self, _manager: object) -> None:
        """The session is about to end: keep what is typed now, for there may be no later; the window is closed by Qt or
        by the system, without a question."""
        log.info("the session ends")
        self._starter.window.ready_to_go(True)
        self.called_off.start()

    def _go_on(self) -> None:
        self._starter.window.ready_to_go(False)

    def close(self) -> None:
        """Hear of nothing more."""
        self.called_off.stop()
        app = QGuiApplication.instance()
        if isinstance(app, QGuiApplication):
            app.commitDataRequest.disconnect(self.session_ends)
        if self._ends is not None:
            self._notifier.setEnabled(False)
            for number, before in self._before.items():
                signal.signal(number, before)
            signal.set_wakeup_fd(-1)
            for end in self._ends:
                os.close(end)
            self._ends = None


def _heard(_number: int, _frame: FrameType | None) -> None:
    """Nothing: the byte in the socket tells. A handler must stand here, or Python's own would act."""
