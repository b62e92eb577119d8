"""The rules and thresholds of a district, as every feature reads them: rows of the ledger `settings` over the reference
data. A value that means nothing changes nothing; which keys there are is each feature's own affair."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import INTEGER, TEXT, Connection, column, select, table

from dutydesk.journal.desk import Desk
from dutydesk.ledger.table import LISTED

_FIELDS = ("key", "value", "source", "place", "date")
_TABLE = table("settings", column("_n", INTEGER), column("_state", INTEGER), *(column(name, TEXT) for name in _FIELDS))


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the ledger `settings`."""

    key: str
    value: str
    source: str = ""
    place: str = ""
    date: str = ""


def settings(connection: Connection, prefix: str) -> tuple[Setting, ...]:
    """The settings whose key begins with `prefix`, by key; of two rows of one key the later stands last."""
    columns = [_TABLE.c[name] for name in _FIELDS]
    found = connection.execute(
        select(*columns)
        .where(_TABLE.c["_state"] == LISTED, _TABLE.c.key.startswith(prefix, autoescape=True))
        .order_by(_TABLE.c.key, _TABLE.c["_n"])
    )
    return tuple(Setting(*(str(part or "").strip() for part in row)) for row in found)


def values(connection: Connection, prefix: str) -> dict[str, str]:
    """The same, key → value."""
    return {one.key: one.value for one in settings(connection, prefix)}


def setting(desk: Desk, key: str) -> str:
    """The value of one setting, empty where there is none."""
    with desk.store.read() as connection:
        return values(connection, key).get(key, "")
