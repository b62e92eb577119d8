"""Accounts through the real window, by keys: sign in, lock while a line is being typed, change hands."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtGui import QInputMethodEvent, QKeySequence
from PySide6.QtWidgets import QApplication, QDialog, QLabel, QLineEdit, QListWidget, QPlainTextEdit, QWidget

from dutydesk.accounts import service
from dutydesk.core.clock import HOUR, MINUTE, FixedClock
from dutydesk.core.paths import Home
from dutydesk.journal import query as q
from dutydesk.journal.desk import Desk
from dutydesk.qt import theme
from dutydesk.shell.start import Starter
from tests.accounts.conftest import AT, PINS

Open = Callable[[], Starter]


@pytest.fixture
def window_of(
    staffed: Desk, person: Callable[[str], bytes], clock: FixedClock, qtbot: Any, qapp: QApplication,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Open]:  # fmt: skip
    """Opens the window over the staffed desk, on which 乙 and 丙 stand the running shift."""
    monkeypatch.setenv("DUTYDESK_MUTE", "1")
    staffed.store.guard = None
    crew = {"leader": person("示例丙"), "primary": person("示例乙")}
    times = {"starts_at": AT - HOUR, "ends_at": AT + 23 * HOUR}
    staffed.act("shift.add", [staffed.new("shifts", {"date": "2026-06-18", "code": "H24", **times, **crew})])
    home = staffed.store.home.root
    staffed.store.close()
    opened: list[Starter] = []

    def open_() -> Starter:
        starter = Starter(Home(home), clock)
        opened.append(starter)
        with qtbot.waitSignal(starter.ready, timeout=20_000):
            starter.start()
        starter.window.activateWindow()
        qtbot.waitUntil(starter.window.isActiveWindow)
        qtbot.waitUntil(lambda: not starter.window.arranging)
        return starter

    yield open_
    for starter in opened:
        starter.window.close()
        starter.close()
        starter.window.deleteLater()
        starter.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    theme.apply(qapp, theme.Theme())


def part(window: QWidget, kind: type[Any], name: str) -> Any:
    found = window.findChild(kind, name)
    assert found is not None, name
    return found


def names(window: QWidget, name: str = "login-people") -> list[str]:
    people = part(window, QListWidget, name)
    return [people.item(n).text().split("  ")[0] for n in range(people.count())]


def authors(starter: Starter, kind: str) -> list[str]:
    assert starter.desk is not None
    with starter.desk.store.read() as connection:
        found = connection.exec_driver_sql("SELECT by FROM act WHERE kind = ? ORDER BY seq", (kind,)).all()
    return [starter.desk.title("people", bytes.fromhex(by)) for (by,) in found]


def give(qtbot: Any, pin: str) -> None:
    """Type a PIN where the caret is, and Enter."""
    qtbot.waitUntil(lambda: QApplication.focusWidget() is not None)
    line = QApplication.focusWidget()
    assert isinstance(line, QLineEdit), line
    assert line.objectName() == "login-pin"
    qtbot.keyClicks(line, pin)
    qtbot.keyClick(line, Qt.Key.Key_Return)


def write(text: str) -> None:
    """Type as an input method does, where the caret is."""
    event = QInputMethodEvent()
    event.setCommitString(text)
    target = QApplication.focusWidget()
    assert target is not None
    QApplication.sendEvent(target, event)


def press(qtbot: Any, window: QWidget, keys: str) -> None:
    sequence: Any = QKeySequence(keys)
    combination = sequence[0]
    target = QApplication.focusWidget() or window
    qtbot.keyClick(target, combination.key(), combination.keyboardModifiers())


def pick(qtbot: Any, window: QWidget, name: str) -> None:
    """The arrow keys from the line for the PIN to a name of the list."""
    line, people = QApplication.focusWidget(), part(window, QListWidget, "login-people")
    wanted = names(window).index(name)
    while people.currentRow() != wanted:
        qtbot.keyClick(line, Qt.Key.Key_Down if people.currentRow() < wanted else Qt.Key.Key_Up)


def covered(window: Any) -> bool:
    """Whether every pane in the window is under the cover, and nothing else is."""
    cover = window.locker.cover
    panes = [dock for dock in window.docks.values() if dock.front and not dock.isFloating()]
    assert panes
    free = [window.board, window.todo_dock, window.entry_bar]
    inside = all(cover.geometry().contains(dock.geometry()) for dock in panes)
    return inside and not any(cover.geometry().intersects(widget.geometry()) for widget in free)


def test_the_window_opens_covered_and_asks_for_a_pin(window_of: Open, qtbot: Any) -> None:
    starter = window_of()
    window: Any = starter.window
    assert window.locker.locked
    assert covered(window)
    assert names(window) == ["示例乙", "示例丙", "示例丁", "示例甲"], "the running shift first"
    assert part(window, QLabel, "lock-told").text() == "请登录"
    give(qtbot, "000111")
    assert window.locker.locked
    assert part(window, QLabel, "login-problem").text() == "口令不对，还可以试 4 次"
    give(qtbot, PINS["示例乙"])
    assert not window.locker.locked
    assert not window.locker.cover.isVisible()
    assert window.desk.me.name == "示例乙"
    assert window.board.who.value == "示例乙"


def test_a_locked_window_keeps_the_line_shows_alarms_and_takes_nothing(
    window_of: Open, qtbot: Any, clock: FixedClock
) -> None:
    starter = window_of()
    window: Any = starter.window
    give(qtbot, PINS["示例乙"])
    press(qtbot, window, "F2")
    line = QApplication.focusWidget()
    assert isinstance(line, QPlainTextEdit)
    write("3号泵站跳闸")
    press(qtbot, window, "F12")
    assert window.locker.locked
    assert covered(window)
    assert line.isVisible()
    assert line.toPlainText() == "3号泵站跳闸"
    assert window.locker.cover.told.text() == "示例乙 已锁屏 22:00"
    # Typing goes nowhere, whatever it is aimed at.
    qtbot.keyClicks(line, "xyz")
    event = QInputMethodEvent()
    event.setCommitString("乱写")
    QApplication.sendEvent(line, event)
    qtbot.keyClick(line, Qt.Key.Key_Return)
    qtbot.keyClick(window, Qt.Key.Key_2, Qt.KeyboardModifier.AltModifier)
    qtbot.keyClick(window, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    qtbot.mouseClick(window.board.todo, Qt.MouseButton.LeftButton)
    assert line.toPlainText() == "3号泵站跳闸"
    assert window.desk.count("log") == 0
    assert not [
        widget for widget in QApplication.topLevelWidgets() if isinstance(widget, QDialog) and widget.isVisible()
    ]
    assert QApplication.focusWidget() is window.locker.cover.form.pin
    # Tab stays in the form.
    for _n in range(5):
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        assert window.locker.cover.isAncestorOf(QApplication.focusWidget())
    window.locker.cover.form.focus_pin()
    # Something falls due meanwhile: it is on the board, in the list, and heard.
    heard: list[str] = []
    window._actions.sound.play = heard.append
    window.refresh()
    made = window.desk.new(
        "incidents", {"received_at": clock.at, "happened_at": clock.at, "type": "11A02", "state": "NEW"}
    )
    from dataclasses import replace

    from dutydesk.journal.desk import Me

    other = replace(window.desk, me=Me(window.desk.resolve("people", "示例丙").hex(), "示例丙"))
    other.act("incident.add", [made])
    clock.at += 12 * HOUR
    window._actions._first_look = False
    window.refresh()
    window._tick()
    assert window.board.isVisible()
    assert window.board.clock.value.startswith("10:00")
    assert window.board.todo.value.split(" ")[0] != "0"
    assert "逾期" in window.board.todo.value
    assert heard == ["due"]
    assert window.todo_dock.isVisible()
    # The same person comes back to the same line.
    give(qtbot, PINS["示例乙"])
    assert not window.locker.locked
    assert QApplication.focusWidget() is line
    assert line.toPlainText() == "3号泵站跳闸"
    write("，已派人")
    assert line.toPlainText() == "3号泵站跳闸，已派人"


def test_the_desk_changes_hands_by_one_key_and_a_pin(window_of: Open, qtbot: Any) -> None:
    starter = window_of()
    window: Any = starter.window
    give(qtbot, PINS["示例乙"])
    for n, name in enumerate(("示例乙", "示例丙", "示例乙")):
        if n:
            window.activateWindow()
            qtbot.waitUntil(window.isActiveWindow)
            press(qtbot, window, "Ctrl+L")
            qtbot.waitUntil(lambda: window.findChild(QDialog, "login-dialog") is not None)
            dialog = part(window, QDialog, "login-dialog")
            qtbot.waitUntil(part(dialog, QLineEdit, "login-pin").hasFocus)
            assert part(dialog, QListWidget, "login-people").currentItem().text().startswith(name)
            give(qtbot, PINS[name])
            QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        assert window.desk.me.name == name
        window.desk.act("teams.add", [window.desk.new("teams", {"name": f"{n}队"})])
    assert authors(starter, "teams.add") == ["示例乙", "示例丙", "示例乙"]
    assert window.board.who.value == "示例乙"
    signed = window.desk.rows("audit", q.Condition("action", "=", "SIGN_IN"))
    assert [row.text("by") for row in reversed(signed)][-3:] == ["示例乙", "示例丙", "示例乙"]


def test_another_person_opens_a_locked_window_and_the_line_is_still_there(window_of: Open, qtbot: Any) -> None:
    starter = window_of()
    window: Any = starter.window
    give(qtbot, PINS["示例乙"])
    press(qtbot, window, "F2")
    line = QApplication.focusWidget()
    assert isinstance(line, QPlainTextEdit)
    write("水位上涨")
    press(qtbot, window, "F12")
    pick(qtbot, window, "示例丙")
    give(qtbot, PINS["示例丙"])
    assert (window.desk.me.name, line.toPlainText()) == ("示例丙", "水位上涨")
    qtbot.keyClick(line, Qt.Key.Key_Return)
    assert authors(starter, "log.add") == ["示例丙"]


def test_an_idle_window_locks_itself_and_a_key_puts_it_off(window_of: Open, qtbot: Any, clock: FixedClock) -> None:
    starter = window_of()
    window: Any = starter.window
    give(qtbot, PINS["示例乙"])
    window.locker.look()
    clock.at += 10 * MINUTE - 1
    window.locker.look()
    assert not window.locker.locked
    qtbot.keyClick(window.windowHandle(), Qt.Key.Key_Shift)
    clock.at += 10 * MINUTE - 1
    window.locker.look()
    assert not window.locker.locked
    clock.at += 1
    window.locker.look()
    assert window.locker.locked
    lock = window.desk.rows("audit", q.Condition("action", "=", "LOCK"))[0]
    assert (lock.text("by"), lock.text("reason")) == ("示例乙", "无操作")


def test_a_dialog_is_hidden_while_locked_and_keeps_what_was_typed(window_of: Open, qtbot: Any) -> None:
    starter = window_of()
    window: Any = starter.window
    give(qtbot, PINS["示例乙"])
    press(qtbot, window, "Ctrl+K")
    palette = next(w for w in QApplication.topLevelWidgets() if isinstance(w, QDialog) and w.isVisible())
    field = palette.findChild(QLineEdit)
    assert field is not None
    qtbot.waitUntil(field.hasFocus)
    write("示例甲")
    window.locker.lock_now()
    assert not palette.isVisible()
    give(qtbot, PINS["示例乙"])
    assert palette.isVisible()
    assert field.text() == "示例甲"
    palette.close()


def test_a_torn_off_pane_is_covered_too(window_of: Open, qtbot: Any) -> None:
    starter = window_of()
    window: Any = starter.window
    give(qtbot, PINS["示例乙"])
    window.tear("daybook")
    dock = window.docks["daybook"]
    assert dock.isFloating()
    window.locker.lock_now()
    assert covered(window)
    veil = part(dock, QWidget, "lock-veil")
    assert veil.isVisible()
    assert veil.geometry().contains(dock.rect())
    give(qtbot, PINS["示例乙"])
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert dock.findChild(QWidget, "lock-veil") is None


def test_a_locked_account_says_how_long(window_of: Open, qtbot: Any, clock: FixedClock) -> None:
    starter = window_of()
    window: Any = starter.window
    for _n in range(5):
        give(qtbot, "000111")
    problem = part(window, QLabel, "login-problem")
    form = window.locker.cover.form
    assert problem.text() == "账号已锁定，还有 15:00"
    assert not form.go.isEnabled()
    clock.at += 61_000
    form._tell_lock()
    assert problem.text() == "账号已锁定，还有 13:59"
    pick(qtbot, window, "示例丙")
    assert problem.text() == ""
    pick(qtbot, window, "示例乙")
    assert problem.text() == "账号已锁定，还有 13:59"
    clock.at += 14 * MINUTE
    form._tell_lock()
    assert (problem.text(), form.go.isEnabled()) == ("", True)
    give(qtbot, PINS["示例乙"])
    assert not window.locker.locked


def test_capitals_without_shift_are_told(window_of: Open, qtbot: Any) -> None:
    window: Any = window_of().window
    line, hint = QApplication.focusWidget(), part(window, QLabel, "login-caps")
    qtbot.keyClick(line, "A")
    assert hint.text() == "大写锁定可能开着"
    qtbot.keyClick(line, "a")
    assert hint.text() == ""
    qtbot.keyClick(line, Qt.Key.Key_A, Qt.KeyboardModifier.ShiftModifier)


def test_signing_out_and_closing_are_in_the_record(window_of: Open, qtbot: Any) -> None:
    starter = window_of()
    window: Any = starter.window
    give(qtbot, PINS["示例乙"])
    window.desk.services["sign_out"]()
    assert window.locker.locked
    assert window.desk.me.name == ""
    pick(qtbot, window, "示例丙")
    give(qtbot, PINS["示例丙"])
    desk = starter.desk
    assert desk is not None
    window.close()
    out = [row.text("by") for row in desk.rows("audit", q.Condition("action", "=", "SIGN_OUT"))]
    assert out[:2] == ["示例丙", "示例乙"]


def test_without_accounts_the_window_asks_as_before(
    desk: Desk, clock: FixedClock, qtbot: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DUTYDESK_MUTE", "1")
    home = desk.store.home.root
    desk.store.close()
    starter = Starter(Home(home), clock)
    with qtbot.waitSignal(starter.ready, timeout=20_000):
        starter.start()
    window: Any = starter.window
    try:
        assert window.locker is None
        window.switch_person()
        dialog = part(window, QDialog, "who-dialog")
        assert dialog.isVisible()
        dialog.close()
        # 启用账号 in the pane, by keys
        starter.window.activateWindow()
        qtbot.waitUntil(starter.window.isActiveWindow)
        pane = window.show_pane("accounts")
        begin = part(pane, QWidget, "account-begin")
        assert QApplication.focusWidget() is begin
        qtbot.keyClick(begin, Qt.Key.Key_Space)
        asked = part(pane, QDialog, "account-enable")
        part(asked, QLineEdit, "account-person").setFocus()
        qtbot.waitUntil(part(asked, QLineEdit, "account-person").hasFocus)
        write("示例甲")
        qtbot.keyClicks(part(asked, QLineEdit, "account-pin"), PINS["示例甲"])
        qtbot.keyClicks(part(asked, QLineEdit, "account-pin-again"), PINS["示例乙"])
        qtbot.keyClick(part(asked, QLineEdit, "account-pin-again"), Qt.Key.Key_Return)
        assert part(asked, QLabel, "account-enable-problem").text() == "两次输的不一样"
        again = part(asked, QLineEdit, "account-pin-again")
        again.clear()
        qtbot.keyClicks(again, PINS["示例甲"])
        qtbot.keyClick(again, Qt.Key.Key_Return)
        assert service.in_force(window.desk)
        assert window.desk.me.name == "示例甲"
        qtbot.waitUntil(lambda: window.locker is not None)
        locker: Any = window.locker
        assert not locker.locked
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    finally:
        window.close()
        starter.close()
        window.deleteLater()
        starter.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
