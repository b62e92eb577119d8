"""The pane 同步 by keys, and a run of the window in a process of its own against a real hub."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QInputDialog, QLabel, QPushButton, QTreeWidget
from pytestqt.qtbot import QtBot

from dutydesk.core.clock import FixedClock, parse_iso
from dutydesk.core.errors import Unavailable
from dutydesk.core.ids import new_id
from dutydesk.features import FEATURES, schema
from dutydesk.journal import inbox, peers
from dutydesk.journal.desk import Desk, Me
from dutydesk.qt.announcer import announcer_for
from dutydesk.qt.dialogs import Sentence
from dutydesk.qt.jobs import JobRunner
from dutydesk.shell.rejoining import Rejoining
from dutydesk.shell.syncing import Syncing
from dutydesk.sync import bundlekeys, joining, keys, planning, protocol
from dutydesk.sync.hub import Hub
from dutydesk.sync.rejoin import WANTED
from dutydesk.transfer.pane import SyncPane
from tests.desks import a_desk
from tests.sync.cities import add, log
from tests.sync.fleet import PASSWORD, Fleet

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


def test_it_shows_peers_runs_what_came_and_what_was_kept_out(
    qtbot: QtBot, pane: SyncPane, desk: Desk, fleet: Fleet
) -> None:
    nothing = {key: ["无|"] for key in ("隔离的外来记录", "对端", "上次收到", "同步记录", "其他席位")}
    assert lines(pane) == nothing
    other = fleet.add(2, name="二号席")
    fleet.write(2, "从二号席来")
    fleet.sync(2)
    planning.go(desk)
    from dutydesk.sync import record

    held = record.parcels(other, (other.config.desk_id, 1), 0, 2, 10, 2**20)[1][0]
    inbox.set_aside(desk.store, replace(held, act_id=new_id(1)), "与席位的签名不符")
    pane.refresh()
    told = lines(pane)
    assert told["上次收到"] == ["D2 二号席|2 条"]
    assert told["隔离的外来记录"] == ["D2 二号席 #2|值班日志 D2-2026-0001 从二号席来——与席位的签名不符"]
    assert told["其他席位"] == ["D2 二号席|共 2 次操作，最近一次"]
    assert told["同步记录"][0].startswith("成功|上传")
    assert told["对端"][0].startswith("中心库")
    assert "D2 二号席" in child(pane, QLabel, "sync-came").text()
    assert [item.ledger for item in desk.open_items() if item.title == "有外来记录被隔离"] == ["sync"]
    qtbot.keyClick(pane, Key.Key_F8)
    (asked,) = pane.findChildren(QInputDialog)
    assert asked.isVisible()
    asked.reject()
    pane._settle("")
    (refused,) = pane.findChildren(Sentence)
    assert "原因" in refused.text.text()
    refused.yes.click()
    assert child(pane, QPushButton, "sync-settle").isVisible(), "not without a reason"
    pane._settle("已打电话给二号席，是试验")
    assert not child(pane, QPushButton, "sync-settle").isVisible()
    assert [item for item in desk.open_items() if item.title == "有外来记录被隔离"] == []
    assert lines(pane)["隔离的外来记录"], "it stays where it is"
    assert desk.rows("audit")[0].text("reason") == "已打电话给二号席，是试验"


def test_who_gets_bundles_is_a_peer_with_what_it_lacks(pane: SyncPane, desk: Desk, fleet: Fleet) -> None:
    other = fleet.add(2, enrol=False, name="二号席")
    bundlekeys.remember(desk.store, bundlekeys.own_card(other))
    pane.refresh()
    own = desk.store.position()[0]
    assert lines(pane)["对端"] == [f"二号席|用数据包：待带走 {own} 条"]
    holds = [[desk.config.desk, 1, own, "00" * 32]]
    bundlekeys.remember(desk.store, bundlekeys.own_card(other), holds=holds, heard_at=desk.clock.now())
    log(desk.store, "又一条")
    pane.refresh()
    assert lines(pane)["对端"] == ["二号席|用数据包：待带走 1 条"]
    bundlekeys.revoke(desk.store, {other.config.desk_id: {1: 1}})
    pane.refresh()
    assert lines(pane)["对端"] == ["无|"]


def test_a_narrow_pane_puts_its_buttons_above_the_trouble_and_not_onto_it(
    qtbot: QtBot, pane: SyncPane, desk: Desk
) -> None:
    number = peers.begin_run(desk.store, "sync")
    peers.end_run(desk.store, number, peers.FAILED, {"error": "连不上中心库：示例"})
    place = f"fork/{'0' * 32}/{desk.config.desk}/1"
    peers.remember(desk.store, {place: {"common": 1, "mine": 5, "theirs": 3, "own": True}})
    pane.refresh()
    pane.resize(420, 640)
    qtbot.waitUntil(lambda: pane.head.geometry().bottom() < pane.problem.geometry().top())
    shown = [one for one in pane.head.findChildren(QPushButton) if one.isVisible()]
    lowest = max(one.mapTo(pane, one.rect().bottomLeft()).y() for one in shown)
    assert lowest <= pane.head.geometry().bottom()


def test_a_line_that_has_no_room_is_read_whole_by_keys(qtbot: QtBot, pane: SyncPane, desk: Desk) -> None:
    place = f"fork/{'0' * 32}/{desk.config.desk}/1"
    peers.remember(desk.store, {place: {"common": 1, "mine": 5, "theirs": 3, "own": True}})
    pane.resize(620, 560)
    pane.refresh()
    whole = child(pane, QLabel, "sync-whole")
    assert not whole.isVisible()
    pane.focus_first()
    assert "按“并回”补上" in whole.text()
    assert whole.isVisible()
    peers.remember(desk.store, {f"{place}1": {"common": 1, "mine": 2, "theirs": 3, "own": True}})
    pane.refresh()
    assert whole.isVisible(), "the list has changed, and the line is still the current one"
    pane.resize(1600, 560)
    qtbot.waitUntil(lambda: not whole.isVisible())


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
    assert [keys for _text, keys, _run in pane.commands()] == ["F10", "F7", "F8", "Ctrl+F6", "F9", "Shift+F6", "F6"]


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
        assert "登记卡" in pane.empty.hint.text()
        assert not child(pane, QPushButton, "sync-now").isVisible()
        pane.hide()
        announcer.close()
        announcer.deleteLater()


def test_a_desk_joins_from_its_window_and_syncs_at_once(qtbot: QtBot, fleet: Fleet, tmp_path: Path, qapp: Any) -> None:
    store = fleet.add(2, schema=schema(), enrol=False, name="二号席")
    desk = Desk(store, store.clock, Me("cli", "示例甲"), FEATURES)
    runs = Told()
    announcer = announcer_for(store)
    desk.services.update(syncing=runs, announcer=announcer)
    pane = SyncPane(desk)
    qtbot.addWidget(pane)
    with qtbot.waitExposed(pane):
        pane.show()
    card, note = tmp_path / "二号席.card", tmp_path / "二号席.txt"
    pane.empty.write_card(card)
    login = f"{fleet.database}_joined"
    with Hub.connect(fleet.owner_url) as hub:
        hub.enrol(keys.read_card(card.read_bytes()), login, PASSWORD)
    note.write_text("not an address\n", encoding="utf-8")
    pane.empty.read_file(note)
    assert pane.empty.isVisible(), "a file that is none changes nothing"
    joining.write_secret(note, fleet.server.url(fleet.database, login), PASSWORD)
    pane.empty.read_file(note)
    assert runs.asked == [False], "the first run begins by itself"
    assert not pane.empty.isVisible()
    runs.end(ok=True, text="")
    assert planning.go(desk).ok
    pane.refresh()
    assert child(pane, QLabel, "sync-good").text() != "从未"
    pane.hide()
    announcer.close()
    announcer.deleteLater()


def test_a_wrong_password_is_mended_by_keys_in_the_window(
    qtbot: QtBot, pane: SyncPane, runs: Told, desk: Desk, fleet: Fleet, tmp_path: Path
) -> None:
    again = child(pane, QPushButton, "sync-enrol")
    assert not again.isVisible(), "not while all is well"
    protocol.remember_login(desk.store, desk.config.hub, "wrong")
    with pytest.raises(Unavailable, match="重新给登记文件"):
        planning.go(desk)
    pane.refresh()
    assert again.isVisible()
    assert "本机照常记事" in child(pane, QLabel, "sync-calm").text()
    qtbot.keyClick(pane, Key.Key_F6, Mod.ControlModifier)
    assert pane.empty.isVisible()
    assert pane.empty.sentence.text() == "重新接入中心库"
    qtbot.keyClick(pane, Key.Key_Escape)
    assert not pane.empty.isVisible()
    qtbot.keyClick(pane, Key.Key_F6, Mod.ControlModifier)
    note = tmp_path / "一号席.txt"
    joining.write_secret(note, desk.config.hub, PASSWORD)
    pane.empty.read_file(note)
    assert runs.asked == [False], "a run begins by itself"
    assert not pane.empty.isVisible()
    runs.end(ok=True, text="")
    assert planning.go(desk).ok
    pane.refresh()
    assert not again.isVisible()


def test_a_hub_that_the_command_line_joined_counts_in_an_open_window(pane: SyncPane, desk: Desk, fleet: Fleet) -> None:
    before = desk.config.hub
    told = replace(desk.config, hub="")
    desk.store.config = told
    assert desk.config.hub == ""
    pane.refresh()
    assert desk.config.hub == before, "desk.toml is looked at again"


def test_after_a_fork_the_branch_is_taken_back_at_the_next_start(qtbot: QtBot, pane: SyncPane, desk: Desk) -> None:
    assert not child(pane, QPushButton, "sync-rejoin").isVisible()
    place = f"fork/{'0' * 32}/{desk.config.desk}/1"
    peers.remember(desk.store, {place: {"common": 1, "mine": 5, "theirs": 3, "own": True}})
    pane.refresh()
    assert lines(pane)["分叉"] == [
        "D1 一号席|从 #2 起另一台同号机器也在记：本机这 4 次操作其他席位看不到，按“并回”补上"
    ]
    qtbot.keyClick(pane, Key.Key_F7)
    (asked,) = pane.findChildren(Sentence)
    asked.no.click()
    assert desk.store.state(WANTED) == ""
    qtbot.keyClick(pane, Key.Key_F7)
    pane.findChildren(Sentence)[-1].yes.click()
    assert desk.store.state(WANTED) == "1"
    assert not pane.isVisible()


def test_the_window_takes_it_back_in_a_process_of_its_own(qtbot: QtBot, fleet: Fleet, qapp: Any) -> None:
    fleet.add(1, schema=schema())
    log(fleet.stores["1"], "共同的")
    fleet.sync(1)
    fleet.close_desk("1")
    fleet.copy("1", "1-clone")
    fleet.open("1", schema())
    log(fleet.stores["1"], "原机")
    log(fleet.open("1-clone", schema()), "克隆")
    fleet.sync(1)
    fleet.sync("1-clone")
    home = fleet.stores["1-clone"].home
    fleet.close_desk("1-clone")
    dialog = Rejoining(home, None)
    qtbot.addWidget(dialog)
    dialog.open()
    qtbot.waitUntil(dialog.go.isEnabled, timeout=60_000)
    assert "已并回 1 次操作" in dialog.text.text()
    with qtbot.waitSignal(dialog.settled):
        dialog.go.click()
    clone = fleet.open("1-clone", schema())
    assert fleet.sync("1-clone").ok
    assert sorted(row.text("text") for row in Desk(clone, clone.clock, Me(), FEATURES).rows("log")) == [
        "克隆", "共同的", "原机",
    ]  # fmt: skip


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


def test_a_desk_without_a_hub_takes_back_what_a_bundle_told_of(qtbot: QtBot, tmp_path: Any) -> None:
    with a_desk(tmp_path / "desk", FixedClock(parse_iso("2026-06-18 22:00"))) as desk:
        announcer = announcer_for(desk.store)
        desk.services["announcer"] = announcer
        place = f"fork/bundle/{desk.config.desk}/1"
        peers.remember(desk.store, {place: {"common": 1, "mine": 5, "theirs": 3, "own": True}})
        pane = SyncPane(desk)
        qtbot.addWidget(pane)
        with qtbot.waitExposed(pane):
            pane.show()
        assert pane.empty.isVisible(), "it still belongs to no hub"
        assert "按“并回”补上" in lines(pane)["分叉"][0]
        assert [item.title for item in desk.open_items() if item.ledger == "sync"] == [
            "与另一台同号机器分叉，本机 4 次操作其他席位看不到"
        ]
        peers.remember(desk.store, {place: {"common": 1, "mine": 5, "theirs": 3, "own": True, "stays": True}})
        pane.refresh()
        assert "应由那一台并回" in lines(pane)["分叉"][0]
        assert [item for item in desk.open_items() if item.ledger == "sync"] == [], "not this machine's to do"
        qtbot.keyClick(pane, Key.Key_F7)
        pane.findChildren(Sentence)[-1].yes.click()
        assert desk.store.state(WANTED) == "1"
        announcer.close()
        announcer.deleteLater()


def test_what_another_desk_deleted_is_put_back_by_key(
    qtbot: QtBot, pane: SyncPane, runs: Told, desk: Desk, fleet: Fleet
) -> None:
    two = fleet.add(2, schema=schema(), name="二号席")
    units = [add(two, "units", name=f"示例单位{n}") for n in range(8)]
    fleet.sync(2)
    planning.go(desk)
    two.act("units.delete", [two.deletion("units", row) for row in units[:4]], by="cli")
    fleet.sync(2)
    planning.go(desk)
    pane.refresh()
    assert lines(pane)["另一台席位删掉的"] == ["D2 二号席|删了单位 4 条（共 8 条）：要放回按 F10，删得对按 F8"]
    (item,) = [item for item in desk.open_items() if "删了" in item.title]
    assert (item.title, item.severity, item.ledger) == ("D2 二号席 删了单位 4 条（共 8 条）", 2, "sync")
    assert item.due_at is not None, "it sounds"
    qtbot.keyClick(pane, Key.Key_F8)
    (asked,) = pane.findChildren(QInputDialog)
    assert asked.windowTitle() == "另一台席位删掉的"
    asked.reject()
    qtbot.keyClick(pane, Key.Key_F10)
    pane.findChildren(Sentence)[-1].yes.click()
    assert len(desk.rows("units")) == 8
    assert "另一台席位删掉的" not in lines(pane)
    assert not child(pane, QPushButton, "sync-back").isVisible()
    assert [item for item in desk.open_items() if "删了" in item.title] == []


def test_what_another_desk_deleted_may_be_right(
    qtbot: QtBot, pane: SyncPane, runs: Told, desk: Desk, fleet: Fleet
) -> None:
    body = {"desk": "02" * 16, "by": "cli", "acts": [["01" * 16, 1]], "ledgers": [["units", "单位", 4, 8]]}
    peers.remember(desk.store, {"gone/01": {**body, "first": 1, "last": 1, "at": 1}})
    pane.refresh()
    qtbot.keyClick(pane, Key.Key_F8)
    (asked,) = pane.findChildren(QInputDialog)
    asked.setTextValue("机构改革，问过二号席")
    asked.accept()
    assert desk.rows("audit")[0].text("reason") == "机构改革，问过二号席"
    assert not child(pane, QPushButton, "sync-settle").isVisible()
