"""Taking in acts that other desks made: checked first, then applied through the same `apply`, or set aside with the
reason. Nothing is dropped: an act is known already, applied, waiting for the ones before it, or in quarantine."""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from dutydesk.core.i18n import _
from dutydesk.journal import chain
from dutydesk.journal.apply import parse_body
from dutydesk.journal.chain import Act
from dutydesk.journal.store import Store

Personal = Mapping[int, tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a delivery, in acts. `waiting` are beyond a gap: they are to be sent again when it is filled."""

    applied: int = 0
    known: int = 0
    waiting: int = 0
    quarantined: int = 0


def take_in(store: Store, delivery: Sequence[tuple[Act, Personal]]) -> Taken:
    """Take in acts in any order and number; every desk's contiguous part is applied in one transaction."""
    by_epoch: dict[tuple[bytes, int], list[tuple[Act, Personal]]] = {}
    for act, personal in delivery:
        by_epoch.setdefault((act.desk, act.epoch), []).append((act, personal))
    ready: list[tuple[Act, Personal]] = []
    known = waiting = quarantined = 0
    for (desk, epoch), entries in sorted(by_epoch.items()):
        entries.sort(key=lambda entry: entry[0].seq)
        seq, link = _frontier(store, desk, epoch)
        for act, personal in entries:
            if act.seq <= seq:
                held = next((a for a, _p in ready if (a.desk, a.epoch, a.seq) == (desk, epoch, act.seq)), None)
                mine = held.hash if held else _hash_at(store, desk, epoch, act.seq)
                if mine == act.hash:
                    known += 1
                else:
                    quarantined += set_aside(store, act, _("同一序号有两条不同的记录（分叉）"))
                continue
            reason = problem(act, personal)
            if reason:
                quarantined += set_aside(store, act, reason)
                continue
            if act.seq != seq + 1:
                waiting += 1
                continue
            if act.seq > 1 and act.prev != link:
                quarantined += set_aside(store, act, _("与上一条不衔接"))
                continue
            ready.append((act, personal))
            seq, link = act.seq, act.hash
    if ready:
        store.receive(ready)
    return Taken(len(ready), known, waiting, quarantined)


def problem(act: Act, personal: Personal) -> str:
    """Why an act cannot be admitted; empty when it can."""
    try:
        if not _fits(act):
            return _("数字超出范围")
        if chain.act_hash(act) != act.hash:
            return _("校验值不符")
        body = parse_body(act.body)
        if chain.canonical(body) != act.body:
            return _("写法不规范")
        if (act.seq == 1) != (act.kind == "epoch.open"):
            return _("序号与种类不符")
        changes = body["changes"]
        for n, side in personal.items():
            if chain.personal_hash(*side) != changes[n]["personal"]:
                return _("个人信息与校验值不符")
    except (ValueError, KeyError, IndexError, TypeError, RecursionError, AttributeError, struct.error):
        return _("内容无法读取")
    return ""


def _fits(act: Act) -> bool:
    """Whether SQLite can hold the numbers, those of the body included."""
    numbers: list[object] = [act.epoch, act.seq, act.hlc, act.happened_at, act.recorded_at]
    for change in parse_body(act.body)["changes"]:
        numbers += [value for value in change.get("set", {}).values() if isinstance(value, int)]
    return all(isinstance(number, int) and -(2**63) <= number < 2**63 for number in numbers)


def _frontier(store: Store, desk: bytes, epoch: int) -> tuple[int, bytes]:
    with store.read() as connection:
        found = connection.exec_driver_sql(
            "SELECT seq, hash FROM frontier WHERE desk = ? AND epoch = ?", (desk, epoch)
        ).first()
    return (0, chain.ZERO) if found is None else (int(found[0]), bytes(found[1]))


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


def kept(held: bytes) -> Act:
    """An act back from its row of `quarantine`."""
    told = json.loads(held)
    names = ("desk", "act_id", "body", "prev", "hash")
    return Act(**{name: base64.b64decode(value) if name in names else value for name, value in told.items()})
