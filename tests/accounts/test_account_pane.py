"""The pane of accounts: what is shown, and what its buttons and dialogs do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtWidgets import QApplication, QComboBox, QDialog, QLabel, QLineEdit, QPushButton, QTreeWidget, QWidget

from dutydesk.accounts import service
from dutydesk.accounts.pane_account import AccountPane
from dutydesk.accounts.pane_dialogs import PersonLine
from dutydesk.core.ids import named_id
from dutydesk.journal import query as q
from dutydesk.journal.desk import Desk
from dutydesk.ledger.feature import Change
from dutydesk.qt.announcer import announcer_for
from dutydesk.qt.picker import Option
from tests.accounts.conftest import PINS

Person = Callable[[str], bytes]


@pytest.fixture
def pane(staffed: Desk, person: Person, qtbot: Any) -> Any:
    """The pane, with the administrator at the desk."""
    service.sign_in(staffed, person("示例甲"), PINS["示例甲"])
    staffed.services["announcer"] = announcer_for(staffed.store)
    made = AccountPane(staffed)
    qtbot.addWidget(made)
    made.resize(900, 600)
    made.show()
    yield made
    made.close()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    staffed.services["announcer"].close()


def shown(pane: AccountPane) -> list[tuple[str, ...]]:
    tree = pane.list
    rows = [tree.topLevelItem(n) for n in range(tree.topLevelItemCount())]
    return [tuple(row.text(column) for column in range(4)) for row in rows]


def mark(pane: AccountPane, name: str) -> None:
    pane.list.setCurrentItem(pane.list.findItems(name, Qt.MatchFlag.MatchExactly)[0])


def asked(pane: AccountPane, name: str) -> QDialog:
    found = pane.findChild(QDialog, name)
    assert found is not None
    return found


def fill(qtbot: Any, dialog: QDialog, **lines: str) -> None:
    for name, text in lines.items():
        line = dialog.findChild(QLineEdit, f"account-{name.replace('_', '-')}")
        assert line is not None
        line.clear()
        qtbot.keyClicks(line, text)
    button = dialog.findChild(QPushButton, f"{dialog.objectName()}-go")
    assert button is not None
    button.click()


def said(dialog: QDialog) -> str:
    problem = dialog.findChild(QLabel, f"{dialog.objectName()}-problem")
    assert problem is not None
    return problem.text()


def test_who_may_do_what_and_whose_pin_is_set(pane: AccountPane) -> None:
    assert shown(pane) == [
        ("示例丁", "审计员", "在用", "已设"),
        ("示例丙", "带班领导", "在用", "已设"),
        ("示例乙", "值班员", "在用", "已设"),
        ("示例甲", "管理员", "在用", "已设"),
    ]
    assert pane.findChild(QTreeWidget, "account-list") is pane.list
    assert pane.model.rowCount() > 5


def test_opening_an_account_and_giving_it_a_pin(pane: AccountPane, qtbot: Any, person: Person) -> None:
    pane.add()
    dialog = asked(pane, "account-edit")
    fill(qtbot, dialog)
    assert said(dialog) == "请从通讯录里选人"
    line: Any = dialog.findChild(QLineEdit, "account-person")
    line.setText("示例戊")
    fill(qtbot, dialog)
    assert ("示例戊", "值班员", "在用", "未设") in shown(pane)
    mark(pane, "示例戊")
    pane.enrol()
    dialog = asked(pane, "account-enrol")
    fill(qtbot, dialog, pin="602214", pin_again="602215")
    assert said(dialog) == "两次输的不一样"
    fill(qtbot, dialog, pin="123456", pin_again="123456")
    assert said(dialog) == "太容易猜：不用连号、重复或常见的"
    fill(qtbot, dialog, pin="602214", pin_again="602214")
    assert ("示例戊", "值班员", "在用", "已设") in shown(pane)
    service.verify(pane.desk, person("示例戊"), "602214")


def test_two_others_give_a_new_pin(pane: AccountPane, qtbot: Any, person: Person) -> None:
    mark(pane, "示例乙")
    pane.reset()
    dialog = asked(pane, "account-reset")
    chosen = [dialog.findChild(QComboBox, f"account-witness-{n}") for n in (1, 2)]
    names = [box.currentText().split("  ")[0] for box in chosen if box is not None]
    assert names == ["示例丙", "示例甲"], "those who may come first"
    pins = {"witness_1_pin": PINS["示例丙"], "pin": "602214", "pin_again": "602214"}
    fill(qtbot, dialog, witness_2_pin="000111", **pins)
    assert said(dialog) == "口令不对，还可以试 4 次"
    fill(qtbot, dialog, witness_2_pin=PINS["示例甲"], **pins)
    service.verify(pane.desk, person("示例乙"), "602214")
    assert [row.text("result") for row in pane.desk.rows("audit", q.Condition("action", "=", "RESET"))] == [
        "示例丙、示例甲"
    ]


def test_two_make_an_administrator_where_there_is_none(pane: AccountPane, qtbot: Any, person: Person) -> None:
    assert pane.buttons["rescue"].isHidden()
    held, pane.desk.store.guard = pane.desk.store.guard, None  # as if it had come from another desk
    row = named_id("accounts", person("示例甲").hex())
    pane.desk.act("account.off", [Change("accounts", row, {"state": "OFF"})])
    pane.desk.store.guard = held
    qtbot.waitUntil(lambda: not pane.buttons["rescue"].isHidden())
    pane.rescue()
    dialog = asked(pane, "account-rescue")
    who = dialog.findChild(QWidget, "account-person")
    assert isinstance(who, PersonLine)
    who.choose(Option(person("示例戊").hex(), "示例戊"))
    second = dialog.findChild(QComboBox, "account-witness-2")
    assert second is not None
    second.setCurrentIndex(second.findData(person("示例乙").hex()))
    pins = {"witness_1_pin": PINS["示例丙"], "witness_2_pin": PINS["示例乙"]}
    fill(qtbot, dialog, **pins)
    assert said(dialog) == "示例戊还没有在这台工作站设置口令"
    fill(qtbot, dialog, pin="602214", pin_again="602214", **pins)
    assert ("示例戊", "管理员", "在用", "已设") in shown(pane)
    assert pane.buttons["rescue"].isHidden()
    service.verify(pane.desk, person("示例戊"), "602214")


def test_the_last_administrator_cannot_be_switched_off(pane: AccountPane, qtbot: Any) -> None:
    mark(pane, "示例甲")
    pane.toggle()
    boxes: list[Any] = [box for box in QApplication.topLevelWidgets() if isinstance(box, QDialog) and box.isVisible()]
    assert any("最后一个管理员" in text.text() for box in boxes for text in box.findChildren(QLabel))
    for box in boxes:
        box.close()
    assert ("示例甲", "管理员", "在用", "已设") in shown(pane)
    mark(pane, "示例乙")
    pane.toggle()
    assert shown(pane)[-1] == ("示例乙", "值班员", "停用", "已设")
    assert pane.buttons["state"].text() == "恢复"


def test_an_officer_sees_and_changes_only_their_own_pin(pane: AccountPane, person: Person, qtbot: Any) -> None:
    service.sign_in(pane.desk, person("示例乙"), PINS["示例乙"])
    pane.refresh()
    able = {name for name, button in pane.buttons.items() if button.isEnabled()}
    assert able == {"reset", "change", "out"}
    pane.change_mine()
    dialog = asked(pane, "account-change")
    fill(qtbot, dialog, old="000111", pin="602214", pin_again="602214")
    assert said(dialog) == "口令不对，还可以试 4 次"
    fill(qtbot, dialog, old=PINS["示例乙"], pin="602214", pin_again="602214")
    service.verify(pane.desk, person("示例乙"), "602214")
