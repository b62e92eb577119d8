"""The pane of accounts 账号: who may do what here, whose PIN is set, and who signed in or failed to."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QHeaderView,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from dutydesk.accounts import service
from dutydesk.accounts.pane_dialogs import (
    AccountDialog,
    ChangeDialog,
    EnableDialog,
    EnrolDialog,
    RescueDialog,
    ResetDialog,
)
from dutydesk.accounts.pane_login import PERSON
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
from dutydesk.qt.table import LedgerModel
from dutydesk.qt.theme import current
from dutydesk.qt.widgets import EmptyState, SplitTitle, button, shortcut

if TYPE_CHECKING:
    from dutydesk.journal.query import Row

SIGNING = ("SIGN_IN", "SIGN_FAILED", "LOCKED", "LOCK", "SIGN_OUT", "ENROL", "RESET", "ROLE", "RESCUE", "DENIED")
WIDTHS = (136, 88, 104, 160, 150)
"""Pixels at 100 % of time, person, action, subject and result; the reason takes the rest."""


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
            ("rescue", _("两人恢复管理员"), self.rescue),
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
        needed = service.needs_rescue(self.desk)
        self.buttons["rescue"].setVisible(needed)
        self.buttons["rescue"].setEnabled(needed)
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

    def rescue(self) -> None:
        """An administrator where there is none, by two persons."""
        if service.needs_rescue(self.desk):
            self._open(RescueDialog(self.desk, self))

    def change_mine(self) -> None:
        """One's own PIN."""
        if service.present(self.desk):
            self._open(ChangeDialog(self.desk, self))

    def sign_out(self) -> None:
        """Leave the desk; the window stays, covered."""
        leave = self.desk.services.get("sign_out")
        if leave is not None:
            leave()
