"""An act on its way: there and back byte for byte, and nothing else accepted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dutydesk.core.errors import Refused
from dutydesk.core.ids import CLI
from dutydesk.journal import peers, signing
from dutydesk.journal.chain import Act, canonical
from dutydesk.journal.store import Store
from dutydesk.sync import keys, seals, wire
from tests.journal import desks as d

NUMBERS = st.integers(-(2**63), 2**63 - 1)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
NAMES = TEXTS.filter(lambda text: 0 < len(text.encode()) <= 255)
BODIES = st.dictionaries(st.text("abc_", min_size=1), TEXTS | NUMBERS, max_size=4).map(canonical)


def act_of(body: bytes, by: str = "cli", kind: str = "log.add", at: int = 0, seq: int = 1) -> Act:
    return Act(b"d" * 16, 1, seq, b"a" * 16, at, at, at, by, kind, 1, body, 1, bytes(32), b"h" * 32)


@settings(max_examples=150)
@given(BODIES, NAMES, NAMES, NUMBERS, st.dictionaries(st.integers(0, 499), st.tuples(st.binary(max_size=32), BODIES)))
def test_a_line_brings_back_what_was_packed(
    body: bytes, by: str, kind: str, at: int, personal: dict[int, tuple[bytes, bytes]]
) -> None:
    act = act_of(body, by, kind, at)
    line = wire.pack(act, personal)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert wire.unpack(line) == (act, personal)


LINE = json.loads(wire.pack(act_of(b'{"changes":[]}'), {0: (b"s", b"{}")}))


def bent(place: int, value: object) -> bytes:
    return json.dumps([*LINE[:place], value, *LINE[place + 1 :]]).encode()


@pytest.mark.parametrize(
    "line",
    [
        b"", b"{}", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, json.dumps(LINE[:-1]).encode(),
        json.dumps([*LINE, 1]).encode(), bent(0, 2), bent(0, True), bent(1, "zz" * 16), bent(1, "D" * 32),
        bent(1, "64" * 15), bent(2, 0), bent(2, 2**32), bent(3, 0), bent(3, 2**63), bent(3, 1.0), bent(3, "1"),
        bent(5, 2**63), bent(6, None), bent(8, ""), bent(8, "x" * 256), bent(8, "a\0b"), bent(9, 5), bent(10, -1),
        bent(11, {"changes": []}), bent(11, "\ud800"), bent(11, "x" * (256 * 1024 + 1)), bent(12, 256), bent(13, "00"),
        bent(15, {}), bent(15, [[0, "00", "{}"], [0, "00", "{}"]]), bent(15, [[500, "00", "{}"]]), bent(15, [[0, "00"]]),
        bent(6, 1).replace(b"[1,", b"[" + b"9" * 5_000 + b","), b" " * (wire.LONGEST_LINE + 1),
    ],
)  # fmt: skip
def test_anything_else_is_refused(line: bytes) -> None:
    with pytest.raises(Refused):
        wire.unpack(line)


def test_a_refusal_names_file_and_line() -> None:
    good = wire.pack(act_of(b"{}"))
    with pytest.raises(Refused) as caught:
        list(wire.unpack_all([good, good, b"[]"], "acts.ndjson"))
    assert [(problem.file, problem.line) for problem in caught.value.problems] == [("acts.ndjson", 3)]


# -- keys and seals


def test_signatures_hold_for_what_was_signed_and_nothing_else() -> None:
    secret = bytes(range(32))
    public = signing.public_of(secret)
    assert public.hex() == "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8"
    signature = signing.sign(secret, b"text")
    assert signing.holds(public, b"text", signature)
    assert not signing.holds(public, b"texu", signature)
    assert not signing.holds(public, b"text", signature[:-1] + b"\0")
    assert not signing.holds(public, b"text", b"")
    assert not signing.holds(b"short", b"text", signature)
    assert not signing.holds(signing.public_of(bytes(32)), b"text", signature)


def test_a_seal_vouches_for_one_place_alone(tmp_path: Path) -> None:
    with d.make(tmp_path / "desk") as store:
        seq, head = store.position()
        seal = seals.make(store, 1, seq, head)
        ring = keys.ring(store)
        assert seals.verify(seal, ring)
        for other in (
            seals.Seal(seal.desk, 2, seq, head, seal.sig),
            seals.Seal(seal.desk, 1, seq + 1, head, seal.sig),
            seals.Seal(seal.desk, 1, seq, b"x" * 32, seal.sig),
            seals.Seal(b"x" * 16, 1, seq, head, seal.sig),
            seals.Seal(seal.desk, -1, seq, head, seal.sig),
        ):
            assert not seals.verify(other, ring)
        assert seals.from_plain(json.loads(json.dumps(seals.plain(seal)))) == seal
        for wrong in (None, [], [1, 2, 3, 4, 5], seals.plain(seal)[:4], ["00", 1, 1, "00", "00"]):
            with pytest.raises(ValueError, match="seal"):
                seals.from_plain(wrong)


def test_the_newest_seal_of_a_chain_is_kept(tmp_path: Path) -> None:
    with d.make(tmp_path / "desk") as store:
        older, newer = (seals.make(store, 1, seq, b"h" * 32) for seq in (3, 7))
        seals.keep(store, newer)
        seals.keep(store, older)
        assert seals.kept(store) == [newer]


def test_a_key_holds_from_its_announcement_on(tmp_path: Path) -> None:
    with d.make(tmp_path / "desk") as store:
        desk = store.config.desk_id
        first = peers.own_public(store)
        before = seals.make(store, 1, 1, store.position()[1])
        former = peers.own_secret(store)
        second = keys.rotate(store)
        ring = keys.ring(store)
        assert [key.public for key in ring.keys[desk]] == [first, second]
        assert ring.in_force(desk, 1, 1) == first
        assert ring.in_force(desk, 1, 2) == second
        assert ring.in_force(b"x" * 16, 1, 1) is None
        assert seals.verify(before, ring), "what was sealed then stays sealed"
        late = seals.message(desk, 1, 2, store.position()[1])
        forged = seals.Seal(desk, 1, 2, store.position()[1], signing.sign(former, late))
        assert not seals.verify(forged, ring), "an old key does not seal what came later"
        assert seals.verify(seals.make(store, 1, 2, store.position()[1]), ring)


def announcement(desk: bytes, seq: int, told: dict[str, str]) -> Act:
    body = canonical({"changes": [], "key": told})
    return Act(desk, 1, seq, b"a" * 16, 0, 0, 0, "system", "desk.key", 1, body, 1, bytes(32), bytes(32))


def test_another_key_needs_the_former_ones_word_or_the_owners() -> None:
    desk, one, two = b"d" * 16, signing.public_of(b"1" * 32), signing.public_of(b"2" * 32)
    ring = keys.extended(keys.Ring(), [announcement(desk, 2, {"public": one.hex()})], {})
    assert ring.in_force(desk, 1, 9) == one
    bare = announcement(desk, 3, {"public": two.hex()})
    doubted = keys.extended(ring, [bare], {})
    assert doubted.in_force(desk, 1, 9) == one
    assert doubted.doubted == {desk}
    false = announcement(desk, 3, {"public": two.hex(), "proof": signing.sign(b"3" * 32, b"x").hex()})
    assert keys.extended(ring, [false], {}).in_force(desk, 1, 9) == one
    assert keys.extended(ring, [bare], {desk: [two]}).in_force(desk, 1, 9) == two
    stranger = keys.extended(keys.Ring(), [bare], {desk: [one]})
    assert stranger.in_force(desk, 1, 9) is None, "the owner named another key"
    garbled = keys.extended(ring, [announcement(desk, 3, {"public": "zz"})], {})
    assert garbled.in_force(desk, 1, 9) == one


def test_a_change_of_key_that_was_cut_off_is_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with d.make(tmp_path / "desk") as store:
        kept = peers.keep_secret
        monkeypatch.setattr(keys.peers, "keep_secret", lambda s, v, n="desk": kept(s, v, n) if n != "desk" else None)
        public = keys.rotate(store)
        monkeypatch.undo()
        assert peers.own_public(store) != public
        assert keys.ensure(store) == public
        assert peers.own_public(store) == public


def test_what_is_vouched_for_later_is_looked_at_again(tmp_path: Path) -> None:
    with d.make(tmp_path / "one") as one, d.make(tmp_path / "two", 2) as two:
        d.deliver(two, one)
        fresh = bytes(range(1, 33))
        two.declare("desk.key", {"key": {"public": signing.public_of(fresh).hex()}})
        d.deliver(two, one)
        desk = two.config.desk_id
        assert keys.ring(one).doubted == {desk}
        keys.vouch(one, {desk: signing.public_of(fresh)})
        ring = keys.ring(one)
        assert ring.in_force(desk, 1, 2) == signing.public_of(fresh)
        assert not ring.doubted


def test_a_card_is_read_back_and_a_changed_one_refused(tmp_path: Path) -> None:
    with d.make(tmp_path / "desk", code="A", unit="某局") as store:
        data = keys.card(store)
        made = keys.read_card(data)
        assert (made.desk, made.code, made.unit) == (store.config.desk_id, "A", "某局")
        for wrong in (b"", b"{}", b"[1]", data.replace("某局".encode(), "他局".encode())):
            with pytest.raises(Refused):
                keys.read_card(wrong)


def test_the_ring_costs_what_came_since(tmp_path: Path) -> None:
    with d.make(tmp_path / "desk") as store:
        keys.ring(store)
        told = peers.peer(store, keys.REMEMBERED)
        assert told["arrival"] == 1
        for _n in range(3):
            store.act("test", [d.new("log", {"text": "x"})], by=CLI)
        assert keys.ring(store).in_force(store.config.desk_id, 1, 4) == peers.own_public(store)
        assert isinstance(store, Store)
