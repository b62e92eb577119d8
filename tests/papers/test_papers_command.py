"""`print --blank`, `papers void|reprint`, `outage begin|end` over a desk's folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from dutydesk.core.clock import FixedClock
from tests.cli.lines import Line
from tests.papers.conftest import BEGUN, ENDED, PRINTED
from tests.plaindesk import pages_of, text_of


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FixedClock:
    """The time that the command line has."""
    made = FixedClock(PRINTED)
    monkeypatch.setattr("dutydesk.core.clock.SystemClock", lambda: made)
    return made


@pytest.fixture
def line(tmp_path: Path, clock: FixedClock, capsys: pytest.CaptureFixture[str]) -> Line:
    made = Line(tmp_path / "desk", lambda: tuple(capsys.readouterr()))  # pyright: ignore[reportArgumentType]
    words = ("init", "--district", "330102", "--name", "示例区", "--unit", "示例区应急管理局", "--code", "2")
    assert made(*words).code == 0
    return made


def test_empty_sheets_have_numbers_and_are_recorded(line: Line, tmp_path: Path) -> None:
    out = tmp_path / "blank.pdf"
    for form, count in (("P01", 1), ("p02", 2), ("TEL", 1)):
        assert line("print", form, "--out", out, "--blank", count).code == 0
        assert len(pages_of(out.read_bytes())) == count
    assert "单号纸-2-2026-0004" in text_of(out.read_bytes())
    rows = line.ok("list", "papers")["rows"]
    assert [(row["number"], row["form"], row["state"]) for row in rows] == [
        ("纸-2-2026-0001", "P01", "BLANK"),
        ("纸-2-2026-0002", "P02", "BLANK"),
        ("纸-2-2026-0003", "P02", "BLANK"),
        ("纸-2-2026-0004", "TEL", "BLANK"),
    ]
    prints = {(row["form"], row["about"]) for row in line.ok("list", "prints")["rows"]}
    assert prints == {("P01", "纸-2-2026-0001"), ("P02", "纸-2-2026-0002–0003"), ("TEL", "纸-2-2026-0004")}
    assert line.ok("show", "papers", "3")["number"] == "纸-2-2026-0003"


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("P02", "--blank", 0), "50"),
        (("P02", "--blank", 51), "50"),
        (("P18", "--blank", 1), "--blank"),
        (("P01", "--blank", 1, "--shift", "2026-11-22"), "--shift"),
        (("P02", "--blank", 1, "--shift", "never"), ""),
    ],
)
def test_nonsense_takes_no_number(line: Line, tmp_path: Path, words: tuple[object, ...], part: str) -> None:
    said = line("print", *words, "--out", tmp_path / "x.pdf")
    assert said.code == 1
    assert part in said.err
    assert line.count("papers") == 0
    assert line("add", "papers", "number=纸-2-2026-0009", "form=P02", "printed_at=2026-11-22 02:00").code == 1


def test_voiding_and_printing_again(line: Line, tmp_path: Path) -> None:
    out = tmp_path / "blank.pdf"
    assert line("print", "P02", "--out", out, "--blank", 3).code == 0
    assert line("papers", "void", "1").code == 1
    assert line.ok("papers", "void", "1", "纸-2-2026-0002", "--reason", "受潮") == [
        {"number": "纸-2-2026-0001", "state": "VOID"},
        {"number": "纸-2-2026-0002", "state": "VOID"},
    ]
    assert line("papers", "void", "9", "--reason", "没有").code == 1
    assert line("papers", "reprint", "3").code == 1
    assert line.ok("papers", "reprint", "3", "--out", out)["about"] == "纸-2-2026-0003 副本"
    assert "副本" in text_of(out.read_bytes())
    assert line("papers", "reprint", "3", "--out", tmp_path / "no" / "x.pdf").code == 3
    assert line.count("papers") == 3
    assert "纸-2-2026-0003 副本" in {row["about"] for row in line.ok("list", "prints")["rows"]}


def test_an_outage_and_its_sheet(line: Line, clock: FixedClock, tmp_path: Path) -> None:
    assert line("outage", "end").code == 1
    clock.at = BEGUN
    assert line.ok("outage", "begin", "--text", "跳闸")["starts_at"] == "2026-11-22T02:10:00+08:00"
    assert line("outage", "begin").code == 1
    assert line("outage", "begin", "--kind", "FLOOD").code == 2
    clock.at = ENDED
    assert line("outage", "end", "--at", "now-ish").code == 1
    said = line("outage", "end", "--at", "2026-11-22 02:30", "--measures", "手工记录", "--reported-to", "区政府")
    assert (said.code, said.out.strip()) == (0, "停电 2026-11-22 02:10–02:30")
    out = tmp_path / "p18.pdf"
    assert line("print", "P18", "--out", out).code == 0
    assert "20分钟" in text_of(out.read_bytes())
    (row,) = line.ok("list", "prints")["rows"]
    assert (row["form"], row["about"]) == ("P18", "2026-11-22 02:10 POWER")
    assert line("print", "P18", "--out", out, "--from", "2026-11-23 00:00").code == 1
    assert [row["category"] for row in line.ok("list", "log")["rows"]] == ["OUTAGE", "OUTAGE"]


def test_a_restored_desk_goes_on_behind_the_paper(line: Line, tmp_path: Path) -> None:
    out = tmp_path / "blank.pdf"
    assert line("print", "P02", "--out", out, "--blank", 2).code == 0
    copy = line.ok("snapshot")["file"]
    assert line("print", "P02", "--out", out, "--blank", 3).code == 0
    assert line("restore", copy, "--last", "papers=5").code == 0
    assert line("print", "P02", "--out", out, "--blank", 1).code == 0
    assert line.ok("list", "papers")["rows"][-1]["number"] == "纸-2-2026-0006"
