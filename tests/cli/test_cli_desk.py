"""The command line over a whole desk: the sample under a key, references, prints, the sheet, the way back."""

from __future__ import annotations

import argparse
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import pytest

from dutydesk import cli
from dutydesk.admin.record import last_copy
from dutydesk.core import i18n
from dutydesk.core.clock import parse_iso
from dutydesk.core.paths import Home
from dutydesk.features import FEATURES, open_desk
from tests.cli.lines import Line

KEY = "0123456789abcdef" * 4
AT = "2026-06-18 16:00"


def entry(line: Line, text: str, *more: str) -> dict[str, object]:
    return line.ok("add", "log", f"happened_at={AT}", f"text={text}", *more)


# -- help --------------------------------------------------------------------------------------------------------------


def test_a_wrong_usage_names_the_program_once(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.parse(["print", "P01"])
    said = capsys.readouterr().err
    assert said.count("用法：dutydesk print") == 1
    assert "用法：用法" not in said


@pytest.mark.parametrize(
    ("words", "ours"),
    [
        (["list", "log", "--limit", "many"], "--limit 应为不小于 0 的整数：many"),
        (["list"], "缺少：LEDGER"),
        (["list", "log", "--limit"], "--limit 后面缺少值"),
        (["list", "log", "--frob"], "不认识：--frob"),
        (["frob"], "不认识：frob，可用："),
    ],
)
def test_a_wrong_usage_is_told_in_the_language_of_the_rest(
    words: list[str], ours: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        cli.parse(words)
    assert ours in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize("words", [[], ["verify"], ["import"], ["print"], ["init"], ["rain"]])
def test_help_speaks_the_language_that_is_asked_for(
    words: list[str], english: None, capsys: pytest.CaptureFixture[str]
) -> None:
    i18n.use("zh_CN")
    with pytest.raises(SystemExit):
        cli.parse(["--lang", "en", *words, "--help"])
    assert not [letter for letter in capsys.readouterr().out if "\u4e00" <= letter <= "\u9fff"]


def test_no_help_of_any_command_holds_chinese_in_english(english: None, catalogue: Any) -> None:
    commands = [command for feature in FEATURES for command in feature.commands]
    left = [cli.build(commands)]
    seen = 0
    while left:
        parser = left.pop()
        seen += 1
        assert not catalogue.CHINESE.search(parser.format_help()), parser.prog
        for action in parser._actions:
            if isinstance(action.choices, dict):  # the sub-commands; other choices are sequences
                left += cast("dict[str, argparse.ArgumentParser]", action.choices).values()
    assert seen > len(commands)


# -- init --------------------------------------------------------------------------------------------------------------


def test_a_sample_under_a_key_is_encrypted(bare: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUTYDESK_KEY", KEY)
    assert bare("init", "--sample", "--at", AT).code == 0
    assert not (bare.home / "desk.sqlite").read_bytes().startswith(b"SQLite format 3")
    assert bare.ok("verify")["ok"] is True
    monkeypatch.delenv("DUTYDESK_KEY")
    said = bare("list", "log")
    assert said.code == 4
    assert "DUTYDESK_KEY" in said.err


def test_a_wrong_key_is_told_in_one_sentence(line: Line, tmp_path: Path) -> None:
    environment = os.environ | {"DUTYDESK_KEY": KEY}
    call = [sys.executable, "-m", "dutydesk", "--home", tmp_path / "locked"]
    subprocess.run([*call, "init"], check=True, env=environment, capture_output=True)
    wrong = subprocess.run([*call, "list", "log"], env=environment | {"DUTYDESK_KEY": KEY[::-1]}, capture_output=True)
    assert wrong.returncode == 4
    assert len(wrong.stderr.decode().splitlines()) == 1


def test_a_sample_takes_the_names_that_it_is_given(bare: Line) -> None:
    assert bare("init", "--sample", "--district", "330199", "--at", AT).code == 1
    assert not bare.home.exists()
    assert bare("init", "--sample", "--at", AT, "--unit", "示例甲局", "--code", "A", "--district", "330102").code == 0
    told = (bare.home / "desk.toml").read_text(encoding="utf-8")
    assert 'unit = "示例甲局"' in told
    assert bare.ok("show", "log", "31")["no"] == "A-2026-0031"


# -- references and required fields ------------------------------------------------------------------------------------


def test_a_reference_is_a_number_as_people_write_it_or_an_id(line: Line) -> None:
    incident = line.ok(
        "add", "incidents", "happened_at=2026-06-18 14:50", "received_at=2026-06-18 15:00", "type=12A01", "place=示例路",
        "text=示例路有车辆碰撞", "source=STREET",
    )  # fmt: skip
    known = {
        entry(line, "到场", f"incident={text}")["incident"] for text in ("1", "#0001", incident["no"], incident["id"])
    }
    assert known == {incident["id"]}
    assert entry(line, "到场", f"incident={incident['id'][:12]}")["incident"] == incident["id"]
    assert line("add", "log", f"happened_at={AT}", "text=到场", "incident=2").code == 1


def test_an_entry_is_amended_by_its_number(line: Line) -> None:
    first = entry(line, "示例路积水30厘米")
    number = str(int(str(first["no"]).rsplit("-", 1)[1]))
    made = line.ok("add", "log", f"amends={number}", "text=示例路积水50厘米", "reason=听错")
    assert (made["amends"], made["happened_at"]) == (first["id"], first["happened_at"])


def test_an_entry_of_a_script_needs_a_time_and_a_text(line: Line) -> None:
    before = line.count("log")
    for words, fields in (
        (["text=无时间"], {"happened_at"}),
        (["category=PHONE_IN"], {"happened_at", "text"}),
        ([f"happened_at={AT}", "text= "], {"text"}),
        ([f"happened_at={AT}", "category=PHONE_IN"], {"text"}),
        (["text=无时间", "bogus=1"], {"happened_at", "bogus"}),
    ):
        said = line("add", "log", *words, "--json")
        assert said.code == 1
        assert {problem["field"] for problem in said.json["problems"]} == fields, words
    assert line.count("log") == before


# -- paper -------------------------------------------------------------------------------------------------------------


def test_a_print_is_recorded_and_the_second_sheet_of_a_shift_is_a_copy(line: Line, tmp_path: Path) -> None:
    for _time in range(2):
        assert line("print", "P01", "--shift", "2026-06-17", "--out", tmp_path / "p01.pdf").code == 0
    for asked in (("--shift", "2026-06-17"), ("--from", "2026-06-17 08:30", "--to", "2026-06-18 08:30")):
        assert line("print", "P02", *asked, "--out", tmp_path / "p02.pdf").code == 0
    rows = line.ok("list", "prints")["rows"]
    assert sorted((row["form"], row["about"], row["copy"]) for row in rows) == [
        ("P01", "2026-06-17/H24", "COPY"),
        ("P01", "2026-06-17/H24", "ORIGINAL"),
        ("P02", "2026-06-17/H24", "COPY"),
        ("P02", "2026-06-17/H24", "ORIGINAL"),
    ]
    assert line("print", "P01", "--out", tmp_path / "none" / "p01.pdf").code == 3
    assert line.count("prints") == 4, "what was not made is not recorded"


def test_what_no_face_can_draw_is_said_before_it_is_printed(line: Line, tmp_path: Path) -> None:
    assert line("add", "log", "happened_at=2026-06-18T21:00", "text=𠮷示例路口积水").code == 0
    said = line("print", "P02", "--from", "2026-06-18 20:59", "--to", "2026-06-18 21:01", "--out", tmp_path / "p02.pdf")
    assert said.code == 0
    assert "𠮷" in said.err
    assert "U+20BB7" in said.err


def test_the_form_of_an_incident_asks_for_one(line: Line, tmp_path: Path) -> None:
    said = line("print", "INC", "--out", tmp_path / "inc.pdf")
    assert said.code == 1
    assert "--incident" in said.err


def test_a_sheet_and_a_record_agree_or_not(line: Line, tmp_path: Path) -> None:
    assert line("print", "P01", "--out", tmp_path / "p01.pdf").code == 0
    (row,) = line.ok("list", "prints")["rows"]
    text = row["head"]
    assert line.ok("verify", "--sheet", text)["sheet"] == "same"
    entry(line, "打印以后的一条")
    assert line("verify", "--sheet", text).code == 0
    parts = text.split(";")
    other = ";".join([*parts[:5], "0" * 16, parts[6]])
    later = ";".join([*parts[:4], "9999", *parts[5:]])
    for code, verdict in ((other, "other"), (later, "absent")):
        said = line("verify", "--sheet", code, "--json")
        assert (said.code, said.json["sheet"], said.json["ok"]) == (1, verdict, True)
    assert line("verify", "--sheet", "P01").code == 1


# -- copies and the way back -------------------------------------------------------------------------------------------


def test_a_snapshot_is_remembered_for_the_board(line: Line) -> None:
    made = line.ok("snapshot")
    desk = open_desk(Home(line.home))
    try:
        at = last_copy(desk)
    finally:
        desk.store.close()
    assert at is not None
    assert at == parse_iso(made["at"])


@pytest.fixture
def broken(line: Line) -> tuple[Line, Path]:
    """A desk that has given out a number after its snapshot and whose file was cut short."""
    entry(line, "备份以前的一条")
    copy = Path(line.ok("snapshot")["file"])
    entry(line, "备份以后的一条")
    with (line.home / "desk.sqlite").open("r+b") as file:
        file.truncate(40_000)
    return line, copy


def test_a_restore_that_cannot_ask_does_not_guess(broken: tuple[Line, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    line, copy = broken
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    before = (line.home / "desk.sqlite").read_bytes()
    said = line("restore", copy, "--json")
    assert said.code == 1
    assert json.loads(said.out)["problems"][0]["field"] == "--last"
    assert (line.home / "desk.sqlite").read_bytes() == before
    assert line("restore", copy, "--last", "log=2").code == 0
    assert str(entry(line, "恢复以后的一条")["no"]).endswith("-0003")


def test_a_restore_asks_for_the_last_numbers_on_paper(
    broken: tuple[Line, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    line, copy = broken
    monkeypatch.setattr(sys, "stdin", io.StringIO("7\n\n"))
    said = line("restore", copy, "--json")
    assert said.code == 0
    assert said.json["numbers"]["log"] == 7
    assert said.err.count("？[") == len(said.json["numbers"]), (
        "one question for each kind of number, not on standard output"
    )
    assert str(entry(line, "恢复以后的一条")["no"]).endswith("-0008")


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo terminal")
def test_a_terminal_is_asked_even_when_the_record_is_whole(line: Line) -> None:
    import pty

    entry(line, "备份以前的一条")
    copy = line.ok("snapshot")["file"]
    ours, theirs = pty.openpty()
    try:
        os.write(ours, b"40\n" + b"\n" * 8)  # the other kinds of number as they are offered
        run = subprocess.run(
            [sys.executable, "-m", "dutydesk", "--home", line.home, "restore", copy, "--json"],
            stdin=theirs, capture_output=True, check=False, timeout=60,
        )  # fmt: skip
    finally:
        os.close(ours)
        os.close(theirs)
    assert run.returncode == 0, run.stderr.decode()
    assert json.loads(run.stdout)["numbers"]["log"] == 40
