"""The pane of administration 系统: the record itself, disputes, settings, audit, attachments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QEvent, Qt, QTimer
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QHeaderView,
    QScrollArea,
    QTabWidget,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from dutydesk.admin import record, watch
from dutydesk.admin.pane_conflicts import Conflicts
from dutydesk.admin.pane_lists import AttachmentList, AuditList, SettingsList
from dutydesk.core.clock import local
from dutydesk.core.i18n import _
from dutydesk.journal.desk import Desk
from dutydesk.qt import dialogs
from dutydesk.qt.announcer import Changed, announcer_of
from dutydesk.qt.jobs import Token
from dutydesk.qt.listpane import CommandRow
from dutydesk.qt.theme import current
from dutydesk.qt.widgets import Elided, button, label
from dutydesk.sync import rehearsal
from dutydesk.sync.rehearsal import Rehearsal

WHAT, WHY, WHEN = range(3)


@dataclass(frozen=True, slots=True)
class TryCopy:
    """The restore drill in the background: the whole way back from the newest copy, beside the record."""

    desk: Desk

    def __call__(self, token: Token) -> Rehearsal:
        token.check()
        return rehearsal.run(self.desk.store)


class RecordTab(QWidget):
    """Figures of the record, what can be done with it, how far each desk reaches, what is kept out, the copies."""

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("admin-record")
        self.desk = desk
        self._copies: list[record.Copy] = []
        theme = current()
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        self._grid = QGridLayout()
        self._grid.setContentsMargins(*(theme.px(16), theme.px(8)) * 2)
        self._grid.setHorizontalSpacing(theme.px(16))
        self._grid.setVerticalSpacing(theme.px(4))
        self._grid.setColumnStretch(1, 1)
        self.values: dict[str, Elided] = {}
        for row, (name, text) in enumerate(
            (
                ("acts", _("记录")),
                ("place", _("本机位置")),
                ("copy", _("上次备份")),
                ("drill", _("恢复演练")),
                ("folder", _("数据文件夹")),
                ("clock", _("时钟")),
            )
        ):
            value = Elided("")
            value.setObjectName(f"admin-record-{name}")
            value.setMinimumHeight(theme.px(22))
            self.values[name] = value
            self._grid.addWidget(label(text, "muted"), row, 0)
            self._grid.addWidget(value, row, 1)
        outer.addLayout(self._grid)
        bar = QHBoxLayout()
        bar.setContentsMargins(theme.px(16), 0, theme.px(16), theme.px(8))
        bar.setSpacing(theme.px(8))
        self.snapshot = self._service(_("立即备份"), "snapshot")
        self.verify = self._service(_("检查记录"), "verify")
        self.drill = button(_("恢复演练"), tip=_("把最近一份备份在旁边恢复一遍、核对、再删掉，证明能恢复"))
        self.drill.setObjectName("admin-try-copy")
        self.drill.clicked.connect(self.try_copy)
        self.place = button(_("认这个盘"), tip=_("第二备份换了 U 盘或硬盘：从现在起就用插着的这个"))
        self.place.setObjectName("admin-new-place")
        self.place.clicked.connect(self.take_place)
        for widget in (self.snapshot, self.verify, self.drill, self.place):
            bar.addWidget(widget)
        bar.addStretch(1)
        outer.addLayout(bar)
        self.list = QTreeWidget()
        self.list.setObjectName("admin-record-list")
        self.list.setAccessibleName(_("记录明细"))
        self.list.setHeaderLabels([_("项目"), _("说明"), _("时间")])
        self.list.setRootIsDecorated(False)
        self.list.setItemsExpandable(False)
        self.list.setUniformRowHeights(True)
        self.list.setMinimumHeight(theme.px(140))
        self.list.header().setStretchLastSection(False)
        self.list.header().setSectionResizeMode(WHAT, QHeaderView.ResizeMode.Stretch)
        outer.addWidget(self.list, 1)

    def _service(self, text: str, name: str) -> Any:
        """A button for a service of the window; not there where the window does not offer it."""
        made = button(text)
        made.setParent(self)  # shown without a parent it would be a window, and take the keyboard
        made.setObjectName(f"admin-{name}")
        run = self.desk.services.get(name)
        made.setVisible(run is not None)
        if run is not None:
            made.clicked.connect(run)
        return made

    def refresh(self) -> None:
        """Bring everything up to date."""
        store = self.desk.store
        config = self.desk.config
        with store.read() as connection:
            acts = record.acts(connection)
            reaches = record.reaches(connection, config.desk_id, config.epoch)
            kept_out = record.quarantined(connection)
            waiting = record.unprojected(connection)
            drilled = watch.last_drill(connection)
        self._copies = record.copies(store.home.snapshots)
        seq, head = store.position()
        code = config.code or config.desk[:8]
        place = _("{code}/{epoch} #{seq} 校验 {head}").format(
            code=code, epoch=config.epoch, seq=seq, head=head.hex()[:16]
        )
        at = record.last_copy(self.desk)
        second = _("第二处 {folder}").format(folder=config.second_snapshots) if config.second_snapshots else ""
        self.values["acts"].setText(_("共 {count} 条，只增不改").format(count=acts))
        self.values["place"].setText(place)
        self.values["copy"].setText(" · ".join(part for part in (_time(at) or _("还没有"), second) if part))
        self.values["drill"].setText(drilled or _("还没有做过"))
        self.values["folder"].setText(str(store.home.root))
        behind = store.clock_behind // 60_000
        self.values["clock"].setText(_("比上一条记录慢 {minutes} 分钟").format(minutes=behind) if behind else _("正常"))
        jobs = self.desk.services.get("jobs")
        self.drill.setVisible(jobs is not None)
        self.drill.setEnabled(bool(self._copies))
        self.place.setVisible("send" in self.desk.services and bool(config.second_snapshots))
        self._fill(reaches, kept_out, waiting)

    def _fill(
        self, reaches: Sequence[record.Reach], kept_out: Sequence[record.Held], waiting: Sequence[record.Held]
    ) -> None:
        self.list.clear()
        rows = [(self._desk_name(reach), f"#{reach.seq}  {reach.head}", _time(reach.at)) for reach in reaches]
        self._group(_("各机记录到哪里"), rows)
        for title, held in ((_("隔离的外来记录"), kept_out), (_("要升级程序才能显示"), waiting)):
            self._group(title, [(one.where, one.what, _time(one.at)) for one in held])
        copies = [(copy.path.name, _size(copy.size), "") for copy in self._copies]
        self._group(_("备份"), copies)

    def _desk_name(self, reach: record.Reach) -> str:
        name = f"{reach.code}/{reach.epoch} {reach.name}".strip()
        return _("{name}（本机）").format(name=name) if reach.own else name

    def _group(self, title: str, rows: Sequence[tuple[str, str, str]]) -> None:
        head = QTreeWidgetItem([f"{title}  {len(rows)}" if rows else title, "", ""])
        head.setFont(WHAT, current().font(bold=True))
        head.setFlags(Qt.ItemFlag.ItemIsEnabled)
        self.list.addTopLevelItem(head)
        head.setFirstColumnSpanned(True)
        for row in rows:
            line = QTreeWidgetItem(list(row))
            line.setToolTip(WHAT, row[WHAT])
            line.setToolTip(WHY, row[WHY])
            head.addChild(line)
        if not rows:
            none = QTreeWidgetItem([_("无"), "", ""])
            none.setFlags(Qt.ItemFlag.NoItemFlags)
            head.addChild(none)
        head.setExpanded(True)

    def try_copy(self) -> None:
        """Go the whole way back from the newest copy, beside the record."""
        jobs = self.desk.services.get("jobs")
        if jobs is None or not self._copies:
            return
        self.drill.setEnabled(False)
        job = jobs.run(_("恢复演练"), TryCopy(self.desk))
        job.result.connect(self._tried)
        job.failed.connect(self._failed)
        job.cancelled.connect(self.refresh)

    def take_place(self) -> None:
        """The disk that is there now is the second place from here on; asked, since another desk's would do as well."""
        text = _("把插着的这个盘（{place}）当作第二备份的位置？").format(place=self.desk.config.second_snapshots)
        asked = dialogs.confirm(self, text, _("认这个盘"))
        asked.answered.connect(self._place_taken)

    def _place_taken(self, yes: bool) -> None:
        send = self.desk.services.get("send")
        if yes and send is not None:
            job = send(new_place=True)
            if job is not None:
                self.place.setEnabled(False)
                job.result.connect(self._place_good)
                job.failed.connect(self._place_bad)

    def _place_good(self, where: str) -> None:
        self.place.setEnabled(True)
        dialogs.tell(self, _("已送到 {place}").format(place=where) if where else _("还没有备份"))

    def _place_bad(self, text: str) -> None:
        self.place.setEnabled(True)
        dialogs.fail(self, text)

    def _tried(self, made: Rehearsal) -> None:
        self.refresh()
        dialogs.tell(
            self, _("备份 {name} 核对无误，可以恢复，用时 {seconds} 秒").format(name=made.file, seconds=made.seconds)
        )

    def _failed(self, text: str) -> None:
        self.refresh()
        dialogs.fail(self, _("这份备份不能用：{problem}").format(problem=text))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._measure()

    def _measure(self) -> None:
        theme = current()
        self.list.header().resizeSection(WHEN, theme.digits(16) + theme.px(28))
        self.list.header().resizeSection(WHY, self.width() * 34 // 100)
        self.list.setColumnHidden(WHEN, self.width() < theme.px(560))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange and hasattr(self, "list"):
            self._measure()
            self.refresh()


class AdminPane(QWidget):
    """系统. Tabs: 记录, 冲突, 设置, 审计, 附件."""

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("admin-pane")
        self.title = _("系统")
        self.desk = desk
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        self.tabs = QTabWidget()
        self.tabs.setObjectName("admin-tabs")
        self.tabs.setDocumentMode(True)
        self.record = RecordTab(desk)
        self.conflicts = Conflicts(desk)
        self.settings = SettingsList(desk)
        self.audit = AuditList(desk)
        self.attachments = AttachmentList(desk)
        self._record_area = QScrollArea()
        self._record_area.setWidgetResizable(True)
        self._record_area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._record_area.setWidget(self.record)
        for widget, text in (
            (self._record_area, _("记录")),
            (self.conflicts, _("冲突")),
            (self.settings, _("设置")),
            (self.audit, _("审计")),
            (self.attachments, _("附件")),
        ):
            self.tabs.addTab(widget, text)
        column.addWidget(self.tabs)
        self._lists = {"settings": self.settings, "audit": self.audit, "attachments": self.attachments}
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(150)
        self._soon.timeout.connect(self.refresh)
        announcer_of(desk).changed.connect(self.heed)
        self.conflicts.settled.connect(self.refresh)
        self.tabs.currentChanged.connect(self._turned)
        self.refresh()

    # -- for the window --------------------------------------------------------------------------------------------

    def focus_first(self) -> None:
        """Where the caret goes when the pane is shown: to disputes, when there are any."""
        if self.conflicts.count:
            self.tabs.setCurrentWidget(self.conflicts)
        shown: Any = self.tabs.currentWidget()
        if shown is self._record_area:
            self.record.list.setFocus()
        else:
            shown.focus_first()

    def show_row(self, ledger: str, row: bytes) -> None:
        """Show a row of one of the lists; without a row what needs a person."""
        shown = self._lists.get(ledger)
        if not row or shown is None:
            self.focus_first()
            return
        self.tabs.setCurrentWidget(shown)
        shown.model.refresh()
        shown.show_row(ledger, row)

    def commands(self) -> list[CommandRow]:
        """What the palette and the key sheet show of this pane."""
        turns: list[tuple[str, Callable[[], None]]] = [
            (_("记录"), self.show_record),
            (_("冲突"), self.show_conflicts),
            (_("设置"), self.show_settings),
            (_("审计"), self.show_audit),
            (_("附件"), self.show_attachments),
        ]
        named = [(_("{label}：{text}").format(label=self.title, text=text), "", run) for text, run in turns]
        return named + self.settings.commands()

    def show_record(self) -> None:
        self.tabs.setCurrentWidget(self._record_area)

    def show_conflicts(self) -> None:
        self.tabs.setCurrentWidget(self.conflicts)

    def show_settings(self) -> None:
        self.tabs.setCurrentWidget(self.settings)

    def show_audit(self) -> None:
        self.tabs.setCurrentWidget(self.audit)

    def show_attachments(self) -> None:
        self.tabs.setCurrentWidget(self.attachments)

    # -- what is shown ---------------------------------------------------------------------------------------------

    def heed(self, _changed: Changed) -> None:
        """Slot for the announcer: every act moves the record."""
        if self.isVisible():
            self._soon.start()

    def refresh(self) -> None:
        """Bring record and disputes up to date; the lists look after themselves."""
        self.record.refresh()
        self.conflicts.refresh()
        count = self.conflicts.count
        self.tabs.setTabText(
            self.tabs.indexOf(self.conflicts), _("冲突 {count}").format(count=count) if count else _("冲突")
        )

    def _turned(self, _index: int) -> None:
        self._soon.start()

    def showEvent(self, event: Any) -> None:
        super().showEvent(event)
        self._soon.start()

    def hideEvent(self, event: Any) -> None:
        super().hideEvent(event)
        self._soon.stop()


def _time(at: int | None) -> str:
    return "" if at is None else local(at).strftime("%Y-%m-%d %H:%M")


def _size(size: int) -> str:
    return f"{size / 2**20:.1f} MB" if size >= 2**20 else f"{max(size // 1024, 1)} KB"
