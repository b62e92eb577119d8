"""What the window asks and offers: who sits there, the palette, the first start, files in and out, paper, a crash."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QInputMethodEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QFileDialog, QLineEdit, QPushButton, QWidget

from dutydesk.core.clock import HOUR, FixedClock
from dutydesk.core.paths import Home
from dutydesk.journal import query as q
from dutydesk.qt import printer
from dutydesk.qt.dialogs import Sentence
from dutydesk.qt.import_dialog import ImportDialog
from dutydesk.qt.preview import PdfPreview
from dutydesk.shell.board import left_text
from dutydesk.shell.crash import CRASH, CrashGuard
from dutydesk.shell.forms import FormChooser, LedgerChooser
from dutydesk.shell.palette import Command, matches
from dutydesk.shell.trouble import Trouble
from dutydesk.shell.wizard import Wizard, streets_of

CTRL = Qt.KeyboardModifier.ControlModifier


def press(key: Qt.Key, held: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    target = QApplication.focusWidget()
    assert target is not None
    QTest.keyClick(target, key, held)


def write(target: QWidget, text: str) -> None:
    """As an input method hands it over."""
    event = QInputMethodEvent("", [])
    event.setCommitString(text)
    QApplication.sendEvent(target, event)


def shown(kind: type[Any]) -> Any:
    found = [w for w in QApplication.topLevelWidgets() if isinstance(w, kind) and w.isVisible()]
    assert found, f"no {kind.__name__} to be seen"
    return found[-1]


# -- who ---------------------------------------------------------------------------------------------------------------


def test_a_person_is_picked_by_initials_and_signs_from_then_on(qtbot: Any, window: Any, window_of: Any, home: Home, clock: FixedClock, starter: Any) -> None:  # fmt: skip
    press(Qt.Key.Key_L, CTRL)
    line = shown(QDialog).findChild(QLineEdit, "who-name")
    qtbot.keyClicks(line, "fjx")
    qtbot.keyClick(line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: window.board.who.value == "冯甲戌")
    window.entry.prefill({"text": "谁写的"})
    window.entry.save()
    assert window.desk.rows("log", limit=1, search="谁写的")[0].text("recorder") == "冯甲戌"
    starter.shut()
    assert window_of(home, clock).window.desk.me.name == "冯甲戌"


def test_a_new_name_becomes_a_person(qtbot: Any, window: Any) -> None:
    before = window.desk.count("people")
    window.switch_person()
    dialog = shown(QDialog)
    dialog.take()
    assert dialog.problem.text() == "请写姓名"
    write(dialog.findChild(QLineEdit, "who-name"), "示例新人")
    dialog.take()
    assert window.desk.count("people") == before + 1
    assert window.board.who.value == "示例新人"


# -- the palette -------------------------------------------------------------------------------------------------------


def test_the_palette_finds_people_by_initials_before_the_log(qtbot: Any, window: Any) -> None:
    press(Qt.Key.Key_K, CTRL)
    palette = shown(QDialog)
    qtbot.keyClicks(palette.line, "zxs")
    first = palette.model.index(0, 0)
    assert first.data() == "赵辛巳"
    assert "丁兰街道" in first.data(Qt.ItemDataRole.UserRole)
    assert any(
        "值班日志" in str(palette.model.index(n, 0).data(Qt.ItemDataRole.UserRole))
        for n in range(palette.model.rowCount())
    )
    qtbot.keyClick(palette.line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: window.docks["people"].built)
    assert not palette.isVisible()


def test_the_palette_finds_entries_and_places(qtbot: Any, window: Any) -> None:
    window.show_palette()
    palette = shown(QDialog)
    write(palette.line, "隧道积水")
    notes = {palette.model.index(n, 0).data(Qt.ItemDataRole.UserRole) for n in range(palette.model.rowCount())}
    assert "值班日志" in notes
    palette.line.clear()
    write(palette.line, "丁兰街道")
    notes = {palette.model.index(n, 0).data(Qt.ItemDataRole.UserRole) for n in range(palette.model.rowCount())}
    assert "行政区划" in notes
    palette.reject()


def test_the_palette_runs_commands_by_pinyin(qtbot: Any, window: Any) -> None:
    window.show_palette()
    palette = shown(QDialog)
    qtbot.keyClicks(palette.line, "btyj")
    assert palette.model.index(0, 0).data() == "白天/夜间"
    palette.line.clear()
    qtbot.keyClicks(palette.line, "bizai")
    assert palette.model.index(0, 0).data() == "避灾"
    qtbot.keyClick(palette.line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: window.docks["shelters"].front)


def test_a_command_is_meant_by_its_words_or_its_letters() -> None:
    command = Command("导入文件", "", print)
    assert matches(command, "导入")
    assert matches(command, "drwj")
    assert matches(command, "daoru")
    assert not matches(command, "打印")


# -- the first start ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("code", "name", "unit", "said"), [
    ("", "示例区", "示例局", "区划代码是 6 位数字"), ("33010", "示例区", "示例局", "区划代码是 6 位数字"),
    ("33010a", "示例区", "示例局", "区划代码是 6 位数字"), ("990102", "", "示例局", "请写区县名称和单位全称"),
    ("990102", "示例区", " ", "请写区县名称和单位全称"),
])  # fmt: skip
def test_the_wizard_refuses_in_words(qtbot: Any, code: str, name: str, unit: str, said: str) -> None:
    wizard = Wizard()
    qtbot.addWidget(wizard)
    chosen: list[Any] = []
    wizard.chosen.connect(chosen.append)
    for line, text in ((wizard.code, code), (wizard.name, name), (wizard.unit, unit)):
        line.setText(text)
    wizard.take()
    assert wizard.problem.text() == said
    assert chosen == []


def test_the_first_start_makes_an_empty_desk_with_its_streets(qtbot: Any, window_of: Any, tmp_path: Path, clock: FixedClock) -> None:  # fmt: skip
    streets = tmp_path / "streets.csv"
    streets.write_bytes("代码,名称\n990102001,东示例街道\n990102002,西示例街道\n990103001,别区街道\n".encode("gb18030"))
    starter = window_of(Home(tmp_path / "new"), clock, wait=False)
    starter.start()
    qtbot.waitUntil(lambda: any(isinstance(w, Wizard) and w.isVisible() for w in QApplication.topLevelWidgets()))
    wizard = shown(Wizard)
    wizard.code.setText("990102")
    wizard.name.setText("示例区")
    wizard.unit.setText("示例区应急管理局")
    wizard._take_file(streets)
    assert wizard.streets.toPlainText().splitlines() == ["990102001 东示例街道", "990102002 西示例街道"]
    with qtbot.waitSignal(starter.ready, timeout=20_000):
        qtbot.mouseClick(wizard.findChild(QPushButton, "wizard-go"), Qt.MouseButton.LeftButton)
    desk = starter.window.desk
    rows = desk.rows("regions", order="code")
    assert [row.text("name") for row in rows] == ["示例区", "东示例街道", "西示例街道"]
    assert desk.title("regions", rows[1].get("parent")) == "示例区"
    assert desk.count("log") == 0
    assert not starter.window.board.mark.isVisible()


def test_the_first_start_makes_the_sample(qtbot: Any, window_of: Any, tmp_path: Path, clock: FixedClock) -> None:
    starter = window_of(Home(tmp_path / "new"), clock, wait=False)
    starter.start()
    qtbot.waitUntil(lambda: any(isinstance(w, Wizard) and w.isVisible() for w in QApplication.topLevelWidgets()))
    wizard = shown(Wizard)
    wizard.sample.setChecked(True)
    assert not wizard.code.isEnabled()
    with qtbot.waitSignal(starter.ready, timeout=20_000):
        wizard.take()
    assert starter.window.desk.config.mark == "示例"
    assert starter.window.desk.count("log") > 50


def test_streets_are_read_with_and_without_codes() -> None:
    assert streets_of("990102001 东示例街道\n西示例街道\n\n", "990102") == (
        ("990102001", "东示例街道"),
        ("990102002", "西示例街道"),
    )


def test_leaving_the_first_start_leaves_nothing_behind(qtbot: Any, window_of: Any, tmp_path: Path, clock: FixedClock) -> None:  # fmt: skip
    starter = window_of(Home(tmp_path / "new"), clock, wait=False)
    starter.start()
    qtbot.waitUntil(lambda: any(isinstance(w, Wizard) and w.isVisible() for w in QApplication.topLevelWidgets()))
    shown(Wizard).reject()
    qtbot.waitUntil(lambda: not starter.window.isVisible())
    assert not (tmp_path / "new").exists()


# -- files -------------------------------------------------------------------------------------------------------------


def test_a_file_goes_into_a_list_through_the_dialogs(qtbot: Any, window: Any, tmp_path: Path) -> None:
    file = tmp_path / "teams.csv"
    file.write_text("队伍名称,人数\n示例冲锋舟队,12\n", encoding="utf-8")
    window._actions.choose_import()
    chooser = shown(LedgerChooser)
    entries = [chooser.list.item(n).text() for n in range(chooser.list.count())]
    assert "雨量数据" in entries
    assert not {"打印记录", "交接事项", "调班代班"} & set(entries), "the program's own, and what people sign"
    chooser.list.setCurrentRow(next(n for n, text in enumerate(entries) if "队伍" in text))
    qtbot.keyClick(chooser.list, Qt.Key.Key_Return)
    dialog = shown(ImportDialog)
    with qtbot.waitSignal(window.jobs.idle, timeout=10_000):
        dialog.take_file(file)
    if not dialog.go.isEnabled():
        with qtbot.waitSignal(window.jobs.idle, timeout=10_000):
            dialog.check.click()
    with qtbot.waitSignal(dialog.imported, timeout=10_000) as done:
        dialog.go.click()
    assert done.args[0]["added"] == 1
    assert window.desk.rows("teams", q.Condition("name", "=", "示例冲锋舟队"))
    qtbot.waitUntil(lambda: dialog._job is None)
    dialog.reject()


def test_a_list_goes_into_a_file_with_numbers_masked(qtbot: Any, window: Any, tmp_path: Path) -> None:
    window._actions.export_from("numbers", None, window)
    chooser = shown(QFileDialog)
    chooser.chosen.emit(tmp_path / "numbers.csv")
    told = shown(Sentence)
    assert "numbers.csv" in told.text.text()
    told.accept()
    chooser.reject()
    text = (tmp_path / "numbers.csv").read_text(encoding="utf-8-sig")
    assert "****" in text


# -- paper -------------------------------------------------------------------------------------------------------------


def test_a_form_is_previewed_saved_and_recorded(qtbot: Any, window: Any, tmp_path: Path) -> None:
    press(Qt.Key.Key_P, CTRL | Qt.KeyboardModifier.ShiftModifier)
    chooser = shown(FormChooser)
    forms = [chooser.list.item(n).text() for n in range(chooser.list.count())]
    at = next(n for n, text in enumerate(forms) if "P01" in text)
    chooser.list.setCurrentRow(at)
    before = window.desk.count("prints")
    qtbot.keyClick(chooser.list, Qt.Key.Key_Return)
    preview = shown(QDialog).findChild(PdfPreview)
    preview.write(tmp_path / "p01.pdf")
    assert (tmp_path / "p01.pdf").read_bytes().startswith(b"%PDF")
    assert window.desk.count("prints") >= before + 1
    preview.leave()


def test_without_a_printer_it_offers_to_save(qtbot: Any, window: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(printer, "printers", list)
    pane = window.show_pane("shifts")
    pane.preview_sheet()
    preview = shown(QDialog).findChild(PdfPreview)
    qtbot.waitUntil(preview.isActiveWindow)
    qtbot.keyClick(preview.view, Qt.Key.Key_P, CTRL)
    question = shown(Sentence)
    assert "没有打印机" in question.text.text()
    question.accept()
    chooser = shown(QFileDialog)
    chooser.reject()
    preview.leave()


# -- the record --------------------------------------------------------------------------------------------------------


def test_the_record_is_checked_and_copied_without_a_word(qtbot: Any, window: Any, home: Home) -> None:
    window.begin()
    qtbot.waitUntil(lambda: "✓" in window.board.record.value and "06:30" in window.board.record.caption, timeout=15_000)
    assert list(home.snapshots.iterdir())
    assert not window.statusBar().isVisible()
    qtbot.waitUntil(lambda: not window.quiet.jobs and not window.jobs.jobs, timeout=15_000)


def test_a_broken_record_is_said_on_the_board(qtbot: Any, window: Any, expect_log: Any) -> None:
    expect_log("the record is damaged")
    window._actions._checked((10, ["act 5: 散列不符"], False))
    told = shown(Trouble)
    assert "散列不符" in told.found.text()
    told.reject()
    assert window.board.record.value == "记录受损"
    assert window.board.record.tone == "red"
    window.refresh()
    assert window.board.record.value == "记录受损"


@pytest.mark.parametrize(("ahead", "text"), [
    (0, "00:00"), (59_999, "00:00"), (60_000, "00:01"), (HOUR, "01:00"), (-HOUR, "01:00"), (47 * HOUR, "47:00"),
    (48 * HOUR, "2天"), (72 * HOUR, "3天"),
])  # fmt: skip
def test_time_left(ahead: int, text: str) -> None:
    assert left_text(1_000_000_000 + ahead, 1_000_000_000) == text


# -- a crash -----------------------------------------------------------------------------------------------------------


def test_a_crash_is_told_once_next_time(tmp_path: Path) -> None:
    (tmp_path / CRASH).write_text("Fatal Python error: Segmentation fault\n", encoding="utf-8")
    guard = CrashGuard(tmp_path)
    assert "Segmentation fault" in guard.last_time()
    assert guard.last_time() == ""


def test_an_error_nobody_caught_is_logged_and_said_in_a_sentence(tmp_path: Path, expect_log: Any) -> None:
    expect_log("uncaught")
    guard = CrashGuard(tmp_path)
    told: list[str] = []
    guard.struck.connect(told.append)
    plain = sys.excepthook
    guard.start()
    try:
        raised = ValueError("secret")
        sys.excepthook(ValueError, raised, None)
    finally:
        guard.stop()
        sys.excepthook = plain
    assert told
    assert "secret" not in told[0]
    assert not (tmp_path / CRASH).exists(), "a run that ended in order leaves nothing to tell"
