"""What this desk lacks of a hub's record: asked for page by page, checked, and applied (docs/sync.md §4).

The hub is asked ahead: while acts go into the record, a thread fetches the next pages. What has come by the time the
writer is free is checked and goes in together, so that a fast line makes large transactions, which write each page of
the indexes once, and a slow one small ones, which a cut costs little. Nothing is applied before its seal and chain are
checked, and the frontier moves in the transaction that applies.
"""

from __future__ import annotations

import gc
import struct
import threading
from collections import deque
from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Self

from dutydesk.core.crashpoint import step
from dutydesk.core.i18n import _
from dutydesk.journal import chain, inbox
from dutydesk.journal.apply import parse_body
from dutydesk.journal.chain import Act
from dutydesk.sync import keys, seals
from dutydesk.sync.hub import Hub, Range
from dutydesk.sync.outcome import SyncReport
from dutydesk.sync.record import Chain, Head
from dutydesk.sync.wire import Parcel

PAGE = 2_000
"""Acts that are asked for at a time."""
MOST_UNSEALED = 100_000
"""Acts up to the next seal that are held in memory at most."""
AHEAD, AHEAD_BYTES = 6, 16 * 2**20
"""Pages, and bytes of bodies, that may wait to be applied."""
MANY = 3 * PAGE
"""Acts from which on the writer is given more room."""
SELDOM = (50_000, 20, 100)
"""When garbage is collected meanwhile (`gc.set_threshold`)."""


@dataclass(slots=True)
class Page:
    """What the hub gave at a time: ranges that end at a seal, the seals of each chain, the acts; `unsealed`: chains of
    which nothing can be taken for want of a seal."""

    ranges: Sequence[Range] = ()
    seals: Mapping[Chain, Sequence[seals.Seal]] = field(default_factory=dict[Chain, list[seals.Seal]])
    parcels: Sequence[Parcel] = ()
    unsealed: Sequence[Chain] = ()

    @property
    def size(self) -> int:
        return sum(len(act.body) for act, _personal in self.parcels)


class Asking:
    """Asks a hub for what a desk lacks, page after page, from where it was to where it may be believed."""

    def __init__(self, hub: Hub, reach: Mapping[Chain, Head], lacks: Mapping[Chain, int], blocked: Collection[Chain]):
        self._hub = hub
        self._lacks = lacks
        self._blocked = blocked
        self._asked = {at: reach.get(at, (0, b""))[0] for at in lacks}

    def take(self) -> list[Page]:
        """The next page by itself; none when there is nothing more to ask for."""
        page = self.next()
        return [] if page is None else [page]

    def next(self) -> Page | None:
        """The next page; `None` when there is nothing more to ask for."""
        behind = [
            (*at, self._asked[at], upto)
            for at, upto in sorted(self._lacks.items())
            if at not in self._blocked and self._asked[at] < upto
        ]
        if not behind:
            return None
        page = self._sealed(behind)
        for at in page.unsealed:
            self._asked[at] = self._lacks[at]
        for desk, epoch, _after, upto in page.ranges:
            self._asked[desk, epoch] = upto
        page.parcels = self._hub.acts(page.ranges)
        return page

    def _sealed(self, behind: Sequence[Range]) -> Page:
        """A page to ask for, each range ending at a seal. Where the next seal is further off than a page, that one
        chain is asked for up to it."""
        asked: list[Range] = []
        room = PAGE
        for desk, epoch, after, upto in behind:
            end = min(upto, after + room)
            asked.append((desk, epoch, after, end))
            room -= end - after
            if room <= 0:
                break
        found: dict[Chain, list[seals.Seal]] = {}
        for seal in self._hub.seals(asked):
            found.setdefault((seal.desk, seal.epoch), []).append(seal)
        ready = [
            (desk, epoch, after, found[desk, epoch][0].seq)
            for desk, epoch, after, _end in asked
            if (desk, epoch) in found
        ]
        if ready:
            return Page(ready, found)
        limits = {(desk, epoch): upto for desk, epoch, _after, upto in behind}
        unsealed: list[Chain] = []
        for desk, epoch, after, end in asked:
            at = (desk, epoch)
            further = self._hub.seals([(desk, epoch, end, limits[at])], after=True) if end < limits[at] else []
            if further and further[0].seq - after <= MOST_UNSEALED:
                return Page([(desk, epoch, after, further[0].seq)], {at: further}, (), unsealed)
            unsealed.append(at)
        return Page(unsealed=unsealed)


class Ahead:
    """Fetches pages in a thread while others are applied; to be used as a context, which ends the thread."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking
        self._pages: deque[Page] = deque()
        self._size = 0
        self._over = False
        self._change = threading.Condition()
        self._pool = ThreadPoolExecutor(1, "pull")
        self._work = self._pool.submit(self._fetch)

    def _fetch(self) -> None:
        try:
            while (page := self._asking.next()) is not None:
                with self._change:
                    self._pages.append(page)
                    self._size += page.size
                    self._change.notify_all()
                    self._change.wait_for(lambda: self._over or (len(self._pages) < AHEAD and self._size < AHEAD_BYTES))
                    if self._over:
                        return
        finally:
            with self._change:
                self._over = True
                self._change.notify_all()

    def take(self) -> list[Page]:
        """Every page that has come by now, one at least; none when there is nothing more to come. Raises what went
        wrong with the hub, after the pages that came before."""
        with self._change:
            self._change.wait_for(lambda: self._pages or self._over)
            taken = list(self._pages)
            self._pages.clear()
            self._size = 0
            self._change.notify_all()
        if not taken:
            self._work.result()
        return taken

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        with self._change:
            self._over = True
            self._change.notify_all()
        self._pool.shutdown()


@dataclass(frozen=True, slots=True)
class Here:
    """What a pull asks and changes here: a desk's record, or a hub's own tables."""

    frontier: Callable[[], Mapping[Chain, Head]]
    ring: Callable[[], keys.Ring]
    vouched: Callable[[], Mapping[bytes, Sequence[bytes]]]
    take: Callable[[Sequence[Parcel]], inbox.Taken]
    """Checked acts, whose hashes are known to be right."""
    keep: Callable[[Sequence[seals.Seal]], None]
    set_aside: Callable[[Act, str], int]
    incomplete: Callable[[Sequence[Parcel]], bool]
    """Whether personal data are missing that nobody erased."""
    roomy: Callable[[], AbstractContextManager[None]]
    """More room while many acts come in."""


@dataclass(slots=True)
class Pull:
    """What a run takes in: from which hub, what came of it, which chains cannot go on now; `called` names a desk to
    people; `ahead`: pages are fetched while others are applied (`Session.ahead`)."""

    here: Here
    hub: Hub
    report: SyncReport
    blocked: set[Chain]
    called: Callable[[bytes], str]
    stop_if_asked: Callable[[], None]
    progress: Callable[[str, int, int], None]
    ahead: bool = True
    _reach: dict[Chain, Head] = field(init=False)
    _ring: keys.Ring = field(init=False)
    _vouched: Mapping[bytes, Sequence[bytes]] = field(init=False)

    def work(self, lacks: Mapping[Chain, int]) -> None:
        """Take in what is lacking of each chain, up to a place; what cannot be had now is blocked."""
        start = self.here.frontier()
        missing = sum(upto - start.get(at, (0, b""))[0] for at, upto in lacks.items())
        self._vouched = self.here.vouched()
        with _room(self.here) if missing > MANY else nullcontext():
            while self._behind(lacks):
                self._run(lacks, self.report.pulled + missing)

    def _behind(self, lacks: Mapping[Chain, int]) -> bool:
        self._reach = dict(self.here.frontier())
        self._ring = self.here.ring()
        return any(at not in self.blocked and self._reach.get(at, (0, b""))[0] < upto for at, upto in lacks.items())

    def _run(self, lacks: Mapping[Chain, int], whole: int) -> None:
        asking = Asking(self.hub, self._reach, lacks, self.blocked)
        with Ahead(asking) if self.ahead else nullcontext(asking) as pages_of:
            while True:
                self.stop_if_asked()
                pages = pages_of.take()
                if not pages:
                    return
                step("pull.received")
                self._apply(pages)
                self.progress("pull", self.report.pulled, max(whole, self.report.pulled))

    def _apply(self, pages: Sequence[Page]) -> None:
        """Check pages, in their order, and take in what holds, together."""
        parcels: list[Parcel] = []
        good: list[seals.Seal] = []
        for page in pages:
            for at in page.unsealed:
                self.blocked.add(at)
                self.report.note(_("席位 {desk} 的新记录还没有签名，下次再取").format(desk=self.called(at[0])))
            parcels += self._checked(page, good)
        if not parcels:
            return
        self.here.keep(good)
        taken = self.here.take(parcels)
        step("pull.applied")
        self.report.pulled += taken.applied
        self.report.quarantined += taken.quarantined
        after = self.here.frontier()
        for at in {(act.desk, act.epoch) for act, _personal in parcels}:
            if after.get(at, (0, b""))[0] < self._reach[at][0]:
                self.blocked.add(at)

    def _checked(self, page: Page, good: list[seals.Seal]) -> list[Parcel]:
        """What may be applied: chains that hold together, end at their desk's own seal, which goes to `good`, and came
        with their personal data. The others are blocked; what is false goes to quarantine."""
        by_chain: dict[Chain, list[Parcel]] = {}
        for act, personal in page.parcels:
            by_chain.setdefault((act.desk, act.epoch), []).append((act, personal))
        out: list[Parcel] = []
        for desk, epoch, after, upto in page.ranges:
            at = (desk, epoch)
            reach = self._reach.get(at, (0, chain.ZERO))
            if at in self.blocked or reach[0] != after:
                continue  # what came before was not taken in whole: it is asked for again, or not at all
            held = by_chain.get(at, [])
            if len(held) != upto - after:
                self.blocked.add(at)
                self.report.alarm(
                    _("中心库里席位 {desk} 的记录不连续，没有收下：请告诉中心库管理员").format(desk=self.called(desk))
                )
                continue
            acts = [act for act, _personal in held]
            told = keys.extended(self._ring, acts, self._vouched)
            if desk not in told.keys and desk in self._vouched:  # an older desk whose announcement is still to come
                told = keys.Ring({**told.keys, desk: (keys.Announced(self._vouched[desk][-1], 1, 1),)}, told.doubted)
            hashes = {act.seq: act.hash for act in acts}
            seal = next(
                (one for one in page.seals[at] if hashes.get(one.seq) == one.hash and seals.verify(one, told)), None
            )
            if seal is None or not holds(acts[: seal.seq - after], reach[1]):
                self._refuse(at, held)
                continue
            held = held[: seal.seq - after]  # what lies beyond is under a false seal, and refused when its turn comes
            if self.here.incomplete(held):
                self.blocked.add(at)
                self.report.note(_("席位 {desk} 的个人信息还没有到齐，下次再取").format(desk=self.called(desk)))
                continue
            good.append(seal)
            out += held
            self._ring = keys.extended(self._ring, acts[: len(held)], self._vouched)
            self._reach[at] = (seal.seq, seal.hash)
        return out

    def _refuse(self, at: Chain, parcels: Sequence[Parcel]) -> None:
        self.blocked.add(at)
        self.report.alarm(
            _("席位 {desk} 的记录与它的签名不符，没有收下：请打电话问那一台，再告诉中心库管理员").format(
                desk=self.called(at[0])
            )
        )
        for act, _personal in parcels[:PAGE]:
            self.report.quarantined += self.here.set_aside(act, _("与席位的签名不符"))


def incomplete(hub: Hub, parcels: Sequence[Parcel]) -> bool:
    """Whether personal data are missing that nobody erased."""
    missing: set[tuple[str, bytes]] = set()
    for act, personal in parcels:
        if b'"personal":' not in act.body:
            continue
        for n, change in enumerate(parse_body(act.body)["changes"]):
            if "personal" in change and n not in personal:
                missing.add((str(change["ledger"]), bytes.fromhex(change["row"])))
    return bool(missing) and missing != hub.erased(sorted(missing))


@contextmanager
def _room(here: Here) -> Generator[None]:
    """What pays where acts come in by the thousand: more of the file in memory, and a collector of garbage that does not
    go through all of them again and again."""
    usual = gc.get_threshold()
    gc.set_threshold(*SELDOM)
    try:
        with here.roomy():
            yield
    finally:
        gc.set_threshold(*usual)


def holds(acts: Sequence[Act], link: bytes) -> bool:
    """Whether acts follow from `link` one by one, each with the hash that its bytes have."""
    for act in acts:
        try:
            if chain.act_hash(act) != act.hash or (act.seq > 1 and act.prev != link):
                return False
        except (ValueError, OverflowError, struct.error):
            return False
        link = act.hash
    return True
