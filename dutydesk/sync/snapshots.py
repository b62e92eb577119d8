"""Verified copies of the record; the way back from one is `restoring`.

A copy is made by `VACUUM INTO` (never by copying an open file), synced, opened and verified, and only then given its
name; old ones go only after it was verified (`rotation`). The chain is gone through from the place that the newest
signed copy vouches for, once a week from its beginning; every page is looked at each time, every index once a night.
Everything here works from a folder and a key, so that it can run in a process of its own while the window saves.
"""

from __future__ import annotations

import os
import secrets
import shutil
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dutydesk.core.clock import DAY, HOUR, MINUTE, Clock, local
from dutydesk.core.crashpoint import step
from dutydesk.core.errors import Damaged, DutyDeskError, Problem, Unavailable
from dutydesk.core.files import sync_file, sync_folder
from dutydesk.core.i18n import N_, _
from dutydesk.core.paths import Home
from dutydesk.core.settings import DeskConfig, load
from dutydesk.journal import ballast, headfile, peers, recipe, upgrade
from dutydesk.journal.locks import DeskLock
from dutydesk.journal.schema import Schema
from dutydesk.journal.store import Store
from dutydesk.journal.verify import Report, verify_file
from dutydesk.sync import rotation, sidecar
from dutydesk.sync.rotation import Held, Rotation
from dutydesk.sync.sidecar import Sidecar

LAST = "snapshot.last"
"""Key of `local_state`: time of the last verified copy, milliseconds."""
JOB, SECOND = "snapshot", "second"
"""Kinds of the runs in `local_job`: copies, and their way to the second place."""
WHOLE_EVERY = 7 * DAY
"""How often the whole chain is gone through."""
NIGHT = 3 * HOUR
"""The time of day (+08:00) after which the first copy compares every index with its table."""
COPY_EVERY, TRY_AGAIN = HOUR, 10 * MINUTE
"""How often a copy is made by itself, and when one that failed is tried again."""
ZONE = 8 * HOUR
LEAST_WAIT, SLOWEST = 120.0, 2**20
"""Seconds that the second place is waited for in any case, and bytes a second that a slow stick takes."""
NO_ANSWER = N_("第二备份的位置没有应答，先放下，过一会儿再试")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A verified copy: its file, when it was made, its hash; `full`: the whole chain was gone through; `seconds` that
    all of it took; `second`: where else it lies, or `second_error`: why it does not."""

    path: Path
    at: int
    sha256: str
    acts: int
    full: bool = True
    seconds: float = 0.0
    second: str = ""
    second_error: str = ""


def take(
    home: Home,
    schema: Schema,
    clock: Clock,
    *,
    key: bytes | None = None,
    rule: Rotation | None = None,
    full: bool = False,
    second: bool = True,
) -> Snapshot:
    """Make a verified copy in `snapshots/` and, when one is set, bring it to the second place; let old ones go.

    `full` goes through the whole chain, as happens once a week without it. Raises `Unavailable` when the disk does not
    take it or would be too full to save entries, and `Damaged` when the copy does not verify: then the former copies
    stay as they are. What goes wrong with the second place is in the answer.
    """
    config = load(home.config)
    at = clock.now()
    begun = time.perf_counter()
    rule = rule or Rotation()
    home.snapshots.mkdir(parents=True, exist_ok=True)
    with DeskLock(home.lock, exclusive=False), DeskLock(home.snapshots / ".lock", exclusive=True):
        head = headfile.read(home.head)
        notes = headfile.inspect(home.database, head, encrypted=key is not None, move=False)
        if notes:  # SQLite would read a -wal that is not ours into the database
            raise Damaged(*[Problem(note, file=home.database.name) for note in notes])
        _refuse_little_room(home)
        path, made, whole = _take(home, schema, config, at, key, full=full)
        _rotate(home.snapshots, rule, path)
    taken = Snapshot(path, at, made.sha256, made.acts, whole, time.perf_counter() - begun)
    return _sent(home, taken, rule) if second and config.second_snapshots else taken


def due(store: Store) -> bool:
    """Whether the hour since the last copy is over, or the ten minutes since one that failed. A clock that was set back
    makes one due, too: nobody can say how long ago the last one was."""
    runs = peers.runs(store, JOB, 1)
    if not runs:
        return True
    wait = COPY_EVERY if runs[0].state == peers.DONE else TRY_AGAIN
    return not 0 <= store.clock.now() - runs[0].started_at < wait


def night_of(at: int) -> int:
    """The number of the night to which a time belongs: a new one begins at `NIGHT`."""
    return (at + ZONE - NIGHT) // DAY


def give_way() -> None:
    """For a process that does nothing but copy: whoever saves goes first."""
    if hasattr(os, "nice"):
        os.nice(10)


def send_newest(home: Home, rule: Rotation | None = None, *, new_place: bool = False) -> str:
    """Bring the newest verified copy to the second place, and those from before migrations that are not there yet; where
    it lies there, empty where no copy or no place is. `new_place`: a person says that this disk is the place from now on. Raises as `second.send` does."""
    from dutydesk.sync import second  # fsspec and age are loaded when they are needed

    config = load(home.config)
    found = [home.snapshots / one.name for one in held(home.snapshots) if one.verified][:1]
    before = upgrade.copies(home)
    if not (found or before) or not config.second_snapshots:
        return ""
    # A lock of its own: a share that hangs must not keep the next copy from being made.
    try:
        lock = DeskLock(home.snapshots / ".second.lock", exclusive=True)
    except Unavailable:
        raise Unavailable(_("上一份备份还在送往第二处，或那里没有应答")) from None
    with lock:
        sent = second.send(
            config,
            found[0] if found else None,
            rule or Rotation(),
            known=home.snapshots,
            new_place=new_place,
            before=before,
        )
    return f"{sent.place.rstrip('/')}/{sent.name}"


def _sent(home: Home, taken: Snapshot, rule: Rotation) -> Snapshot:
    """The same for a copy just made."""
    place, error = _brought(home, rule, taken.path.stat().st_size)
    return replace(taken, second=place, second_error=error)


def _brought(home: Home, rule: Rotation, size: int) -> tuple[str, str]:
    """`send_newest`, given up when the place does not answer: nobody waits for a share that hangs. The place, or why
    not."""
    came: list[tuple[str, str]] = []

    def bring() -> None:
        try:
            came.append((send_newest(home, rule), ""))
        except DutyDeskError as error:
            came.append(("", str(error)))

    bringing = threading.Thread(target=bring, name="dutydesk-second", daemon=True)
    bringing.start()
    bringing.join(longest(size))
    return came[0] if came else ("", _(NO_ANSWER))


def send_upgraded(store: Store) -> str:
    """After opening has migrated the file: the copy from before goes to the second place at once, where one is set. Why
    not, empty where it did; the migration has not waited for it, and the row brings it there later."""
    if store.upgraded is None or not store.config.second_snapshots:
        return ""
    place, error = _brought(store.home, Rotation(), store.upgraded.stat().st_size)
    note_second(store, place, error)
    return error


def longest(size: int) -> float:
    """Seconds that the way of so many bytes to the second place may take, there and back."""
    return LEAST_WAIT + size / SLOWEST


def note(store: Store, told: Mapping[str, Any]) -> None:
    """Keep what came of a copy in the log of runs: `told` has `at`, `file`, `acts`, `full`, `seconds`, `second`,
    `second_error`, or `error` alone where none was made."""
    peers.end_run(store, peers.begin_run(store, JOB), peers.FAILED if told.get("error") else peers.DONE, told)
    if told.get("at"):
        store.remember(LAST, str(told["at"]))
    if told.get("second") or told.get("second_error"):
        note_second(store, str(told.get("second") or ""), str(told.get("second_error") or ""))


def note_second(store: Store, place: str, error: str) -> None:
    """Keep what came of the way to the second place."""
    body = {"error": error} if error else {"place": place}
    peers.end_run(store, peers.begin_run(store, SECOND), peers.FAILED if error else peers.DONE, body)


def told(made: Snapshot) -> dict[str, Any]:
    """A copy for `note` and `--json`."""
    return {
        "at": made.at, "file": str(made.path), "acts": made.acts, "sha256": made.sha256, "full": made.full,
        "seconds": round(made.seconds, 1), "second": made.second, "second_error": made.second_error,
    }  # fmt: skip


def _refuse_little_room(home: Home) -> None:
    """A copy must not take the room that entries need."""
    needed = home.database.stat().st_size + headfile.wal_length(home.database)
    left = ballast.free(home.root) - needed
    if left < min(ballast.LITTLE_ROOM, max(needed, 8 * ballast.MEGABYTE)):
        raise Unavailable(_("磁盘只剩 {free} MB，没有做备份，请先腾出空间").format(free=ballast.free(home.root) >> 20))


def _take(
    home: Home, schema: Schema, config: DeskConfig, at: int, key: bytes | None, *, full: bool
) -> tuple[Path, Sidecar, bool]:
    _drop_unfinished(home.snapshots)
    temporary = home.snapshots / f".{secrets.token_hex(8)}.new"
    try:
        step("copy.begin")
        secret = _copy_into(home, temporary, key)
        step("copy.written")
        before = None if full else _vouching(home.snapshots, config, secret, at)
        with ThreadPoolExecutor(1) as beside:  # hashing lets go of the interpreter, and so does SQLite
            hashed = beside.submit(sidecar.sum_of, temporary)
            indexes = before is None or night_of(before.indexes) != night_of(at)
            report = verify_file(temporary, schema, key, since=before.base if before else None, indexes=indexes)
            sha256 = hashed.result()
        if not report.ok:
            raise Damaged(*[Problem(fault.what, field=fault.where, file=temporary.name) for fault in report.problems])
        step("copy.verified")
        path = _named(home.snapshots, at)
        made = _sidecar(path, sha256, temporary.stat().st_size, config, at, report, before)
        made = replace(made, indexes=at if indexes or before is None else before.indexes)
        made = sidecar.signed(made, secret)
        sidecar.write(path, made)
        step("copy.before-name")
        temporary.replace(path)
        sync_folder(home.snapshots)
        step("copy.named")
    except OSError as error:
        raise Unavailable(_("备份没有写成：{error}").format(error=error.strerror or error)) from None
    finally:
        for left in home.snapshots.glob(f"{temporary.name}*"):
            left.unlink(missing_ok=True)
    return path, made, before is None


def _sidecar(
    path: Path, sha256: str, size: int, config: DeskConfig, at: int, report: Report, before: Sidecar | None
) -> Sidecar:
    own = {place.epoch: place.seq for place in report.desks if place.desk == config.desk_id}
    return Sidecar(
        sha256, path.name, at, before.full if before else at, size, report.acts, report.arrival, config.desk,
        config.epoch, own.get(config.epoch, 0),
        tuple((place.desk.hex(), place.epoch, place.seq, place.hash.hex()) for place in report.desks),
    )  # fmt: skip


def _vouching(folder: Path, config: DeskConfig, secret: bytes | None, at: int) -> Sidecar | None:
    """The newest copy's own word, where this desk has signed it and the week is not over: from its places on the chain
    is gone through. Its file must be there: a sum alone vouches for nothing that could be restored."""
    if secret is None:
        return None
    for path in snapshots(folder)[:1]:
        made = sidecar.read(path)
        if made is None or made.desk != config.desk or made.size != path.stat().st_size or made.name != path.name:
            return None
        if not sidecar.holds(made) or sidecar.signed(made, secret).public != made.public:
            return None
        return made if 0 <= at - made.full < WHOLE_EVERY else None
    return None


def _drop_unfinished(folder: Path) -> None:
    """What a kill left of a copy that never got its name; the caller is the only one who makes copies there."""
    for left in folder.glob(".*.new*"):
        left.unlink(missing_ok=True)
    for left in folder.glob(".second-*"):
        shutil.rmtree(left, ignore_errors=True)


def _copy_into(home: Home, target: Path, key: bytes | None) -> bytes | None:
    """The copy itself; gives the key by which the desk signs."""
    raw = recipe.connect(home.database, key)
    try:
        raw.execute("VACUUM INTO ?", (str(target),))
        secret = sidecar.secret_in(raw)
    except recipe.driver().DatabaseError as error:
        text = str(error)
        if "malformed" in text or "corrupt" in text or "not a database" in text:
            raise Damaged(_("备份时读取数据库失败：{error}").format(error=error)) from None
        if "full" in text:
            raise Unavailable(_("磁盘已满，备份没有写成")) from None
        raise Unavailable(_("备份没有写成：{error}").format(error=error)) from None
    finally:
        raw.close()
    sync_file(target)
    return secret


def _named(folder: Path, at: int) -> Path:
    stem = local(at).strftime("desk-%Y%m%d-%H%M%S")
    path = folder / f"{stem}.sqlite"
    same = [one.again for one in held(folder) if one.name.startswith(stem)]
    return folder / f"{stem}-{max(same) + 1}.sqlite" if same else path  # a name that went is not given to a later one


def _rotate(folder: Path, rule: Rotation, made: Path) -> None:
    """Let go what the rule does not keep, and more where the disk is nearly full; `made` was verified just now."""
    here = held(folder)
    gone = rotation.to_go(here, rule, made.name)
    stay = [one for one in here if one.name not in gone]
    room = ballast.free(folder) + sum(one.size for one in here if one.name in gone)
    for name in [*gone, *rotation.squeezed(stay, ballast.LITTLE_ROOM - room, made.name)]:
        (folder / name).unlink(missing_ok=True)
        sidecar.path_of(folder / name).unlink(missing_ok=True)


def held(folder: Path) -> list[Held]:
    """The copies in a folder, newest first. Verified are those that still have the sum that was written when they were;
    one that a drill found bad has lost it."""
    out: list[Held] = []
    for path in folder.glob("desk-*.sqlite"):
        found = rotation.moment(path.name)
        if found is not None:
            size = path.stat().st_size
            made = sidecar.read(path)
            good = made is not None and made.size in (0, size)
            epoch, arrival = (made.epoch, made.arrival) if made is not None and good else (0, 0)
            out.append(replace(found, size=size, verified=good, epoch=epoch, arrival=arrival))
    return sorted(out, key=lambda one: one.age, reverse=True)


def snapshots(folder: Path) -> list[Path]:
    """The copies in a folder, newest first."""
    return [folder / one.name for one in held(folder)]


def moment_of(copy: Path) -> int:
    """When a copy was made, by its name; 0 for another name."""
    found = rotation.moment(copy.name)
    return found.at if found is not None else 0
