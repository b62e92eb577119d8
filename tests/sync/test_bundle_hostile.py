"""F19, F21: hostile bundles. Whatever comes is refused or set aside in words, quickly and in little memory; the record
is as it was. Most are signed by a desk that is known here: without that nothing but the manifest is ever looked at."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dutydesk.core.errors import DutyDeskError
from dutydesk.sync import bundle, bundleheld, bundlein, bundlekeys, wire
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
}  # fmt: skip


@pytest.mark.parametrize("name", CORPUS)
def test_refused_in_words(name: str, desks: Desks, recipient: str, good: dict[str, bytes], tmp_path: Path) -> None:
    file = CORPUS[name](desks, recipient, tmp_path / "DD-x-1.ddb", good)
    before = d.ask(desks[2], "SELECT desk, epoch, seq FROM frontier ORDER BY 1")
    start = time.monotonic()
    taken = bundlein.take(desks[2], file)
    assert time.monotonic() - start < SECONDS
    assert taken.state in ("TAMPERED", "PARTLY"), taken.reason
    assert taken.reason
    assert d.ask(desks[2], "SELECT desk, epoch, seq FROM frontier ORDER BY 1") == before
    assert not Path("/tmp/evil").exists()
    assert list(bundleheld.inbox_of(desks[2]).glob("*")) == []


@pytest.mark.parametrize("name", ["zip bomb", "deep JSON", "a line of 5 MiB"])
def test_refused_in_256_mib(name: str, desks: Desks, recipient: str, good: dict[str, bytes], tmp_path: Path) -> None:
    """The same in a process that gets no more memory, and the file itself is not read into it either."""
    file = CORPUS[name](desks, recipient, tmp_path / "DD-x-1.ddb", good)
    limited = (
        "import resource, sys\n"
        f"resource.setrlimit(resource.RLIMIT_AS, ({BYTES}, {BYTES}))\n"
        "from pathlib import Path\n"
        "from dutydesk.core.paths import Home\n"
        "from dutydesk.sync import bundlein\n"
        "from tests.journal import desks as d\n"
        "with d.Store.open(Home(Path(sys.argv[1])), d.FULL, d.FixedClock(d.EVENING)) as store:\n"
        "    print(bundlein.take(store, Path(sys.argv[2])).state)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", limited, str(desks[2].home.root), str(file)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert run.stdout.split() == ["TAMPERED"], run.stderr[-2_000:]


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
