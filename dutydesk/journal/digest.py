"""One hash over the projections: equal on two desks exactly when they show the same.

Left out is what depends on the order of arrival or on this program's version: `_n`, `early`, `touched`, `tally`,
`unprojected`, the search index.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Protocol

from dutydesk.journal.recipe import Cursor
from dutydesk.journal.schema import Schema


class _Hash(Protocol):
    def update(self, data: bytes, /) -> None: ...


_MERGE = (
    "SELECT 'head', ledger, row, field, act_id, hlc, value FROM head ORDER BY ledger, row, field, act_id",
    "SELECT 'conflict', ledger, row, field, kind FROM conflict ORDER BY ledger, row, field, kind",
    "SELECT 'erased', ledger, row FROM erased ORDER BY ledger, row",
    "SELECT 'counter', desk, ledger, year, n FROM counter ORDER BY desk, ledger, year",
    "SELECT 'batch', batch, whole, seen FROM open_batch ORDER BY batch",
)


def digest(cursor: Cursor, schema: Schema) -> str:
    """SHA-256 of every ledger table and of the merge's tables, hex."""
    out = hashlib.sha256()
    for name in sorted(schema.shapes):
        out.update(f"\n{name}\n".encode())
        _feed(out, cursor, ledger_rows(schema, name))
    for statement in _MERGE:
        _feed(out, cursor, statement)
    return out.hexdigest()


def ledger_digest(cursor: Cursor, schema: Schema, name: str) -> str:
    """The same for one ledger, to say where two desks differ."""
    out = hashlib.sha256()
    _feed(out, cursor, ledger_rows(schema, name))
    return out.hexdigest()


def derived_digest(cursor: Cursor, schema: Schema) -> str:
    """The same for the derived tables. It stands apart: they also depend on attached files, which arrive when they
    arrive."""
    out = hashlib.sha256()
    for derived in schema.derived:
        for table in derived.tables:
            key = ", ".join(column.name for column in table.primary_key.columns) or "rowid"
            columns = ", ".join(sorted(column.name for column in table.columns))
            out.update(f"\n{table.name}\n".encode())
            _feed(out, cursor, f"SELECT {columns} FROM {table.name} ORDER BY {key}")
    return out.hexdigest()


def ledger_rows(schema: Schema, name: str) -> str:
    """The statement that reads a ledger for its digest."""
    columns = ", ".join(f'"{column}"' for column in ("id", "_act", "_hlc", "_state", *sorted(schema[name].names)))
    return f"SELECT {columns} FROM {name} ORDER BY id"


def _feed(out: _Hash, cursor: Cursor, statement: str) -> None:
    cursor.execute(statement)
    while rows := cursor.fetchmany(2_000):
        out.update(_bytes(rows))


def _bytes(rows: Iterable[tuple[object, ...]]) -> bytes:
    return repr(list(rows)).encode("utf-8", "backslashreplace")
