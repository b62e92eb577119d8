"""Looking into a bundle: what it says of itself, and the whole archive once through, encrypted as it lies there.

Nothing of it is believed before the signature over its manifest holds; see `bundle` for the form.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from dutydesk.core.errors import DutyDeskError, Problem, Refused, Unavailable
from dutydesk.core.i18n import _
from dutydesk.journal import signing
from dutydesk.journal.store import Store
from dutydesk.sync import age, bundlekeys, stick
from dutydesk.sync.bundle import (
    BLOCK,
    END,
    MANIFEST,
    SIGNATURE,
    SIGNED,
    Cancel,
    Manifest,
    Nothing,
    Sink,
    Stopped,
    Unpacker,
    Whole,
    load,
    never,
)

LARGEST = 5 * 2**27
"""Bytes of a bundle that is looked at: more than `bundleout` writes."""


class Enough(DutyDeskError):
    """What was read is all that is asked for."""


class _Into:
    """What the decryption writes into: an `Unpacker`, or nothing after the end."""

    def __init__(self, unpacker: Unpacker, cancel: Cancel) -> None:
        self._unpacker = unpacker
        self._cancel = cancel

    def write(self, data: bytes, /) -> int:
        if self._cancel():
            raise Stopped(_("已中断"))
        self._unpacker.feed(data)
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""


def peek(store: Store, path: Path, identity: str = "") -> Manifest:
    """What a bundle says of itself, signed by the key that it names. `identity`: an offline recovery key (private) in
    place of the desk's own. Raises `NotForUs`, `Newer`, `Refused`, `Unavailable` when it cannot be read."""
    found: list[bytes] = []

    def more(data: bytes) -> None:
        found.append(data)
        if len(found) == 1:
            unpacker.expect(load(data).parts)

    def sink(_name: str, _size: int) -> Sink:
        if len(found) == 2:
            raise Enough
        return Whole(more)

    unpacker = Unpacker(sink)
    with suppress(Enough):
        _decrypt(store, path, unpacker, never, identity)
    if len(found) < 2:
        raise Refused(Problem(_("数据包不完整，没有收下")))
    told = load(found[0])
    if not signing.holds(told.sender.public, SIGNED + found[0], found[1]):
        raise Refused(Problem(_("签名不符：内容被改动过，或不是署名的席位发的，没有收下")))
    _whole(path, told, len(found[0]))
    return told


def _whole(path: Path, told: Manifest, manifest: int) -> None:
    """Raises `Refused` for a file that cannot be whole, by its length alone: nobody need wait until all of it was read."""
    sizes = (manifest, signing.SIGNATURE_BYTES, *(part.size for part in told.parts))
    plain = sum(BLOCK + size + -size % BLOCK for size in sizes) + len(END)
    try:
        with stick.opened(path, LARGEST) as file:
            size = os.fstat(file.fileno()).st_size
            wanted = age.size_of(file.read(age.LONGEST_HEAD), plain)
    except OSError as error:
        raise unread(path, error) from None
    if size < wanted:
        raise Refused(
            Problem(_("文件不完整，还差 {size}，请重新拷贝，或请对方重新导出").format(size=_amount(wanted - size)))
        )
    if size > wanted:
        raise Refused(Problem(_("文件后面多出了 {size}，没有收下").format(size=_amount(size - wanted))))


def _amount(size: int) -> str:
    for unit, least in (("MB", 2**20), ("KB", 2**10)):
        if size >= least:
            return f"{size // least} {unit}"
    return _("{size} 字节").format(size=size)


def walk(
    store: Store,
    local: Path,
    told: Manifest,
    wanted: Callable[[str, int], Sink],
    cancel: Cancel = never,
    identity: str = "",
) -> None:
    """The whole archive once, each part given to its sink. Raises `Refused` unless it is complete and the one that
    `told` describes. A sink that needs no more raises `Enough`: that is the end, without a word about the rest."""

    def same(data: bytes) -> None:
        if load(data).id != told.id:
            raise Refused(Problem(_("文件在读的时候变了，没有收下")))
        unpacker.expect(told.parts)

    def sink(name: str, size: int) -> Sink:
        if name == MANIFEST:
            return Whole(same)
        return Nothing() if name == SIGNATURE else wanted(name, size)

    unpacker = Unpacker(sink)
    try:
        _decrypt(store, local, unpacker, cancel, identity)
    except Enough:
        return
    if not unpacker.complete:
        raise Refused(Problem(_("数据包不完整，没有收下")))


def _decrypt(store: Store, path: Path, unpacker: Unpacker, cancel: Cancel, identity: str) -> None:
    try:
        with stick.opened(path, LARGEST) as file:
            age.decrypt(file, _Into(unpacker, cancel), identity or bundlekeys.identity(store))
    except OSError as error:
        raise unread(path, error) from None


def unread(path: Path, error: OSError) -> Unavailable:
    """What to say of a file that cannot be read."""
    return Unavailable(_("读不了 {name}：{error}").format(name=path.name, error=stick.why(error)))
