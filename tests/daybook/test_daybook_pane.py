"""The entry line and the log by keys, as an officer uses them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QVBoxLayout, QWidget

from dutydesk.core.clock import MINUTE, FixedClock, iso, parse_iso
from dutydesk.daybook import service
from dutydesk.daybook.pane import DaybookPane, EntryLine
from dutydesk.journal.desk import Desk
from dutydesk.qt import theme
from dutydesk.qt.announcer import announcer_for

KEY = Qt.Key
CONTROL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def window(desk: Desk, qtbot: Any) -> Iterator[QWidget]:
    """The pane above the line, as they stand in the window; `entry` and `open` are what the window gives."""
    made = QWidget()
    column = QVBoxLayout(made)
    line = EntryLine(desk)
    opened: list[tuple[str, bytes]] = []
    printed: list[tuple[bytes, str, str, str]] = []

    def prefill(values: dict[str, Any]) -> None:
        line.prefill(values)
        line.focus_entry()

    desk.services.update(
        entry=prefill,
        open=lambda ledger, row: opened.append((ledger, row)),
        preview=lambda pdf, title, form, about, missing: printed.append((pdf, title, form, about)),
        announcer=announcer_for(desk.store),
    )
    pane = DaybookPane(desk)
    column.addWidget(pane, 1)
    column.addWidget(line)
    made.line, made.pane, made.opened, made.printed = line, pane, opened, printed  # pyright: ignore[reportAttributeAccessIssue]
    qtbot.addWidget(made)
    made.resize(1366, 768)
    with qtbot.waitExposed(made):
        made.show()
    made.activateWindow()
    yield made
    desk.services["announcer"].close()


@pytest.fixture
def line(window: Any) -> EntryLine:
    window.line.focus_entry()
    return window.line


@pytest.fixture
def pane(window: Any) -> DaybookPane:
    return window.pane


def type_in(widget: QWidget, text: str) -> None:
    """Keys for what a keyboard has, the input method for the rest."""
    if text.isascii():
        QTest.keyClicks(widget, text)
    elif isinstance(widget, QLineEdit):
        widget.insert(text)
    else:
        widget.insertPlainText(text)  # pyright: ignore[reportAttributeAccessIssue]


def press(key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    """A key, wherever the caret is."""
    widget = QApplication.focusWidget()
    assert widget is not None
    QTest.keyClick(widget, key, modifier)


def newest(desk: Desk) -> Any:
    return desk.rows("log", order="-no", limit=1)[0]


def cells(pane: DaybookPane, name: str) -> list[str]:
    column = [item.name for item in pane.model.fields].index(name)
    return [pane.model.index(row, column).data() for row in range(pane.model.rowCount())]


# --- the entry line


def test_a_line_is_typed_and_saved(line: EntryLine, desk: Desk, pane: DaybookPane, qtbot: Any) -> None:
    assert line.text.hasFocus()
    assert line.time.placeholderText() == "14:07"
    type_in(line.text, "隧道积水约60厘米")
    with qtbot.waitSignal(line.saved):
        press(KEY.Key_Return)
    row = newest(desk)
    assert (row["text"], row["category"]) == ("隧道积水约60厘米", "PHONE_IN")
    assert iso(row["happened_at"]) == "2026-11-22T14:07:00+08:00"
    assert line.text.toPlainText() == ""
    assert line.text.hasFocus(), "ready for the next one"
    assert line.said.text().startswith("已记 #0001，待补：")
    qtbot.waitUntil(lambda: cells(pane, "text") == ["隧道积水约60厘米"])


def test_enter_goes_through_the_fields_and_the_text_saves(line: EntryLine, desk: Desk) -> None:
    line.time.setFocus()
    type_in(line.time, "1402")
    press(KEY.Key_Return)
    assert line.category.hasFocus()
    line.category.selectAll()
    type_in(line.category, "qd")
    press(KEY.Key_Return)
    assert line.category.key == "PHONE_OUT"
    assert line.line.hasFocus()
    line.line.selectAll()
    type_in(line.line, "fx")
    press(KEY.Key_Return)
    type_in(line.party, "无此人")
    press(KEY.Key_Return)
    type_in(line.phone, "0571-00000151")
    press(KEY.Key_Return)
    type_in(line.text, "请核实")
    press(KEY.Key_Tab)
    type_in(line.due, "1500")
    press(KEY.Key_Return)
    row = newest(desk)
    assert (row["category"], row["line"], row["direction"]) == ("PHONE_OUT", "FLOOD", "OUT")
    assert (row["party"], row["party_phone"], row["text"]) == ("无此人", "0571-00000151", "请核实")
    assert iso(row["due_at"]) == "2026-11-22T15:00:00+08:00"
    assert (line.category.key, line.line.key) == ("PHONE_OUT", "FLOOD"), "as the last one"
    assert line.due.text() == line.party.text() == line.time.text() == ""


def test_a_double_enter_saves_once(line: EntryLine, desk: Desk) -> None:
    """ZS-Karte #849."""
    type_in(line.text, "x")
    press(KEY.Key_Return)
    press(KEY.Key_Return)
    QTest.mouseClick(line.save_button, Qt.MouseButton.LeftButton)
    QTest.mouseDClick(line.save_button, Qt.MouseButton.LeftButton)
    assert desk.count("log") == 1


def test_shift_enter_makes_another_line(line: EntryLine, desk: Desk) -> None:
    low = line.text.height()
    type_in(line.text, "a")
    press(KEY.Key_Return, SHIFT)
    type_in(line.text, "b")
    assert line.text.height() > low
    for _n in range(5):
        press(KEY.Key_Return, SHIFT)
    assert line.text.height() < low * 4
    press(KEY.Key_Return)
    assert newest(desk)["text"] == "a\nb"
    assert line.text.height() == low


def test_what_is_wrong_is_said_and_nothing_is_lost(line: EntryLine, desk: Desk) -> None:
    line.time.setText("2561")
    type_in(line.text, "abc")
    press(KEY.Key_Return)
    assert desk.count("log") == 0
    assert line.time.hasFocus()
    assert line.said.text() == "× 时间：没有这个时刻：2561"
    assert line.time.property("problem") is True
    assert line.text.toPlainText() == "abc"
    line.time.clear()
    assert not line.time.property("problem")
    assert "回车保存" in line.said.text()
    line.text.setFocus()
    press(KEY.Key_Return)
    assert newest(desk)["text"] == "abc"


def test_several_entries_are_open_at_once(line: EntryLine, desk: Desk, qtbot: Any) -> None:
    """RadioLog #683: other traffic while a form is open."""
    for text in ("first", "second"):
        type_in(line.text, text)
        press(KEY.Key_Escape)
        assert line.text.toPlainText() == ""
    assert line.aside.text() == "草稿 2"
    press(KEY.Key_Escape)
    assert line.aside.text() == "草稿 2", "nothing to put aside"
    type_in(line.text, "third")
    press(KEY.Key_Return)
    press(KEY.Key_Down, CONTROL)
    assert line.text.toPlainText() == "second"
    press(KEY.Key_Down, CONTROL)
    assert line.text.toPlainText() == "first"
    again = EntryLine(desk)
    qtbot.addWidget(again)
    assert again.text.toPlainText() == "first", "after a restart"
    assert again.aside.text() == "草稿 1"
    press(KEY.Key_Return)
    press(KEY.Key_Down, CONTROL)
    press(KEY.Key_Return)
    assert sorted(row.text("text") for row in desk.rows("log")) == ["first", "second", "third"]
    assert line.aside.isHidden()


def test_a_draft_is_kept_while_typing(line: EntryLine, desk: Desk, qtbot: Any) -> None:
    """ZS-Karte #421; the window may be killed at any key."""
    type_in(line.text, "abcdef")
    again = EntryLine(desk)
    qtbot.addWidget(again)
    assert again.text.toPlainText() == "abcdef"
    type_in(line.text, "g")
    line.keep_draft()
    last = EntryLine(desk)
    qtbot.addWidget(last)
    assert last.text.toPlainText() == "abcdefg"


def test_a_phrase_is_two_letters_away(line: EntryLine, desk: Desk) -> None:
    type_in(line.text, "/jb")
    assert [option.label for option in line.text.list.offered][:2] == ["接班", "交班"]
    press(KEY.Key_Return)
    assert line.text.toPlainText().startswith("接班，设备")
    assert line.category.key == "OTHER"
    assert desk.count("log") == 0
    press(KEY.Key_Return)
    assert newest(desk)["category"] == "OTHER"
    type_in(line.text, "/dljs")
    press(KEY.Key_Tab)
    assert line.text.textCursor().selectedText() == "__", "the first blank is chosen"
    type_in(line.text, "60")
    assert "约60厘米" in line.text.toPlainText()


def test_esc_sends_the_suggestions_away_first(line: EntryLine) -> None:
    type_in(line.text, "/jb")
    press(KEY.Key_Escape)
    assert line.text.list.isHidden()
    assert line.text.toPlainText() == "/jb"
    press(KEY.Key_Escape)
    assert line.text.toPlainText() == ""


def test_a_person_fills_party_and_number(line: EntryLine, desk: Desk) -> None:
    type_in(line.text, "已告 @zhangs")
    QTest.keyClicks(line.text, "hili")
    assert [option.label for option in line.text.list.offered]
    press(KEY.Key_Return)
    assert line.text.toPlainText() == "已告 示例街道 张示例"
    assert line.party.text() == "示例街道 张示例"
    assert line.phone.text() == "199****0002", "masked on the screen"
    line.text.setFocus()
    press(KEY.Key_Return)
    row = newest(desk)
    assert row["party_phone"] == "19900000002"
    assert desk.title("people", row["person"]).endswith("张示例")


def test_a_draft_with_a_person_comes_back_masked(line: EntryLine, desk: Desk) -> None:
    type_in(line.party, "张示例")
    line.party.suggest()
    press_on = line.party.list.offered
    assert press_on
    line.party.setFocus()
    press(KEY.Key_Return)
    assert line.phone.hasFocus()
    press(KEY.Key_Escape)
    assert line.phone.text() == ""
    press(KEY.Key_Down, CONTROL)
    assert line.phone.text() == "199****0002"
    type_in(line.text, "x")
    press(KEY.Key_Return)
    assert newest(desk)["party_phone"] == "19900000002"


def test_an_unknown_party_is_taken_as_typed(line: EntryLine, desk: Desk) -> None:
    line.party.setFocus()
    type_in(line.party, "示例街道")
    line.party.suggest()
    press(KEY.Key_Escape)
    press(KEY.Key_Tab)
    type_in(line.text, "x")
    line.text.setFocus()
    press(KEY.Key_Return)
    assert newest(desk)["party"] == "示例街道"


def test_more_fields_and_a_file_go_along(line: EntryLine, desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "现场.txt"
    file.write_bytes(b"12")
    type_in(line.text, "x")
    press(KEY.Key_M, CONTROL)
    assert line.handling.hasFocus()
    type_in(line.handling, "已办")
    line.attach.add(file)
    assert line.attach.text() == "附件 1"
    press(KEY.Key_Return, CONTROL)
    row = newest(desk)
    assert row["handling"] == "已办"
    assert [found["name"] for found in service.attached(desk, row.id)] == ["现场.txt"]
    assert line.attach.text() == "附件"
    file.unlink()
    type_in(line.text, "y")
    line.attach.add(file)
    press(KEY.Key_Return)
    assert "附件读不出来" in line.said.text()
    assert desk.count("log") == 1


def test_a_number_in_the_text_shows_the_incident_it_links(line: EntryLine, desk: Desk, incident: bytes) -> None:
    type_in(line.text, "#1 ok")
    press(KEY.Key_Return)
    assert newest(desk)["incident"] == incident
    line.prefill({"incident": incident, "text": "y"})
    assert "事件" in line.link.text()
    QTest.mouseClick(line.link, Qt.MouseButton.LeftButton)
    assert line.link.isHidden()
    press(KEY.Key_Return)
    assert newest(desk)["incident"] is None


def test_a_prefilled_entry_puts_the_open_one_aside(line: EntryLine) -> None:
    type_in(line.text, "half")
    line.prefill({"text": "other", "category": "CALLOUT", "focus": "due_at", "due_at": parse_iso("2026-11-22 16:00")})
    line.focus_entry()
    assert line.due.hasFocus()
    assert (line.text.toPlainText(), line.category.key, line.due.text()) == ("other", "CALLOUT", "2026-11-22 16:00")
    assert line.aside.text() == "草稿 1"


def test_the_line_folds_where_it_is_narrow(line: EntryLine, window: QWidget, qapp: Any, qtbot: Any) -> None:
    def folded() -> bool:
        return line.text.y() > line.time.y()

    assert not folded()
    window.resize(800, 700)
    qtbot.waitUntil(folded)
    assert window.width() == 800, "nothing keeps the window wide"
    try:
        theme.apply(qapp, theme.Theme(percent=200))
        window.resize(1366, 900)
        qtbot.waitUntil(folded)
        assert line.minimumSizeHint().width() <= 1366
    finally:
        theme.apply(qapp, theme.Theme())
    window.resize(1366, 768)
    qtbot.waitUntil(lambda: not folded())


# --- the list


@pytest.fixture
def filled(desk: Desk, pane: DaybookPane, clock: FixedClock, qtbot: Any) -> DaybookPane:
    """Three entries: yesterday's, one that waits for an answer, a plain one."""
    service.add(desk, {"text": "昨夜积水", "category": "PHONE_IN", "line": "FLOOD", "happened_at": "昨2340"})
    service.add(
        desk,
        {"text": "请核实", "category": "PHONE_OUT", "line": "FLOOD", "happened_at": "1330", "party": "示例街道"},
        due="1500",
    )
    service.add(desk, {"text": "巡查正常", "category": "PATROL", "line": "GOV", "happened_at": "1400"})
    qtbot.waitUntil(lambda: pane.model.rowCount() == 3)
    return pane


def test_qt_finds_no_fault(filled: DaybookPane) -> None:
    tester = QAbstractItemModelTester(filled.model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    filled.bar.choose("period", "today")
    assert tester.model() is filled.model


def test_the_newest_stands_first_with_its_date_when_it_is_not_todays(filled: DaybookPane) -> None:
    assert cells(filled, "text") == ["巡查正常", "请核实", "〔补录〕昨夜积水"]
    assert cells(filled, "happened_at") == ["14:00", "13:30", "11-21 23:40"]
    assert cells(filled, "no") == ["#0003", "#0002", "#0001"]
    assert cells(filled, "due_at") == ["", "15:00", ""]


def test_filters_work_together_and_are_given_up_at_once(filled: DaybookPane, qtbot: Any) -> None:
    filled.bar.choose("period", "today")
    assert cells(filled, "text") == ["巡查正常", "请核实"]
    filled.bar.choose("line", "FLOOD")
    assert cells(filled, "text") == ["请核实"]
    filled.bar.choose("category", "PATROL")
    assert cells(filled, "text") == []
    filled.bar.reset()
    assert filled.model.rowCount() == 3
    filled.waiting.click()
    assert cells(filled, "text") == ["请核实"]
    assert filled.head.note.text() == "1 条"
    filled.waiting.click()
    filled.view.setFocus()
    QTest.keyClick(filled.view, KEY.Key_F, CONTROL)
    assert filled.bar.search.hasFocus()
    filled.bar.search.setText("积水")
    press(KEY.Key_Return)
    assert cells(filled, "text") == ["〔补录〕昨夜积水"]


def test_a_day_is_chosen_by_its_date(filled: DaybookPane) -> None:
    filled.bar.choose("period", "day")
    assert filled.day.isVisible()
    filled.day.setFocus()
    type_in(filled.day, "2026-11-21")
    press(KEY.Key_Return)
    assert cells(filled, "text") == ["〔补录〕昨夜积水"]
    filled.day.setText("2026-11-31")
    filled._filtered()
    assert filled.day.property("problem") is True
    assert filled.model.rowCount() == 1


def test_today_moves_on_at_midnight(filled: DaybookPane, clock: FixedClock) -> None:
    filled.bar.choose("period", "today")
    assert filled.model.rowCount() == 2
    clock.at = parse_iso("2026-11-23 00:00:10")
    filled._turn()
    assert filled.model.rowCount() == 0


def test_lateness_comes_with_the_minute(filled: DaybookPane, clock: FixedClock) -> None:
    clock.at = parse_iso("2026-11-22 15:00:10")
    filled._turn()
    assert cells(filled, "due_at")[1] == "逾期 15:00"


def choose(pane: DaybookPane, text: str) -> None:
    row = next(n for n, shown in enumerate(cells(pane, "text")) if text in shown)
    pane.view.setFocus()
    pane.view.setCurrentIndex(pane.model.index(row, 0))


def test_a_corrects_with_a_reason(filled: DaybookPane, desk: Desk, qtbot: Any) -> None:
    choose(filled, "请核实")
    press(KEY.Key_A)
    dialog = filled._dialog
    assert dialog is not None
    assert filled.model.held, "nothing moves under an open editor"
    form = dialog.form
    form.editors["text"].set_text("请核实水深")
    form.submit()
    assert "更正原因" in form.problem.text()
    assert desk.count("log") == 3
    dialog.reason.setText("核实")
    form.submit()
    assert desk.count("log") == 4
    assert not filled.model.held
    qtbot.waitUntil(lambda: "〔更正 #0002〕请核实水深（原因：核实）" in cells(filled, "text"))
    assert "〔已更正→#0004〕请核实" in cells(filled, "text")
    detail = filled.detail.detail
    assert detail is not None
    assert detail.compared[0].rows == (("内容", "请核实", "请核实水深"),)
    choose(filled, "〔已更正")
    press(KEY.Key_A)
    assert filled._dialog is not None
    filled._dialog.reason.setText("x")
    filled._dialog.form.put_aside()
    assert desk.count("log") == 4
    assert filled.view.hasFocus()


def test_r_answers_in_the_entry_line(filled: DaybookPane, desk: Desk, line: EntryLine, qtbot: Any) -> None:
    choose(filled, "请核实")
    press(KEY.Key_R)
    assert line.text.hasFocus()
    assert line.link.text().startswith("反馈 #0002")
    type_in(line.text, "已核实")
    press(KEY.Key_Return)
    row = newest(desk)
    assert desk.title("log", row["answers"]).startswith("#0002")
    qtbot.waitUntil(lambda: "已反馈 #0004" in cells(filled, "due_at"))
    assert not [item for item in desk.open_items() if item.due_at]


def test_t_asks_again_by_another_time(filled: DaybookPane, desk: Desk, line: EntryLine) -> None:
    choose(filled, "巡查")
    press(KEY.Key_T)
    assert line.due.hasFocus()
    type_in(line.due, "1630")
    press(KEY.Key_Return)
    row = newest(desk)
    assert row["text"] == "跟进 #0003："
    assert [item.row for item in desk.open_items() if item.due_at][-1] == row.id


def test_i_goes_to_the_incident(filled: DaybookPane, desk: Desk, window: Any, incident: bytes, qtbot: Any) -> None:
    choose(filled, "巡查")
    assert not filled.tools.actions_by_name["intake"].isEnabled()
    service.add(desk, {"text": "续 #1"})
    qtbot.waitUntil(lambda: "续 #1" in cells(filled, "text"))
    choose(filled, "续 #1")
    press(KEY.Key_I)
    assert window.opened == [("incidents", incident)]


def test_a_copied_entry_is_a_masked_line(filled: DaybookPane, desk: Desk, qtbot: Any) -> None:
    service.add(
        desk, {"text": "请回电 19900000002", "party": "示例街道", "party_phone": "19900000003", "happened_at": "1405"}
    )
    qtbot.waitUntil(lambda: filled.model.rowCount() == 4)
    choose(filled, "请回电")
    press(KEY.Key_C, CONTROL)
    assert QGuiApplication.clipboard().text() == "11-22 14:05 示例街道：请回电 199****0002"
    press(KEY.Key_C, CONTROL | SHIFT)
    assert "\t" in QGuiApplication.clipboard().text()


def test_letters_on_the_list_search_unless_they_are_keys(filled: DaybookPane) -> None:
    choose(filled, "巡查")
    press(KEY.Key_X)
    assert filled.bar.search.text() == "x"
    assert filled.bar.search.hasFocus()


def test_a_row_is_shown_though_a_filter_hides_it(filled: DaybookPane, desk: Desk) -> None:
    first = desk.rows("log", order="no", limit=1)[0]
    filled.bar.choose("period", "today")
    assert filled.show_row("log", first.id)
    current = filled.view.current_row()
    assert current is not None
    assert current.id == first.id
    assert filled.bar.choice("period") == "all"
    assert not filled.show_row("people", first.id)


def test_files_are_added_and_saved_elsewhere(filled: DaybookPane, desk: Desk, tmp_path: Path, qtbot: Any) -> None:
    choose(filled, "巡查")
    source, target = tmp_path / "a.txt", tmp_path / "b.txt"
    source.write_bytes(b"content")
    filled.add_file(source)
    qtbot.waitUntil(lambda: filled.detail.detail is not None and len(filled.detail.detail.files) == 1)
    assert filled.detail.detail is not None
    filled._save_file(filled.detail.detail.files[0].row)
    chooser = next(w for w in QApplication.topLevelWidgets() if w.inherits("QFileDialog"))
    chooser.close()
    filled.saver.write(target)
    assert target.read_bytes() == b"content"


def test_the_log_is_printed_as_it_is_shown(filled: DaybookPane, window: Any) -> None:
    filled.bar.choose("period", "yesterday")
    filled.view.setFocus()
    QTest.keyClick(filled.view, KEY.Key_P, CONTROL)
    ((pdf, title, form, about),) = window.printed
    assert pdf.startswith(b"%PDF")
    assert (title, form, about) == ("值班日志", "P02", "2026-11-21 00:00–11-22 00:00")


def test_the_list_hears_of_other_entries_and_keeps_its_place(
    filled: DaybookPane, desk: Desk, clock: FixedClock, qtbot: Any
) -> None:
    choose(filled, "请核实")
    chosen = filled.view.current_row()
    for n in range(3):
        clock.advance(MINUTE)
        service.add(desk, {"text": f"新{n}"})
    qtbot.waitUntil(lambda: filled.model.rowCount() == 6)
    assert chosen is not None
    current = filled.view.current_row()
    assert current is not None
    assert current.id == chosen.id


def test_a_narrow_list_keeps_its_text(filled: DaybookPane, window: QWidget, qtbot: Any) -> None:
    head = filled.view.horizontalHeader()
    at = {item.name: n for n, item in enumerate(filled.model.fields)}
    assert not any(head.isSectionHidden(n) for n in at.values())
    window.resize(860, 768)
    qtbot.waitUntil(lambda: head.isSectionHidden(at["recorder"]))
    assert head.isSectionHidden(at["handling"])
    assert not head.isSectionHidden(at["happened_at"])
    assert head.sectionSize(at["text"]) >= 168
    window.resize(1366, 768)
    qtbot.waitUntil(lambda: not head.isSectionHidden(at["recorder"]))


def test_a_low_pane_shows_the_list_or_the_entry(filled: DaybookPane, window: QWidget, qtbot: Any) -> None:
    choose(filled, "巡查")
    assert filled.detail.isVisible()
    window.resize(1366, 380)
    qtbot.waitUntil(lambda: not filled.detail.isVisible())
    assert filled.view.isVisible()
    press(KEY.Key_Return)
    assert filled.detail.hasFocus()
    assert not filled.view.isVisible()
    press(KEY.Key_Escape)
    assert filled.view.hasFocus()
    assert not filled.detail.isVisible()


def test_everything_has_a_name(window: QWidget) -> None:
    for widget in window.findChildren(QWidget):
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.isVisibleTo(window) and widget.objectName():
            told = widget.accessibleName() or getattr(widget, "text", str)()
            assert told, widget.objectName()


def test_suggestions_stay_inside_the_window(line: EntryLine, window: QWidget) -> None:
    type_in(line.text, "/")
    shown = line.text.list
    assert shown.isVisible()
    corner = shown.mapTo(window, QPoint(0, 0))
    assert corner.y() >= 0
    assert corner.y() + shown.height() <= line.text.mapTo(window, QPoint(0, 0)).y()
    assert corner.x() + shown.width() <= window.width()
