"""What was read out of broken files, sorted into a new record. See `sync/salvage.py` for the whole."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

from dutydesk.core.errors import DutyDeskError
from dutydesk.journal import chain, recipe
from dutydesk.journal.apply import parse_body
from dutydesk.journal.chain import Act
from dutydesk.journal.chaincheck import GARBLED, LEAST_BYTES, Base
from dutydesk.journal.making import make_tables
from dutydesk.journal.schema import Schema
from dutydesk.journal.store import ACT_COLUMNS, INSERT_ACT, INSERT_PERSONAL, MOVE_FRONTIER

LOCAL_TABLES = ("local_key", "local_pin", "local_peer", "local_state", "local_mapping")
"""What a workstation knows for itself and would miss."""
AT_ONCE = 2_000
STRIDE = 4_096
Gap = tuple[bytes, int, int, int]
"""Desk, epoch, first and last seq."""


class Finds:
    """A file of its own that takes in acts from several sources; each act once, and only where its hash holds."""

    def __init__(self, path: Path, key: bytes | None) -> None:
        self._raw = recipe.connect(path, key, create=True)
        run = self._raw.execute
        run(f"CREATE TABLE find (n INTEGER PRIMARY KEY, {ACT_COLUMNS}, state INTEGER NOT NULL DEFAULT 0)")
        run("CREATE UNIQUE INDEX ux_find ON find (desk, epoch, seq, hash)")
        run("CREATE TABLE side (act_id, n, ledger, row, salt, data, PRIMARY KEY (act_id, n)) WITHOUT ROWID")
        run("CREATE TABLE reach (desk, epoch, seq, PRIMARY KEY (desk, epoch)) WITHOUT ROWID")
        run("CREATE TABLE kept (name, columns, value)")

    def close(self) -> None:
        self._raw.close()

    # -- reading -------------------------------------------------------------------------------------------------------

    def read(self, source: Path, key: bytes | None) -> int:
        """Take in what can be read of a file; how many acts were new."""
        before = self.count()
        try:
            raw = recipe.connect(source, key)
        except DutyDeskError:
            return 0  # not even its first page: another source may do
        try:
            with suppress(recipe.driver().Error):
                raw.execute("PRAGMA cell_size_check=OFF")
            for rows in _ranges(raw, source):
                self._take(raw, rows)
            self._reaches(raw)
            self._locals(raw)
        finally:
            with suppress(recipe.driver().Error):
                raw.close()
        return self.count() - before

    def _take(self, raw: recipe.Raw, rows: list[tuple[Any, ...]]) -> None:
        self._raw.execute("BEGIN")
        for row in rows:
            act = Act(*row)
            if not _sound(act):
                continue
            self._raw.execute(f"INSERT OR IGNORE INTO find ({ACT_COLUMNS}) VALUES ({','.join('?' * 14)})", row)
            if b'"personal":"' in act.body:
                with suppress(recipe.driver().DatabaseError, UnicodeDecodeError):
                    found = raw.execute(
                        "SELECT act_id, n, ledger, row, salt, data FROM personal WHERE act_id = ?", (act.act_id,)
                    ).fetchall()
                    for side in found:
                        self._raw.execute("INSERT OR IGNORE INTO side VALUES (?, ?, ?, ?, ?, ?)", tuple(side))
        self._raw.execute("COMMIT")

    def _reaches(self, raw: recipe.Raw) -> None:
        """How far the source itself says that chains reached."""
        with suppress(recipe.driver().DatabaseError, *GARBLED):
            for desk, epoch, seq in raw.execute("SELECT desk, epoch, seq FROM frontier").fetchall():
                self._raw.execute(
                    "INSERT INTO reach VALUES (?, ?, ?) ON CONFLICT (desk, epoch) DO UPDATE SET seq = max(seq, excluded.seq)",
                    (bytes(desk), int(epoch), int(seq)),
                )

    def _locals(self, raw: recipe.Raw) -> None:
        for name in LOCAL_TABLES:
            if self._raw.execute("SELECT 1 FROM kept WHERE name = ? LIMIT 1", (name,)).fetchone():
                continue
            with suppress(recipe.driver().DatabaseError, *GARBLED):
                for row in raw.execute(f"SELECT * FROM {name}").fetchall():
                    packed = json.dumps([part.hex() if isinstance(part, bytes) else part for part in row])
                    kinds = "".join("b" if isinstance(part, bytes) else "-" for part in row)
                    self._raw.execute("INSERT INTO kept VALUES (?, ?, ?)", (name, kinds, packed))

    # -- sorting -------------------------------------------------------------------------------------------------------

    def count(self) -> int:
        """Acts that were read."""
        return int(self._raw.execute("SELECT count(*) FROM find").fetchone()[0])

    def ends(self) -> dict[tuple[bytes, int], int]:
        """How far each chain is known to reach."""
        found = self._raw.execute(
            "SELECT desk, epoch, max(seq) FROM (SELECT desk, epoch, seq FROM find UNION ALL SELECT * FROM reach)"
            " GROUP BY desk, epoch"
        ).fetchall()
        return {(bytes(desk), int(epoch)): int(seq) for desk, epoch, seq in found}

    def sort(self, ends: Mapping[tuple[bytes, int], int]) -> tuple[int, int, list[Gap]]:
        """Which acts make whole chains (state 1); how many those are, how many lie beyond a gap, and the gaps."""
        gaps: list[Gap] = []
        self._raw.execute("BEGIN")
        for (desk, epoch), end in sorted(ends.items()):
            held, whole = 0, True
            link = b""
            cursor = self._raw.cursor()
            cursor.execute(
                "SELECT n, seq, prev, hash FROM find WHERE desk = ? AND epoch = ? ORDER BY seq, n", (desk, epoch)
            )
            for n, seq, prev, digest in cursor.fetchall():
                if seq == held:
                    continue  # another branch of a fork, or the same again
                if seq != held + 1:
                    gaps.append((desk, epoch, held + 1, seq - 1))
                    whole = False
                if whole and seq > 1 and prev != link:
                    whole = False
                if whole:
                    self._raw.execute("UPDATE find SET state = 1 WHERE n = ?", (n,))
                held, link = seq, digest
            cursor.close()
            if held < end:
                gaps.append((desk, epoch, held + 1, end))
        self._raw.execute("COMMIT")
        whole_count = int(self._raw.execute("SELECT count(*) FROM find WHERE state = 1").fetchone()[0])
        return whole_count, self.count() - whole_count, gaps

    def beside(self) -> Iterator[Act]:
        """The acts that found no place."""
        for row in self._raw.execute(
            f"SELECT {ACT_COLUMNS} FROM find WHERE state = 0 ORDER BY desk, epoch, seq"
        ).fetchall():
            yield Act(*row)

    def epochs(self, desk: bytes) -> list[int]:
        """The epochs of a desk that were seen."""
        return [int(epoch) for at, epoch in self.ends() if at == desk]

    def last_link(self, desk: bytes) -> bytes:
        """The hash that the desk's new epoch continues."""
        found = self._raw.execute(
            "SELECT hash FROM find WHERE desk = ? AND state = 1 ORDER BY epoch DESC, seq DESC LIMIT 1", (desk,)
        ).fetchone()
        return bytes(found[0]) if found else chain.ZERO

    def first_told(self) -> dict[str, Any] | None:
        """What the first act that opens an epoch says of its desk."""
        found = self._raw.execute("SELECT body FROM find WHERE kind = 'epoch.open' ORDER BY n LIMIT 1").fetchone()
        told: Any = json.loads(found[0]).get("epoch") if found else None
        return cast("dict[str, Any]", told) if isinstance(told, dict) else None

    def secret(self) -> bytes | None:
        """The desk's private key, where it was read."""
        for (value,) in self._raw.execute("SELECT value FROM kept WHERE name = 'local_key'").fetchall():
            row = json.loads(value)
            if row[0] == "desk":
                return bytes.fromhex(row[1])
        return None

    def numbers(self, schema: Schema, desk: str, year: int) -> dict[str, int]:
        """The highest number of this year that the desk gave in each numbered ledger, in any act that was read."""
        fields = {name: shape.ledger.number for name, shape in schema.shapes.items() if shape.ledger.number}
        out: dict[str, int] = {}
        cursor = self._raw.cursor()
        cursor.execute("SELECT body FROM find WHERE desk = ?", (bytes.fromhex(desk),))
        while rows := cursor.fetchmany(AT_ONCE):
            for (body,) in rows:
                highest(body, fields, year, out)
        cursor.close()
        return out

    # -- the new record ------------------------------------------------------------------------------------------------

    def record(self, target: Path, schema: Schema, key: bytes | None) -> recipe.Raw:
        """A new file with the whole chains in the order in which they were read, its projections still empty."""
        raw = recipe.connect(target, key, create=True)
        make_tables(raw, schema)
        raw.execute("BEGIN IMMEDIATE")
        cursor = self._raw.cursor()
        cursor.execute(f"SELECT {ACT_COLUMNS} FROM find WHERE state = 1 ORDER BY hlc, desk, epoch, seq")
        ends: dict[tuple[bytes, int], tuple[Any, ...]] = {}
        while rows := cursor.fetchmany(AT_ONCE):
            for row in rows:
                raw.execute(INSERT_ACT, row)
                act = Act(*row)
                ends[act.desk, act.epoch] = (act.desk, act.epoch, act.seq, act.hash, act.hlc)
                for side in self._raw.execute("SELECT * FROM side WHERE act_id = ?", (act.act_id,)).fetchall():
                    raw.execute(INSERT_PERSONAL, tuple(side))
        cursor.close()
        for end in ends.values():
            raw.execute(MOVE_FRONTIER, end)
        for name, kinds, value in self._raw.execute("SELECT name, columns, value FROM kept").fetchall():
            parts = [
                bytes.fromhex(part) if kind == "b" else part
                for kind, part in zip(kinds, json.loads(value), strict=True)
            ]
            with suppress(recipe.driver().DatabaseError):
                raw.execute(f"INSERT OR IGNORE INTO {name} VALUES ({','.join('?' * len(parts))})", parts)
        raw.execute("DELETE FROM local_state WHERE key = 'epoch'")
        raw.execute("COMMIT")
        return raw


def highest(body: bytes, fields: Mapping[str, str], year: int, into: dict[str, int]) -> None:
    """Note the numbers of a year that an act gives: `fields` names the numbered field of each ledger."""
    for change in parse_body(body)["changes"]:
        number = str(change.get("set", {}).get(fields.get(change["ledger"], ""), ""))
        given, _dash, tail = number.rpartition("-")
        if tail.isdigit() and given.endswith(str(year)):
            into[change["ledger"]] = max(into.get(change["ledger"], 0), int(tail))


def _sound(act: Act) -> bool:
    """Whether an act is what it was when it was made."""
    try:
        return chain.act_hash(act) == act.hash and isinstance(parse_body(act.body)["changes"], list)
    except (*GARBLED, struct.error, RecursionError):
        return False


def goes_on(raw: recipe.Raw, base: Base, own: tuple[bytes, int], end: int) -> bool:
    """Whether everything that a record has after `base`, what a whole copy vouches for, can be read and follows it, up
    to `end` of the chain `own`: what is broken in it is then in the copy."""
    ends = {(place.desk, place.epoch): (place.seq, place.hash) for place in base.positions}
    cursor = raw.cursor()
    try:
        cursor.execute(f"SELECT {ACT_COLUMNS} FROM act WHERE arrival > ? ORDER BY arrival", (base.arrival,))
        while rows := cursor.fetchmany(STRIDE):
            for act in (Act(*row) for row in rows):
                seq, link = ends.get((act.desk, act.epoch), (0, act.prev))
                if not _sound(act) or (act.seq, act.prev) != (seq + 1, link):
                    return False
                if b'"personal":"' in act.body:
                    raw.execute("SELECT data FROM personal WHERE act_id = ?", (act.act_id,)).fetchall()
                ends[act.desk, act.epoch] = (act.seq, act.hash)
    except (recipe.driver().DatabaseError, *GARBLED):
        return False
    finally:
        with suppress(recipe.driver().Error):
            cursor.close()
    return ends.get(own, (0, b""))[0] >= end


def _ranges(raw: recipe.Raw, source: Path) -> Iterator[list[tuple[Any, ...]]]:
    """The rows of `act` in pieces; a piece that cannot be read is halved until single rows are left out."""
    most = source.stat().st_size // LEAST_BYTES + 1
    with suppress(recipe.driver().DatabaseError, TypeError):
        most = min(most, int(raw.execute("SELECT max(arrival) FROM act").fetchone()[0]))
    todo = [(start, min(start + STRIDE - 1, most)) for start in range(most // STRIDE * STRIDE + 1, 0, -STRIDE)]
    while todo:
        low, high = todo.pop()
        if low > high:
            continue
        try:
            found = raw.execute(
                f"SELECT {ACT_COLUMNS} FROM act WHERE arrival BETWEEN ? AND ? ORDER BY arrival", (low, high)
            ).fetchall()
        except (recipe.driver().DatabaseError, UnicodeDecodeError):
            if low < high:
                middle = (low + high) // 2
                todo += [(middle + 1, high), (low, middle)]
            continue
        if found:
            yield [tuple(row) for row in found]
