"""Commands that keep a desk's folder in order: making it, verifying, rebuilding, copying, going back, looking round.

They work from the folder, not from an open desk: a record that is damaged must still be looked at.
"""

from __future__ import annotations

import argparse
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from dutydesk import __version__
from dutydesk.core.clock import Clock, iso, local
from dutydesk.core.console import answer, say, warn
from dutydesk.core.errors import DutyDeskError, Problem, Refused
from dutydesk.core.files import write_synced
from dutydesk.core.i18n import N_, _
from dutydesk.core.ids import new_id
from dutydesk.core.paths import Home, fonts_dir, resources
from dutydesk.core.settings import DeskConfig, load, save
from dutydesk.journal import ballast, recipe
from dutydesk.journal.schema import Schema
from dutydesk.journal.store import Store
from dutydesk.journal.verify import Report
from dutydesk.journal.verify import verify as look_through
from dutydesk.sync import adopting, ladder, rehearsal, restoring, second, snapshots
from dutydesk.sync import salvage as salvaging

SHEET = {
    "same": N_("这张表与记录一致"),
    "other": N_("这张表与记录不一致：那个位置上是另一次操作"),
    "aside": N_("这张表所据的记录是分叉的另一支，在隔离区里"),
    "absent": N_("这里没有这张表所据的记录"),
}
SEAL = {
    "sealed": N_("校验值就是这一班交接时封存的"),
    "before": N_("这张表是接班签字以前打印的，这一班后来另有封存"),
    "altered": N_("记录里这一班的封存后来被改过，不能作准"),
}


@dataclass(frozen=True, slots=True)
class Place:
    """A desk's folder and what is needed to work on it."""

    home: Home
    schema: Schema
    clock: Clock
    key: bytes | None = None


def config_of(place: Place, args: argparse.Namespace) -> DeskConfig:
    """What a new workstation is, from the command line. Raises `Refused` for a district that is no code."""
    district = str(args.district or "")
    if district and not (district.isascii() and district.isdigit() and len(district) in (2, 4, 6, 9, 12)):
        raise Refused(Problem(_("行政区划代码应为 6 位数字：{code}").format(code=district), "--district"))
    code = str(args.code or "")
    if code and not (code.isalnum() and len(code) <= 8):
        raise Refused(Problem(_("本机代号最多 8 个字母或数字：{code}").format(code=code), "--code"))
    return DeskConfig(
        new_id(place.clock.now()).hex(),
        code=code,
        district=district,
        name=str(args.name or ""),
        unit=str(args.unit or ""),
        drill=bool(args.drill),
    )


def make_empty(place: Place, config: DeskConfig) -> None:
    """A new desk without rows. Raises `Refused` when there is one already."""
    Store.create(place.home, place.schema, place.clock, config, key=place.key).close()


def verify(place: Place, args: argparse.Namespace, agrees: Callable[[], tuple[str, str, int]] | None = None) -> int:
    """Look through the record; 4 when something is not as it was written. `agrees` tells of a record that is whole
    whether a sheet of paper was printed from it (`same`, `other`, `aside`, `absent`), what it says of the shift's seal
    (`sealed`, `before`, `altered` or nothing), and when a hub first confirmed that record (ms UTC, 0 for never); 1 when
    they do not agree."""
    if not place.home.is_desk:
        raise Refused(Problem(_("这里还没有值班数据，请先运行 dutydesk init"), file=str(place.home.root)))
    before = _head(place.home)
    report = look_through(place.home, place.schema, place.key)
    if not report.ok and _head(place.home) != before:
        # Someone saved between the look at desk.head and the look at the record.
        report = look_through(place.home, place.schema, place.key)
    sheet, seal, seen = agrees() if agrees is not None and report.ok else ("", "", 0)
    if args.json:
        told = {"sheet": sheet or None, "seal": seal or None, "confirmed_at": iso(seen) if seen else None}
        answer(_report(report) | (told if agrees else {}))
    elif report.ok:
        say(_("记录完好：{acts} 次操作").format(acts=report.acts))
        if sheet:
            say(_(SHEET[sheet]))
        if seal:
            say(_(SEAL[seal]))
        if seen:
            say(_("中心库 {when} 确认过它").format(when=local(seen).strftime("%Y-%m-%d %H:%M")))
    for fault in report.problems:
        warn(f"{fault.where}: {fault.what}")
    return 4 if not report.ok else 0 if sheet in ("", "same") and seal != "altered" else 1


def _head(home: Home) -> bytes:
    return home.head.read_bytes() if home.head.exists() else b""


def _report(report: Report) -> dict[str, object]:
    return {
        "ok": report.ok,
        "acts": report.acts,
        "desks": [
            {"desk": at.desk.hex(), "epoch": at.epoch, "seq": at.seq, "hash": at.hash.hex()} for at in report.desks
        ],
        "problems": [{"where": fault.where, "what": fault.what} for fault in report.problems],
    }


def rebuild(place: Place, args: argparse.Namespace) -> int:
    """Make all ledgers again from the record; nobody else may have the desk open."""
    with Store.open(place.home, place.schema, place.clock, key=place.key, exclusive=True) as store:
        acts = store.rebuild()
    if args.json:
        answer({"acts": acts})
    else:
        say(_("已从 {acts} 次操作重建全部台账").format(acts=acts))
    return 0


def snapshot(place: Place, args: argparse.Namespace) -> int:
    """A verified copy in `snapshots/`, and in the second place where one is set; with `--drill` the way back is tried,
    with `--new-key` a key pair is made for what leaves the machine. 3 when the second place did not take it."""
    if not place.home.is_desk:
        raise Refused(Problem(_("这里还没有值班数据，请先运行 dutydesk init"), file=str(place.home.root)))
    if args.new_key:
        return _new_key(place, args)
    with Store.open(place.home, place.schema, place.clock, key=place.key) as store:
        if args.timer and (store.shared() or not snapshots.due(store)):
            return 0  # the window makes its own
        if args.new_place:
            where = snapshots.send_newest(place.home, new_place=True)
            snapshots.note_second(store, where, "")
            say(where or _("还没有备份"))
            return 0
        try:
            made = snapshots.take(place.home, place.schema, place.clock, key=place.key, full=args.full)
        except DutyDeskError as error:
            snapshots.note(store, {"error": str(error)})
            raise
        snapshots.note(store, snapshots.told(made))
        ballast.keep(place.home.root, store.config.ballast_mb)
        tried = rehearsal.run(store) if args.drill or (args.timer and rehearsal.due(store)) else None
    if args.json:
        drill = {"drill": rehearsal.told(tried)} if tried is not None else {}
        answer(snapshots.told(made) | {"at": iso(made.at)} | drill)
    else:
        say(str(made.path))
        if tried is not None:
            say(_("恢复演练通过：{acts} 次操作，{seconds} 秒恢复").format(acts=tried.acts, seconds=tried.seconds))
    if made.second_error:
        warn(made.second_error)
    return 3 if made.second_error else 0


def _new_key(place: Place, args: argparse.Namespace) -> int:
    """A key pair for copies that leave the machine: the private half into a file, the public one into `desk.toml`."""
    file = Path(args.new_key).expanduser()
    public = second.new_key(file)
    config = load(place.home.config)
    if args.paper:
        from dutydesk.admin.report import key_sheet  # the only moment that needs reportlab

        (secret,) = second.secrets_in(file.read_text(encoding="utf-8"))
        sheet = key_sheet(secret, public, config, place.clock.now(), place.key)
        write_synced(Path(args.paper).expanduser(), sheet)
    every = " ".join([*config.second_recipients.replace(",", " ").split(), public])
    save(place.home.config, replace(config, second_recipients=every))
    if args.json:
        answer({"recipient": public, "file": args.new_key})
    else:
        say(public)
        warn(_("密钥文件 {file} 请移到别处保管，不要留在这台电脑上").format(file=args.new_key))
    return 0


def restore(place: Place, args: argparse.Namespace) -> int:
    """Go back to a copy; numbers that stand on paper are not given again. What the hub has of this desk comes back."""
    year = local(place.clock.now()).year
    numbers = restoring.last_numbers(place.home, place.schema, place.key, year=year)
    given = [_number(text, numbers, year) for text in args.last]
    with _opened(place, args) as file:
        if not given and file.is_file():
            numbers |= ladder.greater(numbers, restoring.counted(file, place.schema, place.key, year=year))
            numbers |= ladder.greater(numbers, ladder.theirs(place.home, file, place.schema, place.key, year))
            given = _on_paper(place, numbers, year)
        # What the present file knows counts too: a slip of the pen must not give a number twice.
        last = ladder.greater(numbers, {ledger: n for ledger, of, n in given if of == year})
        kept = restoring.restore(place.home, place.schema, place.clock, file, last, key=place.key, floors=given)
    back = ladder.pull_back(place.home, place.schema, place.clock, place.key)
    following = ladder.next_numbers(place.home, place.schema, place.clock, place.key)
    if args.json:
        answer({"kept": str(kept or ""), "numbers": last, "hub": back})
        return 0
    say(_("已恢复") if kept is None else _("已恢复。原来的数据放在 {kept}").format(kept=kept))
    for line in filter(None, (back, following)):
        say(line)
    return 0


@contextmanager
def _opened(place: Place, args: argparse.Namespace) -> Generator[Path]:
    """The copy itself. Of a folder or an address the newest one is fetched; an encrypted one (`.age`) is opened with the
    keys of `--identity`, or with what is typed from paper; both into a folder that goes again."""
    text = str(args.file)
    file = Path(text).expanduser()
    far = "://" in text or file.is_dir()
    if not far and (file.suffix != second.AGE or not file.is_file()):
        yield file
        return
    place.home.root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place.home.root, prefix=".opened-") as folder:
        work = Path(folder)
        if far:
            file = _fetched(place, text, str(args.password_file), work)
        if file.suffix == second.AGE:
            plain = work / file.name.removesuffix(second.AGE)
            second.decrypt(file, plain, _identity(str(args.identity or ""), file))
            file = plain
        yield file


def _fetched(place: Place, text: str, password_file: str, work: Path) -> Path:
    held = load(place.home.config) if place.home.config.exists() else DeskConfig("")
    told = replace(held, second_snapshots=text)
    if password_file:
        told = replace(told, second_password_file=password_file)
    there = second.place_of(told)
    try:
        name = second.newest(there)
        if not name:
            raise Refused(Problem(_("这里没有备份：{place}").format(place=text)))
        warn(_("取 {name}").format(name=name))
        return second.fetch(there, name, work)
    finally:
        there.close()


def _identity(given: str, file: Path) -> Path | str:
    if given not in ("", "-"):
        return Path(given).expanduser()
    if not given and not _terminal():
        raise Refused(Problem(_("这个备份是加密的，请写 --identity 密钥文件"), "--identity", file=file.name))
    sys.stderr.write(_("照恢复密钥那张纸输入，分几行都行，最后空一行：") + "\n")
    sys.stderr.flush()
    lines: list[str] = []
    while sys.stdin is not None and (line := sys.stdin.readline().strip()):
        lines.append(line)
    return "\n".join(lines)


def salvage(place: Place, args: argparse.Namespace) -> int:
    """Read what can still be read into a new folder, and say what is missing; 4 when something is."""
    numbers = restoring.last_numbers(place.home, place.schema, place.key)
    year = local(place.clock.now()).year
    told = [_number(text, numbers, year) for text in args.last]
    given = {ledger: n for ledger, of, n in told if of == year}
    if not place.home.is_desk:
        raise Refused(Problem(_("这里还没有值班数据，请先运行 dutydesk init"), file=str(place.home.root)))
    out = Home(Path(args.out).expanduser())
    made = salvaging.salvage(place.home, out, place.schema, place.clock, given, key=place.key, floors=told)
    if args.json:
        missing = [[one.desk, one.epoch, one.first, one.last] for one in made.missing]
        answer({"out": str(out.root), "acts": made.acts, "beside": made.beside, "lost": made.lost, "missing": missing})
    else:
        for line in salvaging.lines(made):
            say(line)
        say(_("报告在 {file}").format(file=out.root / salvaging.WORDS))
    return 4 if made.missing else 0


def adopt(place: Place, args: argparse.Namespace) -> int:
    """Say of a folder that wakes on another machine whether it was moved here or copied; or give the desk another
    code."""
    if not place.home.is_desk:
        raise Refused(Problem(_("这里还没有值班数据，请先运行 dutydesk init"), file=str(place.home.root)))
    if args.copied:
        epoch = adopting.copied(place.home, place.schema, place.clock, args.copied, key=place.key)
        say(_("从现在起是另一台值班台：代号 {code}，第 {epoch} 段").format(code=args.copied, epoch=epoch))
    elif args.renamed:
        epoch = adopting.renamed(place.home, place.schema, place.clock, args.renamed, key=place.key)
        say(_("从现在起编号用代号 {code}（第 {epoch} 段），以前的编号不变").format(code=args.renamed, epoch=epoch))
    else:
        adopting.moved(place.home, place.schema, place.clock, key=place.key)
        say(_("值班台已搬到这台电脑，旧电脑不要再用来记日志"))
    return 0


def _on_paper(place: Place, numbers: dict[str, int], year: int) -> list[restoring.Floor]:
    """The last numbers that stand on paper, asked for on the terminal. Where nobody answers, what the present record
    says will do as long as it is whole. Raises `Refused` when it is not: a number would be given twice."""
    if not _terminal() and place.home.is_desk and look_through(place.home, place.schema, place.key).ok:
        return []
    given: list[restoring.Floor] = []
    for ledger, known in numbers.items():
        title = _(place.schema[ledger].ledger.title)
        sys.stderr.write(_("纸上{title}的最后一个编号是第几号？[{known}] ").format(title=title, known=known))
        sys.stderr.flush()
        text = sys.stdin.readline() if sys.stdin is not None else ""
        if not text:
            warn("")
            if given or _terminal():
                break
            names = _("、").join(f"{name}=N" for name in numbers)
            reason = _("现在的记录说不准最后的编号，请查纸上的，写 --last {names}").format(names=names)
            raise Refused(Problem(reason, "--last"))
        if text.strip():
            given.append(_number(f"{ledger}={text.strip()}", numbers, year))
        else:
            given.append((ledger, year, known))
    return given


def _terminal() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()


def _number(text: str, known: dict[str, int], year: int) -> restoring.Floor:
    ledger, _equals, number = text.partition("=")
    names = _("、").join(known)
    wrong = _("应写成 台账=最后编号（台账可用：{names}）：{text}").format(names=names, text=text)
    try:
        told = restoring.on_paper(number, year) if ledger in known else None
    except ValueError as error:
        raise Refused(Problem(f"{wrong}（{error}）", "--last")) from None
    if told is None:
        raise Refused(Problem(wrong, "--last"))
    return ledger, *told


def doctor(place: Place, args: argparse.Namespace) -> int:
    """Versions, paths and everything the desk depends on; 3 when something is missing."""
    told: dict[str, str] = {
        "dutydesk": __version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "sqlite": str(recipe.driver().sqlite_version),
    }
    told |= {name.lower(): _version(name) for name in ("SQLAlchemy", "PySide6-Essentials", "reportlab", "sqlcipher3")}
    told |= {"home": str(place.home.root), "desk": "yes" if place.home.is_desk else "no", "resources": str(resources())}
    faults: list[str] = []
    told["place"] = _try(lambda: _place(place.home), faults)
    told["fonts"] = _try(lambda: str(fonts_dir()), faults)
    free = shutil.disk_usage(_existing(place.home.root)).free
    told["free_mb"] = str(free >> 20)
    if free < ballast.LITTLE_ROOM:
        faults.append(_("磁盘只剩 {free} MB").format(free=free >> 20))
    if place.home.is_desk:
        told["database_mb"] = str(place.home.database.stat().st_size >> 20) if place.home.database.exists() else "-"
        told["pragmas"] = _try(lambda: _pragmas(place), faults)
        told["snapshots"] = str(len(snapshots.snapshots(place.home.snapshots)))
        told["ballast_mb"] = str(ballast.held(place.home.root) >> 20)
    if args.json:
        answer({"ok": not faults} | told | {"faults": faults})
    else:
        for name, value in told.items():
            say(f"{name}\t{value}")
    for fault in faults:
        warn(fault)
    return 3 if faults else 0


def _try(look: object, faults: list[str]) -> str:
    try:
        return str(look()) if callable(look) else ""
    except DutyDeskError as error:
        faults.append(str(error))
        return "-"


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "-"


def _place(home: Home) -> str:
    recipe.refuse_place(home.root)
    return "local"


def _existing(folder: Path) -> Path:
    resolved = folder.absolute()
    return next(path for path in (resolved, *resolved.parents) if path.exists())


def _pragmas(place: Place) -> str:
    raw = recipe.connect(place.home.database, place.key, read_only=True)
    try:
        names = ("journal_mode", "synchronous", "user_version", "page_count", "page_size")
        return " ".join(f"{name}={raw.execute(f'PRAGMA {name}').fetchone()[0]}" for name in names)
    finally:
        raw.close()
