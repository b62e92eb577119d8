"""What a list is made of: its rows, and what is asked for. The asking itself is `journal.query`, which loads SQLAlchemy;
the first rows of a starting window are there before it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dutydesk.core.i18n import N_
from dutydesk.ledger.kinds import TEXT
from dutydesk.ledger.spec import Field, Value

PAGE = 256
ORIGIN = Field("_origin", TEXT, N_("区县"), width=8)
"""First column of tables and files where rows of several districts stand together (`journal.view`)."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a ledger: `id` 16 bytes, `n` its local order of arrival, `values` by field name."""

    ledger: str
    id: bytes
    n: int
    values: Mapping[str, Value]
    act: bytes = b""

    def __getitem__(self, name: str) -> Value:
        return self.values[name]

    def get(self, name: str, default: Value = None) -> Value:
        value = self.values.get(name)
        return default if value is None else value

    def text(self, name: str) -> str:
        """A text field, empty for no value."""
        value = self.values.get(name)
        return "" if value is None else str(value)

    def number(self, name: str) -> int:
        """An integer field, 0 for no value."""
        value = self.values.get(name)
        return value if isinstance(value, int) else 0


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison: `field op value`. `in` takes a tuple, `null` and `set` take nothing, `has` looks for characters
    in a text. `!=` finds rows without a value too: a row with an empty cell never disappears from a list."""

    field: str
    op: str
    value: Any = None


@dataclass(frozen=True, slots=True)
class Query:
    """What a list shows. `order` is a field, with a leading `-` for descending; '' means the ledger's own order."""

    ledger: str
    where: tuple[Condition, ...] = ()
    search: str = ""
    order: str = ""
