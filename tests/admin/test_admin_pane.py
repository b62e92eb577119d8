"""The pane of administration: the record's figures, disputes settled by keys, settings with their source, audit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QLabel, QLineEdit, QPlainTextEdit, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from dutydesk.admin import record, service
from dutydesk.admin.known import row_id
from dutydesk.admin.pane import AdminPane
from dutydesk.admin.pane_conflicts import choices_of
from dutydesk.core.clock import FixedClock
from dutydesk.journal import audit
from dutydesk.journal.attachments import keep
from dutydesk.journal.desk import Desk
from dutydesk.journal.history import history
from dutydesk.journal.settings import setting
from dutydesk.ledger.feature import Change
from dutydesk.qt.announcer import announcer_for
from dutydesk.qt.dialogs import Sentence
from dutydesk.qt.jobs import JobRunner
from dutydesk.qt.widgets import EmptyState
from dutydesk.sync.snapshots import LAST, take
from tests.plaindesk import text_of

Key = Qt.Key
Tell = Callable[[Desk, Desk], None]


@pytest.fixture
def pane(qtbot: QtBot, desk: Desk) -> Iterator[AdminPane]:
    made = AdminPane(desk)
    qtbot.addWidget(made)
    made.resize(980, 620)
    with qtbot.waitExposed(made):
        made.show()
    yield made
    made.hide()
    announcer_for(desk.store).close()


def child(pane: QWidget, kind: type[Any], name: str) -> Any:
    found = pane.findChild(kind, name)
    assert found is not None, name
    return found


def tree(pane: AdminPane) -> dict[str, list[tuple[str, str]]]:
    """The groups of the record's list and their lines."""
    found: dict[str, list[tuple[str, str]]] = {}
    for at in range(pane.record.list.topLevelItemCount()):
        head = pane.record.list.topLevelItem(at)
        assert head is not None
        lines = [head.child(n) for n in range(head.childCount())]
        found[head.text(0)] = [(line.text(0), line.text(1)) for line in lines]
    return found


def shelter(desk: Desk, **values: Any) -> bytes:
    change = desk.new("shelters", {"name": "示例安置点", "capacity": 100, **values})
    desk.act("shelter.add", [change])
    return change.row


def edit(desk: Desk, ledger: str, row: bytes, **values: Any) -> None:
    desk.act(f"{ledger}.edit", [Change(ledger, row, values)])


@pytest.fixture
def disputed(desk: Desk, other: Desk, tell: Tell, clock: FixedClock) -> bytes:
    """A shelter whose capacity two desks changed at the same time."""
    row = shelter(desk)
    tell(desk, other)
    edit(desk, "shelters", row, capacity=150)
    clock.advance(60_000)
    edit(other, "shelters", row, capacity=180)
    tell(other, desk)
    return row


def test_the_record_tells_how_far_every_desk_reaches(desk: Desk, other: Desk, tell: Tell, pane: AdminPane) -> None:
    shelter(other)
    tell(other, desk)
    shelter(desk, name="另一处")
    pane.refresh()
    seq, head = desk.store.position()
    assert child(pane, QWidget, "admin-record-acts").text() == "共 4 条，只增不改"
    assert child(pane, QWidget, "admin-record-place").text() == f"S1/1 #{seq} 校验 {head.hex()[:16]}"
    groups = tree(pane)
    assert [line[0] for line in groups["各机记录到哪里  2"]] == ["S1/1 第1席（本机）", "S2/1 第2席"]
    assert groups["隔离的外来记录"] == groups["要升级程序才能显示"] == groups["备份"] == [("无", "")]
    assert child(pane, QWidget, "admin-record-copy").text() == "还没有"
    assert child(pane, QPushButton, "admin-snapshot").isHidden()


def test_what_was_kept_out_is_listed_and_open(desk: Desk, other: Desk, tell: Tell, qtbot: QtBot) -> None:
    with other.store.read() as connection:
        from dutydesk.journal.chain import Act
        from dutydesk.journal.inbox import take_in
        from dutydesk.journal.store import ACT_COLUMNS

        (row,) = connection.exec_driver_sql(f"SELECT {ACT_COLUMNS} FROM act").all()
    values = list(row)
    values[10] = bytes(values[10]).replace("第2席".encode(), "第9席".encode())
    take_in(desk.store, [(Act(*values), {})])
    with desk.store.read() as connection:
        (held,) = record.quarantined(connection)
    assert held.where.endswith("/1 #1")
    assert held.what
    assert "有外来记录被隔离" in [item.title for item in desk.open_items()]
    pane = AdminPane(desk)
    qtbot.addWidget(pane)
    assert tree(pane)["隔离的外来记录  1"] == [(held.where, held.what)]
    announcer_for(desk.store).close()


def test_copies_are_listed_and_tried_out(desk: Desk, clock: FixedClock, qtbot: QtBot) -> None:
    made = take(desk.store.home, desk.store.schema, clock)
    desk.store.remember(LAST, str(made.at))
    jobs = JobRunner()
    asked: list[str] = []
    desk.services.update(jobs=jobs, snapshot=lambda: asked.append("snapshot"), verify=lambda: asked.append("verify"))
    pane = AdminPane(desk)
    qtbot.addWidget(pane)
    with qtbot.waitExposed(pane):
        pane.show()
    assert child(pane, QWidget, "admin-record-copy").text() == "2026-06-18 22:00"
    assert tree(pane)["备份  1"][0][0] == made.path.name
    for name in ("snapshot", "verify"):
        qtbot.mouseClick(child(pane, QPushButton, f"admin-{name}"), Qt.MouseButton.LeftButton)
    assert asked == ["snapshot", "verify"]
    told = said(pane, qtbot)
    qtbot.mouseClick(child(pane, QPushButton, "admin-try-copy"), Qt.MouseButton.LeftButton)
    assert "核对无误，可以恢复" in told()
    with made.path.open("r+b") as file:
        file.seek(8192)
        file.write(b"\xff" * 4096)
    told = said(pane, qtbot)
    qtbot.mouseClick(child(pane, QPushButton, "admin-try-copy"), Qt.MouseButton.LeftButton)
    assert "这份备份不能用" in told()
    jobs.close()
    pane.hide()
    announcer_for(desk.store).close()


def said(pane: AdminPane, qtbot: QtBot) -> Callable[[], str]:
    """Waits for the next sentence, reads it and closes it."""
    from dutydesk.qt.dialogs import Sentence

    def wait() -> str:
        qtbot.waitUntil(lambda: bool(pane.findChildren(Sentence)))
        dialog = pane.findChildren(Sentence)[-1]
        text = dialog.text.text()
        with qtbot.waitSignal(dialog.destroyed):
            dialog.accept()
        return text

    return wait


def test_two_values_stand_side_by_side_and_one_is_taken(
    desk: Desk, other: Desk, disputed: bytes, tell: Tell, pane: AdminPane, qtbot: QtBot
) -> None:
    assert "有数据冲突待处理" in [item.title for item in desk.open_items()]
    pane.refresh()
    assert pane.tabs.tabText(1) == "冲突 1"
    pane.focus_first()
    conflicts = pane.conflicts
    assert conflicts.list.hasFocus()
    assert conflicts.head.text() == f"示例安置点 · {desk.ledger('shelters')['capacity'].label}"
    lines = [conflicts.choices.topLevelItem(n) for n in range(2)]
    assert [line.text(0) for line in lines if line] == ["180", "150"]
    assert [line.text(1) for line in lines if line] == ["命令行", "命令行"]
    assert [line.text(2) for line in lines if line] == ["06-18 22:01", "06-18 22:00"]
    qtbot.keyClick(conflicts.list, Key.Key_Return)
    assert conflicts.choices.hasFocus()
    qtbot.keyClick(conflicts.choices, Key.Key_Down)
    qtbot.keyClick(conflicts.choices, Key.Key_Return)
    assert conflicts.reason.hasFocus()
    qtbot.keyClick(conflicts.reason, Key.Key_Return)
    assert conflicts.problem.isVisible()
    assert conflicts.count == 1
    qtbot.keyClicks(conflicts.reason, "asked by phone")
    qtbot.keyClick(conflicts.reason, Key.Key_Return)
    assert conflicts.count == 0
    assert conflicts.empty.isVisible()
    held = desk.get("shelters", disputed)
    assert held is not None
    assert held["capacity"] == 150
    tell(desk, other)
    theirs = other.get("shelters", disputed)
    assert theirs is not None
    assert theirs["capacity"] == 150
    assert service.conflicts(other) == []
    with desk.store.read() as connection:
        versions = history(connection, desk.store.schema["shelters"], disputed)
    assert {v.values.get("capacity") for v in versions} >= {100, 150, 180}  # nothing that was written is lost
    (audit,) = desk.rows("audit")
    assert (audit["action"], audit["reason"]) == ("SETTLE", "asked by phone")


def test_one_thing_entered_twice_is_made_one(
    desk: Desk, other: Desk, tell: Tell, pane: AdminPane, qtbot: QtBot
) -> None:
    mine, theirs = shelter(desk), shelter(other, capacity=120)
    tell(other, desk)
    pane.refresh()
    assert pane.conflicts.count == 1  # both rows of one name are settled together
    kinds = {conflict.kind for conflict in service.conflicts(desk)}
    assert kinds == {"duplicate"}
    choices = choices_of(desk, service.conflicts(desk)[0])
    assert {choice.value for choice in choices} == {mine, theirs}
    assert any("120" in choice.what for choice in choices)
    pane.focus_first()
    wanted = next(n for n, choice in enumerate(choices) if choice.value == theirs)
    pane.conflicts.choices.setCurrentItem(pane.conflicts.choices.topLevelItem(wanted))
    pane.conflicts.reason.setText("同一处")
    qtbot.mouseClick(child(pane, QPushButton, "admin-conflict-settle"), Qt.MouseButton.LeftButton)
    assert service.conflicts(desk) == []
    assert [row.id for row in desk.rows("shelters")] == [theirs]


@pytest.mark.parametrize("keep", [True, False])
def test_deleted_here_and_changed_there_is_asked(
    desk: Desk, other: Desk, tell: Tell, clock: FixedClock, pane: AdminPane, keep: bool
) -> None:
    row = shelter(desk)
    tell(desk, other)
    desk.act("shelter.remove", [desk.store.deletion("shelters", row)])
    clock.advance(1_000)
    edit(other, "shelters", row, capacity=90)
    tell(other, desk)
    pane.refresh()
    (conflict,) = service.conflicts(desk)
    assert conflict.kind == "deleted"
    choices = choices_of(desk, conflict)
    assert [(choice.what, choice.at) for choice in choices] == [
        ("保留这一条，改为：容量 90", clock.now()),
        ("删除这一条", clock.now() - 1_000),
    ]
    at = next(n for n, choice in enumerate(choices) if choice.value is keep)
    pane.conflicts.choices.setCurrentItem(pane.conflicts.choices.topLevelItem(at))
    pane.conflicts.reason.setText("已核实")
    pane.conflicts.settle()
    assert service.conflicts(desk) == []
    assert [held.id for held in desk.rows("shelters")] == ([row] if keep else [])


def test_a_personal_number_in_dispute_stays_masked(desk: Desk, other: Desk, tell: Tell) -> None:
    people = desk.new("people", {"name": "赵示例", "kind": "PERSON"})
    number = desk.new("numbers", {"person": people.row, "kind": "MOBILE", "number": "13900000001"})
    desk.act("people.add", [people, number])
    tell(desk, other)
    edit(desk, "numbers", number.row, number="13900000002")
    edit(other, "numbers", number.row, number="13900000003")
    tell(other, desk)
    (conflict,) = [one for one in service.conflicts(desk) if one.kind == "heads"]
    assert sorted(choice.what for choice in choices_of(desk, conflict)) == ["139****0002", "139****0003"]


def shown_settings(pane: AdminPane) -> list[tuple[str, ...]]:
    model = pane.settings.model
    return [model.texts(number) for number in range(model.rowCount())]


def test_a_setting_is_found_changed_and_taken_back_by_keys(pane: AdminPane, desk: Desk, qtbot: QtBot) -> None:
    pane.show_settings()
    settings, key = pane.settings, "attendance.absent_after"
    settings.focus_first()
    assert settings.model.rowCount() > 100
    assert settings.head.note.text().endswith("改过 0 项")
    qtbot.keyClick(settings.view, Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert settings.search.hasFocus()
    settings.search.setText("未签到")  # what an input method hands over
    qtbot.waitUntil(lambda: settings.model.rowCount() == 1)
    qtbot.keyClick(settings.search, Key.Key_Down)
    qtbot.keyClick(settings.view, Key.Key_Return)
    form = settings.form
    assert form is not None
    assert "自带 15 分钟" in child(pane, QLabel, "settings-about").text()
    assert key in child(pane, QLabel, "settings-about").text()
    value = form.editors["value"].input
    assert value.hasFocus()
    assert isinstance(value, QLineEdit)
    assert value.text() == "15", "what holds is what one begins with"
    value.selectAll()
    qtbot.keyClicks(value, "soon")
    qtbot.keyClick(value, Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert form.editors["value"].shown_problem == "应为 0 至 720 的整数"
    assert "哪份文件" in form.editors["source"].shown_problem
    assert form.editors["date"].shown_problem
    assert desk.count("settings") == 0
    value.selectAll()
    qtbot.keyClicks(value, "5")
    for name, text in (("source", "Rule 7"), ("date", "2026-05-01")):
        form.editors[name].input.setFocus()
        qtbot.keyClicks(form.editors[name].input, text)
    qtbot.keyClick(form.editors["date"].input, Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert settings.form is None
    row = desk.get("settings", row_id(desk.config.district, key))
    assert row is not None
    assert (row["key"], row["value"], row["source"], row["date"]) == (key, "5", "Rule 7", "2026-05-01")
    shown = ("在岗", "开班后多久未签到列为待办", "5 分钟", "改过", "15 分钟", "Rule 7", "2026-05-01")
    assert shown_settings(pane) == [shown]
    assert settings.head.note.text().endswith("改过 1 项")
    settings.drop_filters()
    settings.narrow("own", 1)
    assert shown_settings(pane) == [shown]
    assert "Rule7" in text_of(settings.printout().pdf).replace(" ", "")
    settings.view.show_row(row.id)
    qtbot.keyClick(settings.view, Key.Key_Delete)
    (asked,) = [dialog for dialog in pane.findChildren(Sentence) if dialog.isVisible()]
    asked.yes.setFocus()
    qtbot.keyClick(asked.yes, Key.Key_Space)
    assert setting(desk, key) == ""
    settings.drop_filters()
    settings.search.setText(key)
    qtbot.waitUntil(lambda: settings.model.rowCount() == 1)
    assert shown_settings(pane)[0][2:5] == ("15 分钟", "自带", "15 分钟")
    assert settings.head.note.text().endswith("改过 0 项")


def test_emptying_the_value_goes_back_to_the_default(pane: AdminPane, desk: Desk, qtbot: QtBot) -> None:
    service.write_setting(desk, "log.quick_texts", "示例|其他|内容\n另一|其他|内容", "示例文", "2026-05-01")
    pane.show_settings()
    pane.show_row("settings", row_id(desk.config.district, "log.quick_texts"))
    row = pane.settings.view.current_row()
    assert row is not None
    pane.settings.open_row(row)
    form = pane.settings.form
    assert form is not None
    assert isinstance(form.editors["value"].input, QPlainTextEdit), "several lines"
    form.editors["value"].set_text("")
    form.submit()
    assert setting(desk, "log.quick_texts") == ""
    assert desk.count("settings") == 1


def test_nothing_is_added_and_what_nothing_reads_is_marked(pane: AdminPane, desk: Desk, qtbot: QtBot) -> None:
    desk.act("settings.add", [desk.new("settings", {"key": "rain.suspicous_mm", "value": "100", "source": "示例文"})])
    pane.show_settings()
    settings = pane.settings
    settings.model.refresh()
    settings.new_row()
    assert settings.form is None
    assert "按回车改" in settings.status.text()
    assert settings.add_button.isHidden()
    offered = [text for text, _key, _run in pane.commands()]
    assert "设置：改回自带的" in offered
    assert not any(text in ("设置：新增", "设置：删除") for text in offered)
    settings.focus_list()
    settings.delete_row()
    assert "没有改过" in settings.status.text()
    settings.narrow("own", 3)
    assert [texts[1:4] for texts in shown_settings(pane)] == [("rain.suspicous_mm", "100", "没有这一项")]
    row = settings.model.row(0)
    assert row is not None
    settings.open_row(row)
    assert settings.form is None
    assert "不起作用" in settings.status.text()


def test_audit_and_attachments_are_only_read(pane: AdminPane, desk: Desk, qtbot: QtBot) -> None:
    unit = desk.new("units", {"name": "示例局"})
    desk.act("units.add", [unit])
    audit.record(desk, "SETTLE", audit.subject_of("units", unit.row, "简称"), "防汛备用")
    sha256 = keep(desk.store.home, b"a picture")
    entry = desk.new("log", {"happened_at": 1, "text": "现场照片"})
    files = [
        desk.new(
            "attachments", {"name": name, "ledger": "log", "row": entry.row.hex(), "sha256": sha, "size": 9, "at": 1}
        )
        for name, sha in (("here.jpg", sha256), ("gone.jpg", "0" * 64))
    ]
    desk.act("log.add", [entry, *files])
    seq, _head = desk.store.position()
    pane.show_audit()
    qtbot.waitUntil(lambda: pane.audit.model.rowCount() == 1)
    cells = pane.audit.model.texts(0)
    assert "处理冲突" in cells, "a code is shown by its label"
    assert "单位 示例局 简称" in cells, "a row is shown by what it is called"
    printed = text_of(pane.audit.printout().pdf)
    assert "单位示例局简称" in printed
    assert "处理冲突" in printed
    assert unit.row.hex() not in printed
    for widget in (pane.audit, pane.attachments):
        widget.view.setFocus()
        widget.new_row()
        widget.delete_row()
        assert widget.form is None
        assert widget.add_button.isHidden()
        assert not any("新增" in text or "删除" in text for text, _key, _run in widget.commands())
    pane.show_row("attachments", files[0].row)
    assert pane.tabs.currentWidget() is pane.attachments
    pane.attachments.open_row(desk.get("attachments", files[0].row))  # pyright: ignore[reportArgumentType]
    assert "文件在本机" in pane.attachments.status.text()
    assert "现场照片" in pane.attachments.status.text()
    pane.attachments.open_row(desk.get("attachments", files[1].row))  # pyright: ignore[reportArgumentType]
    assert "文件未到" in pane.attachments.status.text()
    assert desk.store.position()[0] == seq


def test_every_control_has_a_name(pane: AdminPane) -> None:
    for kind in (QPushButton, QLineEdit, QComboBox):
        for widget in pane.findChildren(kind):
            if widget.objectName().startswith("qt_") or isinstance(widget.parent(), EmptyState):
                continue
            assert widget.objectName(), widget
            assert widget.accessibleName() or widget.text(), widget.objectName()  # pyright: ignore[reportAttributeAccessIssue]
