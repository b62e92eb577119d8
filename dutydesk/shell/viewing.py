"""The window over a hub: the same panes, nothing can be written, and a district can be chosen for all of them at once.

What the hub has gained is pulled every minute by a process of its own into the view's folder; the panes read that
folder as they read a desk's, so that a slow line or none never holds the screen.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QSizePolicy, QToolBar, QWidget

from dutydesk.core.clock import MINUTE, Clock, FixedClock, local
from dutydesk.core.i18n import _
from dutydesk.core.paths import Home
from dutydesk.journal.view import ViewStore, Whose, districts, heard, origins, refusal
from dutydesk.qt import dialogs
from dutydesk.qt.announcer import Changed
from dutydesk.qt.jobs import Cancelled, Job, Token
from dutydesk.qt.theme import current
from dutydesk.qt.widgets import Elided, button, label
from dutydesk.shell.window import MainWindow

EVERY = MINUTE
SILENT = 15 * MINUTE
"""How old what is shown may be before the board says so in colour."""
TOLD = 0.2
"""Seconds between two words about progress."""
NEVER_HERE = ("entry", "intake", "import", "snapshot", "copy", "verify", "syncing")
"""Services that only a desk has."""


LONG_SILENT = 26 * 60 * MINUTE
"""How long a district may be without a new act before it is named: desks sync every night (`sync.silence`)."""
MOST_SILENT = 3


def _when(at: int) -> str:
    return f"{local(at):%m-%d %H:%M}" if at else _("从未")


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a refresh came to: how many acts, whether it is in step, and what is to be said."""

    pulled: int
    ok: bool
    lines: tuple[str, ...]


def fetch(home: Path, key: bytes | None, at: int, token: Token) -> Fetched:
    """In a process of its own: pull what the hub has gained."""
    from dutydesk.features import open_desk
    from dutydesk.sync import protocol, view

    stopped, last = False, 0.0

    def stop() -> bool:
        nonlocal stopped
        if not stopped:
            try:
                token.check()
            except Cancelled:
                stopped = True
        return stopped

    def told(_stage: str, done: int, whole: int) -> None:
        nonlocal stopped, last
        if not stopped and time.monotonic() - last > TOLD:
            last = time.monotonic()
            try:
                token.progress(done, whole)
            except Cancelled:
                stopped = True

    desk = open_desk(Home(home), FixedClock(at), key=key)
    try:
        report = view.refresh(desk.store, progress=told, cancel=stop)
    except protocol.Cancelled:
        raise Cancelled from None
    finally:
        desk.store.close()
    return Fetched(report.pulled, report.ok, tuple(report.lines()))


class ViewWindow(MainWindow):
    """See the module's docstring. `district` is the chooser; `fetch_now` refreshes at once."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self._fetching: Job | None = None
        self._said = ""
        self._whose: Whose
        self.district = QComboBox()
        self._again = QTimer(self)
        self._again.setInterval(EVERY)
        self._again.timeout.connect(self.fetch_now)

    @property
    def store(self) -> ViewStore:
        return self.desk.store

    # -- coming to life --------------------------------------------------------------------------------------------

    def _build_entry(self) -> None:
        for name in NEVER_HERE:
            self.desk.services.pop(name, None)
        self._whose = Whose(self.store)
        self.desk.services["origin"] = self._whose
        self.desk.services["import"] = self._no_import
        super()._build_entry()
        self.entry_bar.hide()
        self.entry_bar.toggleViewAction().setEnabled(False)

    def _build_rail(self) -> None:
        super()._build_rail()
        self.board.crew.hide()
        self.board.who.hide()
        bar = QToolBar(_("中心库"))
        bar.setObjectName("view-bar")
        bar.setMovable(False)
        bar.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        inside = QWidget()
        row = QHBoxLayout(inside)
        theme = current()
        row.setContentsMargins(theme.px(8), theme.px(2), theme.px(8), theme.px(2))
        row.setSpacing(theme.px(8))
        self.district.setObjectName("view-district")
        self.district.setAccessibleName(_("区县"))
        self.district.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.news = Elided("")
        self.news.setObjectName("view-news")
        self.news.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.again = button(_("取最新数据"), tip="Ctrl+R")
        self.again.setObjectName("view-fetch")
        self.again.clicked.connect(self.fetch_now)
        chosen = label(_("区县"))
        chosen.setBuddy(self.district)
        for widget in (chosen, self.district, self.news, self.again):
            row.addWidget(widget, 1 if widget is self.news else 0)
        bar.addWidget(inside)
        self._say("")
        self.addToolBar(Qt.ToolBarArea.TopToolBarArea, bar)
        self._fill_districts()
        self.district.currentIndexChanged.connect(self._choose)

    def _build_commands(self) -> None:
        super()._build_commands()
        self._shortcut("Ctrl+R", self.fetch_now)
        self._shortcut("Ctrl+D", self._focus_district)

    def window_commands(self) -> list[tuple[str, str, Callable[[], None]]]:
        """Those that make sense where nobody writes, the menu last as ever."""
        never = {"focus_entry", "switch_person", "lock", "toggle_outage", "choose_import", "snapshot"}
        kept = [one for one in super().window_commands() if getattr(one[2], "__name__", "") not in never]
        return [
            (_("选区县"), "Ctrl+D", self._focus_district),
            (_("取最新数据"), "Ctrl+R", self.fetch_now),
            *kept,
        ]

    def begin(self) -> None:
        """Look what the hub has gained, now and every minute."""
        if self.desk.store.notes:
            dialogs.tell(self, "\n".join(self.desk.store.notes))
        self._again.start()
        self.fetch_now()

    # -- the district ----------------------------------------------------------------------------------------------

    def _fill_districts(self) -> None:
        kept = self.district.currentData() or self.store.state("view.district")
        self.district.blockSignals(True)
        self.district.clear()
        self.district.addItem(_("全部区县"), "")
        for code, name in districts(self.store):
            self.district.addItem(name, code)
        self.district.setCurrentIndex(max(self.district.findData(kept), 0))
        self.district.blockSignals(False)
        self._narrow()

    def _narrow(self) -> bool:
        """Show the chosen district's rows; whether that is another one than before."""
        code = self.district.currentData()
        before = self.store.desks
        self.store.desks = tuple(one.desk for one in origins(self.store) if code and one.district == code)
        return self.store.desks != before

    def _choose(self, _at: int) -> None:
        self.store.remember("view.district", str(self.district.currentData() or ""))
        if self._narrow():
            self.announcer.changed.emit(Changed(everything=True))

    def _focus_district(self) -> None:
        self.district.setFocus()
        self.district.showPopup()

    # -- what is new -----------------------------------------------------------------------------------------------

    def fetch_now(self) -> None:
        """Refresh, unless that is under way. The first one shows how far it is."""
        if self._fetching is not None or self.closed:
            return
        from dutydesk.sync.view import last_success

        store = self.desk.store
        first = last_success(store) is None
        runner = self.jobs if first else self.quiet
        self._say(_("正在从中心库取数") if first else self._said)
        job = self._fetching = runner.run_process(
            _("从中心库取数"), fetch, store.home.root, store.key, self.clock.now()
        )
        job.result.connect(self._fetched)
        job.failed.connect(self._missed)
        job.finished.connect(self._ended)

    def _fetched(self, came: Any) -> None:
        self._say(_("；").join(came.lines))
        if [self.district.itemData(at) for at in range(1, self.district.count())] != [
            code for code, _name in districts(self.store)
        ] or came.pulled:
            self._whose.learn()
            self._fill_districts()
        if came.pulled:
            self._actions.tidy_quietly()
            self.announcer.look()
        self._show_record()

    def _missed(self, text: str) -> None:
        self._say(_("没有取到新数据：{reason}").format(reason=text))
        self._show_record()

    def _ended(self) -> None:
        self._fetching = None

    def _say(self, text: str) -> None:
        self._said = text
        self.news.setText(text or self._quiet())

    def _quiet(self) -> str:
        """What stands there while nothing else is to be said: that nobody writes here, and which districts were silent
        for longest."""
        at, now = heard(self.store), self.clock.now()
        named = districts(self.store)
        silent = sorted((at.get(code, 0), name) for code, name in named if now - at.get(code, 0) > LONG_SILENT)
        told = [_("{name}（{when}）").format(name=name, when=_when(moment)) for moment, name in silent[:MOST_SILENT]]
        if len(silent) > MOST_SILENT:
            told.append(_("等 {count} 个").format(count=len(silent)))
        if told:
            return _("只读。一天多没有新记录：{districts}").format(districts=_("、").join(told))
        if len(at) < 2:
            return _("只读。要改请到记录它的席位上改")
        first, name = min((at.get(code, 0), name) for code, name in named)
        return _("只读。最久没有新记录的是{name}（{when}）").format(name=name, when=_when(first))

    def _show_record(self) -> None:
        from dutydesk.sync.view import last_success

        at, now = last_success(self.desk.store), self.clock.now()
        when = f"{local(at):%m-%d %H:%M}" if at is not None else _("还没有")
        late = at is None or now - at > SILENT
        self.board.record.show_value(when, "yellow" if late else "", caption=_("数据到"))

    # -- what only a desk does ---------------------------------------------------------------------------------------

    def _refuse(self) -> None:
        dialogs.tell(self, str(refusal()))

    def _no_import(self, ledger: str, parent: QWidget | None = None) -> None:
        """Files are read in by desks."""
        self._refuse()

    def focus_entry(self) -> None:
        """F2."""
        self._refuse()

    def prefill_entry(self, values: dict[str, Any]) -> None:
        """Nothing is written here."""
        self._refuse()

    def begin_intake(self, values: dict[str, Any]) -> None:
        """Nothing is reported here."""
        self._refuse()

    def switch_person(self) -> None:
        """Nobody signs what is only looked at."""
        self._refuse()

    def lock(self) -> None:
        """There is no PIN to give."""
        self._refuse()

    def toggle_outage(self) -> None:
        """Ctrl+F8."""
        self._refuse()

    def closeEvent(self, event: Any) -> None:
        self._again.stop()
        job = self._fetching
        if job is not None:
            with suppress(RuntimeError):  # it may have gone with its runner
                job.cancel()
        super().closeEvent(event)
