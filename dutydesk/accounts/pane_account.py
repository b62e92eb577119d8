"""The pane of accounts 账号: who may do what here, whose PIN is set, and who signed in or failed to."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from dutydesk.accounts import rules, service
from dutydesk.accounts.pane_login import PERSON, PinLine
from dutydesk.core.clock import local
from dutydesk.core.errors import DutyDeskError
from dutydesk.core.i18n import _
from dutydesk.core.reference import label as code_label
from dutydesk.journal import audit
from dutydesk.journal import query as q
from dutydesk.journal.desk import Desk
from dutydesk.qt import dialogs
from dutydesk.qt.announcer import Changed, announcer_of
from dutydesk.qt.flow import flow
from dutydesk.qt.listview import LedgerView
from dutydesk.qt.picker import Option, Picker
from dutydesk.qt.table import LedgerModel
from dutydesk.qt.theme import current
from dutydesk.qt.widgets import EmptyState, SplitTitle, button, fit, label, shortcut

if TYPE_CHECKING:
    from dutydesk.journal.query import Row

SIGNING = ("SIGN_IN", "SIGN_FAILED", "LOCKED", "LOCK", "SIGN_OUT", "ENROL", "RESET", "ROLE", "DENIED")
WIDTHS = (136, 88, 104, 160, 150)
"""Pixels at 100 % of time, person, action, subject and result; the reason takes the rest."""


class Asked(QDialog):
    """A small dialog of named lines, one sentence about what is wrong, and one button that does it; it stays open
    until what it does is done."""

    def __init__(self, name: str, title: str, told: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setObjectName(name)
        self.setWindowTitle(title)
        theme = current()
        self.lines = QFormLayout()
        self.lines.setVerticalSpacing(theme.px(8))
        self.problem = label("", "problem", wrap=True)
        self.problem.setObjectName(f"{name}-problem")
        self.problem.setMinimumHeight(theme.px(20))
        self.go = button(title, primary=True)
        self.go.setObjectName(f"{name}-go")
        self.go.setDefault(True)
        self.go.clicked.connect(self.take)
        leave = button(_("取消"))
        leave.clicked.connect(self.reject)
        row = QHBoxLayout()
        row.setSpacing(theme.px(8))
        row.addStretch(1)
        row.addWidget(self.go)
        row.addWidget(leave)
        column = QVBoxLayout(self)
        column.setContentsMargins(*(theme.px(16),) * 4)
        column.setSpacing(theme.px(8))
        if told:
            column.addWidget(label(told, "muted", wrap=True))
        column.addLayout(self.lines)
        column.addWidget(self.problem)
        column.addLayout(row)

    def act(self) -> None:
        """What the button does; raises `DutyDeskError`."""
        raise NotImplementedError

    def take(self) -> None:
        """Do it; say what is wrong and stay where it cannot be done."""
        try:
            self.act()
        except DutyDeskError as error:
            self.problem.setText(error.problems[0].reason if error.problems else str(error))
            return
        self.accept()

    def pin(self, name: str, text: str) -> PinLine:
        """One more line for a PIN."""
        made = PinLine(name, text)
        self.lines.addRow(text, made)
        return made

    def twice(self) -> Callable[[], str]:
        """Two lines for a new PIN; the function gives it, or raises where they differ."""
        first, second = self.pin("account-pin", _("新口令")), self.pin("account-pin-again", _("再输一次"))

        def told() -> str:
            if first.text() != second.text():
                raise DutyDeskError(_("两次输的不一样"))
            return first.text()

        return told


class PersonLine(Picker):
    """A person of the address book, by characters or initials."""

    def __init__(self, desk: Desk, name: str) -> None:
        super().__init__(self._persons)
        self._desk = desk
        self.setObjectName(name)
        self.setPlaceholderText(_("姓名或拼音首字母"))

    def _persons(self, text: str) -> list[Option]:
        rows = self._desk.rows("people", search=text.strip(), limit=30)
        units = self._desk.titles("units", [unit for row in rows if isinstance(unit := row.get("unit"), bytes)])
        found: list[Option] = []
        for row in rows:
            if row.get("kind") != "OFFICE":
                unit = row.get("unit")
                found.append(
                    Option(row.id.hex(), row.text("name"), units.get(unit, "") if isinstance(unit, bytes) else "")
                )
        return found

    def person(self) -> bytes:
        """Who was picked. Raises `DutyDeskError` for nobody."""
        self.settle()
        if not self.key:
            raise DutyDeskError(_("请从通讯录里选人"))
        return bytes.fromhex(self.key)


class EnableDialog(Asked):
    """启用账号: the first administrator picks themselves and a PIN."""

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        told = _("启用以后，每个人用自己的口令登录，按角色办事。口令只存在这台工作站，忘了由两个别的人重设。")
        super().__init__("account-enable", _("启用账号"), told, parent)
        self._desk = desk
        self.person = PersonLine(desk, "account-person")
        self.lines.addRow(_("管理员"), self.person)
        if len(desk.me.id) == 32:
            self.person.choose(Option(desk.me.id, desk.me.name))
        self._told = self.twice()
        fit(self, current().px(440), current().px(260))

    def act(self) -> None:
        pin = self._told()
        person = self.person.person()
        service.enrol(self._desk, person, pin)
        service.sign_in(self._desk, person, pin)


class AccountDialog(Asked):
    """开账号 or 改角色: who, and what they may do."""

    def __init__(self, desk: Desk, one: service.Account | None, parent: QWidget | None = None) -> None:
        title = _("开账号") if one is None else _("改角色")
        super().__init__("account-edit", title, "", parent)
        self._desk = desk
        self._one = one
        self.person = PersonLine(desk, "account-person")
        if one is not None:
            self.person.choose(Option(one.person.hex(), one.name))
            self.person.setEnabled(False)
        self.role = QComboBox()
        self.role.setObjectName("account-role")
        self.role.setAccessibleName(_("角色"))
        for code in service.ROLES:
            self.role.addItem(code_label("roles", "role", code), code)
        self.role.setCurrentIndex(service.ROLES.index(one.role) if one is not None and one.role in service.ROLES else 0)
        self.lines.addRow(_("人员"), self.person)
        self.lines.addRow(_("角色"), self.role)
        fit(self, current().px(380), current().px(180))

    def act(self) -> None:
        role = str(self.role.currentData())
        if self._one is None:
            service.add(self._desk, self.person.person(), role)
        else:
            service.set_role(self._desk, self._one.person, role)


class EnrolDialog(Asked):
    """设口令: the person types a PIN of their own while the administrator is there."""

    def __init__(self, desk: Desk, one: service.Account, parent: QWidget | None = None) -> None:
        told = _("请{name}本人输入，别人不要看").format(name=one.name)
        super().__init__("account-enrol", _("设口令"), told, parent)
        self._desk, self._one = desk, one
        self._told = self.twice()
        fit(self, current().px(380), current().px(200))

    def act(self) -> None:
        service.enrol(self._desk, self._one.person, self._told())


class ChangeDialog(Asked):
    """改我的口令: against the old one."""

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__("account-change", _("改我的口令"), "", parent)
        self._desk = desk
        self.old = self.pin("account-old", _("原口令"))
        self._told = self.twice()
        fit(self, current().px(380), current().px(220))

    def act(self) -> None:
        service.change_pin(self._desk, bytes.fromhex(self._desk.me.id), self.old.text(), self._told())


class ResetDialog(Asked):
    """两人重设: two others give their PINs, then the person types a new one."""

    def __init__(self, desk: Desk, one: service.Account, parent: QWidget | None = None) -> None:
        told = _(
            "{name}忘了口令：两个别的人各输自己的口令，其中一人是带班领导或管理员，再由本人输新口令。两人的名字会记下"
        )
        super().__init__("account-reset", _("两人重设口令"), told.format(name=one.name), parent)
        self._desk, self._one = desk, one
        self._witnesses: list[tuple[QComboBox, PinLine]] = []
        others = [
            item for item in service.accounts(desk) if item.active and item.enrolled and item.person != one.person
        ]
        others.sort(key=lambda item: item.role not in rules.RESETTERS)
        for n, text in enumerate((_("第一人"), _("第二人"))):
            who = QComboBox()
            who.setObjectName(f"account-witness-{n + 1}")
            who.setAccessibleName(text)
            for item in others:
                who.addItem(f"{item.name}  {code_label('roles', 'role', item.role)}", item.person.hex())
            who.setCurrentIndex(min(n, who.count() - 1))
            self.lines.addRow(text, who)
            self._witnesses.append((who, self.pin(f"account-witness-{n + 1}-pin", _("口令"))))
        self._told = self.twice()
        fit(self, current().px(440), current().px(360))

    def act(self) -> None:
        pin = self._told()
        given = [(bytes.fromhex(who.currentData() or ""), line.text()) for who, line in self._witnesses]
        service.reset(self._desk, self._one.person, pin, given[0], given[1])


class AccountPane(QWidget):
    """See the module's docstring."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.setObjectName("accounts-pane")
        self.desk = desk
        self.title = _("账号")
        self._stack = QStackedWidget()
        self.empty = EmptyState(
            _("还没有启用账号"),
            _("现在谁坐在这里由人自己选。启用以后每人用自己的口令登录，每一条都署本人的名字。"),
            _("启用账号"),
        )
        self.empty.button.setObjectName("account-begin")
        self.empty.acted.connect(self.enable)
        self._stack.addWidget(self.empty)
        self._stack.addWidget(self._made())
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._stack)
        self._announcer = announcer_of(desk)
        self._announcer.changed.connect(self.heed)
        self.refresh()

    def _made(self) -> QWidget:
        theme = current()
        page = QWidget()
        self.head = SplitTitle(_("账号"), _("口令说明是谁在写；不防有人拿走文件"))
        self.list = QTreeWidget()
        self.list.setObjectName("account-list")
        self.list.setAccessibleName(_("账号"))
        self.list.setHeaderLabels([_("姓名"), _("角色"), _("状态"), _("本机口令"), _("起用时间")])
        self.list.setRootIsDecorated(False)
        self.list.setUniformRowHeights(True)
        self.list.header().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.list.header().setStretchLastSection(True)
        self.list.itemSelectionChanged.connect(self._marked)
        self.list.itemActivated.connect(self.change_role)
        self.buttons: dict[str, QPushButton] = {}
        holder = QWidget()
        row = flow(holder, theme.px(8))
        row.setContentsMargins(theme.px(8), 0, theme.px(8), theme.px(8))
        for name, text, run in (
            ("add", _("开账号"), self.add),
            ("role", _("改角色"), self.change_role),
            ("state", _("停用账号"), self.toggle),
            ("enrol", _("设口令"), self.enrol),
            ("reset", _("两人重设口令"), self.reset),
            ("change", _("改我的口令"), self.change_mine),
            ("out", _("退出登录"), self.sign_out),
        ):
            made = button(text, primary=name == "add")
            made.setObjectName(f"account-{name}-button")
            made.clicked.connect(run)
            self.buttons[name] = made
            row.addWidget(made)
        self.model = LedgerModel(
            self.desk.ledger("audit"),
            self.desk,
            columns=("at", "by", "action", "subject", "result", "reason"),
            shows={"subject": self._subject},
        )
        self.view = LedgerView(self.model, important="reason", empty=(_("还没有登录记录"), ""), parent=self)
        self.view.setObjectName("account-audit")
        for at, width in enumerate(WIDTHS):
            self.view.horizontalHeader().resizeSection(at, theme.px(width))
        self.model.set_where((q.Condition("action", "in", list(SIGNING)),))
        below = QWidget()
        under = QVBoxLayout(below)
        under.setContentsMargins(0, 0, 0, 0)
        under.setSpacing(0)
        under.addWidget(SplitTitle(_("登录记录")))
        under.addWidget(self.view, 1)
        split = QSplitter(Qt.Orientation.Vertical)
        split.setChildrenCollapsible(False)
        split.addWidget(self.list)
        split.addWidget(below)
        split.setStretchFactor(0, 1)
        split.setStretchFactor(1, 1)
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.head)
        column.addWidget(holder)
        column.addWidget(split, 1)
        shortcut(self, "Ctrl+N", self.add)
        return page

    # -- what is shown ---------------------------------------------------------------------------------------------

    def heed(self, changed: Changed) -> None:
        """Something was written."""
        if changed.touches("accounts", "audit", "people", "settings"):
            self.refresh()
            self.model.refresh()

    def refresh(self) -> None:
        """Show the accounts as they are."""
        self._stack.setCurrentIndex(1 if service.in_force(self.desk) else 0)
        chosen = self.chosen()
        self.list.clear()
        for one in service.accounts(self.desk):
            state = _("停用") if not one.active else _("在用")
            if one.until:
                state = _("锁到 {at}").format(at=f"{local(one.until):%H:%M}")
            pin = _("已设") if one.enrolled else _("未设")
            since = f"{local(one.since):%Y-%m-%d}" if one.since else ""
            item = QTreeWidgetItem([one.name, code_label("roles", "role", one.role), state, pin, since])
            item.setData(0, PERSON, one.person.hex())
            self.list.addTopLevelItem(item)
            if chosen is not None and one.person == chosen.person:
                self.list.setCurrentItem(item)
        if self.list.currentItem() is None and self.list.topLevelItemCount():
            self.list.setCurrentItem(self.list.topLevelItem(0))
        self._marked()

    def chosen(self) -> service.Account | None:
        """The account that is marked."""
        item = self.list.currentItem()
        person = str(item.data(0, PERSON)) if item is not None else ""
        return next((one for one in service.accounts(self.desk) if one.person.hex() == person), None)

    def _marked(self) -> None:
        one = self.chosen()
        manages = service.may(self.desk, "account.role")
        self.buttons["add"].setEnabled(manages)
        for name in ("role", "state", "enrol"):
            self.buttons[name].setEnabled(manages and one is not None)
        self.buttons["reset"].setEnabled(one is not None)
        self.buttons["state"].setText(_("停用账号") if one is None or one.active else _("恢复"))
        self.buttons["change"].setEnabled(service.present(self.desk))
        self.buttons["out"].setVisible("sign_out" in self.desk.services)

    def _subject(self, row: Row) -> str:
        return audit.read_subject(self.desk, row.text("subject"))

    def focus_first(self) -> None:
        """The caret into the list, or on the button that begins."""
        (self.list if service.in_force(self.desk) else self.empty.button).setFocus()

    def show_row(self, ledger: str, row: bytes) -> None:
        """Mark an account."""
        held = self.desk.get(ledger, row)
        person = held.get("person") if held is not None else None
        for at in range(self.list.topLevelItemCount()):
            item = self.list.topLevelItem(at)
            if item is not None and isinstance(person, bytes) and item.data(0, PERSON) == person.hex():
                self.list.setCurrentItem(item)

    def commands(self) -> list[tuple[str, str, Callable[[], None]]]:
        """For the palette."""
        if not service.in_force(self.desk):
            return [(_("启用账号"), "", self.enable)]
        return [
            (_("开账号"), "Ctrl+N", self.add),
            (_("改我的口令"), "", self.change_mine),
            (_("退出登录"), "", self.sign_out),
        ]

    # -- what is done ----------------------------------------------------------------------------------------------

    def _open(self, dialog: QDialog) -> None:
        dialog.accepted.connect(self.refresh)
        dialog.open()

    def enable(self) -> None:
        """启用账号."""
        self._open(EnableDialog(self.desk, self))

    def add(self) -> None:
        """Ctrl+N."""
        if service.may(self.desk, "account.add") and service.in_force(self.desk):
            self._open(AccountDialog(self.desk, None, self))

    def change_role(self) -> None:
        """Enter: another role."""
        one = self.chosen()
        if one is not None and service.may(self.desk, "account.role"):
            self._open(AccountDialog(self.desk, one, self))

    def toggle(self) -> None:
        """Switch the marked account off, or on again."""
        one = self.chosen()
        if one is None:
            return
        try:
            if one.active:
                service.deactivate(self.desk, one.person)
            else:
                service.activate(self.desk, one.person)
        except DutyDeskError as error:
            dialogs.fail(self, error)
        self.refresh()

    def enrol(self) -> None:
        """A PIN for the marked account at this desk."""
        one = self.chosen()
        if one is not None:
            self._open(EnrolDialog(self.desk, one, self))

    def reset(self) -> None:
        """A forgotten PIN, by two others."""
        one = self.chosen()
        if one is not None:
            self._open(ResetDialog(self.desk, one, self))

    def change_mine(self) -> None:
        """One's own PIN."""
        if service.present(self.desk):
            self._open(ChangeDialog(self.desk, self))

    def sign_out(self) -> None:
        """Leave the desk; the window stays, covered."""
        leave = self.desk.services.get("sign_out")
        if leave is not None:
            leave()
