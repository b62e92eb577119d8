"""Changes of the month by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QWidget,
)

from dutydesk.core.errors import DutyDeskError, Problem
from dutydesk.core.i18n import _
from dutydesk.journal.desk import Desk
from dutydesk.qt.picker import Option
from dutydesk.roster import rows, service
from dutydesk.roster.pane_form import Answers, AskDialog, matching
from dutydesk.roster.pane_grid import RosterView
from dutydesk.roster.pane_view import MonthView
from dutydesk.roster.rows import Edit, Key, Undo


class MonthEdits(MonthView):
    """Changes by hand: a name typed into a cell, Delete, a cell put in another's place, undo and redo. In a published
    roster a change asks for its reason, and putting one in another's place asks for a swap.

    Signals:
        swap_wanted: (place, the other place or None) in a published roster: a swap is to be asked for.
    """

    swap_wanted = Signal(object, object)

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(desk, parent)
        self._done: list[Undo] = []
        self._undone: list[Undo] = []
        self._reason = ""
        self._typed_in: RosterView | None = None
        """The grid in which a name was typed: it goes on to the next cell once the name is taken."""
        self._offered_for: Key | None = None
        self._offered: Sequence[Option] = ()
        self.by_post.set_find(self._people_for)
        self.by_person.set_find(self._posts_for)
        self.by_post.assigned.connect(self._assigned_post)
        self.by_person.assigned.connect(self._assigned_person)
        self.by_post.cleared.connect(self._cleared_post)
        self.by_person.cleared.connect(self._cleared_person)
        self.by_post.exchanged.connect(self._exchanged_post)
        self.by_person.exchanged.connect(self._exchanged_person)
        self.key(_("撤销"), "Ctrl+Z", self.undo)
        self.key(_("重做"), "Ctrl+Y", self.redo)
        self.key(_("拿起这一格"), "Ctrl+X", self.take)
        self.key(_("与拿起的一格对换"), "Ctrl+V", self.put)
        self.key(_("调班代班"), "F10", self.ask_swap)

    def _people_for(self, row: int, column: int, text: str) -> Sequence[Option]:
        """Who may take a place, the best first, with what is against it."""
        key = self.key_at(row, column)
        if self._offered_for != key:
            found = service.candidates(self.desk, key)
            names = self.desk.titles("people", [one.person for one in found])
            self._offered_for = key
            self._offered = [Option(one.person.hex(), names[one.person], _hint(one)) for one in found]
        return matching(text, self._offered)

    def _posts_for(self, _row: int, column: int, text: str) -> Sequence[Option]:
        """Posts that a person may be put into on a day, and who stands there."""
        assert self.grid is not None
        found: list[Option] = []
        for at, line in enumerate(self.grid.lines):
            held = self.grid.cells.get(self.key_at(at, column))
            name = self.grid.names.get(held.person, "") if held is not None and held.person else ""
            found.append(Option(str(at), line.label, name or _("空")))
        return matching(text, found)

    # -- changes by hand -------------------------------------------------------------------------------------------

    def _assigned_post(self, row: int, column: int, told: str) -> None:
        key = self.key_at(row, column)
        self._offered_for = None
        try:
            person = self.desk.resolve("people", told)
        except ValueError as error:
            self.say(f"× {error}")
            return
        self._typed_in = self.by_post
        self._edit([Edit(*key, person)])

    def _assigned_person(self, row: int, column: int, told: str) -> None:
        if self.grid is None or not told.isdigit() or int(told) >= len(self.grid.lines):
            self.say(_("× 没有岗位“{text}”").format(text=told))
            return
        self._typed_in = self.by_person
        self._edit([Edit(*self.key_at(int(told), column), self.people[row])])

    def _cleared_post(self, row: int, column: int) -> None:
        self._edit([Edit(*self.key_at(row, column), None)])

    def _cleared_person(self, row: int, column: int) -> None:
        duties = self.duties_at(row, column)
        if duties:
            self._edit([Edit(*key, None) for key in duties])

    def _edit(self, edits: list[Edit]) -> None:
        """Do it; where it was published, after asking why."""
        held = self.grid.cells if self.grid is not None else {}
        edits = [one for one in edits if (held[one.key].person if one.key in held else None) != one.person]
        if not edits:
            self._go_on()
            return
        if service.is_published(self.desk, min(one.date for one in edits), max(one.date for one in edits)):
            self._ask_reason(edits)
            return
        self._do(lambda: service.assign(self.desk, edits))

    def _ask_reason(self, edits: list[Edit]) -> None:
        def do(desk: Desk, answers: Answers) -> Undo:
            self._reason = str(answers["reason"])
            return service.assign(desk, edits, reason=self._reason)

        names = _("；").join(
            f"{self.place_text(one.key)} → {self.desk.title('people', one.person) or _('空')}" for one in edits
        )
        explain = _("值班表已发布，改动会留下记录：{changes}").format(changes=names)
        ask = AskDialog(
            self.desk, "roster-reason", _("改动已发布的值班表"), _("改动"), do, explain=explain, parent=self
        )
        ask.text("reason", _("原因"), self._reason, hint=_("如 临时出差"))
        ask.done_with.connect(self._changed)
        ask.finished.connect(self._focus_grid)
        ask.begin()

    def _focus_grid(self, _code: int = 0) -> None:
        self.active().setFocus()

    def _do(self, run: Callable[[], Undo]) -> None:
        try:
            done = run()
        except DutyDeskError as error:
            self._typed_in = None
            self.say("× " + self.sentence(error))
            return
        self._changed(done)

    def _changed(self, done: Undo) -> None:
        """A change went through: it can be taken back, and what it left stands in the line below."""
        if done.changed:
            self._done.append(done)
            self._undone.clear()
        self.refresh()
        self._go_on()
        if done.problems:
            self.say("△ " + _("；").join(problem.text for problem in done.problems))

    def _go_on(self) -> None:
        view, self._typed_in = self._typed_in, None
        if view is not None:
            view.onward()
        self.tell_cell()

    def sentence(self, error: DutyDeskError) -> str:
        """A refusal with its places in words."""
        return _("；").join(self.problem_text(problem) for problem in error.problems[:6])

    def problem_text(self, problem: Problem) -> str:
        """A problem's reason with the place before it, where it names one."""
        parts = problem.field.split("/")
        if len(parts) == 4 and parts[3].isdigit():
            return f"{self.place_text((parts[0], parts[1], parts[2], int(parts[3])))}{_('：')}{problem.reason}"
        return problem.reason

    def undo(self) -> None:
        """Ctrl+Z."""
        self._back_and_forth(self._done, self._undone, _("已撤销"), _("没有可撤销的"))

    def redo(self) -> None:
        """Ctrl+Y."""
        self._back_and_forth(self._undone, self._done, _("已重做"), _("没有可重做的"))

    def _back_and_forth(self, taken: list[Undo], given: list[Undo], said: str, nothing: str) -> None:
        if not taken or self.plan is not None:
            self.say(nothing)
            return
        step = taken.pop()
        try:
            given.append(service.undo(self.desk, step))
        except DutyDeskError as error:
            self.say("× " + self.sentence(error))
            return
        self.refresh()
        key = step.changed[0].key
        self.say(f"{said}{_('：')}{self.place_text(key)}")

    def take(self) -> None:
        """Ctrl+X: this cell is to change places with another."""
        view = self.active()
        if view.place is not None and view.sheet_model.cell(*view.place).text:
            view.mark()

    def put(self) -> None:
        """Ctrl+V."""
        self.active().put()

    def _exchanged_post(self, row: int, column: int, to_row: int, to_column: int) -> None:
        self._exchange(self.key_at(row, column), self.key_at(to_row, to_column))

    def _exchanged_person(self, row: int, column: int, to_row: int, to_column: int) -> None:
        mine, theirs = self.duties_at(row, column), self.duties_at(to_row, to_column)
        if not mine:
            return
        if theirs:
            self._exchange(mine[0], theirs[0])
        elif column == to_column:
            self._edit([Edit(*mine[0], self.people[to_row])])
        else:
            self.say(_("放到同一天的另一个人，或放到有班的格"))

    def _exchange(self, one: Key, other: Key) -> None:
        if service.is_published(self.desk, *sorted((one[0], other[0]))):
            self.swap_wanted.emit(one, other)
            return
        self._do(lambda: service.exchange(self.desk, one, other))

    def ask_swap(self) -> None:
        """F10: a swap or substitute for the current cell."""
        key = self.current_place()
        self.swap_wanted.emit(key, None)


def _hint(one: rows.Candidate) -> str:
    """`B 岗 3 次`, or what is against it."""
    why = {"DEPUTY": _("B 岗"), "STANDBY": _("备班")}.get(one.why, "")
    said = one.problems[0].text if one.problems else _("{count} 次").format(count=one.total)
    return " ".join(part for part in (why, said) if part)
