"""The first start: which district this is, its streets, and whether to begin empty or with the sample district."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from dutydesk.core.i18n import _
from dutydesk.core.settings import DeskConfig
from dutydesk.qt import dialogs
from dutydesk.qt.theme import current
from dutydesk.qt.widgets import button, fit, label, shortcut
from dutydesk.shell.manual import NIGHT_PAGE, show_page


@dataclass(frozen=True, slots=True)
class Start:
    """What was chosen: the workstation, the names of its streets, or the sample."""

    config: DeskConfig
    streets: tuple[tuple[str, str], ...]
    sample: bool


def streets_of(text: str, district: str) -> tuple[tuple[str, str], ...]:
    """Code and name of each street, one a line: `330102001 湖滨街道`, or the name alone (then numbered)."""
    found: list[tuple[str, str]] = []
    for line in text.splitlines():
        words = line.replace(",", " ").replace("，", " ").split()
        if not words:
            continue
        if re.fullmatch(r"\d{9,12}", words[0]) and len(words) > 1:
            found.append((words[0][:9], words[1]))
        else:
            found.append((f"{district}{len(found) + 1:03d}", words[0]))
    return tuple(found)


class Wizard(QDialog):
    """One page, a minute.

    Signals:
        chosen: a `Start`. restoring: there is a copy of a desk that is to go on here.
    """

    chosen = Signal(object)
    restoring = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("wizard")
        self.setWindowTitle(_("第一次使用"))
        theme = current()
        self.sample = QRadioButton(_("先看示例：一个虚构的值班夜，随便试"))
        self.sample.setObjectName("wizard-sample")
        self.empty = QRadioButton(_("正式使用：从空白开始"))
        self.empty.setObjectName("wizard-empty")
        self.empty.setChecked(True)
        self.back = QRadioButton(_("换电脑：从备份恢复原来的值班台"))
        self.back.setObjectName("wizard-back")
        self.code = self._line("wizard-code", "330102")
        self.name = self._line("wizard-name", _("如 上城区"))
        self.unit = self._line("wizard-unit", _("如 上城区应急管理局"))
        self.streets = QPlainTextEdit()
        self.streets.setObjectName("wizard-streets")
        self.streets.setAccessibleName(_("街道"))
        self.streets.setTabChangesFocus(True)
        self.streets.setPlaceholderText(_("一行一个街道或乡镇；可以以后再补"))
        self.streets.setFixedHeight(theme.px(120))
        read = button(_("从 CSV 读入"))
        read.clicked.connect(self._read)
        form = QFormLayout()
        form.setVerticalSpacing(theme.px(8))
        form.addRow(_("区划代码"), self.code)
        form.addRow(_("区县名称"), self.name)
        form.addRow(_("单位全称"), self.unit)
        form.addRow(_("街道"), self.streets)
        form.addRow("", read)
        self.problem = label("", "problem", wrap=True)
        self.go = button(_("开始"), primary=True)
        self.go.setObjectName("wizard-go")
        self.go.setDefault(True)
        self.go.clicked.connect(self.take)
        leave = button(_("退出"))
        leave.clicked.connect(self.reject)
        row = QHBoxLayout()
        row.addWidget(self.problem, 1)
        row.addWidget(leave)
        row.addWidget(self.go)
        column = QVBoxLayout(self)
        column.setContentsMargins(*(theme.px(16),) * 4)
        column.setSpacing(theme.px(8))
        column.addWidget(label(_("这台电脑上的值班台"), "title"))
        column.addWidget(label(_("所有数据只存在本机，没有网络也能用"), "muted"))
        column.addWidget(self.empty)
        column.addLayout(form)
        column.addWidget(self.sample)
        column.addWidget(self.back)
        column.addLayout(row)
        self.empty.toggled.connect(self._switch)
        shortcut(self, "F1", self.show_help)
        fit(self, theme.px(560), theme.px(460))

    def show_help(self) -> None:
        """F1: the page that also tells of a new machine."""
        show_page(self, NIGHT_PAGE)

    def _line(self, name: str, hint: str) -> QLineEdit:
        line = QLineEdit()
        line.setObjectName(name)
        line.setPlaceholderText(hint)
        return line

    def _switch(self, empty: bool) -> None:
        for widget in (self.code, self.name, self.unit, self.streets):
            widget.setEnabled(empty)

    def _read(self) -> None:
        chooser = dialogs.open_file(self, _("街道名单"), [_("表格 (*.csv *.txt)")])
        chooser.chosen.connect(self._take_file)

    def _take_file(self, path: Path) -> None:
        data = path.read_bytes()
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode("gb18030", "replace")
        code = self.code.text().strip()
        lines = [line.replace('"', "").replace(",", " ") for line in text.splitlines()]
        mine = [line for line in lines if code and line.split()[:1] and line.split()[0].startswith(code)]
        kept = mine or [line for line in lines[1:] if line.strip()]
        self.streets.setPlainText("\n".join(kept[:200]))

    def take(self) -> None:
        """Check what was typed and hand it over."""
        if self.back.isChecked():
            self.restoring.emit()
            self.accept()
            return
        desk = secrets.token_hex(16)
        if self.sample.isChecked():
            self.chosen.emit(Start(DeskConfig(desk, sample=True), (), sample=True))
            self.accept()
            return
        code, name, unit = (line.text().strip() for line in (self.code, self.name, self.unit))
        if not re.fullmatch(r"\d{6}", code):
            self.problem.setText(_("区划代码是 6 位数字"))
            self.code.setFocus()
            return
        if not name or not unit:
            self.problem.setText(_("请写区县名称和单位全称"))
            (self.unit if name else self.name).setFocus()
            return
        config = DeskConfig(desk, district=code, name=name, unit=unit)
        self.chosen.emit(Start(config, streets_of(self.streets.toPlainText(), code), sample=False))
        self.accept()
