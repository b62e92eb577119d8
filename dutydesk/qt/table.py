"""One table model for every ledger: a true row count, pages of frozen rows fetched by key when they are shown, sort,
filter and search in SQL.

The model holds a `Query` and the `Pages` of it, never rows of its own beyond the newest 64 pages, so that a million
entries open as fast as a hundred. Every change of the query and every refresh is a model reset; the view keeps
selection, current row and scroll by row id across it (`qt/listview.py`). While someone has a row open (`hold`),
refreshes wait.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, QTimer, Signal
from PySide6.QtGui import QColor

from dutydesk.core.i18n import _
from dutydesk.journal.rows import ORIGIN, Condition, Query, Row
from dutydesk.ledger.kinds import Ref
from dutydesk.ledger.spec import Field, Ledger, On, Value
from dutydesk.qt.theme import current

if TYPE_CHECKING:
    from dutydesk.journal.query import Pages
    from dutydesk.qt.announcer import Changed

MOST_PAGES = 64
CELL_LIMIT = 300
REFRESH_MS = 150
"""Announcements that come in a row (an import) refresh a table at most this often."""

Index = QModelIndex | QPersistentModelIndex
DISPLAY, ALIGNMENT, INK = (
    int(Qt.ItemDataRole.DisplayRole),
    int(Qt.ItemDataRole.TextAlignmentRole),
    int(Qt.ItemDataRole.ForegroundRole),
)
TIP, ACCESSIBLE = int(Qt.ItemDataRole.ToolTipRole), int(Qt.ItemDataRole.AccessibleTextRole)
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)


class Desk(Protocol):
    """The part of `journal.desk.Desk` that a table needs."""

    def pages(self, query: Any, /) -> Pages: ...

    def titles(self, ledger: str, rows: Sequence[bytes], /) -> Mapping[bytes, str]: ...


def plain_query(ledger: Ledger) -> Query:
    """Everything in `ledger`, in its own order."""
    return Query(ledger.name)


@dataclass(slots=True)
class _Page:
    rows: Sequence[Row]
    shown: dict[int, tuple[str, ...]] = field(default_factory=dict)


class LedgerModel(QAbstractTableModel):
    """Rows of one ledger for a view.

    Attributes:
        ledger, fields: what is shown; `fields` are those of `On.TABLE` unless named.
        query: what is asked; change it by `set_query`, `set_where`, `set_search` or `sort`.

    Parameters:
        desk: gives `pages` and `titles`. pages: `(query) -> Pages` in place of the desk's.
        shows: field name → `show(row) -> str` in place of the kind's own text (an hour instead of a whole date).
        tone: `tone(row, field_name) -> level code or ""` colours a cell's text; its text must carry the word.

    Signals:
        reloaded: after every reset, with the new row count.
        asked: after the query was changed by anyone.
    """

    reloaded = Signal(int)
    asked = Signal(object)

    def __init__(
        self,
        ledger: Ledger,
        desk: Desk,
        *,
        query: Query | None = None,
        columns: Sequence[str] = (),
        pages: Callable[[Query], Pages] | None = None,
        shows: Mapping[str, Callable[[Row], str]] | None = None,
        tone: Callable[[Row, str], str] | None = None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.ledger = ledger
        self.fields: tuple[Field, ...] = tuple(ledger[name] for name in columns) if columns else ledger.on(On.TABLE)
        origin = getattr(desk, "services", {}).get("origin")
        if origin is not None:
            self.fields = (ORIGIN, *self.fields)
            shows = {**(shows or {}), ORIGIN.name: origin}
        self.query: Query = query or plain_query(ledger)
        self._desk = desk
        self._make_pages: Callable[[Query], Pages] = pages or desk.pages
        self._shows = dict(shows or {})
        self._tone = tone
        self._refs = [(item.name, item.kind.ledger) for item in self.fields if isinstance(item.kind, Ref)]
        self._referred = {ledger.name, *(name for _field, name in self._refs)}
        self._align = [_RIGHT if item.kind.numeric else _LEFT for item in self.fields]
        self._cache: OrderedDict[int, _Page] = OrderedDict()
        self._holds = 0
        self._stale = False
        self._revealed = False
        self._wait = QTimer(self)
        self._wait.setSingleShot(True)
        self._wait.setInterval(REFRESH_MS)
        self._wait.timeout.connect(self._after_wait)
        self._titles: dict[tuple[str, bytes], str] = {}
        self._pages: Pages = self._make_pages(self.query)
        self._count = self._pages.count()

    # -- what is asked ----------------------------------------------------------------------------------------------

    def set_query(self, query: Query) -> None:
        """Ask something else; the view goes back to the top unless it finds its row again."""
        if query != self.query:
            self.query = query
            self._reload()
            self.asked.emit(query)

    def set_where(self, where: Sequence[Condition]) -> None:
        """Filter: conditions that all hold."""
        self.set_query(replace(self.query, where=tuple(where)))

    def set_search(self, text: str) -> None:
        """Search characters and pinyin, words ANDed."""
        self.set_query(replace(self.query, search=text.strip()))

    @property
    def narrowed(self) -> bool:
        """Whether a filter or a search hides rows."""
        return bool(self.query.where or self.query.search)

    def bare(self) -> bool:
        """Whether there is no row at all, whatever is asked for."""
        return self._make_pages(replace(self.query, where=(), search="")).count() == 0

    @property
    def order(self) -> str:
        """The order in force, `-happened_at` or `name`."""
        return self.query.order or self.ledger.order

    def set_revealed(self, revealed: bool) -> None:
        """Show personal fields in full. Whoever calls this has recorded the reason first."""
        if revealed != self._revealed:
            self._revealed = revealed
            self._cache_texts_forget()
            if self._count:
                self.dataChanged.emit(self.index(0, 0), self.index(self._count - 1, len(self.fields) - 1))

    @property
    def revealed(self) -> bool:
        return self._revealed

    # -- refreshing -------------------------------------------------------------------------------------------------

    def hold(self) -> None:
        """Let refreshes wait, because a row of this table is open in an editor or the table is out of sight."""
        self._holds += 1

    def release(self) -> None:
        """End a `hold`; a refresh that waited comes now."""
        self._holds = max(self._holds - 1, 0)
        if not self._holds and self._stale:
            self.refresh()

    @property
    def held(self) -> bool:
        return self._holds > 0

    def refresh(self) -> None:
        """Read again, now or when the hold ends."""
        if self._holds:
            self._stale = True
        else:
            self._reload()

    def catch_up(self) -> None:
        """Read again now what waits for its 150 ms: whoever asks for one row must not be given its neighbour."""
        if self._stale and not self._holds:
            self._reload()

    def heed(self, changed: Changed) -> None:
        """Slot for `Announcer.changed`: refresh when this ledger or one it refers to has changed, the first time at
        once and then at most every 150 ms."""
        if not changed.touches(*self._referred):
            return
        if self._wait.isActive() or self._holds:
            self._stale = True
            return
        self.refresh()
        self._wait.start()

    def _after_wait(self) -> None:
        if self._stale and not self._holds:
            self.refresh()
            self._wait.start()

    def _reload(self) -> None:
        self._stale = False
        pages = self._make_pages(self.query)
        count = pages.count()
        self.beginResetModel()
        self._pages, self._count = pages, count
        self._cache.clear()
        self._titles.clear()
        self.endResetModel()
        self.reloaded.emit(count)

    def _cache_texts_forget(self) -> None:
        for page in self._cache.values():
            page.shown.clear()

    # -- rows -------------------------------------------------------------------------------------------------------

    def row(self, number: int) -> Row | None:
        """The row that stands at `number`; `None` where another process has just taken rows away."""
        page = self._page(number // self._pages.size)
        at = number % self._pages.size
        return page.rows[at] if at < len(page.rows) else None

    def position(self, row_id: bytes) -> int | None:
        """Where the row with this id stands in the present query."""
        at = self._pages.position(row_id)
        return at if at is not None and at < self._count else None

    def masked(self, row: Row) -> Row:
        """`row` with its personal values masked, unless revealed."""
        if self._revealed:
            return row
        values: dict[str, Value] = dict(row.values)
        for name in self.ledger.personal:
            item, value = self.ledger[name], values.get(name)
            if isinstance(value, str) and item.masks(row.values):
                values[name] = item.kind.mask(value)
        return replace(row, values=values)

    def text(self, row: Row, item: Field) -> str:
        """What a person reads in the field `item` of `row`; personal values masked unless revealed."""
        own = self._shows.get(item.name)
        if own is not None:
            return own(self.masked(row))
        value = row.values.get(item.name)
        if isinstance(item.kind, Ref):
            shown = self._title(item.kind.ledger, value) if isinstance(value, bytes) else ""
        else:
            shown = item.kind.show(value, item)
        if shown and item.personal and not self._revealed and item.masks(row.values):
            return item.kind.mask(shown)
        return shown

    def placed(self, row: Row, text: str) -> str:
        """A text about a row with its district before it, where rows of several stand together."""
        return f"{self.text(row, ORIGIN)} {text}".strip() if self.fields[:1] == (ORIGIN,) else text

    def texts(self, number: int) -> tuple[str, ...]:
        """The cells of the row at `number`, whole."""
        row = self.row(number)
        return tuple(self.text(row, item) for item in self.fields) if row else ("",) * len(self.fields)

    def _title(self, ledger: str, row: bytes) -> str:
        known = self._titles.get((ledger, row))
        return known if known is not None else self._desk.titles(ledger, [row])[row]

    def _learn_titles(self, rows: Sequence[Row]) -> None:
        """Ask for the titles of all rows that a page refers to, one question a field."""
        for name, ledger in self._refs:
            wanted = {value for row in rows if isinstance(value := row.values.get(name), bytes)}
            unknown = [value for value in wanted if (ledger, value) not in self._titles]
            if unknown:
                found = self._desk.titles(ledger, unknown)
                self._titles.update(((ledger, value), title) for value, title in found.items())

    def _page(self, number: int) -> _Page:
        page = self._cache.get(number)
        if page is None:
            page = _Page(self._pages.page(number))
            self._learn_titles(page.rows)
            self._cache[number] = page
            if len(self._cache) > MOST_PAGES:
                self._cache.popitem(last=False)
        else:
            self._cache.move_to_end(number)
        return page

    def _cells(self, number: int) -> tuple[str, ...]:
        size = self._pages.size
        page = self._page(number // size)
        cells = page.shown.get(number)
        if cells is None:
            cells = tuple(" ".join(text[:CELL_LIMIT].split("\n")) for text in self.texts(number))
            page.shown[number] = cells
        return cells

    # -- Qt ---------------------------------------------------------------------------------------------------------

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default, never written to
        return 0 if parent.isValid() else self._count

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default, never written to
        return 0 if parent.isValid() else len(self.fields)

    def data(self, index: Index, role: int = DISPLAY) -> Any:
        if role in (DISPLAY, TIP, ACCESSIBLE):
            number = index.row()
            return self._cells(number)[index.column()] if 0 <= number < self._count else None
        if role == ALIGNMENT:
            return self._align[index.column()]
        if role == INK and self._tone is not None:
            return self._ink(index)
        return None

    def _ink(self, index: Index) -> QColor | None:
        row = self.row(index.row())
        if row is None or self._tone is None:
            return None
        level = current().level(self._tone(row, self.fields[index.column()].name))
        return QColor(level.text) if level else None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = DISPLAY) -> Any:
        if orientation == Qt.Orientation.Vertical or not 0 <= section < len(self.fields):
            return None
        item = self.fields[section]
        if role == DISPLAY:
            told = _(item.label)
            return _("{label}（{unit}）").format(label=told, unit=_(item.unit)) if item.unit else told
        if role == ALIGNMENT:
            return self._align[section]
        if role == TIP:
            return _(item.help)
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Order by a column, in SQL."""
        if 0 <= column < len(self.fields) and self.fields[column] is not ORIGIN:
            sign = "-" if order == Qt.SortOrder.DescendingOrder else ""
            self.set_query(replace(self.query, order=f"{sign}{self.fields[column].name}"))
