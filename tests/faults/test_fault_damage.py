"""F9: bits, pages and whole files gone wrong, and F26: somebody at the file with a tool of his own.

Damage is told at start or by `verify`, which touches nothing; what neither tells of must not matter: then every table
still holds what it held.
"""

from __future__ import annotations

import os
import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dutydesk.core.clock import FixedClock
from dutydesk.core.errors import Damaged, DutyDeskError
from dutydesk.core.ids import CLI
from dutydesk.core.paths import Home
from dutydesk.journal import chain, recipe
from dutydesk.journal.query import Query, rows
from dutydesk.journal.store import Store
from dutydesk.journal.verify import verify
from dutydesk.shifts.sheet import Sheet, check, read
from tests.journal import desks as d

FULL = os.environ.get("DUTYDESK_FAULTS") == "full"
SEEDS = 1_000 if FULL else 50
PARTS = 20 if FULL else 2

Files = dict[str, bytes]


def files(folder: Path) -> Files:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def fill(store: Store, count: int) -> None:
    rng = random.Random(count)
    people: list[bytes] = []
    for n in range(count):
        people.append(d.add(store, "people", name=f"钱{n}", unit="值班室", phone=f"0571-0000{n:04d}"))
        d.add(store, "log", text="接报积水 " * rng.randint(1, 30), party_phone="13800000000")
        d.write(store, "people", rng.choice(people), note="值守" * rng.randint(1, 50))
    d.delete(store, "people", people[0])


@pytest.fixture(scope="module")
def closed() -> Iterator[Files]:
    """A desk after an orderly stop."""
    with d.quick_folder() as folder:
        with d.make(folder / "desk") as store:
            fill(store, 20)
        yield files(folder / "desk")


@pytest.fixture(scope="module")
def cut() -> Iterator[Files]:
    """A desk as a power cut left it: with its `-wal`."""
    with d.quick_folder() as folder:
        d.make(folder / "desk").close()
        with Store.open(Home(folder / "desk"), d.FULL, FixedClock(d.EVENING)) as store:
            fill(store, 12)
            found = files(folder / "desk")
        del found["desk.sqlite-shm"]
        yield found


@pytest.fixture
def place() -> Iterator[Path]:
    with d.quick_folder() as folder:
        yield folder


def lay(folder: Path, content: Files) -> Home:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, data in content.items():
        (folder / name).write_bytes(data)
    return Home(folder)


def everything(home: Home) -> tuple[list[object], ...]:
    """What the desk shows and keeps: every ledger, the record, the answers of some searches."""
    with Store.open(home, d.FULL, FixedClock(d.EVENING)) as store:
        names = ["act", "personal", "frontier", "head", "conflict", "counter", "tally", *d.FULL.shapes]
        tables = [sorted(d.ask(store, f"SELECT * FROM {name}"), key=repr) for name in names]
        with store.read() as connection:
            asked = [("log", "积水"), ("log", "接报"), ("people", "钱1"), ("people", "值班室"), ("people", "值守")]
            hits = [[row.id for row in rows(connection, d.FULL[led], Query(led, search=text))] for led, text in asked]
        return (*tables, *hits)


Harm = Callable[[random.Random, Files], Files]


def flip(name: str, bits: int) -> Harm:
    def harm(rng: random.Random, content: Files) -> Files:
        data = bytearray(content[name])
        for _n in range(bits):
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        return content | {name: bytes(data)}

    return harm


def zero_page(rng: random.Random, content: Files) -> Files:
    data = bytearray(content["desk.sqlite"])
    at = rng.randrange(1, len(data) // 4096) * 4096
    data[at : at + 4096] = bytes(4096)
    return content | {"desk.sqlite": bytes(data)}


def truncate(rng: random.Random, content: Files) -> Files:
    data = content["desk.sqlite"]
    return content | {"desk.sqlite": data[: rng.randrange(1, len(data))]}


def swap_pages(rng: random.Random, content: Files) -> Files:
    data = bytearray(content["desk.sqlite"])
    one, two = (at * 4096 for at in rng.sample(range(1, len(data) // 4096), 2))
    data[one : one + 4096], data[two : two + 4096] = data[two : two + 4096], data[one : one + 4096]
    return content | {"desk.sqlite": bytes(data)}


def drop_wal(rng: random.Random, content: Files) -> Files:
    return {name: data for name, data in content.items() if name != "desk.sqlite-wal"}


def cut_wal(rng: random.Random, content: Files) -> Files:
    data = content["desk.sqlite-wal"]
    return content | {"desk.sqlite-wal": data[: rng.randrange(0, len(data))]}


def empty(rng: random.Random, content: Files) -> Files:
    return content | {"desk.sqlite": b""}


AFTER_A_STOP: list[Harm] = [
    flip("desk.sqlite", 1), flip("desk.sqlite", 1), flip("desk.sqlite", 8), zero_page, truncate, swap_pages, empty,
]  # fmt: skip
AFTER_A_POWER_CUT: list[Harm] = [flip("desk.sqlite-wal", 1), drop_wal, cut_wal, flip("desk.sqlite", 2), truncate]
MUST: set[Harm] = {truncate, empty, drop_wal}
"""Harm that never goes without a word."""


@pytest.mark.parametrize("part", range(PARTS))
def test_damage_is_told_or_does_not_matter(part: int, closed: Files, cut: Files, place: Path) -> None:
    sound = {"closed": everything(lay(place / "a", closed)), "cut": everything(lay(place / "b", cut))}
    told: Counter[str] = Counter()
    for seed in range(part, SEEDS, PARTS):
        rng = random.Random(seed)
        after = "cut" if rng.random() < 0.4 else "closed"
        harm = rng.choice(AFTER_A_POWER_CUT if after == "cut" else AFTER_A_STOP)
        content = harm(rng, cut if after == "cut" else closed)
        home = lay(place / "harmed", content)
        report = verify(home, d.FULL)
        assert files(home.root) == content, f"seed {seed}: verify touches nothing"
        try:
            shown = everything(home)
        except Damaged:
            told["at start"] += 1
            continue
        except DutyDeskError as error:
            pytest.fail(f"seed {seed}: {error!r} is not what damage is called")
        except (recipe.driver().DatabaseError, UnicodeDecodeError) as error:  # a page that the start has no need of
            shown = (str(error),)
        if not report.ok:
            told["by verify"] += 1
            assert all(fault.where and fault.what for fault in report.problems)
            continue
        told["not: it does not matter"] += 1
        assert shown == sound[after], f"seed {seed}: {after}, something else is shown and nobody says so"
        assert harm not in MUST, f"seed {seed}"
    assert told["at start"] + told["by verify"] > SEEDS // PARTS // 2, told


def test_control_an_untouched_desk_is_sound(closed: Files, cut: Files, place: Path) -> None:
    for name, content in (("closed", closed), ("cut", cut)):
        home = lay(place / name, content)
        report = verify(home, d.FULL)
        assert (report.ok, report.problems) == (True, ())
        assert files(home.root) == content
        everything(home)


def test_a_wal_of_another_desk_is_told_and_not_read(closed: Files, cut: Files, place: Path) -> None:
    for content in (closed, cut):
        with d.make(place / "foreign", 2) as other:
            fill(other, 3)
            wal = Path(f"{other.home.database}-wal").read_bytes()
        shutil.rmtree(place / "foreign")
        harmed = content | {"desk.sqlite-wal": wal}
        home = lay(place / "harmed", harmed)
        report = verify(home, d.FULL)
        assert [fault.what for fault in report.problems] == ["desk.sqlite-wal 不是本机上次写下的"]
        assert files(home.root) == harmed


# --- F26: the file is edited with a tool


def edited(place: Path, content: Files, *statements: str) -> Home:
    """The desk after somebody took the guards off, ran these statements and put the guards back."""
    home = lay(place / "edited", content)
    raw = recipe.connect(home.database)
    guards = raw.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'act'").fetchall()
    for name, _sql in guards:
        raw.execute(f"DROP TRIGGER {name}")
    for statement in statements:
        raw.execute(statement)
    for _name, sql in guards:
        raw.execute(sql)
    raw.close()
    return home


def test_a_guard_that_was_taken_off_is_told(closed: Files, place: Path) -> None:
    home = lay(place / "desk", closed)
    raw = recipe.connect(home.database)
    raw.execute("DROP TRIGGER act_no_update")
    raw.close()
    report = verify(home, d.FULL)
    assert [fault.what for fault in report.problems] == ["表或校验规则被改动：act_no_update"]


FORGED = """UPDATE act SET body = CAST(replace(CAST(body AS TEXT), '接报积水', '一切正常') AS BLOB)
  WHERE arrival = (SELECT arrival FROM act WHERE kind = 'test' AND CAST(body AS TEXT) LIKE '%接报积水%' LIMIT 1)"""


@pytest.mark.parametrize(
    ("statements", "said"),
    [
        ([FORGED], "内容或校验值被改动"),
        (["UPDATE act SET seq = 1000 - seq WHERE seq IN (9, 10)",
          "UPDATE act SET seq = CASE seq WHEN 991 THEN 10 ELSE 9 END WHERE seq > 900"], "内容或校验值被改动"),
        (["UPDATE act SET happened_at = happened_at - 3600000 WHERE seq = 12"], "内容或校验值被改动"),
        (["DELETE FROM act WHERE seq = 20"], "前面缺少记录"),
        (["DELETE FROM act WHERE seq > 55", "UPDATE frontier SET (seq, hash) = (SELECT seq, hash FROM act WHERE seq = 55)"],
         "上次写到第"),
        (["UPDATE log SET text = '一切正常' WHERE no LIKE '%0003'"], "台账与原始记录不一致"),
        (["UPDATE personal SET data = CAST(replace(CAST(data AS TEXT), '138', '139') AS BLOB)"], "个人信息与校验值不符"),
        (["DELETE FROM personal"], "个人信息缺失"),
    ],
    ids=["edit a body", "reorder", "edit a time", "delete the middle", "cut the tail", "edit a ledger",
         "edit a telephone number", "take the personal fields away"],
)  # fmt: skip
def test_tampering_is_found(statements: list[str], said: str, closed: Files, place: Path) -> None:
    report = verify(edited(place, closed, *statements), d.FULL)
    assert [fault for fault in report.problems if said in fault.what], report.problems


def test_a_cut_tail_is_found_at_start(closed: Files, place: Path) -> None:
    home = edited(
        place, closed, "DELETE FROM act WHERE seq > 55",
        "UPDATE frontier SET (seq, hash) = (SELECT seq, hash FROM act WHERE seq = 55)",
    )  # fmt: skip
    with pytest.raises(Damaged, match=r"第 62 条.*第 55 条"):
        Store.open(home, d.FULL, FixedClock(d.EVENING))


def test_control_the_same_tool_without_an_edit_is_not_told(closed: Files, place: Path) -> None:
    assert verify(edited(place, closed, "UPDATE act SET seq = seq"), d.FULL).ok


def forge_all(home: Home) -> None:
    """Write the whole chain again with one word changed, as somebody with the desk and time can: `desk.head` too."""
    raw = recipe.connect(home.database)
    guards = raw.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'act'").fetchall()
    for name, _sql in guards:
        raw.execute(f"DROP TRIGGER {name}")
    raw.execute(FORGED)
    columns = "desk, epoch, seq, act_id, hlc, happened_at, recorded_at, by, kind, sv, body, alg, prev, hash"
    prev = None
    for row in raw.execute(f"SELECT {columns} FROM act ORDER BY seq").fetchall():
        act = chain.Act(*row[:12], prev if prev is not None else row[12], row[13])
        prev = chain.act_hash(act)
        raw.execute("UPDATE act SET prev = ?, hash = ? WHERE seq = ?", (act.prev, prev, act.seq))
    raw.execute("UPDATE frontier SET hash = ?", (prev,))
    raw.execute("DELETE FROM local_state WHERE key = 'schema'")
    for _name, sql in guards:
        raw.execute(sql)
    raw.close()
    home.head.unlink()


def paper(store: Store) -> str:
    """The line of the QR symbol of a P01 that is printed now."""
    seq, head = store.position()
    return Sheet("330102", store.config.desk[:8], store.config.epoch, seq, head.hex()[:16], "2026-06-18").code()


def against_paper(store: Store, line: str) -> str:
    with store.read() as connection:
        return check(connection, read(line))


def test_a_whole_chain_written_again_is_found_only_against_paper(closed: Files, place: Path) -> None:
    """Nothing on the desk tells; the head that stood on a hand-over sheet does."""
    home = lay(place / "desk", closed)
    with Store.open(home, d.FULL, FixedClock(d.EVENING)) as store:
        line = paper(store)
        assert against_paper(store, line) == "same"
    forge_all(home)
    with Store.open(home, d.FULL, FixedClock(d.EVENING), exclusive=True) as store:
        store.rebuild()
        d.add(store, "log", text="之后")
        assert against_paper(store, line) == "other"
    assert verify(home, d.FULL).ok, "the forged chain holds together"


def test_a_tail_cut_off_with_its_head_is_found_only_against_paper(closed: Files, place: Path) -> None:
    """An older copy of the whole folder in the place of the present one."""
    home = lay(place / "desk", closed)
    with Store.open(home, d.FULL, FixedClock(d.EVENING)) as store:
        d.add(store, "log", text="不该有人知道的一条")
        line = paper(store)
        assert against_paper(store, line) == "same"
    lay(place / "desk", closed)
    assert verify(home, d.FULL).ok
    with Store.open(home, d.FULL, FixedClock(d.EVENING)) as store:
        assert against_paper(store, line) == "absent"
        d.add(store, "log", text="别的一条")
        assert against_paper(store, line) == "other"


def test_an_act_of_a_kind_that_nobody_knows_is_no_damage(closed: Files, place: Path) -> None:
    home = lay(place / "desk", closed)
    with Store.open(home, d.FULL, FixedClock(d.EVENING)) as store:
        store.act("something.new", [d.new("log", {"text": "新"})], by=CLI)
    assert verify(home, d.FULL).ok


def test_a_wrong_count_of_rows_is_told_and_mended(closed: Files, place: Path) -> None:
    home = lay(place / "counted", closed)
    raw = recipe.connect(home.database)
    raw.execute("UPDATE tally SET listed = listed + 1 WHERE ledger = 'log'")
    raw.close()
    report = verify(home, d.FULL)
    assert [fault.where for fault in report.problems] == [d.FULL["log"].ledger.title]
    with Store.open(home, d.FULL, FixedClock(d.EVENING), exclusive=True) as store:
        store.rebuild()
    assert verify(home, d.FULL).ok
