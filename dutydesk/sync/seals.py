"""The seal: a desk's signature over the head of its chain, and with it over every act before.

`sig = Ed25519(key, "DDSEAL1" ‖ 0 ‖ desk ‖ epoch (4 bytes) ‖ seq (8 bytes) ‖ hash)`, numbers big-endian. It binds
epoch and place, so that it vouches for nothing else; which key may sign there, `keys.Ring.in_force` says.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from dutydesk.journal import peers, signing
from dutydesk.journal.store import Store
from dutydesk.sync import keys

_MAGIC = b"DDSEAL1\0"
_PLACE = struct.Struct(">16sIQ32s")
_HELD = "seal/"


@dataclass(frozen=True, slots=True)
class Seal:
    """`desk`: 16 bytes; `hash`: the head's, 32 bytes; `sig`: 64 bytes."""

    desk: bytes
    epoch: int
    seq: int
    hash: bytes
    sig: bytes


def message(desk: bytes, epoch: int, seq: int, head: bytes) -> bytes:
    """The bytes that are signed."""
    return _MAGIC + _PLACE.pack(desk, epoch, seq, head)


def make(store: Store, epoch: int, seq: int, head: bytes) -> Seal:
    """This desk's seal over a place of its own chain."""
    desk = store.config.desk_id
    return Seal(desk, epoch, seq, head, keys.sign(store, message(desk, epoch, seq, head)))


def verify(seal: Seal, ring: keys.Ring) -> bool:
    """Whether the desk itself sealed this place with the key that holds there; never for a desk without a key."""
    try:
        text = message(seal.desk, seal.epoch, seal.seq, seal.hash)
    except struct.error:
        return False
    public = ring.in_force(seal.desk, seal.epoch, seal.seq)
    return public is not None and signing.holds(public, text, seal.sig)


# -- kept, to be handed on -----------------------------------------------------------------------------------------------


def keep(store: Store, *seals: Seal) -> None:
    """Remember the newest verified seal of each chain, so that its acts can be handed on with it."""
    held = {(seal.desk, seal.epoch): seal for seal in kept(store)}
    newer: dict[str, Mapping[str, Any]] = {}
    for seal in sorted(seals, key=lambda one: one.seq):
        before = held.get((seal.desk, seal.epoch))
        if before is None or before.seq < seal.seq:
            held[seal.desk, seal.epoch] = seal
            newer[f"{_HELD}{seal.desk.hex()}/{seal.epoch}"] = {
                "seq": seal.seq,
                "hash": seal.hash.hex(),
                "sig": seal.sig.hex(),
            }
    peers.remember(store, newer)


def kept(store: Store) -> list[Seal]:
    """The newest seals of other desks' chains that came here."""
    out: list[Seal] = []
    for name, body in peers.peers(store, _HELD).items():
        desk, _slash, epoch = name.partition("/")
        out.append(
            Seal(
                bytes.fromhex(desk),
                int(epoch),
                int(body["seq"]),
                bytes.fromhex(body["hash"]),
                bytes.fromhex(body["sig"]),
            )
        )
    return out


def plain(seal: Seal) -> list[Any]:
    """A seal for JSON: desk, epoch, seq, hash, signature."""
    return [seal.desk.hex(), seal.epoch, seal.seq, seal.hash.hex(), seal.sig.hex()]


def from_plain(value: Any) -> Seal:
    """The same back. Raises `ValueError` for anything else."""
    if not isinstance(value, list):
        raise ValueError("a seal is an array")
    parts = cast("list[Any]", value)
    if len(parts) != 5 or [type(part) for part in parts] != [str, int, int, str, str]:
        raise ValueError("a seal has five parts")
    made = Seal(bytes.fromhex(parts[0]), parts[1], parts[2], bytes.fromhex(parts[3]), bytes.fromhex(parts[4]))
    if (len(made.desk), len(made.hash), len(made.sig)) != (16, 32, 64):
        raise ValueError("a seal's parts have fixed lengths")
    return made
