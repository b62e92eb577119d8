"""The month grid by keys and by mouse: names by initials, undo, swaps, a generated plan, publishing, what is wrong."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QInputMethodEvent
from PySide6.QtWidgets import QApplication, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from dutydesk.core.clock import FixedClock, parse_iso
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Condition
from dutydesk.ledger.sheets import read_sheet
from dutydesk.qt.announcer import announcer_for
from dutydesk.qt.dialogs import FileChooser
from dutydesk.qt.jobs import JobRunner
from dutydesk.roster import service
from dutydesk.roster.pane import RosterPane
from dutydesk.roster.pane_form import AskDialog
from dutydesk.roster.pane_grid import RosterView
from tests.desks import a_desk
from tests.rosterdesk import Staff, holder, place, put, staff

Key = Qt.Key
Ctrl = Qt.KeyboardModifier.ControlModifier
LEADER, PRIMARY, SECONDARY = range(3)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with a_desk(tmp_path / "desk", FixedClock(parse_iso("2026-10-12 09:20"))) as made:
        yield made


@pytest.fixture
def people(desk: Desk) -> Staff:
    return staff(desk)


@pytest.fixture
def pane(qtbot: QtBot, desk: Desk, people: Staff) -> Iterator[RosterPane]:
    jobs = JobRunner()
    desk.services["jobs"] = jobs
    made = RosterPane(desk)
    qtbot.addWidget(made)
    made.resize(1_000, 620)
    with qtbot.waitExposed(made):
        made.show()
    made.focus_first()
    yield made
    made.hide()
    jobs.close()
    announcer_for(desk.store).close()


def grid(pane: RosterPane) -> RosterView:
    return pane.month.by_post


def column(day: str) -> int:
    return int(day[8:]) - 1


def go(pane: RosterPane, row: int, day: str) -> RosterView:
    view = grid(pane)
    view.setFocus()
    view.go(row, column(day))
    return view


def type_name(qtbot: QtBot, view: RosterView, text: str) -> QLineEdit:
    qtbot.keyClicks(view, text[0])
    picker = view.picker
    assert picker is not None
    qtbot.keyClicks(picker, text[1:])
    return picker


def dialog(pane: QWidget, name: str, qtbot: QtBot) -> AskDialog:
    found = pane.findChild(AskDialog, name)
    assert found is not None, name
    qtbot.waitUntil(found.isActiveWindow)
    return found


def answer(pane: QWidget, name: str, text: str) -> None:
    found: Any = pane.findChild(QLineEdit, name)
    assert found is not None, name
    found.clear()
    QApplication.sendEvent(found, QInputMethodEvent())
    found.insert(text)
    found.textEdited.emit(found.text())
    if hasattr(found, "settle"):
        found.settle()


# --- what is shown


def test_the_month_opens_at_today_with_its_days_in_words(pane: RosterPane) -> None:
    model = grid(pane).sheet_model
    assert pane.month.head.title.text() == "2026 年 10 月"
    assert model.headerData(column("2026-10-01"), Qt.Orientation.Horizontal) == "1 四 假"
    assert model.headerData(column("2026-10-03"), Qt.Orientation.Horizontal) == "3 六 休"
    assert model.headerData(column("2026-10-10"), Qt.Orientation.Horizontal) == "10 六 补班"
    assert model.headerData(column("2026-10-12"), Qt.Orientation.Horizontal) == "12 一"
    assert grid(pane).place == (LEADER, column("2026-10-12"))
    assert model.data(model.index(LEADER, 0)) == "缺"


def test_a_year_that_was_not_announced_is_said_to_be_unknown(pane: RosterPane, qtbot: QtBot) -> None:
    for _month in range(3):
        qtbot.keyClick(grid(pane), Key.Key_PageDown, Ctrl)
    assert pane.month.head.title.text() == "2027 年 1 月"
    assert "未公布" in grid(pane).sheet_model.headerData(0, Qt.Orientation.Horizontal)
    qtbot.keyClick(grid(pane), Key.Key_T, Ctrl)
    assert pane.month.span == ("2026-10-01", "2026-10-31")
    place_now = grid(pane).place
    assert place_now is not None
    assert place_now[1] == column("2026-10-12")


def test_f5_changes_the_view(pane: RosterPane, qtbot: QtBot) -> None:
    month = pane.month
    assert [view.objectName() for view in month.shown_views()] == ["roster-by-post", "roster-by-person"]
    qtbot.keyClick(grid(pane), Key.Key_F5)
    assert month.shown_views() == [month.by_post]
    qtbot.keyClick(month.active(), Key.Key_F5)
    assert month.shown_views() == [month.by_person]
    assert month.by_person.hasFocus()


# --- by hand


def test_a_name_by_initials_goes_into_the_cell_and_the_cell_moves_on(
    pane: RosterPane, desk: Desk, people: Staff, qtbot: QtBot
) -> None:
    view = go(pane, PRIMARY, "2026-10-20")
    picker = type_name(qtbot, view, "csy")
    qtbot.keyClick(picker, Key.Key_Return)
    assert holder(desk, place("2026-10-20")) == people["陈试乙"]
    assert view.place == (SECONDARY, column("2026-10-20"))
    assert view.hasFocus()
    assert view.sheet_model.cell(PRIMARY, column("2026-10-20")).text == "陈试乙"


def test_only_who_may_stand_a_post_is_offered(pane: RosterPane, qtbot: QtBot) -> None:
    view = go(pane, LEADER, "2026-10-20")
    qtbot.keyClick(view, Key.Key_Return)
    assert view.picker is not None
    view.picker.show_all()
    assert {option.label for option in view.picker.offered} == {"王示例", "李示例", "张示例"}
    qtbot.keyClick(view.picker, Key.Key_Escape)
    assert view.picker is not None
    qtbot.keyClick(view.picker, Key.Key_Escape)
    assert view.picker is None
    assert view.hasFocus()


def test_a_click_elsewhere_takes_a_whole_name_and_drops_half_of_one(
    pane: RosterPane, desk: Desk, people: Staff, qtbot: QtBot
) -> None:
    view = go(pane, PRIMARY, "2026-10-14")
    for text, person in (("s", None), ("ysb", people["杨试丙"])):
        view.go(PRIMARY, column("2026-10-14"))
        type_name(qtbot, view, text)
        at = view.visualRect(view.sheet_model.index(LEADER, column("2026-10-13"))).center()
        assert view.picker is not None
        qtbot.keyClick(view.picker, Key.Key_Escape)  # the list of answers only
        qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=at)
        view.setFocus()
        assert view.picker is None
        assert holder(desk, place("2026-10-14")) == person
    assert view.place == (LEADER, column("2026-10-13"))


def test_nobody_of_that_name_writes_nothing(pane: RosterPane, desk: Desk, qtbot: QtBot) -> None:
    seq = desk.store.position()[0]
    view = go(pane, PRIMARY, "2026-10-20")
    qtbot.keyClick(type_name(qtbot, view, "xyz"), Key.Key_Return)
    assert "xyz" in pane.month.status.text()
    assert desk.store.position()[0] == seq


def test_delete_undo_and_redo(pane: RosterPane, desk: Desk, people: Staff, qtbot: QtBot) -> None:
    key = place("2026-10-20")
    put(desk, (key, people["刘试甲"]))
    pane.month.refresh()
    view = go(pane, PRIMARY, "2026-10-20")
    qtbot.keyClick(view, Key.Key_Delete)
    assert holder(desk, key) is None
    qtbot.keyClick(view, Key.Key_Z, Ctrl)
    assert holder(desk, key) == people["刘试甲"]
    qtbot.keyClick(view, Key.Key_Y, Ctrl)
    assert holder(desk, key) is None
    assert "已重做" in pane.month.status.text()


def test_what_breaks_a_rule_is_refused_with_its_reason_in_the_line_below(
    pane: RosterPane, desk: Desk, people: Staff, qtbot: QtBot
) -> None:
    put(desk, (place("2026-10-20"), people["刘试甲"]))
    pane.month.refresh()
    view = go(pane, PRIMARY, "2026-10-21")
    qtbot.keyClick(type_name(qtbot, view, "lsj"), Key.Key_Return)
    assert holder(desk, place("2026-10-21")) is None
    assert "10月21日" in pane.month.status.text()
    assert pane.month.status.text().startswith("×")


@pytest.mark.parametrize("way", ["keys", "mouse"])
def test_two_cells_change_places(pane: RosterPane, desk: Desk, people: Staff, qtbot: QtBot, way: str) -> None:
    one, other = place("2026-10-20"), place("2026-10-22")
    put(desk, (one, people["刘试甲"]), (other, people["陈试乙"]))
    pane.month.refresh()
    view = go(pane, PRIMARY, "2026-10-20")
    if way == "keys":
        qtbot.keyClick(view, Key.Key_X, Ctrl)
        assert view.source == (PRIMARY, column("2026-10-20"))
        qtbot.keyClick(view, Key.Key_Right)
        qtbot.keyClick(view, Key.Key_Right)
        qtbot.keyClick(view, Key.Key_V, Ctrl)
    else:
        view.scrollTo(view.sheet_model.index(PRIMARY, column("2026-10-22")))
        start = view.visualRect(view.sheet_model.index(PRIMARY, column("2026-10-20"))).center()
        end = view.visualRect(view.sheet_model.index(PRIMARY, column("2026-10-22"))).center()
        port = view.viewport()
        qtbot.mousePress(port, Qt.MouseButton.LeftButton, pos=start)
        qtbot.mouseMove(port, (start + end) / 2)
        qtbot.mouseMove(port, end)
        assert view.target == (PRIMARY, column("2026-10-22"))
        qtbot.mouseRelease(port, Qt.MouseButton.LeftButton, pos=end)
    assert (holder(desk, one), holder(desk, other)) == (people["陈试乙"], people["刘试甲"])
    assert view.source is None
    qtbot.keyClick(view, Key.Key_Z, Ctrl)
    assert (holder(desk, one), holder(desk, other)) == (people["刘试甲"], people["陈试乙"])


def test_a_click_alone_moves_nothing(pane: RosterPane, desk: Desk, people: Staff, qtbot: QtBot) -> None:
    put(desk, (place("2026-10-14"), people["刘试甲"]))
    pane.month.refresh()
    seq = desk.store.position()[0]
    view = grid(pane)
    at = view.visualRect(view.sheet_model.index(PRIMARY, column("2026-10-14"))).center()
    qtbot.mousePress(view.viewport(), Qt.MouseButton.LeftButton, pos=at)
    qtbot.mouseMove(view.viewport(), at + QPoint(1, 0))
    qtbot.mouseRelease(view.viewport(), Qt.MouseButton.LeftButton, pos=at + QPoint(1, 0))
    assert view.place == (PRIMARY, column("2026-10-14"))
    assert desk.store.position()[0] == seq


def test_by_person_a_post_is_typed_and_a_duty_given_to_another(
    pane: RosterPane, desk: Desk, people: Staff, qtbot: QtBot
) -> None:
    month = pane.month
    month.show_view("person")
    view = month.by_person
    row, other = month.people.index(people["杨试丙"]), month.people.index(people["赵试丁"])
    view.go(row, column("2026-10-23"))
    qtbot.keyClick(type_name(qtbot, view, "fb"), Key.Key_Return)
    key = place("2026-10-23", "SECONDARY")
    assert holder(desk, key) == people["杨试丙"]
    assert view.sheet_model.cell(row, column("2026-10-23")).text == "副班"
    assert view.sheet_model.sheet.lines[row].numbers[0] == "1"
    view.go(row, column("2026-10-23"))
    qtbot.keyClick(view, Key.Key_X, Ctrl)
    view.go(other, column("2026-10-23"))
    qtbot.keyClick(view, Key.Key_V, Ctrl)
    assert holder(desk, key) == people["赵试丁"]


def test_the_other_grid_goes_to_whoever_stands_in_the_cell(pane: RosterPane, desk: Desk, people: Staff) -> None:
    put(desk, (place("2026-10-14"), people["周试己"]))
    pane.month.refresh()
    go(pane, PRIMARY, "2026-10-14")
    assert pane.month.by_person.place == (pane.month.people.index(people["周试己"]), column("2026-10-14"))


# --- what is wrong


def test_a_problem_has_a_sign_its_reason_below_and_a_place_in_the_list(
    pane: RosterPane, desk: Desk, people: Staff, qtbot: QtBot
) -> None:
    put(desk, (place("2026-10-20"), people["刘试甲"]))
    given = {"person": people["刘试甲"], "kind": "LEAVE", "starts_on": "2026-10-19", "ends_on": "2026-10-21"}
    service.approve_leave(desk, service.ask_leave(desk, given), people["王示例"])
    pane.month.refresh()
    view = go(pane, PRIMARY, "2026-10-20")
    reasons = view.sheet_model.cell(PRIMARY, column("2026-10-20")).against
    assert len(reasons) == 1
    assert pane.month.status.text().startswith("△ ")
    assert reasons[0] in pane.month.status.text()
    view.go(LEADER, 0)
    qtbot.keyClick(view, Key.Key_F7)
    assert pane.month.notes.hasFocus()
    assert pane.month.notes.count() == 1
    assert reasons[0] in pane.month.notes.item(0).text()
    qtbot.keyClick(pane.month.notes, Key.Key_Return)
    assert view.place == (PRIMARY, column("2026-10-20"))
    qtbot.keyClick(view, Key.Key_F7)
    assert pane.month.notes_box.isHidden()
    row = pane.month.people.index(people["刘试甲"])
    assert pane.month.by_person.sheet_model.cell(row, column("2026-10-19")).away == "休假"


def test_who_may_be_called_stands_below_the_grid(pane: RosterPane, desk: Desk, qtbot: QtBot) -> None:
    line = pane.month.on_call
    pane.month.tell_rest()
    assert line.isHidden(), "nobody is listed yet"
    teams = [{"name": f"示例第{n}抢险救援队", "kind": "FLOOD", "status": "READY"} for n in range(1, 15)]
    desk.act("teams.import", [desk.new("teams", {"name": "示例地质专家组", "kind": "EXPERT", "status": "READY"})])
    desk.act("teams.import", [desk.new("teams", team) for team in teams])
    qtbot.waitUntil(line.isVisible)
    assert line.text().startswith("10月12日 周一 待命　")
    assert "专家组：示例地质专家组；队伍：示例第10抢险救援队、" in line.text()
    assert "等 14 个" in line.text()
    assert line.shown().endswith("…"), "cut where it does not fit, and whole in the tooltip"
    assert "示例第7抢险救援队等 14 个" in line.toolTip()
    assert line.width() <= pane.width()
    assert line.geometry().bottom() < pane.month.status.geometry().top() + 1


def test_the_hours_without_a_crew_are_told_and_listed(pane: RosterPane, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: pane.month.covered.text() == "744 小时中 744 小时不足")
    qtbot.keyClick(grid(pane), Key.Key_F9)
    assert "8,760 小时中 8760 小时不足" in pane.month.notes_head.text()
    assert "要 1 人，排了 0 人" in pane.month.notes.item(0).text()
    qtbot.keyClick(pane.month.notes, Key.Key_Escape)
    assert pane.month.notes_box.isHidden()
    assert grid(pane).hasFocus()


# --- generated and published


def generate(pane: RosterPane, qtbot: QtBot) -> None:
    qtbot.keyClick(grid(pane), Key.Key_F6)
    qtbot.waitUntil(lambda: pane.month.plan is not None, timeout=30_000)


def test_a_plan_is_previewed_refused_and_accepted(pane: RosterPane, desk: Desk, people: Staff, qtbot: QtBot) -> None:
    put(desk, (place("2026-10-20"), people["刘试甲"]))
    pane.month.refresh()
    seq = desk.store.position()[0]
    generate(pane, qtbot)
    assert pane.month.preview_bar.isVisible()
    assert "共 93 班次" in pane.month.plan_text.text()
    assert grid(pane).sheet_model.cell(LEADER, 0).text in ("王示例", "李示例", "张示例")
    view = go(pane, PRIMARY, "2026-10-14")
    qtbot.keyClick(view, Key.Key_Delete)
    assert desk.store.position()[0] == seq  # nothing is changed in a preview
    qtbot.keyClick(view, Key.Key_Escape)
    assert pane.month.plan is None
    assert view.sheet_model.data(view.sheet_model.index(LEADER, 0)) == "缺"
    generate(pane, qtbot)
    qtbot.keyClick(pane.month.take_plan, Key.Key_Return, Ctrl)
    assert pane.month.plan is None
    assert holder(desk, place("2026-10-20")) == people["刘试甲"]
    cells = service.grid(desk, "2026-10-01", "2026-10-31").cells
    assert all(cell.person is not None for cell in cells.values())
    qtbot.keyClick(grid(pane), Key.Key_Z, Ctrl)
    assert holder(desk, place("2026-10-21")) is None


def fill(desk: Desk, pane: RosterPane) -> None:
    service.accept(desk, service.generate(desk, "2026-10-01", "2026-10-31"))
    pane.month.refresh()


def test_publishing_asks_who_and_a_change_afterwards_asks_why(
    pane: RosterPane, desk: Desk, people: Staff, qtbot: QtBot
) -> None:
    fill(desk, pane)
    view = grid(pane)
    qtbot.keyClick(view, Key.Key_F8)
    ask = dialog(pane, "publish", qtbot)
    ask.submit()
    assert not service.is_published(desk, "2026-10-12")  # nobody was named
    answer(ask, "publish-maker", "lsj")
    answer(ask, "publish-approver", "wsl")
    ask.findChild(QWidget, "publish-gaps").setChecked(True)
    qtbot.keyClick(ask, Key.Key_Return, Ctrl)
    assert service.is_published(desk, "2026-10-01", "2026-10-31")
    (row,) = desk.rows("rosters")
    assert (row["maker"], row["approver"]) == (people["刘试甲"], people["王示例"])
    assert "审批 王示例" in pane.month.head.note.text()
    assert not pane.month.make.isEnabled()
    go(pane, PRIMARY, "2026-10-28")
    qtbot.keyClick(view, Key.Key_Delete)
    assert holder(desk, place("2026-10-28")) is not None
    ask = dialog(pane, "roster-reason", qtbot)
    ask.submit()
    assert holder(desk, place("2026-10-28")) is not None  # no reason was given
    answer(ask, "roster-reason-reason", "临时出差")
    qtbot.keyClick(ask, Key.Key_Return, Ctrl)
    assert holder(desk, place("2026-10-28")) is None
    assert pane.focusWidget() is view
    pane.activateWindow()
    qtbot.waitUntil(view.hasFocus)
    qtbot.keyClick(view, Key.Key_Z, Ctrl)
    assert holder(desk, place("2026-10-28")) is not None


def test_dragging_in_a_published_roster_asks_for_a_swap(
    pane: RosterPane, desk: Desk, people: Staff, qtbot: QtBot
) -> None:
    fill(desk, pane)
    service.publish(desk, "2026-10-01", "2026-10-31", people["刘试甲"], people["王示例"], gaps=True)
    pane.month.refresh()
    one, other = place("2026-10-20"), place("2026-10-27")
    before = (holder(desk, one), holder(desk, other))
    view = go(pane, PRIMARY, "2026-10-20")
    qtbot.keyClick(view, Key.Key_X, Ctrl)
    view.go(PRIMARY, column("2026-10-27"))
    qtbot.keyClick(view, Key.Key_V, Ctrl)
    assert (holder(desk, one), holder(desk, other)) == before
    ask: Any = dialog(pane, "swap", qtbot)
    assert ask.chosen_person("person") == before[0]
    assert ask.chosen_person("other") == before[1]
    assert pane.tabs.currentIndex() == 1
    ask.reject()


# --- paper and files


def test_a_file_is_taken_in_by_the_window(pane: RosterPane, desk: Desk, qtbot: QtBot) -> None:
    asked: list[str] = []
    desk.services["import"] = lambda ledger, _parent: asked.append(ledger)
    qtbot.keyClick(grid(pane), Key.Key_I, Ctrl)
    assert asked == ["assignments"]


@pytest.mark.parametrize(("name", "holds"), [("export_file", True), ("export_blank", False)])
def test_the_form_goes_out_filled_or_empty(
    pane: RosterPane, desk: Desk, people: Staff, tmp_path: Path, qtbot: QtBot, name: str, holds: bool
) -> None:
    put(desk, (place("2026-10-20"), people["刘试甲"]))
    pane.month.refresh()
    getattr(pane.month, name)()
    save_as(pane, qtbot, tmp_path / "out.xlsx")
    rows = read_sheet((tmp_path / "out.xlsx").read_bytes(), "out.xlsx", "xlsx").lines
    texts = [text for _line, cells in rows for text in cells]
    assert ("刘试甲" in texts) is holds
    (entry,) = desk.rows("audit", Condition("action", "=", "EXPORT"))
    assert entry.text("subject").startswith("assignments 2026-10-01/")
    assert entry.text("subject").endswith(" out.xlsx")
    assert "2026-10-20" in texts


def save_as(pane: RosterPane, qtbot: QtBot, path: Path) -> None:
    """Name the file that is asked for, and wait until it is written."""
    chooser = pane.findChild(FileChooser)
    assert chooser is not None
    chooser.chosen.emit(path)
    chooser.reject()
    qtbot.waitUntil(lambda: path.name in pane.month.status.text())
    assert path.exists()


def test_the_duties_of_a_person_go_into_a_calendar(
    pane: RosterPane, desk: Desk, people: Staff, tmp_path: Path, qtbot: QtBot
) -> None:
    put(desk, (place("2026-10-20"), people["刘试甲"]), (place("2026-10-21"), people["陈试乙"]))
    pane.month.refresh()
    go(pane, PRIMARY, "2026-10-20")
    pane.month.export_calendar()
    save_as(pane, qtbot, tmp_path / "out.ics")
    assert (tmp_path / "out.ics").read_bytes().count(b"BEGIN:VEVENT") == 1
    assert desk.count("audit", Condition("action", "=", "EXPORT")) == 1


def test_files_and_paper_are_made_beside_the_window(
    pane: RosterPane, desk: Desk, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []

    def of_form(*_given: object, **_more: object) -> bytes:
        made.append(threading.current_thread().name)
        return b"%PDF"

    shown: list[str] = []
    desk.services["preview"] = lambda _pdf, _title, form, about, _missing: shown.append(f"{form} {about}")
    monkeypatch.setattr("dutydesk.roster.filled.form", of_form)
    monkeypatch.setattr("dutydesk.roster.report.p03", of_form)
    pane.month.preview()
    qtbot.waitUntil(lambda: bool(shown))
    assert shown[0].startswith("P03 2026-10-01/")
    pane.month.export_file()
    save_as(pane, qtbot, tmp_path / "out.xlsx")
    assert made == ["dutydesk-jobs"] * 2


def test_every_key_is_in_the_palette_once(pane: RosterPane) -> None:
    keys = [key for text, key, _run in pane.commands() if key and text.startswith("值班表")]
    assert len(keys) == len(set(keys))
    assert {"F6", "F7", "F8", "F9", "F10", "Ctrl+Z", "Ctrl+Y", "Ctrl+X", "Ctrl+V", "Ctrl+P"} <= set(keys)
