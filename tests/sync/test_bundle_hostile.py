"""F19, F21: hostile bundles. Whatever comes is refused or set aside in words, quickly and in little memory; the record
is as it was. Most are signed by a desk that is known here: without that nothing but the manifest is ever looked at."""

from __future__ import annotations

import gzip
import io
import json
import os
import socket
import subprocess
import sys
import tarfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyrage
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dutydesk.core.errors import DutyDeskError
from dutydesk.sync import bundle, bundlein, bundlekeys, keys, wire
from tests.journal import desks as d
from tests.sync.bundling import Desks, closed, forged, opened, sealed, unpacked

EXAMPLES = int(os.environ.get("DUTYDESK_EXAMPLES", "60"))
SECONDS, BYTES = 5, 256 * 2**20
BAD = ("TAMPERED", "FOREIGN", "STRANGER", "NEWER", "PARTLY", "KNOWN")


@pytest.fixture(scope="module")
def desks() -> Iterator[Desks]:
    with d.quick_folder() as folder:
        made = Desks(folder, 3)
        made.write(1, "一", "二", "三")
        yield made
        made.close()


@pytest.fixture(scope="module")
def good(desks: Desks) -> dict[str, bytes]:
    (file,) = desks.send(1, 2)
    return opened(desks[2], file)


@pytest.fixture(scope="module")
def recipient(desks: Desks) -> str:
    return bundlekeys.own_card(desks[2]).recipient


def members(good: dict[str, bytes]) -> list[tuple[str, bytes]]:
    return list(good.items())


def archive(*infos: tuple[tarfile.TarInfo, bytes]) -> bytes:
    """A tar as another program would make it."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as made:
        for info, data in infos:
            info.size = len(data)
            made.addfile(info, io.BytesIO(data))
    return out.getvalue()


def link(name: str, kind: bytes) -> bytes:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, "/etc/passwd"
    return archive((info, b""))


def bomb(desks: Desks, recipient: str, file: Path, good: dict[str, bytes]) -> Path:
    """256 MiB of nothing, packed to 256 KiB; the manifest says what it likes."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, 31)
    packed = b"".join([*(squeeze.compress(bytes(2**20)) for _n in range(256)), squeeze.flush()])
    return forged(desks[1], recipient, file, good | {bundle.ACTS: packed}, raw=len(packed) * 60)


def lied(**told: object) -> Callable[[Desks, str, Path, dict[str, bytes]], Path]:
    return lambda desks, recipient, file, good: forged(desks[1], recipient, file, good, **told)


def lines(change: Callable[[bytes], bytes]) -> Callable[[Desks, str, Path, dict[str, bytes]], Path]:
    return lambda desks, recipient, file, good: forged(desks[1], recipient, file, good, lines=change(unpacked(good)))


def raw_manifest(text: bytes) -> Callable[[Desks, str, Path, dict[str, bytes]], Path]:
    return lambda _desks, recipient, file, good: closed([(bundle.MANIFEST, text), *members(good)[1:]], recipient, file)


def plain(data: bytes) -> Callable[[Desks, str, Path, dict[str, bytes]], Path]:
    return lambda _desks, recipient, file, _good: sealed(data, recipient, file)


def bare(data: bytes) -> Callable[[Desks, str, Path, dict[str, bytes]], Path]:
    def write(_desks: Desks, _recipient: str, file: Path, _good: dict[str, bytes]) -> Path:
        file.write_bytes(data)
        return file

    return write


def first_line(change: Callable[[list[object]], object]) -> Callable[[bytes], bytes]:
    """The second act of the file, changed; its own sums stay as they were."""

    def work(text: bytes) -> bytes:
        found = text.split(b"\n")
        parts = json.loads(found[1])
        change(parts)
        found[1] = json.dumps(parts, separators=(",", ":")).encode()
        return b"\n".join(found)

    return work


def put(place: int, value: object) -> Callable[[list[object]], object]:
    return lambda parts: parts.__setitem__(place, value)


def nested(desks: Desks, recipient: str, file: Path, good: dict[str, bytes]) -> Path:
    """gzip of gzip of 256 MiB: a few hundred bytes."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, 31)
    inner = b"".join([*(squeeze.compress(bytes(2**20)) for _n in range(256)), squeeze.flush()])
    packed = gzip.compress(inner, 9)
    return forged(desks[1], recipient, file, good | {bundle.ACTS: packed}, raw=len(packed) * 60)


def packed(change: Callable[[bytes], bytes], **lies: object) -> Callable[[Desks, str, Path, dict[str, bytes]], Path]:
    """Other bytes where the acts should be, packed by whatever."""

    def write(desks: Desks, recipient: str, file: Path, good: dict[str, bytes]) -> Path:
        return forged(desks[1], recipient, file, good | {bundle.ACTS: change(unpacked(good))}, **lies)

    return write


def text(old: bytes, new: bytes) -> Callable[[Desks, str, Path, dict[str, bytes]], Path]:
    """The bytes of the manifest, changed and signed again by a desk that is known."""

    def write(desks: Desks, recipient: str, file: Path, good: dict[str, bytes]) -> Path:
        data = good[bundle.MANIFEST].replace(old, new, 1)
        assert data != good[bundle.MANIFEST]
        signed = [(bundle.MANIFEST, data), (bundle.SIGNATURE, keys.sign(desks[1], bundle.SIGNED + data))]
        return closed([*signed, *members(good)[2:]], recipient, file)

    return write


def appended(more: bytes) -> Callable[[Desks, str, Path, dict[str, bytes]], Path]:
    """A good archive, and something after its last member or its end."""

    def write(_desks: Desks, recipient: str, file: Path, good: dict[str, bytes]) -> Path:
        whole = b"".join(
            bundle.member(name, len(data)) + data + bundle.padding(len(data)) for name, data in members(good)
        )
        return sealed(whole + more, recipient, file)

    return write


def many_ranges(desks: Desks, recipient: str, file: Path, good: dict[str, bytes]) -> Path:
    """As many chains as a manifest holds, none of which anybody has heard of."""
    (one, *_rest) = json.loads(good[bundle.MANIFEST])["ranges"]
    ranges = [[f"{n:032x}", 1, 1, 1, one[4], one[5], [[1, *one[6][0][1:]]]] for n in range(9_000)]
    return forged(desks[1], recipient, file, good, ranges=ranges, acts=len(ranges))


def at(make: Callable[[Path], object]) -> Callable[[Desks, str, Path, dict[str, bytes]], Path]:
    """Something that is no file."""

    def write(_desks: Desks, _recipient: str, file: Path, _good: dict[str, bytes]) -> Path:
        make(file)
        return file

    return write


def sparse(size: int, head: bytes = b"") -> Callable[[Desks, str, Path, dict[str, bytes]], Path]:
    """A file of which only the length exists."""

    def write(_desks: Desks, _recipient: str, file: Path, _good: dict[str, bytes]) -> Path:
        with file.open("wb") as out:
            out.write(head)
            out.truncate(size)
        return file

    return write


def plug(file: Path) -> None:
    """The name of a socket."""
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(os.path.relpath(file))


AGE = b"age-encryption.org/v1\n"
STANZA = b"-> X25519 " + b"A" * 43 + b"\n" + b"A" * 43 + b"\n"
MAC = b"--- " + b"A" * 43 + b"\n"
WORK = b"-> scrypt AAAAAAAAAAAAAAAAAAAAAA 60\n" + b"A" * 43 + b"\n"
OTHER = b"../../../../tmp/evil"
CORPUS: dict[str, Callable[[Desks, str, Path, dict[str, bytes]], Path]] = {
    "nothing": bare(b""),
    "noise": bare(os.urandom(5_000)),
    "a header without end": bare(b"age-encryption.org/v1\n" + b"-> X25519 AAAA\nAAAA\n" * 2_000_000),
    "an empty archive": plain(bundle.END),
    "no archive": plain(b"x" * 100_000),
    "parents": plain(archive((tarfile.TarInfo(OTHER.decode()), b"x"))),
    "absolute": plain(archive((tarfile.TarInfo("/etc/cron.d/x"), b"x"))),
    "symlink": plain(link(bundle.MANIFEST, tarfile.SYMTYPE)),
    "hard link": plain(link(bundle.MANIFEST, tarfile.LNKTYPE)),
    "device": plain(link(bundle.MANIFEST, tarfile.CHRTYPE)),
    "pax header": plain(archive((tarfile.TarInfo("x" * 300), b"x"))),
    "a huge manifest": plain(bundle.member(bundle.MANIFEST, 2**33 - 1) + b"{" * 100_000),
    "deep JSON": raw_manifest(b"[" * 1_000_000),
    "deep objects": raw_manifest(b'{"a":' * 500_000),
    "a key twice": raw_manifest(b'{"form":1,"form":1,"kind":"dutydesk.bundle"}'),
    "no UTF-8": raw_manifest(b'{"form":1,"kind":"\xff\xfe"}'),
    "a number of a million digits": raw_manifest(b'{"form":' + b"9" * 1_000_000 + b"}"),
    "a float": raw_manifest(b'{"form":1e400,"kind":"dutydesk.bundle"}'),
    "NaN": raw_manifest(b'{"form":NaN,"kind":"dutydesk.bundle"}'),
    "zip bomb": bomb,
    "a bomb that says so": lied(raw=2**40),
    "more acts than told": lied(acts=3),
    "a count below zero": lied(acts=-1),
    "a member that climbs": lied(parts=[["files/../../x", 1, "00" * 32], [bundle.ACTS, 1, "00" * 32]]),
    "a member with no sum": lied(parts=[[bundle.ACTS, 10, ""]]),
    "no members": lied(parts=[]),
    "parts of another kind": lied(parts={"a": 1}),
    "false sums": lied(parts=[[bundle.ACTS, 10, "00" * 32]]),
    "no ranges but acts": lied(ranges=[]),
    "a sender without keys": lied(**{"from": {}}),
    "acts of another place": lines(lambda text: text.replace(b",1,2,", b",1,7,")),
    "acts in another order": lines(lambda text: b"\n".join(reversed(text.rstrip(b"\n").split(b"\n"))) + b"\n"),
    "an act less": lines(lambda text: text.split(b"\n", 1)[1]),
    "an act more": lines(lambda text: text + text),
    "no line's end": lines(lambda text: text.rstrip(b"\n")),
    "a line of 5 MiB": lines(lambda text: b"x" * (5 * 2**20) + text),
    "a deep line": lines(lambda text: b"[" * 1_000_000 + b"\n" + text),
    "no JSON": lines(lambda text: b"x" + text),
    "another text": lines(lambda text: text.replace("二".encode(), "贰".encode())),
    "another author": lines(first_line(put(8, "ff" * 16))),
    "a number beyond": lines(first_line(put(5, 2**70))),
    "a float in the act": lines(first_line(put(5, 1.5))),
    "a lone surrogate": lines(first_line(put(11, "\ud800"))),
    "NUL in a name": lines(first_line(put(9, "a\0b"))),
    "a body with a key twice": lines(first_line(put(11, '{"changes":[],"changes":[]}'))),
    "a deep body": lines(first_line(put(11, "[" * 100_000))),
    "personal data of nobody": lines(first_line(put(15, [[499, "00", "{}"]]))),
    # -- the envelope
    "thousands of receivers": bare(AGE + STANZA * 2_000 + MAC + bytes(5_000)),
    "as many receivers as a header holds": bare(AGE + STANZA * 600 + MAC + bytes(5_000)),
    "a password of 2^60 rounds": bare(AGE + WORK + MAC + bytes(5_000)),
    "a password beside a key": bare(AGE + STANZA + WORK + MAC + bytes(5_000)),
    "by a password": bare(pyrage.passphrase.encrypt(b"x" * 1_000, "1")),
    "a receiver of a kind unknown": bare(AGE + b"-> grease " + b"x " * 20_000 + b"\n\n" + MAC + bytes(5_000)),
    "a line of 60 KiB in the header": bare(AGE + b"-> X25519 " + b"A" * 60_000 + b"\n" + MAC),
    "NUL in the header": bare(AGE + b"-> X25519 \0\n\0\n" + MAC),
    "1 TB of which nothing exists": sparse(2**40),
    "3.9 GB of which nothing exists": sparse(2**32 - 2**20, AGE + STANZA + MAC),
    # -- no file at all
    "a folder": at(Path.mkdir),
    "a pipe": at(os.mkfifo),
    "a socket": at(plug),
    "a link to a device": at(lambda file: file.symlink_to("/dev/zero")),
    "a link to a terminal": at(lambda file: file.symlink_to("/dev/ptmx")),
    "a link to a pipe": at(lambda file: (os.mkfifo(f"{file}.pipe"), file.symlink_to(f"{file}.pipe"))),
    # -- the archive
    "a member twice": appended(bundle.member(bundle.MANIFEST, 1) + b"{" + bundle.padding(1)),
    "a member too many": appended(bundle.member("x", 1) + b"x" + bundle.padding(1) + bundle.END),
    "something after the end": appended(bundle.END + bytes(512) + b"x" * 5_000),
    "zeros without end": appended(bytes(2**24)),
    "no end": appended(b""),
    "a size below zero": plain(bundle.member(bundle.MANIFEST, 1)[:124] + b"\xff" * 12 + bytes(376)),
    "a size of 2^80": plain(bundle.member(bundle.MANIFEST, 1)[:124] + b"\x80\x01" + bytes(10) + bytes(376)),
    "a header with a wrong sum": plain(bundle.member(bundle.MANIFEST, 1)[:-364] + b"x" * 364),
    # -- the manifest
    "a key twice, deep": text(b'"code":', b'"code":"","code":'),
    "NUL in the manifest": text(b'"program":"', b'"program":"\\u0000'),
    "raw NUL in the manifest": text(b'"program":"', b'"program":"\0'),
    "a lone surrogate in the manifest": text(b'"program":"', b'"program":"\\ud800'),
    "text that runs backwards": text(b'"program":"', '"program":"\u202e'.encode()),
    "overlong UTF-8 in the manifest": text(b'"program":"', b'"program":"\xc0\xaf'),
    "encoded surrogates in the manifest": text(b'"program":"', b'"program":"\xed\xa0\x80'),
    "minus infinity": text(b'"made_at":', b'"made_at":-Infinity,"x":'),
    "a year of 10^4": text(b'"made_at":', b'"made_at":99999999999999999999,"x":'),
    "true for a number": text(b'"raw":', b'"raw":true,"x":'),
    "a million small objects": raw_manifest(b"[" + b'{"":0},' * 590_000 + b"0]"),
    "a million empty lists": raw_manifest(b"[" + b"[]," * 1_390_000 + b"0]"),
    "a string of 4 MiB of escapes": raw_manifest(b'{"a":"' + b"\\u0041" * 690_000 + b'"}'),
    "nine thousand unknown chains": many_ranges,
    "sums in capitals": lied(parts=[[bundle.ACTS, 10, "AB" * 32]]),
    "names that differ in case": lied(parts=[["FILES/" + "ab" * 32, 1, "ab" * 32], [bundle.ACTS, 1, "00" * 32]]),
    "a name of Windows": lied(parts=[["files\\..\\x", 1, "ab" * 32], [bundle.ACTS, 1, "00" * 32]]),
    "ranges that overlap themselves": lied(ranges=[["ab" * 16, 1, 5, 1, "00" * 32, "00" * 32, []]]),
    # -- the acts
    "rubbish that packs well": lambda desks, recipient, file, good: forged(
        desks[1], recipient, file, good, lines=b"x" * 90_000 + b"\n" + unpacked(good), level=9
    ),
    "gzip in gzip": nested,
    "two gzip members": packed(lambda raw: gzip.compress(raw) + gzip.compress(raw)),
    "ten thousand gzip members": packed(lambda raw: gzip.compress(b"") * 10_000),
    "zstd": packed(lambda raw: b"\x28\xb5\x2f\xfd" + raw),
    "a gzip name of 8 MiB": packed(lambda raw: b"\x1f\x8b\x08\x08" + bytes(6) + b"x" * 2**23),
    "gzip cut short": packed(lambda raw: gzip.compress(raw)[:-9]),
    "gzip with a wrong sum": packed(lambda raw: gzip.compress(raw)[:-8] + bytes(8)),
    "only line ends": lines(lambda raw: b"\n" * (4 * 2**20)),
    "a million digits in an act": lines(lambda raw: raw.replace(b",1,2,", b",1," + b"2" * 1_000_000 + b",", 1)),
    "NaN in an act": lines(lambda raw: raw.replace(b",1,2,", b",1,NaN,", 1)),
    "overlong UTF-8 in an act": lines(lambda raw: raw.replace("二".encode(), b"\xc0\xaf")),
    "NUL in an act": lines(lambda raw: raw.replace("二".encode(), b"\0")),
    "a number with a point": lines(lambda raw: raw.replace(b",1,2,", b",1,2.0,", 1)),
    "deep objects in a body": lines(first_line(put(11, '{"a":' * 40_000))),
    "a key twice deep in a body": lines(first_line(put(11, '{"changes":[{"set":{"a":1,"a":2}}]}'))),
    "a body of a million digits": lines(first_line(put(11, '{"changes":' + "9" * 200_000 + "}"))),
    "capital hex": lines(first_line(put(1, "AB" * 16))),
    "a climb in a name": lines(first_line(put(9, OTHER.decode()))),
    "500 personal rows": lines(first_line(put(15, [[n, "00", "x" * 1_000] for n in range(500)]))),
    "501 personal rows": lines(first_line(put(15, [[n, "00", "x"] for n in range(501)]))),
}  # fmt: skip


@pytest.fixture(scope="module")
def told(desks: Desks, recipient: str, good: dict[str, bytes]) -> dict[str, dict[str, Any]]:
    """What became of every file of the corpus, one after the other in one process of `BYTES` of address space: what
    each would need alone it needs there at most. The stick is no file system with rules: pipes and links come, too."""
    folder = desks.stick / "corpus"
    folder.mkdir()
    names: dict[str, Path] = {}
    for n, (name, make) in enumerate(CORPUS.items()):
        names[name] = make(desks, recipient, folder / f"DD-x-{n}.ddb", good)
    run = subprocess.run(
        [sys.executable, "-m", "tests.sync.limited", str(desks[2].home.root), str(BYTES)],
        input="\n".join(str(path) for path in names.values()),
        capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    found = [json.loads(line) for line in run.stdout.splitlines()]
    assert len(found) == len(names), run.stderr[-2_000:]
    return dict(zip(names, found, strict=True))


@pytest.mark.parametrize("name", CORPUS)
def test_refused_in_words_quickly_and_in_little_memory(name: str, told: dict[str, dict[str, Any]]) -> None:
    one = told[name]
    assert one["state"] in ("TAMPERED", "PARTLY", "FOREIGN"), one
    assert one["reason"]
    assert one["seconds"] < SECONDS
    assert one["peak"] <= BYTES
    assert one["applied"] == 0
    assert one["inbox"] == []
    assert not Path("/tmp/evil").exists()


def test_a_signature_of_somebody_else(desks: Desks, recipient: str, good: dict[str, bytes], tmp_path: Path) -> None:
    file = forged(desks[3], recipient, tmp_path / "a.ddb", good)
    assert bundlein.take(desks[2], file).state == "TAMPERED"


def test_a_known_desk_cannot_speak_for_another(
    desks: Desks, recipient: str, good: dict[str, bytes], tmp_path: Path
) -> None:
    """Desk 3 is trusted to send; what it says that desk 1 wrote, desk 1 must have sealed."""
    told = json.loads(good[bundle.MANIFEST])
    seals = told["ranges"][0][6]
    seals[0][2] = "00" * 64
    sender = bundlekeys.own_card(desks[3]).plain()
    file = forged(desks[3], recipient, tmp_path / "a.ddb", good, ranges=told["ranges"], **{"from": sender})
    taken = bundlein.take(desks[2], file)
    assert (taken.state, taken.applied) == ("PARTLY", 0)
    assert "签名不符" in taken.reason


@settings(max_examples=EXAMPLES)
@given(st.data())
def test_any_altered_byte_is_noticed(data: st.DataObject) -> None:
    desks, whole = _sample()
    at = data.draw(st.integers(0, len(whole) - 1))
    altered = bytearray(whole)
    match data.draw(st.sampled_from(("flip", "cut", "insert", "drop"))):
        case "flip":
            altered[at] ^= data.draw(st.integers(1, 255))
        case "cut":
            del altered[at:]
        case "insert":
            altered[at:at] = data.draw(st.binary(min_size=1, max_size=30))
        case _:
            del altered[at : at + data.draw(st.integers(1, 400))]
    file = desks.stick / "altered.ddb"
    file.write_bytes(bytes(altered))
    before = d.ask(desks[2], "SELECT count(*) FROM act")
    taken = bundlein.take(desks[2], file)
    assert taken.state in BAD or bytes(altered) == whole
    assert d.ask(desks[2], "SELECT count(*) FROM act") == before or bytes(altered) == whole


@settings(max_examples=EXAMPLES)
@given(st.data())
def test_any_altered_act_is_set_aside(data: st.DataObject) -> None:
    """Mutated inside, under a true signature and right sums: never a crash, never an act that was not so written."""
    desks, _whole = _sample()
    good = _GOOD["members"]
    text = bytearray(unpacked(good))
    for _n in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text) - 1))
        text[at : at + data.draw(st.integers(0, 5))] = data.draw(
            st.one_of(st.binary(max_size=6), st.sampled_from([b'"', b"\\u005f", b"[", b"null", b"-1", b"1e9", b"{}"]))
        )
    recipient = bundlekeys.own_card(desks[2]).recipient
    file = forged(desks[1], recipient, desks.stick / "inside.ddb", good, lines=bytes(text))
    try:
        taken = bundlein.take(desks[2], file)
    except DutyDeskError as error:
        pytest.fail(str(error))
    assert taken.applied == 0 or bytes(text) == unpacked(good)
    for act, _personal in wire.unpack_all(unpacked(good).splitlines(keepends=True)):
        held = d.ask(desks[2], "SELECT hash FROM act WHERE act_id = ?", act.act_id)
        assert held in ([], [(act.hash,)])


_GOOD: dict[str, dict[str, bytes]] = {}
_MADE: list[tuple[Desks, bytes]] = []


def _sample() -> tuple[Desks, bytes]:
    """Two desks for all examples; what one takes in by chance it has."""
    return _MADE[0]


@pytest.fixture(scope="module", autouse=True)
def _two() -> Iterator[None]:
    with d.quick_folder() as folder:
        desks = Desks(folder, 2)
        desks.write(1, "一", "二")
        (file,) = desks.send(1, 2)
        _GOOD["members"] = opened(desks[2], file)
        _MADE.append((desks, file.read_bytes()))
        yield
        _MADE.clear()
        desks.close()
