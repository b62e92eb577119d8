"""Files on a stick or disc that came from somewhere: opened without trust in what they are, written without trust in
what lies there, read back from the medium itself.

A name on a medium may be a pipe that never gives anything, a device, a link to a file of this machine, or a file of
which only the length exists. A medium may say that it has written what it has not.
"""

from __future__ import annotations

import errno
import hashlib
import mmap
import os
import stat
from collections.abc import Generator
from contextlib import contextmanager, suppress
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO

from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import N_, _

PIECE = 2**20
_READ = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
_FRESH = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
_GONE = N_("介质拔掉了、没有放好或已损坏")
_WHY = {
    errno.EIO: _GONE,
    errno.ENODEV: _GONE,
    errno.ENXIO: _GONE,
    errno.ENOENT: N_("找不到了，介质可能已拔掉"),
    errno.ESTALE: _GONE,
    errno.ENOSPC: N_("介质满了，删掉不用的文件，或换一个"),
    errno.EDQUOT: N_("介质满了，删掉不用的文件，或换一个"),
    errno.EFBIG: N_("介质不收这么大的文件"),
    errno.EROFS: N_("介质是只读的，看看写保护开关"),
    errno.EACCES: N_("没有权限"),
    errno.EPERM: N_("没有权限"),
}


def why(error: OSError) -> str:
    """What the system says of a medium, in words."""
    told = _WHY.get(error.errno or 0)
    return _(told) if told else str(error.strerror or error)


@contextmanager
def opened(path: Path, most: int) -> Generator[BufferedReader]:
    """A plain file of at most `most` bytes, for reading. Raises `Refused` for a folder, pipe or device and for one that
    is too large, `OSError` where it cannot be read. It is opened first and looked at then: nothing can be put in its
    place in between, and a pipe that nobody writes into does not hold anybody up."""
    try:
        handle = os.open(path, _READ)
    except OSError as error:
        if error.errno == errno.ENXIO:  # a socket
            raise _no_file() from None
        raise
    try:
        told = os.fstat(handle)
        if not stat.S_ISREG(told.st_mode):
            raise _no_file()
        if told.st_size > most:
            raise Refused(Problem(_("文件太大，不是这里要的文件")))
    except BaseException:
        os.close(handle)
        raise
    with os.fdopen(handle, "rb") as file:
        yield file


def _no_file() -> Refused:
    return Refused(Problem(_("不是文件，是文件夹、管道或设备：请选里面的文件")))


@contextmanager
def fresh(path: Path, mode: int = 0o644) -> Generator[BinaryIO]:
    """A new file, for writing, synced at the end. Whatever has the name goes first: a link that lies there ready is
    never written through. Raises `OSError`."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, _FRESH, mode), "wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


def write(path: Path, data: bytes, mode: int = 0o644) -> None:
    """A small file, there whole or not at all. Raises `OSError`."""
    temporary = path.with_name(f".{path.name}.part")
    try:
        with fresh(temporary, mode) as file:
            file.write(data)
        temporary.replace(path)
    except OSError:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def sum_of(path: Path) -> str:
    """The sha256 (hex) of what the medium holds, not of what the system remembers of it: read past the cache where the
    file system can (Linux: O_DIRECT), else after the cache was told to forget. Where neither is there (Windows) the
    cache may answer. Raises `OSError`."""
    try:
        return _direct(path)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.EOPNOTSUPP):
            raise
    with path.open("rb") as file:
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        return hashlib.file_digest(file, "sha256").hexdigest()


def _direct(path: Path) -> str:
    if not hasattr(os, "O_DIRECT"):
        raise OSError(errno.EOPNOTSUPP, "no O_DIRECT here")
    digest = hashlib.sha256()
    handle = os.open(path, os.O_RDONLY | os.O_DIRECT)
    try:
        left = os.fstat(handle).st_size
        with mmap.mmap(-1, PIECE) as piece, memoryview(piece) as view:  # aligned to a page, as O_DIRECT asks for
            while left:
                got = os.readv(handle, [view])
                if not got:
                    raise OSError(errno.EIO, "cut short")
                digest.update(view[:got])
                left -= got
    finally:
        os.close(handle)
    return digest.hexdigest()
