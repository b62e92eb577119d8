"""Swaps, leave and the other sheets of the roster by keys; who consents gives the PIN where accounts are in force."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from dutydesk.accounts import service as accounts
from dutydesk.core.clock import FixedClock, parse_iso
from dutydesk.core.errors import Refused
from dutydesk.journal.desk import Desk
from dutydesk.qt.announcer import Changed, announcer_for
from dutydesk.roster import service
from dutydesk.roster.pane import RosterPane
from dutydesk.roster.pane_form import AskDialog
from tests.desks import a_desk
from tests.rosterdesk import Staff, holder, place, put, staff

Key = Qt.Key
Ctrl = Qt.KeyboardModifier.ControlModifier
ONE, OTHER = place("2026-10-20"), place("2026-10-27")
PIN = "271828"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with a_desk(tmp_path / "desk", FixedClock(parse_iso("2026-10-12 09:20"))) as made:
        yield made


@pytest.fixture
def people(desk: Desk) -> Staff:
    made = staff(desk)
    put(desk, (ONE, made["刘试甲"]), (OTHER, made["陈试乙"]))
    service.publish(desk, "2026-10-12", "2026-10-31", made["杨试丙"], made["王示例"], gaps=True)
    return made


@pytest.fixture
def pane(qtbot: QtBot, desk: Desk, people: Staff) -> Iterator[RosterPane]:
    made = RosterPane(desk)
    qtbot.addWidget(made)
    made.resize(1_000, 620)
    with qtbot.waitExposed(made):
        made.show()
    yield made
    made.hide()
    announcer_for(desk.store).close()


def dialog(pane: QWidget, name: str) -> AskDialog:
    found = [one for one in pane.findChildren(AskDialog) if one.objectName() == name and one.isVisible()]
    assert len(found) == 1, name
    return found[0]


def field(ask: QWidget, name: str) -> Any:
    found = ask.findChild(QLineEdit, f"{ask.objectName()}-{name}")
    assert found is not None, name
    return found


def fill(qtbot: QtBot, ask: QWidget, name: str, text: str) -> None:
    line = field(ask, name)
    line.setFocus()
    line.clear()
    if text.isascii():
        qtbot.keyClicks(line, text)
    else:  # what an input method gives
        line.insert(text)
    qtbot.keyClick(line, Key.Key_Return)


def press(pane: RosterPane, view: QWidget, key: Qt.Key, qtbot: QtBot) -> None:
    """A key on a list, once the window has the keyboard back from a dialog."""
    assert pane.focusWidget() is view
    pane.activateWindow()
    qtbot.waitUntil(view.hasFocus)
    qtbot.keyClick(view, key)


def asked(pane: RosterPane, qtbot: QtBot) -> None:
    """A swap of 20 and 27 October, asked for from the grid."""
    pane.ask_swap(ONE, OTHER)
    ask = dialog(pane, "swap")
    fill(qtbot, ask, "reason", "孩子住院")
    ask.submit()


def state(desk: Desk) -> str:
    (row,) = desk.rows("swaps")
    return row.text("state")


def test_a_swap_is_asked_accepted_and_approved(pane: RosterPane, desk: Desk, people: Staff, qtbot: QtBot) -> None:
    asked(pane, qtbot)
    (row,) = desk.rows("swaps")
    assert (row["kind"], row["person"], row["other"]) == ("SWAP", people["刘试甲"], people["陈试乙"])
    assert pane.swaps.totals() == "1 件未办完"
    qtbot.waitUntil(lambda: pane.tabs.tabText(1) == "调班代班 1")
    assert holder(desk, ONE) == people["刘试甲"]
    press(pane, pane.swaps.view, Key.Key_F6, qtbot)
    ask = dialog(pane, "swap-accept")
    assert field(ask, "by").text() == "陈试乙"
    assert not field(ask, "pin").isVisible()
    ask.submit()
    assert state(desk) == "ACCEPTED"
    press(pane, pane.swaps.view, Key.Key_F7, qtbot)
    ask = dialog(pane, "swap-approve")
    fill(qtbot, ask, "by", "wsl")
    ask.submit()
    assert state(desk) == "APPROVED"
    assert (holder(desk, ONE), holder(desk, OTHER)) == (people["陈试乙"], people["刘试甲"])
    pane.show_month()
    pane.month.show_place(ONE)
    view = pane.month.by_post
    assert view.place is not None
    cell = view.sheet_model.cell(*view.place)
    assert (cell.text, cell.mark) == ("陈试乙", "调")
    assert "原排 刘试甲" in pane.month.status.text()


def test_a_substitute_needs_no_duty_in_return(pane: RosterPane, desk: Desk, people: Staff, qtbot: QtBot) -> None:
    pane.ask_swap(ONE, None)
    ask = dialog(pane, "swap")
    fill(qtbot, ask, "other", "ysb")
    fill(qtbot, ask, "reason", "出差")
    ask.submit()
    (row,) = desk.rows("swaps")
    assert (row["kind"], row["other"]) == ("SUBSTITUTE", people["杨试丙"])


def test_a_refused_swap_stays_as_a_record(pane: RosterPane, desk: Desk, people: Staff, qtbot: QtBot) -> None:
    asked(pane, qtbot)
    press(pane, pane.swaps.view, Key.Key_F8, qtbot)
    ask = dialog(pane, "swap-refuse")
    fill(qtbot, ask, "reason", "也有事")
    ask.submit()
    assert state(desk) == "REFUSED"
    assert holder(desk, ONE) == people["刘试甲"]


def test_only_who_asked_withdraws(pane: RosterPane, desk: Desk, people: Staff, qtbot: QtBot) -> None:
    asked(pane, qtbot)
    press(pane, pane.swaps.view, Key.Key_F9, qtbot)
    ask = dialog(pane, "swap-cancel")
    fill(qtbot, ask, "by", "ysb")
    ask.submit()
    assert state(desk) == "ASKED"
    assert ask.isVisible()
    fill(qtbot, ask, "by", "lsj")
    ask.submit()
    assert state(desk) == "CANCELLED"


def test_a_swap_that_breaks_a_rule_is_refused_in_its_dialog(
    pane: RosterPane, desk: Desk, people: Staff, qtbot: QtBot
) -> None:
    service.assign(desk, [service.Edit(*place("2026-10-21", "SECONDARY"), people["陈试乙"])], reason="增援")
    pane.ask_swap(ONE, OTHER)
    ask = dialog(pane, "swap")
    fill(qtbot, ask, "reason", "孩子住院")
    ask.submit()
    assert ask.isVisible()
    assert ask.general.text()
    assert not desk.rows("swaps")


def test_who_consents_gives_their_own_pin(pane: RosterPane, desk: Desk, people: Staff, qtbot: QtBot) -> None:
    asked(pane, qtbot)
    desk.act(
        "settings.add",
        [
            desk.new("settings", {"key": f"account.argon2_{name}", "value": value, "source": "测试"})
            for name, value in (("time", "1"), ("memory_kib", "8192"))
        ],
    )
    admin = people["张示例"]
    accounts.enrol(desk, admin, "314159")
    accounts.sign_in(desk, admin, "314159")
    accounts.add(desk, people["陈试乙"], "OFFICER")
    accounts.enrol(desk, people["陈试乙"], PIN, by=admin)
    accounts.sign_in(desk, admin, "314159")
    press(pane, pane.swaps.view, Key.Key_F6, qtbot)
    ask = dialog(pane, "swap-accept")
    assert field(ask, "pin").isVisible()
    fill(qtbot, ask, "pin", "000000")
    ask.submit()
    assert state(desk) == "ASKED"
    assert "口令不对" in field(ask, "pin").accessibleDescription()
    fill(qtbot, ask, "pin", PIN)
    ask.submit()
    assert state(desk) == "ACCEPTED"
    assert desk.me.id == admin.hex()  # whoever sits there stays
    (row,) = desk.rows("swaps")
    with desk.store.read() as connection:
        told = connection.exec_driver_sql("select by from act where kind = 'swap.accept'").scalar()
    assert told == people["陈试乙"].hex()
    assert row["accepted_at"] == desk.clock.now()


def test_leave_is_asked_approved_and_reported_back(pane: RosterPane, desk: Desk, people: Staff, qtbot: QtBot) -> None:
    pane.show_leaves()
    page = pane.leaves
    qtbot.keyClick(page.view, Key.Key_N, Ctrl)
    form = page.form
    assert form is not None
    for name, text in (
        ("person", "刘试甲"),
        ("starts_on", "2026-10-12"),
        ("ends_on", "2026-10-20"),
        ("reason", "探亲"),
    ):
        form.editors[name].set_text(text)
    form.submit()
    (row,) = desk.rows("leaves")
    assert (row["state"], row["person"]) == ("ASKED", people["刘试甲"])
    assert "1 件待批" in page.totals()
    page.view.show_row(row.id)
    page.view.setFocus()
    press(pane, page.view, Key.Key_F6, qtbot)
    ask = dialog(pane, "leave-approve")
    fill(qtbot, ask, "by", "wsl")
    ask.submit()
    (row,) = desk.rows("leaves")
    assert (row["state"], row["approver"]) == ("APPROVED", people["王示例"])
    assert "这些班要换人" in page.status.text()
    assert "10月20日" in page.status.text()
    press(pane, page.view, Key.Key_F8, qtbot)
    dialog(pane, "leave-return").submit()
    (row,) = desk.rows("leaves")
    assert (row["state"], row["returned_on"]) == ("RETURNED", "2026-10-12")


def test_a_leave_is_refused_with_its_reason(pane: RosterPane, desk: Desk, people: Staff, qtbot: QtBot) -> None:
    given = {"person": people["刘试甲"], "kind": "LEAVE", "starts_on": "2026-10-19", "ends_on": "2026-10-21"}
    leave = service.ask_leave(desk, given)
    pane.leaves.model.refresh()
    pane.show_row("leaves", leave)
    press(pane, pane.leaves.view, Key.Key_F7, qtbot)
    ask = dialog(pane, "leave-refuse")
    fill(qtbot, ask, "by", "lsl")
    ask.submit()
    (row,) = desk.rows("leaves")
    assert (row["state"], row["approver"]) == ("REFUSED", people["李示例"])


def test_staff_are_found_by_initials_and_by_post(pane: RosterPane, desk: Desk, people: Staff) -> None:
    pane.show_staff()
    model = pane.staff.model
    assert model.rowCount() == 9
    model.set_search("csy")
    assert model.rowCount() == 1
    model.set_search("带班")
    assert model.rowCount() == 3
    assert pane.staff.totals().startswith("9 人")


def test_posts_of_staff_are_typed_as_they_are_called(pane: RosterPane, desk: Desk, people: Staff) -> None:
    row = next(row for row in desk.rows("roster_people") if row["person"] == people["刘试甲"])
    pane.staff.change(row, {"posts": "带班领导、主班"})
    held = desk.get("roster_people", row.id)
    assert held is not None
    assert set(held.text("posts").split()) == {"LEADER", "PRIMARY"}
    with pytest.raises(Refused) as refused:
        pane.staff.change(row, {"posts": "主班 门卫"})
    assert "门卫" in refused.value.problems[0].reason
    assert refused.value.problems[0].field == "posts"


def test_a_posture_asks_for_more_people_in_the_grid(pane: RosterPane, desk: Desk, people: Staff) -> None:
    pane.show_month()
    before = pane.month.by_post.sheet_model.rowCount()
    pane.postures.make({"mode": "RAIN_STORM", "starts_on": "2026-10-12", "ends_on": "2026-10-13"})
    pane.month.refresh()
    pane.month.tell_rest()
    assert pane.month.by_post.sheet_model.rowCount() > before
    assert "暴雨" in pane.month.posture.word
    assert "暴雨" in pane.postures.totals()


@pytest.mark.parametrize(
    ("key", "at"), [(Key.Key_2, 1), (Key.Key_3, 2), (Key.Key_4, 3), (Key.Key_5, 4), (Key.Key_6, 5)]
)
def test_ctrl_and_a_figure_choose_the_sheet(pane: RosterPane, qtbot: QtBot, key: Qt.Key, at: int) -> None:
    pane.focus_first()
    qtbot.keyClick(pane.month.by_post, key, Ctrl)
    assert pane.tabs.currentIndex() == at


def test_a_row_of_any_ledger_is_shown(pane: RosterPane, desk: Desk, people: Staff) -> None:
    (row,) = desk.rows("rosters")
    pane.show_row("rosters", row.id)
    assert pane.month.isVisible()
    key = next(row for row in desk.rows("assignments") if row.text("date") == OTHER[0])
    pane.show_row("assignments", key.id)
    assert pane.month.current_place() == OTHER
    member = desk.rows("roster_people")[0]
    pane.show_row("roster_people", member.id)
    assert pane.staff.isVisible()


def test_saving_a_note_leaves_the_posts_as_they_stand(
    pane: RosterPane, qtbot: QtBot, desk: Desk, people: Staff
) -> None:
    """Shown in words they come back as the same codes: no change that nobody made, and none to be in conflict."""
    row = next(row for row in desk.rows("roster_people") if row["person"] == people["刘试甲"])
    desk.act("roster_people.edit", [desk.edit("roster_people", row.id, {"posts": "SECONDARY LEADER PRIMARY"})])
    made = pane.postures.make({"mode": "GUARD", "starts_on": "2026-10-12"})
    desk.act("postures.edit", [desk.edit("postures", made, {"crew": "PRIMARY=2, LEADER=1"})])
    for page, which, name in ((pane.staff, row.id, "posts"), (pane.postures, made, "crew")):
        held = desk.get(page.ledger.name, which)
        assert held is not None
        page.model.refresh()
        page.open_row(held)
        assert page.form is not None
        assert "主班" in page.form.editors[name].text()
        page.form.editors["note"].set_text("新记")
        qtbot.mouseClick(page.form.save, Qt.MouseButton.LeftButton)
        assert page.form is None
        after = desk.get(page.ledger.name, which)
        assert after is not None
        assert {key for key in after.values if after.values[key] != held.values[key]} == {"note"}
        page.change(after, {name: after.text(name).replace(", ", " ")})
        assert desk.get(page.ledger.name, which) == after


def test_what_posts_are_called_is_read_once_for_a_whole_list(
    pane: RosterPane, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = pane.staff.model
    at = [item.name for item in model.fields].index("posts")
    times: list[Desk] = []
    names = service.post_names

    def read(asked: Desk) -> dict[str, str]:
        times.append(asked)
        return names(asked)

    monkeypatch.setattr(service, "post_names", read)
    desk.act("settings.add", [desk.new("settings", {"key": "roster.post.LEADER", "value": "总值班长"})])
    pane.staff.heed(Changed(everything=True))
    times.clear()
    shown = [str(model.data(model.index(number, at))) for number in range(model.rowCount())]
    assert shown.count("总值班长") == 3
    assert "总值班长 3" in pane.staff.totals()
    pane.staff.heed(Changed(everything=True))
    assert len(times) == 1
