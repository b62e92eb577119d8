"""Files are written whole or not at all."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from dutydesk.core.files import sync_file, sync_folder, write_whole


def test_the_old_content_stays_until_the_new_is_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "交接班.pdf"
    write_whole(target, b"old")
    seen: list[bytes] = []

    def full(_handle: int) -> None:
        seen.append(target.read_bytes())
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_whole(target, b"new")
    assert seen == [b"old"]
    assert target.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == [target.name], "nothing half-written stays behind"


def test_a_file_is_replaced_and_nothing_else_is_left(tmp_path: Path) -> None:
    target = tmp_path / "a.csv"
    for content in (b"old", b"newer"):
        write_whole(target, content)
        sync_file(target)
        sync_folder(tmp_path)
        assert target.read_bytes() == content
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_whole(tmp_path / "no" / "a", b"x")
