"""The window over a record that does not open: what it offers, and that each way leads back to a desk that works."""

from __future__ import annotations

import shutil
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QDialog, QLabel, QLineEdit, QPushButton, QRadioButton, QWidget

from dutydesk.admin.report import grouped
from dutydesk.core.clock import FixedClock
from dutydesk.core.errors import Damaged
from dutydesk.core.paths import Home
from dutydesk.core.settings import DeskConfig, load, save
from dutydesk.features import schema
from dutydesk.journal import headfile
from dutydesk.journal.store import Store
from dutydesk.ledger.feature import Change
from dutydesk.qt import theme
from dutydesk.shell import recovery
from dutydesk.shell.crash import CrashGuard
from dutydesk.shell.moved import Moved
from dutydesk.shell.recovery import Recovery
from dutydesk.shell.trouble import Trouble
from dutydesk.shell.wizard import Wizard
from dutydesk.sync import second, snapshots
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


# -- what people type --------------------------------------------------------------------------------------------------


def test_nonsense_other_years_and_slips_are_asked_about(
    qtbot: Any, window_of: Any, real: Home, expect_log: Any
) -> None:
    expect_log("cannot open")
    broken(real)
    starter = window_of(real, FixedClock(AT), wait=False)
    dialog = opened(qtbot, starter)
    last = dialog.lines["log"]
    for typed, said in (
        ("2027-0003", "今年最后一张"),
        ("2024-0003", "今年最后一张"),
        ("abc", "数字"),
        ("13800000000", "数字"),
        ("9000", "大很多"),
    ):
        last.setText(typed)
        qtbot.mouseClick(dialog.go, Left)
        assert said in dialog.problem.text()
        assert last.selectedText() == typed, "to be typed over"
    assert not list(real.root.glob("desk.before-restore-*"))
    last.setText("0")  # lower than what the copy has: that counts
    dialog.lines["incidents"].setText("2025-0900")
    qtbot.mouseClick(dialog.go, Left)
    qtbot.waitUntil(lambda: dialog.go.text() == "打开值班台" and dialog.go.isEnabled(), timeout=20_000)
    assert "接着编号：值班日志 0002" in dialog.said.text()
    dialog.accept()


# -- the hub -----------------------------------------------------------------------------------------------------------


def test_a_hub_that_is_late_is_not_waited_for_and_still_heard(
    qtbot: Any, window_of: Any, real: Home, expect_log: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that takes the call and says nothing; then its answer comes after all."""
    expect_log("cannot open")
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        save(real.config, replace(load(real.config), hub=f"postgresql://desk@127.0.0.1:{deaf.getsockname()[1]}/x"))
        broken(real)
        monkeypatch.setattr(recovery, "HUB_MS", 300)
        starter = window_of(real, FixedClock(AT), wait=False)
        with qtbot.waitSignal(starter.failed, timeout=20_000):
            starter.start()
        dialog: Recovery = shown(Recovery)
        qtbot.waitUntil(lambda: bool(dialog.group.buttons()), timeout=20_000)
        assert "正在问中心库" in dialog.hub.text()
        assert not dialog.go.isEnabled()
        qtbot.waitUntil(dialog.go.isEnabled, timeout=20_000)
        assert "还没有应答" in dialog.hub.text()
        dialog.group.button(1).setChecked(True)
        dialog.lines["incidents"].setText("7")
        found = dialog._found
        assert found is not None
        dialog._heard(replace(found, numbers={"log": 30, "incidents": 5, "papers": 0}, hub="中心库有 3 次"))
        assert dialog.lines["log"].text() == "30", "what nobody has typed is filled in"
        assert dialog.lines["incidents"].text() == "7", "what somebody has typed stays"
        assert dialog.group.checkedId() == 1
        dialog.reject()


def test_a_hub_that_is_away_is_said(qtbot: Any, window_of: Any, real: Home, expect_log: Any) -> None:
    expect_log("cannot open")
    save(real.config, replace(load(real.config), hub="postgresql://desk@127.0.0.1:9/x"))
    broken(real)
    dialog = opened(qtbot, window_of(real, FixedClock(AT), wait=False))
    assert "中心库连不上" in dialog.hub.text()
    dialog.reject()


# -- a copy from elsewhere ---------------------------------------------------------------------------------------------


@pytest.fixture
def stick(real: Home, tmp_path: Path) -> tuple[Path, str]:
    """An encrypted copy that has both entries, and its key as it stands on paper."""
    place, key = tmp_path / "stick", tmp_path / "key"
    place.mkdir()
    public = second.new_key(key)
    save(real.config, replace(load(real.config), second_snapshots=str(place), second_recipients=public))
    made = snapshots.take(real, schema(), FixedClock(AT + 1_000))
    assert made.second_error == ""
    (secret,) = second.secrets_in(key.read_text(encoding="utf-8"))
    key.unlink()
    (copy,) = place.glob("*.age")
    return copy, grouped(secret).lower()


def test_an_encrypted_copy_is_opened_by_what_is_typed(
    qtbot: Any, window_of: Any, real: Home, stick: tuple[Path, str], expect_log: Any
) -> None:
    expect_log("cannot open")
    copy, secret = stick
    for path in real.snapshots.glob("desk-*"):
        path.unlink()
    real.database.unlink()
    starter = window_of(real, FixedClock(AT), wait=False)
    with qtbot.waitSignal(starter.failed, timeout=20_000):
        starter.start()
    dialog: Recovery = shown(Recovery)
    qtbot.waitUntil(dialog.elsewhere.isEnabled, timeout=20_000)
    dialog.bring(copy)
    assert dialog.secret.isVisible()
    dialog.secret.setText(secret[:-3] + "zzz")
    qtbot.keyClick(dialog.secret, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "抄错" in dialog.problem.text(), timeout=20_000)
    dialog.secret.setText(secret)
    qtbot.keyClick(dialog.secret, Qt.Key.Key_Return)
    qtbot.waitUntil(dialog.go.isEnabled, timeout=20_000)
    assert not dialog.secret.isVisible()
    assert dialog.secret.text() == ""
    assert dialog.lines["log"].text() == "2"
    qtbot.mouseClick(dialog.go, Left)
    qtbot.waitUntil(lambda: dialog.go.text() == "打开值班台" and dialog.go.isEnabled(), timeout=20_000)
    with qtbot.waitSignal(starter.ready, timeout=20_000):
        qtbot.mouseClick(dialog.go, Left)
    assert len(starter.desk.rows("log")) == 2
    assert not list(real.root.glob(".opened-*")), "nothing of it lies open"


def test_a_new_machine_from_the_first_question_to_the_next_number(
    qtbot: Any, window_of: Any, real: Home, stick: tuple[Path, str], tmp_path: Path
) -> None:
    copy, secret = stick
    shutil.rmtree(real.root)
    new = Home(tmp_path / "new")
    starter = window_of(new, FixedClock(AT), wait=False)
    starter.start()
    qtbot.waitUntil(lambda: shown(Wizard) is not None, timeout=20_000)
    wizard: Wizard = shown(Wizard)
    wizard.back.setChecked(True)
    assert not wizard.name.isEnabled()
    qtbot.mouseClick(wizard.go, Left)
    qtbot.waitUntil(lambda: shown(Recovery) is not None, timeout=20_000)
    dialog: Recovery = shown(Recovery)
    qtbot.waitUntil(dialog.elsewhere.isEnabled, timeout=20_000)
    assert dialog.windowTitle() == "从备份恢复"
    dialog.bring(copy)
    dialog.secret.setText(secret)
    qtbot.keyClick(dialog.secret, Qt.Key.Key_Return)
    qtbot.waitUntil(dialog.go.isEnabled, timeout=20_000)
    dialog.lines["log"].setText("5")
    qtbot.mouseClick(dialog.go, Left)
    qtbot.waitUntil(lambda: dialog.go.text() == "打开值班台" and dialog.go.isEnabled(), timeout=20_000)
    with qtbot.waitSignal(starter.ready, timeout=20_000):
        qtbot.mouseClick(dialog.go, Left)
    values = {"happened_at": AT, "recorded_at": AT, "category": "OTHER", "text": "新电脑上第一条"}
    assert starter.desk.act("log.add", [starter.desk.new("log", values)]).value("log", "no") == "2026-0006"
    assert (load(new.config).epoch, load(new.config).unit) == (2, "示例区应急管理局")


@pytest.mark.parametrize("text", [None, "desk = 7\n", "[[["])
def test_a_desk_toml_that_is_gone_or_broken(qtbot: Any, window_of: Any, real: Home, text: str | None) -> None:
    real.config.unlink()
    if text is not None:
        real.config.write_text(text, encoding="utf-8")
    starter = window_of(real, FixedClock(AT), wait=False)
    dialog = opened(qtbot, starter)
    assert dialog.said.text().startswith("desk.toml")
    assert "要重新设" in dialog.said.text()
    assert child(dialog, QRadioButton, "recovery-choice-0").text() == "重建台账（建议）"
    dialog.group.button(1).setChecked(True)
    dialog.lines["log"].setText("2")
    qtbot.mouseClick(dialog.go, Left)
    qtbot.waitUntil(lambda: dialog.go.text() == "打开值班台" and dialog.go.isEnabled(), timeout=20_000)
    with qtbot.waitSignal(starter.ready, timeout=20_000):
        qtbot.mouseClick(dialog.go, Left)
    assert (load(real.config).desk, load(real.config).unit) == ("ab" * 16, "示例区应急管理局")
    assert (real.root / "desk.toml.bad").exists() == (text is not None)


# -- damage that opening does not meet ---------------------------------------------------------------------------------


def noise_in_the_log(home: Home, text: str) -> None:
    """A bad sector under a page of the log's table, not of the acts."""
    data, at = home.database.read_bytes(), 0
    while data[(at := data.index(text.encode(), at + 1)) - 1 : at] == b'"':
        continue
    with home.database.open("r+b") as file:
        file.seek(at // 4_096 * 4_096)
        file.write(b"\xaa" * 4_096)


def test_a_list_that_cannot_be_read_after_a_clean_stop_leads_to_the_ways_back(
    qtbot: Any, window_of: Any, real: Home, expect_log: Any
) -> None:
    expect_log("cannot show")
    noise_in_the_log(real, "第1条")
    starter = window_of(real, FixedClock(AT), wait=False)
    first = starter.window
    starter.window.findChild(QLineEdit, "early-entry").setText("东门积水")
    dialog = opened(qtbot, starter)
    assert first.closed
    assert "由它算出的台账" in dialog.said.text()
    assert child(dialog, QRadioButton, "recovery-choice-0").text() == "重建台账（建议）"
    qtbot.keyClick(dialog, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: dialog.go.text() == "打开值班台" and dialog.go.isEnabled(), timeout=20_000)
    with qtbot.waitSignal(starter.ready, timeout=20_000):
        qtbot.keyClick(dialog, Qt.Key.Key_Return)
    assert len(starter.desk.rows("log")) == 2
    assert starter.window.entry.text.toPlainText() == "东门积水", "what was typed meanwhile is there"
    qtbot.waitUntil(lambda: not starter.window.arranging)
    seen = [name for name, dock in starter.window.docks.items() if dock.front]
    assert seen == ["daybook"], "half a window leaves no places behind"


def test_damage_that_nobody_minded_is_told_as_damage(qtbot: Any, starter: Any, expect_log: Any, tmp_path: Path) -> None:
    """A pane that is built later finds the page: not "the program has an error", but what can be done."""
    expect_log("uncaught")
    expect_log("the record is damaged")
    guard = CrashGuard(tmp_path)
    guard.damaged.connect(starter.found_damage)
    error = Damaged("数据库已损坏（database disk image is malformed）")
    with qtbot.waitSignal(guard.damaged), qtbot.assertNotEmitted(guard.struck):
        guard._caught(Damaged, error, None)
    qtbot.waitUntil(lambda: shown(Trouble) is not None, timeout=20_000)
    assert "数据库已损坏" in shown(Trouble).found.text()
    shown(Trouble).reject()


# -- the keyboard, and a key that is missing ---------------------------------------------------------------------------


def focused() -> str:
    return QApplication.focusWidget().objectName()


def test_one_tab_leads_to_the_numbers_and_what_is_done_is_said_alone(
    qtbot: Any, window_of: Any, real: Home, expect_log: Any
) -> None:
    expect_log("cannot open")
    broken(real)
    dialog = opened(qtbot, window_of(real, FixedClock(AT), wait=False))
    dialog.activateWindow()
    qtbot.waitUntil(lambda: QApplication.focusWidget() is not None and focused() == "recovery-choice-0")
    assert dialog._ask.text().endswith("纸上找不到的，加 1 再填"), "one entry after the copy"
    names: list[str] = []
    for _n in range(7):
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        names.append(focused().removeprefix("recovery-"))
    assert names[0] == "last-log"
    assert names[3:] == ["go", "leave", "elsewhere", "help"]
    qtbot.keyClick(dialog, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: dialog.go.text() == "打开值班台" and dialog.go.isEnabled(), timeout=20_000)
    texts = [part.text() for part in dialog.findChildren(QLabel) if part.isVisible()]
    assert texts[0] == "恢复好了"
    assert not [text for text in texts if "打不开" in text or "没有动" in text or "会丢" in text or "纸上最后" in text]
    assert focused() == "recovery-go"
    dialog.accept()


KEY = bytes(range(32))


@pytest.fixture
def locked(tmp_path: Path) -> Home:
    """An encrypted desk with one entry and its copy."""
    home = Home(tmp_path / "locked")
    config = DeskConfig("ab" * 16, district="990102", name="示例区", unit="示例区应急管理局")
    with Store.create(home, schema(), FixedClock(AT), config, key=KEY) as store:
        values = {"happened_at": AT, "recorded_at": AT, "category": "OTHER", "text": "接报"}
        store.act("log.add", [Change("log", bytes([1]) * 16, values, new=True)], by="cli")
        snapshots.take(home, schema(), FixedClock(AT), key=KEY)
    return home


def test_without_the_key_it_asks_for_that_and_opens(
    qtbot: Any, window_of: Any, locked: Home, expect_log: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    expect_log("cannot open")
    monkeypatch.setenv("DUTYDESK_KEY", "")
    starter = window_of(locked, FixedClock(AT), wait=False)
    with qtbot.waitSignal(starter.failed, timeout=20_000):
        starter.start()
    dialog: Recovery = shown(Recovery)
    qtbot.waitUntil(dialog.secret.isVisible, timeout=20_000)
    assert dialog.said.text() == "数据是加密的，这次启动没有给密钥。数据没有坏"
    assert not dialog.group.buttons(), "nothing is to be restored"
    for typed, said in (("1234", "这里是 4 个"), ("0" * 64, "打不开")):
        dialog.secret.setText(typed)
        qtbot.keyClick(dialog.secret, Qt.Key.Key_Return)
        assert said in dialog.problem.text()
    dialog.secret.setText(grouped(KEY.hex()).upper())
    with qtbot.waitSignal(starter.ready, timeout=20_000):
        qtbot.keyClick(dialog.secret, Qt.Key.Key_Return)
    assert len(starter.desk.rows("log")) == 1
    assert not list(locked.root.glob("desk.before-restore-*"))


def test_a_new_machine_asks_for_both_keys(
    qtbot: Any, window_of: Any, locked: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DUTYDESK_KEY", "")
    file = tmp_path / "key"
    public = second.new_key(file)
    (plain,) = locked.snapshots.glob("desk-*.sqlite")
    copy = tmp_path / f"{plain.name}.age"
    second.encrypt(plain, copy, [public])
    new = Home(tmp_path / "new")
    starter = window_of(new, FixedClock(AT), wait=False)
    starter.start()
    qtbot.waitUntil(lambda: shown(Wizard) is not None, timeout=20_000)
    shown(Wizard).back.setChecked(True)
    qtbot.mouseClick(shown(Wizard).go, Left)
    qtbot.waitUntil(lambda: shown(Recovery) is not None, timeout=20_000)
    dialog: Recovery = shown(Recovery)
    qtbot.waitUntil(dialog.elsewhere.isEnabled, timeout=20_000)
    dialog.bring(copy)
    dialog.secret.setText(file.read_text(encoding="utf-8").splitlines()[-1])
    qtbot.keyClick(dialog.secret, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "还要数据密钥" in dialog.problem.text(), timeout=20_000)
    assert dialog.secret.text() == ""
    assert not dialog.go.isEnabled()
    dialog.secret.setText(KEY.hex())
    qtbot.keyClick(dialog.secret, Qt.Key.Key_Return)
    qtbot.waitUntil(dialog.go.isEnabled, timeout=20_000)
    qtbot.mouseClick(dialog.go, Left)
    qtbot.waitUntil(lambda: dialog.go.text() == "打开值班台" and dialog.go.isEnabled(), timeout=20_000)
    with qtbot.waitSignal(starter.ready, timeout=20_000):
        qtbot.mouseClick(dialog.go, Left)
    assert len(starter.desk.rows("log")) == 1


def test_enter_presses_the_button_that_has_the_keyboard(
    qtbot: Any, window_of: Any, real: Home, expect_log: Any
) -> None:
    """With the keyboard on "leave" nothing is restored."""
    expect_log("cannot open")
    broken(real)
    before = real.database.read_bytes()
    starter = window_of(real, FixedClock(AT), wait=False)
    dialog = opened(qtbot, starter)
    dialog.leave.setFocus()
    qtbot.keyClick(dialog.leave, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: not starter.window.isVisible())
    assert real.database.read_bytes() == before
    assert not list(real.root.glob("desk.before-restore-*"))


def test_moved_and_copied_by_keys_alone(
    qtbot: Any, window_of: Any, real: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere(monkeypatch)
    starter = window_of(real, FixedClock(AT), wait=False)
    with qtbot.waitSignal(starter.failed, timeout=20_000):
        starter.start()
    dialog: Moved = shown(Moved)
    dialog.activateWindow()
    qtbot.waitUntil(lambda: QApplication.focusWidget() is dialog.move_here)
    texts = [part.text() for part in dialog.findChildren(QLabel)]
    assert any(text.startswith("里面最后一条：06-19 06:30 #0002") for text in texts), "which folder it is"
    qtbot.keyClick(dialog.move_here, Qt.Key.Key_Return)
    assert dialog.problem.text() == "请先选一种"
    qtbot.keyClick(dialog.move_here, Qt.Key.Key_Down)
    assert dialog.copy.isChecked()
    qtbot.keyClick(dialog.copy, Qt.Key.Key_Return)
    assert "请写这台的代号" in dialog.problem.text()
    assert QApplication.focusWidget() is dialog.code
    qtbot.keyClicks(dialog.code, "B2")
    with qtbot.waitSignal(starter.ready, timeout=20_000):
        qtbot.keyClick(dialog.code, Qt.Key.Key_Return)
    assert load(real.config).code == "B2"


def test_what_is_chosen_is_seen_with_its_price_at_200_percent(
    qtbot: Any, window_of: Any, real: Home, expect_log: Any, qapp: QApplication
) -> None:
    expect_log("cannot open")
    for n in range(1, 3):
        snapshots.take(real, schema(), FixedClock(AT + n * 3_600_000))
    broken(real)
    theme.apply(qapp, theme.Theme(False, 200))
    dialog = opened(qtbot, window_of(real, FixedClock(AT), wait=False))
    dialog.resize(960, 700)

    def seen(n: int) -> bool:
        told = dialog._told[n]
        port = dialog._area.viewport().rect()
        foot = told.mapTo(dialog._area.viewport(), told.rect().bottomLeft())
        return told.isVisible() and port.contains(foot)

    for n in range(len(dialog.group.buttons())):
        qtbot.waitUntil(lambda n=n: seen(n))
        qtbot.keyClick(dialog.group.button(n), Qt.Key.Key_Down)
    dialog.reject()
