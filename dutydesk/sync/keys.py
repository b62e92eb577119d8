"""Whose signature counts: each desk's Ed25519 keys, from the acts that announce them.

A desk's public key stands in its `epoch.open` ("key") and, for a desk older than keys or one that changed its key, in
an act `desk.key`: `{"key":{"desk","public"}}`, and with a change `"former"` and `"proof"`, the former key's signature
over the new one. The first key that is heard of a desk is believed and kept; another one only with that proof, or when
the owner of the hub has enrolled it. A key holds from the place of its announcement on: an old key that signs again
later is refused (CVE-2023-31439, engineering.md §2.4). The private key stays in `local_key`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import _
from dutydesk.journal import peers, signing
from dutydesk.journal.chain import Act
from dutydesk.journal.store import Store

KIND = "desk.key"
OPENS = "epoch.open"
REMEMBERED = "keys"
"""Name in `local_peer`."""
ENROLLED = "enrolled"
"""Name in `local_peer` of what hubs' owners vouch for."""
_NEXT = f"{peers.DESK_KEY}.next"
_PROOF = b"DDKEY1\0"


@dataclass(frozen=True, slots=True)
class Announced:
    """A public key and the place of its announcement: it holds from there on."""

    public: bytes
    epoch: int
    seq: int


@dataclass(frozen=True, slots=True)
class Ring:
    """The believed keys of every desk, in order of their places; `doubted` are announcements that were not believed."""

    keys: Mapping[bytes, tuple[Announced, ...]] = field(default_factory=dict[bytes, tuple[Announced, ...]])
    doubted: frozenset[bytes] = frozenset()

    def in_force(self, desk: bytes, epoch: int, seq: int) -> bytes | None:
        """The key that holds at a place of a desk's chain; before the first announcement it is that one's."""
        held = self.keys.get(desk, ())
        before = [key for key in held if (key.epoch, key.seq) <= (epoch, seq)]
        if before:
            return before[-1].public
        return held[0].public if held else None


@dataclass(frozen=True, slots=True)
class Card:
    """What the owner of a hub needs to enrol a desk; the signature shows that its sender holds the key."""

    desk: bytes
    public: bytes
    code: str
    district: str
    name: str
    unit: str


# -- this desk -----------------------------------------------------------------------------------------------------------


def ensure(store: Store) -> bytes:
    """This desk's public key, announced in its chain: an older desk does so now, by an act."""
    public = signing.public_of(_own(store))
    held = ring(store).keys.get(store.config.desk_id, ())
    if not held:
        store.declare(KIND, {"key": {"desk": store.config.desk, "public": public.hex()}})
    elif held[-1].public != public:
        fresh = peers.secret(store, _NEXT)
        if fresh is not None and signing.public_of(fresh) == held[-1].public:  # a change of key was cut off
            peers.keep_secret(store, fresh)
            return held[-1].public
        raise Refused(_("本机的密钥与记录里公布的不一致，请用备份恢复本机，或请中心管理员重新登记"))
    return public


def rotate(store: Store) -> bytes:
    """Change this desk's key; the former one signs the new one. Returns the new public key."""
    former = peers.own_secret(store)
    ensure(store)
    fresh = signing.new_secret()
    public = signing.public_of(fresh)
    proof = signing.sign(former, _proof(store.config.desk_id, public))
    told = {
        "desk": store.config.desk,
        "former": signing.public_of(former).hex(),
        "proof": proof.hex(),
        "public": public.hex(),
    }
    peers.keep_secret(store, fresh, _NEXT)  # whichever of the two the chain names is found again
    store.declare(KIND, {"key": told})
    peers.keep_secret(store, fresh)
    return public


def sign(store: Store, message: bytes) -> bytes:
    """This desk's signature of a message."""
    return signing.sign(_own(store), message)


def _own(store: Store) -> bytes:
    """This desk's private key, without asking the writer where there is one."""
    return peers.secret(store) or peers.own_secret(store)


def card(store: Store) -> bytes:
    """This desk's card for the owner of a hub, as JSON."""
    config = store.config
    told = {
        "desk": config.desk,
        "public": ensure(store).hex(),
        "code": config.code,
        "district": config.district,
        "name": config.name,
        "unit": config.unit,
    }
    text = json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return json.dumps({"card": text, "sig": sign(store, text.encode()).hex()}, ensure_ascii=False).encode() + b"\n"


def read_card(data: bytes) -> Card:
    """A card back from its file. Raises `Refused` for anything that is not one, or that its key did not sign."""
    try:
        outer = json.loads(data)
        text = str(outer["card"])
        told: dict[str, Any] = json.loads(text)
        made = Card(
            bytes.fromhex(told["desk"]),
            bytes.fromhex(told["public"]),
            *(str(told[name]) for name in ("code", "district", "name", "unit")),
        )
        signed = signing.holds(made.public, text.encode(), bytes.fromhex(outer["sig"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Refused(Problem(_("不是席位登记卡"))) from None
    if not signed or len(made.desk) != 16:
        raise Refused(Problem(_("席位登记卡的签名不符")))
    return made


def card_of(store: Store) -> Card:
    """This desk's card without the detour over a file."""
    return read_card(card(store))


# -- all desks -----------------------------------------------------------------------------------------------------------


def announcements(acts: Iterable[Act]) -> list[tuple[Act, Mapping[str, Any]]]:
    """The acts that announce a key, with what they say of it."""
    out: list[tuple[Act, Mapping[str, Any]]] = []
    for act in acts:
        if act.kind not in (KIND, OPENS):
            continue
        body: dict[str, Any] = json.loads(act.body)
        told: Any = body.get("key") if act.kind == KIND else {"public": body.get("epoch", {}).get("key")}
        if isinstance(told, dict) and "public" in told and told["public"]:
            out.append((act, cast("dict[str, Any]", told)))
    return out


def extended(known: Ring, acts: Iterable[Act], enrolled: Mapping[bytes, Sequence[bytes]]) -> Ring:
    """The ring with what `acts` announce; `enrolled` are the keys that a hub's owner vouches for, by desk."""
    keys = dict(known.keys)
    doubted = set(known.doubted)
    for act, told in announcements(acts):
        held = keys.get(act.desk, ())
        try:
            public = bytes.fromhex(told["public"])
            proof = bytes.fromhex(told.get("proof", ""))
        except (ValueError, TypeError):
            doubted.add(act.desk)
            continue
        if held and held[-1].public == public:
            continue
        vouched = enrolled.get(act.desk, ())
        proven = bool(held) and signing.holds(held[-1].public, _proof(act.desk, public), proof)
        if proven or public in vouched or (not held and not vouched):
            keys[act.desk] = (*held, Announced(public, act.epoch, act.seq))
        else:
            doubted.add(act.desk)
    return Ring(keys, frozenset(doubted))


def ring(store: Store) -> Ring:
    """Every believed key, from the acts that are here. What was found is remembered with the arrival up to which the
    acts were looked through, so that a call costs what came since."""
    told = peers.peer(store, REMEMBERED)
    known = Ring(
        {
            bytes.fromhex(desk): tuple(Announced(bytes.fromhex(key), epoch, seq) for key, epoch, seq in held)
            for desk, held in told.get("desks", {}).items()
        },
        frozenset(bytes.fromhex(desk) for desk in told.get("doubted", ())),
    )
    seen = int(told.get("arrival", 0))
    ((last,),) = store.ask("SELECT coalesce(max(arrival), 0) FROM act")
    if last <= seen:
        return known
    found = store.ask(
        "SELECT desk, epoch, seq, act_id, hlc, happened_at, recorded_at, by, kind, sv, body, alg, prev, hash"
        " FROM act WHERE arrival > ? AND kind IN (?, ?) ORDER BY arrival",
        (seen, OPENS, KIND),
    )
    if found:
        grown = extended(known, [Act(*row) for row in found], _with_own(store, enrolled(store)))
    else:
        grown = known
    if grown != known or last - seen > 1_000:
        _remember(store, grown, last)
    return grown


def enrolled(store: Store) -> dict[bytes, tuple[bytes, ...]]:
    """The keys that owners of hubs vouch for, by desk."""
    told = peers.peer(store, ENROLLED)
    return {bytes.fromhex(desk): tuple(map(bytes.fromhex, held)) for desk, held in told.items()}


def vouch(store: Store, told: Mapping[bytes, bytes]) -> None:
    """Take in what a hub's owner says: desk → key. A key that was doubted until now is looked at again."""
    held = enrolled(store)
    fresh = {desk: public for desk, public in told.items() if public not in held.get(desk, ())}
    if not fresh:
        return
    for desk, public in fresh.items():
        held[desk] = (*held.get(desk, ()), public)
    peers.remember(
        store, {ENROLLED: {desk.hex(): [public.hex() for public in listed] for desk, listed in sorted(held.items())}}
    )
    known = ring(store)
    if known.doubted & fresh.keys():
        _remember(store, Ring(known.keys), 0)


def _with_own(store: Store, vouched: Mapping[bytes, Sequence[bytes]]) -> Mapping[bytes, Sequence[bytes]]:
    """What this desk announced of itself it need not doubt."""
    own = [public for name in (peers.DESK_KEY, _NEXT) if (public := _public(store, name))]
    return {**vouched, store.config.desk_id: own} if own else vouched


def _public(store: Store, name: str) -> bytes | None:
    held = peers.secret(store, name)
    return None if held is None else signing.public_of(held)


def _remember(store: Store, known: Ring, arrival: int) -> None:
    """Keep a ring and how far the acts were looked through for it."""
    body = {
        "arrival": arrival,
        "desks": {
            desk.hex(): [[key.public.hex(), key.epoch, key.seq] for key in held] for desk, held in known.keys.items()
        },
        "doubted": sorted(desk.hex() for desk in known.doubted),
    }
    peers.remember(store, {REMEMBERED: body})


def _proof(desk: bytes, public: bytes) -> bytes:
    return _PROOF + desk + public
