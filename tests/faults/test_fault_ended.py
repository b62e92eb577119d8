"""F35: memory runs out, the process is stopped for minutes, the session logs off, somebody stops the program.

A forced shutdown of Windows asks by the same signal of Qt (`commitDataRequest`) that `tests/shell/test_leaving.py`
sends; the kill that follows where a program is slow is F3.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from dutydesk.core.clock import FixedClock
from dutydesk.core.ids import new_id
from dutydesk.core.paths import Home
from dutydesk.features import schema
from dutydesk.journal import drafts
from dutydesk.journal.store import Store
from dutydesk.journal.verify import verify
from tests.faults.ended_window import SAVED
from tests.journal import desks as d

FULL = os.environ.get("DUTYDESK_FAULTS") == "full"
STOPPED_S = 600 if FULL else 1
OUTS = 40 if FULL else 2
GROUPS = Path("/sys/fs/cgroup/memory")

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="signals of POSIX")


@pytest.fixture
def place() -> Iterator[Path]:
    with d.quick_folder() as folder:
        yield folder


class Window:
    """The program in a process of its own, in which somebody types; `lines` is what it told."""

    def __init__(self, root: Path) -> None:
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.ended_window", str(root)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def read(self, until: str = "-") -> None:
        """Wait for a line that begins so."""
        assert self.process.stdout is not None
        for line in iter(self.process.stdout.readline, ""):
            self.lines.append(line.strip())
            if line.startswith(until):
                return
        assert self.process.stderr is not None
        raise AssertionError(self.process.stderr.read()[-3_000:])

    def end(self) -> tuple[int, str]:
        """How it ended, and what it complained of."""
        out, complaints = self.process.communicate(timeout=60)
        self.lines += out.split("\n")
        return self.process.returncode, complaints

    @property
    def acknowledged(self) -> set[tuple[int, str]]:
        pairs = (line.split() for line in self.lines if line and not line.startswith("-"))
        return {(int(seq), digest) for seq, digest in pairs}


def held(store: Store) -> set[tuple[int, str]]:
    return {(seq, digest.hex()) for seq, digest in d.ask(store, "SELECT seq, hash FROM act")}


@pytest.mark.gui
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT] if FULL else [signal.SIGTERM])
def test_a_window_told_to_end_closes_in_order(place: Path, number: signal.Signals) -> None:
    root = place / "desk"
    Store.create(Home(root), schema(), FixedClock(d.EVENING), d.config()).close()
    window = Window(root)
    window.read()
    window.process.send_signal(number)
    assert window.end() == (0, "")
    assert len(window.acknowledged) >= SAVED
    assert not Home(root).database.with_name("desk.sqlite-wal").exists(), "closed in order"
    with Store.open(Home(root), schema(), FixedClock(d.EVENING)) as store:
        assert store.notes == []
        assert window.acknowledged <= held(store)
        kept = drafts.kept(store, "log.entry")
        assert "half a sentence" in str(kept)
    assert verify(Home(root), schema()).ok


@pytest.mark.gui
def test_a_window_stopped_for_minutes_goes_on(place: Path) -> None:
    """A machine that sleeps: when it wakes, the record is as it was, and the window ends in order."""
    root = place / "desk"
    Store.create(Home(root), schema(), FixedClock(d.EVENING), d.config()).close()
    window = Window(root)
    window.read(until="")
    window.process.send_signal(signal.SIGSTOP)
    with pytest.raises(subprocess.TimeoutExpired):
        window.process.wait(STOPPED_S)
    assert window.acknowledged
    window.process.send_signal(signal.SIGCONT)
    window.read()
    window.process.send_signal(signal.SIGTERM)
    assert window.end() == (0, "")
    with Store.open(Home(root), schema(), FixedClock(d.EVENING)) as store:
        assert store.notes == []
        assert window.acknowledged <= held(store)
    assert verify(Home(root), schema()).ok


# --- memory

WRITER = """
import os, random, resource, sys
from pathlib import Path
from dutydesk.core.clock import FixedClock
from dutydesk.core.errors import DutyDeskError
from dutydesk.core.ids import CLI
from dutydesk.core.paths import Home
from dutydesk.journal import batches
from dutydesk.journal.store import Store
from tests.journal import desks as d

root, limited = Path(sys.argv[1]), sys.argv[2] == "limited"
rng = random.Random(int(sys.argv[3]))


def save(n):
    if n % 3 == 2:
        rows = [d.new("places", {"name": f"P{n}-{i}", "area": i}) for i in range(200)]
        batches.write(store, "test.import", rows, by=CLI, size=100)
    store.act("test", [d.new("log", {"text": "call " * rng.randrange(25_000)})], by=CLI)


def tell(word):
    seq, digest = store.position()
    os.write(1, f"{seq} {digest.hex()} {word}\\n".encode())


with Store.open(Home(root), d.FULL, FixedClock(d.EVENING)) as store:
    save(0)
    tell("begun")
    hoard = []
    if not limited:
        for n in range(1_000_000):
            hoard.append(bytearray(b"x" * 5_000_000))
            save(n)
            tell("saved")
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + 20_000_000, resource.RLIM_INFINITY))
    for n in range(20):
        room = range(rng.randrange(2, 800))
        try:
            while True:
                hoard.append(bytearray(16_000))
        except MemoryError:
            for _piece in room:
                hoard.pop()
        try:
            save(n)
            word = "saved"
        except (MemoryError, DutyDeskError) as error:
            word = type(error).__name__
        hoard.clear()
        tell(word)
    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    save(1)
    tell("afterwards")
"""


def acknowledged_by(lines: str) -> set[tuple[int, str]]:
    return {(int(seq), digest) for seq, digest, _word in (line.split() for line in lines.splitlines())}


def check(home: Home, told: set[tuple[int, str]]) -> None:
    """The oracle: what was acknowledged is there, nothing is there in part, the desk goes on."""
    with Store.open(home, d.FULL, FixedClock(d.EVENING)) as store:
        batches_left = d.ask(store, "SELECT count(*) FROM act")[0][0]
        assert told <= held(store)
        d.add(store, "log", text="goes on")
        assert d.ask(store, "SELECT count(*) FROM act")[0][0] == batches_left + 1
    assert verify(home, d.FULL).ok


def test_a_save_for_which_there_is_no_memory_is_not_half_there(place: Path) -> None:
    """`MemoryError` at whichever allocation it strikes: that save is not there, those before are, the next is taken."""
    home = Home(place / "desk")
    d.make(home.root).close()
    struck = saved = 0
    for seed in range(OUTS):
        done = subprocess.run(
            [sys.executable, "-c", WRITER, str(home.root), "limited", str(seed)],
            capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-3_000:]
        struck += done.stdout.count("MemoryError")
        saved += done.stdout.count("saved")
        check(home, acknowledged_by(done.stdout))
    assert struck >= OUTS
    assert saved >= OUTS


@pytest.mark.skipif(
    not os.access(GROUPS / "cgroup.procs", os.W_OK), reason="needs the right to make a memory group (root, cgroup v1)"
)
def test_a_process_that_the_kernel_kills_for_memory_has_lost_nothing(place: Path) -> None:
    home = Home(place / "desk")
    d.make(home.root).close()
    for out in range(OUTS // 2):
        group = GROUPS / f"dutydesk-{new_id(d.EVENING).hex()}"
        group.mkdir()
        try:
            (group / "memory.limit_in_bytes").write_text(str(120_000_000 + out * 3_100_000))
            with suppress(OSError):  # a kernel that does not count swap has no such file
                (group / "memory.memsw.limit_in_bytes").write_text(str(120_000_000 + out * 3_100_000))
            join = f"open({str(group / 'cgroup.procs')!r}, 'w').write(str(__import__('os').getpid()))\n"
            done = subprocess.run(
                [sys.executable, "-c", join + WRITER, str(home.root), "free", str(out)],
                capture_output=True,
                text=True,
                timeout=120,
            )
        finally:
            group.rmdir()
        assert done.returncode == -signal.SIGKILL, done.stderr[-2_000:]
        told = acknowledged_by(done.stdout)
        assert told
        check(home, told)
