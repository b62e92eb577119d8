"""The chain in stretches: whatever the file's order and wherever a stretch ends, the quick look and the look in the
order of the chain say the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from dutydesk.journal import chaincheck, recipe
from dutydesk.journal.chaincheck import Fault, Position, chain_problems
from tests.journal import desks as d

ACTS = 24
"""Acts of the desk below, counted with the one that opens it."""


def desk(path: Path, key: bytes | None = None, n: int = 1) -> recipe.Raw:
    """A desk whose log holds a telephone number in every third entry; its guards are off."""
    with d.make(path, n, key=key) as store:
        for line in range(ACTS - store.position()[0]):
            phone = {"party_phone": f"1990000{line:04d}"} if line % 3 == 0 else {}
            d.add(store, "log", text=f"隧道积水 {line}", happened_at=d.EVENING, **phone)
        database = store.home.database
    raw = recipe.connect(database, key)
    for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        raw.execute(f"DROP TRIGGER {name}")
    return raw


def quick(raw: recipe.Raw) -> tuple[int, list[Position]] | None:
    """What the quick look alone says."""
    return chaincheck._sound(raw, chaincheck.no_progress, None, None)


def slow(raw: recipe.Raw) -> tuple[tuple[int, list[Position]], list[Fault]]:
    """What the look in the order of the chain says."""
    problems: list[Fault] = []
    return chaincheck._find(raw, problems, chaincheck.no_progress), problems


@pytest.mark.parametrize("size", [1, 2, 5, ACTS, 1_000])
def test_a_whole_chain_is_whole_wherever_stretches_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(chaincheck, "STRETCH", size)
    monkeypatch.setattr(chaincheck, "FETCHED", 3)
    raw = desk(tmp_path / "desk")
    answer = quick(raw)
    assert answer is not None
    assert answer[0] == ACTS
    assert (answer, []) == slow(raw)
    raw.close()


@pytest.mark.parametrize(
    "change",
    [
        "body = CAST(replace(CAST(body AS TEXT), '积水', '无事') AS BLOB)", "hash = zeroblob(32)", "prev = randomblob(32)",
        "happened_at = happened_at + 1", "recorded_at = 0", "hlc = hlc - 1", "by = 'somebody'", "kind = 'log.edit'",
        "sv = 2", "alg = 2", "act_id = randomblob(16)", "seq = seq + 1000", "desk = zeroblob(16)", "epoch = 7",
    ],
)  # fmt: skip
@pytest.mark.parametrize("seq", [1, 6, 7, ACTS], ids="seq-{}".format)
def test_whatever_is_altered_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str, seq: int) -> None:
    if change.startswith("body") and seq == 1:
        change = "body = CAST('{}' AS BLOB)"
    monkeypatch.setattr(chaincheck, "STRETCH", 6)
    raw = desk(tmp_path / "desk")
    raw.execute(f"UPDATE act SET {change} WHERE seq = ?", (seq,))
    assert quick(raw) is None
    problems: list[Fault] = []
    chain_problems(raw, problems)
    assert problems
    raw.close()


@pytest.mark.parametrize("seq", [1, 6, 7, 12])
def test_a_missing_act_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seq: int) -> None:
    monkeypatch.setattr(chaincheck, "STRETCH", 6)
    raw = desk(tmp_path / "desk")
    raw.execute("DELETE FROM act WHERE seq = ?", (seq,))
    assert quick(raw) is None
    problems: list[Fault] = []
    chain_problems(raw, problems)
    assert any("前面缺少记录" in fault.what for fault in problems)
    raw.close()


def test_a_personal_row_that_was_altered_is_seen(tmp_path: Path) -> None:
    raw = desk(tmp_path / "desk")
    raw.execute("UPDATE personal SET salt = randomblob(16)")
    assert quick(raw) is None
    assert slow(raw)[1]
    raw.close()


def test_acts_of_several_desks_lie_between_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chaincheck, "STRETCH", 5)
    raw, other = desk(tmp_path / "one"), desk(tmp_path / "two", n=2)
    raw.execute("UPDATE act SET arrival = arrival * 3 + 1000")
    names = f"arrival, desk, epoch, {chaincheck.COLUMNS}"
    for arrival, at, *row in other.execute(f"SELECT {names} FROM act").fetchall():
        raw.execute(f"INSERT INTO act ({names}) VALUES ({', '.join('?' * 15)})", (arrival * 3 + 1001, at, *row))
    for row in other.execute("SELECT * FROM personal").fetchall():
        raw.execute("INSERT INTO personal VALUES (?, ?, ?, ?, ?, ?)", row)
    other.close()
    answer = quick(raw)
    assert answer is not None
    assert answer[0] == 2 * ACTS
    assert len(answer[1]) == 2
    assert (answer, []) == slow(raw)
    raw.execute("UPDATE act SET recorded_at = 1 WHERE seq = ? AND desk = ?", (9, answer[1][1].desk))
    assert quick(raw) is None
    raw.close()


def test_numbers_that_nobody_gave_cost_no_time(tmp_path: Path) -> None:
    raw = desk(tmp_path / "desk")
    raw.execute("UPDATE act SET arrival = 9000000000000000000 WHERE seq = ?", (ACTS,))
    problems: list[Fault] = []
    assert chain_problems(raw, problems) == slow(raw)[0]
    assert not problems
    raw.close()


@pytest.mark.parametrize("key", [None, d.KEY], ids=["plain", "encrypted"])
def test_several_processes_say_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: bytes | None) -> None:
    monkeypatch.setattr(chaincheck, "STRETCH", 2)
    monkeypatch.setattr(chaincheck, "SIDE_BY_SIDE", 1)
    monkeypatch.setattr(chaincheck.os, "cpu_count", lambda: 2)
    raw = desk(tmp_path / "desk", key)
    file = tmp_path / "desk" / "desk.sqlite"
    told: list[tuple[int, int]] = []
    problems: list[Fault] = []
    answer = chain_problems(raw, problems, lambda done, whole: told.append((done, whole)), file=file, key=key)
    assert (answer, problems) == slow(raw)
    assert told == sorted(told)
    raw.execute("UPDATE act SET recorded_at = 1 WHERE seq = 3")
    chain_problems(raw, problems, file=file, key=key)
    assert [fault.what for fault in problems] == ["内容或校验值被改动"]
    raw.close()


def test_whoever_watches_may_stop_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Enough(Exception):
        pass

    def stop(done: int, whole: int) -> None:
        raise Enough

    monkeypatch.setattr(chaincheck, "SIDE_BY_SIDE", 1)
    raw = desk(tmp_path / "desk")
    for file in (None, tmp_path / "desk" / "desk.sqlite"):
        with pytest.raises(Enough):
            chain_problems(raw, [], stop, file=file)
    raw.close()


def test_an_empty_record(tmp_path: Path) -> None:
    raw = desk(tmp_path / "desk")
    raw.execute("DELETE FROM act")
    assert chain_problems(raw, []) == (0, [])
    raw.close()
