"""The first time through the acts of a bundle: whether they are as many as told, whether what is new follows from what is
here, what they would delete, and how far it is worth reading.

What means nothing must not be read to its end. Each range's first act, some at random with the one after it, and any
after much that was not looked at, are checked whole; and what no key of its desk that is known here has sealed is read
only so far. Neither changes what becomes of an act: the second time through finds the same (`bundleacts`).
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence

from dutydesk.journal import inbox, signing
from dutydesk.journal.store import Store
from dutydesk.sync import keys, seals
from dutydesk.sync.bundle import Manifest
from dutydesk.sync.bundleacts import FORK, NEW, Lines, Lot, later
from dutydesk.sync.bundlelook import Enough
from dutydesk.sync.bundlestretch import GARBLED

SAMPLED = 256
"""On average so often an act is looked at, with the one after it."""
UNSEEN = 2**20
"""Bytes after which one is looked at in any case."""
MOST_DOUBTED, DOUBTED_BYTES = 20_000, 2**23
"""Acts, and bytes of their lines, of a chain that are read although no key of its desk that is known yet sealed them."""
IN_VAIN = 2**27
"""Bytes of lines that are passed over for what may come after them, where what was looked at is not what it should be."""
AT_ONCE = 5_000
ERASES, DELETES, ESCAPED, ANNOUNCES = b'erase\\"', b"_deleted", b"\\u", b'"desk.key"'
"""What a line that deletes something must hold: the words, or an escape that could hide them; and one that announces a
key, written as we write it: another writing is doubted longer, no more."""


class Counting(Lines):
    """See the module. `read`: the lines that are to be read the second time, 0 for all. `found`: listed rows that would
    be deleted, by ledger."""

    def __init__(self, store: Store, told: Manifest, lots: Sequence[Lot], tell: Callable[[int], None]) -> None:
        super().__init__(told, lots, tell)
        self.read = 0
        self.found: dict[str, set[bytes]] = {}
        self._store = store
        self._ring, self._vouched = keys.ring(store), keys.enrolled(store)
        self._later = later(lots)
        self._of: Lot | None = None
        self._over = False
        self._sealed = self._doubted = self._doubted_bytes = self._vain = self._unseen = self._next = 0
        self._link: bytes = b""
        self._keys = keys.Ring()
        self._rows: dict[str, set[bytes]] = {}
        self._held = 0

    def take(self, lot: Lot, seq: int, line: bytes) -> None:
        new = lot.what == NEW and seq > lot.seq
        if lot is not self._of or (new and seq == lot.seq + 1):
            self._begins(lot, seq)
        if lot.what == NEW and seq == lot.seq and self.unpack(lot, seq, line)[0].hash != lot.head:
            lot.what = FORK  # from here or from some act before: what differs is kept from its first act on
        if self._over:
            self._vain += len(line)
            if self._vain > IN_VAIN:
                self._enough()
            return
        doubted = (new or lot.what == FORK) and seq > self._sealed
        self._unseen += len(line)
        sampled = bool(self._link) or self._count >= self._next or self._unseen > UNSEEN
        deletes = new and (DELETES in line or ESCAPED in line or ERASES in line)
        if sampled or deletes or (doubted and ANNOUNCES in line):
            self._look(lot, seq, line, sampled=sampled, deletes=deletes, doubted=doubted)
            doubted = doubted and seq > self._sealed
        if doubted and not self._over:
            self._doubted += 1
            self._doubted_bytes += len(line)
            if self._doubted > MOST_DOUBTED or self._doubted_bytes > DOUBTED_BYTES:
                lot.cut = self._sealed + 1
                self._ends(lot)

    def close(self) -> None:
        super().close()
        self._flush()

    # -- how far -----------------------------------------------------------------------------------------------------

    def _begins(self, lot: Lot, seq: int) -> None:
        self._of, self._over = lot, False
        self._next, self._link = self._count, b""
        if lot.what not in (NEW, FORK):
            return
        self._doubted = self._doubted_bytes = 0
        desk = lot.range.desk
        self._keys = keys.Ring({desk: self._ring.keys.get(desk, ())})
        self._sealed = sealed_upto(lot, lot.seq if lot.what == NEW else 0, self._keys, self._vouched)
        if seq > 1 and seq == lot.seq + 1:
            self._link = lot.head

    def _look(self, lot: Lot, seq: int, line: bytes, *, sampled: bool, deletes: bool, doubted: bool) -> None:
        act, personal = self.unpack(lot, seq, line)
        if sampled:
            if inbox.problem(act, personal) or (self._link and act.prev != self._link):
                self._ends(lot, last=lot.what != NEW or seq > lot.seq)
                return
            self._unseen = 0
            if self._link:
                self._link, self._next = b"", self._count + random.randrange(1, 2 * SAMPLED)
            else:
                self._link = act.hash
        if doubted and act.kind in (keys.OPENS, keys.KIND):
            try:
                self._keys = keys.extended(self._keys, [act], self._vouched)
            except GARBLED:
                return  # it is set aside with its reason when its turn comes
            self._sealed = sealed_upto(lot, self._sealed, self._keys, self._vouched)
        if deletes:
            self._note(act.body)

    def _ends(self, lot: Lot, *, last: bool = True) -> None:
        """No further act of this range will be taken, or (not `last`) what is here already is not what it should be."""
        self._over = True
        if last and not self._later[id(lot)]:
            self._enough()

    def _enough(self) -> None:
        self.read = self._count
        self._flush()
        raise Enough

    # -- what would be deleted -----------------------------------------------------------------------------------------

    def _note(self, body: bytes) -> None:
        try:
            for change in json.loads(body)["changes"]:
                if "erase" in change or change.get("set", {}).get("_deleted") is not None:
                    self._rows.setdefault(str(change["ledger"]), set()).add(bytes.fromhex(change["row"]))
                    self._held += 1
        except GARBLED:
            return  # as above
        if self._held > AT_ONCE:
            self._flush()

    def _flush(self) -> None:
        """Of the rows so far, those that are listed here: no bundle can name more of these than there are."""
        rows, self._rows, self._held = self._rows, {}, 0
        with self._store.read() as connection:
            for ledger, wanted in rows.items():
                if ledger not in self._store.schema.shapes:
                    continue
                name = self._store.schema[ledger].ledger.name
                for part in _parts(sorted(wanted), 500):
                    marks = ",".join("?" * len(part))
                    listed = connection.exec_driver_sql(
                        f"SELECT id FROM {name} WHERE _state = 1 AND id IN ({marks})",  # noqa: S608
                        tuple(part),
                    )
                    if hits := {bytes(row) for (row,) in listed}:
                        self.found.setdefault(ledger, set()).update(hits)


def _parts(rows: Sequence[bytes], size: int) -> Iterator[Sequence[bytes]]:
    for at in range(0, len(rows), size):
        yield rows[at : at + size]


def sealed_upto(lot: Lot, seq: int, ring: keys.Ring, vouched: Mapping[bytes, Sequence[bytes]]) -> int:
    """Up to where a range is sealed by keys that its desk is known to have; each seal after `seq` is asked until one is
    not. Which key holds where, `Stretch` decides when the acts are there."""
    desk = lot.range.desk
    publics = dict.fromkeys([*(key.public for key in reversed(ring.keys.get(desk, ()))), *vouched.get(desk, ())])
    for seal in lot.range.seals:
        if seal.seq <= seq:
            continue
        text = seals.message(seal.desk, seal.epoch, seal.seq, seal.hash)
        if not any(signing.holds(public, text, seal.sig) for public in publics):
            break
        seq = seal.seq
    return seq
