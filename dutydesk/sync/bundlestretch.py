"""Acts of one chain on their way in, held until a seal of their own desk over the last of them has come.

A chain that is handed on has one seal at its end: what does not fit into `MOST` bytes waits in a file beside the
database, so that the memory stays the same however far away the seal is.
"""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

from dutydesk.core.errors import Unavailable
from dutydesk.core.i18n import _
from dutydesk.journal import inbox
from dutydesk.journal.chain import Act
from dutydesk.sync import keys, seals, wire
from dutydesk.sync.wire import Parcel

MOST = 16 * 2**20
"""Bytes of lines that are held in memory."""
GARBLED = (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, OverflowError, struct.error)


class Stretch:
    """See the module's docstring. `link` is the hash that the first act follows; `why` says why the acts may not be
    believed, as soon as that is known."""

    def __init__(
        self, desk: bytes, link: bytes, ring: keys.Ring, vouched: Mapping[bytes, Sequence[bytes]], folder: Path
    ) -> None:
        self.why = ""
        self.ring = ring
        self._desk = desk
        self._link: bytes = link
        self._vouched = vouched
        self._folder = folder
        self._held: list[Parcel] = []
        self._bytes = 0
        self._file: IO[bytes] | None = None
        self.last: Act | None = None

    def add(self, line: bytes, parcel: Parcel) -> None:
        """One more act, unpacked from `line`. Raises `Unavailable` when the disk does not take what has to wait."""
        act, personal = parcel
        self.why = self.why or inbox.problem(act, personal)
        if not self.why and act.seq > 1 and act.prev != self._link:
            self.why = _("与上一条不衔接")
        if not self.why and act.kind in (keys.OPENS, keys.KIND):
            try:
                self.ring = keys.extended(self.ring, [act], self._vouched)
            except GARBLED:
                self.why = _("公布的密钥无法读取")
        self._link, self.last = act.hash, act
        self._bytes += len(line) + 1
        if self._bytes <= MOST:
            self._held.append(parcel)
            return
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(dir=self._folder, prefix=".bundle-")  # noqa: SIM115
            self._file.write(line + b"\n")
        except OSError as error:
            raise Unavailable(_("磁盘写不下，数据包没有收下：{error}").format(error=error.strerror or error)) from None

    def sealed_by(self, seal: seals.Seal) -> bool:
        """Whether the desk itself sealed the last act; `why` says so where not."""
        if not self.why:
            ring = self.ring
            if self._desk not in ring.keys and self._desk in self._vouched:  # its announcement is still to come
                first = keys.Announced(self._vouched[self._desk][-1], 1, 1)
                ring = keys.Ring({**ring.keys, self._desk: (first,)}, ring.doubted)
            whole = self.last is not None and (seal.seq, seal.hash) == (self.last.seq, self.last.hash)
            if not whole or not seals.verify(seal, ring):
                self.why = _("与席位的签名不符")
        return not self.why

    def __iter__(self) -> Iterator[Parcel]:
        """The acts in their order. Raises `Unavailable` when what waited on the disk cannot be read."""
        yield from self._held
        if self._file is None:
            return
        try:
            self._file.seek(0)
            for line in self._file:
                yield wire.unpack(line.removesuffix(b"\n"))
        except OSError as error:
            raise Unavailable(_("磁盘读写出错：{error}").format(error=error.strerror or error)) from None

    def close(self) -> None:
        """What waited on the disk is gone."""
        if self._file is not None:
            self._file.close()
            self._file = None
