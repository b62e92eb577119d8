"""Whom a bundle is for and whose it is: the desk's X25519 key for age, cards of other desks, who was shut out.

The identity is a private key in `local_key`, never an act. Other desks' cards stand in `local_peer`: they come as a file
or text from hand to hand, or with the first bundle of a desk that a person accepts by its fingerprint. A receiver that is
no desk (the owner of a hub, an archive) is a name and an age key.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import _
from dutydesk.journal import peers, signing
from dutydesk.journal.store import Store
from dutydesk.sync import age, keys

IDENTITY = "bundle"
"""Name in `local_key`."""
PEER = "bundle/peer/"
"""Names in `local_peer`: `bundle/peer/<desk>` for desks, `bundle/peer/=<name>` for other receivers."""
RECOVERY = "bundle/recovery"
REVOKED = "revoked"
_PRINT = b"DDPRINT1\0"
_SIGNED = b"DDCARD1\0"
_RECIPIENT = re.compile("age1[02-9ac-hj-np-z]{58}")
_IDENTITY = re.compile("AGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{58}")
_TEXTS = ("code", "district", "name", "unit")


@dataclass(frozen=True, slots=True)
class PeerCard:
    """A desk as others know it: its id, both public keys, and what it is called. `desk` and `public` are empty for a
    receiver that is no desk."""

    desk: bytes
    public: bytes
    recipient: str
    code: str = ""
    district: str = ""
    name: str = ""
    unit: str = ""

    @property
    def called(self) -> str:
        """What people call it."""
        return self.name or self.code or self.desk.hex()[:8]

    @property
    def key(self) -> str:
        """Its name among the peers."""
        return self.desk.hex() if self.desk else f"={self.name}"

    @property
    def fingerprint(self) -> str:
        """64 bits over both keys and the id, to be compared by telephone: `3f2a 9c01 77be 10d4`."""
        text = hashlib.sha256(_PRINT + self.desk + self.public + self.recipient.encode()).hexdigest()
        return " ".join(text[at : at + 4] for at in range(0, 16, 4))

    def plain(self) -> dict[str, str]:
        """For JSON."""
        return {**asdict(self), "desk": self.desk.hex(), "public": self.public.hex()}

    @classmethod
    def from_plain(cls, value: Any) -> Self:
        """The same back. Raises `ValueError`, `KeyError`, `TypeError`."""
        texts = {name: str(value[name])[:200] for name in _TEXTS}
        desk, public = bytes.fromhex(value["desk"]), bytes.fromhex(value["public"])
        recipient = str(value["recipient"])
        if (len(desk), len(public)) not in ((16, 32), (0, 0)) or not _RECIPIENT.fullmatch(recipient):
            raise ValueError("card")
        for text in texts.values():
            if not text.isprintable():
                raise ValueError("card")
        return cls(desk, public, recipient, **texts)


@dataclass(frozen=True, slots=True)
class Peer:
    """A receiver and what is known of it: `holds` is the frontier it last told of, by chain; `number` (epoch, n) of the
    bundle that told it; `sent` and `told` what went out to it last, acts and this desk's own frontier (its hash);
    `owed` files that could not be sent."""

    card: PeerCard
    holds: Mapping[tuple[bytes, int], tuple[int, bytes]]
    number: tuple[int, int]
    sent: Mapping[tuple[bytes, int], tuple[int, bytes]]
    owed: tuple[str, ...]
    told: str


# -- this desk -----------------------------------------------------------------------------------------------------------


def identity(store: Store) -> str:
    """This desk's age identity, made when there is none yet."""
    held = peers.secret(store, IDENTITY)
    if held is None:
        peers.keep_secret(store, age.new_secret().encode(), IDENTITY)
        held = peers.secret(store, IDENTITY)
    assert held is not None
    return held.decode()


def own_card(store: Store) -> PeerCard:
    """This desk as others know it."""
    config = store.config
    return PeerCard(
        config.desk_id,
        keys.ensure(store),
        age.recipient_of(identity(store)),
        config.code,
        config.district,
        config.name,
        config.unit,
    )


def write_card(store: Store) -> bytes:
    """This desk's card for other desks: one line of JSON, signed."""
    text = json.dumps(own_card(store).plain(), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    signed = keys.sign(store, _SIGNED + text.encode()).hex()
    return json.dumps({"bundle_card": text, "sig": signed}, ensure_ascii=False).encode() + b"\n"


def read_card(data: bytes, name: str = "") -> PeerCard:
    """A card from a file or a text, or an age key with the name of whoever owns it. Raises `Refused`."""
    text = data[:20_000].decode("utf-8", "replace").strip()
    if _RECIPIENT.fullmatch(text):
        called = "".join(one for one in " ".join(name.split()) if one.isprintable())[:60]
        if not called:
            raise Refused(Problem(_("给这把公钥写个名称"), "--name"))
        return PeerCard(b"", b"", _checked(text), name=called)
    try:
        outer: dict[str, Any] = json.loads(text)
        told = str(outer["bundle_card"])
        card = PeerCard.from_plain(json.loads(told))
        holds = signing.holds(card.public, _SIGNED + told.encode(), bytes.fromhex(outer["sig"]))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Refused(Problem(_("不是数据包公钥卡，也不是 age 公钥"))) from None
    if not holds or not card.desk:
        raise Refused(Problem(_("公钥卡的签名不符")))
    _checked(card.recipient)
    return card


def _checked(recipient: str) -> str:
    if not age.is_recipient(recipient):
        raise Refused(Problem(_("不是有效的 age 公钥")))
    return recipient


# -- others --------------------------------------------------------------------------------------------------------------


def remember(store: Store, card: PeerCard, **told: Any) -> None:
    """Keep a card, and what else is known of its owner; a desk's key is vouched for by whoever gave it."""
    place = PEER + card.key
    held = peers.peer(store, place)
    peers.remember(store, {place: {**held, "card": card.plain(), **told}})
    if card.desk and card.desk != store.config.desk_id:
        known = keys.ring(store).keys.get(card.desk, ())
        if not known or known[-1].public != card.public:
            keys.vouch(store, {card.desk: card.public})


def known(store: Store) -> list[Peer]:
    """Every receiver, by name."""
    found = [_peer(body) for body in peers.peers(store, PEER).values()]
    return sorted(found, key=lambda peer: (peer.card.called, peer.card.key))


def peer(store: Store, key: str) -> Peer | None:
    """One receiver by its key."""
    body = peers.peer(store, PEER + key)
    return _peer(body) if body else None


def find(store: Store, wanted: str) -> Peer:
    """The receiver that a text names: its name, code, or the beginning of its id; the only one when nothing is named.
    Raises `Refused`."""
    listed = known(store)
    text = wanted.strip()
    if not text:
        hits = listed
    else:
        hits = [one for one in listed if text in (one.card.name, one.card.code, one.card.key)]
        hits = hits or [
            one for one in listed if len(text) >= 6 and text in (one.card.key[: len(text)], one.card.key[-len(text) :])
        ]
    if len(hits) == 1:
        return hits[0]
    if not listed:
        raise Refused(Problem(_("还没有对方的公钥，请先加入：dutydesk bundle keys --add 文件"), "--to"))
    reason = _("不止一个对方，请写明：{names}") if hits else _("没有这个对方，已有：{names}")
    raise Refused(Problem(reason.format(names=_("、").join(one.card.called for one in hits or listed)), "--to"))


def _peer(body: Mapping[str, Any]) -> Peer:
    return Peer(
        PeerCard.from_plain(body["card"]),
        vector(body.get("holds", ())),
        (int(body.get("epoch", 0)), int(body.get("number", 0))),
        vector(body.get("sent", ())),
        tuple(body.get("owed", ())),
        str(body.get("told", "")),
    )


def names(store: Store) -> Callable[[bytes], str]:
    """What desks are called here, by their id; the end of the id for one that nobody has introduced."""
    own = own_card(store)

    def called(desk: bytes) -> str:
        if desk == own.desk:
            return own.called
        held = peer(store, desk.hex())
        return held.card.called if held else desk.hex()[-8:]

    return called


def vector(told: Any) -> dict[tuple[bytes, int], tuple[int, bytes]]:
    """A frontier from JSON."""
    return {(bytes.fromhex(desk), int(epoch)): (int(seq), bytes.fromhex(head)) for desk, epoch, seq, head in told}


def plain_vector(held: Mapping[tuple[bytes, int], tuple[int, bytes]]) -> list[list[Any]]:
    """A frontier for JSON."""
    return [[desk.hex(), epoch, seq, head.hex()] for (desk, epoch), (seq, head) in sorted(held.items())]


# -- recovery and shutting out -------------------------------------------------------------------------------------------


def recovery(store: Store) -> tuple[str, ...]:
    """The offline keys that open every bundle and copy: those of this list and of `second_recipients`."""
    told = list(recovery_of_bundles(store))
    told += re.split(r"[\s,，;；]+", store.config.second_recipients)
    return tuple(dict.fromkeys(one for one in told if _RECIPIENT.fullmatch(one)))


def recovery_of_bundles(store: Store) -> tuple[str, ...]:
    """The offline keys of this list alone."""
    return tuple(str(one) for one in peers.peer(store, RECOVERY).get("keys", ()))


def add_recovery(store: Store, text: str) -> str:
    """Encrypt for this offline key too from now on. Raises `Refused`."""
    key = _checked(text.strip())
    held = list(peers.peer(store, RECOVERY).get("keys", ()))
    if key not in held:
        peers.remember(store, {RECOVERY: {"keys": [*held, key]}})
    return key


def forget_recovery(store: Store, key: str) -> None:
    """Encrypt no further bundle for an offline key; what was written stays open to it. Raises `Refused` for one that is
    not of this list."""
    held = list(peers.peer(store, RECOVERY).get("keys", ()))
    if key not in held:
        raise Refused(Problem(_("这把密钥不在数据包的恢复密钥里")))
    peers.remember(store, {RECOVERY: {"keys": [one for one in held if one != key]}})


def read_identity(data: bytes) -> str:
    """The private key in a file or a text, also as it is printed, in groups; lines that begin with # do not count.
    Raises `Refused`."""
    lines = [line for line in data.decode("utf-8", "replace").splitlines() if not line.lstrip().startswith("#")]
    found = _IDENTITY.search("".join("".join(lines).split()).upper())
    if found is None:
        raise Refused(Problem(_("这里面没有 age 私钥")))
    age.recipient_of(found[0])
    return found[0]


def revoked(store: Store) -> dict[bytes, dict[int, int]]:
    """Desks that were shut out, and up to where each of their chains is believed."""
    told = peers.peer(store, REVOKED)
    return {bytes.fromhex(desk): {int(epoch): int(seq) for epoch, seq in upto} for desk, upto in told.items()}


def revoke(store: Store, told: Mapping[bytes, Mapping[int, int]]) -> None:
    """Shut desks out: what lies beyond these places is not taken from anybody; `{}` for a desk takes nothing more."""
    if not told:
        return
    body = peers.peer(store, REVOKED)
    for desk, upto in told.items():
        body[desk.hex()] = [[epoch, seq] for epoch, seq in sorted(upto.items())]
    peers.remember(store, {REVOKED: body})


def restore(store: Store, desk: bytes) -> None:
    """Let a desk in again."""
    body = peers.peer(store, REVOKED)
    body.pop(desk.hex(), None)
    peers.remember(store, {REVOKED: body})


def trusted(store: Store, card: PeerCard) -> bool:
    """Whether the key of a card is the one that this desk believes its owner to have."""
    held = keys.ring(store).keys.get(card.desk, ())
    if held:
        return held[-1].public == card.public or card.public in keys.enrolled(store).get(card.desk, ())
    if card.public in keys.enrolled(store).get(card.desk, ()):
        return True
    accepted = peer(store, card.key)
    return accepted is not None and accepted.card.public == card.public
