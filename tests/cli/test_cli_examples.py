"""Every command line that the manual's page shows runs as it is written, on the sample desk."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.cli.lines import Line

PAGE = Path(__file__).parents[2] / "docs" / "manual" / "command-line.md"


def examples() -> list[list[str]]:
    blocks = re.findall(r"^```\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return [shlex.split(line) for block in blocks for line in block.splitlines() if line]


def test_every_example_runs_as_written(bare: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert bare("init", "--sample", "--at", "2026-06-18 08:30").code == 0
    commands = examples()
    assert {words[1] for words in commands} >= {"list", "show", "add", "print", "export", "rain", "verify", "snapshot"}
    for program, *words in commands:
        said = bare(*words)
        assert (program, said.code) == ("dutydesk", 0), (words, said.err)
        assert said.out.strip()
        listed = said.out.splitlines()
        assert words[0] != "list" or len(listed) > 1 or '"rows":[{' in said.out, words
    assert (tmp_path / "交接班表.pdf").read_bytes().startswith(b"%PDF")
