"""Parts of the pane 同步: the bar of a run, and the grouped list of what there is to know."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QBrush
from PySide6.QtWidgets import QHBoxLayout, QHeaderView, QProgressBar, QTreeWidget, QTreeWidgetItem, QWidget

from dutydesk.core.clock import local
from dutydesk.core.i18n import N_, _
from dutydesk.qt.theme import current
from dutydesk.qt.widgets import Elided, button
from dutydesk.transfer.standing import Line

WHAT, MORE, WHEN = range(3)
NAME = Qt.ItemDataRole.UserRole
STAGES = {"push": N_("上传"), "pull": N_("接收"), "files": N_("附件"), "digest": N_("核对台账")}


class Progress(QWidget):
    """How far the run is, with a button to stop it; after it one sentence of what came of it."""

    def __init__(self, stop: Callable[[], None]) -> None:
        super().__init__()
        self.setObjectName("sync-progress")
        theme = current()
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.px(8), 0, theme.px(8), theme.px(8))
        row.setSpacing(theme.px(8))
        self.text = Elided("")
        self.text.setObjectName("sync-stage")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.stop = button(_("停止"), tip=_("停止（Esc）"))
        self.stop.setObjectName("sync-stop")
        self.stop.clicked.connect(stop)
        row.addWidget(self.text, 1)
        row.addWidget(self.bar, 1)
        row.addWidget(self.stop)
        self.hide()

    def begin(self) -> None:
        """A run begins."""
        self._show(_("正在连接中心库"), running=True)
        self.bar.setRange(0, 0)

    def show_progress(self, stage: str, done: int, whole: int) -> None:
        """Slot: so many of so many in this step."""
        name = _(STAGES[stage]) if stage in STAGES else stage
        self._show(_("{stage} {done} / {whole}").format(stage=name, done=done, whole=whole), running=True)
        self.bar.setRange(0, whole)
        self.bar.setValue(done)

    def stopping(self) -> None:
        """It has been asked to stop."""
        self.text.setText(_("正在停止"))
        self.stop.setEnabled(False)

    def end(self, text: str) -> None:
        """The run is over; `text` says what came of it, if anything is to be said here."""
        self._show(text, running=False)
        self.setVisible(bool(text))

    def _show(self, text: str, *, running: bool) -> None:
        self.text.setText(text)
        self.bar.setVisible(running)
        self.stop.setVisible(running)
        self.stop.setEnabled(True)
        self.show()


class Groups(QTreeWidget):
    """Lines under headings; what a person must look at is in the colour of problems."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("sync-list")
        self.setAccessibleName(_("同步明细"))
        self.setHeaderLabels([_("项目"), _("说明"), _("时间")])
        self.setRootIsDecorated(False)
        self.setItemsExpandable(False)
        self.setUniformRowHeights(True)
        self.header().setStretchLastSection(False)
        self.header().setSectionResizeMode(MORE, QHeaderView.ResizeMode.Stretch)
        self._shown: object = None
        self.measure()

    def show_groups(self, groups: Sequence[tuple[str, Sequence[Line]]]) -> None:
        """Show these; a list that stays the same keeps its place, and so does a line that is still there."""
        told = [(title, list(lines)) for title, lines in groups]
        if told == self._shown:
            return
        self._shown = told
        here = self._key(self.currentItem())
        self.clear()
        for title, lines in told:
            head = QTreeWidgetItem([f"{title}  {len(lines)}" if lines else title, "", ""])
            head.setFont(WHAT, current().font(bold=True))
            head.setFlags(Qt.ItemFlag.ItemIsEnabled)
            self.addTopLevelItem(head)
            head.setFirstColumnSpanned(True)
            for line in lines:
                made = self._item(line)
                head.addChild(made)
                if here and self.currentItem() is None and self._key(made) == here:
                    self.setCurrentItem(made)
            if not lines:
                none = QTreeWidgetItem([_("无"), "", ""])
                none.setFlags(Qt.ItemFlag.NoItemFlags)
                head.addChild(none)
            head.setExpanded(True)

    @staticmethod
    def _key(item: QTreeWidgetItem | None) -> tuple[str, ...]:
        return () if item is None else (item.text(WHAT), item.text(WHEN), str(item.data(WHAT, NAME) or ""))

    def focus_first(self) -> None:
        """Put the keyboard on the current line, else on the first one."""
        self.setFocus()
        if self.currentItem() is not None:
            return
        for at in range(self.topLevelItemCount()):
            head = self.topLevelItem(at)
            line = head.child(0) if head is not None else None
            if line is not None and line.flags() & Qt.ItemFlag.ItemIsSelectable:
                self.setCurrentItem(line)
                return

    def chosen(self) -> str:
        """The name of the alarm of the current line; empty on any other line."""
        item = self.currentItem()
        return str(item.data(WHAT, NAME) or "") if item is not None else ""

    def cut_off(self) -> str:
        """What the current line says, where its column has no room for it; empty else."""
        item = self.currentItem()
        text = item.text(MORE) if item is not None else ""
        room = self.columnWidth(MORE) - current().px(16)
        return text if self.fontMetrics().horizontalAdvance(text) > room else ""

    @staticmethod
    def _item(line: Line) -> QTreeWidgetItem:
        when = local(line.at).strftime("%Y-%m-%d %H:%M") if line.at is not None else ""
        item = QTreeWidgetItem([line.what, line.more, when])
        item.setData(WHAT, NAME, line.name)
        for column in (WHAT, MORE):
            item.setToolTip(column, item.text(column))
        if line.bad:
            item.setForeground(WHAT, QBrush(current().colour("red.text")))
        return item

    def measure(self) -> None:
        """Columns as wide as the theme needs them; without a time where there is little room."""
        theme = current()
        self.header().resizeSection(WHEN, theme.digits(16) + theme.px(28))
        self.header().resizeSection(WHAT, theme.px(180))
        self.setColumnHidden(WHEN, self.width() < theme.px(560))
