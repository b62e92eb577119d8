"""A record that breaks under the running window: said once, kept from getting worse, mended by one key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QDialog, QLabel

from dutydesk.core.clock import HOUR, FixedClock
from dutydesk.core.errors import Unavailable
from dutydesk.core.paths import Home
from dutydesk.core.settings import DeskConfig
from dutydesk.features import schema
from dutydesk.journal import drafts, recipe
from dutydesk.journal.store import Store
from dutydesk.journal.verify import verify, verify_file
from dutydesk.ledger.feature import Change
from dutydesk.shell.manual import NIGHT_PAGE, Manual, pdf_of
from dutydesk.shell.recovery import Recovery
from dutydesk.shell.trouble import Trouble
from dutydesk.sync import snapshots
from tests.shell.conftest import AT

Key = Qt.Key
PAGE = 4_096


@pytest.fixture
def real(tmp_path: Path) -> Home:
    """A desk with forty entries, all of them in its copy."""
    clock = FixedClock(AT - HOUR)
    home = Home(tmp_path / "real")
    config = DeskConfig("ab" * 16, district="990102", name="示例区", unit="示例区应急管理局")
    with Store.create(home, schema(), clock, config) as store:
        for n in range(40):
            text = f"第{n}条" + "水位" * 200
            values = {"happened_at": AT, "recorded_at": AT, "category": "OTHER", "text": text}
            store.act("log.add", [Change("log", bytes([n + 1]) * 16, values, new=True)], by="cli")
        snapshots.note(store, snapshots.told(snapshots.take(home, schema(), clock)))
    return home


def shown(kind: type[QDialog]) -> Any:
    return next((w for w in QApplication.topLevelWidgets() if isinstance(w, kind) and w.isVisible()), None)


def noise_on_the_page_of(home: Home, text: str) -> None:
    """What a bad sector does to a page of acts."""
    with home.database.open("r+b") as file:
        at = file.read().index(text.encode())
        file.seek(at // PAGE * PAGE)
        file.write(b"\xaa" * PAGE)


def alter(home: Home, old: str, new: str) -> None:
    """What somebody with a tool does to one act; the file stays sound."""
    raw = recipe.connect(home.database)
    name, guard = raw.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND sql LIKE '%UPDATE ON act%'"
    ).fetchone()
    raw.execute(f"DROP TRIGGER {name}")
    raw.execute(
        "UPDATE act SET body = CAST(replace(CAST(body AS TEXT), ?, ?) AS BLOB) WHERE instr(body, ?)",
        (old, new, old.encode()),
    )
    raw.execute(guard)
    raw.close()


def press(key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    from dutydesk.shell.player import press as send

    send(key, modifiers)


@pytest.fixture(autouse=True)
def damage_is_logged(request: pytest.FixtureRequest) -> None:
    """Once, whatever finds it first."""
    if "real" in request.fixturenames and "without" not in request.node.name:
        request.getfixturevalue("expect_log")("the record is damaged")


def found_out(qtbot: Any, starter: Any) -> Trouble:
    starter.window._actions.check_quietly()
    qtbot.waitUntil(lambda: shown(Trouble) is not None, timeout=20_000)
    return shown(Trouble)


def test_broken_pages_stop_writing_and_one_key_leads_to_the_way_back(qtbot: Any, window_of: Any, real: Home) -> None:
    starter = window_of(real, FixedClock(AT))
    first = starter.window
    press(Key.Key_F2)
    first.entry.text.setPlainText("东门积水，正在")
    noise_on_the_page_of(real, "第7条")
    dialog = found_out(qtbot, starter)
    assert dialog.heading.text() == "记录有损坏，程序已停止写入"
    assert dialog.found.text()
    with pytest.raises(Unavailable, match="停止了写入"):
        starter.desk.store.remember("x", "y")
    assert first.board.record.value == "记录受损"
    assert QApplication.focusWidget() is dialog.now
    with qtbot.waitSignal(starter.failed, timeout=20_000):
        press(Key.Key_Return)
    assert starter.window is not first
    assert first.closed
    way: Recovery = shown(Recovery)
    qtbot.waitUntil(way.go.isEnabled, timeout=20_000)
    assert way.leave.text() == "先不动，回到窗口"
    titles = [part.text() for part in way.group.buttons()]
    assert titles[0] == "恢复到 06-19 05:30 的备份（建议）"
    press(Key.Key_Return)
    qtbot.waitUntil(lambda: way.go.text() == "打开值班台" and way.go.isEnabled(), timeout=30_000)
    assert "接着编号：值班日志 0041" in way.said.text()
    with qtbot.waitSignal(starter.ready, timeout=20_000):
        press(Key.Key_Return)
    assert starter.window.entry.text.toPlainText() == "东门积水，正在", "what was half typed is there again"
    assert len(starter.desk.rows("log")) == 40
    assert verify(real, schema()).ok
    assert list(real.root.glob("desk.before-restore-*.sqlite"))


def test_an_altered_act_is_said_and_work_goes_on(qtbot: Any, window_of: Any, real: Home) -> None:
    starter = window_of(real, FixedClock(AT))
    alter(real, "第9条", "第0条")
    dialog = found_out(qtbot, starter)
    assert dialog.heading.text() == "记录有一处不对，可以接着记"
    assert "内容或校验值被改动" in dialog.found.text()
    press(Key.Key_Escape)
    qtbot.waitUntil(lambda: shown(Trouble) is None)
    values = {"happened_at": AT, "recorded_at": AT, "category": "OTHER", "text": "接着记"}
    starter.desk.act("log.add", [starter.desk.new("log", values)])
    starter.window.show_night_page()
    page: Manual = shown(Manual)
    assert page.page.toPlainText().startswith("夜里三点")
    page._follow(page.page.source().fromUserInput("file:///etc/passwd"))
    assert page.page.toPlainText().startswith("夜里三点"), "nothing but pages of the manual is opened"
    page.show_page("backup.md")
    assert page.page.toPlainText().startswith("备份")
    page.go_back()
    assert page.page.toPlainText().startswith("夜里三点")
    page.reject()
    starter.window.refresh()
    assert starter.window.board.record.value == "记录受损"
    starter.window.board.record.click()
    again = shown(Trouble)
    assert again is not None
    with qtbot.waitSignal(starter.failed, timeout=20_000):
        again.now.click()
    way: Recovery = shown(Recovery)
    qtbot.waitUntil(way.go.isEnabled, timeout=20_000)
    with qtbot.waitSignal(starter.ready, timeout=20_000):
        way.reject()  # not now after all: the window is there again
    assert len(starter.desk.rows("log")) == 41


def test_a_save_that_finds_the_damage_leads_there_and_the_files_are_copied_as_they_are(
    qtbot: Any, window_of: Any, real: Home
) -> None:
    starter = window_of(real, FixedClock(AT))
    starter.desk.act("log.add", [starter.desk.new("log", {"category": "OTHER", "text": "还在日志文件里的"})])
    noise_on_the_page_of(real, "第7条")
    starter.desk.store.stop_writing("数据库已损坏（database disk image is malformed）")  # as a failed commit does
    starter.window.refresh()
    qtbot.waitUntil(lambda: shown(Trouble) is not None, timeout=20_000)
    dialog: Trouble = shown(Trouble)
    assert dialog.heading.text() == "记录有损坏，程序已停止写入"
    dialog.copy.setFocus()
    qtbot.keyClick(dialog.copy, Key.Key_Return)  # as the page for the night says, not what is the default here
    qtbot.waitUntil(lambda: "已原样抄到" in dialog.said.text(), timeout=20_000)
    (folder,) = real.root.glob("desk.as-is-*")
    assert {path.name for path in folder.iterdir()} >= {"desk.sqlite", "desk.sqlite-wal", "desk.head", "desk.toml"}
    assert (folder / "desk.sqlite").read_bytes() == real.database.read_bytes()
    assert "还在日志文件里的".encode() in (folder / "desk.sqlite-wal").read_bytes()
    assert not verify_file(folder / "desk.sqlite", schema()).ok
    dialog.reject()
    starter.window._actions.keep_shift()  # as every minute: no dialog each time
    starter.window.refresh()
    assert shown(QDialog) is None
    starter.window.close()
    assert starter.window.closed, "a record that takes nothing keeps nobody here"


def test_help_is_there_without_a_record(qtbot: Any, window_of: Any, real: Home, expect_log: Any) -> None:
    expect_log("cannot open")
    real.database.write_bytes(b"this is no database at all......" * 200)
    starter = window_of(real, FixedClock(AT), wait=False)
    with qtbot.waitSignal(starter.failed, timeout=20_000):
        starter.start()
    way: Recovery = shown(Recovery)
    qtbot.waitUntil(way.go.isEnabled, timeout=20_000)
    press(Key.Key_F1)
    page: Manual = shown(Manual)
    assert page is not None
    text = page.page.toPlainText()
    assert text.startswith("夜里三点数据库打不开怎么办")
    assert "照此恢复" in text
    assert page.page.document().toHtml().count("<img") >= 1
    qtbot.waitUntil(lambda: QApplication.focusWidget() is page.page)
    press(Key.Key_P, Qt.KeyboardModifier.ControlModifier)
    preview = next(w for w in QApplication.topLevelWidgets() if w.objectName() == "preview-dialog" and w.isVisible())
    assert preview.findChildren(QLabel)
    preview.reject()
    assert len(pypdfium2.PdfDocument(pdf_of(NIGHT_PAGE))) == 1, "one sheet"
    page.reject()
    qtbot.waitUntil(lambda: shown(Manual) is None)
    way.reject()


def test_drafts_beside_an_encrypted_record_are_encrypted(tmp_path: Path) -> None:
    key = bytes(range(32))
    home = Home(tmp_path / "locked")
    with Store.create(home, schema(), FixedClock(AT), DeskConfig("ab" * 16), key=key) as store:
        drafts.keep(store, "log", {"text": "不能明着放"})
        drafts.carry_over(store)
        assert "不能明着放".encode() not in (home.root / "desk.drafts").read_bytes()
        store.stop_writing("停")
        with pytest.raises(Unavailable):
            drafts.keep(store, "log", {"text": "后来的"})
    with Store.open(home, schema(), FixedClock(AT), key=key) as store:
        assert drafts.kept(store, "log") == {"text": "后来的"}
        drafts.forget(store, "log")
        assert not (home.root / "desk.drafts").exists()
        (home.root / "desk.drafts").write_bytes(json.dumps({"log": 1}).encode())
        assert drafts.kept(store, "log") is None, "what is not ours is not read"
