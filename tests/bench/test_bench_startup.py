"""B7: from nothing to a window that takes typing, and to the first rows, against bare Qt.

Both sides find their bytecode compiled, as an installed program does: a folder of it is filled before the first round,
whatever the environment says of writing any beside the sources.
"""

from __future__ import annotations

import math
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from dutydesk.core.clock import FixedClock, parse_iso
from dutydesk.core.paths import Home
from dutydesk.sample import make_sample
from tests.bench.harness import against, report

pytestmark = pytest.mark.bench
Run = Callable[..., str]
STARTING = Path(__file__).with_name("starting.py")
BARE = """
import os
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QLineEdit, QMainWindow
app = QApplication([])
window, line = QMainWindow(), QLineEdit()
window.setCentralWidget(line)
window.resize(1366, 768)
window.show()
line.setFocus()
QTimer.singleShot(0, app.quit)
app.exec()
"""
SELECT = """
import sqlalchemy, sys, sqlcipher3.dbapi2 as driver
engine = sqlalchemy.create_engine(
    "sqlite+pysqlite://", creator=lambda: driver.connect(f"file:{sys.argv[1]}?mode=ro", uri=True), module=driver)
with engine.connect() as connection:
    assert connection.exec_driver_sql("SELECT * FROM log ORDER BY happened_at DESC LIMIT 30").fetchall()
os._exit(0)
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    made = Home(tmp_path_factory.mktemp("start") / "desk")
    at = parse_iso("2026-06-19 06:30")
    make_sample(made, FixedClock(at), at)
    return made


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, home: Home) -> Run:
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    env |= {"DUTYDESK_MUTE": "1", "PYTHONPYCACHEPREFIX": str(tmp_path_factory.mktemp("bytecode"))}

    def run(*words: str) -> str:
        with tempfile.TemporaryDirectory() as folder:  # who leaves at once leaves its socket there
            done = subprocess.run(
                [sys.executable, *words], capture_output=True, text=True, check=False, env={**env, "TMPDIR": folder}
            )
        assert done.returncode == 0, done.stderr
        return done.stdout

    run(str(STARTING), "all", str(home.root))
    run("-c", BARE + SELECT, str(home.database))
    return run


class Spent:
    """Processor time of the children, beside the clock on the wall, which other programs on the machine distort."""

    def __init__(self) -> None:
        self.sides: dict[str, list[float]] = {"ours": [], "floor": []}

    def time(self, side: str, work: Callable[[], object]) -> Callable[[], None]:
        def timed() -> None:
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            work()
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            self.sides[side].append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)

        return timed

    def note(self) -> str:
        ratios = sorted(a / b for a, b in zip(self.sides["ours"], self.sides["floor"], strict=True))
        return f"in processor time {statistics.median(ratios):.2f}× ({ratios[0]:.2f}–{ratios[-1]:.2f})"


def test_b7_window_that_takes_typing(run: Run, home: Home) -> None:
    spent = Spent()
    ours = spent.time("ours", lambda: run(str(STARTING), "typing", str(home.root)))
    floor = spent.time("floor", lambda: run("-c", BARE + "os._exit(0)\n"))
    mine, bare = against(ours, floor, 9)
    result = report("B7 window", "冷启动到能打字的窗口", mine, bare, "≤ 1.5× 裸 Qt", 1.5, note=spent.note())
    assert result.ratio is not None


def test_b7_first_rows(run: Run, home: Home) -> None:
    def start() -> None:
        assert run(str(STARTING), "rows", str(home.root)) == ""

    spent = Spent()
    ours = spent.time("ours", start)
    floor = spent.time("floor", lambda: run("-c", BARE + SELECT, str(home.database)))
    mine, bare = against(ours, floor, 9)
    goal = "≤ 1.3× 裸 Qt + sqlalchemy + 一次 SELECT"
    result = report("B7 rows", "冷启动到日志首屏", mine, bare, goal, 1.3, note=spent.note())
    assert result.ratio is not None


def test_b7_whole_desk(run: Run, home: Home) -> None:
    def start() -> None:
        assert run(str(STARTING), "desk", str(home.root)) == ""

    spent = Spent()
    ours = spent.time("ours", start)
    floor = spent.time("floor", lambda: run("-c", BARE + SELECT, str(home.database)))
    mine, bare = against(ours, floor, 9)
    report("B7 desk", "冷启动到日志窗格可用", mine, bare, "—", math.inf, note=spent.note())
