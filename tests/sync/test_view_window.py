"""The window over a hub, with a real server: it shows every district, is narrowed to one, and takes no writing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtGui import QAction, QShortcut
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDialog,
    QFileDialog,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QTextEdit,
    QWidget,
)

from dutydesk import app, cli
from dutydesk.core.clock import FixedClock
from dutydesk.core.paths import Home
from dutydesk.features import VIEWED, schema
from dutydesk.journal.query import Condition
from dutydesk.journal.view import ViewStore
from dutydesk.qt.dialogs import Sentence
from dutydesk.qt.preview import PdfPreview
from dutydesk.shell.keys import KeySheet
from dutydesk.shell.palette import Palette
from dutydesk.shell.start import Starter
from dutydesk.shell.viewing import ViewWindow
from dutydesk.sync import view
from dutydesk.sync.hub import Hub
from tests.journal import desks as d
from tests.sync.cities import add, log, make_city, reader_of
from tests.sync.fleet import Fleet

NOW = d.EVENING + 3_600_000
NONE, CTRL = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def city(fleet: Fleet) -> Fleet:
    """Two districts with a log, an incident, a warning and a shelter each."""
    made = make_city(fleet)
    for n, name in ((1, "甲区"), (2, "乙区")):
        store = made.stores[str(n)]
        made.clocks[n].advance((n - 1) * 120_000)
        at = store.clock.now()
        add(
            store,
            "incidents",
            happened_at=at,
            received_at=at,
            type="11E00",
            place=f"{name}隧道口",
            text="积水",
            state="OPEN",
        )
        add(store, "warnings", identifier=f"w{n}", type="RAIN", colour="RED", issuer=f"{name}气象台", headline="暴雨红色预警",
            areas=name, issued_at=at, ends_at=at + 36_000_000, status="ACTUAL", kind="ALERT", state="ACTIVE")  # fmt: skip
        add(
            store,
            "shelters",
            name=f"{name}中学",
            level="DISTRICT",
            address="操场",
            capacity=300,
            state="OPEN",
            manager="甲某",
        )
    made.settle(1, 2, rounds=1)
    return made


@pytest.fixture
def home(city: Fleet, folder: Path) -> Home:
    """The view's folder, filled."""
    home = Home(folder / "view")
    view.make(home, schema(), FixedClock(NOW), reader_of(city))
    with ViewStore.open(home, schema(), FixedClock(NOW)) as store:
        assert view.refresh(store).ok
    return home


@pytest.fixture
def open_window(qtbot: Any, monkeypatch: pytest.MonkeyPatch, home: Home) -> Iterator[Callable[[], ViewWindow]]:
    """Opens the view as the program does."""
    monkeypatch.setenv("DUTYDESK_MUTE", "1")
    opened: list[Starter] = []

    def open_() -> ViewWindow:
        starter = Starter(home, FixedClock(NOW), ViewWindow)
        opened.append(starter)
        with qtbot.waitSignal(starter.ready, timeout=20_000):
            starter.start()
        window = starter.window
        assert isinstance(window, ViewWindow)
        qtbot.waitUntil(lambda: not window.arranging)
        window.activateWindow()
        qtbot.waitUntil(window.isActiveWindow)
        return window

    yield open_
    for starter in opened:
        starter.window.close()
        starter.close()
        starter.window.deleteLater()
        starter.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def column(window: ViewWindow, pane: str, model: str, name: str) -> list[str]:
    shown = getattr(window.show_pane(pane), model)
    at = [item.name for item in shown.fields].index(name)
    return sorted(shown.texts(row)[at] for row in range(shown.rowCount()))


def cards(window: ViewWindow, pane: str) -> list[str]:
    return [card.title + card.note for card in window.show_pane(pane).list.cards if card.key]


def test_it_shows_every_district_and_narrows_to_one(qtbot: Any, open_window: Any, city: Fleet) -> None:
    window = open_window()
    assert "只读" in window.windowTitle()
    assert window.board.mark.isVisible()
    assert window.board.mark.value == "只读"
    assert list(window.docks) == ["districts", *VIEWED]
    assert window.entry_bar.isHidden()
    assert not window.board.who.isVisible()
    assert window.news.text().startswith("只读。最久没有新记录的是甲区（06-18 22:01，59 分前"), window.news.text()
    qtbot.waitUntil(lambda: len(column(window, "daybook", "model", "text")) >= 3)
    assert set(column(window, "daybook", "model", "_origin")) == {"甲区", "乙区"}
    assert column(window, "shelters", "model", "name") == ["乙区中学", "甲区中学"]
    assert len(cards(window, "incidents")) == len(cards(window, "warnings")) == 2
    window.district.setCurrentIndex(window.district.findText("乙区"))
    assert column(window, "shelters", "model", "name") == ["乙区中学"]
    assert set(column(window, "daybook", "model", "_origin")) == {"乙区"}
    (incident,), (warning,) = cards(window, "incidents"), cards(window, "warnings")
    assert "乙区隧道口" in incident
    assert "乙区气象台" in warning
    daybook = window.show_pane("daybook")
    daybook.bar.search.setText("第1条")
    qtbot.waitUntil(lambda: daybook.model.rowCount() == 0)
    window.district.setCurrentIndex(0)
    qtbot.waitUntil(lambda: daybook.model.rowCount() == 1)
    daybook.bar.reset()
    log(city.stores["1"], "刚来的一条")
    city.sync(1)
    window.begin()
    qtbot.waitUntil(lambda: "刚来的一条" in column(window, "daybook", "model", "text"), timeout=60_000)


def test_a_silent_district_is_an_alarm(qtbot: Any, open_window: Any, city: Fleet) -> None:
    """What is known of a district grows old by itself: above the panes, on the board, in the list of what is due and in
    the table of districts, by name and with its time."""
    window = open_window()
    sounds: list[str] = []
    window._actions.sound.play = sounds.append
    window.refresh()
    pane = window.show_pane("districts")
    assert column(window, "districts", "model", "name") == ["乙区", "甲区"]
    assert column(window, "districts", "model", "age") == ["57 分前", "59 分前"]
    assert window.board.figures["districts.silent"].value == "2"
    assert not window.board.figures["districts.silent"].tone
    assert "雨量数值不在这里" in pane.rain.text()
    assert not [item for item in window.todo.model.items if item.ledger == "districts"]
    window.clock.advance(25 * 3_600_000 + 120_000)  # 甲区 for 26 hours and a minute, 乙区 a minute less than 26
    window.refresh()
    window._say("")
    pane.refresh()
    assert window.news.text() == "只读。超过 26 小时没有新记录：甲区（06-18 22:01，26 小时前）"
    assert window.news.property("role") == "problem"
    tile = window.board.figures["districts.silent"]
    assert (tile.caption, tile.value, tile.tone) == ("区县", "2 · 1 个无新", "late")
    (item,) = [item for item in window.todo.model.items if item.ledger == "districts"]
    assert item.title == "甲区 没有新记录（06-18 22:01）"
    assert "due" in sounds
    assert pane.model.texts(0)[0] == "甲区"
    ink = pane.model.data(pane.model.index(0, 1), Qt.ItemDataRole.ForegroundRole)
    assert ink is not None
    assert pane.model.data(pane.model.index(1, 1), Qt.ItemDataRole.ForegroundRole) is None
    window.open_row(item.ledger, item.row)
    assert window.docks["districts"].front
    window.district.setCurrentIndex(window.district.findText("乙区"))
    assert window.news.text() == "只读。乙区的最新记录：06-18 22:03，25 小时前"
    assert not window.news.property("role")


def test_a_district_that_never_sent_anything_is_named_and_one_without_desks_is_not(
    qtbot: Any, open_window: Any, city: Fleet
) -> None:
    city.add(7, schema=schema(), district="330182", name="丙市")
    city.add(8, schema=schema(), district="330127", name="丁县")
    with Hub.connect(city.owner_url) as hub:
        hub.revoke(city.stores["8"].config.desk_id, "停用")
    window = open_window()
    window.fetch_now()
    qtbot.waitUntil(lambda: window._fetching is None, timeout=60_000)
    pane = window.show_pane("districts")
    assert not window._said
    qtbot.waitUntil(lambda: column(window, "districts", "model", "name") == ["丙市", "乙区", "甲区"])
    assert pane.model.texts(0)[:3] == ("丙市", "", "从未")
    assert "丙市（从未）" in window.news.text()


def test_the_list_of_what_is_due_says_which_district(qtbot: Any, open_window: Any) -> None:
    window = open_window()
    window.refresh()
    titles = [item.title for item in window.todo.model.items]
    whole, figures = window.board.todo.value, {name: tile.value for name, tile in window.board.figures.items()}
    assert figures["incidents.open"] == "2件"
    window.docks["districts"].pane.refresh()
    rows = [window.docks["districts"].pane.model.texts(at) for at in range(2)]
    assert [row[3] for row in rows] == ["1", "1"]
    assert {title.partition(" ")[0] for title in titles} == {"甲区", "乙区"}, titles
    pane = window.show_pane("districts")
    pane.focus_first()
    pane.view.setCurrentIndex(pane.model.index(1, 0))
    QTest.keyClick(pane.view, Qt.Key.Key_Return)  # narrows every pane to it
    assert window.district.currentText() == "乙区"
    window.refresh()
    narrowed = [item.title for item in window.todo.model.items]
    assert window.board.todo.value == whole, "the board and the table of districts are of all districts"
    assert [window.board.figures[name].value for name in figures] == [figures[name] for name in figures]
    pane.refresh()
    assert [pane.model.texts(at) for at in range(2)] == rows
    assert narrowed
    assert len(narrowed) < len(titles)
    assert {f"乙区 {title}" for title in narrowed} == {title for title in titles if title.startswith("乙区")}
    assert column(window, "shelters", "model", "name") == ["乙区中学"]
    window.show_palette()
    (palette,) = window.findChildren(Palette)
    palette.look("隧道")
    assert {choice.note for choice in palette.model.choices} == {"乙区 · 突发事件", "乙区 · 值班日志"}
    assert window.desk.find("乙区", ["regions"])
    palette.look("乙区")
    ledgers = {choice.ledger for choice in palette.model.choices if choice.row}
    assert ledgers == {"incidents", "warnings", "shelters", "log"}, "what has no pane cannot be gone to"
    palette.close()


def test_the_district_is_kept_for_the_next_time(qtbot: Any, open_window: Any, home: Home) -> None:
    window = open_window()
    window.district.setCurrentIndex(window.district.findData("330105"))
    window.close()
    window.desk.store.close()
    again = open_window()
    assert again.district.currentText() == "乙区"
    assert again.store.desks


def said(window: QWidget) -> list[str]:
    """The sentences that stand on the screen; they are put away."""
    found = window.findChildren(Sentence)
    texts = [one.text.text() for one in found]
    for one in found:
        one.close()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    return texts


TYPED = ("search", "day", "palette-line", "fileNameEdit")
"""Ends of the names of the fields into which a reader types: searches, a day, the name of a file that is saved."""


def editable(window: QWidget) -> list[str]:
    """The fields on the screen that take typing and are not for finding something."""
    found: list[str] = []
    for root in QApplication.topLevelWidgets():
        for kind in (QLineEdit, QTextEdit, QPlainTextEdit):
            for one in root.findChildren(kind):
                free = one.isVisible() and one.isEnabled() and not one.isReadOnly()
                inside = isinstance(one.parent(), QAbstractSpinBox | QComboBox)
                if free and not inside and not one.objectName().endswith(TYPED):
                    found.append(f"{type(one).__name__} {one.objectName()} {one.accessibleName()}")
    return found


def put_away(window: ViewWindow) -> None:
    """Close whatever a command has opened."""
    while (popup := QApplication.activePopupWidget()) is not None:
        popup.close()
    for one in QApplication.topLevelWidgets():
        if one is not window and one.isVisible() and one.windowType() != Qt.WindowType.ToolTip:
            one.close()
    for one in window.findChildren(QDialog):
        one.close()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def choose_first(pane: Any) -> None:
    """Have the first row or card of a pane chosen, so that what is done with one is there to be done."""
    if hasattr(pane, "list"):
        pane.list.choose_first()
    else:
        pane.view.setCurrentIndex(pane.model.index(0, 0))
        pane.view.setFocus()


class Tried:
    """What of a pane is within reach: everything that a hand, a key or the palette could start."""

    def __init__(self, window: ViewWindow, pane: Any, name: str) -> None:
        seen = [one for one in pane.findChildren(QAbstractButton) if one.isVisibleTo(pane) and one.isEnabled()]
        self.buttons = [one for one in seen if one.objectName()]
        self.keys = [one for one in pane.findChildren(QShortcut) if one.isEnabled()]
        self.actions = [one for one in pane.findChildren(QAction) if one.objectName() and one.isEnabled()]
        self.commands = window.pane_commands(name)

    def all(self) -> list[tuple[str, Callable[[], Any]]]:
        """Each with a name."""
        return [
            *((f"button {one.objectName()}", one.click) for one in self.buttons),
            *((f"key {one.key().toString()}", one.activated.emit) for one in self.keys),
            *((f"action {one.objectName()}", one.trigger) for one in self.actions),
            *((f"command {text}", run) for text, _key, run in self.commands),
        ]


def test_nothing_that_writes_is_offered(
    qtbot: Any, open_window: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Everything within reach in every pane is pressed: nothing tries to make an act, nothing opens a form, nothing
    answers that it may not be done."""
    window = open_window()
    wrote: list[str] = []
    whole = ViewStore._append

    def watched(store: ViewStore, kind: str, *told: Any, **more: Any) -> Any:
        wrote.append(kind)
        return whole(store, kind, *told, **more)

    monkeypatch.setattr(ViewStore, "_append", watched)
    pressed: set[str] = set()
    for name in window.docks:
        pane = window.show_pane(name)
        choose_first(pane)
        count = len(Tried(window, pane, name).all())
        assert count, name
        for at in range(count):
            pane = window.show_pane(name)
            if getattr(pane, "sheet", None) is not None:
                pane.close_form()
            choose_first(pane)
            reach = Tried(window, pane, name).all()
            if at >= len(reach):
                break
            told, run = reach[at]
            run()
            QCoreApplication.processEvents()
            assert not wrote, (name, told)
            assert not editable(window), (name, told, editable(window))
            assert not any("只读" in text for text in said(window)), (name, told)
            pressed.add(f"{name} {told}")
            put_away(window)
    for text, _key, run in window.window_commands():
        if run.__name__ not in ("toggle_night", "switch_language", "larger", "smaller", "tear", "fetch_now"):
            run()
            QCoreApplication.processEvents()
            assert not wrote, text
            assert not editable(window), (text, editable(window))
            assert not any("只读" in one for one in said(window)), text
            put_away(window)
    wanted = {"shelters button shelters-export", "shelters button shelters-print", "incidents button incident-copy",
              "warnings button warning-export", "daybook button daybook-print", "warnings key Ctrl+C"}  # fmt: skip
    assert wanted <= pressed, sorted(pressed)


def test_enter_on_a_row_opens_what_is_only_read(qtbot: Any, open_window: Any) -> None:
    window = open_window()
    shelters = window.show_pane("shelters")
    choose_first(shelters)
    QTest.keyClick(shelters.view, Qt.Key.Key_Return)
    assert shelters.form is None
    shown = "\n".join(part.text() for part in shelters.sheet.findChildren(QLabel))
    for told in ("区县", "乙区", "乙区中学", "操场", "300", "个人信息不传给上级"):
        assert told in shown, shown
    assert not editable(window)
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Escape)
    assert shelters.sheet is None
    assert shelters.view.hasFocus()
    for key, held in ((Qt.Key.Key_N, CTRL), (Qt.Key.Key_Delete, NONE), (Qt.Key.Key_F6, NONE), (Qt.Key.Key_F7, NONE)):
        QTest.keyClick(shelters.view, key, held)
    assert shelters.form is None
    assert not window.findChildren(QDialog)
    for name in ("incidents", "warnings"):
        pane = window.show_pane(name)
        choose_first(pane)
        QTest.keyClick(pane.list, Qt.Key.Key_Return)
        assert QApplication.focusWidget() is pane.page.buttons["copy"]
        QTest.keyClick(pane.list, Qt.Key.Key_N, CTRL)
        assert not pane.forms


def test_the_palette_the_menu_and_the_sheet_of_keys_name_nothing_that_is_not_there(
    qtbot: Any, open_window: Any
) -> None:
    window = open_window()
    for name in window.docks:
        window.show_pane(name)
    never = ("新增", "导入", "删除", "登记人数", "启用", "关闭", "待命", "备勤", "前置", "出动", "新接报", "初报", "进展",
             "改事件", "记一条", "解除", "更新预警", "更正", "加附件", "记一笔", "换操作人", "锁屏", "断电", "立即备份")  # fmt: skip
    window.show_palette()
    (palette,) = window.findChildren(Palette)
    listed = [choice.text for choice in palette.model.choices]
    palette.close()
    menu = [action.text() for action in window.board.menu.menu().actions()]
    window.show_keys()
    (sheet,) = window.findChildren(KeySheet)
    keys = [part.text() for part in sheet.findChildren(QLabel)]
    sheet.close()
    for where, told in (("palette", listed), ("menu", menu), ("keys", keys)):
        assert not [text for text in told if text.startswith(never) or text.partition("：")[2].startswith(never)], where
    assert "雨情" not in keys
    assert "交班" not in keys
    assert {"值班日志", "避灾", "复制成一行"} <= set(keys)
    assert any(text.startswith("取最新数据") for text in menu)
    assert any("打印" in text for text in listed)


def test_what_is_read_can_be_taken_along(qtbot: Any, open_window: Any, tmp_path: Path) -> None:
    """Search, copy, export: each says which district a row is of."""
    window = open_window()
    shelters = window.show_pane("shelters")
    shelters.view.selectAll()
    shelters.view.copy_action.trigger()
    lines = QApplication.clipboard().text().splitlines()
    assert sorted(line.split("\t")[0] for line in lines) == ["乙区", "甲区"]
    for ending in ("csv", "xlsx"):
        shelters.export_file()
        target = tmp_path / f"a.{ending}"
        (chooser,) = window.findChildren(QFileDialog)
        chooser.chosen.emit(target)
        chooser.close()
        (told,) = said(window)
        assert "已导出 2 行" in told
        assert target.stat().st_size
    rows = (tmp_path / "a.csv").read_text(encoding="utf-8-sig").splitlines()
    assert rows[0].startswith("区县,")
    assert sorted(row.split(",")[0] for row in rows[1:]) == ["乙区", "甲区"]
    shelters.search.setText("乙区")
    qtbot.waitUntil(lambda: shelters.model.rowCount() == 1)


def test_a_paper_printed_from_a_view_is_recorded_nowhere(qtbot: Any, open_window: Any, tmp_path: Path) -> None:
    window = open_window()
    before = d.ask(window.store, "SELECT count(*) FROM act")
    window.show_pane("shelters").print_list()
    preview = window.findChild(PdfPreview)
    preview.write(tmp_path / "p11.pdf")
    assert (tmp_path / "p11.pdf").read_bytes().startswith(b"%PDF")
    assert d.ask(window.store, "SELECT count(*) FROM act") == before
    preview.leave()


def words(pdf: bytes) -> str:
    """The words of a print, without breaks."""
    document = pypdfium2.PdfDocument(bytes(pdf))
    text = "".join(page.get_textpage().get_text_range() for page in document)
    document.close()
    return "".join(text.split())


def test_an_empty_list_does_not_say_that_nothing_happened(qtbot: Any, open_window: Any, city: Fleet) -> None:
    city.add(7, schema=schema(), district="330182", name="丙市")
    window = open_window()
    window.fetch_now()
    qtbot.waitUntil(lambda: window._fetching is None, timeout=60_000)
    window.district.setCurrentIndex(window.district.findText("丙市"))
    assert window.news.text() == "只读。丙市的最新记录：从未"
    for name in VIEWED:
        pane = window.show_pane(name)
        empty = pane.empty if hasattr(pane, "empty") else pane.view._overlay
        qtbot.waitUntil(empty.isVisible)
        assert "没有上传过的区县" in empty.hint.text(), name
        assert empty.button.isHidden(), name
        pane.focus_first()


def test_nothing_that_leads_nowhere_can_be_pressed(qtbot: Any, open_window: Any) -> None:
    window = open_window()
    board = window.board
    assert board.figures["warnings.in_force"].isEnabled()
    assert board.figures["districts.silent"].isEnabled()
    assert not board.record.isEnabled()
    assert not board.clock.isEnabled()
    assert not board.mark.isEnabled()
    places = [one for one in board.menu.menu().actions() if one.menu() is not None]
    assert [action.text() for action in places[0].menu().actions()] == ["日常"]


def test_papers_and_copied_lines_say_which_district(qtbot: Any, open_window: Any) -> None:
    """What leaves the window stands without its column of districts; a number of the log is one of each district's."""
    window = open_window()
    desk = window.desk
    for form in window._actions.forms():
        first = desk.rows("incidents", Condition("place", "=", "乙区隧道口"))[0]
        text = words(window._actions.make(form, **({"incident": first.id} if "incident" in form.params else {})))
        assert "中心库·全部区县" in text, form.code
        assert "取自中心库，数据到2026-06-1823:00" in text, form.code
        if form.code not in ("P12", "TEAM"):  # nothing is in them here
            assert "乙区" in text.replace("乙区隧道口", "").replace("乙区中学", "").replace("乙区气象台", ""), form.code
    window.district.setCurrentIndex(window.district.findText("乙区"))
    text = words(window._actions.make(next(one for one in window._actions.forms() if one.code == "P11")))
    assert "中心库·乙区" in text
    assert "甲区" not in text
    window.district.setCurrentIndex(0)
    for name, district in (("incidents", "甲区"), ("warnings", "甲区"), ("incidents", "乙区"), ("warnings", "乙区")):
        pane = window.show_pane(name)
        pane.list.choose(next(card.key for card in pane.list.cards if card.note.startswith(district)))
        assert pane.page.title.text().startswith(f"{district} ")
        pane.copy_line() if name == "warnings" else pane.page.copy_line()
        assert f"{district} " in QApplication.clipboard().text()
    daybook = window.show_pane("daybook")
    choose_first(daybook)
    daybook.view.line_action.trigger()
    told = daybook.model.texts(0)[0]
    assert QApplication.clipboard().text().startswith(f"{told} ")
    assert daybook.detail.detail.heading.startswith(f"{told} ")


def test_an_address_that_is_none_is_told_in_one_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    args = cli.parse(
        ["--home", str(tmp_path / "v"), "--hub", "postgresql://city1@elsewhere/hub?sslmode=disable", "--view"]
    )
    assert app.main(args) == 1
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "v").exists()


def test_the_folder_of_a_view_is_not_opened_as_a_desk(qtbot: Any, home: Home, qapp: Any) -> None:
    starter = Starter(home, FixedClock(NOW))
    with qtbot.waitSignal(starter.failed, timeout=20_000) as told:
        starter.start()
    assert "--view" in told.args[0]
    said(starter.window)
    starter.window.close()
    starter.close()
    starter.window.deleteLater()
    starter.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def test_a_hub_out_of_reach_leaves_what_was_there(qtbot: Any, open_window: Any, city: Fleet, home: Home) -> None:
    window = open_window()
    city.server.execute("postgres", f"ALTER ROLE {city.database}_reader NOLOGIN")
    window.fetch_now()
    qtbot.waitUntil(lambda: window._fetching is None, timeout=60_000)
    assert "没有取到" in window._said
    assert len(column(window, "daybook", "model", "text")) >= 3
