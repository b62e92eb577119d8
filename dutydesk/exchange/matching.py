"""Which row of the desk a record of a file is (`Ledger.match`), and what it would change there.

Records and rows with one key are paired: equal ones first, then, when there are as many on both sides, in their order.
A file may hold several records of one key (lots of one article, two people of one name): each is a row of its own,
and reading the same file again finds each of them unchanged.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import or_, select

from dutydesk.core.errors import Problem
from dutydesk.journal.desk import Desk
from dutydesk.ledger.spec import Field, Ledger, Mode, Value
from dutydesk.ledger.table import LISTED

CHUNK = 500
Key = tuple[Value, ...]
Held = tuple[bytes, dict[str, Value]]
"""A row of the desk: its id and the fields that were asked for."""


@dataclass(slots=True)
class Record:
    """One record of a file: values by field, and the records that belong to it; `link` is the field of a child that
    takes its parent's id. `fresh` are values that only a new row takes. `row` is set when it is known."""

    line: int
    values: dict[str, Value]
    children: Sequence[tuple[str, str, dict[str, Value]]] = ()
    fresh: Mapping[str, Value] = field(default_factory=dict[str, Value])
    row: bytes = b""
    problems: list[Problem] = field(default_factory=list[Problem])


def key_fields(ledger: Ledger, given: Collection[str]) -> tuple[str, ...]:
    """The fields by which records find their rows: `Ledger.match` as far as the file gives it; in a ledger to which
    rows are only added, everything that the file gives (one that keeps a hash knows a file again by it)."""
    if ledger.mode is Mode.APPEND or not ledger.match:
        if "sha256" in given:
            return ("sha256",)
        return tuple(item.name for item in ledger.fields if item.name in given)
    return tuple(name for name in ledger.match if name in given)


def held(
    desk: Desk, ledger: Ledger, fields: Sequence[str], keys: Collection[Key], wanted: Collection[str]
) -> dict[Key, list[Held]]:
    """Rows of the desk by key, in the order in which they came; of each the fields `wanted`."""
    table = desk.store.schema[ledger.name].table
    if not keys or not fields or not desk.count(ledger.name):
        return {}
    names = list(dict.fromkeys((*fields, *wanted)))
    statement = select(table.c.id, *(table.c[name] for name in names)).where(table.c["_state"] == LISTED)
    lead = _lead(ledger, fields)
    at = fields.index(lead)
    column = table.c[lead]
    leads = {key[at] for key in keys}
    values = [value for value in leads if value is not None]
    parts: list[Any] = [column.in_(values[start : start + CHUNK]) for start in range(0, len(values), CHUNK)]
    if None in leads:
        parts.append(column.is_(None))
    if len(parts) > 1 and len(values) * 4 > desk.count(ledger.name):
        parts = [or_(column.is_(None), column.is_not(None))]
    found: dict[Key, list[Held]] = {}
    positions = [names.index(name) + 1 for name in fields]
    with desk.store.read() as connection:
        for part in parts:
            for row in connection.execute(statement.where(part).order_by(table.c["_n"])):
                key = tuple(row[position] for position in positions)
                if key in keys:
                    found.setdefault(key, []).append((row[0], dict(zip(names, row[1:], strict=True))))
    return found


def _lead(ledger: Ledger, fields: Sequence[str]) -> str:
    """The field to ask by: an indexed one."""
    order = ledger.order.lstrip("-")
    if ledger.mode is Mode.APPEND and order in fields:
        return order
    return fields[0]


def difference(ledger: Ledger, record: Mapping[str, Value], row: Mapping[str, Value]) -> dict[str, Value]:
    """What the record says otherwise. A personal value that is only the mask of what stands there says nothing."""
    return {
        name: value
        for name, value in record.items()
        if row.get(name) != value and not _is_mask(ledger[name], value, row.get(name))
    }


def _is_mask(item: Field, value: Value, held_value: Value) -> bool:
    return (
        bool(item.personal)
        and isinstance(value, str)
        and "*" in value
        and isinstance(held_value, str)
        and item.kind.mask(held_value) == value
    )


def pair(
    records: Sequence[Record], rows: Sequence[Held], equal: Callable[[Record, Held], bool]
) -> tuple[list[tuple[Record, Held | None]], list[Record]]:
    """Records of one key with the rows they are (`None`: a new one); and the records of which it cannot be told."""
    left = list(rows)
    paired: list[tuple[Record, Held | None]] = []
    open_records: list[Record] = []
    for record in records:
        same = next((row for row in left if equal(record, row)), None)
        if same is None:
            open_records.append(record)
        else:
            left.remove(same)
            paired.append((record, same))
    if not left:
        paired += [(record, None) for record in open_records]
    elif len(left) == len(open_records):
        paired += list(zip(open_records, left, strict=True))
    elif open_records:
        return paired, open_records
    return paired, []
