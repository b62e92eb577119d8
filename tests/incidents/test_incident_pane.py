"""The incident pane by its keys: intake in under a minute, a draft that is kept, clocks that only evidence stops."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QScrollArea, QWidget

from dutydesk.core.clock import HOUR, MINUTE, FixedClock, parse_iso
from dutydesk.core.errors import Unavailable
from dutydesk.incidents import service
from dutydesk.incidents.pane import IncidentsPane
from dutydesk.incidents.pane_form import CASUALTIES, IntakeForm, event_types
from dutydesk.incidents.pane_page import Sheet
from dutydesk.journal.desk import Desk
from dutydesk.qt import theme
from dutydesk.qt.announcer import announcer_for

NOW = parse_iso("2026-06-18 14:30")
TEXTS = {"happened_at": "2026-06-18 14:20", "type": "11A02", "place": "示例路隧道", "text": "积水约60厘米"}


@pytest.fixture
def pane(qtbot: Any, desk: Desk) -> Iterator[IncidentsPane]:
    made = IncidentsPane(desk)
    qtbot.addWidget(made)
    made.resize(1000, 600)
    made.show()
    made.activateWindow()
    qtbot.waitUntil(made.isActiveWindow)
    yield made
    made.hide()
    announcer_for(desk.store).close()


def there(pane: QWidget, name: str) -> Any:
    found = pane.findChild(QWidget, name)
    assert found is not None, name
    return found


def press(key: Qt.Key, *modifiers: Qt.KeyboardModifier) -> None:
    target = QApplication.focusWidget()
    assert target is not None
    held = Qt.KeyboardModifier.NoModifier
    for modifier in modifiers:
        held |= modifier
    QTest.keyClick(target, key, held)


CTRL, SHIFT, ALT = (
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.AltModifier,
)


def write(text: str) -> None:
    """Typed as an input method hands it over: QTest knows no key for a Chinese character."""
    for character in text:
        target = QApplication.focusWidget()
        assert target is not None
        QApplication.sendEvent(
            target, QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_unknown, Qt.KeyboardModifier.NoModifier, character)
        )


def sheet(pane: IncidentsPane) -> Sheet:
    found = [one for one in pane.page.findChildren(Sheet) if one.isVisible()]
    assert len(found) == 1
    return found[0]


def take_in(pane: IncidentsPane) -> None:
    """By keys alone: time, type by initials, place, what happened, one dead."""
    pane.focus_first()
    press(Qt.Key.Key_N, CTRL)
    write("1402")
    press(Qt.Key.Key_Return)
    write("neilao")
    press(Qt.Key.Key_Return)
    write("示例路下穿隧道")
    press(Qt.Key.Key_Return)
    press(Qt.Key.Key_Return)
    write("积水约60厘米")
    press(Qt.Key.Key_Tab)
    write("1")


def test_a_report_is_taken_in_by_keys_alone(pane: IncidentsPane, desk: Desk, qtbot: Any) -> None:
    assert pane.stack.currentWidget() is pane.empty
    take_in(pane)
    press(Qt.Key.Key_Return, CTRL)
    (row,) = desk.rows("incidents")
    assert row["happened_at"] == parse_iso("2026-06-18 14:02")
    assert (row["type"], row["place"], row["text"], row["dead"]) == ("11A02", "示例路下穿隧道", "积水约60厘米", 1)
    assert desk.rows("log")[0]["incident"] == row.id
    assert pane.stack.currentWidget() is pane.page
    assert pane.page.title.text() == "#0001 示例路下穿隧道 内涝"
    assert QApplication.focusWidget() is pane.page.buttons["report"]
    assert "已记入值班日志" in pane.foot.text()
    assert pane.list.current_key() == row.id


def test_saving_twice_makes_one_row(pane: IncidentsPane, desk: Desk) -> None:
    take_in(pane)
    press(Qt.Key.Key_Return, CTRL)
    press(Qt.Key.Key_Return, CTRL)
    pane.form.submit()
    assert desk.count("incidents") == 1


def test_what_is_wrong_stands_beside_its_field_and_nothing_is_lost(pane: IncidentsPane, desk: Desk) -> None:
    take_in(pane)
    there(pane, "intake-place-input").clear()
    form = pane.form
    form.editors["happened_at"].set_text("明天的9点")
    form.editors["loss_wan"].set_text("很多")
    press(Qt.Key.Key_Return, CTRL)
    assert desk.count("incidents") == 0
    assert "认不出时间" in form.editors["happened_at"].shown_problem
    form.editors["happened_at"].set_text("2026-06-18 14:10")
    form.submit()
    assert form.editors["place"].shown_problem == "必填"
    assert "应为数字" in form.editors["loss_wan"].shown_problem
    assert form.more.isChecked()
    assert form.problem.text() == "2 处要改"
    assert QApplication.focusWidget() is form.editors["place"].input
    assert form.editors["text"].text() == "积水约60厘米"


def test_a_full_disk_keeps_the_texts(pane: IncidentsPane, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    take_in(pane)

    def full(*_arguments: object, **_more: object) -> None:
        raise Unavailable("磁盘已满，没有保存")

    monkeypatch.setattr(type(desk.store), "act", full)
    pane.form.submit()
    assert pane.form.problem.text() == "磁盘已满，没有保存"
    assert pane.form.editors["place"].text() == "示例路下穿隧道"
    monkeypatch.undo()
    pane.form.submit()
    assert desk.count("incidents") == 1


def test_esc_keeps_a_draft_and_says_so(pane: IncidentsPane, desk: Desk, qtbot: Any) -> None:
    take_in(pane)
    press(Qt.Key.Key_Escape)
    assert pane.foot.text() == "草稿已保留，Ctrl+N 接着填"
    assert pane.stack.currentWidget() is not pane.form
    other = IncidentsPane(desk)  # as after a restart
    qtbot.addWidget(other)
    other.begin()
    texts = other.form.texts()
    assert (texts["place"], texts["type"], texts["dead"]) == ("示例路下穿隧道", "11A02", "1")
    assert other.form.said.text() == "接着上次的草稿填"
    other.form.submit()
    assert desk.count("incidents") == 1
    pane.begin()
    assert pane.form.texts()["place"] == ""


def test_a_window_that_closes_under_the_form_keeps_it(pane: IncidentsPane, desk: Desk, qtbot: Any) -> None:
    take_in(pane)
    pane.hide()
    other = IncidentsPane(desk)
    qtbot.addWidget(other)
    other.begin()
    assert other.form.texts()["place"] == "示例路下穿隧道"


def test_a_draft_can_be_thrown_away(pane: IncidentsPane) -> None:
    take_in(pane)
    press(Qt.Key.Key_Escape)
    pane.begin()
    pane.form.empty.click()
    assert pane.form.texts()["place"] == ""
    assert not pane.form.dirty
    press(Qt.Key.Key_Escape)
    assert pane.foot.text() == ""


def test_closing_untouched_leaves_no_draft(pane: IncidentsPane) -> None:
    pane.begin()
    press(Qt.Key.Key_Escape)
    pane.begin()
    assert pane.form.said.text() == ""


def test_the_grade_is_suggested_while_typing_and_taken_by_a_key(pane: IncidentsPane, desk: Desk) -> None:
    pane.begin()
    form = pane.form
    form.editors["type"].set_text("12G03")
    form.editors["dead"].input.setFocus()
    write("3")
    assert form.suggested.text() == "较大 · 死亡 3 人：较大"
    assert form.take.isVisible()
    assert form.texts()["grade"] == ""
    press(Qt.Key.Key_G, ALT)
    assert form.texts()["grade"] == "L3"
    assert not form.take.isVisible()
    write("0")
    assert form.suggested.text().startswith("特别重大")
    assert form.take.isVisible()


@pytest.mark.parametrize(
    ("typed", "code"),
    [("neilao", "11A02"), ("nl", "11A02"), ("内涝", "11A02"), ("11A02", "11A02"), ("huozai", "12G00"), ("xl", "12D02")],
)
def test_types_are_found_by_characters_pinyin_initials_and_code(typed: str, code: str) -> None:
    assert code in [option.key for option in event_types()(typed)][:8]


def test_every_type_can_be_picked_and_common_groups_come_first() -> None:
    every = event_types()("")
    assert len({option.key for option in every}) == 339
    assert every[0].key.startswith("11A")
    assert next(at for at, option in enumerate(every) if option.key.startswith("14")) > 150


def test_the_way_through_the_tree_is_shown(pane: IncidentsPane) -> None:
    pane.begin()
    pane.form.editors["type"].set_text("12G04")
    assert pane.form.path.text() == "事故灾难 › 火灾 › 高层民用建筑"


def test_saved_is_what_was_shown(pane: IncidentsPane, desk: Desk) -> None:
    pane.begin()
    texts = {
        **TEXTS,
        **dict(zip(CASUALTIES, "12345", strict=True)),
        "grade": "L4",
        "source": "119",
        "caller": "示例乙",
        "caller_phone": "0571-00000211",
        "received_at": "2026-06-18 14:25",
        "loss_wan": "12.50",
        "measures": "已封路",
        "impact": "两个小区",
        "request": "增援泵车",
        "contact": "示例丙",
        "major": "1",
    }
    for name, text in texts.items():
        pane.form.editors[name].set_text(text)
    pane.form.editors["region"].set_text(desk.rows("regions")[0].id.hex())
    pane.form.submit()
    (row,) = desk.rows("incidents")
    ledger = desk.ledger("incidents")
    shown = {name: str(ledger[name].kind.dump(row[name], ledger[name])) for name in texts}
    assert shown == texts | {"happened_at": "2026-06-18T14:20:00+08:00", "received_at": "2026-06-18T14:25:00+08:00"}
    assert row["region"] == desk.rows("regions")[0].id


def test_only_a_report_stops_the_clock(pane: IncidentsPane, desk: Desk, clock: FixedClock) -> None:
    row = service.intake(desk, TEXTS)
    pane.refresh()
    (tile,) = pane.page.clocks.tiles
    assert (tile.value, tile.tone) == ("剩 01:50", "")
    clock.advance(100 * MINUTE)
    pane.refresh()
    assert (tile.value, tile.tone) == ("剩 00:10", "yellow")
    clock.advance(15 * MINUTE)
    pane.refresh()
    assert (tile.value, tile.tone) == ("逾期 00:05", "late")
    assert next(card for card in pane.list.cards if card.key == row.id).right == "逾期 00:05"
    pane.focus_first()
    press(Qt.Key.Key_Return)
    press(Qt.Key.Key_R, ALT)
    form = sheet(pane).form
    assert form.editors["to"].text() == "市应急管理局"
    assert form.editors["how"].text() == "SYSTEM"
    form.editors["how"].set_text("PHONE")
    form.editors["receipt"].set_text("接话人 示例乙")
    form.submit()
    assert tile.value == "已报 16:25 迟 5 分"
    assert service.find(desk, row.id)["reported_to"] == "市应急管理局 电话 接话人 示例乙"


def test_a_figure_that_falls_is_asked_for_its_reason_in_the_sheet(pane: IncidentsPane, desk: Desk) -> None:
    row = service.intake(desk, TEXTS | {"dead": "3"})
    pane.refresh()
    pane.page.ask_edit()
    form = sheet(pane).form
    form.editors["dead"].set_text("2")
    form.submit()
    assert "由 3 减为 2" in form.editors["note"].shown_problem
    assert service.find(desk, row.id)["dead"] == 3
    form.editors["note"].set_text("核实")
    form.submit()
    assert service.find(desk, row.id)["dead"] == 2
    assert pane.page.timeline.moments[-1].text == "死亡 3 人→2 人"


def test_progress_and_state_by_keys(pane: IncidentsPane, desk: Desk, qtbot: Any) -> None:
    row = service.intake(desk, TEXTS)
    pane.refresh()
    pane.focus_first()
    press(Qt.Key.Key_J, ALT)
    form = sheet(pane).form
    form.editors["text"].set_text("泵车到场")
    form.submit()
    assert service.find(desk, row.id)["state"] == "OPEN"
    assert desk.rows("log", search="泵车到场")[0]["incident"] == row.id
    pane.page.ask_state()
    form = sheet(pane).form
    form.editors["state"].set_text("FALSE_ALARM")
    form.submit()
    assert form.editors["note"].shown_problem == "写明怎么核实的"
    form.editors["note"].set_text("到场无积水")
    form.submit()
    qtbot.waitUntil(lambda: [card.title for card in pane.list.cards] == ["已结 1 件", "#0001 示例路隧道"])


def test_open_ones_first_by_what_is_due_and_none_is_lost(pane: IncidentsPane, desk: Desk, clock: FixedClock) -> None:
    late = service.intake(desk, TEXTS)
    clock.advance(HOUR)
    big = service.intake(desk, TEXTS | {"grade": "L2", "place": "示例大厦"})
    bare = desk.act("x", [desk.new("incidents", {"place": "无状态无区域", "received_at": NOW})]).changes[0].row
    shut = service.intake(desk, TEXTS | {"place": "示例新村"})
    service.set_state(desk, shut.id, "FALSE_ALARM", "误报")
    pane.refresh()
    keys = [card.key for card in pane.list.cards]
    assert keys == [b"", big.id, late.id, bare, b"", shut.id]
    pane.which.setCurrentIndex(1)
    assert [card.key for card in pane.list.cards] == [b"", big.id, late.id, bare]


def test_found_by_pinyin_and_said_when_not(pane: IncidentsPane, desk: Desk, qtbot: Any) -> None:
    row = service.intake(desk, TEXTS)
    pane.refresh()
    pane.focus_search()
    write("sllsd")
    press(Qt.Key.Key_Return)
    assert [card.key for card in pane.list.cards if card.key] == [row.id]
    pane.search.clear()
    write("没有的词")
    press(Qt.Key.Key_Return)
    assert pane.stack.currentWidget() is pane.empty
    assert pane.empty.sentence.text() == "没有找到"


def test_copied_as_one_masked_line(pane: IncidentsPane, desk: Desk) -> None:
    service.intake(desk, TEXTS | {"text": "积水，联系 19900001234", "caller_phone": "19900005678"})
    pane.refresh()
    pane.focus_first()
    press(Qt.Key.Key_C, CTRL)
    copied = QGuiApplication.clipboard().text()
    assert copied == "#2026-0001 【内涝】 06-18 14:20 示例路隧道：积水，联系 199****1234；伤亡待核。"


def test_the_callers_number_is_shown_for_a_reason_that_is_kept(pane: IncidentsPane, desk: Desk) -> None:
    service.intake(desk, TEXTS | {"caller_phone": "19900005678"})
    pane.refresh()
    shown = there(pane.page.facts, "fact-caller_phone")
    assert shown.text() == "199****5678"
    pane.page._reveal("回拨核实")
    assert there(pane.page.facts, "fact-caller_phone").text() == "19900005678"
    (audit,) = desk.rows("audit")
    assert (audit["action"], audit["reason"], audit["by"]) == ("REVEAL", "回拨核实", "示例甲")


def test_what_others_write_is_seen(pane: IncidentsPane, desk: Desk, qtbot: Any) -> None:
    row = service.intake(desk, TEXTS)
    qtbot.waitUntil(lambda: any(card.key == row.id for card in pane.list.cards))
    service.update(desk, row.id, {"place": "示例路隧道南口"})
    qtbot.waitUntil(lambda: "南口" in pane.page.title.text())


def test_a_form_under_the_hands_is_left_alone(pane: IncidentsPane, desk: Desk, qtbot: Any) -> None:
    take_in(pane)
    service.intake(desk, TEXTS)
    qtbot.waitUntil(lambda: bool(pane.list.cards))
    assert pane.stack.currentWidget() is pane.form
    assert pane.form.editors["place"].text() == "示例路下穿隧道"


def test_sent_for_by_row(pane: IncidentsPane, desk: Desk) -> None:
    first = service.intake(desk, TEXTS)
    service.intake(desk, TEXTS | {"place": "别处"})
    pane.refresh()
    assert pane.show_row("incidents", first.id)
    assert pane.page.row is not None
    assert pane.page.row.id == first.id
    assert not pane.show_row("incidents", b"\0" * 16)


def test_in_a_narrow_pane_list_and_page_take_turns(pane: IncidentsPane, desk: Desk) -> None:
    service.intake(desk, TEXTS)
    pane.resize(500, 600)
    pane.refresh()
    pane.focus_first()
    assert (pane.side.isVisible(), pane.stack.isVisible()) == (True, False)
    press(Qt.Key.Key_Return)
    assert (pane.side.isVisible(), pane.stack.isVisible()) == (False, True)
    pane.page.back.click()
    assert pane.side.isVisible()
    press(Qt.Key.Key_N, CTRL)
    assert (pane.side.isVisible(), pane.form.isVisible()) == (False, True)


def test_the_sheet_is_printed_and_says_the_same_twice(pane: IncidentsPane, desk: Desk) -> None:
    from dutydesk.incidents.report import incident_sheet

    row = service.intake(desk, TEXTS | {"caller_phone": "19900005678", "dead": "1"})
    service.first_report(desk, row.id, "市应急管理局", "PHONE")
    seen: list[tuple[bytes, str, str, str]] = []
    desk.services["preview"] = lambda pdf, title, form, about, _missing: seen.append((pdf, title, form, about))
    pane.show_row("incidents", row.id)
    pane.page.print_sheet()
    ((pdf, title, form, about),) = seen
    assert (title, form, about) == ("突发事件登记表", "INC", "")
    assert pdf == incident_sheet(desk, "1") == incident_sheet(desk, row.id)
    import pypdfium2

    text = "".join(page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(pdf))
    for part in (
        "突发事件登记表",
        "2026-0001",
        "自然灾害 › 水旱灾害 › 内涝",
        "199****5678",
        "市应急管理局 电话",
        "14:30 已报",
    ):
        assert part in text, part
    assert "19900005678" not in text


def test_every_control_has_a_name_and_keys_are_listed(pane: IncidentsPane) -> None:
    for editor in pane.form.editors.values():
        assert editor.input.accessibleName()
    keys = [key for _text, key, _run in pane.commands()]
    assert keys[0] == "Ctrl+N"
    assert len(set(keys)) == len(keys)


def test_an_intake_begins_with_what_the_log_says(pane: IncidentsPane, desk: Desk) -> None:
    at = desk.clock.now() - 7 * MINUTE
    pane.begin_with({"happened_at": at, "text": "隧道积水", "party": "彭埠街道", "party_phone": "0571-00000211"})
    texts = pane.form.texts()
    assert (texts["text"], texts["caller"], texts["caller_phone"]) == ("隧道积水", "彭埠街道", "0571-00000211")
    pane.form.start_over()


def test_the_intake_is_no_wider_than_its_pane_in_the_largest_type(desk: Desk, qtbot: Any, qapp: QApplication) -> None:
    theme.apply(qapp, theme.Theme(percent=200))
    try:
        form = IntakeForm(desk)
        qtbot.addWidget(form)
        area = form.findChild(QScrollArea)
        assert area is not None
        assert area.widget().minimumSizeHint().width() <= 700, "five figures side by side take a thousand"
    finally:
        theme.apply(qapp, theme.Theme())
