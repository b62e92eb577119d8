"""Errors that nobody caught, and what they left behind: logged whole, shown as one sentence, shown again next morning."""

from __future__ import annotations

import faulthandler
import logging
import sys
from pathlib import Path
from types import TracebackType
from typing import IO

from PySide6.QtCore import QMessageLogContext, QObject, QtMsgType, Signal, qInstallMessageHandler

from dutydesk.core.errors import Damaged
from dutydesk.core.i18n import _

log = logging.getLogger(__name__)
qt_log = logging.getLogger("qt")
CRASH = "crash.txt"


class CrashGuard(QObject):
    """Takes what nobody caught.

    Signals:
        struck: one sentence for the person at the desk. damaged: a `Damaged` that reached nobody: a page that a list
        needed could not be read.
    """

    struck = Signal(str)
    damaged = Signal(object)

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._path = folder / CRASH
        self._file: IO[str] | None = None
        self._telling = False

    def last_time(self) -> str:
        """What the last run left when it died; the file is put aside, so that it is told once."""
        if not self._path.exists():
            return ""
        text = self._path.read_text(encoding="utf-8", errors="replace").strip()
        self._path.replace(self._path.with_suffix(".last.txt"))
        return text

    def start(self) -> None:
        """Hook Python's, Qt's and the interpreter's own ways of reporting trouble."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._path.open("w", encoding="utf-8")
        faulthandler.enable(self._file)
        sys.excepthook = self._caught
        qInstallMessageHandler(qt_message)

    def stop(self) -> None:
        """The run ended in order: nothing is left to tell."""
        sys.excepthook = sys.__excepthook__
        qInstallMessageHandler(None)
        faulthandler.disable()
        if self._file is not None:
            self._file.close()
            self._file = None
            if self._path.exists() and not self._path.read_text(encoding="utf-8", errors="replace").strip():
                self._path.unlink()

    def _caught(self, kind: type[BaseException], value: BaseException, trace: TracebackType | None) -> None:
        log.critical("uncaught", exc_info=(kind, value, trace))
        if self._telling or issubclass(kind, KeyboardInterrupt):
            return
        self._telling = True
        try:
            if isinstance(value, Damaged):
                self.damaged.emit(value)
            else:
                self.struck.emit(_("程序出错，已记录；已保存的内容不受影响"))
        finally:
            self._telling = False


def qt_message(kind: QtMsgType, context: QMessageLogContext, message: str) -> None:
    """Qt's messages go into the log."""
    level = {
        QtMsgType.QtDebugMsg: logging.DEBUG,
        QtMsgType.QtInfoMsg: logging.INFO,
        QtMsgType.QtWarningMsg: logging.WARNING,
        QtMsgType.QtCriticalMsg: logging.ERROR,
        QtMsgType.QtFatalMsg: logging.CRITICAL,
    }.get(kind, logging.INFO)
    qt_log.log(level, "%s %s", getattr(context, "category", ""), message)


def hush() -> None:
    """Keep from the terminal what Qt's offscreen platform says it cannot do; a log that is open still gets it."""
    if not qt_log.handlers:
        qt_log.addHandler(logging.NullHandler())
    qInstallMessageHandler(qt_message)
