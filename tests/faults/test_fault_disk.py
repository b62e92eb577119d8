"""F5, a full disk; F7, a disk that fails; F29, the wrong place, a folder that takes nothing, a desk that is in use."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dutydesk.core.clock import FixedClock
from dutydesk.core.errors import Refused, Unavailable
from dutydesk.journal import recipe
from dutydesk.journal.store import Store
from dutydesk.journal.verify import verify
from dutydesk.sync import restoring, snapshots
from tests.journal import desks as d

FULL = os.environ.get("DUTYDESK_FAULTS") == "full"


@pytest.fixture
def place() -> Iterator[Path]:
    with d.quick_folder() as folder:
        yield folder


def run(script: str, *arguments: str) -> str:
    done = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, done.stderr[-3_000:]
    return done.stdout


def fill(store: Store, said: str) -> int:
    """Save until it is refused with `said`; how many were saved."""
    for saved in range(4_000):
        try:
            d.add(store, "log", text="接报积水" * 400)
        except Unavailable as error:
            if said not in str(error):
                raise
            return saved
    pytest.fail("the disk did not fill")


# --- F5


@pytest.mark.parametrize("key", [None, d.KEY], ids=["plain", "encrypted"])
def test_a_full_database_says_so_and_goes_on_when_there_is_room(place: Path, key: bytes | None) -> None:
    """`max_page_count`: SQLite answers as on a full disk (SQLITE_FULL)."""
    with d.make(place / "desk", key=key) as store:
        assert store._raw is not None
        d.add(store, "log", text="之前")
        told: list[object] = []
        store.listeners.append(told.append)
        pages = store._raw.execute("PRAGMA page_count").fetchone()[0]
        store._raw.execute(f"PRAGMA max_page_count={pages}")
        saved = fill(store, "磁盘已满，没有保存")
        before = d.digest_of(store)
        for _n in range(3):  # still full: still a sentence, still nothing half
            with pytest.raises(Unavailable, match="磁盘已满"):
                store.act("test", [d.new("log", {"text": "接报积水" * 400}) for _m in range(20)], by="cli")
        assert d.digest_of(store) == before
        assert len(told) == saved, "what was not saved is not announced"
        store._raw.execute("PRAGMA max_page_count=1000000")
        d.add(store, "log", text="又有空间")
        assert len(d.ask(store, "SELECT 1 FROM log")) == saved + 2
        numbers = [no for (no,) in d.ask(store, "SELECT no FROM log ORDER BY no")]
        assert numbers == [f"2026-{n:04d}" for n in range(1, saved + 3)], "no number is lost with a refusal"
    assert verify(store.home, d.FULL, key).ok


LIMITED = """
import json, resource, sys
from pathlib import Path
from dutydesk.core.errors import Unavailable
from dutydesk.core.paths import Home
from dutydesk.exchange import exporting
from dutydesk.journal import attachments
from dutydesk.journal.store import Store
from dutydesk.journal.verify import verify
from dutydesk.sync import snapshots
from tests.journal import desks as d

root = Path(sys.argv[1])
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
told = {}

def limit(size):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))

def refused(name, work):
    try:
        work()
    except Unavailable as error:
        told[name] = str(error)
    finally:
        limit(hard)

clock = d.FixedClock(d.EVENING)
store = d.make(root)
for n in range(10):
    d.add(store, "log", text="接报积水" * 100)
home = store.home
first = snapshots.take(home, d.FULL, clock)
report = root / "out.csv"
exporting.save(report, b"old" * 1000)

# a commit
wal = Path(f"{home.database}-wal").stat().st_size
saved = 0
def fill():
    global saved
    limit(wal + 30_000)
    for n in range(100):
        d.add(store, "log", text="接报积水" * 400)
        saved += 1
refused("commit", fill)
refused("commit again", lambda: d.add(store, "log", text="还没有重新打开"))
store.close()
store = Store.open(home, d.FULL, clock)
told["notes"] = store.notes
d.add(store, "log", text="又有空间")
told["rows"] = len(d.ask(store, "SELECT 1 FROM log")) - 10 - saved

# a copy, an export, an attachment
def tight(work):
    def go():
        limit(100_000)
        work()
    return go
noise = bytes(range(256)) * 1000
for name, work in [
    ("copy", lambda: snapshots.take(home, d.FULL, d.FixedClock(d.EVENING + 3600_000))),
    ("export", lambda: exporting.save(report, noise)),
    ("attachment", lambda: attachments.keep(home, noise)),
]:
    refused(name, tight(work))
told["copies"] = [p.name for p in home.snapshots.iterdir() if not p.name.endswith("lock")] == [
    p for p in [p.name for p in home.snapshots.iterdir()] if p.startswith(first.path.stem)]
told["export kept"] = report.read_bytes() == b"old" * 1000
told["left"] = sorted(str(p.relative_to(root)) for p in root.rglob("*.new*"))
d.add(store, "log", text="后来")
snapshots.take(home, d.FULL, d.FixedClock(d.EVENING + 7200_000))
exporting.save(report, noise)
attachments.keep(home, noise)
told["later"] = report.read_bytes() == noise and len(snapshots.snapshots(home.snapshots)) == 2
store.close()
told["sound"] = verify(home, d.FULL).ok
print(json.dumps(told))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="RLIMIT_FSIZE is POSIX")
def test_no_file_can_grow(place: Path) -> None:
    """RLIMIT_FSIZE: the system refuses the write itself, at a commit, a copy, an export and an attachment."""
    told = json.loads(run(LIMITED, str(place / "desk")))
    assert told["commit"].startswith("没有保存")
    assert told["commit again"] == told["commit"], "closed to writing until it is opened anew"
    assert told["rows"] in (1, 2), "what was acknowledged, the one after, and at most the one that was refused, whole"
    assert told["notes"] == []
    assert "备份没有写成" in told["copy"]
    assert "没有写成" in told["export"]
    assert "附件没有存下" in told["attachment"]
    assert told["copies"]
    assert told["export kept"]
    assert told["left"] == []
    assert told["later"]
    assert told["sound"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="a small tmpfs is mounted by root")
def test_a_disk_of_eight_megabytes(place: Path) -> None:
    """A real full file system: commits until nothing goes, then room again."""
    disk = place / "small"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(disk)], capture_output=True).returncode:
        pytest.skip("this system lets nobody mount a tmpfs")
    try:
        ballast = disk / "ballast"
        ballast.write_bytes(bytes(4 << 20))
        store = d.make(disk / "desk")
        saved = fill(store, "没有保存")
        with pytest.raises(Unavailable):
            snapshots.take(store.home, d.FULL, FixedClock(d.EVENING))
        store.close()
        ballast.unlink()
        with Store.open(store.home, d.FULL, FixedClock(d.EVENING)) as store:
            assert len(d.ask(store, "SELECT 1 FROM log")) in (saved, saved + 1)
            d.add(store, "log", text="又有空间")
        assert verify(store.home, d.FULL).ok
    finally:
        subprocess.run(["umount", "-l", str(disk)], capture_output=True)


# --- F7


def test_a_disk_that_answers_eio(place: Path) -> None:
    """Every place of a failing write, sync and read in a stretch of work, in a process that loads apsw alone."""
    places = 150 if FULL else 40
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.broken", "--places", str(places)],
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2_000:]
    answer = json.loads(done.stdout)
    assert answer["found"] == []
    assert answer["ended"]["write refused"] >= 30
    assert answer["ended"]["sync refused"] >= 10
    assert answer["ended"]["read refused"] >= 10


def test_control_a_store_that_tries_again_after_a_failed_sync_is_found() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.broken", "--places", "3", "--try-again"],
        capture_output=True, text=True, timeout=110,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2_000:]
    assert any("it saved after a failed disk" in line for line in json.loads(done.stdout)["found"])


# --- F29: mount tables, UNC paths and synced folders are in tests/journal/test_journal_files.py


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "smb3", "fuse.sshfs", "9p"])
def test_a_desk_on_a_share_is_neither_made_nor_opened(place: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with d.make(place / "desk") as store:
        home = store.home
    monkeypatch.setattr(recipe, "mounts", lambda: [("/", "ext4"), (str(place), kind)])
    with pytest.raises(Unavailable, match=kind):
        Store.open(home, d.FULL, FixedClock(d.EVENING))
    with pytest.raises(Unavailable, match=kind):
        d.make(place / "new")
    assert not (place / "new").exists()


READ_ONLY = """
import os, sys
from pathlib import Path
from dutydesk.core.errors import DutyDeskError
from dutydesk.core.paths import Home
from dutydesk.journal import recipe
from dutydesk.journal.store import Store
from dutydesk.journal.verify import verify
from dutydesk.sync import snapshots
from tests.journal import desks as d
home = Home(Path(sys.argv[1]))
warm = Home(Path(sys.argv[2]))  # what is imported late is imported while this process may still read everything
d.make(warm.root).close()
snapshots.take(warm, d.FULL, d.FixedClock(d.EVENING))
if os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
for work in (
    lambda: Store.open(home, d.FULL, d.FixedClock(d.EVENING)).close(),
    lambda: snapshots.take(home, d.FULL, d.FixedClock(d.EVENING)),
    lambda: Store.create(Home(home.root / "new"), d.FULL, d.FixedClock(d.EVENING), d.config()).close(),
):
    try:
        work()
        print("done")
    except DutyDeskError as error:
        print(type(error).__name__, str(error).replace(chr(10), " "))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="folders of Windows have no mode bits")
def test_a_folder_that_takes_nothing_is_refused_with_a_sentence(place: Path) -> None:
    with d.make(place / "desk") as store:
        d.add(store, "log", text="一")
    home = store.home
    place.chmod(0o755)
    for path in (home.root, *home.root.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        lines = run(READ_ONLY, str(home.root), str(place / "warm")).splitlines()
    finally:
        for path in (home.root, *home.root.rglob("*")):
            path.chmod(0o755)
    assert len(lines) == 3
    for line in lines:
        assert line.startswith("Unavailable "), line
        assert "只读" in line or "写" in line or "Permission" in line


HOLDER = """
import sys
from pathlib import Path
from dutydesk.core.paths import Home
from dutydesk.journal.locks import DeskLock
with DeskLock(Home(Path(sys.argv[1])).lock, exclusive=sys.argv[2] == "alone"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("how", ["alone", "shared"])
def test_a_desk_that_another_process_holds(place: Path, how: str) -> None:
    with d.make(place / "desk") as store:
        home = store.home
    copy = snapshots.take(home, d.FULL, FixedClock(d.EVENING)).path
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(home.root), how], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        try:
            if how == "alone":
                with pytest.raises(Unavailable, match="另一个程序"):
                    Store.open(home, d.FULL, FixedClock(d.EVENING))
            else:
                with Store.open(home, d.FULL, FixedClock(d.EVENING)) as store:
                    d.add(store, "log", text="两个程序")
                    with pytest.raises((Unavailable, Refused)):
                        store.rebuild()
            with pytest.raises(Unavailable, match="另一个程序"):
                restoring.restore(home, d.FULL, FixedClock(d.EVENING), copy, {})
        finally:
            holder.stdin.close()
            holder.wait(20)
    with Store.open(home, d.FULL, FixedClock(d.EVENING)) as store:
        d.add(store, "log", text="之后")
