"""Verify: is the record whole and unaltered? Looks, says what and where, and touches nothing.

Four questions: do the files stand as the desk left them; is the database sound (`integrity_check`); does every act's
hash, link and personal side row hold; do the projections equal the ones made anew from the acts in a temporary file.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from dutydesk.core.errors import Damaged, DutyDeskError
from dutydesk.core.i18n import _
from dutydesk.core.paths import Home
from dutydesk.journal import chain, headfile, recipe
from dutydesk.journal.apply import parse_body
from dutydesk.journal.digest import digest, ledger_digest
from dutydesk.journal.rebuild import Progress, no_progress, replay
from dutydesk.journal.schema import Schema
from dutydesk.journal.store import statements
from dutydesk.journal.tables import MERGE

MOST_PROBLEMS = 200
CHAIN_COLUMNS = (
    "desk, epoch, seq, act_id, hlc, happened_at, recorded_at, by, kind, sv, body, alg, prev, hash"
)


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is not as it was written."""

    where: str
    what: str


@dataclass(frozen=True, slots=True)
class Position:
    """How far one desk's epoch reaches here."""

    desk: bytes
    epoch: int
    seq: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Report:
    """What verify found."""

    acts: int
    desks: tuple[Position, ...]
    problems: tuple[Fault, ...]

    @property
    def ok(self) -> bool:
        return not self.problems

    def json(self) -> dict[str, Any]:
        """The command line's contract (house.md §8)."""
        return {
            "ok": self.ok,
            "acts": self.acts,
            "desks": [
                {"desk": d.desk.hex(), "epoch": d.epoch, "seq": d.seq, "hash": d.hash.hex()} for d in self.desks
            ],
            "problems": [{"where": p.where, "what": p.what} for p in self.problems],
        }


def verify(
    home: Home, schema: Schema, key: bytes | None = None, progress: Progress = no_progress, *, deep: bool = True
) -> Report:
    """Verify a desk's folder. `deep=False` leaves out the comparison with a rebuild."""
    problems: list[Fault] = []
    head = headfile.read(home.head)
    try:
        notes = headfile.inspect(home.database, head, encrypted=key is not None, move=False)
        problems += [Fault(home.database.name, note) for note in notes]
        raw = recipe.connect(home.database, key, read_only=True)
    except DutyDeskError as error:
        return Report(0, (), (Fault(home.database.name, str(error)),))
    try:
        return _verify(raw, home, schema, head, problems, progress, key, deep=deep)
    except recipe.driver().DatabaseError as error:
        problems.append(Fault(home.database.name, _("读取失败:{error}").format(error=error)))
        return Report(0, (), tuple(problems))
    finally:
        raw.close()


def verify_file(path: Path, schema: Schema, key: bytes | None = None, *, deep: bool = False) -> Report:
    """Verify a copy that stands alone, such as a snapshot."""
    raw = recipe.connect(path, key, read_only=True)
    try:
        return _verify(raw, None, schema, None, [], no_progress, key, deep=deep)
    except recipe.driver().DatabaseError as error:
        return Report(0, (), (Fault(path.name, _("读取失败:{error}").format(error=error)),))
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
    deep: bool,
) -> Report:
    name = home.database.name if home else "desk.sqlite"
    raw.execute("BEGIN")
    sound = [str(row[0]) for row in raw.execute("PRAGMA integrity_check(50)").fetchall()]
    problems += [Fault(name, text) for text in sound if text != "ok"]
    acts, desks = chain_problems(raw, problems, progress)
    frontier = {
        (bytes(row[0]), int(row[1])): (int(row[2]), bytes(row[3]))
        for row in raw.execute("SELECT desk, epoch, seq, hash FROM frontier").fetchall()
    }
    found = {(p.desk, p.epoch): (p.seq, p.hash) for p in desks}
    for place in sorted(frontier.keys() | found.keys()):
        if frontier.get(place) != found.get(place):
            problems.append(Fault(f"{place[0].hex()[:8]}/{place[1]}", _("前沿与记录不一致")))
    try:
        headfile.compare(head, found.get((head.desk, head.epoch)) if head else None)
    except Damaged as error:
        problems.append(Fault("desk.head", str(error)))
    if deep and not any(fault.what for fault in problems):
        _compare_projection(raw, schema, problems, home.attachments if home else None, key)
    raw.execute("ROLLBACK")
    return Report(acts, tuple(desks), tuple(problems[:MOST_PROBLEMS]))


def chain_problems(raw: recipe.Raw, problems: list[Fault], progress: Progress = no_progress) -> tuple[int, list[Position]]:
    """Check every act's hash and link and every personal side row; returns the number of acts and how far each desk's
    epoch reaches. What is wrong is added to `problems`."""
    whole = raw.execute("SELECT count(*) FROM act").fetchone()[0]
    cursor = raw.cursor()
    side = raw.cursor()
    cursor.execute(f"SELECT {CHAIN_COLUMNS} FROM act ORDER BY desk, epoch, seq")
    done = 0
    positions: list[Position] = []
    last_desk, last_epoch, last_seq, last_hash = b"", 0, 0, b""
    pack, names, fault = chain.pack_fixed, chain.names, problems.append
    while rows := cursor.fetchmany(2_000):
        for desk, epoch, seq, act_id, hlc, happened, recorded, by, kind, sv, body, alg, prev, held in rows:
            if (
                alg != chain.SHA256
                or sha256(
                    b"\x01"
                    + prev
                    + pack(desk, epoch, seq, act_id, hlc, happened, recorded, sv)
                    + names(by, kind)
                    + body
                ).digest()
                != held
            ):
                fault(Fault(_place(desk, epoch, seq), _("内容或校验值被改动")))
            if epoch == last_epoch and desk == last_desk:
                if seq != last_seq + 1:
                    fault(Fault(_place(desk, epoch, seq), _("前面缺少记录")))
                elif prev != last_hash:
                    fault(Fault(_place(desk, epoch, seq), _("与上一条不衔接")))
            else:
                if last_seq:
                    positions.append(Position(last_desk, last_epoch, last_seq, last_hash))
                if seq != 1 or kind != "epoch.open":
                    fault(Fault(_place(desk, epoch, seq), _("前面缺少记录")))
            last_desk, last_epoch, last_seq, last_hash = desk, epoch, seq, held
            if b'"personal":"' in body:
                _check_personal(side, act_id, body, _place(desk, epoch, seq), problems)
        done += len(rows)
        progress(done, whole)
        if len(problems) > MOST_PROBLEMS:
            break
    if last_seq:
        positions.append(Position(last_desk, last_epoch, last_seq, last_hash))
    cursor.close()
    side.close()
    return done, positions


def _place(desk: bytes, epoch: int, seq: int) -> str:
    return f"#{seq} {desk.hex()[:8]}/{epoch}"


def _check_personal(cursor: recipe.Cursor, act_id: bytes, body: bytes, where: str, problems: list[Fault]) -> None:
    held = {
        n: (salt, data)
        for n, salt, data in cursor.execute(
            "SELECT n, salt, data FROM personal WHERE act_id = ?", (act_id,)
        ).fetchall()
    }
    for n, change in enumerate(parse_body(body)["changes"]):
        if "personal" not in change:
            continue
        if n in held:
            if chain.personal_hash(*held[n]) != change["personal"]:
                problems.append(Fault(where, _("个人信息与校验值不符")))
            continue
        erased = cursor.execute(
            "SELECT 1 FROM erased WHERE ledger = ? AND row = ?", (change["ledger"], bytes.fromhex(change["row"]))
        ).fetchone()
        if erased is None:
            problems.append(Fault(where, _("个人信息缺失")))


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
            target.executemany(
                "INSERT INTO act VALUES (?, ?)", raw.execute("SELECT act_id, desk FROM act").fetchall()
            )
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
                where = "、".join(_(schema[name].ledger.title) for name in different) or _("合并记录")
                problems.append(Fault(where, _("台账与原始记录不一致,可运行 dutydesk rebuild 重建")))
            for name, shape in schema.shapes.items():
                if shape.fts and _entries(mine, shape.fts) != _entries(made, shape.fts):
                    problems.append(Fault(_(shape.ledger.title), _("检索索引不完整,可运行 dutydesk rebuild 重建")))
                    del name
            mine.close()
            made.close()
            target.execute("ROLLBACK")
        finally:
            target.close()


def _entries(cursor: recipe.Cursor, table: str) -> int:
    return int(cursor.execute(f"SELECT count(*) FROM {table}_docsize").fetchone()[0])
