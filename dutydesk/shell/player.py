"""Plays a script on the real window as a person would: keys, clicks, what an input method commits. Nothing else.

A script is a list of steps; a step is a generator that does something and yields what has to be seen before it goes on.
The player is driven by a timer, so that the window's own timers, jobs and announcements run in between.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QEventLoop, QObject, QPoint, Qt, QTimer
from PySide6.QtGui import QGuiApplication, QInputMethodEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from dutydesk.core.clock import MINUTE, FixedClock

Seen = Callable[[], object]
Step = Callable[[], Iterator[tuple[str, Seen]]]
W = TypeVar("W", bound=QWidget)
BEAT_MS = 5
PATIENCE = 3_000
"""Beats that something may take to be seen."""
CALM, LOST = 3, 8
"""Beats for which the keyboard has had one place; beats without any after which the window is asked to take it."""
NO_KEYS = Qt.KeyboardModifier.NoModifier


class NotSeenError(AssertionError):
    """What a step has to bring about did not appear."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One step: what it is called, what is done, and how many minutes pass before it."""

    name: str
    step: Step
    minutes: int = 3


class Player(QObject):
    """Plays scenes one after the other; `play` returns what went wrong, empty when everything was seen."""

    def __init__(
        self, clock: FixedClock, scenes: Sequence[Scene], out: Path, window: QWidget, patience: int = PATIENCE
    ) -> None:
        super().__init__()
        self._clock, self._scenes, self._out, self._window = clock, list(scenes), out, window
        self._patience = patience
        self._loop = QEventLoop()
        self._beat = QTimer(self)
        self._beat.setInterval(BEAT_MS)
        self._beat.timeout.connect(self._go)
        self._at = -1
        self._running: Iterator[tuple[str, Seen]] | None = None
        self._wanted: tuple[str, Seen] | None = None
        self._waited = self._calm = self._lost = 0
        self.trouble = ""

    def play(self) -> str:
        """Play all scenes."""
        self._beat.start()
        self._loop.exec()
        self._beat.stop()
        return self.trouble

    def _go(self) -> None:
        if not _has_keyboard():
            # A list or dialog has just gone; the window gets the keyboard back in a moment, or is asked to take it:
            # Qt's offscreen platform leaves it with a list that is hidden already.
            self._calm = 0
            self._lost += 1
            if self._lost > LOST:
                (QApplication.activeModalWidget() or self._window).activateWindow()
            if self._lost > self._patience:
                self._stop("the keyboard stays nowhere")
            return
        self._lost, self._calm = 0, self._calm + 1
        if self._calm < CALM:
            return
        try:
            self._step()
        except (NotSeenError, LookupError) as error:
            self._stop(str(error))

    def _stop(self, trouble: str) -> None:
        self.trouble = f"{self._scenes[max(self._at, 0)].name}: {trouble}"
        self._picture("failed")
        self._beat.stop()
        self._loop.quit()

    def _step(self) -> None:
        if self._wanted is not None:
            what, seen = self._wanted
            if not _look(seen):
                self._waited += 1
                if self._waited > self._patience:
                    raise NotSeenError(f"{what} (the keyboard is in {hand().objectName() or type(hand()).__name__})")
                return
            self._wanted = None
        if self._running is None:
            self._at += 1
            self._clock.advance(self._scenes[self._at].minutes * MINUTE)
            self._running = self._scenes[self._at].step()
        self._wanted, self._waited = next(self._running, None), 0
        if self._wanted is None:
            self._running = None
            self._picture(f"{self._at + 1:02d}")
            sys.stdout.write(f"ok {self._at + 1:2d}/{len(self._scenes)} {self._scenes[self._at].name}\n")
            if self._at + 1 == len(self._scenes):
                # at once: the last scene may have closed the window, and nothing has the keyboard any more
                self._beat.stop()
                self._loop.quit()

    def _picture(self, name: str) -> None:
        """The window as it is, with the dialog over it."""
        picture = self._window.grab()
        dialog = QApplication.activeModalWidget()
        if dialog is not None and dialog.window() is not self._window:
            from PySide6.QtGui import QPainter

            painter = QPainter(picture)
            at = self._window.mapFromGlobal(dialog.mapToGlobal(QPoint(0, 0)))
            painter.drawPixmap(at, dialog.grab())
            painter.end()
        picture.save(str(self._out / f"{name}.png"))


def _has_keyboard() -> bool:
    """Whether what is in front is also what the platform sends keys to."""
    front = QApplication.activePopupWidget() or QApplication.activeWindow()
    if front is None or not front.isVisible() or QApplication.focusWidget() is None:
        return False
    return front.windowHandle() == QGuiApplication.focusWindow()


def _look(seen: Seen) -> bool:
    try:
        return bool(seen())
    except LookupError:
        return False  # not there yet


# -- hands -------------------------------------------------------------------------------------------------------------


def widget(kind: type[W], name: str) -> W:
    """The visible widget of that name in any window. Raises `LookupError`."""
    for top in QApplication.topLevelWidgets():
        found = [top] if isinstance(top, kind) and top.objectName() == name else top.findChildren(kind, name)
        for made in found:
            if isinstance(made, kind) and made.isVisible():
                return made
    raise LookupError(f"no {name} to be seen")


def there(kind: type[QWidget], name: str) -> Seen:
    """Whether such a widget can be seen."""

    def look() -> bool:
        try:
            widget(kind, name)
        except LookupError:
            return False
        return True

    return look


def hand() -> QWidget:
    """Where the keyboard goes now. Raises `LookupError` when nowhere."""
    found = QApplication.focusWidget() or QApplication.activeWindow()
    if found is None:
        raise LookupError("the keyboard goes nowhere")
    return found


def press(key: Qt.Key, held: Qt.KeyboardModifier = NO_KEYS) -> None:
    """Press one key."""
    QTest.keyClick(hand(), key, held)


def letters(text: str) -> None:
    """Type latin letters and figures key by key."""
    for one in text:
        QTest.keyClick(hand(), one)  # pyright: ignore[reportCallIssue, reportArgumentType]


def write(text: str) -> None:
    """Write Chinese as an input method hands it over."""
    event = QInputMethodEvent("", [])
    event.setCommitString(text)
    QApplication.sendEvent(hand(), event)


def click(target: QWidget, at: QPoint | None = None) -> None:
    """Press the left button on a widget."""
    QTest.mouseClick(target, Qt.MouseButton.LeftButton, NO_KEYS, at or target.rect().center())
