"""A folder that comes from another machine: moved, or copied."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QDialog, QHBoxLayout, QLineEdit, QRadioButton, QVBoxLayout, QWidget

from dutydesk.core.clock import Clock
from dutydesk.core.errors import DutyDeskError
from dutydesk.core.i18n import _
from dutydesk.core.paths import Home
from dutydesk.features import schema
from dutydesk.qt.jobs import sentence
from dutydesk.qt.theme import current
from dutydesk.qt.widgets import button, label, shortcut
from dutydesk.shell.manual import NIGHT_PAGE, show_page
from dutydesk.sync import adopting, ladder

ARROWS = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Left, Qt.Key.Key_Right)


class Pick(QRadioButton):
    """A choice that an arrow key takes, although nothing was chosen before: Qt only moves the focus there."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        super().keyPressEvent(event)
        there = QApplication.focusWidget()
        if event.key() in ARROWS and isinstance(there, Pick):
            there.setChecked(True)


class Moved(QDialog):
    """搬迁 or 复制.

    Signals:
        settled: the record may be opened now.
    """

    settled = Signal()

    def __init__(self, home: Home, clock: Clock, key: bytes | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("moved")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(_("另一台电脑的数据"))
        self._home, self._clock, self._key = home, clock, key
        theme = current()
        column = QVBoxLayout(self)
        column.setContentsMargins(*(theme.px(16),) * 4)
        column.setSpacing(theme.px(8))
        column.addWidget(label(_("这个数据文件夹上次在另一台电脑上用"), "title", wrap=True))
        last = ladder.last_entry(home.database, key)
        if last:
            column.addWidget(label(_("里面最后一条：{last}").format(last=last), wrap=True))
        column.addWidget(label(_("两台电脑用同一个编号记，记录会分叉。请说明是哪一种："), wrap=True))
        self.move_here = Pick(_("搬迁：旧电脑不再记日志，这台接着记"))
        self.move_here.setObjectName("moved-move")
        self.copy = Pick(_("复制：旧电脑照常记，这台另起代号，算一台新的值班台"))
        self.copy.setObjectName("moved-copy")
        self.code = QLineEdit()
        self.code.setObjectName("moved-code")
        self.code.setAccessibleName(_("这台的代号"))
        self.code.setPlaceholderText(_("这台的代号，如 B2，写进编号里"))
        self.code.setEnabled(False)
        self.copy.toggled.connect(self.code.setEnabled)
        self.problem = label("", "problem", wrap=True)
        self.go = button(_("就这样"), primary=True)
        self.go.setObjectName("moved-go")
        self.go.setDefault(True)
        self.go.clicked.connect(self.take)
        leave = button(_("先不动，退出"))
        leave.clicked.connect(self.reject)
        ask = button(_("怎么办（F1）"))
        ask.clicked.connect(self.show_help)
        shortcut(self, "F1", self.show_help)
        moves = self._more(_("留下：全部记录，编号接着走\n当心：旧电脑若还在记，两边会分叉"))
        copies = self._more(
            _("留下：到此为止的全部记录；从现在起编号带上代号，与旧电脑不重号\n当心：中心库要给这台另外登记")
        )
        unsure = label(_("拿不准就先退出，问清楚再开：退出什么都不动。"), "muted", wrap=True)
        for part in (self.move_here, moves, self.copy, copies, self.code, unsure, self.problem):
            column.addWidget(part)
        bar = QHBoxLayout()
        bar.setSpacing(theme.px(8))
        bar.addWidget(ask)
        bar.addStretch(1)
        bar.addWidget(leave)
        bar.addWidget(self.go)
        column.addLayout(bar)
        self.setMinimumWidth(min(theme.px(460), self.screen().availableGeometry().width()))

    def _more(self, text: str) -> QWidget:
        made = label(text, "muted", wrap=True)
        made.setContentsMargins(current().px(24), 0, 0, 0)
        return made

    def show_help(self) -> None:
        """F1."""
        show_page(self, NIGHT_PAGE)

    def take(self) -> None:
        """Write down what was said; nothing is chosen for anybody."""
        if not (self.move_here.isChecked() or self.copy.isChecked()):
            self.problem.setText(_("请先选一种"))
            return
        if self.copy.isChecked() and not self.code.text().strip():
            self.problem.setText(_("请写这台的代号，最多 8 个字母或数字"))
            self.code.setFocus()
            return
        try:
            if self.copy.isChecked():
                adopting.copied(self._home, schema(), self._clock, self.code.text(), key=self._key)
            else:
                adopting.moved(self._home, schema(), self._clock, key=self._key)
        except DutyDeskError as error:
            self.problem.setText(sentence(error))
            return
        self.settled.emit()
        self.accept()
