"""How wide the columns of a list are: what the rows on the screen need, what was declared where there is room, and the
rest to the important column. `shares` is pure arithmetic in pixels; `Columns` measures for a view.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QTableView

from dutydesk.ledger.kinds import Day, Phone, Time
from dutydesk.qt.table import LedgerModel
from dutydesk.qt.theme import current

MEASURED = 48
"""Rows whose texts say how wide the columns are: more than one screen shows."""
LEAST_LETTERS, MOST_LETTERS = 12, 24
"""Characters of the important column that other columns give way to."""
_SAMPLES: tuple[tuple[type, str], ...] = ((Time, "2026-06-18 14:30"), (Day, "2026-06-18"), (Phone, "0571-00000000"))

CAP = 3, 2
"""What the data may ask for beyond the declared width, as a fraction: one long note shall not push a list away."""


class Want(NamedTuple):
    """What one column asks for: `least` for its title and kind, `data` for the rows that are shown (0 where there are
    none), `most` as declared."""

    least: int
    data: int
    most: int

    @property
    def need(self) -> int:
        """What it takes to show the rows whole, within reason."""
        return max(self.least, min(self.data, self.most * CAP[0] // CAP[1]))


def shares(wants: Sequence[Want], important: int, room: int, *, longest: int, empty: bool = False) -> list[int]:
    """Widths of the columns in `room` pixels; their sum is `room`, or more where the list has to be scrolled.

    `important` is the place of the column that takes the rest; it is asked to show its rows whole up to `longest`
    pixels before any other gets more than its rows need. A list without rows (`empty`) is never wider than its titles.
    """
    found = [want.least if empty else want.need for want in wants]
    main = wants[important]
    wanted = main.least if empty else max(main.least, min(main.data, longest))
    found[important] = 0
    spare = room - sum(found) - wanted
    for at, want in enumerate(wants):
        if at == important:
            continue
        if spare > 0 and found[at] < want.most:
            more = min(want.most - found[at], spare)
            found[at] += more
            spare -= more
    over = [max(width - max(want.most, want.least), 0) for width, want in zip(found, wants, strict=True)]
    if spare < 0 <= spare + sum(over):  # where it has to be scrolled all the same, nothing is cut for it
        for at in reversed(range(len(wants))):
            less = min(over[at], -spare)
            found[at] -= less
            spare += less
    found[important] = max(room - sum(found), wanted)
    return found


class Columns:
    """What the columns of a view ask for.

    Attributes: `own`: widths at 100 % by column that a person or a pane has set; they are kept as they are.
    """

    def __init__(self, view: QTableView, model: LedgerModel, important: int) -> None:
        self._view, self._model, self._important = view, model, important
        self.own: dict[int, int] = {}
        self._data = [0] * len(model.fields)

    def forget(self) -> None:
        """The type has another size: measure anew."""
        self._data = [0] * len(self._model.fields)

    def sample(self) -> bool:
        """Measure the first rows; whether any column needs more than it did. Widths never shrink while a list is
        open: columns that move with every refresh cannot be read."""
        model, head = self._model, self._view.horizontalHeader()
        columns = [at for at in range(len(model.fields)) if at not in self.own and not head.isSectionHidden(at)]
        if not self._view.isVisible() or columns == [self._important]:
            return False
        metrics = QFontMetrics(current().font())
        broad = metrics.horizontalAdvance("汉")
        enough = [broad * max(item.width * CAP[0] // CAP[1], MOST_LETTERS) for item in model.fields]
        found = list(self._data)
        for number in range(min(model.rowCount(), MEASURED)):
            for at in columns:
                text = str(model.data(model.index(number, at)) or "")
                if found[at] < enough[at] and len(text) * broad > found[at]:  # no character is broader
                    found[at] = max(found[at], metrics.horizontalAdvance(text))
        grown = found != self._data
        self._data = found
        return grown

    def want(self, at: int) -> Want:
        """What one column asks for: at least its title, with the mark of the order where the list is ordered by it;
        declared are `Field.width` characters, figures for figures and squares for words."""
        theme, item = current(), self._model.fields[at]
        set_to = self.own.get(at)
        if set_to is not None:
            return Want(theme.px(set_to), theme.px(set_to), theme.px(set_to))
        metrics = QFontMetrics(theme.font())
        around, mark = theme.px(16) + 4, theme.px(32)
        kind = max(
            (metrics.horizontalAdvance(text) for kind, text in _SAMPLES if isinstance(item.kind, kind)), default=0
        )
        declared = item.width * metrics.horizontalAdvance("0" if item.kind.numeric or kind else "汉")
        title = metrics.horizontalAdvance(str(self._model.headerData(at, Qt.Orientation.Horizontal)))
        ordered = item.name == self._model.order.lstrip("-")
        data = self._data[at] + theme.px(16) if self._data[at] else 0
        return Want(title + around + (mark if ordered else 0), data, max(declared, kind, title + mark) + around)

    def widths(self) -> dict[int, int]:
        """How wide each shown column is to be, in pixels; nothing while the important one is hidden."""
        head, letter = self._view.horizontalHeader(), current().px(14)
        shown = [at for at in range(head.count()) if not head.isSectionHidden(at)]
        if self._important not in shown:
            return {}
        wants = [self.want(at) for at in shown]
        place = shown.index(self._important)
        wants[place] = wants[place]._replace(least=max(wants[place].least, letter * LEAST_LETTERS))
        room, empty = self._view.viewport().width(), not self._model.rowCount()
        return dict(zip(shown, shares(wants, place, room, longest=letter * MOST_LETTERS, empty=empty), strict=True))
