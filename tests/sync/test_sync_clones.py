"""F15: disks that are cloned again and again. Machines of one number write, sync over a bad line and are cloned anew; the
fork is told, what each machine acknowledged stays with it, and the hub has it as an act or beside the chain, byte for
byte. After the branches were said again everybody shows the same.
"""

from __future__ import annotations

import json
import os
import random
from contextlib import suppress

import pytest

from dutydesk.core.errors import Refused, Unavailable
from dutydesk.core.ids import CLI
from dutydesk.core.paths import Home
from dutydesk.sync import rejoin
from dutydesk.sync.wire import unpack
from tests import tally
from tests.journal import desks as d
from tests.sync.fleet import Fleet
from tests.sync.proxy import Fault, Proxy

FULL = os.environ.get("DUTYDESK_FAULTS") == "full"
HISTORIES = 40 if FULL else 1


@pytest.mark.parametrize("seed", range(HISTORIES))
def test_machines_that_are_cloned_lose_nothing_of_either_history(fleet: Fleet, seed: int) -> None:
    rng = random.Random(seed)
    fleet.add(1)
    fleet.add(2)
    fleet.write(1, "共同的")
    fleet.settle(1, 2)
    machines = ["1"]
    told: dict[str, dict[bytes, d.Parcel]] = {"1": {}}
    with Proxy(fleet.server.port) as line:
        for turn in range(30 if FULL else 16):
            name = rng.choice(machines)
            store = fleet.stores[name]
            fleet.clocks[1].advance(rng.randint(1, 600) * 1_000)
            match rng.choice(("write", "write", "write", "sync", "cut", "clone", "other")):
                case "clone" if len(machines) < 4 and (turn > 4 or len(machines) == 1):
                    fleet.close_desk(name)
                    clone = f"1-{len(machines)}"
                    fleet.copy(name, clone)
                    fleet.open(name)
                    fleet.open(clone)
                    machines.append(clone)
                    told[clone] = dict(told[name])
                case "sync":
                    fleet.sync(name)
                case "cut":
                    line.fail(Fault(up=rng.randint(2_000, 12_000), reset=rng.random() < 0.5))
                    with suppress(Unavailable):
                        fleet.sync(name, port=line.port)
                case "other":
                    fleet.write(2, f"{turn}")
                    fleet.sync(2)
                case _:
                    change = d.new("log", {"text": f"{name} {turn}", "party_phone": "0571-00000000"}, store.clock.now())
                    act = store.act("log.add", [change], by=CLI).act_id
                    told[name][act] = next(p for p in d.acts_of(store, store.config.desk_id) if p[0].act_id == act)
    for _round in range(2):
        for name in [*machines, "2"]:
            fleet.sync(name)
    aside = {
        act.act_id: (act, dict(personal))
        for act, personal in (
            unpack(bytes(kept))
            for (kept,) in fleet.hub_rows("SELECT act FROM quarantine")  # pyright: ignore[reportArgumentType]
        )
    }
    there = {bytes(act) for (act,) in fleet.hub_rows("SELECT act_id FROM act")}
    for name in machines:
        fleet.check(name)
        held = {p[0].act_id: p for p in d.acts_of(fleet.stores[name], fleet.stores[name].config.desk_id)}
        for act, parcel in told[name].items():
            assert held[act] == parcel, "each machine keeps what it acknowledged"
            assert act in there or aside[act] == parcel, "and the hub has it, in the chain or beside it"
    texts = {json.loads(p[0].body)["changes"][0]["set"]["text"] for acts in told.values() for p in acts.values()}
    forks = 0
    for name in machines:  # one after the other: each must know which epochs are taken
        fleet.sync(name)
        fleet.close_desk(name)
        with suppress(Refused):  # it was nobody's fork
            rejoin.rejoin(Home(fleet.folder / name), d.FULL, fleet.clocks[1])
            forks += 1
        fleet.open(name)
        fleet.sync(name)
    fleet.settle(*machines, 2, rounds=3)
    fleet.check(*machines, 2)
    shown = [text for (text,) in d.ask(fleet.stores["2"], "SELECT text FROM log")]
    assert texts <= set(shown)
    assert len(shown) == len(set(shown)), "nothing stands twice"
    assert fleet.lost(*machines, 2) == []
    tally.tell("F15", seed=seed, machines=len(machines), forks=forks, acts=len(fleet.acts(2)))
