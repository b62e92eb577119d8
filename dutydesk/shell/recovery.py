"""When the record does not open: what was found, what each way out keeps and loses, and the last numbers on paper.

Nothing is touched before somebody chooses; whatever is chosen, the broken file stays beside the new one. A folder that
comes from another machine is asked about here too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QRadioButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from dutydesk.core.clock import Clock, local
from dutydesk.core.errors import DutyDeskError
from dutydesk.core.i18n import _
from dutydesk.core.paths import Home
from dutydesk.features import schema
from dutydesk.qt.jobs import JobRunner, Token, sentence
from dutydesk.qt.theme import current
from dutydesk.qt.widgets import button, fit, label, line
from dutydesk.sync import adopting, ladder
from dutydesk.sync.ladder import Choice, Found

WIDTH, HEIGHT = 720, 640


@dataclass(frozen=True, slots=True)
class Look:
    """Look through the folder, beside the window."""

    home: Home
    key: bytes | None
    year: int

    def __call__(self, token: Token) -> Found:
        token.check()
        return ladder.look(self.home, schema(), self.key, year=self.year)


@dataclass(frozen=True, slots=True)
class Take:
    """Do what was chosen, beside the window."""

    choice: Choice
    home: Home
    clock: Clock
    numbers: Mapping[str, int]
    key: bytes | None

    def __call__(self, token: Token) -> list[str]:
        token.check()
        return ladder.take(self.choice, self.home, schema(), self.clock, self.numbers, key=self.key)


class Recovery(QDialog):
    """The way back.

    Signals:
        restored: the record may be opened again.
    """

    restored = Signal()

    def __init__(
        self, home: Home, clock: Clock, error: DutyDeskError, key: bytes | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("recovery")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(_("数据打不开"))
        self._home, self._clock, self._key = home, clock, key
        self._jobs = JobRunner(self)
        self._found: Found | None = None
        self._done = False
        self.lines: dict[str, QLineEdit] = {}
        self.group = QButtonGroup(self)
        theme = current()
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(*(theme.px(16),) * 4)
        column.setSpacing(theme.px(8))
        column.addWidget(label(_("值班记录打不开，先用纸笔接着记"), "title", wrap=True))
        column.addWidget(label(_("现在还什么都没有动。不管选哪一种，原来的文件都会留着。"), "muted", wrap=True))
        column.addWidget(label(_("发现了什么"), "heading"))
        self.said = label("\n".join(str(one) for one in error.problems), "problem", wrap=True, selectable=True)
        self.said.setObjectName("recovery-said")
        column.addWidget(self.said)
        self.hub = label("", "muted", wrap=True)
        self.hub.setObjectName("recovery-hub")
        self.hub.hide()
        column.addWidget(self.hub)
        self.heading = label(_("正在查看还剩下什么…"), "heading")
        column.addWidget(self.heading)
        self._choices = QVBoxLayout()
        self._choices.setSpacing(theme.px(4))
        column.addLayout(self._choices)
        column.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(inner)
        # Below the list and never scrolled away: nobody goes back without having seen the numbers.
        self._ask = label(_("纸上最后一个编号（看最后一张打印件；填大了没关系，填小了会重号）"), wrap=True)
        self._ask.setContentsMargins(theme.px(16), theme.px(8), theme.px(16), 0)
        self._ask.hide()
        self._numbers = QGridLayout()
        self._numbers.setContentsMargins(theme.px(16), theme.px(4), theme.px(16), 0)
        self._numbers.setHorizontalSpacing(theme.px(16))
        self.problem = label("", "problem", wrap=True)
        self.problem.setObjectName("recovery-problem")
        self.go = button(_("照此恢复"), primary=True)
        self.go.setObjectName("recovery-go")
        self.go.setEnabled(False)
        self.go.clicked.connect(self.take)
        self.leave = button(_("先不动，退出"))
        self.leave.setObjectName("recovery-leave")
        self.leave.clicked.connect(self.reject)
        bar = QHBoxLayout()
        bar.setContentsMargins(*(theme.px(16), theme.px(8)) * 2)
        bar.setSpacing(theme.px(8))
        bar.addWidget(self.problem, 1)
        bar.addWidget(self.leave)
        bar.addWidget(self.go)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(area, 1)
        outer.addWidget(line())
        outer.addWidget(self._ask)
        outer.addLayout(self._numbers)
        outer.addLayout(bar)
        fit(self, theme.px(WIDTH), theme.px(HEIGHT))
        job = self._jobs.run(_("查看备份"), Look(home, key, local(clock.now()).year))
        job.result.connect(self._show)
        job.failed.connect(self._fail)

    def _show(self, found: Found) -> None:
        self._found = found
        if found.said:
            self.said.setText("\n".join(found.said))
        self.hub.setText(found.hub)
        self.hub.setVisible(bool(found.hub))
        if not found.choices:
            self.heading.setText(_("没有可用的备份。请在其他盘上找 desk-….sqlite，用 dutydesk restore 恢复"))
            return
        self.heading.setText(_("可以怎么办"))
        theme = current()
        for n, choice in enumerate(found.choices):
            pick = QRadioButton(choice.title if n else _("{title}（建议）").format(title=choice.title))
            pick.setObjectName(f"recovery-choice-{n}")
            pick.setChecked(n == 0)
            self.group.addButton(pick, n)
            told = label(
                _("留下：{keeps}\n会丢：{loses}").format(keeps=choice.keeps, loses=choice.loses), "muted", wrap=True
            )
            told.setContentsMargins(theme.px(24), 0, 0, theme.px(4))
            self._choices.addWidget(pick)
            self._choices.addWidget(told)
        shapes = schema().shapes
        for ledger, known in found.numbers.items():
            last = QLineEdit(str(known) if known else "")
            last.setObjectName(f"recovery-last-{ledger}")
            title = _(shapes[ledger].ledger.title)
            last.setAccessibleName(title)
            last.setPlaceholderText(_("没有就空着"))
            self._numbers.addWidget(label(title, "muted"), 0, len(self.lines))
            self._numbers.addWidget(last, 1, len(self.lines))
            self.lines[ledger] = last
        self._ask.setVisible(bool(found.numbers))
        self.go.setEnabled(True)
        self.go.setDefault(True)
        first = self.group.button(0)
        if first is not None:
            first.setFocus()

    def take(self) -> None:
        """Do what is chosen, or open the window when it is done."""
        if self._done:
            self.restored.emit()
            self.accept()
            return
        if self._found is None or not self._found.choices:
            return
        numbers: dict[str, int] = {}
        for ledger, last in self.lines.items():
            text = last.text().strip().rpartition("-")[2]
            if text and not (text.isascii() and text.isdigit()):
                self.problem.setText(_("编号写数字，如 512"))
                last.setFocus()
                return
            numbers[ledger] = max(int(text or 0), self._found.numbers.get(ledger, 0))
        self.problem.setText("")
        self.go.setEnabled(False)
        self.leave.setEnabled(False)
        self.heading.setText(_("正在恢复，请不要关机…"))
        choice = self._found.choices[max(0, self.group.checkedId())]
        job = self._jobs.run(choice.title, Take(choice, self._home, self._clock, numbers, self._key))
        job.result.connect(self._took)
        job.failed.connect(self._fail)

    def _took(self, said: list[str]) -> None:
        self._done = True
        self.heading.setText(_("恢复好了"))
        self.said.setProperty("role", "")
        self.said.setText("\n".join(said))
        for part in (*self.group.buttons(), *self.lines.values()):
            part.setEnabled(False)
        self.hub.hide()
        self.leave.hide()
        self.go.setText(_("打开值班台"))
        self.go.setEnabled(True)
        self.go.setFocus()

    def _fail(self, text: str) -> None:
        self.problem.setText(text)
        self.heading.setText(_("可以怎么办") if self._found else _("查看时出错"))
        self.leave.setEnabled(True)
        self.go.setEnabled(self._found is not None and bool(self._found.choices))

    def reject(self) -> None:
        """Leave everything as it is; not in the middle of a restore."""
        if self.leave.isEnabled() and not self._done:
            super().reject()

    def done(self, result: int) -> None:
        self._jobs.close()
        super().done(result)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.go.isEnabled():
            self.take()
            return
        super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange and hasattr(self, "go"):
            fit(self, current().px(WIDTH), current().px(HEIGHT))


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
        column.addWidget(label(_("两台电脑用同一个编号记，记录会分叉。请说明是哪一种："), wrap=True))
        self.move_here = QRadioButton(_("搬迁：旧电脑不再记日志，这台接着记"))
        self.move_here.setObjectName("moved-move")
        self.copy = QRadioButton(_("复制：旧电脑照常记，这台另起代号，算一台新的值班台"))
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
        for part in (self.move_here, self.copy, self.code, self.problem):
            column.addWidget(part)
        bar = QHBoxLayout()
        bar.setSpacing(theme.px(8))
        bar.addStretch(1)
        bar.addWidget(leave)
        bar.addWidget(self.go)
        column.addLayout(bar)
        self.setMinimumWidth(min(theme.px(460), self.screen().availableGeometry().width()))

    def take(self) -> None:
        """Write down what was said; nothing is chosen for anybody."""
        if not (self.move_here.isChecked() or self.copy.isChecked()):
            self.problem.setText(_("请先选一种"))
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
