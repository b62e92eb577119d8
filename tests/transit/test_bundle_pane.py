"""The pane of bundles by keys: a stick is registered, a bundle goes out, one comes in, one waits for a person."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QApplication, QDialog, QFileDialog, QLineEdit, QPushButton

from dutydesk.journal.desk import Desk
from dutydesk.qt.jobs import JobRunner
from dutydesk.qt.listview import LedgerView
from dutydesk.sync import age, bundlekeys
from dutydesk.transit import media, report, service
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
    assert pane.bar.problem.text() == "写明写到哪个文件夹"
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


def test_a_stick_is_issued_marked_and_comes_back(qtbot: Any, pane: BundlesPane, desk: Desk, stick: Path) -> None:
    medium = media.add_medium(desk, {"label": "U-01", "kind": "STICK"})
    pane.tabs.setCurrentWidget(pane.media)
    qtbot.waitUntil(lambda: pane.media.model.rowCount() == 1)
    pane.media.focus_list()
    qtbot.keyClick(pane.media.view, Key.Key_F9)
    holder = pane.findChild(QLineEdit, "media-field-holder")
    assert holder is not None
    qtbot.keyClick(holder, Key.Key_Return, Mod.ControlModifier)
    assert desk.count("media_moves") == 0  # nobody takes it: said beside the field
    holder.setText("李示例")
    qtbot.keyClick(holder, Key.Key_Return, Mod.ControlModifier)
    assert pane.media.status.text() == "U-01：已登记领用"
    (row,) = desk.rows("media")
    assert (row["state"], row["holder"]) == ("LENT", "李示例")
    qtbot.waitUntil(lambda: pane.media.head.note.text() == "1 个，外带 1 个")
    qtbot.waitUntil(lambda: pane.media.model.rowCount() == 1 and pane.media.view.current_row()["state"] == "LENT")
    pane.media.mark(str(stick))
    assert media.medium_at(desk, stick) == medium
    qtbot.keyClick(pane.media.view, Key.Key_F9)
    holder = pane.findChild(QLineEdit, "media-field-holder")
    assert holder is not None
    qtbot.keyClick(holder, Key.Key_Return, Mod.ControlModifier)  # back is what comes next
    assert [row.text("what") for row in desk.rows("media_moves")] == ["RETURNED", "ISSUED"]
    pane.show_row("media_moves", desk.rows("media_moves")[0].id)
    assert pane.tabs.currentWidget() is pane.moves
    shown: list[tuple[Any, ...]] = []
    desk.services["preview"] = lambda *given: shown.append(given)
    pane.tabs.setCurrentWidget(pane.media)
    pane.media.focus_list()
    qtbot.keyClick(pane.media.view, Key.Key_P, Mod.ControlModifier)
    assert [given[2] for given in shown] == ["P19"]


def test_a_recovery_key_counts_when_it_was_read_back_from_paper(qtbot: Any, pane: BundlesPane, desk: Desk) -> None:
    dialogs: list[QDialog] = []

    def preview(_pdf: bytes, _title: str, _form: str, _about: str, _missing: object) -> QDialog:
        dialogs.append(QDialog(pane))
        return dialogs[-1]

    desk.services["preview"] = preview
    pane.tabs.setCurrentWidget(pane.openers)
    pane.openers.setFocus()
    answer = pane.findChild(QLineEdit, "bundles-keys-answer")
    assert answer is not None
    for _n in range(2):
        qtbot.keyClick(pane.openers.lines.view, Key.Key_N, Mod.ControlModifier)
        dialogs[-1].done(0)
        assert answer.hasFocus()
        if len(dialogs) == 1:
            qtbot.keyClick(answer, Key.Key_Escape)
            assert "销毁" in pane.status.text()
            assert bundlekeys.recovery(desk.store) == ()
    secret = pane.openers._secret
    qtbot.keyClicks(answer, "000000")
    qtbot.keyClick(answer, Key.Key_Return)
    assert "对不上" in pane.openers.ask.problem.text()
    qtbot.keyClicks(answer, secret[-6:])
    qtbot.keyClick(answer, Key.Key_Return)
    (key,) = bundlekeys.recovery(desk.store)
    assert age.recipient_of(secret) == key
    assert pane.openers._secret == ""
    view = pane.openers.lines.view
    view.setCurrentIndex(pane.openers.lines.model.index(2, 0))
    qtbot.keyClick(view, Key.Key_Delete)
    _confirm(qtbot, pane)
    assert bundlekeys.recovery(desk.store) == ()
    qtbot.keyClick(view, Key.Key_N, Mod.ControlModifier | Mod.ShiftModifier)
    qtbot.keyClicks(answer, key)
    qtbot.keyClick(answer, Key.Key_Return)
    assert bundlekeys.recovery(desk.store) == (key,)


def test_what_went_to_a_desk_that_is_gone_is_opened_from_paper(
    qtbot: Any, pane: BundlesPane, desk: Desk, other: Desk, stick: Path
) -> None:
    secret = age.new_secret()
    service.add_recovery(other, age.recipient_of(secret))
    bundlekeys.remember(other.store, bundlekeys.read_card(age.recipient_of(age.new_secret()).encode(), "已坏的席位"))
    (file,) = [one.file for one in service.export(other, stick, "已坏的席位").written]
    pane.tabs.setCurrentWidget(pane.openers)
    pane.openers.setFocus()
    qtbot.keyClick(pane.openers.lines.view, Key.Key_F7, Mod.ShiftModifier)
    answer = pane.findChild(QLineEdit, "bundles-keys-answer")
    assert answer is not None
    qtbot.keyClicks(answer, secret[:-1])
    qtbot.keyClick(answer, Key.Key_Return)
    assert pane.openers.ask.problem.text()
    qtbot.keyClicks(answer, report.grouped(secret))
    qtbot.keyClick(answer, Key.Key_Return)
    dialog = pane.findChild(QFileDialog, "bundles-files")
    assert dialog is not None
    assert answer.text() == ""
    with qtbot.waitSignal(desk.services["jobs"].idle, timeout=PATIENCE):
        dialog.filesSelected.emit([str(file)])
    dialog.close()
    assert "收下" in pane.status.text()
    assert [row.text("result") for row in desk.rows("bundles")] == ["DONE"]
    pane.check([str(file)])
    qtbot.waitUntil(lambda: "与登记一致" in pane.status.text(), timeout=PATIENCE)


def _confirm(qtbot: Any, pane: BundlesPane) -> None:
    dialog = next(one for one in pane.window().findChildren(QDialog) if one.isVisible())
    dialog.accept()
    qtbot.waitUntil(lambda: not dialog.isVisible())


def test_a_desk_is_shut_out_and_let_in_again(qtbot: Any, pane: BundlesPane, desk: Desk, other: Desk) -> None:
    pane.tabs.setCurrentWidget(pane.peers.view)
    pane.peers.view.setFocus()
    for shut in (True, False):
        qtbot.keyClick(pane.peers.view, Key.Key_Delete)
        _confirm(qtbot, pane)
        assert (other.config.desk_id in bundlekeys.revoked(desk.store)) is shut
    assert pane.status.text() == "已恢复 二号席"


def test_a_key_comes_as_a_text(qtbot: Any, pane: BundlesPane, desk: Desk) -> None:
    pane.tabs.setCurrentWidget(pane.peers.view)
    pane.peers.view.setFocus()
    answer = pane.findChild(QLineEdit, "bundles-print-answer")
    assert answer is not None
    qtbot.keyClick(pane.peers.view, Key.Key_N, Mod.ControlModifier)
    answer.setText("nonsense")
    qtbot.keyClick(answer, Key.Key_Return)
    assert "公钥" in pane.ask.problem.text()
    answer.setText(age.recipient_of(age.new_secret()))
    qtbot.keyClick(answer, Key.Key_Return)
    answer.setText("市档案馆")
    qtbot.keyClick(answer, Key.Key_Return)
    assert [one.name for one in service.receivers(desk)] == ["二号席", "市档案馆"]
    assert not pane.ask.isVisible()


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


def test_what_came_of_files_is_said_whole(qtbot: Any, pane: BundlesPane, desk: Desk, other: Desk, stick: Path) -> None:
    """A sentence for each, its note with it; and why something waits still, where nothing came for it."""
    bundlekeys.remember(other.store, bundlekeys.own_card(desk.store))
    jobs = desk.services["jobs"]
    files = [service.export(other, stick, since="last").written[0].file for _n in range(2)]
    other.store.clock.advance(90 * 60_000)  # pyright: ignore[reportAttributeAccessIssue]
    files.append(service.export(other, stick, since="last").written[0].file)
    other.store.clock.advance(-90 * 60_000)  # pyright: ignore[reportAttributeAccessIssue]
    with qtbot.waitSignal(jobs.idle, timeout=PATIENCE):
        pane.take([str(files[1]), str(files[2])])
    first, second = pane.status.text().splitlines()
    assert first.startswith(f"{files[1].name}：前面的数据包还没有到，缺 二号席 第 1–")
    assert second.endswith("；对方时钟比本机快 90 分钟，已照收；请两边对表")
    assert pane.status.wordWrap()
    pane.tabs.setCurrentWidget(pane.held.view)
    with qtbot.waitSignal(jobs.idle, timeout=PATIENCE):
        qtbot.keyClick(pane.held.view, Key.Key_Return, Mod.ControlModifier)
    assert pane.status.text().startswith("还在等。前面的数据包还没有到")
    with qtbot.waitSignal(jobs.idle, timeout=PATIENCE):
        pane.take([str(files[0])])
    assert len(pane.status.text().splitlines()) == 3
    assert service.held(desk) == []


def test_ctrl_tab_leads_from_list_to_list(qtbot: Any, pane: BundlesPane, desk: Desk) -> None:
    media.add_medium(desk, {"label": "U-01", "kind": "STICK"})
    pane.focus_first()
    seen: list[str] = []
    for _n in range(pane.tabs.count()):
        focus = QApplication.focusWidget()
        assert isinstance(focus, LedgerView), focus
        assert pane.tabs.currentWidget().isAncestorOf(focus) or pane.tabs.currentWidget() is focus
        seen.append(pane.tabs.tabText(pane.tabs.currentIndex()))
        qtbot.keyClick(focus, Key.Key_Tab, Mod.ControlModifier)
    assert seen == ["收发记录", "待处理", "对方", "介质", "领用归还", "密钥"]
    pane.tabs.tabBar().setFocus()
    qtbot.keyClick(pane.tabs.tabBar(), Key.Key_Right)
    assert pane.tabs.tabBar().hasFocus()
