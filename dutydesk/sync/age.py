"""age (age-encryption.org/v1) by the one library that makes it, for bundles: streams in, streams out.

The library knows no types; what it raises becomes ours here.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any, BinaryIO, Protocol

from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import _

MAGIC = b"age-encryption.org/v1\n"
LONGEST_HEAD = 65_536
"""Bytes of a header, a line a receiver: a longer one is nobody's honest file, and is costly to read."""

NONCE, CHUNK, TAG = 16, 65_536, 16
"""Of the payload (age-encryption.org/v1): the nonce before it; its pieces, each with a tag after it."""


class NotForUs(Refused):
    """Encrypted for others."""


class Reads(Protocol):
    """Something to read from."""

    def read(self, size: int = ..., /) -> bytes: ...


class Writes(Protocol):
    """Something to write to; it may stop the whole by raising a `DutyDeskError`."""

    def write(self, data: bytes, /) -> int: ...
    def flush(self) -> None: ...


def _library() -> Any:
    return import_module("pyrage")


def new_secret() -> str:
    """A fresh X25519 identity: `AGE-SECRET-KEY-1…`."""
    return str(_library().x25519.Identity.generate())


def recipient_of(secret: str) -> str:
    """The public key of an identity: `age1…`. Raises `Refused` for a text that is none."""
    library = _library()
    try:
        return str(library.x25519.Identity.from_str(secret).to_public())
    except library.IdentityError:
        raise Refused(Problem(_("私钥抄错了，对不上校验位"))) from None


def is_recipient(text: str) -> bool:
    """Whether a text is a public key for which can be encrypted."""
    library = _library()
    try:
        library.x25519.Recipient.from_str(text)
    except library.RecipientError:
        return False
    return True


class _Kept:
    """Hands on to a reader or writer and keeps what it raises, whatever it is: the library would make a text of it, and
    a person who stops the work, or Ctrl+C, would look like a damaged file."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.raised: BaseException | None = None

    def read(self, size: int = -1, /) -> bytes:
        try:
            return self._inner.read(size)
        except BaseException as error:  # noqa: BLE001 - raised again on the other side of the library
            self.raised = error
            raise OSError("stopped") from None

    def write(self, data: bytes, /) -> int:
        if self.raised is not None:  # the library's buffer is emptied once more on its way out
            raise OSError("stopped")
        try:
            return self._inner.write(data)
        except BaseException as error:  # noqa: BLE001 - raised again on the other side of the library
            self.raised = error
            raise OSError("stopped") from None

    def flush(self) -> None:
        try:
            self._inner.flush()
        except BaseException as error:  # noqa: BLE001 - raised again on the other side of the library
            self.raised = self.raised or error
            raise OSError("stopped") from None


def _raise_kept(*kept: _Kept) -> None:
    """What the library did not hear of: what it writes at the very end it writes without asking how that went."""
    for one in kept:
        if one.raised is not None:
            raise one.raised


def encrypt(source: Reads, target: Writes, recipients: Sequence[str]) -> None:
    """Everything that `source` gives, for each of the receivers. Raises what source and target raise."""
    library = _library()
    reader, writer = _Kept(source), _Kept(target)
    try:
        library.encrypt_io(
            reader, writer, [library.x25519.Recipient.from_str(one) for one in dict.fromkeys(recipients)]
        )
    except (library.EncryptError, OSError) as error:
        raise (reader.raised or writer.raised or OSError(str(error))) from None
    _raise_kept(reader, writer)


def size_of(head: bytes, plain: int) -> int:
    """Bytes of an age file that holds `plain` bytes; `head` is its beginning, as far as `LONGEST_HEAD`. 0 for what has no
    whole header."""
    at = head.find(b"\n--- ")
    end = head.find(b"\n", at + 1)
    if at < 0 or end < 0:
        return 0
    return end + 1 + NONCE + plain + TAG * max(1, -(-plain // CHUNK))


def decrypt(source: BinaryIO, target: Writes, secret: str) -> None:
    """What `source` holds, into `target`, as it comes: nothing of it is sure before the end is reached. Raises
    `NotForUs`, `Refused` for what is no age file, is cut off or was altered, and what source and target raise."""
    head = source.read(LONGEST_HEAD)
    source.seek(0)
    if not head.startswith(MAGIC) or b"\n--- " not in head:
        raise Refused(Problem(_("不是数据包，或已损坏：请重新拷贝，还不行就请对方重新导出")))
    library = _library()
    reader, writer = _Kept(source), _Kept(target)
    try:
        library.decrypt_io(reader, writer, [library.x25519.Identity.from_str(secret)])
    except (library.DecryptError, OSError) as error:
        raised = reader.raised or writer.raised
        if raised is not None:
            raise raised from None
        if "No matching keys" in str(error):
            raise NotForUs(Problem(_("不是给本机的，打不开：请拿到收件的席位导入，或请对方给本机重新导出"))) from None
        raise Refused(Problem(_("内容不完整或被改动过，没有收下：请重新拷贝，还不行就请对方重新导出"))) from None
    _raise_kept(reader, writer)
