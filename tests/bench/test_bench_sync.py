"""B11, B12: a city's night against raw COPY and raw inserts, a night without news against bare round trips; and what a
save waits beside a sync."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest
from bigdesk import entry
from harness import against, report, timed
from manydesks import COLUMNS, DESKS, DISTRICTS, NIGHT, PASSWORD, City, extend, push

from dutydesk.core.clock import FixedClock
from dutydesk.core.ids import new_id
from dutydesk.core.paths import Home
from dutydesk.core.settings import DeskConfig
from dutydesk.features import FEATURES, schema
from dutydesk.journal import chain, recipe, search
from dutydesk.journal.desk import Desk, Me
from dutydesk.journal.store import INSERT_ACT, MOVE_FRONTIER, Store
from dutydesk.sync import protocol, record
from dutydesk.sync.hub import Hub

pytestmark = pytest.mark.bench
MANY = int(os.environ.get("DUTYDESK_BENCH_DESKS", str(DISTRICTS * DESKS)))
EACH = int(os.environ.get("DUTYDESK_BENCH_EACH", "2000"))
"""Acts of a desk in a night; 7,700 make a million in all."""
READER = 900
PAGE = 2_000
ACT = "desk, epoch, seq, act_id, hlc, happened_at, recorded_at, author, kind, sv, body, alg, prev, hash, arrival"
ROUND = 26
AT_ONCE = 4
SAVES = 300


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    folder = tmp_path_factory.mktemp("city")
    made = City(folder)
    yield made
    made.close()
    shutil.rmtree(folder, ignore_errors=True)


def raw_copy(url: str, acts: Sequence[chain.Act], first: int) -> None:
    """The floor of the way up: the same rows into the same table, with its constraints, by COPY."""
    with psycopg.connect(url, autocommit=True) as connection:
        names = (
            "desk, epoch, seq, act_id, hlc, happened_at, recorded_at, author, kind, sv, body, alg, prev, hash, arrival"
        )
        with connection.cursor() as cursor, cursor.copy(f"COPY act ({names}) FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types("bytea int8 int8 bytea int8 int8 int8 text text int4 bytea int4 bytea bytea int8".split())
            for n, act in enumerate(acts, first):
                copy.write_row((*(getattr(act, name) for name in COLUMNS), n))


def raw_apply(raw: Any, acts: Sequence[chain.Act], n: int) -> int:
    """The floor of the way down: the same rows into the record, the log and its search index by the bare driver."""
    shape = schema()["log"]
    made, words = [], []
    for act in acts:
        for change in chain_body(act.body):
            n += 1
            values = change["set"]
            made.append((n, bytes.fromhex(change["row"]), act.act_id, act.hlc, 1, None, *map(values.get, shape.names)))
            words.append((n, search.words(search.row_text(shape.ledger, values)), ""))
    raw.execute("BEGIN IMMEDIATE")
    cursor = raw.cursor()
    cursor.executemany(INSERT_ACT, [tuple(getattr(act, name) for name in COLUMNS) for act in acts])
    cursor.executemany(shape.insert, made)
    cursor.executemany("INSERT INTO fts_log (rowid, words, py) VALUES (?, ?, ?)", words)
    last = acts[-1]
    cursor.execute(MOVE_FRONTIER, (last.desk, last.epoch, last.seq, last.hash, last.hlc))
    raw.execute("COMMIT")
    return n


def chain_body(body: bytes) -> list[dict[str, Any]]:
    import json

    return json.loads(body)["changes"]


def floor_hub(city: City) -> str:
    """A second hub, with the same desks and chains and the first act of each, and no others."""
    city.server.execute("postgres", "CREATE DATABASE floor")
    url = city.server.url("floor")
    with Hub.connect(url) as hub:
        hub.init(new_id(1))
    with psycopg.connect(city.owner) as source, psycopg.connect(url, autocommit=True) as target:
        for table, names in (
            ("desk", "desk, public_key, code, district, name, unit, login"),
            ("chain", "desk, epoch"),
            ("act", ACT),
        ):
            where = " WHERE seq = 1" if table == "act" else ""
            rows = source.execute(f"SELECT {names} FROM {table}{where}").fetchall()
            marks = ", ".join(["%s"] * len(rows[0]))
            with target.cursor() as cursor:
                cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", rows)
    return url


def test_b11_a_citys_night(city: City, tmp_path: Path) -> None:
    """Every desk pushes what it wrote in a day; a desk of the city that has nothing yet pulls all of it."""
    up = down = copied = applied = 0.0
    kept: list[list[chain.Act]] = []
    for n in range(1, MANY + 1):
        store = city.make(n)
        push(store)  # the first act of its epoch
        first = record.parcels(store, (store.config.desk_id, 1), 0, 1, 1, PAGE)[0][0]
        acts = extend(store, EACH)
        kept.append([first, *acts])
        told: list[Any] = []
        up += timed(lambda store=store, told=told: told.append(push(store)))
        assert told[0].pushed == EACH
        store.close()
    url = floor_hub(city)
    for n, acts in enumerate(kept):
        copied += timed(lambda acts=acts, n=n: raw_copy(url, acts[1:], 1_000 + n * EACH))
    reader = city.make(READER, district="330100")
    results: list[Any] = []
    down = timed(lambda: results.append(protocol.run(city.desk(reader), deep=False)))
    assert results[0].pulled == MANY * (EACH + 1)
    reader.close()
    bare = Store.create(Home(tmp_path / "bare"), schema(), FixedClock(0), DeskConfig("cd" * 16, district="330102"))
    bare.close()
    raw = recipe.connect(tmp_path / "bare" / bare.home.database.name)
    rows = 0
    for acts in kept:
        for start in range(0, len(acts), PAGE):
            part = acts[start : start + PAGE]
            box = [rows]

            def work(part: Sequence[chain.Act] = part, box: list[int] = box) -> None:
                box[0] = raw_apply(raw, part, box[0])

            applied += timed(work)
            rows = box[0]
    raw.close()
    whole, floor = up + down, copied + applied
    acts_in_all = MANY * EACH
    note = (
        f"{acts_in_all:,} acts: push {up / 1_000:.1f} s, pull {down / 1_000:.1f} s;"
        f" COPY {copied / 1_000:.1f} s, bare inserts {applied / 1_000:.1f} s; load {os.getloadavg()[0]:.1f}"
    )
    print(note)
    report("B11", f"{MANY} 席各 {EACH} 条", [whole], [floor], "≤ 3× 且 ≤ 60 s", 3 if whole <= 60_000 else 0, note=note)


def test_b12_a_night_without_news(city: City) -> None:
    """A desk that has everything asks, 130 times; the floor is as often a connection with the same login and one
    statement. Every desk of the city asks the same question of the same hub, and gets the same answer."""
    home = Home(city.folder / str(READER))
    assert home.is_desk, "B11 makes the desk"
    with Store.open(home, schema(), FixedClock(NIGHT)) as store:
        desk = city.desk(store)
        for _settling in range(2):
            protocol.run(desk)

        def ours() -> None:
            for _n in range(ROUND):
                told = protocol.run(desk)
                assert told.ok
                assert not told.pushed + told.pulled

        def floor() -> None:
            for _n in range(ROUND):
                with psycopg.connect(city.url(READER), password=PASSWORD, autocommit=True) as connection:
                    connection.execute("SELECT 1").fetchone()

        mine, bare = against(ours, floor, DISTRICTS * DESKS // ROUND)
    each = statistics.median(mine) / ROUND
    note = f"{each:.1f} ms a desk, {sum(mine) / 1_000:.2f} s for 130 one after another; load {os.getloadavg()[0]:.1f}"
    print(note)
    report("B12", "无新内容", mine, bare, "≤ 3× 往返", 3, note=note)


def test_a_save_beside_a_sync(city: City, tmp_path: Path) -> None:
    """Saves at an open desk while `dutydesk sync` brings it thousands of acts in another process."""
    n = READER + 1
    store = city.make(n, district="330100")
    desk = Desk(store, store.clock, Me("system"), FEATURES)
    store.tidy.keep()
    alone = saves(desk, SAVES, lambda: True)
    command = [sys.executable, "-m", "dutydesk", "--home", str(store.home.root), "sync"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    rest = threading.Event()
    try:
        while process.poll() is None and store.position()[0] and came(store) < PAGE:
            rest.wait(0.05)
        began = came(store)
        times = saves(desk, SAVES, lambda: process.poll() is None)
        brought = came(store) - began
    finally:
        process.terminate()
        process.wait()
        store.tidy.end()
        store.close()
    assert len(times) > 20, "the sync was over before a save began"
    p99, before = worst(times), worst(alone)
    note = (
        f"{len(times)} saves while {brought:,} acts came in; p50 {statistics.median(times):.1f} ms,"
        f" worst {max(times):.1f} ms; alone p50 {statistics.median(alone):.1f} ms, p99 {before:.1f} ms;"
        f" load {os.getloadavg()[0]:.1f}"
    )
    print(f"p99 {p99:.1f} ms;", note)
    report("B1 beside sync", "同步时单条保存 p99", [p99], None, "≤ 50 ms", 50, absolute=True, note=note)


def saves(desk: Desk, most: int, going: Callable[[], bool]) -> list[float]:
    """Milliseconds of each save, 20 ms apart."""
    times: list[float] = []
    rest = threading.Event()
    while going() and len(times) < most:
        values = {**entry(len(times)), "text": f"同步时记一条 {len(times)}"}
        start = time.perf_counter()
        desk.act("log.add", [desk.new("log", values)])
        times.append((time.perf_counter() - start) * 1_000)
        rest.wait(0.02)
    return times


def worst(times: Sequence[float]) -> float:
    """The 99th percentile."""
    return sorted(times)[min(len(times) - 1, len(times) * 99 // 100)]


def came(store: Store) -> int:
    with store.read() as connection:
        return int(connection.exec_driver_sql("SELECT count(*) FROM act").scalar_one())


def test_b11_at_once(city: City) -> None:
    """Four desks push 2,000 acts each at the same time, a thread each, and one after another; and what an act takes at
    the hub. For docs/scale.md: the counter is one row, which each push holds until its commit."""

    def fresh(first: int) -> list[Store]:
        stores = [city.make(first + n) for n in range(AT_ONCE)]
        for store in stores:
            push(store)
            extend(store, EACH)
        return stores

    def at_once(stores: Sequence[Store]) -> None:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(push, stores))  # a push that fails fails here

    def at_the_hub() -> int:
        with psycopg.connect(city.owner) as connection:
            (count,) = connection.execute("SELECT count(*) FROM act").fetchone() or (0,)
        return int(count)

    before = at_the_hub()
    ours: list[float] = []
    bare: list[float] = []
    for turn in range(3):
        for n, (spent, work) in enumerate(((ours, at_once), (bare, lambda stores: [push(store) for store in stores]))):
            stores = fresh(READER + 10 + (2 * turn + n) * AT_ONCE)
            spent.append(timed(lambda stores=stores, work=work: work(stores)))
            for store in stores:
                store.close()
    assert at_the_hub() - before == 6 * AT_ONCE * (EACH + 1), "everything arrived"
    with psycopg.connect(city.owner) as connection:
        found = connection.execute(
            "SELECT count(*), pg_table_size('act'), pg_indexes_size('act'), sum(length(body)) FROM act"
        ).fetchone()
    assert found is not None
    count, table, indexes, bodies = (int(one) for one in found)
    rate = AT_ONCE * EACH / statistics.median(ours) * 1_000
    note = (
        f"{rate:,.0f} acts a second at once; at the hub {(table + indexes) / count:.0f} bytes an act ({table / count:.0f} in the"
        f" table, {indexes / count:.0f} in its indexes, bodies of {bodies / count:.0f}); load {os.getloadavg()[0]:.1f}"
    )
    print(note)
    report("B11 at once", f"{AT_ONCE} 席同时上传", ours, bare, "≤ 1.2× 逐台", 1.2, note=note)
