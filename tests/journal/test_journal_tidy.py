"""Housekeeping taken out of the saves: searches stay exact, limits stay, and who was killed holds nobody up."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from dutydesk.core.clock import FixedClock
from dutydesk.core.errors import Unavailable
from dutydesk.core.ids import CLI
from dutydesk.core.paths import Home
from dutydesk.journal import batches, recipe
from dutydesk.journal.query import Query, rows
from dutydesk.journal.store import Store
from dutydesk.journal.tidy import AUTOMERGE, CRISISMERGE, KEPT, MOST_PARTS, WAL_PAGES
from dutydesk.journal.verify import verify
from tests.journal import desks as d


def settings(store: Store) -> tuple[int, int]:
    found = dict(d.ask(store, "SELECT k, v FROM fts_log_config"))
    return found.get("automerge", AUTOMERGE), found.get("crisismerge", CRISISMERGE)


def parts(store: Store) -> int:
    """How many parts the index of the log is in."""
    return d.ask(store, "SELECT count(DISTINCT segid) FROM fts_log_idx")[0][0]


def found(store: Store, text: str) -> int:
    with store.read() as connection:
        return len(rows(connection, store.schema["log"], Query("log", (), text)))


def save(store: Store, count: int) -> None:
    for n in range(count):
        d.add(store, "log", text=f"隧道积水 {n}", happened_at=d.EVENING)


@pytest.mark.parametrize("key", [None, d.KEY], ids=["plain", "encrypted"])
def test_a_worker_merges_what_saves_leave_behind(tmp_path: Path, key: bytes | None) -> None:
    with d.make(tmp_path / "desk", key=key) as store:
        store.tidy.keep()
        store.tidy.keep()
        assert settings(store) == (0, MOST_PARTS)
        assert d.ask(store, "PRAGMA wal_autocheckpoint") == [(WAL_PAGES,)]
        save(store, 60)
        assert parts(store) == 60
        assert store.tidy.work(60_000) is False
        assert parts(store) < 10
        assert found(store, "积水") == 60
        assert found(store, "积水 59") == 1
        log, carried = d.ask(store, "PRAGMA wal_checkpoint(PASSIVE)")[0][1:]
        assert log == carried
    with Store.open(Home(tmp_path / "desk"), d.FULL, FixedClock(d.EVENING), key=key) as store:
        assert settings(store) == (AUTOMERGE, CRISISMERGE)
        assert store.state(KEPT) == ""
    report = verify(Home(tmp_path / "desk"), d.FULL, key)
    assert not report.problems


def test_little_time_leaves_something(tmp_path: Path) -> None:
    with d.make(tmp_path / "desk") as store:
        store.tidy.keep()
        save(store, 120)
        assert store.tidy.work(0) is True
        while store.tidy.work(0):
            assert found(store, "积水") == 120
        assert parts(store) < 10


def test_a_desk_without_a_window_keeps_its_own_ways(tmp_path: Path) -> None:
    with d.make(tmp_path / "desk") as store:
        before = d.ask(store, "SELECT total_changes()")
        assert store.tidy.work() is False
        assert d.ask(store, "SELECT total_changes()") == before
        save(store, 40)
        assert parts(store) <= CRISISMERGE
        assert d.ask(store, "PRAGMA wal_autocheckpoint") == [(1000,)]


def test_parts_stay_limited_when_nobody_merges(tmp_path: Path) -> None:
    with d.make(tmp_path / "desk") as store:
        store.tidy.keep()
        save(store, MOST_PARTS + 10)
        assert parts(store) < MOST_PARTS


def test_an_import_beside_a_window_merges_as_it_goes(tmp_path: Path) -> None:
    home = Home(tmp_path / "desk")
    with d.make(home.root) as window:
        window.tidy.keep()
        with Store.open(home, d.FULL, FixedClock(d.EVENING)) as other:
            assert settings(window) == (0, MOST_PARTS)
            lines = [d.new("log", {"text": f"积水 {n}", "happened_at": d.EVENING}) for n in range(100)]
            batches.write(other, "log.import", lines, by=CLI, size=1)
        assert parts(window) < 60
        assert found(window, "积水") == 100


KILLED = """
import os, sys
from pathlib import Path
from dutydesk.core.clock import FixedClock
from dutydesk.core.paths import Home
from dutydesk.journal.store import Store
from tests.journal import desks as d
store = Store.open(Home(Path(sys.argv[1])), d.FULL, FixedClock(d.EVENING))
store.tidy.keep()
d.add(store, "log", text="隧道积水", happened_at=d.EVENING)
os._exit(9)
"""


def test_another_process_beside_a_window_leaves_the_wal_to_it(tmp_path: Path) -> None:
    """Its syncs are what a save in the window would wait for (docs/decisions/011)."""
    limits: list[int] = []
    with d.make(tmp_path / "a") as window:
        window.tidy.keep()
        with Store.open(window.home, window.schema, window.clock) as other:
            assert other._raw is not None
            limits.append(other._raw.execute("PRAGMA wal_autocheckpoint").fetchone()[0])
    with Store.open(window.home, window.schema, window.clock) as alone:
        assert alone._raw is not None
        limits.append(alone._raw.execute("PRAGMA wal_autocheckpoint").fetchone()[0])
    assert limits == [WAL_PAGES, 1_000]


def test_who_comes_after_a_killed_window_takes_the_work_back(tmp_path: Path) -> None:
    home = Home(tmp_path / "desk")
    d.make(home.root).close()
    assert subprocess.run([sys.executable, "-c", KILLED, str(home.root)], check=False).returncode == 9
    with Store.open(home, d.FULL, FixedClock(d.EVENING)) as store:
        assert settings(store) == (AUTOMERGE, CRISISMERGE)
        assert store.state(KEPT) == ""
        assert found(store, "积水") == 1


def test_a_writer_waits_for_another_and_gives_up_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with d.make(tmp_path / "desk") as store:
        other = recipe.connect(store.home.database)
        other.execute("BEGIN IMMEDIATE")
        short = tuple(
            ("busy_timeout", 30, 30) if name == "busy_timeout" else (name, v, e) for name, v, e in recipe.SETTINGS
        )
        with monkeypatch.context() as patched:
            patched.setattr(recipe, "SETTINGS", short)
            with pytest.raises(Unavailable, match="另一个程序正在写入"):
                save(store, 1)
        other.execute("ROLLBACK")
        other.close()
        save(store, 1)
        assert d.ask(store, "PRAGMA busy_timeout") == [(5000,)]
        assert found(store, "积水") == 1
