from __future__ import annotations

from types import SimpleNamespace

import pytest
from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QAbstractItemModelTester

from dutydesk.qt import theme
from dutydesk.qt.announcer import Announcer, Changed, announcer_for
from dutydesk.qt.listview import LedgerView
from dutydesk.qt.table import MOST_PAGES, LedgerModel

pytestmark = pytest.mark.usefixtures("themed")


@pytest.fixture
def model(ledger, desk, query) -> LedgerModel:
    return LedgerModel(ledger, desk, query=query)


@pytest.fixture
def view(model, qtbot) -> LedgerView:
    made = LedgerView(
        model,
        empty=("今天还没有记录", "按 F2 记第一条"),
        line_for=lambda row: f"{row['party']} {row['party_phone']} {row['text']} 13812345678",
    )
    qtbot.addWidget(made)
    made.resize(1200, 600)
    with qtbot.waitExposed(made):
        made.show()
    return made


def shown(view: LedgerView, row: int, name: str) -> str:
    column = [item.name for item in view.ledger_model.fields].index(name)
    return view.ledger_model.index(row, column).data()


def test_qt_finds_no_fault(model, desk) -> None:
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    model.set_search("1")
    desk.ids = []
    model.refresh()
    desk.ids = range(3)
    model.set_search("")
    assert tester.model() is model
    assert model.rowCount() == 3


def test_a_million_rows_open_as_a_page(ledger, desk, query, qtbot) -> None:
    desk.ids = range(1_000_000)
    model = LedgerModel(ledger, desk, query=query)
    view = LedgerView(model)
    qtbot.addWidget(view)
    view.resize(1200, 800)
    with qtbot.waitExposed(view):
        view.show()
    view.grab()
    assert model.rowCount() == 1_000_000
    assert len(desk.fetched) <= 3
    desk.fetched.clear()
    view.scrollToBottom()
    view.grab()
    assert shown(view, 999_999, "party") == "凯旋街道 张999999"
    assert len(desk.fetched) <= 3


def test_old_pages_are_let_go(model, desk) -> None:
    desk.ids = range(100_000)
    model.refresh()
    for row in range(0, 100_000, 256):
        model.index(row, 0).data()
    assert len(model._cache) == MOST_PAGES


def test_cells_are_what_people_read(view) -> None:
    assert shown(view, 0, "happened_at") == "2026-06-18 14:30"
    assert shown(view, 1, "category") == "去电"
    assert shown(view, 12, "level") == "1.2"
    assert shown(view, 1, "dead") == ""
    assert [shown(view, row, "region") for row in range(3)] == ["凯旋街道", "闸弄口街道", "未到"]
    assert shown(view, 0, "text") == "隧道积水约 0 厘米 三车被困"


def test_titles_are_asked_once_a_page(view, desk) -> None:
    assert desk.titled == len({number // 256 for number in desk.fetched})


def test_header_numbers_right_with_unit(model) -> None:
    assert model.headerData(4, Qt.Orientation.Horizontal) == "水位（m）"
    right = model.headerData(4, Qt.Orientation.Horizontal, Qt.ItemDataRole.TextAlignmentRole)
    assert Qt.AlignmentFlag(right) & Qt.AlignmentFlag.AlignRight
    assert model.index(0, 4).data(Qt.ItemDataRole.TextAlignmentRole) == right


def test_personal_values_are_masked_until_revealed(view) -> None:
    assert shown(view, 5, "party_phone") == "139****0005"
    view.ledger_model.set_revealed(True)
    assert shown(view, 5, "party_phone") == "13900000005"


def test_header_click_sorts_in_sql(view, desk, qtbot) -> None:
    head = view.horizontalHeader()
    assert head.sortIndicatorSection() == 0
    assert head.sortIndicatorOrder() == Qt.SortOrder.DescendingOrder
    qtbot.mouseClick(head.viewport(), Qt.MouseButton.LeftButton, pos=head.rect().center().__class__(20, 10))
    assert desk.asked[-1].order == "happened_at"
    assert shown(view, 0, "party") == "凯旋街道 张999"


def test_the_reader_keeps_row_selection_and_place(view, desk) -> None:
    view.show_row((500).to_bytes(16, "big"))
    view.scrollTo(view.model().index(490, 0), LedgerView.ScrollHint.PositionAtTop)
    flags = QItemSelectionModel.SelectionFlag
    view.selectionModel().select(view.model().index(502, 0), flags.Select | flags.Rows)
    assert view.rowAt(0) == 490
    desk.ids = [*range(2_000, 2_010), *range(1_000)]
    view.ledger_model.refresh()
    assert view.current_row().n == 500
    assert [view.ledger_model.row(number).n for number in view.selected_numbers()] == [500, 502]
    assert view.rowAt(0) == 500


def test_at_the_top_new_rows_are_seen(view, desk) -> None:
    desk.ids = [2_000, *range(1_000)]
    view.ledger_model.refresh()
    assert view.rowAt(0) == 0
    assert shown(view, 0, "party") == "凯旋街道 张2000"


def test_an_open_editor_makes_the_table_wait(model, desk) -> None:
    model.hold()
    desk.ids = range(5)
    model.heed(Changed(frozenset({"calls"})))
    assert model.rowCount() == 1_000
    model.release()
    assert model.rowCount() == 5


def test_a_hidden_table_reads_when_it_is_shown_again(view, desk) -> None:
    view.hide()
    before = len(desk.asked)
    view.ledger_model.heed(Changed(everything=True))
    assert len(desk.asked) == before
    view.show()
    assert len(desk.asked) == before + 1


def test_announcements_of_other_ledgers_are_passed_over(model, desk, qtbot) -> None:
    before = len(desk.asked)
    model.heed(Changed(frozenset({"supplies"})))
    assert len(desk.asked) == before
    model.heed(Changed(frozenset({"regions"})))
    assert len(desk.asked) == before + 1, "a title of a referenced row may have changed"
    qtbot.waitUntil(lambda: not model._wait.isActive())


def test_a_row_of_announcements_refreshes_twice(model, desk, qtbot) -> None:
    before = len(desk.asked)
    for _ in range(50):
        model.heed(Changed(frozenset({"calls"})))
    qtbot.waitUntil(lambda: len(desk.asked) == before + 2)
    qtbot.waitUntil(lambda: not model._wait.isActive())
    assert len(desk.asked) == before + 2


def test_a_row_that_is_asked_for_is_not_its_neighbour(view, desk) -> None:
    view.ledger_model.heed(Changed(frozenset({"calls"})))
    assert shown(view, 10, "party") == "凯旋街道 张10"
    desk.ids = range(1, 1_000)
    view.ledger_model.heed(Changed(frozenset({"calls"})))  # within the 150 ms: not read yet
    wanted = (10).to_bytes(16, "big")
    assert view.show_row(wanted)
    row = view.current_row()
    assert row is not None
    assert row.id == wanted


def test_copying_gives_masked_tab_separated_values(view, qtbot) -> None:
    view.selectRow(1)
    qtbot.keyClick(view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    told = QGuiApplication.clipboard().text().split("\t")
    assert told[0] == "2026-06-18 14:29"
    assert "139****0001" in told
    assert told[-1] == "隧道积水约 1 厘米 三车被困"
    assert len(told) == 10


def test_a_line_for_wechat_is_masked_even_inside_texts(view, qtbot) -> None:
    view.selectRow(1)
    qtbot.keyClick(view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    assert QGuiApplication.clipboard().text() == "凯旋街道 张1 139****0001 隧道积水约 1 厘米 三车被困 138****5678"


def test_enter_opens_and_typing_goes_to_the_search_box(view, qtbot) -> None:
    view.setFocus()
    view.show_row((3).to_bytes(16, "big"))
    with qtbot.waitSignal(view.opened) as opened:
        qtbot.keyClick(view, Qt.Key.Key_Return)
    assert opened.args[0].n == 3
    with qtbot.waitSignal(view.typed) as typed:
        qtbot.keyClick(view, "z")
    assert typed.args == ["z"]


def test_important_column_takes_the_rest(view) -> None:
    head = view.horizontalHeader()
    assert head.length() >= view.viewport().width()
    view.resize(2400, 600)
    assert head.length() == view.viewport().width()
    before = head.sectionSize(9)
    head.resizeSection(2, head.sectionSize(2) + 40)
    assert head.sectionSize(9) == before - 40


def test_rows_grow_with_the_type(view, qapp) -> None:
    assert view.rowHeight(0) == 28
    theme.apply(qapp, theme.Theme(percent=200))
    assert view.rowHeight(0) == 56


def test_state_comes_back_by_names(view, ledger, desk, query, qtbot) -> None:
    view.horizontalHeader().moveSection(0, 2)
    view.horizontalHeader().resizeSection(1, 111)
    view.setColumnHidden(5, True)
    view.ledger_model.sort(2, Qt.SortOrder.DescendingOrder)
    state = view.columns_state()
    other = LedgerView(LedgerModel(ledger, desk, query=query))
    qtbot.addWidget(other)
    other.restore_columns(state)
    assert other.columns_state() == state
    other.restore_columns(b"broken")
    assert other.columns_state() == state


def test_empty_tables_say_what_to_do(view, desk) -> None:
    view.ledger_model.set_search("没有这样的词")
    assert view._overlay.isVisible()
    assert view._overlay.sentence.text() == "没有符合条件的记录"
    view._overlay.button.click()
    assert view.ledger_model.query.search == ""
    assert not view._overlay.isVisible()
    desk.ids = []
    view.ledger_model.set_search("没有这样的词")
    assert "没有符合" not in view._overlay.sentence.text(), "there is nothing to look through"
    view.ledger_model.set_search("")
    view.ledger_model.refresh()
    assert (view._overlay.sentence.text(), view._overlay.hint.text()) == ("今天还没有记录", "按 F2 记第一条")


def test_tone_colours_by_level(ledger, desk, query) -> None:
    model = LedgerModel(ledger, desk, query=query, tone=lambda row, name: "late" if row.n == 1 else "")
    ink = Qt.ItemDataRole.ForegroundRole
    assert model.index(0, 0).data(ink) is None
    assert model.index(1, 0).data(ink).name().upper() == theme.LIGHT.red.text


def test_announcer_hands_over_to_the_window(desk, qtbot) -> None:
    announcer = announcer_for(desk.store)
    assert announcer_for(desk.store) is announcer
    heard: list[Changed] = []
    announcer.changed.connect(heard.append)
    desk.store.listeners[0](SimpleNamespace(ledgers={"log"}, rows={"log": frozenset({b"1"})}))
    assert heard == [], "never inside the committer's call"
    qtbot.waitUntil(lambda: len(heard) == 1)
    assert heard[0].touches("log")
    assert not heard[0].touches("people")
    announcer.close()
    assert desk.store.listeners == []
    announcer.close()


def test_announcer_delivers_from_another_thread(desk, qtbot) -> None:
    import threading

    announcer = Announcer(desk.store)
    told: list[str] = []
    announcer.changed.connect(lambda changed: told.append(threading.current_thread().name))
    thread = threading.Thread(target=desk.store.listeners[0], args=(SimpleNamespace(ledgers={"log"}, rows={}),))
    thread.start()
    thread.join()
    qtbot.waitUntil(lambda: told == ["MainThread"])
    announcer.close()


def test_announcer_sees_other_processes(desk, qtbot) -> None:
    announcer = Announcer(desk.store)
    announcer.watch()
    announcer.look()
    with qtbot.waitSignal(announcer.changed) as changed:
        desk.store.version = 2
        announcer.look()
    assert changed.args[0].touches("anything")
    announcer.close()
