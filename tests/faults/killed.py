"""F3: a process that writes and is killed at any moment, again and again.

A program of its own (`python -m tests.faults.killed`): it loads everything once and forks a writer for each kill, so
that a kill costs no start of Python. The parent holds no connection while it forks. The writer tells of each act that
was acknowledged through a pipe; after the kill everything it told of must be in the desk, whole, and the desk go on.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import select
import signal
import sys
import time
from pathlib import Path

from dutydesk.core.clock import FixedClock
from dutydesk.core.errors import DutyDeskError
from dutydesk.core.ids import CLI
from dutydesk.core.paths import Home
from dutydesk.journal import batches
from dutydesk.journal.store import Receipt, Store
from dutydesk.journal.verify import verify
from dutydesk.sync import snapshots
from tests.journal import desks as d

LONGEST = 0.4
"""Seconds after its start at which the latest kill comes."""
KILLS_PER_DESK = 10


def write(root: Path, turn: int, out: int) -> None:
    """Open the desk and save until the end comes."""
    rng = random.Random(turn)
    home = Home(root)
    clock = FixedClock(d.EVENING + turn * 60_000)
    with Store.open(home, d.FULL, clock) as store:
        told(out, "open")
        batches.resume(store)
        while True:
            what = rng.random()
            if what < 0.02:
                snapshots.take(home, d.FULL, clock)
            elif what < 0.06:
                rows = [d.new("places", {"name": f"场所{turn}-{n}", "area": n}) for n in range(60)]
                batches.write(store, "test.import", rows, by=CLI, size=20)
                told(out, "rows", *[row.row.hex() for row in rows])
            elif what < 0.4:
                change = d.new("people", {"name": f"钱{turn}", "unit": str(rng.random()), "phone": "13800000000"})
                acknowledged(out, store.act("test", [change], by=CLI))
                edit = d.Change("people", change.row, {"note": "值守" * rng.randint(1, 50)})
                acknowledged(out, store.act("test", [edit], by=CLI))
            else:
                change = d.new("log", {"text": "接报积水 " * rng.randint(1, 30), "party_phone": "13800000000"})
                acknowledged(out, store.act("test", [change], by=CLI))


def acknowledged(out: int, receipt: Receipt) -> None:
    told(out, "act", str(receipt.seq), receipt.act_id.hex())


def told(out: int, *words: str) -> None:
    """One line, in one write: it is whole or not there."""
    os.write(out, (" ".join(words) + "\n").encode())


def kill_one(root: Path, turn: int, after: float) -> list[list[str]]:
    """Fork a writer, kill it so many seconds after it has opened the desk, every fifth after its start; what it told
    of."""
    source, out = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(source)
        try:
            write(root, turn, out)
        finally:
            os._exit(9)
    os.close(out)
    heard = b"" if turn % 5 == 4 else os.read(source, 65_536)
    until = time.monotonic() + after
    while (left := until - time.monotonic()) > 0:
        if select.select([source], [], [], left)[0]:
            part = os.read(source, 65_536)
            if not part:
                break
            heard += part
    os.kill(child, signal.SIGKILL)
    _pid, status = os.waitpid(child, 0)
    while part := os.read(source, 65_536):
        heard += part
    os.close(source)
    if not os.WIFSIGNALED(status):
        raise SystemExit(f"the writer of turn {turn} ended by itself ({status})")
    lines = heard.decode().split("\n")
    return [line.split() for line in lines[:-1]]


def wrong(root: Path, told_of: list[list[str]], turn: int) -> str:
    """What is not as the killed process was told; empty when all is well."""
    home = Home(root)
    half = [path.name for path in root.glob("snapshots/*.sqlite") if not path.with_suffix(".sha256").exists()]
    if half:
        return f"copies without their sum: {half}"
    try:
        with Store.open(home, d.FULL, FixedClock(d.EVENING + turn * 60_000 + 30_000)) as store:
            if store.notes:
                return str(store.notes)
            acts = {(str(seq), act.hex()) for seq, act in d.ask(store, "SELECT seq, act_id FROM act")}
            places = {row.hex() for (row,) in d.ask(store, "SELECT id FROM places WHERE _state = 1")}
            open_batches = d.ask(store, "SELECT count(*) FROM open_batch")[0][0]
            if open_batches and not d.ask(store, "SELECT 1 FROM local_batch"):
                return "an import was cut off and cannot be finished"
        for words in told_of:
            if words[0] == "act" and (words[1], words[2]) not in acts:
                return f"act {words[1]} was acknowledged and is not there"
            if words[0] == "rows" and not set(words[1:]) <= places:
                return "rows of an acknowledged import are not there"
        if turn % KILLS_PER_DESK == KILLS_PER_DESK - 1 or turn % 5 == 0:
            report = verify(home, d.FULL)
            if not report.ok:
                return str(report.problems)
    except DutyDeskError as error:
        return f"refused: {error}"
    return ""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    rng = random.Random(args.seed)
    found: list[str] = []
    acts = 0
    with d.quick_folder() as place:
        for turn in range(args.kills):
            root = place / f"desk{turn // KILLS_PER_DESK}"
            if not root.exists():
                with d.make(root) as store:  # what is imported late is imported here, once
                    d.add(store, "people", name="钱")
                    d.add(store, "places", name="场所")
                snapshots.take(Home(root), d.FULL, FixedClock(d.EVENING))
            after = rng.random() * LONGEST
            told_of = kill_one(root, turn, after)
            acts += sum(words[0] != "open" for words in told_of)
            problem = wrong(root, told_of, turn)
            if problem:
                found.append(f"seed {args.seed} turn {turn} after {after * 1000:.0f} ms: {problem}")
    sys.stdout.write(json.dumps({"kills": args.kills, "acknowledged": acts, "found": found}, ensure_ascii=False))


if __name__ == "__main__":
    main()
