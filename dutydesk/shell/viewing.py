"""The window over a hub: the same panes, nothing that writes is offered, and a district can be chosen for all of them at once.

What the hub has gained is pulled every minute by a process of its own into the view's folder; the panes read that
folder as they read a desk's, so that a slow line or none never holds the screen.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QSizePolicy, QToolBar, QWidget

from dutydesk.core.clock import MINUTE, Clock, FixedClock, local
from dutydesk.core.i18n import _
from dutydesk.core.paths import Home
from dutydesk.journal.view import ViewStore, Whose, districts, last_success, origins
from dutydesk.ledger.feature import OpenItem
from dutydesk.qt import dialogs
from dutydesk.qt.announcer import Changed
from dutydesk.qt.jobs import Cancelled, Job, Token
from dutydesk.qt.theme import current
from dutydesk.qt.widgets import Elided, button, label, restyle
from dutydesk.shell.window import MainWindow
from dutydesk.transfer import districts as standing

EVERY = MINUTE
SILENT = 15 * MINUTE
"""How old what is shown may be before the board says so in colour."""
TOLD = 0.2
"""Seconds between two words about progress."""
NEVER_HERE = ("entry", "intake", "import", "snapshot", "copy", "verify", "syncing")
"""Services that only a desk has."""
MOST_SILENT = 3
"""Silent districts that are named above the panes; the pane of districts has them all."""


def _when(at: int | None, now: int) -> str:
    """`06-18 22:03，12 分前`."""
    age = standing.age_text(at, now)
    return _("{time}，{age}").format(time=f"{local(at):%m-%d %H:%M}", age=age) if at is not None else age


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

    def _lay_out_early(self) -> None:
        super()._lay_out_early()
        self._early.hide()  # nobody writes here, not even while the record is opened

    def show_first(self, view: QWidget) -> None:
        """The districts come first, not the log."""
        view.deleteLater()

    def _build_entry(self) -> None:
        for name in NEVER_HERE:
            self.desk.services.pop(name, None)
        self._whose = self.desk.services["origin"]
        self.desk.services["district"] = self.choose_district
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
        self.board.mind(self.docks)
        self._shortcut("Ctrl+R", self.fetch_now)
        self._shortcut("Ctrl+D", self._focus_district)

    def window_commands(self) -> list[tuple[str, str, Callable[[], None]]]:
        """Those of a view stand first, the menu last as ever."""
        return [
            (_("选区县"), "Ctrl+D", self._focus_district),
            (_("取最新数据"), "Ctrl+R", self.fetch_now),
            *super().window_commands(),
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
            self._say(self._said)
            self.announcer.changed.emit(Changed(everything=True))

    def choose_district(self, code: str) -> None:
        """Narrow every pane to a district, by its code."""
        self.district.setCurrentIndex(max(self.district.findData(code), 0))

    def due_here(self, items: list[OpenItem]) -> list[OpenItem]:
        """What is due in the chosen district, or everywhere with the district before each item."""
        rows: dict[str, list[bytes]] = {}
        for item in items:
            if item.ledger in self.store.schema.shapes:
                rows.setdefault(item.ledger, []).append(item.row)
        code = str(self.district.currentData() or "")
        if code:
            placed = {name: self._whose.codes(name, wanted) for name, wanted in rows.items()}
            return [
                item for item in items
                if code == (placed[item.ledger].get(item.row) if item.ledger in placed else item.row.decode("ascii", "replace"))
            ]  # fmt: skip
        named = {name: self._whose.of(name, wanted) for name, wanted in rows.items()}
        return [
            replace(item, title=f"{named[item.ledger].get(item.row, '')} {item.title}".strip())
            if item.ledger in named
            else item
            for item in items
        ]

    def _focus_district(self) -> None:
        self.district.setFocus()
        self.district.showPopup()

    # -- what is new -----------------------------------------------------------------------------------------------

    def fetch_now(self) -> None:
        """Refresh, unless that is under way. The first one shows how far it is."""
        if self._fetching is not None or self.closed:
            return
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
        held = [self.district.itemData(at) for at in range(1, self.district.count())]
        fresh = held != [code for code, _name in districts(self.store)]
        if fresh or came.pulled:
            self._whose.learn()
            self._fill_districts()
        if fresh:
            self.announcer.changed.emit(Changed(everything=True))
        if came.pulled:
            self._actions.tidy_quietly()
            self.announcer.look()
        self._show_record()

    def _missed(self, text: str) -> None:
        self._say(_("没有取到新数据：{reason}").format(reason=text))
        self._show_record()

    def _ended(self) -> None:
        self._fetching = None
        self._say(self._said)

    def _say(self, text: str) -> None:
        self._said = text
        quiet, alarm = self._quiet()
        self.news.setText(text or quiet)
        role = "problem" if alarm and not text else ""
        if str(self.news.property("role") or "") != role:
            self.news.setProperty("role", role)
            restyle(self.news)

    def _quiet(self) -> tuple[str, bool]:
        """What stands there while nothing else is to be said, and whether it is an alarm: how old what is known of the
        chosen district is, or which districts have been silent for longest."""
        now, chosen = self.clock.now(), str(self.district.currentData() or "")
        with self.store.read() as connection:
            found = standing.quiet(connection, now)
        one = next((one for one in found if one.code == chosen), None)
        if one is not None:
            told = _("只读。{name}的最新记录：{when}").format(name=one.name, when=_when(one.heard, now))
            return told, one.silent
        silent = [
            _("{name}（{when}）").format(name=one.name, when=_when(one.heard, now)) for one in found if one.silent
        ]
        if silent:
            more = [_("等 {count} 个").format(count=len(silent))] if len(silent) > MOST_SILENT else []
            told = _("、").join(silent[:MOST_SILENT] + more)
            return _("只读。超过 26 小时没有新记录：{districts}").format(districts=told), True
        if len(found) < 2:
            return _("只读。要改请到记录它的席位上改"), False
        first = min(found, key=lambda one: one.heard or 0)
        told = _("只读。最久没有新记录的是{name}（{when}）").format(name=first.name, when=_when(first.heard, now))
        return told, False

    def _show_record(self) -> None:
        at, now = last_success(self.desk.store), self.clock.now()
        when = f"{local(at):%m-%d %H:%M}" if at is not None else _("还没有")
        late = at is None or now - at > SILENT
        self.board.record.show_value(when, "yellow" if late else "", caption=_("数据到"))

    def closeEvent(self, event: Any) -> None:
        self._again.stop()
        job = self._fetching
        if job is not None:
            with suppress(RuntimeError):  # it may have gone with its runner
                job.cancel()
        super().closeEvent(event)
