"""The record as sync and bundles read it: how far every chain reaches here, and acts with what travels beside them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy import Connection

from dutydesk.journal.chain import Act
from dutydesk.journal.digest import digest
from dutydesk.journal.inbox import AT_ONCE, AT_ONCE_BYTES
from dutydesk.journal.store import ACT_COLUMNS, Store
from dutydesk.sync.wire import Parcel

Chain = tuple[bytes, int]
Head = tuple[int, bytes]
Frontier = Mapping[Chain, Head]
_HEADS = "SELECT desk, epoch, seq, hash FROM frontier"


def frontier(store: Store) -> dict[Chain, Head]:
    """(desk, epoch) → (seq, hash) of everything that is here."""
    return {(desk, epoch): (seq, head) for desk, epoch, seq, head in store.ask(_HEADS)}


def _frontier(connection: Connection) -> dict[Chain, Head]:
    found = connection.exec_driver_sql(_HEADS).all()
    return {(bytes(row[0]), int(row[1])): (int(row[2]), bytes(row[3])) for row in found}


def frontier_hash(held: Frontier) -> bytes:
    """32 bytes that are the same exactly for the same frontier."""
    out = hashlib.sha256()
    for (desk, epoch), (seq, head) in sorted(held.items()):
        out.update(desk + epoch.to_bytes(8, "big") + seq.to_bytes(8, "big") + head)
    return out.digest()


def opened(store: Store, chain: Chain) -> dict[str, Any]:
    """What the first act of an epoch says of its desk; empty where that is not here."""
    with store.read() as connection:
        body = connection.exec_driver_sql(
            "SELECT body FROM act WHERE desk = ? AND epoch = ? AND seq = 1", chain
        ).scalar()
    return dict(json.loads(body).get("epoch", {})) if body else {}


def codes(store: Store, district: str) -> set[str]:
    """The codes that desks of a district have used, as far as their epochs are here."""
    with store.read() as connection:
        found = connection.exec_driver_sql(
            "SELECT a.body FROM frontier f JOIN act a ON a.desk = f.desk AND a.epoch = f.epoch AND a.seq = 1"
        ).all()
    told = [json.loads(body).get("epoch", {}) for (body,) in found]
    return {str(one.get("code", "")) for one in told if one.get("district") == district}


def hash_at(store: Store, chain: Chain, seq: int) -> bytes | None:
    """The hash of one act, `None` where there is none."""
    found = store.ask("SELECT hash FROM act WHERE desk = ? AND epoch = ? AND seq = ?", (*chain, seq))
    return bytes(found[0][0]) if found else None


def parcels(store: Store, chain: Chain, after: int, upto: int, most: int, most_bytes: int) -> list[Parcel]:
    """Acts of a chain in order with their side rows: at most so many, and as many as their bodies have room; one at
    least where there is one."""
    out: list[Parcel] = []
    with store.read() as connection:
        cursor = connection.connection.cursor()  # SQLAlchemy's rows cost more than SQLite's
        try:
            cursor.execute(
                f"SELECT {ACT_COLUMNS} FROM act WHERE desk = ? AND epoch = ? AND seq > ? AND seq <= ? ORDER BY seq"  # noqa: S608
                " LIMIT ?",
                (*chain, after, upto, most),
            )
            size = 0
            while (row := cursor.fetchone()) is not None:
                act = Act(*row)
                size += len(act.body)
                if out and size > most_bytes:
                    break
                out.append((act, {}))
        finally:
            cursor.close()
        wanted = {act.act_id: personal for act, personal in out if b'"personal":' in act.body}
        if wanted:
            marks = ",".join("?" * len(wanted))
            sides = connection.exec_driver_sql(
                f"SELECT act_id, n, salt, data FROM personal WHERE act_id IN ({marks})",  # noqa: S608
                tuple(wanted),
            )
            for act_id, n, salt, data in sides:
                wanted[act_id][n] = (salt, data)
    return out


def shown(store: Store) -> tuple[bytes, str]:
    """The frontier's hash and the digest of what is shown at it, from one view of the record."""
    with store.read() as connection:
        held = frontier_hash(_frontier(connection))
        cursor = connection.connection.cursor()
        try:
            return held, digest(cursor, store.schema)  # pyright: ignore[reportArgumentType]
        finally:
            cursor.close()


def slices(delivery: Iterable[Parcel]) -> Iterator[list[Parcel]]:
    """Acts by as many as one transaction takes at most (`inbox.admit`)."""
    held: list[Parcel] = []
    size = 0
    for parcel in delivery:
        if held and (len(held) >= AT_ONCE or size + len(parcel[0].body) > AT_ONCE_BYTES):
            yield held
            held, size = [], 0
        held.append(parcel)
        size += len(parcel[0].body)
    if held:
        yield held
