"""The month made by the program, published, printed, taken in and out as files."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import (
    QHBoxLayout,
    QMenu,
    QWidget,
)

from dutydesk.core.errors import DutyDeskError, Problem
from dutydesk.core.i18n import _
from dutydesk.journal.desk import Desk
from dutydesk.qt import dialogs
from dutydesk.qt.jobs import Apart, JobRunner, Token
from dutydesk.qt.picker import Option
from dutydesk.qt.saving import ExportElsewhere
from dutydesk.qt.theme import current
from dutydesk.qt.widgets import Badge, button, label, shortcut
from dutydesk.roster import rows, service
from dutydesk.roster.ledger import STAFF
from dutydesk.roster.pane_edit import MonthEdits
from dutydesk.roster.pane_form import Answers, AskDialog, me_of
from dutydesk.roster.pane_grid import RosterView
from dutydesk.roster.pane_notes import Note, hours_text
from dutydesk.roster.rows import Plan
from dutydesk.roster.rules import posts_of
from dutydesk.roster.solver import Choice, Task, solve_apart


class MonthPage(MonthEdits):
    """值班表. See `commands` for its keys."""

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(desk, parent)
        self._runner: JobRunner | None = desk.services.get("jobs")
        self._job: Any = None
        self._paper = ("", "")
        self._saver = ExportElsewhere(self, desk, "roster")
        self._saver.written.connect(self._exported)
        self.more = self.tool(_("更多"), "roster-more", "", self.show_more)
        self.paper = self.tool(_("打印"), "roster-print", "Ctrl+P", self.preview)
        self.make = self.tool(_("自动排班"), "roster-generate", "F6", self.generate)
        self.give = self.tool(_("发布本期"), "roster-publish", "F8", self.publish, primary=True)
        self.head.add(self.more, self.paper, self.make, self.give)
        self.above.addWidget(self._plan_bar())
        for keys in ("Ctrl+Return", "Ctrl+Enter"):
            shortcut(self, keys, self.accept_plan)
        self.key(_("导入"), "Ctrl+I", self.import_file)
        self.key(_("导出"), "Ctrl+Shift+E", self.export_file)

    def _plan_bar(self) -> QWidget:
        gap = current().px(8)
        self.preview_bar = QWidget()
        self.preview_bar.setObjectName("roster-plan")
        row = QHBoxLayout(self.preview_bar)
        row.setContentsMargins(gap, 0, gap, gap // 2)
        row.setSpacing(gap)
        self.plan_text = label("", wrap=True)
        self.plan_text.setObjectName("roster-plan-text")
        self.take_plan = button(_("采用"), primary=True, tip=_("Ctrl+回车"))
        self.take_plan.setObjectName("roster-accept")
        self.take_plan.clicked.connect(self.accept_plan)
        self.leave_plan = button(_("不采用"), tip="Esc")
        self.leave_plan.setObjectName("roster-discard")
        self.leave_plan.clicked.connect(self.discard_plan)
        row.addWidget(Badge("", _("预览")))
        row.addWidget(self.plan_text, 1)
        row.addWidget(self.take_plan)
        row.addWidget(self.leave_plan)
        self.preview_bar.hide()
        return self.preview_bar

    def eventFilter(self, watched: Any, event: QEvent) -> bool:
        if event.type() == QEvent.Type.KeyPress and self.plan is not None and isinstance(watched, RosterView):
            key: Any = event
            if key.key() == Qt.Key.Key_Escape and watched.source is None:
                self.discard_plan()
                return True
        return super().eventFilter(watched, event)

    def leave_span(self) -> None:
        self._drop_plan()

    def tell_head(self, grid: rows.Grid) -> None:
        super().tell_head(grid)
        self.give.setEnabled(not grid.published)
        self.make.setEnabled(not grid.published)
        self.give.setText(_("已发布") if grid.published else _("发布本期"))

    def note_texts(self) -> tuple[str, list[Note]]:
        if self.listed == "plan" and self.plan is not None:
            notes = [
                Note(self.place_text((one.date, one.shift, one.post, one.slot)) + _("：") + one.reason,
                     (one.date, one.shift, one.post, one.slot))
                for one in self.plan.unfilled
            ]  # fmt: skip
            notes += [Note(one.text) for one in self.plan.widened]
            return _("预览：排不上的和放宽的，共 {count} 处").format(count=len(notes)), notes
        return super().note_texts()

    # -- made by the program ---------------------------------------------------------------------------------------

    def generate(self) -> None:
        """F6: a plan for the span, by a job; nothing is written before it is accepted."""
        grid = self.grid
        if grid is None or grid.published or self._job is not None:
            return
        if self._runner is None:
            self.say(_("这里不能自动排班"))
            return
        start, end = self.span
        desk = self.desk

        def work(token: Token) -> Plan:
            def solve(task: Task) -> frozenset[Choice]:
                return Apart(solve_apart, (task,), asks=False)(token)

            token.check()
            made = service.generate(desk, start, end, solve=solve)
            token.check()
            return made

        self.make.setEnabled(False)
        self.say(_("正在排班…"))
        self._job = self._runner.run(_("自动排班"), work)
        self._job.result.connect(self.show_plan)
        self._job.failed.connect(self._failed)
        self._job.cancelled.connect(self._cancelled)
        self._job.finished.connect(self._job_over)

    def _job_over(self) -> None:
        self._job = None
        self.make.setEnabled(self.grid is not None and not self.grid.published)

    def _failed(self, text: str) -> None:
        self.say(f"× {text}")

    def _cancelled(self) -> None:
        self.say(_("已停止"))

    def show_plan(self, plan: Plan) -> None:
        """Preview a plan: the grids show it, and its fairness beside each name."""
        if (plan.start, plan.end) != self.span:
            return
        self.plan = plan
        self.show_sheets()
        self.plan_text.setText(self._plan_sentence(plan))
        self.preview_bar.show()
        self.listed = ""
        if plan.unfilled or plan.widened:
            self.list_notes("plan")
        self.take_plan.setFocus()

    def _plan_sentence(self, plan: Plan) -> str:
        totals = sorted(one.total for one in plan.fairness)
        parts = [_("共 {count} 班次").format(count=len(plan.assignments))]
        if totals:
            parts.append(_("每人 {low}–{high} 次").format(low=totals[0], high=totals[-1]))
        parts.append(_("{count} 处排不上").format(count=len(plan.unfilled)) if plan.unfilled else _("没有空岗"))
        if plan.widened:
            parts.append(_("{count} 处放宽").format(count=len(plan.widened)))
        return _("，").join(parts) + _("。总、末、节、夜四列是采用后的次数。")

    def accept_plan(self) -> None:
        """Write the plan that is previewed."""
        plan = self.plan
        if plan is None:
            return
        try:
            done = service.accept(self.desk, plan)
        except DutyDeskError as error:
            dialogs.fail(self, error)
            return
        self._drop_plan()
        self._changed(done)
        self.say(_("已采用，{count} 格有变化；Ctrl+Z 撤销").format(count=len(done.changed)))
        self.active().setFocus()

    def discard_plan(self) -> None:
        """Leave everything as it was."""
        if self.plan is None:
            return
        self._drop_plan()
        self.show_sheets()
        self.say(_("没有采用，值班表未动"))
        self.active().setFocus()

    def _drop_plan(self) -> None:
        self.plan = None
        self.preview_bar.hide()
        if self.listed == "plan":
            self.hide_notes()

    # -- publishing, paper, files ----------------------------------------------------------------------------------

    def publish(self) -> None:
        """F8: asks who made and who approves it."""
        grid = self.grid
        if grid is None or grid.published or self.plan is not None:
            return
        self.tell_rest()
        start, end = self.span

        def do(desk: Desk, answers: Answers) -> bytes:
            maker, approver = answers["maker"], answers["approver"]
            assert isinstance(maker, bytes)
            assert isinstance(approver, bytes)
            note = str(answers.get("note") or "")
            try:
                return service.publish(desk, start, end, maker, approver, gaps=bool(answers["gaps"]), note=note)
            except DutyDeskError as error:
                raise type(error)(*(self._told(problem) for problem in error.problems)) from error

        explain = _("发布后按此值班，改动要写原因，换班走调班代班。")
        heading = _("发布 {start} 至 {end} 值班表").format(start=start, end=end)
        ask = AskDialog(self.desk, "publish", heading, _("发布本期"), do, explain=explain, parent=self)
        ask.person("maker", _("制表"), me_of(self.desk))
        ask.person("approver", _("审批"), find=self._leaders)
        ask.text("note", _("备注"), required=False)
        if self.gaps.short_minutes:
            ask.tick("gaps", _("有空岗也发布（{short} 小时不足）").format(short=hours_text(self.gaps.short_minutes)))
        else:
            ask.tick("gaps", "").hide()
        ask.signs("approver")
        ask.done_with.connect(self._published)
        ask.finished.connect(self._focus_grid)
        ask.begin()

    def _told(self, problem: Problem) -> Problem:
        text = self.problem_text(problem)
        return problem if text == problem.reason else Problem(text)

    def _leaders(self, text: str) -> Sequence[Option]:
        from dutydesk.ledger.pinyin import matches

        wanted = text.strip().casefold()
        people: list[bytes] = []
        for row in self.desk.rows(STAFF.name):
            person = row.get("person")
            if isinstance(person, bytes) and (row.get("principal") or "LEADER" in posts_of(row.text("posts"))):
                people.append(person)
        names = self.desk.titles("people", people)
        return [
            Option(person.hex(), names[person])
            for person in people
            if not wanted or wanted in names[person].casefold() or (wanted.isascii() and matches(wanted, names[person]))
        ]

    def _published(self, _row: object) -> None:
        self._done.clear()
        self._undone.clear()
        self.refresh()
        self.say(_("已发布"))

    def preview(self) -> None:
        """Ctrl+P: the roster on paper (P03)."""
        forms = [form for feature in self.desk.features for form in feature.forms if form.code == "P03"]
        if not forms or self.desk.services.get("preview") is None:
            self.say(_("这里不能预览打印"))
            return
        start, end = self.span
        self._paper = (f"{_(forms[0].title)} {start[:7]}", f"{start}/{end}")
        work = _Paper(self.desk, forms[0].make, start, end)
        if self._runner is None:
            try:
                self._paper_made(work(None))
            except DutyDeskError as error:
                dialogs.fail(self, error)
            return
        job = self._runner.run(_("预览 {title}").format(title=self._paper[0]), work)
        job.result.connect(self._paper_made)
        job.failed.connect(self._paper_failed)

    def _paper_made(self, pdf: object) -> None:
        title, about = self._paper
        self.desk.services["preview"](pdf, title, "P03", about, ())

    def _paper_failed(self, sentence: str) -> None:
        dialogs.fail(self, sentence)

    def show_more(self) -> None:
        """What is seldom wanted: files, the calendar of a person."""
        menu = QMenu(self)
        menu.setObjectName("roster-menu")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for text, run in (
            (_("导入值班表…"), self.import_file),
            (_("导出本期 (xlsx)…"), self.export_file),
            (_("导出空表 (xlsx)…"), self.export_blank),
            (_("导出这个人的日历 (ics)…"), self.export_calendar),
            (_("撤销  Ctrl+Z"), self.undo),
            (_("重做  Ctrl+Y"), self.redo),
        ):
            menu.addAction(text, run)
        menu.popup(self.more.mapToGlobal(self.more.rect().bottomLeft()))

    def import_file(self) -> None:
        """A roster from a file; every problem is named by cell before anything is written."""
        run = self.desk.services.get("import")
        if run is not None:
            run("assignments", self)

    def export_calendar(self) -> None:
        """The duties of whoever stands in the current cell, from this span on, as a calendar file."""
        person = self.current_person()
        if person is None:
            self.say(_("先选一格有人的"))
            return
        start, _end = self.span
        until = _year_later(start)

        def read() -> bytes:
            from dutydesk.roster.ics import of_person

            return of_person(self.desk, person, start, until)

        name = f"{self.desk.title('people', person)} {_('值班')}.ics"
        self._saver.ask(name, f"people {person.hex()}", _("个人值班日历"), read)

    def export_blank(self) -> None:
        """An empty form of the span, to be filled in elsewhere and taken in again."""
        self._export_form(empty=True)

    def export_file(self) -> None:
        """The roster of the span as the same form, filled in."""
        self._export_form(empty=False)

    def _export_form(self, *, empty: bool) -> None:
        start, end = self.span

        def read() -> bytes:
            from dutydesk.roster.filled import form

            return form(self.desk, start, end, empty=empty)

        name = _("值班表空表") if empty else _("值班表")
        self._saver.ask(f"{name} {start[:7]}.xlsx", f"assignments {start}/{end}", name, read)

    def _exported(self, path: Path) -> None:
        self.say(_("已导出 {name}").format(name=path.name))


@dataclass(frozen=True, slots=True)
class _Paper:
    """Form P03 of a span, made beside the window."""

    desk: Desk
    make: str
    start: str
    end: str

    def __call__(self, _token: object) -> bytes:
        module, name = self.make.split(":")
        pdf: bytes = getattr(importlib.import_module(module), name)(self.desk, start=self.start, end=self.end)
        return pdf


def _year_later(day: str) -> str:
    return f"{int(day[:4]) + 1}{day[4:]}"
