"""F34: the program as it is started, offscreen, through hours of a night: entries, panes gone through, runs of sync.

A program of its own (`python -m tests.faults.soaking FOLDER SECONDS`); tells of each saved entry by a line
`= number hash`, and every so many seconds of itself: `# seconds, resident bytes, open files, bytes of the -wal,
references to None, saves, 99 % of the saves within so many microseconds`.
"""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from dutydesk.app import open_window
from dutydesk.core.paths import Home
from dutydesk.shell.start import application
from dutydesk.shell.window import MainWindow

PACE_MS = 200
"""Between two entries; between them the robot makes one move."""
PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4_096
Key = Qt.Key


class Night(QObject):
    """Types, looks around, has the desk synced, and keeps account."""

    def __init__(self, every: float) -> None:
        super().__init__()
        self._every = every
        self._n = 0
        self._took: list[float] = []
        self._begun = self._told = self._synced = time.monotonic()
        self._window: Any = None
        self._moves = self._robot()
        self._pace = QTimer(self)
        self._pace.setInterval(PACE_MS)
        self._pace.timeout.connect(self.beat)
        self._pace.start()

    def beat(self) -> None:
        if self._window is None:
            self._find()
            return
        self._type()
        next(self._moves)
        now = time.monotonic()
        if now - self._synced >= self._every / 2:
            self._synced = now
            self._window.desk.services["syncing"].start()
        if now - self._told >= self._every:
            self._told = now
            self._tell_of_myself(now)

    def _find(self) -> None:
        for top in QApplication.topLevelWidgets():
            if isinstance(top, MainWindow) and top.desk is not None and top.findChild(QWidget, "entry-line"):
                self._window = top
                top.desk.store.listeners.append(self._saved)

    def _type(self) -> None:
        text = self._window.findChild(QWidget, "entry-line").text
        text.setFocus()
        self._n += 1
        QTest.keyClicks(text, f"call {self._n}: water {self._n % 90} cm at gate {self._n % 7}")
        before = time.perf_counter()
        QTest.keyClick(text, Key.Key_Return)
        self._took.append(time.perf_counter() - before)

    def _saved(self, _announcement: object) -> None:
        seq, digest = self._window.desk.store.position()
        os.write(1, f"= {seq} {digest.hex()}\n".encode())

    def _robot(self) -> Iterator[None]:
        """Goes from pane to pane and through what each shows, a move at a time, for ever."""
        while True:
            for name in list(self._window.docks):
                self._window.show_pane(name)
                yield
                for key in (Key.Key_End, Key.Key_PageUp, Key.Key_Down, Key.Key_Home):
                    hand = QApplication.focusWidget()
                    if hand is not None:
                        QTest.keyClick(hand, key)
                    yield
            self._window.resize(1366 + self._n % 200, 768)
            yield

    def _tell_of_myself(self, now: float) -> None:
        gc.collect()
        took, self._took = sorted(self._took), []
        resident = int(Path("/proc/self/statm").read_text().split()[1]) * PAGE
        wal = self._window.desk.store.home.database.with_name("desk.sqlite-wal")
        figures = (
            round(now - self._begun),
            resident,
            len(list(Path("/proc/self/fd").iterdir())),
            wal.stat().st_size if wal.exists() else 0,
            sys.getrefcount(None),
            self._n,
            round(took[len(took) * 99 // 100] * 1e6),
        )
        os.write(1, f"# {' '.join(map(str, figures))}\n".encode())


if __name__ == "__main__":
    application()
    night = Night(float(sys.argv[2]))
    sys.exit(open_window(Home(Path(sys.argv[1]))))
