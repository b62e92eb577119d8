"""Pages that are fetched ahead, checked in turn and applied together: as much at a time as others allow, nothing of a
chain beyond what is false, nothing lost where the line breaks."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import pytest

from dutydesk.core.errors import Unavailable
from dutydesk.journal import inbox
from dutydesk.journal import store as stores
from dutydesk.journal.apply import parse_body
from dutydesk.sync import hub as h
from dutydesk.sync import protocol, pulling
from tests.journal import desks as d
from tests.sync.fleet import Fleet


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages of seven acts, batches of five: many of each, and ranges that end within a page."""
    monkeypatch.setattr(pulling, "PAGE", 7)
    monkeypatch.setattr(pulling, "AHEAD", 2)
    monkeypatch.setattr(pulling, "MANY", 10)
    monkeypatch.setattr(protocol, "MOST_ACTS", 5)
    monkeypatch.setattr(h, "MOST_ACTS", 5)


def looked(source: d.Store) -> list[inbox.Looked]:
    parcels = d.acts_of(source, source.config.desk_id)
    return [(act, personal, parse_body(act.body)) for act, personal in parcels]


@pytest.mark.usefixtures("small")
def test_many_pages_bring_what_one_would(fleet: Fleet) -> None:
    for n in (1, 2, 3):
        fleet.add(n)
        for k in range(11 * n):
            fleet.write(n, f"{n} {k}")
    cache = d.ask(fleet.stores["3"], "PRAGMA cache_size")
    reports = fleet.settle(1, 2, 3)
    assert all(report.ok for report in reports)
    fleet.check(1, 2, 3)
    assert d.ask(fleet.stores["3"], "PRAGMA cache_size") == cache, "the room for many acts was given back"


@pytest.mark.usefixtures("small")
def test_nothing_of_a_chain_follows_what_is_false(fleet: Fleet) -> None:
    """The acts of one batch were altered at the hub: those before are taken in, those after are not, fetched ahead or
    not; the other chain comes whole."""
    fleet.add(1)
    fleet.add(2)
    three = fleet.add(3)
    for k in range(40):
        fleet.write(1, str(k))
        fleet.write(2, str(k))
    fleet.sync(1)
    fleet.sync(2)
    fleet.server.execute(
        fleet.database,
        "UPDATE act SET author = 'cli2' WHERE seq = 12 AND desk = (SELECT min(desk) FROM desk)",
    )
    report = fleet.sync(3)
    assert any("签名不符" in alarm for alarm in report.alarms)
    held = d.frontier(three)
    first, second = (fleet.stores[n].config.desk_id for n in "12")
    assert held[second] == 41
    assert held[first] < 12
    assert d.ask(three, "SELECT count(*) FROM act WHERE seq > ? AND desk = ?", held[first], first) == [(0,)]
    assert fleet.sync(3).pulled == 0, "nor the next time"


@pytest.mark.usefixtures("small")
def test_what_came_before_the_line_broke_is_kept(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    fleet.add(1)
    two = fleet.add(2)
    for k in range(40):
        fleet.write(1, str(k))
    fleet.sync(1)
    plain, asked = h.Hub.acts, []

    def acts(self: h.Hub, ranges: Sequence[h.Range]) -> Any:
        asked.append(threading.current_thread())
        if len(asked) == 4:
            raise Unavailable("cut")
        return plain(self, ranges)

    with monkeypatch.context() as patch:
        patch.setattr(h.Hub, "acts", acts)
        with pytest.raises(Unavailable, match="cut"):
            fleet.sync(2)
    assert threading.main_thread() not in asked
    assert not any(thread.is_alive() for thread in asked)
    came = d.frontier(two)[fleet.stores["1"].config.desk_id]
    assert 5 < came < 41
    assert fleet.sync(2).pulled == 41 - came
    fleet.settle(1, 2)
    fleet.check(1, 2)


@pytest.mark.usefixtures("small")
def test_the_hub_reads_the_statement_of_a_full_batch_once(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """And only that one: others come once a connection."""
    fleet.add(1)
    for k in range(23):
        fleet.write(1, str(k))
    kept: list[list[str]] = []
    plain = h.Hub.push

    def push(self: h.Hub, batch: h.Batch) -> None:
        plain(self, batch)
        held = self._connection.execute("SELECT statement FROM pg_prepared_statements").fetchall()
        kept.append([str(text) for (text,) in held])

    monkeypatch.setattr(h.Hub, "push", push)
    assert fleet.sync(1).pushed == 24
    assert len(kept) == 5
    assert all(len(held) == 1 and "INSERT INTO act" in held[0] for held in kept)


def test_a_large_step_ends_as_soon_as_somebody_waits(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """One transaction while this desk is nobody else's; it is given back within `STRIDE` acts, and small steps follow."""
    one, two = fleet.add(1, enrol=False), fleet.add(2, enrol=False)
    for k in range(60):
        fleet.write(1, str(k))
    monkeypatch.setattr(stores, "STRIDE", 10)
    answers = iter([False, False, False, True])  # before, and after the first two strides
    sizes: list[int] = []
    plain = d.Store.receive

    def receive(self: d.Store, acts: Any, **how: Any) -> int:
        sizes.append(plain(self, acts, **how))
        return sizes[-1]

    monkeypatch.setattr(d.Store, "receive", receive)
    monkeypatch.setattr(d.Store, "shared", lambda _self: next(answers, True))
    inbox.admit(two, looked(one))
    assert sizes[0] == 30
    assert max(sizes[1:]) <= inbox.BESIDE_A_WINDOW
    assert sum(sizes) == 61
    assert d.frontier(two) == d.frontier(two) | d.frontier(one)
    assert d.ask(two, "SELECT listed FROM tally WHERE ledger = 'log'") == [(60,)]


def test_large_steps_are_bounded_by_bytes(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = fleet.add(1, enrol=False), fleet.add(2, enrol=False)
    for _k in range(8):
        fleet.write(1, "甲" * 1_000)
    monkeypatch.setattr(inbox, "AT_ONCE_BYTES", 7_000)
    sizes: list[int] = []
    plain = d.Store.receive

    def receive(self: d.Store, acts: Any, **how: Any) -> int:
        sizes.append(plain(self, acts, **how))
        return sizes[-1]

    monkeypatch.setattr(d.Store, "receive", receive)
    parcels = d.acts_of(one, one.config.desk_id)
    assert inbox.take_in(two, parcels).applied == 9
    assert max(sizes) <= 3
    assert len(sizes) >= 4
