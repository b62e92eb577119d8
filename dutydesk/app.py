"""The composition root of the window: the only place where the application, the desk and the shell are put together."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QApplication

from dutydesk.core import i18n
from dutydesk.core import log as logs
from dutydesk.core.clock import Clock, SystemClock
from dutydesk.core.errors import Damaged, DutyDeskError, Unavailable
from dutydesk.core.i18n import _
from dutydesk.core.paths import Home, default_home
from dutydesk.qt import dialogs, theme, words
from dutydesk.shell.window import MainWindow

if TYPE_CHECKING:
    from dutydesk.journal.desk import Desk
    from dutydesk.shell.crash import CrashGuard
    from dutydesk.shell.wizard import Start

log = logging.getLogger(__name__)


def main(args: argparse.Namespace) -> int:
    """Open the window, play the demo or test the installation, as the command line asked."""
    command = getattr(args, "command", "") or ""
    if command == "demo":
        from dutydesk.shell.demo import play

        return play(args)
    if command == "self-test":
        from dutydesk.shell.selftest import run

        return run(args)
    return open_window(home_of(args))


def home_of(args: argparse.Namespace) -> Home:
    """The desk's folder that was asked for, or the usual one."""
    given = getattr(args, "home", None)
    from pathlib import Path

    return Home(Path(given).expanduser()) if given else default_home()


def application() -> QApplication:
    """The application, with our face, words and theme."""
    app = QApplication.instance()
    if not isinstance(app, QApplication):
        if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
            os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
        app = QApplication(sys.argv[:1])
    app.setApplicationName("DutyDesk")
    app.setQuitOnLastWindowClosed(True)
    return app


def peek(home: Home) -> dict[str, str]:
    """Theme and language as they were left, read before SQLAlchemy is loaded; the window must not flash white at
    night."""
    import sqlcipher3.dbapi2 as driver

    if not home.database.exists():
        return {}
    key = os.environ.get("DUTYDESK_KEY", "")
    try:
        raw = driver.connect(f"file:{home.database}?mode=ro", uri=True)
        try:
            if key:
                raw.execute(f"PRAGMA key = \"x'{bytes.fromhex(key).hex()}'\"")
            return dict(raw.execute("SELECT key, value FROM local_state WHERE key IN ('theme', 'language')").fetchall())
        finally:
            raw.close()
    except driver.DatabaseError:
        return {}


def desk_key() -> bytes | None:
    """The key of an encrypted desk, from the environment as 64 hex digits; none for a plain file."""
    text = os.environ.get("DUTYDESK_KEY", "")
    return bytes.fromhex(text) if text else None


class Starter(QObject):
    """Brings one window up: shows it at once, then opens the record.

    Signals:
        ready: the window holds the desk. failed: it could not be opened; one sentence.
    """

    ready = Signal()
    failed = Signal(str)

    def __init__(self, home: Home, clock: Clock | None = None) -> None:
        super().__init__()
        self.home = home
        self.clock = clock or SystemClock()
        self.window = MainWindow(self.clock)
        self.desk: Desk | None = None
        self.guard: CrashGuard | None = None
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(0)
        self._soon.timeout.connect(self.open_record)

    def start(self) -> None:
        """Show the window and go on when it has been painted."""
        self.window.show()
        self._soon.start()

    def open_record(self) -> None:
        """Open the desk, or ask what it shall be when there is none."""
        if not self.home.is_desk:
            from dutydesk.shell.wizard import Wizard

            wizard = Wizard(self.window)
            wizard.chosen.connect(self.make)
            wizard.rejected.connect(self.window.close)
            wizard.open()
            return
        try:
            self.desk = self._open()
        except (Damaged, Unavailable) as error:
            log.error("cannot open %s: %s", self.home.root, error)
            self._give_up(str(error))
            return
        except DutyDeskError as error:
            self._give_up(str(error))
            return
        self._attach()

    def _open(self) -> Desk:
        from dutydesk.features import open_desk

        desk = open_desk(self.home, self.clock, key=desk_key())
        desk.me.id, desk.me.name = _kept_person(desk)
        return desk

    def _attach(self) -> None:
        from dutydesk.shifts.service import code_of

        assert self.desk is not None
        desk = self.desk

        def shift_of(at: int) -> str:
            return code_of(desk, at)

        desk.services["shift_of"] = shift_of
        self.window.attach(desk)
        if self.guard is not None:
            self.guard.struck.connect(self._tell)
        self.ready.emit()

    def make(self, start: Start) -> None:
        """Make the desk that the first start chose."""
        from dutydesk.features import FEATURES, schema
        from dutydesk.journal.desk import Desk, Me
        from dutydesk.journal.store import Store

        try:
            if start.sample:
                from dutydesk.sample import make_sample

                make_sample(self.home, self.clock)
            else:
                with Store.create(self.home, schema(), self.clock, start.config, key=desk_key()) as store:
                    desk = Desk(store, self.clock, Me(), FEATURES)
                    district = desk.new(
                        "regions",
                        {"code": start.config.district, "name": start.config.name, "level": "DISTRICT"},
                    )
                    streets = [
                        desk.new("regions", {"code": code, "name": name, "level": "SUBDISTRICT", "parent": district.row})
                        for code, name in start.streets
                    ]
                    desk.act("regions.add", [district, *streets])
        except DutyDeskError as error:
            self._give_up(str(error))
            return
        self.open_record()

    def _give_up(self, text: str) -> None:
        self.failed.emit(text)
        told = dialogs.fail(self.window, text)
        told.finished.connect(self.window.close)

    def _tell(self, text: str) -> None:
        dialogs.fail(self.window, text)

    def close(self) -> None:
        """Close the record after the window has gone."""
        self._soon.stop()
        if self.desk is not None:
            self.desk.store.close()
            self.desk = None


def _kept_person(desk: Desk) -> tuple[str, str]:
    from dutydesk.core.ids import CLI

    kept = desk.store.state("me")
    row, _blank, name = kept.partition(" ")
    return (row, name) if len(row) == 32 else (CLI, "")


def open_window(home: Home, clock: Clock | None = None) -> int:
    """The whole life of the window; returns the exit code."""
    from dutydesk.shell.crash import CrashGuard
    from dutydesk.shell.single import SingleWindow

    app = application()
    kept = peek(home)
    if not os.environ.get("DUTYDESK_LANG"):
        i18n.use(kept.get("language", i18n.language()))
    night, _blank, percent = kept.get("theme", "0 100").partition(" ")
    theme.apply(app, theme.Theme(night == "1", int(percent) if percent.isdigit() else 100))
    words.speak(app)
    single = SingleWindow(home.root)
    if not single.first():
        return 0
    logs.start(home.logs)
    guard = CrashGuard(home.logs)
    last = guard.last_time()
    guard.start()
    starter = Starter(home, clock)
    starter.guard = guard
    single.asked.connect(starter.window.raise_)
    single.asked.connect(starter.window.activateWindow)
    begin = _Begin(starter, last)
    starter.ready.connect(begin.go)
    starter.start()
    try:
        return app.exec()
    finally:
        starter.close()
        single.close()
        guard.stop()
        logs.stop()


class _Begin(QObject):
    """What follows when the desk is there."""

    def __init__(self, starter: Starter, last_crash: str) -> None:
        super().__init__(starter)
        self._starter = starter
        self._last = last_crash

    def go(self) -> None:
        """Tell of last night's crash, ask who is here, begin the quiet work."""
        window = self._starter.window
        if self._last:
            dialogs.tell(window, _("上次程序意外退出;已保存的记录都在,详情在 logs 文件夹"))
        window.begin()
        desk = self._starter.desk
        if desk is not None and not desk.me.name:
            window.switch_person()

