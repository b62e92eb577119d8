"""F1 and its control F2: a desk at work on a recording disk, and the power cut at any write.

A program of its own (`python -m tests.faults.powerloss`): it loads apsw and never the usual driver. It answers with
one JSON value: how many states were looked at, and what was wrong with how many.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import apsw

from dutydesk.core.clock import FixedClock
from dutydesk.core.errors import DutyDeskError
from dutydesk.core.ids import CLI
from dutydesk.core.paths import Home
from dutydesk.core.settings import load
from dutydesk.journal import headfile, recipe
from dutydesk.journal.chaincheck import Fault, chain_problems
from dutydesk.journal.digest import digest
from dutydesk.journal.store import ACT_COLUMNS, Store
from dutydesk.journal.verify import verify
from tests.faults import apswdb
from tests.faults.disks import Disk, Op, Recorder, RecordingVFS
from tests.journal import desks as d

EVERY_DEEP = 200
"""One state of so many is opened by the store itself, written to and verified with a rebuild."""


@dataclass
class Night:
    """What was acknowledged, and when: `acts[i]` and the projections' digest after it; `acked[i]` is how many
    operations the record had when the caller got the answer."""

    ops: list[Op] = field(default_factory=list)
    acts: list[tuple[Any, ...]] = field(default_factory=list)
    digests: list[str] = field(default_factory=list)
    acked: list[int] = field(default_factory=list)


def work(folder: Path, rng: random.Random, settings: list[str], *, sync_head: bool) -> Night:
    """A desk is made, written to, closed, opened and written to again, with checkpoints in between."""
    recorder = Recorder(folder)
    vfs = RecordingVFS(recorder)
    apswdb.through("recording", apswdb.exclusive)
    recorder.watch()
    if not sync_head:
        headfile.os = Unsynced()  # type: ignore[attr-defined]
    night = Night(recorder.ops)
    try:
        with d.make(folder) as store:
            acknowledged(store, night)
            tune(store, settings)
            session(store, night, rng, 14)
        for count in (10, 1, 12):
            with Store.open(Home(folder), d.FULL, FixedClock(d.EVENING + 60_000 * len(night.acts))) as store:
                tune(store, settings)
                session(store, night, rng, count)
    finally:
        recorder.leave()
        headfile.os = os  # type: ignore[attr-defined]
        apswdb.through(None)
        vfs.unregister()
    return night


class Unsynced:
    """`os` without fsync."""

    def __getattr__(self, name: str) -> Any:
        return (lambda handle: None) if name == "fsync" else getattr(os, name)


def tune(store: Store, settings: list[str]) -> None:
    """Checkpoints often enough that many crash states fall into them."""
    assert store._raw is not None
    store._raw.execute("PRAGMA wal_autocheckpoint=90").fetchall()
    for setting in settings:
        store._raw.execute(f"PRAGMA {setting}").fetchall()


def session(store: Store, night: Night, rng: random.Random, count: int) -> None:
    people: list[bytes] = []
    for n in range(count):
        what = rng.choice(("log", "log", "person", "edit", "bulk", "local"))
        if what == "person" or (what == "edit" and not people):
            people.append(d.add(store, "people", name=f"钱{n}", unit="值班室", phone=f"0571-0000{n:04d}"))
        elif what == "edit":
            d.write(store, "people", rng.choice(people), note="值守" * rng.randint(1, 60))
        elif what == "bulk":
            rows = [d.new("places", {"name": f"场所{n}-{m}", "area": m}) for m in range(12)]
            store.act("test", rows, by=CLI)
        else:
            d.add(store, "log", text="接报积水 " * rng.randint(1, 40), party_phone="13800000000")
        acknowledged(store, night)
        if what == "local":
            store.remember("looks", "dark" * n)


def acknowledged(store: Store, night: Night) -> None:
    """The caller has its receipt: from here on the act must be there whatever happens."""
    night.acked.append(len(night.ops))
    night.acts.append(d.ask(store, f"SELECT {ACT_COLUMNS} FROM act ORDER BY arrival DESC LIMIT 1")[0])
    night.digests.append(d.digest_of(store))


def look(home: Home, night: Night, n: int, *, deep: bool) -> tuple[str, str]:
    """What is wrong with the desk as the power cut left it: nothing, or the kind and the words."""
    sure = sum(1 for at in night.acked if at <= n)
    try:
        load(home.config)
        head = headfile.read(home.head)
        headfile.inspect(home.database, head, encrypted=False)
        raw = recipe.connect(home.database)
        try:
            sound = raw.execute("PRAGMA integrity_check(5)").fetchall()
            if [row[0] for row in sound] != ["ok"]:
                return "corrupt", str(sound)
            acts = [tuple(row) for row in raw.execute(f"SELECT {ACT_COLUMNS} FROM act ORDER BY arrival").fetchall()]
            if len(acts) < sure:
                return "lost", f"{sure} acknowledged, {len(acts)} there"
            if acts != night.acts[: len(acts)]:
                return "altered", f"{len(acts)} acts are not the ones that were written"
            faults: list[Fault] = []
            chain_problems(raw, faults)
            place = raw.execute("SELECT desk, epoch, seq, hash FROM frontier").fetchall()
            if faults or [tuple(row) for row in place] != [(*acts[-1][:3], acts[-1][13])]:
                return "torn", f"{faults} {place}"
            if digest(raw.cursor(), d.FULL) != night.digests[len(acts) - 1]:
                return "torn", "acts and ledgers do not agree"
            for name, shape in d.FULL.shapes.items():
                if shape.fts:
                    rows = raw.execute(f"SELECT count(*) FROM {name} WHERE _state = 1").fetchone()[0]
                    found = raw.execute(f"SELECT count(*) FROM {shape.fts}_docsize").fetchone()[0]
                    if rows != found:
                        return "torn", f"{name}: {rows} rows, {found} in the index"
            headfile.compare(head, tuple(acts[-1][i] for i in (2, 13)))  # type: ignore[arg-type]
        finally:
            raw.close()
        if deep:
            with Store.open(home, d.FULL, FixedClock(d.EVENING * 2)) as store:
                d.add(store, "log", text="重新开机")
                if len(d.ask(store, "SELECT seq FROM act")) != len(acts) + 1:
                    return "torn", "it does not go on"
            report = verify(home, d.FULL)
            if not report.ok:
                return "torn", str(report.problems)
    except DutyDeskError as error:
        return "refused", str(error)
    except (apswdb.Error, apsw.Error) as error:
        return "corrupt", str(error)
    return "", ""


def run(seed: int, states: int, model: str, settings: list[str], *, sync_head: bool, only: str = "") -> dict[str, Any]:
    """Look at `states` power cuts, spread over the whole record."""
    rng = random.Random(seed)
    found: Counter[str] = Counter()
    examples: list[str] = []
    with d.quick_folder() as place:
        night = work(place / "desk", rng, settings, sync_head=sync_head)
        first = night.acked[0]
        moments = sorted(rng.randint(first, len(night.ops)) for _n in range(states))
        if states > len(night.ops) - first:  # enough for every moment at least once
            moments = sorted([*range(first, len(night.ops) + 1), *moments])[:states]
        disk = Disk(model, rng)
        home = Home(place / "found")
        for count, moment in enumerate(moments):
            while disk.n < moment:
                disk.apply(night.ops[disk.n])
            shutil.rmtree(home.root, ignore_errors=True)
            home.root.mkdir()
            for name, content in disk.cut().items():
                (home.root / name).write_bytes(content)
            kind, words = look(home, night, moment, deep=count % EVERY_DEEP == 0)
            if kind:
                found[kind] += 1
                if len(examples) < 5:
                    op = night.ops[moment - 1]
                    examples.append(f"seed {seed} moment {moment} ({op.what} {op.name}): {kind}: {words}")
    return {
        "states": len(moments), "moments": len(set(moments)), "ops": len(night.ops), "acts": len(night.acts),
        "found": dict(found), "examples": examples,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--states", type=int, default=500)
    parser.add_argument("--model", choices=("strict", "ext4"), default="strict")
    parser.add_argument("--set", action="append", default=[], metavar="PRAGMA=VALUE")
    parser.add_argument("--head-unsynced", action="store_true")
    args = parser.parse_args()
    apswdb.alone()
    answer = run(args.seed, args.states, args.model, args.set, sync_head=not args.head_unsynced)
    assert not [name for name in sys.modules if name.startswith("sqlcipher3")]
    sys.stdout.write(json.dumps(answer, ensure_ascii=False))


if __name__ == "__main__":
    main()
