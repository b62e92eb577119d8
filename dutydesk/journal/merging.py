"""The merge's own tables as Core sees them: those of `tables.MERGE`, for statements that more than one engine takes.

A desk's file is made from the texts of `tables.py`, whose wording stands in `sqlite_master` and is checked there; a
test holds these declarations against them.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BLOB, INTEGER, TEXT, Column, MetaData, Table
from sqlalchemy.types import UserDefinedType

ACT = Table("act", MetaData(), Column("act_id", BLOB), Column("desk", BLOB))
"""What `apply` asks of the record itself: which desk made an act. A hub's table of acts has the same columns."""


class Anything(UserDefinedType[Any]):
    """A value of any of the types there are; see `statements.Engine.encode`."""

    cache_ok = True

    def get_col_spec(self, **_named: Any) -> str:
        return "ANY"


_KEYS: dict[str, tuple[tuple[str, Any], ...]] = {
    "head": (("ledger", TEXT), ("row", BLOB), ("field", TEXT), ("act_id", BLOB)),
    "early": (("ledger", TEXT), ("row", BLOB), ("field", TEXT), ("act_id", BLOB)),
    "conflict": (("ledger", TEXT), ("row", BLOB), ("field", TEXT), ("kind", TEXT)),
    "erased": (("ledger", TEXT), ("row", BLOB)),
    "touched": (("row", BLOB), ("act_id", BLOB)),
    "counter": (("desk", BLOB), ("ledger", TEXT), ("year", INTEGER)),
    "tally": (("ledger", TEXT),),
    "open_batch": (("batch", BLOB),),
    "unprojected": (("act_id", BLOB),),
}
_REST: dict[str, tuple[tuple[str, Any], ...]] = {
    "head": (("hlc", INTEGER), ("value", Anything)),
    "counter": (("n", INTEGER),),
    "tally": (("listed", INTEGER),),
    "open_batch": (("whole", INTEGER), ("seen", INTEGER)),
    "unprojected": (("reason", TEXT),),
}


def merge_tables(into: MetaData) -> dict[str, Table]:
    """The tables by name, in the schema of `into`."""
    return {
        name: Table(
            name,
            into,
            *(Column(column, kind, primary_key=True, autoincrement=False) for column, kind in key),
            *(Column(column, kind, nullable=kind is Anything) for column, kind in _REST.get(name, ())),
        )
        for name, key in _KEYS.items()
    }
