"""抽查点名 by keyboard: a call list, a stopwatch, the result at one key, and the month's statistics."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QComboBox,
    QGridLayout,
    QLineEdit,
    QPushButton,
    QSplitter,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from dutydesk.attendance import checks, rules
from dutydesk.attendance.checks import Callee
from dutydesk.attendance.ledger import SPOT_CHECKS
from dutydesk.attendance.lists import CALLS, CHECKS_SHOWN, MONTH, call_rows, month_rows
from dutydesk.attendance.pane_lists import CommandRow, Lines, bar_of
from dutydesk.core.clock import MINUTE, SECOND
from dutydesk.core.errors import DutyDeskError, Problem
from dutydesk.core.i18n import _
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Condition, Query, Row
from dutydesk.ledger.kinds import shown
from dutydesk.ledger.rows import parse_row
from dutydesk.ledger.spec import Value
from dutydesk.qt import dialogs
from dutydesk.qt.announcer import Changed
from dutydesk.qt.listview import LedgerView
from dutydesk.qt.table import LedgerModel
from dutydesk.qt.theme import current
from dutydesk.qt.widgets import Elided, button, label, shortcut

WATCH_MS = 200
FORM = "SPOT"


class SpotTab(QWidget):
    """Enter on a unit starts the stopwatch (dialling), Enter again stops it (answered); 1 to 7 give the result at once.

    Esc lets the call go. F8 makes a violation of what was found, F10 closes the round with a line in the duty log.
    """

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("attendance-spot")
        self.desk = desk
        self.keys: list[CommandRow] = []
        self.round: list[bytes] = []
        self._callee: Callee | None = None
        self._started: int | None = None
        self._month = checks.month_of(desk.clock.now())
        self._lay_out()
        self._watch = QTimer(self)
        self._watch.setInterval(WATCH_MS)
        self._watch.timeout.connect(self._draw_watch)
        self._draw_watch()

    # -- layout ----------------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        tools, row = bar_of(self)
        for text, name, key, run in (
            (_("记违纪"), "spot-violation", "F8", self.make_violation),
            (_("本轮小结"), "spot-round", "F10", self.close_round),
            (_("打印"), "spot-print", "Ctrl+P", self.print_month),
            (_("导出"), "spot-export", "Ctrl+Shift+E", self.export),
            (_("上个月"), "spot-earlier", "Ctrl+Left", self.earlier),
            (_("下个月"), "spot-later", "Ctrl+Right", self.later),
        ):
            if name != "spot-export" or "export" in self.desk.services:
                row.addWidget(self._tool(text, name, key, run))
        outer.addWidget(tools)
        self.split = QSplitter(Qt.Orientation.Horizontal)
        self.split.setChildrenCollapsible(False)
        self.split.addWidget(self._left())
        self.split.addWidget(self._right())
        self.split.setSizes([440, 560])
        outer.addWidget(self.split, 1)
        self.status = Elided("", "muted")
        self.status.setObjectName("spot-status")
        self.status.setContentsMargins(current().px(8), 0, current().px(8), 0)
        outer.addWidget(self.status)

    def _tool(self, text: str, name: str, key: str, run: Callable[[], None]) -> QPushButton:
        made = button(text, tip=_("{text}（{key}）").format(text=text, key=key))
        made.setObjectName(name)
        made.setAccessibleName(text)
        made.clicked.connect(run)
        shortcut(self, key, run)
        self.keys.append((text, key, run))
        return made

    def _left(self) -> QWidget:
        theme = current()
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.px(4))
        self.calls = Lines[Callee](
            CALLS,
            self.desk,
            important="name",
            empty=(_("没有可以点名的单位"), _("在通讯录里给街道写上区划和值班电话")),
            name="spot-calls",
            tone=_call_tone,
        )
        self.calls.view.opened.connect(self._opened)
        self.calls.view.typed.connect(self._typed)
        shortcut(self.calls.view, "Escape", self.let_go, alone=True)
        column.addWidget(self.calls.view, 1)
        self.watch = label("", "heading")
        self.watch.setObjectName("spot-watch")
        self.watch.setContentsMargins(theme.px(8), theme.px(4), theme.px(8), 0)
        column.addWidget(self.watch)
        self.hint = label("", "muted", wrap=True)
        self.hint.setContentsMargins(theme.px(8), 0, theme.px(8), theme.px(4))
        column.addWidget(self.hint)
        column.addWidget(self._answer())
        return left

    def _answer(self) -> QWidget:
        theme = current()
        self.answer = QWidget()
        self.answer.setObjectName("spot-answer")
        grid = QGridLayout(self.answer)
        grid.setContentsMargins(theme.px(8), 0, theme.px(8), theme.px(8))
        grid.setHorizontalSpacing(theme.px(8))
        grid.setVerticalSpacing(theme.px(4))
        self.result = QComboBox()
        self.result.setObjectName("spot-result")
        for at, choice in enumerate(SPOT_CHECKS["result"].choices, 1):
            self.result.addItem(f"{at} {shown(choice)}", choice.code)
        self.seconds, self.answered_by, self.note = QLineEdit(), QLineEdit(), QLineEdit()
        self.problem = label("", "problem", wrap=True)
        self.problem.setObjectName("spot-problem")
        self.save_button = button(_("记下"), primary=True)
        self.save_button.setObjectName("spot-save")
        self.save_button.clicked.connect(self.save)
        fields: tuple[tuple[str, QWidget, str], ...] = (
            (_("应答人"), self.answered_by, "spot-answered-by"),
            (_("结果"), self.result, "spot-result"),
            (_("秒"), self.seconds, "spot-seconds"),
            (_("备注"), self.note, "spot-note"),
        )
        for at, (text, widget, name) in enumerate(fields):
            told = label(text)
            told.setBuddy(widget)
            widget.setObjectName(name)
            widget.setAccessibleName(text)
            grid.addWidget(told, at // 2, at % 2 * 2)
            grid.addWidget(widget, at // 2, at % 2 * 2 + 1)
            if isinstance(widget, QLineEdit):
                widget.returnPressed.connect(self.save)
        grid.addWidget(self.problem, 2, 0, 1, 3)
        grid.addWidget(self.save_button, 2, 3)
        grid.setColumnStretch(1, 1)
        grid.setColumnStretch(3, 1)
        self.answer.hide()
        return self.answer

    def _right(self) -> QWidget:
        self.right = QTabWidget()
        self.right.setObjectName("spot-tabs")
        self.right.setDocumentMode(True)
        hint = (_("这个月还没有抽查"), _("左边选一个单位，回车开始拨号"))
        self.month = Lines[None](MONTH, self.desk, important="name", empty=hint, name="spot-month")
        model = LedgerModel(
            CHECKS_SHOWN,
            self.desk,
            columns=("at", "unit", "result", "seconds", "answered_by", "checker", "note"),
            tone=_record_tone,
        )
        self.records = LedgerView(model, important="unit", empty=hint)
        self.records.setObjectName("spot-records")
        self.right.addTab(self.month.view, "")
        self.right.addTab(self.records, _("抽查记录"))
        return self.right

    # -- what is shown ---------------------------------------------------------------------------------------------

    def heed(self, changed: Changed) -> None:
        """Slot for the announcer."""
        self.records.ledger_model.heed(changed)

    def refresh(self) -> None:
        """Bring call list and statistics up to date; a call that goes on is not disturbed."""
        if self._callee is None:
            self.calls.show_lines(call_rows(self.desk))
        self.month.show_lines([(row, None) for row in month_rows(self.desk, self._month)])
        self.right.setTabText(0, _("{month} 统计").format(month=self._month))

    def show_check(self, row: bytes) -> None:
        """Make a check current in the list of records."""
        self.right.setCurrentWidget(self.records)
        self.records.show_row(row)
        self.records.setFocus()

    def focus_first(self) -> None:
        """The caret goes to the call list."""
        self.calls.view.setFocus()

    def _draw_watch(self) -> None:
        callee, now = self._callee, self.desk.clock.now()
        if callee is None:
            self.watch.setText(_("选单位，回车开始拨号"))
            self.hint.setText("")
        elif self._started is None:
            self.watch.setText(_("{name} 已应答").format(name=callee.name))
            self.hint.setText(_("填应答人，回车记下；Esc 不记"))
        else:
            gone = max(0, now - self._started)
            clock = f"{gone // MINUTE:02d}:{gone % MINUTE // SECOND:02d}"
            number = callee.number or _("没有值班电话")
            self.watch.setText(_("{name} {number} 拨号 {clock}").format(name=callee.name, number=number, clock=clock))
            choices = [f"{at}\u00a0{shown(one)}" for at, one in enumerate(SPOT_CHECKS["result"].choices, 1)]
            self.hint.setText(_("接通按回车；{choices}；Esc 不记").format(choices="  ".join(choices)))

    # -- a call ----------------------------------------------------------------------------------------------------

    def _opened(self, _row: object) -> None:
        if self._callee is None:
            self.dial()
        elif self._started is not None:
            self.stop()

    def dial(self) -> None:
        """Start the stopwatch for the current unit."""
        self._callee = self.calls.current()
        if self._callee is None:
            return
        self._started = self.desk.clock.now()
        self._watch.start()
        self._draw_watch()

    def stop(self) -> None:
        """Somebody answered: stop the watch and ask who."""
        if self._started is None:
            return
        seconds = rules.elapsed(self._started, self.desk.clock.now())
        self._stopped()
        self.seconds.setText("" if seconds is None else str(seconds))
        self.result.setCurrentIndex(0)
        self.answer.show()
        self.answered_by.setFocus()
        self.problem.setText(_("时钟被拨回，用时请手填") if seconds is None else "")

    def _stopped(self) -> None:
        self._started = None
        self._watch.stop()
        self._draw_watch()

    def _typed(self, text: str) -> None:
        """A figure on the call list: the result of the call that goes on."""
        codes = [choice.code for choice in SPOT_CHECKS["result"].choices]
        if self._started is None or not text.isdecimal() or not 1 <= int(text) <= len(codes):
            return
        code = codes[int(text) - 1]
        answered = bool(checks.results()[code]["answered"])
        self.stop()
        self.result.setCurrentIndex(int(text) - 1)
        if not answered:
            self.seconds.clear()
            self.save()

    def let_go(self) -> None:
        """Esc: nothing is recorded of this call."""
        self._callee = None
        self._stopped()
        for line in (self.seconds, self.answered_by, self.note):
            line.clear()
        self.problem.clear()
        self.answer.hide()
        self.refresh()
        self.calls.view.setFocus()

    def save(self) -> None:
        """Record the check and go on to the next unit."""
        callee = self._callee
        if callee is None:
            return
        texts = {
            "result": str(self.result.currentData()),
            "seconds": self.seconds.text(),
            "answered_by": self.answered_by.text(),
            "note": self.note.text(),
        }
        values, problems = parse_row(SPOT_CHECKS, texts, partial=True)
        given: dict[str, Value] = {"unit": callee.unit, **values}
        if not problems:
            try:
                self.round.append(checks.add(self.desk, given))
            except DutyDeskError as error:
                problems = list(error.problems)
        if problems:
            self._tell(problems)
            return
        held = checks.results()[texts["result"]]
        word = self.result.currentText().partition(" ")[2]
        text = _("{name} {result}，本轮 {count} 次").format(name=callee.name, result=word, count=len(self.round))
        if held["violation"]:
            text += _("；F8 记违纪")
        self.status.setText(text)
        self.let_go()
        first = self.calls.rows()
        if first:
            self.calls.choose(first[0].id)

    def _tell(self, problems: list[Problem]) -> None:
        self.problem.setText(_("；").join(problem.reason for problem in problems))
        field = {"seconds": self.seconds, "answered_by": self.answered_by, "note": self.note}.get(problems[0].field)
        if field is not None:
            field.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self._callee is not None:
            self.let_go()
        else:
            super().keyPressEvent(event)

    # -- what is made of them --------------------------------------------------------------------------------------

    def make_violation(self) -> None:
        """A violation of the chosen record, else of the last check of this round."""
        row = self.records.current_row() if self.records.hasFocus() else None
        which = row.id if row is not None else self.round[-1] if self.round else None
        if which is None:
            self.status.setText(_("先抽查，或在抽查记录里选一条"))
            return
        try:
            made = checks.violation_of(self.desk, which)
        except DutyDeskError as error:
            self.status.setText(error.problems[0].reason)
            return
        self.status.setText(_("已记违纪 {title}").format(title=self.desk.title("violations", made)))

    def close_round(self) -> None:
        """Write the round's summary into the duty log."""
        try:
            text = checks.close_round(self.desk, self.round)
        except DutyDeskError as error:
            self.status.setText(error.problems[0].reason)
            return
        self.round.clear()
        self.status.setText(_("已写入日志：{text}").format(text=text))

    def print_month(self) -> None:
        """Preview the month's table."""
        from dutydesk.attendance import report

        show = self.desk.services.get("preview")
        if show is None:
            self.status.setText(_("这里不能预览打印"))
            return
        try:
            document = report.document(self.desk, *checks.month_span(self._month))
            pdf = document.pdf()
        except DutyDeskError as error:
            dialogs.fail(self, error)
            return
        show(pdf, _("值班抽查统计表 {month}").format(month=self._month), FORM, document.about, document.missing)

    def export(self) -> None:
        """The month's checks into a file."""
        start, end = checks.month_span(self._month)
        where = (Condition("at", ">=", start), Condition("at", "<", end))
        self.desk.services["export"]("spot_checks", Query("spot_checks", where), self)

    def earlier(self) -> None:
        """The month before."""
        self._show_month(checks.month_of(checks.month_span(self._month)[0] - 1))

    def later(self) -> None:
        """The month after, at most this one."""
        after = checks.month_of(checks.month_span(self._month)[1])
        if after <= checks.month_of(self.desk.clock.now()):
            self._show_month(after)

    def _show_month(self, month: str) -> None:
        self._month = month
        self.right.setCurrentIndex(0)
        self.refresh()


def _call_tone(row: Row, name: str) -> str:
    return "late" if name == "result" and row.get("code") not in ("", "IN_POST", None) else ""


def _record_tone(row: Row, name: str) -> str:
    return "late" if name == "result" and row.get("result") != "IN_POST" else ""
