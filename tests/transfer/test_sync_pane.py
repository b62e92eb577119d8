"""The pane 同步 by keys, and a run of the window in a process of its own against a real hub."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QLabel, QPushButton, QTreeWidget
from pytestqt.qtbot import QtBot

from dutydesk.core.clock import FixedClock, parse_iso
from dutydesk.core.ids import new_id
from dutydesk.journal import inbox, peers
from dutydesk.journal.desk import Desk
from dutydesk.qt.announcer import announcer_for
from dutydesk.qt.jobs import JobRunner
from dutydesk.shell.syncing import Syncing
from dutydesk.sync import planning
from dutydesk.transfer.pane import SyncPane
from tests.desks import a_desk
from tests.sync.fleet import Fleet

Key, Mod = Qt.Key, Qt.KeyboardModifier


class Told(QObject):
    """In the place of the window's runs: what the pane asks for is kept."""

    began = Signal()
    progress = Signal(str, int, int)
    ended = Signal(bool, str)

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Any] = []
        self.running = False

    def start(self, *, deep: bool = False) -> None:
        self.asked.append(deep)
        self.running = True
        self.began.emit()

    def cancel(self) -> None:
        self.asked.append("cancel")

    def end(self, *, ok: bool, text: str) -> None:
        self.running = False
        self.ended.emit(ok, text)


@pytest.fixture
def runs(desk: Desk, qapp: Any) -> Iterator[Told]:
    made = Told()
    announcer = announcer_for(desk.store)
    opened: list[tuple[str, bytes]] = []
    desk.services.update(syncing=made, announcer=announcer, open=lambda *where: opened.append(where))
    made.asked = []
    made.opened = opened  # type: ignore[attr-defined]
    yield made
    announcer.close()
    announcer.deleteLater()


@pytest.fixture
def pane(qtbot: QtBot, desk: Desk, runs: Told) -> Iterator[SyncPane]:
    made = SyncPane(desk)
    qtbot.addWidget(made)
    made.resize(900, 560)
    with qtbot.waitExposed(made):
        made.show()
    made.focus_first()
    yield made
    made.hide()


def child(pane: SyncPane, kind: type[Any], name: str) -> Any:
    found = pane.findChild(kind, name)
    assert found is not None, name
    return found


def lines(pane: SyncPane) -> dict[str, list[str]]:
    tree = child(pane, QTreeWidget, "sync-list")
    groups: dict[str, list[str]] = {}
    for at in range(tree.topLevelItemCount()):
        head = tree.topLevelItem(at)
        held = [head.child(n) for n in range(head.childCount())]
        groups[head.text(0).split()[0]] = [f"{item.text(0)}|{item.text(1)}" for item in held]
    return groups


def test_f6_syncs_and_shows_how_far_it_is_and_esc_stops(qtbot: QtBot, pane: SyncPane, runs: Told) -> None:
    qtbot.keyClick(pane, Key.Key_F6)
    assert runs.asked == [False]
    bar = child(pane, QObject, "sync-progress")
    assert bar.isVisible()
    assert not child(pane, QPushButton, "sync-now").isEnabled()
    qtbot.keyClick(pane, Key.Key_F6)
    assert runs.asked == [False], "one at a time"
    runs.progress.emit("pull", 40, 100)
    assert child(pane, QLabel, "sync-stage").text() == "接收 40 / 100"
    qtbot.keyClick(pane, Key.Key_Escape)
    assert runs.asked == [False, "cancel"]
    assert not child(pane, QPushButton, "sync-stop").isEnabled()
    runs.end(ok=True, text="")
    assert not bar.isVisible()
    assert child(pane, QPushButton, "sync-now").isEnabled()
    qtbot.keyClick(pane, Key.Key_F6, Mod.ShiftModifier)
    assert runs.asked[-1] is True


def test_what_went_wrong_is_said_until_a_run_succeeds(pane: SyncPane, runs: Told, desk: Desk) -> None:
    problem = child(pane, QLabel, "sync-problem")
    assert not problem.isVisible()
    runs.end(ok=False, text="连不上中心库：示例")
    assert problem.text() == "连不上中心库：示例"
    planning.go(desk)
    pane.sync()
    runs.end(ok=True, text="上传 1，收到 0")
    assert not problem.isVisible()
    assert child(pane, QLabel, "sync-stage").text() == "上传 1，收到 0"
    assert child(pane, QLabel, "sync-good").text() != "从未"


def test_it_shows_peers_runs_what_came_and_what_was_kept_out(pane: SyncPane, desk: Desk, fleet: Fleet) -> None:
    assert lines(pane) == {"隔离的外来记录": ["无|"], "对端": ["无|"], "上次收到": ["无|"], "同步记录": ["无|"]}
    other = fleet.add(2, name="二号席")
    fleet.write(2, "从二号席来")
    fleet.sync(2)
    planning.go(desk)
    from dutydesk.sync import record

    held = record.parcels(other, (other.config.desk_id, 1), 0, 2, 10, 2**20)[1][0]
    from dataclasses import replace

    inbox.set_aside(desk.store, replace(held, act_id=new_id(1)), "与席位的签名不符")
    pane.refresh()
    told = lines(pane)
    assert told["上次收到"] == ["D2 二号席|2 条"]
    assert told["隔离的外来记录"] == ["D2 二号席 /1 #2|与席位的签名不符"]
    assert told["同步记录"][0].startswith("成功|上传")
    assert told["对端"][0].startswith("中心库")
    assert "D2 二号席" in child(pane, QLabel, "sync-came").text()


def test_disputes_are_a_key_away(qtbot: QtBot, pane: SyncPane, runs: Told) -> None:
    assert not child(pane, QPushButton, "sync-disputes").isVisible(), "there are none"
    qtbot.keyClick(pane, Key.Key_F9)
    assert runs.opened == [("settings", b"")]  # type: ignore[attr-defined]


def test_a_run_of_another_process_shows_when_it_has_written(qtbot: QtBot, pane: SyncPane, desk: Desk) -> None:
    number = peers.begin_run(desk.store, "sync")
    peers.end_run(desk.store, number, peers.FAILED, {"error": "连不上中心库"})
    from dutydesk.qt.announcer import Changed

    pane.heed(Changed(everything=True))
    qtbot.waitUntil(lambda: child(pane, QLabel, "sync-problem").text() == "连不上中心库")


def test_every_key_is_in_the_palette(pane: SyncPane) -> None:
    assert [keys for _text, keys, _run in pane.commands()] == ["F9", "Shift+F6", "F6"]


def test_a_desk_without_a_hub_is_told_how_to_join_one(qtbot: QtBot, tmp_path: Any) -> None:
    with a_desk(tmp_path / "desk", FixedClock(parse_iso("2026-06-18 22:00"))) as desk:
        announcer = announcer_for(desk.store)
        desk.services["announcer"] = announcer
        pane = SyncPane(desk)
        qtbot.addWidget(pane)
        with qtbot.waitExposed(pane):
            pane.show()
        pane.focus_first()
        assert pane.empty.isVisible()
        assert "hub join" in pane.empty.hint.text()
        assert not child(pane, QPushButton, "sync-now").isVisible()
        pane.hide()
        announcer.close()
        announcer.deleteLater()


# -- the window's own runs ---------------------------------------------------------------------------------------------


@pytest.fixture
def syncing(qtbot: QtBot, desk: Desk) -> Iterator[Syncing]:
    parent = QObject()
    quiet = JobRunner(parent)
    made = Syncing(desk, quiet, parent)
    yield made
    made.close()
    quiet.close()
    parent.deleteLater()


def test_a_run_in_a_process_of_its_own_brings_what_others_wrote(
    qtbot: QtBot, syncing: Syncing, desk: Desk, fleet: Fleet
) -> None:
    fleet.add(2)
    fleet.write(2, "从二号席来")
    fleet.sync(2)
    told: list[str] = []
    syncing.progress.connect(lambda stage, done, whole: told.append(stage))
    with qtbot.waitSignal(syncing.ended, timeout=60_000) as ended:
        syncing.start()
    assert ended.args is not None
    assert ended.args[0], ended.args
    assert "收到 2" in ended.args[1]
    assert {"push", "pull"} <= set(told)
    assert not syncing.running
    assert desk.rows("log")[0].text("text") == "从二号席来"


def test_the_schedule_begins_a_run_by_itself(qtbot: QtBot, syncing: Syncing, desk: Desk, fleet: Fleet) -> None:
    fleet.clocks[1].advance(2 * 60 * 60_000)
    with qtbot.waitSignal(syncing.ended, timeout=60_000):
        syncing.look()
    assert peers.runs(desk.store, "sync")[0].state == peers.DONE
    qtbot.waitUntil(lambda: not syncing._looking)


def test_a_hub_that_is_down_is_a_sentence(qtbot: QtBot, syncing: Syncing, fleet: Fleet) -> None:
    fleet.server.crash()
    try:
        with qtbot.waitSignal(syncing.ended, timeout=60_000) as ended:
            syncing.start()
    finally:
        fleet.server.start()
    assert ended.args is not None
    assert not ended.args[0]
    assert "连不上中心库" in ended.args[1]
