"""F20: the stick is pulled, full, write-protected, lies about its size, or keeps other bytes than it was given, while a
bundle goes out or comes in. On a real file system behind a loop device (`sticks`); what no stick may do: keep half a
bundle under a bundle's name, cost the desk anything, or let the next export leave anything out.
"""

from __future__ import annotations

import os
import random
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dutydesk.core.errors import DutyDeskError, Unavailable
from dutydesk.core.ids import CLI
from dutydesk.journal import attachments, verify
from dutydesk.sync import bundleheld, bundlelook, bundleout, bundlewrite, stick
from tests.faults import sticks
from tests.faults.sticks import MB, Stick
from tests.journal import desks as d
from tests.sync.bundling import Desks

FULL = os.environ.get("DUTYDESK_FAULTS") == "full"
EVERY = ("bundle.planned", "bundle.written", "bundle.verified", "bundle.noted-out", "bundle.renamed")
OUT = EVERY if FULL else ("bundle.written", "bundle.renamed")
MOMENTS = 40 if FULL else 1
"""Places of one export at which the stick is pulled while it is being written, and of one import while it is read."""
CAN = sticks.missing()
pytestmark = pytest.mark.skipif(bool(CAN), reason=CAN or "-")


@pytest.fixture
def desks(monkeypatch: pytest.MonkeyPatch) -> Iterator[Desks]:
    monkeypatch.setattr(bundleout, "_NAMED", re.compile(rb'sha256\\":\\"([0-9a-f]{64})'))
    with d.quick_folder() as folder:
        made = Desks(folder, 2)
        yield made
        made.close()


@pytest.fixture
def medium(desks: Desks) -> Iterator[Stick]:
    """A stick of 16 MB with the desks' ways led onto it."""
    try:
        made = Stick(desks.folder / "usb")
    except RuntimeError as error:
        pytest.skip(str(error))
    desks.stick = made.path
    yield made
    made.close()


def attach(desks: Desks, size: int, seed: int = 1) -> None:
    """An entry with a file that does not pack, so that a bundle is large."""
    name = attachments.keep(desks[1].home, random.Random(seed).randbytes(size))
    desks[1].act("test", [d.new("log", {"text": f'"samples_sha256":"{name}"'})], by=CLI)


def at_step(monkeypatch: pytest.MonkeyPatch, place: str, do: Callable[[], object]) -> None:
    """Do something once when an export comes to a step."""
    left = [place]

    def step(name: str) -> None:
        if name in left:
            left.remove(name)
            do()

    monkeypatch.setattr(bundlewrite, "step", step)


def at_share(stage: str, share: float, do: Callable[[], object]) -> Callable[[str, int, int], None]:
    """Do something once when so much of a stage is done."""
    left = [stage]

    def progress(name: str, done: int, whole: int) -> None:
        if name in left and done >= share * whole:
            left.remove(name)
            do()

    return progress


def whole_or_none(desks: Desks, folder: Path) -> list[Path]:
    """Whatever has a bundle's name is one."""
    files = sorted(folder.glob("*.ddb"))
    for file in files:
        told = bundlelook.peek(desks[2], file)
        bundlelook.walk(desks[2], file, told, lambda _name, _size: bundlelook.Nothing())
    return files


def nothing_is_lost(desks: Desks) -> None:
    """Both records are sound, and one more export brings everything."""
    for n in (1, 2):
        assert verify.verify(desks[n].home, desks[n].schema).ok
    assert all(taken.ok for taken in desks.exchange(1, 2))
    assert desks.acts(1) <= desks.acts(2)
    assert list(bundleheld.inbox_of(desks[2]).iterdir()) == []
    assert list(desks.stick.glob(".*.part")) == []


@pytest.mark.parametrize("place", OUT)
def test_pulled_at_each_step_of_an_export(
    place: str, desks: Desks, medium: Stick, monkeypatch: pytest.MonkeyPatch
) -> None:
    attach(desks, 300_000)
    at_step(monkeypatch, place, medium.pull)
    if place == "bundle.renamed":
        desks.send(1, 2)  # all was synced before: it is there
    else:
        with pytest.raises(Unavailable, match=r"拔|坏"):
            desks.send(1, 2)
    medium.again()
    left = whole_or_none(desks, medium.path)
    assert bool(left) is (place == "bundle.renamed")
    nothing_is_lost(desks)


def test_pulled_while_it_is_written(desks: Desks, medium: Stick) -> None:
    for n in range(MOMENTS):
        attach(desks, 500_000, n)
        with pytest.raises(Unavailable, match=r"拔|坏"):
            desks.send(1, 2, progress=at_share("write", (n + 0.5) / MOMENTS, medium.pull))
        medium.again()
        assert whole_or_none(desks, medium.path) == []
        nothing_is_lost(desks)
        desks.exchange(2, 1)  # tells what has come, so that the next bundle is small again
        for file in medium.path.glob("*.ddb"):
            file.unlink()
        medium.again()  # else the next pull brings them back


def test_the_mount_is_gone_while_it_is_written(desks: Desks, medium: Stick) -> None:
    attach(desks, 500_000)
    with pytest.raises(Unavailable, match=r"拔"):
        desks.send(1, 2, progress=at_share("write", 0.5, medium.vanish))
    assert list(medium.path.iterdir()) == []  # nothing fell into the empty folder beneath
    medium.plug()
    assert whole_or_none(desks, medium.path) == []
    nothing_is_lost(desks)


def test_pulled_while_it_is_read(desks: Desks, medium: Stick) -> None:
    attach(desks, 2 * MB)
    (file,) = desks.send(1, 2)
    for n in range(MOMENTS):
        medium.again()  # what was just written is in the cache, and would be read from there

        def vanish() -> None:
            medium.image.rename(medium.image.with_name("elsewhere"))
            os.truncate(medium.image.with_name("elsewhere"), 64 * 1024)
            drop_cache(file)

        held = medium.image.read_bytes()
        with pytest.raises(Unavailable, match=r"拔|坏"):
            desks.take(2, file, progress=at_share("copy", (n + 0.5) / MOMENTS, vanish))
        assert len(desks.acts(2)) == 1
        assert list(bundleheld.inbox_of(desks[2]).iterdir()) == []
        medium.vanish()
        medium.image.with_name("elsewhere").unlink()
        medium.image.write_bytes(held)
        medium.plug()
    assert [one.state for one in desks.take(2, file)] == ["DONE"]
    nothing_is_lost(desks)


def drop_cache(file: Path) -> None:
    """What the system has read ahead is forgotten: the next byte comes from the medium."""
    handle = os.open(file, os.O_RDONLY)
    try:
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(handle)


def test_pulled_after_it_was_copied(desks: Desks, medium: Stick) -> None:
    attach(desks, 300_000)
    (file,) = desks.send(1, 2)
    (taken,) = desks.take(2, file, progress=at_share("check", 0, medium.vanish))
    assert (taken.state, taken.files) == ("DONE", 1)
    medium.plug()
    nothing_is_lost(desks)


def test_full(desks: Desks, medium: Stick) -> None:
    attach(desks, 300_000)
    ballast = medium.fill()
    with pytest.raises(Unavailable, match=r"空间不足，还差 1 MB"):
        desks.send(1, 2)
    ballast.unlink()
    with pytest.raises(Unavailable, match="介质满了"):  # somebody else copies onto it at the same time
        desks.send(1, 2, progress=at_share("write", 0.4, medium.fill))
    assert sorted(one.name for one in medium.path.iterdir()) == ["ballast", "lost+found"]
    ballast.unlink()
    nothing_is_lost(desks)


def test_write_protected(desks: Desks, medium: Stick, monkeypatch: pytest.MonkeyPatch) -> None:
    attach(desks, 300_000)
    medium.protect(on=True)
    with pytest.raises(Unavailable, match="只读"):
        desks.send(1, 2)
    medium.protect(on=False)
    at_step(monkeypatch, "bundle.verified", lambda: medium.protect(on=True))
    with pytest.raises(Unavailable, match="只读"):
        desks.send(1, 2)
    assert whole_or_none(desks, medium.path) == []
    medium.protect(on=False)
    nothing_is_lost(desks)


def test_a_stick_that_says_it_is_larger_than_it_is(desks: Desks) -> None:
    try:
        medium = Stick(desks.folder / "fake", size=32 * MB, room=3 * MB)
    except RuntimeError as error:
        pytest.skip(str(error))
    good, desks.stick = desks.stick, medium.path
    try:
        attach(desks, 4 * MB)
        with pytest.raises(Unavailable, match=r"满|坏|读回来不一致"):
            desks.send(1, 2)
        assert list(medium.path.glob("*.ddb")) == []
    finally:
        medium.close()
    desks.stick = good
    nothing_is_lost(desks)


def test_a_bit_that_flips_on_the_medium_is_found(desks: Desks, medium: Stick, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's cache still has what was written; the image behind it has not: only the medium's word counts."""
    attach(desks, 300_000)
    cached: list[bool] = []

    def spoil() -> None:
        (file,) = medium.path.glob(".*.part")
        data = file.read_bytes()
        assert medium.spoil(data[100_000:100_064]) == 1
        cached.append(file.read_bytes() == data)

    at_step(monkeypatch, "bundle.written", spoil)
    with pytest.raises(Unavailable, match="读回来不一致"):
        desks.send(1, 2)
    assert cached == [True]  # else this would prove nothing
    assert whole_or_none(desks, medium.path) == []
    nothing_is_lost(desks)


@pytest.mark.parametrize("direct", [True, False])
def test_the_way_back_goes_past_the_cache(direct: bool, medium: Stick, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways of reading back, one where the file system has O_DIRECT and one where it has not."""
    if not direct:
        monkeypatch.delattr(os, "O_DIRECT")
    file = medium.path / "a"
    data = os.urandom(200_000)
    with stick.fresh(file) as out:
        out.write(data)
    before = stick.sum_of(file)
    assert file.read_bytes() == data
    assert medium.spoil(data[5_000:5_064]) == 1
    assert stick.sum_of(file) != before


def test_a_planted_link_is_not_written_through(desks: Desks, medium: Stick, tmp_path: Path) -> None:
    treasure = tmp_path / "treasure"
    treasure.write_text("as it was")
    (medium.path / f".{bundlewrite.prefix(desks[1])}1.ddb.part").symlink_to(treasure)
    desks.write(1, "一")
    desks.exchange(1, 2)
    (medium.path / "mark").symlink_to(treasure)
    stick.write(medium.path / "mark", b"ours")
    assert treasure.read_text() == "as it was"
    assert not (medium.path / "mark").is_symlink()


@pytest.mark.skipif(shutil.which("mkfs.vfat", path="/usr/sbin:/sbin") is None, reason="no mkfs.vfat on this machine")
def test_a_stick_as_they_are_sold(desks: Desks) -> None:
    try:
        medium = Stick(desks.folder / "fat", kind="vfat")
    except RuntimeError as error:
        pytest.skip(str(error))
    desks.stick = medium.path
    try:
        attach(desks, 300_000)
        medium.protect(on=True)
        with pytest.raises(DutyDeskError, match="只读"):
            desks.send(1, 2)
        medium.protect(on=False)
        nothing_is_lost(desks)
    finally:
        medium.close()
