"""`hub project`: acts into ledger tables on PostgreSQL against the same rows by bare statements; and acts that write a
field again, of which each asks the tables what stands there."""

from __future__ import annotations

import json
import math
import os
import shutil
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from harness import report, spent, timed
from manydesks import City, extend, push

from dutydesk.core.clock import FixedClock
from dutydesk.core.ids import new_id
from dutydesk.features import schema
from dutydesk.journal import chain, postgres, statements
from dutydesk.journal.postgres import POSTGRES
from dutydesk.ledger.feature import Change
from dutydesk.sync import projecting

pytestmark = pytest.mark.bench
DESKS, EACH, EDITS, ROWS = 10, 2_000, 2_000, 100
PAGE = 1_000
SECRET = "-password-of-a-timer"


@pytest.fixture
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    folder = tmp_path_factory.mktemp("project")
    made = City(folder)
    yield made
    made.close()
    shutil.rmtree(folder, ignore_errors=True)


def timer(city: City) -> str:
    with projecting.LedgerHub.connect(city.owner) as hub:
        hub.prepare(schema())
        hub.give_login("timer", SECRET)
    return city.server.url("city", f"timer:{SECRET}")


def bare(url: str, acts: list[chain.Act]) -> None:
    """The floor: the rows of the log and their search entries by bare statements of as many rows, page by page."""
    shape = schema()["log"]
    said = statements.of(schema(), POSTGRES)["log"]
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = projecting._Cursor(connection)
        for start in range(0, len(acts), PAGE):
            made: list[Any] = []
            words: list[Any] = []
            for n, act in enumerate(acts[start : start + PAGE], start + 1):
                for change in json.loads(act.body)["changes"]:
                    values = change["set"]
                    cells = map(values.get, shape.names)
                    made.append((n, bytes.fromhex(change["row"]), act.act_id, act.hlc, 1, None, *cells))
                    words.append(POSTGRES.index.entry(shape.ledger, n, values))
            with connection.transaction():
                cursor.executemany(said.insert, made)
                cursor.executemany(said.index_add, words)


def test_entries(city: City) -> None:
    acts: list[chain.Act] = []
    for n in range(1, DESKS + 1):
        store = city.make(n)
        acts += extend(store, EACH)
        push(store)
        store.close()
    url = timer(city)
    floor: list[float] = []
    mine: list[float] = []
    for _round in range(3):
        for text in postgres.emptying(schema()):
            city.server.execute("city", text)
        floor.append(timed(lambda: bare(city.owner, acts)))
        told: list[Any] = []
        mine.append(timed(lambda told=told: told.append(projecting.run(url, schema(), FixedClock(1), rebuild=True))))
        assert told[0].pulled == len(acts) + DESKS
    work = spent(lambda: projecting.run(url, schema(), FixedClock(1), rebuild=True))
    quiet = timed(lambda: projecting.run(url, schema(), FixedClock(1)))
    note = (
        f"{len(acts) / min(mine) * 1_000:,.0f} acts a second, of which the program takes {work / len(acts) * 1_000:.0f} µs"
        f" each; {quiet:.0f} ms without news; load {os.getloadavg()[0]:.1f}"
    )
    print(note)
    report("B-project", f"{len(acts)} 条值班日志做成台账表", mine, floor, "—", math.inf, note=note)


def test_edits(city: City) -> None:
    store = city.make(1)
    rows = [new_id(n) for n in range(ROWS)]
    store.act("t", [Change("shelters", row, {"name": f"某馆{n}"}, new=True) for n, row in enumerate(rows)], by="cli")
    for n in range(EDITS):
        store.act("t", [Change("shelters", rows[n % ROWS], {"address": f"第{n}号"})], by="cli")
    push(store)
    store.close()
    url = timer(city)
    took = timed(lambda: projecting.run(url, schema(), FixedClock(1)))
    note = f"{EDITS / took * 1_000:,.0f} acts a second; load {os.getloadavg()[0]:.1f}"
    print(note)
    report("B-project edits", f"{EDITS} 次改写做进台账表", [took], None, "—", math.inf, absolute=True, note=note)
