"""Columns that give way: a narrow list does without some, so that the important column can still be read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from PySide6.QtCore import QEvent, QObject, Qt

from dutydesk.journal.rows import ORIGIN
from dutydesk.qt.listview import LedgerView
from dutydesk.qt.theme import current

ORIGIN_WIDTH, CODED = 84, 36
"""Pixels at 100 %: the district where rows of several stand together, and the desks' codes within their numbers."""
LEAST = 240
"""Pixels at 100 % that the important column keeps."""


class ColumnFit(QObject):
    """Sets the widths of a view's columns whenever its width or the type's size changes.

    `widths` are pixels at 100 % by field; those of `gives_way` are hidden, the first ones first, where there is no
    room; the others stay.
    """

    def __init__(self, view: LedgerView, widths: Mapping[str, int], gives_way: Sequence[str]) -> None:
        super().__init__(view)
        self._view, self._gives_way = view, tuple(gives_way)
        if view.ledger_model.fields[0] is ORIGIN:
            coded = {name: width + CODED for name, width in widths.items() if name in ("no", "incident")}
            widths = {ORIGIN.name: ORIGIN_WIDTH, **widths, **coded}
        self._widths = {name: max(width, self._title(name)) for name, width in widths.items()}
        self._done: tuple[int, frozenset[str]] | None = None
        view.installEventFilter(self)

    def _title(self, name: str) -> int:
        """Pixels at 100 % that a column's title needs in the language in use, the mark of the order beside it."""
        theme, model = current(), self._view.ledger_model
        at = next(n for n, item in enumerate(model.fields) if item.name == name)
        title = str(model.headerData(at, Qt.Orientation.Horizontal) or "")
        return self._view.horizontalHeader().fontMetrics().horizontalAdvance(title) * 100 // theme.percent + 20

    def fit(self) -> None:
        """Look again."""
        theme, head = current(), self._view.horizontalHeader()
        room = self._view.width() - theme.px(LEAST + 16)
        gone = set(self._gives_way)
        stays = [name for name in self._widths if name not in self._gives_way]
        room -= sum(theme.px(self._widths[name]) for name in stays)
        for name in reversed(self._gives_way):
            room -= theme.px(self._widths[name])
            if room < 0:
                break
            gone.discard(name)
        wanted = (theme.percent, frozenset(gone))
        if wanted == self._done:
            return
        self._done = wanted
        self._view.restore_columns(json.dumps({"widths": self._widths, "hidden": sorted(gone)}).encode())
        for at, item in enumerate(self._view.ledger_model.fields):
            if item.name in self._gives_way and item.name not in gone and not head.sectionSize(at):
                head.resizeSection(at, theme.px(self._widths[item.name]))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Show):
            self.fit()
        return False
