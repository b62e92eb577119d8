"""What the recovery offers, what each rung keeps, what the hub gives back; and folders that wake on another machine."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from dutydesk.core.clock import FixedClock
from dutydesk.core.errors import Damaged, Refused
from dutydesk.core.paths import Home
from dutydesk.core.settings import load, save
from dutydesk.journal import headfile, recipe, tables, upgrade
from dutydesk.journal.inbox import take_in
from dutydesk.journal.salvaged import Finds
from dutydesk.journal.store import Store
from dutydesk.journal.verify import verify
from dutydesk.sync import adopting, ladder, restoring, snapshots
from dutydesk.sync.ladder import KEEP, REBUILD, RESTORE, SALVAGE
from tests.journal import desks as d
from tests.sync.fleet import Fleet
from tests.sync.test_salvage import filled, pages_of_acts, spoil

CLOCK = FixedClock(d.EVENING + 3_600_000)


@pytest.fixture
def place() -> Iterator[Path]:
    with d.quick_folder() as folder:
        yield folder


@pytest.fixture
def home(place: Path) -> Home:
    """Sixty entries, a copy, and one more entry."""
    made = filled(place)
    snapshots.take(made, d.FULL, FixedClock(d.EVENING))
    with Store.open(made, d.FULL, CLOCK) as store:
        d.add(store, "log", text="第60条" + "后来" * 100)
    return made


def look(home: Home) -> ladder.Found:
    return ladder.look(home, d.FULL, year=2026)


def test_a_file_that_is_no_database_offers_the_copies(home: Home) -> None:
    home.database.write_bytes(b"no database at all" * 900)
    found = look(home)
    assert [choice.kind for choice in found.choices] == [RESTORE, SALVAGE]
    assert "不是数据库文件" in found.said[0]
    assert found.choices[0].title == "恢复到 06-18 22:00 的备份"
    assert "共 61 次操作" in found.choices[0].keeps
    assert found.choices[0].loses == "备份以后本机记的 1 次操作"
    assert found.numbers == {"log": 60}, "what the copy has, where the file says nothing"
    said = ladder.take(found.choices[0], home, d.FULL, CLOCK, {"log": 61})
    assert said[0] == "恢复到 06-18 22:00 的备份：完成"
    assert "desk.before-restore" in said[1]
    assert verify(home, d.FULL).ok


def test_a_page_of_noise_offers_salvage_first_where_the_copy_has_what_lay_there(home: Home) -> None:
    spoil(home, pages_of_acts(home)[1:2])
    found = look(home)
    assert [choice.kind for choice in found.choices] == [SALVAGE, RESTORE]
    assert found.choices[0].loses == "不丢记录"
    assert found.numbers == {"log": 61}
    said = ladder.take(found.choices[0], home, d.FULL, CLOCK, found.numbers)
    assert said[0] == "读出 62 次操作，已放进新的记录"
    assert "没有缺失" in said
    with Store.open(home, d.FULL, CLOCK) as store:
        assert len(d.ask(store, "SELECT 1 FROM log")) == 61
        d.add(store, "log", text="接着写")
        assert d.ask(store, "SELECT no FROM log ORDER BY no DESC LIMIT 1") == [("2026-0062",)]


def test_a_page_of_noise_that_no_copy_has_does_not_come_first(home: Home) -> None:
    with Store.open(home, d.FULL, CLOCK) as store:
        for n in range(40):
            d.add(store, "log", text=f"后来{n}" + "水位" * 100)
    spoil(home, pages_of_acts(home)[-2:-1])
    found = look(home)
    assert [choice.kind for choice in found.choices] == [RESTORE, SALVAGE]
    assert found.choices[0].loses == "备份以后本机记的 41 次操作"
    assert found.choices[1].loses == "坏页上的记录；报告会写明缺哪几条"


def test_whole_acts_under_broken_ledgers_are_rebuilt_without_loss(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = recipe.connect(home.database)
    page = raw.execute("SELECT rootpage FROM sqlite_master WHERE name = 'log'").fetchone()[0]
    raw.close()
    spoil(home, [page - 1])
    with pytest.raises(Damaged), Store.open(home, d.FULL, CLOCK) as store:
        d.add(store, "log", text="不该写进去")
    found = look(home)
    assert [choice.kind for choice in found.choices] == [REBUILD, RESTORE]
    assert "原始记录是完整的" in found.said[-1]
    read: list[str] = []
    finds = Finds.read
    monkeypatch.setattr(
        Finds, "read", lambda self, source, key: (read.append(source.name), finds(self, source, key))[1]
    )
    ladder.take(found.choices[0], home, d.FULL, CLOCK, found.numbers)
    assert read == ["desk.sqlite"], "its copies have nothing more: nobody waits until they are read too"
    with Store.open(home, d.FULL, CLOCK) as store:
        assert len(d.ask(store, "SELECT 1 FROM log")) == 61
    assert verify(home, d.FULL).ok


def test_looking_touches_nothing(home: Home) -> None:
    spoil(home, pages_of_acts(home)[1:2])
    before = {path.name: path.read_bytes() for path in home.root.iterdir() if path.is_file()}
    look(home)
    after = {path.name: path.read_bytes() for path in home.root.iterdir() if path.is_file()}
    assert {name: data for name, data in after.items() if not name.endswith(("-shm", "-wal"))} == before


def test_the_hub_tells_its_highest_numbers_and_gives_back_what_it_has(fleet: Fleet) -> None:
    store = fleet.add(1)
    fleet.write(1, "一")
    fleet.sync(1)
    home = store.home
    fleet.close_desk("1")
    save(home.config, replace(load(home.config), hub=fleet.url(1)))
    snapshots.take(home, d.FULL, FixedClock(d.EVENING))
    fleet.open("1")
    fleet.write(1, "二")
    fleet.write(1, "三")
    fleet.sync(1)
    fleet.close_desk("1")
    home.database.write_bytes(b"no database at all" * 900)
    found = look(home)
    assert found.numbers == {"log": 3}, "the copy has 1, the hub has 3"
    assert "中心库有备份之后本机的" in found.hub
    assert "可从中心库取回" in found.choices[0].loses
    said = ladder.take(found.choices[0], home, d.FULL, CLOCK, found.numbers)
    assert said[-2].startswith("从中心库取回 ")
    assert said[-1] == "接着编号：值班日志 0004"
    with fleet.open("1") as back:
        assert [text for (text,) in d.ask(back, "SELECT text FROM log ORDER BY no")] == ["一", "二", "三"]
        d.add(back, "log", text="四")
        assert d.ask(back, "SELECT no FROM log ORDER BY no DESC LIMIT 1") == [("D1-2026-0004",)]


def test_a_hub_that_is_away_is_said(home: Home) -> None:
    save(home.config, replace(load(home.config), hub="postgresql://desk@127.0.0.1:9/hub"))
    home.database.write_bytes(b"no database at all" * 900)
    assert "中心库连不上" in look(home).hub


# --- another machine


@pytest.fixture
def woken(home: Home, monkeypatch: pytest.MonkeyPatch) -> Home:
    """The folder on another machine."""
    monkeypatch.setattr(headfile, "machine_hash", lambda: b"another machine!")
    return home


def test_a_folder_from_another_machine_is_not_written_before_somebody_says_what_it_is(woken: Home) -> None:
    with pytest.raises(headfile.Elsewhere, match="搬迁还是复制"):
        Store.open(woken, d.FULL, CLOCK)
    assert load(woken.config).epoch == 1


def test_moved_it_goes_on(woken: Home) -> None:
    adopting.moved(woken, d.FULL, CLOCK)
    with Store.open(woken, d.FULL, CLOCK) as store:
        assert (store.config.epoch, store.config.code) == (1, "")
        assert d.ask(store, "SELECT kind FROM act ORDER BY arrival DESC LIMIT 1") == [(adopting.MOVED,)]
        d.add(store, "log", text="接着写")
    assert verify(woken, d.FULL).ok


def test_copied_it_is_another_desk_from_here_on(home: Home, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = Home(place / "copy")
    shutil.copytree(home.root, other.root)
    with Store.open(home, d.FULL, CLOCK) as store:
        d.add(store, "log", text="原来那台")
    monkeypatch.setattr(headfile, "machine_hash", lambda: b"another machine!")
    for code in ("", "太长的代号不行的九", "a b"):
        with pytest.raises(Refused):
            adopting.copied(other, d.FULL, CLOCK, code)
    assert adopting.copied(other, d.FULL, CLOCK, "B2") == 2
    with Store.open(other, d.FULL, CLOCK) as copy:
        d.add(copy, "log", text="新的这台")
        assert d.ask(copy, "SELECT no FROM log ORDER BY _n DESC LIMIT 1") == [("B2-2026-0062",)]
        monkeypatch.undo()
        with Store.open(home, d.FULL, CLOCK) as store:
            take_in(store, d.acts_of(copy, store.config.desk_id))
            told = d.ask(store, "SELECT count(*) FROM quarantine")
            assert told == [(0,)], "two chains that part at the copy, no fork"
            assert len(d.ask(store, "SELECT 1 FROM log WHERE _state = 1")) == 63
    assert verify(other, d.FULL).ok


def test_a_drill_may_lie_anywhere(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    d.make(place / "drill", drill=True).close()
    monkeypatch.setattr(headfile, "machine_hash", lambda: b"another machine!")
    Store.open(Home(place / "drill"), d.FULL, CLOCK).close()


CUT = """
import sys
from pathlib import Path
from dutydesk.core.paths import Home
from dutydesk.sync import adopting
from tests.journal import desks as d
adopting.copied(Home(Path(sys.argv[1])), d.FULL, d.FixedClock(d.EVENING), "B2")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_a_copy_that_was_cut_off_does_not_go_on_as_the_other(home: Home) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CUT, str(home.root)], env={**os.environ, "DD_CRASH_AT": "adopt.named"}, timeout=60
    )
    assert done.returncode != 0
    with pytest.raises(Damaged):
        Store.open(home, d.FULL, CLOCK)
    assert adopting.copied(home, d.FULL, CLOCK, "B2") == 2
    with Store.open(home, d.FULL, CLOCK) as store:
        assert store.config.code == "B2"


# --- what is offered, and what is not


def test_a_sound_file_that_only_ends_earlier_goes_on(home: Home) -> None:
    """The `-wal` is lost: what is in the file is more than any copy has."""
    with Store.open(home, d.FULL, CLOCK) as store:
        for n in range(3):
            d.add(store, "log", text=f"只在日志文件里的{n}")
        store._raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # type: ignore[union-attr]
        before = home.database.read_bytes()
        for n in range(4):
            d.add(store, "log", text=f"没了的{n}")
        head = home.head.read_bytes()
    home.database.write_bytes(before)
    home.head.write_bytes(head)
    found = look(home)
    assert [choice.kind for choice in found.choices] == [KEEP, RESTORE]
    first = found.choices[0]
    assert first.keeps == "第 65 次操作以前的全部记录，都核对过"
    assert first.loses == "最后 4 次操作，文件里已经没有了"
    assert found.choices[1].loses == "备份以后本机记的 8 次操作"
    assert (found.numbers, found.unseen) == ({"log": 64}, 4)
    said = ladder.take(first, home, d.FULL, CLOCK, {"log": 68})
    assert "缺失 4 次操作：" in said
    with Store.open(home, d.FULL, CLOCK) as store:
        assert len(d.ask(store, "SELECT 1 FROM log")) == 64
        d.add(store, "log", text="接着写")
        assert d.ask(store, "SELECT no FROM log ORDER BY no DESC LIMIT 1") == [("2026-0069",)]
    assert verify(home, d.FULL).ok


def test_an_older_file_that_was_put_in_place_comes_after_the_newer_copy(home: Home) -> None:
    older = home.database.read_bytes()
    with Store.open(home, d.FULL, CLOCK) as store:
        for n in range(3):
            d.add(store, "log", text=f"后来{n}")
    snapshots.take(home, d.FULL, CLOCK)
    with Store.open(home, d.FULL, CLOCK) as store:
        d.add(store, "log", text="最后")
    home.database.write_bytes(older)
    found = look(home)
    assert [choice.kind for choice in found.choices] == [RESTORE, KEEP, RESTORE]
    assert found.choices[0].loses == "备份以后本机记的 1 次操作"
    assert found.unseen == 1


def test_a_copy_that_does_not_do_is_not_offered(home: Home) -> None:
    for n in range(1, 6):
        snapshots.take(home, d.FULL, FixedClock(d.EVENING + 3_600_000 * (1 + n)))
    copies = snapshots.snapshots(home.snapshots)
    spoil_copy(copies[0], 40)
    spoil_copy(copies[1], 0)
    home.database.unlink()
    found = look(home)
    assert [choice.file for choice in found.choices] == copies[2:5]
    assert found.said[-1] == "坏了的备份不列出：06-19 04:00、06-19 03:00"
    for copy in copies[2:]:
        spoil_copy(copy, 0)
    assert look(home).choices == ()


def spoil_copy(copy: Path, at: int) -> None:
    with copy.open("r+b") as file:
        file.seek(at * 4_096)
        file.write(b"\xaa" * 4_096)


def test_the_copy_from_before_a_migration_is_a_way_back_too(home: Home) -> None:
    raw = recipe.connect(home.database)
    upgrade.copy(home, raw, tables.VERSION, at=d.EVENING + 7_200_000)
    raw.close()
    for path in home.snapshots.iterdir():
        path.unlink()
    home.database.write_bytes(b"no database at all" * 900)
    found = look(home)
    assert [choice.title for choice in found.choices[:1]] == ["恢复到 06-19 00:00 升级程序前的备份"]
    ladder.take(found.choices[0], home, d.FULL, CLOCK, {"log": 61})
    with Store.open(home, d.FULL, CLOCK) as store:
        assert len(d.ask(store, "SELECT 1 FROM log")) == 61


def test_a_copy_from_before_a_migration_stands_among_the_others_by_when_it_was_made(home: Home) -> None:
    """Three good snapshots, one migration between two of them and one after the last: what was written since has its
    numbers in the newest copy alone."""
    old = snapshots.snapshots(home.snapshots)[0]
    middle = snapshots.take(home, d.FULL, FixedClock(d.EVENING + 3_600_000)).path
    raw = recipe.connect(home.database)
    raw.execute(f"PRAGMA user_version={tables.VERSION - 1}")
    first = upgrade.copy(home, raw, tables.VERSION - 1, at=d.EVENING + 1_800_000)
    raw.execute(f"PRAGMA user_version={tables.VERSION}")
    raw.close()
    newest = snapshots.take(home, d.FULL, FixedClock(d.EVENING + 7_200_000)).path
    with Store.open(home, d.FULL, FixedClock(d.EVENING + 10_000_000)) as store:
        for n in range(5):
            d.add(store, "log", text=f"升级以前{n}")
    raw = recipe.connect(home.database)
    last = upgrade.copy(home, raw, tables.VERSION, at=d.EVENING + 10_800_000)
    raw.close()
    home.database.write_bytes(b"no database at all" * 900)
    found = look(home)
    assert [choice.file for choice in found.choices[:3]] == [last, newest, middle]
    assert found.numbers == {"log": 66}
    for copy in (last, newest):
        copy.unlink()
    assert [choice.file for choice in look(home).choices[:3]] == [middle, first, old]


@pytest.mark.parametrize("given", [None, bytes(32)])
def test_an_encrypted_record_without_its_key_is_not_called_damaged(place: Path, given: bytes | None) -> None:
    with d.make(place / "locked", key=d.KEY) as store:
        d.add(store, "log", text="一")
        snapshots.take(store.home, d.FULL, CLOCK, key=d.KEY)
    found = ladder.look(store.home, d.FULL, given, year=2026)
    assert (found.locked, found.choices, len(found.said)) == (True, (), 1)
    assert "数据是加密的" in found.said[0]
    assert not ladder.look(store.home, d.FULL, d.KEY, year=2026).locked


def test_noise_is_not_called_encryption(home: Home) -> None:
    noise = random.Random(7)
    with home.database.open("r+b") as file:
        file.write(noise.randbytes(4_096))
    assert not look(home).locked
    home.database.write_bytes(noise.randbytes(home.database.stat().st_size))
    assert not look(home).locked, "its copy opens without any key"
    assert look(home).choices[0].kind == RESTORE


class Cut(BaseException):
    """The power goes."""


@pytest.mark.parametrize("at", ["restore.named-epoch", "restore.put-aside"])
def test_after_a_restore_that_was_cut_off_the_record_before_it_is_a_way_too(
    home: Home, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    """Nothing that it had is given up for that, and none of its numbers is given again."""
    (copy,) = home.snapshots.glob("desk-*.sqlite")

    def cut(name: str) -> None:
        if name == at:
            raise Cut

    monkeypatch.setattr(restoring, "step", cut)
    with pytest.raises(Cut):
        restoring.restore(home, d.FULL, CLOCK, copy, {"log": 60})
    monkeypatch.undo()
    found = look(home)
    assert found.said[0].startswith("上一次恢复没有做完")
    assert [choice.title for choice in found.choices] == ["接着用恢复以前的记录", "恢复到 06-18 22:00 的备份"]
    assert found.numbers == {"log": 61}, "not the 60 of the copy"
    ladder.take(found.choices[0], home, d.FULL, CLOCK, found.numbers)
    with Store.open(home, d.FULL, CLOCK) as store:
        assert len(d.ask(store, "SELECT 1 FROM log")) == 61
        d.add(store, "log", text="接着写")
        assert d.ask(store, "SELECT no FROM log ORDER BY no DESC LIMIT 1") == [("2026-0062",)]
    assert verify(home, d.FULL).ok


def test_salvage_records_the_numbers_that_it_skips(home: Home) -> None:
    spoil(home, pages_of_acts(home)[1:2])
    ladder.take(look(home).choices[0], home, d.FULL, CLOCK, {"log": 70})
    with Store.open(home, d.FULL, CLOCK) as store:
        (body,) = d.ask(store, "SELECT body FROM act WHERE kind = 'epoch.open' ORDER BY epoch DESC LIMIT 1")[0]
        assert json.loads(body)["epoch"]["skipped"] == ["log 2026: 62-70"]
