"""Fixtures of the command line: `line` over an empty desk, `bare` over a folder without one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.lines import Line


@pytest.fixture
def bare(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Line:
    """The command line over a folder without a desk."""
    return Line(tmp_path / "desk", lambda: tuple(capsys.readouterr()))  # pyright: ignore[reportArgumentType]


@pytest.fixture
def line(bare: Line) -> Line:
    """The command line over an empty desk."""
    assert bare("init", "--district", "330102", "--name", "示例区", "--unit", "示例区应急管理局").code == 0
    return bare
