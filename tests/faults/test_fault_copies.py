"""F4, copies and restores killed at their named steps; F5 and F6, a full disk and its ballast; F27, a copy while people
save; F28, the restore drill."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Self

import pytest

from dutydesk.core.clock import FixedClock
from dutydesk.core.errors import Damaged, Refused, Unavailable
from dutydesk.core.paths import Home
from dutydesk.core.settings import load, save
from dutydesk.journal import ballast, headfile, peers
from dutydesk.journal.making import DiskFull
from dutydesk.journal.store import Batch, Store
from dutydesk.journal.verify import verify, verify_file
from dutydesk.sync import rehearsal, restoring, second, sidecar, snapshots
from tests import tally
from tests.journal import desks as d

FULL = os.environ.get("DUTYDESK_FAULTS") == "full"
HOUR = 3_600_000
CLOCK = FixedClock(d.EVENING + HOUR)


@pytest.fixture
def place() -> Iterator[Path]:
    with d.quick_folder() as folder:
        yield folder


@pytest.fixture
def home(place: Path) -> Home:
    with d.make(place / "desk") as store:
        for n in range(3):
            d.add(store, "log", text=f"第{n}条")
    return store.home


# --- F4


WORK = """
import sys
from pathlib import Path
from dutydesk.core.clock import FixedClock
from dutydesk.core.paths import Home
from dutydesk.sync import restoring, snapshots
from tests.journal import desks as d
home, clock = Home(Path(sys.argv[1])), FixedClock(d.EVENING + 3_600_000)
if sys.argv[2] == "take":
    made = snapshots.take(home, d.FULL, clock)
    assert not made.second_error, made.second_error
else:
    restoring.restore(home, d.FULL, clock, home.snapshots / sys.argv[2], {"log": 5})
"""
COPY_STEPS = ("copy.begin", "copy.written", "copy.verified", "copy.before-name", "copy.named")
SECOND_STEPS = ("second.written", "second.before-name")
RESTORE_STEPS = ("restore.begin", "restore.prepared", "restore.named-epoch", "restore.put-aside")


def killed(home: Home, step: str, what: str) -> None:
    environment = {**os.environ, "DD_CRASH_AT": step}
    done = subprocess.run([sys.executable, "-c", WORK, str(home.root), what], env=environment, timeout=60)
    assert done.returncode not in (0, 1), "it was not killed there"


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
@pytest.mark.parametrize("step", [*COPY_STEPS, *SECOND_STEPS])
def test_a_copy_that_is_killed_leaves_the_former_ones_and_the_next_completes(
    home: Home, place: Path, step: str
) -> None:
    first = snapshots.take(home, d.FULL, FixedClock(d.EVENING)).path
    stick = place / "stick"
    public = second.new_key(place / "key")
    save(home.config, replace(load(home.config), second_snapshots=str(stick), second_recipients=public))
    killed(home, step, "take")
    assert verify_file(first, d.FULL).ok
    for copy in snapshots.snapshots(home.snapshots):
        made = sidecar.read(copy)
        assert made is not None
        assert made.sha256 == sidecar.sum_of(copy)
    for name in [path.name for path in stick.iterdir()] if stick.exists() else []:
        assert name.startswith(".") or not name.endswith(".age"), "nothing half has a name"
    made = snapshots.take(home, d.FULL, FixedClock(d.EVENING + 2 * HOUR))
    assert made.second_error == ""
    assert (stick / f"{made.path.name}.age").exists()
    assert not [path for folder in (home.snapshots, stick) for path in folder.glob(".*[!k]")]
    assert verify(home, d.FULL).ok


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
@pytest.mark.parametrize("step", RESTORE_STEPS)
def test_a_restore_that_is_killed_is_done_again(home: Home, step: str) -> None:
    copy = snapshots.take(home, d.FULL, FixedClock(d.EVENING)).path
    with Store.open(home, d.FULL, CLOCK) as store:
        d.add(store, "log", text="在备份之后")
    killed(home, step, copy.name)
    try:
        with Store.open(home, d.FULL, CLOCK) as store:
            assert len(d.ask(store, "SELECT 1 FROM log")) == 4
        begun = False
    except Damaged:
        begun = True
    assert begun == (step in RESTORE_STEPS[2:])
    restoring.restore(home, d.FULL, CLOCK, copy, {"log": 5})
    with Store.open(home, d.FULL, CLOCK) as store:
        d.add(store, "log", text="接着写")
        assert d.ask(store, "SELECT no FROM log ORDER BY no DESC LIMIT 1") == [("2026-0006",)]
    assert verify(home, d.FULL).ok
    assert not list(home.root.glob(".restore-*"))


# --- F5, F6


def test_ballast_is_real_and_comes_back_only_where_there_is_room(place: Path) -> None:
    assert ballast.keep(place, 2, floor=0)
    path = place / ballast.NAME
    assert ballast.held(place) == 2 * 2**20
    assert path.stat().st_blocks * 512 >= 2 * 2**20, "written, not only long"
    assert ballast.give_up(place)
    assert not ballast.give_up(place)
    assert not ballast.keep(place, 2, floor=ballast.free(place))
    assert not path.exists()
    assert ballast.keep(place, 1, floor=0)
    assert ballast.keep(place, 0, floor=0)
    assert not path.exists()


def test_only_what_a_person_saves_uses_the_ballast(home: Home) -> None:
    """`max_page_count` says what a full disk says; it stays full, so that giving up is seen to happen once."""
    ballast.keep(home.root, 1, floor=0)
    with Store.open(home, d.FULL, CLOCK) as store:
        assert store._raw is not None
        pages = store._raw.execute("PRAGMA page_count").fetchone()[0]
        store._raw.execute(f"PRAGMA max_page_count={pages}")
        big = [d.new("log", {"text": "接报积水" * 400}) for _n in range(20)]
        with pytest.raises(DiskFull):
            store.act("import", big, by="cli", batch=Batch(b"i" * 16, 1, 2))
        assert ballast.held(home.root)
        with pytest.raises(DiskFull):
            store.act("test", big, by="cli")
        assert not ballast.held(home.root)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="a small tmpfs is mounted by root")
def test_on_a_full_disk_the_entry_is_saved_by_the_ballast(place: Path) -> None:
    """A real full file system of 24 MB. What is typed is saved, then refused with a sentence, then saved again."""
    disk = place / "small"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(disk)], capture_output=True).returncode:
        pytest.skip("this system lets nobody mount a tmpfs")
    try:
        store = d.make(disk / "desk")
        home = store.home
        assert ballast.keep(home.root, 4, floor=0)
        d.add(store, "log", text="之前" + "水" * 20_000)
        with (disk / "filler").open("wb") as filler:
            filler.write(bytes(ballast.free(disk) // 4_096 * 4_096))
        assert ballast.free(disk) < 4_096
        saved = 0
        while ballast.held(home.root):
            d.add(store, "log", text=f"满了也存得进{saved}" + "水" * 1_000)
            saved += 1
            assert saved < 2_000
        d.add(store, "log", text="用掉备用空间以后")
        assert d.ask(store, "SELECT count(*) FROM log") == [(saved + 2,)]
        with pytest.raises(Unavailable, match="磁盘"):
            snapshots.take(home, d.FULL, CLOCK)
        assert not ballast.keep(home.root, 4, floor=0) or ballast.held(home.root)
        store.close()
        (disk / "filler").unlink()
        with Store.open(home, d.FULL, CLOCK) as store:
            assert d.ask(store, "SELECT count(*) FROM log") == [(saved + 2,)]
            d.add(store, "log", text="又有空间")
        assert ballast.keep(home.root, 4, floor=0)
        assert ballast.held(home.root) == 4 * 2**20
        assert verify(home, d.FULL).ok
    finally:
        subprocess.run(["umount", "-l", str(disk)], capture_output=True)


def test_a_copy_never_takes_the_room_that_entries_need(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    first = snapshots.take(home, d.FULL, FixedClock(d.EVENING)).path
    monkeypatch.setattr(ballast, "free", lambda _folder: home.database.stat().st_size + 1_000)
    with pytest.raises(Unavailable, match="没有做备份"):
        snapshots.take(home, d.FULL, CLOCK)
    assert snapshots.snapshots(home.snapshots) == [first]


def test_old_copies_go_first_where_room_is_short(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    made = [snapshots.take(home, d.FULL, FixedClock(d.EVENING + n * HOUR)).path for n in range(5)]
    size = made[0].stat().st_size
    monkeypatch.setattr(ballast, "free", lambda _folder: ballast.LITTLE_ROOM - 2 * size)
    last = snapshots.take(home, d.FULL, FixedClock(d.EVENING + 5 * HOUR)).path
    assert snapshots.snapshots(home.snapshots) == [last, *made[:1:-1]]


# --- F27


def test_a_copy_while_people_save(place: Path) -> None:
    """Saves go on during copies; every copy is whole and holds all that was acknowledged before it began."""
    store = d.make(place / "desk")
    for _n in range(20 if FULL else 2):
        store.act("fill", [d.new("log", {"text": "接报积水" * 100}) for _m in range(100)], by="cli")
    saving = Saving(store)
    until = time.monotonic() + (30 if FULL else 3)
    copies = 0
    with saving:
        while time.monotonic() < until or copies < 2:
            before = len(saving.waits)
            made = snapshots.take(store.home, d.FULL, FixedClock(d.EVENING + copies * HOUR))
            copies += 1
            assert made.acts >= before
            assert verify_file(made.path, d.FULL, deep=FULL).ok
    store.close()
    assert len(saving.waits) > 10
    assert verify(store.home, d.FULL).ok
    saving.tell("F27", copies=copies)
    if FULL:
        assert saving.p99 <= 0.15


@pytest.mark.faults
def test_a_copy_of_two_gigabytes(tmp_path: Path) -> None:
    """On a real disk, while people save: it finishes, is verified, and nobody waits for it."""
    store = d.make(tmp_path / "desk")
    n = 0
    while store.home.database.stat().st_size < 2 * 2**30:
        for _part in range(50):
            n += 1
            store.act("fill", [d.option(f"k{n}", note=f"{n} " + "水" * 80_000)], by="cli")
        store.act("fill", [d.new("log", {"text": f"{n} 接报积水"}) for _m in range(400)], by="cli")
    begun = time.perf_counter()
    with Saving(store) as saving:
        made = snapshots.take(store.home, d.FULL, FixedClock(d.EVENING))
        seconds = time.perf_counter() - begun
    store.close()
    assert made.path.stat().st_size > 2 * 2**30
    assert verify_file(made.path, d.FULL).ok
    saving.tell("F27 2 GB", size=made.path.stat().st_size, acts=made.acts, seconds=seconds)
    assert saving.p99 <= 0.15


class Saving:
    """Saves a hundred entries a second in a thread of its own, and times them."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.waits: list[float] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._save_on)

    def _save_on(self) -> None:
        while not self._stop.is_set():
            begun = time.perf_counter()
            d.add(self.store, "log", text="在备份时记的")
            self.waits.append(time.perf_counter() - begun)
            self._stop.wait(max(0.0, 0.01 - self.waits[-1]))

    @property
    def p99(self) -> float:
        return sorted(self.waits)[len(self.waits) * 99 // 100]

    def tell(self, what: str, **figures: float) -> None:
        longest = max(self.waits)
        tally.tell(what, saves=len(self.waits), p99_ms=self.p99 * 1_000, longest_ms=longest * 1_000, **figures)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stop.set()
        self._thread.join(30)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="a small tmpfs is mounted by root")
@pytest.mark.parametrize("options", ["ro", "size=64k"])
def test_a_copy_into_a_place_that_takes_nothing_is_said_and_costs_nothing(home: Home, options: str) -> None:
    """Read-only or full under the copy's own folder: a sentence, nothing half, and the desk goes on."""
    home.snapshots.mkdir(exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(home.snapshots)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("this system lets nobody mount a tmpfs")
    try:
        with Store.open(home, d.FULL, CLOCK) as store:
            with pytest.raises(Unavailable):
                snapshots.take(home, d.FULL, CLOCK)
            d.add(store, "log", text="接着记")
        assert [path.name for path in home.snapshots.iterdir() if path.name != ".lock"] == []
    finally:
        subprocess.run(["umount", "-l", str(home.snapshots)], capture_output=True)
    assert snapshots.take(home, d.FULL, CLOCK).acts == 5
    assert verify(home, d.FULL).ok


# --- F28


def test_the_drill_goes_the_whole_way_back_and_leaves_nothing(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    snapshots.take(home, d.FULL, FixedClock(d.EVENING))
    before = {path.name: path.read_bytes() for path in home.root.rglob("*") if path.is_file()}
    made = rehearsal.rehearse(home, d.FULL, CLOCK)
    assert (made.acts, made.against, made.file) == (4, rehearsal.SAME, "desk-20260618-220000.sqlite")
    after = {path.name: path.read_bytes() for path in home.root.rglob("*") if path.is_file()}
    assert {name: data for name, data in after.items() if not name.endswith(("-shm", "-wal"))} == before
    with Store.open(home, d.FULL, CLOCK) as store:
        d.add(store, "log", text="之后")
    monkeypatch.setattr(headfile, "machine_hash", lambda: b"another machine!")
    assert rehearsal.rehearse(home, d.FULL, CLOCK).against == rehearsal.EARLIER


def test_a_copy_that_would_not_do_loses_its_standing(home: Home) -> None:
    old = snapshots.take(home, d.FULL, FixedClock(d.EVENING)).path
    bad = snapshots.take(home, d.FULL, CLOCK).path
    with bad.open("r+b") as file:
        file.seek(8_192)
        file.write(b"\xff" * 4_096)
    with Store.open(home, d.FULL, FixedClock(d.EVENING + 2 * HOUR)) as store:
        with pytest.raises(Damaged):
            rehearsal.run(store)
        (run,) = peers.runs(store, rehearsal.JOB)
        assert (run.state, bool(run.body["error"])) == ("FAILED", True)
        assert [one.name for one in snapshots.held(home.snapshots) if one.verified] == [old.name]
        assert rehearsal.run(store).file == old.name
        assert not rehearsal.due(store)
        store.clock.advance(7 * 24 * HOUR)  # pyright: ignore[reportAttributeAccessIssue]
        assert rehearsal.due(store)


def test_a_copy_of_another_record_is_told(home: Home, place: Path) -> None:
    """The same desk, but its record was put back behind the program's back: the copy has what it has not."""
    shutil.copytree(home.root, place / "early")
    with Store.open(home, d.FULL, CLOCK) as store:
        d.add(store, "log", text="之后")
    snapshots.take(home, d.FULL, CLOCK)
    shutil.copytree(home.snapshots, place / "early" / "snapshots", dirs_exist_ok=True)
    with pytest.raises(Damaged, match="没有的内容"):
        rehearsal.rehearse(Home(place / "early"), d.FULL, CLOCK)


def test_no_drill_without_a_copy(home: Home) -> None:
    with pytest.raises(Refused, match="还没有备份"):
        rehearsal.rehearse(home, d.FULL, CLOCK)
    with Store.open(home, d.FULL, CLOCK) as store:
        assert not rehearsal.due(store)
