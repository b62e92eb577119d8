"""The rain pane as an officer uses it: by keys, with files that come while it is open."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QToolButton, QWidget

from dutydesk.core.clock import HOUR, MINUTE, FixedClock
from dutydesk.journal import attachments
from dutydesk.journal.desk import Desk
from dutydesk.qt import dialogs, theme
from dutydesk.qt.announcer import announcer_for
from dutydesk.rain.lists import DAY, LAST, NAME, SIGNAL, TREND
from dutydesk.rain.lists import HOUR as HOUR_COLUMN
from dutydesk.rain.pane import RainPane
from tests.rain.gauges import LAST as LAST_SAMPLE
from tests.rain.gauges import rain_file

STORM = [0.0] * 24 + [5.0] * 12
"""60 mm in the last hour: orange."""
RAIN = [0.5] * 24 + [1.0] * 12
DRY = [0.0] * 36


@pytest.fixture
def pane(desk: Desk, qtbot: Any) -> Iterator[RainPane]:
    made = RainPane(desk)
    qtbot.addWidget(made)
    made.resize(1100, 640)
    with qtbot.waitExposed(made):
        made.show()
    qtbot.waitUntil(lambda: made.chart is not None)
    made.focus_first()
    yield made
    announcer_for(desk.store).close()


@pytest.fixture
def night(bring: Any) -> None:
    bring(rain_file({"清波站": DRY, "彭埠站": STORM, "九堡站": [*RAIN[:-1], None]}))


def cells(pane: RainPane, column: int) -> list[str]:
    return [pane.model.index(row, column).data() for row in range(pane.model.rowCount())]


def text(pane: RainPane, name: str) -> str:
    found = pane.findChild(QWidget, name)
    assert found is not None, name
    return found.text()  # pyright: ignore[reportAttributeAccessIssue]


def test_an_empty_desk_says_what_to_do_next(desk: Desk, qtbot: Any) -> None:
    asked: list[tuple[str, Any]] = []
    desk.services["import"] = lambda ledger, parent: asked.append((ledger, parent))
    pane = RainPane(desk)
    qtbot.addWidget(pane)
    with qtbot.waitExposed(pane):
        pane.show()
    qtbot.waitUntil(pane.isActiveWindow)
    pane.focus_first()
    assert pane.empty.isVisible()
    assert "导入" in pane.empty.hint.text()
    qtbot.keyClick(pane.empty.button, Qt.Key.Key_Space)
    qtbot.keyClick(pane.empty.button, Qt.Key.Key_I, Qt.KeyboardModifier.ControlModifier)
    assert asked == [("rain", pane), ("rain", pane)]
    announcer_for(desk.store).close()


@pytest.mark.usefixtures("night")
def test_the_list_is_worst_first_in_words(pane: RainPane) -> None:
    assert cells(pane, NAME) == ["彭埠站", "九堡站", "清波站"]
    assert cells(pane, SIGNAL) == ["橙", "", ""]
    assert cells(pane, HOUR_COLUMN) == ["60.0", "≥11.0", "0.0"]
    assert cells(pane, TREND) == ["↑ 增强", "", "→ 持平"]
    assert cells(pane, DAY) == ["≥60.0", "≥23.0", "≥0.0"]
    assert cells(pane, LAST) == ["14:30", "14:25", "14:30"]
    assert text(pane, "rain-note") == "3 站 · 最新 14:30 · 1 小时 20 mm 以上 1 站"
    tester = QAbstractItemModelTester(pane.model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    pane.refresh()
    assert tester.model() is pane.model


@pytest.mark.usefixtures("night")
def test_the_arrow_keys_choose_the_gauge_that_is_shown(pane: RainPane, qtbot: Any) -> None:
    assert (text(pane, "rain-name"), text(pane, "rain-sum-1"), text(pane, "rain-grade-1")) == (
        "彭埠站",
        "60.0",
        "短时强降水",
    )
    assert (text(pane, "rain-grade-3"), text(pane, "rain-grade-24")) == ("达橙色", "暴雨")
    assert pane.badge.isVisible()
    assert pane.badge.word == "橙"
    qtbot.keyClick(pane.view, Qt.Key.Key_Down)
    assert (text(pane, "rain-name"), text(pane, "rain-sum-1"), text(pane, "rain-grade-1")) == ("九堡站", "≥11.0", "")
    assert not pane.badge.isVisible()
    qtbot.keyClick(pane.view, Qt.Key.Key_Return)
    assert pane.chart is not None
    assert pane.chart.hasFocus()


@pytest.mark.usefixtures("night")
def test_a_new_file_moves_the_list_and_keeps_the_gauge(
    pane: RainPane, bring: Any, clock: FixedClock, qtbot: Any
) -> None:
    qtbot.keyClick(pane.view, Qt.Key.Key_End)
    assert text(pane, "rain-name") == "清波站"
    clock.advance(HOUR)
    bring(rain_file({"清波站": [9.0] * 12, "彭埠站": DRY[:12], "九堡站": DRY[:12]}, LAST_SAMPLE + HOUR))
    qtbot.waitUntil(lambda: cells(pane, NAME)[0] == "清波站")
    assert (text(pane, "rain-name"), text(pane, "rain-sum-1")) == ("清波站", "108.0")
    assert pane.badge.word == "红"


@pytest.mark.usefixtures("night")
def test_what_is_not_updated_is_marked_without_any_event_but_time(pane: RainPane, clock: FixedClock) -> None:
    clock.advance(50 * MINUTE)
    pane._tick.timeout.emit()
    assert set(cells(pane, TREND)) == {"未更新"}
    assert cells(pane, LAST)[0] == "52 分钟前"
    assert "未更新 3 站" in text(pane, "rain-note")
    assert "未更新" in text(pane, "rain-where")
    muted = pane.model.index(0, NAME).data(Qt.ItemDataRole.ForegroundRole)
    assert muted == theme.current().colour("muted")


@pytest.mark.usefixtures("night")
def test_spans_change_by_button_and_by_key_and_are_remembered(pane: RainPane, desk: Desk, qtbot: Any) -> None:
    assert pane.chart is not None
    six = pane.findChild(QToolButton, "rain-span-6")
    assert six is not None
    qtbot.mouseClick(six, Qt.MouseButton.LeftButton)
    assert "每 5 分钟" in pane.chart.reading.text()
    assert pane.chart.drawn == 36
    assert [line.label.format for line in pane.chart._lines] == ["黄 6h 50 mm"]
    qtbot.keyClick(pane.view, Qt.Key.Key_BracketRight)
    assert pane.findChild(QToolButton, "rain-span-12").isChecked()
    assert "每 1 小时" in pane.chart.reading.text()
    for _step in range(6):
        qtbot.keyClick(pane.view, Qt.Key.Key_BracketLeft)
    assert pane.findChild(QToolButton, "rain-span-3").isChecked()
    assert [line.label.format for line in pane.chart._lines] == ["橙 3h 50 mm", "红 3h 100 mm"]
    again = RainPane(desk)
    qtbot.addWidget(again)
    assert again.findChild(QToolButton, "rain-span-3").isChecked()


@pytest.mark.usefixtures("night")
def test_a_refresh_does_not_undo_a_zoom(pane: RainPane) -> None:
    assert pane.chart is not None
    pane.chart.zoom(0.5)
    seen = pane.chart._main.viewRange()[0]
    pane.refresh()
    assert pane.chart._main.viewRange()[0] == seen


@pytest.mark.usefixtures("night")
def test_find_by_pinyin_street_and_code(pane: RainPane, desk: Desk, qtbot: Any) -> None:
    region = desk.new("regions", {"code": "330102018", "name": "临江街道", "level": "SUBDISTRICT"})
    row = next(each for each in desk.rows("stations") if each["name"] == "九堡站")
    change = desk.edit("stations", row.id, {"region": region.row})
    assert change is not None
    desk.act("stations.edit", [region, change])
    qtbot.keyClick(pane, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    for typed, names in (("pbz", ["彭埠站"]), ("临江", ["九堡站"]), ("K1", ["清波站"]), ("不存在", [])):
        pane.search.setText(typed)
        qtbot.keyClick(pane.search, Qt.Key.Key_Return)
        assert cells(pane, NAME) == names
    assert text(pane, "rain-sum-1") == "—"
    qtbot.keyClick(pane.search, Qt.Key.Key_Escape)
    assert len(cells(pane, NAME)) == 3
    qtbot.keyClick(pane.search, Qt.Key.Key_Down)
    assert pane.view.hasFocus()
    qtbot.keyClick(pane.view, Qt.Key.Key_Q)
    assert pane.search.hasFocus()
    assert pane.search.text() == "q"


@pytest.mark.usefixtures("night")
def test_a_gauge_is_shown_from_elsewhere(pane: RainPane, desk: Desk, qtbot: Any) -> None:
    pane.search.setText("彭埠")
    qtbot.keyClick(pane.search, Qt.Key.Key_Return)
    row = next(each for each in desk.rows("stations") if each["name"] == "清波站")
    pane.show_row("stations", row.id)
    assert text(pane, "rain-name") == "清波站"
    qtbot.waitUntil(lambda: len(cells(pane, NAME)) == 3)
    assert text(pane, "rain-name") == "清波站"


@pytest.mark.usefixtures("night")
def test_one_key_writes_into_the_duty_log(pane: RainPane, desk: Desk, qtbot: Any) -> None:
    qtbot.keyClick(pane.view, Qt.Key.Key_F6)
    (row,) = desk.rows("log")
    assert row["text"] == "彭埠站 1h 60.0 mm（橙）"
    assert text(pane, "rain-status") == "已记入日志：彭埠站 1h 60.0 mm（橙）"


def test_a_gauge_without_rain_is_not_written_into_the_log(desk: Desk, pane: RainPane, qtbot: Any) -> None:
    desk.act("stations.add", [desk.new("stations", {"code": "Z", "name": "空站"})])
    qtbot.waitUntil(lambda: cells(pane, NAME) == ["空站"])
    qtbot.keyClick(pane.view, Qt.Key.Key_F6)
    (dialog,) = pane.findChildren(dialogs.Sentence)
    assert "没有雨量" in dialog.text.text()
    dialog.accept()
    assert desk.count("log") == 0


@pytest.mark.usefixtures("night")
def test_ctrl_c_gives_one_line_a_gauge(pane: RainPane, qtbot: Any) -> None:
    qtbot.keyClick(pane.view, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClick(pane.view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    lines = QGuiApplication.clipboard().text().split("\n")
    assert len(lines) == 3
    assert lines[0] == "彭埠站 14:30 雨量（mm）：1h 60.0，3h 60.0，6h ≥60.0，12h ≥60.0，24h ≥60.0，已达暴雨橙色标准"


@pytest.mark.usefixtures("night")
def test_print_goes_to_the_preview(pane: RainPane, desk: Desk, qtbot: Any) -> None:
    shown: list[Any] = []
    qtbot.keyClick(pane.view, Qt.Key.Key_P, Qt.KeyboardModifier.ControlModifier)
    assert "预览" in text(pane, "rain-status")
    desk.services["preview"] = lambda *given: shown.append(given)
    qtbot.keyClick(pane.view, Qt.Key.Key_P, Qt.KeyboardModifier.ControlModifier)
    ((pdf, title, form, about, missing),) = shown
    assert (pdf[:5], title, form, about, list(missing)) == (b"%PDF-", "雨情表", "RAIN", "", [])


@pytest.mark.usefixtures("night")
def test_a_batch_that_has_not_arrived_is_told(pane: RainPane, desk: Desk) -> None:
    (batch,) = desk.rows("rain_batches")
    lost = desk.new("rain_batches", {**batch.values, "samples_sha256": "0" * 64})
    desk.act("rain.import", [lost])
    pane.refresh()
    assert "1 批数据未到" in text(pane, "rain-note")
    assert not attachments.path_of(desk.store.home, "0" * 64).exists()


@pytest.mark.usefixtures("night")
@pytest.mark.parametrize(("width", "hidden"), [(1400, []), (1000, [DAY]), (700, [TREND, DAY, LAST]), (560, [])])
def test_a_narrow_list_gives_up_columns_and_then_lies_above(
    pane: RainPane, qtbot: Any, width: int, hidden: list[int]
) -> None:
    pane.resize(width, 700)
    qtbot.waitUntil(lambda: pane.width() == width)
    across = pane.split.orientation() is Qt.Orientation.Horizontal
    assert across == (width > 620)
    qtbot.waitUntil(lambda: [c for c in range(6) if pane.view.isColumnHidden(c)] == hidden)


@pytest.mark.usefixtures("night")
def test_a_low_pane_is_scrolled_rather_than_its_chart_squeezed(pane: RainPane, qtbot: Any) -> None:
    pane.resize(500, 300)
    qtbot.waitUntil(lambda: pane.split.orientation() is Qt.Orientation.Vertical)
    assert pane.chart is not None
    assert pane.chart.height() >= 220
    assert pane.minimumSizeHint().height() > 300


@pytest.mark.usefixtures("night")
def test_every_control_has_a_name_for_those_who_do_not_see(pane: RainPane) -> None:
    from PySide6.QtWidgets import QAbstractButton, QLineEdit

    controls = [*pane.findChildren(QAbstractButton), *pane.findChildren(QLineEdit), pane.view, pane.chart]
    unnamed = [each for each in controls if each.isVisible() and not (each.accessibleName() or each.text())]
    assert not unnamed
    assert [key for _label, key, _run in pane.commands()] == ["F6", "Ctrl+P", "Ctrl+F", "[", "]"]
