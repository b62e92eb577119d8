"""`desk.head`: where this desk's chain stood, outside the database.

SQLite takes a missing or foreign `-wal` for "nothing to recover" and opens an older state without a word. This small
file, rewritten after every commit, tells: it is read before SQLite opens the database (house.md §6).

It is synced only when it says something new of the `-wal`: that one is there at all, or was begun anew. Without that a
power cut brings back a head that takes the desk's own `-wal` for a foreign one, and with it what was acknowledged.
"""

from __future__ import annotations

import os
import struct
import zlib
from dataclasses import dataclass, replace
from pathlib import Path

from dutydesk.core.errors import Damaged, Refused
from dutydesk.core.i18n import _

_LAYOUT = struct.Struct(">4s16sIQ32s8s16sB")
_MAGIC = b"DDH1"
SQLITE_MAGIC = b"SQLite format 3\x00"


@dataclass(frozen=True, slots=True)
class Head:
    """The last commit as the desk knew it. `salt`: bytes 16–23 of the `-wal`; `machine`: hash of the machine's id."""

    desk: bytes
    epoch: int
    seq: int
    hash: bytes
    salt: bytes
    machine: bytes
    clean: bool


def machine_hash() -> bytes:
    """16 bytes that stay the same on one machine; zeros where the system does not tell."""
    import hashlib  # loads OpenSSL, which a first look at the record goes without

    for path in ("/etc/machine-id", "/var/lib/dbus/machine-id"):
        try:
            text = Path(path).read_text(encoding="ascii").strip()
        except OSError:
            continue
        return hashlib.sha256(b"dutydesk " + text.encode()).digest()[:16]
    name = os.environ.get("COMPUTERNAME", "")
    return hashlib.sha256(b"dutydesk " + name.encode()).digest()[:16] if name else bytes(16)


def wal_salt(database: Path) -> bytes:
    """Bytes 16–23 of the `-wal`, zeros where there is none."""
    try:
        with Path(str(database) + "-wal").open("rb") as file:
            return os.pread(file.fileno(), 8, 16) if hasattr(os, "pread") else file.read(24)[16:24]
    except OSError:
        return bytes(8)


def wal_length(database: Path) -> int:
    """Bytes of the `-wal`, 0 where there is none."""
    try:
        return Path(str(database) + "-wal").stat().st_size
    except OSError:
        return 0


def read(path: Path) -> Head | None:
    """The head; `None` where there is none or it was cut off in writing (it is not synced on purpose)."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    if len(data) != _LAYOUT.size + 4 or zlib.crc32(data[:-4]) != int.from_bytes(data[-4:], "big"):
        return None
    magic, desk, epoch, seq, digest, salt, machine, clean = _LAYOUT.unpack(data[:-4])
    return Head(desk, epoch, seq, digest, salt, machine, bool(clean)) if magic == _MAGIC else None


class HeadFile:
    """Keeps `desk.head` open and rewrites it in place: one small write a commit."""

    def __init__(self, path: Path) -> None:
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
        self._fd = os.open(path, flags, 0o600)
        self._last: Head | None = None

    @property
    def last(self) -> Head | None:
        """What this process wrote last."""
        return self._last

    def write(self, head: Head) -> None:
        """Replace the content; the record is shorter than a disk sector, so it is whole or not there."""
        data = _LAYOUT.pack(
            _MAGIC, head.desk, head.epoch, head.seq, head.hash, head.salt.ljust(8, b"\0"), head.machine, head.clean
        )
        os.lseek(self._fd, 0, os.SEEK_SET)
        os.write(self._fd, data + zlib.crc32(data).to_bytes(4, "big"))
        if self._last is None or (self._last.salt, self._last.clean) != (head.salt, head.clean):
            os.fsync(self._fd)
        self._last = head

    def mark_clean(self) -> None:
        """The last user of the desk has closed it in order."""
        if self._last is not None:
            self.write(replace(self._last, clean=True, salt=bytes(8)))

    def close(self) -> None:
        os.close(self._fd)


def inspect(database: Path, head: Head | None, *, encrypted: bool, move: bool = True) -> list[str]:
    """Look at the files before SQLite does.

    Raises `Damaged` for a missing, empty, foreign or truncated database. A `-wal` after a clean stop, or one that is
    not the one this desk wrote, is moved aside (`move`) and named in the answer: SQLite would read it in.
    """
    if not database.exists():
        if head is None:
            raise Damaged(_("{file} 不见了").format(file=database.name))
        raise Damaged(_("{file} 不见了；上次写到第 {seq} 条").format(file=database.name, seq=head.seq))
    size = database.stat().st_size
    if size == 0:
        raise Damaged(_("{file} 是 0 字节的空文件").format(file=database.name))
    wal = Path(str(database) + "-wal")
    salt = wal_salt(database)
    foreign = False
    if head is not None and wal_length(database):
        # A commit that restarts the WAL raises the first salt by one before this file is rewritten.
        ahead = (int.from_bytes(salt[:4], "big") - int.from_bytes(head.salt[:4], "big")) % 2**32
        ours = head.salt in (salt, bytes(8)) or ahead <= 16
        foreign = head.clean or not ours
    if not encrypted:
        _refuse_header(database, size, None if foreign else wal)
    if not foreign:
        return []
    if not move:
        return [_("{file} 不是本机上次写下的").format(file=wal.name)]
    wal.replace(wal.with_name(f"{wal.name}.aside-{salt.hex()}"))
    Path(str(database) + "-shm").unlink(missing_ok=True)
    return [_("{file} 不是本机上次写下的，已移到一边").format(file=wal.name)]


def _refuse_header(database: Path, size: int, wal: Path | None) -> None:
    """Refuse a file that is no database, or shorter than it says and than `wal` makes up for."""
    with database.open("rb") as file:
        start = file.read(100)
    if len(start) < 100 or not start.startswith(SQLITE_MAGIC):
        raise NoDatabase(
            _("{file} 不是数据库文件，或已损坏，或已加密而没有给密钥（DUTYDESK_KEY）").format(file=database.name)
        )
    page = int.from_bytes(start[16:18], "big")
    page = 65536 if page == 1 else page
    pages = int.from_bytes(start[28:32], "big")
    # The page count in the header holds when the two change counters agree (file format §1.3.7).
    if start[24:28] != start[92:96] or size >= pages * page:
        return
    # A checkpoint that the power cut off has written the first page and not yet the last ones.
    held = _wal_pages(wal, page) if wal is not None else frozenset[int]()
    if any(number not in held for number in range(size // page + 1, pages + 1)):
        raise Damaged(
            _("{file} 被截断：应有 {pages} 页，只有 {found} 页").format(
                file=database.name, pages=pages, found=size // page
            )
        )


def _wal_pages(wal: Path, page: int) -> frozenset[int]:
    """The pages that the frames of a `-wal` hold (file format §4.1: header of 32 bytes, frames of 24 and a page)."""
    found: set[int] = set()
    try:
        with wal.open("rb") as file:
            salts = file.read(32)[16:24]
            while len(frame := file.read(24)) == 24 and frame[8:16] == salts:
                found.add(int.from_bytes(frame[:4], "big"))
                file.seek(page, os.SEEK_CUR)
    except FileNotFoundError:
        pass
    return frozenset(found)


def elsewhere(head: Head | None) -> bool:
    """Whether the folder was written last on another machine: it was moved here, or copied."""
    here = machine_hash()
    return head is not None and bytes(16) not in (head.machine, here) and head.machine != here


class Elsewhere(Refused):
    """The folder comes from another machine, and nobody has said yet whether it was moved or copied."""


class NoDatabase(Damaged):
    """What lies in the database's place does not begin as one: broken, another file, or encrypted with no key given."""


def compare(head: Head | None, position: tuple[int, bytes] | None) -> None:
    """Hold the opened database against `desk.head`: `position` is (seq, hash) of the head's desk and epoch.

    Raises `Damaged` when acts that were committed are not there any more.
    """
    if head is None or head.seq == 0:
        return
    seq = position[0] if position else 0
    if seq < head.seq:
        raise Damaged(
            _("记录缺失：上次写到第 {head} 条，数据库里只到第 {seq} 条（-wal 文件丢失或被替换）").format(
                head=head.seq, seq=seq
            )
        )
    if position and seq == head.seq and position[1] != head.hash:
        raise Damaged(_("记录被改动：第 {seq} 条的校验值与上次写下的不同").format(seq=seq))
