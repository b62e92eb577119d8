"""The tabs of the pane of attendance: what is due today, violations, the duties themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from dutydesk.attendance import duties, service
from dutydesk.attendance.lists import DUE, DUTY_SHOWN, VIOLATIONS_SHOWN, due_rows, post_of, when_of
from dutydesk.attendance.plans import DueState
from dutydesk.core.clock import DAY
from dutydesk.core.errors import DutyDeskError
from dutydesk.core.i18n import N_, _
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Query, Row
from dutydesk.ledger.spec import Ledger, Value
from dutydesk.qt import dialogs
from dutydesk.qt.flow import flow
from dutydesk.qt.listpane import ListPane, RowPages
from dutydesk.qt.listview import LedgerView
from dutydesk.qt.table import LedgerModel
from dutydesk.qt.theme import current
from dutydesk.qt.widgets import Elided, button, label, shortcut

CommandRow = tuple[str, str, Callable[[], None]]
Thing = TypeVar("Thing")
BACK = 62 * DAY
"""How far back violations are looked for that nobody recorded: this month and the last."""


class Lines(Generic[Thing]):
    """Computed rows for a table, and what each stands for."""

    def __init__(
        self,
        ledger: Ledger,
        desk: Desk,
        *,
        important: str,
        empty: tuple[str, str],
        name: str,
        tone: Callable[[Row, str], str] | None = None,
    ) -> None:
        self._rows: list[Row] = []
        self._things: dict[bytes, Thing] = {}
        self.model = LedgerModel(ledger, desk, pages=self._pages, tone=tone)
        self.view = LedgerView(self.model, important=important, empty=empty)
        self.view.setObjectName(name)
        head = self.view.horizontalHeader()
        head.setSectionsClickable(False)
        head.setSortIndicatorShown(False)
        self.view.setSelectionMode(LedgerView.SelectionMode.SingleSelection)

    def _pages(self, _query: Query) -> Any:
        return RowPages(self._rows)

    def show_lines(self, lines: Sequence[tuple[Row, Thing]]) -> None:
        """Show these; the current line stays current, else the first becomes so."""
        fresh = [row for row, _thing in lines]
        self._things = {row.id: thing for row, thing in lines}
        if fresh != self._rows:
            self._rows = fresh
            self.model.refresh()
        if fresh and self.view.current_row() is None:
            self.view.setCurrentIndex(self.model.index(0, 0))

    def current(self) -> Thing | None:
        """What the current line stands for."""
        row = self.view.current_row()
        return self._things.get(row.id) if row is not None else None

    def thing(self, row: bytes) -> Thing | None:
        """What a line stands for."""
        return self._things.get(row)

    def choose(self, row: bytes) -> bool:
        """Make a line current."""
        return self.view.show_row(row)

    def rows(self) -> list[Row]:
        """The lines as they are shown."""
        return list(self._rows)


class Ask(QWidget):
    """One line that asks for a word: the question, the answer, 确定.

    Signals:
        given: the text. left: Esc.
    """

    given = Signal(str)
    left = Signal()

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        gap = current().px(8)
        row = QHBoxLayout(self)
        row.setContentsMargins(gap, 0, gap, gap // 2)
        row.setSpacing(gap)
        self.question = label("")
        self.line = QLineEdit()
        self.line.setObjectName(name)
        self.question.setBuddy(self.line)
        self.problem = label("", "problem")
        self.problem.setObjectName(f"{name}-problem")
        self.ok = button(_("确定"), primary=True)
        self.ok.setObjectName(f"{name}-ok")
        for widget in (self.question, self.line, self.problem, self.ok):
            row.addWidget(widget)
        row.setStretch(1, 1)
        self.line.returnPressed.connect(self._give)
        self.ok.clicked.connect(self._give)
        self.hide()

    def ask(self, question: str) -> None:
        """Ask; the caret goes to the answer."""
        self.question.setText(question)
        self.line.setAccessibleName(question)
        self.line.clear()
        self.problem.clear()
        self.show()
        self.line.setFocus()

    def _give(self) -> None:
        self.given.emit(self.line.text())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.hide()
            self.left.emit()
        else:
            super().keyPressEvent(event)


def bar_of(parent: QWidget) -> tuple[QWidget, Any]:
    """A row of buttons that goes on in the next line where it must."""
    gap = current().px(8)
    tools = QWidget(parent)
    row = flow(tools, gap)
    row.setContentsMargins(gap, gap // 2, gap, gap // 2)
    return tools, row


class DueTab(QWidget):
    """固定工作: what stands open and what falls due today. Space ticks, F8 says why something was not done."""

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("attendance-due")
        self.desk = desk
        self.keys: list[CommandRow] = []
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        tools, row = bar_of(self)
        self.tick_button = self._tool(row, _("办结"), "attendance-tick", "Space", self.tick, primary=True)
        self._tool(row, _("未办原因"), "attendance-not-done", "F8", self.ask_why)
        self.offer = QComboBox()
        self.offer.setObjectName("attendance-offer")
        self.offer.setAccessibleName(_("常用固定工作"))
        self.offer.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.offer.setMinimumContentsLength(26)
        row.addWidget(self.offer)
        self.adopt_button = self._tool(row, _("选用"), "attendance-adopt", "", self.adopt)
        outer.addWidget(tools)
        self.ask = Ask("attendance-why")
        self.ask.given.connect(self.answer)
        outer.addWidget(self.ask)
        hint = _("选用常用项，或在“事项设置”里新增")
        self.lines = Lines[duties.Item](
            DUE, desk, important="note", empty=(_("今天没有固定工作"), hint), name="attendance-due-list", tone=_due_tone
        )
        self.ask.left.connect(self.lines.view.setFocus)
        self.lines.view.opened.connect(self._opened)
        shortcut(self.lines.view, "Space", self.tick, alone=True)
        shortcut(self, "F8", self.ask_why)
        outer.addWidget(self.lines.view, 1)
        self.status = Elided("", "muted")
        self.status.setObjectName("attendance-due-status")
        self.status.setContentsMargins(current().px(8), 0, current().px(8), 0)
        outer.addWidget(self.status)

    def _tool(
        self, row: Any, text: str, name: str, key: str, run: Callable[[], None], *, primary: bool = False
    ) -> QPushButton:
        shown = {"Space": _("空格")}.get(key, key)
        made = button(text, primary=primary, tip=_("{text}（{key}）").format(text=text, key=shown) if key else "")
        made.setObjectName(name)
        made.setAccessibleName(text)
        made.clicked.connect(run)
        row.addWidget(made)
        self.keys.append((text, shown, run))
        return made

    def refresh(self, now: int) -> int:
        """Show what is due at `now`; how many stand open."""
        self.lines.show_lines(due_rows(self.desk, now))
        offers = duties.offers(self.desk)
        if [self.offer.itemData(at) for at in range(self.offer.count())] != [row["code"] for row in offers]:
            self.offer.clear()
            for row in offers:
                self.offer.addItem(duties.offer_text(row), row["code"])
            widest = max(
                (self.offer.fontMetrics().horizontalAdvance(duties.offer_text(row)) for row in offers), default=0
            )
            self.offer.view().setMinimumWidth(widest + current().px(40))
        self.offer.setVisible(bool(offers))
        self.adopt_button.setVisible(bool(offers))
        return sum(row["code"] in (DueState.DUE.value, DueState.MISSED.value) for row in self.lines.rows())

    def show_duty(self, duty: bytes) -> None:
        """Make the oldest open line of a duty current."""
        wanted = [row for row in self.lines.rows() if (item := self.lines.thing(row.id)) and item.duty.id == duty]
        for row in sorted(wanted, key=_settled):
            self.lines.choose(row.id)
            break
        self.lines.view.setFocus()

    def _opened(self, _row: object) -> None:
        self.tick()

    def tick(self) -> None:
        """Tick the current line as done now."""
        item = self.lines.current()
        if item is not None:
            self._answer(item, "", done=True)

    def ask_why(self) -> None:
        """Ask why the current line was not done."""
        item = self.lines.current()
        if item is not None:
            self.ask.ask(_("{name} 为什么没有办").format(name=item.duty.text("name")))

    def answer(self, text: str) -> None:
        """The reason was given."""
        item = self.lines.current()
        if item is not None and self._answer(item, text, done=False):
            self.ask.hide()
            self.lines.view.setFocus()

    def _answer(self, item: duties.Item, note: str, *, done: bool) -> bool:
        try:
            duties.tick(self.desk, item.duty.id, item.due.at, note=note, done=done)
        except DutyDeskError as error:
            (self.ask.problem if self.ask.isVisible() else self.status).setText(str(error.problems[0].reason))
            return False
        word = _("{name} 已办结") if done else _("{name} 已写明未办原因")
        self.status.setText(word.format(name=item.duty.text("name")))
        self.refresh(self.desk.clock.now())
        return True

    def adopt(self) -> None:
        """Take the chosen usual duty over."""
        code = self.offer.currentData()
        if not code:
            return
        try:
            made = duties.adopt(self.desk, [str(code)])
        except DutyDeskError as error:
            dialogs.fail(self, error)
            return
        self.status.setText(_("已选用 {name}，从下一次起算").format(name=self.desk.title("duties", made[0])))
        self.refresh(self.desk.clock.now())


def _settled(row: Row) -> bool:
    return row.get("code") not in (DueState.DUE.value, DueState.MISSED.value)


def _due_tone(row: Row, name: str) -> str:
    return "late" if name == "state" and row.get("code") == DueState.MISSED.value else ""


class ViolationTab(ListPane):
    """违纪: the record of violations; above it what follows from the record and nobody has confirmed."""

    noun = N_("违纪")

    def __init__(self, desk: Desk) -> None:
        super().__init__(
            desk,
            "violations",
            title=_("违纪"),
            shown=VIOLATIONS_SHOWN,
            columns=("at", "kind", "unit", "person", "text", "found_by"),
            important="text",
            empty=(_("没有违纪记录"), _("按 Ctrl+N 记一条；抽查结果可以一键转来")),
        )
        self.proposed = QComboBox()
        self.proposed.setObjectName("violations-proposed")
        self.proposed.setAccessibleName(_("待认定"))
        self.proposed.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.proposed.setMinimumContentsLength(30)
        self.bar.addWidget(self.proposed)
        self.confirm_button = self.tool(_("认定"), "confirm", "F8", self.confirm)
        self.bar.addWidget(self.confirm_button)
        self._proposals: list[service.Proposal] = []
        self.propose()

    def make(self, values: Mapping[str, Value]) -> bytes:
        return service.add_violation(self.desk, values)

    def defaults(self) -> Mapping[str, Value]:
        return {"at": self.desk.clock.now()}

    def listens(self) -> tuple[str, ...]:
        return ("sign_ins", "spot_checks", "incidents")

    def open_row(self, row: Row) -> None:
        self.say(self.desk.title_of(row))

    def delete_row(self) -> None:
        self.say(_("违纪记录不能删除"))

    def refill(self) -> None:
        super().refill()
        if hasattr(self, "_proposals"):
            self.propose()

    def propose(self) -> None:
        """Look for what follows from the record."""
        now = self.desk.clock.now()
        self._proposals = service.proposals(self.desk, now - BACK, now + 1)
        texts = [one.title for one in self._proposals]
        if texts != [self.proposed.itemText(at) for at in range(self.proposed.count())]:
            self.proposed.clear()
            self.proposed.addItems(texts)
        self.proposed.setVisible(bool(texts))
        self.confirm_button.setVisible(bool(texts))

    def confirm(self) -> None:
        """Ask, then record the chosen one."""
        at = self.proposed.currentIndex()
        if 0 <= at < len(self._proposals):
            text = _("{text}。记为违纪？同时写入值班日志。").format(text=self._proposals[at].title)
            dialogs.ask(self, text, _("记为违纪")).answered.connect(self._confirmed)

    def _confirmed(self, yes: bool) -> None:
        at = self.proposed.currentIndex()
        if not yes or not 0 <= at < len(self._proposals):
            return
        try:
            row = service.add_violation(self.desk, self._proposals[at].values)
        except DutyDeskError as error:
            dialogs.fail(self, error)
            return
        self._saved(row)
        self.view.setFocus()


class DutyList(ListPane):
    """事项设置: the duties themselves."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(
            desk,
            "duties",
            title=_("固定工作"),
            shown=DUTY_SHOWN,
            columns=("name", "time", "grace_min", "post", "active", "starts_on", "source"),
            important="source",
            shows={"time": when_of, "post": post_of},
            empty=(_("还没有固定工作"), _("按 Ctrl+N 新增，或在“固定工作”里选用常用项")),
        )

    def make(self, values: Mapping[str, Value]) -> bytes:
        return duties.add(self.desk, values)

    def change(self, row: Row, values: Mapping[str, Value]) -> None:
        duties.edit(self.desk, row.id, values)

    def remove(self, row: Row) -> None:
        duties.remove(self.desk, row.id)

    def defaults(self) -> Mapping[str, Value]:
        return {"rhythm": "DAILY", "active": 1, "grace_min": 0}
