"""The real window over a copy of the sample desk, opened as the program opens it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication

from dutydesk.core.clock import FixedClock, parse_iso
from dutydesk.core.paths import Home
from dutydesk.qt import theme
from dutydesk.sample import make_sample
from dutydesk.shell.start import Starter

AT = parse_iso("2026-06-19 06:30")
Open = Callable[..., Starter]


@pytest.fixture(scope="session")
def made_sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample") / "desk"
    make_sample(Home(folder), FixedClock(AT), AT, seed=1)
    return folder


@pytest.fixture
def home(made_sample: Path, tmp_path: Path) -> Home:
    """A sample desk of one's own."""
    shutil.copytree(made_sample, tmp_path / "desk")
    return Home(tmp_path / "desk")


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(AT)


@pytest.fixture
def window_of(qtbot: Any, monkeypatch: pytest.MonkeyPatch, qapp: QApplication) -> Iterator[Open]:
    """Opens windows over folders; closes them, the record with them, and puts the theme back."""
    monkeypatch.setenv("DUTYDESK_MUTE", "1")
    opened: list[Starter] = []

    def shut(starter: Starter) -> None:
        opened.remove(starter)
        starter.window.close()
        starter.close()
        starter.window.deleteLater()
        starter.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)

    def open_(home: Home, clock: FixedClock, *, wait: bool = True) -> Starter:
        starter = Starter(home, clock)
        opened.append(starter)
        starter.shut = lambda: shut(starter)  # pyright: ignore[reportAttributeAccessIssue]
        if wait:
            with qtbot.waitSignal(starter.ready, timeout=20_000):
                starter.start()
            starter.window.activateWindow()
            qtbot.waitUntil(starter.window.isActiveWindow)
            qtbot.waitUntil(lambda: not starter.window.arranging)
        return starter

    yield open_
    for starter in list(opened):
        shut(starter)
    if theme.current() != theme.Theme():
        theme.apply(qapp, theme.Theme())


@pytest.fixture
def starter(window_of: Open, home: Home, clock: FixedClock) -> Starter:
    return window_of(home, clock)


@pytest.fixture
def window(starter: Starter) -> Any:
    return starter.window
