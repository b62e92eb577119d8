"""What a workstation knows for itself: its private key, hubs and other desks, runs of its jobs, and what others have
witnessed of the record. All of it is local: never an act, never sent, never rebuilt (house.md §6)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dutydesk.core.clock import DAY, HOUR
from dutydesk.journal import signing
from dutydesk.journal.recipe import Cursor

if TYPE_CHECKING:
    from dutydesk.journal.store import Store

DESK_KEY = "desk"
"""Name of the desk's own private key in `local_key`."""
RUNNING, DONE, FAILED, STOPPED = "RUNNING", "DONE", "FAILED", "STOPPED"
KEPT_RUNS = 2_000
"""Runs of one kind that are remembered: a week of one every five minutes."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a job: when (ms UTC), how it ended, and what it says of itself."""

    n: int
    kind: str
    started_at: int
    ended_at: int | None
    state: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Witnessed:
    """A place of a chain that somebody else vouches for."""

    desk: bytes
    epoch: int
    seq: int
    hash: bytes


# -- keys ----------------------------------------------------------------------------------------------------------------


def secret(store: Store, name: str = DESK_KEY) -> bytes | None:
    """A private key by its name."""
    found = store.ask("SELECT secret FROM local_key WHERE name = ?", (name,))
    return bytes(found[0][0]) if found else None


def own_secret(store: Store) -> bytes:
    """The desk's private key, made when there is none yet; asked of the writer, since an epoch begins before anybody
    else may read."""
    fresh = signing.new_secret()

    def look(cursor: Cursor) -> bytes:
        cursor.execute("INSERT OR IGNORE INTO local_key VALUES (?, ?, ?)", (DESK_KEY, fresh, store.clock.now()))
        cursor.execute("SELECT secret FROM local_key WHERE name = ?", (DESK_KEY,))
        return bytes(cursor.fetchone()[0])

    return store.local(look)


def keep_secret(store: Store, value: bytes, name: str = DESK_KEY) -> None:
    """Put a private key in the place of the former one."""
    store.local(
        lambda cursor: cursor.execute(
            "INSERT INTO local_key VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE"
            " SET secret = excluded.secret, made_at = excluded.made_at",
            (name, value, store.clock.now()),
        )
    )


# -- hubs and other desks ------------------------------------------------------------------------------------------------


def peer(store: Store, name: str) -> dict[str, Any]:
    """What is remembered under a name; empty when nothing is."""
    found = store.ask("SELECT body FROM local_peer WHERE name = ?", (name,))
    return json.loads(found[0][0]) if found else {}


def peers(store: Store, prefix: str) -> dict[str, dict[str, Any]]:
    """Everything remembered under names that begin so, by the rest of the name."""
    found = store.ask(
        "SELECT name, body FROM local_peer WHERE substr(name, 1, ?) = ? ORDER BY name", (len(prefix), prefix)
    )
    return {str(name)[len(prefix) :]: json.loads(body) for name, body in found}


def remember(store: Store, told: Mapping[str, Mapping[str, Any] | None]) -> None:
    """Remember bodies by name in one transaction; `None` forgets the name."""
    now = store.clock.now()
    if told:
        store.local(lambda cursor: _remember(cursor, told, now))


def _remember(cursor: Cursor, told: Mapping[str, Mapping[str, Any] | None], now: int) -> None:
    for name, body in told.items():
        if body is None:
            cursor.execute("DELETE FROM local_peer WHERE name = ?", (name,))
            continue
        cursor.execute(
            "INSERT INTO local_peer VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE"
            " SET body = excluded.body, changed_at = excluded.changed_at",
            (name, json.dumps(body, ensure_ascii=False, sort_keys=True), now),
        )


# -- runs ----------------------------------------------------------------------------------------------------------------


def begin_run(store: Store, kind: str) -> int:
    """Note that a job begins; its number. A run that a kill cut off stays `RUNNING` until the next one begins, which
    calls it failed."""

    def work(cursor: Cursor) -> int:
        cursor.execute(
            "UPDATE local_job SET state = ?, ended_at = started_at WHERE kind = ? AND state = ?",
            (FAILED, kind, RUNNING),
        )
        cursor.execute(
            "INSERT INTO local_job (kind, started_at, state, body) VALUES (?, ?, ?, '{}')",
            (kind, store.clock.now(), RUNNING),
        )
        return int(cursor.lastrowid)

    return int(store.local(work))


def end_run(
    store: Store, n: int, state: str, body: Mapping[str, Any], told: Mapping[str, Mapping[str, Any]] | None = None
) -> None:
    """Note how a job ended, and what it leaves to be remembered (`remember`); the oldest runs of its kind are
    forgotten."""
    now = store.clock.now()

    def work(cursor: Cursor) -> None:
        _remember(cursor, told or {}, now)
        cursor.execute(
            "UPDATE local_job SET ended_at = ?, state = ?, body = ? WHERE n = ?",
            (now, state, json.dumps(body, ensure_ascii=False, sort_keys=True), n),
        )
        cursor.execute(
            "DELETE FROM local_job WHERE kind = (SELECT kind FROM local_job WHERE n = ?1) AND n <= ?1 - ?2",
            (n, KEPT_RUNS),
        )

    store.local(work)


def runs(store: Store, kind: str, most: int = 50) -> list[Run]:
    """The last runs of a kind, newest first."""
    with store.read() as connection:
        found = connection.exec_driver_sql(
            "SELECT n, kind, started_at, ended_at, state, body FROM local_job WHERE kind = ? ORDER BY n DESC LIMIT ?",
            (kind, most),
        ).all()
    return [Run(row[0], row[1], row[2], row[3], row[4], json.loads(row[5])) for row in found]


# -- witnesses -----------------------------------------------------------------------------------------------------------


def note_witness(store: Store, kind: str, note: str, places: Iterable[Witnessed]) -> None:
    """Copy what somebody else vouches for into `checkpoint`: of each chain the last one of a day (+08:00)."""
    now = store.clock.now()
    day = (now + 8 * HOUR) // DAY * DAY - 8 * HOUR

    def work(cursor: Cursor) -> None:
        for place in places:
            where = (kind, place.desk, place.epoch, note)
            cursor.execute(
                "SELECT seq FROM checkpoint WHERE kind = ? AND desk = ? AND epoch = ? AND note = ?"
                " ORDER BY n DESC LIMIT 1",
                where,
            )
            held = cursor.fetchone()
            if held is not None and held[0] == place.seq:
                continue
            cursor.execute(
                "DELETE FROM checkpoint WHERE kind = ? AND desk = ? AND epoch = ? AND note = ? AND at >= ? AND at <= ?",
                (*where, day, now),
            )
            cursor.execute(
                "INSERT INTO checkpoint (at, kind, desk, epoch, seq, hash, note) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (now, kind, place.desk, place.epoch, place.seq, place.hash, note),
            )

    store.local(work)


def witnessed(store: Store, kind: str, desk: bytes, epoch: int) -> list[Witnessed]:
    """What others vouch for of one chain, oldest first."""
    with store.read() as connection:
        found = connection.exec_driver_sql(
            "SELECT desk, epoch, seq, hash FROM checkpoint WHERE kind = ? AND desk = ? AND epoch = ? ORDER BY n",
            (kind, desk, epoch),
        ).all()
    return [Witnessed(bytes(row[0]), int(row[1]), int(row[2]), bytes(row[3])) for row in found]


def own_public(store: Store) -> bytes:
    """The desk's public key, made when there is none yet."""
    return signing.public_of(own_secret(store))
