"""The bundle: acts, attached files and samples in one file that crosses a gap on a stick or a disc.

`DD-<from>-<n>.ddb` is an age file (X25519). Inside is a plain ustar archive of exactly these members, in this order:

    manifest.json     what is in it, for whom, from whom; strict JSON
    manifest.sig      64 bytes: Ed25519 by the sending desk over "DDBUNDLE1" ‖ 0 ‖ manifest.json
    files/<sha256>    attached files and samples, by content
    acts.ndjson.gz    one act a line (`wire`), range by range, gzip

age hides and detects change but does not say who sent it: the signature inside does. Nothing of a bundle is believed
before the signature holds and every part has the size and sha256 that the manifest tells; no name in it is ever used as
a path. Reading is streaming, with limits known beforehand.
"""

from __future__ import annotations

import hashlib
import json
import logging
import tarfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any, Protocol, cast

from dutydesk.core.errors import DutyDeskError, Problem, Refused
from dutydesk.core.i18n import _
from dutydesk.sync.bundlekeys import PeerCard
from dutydesk.sync.seals import Seal

_log = logging.getLogger(__name__)
FORM = 1
KIND = "dutydesk.bundle"
ENDING = ".ddb"
SIGNED = b"DDBUNDLE1\0"
MANIFEST, SIGNATURE, ACTS, FILES = "manifest.json", "manifest.sig", "acts.ndjson.gz", "files/"
MOST_ACTS = 250_000
"""Acts in one bundle; what is more goes into the next."""
MOST_TAKEN = 4 * MOST_ACTS
"""Acts that are taken from one bundle at most: a chain that has one seal cannot be divided."""
MOST_MANIFEST = 4 * 2**20
MOST_RAW = 2**30
MOST_PACKED = 2**28
RATIO = 64
"""Acts hold hashes and ids that no packing makes smaller: more than this many times unpacked is no honest file."""
LARGEST_FILE = 2**28
"""Bytes of one attached file; the largest that is imported has 200 MiB."""
MOST_FILES = 20_000
MOST_BYTES = 2**28
"""Bytes of files in one bundle: a file whose sum is wrong is found out only when all of it was read."""
MOST_RANGES = 100_000
BLOCK = 512
_SIGNED_END = 1 << 63

Progress = Callable[[str, int, int], None]
"""Told the step (`acts`, `files`, `write`, `check`, `apply`), how much is done, and of how much (0: unknown)."""
Cancel = Callable[[], bool]


class Stopped(DutyDeskError):
    """Somebody asked the work to stop; what was written so far is no bundle, what was applied stays."""


class Newer(Refused):
    """Written by a newer program."""


def no_progress(stage: str, done: int, whole: int) -> None:
    """Nobody watches."""


def never() -> bool:
    """Nobody stops it."""
    return False


@dataclass(frozen=True, slots=True)
class Range:
    """Acts `first` to `last` of one chain; `prev` is the link of the first, `hash` that of the last. `seals` are the
    chain's own desk's, in order; the last is over `last`."""

    desk: bytes
    epoch: int
    first: int
    last: int
    prev: bytes
    hash: bytes
    seals: tuple[Seal, ...]

    @property
    def count(self) -> int:
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True)
class Part:
    """A member of the archive: its name, bytes and sha256 (hex)."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a bundle holds. `made_at` ms UTC; `holds` is the sender's frontier: (desk, epoch) → (seq, hash); `raw` the
    bytes of the acts unpacked; `to` desks (hex) or names of receivers."""

    id: bytes
    number: int
    epoch: int
    made_at: int
    program: str
    sender: PeerCard
    to: tuple[str, ...]
    ranges: tuple[Range, ...]
    acts: int
    raw: int
    parts: tuple[Part, ...]
    holds: Mapping[tuple[bytes, int], tuple[int, bytes]]

    @property
    def files(self) -> tuple[Part, ...]:
        return self.parts[:-1]

    @property
    def packed(self) -> Part:
        return self.parts[-1]

    def ranges_text(self, called: Callable[[bytes], str]) -> str:
        """`一号席 12–80、二号席/3 1–5` (the epoch where it is not the first), each desk as it is `called`: for the
        register."""
        told = [
            f"{called(one.desk)}{f'/{one.epoch}' if one.epoch > 1 else ''} {one.first}–{one.last}"
            for one in self.ranges
        ]
        more = len(told) - 8
        return _("、").join(told[:8]) + (_("，另 {more} 段").format(more=more) if more > 0 else "")


# -- the manifest --------------------------------------------------------------------------------------------------------


def dump(told: Manifest) -> bytes:
    """The manifest's bytes: these are signed."""
    value = {
        "acts": told.acts,
        "form": FORM,
        "from": told.sender.plain(),
        "holds": [[desk.hex(), epoch, seq, head.hex()] for (desk, epoch), (seq, head) in sorted(told.holds.items())],
        "id": told.id.hex(),
        "kind": KIND,
        "made_at": told.made_at,
        "number": [told.epoch, told.number],
        "parts": [[part.name, part.size, part.sha256] for part in told.parts],
        "program": told.program,
        "ranges": [
            [
                one.desk.hex(),
                one.epoch,
                one.first,
                one.last,
                one.prev.hex(),
                one.hash.hex(),
                [[seal.seq, seal.hash.hex(), seal.sig.hex()] for seal in one.seals],
            ]
            for one in told.ranges
        ],
        "raw": told.raw,
        "to": list(told.to),
    }
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def strict_json(data: bytes) -> dict[str, Any]:
    """An object of strings, lists and whole numbers. Raises `ValueError` for anything else that JSON allows, and for
    what it does not: a key twice, a number that is none of ours, bytes that are not UTF-8, too deep a nesting."""
    try:
        value = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_no_key_twice,
            parse_float=_no_number,
            parse_constant=_no_number,
            parse_int=_whole,
        )
    except RecursionError:
        raise ValueError("too deep") from None
    if not isinstance(value, dict):
        raise ValueError("an object")
    return cast("dict[str, Any]", value)


def _no_key_twice(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key twice")
    return found


def _no_number(text: str) -> Any:
    raise ValueError(f"{text[:20]} is no whole number")


def _whole(text: str) -> int:
    if len(text) > 20:
        raise ValueError("a number is too large")
    return int(text)


def load(data: bytes) -> Manifest:
    """The manifest back. Raises `Refused`; `Newer` when a later program wrote it."""
    try:
        value = strict_json(data)
        form = value["form"]
        if value["kind"] != KIND or type(form) is not int:
            raise ValueError("kind")
        if form > FORM:
            raise Newer(_("由较新版本的程序写成，升级后再导入"))
        return _manifest(value)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        _log.info("manifest refused: %s", error)
        raise Refused(Problem(_("清单不合规定，没有收下"), file=MANIFEST)) from None


def _manifest(value: Mapping[str, Any]) -> Manifest:
    epoch, number = _list(value["number"], 2)
    ranges = tuple(_range(one) for one in _list(value["ranges"], most=MOST_RANGES))
    if len({(one.desk, one.epoch) for one in ranges}) != len(ranges):
        raise ValueError("a chain twice")
    parts = tuple(_part(one) for one in _list(value["parts"], most=MOST_FILES + 1))
    if not parts or parts[-1].name != ACTS or len({part.name for part in parts}) != len(parts):
        raise ValueError("parts")
    if sum(part.size for part in parts[:-1]) > MOST_BYTES:
        raise ValueError("files")
    acts = number_of(value["acts"], 0, MOST_TAKEN + 1)
    raw = number_of(value["raw"], 0, MOST_RAW + 1)
    if acts != sum(one.count for one in ranges) or raw > parts[-1].size * RATIO + BLOCK:
        raise ValueError("counts")
    holds: dict[tuple[bytes, int], tuple[int, bytes]] = {}
    for entry in _list(value["holds"], most=MOST_RANGES):
        desk, at, seq, head = _list(entry, 4)
        holds[raw_bytes(desk, 16), number_of(at, 1, 2**32)] = (number_of(seq, 1), raw_bytes(head, 32))
    return Manifest(
        raw_bytes(value["id"], 16),
        number_of(number, 1),
        number_of(epoch, 1, 2**32),
        number_of(value["made_at"], 0),
        _text(value["program"]),
        PeerCard.from_plain(value["from"]),
        tuple(_text(one) for one in _list(value["to"], most=100)),
        ranges,
        acts,
        raw,
        parts,
        holds,
    )


def _range(value: Any) -> Range:
    desk, epoch, first, last, prev, head, sealed = _list(value, 7)
    chain = (raw_bytes(desk, 16), number_of(epoch, 1, 2**32))
    seals: list[Seal] = []
    for entry in _list(sealed, most=10_000):
        seq, over, sig = _list(entry, 3)
        seals.append(Seal(*chain, number_of(seq, 1), raw_bytes(over, 32), raw_bytes(sig, 64)))
    made = Range(
        *chain, number_of(first, 1), number_of(last, 1), raw_bytes(prev, 32), raw_bytes(head, 32), tuple(seals)
    )
    places = [seal.seq for seal in seals]
    if made.last < made.first or not places or places != sorted(set(places)):
        raise ValueError("range")
    if places[0] < made.first or places[-1] < made.last:
        raise ValueError("seals")
    return made


def _part(value: Any) -> Part:
    name, size, sha256 = _list(value, 3)
    digest = raw_bytes(sha256, 32).hex()
    if name == ACTS:
        return Part(ACTS, number_of(size, 0, MOST_PACKED + 1), digest)
    if name != FILES + digest:
        raise ValueError("name")
    return Part(FILES + digest, number_of(size, 0, LARGEST_FILE + 1), digest)


def _list(value: Any, size: int | None = None, most: int = 10_000) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError("a list")
    held = cast("list[Any]", value)
    if len(held) > most or (size is not None and len(held) != size):
        raise ValueError("a list's length")
    return held


def number_of(value: Any, least: int, end: int = _SIGNED_END) -> int:
    """A whole number within bounds. Raises `ValueError`."""
    if type(value) is not int or not least <= value < end:
        raise ValueError("number")
    return value


def raw_bytes(value: Any, size: int) -> bytes:
    """So many bytes from lower-case hexadecimal. Raises `ValueError`."""
    if not isinstance(value, str) or len(value) != 2 * size:
        raise ValueError("hex")
    found = bytes.fromhex(value)
    if found.hex() != value:
        raise ValueError("hex")
    return found


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > 200 or not value.isprintable():
        raise ValueError("text")
    return value


# -- the archive ---------------------------------------------------------------------------------------------------------


def member(name: str, size: int) -> bytes:
    """The header of a member: the same bytes on every machine."""
    info = tarfile.TarInfo(name)
    info.size = size
    return info.tobuf(tarfile.USTAR_FORMAT)


def padding(size: int) -> bytes:
    """What fills a member up to the next block."""
    return bytes(-size % BLOCK)


END = bytes(2 * BLOCK)


class Chain:
    """Pieces made one after the other, read as one file: what the encryption reads."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._held = b""

    def read(self, size: int = -1, /) -> bytes:
        while not self._held:
            piece = next(self._pieces, None)
            if piece is None:
                return b""
            self._held = piece
        given = self._held if size < 0 else self._held[:size]
        self._held = self._held[len(given) :]
        return given


class Hashing:
    """A file that is written through, and its sha256."""

    def __init__(self, file: IO[bytes], told: Callable[[int], None]) -> None:
        self._file = file
        self._told = told
        self.sha256 = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes, /) -> int:
        self.sha256.update(data)
        self.size += len(data)
        self._told(self.size)
        return self._file.write(data)

    def flush(self) -> None:
        self._file.flush()


class Sink(Protocol):
    """What takes the bytes of one member."""

    def write(self, data: bytes, /) -> None: ...
    def close(self) -> None: ...


class Whole:
    """A small member, kept in memory."""

    def __init__(self, done: Callable[[bytes], None]) -> None:
        self._data = bytearray()
        self._done = done

    def write(self, data: bytes, /) -> None:
        self._data += data

    def close(self) -> None:
        self._done(bytes(self._data))


class Nothing:
    """A member that nobody wants now."""

    def write(self, data: bytes, /) -> None:
        """Not kept."""

    def close(self) -> None:
        """Nothing is open."""


class Unpacker:
    """The archive as it comes out of the decryption: members in the one allowed order, each given to its sink, sizes
    and sums checked. `wanted(name, size)` gives the sink. Feeds raise `Refused`."""

    def __init__(self, wanted: Callable[[str, int], Sink]) -> None:
        self._wanted = wanted
        self._held = bytearray()
        self._sink: Sink | None = None
        self._left = self._pad = 0
        self._sum: Any = None
        self._expected: Part | None = None
        self._names: Iterator[Part] = iter(())
        self._next = [MANIFEST, SIGNATURE]
        self._zeros = 0
        self.complete = False

    def expect(self, parts: Sequence[Part]) -> None:
        """What the manifest tells to follow it."""
        self._names = iter(parts)

    def feed(self, data: bytes) -> None:
        """Some more of the archive."""
        view = memoryview(data)
        while view:
            if self._sink is not None:
                view = self._body(view)
            elif self._pad:
                skipped = min(self._pad, len(view))
                self._pad -= skipped
                view = view[skipped:]
            else:
                taken = min(BLOCK - len(self._held), len(view))
                self._held += view[:taken]
                view = view[taken:]
                if len(self._held) == BLOCK:
                    block = bytes(self._held)
                    self._held.clear()
                    self._header(block)

    def _body(self, view: memoryview) -> memoryview:
        assert self._sink is not None
        piece = view[: self._left]
        self._sink.write(bytes(piece))
        if self._sum is not None:
            self._sum.update(piece)
        self._left -= len(piece)
        if not self._left:
            self._finish()
        return view[len(piece) :]

    def _finish(self) -> None:
        sink, self._sink = self._sink, None
        if self._expected is not None and self._sum.hexdigest() != self._expected.sha256:
            raise Refused(Problem(_("内容与清单的校验值不符，没有收下"), file=self._expected.name))
        assert sink is not None
        sink.close()

    def _header(self, block: bytes) -> None:
        if not any(block):
            self._zeros += 1
            if self._zeros > 2 or self._next or next(self._names, None) is not None:
                raise Refused(Problem(_("数据包不完整，没有收下")))
            self.complete = True
            return
        if self._zeros:
            raise Refused(Problem(_("数据包末尾有多余内容，没有收下")))
        try:
            info = tarfile.TarInfo.frombuf(block, "utf-8", "strict")
        except (tarfile.TarError, ValueError):
            raise Refused(Problem(_("不是数据包的格式"))) from None
        self._expected, self._sum = None, None
        if self._next:
            wanted, most = self._next.pop(0), MOST_MANIFEST
        else:
            part = next(self._names, None)
            wanted, most = (part.name, part.size) if part else ("", 0)
            self._expected, self._sum = part, hashlib.sha256()
        plain = (
            info.type == tarfile.REGTYPE and not info.linkname and info.name == wanted and block[345:500] == bytes(155)
        )
        if not plain or info.size > most or info.size < 0 or (self._expected and info.size != self._expected.size):
            raise Refused(Problem(_("数据包里有不该有的内容，没有收下")))
        self._sink, self._left, self._pad = self._wanted(wanted, info.size), info.size, -info.size % BLOCK
        if not self._left:
            self._finish()
