"""The window: it takes typing at once, builds panes when they are seen, keeps its places, and says what is due."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QShortcut
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QDockWidget, QLabel, QLineEdit, QWidget

from dutydesk.core.clock import MINUTE, FixedClock
from dutydesk.core.errors import Refused
from dutydesk.core.paths import Home
from dutydesk.features import FEATURES
from dutydesk.qt import theme
from dutydesk.shell.frame import ARRANGEMENTS
from dutydesk.shell.single import SingleWindow
from dutydesk.shell.start import Starter

CTRL, ALT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier
PANES = [feature.name for feature in FEATURES if feature.pane]


def press(key: Qt.Key, held: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    target = QApplication.focusWidget()
    assert target is not None
    QTest.keyClick(target, key, held)


def settle(qtbot: Any, window: Any) -> None:
    """A named arrangement has been put in place."""
    qtbot.waitUntil(lambda: not window.arranging)


# -- coming up ---------------------------------------------------------------------------------------------------------


def test_typing_before_the_record_is_open_is_not_lost(
    qtbot: Any, window_of: Any, home: Home, clock: FixedClock
) -> None:
    starter = window_of(home, clock, wait=False)
    window = starter.window
    window.show()
    early = window.findChild(QLineEdit, "early-entry")
    early.setFocus()
    qtbot.keyClicks(early, "tunnel 1402")
    assert window.desk is None
    with qtbot.waitSignal(starter.ready, timeout=20_000):
        starter.open_record()
    settle(qtbot, window)
    assert window.entry.text.toPlainText() == "tunnel 1402"
    qtbot.waitUntil(lambda: QApplication.focusWidget() is window.entry.text)


def test_the_first_rows_are_there_before_the_record_and_cost_nothing_typed(
    qtbot: Any, window_of: Any, home: Home, clock: FixedClock
) -> None:
    starter = window_of(home, clock, wait=False)
    window = starter.window
    with qtbot.waitSignal(starter.shown):
        starter.start()
    early = window.findChild(QLineEdit, "early-entry")
    qtbot.keyClicks(early, "water ")
    with qtbot.waitSignal(starter.seen):
        pass
    view = window.findChild(QWidget, "first-rows")
    assert window.desk is None
    assert view.isVisible()
    assert early.hasFocus()
    first = [view.model().index(0, column).data() for column in range(view.model().columnCount())]
    assert first[0].startswith("#")
    qtbot.keyClicks(early, "60 cm")
    with qtbot.waitSignal(starter.ready, timeout=20_000):
        pass
    settle(qtbot, window)
    assert window.entry.text.toPlainText() == "water 60 cm"
    assert window.findChild(QWidget, "first-rows") is None
    model = window.docks["daybook"].pane.model
    assert [model.index(0, column).data() for column in range(model.columnCount())] == first


def test_rows_of_a_record_that_does_not_open_go_away(
    qtbot: Any, window_of: Any, home: Home, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    starter = window_of(home, clock, wait=False)

    def refuse() -> None:
        assert starter.window.first.isVisible()
        raise Refused("no")

    monkeypatch.setattr(starter, "_open", refuse)
    with qtbot.waitSignal(starter.failed, timeout=20_000):
        starter.start()
    assert starter.window.first.isHidden()


def test_it_comes_up_with_the_sample_desk(window: Any) -> None:
    assert "示例" in window.windowTitle()
    assert window.board.mark.isVisible()
    assert window.board.crew.toolTip() == "带班领导 赵甲子 主班 卫庚午 副班 冯甲戌"
    assert all(name in window.board.crew.value for name in ("赵甲子", "卫庚午", "冯甲戌"))
    assert window.board.figures["incidents.open"].value.startswith("2")
    assert "214" in window.board.figures["shelters.people_now"].value
    assert window.todo.next.value == "00:22"
    assert "皋亭山" in window.todo.what.text()


def test_a_pane_is_built_when_it_is_first_seen(qtbot: Any, window: Any) -> None:
    assert [name for name, dock in window.docks.items() if dock.built] == ["daybook"]
    press(Qt.Key.Key_6, ALT)
    assert window.docks["people"].built
    assert not window.docks["shelters"].built
    qtbot.waitUntil(window.rail.buttons["people"].isChecked)
    assert not window.rail.buttons["daybook"].isChecked()


@pytest.mark.parametrize("name", PANES)
def test_every_pane_opens_by_its_button_and_takes_the_keyboard(qtbot: Any, window: Any, name: str) -> None:
    QTest.mouseClick(window.rail.buttons[name], Qt.MouseButton.LeftButton)
    pane = window.docks[name].pane
    qtbot.waitUntil(pane.isVisible)
    here = QApplication.focusWidget()
    assert here is not None
    assert pane.isAncestorOf(here) or here is pane


# -- places ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ARRANGEMENTS)
def test_arrangements_keep_the_log_and_what_is_due_in_sight(qtbot: Any, window: Any, name: str) -> None:
    window.arrange(name)
    settle(qtbot, window)
    beside = {"汛期": {"rain"}, "交接班": {"shifts"}}.get(name, set())
    qtbot.waitUntil(lambda: {n for n, dock in window.docks.items() if dock.front} == {"daybook"} | beside)
    assert window.todo_dock.isVisible()
    assert 200 <= window.todo_dock.width() <= 320


def test_what_is_due_keeps_its_width_when_the_window_grows(qtbot: Any, window: Any) -> None:
    before = window.todo_dock.width()
    window.resize(1900, 900)
    qtbot.waitUntil(lambda: window.width() == 1900)
    qtbot.waitUntil(lambda: abs(window.todo_dock.width() - before) <= 4)


def test_what_is_due_comes_back_as_wide_as_it_was(qtbot: Any, window_of: Any, home: Home, clock: FixedClock) -> None:
    first = window_of(home, clock)
    settle(qtbot, first.window)
    first.window.resize(1900, 900)
    qtbot.waitUntil(lambda: first.window.todo_dock.width() <= 320)
    before = first.window.todo_dock.width()
    first.shut()
    second = window_of(home, clock).window
    settle(qtbot, second)
    second.resize(1900, 900)
    settle(qtbot, second)
    qtbot.waitUntil(lambda: abs(second.todo_dock.width() - before) <= 4)


def test_what_is_due_cannot_be_closed(window: Any) -> None:
    assert not window.todo_dock.features() & QDockWidget.DockWidgetFeature.DockWidgetClosable


def test_it_comes_back_as_it_was_left(qtbot: Any, window_of: Any, home: Home, clock: FixedClock) -> None:
    first = window_of(home, clock)
    first.window.resize(1200, 700)
    first.window.show_pane("rain")
    first.window.tear("rain")
    assert first.window.docks["rain"].isFloating()
    first.shut()
    second = window_of(home, clock)
    assert second.window.height() == 700  # the screen here is narrower than any window
    assert second.window.docks["rain"].isFloating()
    assert not second.window.docks["people"].isFloating()


def test_a_pane_on_a_lost_screen_comes_back(qtbot: Any, window_of: Any, home: Home, clock: FixedClock) -> None:
    first = window_of(home, clock)
    first.window.show_pane("rain")
    first.window.tear("rain")
    first.window.docks["rain"].move(QPoint(9_000, 7_000))
    first.window.move(QPoint(-8_000, -8_000))
    first.shut()
    second = window_of(home, clock)
    dock = second.window.docks["rain"]
    screens = [screen.availableGeometry() for screen in QApplication.screens()]
    assert not dock.isFloating() or any(screen.intersects(dock.frameGeometry()) for screen in screens)
    assert any(screen.intersects(second.window.frameGeometry()) for screen in screens)
    second.window.move(QPoint(-8_000, -8_000))
    second.window.fetch_back()
    assert any(screen.intersects(second.window.frameGeometry()) for screen in screens)


def test_tearing_off_and_putting_back_by_key(qtbot: Any, window: Any) -> None:
    press(Qt.Key.Key_3, ALT)
    press(Qt.Key.Key_F11)
    assert window.docks["rain"].isFloating()
    window.tear("rain")
    assert not window.docks["rain"].isFloating()


def test_a_pane_beside_the_one_in_front(qtbot: Any, window: Any) -> None:
    window.show_beside("rain")
    settle(qtbot, window)
    qtbot.waitUntil(lambda: window.docks["rain"].front and window.docks["daybook"].front)


# -- looks -------------------------------------------------------------------------------------------------------------


def test_theme_scale_and_language_are_remembered(qtbot: Any, window: Any, home: Home, starter: Any) -> None:
    from dutydesk.core import looks

    press(Qt.Key.Key_Plus, CTRL)
    press(Qt.Key.Key_D, CTRL | Qt.KeyboardModifier.ShiftModifier)
    assert theme.current() == theme.Theme(night=True, percent=125)
    window.switch_language()
    told = next(w for w in QApplication.topLevelWidgets() if isinstance(w, QDialog) and w.isVisible())
    assert "English" in told.text.text()
    told.accept()
    starter.shut()
    assert looks.read(home) == looks.Looks(night=True, percent=125, language="en")


@pytest.mark.parametrize("percent", [100, 200])
@pytest.mark.parametrize("night", [False, True])
def test_nothing_of_the_board_is_cut_off(qtbot: Any, window: Any, percent: int, night: bool) -> None:
    window.put_on(theme.Theme(night, percent))
    window.resize(1366, 768)
    qtbot.waitUntil(lambda: window.size().width() == 1366 and window.height() == 768)
    board = window.board
    shown = [tile for tile in [board.clock, board.crew, board.who, *board.figures.values(), board.todo, board.record]
             if not tile.isHidden()]  # fmt: skip
    qtbot.waitUntil(lambda: all(board.rect().contains(tile.geometry()) for tile in shown))
    qtbot.waitUntil(lambda: all(tile.width() >= tile.sizeHint().width() for tile in shown))
    for one in shown:
        assert not any(one.geometry().intersects(other.geometry()) for other in shown if other is not one)
    assert window.entry.isVisible()
    assert window.rect().contains(QRect(window.entry.mapTo(window, QPoint(0, 0)), window.entry.size()))
    assert window.todo_dock.isVisible()
    assert window.todo.next.height() >= theme.current().px(60)


# -- what changes by itself --------------------------------------------------------------------------------------------


def test_board_and_list_follow_a_change_from_a_pane(qtbot: Any, window: Any) -> None:
    desk = window.desk
    row = next(row for row in desk.rows("shelters") if row.get("state") == "READY")
    pane = window.show_pane("shelters")
    pane.show_row("shelters", row.id)
    pane.open_shelter()
    qtbot.waitUntil(lambda: window.board.figures["shelters.people_now"].value.startswith("6"))


def test_board_and_list_follow_another_process(qtbot: Any, window: Any, home: Home) -> None:
    before = window.board.todo.value
    model = window.docks["daybook"].pane.model
    rows = model.rowCount()
    done = subprocess.run(
        [sys.executable, "-m", "dutydesk", "--home", str(home.root), "add", "log", "text=外来一条",
         "happened_at=2026-06-19 06:29", "category=PHONE_IN", "due_at=2026-06-19 06:40"],
        capture_output=True, text=True, check=False, env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    qtbot.waitUntil(lambda: window.board.todo.value != before, timeout=8_000)
    qtbot.waitUntil(lambda: model.rowCount() == rows + 1, timeout=8_000)
    assert any("外来一条" in item.title for item in window.todo.model.items)


def test_what_becomes_due_sounds_once(
    qtbot: Any, window: Any, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    played: list[str] = []
    monkeypatch.setattr(window._actions.sound, "play", played.append)
    window.refresh()
    assert played == [], "what is not due yet is silent"
    clock.advance(23 * MINUTE)
    window.refresh()
    window.refresh()
    assert played == ["due"]
    assert window.todo.next.tone == "late"
    assert "逾期" in window.board.todo.value


def test_enter_on_what_is_due_goes_there(qtbot: Any, window: Any) -> None:
    press(Qt.Key.Key_F4)
    assert QApplication.focusWidget() is window.todo.view
    press(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: window.docks["incidents"].built)
    assert "皋亭山" in window.docks["incidents"].pane.page.title.text()


def test_closing_keeps_the_draft_and_stops_everything(
    qtbot: Any, window_of: Any, home: Home, clock: FixedClock
) -> None:
    first = window_of(home, clock)
    press(Qt.Key.Key_F2)
    first.window.entry.text.setPlainText("写到一半")
    first.shut()
    second = window_of(home, clock)
    assert second.window.entry.text.toPlainText() == "写到一半"


# -- one window, what cannot open --------------------------------------------------------------------------------------


def test_a_second_start_raises_the_first(qtbot: Any, window: Any, home: Home) -> None:
    one, two = SingleWindow(home.root), SingleWindow(home.root)
    assert one.first()
    one.listen()
    one.asked.connect(window.come_forward)
    window.showMinimized()
    with qtbot.waitSignal(one.asked):
        assert not two.first()
    qtbot.waitUntil(lambda: not window.isMinimized())
    one.close()
    three = SingleWindow(home.root)
    assert three.first()
    three.close()


def test_a_damaged_file_is_said_in_one_sentence(
    qtbot: Any, window_of: Any, home: Home, clock: FixedClock, expect_log: Any
) -> None:
    expect_log("cannot open")
    with home.database.open("r+b") as file:
        file.write(b"this is no database at all......" * 200)
    starter = window_of(home, clock, wait=False)
    with qtbot.waitSignal(starter.failed, timeout=20_000) as told:
        starter.start()
    assert told.args[0]
    assert "Traceback" not in told.args[0]
    shown = next(w for w in QApplication.topLevelWidgets() if isinstance(w, QDialog) and w.isVisible())
    words = [part.text() for part in shown.findChildren(QLabel)]
    assert any(words)
    shown.reject()
    qtbot.waitUntil(lambda: not starter.window.isVisible())


# -- keys --------------------------------------------------------------------------------------------------------------


def test_no_two_commands_share_a_key_and_f1_shows_them_all(qtbot: Any, window: Any) -> None:
    taken: dict[str, str] = {}
    for text, key, _run in window.window_commands():
        if key:
            assert key not in taken, f"{text} and {taken[key]}"
            taken[key] = text
    for feature in FEATURES:
        if feature.pane and feature.key:
            assert feature.key not in taken, feature.name
            taken[feature.key] = feature.title
    shown: list[tuple[str, str]] = list(taken.items())
    for name in PANES:
        pane = window.show_pane(name)
        here: dict[str, str] = {}
        for text, key, _run in pane.commands():
            if key:
                assert key not in here, f"{name}: {text} and {here[key]}"
                assert key not in taken, f"{name}: {text} ({key}) and the window's {taken[key]}"
                here[key] = text
        shown += list(here.items())
    window.show_pane("daybook")
    press(Qt.Key.Key_F1)
    sheet = next(w for w in QApplication.topLevelWidgets() if w.objectName() == "key-sheet" and w.isVisible())
    words = [part.text() for part in sheet.findChildren(QLabel)]
    for key, _text in shown:
        assert key in words, key
    sheet.accept()


def test_every_key_of_the_window_is_bound_once(window: Any) -> None:
    keys = [shortcut.key().toString() for shortcut in window.findChildren(
        QShortcut, options=Qt.FindChildOption.FindDirectChildrenOnly)]  # fmt: skip
    assert len(keys) == len(set(keys))
    for _text, key, _run in window.window_commands():
        assert not key or key.replace("Ctrl+=", "Ctrl+=") in keys, key


def test_everything_in_front_has_a_name_for_screen_readers(window: Any) -> None:
    nameless = [
        type(widget).__name__
        for widget in window.board.findChildren(QWidget)
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and not widget.accessibleName() and widget.isVisible()
    ]
    assert not nameless


def test_starter_is_the_one_way_in(starter: Starter) -> None:
    assert starter.desk is not None
    assert {"announcer", "jobs", "open", "import", "export", "preview", "entry", "shift_of"} <= set(
        starter.desk.services
    )


def test_what_is_due_is_never_squeezed(qtbot: Any, window_of: Any, home: Home, clock: FixedClock) -> None:
    first = window_of(home, clock)
    window = first.window
    window.resize(1366, 768)
    window.resizeDocks([window.todo_dock], [60], Qt.Orientation.Horizontal)
    settle(qtbot, window)
    assert window.todo_dock.width() >= 160
    window.show_beside("rain")
    window.show_beside("people")
    settle(qtbot, window)
    window.resize(960, 540)
    settle(qtbot, window)
    assert window.todo_dock.width() >= 160
    first.shut()
    window = window_of(home, clock).window
    settle(qtbot, window)
    assert window.todo_dock.width() >= 160
