"""The acts of a bundle on their way into the record: looked through first (`bundlecheck`), then taken in stretch by
stretch, each only after its own desk's seal over it was found true."""

from __future__ import annotations

import logging
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from dutydesk.core.crashpoint import step
from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import _
from dutydesk.journal import chain, inbox
from dutydesk.journal.apply import parse_body
from dutydesk.journal.store import Store
from dutydesk.sync import bundlekeys, forking, keys, record, seals, wire
from dutydesk.sync.bundle import ACTS, Manifest, Range
from dutydesk.sync.bundleheld import inbox_of
from dutydesk.sync.bundlelook import Enough
from dutydesk.sync.bundlestretch import GARBLED, Stretch
from dutydesk.sync.bundletaken import Taken
from dutydesk.sync.wire import Parcel

_log = logging.getLogger(__name__)
PIECE = 2**20
MOST_ASIDE, MOST_ASIDE_BYTES = 2_000, 2**26
"""Acts of one bundle that are set aside, and bytes of their bodies: as much as anybody will look at."""
ASIDE_AT_ONCE, ASIDE_ACTS = 2**22, 500
"""Bytes of bodies, and acts, that are set aside in one transaction."""
NEW, OLD, GAP, FORK = "NEW", "OLD", "GAP", "FORK"


@dataclass(slots=True)
class Lot:
    """One range and how it stands to what is here: `seq`, `head` of the frontier, `limit` up to where a desk that was
    shut out is believed; `cut` the first act that is not read any more, since no key of its desk has sealed it (0: none);
    `reason` why it cannot go on."""

    range: Range
    what: str
    seq: int
    head: bytes
    limit: int
    cut: int = 0
    reason: str = ""


def lots_of(store: Store, ranges: Sequence[Range]) -> list[Lot]:
    """How each range stands to what is here."""
    frontier, revoked = record.frontier(store), bundlekeys.revoked(store)
    return [_lot(store, one, frontier, revoked.get(one.desk)) for one in ranges]


def _lot(store: Store, one: Range, frontier: record.Frontier, shut: Mapping[int, int] | None) -> Lot:
    at = (one.desk, one.epoch)
    seq, head = frontier.get(at, (0, chain.ZERO))
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


def later(lots: Sequence[Lot]) -> dict[int, bool]:
    """For each lot (its `id`), whether one comes after it of which acts are wanted."""
    out: dict[int, bool] = {}
    wanted = False
    for lot in reversed(lots):
        out[id(lot)] = wanted
        wanted = wanted or lot.what in (NEW, FORK)
    return out


class Lines:
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
                raise Refused(Problem(_("压缩内容已损坏，没有收下"), file=ACTS)) from None
            data = self._inflate.unconsumed_tail
            self._raw += len(out)
            if self._raw > self._told.raw or self._inflate.unused_data or (self._inflate.eof and data):
                raise Refused(Problem(_("解压后比清单所说的大，没有收下"), file=ACTS))
            self._split(out)
            if self._inflate.eof:
                return

    def _split(self, out: bytes) -> None:
        *lines, self._rest = (self._rest + out).split(b"\n")
        for line in lines:
            place = next(self._places, None)
            if place is None:
                raise Refused(Problem(_("记录比清单所说的多，没有收下"), file=ACTS))
            self._count += 1
            self.take(*place, line)
        if len(self._rest) > wire.LONGEST_LINE:
            raise Refused(Problem(_("太长"), line=self._count + 1, file=ACTS))
        self._tell(self._count)

    def close(self) -> None:
        """The member has ended. Raises `Refused` unless it was what the manifest tells."""
        while not self._inflate.eof and (out := self._inflate.decompress(self._inflate.unconsumed_tail, PIECE)):
            self._raw += len(out)
            self._split(out)
        short = next(self._places, None) is not None or self._rest or not self._inflate.eof
        if short or self._raw != self._told.raw:
            raise Refused(Problem(_("记录比清单所说的少，没有收下"), file=ACTS))

    def unpack(self, lot: Lot, seq: int, line: bytes) -> Parcel:
        """The act of a line, if it is the one that belongs here."""
        try:
            act, personal = wire.unpack(line)
        except Refused as error:
            _log.info("act refused: %s", error)
            raise Refused(Problem(_("内容不合规定"), line=self._count, file=ACTS)) from None
        if (act.desk, act.epoch, act.seq) != (lot.range.desk, lot.range.epoch, seq):
            raise Refused(Problem(_("与清单不符"), line=self._count, file=ACTS))
        return act, personal


class Applying(Lines):
    """The second time through: acts are held until a seal of their desk has come, then they go into the record."""

    def __init__(
        self,
        store: Store,
        told: Manifest,
        lots: Sequence[Lot],
        taken: Taken,
        tell: Callable[[int], None],
        read: int = 0,
    ) -> None:
        """`read`: so many lines are worth reading (0: all), as the first time through has found."""
        super().__init__(told, lots, tell)
        self._store = store
        self._taken = taken
        self._lots = lots
        self._later = later(lots)
        self._read = read
        self._aside_bytes = self._away_bytes = 0
        self._away: list[tuple[chain.Act, str]] = []
        self._ring = keys.ring(store)
        self._vouched = keys.enrolled(store)
        self._stretch: Stretch | None = None
        self._seals: deque[seals.Seal] = deque()
        self._of: Lot | None = None
        self._aside = 0
        self._called = bundlekeys.names(store)
        self.good: list[seals.Seal] = []
        self.others: dict[record.Chain, forking.Other] = {}
        """Branches that are others than here."""

    def leave(self) -> None:
        """No more comes; what waits on the disk for a seal goes, what is to be set aside is."""
        if self._stretch is not None:
            self._stretch.close()
        self._put_away()

    def take(self, lot: Lot, seq: int, line: bytes) -> None:
        if self._read and self._count > self._read and (not lot.reason or self._full(lot)):
            self._unread()
        if lot.what in (OLD, GAP) or (lot.what == NEW and seq < lot.seq):
            self._taken.known += lot.what != GAP
            return
        if lot.reason and self._full(lot):
            if not self._later[id(lot)]:
                raise Enough
            return
        if lot is not self._of:
            self._of, self._seals = lot, deque(lot.range.seals)
        act, personal = self.unpack(lot, seq, line)
        if lot.what == FORK:
            if record.hash_at(self._store, (act.desk, act.epoch), act.seq) != act.hash:
                lot.reason = lot.reason or _("{desk}有两份不同的记录（分叉），两份都已留存，请查明").format(
                    desk=self._called(act.desk)
                )
                self._set_aside([(act, personal)], _("同一序号有两条不同的记录（分叉）"), whole=self._beside(lot, act))
            return
        if seq == lot.seq:
            self._taken.known += 1
            return
        if lot.reason:
            self._set_aside([(act, personal)], lot.reason)
            return
        if lot.cut and seq >= lot.cut:
            why = _("与席位的签名不符")
            told = _("{desk}的记录{why}，没有收下").format(desk=self._called(lot.range.desk), why=why)
            self._blocked(lot, told, [(act, personal)], why)
            return
        if self._stretch is None:
            self._stretch = Stretch(lot.range.desk, lot.head, self._ring, self._vouched, inbox_of(self._store))
        self._stretch.add(line, (act, personal))
        while self._seals[0].seq < seq and len(self._seals) > 1:
            self._seals.popleft()
        if self._stretch.why or self._seals[0].seq == seq or seq == lot.range.last:
            self._ends(lot, self._seals[0])

    def _full(self, lot: Lot) -> bool:
        """Whether no more of a range is set aside."""
        if self._aside < MOST_ASIDE and self._aside_bytes < MOST_ASIDE_BYTES:
            return False
        other = self.others.get((lot.range.desk, lot.range.epoch))
        return other is None or not other.open

    def _unread(self) -> None:
        """The rest is not looked at: too much that means nothing stands before it."""
        for lot in self._lots:
            if lot.what == FORK or (lot.what == NEW and lot.seq < lot.range.last):
                lot.reason = lot.reason or _("{desk}的记录没有读到：前面有太多不对的内容，请它另外导出").format(
                    desk=self._called(lot.range.desk)
                )
        raise Enough

    def _beside(self, lot: Lot, act: chain.Act) -> bool:
        """An act of a branch that is another one than here; whether its own desk vouches for the branch, as far as can
        be seen yet."""
        at = (act.desk, act.epoch)
        if at not in self.others:
            self.others[at] = forking.Other(at, [seal for seal in lot.range.seals if seals.verify(seal, self._ring)])
        return self.others[at].add(self._store, act)

    def _ends(self, lot: Lot, seal: seals.Seal) -> None:
        """What has come up to a seal, or what is seen to be wrong before."""
        stretch, self._stretch = self._stretch, None
        assert stretch is not None
        try:
            if not stretch.sealed_by(seal):
                told = _("{desk}的记录{why}，没有收下").format(desk=self._called(lot.range.desk), why=stretch.why)
                self._blocked(lot, told, stretch, stretch.why)
                return
            before = self._taken.applied
            try:
                for part in record.slices(one for one in stretch if one[0].seq <= lot.limit):
                    inbox.admit(self._store, [(act, side, parse_body(act.body)) for act, side in part])
                    self._taken.applied += len(part)
            except GARBLED:
                told = _("{desk}的记录读不懂，没有收下").format(desk=self._called(lot.range.desk))
                self._taken.applied = before
                self._blocked(lot, told, stretch, _("内容无法读取"))
                return
            step("bundle.applied")
            assert stretch.last is not None
            if stretch.last.seq > lot.limit:
                told = _("{desk}已被吊销，之后的记录没有收下").format(desk=self._called(lot.range.desk))
                later = (one for one in stretch if one[0].seq > lot.limit)
                self._blocked(lot, told, later, _("席位已被吊销"))
                return
            self._ring = stretch.ring
            lot.seq, lot.head = stretch.last.seq, stretch.last.hash
            self.good.append(seal)
        finally:
            stretch.close()

    def _blocked(self, lot: Lot, told: str, parcels: Iterable[Parcel], why: str) -> None:
        """The rest of a range does not go on; as much of it as anybody will look at is set aside."""
        lot.reason = told
        self._set_aside(parcels, why)

    def _set_aside(self, parcels: Iterable[Parcel], reason: str, *, whole: bool = False) -> None:
        """As much as anybody will look at, or `whole`; by many in one transaction."""
        for act, _personal in parcels:
            if not whole and (self._aside >= MOST_ASIDE or self._aside_bytes >= MOST_ASIDE_BYTES):
                break
            self._away.append((act, reason))
            self._aside += 1
            self._aside_bytes += len(act.body)
            self._away_bytes += len(act.body)
            if self._away_bytes >= ASIDE_AT_ONCE or len(self._away) >= ASIDE_ACTS:
                self._put_away()

    def _put_away(self) -> None:
        away, self._away, self._away_bytes = self._away, [], 0
        self._taken.quarantined += inbox.set_all_aside(self._store, away)
