"""Writing derived tables: the one statement that features need and may not spell themselves (house.md §6)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Table


def upsert(
    connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]], newer: Sequence[str] = ("hlc", "act")
) -> None:
    """Write `rows` (values in the order of the table's columns). Where the primary key stands already, the row whose
    `newer` columns are greater, compared in that order, wins: so the order of arrival does not matter."""
    if rows:
        connection.exec_driver_sql(_statement(table, tuple(newer)), list(rows))


@cache
def _statement(table: Table, newer: tuple[str, ...]) -> str:
    names = [f'"{column.name}"' for column in table.columns]
    key = [f'"{column.name}"' for column in table.primary_key.columns]
    rest = [f'"{column.name}" = excluded."{column.name}"' for column in table.columns if not column.primary_key]
    theirs = ", ".join(f'excluded."{name}"' for name in newer)
    ours = ", ".join(f'"{table.name}"."{name}"' for name in newer)
    return (
        f'INSERT INTO "{table.name}" ({", ".join(names)}) VALUES ({", ".join("?" * len(names))})'
        f" ON CONFLICT ({', '.join(key)}) DO UPDATE SET {', '.join(rest)} WHERE ({theirs}) > ({ours})"
    )
