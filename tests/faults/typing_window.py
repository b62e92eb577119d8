"""F3, the window: types entries into the real window, offscreen, until it is killed.

A program of its own (`python -m tests.faults.typing_window FOLDER`); tells of each commit by one line with its number
and hash, after the window has heard of it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPlainTextEdit, QWidget

from dutydesk.core.clock import SystemClock
from dutydesk.core.paths import Home
from dutydesk.qt import theme
from dutydesk.shell.start import Starter, application


class Officer(QObject):
    """Types without a pause."""

    def __init__(self, starter: Starter) -> None:
        super().__init__(starter)
        self._starter = starter
        self._n = 0
        self._pace = QTimer(self)
        self._pace.setInterval(5)
        self._pace.timeout.connect(self.type_one)
        starter.ready.connect(self.begin)

    def begin(self) -> None:
        desk = self._starter.desk
        assert desk is not None
        desk.store.listeners.append(self.tell)
        self._pace.start()

    def tell(self, _announcement: object) -> None:
        desk = self._starter.desk
        assert desk is not None
        seq, digest = desk.store.position()
        os.write(1, f"{seq} {digest.hex()}\n".encode())

    def type_one(self) -> None:
        line = self._starter.window.findChild(QWidget, "entry-line")
        if line is None:
            return
        self._n += 1
        text = line.text  # pyright: ignore[reportAttributeAccessIssue]
        assert isinstance(text, QPlainTextEdit)
        text.setFocus()
        QTest.keyClicks(text, f"call {self._n}: water 60 cm")
        QTest.keyClick(text, Qt.Key.Key_Return)


def main() -> None:
    app: QApplication = application()
    theme.apply(app, theme.Theme())
    starter = Starter(Home(Path(sys.argv[1])), SystemClock())
    Officer(starter)
    starter.start()
    app.exec()


if __name__ == "__main__":
    main()
