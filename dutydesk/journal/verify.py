"""Verify: is the record whole and unaltered? Looks, says what and where, and touches nothing.

Five questions: do the files stand as the desk left them; is the database sound (`integrity_check`); does every act's
hash, link and personal side row hold; is every chain the one that a hub has confirmed (`witness`); do the projections
equal the ones made anew from the acts in a temporary file.
"""

from __future__ import annotations

import tempfile
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from dutydesk.core.errors import Damaged, DutyDeskError
from dutydesk.core.i18n import _
from dutydesk.core.paths import Home
from dutydesk.journal import headfile, recipe, witness
from dutydesk.journal.chaincheck import GARBLED, MOST_PROBLEMS, Base, Fault, Position, chain_problems, chain_since
from dutydesk.journal.digest import digest, ledger_digest
from dutydesk.journal.locks import DeskLock
from dutydesk.journal.making import statements
from dutydesk.journal.rebuild import Progress, no_progress, replay
from dutydesk.journal.schema import Schema
from dutydesk.journal.tables import JOURNAL, LOCAL, MERGE, VERSION


@dataclass(frozen=True, slots=True)
class Report:
    """What verify found; `arrival` is that of the last act."""

    acts: int
    desks: tuple[Position, ...]
    problems: tuple[Fault, ...]
    arrival: int = 0

    @property
    def ok(self) -> bool:
        return not self.problems

    def json(self) -> dict[str, Any]:
        """The command line's contract (house.md §8)."""
        return {
            "ok": self.ok,
            "acts": self.acts,
            "desks": [{"desk": d.desk.hex(), "epoch": d.epoch, "seq": d.seq, "hash": d.hash.hex()} for d in self.desks],
            "problems": [{"where": p.where, "what": p.what} for p in self.problems],
        }


def verify(
    home: Home, schema: Schema, key: bytes | None = None, progress: Progress = no_progress, *, deep: bool = True
) -> Report:
    """Verify a desk's folder. `deep=False` leaves out the comparison with a rebuild."""
    with _untouched(home):
        head = headfile.read(home.head)
        try:
            notes = headfile.inspect(home.database, head, encrypted=key is not None, move=False)
            if notes:  # SQLite would show the record with that file's pages in it
                return Report(0, (), tuple(Fault(home.database.name, note, grave=True) for note in notes))
            raw = recipe.connect(home.database, key, read_only=True)
        except DutyDeskError as error:
            return Report(0, (), (Fault(home.database.name, str(error), grave=True),))
        problems: list[Fault] = []
        try:
            return _verify(raw, home, schema, head, problems, progress, key, file=home.database, deep=deep)
        except (recipe.driver().DatabaseError, *GARBLED) as error:
            problems.append(Fault(home.database.name, _("读取失败：{error}").format(error=error), grave=True))
            return Report(0, (), tuple(problems[:MOST_PROBLEMS]))
        finally:
            raw.close()


@contextmanager
def _untouched(home: Home) -> Generator[None]:
    """SQLite makes a `-shm` and an empty `-wal` to read a database: those are taken away again, if nobody else uses
    the desk by then."""
    made = [Path(f"{home.database}{ending}") for ending in ("-wal", "-shm")]
    made = [path for path in made if not path.exists()]
    lock = None
    if made and home.lock.exists():
        with suppress(OSError):
            lock = DeskLock(home.lock, exclusive=False)
    try:
        yield
    finally:
        if lock is not None:
            if lock.alone() and not (made[0].name.endswith("-wal") and headfile.wal_length(home.database)):
                for path in made:
                    path.unlink(missing_ok=True)
            lock.release()


def verify_file(
    path: Path,
    schema: Schema,
    key: bytes | None = None,
    *,
    deep: bool = False,
    since: Base | None = None,
    indexes: bool = False,
) -> Report:
    """Verify a copy that stands alone, such as a snapshot. With `since`, what an earlier look vouched for is not gone
    through again: acts are from there on, and pages are checked without comparing indexes with their tables, unless
    `indexes` asks for that."""
    raw = recipe.connect(path, key, read_only=True)
    quick = since is not None and not indexes
    try:
        return _verify(raw, None, schema, None, [], no_progress, key, file=path, deep=deep, since=since, quick=quick)
    except (recipe.driver().DatabaseError, *GARBLED) as error:
        return Report(0, (), (Fault(path.name, _("读取失败：{error}").format(error=error), grave=True),))
    finally:
        raw.close()


def _verify(
    raw: recipe.Raw,
    home: Home | None,
    schema: Schema,
    head: headfile.Head | None,
    problems: list[Fault],
    progress: Progress,
    key: bytes | None,
    *,
    file: Path,
    deep: bool,
    since: Base | None = None,
    quick: bool = False,
) -> Report:
    name = home.database.name if home else "desk.sqlite"
    raw.execute("BEGIN")
    sound = _pages(raw, file, key) if quick else raw.execute("PRAGMA integrity_check(50)").fetchall()
    problems += [Fault(name, str(text), grave=True) for (text,) in sound if text != "ok"]
    problems += _declared(raw, schema, name)
    chained = None if since is None else chain_since(raw, since)
    acts, desks = chained if chained is not None else chain_problems(raw, problems, progress, file=file, key=key)
    arrival = int(raw.execute("SELECT coalesce(max(arrival), 0) FROM act").fetchone()[0])
    frontier = {
        (bytes(row[0]), int(row[1])): (int(row[2]), bytes(row[3]))
        for row in raw.execute("SELECT desk, epoch, seq, hash FROM frontier").fetchall()
    }
    found = {(p.desk, p.epoch): (p.seq, p.hash) for p in desks}
    for place in sorted(frontier.keys() | found.keys()):
        if frontier.get(place) != found.get(place):
            problems.append(Fault(f"{place[0].hex()[:8]}/{place[1]}", _("前沿与记录不一致"), grave=True))
    problems += witness.problems(raw)
    try:
        headfile.compare(head, found.get((head.desk, head.epoch)) if head else None)
    except Damaged as error:
        problems.append(Fault("desk.head", str(error), grave=True))
    if deep and not any(fault.what for fault in problems):
        _compare_projection(raw, schema, problems, home.attachments if home else None, key)
    raw.execute("ROLLBACK")
    return Report(acts, tuple(desks), tuple(problems[:MOST_PROBLEMS]), arrival)


def _pages(raw: recipe.Raw, file: Path, key: bytes | None) -> list[Any]:
    """What `quick_check` finds in every table that has pages: the whole file, less what is in no table, which a fresh
    copy has not. Asked of all at once it would go through the search indexes word by word, three times the work.

    The acts are half of the file: they are looked at by a second connection meanwhile, as SQLite lets go of the
    interpreter. Nobody else writes to the file."""
    tables = raw.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'")
    names = ["sqlite_schema", *(str(name) for (name,) in tables.fetchall() if name != "act")]
    other = recipe.connect(file, key, read_only=True)
    try:
        with ThreadPoolExecutor(1) as beside:
            acts = beside.submit(_check_table, other, "act")
            found = [row for name in names for row in _check_table(raw, name)]
            return [*acts.result(), *found]
    finally:
        other.close()


def _check_table(raw: recipe.Raw, name: str) -> list[Any]:
    return raw.execute(f'PRAGMA quick_check("{name}")').fetchall()


def _declared(raw: recipe.Raw, schema: Schema, file: str) -> list[Fault]:
    """Whether tables, indexes and guards are the ones that this program makes; of an older file, whose turn comes at
    the next start, only what every version has."""
    held: dict[str, str] = {
        str(name): " ".join(str(sql).split())
        for name, sql in raw.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    }
    wanted: list[str] = []
    if raw.execute("PRAGMA user_version").fetchone()[0] == VERSION:
        wanted += [*statements(JOURNAL), *statements(MERGE), *statements(LOCAL)]
    columns: list[tuple[str, set[str]]] = []
    if raw.execute("SELECT 1 FROM local_state WHERE key = 'schema' AND value = ?", (schema.fingerprint,)).fetchone():
        ledgers = {f"CREATE TABLE {name} (": shape for name, shape in schema.shapes.items()}
        for statement in schema.statements:  # a ledger's table may have got its columns one by one
            shape = next((shape for start, shape in ledgers.items() if statement.startswith(start)), None)
            if shape is None:
                wanted.append(statement)
            else:
                columns.append((shape.ledger.name, {column.name for column in shape.table.columns}))
    different = [_made(statement) for statement in wanted if held.get(_made(statement)) != " ".join(statement.split())]
    for name, names in columns:
        if {str(row[1]) for row in raw.execute(f"PRAGMA table_info({name})").fetchall()} != names:
            different.append(name)
    return [Fault(file, _("表或校验规则被改动：{name}").format(name=name), grave=True) for name in different]


def _made(statement: str) -> str:
    """The name of what a statement makes."""
    words = statement.replace("VIRTUAL ", "").replace("UNIQUE ", "").split(maxsplit=3)
    return words[2]


def _compare_projection(
    raw: recipe.Raw, schema: Schema, problems: list[Fault], attachments: Path | None, key: bytes | None
) -> None:
    with tempfile.TemporaryDirectory(prefix="dutydesk-verify-") as folder:
        target = recipe.driver().connect(str(Path(folder) / "rebuilt.sqlite"), isolation_level=None)
        try:
            if key is not None:
                # What is encrypted on the desk does not lie open in a temporary folder either.
                target.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
            target.execute("PRAGMA journal_mode=OFF")
            target.execute("PRAGMA synchronous=OFF")
            target.execute("CREATE TABLE act (act_id BLOB PRIMARY KEY, desk BLOB) WITHOUT ROWID")
            target.execute("BEGIN")
            target.executemany("INSERT INTO act VALUES (?, ?)", raw.execute("SELECT act_id, desk FROM act").fetchall())
            target.execute("CREATE INDEX ix_act_desk ON act (desk)")
            target.execute("CREATE TABLE personal (ledger TEXT, row BLOB)")
            for statement in (*statements(MERGE), *schema.statements):
                target.execute(statement)
            replay(raw, target, schema, attachments)
            mine, made = raw.cursor(), target.cursor()
            if digest(mine, schema) != digest(made, schema):
                different = [
                    name
                    for name in sorted(schema.shapes)
                    if ledger_digest(mine, schema, name) != ledger_digest(made, schema, name)
                ]
                where = _("、").join(_(schema[name].ledger.title) for name in different) or _("合并记录")
                problems.append(Fault(where, _("台账与原始记录不一致，可运行 dutydesk rebuild 重建")))
            told, true = _tallies(raw), _tallies(target)
            problems += [
                Fault(_(schema[name].ledger.title), _("台账条数与原始记录不一致，可运行 dutydesk rebuild 重建"))
                for name in sorted(schema.shapes)
                if told.get(name, 0) != true.get(name, 0)
            ]
            problems += [
                Fault(_(shape.ledger.title), _("检索索引不完整，可运行 dutydesk rebuild 重建"))
                for shape in schema.shapes.values()
                if shape.fts and _index(raw, shape.fts) != _index(target, shape.fts)
            ]
            mine.close()
            made.close()
            target.execute("ROLLBACK")
        finally:
            target.close()


def _tallies(raw: recipe.Raw) -> dict[str, int]:
    """How many rows each ledger is said to have: what a list shows before it reads one."""
    return dict(raw.execute("SELECT ledger, listed FROM tally").fetchall())


def _index(raw: recipe.Raw, table: str) -> str:
    """One hash over a search index: every word with the rows and places where it stands. SQLite's own check of an
    index without content finds a broken structure, not a word that was changed into another."""
    out = sha256()
    raw.execute(f"CREATE VIRTUAL TABLE temp.words USING fts5vocab('main', '{table}', 'instance')")
    try:
        cursor = raw.cursor()
        cursor.execute(
            "SELECT term, count(*), sum(doc), sum(doc % 65521 * (offset + 1) * (1 + (col = 'py')))"
            " FROM temp.words GROUP BY term"
        )
        while rows := cursor.fetchmany(2_000):
            out.update(repr(rows).encode("utf-8", "backslashreplace"))
        cursor.close()
    finally:
        raw.execute("DROP TABLE temp.words")
    return out.hexdigest()
