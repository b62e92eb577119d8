"""The ground itself: what conftest.py forbids does fail a test, and what the make files print is of use."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TESTS = ROOT / "tests"

BAD = """
import logging, threading, time, warnings
import pytest
from PySide6.QtCore import QThread, QTimer, qWarning
from PySide6.QtWidgets import QWidget

kept = []

def test_python_warning():
    warnings.warn("old")

def test_log_record():
    logging.getLogger("dutydesk.x").warning("not %s", "good")

def test_log_record_that_never_comes(expect_log):
    expect_log("thunder")

def test_log_record_expected(expect_log):
    expect_log("not good")
    logging.getLogger("dutydesk.x").warning("not %s", "good")

def test_network():
    import socket
    with socket.socket() as s:
        s.connect(("192.0.2.1", 9))

def test_qt_warning(qapp):
    qWarning("trouble")

@pytest.fixture
def noisy(qapp):
    yield
    qWarning("late trouble")

def test_qt_warning_in_teardown(noisy):
    pass

def test_thread():
    end = threading.Event()
    kept.append(end)
    threading.Thread(target=end.wait, args=(20,), name="sleeper", daemon=True).start()

def test_timer(qapp):
    timer = QTimer()
    timer.setObjectName("ticker")
    timer.start(1000)
    kept.append(timer)

def test_timer_in_a_closed_widget(qtbot):
    widget = QWidget()
    qtbot.addWidget(widget)
    QTimer(widget).start(1000)

def test_window(qapp):
    widget = QWidget()
    widget.setWindowTitle("orphan")
    kept.append(widget)

def test_window_kept_by_qtbot(qtbot):
    widget = QWidget()
    qtbot.addWidget(widget)
    widget.show()
    widget.raise_()

def test_last():
    kept[0].set()
"""
EXPECTED = {
    "test_python_warning": "UserWarning: old",
    "test_log_record": "not good",
    "test_log_record_that_never_comes": "thunder",
    "test_network": "reached for 192.0.2.1",
    "test_qt_warning": "trouble",
    "test_qt_warning_in_teardown": "late trouble",
    "test_thread": "sleeper from test_bad.py:41",
    "test_timer": "QTimer 'ticker' from test_bad.py:46",
    "test_window": "QWidget 'orphan'",
}


@pytest.fixture
def nest(tmp_path: Path) -> Path:
    """A project of its own with this project's settings and conftest."""
    (tmp_path / "tests").mkdir()
    for name in ("conftest.py", "allowed_messages.toml", "fonts.conf"):
        shutil.copy(TESTS / name, tmp_path / "tests")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def pytest_in(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["-m", "pytest", "-p", "no:cacheprovider", "-p", "no:randomly", *arguments]
    return subprocess.run(
        [sys.executable, *command], cwd=folder, capture_output=True, text=True, check=False, timeout=60
    )


def test_everything_forbidden_fails_its_test_and_is_named(nest: Path) -> None:
    (nest / "tests" / "test_bad.py").write_text(BAD, encoding="utf-8")
    said = pytest_in(nest, "-rA", "tests/test_bad.py").stdout
    failed = {line.split("::")[1].split(" ")[0] for line in said.splitlines() if line.startswith(("FAILED", "ERROR"))}
    assert failed == set(EXPECTED), said
    for message in EXPECTED.values():
        assert message.replace("test_bad.py", str(Path("tests", "test_bad.py"))) in said
    assert "nothing triggered" not in said, "only a whole run judges the list"


def test_a_listed_message_that_nothing_triggers_fails_a_whole_run(nest: Path) -> None:
    (nest / "tests" / "test_good.py").write_text("def test_good(): pass\n", encoding="utf-8")
    for workers in ("0", "1"):
        run = pytest_in(nest, "-n", workers)
        assert run.returncode == 1
        assert "nothing triggered 'This plugin does not support raise()'" in run.stdout
    assert pytest_in(nest, "-k", "good").returncode == 0


def test_every_listed_message_has_a_reason(request: pytest.FixtureRequest) -> None:
    listed = request.config.pluginmanager.getplugin(str(TESTS / "conftest.py")) or __import__("conftest")
    assert all(reason.strip() for reason in listed.ALLOWED.values())


@pytest.mark.parametrize("hidden", ["libEGL.so.1", "libEGL.so.1 libxcb-cursor.so.0", "all"])
def test_the_one_command_is_printed_where_libraries_of_qt_are_missing(hidden: str) -> None:
    environment = os.environ | {"DUTYDESK_HIDE_LIBRARIES": hidden}
    run = subprocess.run(
        [ROOT / "packaging" / "setup-qt-libs.sh"], env=environment, capture_output=True, text=True, check=False
    )
    assert run.returncode == 1
    assert "libEGL.so.1" in run.stderr
    last = run.stderr.splitlines()[-1]
    assert "libegl1" in last
    assert ("libxcb-cursor0" in last) == (hidden != "libEGL.so.1")


def test_libraries_that_only_a_window_needs_stop_nothing_without_a_display() -> None:
    environment = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
    environment["DUTYDESK_HIDE_LIBRARIES"] = "libxcb-cursor.so.0"
    run = subprocess.run([ROOT / "packaging" / "setup-qt-libs.sh"], env=environment, capture_output=True, check=False)
    assert (run.returncode, run.stdout, run.stderr) == (0, b"", b"")
