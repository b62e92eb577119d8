"""The player of scripts itself: it ends with its last scene, and says so where nothing can go on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from dutydesk.core.clock import FixedClock, parse_iso
from dutydesk.shell.player import Player, Scene, Seen, letters

AT = parse_iso("2026-06-19 06:30")


def _line(qtbot: QtBot) -> QLineEdit:
    line = QLineEdit()
    qtbot.addWidget(line)
    line.show()
    line.setFocus()
    qtbot.waitUntil(line.hasFocus)
    return line


def test_a_script_ends_though_its_last_scene_closed_the_window(qtbot: QtBot, tmp_path: Path) -> None:
    line = _line(qtbot)

    def type_and_close() -> Iterator[tuple[str, Seen]]:
        letters("abc")
        yield "the letters", lambda: line.text() == "abc"
        line.close()

    assert Player(FixedClock(AT), [Scene("close", type_and_close)], tmp_path, line).play() == ""
    assert not line.isVisible()
    assert (tmp_path / "01.png").exists()


def test_a_script_whose_window_is_gone_before_the_last_scene_says_which_scene_was_left(
    qtbot: QtBot, tmp_path: Path
) -> None:
    line = _line(qtbot)

    def close() -> Iterator[tuple[str, Seen]]:
        line.hide()
        yield "nothing", lambda: False

    scenes = [Scene("close", close), Scene("never", close)]
    trouble = Player(FixedClock(AT), scenes, tmp_path, line, patience=40).play()
    assert trouble.startswith("close: ")
    assert (tmp_path / "failed.png").exists()


def test_what_is_not_seen_is_named_with_its_scene(qtbot: QtBot, tmp_path: Path) -> None:
    line = _line(qtbot)

    def wait() -> Iterator[tuple[str, Seen]]:
        yield "a miracle", lambda: False

    trouble = Player(FixedClock(AT), [Scene("hope", wait)], tmp_path, line, patience=20).play()
    assert trouble.startswith("hope: a miracle")
