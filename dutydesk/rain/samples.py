"""Samples in columns, and the file in which a batch of them is kept (`attachments/`, house.md §6 "Gauge readings").

The file, version 1: the 8 bytes `DDRAIN1\\n`, the sha-256 of the payload, then the payload compressed by zlib. The
payload is a pure function of the samples: it depends on neither their order in the source nor the zlib in use.

    u32 number of stations, u32 number of samples (all integers little-endian)
    for each station, in order of code: u16 length, code in UTF-8
    u32 station index by sample; the samples are in order of (code, end, minutes), no key twice
    i64 end by sample: difference from the sample before, the first as it is (ms UTC)
    i32 minutes by sample: difference from the sample before
    i32 tenths of a millimetre by sample, −1 for a missing value
"""

from __future__ import annotations

import hashlib
import sys
import zlib
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from operator import sub

from dutydesk.core.clock import DAY
from dutydesk.core.errors import Damaged, Problem
from dutydesk.core.i18n import _

MAGIC = b"DDRAIN1\n"
MISSING = -1
MAX_SAMPLES = 10_000_000
MAX_STATIONS = 100_000
MAX_MINUTES = 366 * 24 * 60
MAX_TENTHS = 1_000_000
MAX_MOMENT = 150_000 * DAY
_BYTES_PER_SAMPLE = 4 + 8 + 4 + 4
_LEVEL = 6
Row = tuple[str, int, int, int | None]
"""(station code, end ms UTC, minutes, tenths or None)"""


@dataclass(frozen=True, slots=True)
class Samples:
    """Rows in columns of equal length: index into `codes`, end (ms UTC), minutes, tenths (−1: missing)."""

    codes: tuple[str, ...]
    station: array[int]
    end: array[int]
    minutes: array[int]
    tenths: array[int]

    def __len__(self) -> int:
        return len(self.end)

    def rows(self) -> Iterator[Row]:
        """All samples as (code, end, minutes, tenths or None)."""
        for station, end, minutes, tenths in zip(self.station, self.end, self.minutes, self.tenths, strict=True):
            yield self.codes[station], end, minutes, None if tenths == MISSING else tenths

    def by_station(self) -> dict[str, list[tuple[int, int, int | None]]]:
        """(end, minutes, tenths or None) by station code, in order: what `series.Series` takes."""
        found: dict[str, list[tuple[int, int, int | None]]] = {code: [] for code in self.codes}
        for code, end, minutes, tenths in self.rows():
            found[code].append((end, minutes, tenths))
        return found

    @property
    def span(self) -> tuple[int, int] | None:
        """The beginning of the earliest period and the end of the latest, ms UTC."""
        if not self.end:
            return None
        starts = map(_start, self.end, self.minutes)
        return min(starts), max(self.end)

    @property
    def missing(self) -> int:
        """How many samples have no value."""
        return self.tenths.count(MISSING)


def _start(end: int, minutes: int) -> int:
    return end - minutes * 60_000


def samples_of(rows: Iterable[Row]) -> Samples:
    """Rows in canonical order: by code, end, minutes; of rows with the same three the last one stays."""
    latest = {(code, end, minutes): tenths for code, end, minutes, tenths in rows}
    keys = sorted(latest)
    codes = tuple(sorted({key[0] for key in keys}))
    index = {code: n for n, code in enumerate(codes)}
    return Samples(
        codes,
        array("I", [index[key[0]] for key in keys]),
        array("q", [key[1] for key in keys]),
        array("i", [key[2] for key in keys]),
        array("i", [MISSING if (tenths := latest[key]) is None else tenths for key in keys]),
    )


def encode(samples: Samples) -> bytes:
    """The file of `samples`; raises `ValueError` for a sample outside the limits."""
    ordered = samples if _is_canonical(samples) else samples_of(samples.rows())
    _check(ordered)
    names = [code.encode("utf-8") for code in ordered.codes]
    head = len(names).to_bytes(4, "little") + len(ordered).to_bytes(4, "little")
    table = b"".join(len(name).to_bytes(2, "little") + name for name in names)
    columns = (
        ordered.station,
        array("q", _differences(ordered.end)),
        array("i", _differences(ordered.minutes)),
        ordered.tenths,
    )
    payload = head + table + b"".join(_little(column).tobytes() for column in columns)
    return MAGIC + hashlib.sha256(payload).digest() + zlib.compress(payload, _LEVEL)


def decode(data: bytes) -> Samples:
    """The samples of a file that `encode` made. Raises `Damaged` for anything else, before it takes much memory."""
    payload = _payload(data)
    stations, count = int.from_bytes(payload[:4], "little"), int.from_bytes(payload[4:8], "little")
    if len(payload) < 8 or stations > MAX_STATIONS or count > MAX_SAMPLES:
        raise _damaged(_("数目超出限度"))
    at = 8
    codes: list[str] = []
    for _n in range(stations):
        length = int.from_bytes(payload[at : at + 2], "little")
        try:
            codes.append(payload[at + 2 : at + 2 + length].decode("utf-8"))
        except UnicodeDecodeError:
            raise _damaged(_("站号不是文字")) from None
        at += 2 + length
    if len(payload) - at != count * _BYTES_PER_SAMPLE:
        raise _damaged(_("长度与数目不符"))
    columns: list[array[int]] = []
    for code, size in (("I", 4), ("q", 8), ("i", 4), ("i", 4)):
        column: array[int] = array(code)
        column.frombytes(payload[at : at + count * size])
        columns.append(_little(column))
        at += count * size
    try:
        samples = Samples(
            tuple(codes),
            columns[0],
            array("q", accumulate(columns[1])),
            array("i", accumulate(columns[2])),
            columns[3],
        )
        _check(samples)
    except (OverflowError, ValueError):
        raise _damaged(_("数值超出限度")) from None
    if not _is_canonical(samples):
        raise _damaged(_("次序不对"))
    return samples


def _payload(data: bytes) -> bytes:
    if not data.startswith(MAGIC) or len(data) < len(MAGIC) + 32:
        raise _damaged(_("不是雨量样本文件"))
    digest = data[len(MAGIC) : len(MAGIC) + 32]
    limit = 8 + MAX_STATIONS * 64 + MAX_SAMPLES * _BYTES_PER_SAMPLE
    inflate = zlib.decompressobj()
    try:
        payload = inflate.decompress(data[len(MAGIC) + 32 :], limit)
    except zlib.error:
        raise _damaged(_("无法解压")) from None
    if not inflate.eof or inflate.unused_data or hashlib.sha256(payload).digest() != digest:
        raise _damaged(_("内容与校验值不符"))
    return payload


def _damaged(reason: str) -> Damaged:
    return Damaged(Problem(reason, field="rain"))


def _differences(column: array[int]) -> list[int]:
    return [*column[:1], *map(sub, column[1:], column)]


def _little(column: array[int]) -> array[int]:
    """Little-endian bytes in memory, whatever the machine."""
    if sys.byteorder == "little":
        return column
    swapped = column[:]
    swapped.byteswap()
    return swapped


def _is_canonical(samples: Samples) -> bool:
    keys = list(zip(samples.station, samples.end, samples.minutes, strict=True))
    used = set(samples.station)
    return (
        list(samples.codes) == sorted(set(samples.codes))
        and len(used) == len(samples.codes)
        and all(map(_before, keys, keys[1:]))
    )


def _before(left: tuple[int, int, int], right: tuple[int, int, int]) -> bool:
    return left < right


def _check(samples: Samples) -> None:
    if not samples.end:
        return
    if (
        max(samples.station) >= len(samples.codes)
        or min(samples.end) < -MAX_MOMENT
        or max(samples.end) > MAX_MOMENT
        or min(samples.minutes) < 1
        or max(samples.minutes) > MAX_MINUTES
        or min(samples.tenths) < MISSING
        or max(samples.tenths) > MAX_TENTHS
    ):
        raise ValueError
