"""`dutydesk hub` and `dutydesk sync` as people type them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dutydesk.core.paths import Home
from dutydesk.core.settings import load
from dutydesk.sync.hub import numbered
from tests.cli.lines import Line
from tests.sync.servers import Server


@pytest.fixture
def make(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[[str], Line]:
    """An empty desk by its code."""

    def made(code: str) -> Line:
        line = Line(tmp_path / code, lambda: tuple(capsys.readouterr()))  # pyright: ignore[reportArgumentType]
        assert line("init", "--district", "330102", "--name", f"{code} 席", "--unit", "某局", "--code", code).code == 0
        return line

    return made


def test_two_desks_on_the_command_line(
    server: Server, database: str, make: Callable[[str], Line], tmp_path: Path
) -> None:
    one, two = make("A"), make("B")
    url = server.url(database)
    said = one("sync", "--hub", url)
    assert (said.code, "hub init" in said.err) == (1, True)
    assert one.ok("hub", "init", url)["applied"] == [number for number, _script in numbered()]
    assert one.ok("hub", "init", url)["applied"] == []
    said = one("sync", "--hub", url)
    assert (said.code, "登记" in said.err) == (1, True)

    enrolled = one.ok("hub", "enrol", url, "--login", f"{database}_a")
    assert load(Home(one.home).config).hub == enrolled["hub"] == server.url(database, f"{database}_a")
    card, note = tmp_path / "b.card", tmp_path / "b.login"
    assert two("hub", "card", card).code == 0
    assert one("hub", "enrol", url, "--card", card).code == 1, "a password is written into a file or nowhere"
    said = one("hub", "enrol", url, "--card", card, "--login", f"{database}_b", "--out", note)
    assert said.code == 0
    password = note.read_text().splitlines()[1]
    assert note.stat().st_mode & 0o077 == 0
    assert password not in said.out + said.err
    assert two("hub", "join", note).code == 0
    assert password not in Home(two.home).config.read_text()

    one.ok("add", "log", "text=街道积水", "happened_at=2026-06-18 22:00", "category=来电")
    first = one.ok("sync")
    assert (first["ok"], first["waiting"], first["pulled"]) == (True, 0, 0)
    second = two.ok("sync", "--deep")
    assert second["pulled"] == first["pushed"]
    assert two.ok("list", "log")["rows"][0]["text"] == "街道积水"
    said = two("sync")
    assert said.code == 0
    assert "待传 0" in said.out
    assert [desk["code"] for desk in one.ok("hub", "desks", url)] == ["A", "B"]

    assert one("hub", "revoke", url, "nobody").code == 1
    assert one.ok("hub", "revoke", url, "B", "--reason", "丢失")["revoked"] is True
    assert one.ok("hub", "revoke", url, "B")["revoked"] is False
    said = two("sync")
    assert said.code == 1
    assert two("verify").code == one("verify").code == 0


def test_a_hub_out_of_reach_is_said_in_one_line(make: Callable[[str], Line], server: Server) -> None:
    line = make("A")
    said = line("sync", "--hub", server.url("none", port=1))
    assert said.code == 3
    assert said.err.count("\n") == 1
    said = line("sync")
    assert (said.code, "中心库" in said.err) == (1, True)


def test_a_drill_is_not_enrolled(drill: Line, server: Server) -> None:
    for words in (("hub", "card", "x"), ("sync", "--hub", server.url("none"))):
        said = drill(*words)
        assert said.code == 1
        assert "演练数据不同步" in said.err


@pytest.fixture
def drill(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Line:
    line = Line(tmp_path / "drill", lambda: tuple(capsys.readouterr()))  # pyright: ignore[reportArgumentType]
    assert line("init", "--drill", "--district", "330102").code == 0
    return line
