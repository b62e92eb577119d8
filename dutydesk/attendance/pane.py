"""The pane 在岗: who is on now on top, signing with one key; what is due, spot checks, violations and signs below."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QHideEvent, QKeyEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QTabWidget, QVBoxLayout, QWidget

from dutydesk.attendance import service
from dutydesk.attendance.crew import OnPost
from dutydesk.attendance.lists import ROLL, SIGNS_SHOWN, post_of, roll_rows
from dutydesk.attendance.pane_form import SpotTab
from dutydesk.attendance.pane_lists import DueTab, DutyList, Lines, ViolationTab
from dutydesk.attendance.rules import State
from dutydesk.core.errors import DutyDeskError
from dutydesk.core.i18n import _
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Row
from dutydesk.qt.announcer import Changed, announcer_of
from dutydesk.qt.listview import LedgerView
from dutydesk.qt.picker import Picker, rows_of
from dutydesk.qt.table import LedgerModel
from dutydesk.qt.theme import current
from dutydesk.qt.widgets import Elided, FewLines, SplitTitle, button, label, shortcut

CommandRow = tuple[str, str, Callable[[], None]]
TICK_MS = 20_000
SHOWN = 6
"""Lines of the roll that are seen without scrolling."""


class SignBar(QWidget):
    """Asks what a sign needs beside the key: who, why, the PIN. Enter signs, Esc leaves."""

    def __init__(self, desk: Desk, sign: Callable[[], None], leave: Callable[[], None]) -> None:
        super().__init__()
        self.setObjectName("attendance-sign")
        self._leave = leave
        gap = current().px(8)
        column = QVBoxLayout(self)
        column.setContentsMargins(gap, 0, gap, gap // 2)
        column.setSpacing(gap // 2)
        row = QHBoxLayout()
        row.setSpacing(gap)
        self.what = label("")
        self.who = Picker(rows_of(desk, "people"))
        self.note, self.pin = QLineEdit(), QLineEdit()
        self.pin.setEchoMode(QLineEdit.EchoMode.Password)
        self.ok = button(_("确定"), primary=True)
        for widget, name, hint in (
            (self.who, "attendance-who", _("姓名或首字母")),
            (self.note, "attendance-note", _("原因")),
            (self.pin, "attendance-pin", _("口令")),
        ):
            widget.setObjectName(name)
            widget.setAccessibleName(hint)
            widget.setPlaceholderText(hint)
        self.ok.setObjectName("attendance-sign-ok")
        self.ok.clicked.connect(sign)
        self.note.returnPressed.connect(sign)
        self.pin.returnPressed.connect(sign)
        self.who.entered.connect(self._on)
        for widget in (self.what, self.who, self.note, self.pin, self.ok):
            row.addWidget(widget)
        row.setStretch(2, 1)
        column.addLayout(row)
        self.problem = label("", "problem", wrap=True)
        self.problem.setObjectName("attendance-sign-problem")
        column.addWidget(self.problem)
        self.hide()

    def _on(self) -> None:
        (self.note if self.note.isVisible() else self.pin if self.pin.isVisible() else self.ok).setFocus()

    def ask(self, what: str, *, who: bool, note: bool, pin: bool, problem: str = "") -> None:
        """Show the fields that are needed; the caret goes to the first."""
        self.what.setText(what)
        for widget, wanted in ((self.who, who), (self.note, note), (self.pin, pin)):
            widget.setVisible(wanted)
        self.pin.clear()
        self.tell(problem)
        self.show()
        first = next(widget for widget, wanted in ((self.who, who), (self.note, note), (self.pin, True)) if wanted)
        first.setFocus()

    def tell(self, problem: str) -> None:
        """Say what was refused."""
        self.problem.setText(problem)
        self.problem.setVisible(bool(problem))

    def clear(self) -> None:
        """Forget what was typed, the PIN above all."""
        self.who.forget()
        self.note.clear()
        self.pin.clear()
        self.hide()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self._leave()
        else:
            super().keyPressEvent(event)


class AttendancePane(QWidget):
    """在岗. F6 signs the current line in, F7 out, Shift+F7 from home, Shift+F6 somebody who is not on the list; F9 goes
    to the person's numbers."""

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("attendance-pane")
        self.title = _("在岗")
        self.desk = desk
        self._keys: list[CommandRow] = []
        self._line: OnPost | None = None
        self._what = "IN"
        self._lay_out()
        self._tick = QTimer(self)
        self._tick.setInterval(TICK_MS)
        self._tick.timeout.connect(self.refresh)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(100)
        self._soon.timeout.connect(self.refresh)
        announcer = announcer_of(desk)
        announcer.changed.connect(self.heed)
        announcer.changed.connect(self.signs.ledger_model.heed)
        announcer.changed.connect(self.spot.heed)
        self.refresh()

    # -- layout ----------------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        theme = current()
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        self.head = SplitTitle(self.title)
        self.head.note.setObjectName("attendance-span")
        self.head.add(
            self._tool(_("其他人签到"), "attendance-other", "Shift+F6", self.sign_other),
            self._tool(_("看电话"), "attendance-phone", "F9", self.open_contact),
            self._tool(_("在家值守"), "attendance-home", "Shift+F7", self.sign_home),
            self._tool(_("签退"), "attendance-out", "F7", self.sign_out),
            self._tool(_("签到"), "attendance-in", "F6", self.sign_in, primary=True),
        )
        outer.addWidget(self.head)
        self.bar = SignBar(self.desk, self.give, self.leave)
        outer.addWidget(self.bar)
        self.roll = Lines[OnPost](
            ROLL,
            self.desk,
            important="phone",
            empty=(_("本班未填值班人员"), _("在交班里填，或发布值班表")),
            name="attendance-roll",
            tone=_roll_tone,
        )
        self.roll.view.opened.connect(self._opened)
        outer.addWidget(self.roll.view)
        self.on_call = FewLines(2, "muted")
        self.on_call.setObjectName("attendance-on-call")
        self.on_call.setContentsMargins(theme.px(8), theme.px(4), theme.px(8), theme.px(4))
        self.on_call.hide()
        outer.addWidget(self.on_call)
        self.status = Elided("", "muted")
        self.status.setObjectName("attendance-status")
        self.status.setContentsMargins(theme.px(8), 0, theme.px(8), 0)
        self.status.setFixedHeight(theme.px(28))
        self.status.hide()
        outer.addWidget(self.status)
        self.tabs = QTabWidget()
        self.tabs.setObjectName("attendance-tabs")
        self.tabs.setDocumentMode(True)
        self.due = DueTab(self.desk)
        self.spot = SpotTab(self.desk)
        self.violations = ViolationTab(self.desk)
        model = LedgerModel(
            SIGNS_SHOWN,
            self.desk,
            columns=("at", "shift", "person", "post", "sign", "late_min", "overtime_min", "note"),
            shows={"post": post_of},
        )
        self.signs = LedgerView(model, important="note", empty=(_("还没有签到"), _("选一行按 F6 签到")))
        self.signs.setObjectName("attendance-signs")
        self.duties = DutyList(self.desk)
        for widget, text in (
            (self.due, _("固定工作")),
            (self.spot, _("抽查")),
            (self.violations, _("违纪")),
            (self.signs, _("签到记录")),
            (self.duties, _("事项设置")),
        ):
            self.tabs.addTab(widget, text)
        outer.addWidget(self.tabs, 1)

    def _tool(self, text: str, name: str, key: str, run: Callable[[], None], *, primary: bool = False) -> QPushButton:
        made = button(text, primary=primary, tip=_("{text}（{key}）").format(text=text, key=key))
        made.setObjectName(name)
        made.setAccessibleName(text)
        made.clicked.connect(run)
        shortcut(self, key, run)
        self._keys.append((text, key, run))
        return made

    def _measure(self) -> None:
        """The roll is as high as its lines, to a point."""
        theme, view = current(), self.roll.view
        lines = min(max(self.roll.model.rowCount(), 2), max(2, SHOWN * 100 // max(theme.percent, 100)))
        head = view.horizontalHeader().sizeHint().height()
        wide = view.horizontalHeader().length() > view.viewport().width()
        bar = view.horizontalScrollBar().sizeHint().height() if wide else 0
        view.setFixedHeight(head + lines * theme.row + bar + 2 * view.frameWidth() + theme.px(2))

    # -- for the window --------------------------------------------------------------------------------------------

    def focus_first(self) -> None:
        """Who has not signed in, else the list of what is due."""
        if self.bar.isVisible():
            self.bar.setFocus()
            return
        for row in self.roll.rows():
            if row.get("code") in (State.WAITING, State.LATE, State.ABSENT):
                self.roll.choose(row.id)
                break
        self.roll.view.setFocus()

    def show_row(self, ledger: str, row: bytes) -> None:
        """Show a duty among what is due, a violation, a spot check, a sign."""
        if ledger in ("duties", "duty_ticks"):
            self.tabs.setCurrentWidget(self.due)
            self.due.show_duty(row)
        elif ledger == "violations":
            self.tabs.setCurrentWidget(self.violations)
            self.violations.show_row(ledger, row)
        elif ledger == "spot_checks":
            self.tabs.setCurrentWidget(self.spot)
            self.spot.show_check(row)
        else:
            self.tabs.setCurrentWidget(self.signs)
            self.signs.show_row(row)
            self.signs.setFocus()

    def commands(self) -> list[CommandRow]:
        """What the palette and the key sheet show of this pane; first of all whom the duty telephone reaches."""
        now = self.desk.clock.now()
        found: list[CommandRow] = [
            (_("值班电话：{text}").format(text=contact.text), "", _Contact(self.desk, contact.person))
            for contact in service.own_contacts(self.desk, now)
        ]
        tab = self.tabs.currentWidget()
        own = tab.keys if isinstance(tab, DueTab | SpotTab) else []
        found += [
            (_("{label}：{text}").format(label=self.title, text=text), key, run)
            for text, key, run in [*self._keys, *own]
        ]
        if isinstance(tab, ViolationTab | DutyList):
            found += tab.commands()
        for at in range(self.tabs.count()):  # the keys of a tab are those of the one that is seen
            name = self.tabs.tabText(at).partition(" ")[0]
            found.append((_("{label}：{text}").format(label=self.title, text=name), "", _Tab(self.tabs, at)))
        return found

    # -- what is shown ---------------------------------------------------------------------------------------------

    def heed(self, _changed: Changed) -> None:
        """Slot for the announcer: people, shifts, roster and signs all change who is on."""
        if self.isVisible():
            self._soon.start()

    def refresh(self) -> None:
        """Bring everything up to date; what is being typed stays."""
        now = self.desk.clock.now()
        lines = roll_rows(self.desk, now)
        self.roll.show_lines(lines)
        self._measure()
        here = sum(line.present for _row, line in lines)
        span = service.span_at(self.desk, now)
        text = _("{span} · 在岗 {here} 人").format(span=service.shift_text(span), here=here)
        self.head.note.setText(text)
        self._tell_on_call(span.key.partition("/")[0])
        left = self.due.refresh(now)
        text = _("固定工作 待办 {count}").format(count=left) if left else _("固定工作")
        self.tabs.setTabText(self.tabs.indexOf(self.due), text)
        self.spot.refresh()
        self.violations.propose()
        count = self.violations.proposed.count()
        text = _("违纪 待认定 {count}").format(count=count) if count else _("违纪")
        self.tabs.setTabText(self.tabs.indexOf(self.violations), text)

    def _tell_on_call(self, day: str) -> None:
        """Who may be called beside the crew that day, as the roster tells it."""
        told = self.desk.services.get("on_call")
        text = str(told(day)) if told is not None else ""
        self.on_call.setText(_("待命　{text}").format(text=text) if text else "")
        self.on_call.setToolTip(text.replace(_("；"), "\n"))
        self.on_call.setVisible(bool(text))

    def say(self, text: str) -> None:
        """One quiet sentence below the roll."""
        self.status.setText(text)
        self.status.setVisible(bool(text))

    # -- signing ---------------------------------------------------------------------------------------------------

    def _opened(self, _row: object) -> None:
        line = self.roll.current()
        if line is not None and not line.present:
            self.sign_in()

    def sign_in(self) -> None:
        """F6: the current line."""
        self._begin("IN")

    def sign_out(self) -> None:
        """F7: the current line."""
        self._begin("OUT")

    def sign_home(self) -> None:
        """Shift+F7: the current line."""
        self._begin("HOME")

    def sign_other(self) -> None:
        """Shift+F6: somebody who is not on the list."""
        self._line, self._what = None, "IN"
        self.bar.clear()
        self.bar.ask(service.sign_label("IN"), who=True, note=True, pin=service.asks_pin(self.desk))

    def _begin(self, what: str) -> None:
        line = self.roll.current()
        if line is None:
            self.say(_("先选一个人"))
            return
        self._line, self._what = line, what
        self.bar.clear()
        if service.asks_pin(self.desk):
            self._ask(note=False)
        else:
            self.give()

    def _ask(self, *, note: bool, problem: str = "") -> None:
        name = self._line.name if self._line is not None else ""
        text = f"{name} {service.sign_label(self._what)}".strip()
        pin = service.asks_pin(self.desk)
        self.bar.ask(text, who=self._line is None, note=note, pin=pin, problem=problem)

    def give(self) -> None:
        """Sign with what is given; what is missing is asked for."""
        line = self._line
        person, shift, post = (line.person, line.shift, line.post) if line is not None else (b"", "", "")
        if line is None:
            self.bar.who.settle()
            if not self.bar.who.key:
                self.bar.tell(_("选一个人"))
                self.bar.who.setFocus()
                return
            person = bytes.fromhex(self.bar.who.key)
        note, pin = self.bar.note.text(), self.bar.pin.text()
        try:
            row = service.sign(self.desk, person, self._what, shift=shift, post=post, note=note, pin=pin)
        except DutyDeskError as error:
            problem = error.problems[0]
            if problem.field in ("note", "pin") or self.bar.isVisible():
                self._ask(note=problem.field == "note" or bool(note), problem=problem.reason)
            else:
                self.say(problem.reason)
            return
        self.leave()
        self.say(self._told(row))
        self.refresh()

    def _told(self, row: Row) -> str:
        person = row.get("person")
        name = self.desk.title("people", person) if isinstance(person, bytes) else ""
        parts = [f"{name} {service.sign_label(row.text('sign'))}"]
        if row.number("late_min"):
            parts.append(_("迟到 {minutes} 分钟").format(minutes=row.number("late_min")))
        if row.number("overtime_min"):
            parts.append(_("延班 {minutes} 分钟，已写入日志").format(minutes=row.number("overtime_min")))
        return _("，").join(parts)

    def leave(self) -> None:
        """Esc: the bar goes, the roll has the keyboard."""
        self.bar.clear()
        self.roll.view.setFocus()

    def open_contact(self) -> None:
        """F9: the numbers of the current line's person."""
        line = self.roll.current()
        if line is not None:
            _Contact(self.desk, line.person)()

    # -- Qt --------------------------------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()
        self._tick.start()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._measure()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._tick.stop()
        self.bar.clear()  # a PIN half typed is not left standing


class _Contact:
    """Goes to a person in the address book, where the number is shown whole for a reason."""

    def __init__(self, desk: Desk, person: bytes | None) -> None:
        self._desk, self._person = desk, person

    def __call__(self) -> None:
        go = self._desk.services.get("open")
        if go is not None and self._person is not None:
            go("people", self._person)


class _Tab:
    """Goes to a tab."""

    def __init__(self, tabs: QTabWidget, at: int) -> None:
        self._tabs, self._at = tabs, at

    def __call__(self) -> None:
        self._tabs.setCurrentIndex(self._at)
        self._tabs.currentWidget().setFocus()


def _roll_tone(row: Row, name: str) -> str:
    if name == "state":
        return "late" if row.get("code") in (State.ABSENT, State.LATE) else ""
    return "late" if name == "told" and row.get("away") else ""
