"""The pane of bundles: export onto a registered stick, import by key or by dropping files here, what waits, who is
known, which media there are, what went and came."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QShowEvent
from PySide6.QtWidgets import QApplication, QFileDialog, QPushButton, QTabWidget, QVBoxLayout, QWidget

from dutydesk.core.errors import DutyDeskError
from dutydesk.core.i18n import _
from dutydesk.journal.desk import Desk
from dutydesk.qt import dialogs
from dutydesk.qt.announcer import Changed, announcer_of
from dutydesk.qt.listview import LedgerView
from dutydesk.qt.table import LedgerModel
from dutydesk.qt.theme import current
from dutydesk.qt.widgets import SplitTitle, button, label, shortcut
from dutydesk.sync import bundlekeys
from dutydesk.sync.bundle import ENDING
from dutydesk.sync.bundletaken import Held
from dutydesk.transit import lists, service, work
from dutydesk.transit.pane_bundle import AskBar, ExportBar, Lines
from dutydesk.transit.pane_keys import KeysList
from dutydesk.transit.pane_lists import MediaList
from dutydesk.transit.service import Known

CommandRow = tuple[str, str, Callable[[], None]]
COLUMNS = ("at", "direction", "number", "peer", "result", "acts", "medium", "by", "note")
SHOWN = 5
"""Bundles of one import about which a sentence is shown; the register has all."""
MOVED = ("at", "medium", "what", "holder", "by", "witness", "note")


class BundlesPane(QWidget):
    """数据包. F6 exports, F7 imports, Ctrl+F7 checks files on a medium, F8 writes this desk's card, Shift+F8 takes in another's; on a bundle that waits
    Ctrl+Return decides and Delete gives it up; on a peer Delete shuts out or lets in again; Ctrl+N enters what the tab
    lists: a peer's key as a text, a medium, a recovery key."""

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("bundles-pane")
        self.setAcceptDrops(True)
        self.title = _("数据包")
        self.desk = desk
        self._keys: list[CommandRow] = []
        self._asked: Held | None = None
        self._tried: Held | None = None
        self._card: str | None = None
        self._identity = ""
        self._shut: Known | None = None
        self._lay_out()
        announcer = announcer_of(desk)
        announcer.changed.connect(self.heed)
        announcer.changed.connect(self.history.ledger_model.heed)
        announcer.changed.connect(self.moves.ledger_model.heed)
        self.refresh()

    def _lay_out(self) -> None:
        theme = current()
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        self.head = SplitTitle(self.title)
        self.head.note.setObjectName("bundles-note")
        self.head.add(
            self._tool(_("写公钥卡"), "card", "F8", self.write_card),
            self._tool(_("加对方公钥"), "peer", "Shift+F8", self.add_peer),
            self._tool(_("导入"), "import", "F7", self.ask_files),
            self._tool(_("导出"), "export", "F6", self.ask_export, primary=True),
        )
        outer.addWidget(self.head)
        self.bar = ExportBar(self.desk)
        self.bar.given.connect(self.export)
        self.bar.left.connect(self.leave)
        outer.addWidget(self.bar)
        self.ask = AskBar("bundles-print")
        self.ask.given.connect(self._accept)
        self.ask.left.connect(self.leave)
        outer.addWidget(self.ask)
        self.status = label("", "muted", wrap=True)
        self.status.setObjectName("bundles-status")
        self.status.setContentsMargins(theme.px(16), theme.px(2), theme.px(8), theme.px(2))
        self.status.hide()
        outer.addWidget(self.status)
        self.tabs = QTabWidget()
        self.tabs.setObjectName("bundles-tabs")
        self.tabs.setDocumentMode(True)
        model = LedgerModel(lists.HISTORY, self.desk, columns=COLUMNS, shows={"at": lists.moment})
        self.history = LedgerView(
            model, important="note", empty=(_("还没有收发过数据包"), _("按 F6 导出，按 F7 导入，或把文件拖到这里"))
        )
        self.history.setObjectName("bundles-history")
        self.held = Lines[Held](
            lists.HELD,
            self.desk,
            important="reason",
            empty=(_("没有等着处理的数据包"), ""),
            name="bundles-held",
        )
        self.held.view.opened.connect(self._decide_row)
        self.peers = Lines[Known](
            lists.PEERS,
            self.desk,
            important="name",
            empty=(_("还没有对方"), _("与对方交换公钥卡：F8 写出本机的，Shift+F8 加入对方的")),
            name="bundles-peers",
        )
        self.peers.view.opened.connect(self._export_row)
        self.media = MediaList(self.desk)
        self.moves = LedgerView(
            LedgerModel(lists.MOVED, self.desk, columns=MOVED, shows={"at": lists.moment}),
            important="note",
            empty=(_("还没有领用过介质"), _("在“介质”里选一个，按 F9")),
        )
        self.moves.setObjectName("bundles-moves")
        self.openers = KeysList(self.desk)
        self.openers.said.connect(self.say)
        self.openers.identity.connect(self.ask_recovered)
        for widget, text in (
            (self.history, _("收发记录")),
            (self.held.view, _("待处理")),
            (self.peers.view, _("对方")),
            (self.media, _("介质")),
            (self.moves, _("领用归还")),
            (self.openers, _("密钥")),
        ):
            self.tabs.addTab(widget, text)
        self.tabs.currentChanged.connect(self._turned)
        outer.addWidget(self.tabs, 1)
        shortcut(self, "Ctrl+F7", self.ask_checked)
        self._keys.append((_("核对介质上的数据包"), "Ctrl+F7", self.ask_checked))
        shortcut(self.held.view, "Ctrl+Return", self.decide, alone=True)
        shortcut(self.held.view, "Delete", self.give_up, alone=True)
        shortcut(self.peers.view, "Delete", self.shut_out, alone=True)
        shortcut(self.peers.view, "Ctrl+N", self.ask_card, alone=True)

    def _tool(self, text: str, name: str, key: str, run: Callable[[], None], *, primary: bool = False) -> QPushButton:
        made = button(text, primary=primary, tip=_("{text}（{key}）").format(text=text, key=key))
        made.setObjectName(f"bundles-{name}")
        made.setAccessibleName(text)
        made.clicked.connect(run)
        shortcut(self, key, run)
        self._keys.append((text, key, run))
        return made

    # -- for the window --------------------------------------------------------------------------------------------

    def focus_first(self) -> None:
        """What waits for a person, else the register."""
        if self.bar.isVisible() or self.ask.isVisible():
            (self.bar if self.bar.isVisible() else self.ask.answer).setFocus()
        elif service.held(self.desk):
            self.tabs.setCurrentWidget(self.held.view)
            self.held.view.setFocus()
        else:
            self.tabs.currentWidget().setFocus()

    def _turned(self, _index: int) -> None:
        """Ctrl+Tab from within a list leads into the next list, not onto its first button."""
        focus = QApplication.focusWidget()
        if focus is None or not self.tabs.isAncestorOf(focus) or focus is self.tabs.tabBar():
            return
        shown = self.tabs.currentWidget()
        if shown is self.media:
            self.media.focus_list()
        else:
            shown.setFocus()

    def show_row(self, ledger: str, row: bytes) -> None:
        """Show a line of the register, a medium, or (no row) what waits."""
        if ledger == "media":
            self.tabs.setCurrentWidget(self.media)
            self.media.show_row(ledger, row)
        elif ledger == "media_moves":
            self.tabs.setCurrentWidget(self.moves)
            self.moves.show_row(row)
            self.moves.setFocus()
        elif not row:
            self.tabs.setCurrentWidget(self.held.view)
            self.held.view.setFocus()
        else:
            self.tabs.setCurrentWidget(self.history)
            self.history.show_row(row)
            self.history.setFocus()

    def commands(self) -> list[CommandRow]:
        """What the palette and the key sheet show of this pane."""
        found = [(_("{label}：{text}").format(label=self.title, text=text), key, run) for text, key, run in self._keys]
        if self.tabs.currentWidget() is self.held.view:
            found += [
                (_("处理等着的数据包"), "Ctrl+Return", self.decide),
                (_("不要这个数据包"), "Delete", self.give_up),
            ]
        if self.tabs.currentWidget() is self.peers.view:
            found += [(_("吊销或恢复席位"), "Delete", self.shut_out), (_("粘贴对方公钥"), "Ctrl+N", self.ask_card)]
        if self.tabs.currentWidget() is self.media:
            found += self.media.commands()
        if self.tabs.currentWidget() is self.openers:
            found += self.openers.commands()
        return found

    def heed(self, changed: Changed) -> None:
        """Slot for the announcer."""
        if self.isVisible() and changed.touches("bundles", "media", "media_moves", "audit"):
            self.refresh()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()

    def refresh(self) -> None:
        """Bring the lists and the head up to date."""
        held = lists.held_rows(self.desk)
        self.held.show_lines(held)
        text = _("待处理 {count}").format(count=len(held)) if held else _("待处理")
        self.tabs.setTabText(1, text)
        if self.desk.config.sample or self.desk.config.drill:
            self.head.note.setText(_("{mark}数据不导出也不导入数据包").format(mark=self.desk.config.mark))
            return
        self.peers.show_lines(lists.peer_rows(self.desk))
        self.openers.refresh()
        own = bundlekeys.own_card(self.desk.store)
        self.head.note.setText(_("本机指纹 {print}").format(print=own.fingerprint))

    def say(self, text: str) -> None:
        """Quiet sentences above the lists, one a line, whole."""
        self.status.setText(text)
        self.status.setVisible(bool(text))

    def leave(self) -> None:
        """Esc: what was being asked is put away."""
        self.bar.hide()
        self.ask.hide()
        self._asked = None
        self._card = None
        self.tabs.currentWidget().setFocus()

    # -- export ----------------------------------------------------------------------------------------------------

    def ask_export(self) -> None:
        """F6."""
        self.ask.hide()
        self.say("")
        known = self.peers.current() if self.tabs.currentWidget() is self.peers.view else None
        self.bar.ask(known.key if known else "")

    def _export_row(self, _row: object) -> None:
        self.ask_export()

    def export(self, to: str, since: str, medium: str, folder: str, reason: str) -> None:
        """Write the bundle in a process of its own."""
        self.bar.ok.setEnabled(False)
        self.bar.tell("")
        job = self._run(
            _("导出数据包"),
            work.export,
            folder,
            to,
            since,
            bytes.fromhex(medium) if medium else None,
            reason,
        )
        if job is not None:
            job.result.connect(self._exported)
            job.failed.connect(self._export_failed)
            job.cancelled.connect(self._export_stopped)

    def _exported(self, told: tuple[list[str], int, list[str]]) -> None:
        names, acts, notes = told
        self.bar.ok.setEnabled(True)
        self.leave()
        text = _("已写出 {names}，{acts} 条记录，读回核对无误").format(names=_("、").join(names), acts=acts)
        self.say(_("；").join([text, *notes] if names else notes))
        self.tabs.setCurrentWidget(self.history)
        self._came()

    def _export_failed(self, text: str) -> None:
        self.bar.ok.setEnabled(True)
        self.bar.tell(text)
        self.bar.ok.setFocus()

    def _export_stopped(self) -> None:
        self.bar.ok.setEnabled(True)
        self.bar.tell(_("已停止，介质上没有留下数据包"))

    # -- import ----------------------------------------------------------------------------------------------------

    def ask_files(self) -> None:
        """F7."""
        self.leave()
        self._identity = ""
        self._choose(_("导入数据包"), self.take)

    def ask_recovered(self, identity: str) -> None:
        """Slot for the keys: what the private key from paper is to open."""
        self._identity = identity
        self._choose(_("用恢复密钥导入"), self.take)

    def ask_checked(self) -> None:
        """Ctrl+F7: which files on a medium are held against the register."""
        self.leave()
        self._choose(_("核对介质上的数据包"), self.check)

    def check(self, files: Sequence[str]) -> None:
        """Hold files against the register in a process of their own."""
        job = self._run(_("核对介质上的数据包"), work.check, list(files))
        if job is not None:
            self.say("")
            job.result.connect(self._checked)
            job.failed.connect(self._failed)

    def _checked(self, found: list[tuple[str, bool, str]]) -> None:
        self.say("\n".join(file + _("：") + said for file, _ok, said in found))

    def _choose(self, title: str, then: Callable[[Sequence[str]], None]) -> None:
        start = self.desk.store.state("folder.bundles")
        dialog = QFileDialog(self, title, start)
        dialog.setObjectName("bundles-files")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.setNameFilters([_("数据包 (*{ending})").format(ending=ENDING), _("所有文件 (*)")])
        dialog.filesSelected.connect(then)
        dialog.open()

    def take(self, files: Sequence[str]) -> None:
        """Take in files in a process of their own."""
        self._take(list(files), "", deletes=False)

    def _take(self, files: list[str], fingerprint: str, *, deletes: bool) -> None:
        identity, self._identity = self._identity, ""
        job = self._run(_("导入数据包"), work.take, files, fingerprint, deletes, identity)
        if job is not None:
            self.say("")
            job.result.connect(self._taken)
            job.failed.connect(self._failed)
            job.cancelled.connect(self._stopped)

    def _taken(self, found: list[dict[str, Any]]) -> None:
        lines = [
            one["file"] + _("：") + _("；").join(text for text in (one["summary"], *one["notes"]) if text)
            for one in found
        ]
        waited, self._tried = self._tried, None
        if not lines and waited is not None:
            lines = [_("还在等。{reason}").format(reason=waited.reason)]
        more = [_("另有 {more} 个，见收发记录").format(more=len(lines) - SHOWN)] if len(lines) > SHOWN else []
        self.say("\n".join([*lines[:SHOWN], *more]) or _("没有可收入的"))
        waits = any(not one["ok"] and one["state"] in ("GUARD", "STRANGER") for one in found)
        self._came()
        self.tabs.setCurrentWidget(self.held.view if waits else self.history)
        self.tabs.currentWidget().setFocus()

    def _failed(self, text: str) -> None:
        self.say("")
        dialogs.fail(self, text)
        self._came()

    def _stopped(self) -> None:
        self.say(_("已停止；已收下的留着，再导入一次接着收"))
        self._came()

    def _came(self) -> None:
        self.refresh()
        self.history.ledger_model.refresh()

    def _run(self, title: str, function: Callable[..., Any], *given: Any) -> Any:
        jobs = self.desk.services.get("jobs")
        if jobs is None:
            self.say(_("这里不能收发数据包"))
            return None
        return jobs.run_process(title, function, work.who(self.desk), *given)

    # -- dropping --------------------------------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if self._dropped(event):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        files = self._dropped(event)
        if files:
            event.acceptProposedAction()
            self.take(files)

    @staticmethod
    def _dropped(event: QDropEvent) -> list[str]:
        paths = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
        return [path for path in paths if path.lower().endswith(ENDING)]

    # -- what waits ------------------------------------------------------------------------------------------------

    def _decide_row(self, _row: object) -> None:
        self.decide()

    def decide(self) -> None:
        """Ctrl+Return on what waits: compare the fingerprint, let deletions through, or try again."""
        one = self.held.current()
        if one is None:
            self.say(_("没有等着处理的数据包"))
            return
        self._asked = one
        self.say("")
        if one.state == "STRANGER":
            self.ask.ask(
                _("打电话给 {name}，请对方在“数据包”里念出本机指纹，照着输入").format(name=one.sender),
                _("对方的指纹，16 位"),
            )
        elif one.state == "GUARD":
            dialog = dialogs.confirm(self, one.reason, _("已核实，放行"))
            dialog.accepted.connect(self._let_through)
        else:
            self._tried = one
            self._take([], "", deletes=False)

    def _accept(self, text: str) -> None:
        if self._card is not None:
            self._paste(text)
            return
        one, self._asked = self._asked, None
        self.ask.hide()
        if one is not None:
            self._take([str(service.held_file(self.desk, one.sha256))], text, deletes=False)

    def _let_through(self) -> None:
        one, self._asked = self._asked, None
        if one is not None:
            self._take([str(service.held_file(self.desk, one.sha256))], "", deletes=True)

    def give_up(self) -> None:
        """Delete on what waits."""
        one = self.held.current()
        if one is not None:
            self._asked = one
            text = _("不要 {name}（来自 {sender}）？对方可以再导出一次").format(name=one.name, sender=one.sender)
            dialogs.confirm(self, text, _("不要了")).accepted.connect(self._dropped_it)

    def _dropped_it(self) -> None:
        one, self._asked = self._asked, None
        if one is None:
            return
        try:
            service.drop(self.desk, one)
        except DutyDeskError as error:
            dialogs.fail(self, error)
        self.refresh()

    # -- keys ------------------------------------------------------------------------------------------------------

    def write_card(self) -> None:
        """F8: this desk's card, to be handed to others."""
        name = _("公钥卡-{code}.json").format(code=self.desk.config.code or self.desk.config.desk[-6:])
        dialog = dialogs.save_file(
            self, _("写公钥卡"), name, [_("公钥卡 (*.json)")], memory=self.desk.store, purpose="bundles"
        )
        dialog.chosen.connect(self._write_card)

    def _write_card(self, path: Path) -> None:
        try:
            service.write_card(self.desk, path)
        except DutyDeskError as error:
            dialogs.fail(self, error)
            return
        self.say(_("公钥卡已写到 {path}，交给对方，并打电话核对指纹").format(path=path))

    def add_peer(self) -> None:
        """Shift+F8: another desk's card."""
        dialog = dialogs.open_file(
            self, _("加对方公钥"), [_("公钥卡 (*.json)")], memory=self.desk.store, purpose="bundles"
        )
        dialog.chosen.connect(self._add_peer)

    def _add_peer(self, path: Path) -> None:
        try:
            card = service.add_key(self.desk, service.content(path))
        except DutyDeskError as error:
            dialogs.fail(self, error)
            return
        self._added(card)

    def _added(self, card: bundlekeys.PeerCard) -> None:
        self.refresh()
        self.tabs.setCurrentWidget(self.peers.view)
        self.say(_("已加入 {name}，指纹 {print}，请打电话与对方核对").format(name=card.called, print=card.fingerprint))

    def ask_card(self) -> None:
        """Ctrl+N on the peers: a card or key that came as a text."""
        self.bar.hide()
        self._asked, self._card = None, ""
        self.ask.ask(_("粘贴对方公钥卡里的那一行，或 age1 开头的公钥"), _("公钥卡或公钥"))

    def _paste(self, text: str) -> None:
        """The card, or the key and then the name of whoever owns it."""
        key, name = (self._card, text) if self._card else (text.strip(), "")
        if not self._card and key.startswith("age1"):
            self._card = key
            self.ask.ask(_("这把公钥是谁的"), _("对方的名称"))
            return
        try:
            card = service.add_key(self.desk, key.encode(), name)
        except DutyDeskError as error:
            self.ask.wrong(error.problems[0].reason)
            return
        self.leave()
        self._added(card)

    def shut_out(self) -> None:
        """Delete on a peer: believe nothing more of it, or believe it again."""
        one = self.peers.current()
        if one is None:
            return
        self._shut = one
        if one.revoked:
            text, go = _("恢复 {name}？以后又收它的记录").format(name=one.name), _("恢复")
        else:
            text = _("吊销 {name}？现有的记录留着，之后的不论从谁那里来都不收，也不再给它导出").format(name=one.name)
            go = _("吊销")
        dialogs.confirm(self, text, go).accepted.connect(self._shut_out)

    def _shut_out(self) -> None:
        one, self._shut = self._shut, None
        if one is None:
            return
        try:
            service.shut_out(self.desk, one.key, out=not one.revoked)
        except DutyDeskError as error:
            dialogs.fail(self, error)
            return
        self.refresh()
        self.peers.view.setFocus()
        self.say((_("已恢复 {name}") if one.revoked else _("已吊销 {name}")).format(name=one.name))
