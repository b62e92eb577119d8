from __future__ import annotations

from types import MappingProxyType

import pytest
from PySide6.QtCore import Qt

from dutydesk.core.errors import Problem
from dutydesk.journal.query import Row
from dutydesk.qt.forms import LedgerForm
from dutydesk.qt.picker import Option

pytestmark = pytest.mark.usefixtures("themed")
PLACE = bytes(range(16))


def places(text: str) -> list[Option]:
    return [item for item in (Option(PLACE.hex(), "凯旋街道"),) if text in item.label]


@pytest.fixture
def form(qtbot, ledger, desk) -> LedgerForm:
    made = LedgerForm(ledger, desk, find={"region": places})
    qtbot.addWidget(made)
    made.resize(700, 600)
    with qtbot.waitExposed(made):
        made.show()
    return made


def test_required_come_first_and_the_rest_is_folded(form) -> None:
    assert list(form.editors)[:2] == ["happened_at", "text"]
    assert form.more.text() == "更多（4 项）"
    assert not form.editors["day"].isVisible()
    form.more.click()
    assert form.editors["day"].isVisible()


def test_values_are_emitted_once(form, qtbot) -> None:
    heard: list[dict] = []
    form.submitted.connect(heard.append)
    form.editors["happened_at"].set_text("2026-06-18 14:30")
    form.editors["text"].set_text("隧道积水")
    form.editors["dead"].set_text("2")
    form.editors["region"].set_text("凯旋街道")
    form.editors["region"].picker.settle()
    for _ in range(3):
        qtbot.keyClick(form.editors["text"].input, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert heard == [{"happened_at": 1_781_764_200_000, "text": "隧道积水", "dead": 2, "region": PLACE}]
    assert not form.save.isEnabled()
    form.done()
    assert form.save.isEnabled()
    assert set(form.texts().values()) == {""}


def test_errors_stand_beside_their_fields(form) -> None:
    heard: list[dict] = []
    form.submitted.connect(heard.append)
    form.editors["dead"].set_text("两人")
    form.editors["day"].set_text("某天")
    form.submit()
    assert heard == []
    assert form.editors["happened_at"].shown_problem == "必填"
    assert form.editors["text"].shown_problem == "必填"
    assert "整数" in form.editors["dead"].shown_problem
    assert form.editors["day"].isVisible(), "a folded field that is wrong comes out"
    assert form.problem.text() == "4 处要改"


def test_a_refusal_takes_another_try(form) -> None:
    heard: list[dict] = []
    form.submitted.connect(heard.append)
    form.editors["happened_at"].set_text("2026-06-18 14:30")
    form.editors["text"].set_text("隧道积水")
    form.submit()
    form.refuse([Problem("在未来", field="happened_at"), "班次已交接"])
    assert form.editors["happened_at"].shown_problem == "在未来"
    assert form.problem.text() == "班次已交接"
    form.submit()
    assert len(heard) == 2


def test_escape_keeps_a_draft(form, qtbot, ledger, desk) -> None:
    qtbot.keyClicks(form.editors["text"].input, "abc")
    drafts: list[dict] = []
    form.drafted.connect(drafts.append)
    with qtbot.waitSignal(form.closed):
        qtbot.keyClick(form.editors["text"].input, Qt.Key.Key_Escape)
    (draft,) = drafts
    other = LedgerForm(ledger, desk, find={"region": places})
    qtbot.addWidget(other)
    other.restore(draft)
    assert other.editors["text"].text() == "abc"
    assert other.dirty


def test_enter_walks_through_the_form(form, qtbot) -> None:
    form.activateWindow()
    names = [name for name, editor in form.editors.items() if editor.isVisible() and name != "text"]
    form.editors[names[0]].input.setFocus()
    qtbot.keyClick(form.editors["happened_at"].input, Qt.Key.Key_Return)
    assert form.editors["text"].input.hasFocus()
    form.editors["category"].input.setFocus()
    qtbot.keyClick(form.editors["category"].input, Qt.Key.Key_Return)
    assert form.editors["party"].input.hasFocus()
    last = names[-1]
    qtbot.keyClick(form.editors[last].input, Qt.Key.Key_Return)
    assert form.save.hasFocus()


def test_a_changed_row_gives_only_what_differs(qtbot, ledger, desk) -> None:
    held = {"happened_at": 1_781_764_200_000, "text": "旧", "party": "甲", "party_phone": "13900000001", "dead": 1}
    row = Row("calls", bytes(16), 1, MappingProxyType(held))
    form = LedgerForm(ledger, desk, row, find={"region": places})
    qtbot.addWidget(form)
    heard: list[dict] = []
    form.submitted.connect(heard.append)
    assert form.editors["party_phone"].text() == "", "a person's number is not on the screen"
    assert form.editors["party_phone"].input.placeholderText() == "139****0001（不改则留空）"
    form.editors["text"].set_text("新")
    form.editors["party"].set_text("")
    form.submit()
    assert heard == [{"text": "新", "party": None}]


def test_nothing_changed_just_closes(qtbot, ledger, desk) -> None:
    row = Row("calls", bytes(16), 1, {"happened_at": 1_781_764_200_000, "text": "旧"})
    form = LedgerForm(ledger, desk, row, find={"region": places})
    qtbot.addWidget(form)
    with qtbot.assertNotEmitted(form.submitted), qtbot.waitSignal(form.closed):
        form.submit()
