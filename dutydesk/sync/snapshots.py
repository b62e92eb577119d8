"""Verified copies of the record, and the way back from one.

A copy is made by `VACUUM INTO` (never by copying an open file), synced, opened and verified, and only then given its
name; an old one is deleted only after a newer one was verified. Everything here works from a folder and a key, so
that it can run in a process of its own while the window saves.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from dutydesk.core.clock import Clock, local
from dutydesk.core.errors import Damaged, DutyDeskError, Problem, Refused, Unavailable
from dutydesk.core.files import sync_file, sync_folder, write_synced
from dutydesk.core.i18n import _
from dutydesk.core.paths import Home
from dutydesk.core.settings import DeskConfig, load, save
from dutydesk.journal import headfile, recipe
from dutydesk.journal.locks import DeskLock
from dutydesk.journal.schema import Schema
from dutydesk.journal.store import Store
from dutydesk.journal.verify import verify_file

KEEP = 24
LAST = "snapshot.last"
"""Key of `local_state`: time of the last verified copy, milliseconds."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A verified copy: its file, when it was made, its hash, and where else it lies."""

    path: Path
    at: int
    sha256: str
    acts: int
    second: Path | None = None


def take(home: Home, schema: Schema, clock: Clock, *, key: bytes | None = None, keep: int = KEEP) -> Snapshot:
    """Make a verified copy in `snapshots/` and, when one is set, in the second folder; keep the newest `keep`.

    Raises `Unavailable` when the disk does not take it and `Damaged` when the copy does not verify: then the former
    copies stay as they are.
    """
    config = load(home.config)
    at = clock.now()
    home.snapshots.mkdir(parents=True, exist_ok=True)
    with DeskLock(home.lock, exclusive=False), DeskLock(home.snapshots / ".lock", exclusive=True):
        head = headfile.read(home.head)
        notes = headfile.inspect(home.database, head, encrypted=key is not None, move=False)
        if notes:  # SQLite would read a -wal that is not ours into the database
            raise Damaged(*[Problem(note, file=home.database.name) for note in notes])
        path, sha256, acts = _take(home, schema, at, key)
        _rotate(home.snapshots, keep, path)
        second = _second(config.second_snapshots, path, sha256, keep) if config.second_snapshots else None
    return Snapshot(path, at, sha256, acts, second)


def _take(home: Home, schema: Schema, at: int, key: bytes | None) -> tuple[Path, str, int]:
    _drop_unfinished(home.snapshots)
    temporary = home.snapshots / f".{secrets.token_hex(8)}.new"
    try:
        _copy_into(home, temporary, key)
        report = verify_file(temporary, schema, key)
        if not report.ok:
            raise Damaged(*[Problem(fault.what, field=fault.where, file=temporary.name) for fault in report.problems])
        path = _named(home.snapshots, at)
        sha256 = _sha256(temporary)
        write_synced(path.with_suffix(".sha256"), f"{sha256}  {path.name}\n".encode())
        temporary.replace(path)
        sync_folder(home.snapshots)
    except OSError as error:
        raise Unavailable(_("备份没有写成：{error}").format(error=error.strerror or error)) from None
    finally:
        for left in home.snapshots.glob(f"{temporary.name}*"):
            left.unlink(missing_ok=True)
    return path, sha256, report.acts


def _drop_unfinished(folder: Path) -> None:
    """What a kill left of a copy that never got its name; the caller is the only one who makes copies there."""
    for left in folder.glob(".*.new*"):
        left.unlink(missing_ok=True)


def _copy_into(home: Home, target: Path, key: bytes | None) -> None:
    raw = recipe.connect(home.database, key)
    try:
        raw.execute("VACUUM INTO ?", (str(target),))
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


def _named(folder: Path, at: int) -> Path:
    stem = local(at).strftime("desk-%Y%m%d-%H%M%S")
    path = folder / f"{stem}.sqlite"
    n = 1
    while path.exists():
        n += 1
        path = folder / f"{stem}-{n}.sqlite"
    return path


def _second(folder: str, path: Path, sha256: str, keep: int) -> Path:
    """A copy of the copy on another disk, read back before it counts."""
    target = Path(folder)
    temporary = target / f".{path.name}.new"
    final = target / path.name
    try:
        target.mkdir(parents=True, exist_ok=True)
        _drop_unfinished(target)
        shutil.copyfile(path, temporary)
        sync_file(temporary)
        if _sha256(temporary) != sha256:
            raise Unavailable(_("第二备份读回不一致：{folder}").format(folder=folder))
        write_synced(final.with_suffix(".sha256"), f"{sha256}  {final.name}\n".encode())
        temporary.replace(final)
        sync_folder(target)
        _rotate(target, keep, final)
    except OSError as error:
        raise Unavailable(
            _("第二备份没有写成（{folder}）：{error}").format(folder=folder, error=error.strerror or error)
        ) from None
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
    return final


def _rotate(folder: Path, keep: int, made: Path) -> None:
    """Keep the newest; `made` is the newest whatever the clock says of it."""
    for old in [path for path in snapshots(folder) if path != made][max(0, keep - 1) :]:
        old.unlink(missing_ok=True)
        old.with_suffix(".sha256").unlink(missing_ok=True)


def snapshots(folder: Path) -> list[Path]:
    """The copies in a folder, newest first."""
    return sorted(folder.glob("desk-*.sqlite"), key=_age, reverse=True)


def _age(path: Path) -> tuple[str, int]:
    """The order of copies: their second, and which one of that second."""
    _desk, day, time, *again = path.stem.split("-")
    return f"{day}-{time}", int(again[0]) if again else 1


def last_numbers(home: Home, schema: Schema, key: bytes | None = None) -> dict[str, int]:
    """The desk's own last number of each numbered ledger and newest year, as far as the present file can be read; what
    `restore` offers before it asks for the last one on paper."""
    names = [shape.ledger.name for shape in schema.shapes.values() if shape.ledger.number]
    try:
        desk = load(home.config).desk_id
        raw = recipe.connect(home.database, key, read_only=True)
    except (DutyDeskError, OSError):
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
    _check_sum(file)
    report = verify_file(file, schema, key)
    if not report.ok:
        raise Damaged(*[Problem(fault.what, field=fault.where, file=file.name) for fault in report.problems])
    config = load(home.config) if home.config.exists() else _config_in(file, key)
    mine = [place for place in report.desks if place.desk == config.desk_id]
    if not mine:
        raise Refused(Problem(_("这个备份不是本机的记录"), file=file.name))
    newest = max(mine, key=lambda place: place.epoch)
    recipe.refuse_place(home.root)
    with DeskLock(home.lock, exclusive=True):
        for left in home.root.glob(".restore-*"):  # of a restore that was killed
            shutil.rmtree(left, ignore_errors=True)
        epoch = max(newest.epoch, config.epoch) + 1
        work = Home(home.root / f".restore-{secrets.token_hex(4)}")
        try:
            _prepare(work, schema, clock, file, replace(config, epoch=epoch), newest.hash, numbers, key)
            return _swap(home, work, replace(config, epoch=epoch), clock.now())
        except OSError as error:
            raise Unavailable(_("恢复没有做完：{error}").format(error=error.strerror or error)) from None
        finally:
            shutil.rmtree(work.root, ignore_errors=True)


def _check_sum(file: Path) -> None:
    """Hold a copy against the sum that lies beside it, where it does."""
    try:
        noted = file.with_suffix(".sha256").read_text(encoding="ascii", errors="replace").split()
    except FileNotFoundError:
        return
    if noted[:1] != [_sha256(file)]:
        raise Damaged(Problem(_("备份文件与它的校验值不符，请换一个备份"), file=file.name))


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
            prev, {"continues": prev.hex(), "reason": "restore", "snapshot": _sha256(file), "skipped": _skipped(store, floors)},
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


def _swap(home: Home, work: Home, config: DeskConfig, at: int) -> Path | None:
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
    for ending in ("-wal", "-shm"):
        present = Path(str(home.database) + ending)
        if present.exists() and present.stat().st_size:
            present.replace(Path(str(aside) + ending))
        present.unlink(missing_ok=True)
    home.head.unlink(missing_ok=True)
    kept = home.database.exists()
    if kept:
        home.database.replace(aside)
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


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
