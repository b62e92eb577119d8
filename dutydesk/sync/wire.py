"""An act on its way: one line of JSON, with the personal data that travel beside it. Hub quarantine and bundles share it.

    [1, desk, epoch, seq, act_id, hlc, happened_at, recorded_at, by, kind, sv, body, alg, prev, hash, [[n, salt, data]…]]

1 is the form's version; bytes are hexadecimal, except `body` and `data`, which are texts and come back byte for byte.
An array has no keys that could stand twice. `unpack` believes nothing: it checks form, lengths and bounds, and leaves
hash, chain and seal to `journal.inbox` and `seals`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, cast

from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import _
from dutydesk.journal.chain import Act
from dutydesk.journal.store import MOST_BYTES, MOST_CHANGES

FORM = 1
LONGEST_LINE = 4 * 2**20
"""Bytes of a line: a body of 256 KiB, each byte escaped, and as much of personal data."""
_SIGNED = 1 << 63

Personal = dict[int, tuple[bytes, bytes]]
Parcel = tuple[Act, Personal]
"""An act and its personal side rows: place of the change → (salt, data)."""


def pack(act: Act, personal: Personal | None = None) -> bytes:
    """One line, newline included. Raises `ValueError` for a body that is not UTF-8."""
    side = [[n, salt.hex(), data.decode()] for n, (salt, data) in sorted((personal or {}).items())]
    parts: list[Any] = [
        FORM, act.desk.hex(), act.epoch, act.seq, act.act_id.hex(), act.hlc, act.happened_at, act.recorded_at, act.by,
        act.kind, act.sv, act.body.decode(), act.alg, act.prev.hex(), act.hash.hex(), side,
    ]  # fmt: skip
    return json.dumps(parts, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def unpack(line: bytes) -> Parcel:
    """The act of a line. Raises `Refused` with the reason for anything that `pack` does not write."""
    if len(line) > LONGEST_LINE:
        raise Refused(Problem(_("一行太长")))
    try:
        value = json.loads(line.decode("utf-8"))
    except (ValueError, RecursionError):
        raise Refused(Problem(_("不是一行 JSON"))) from None
    try:
        return _parcel(value)
    except (ValueError, TypeError, UnicodeEncodeError) as error:
        raise Refused(Problem(_("内容无法读取（{error}）").format(error=error))) from None


def unpack_all(lines: Iterable[bytes], file: str = "") -> Iterator[Parcel]:
    """The acts of a file, line by line; a refusal names the line."""
    for number, line in enumerate(lines, 1):
        try:
            yield unpack(line)
        except Refused as error:
            raise Refused(*[Problem(problem.reason, line=number, file=file) for problem in error.problems]) from None


def _parcel(value: Any) -> Parcel:
    parts = _array(value, 16)
    if parts[0] != FORM or type(parts[0]) is not int:
        raise ValueError("form")
    act = Act(
        _bytes(parts[1], 16),
        _number(parts[2], 1, 2**32),
        _number(parts[3], 1, _SIGNED),
        _bytes(parts[4], 16),
        _number(parts[5]),
        _number(parts[6]),
        _number(parts[7]),
        _name(parts[8]),
        _name(parts[9]),
        _number(parts[10], 0, 2**16),
        _text(parts[11], MOST_BYTES),
        _number(parts[12], 0, 2**8),
        _bytes(parts[13], 32),
        _bytes(parts[14], 32),
    )
    personal: Personal = {}
    for entry in _array(parts[15]):
        n, salt, data = _array(entry, 3)
        place = _number(n, 0, MOST_CHANGES)
        if place in personal:
            raise ValueError("personal twice")
        personal[place] = (_bytes(salt), _text(data, MOST_BYTES))
    return act, personal


def _array(value: Any, size: int | None = None) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError("array")
    held = cast("list[Any]", value)
    if (size is not None and len(held) != size) or len(held) > MOST_CHANGES:
        raise ValueError("length")
    return held


def _number(value: Any, least: int = -_SIGNED, end: int = _SIGNED) -> int:
    if type(value) is not int or not least <= value < end:
        raise ValueError("number")
    return value


def _bytes(value: Any, size: int | None = None) -> bytes:
    if not isinstance(value, str) or len(value) > 1_024:
        raise ValueError("hex")
    found = bytes.fromhex(value)
    if found.hex() != value or (size is not None and len(found) != size):
        raise ValueError("hex")
    return found


def _text(value: Any, most: int) -> bytes:
    if not isinstance(value, str):
        raise TypeError("text")
    found = value.encode()
    if len(found) > most:
        raise ValueError("too long")
    return found


def _name(value: Any) -> str:
    if len(_text(value, 255)) == 0 or "\0" in value:
        raise ValueError("name")
    return str(value)
