"""Ledger tables on PostgreSQL, or on what speaks its protocol: the tables, the readable views, and `apply`'s engine.

`sync.projecting` runs the one `Applier` over them with `POSTGRES`. They stand in a schema of their own, made from the
same declarations as a desk's tables. What is different there, and only there:

- `head.value` holds values of several types. It is JSON text: a number, a text, `null`, and `{"hex":"…"}` for bytes.
- An index over texts covers their first characters alone, since such an entry has a greatest length.
- The search entry of a row is its folded text with its bigrams (`search_words`); the index over these is optional.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import INTEGER, TEXT, Index, MetaData, Table
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.dialects.postgresql.base import PGDialect, PGTypeCompiler
from sqlalchemy.schema import CreateIndex, CreateTable

from dutydesk.journal import search
from dutydesk.journal.chain import SCHEMA_VERSION
from dutydesk.journal.merging import merge_tables
from dutydesk.journal.schema import Schema, Shape
from dutydesk.journal.statements import Engine, first
from dutydesk.ledger.kinds import Code, Flag, Ref, Scaled, Time
from dutydesk.ledger.spec import Field, Ledger, Value
from dutydesk.ledger.table import LISTED

PLACE = "ledgers"
"""The schema."""
VIEW = "v_"
TYPES = {"BIGINT": "bigint", "BYTEA": "bytea", "TEXT": "text"}
"""How the engine calls the types of a ledger's columns."""


class _Types(PGTypeCompiler):
    """Integers are 64 bits wide, as they are in SQLite."""

    def visit_INTEGER(self, type_: Any, **kw: Any) -> str:  # noqa: N802 - SQLAlchemy's name
        return "BIGINT"

    def visit_BLOB(self, type_: Any, **kw: Any) -> str:  # noqa: N802
        return "BYTEA"


class _Dialect(PGDialect):
    """The language alone, for texts that a driver takes with numbered parameters."""

    type_compiler_cls = _Types
    supports_statement_cache = True


_DIALECT = cast("Any", _Dialect)(paramstyle="numeric_dollar")


def encode(value: Value) -> str | None:
    """A value as `head.value` holds it."""
    if value is None:
        return None
    if isinstance(value, bytes):
        return json.dumps({"hex": value.hex()}, separators=(",", ":"))
    return json.dumps(value, ensure_ascii=False)


def decode(text: str | None) -> Value:
    """The same back."""
    if text is None:
        return None
    value: Any = json.loads(text)
    return bytes.fromhex(str(cast("dict[str, Any]", value)["hex"])) if isinstance(value, dict) else value


class Words:
    """The search entries of all ledgers in one table: the folded text, its bigrams and its pinyin."""

    def entry(self, ledger: Ledger, n: int, values: Mapping[str, Value]) -> tuple[Any, ...]:
        folded = search.row_text(ledger, values)
        return n, folded, search.words(folded), search.row_pinyin(ledger, values)

    def add(self, ledger: str) -> str:
        columns = "(ledger, n, folded, words, py)"
        return ledger and f"INSERT INTO {PLACE}.search_words {columns} VALUES ('{ledger}', $1, $2, $3, $4)"

    def put(self, ledger: str) -> str:
        renewed = "folded = excluded.folded, words = excluded.words, py = excluded.py"
        return ledger and f"{self.add(ledger)} ON CONFLICT (ledger, n) DO UPDATE SET {renewed}"

    def drop(self, ledger: str) -> str:
        return ledger and f"DELETE FROM {PLACE}.search_words WHERE ledger = '{ledger}' AND n = $1"

    def tidy(self, ledger: str) -> str:
        return ""


POSTGRES = Engine(
    "postgresql", _DIALECT, insert, Words(), place=PLACE, personal=False, encode=encode, decode=decode, prefix=True
)


@lru_cache(maxsize=1_024)
def several(statement: str, rows: int) -> str:
    """An INSERT of one row, for so many: its group of parameters is written as often, numbered on."""
    head, _values, rest = statement.partition(" VALUES ")
    group, closing, tail = rest.partition(")")
    width = group.count("$")
    groups = [re.sub(r"\$(\d+)", lambda at, n=n: f"${int(at[1]) + n * width}", group + closing) for n in range(rows)]
    return f"{head} VALUES {', '.join(groups)}{tail}"


# -- tables and views ----------------------------------------------------------------------------------------------------


def table_of(shape: Shape) -> Table:
    """A ledger's table there, with the indexes that `apply` and a list in its usual order need."""
    made = shape.table.to_metadata(MetaData(), schema=PLACE)
    made.indexes.clear()
    made.c["_n"].autoincrement = False
    name = shape.ledger.name
    Index(f"ix_{name}_id", made.c.id)
    order = shape.ledger.order.lstrip("-")
    if order in made.c and isinstance(made.c[order].type, INTEGER):
        Index(f"ix_{name}_listed", made.c["_state"], made.c[order])
    if shape.ledger.match:
        columns = [made.c[field] for field in shape.ledger.match]
        Index(f"ix_{name}_match", *(first(c) if isinstance(c.type, TEXT) else c for c in columns))
    return made


def table_ddl(shape: Shape) -> list[str]:
    """The statements that make a ledger's table and its indexes."""
    made = table_of(shape)
    texts = [CreateTable(made).compile(dialect=_DIALECT)]
    texts += [CreateIndex(index).compile(dialect=_DIALECT) for index in sorted(made.indexes, key=lambda i: str(i.name))]
    return [" ".join(str(text).split()) for text in texts]


def columns(shape: Shape) -> dict[str, str]:
    """A ledger's columns there and their types."""
    return {c.name: TYPES[c.type.compile(dialect=_DIALECT)] for c in table_of(shape).columns}


def view_ddl(shape: Shape) -> str:
    """The view of a ledger that people read: the rows of its list with where they come from. Ids are hexadecimal, times
    are times with zone, codes their Chinese labels, decimals are decimals; personal fields are left out."""
    name = shape.ledger.name
    parts = [
        "encode(r.id, 'hex') AS row_id", "d.district AS desk_district", "d.code AS desk_code",
        "to_timestamp(a.recorded_at / 1000.0) AS act_at",
        *(f'{_readable(one)} AS "{one.name}"' for one in shape.ledger.fields if not one.personal),
    ]  # fmt: skip
    return (
        f"CREATE VIEW {PLACE}.{VIEW}{name} AS SELECT {', '.join(parts)} FROM {PLACE}.{name} r"
        f" JOIN act a ON a.act_id = r._act JOIN desk d ON d.desk = a.desk WHERE r._state = {LISTED}"
        f" AND NOT EXISTS (SELECT 1 FROM {PLACE}.open_batch b WHERE b.batch = r._batch)"
    )


def _readable(shown: Field) -> str:
    held = f'r."{shown.name}"'
    kind = shown.kind
    if isinstance(kind, Time):
        return f"to_timestamp({held} / 1000.0)"
    if isinstance(kind, Ref):
        return f"encode({held}, 'hex')"
    if isinstance(kind, Scaled):
        return f"round({held} / {10**kind.places}.0, {kind.places})"
    if isinstance(kind, Flag):
        return f"CASE {held} WHEN 1 THEN '是' WHEN 0 THEN '否' END"
    if isinstance(kind, Code) and shown.choices:
        labels = " ".join(f"WHEN {_quoted(one.code)} THEN {_quoted(one.label)}" for one in shown.choices)
        return f"CASE {held} {labels} ELSE {held} END"
    return held


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


@dataclass(slots=True)
class Upgrade:
    """What brings the tables to the declarations: the statements, how many tables they make and columns they add, and
    whether what the tables held is to be made anew from the acts."""

    statements: list[str] = field(default_factory=list[str])
    made: int = 0
    added: int = 0
    anew: bool = False


def upgrade(schema: Schema, here: Mapping[str, Mapping[str, str]]) -> Upgrade:
    """From what is there: by table and view the columns and their types. A new field is a new column; a column that no
    field has any more stays, a column of another type is another table."""
    out = Upgrade()
    for name, shape in sorted(schema.shapes.items()):
        wanted, held = columns(shape), here.get(name, {})
        if f"{VIEW}{name}" in here:
            out.statements.append(f"DROP VIEW {PLACE}.{VIEW}{name}")
        if any(held.get(column, kind) != kind for column, kind in wanted.items()):
            out.statements.append(f"DROP TABLE {PLACE}.{name}")
            out.anew, held = True, {}
        if held:
            lacking = [column for column in wanted if column not in held]
            out.statements += [f'ALTER TABLE {PLACE}.{name} ADD COLUMN "{one}" {wanted[one]}' for one in lacking]
            out.added += len(lacking)
        else:
            out.statements += table_ddl(shape)
            out.made += 1
        out.statements.append(view_ddl(shape))
    return out


def emptying(schema: Schema) -> list[str]:
    """The statements after which nothing is in the tables."""
    beside = (*merge_tables(MetaData()), "search_words", "projected", "announced", "set_aside")
    return [f"DELETE FROM {PLACE}.{name}" for name in (*sorted(schema.shapes), *beside)]


def fingerprint(schema: Schema) -> str:
    """Changes whenever tables or views there would be made differently, or acts be read differently."""
    texts = [text for shape in schema.shapes.values() for text in (*table_ddl(shape), view_ddl(shape))]
    return hashlib.sha256("\n".join((str(SCHEMA_VERSION), *texts)).encode()).hexdigest()


# -- search --------------------------------------------------------------------------------------------------------------


def found(ledger: str, query: str, *, indexed: bool) -> tuple[str, Sequence[str]]:
    """Which rows a query finds: a condition on `search_words` and its parameters, numbered from $1. It finds what the
    desk's own index finds. `indexed`: the optional index is there and narrows them first; without it all texts are
    looked through."""
    plan = search.plan(query)
    values: list[str] = []

    def mark(value: str) -> str:
        values.append(value)
        return f"${len(values)}"

    by_words = [f"strpos(folded, {mark(word)}) > 0" for word in search.fold(query).split()]
    if indexed and plan.tokens:
        asked = " & ".join(f"'{token}'{':*' if short else ''}" for token, short in plan.tokens)
        by_words.append(f"array_to_tsvector(string_to_array(words, ' ')) @@ CAST({mark(asked)} AS tsquery)")
    if not by_words:
        return f"ledger = '{ledger}'", ()
    condition = " AND ".join(by_words)
    if plan.pinyin:
        by_sound = [f"strpos(' ' || py, {mark(' ' + word)}) > 0" for word in search.fold(query).split()]
        condition = f"({condition}) OR ({' AND '.join(by_sound)})"
    return f"ledger = '{ledger}' AND ({condition})", tuple(values)
