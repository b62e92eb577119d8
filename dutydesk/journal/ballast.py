"""Room kept back for the moment when the disk is full: the file `ballast` in the desk's folder.

On a full disk SQLite can neither commit nor carry its `-wal` over, so nothing would make room again (engineering.md
§2.5). The ballast is given up then, and the entry that somebody is typing can still be saved; it is made again when
there is room. Only what a person saves may use it: never an import, never sync, never a copy.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from dutydesk.core.files import sync_folder

NAME = "ballast"
LITTLE_ROOM = 200 * 2**20
"""Bytes of free space below which people are told and no copy is made (engineering.md §5, F5)."""
MEGABYTE = 2**20


def free(folder: Path) -> int:
    """Bytes that may still be written beside `folder`."""
    return shutil.disk_usage(folder).free


def held(folder: Path) -> int:
    """Bytes of the ballast, 0 where there is none."""
    try:
        return (folder / NAME).stat().st_size
    except OSError:
        return 0


def give_up(folder: Path) -> bool:
    """Make room at once; whether there was any to make."""
    path = folder / NAME
    try:
        if not path.stat().st_size:
            return False
        path.unlink()
    except OSError:
        return False
    return True


def keep(folder: Path, megabytes: int, floor: int = LITTLE_ROOM) -> bool:
    """Have a ballast of `megabytes` where the disk has that much and `floor` bytes more; whether it is there now.

    It is written, not only given a length: a file with holes takes no room. Noise, since some disks compress.
    """
    wanted = max(0, megabytes) * MEGABYTE
    path = folder / NAME
    temporary = folder / f".{NAME}.new"
    if held(folder) == wanted:
        return True
    if not wanted:
        path.unlink(missing_ok=True)
        return True
    try:
        if free(folder) + held(folder) < wanted + floor:
            return False
        with temporary.open("wb") as file:
            for _n in range(megabytes):
                file.write(os.urandom(MEGABYTE))
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        sync_folder(folder)
    except OSError:
        temporary.unlink(missing_ok=True)
        return False
    return True
