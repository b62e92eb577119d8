"""Rebuild: the projections again from the acts, and their adaptation to a newer program.

The acts are read in the order in which they arrived and go through the same `apply`. Everything happens in one
transaction: a kill leaves either the old projections or the new ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from dutydesk.journal import recipe
from dutydesk.journal.apply import Applier, Rows, parse_body
from dutydesk.journal.chain import Act
from dutydesk.journal.making import statements
from dutydesk.journal.schema import Schema
from dutydesk.journal.tables import MERGE, MERGE_TABLES

CHUNK = 1_000
READ_ACTS = (
    "SELECT desk, epoch, seq, act_id, hlc, happened_at, recorded_at, by, kind, sv, body, alg, prev, hash, arrival"
    " FROM act ORDER BY arrival"
)
Progress = Callable[[int, int], None]
"""Told how many acts of how many are done; raises to stop."""


def no_progress(done: int, whole: int) -> None:
    """Nobody watches."""


def acts(raw: recipe.Raw) -> Iterator[list[Act]]:
    """All acts in order of arrival, in chunks."""
    cursor = raw.cursor()
    cursor.execute(READ_ACTS)
    while rows := cursor.fetchmany(CHUNK):
        yield [Act(*row[:14]) for row in rows]
    cursor.close()


def side_rows(cursor: recipe.Cursor, act_id: bytes) -> dict[int, tuple[bytes, bytes]]:
    """The personal side rows of one act: n → (salt, data)."""
    cursor.execute("SELECT n, salt, data FROM personal WHERE act_id = ?", (act_id,))
    return {n: (salt, data) for n, salt, data in cursor.fetchall()}


def replay(
    source: recipe.Raw,
    target: recipe.Raw,
    schema: Schema,
    attachments: Path | None = None,
    progress: Progress = no_progress,
) -> int:
    """Apply every act of `source` to the empty projections of `target`, inside target's open transaction; returns
    how many there were."""
    cursor, side = target.cursor(), source.cursor()
    whole = source.execute("SELECT count(*) FROM act").fetchone()[0]
    done = 0
    with recipe.core(target, attachments) as connection:
        for chunk in acts(source):
            applier = Applier(cursor, schema)
            touched: Rows = {}
            for act in chunk:
                body = parse_body(act.body)
                personal = side_rows(side, act.act_id) if b'"personal":"' in act.body else {}
                for ledger, rows in applier.apply(act, body, personal).items():
                    touched.setdefault(ledger, []).extend(rows)
            applier.finish()
            for derived in schema.derived:
                relevant = {ledger: touched[ledger] for ledger in derived.on if ledger in touched}
                if relevant:
                    derived.update(connection, relevant)
            done += len(chunk)
            progress(done, whole)
    cursor.close()
    side.close()
    return done


def drop(raw: recipe.Raw) -> None:
    """Drop every projection, also of ledgers that this program does not know."""
    keep = {"act", "personal", "quarantine", "frontier", "checkpoint"}
    found = raw.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'").fetchall()
    virtual = [name for name, sql in found if sql.startswith("CREATE VIRTUAL")]
    for name in virtual:
        raw.execute(f"DROP TABLE {name}")
    for name, _sql in found:
        shadow = any(name.startswith(f"{parent}_") for parent in virtual)
        if name in keep or name in virtual or shadow or name.startswith(("local_", "sqlite_")):
            continue
        raw.execute(f"DROP TABLE {name}")


def rebuild(raw: recipe.Raw, schema: Schema, attachments: Path | None = None, progress: Progress = no_progress) -> int:
    """Make all projections again; returns the number of acts. The caller holds the desk exclusively."""
    raw.execute("BEGIN IMMEDIATE")
    try:
        drop(raw)
        for statement in (*statements(MERGE), *schema.statements):
            raw.execute(statement)
        done = replay(raw, raw, schema, attachments, progress)
        raw.execute(
            "INSERT INTO local_state VALUES ('schema', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            (schema.fingerprint,),
        )
        raw.execute("COMMIT")
    except BaseException:
        raw.execute("ROLLBACK")
        raise
    return done


def adapt(raw: recipe.Raw, schema: Schema, attachments: Path | None = None) -> None:
    """Bring the projections of an older program to this one's declarations.

    A new field is a new column and a new ledger a new table, at once; anything else, or acts that the older program
    could not read, is a rebuild. Acts are never made here.
    """
    if raw.execute("SELECT 1 FROM unprojected LIMIT 1").fetchone() or not _add(raw, schema):
        rebuild(raw, schema, attachments)


def _add(raw: recipe.Raw, schema: Schema) -> bool:
    """Add what is only missing; False when something is different."""
    held: dict[str, str] = dict(
        raw.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'").fetchall()
    )
    wanted: dict[str, str] = {}
    todo: list[str] = []
    derived_tables = {table.name for derived in schema.derived for table in derived.tables}
    for statement in schema.statements:
        name = statement.split()[3] if statement.startswith("CREATE VIRTUAL") else statement.split()[2]
        wanted[name] = statement
        if name in held and _plain(held[name]) == _plain(statement):
            continue
        if name not in held:
            if name in derived_tables or (name.startswith("fts_") and name[4:] in held):
                return False
            todo.append(statement)
            continue
        if name not in schema.shapes:
            return False
        columns: list[Any] = raw.execute(f"PRAGMA table_info({name})").fetchall()
        have = {column[1]: column[2] for column in columns}
        want = {column.name: column.type.__class__.__name__ for column in schema[name].table.columns}
        if any(want.get(column) != kind for column, kind in have.items()):
            return False
        todo += [
            f'ALTER TABLE {name} ADD COLUMN "{column}" {kind}' for column, kind in want.items() if column not in have
        ]
    gone = {name for name in held if name in MERGE_TABLES} ^ set(MERGE_TABLES)
    stale = [n for n in held if n.startswith("fts_") and n.count("_") == 1 and n not in wanted]
    if gone or stale:
        return False
    raw.execute("BEGIN IMMEDIATE")
    try:
        for statement in sorted(todo, key=lambda text: text.startswith("CREATE INDEX")):
            raw.execute(statement)
        raw.execute("COMMIT")
    except BaseException:
        raw.execute("ROLLBACK")
        raise
    return True


def _plain(sql: str) -> str:
    return " ".join(sql.split())
