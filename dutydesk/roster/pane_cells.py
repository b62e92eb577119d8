"""The two grids of a month, by post and by person: which of them the keys are about, and who and what a cell means."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QPushButton, QWidget

from dutydesk.core.i18n import N_, _
from dutydesk.journal.desk import Desk
from dutydesk.qt.widgets import button, shortcut
from dutydesk.roster import rows
from dutydesk.roster.pane_grid import RosterView
from dutydesk.roster.rows import Key

CommandRow = tuple[str, str, Callable[[], None]]
NAMED = {"roster-coverage": N_("不足的班"), "roster-problems": N_("问题")}


class MonthCells(QWidget):
    """The grids, and the keys of the page that holds them."""

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.desk = desk
        self.grid: rows.Grid | None = None
        self.people: list[bytes] = []
        self._keys: list[CommandRow] = []
        self.by_post = RosterView("roster-by-post", _("按日排班"))
        self.by_person = RosterView("roster-by-person", _("按人排班"))

    def key(self, text: str, keys: str, run: Callable[[], None]) -> None:
        """A key of the page and its place in the palette."""
        shortcut(self, keys, run)
        self._keys.append((text, keys, run))

    def tool(
        self, text: str, name: str, key: str, run: Callable[[], None], *, primary: bool = False, flat: bool = False
    ) -> QPushButton:
        tip = _("{text}（{key}）").format(text=text, key=key) if key and text else key
        made = button(text, primary=primary, flat=flat, tip=tip)
        made.setObjectName(name)
        made.clicked.connect(run)
        if key:
            shortcut(self, key, run)
            self._keys.append((text or _(NAMED[name]), key, run))
        return made

    def shown_views(self) -> list[RosterView]:
        """The grids in sight, from above."""
        return [view for view in (self.by_post, self.by_person) if not view.isHidden()]

    def active(self) -> RosterView:
        """The grid that has the keyboard, else the first."""
        views = self.shown_views()
        return next((view for view in views if view.active), views[0])

    def commands(self) -> list[CommandRow]:
        """What the palette and the key sheet show."""
        return list(self._keys)

    # -- who and what a cell means -----------------------------------------------------------------------------------

    def key_at(self, row: int, column: int) -> Key:
        """The place of a cell in the grid of posts."""
        assert self.grid is not None
        line, day = self.grid.lines[row], self.grid.days[column]
        return (day.date, line.shift, line.post, line.slot)

    def duties_at(self, row: int, column: int) -> list[Key]:
        """The places where the person of a row stands on a day."""
        assert self.grid is not None
        person, day = self.people[row], self.grid.days[column].date
        return [key for key, cell in self.grid.cells.items() if key[0] == day and cell.person == person]

    def current_person(self) -> bytes | None:
        """Who stands in the current cell, or whose row it is."""
        view = self.active()
        if view.place is None or self.grid is None:
            return None
        if view is self.by_person:
            return self.people[view.place[0]] if view.place[0] < len(self.people) else None
        held = self.grid.cells.get(self.key_at(*view.place))
        return held.person if held is not None else None

    def current_place(self) -> Key | None:
        """The place that the current cell means, if somebody stands there."""
        view = self.active()
        if view.place is None or self.grid is None:
            return None
        if view is self.by_post:
            key = self.key_at(*view.place)
            held = self.grid.cells.get(key)
            return key if held is not None and held.person is not None else None
        duties = self.duties_at(*view.place)
        return duties[0] if duties else None
