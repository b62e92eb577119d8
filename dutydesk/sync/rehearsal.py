"""The restore drill: proves that the newest copy would do, by doing it in a folder of its own (engineering.md §5, F28).

The copy is held against its sum and signature, restored as a dead disk would have it, opened, verified with all its
projections made anew, and compared with the record that it is of: every chain of the copy must stand in the record too,
and while nothing was written since, both must show the same.
"""

from __future__ import annotations

import secrets
import shutil
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dutydesk.core.clock import DAY, Clock
from dutydesk.core.errors import Damaged, DutyDeskError, Problem, Refused, Unavailable
from dutydesk.core.i18n import _
from dutydesk.core.paths import Home
from dutydesk.journal import ballast, peers, recipe
from dutydesk.journal.digest import digest
from dutydesk.journal.schema import Schema
from dutydesk.journal.store import Store
from dutydesk.journal.verify import verify
from dutydesk.sync import restoring, sidecar, snapshots

JOB = "drill"
"""Kind of the runs in `local_job`."""
EVERY = 7 * DAY
"""How often it is done by itself (engineering.md §5, F28)."""
OVERDUE = 14 * DAY
"""From when on people are told that it was not."""
SAME, EARLIER = "SAME", "EARLIER"


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What came of it: the copy, its acts, how long the way back took, and whether the record shows the `SAME` or has
    gone on since (`EARLIER`: the copy is where the record was)."""

    file: str
    at: int
    acts: int
    seconds: float
    against: str


def rehearse(home: Home, schema: Schema, clock: Clock, key: bytes | None = None, copy: Path | None = None) -> Rehearsal:
    """Go the whole way back with the newest verified copy (or `copy`) beside the desk, which is only read. Raises
    `Refused` where there is no copy, `Unavailable` without room, `Damaged` where the copy would not do: it loses its
    standing as a verified one then, and the rotation keeps another."""
    found = [home.snapshots / one.name for one in snapshots.held(home.snapshots) if one.verified]
    chosen = copy or (found[0] if found else None)
    if chosen is None:
        raise Refused(Problem(_("还没有备份"), file=str(home.snapshots)))
    if ballast.free(home.root) < 2 * chosen.stat().st_size + ballast.LITTLE_ROOM:
        raise Unavailable(_("磁盘只剩 {free} MB，没有做恢复演练").format(free=ballast.free(home.root) >> 20))
    for left in home.root.glob(".drill-*"):
        shutil.rmtree(left, ignore_errors=True)
    work = Home(home.root / f".drill-{secrets.token_hex(4)}")
    begun = time.perf_counter()
    try:
        restoring.restore(work, schema, clock, chosen, {}, key=key)
        seconds = time.perf_counter() - begun
        report = verify(work, schema, key)
        if not report.ok:
            raise Damaged(*[Problem(fault.what, field=fault.where, file=chosen.name) for fault in report.problems])
        against = _compare(home, chosen, schema, key)
    except Damaged:
        beside = sidecar.path_of(chosen)
        if beside.exists() and chosen.parent == home.snapshots:
            beside.replace(beside.with_suffix(".bad"))
        raise
    finally:
        shutil.rmtree(work.root, ignore_errors=True)
    return Rehearsal(chosen.name, snapshots.moment_of(chosen), report.acts - 1, round(seconds, 1), against)


def _compare(home: Home, copy: Path, schema: Schema, key: bytes | None) -> str:
    """Hold the copy against the record; raises `Damaged` where the record does not go on from it."""
    theirs = recipe.connect(copy, key, read_only=True)
    ours = recipe.connect(home.database, key, read_only=True)
    try:
        ours.execute("BEGIN")
        ends = theirs.execute("SELECT desk, epoch, seq, hash FROM frontier ORDER BY desk, epoch").fetchall()
        for desk, epoch, seq, held in ends:
            found = ours.execute(
                "SELECT hash FROM act WHERE desk = ? AND epoch = ? AND seq = ?", (desk, epoch, seq)
            ).fetchone()
            if found is None or bytes(found[0]) != bytes(held):
                place = f"#{seq} {bytes(desk).hex()[:8]}/{epoch}"
                raise Damaged(Problem(_("备份里有现在的记录没有的内容"), field=place, file=copy.name))
        if ours.execute("SELECT desk, epoch, seq, hash FROM frontier ORDER BY desk, epoch").fetchall() != ends:
            return EARLIER
        if digest(ours.cursor(), schema) != digest(theirs.cursor(), schema):
            raise Damaged(Problem(_("备份与现在的台账不一致"), file=copy.name))
        return SAME
    finally:
        theirs.close()
        ours.close()


def told(made: Rehearsal) -> dict[str, Any]:
    """For the log of runs and `--json`."""
    return asdict(made)


def note(store: Store, body: Mapping[str, Any]) -> None:
    """Keep what came of a drill; `error` says why it failed."""
    peers.end_run(store, peers.begin_run(store, JOB), peers.FAILED if body.get("error") else peers.DONE, body)


def run(store: Store) -> Rehearsal:
    """The drill of an open desk, with its row whatever comes of it."""
    try:
        made = rehearse(store.home, store.schema, store.clock, store.key)
    except DutyDeskError as error:
        note(store, {"error": str(error)})
        raise
    note(store, told(made))
    return made


def due(store: Store) -> bool:
    """Whether the week since the last drill that proved something is over, and there is a copy to try."""
    last = [run.started_at for run in peers.runs(store, JOB) if run.state == peers.DONE]
    tried = [run.started_at for run in peers.runs(store, JOB, 1)]
    now = store.clock.now()
    if tried and 0 <= now - tried[0] < DAY // 4:
        return False  # one that failed is tried again, not every hour
    copied = any(one.verified for one in snapshots.held(store.home.snapshots))
    return copied and (not last or not 0 <= now - last[0] < EVERY)
