"""The pane 纸质单 by keys: a stack is printed, the lights go out, what was written is typed, the sheet P18 is shown."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit, QPushButton
from pytestqt.qtbot import QtBot

from dutydesk.core.clock import FixedClock
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Row
from dutydesk.papers import outages, service
from dutydesk.papers.pane import PapersPane
from dutydesk.qt.dialogs import Sentence
from tests.papers.conftest import BEGUN, CALL, ENDED
from tests.plaindesk import Window, pages_of, text_of

Key, Mod = Qt.Key, Qt.KeyboardModifier


@pytest.fixture
def pane(qtbot: QtBot, desk: Desk, window: Window) -> Iterator[PapersPane]:
    made = PapersPane(desk)
    qtbot.addWidget(made)
    made.resize(1_000, 640)
    with qtbot.waitExposed(made):
        made.show()
    yield made
    made.hide()


def child(pane: PapersPane, name: str, kind: type[Any] = QLineEdit) -> Any:
    found = pane.findChild(kind, name)
    assert found is not None, name
    return found


def fill(pane: PapersPane, **texts: str) -> None:
    """Texts into the form that is open; Chinese is not typed by keys here."""
    tab = pane.papers if pane.papers.isVisible() else pane.outages
    assert tab.form is not None
    for name, text in texts.items():
        tab.form.editors[name].set_text(text)


def save(qtbot: QtBot, pane: PapersPane) -> None:
    tab = pane.papers if pane.papers.isVisible() else pane.outages
    assert tab.form is not None
    qtbot.keyClick(tab.form.focusWidget() or tab.form, Key.Key_Return, Mod.ControlModifier)


def shows(pane: PapersPane, tab: str) -> bool:
    return pane.tabs.tabText(1) == tab


def gone(pane: PapersPane) -> bool:
    return pane.findChild(Sentence) is None


def choose(pane: PapersPane, number: str) -> None:
    assert pane.papers.view.show_row(service.find(pane.desk, number).id)
    pane.papers.view.setFocus()


def test_a_night_without_electricity_by_keys(
    qtbot: QtBot, pane: PapersPane, desk: Desk, window: Window, clock: FixedClock
) -> None:
    pane.focus_first()
    view = pane.papers.view
    qtbot.keyClick(pane.papers, Key.Key_N, Mod.ControlModifier)
    fill(pane, count="3")
    save(qtbot, pane)
    assert window.previews[0]["form"] == "P02"
    assert window.previews[0]["about"] == "纸-2026-0001–0003"
    assert len(pages_of(window.previews[0]["pdf"])) == 3
    assert pane.papers.model.rowCount() == 3
    assert pane.papers.head.note.text() == "未用 3 张，补录中 0 张"

    clock.at = BEGUN
    pane.toggle_outage()
    assert pane.outages.form is not None
    fill(pane, text="进线跳闸")
    save(qtbot, pane)
    qtbot.waitUntil(partial(shows, pane, "停电 2026-11-22 02:10 起"))
    clock.at = ENDED
    qtbot.keyClick(pane.outages.view, Key.Key_F9)
    fill(pane, measures="手工记录")
    save(qtbot, pane)
    (outage,) = desk.rows("outages")
    assert (outage["starts_at"], outage["ends_at"], outage["measures"]) == (BEGUN, ENDED, "手工记录")
    assert [row["text"] for row in desk.rows("log", order="no")] == ["停电开始：进线跳闸", "停电恢复，历时 25 分钟"]

    pane.show_row("papers", service.find(desk, "1").id)
    qtbot.keyClick(view, Key.Key_Return)
    time = child(pane, "papers-field-happened_at")
    assert time.hasFocus()
    qtbot.keyClicks(time, "0215")
    fill(pane, text="小区停电", written_by="赵示例")
    save(qtbot, pane)
    assert pane.papers.form is not None, "the next line of the same sheet"
    assert pane.papers.form.editors["written_by"].text() == "赵示例"
    assert pane.papers.head.note.text() == "未用 2 张，补录中 1 张"
    fill(pane, happened_at="0220", text="已转供电公司", last="1")
    save(qtbot, pane)
    assert pane.papers.form is None
    assert service.state_text(service.find(desk, "1")) == "已补录 2 条"
    assert [row["late"] for row in desk.rows("log", order="no")] == [None, None, 1, 1]
    assert pane.papers.model.rowCount() == 2, "what is typed is not in the way"

    choose(pane, "2")
    qtbot.keyClick(view, Key.Key_A, Mod.ControlModifier)
    qtbot.keyClick(view, Key.Key_F8)
    fill(pane, reason="清点，没有用")
    save(qtbot, pane)
    assert [row["state"] for row in desk.rows("papers")] == ["TYPED", "VOID", "VOID"]
    assert pane.papers.status.text() == "已作废 2 张"

    pane.show_row("outages", outage.id)
    qtbot.keyClick(pane.outages.view, Key.Key_P, Mod.ControlModifier)
    assert window.previews[-1]["form"] == "P18"
    assert window.previews[-1]["about"] == outages.about(outage)
    assert "已转供电公司" in text_of(window.previews[-1]["pdf"])


def test_the_same_again_is_asked_about(qtbot: QtBot, pane: PapersPane, desk: Desk, outage: Row) -> None:
    service.type_entry(desk, "1", CALL, written_by="赵示例", last=True)
    choose(pane, "2")
    for yes in (False, True):
        if pane.papers.form is None:
            qtbot.keyClick(pane.papers.view, Key.Key_F6)
            fill(pane, happened_at="0215", text=str(CALL["text"]), written_by="王示例")
        save(qtbot, pane)
        dialog = pane.findChild(Sentence)
        assert dialog is not None
        assert "日志里已有同一条" in dialog.text.text()
        with qtbot.waitSignal(dialog.answered):
            (dialog.yes if yes else dialog.no).click()
        qtbot.waitUntil(partial(gone, pane))
        assert bool(service.find(desk, "2").get("row")) is yes
    assert len([row for row in desk.rows("log") if row["text"] == CALL["text"]]) == 2


def test_an_incident_and_what_cannot_be(qtbot: QtBot, pane: PapersPane, desk: Desk, outage: Row) -> None:
    choose(pane, "1")
    qtbot.keyClick(pane.papers.view, Key.Key_F6, Mod.ShiftModifier)
    assert pane.papers.status.text() == "只有电话记录表能补录成接报"
    choose(pane, "4")
    qtbot.keyClick(pane.papers.view, Key.Key_F6, Mod.ShiftModifier)
    fill(pane, received_at="0218", happened_at="0212", place="示例路隧道", text="冒烟")
    fill(pane, type="12G07")
    save(qtbot, pane)
    assert pane.papers.form is not None
    assert pane.papers.form.editors["written_by"].shown_problem, "who wrote it is asked for"
    fill(pane, written_by="赵示例")
    save(qtbot, pane)
    assert service.find(desk, "4")["state"] == "TYPED", "a telephone record has one matter"
    assert desk.count("incidents") == 1
    choose(pane, "5")
    qtbot.keyClick(pane.papers.view, Key.Key_F7)
    assert "还没有补录" in pane.papers.status.text()


def test_what_was_begun_comes_back(qtbot: QtBot, pane: PapersPane, desk: Desk, outage: Row) -> None:
    choose(pane, "1")
    qtbot.keyClick(pane.papers.view, Key.Key_F6)
    fill(pane, text="写到一半", written_by="赵示例")
    assert pane.papers.form is not None
    pane.papers.form.put_aside()
    assert pane.papers.form is None
    choose(pane, "2")
    qtbot.keyClick(pane.papers.view, Key.Key_F6)
    assert pane.papers.form.editors["text"].text() == "", "another sheet has its own"
    pane.papers.form.put_aside()
    choose(pane, "1")
    qtbot.keyClick(pane.papers.view, Key.Key_F6)
    assert pane.papers.form.editors["text"].text() == "写到一半"
    fill(pane, happened_at="0215")
    save(qtbot, pane)
    assert pane.papers.form.editors["text"].text() == "", "saved, the draft is gone"
    qtbot.keyClick(pane.papers.form, Key.Key_F7)
    assert service.find(desk, "1")["state"] == "TYPED"


def test_a_copy_and_a_void_sheet(qtbot: QtBot, pane: PapersPane, desk: Desk, window: Window, outage: Row) -> None:
    choose(pane, "2")
    qtbot.keyClick(pane.papers.view, Key.Key_F9)
    assert "副本" in text_of(window.previews[-1]["pdf"])
    assert window.previews[-1]["about"] == "纸-2026-0002 副本"
    service.void(desk, ["3"], "受潮")
    pane.papers.drop_filters()
    choose(pane, "3")
    qtbot.keyClick(pane.papers.view, Key.Key_Return)
    assert pane.papers.form is None
    assert pane.papers.status.text() == "纸-2026-0003 已作废"
    qtbot.keyClick(pane.papers.view, Key.Key_F9)
    assert pane.papers.status.text() == "纸-2026-0003 已作废"


def test_no_key_twice_and_no_import(pane: PapersPane) -> None:
    assert pane.findChild(QPushButton, "papers-import") is None
    assert not [text for text, _key, _run in pane.commands() if "导入" in text]
    for tab in (0, 1):
        pane.tabs.setCurrentIndex(tab)
        keys = [key for _text, key, _run in pane.commands() if key]
        assert len(keys) == len(set(keys))
        assert {"F8", "F9", "Ctrl+N"} <= set(keys)
