"""Small questions of the roster: who, when, why, and where accounts are in force the PIN of whoever consents."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QCheckBox, QDialog, QGridLayout, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from dutydesk.core.errors import DutyDeskError, Problem
from dutydesk.core.i18n import _
from dutydesk.journal.desk import Desk, Me
from dutydesk.ledger.spec import Value
from dutydesk.qt.picker import Find, Option, Picker, rows_of
from dutydesk.qt.theme import current
from dutydesk.qt.widgets import button, label, restyle, shortcut

Answers = dict[str, Value]
MOST_TOLD = 8
Do = Callable[[Desk, Answers], Any]
"""`do(desk, answers)` with the desk as whoever signs; writes, or raises a `DutyDeskError`."""


def matching(text: str, options: Sequence[Option]) -> list[Option]:
    """Those whose label holds a text, or is meant by it in pinyin."""
    from dutydesk.ledger.pinyin import matches

    wanted = text.strip().casefold()
    if not wanted:
        return list(options)
    spelt = wanted.isascii()
    return [one for one in options if wanted in one.label.casefold() or (spelt and matches(wanted, one.label))]


def as_person(desk: Desk, person: bytes) -> Desk:
    """The desk as this person has it for one act; who sits there stays the same."""
    return replace(desk, me=Me(person.hex(), desk.title("people", person)))


def me_of(desk: Desk) -> bytes | None:
    """The row in `people` of who sits at the desk; None for the program itself."""
    return bytes.fromhex(desk.me.id) if len(desk.me.id) == 32 else None


def must_sign(desk: Desk, person: bytes | None) -> bool:
    """Whether a person's own PIN is wanted: accounts are in force, and somebody else sits at the desk."""
    from dutydesk.accounts.service import in_force

    return person is not None and desk.me.id != person.hex() and in_force(desk)


@dataclass(slots=True)
class _Asked:
    """One line of the dialog."""

    name: str
    kind: str
    input: Any
    problem: Any
    required: bool


class AskDialog(QDialog):
    """A few questions, one below the other, and the button that does it. What is refused stands beside its field and
    the dialog stays.

    `signs` names the question whose person gives the consent; their PIN is asked where it is needed.

    Signals:
        done: what `do` gave.
    """

    done_with = Signal(object)

    def __init__(
        self, desk: Desk, name: str, heading: str, yes: str, do: Do, *, explain: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(yes)
        self.desk = desk
        self._do = do
        self._signer = ""
        self._asked: dict[str, _Asked] = {}
        theme = current()
        outer = QVBoxLayout(self)
        outer.setContentsMargins(*(theme.px(16),) * 4)
        outer.setSpacing(theme.px(8))
        outer.addWidget(label(heading, "heading", wrap=True))
        if explain:
            outer.addWidget(label(explain, "muted", wrap=True))
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(theme.px(12))
        self._grid.setVerticalSpacing(theme.px(4))
        self._grid.setColumnStretch(1, 1)
        outer.addLayout(self._grid)
        self.general = label("", "problem", wrap=True)
        self.general.setObjectName(f"{name}-problem")
        self.general.hide()
        outer.addWidget(self.general)
        bar = QHBoxLayout()
        bar.setSpacing(theme.px(8))
        bar.addStretch(1)
        self.yes = button(yes, primary=True, tip=_("Ctrl+回车"))
        self.yes.setObjectName(f"{name}-yes")
        self.yes.clicked.connect(self.submit)
        self.no = button(_("取消"), tip="Esc")
        self.no.setObjectName(f"{name}-no")
        self.no.clicked.connect(self.reject)
        bar.addWidget(self.yes)
        bar.addWidget(self.no)
        outer.addLayout(bar)
        for keys in ("Ctrl+Return", "Ctrl+Enter"):
            shortcut(self, QKeySequence(keys).toString(), self.submit)
        self.setMinimumWidth(theme.px(460))

    # -- questions -------------------------------------------------------------------------------------------------

    def person(
        self, name: str, text: str, value: bytes | None = None, *, required: bool = True, find: Find | None = None
    ) -> Picker:
        """Ask for a person, by characters or initials."""
        picker = Picker(find or rows_of(self.desk, "people"))
        picker.setPlaceholderText(_("姓名或拼音首字母"))
        if value is not None:
            picker.choose(Option(value.hex(), self.desk.title("people", value)))
        picker.entered.connect(self._go_on)
        picker.picked.connect(self._look_at_signer)
        self._add(name, "person", text, picker, required)
        return picker

    def choice(self, name: str, text: str, find: Find, value: str = "", *, required: bool = True) -> Picker:
        """Ask for one of a few answers, found anew at each key."""
        picker = Picker(find)
        chosen = next((one for one in find("") if one.key == value), None) if value else None
        if chosen is not None:
            picker.choose(chosen)
        picker.entered.connect(self._go_on)
        self._add(name, "choice", text, picker, required)
        return picker

    def chosen_person(self, name: str) -> bytes | None:
        """Whom a question names so far."""
        return self._person(name)

    def text(self, name: str, text: str, value: str = "", *, required: bool = True, hint: str = "") -> QLineEdit:
        """Ask for a text."""
        line = QLineEdit(value)
        line.setPlaceholderText(hint)
        line.returnPressed.connect(self._go_on)
        self._add(name, "text", text, line, required)
        return line

    def tick(self, name: str, text: str) -> QCheckBox:
        """Ask yes or no."""
        box = QCheckBox(text)
        self._add(name, "tick", "", box, False)
        return box

    def signs(self, name: str) -> None:
        """Whoever is named by this question consents: asks for the PIN where somebody else sits at the desk."""
        self._signer = name
        pin = QLineEdit()
        pin.setEchoMode(QLineEdit.EchoMode.Password)
        pin.returnPressed.connect(self._go_on)
        self._add("pin", "pin", _("本人口令"), pin, False)
        self._look_at_signer()

    def _add(self, name: str, kind: str, text: str, widget: Any, required: bool) -> None:
        row = self._grid.rowCount()
        widget.setObjectName(f"{self.objectName()}-{name}")
        widget.setAccessibleName(_("{name}（必填）").format(name=text) if required else text or name)
        caption = label(text)
        caption.setBuddy(widget)
        problem = label("", "problem", wrap=True)
        problem.hide()
        self._grid.addWidget(caption, row, 0)
        self._grid.addWidget(widget, row, 1)
        self._grid.addWidget(problem, row + 1, 1)
        widget.setProperty("caption", caption)
        self._asked[name] = _Asked(name, kind, widget, problem, required)

    def _look_at_signer(self, _key: str = "") -> None:
        pin = self._asked.get("pin")
        if pin is None:
            return
        wanted = must_sign(self.desk, self._person(self._signer))
        pin.input.setVisible(wanted)
        caption: Any = pin.input.property("caption")
        caption.setVisible(wanted)

    def begin(self) -> AskDialog:
        """Open it, the caret where the first answer is missing."""
        self.open()
        empty = [one.input for one in self._asked.values() if one.kind != "tick" and not _told(one)]
        first = next((widget for widget in empty if widget.isVisibleTo(self)), self.yes)
        first.setFocus()
        return self

    # -- answers ---------------------------------------------------------------------------------------------------

    def _go_on(self) -> None:
        seen = [one.input for one in self._asked.values() if one.input.isVisibleTo(self)]
        here: Any = self.sender()
        at = seen.index(here) if here in seen else -1
        (seen[at + 1] if at + 1 < len(seen) else self.yes).setFocus(Qt.FocusReason.TabFocusReason)

    def _person(self, name: str) -> bytes | None:
        asked = self._asked.get(name)
        if asked is None:
            return me_of(self.desk)
        try:
            return self.desk.resolve("people", _told(asked)) if _told(asked) else None
        except ValueError:
            return None

    def answers(self) -> tuple[Answers, list[Problem]]:
        """What was answered, and what is missing or means nobody."""
        found: Answers = {}
        problems: list[Problem] = []
        for name, asked in self._asked.items():
            told = _told(asked)
            if asked.kind == "tick":
                found[name] = int(asked.input.isChecked())
            elif asked.required and not told:
                problems.append(Problem(_("必填"), name))
            elif asked.kind == "person" and told:
                try:
                    found[name] = self.desk.resolve("people", told)
                except ValueError as error:
                    problems.append(Problem(str(error), name))
            elif asked.kind == "choice" and told and not asked.input.settle():
                problems.append(Problem(_("没有“{text}”").format(text=told), name))
            else:
                found[name] = asked.input.key if asked.kind == "choice" else told
        return found, problems

    def submit(self) -> None:
        """Do it, or say beside each question why not."""
        found, problems = self.answers()
        pin = str(found.pop("pin", "") or "")
        self.tell(problems)
        if problems:
            return
        try:
            made = self._do(self._signed(found, pin), found)
        except DutyDeskError as error:
            self.tell(list(error.problems))
            return
        self.done_with.emit(made)
        self.accept()

    def _signed(self, found: Answers, pin: str) -> Desk:
        signer = found.get(self._signer) if self._signer in self._asked else None
        if not isinstance(signer, bytes) or not must_sign(self.desk, signer):
            return self.desk
        from dutydesk.accounts.service import verify

        verify(self.desk, signer, pin)
        return as_person(self.desk, signer)

    def tell(self, problems: Sequence[Problem]) -> None:
        """Each problem beside its question, the others below them all."""
        beside = {one.field: one.reason for one in reversed(problems) if one.field in self._asked}
        rest = [one.reason for one in problems if one.field not in self._asked]
        first: Any = None
        for name, asked in self._asked.items():
            text = beside.get(name, "")
            asked.problem.setText(f"× {text}" if text else "")
            asked.problem.setVisible(bool(text))
            asked.input.setAccessibleDescription(text)
            if bool(asked.input.property("problem")) != bool(text):
                asked.input.setProperty("problem", bool(text))
                restyle(asked.input)
            first = first or (asked.input if text else None)
        more = [_("另有 {count} 处").format(count=len(rest) - MOST_TOLD)] if len(rest) > MOST_TOLD else []
        self.general.setText("\n".join([*rest[:MOST_TOLD], *more]))
        self.general.setVisible(bool(rest))
        if first is not None:
            first.setFocus()
        self.adjustSize()


def _told(asked: _Asked) -> str:
    if asked.kind == "tick":
        return ""
    if asked.kind == "pin":
        return asked.input.text()
    return asked.input.told() if isinstance(asked.input, Picker) else asked.input.text().strip()
