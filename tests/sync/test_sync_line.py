"""F10, F11: a line that breaks within or between any two messages, torn, closed or silent, in both directions; answers
that are lost, late or come to a desk that asks twice. After each the desk claims no more than the hub has; at the end
every acknowledged act is everywhere byte for byte, once, and everybody shows the same.

The short form takes a sample of the places, `DUTYDESK_FAULTS=full` all of them.
"""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import pytest

from dutydesk.core.errors import Unavailable
from dutydesk.core.ids import CLI
from dutydesk.core.paths import Home
from dutydesk.journal.desk import Desk, Me
from dutydesk.journal.store import Store
from dutydesk.sync import hub as h
from dutydesk.sync import protocol, record, seals
from dutydesk.sync.hub import Batch, Forked, Hub
from tests import tally
from tests.journal import desks as d
from tests.sync.fleet import PASSWORD, Fleet
from tests.sync.proxy import Fault, Proxy

FULL = os.environ.get("DUTYDESK_FAULTS") == "full"
CLOSED, TORN, SILENT = Fault(), Fault(reset=True), Fault(hang=True)
STATEMENTS = (
    b"BEGIN",
    b"INSERT INTO act",
    b"INSERT INTO personal",
    b"INSERT INTO seal",
    b"INSERT INTO witness",
    b"COMMIT",
)


@pytest.fixture
def line(fleet: Fleet) -> Iterator[Proxy]:
    with Proxy(fleet.server.port) as made:
        yield made


@pytest.fixture
def quick(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> Fleet:
    """Two desks in step whose lines are given up soon."""
    monkeypatch.setattr(h, "CONNECT_SECONDS", 2)
    for n in (1, 2):
        fleet.add(n)
        fleet.write(n, "开头")
    fleet.settle(1, 2)
    return fleet


def let_go_after(fleet: Fleet, silence: str, work: str) -> None:
    """How long the server keeps half-done work of desk 1 when it says nothing; a minute and ten in real life. The proxy
    keeps its lines alive for TCP, so that the last bound has to do what the probes do for a machine that is gone."""
    for bound, span in (("idle_in_transaction_session_timeout", silence), ("transaction_timeout", work)):
        fleet.server.execute("postgres", f"ALTER ROLE {fleet.database}_d1 SET {bound} = '{span}'")


def places(seen: tuple[list[bytes], list[bytes]]) -> list[tuple[Fault, tuple[int, int, int]]]:
    """Where lines break: before the first byte of each message, after it, before its last, and anywhere within."""
    rng = random.Random(10)
    found = [
        (how, (way, message, offset))
        for way, how in product((0, 1), (CLOSED, TORN, SILENT))
        for message, size in enumerate(map(len, seen[way]))
        for offset in sorted({0, 1, size - 1, rng.randrange(size)} if how is not SILENT else {0, rng.randrange(size)})
    ]
    if FULL:
        return found
    loud = [each for each in found if each[0] is not SILENT]
    return rng.sample(loud, 16) + rng.sample([each for each in found if each[0] is SILENT], 2)


def claims(fleet: Fleet, n: int) -> None:
    """What the desk believes to be delivered is at the hub."""
    store = fleet.stores[str(n)]
    ((there,),) = fleet.hub_rows(f"SELECT max(seq) FROM act WHERE desk = '\\x{store.config.desk}'")
    assert store.position()[0] - protocol.waiting(store) <= int(str(there))


def test_a_line_that_breaks_at_any_message_costs_nothing(quick: Fleet, line: Proxy) -> None:
    let_go_after(quick, "300ms", "2s")
    for n in (2, 1):
        quick.write(n, "量一量")
    quick.sync(2)
    line.fail(Fault())
    quick.sync(1, port=line.port)
    tried = places(line.seen)
    assert min(map(len, line.seen)) > 20, "a run is cut into its messages"
    failed = 0
    for count, (how, at) in enumerate(tried):
        for n in (2, 1):
            quick.write(n, f"{at} {n}")
        quick.sync(2, patience=30)
        line.fail(replace(how, at=at))
        try:
            quick.sync(1, port=line.port, patience=0.3 if how.hang else 30)
        except Unavailable:
            failed += 1
        claims(quick, 1)
        if FULL and count % 200 == 0:
            line.fail(Fault())
            quick.settle(1, 2)
            quick.check(1, 2)
    assert line.broken >= len([how for how, _at in tried if not how.hang]) * 9 // 10, "the lines were broken"
    assert failed > len(tried) // 2
    tally.tell("F10 messages", cuts=len(tried), broken=line.broken, failed=failed, acts=len(quick.acts(1)))
    line.fail(Fault())
    let_go_after(quick, "60s", "60s")
    quick.settle(1, 2)
    quick.check(1, 2)
    assert quick.lost(1, 2) == []
    assert quick.hub_rows("SELECT count(*) FROM act") == [(len(quick.acts(1)),)]


@pytest.mark.parametrize("word", STATEMENTS[1:5] if FULL else STATEMENTS[2:3])
def test_a_desk_that_falls_silent_within_a_message_is_not_waited_for(quick: Fleet, line: Proxy, word: bytes) -> None:
    """Where the values of a statement are on their way the server does not count the transaction as idle."""
    let_go_after(quick, "300ms", "2s")
    line.fail(Fault())
    quick.write(1, "量一量")
    quick.sync(1, port=line.port)
    values = 1 + next(n for n, message in enumerate(line.seen[0]) if word in message)
    assert line.seen[0][values][:1] == b"B"
    quick.write(1, "电话断了")
    line.fail(Fault(at=(0, values, 20), hang=True))
    with pytest.raises(Unavailable):
        quick.sync(1, port=line.port, patience=0.3)
    quick.write(2, "别人")
    assert quick.sync(2, patience=30).waiting == 0
    line.fail(Fault())
    let_go_after(quick, "60s", "60s")
    quick.settle(1, 2)
    assert quick.lost(1, 2) == []


def test_how_long_half_done_work_is_kept(fleet: Fleet) -> None:
    fleet.add(1)
    ((held,),) = fleet.hub_rows(f"SELECT rolconfig FROM pg_roles WHERE rolname = '{fleet.database}_d1'")
    assert held == [
        "idle_in_transaction_session_timeout=60s",
        "tcp_keepalives_idle=30s",
        "tcp_keepalives_interval=10s",
        "tcp_keepalives_count=3",
        "transaction_timeout=600s",
    ]


@pytest.mark.parametrize("how", [CLOSED, TORN, SILENT] if FULL else [TORN])
def test_an_answer_that_is_lost_is_asked_for_again(quick: Fleet, line: Proxy, how: Fault) -> None:
    """F11: the hub did what it was asked, and nobody heard; asking again adds nothing."""
    for word in STATEMENTS:
        quick.write(1, "没有回音")
        before = quick.hub_rows("SELECT count(*) FROM act")
        line.fail(replace(how, hang=False, swallow=word))
        with pytest.raises(Unavailable):
            quick.sync(1, port=line.port, patience=0.5)
        held = quick.hub_rows("SELECT count(*) FROM act")
        assert (held != before) == (word == b"COMMIT"), "all of a push or nothing"
        claims(quick, 1)
        line.fail(Fault())
        report = quick.sync(1, port=line.port)
        assert (report.ok, report.pushed, report.waiting) == (True, int(word != b"COMMIT"), 0)
    quick.settle(1, 2)
    quick.check(1, 2)
    assert quick.lost(1, 2) == []
    assert quick.hub_rows("SELECT count(*) FROM act") == [(len(quick.acts(1)),)]


def test_a_slow_line_is_waited_for_and_one_that_is_too_slow_is_not(quick: Fleet, line: Proxy) -> None:
    quick.write(1, "慢")
    line.fail(Fault(delay=30.0 if FULL else 0.4, delayed=b"INSERT INTO act"))
    assert quick.sync(1, port=line.port, **({} if FULL else {"patience": 10})).pushed == 1
    quick.write(1, "太慢")
    line.fail(Fault(delay=2.0 if FULL else 0.8, delayed=b"INSERT INTO act"))
    with pytest.raises(Unavailable):
        quick.sync(1, port=line.port, patience=0.3)
    line.fail(Fault(delay=0.02))
    quick.settle(1, 2)
    quick.check(1, 2)
    assert quick.lost(1, 2) == []


def test_a_desk_on_two_lines_at_once_pushes_once(quick: Fleet, line: Proxy) -> None:
    """The window and the timer of one desk, each with a connection of its own, one of them slow."""
    for entry in range(1_200 if FULL else 30):
        quick.write(1, f"{entry}")
    line.fail(Fault(delay=0.05))
    said: list[object] = []

    def other() -> None:
        with Store.open(Home(quick.folder / "1"), d.FULL, quick.clocks[1]) as store:
            protocol.remember_login(store, quick.url(1, line.port), PASSWORD)
            desk = Desk(store, store.clock, Me(), ())
            said.append(protocol.run(desk, quick.url(1, line.port)).ok)

    second = threading.Thread(target=other)
    second.start()
    for _again in range(4):
        quick.write(1, "同时")
        quick.sync(1)
    second.join()
    assert said == [True]
    quick.settle(1, 2)
    quick.check(1, 2)
    assert quick.lost(1, 2) == []
    assert quick.hub_rows("SELECT count(*) FROM act") == [(len(quick.acts(1)),)]


def test_pushes_that_come_twice_and_in_any_order_are_kept_once(quick: Fleet) -> None:
    """What a push writes does not depend on how often it is asked for, nor on what came before it: too early it is
    refused as a whole, a second time it changes nothing."""
    store = quick.stores["1"]
    after = store.position()[0]
    for entry in range(40 if FULL else 12):
        quick.write(1, f"{entry}")
    at = (store.config.desk_id, store.config.epoch)
    batches: list[Batch] = []
    for start in range(after, store.position()[0], 3):
        parcels = record.parcels(store, at, start, start + 3, 3, 2**20)
        last = parcels[-1][0]
        batches.append(Batch(parcels, seals.make(store, 1, last.seq, last.hash)))
    rng = random.Random(10)
    asked = [n for n in range(len(batches)) for _twice in range(3)]
    rng.shuffle(asked)
    come = 0
    with Hub.connect(quick.url(1), password=PASSWORD) as one, Hub.connect(quick.url(1), password=PASSWORD) as two:
        for n in [*asked, *range(len(batches))]:
            try:
                rng.choice((one, two)).push(batches[n])
                come = max(come, n + 1)
            except Forked:
                assert n > come, "only what comes too early is refused"
            (row,) = quick.hub_rows(f"SELECT count(*), max(seq) FROM act WHERE desk = '\\x{store.config.desk}'")
            assert row == (after + sum(len(batch.parcels) for batch in batches[:come]),) * 2
    assert come == len(batches)
    assert store.act("test", [d.new("log", {"text": "之后"})], by=CLI).seq
    quick.settle(1, 2)
    quick.check(1, 2)
    assert quick.lost(1, 2) == []
