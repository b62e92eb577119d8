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
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from dutydesk.core.clock import DAY, HOUR, iso
from dutydesk.core.crashpoint import step
from dutydesk.core.districts import related
from dutydesk.core.errors import DutyDeskError, Refused, Unavailable
from dutydesk.core.i18n import _
from dutydesk.journal import audit, chain, inbox, peers
from dutydesk.journal.desk import Desk
from dutydesk.journal.store import CLOCK_SLACK, Store
from dutydesk.sync import blobs, bundlekeys, keys, outcome, record, seals
from dutydesk.sync.hub import CODES_VERSION, MOST_ACTS, MOST_BYTES, PATIENCE, Batch, Forked, Hello, Hub
from dutydesk.sync.outcome import SyncReport
from dutydesk.sync.pulling import PAGE, Here, Pull, incomplete
from dutydesk.sync.record import Chain, Head
from dutydesk.sync.wire import Parcel

JOB = "sync"
"""Kind of the runs in `local_job`."""
ACTION = "SYNC"
"""Action of the audit."""
AUDITED = "sync/audited"
LOGIN = "login/"
"""What `local_peer` remembers: what was audited last; the password for each address."""
DUE = "sync/epoch"
"""The epoch of this desk that its own acts have come back to, and in which it does not go on."""
DOUBLE = "sync/double/"
"""Codes of machines that were copied from this one, and that people were told of."""
LETTERS = "BCDEFGHJKLMNPQRSTUVWXYZ"
"""What is added to a code for the second machine of a fork."""
ROUNDS = 4
"""How often the vectors are compared anew while others push at the same time."""

Progress = Callable[[str, int, int], None]
"""Told the step (`push`, `pull`, `files`, `digest`), how many are done, and of how many."""
Cancel = Callable[[], bool]


class Cancelled(DutyDeskError):
    """Somebody asked the run to stop."""


def no_progress(stage: str, done: int, whole: int) -> None:
    """Nobody watches."""


def never() -> bool:
    """Nobody stops it."""
    return False


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
        raise Refused(_("没有设置中心库地址，请写 --hub 或在 desk.toml 里写 hub"))
    report = SyncReport(started_at=desk.clock.now())
    number = peers.begin_run(store, JOB)
    state = peers.FAILED
    session: Session | None = None
    try:
        with connect(store, url, patience=patience, cancel=cancel) as hub:
            report.hub = hub.where.public
            session = Session(store, hub, report, progress, cancel, deep=deep)
            session.work()
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
    return sum(max(0, seq - confirmed.get(_name(at), 0)) for at, (seq, _hash) in own.items())


def _name(at: Chain) -> str:
    return f"{at[0].hex()}/{at[1]}"


def span(milliseconds: int) -> str:
    """How long, in the largest unit that says enough."""
    minutes = milliseconds // 60_000
    if minutes < 120:
        return _("{count} 分钟").format(count=minutes)
    if minutes < 48 * 60:
        return _("{count} 小时").format(count=minutes // 60)
    return _("{count} 天").format(count=minutes // (24 * 60))


@dataclass(slots=True)
class Session:
    """One run: the connection, and what was found out while it lasts."""

    store: Store
    hub: Hub
    report: SyncReport
    progress: Progress
    cancel: Cancel
    deep: bool = False
    told: dict[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    """What is to be remembered with the end of the run."""
    hello: Hello = field(init=False)
    known: dict[str, Any] = field(init=False)
    moved: bool = False
    ahead: bool = True
    """Pages are fetched while others are applied, which therefore must not go over the hub's connection."""
    own: bytes = b""
    district: str = ""
    """Whose run it is; who is no desk takes everybody's acts."""
    blocked: set[Chain] = field(default_factory=set[Chain])
    """Chains that cannot go on now; each has its alarm or note."""

    @property
    def me(self) -> Chain:
        return self.store.config.desk_id, self.store.config.epoch

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

    def _stop_if_asked(self) -> None:
        if self.cancel():
            raise Cancelled(_("已中断"))

    # -- hello ---------------------------------------------------------------------------------------------------------

    def _greet(self) -> None:
        self.hello = self.hub.hello()
        desk = self.store.config.desk_id
        mine = self.hello.desks.get(desk)
        if mine is None:
            raise Refused(_("本机还没有在中心库登记，请其管理员运行 dutydesk hub enrol"))
        if mine.revoked:
            raise Refused(_("本机在中心库已被吊销"))
        if mine.public != keys.ensure(self.store):
            raise Refused(_("本机的密钥与中心库登记的不一致，请其管理员重新登记"))
        keys.vouch(self.store, {each.desk: each.public for each in self.hello.desks.values() if not each.revoked})
        self._note_revoked()
        ahead = self.store.clock.now() - self.hello.time
        if abs(ahead) > CLOCK_SLACK:
            self.report.clock_ahead = ahead
            told = _("本机时钟比中心库快 {span}") if ahead > 0 else _("本机时钟比中心库慢 {span}")
            self.report.note(told.format(span=span(abs(ahead))))
        self._recall()

    def _note_revoked(self) -> None:
        """Desks that were shut out are so for bundles too, up to the same places."""
        known = bundlekeys.revoked(self.store)
        fresh = [each.desk for each in self.hello.desks.values() if each.revoked and each.desk not in known]
        theirs = self.hello.frontier
        bundlekeys.revoke(
            self.store,
            {
                desk: {at[1]: self._allowed(at, head[0]) for at, head in theirs.items() if at[0] == desk}
                for desk in fresh
            },
        )

    def _recall(self) -> None:
        """What this desk remembers of the hub; of one that was put back from a copy it must forget how far it was."""
        self.known = peers.peer(self.store, self._place())
        was_put_back = self.known.get("incarnation", self.hello.incarnation) != self.hello.incarnation
        if self.hello.arrival < self.known.get("arrival", 0):
            was_put_back = True
        for at, seq in self.known.get("confirmed", {}).items():
            desk, _slash, epoch = at.partition("/")
            if self.hello.frontier.get((bytes.fromhex(desk), int(epoch)), (0, b""))[0] < seq:
                was_put_back = True
        if was_put_back:
            self.report.note(_("中心库恢复过备份，缺的记录重新上传"))
        forgotten = self._forgotten(was_put_back=was_put_back)
        if was_put_back:
            self.known = {}
        self.known |= {"incarnation": self.hello.incarnation, "arrival": self.hello.arrival, "forgotten": forgotten}
        self.known["revoked"] = sorted(desk.hex() for desk, each in self.hello.desks.items() if each.revoked)

    def _forgotten(self, *, was_put_back: bool) -> list[str]:
        """Desks that the hub does not know any more to have been shut out, since it was put back from a copy of before.
        Nothing of them moves until its owner shuts them out again, or somebody here lets them in again."""
        told = {*self.known.get("forgotten", ()), *(self.known.get("revoked", ()) if was_put_back else ())}
        still = bundlekeys.revoked(self.store)
        found = [
            desk
            for desk, each in sorted(self.hello.desks.items())
            if desk.hex() in told and desk in still and not each.revoked
        ]
        for desk in found:
            self.blocked |= {at for at in self.hello.frontier if at[0] == desk}
            self.report.alarm(
                _("中心库恢复备份后不再记得席位 {desk} 已被吊销，请其管理员再吊销一次").format(desk=self._called(desk))
            )
        return [desk.hex() for desk in found]

    def _place(self) -> str:
        return f"hub/{self.hello.hub.hex()}"

    # -- what is here: a desk's record, or a hub's own tables (`projecting`) ------------------------------------------

    def _here(self) -> Mapping[Chain, Head]:
        return record.frontier(self.store)

    def _hash_at(self, at: Chain, seq: int) -> bytes | None:
        return record.hash_at(self.store, at, seq)

    def _ring(self) -> keys.Ring:
        return keys.ring(self.store)

    def _vouched(self) -> Mapping[bytes, Sequence[bytes]]:
        return keys.enrolled(self.store)

    def _take(self, parcels: Sequence[Parcel]) -> inbox.Taken:
        return inbox.take_in(self.store, parcels, hashed=True)

    def _keep_seals(self, good: Sequence[seals.Seal]) -> None:
        seals.keep(self.store, *good)

    def _set_aside(self, act: chain.Act, reason: str) -> int:
        return inbox.set_aside(self.store, act, reason)

    def _incomplete(self, parcels: Sequence[Parcel]) -> bool:
        return incomplete(self.hub, parcels)

    def _roomy(self) -> AbstractContextManager[None]:
        return self.store.roomy() if self.ahead else nullcontext()

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

    def _look_for_a_double(self, theirs: Mapping[Chain, Head]) -> None:
        """Later epochs of this desk that it has not begun: another machine works under its id. One with a code of its own
        gives other numbers, and is an alarm only until somebody was told."""
        desk, epoch = self.me
        later = [at for at in theirs if at[0] == desk and at[1] > epoch]
        codes = {str(record.opened(self.store, at).get("code", self.store.config.code)) for at in later}
        for code in sorted(codes):
            if code == self.store.config.code:
                self.report.alarm(_("另一台机器正用本席位的编号工作，请查明哪一台是搬迁、哪一台是复制"))
                continue
            text = _("有一台机器是从本机复制出去的，现在用代号 {code}：若不是有意复制的，请查明").format(code=code)
            place = f"{DOUBLE}{code}"
            if peers.peer(self.store, place):
                self.report.note(text)
            else:
                self.report.alarm(text)
                peers.remember(self.store, {place: {"code": code, "at": self.store.clock.now()}})

    def _allowed(self, at: Chain, upto: int) -> int:
        """How far a chain may be believed: a desk that was shut out, only as far as it had come by then, the first time
        if a hub that was put back had to be told again."""
        desk = self.hello.desks[at[0]]
        if not desk.revoked or desk.until is None:
            return upto
        known = bundlekeys.revoked(self.store).get(at[0])
        return min(upto, self.hub.last_before(at, desk.until), upto if known is None else known.get(at[1], 0))

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

    def _claim_code(self) -> None:
        """The hub keeps which desk has which code, for good: a number on paper is one desk's alone."""
        config = self.store.config
        told = [config.district, config.code]
        if self.hello.version < CODES_VERSION or self.known.get("code") == told:
            return
        holders = self.hub.claim_code(config.district, config.code, config.desk_id)
        other = holders[config.code]
        if other != config.desk_id:
            self.report.alarm(
                _(
                    "代号 {code} 已是席位 {desk} 的，两台的编号会重复：请给本机另起代号（dutydesk adopt --renamed）"
                ).format(code=config.code or _("（空）"), desk=self._named(other))
            )
            return
        self._keep(code=told)

    def _named(self, desk: bytes) -> str:
        known = self.hello.desks.get(desk)
        return (known.name or known.code if known else "") or desk.hex()[:8]

    def _free_code(self) -> str:
        """A code for this machine that no desk of the district has used."""
        config = self.store.config
        used = {desk.code for desk in self.hello.desks.values()} | record.codes(self.store, config.district)
        if self.hello.version >= CODES_VERSION:
            used |= self.hub.codes(config.district).keys()
        tried = [f"{config.code[:7]}{letter}" for letter in LETTERS]
        return next((code for code in tried if code not in used), config.code)

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

    def _called(self, desk: bytes) -> str:
        known = self.hello.desks.get(desk)
        return (known.code or known.name if known else "") or desk.hex()[:8]

    # -- what goes wrong between machines ------------------------------------------------------------------------------

    def _begin_again(self, reason: str) -> None:
        """Go on in an epoch that nobody has used."""
        desk, epoch = self.me
        used = [at[1] for at in (*self.hello.frontier, *record.frontier(self.store)) if at[0] == desk]
        if self.me in self.blocked:
            raise Refused(_("本机自己的记录取不回来，请先查明中心库的情况"))
        code = self._free_code() if reason == "fork" else None
        step("epoch.before")
        self.store.next_epoch(max(epoch, *used) + 1, {"reason": reason}, code)
        peers.remember(self.store, {DUE: None})
        step("epoch.opened")
        if code is None:
            self.report.note(_("本机恢复过备份，已开始新的一段（{epoch}）").format(epoch=self.me[1]))
            return
        text = _("另一台机器也在用本机的编号：为免编号重复，本机从现在起用代号 {code}（第 {epoch} 段）")
        self.report.note(text.format(code=code, epoch=self.me[1]))
        self._claim_code()

    def _fork(self, at: Chain, here: Head, there: Head) -> None:
        """Two acts at one place: keep both branches, each in the other side's quarantine, and tell."""
        place = f"fork/{self.hello.hub.hex()}/{_name(at)}"
        told = peers.peer(self.store, place)
        common = int(told.get("common", -1))
        if common < 0:
            common = self._last_common(at, min(here[0], there[0]))
        name = f"{self._called(at[0])}/{at[1]} #{common + 1}"
        self.report.forks.append(name)
        if at[0] == self.store.config.desk_id:
            text = _("本机与另一台同号机器从 #{seq} 起各记各的：本机这 {count} 次操作其他席位看不到，请在“同步”里并回")
            self.report.alarm(text.format(seq=common + 1, count=here[0] - common))
        else:
            self.report.alarm(_("席位 {place} 起有两份不同的记录（分叉），两份都已留存，请查明").format(place=name))
        reason = _("同一序号有两条不同的记录（分叉）")
        seq = max(common, int(told.get("theirs", 0)))
        while seq < there[0]:
            self._stop_if_asked()
            parcels = self.hub.acts([(*at, seq, min(there[0], seq + PAGE))])
            for act, _personal in parcels:
                self.report.quarantined += inbox.set_aside(self.store, act, reason)
            seq = parcels[-1][0].seq if parcels else there[0]
        step("fork.taken")
        seq = max(common, int(told.get("mine", 0)))
        while seq < here[0]:
            self._stop_if_asked()
            parcels = record.parcels(self.store, at, seq, here[0], MOST_ACTS, MOST_BYTES)
            self.hub.set_aside(parcels, reason, self.store.config.desk_id)
            seq = parcels[-1][0].seq
        step("fork.given")
        peers.remember(
            self.store, {place: {"common": common, "mine": here[0], "theirs": there[0], "own": at[0] == self.me[0]}}
        )
        self.blocked.add(at)
        if at == self.me:
            self.blocked.discard(at)
            self._begin_again("fork")
            self.blocked.add(at)

    def _last_common(self, at: Chain, upto: int) -> int:
        """The last place at which both sides have the same act, 0 when there is none."""
        low, high = 0, upto
        while low < high:
            middle = (low + high + 1) // 2
            theirs = self.hub.hashes_at([(*at, middle)]).get((*at, middle))
            if theirs is not None and theirs == record.hash_at(self.store, at, middle):
                low = middle
            else:
                high = middle - 1
        return low

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

    def _keep(self, **told: Any) -> None:
        self.known |= told
        peers.remember(self.store, {self._place(): self.known})

    # -- verify --------------------------------------------------------------------------------------------------------

    def _verify(self) -> None:
        mine, theirs = record.frontier(self.store), self._theirs()
        agreed = {at: head for at, head in theirs.items() if mine.get(at) == head}
        own = {at: head for at, head in mine.items() if at[0] == self.me[0]}
        confirmed = {_name(at): theirs[at][0] for at in own if at in agreed or at in theirs}
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
