"""Copies, the way back from an encrypted one, salvage and adoption on the command line."""

from __future__ import annotations

import io
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pypdfium2
import pytest

from dutydesk.core.clock import DAY, HOUR, FixedClock, parse_iso
from dutydesk.core.paths import Home
from dutydesk.core.settings import load, save
from dutydesk.features import schema
from dutydesk.journal import ballast, headfile, peers
from dutydesk.journal.store import Store
from dutydesk.sync import rehearsal, salvage
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


def test_the_whole_way_to_a_new_machine_with_the_printed_key_alone(
    line: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The machine, its disk and the key's file are gone; what is left is a stick and a sheet of paper."""
    add(line, "备份以前")
    stick, key, paper = tmp_path / "stick", tmp_path / "recovery.key", tmp_path / "recovery.pdf"
    stick.mkdir()
    line.ok("snapshot", "--new-key", key, "--paper", paper)
    home = Home(line.home)
    save(home.config, replace(load(home.config), second_snapshots=str(stick)))
    line.ok("snapshot")
    add(line, "第二条")
    line.ok("snapshot")
    words = "".join(page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(paper.read_bytes()))
    typed = words[words.index("AGE-SECRET-KEY-1") : words.index("公钥")].lower().replace("0", "o")
    shutil.rmtree(line.home)
    key.unlink()
    new = replace(line, home=tmp_path / "new")
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{typed.strip()}\n\n2\n\n\n"))
    said = new("restore", stick, "--identity", "-")
    assert said.code == 0, said.err
    assert "接着编号：值班日志 0003" in said.out
    assert new.count("log") == 2
    assert add(new, "恢复以后").endswith("-0003")
    assert new("verify").code == 0
    assert not list(new.home.glob(".opened-*"))
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{typed.strip()[:-4]}xxxx\n\n"))
    wrong = replace(line, home=tmp_path / "wrong")("restore", stick, "--identity", "-")
    assert wrong.code == 1
    assert "抄错" in wrong.err


@pytest.mark.parametrize(
    ("last", "said"),
    [
        ("log=２", "值班日志 0003"),
        ("log=#0009", "值班日志 0010"),
        ("log=990102-2026-0005", "值班日志 0006"),
        ("log=0", "值班日志 0003"),
        ("log=2025-0900", "值班日志 0003"),
    ],
)
def test_numbers_on_paper_as_people_write_them(
    line: Line, last: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dutydesk.core.clock.SystemClock.now", lambda _self: parse_iso("2026-06-18 20:00"))
    for n in range(2):
        add(line, str(n))
    copy = line.ok("snapshot")["file"]
    told = line("restore", copy, "--last", last)
    assert told.code == 0, told.err
    assert said in told.out


@pytest.mark.parametrize("last", ["log=", "log=many", "log=2031-0001", "log=2019-0001", "log=13800000000", "rain=1"])
def test_numbers_that_are_none(line: Line, last: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dutydesk.core.clock.SystemClock.now", lambda _self: parse_iso("2026-06-18 20:00"))
    add(line, "一")
    copy = line.ok("snapshot")["file"]
    told = line("restore", copy, "--last", last)
    assert told.code == 1
    assert "应写成" in told.err
    assert not list(line.home.glob("desk.before-restore-*"))


def test_the_timer_copies_while_no_window_is_open(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [parse_iso("2026-06-18 20:00")]
    monkeypatch.setattr("dutydesk.core.clock.SystemClock.now", lambda _self: now[0])
    add(line, "一")
    copies = Home(line.home).snapshots

    def made() -> int:
        assert line("snapshot", "--timer").code == 0
        return len(list(copies.glob("desk-*.sqlite")))

    assert made() == 1
    now[0] += HOUR - 1
    assert made() == 1
    now[0] += 1
    assert made() == 2
    now[0] -= 365 * DAY
    assert made() == 3, "nobody knows how long ago the last one was"
    now[0] += 365 * DAY + HOUR
    home = Home(line.home)
    with Store.open(home, schema(), FixedClock(now[0])):
        assert line("snapshot", "--timer").code == 0  # a window is open: it makes its own
    assert len(list(copies.glob("desk-*.sqlite"))) == 3
    with Store.open(home, schema(), FixedClock(now[0])) as store:
        assert {run.state for run in peers.runs(store, rehearsal.JOB)} == {"DONE"}, "the weekly drill, too"


def test_a_new_stick_is_taken_when_somebody_says_so(line: Line, tmp_path: Path) -> None:
    stick = tmp_path / "stick"
    stick.mkdir()
    home = Home(line.home)
    save(home.config, replace(load(home.config), second_snapshots=str(stick), second_plain=True))
    line.ok("snapshot")
    shutil.rmtree(stick)
    stick.mkdir()
    assert line("snapshot").code == 3
    said = line("snapshot", "--new-place")
    assert said.code == 0
    assert str(stick) in said.out
    line.ok("snapshot")
    assert line("restore", tmp_path / "nowhere").code == 1
    assert "没有备份" in line("restore", tmp_path).err
