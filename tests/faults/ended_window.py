"""F35: the program as it is started, offscreen; types into the entry line until it is told to end.

A program of its own (`python -m tests.faults.ended_window FOLDER`); tells of each saved entry by one line with its
number and hash, and of what it has typed and not saved by a line that begins with a dash. Who told it to end is
impatient: every signal comes again while the record is being closed.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from dutydesk.app import open_window
from dutydesk.core.paths import Home
from dutydesk.journal.store import Store
from dutydesk.shell.leaving import SIGNALS
from dutydesk.shell.start import application
from dutydesk.shell.window import MainWindow

SAVED = 3


class Officer(QObject):
    """Saves some entries, then leaves half a sentence."""

    def __init__(self) -> None:
        super().__init__()
        self._n = 0
        self._listening = False
        self._pace = QTimer(self)
        self._pace.setInterval(10)
        self._pace.timeout.connect(self.type_one)
        self._pace.start()

    def type_one(self) -> None:
        window = next((top for top in QApplication.topLevelWidgets() if isinstance(top, MainWindow)), None)
        if window is None or window.desk is None or window.entry is None:
            return
        if not self._listening:
            window.desk.store.listeners.append(self.tell)
            self._window, self._listening = window, True
        line: Any = window.findChild(QWidget, "entry-line")
        if line is None:
            return
        text = line.text
        text.setFocus()
        self._n += 1
        if self._n > SAVED:
            QTest.keyClicks(text, "half a sentence")
            self._pace.stop()
            os.write(1, b"- half a sentence\n")
            return
        QTest.keyClicks(text, f"call {self._n}")
        QTest.keyClick(text, Qt.Key.Key_Return)

    def tell(self, _announcement: object) -> None:
        assert self._window.desk is not None
        seq, digest = self._window.desk.store.position()
        os.write(1, f"{seq} {digest.hex()}\n".encode())


def close_impatiently(self: Store, close: Callable[[Store], None] = Store.close) -> None:
    for number in SIGNALS:
        signal.raise_signal(number)
    close(self)


if __name__ == "__main__":
    Store.close = close_impatiently
    application()
    officer = Officer()
    sys.exit(open_window(Home(Path(sys.argv[1]))))
