"""The newest entries of the log, read before the desk is open: what the window shows while it loads.

The same rows with the same marks as `lists.LogPages` gives later (a test holds one against the other), asked in plain
SQL, because SQLAlchemy takes longer to load than all of this.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from dutydesk.daybook.cells import Marked, Marks, short_no
from dutydesk.daybook.ledger import LOG
from dutydesk.journal.rows import Row
from dutydesk.ledger.spec import Value

Ask = Callable[[str, Sequence[Any]], list[Any]]
NEWEST = 80
"""More rows than the tallest screen shows."""
LISTED = 1
_NAMES = tuple(field.name for field in LOG.fields)
_COLUMNS = ", ".join(f'"{name}"' for name in _NAMES)
_SELECT = f"SELECT _n, id, _act, {_COLUMNS} FROM log"  # noqa: S608 - names of declared fields


class FirstPages:
    """The newest rows as a list of one page."""

    size = NEWEST

    def __init__(self, rows: Sequence[Row] = ()) -> None:
        self._rows = tuple(rows)

    def count(self) -> int:
        return len(self._rows)

    def page(self, index: int) -> Sequence[Row]:
        """The rows, all on page 0."""
        return () if index else self._rows

    def position(self, row: bytes) -> int | None:
        """Where a row stands."""
        return next((at for at, held in enumerate(self._rows) if held.id == row), None)


class FirstDesk:
    """The part of a desk that a table needs, for rows that say themselves all that is shown of them."""

    def __init__(self, pages: FirstPages) -> None:
        self._pages = pages

    def pages(self, _query: Any, /) -> FirstPages:
        return self._pages

    def titles(self, _ledger: str, rows: Sequence[bytes], /) -> Mapping[bytes, str]:
        return dict.fromkeys(rows, "")


def newest(ask: Ask) -> FirstPages:
    """The newest entries by time with what stands around them."""
    rows = _rows(ask(f"{_SELECT} WHERE _state = ? ORDER BY happened_at DESC, _n DESC LIMIT ?", (LISTED, NEWEST)))
    ids = [row.id for row in rows]
    corrected, answered = _naming(ask, "amends", ids), _naming(ask, "answers", ids)
    named = _by_id(ask, (value for row in rows for value in (row.get("amends"), row.get("answers"))))
    events = _events(ask, (row.get("incident") for row in rows))
    return FirstPages(
        [
            Marked(
                row.ledger,
                row.id,
                row.n,
                row.values,
                row.act,
                Marks(
                    corrected.get(row.id, ()),
                    answered.get(row.id, ()),
                    named.get(row.get("amends")),
                    named.get(row.get("answers")),
                    short_no(events.get(row.get("incident"))),
                ),
            )
            for row in rows
        ]
    )


def _rows(found: Iterable[tuple[Any, ...]]) -> list[Row]:
    return [
        Row("log", values[1], values[0], dict(zip(_NAMES, values[3:], strict=True)), values[2] or b"")
        for values in found
    ]


def _naming(ask: Ask, field: str, ids: Sequence[bytes]) -> dict[bytes, tuple[Row, ...]]:
    """The listed rows that name each of these in `field`, in the journal's order."""
    marks = ", ".join("?" * len(ids))
    # "+ 0": the index that begins with `field` is the one to take (service.LISTED_ROW).
    where = f"WHERE {field} IN ({marks}) AND _state + 0 = {LISTED} ORDER BY _hlc, id"
    out: dict[bytes, tuple[Row, ...]] = {}
    for row in _rows(ask(f"{_SELECT} {where}", ids)):
        name = row[field]
        if isinstance(name, bytes):
            out[name] = (*out.get(name, ()), row)
    return out


def _by_id(ask: Ask, ids: Iterable[Value]) -> dict[Value, Row]:
    wanted = _bytes(ids)
    if not wanted:
        return {}
    marks = ", ".join("?" * len(wanted))
    return {row.id: row for row in _rows(ask(f"{_SELECT} WHERE id IN ({marks}) AND _state > 0", wanted))}


def _events(ask: Ask, ids: Iterable[Value]) -> dict[Value, Value]:
    wanted = _bytes(ids)
    if not wanted:
        return {}
    marks = ", ".join("?" * len(wanted))
    return dict(ask(f"SELECT id, no FROM incidents WHERE id IN ({marks}) AND _state > 0", wanted))  # noqa: S608 - question marks


def _bytes(ids: Iterable[Value]) -> list[bytes]:
    return list(dict.fromkeys(value for value in ids if isinstance(value, bytes)))
