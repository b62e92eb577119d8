"""Copies, the way back from an encrypted one, salvage and adoption on the command line."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from dutydesk.core.paths import Home
from dutydesk.core.settings import load, save
from dutydesk.journal import ballast, headfile
from dutydesk.sync import salvage
from tests.cli.lines import Line


@pytest.fixture(autouse=True)
def small_ballast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody needs 64 MB for each test."""
    plain = ballast.keep
    monkeypatch.setattr(ballast, "keep", lambda folder, _megabytes: plain(folder, 1, floor=0))


def add(line: Line, text: str) -> str:
    return str(line.ok("add", "log", "happened_at=2026-06-18 16:00", f"text={text}")["no"])


def test_an_encrypted_copy_brings_a_new_machine_up(line: Line, tmp_path: Path) -> None:
    add(line, "备份以前")
    key = tmp_path / "recovery.key"
    told = line.ok("snapshot", "--new-key", key)
    assert told["recipient"].startswith("age1")
    home = Home(line.home)
    assert load(home.config).second_recipients == told["recipient"]
    save(home.config, replace(load(home.config), second_snapshots=str(tmp_path / "stick")))
    made = line.ok("snapshot", "--drill")
    assert made["second"].endswith(".sqlite.age")
    assert made["drill"]["against"] == "SAME"
    assert ballast.held(line.home) == 2**20
    new = replace(line, home=tmp_path / "new")
    assert new("restore", made["second"]).code == 1, "it says that a key is needed"
    assert new.ok("restore", made["second"], "--identity", key, "--last", "log=1")["kept"] == ""
    assert new.count("log") == 1
    assert add(new, "恢复以后").endswith("-0002")
    assert not list(new.home.glob(".opened-*"))


def test_a_second_place_that_is_away_is_exit_3_and_the_copy_is_there(line: Line, tmp_path: Path) -> None:
    (tmp_path / "stick").write_text("没有插好", encoding="utf-8")
    home = Home(line.home)
    save(home.config, replace(load(home.config), second_snapshots=str(tmp_path / "stick"), second_plain=True))
    said = line("snapshot", "--json")
    assert said.code == 3
    assert "第二备份没有写成" in said.err
    assert Path(json.loads(said.out)["file"]).exists()


def test_salvage_says_what_is_there_and_what_is_missing(line: Line, tmp_path: Path) -> None:
    for n in range(3):
        add(line, f"第{n}条")
    out = tmp_path / "out"
    made = line.ok("salvage", "--out", out)
    assert (made["lost"], made["beside"], made["missing"]) == (0, 0, [])
    new = replace(line, home=out)
    assert new.count("log") == 3
    assert new.ok("verify")["ok"] is True
    assert salvage.holds(out)
    assert line("salvage", "--out", out).code == 1, "the folder is not empty"
    with (line.home / "desk.sqlite").open("r+b") as file:
        file.truncate((line.home / "desk.sqlite").stat().st_size - 40 * 4_096)
    said = line("salvage", "--out", tmp_path / "second", "--json")
    assert said.code == (4 if said.json.get("lost", 1) else 0), "what cannot be read at all is damage, too"


def test_a_folder_from_another_machine_waits_for_an_answer(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    first = add(line, "原来那台")
    monkeypatch.setattr(headfile, "machine_hash", lambda: b"another machine!")
    said = line("list", "log")
    assert said.code == 1
    assert "搬迁还是复制" in said.err
    assert line("adopt").code == 2
    assert line("adopt", "--copied", "不合适的代号 B").code == 1
    assert line("adopt", "--copied", "B2").code == 0
    assert add(line, "新的这台") == "B2-" + first.replace("-0001", "-0002")
    assert line.ok("verify")["ok"] is True


def test_a_folder_that_was_moved_goes_on(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    add(line, "原来那台")
    monkeypatch.setattr(headfile, "machine_hash", lambda: b"another machine!")
    assert line("adopt", "--moved").code == 0
    assert add(line, "接着记").endswith("-0002")
