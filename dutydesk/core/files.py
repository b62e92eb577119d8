"""Files that are there whole or not at all, and stay there when the power goes."""

from __future__ import annotations

import os
from pathlib import Path


def write_whole(target: Path, data: bytes) -> None:
    """Put `data` into `target`: what stood there before stays until the new content is whole and on the disk. Raises
    `OSError`; the caller says what was being written."""
    temporary = target.with_name(f".{target.name}.new")
    try:
        write_synced(temporary, data)
        temporary.replace(target)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def write_synced(path: Path, data: bytes) -> None:
    """Write a file and wait until the disk has it."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def sync_file(path: Path) -> None:
    """Wait until the disk has what another library wrote into `path`."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` durable, where the system can: Windows opens no folder."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
