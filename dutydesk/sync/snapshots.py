"""Verified copies of the record, and the way back from one.

A copy is made by `VACUUM INTO` (never by copying an open file), synced, opened and verified, and only then given its
name; old ones go only after it was verified (`rotation`). The chain is gone through from the place that the newest
signed copy vouches for, once a week from its beginning. Everything here works from a folder and a key, so that it can
run in a process of its own while the window saves.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import time
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dutydesk.core.clock import DAY, Clock, local
from dutydesk.core.crashpoint import step
from dutydesk.core.errors import Damaged, DutyDeskError, Problem, Refused, Unavailable
from dutydesk.core.files import sync_file, sync_folder
from dutydesk.core.i18n import _
from dutydesk.core.paths import Home
from dutydesk.core.settings import DeskConfig, load, save
from dutydesk.journal import ballast, headfile, peers, recipe
from dutydesk.journal.chaincheck import GARBLED
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
    return _sent(home, taken, config, rule) if second and config.second_snapshots else taken


def give_way() -> None:
    """For a process that does nothing but copy: whoever saves goes first."""
    if hasattr(os, "nice"):
        os.nice(10)


def send_newest(home: Home, rule: Rotation | None = None) -> str:
    """Bring the newest verified copy to the second place; its name there, empty where no copy or no place is. Raises
    as `second.send` does."""
    from dutydesk.sync import second  # fsspec and age are loaded when they are needed

    config = load(home.config)
    found = [home.snapshots / one.name for one in held(home.snapshots) if one.verified]
    if not found or not config.second_snapshots:
        return ""
    with DeskLock(home.snapshots / ".lock", exclusive=True):
        return second.send(config, found[0], rule or Rotation()).name


def _sent(home: Home, taken: Snapshot, config: DeskConfig, rule: Rotation) -> Snapshot:
    from dutydesk.sync import second

    try:
        with DeskLock(home.snapshots / ".lock", exclusive=True):
            sent = second.send(config, taken.path, rule)
    except (Refused, Unavailable) as error:
        return replace(taken, second_error=str(error))
    return replace(taken, second=f"{sent.place.rstrip('/')}/{sent.name}")


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
            report = verify_file(temporary, schema, key, since=before.base if before else None)
            sha256 = hashed.result()
        if not report.ok:
            raise Damaged(*[Problem(fault.what, field=fault.where, file=temporary.name) for fault in report.problems])
        step("copy.verified")
        path = _named(home.snapshots, at)
        made = _sidecar(path, sha256, temporary.stat().st_size, config, at, report, before)
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
            out.append(replace(found, size=size, verified=made is not None and made.size in (0, size)))
    return sorted(out, key=lambda one: one.age, reverse=True)


def snapshots(folder: Path) -> list[Path]:
    """The copies in a folder, newest first."""
    return [folder / one.name for one in held(folder)]


def moment_of(copy: Path) -> int:
    """When a copy was made, by its name; 0 for another name."""
    found = rotation.moment(copy.name)
    return found.at if found is not None else 0


def last_numbers(home: Home, schema: Schema, key: bytes | None = None) -> dict[str, int]:
    """The desk's own last number of each numbered ledger and newest year, as far as the present file can be read; what
    `restore` offers before it asks for the last one on paper."""
    return counted(home.database, schema, key, home.config)


def counted(file: Path, schema: Schema, key: bytes | None = None, config: Path | None = None) -> dict[str, int]:
    """The last numbers that a file has of the desk of `config`, or of the desk whose copy it is."""
    names = [shape.ledger.name for shape in schema.shapes.values() if shape.ledger.number]
    try:
        desk = (load(config) if config is not None else _config_in(file, key)).desk_id
        raw = recipe.connect(file, key, read_only=True)
    except (DutyDeskError, OSError, *GARBLED, recipe.driver().DatabaseError):
        return dict.fromkeys(names, 0)
    try:
        found = raw.execute("SELECT ledger, n FROM counter WHERE desk = ? ORDER BY year", (desk,)).fetchall()
    except recipe.driver().DatabaseError:
        found = []
    finally:
        raw.close()
    return dict.fromkeys(names, 0) | {str(ledger): int(n) for ledger, n in found}


def restore(
    home: Home,
    schema: Schema,
    clock: Clock,
    file: Path,
    numbers: Mapping[str, int],
    *,
    key: bytes | None = None,
) -> Path | None:
    """Go back to a copy: the present file is kept beside it, a new epoch begins, and no number given on paper is
    given again (`numbers`: ledger → last number of this year on paper). An empty folder becomes the desk that the
    copy is of: a new machine after the old one's disk died.

    Returns where the former database was put, `None` where there was none. Raises `Refused` for a copy that is not
    this desk's, `Damaged` for one that does not verify; until the copy is whole and has its new epoch, nothing of the
    desk is touched.
    """
    if not file.is_file():
        raise Refused(Problem(_("没有这个备份文件"), file=str(file)))
    _check_sum(file, key)
    report = verify_file(file, schema, key)
    if not report.ok:
        raise Damaged(*[Problem(fault.what, field=fault.where, file=file.name) for fault in report.problems])
    config = load(home.config) if home.config.exists() else _config_in(file, key)
    mine = [place for place in report.desks if place.desk == config.desk_id]
    if not mine:
        raise Refused(Problem(_("这个备份不是本机的记录"), file=file.name))
    newest = max(mine, key=lambda place: place.epoch)
    recipe.refuse_place(home.root)
    with alone(home):
        epoch = max(newest.epoch, config.epoch) + 1
        work = Home(home.root / f".restore-{secrets.token_hex(4)}")
        try:
            step("restore.begin")
            _prepare(work, schema, clock, file, replace(config, epoch=epoch), newest.hash, numbers, key)
            step("restore.prepared")
            return swap(home, work, replace(config, epoch=epoch), clock.now())
        except OSError as error:
            raise Unavailable(_("恢复没有做完：{error}").format(error=error.strerror or error)) from None
        finally:
            shutil.rmtree(work.root, ignore_errors=True)


@contextmanager
def alone(home: Home) -> Generator[None]:
    """Nobody else has the desk, and what a restore that was killed has left is gone."""
    with DeskLock(home.lock, exclusive=True):
        for left in home.root.glob(".restore-*"):
            shutil.rmtree(left, ignore_errors=True)
        yield


def _check_sum(file: Path, key: bytes | None) -> None:
    """Hold a copy against what lies beside it, where it does: its sum, and whether the desk has signed that."""
    made = sidecar.read(file)
    if made is None:
        return
    if made.sha256 != sidecar.sum_of(file):
        raise Damaged(Problem(_("备份文件与它的校验值不符，请换一个备份"), file=file.name))
    if made.sig and not sidecar.trusted(made, file, key):
        raise Damaged(Problem(_("备份的签名不是这台值班台的，请换一个备份"), file=file.name))


def _config_in(file: Path, key: bytes | None) -> DeskConfig:
    """What the desk of a copy is, from the act that began its record."""
    raw = recipe.connect(file, key, read_only=True)
    try:
        (body,) = raw.execute("SELECT body FROM act WHERE kind = 'epoch.open' ORDER BY arrival LIMIT 1").fetchone()
    finally:
        raw.close()
    told = json.loads(body)["epoch"]
    return DeskConfig(
        told["desk"],
        code=told["code"],
        district=told["district"],
        name=told["name"],
        unit=told["unit"],
        sample=bool(told["sample"]),
        drill=bool(told["drill"]),
    )


def _prepare(
    work: Home,
    schema: Schema,
    clock: Clock,
    file: Path,
    config: DeskConfig,
    prev: bytes,
    numbers: Mapping[str, int],
    key: bytes | None,
) -> None:
    """A copy in a folder of its own, with its new epoch opened, cleanly closed."""
    work.root.mkdir(parents=True)
    shutil.copyfile(file, work.database)
    save(work.config, config)
    year = local(clock.now()).year
    floors: Sequence[tuple[str, int, int]] = [(ledger, year, n) for ledger, n in sorted(numbers.items()) if n > 0]
    with Store.open(work, schema, clock, key=key, continuing=True) as store:
        store.open_epoch(
            prev, {"continues": prev.hex(), "reason": "restore", "snapshot": sidecar.sum_of(file), "skipped": _skipped(store, floors)},
            floors,
        )  # fmt: skip


def _skipped(store: Store, floors: Sequence[tuple[str, int, int]]) -> list[str]:
    """The numbers that paper has and the copy has not, in words for the first act of the new epoch."""
    out: list[str] = []
    with store.read() as connection:
        for ledger, year, n in floors:
            found = connection.exec_driver_sql(
                "SELECT n FROM counter WHERE desk = ? AND ledger = ? AND year = ?", (store.config.desk_id, ledger, year)
            ).first()
            held = int(found[0]) if found else 0
            if n > held:
                out.append(f"{ledger} {year}: {held + 1}-{n}")
    return out


def swap(home: Home, work: Home, config: DeskConfig, at: int) -> Path | None:
    """Put the prepared database in the place of the present one; returns where that lies now.

    The order matters: `desk.toml` names the new epoch first, so that a kill in between leaves a desk that refuses to
    write (and asks for the restore again), never one that goes on in the old epoch.
    """
    for folder in (home.attachments, home.snapshots, home.outbox, home.logs):
        folder.mkdir(parents=True, exist_ok=True)
    stem = f"desk.before-restore-{local(at).strftime('%Y%m%d-%H%M%S')}"
    aside = _half_kept(home) or _unused(home.root, stem)
    save(home.config, config)
    sync_folder(home.root)
    step("restore.named-epoch")
    for ending in ("-wal", "-shm"):
        present = Path(str(home.database) + ending)
        if present.exists() and present.stat().st_size:
            present.replace(Path(str(aside) + ending))
        present.unlink(missing_ok=True)
    home.head.unlink(missing_ok=True)
    kept = home.database.exists()
    if kept:
        home.database.replace(aside)
    step("restore.put-aside")
    work.database.replace(home.database)
    sync_folder(home.root)
    return aside if kept else None


def _half_kept(home: Home) -> Path | None:
    """Where a restore that was killed has put the `-wal` and not yet its database: the two belong together."""
    if headfile.wal_length(home.database):
        return None
    for wal in sorted(home.root.glob("desk.before-restore-*.sqlite-wal")):
        database = wal.with_name(wal.name.removesuffix("-wal"))
        if not database.exists():
            return database
    return None


def _unused(folder: Path, stem: str) -> Path:
    """A name that nothing in the folder has: what was kept once is not written over."""
    n = 1
    path = folder / f"{stem}.sqlite"
    while path.exists() or Path(f"{path}-wal").exists():
        n += 1
        path = folder / f"{stem}-{n}.sqlite"
    return path
