"""F8: what was not synced is lost under the running program. The writer of F3 and the real window work on LazyFS and
are killed, and `lazyfs::clear-cache` follows; or the file system itself dies amid the work, at any moment and at each
kind of operation. The oracle is that of F3, and an answer given after the power has gone would count as false.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress

import pytest

from dutydesk.core.clock import FixedClock
from dutydesk.core.paths import Home
from dutydesk.features import schema
from dutydesk.journal import ballast, recipe
from dutydesk.journal.store import Store
from dutydesk.journal.verify import verify
from tests import tally
from tests.faults import killed, lazydisk
from tests.journal import desks as d

FULL = os.environ.get("DUTYDESK_FAULTS") == "full"
KILLS = 150 if FULL else 4
CUTS = 150 if FULL else 4
WINDOWS = 15 if FULL else 1

if lazydisk.why_not():
    pytest.skip(lazydisk.why_not(), allow_module_level=True)

OPERATIONS = [
    f"timing={timing}::op={op}::from_rgx={name}"
    for op, name in (
        ("fsync", "desk.sqlite-wal"),
        ("write", "desk.sqlite-wal"),
        ("fsync", "desk.sqlite$"),
        ("write", "desk.sqlite$"),
        ("fsync", "desk.head"),
        ("write", "desk.head"),
        ("fsync", "snapshots"),
        ("write", "snapshots"),
    )
    for timing in ("before", "after")
] + [f"timing={timing}::op=rename::from_rgx=snapshots::to_rgx=sqlite" for timing in ("before", "after")]
"""Where LazyFS kills itself: before and after what it does to each file."""


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[lazydisk.LazyDisk]:
    monkeypatch.setattr(ballast, "free", lambda _folder: 2**36)  # LazyFS does not tell how much room there is
    with d.quick_folder() as place, lazydisk.LazyDisk(place) as made:
        yield made


def begin(disk: lazydisk.LazyDisk) -> None:
    """A fresh desk on the disk, whose making was acknowledged before the power can go."""
    disk.unmount()
    shutil.rmtree(disk.kept)
    disk.kept.mkdir()
    disk.mount()
    with d.make(disk.folder / "desk") as store:
        d.add(store, "people", name="钱")
        d.add(store, "places", name="场所")


def test_a_writer_that_is_killed_and_whose_unsynced_data_are_lost_has_lost_nothing(disk: lazydisk.LazyDisk) -> None:
    rng = random.Random(8)
    acknowledged = 0
    told: list[list[str]] = []
    for turn in range(KILLS):
        if turn % killed.KILLS_PER_DESK == 0:
            begin(disk)
            told = []
        fresh = killed.kill_one(disk.folder / "desk", turn, rng.random() * killed.LONGEST)
        told += fresh
        acknowledged += len(fresh)
        disk.forget()
        assert killed.wrong(disk.folder / "desk", told, turn) == "", turn
        disk.unmount()
        assert verify(Home(disk.kept / "desk"), d.FULL).ok, turn
        disk.mount()
    assert acknowledged > 10
    tally.tell("F8 killed and forgotten", kills=KILLS, acknowledged=acknowledged)


def write_until_the_power_goes(
    disk: lazydisk.LazyDisk, turn: int, *, after: float | None, at: str = ""
) -> list[list[str]]:
    """Fork a writer on the disk, and take the power away so many seconds after it has opened the desk, or at an
    operation; what it was told."""
    source, out = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(source)
        try:
            killed.write(disk.folder / "desk", turn, out)
        finally:
            os._exit(9)  # its disk has gone
    os.close(out)
    heard = os.read(source, 65_536)
    assert heard.startswith(b"open\n")
    if at:
        disk.tell(f"lazyfs::crash::{at}")
        assert disk.wait_until_dead(30), "nothing of the kind was done"
    else:
        assert after is not None
        disk.wait_until_dead(after)
    disk.cut()
    with suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    while part := os.read(source, 65_536):
        heard += part
    os.close(source)
    return [line.split() for line in heard.decode().split("\n")[:-1]]


def check_what_the_disk_kept(disk: lazydisk.LazyDisk, told: list[list[str]], turn: int) -> None:
    assert killed.wrong(disk.kept / "desk", told, turn) == "", turn
    assert verify(Home(disk.kept / "desk"), d.FULL).ok, turn


def test_the_power_goes_amid_the_work(disk: lazydisk.LazyDisk) -> None:
    rng = random.Random(88)
    told: list[list[str]] = []
    acknowledged = 0
    for turn in range(CUTS):
        if turn % killed.KILLS_PER_DESK == 0:
            begin(disk)
            told = []
        else:
            disk.mount()
        fresh = write_until_the_power_goes(disk, turn, after=rng.random() * killed.LONGEST)
        told += fresh
        acknowledged += len(fresh)
        check_what_the_disk_kept(disk, told, turn)
    assert acknowledged > 5
    tally.tell("F8 cut", cuts=CUTS, acknowledged=acknowledged)


@pytest.mark.parametrize("at", OPERATIONS if FULL else OPERATIONS[:1])
def test_the_power_goes_at_an_operation(disk: lazydisk.LazyDisk, at: str) -> None:
    begin(disk)
    told: list[list[str]] = []
    for turn in range(3 if FULL else 1):
        if turn:
            disk.mount()
        told += write_until_the_power_goes(disk, turn, after=None, at=at)
        check_what_the_disk_kept(disk, told, turn)
    tally.tell("F8 at an operation", at=at, acknowledged=len(told))


def test_control_without_a_sync_at_each_commit_acts_are_lost(disk: lazydisk.LazyDisk) -> None:
    """That the disk forgets at all: with `synchronous=OFF` what was acknowledged does not come back."""
    begin(disk)
    source, out = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            store = Store.open(Home(disk.folder / "desk"), d.FULL, FixedClock(d.EVENING))
            assert store._raw is not None
            store._raw.execute("PRAGMA synchronous=OFF")
            for n in range(20):
                os.write(out, d.write(store, "people", d.add(store, "people", name="孙"), note=f"{n}"))
        finally:
            os._exit(9)
    os.waitpid(child, 0)
    os.close(out)
    told = os.read(source, 65_536)
    os.close(source)
    disk.cut()
    raw = recipe.connect(Home(disk.kept / "desk").database)
    held = {row[0] for row in raw.execute("SELECT act_id FROM act").fetchall()}
    raw.close()
    assert len(told) == 20 * 16
    assert {told[at : at + 16] for at in range(0, len(told), 16)} - held


@pytest.mark.gui
def test_the_window_is_killed_and_what_was_not_synced_is_lost(disk: lazydisk.LazyDisk) -> None:
    """The real program, offscreen, while someone types."""
    rng = random.Random(9)
    disk.mount()
    Store.create(Home(disk.folder / "desk"), schema(), FixedClock(d.EVENING), d.config()).close()
    acknowledged: list[tuple[int, str]] = []
    for _kill in range(WINDOWS):
        with subprocess.Popen(
            [sys.executable, "-m", "tests.faults.typing_window", str(disk.folder / "desk")],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        ) as window:  # fmt: skip
            assert window.stdout is not None
            lines = [window.stdout.readline() for _saved in range(rng.randint(2, 6))]
            assert all(lines), window.stderr.read()[-3_000:] if window.stderr else ""
            with suppress(subprocess.TimeoutExpired):
                window.wait(rng.random() * 0.3)
            window.kill()
            lines += window.stdout.read().split("\n")[:-1]
        disk.forget()
        disk.unmount()
        acknowledged += [(int(seq), digest) for seq, digest in (line.split() for line in lines)]
        home = Home(disk.kept / "desk")
        with Store.open(home, schema(), FixedClock(d.EVENING)) as store:
            assert store.notes == []
            held = {(seq, digest.hex()) for seq, digest in d.ask(store, "SELECT seq, hash FROM act")}
        assert set(acknowledged) <= held
        assert verify(home, schema()).ok
        disk.mount()
    assert len(acknowledged) > 1
    tally.tell("F8 window", kills=WINDOWS, acknowledged=len(acknowledged))
