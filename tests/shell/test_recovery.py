"""The window over a record that does not open: what it offers, and that each way leads back to a desk that works."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QDialog, QLineEdit, QPushButton, QRadioButton, QWidget

from dutydesk.core.clock import FixedClock
from dutydesk.core.paths import Home
from dutydesk.core.settings import DeskConfig, load
from dutydesk.features import schema
from dutydesk.journal import headfile
from dutydesk.journal.store import Store
from dutydesk.ledger.feature import Change
from dutydesk.shell.moved import Moved
from dutydesk.shell.recovery import Recovery
from dutydesk.sync import snapshots
from tests.shell.conftest import AT

Left = Qt.MouseButton.LeftButton


@pytest.fixture
def real(tmp_path: Path) -> Home:
    """A desk that is no sample, with one entry in its copy and one after it."""
    clock = FixedClock(AT)
    home = Home(tmp_path / "real")
    config = DeskConfig("ab" * 16, district="990102", name="示例区", unit="示例区应急管理局")
    with Store.create(home, schema(), clock, config) as store:
        for n in range(2):
            values = {"happened_at": AT, "recorded_at": AT, "category": "OTHER", "text": f"第{n}条"}
            store.act("log.add", [Change("log", bytes([n + 1]) * 16, values, new=True)], by="cli")
            if not n:
                snapshots.take(home, schema(), clock)
    return home


def shown(kind: type[QDialog]) -> Any:
    return next((w for w in QApplication.topLevelWidgets() if isinstance(w, kind) and w.isVisible()), None)


def child(parent: QWidget, kind: type[Any], name: str) -> Any:
    found = parent.findChild(kind, name)
    assert found is not None, name
    return found


def broken(home: Home) -> None:
    with home.database.open("r+b") as file:
        file.write(b"this is no database at all......" * 200)


def opened(qtbot: Any, starter: Any) -> Recovery:
    with qtbot.waitSignal(starter.failed, timeout=20_000):
        starter.start()
    dialog: Recovery = shown(Recovery)
    qtbot.waitUntil(dialog.go.isEnabled, timeout=20_000)
    return dialog


def test_a_copy_brings_the_desk_back_and_no_number_twice(
    qtbot: Any, window_of: Any, real: Home, expect_log: Any
) -> None:
    expect_log("cannot open")
    broken(real)
    former = real.database.read_bytes()
    starter = window_of(real, FixedClock(AT), wait=False)
    dialog = opened(qtbot, starter)
    assert "不是数据库文件" in dialog.said.text()
    choice = child(dialog, QRadioButton, "recovery-choice-0")
    assert choice.isChecked()
    assert choice.text() == "恢复到 06-19 06:30 的备份（建议）"
    last = child(dialog, QLineEdit, "recovery-last-log")
    assert last.text() == "1", "what the copy has"
    last.setText("many")
    qtbot.mouseClick(dialog.go, Left)
    assert "数字" in dialog.problem.text()
    assert real.database.read_bytes() == former
    last.setText("2026-0007")
    qtbot.mouseClick(dialog.go, Left)
    qtbot.waitUntil(lambda: dialog.go.text() == "打开值班台" and dialog.go.isEnabled(), timeout=20_000)
    assert "desk.before-restore" in dialog.said.text()
    with qtbot.waitSignal(starter.ready, timeout=20_000):
        qtbot.keyClick(dialog, Qt.Key.Key_Return)
    desk = starter.desk
    assert [row.values["text"] for row in desk.rows("log")] == ["第0条"]
    values = {"happened_at": AT, "recorded_at": AT, "category": "OTHER", "text": "接着记"}
    assert desk.act("log.add", [desk.new("log", values)]).value("log", "no") == "2026-0008"
    assert next(real.root.glob("desk.before-restore-*.sqlite")).read_bytes() == former


def test_leaving_touches_nothing(qtbot: Any, window_of: Any, real: Home, expect_log: Any) -> None:
    expect_log("cannot open")
    broken(real)
    before = {path.name: path.read_bytes() for path in real.root.iterdir() if path.is_file()}
    starter = window_of(real, FixedClock(AT), wait=False)
    dialog = opened(qtbot, starter)
    qtbot.mouseClick(child(dialog, QPushButton, "recovery-leave"), Left)
    qtbot.waitUntil(lambda: not starter.window.isVisible())
    assert {path.name: path.read_bytes() for path in real.root.iterdir() if path.is_file()} == before


def test_without_any_copy_it_says_where_to_look(qtbot: Any, window_of: Any, real: Home, expect_log: Any) -> None:
    expect_log("cannot open")
    for path in real.snapshots.iterdir():
        path.unlink()
    real.database.unlink()
    starter = window_of(real, FixedClock(AT), wait=False)
    with qtbot.waitSignal(starter.failed, timeout=20_000):
        starter.start()
    dialog: Recovery = shown(Recovery)
    qtbot.waitUntil(lambda: "没有可用的备份" in dialog.heading.text(), timeout=20_000)
    assert not dialog.go.isEnabled()
    dialog.reject()
    qtbot.waitUntil(lambda: not starter.window.isVisible())


def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(headfile, "machine_hash", lambda: b"another machine!")


def test_a_folder_that_was_moved_goes_on(
    qtbot: Any, window_of: Any, real: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere(monkeypatch)
    starter = window_of(real, FixedClock(AT), wait=False)
    with qtbot.waitSignal(starter.failed, timeout=20_000):
        starter.start()
    dialog: Moved = shown(Moved)
    qtbot.mouseClick(dialog.go, Left)
    assert dialog.problem.text() == "请先选一种"
    qtbot.mouseClick(dialog.move_here, Left, pos=dialog.move_here.rect().center() / 4)
    dialog.move_here.setChecked(True)
    with qtbot.waitSignal(starter.ready, timeout=20_000):
        qtbot.mouseClick(dialog.go, Left)
    assert (load(real.config).epoch, load(real.config).code) == (1, "")


def test_a_folder_that_was_copied_is_another_desk(
    qtbot: Any, window_of: Any, real: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere(monkeypatch)
    starter = window_of(real, FixedClock(AT), wait=False)
    with qtbot.waitSignal(starter.failed, timeout=20_000):
        starter.start()
    dialog: Moved = shown(Moved)
    dialog.copy.setChecked(True)
    assert dialog.code.isEnabled()
    qtbot.mouseClick(dialog.go, Left)
    assert "代号" in dialog.problem.text()
    qtbot.keyClicks(dialog.code, "B2")
    with qtbot.waitSignal(starter.ready, timeout=20_000):
        qtbot.mouseClick(dialog.go, Left)
    assert (load(real.config).epoch, load(real.config).code) == (2, "B2")
