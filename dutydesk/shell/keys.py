"""The shortcut sheet (F1): what every key does, of the window and of the panes that are open."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QGridLayout, QScrollArea, QVBoxLayout, QWidget

from dutydesk.core.i18n import _
from dutydesk.ledger.feature import Feature
from dutydesk.qt.theme import current
from dutydesk.qt.widgets import button, fit, label

Commands = Sequence[tuple[str, str, Callable[[], None]]]


class KeySheet(QDialog):
    """Two columns of keys, one below the other where the screen is narrow for them; Esc closes it."""

    def __init__(
        self,
        commands: Commands,
        features: Iterable[Feature],
        panes: Iterable[tuple[str, Commands]],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("key-sheet")
        self.setWindowTitle(_("快捷键"))
        inside = QWidget()
        grid = QGridLayout(inside)
        grid.setHorizontalSpacing(current().px(24))
        grid.setVerticalSpacing(current().px(4))
        groups: list[tuple[str, list[tuple[str, str]]]] = [
            (_("窗口"), [(key, text) for text, key, _run in commands if key]),
            (_("窗格"), [(feature.key, _(feature.title)) for feature in features if feature.key]),
        ]
        for title, pane in panes:
            groups.append((title, [(key, text) for text, key, _run in pane if key]))
        holders: list[QWidget] = []
        for title, entries in (group for group in groups if group[1]):
            holder = QWidget()
            column = QGridLayout(holder)
            column.setContentsMargins(0, 0, 0, current().px(8))
            column.addWidget(label(title, "heading"), 0, 0, 1, 2)
            for at, (key, text) in enumerate(entries, 1):
                column.addWidget(label(key), at, 0)
                column.addWidget(label(text), at, 1)
            column.setColumnStretch(1, 1)
            column.setRowStretch(len(entries) + 1, 1)
            holders.append(holder)
        widest = max((holder.sizeHint().width() for holder in holders), default=0)
        room = min(current().px(680), self.screen().availableGeometry().width()) - current().px(56)
        columns = 2 if 2 * widest + current().px(24) <= room else 1
        for n, holder in enumerate(holders):
            grid.addWidget(holder, n // columns, n % columns)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setWidget(inside)
        close = button(_("关闭"), primary=True)
        close.clicked.connect(self.accept)
        layout = QVBoxLayout(self)
        layout.addWidget(area, 1)
        layout.addWidget(close, 0, Qt.AlignmentFlag.AlignRight)
        fit(self, current().px(680), current().px(520))
