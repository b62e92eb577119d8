"""Export: everything that a receiver does not have, as one file or several, written to a stick and read back.

What the receiver has is what its own last bundle told (`holds`): a stick that was lost is no loss, the next bundle
begins at the same place again. `--since` and `--all` say otherwise. Other desks' acts are handed on as far as their
own desk's seal reaches.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from dutydesk import __version__
from dutydesk.core.crashpoint import step
from dutydesk.core.errors import Problem, Refused, Unavailable
from dutydesk.core.i18n import _
from dutydesk.core.ids import token
from dutydesk.journal import attachments, chain, inbox
from dutydesk.journal.store import Store
from dutydesk.sync import bundlekeys, bundlewrite, record, seals, wire
from dutydesk.sync.bundle import (
    ACTS,
    FILES,
    LARGEST_FILE,
    MOST_ACTS,
    MOST_BYTES,
    MOST_FILES,
    MOST_PACKED,
    MOST_RAW,
    MOST_TAKEN,
    Cancel,
    Manifest,
    Part,
    Progress,
    Range,
    Stopped,
    never,
    no_progress,
)
from dutydesk.sync.bundlewrite import Written

SEAL_EVERY = 10_000
"""A desk seals its own chain so often within a bundle: what has come to a seal may be applied and forgotten."""
PAGE = 2_000
PAGE_BYTES = 8 * 2**20
LEVEL = 6
MOST_BODIES, MOST_FOREIGN = MOST_RAW // 4, MOST_RAW // 2
"""Bytes of bodies that go into one bundle, and of one chain of another desk, which cannot be divided; with what stands
around them they stay below what a receiver unpacks."""
_NAMED = re.compile(rb'"[a-z0-9_]*sha256":"([0-9a-f]{64})"')
ALL, SINCE_LAST = "all", "last"


@dataclass(frozen=True, slots=True)
class _Plan:
    """Acts of one chain after `after` up to `upto`; `seal` over `upto` where the chain is another desk's; `raw` bytes of
    their bodies."""

    desk: bytes
    epoch: int
    after: int
    upto: int
    seal: seals.Seal | None
    raw: int = 0


@dataclass(frozen=True, slots=True)
class _Packed:
    """Acts, packed: their ranges, the member's bytes, and how many they are unpacked; `personal` of them have personal
    data beside them."""

    ranges: tuple[Range, ...]
    data: bytes
    raw: int
    personal: int = 0


@dataclass(slots=True)
class Exported:
    """What an export came to: nothing was written where the receiver has everything. `notes` are worth knowing."""

    to: str
    written: list[Written] = field(default_factory=list[Written])
    notes: list[str] = field(default_factory=list[str])

    def note(self, text: str) -> None:
        """Something worth knowing; said once."""
        if text not in self.notes:
            self.notes.append(text)


def refuse_play(store: Store) -> None:
    """A sample or a drill stays by itself. Raises `Refused`."""
    if store.config.sample or store.config.drill:
        raise Refused(_("{mark}数据不导出也不导入数据包").format(mark=store.config.mark))


def nobody(one: Written) -> None:
    """Nobody keeps a register."""


def export(
    store: Store,
    folder: Path,
    to: str = "",
    *,
    since: int | str = "",
    wrote: Callable[[Written], None] = nobody,
    progress: Progress = no_progress,
    cancel: Cancel = never,
) -> Exported:
    """Write what `to` does not have into `folder`.

    `since`: a moment (ms UTC: acts recorded from then on), `last` (what came after the last bundle for it, trusting
    that one to arrive), `all`, or nothing for what the receiver is known to have. `wrote` enters each bundle as soon as
    it lies there, so that none is without its entry when the next one fails. Raises `Refused`, `Unavailable` when the
    stick does not take it, `Stopped`.
    """
    refuse_play(store)
    peer = bundlekeys.find(store, to)
    if peer.card.desk in bundlekeys.revoked(store):
        raise Refused(Problem(_("{name}已被吊销，不能给它导出").format(name=peer.card.called), "--to"))
    if not folder.is_dir():
        raise Unavailable(_("没有这个文件夹：{folder}").format(folder=folder))
    own = bundlekeys.own_card(store)
    made = Exported(peer.card.called)
    recovery = bundlekeys.recovery(store)
    if not recovery:
        made.note(_("没有设置离线恢复公钥：只有对方能打开"))
    holds = record.frontier(store)
    plans = _plans(store, peer, since, holds, made)
    told_now = record.frontier_hash(holds).hex()
    if not plans and not peer.owed and peer.told == told_now:  # else it learns at least what has come in here
        made.note(_("对方已有全部记录，没有要带走的"))
        return made
    bundlewrite.tidy(folder)
    bundlewrite.ready(folder)
    whole = sum(one.upto - one.after for one in plans)
    done, owed = 0, set(peer.owed)
    sent = dict(peer.sent)
    for group in _groups(_divided(store, plans)) or [[]]:
        packed, named = _pack(store, group, done, whole, progress, cancel)
        if len(packed.data) > MOST_PACKED:
            raise _too_much(group[-1])
        done += sum(one.count for one in packed.ranges)
        files, left = _files(store, owed | named, made, cancel)
        owed = left
        for n, batch in enumerate(_batches(files, len(packed.data))):
            load = packed if n == 0 else _packed((), [])
            bundlewrite.ready(folder, len(load.data) + sum(part.size for part in batch))
            told = _manifest(store, own, peer, folder, load, batch, holds)
            ranges = told.ranges_text(bundlekeys.names(store))
            planned = Written(
                folder, told.number, told.id, made.to, told.acts, load.personal, len(batch), 0, "", ranges
            )
            receivers = (peer.card.recipient, *recovery)
            written = bundlewrite.write(store, folder, told, load.data, receivers, planned, progress, cancel)
            made.written.append(written)
            wrote(written)
            bundlewrite.settle(store, written)
        sent |= {(one.desk, one.epoch): (one.last, one.hash) for one in packed.ranges}
        bundlekeys.remember(
            store, peer.card, sent=bundlekeys.plain_vector(sent), owed=sorted(owed)[:MOST_FILES], told=told_now
        )
    step("bundle.done")
    return made


# -- what goes -----------------------------------------------------------------------------------------------------------


def _plans(
    store: Store, peer: bundlekeys.Peer, since: int | str, holds: record.Frontier, made: Exported
) -> list[_Plan]:
    """Which acts the receiver lacks, chain by chain."""
    kept = {(seal.desk, seal.epoch): seal for seal in seals.kept(store)}
    out: list[_Plan] = []
    for at, (head, _hash) in sorted(holds.items()):
        mine = at[0] == store.config.desk_id
        if at[0] == peer.card.desk and since != ALL and at not in peer.holds and peer.number == (0, 0):
            continue  # its own acts it has
        after = _after(store, peer, at, since, made)
        seal = None if mine else kept.get(at)
        if not mine and (seal is None or record.hash_at(store, at, seal.seq) != seal.hash):
            if after is not None and after < head:
                made.note(_("席位 {desk} 的记录还没有它的签名，没有带上").format(desk=bundlekeys.names(store)(at[0])))
            continue
        upto = head if seal is None else seal.seq
        if after is None or after >= upto:
            continue
        if seal is not None and seal.seq < head:
            made.note(_("席位 {desk} 的记录还没有它的签名，没有全部带上").format(desk=bundlekeys.names(store)(at[0])))
        out.append(_Plan(*at, after, upto, seal))
    return out


def _after(store: Store, peer: bundlekeys.Peer, at: record.Chain, since: int | str, made: Exported) -> int | None:
    """Up to where the receiver has a chain; `None` where it has other acts at the same places and was sent those that
    are here: it must see them once to know of the fork, whatever it says it has."""
    if since == ALL:
        return 0
    if isinstance(since, int):
        with store.read() as connection:
            found = connection.exec_driver_sql(
                "SELECT min(seq) FROM act WHERE desk = ? AND epoch = ? AND recorded_at >= ?", (*at, since)
            ).scalar_one()
        return None if found is None else int(found) - 1
    seq, head = peer.holds.get(at, (0, chain.ZERO))
    if since == SINCE_LAST:
        seq, head = max((seq, head), peer.sent.get(at, (0, chain.ZERO)))
    here = record.hash_at(store, at, seq) if seq else head
    if here is not None and here != head:
        name = bundlekeys.names(store)(at[0])
        if peer.sent.get(at) == record.frontier(store)[at]:
            made.note(_("席位 {desk} 在对方有不同的记录（分叉），没有带上").format(desk=name))
            return None
        made.note(_("席位 {desk} 在对方有不同的记录（分叉），带上这里的一份").format(desk=name))
        return _before_fork(store, at)
    return seq


def _before_fork(store: Store, at: record.Chain) -> int:
    """The last place before any act of another branch that lies in quarantine here; 0 where none does."""
    found = store.ask("SELECT n, seq, act FROM quarantine WHERE desk = ? AND epoch = ?", at)
    other = [int(seq) for _n, seq, held in found if record.hash_at(store, at, int(seq)) != inbox.kept(held).hash]
    return max(0, min(other, default=1) - 1)


def _divided(store: Store, plans: Sequence[_Plan]) -> list[_Plan]:
    """The same plans with their bytes; of this desk's own chain in stretches that each go into one bundle."""
    out: list[_Plan] = []
    with store.read() as connection:
        waiting = list(reversed(plans))
        while waiting:
            one = waiting.pop()
            raw = connection.exec_driver_sql(
                "SELECT coalesce(sum(length(body)), 0) FROM act WHERE desk = ? AND epoch = ? AND seq > ? AND seq <= ?",
                (one.desk, one.epoch, one.after, one.upto),
            ).scalar_one()
            if raw <= (MOST_BODIES if one.seal is None else MOST_FOREIGN) or one.upto - one.after == 1:
                out.append(replace(one, raw=int(raw)))
            elif one.seal is not None:
                raise _too_much(one)
            else:
                middle = (one.after + one.upto) // 2
                waiting += [replace(one, after=middle), replace(one, upto=middle)]
    return out


def _too_much(one: _Plan) -> Refused:
    return Refused(_("席位 {desk} 的记录太多，一个数据包装不下，请它自己导出").format(desk=one.desk.hex()[-8:]))


def _groups(plans: Sequence[_Plan]) -> list[list[_Plan]]:
    """What goes into one bundle. A desk's own chain may be divided anywhere, another's not: it has one seal."""
    out: list[list[_Plan]] = []
    group: list[_Plan] = []
    room, bytes_left = MOST_ACTS, MOST_BODIES
    for one in plans:
        rest = one
        while rest.upto > rest.after:
            count = rest.upto - rest.after
            again = any((rest.desk, rest.epoch) == (held.desk, held.epoch) for held in group)
            fits = (rest.raw <= bytes_left or not group) and not again
            if fits and (count <= room or (rest.seal is not None and not group and count <= MOST_TAKEN)):
                group.append(rest)
                room, bytes_left = room - count, bytes_left - rest.raw
                break
            if rest.seal is not None and count > MOST_TAKEN:
                raise _too_much(rest)
            if rest.seal is None and room > 0 and fits:
                group.append(replace(rest, upto=rest.after + room))
                rest = replace(rest, after=rest.after + room)
            out.append(group)
            group, room, bytes_left = [], MOST_ACTS, MOST_BODIES
    return [*out, group] if group else out


def _pack(
    store: Store, group: Sequence[_Plan], done: int, whole: int, progress: Progress, cancel: Cancel
) -> tuple[_Packed, set[str]]:
    """The acts of a group and the files that they name."""
    ranges: list[Range] = []
    named: set[bytes] = set()
    private = 0

    def lines() -> Iterator[bytes]:
        nonlocal private
        count = done
        for plan in group:
            seq, prev, over = plan.after, chain.ZERO, list[seals.Seal]()
            last = prev
            while seq < plan.upto:
                if cancel():
                    raise Stopped(_("已中断"))
                page = record.parcels(store, (plan.desk, plan.epoch), seq, plan.upto, PAGE, PAGE_BYTES)
                if seq == plan.after:
                    prev = page[0][0].prev
                for act, personal in page:
                    if b"sha256" in act.body:
                        named.update(_NAMED.findall(act.body))
                    if plan.seal is None and (act.seq % SEAL_EVERY == 0 or act.seq == plan.upto):
                        over.append(seals.make(store, act.epoch, act.seq, act.hash))
                    last = act.hash
                    private += bool(personal)
                    yield wire.pack(act, personal)
                seq = page[-1][0].seq
                count += len(page)
                progress("acts", count, whole)
            if plan.seal is not None:
                over.append(plan.seal)
            ranges.append(Range(plan.desk, plan.epoch, plan.after + 1, plan.upto, prev, last, tuple(over)))

    packed = _packed(ranges, lines())
    return replace(packed, personal=private), {name.decode() for name in named}


def _packed(ranges: Sequence[Range], lines: Iterator[bytes] | Sequence[bytes]) -> _Packed:
    """Lines as gzip; `ranges` may be filled while the lines come."""
    squeeze = zlib.compressobj(LEVEL, zlib.DEFLATED, 31)
    out = bytearray()
    raw = 0
    for line in lines:
        raw += len(line)
        out += squeeze.compress(line)
    out += squeeze.flush()
    return _Packed(tuple(ranges), bytes(out), raw)


def _files(store: Store, wanted: set[str], made: Exported, cancel: Cancel) -> tuple[list[Part], set[str]]:
    """The files that are here and whole, and the names of those that are not: these are owed."""
    parts: list[Part] = []
    left: set[str] = set()
    for name in sorted(wanted):
        if cancel():
            raise Stopped(_("已中断"))
        path = attachments.path_of(store.home, name)
        size = path.stat().st_size if path.is_file() else -1
        if size < 0:
            left.add(name)
        elif size > LARGEST_FILE or _sum(path) != name:
            made.note(_("附件 {name} 太大或已损坏，没有带上").format(name=name[:8]))
            left.add(name)
        else:
            parts.append(Part(FILES + name, size, name))
    return parts, left


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _batches(files: Sequence[Part], used: int) -> list[list[Part]]:
    """Files that fit into one bundle each time, the acts with the first."""
    out: list[list[Part]] = [[]]
    size = used
    for part in files:
        if out[-1] and (size + part.size > MOST_BYTES or len(out[-1]) >= MOST_FILES):
            out.append([])
            size = 0
        out[-1].append(part)
        size += part.size
    return out


def _manifest(
    store: Store,
    own: bundlekeys.PeerCard,
    peer: bundlekeys.Peer,
    folder: Path,
    load: _Packed,
    files: Sequence[Part],
    holds: record.Frontier,
) -> Manifest:
    acts = Part(ACTS, len(load.data), hashlib.sha256(load.data).hexdigest())
    return Manifest(
        token(16),
        bundlewrite.take_number(store, folder),
        store.config.epoch,
        store.clock.now(),
        __version__,
        own,
        (peer.card.desk.hex() or peer.card.name,),
        load.ranges,
        sum(one.count for one in load.ranges),
        load.raw,
        (*files, acts),
        holds,
    )
