"""When the window makes copies, and that the second place keeps nobody waiting."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QDialog, QLabel

from dutydesk.admin import watch
from dutydesk.core.clock import DAY, HOUR, MINUTE, FixedClock
from dutydesk.core.errors import Unavailable
from dutydesk.core.paths import Home
from dutydesk.core.settings import load, save
from dutydesk.journal import peers
from dutydesk.qt.jobs import Token
from dutydesk.shell import actions
from dutydesk.sync import placemark, rehearsal, snapshots


@pytest.fixture
def copies(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """When copies were asked for; none is made."""
    asked: list[int] = []

    def taken(self: Any) -> None:
        asked.append(self.desk.clock.now())
        snapshots.note(self.desk.store, {"at": self.desk.clock.now()})

    monkeypatch.setattr(actions.Actions, "snapshot_quietly", taken)
    return asked


def minutes(window: Any, clock: FixedClock, count: int, step: int = MINUTE) -> None:
    """So many turns of the minutely timer, and the time that goes by."""
    for _n in range(count):
        clock.advance(step)
        window._actions.copy_when_due()


def test_when_the_window_copies(window: Any, clock: FixedClock, copies: list[int]) -> None:
    """Every hour of the clock, all night; when the machine wakes; when the clock is set back; ten minutes after one
    that failed; never of a record that stopped."""
    begun = clock.now()
    minutes(window, clock, 9 * 60 + 1)
    assert [round((at - begun) / HOUR, 2) for at in copies] == [round(n + 1 / 60, 2) for n in range(10)]
    minutes(window, clock, 1, 8 * HOUR)  # one turn of the timer, eight hours of the clock
    assert len(copies) == 11
    minutes(window, clock, 59)
    assert len(copies) == 11
    minutes(window, clock, 1, -365 * DAY)
    assert len(copies) == 12
    minutes(window, clock, 60)
    assert len(copies) == 13
    snapshots.note(window.desk.store, {"error": "磁盘已满，备份没有写成"})
    minutes(window, clock, 9)
    assert len(copies) == 13
    minutes(window, clock, 1)
    assert len(copies) == 14
    asked: list[int] = []
    window.desk.services["copy"] = lambda: asked.append(1)
    window.show_pane("shifts").page.taken.emit()
    assert asked == [1], "a hand-over makes one"
    window.desk.store.stop_writing("停")
    minutes(window, clock, 120)
    assert len(copies) == 14


def hang(_home: Path, _new_place: bool, token: Token) -> str:
    """A share that never answers."""
    token.check()
    threading.Event().wait(600)
    return ""


def test_a_share_that_hangs_is_ended_and_keeps_no_copy_and_no_closing_waiting(
    qtbot: Any, window: Any, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "send_copy", hang)
    monkeypatch.setattr(snapshots, "LEAST_WAIT", 1.0)
    window.desk.store.config = replace(window.desk.store.config, second_snapshots=str(home.root / "stick"))
    assert window._actions.send() is not None
    assert window._actions.send() is None, "one at a time"
    made = window._actions.snapshot_quietly()
    with qtbot.waitSignal(made.result, timeout=30_000):
        pass
    qtbot.waitUntil(lambda: not window._actions.away.jobs, timeout=30_000)
    last = peers.runs(window.desk.store, snapshots.SECOND, 1)[0]
    assert (last.state, last.body["error"]) == ("FAILED", "第二备份的位置没有应答，先放下，过一会儿再试")
    monkeypatch.setattr(snapshots, "LEAST_WAIT", 600.0)
    assert window._actions.send() is not None
    begun = time.monotonic()
    window.close()
    assert time.monotonic() - begun < 9, "nobody waits for a share at the end either"


def test_a_copy_goes_to_the_second_place_by_itself(
    qtbot: Any, window: Any, home: Home, clock: FixedClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stick = tmp_path / "stick"
    stick.mkdir()
    told = replace(load(home.config), second_snapshots=str(stick), second_plain=True)
    save(home.config, told)
    window.desk.store.config = told
    snapshots.take(home, window.desk.store.schema, clock, second=False)
    monkeypatch.setattr(rehearsal, "due", lambda _store: False)
    window._actions._copied({"at": clock.now()})  # as after every copy
    qtbot.waitUntil(lambda: not window._actions.away.jobs, timeout=30_000)
    assert peers.runs(window.desk.store, snapshots.SECOND, 1)[0].state == "DONE"
    (stick / placemark.NAME).unlink()
    for left in stick.iterdir():
        left.unlink()
    job = window._actions.send()
    with qtbot.waitSignal(job.failed, timeout=30_000) as said:
        pass
    assert "没有本机备份的标记" in said.args[0]
    window.show_pane("admin").show_record()
    record = window.docks["admin"].pane.record
    record.refresh()
    assert record.place.isVisibleTo(record)
    record.take_place()
    asked = next(one for one in record.findChildren(QDialog) if one.isVisible())
    asked.accept()
    qtbot.waitUntil(lambda: bool(list(stick.glob("desk-*.sqlite"))), timeout=30_000)
    qtbot.waitUntil(lambda: not window._actions.away.jobs, timeout=30_000)
    assert os.listdir(stick)  # noqa: PTH208 - names alone


def refuse(_home: Path, _key: bytes | None, _at: int, token: Token) -> dict[str, Any]:
    """A disk that is full."""
    token.check()
    raise Unavailable("磁盘已满，备份没有写成")


def test_a_copy_that_fails_by_itself_stops_nobody_amid_a_word(
    qtbot: Any, window: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "take_copy", refuse)
    job = window._actions.snapshot_quietly()
    with qtbot.waitSignal(job.failed, timeout=30_000):
        pass
    assert not [one for one in window.findChildren(QDialog) if one.isVisible()]
    with window.desk.store.read() as connection:
        titles = [item.title for item in watch.open_items(connection, window.desk.clock.now())]
    assert "备份没有做成" in titles, "the list of what is due says it"
    window._actions.snapshot()  # asked for by a person, who gets an answer
    qtbot.waitUntil(lambda: any(one.isVisible() for one in window.findChildren(QDialog)), timeout=30_000)
    (said,) = [one for one in window.findChildren(QDialog) if one.isVisible()]
    assert [part.text() for part in said.findChildren(QLabel) if "磁盘已满" in part.text()]
    said.accept()
