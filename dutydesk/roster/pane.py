"""The pane of the roster: the month, swaps, leave, staff, calendar and postures, each on its own sheet."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QTabWidget, QVBoxLayout, QWidget

from dutydesk.core.i18n import N_, _
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Condition
from dutydesk.qt.announcer import Changed, announcer_of
from dutydesk.qt.widgets import shortcut
from dutydesk.roster.pane_month import MonthPage
from dutydesk.roster.rows import Key

if TYPE_CHECKING:
    from dutydesk.roster.pane_lists import CalendarPage, LeavesPage, PosturePage, StaffPage
    from dutydesk.roster.pane_swap import SwapsPage

CommandRow = tuple[str, str, Callable[[], None]]
MONTH, SWAPS, LEAVES, PEOPLE, CALENDAR, POSTURES = range(6)
SHEETS = (
    (N_("值班表"), ""),
    (N_("调班代班"), "dutydesk.roster.pane_swap:SwapsPage"),
    (N_("请假外出"), "dutydesk.roster.pane_lists:LeavesPage"),
    (N_("值班人员"), "dutydesk.roster.pane_lists:StaffPage"),
    (N_("日历"), "dutydesk.roster.pane_lists:CalendarPage"),
    (N_("值守状态"), "dutydesk.roster.pane_lists:PosturePage"),
)
LEDGERS = {
    "swaps": SWAPS,
    "leaves": LEAVES,
    "roster_people": PEOPLE,
    "day_types": CALENDAR,
    "postures": POSTURES,
}
WAITING = {SWAPS: ("swaps", ("ASKED", "ACCEPTED")), LEAVES: ("leaves", ("ASKED",))}
"""Sheets whose tab says how many are not settled."""


class RosterPane(QWidget):
    """排班. Ctrl+1 … Ctrl+6 choose the sheet; the keys of each are in its own `commands`. The sheets beside the month
    are made when they are first wanted."""

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("roster-pane")
        self.title = _("排班")
        self.desk = desk
        self.month = MonthPage(desk)
        self._pages: dict[int, Any] = {MONTH: self.month}
        self.tabs = QTabWidget()
        self.tabs.setObjectName("roster-tabs")
        self.tabs.setDocumentMode(True)
        self.tabs.setUsesScrollButtons(True)
        for text, dotted in SHEETS:
            holder = QWidget()
            column = QVBoxLayout(holder)
            column.setContentsMargins(0, 0, 0, 0)
            if not dotted:
                column.addWidget(self.month)
            self.tabs.addTab(holder, _(text))
        self.tabs.currentChanged.connect(self._turned)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(self.tabs)
        self._keys: list[CommandRow] = []
        shows = (
            self.show_month, self.show_swaps, self.show_leaves, self.show_staff, self.show_calendar, self.show_postures,
        )  # fmt: skip
        for at, ((text, _dotted), run) in enumerate(zip(SHEETS, shows, strict=True), 1):
            shortcut(self, f"Ctrl+{at}", run)
            self._keys.append((_(text), f"Ctrl+{at}", run))
        self.month.swap_wanted.connect(self.ask_swap)
        announcer = announcer_of(desk)
        announcer.changed.connect(self.month.heed)
        announcer.changed.connect(self.heed)
        self._count()

    # -- sheets ----------------------------------------------------------------------------------------------------

    def page(self, at: int) -> Any:
        """A sheet, made at the first call."""
        made = self._pages.get(at)
        if made is None:
            module, name = SHEETS[at][1].split(":")
            made = self._pages[at] = getattr(import_module(module), name)(self.desk)
            layout = self.tabs.widget(at).layout()
            assert layout is not None
            layout.addWidget(made)
            made.show()  # a layout would show it at the next turn of the loop, too late for the keyboard
        return made

    @property
    def swaps(self) -> SwapsPage:
        return self.page(SWAPS)

    @property
    def leaves(self) -> LeavesPage:
        return self.page(LEAVES)

    @property
    def staff(self) -> StaffPage:
        return self.page(PEOPLE)

    @property
    def calendar(self) -> CalendarPage:
        return self.page(CALENDAR)

    @property
    def postures(self) -> PosturePage:
        return self.page(POSTURES)

    def _turned(self, at: int) -> None:
        self.page(at)

    def _show(self, at: int) -> None:
        self.tabs.setCurrentIndex(at)
        self.page(at).focus_first()

    def show_month(self) -> None:
        """Ctrl+1."""
        self._show(MONTH)

    def show_swaps(self) -> None:
        """Ctrl+2."""
        self._show(SWAPS)

    def show_leaves(self) -> None:
        """Ctrl+3."""
        self._show(LEAVES)

    def show_staff(self) -> None:
        """Ctrl+4."""
        self._show(PEOPLE)

    def show_calendar(self) -> None:
        """Ctrl+5."""
        self._show(CALENDAR)

    def show_postures(self) -> None:
        """Ctrl+6."""
        self._show(POSTURES)

    def ask_swap(self, key: Key | None, other_key: Key | None) -> None:
        """A swap was asked for in the grid."""
        self.tabs.setCurrentIndex(SWAPS)
        self.swaps.begin(key, other_key)

    # -- for the window --------------------------------------------------------------------------------------------

    def focus_first(self) -> None:
        """The sheet that is in front."""
        self.page(self.tabs.currentIndex()).focus_first()

    def show_row(self, ledger: str, row: bytes) -> None:
        """Bring a row of any of the roster's ledgers into sight."""
        at = LEDGERS.get(ledger)
        if at is not None:
            self.tabs.setCurrentIndex(at)
            self.page(at).show_row(ledger, row)
            return
        self.show_month()
        held = self.desk.get(ledger, row)
        if held is not None and ledger == "assignments":
            self.month.show_place((held.text("date"), held.text("shift"), held.text("post"), held.number("slot")))
        elif held is not None and ledger == "rosters":
            self.month.show_day(held.text("starts_on"))

    def commands(self) -> list[CommandRow]:
        """What the palette and the key sheet show: of the pane, the month, and the sheet that is in front."""
        own = [(_("{label}：{text}").format(label=self.title, text=text), key, run) for text, key, run in self._keys]
        month = self.month.commands()
        own += [(_("{label}：{text}").format(label=_("值班表"), text=text), key, run) for text, key, run in month]
        at = self.tabs.currentIndex()
        return own if at == MONTH else own + self.page(at).commands()

    def heed(self, changed: Changed) -> None:
        """The counts on the tabs follow."""
        if changed.touches(*(ledger for ledger, _states in WAITING.values())):
            self._count()

    def _count(self) -> None:
        for at, (ledger, states) in WAITING.items():
            count = self.desk.count(ledger, Condition("state", "in", states))
            text = _(SHEETS[at][0])
            self.tabs.setTabText(at, f"{text} {count}" if count else text)
