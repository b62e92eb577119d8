"""F7: a disk that answers EIO to a write, a sync or a read.

A program of its own (`python -m tests.faults.broken`): it loads apsw and never the usual driver. For every kind of
fault and every place of it in a stretch of work: the desk says so, saves nothing more until it is opened anew (a sync
that failed is not asked for again: what the system had in hand may be gone, and the second sync would say yes), and
what was acknowledged is there.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import apsw

from dutydesk.core.clock import FixedClock
from dutydesk.core.errors import DutyDeskError, Unavailable
from dutydesk.core.paths import Home
from dutydesk.journal.store import Store
from dutydesk.journal.verify import verify
from tests.faults import apswdb
from tests.journal import desks as d

CODES = {
    "write": apsw.SQLITE_IOERR_WRITE,
    "sync": apsw.SQLITE_IOERR_FSYNC,
    "read": apsw.SQLITE_IOERR_READ,
}


class Plan:
    """Which operation fails: the `nth` of its kind from now on, in the database or its `-wal`; and what followed."""

    def __init__(self) -> None:
        self.what = ""
        self.left = 0
        self.struck = 0
        self.syncs_after = 0

    def arm(self, what: str, nth: int) -> None:
        self.what, self.left, self.struck, self.syncs_after = what, nth, 0, 0

    def ask(self, what: str) -> None:
        if self.struck and what == "sync":
            self.syncs_after += 1
        if what != self.what:
            return
        self.left -= 1
        if self.left == 0:
            self.struck += 1
            failure = apsw.IOError("EIO")
            failure.extendedresult = CODES[what]
            raise failure


class FailingVFS(apsw.VFS):
    """SQLite's own file layer under a plan."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        super().__init__("failing", "")

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:
        return FailingFile(self.plan, name, flags)


class FailingFile(apsw.VFSFile):
    """One open file under a plan."""

    def __init__(self, plan: Plan, name: Any, flags: list[int]) -> None:
        self.plan = plan
        super().__init__("", name, flags)

    def xRead(self, amount: int, offset: int) -> bytes:
        self.plan.ask("read")
        return super().xRead(amount, offset)

    def xWrite(self, data: bytes, offset: int) -> None:
        self.plan.ask("write")
        super().xWrite(data, offset)

    def xSync(self, flags: int) -> None:
        self.plan.ask("sync")
        super().xSync(flags)


def strike(root: Path, plan: Plan, what: str, nth: int) -> tuple[str, str]:
    """Let one fault come; (how it ended, what is wrong)."""
    home = Home(root)
    acked: list[bytes] = []
    apswdb.through("failing", apswdb.exclusive)
    store = Store.open(home, d.FULL, FixedClock(d.EVENING))
    try:
        store._raw.execute("PRAGMA wal_autocheckpoint=20").fetchall()  # type: ignore[union-attr]
        store._raw.execute("PRAGMA cache_size=10").fetchall()  # type: ignore[union-attr]
        before = len(d.ask(store, "SELECT 1 FROM act"))
        plan.arm(what, nth)
        refused = ""
        for n in range(12):
            try:
                acked.append(d.add(store, "people", name=f"钱{n}", unit="值班室", phone="13800000000"))
            except Unavailable as error:
                refused = str(error)
                break
        if refused:
            syncs = plan.syncs_after
            try:
                d.add(store, "people", name="孙")
            except Unavailable:
                pass
            else:
                return "refused", "it saved after a failed disk"
            if what == "sync" and (syncs or plan.syncs_after):
                return "refused", f"{plan.syncs_after} syncs after the one that failed, before it was opened anew"
    finally:
        store.close()
        struck = plan.struck
        plan.arm("", 0)
        apswdb.through(None)  # the disk works again
    with Store.open(home, d.FULL, FixedClock(d.EVENING)) as store:
        held = {row for (row,) in d.ask(store, "SELECT id FROM people WHERE _state = 1")}
        acts = len(d.ask(store, "SELECT 1 FROM act"))
        if not set(acked) <= held:
            return "refused", f"{len(set(acked) - held)} acknowledged rows are not there"
        if acts > before + len(acked) + 1:
            return "refused", "more is there than was ever asked for"
        d.add(store, "people", name="李")
    report = verify(home, d.FULL)
    return ("refused" if refused else "at the close" if struck else "not reached"), "" if report.ok else str(
        report.problems
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--places", type=int, default=40)
    parser.add_argument("--try-again", action="store_true", help="a store that forgets the failure: the control")
    args = parser.parse_args()
    if args.try_again:
        Store._refuse_broken = lambda self: None  # type: ignore[method-assign]
    apswdb.alone()
    plan = Plan()
    vfs = FailingVFS(plan)
    ended: Counter[str] = Counter()
    found: list[str] = []
    with d.quick_folder() as place:
        for what in CODES:
            for nth in range(1, args.places + 1):
                root = place / f"{what}{nth // 20}"  # a desk that has grown only slows the looking
                if not root.exists():
                    d.make(root).close()
                try:
                    how, problem = strike(root, plan, what, nth)
                except DutyDeskError as error:
                    how, problem = "refused", f"it does not open again: {error}"
                ended[f"{what} {how}"] += 1
                if problem:
                    found.append(f"{what} {nth}: {problem}")
    del vfs
    assert not [name for name in sys.modules if name.startswith("sqlcipher3")]
    sys.stdout.write(json.dumps({"ended": dict(ended), "found": found}, ensure_ascii=False))


if __name__ == "__main__":
    main()
