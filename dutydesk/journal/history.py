"""How a row came to be what it is, and what is still disputed about it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from dutydesk.journal.apply import DUPLICATE, GONE, HEADS, parse_body
from dutydesk.journal.rows import Row
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


def districts(connection: Connection) -> dict[bytes, str]:
    """The district of every desk that has acts here, as its newest epoch says."""
    found = connection.exec_driver_sql(
        "SELECT f.desk, json_extract(a.body, '$.epoch.district') FROM frontier f"
        " JOIN act a ON a.desk = f.desk AND a.epoch = f.epoch AND a.seq = 1 ORDER BY f.epoch"
    )
    return {bytes(desk): str(district or "") for desk, district in found}


def disputes(connection: Connection) -> list[tuple[str, bytes, str, str]]:
    """(ledger, row, field, kind) of what somebody is asked to settle: everything in `conflict` but rows of one key that
    different districts made. Each has a shift of this day and a post of this name, which is as it should be."""
    every = [
        (str(ledger), bytes(row), str(field), str(kind))
        for ledger, row, field, kind in connection.exec_driver_sql(
            "SELECT ledger, row, field, kind FROM conflict ORDER BY ledger, row, field"
        )
    ]
    double = {ledger for ledger, _row, _field, kind in every if kind == DUPLICATE}
    if not double:
        return every
    places = districts(connection)
    several = [desk for desk, place in places.items() if list(places.values()).count(place) > 1]
    marks = ",".join("?" * len(several))
    asked: set[tuple[str, bytes]] = set()
    for ledger in double if several else ():
        columns = [
            f't."{name}"' for _seq, _at, name in connection.exec_driver_sql(f"PRAGMA index_info(ix_{ledger}_match)")
        ]
        found = connection.exec_driver_sql(
            f"SELECT t.id, a.desk, {', '.join(columns)} FROM {ledger} t JOIN act a ON a.act_id = t._act"
            f" WHERE t.id IN (SELECT row FROM conflict WHERE ledger = ? AND kind = ?) AND a.desk IN ({marks})",
            (ledger, DUPLICATE, *several),
        ).all()
        groups: dict[tuple[Any, ...], list[tuple[bytes, bytes]]] = {}
        for row, desk, *key in found:
            groups.setdefault((places.get(bytes(desk), ""), *key), []).append((bytes(row), bytes(desk)))
        for made in groups.values():
            if len({desk for _row, desk in made}) > 1:
                asked |= {(ledger, row) for row, _desk in made}
    return [one for one in every if one[3] != DUPLICATE or one[:2] in asked]


def of_one_district(connection: Connection, rows: Sequence[Row], like: bytes) -> list[Row]:
    """Those rows that desks of the same district made as the row `like` among them."""
    places = districts(connection)
    made: dict[bytes, str] = {}
    for row in rows:
        desk = connection.exec_driver_sql("SELECT desk FROM act WHERE act_id = ?", (row.act,)).scalar()
        made[row.id] = places.get(bytes(desk), "") if desk is not None else ""
    return [row for row in rows if made[row.id] == made.get(like)]


def conflicts(connection: Connection, schema: Schema, ledger: str = "", row: bytes = b"") -> list[Conflict]:
    """All open disputes, or those of one ledger or row."""
    found = [one for one in disputes(connection) if ledger in ("", one[0]) and row in (b"", one[1])]
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
