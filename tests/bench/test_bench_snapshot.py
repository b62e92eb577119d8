"""B14: a verified copy of 1 GB against copying the file and syncing it, and how long a save waits meanwhile."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from bigdesk import big_home, entry
from harness import against, report, timed

from dutydesk.core.clock import HOUR, FixedClock, parse_iso
from dutydesk.core.paths import Home
from dutydesk.features import FEATURES, schema
from dutydesk.journal import peers
from dutydesk.journal.desk import Desk, Me
from dutydesk.journal.store import Store
from dutydesk.ledger.feature import Change
from dutydesk.sync import snapshots
from dutydesk.sync.rotation import Rotation

pytestmark = pytest.mark.bench
NOW = parse_iso("2026-11-22 20:00")
ROUNDS = 3
"""Each writes 4 GB."""
ONE = Rotation(1, 0, 0, 0)
TAKE = """
import sys
from pathlib import Path
from dutydesk.core.clock import FixedClock
from dutydesk.core.paths import Home
from dutydesk.features import schema
from dutydesk.sync import snapshots
from dutydesk.sync.rotation import Rotation
snapshots.give_way()
made = snapshots.take(Home(Path(sys.argv[1])), schema(), FixedClock(int(sys.argv[2])), rule=Rotation(1, 0, 0, 0))
assert not made.full
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A copy of the big desk, with a key to sign by."""
    kept = big_home()
    copy = Home(tmp_path_factory.mktemp("bench14") / "desk")
    copy.root.mkdir()
    for path in (kept.database, kept.head, kept.config):
        shutil.copy(path, copy.root)
    with Store.open(copy, schema(), FixedClock(NOW)) as store:
        peers.own_secret(store)
    yield copy
    shutil.rmtree(copy.root, ignore_errors=True)


def test_b14_a_verified_copy(home: Home) -> None:
    clock = FixedClock(NOW)
    whole: list[snapshots.Snapshot] = []
    full = timed(lambda: whole.append(snapshots.take(home, schema(), clock, rule=ONE)))
    assert whole[0].full
    made: list[snapshots.Snapshot] = []
    other = home.root / "plain"

    def ours() -> None:
        clock.advance(HOUR)
        made.append(snapshots.take(home, schema(), clock, rule=ONE))

    def floor() -> None:
        other.unlink(missing_ok=True)
        shutil.copyfile(home.database, other)
        handle = os.open(other, os.O_RDWR)
        os.fsync(handle)
        os.close(handle)

    mine, bare = against(ours, floor, ROUNDS)
    other.unlink()
    assert [one.full for one in made] == [False] * ROUNDS
    assert {one.acts for one in made} == {whole[0].acts}
    size = home.database.stat().st_size >> 20
    note = f"{size} MB; with the whole chain and every index, as once a week: {full / 1_000:.0f} s"
    report("B14", "verified copy of 1 GB, from the last signed one", mine, bare, "≤ 8× copy + fsync", 8, note=note)


def test_b14_a_save_meanwhile(home: Home) -> None:
    """One save every 10 ms through the whole path, while another process makes the copy, as beside a window."""
    with Store.open(home, schema(), FixedClock(NOW)) as store:
        desk = Desk(store, store.clock, Me("system"), FEATURES)
        waits: list[float] = []
        pace = threading.Event()
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
        arguments = [sys.executable, "-c", TAKE, str(home.root), str(NOW + 20 * HOUR)]
        with subprocess.Popen(arguments, env=environment) as copying:
            n = 0
            while copying.poll() is None:
                change = desk.new("log", {**entry(n), "text": f"备份时记的 {n}"})
                waits.append(timed_save(desk, change))
                n += 1
                pace.wait(0.01)
        assert copying.returncode == 0
    waits.sort()
    p99 = waits[len(waits) * 99 // 100]
    note = f"{len(waits)} saves, median {waits[len(waits) // 2]:.1f} ms, longest {waits[-1]:.0f} ms"
    report(
        "B14 stall",
        "p99 of a save while a copy of 1 GB is made",
        [p99],
        None,
        "≤ 150 ms",
        150,
        absolute=True,
        note=note,
    )


def timed_save(desk: Desk, change: Change) -> float:
    """Milliseconds of one save."""
    start = time.perf_counter()
    desk.act("log.add", [change])
    return (time.perf_counter() - start) * 1_000
