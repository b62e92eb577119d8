"""How far a bundle is read that means nothing: as far as its first act that is wrong, or that nobody has sealed; and that
this changes nothing for what is right."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from dutydesk.core.ids import CLI
from dutydesk.journal import chain
from dutydesk.sync import bundle, bundleacts, bundlecheck, bundlein, bundlekeys, bundleout, keys, seals, wire
from dutydesk.sync.bundletaken import Taken
from tests.journal import desks as d
from tests.sync.bundling import Desks, forged, opened, unpacked

LONG = 6_000
ROOM = "x" * 1_000
"""Lines of a kilobyte: a mebibyte of them comes at a time."""


@pytest.fixture
def desks() -> Iterator[Desks]:
    with d.quick_folder() as folder:
        made = Desks(folder, 3)
        made.write(1, "一", "二")
        yield made
        made.close()


@pytest.fixture
def good(desks: Desks) -> dict[str, bytes]:
    (file,) = desks.send(1, 2)
    return opened(desks[2], file)


class Read:
    """How many lines were read the first time, the second time; whether anything was copied at all."""

    def __init__(self) -> None:
        self.most: dict[str, int] = {}

    def __call__(self, stage: str, done: int, whole: int) -> None:
        self.most[stage] = max(self.most.get(stage, 0), done)


def acts(desk: bytes, first: int, count: int, prev: bytes, true: bool = True) -> list[chain.Act]:
    """Acts of a desk that follow each other; with `true` their hashes are right."""
    out: list[chain.Act] = []
    for seq in range(first, first + count):
        body = chain.canonical({"changes": [], "note": ROOM})
        kind = "epoch.open" if seq == 1 else "test"
        parts = (desk, 1, seq, seq.to_bytes(16, "big"), seq, 0, 0, CLI, kind, 1, body, 1, prev)
        made = chain.Act(*parts, bytes(32))
        prev = chain.act_hash(made) if true else seq.to_bytes(32, "big")
        out.append(chain.Act(*parts, prev))
    return out


def whole(told: list[chain.Act], sig: bytes = bytes(64)) -> list[object]:
    """The range of a manifest over acts of one chain, with one seal at the end."""
    first, last = told[0], told[-1]
    return [
        first.desk.hex(), 1, first.seq, last.seq, first.prev.hex(), last.hash.hex(),
        [[last.seq, last.hash.hex(), sig.hex()]],
    ]  # fmt: skip


def take(desks: Desks, good: dict[str, bytes], ranges: list[object], text: bytes) -> tuple[Taken, Read]:
    count = text.count(b"\n")
    recipient = bundlekeys.own_card(desks[2]).recipient
    file = forged(desks[1], recipient, desks.stick / "x.ddb", good, lines=text, ranges=ranges, acts=count)
    read = Read()
    return bundlein.take(desks[2], file, progress=read), read


def text_of(told: list[chain.Act]) -> bytes:
    return b"".join(wire.pack(act) for act in told)


def test_acts_whose_sums_are_wrong_are_not_read_to_their_end(desks: Desks, good: dict[str, bytes]) -> None:
    false = acts(b"\x07" * 16, 1, LONG, bytes(32), true=False)
    taken, read = take(desks, good, [whole(false)], text_of(false))
    assert (taken.state, taken.applied, taken.quarantined) == ("PARTLY", 0, bundleacts.MOST_ASIDE)
    assert "校验值不符" in taken.reason
    assert read.most.get("check", 0) < 1_500
    assert read.most["apply"] < 4_000


def test_true_acts_before_them_do_not_help(desks: Desks, good: dict[str, bytes]) -> None:
    """What follows on real acts is looked at here and there, nobody can tell where."""
    true = [act for act, _side in wire.unpack_all(unpacked(good).splitlines(keepends=True))]
    false = acts(true[0].desk, len(true) + 1, LONG, true[-1].hash, true=False)
    taken, read = take(desks, good, [whole([*true, *false])], unpacked(good) + text_of(false))
    assert (taken.state, taken.applied) == ("PARTLY", 0)
    assert read.most.get("check", 0) < 3_500


def test_a_chain_that_nobody_sealed_is_read_only_so_far(
    desks: Desks, good: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundlecheck, "MOST_DOUBTED", 800)
    for desk in (desks[1].config.desk_id, b"\x07" * 16):  # of one whose key is known, of one that nobody knows
        true = acts(desk, 1, LONG, bytes(32))
        taken, read = take(desks, good, [whole(true)], text_of(true))
        assert (taken.state, taken.applied) == ("PARTLY", 0)
        assert "与席位的签名不符" in taken.reason
        assert read.most.get("check", 0) < 2_500
        assert read.most["apply"] < 4_000


def test_a_fork_that_nobody_sealed_is_read_only_so_far(
    desks: Desks, good: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundlecheck, "MOST_DOUBTED", 800)
    desks.exchange(1, 2)
    made_up = acts(desks[1].config.desk_id, 1, LONG, bytes(32))
    taken, read = take(desks, good, [whole(made_up)], text_of(made_up))
    assert (taken.state, taken.applied, taken.quarantined) == ("PARTLY", 0, bundleacts.MOST_ASIDE)
    assert "分叉" in taken.reason
    assert read.most.get("check", 0) < 2_500
    assert read.most["apply"] < 4_000


def test_what_comes_after_it_is_taken_unless_there_is_too_much_of_it(
    desks: Desks, good: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    (true,) = json.loads(good[bundle.MANIFEST])["ranges"]
    false = acts(b"\x00" * 16, 1, LONG, bytes(32), true=False)
    together = [whole(false), true], text_of(false) + unpacked(good)
    monkeypatch.setattr(bundlecheck, "IN_VAIN", 2**20)
    taken, read = take(desks, good, *together)
    assert (taken.state, taken.applied) == ("PARTLY", 0)
    assert "第1席的记录没有读到：前面有太多不对的内容，请它另外导出" in taken.reason
    assert read.most.get("check", 0) < 3_500
    monkeypatch.undo()
    taken, _read = take(desks, good, *together)
    assert (taken.state, taken.applied) == ("PARTLY", 3)
    assert desks.acts(1) <= desks.acts(2)


def test_rows_that_are_not_here_are_counted_by_none(desks: Desks, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever names rows without end fills no memory, and what is listed here is counted exactly."""
    monkeypatch.setattr(bundlecheck, "AT_ONCE", 3)
    rows = [d.new("people", {"name": f"示例{n}", "unit": "虚构"}) for n in range(12)]
    desks[1].act("test", rows, by=CLI)
    desks.exchange(1, 2)
    gone = [d.new("people", {"name": f"过客{n}", "unit": "虚构"}) for n in range(40)]
    desks[1].act("test", gone, by=CLI)
    for row in [*rows[:5], *gone]:
        desks[1].act("test", [desks[1].deletion("people", row.row)], by=CLI)
    held: list[int] = []
    flush = bundlecheck.Counting._flush

    def flushed(self: bundlecheck.Counting) -> None:
        held.append(sum(map(len, self._rows.values())))
        flush(self)

    monkeypatch.setattr(bundlecheck.Counting, "_flush", flushed)
    (taken,) = desks.exchange(1, 2)
    assert (taken.state, taken.deletes) == ("GUARD", {"people": 5})
    assert max(held) <= 4
    assert len(held) > 10


@pytest.mark.parametrize("place", ["before", "within"])
def test_a_desk_that_changed_its_key_is_believed(desks: Desks, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its chain comes by another desk, sealed by a key that this one has not heard of yet."""
    monkeypatch.setattr(bundlecheck, "MOST_DOUBTED", 30)
    desks.exchange(1, 2)
    desks.write(1, *[f"之前 {n}" for n in range(20 if place == "within" else 0)])
    keys.rotate(desks[1])
    desks.write(1, *[f"之后 {n}" for n in range(60)])
    (file,) = desks.send(1, 3)
    desks.take(3, file, fingerprint=bundlekeys.own_card(desks[1]).fingerprint)
    assert [one.state for one in desks.exchange(3, 2)] == ["DONE"]
    assert desks.acts(1) <= desks.acts(2)


def test_acts_up_to_a_true_seal_are_taken(desks: Desks, good: dict[str, bytes]) -> None:
    """A seal in the middle that holds, and one at the end that does not."""
    desk = desks[1].config.desk_id
    first = [act for act, _side in wire.unpack_all(unpacked(good).splitlines(keepends=True))]
    more = acts(desk, len(first) + 1, 100, first[-1].hash)
    told = whole([*first, *more])
    true = seals.make(desks[1], 1, first[-1].seq, first[-1].hash)
    told[6] = [[true.seq, true.hash.hex(), true.sig.hex()], *told[6]]  # type: ignore[misc]
    taken, _read = take(desks, good, [told], unpacked(good) + text_of(more))
    assert (taken.state, taken.applied, taken.quarantined) == ("PARTLY", len(first), 100)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (-1, "文件不完整，还差 1 字节"),
        (-2 * 2**20, "文件不完整，还差 2 MB"),
        (5_000, "文件后面多出了 4 KB"),
    ],
)
def test_a_length_that_cannot_be_is_told_at_once(
    desks: Desks, change: int, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundleout, "LEVEL", 0)
    desks.write(1, *["字" * 3_000] * 400)
    (file,) = desks.send(1, 2)
    os.truncate(file, file.stat().st_size + change)
    read = Read()
    taken = bundlein.take(desks[2], file, progress=read)
    assert taken.state == "TAMPERED"
    assert said in taken.reason
    assert read.most == {}


def test_many_reasons_are_told_by_their_number(desks: Desks, good: dict[str, bytes]) -> None:
    many = [acts(n.to_bytes(16, "big"), 1, 1, bytes(32), true=False) for n in range(100, 130)]
    taken, _read = take(desks, good, [whole(one) for one in many], b"".join(map(text_of, many)))
    assert taken.quarantined == 30
    assert taken.reason.endswith("；另有 26 处")
    assert len(taken.reason) < 200


def test_nothing_of_a_bundle_is_larger_than_what_is_looked_at(tmp_path: Path) -> None:
    """What this program writes it also reads."""
    from dutydesk.sync import bundlelook

    assert bundle.LARGEST_FILE <= bundle.MOST_BYTES
    largest = bundle.MOST_BYTES + bundle.MOST_PACKED
    assert largest + bundle.MOST_MANIFEST + bundle.MOST_FILES * 1_024 < bundlelook.LARGEST
    assert bundlelook.LARGEST < 2**32, "FAT32, on most sticks, takes no file of 4 GiB"
