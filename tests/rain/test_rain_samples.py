from __future__ import annotations

import hashlib
import zlib
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dutydesk.core.errors import Damaged
from dutydesk.rain import samples as module
from dutydesk.rain.samples import MAGIC, MAX_MINUTES, MAX_MOMENT, MAX_TENTHS, Row, Samples, decode, encode, samples_of

ROWS = st.lists(
    st.tuples(
        st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
        st.integers(-MAX_MOMENT, MAX_MOMENT),
        st.integers(1, MAX_MINUTES),
        st.one_of(st.none(), st.integers(0, MAX_TENTHS)),
    ),
    max_size=40,
)


def packed(payload: bytes) -> bytes:
    return MAGIC + hashlib.sha256(payload).digest() + zlib.compress(payload)


def payload_of(data: bytes) -> bytes:
    return zlib.decompress(data[len(MAGIC) + 32 :])


@given(ROWS, st.randoms(use_true_random=False))
def test_what_is_written_is_read_and_order_does_not_matter(rows: list[Row], chance: object) -> None:
    unique = list({row[:3]: row for row in rows}.values())
    data = encode(samples_of(unique))
    assert sorted(decode(data).rows(), key=repr) == sorted(unique, key=repr)
    assert encode(samples_of(reversed(unique))) == data
    assert encode(decode(data)) == data


def test_samples_in_another_order_make_the_same_file() -> None:
    tidy = samples_of([("K1", 60_000, 1, 5), ("K2", 60_000, 1, None)])
    loose = Samples(
        ("K2", "K0", "K1"), array("I", [0, 2]), array("q", [60_000] * 2), array("i", [1, 1]), array("i", [-1, 5])
    )
    assert encode(loose) == encode(tidy)
    assert tidy.missing == 1
    assert tidy.span == (0, 60_000)
    assert tidy.by_station() == {"K1": [(60_000, 1, 5)], "K2": [(60_000, 1, None)]}


def test_the_payload_is_as_documented() -> None:
    data = encode(samples_of([("站1", 300_000, 5, 7), ("站1", 600_000, 5, None)]))
    name = "站1".encode()
    assert payload_of(data) == (
        b"\x01\0\0\0\x02\0\0\0" + len(name).to_bytes(2, "little") + name
        + b"\0\0\0\0" * 2
        + (300_000).to_bytes(8, "little") * 2
        + b"\x05\0\0\0" + b"\0\0\0\0"
        + b"\x07\0\0\0" + b"\xff\xff\xff\xff"
    )  # fmt: skip


def test_a_regular_series_is_small() -> None:
    data = encode(samples_of(("K1", n * 300_000, 5, 0) for n in range(1, 20_000)))
    assert len(data) < 4_000


GOOD = encode(samples_of([("K1", 300_000, 5, 7), ("K1", 600_000, 5, 8)]))


@pytest.mark.parametrize("cut", range(0, len(GOOD), 7))
def test_a_file_cut_off_is_damaged(cut: int) -> None:
    with pytest.raises(Damaged):
        decode(GOOD[:cut])


@pytest.mark.parametrize("at", range(len(GOOD)))
def test_a_changed_byte_is_damaged(at: int) -> None:
    broken = bytearray(GOOD)
    broken[at] ^= 0x41
    with pytest.raises(Damaged):
        decode(bytes(broken))


def test_bytes_behind_the_end_are_damaged() -> None:
    with pytest.raises(Damaged):
        decode(GOOD + b"x")


@pytest.mark.parametrize(
    ("at", "value"), [(0, 2), (4, 3), (8, 9), (10, 0xFF), (12, 1), (27, 0x7F), (36, 0), (47, 0x7F), (50, 0x80)]
)
def test_a_payload_that_means_nothing_is_damaged(at: int, value: int) -> None:
    payload = bytearray(payload_of(GOOD))
    payload[at] = value
    with pytest.raises(Damaged):
        decode(packed(bytes(payload)))


def test_unsorted_and_doubled_rows_are_damaged() -> None:
    payload = payload_of(GOOD)
    second = payload[:28] + (0).to_bytes(8, "little") + payload[36:]
    with pytest.raises(Damaged):
        decode(packed(second))


@pytest.mark.parametrize("head", [b"", b"\xff" * 8, b"\0\0\0\0\xff\xff\xff\x7f"])
def test_hostile_counts_are_refused(head: bytes) -> None:
    with pytest.raises(Damaged):
        decode(packed(head))


def test_a_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_SAMPLES", 10)
    monkeypatch.setattr(module, "MAX_STATIONS", 10)
    with pytest.raises(Damaged):
        decode(packed(b"\0" * 1_000_000))


@pytest.mark.parametrize(
    "row", [("K", 0, 0, 1), ("K", MAX_MOMENT + 1, 5, 1), ("K", 0, 5, MAX_TENTHS + 1), ("K", 0, 5, -2)]
)
def test_what_no_gauge_can_say_is_not_written(row: Row) -> None:
    with pytest.raises(ValueError):
        encode(samples_of([row]))
