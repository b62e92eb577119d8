"""F20: killed at every named step of an export and an import, the stick pulled. A half-written file has never the name
of a bundle; what was taken in is in the record, and the next import or look at `inbox/` finishes the rest."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dutydesk.core import crashpoint
from dutydesk.core.errors import Unavailable
from dutydesk.sync import bundleheld, bundlein, bundlekeys, bundlelook, bundleout
from tests.journal import desks as d
from tests.sync.bundling import Desks

OUT = ("bundle.planned", "bundle.written", "bundle.verified", "bundle.noted-out", "bundle.renamed", "bundle.done")
IN = ("bundle.copied", "bundle.checked", "bundle.files", "bundle.applied", "bundle.applied:2", "bundle.noted")


@pytest.fixture
def desks() -> Iterator[Desks]:
    with d.quick_folder() as folder:
        made = Desks(folder, 2)
        yield made
        made.close()


def killed(desks: Desks, n: int, place: str, work: Callable[[d.Store], object]) -> bool:
    """Do something with a desk in a process of its own that dies at a step; whether it came there."""
    desks[n].close()
    child = os.fork()
    if child == 0:
        try:
            os.environ[crashpoint.VARIABLE] = place
            desks.open(n)
            work(desks[n])
        finally:
            os._exit(9)
    _pid, status = os.waitpid(child, 0)
    desks.open(n)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def test_a_kill_while_writing_leaves_whole_bundles_or_none(desks: Desks) -> None:
    for place in OUT:
        desks.write(1, place)
        assert killed(desks, 1, place, lambda store: bundleout.export(store, desks.stick, "第2席")), place
        for file in desks.stick.glob("*.ddb"):
            bundlelook.peek(desks[2], file)
            assert desks.take(2, file)[0].ok
            file.unlink()
    for file in desks.send(1, 2):
        desks.take(2, file)
    assert list(desks.stick.glob(".*")) == []
    assert desks.acts(1) <= desks.acts(2)


def test_a_kill_while_taking_in_costs_nothing(desks: Desks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundleout, "SEAL_EVERY", 3)
    for place in IN:
        told = desks.write(1, *[f"{place} {n}" for n in range(8)])
        (file,) = desks.send(1, 2)
        assert killed(desks, 2, place, lambda store, file=file: bundlein.take(store, file)), place
        file.unlink()  # the stick is gone, too: what was copied is finished from the copy
        bundlein.retry(desks[2])
        assert set(told) <= desks.acts(2), place
        assert list(bundleheld.inbox_of(desks[2]).iterdir()) == [], place
        desks.exchange(2, 1)
    desks.check(1, 2)


def test_the_stick_is_pulled_while_it_is_read(desks: Desks, monkeypatch: pytest.MonkeyPatch) -> None:
    desks.write(1, "一")
    (file,) = desks.send(1, 2)

    def pulled(*_given: object) -> Path:
        raise Unavailable("读不了")

    with monkeypatch.context() as patch:
        patch.setattr(bundlein, "copy", pulled)
        with pytest.raises(Unavailable):
            desks.take(2, file)
    assert len(desks.acts(2)) == 1
    assert desks.take(2, file)[0].state == "DONE"


@pytest.mark.parametrize("change", ["another", "cut", "gone"])
def test_the_file_changes_while_it_is_read(change: str, desks: Desks, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the first look and the copy somebody puts another one in its place."""
    desks.write(1, "一")
    first, second = [desks.send(1, 2)[0] for _n in range(2)]
    copied = bundlein.copy

    def swapped(store: d.Store, path: Path, *rest: Any) -> Path:
        match change:
            case "another":
                path.write_bytes(second.read_bytes())
            case "cut":
                path.write_bytes(path.read_bytes()[:-100])
            case _:
                path.unlink()
        return copied(store, path, *rest)

    monkeypatch.setattr(bundlein, "copy", swapped)
    if change == "gone":
        with pytest.raises(Unavailable, match="拔掉"):
            desks.take(2, first)
    else:
        (taken,) = desks.take(2, first)
        assert (taken.state, taken.applied) == ("TAMPERED", 0)
        assert "没有收下" in taken.reason
    assert len(desks.acts(2)) == 1
    assert list(bundleheld.inbox_of(desks[2]).iterdir()) == []


def test_somebody_stops_it(desks: Desks) -> None:
    desks.write(1, "一")
    with pytest.raises(bundleout.Stopped):
        desks.send(1, 2, cancel=lambda: True)
    assert list(desks.stick.iterdir()) == []
    (file,) = desks.send(1, 2)
    calls = iter(range(100))
    with pytest.raises(bundleout.Stopped):
        desks.take(2, file, cancel=lambda: next(calls) > 1)
    assert list(bundleheld.inbox_of(desks[2]).iterdir()) == []
    assert desks.take(2, file)[0].state == "DONE"


def test_what_waits_lies_there_encrypted() -> None:
    """What waits in `inbox/` is encrypted as it came."""
    with d.quick_folder() as folder:
        desks = Desks(folder, 2)
        desks.write(1, "机密的一句")
        desks.send(1, 2)
        desks.write(1, "又一句")
        (later,) = desks.send(1, 2, since=bundleout.SINCE_LAST)
        assert desks.take(2, later)[0].state == "WAITING"
        (kept,) = bundleheld.inbox_of(desks[2]).iterdir()
        assert kept.read_bytes() == later.read_bytes()
        assert "机密".encode() not in kept.read_bytes()
        assert bundlekeys.identity(desks[2]).startswith("AGE-SECRET-KEY-1")
        desks.close()
