"""The pane of the roster: the month, swaps, leave, staff, calendar and postures, each on its own sheet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtWidgets import QTabWidget, QVBoxLayout, QWidget

from dutydesk.core.i18n import _
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Condition
from dutydesk.qt.announcer import Changed, announcer_of
from dutydesk.qt.widgets import shortcut
from dutydesk.roster.pane_lists import CalendarPage, LeavesPage, PosturePage, StaffPage
from dutydesk.roster.pane_month import MonthPage
from dutydesk.roster.pane_swap import SwapsPage
from dutydesk.roster.rows import Key

CommandRow = tuple[str, str, Callable[[], None]]


class RosterPane(QWidget):
    """排班. Ctrl+1 … Ctrl+6 choose the sheet; the keys of each are in its own `commands`."""

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("roster-pane")
        self.title = _("排班")
        self.desk = desk
        self.month = MonthPage(desk)
        self.swaps = SwapsPage(desk)
        self.leaves = LeavesPage(desk)
        self.staff = StaffPage(desk)
        self.calendar = CalendarPage(desk)
        self.postures = PosturePage(desk)
        self.sheets: list[tuple[str, Any]] = [
            (_("值班表"), self.month),
            (_("调班代班"), self.swaps),
            (_("请假外出"), self.leaves),
            (_("值班人员"), self.staff),
            (_("日历"), self.calendar),
            (_("值守状态"), self.postures),
        ]
        self.tabs = QTabWidget()
        self.tabs.setObjectName("roster-tabs")
        self.tabs.setDocumentMode(True)
        self.tabs.setUsesScrollButtons(True)
        for text, page in self.sheets:
            self.tabs.addTab(page, text)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(self.tabs)
        self._keys: list[CommandRow] = []
        for at, ((text, _page), run) in enumerate(
            zip(
                self.sheets,
                (
                    self.show_month,
                    self.show_swaps,
                    self.show_leaves,
                    self.show_staff,
                    self.show_calendar,
                    self.show_postures,
                ),
                strict=True,
            ),
            1,
        ):
            shortcut(self, f"Ctrl+{at}", run)
            self._keys.append((text, f"Ctrl+{at}", run))
        self.month.swap_wanted.connect(self.ask_swap)
        announcer = announcer_of(desk)
        announcer.changed.connect(self.month.heed)
        announcer.changed.connect(self.heed)
        self._count()

    # -- for the window --------------------------------------------------------------------------------------------

    def focus_first(self) -> None:
        """The sheet that is in front."""
        self.sheets[self.tabs.currentIndex()][1].focus_first()

    def show_row(self, ledger: str, row: bytes) -> None:
        """Bring a row of any of the roster's ledgers into sight."""
        held = self.desk.get(ledger, row)
        pages: dict[str, Any] = {
            "swaps": self.swaps,
            "leaves": self.leaves,
            "roster_people": self.staff,
            "day_types": self.calendar,
            "postures": self.postures,
        }
        page = pages.get(ledger)
        if page is not None:
            self.tabs.setCurrentWidget(page)
            page.show_row(ledger, row)
            return
        self.show_month()
        if held is not None and ledger == "assignments":
            key = (held.text("date"), held.text("shift"), held.text("post"), held.number("slot"))
            self.month.show_place(key)
        elif held is not None and ledger == "rosters":
            self.month.show_day(held.text("starts_on"))

    def commands(self) -> list[CommandRow]:
        """What the palette and the key sheet show."""
        own = [(_("{label}：{text}").format(label=self.title, text=text), key, run) for text, key, run in self._keys]
        month = self.month.commands()
        own += [(_("{label}：{text}").format(label=_("值班表"), text=text), key, run) for text, key, run in month]
        for page in (self.swaps, self.leaves):
            own += page.commands()
        return own

    def heed(self, changed: Changed) -> None:
        """The counts on the tabs follow."""
        if changed.touches("swaps", "leaves"):
            self._count()

    def _count(self) -> None:
        for page, ledger, states in (
            (self.swaps, "swaps", ("ASKED", "ACCEPTED")),
            (self.leaves, "leaves", ("ASKED",)),
        ):
            count = self.desk.count(ledger, Condition("state", "in", states))
            at = self.tabs.indexOf(page)
            self.tabs.setTabText(at, f"{self.sheets[at][0]} {count}" if count else self.sheets[at][0])

    # -- sheets ----------------------------------------------------------------------------------------------------

    def _show(self, page: Any) -> None:
        self.tabs.setCurrentWidget(page)
        page.focus_first()

    def show_month(self) -> None:
        """Ctrl+1."""
        self._show(self.month)

    def show_swaps(self) -> None:
        """Ctrl+2."""
        self._show(self.swaps)

    def show_leaves(self) -> None:
        """Ctrl+3."""
        self._show(self.leaves)

    def show_staff(self) -> None:
        """Ctrl+4."""
        self._show(self.staff)

    def show_calendar(self) -> None:
        """Ctrl+5."""
        self._show(self.calendar)

    def show_postures(self) -> None:
        """Ctrl+6."""
        self._show(self.postures)

    def ask_swap(self, key: Key | None, other_key: Key | None) -> None:
        """A swap was asked for in the grid."""
        self.tabs.setCurrentWidget(self.swaps)
        self.swaps.begin(key, other_key)
