"""What goes wrong between machines: a desk put back from a copy, two machines that work under one id, two desks with one
code. Both sides of a fork are kept, the numbers on paper stay one desk's alone, and people are told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dutydesk.core.crashpoint import step
from dutydesk.core.errors import Refused
from dutydesk.core.i18n import _
from dutydesk.journal import inbox, peers
from dutydesk.sync import record
from dutydesk.sync.forking import free_code
from dutydesk.sync.hub import CODES_VERSION, MOST_ACTS, MOST_BYTES
from dutydesk.sync.pulling import PAGE
from dutydesk.sync.record import Chain, Head
from dutydesk.sync.running import Run, name_of

DUE = "sync/epoch"
"""The epoch of this desk that its own acts have come back to, and in which it does not go on."""
DOUBLE = "sync/double/"
"""Codes of machines that were copied from this one, and that people were told of."""


@dataclass(slots=True)
class Doubles(Run):
    """The part of a run that looks for another machine of this desk, and goes on without it."""

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

    def _free_code(self) -> str:
        """A code for this machine that no desk of the district has used."""
        config = self.store.config
        used = {desk.code for desk in self.hello.desks.values()} | record.codes(self.store, config.district)
        if self.hello.version >= CODES_VERSION:
            used |= self.hub.codes(config.district).keys()
        return free_code(config, used)

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
        place = f"fork/{self.hello.hub.hex()}/{name_of(at)}"
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
