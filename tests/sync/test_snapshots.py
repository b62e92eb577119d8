"""Copies and the way back: verified before they count, kept while they are needed, and a kill at any step is survived."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dutydesk.core.clock import FixedClock
from dutydesk.core.errors import Damaged, Refused, Unavailable
from dutydesk.core.paths import Home
from dutydesk.core.settings import load
from dutydesk.journal import peers, recipe
from dutydesk.journal.locks import DeskLock
from dutydesk.journal.making import statements
from dutydesk.journal.store import Store
from dutydesk.journal.tables import JOURNAL
from dutydesk.journal.verify import verify, verify_file
from dutydesk.sync import restoring, sidecar, snapshots
from dutydesk.sync.rotation import Rotation
from tests.journal import desks as d

HOUR = 3_600_000


@pytest.fixture(params=[None, d.KEY], ids=["plain", "encrypted"])
def key(request: pytest.FixtureRequest) -> bytes | None:
    return request.param


@pytest.fixture
def place() -> Iterator[Path]:
    with d.quick_folder() as folder:
        yield folder


@pytest.fixture
def home(place: Path) -> Home:
    """A closed desk with three log entries."""
    with d.make(place / "desk") as store:
        for n in range(3):
            d.add(store, "log", text=f"第{n}条", party_phone="13800000000")
    return store.home


def take(home: Home, hours: float = 0, key: bytes | None = None, keep: int = 24) -> snapshots.Snapshot:
    """A copy; `keep` of the hourly ones stay."""
    clock = FixedClock(d.EVENING + int(hours * HOUR))
    return snapshots.take(home, d.FULL, clock, key=key, rule=Rotation(keep, 0, 0, 0))


def restore(home: Home, file: Path, key: bytes | None = None, hours: float = 30, **numbers: int) -> Path | None:
    return restoring.restore(home, d.FULL, FixedClock(d.EVENING + int(hours * HOUR)), file, numbers, key=key)


def reopen(home: Home, key: bytes | None = None, hours: float = 31) -> Store:
    return Store.open(home, d.FULL, FixedClock(d.EVENING + int(hours * HOUR)), key=key)


def texts(store: Store) -> list[str]:
    return [text for (text,) in d.ask(store, "SELECT text FROM log WHERE _state = 1 ORDER BY no")]


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.endswith(("lock", "-shm"))
    }


# --- copies


def test_a_copy_is_whole_and_verified(place: Path, key: bytes | None) -> None:
    with d.make(place / "desk", key=key) as store:
        d.add(store, "log", text="接报积水")
        made = take(store.home, key=key)  # while the desk is open
        d.add(store, "log", text="在备份之后")
    assert made.path.name == "desk-20260618-220000.sqlite"
    assert (made.acts, made.at, made.second, made.full) == (2, d.EVENING, "", True)
    assert made.path.with_suffix(".sha256").read_text().splitlines()[0] == f"{made.sha256}  {made.path.name}"
    beside = sidecar.read(made.path)
    assert beside is not None
    assert sidecar.trusted(beside, made.path, key)
    assert verify_file(made.path, d.FULL, key, deep=True).ok
    raw = recipe.connect(made.path, key, read_only=True)
    assert raw.execute("SELECT text FROM log").fetchall() == [("接报积水",)]
    raw.close()
    assert not [path.name for path in store.home.snapshots.glob(".*.new*")]


def test_the_newest_24_are_kept(home: Home) -> None:
    made = [take(home, hours).path for hours in range(27)]
    assert snapshots.snapshots(home.snapshots) == made[:2:-1]
    sums = {path.stem for path in home.snapshots.glob("*.sha256")}
    assert sums == {path.stem for path in made[3:]}


def test_copies_of_one_second_have_names_of_their_own(home: Home) -> None:
    home.snapshots.mkdir(exist_ok=True)
    names = [take(home).path.name for _n in range(3)]
    assert names == ["desk-20260618-220000.sqlite", "desk-20260618-220000-2.sqlite", "desk-20260618-220000-3.sqlite"]
    for n in range(2, 12):
        (home.snapshots / f"desk-20260618-230000-{n}.sqlite").touch()
    (home.snapshots / "desk-20260618-230000.sqlite").touch()
    newest = [path.name for path in snapshots.snapshots(home.snapshots)]
    assert newest[:2] == names[:0:-1], "verified ones come first"
    assert newest[2:5] == [f"desk-20260618-230000-{n}.sqlite" for n in (11, 10, 9)]


def test_a_copy_made_with_the_clock_gone_back_is_not_the_one_to_go(home: Home) -> None:
    for hours in range(3):
        take(home, hours, keep=3)
    made = take(home, -200_000, keep=3)  # a dead battery: 2003
    assert made.path.exists()
    assert len(snapshots.snapshots(home.snapshots)) == 4


def test_an_old_copy_goes_only_after_a_new_one_is_verified(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    old = [take(home, hours, keep=2).path for hours in range(2)]

    def worthless(home: Home, target: Path, key: bytes | None) -> None:
        """Looks like a copy, and is none."""
        shutil.copyfile(home.database, target)
        with target.open("rb+") as file:
            file.seek(4096 * 9)
            file.write(b"\xff" * 4096)

    monkeypatch.setattr(snapshots, "_copy_into", worthless)
    with pytest.raises(Damaged):
        take(home, 3, keep=2)
    assert snapshots.snapshots(home.snapshots) == old[::-1]
    assert not list(home.snapshots.glob(".*.new*"))


def test_what_a_killed_copy_left_is_cleared_away(home: Home) -> None:
    home.snapshots.mkdir(exist_ok=True)
    left = home.snapshots / ".0123456789abcdef.new"
    left.write_bytes(b"half")
    take(home)
    assert not left.exists()


def test_no_copy_is_made_of_a_desk_with_a_foreign_wal(home: Home, place: Path) -> None:
    """SQLite would read it into the database."""
    with d.make(place / "other", 2) as other:
        d.add(other, "log", text="外人")
        shutil.copy(f"{other.home.database}-wal", f"{home.database}-wal")
    before = files(home.root)
    with pytest.raises(Damaged, match="不是本机上次写下的"):
        take(home)
    assert files(home.root) == before


def test_a_damaged_desk_gives_no_copy(home: Home) -> None:
    first = take(home).path
    home.database.write_bytes(home.database.read_bytes()[:-8192])
    with pytest.raises(Damaged):
        take(home, 1)
    assert snapshots.snapshots(home.snapshots) == [first]


# --- the way back


def test_back_to_a_copy(place: Path, key: bytes | None) -> None:
    with d.make(place / "desk", key=key) as store:
        d.add(store, "log", text="一")
        d.add(store, "log", text="二")
        copy = take(store.home, key=key)
        d.add(store, "log", text="三，只在纸上")
        store.remember("theme", "1 150")
    home = store.home
    former = home.database.read_bytes()
    kept = restore(home, copy.path, key, log=3)
    assert kept is not None
    assert kept.read_bytes() == former, "the old file is kept as it was"
    assert load(home.config).epoch == 2
    with reopen(home, key) as store:
        assert texts(store) == ["一", "二"]
        d.add(store, "log", text="四")
        assert [no for (no,) in d.ask(store, "SELECT no FROM log ORDER BY no")][-1] == "2026-0004", "3 is on paper"
        acts = d.ask(store, "SELECT epoch, seq, kind, prev, hash, body FROM act ORDER BY arrival")
    ends = [act for act in acts if act[0] == 1][-1]
    begins = next(act for act in acts if act[0] == 2)
    assert begins[1:4] == (1, "epoch.open", ends[4]), "the new epoch continues the hash of the old"
    told = json.loads(begins[5])["epoch"]
    assert (told["reason"], told["continues"]) == ("restore", ends[4].hex())
    assert told["skipped"] == ["log 2026: 3-3"]
    assert told["snapshot"] == copy.sha256
    assert verify(home, d.FULL, key).ok
    assert not list(home.root.glob(".restore-*"))


def test_numbers_go_on_from_what_the_copy_has_when_paper_has_less(home: Home) -> None:
    restore(home, take(home).path, log=1)
    with reopen(home) as store:
        d.add(store, "log", text="四")
        assert [no for (no,) in d.ask(store, "SELECT no FROM log ORDER BY no")][-1] == "2026-0004"


def test_what_is_offered_as_the_last_number(home: Home, place: Path) -> None:
    assert restoring.last_numbers(home, d.FULL) == {"log": 3}
    home.database.write_bytes(b"no database" * 1_000)
    assert restoring.last_numbers(home, d.FULL) == {"log": 0}
    assert restoring.last_numbers(Home(place / "nowhere"), d.FULL) == {"log": 0}


def test_back_twice_in_one_second_keeps_both_old_files(home: Home) -> None:
    copy = take(home).path
    kept = [restore(home, copy), restore(home, copy)]
    assert len(set(kept)) == 2
    assert all(path is not None and path.exists() for path in kept)
    assert load(home.config).epoch == 3


@pytest.mark.parametrize("harm", ["cut", "noise", "empty", "gone"])
def test_back_from_a_desk_that_does_not_open(home: Home, harm: str) -> None:
    copy = take(home).path
    if harm == "gone":
        home.database.unlink()
    else:
        content = home.database.read_bytes()
        home.database.write_bytes({"cut": content[:20_000], "noise": b"?" * 9_000, "empty": b""}[harm])
    with pytest.raises(Damaged):
        reopen(home)
    kept = restore(home, copy)
    assert (kept is None) == (harm == "gone")
    with reopen(home) as store:
        assert len(texts(store)) == 3
    assert verify(home, d.FULL).ok


def test_a_new_machine_begins_with_a_copy(home: Home, place: Path) -> None:
    """The disk is dead; the copy on the second one is all there is."""
    stick = place / "stick.sqlite"
    shutil.copyfile(take(home).path, stick)
    new = Home(place / "new machine")
    assert restore(new, stick, log=9) is None
    assert (load(new.config).desk, load(new.config).epoch) == (load(home.config).desk, 2)
    with reopen(new) as store:
        assert len(texts(store)) == 3
        d.add(store, "log", text="十")
        assert d.ask(store, "SELECT no FROM log ORDER BY no DESC LIMIT 1") == [("2026-0010",)]
    assert verify(new, d.FULL).ok


def test_what_is_no_way_back(home: Home, place: Path) -> None:
    copy = take(home).path
    with d.make(place / "other", 2) as other:
        foreign = take(other.home).path
    broken = place / "broken.sqlite"
    content = bytearray(copy.read_bytes())
    content[4096 * 5 : 4096 * 6] = bytes(4096)
    broken.write_bytes(content)
    noise = place / "noise.sqlite"
    noise.write_bytes(b"no database at all" * 1_000)
    altered = place / copy.name
    raw_text = bytearray(copy.read_bytes())
    at = raw_text.find("第1条".encode())
    assert at > 0
    raw_text[at : at + 1] = b"\xe8"
    altered.write_bytes(raw_text)
    shutil.copy(copy.with_suffix(".sha256"), altered.with_suffix(".sha256"))
    before = files(home.root)
    for file, error in [
        (place / "none.sqlite", Refused),
        (place, Refused),
        (foreign, Refused),
        (broken, Damaged),
        (noise, Damaged),
        (altered, Damaged),
    ]:
        with pytest.raises(error):
            restore(home, file)
        assert files(home.root) == before, file


def test_nobody_goes_back_while_the_desk_is_open(home: Home) -> None:
    copy = take(home).path
    with DeskLock(home.lock, exclusive=False), pytest.raises(Unavailable, match="另一个程序"):
        restore(home, copy)
    assert load(home.config).epoch == 1


STEPS = """
import os, signal, sys
from pathlib import Path
from dutydesk.core.paths import Home
from dutydesk.core.clock import FixedClock
from dutydesk.sync import restoring, snapshots
from dutydesk.journal import recipe, store, rebuild, verify
import sqlalchemy.dialects.sqlite.pysqlite
from tests.journal import desks as d

recipe.driver()
places, what = sys.argv[1:3]
for last in range(1, 200):
    root = Path(places) / str(last)
    source = Path(places) / "desk"
    import shutil; shutil.copytree(source, root)
    child = os.fork()
    if child == 0:
        left = last
        def counted(plain):
            def call(*a, **k):
                global left
                left -= 1
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                return plain(*a, **k)
            return call
        for name in ("fsync", "replace", "unlink", "mkdir", "rename", "rmdir"):
            setattr(os, name, counted(getattr(os, name)))
        shutil.copyfile = counted(shutil.copyfile)
        home, clock = Home(root), FixedClock(d.EVENING + 30 * 3600_000)
        if what == "take":
            snapshots.take(home, d.FULL, clock)
        else:
            restoring.restore(home, d.FULL, clock, root / "snapshots" / sys.argv[3], {"log": 5})
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    if status == 0:
        print(last)
        break
    assert os.WIFSIGNALED(status), status
"""


def killed_at_each_step(place: Path, what: str, *more: str) -> list[Home]:
    """The folders that a kill before the first, second … step leaves; the last one was not killed."""
    done = subprocess.run(
        [sys.executable, "-c", STEPS, str(place), what, *more], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr[-3_000:]
    return [Home(place / str(n)) for n in range(1, int(done.stdout) + 1)]


# --- from the place that the last copy vouches for


def altered_since(home: Home, sql: str) -> None:
    """Change the record behind the program's back."""
    raw = recipe.connect(home.database)
    for trigger in ("act_no_update", "act_no_delete", "act_guard"):
        raw.execute(f"DROP TRIGGER {trigger}")
    raw.execute(sql)
    for statement in statements(JOURNAL):
        if statement.startswith("CREATE TRIGGER"):
            raw.execute(statement)
    raw.close()


def test_only_what_is_new_is_gone_through_until_the_week_is_over(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[object] = []
    plain = snapshots.verify_file

    def watched(*given: Any, since: Any = None, **named: Any) -> Any:
        looked.append(since and since.arrival)
        return plain(*given, since=since, **named)

    monkeypatch.setattr(snapshots, "verify_file", watched)
    made = [take(home)]
    with Store.open(home, d.FULL, FixedClock(d.EVENING)) as store:
        d.add(store, "log", text="新的")
    made += [take(home, hours) for hours in (1, 2, 7 * 24 - 1, 7 * 24, 7 * 24 + 1)]
    assert looked == [None, 4, 5, 5, None, 5]
    assert [one.full for one in made] == [True, False, False, False, True, False]
    assert [one.acts for one in made] == [4, 5, 5, 5, 5, 5]
    assert take(home, 3).full, "a copy from before the last one: the clock went back"


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        (
            "UPDATE act SET body = CAST(replace(CAST(body AS TEXT), '第1条', '第7条') AS BLOB) WHERE arrival = 5",
            "内容或校验值被改动",
        ),
        ("DELETE FROM act WHERE arrival = 3", "前面缺少记录"),
        ("DELETE FROM act WHERE arrival >= 4", "不一致"),
        ("UPDATE act SET hash = zeroblob(32) WHERE arrival = 4", "内容或校验值被改动"),
    ],
)
def test_what_was_altered_since_is_found(home: Home, sql: str, found: str) -> None:
    first = take(home)
    with Store.open(home, d.FULL, FixedClock(d.EVENING)) as store:
        d.add(store, "log", text="第1条，后来")
    altered_since(home, sql)
    with pytest.raises(Damaged, match=found):
        take(home, 1)
    assert snapshots.snapshots(home.snapshots) == [first.path]


def test_a_page_of_any_table_is_looked_at_every_time(home: Home) -> None:
    """The quick look leaves out no table: each first page is spoiled in turn."""
    copy = take(home).path
    made = sidecar.read(copy)
    assert made is not None
    raw = recipe.connect(copy, read_only=True)
    roots = raw.execute("SELECT name, rootpage FROM sqlite_master WHERE rootpage > 1").fetchall()
    raw.close()
    content = copy.read_bytes()
    assert verify_file(copy, d.FULL, since=made.base).ok
    for name, page in roots:
        copy.write_bytes(content[: (page - 1) * 4_096] + b"\xff" * 4_096 + content[page * 4_096 :])
        assert not verify_file(copy, d.FULL, since=made.base).ok, name


def test_what_was_altered_before_is_found_when_the_whole_chain_is_gone_through(home: Home) -> None:
    take(home)
    altered_since(home, "UPDATE act SET body = cast(replace(cast(body AS TEXT), '第1条', '第7条') AS BLOB)")
    assert not take(home, 1).full
    with pytest.raises(Damaged, match="内容或校验值被改动"):
        take(home, 7 * 24)


@pytest.mark.parametrize("harm", ["sum", "remark", "signature", "none", "file", "other desk"])
def test_only_a_copy_that_this_desk_signed_vouches_for_anything(home: Home, place: Path, harm: str) -> None:
    first = take(home).path
    beside = first.with_suffix(".sha256")
    lines = beside.read_text(encoding="utf-8").splitlines()
    if harm == "sum":
        lines[0] = "0" * 64 + lines[0][64:]
    elif harm == "remark":
        lines[1] = lines[1].replace('"arrival":4', '"arrival":3')
    elif harm == "signature":
        lines[2] = lines[2][:-2] + ("00" if lines[2][-2:] != "00" else "11")
    elif harm == "none":
        lines = lines[:1]
    elif harm == "file":
        first.write_bytes(first.read_bytes()[:-4096])
    else:
        with d.make(place / "other", 2) as other:
            d.add(other, "log", text="外人")
        lines = take(other.home).path.with_suffix(".sha256").read_text(encoding="utf-8").splitlines()
    beside.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert take(home, 1).full


def test_a_copy_signed_by_another_is_no_way_back(home: Home, place: Path) -> None:
    copy = take(home).path
    with d.make(place / "other", 2) as other:
        d.add(other, "log", text="外人")
    made, theirs = sidecar.read(copy), peers.own_secret
    assert made is not None
    with Store.open(other.home, d.FULL, FixedClock(d.EVENING)) as store:
        sidecar.write(copy, sidecar.signed(made, theirs(store)))
    with pytest.raises(Damaged, match="签名"):
        restore(home, copy)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills a forked process")
def test_a_copy_killed_at_each_step(home: Home, place: Path) -> None:
    first = take(home).path.name
    left = killed_at_each_step(place, "take")
    assert len(left) > 5
    for found in left:
        for copy in snapshots.snapshots(found.snapshots):
            assert verify_file(copy, d.FULL).ok
            assert copy.with_suffix(".sha256").exists()
        assert (found.snapshots / first).exists()
        take(found, 40)
        assert not list(found.snapshots.glob(".*.new*"))
        assert verify(found, d.FULL).ok


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills a forked process")
def test_a_restore_killed_at_each_step(home: Home, place: Path) -> None:
    """Before the swap the desk is as it was; in it, it says what to do; and doing it again completes."""
    copy = take(home).path.name
    with Store.open(home, d.FULL, FixedClock(d.EVENING)) as store:
        d.add(store, "log", text="在备份之后")
        wal = Path(f"{home.database}-wal").read_bytes()
        cut = files(home.root)
    for name, content in (cut | {"desk.sqlite-wal": wal}).items():  # a desk that a power cut stopped: with its -wal
        (home.root / name).write_bytes(content)
    left = killed_at_each_step(place, "restore", copy)
    ended: list[str] = []
    said: set[str] = set()
    for found in left:
        try:
            with reopen(found) as store:
                ended.append("before" if len(texts(store)) == 4 else "after")
        except Damaged as error:
            ended.append("between")
            said.add(str(error).split("。")[0][:5])
        if ended[-1] != "after":
            restore(found, found.snapshots / copy, log=5)
        with reopen(found, hours=32) as store:
            d.add(store, "log", text="接着写")
            assert d.ask(store, "SELECT no FROM log ORDER BY no DESC LIMIT 1") == [("2026-0006",)]
            assert len(texts(store)) == 4
        assert verify(found, d.FULL).ok
        left_over = [path.name for path in found.root.glob(".restore-*/*") if path.suffix == ".sqlite"]
        assert not left_over, "a kill after the swap leaves no more than an empty folder"
        assert kept_old_record(found), found.root
    assert ended == sorted(ended, key=["before", "between", "after"].index)
    assert ended.count("before") > 3
    assert "between" in ended
    assert said == {"上一次恢复", "记录缺失：", "desk."}
    assert ended[-1] == "after"


def kept_old_record(home: Home) -> bool:
    """Whether some kept file still has all four entries of before the restore."""
    for kept in home.root.glob("desk.before-restore-*.sqlite"):
        raw = recipe.connect(kept)
        count = raw.execute("SELECT count(*) FROM log").fetchone()[0]
        raw.close()
        if count == 4:
            return True
    return False


# -- when ----------------------------------------------------------------------------------------------------------------


def test_when_a_copy_is_due(home: Home) -> None:
    clock = FixedClock(d.EVENING)
    with Store.open(home, d.FULL, clock) as store:
        assert snapshots.due(store), "there is none yet"
        snapshots.note(store, {"at": clock.now()})
        assert not snapshots.due(store)
        clock.advance(HOUR - 1)
        assert not snapshots.due(store)
        clock.advance(1)
        assert snapshots.due(store)
        snapshots.note(store, {"error": "磁盘已满"})
        clock.advance(10 * 60_000 - 1)
        assert not snapshots.due(store), "one that failed is tried again after ten minutes"
        clock.advance(1)
        assert snapshots.due(store)
        snapshots.note(store, {"at": clock.now()})
        clock.advance(-1)
        assert snapshots.due(store), "the clock went back"


def test_indexes_are_compared_once_a_night(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[tuple[bool, bool]] = []
    plain = snapshots.verify_file

    def watched(*given: Any, **named: Any) -> Any:
        looks.append((named["since"] is None, named["indexes"]))
        return plain(*given, **named)

    monkeypatch.setattr(snapshots, "verify_file", watched)
    for hours in (0, 1, 4, 5, 6, 29, 30):  # 22:00, 23:00; 02:00, 03:00, 04:00; 03:00, 04:00
        take(home, hours)
    assert looks == [(True, True), *[(False, n in (3, 5)) for n in range(1, 7)]]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", None), ("  ", None), ("7", (2026, 7)), ("０００７", (2026, 7)), ("#0512", (2026, 512)),
        ("2026-0512", (2026, 512)), ("330102-B2-2026-0512", (2026, 512)), ("2025-0900", (2025, 900)),
        ("2026 - 12", (2026, 12)), ("2026－12", (2026, 12)),
    ],
)  # fmt: skip
def test_what_people_copy_from_paper(text: str, told: tuple[int, int] | None) -> None:
    assert restoring.on_paper(text, 2026) == told


@pytest.mark.parametrize("text", ["many", "12a", "-5", "3.5", "2027-0001", "2024-0001", "13800000000", "一百", "#"])
def test_what_is_no_number(text: str) -> None:
    with pytest.raises(ValueError, match="编号"):
        restoring.on_paper(text, 2026)


def test_on_new_years_night_both_years_go_on(home: Home) -> None:
    """A copy of the old year, a number of it on paper, and none yet of the new one."""
    file = take(home).path
    january = FixedClock(d.EVENING + 197 * 24 * HOUR)
    restoring.restore(home, d.FULL, january, file, {"log": 0}, floors=[("log", 2026, 900)])
    with Store.open(home, d.FULL, january) as store:
        d.add(store, "log", text="新年第一条")
        assert d.ask(store, "SELECT no FROM log ORDER BY _n DESC LIMIT 1")[0][0].endswith("2027-0001")
        told = d.ask(store, "SELECT body FROM act WHERE kind = 'epoch.open' ORDER BY arrival DESC LIMIT 1")[0][0]
        assert b"log 2026: " in told
        assert b"-900" in told


def test_an_encrypted_copy_without_its_key_is_told_as_that(place: Path) -> None:
    with d.make(place / "desk", key=d.KEY) as store:
        d.add(store, "log", text="接报积水")
        made = take(store.home, key=d.KEY)
    before = files(store.home.root)
    for wrong in (None, bytes(32)):
        with pytest.raises(Refused, match=r"加密的.*DUTYDESK_KEY"):
            restore(store.home, made.path, wrong)
    assert files(store.home.root) == before
