"""Signing in with a PIN: a list of who has one here, the running shift first, and a line for the PIN.

The same form stands in the dialog by which the desk changes hands and on the cover of a locked window.
"""

from __future__ import annotations

from PySide6.QtCore import QByteArray, Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from dutydesk.accounts import service
from dutydesk.core.clock import SECOND
from dutydesk.core.errors import DutyDeskError
from dutydesk.core.i18n import _
from dutydesk.core.reference import label as code_label
from dutydesk.journal.desk import Desk
from dutydesk.qt.theme import current
from dutydesk.qt.widgets import button, fit, label

PERSON = int(Qt.ItemDataRole.UserRole)
HIDDEN = Qt.InputMethodHint.ImhHiddenText | Qt.InputMethodHint.ImhNoPredictiveText | Qt.InputMethodHint.ImhSensitiveData


class PinLine(QLineEdit):
    """A line for a PIN: nothing of it is shown, suggested or kept; Up and Down are for the list above it.

    Signals:
        caps: whether the last letter looks as if Caps Lock were on.
        moved: -1 or +1, for the list.
    """

    caps = Signal(bool)
    moved = Signal(int)

    def __init__(self, name: str, hint: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(hint)
        self.setPlaceholderText(hint)
        self.setEchoMode(QLineEdit.EchoMode.Password)
        self.setInputMethodHints(HIDDEN)
        self.setMaxLength(64)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self.moved.emit(-1 if event.key() == Qt.Key.Key_Up else 1)
            return
        text = event.text()
        if len(text) == 1 and text.isalpha():
            shifted = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            self.caps.emit(text.isupper() != shifted)
        super().keyPressEvent(event)


class SignForm(QWidget):
    """Pick a name, type a PIN, press Enter.

    Signals:
        signed: the right PIN was given; whoever gave it sits at the desk now.
    """

    signed = Signal()

    def __init__(self, desk: Desk, action: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self.reason = action
        self.people = QListWidget()
        self.people.setObjectName("login-people")
        self.people.setAccessibleName(_("谁"))
        self.people.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.pin = PinLine("login-pin", _("口令"))
        self.go = button(action, primary=True)
        self.go.setObjectName("login-go")
        self.hint = label("", "muted", wrap=True)
        self.hint.setObjectName("login-caps")
        self.problem = label("", "problem", wrap=True)
        self.problem.setObjectName("login-problem")
        theme = current()
        # Both lines keep their room, so that nothing moves under the hand when they say something.
        for told in (self.hint, self.problem):
            told.setMinimumHeight(theme.px(20))
        row = QHBoxLayout()
        row.setSpacing(theme.px(8))
        row.addWidget(self.pin, 1)
        row.addWidget(self.go)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.px(8))
        column.addWidget(self.people, 1)
        column.addLayout(row)
        column.addWidget(self.problem)
        column.addWidget(self.hint)
        self._wait = QTimer(self)
        self._wait.setInterval(SECOND)
        self._wait.timeout.connect(self._tell_lock)
        self._until = 0
        self.pin.returnPressed.connect(self.take)
        self.pin.caps.connect(self._caps)
        self.pin.moved.connect(self._move)
        self.go.clicked.connect(self.take)
        self.people.itemActivated.connect(self._to_pin)
        self.people.currentItemChanged.connect(self._chosen)

    def fill(self, wanted: bytes) -> None:
        """List who has a PIN here, the running shift first; mark `wanted`, or whoever is first."""
        crew = service.crew(self._desk, self._desk.clock.now())
        held = {one.person: one for one in service.accounts(self._desk) if one.active and one.enrolled}
        order = [person for person in crew if person in held]
        order += [person for person in held if person not in crew]
        self.people.clear()
        for person in order:
            one = held[person]
            parts = [one.name, code_label("roles", "role", one.role)]
            if person in crew:
                parts.append(_("当班"))
            item = QListWidgetItem("  ".join(parts))
            item.setData(PERSON, person)
            self.people.addItem(item)
        at = order.index(wanted) if wanted in order else 0
        self.people.setCurrentRow(at)
        self.pin.clear()
        self.hint.clear()

    def other(self) -> bytes:
        """Whoever of the running shift does not sit here: for a fast switch."""
        mine = self._desk.me.id
        return next(
            (one for one in service.crew(self._desk, self._desk.clock.now()) if one.hex() != mine and self._here(one)),
            b"",
        )

    def _here(self, person: bytes) -> bool:
        return bool(service.role_of(self._desk, person)) and service.enrolled(self._desk, person)

    def focus_pin(self) -> None:
        """The caret into the line for the PIN."""
        self.pin.setFocus()

    def person(self) -> bytes:
        """Who is marked; empty for nobody."""
        item = self.people.currentItem()
        found: object = item.data(PERSON) if item is not None else None
        return (
            bytes(found.data()) if isinstance(found, QByteArray) else bytes(found) if isinstance(found, bytes) else b""
        )

    def take(self) -> None:
        """Enter: check the PIN; a wrong one is cleared and the line stays."""
        person = self.person()
        if not person or self._until:
            return
        if not self.pin.text():
            self.problem.setText(_("请输入口令"))
            self.focus_pin()
            return
        try:
            service.sign_in(self._desk, person, self.pin.text(), reason=self.reason)
        except DutyDeskError as error:
            self.pin.clear()
            self.problem.setText(error.problems[0].reason if error.problems else str(error))
            self._look_for_lock()
            self.focus_pin()
            return
        self.pin.clear()
        self.problem.clear()
        self.signed.emit()

    # -- what it says ----------------------------------------------------------------------------------------------

    def _chosen(self) -> None:
        self.problem.clear()
        self._look_for_lock()

    def _look_for_lock(self) -> None:
        person = self.person()
        self._until = service.locked_until(self._desk, person) if person else 0
        self.go.setEnabled(not self._until)
        if self._until:
            self._tell_lock()
            self._wait.start()
        else:
            self._wait.stop()

    def _tell_lock(self) -> None:
        left = self._until - self._desk.clock.now()
        if left <= 0:
            self._wait.stop()
            self._until = 0
            self.go.setEnabled(True)
            self.problem.clear()
            return
        seconds = -(-left // SECOND)
        self.problem.setText(_("账号已锁定，还有 {left}").format(left=f"{seconds // 60:02d}:{seconds % 60:02d}"))

    def _caps(self, on: bool) -> None:
        self.hint.setText(_("大写锁定可能开着") if on else "")

    def _move(self, step: int) -> None:
        count = self.people.count()
        if count:
            self.people.setCurrentRow(max(0, min(count - 1, self.people.currentRow() + step)))

    def _to_pin(self) -> None:
        self.focus_pin()

    def hideEvent(self, event: QHideEvent) -> None:
        self._wait.stop()
        self.pin.clear()
        super().hideEvent(event)


class LoginDialog(QDialog):
    """The desk changes hands: the other officer of the running shift is marked already.

    Signals:
        signed: whoever gave the PIN sits at the desk now.
    """

    signed = Signal()

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("login-dialog")
        self.setWindowTitle(_("换操作人"))
        theme = current()
        self.form = SignForm(desk, _("登录"), self)
        column = QVBoxLayout(self)
        column.setContentsMargins(*(theme.px(16),) * 4)
        column.setSpacing(theme.px(8))
        column.addWidget(label(_("以后记下的每一条都署登录人的名字"), "muted", wrap=True))
        column.addWidget(self.form, 1)
        self.form.signed.connect(self._done)
        self.form.fill(self.form.other())
        fit(self, theme.px(400), theme.px(360))
        self.form.focus_pin()

    def _done(self) -> None:
        self.signed.emit()
        self.accept()
