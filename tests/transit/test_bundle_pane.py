"""The pane of bundles by keys: a stick is registered, a bundle goes out, one comes in, one waits for a person."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QLineEdit, QPushButton

from dutydesk.journal.desk import Desk
from dutydesk.qt.jobs import JobRunner
from dutydesk.sync import bundlekeys
from dutydesk.transit import service
from dutydesk.transit.pane import BundlesPane

Key, Mod = Qt.Key, Qt.KeyboardModifier
PATIENCE = 20_000


@pytest.fixture
def pane(qtbot: Any, desk: Desk, other: Desk) -> Iterator[BundlesPane]:
    bundlekeys.remember(desk.store, bundlekeys.own_card(other.store))
    runner = JobRunner()
    desk.services["jobs"] = runner
    made = BundlesPane(desk)
    qtbot.addWidget(made)
    made.resize(1100, 640)
    with qtbot.waitExposed(made):
        made.show()
    yield made
    runner.close()


def test_a_stick_is_registered_and_a_bundle_goes_out(qtbot: Any, pane: BundlesPane, desk: Desk, stick: Path) -> None:
    pane.tabs.setCurrentWidget(pane.media)
    pane.media.focus_first()
    qtbot.keyClick(pane.media, Key.Key_N, Mod.ControlModifier)
    name = pane.findChild(QLineEdit, "media-field-label")
    assert name is not None
    qtbot.keyClicks(name, "U-01")
    qtbot.keyClick(name, Key.Key_Return, Mod.ControlModifier)
    (medium,) = desk.rows("media")
    assert (medium["label"], medium["kind"], medium["by"]) == ("U-01", "STICK", "李示例")
    qtbot.keyClick(pane.media.view, Key.Key_F6)
    assert pane.bar.isVisible()
    folder = pane.findChild(QLineEdit, "bundles-folder")
    assert folder is not None
    assert folder.hasFocus()  # there is one receiver and one medium
    qtbot.keyClick(folder, Key.Key_Return)
    assert pane.bar.problem.text() == "没有这个文件夹"
    qtbot.keyClicks(folder, str(stick))
    with qtbot.waitSignal(desk.services["jobs"].idle, timeout=PATIENCE):
        qtbot.keyClick(folder, Key.Key_Return)
    assert [file.name for file in stick.glob("*.ddb")] == ["DD-330102-1.ddb"]
    assert not pane.bar.isVisible()
    assert "DD-330102-1.ddb" in pane.status.text()
    (row,) = desk.rows("bundles")
    assert (row["medium"], row["by"]) == (medium.id, "李示例")
    assert pane.history.ledger_model.rowCount() == 1


def test_a_stranger_is_accepted_by_the_fingerprint(
    qtbot: Any, pane: BundlesPane, desk: Desk, other: Desk, stick: Path
) -> None:
    from dutydesk.journal import peers

    bundlekeys.remember(other.store, bundlekeys.own_card(desk.store))
    peers.remember(desk.store, {bundlekeys.PEER + other.config.desk: None, "enrolled": None})
    (file,) = [one.file for one in service.export(other, stick).written]
    jobs = desk.services["jobs"]
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(file)), QUrl.fromLocalFile(str(stick / "letter.txt"))])
    drop = QDropEvent(
        QPointF(9, 9), Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    with qtbot.waitSignal(jobs.idle, timeout=PATIENCE):
        pane.dropEvent(drop)
    assert pane.tabs.currentWidget() is pane.held.view
    assert pane.tabs.tabText(1) == "待处理 1"
    assert pane.held.view.hasFocus()
    qtbot.keyClick(pane.held.view, Key.Key_Return, Mod.ControlModifier)
    answer = pane.findChild(QLineEdit, "bundles-print-answer")
    assert answer is not None
    assert answer.hasFocus()
    qtbot.keyClick(answer, Key.Key_Escape)
    assert not pane.ask.isVisible()
    qtbot.keyClick(pane.held.view, Key.Key_Return, Mod.ControlModifier)
    qtbot.keyClicks(answer, bundlekeys.own_card(other.store).fingerprint)
    with qtbot.waitSignal(jobs.idle, timeout=PATIENCE):
        qtbot.keyClick(answer, Key.Key_Return)
    assert service.held(desk) == []
    assert [row.text("result") for row in desk.rows("bundles") if row.text("direction") == "IN"] == ["DONE", "STRANGER"]
    assert pane.tabs.tabText(1) == "待处理"


def test_what_can_not_be_done_is_said(qtbot: Any, pane: BundlesPane, desk: Desk) -> None:
    qtbot.keyClick(pane.history, Key.Key_F6)
    button = pane.findChild(QPushButton, "bundles-export-ok")
    assert button is not None
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert pane.bar.problem.text() == "先在“介质”里登记U盘或光盘"
    qtbot.keyClick(pane.bar.folder, Key.Key_Escape)
    assert not pane.bar.isVisible()
    pane.decide()
    assert pane.status.text() == "没有等着处理的数据包"
    assert {key for _text, key, _run in pane.commands()} >= {"F6", "F7", "F8", "Shift+F8"}
    del desk.services["jobs"]
    pane.take(["x.ddb"])
    assert pane.status.text() == "这里不能收发数据包"
