"""The last step of the ladder: read what can still be read of a broken record into a new one, and say what is missing.

The acts are fetched by their rowid, a range that cannot be read halved until only the unreadable ones are left
(engineering.md §2.3). Copies fill the gaps. Every act vouches for itself by its hash; of each chain the part without a
gap becomes the new record, what lies beyond a gap goes into its quarantine, so that nothing readable is dropped and the
hub can close the gap later. The old files are read from a copy and never written.
"""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from dutydesk.core.clock import Clock, iso, local
from dutydesk.core.errors import Damaged, DutyDeskError, Problem, Refused, Unavailable
from dutydesk.core.files import write_synced
from dutydesk.core.i18n import _
from dutydesk.core.paths import Home
from dutydesk.core.settings import DeskConfig, load, save
from dutydesk.journal import headfile, inbox, recipe, signing, upgrade
from dutydesk.journal.chain import Act
from dutydesk.journal.rebuild import rebuild
from dutydesk.journal.salvaged import Finds
from dutydesk.journal.schema import Schema
from dutydesk.journal.store import Store
from dutydesk.sync import restoring, snapshots

REPORT, WORDS, SIGNATURE = "salvage.json", "salvage.txt", "salvage.sig"
_MAGIC = b"DDSALV1\0"


@dataclass(frozen=True, slots=True)
class Missing:
    """Acts of a chain that nobody here has, from one seq to another."""

    desk: str
    epoch: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Salvage:
    """What came of it: `acts` in the new record, `beside` read but beyond a gap, `missing`, and the last numbers that
    were seen anywhere."""

    home: Home
    acts: int
    beside: int
    missing: tuple[Missing, ...]
    numbers: Mapping[str, int]
    signed: bool

    @property
    def lost(self) -> int:
        return sum(one.last - one.first + 1 for one in self.missing)


def salvage(
    home: Home,
    out: Home,
    schema: Schema,
    clock: Clock,
    numbers: Mapping[str, int] | None = None,
    *,
    key: bytes | None = None,
    floors: Sequence[restoring.Floor] = (),
    whole: bool = False,
) -> Salvage:
    """Make a new desk in the empty folder `out` of what can be read in `home` and its copies, with its report beside
    it. `numbers` are the last ones on paper; `whole`: the file has every act, and its copies need not be read. Raises `Refused` where the folder is in use, `Damaged` where nothing can be
    read at all."""
    if out.root.exists() and any(out.root.iterdir()):
        raise Refused(Problem(_("这个文件夹不是空的，请另选一个"), file=str(out.root)))
    recipe.refuse_place(out.root)
    try:
        for folder in (out.root, out.snapshots, out.outbox, out.logs):
            folder.mkdir(parents=True, exist_ok=True)
        work = out.root / f".work-{secrets.token_hex(4)}"
        work.mkdir()
        try:
            return _salvage(home, out, work, schema, clock, dict(numbers or {}), floors, key, whole=whole)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    except OSError as error:
        raise Unavailable(_("抢救没有做完：{error}").format(error=error.strerror or error)) from None


def _salvage(
    home: Home,
    out: Home,
    work: Path,
    schema: Schema,
    clock: Clock,
    numbers: dict[str, int],
    others: Sequence[restoring.Floor],
    key: bytes | None,
    *,
    whole: bool,
) -> Salvage:
    finds = Finds(work / "finds.sqlite", key)
    try:
        for source in _sources(home, work):
            finds.read(source, key)
            if whole:
                break
        config = _config(home, finds)
        if not finds.count():
            raise Damaged(_("原来的数据一条也读不出来，请从备份恢复"))
        head = headfile.read(home.head)
        acts, beside, missing = finds.sort(_ends(head, finds))
        for ledger, n in finds.numbers(schema, config.desk, local(clock.now()).year).items():
            numbers[ledger] = max(numbers.get(ledger, 0), n)
        raw = finds.record(out.database, schema, key)
        try:
            rebuild(raw, schema, home.attachments)
        finally:
            raw.close()
        link = finds.last_link(config.desk_id)
        gaps = tuple(Missing(desk.hex(), epoch, first, last) for desk, epoch, first, last in missing)
        epoch = max([config.epoch, *finds.epochs(config.desk_id)]) + 1
        save(out.config, replace(config, epoch=epoch))
        _open_epoch(out, schema, clock, key, link, numbers, others, gaps, finds.beside())
        secret = finds.secret()
    finally:
        finds.close()
    if home.attachments.is_dir() and not out.attachments.exists() and out.root.parent != home.root:
        shutil.copytree(home.attachments, out.attachments)
    out.attachments.mkdir(exist_ok=True)
    made = Salvage(out, acts, beside, gaps, numbers, secret is not None)
    _report(made, config, clock, secret)
    return made


def _sources(home: Home, work: Path) -> Iterator[Path]:
    """The broken file with its `-wal`, as a copy, then the desk's own copies, newest first."""
    if home.database.exists():
        taken = work / home.database.name
        shutil.copyfile(home.database, taken)
        if headfile.wal_length(home.database):
            shutil.copyfile(f"{home.database}-wal", f"{taken}-wal")
        _pad(taken)
        yield taken
    for left in sorted(home.root.glob("desk.before-restore-*.sqlite"), reverse=True)[:3]:
        taken = work / left.name
        shutil.copyfile(left, taken)
        if Path(f"{left}-wal").exists():
            shutil.copyfile(f"{left}-wal", f"{taken}-wal")
        yield taken
    yield from snapshots.snapshots(home.snapshots)[:3]
    yield from upgrade.copies(home)[:1]


def _pad(taken: Path) -> None:
    """Give a file that was cut off its length again: SQLite refuses a shorter one as a whole, and of empty pages only
    what stood there. The header says how many there were (file format §1.3.7, §1.3.2)."""
    with taken.open("r+b") as file:
        start = file.read(32)
        if len(start) == 32 and start.startswith(headfile.SQLITE_MAGIC):
            page = int.from_bytes(start[16:18], "big")
            whole = int.from_bytes(start[28:32], "big") * (65_536 if page == 1 else page)
            if taken.stat().st_size < whole:
                file.truncate(whole)


def _config(home: Home, finds: Finds) -> DeskConfig:
    """What the desk is: `desk.toml`, else what its first act says."""
    try:
        return load(home.config)
    except DutyDeskError:
        told = finds.first_told()
        if told is None:
            raise Damaged(_("读不出这是哪一台值班台，请从备份恢复")) from None
        return DeskConfig(
            str(told["desk"]),
            code=str(told.get("code", "")),
            district=str(told.get("district", "")),
            name=str(told.get("name", "")),
            unit=str(told.get("unit", "")),
            sample=bool(told.get("sample")),
            drill=bool(told.get("drill")),
        )


def _ends(head: headfile.Head | None, finds: Finds) -> dict[tuple[bytes, int], int]:
    """How far each chain is known to have reached."""
    ends = finds.ends()
    if head is not None:
        at = (head.desk, head.epoch)
        ends[at] = max(ends.get(at, 0), head.seq)
    return ends


def _open_epoch(
    out: Home,
    schema: Schema,
    clock: Clock,
    key: bytes | None,
    link: bytes,
    numbers: Mapping[str, int],
    others: Sequence[restoring.Floor],
    missing: Sequence[Missing],
    beside: Iterator[Act],
) -> None:
    year = local(clock.now()).year
    floors = [(ledger, year, n) for ledger, n in sorted(numbers.items()) if n > 0 and ledger in schema.shapes]
    floors += [floor for floor in others if floor[1] != year and floor[2] > 0]
    with Store.open(out, schema, clock, key=key, continuing=True) as store:
        told = [f"{one.desk[:8]}/{one.epoch} {one.first}-{one.last}" for one in missing[:200]]
        gone = restoring.skipped(store, floors)
        store.open_epoch(link, {"continues": link.hex(), "reason": "salvage", "missing": told, "skipped": gone}, floors)
        for act in beside:
            inbox.set_aside(store, act, _("抢救：前面缺少记录"))


def _report(made: Salvage, config: DeskConfig, clock: Clock, secret: bytes | None) -> None:
    told: dict[str, Any] = {
        "at": iso(clock.now()),
        "desk": config.desk,
        "acts": made.acts,
        "beside": made.beside,
        "missing": [asdict(one) for one in made.missing],
        "numbers": dict(sorted(made.numbers.items())),
    }
    data = json.dumps(told, ensure_ascii=False, indent=1, sort_keys=True).encode() + b"\n"
    write_synced(made.home.root / REPORT, data)
    write_synced(made.home.root / WORDS, ("\n".join(lines(made)) + "\n").encode())
    if secret is not None:
        public, sig = signing.public_of(secret), signing.sign(secret, _MAGIC + data)
        write_synced(made.home.root / SIGNATURE, f"{public.hex()} {sig.hex()}\n".encode())


def lines(made: Salvage) -> list[str]:
    """The report in words."""
    out = [_("读出 {acts} 次操作，已放进新的记录").format(acts=made.acts)]
    if made.beside:
        out.append(
            _("另有 {count} 次在缺口之后，放在隔离区（“同步”里看得到），缺口补上后自动归位").format(count=made.beside)
        )
    if not made.missing:
        return [*out, _("没有缺失")]
    out.append(_("缺失 {lost} 次操作：").format(lost=made.lost))
    out += [
        _("席位 {desk} 第 {epoch} 段 第 {first} 至 {last} 次").format(
            desk=one.desk[:8], epoch=one.epoch, first=one.first, last=one.last
        )
        for one in made.missing[:200]
    ]
    return out


def holds(folder: Path) -> bool:
    """Whether a report is the one that was signed."""
    try:
        public, sig = (folder / SIGNATURE).read_text(encoding="ascii").split()
        return signing.holds(bytes.fromhex(public), _MAGIC + (folder / REPORT).read_bytes(), bytes.fromhex(sig))
    except (OSError, ValueError):
        return False


def in_place(
    home: Home,
    schema: Schema,
    clock: Clock,
    numbers: Mapping[str, int],
    *,
    key: bytes | None = None,
    floors: Sequence[restoring.Floor] = (),
    whole: bool = False,
) -> tuple[Salvage, Path | None]:
    """Salvage, and let what came of it take the desk's place; the broken file is kept beside it, as a restore does."""
    work = Home(home.root / f".restore-{secrets.token_hex(4)}")
    with restoring.alone(home):
        try:
            made = salvage(home, work, schema, clock, numbers, key=key, floors=floors, whole=whole)
            for name in (REPORT, WORDS, SIGNATURE):
                if (work.root / name).exists():
                    (work.root / name).replace(home.root / name)
            kept = restoring.swap(home, work, load(work.config), clock.now())
        finally:
            shutil.rmtree(work.root, ignore_errors=True)
    return replace(made, home=home), kept
