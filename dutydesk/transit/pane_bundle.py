"""Parts of the pane of bundles: what an export asks for, a line that asks for a word, lists of computed rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QComboBox, QFileDialog, QFormLayout, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from dutydesk.core.i18n import _
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Query, Row
from dutydesk.ledger.kinds import choice_label
from dutydesk.ledger.spec import Ledger
from dutydesk.qt.listpane import RowPages
from dutydesk.qt.listview import LedgerView
from dutydesk.qt.table import LedgerModel
from dutydesk.qt.theme import current
from dutydesk.qt.widgets import button, label
from dutydesk.sync.bundleout import ALL, SINCE_LAST
from dutydesk.transit import media, service
from dutydesk.transit.ledger import MEDIA

Thing = TypeVar("Thing")
FOLDER = "folder.bundles"
"""Where the last export went, in the workstation's own memory."""


class Lines(Generic[Thing]):
    """Computed rows in a table, and what each stands for."""

    def __init__(self, ledger: Ledger, desk: Desk, *, important: str, empty: tuple[str, str], name: str) -> None:
        self._rows: list[Row] = []
        self._things: dict[bytes, Thing] = {}
        self.model = LedgerModel(ledger, desk, pages=self._pages)
        self.view = LedgerView(self.model, important=important, empty=empty)
        self.view.setObjectName(name)
        self.view.setSelectionMode(LedgerView.SelectionMode.SingleSelection)
        head = self.view.horizontalHeader()
        head.setSectionsClickable(False)
        head.setSortIndicatorShown(False)

    def _pages(self, _query: Query) -> Any:
        return RowPages(self._rows)

    def show_lines(self, lines: Sequence[tuple[Row, Thing]]) -> None:
        """Show these; the current line stays current, else the first becomes so."""
        self._things = {row.id: thing for row, thing in lines}
        fresh = [row for row, _thing in lines]
        if fresh != self._rows:
            self._rows = fresh
            self.model.refresh()
        if fresh and self.view.current_row() is None:
            self.view.setCurrentIndex(self.model.index(0, 0))

    def current(self) -> Thing | None:
        """What the current line stands for."""
        row = self.view.current_row()
        return self._things.get(row.id) if row is not None else None


class ExportBar(QWidget):
    """Asks for whom, from where on, onto which medium, into which folder. Enter in the folder exports, Esc leaves.

    Signals:
        given: receiver's key, since, medium (hex or empty), folder, reason. left.
    """

    given = Signal(str, str, str, str, str)
    left = Signal()

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.setObjectName("bundles-export-bar")
        self.desk = desk
        gap = current().px(8)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(current().px(16), 0, gap, gap)
        outer.setSpacing(gap // 2)
        form = QFormLayout()
        form.setHorizontalSpacing(gap)
        form.setVerticalSpacing(gap // 2)
        self.to, self.since, self.medium = QComboBox(), QComboBox(), QComboBox()
        self.folder = QLineEdit()
        self.folder.setPlaceholderText(_("U盘上的文件夹"))
        self.folder.returnPressed.connect(self.give)
        self.reason = QLineEdit(_("送值班记录"))
        self.reason.setMaxLength(200)
        self.reason.returnPressed.connect(self.folder.setFocus)
        for text, code in ((_("对方没有的"), ""), (_("上一个数据包之后的"), SINCE_LAST), (_("全部"), ALL)):
            self.since.addItem(text, code)
        self.pick = button(_("选文件夹"))
        self.ok = button(_("导出"), primary=True)
        self.no = button(_("取消"))
        self.pick.clicked.connect(self.choose)
        self.ok.clicked.connect(self.give)
        self.no.clicked.connect(self.left)
        for widget, name, text in (
            (self.to, "bundles-to", _("给谁")),
            (self.since, "bundles-since", _("内容")),
            (self.medium, "bundles-medium", _("介质")),
            (self.reason, "bundles-reason", _("事由")),
            (self.folder, "bundles-folder", _("写到")),
            (self.pick, "bundles-pick", _("选文件夹")),
            (self.ok, "bundles-export-ok", _("导出")),
            (self.no, "bundles-export-no", _("取消")),
        ):
            widget.setObjectName(name)
            widget.setAccessibleName(text)
        where = QHBoxLayout()
        where.setSpacing(gap)
        where.addWidget(self.folder, 1)
        where.addWidget(self.pick)
        for text, field in (
            (_("给谁"), self.to),
            (_("内容"), self.since),
            (_("介质"), self.medium),
            (_("事由"), self.reason),
        ):
            form.addRow(text, field)
        form.addRow(_("写到"), where)
        outer.addLayout(form)
        self.problem = label("", "problem", wrap=True)
        self.problem.setObjectName("bundles-export-problem")
        self.problem.hide()
        outer.addWidget(self.problem)
        row = QHBoxLayout()
        row.setSpacing(gap)
        row.addStretch(1)
        row.addWidget(self.no)
        row.addWidget(self.ok)
        outer.addLayout(row)
        self.setMaximumWidth(current().px(640))
        self.hide()

    def ask(self, key: str = "") -> None:
        """Show what can be chosen now; the caret goes to the first that is not settled."""
        held = key or self.to.currentData()
        self.to.clear()
        for one in service.receivers(self.desk):
            if not one.revoked:
                text = _("{name}（待送 {waiting} 条）").format(name=one.name, waiting=one.waiting)
                self.to.addItem(text, one.key)
        self.to.setCurrentIndex(max(0, self.to.findData(held)))
        before = self.medium.currentData()
        self.medium.clear()
        for row in self.desk.rows("media"):
            if row.text("state") in media.USABLE:
                kind = choice_label(row.text("kind"), MEDIA["kind"])
                self.medium.addItem(f"{row.text('label')} {kind}", row.id.hex())
        self.medium.setCurrentIndex(max(0, self.medium.findData(before)))
        if not self.folder.text():
            self.folder.setText(self.desk.store.state(FOLDER))
        self.folder.selectAll()  # what is typed takes its place
        self.tell("")
        self.show()
        (self.to if self.to.count() > 1 else self.folder).setFocus()

    def tell(self, text: str) -> None:
        """What is missing or was refused."""
        self.problem.setText(text)
        self.problem.setVisible(bool(text))

    def choose(self) -> None:
        """Ask for a folder."""
        dialog = QFileDialog(self, _("写到哪个文件夹"), self.folder.text())
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(self._chosen)
        dialog.open()

    def _chosen(self, folder: str) -> None:
        self.folder.setText(folder)
        found = media.medium_at(self.desk, Path(folder))
        if found is not None:
            self.medium.setCurrentIndex(max(0, self.medium.findData(found.hex())))
        self.ok.setFocus()

    def give(self) -> None:
        """Enter, or the button."""
        folder = self.folder.text().strip()
        for missing, field, text in (
            (not self.to.count(), self.to, _("先在“对方”里加入对方的公钥卡")),
            (not self.medium.count(), self.medium, _("先在“介质”里登记U盘或光盘")),
            (not self.reason.text().strip(), self.reason, _("写明事由，要记入登记和审计")),
            (not folder, self.folder, _("写明写到哪个文件夹")),
            (not Path(folder).is_dir(), self.folder, _("没有这个文件夹：U盘插好了吗？也可能换了盘符")),
        ):
            if missing:
                self.tell(text)
                field.setFocus()
                return
        self.desk.store.remember(FOLDER, folder)
        self.given.emit(
            self.to.currentData(), self.since.currentData(), self.medium.currentData(), folder, self.reason.text()
        )

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        else:
            super().keyPressEvent(event)


class AskBar(QWidget):
    """One line that asks for a word: what, the answer, 确定. Enter gives, Esc leaves.

    Signals:
        given: the text. left.
    """

    given = Signal(str)
    left = Signal()

    def __init__(self, name: str) -> None:
        super().__init__()
        gap = current().px(8)
        column = QVBoxLayout(self)
        column.setContentsMargins(current().px(16), 0, gap, gap)
        self.what = label("", wrap=True)
        row = QHBoxLayout()
        row.setSpacing(gap)
        self.answer = QLineEdit()
        self.answer.setObjectName(f"{name}-answer")
        self.answer.setMaximumWidth(current().px(420))
        self.answer.returnPressed.connect(self.give)
        self.ok = button(_("确定"), primary=True)
        self.ok.setObjectName(f"{name}-ok")
        self.ok.clicked.connect(self.give)
        row.addWidget(self.answer, 1)
        row.addWidget(self.ok)
        row.addStretch(1)
        self.problem = label("", "problem", wrap=True)
        self.problem.setObjectName(f"{name}-problem")
        self.problem.hide()
        column.addWidget(self.what)
        column.addLayout(row)
        column.addWidget(self.problem)
        self.hide()

    def ask(self, what: str, hint: str) -> None:
        """Show the question."""
        self.what.setText(what)
        self.answer.clear()
        self.answer.setPlaceholderText(hint)
        self.answer.setAccessibleName(hint)
        self.problem.hide()
        self.show()
        self.answer.setFocus()

    def wrong(self, why: str) -> None:
        """The answer does not do: say why, and ask again."""
        self.problem.setText(why)
        self.problem.setVisible(bool(why))
        self.answer.selectAll()
        self.answer.setFocus()

    def give(self) -> None:
        """Enter, or the button."""
        if self.answer.text().strip():
            self.given.emit(self.answer.text())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        else:
            super().keyPressEvent(event)
