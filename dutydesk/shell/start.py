"""How a window comes up: the application, then the window, then the record behind it."""

from __future__ import annotations

import importlib
import logging
import os
import sys
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QApplication, QLineEdit

from dutydesk.core import ids
from dutydesk.core.clock import Clock, SystemClock
from dutydesk.core.deskkey import desk_key
from dutydesk.core.errors import Damaged, DutyDeskError, Refused, Unavailable
from dutydesk.core.i18n import _
from dutydesk.core.paths import Home
from dutydesk.qt import theme
from dutydesk.shell.window import MainWindow

if TYPE_CHECKING:
    from dutydesk.journal.desk import Desk
    from dutydesk.shell.wizard import Start

log = logging.getLogger(__name__)

AFTER_ROWS_MS = 30
"""The first rows are painted before anything else is loaded."""
EARLY = "early-entry"
"""The line that takes typing before the record is open."""
PARTS = ("sqlalchemy", "dutydesk.features", "dutydesk.shell.actions", "dutydesk.daybook.pane")
"""What takes long to load, a part at a turn of the event loop."""


def application() -> QApplication:
    """The application; where a Linux machine has no display it runs on Qt's offscreen platform."""
    app = QApplication.instance()
    if not isinstance(app, QApplication):
        if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
            os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
        app = QApplication([*sys.argv[:1], "-style", "fusion"])
        app.setProperty(theme.FUSION, True)
    app.setApplicationName("DutyDesk")
    app.setQuitOnLastWindowClosed(True)
    return app


class Starter(QObject):
    """Brings one window up: shows it at once, then opens the record.

    Signals:
        shown: the window is on the screen and takes typing. seen: so are the first rows, where there are any. ready: the window holds the desk. failed: it could not be opened; one sentence.
    """

    shown = Signal()
    seen = Signal()
    ready = Signal()
    failed = Signal(str)

    def __init__(self, home: Home, clock: Clock | None = None, window: type[MainWindow] = MainWindow) -> None:
        super().__init__()
        self.home = home
        self.clock = clock or SystemClock()
        self._kind = window
        self.window = window(self.clock)
        self.desk: Desk | None = None
        self._found: DutyDeskError | None = None
        self._shows = True
        self._stay = False
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(0)
        self._soon.timeout.connect(self.open_record)
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(0)
        self._rest.timeout.connect(self._go_on)
        self._ready_parts = 0

    def start(self) -> None:
        """Show the window and go on when it has been painted."""
        self.window.show()
        self._soon.start()

    def open_record(self) -> None:
        """Open the desk, or ask what it shall be when there is none."""
        self.shown.emit()
        self.window.furnish()
        if not self.home.is_desk:
            from dutydesk.shell.wizard import Wizard

            self.seen.emit()
            wizard = Wizard(self.window)
            wizard.chosen.connect(self.make)
            wizard.restoring.connect(self._bring_back)
            wizard.rejected.connect(self.window.close)
            wizard.open()
            return
        self._show_first()
        self._rest.start(AFTER_ROWS_MS)

    def _show_first(self) -> None:
        """The newest entries, read beside everything that is still to be loaded; none where that cannot be done."""
        from dutydesk.daybook import first
        from dutydesk.journal.glance import glance

        try:
            key = desk_key()
        except Refused:
            return  # opening the record says it
        pages = glance(self.home, key, first.newest)
        if pages is not None and pages.count():
            from dutydesk.daybook.pane_lists import first_view

            self.window.show_first(first_view(pages, self.clock.now))

    def _go_on(self) -> None:
        """Load one part at a turn, so that what is typed meanwhile is seen as it is typed; then open the record."""
        if not self._ready_parts:
            self.seen.emit()
        self._ready_parts += 1
        if self._ready_parts <= len(PARTS):
            importlib.import_module(PARTS[self._ready_parts - 1])
            self._rest.start(0)
            return
        if self.window.closed:
            return
        if self._found is not None:
            found, self._found = self._found, None
            self._stay = self._shows
            self._give_up(found)
            self._stay = False
            return
        try:
            self.desk = self._open()
        except DutyDeskError as error:
            if isinstance(error, Damaged | Unavailable):
                log.error("cannot open %s: %s", self.home.root, error)
            self._give_up(error)
            return
        if not self._rejoins(self.desk):
            self._attach(self.desk)

    def _rejoins(self, desk: Desk) -> bool:
        """Whether a forked branch is to be taken back first (`shell/rejoining.py`); that is tried once a start."""
        from dutydesk.sync.rejoin import WANTED

        if desk.config.view or not desk.store.state(WANTED):
            return False
        desk.store.remember(WANTED, "")
        desk.store.close()
        self.desk = None
        from dutydesk.shell.rejoining import Rejoining

        dialog = Rejoining(self.home, desk_key(), self.window)
        dialog.settled.connect(self._again)
        dialog.open()
        return True

    def _open(self) -> Desk:
        from dutydesk.features import open_desk

        desk = open_desk(self.home, self.clock, key=desk_key())
        if desk.config.view:
            if type(self.window) is MainWindow:
                desk.store.close()
                raise Refused(_("这里是从中心库取来的数据，请用 dutydesk --hub 地址 --view 打开"))
            return desk
        desk.me.id, desk.me.name = _kept_person(desk)
        return desk

    def _attach(self, desk: Desk) -> None:
        try:
            self.window.attach(desk)
        except Damaged as error:  # opening has read what every start reads; the lists read more
            log.error("cannot show %s: %s", self.home.root, str(error))
            self._shows = False
            self.come_up_again(Damaged(*error.problems))  # the error itself would keep half a window alive
            return
        self._shows = True
        self.window.mend.connect(self.come_up_again)
        self.ready.emit()

    def found_damage(self, error: DutyDeskError) -> None:
        """Nobody has minded that something could not be read: look what is wrong, and say what can be done."""
        if not self.window.minds(error):
            self.tell(str(error))

    def come_up_again(self, found: DutyDeskError) -> None:
        """Close the window in order and bring one up that shows `found` and the ways back: what is typed is kept, the
        record is let go, and nothing else has to be done by hand."""
        old, desk = self.window, self.desk
        typed = old.findChild(QLineEdit, EARLY)
        self.window = self._kind(self.clock)
        early = self.window.findChild(QLineEdit, EARLY)
        if typed is not None and early is not None:
            early.setText(typed.text())
        self.window.setGeometry(old.geometry())
        self.window.show()  # first, or the program would end with its last window
        old.close_at_once()
        old.deleteLater()
        if desk is not None:
            desk.store.close()
            self.desk = None
        self._found = found
        self._ready_parts = 0
        self.window.furnish()
        self._rest.start(0)

    def come_forward(self) -> None:
        """Someone started the program again: this is the window that there is."""
        self.window.come_forward()

    def make(self, start: Start) -> None:
        """Make the desk that the first start chose."""
        try:
            if start.sample:
                from dutydesk.sample import make_sample

                make_sample(self.home, self.clock)
            else:
                self._make_empty(start)
        except DutyDeskError as error:
            self._give_up(error)
            return
        self.open_record()

    def _make_empty(self, start: Start) -> None:
        from dutydesk.features import FEATURES, schema
        from dutydesk.journal.desk import Desk, Me
        from dutydesk.journal.store import Store

        told = start.config
        with Store.create(self.home, schema(), self.clock, told, key=desk_key()) as store:
            desk = Desk(store, self.clock, Me(ids.SYSTEM), FEATURES)
            district = desk.new("regions", {"code": told.district, "name": told.name, "level": "DISTRICT"})
            streets = [
                desk.new("regions", {"code": code, "name": name, "level": "SUBDISTRICT", "parent": district.row})
                for code, name in start.streets
            ]
            desk.act("regions.add", [district, *streets])

    def _give_up(self, error: DutyDeskError) -> None:
        from dutydesk.qt import dialogs
        from dutydesk.qt.widgets import shortcut

        self.window.drop_first()
        self.failed.emit(str(error))
        if not self._offer_a_way(error):
            said = dialogs.fail(self.window, error)
            shortcut(said, "F1", self._help)
            said.finished.connect(self.window.close)

    def _help(self) -> None:
        """F1 on whatever says that the record does not open."""
        from dutydesk.shell.manual import NIGHT_PAGE, show_page

        show_page(QApplication.activeModalWidget() or self.window, NIGHT_PAGE)

    def _offer_a_way(self, error: DutyDeskError) -> bool:
        """The way back from a record that is damaged, or the question to a folder from another machine; false where
        neither would help."""
        from dutydesk.journal.headfile import Elsewhere

        lost = any(problem.file == self.home.config.name for problem in error.problems)
        if not (isinstance(error, Damaged | Elsewhere) or lost):
            return False
        from dutydesk.shell.moved import Moved
        from dutydesk.shell.recovery import Recovery

        if isinstance(error, Elsewhere):
            asked = Moved(self.home, self.clock, desk_key(), self.window)
            asked.settled.connect(self._again)
        else:
            asked = Recovery(self.home, self.clock, error, desk_key(), self.window, stay=self._stay)
            asked.restored.connect(self._again)
        asked.rejected.connect(self.window.close)
        asked.open()
        return True

    def _bring_back(self) -> None:
        """On a new machine: the desk out of a copy that somebody has brought."""
        from dutydesk.shell.recovery import Recovery

        asked = Recovery(self.home, self.clock, Refused(), desk_key(), self.window, fresh=True)
        asked.restored.connect(self._again)
        asked.rejected.connect(self._soon.start)  # back to the first question
        asked.open()

    def _again(self) -> None:
        """Open the record that is whole now."""
        self._rest.start(0)

    def tell(self, text: str) -> None:
        """One sentence about what went wrong."""
        from dutydesk.qt import dialogs

        dialogs.fail(self.window, text)

    def close(self) -> None:
        """Close the record after the window has gone."""
        self._soon.stop()
        self._rest.stop()
        if self.desk is not None:
            self.desk.store.close()
            self.desk = None


def _kept_person(desk: Desk) -> tuple[str, str]:
    """Who sat here last; whoever was taken out of the list since is asked again."""
    row, _blank, name = desk.store.state("me").partition(" ")
    return (row, name) if len(row) == 32 else (ids.CLI, "")
