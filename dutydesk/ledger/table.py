"""Ledger → SQLAlchemy `Table`: the projection in which the rows of a ledger stand.

Every ledger table has the same columns before its own: `_n` local order of arrival (primary key; the search index
points to it), `id` the row's UUID, `_act` and `_hlc` the act that made it and its time, `_state` 0 when its making has
not arrived, 1 listed, 2 deleted, `_batch` the import it came with (its rows are shown when the whole import is there).
STRICT types and nothing else: acts of several desks do not arrive in causal order, so the table refuses nothing
(house.md §6).
"""

from __future__ import annotations

from sqlalchemy import BLOB, INTEGER, TEXT, Column, Index, MetaData, Table
from sqlalchemy.types import TypeEngine

from dutydesk.ledger.spec import Ledger

SYSTEM_COLUMNS = ("_n", "id", "_act", "_hlc", "_state", "_batch")
EXPECTED, LISTED, DELETED = 0, 1, 2
_TYPES: dict[str, type[TypeEngine[object]]] = {"TEXT": TEXT, "INTEGER": INTEGER, "BLOB": BLOB}  # pyright: ignore[reportAssignmentType]

metadata = MetaData()


def table(ledger: Ledger, *indexes: str, into: MetaData = metadata) -> Table:
    """The table of `ledger`. Each of `indexes` is a comma-separated list of columns, e.g. `"happened_at,_n"`."""
    made = Table(
        ledger.name,
        into,
        Column("_n", INTEGER, primary_key=True),
        Column("id", BLOB),
        Column("_act", BLOB),
        Column("_hlc", INTEGER),
        Column("_state", INTEGER),
        Column("_batch", BLOB),
        *(Column(field.name, _TYPES[field.kind.sql]) for field in ledger.fields),
        sqlite_strict=True,
    )
    Index(f"ix_{ledger.name}_id", made.c.id)
    listed = [ledger.order.lstrip("-")] if ledger.order.lstrip("-") in ledger else []
    Index(f"ix_{ledger.name}_listed", made.c["_state"], *(made.c[name] for name in listed))
    if ledger.number:
        Index(f"ix_{ledger.name}_number", made.c[ledger.number])
    if ledger.match:
        Index(f"ix_{ledger.name}_match", *(made.c[name] for name in ledger.match))
    for columns in indexes:
        names = columns.split(",")
        Index(f"ix_{ledger.name}_{'_'.join(names)}", *(made.c[name] for name in names))
    return made
