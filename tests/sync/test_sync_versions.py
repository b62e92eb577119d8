"""F22: programs of three years at one hub. Each writes what it knows and hands on what it does not; after the upgrade
everybody shows the same, as if there had never been an older program, and after a downgrade nothing is lost.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from dutydesk.core.errors import Refused
from dutydesk.core.ids import CLI
from dutydesk.journal import apply, chain
from dutydesk.journal.schema import Schema
from dutydesk.ledger.feature import Change
from dutydesk.ledger.kinds import INT, PHONE
from dutydesk.ledger.kinds import TEXT as LINE
from dutydesk.ledger.spec import Field, Ledger, Search
from tests import tally
from tests.journal import desks as d
from tests.sync.fleet import Fleet

FULL = os.environ.get("DUTYDESK_FAULTS") == "full"
HISTORIES = 60 if FULL else 2
BOATS = Ledger(
    "boats", "舟艇", (Field("name", LINE, "名称", search=Search.NAME), Field("seats", INT, "座位")), match=("name",)
)
NEXT_PEOPLE = Ledger(
    "people",
    "通讯录",
    (
        *d.PEOPLE.fields,
        Field("badge", LINE, "证号", search=Search.TEXT),
        Field("radio", PHONE, "对讲机", personal=True),
    ),
    match=("name", "unit"),
)
NEXT = d.build((d.LOG, NEXT_PEOPLE, d.PLACES, d.OPTIONS, BOATS), derive=d.area_sums)
PROGRAMS = {1: d.OLD, 2: d.FULL, 3: NEXT}
"""Last year's, this year's, and next year's, which also writes acts of the next form."""


@contextmanager
def running(schema: Schema) -> Iterator[None]:
    """The version of acts that a program writes and reads."""
    with pytest.MonkeyPatch.context() as patch:
        if schema is NEXT:
            for module in (chain, apply):
                patch.setattr(module, "SCHEMA_VERSION", chain.SCHEMA_VERSION + 1)
        yield


def write(fleet: Fleet, n: int, schema: Schema, people: list[bytes], rng: random.Random, turn: int) -> None:
    """Something that this program can write: rows, fields over those of others, an act of a kind that others lack."""
    store = fleet.stores[str(n)]
    fleet.clocks[n].advance(rng.randint(1, 90) * 1_000)
    known = schema["people"].known
    what = rng.choice(("log", "person", "edit", "edit", "delete", "other"))
    try:
        if what == "edit" and people:
            values = {"unit": f"{turn}", "phone": f"0571-{turn:08d}", "note": f"{turn}", "badge": f"B{turn}"}
            values |= {"home": f"{turn} 号", "radio": f"0571-{turn:08d}"}
            field = rng.choice([name for name in values if name in known])
            store.act(f"kind.of.{n}", [Change("people", rng.choice(people), {field: values[field]})], by=CLI)
        elif what == "delete" and people and rng.random() < 0.3:
            store.act("test", [store.deletion("people", rng.choice(people))], by=CLI)
        elif what == "other" and schema is not d.OLD:
            ledger = rng.choice(("places", "boats") if schema is NEXT else ("places",))
            d.add(store, ledger, name=f"{ledger} {n} {turn}")
        elif what == "person":
            values = {
                "name": f"钱{n}-{turn}",
                "phone": "0571-00000000",
                "home": "某路",
                "badge": "A",
                "radio": "0571-1",
            }
            people.append(d.add(store, "people", **{name: value for name, value in values.items() if name in known}))
        else:
            fleet.write(n, f"{turn}")
    except Refused:
        pass  # a row that has not come yet, or is off its list


def sync(fleet: Fleet, n: int, schema: Schema) -> None:
    with running(schema):
        fleet.sync(n)


@pytest.mark.parametrize("seed", range(HISTORIES))
def test_programs_of_three_years_lose_nothing_of_each_other(fleet: Fleet, seed: int) -> None:
    rng = random.Random(seed)
    at = dict(PROGRAMS)
    people: list[bytes] = []
    for n, schema in PROGRAMS.items():
        with running(schema):
            fleet.add(n, schema=schema)
    for turn in range(40 if FULL else 24):
        n = rng.choice(list(PROGRAMS))
        with running(at[n]):
            write(fleet, n, at[n], people, rng, turn)
        if rng.random() < 0.4:
            sync(fleet, n, at[n])
        if rng.random() < 0.15:  # an upgrade, or a step back
            with running(at[n]):
                fleet.close_desk(str(n))
            at[n] = rng.choice(list(PROGRAMS.values()))
            with running(at[n]):
                fleet.open(str(n), at[n])
    for _round in range(2):
        for n in PROGRAMS:
            sync(fleet, n, at[n])
    fleet.server.execute(  # the hub loses everything, and the oldest program alone brings it again
        fleet.database, "TRUNCATE act, chain, seal, witness, personal, projection, blob CASCADE"
    )
    oldest = min(PROGRAMS, key=lambda n: list(PROGRAMS.values()).index(at[n]))
    sync(fleet, oldest, at[oldest])
    with running(NEXT):
        fleet.add(4, schema=NEXT)
        fleet.sync(4)
        for n in PROGRAMS:
            fleet.close_desk(str(n))
            fleet.open(str(n), NEXT)
            assert d.ask(fleet.stores[str(n)], "SELECT * FROM unprojected") == [], "understood after the upgrade"
        fleet.settle(*PROGRAMS, 4)
        fleet.check(*PROGRAMS, 4)
        assert fleet.lost(*PROGRAMS, 4) == []
    tally.tell("F22", seed=seed, acts=len(fleet.acts(4)))
