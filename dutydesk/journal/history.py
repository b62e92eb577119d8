"""How a row came to be what it is, and what is still disputed about it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from dutydesk.journal.apply import DUPLICATE, GONE, HEADS, parse_body
from dutydesk.journal.schema import Schema, Shape
from dutydesk.ledger.spec import Value

_ACT = "SELECT act_id, happened_at, recorded_at, by, kind, body, hlc FROM act WHERE act_id = ?"


@dataclass(frozen=True, slots=True)
class Version:
    """One act's part in a row. `values` are what it wrote; `made` tells whether it made the row."""

    act: bytes
    happened_at: int
    recorded_at: int
    by: str
    kind: str
    note: str
    values: Mapping[str, Value]
    made: bool


@dataclass(frozen=True, slots=True)
class Claim:
    """One of several values of a field: who wrote it and when."""

    act: bytes
    recorded_at: int
    by: str
    value: Value


@dataclass(frozen=True, slots=True)
class Conflict:
    """A dispute for a person to settle: `kind` is heads, duplicate or deleted; all values are kept in `claims`."""

    ledger: str
    row: bytes
    field: str
    kind: str
    claims: tuple[Claim, ...] = ()


def history(connection: Connection, shape: Shape, row: bytes) -> list[Version]:
    """Everything that was ever written to a row, oldest first."""
    ids: list[bytes] = []
    made = connection.exec_driver_sql(f"SELECT _act FROM {shape.ledger.name} WHERE id = ?", (row,)).first()
    if made is not None and made[0] is not None:
        ids.append(bytes(made[0]))
    ids += [bytes(act) for (act,) in connection.exec_driver_sql("SELECT act_id FROM touched WHERE row = ?", (row,))]
    others = "SELECT DISTINCT act_id FROM head WHERE ledger = ? AND row = ?"
    ids += [bytes(act) for (act,) in connection.exec_driver_sql(others, (shape.ledger.name, row))]
    versions: list[tuple[int, Version]] = []
    for act_id in dict.fromkeys(ids):
        found = connection.exec_driver_sql(_ACT, (act_id,)).first()
        if found is None:
            continue
        body = parse_body(found[5])
        for n, change in enumerate(body["changes"]):
            if change["ledger"] != shape.ledger.name or change["row"] != row.hex():
                continue
            values: dict[str, Value] = dict(change.get("set", {}))
            side = connection.exec_driver_sql(
                "SELECT data FROM personal WHERE act_id = ? AND n = ?", (act_id, n)
            ).first()
            if side is not None:
                values |= json.loads(side[0])
            for name in shape.refs & values.keys():
                text = values[name]
                values[name] = bytes.fromhex(text) if isinstance(text, str) else None
            version = Version(
                act_id, found[1], found[2], found[3], found[4], body.get("note", ""), values, "bases" not in change
            )
            versions.append((found[6], version))
    return [version for _hlc, version in sorted(versions, key=lambda each: (each[0], each[1].act))]


ASKED = "NOT (ledger = 'settings' AND kind = 'duplicate')"
"""Which rows of `conflict` somebody is asked to settle: one key that two districts have written is as it should be."""


def conflicts(connection: Connection, schema: Schema, ledger: str = "", row: bytes = b"") -> list[Conflict]:
    """All open disputes, or those of one ledger or row."""
    found = connection.exec_driver_sql(
        f"SELECT ledger, row, field, kind FROM conflict WHERE (? = '' OR ledger = ?) AND (? = x'' OR row = ?)"
        f" AND {ASKED} ORDER BY ledger, row, field",
        (ledger, ledger, row, row),
    ).all()
    out: list[Conflict] = []
    for name, row_id, field, kind in found:
        claims: list[Claim] = []
        if kind == HEADS and name in schema.shapes:
            heads = connection.exec_driver_sql(
                "SELECT h.act_id, a.recorded_at, a.by, h.value FROM head h JOIN act a ON a.act_id = h.act_id"
                " WHERE h.ledger = ? AND h.row = ? AND h.field = ? ORDER BY h.hlc DESC, h.act_id DESC",
                (name, row_id, field),
            )
            claims = [Claim(bytes(act), at, by, value) for act, at, by, value in heads]
        out.append(Conflict(name, bytes(row_id), field, kind, tuple(claims)))
    return out


KINDS = (HEADS, DUPLICATE, GONE)
