"""The card of one person or unit's line: who they are, and their numbers in the order in which they are called.

Personal numbers are masked until somebody says why they want to see them; the reason goes into the audit. They stay in
full for this card alone, for a minute at most, and what is copied is masked all the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLineEdit, QScrollArea, QVBoxLayout, QWidget

from dutydesk.core.errors import DutyDeskError
from dutydesk.core.i18n import _
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Condition, Query, Row
from dutydesk.ledger.kinds import choice_label
from dutydesk.ledger.spec import Value
from dutydesk.people import service
from dutydesk.people.ledger import NUMBERS, PEOPLE
from dutydesk.qt import dialogs
from dutydesk.qt.announcer import Changed
from dutydesk.qt.dialogs import RevealDialog
from dutydesk.qt.flow import flow
from dutydesk.qt.forms import LedgerForm
from dutydesk.qt.listview import LedgerView
from dutydesk.qt.table import LedgerModel
from dutydesk.qt.theme import current
from dutydesk.qt.widgets import IconButton, button, label, shortcut

REVEALED_MS = 60_000
NUMBER_FIELDS = ("kind", "number", "state", "verified_at", "note")
_NARROW = {"kind": 4, "state": 4, "note": 10}
SHOWN = replace(
    NUMBERS, fields=tuple(replace(item, width=_NARROW.get(item.name, item.width)) for item in NUMBERS.fields)
)
NOTHING = Query("numbers", (Condition("person", "=", b""),))
Run = Callable[[], None]


class NumberView(LedgerView):
    """The numbers of a card; what is copied is masked, whatever is shown."""

    def copy_cells(self) -> None:
        model, shown = self.ledger_model, self.ledger_model.revealed
        model.set_revealed(False)
        super().copy_cells()
        model.set_revealed(shown)


class EraseDialog(QDialog):
    """Why a person's data are to be taken out of the record for good.

    Signals:
        given: the reason.
    """

    given = Signal(str)

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setObjectName("erase-dialog")
        self.setWindowTitle(_("抹去个人信息"))
        theme = current()
        text = _("“{name}”的姓名、备注和号码将从记录里永久抹去，不能恢复；其他记录里显示〔已删除〕。").format(name=name)
        self.reason = QLineEdit()
        self.reason.setObjectName("erase-reason")
        self.reason.setAccessibleName(_("理由"))
        self.reason.setPlaceholderText(_("理由，如 本人要求删除"))
        self.reason.setMinimumWidth(theme.px(320))
        self.go = button(_("抹去"))
        self.go.setObjectName("erase-go")
        self.go.setEnabled(False)
        leave = button(_("取消"), primary=True)
        leave.setDefault(True)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(*(theme.px(16),) * 4)
        outer.setSpacing(theme.px(8))
        outer.addWidget(label(text, wrap=True))
        outer.addWidget(self.reason)
        bar = QHBoxLayout()
        bar.addStretch(1)
        bar.addWidget(self.go)
        bar.addWidget(leave)
        outer.addLayout(bar)
        self.reason.textChanged.connect(self._typed)
        self.go.clicked.connect(self._give)
        leave.clicked.connect(self.reject)

    def _typed(self, text: str) -> None:
        self.go.setEnabled(bool(text.strip()))

    def _give(self) -> None:
        self.given.emit(self.reason.text().strip())
        self.accept()


class PersonCard(QWidget):
    """See the module's docstring.

    Signals:
        said: one sentence for the status line. edit_asked: the person is to be changed.
    """

    said = Signal(str)
    edit_asked = Signal()

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("person-card")
        self.desk = desk
        self.person: Row | None = None
        self.form: LedgerForm | None = None
        self._number: bytes = b""
        self.model = LedgerModel(SHOWN, desk, query=NOTHING, columns=NUMBER_FIELDS)
        self.view = NumberView(
            self.model, important="number", empty=(_("还没有号码"), _("按 Ctrl+Shift+N 加号码")), parent=self
        )
        self.view.setObjectName("number-list")
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(REVEALED_MS)
        self._timer.timeout.connect(self.conceal)
        self._lay_out()
        self.view.opened.connect(self._open_number)
        shortcut(self.view, "Delete", self.delete_number, alone=True)
        self.show_person(None)

    # -- layout ----------------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        theme = current()
        around = QVBoxLayout(self)
        around.setContentsMargins(0, 0, 0, 0)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        body = QWidget()
        area.setWidget(body)
        around.addWidget(area)
        outer = QVBoxLayout(body)
        outer.setContentsMargins(theme.px(12), theme.px(8), theme.px(8), theme.px(8))
        outer.setSpacing(theme.px(4))
        self.view.setMinimumHeight(theme.px(96))
        head = QHBoxLayout()
        head.setSpacing(theme.px(8))
        self.name = label("", "title", wrap=True, selectable=True)
        self.name.setObjectName("card-name")
        self.eye = IconButton("eye", _("显示完整号码（F9）"))
        self.eye.setObjectName("card-eye")
        self.eye.setCheckable(True)
        self.eye.clicked.connect(self.reveal)
        head.addWidget(self.name, 1)
        head.addWidget(self.eye, 0, Qt.AlignmentFlag.AlignTop)
        self.pencil = IconButton("edit", _("修改人员（Ctrl+E）"))
        self.pencil.setObjectName("card-edit")
        self.pencil.clicked.connect(self._ask_edit)
        head.addWidget(self.pencil, 0, Qt.AlignmentFlag.AlignTop)
        outer.addLayout(head)
        self.about = label("", "muted", wrap=True, selectable=True)
        self.about.setObjectName("card-about")
        self.note = label("", wrap=True, selectable=True)
        self.note.setObjectName("card-note")
        outer.addWidget(self.about)
        outer.addWidget(self.note)
        outer.addSpacing(theme.px(4))
        outer.addWidget(self.view, 1)
        self._numbers_bar = QWidget()
        bar = flow(self._numbers_bar, theme.px(4))
        for text, name, key, run in (
            (_("已核实"), "verify", "F6", self.verify),
            (_("错号"), "wrong", "F7", self.mark_wrong),
            (_("停用"), "off", "F8", self.switch_off),
            (_("加号码"), "add", "Ctrl+Shift+N", self.add_number),
        ):
            bar.addWidget(self._tool(text, name, key, run))
        for icon, text, name, run in (
            ("up", _("先打（Alt+↑）"), "earlier", self.earlier),
            ("down", _("后打（Alt+↓）"), "later", self.later),
        ):
            made = IconButton(icon, text)
            made.setObjectName(f"number-{name}")
            made.clicked.connect(run)
            bar.addWidget(made)
        bar.addWidget(self._tool(_("抹去"), "erase", "", self.erase))
        outer.addWidget(self._numbers_bar)
        self._form_place = QVBoxLayout()
        outer.addLayout(self._form_place)

    def _tool(self, text: str, name: str, key: str, run: Run) -> QWidget:
        made = button(text, tip=_("{text}（{key}）").format(text=text, key=key) if key else "")
        made.setObjectName(f"number-{name}")
        made.clicked.connect(run)
        return made

    def commands(self) -> list[tuple[str, str, Run]]:
        """What can be done by key; the pane binds them, so that they work from the list too."""
        return [
            (_("号码已核实"), "F6", self.verify),
            (_("号码空号错号"), "F7", self.mark_wrong),
            (_("号码停用、恢复"), "F8", self.switch_off),
            (_("显示完整号码"), "F9", self.reveal),
            (_("加号码"), "Ctrl+Shift+N", self.add_number),
            (_("号码先打"), "Alt+Up", self.earlier),
            (_("号码后打"), "Alt+Down", self.later),
            (_("修改人员"), "Ctrl+E", self._ask_edit),
        ]

    # -- what is shown ---------------------------------------------------------------------------------------------

    def show_person(self, row: Row | None) -> None:
        """Show a person, or nothing; another person's numbers are masked again."""
        same = self.person is not None and row is not None and self.person.id == row.id
        if not same:
            self.conceal()
            self.close_form()
        self.person = row if row is None else self.desk.get("people", row.id)
        held = self.person
        self.name.setText(held.text("name") if held else _("选一个人看号码"))
        erased = held is not None and service.is_erased(held)
        for part in (self.view, self._numbers_bar, self.pencil, self.eye, self.about):
            part.setVisible(held is not None)
        self._numbers_bar.setEnabled(not erased)
        self.pencil.setEnabled(not erased)
        self.note.setText(held.text("note") if held else "")
        self.note.setVisible(bool(self.note.text()))
        if held is None:
            self.model.set_query(NOTHING)
            return
        parts = [self.desk.title("units", _bytes(held.get("unit"))), self.desk.title("posts", _bytes(held.get("post")))]
        parts.append(self.desk.title("regions", _bytes(held.get("region"))))
        if held.get("kind") == "OFFICE":
            parts.append(choice_label("OFFICE", PEOPLE["kind"]))
        self.about.setText(" · ".join(part for part in parts if part))
        self.about.setVisible(bool(self.about.text()))
        query = Query("numbers", (Condition("person", "=", held.id),))
        if query == self.model.query:
            self.model.refresh()
        else:
            self.model.set_query(query)
        if self.model.rowCount() and not self.view.currentIndex().isValid():
            self.view.setCurrentIndex(self.model.index(0, 0))

    def heed(self, changed: Changed) -> None:
        """Slot for the announcer."""
        if self.person is not None and changed.touches("people", "numbers", "units", "posts", "regions"):
            self.show_person(self.person)

    def current_number(self) -> Row | None:
        """The number under the keyboard, else the first."""
        return self.view.current_row() or (self.model.row(0) if self.model.rowCount() else None)

    # -- masking ---------------------------------------------------------------------------------------------------

    def reveal(self) -> None:
        """F9: ask why, record it, show; pressed again, hide."""
        if self.model.revealed or self.person is None:
            self.conceal()
            return
        self.eye.setChecked(False)
        item = NUMBERS["number"]
        rows = service.numbers(self.desk, self.person.id)
        if not any(item.masks(row.values) for row in rows):
            self.said.emit(_("这里的号码都是公开的"))
            return
        dialog = RevealDialog(self)
        dialog.setObjectName("reveal-dialog")
        dialog.reason.setObjectName("reveal-reason")
        dialog.given.connect(self._reveal)
        dialog.open()

    def _reveal(self, reason: str) -> None:
        if self.person is None:
            return
        try:
            service.reveal_person(self.desk, self.person.id, reason)
        except DutyDeskError as error:
            dialogs.fail(self, error)
            return
        self.model.set_revealed(True)
        self.eye.setChecked(True)
        self._timer.start()
        self.said.emit(_("号码显示一分钟，理由已记入审计"))

    def conceal(self) -> None:
        """Mask the numbers again."""
        self._timer.stop()
        self.model.set_revealed(False)
        self.eye.setChecked(False)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.conceal()

    # -- numbers ---------------------------------------------------------------------------------------------------

    def verify(self) -> None:
        """F6: 已核实, today."""
        self._do(service.verify_number, _("{number} 已核实"))

    def mark_wrong(self) -> None:
        """F7: 空号错号."""
        self._do(service.mark_wrong, _("{number} 记为空号错号"))

    def switch_off(self) -> None:
        """F8: 停用, and back."""
        self._do(service.switch_off, _("{number} 已改"))

    def earlier(self) -> None:
        """Alt+Up."""
        self._move(-1)

    def later(self) -> None:
        """Alt+Down."""
        self._move(+1)

    def _do(self, command: Callable[[Desk, bytes], object], text: str) -> None:
        row = self.current_number()
        if row is None:
            return
        try:
            command(self.desk, row.id)
        except DutyDeskError as error:
            dialogs.fail(self, error)
            return
        self.model.refresh()
        self.said.emit(text.format(number=self.desk.masked(row, "number")))

    def _move(self, step: int) -> None:
        row = self.current_number()
        if row is None:
            return
        try:
            service.move_number(self.desk, row.id, step)
        except DutyDeskError as error:
            dialogs.fail(self, error)
            return
        self.model.refresh()
        self.view.show_row(row.id)

    def add_number(self) -> None:
        """Ctrl+Shift+N: one more number."""
        if self.person is None or service.is_erased(self.person):
            return
        form = LedgerForm(NUMBERS, self.desk, names=NUMBER_FIELDS, defaults={"kind": "MOBILE"})
        self._number = b""
        self._show_form(form)

    def _open_number(self, row: Row) -> None:
        form = LedgerForm(NUMBERS, self.desk, row, names=NUMBER_FIELDS, reveal=self.model.revealed)
        self._number = row.id
        self._show_form(form)

    def _show_form(self, form: LedgerForm) -> None:
        self.close_form()
        self.form = form
        form.setObjectName("number-form")
        for name, editor in form.editors.items():
            editor.input.setObjectName(f"number-field-{name}")
        form.save.setObjectName("number-save")
        form.submitted.connect(self._save)
        form.closed.connect(self.close_form)
        self._form_place.addWidget(form)
        form.setMinimumHeight(min(form.sizeHint().height(), self.height() * 3 // 5))
        self._numbers_bar.hide()
        form.setFocus()

    def _save(self, values: dict[str, Value]) -> None:
        form, person = self.form, self.person
        if form is None or person is None:
            return
        try:
            if self._number:
                service.edit_number(self.desk, self._number, values)
            else:
                self._number = service.add_number(self.desk, person.id, values)
        except DutyDeskError as error:
            form.refuse(error.problems)
            return
        number = self._number
        self.close_form()
        self.model.refresh()
        self.view.show_row(number)
        self.view.setFocus()

    def close_form(self) -> None:
        """Put the number's form away."""
        if self.form is None:
            return
        form, self.form = self.form, None
        self._number = b""
        self._form_place.removeWidget(form)
        form.hide()
        form.setParent(None)
        form.deleteLater()
        self._numbers_bar.setVisible(self.person is not None)
        self.view.setFocus()

    def delete_number(self) -> None:
        """Ask, then take the number off the list."""
        row = self.view.current_row()
        if row is None:
            return
        self._number = row.id
        text = _("删除号码 {number}？").format(number=self.desk.masked(row, "number"))
        dialogs.confirm(self, text, _("删除")).answered.connect(self._delete)

    def _delete(self, yes: bool) -> None:
        number, self._number = self._number, b""
        if yes and number:
            try:
                service.remove_number(self.desk, number)
            except DutyDeskError as error:
                dialogs.fail(self, error)
                return
            self.model.refresh()

    # -- the person ------------------------------------------------------------------------------------------------

    def _ask_edit(self) -> None:
        if self.person is not None and not service.is_erased(self.person):
            self.edit_asked.emit()

    def erase(self) -> None:
        """Take the person's data out of the record for good."""
        if self.person is None or service.is_erased(self.person):
            return
        dialog = EraseDialog(self.person.text("name"), self)
        dialog.given.connect(self._erase)
        dialog.open()

    def _erase(self, reason: str) -> None:
        if self.person is None:
            return
        try:
            service.erase_person(self.desk, self.person.id, reason)
        except DutyDeskError as error:
            dialogs.fail(self, error)
            return
        self.show_person(self.person)
        self.said.emit(_("个人信息已抹去"))


def _bytes(value: Value) -> bytes | None:
    return value if isinstance(value, bytes) else None
