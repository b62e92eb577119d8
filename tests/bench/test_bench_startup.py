"""B7: from nothing to a window that takes typing, and to the first rows, against bare Qt."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from dutydesk.core.clock import FixedClock, parse_iso
from dutydesk.core.paths import Home
from dutydesk.sample import make_sample
from tests.bench.harness import against, report

pytestmark = pytest.mark.bench
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


def run(*words: str) -> str:
    with tempfile.TemporaryDirectory() as folder:  # what leaves at once leaves its socket there
        env = {**os.environ, "DUTYDESK_MUTE": "1", "TMPDIR": folder}
        done = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False, env=env)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_b7_window_that_takes_typing(home: Home) -> None:
    def ours() -> None:
        run(str(STARTING), "typing", str(home.root))

    def floor() -> None:
        run("-c", BARE + "os._exit(0)\n")

    mine, bare = against(ours, floor, 9)
    result = report("B7 window", "冷启动到能打字的窗口", mine, bare, "≤ 1.5× 裸 Qt", 1.5)
    assert result.ratio is not None


def test_b7_first_rows(home: Home) -> None:
    def ours() -> None:
        assert run(str(STARTING), "rows", str(home.root)) == ""

    def floor() -> None:
        run("-c", BARE + SELECT, str(home.database))

    mine, bare = against(ours, floor, 9)
    result = report("B7 rows", "冷启动到日志首屏", mine, bare, "≤ 1.3× 裸 Qt + sqlalchemy + 一次 SELECT", 1.3)
    assert result.ratio is not None
