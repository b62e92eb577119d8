"""B1, B3, B5, B15, B16: the journal against the raw driver writing the same rows into the same tables."""

from __future__ import annotations

import csv
import math
import os
import shutil
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from bigdesk import big_home, entry
from harness import ROUNDS, against, report, spent, timed

from dutydesk.core.clock import FixedClock, iso, parse_iso
from dutydesk.core.ids import new_id
from dutydesk.core.paths import Home
from dutydesk.features import FEATURES, schema
from dutydesk.journal import batches, chain, recipe, search
from dutydesk.journal.chaincheck import Fault, chain_problems
from dutydesk.journal.desk import Desk, Me
from dutydesk.journal.making import statements
from dutydesk.journal.query import Condition, Query
from dutydesk.journal.rebuild import acts, rebuild
from dutydesk.journal.store import INSERT_ACT, MOVE_FRONTIER, Store
from dutydesk.journal.tables import MERGE

pytestmark = pytest.mark.bench
NOW = parse_iso("2026-11-22 20:00")
SAVES, SINGLE = 200, 2_000


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A copy of the big desk that may be written to."""
    kept = big_home()
    copy = Home(tmp_path_factory.mktemp("bench") / "desk")
    shutil.copytree(kept.root, copy.root)
    yield copy
    shutil.rmtree(copy.root, ignore_errors=True)


@pytest.fixture(scope="module")
def desk(home: Home) -> Iterator[Desk]:
    store = Store.open(home, schema(), FixedClock(NOW))
    yield Desk(store, store.clock, Me("system"), FEATURES)
    store.close()


def full_save(desk: Desk, n: int) -> None:
    """One entry through the whole path."""
    desk.act("log.add", [desk.new("log", {**entry(n), "text": f"保存一条 {n} 隧道积水"})])


class RawSaver:
    """The floor of B1: the same rows into the same tables and indexes in one durable transaction each, and the search
    text by the same function."""

    def __init__(self, home: Home) -> None:
        self.raw = recipe.connect(home.database)
        self.shape = schema()["log"]
        found = self.raw.execute("SELECT seq, hash FROM frontier").fetchone()
        self.seq, self.link = found
        self.n = self.raw.execute("SELECT max(_n) FROM log").fetchone()[0]
        self.desk = bytes.fromhex("ab" * 16)

    def sync(self) -> None:
        """Take up where the store has gone on."""
        self.seq, self.link = self.raw.execute("SELECT seq, hash FROM frontier").fetchone()
        self.n = self.raw.execute("SELECT max(_n) FROM log").fetchone()[0]

    def save(self, n: int) -> None:
        values = {**entry(n), "no": f"2026-{self.n + 1:04d}", "text": f"保存一条 {n} 隧道积水"}
        row, act_id = new_id(NOW), new_id(NOW)
        body = chain.canonical({"changes": [{"ledger": "log", "row": row.hex(), "set": values}]})
        head = chain.header(self.desk, 1, self.seq + 1, act_id, NOW << 16, NOW, NOW, "system", "log.add", 1)
        digest = chain.digest(1, self.link, head, body)
        words = search.words(search.row_text(self.shape.ledger, values))
        execute = self.raw.execute
        execute("BEGIN IMMEDIATE")
        execute(
            INSERT_ACT,
            (
                self.desk,
                1,
                self.seq + 1,
                act_id,
                NOW << 16,
                NOW,
                NOW,
                "system",
                "log.add",
                1,
                body,
                1,
                self.link,
                digest,
            ),
        )
        cells = [values.get(name) for name in self.shape.names]
        execute(self.shape.insert, (self.n + 1, row, act_id, NOW << 16, 1, None, *cells))
        execute("INSERT INTO fts_log (rowid, words, py) VALUES (?, ?, ?)", (self.n + 1, words, ""))
        execute("INSERT INTO tally VALUES ('log', 1) ON CONFLICT (ledger) DO UPDATE SET listed = listed + 1")
        execute(
            "INSERT INTO counter VALUES (?, 'log', 2026, ?) ON CONFLICT (desk, ledger, year) DO UPDATE SET n = excluded.n",
            (self.desk, self.n + 1),
        )
        execute(MOVE_FRONTIER, (self.desk, 1, self.seq + 1, digest, NOW << 16))
        execute("COMMIT")
        self.seq, self.link, self.n = self.seq + 1, digest, self.n + 1


def test_b1_save_one_entry(desk: Desk, home: Home) -> None:
    raw = RawSaver(home)
    full_save(desk, 0)
    raw.sync()

    def ours() -> None:
        for n in range(SAVES):
            full_save(desk, n)
        raw.sync()

    def floor() -> None:
        for n in range(SAVES):
            raw.save(n)

    mine, bare = against(ours, floor)
    result = report("B1", f"保存 {SAVES} 条(百万条的台上)", mine, bare, "≤ 2.5×", 2.5)
    raw.raw.close()
    assert result.ratio is not None


def single_saves(desk: Desk, most: int, pause: float, going: Callable[[], bool]) -> list[float]:
    """Milliseconds of saves one by one, sorted, with a pause between them as nobody types faster."""
    rest = threading.Event()
    times: list[float] = []
    while len(times) < most and going():
        start = time.perf_counter()
        full_save(desk, len(times))
        times.append((time.perf_counter() - start) * 1_000)
        rest.wait(pause)
    return sorted(times)


def tail(name: str, what: str, times: list[float], limit: float = math.inf) -> None:
    """Report the 99th percentile of saves; without `limit` only for comparison."""
    told = f"{len(times)} saves: p50 {statistics.median(times):.2f} ms, longest {times[-1]:.2f} ms"
    p99 = times[int(len(times) * 0.99)]
    goal = f"≤ {limit:g} ms" if limit < math.inf else "—"
    report(name, what, [p99], None, goal, limit, absolute=True, note=told)


def test_b1_tail(desk: Desk) -> None:
    """Saves one by one: of a desk that merges by itself, and of one whose window does, which here has a minute's
    housekeeping every two seconds."""
    tail("B1 p99 alone", "单条保存 p99(没有窗口的台)", single_saves(desk, SINGLE, 0.001, lambda: True))
    stop = threading.Event()

    def work() -> None:
        while not stop.wait(2):
            desk.store.tidy.work()

    desk.store.tidy.keep()
    worker = threading.Thread(target=work)
    worker.start()
    times = single_saves(desk, SINGLE, 0.001, lambda: True)
    stop.set()
    worker.join()
    desk.store.tidy.end()
    tail("B1 p99", "单条保存 p99(窗口另行整理)", times, 10)


def forget_imports(desk: Desk) -> None:
    """What was cut off is not finished by the next test."""

    def forget(cursor: recipe.Cursor) -> None:
        cursor.execute("DELETE FROM local_batch")
        cursor.execute("DELETE FROM open_batch")

    desk.store.local(forget)


@pytest.mark.parametrize("kept", [False, True], ids=["alone", "window"])
def test_b1_save_beside_an_import(desk: Desk, kept: bool) -> None:
    """An import in a worker of the same process, in acts of 25."""
    stop = threading.Event()
    changes = [desk.new("log", entry(n)) for n in range(20_000)]

    def told(_done: int, _whole: int) -> None:
        if stop.is_set():
            raise batches.Stopped("enough")

    def work() -> None:
        with suppress(batches.Stopped):
            batches.write(desk.store, "log.import", changes, by="system", size=batches.BESIDE_A_WINDOW, told=told)

    if kept:
        desk.store.tidy.keep()
    thread = threading.Thread(target=work)
    thread.start()
    times = single_saves(desk, 300, 0.02, thread.is_alive)
    stop.set()
    thread.join()
    desk.store.tidy.end()
    forget_imports(desk)
    if kept:
        tail("B1 beside import", "同一程序导入时单条保存 p99(窗口另行整理)", times, 50)
    else:
        tail("B1 beside import alone", "同一程序导入时单条保存 p99(不整理)", times)
    assert times


@pytest.mark.parametrize("kept", [False, True], ids=["alone", "window"])
def test_b1_save_beside_another_process(desk: Desk, home: Home, tmp_path: Path, kept: bool) -> None:
    """`dutydesk import` beside an open window."""
    file = tmp_path / f"log-{kept}.csv"
    with file.open("w", encoding="utf-8", newline="") as target:
        writer = csv.writer(target)
        writer.writerow(("时间", "类别", "内容"))
        for told in map(entry, range(20_000)):
            writer.writerow((iso(int(told["happened_at"])), told["category"], f"{told['text']} {kept}"))
    if kept:
        desk.store.tidy.keep()
    command = [sys.executable, "-m", "dutydesk", "--home", str(home.root), "import", "log", str(file)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        first = desk.store.position()[0]
        rest, until = threading.Event(), time.monotonic() + 120
        while desk.store.position()[0] == first and process.poll() is None and time.monotonic() < until:
            rest.wait(0.05)
        times = single_saves(desk, 300, 0.02, lambda: process.poll() is None)
    finally:
        process.terminate()
        process.wait()
    desk.store.tidy.end()
    forget_imports(desk)
    assert times, "the import was over before a save began"
    if kept:
        tail("B1 beside process", "另一程序导入时单条保存 p99(窗口另行整理)", times, 50)
    else:
        tail("B1 beside process alone", "另一程序导入时单条保存 p99(不整理)", times)


def test_b3_search(desk: Desk) -> None:
    desk.store.local(lambda cursor: cursor.execute("DELETE FROM open_batch"))
    for word in ("积水", "丁兰"):
        pages = [desk.pages(Query("log", (), word)) for _ in range(ROUNDS)]
        times = [timed(lambda p=p: p.page(0)) for p in pages]
        report(f"B3 {word}", f"百万条里搜“{word}”首页", times, None, "≤ 5 ms", 5, absolute=True)
    found = desk.count("log", search="停电 999")
    with desk.store.read() as connection:
        true = connection.exec_driver_sql(
            "SELECT count(*) FROM log WHERE text LIKE '%停电%' AND (text LIKE '%999%' OR no LIKE '%999%')"
        ).scalar()
    assert found == true


def test_b5_filter_and_sort(desk: Desk) -> None:
    query = Query("log", (Condition("category", "=", "PHONE_IN"), Condition("line", "=", "FLOOD")), "", "party")

    def ours() -> None:
        desk.pages(query).page(0)

    def floor() -> None:
        with desk.store.read() as connection:
            connection.exec_driver_sql(
                "SELECT * FROM log WHERE _state = 1 AND category = 'PHONE_IN' AND line = 'FLOOD'"
                " ORDER BY party, _n LIMIT 256"
            ).fetchall()

    mine, bare = against(ours, floor)
    report("B5", "百万条筛选并排序,到首页", mine, bare, "≤ 3×", 3)


def test_b15_verify(home: Home) -> None:
    """The floor hashes the bytes that the chain hashes, act by act; they lie ready in memory."""
    raw = recipe.connect(home.database, read_only=True)
    part = 200_000
    ready: list[bytes] = []
    for chunk in acts(raw):
        ready += [
            b"\1" + act.prev + chain.header(act.desk, act.epoch, act.seq, act.act_id, act.hlc, act.happened_at,
                                            act.recorded_at, act.by, act.kind, act.sv) + act.body for act in chunk
        ]  # fmt: skip
        assert sha256(ready[-1]).digest() == chunk[-1].hash
        if len(ready) >= part:
            break
    whole = raw.execute("SELECT count(*) FROM act").fetchone()[0]

    def ours() -> None:
        problems: list[Fault] = []
        assert chain_problems(raw, problems, file=home.database)[0] == whole
        assert not problems

    def alone() -> None:
        problems: list[Fault] = []
        assert chain_problems(raw, problems)[0] == whole
        assert not problems

    def floor() -> None:
        for held in ready:
            sha256(held).digest()

    mine, bare = against(ours, floor)
    bare = [one * whole / len(ready) for one in bare]
    work = sorted(spent(alone) / (spent(floor) * whole / len(ready)) for _ in range(3))
    report(
        "B15", "校验一百万条", mine, bare, "≤ 5× 逐条散列", 5,
        note=f"{os.cpu_count()} processors; processor time of one process that does it all {work[1]:.2f}×",
    )  # fmt: skip
    raw.close()


def test_b16_rebuild(tmp_path: Path) -> None:
    rows = int(os.environ.get("DUTYDESK_B16_ACTS", "1000000"))
    kept = big_home(rows)
    copy = Home(tmp_path / "desk")
    shutil.copytree(kept.root, copy.root)
    raw = recipe.connect(copy.database)
    shape = schema()["log"]

    def ours() -> None:
        rebuild(raw, schema(), copy.attachments)

    def floor() -> None:
        from dutydesk.journal.rebuild import READ_ACTS, drop

        raw.execute("BEGIN IMMEDIATE")
        drop(raw)
        for statement in (*statements(MERGE), *schema().statements):
            raw.execute(statement)
        cursor = raw.cursor()
        cursor.execute(READ_ACTS)
        n = 0
        while acts := cursor.fetchmany(1_000):
            made, words = [], []
            for act in acts:
                for change in chain_body(act[10]):
                    n += 1
                    values = change["set"]
                    cells = [values.get(name) for name in shape.names]
                    made.append((n, bytes.fromhex(change["row"]), act[3], act[4], 1, None, *cells))
                    words.append(
                        (
                            n,
                            search.words(search.row_text(shape.ledger, values)),
                            search.row_pinyin(shape.ledger, values),
                        )
                    )
            if made:
                raw.cursor().executemany(shape.insert, made)
                raw.cursor().executemany("INSERT INTO fts_log (rowid, words, py) VALUES (?, ?, ?)", words)
        raw.execute("COMMIT")

    mine, bare = against(ours, floor, 2)
    assert raw.execute("SELECT count(*) FROM log").fetchone()[0] == rows
    report("B16", f"重建 {rows} 条", mine, bare, "≤ 2× 裸写", 2, note=f"load {os.getloadavg()[0]:.1f}")
    raw.close()


def chain_body(body: bytes) -> list[dict[str, Any]]:
    import json

    return json.loads(body)["changes"]
