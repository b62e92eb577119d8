"""Identifiers: UUIDv7 (RFC 9562 §5.7) as 16 bytes, never used for order."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from contextlib import contextmanager

SYSTEM = "system"
CLI = "cli"
RESERVED_AUTHORS = (SYSTEM, CLI)


_bytes: Callable[[int], bytes] = os.urandom


@contextmanager
def seeded(seed: int | None) -> Generator[None]:
    """Within, ids and salts follow from `seed`: for pictures, golden prints and tests alone. `None` changes nothing."""
    import random  # loads what the first window does without

    global _bytes
    before = _bytes
    if seed is not None:
        _bytes = random.Random(seed).randbytes
    try:
        yield
    finally:
        _bytes = before


def token(size: int) -> bytes:
    """`size` bytes by chance."""
    return _bytes(size)


def new_id(at: int) -> bytes:
    """A fresh UUIDv7 for the moment `at` (milliseconds since the epoch): 48 bits of time, 74 of chance."""
    value = int.from_bytes(_bytes(10), "big")
    value = (value & ~(0xF << 76)) | (0x7 << 76)
    value = (value & ~(0x3 << 62)) | (0x2 << 62)
    return (at & 0xFFFF_FFFF_FFFF).to_bytes(6, "big") + value.to_bytes(10, "big")


def named_id(*names: str) -> bytes:
    """The same 16 bytes for the same names on every desk (UUIDv8, RFC 9562 §5.8): for rows that exist once, like a
    setting."""
    import hashlib  # loads OpenSSL, which the first window does without

    raw = bytearray(hashlib.sha256("\x1f".join(names).encode()).digest()[:16])
    raw[6] = (raw[6] & 0x0F) | 0x80
    raw[8] = (raw[8] & 0x3F) | 0x80
    return bytes(raw)
