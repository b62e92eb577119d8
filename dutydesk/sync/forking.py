"""A fork that a bundle tells of: no hub says there whose branch stays, so both sides must find the same answer alone.

What a hub has confirmed stays. Where none is known to have, the branch stays whose first act was made earlier: by its
time in the record, then by its hash. Only a branch that its own desk has sealed counts, since anybody can make acts up
that do not follow. What gives way is offered to be taken back as after a fork that the hub told of (`rejoin`, 并回).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dutydesk.core.i18n import _
from dutydesk.core.settings import DeskConfig
from dutydesk.journal import chain, inbox, peers
from dutydesk.journal.chain import Act
from dutydesk.journal.store import Store
from dutydesk.sync import record
from dutydesk.sync.record import Chain
from dutydesk.sync.rejoin import FORK, STICK
from dutydesk.sync.seals import Seal

LETTERS = "BCDEFGHJKLMNPQRSTUVWXYZ"
"""What is added to a code for the second machine of a fork."""


def free_code(config: DeskConfig, used: set[str]) -> str:
    """A code for this machine that is not among those that desks of the district have used."""
    tried = [f"{config.code[:7]}{letter}" for letter in LETTERS]
    return next((code for code in tried if code not in used), config.code)


@dataclass(slots=True)
class Other:
    """The other branch of a chain, act by act as a bundle brings it: from where on it is another one than here, and
    whether it holds together up to one of its desk's seals that were found true."""

    at: Chain
    seals: Sequence[Seal]
    first: Act | None = None
    upto: int = 0
    """The last of its acts that a seal covers; 0 while there is none."""
    _link: bytes = b""
    _sound: bool = True
    _open: bool = True

    @property
    def open(self) -> bool:
        """Whether a seal of its desk may still come."""
        return self._open

    def add(self, store: Store, act: Act) -> bool:
        """The next act that is not the one here; whether the branch may still be its desk's."""
        if self.first is None:
            self.first = act
            self._link = act.prev if act.seq == 1 else record.hash_at(store, self.at, act.seq - 1) or b""
        self._sound = self._sound and act.prev == self._link and not inbox.problem(act, {})
        self._link = act.hash
        if self._sound and any((seal.seq, seal.hash) == (act.seq, act.hash) for seal in self.seals):
            self.upto = act.seq
        self._open = self._sound and any(seal.seq > act.seq for seal in self.seals)
        return self._open or self.upto == act.seq

    @property
    def common(self) -> int:
        """The last place at which both are the same."""
        return self.first.seq - 1 if self.first is not None else 0


def stays(store: Store, other: Other) -> bool:
    """Whether the branch here stays, by what every desk can know alone. See the module."""
    assert other.first is not None
    return not _earlier(store, other) or _confirmed(store, other)


def _earlier(store: Store, other: Other) -> bool:
    """Whether the other branch was begun earlier."""
    assert other.first is not None
    found = store.ask(
        "SELECT hlc, hash FROM act WHERE desk = ? AND epoch = ? AND seq = ?", (*other.at, other.first.seq)
    )
    return not found or (other.first.hlc, other.first.hash) < (int(found[0][0]), bytes(found[0][1]))


def _confirmed(store: Store, other: Other) -> bool:
    """Whether a hub has confirmed an act of the branch here."""
    return any(
        held.seq > other.common and record.hash_at(store, other.at, held.seq) == held.hash
        for held in peers.witnessed(store, "hub", *other.at)
    )


def settle(store: Store, other: Other, epochs: set[int]) -> list[str]:
    """What follows from a fork that a bundle told of; sentences about it. `epochs`: those of this desk that the sender
    knows. Nothing where the other branch is not sealed by its desk or does not follow from what is here."""
    desk, epoch = other.at
    seq = record.frontier(store).get(other.at, (0, chain.ZERO))[0]
    if other.first is None or not other.upto or seq <= other.common:
        return []
    own = desk == store.config.desk_id
    place = f"{FORK}{STICK}/{desk.hex()}/{epoch}"
    told = {"common": other.common, "mine": seq, "theirs": other.upto, "own": own}
    if _confirmed(store, other):
        return [_("中心库里是本机的这一份，另一台并回就行，本机不用做什么")] if own else []
    if stays(store, other):
        if not own:
            return []
        peers.remember(store, {place: {**told, "stays": True}})
        return [_("本机的一份在前，不用动：请那一台同号机器导入本机的数据包，再在它的“同步”里点“并回”")]
    if not own:
        peers.remember(store, {place: told})
        return [_("另一份在前：请在“同步”里点“并回”改用它")]
    said = [_("另一份在前：本机这 {count} 次操作其他席位看不到，请在“同步”里点“并回”").format(count=seq - other.common)]
    if epoch == store.config.epoch:  # first: a number that both give is what nobody can take back
        said.append(_begin_again(store, epochs))
    peers.remember(store, {place: told})
    return said


def _begin_again(store: Store, epochs: set[int]) -> str:
    """Go on in an epoch that nobody has used, under a code of its own: a number on paper is one machine's alone."""
    config = store.config
    used = epochs | {epoch for desk, epoch in record.frontier(store) if desk == config.desk_id}
    code = free_code(config, record.codes(store, config.district))
    store.next_epoch(max(config.epoch, *used) + 1, {"reason": "fork"}, code)
    text = _("另一台机器也在用本机的编号：为免编号重复，本机从现在起用代号 {code}（第 {epoch} 段）")
    return text.format(code=code, epoch=store.config.epoch)


def forget_settled(store: Store) -> None:
    """The other machine has taken its branch back: nothing is left to be done here."""
    waiting = {
        name: body
        for name, body in peers.peers(store, f"{FORK}{STICK}/").items()
        if body.get("stays") and body.get("own")
    }
    if not waiting:
        return
    later = [at for at in record.frontier(store) if at[0] == store.config.desk_id and at[1] > store.config.epoch]
    if any(record.opened(store, at).get("reason") == "rejoin" for at in later):
        peers.remember(store, {f"{FORK}{STICK}/{name}": None for name in waiting})
