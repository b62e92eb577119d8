"""The hand-over as a guided sheet: 核对 → 交班签字 → 逐项确认 → 接班签字 → 带班签字 → 打印. There is one next thing to do,
its button says so, and Ctrl+Enter does it; everything else is a key on the list."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from dutydesk.core.errors import DutyDeskError, Problem, Refused
from dutydesk.core.i18n import _
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Row
from dutydesk.ledger.feature import OpenItem
from dutydesk.qt.theme import current
from dutydesk.qt.widgets import Elided, button, label, shortcut
from dutydesk.shifts import handover, pending, rules, service, signing
from dutydesk.shifts.pane_answer import AnswerLine
from dutydesk.shifts.pane_lists import OpenList
from dutydesk.shifts.pane_sheet import ItemList, SignBox, Steps

LOW = 230
"""Pixels at 100 % below which the list makes room for the place to sign."""
WAITING = ("OPEN", "QUESTIONED")


class HandoverPage(QWidget):
    """The guided sheet of one shift.

    Signals:
        opened: (ledger, row id) of something to go to. printing: key of a shift whose sheet is wanted.
        taken: the next crew has taken over. said: one quiet sentence. written: something was written.
        lacking: the shift lacks something before it can be signed. put_by: the running shift's own is wanted instead.
    """

    opened = Signal(str, object)
    printing = Signal(str)
    taken = Signal()
    said = Signal(str)
    written = Signal()
    lacking = Signal()
    put_by = Signal()

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("handover-page")
        self._desk = desk
        self.key = ""
        self._held: Row | None = None
        self._due = self._behind = False
        self._checked = self._later = self._alone = False
        self._step: rules.Step = "CHECK"
        self._signing = ""
        self._receiver: tuple[str, bytes] | None = None  # who sat at the desk, and who receives
        self._item = b""
        self._asking = ""
        self._lay_out()

    def _lay_out(self) -> None:
        gap = current().px(8)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, gap // 2)
        outer.setSpacing(gap // 2)
        self.steps = Steps()
        self.hint = Elided("", "muted")
        self.hint.setObjectName("handover-hint")
        self.hint.setContentsMargins(gap, 0, gap, 0)
        self.live = OpenList()
        self.live.opened.connect(self.opened)
        self.items = ItemList()
        self.items.acted.connect(self.act_on)
        self.items.questioned.connect(self.ask_about)
        self.items.answered.connect(self.answer_to)
        self.items.opened.connect(self._open)
        self.items.currentItemChanged.connect(self._moved)
        self.line = AnswerLine()
        self.line.given.connect(self._said)
        self.line.left.connect(self._unsaid)
        self.sign = SignBox(self._desk)
        self.sign.submitted.connect(self.go_on)
        self.sign.left.connect(self.go_back)
        self.problem = label("", "problem", wrap=True)
        self.problem.setObjectName("handover-problem")
        self.own = self._button(_("先看本班"), "handover-own", self.put_by.emit)
        self.own.setToolTip(_("带班领导的签字留在待办里"))
        self.alone = self._button(_("单方交接"), "handover-alone", self.hand_over_alone)
        self.alone.setToolTip(_("对方不能到场时，写明原因，一方先签"))
        self.later = self._button(_("以后再签"), "handover-later", self.sign_later)
        self.next = self._button(_("开始交接"), "handover-next", self.go_on, primary=True)
        self.next.setToolTip(_("Ctrl+回车"))
        bar = QHBoxLayout()
        bar.setContentsMargins(gap, 0, gap, 0)
        bar.setSpacing(gap)
        bar.addWidget(self.problem, 1)
        for widget in (self.own, self.alone, self.later, self.next):
            bar.addWidget(widget, 0, Qt.AlignmentFlag.AlignBottom)
        for widget in (self.steps, self.hint):
            outer.addWidget(widget)
        outer.addWidget(self.live, 1)
        outer.addWidget(self.items, 1)
        outer.addWidget(self.line)
        outer.addWidget(self.sign)
        self._rest = QWidget()  # what is left where both lists make room
        outer.addWidget(self._rest, 1)
        outer.addLayout(bar)
        for keys in ("Ctrl+Return", "Ctrl+Enter"):
            shortcut(self, keys, self.go_on)

    def _button(self, text: str, name: str, run: object, *, primary: bool = False) -> QPushButton:
        made = button(text, primary=primary)
        made.setObjectName(name)
        made.clicked.connect(run)
        return made

    # -- what is shown ---------------------------------------------------------------------------------------------

    @property
    def left(self) -> int:
        """How many items nobody has confirmed."""
        return rules.unsettled(row.text("state") for row in self._rows()) if self._held is not None else 0

    @property
    def given(self) -> bool:
        """Whether the giver has signed, or the desk was taken over."""
        return self._held is not None and self._held.text("state") != "PREPARED"

    def waiting(self, live: int) -> int:
        """How much there is to do: what is open before the hand-over is begun, then what nobody has confirmed."""
        if self._held is None:
            return live
        return self.left if self._step in ("CHECK", "SIGN_OUT", "REVIEW") else 0

    def show_shift(self, key: str, *, due: bool, behind: bool = False) -> None:
        """Show the hand-over of a shift; `due` says whether it may be begun now, `behind` whether it stands in front of
        the running shift's own."""
        if key != self.key:
            self.key = key
            self._checked = self._later = self._alone = False
            self._signing = ""
            self._receiver = None
            self._unsaid()
        self._due, self._behind = due, behind

    def keep_up(self) -> None:
        """Bring the items in step with the record, where whoever sits here may."""
        with suppress(DutyDeskError):
            handover.refresh(self._desk, self.key)
            if self._held is not None and self._held.get("taken_at") is not None:
                handover.seal(self._desk, self.key)

    def refresh(self, live: Sequence[OpenItem], now: int) -> None:
        """Show the record as it is; what is being typed stays."""
        self._held = handover.of_shift(self._desk, self.key) if self.key else None
        rows = self._rows()
        self.live.show_items(live, now)
        self.items.show_items(rows, now)
        before, self._step = self._step, self._next_step(rows)
        if self._step != before:
            self.problem.setText("")
        if self._step not in ("REVIEW", "TAKE"):
            self._receiver = None
        self.steps.show_step(self._step)
        self._show_sign()
        self._make_room()
        self._show_bar()
        told = self._hint()
        self.hint.setText(told)
        self.hint.setVisible(bool(told))

    def _rows(self) -> list[Row]:
        return handover.items_of(self._desk, self._held)

    def _next_step(self, rows: Sequence[Row]) -> rules.Step:
        held = self._held
        with self._desk.store.read() as connection:
            printed = pending.sheet_printed(connection, self.key)
        return rules.step(
            held.text("state") if held is not None else "",
            [row.text("state") for row in rows],
            checked=self._checked,
            taken=held is not None and held.get("taken_at") is not None,
            printed=printed,
            later=self._later,
        )

    def _receiving(self) -> bytes | None:
        """Who goes through the items: whoever said so, as long as the same person sits at the desk, or that person."""
        if self._receiver is not None and self._receiver[0] == self._desk.me.id:
            return self._receiver[1]
        here = signing.here(self._desk)
        return here if here in handover.receivers(self._desk, self.key) else None

    @property
    def _asks_receiver(self) -> bool:
        """Whether the receiver still has to say who he is."""
        return self._step == "REVIEW" and not self._alone and self._receiving() is None

    def _show_sign(self) -> None:
        """The place to sign, when it is time; asked anew only when something else is asked. At step 3 the receiver says
        there once who he is."""
        signs = self._step in ("SIGN_OUT", "TAKE", "COUNTERSIGN") or self._asks_receiver
        wanted = "EMERGENCY" if self._alone else self._step if signs else ""
        self.sign.setVisible(bool(wanted))
        if wanted == self._signing:
            return
        self._signing = wanted
        if wanted:
            receiver = self._receiving() if wanted == "TAKE" else None
            asked = signing.asked(self._desk, self.key, self._held, wanted, receiver)
            self.sign.ask(
                asked.person,
                asked.crew,
                pin=asked.pin,
                joint=asked.joint,
                reason=wanted == "EMERGENCY",
                following=asked.following,
            )

    def _show_bar(self) -> None:
        state = self._held.text("state") if self._held is not None else ""
        texts = {
            "CHECK": _("核对完毕") if state else _("开始交接"),
            "SIGN_OUT": _("交班签字"),
            "REVIEW": self._review_text(),
            "TAKE": _("接班签字"),
            "COUNTERSIGN": _("带班签字"),
            "PRINT": _("打印交接班表"),
            "FINISHED": _("交接已完成"),
        }
        self.next.setText(_("单方签字") if self._alone else texts[self._step])
        able = self._step != "FINISHED" and (bool(state) or self._due)
        if not able and self.window().focusWidget() is self.next:  # a preview may be in front of it
            (self.items if self._held is not None else self.live).setFocus()
        self.next.setEnabled(able)
        self.later.setVisible(self._step == "COUNTERSIGN" and not self._alone)
        taken = self._held is not None and self._held.get("taken_at") is not None
        self.own.setVisible(self._behind and taken)
        may = (self.key == "" or bool(state) or self._due) and state in ("", "PREPARED", "SIGNED_OUT")
        self.alone.setVisible(may)
        self.alone.setText(_("两方交接") if self._alone else _("单方交接"))

    def _review_text(self) -> str:
        if self._asks_receiver:
            return _("开始接收")
        row = self.items.current_row()
        word = _("答复") if row is not None and row.get("state") == "QUESTIONED" else _("接收")
        return _("{word}（余{left}项）").format(word=word, left=self.left)

    def _hint(self) -> str:
        if self._held is None and not self._alone:
            return "" if self._due else _("这一班没有做交接")  # which shift it is, the head of the pane says
        return signing.hint(self._desk, self._held, self._step, self._receiving(), alone=self._alone)

    def _crowded(self) -> bool:
        return not self.sign.isHidden() and self.height() < current().px(LOW)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._make_room()

    def _make_room(self) -> None:
        begun, crowded = self._held is not None, self._crowded()
        self.live.setVisible(not begun and not crowded)
        self.items.setVisible(begun and not crowded)
        self._rest.setVisible(crowded)

    def _moved(self, *_items: object) -> None:
        if self._step == "REVIEW":
            self.next.setText(self._review_text())

    # -- keys ------------------------------------------------------------------------------------------------------

    def focus_first(self) -> None:
        """Put the keyboard where the next thing is done."""
        if not self.sign.isHidden():
            self.sign.focus_first()
        elif self._held is None:
            self.live.focus_first()
        elif self._step in ("CHECK", "REVIEW") and self.items.topLevelItemCount():
            self.items.setFocus()
            self.items.go_on(WAITING)
        elif self.next.isEnabled():
            self.next.setFocus()
        else:
            self.items.setFocus()

    def go_on(self) -> None:
        """Do the next thing."""
        if self._alone:
            self._sign_alone()
        elif self._step == "CHECK" and self._held is None:
            if self._due:
                self._do(self._prepare)
        elif self._step == "CHECK":
            self._check()
        elif self._asks_receiver:
            self._do(self._receive)
        elif self._step == "REVIEW":
            row = self.items.current_row()
            if row is None or row.get("state") in rules.SETTLED:
                self.items.go_on(WAITING)
            self.items.setFocus()
            self.act_on(self.items.current_id())
        elif self._step in ("SIGN_OUT", "TAKE", "COUNTERSIGN"):
            self._do(self._sign)
        elif self._step == "PRINT":
            self.printing.emit(self.key)

    def go_back(self) -> None:
        """Esc: from the signature back to the list."""
        self._checked = self._alone = False
        self.written.emit()
        self.focus_first()

    def hand_over_alone(self) -> None:
        """To the one-sided hand-over and back."""
        self._alone = not self._alone
        self.problem.setText("")
        self.written.emit()
        self.focus_first()

    def sign_later(self) -> None:
        """The leader counter-signs later; it stays an open item."""
        self._later = True
        self.written.emit()
        self.next.setFocus()

    def act_on(self, item: bytes) -> None:
        """Enter on an item: an answer while the giver looks through, then the receiver's yes, or the answer asked for."""
        row = self.items.current_row()
        if row is None or row.id != item:
            return
        if self._step in ("CHECK", "SIGN_OUT") or row.get("state") == "QUESTIONED":
            self.answer_to(item)
        elif row.get("state") in ("OPEN", "ANSWERED"):
            if self._asks_receiver:
                self.sign.focus_first()
                return
            self._item = item
            self._do(self._accept)
        elif row.get("state") in rules.SETTLED:
            self.items.go_on(WAITING)

    def answer_to(self, item: bytes) -> None:
        """A: the giver's word to an item."""
        row = self.items.current_row()
        if row is None or row.id != item or row.get("state") not in ("OPEN", "QUESTIONED", "ANSWERED"):
            return
        self._item, self._asking = item, "answer"
        if row.get("state") == "OPEN":
            self.line.ask(_("答复"), row.text("answer") or _("留待下一班，因为"), _("为什么还没有办完"))
        else:
            what, pin = signing.answer_line(self._desk, self.key, row.text("question"))
            self.line.ask(what, "", _("答给接班人"), pin=pin)

    def ask_about(self, item: bytes) -> None:
        """Q: the receiver asks; the item goes back to the giver."""
        if self._step not in ("REVIEW", "TAKE"):
            return
        if self._asks_receiver:
            self.sign.focus_first()
            return
        self._item, self._asking = item, "question"
        self.line.ask(_("疑问"), "", _("问交班人什么"))

    # -- what is done ----------------------------------------------------------------------------------------------

    def _do(self, work: object) -> None:
        """Run one step; what is refused is said, and nothing was written."""
        assert callable(work)
        try:
            work()
        except DutyDeskError as error:
            self.written.emit()
            self._tell(error.problems)
            return
        self.problem.setText("")
        self.sign.pin.clear()
        self.written.emit()
        self.focus_first()

    def _tell(self, problems: Sequence[Problem]) -> None:
        rest = self.sign.tell(problems) if not self.sign.isHidden() else problems
        self.problem.setText(_("；").join(problem.reason for problem in rest))
        self.sign.pin.clear()

    def _prepare(self) -> None:
        handover.prepare(self._desk, self.key)
        self.said.emit(_("交接事项已列出"))

    def _receive(self) -> None:
        """The receiver says who he is; until the fourth step what he accepts and asks is his act."""
        person, problems = self.sign.signer()
        if problems or person is None:
            raise Refused(*problems)
        self._save_crew()
        handover.identify_receiver(self._desk, self.key, person, self.sign.pin.text())
        self._receiver = (self._desk.me.id, person)
        self.said.emit(_("{name} 逐项接收").format(name=self._desk.title("people", person)))

    def _as_receiver(self) -> Desk:
        person = self._receiving()
        return self._desk if person is None else handover.as_author(self._desk, person)

    def _accept(self) -> None:
        handover.accept(self._as_receiver(), self._item)
        self.written.emit()
        self.items.go_on(WAITING)

    def _said(self, text: str) -> None:
        try:
            if self._asking == "question":
                handover.question(self._as_receiver(), self._item, text)
            else:
                person = handover.answering(self._desk, self.key) if self.given else None
                handover.answer(self._desk, self._item, text, person, self.line.pin.text())
        except DutyDeskError as error:
            self.line.pin.clear()
            self._tell(error.problems)
            return
        self._unsaid()
        self.problem.setText("")
        self.written.emit()
        if self._step == "REVIEW":
            self.items.go_on(WAITING)
        self.items.setFocus()

    def _unsaid(self) -> None:
        had = self.line.line.hasFocus() or self.line.pin.hasFocus()
        self.line.pin.clear()
        self.line.hide()
        if had:
            self.items.setFocus()

    def _sign(self) -> None:
        """The signature that is due."""
        person, problems = self.sign.signer()
        if problems or person is None:
            raise Refused(*problems)
        joint = self.sign.joint.text().strip()
        held = self._held
        if joint and held is not None and joint != held.text("joint") and self.sign.asks_joint:
            handover.note_joint(self._desk, self.key, joint)
        pin = self.sign.pin.text()
        name = self._desk.title("people", person)
        if self._step == "SIGN_OUT":
            handover.sign_out(self._desk, self.key, person, pin)
            self.said.emit(_("{name} 已交班签字，请接班人逐项确认").format(name=name))
        elif self._step == "TAKE":
            self._save_crew()
            handover.take(self._desk, self.key, person, pin)
            self.said.emit(_("{name} 已接班").format(name=name))
            self.taken.emit()
        else:
            handover.countersign(self._desk, self.key, person, pin)
            self.said.emit(_("{name} 已作带班签字").format(name=name))

    def _sign_alone(self) -> None:
        self._do(self._emergency)

    def _emergency(self) -> None:
        person, problems = self.sign.signer()
        if problems or person is None:
            raise Refused(*problems)
        self._save_crew()
        held = handover.emergency(self._desk, self.key, person, self.sign.reason.text(), self.sign.pin.text())
        self._alone = False
        self.said.emit(_("已单方交接，等待补签"))
        if held.get("taken_at") is not None:
            self.taken.emit()

    def _save_crew(self) -> None:
        """The incoming crew as it was filled in beside the signature."""
        if not self.sign.asks_crew:
            return
        values, problems = self.sign.next_crew()
        if problems:
            raise Refused(*problems)
        following = service.key_of(handover.parties(self._desk, self.key).following)
        service.save_facts(self._desk, following, values)

    def _check(self) -> None:
        """The giver has looked through the list: to the signature, or to what is still empty."""
        self.keep_up()
        problems = rules.before_giving(handover.standing(self._desk, self.key))
        self._checked = not any(problem.field == "missing" for problem in problems)
        self.written.emit()
        self.problem.setText(_("；").join(problem.reason for problem in problems))
        if self._checked:
            self.focus_first()
        else:
            self.lacking.emit()

    def _open(self, item: bytes) -> None:
        row = self.items.current_row()
        if row is not None and row.id == item and row.get("ledger"):
            self.opened.emit(row.text("ledger"), bytes.fromhex(row.text("row")))
