"""Accounts on the command line: sub-commands, the PIN before whatever writes, timer jobs without one."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dutydesk.accounts import asking
from dutydesk.core.errors import Refused
from dutydesk.core.ids import named_id
from dutydesk.core.paths import Home
from dutydesk.features import open_desk
from dutydesk.ledger.feature import Change
from tests.accounts.conftest import PINS
from tests.cli.lines import Line

PinFile = Callable[[str, str], Path]
LOG = ("add", "log", "text=巡查", "happened_at=2026-06-18 20:00")


@pytest.fixture
def line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Line:
    """The command line over a desk with three people."""
    made = Line(tmp_path / "desk", lambda: tuple(capsys.readouterr()))  # pyright: ignore[reportArgumentType]
    assert made("init", "--district", "330102", "--name", "示例区", "--unit", "示例区应急管理局").code == 0
    for name in ("示例甲", "示例乙", "示例丙"):
        assert made("add", "people", f"name={name}").code == 0
    return made


@pytest.fixture
def pin_file(tmp_path: Path) -> PinFile:
    """`pin_file(name, pin)`: a file that its owner alone can read."""

    def write(name: str, pin: str) -> Path:
        path = tmp_path / f"{name}.pin"
        path.touch(mode=0o600)
        path.write_text(pin + "\n", encoding="utf-8")
        return path

    return write


@pytest.fixture
def manned(line: Line, pin_file: PinFile) -> Line:
    """甲 administers, 乙 is an officer, 丙 a leader."""
    made = [line("accounts", "enrol", "示例甲", "--new-pin-file", pin_file("示例甲", PINS["示例甲"]))]
    admin = ("--by", "示例甲", "--pin-file", pin_file("示例甲", PINS["示例甲"]))
    for name, role in (("示例乙", "OFFICER"), ("示例丙", "LEADER")):
        made.append(line(*admin, "accounts", "add", name, role))
        made.append(line(*admin, "accounts", "enrol", name, "--new-pin-file", pin_file(name, PINS[name])))
    assert [said.code for said in made] == [0] * 5, [said.err for said in made]
    return line


def test_without_accounts_everything_is_as_it_was(line: Line) -> None:
    assert line(*LOG).code == 0
    assert line("--by", "示例乙", *LOG).code == 0
    assert line.ok("accounts", "list") == {"in_force": False, "accounts": []}


def test_the_list_says_who_has_what(manned: Line) -> None:
    told = manned.ok("accounts", "list")
    assert told["in_force"] is True
    shown = {one["name"]: (one["role"], one["state"], one["enrolled"], one["locked_until"]) for one in told["accounts"]}
    assert shown == {
        "示例甲": ("ADMIN", "ACTIVE", True, None),
        "示例乙": ("OFFICER", "ACTIVE", True, None),
        "示例丙": ("LEADER", "ACTIVE", True, None),
    }
    assert "示例乙\t值班员\t在用\t已设口令" in manned("accounts", "list").out
    assert not {"pin", "hash"} & {key for one in told["accounts"] for key in one}


def test_what_writes_asks_for_the_pin(manned: Line, pin_file: PinFile) -> None:
    right = pin_file("示例乙", PINS["示例乙"])
    assert manned("--by", "示例乙", "--pin-file", right, *LOG).code == 0
    said = manned(*LOG)
    assert (said.code, said.err) == (1, "请先登录再操作（记值班日志）\n")
    said = manned("--by", "示例乙", "--pin-file", pin_file("wrong", "000111"), *LOG)
    assert (said.code, said.err) == (1, "pin: 口令不对，还可以试 4 次\n")
    said = manned(
        *("--by", "示例乙", "--pin-file", right, "add", "settings"),
        *("key=log.late_minutes", "value=1", "source=x", "date=2026-01-01"),
    )
    assert (said.code, said.err) == (1, "值班员不能做这件事：改设置\n")
    said = manned("--by", "示例乙", *LOG, "--pin-file", pin_file("丙", PINS["示例丙"]))
    assert said.code == 1
    assert manned.count("log") == 1
    audit = [(row["action"], row["by"]) for row in manned.ok("list", "audit")["rows"]]
    assert audit.count(("SIGN_FAILED", "system")) == 2
    assert ("DENIED", "system") in audit
    shown = manned.ok("list", "log")["rows"][0]["id"]
    assert "示例乙" in manned("show", "log", shown, "--history").out


def test_what_reads_and_what_a_timer_runs_asks_for_nothing(manned: Line, tmp_path: Path) -> None:
    for words in (
        ("list", "people"),
        ("ledgers",),
        ("--by", "示例乙", "list", "people"),
        ("verify",),
        ("snapshot",),
        ("accounts", "list"),
    ):
        assert manned(*words).code == 0, words


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o666, 0o601])
def test_a_file_that_others_may_open_is_refused(manned: Line, pin_file: PinFile, mode: int) -> None:
    path = pin_file("示例乙", PINS["示例乙"])
    path.chmod(mode)
    said = manned("--by", "示例乙", "--pin-file", path, *LOG)
    assert (said.code, said.err) == (1, "示例乙.pin: --pin-file: 口令文件只能由本人读写，请先运行 chmod 600\n")
    path.chmod(0o400)
    assert manned("--by", "示例乙", "--pin-file", path, *LOG).code == 0


@pytest.mark.parametrize("data", [b"", b"\n", b"271828\n314159\n", b"\xff\xfe", b"2" * 2_000])
def test_a_file_that_holds_something_else_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x.pin"
    path.touch(mode=0o600)
    path.write_bytes(data)
    with pytest.raises(Refused, match="应只有一行口令"):
        asking.read_pin(path, "--pin-file")
    with pytest.raises(Refused, match="No such file"):
        asking.read_pin(tmp_path / "nowhere", "--pin-file")


def test_without_a_terminal_the_file_is_asked_for(manned: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    with Path(os.devnull).open() as nothing:
        monkeypatch.setattr(sys, "stdin", nothing)
        said = manned("--by", "示例乙", *LOG)
    assert (said.code, said.err) == (1, "--pin-file: 没有终端可以输入口令，请用 --pin-file\n")


def test_at_a_terminal_the_pin_is_typed_unseen(manned: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    typed = iter([PINS["示例乙"], PINS["示例甲"], "602214", "602214", PINS["示例甲"], "602214", "602215"])

    def getpass(prompt: str) -> str:
        asked.append(prompt)
        return next(typed)

    class Terminal:
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(asking.getpass, "getpass", getpass)
    assert manned("--by", "示例乙", *LOG).code == 0
    assert asked == ["示例乙的口令："]
    assert manned("--by", "示例甲", "accounts", "enrol", "示例乙", "--new-pin-file", "").code == 1
    assert asked[1:] == ["示例乙的新口令：", "再输一次："]


def test_accounts_are_changed_by_an_administrator(manned: Line, pin_file: PinFile) -> None:
    admin = ("--by", "示例甲", "--pin-file", pin_file("示例甲", PINS["示例甲"]))
    said = manned.ok(*admin, "accounts", "role", "示例乙", "VIEWER")
    assert (said["name"], said["role"]) == ("示例乙", "VIEWER")
    assert manned.ok(*admin, "accounts", "off", "示例乙")["state"] == "OFF"
    assert manned.ok(*admin, "accounts", "on", "示例乙")["state"] == "ACTIVE"
    said = manned(*admin, "accounts", "off", "示例甲")
    assert (said.code, said.err) == (1, "role: 最后一个管理员不能停用，也不能改成别的角色\n")
    said = manned(*admin, "accounts", "off", "示例无")
    assert said.code == 1
    said = manned(*admin, "add", "accounts", "person=示例乙", "role=ADMIN", "state=ACTIVE")
    assert (said.code, said.err) == (1, "person: 示例乙已有账号\n")
    officer = ("--by", "示例丙", "--pin-file", pin_file("示例丙", PINS["示例丙"]))
    said = manned(*officer, "accounts", "role", "示例丙", "ADMIN")
    assert (said.code, said.err) == (1, "带班领导不能做这件事：管理账号\n")
    assert manned("accounts", "sing").code == 2


def test_a_forgotten_pin(manned: Line, pin_file: PinFile) -> None:
    two = ("--first", "示例甲", "--first-pin-file", pin_file("a", PINS["示例甲"]))
    two += ("--second", "示例丙", "--second-pin-file", pin_file("b", PINS["示例丙"]))
    fresh = pin_file("new", "602214")
    assert manned("accounts", "reset", "示例乙", *two, "--new-pin-file", fresh).code == 0
    assert manned("--by", "示例乙", "--pin-file", fresh, *LOG).code == 0
    said = manned("accounts", "reset", "示例甲", *two, "--new-pin-file", fresh)
    assert (said.code, said.err) == (1, "person: 要两个别的人，各用自己的口令\n")


def test_an_administrator_by_two_where_there_is_none(manned: Line, pin_file: PinFile) -> None:
    two = ("--first", "示例乙", "--first-pin-file", pin_file("a", PINS["示例乙"]))
    two += ("--second", "示例丙", "--second-pin-file", pin_file("b", PINS["示例丙"]))
    fresh = pin_file("new", "602214")
    said = manned("accounts", "rescue", "示例丙", *two)
    assert said.code == 1
    assert "还有管理员" in said.err
    desk = open_desk(Home(manned.home))
    try:
        person = desk.resolve("people", "示例甲")
        desk.store.guard = None  # as if it had come from another desk, where there was a second one
        desk.act("account.off", [Change("accounts", named_id("accounts", person.hex()), {"state": "OFF"})])
    finally:
        desk.store.close()
    assert manned("accounts", "rescue", "示例甲", *two, "--new-pin-file", fresh).code == 0
    admin = ("--by", "示例甲", "--pin-file", fresh)
    assert manned.ok(*admin, "accounts", "role", "示例乙", "VIEWER")["role"] == "VIEWER"
