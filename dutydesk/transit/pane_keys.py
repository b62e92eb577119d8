"""Who can open bundles, in the pane of bundles: this desk, its peers, the offline recovery keys; a recovery key made,
printed for the safe, read back from the paper, and only then believed in.

A private key is in memory while its sheet is being printed and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from dutydesk.core.errors import DutyDeskError
from dutydesk.core.i18n import _
from dutydesk.journal.desk import Desk
from dutydesk.qt import dialogs
from dutydesk.qt.flow import flow
from dutydesk.qt.theme import current
from dutydesk.qt.widgets import Elided, button, shortcut
from dutydesk.sync import bundlekeys
from dutydesk.transit import lists, report, service
from dutydesk.transit.pane_bundle import AskBar, Lines
from dutydesk.transit.service import Opener

CommandRow = tuple[str, str, Callable[[], None]]


class KeysList(QWidget):
    """Ctrl+N makes a recovery key, Ctrl+Shift+N takes in one that is there already, Delete lets one go, Shift+F7 opens
    with the private key from the safe what was written for another desk.

    Signals:
        said: one sentence for the head of the pane. identity: a private key that was typed from paper.
    """

    said = Signal(str)
    identity = Signal(str)

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.setObjectName("bundles-keys")
        self.desk = desk
        self._keys: list[CommandRow] = []
        self._secret = ""
        self._dropped = ""
        self._opens = False
        gap = current().px(8)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        tools = QWidget()
        row = flow(tools, gap)
        row.setContentsMargins(gap, gap // 2, gap, gap // 2)
        row.addWidget(self._tool(_("新建恢复密钥"), "new", "Ctrl+N", self.make))
        row.addWidget(self._tool(_("加恢复公钥"), "add", "Ctrl+Shift+N", self.ask_key))
        row.addWidget(self._tool(_("用恢复密钥导入"), "open", "Shift+F7", self.ask_identity))
        outer.addWidget(tools)
        self.note = Elided("", "muted")
        self.note.setObjectName("bundles-keys-note")
        self.note.setContentsMargins(2 * gap, 0, gap, gap // 2)
        outer.addWidget(self.note)
        self.ask = AskBar("bundles-keys")
        self.ask.given.connect(self._given)
        self.ask.left.connect(self.leave)
        outer.addWidget(self.ask)
        self.lines = Lines[Opener](
            lists.OPENERS, desk, important="key", empty=(_("没有密钥"), ""), name="bundles-openers"
        )
        outer.addWidget(self.lines.view, 1)
        self.setFocusProxy(self.lines.view)
        shortcut(self.lines.view, "Delete", self.forget, alone=True)
        self._keys.append((_("停用恢复密钥"), "Delete", self.forget))

    def _tool(self, text: str, name: str, key: str, run: Callable[[], None]) -> QPushButton:
        made = button(text, tip=_("{text}（{key}）").format(text=text, key=key))
        made.setObjectName(f"bundles-keys-{name}")
        made.setAccessibleName(text)
        made.clicked.connect(run)
        shortcut(self, key, run)
        self._keys.append((text, key, run))
        return made

    def commands(self) -> list[CommandRow]:
        """For the palette."""
        return list(self._keys)

    def refresh(self) -> None:
        """Bring the list up to date."""
        rows = lists.opener_rows(self.desk)
        self.lines.show_lines(rows)
        safe = any(one.kind in ("RECOVERY", "BACKUP") for _row, one in rows)
        told = (
            _("收件的机器坏了，恢复密钥还能打开") if safe else _("还没有离线恢复密钥：收件的机器坏了，数据包谁也打不开")
        )
        self.note.setText(told)

    def leave(self) -> None:
        """Esc: a key that nobody read back from paper does not count."""
        if self._secret:
            self.said.emit(_("这把密钥没有启用，打印出来的请销毁"))
        self._secret, self._opens = "", False
        self.ask.hide()
        self.lines.view.setFocus()

    # -- a new one -------------------------------------------------------------------------------------------------

    def make(self) -> None:
        """Ctrl+N: make one and show its sheet."""
        show = self.desk.services.get("preview")
        if show is None:
            self.said.emit(_("这里不能预览打印"))
            return
        self._opens = False
        try:
            self._secret = service.new_recovery(self.desk)
            pdf = report.key_sheet(self.desk, self._secret)
        except DutyDeskError as error:
            dialogs.fail(self, error)
            return
        dialog: Any = show(pdf, _("离线恢复密钥"), "KEY", "", pdf.missing)
        if dialog is not None:
            dialog.finished.connect(self._printed)

    def _printed(self, _result: int) -> None:
        text = _("私钥只在那张纸上。照着纸输入私钥的最后 {count} 位，这把密钥才启用；没有打印就按 Esc")
        self.ask.ask(text.format(count=service.LAST), _("私钥最后 {count} 位").format(count=service.LAST))

    def _given(self, text: str) -> None:
        try:
            if self._opens:
                found = bundlekeys.read_identity(text.encode())
                self.ask.answer.clear()
                self.leave()
                self.identity.emit(found)
                return
            if self._secret:
                service.keep_recovery(self.desk, self._secret, text)
                told = _("已启用，以后写出的数据包它都能打开；纸请密封锁好")
            else:
                service.add_recovery(self.desk, text)
                told = _("已加入，以后写出的数据包它都能打开")
        except DutyDeskError as error:
            self.ask.wrong(error.problems[0].reason)
            return
        self._secret = ""
        self.ask.hide()
        self.refresh()
        self.lines.view.setFocus()
        self.said.emit(told)

    # -- others ----------------------------------------------------------------------------------------------------

    def ask_key(self) -> None:
        """Ctrl+Shift+N: the public half of a key that was made elsewhere."""
        self._secret, self._opens = "", False
        self.ask.ask(_("恢复密钥的公钥，age1 开头，62 个字符"), _("age1 开头的公钥"))

    def ask_identity(self) -> None:
        """Shift+F7: the private key from the safe; it opens the files that are chosen next, and is not kept."""
        self._secret, self._opens = "", True
        text = _("照着保险柜里的纸输入私钥（空格可有可无，也可用扫码枪），再选要打开的数据包；私钥不留下")
        self.ask.ask(text, _("AGE-SECRET-KEY-1 开头的私钥"))

    def forget(self) -> None:
        """Delete: encrypt for a recovery key no more."""
        one = self.lines.current()
        if one is None or one.kind not in ("RECOVERY", "BACKUP"):
            self.said.emit(_("只有离线恢复密钥能停用；席位请在“对方”里吊销"))
            return
        self._dropped = one.key
        text = _("停用 {key}？以后写出的数据包它打不开，以前的还能打开").format(key=one.key[:16] + "…")
        dialogs.confirm(self, text, _("停用")).accepted.connect(self._forget)

    def _forget(self) -> None:
        key, self._dropped = self._dropped, ""
        try:
            service.forget_recovery(self.desk, key)
        except DutyDeskError as error:
            dialogs.fail(self, error)
            return
        self.refresh()
        self.said.emit(_("已停用"))
