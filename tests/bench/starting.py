"""A process that starts the real window and leaves as soon as what is asked for is there: `typing`; `rows`, the first
of the log on the screen; `desk`, the same in a pane that answers; `all`, what is due beside them.

Run as a script by `test_bench_startup`. It goes the program's own way (`dutydesk.__main__`); the only thing added is a
look at the window.
"""

from __future__ import annotations

import os
import sys

WANTED, HOME = sys.argv[1:3]
HEAVY = ("sqlalchemy.orm", "alembic", "numpy", "pyqtgraph", "reportlab", "pypinyin")
if WANTED in ("typing", "rows"):
    HEAVY += ("sqlalchemy", "dutydesk.features")  # what comes when the first rows are there
if WANTED == "typing":
    HEAVY += ("dutydesk.qt.widgets", "dutydesk.shell.leaving")  # what comes when the window is there


def leave(window: object) -> None:
    """Say which of the heavy modules are there and end at once."""
    sys.stdout.write(" ".join(name for name in HEAVY if name in sys.modules))
    sys.stdout.flush()
    os._exit(0)


def watch() -> None:
    from dutydesk.shell import start

    class Watched(start.Starter):
        def open_record(self) -> None:
            if WANTED == "typing":
                from PySide6.QtGui import QInputMethodEvent
                from PySide6.QtWidgets import QApplication

                early = self.window._early
                event = QInputMethodEvent("", [])
                event.setCommitString("x")
                QApplication.sendEvent(early, event)
                assert early.text() == "x"
                leave(self.window)
            super().open_record()
            from PySide6.QtCore import QTimer

            self.look = QTimer()
            self.look.timeout.connect(self.see)
            self.look.start(0)

        def see(self) -> None:
            dock = self.window.docks.get("daybook")
            if dock is not None:
                view = dock.pane.view if dock.built else None
            else:
                view = self.window.first if WANTED == "rows" else None
            if view is None or not view.viewport().isVisible() or not view.model().index(0, 4).data():
                return
            view.viewport().repaint()
            if WANTED == "all" and not self.window.todo.model.items:
                return
            leave(self.window)

    start.Starter = Watched  # pyright: ignore[reportAttributeAccessIssue]


if __name__ == "__main__":
    from dutydesk import cli  # as `dutydesk.__main__` does, before anything of Qt
    from dutydesk.__main__ import main

    assert cli
    watch()
    main(["--home", HOME])
