"""What every test is held to: nothing warned, nothing logged at WARNING, no thread, timer or window left behind.

Qt warnings and Python warnings fail a test by pytest's settings in pyproject.toml; this file adds log records, Qt
warnings outside the test's own call, threads, QTimers, QThreads and top-level widgets, each named with the line that
started it. What is not ours to mend stands in allowed_messages.toml; a line of it that nothing triggers fails a whole
run. A test that means to provoke a log record says so: `expect_log("part of the message")`.
"""

from __future__ import annotations

import gc
import importlib
import logging
import os
import re
import socket
import sys
import threading
import tomllib
import traceback
import weakref
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

pytest_plugins = ["pytester"]

TESTS = Path(__file__).resolve().parent
ROOT = TESTS.parent

# Before Qt is loaded by anything, and inherited by every process that a test starts.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["FONTCONFIG_FILE"] = str(TESTS / "fonts.conf")
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
os.environ["PYQTGRAPH_QT_LIB"] = "PySide6"
for _name in ("DUTYDESK_HOME", "QT_SCALE_FACTOR", "QT_STYLE_OVERRIDE", "LANGUAGE"):
    os.environ.pop(_name, None)

hypothesis.configuration.set_hypothesis_home_dir(ROOT / "build" / "hypothesis")
_quiet = {"deadline": None, "database": None, "suppress_health_check": [hypothesis.HealthCheck.too_slow]}
hypothesis.settings.register_profile("same", derandomize=True, **_quiet)  # the same examples on every machine
hypothesis.settings.register_profile("search", max_examples=2_000, print_blob=True, **_quiet)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))

ALLOWED: dict[str, str] = {
    message["text"]: message["reason"]
    for message in tomllib.loads((TESTS / "allowed_messages.toml").read_text(encoding="utf-8"))["message"]
}
triggered: set[str] = set()
"""Lines of allowed_messages.toml that came up in this process, on the controller also those of its workers."""


def allowed(message: str) -> bool:
    """Whether a message is listed; notes that it came up."""
    if message in ALLOWED:
        triggered.add(message)
        return True
    return False


# --- settings and the end of the run


def pytest_configure(config: pytest.Config) -> None:
    for text in ALLOWED:
        config.addinivalue_line("qt_log_ignore", f"^{re.escape(text)}$")
    config.pluginmanager.register(_Workers(), "dutydesk-workers")


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    return True if collection_path.is_relative_to(TESTS / "real") and not os.environ.get("DUTYDESK_REAL_DATA") else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if {"qtbot", "qapp"} & set(getattr(item, "fixturenames", ())):
            item.add_marker("gui")
        if item.path.is_relative_to(TESTS / "real"):
            item.add_marker("real")


class _Workers:
    """Brings home what the processes of pytest-xdist saw."""

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        triggered.update(getattr(node, "workeroutput", {}).get("triggered", ()))


def _whole_run(config: pytest.Config) -> bool:
    """Whether everything was asked for: no path, no -k, no other -m, no stop at the first failure."""
    option = config.option
    usual = next((b for a, b in zip(_words(config), _words(config)[1:], strict=False) if a == "-m"), "")
    return (
        config.args_source is pytest.Config.ArgsSource.TESTPATHS
        and not option.keyword
        and option.markexpr == usual
        and not option.maxfail
        and not option.collectonly
        and not getattr(option, "lf", False)
        and not option.deselect
    )


def _words(config: pytest.Config) -> list[str]:
    return list(config.getini("addopts"))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    config = session.config
    if hasattr(config, "workeroutput"):
        config.workeroutput["triggered"] = sorted(triggered)
    elif exitstatus == 0 and _whole_run(config) and set(ALLOWED) - triggered:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    if not os.environ.get("DUTYDESK_REAL_DATA"):
        terminalreporter.write_line("tests/real not run: DUTYDESK_REAL_DATA names no folder of real files")
    if _whole_run(config) and not terminalreporter.stats.get("failed") and not terminalreporter.stats.get("error"):
        for text in sorted(set(ALLOWED) - triggered):
            terminalreporter.write_line(f"allowed_messages.toml: nothing triggered {text!r}; remove the line", red=True)


# --- messages


class _Caught(logging.Handler):
    """Keeps what is logged at WARNING and above while a test runs."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.found: list[tuple[logging.LogRecord, str]] = []
        self.expected: dict[str, bool] = {}

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        for part in self.expected:
            if part in text:
                self.expected[part] = True
                return
        if not allowed(text):
            self.found.append((record, text))


@pytest.fixture(autouse=True)
def _nothing_logged() -> Iterator[_Caught]:
    caught = _Caught()
    root = logging.getLogger()
    root.addHandler(caught)
    yield caught
    root.removeHandler(caught)
    lines = [f"{r.levelname} {r.name} {r.pathname}:{r.lineno}: {text}" for r, text in caught.found]
    if lines:
        pytest.fail("logged, and no test expects it (expect_log):\n" + "\n".join(lines), pytrace=False)
    unseen = [part for part, seen in caught.expected.items() if not seen]
    if unseen:
        pytest.fail(f"expect_log: nothing at WARNING or above held {unseen}", pytrace=False)


@pytest.fixture
def expect_log(_nothing_logged: _Caught) -> Callable[[str], None]:
    """`expect_log(part)`: a record at WARNING or above that holds `part` belongs to this test; none fails it."""

    def expect(part: str) -> None:
        _nothing_logged.expected[part] = False

    return expect


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """pytest-qt looks at what Qt says until the call ends; from there on, while fixtures are taken down, this does."""
    capture = getattr(item, "qt_log_capture", None)
    if capture is not None and call.when == "call":
        triggered.update(record.message for record in capture.records if record.message in ALLOWED)
    report = yield
    if "PySide6.QtCore" not in sys.modules or call.when == "setup":
        return report
    from PySide6.QtCore import QtMsgType, qInstallMessageHandler

    if call.when == "call":
        said: list[str] = []
        item.stash[_said_late] = said

        def hear(kind: QtMsgType, _context: object, text: str) -> None:
            if kind in (QtMsgType.QtWarningMsg, QtMsgType.QtCriticalMsg, QtMsgType.QtFatalMsg) and not allowed(text):
                said.append(text)

        qInstallMessageHandler(hear)
    else:
        qInstallMessageHandler(None)
        late = item.stash.get(_said_late, [])
        if late and report.passed:
            report.outcome = "failed"
            report.longrepr = "Qt warned after the test's own call:\n" + "\n".join(late)
    return report


_said_late = pytest.StashKey[list[str]]()


# --- things left behind

_started: weakref.WeakKeyDictionary[Any, str] = weakref.WeakKeyDictionary()


def _line_of_ours() -> str:
    """The innermost line of the project on the stack."""
    for frame in reversed(traceback.extract_stack()[:-2]):
        path = Path(frame.filename)
        if path.is_relative_to(ROOT) and ".venv" not in path.parts and path != Path(__file__):
            return f"{path.relative_to(ROOT)}:{frame.lineno}"
    return "somewhere outside the project"


def _record_start(kind: type) -> None:
    """Have every `kind().start()` note the line it was called from."""
    plain = kind.start  # pyright: ignore[reportAttributeAccessIssue]

    def start(self: Any, *arguments: Any, **named: Any) -> Any:
        _started[self] = _line_of_ours()
        return plain(self, *arguments, **named)

    kind.start = start  # pyright: ignore[reportAttributeAccessIssue]


_record_start(threading.Thread)


def _describe(thing: Any) -> str:
    name = ""
    if callable(getattr(thing, "objectName", None)):
        name = thing.objectName() or (callable(getattr(thing, "windowTitle", None)) and thing.windowTitle()) or ""
    return f"{type(thing).__name__} {name!r} from {_started.get(thing, '?')}"


def _living_threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.is_alive()}


@pytest.fixture(autouse=True)
def _no_thread_left() -> Iterator[None]:
    before = _living_threads()
    yield
    left = _living_threads() - before
    for thread in left:
        thread.join(2.0)
    lines = [f"{thread.name} from {_started.get(thread, '?')}" for thread in left if thread.is_alive()]
    if lines:
        pytest.fail("threads left behind:\n" + "\n".join(lines), pytrace=False)


@pytest.fixture(autouse=True)
def _nothing_of_qt_left(request: pytest.FixtureRequest) -> Iterator[None]:
    if not {"qtbot", "qapp"} & set(request.fixturenames):
        yield
        return
    request.getfixturevalue("qapp")
    before = {id(widget) for widget in _top_levels()}
    yield
    left = _qt_left(before)
    if left:  # reference rings around dead widgets go with a collection; only what is truly held counts
        gc.collect()
        left = _qt_left(before)
    if left:
        lines = [_describe(thing) for thing in left]
        for thing in left:
            _dispose(thing)
        pytest.fail("left behind:\n" + "\n".join(lines), pytrace=False)


def _top_levels() -> list[Any]:
    from PySide6.QtWidgets import QApplication

    return QApplication.topLevelWidgets()


def _qt_left(before: set[int]) -> list[Any]:
    from PySide6.QtCore import QCoreApplication, QEvent, QThread, QTimer
    from shiboken6 import isValid

    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    left: list[Any] = [w for w in _top_levels() if isValid(w) and id(w) not in before]
    for thing in list(_started.keys()):
        if (isinstance(thing, QTimer) and isValid(thing) and thing.isActive()) or (
            isinstance(thing, QThread) and isValid(thing) and thing.isRunning() and not thing.wait(2_000)
        ):
            left.append(thing)
    return left


def _dispose(thing: Any) -> None:
    """Take it away, so that one test's leftovers are not the next one's."""
    from shiboken6 import isValid

    if isValid(thing) and callable(getattr(thing, "stop", None)):
        thing.stop()
    elif isValid(thing):
        thing.deleteLater()


# --- fixtures for all


@pytest.fixture(scope="session")
def qapp(qapp: QApplication) -> QApplication:
    """pytest-qt's application in the program's own theme and bundled faces, without any font of this machine."""
    from PySide6.QtCore import QThread, QTimer

    from dutydesk.qt import theme

    _record_start(QTimer)
    _record_start(QThread)
    theme.apply(qapp, theme.current())
    assert theme.load_fonts(), "no bundled face: make fonts"
    return qapp


@pytest.fixture(scope="session", autouse=True)
def _own_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test reads or writes the desk of whoever runs it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DUTYDESK_HOME", str(tmp_path_factory.mktemp("home") / "desk"))
        yield


@pytest.fixture(scope="session", autouse=True)
def _no_network() -> Iterator[None]:
    """A test that reaches for another machine fails; servers of its own, on this one, are its own affair."""
    plain = socket.socket.connect

    def connect(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in ("127.0.0.1", "::1", "localhost"):
            raise AssertionError(f"a test reached for {address[0]}")
        plain(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", connect)
        yield


@pytest.fixture(autouse=True)
def _speak_chinese() -> Iterator[None]:
    """Every test begins and ends in the source language."""
    yield
    i18n = sys.modules.get("dutydesk.core.i18n")
    if i18n is not None and i18n.language() != "zh_CN":
        i18n.use("zh_CN")


@pytest.fixture(scope="session")
def catalogue() -> Any:
    """packaging/catalogue.py as a module."""
    sys.path.insert(0, str(ROOT / "packaging"))
    try:
        return importlib.import_module("catalogue")
    finally:
        sys.path.remove(str(ROOT / "packaging"))


@pytest.fixture
def english(catalogue: Any) -> None:
    """The whole test in English, from a compiled catalogue."""
    from dutydesk.core import i18n

    catalogue.compile_all()
    i18n.use("en")
