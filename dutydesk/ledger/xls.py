"""A look into an old Excel file (.xls) before calamine opens it.

calamine reserves memory for as many cells as the DIMENSIONS record and the cells' addresses claim, and a damaged file
claims hundreds of gigabytes: the process would be aborted, not refused. So the workbook stream is taken out of its
compound file ([MS-CFB] §2) and its records are walked ([MS-XLS] §2.3), for their addresses alone.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

MAX_ROWS, MAX_COLUMNS = 65_536, 256
_END = 0xFFFFFFFA
_DIMENSIONS, _FILEPASS = 0x0200, 0x002F
# Records of one cell that begin with row and column: BIFF8, BIFF5 and the older forms.
_CELLS = frozenset((0x0002, 0x0003, 0x0004, 0x0005, 0x0006, 0x00D6, 0x00FD, 0x0201, 0x0203, 0x0204, 0x0205, 0x027E))
_CELL_RUNS = frozenset((0x00BD, 0x00BE))


class BrokenError(ValueError):
    """The compound file contradicts itself, or a cell lies outside any sheet."""


class LockedError(BrokenError):
    """The workbook is encrypted."""


def check(data: bytes) -> None:
    """Raises `BrokenError` when the file cannot be walked or claims cells beyond 65,536 × 256, `LockedError` when it
    has a password."""
    try:
        records = list(_records(_workbook(data)))
    except (struct.error, IndexError, UnicodeDecodeError) as error:
        raise BrokenError(str(error)) from error
    for kind, body in records:
        if kind == _FILEPASS:
            raise LockedError("FILEPASS")
        if kind == _DIMENSIONS:
            if len(body) >= 14:
                first, last, left, right = struct.unpack_from("<IIHH", body)
            elif len(body) >= 8:
                first, last, left, right = struct.unpack_from("<HHHH", body)
            else:
                raise BrokenError("DIMENSIONS")
            empty = first == last or left == right
            if last > MAX_ROWS or right > MAX_COLUMNS or ((first > last or left > right) and not empty):
                raise BrokenError("DIMENSIONS")
        elif kind in _CELLS or kind in _CELL_RUNS:
            if len(body) < 4:
                raise BrokenError("cell")
            column = struct.unpack_from("<H", body, 2)[0]
            if kind in _CELL_RUNS:
                column = max(column, struct.unpack_from("<H", body, len(body) - 2)[0])
            if column >= MAX_COLUMNS:
                raise BrokenError("cell")


def _records(stream: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, at)
        yield kind, stream[at + 4 : at + 4 + size]
        at += 4 + size


def _workbook(data: bytes) -> bytes:
    shift, mini_shift = struct.unpack_from("<HH", data, 0x1E)
    if shift not in (9, 12) or mini_shift != 6:
        raise BrokenError("sector size")
    size = 1 << shift
    _fat_count, directory, _signature, cutoff, mini_fat, _mini_count, difat, difat_count = struct.unpack_from(
        "<IIIIIIII", data, 0x2C
    )[:8]
    sectors = [struct.unpack_from("<I", data, 0x4C + 4 * at)[0] for at in range(109)]
    for _turn in range(min(difat_count, len(data) >> shift)):
        if difat >= _END:
            break
        more = struct.unpack(f"<{size // 4}I", _sector(data, difat, size))
        sectors.extend(more[:-1])
        difat = more[-1]
    fat = b"".join(_sector(data, sector, size) for sector in sectors if sector < _END)
    entries = _chain(data, fat, directory, size)
    mini: bytes | None = None
    for at in range(0, len(entries) - 127, 128):
        entry = entries[at : at + 128]
        length = min(struct.unpack_from("<H", entry, 64)[0], 64)
        name = entry[: max(length - 2, 0)].decode("utf-16-le")
        start, stream_size = struct.unpack_from("<II", entry, 116)
        if at == 0:
            mini = _chain(data, fat, start, size) if start < _END else b""
        elif name.casefold() in ("workbook", "book"):
            if stream_size >= cutoff:
                return _chain(data, fat, start, size)[:stream_size]
            return _mini_chain(mini or b"", _chain(data, fat, mini_fat, size), start)[:stream_size]
    raise BrokenError("no workbook")


def _sector(data: bytes, number: int, size: int) -> bytes:
    found = data[(number + 1) * size : (number + 2) * size]
    if not found:
        raise BrokenError("sector")
    return found.ljust(size, b"\0")


def _chain(data: bytes, fat: bytes, start: int, size: int) -> bytes:
    return b"".join(_sector(data, number, size) for number in _follow(fat, start))


def _mini_chain(mini: bytes, mini_fat: bytes, start: int) -> bytes:
    return b"".join(mini[number * 64 : number * 64 + 64] for number in _follow(mini_fat, start))


def _follow(fat: bytes, number: int) -> Iterator[int]:
    """The numbers of a chain; a circle or a link out of the table is broken."""
    left = len(fat) // 4
    while number < _END:
        if not left:
            raise BrokenError("chain")
        yield number
        number = struct.unpack_from("<I", fat, 4 * number)[0]
        left -= 1
