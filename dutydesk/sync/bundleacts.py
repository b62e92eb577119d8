"""The acts of a bundle on their way into the record: counted first, then taken in stretch by stretch, each only after
its own desk's seal over it was found true."""

from __future__ import annotations

import json
import struct
import threading
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from dutydesk.core.crashpoint import step
from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import _
from dutydesk.journal import chain, inbox
from dutydesk.journal.store import Store
from dutydesk.sync import bundlekeys, keys, record, seals, wire
from dutydesk.sync.bundle import ACTS, Manifest, Range
from dutydesk.sync.bundletaken import Taken
from dutydesk.sync.wire import Parcel

PIECE = 2**20
MOST_ASIDE = 2_000
MARKS = (b"_deleted", b'erase\\"', b"\\u")
"""What a line that deletes something must hold: the words, or an escape that could hide them."""
GARBLED = (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, OverflowError, struct.error)


NEW, OLD, GAP, FORK = "NEW", "OLD", "GAP", "FORK"


@dataclass(slots=True)
class Lot:
    """One range and how it stands to what is here: `seq`, `head` of the frontier, `limit` up to where a desk that was
    shut out is believed; `reason` why it cannot go on."""

    range: Range
    what: str
    seq: int
    head: bytes
    limit: int
    reason: str = ""


def lot_of(store: Store, one: Range) -> Lot:
    at = (one.desk, one.epoch)
    seq, head = record.frontier(store).get(at, (0, chain.ZERO))
    shut = bundlekeys.revoked(store).get(one.desk)
    limit = one.last if shut is None else min(one.last, shut.get(one.epoch, 0))
    before = one.first - 1
    what = NEW
    if before > seq:
        what = GAP
    elif (before and record.hash_at(store, at, before) != one.prev) or (
        seq >= one.last and record.hash_at(store, at, one.last) != one.hash
    ):
        what = FORK
    elif seq >= one.last:
        what = OLD
    return Lot(one, what, seq, head, limit)


class _Lines:
    """The acts, unpacked line by line with a limit, each given with its range and place. A subclass takes them."""

    def __init__(self, told: Manifest, lots: Sequence[Lot], tell: Callable[[int], None]) -> None:
        self._told = told
        self._places = self._all(lots)
        self._tell = tell
        self._inflate = zlib.decompressobj(31)
        self._rest = b""
        self._raw = self._count = 0

    @staticmethod
    def _all(lots: Sequence[Lot]) -> Iterator[tuple[Lot, int]]:
        for lot in lots:
            for seq in range(lot.range.first, lot.range.last + 1):
                yield lot, seq

    def take(self, lot: Lot, seq: int, line: bytes) -> None:
        """One act."""
        raise NotImplementedError

    def write(self, data: bytes, /) -> None:
        while data:
            try:
                out = self._inflate.decompress(data, PIECE)
            except zlib.error:
                raise Refused(Problem(_("压缩内容已损坏"), file=ACTS)) from None
            data = self._inflate.unconsumed_tail
            self._raw += len(out)
            if self._raw > self._told.raw or self._inflate.unused_data or (self._inflate.eof and data):
                raise Refused(Problem(_("解压后比清单所说的大"), file=ACTS))
            self._split(out)
            if self._inflate.eof:
                return

    def _split(self, out: bytes) -> None:
        *lines, self._rest = (self._rest + out).split(b"\n")
        for line in lines:
            place = next(self._places, None)
            if place is None:
                raise Refused(Problem(_("比清单所说的多"), file=ACTS))
            self._count += 1
            self.take(*place, line)
        if len(self._rest) > wire.LONGEST_LINE:
            raise Refused(Problem(_("一行太长"), line=self._count + 1, file=ACTS))
        self._tell(self._count)

    def close(self) -> None:
        while not self._inflate.eof and (out := self._inflate.decompress(self._inflate.unconsumed_tail, PIECE)):
            self._raw += len(out)
            self._split(out)
        short = next(self._places, None) is not None or self._rest or not self._inflate.eof
        if short or self._raw != self._told.raw:
            raise Refused(Problem(_("比清单所说的少"), file=ACTS))

    def unpack(self, lot: Lot, seq: int, line: bytes) -> Parcel:
        """The act of a line, if it is the one that belongs here."""
        try:
            act, personal = wire.unpack(line)
        except Refused as error:
            raise Refused(Problem(error.problems[0].reason, line=self._count, file=ACTS)) from None
        if (act.desk, act.epoch, act.seq) != (lot.range.desk, lot.range.epoch, seq):
            raise Refused(Problem(_("与清单不符"), line=self._count, file=ACTS))
        return act, personal


class Counting(_Lines):
    """The first time through: sizes, number of lines, and what would be deleted."""

    def __init__(self, told: Manifest, lots: Sequence[Lot], tell: Callable[[int], None]) -> None:
        super().__init__(told, lots, tell)
        self.rows: dict[str, set[bytes]] = {}

    def take(self, lot: Lot, seq: int, line: bytes) -> None:
        if lot.what != NEW or seq <= lot.seq or not any(mark in line for mark in MARKS):
            return
        act, _personal = self.unpack(lot, seq, line)
        try:
            for change in json.loads(act.body)["changes"]:
                if "erase" in change or change.get("set", {}).get("_deleted") is not None:
                    self.rows.setdefault(str(change["ledger"]), set()).add(bytes.fromhex(change["row"]))
        except GARBLED:
            return  # it is set aside with its reason when its turn comes


class Applying(_Lines):
    """The second time through: acts are held until a seal of their desk has come, then they go into the record."""

    def __init__(
        self, store: Store, told: Manifest, lots: Sequence[Lot], taken: Taken, tell: Callable[[int], None]
    ) -> None:
        super().__init__(told, lots, tell)
        self._store = store
        self._taken = taken
        self._ring = keys.ring(store)
        self._vouched = keys.enrolled(store)
        self._held: list[Parcel] = []
        self._gentle = store.shared()
        self._aside = 0
        self.good: list[seals.Seal] = []

    def take(self, lot: Lot, seq: int, line: bytes) -> None:
        if lot.what in (OLD, GAP) or (lot.what == NEW and seq < lot.seq):
            self._taken.known += lot.what != GAP
            return
        if lot.reason and self._aside >= MOST_ASIDE:
            return
        act, personal = self.unpack(lot, seq, line)
        if lot.what == FORK:
            if record.hash_at(self._store, (act.desk, act.epoch), act.seq) != act.hash:
                lot.reason = lot.reason or _("席位 {desk} 有两份不同的记录（分叉），两份都已留存，请查明").format(
                    desk=act.desk.hex()[-8:]
                )
                self._set_aside([(act, personal)], _("同一序号有两条不同的记录（分叉）"))
            return
        if seq == lot.seq:
            self._taken.known += 1
            if act.hash != lot.head:
                lot.what = FORK
                self.take(lot, seq, line)
            return
        if lot.reason:
            self._set_aside([(act, personal)], lot.reason)
            return
        self._held.append((act, personal))
        seal = next((one for one in lot.range.seals if one.seq >= seq), None)
        if seal is None or seal.seq == seq or seq == lot.range.last:
            self._stretch(lot, lot.range.seals[-1] if seal is None else seal)

    def _stretch(self, lot: Lot, seal: seals.Seal) -> None:
        """What has come up to a seal."""
        parcels, self._held = self._held, []
        why = self._wrong(lot, parcels, seal)
        if why:
            lot.reason = _("席位 {desk}：{why}，没有收下").format(desk=lot.range.desk.hex()[-8:], why=why)
            self._set_aside(parcels, why)
            return
        believed = [parcel for parcel in parcels if parcel[0].seq <= lot.limit]
        try:
            _admit(self._store, believed, gentle=self._gentle)
        except GARBLED:
            lot.reason = _("席位 {desk}：内容无法读取").format(desk=lot.range.desk.hex()[-8:])
            self._set_aside(parcels, _("内容无法读取"))
            return
        self._taken.applied += len(believed)
        step("bundle.applied")
        if len(believed) < len(parcels):
            lot.reason = _("席位 {desk} 已被吊销，之后的记录没有收下").format(desk=lot.range.desk.hex()[-8:])
            self._set_aside(parcels[len(believed) :], _("席位已被吊销"))
            return
        self._ring = keys.extended(self._ring, [act for act, _side in parcels], self._vouched)
        lot.seq, lot.head = parcels[-1][0].seq, parcels[-1][0].hash
        self.good.append(seal)

    def _wrong(self, lot: Lot, parcels: Sequence[Parcel], seal: seals.Seal) -> str:
        """Why these acts may not be believed; empty when they may."""
        link = lot.head
        for act, personal in parcels:
            reason = inbox.problem(act, personal)
            if reason:
                return reason
            if act.seq > 1 and act.prev != link:
                return _("与上一条不衔接")
            link = act.hash
        acts = [act for act, _personal in parcels]
        try:
            ring = keys.extended(self._ring, acts, self._vouched)
        except GARBLED:
            return _("公布的密钥无法读取")
        desk = lot.range.desk
        if desk not in ring.keys and desk in self._vouched:  # an older desk whose announcement is still to come
            ring = keys.Ring({**ring.keys, desk: (keys.Announced(self._vouched[desk][-1], 1, 1),)}, ring.doubted)
        sealed = seal.seq == acts[-1].seq and seal.hash == acts[-1].hash
        return "" if sealed and seals.verify(seal, ring) else _("与席位的签名不符")

    def _set_aside(self, parcels: Sequence[Parcel], reason: str) -> None:
        for act, _personal in parcels[: max(0, MOST_ASIDE - self._aside)]:
            try:
                self._taken.quarantined += inbox.set_aside(self._store, act, reason)
            except GARBLED:
                continue  # a number that no table takes: the reason alone is kept
            self._aside += 1


def _admit(store: Store, parcels: Sequence[Parcel], *, gentle: bool) -> None:
    """Checked acts into the record, some at a time."""
    rest = threading.Event()
    for part in record.slices(parcels, gentle=gentle):
        store.receive(part)
        if gentle:
            rest.wait(record.PAUSE)
