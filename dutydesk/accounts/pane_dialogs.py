"""The dialogs of the pane of accounts: who, which role, a PIN twice, two witnesses."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QDialog, QFormLayout, QHBoxLayout, QVBoxLayout, QWidget

from dutydesk.accounts import rules, service
from dutydesk.accounts.pane_login import PinLine
from dutydesk.core.errors import DutyDeskError
from dutydesk.core.i18n import _
from dutydesk.core.reference import label as code_label
from dutydesk.journal.desk import Desk
from dutydesk.qt.picker import Option, Picker
from dutydesk.qt.theme import current
from dutydesk.qt.widgets import button, fit, label


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


class Witnessed(Asked):
    """Two persons give their own PINs for what is asked."""

    def __init__(self, name: str, title: str, told: str, desk: Desk, but: bytes, parent: QWidget | None) -> None:
        super().__init__(name, title, told, parent)
        self._desk = desk
        self._witnesses: list[tuple[QComboBox, PinLine]] = []
        self._others = [item for item in service.accounts(desk) if item.active and item.enrolled and item.person != but]
        self._others.sort(key=lambda item: item.role not in rules.RESETTERS)

    def witnesses(self) -> None:
        """The lines of both."""
        for n, text in enumerate((_("第一人"), _("第二人"))):
            who = QComboBox()
            who.setObjectName(f"account-witness-{n + 1}")
            who.setAccessibleName(text)
            for item in self._others:
                who.addItem(f"{item.name}  {code_label('roles', 'role', item.role)}", item.person.hex())
            who.setCurrentIndex(min(n, who.count() - 1))
            self.lines.addRow(text, who)
            self._witnesses.append((who, self.pin(f"account-witness-{n + 1}-pin", _("口令"))))

    def given(self) -> list[tuple[bytes, str]]:
        """Who they are, and what they typed."""
        return [(bytes.fromhex(who.currentData() or ""), line.text()) for who, line in self._witnesses]


class ResetDialog(Witnessed):
    """两人重设: two others give their PINs, then the person types a new one."""

    def __init__(self, desk: Desk, one: service.Account, parent: QWidget | None = None) -> None:
        told = _(
            "{name}忘了口令：两个别的人各输自己的口令，其中一人是带班领导或管理员，再由本人输新口令。两人的名字会记下"
        )
        super().__init__("account-reset", _("两人重设口令"), told.format(name=one.name), desk, one.person, parent)
        self._one = one
        self.witnesses()
        self._told = self.twice()
        fit(self, current().px(440), current().px(360))

    def act(self) -> None:
        pin = self._told()
        first, second = self.given()
        service.reset(self._desk, self._one.person, pin, first, second)


class RescueDialog(Witnessed):
    """两人恢复管理员: where no account administers any more, two persons make one that does."""

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        told = _(
            "现在没有管理员：两个人各输自己的口令，其中一人是带班领导，让一个人当管理员。三人的名字会记下，以后三天都在待办里"
        )
        super().__init__("account-rescue", _("两人恢复管理员"), told, desk, b"", parent)
        self.person = PersonLine(desk, "account-person")
        self.lines.addRow(_("管理员"), self.person)
        self.witnesses()
        told = _("新管理员在这台工作站已有口令的，不用填")
        self._told = self.twice()
        self.lines.addRow("", label(told, "muted", wrap=True))
        fit(self, current().px(460), current().px(440))

    def act(self) -> None:
        pin = self._told()
        first, second = self.given()
        service.rescue(self._desk, self.person.person(), first, second, pin)
