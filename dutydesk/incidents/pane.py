"""接报: the incidents in hand on the left, the page of one of them or the intake form on the right."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QHideEvent, QKeySequence, QResizeEvent, QShortcut, QShowEvent
from PySide6.QtWidgets import QComboBox, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from dutydesk.core.clock import local
from dutydesk.core.i18n import _
from dutydesk.incidents import clocks as timing
from dutydesk.incidents import lines
from dutydesk.incidents.ledger import INCIDENTS
from dutydesk.incidents.pane_form import IntakeForm
from dutydesk.incidents.pane_page import IncidentPage, clock_text
from dutydesk.incidents.rules import CLOSED
from dutydesk.journal import query as q
from dutydesk.journal.query import Row
from dutydesk.qt.announcer import Changed, announcer_for
from dutydesk.qt.cards import Card, CardList
from dutydesk.qt.theme import current
from dutydesk.qt.widgets import EmptyState, SearchBox, SplitTitle, button, label

TICK_MS = 15_000
MOST_CLOSED = 200
"""Closed incidents shown below the open ones; the search finds the others."""
_OPEN = tuple(q.Condition("state", "!=", state) for state in CLOSED)
_SHUT = q.Condition("state", "in", CLOSED)
LISTENED = ("incidents", "log", "regions", "settings")


class IncidentsPane(QWidget):
    """See the module's docstring."""

    def __init__(self, desk: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("incidents-pane")
        self._desk = desk
        self.title = _("接报")
        theme = current()
        self.head = SplitTitle(self.title)
        self.new = button(_("新接报"), primary=True, tip="Ctrl+N")
        self.new.setObjectName("incident-new")
        self.new.clicked.connect(self.begin_intake)
        self.head.add(self.new)
        self.search = SearchBox(_("编号、地点、内容"))
        self.search.setObjectName("incident-search")
        self.which = QComboBox()
        self.which.setObjectName("incident-filter")
        self.which.setAccessibleName(_("范围"))
        self.which.addItem(_("在办和近期"), "all")
        self.which.addItem(_("只看在办"), "open")
        self.list = CardList(_("突发事件"))
        self.list.setObjectName("incident-list")
        self.side = QWidget()
        column = QVBoxLayout(self.side)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.px(4))
        column.addWidget(self.head)
        filters = QVBoxLayout()
        filters.setContentsMargins(theme.px(8), 0, theme.px(8), 0)
        filters.setSpacing(theme.px(4))
        filters.addWidget(self.search)
        filters.addWidget(self.which)
        column.addLayout(filters)
        column.addWidget(self.list, 1)
        self.foot = label("", "muted")
        self.foot.setObjectName("incident-said")
        self.foot.setContentsMargins(theme.px(12), theme.px(2), theme.px(12), theme.px(2))
        self.page = IncidentPage(desk)
        self.form = IntakeForm(desk)
        self.empty = EmptyState(
            _("还没有接报"), _("接到报告先建一条，时间、类别、地点、经过填了就能存"), _("新接报 Ctrl+N")
        )
        self.empty.setObjectName("incident-empty")
        self.stack = QStackedWidget()
        for part in (self.empty, self.page, self.form):
            self.stack.addWidget(part)
        self.parts = QSplitter(Qt.Orientation.Horizontal)
        self.parts.addWidget(self.side)
        self.parts.addWidget(self.stack)
        self.parts.setStretchFactor(0, 0)
        self.parts.setStretchFactor(1, 1)
        self.parts.setChildrenCollapsible(False)
        self.parts.setSizes([theme.px(300), theme.px(700)])
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(self.parts, 1)
        outer.addWidget(self.foot)
        self.foot.hide()
        self._detail = False
        self._connect()
        self.refresh()
        self.list.choose_first()

    def _connect(self) -> None:
        self.search.searched.connect(self.refresh)
        self.search.down.connect(self.list.setFocus)
        self.list.typed.connect(self._type_on)
        self.which.currentIndexChanged.connect(self.refresh)
        self.list.picked.connect(self._show)
        self.list.opened.connect(self._open)
        self.list.clicked.connect(self._clicked)
        self.page.back.clicked.connect(self.back)
        self.empty.acted.connect(self.begin_intake)
        self.form.saved.connect(self._saved)
        self.form.closed.connect(self._form_closed)
        self.page.said.connect(self.say)
        announcer = self._desk.services.get("announcer") or announcer_for(self._desk.store)
        announcer.changed.connect(self._changed)
        for keys, run in (
            ("Ctrl+N", self.begin_intake),
            ("Ctrl+F", self.focus_search),
            ("Alt+Left", self.back),
            ("Ctrl+Shift+C", self.page.copy_line),
            ("Alt+R", self.page.ask_report),
            ("Alt+J", self.page.ask_progress),
            ("Alt+S", self.page.ask_state),
            ("Alt+E", self.page.ask_edit),
            ("Alt+P", self.page.print_sheet),
        ):
            self._key(keys, run)
        self._key("Ctrl+C", self.page.copy_line, self.list)
        self._tick = QTimer(self)
        self._tick.setInterval(TICK_MS)
        self._tick.timeout.connect(self.tick)

    def _key(self, keys: str, run: Callable[[], None], owner: QWidget | None = None) -> None:
        """A key for all of the pane, or for one widget alone."""
        shortcut = QShortcut(QKeySequence(keys), owner or self)
        children, alone = Qt.ShortcutContext.WidgetWithChildrenShortcut, Qt.ShortcutContext.WidgetShortcut
        shortcut.setContext(children if owner is None else alone)
        shortcut.activated.connect(run)

    # -- what the shell asks ---------------------------------------------------------------------------------------

    def focus_first(self) -> None:
        """Put the caret on the list, or on what begins it."""
        if self.stack.currentWidget() is self.form:
            self.form.focus_first()
        elif self.list.cards:
            self.list.choose_first()
            self.list.setFocus()
        else:
            self.empty.button.setFocus()

    def show_row(self, ledger: str, row: bytes) -> bool:
        """Go to an incident."""
        held = self._desk.get("incidents", row) if ledger == "incidents" else None
        if held is None:
            return False
        if not self.list.choose(row):
            self.search.clear()
            self.which.setCurrentIndex(0)
            self.refresh()
            self.list.choose(row)
        self._detail = True
        self._show_page(held)
        return True

    def commands(self) -> list[tuple[str, str, Callable[[], None]]]:
        """What this pane can do, for the palette and the key sheet."""
        return [
            (_("新接报"), "Ctrl+N", self.begin_intake),
            (_("找事件"), "Ctrl+F", self.focus_search),
            (_("初报"), "Alt+R", self.page.ask_report),
            (_("事件进展"), "Alt+J", self.page.ask_progress),
            (_("改事件状态"), "Alt+S", self.page.ask_state),
            (_("改事件要素"), "Alt+E", self.page.ask_edit),
            (_("复制成一行"), "Ctrl+Shift+C", self.page.copy_line),
            (_("打印突发事件登记表"), "Alt+P", self.page.print_sheet),
        ]

    # -- the list --------------------------------------------------------------------------------------------------

    def refresh(self, *_unused: object) -> None:
        """Read again what is listed."""
        wanted = self.search.text().strip()
        here = self.list.current_key()
        opened = self._desk.rows("incidents", *_OPEN, search=wanted)
        shut = self._desk.rows("incidents", _SHUT, search=wanted, order="-received_at", limit=MOST_CLOSED)
        over = self._desk.count("incidents", _SHUT, search=wanted)
        now = self._desk.clock.now()
        with self._desk.store.read() as connection:
            in_force = timing.rules_here(connection)
        due = {row.id: [one for one in timing.timed(row.values, in_force, now) if one.running] for row in opened}
        opened.sort(key=lambda row: (not due[row.id], due[row.id][0].clock.due_at if due[row.id] else 0))
        cards: list[Card] = []
        if opened:
            cards.append(Card(b"", _("在办 {count} 件").format(count=len(opened))))
            cards += [self._card(row, due[row.id], now) for row in opened]
        if shut and self.which.currentData() == "all":
            cards.append(Card(b"", _("已结 {count} 件").format(count=over)))
            cards += [self._card(row, [], now) for row in shut]
        self.list.show_cards(cards)
        if self.stack.currentWidget() is self.form:
            return
        key = self.list.current_key()
        if key is None and here is None:
            self.list.choose_first()
            key = self.list.current_key()
        if key is not None:
            if key == here:
                self._show(key)
        elif wanted:
            self.empty.say(_("没有找到"), _("换个词再找"))
            self.stack.setCurrentWidget(self.empty)
        elif not cards:
            self.empty.say(_("还没有接报"), _("接到报告先建一条，时间、类别、地点、经过填了就能存"), _("新接报 Ctrl+N"))
            self.stack.setCurrentWidget(self.empty)

    def _card(self, row: Row, running: list[timing.Timed], now: int) -> Card:
        at = row.values.get("received_at")
        state = INCIDENTS["state"].kind.show(row.values.get("state"), INCIDENTS["state"]) or _("无状态")
        grade = INCIDENTS["grade"].kind.show(row.values.get("grade"), INCIDENTS["grade"])
        right, tone = clock_text(running[0], now) if running else ("", "")
        when = f"{local(at):%m-%d %H:%M}" if isinstance(at, int) else ""
        note = " · ".join(part for part in (when, lines.type_label(row.values.get("type")), grade) if part)
        head = f"{lines.short_no(row.values.get('no'))} {row.text('place')}".strip()
        return Card(row.id, head, note, right, tone, state, dim=row.get("state") in CLOSED)

    def _show(self, key: object) -> None:
        if not isinstance(key, bytes):
            return
        held = self._desk.get("incidents", key)
        if held is not None and self.stack.currentWidget() is not self.form:
            self._show_page(held)

    def _show_page(self, row: Row) -> None:
        self.page.show_incident(row)
        self.stack.setCurrentWidget(self.page)
        self._room()

    def _open(self, key: object) -> None:
        self._detail = True
        self._show(key)
        self.page.buttons["report"].setFocus(Qt.FocusReason.TabFocusReason)

    def _clicked(self, _index: object) -> None:
        self._detail = True
        self._room()

    def back(self) -> None:
        """Where only one of them has room: from the page to the list."""
        if self.stack.currentWidget() is not self.form:
            self._detail = False
            self._room()
            self.list.setFocus()

    def _type_on(self, text: str) -> None:
        self.search.setFocus()
        self.search.setText(text)

    def focus_search(self) -> None:
        """Put the caret into the search field."""
        if self.stack.currentWidget() is not self.form:
            self._detail = False
        self._room()
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    # -- intake ----------------------------------------------------------------------------------------------------

    def begin_intake(self) -> None:
        """Ctrl+N: a new report."""
        if self.stack.currentWidget() is not self.form:
            self.form.begin()
            self.stack.setCurrentWidget(self.form)
            self._room()
            self.say("")
        self.form.focus_first()

    def _saved(self, row: Row) -> None:
        self.search.clear()
        self.stack.setCurrentWidget(self.page)
        self._detail = True
        self.refresh()
        self.list.choose(row.id)
        self._show_page(row)
        self.page.buttons["report"].setFocus(Qt.FocusReason.OtherFocusReason)
        self.say(_("已保存 {title}，已记入值班日志").format(title=lines.title(row.values)))

    def _form_closed(self, kept: bool) -> None:
        self.stack.setCurrentWidget(self.page if self.list.current_key() else self.empty)
        self.refresh()
        self._detail = False
        self._show(self.list.current_key())
        self._room()
        self.focus_first()
        self.say(_("草稿已保留，Ctrl+N 接着填") if kept else "")

    def keep_draft(self) -> None:
        """The window is closing: keep what stands in the form."""
        self.form.keep_draft()

    def say(self, text: str) -> None:
        """One sentence at the foot."""
        self.foot.setText(text)
        self.foot.setVisible(bool(text))

    # -- Qt --------------------------------------------------------------------------------------------------------

    def tick(self) -> None:
        """Time goes on: clocks of the page and of the list."""
        self.refresh()

    def _changed(self, changed: Changed) -> None:
        if changed.touches(*LISTENED):
            self.refresh()

    def _room(self) -> None:
        """Where it is narrow the form has the whole pane, and the list and the page take turns."""
        forms = self.stack.currentWidget() is self.form
        narrow = self.width() < current().px(820 if forms else 660)
        listed = bool(self.list.cards) or bool(self.search.text())
        self.side.setVisible(not narrow or not (forms or (self._detail or not listed)))
        self.stack.setVisible(not narrow or self.side.isHidden())
        self.page.back.setVisible(narrow)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._room()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()
        self._tick.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._tick.stop()
        if self.stack.currentWidget() is self.form:
            self.keep_draft()
