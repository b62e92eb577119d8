"""The warnings pane by its keys: what is in force on top, typed, updated, lifted, copied, exported, printed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from dutydesk.core.clock import HOUR, MINUTE, FixedClock, parse_iso
from dutydesk.journal.desk import Desk
from dutydesk.qt.announcer import announcer_for
from dutydesk.warnings import service
from dutydesk.warnings.cap import read_alerts
from dutydesk.warnings.pane import WarningsPane
from dutydesk.warnings.pane_form import LiftSheet
from tests.warnings.typed import add_typed

NOW = parse_iso("2026-06-18 14:30")
TEXTS = {
    "identifier": "33010241600000_20260618140000",
    "type": "11B03",
    "colour": "ORANGE",
    "issuer": "示例区气象台",
    "areas": "凯旋街道、闸弄口街道",
    "issued_at": "2026-06-18 14:00",
    "ends_at": "2026-06-18 17:00",
    "text": "三小时内50毫米",
}
CTRL, ALT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier


@pytest.fixture
def pane(qtbot: Any, desk: Desk) -> Iterator[WarningsPane]:
    made = WarningsPane(desk)
    qtbot.addWidget(made)
    made.resize(1000, 600)
    made.show()
    made.activateWindow()
    qtbot.waitUntil(made.isActiveWindow)
    yield made
    made.hide()
    announcer_for(desk.store).close()


def press(key: Qt.Key, held: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    target = QApplication.focusWidget()
    assert target is not None
    QTest.keyClick(target, key, held)


def write(text: str) -> None:
    """Typed as an input method hands it over: QTest knows no key for a Chinese character."""
    for character in text:
        target = QApplication.focusWidget()
        assert target is not None
        QApplication.sendEvent(
            target, QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_unknown, Qt.KeyboardModifier.NoModifier, character)
        )


def typed(desk: Desk, **more: str) -> Any:
    return add_typed(desk, TEXTS | more)


def titles(pane: WarningsPane) -> list[str]:
    return [card.title for card in pane.list.cards]


def test_a_warning_is_typed_by_keys_alone(pane: WarningsPane, desk: Desk) -> None:
    assert pane.empty.sentence.text() == "还没有预警"
    pane.focus_first()
    press(Qt.Key.Key_N, CTRL)
    write("baoyu")
    press(Qt.Key.Key_Return)
    write("cheng")
    press(Qt.Key.Key_Return)
    write("示例区气象台")
    press(Qt.Key.Key_Return)
    write("凯旋街道")
    press(Qt.Key.Key_Tab)
    write("1402")
    press(Qt.Key.Key_Return)
    write("1800")
    press(Qt.Key.Key_Return, CTRL)
    (row,) = desk.rows("warnings")
    assert (row["type"], row["colour"], row["areas"]) == ("11B03", "ORANGE", "凯旋街道")
    assert row["issued_at"] == parse_iso("2026-06-18 14:02")
    assert row["ends_at"] == parse_iso("2026-06-18 18:00")
    assert pane.page.title.text() == "示例区气象台发布暴雨橙色预警[Ⅱ级/严重]"
    assert (pane.page.badge.tone, pane.page.badge.word) == ("orange", "橙色")
    assert pane.page.ending.text() == "生效中，至 18:00"
    assert pane.foot.text() == "已保存，已记入值班日志"
    assert desk.count("log") == 1


def test_what_is_missing_is_said_beside_its_field(pane: WarningsPane, desk: Desk) -> None:
    pane.begin()
    form = pane.form.form
    assert form is not None
    form.submit()
    assert {name for name, editor in form.editors.items() if editor.shown_problem} == {
        "type", "colour", "issuer", "areas",
    }  # fmt: skip
    for name in ("type", "colour", "issuer", "areas"):
        form.editors[name].set_text(TEXTS[name])
    form.editors["ends_at"].set_text("2026-06-18 13:00")
    form.submit()
    assert form.editors["ends_at"].shown_problem == "结束时间早于发布时间"
    assert desk.count("warnings") == 0
    form.editors["ends_at"].set_text("3小时后")
    form.submit()
    form.submit()
    assert desk.count("warnings") == 1
    assert desk.rows("warnings")[0]["ends_at"] == NOW + 3 * HOUR


def test_esc_keeps_a_draft_and_says_so(pane: WarningsPane, desk: Desk) -> None:
    pane.begin()
    assert pane.form.form is not None
    pane.form.form.editors["issuer"].set_text("示例区气象台")
    press(Qt.Key.Key_Escape)
    assert pane.foot.text() == "草稿已保留，Ctrl+N 接着填"
    pane.begin()
    assert pane.form.form.editors["issuer"].text() == "示例区气象台"
    assert pane.form.said.text() == "接着上次的草稿填"
    pane.form.empty.click()
    assert pane.form.form.editors["issuer"].text() == ""


def test_in_force_on_top_by_weight_and_filtered(pane: WarningsPane, desk: Desk, clock: FixedClock) -> None:
    typed(desk, identifier="Y", colour="YELLOW", type="11B14", areas="全区")
    typed(desk)
    typed(desk, identifier="OVER", type="11B17", issued_at="2026-06-18 10:00", ends_at="2026-06-18 11:00")
    typed(desk, identifier="T", type="11B06", status="TEST", colour="RED")
    pane.refresh()
    assert titles(pane) == [
        "生效 2 条",
        "暴雨 凯旋街道、闸弄口街道",
        "雷电 全区",
        "已结束",
        "大雾 凯旋街道、闸弄口街道",
    ]
    assert [card.badge_tone for card in pane.list.cards if card.key] == ["orange", "yellow", "orange"]
    assert [card.right for card in pane.list.cards if card.key] == ["至 17:00", "至 17:00", "已到期"]
    pane.which.setCurrentIndex(1)
    assert titles(pane)[0] == "生效 2 条"
    assert len(pane.list.cards) == 3
    pane.which.setCurrentIndex(2)
    assert titles(pane) == ["演练测试，不算生效", "大风 凯旋街道、闸弄口街道"]
    assert pane.page.ending.text() == "测试消息，不算生效，不上看板"
    assert not pane.page.buttons["lift"].isEnabled()
    clock.at = parse_iso("2026-06-18 17:00")
    pane.which.setCurrentIndex(1)
    assert pane.empty.sentence.text() == "现在没有生效的预警"


def test_lifted_by_keys(pane: WarningsPane, desk: Desk, clock: FixedClock) -> None:
    row = typed(desk)
    pane.refresh()
    clock.advance(10 * MINUTE)
    pane.focus_first()
    press(Qt.Key.Key_C, ALT)
    (sheet,) = pane.findChildren(LiftSheet)
    sheet.form.editors["at"].set_text("2026-06-18 13:00")
    sheet.form.submit()
    assert sheet.form.editors["at"].shown_problem == "解除时间早于发布时间"
    sheet.form.editors["at"].set_text("1435")
    sheet.form.submit()
    assert service.find(desk, row.id)["cancelled_at"] == NOW + 5 * MINUTE
    assert pane.page.state.word == "已解除"
    assert service.in_force(desk) == []


def test_an_update_takes_the_place(pane: WarningsPane, desk: Desk) -> None:
    old = typed(desk)
    pane.refresh()
    pane.focus_first()
    press(Qt.Key.Key_U, ALT)
    form = pane.form.form
    assert form is not None
    assert form.editors["issuer"].text() == "示例区气象台"
    assert form.editors["refers"].text() == TEXTS["identifier"]
    form.editors["colour"].set_text("RED")
    form.submit()
    assert [one.colour for one in service.in_force(desk)] == ["RED"]
    assert service.find(desk, old.id)["state"] == "SUPERSEDED"
    pane.show_row("warnings", old.id)
    assert pane.page.state.word == "已被更新"


def test_the_page_says_everything(pane: WarningsPane, desk: Desk) -> None:
    typed(desk, measures="撤离低洼地带")
    pane.refresh()
    from PySide6.QtWidgets import QLabel

    told = {
        found.objectName().removeprefix("warning-fact-"): found.text()
        for found in pane.page.findChildren(QLabel)
        if found.objectName().startswith("warning-fact-")
    }
    assert told["text"] == "三小时内50毫米"
    assert told["measures"] == "撤离低洼地带"
    assert told["criterion"].startswith("3小时内降雨量将达50毫米以上")
    assert told["areas"] == "凯旋街道、闸弄口街道"
    assert told["ends_at"] == "06-18 17:00"


def test_copied_as_one_line(pane: WarningsPane, desk: Desk) -> None:
    typed(desk)
    pane.refresh()
    pane.focus_first()
    press(Qt.Key.Key_C, CTRL)
    assert QGuiApplication.clipboard().text() == "【生效中】暴雨橙色 凯旋街道、闸弄口街道 至 17:00 示例区气象台"


def test_exported_and_printed(pane: WarningsPane, desk: Desk, tmp_path: Path) -> None:
    typed(desk)
    pane.refresh()
    pane.write_cap(tmp_path / "w.xml")
    (alert,) = read_alerts((tmp_path / "w.xml").read_bytes(), "w.xml").alerts
    assert alert.identifier == TEXTS["identifier"]
    seen: list[Any] = []
    desk.services["preview"] = lambda *told: seen.append(told)
    pane.print_sheet()
    assert seen[0][0].startswith(b"%PDF")
    assert seen[0][2] == "WARN"


def test_import_is_the_windows(pane: WarningsPane, desk: Desk) -> None:
    asked: list[Any] = []
    desk.services["import"] = lambda ledger, parent: asked.append((ledger, parent))
    pane.load.click()
    assert asked == [("warnings", pane)]


def test_what_others_write_is_seen_and_time_goes_on(
    pane: WarningsPane, desk: Desk, clock: FixedClock, qtbot: Any
) -> None:
    typed(desk)
    qtbot.waitUntil(lambda: titles(pane)[:1] == ["生效 1 条"])
    clock.advance(3 * HOUR)
    pane.refresh()
    assert titles(pane)[0] == "已结束"


def test_in_a_narrow_pane_list_and_page_take_turns(pane: WarningsPane, desk: Desk) -> None:
    typed(desk)
    pane.resize(500, 600)
    pane.refresh()
    pane.focus_first()
    assert (pane.side.isVisible(), pane.stack.isVisible()) == (True, False)
    press(Qt.Key.Key_Return)
    assert (pane.side.isVisible(), pane.stack.isVisible()) == (False, True)
    pane.page.back.click()
    assert pane.side.isVisible()
