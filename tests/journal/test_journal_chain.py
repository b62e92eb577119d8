"""The bytes of an act: the vectors of docs/journal.md, computed again from its text alone, and by the program."""

from __future__ import annotations

import hashlib
import itertools
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dutydesk.journal import chain
from dutydesk.journal.chain import Act

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "journal.md").read_text(encoding="utf-8")
VECTORS: list[dict[str, Any]] = [
    json.loads(found) for found in re.findall(r"```json vector\n(.*?)\n```", PAGE, re.DOTALL)
]


def by_the_page(vector: dict[str, Any]) -> tuple[bytes, bytes]:
    """Header and hash of a vector, read off the table of docs/journal.md §2."""
    sizes = {name: int(size) for size, name in re.findall(r"^\| (\d+) \| `(\w+)` \|$", PAGE, re.MULTILINE)}
    head = b""
    for name, size in sizes.items():
        value = vector[name]
        head += bytes.fromhex(value) if isinstance(value, str) else value.to_bytes(size, "big", signed=value < 0)
        assert len(head) == sum(list(sizes.values())[: list(sizes).index(name) + 1])
    for name in re.findall(r"^\| 1 \+ n \| length of `(\w+)`", PAGE, re.MULTILINE):
        text = vector[name].encode()
        head += bytes([len(text)]) + text
    link, body = bytes.fromhex(vector["prev"]), vector["body"].encode()
    return head, hashlib.sha256(bytes([vector["alg"]]) + link + head + body).digest()


def act_of(vector: dict[str, Any]) -> Act:
    raw = {name: bytes.fromhex(vector[name]) for name in ("desk", "act_id", "prev", "hash")}
    plain = {
        name: vector[name] for name in ("epoch", "seq", "hlc", "happened_at", "recorded_at", "by", "kind", "sv", "alg")
    }
    return Act(**raw, **plain, body=vector["body"].encode())


def test_the_page_has_its_vectors() -> None:
    assert [vector["seq"] for vector in VECTORS] == [1, 2, 3]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["kind"])
def test_a_vector_follows_from_the_page(vector: dict[str, Any]) -> None:
    head, digest = by_the_page(vector)
    assert (head.hex(), digest.hex()) == (vector["header"], vector["hash"])


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["kind"])
def test_the_program_agrees_with_the_page(vector: dict[str, Any]) -> None:
    act = act_of(vector)
    assert chain.act_hash(act).hex() == vector["hash"]
    assert chain.canonical(json.loads(vector["body"])) == act.body
    assert act.body != json.dumps(json.loads(vector["body"])).encode()


def test_the_vectors_are_a_chain() -> None:
    assert VECTORS[0]["prev"] == "00" * 32
    for before, after in itertools.pairwise(VECTORS):
        assert after["prev"] == before["hash"]


def test_the_side_row_of_the_page() -> None:
    salt, data = re.search(r"salt `([0-9a-f]{32})`, data\s+`(.+?)`", PAGE).groups()  # type: ignore[union-attr]
    told = json.loads(VECTORS[1]["body"])["changes"][0]["personal"]
    assert chain.personal_hash(bytes.fromhex(salt), data.encode()) == told
    assert hashlib.sha256(bytes.fromhex(salt) + data.encode()).hexdigest() == told


CHANGED: dict[str, Any] = {
    "desk": b"\1" * 16, "epoch": 2, "seq": 9, "act_id": b"\2" * 16, "hlc": 1, "happened_at": 0, "recorded_at": 0,
    "by": "cly", "kind": "people.adx", "sv": 2, "body": b"{}", "prev": b"\3" * 32,
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGED)
def test_every_field_is_in_the_hash(name: str) -> None:
    vector = act_of(VECTORS[1])
    values = {field: getattr(vector, field) for field in Act.__slots__}
    assert chain.act_hash(Act(**{**values, name: CHANGED[name]})) != vector.hash


def test_text_does_not_slide_from_by_into_kind() -> None:
    vector = act_of(VECTORS[1])
    values = {field: getattr(vector, field) for field in Act.__slots__}
    assert chain.act_hash(Act(**{**values, "by": "clip", "kind": "eople.add"})) != vector.hash


def test_an_unknown_algorithm_is_an_error() -> None:
    with pytest.raises(ValueError, match="algorithm 2"):
        chain.digest(2, chain.ZERO, b"", b"")


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ({"b": 1, "a": 2, "B": 3, "a_": 4}, '{"B":3,"a":2,"a_":4,"b":1}'),
        ({"t": '\b\t\n\f\r\x1f\x7f/"\\'}, '{"t":"\\b\\t\\n\\f\\r\\u001f\x7f/\\"\\\\"}'),
        ({"t": "㙍𠮷é\u2028"}, '{"t":"㙍𠮷é\u2028"}'),
        ({"n": [-1, 0, 2**63 - 1, None, []], "o": {}}, '{"n":[-1,0,9223372036854775807,null,[]],"o":{}}'),
        ({"t": "\\u0000"}, '{"t":"\\\\u0000"}'),
    ],
)
def test_canonical_json(value: dict[str, Any], written: str) -> None:
    assert chain.canonical(value) == written.encode()


@pytest.mark.parametrize(
    "value",
    [
        {"a": 1.0},
        {"a": float("nan")},
        {"a": [{"b": 0.1}]},
        {"a": True},
        {"a": {"b": [False]}},
        {"a": b"bytes"},
        {"a": "\0"},
        {"a": ["x", {"b": "y\0"}]},
        {"a": "\ud800"},
        {"a": "\udfff\ud83d"},
        {"名": 1},
        {1: 1},
        {"a": {1, 2}},
        1.0,
    ],
    ids=repr,
)
def test_what_has_no_place_in_an_act(value: Any) -> None:
    with pytest.raises((ValueError, TypeError)):
        chain.canonical(value)


VALUES: Any = st.recursive(
    st.none() | st.integers() | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(codec="ascii", exclude_characters="\0")), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.text("abcXYZ_", max_size=4), VALUES, max_size=4))
def test_canonical_json_reads_back_and_is_one(value: dict[str, Any]) -> None:
    written = chain.canonical(value)
    assert json.loads(written) == value
    assert chain.canonical(dict(reversed(json.loads(written).items()))) == written


@pytest.mark.parametrize(
    ("last", "now", "told"),
    [(0, 5, 5 << 16), (5 << 16, 5, (5 << 16) + 1), (9 << 16, 5, (9 << 16) + 1), (9 << 16, 10, 10 << 16)],
)
def test_the_hybrid_clock_always_rises(last: int, now: int, told: int) -> None:
    assert chain.tick(last, now) == told
