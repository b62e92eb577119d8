"""F4, F10, F11, F12 for sync: killed at every named step, the line cut at any byte, silent, deaf; the hub's server
killed in the midst of a transaction. The oracle is always the same: what was acknowledged is there, the record
verifies, nothing is there twice, and the next run brings everybody into step.

The short form takes a sample of the places; `DUTYDESK_FAULTS=full` takes every byte.
"""

from __future__ import annotations

import os
import random
import re
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

import pytest

from dutydesk.core import crashpoint
from dutydesk.core.errors import Unavailable
from dutydesk.core.ids import CLI
from dutydesk.journal import attachments
from dutydesk.sync import blobs, protocol, pulling
from dutydesk.sync import hub as h
from tests import tally
from tests.journal import desks as d
from tests.sync.fleet import Fleet
from tests.sync.proxy import Fault, Proxy

FULL = os.environ.get("DUTYDESK_FAULTS") == "full"
PUSH_STEPS = (
    "blob.sent", "push.begun", "push.acts", "push.before-commit", "push.committed", "push.ended", "push.acknowledged",
    "sync.before-verify", "verify.witnessed",
)  # fmt: skip
PULL_STEPS = ("blob.fetched", "pull.received", "pull.applied")


def killed_at(fleet: Fleet, name: str, place: str) -> bool:
    """Run a sync of a closed desk in a process of its own that dies at a step; whether it came there."""
    child = os.fork()
    if child == 0:
        try:
            os.environ[crashpoint.VARIABLE] = place
            fleet.open(name)
            fleet.sync(name)
        finally:
            os._exit(9)
    _pid, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def attach(store: d.Store, content: bytes) -> None:
    """An entry with an attached file, whose hash stands in a field that is named like one."""
    name = attachments.keep(store.home, content)
    store.act("test", [d.new("log", {"text": f'"samples_sha256":"{name}"'})], by=CLI)


@pytest.fixture
def named_in_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The toy ledgers have no field for a hash: take it from a text."""
    monkeypatch.setattr(blobs, "_NAMED", re.compile(rb'sha256\\":\\"([0-9a-f]{64})'))


@pytest.mark.usefixtures("named_in_texts")
def test_a_kill_at_any_step_costs_nothing(fleet: Fleet) -> None:
    fleet.add(1)
    fleet.add(2)
    acknowledged: set[bytes] = set()
    for turn, place in enumerate((*PUSH_STEPS, *PULL_STEPS, "push.acts:2", "pull.applied:2")):
        pulls = place.startswith("pull") or place == "blob.fetched"
        writer, victim = (2, 1) if pulls else (1, 1)
        acknowledged |= {fleet.write(writer, f"{place} {n}") for n in range(3)}
        if ":" in place:
            acknowledged |= {fleet.write(writer, "甲" * 80_000) for _n in range(6)}  # more than one transaction
            if pulls:
                acknowledged |= {fleet.write(writer, str(n)) for n in range(2_100)} if FULL else set()
        attach(fleet.stores[str(writer)], f"{place}".encode() * 1_000)
        if pulls:
            fleet.sync(2)
        fleet.close_desk(str(victim))
        reached = killed_at(fleet, str(victim), place)
        assert reached or (place == "pull.applied:2" and not FULL), place
        fleet.open(str(victim))
        if turn % 4 == 3 or FULL:
            fleet.settle(1, 2)
            fleet.check(1, 2)
        else:
            assert fleet.sync(victim).waiting == 0
    assert fleet.settle(1, 2)[-1].ok
    fleet.check(1, 2)
    assert acknowledged <= fleet.acts(1) & fleet.acts(2)


@pytest.mark.parametrize("place", ["epoch.before", "epoch.opened", "fork.taken", "fork.given"])
def test_a_kill_while_an_epoch_changes_costs_nothing(fleet: Fleet, place: str) -> None:
    fleet.add(1)
    fleet.write(1, "共同")
    fleet.sync(1)
    fleet.close_desk("1")
    fleet.copy("1", "1-other")
    fleet.open("1")
    theirs = {fleet.write(1, "原机")}
    fleet.sync(1)
    mine: set[bytes] = set()
    if place.startswith("fork"):
        other = fleet.open("1-other")
        mine.add(other.act("test", [d.new("log", {"text": "克隆"})], by=CLI).act_id)
        fleet.close_desk("1-other")
    assert killed_at(fleet, "1-other", place)
    other = fleet.open("1-other")
    for _again in range(2):
        fleet.sync("1-other")
    assert other.config.epoch == 2
    kept = {act for (act,) in d.ask(other, "SELECT act_id FROM quarantine")}
    assert theirs | mine <= fleet.acts("1-other") | kept
    fleet.check("1-other")
    assert fleet.hub_rows("SELECT count(*) FROM quarantine") == [(len(mine),)]


@pytest.fixture
def line(fleet: Fleet) -> Iterator[Proxy]:
    with Proxy(fleet.server.port) as made:
        yield made


def test_a_line_cut_at_any_byte_costs_nothing(fleet: Fleet, line: Proxy) -> None:
    fleet.add(1)
    fleet.add(2)
    port = line.port
    acknowledged = {fleet.write(1, "量一量"), fleet.write(2, "量一量")}
    for name in (2, 1):
        fleet.sync(name)
    line.fail(Fault())
    acknowledged |= {fleet.write(1, "量一量"), fleet.write(2, "量一量")}
    fleet.sync(2)
    fleet.sync(1, port=port)
    whole = tuple(line.passed)
    rng = random.Random(7)
    failed = 0
    for way in (0, 1):
        places = range(whole[way]) if FULL else sorted(rng.sample(range(whole[way]), 18))
        for place in places:
            acknowledged |= {fleet.write(1, f"{way} {place}"), fleet.write(2, f"{way} {place}")}
            fleet.sync(2)
            torn = bool(place % 2)
            line.fail(Fault(up=place, reset=torn) if way == 0 else Fault(down=place, reset=torn))
            try:
                fleet.sync(1, port=port)
            except Unavailable:
                failed += 1
            line.fail(Fault())
    assert failed > 18, "the cuts were met"
    fleet.settle(1, 2)
    fleet.check(1, 2)
    assert acknowledged <= fleet.acts(1) & fleet.acts(2)
    assert fleet.lost(1, 2) == []
    assert fleet.hub_rows("SELECT count(*) FROM act") == [(len(fleet.acts(1)),)]
    tally.tell("F10 bytes", up=whole[0], down=whole[1], failed=failed, acts=len(fleet.acts(1)))


def test_an_acknowledgement_that_is_lost_is_asked_for_again(fleet: Fleet, line: Proxy) -> None:
    store = fleet.add(1)
    written = [fleet.write(1, str(n)) for n in range(3)]
    line.fail(Fault(swallow=b"COMMIT"))
    with pytest.raises(Unavailable, match="断了"):
        fleet.sync(1, port=line.port)
    assert fleet.hub_rows("SELECT count(*) FROM act") == [(4,)], "the hub has them"
    assert protocol.waiting(store) == 4, "and this desk does not claim it"
    line.fail(Fault())
    report = fleet.sync(1, port=line.port)
    assert (report.ok, report.pushed) == (True, 0)
    assert protocol.waiting(store) == 0
    assert set(written) <= {bytes(act) for (act,) in fleet.hub_rows("SELECT act_id FROM act")}


def soon_let_go(fleet: Fleet) -> None:
    """A login whose half-done work the server drops after a moment, instead of the minute of `Hub.enrol`."""
    login = f"{fleet.database}_d1"
    ((held,),) = fleet.hub_rows(f"SELECT rolconfig[1] FROM pg_roles WHERE rolname = '{login}'")
    assert held == "idle_in_transaction_session_timeout=60s"
    fleet.server.execute("postgres", f"ALTER ROLE {login} SET idle_in_transaction_session_timeout = '200ms'")


def test_a_desk_that_falls_silent_while_it_sends_holds_nobody_up(fleet: Fleet, line: Proxy) -> None:
    """Its half of a message is all that the hub has: the counter is not locked yet."""
    fleet.add(1)
    fleet.add(2)
    fleet.sync(1)
    fleet.write(1, "甲" * 60_000)
    line.fail(Fault(up=60_000, hang=True))
    stuck = threading.Thread(target=_ignore, args=(fleet, line.port))
    stuck.start()
    try:
        deadline = time.monotonic() + 10
        while line.passed[0] < 60_000:
            assert time.monotonic() < deadline
            os.sched_yield()
        assert fleet.sync(2, patience=2).ok
    finally:
        stuck.join()


def _ignore(fleet: Fleet, port: int) -> None:
    with suppress(Unavailable):
        fleet.sync(1, port=port, patience=3)


@pytest.mark.parametrize("fault", [Fault(up=40), Fault(up=2_500), Fault(swallow=b"INSERT INTO seal")])
def test_a_line_that_falls_silent_is_given_up(
    fleet: Fleet, line: Proxy, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(h, "CONNECT_SECONDS", 2)
    fleet.add(1)
    fleet.write(1, "甲" * 2_000)
    soon_let_go(fleet)
    line.fail(replace(fault, hang=True))
    with pytest.raises(Unavailable):
        fleet.sync(1, port=line.port, patience=0.3)
    assert fleet.sync(1).ok


def test_a_silent_line_is_let_go_when_the_user_has_had_enough(fleet: Fleet, line: Proxy) -> None:
    fleet.add(1)
    fleet.write(1, "甲" * 2_000)
    soon_let_go(fleet)
    line.fail(Fault(up=2_500, hang=True))
    asked: list[int] = []

    def cancel() -> bool:
        asked.append(1)
        return len(asked) > 8

    with pytest.raises(protocol.Cancelled):
        fleet.sync(1, port=line.port, cancel=cancel)
    assert fleet.sync(1).ok


@pytest.mark.parametrize("place", ["push.begun", "push.acts", "push.before-commit", "push.committed", "pull.received"])
def test_a_hub_that_is_killed_amid_a_transaction_loses_nothing_it_acknowledged(
    fleet: Fleet, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet.add(1)
    fleet.add(2)
    acknowledged = {fleet.write(1, "之前"), fleet.write(2, "之前")}
    fleet.sync(2)
    fleet.server.execute("postgres", "CHECKPOINT")
    crashed: list[str] = []

    def crash(name: str) -> None:
        if name == place and not crashed:
            crashed.append(name)
            fleet.server.crash()

    with monkeypatch.context() as patch:
        patch.setattr(h, "step", crash)
        patch.setattr(protocol, "step", crash)
        patch.setattr(pulling, "step", crash)
        with pytest.raises(Unavailable):
            fleet.sync(1)
    assert crashed == [place]
    with pytest.raises(Unavailable, match="连不上"):
        fleet.sync(1)
    fleet.server.start()
    fleet.settle(1, 2)
    fleet.check(1, 2)
    assert acknowledged <= fleet.acts(1) & fleet.acts(2)
