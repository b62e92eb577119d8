"""接报: the incidents in hand on the left, the page of one of them or the intake form on the right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton, QWidget

from dutydesk.core.clock import local
from dutydesk.core.i18n import _
from dutydesk.incidents import clocks as timing
from dutydesk.incidents import lines
from dutydesk.incidents.ledger import INCIDENTS
from dutydesk.incidents.pane_facts import clock_text
from dutydesk.incidents.pane_form import IntakeForm
from dutydesk.incidents.pane_page import IncidentPage
from dutydesk.incidents.rules import CLOSED
from dutydesk.journal import query as q
from dutydesk.journal.query import Row
from dutydesk.ledger.spec import Value
from dutydesk.qt.cardpane import CardPane, CommandRow
from dutydesk.qt.cards import Card
from dutydesk.qt.widgets import EmptyState, shortcut

MOST_CLOSED = 200
"""Closed incidents shown below the open ones; the search finds the others."""
_OPEN = tuple(q.Condition("state", "!=", state) for state in CLOSED)
_SHUT = q.Condition("state", "in", CLOSED)


class IncidentsPane(CardPane):
    """See the module's docstring."""

    listens = ("incidents", "log", "regions", "settings")
    tick_ms = 15_000
    page: IncidentPage
    form: IntakeForm

    def __init__(self, desk: Any, parent: QWidget | None = None) -> None:
        super().__init__(
            desk,
            "incident",
            title=_("接报"),
            add=_("新接报"),
            things=_("突发事件"),
            hint=_("编号、地点、内容"),
            scopes=((_("在办和近期"), "all"), (_("只看在办"), "open")),
            page=IncidentPage(desk),
            form=IntakeForm(desk),
            empty=EmptyState(""),
            parent=parent,
        )
        self.head.add(self.new)
        self.page.said.connect(self.say)
        shortcut(self.list, "Ctrl+C", self.page.copy_line, alone=True)
        self.refresh()
        self.list.choose_first()

    # -- what the shell asks ---------------------------------------------------------------------------------------

    def show_row(self, ledger: str, row: bytes) -> bool:
        """Go to an incident."""
        held = self.desk.get("incidents", row) if ledger == "incidents" else None
        if held is None:
            return False
        if not self.list.choose(row):
            self.search.clear()
            self.which.setCurrentIndex(0)
            self.refresh()
            self.list.choose(row)
        self.detail = True
        self._show_page(held)
        return True

    def begin_with(self, values: Mapping[str, Value]) -> None:
        """A new report that begins with what is known already: text, time, region, party and its number."""
        self.begin()
        self.form.fill(values)

    def commands(self) -> list[CommandRow]:
        """What this pane can do, for the palette and the key sheet."""
        return [
            (_("新接报"), "Ctrl+N", self.begin),
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
        opened = self.desk.rows("incidents", *_OPEN, search=wanted)
        shut = self.desk.rows("incidents", _SHUT, search=wanted, order="-received_at", limit=MOST_CLOSED)
        over = self.desk.count("incidents", _SHUT, search=wanted)
        now = self.desk.clock.now()
        with self.desk.store.read() as connection:
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
        if self.forms:
            return
        key = self.list.current_key()
        if key is None and here is None:
            self.list.choose_first()
            key = self.list.current_key()
        if key is not None:
            if key == here:
                self.show_one(key)
        elif wanted:
            self.show_empty(_("没有找到"), _("换个词再找"))
        elif not cards:
            self.show_empty(
                _("还没有接报"), _("接到报告先建一条，时间、类别、地点、经过填了就能存"), _("新接报 Ctrl+N")
            )

    def _card(self, row: Row, running: list[timing.Timed], now: int) -> Card:
        at = row.values.get("received_at")
        state = INCIDENTS["state"].kind.show(row.values.get("state"), INCIDENTS["state"]) or _("无状态")
        grade = INCIDENTS["grade"].kind.show(row.values.get("grade"), INCIDENTS["grade"])
        right, tone = clock_text(running[0], now) if running else ("", "")
        when = f"{local(at):%m-%d %H:%M}" if isinstance(at, int) else ""
        origin = self.desk.origin(row)
        note = " · ".join(part for part in (origin, when, lines.type_label(row.values.get("type")), grade) if part)
        head = f"{lines.short_no(row.values.get('no'))} {row.text('place')}".strip()
        return Card(row.id, head, note, right, tone, state, dim=row.get("state") in CLOSED)

    def show_one(self, key: object) -> None:
        """Show the incident of a card."""
        held = self.desk.get("incidents", key) if isinstance(key, bytes) and not self.forms else None
        if held is not None:
            self._show_page(held)

    def _show_page(self, row: Row) -> None:
        self.page.show_incident(row)
        self.show_page()

    def first_button(self) -> QPushButton:
        """Reporting is what comes next."""
        return self.page.buttons["report"]

    def saved(self, row: Row) -> None:
        """A report was taken in: show it, with the caret on what comes next."""
        self.search.clear()
        self.stack.setCurrentWidget(self.page)
        self.detail = True
        self.refresh()
        self.list.choose(row.id)
        self._show_page(row)
        self.first_button().setFocus(Qt.FocusReason.OtherFocusReason)
        self.say(_("已保存 {title}，已记入值班日志").format(title=lines.title(row.values)))
