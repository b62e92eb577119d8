from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLineEdit, QWidget

from dutydesk.core.errors import Problem, Refused
from dutydesk.qt import dialogs
from dutydesk.qt.words import speak

pytestmark = pytest.mark.usefixtures("themed")


@pytest.fixture
def window(qtbot) -> QWidget:
    made = QWidget()
    qtbot.addWidget(made)
    with qtbot.waitExposed(made):
        made.show()
    return made


class Notes:
    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    def state(self, key: str, default: str = "") -> str:
        return self.kept.get(key, default)

    def remember(self, key: str, value: str) -> None:
        self.kept[key] = value


def test_asking_gives_yes_or_no(window, qtbot) -> None:
    dialog = dialogs.ask(window, "打印交接单?", "打印")
    assert dialog.text.textFormat() == Qt.TextFormat.PlainText
    with qtbot.waitSignal(dialog.answered) as answered:
        qtbot.mouseClick(dialog.yes, Qt.MouseButton.LeftButton)
    assert answered.args == [True]
    dialog = dialogs.ask(window, "打印交接单?", "打印")
    with qtbot.waitSignal(dialog.answered) as answered:
        qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert answered.args == [False]


def test_confirming_means_no_on_enter(window, qtbot) -> None:
    dialog = dialogs.confirm(window, "删除这一条?", "删除")
    qtbot.waitUntil(dialog.isVisible)
    with qtbot.waitSignal(dialog.answered) as answered:
        qtbot.keyClick(dialog, Qt.Key.Key_Return)
    assert answered.args == [False]


def test_telling_needs_one_button(window, qtbot) -> None:
    dialog = dialogs.tell(window, "已导出 205 条")
    assert dialog.no is None
    with qtbot.waitSignal(dialog.answered):
        qtbot.keyClick(dialog, Qt.Key.Key_Return)


def test_failing_is_a_sentence_and_few_details(window, qtbot) -> None:
    error = Refused(*[Problem("不是数字", field="dead", line=n, file="a.csv") for n in range(20)])
    dialog = dialogs.fail(window, error)
    assert dialog.text.text() == "a.csv: 0: dead: 不是数字"
    assert dialog.details.text().count("\n") == 8
    assert dialog.details.text().endswith("另有 11 处")
    dialog.accept()
    dialog = dialogs.fail(window, "")
    assert dialog.text.text() == "程序出错，已记录"
    dialog.accept()


def test_numbers_are_shown_only_for_a_reason(window, qtbot) -> None:
    dialog = dialogs.RevealDialog(window)
    dialog.open()
    assert not dialog.show_button.isEnabled()
    qtbot.keyClicks(dialog.reason, "   ")
    assert not dialog.show_button.isEnabled()
    qtbot.keyClicks(dialog.reason, "call")
    with qtbot.waitSignal(dialog.given) as given:
        qtbot.mouseClick(dialog.show_button, Qt.MouseButton.LeftButton)
    assert given.args == ["call"]
    dialog = dialogs.RevealDialog(window, ["叫应"])
    dialog.open()
    with qtbot.waitSignal(dialog.given) as given:
        dialog.quick[0].click()
    assert given.args == ["叫应"]


def test_the_folder_is_remembered(window, qtbot, tmp_path) -> None:
    notes = Notes()
    (tmp_path / "a.csv").write_text("x", encoding="utf-8")
    dialog = dialogs.open_file(window, "导入", ["表格 (*.csv *.xlsx)"], memory=notes, purpose="import")
    dialog.selectFile(str(tmp_path / "a.csv"))
    with qtbot.waitSignal(dialog.chosen) as chosen:
        dialog.fileSelected.emit(str(tmp_path / "a.csv"))
    assert chosen.args == [tmp_path / "a.csv"]
    assert notes.kept == {"folder.import": str(tmp_path)}
    dialog.reject()
    again = dialogs.save_file(window, "另存", "P02.pdf", ["PDF (*.pdf)"], memory=notes, purpose="import")
    assert again.directory().absolutePath() == str(tmp_path)
    assert again.defaultSuffix() == "pdf"
    again.reject()


def test_qt_speaks_chinese(qapp, qtbot) -> None:
    speak(qapp)
    try:
        line = QLineEdit("1")
        qtbot.addWidget(line)
        menu = line.createStandardContextMenu()
        words = " ".join(action.text() for action in menu.actions())
        assert "复制" in words
        assert "Copy" not in words
        menu.deleteLater()
        assert QApplication.translate("QPlatformTheme", "Cancel") == "取消"
    finally:
        from PySide6.QtCore import QTranslator

        for translator in qapp.findChildren(QTranslator):
            qapp.removeTranslator(translator)
            translator.deleteLater()
