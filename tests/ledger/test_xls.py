from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dutydesk.core.errors import Refused
from dutydesk.ledger import xls
from dutydesk.ledger.readers import read_records

FREE, END, FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD


def record(kind: int, body: bytes) -> bytes:
    return struct.pack("<HH", kind, len(body)) + body


def label(row: int, column: int, text: str) -> bytes:
    return record(0x0204, struct.pack("<HHHHB", row, column, 15, len(text), 1) + text.encode("utf-16-le"))


def number(row: int, column: int, value: float) -> bytes:
    return record(0x0203, struct.pack("<HHHd", row, column, 15, value))


def stream(cells: bytes, dimensions: tuple[int, int, int, int]) -> bytes:
    """A BIFF8 workbook stream of one sheet 表."""
    bof, eof = struct.pack("<HHHHII", 0x0600, 5, 0, 0, 0, 6), record(0x000A, b"")
    name = struct.pack("<BB", 1, 1) + "表".encode("utf-16-le")
    start = 4 + len(bof) + 4 + 6 + len(name) + len(eof)
    head = record(0x0809, bof) + record(0x0085, struct.pack("<IBB", start, 0, 0) + name) + eof
    sheet = record(0x0809, bof[:2] + b"\x10\0" + bof[4:])
    return head + sheet + record(0x0200, struct.pack("<IIHHH", *dimensions, 0)) + cells + eof


def compound(body: bytes, *, circle: bool = False) -> bytes:
    """A compound file whose only stream, Workbook, stands from sector 2 on."""
    body = body.ljust(4096, b"\0")
    body += bytes(-len(body) % 512)
    count = len(body) // 512
    links = [FAT, END, *range(3, 2 + count), 2 if circle else END]
    fat = struct.pack("<128I", *links, *[FREE] * (128 - len(links)))

    def entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
        raw = (name + "\0").encode("utf-16-le")
        head = raw.ljust(64, b"\0") + struct.pack("<HBBIII", len(raw), kind, 1, FREE, FREE, child)
        return head + bytes(36) + struct.pack("<IQ", start, size)

    directory = entry("Root Entry", 5, 1, END, 0) + entry("Workbook", 2, FREE, 2, len(body)) + bytes(256)
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 62, 3, 0xFFFE, 9, 6) + bytes(6)
    header += struct.pack("<IIIIIIIIII", 0, 1, 1, 0, 4096, END, 0, END, 0, 0) + struct.pack("<108I", *[FREE] * 108)
    return header + fat + directory + body


CELLS = label(0, 0, "名称") + label(0, 1, "数量") + label(1, 0, "示例甲") + number(1, 1, 12351.0)


def test_an_old_workbook_is_read() -> None:
    records = read_records(compound(stream(CELLS, (0, 2, 0, 2))), "a.xls")
    assert (records.format, records.sheet, records.headers) == ("xls", "表", ("名称", "数量"))
    assert list(records.rows) == [(2, ("示例甲", "12351"))]


def test_a_password_is_told_from_damage() -> None:
    with pytest.raises(Refused, match="密码"):
        read_records(compound(record(0x002F, bytes(54)) + stream(CELLS, (0, 2, 0, 2))), "a.xls")


@pytest.mark.parametrize(
    "data",
    [
        compound(stream(CELLS, (0, 0xFFFFFFF0, 0, 2))),
        compound(stream(CELLS, (0, 2, 0, 0xFFF0))),
        compound(stream(CELLS, (9, 2, 0, 2))),
        compound(stream(CELLS + number(65_535, 0xFFFE, 1), (0, 2, 0, 2))),
        compound(stream(CELLS + record(0x0203, b"\0\0"), (0, 2, 0, 2))),
        compound(stream(CELLS + record(0x00BD, struct.pack("<HHHIH", 1, 0, 0, 0, 0xFFFE)), (0, 2, 0, 2))),
        compound(stream(CELLS, (0, 2, 0, 2)), circle=True),
        compound(stream(CELLS, (0, 2, 0, 2)))[:900],
    ],
    ids=["rows", "columns", "backwards", "cell", "short", "run", "circle", "cut"],
)
def test_claims_that_would_take_all_memory_are_refused_before_calamine_sees_them(data: bytes) -> None:
    with pytest.raises(xls.BrokenError):
        xls.check(data)
    with pytest.raises(Refused, match="已损坏"):
        read_records(data, "a.xls")


@given(st.lists(st.tuples(st.integers(0, 5600), st.integers(0, 255)), min_size=1, max_size=4))
@settings(max_examples=100)
def test_the_look_ends_whatever_the_bytes(changes: list[tuple[int, int]]) -> None:
    data = bytearray(compound(stream(CELLS, (0, 2, 0, 2))))
    for at, value in changes:
        data[at % len(data)] = value
    try:
        xls.check(bytes(data))
    except xls.BrokenError as error:
        assert error.args  # noqa: PT017 - nothing else may be raised
