"""Taking in acts that other desks made: checked first, then applied through the same `apply`, or set aside with the
reason. Nothing is dropped: an act is known already, applied, waiting for the ones before it, or in quarantine."""

from __future__ import annotations

import base64
import json
import struct
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, cast

from dutydesk.core.i18n import _
from dutydesk.journal import chain, peers
from dutydesk.journal.apply import is_hex, parse_body
from dutydesk.journal.batches import PAUSE
from dutydesk.journal.chain import Act
from dutydesk.journal.recipe import Cursor
from dutydesk.journal.store import Store

Personal = Mapping[int, tuple[bytes, bytes]]
Looked = tuple[Act, Personal, Mapping[str, Any]]
"""An act that was looked at and can be admitted, with its side rows and its body."""
ROW = 32
"""Digits of the id of a row."""
LEAST, MOST = -(2**63), 2**63 - 1
"""Numbers that SQLite can hold."""
AT_ONCE = 10_000
"""Acts that are applied in one transaction where nobody waits for the writer. Acts of many desks from one day touch the
same pages of the indexes, which a transaction writes once: ten of 1,000 write five times as much as one of 10,000."""
AT_ONCE_BYTES = 16 * 2**20
"""Bytes of their bodies."""
BESIDE_A_WINDOW = 10
"""Changes in one transaction beside an open window, where a save may wait for its end: fewer than an import of a person's
own, since nobody waits for the sync."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a delivery, in acts. `waiting` are beyond a gap: they are to be sent again when it is filled."""

    applied: int = 0
    known: int = 0
    waiting: int = 0
    quarantined: int = 0


def take_in(store: Store, delivery: Sequence[tuple[Act, Personal]], *, hashed: bool = False) -> Taken:
    """Take in acts in any order and number. `hashed` says that whoever brings them has made their hashes and compared
    them already; everything else is looked at here."""
    by_epoch: dict[tuple[bytes, int], list[tuple[Act, Personal]]] = {}
    for act, personal in delivery:
        by_epoch.setdefault((act.desk, act.epoch), []).append((act, personal))
    ready: list[Looked] = []
    known = waiting = quarantined = 0
    reach = _frontier(store)
    for (desk, epoch), entries in sorted(by_epoch.items()):
        entries.sort(key=lambda entry: entry[0].seq)
        seq, link = reach.get((desk, epoch), (0, chain.ZERO))
        first = len(ready)
        for act, personal in entries:
            if act.seq <= seq:
                held = next((a for a, _p, _b in ready[first:] if a.seq == act.seq), None)
                mine = held.hash if held else _hash_at(store, desk, epoch, act.seq)
                if mine == act.hash:
                    known += 1
                else:
                    quarantined += set_aside(store, act, _("同一序号有两条不同的记录（分叉）"))
                continue
            reason, body = look(act, personal, hashed=hashed)
            if reason:
                quarantined += set_aside(store, act, reason)
                continue
            if act.seq != seq + 1:
                waiting += 1
                continue
            if act.seq > 1 and act.prev != link:
                quarantined += set_aside(store, act, _("与上一条不衔接"))
                continue
            ready.append((act, personal, body))
            seq, link = act.seq, act.hash
    admit(store, ready)
    return Taken(len(ready), known, waiting, quarantined)


def admit(store: Store, ready: Sequence[Looked]) -> None:
    """Acts that were looked at into the record, contiguous for each desk; each transaction applies some and moves the
    frontier with them. Where nobody else has this desk open they are many, and few from the moment that somebody has:
    the writer is then given back in between, since a save may wait for it."""
    rest = threading.Event()
    start = 0
    while start < len(ready):
        if store.shared():
            start += store.receive(ready[start : _few(ready, start)])
            if start < len(ready):
                rest.wait(PAUSE)
        else:
            start += store.receive(ready[start : _many(ready, start)], crowded=store.shared)


def _few(ready: Sequence[Looked], start: int) -> int:
    """Where a small step that begins at `start` ends."""
    weight = 0
    for n, (act, _personal, _body) in enumerate(ready[start : start + BESIDE_A_WINDOW + 1], start):
        weight += max(1, act.body.count(b'"ledger":'))
        if n > start and weight > BESIDE_A_WINDOW:
            return n
    return min(len(ready), start + BESIDE_A_WINDOW)


def _many(ready: Sequence[Looked], start: int) -> int:
    """Where a large step that begins at `start` ends."""
    size = 0
    for n, (act, _personal, _body) in enumerate(ready[start : start + AT_ONCE], start):
        size += len(act.body)
        if n > start and size > AT_ONCE_BYTES:
            return n
    return min(len(ready), start + AT_ONCE)


def problem(act: Act, personal: Personal) -> str:
    """Why an act cannot be admitted; empty when it can."""
    return look(act, personal)[0]


def look(act: Act, personal: Personal, *, hashed: bool = False) -> tuple[str, Mapping[str, Any]]:
    """Why an act cannot be admitted, empty when it can; and its body. `hashed`: the hash is known to be right."""
    try:
        if not _is_number(act.epoch, act.seq, act.hlc, act.happened_at, act.recorded_at):
            return _("数字超出范围"), {}
        if not hashed and chain.act_hash(act) != act.hash:
            return _("校验值不符"), {}
        body = parse_body(act.body)
        changes = body["changes"]
        for change in changes:
            for value in change.get("set", {}).values():
                if isinstance(value, int) and not LEAST <= value <= MOST:
                    return _("数字超出范围"), {}
        if chain.canonical(body) != act.body or not _is_shaped(body):
            return _("写法不规范"), {}
        if (act.seq == 1) != (act.kind == "epoch.open"):
            return _("序号与种类不符"), {}
        for n, side in personal.items():
            if chain.personal_hash(*side) != changes[n]["personal"]:
                return _("个人信息与校验值不符"), {}
    except (ValueError, KeyError, IndexError, TypeError, RecursionError, AttributeError, struct.error):
        return _("内容无法读取"), {}
    return "", body


def _is_shaped(body: Mapping[str, Any]) -> bool:
    """Whether the parts of a body that every program reads are what docs/journal.md says; ledgers, fields and their
    values are looked at where they are known. Raises `TypeError` and the like for parts of another type."""
    for change in body["changes"]:
        row = change["row"]
        if len(row) != ROW or not is_hex(row) or not isinstance(change["ledger"], str):
            return False
        if "erase" in change:
            continue
        change["set"].keys()
        for bases in change["bases"].values() if "bases" in change else ():
            if not isinstance(bases, list) or not all(map(is_hex, cast("list[str]", bases))):
                return False
    for ledger, year, n in body.get("numbers", ()):
        if not isinstance(ledger, str) or not _is_number(year, n):
            return False
    batch = body.get("batch")
    return batch is None or (is_hex(batch["id"]) and _is_number(batch["n"], batch["of"]))


def _is_number(*numbers: object) -> bool:
    """Whether SQLite can hold them."""
    return all(isinstance(number, int) and LEAST <= number <= MOST for number in numbers)


def _frontier(store: Store) -> dict[tuple[bytes, int], tuple[int, bytes]]:
    with store.read() as connection:
        found = connection.exec_driver_sql("SELECT desk, epoch, seq, hash FROM frontier").all()
    return {(bytes(row[0]), int(row[1])): (int(row[2]), bytes(row[3])) for row in found}


def _hash_at(store: Store, desk: bytes, epoch: int, seq: int) -> bytes:
    with store.read() as connection:
        found = connection.exec_driver_sql(
            "SELECT hash FROM act WHERE desk = ? AND epoch = ? AND seq = ?", (desk, epoch, seq)
        ).first()
    return b"" if found is None else bytes(found[0])


def set_aside(store: Store, act: Act, reason: str) -> int:
    """Keep what cannot be admitted, with the reason; the same thing twice is kept once. Returns 1."""
    row = row_of(act, reason, store.clock.now())
    store.local(lambda cursor: cursor.execute(INSERT, row))
    return 1


def set_all_aside(store: Store, told: Sequence[tuple[Act, str]]) -> int:
    """The same for many, each with its reason, in one transaction; how many. One with a number that no table takes is not
    kept."""
    now = store.clock.now()

    def work(cursor: Cursor) -> int:
        count = 0
        for act, reason in told:
            try:
                cursor.execute(INSERT, row_of(act, reason, now))
            except (ValueError, OverflowError):
                continue
            count += 1
        return count

    return int(store.local(work)) if told else 0


INSERT = (
    "INSERT OR IGNORE INTO quarantine (desk, epoch, seq, act_id, reason, received_at, act) VALUES (?, ?, ?, ?, ?, ?, ?)"
)


def row_of(act: Act, reason: str, now: int) -> tuple[bytes, int, int, bytes, str, int, bytes]:
    """The row of `quarantine` for an act: its parts as JSON, bytes in base64."""
    held = json.dumps(
        {
            key: base64.b64encode(value).decode() if isinstance(value, bytes) else value
            for key, value in asdict(act).items()
        },
        sort_keys=True,
    ).encode()
    return act.desk, act.epoch, act.seq, act.act_id, reason, now, held


SEEN = "quarantine/seen"
"""Name in `local_peer`: up to which row of `quarantine` somebody has found out what it is about."""
UNSEEN = (
    "SELECT count(*) FROM quarantine q WHERE NOT EXISTS (SELECT 1 FROM act a WHERE a.act_id = q.act_id)"
    " AND q.n > coalesce((SELECT json_extract(body, '$.n') FROM local_peer WHERE name = 'quarantine/seen'), 0)"
)
"""How many acts lie in quarantine that did not come in after all and that nobody has looked into."""


def mark_seen(store: Store) -> None:
    """Somebody has looked into everything that lies in quarantine now; it stays there."""
    with store.read() as connection:
        last = int(connection.exec_driver_sql("SELECT coalesce(max(n), 0) FROM quarantine").scalar_one())
    peers.remember(store, {SEEN: {"n": last, "at": store.clock.now()}})


def kept(held: bytes) -> Act:
    """An act back from its row of `quarantine`."""
    told: dict[str, Any] = json.loads(held)
    for name in ("desk", "act_id", "body", "prev", "hash"):
        told[name] = base64.b64decode(told[name])
    return Act(**told)
