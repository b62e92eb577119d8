"""The way back from a copy: the present file is kept beside it, a new epoch begins, no number on paper is given twice."""

from __future__ import annotations

import json
import re
import secrets
import shutil
import unicodedata
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from dutydesk.core.clock import Clock, local
from dutydesk.core.crashpoint import step
from dutydesk.core.errors import Damaged, DutyDeskError, Problem, Refused, Unavailable
from dutydesk.core.files import sync_folder
from dutydesk.core.i18n import _
from dutydesk.core.paths import Home
from dutydesk.core.settings import DeskConfig, load, save
from dutydesk.journal import headfile, recipe
from dutydesk.journal.chaincheck import GARBLED
from dutydesk.journal.locks import DeskLock
from dutydesk.journal.schema import Schema
from dutydesk.journal.store import Store
from dutydesk.journal.verify import verify_file
from dutydesk.sync import sidecar

Floor = tuple[str, int, int]
"""Ledger, year, last number that was given in it."""
_NUMBER = re.compile(r"(?:.*?(\d{4})\s*[-—–]\s*)?[#№]?\s*0*(\d{1,7})")


def on_paper(text: str, year: int) -> tuple[int, int] | None:
    """Year and number of what somebody copies from paper: `512`, `#0512`, `2026-0512`, `330102-2026-0512`; `None` for
    nothing. Of the year before it may be, in the first days of a year. Raises `ValueError` with a sentence."""
    told = unicodedata.normalize("NFKC", text).strip()
    if not told:
        return None
    found = _NUMBER.fullmatch(told)
    if found is None:
        raise ValueError(_("编号写数字，如 512"))
    of = int(found[1]) if found[1] else year
    if of not in (year, year - 1):
        raise ValueError(_("这是 {of} 年的编号，请看今年最后一张").format(of=of))
    return of, int(found[2])


def last_numbers(home: Home, schema: Schema, key: bytes | None = None, *, year: int = 0) -> dict[str, int]:
    """The desk's own last number of each numbered ledger in a year (0: the newest that has any), as far as the present
    file can be read; what `restore` offers before it asks for the last one on paper."""
    return counted(left_aside(home) or home.database, schema, key, home.config, year=year)


def left_aside(home: Home) -> Path | None:
    """Where a restore that was cut off has put the record, while nothing is in its place yet."""
    if home.database.exists() or home.head.exists():
        return None
    return max(home.root.glob("desk.before-restore-*.sqlite"), default=None)


def counted(
    file: Path, schema: Schema, key: bytes | None = None, config: Path | None = None, *, year: int = 0
) -> dict[str, int]:
    """The last numbers that a file has of the desk of `config`, or of the desk whose copy it is."""
    names = [shape.ledger.name for shape in schema.shapes.values() if shape.ledger.number]
    try:
        desk = (load(config) if config is not None else _config_in(file, key)).desk_id
        raw = recipe.connect(file, key, read_only=True)
    except (DutyDeskError, OSError, *GARBLED, recipe.driver().DatabaseError):
        return dict.fromkeys(names, 0)
    try:
        found = raw.execute(
            "SELECT ledger, n FROM counter WHERE desk = ? AND year IN (?, iif(?, ?, year)) ORDER BY year",
            (desk, year, year, year),
        ).fetchall()
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
    floors: Sequence[Floor] = (),
) -> Path | None:
    """Go back to a copy: the present file is kept beside it, a new epoch begins, and no number given on paper is
    given again (`numbers`: ledger → last number of this year on paper; `floors`: those of another year). An empty
    folder becomes the desk that the copy is of: a new machine after the old one's disk died.

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
    config = _config_of(home, file, key)
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
            _prepare(work, schema, clock, file, replace(config, epoch=epoch), newest.hash, numbers, floors, key)
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
    try:
        recipe.connect(file, key, read_only=True).close()
    except Damaged:  # it is what it was when it was made, so that it is the key that does not open it
        reason = _("备份里的数据是加密的，密钥（DUTYDESK_KEY）没有给或不对")
        raise Refused(Problem(reason, file=file.name)) from None
    if made.sig and not sidecar.trusted(made, file, key):
        raise Damaged(Problem(_("备份的签名不是这台值班台的，请换一个备份"), file=file.name))


def _config_of(home: Home, file: Path, key: bytes | None) -> DeskConfig:
    """`desk.toml`, else what the copy says; one that cannot be read is put aside, not written over."""
    try:
        return load(home.config)
    except Refused:
        if home.config.exists():
            shutil.copyfile(home.config, home.config.with_suffix(".toml.bad"))
        return _config_in(file, key)


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
    others: Sequence[Floor],
    key: bytes | None,
) -> None:
    """A copy in a folder of its own, with its new epoch opened, cleanly closed."""
    work.root.mkdir(parents=True)
    shutil.copyfile(file, work.database)
    save(work.config, config)
    year = local(clock.now()).year
    floors = [(ledger, year, n) for ledger, n in sorted(numbers.items()) if n > 0]
    floors += [floor for floor in others if floor[1] != year and floor[2] > 0]
    with Store.open(work, schema, clock, key=key, continuing=True) as store:
        store.open_epoch(
            prev, {"continues": prev.hex(), "reason": "restore", "snapshot": sidecar.sum_of(file), "skipped": skipped(store, floors)},
            floors,
        )  # fmt: skip


def skipped(store: Store, floors: Sequence[Floor]) -> list[str]:
    """The numbers that paper has and the record has not, in words for the first act of the new epoch."""
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
