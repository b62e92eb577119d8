"""Desks and a hub come into step: everything arrives, once, and shows the same everywhere."""

from __future__ import annotations

import os
import random
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from dutydesk.core.errors import Refused, Unavailable
from dutydesk.core.ids import CLI
from dutydesk.journal import peers
from dutydesk.ledger.feature import Change
from dutydesk.sync import bundlein, bundlekeys, bundleout
from dutydesk.sync.hub import Hub
from tests.journal import desks as d
from tests.sync.fleet import Fleet
from tests.sync.proxy import Fault, Proxy

FULL = os.environ.get("DUTYDESK_FAULTS") == "full"
ACTIONS = (
    "write", "write", "edit", "edit", "erase", "sync", "cut", "cut", "copy", "back", "stick", "stick", "take", "take",
)  # fmt: skip
HISTORIES = 100 if FULL else 2
AT_ONCE = 130 if FULL else 6
"""Desks that push at the same time: those of a city, or a few."""
SLOW = """
CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN PERFORM pg_sleep(random() * 0.05); RETURN NULL; END $$;
CREATE TRIGGER slow_acts AFTER INSERT ON act FOR EACH STATEMENT EXECUTE FUNCTION slow();
CREATE TRIGGER slow_seals AFTER INSERT ON seal FOR EACH STATEMENT EXECUTE FUNCTION slow()
"""


def test_two_desks_and_a_hub_converge(fleet: Fleet) -> None:
    one, two = fleet.add(1), fleet.add(2)
    written = {fleet.write(1, "街道积水"), fleet.write(2, "电话通知")}
    person = d.add(one, "people", name="钱一", unit="江岸街道", phone="0571-00000001")
    fleet.settle(1, 2)
    d.write(one, "people", person, age=41)
    d.write(two, "people", person, age=42)
    reports = fleet.settle(1, 2)
    assert [(r.ok, r.pushed, r.pulled, r.waiting) for r in reports] == [(True, 0, 1, 0), (True, 0, 0, 0)]
    fleet.check(1, 2)
    assert written <= fleet.acts(1)
    assert d.ask(two, "SELECT phone FROM people WHERE id = ?", person) == [("0571-00000001",)]
    assert d.ask(two, "SELECT count(*) FROM conflict WHERE kind = 'heads'") == [(1,)]
    assert peers.runs(one, "sync")[0].state == "DONE"


def test_desks_that_push_at_the_same_time_lose_nothing_and_are_seen_in_order(fleet: Fleet) -> None:
    """F16: transactions that take their time, amid them and before their end."""
    numbers = range(1, AT_ONCE + 1)
    fleet.server.execute(fleet.database, SLOW)
    for n in numbers:
        fleet.add(n)
        for entry in range(12):
            fleet.write(n, f"{n} {entry}")
    seen: list[list[int]] = []
    done = threading.Event()

    def read() -> None:
        """A reader by the hub's counter: what it has passed never gets company."""
        last, found = 0, list[int]()
        with Hub.connect(fleet.owner_url) as hub:
            while True:
                finished = done.is_set()
                fresh = [n for (n,) in hub._connection.execute(
                    b"SELECT arrival FROM act WHERE arrival > %s ORDER BY arrival", (last,)).fetchall()]  # fmt: skip
                found += fresh
                last = max([last, *fresh])
                if finished:
                    break
        seen.append(found)

    reader = threading.Thread(target=read)
    pushers = [threading.Thread(target=fleet.sync, args=(n,)) for n in numbers]
    for thread in (reader, *pushers):
        thread.start()
    for thread in pushers:
        thread.join()
    done.set()
    reader.join()
    arrivals = [n for (n,) in fleet.hub_rows("SELECT arrival FROM act ORDER BY arrival")]
    assert len(arrivals) == AT_ONCE * 13
    assert seen == [arrivals], "nothing came in behind the reader"
    fleet.server.execute(fleet.database, "DROP TRIGGER slow_acts ON act", "DROP TRIGGER slow_seals ON seal")
    fleet.settle(*numbers)
    fleet.check(*numbers)
    assert fleet.lost(*numbers) == []


@pytest.mark.parametrize("seed", range(HISTORIES))
def test_random_histories_with_a_bad_line_converge(fleet: Fleet, seed: int) -> None:
    """Three desks write, edit, erase, lose the line at any byte, carry sticks to each other that may be lost, come twice
    or out of order, and are put back from a copy without anybody saying so (F18 over hub and bundles)."""
    rng = random.Random(seed)
    names = {n: str(n) for n in (1, 2, 3)}
    for n in names:
        fleet.add(n)
        fleet.write(n, "开头")
    for n in names:
        for other in set(names) - {n}:
            bundlekeys.remember(fleet.stores[names[n]], bundlekeys.own_card(fleet.stores[names[other]]))
    stick = fleet.folder / "stick"
    stick.mkdir()
    sticks: dict[int, list[Path]] = {n: [] for n in names}
    acknowledged: set[bytes] = set()
    delivered: set[bytes] = set()
    copies: dict[int, str] = {}
    people: list[bytes] = []
    with Proxy(fleet.server.port) as line:
        for turn in range(50):
            n = rng.choice(list(names))
            store = fleet.stores[names[n]]
            fleet.clocks[n].advance(rng.randint(-60_000, 3_600_000))
            match rng.choice(ACTIONS):
                case "write":
                    change = d.new("people", {"name": f"{seed}-{turn}", "phone": "0571-00000000"}, store.clock.now())
                    acknowledged.add(store.act("test", [change], by=CLI).act_id)
                    people.append(change.row)
                case "edit" if people:
                    try:
                        edit = Change("people", rng.choice(people), {"unit": f"{turn}", "phone": f"0571-{turn:08d}"})
                        acknowledged.add(store.act("test", [edit], by=CLI).act_id)
                    except Refused:
                        pass  # not there yet, or erased
                case "erase" if people and rng.random() < 0.4:
                    acknowledged.add(store.erase("people", rng.choice(people), by=CLI, note="本人要求").act_id)
                case "cut":
                    torn = rng.random() < 0.5
                    if rng.random() < 0.5:
                        line.fail(Fault(up=rng.randint(0, 9_000), reset=torn))
                    else:
                        line.fail(Fault(down=rng.randint(0, 6_000), reset=torn))
                    try:
                        fleet.sync(names[n], port=line.port)
                    except Unavailable:
                        pass
                case "stick":
                    other = rng.choice([each for each in names if each != n])
                    with suppress(Refused):  # there may be nothing new for it
                        made = bundleout.export(store, stick, f"第{other}席")
                        sticks[other] += [one.file for one in made.written]
                case "take" if sticks[n]:
                    bundlein.take(store, rng.choice(sticks[n]))
                case "copy" if n not in copies:
                    fleet.close_desk(names[n])
                    copies[n] = f"{n}-copy{turn}"
                    fleet.copy(names[n], copies[n])
                    fleet.open(names[n])
                case "back" if n in copies:
                    fleet.sync(names[n])
                    delivered |= fleet.acts(names[n])
                    fleet.close_desk(names[n])
                    names[n] = copies.pop(n)
                    fleet.open(names[n])
                    fleet.sync(names[n])
                case _:
                    fleet.sync(names[n])
    for n, name in names.items():
        for file in sticks[n]:
            bundlein.take(fleet.stores[name], file)
    fleet.settle(*names.values(), rounds=3)
    fleet.check(*names.values())
    assert acknowledged | delivered <= fleet.acts(names[1])
