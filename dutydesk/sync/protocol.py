"""One run of sync with a hub (engineering.md §1.2): hello, push, pull, verify. It keeps nothing between the steps that
is not in the record already, so that it may be cut off anywhere and begun again.

The truth are the vectors {(desk, epoch): (seq, hash)}. What the hub lacks is pushed in transactions of at most 500
acts, each sealed; what this desk lacks is pulled, its seal and chain checked before any of it is applied, and applied
with the frontier in one SQLite transaction. An act counts as delivered when the hub's committed frontier covers it.

- The hub's frontier of my own epoch is ahead: I was put back from a copy. My acts come back, a new epoch begins.
- It is behind what it had confirmed: the hub was put back. Everybody pushes again from its number.
- The same place, another hash: a fork. Both branches are kept, each in the other side's quarantine; a desk whose own
  chain forked goes on in a new epoch, and people are told.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass

from dutydesk.core.clock import DAY, HOUR, iso
from dutydesk.core.crashpoint import step
from dutydesk.core.districts import related
from dutydesk.core.errors import DutyDeskError, Refused, Unavailable
from dutydesk.core.i18n import _
from dutydesk.journal import audit, chain, peers
from dutydesk.journal.desk import Desk
from dutydesk.journal.store import Store
from dutydesk.sync import blobs, deletions, keys, outcome, record, seals
from dutydesk.sync.doubles import DUE, Doubles
from dutydesk.sync.hub import MOST_ACTS, MOST_BYTES, PATIENCE, Batch, Forked, Hub
from dutydesk.sync.outcome import SyncReport
from dutydesk.sync.pulling import Here, Pull
from dutydesk.sync.record import Chain, Head
from dutydesk.sync.running import Cancel, Cancelled, Progress, name_of, never, no_progress
from dutydesk.sync.wire import Parcel

JOB = "sync"
"""Kind of the runs in `local_job`."""
ACTION = "SYNC"
"""Action of the audit."""
AUDITED = "sync/audited"
LOGIN = "login/"
"""What `local_peer` remembers: what was audited last; the password for each address."""
ROUNDS = 4
"""How often the vectors are compared anew while others push at the same time."""


def run(
    desk: Desk,
    hub_url: str = "",
    *,
    progress: Progress = no_progress,
    cancel: Cancel = never,
    deep: bool = False,
    patience: float = PATIENCE,
) -> SyncReport:
    """Bring desk and hub into step; `hub_url` is that of `desk.toml` when not given. `deep` compares the tables too.

    The run is noted in `local_job` however it ends, and in the audit when it is the night's first success or a new
    failure. Raises `Refused` for a desk that may not sync, `Unavailable` when the hub cannot be reached or was lost,
    `Cancelled`; what was done until then stays done.
    """
    store = desk.store
    url = hub_url or store.config.hub
    refuse_play(store)
    if not url:
        raise Refused(_("本机还没有接入中心库：在“同步”里读入登记文件，或运行 dutydesk hub join 文件"))
    report = SyncReport(started_at=desk.clock.now())
    number = peers.begin_run(store, JOB)
    state = peers.FAILED
    session: Session | None = None
    try:
        with connect(store, url, patience=patience, cancel=cancel) as hub:
            report.hub = hub.where.public
            session = Session(store, hub, report, progress, cancel, deep=deep)
            deletions.begin(store)
            session.work()
            session.look_for_deletions()
        state = peers.DONE if report.ok else peers.FAILED
    except Cancelled:
        report.error, state = _("已中断"), peers.STOPPED
        raise
    except DutyDeskError as error:
        if cancel():
            report.error, state = _("已中断"), peers.STOPPED
            raise Cancelled(report.error) from None
        report.error = str(error)
        raise
    finally:
        report.ended_at = desk.clock.now()
        report.epoch = store.config.epoch
        peers.end_run(store, number, state, report.json(), session.told if session is not None else {})
        if state != peers.STOPPED:
            _audit(desk, report)
    return report


def refuse_play(store: Store) -> None:
    """A sample or a drill stays by itself, and a view gives nothing. Raises `Refused`."""
    if store.config.sample or store.config.drill or store.config.view:
        raise Refused(_("{mark}数据不同步").format(mark=store.config.mark))


def connect(store: Store, url: str, *, patience: float = PATIENCE, cancel: Cancel | None = None) -> Hub:
    """The hub with this desk's own login: its password comes from `local_peer`, or from libpq's password file."""
    from dutydesk.sync.hub import target

    address = target(url, ca=store.config.hub_ca).public
    password = str(peers.peer(store, LOGIN + address).get("password", ""))
    return Hub.connect(url, ca=store.config.hub_ca, password=password, patience=patience, cancel=cancel)


def remember_login(store: Store, address: str, password: str) -> None:
    """Keep the password for an address (`Target.public`) on this workstation, beside the record and never in it."""
    peers.remember(store, {LOGIN + address: {"password": password}})


def waiting(store: Store) -> int:
    """Acts of this desk that no hub has confirmed yet; for the status board, without asking a hub."""
    confirmed: dict[str, int] = {}
    for told in peers.peers(store, "hub/").values():
        for place, seq in told.get("confirmed", {}).items():
            confirmed[place] = max(confirmed.get(place, 0), seq)
    own = {at: head for at, head in record.frontier(store).items() if at[0] == store.config.desk_id}
    return sum(max(0, seq - confirmed.get(name_of(at), 0)) for at, (seq, _hash) in own.items())


@dataclass(slots=True)
class Session(Doubles):
    """One run from hello to verify."""

    def work(self) -> None:
        """All of it."""
        self.own, self.district = self.store.config.desk_id, self.store.config.district
        keys.ensure(self.store)
        self._greet()
        self._claim_code()
        if peers.peer(self.store, DUE).get("epoch") == self.store.config.epoch:  # a run was cut off in between
            self._begin_again("restore")
        self._send_files()
        for _round in range(ROUNDS):
            lacks, owes = self._compare()
            if not lacks and not owes:
                break
            self.moved = True
            if self.me in lacks:  # what I lost comes back before anything of mine goes out
                peers.remember(self.store, {DUE: {"epoch": self.me[1]}})
                self._pull({self.me: lacks[self.me]})
                self._begin_again("restore")
                continue
            self._push(owes)
            self._fetch_files()
            self._pull(lacks)
            step("sync.before-verify")
            self._greet()
        self._fetch_files()
        self._look_for_a_double(self.hello.frontier)
        self._verify()

    def look_for_deletions(self) -> None:
        """Say who deleted many rows elsewhere: nobody must find an empty list in the night without knowing why."""
        self.report.note(*(mass.said(self._called(mass.desk)) for mass in deletions.look(self.store)))

    # -- compare -------------------------------------------------------------------------------------------------------

    def _compare(self) -> tuple[dict[Chain, int], dict[Chain, int]]:
        """Which chains this desk lacks (and up to where), and which it owes (and from where on)."""
        mine, theirs = self._here(), self.hello.frontier
        behind = [at for at, head in theirs.items() if 0 < mine.get(at, (0, b""))[0] < head[0]]
        links = self.hub.hashes_at([(*at, mine[at][0]) for at in behind])
        lacks: dict[Chain, int] = {}
        owes: dict[Chain, int] = {}
        for at in sorted(mine.keys() | theirs.keys()):
            if at in self.blocked:
                continue
            here, there = mine.get(at, (0, chain.ZERO)), theirs.get(at, (0, chain.ZERO))
            if here == there or (not here[0] and not self._concerns(at[0])):
                continue
            if here[0] < there[0]:
                same = not here[0] or links.get((*at, here[0])) == here[1]
            else:
                same = not there[0] or self._hash_at(at, there[0]) == there[1]
            if not same:
                self._fork(at, here, there)
            elif here[0] < there[0]:
                upto = self._allowed(at, there[0])
                if upto > here[0]:
                    lacks[at] = upto
                else:
                    self.blocked.add(at)  # shut out, and all that is believed is here
            elif self._may_push(at):
                owes[at] = there[0]
        return lacks, owes

    def _concerns(self, desk: bytes) -> bool:
        """Whether a desk's acts belong here: those of the own district and of the places above and below it. A district
        of a city gets nothing of the others, neither on its screens nor as personal data; the city gets all."""
        known = self.hello.desks.get(desk)
        return known is None or desk == self.own or related(self.district, known.district)

    def _theirs(self) -> dict[Chain, Head]:
        """What of the hub's frontier belongs here."""
        mine = self._here()
        return {at: head for at, head in self.hello.frontier.items() if at in mine or self._concerns(at[0])}

    def _may_push(self, at: Chain) -> bool:
        desk = self.hello.desks.get(at[0])
        if desk is None:
            self.report.note(_("席位 {desk} 没有在中心库登记，它的记录没有上传").format(desk=at[0].hex()[:8]))
        elif desk.revoked:
            self.report.note(_("席位 {desk} 已被吊销，它的记录没有上传").format(desk=desk.code or at[0].hex()[:8]))
        else:
            return True
        self.blocked.add(at)
        return False

    # -- push ----------------------------------------------------------------------------------------------------------

    def _push(self, owes: Mapping[Chain, int]) -> None:
        mine = record.frontier(self.store)
        sealed = {(seal.desk, seal.epoch): seal for seal in seals.kept(self.store)}
        whole = self.report.pushed + sum(mine[at][0] - after for at, after in owes.items())
        for at, after in sorted(owes.items()):
            if at[0] == self.store.config.desk_id:
                self._push_chain(at, after, mine[at][0], None, whole)
                continue
            seal = sealed.get(at)  # handed on with the seal of whoever made it, and no further than it reaches
            if seal is not None and record.hash_at(self.store, at, seal.seq) == seal.hash:
                self._push_chain(at, after, seal.seq, seal, whole)
            if seal is None or seal.seq < mine[at][0]:
                self.blocked.add(at)
                self.report.note(_("席位 {desk} 的记录还没有它的签名，没有全部上传").format(desk=self._called(at[0])))

    def _push_chain(self, at: Chain, after: int, upto: int, seal: seals.Seal | None, whole: int) -> None:
        """Batch by batch; a desk seals the end of each of its own, another desk's seal goes with the last. The next
        batch is read while the hub is busy with one."""

        def read(after: int) -> list[Parcel]:
            return record.parcels(self.store, at, after, upto, MOST_ACTS, MOST_BYTES)

        with ThreadPoolExecutor(1, "push") if upto - after > MOST_ACTS else nullcontext() as ahead:
            coming: Future[list[Parcel]] | None = None
            seq = after
            while seq < upto:
                self._stop_if_asked()
                parcels = read(seq) if coming is None else coming.result()
                last = parcels[-1][0]
                over = seals.make(self.store, at[1], last.seq, last.hash) if seal is None else seal
                if ahead is not None and last.seq < upto:
                    coming = ahead.submit(read, last.seq)
                try:
                    self.hub.push(Batch(parcels, over if over.seq == last.seq else None))
                except Forked:
                    return  # somebody was quicker: the next comparison says what happened
                step("push.acknowledged")
                seq = last.seq
                self.report.pushed += len(parcels)
                self.progress("push", self.report.pushed, max(whole, self.report.pushed))

    # -- pull ----------------------------------------------------------------------------------------------------------

    def _pull(self, lacks: Mapping[Chain, int]) -> None:
        here = Here(
            self._here, self._ring, self._vouched, self._take, self._keep_seals, self._set_aside, self._incomplete,
            self._roomy,
        )  # fmt: skip
        Pull(
            here, self.hub, self.report, self.blocked, self._called, self._stop_if_asked, self.progress, self.ahead
        ).work(lacks)

    # -- attached files ------------------------------------------------------------------------------------------------

    def _send_files(self) -> None:
        moved = blobs.send(self.store, self.hub, int(self.known.get("named", 0)), self._stop_if_asked)
        self.report.files_sent += moved.files
        self.report.note(*moved.notes)
        if moved.cursor != self.known.get("named", 0):
            self._keep(named=moved.cursor)

    def _fetch_files(self) -> None:
        if not all(self._concerns(desk) for desk in self.hello.desks):
            self._fetch_named()
            return
        if self.hello.arrival == self.known.get("files", -1):
            return
        moved = blobs.fetch(
            self.store, self.hub, int(self.known.get("files", 0)), self._stop_if_asked, self._keep_files
        )
        self.report.files_fetched += moved.files
        self.report.note(*moved.notes)
        self._keep(files=max(moved.cursor, self.hello.arrival))

    def _fetch_named(self) -> None:
        """Of a hub with other districts only the files that acts here name."""
        lacking = [str(name) for name in self.known.get("lacking", ())]
        moved, lacking = blobs.fetch_named(
            self.store, self.hub, int(self.known.get("sought", 0)), lacking, self._stop_if_asked
        )
        self.report.files_fetched += moved.files
        self.report.note(*moved.notes)
        if (moved.cursor, lacking) != (self.known.get("sought", 0), self.known.get("lacking", [])):
            self._keep(sought=moved.cursor, lacking=lacking)

    def _keep_files(self, cursor: int) -> None:
        self._keep(files=cursor)

    # -- verify --------------------------------------------------------------------------------------------------------

    def _verify(self) -> None:
        mine, theirs = record.frontier(self.store), self._theirs()
        agreed = {at: head for at, head in theirs.items() if mine.get(at) == head}
        own = {at: head for at, head in mine.items() if at[0] == self.me[0]}
        confirmed = {name_of(at): theirs[at][0] for at in own if at in agreed or at in theirs}
        self.report.waiting = sum(
            max(0, head[0] - theirs.get(at, (0, b""))[0]) for at, head in own.items() if at not in self.blocked
        )
        differ = {at for at in mine.keys() | theirs.keys() if mine.get(at) != theirs.get(at)}
        self.report.in_step = differ <= self.blocked and not self.report.alarms
        if self.moved or self.known.get("confirmed") != confirmed:
            peers.note_witness(
                self.store,
                "hub",
                self.hello.hub.hex(),
                [peers.Witnessed(*at, *head) for at, head in sorted(agreed.items())],
            )
        step("verify.witnessed")
        self.known |= {"confirmed": confirmed, "last_ok": self.store.clock.now()}
        self.told = {self._place(): self.known}
        if self.deep and not differ:
            self._compare_tables()

    def _compare_tables(self) -> None:
        """Whether this desk shows what others showed at the same frontier; if not, its tables are made again."""
        self.progress("digest", 0, 1)
        if self._same_as_others():
            self.report.digest = outcome.EQUAL
        else:
            try:
                self.store.rebuild()
            except Unavailable:
                self.report.digest = outcome.DIFFERENT
                self.report.alarm(_("台账与其他席位不一致，请关闭窗口后运行 dutydesk rebuild，再同步一次"))
                return
            if self._same_as_others():
                self.report.digest = outcome.REBUILT
                self.report.note(_("台账与其他席位不一致，已从记录重建，现在一致"))
            else:
                self.report.digest = outcome.DIFFERENT
                self.report.alarm(_("台账重建后仍与其他席位不一致，请把两台的备份送交检查"))
        self.progress("digest", 1, 1)

    def _same_as_others(self) -> bool:
        frontier, digest = record.shown(self.store)
        told = self.hub.tell_digest(frontier, self.store.schema.fingerprint, self.store.config.desk_id, digest)
        return all(digest in shown for desk, shown in told.items() if desk != self.store.config.desk_id)


# -- the audit -----------------------------------------------------------------------------------------------------------


def _audit(desk: Desk, report: SyncReport) -> None:
    """An entry for the first success of a night, from noon to noon, and for a failure that is new that night: a run
    every five minutes must not fill the record."""
    if audit.LEDGER not in desk.store.schema.shapes:
        return
    night = iso((report.started_at - 12 * HOUR) // DAY * DAY)[:10]
    told = peers.peer(desk.store, AUDITED)
    failed = not report.ok
    if told.get("night") == night and told.get("failed") == failed:
        return
    if failed:
        reason = (report.error or _("；").join(report.lines()) or _("没有同步完"))[:200]
    else:
        reason = _("例行同步")
    result = (
        _("失败") if failed else _("上传 {pushed}，收到 {pulled}").format(pushed=report.pushed, pulled=report.pulled)
    )
    audit.record(desk, ACTION, report.hub or "-", re.sub(r"\s+", " ", reason), result)
    peers.remember(desk.store, {AUDITED: {"night": night, "failed": failed}})
