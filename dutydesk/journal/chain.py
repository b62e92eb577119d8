"""The bytes of an act and the chain through them; `docs/journal.md` gives the same in prose with test vectors.

`hash = H(alg ‖ prev ‖ header ‖ body)`. The header is packed, not JSON, so that it has one reading and costs nothing;
the body is canonical JSON and is kept and hashed byte for byte as it was written.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

SHA256 = 1
ZERO = bytes(32)
SCHEMA_VERSION = 1
"""`sv` of the acts that this program writes: it rises when the meaning of a body changes."""

_FIXED = struct.Struct(">16sIQ16sqqqH")
_HASHES = {SHA256: hashlib.sha256}


@dataclass(frozen=True, slots=True)
class Act:
    """One entry of the journal as it stands in the table, `arrival` aside.

    `desk`, `act_id`: 16 bytes; `hlc`: 48 bits of milliseconds, 16 of counter; `happened_at`, `recorded_at`:
    milliseconds UTC; `by`: hex id of a row of `people`, or `system`, `cli`; `prev`, `hash`: 32 bytes.
    """

    desk: bytes
    epoch: int
    seq: int
    act_id: bytes
    hlc: int
    happened_at: int
    recorded_at: int
    by: str
    kind: str
    sv: int
    body: bytes
    alg: int
    prev: bytes
    hash: bytes


_encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode
"""What `json.dumps` comes to, made once."""


def canonical(value: Mapping[str, Any]) -> bytes:
    """Canonical JSON: UTF-8, keys sorted, no spaces; integers, strings, lists and `null` alone.

    Raises `ValueError` for floats, booleans, keys that are not ASCII, NUL and (`UnicodeEncodeError`) lone surrogates,
    `TypeError` for keys that are no texts.
    """
    _check(value)
    text = _encode(value)
    if "\\u0000" in text and _holds_nul(value):
        raise ValueError("NUL has no place in an act")
    return text.encode()


_PLAIN = frozenset((str, int, type(None)))


def _check(value: Any) -> None:
    """The encoder itself would write a float or a boolean without a word."""
    if isinstance(value, dict):
        held = cast("dict[str, Any]", value)
        if not "".join(held).isascii():  # raises TypeError for a key that is no text
            raise ValueError("a key is ASCII")
        inside: Iterable[Any] = held.values()
    elif isinstance(value, list | tuple):
        inside = cast("list[Any]", value)
    else:
        raise ValueError(f"{type(value).__name__} has no place in an act")
    for item in inside:
        if type(item) not in _PLAIN:
            _check(item)


def _holds_nul(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_holds_nul(item) for item in cast("dict[str, Any]", value).values())
    if isinstance(value, list | tuple):
        return any(_holds_nul(item) for item in cast("list[Any]", value))
    return isinstance(value, str) and "\0" in value


def header(
    desk: bytes,
    epoch: int,
    seq: int,
    act_id: bytes,
    hlc: int,
    happened_at: int,
    recorded_at: int,
    by: str,
    kind: str,
    sv: int,
) -> bytes:
    """The packed header: fixed fields big-endian, then `by` and `kind`, each with its length in one byte."""
    return pack_fixed(desk, epoch, seq, act_id, hlc, happened_at, recorded_at, sv) + names(by, kind)


pack_fixed = _FIXED.pack
"""The fixed part of a header: desk, epoch, seq, act_id, hlc, happened_at, recorded_at, sv."""
pack_linked = struct.Struct(">B32s16sIQ16sqqqH").pack
"""The same after what stands before it in a hash: alg, prev."""


@lru_cache(maxsize=4_096)
def names(by: str, kind: str) -> bytes:
    """The variable part of a header; there are few authors and kinds and many acts."""
    author, name = by.encode(), kind.encode()
    return bytes((len(author),)) + author + bytes((len(name),)) + name


def digest(alg: int, prev: bytes, head: bytes, body: bytes) -> bytes:
    """The hash of an act, 32 bytes. Raises `ValueError` for an algorithm this program does not know."""
    make = _HASHES.get(alg)
    if make is None:
        raise ValueError(f"unknown hash algorithm {alg}")
    return make(bytes((alg,)) + prev + head + body).digest()


def act_hash(act: Act) -> bytes:
    """What the hash of `act` must be."""
    return digest(
        act.alg,
        act.prev,
        header(
            act.desk,
            act.epoch,
            act.seq,
            act.act_id,
            act.hlc,
            act.happened_at,
            act.recorded_at,
            act.by,
            act.kind,
            act.sv,
        ),
        act.body,
    )


def personal_hash(salt: bytes, data: bytes) -> str:
    """What a change says of its personal fields: `sha256(salt ‖ canonical JSON)`, hex."""
    return hashlib.sha256(salt + data).hexdigest()


def tick(last: int, now: int) -> int:
    """The next hybrid logical clock: the wall clock where it is ahead, else one more than the last."""
    return max(now << 16, last + 1)
