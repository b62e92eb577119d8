"""The pane 同步: how far this desk and its hub are in step, a run with its progress, what came, what was kept out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QEvent, QTimer
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QGridLayout, QInputDialog, QVBoxLayout, QWidget

from dutydesk.core.errors import DutyDeskError
from dutydesk.core.i18n import _
from dutydesk.journal.desk import Desk
from dutydesk.qt import dialogs
from dutydesk.qt.announcer import Changed, announcer_of
from dutydesk.qt.theme import current
from dutydesk.qt.widgets import Elided, SplitTitle, button, label, shortcut
from dutydesk.sync import deletions, joining
from dutydesk.sync.rejoin import WANTED
from dutydesk.transfer import standing
from dutydesk.transfer.pane_join import Joining
from dutydesk.transfer.pane_sync import Groups, Progress
from dutydesk.transfer.standing import Overview, moment

CommandRow = tuple[str, str, Callable[[], None]]
TICK_MS = 30_000
SOON_MS = 200


class SyncPane(QWidget):
    """同步. F6 syncs now, Shift+F6 syncs and compares the tables with other desks', Esc stops, F9 goes to disputes, F7
    takes a forked branch back, F8 says that what lies in quarantine was looked into or that what another desk deleted was
    right, F10 puts that back."""

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("sync-pane")
        self.title = _("同步")
        self.desk = desk
        self._keys: list[CommandRow] = []
        self._said = ""
        self._about = ""
        self._unseen = 0
        self._enrolling = False
        self._lay_out()
        self._tick = QTimer(self)
        self._tick.setInterval(TICK_MS)
        self._tick.timeout.connect(self.refresh)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(SOON_MS)
        self._soon.timeout.connect(self.refresh)
        announcer_of(desk).changed.connect(self.heed)
        self.syncing: Any = desk.services.get("syncing")
        if self.syncing is not None:
            self.syncing.began.connect(self._began)
            self.syncing.progress.connect(self.progress.show_progress)
            self.syncing.ended.connect(self._ended)
            if self.syncing.running:
                self.progress.begin()
        self.refresh()

    # -- layout ----------------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        theme = current()
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        self.head = SplitTitle(self.title)
        self.head.note.setObjectName("sync-hub")
        self.back = self._tool(_("放回"), "sync-back", "F10", self.ask_back)
        self.rejoin = self._tool(_("并回"), "sync-rejoin", "F7", self.ask_rejoin)
        self.settle = self._tool(_("已查明"), "sync-settle", "F8", self.ask_settle)
        self.enrol = self._tool(_("重新接入"), "sync-enrol", "Ctrl+F6", self.toggle_enrol)
        self.disputes = self._tool(_("冲突"), "sync-disputes", "F9", self.open_disputes)
        self.deep = self._tool(_("同步并核对"), "sync-deep", "Shift+F6", self.sync_deep)
        self.now = self._tool(_("立即同步"), "sync-now", "F6", self.sync, primary=True)
        self.head.add(self.back, self.rejoin, self.settle, self.disputes, self.enrol, self.deep, self.now)
        outer.addWidget(self.head)
        self.problem = label("", "problem", wrap=True)
        self.problem.setObjectName("sync-problem")
        self.problem.setContentsMargins(theme.px(8), 0, theme.px(8), theme.px(4))
        outer.addWidget(self.problem)
        self.calm = label(_("本机照常记事；没传的都在本机，连上以后自动补传"), "muted", wrap=True)
        self.calm.setObjectName("sync-calm")
        self.calm.setContentsMargins(theme.px(8), 0, theme.px(8), theme.px(4))
        outer.addWidget(self.calm)
        self.facts = QWidget()
        grid = QGridLayout(self.facts)
        grid.setContentsMargins(theme.px(8), 0, theme.px(8), theme.px(8))
        grid.setHorizontalSpacing(theme.px(16))
        grid.setVerticalSpacing(theme.px(4))
        grid.setColumnStretch(1, 1)
        grid.setColumnStretch(3, 1)
        self.values: dict[str, Elided] = {}
        told = (("good", _("上次成功")), ("waiting", _("待传")), ("next", _("下次")), ("came", _("上次收到")))
        for n, (name, text) in enumerate(told):
            value = Elided("")
            value.setObjectName(f"sync-{name}")
            value.setMinimumHeight(theme.px(22))
            self.values[name] = value
            grid.addWidget(label(text, "muted"), n // 2, n % 2 * 2)
            grid.addWidget(value, n // 2, n % 2 * 2 + 1)
        outer.addWidget(self.facts)
        self.progress = Progress(self.stop)
        outer.addWidget(self.progress)
        self.list = Groups()
        self.list.setMinimumHeight(theme.row * 6)
        outer.addWidget(self.list, 1)
        self.whole = label("", wrap=True, selectable=True)
        self.whole.setObjectName("sync-whole")
        self.whole.setContentsMargins(theme.px(8), theme.px(4), theme.px(8), theme.px(4))
        self.whole.hide()
        outer.addWidget(self.whole)
        self.list.currentItemChanged.connect(self._show_whole)
        self.empty = Joining(self.desk)
        self.empty.joined.connect(self._joined)
        outer.addWidget(self.empty, 1)
        escape = shortcut(self, "Esc", self.stop)
        escape.setObjectName("sync-escape")

    def _tool(self, text: str, name: str, keys: str, run: Callable[[], None], *, primary: bool = False) -> Any:
        made = button(text, primary=primary, tip=_("{text}（{key}）").format(text=text, key=keys))
        made.setObjectName(name)
        made.clicked.connect(run)
        shortcut(self, keys, run)
        self._keys.append((_("{label}：{text}").format(label=self.title, text=text), keys, run))
        return made

    # -- for the window --------------------------------------------------------------------------------------------

    def focus_first(self) -> None:
        """Where the caret goes when the pane is shown."""
        if self.list.isVisible():
            self.list.focus_first()
        else:
            self.empty.setFocus()

    def commands(self) -> list[CommandRow]:
        """What the palette and the key sheet show of this pane."""
        return list(self._keys)

    # -- what can be done ------------------------------------------------------------------------------------------

    def sync(self) -> None:
        """F6: one run now."""
        self._start(deep=False)

    def sync_deep(self) -> None:
        """Shift+F6: one run, then compare the tables with those of other desks."""
        self._start(deep=True)

    def _start(self, *, deep: bool) -> None:
        if self.syncing is not None and self.now.isEnabled():
            self._said = ""
            self.syncing.start(deep=deep)

    def stop(self) -> None:
        """Esc: leave the way to come to the hub anew; stop the run: what was done stays done."""
        if self._enrolling:
            self.toggle_enrol()
        elif self.syncing is not None and self.syncing.running:
            self.progress.stopping()
            self.syncing.cancel()

    def open_disputes(self) -> None:
        """F9: where disputes are settled."""
        go = self.desk.services.get("open")
        if go is not None:
            go("settings", b"")

    def ask_rejoin(self) -> None:
        """F7: after a fork, take this machine's branch back into the common record."""
        if not self.rejoin.isVisible():
            return
        text = _(
            "并回要重新整理本机的记录，在下次打开窗口时做，多的要几分钟。两台都用过的编号，本机的会改用新代号。"
            "现在就关闭窗口吗？关闭后请再打开。"
        )
        dialogs.confirm(self, text, _("关闭并并回")).answered.connect(self._rejoin)

    def _rejoin(self, yes: bool) -> None:
        if yes:
            self.desk.store.remember(WANTED, "1")
            self.window().close()

    def ask_back(self) -> None:
        """F10: put back what another desk deleted: that of the current line, else the oldest."""
        mass = self._mass()
        if mass is None:
            return
        text = _("把{what}放回台账吗？下次同步后各席位都有。").format(what=mass.what())
        self._about = mass.name
        dialogs.ask(self, text, _("放回")).answered.connect(self._put_back)

    def _put_back(self, yes: bool) -> None:
        if not yes:
            return
        try:
            count = deletions.put_back(self.desk, self._about)
        except DutyDeskError as error:
            dialogs.fail(self, error)
        else:
            dialogs.tell(self, _("已放回 {count} 条").format(count=count))
        self.refresh()

    def _mass(self) -> deletions.Mass | None:
        """What another desk deleted: that of the current line, else the oldest."""
        with self.desk.store.read() as connection:
            found = standing.masses(connection)
        chosen = self.list.chosen()
        return next((mass for mass in found if mass.name == chosen), found[0] if found else None)

    def ask_settle(self) -> None:
        """F8: somebody has found out about what another desk deleted, or about what lies in quarantine."""
        if not self.settle.isVisible():
            return
        mass = self._mass() if self.list.chosen() or not self._unseen else None
        self._about = mass.name if mass is not None else ""
        dialog = QInputDialog(self)
        dialog.setObjectName("sync-reason")
        if mass is not None:
            dialog.setWindowTitle(_("另一台席位删掉的"))
            dialog.setLabelText(_("为什么删得对、问了谁（记入审计；不再提醒）"))
        else:
            dialog.setWindowTitle(_("隔离的外来记录"))
            dialog.setLabelText(_("怎么回事、问了谁（记入审计；记录留在隔离区）"))
        dialog.setOkButtonText(_("已查明"))
        dialog.setCancelButtonText(_("取消"))
        dialog.textValueSelected.connect(self._settle)
        dialog.open()

    def _settle(self, reason: str) -> None:
        try:
            if self._about:
                deletions.settle(self.desk, self._about, reason)
            else:
                standing.settle_quarantine(self.desk, reason)
        except DutyDeskError as error:
            dialogs.fail(self, error)
        self.refresh()

    def toggle_enrol(self) -> None:
        """Ctrl+F6: come to the hub anew, with another password, address or certificate; and back."""
        if self.facts.isVisible() or self._enrolling:
            self._enrolling = not self._enrolling
            self.refresh()
            if self._enrolling:
                self.empty.join.setFocus()
            else:
                self.list.focus_first()

    def _joined(self) -> None:
        self._enrolling = False
        self.refresh()
        QTimer.singleShot(0, self, self.focus_first)  # when the dialog has given the keyboard back
        if self.syncing is not None:
            self.sync()

    def _began(self) -> None:
        self.progress.begin()
        self._enable(joined=True)

    def _ended(self, ok: bool, text: str) -> None:
        self.progress.end(text if ok else "")
        self._said = "" if ok else text
        self.refresh()

    # -- what is shown ---------------------------------------------------------------------------------------------

    def heed(self, _changed: Changed) -> None:
        """Slot for the announcer."""
        if self.isVisible():
            self._soon.start()

    def refresh(self) -> None:
        """Bring everything up to date."""
        joining.follow(self.desk.store)
        seen = standing.overview(self.desk)
        joined = seen.past is not None
        told = bool(seen.forks or seen.kept_out or seen.gone)  # which bundles can tell of, too
        self.facts.setVisible(joined)
        self.list.setVisible((joined or told) and not self._enrolling)
        self.empty.again(joined=joined)
        self.empty.setVisible(not joined or self._enrolling)
        self.head.note.setText(seen.hub)
        self.disputes.setText(_("冲突 {count}").format(count=seen.conflicts) if seen.conflicts else _("冲突"))
        self.disputes.setVisible(bool(seen.conflicts))
        self.rejoin.setVisible(bool(seen.forks))
        self._unseen = seen.unseen
        self.settle.setVisible(bool(seen.unseen or seen.gone))
        self.back.setVisible(bool(seen.gone))
        self._enable(joined=joined)
        text = self._trouble(seen)
        self.problem.setText(text)
        self.problem.setVisible(bool(text))
        self.calm.setVisible(bool(text) and seen.cut_off)
        self.enrol.setVisible(joined and (seen.cut_off or self._enrolling))
        urgent = ((_("分叉"), seen.forks), (_("另一台席位删掉的"), seen.gone))
        wanted = [*(group for group in urgent if group[1]), (_("隔离的外来记录"), seen.kept_out)]
        if joined:
            self._show_facts(seen)
            wanted += [(_("对端"), seen.peers), (_("上次收到"), seen.came), (_("同步记录"), seen.runs)]
        self.list.show_groups([*wanted, (_("其他席位"), seen.desks)])

    def _enable(self, *, joined: bool) -> None:
        free = joined and self.syncing is not None and not self.syncing.running
        for widget in (self.now, self.deep):
            widget.setEnabled(free)
            widget.setVisible(joined and self.syncing is not None)

    def _show_facts(self, seen: Overview) -> None:
        past, now = seen.past, self.desk.clock.now()
        assert past is not None
        self.values["good"].setText(moment(past.success, now) if past.success else _("从未"))
        self.values["waiting"].setText(_("{count} 条").format(count=seen.waiting) if seen.waiting else _("没有"))
        if seen.next_at is None:
            ahead = _("不自动同步")
        elif seen.next_at <= now:
            ahead = _("马上")
        else:
            ahead = moment(seen.next_at, now)
        self.values["next"].setText(ahead)
        self.values["came"].setText(_("、").join(f"{line.what} {line.more}" for line in seen.came) or _("没有"))

    def _show_whole(self) -> None:
        """What the current line says, whole, where the list has no room for it."""
        text = self.list.cut_off()
        self.whole.setText(text)
        self.whole.setVisible(bool(text) and self.list.isVisible())

    def _trouble(self, seen: Overview) -> str:
        past, now = seen.past, self.desk.clock.now()
        if past is None:
            return ""
        last = seen.runs[0] if seen.runs else None
        reason = self._said or (last.more if last is not None and last.bad else "")
        if seen.silent:
            since = moment(past.success or past.joined, now)
            told = _("{since} 以来没有同步成功").format(since=since)
            return _("：").join(part for part in (told, reason) if part)
        return reason

    # -- Qt --------------------------------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._tick.start()
        self._soon.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._tick.stop()
        self._soon.stop()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.list.measure()
        self._show_whole()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange and hasattr(self, "list"):
            self.list.measure()
