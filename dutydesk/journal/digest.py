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
from dutydesk.journal.statements import SQLITE, Engine


class _Hash(Protocol):
    def update(self, data: bytes, /) -> None: ...


_MERGE = (
    ("head", "head", "ledger, row, field, act_id, hlc, value", ("ledger", "row", "field", "act_id")),
    ("conflict", "conflict", "ledger, row, field, kind", ("ledger", "row", "field", "kind")),
    ("erased", "erased", "ledger, row", ("ledger", "row")),
    ("counter", "counter", "desk, ledger, year, n", ("desk", "ledger", "year")),
    ("batch", "open_batch", "batch, whole, seen", ("batch",)),
)
"""What it is called in the hash, the table, its columns, their order."""
_TEXTS = frozenset(("ledger", "field", "kind"))


def digest(cursor: Cursor, schema: Schema, engine: Engine = SQLITE) -> str:
    """SHA-256 of every ledger table and of the merge's tables, hex; the same whichever engine holds them."""
    out = hashlib.sha256()
    for name in sorted(schema.shapes):
        out.update(f"\n{name}\n".encode())
        _feed(out, cursor, ledger_rows(schema, name, engine))
    for told, table, columns, order in _MERGE:
        _feed(out, cursor, _merge_rows(engine, told, table, columns, order), engine if table == "head" else SQLITE)
    return out.hexdigest()


def _merge_rows(engine: Engine, told: str, table: str, columns: str, order: Iterable[str]) -> str:
    if engine.place is None:
        return f"SELECT '{told}', {columns} FROM {table} ORDER BY {', '.join(order)}"
    by_bytes = ", ".join(f'"{name}" COLLATE "C"' if name in _TEXTS else f'"{name}"' for name in order)
    quoted = ", ".join(f'"{name}"' for name in columns.split(", "))
    return f"SELECT '{told}', {quoted} FROM {engine.place}.{table} ORDER BY {by_bytes}"


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


def ledger_rows(schema: Schema, name: str, engine: Engine = SQLITE) -> str:
    """The statement that reads a ledger for its digest."""
    columns = ", ".join(f'"{column}"' for column in ("id", "_act", "_hlc", "_state", *sorted(schema[name].names)))
    return f"SELECT {columns} FROM {engine.place + '.' if engine.place else ''}{name} ORDER BY id"


def _feed(out: _Hash, cursor: Cursor, statement: str, engine: Engine = SQLITE) -> None:
    """`engine` says how the last value of a row is kept."""
    cursor.execute(statement)
    while rows := cursor.fetchmany(2_000):
        if engine.decode is not None:
            rows = [(*row[:-1], engine.decode(row[-1])) for row in rows]
        out.update(_bytes(rows))


def _bytes(rows: Iterable[tuple[object, ...]]) -> bytes:
    return repr(list(rows)).encode("utf-8", "backslashreplace")
