"""F17: clocks that are wrong. Nothing that was saved by a wrong clock is refused anywhere, what was written over
something comes after it whatever the clocks said, and people are told.

Clocks are set by hand; the machine's zone plays no part, which the zones with a summer time try.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from dutydesk.core.clock import FixedClock
from dutydesk.core.ids import CLI
from dutydesk.journal.store import CLOCK_SLACK
from dutydesk.ledger.feature import Change
from tests.journal import desks as d
from tests.sync.fleet import Fleet

FULL = os.environ.get("DUTYDESK_FAULTS") == "full"
HISTORIES = 40 if FULL else 1
YEAR = 365 * d.DAY


def at(text: str) -> int:
    """Milliseconds of a moment in UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1_000)


MOMENTS = {
    "a year ahead": d.EVENING + YEAR,
    "a year behind": d.EVENING - YEAR,
    "an empty battery": 0,
    "a second before 1970": -1_000,
    "the end of 32 bits": at("2038-01-19T03:14:07"),
    "after 32 bits": at("2038-01-19T03:14:08"),
    "a leap second": at("2016-12-31T23:59:59") + 999,
    "after the leap second": at("2017-01-01T00:00:00"),
    "before summer time": at("2026-03-08T09:59:59"),
    "the hour that is not there": at("2026-03-08T10:30:00"),
    "the hour that comes twice": at("2026-11-01T08:30:00"),
    "summer time of 1988": at("1988-04-16T18:00:00"),
}


@pytest.fixture(params=["Asia/Shanghai", "America/New_York"] if FULL else ["America/New_York"])
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The zone that the machine believes to be in."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.delenv("TZ")
    time.tzset()


def set_clock(fleet: Fleet, n: int, now: int) -> None:
    fleet.clocks[n].advance(now - fleet.clocks[n].now())


@pytest.mark.usefixtures("zone")
def test_no_clock_keeps_anything_out_or_turns_causes_round(fleet: Fleet) -> None:
    """Desk 2's clock is wrong in every way; desk 1 writes over what it made, and it over that."""
    one, two = fleet.add(1), fleet.add(2)
    rows: dict[str, bytes] = {}
    told: dict[str, int] = {}
    for name, now in MOMENTS.items():
        set_clock(fleet, 2, now)
        rows[name] = d.add(two, "people", name=name, unit="一")
        fleet.write(2, name)
        report = fleet.sync(2)
        assert report.waiting == 0
        told[name] = report.clock_ahead
        assert (abs(report.clock_ahead) > CLOCK_SLACK) == bool(report.notes), "said, and no obstacle"
        assert fleet.sync(1).pulled >= 2
        fleet.clocks[1].advance(1_000)
        first = d.write(one, "people", rows[name], unit="二")
        fleet.sync(1)
        fleet.sync(2)
        second = d.write(two, "people", rows[name], unit="三")
        fleet.sync(2)
        fleet.sync(1)
        order = [d.ask(one, "SELECT hlc FROM act WHERE act_id = ?", act)[0][0] for act in (first, second)]
        assert order[0] < order[1], "what follows comes after"
        for store in (one, two):
            assert d.ask(store, "SELECT unit FROM people WHERE id = ?", rows[name]) == [("三",)]
            assert d.ask(store, "SELECT * FROM conflict") == []
    assert told["a year ahead"] - told["a year behind"] == pytest.approx(2 * YEAR, abs=600_000)
    assert two.clock_behind > 0, "the status board says that the clock is behind what was saved before"
    fleet.settle(1, 2)
    fleet.check(1, 2)
    assert fleet.lost(1, 2) == []
    recorded = {at for (at,) in d.ask(one, "SELECT recorded_at FROM act WHERE desk = ?", two.config.desk_id)}
    assert set(MOMENTS.values()) <= recorded, "what a clock said stands in the record as it was"


@pytest.mark.parametrize("seed", range(HISTORIES))
def test_clocks_that_jump_about_change_nothing_that_anybody_meant(fleet: Fleet, seed: int) -> None:
    """Three desks whose clocks jump before every entry; each field ends at what was written last in knowledge of the
    others, or as a conflict of those who did not know of each other."""
    rng = random.Random(seed)
    names = (1, 2, 3)
    stores = [fleet.add(n) for n in names]
    row = d.add(stores[0], "people", name="钱一", unit="0")
    fleet.settle(*names)
    for turn in range(30 if FULL else 12):
        n = rng.choice(names)
        set_clock(fleet, n, rng.choice((*MOMENTS.values(), d.EVENING, rng.randrange(at("2100-01-01T00:00:00")))))
        fleet.write(n, f"{turn}")
        if rng.random() < 0.5:
            fleet.settle(*names)
            edit = Change("people", row, {"unit": f"{turn}"})
            stores[n - 1].act("test", [edit], by=CLI)
            fleet.settle(n, *names, rounds=1)
            for store in stores:
                assert d.ask(store, "SELECT unit FROM people WHERE id = ?", row) == [(f"{turn}",)]
                assert d.ask(store, "SELECT * FROM conflict") == []
        elif rng.random() < 0.5:
            fleet.sync(n)
    fleet.settle(*names)
    fleet.check(*names)
    assert fleet.lost(*names) == []
    for store in stores:
        by_desk: dict[bytes, list[int]] = {}
        for desk, hlc in d.ask(store, "SELECT desk, hlc FROM act ORDER BY desk, epoch, seq"):
            by_desk.setdefault(desk, []).append(hlc)
        assert all(clock == sorted(set(clock)) for clock in by_desk.values()), "each chain goes forward"


def test_a_clock_that_was_never_set_opens_and_saves(fleet: Fleet) -> None:
    """A desk whose first day is 1970, and one beside it in the right year."""
    fleet.clocks[1] = FixedClock(0)
    store = d.make(fleet.folder / "1", 1, clock=fleet.clocks[1], code="D1")
    fleet.stores["1"] = store
    fleet.enrol(1)
    fleet.add(2)
    fleet.write(1, "电池没电")
    fleet.write(2, "正常")
    report = fleet.sync(1)
    assert report.clock_ahead < -50 * YEAR
    fleet.settle(1, 2)
    fleet.close_desk("1")
    set_clock(fleet, 1, d.EVENING)
    fleet.open("1")
    fleet.write(1, "时间校好了")
    assert fleet.stores["1"].clock_behind == 0
    fleet.settle(1, 2)
    fleet.check(1, 2)
    assert fleet.lost(1, 2) == []
