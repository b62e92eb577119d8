"""What is known of one row, to be read beside a list: facts, wordings before and after, files to be saved elsewhere.

The panel is told what to show (`Detail`) and knows no ledger. Files are never opened here, only saved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from dutydesk.core.i18n import _
from dutydesk.qt.theme import current
from dutydesk.qt.widgets import button, label


@dataclass(frozen=True, slots=True)
class Compared:
    """One correction: `head` says which, by whom and why; `rows` are (field, before, after)."""

    head: str
    rows: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class File:
    """A file beside the row: `row` its own id, `name`, `note` its size or that it has not arrived; `here`: whether it can
    be saved elsewhere."""

    row: bytes
    name: str
    note: str = ""
    here: bool = True


@dataclass(frozen=True, slots=True)
class Detail:
    """All that the panel shows: a heading, one line below it, facts as (label, text), corrections, files."""

    heading: str
    note: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    compared: tuple[Compared, ...] = ()
    files: tuple[File, ...] = ()


class DetailPanel(QScrollArea):
    """A panel for one row.

    Signals:
        wanted: the id of a file that someone wants to save elsewhere.
    """

    wanted = Signal(object)

    def __init__(self, empty: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._empty = empty
        self._detail: Detail | None = None
        self._buttons: dict[QPushButton, bytes] = {}
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.show_detail(None)

    @property
    def detail(self) -> Detail | None:
        """What is shown."""
        return self._detail

    def show_detail(self, detail: Detail | None) -> None:
        """Show this, or the sentence for nothing chosen."""
        if detail is not None and detail == self._detail:
            return
        self._detail = detail
        self._buttons = {}
        theme = current()
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(theme.px(12), theme.px(8), theme.px(12), theme.px(8))
        column.setSpacing(theme.px(8))
        if detail is None:
            column.addWidget(label(self._empty, "muted", wrap=True))
        else:
            column.addWidget(label(detail.heading, "heading", wrap=True, selectable=True))
            if detail.note:
                column.addWidget(label(detail.note, "muted", wrap=True))
            if detail.facts:
                column.addLayout(self._facts(detail.facts))
            for item in detail.compared:
                column.addWidget(self._compared(item))
            if detail.files:
                column.addLayout(self._files(detail.files))
        column.addStretch(1)
        old = self.takeWidget()
        if old is not None:
            old.deleteLater()
        self.setWidget(body)

    def _facts(self, facts: Sequence[tuple[str, str]]) -> QGridLayout:
        theme = current()
        grid = QGridLayout()
        grid.setHorizontalSpacing(theme.px(12))
        grid.setVerticalSpacing(theme.px(4))
        grid.setColumnStretch(1, 1)
        for at, (name, text) in enumerate(facts):
            grid.addWidget(label(name, "muted"), at, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(label(text, wrap=True, selectable=True), at, 1)
        return grid

    def _compared(self, item: Compared) -> QFrame:
        """A correction: both wordings side by side, the heads of their columns said once."""
        theme = current()
        frame = QFrame()
        frame.setProperty("role", "panel")
        grid = QGridLayout(frame)
        grid.setContentsMargins(theme.px(8), theme.px(4), theme.px(8), theme.px(4))
        grid.setHorizontalSpacing(theme.px(12))
        grid.setVerticalSpacing(theme.px(4))
        grid.setColumnStretch(1, 1)
        grid.setColumnStretch(2, 1)
        grid.addWidget(label(item.head, wrap=True), 0, 0, 1, 3)
        grid.addWidget(label(_("原"), "muted"), 1, 1)
        grid.addWidget(label(_("现"), "muted"), 1, 2)
        for at, (name, old, new) in enumerate(item.rows, 2):
            grid.addWidget(label(name, "muted"), at, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(label(old or "—", wrap=True, selectable=True), at, 1, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(label(new or "—", wrap=True, selectable=True), at, 2, Qt.AlignmentFlag.AlignTop)
        return frame

    def _files(self, items: Sequence[File]) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(current().px(4))
        for item in items:
            row = QHBoxLayout()
            row.setSpacing(current().px(8))
            row.addWidget(label(item.name, selectable=True))
            row.addWidget(label(item.note, "muted"))
            if not item.here:
                row.addStretch(1)
                column.addLayout(row)
                continue
            save = button(_("另存为"))
            save.setObjectName(f"save-{item.row.hex()}")
            save.setAccessibleName(_("另存 {name}").format(name=item.name))
            save.clicked.connect(self._save)
            self._buttons[save] = item.row
            row.addWidget(save)
            row.addStretch(1)
            column.addLayout(row)
        return column

    def _save(self) -> None:
        pressed = self.sender()
        if isinstance(pressed, QPushButton) and pressed in self._buttons:
            self.wanted.emit(self._buttons[pressed])
