"""Small choosers: which form to print, which list a file goes into."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QDialog, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from dutydesk.core.i18n import _
from dutydesk.ledger.feature import Form
from dutydesk.qt.theme import current
from dutydesk.qt.widgets import fit, label

if TYPE_CHECKING:
    from dutydesk.journal.desk import Desk

IMPORTABLE_LAST = ("settings", "audit", "prints", "attachments", "rain_batches", "shelter_counts", "log", "shifts")


class _Chooser(QDialog):
    """A list of a few lines; Enter takes one."""

    chosen = Signal(object)

    def __init__(self, title: str, hint: str, entries: Sequence[tuple[str, object]], parent: QWidget | None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        self.list = QListWidget()
        self.list.setAccessibleName(title)
        for text, value in entries:
            item = QListWidgetItem(text)
            item.setData(Qt.ItemDataRole.UserRole, value)
            item.setSizeHint(QSize(0, current().row))  # measured before it is shown it would be lower than the others
            self.list.addItem(item)
        self.list.setCurrentRow(0)
        self.list.itemActivated.connect(self._take)
        column = QVBoxLayout(self)
        column.setSpacing(current().px(8))
        column.addWidget(label(hint, "muted", wrap=True))
        column.addWidget(self.list, 1)
        fit(self, current().px(420), current().px(420))

    def _take(self, item: QListWidgetItem) -> None:
        value = item.data(Qt.ItemDataRole.UserRole)
        self.accept()
        self.chosen.emit(value)


class FormChooser(_Chooser):
    """Which form. Signals: chosen: a `Form`."""

    def __init__(self, forms: Sequence[Form], parent: QWidget | None = None) -> None:
        entries = [(_named(form), form) for form in forms]
        super().__init__(_("打印表单"), _("回车预览；预览里可以打印或另存"), entries, parent)
        self.setObjectName("form-chooser")


def _named(form: Form) -> str:
    """`交接班记录表（P01）`; a code that is only a word for the command line is left out."""
    title = _(form.title)
    return _("{title}（{code}）").format(title=title, code=form.code) if form.code[1:].isdigit() else title


class LedgerChooser(_Chooser):
    """Which list a file goes into. Signals: chosen: a ledger's name, or `rain`."""

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        entries: list[tuple[str, object]] = [
            (_(ledger.title), ledger.name)
            for feature in desk.features
            for ledger in feature.ledgers
            if ledger.name not in IMPORTABLE_LAST and _importable(desk, ledger.name)
        ]
        entries.append((_("雨量数据"), "rain"))
        super().__init__(_("导入文件"), _("导入到哪一本台账"), entries, parent)
        self.setObjectName("ledger-chooser")


def _importable(desk: Desk, ledger: str) -> bool:
    """Whether a file can go into a ledger: what the program writes by itself, or people sign, takes none."""
    from dutydesk.exchange.reading import importers
    from dutydesk.exchange.shapes import SIGNED_LEDGERS, SYSTEM_LEDGERS

    return ledger not in SYSTEM_LEDGERS | SIGNED_LEDGERS or bool(importers(desk, ledger))
