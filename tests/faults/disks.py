"""Disks of our making: one that keeps a record of every write, and one that fails when told to.

`Recorder` notes what SQLite and the program itself ask of the files of one folder; `Disk` holds, for any moment of
that record, what may lie on the platter when the power goes at that moment (engineering.md §5, F1).

Two models. `strict` promises nothing: each sector of 512 bytes that was not synced is there or not, a name that was
made, moved or taken away holds only after its folder was synced. `ext4` is a journalling file system in ordered mode:
names, lengths and cuts come in order and with any sync, and a file grows with its data or not at all.
"""

from __future__ import annotations

import os
import random
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import apsw

SECTOR = 512


@dataclass(frozen=True, slots=True)
class Op:
    """One thing asked of the disk: `make`, `write`, `cut`, `sync`, `drop`, `move` or `folder` (its sync)."""

    what: str
    name: str = ""
    at: int = 0
    data: bytes = b""
    target: str = ""
    with_folder: bool = False


class Recorder:
    """Notes in `ops` what happens to the files of `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ops: list[Op] = []
        self._undo: list[Callable[[], None]] = []
        self._position: dict[int, int] = {}
        self._ours: set[str] = set()

    def note(self, op: Op) -> None:
        self.ops.append(op)

    def inside(self, path: str | os.PathLike[str]) -> str:
        """The name in the folder, empty for files elsewhere."""
        held = Path(os.fspath(path))
        return held.name if held.parent == self.folder else ""

    def watch(self) -> None:
        """Have the program's own use of files noted too: `desk.head`, `desk.toml`, syncs of the folder."""
        plain = {name: getattr(os, name) for name in ("open", "write", "lseek", "fsync", "replace", "unlink")}

        def opened(path: Any, flags: int, *rest: Any, **named: Any) -> int:
            name = self.inside(path) if isinstance(path, str | os.PathLike) else ""
            new = bool(name) and flags & os.O_CREAT and not Path(path).exists()
            handle = plain["open"](path, flags, *rest, **named)
            if name and flags & (os.O_WRONLY | os.O_RDWR):
                self._position[handle] = 0
                self._ours.add(name)
                if new:
                    self.note(Op("make", name))
            return handle

        def sought(handle: int, at: int, how: int) -> int:
            found = plain["lseek"](handle, at, how)
            if handle in self._position:
                self._position[handle] = found
            return found

        def written(handle: int, data: bytes) -> int:
            name = self._name(handle) if handle in self._position else ""
            if name in self._ours:
                self.note(Op("write", name, self._position[handle], bytes(data)))
                self._position[handle] += len(data)
            return plain["write"](handle, data)

        def synced(handle: int) -> None:
            if stat.S_ISDIR(os.fstat(handle).st_mode):
                if Path(f"/proc/self/fd/{handle}").readlink() == self.folder:
                    self.note(Op("folder"))
            elif name := self._name(handle):
                if name not in self._ours:  # written by Python's own files: noted whole when it is synced
                    self.note(Op("make", name))
                    self.note(Op("write", name, 0, (self.folder / name).read_bytes()))
                self.note(Op("sync", name))
            plain["fsync"](handle)

        def moved(source: Any, target: Any) -> None:
            plain["replace"](source, target)
            if self.inside(source) or self.inside(target):
                self.note(Op("move", self.inside(source), target=self.inside(target)))

        def dropped(path: Any, **named: Any) -> None:
            plain["unlink"](path, **named)
            if self.inside(path):
                self.note(Op("drop", self.inside(path)))

        instead = {"open": opened, "write": written, "lseek": sought, "fsync": synced, "replace": moved}
        for name, call in (instead | {"unlink": dropped}).items():
            setattr(os, name, call)
            self._undo.append(lambda name=name: setattr(os, name, plain[name]))

    def leave(self) -> None:
        """Stop noting."""
        while self._undo:
            self._undo.pop()()

    def _name(self, handle: int) -> str:
        return self.inside(Path(f"/proc/self/fd/{handle}").readlink())


class RecordingVFS(apsw.VFS):
    """SQLite's own file layer, with every write noted."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        super().__init__("recording", "")

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:
        return RecordingFile(self.recorder, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:
        super().xDelete(filename, syncdir)
        if name := self.recorder.inside(filename):
            self.recorder.note(Op("drop", name))
            if syncdir:
                self.recorder.note(Op("folder"))


class RecordingFile(apsw.VFSFile):
    """One open file."""

    def __init__(self, recorder: Recorder, name: Any, flags: list[int]) -> None:
        path = name.filename() if isinstance(name, apsw.URIFilename) else (name or "")
        self.recorder = recorder
        self.name = recorder.inside(path)
        new = bool(self.name) and bool(flags[0] & apsw.SQLITE_OPEN_CREATE) and not Path(path).exists()
        super().__init__("", name, flags)
        # os_unix.c: the first sync of a journal that was just made syncs its folder too (UNIXFILE_DIRSYNC)
        journal = apsw.SQLITE_OPEN_WAL | apsw.SQLITE_OPEN_MAIN_JOURNAL | apsw.SQLITE_OPEN_SUPER_JOURNAL
        self.with_folder = new and bool(flags[0] & journal)
        if new:
            recorder.note(Op("make", self.name))

    def xWrite(self, data: bytes, offset: int) -> None:
        super().xWrite(data, offset)
        if self.name:
            self.recorder.note(Op("write", self.name, offset, bytes(data)))

    def xTruncate(self, size: int) -> None:
        super().xTruncate(size)
        if self.name:
            self.recorder.note(Op("cut", self.name, size))

    def xSync(self, flags: int) -> None:
        super().xSync(flags)
        if self.name:
            self.recorder.note(Op("sync", self.name, with_folder=self.with_folder))
            self.with_folder = False


@dataclass(slots=True)
class File:
    """What is safe of one file, and what was asked since (in order, with its place in the record)."""

    safe: bytearray = field(default_factory=bytearray)
    pending: list[tuple[int, Op]] = field(default_factory=list)


class Disk:
    """The files after the first `n` operations of a record, as a power cut may leave them."""

    def __init__(self, model: str, rng: random.Random) -> None:
        self.model = model
        self.rng = rng
        self.n = 0
        self.last_sync = 0
        self.now: dict[str, File] = {}
        self.safe_names: dict[str, File] = {}
        self.pending_names: list[tuple[int, str, File | None]] = []

    def apply(self, op: Op) -> None:
        """Let one more operation happen."""
        self.n += 1
        if op.what == "make":
            self._rename(op.name, File())
        elif op.what == "drop":
            self._rename(op.name, None)
        elif op.what == "move":
            moved = self.now.get(op.name)
            if op.target:
                self._rename(op.target, moved)
            if op.name:
                self._rename(op.name, None)
        elif op.what == "folder":
            self._settle_names()
        elif op.what == "sync":
            file = self.now[op.name]
            for _n, write in file.pending:
                _put(file.safe, write)
            file.pending.clear()
            if self.model == "ext4" or op.with_folder:
                self._settle_names()
            if self.model == "ext4":
                self.last_sync = self.n
        else:
            self.now[op.name].pending.append((self.n, op))

    def _rename(self, name: str, file: File | None) -> None:
        self.pending_names.append((self.n, name, file))
        if file is None:
            self.now.pop(name, None)
        else:
            self.now[name] = file

    def _settle_names(self) -> None:
        self.safe_names = dict(self.now)
        self.pending_names.clear()

    def cut(self) -> dict[str, bytes]:
        """One thing that may be found after a power cut at this moment."""
        return {name: self._content(file) for name, file in self._names().items()}

    def _names(self) -> dict[str, File]:
        names = dict(self.safe_names)
        if self.model == "ext4":
            upto = self.rng.randint(self.last_sync, self.n)
            pending = [(name, file) for at, name, file in self.pending_names if at <= upto]
        else:  # each name by itself may be at any of its states
            reach = {name: self.rng.randint(0, self.n) for _at, name, _file in self.pending_names}
            pending = [(name, file) for at, name, file in self.pending_names if at <= reach[name]]
        for name, file in pending:
            if file is None:
                names.pop(name, None)
            else:
                names[name] = file
        return names

    def _content(self, file: File) -> bytes:
        rng = self.rng
        out = bytearray(file.safe)
        if not file.pending:
            return bytes(out)
        mood = rng.choice(("none", "all", "most", "half", "few", "torn"))
        share = {"none": 0.0, "all": 1.0, "most": 0.9, "half": 0.5, "few": 0.1, "torn": 1.0}[mood]
        upto = rng.randint(self.last_sync, self.n) if self.model == "ext4" else self.n
        last = file.pending[-1][0]
        for at, op in file.pending:
            if op.what == "cut":
                kept = at <= upto or at < self.last_sync if self.model == "ext4" else rng.random() < share
                if kept:
                    _put(out, op)
                continue
            grows = op.at + len(op.data) > len(out)
            if self.model == "ext4" and grows:
                if at <= upto and share:
                    _put(out, op)
                continue
            if mood == "torn" and at == last:
                whole = rng.randrange(0, len(op.data) // SECTOR + 1) * SECTOR
                _put(out, Op("write", op.name, op.at, op.data[:whole]))
                continue
            _scatter(out, op, share, rng)
        return bytes(out)


def _put(out: bytearray, op: Op) -> None:
    if op.what == "cut":
        del out[op.at :]
        out.extend(bytes(op.at - len(out)))
        return
    if not op.data:
        return
    if op.at > len(out):
        out.extend(bytes(op.at - len(out)))
    out[op.at : op.at + len(op.data)] = op.data


def _scatter(out: bytearray, op: Op, share: float, rng: random.Random) -> None:
    """Each sector of a write by itself; between the ones that came, a file that grew holds zeros."""
    if share in (0.0, 1.0):
        if share:
            _put(out, op)
        return
    start = op.at
    end = op.at + len(op.data)
    while start < end:
        stop = min(end, (start // SECTOR + 1) * SECTOR)
        if rng.random() < share:
            _put(out, Op("write", op.name, start, op.data[start - op.at : stop - op.at]))
        start = stop
