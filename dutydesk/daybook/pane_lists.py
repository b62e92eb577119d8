"""The list of the log as the pane shows it, and its first rows while the desk is still opening."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt

from dutydesk.core.i18n import _
from dutydesk.daybook import cells
from dutydesk.daybook.ledger import LOG
from dutydesk.journal.rows import Query, Row
from dutydesk.qt.columns import ColumnFit
from dutydesk.qt.listview import LedgerView
from dutydesk.qt.table import LedgerModel

if TYPE_CHECKING:
    from dutydesk.daybook.first import FirstPages

WIDTHS = {
    "no": 68,
    "happened_at": 108,
    "category": 92,
    "party": 140,
    "handling": 150,
    "incident": 68,
    "due_at": 124,
    "recorder": 80,
}
"""Pixels at 100 %: what stands in these columns is shorter here than in a whole list of the ledger."""
GIVES_WAY = ("recorder", "handling", "no", "incident", "due_at", "party")
"""Columns that a narrow list does without, in this order; all of it stands in the detail below."""


def log_model(
    desk: Any,
    now: Callable[[], int],
    pages: Callable[[Query], Any] | None = None,
    parent: QObject | None = None,
    author: Callable[[Row], str] | None = None,
) -> LedgerModel:
    """The log's rows as its list tells them; `author` says who wrote a line that names nobody."""
    shows: dict[str, Callable[[Row], str]] = {
        "no": lambda row: cells.short_no(row.get("no")),
        "happened_at": lambda row: cells.clock_text(row.get("happened_at"), now()),
        "text": cells.text_cell,
        "incident": lambda row: cells.marks_of(row).incident_no,
        "due_at": lambda row: cells.due_cell(row, now()),
        "recorder": lambda row: row.text("recorder") or (author(row) if author is not None else ""),
    }

    def tone(row: Row, name: str) -> str:
        return cells.due_tone(row, now()) if name == "due_at" else ""

    return LedgerModel(LOG, desk, columns=cells.COLUMNS, pages=pages, shows=shows, tone=tone, parent=parent)


def log_view(model: LedgerModel, line_for: Callable[[Row], str] | None = None) -> LedgerView:
    """The list over such a model."""
    view = LedgerView(model, important="text", line_for=line_for, empty=(_("还没有日志"), _("按 F2 记第一条")))
    ColumnFit(view, WIDTHS, GIVES_WAY)
    return view


def first_view(pages: FirstPages, now: Callable[[], int]) -> LedgerView:
    """The first rows, to be read until the pane is there: nothing can be done with them yet."""
    from dutydesk.daybook.first import FirstDesk

    view = log_view(log_model(FirstDesk(pages), now))
    view.setObjectName("first-rows")
    view.horizontalHeader().setSectionsClickable(False)
    view.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
    view.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the caret stays where the officer types
    return view
