"""The composition root of the window: the only place where the application, the desk and the shell are put together."""

from __future__ import annotations

import argparse
import gc
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QObject, QTimer

from dutydesk.core import i18n, looks
from dutydesk.core import log as logs
from dutydesk.core.clock import Clock
from dutydesk.core.i18n import _
from dutydesk.core.paths import Home, default_home
from dutydesk.qt import theme
from dutydesk.shell.start import Starter, application
from dutydesk.shell.window import MainWindow

if TYPE_CHECKING:
    from dutydesk.shell.leaving import Leaving
    from dutydesk.shell.single import SingleWindow

CALM_MS = 3_000
"""The collector is off while the program starts (`__main__`), and comes back when that is long over."""


def main(args: argparse.Namespace) -> int:
    """Open the window, play the demo or test the installation, as the command line asked."""
    command = getattr(args, "command", "") or ""
    if command == "demo":
        from dutydesk.shell.demo import play

        return play(args)
    if command == "self-test":
        from dutydesk.shell.selftest import run

        return run(args)
    language = getattr(args, "lang", "") or ""
    if getattr(args, "hub", ""):
        return open_view(args, language)
    return open_window(home_of(args), view=getattr(args, "view", "") or "", language=language)


def home_of(args: argparse.Namespace) -> Home:
    """The desk's folder that was asked for, or the usual one."""
    given = getattr(args, "home", None)
    return Home(Path(given).expanduser()) if given else default_home()


def open_view(args: argparse.Namespace, language: str) -> int:
    """The window over a hub, in which nothing can be written; the hub may also be named by the file that its owner made
    (`dutydesk hub login`)."""
    from dutydesk.core.clock import SystemClock
    from dutydesk.core.console import complain
    from dutydesk.core.deskkey import desk_key
    from dutydesk.core.errors import DutyDeskError
    from dutydesk.features import schema
    from dutydesk.sync import view

    try:
        url = view.address(str(args.hub))
        home = home_of(args) if getattr(args, "home", None) else view.folder(default_home(), url)
        view.make(home, schema(), SystemClock(), url, ca=str(args.ca), key=desk_key())
    except DutyDeskError as error:
        complain(error.problems)
        return error.exit_code
    from dutydesk.shell.viewing import ViewWindow

    return open_window(home, view=str(args.view or ""), language=language, window=ViewWindow)


def open_window(
    home: Home,
    clock: Clock | None = None,
    *,
    view: str = "",
    language: str = "",
    window: type[MainWindow] = MainWindow,
) -> int:
    """The whole life of the window; returns the exit code. `view` is the pane that it begins with; `language` one that
    was asked for this time and is in use already; `window` which one."""
    from dutydesk.shell.crash import CrashGuard
    from dutydesk.shell.single import SingleWindow

    app = application()
    kept = looks.read(home)
    if kept.language and not language:
        i18n.use(kept.language)
    theme.dress(app, theme.Theme(kept.night, kept.percent))
    single = SingleWindow(home.root)
    if not single.first():
        return 0
    guard = CrashGuard(home.logs)
    last = guard.last_time()
    guard.start()
    starter = Starter(home, clock, window)
    begin = _Begin(starter, home, single, last, view)
    starter.shown.connect(begin.dress)
    starter.seen.connect(begin.listen)
    single.asked.connect(starter.come_forward)
    guard.struck.connect(starter.tell)
    guard.damaged.connect(starter.found_damage)
    starter.ready.connect(begin.go)
    starter.start()
    try:
        return app.exec()
    finally:
        starter.close()
        single.close()
        guard.stop()
        logs.stop()
        begin.close()  # at the very last: until then a second signal must not end us in the midst of closing


def end() -> None:
    """Leave the loop, without asking any window."""
    QCoreApplication.exit(0)


def settle() -> None:
    """Starting is over: read the dictionary of pinyin (0.2 s), which the first save of a name would wait for otherwise.
    What is there now stays, and the collector need never look at it."""
    from dutydesk.ledger import pinyin

    pinyin.readings("值")
    gc.freeze()
    gc.enable()


class _Begin(QObject):
    """What follows when the window is there, and when the desk is."""

    def __init__(self, starter: Starter, home: Home, single: SingleWindow, last_crash: str, view: str) -> None:
        super().__init__(starter)
        self._starter = starter
        self._home = home
        self._single = single
        self._last = last_crash
        self._view = view
        self._leaving: Leaving | None = None
        self._calm = QTimer(self)
        self._calm.setSingleShot(True)
        self._calm.setInterval(CALM_MS)
        self._calm.timeout.connect(settle)

    def dress(self) -> None:
        """The window is there: bring its face, and hear of the end of the session from now on."""
        from dutydesk.shell.leaving import Leaving

        app = application()
        theme.apply(app, theme.current())
        if self._leaving is None:
            self._leaving = Leaving(self._starter)
            self._leaving.ended.connect(end)

    def close(self) -> None:
        """Hear of nothing more."""
        if self._leaving is not None:
            self._leaving.close()

    def listen(self) -> None:
        """The first rows are there: bring Qt's own words, write the log, hear of further starts."""
        from dutydesk.qt import words

        self._starter.seen.disconnect(self.listen)  # once, even when the record is opened again after the wizard
        self._calm.start()
        words.speak(application())
        logs.start(self._home.logs)
        self._single.listen()

    def go(self) -> None:
        """Tell of last night's crash, ask who is here, begin the quiet work."""
        window = self._starter.window
        if self._last:
            from dutydesk.qt import dialogs

            dialogs.tell(window, _("上次程序意外退出，已保存的记录都在，详情在 logs 文件夹"))
            self._last = ""  # once, even when the window comes up again
        if self._view in window.docks:
            window.show_pane(self._view)
        window.begin()
        desk = self._starter.desk
        if desk is not None and not desk.me.name:
            window.switch_person()
