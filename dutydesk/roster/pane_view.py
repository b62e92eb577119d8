"""The month as it is seen: two grids over one span, what is in force and what is missing above, the reason below."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from PySide6.QtCore import QEvent, QSignalBlocker, Qt, QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QComboBox,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from dutydesk.core.clock import local
from dutydesk.core.errors import DutyDeskError
from dutydesk.core.i18n import _
from dutydesk.core.reference import label as reference_label
from dutydesk.journal.desk import Desk
from dutydesk.qt.announcer import Changed
from dutydesk.qt.flow import flow
from dutydesk.qt.theme import current
from dutydesk.qt.widgets import Badge, Elided, FewLines, SplitTitle
from dutydesk.roster import reading, rows, service, sheets
from dutydesk.roster.pane_cells import MonthCells
from dutydesk.roster.pane_grid import RosterView
from dutydesk.roster.pane_notes import Note, NotesBox, coverage_notes, hours_text, place_text, problem_notes
from dutydesk.roster.rows import Key, Plan

VIEWS = ("both", "day", "person")
LENGTHS = (1, 3)
LOW = 430
"""Pixels at 100 % below which the two grids are not shown together."""
MOST_PIXELS = 16_777_215
"""Qt's own limit of a height."""


class MonthView(MonthCells):
    """The two grids over one span, the tools above them, the line and the list below. What is done to the roster is
    its subclasses' (`pane_edit`, `pane_month`)."""

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(desk, parent)
        self.setObjectName("roster-month")
        self.first = local(desk.clock.now()).date().replace(day=1)
        self.months = 1
        self.plan: Plan | None = None
        self.view_name = desk.store.state("roster.view") or VIEWS[0]
        self._away: list[sheets.Absence] = []
        self.listed = ""
        self.gaps = rows.Coverage(0)
        self._lay_out()
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(100)
        self._soon.timeout.connect(self.refresh)
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(30)
        self._rest.timeout.connect(self.tell_rest)
        self._stale = True

    # -- layout ----------------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        theme = current()
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        self.head = SplitTitle("")
        self.head.title.setObjectName("roster-title")
        self.head.note.setObjectName("roster-state")
        outer.addWidget(self.head)
        tools = QWidget()
        bar = flow(tools, theme.px(8))
        bar.setContentsMargins(theme.px(8), 0, theme.px(8), theme.px(4))
        self.back = self.tool(_("‹ 上月"), "roster-back", "Ctrl+PgUp", self.go_back)
        self.onward = self.tool(_("下月 ›"), "roster-onward", "Ctrl+PgDown", self.go_onward)
        self.today = self.tool(_("今天"), "roster-today", "Ctrl+T", self.go_today)
        self.length = QComboBox()
        self.length.setObjectName("roster-length")
        self.length.setAccessibleName(_("长度"))
        self.length.addItems([_("一个月"), _("三个月")])
        self.length.currentIndexChanged.connect(self._lengthened)
        self.which = QComboBox()
        self.which.setObjectName("roster-view")
        self.which.setAccessibleName(_("看法"))
        self.which.setToolTip(_("换看法（F5）"))
        self.which.addItems([_("对照"), _("按日"), _("按人")])
        self.which.setCurrentIndex(VIEWS.index(self.view_name) if self.view_name in VIEWS else 0)
        self.which.currentIndexChanged.connect(self._view_chosen)
        self.posture = Badge("", "")
        self.posture.setObjectName("roster-posture")
        self.covered = self.tool("", "roster-coverage", "F9", self.list_coverage, flat=True)
        self.wrong = self.tool("", "roster-problems", "F7", self.list_problems, flat=True)
        for widget in (
            self.back, self.onward, self.today, self.length, self.which, self.posture, self.covered, self.wrong,
        ):  # fmt: skip
            bar.addWidget(widget)
        outer.addWidget(tools)
        self.above = QVBoxLayout()
        """Between the tools and the grid: what a page puts there."""
        outer.addLayout(self.above)
        for view in (self.by_post, self.by_person):
            view.looked.connect(self.tell_cell)
            view.notice.connect(self.say)
            view.installEventFilter(self)
        self.by_post.horizontalScrollBar().valueChanged.connect(self.by_person.horizontalScrollBar().setValue)
        self.by_person.horizontalScrollBar().valueChanged.connect(self.by_post.horizontalScrollBar().setValue)
        self.split = QSplitter(Qt.Orientation.Vertical)
        self.split.setObjectName("roster-split")
        self.split.setChildrenCollapsible(False)
        grids = QWidget()
        column = QVBoxLayout(grids)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.by_post)
        column.addWidget(self.by_person, 1)
        self.split.addWidget(grids)
        self.split.addWidget(self._make_notes())
        self.split.setStretchFactor(0, 1)
        outer.addWidget(self.split, 1)
        self.on_call = FewLines(2, "muted")
        self.on_call.setObjectName("roster-on-call")
        self.on_call.setContentsMargins(theme.px(8), theme.px(4), theme.px(8), 0)
        self.on_call.hide()
        outer.addWidget(self.on_call)
        self.status = Elided("")
        self.status.setObjectName("roster-status")
        self.status.setContentsMargins(theme.px(8), 0, theme.px(8), 0)
        self.status.setFixedHeight(theme.px(28))
        outer.addWidget(self.status)
        self.key(_("换看法"), "F5", self.next_view)

    def _make_notes(self) -> NotesBox:
        self.notes_box = NotesBox()
        self.notes, self.notes_head = self.notes_box.list, self.notes_box.head
        self.notes_box.chosen.connect(self.show_place)
        self.notes_box.left.connect(self.hide_notes)
        return self.notes_box

    # -- for the window --------------------------------------------------------------------------------------------

    def focus_first(self) -> None:
        """The grid that the keys are about."""
        self.activate(self.active())
        self.active().setFocus()

    def activate(self, view: RosterView) -> None:
        """The keys and the line below are about this grid from now on."""
        for one in (self.by_post, self.by_person):
            one.active = one is view
            one.viewport().update()
        self.tell_cell()

    def heed(self, changed: Changed) -> None:
        """Something was written; the grid follows when it can be seen."""
        touched = changed.touches(
            "assignments",
            "rosters",
            "roster_people",
            "day_types",
            "postures",
            "leaves",
            "swaps",
            "people",
            "teams",
            "settings",
        )
        if touched:
            self._stale = True
            if self.isVisible():
                self._soon.start()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._stale:
            self.refresh()

    def eventFilter(self, watched: Any, event: QEvent) -> bool:
        if event.type() == QEvent.Type.FocusIn and isinstance(watched, RosterView):
            self.activate(watched)
        return super().eventFilter(watched, event)

    # -- the span --------------------------------------------------------------------------------------------------

    @property
    def span(self) -> tuple[str, str]:
        """First and last day that are shown."""
        return (self.first.isoformat(), (_month(self.first, self.months) - timedelta(days=1)).isoformat())

    def go_back(self) -> None:
        """A month earlier."""
        self._go(_month(self.first, -1))

    def go_onward(self) -> None:
        """A month later."""
        self._go(_month(self.first, 1))

    def go_today(self) -> None:
        """To the running month, today's column."""
        today = local(self.desk.clock.now()).date()
        self._go(today.replace(day=1))
        for view in self.shown_views():
            view.go(max((view.place or (0, 0))[0], 0), (today - self.first).days)

    def show_day(self, day: str) -> None:
        """Bring a day into sight."""
        when = date.fromisoformat(day)
        if not self.span[0] <= day <= self.span[1]:
            self._go(when.replace(day=1))
        for view in self.shown_views():
            view.go((view.place or (0, 0))[0], (when - self.first).days)

    def show_place(self, key: Key) -> None:
        """Make a place current in the grid of posts."""
        self.show_day(key[0])
        if self.by_post.isHidden():
            self.show_view("both")
        lines = self.by_post.sheet_model.sheet.lines
        at = next((n for n, line in enumerate(lines) if line.key == key[1:]), 0)
        self.activate(self.by_post)
        self.by_post.go(at, (date.fromisoformat(key[0]) - self.first).days)
        self.by_post.setFocus()

    def _go(self, first: date) -> None:
        if first != self.first:
            self.first = first
            self.leave_span()
            self.refresh()

    def _lengthened(self, index: int) -> None:
        self.months = LENGTHS[index]
        self.leave_span()
        self.refresh()

    def leave_span(self) -> None:
        """Another span is about to be shown."""

    # -- views -----------------------------------------------------------------------------------------------------

    def next_view(self) -> None:
        """F5: together, by day, by person."""
        self.which.setCurrentIndex((self.which.currentIndex() + 1) % len(VIEWS))

    def show_view(self, name: str) -> None:
        self.which.setCurrentIndex(VIEWS.index(name))

    def _view_chosen(self, index: int) -> None:
        self.view_name = VIEWS[index]
        self.desk.store.remember("roster.view", self.view_name)
        self._arrange()
        self.active().setFocus()

    def _arrange(self) -> None:
        """Which grids are shown, how wide their heads, how high the upper one."""
        name = self.view_name
        if name == "both" and self.height() < current().px(LOW):
            name = "day"
        focus = self.by_post.hasFocus() or self.by_person.hasFocus()
        self.by_post.setVisible(name != "person")
        self.by_person.setVisible(name != "day")
        both = name == "both"
        self.by_post.setHorizontalScrollBarPolicy(
            Qt.ScrollBarPolicy.ScrollBarAlwaysOff if both else Qt.ScrollBarPolicy.ScrollBarAsNeeded
        )
        widths = [view.head_width() for view in self.shown_views()]
        for view in self.shown_views():
            view.set_head_width(max(widths))
        scroll = Qt.ScrollBarPolicy.ScrollBarAlwaysOn if both else Qt.ScrollBarPolicy.ScrollBarAsNeeded
        self.by_post.setVerticalScrollBarPolicy(scroll)
        self.by_person.setVerticalScrollBarPolicy(scroll)
        tall = min(self.by_post.rows_height(), self.height() // 2)
        self.by_post.setMinimumHeight(tall if both else 0)
        self.by_post.setMaximumHeight(tall if both else MOST_PIXELS)
        if focus and not self.active().hasFocus():
            self.active().setFocus()

    def resizeEvent(self, event: Any) -> None:
        super().resizeEvent(event)
        self._arrange()

    # -- what is shown ---------------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Read the span again."""
        self._stale = False
        start, end = self.span
        try:
            grid = service.grid(self.desk, start, end)
        except DutyDeskError as error:
            self.say(str(error))
            return
        self.grid = grid
        self.people = reading.ordered(self.desk, grid)
        self._away = reading.absences(self.desk, start, end)
        self.show_sheets()
        self.tell_head(grid)
        self._tell_problems()
        self._rest.start()

    def tell_rest(self) -> None:
        """What can wait until the grid is painted: hours without a crew, what is in force, the list below."""
        self._rest.stop()
        try:
            covered = service.coverage(self.desk, *self.span)
        except DutyDeskError as error:
            self.say(str(error))
            return
        self._tell_coverage(covered)
        self._tell_posture()
        if self.listed:
            self._fill_notes()

    def show_sheets(self) -> None:
        grid = self.grid
        if grid is None:
            return
        today = local(self.desk.clock.now()).date().isoformat()
        plan = counts = None
        if self.plan is not None:
            plan = {(one.date, one.shift, one.post, one.slot): one.person for one in self.plan.assignments}
            counts = {
                one.person: rows.Counts(one.total, one.weekend, one.holiday, one.night) for one in self.plan.fairness
            }
        self.by_post.show_sheet(sheets.by_post(grid, today, plan))
        self.by_person.show_sheet(sheets.by_person(grid, today, self.people, self._away, counts, plan))
        for view in (self.by_post, self.by_person):
            view.editable = self.plan is None
        self._arrange()
        self.tell_cell()

    def tell_head(self, grid: rows.Grid) -> None:
        last = _month(self.first, self.months - 1)
        text = _("{year} 年 {month} 月").format(year=self.first.year, month=self.first.month)
        if self.months > 1:
            text += _(" – {month} 月").format(month=last.month)
        self.head.title.setText(text)
        self.head.note.setText(reading.state_text(self.desk, grid))

    def _tell_coverage(self, covered: rows.Coverage) -> None:
        self.gaps = covered
        short = hours_text(covered.short_minutes)
        text = _("{hours} 小时中 {short} 小时不足").format(hours=f"{covered.hours:,}", short=short)
        self.covered.setText(
            text if covered.short_minutes else _("{hours} 小时全覆盖").format(hours=f"{covered.hours:,}")
        )
        self.covered.setAccessibleName(self.covered.text())
        self.covered.setToolTip(_("列出不足的班（F9）"))

    def _tell_problems(self) -> None:
        count = len(self.problem_notes())
        self.wrong.setText(_("△ {count} 处有问题").format(count=count) if count else _("没有问题"))
        self.wrong.setAccessibleName(self.wrong.text())
        self.wrong.setToolTip(_("列出问题（F7）"))

    def _tell_posture(self) -> None:
        """What is in force today, or on the first day that is shown."""
        today = local(self.desk.clock.now()).date().isoformat()
        start, end = self.span
        day = today if start <= today <= end else start
        try:
            demand = service.demand(self.desk, day)
        except DutyDeskError:
            self.posture.hide()
            return
        modes = [
            reference_label("duty", "duty_mode", mode)
            for mode in [one for one in demand.modes if one != "NORMAL"] or ["NORMAL"]
        ]
        crew = _("、").join(f"{service.post_name(self.desk, post)} {count}" for post, count in demand.crew.items())
        self.posture.set("", " · ".join(modes))
        self.posture.setToolTip(_("{day} 每班：{crew}").format(day=sheets.date_text(day), crew=crew))
        self.posture.show()
        self._tell_on_call(day)

    def _tell_on_call(self, day: str) -> None:
        """Who may be called beside the crew: standby, experts, teams."""
        text = service.on_call_text(self.desk, day)
        told = _("{day} 待命　{text}").format(day=sheets.date_text(day), text=text) if text else ""
        self.on_call.setText(told)
        self.on_call.setToolTip(told.replace(_("；"), "\n"))
        self.on_call.setVisible(bool(told))

    # -- the line below, and the list ------------------------------------------------------------------------------

    def tell_cell(self) -> None:
        view = self.active()
        self._follow(view)
        here = view.place
        if here is None or here[0] >= view.sheet_model.rowCount() or here[1] >= view.sheet_model.columnCount():
            self.status.setText("")
            return
        cell = view.sheet_model.cell(*here)
        text = view.sheet_model.described(*here).replace("\n", " · ")
        self.status.setText(f"△ {text}" if cell.against else text)

    def _follow(self, view: RosterView) -> None:
        """The other grid goes to the same day, and to whoever stands in the current cell."""
        other = self.by_person if view is self.by_post else self.by_post
        if view.place is None or other.isHidden() or self.grid is None or not self.people:
            return
        row, column = view.place
        if row >= view.sheet_model.rowCount() or column >= view.sheet_model.columnCount():
            return
        at = other.place[0] if other.place is not None else 0
        if view is self.by_post:
            held = self.grid.cells.get(self.key_at(row, column))
            if held is not None and held.person in self.people:
                at = self.people.index(held.person)
        else:
            duties = self.duties_at(row, column)
            if duties:
                lines = [(line.shift, line.post, line.slot) for line in self.grid.lines]
                at = lines.index(duties[0][1:]) if duties[0][1:] in lines else at
        blocker = QSignalBlocker(other)
        other.go(min(at, other.sheet_model.rowCount() - 1), column)
        blocker.unblock()

    def say(self, text: str) -> None:
        """One sentence in the line below; the next move of the cell takes its place."""
        if text:
            self.status.setText(text)
        else:
            self.tell_cell()

    def list_problems(self) -> None:
        """F7."""
        self.list_notes("problems")

    def list_coverage(self) -> None:
        """F9."""
        self.tell_rest()
        self.list_notes("coverage")

    def list_notes(self, what: str) -> None:
        if self.listed == what and self.notes_box.isVisible():
            self.hide_notes()
            return
        self.listed = what
        self._fill_notes()
        self.notes_box.show()
        low = min(current().px(160), self.split.height() // 3)
        self.split.setSizes([max(self.split.height() - low, 1), low])
        self.notes.setFocus()
        if self.notes.count():
            self.notes.setCurrentRow(0)

    def hide_notes(self) -> None:
        """Put the list away."""
        self.listed = ""
        self.notes_box.hide()
        self.active().setFocus()

    def _fill_notes(self) -> None:
        self.notes_box.fill(*self.note_texts())

    def note_texts(self) -> tuple[str, list[Note]]:
        """The head and the lines of what is listed."""
        if self.listed == "coverage":
            return coverage_notes(self.desk, self.grid, self.first.year, self.gaps)
        return problem_notes(self.desk, self.grid, self.span)

    def problem_notes(self) -> list[Note]:
        return problem_notes(self.desk, self.grid, self.span)[1]

    def place_text(self, key: Key) -> str:
        return place_text(self.desk, self.grid, key)


def _month(first: date, by: int) -> date:
    """The first day of the month `by` months later."""
    number = first.year * 12 + first.month - 1 + by
    return date(number // 12, number % 12 + 1, 1)
