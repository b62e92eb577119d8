from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester

from dutydesk.core.errors import Problem, Refused
from dutydesk.qt import theme
from dutydesk.qt.dialogs import Sentence
from dutydesk.qt.import_dialog import ImportDialog, Options, ProblemsModel
from dutydesk.qt.jobs import JobRunner, Token

pytestmark = pytest.mark.usefixtures("themed")

FINE = {"read": 2, "added": 2, "changed": 0, "unchanged": 0, "refused": [], "warnings": []}


class Imports:
    """What the exchange would do."""

    def __init__(self) -> None:
        self.tried: list[Options] = []
        self.done: list[Options] = []
        self.answer: dict = FINE
        self.refusal: Refused | None = None

    def dry_run(self, options: Options, token: Token) -> dict:
        self.tried.append(options)
        if self.refusal:
            raise self.refusal
        return self.answer

    def run(self, options: Options, token: Token) -> dict:
        token.progress(1, 2)
        self.done.append(options)
        return self.answer


@pytest.fixture
def imports() -> Imports:
    return Imports()


@pytest.fixture
def dialog(qtbot, ledger, imports, tmp_path):
    runner = JobRunner()
    made = ImportDialog(ledger, runner, dry_run=imports.dry_run, run=imports.run)
    made.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(made)
    made.show()
    file = tmp_path / "calls.csv"
    file.write_text(
        "时间,内容,死亡人数,备注\n2026-06-18 14:30,积水,0,甲\n2026-06-18 14:31,被困,1,乙\n", encoding="utf-8"
    )
    with qtbot.waitSignal(runner.idle):
        made.take_file(file)
    yield made
    runner.close()


def test_it_fits_the_smallest_screen_in_the_largest_type(qtbot, ledger, imports, qapp) -> None:
    theme.apply(qapp, theme.Theme(percent=200))
    runner = JobRunner()
    made = ImportDialog(ledger, runner, dry_run=imports.dry_run, run=imports.run)
    qtbot.addWidget(made)
    assert made.minimumSizeHint().width() <= 1000  # 1366 in English, whose words are longer
    assert made.minimumSizeHint().height() <= 736
    runner.close()


def wait(qtbot, dialog: ImportDialog, button) -> None:
    with qtbot.waitSignal(dialog._runner.idle):
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_columns_are_proposed_and_can_be_changed(dialog) -> None:
    options = dialog.options()
    assert options.columns["happened_at"] == "时间"
    assert options.columns["text"] == "内容"
    dialog._combos["备注"].setCurrentIndex(dialog._combos["备注"].findData("party"))
    dialog._combos["内容"].setCurrentIndex(0)
    options = dialog.options()
    assert options.columns["party"] == "备注"
    assert options.columns["text"] == "", "left out on purpose"
    dialog._combos["内容"].setCurrentIndex(dialog._combos["内容"].findData("party"))
    assert dialog.options().columns["party"] == "内容+备注"


def test_check_then_import(dialog, imports, qtbot) -> None:
    assert not dialog.go.isEnabled()
    wait(qtbot, dialog, dialog.check)
    assert dialog.summary.text() == "检查完：读到 2 条，新增 2，更改 0，不变 0，不能用 0"
    assert dialog.go.isEnabled()
    with qtbot.waitSignal(dialog.imported) as imported:
        qtbot.mouseClick(dialog.go, Qt.MouseButton.LeftButton)
    assert imported.args == [FINE]
    assert imports.done == imports.tried
    qtbot.waitUntil(lambda: dialog._job is None)
    assert not dialog.go.isEnabled(), "not twice"


def test_another_choice_needs_another_check(dialog, qtbot) -> None:
    wait(qtbot, dialog, dialog.check)
    dialog._combos["备注"].setCurrentIndex(1)
    assert not dialog.go.isEnabled()
    assert dialog.summary.text() == ""


def test_refused_lines_are_named_and_stop_the_import(dialog, imports, qtbot) -> None:
    bad = [{"line": 3, "field": "dead", "reason": "应为整数：两"}]
    imports.answer = FINE | {"added": 1, "refused": bad}
    wait(qtbot, dialog, dialog.check)
    model = dialog.problems
    assert [model.index(0, column).data() for column in range(3)] == ["3", "死亡", "应为整数：两"]
    assert not dialog.go.isEnabled()
    dialog.partial.click()
    wait(qtbot, dialog, dialog.check)
    assert dialog.go.isEnabled()
    assert imports.tried[-1].partial


def test_deleting_asks_first(dialog, imports, qtbot) -> None:
    dialog.replace.click()
    wait(qtbot, dialog, dialog.check)
    dialog.go.click()
    (question,) = dialog.findChildren(Sentence)
    qtbot.keyClick(question, Qt.Key.Key_Escape)
    assert imports.done == []
    dialog.go.click()
    with qtbot.waitSignal(dialog.imported):
        dialog.findChildren(Sentence)[-1].yes.click()
    assert imports.done[0].replace


def test_a_file_that_is_refused_is_a_sentence(dialog, imports, qtbot) -> None:
    imports.refusal = Refused(Problem("没有一列认得出", file="calls.csv"), Problem("坏", line=4, field="dead"))
    wait(qtbot, dialog, dialog.check)
    assert dialog.summary.text() == "calls.csv: 没有一列认得出（另有 1 处）"
    assert dialog.problems.rowCount() == 2
    assert not dialog.go.isEnabled()


def test_unknown_headers_are_told(dialog, qtbot, tmp_path) -> None:
    file = tmp_path / "other.csv"
    file.write_text("甲,乙\n1,2\n", encoding="utf-8")
    with qtbot.waitSignal(dialog._runner.idle):
        dialog.take_file(Path(file))
    assert dialog.note.text() or dialog.summary.text()


def test_problems_model(ledger) -> None:
    model = ProblemsModel(ledger)
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    model.show_problems([{"line": None, "field": "", "reason": "x"}] * 5)
    assert model.rowCount() == 5
