"""One run of sync: the connection, what the hub said first, and what is here to be held against it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from dutydesk.core.errors import DutyDeskError, Refused
from dutydesk.core.i18n import _
from dutydesk.journal import chain, inbox, peers
from dutydesk.journal.store import CLOCK_SLACK, Store
from dutydesk.sync import bundlekeys, keys, record, seals
from dutydesk.sync.hub import Hello, Hub
from dutydesk.sync.outcome import SyncReport
from dutydesk.sync.pulling import incomplete
from dutydesk.sync.record import Chain, Head
from dutydesk.sync.wire import Parcel

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


def name_of(at: Chain) -> str:
    """A chain in the words of what is remembered: `desk/epoch`."""
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
class Run:
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
            raise Refused(_("本机在中心库已被吊销，请打电话给中心库管理员"))
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

    def _named(self, desk: bytes) -> str:
        known = self.hello.desks.get(desk)
        return (known.name or known.code if known else "") or desk.hex()[:8]

    def _called(self, desk: bytes) -> str:
        known = self.hello.desks.get(desk)
        return (known.code or known.name if known else "") or desk.hex()[:8]

    def _allowed(self, at: Chain, upto: int) -> int:
        """How far a chain may be believed: a desk that was shut out, only as far as it had come by then, the first time
        if a hub that was put back had to be told again."""
        desk = self.hello.desks[at[0]]
        if not desk.revoked or desk.until is None:
            return upto
        known = bundlekeys.revoked(self.store).get(at[0])
        return min(upto, self.hub.last_before(at, desk.until), upto if known is None else known.get(at[1], 0))

    def _keep(self, **told: Any) -> None:
        self.known |= told
        peers.remember(self.store, {self._place(): self.known})
