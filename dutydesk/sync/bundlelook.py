"""Looking into a bundle: what it says of itself, and the whole archive once through, encrypted as it lies there.

Nothing of it is believed before the signature over its manifest holds; see `bundle` for the form.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from dutydesk.core.errors import DutyDeskError, Problem, Refused, Unavailable
from dutydesk.core.i18n import _
from dutydesk.journal import signing
from dutydesk.journal.store import Store
from dutydesk.sync import age, bundlekeys, stick
from dutydesk.sync.bundle import (
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

LARGEST = 2**32
"""Bytes of a bundle that is looked at."""


class _Enough(DutyDeskError):
    """The beginning was all that was asked for."""


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
            raise _Enough
        return Whole(more)

    unpacker = Unpacker(sink)
    with suppress(_Enough):
        _decrypt(store, path, unpacker, never, identity)
    if len(found) < 2:
        raise Refused(Problem(_("数据包不完整，没有收下")))
    told = load(found[0])
    if not signing.holds(told.sender.public, SIGNED + found[0], found[1]):
        raise Refused(Problem(_("签名不符：内容被改动过，或不是署名的席位发的，没有收下")))
    return told


def walk(
    store: Store,
    local: Path,
    told: Manifest,
    wanted: Callable[[str, int], Sink],
    cancel: Cancel = never,
    identity: str = "",
) -> None:
    """The whole archive once, each part given to its sink. Raises `Refused` unless it is complete and the one that
    `told` describes."""

    def same(data: bytes) -> None:
        if load(data).id != told.id:
            raise Refused(Problem(_("文件在读的时候变了，没有收下")))
        unpacker.expect(told.parts)

    def sink(name: str, size: int) -> Sink:
        if name == MANIFEST:
            return Whole(same)
        return Nothing() if name == SIGNATURE else wanted(name, size)

    unpacker = Unpacker(sink)
    _decrypt(store, local, unpacker, cancel, identity)
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
