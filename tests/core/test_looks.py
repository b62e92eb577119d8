"""The looks of the window, kept beside the record."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dutydesk.core import looks
from dutydesk.core.looks import Looks
from dutydesk.core.paths import Home


def test_what_is_kept_is_read_again(tmp_path: Path) -> None:
    home = Home(tmp_path)
    for kept in (Looks(), Looks(night=True, percent=150), Looks(night=False, percent=200, language="en")):
        looks.keep(home, kept)
        assert looks.read(home) == kept
    assert [path.name for path in tmp_path.iterdir()] == ["desk.looks"]


@pytest.mark.parametrize("spoilt", [b"", b"1", b"x y", b"1 100%", b"\xff\xfe", b"1 150 en more words \x00"])
def test_a_spoilt_file_never_keeps_the_window_from_coming(tmp_path: Path, spoilt: bytes) -> None:
    home = Home(tmp_path)
    home.looks.write_bytes(spoilt)
    assert looks.read(home).percent in (100, 150)


@pytest.mark.parametrize("percent", [-5, 0, 99, 110, 201, 10**9])
def test_a_size_that_nobody_can_read_is_given_up(tmp_path: Path, percent: int) -> None:
    home = Home(tmp_path)
    home.looks.write_text(f"1 {percent}\n", encoding="ascii")
    assert looks.read(home) == Looks(night=True)


def test_a_folder_that_takes_nothing_costs_only_the_looks(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, expect_log: Any
) -> None:
    expect_log("desk.looks was not written")
    looks.keep(Home(tmp_path / "gone"), Looks(night=True))
    assert "desk.looks was not written" in caplog.text
    assert looks.read(Home(tmp_path / "gone")) == Looks()
