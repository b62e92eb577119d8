"""Every statement of `apply`, written once as Core constructs and compiled once for each engine to the text that its
driver takes, with its parameters by position.

`apply` hands these texts and tuples to a bare cursor: the desk's hot path stays what it was with SQL in strings, while
a hub's ledger tables (`journal/postgres.py`) get the same statements. Each is compiled when it is first asked for. The
order of its parameters stands in the docstring and is held against what the compiler made of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import (
    BLOB,
    TEXT,
    Column,
    ColumnElement,
    MetaData,
    Table,
    and_,
    bindparam,
    case,
    delete,
    func,
    literal_column,
    select,
    update,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine import Dialect

from dutydesk.journal import search
from dutydesk.journal.merging import ACT, merge_tables

if TYPE_CHECKING:
    from dutydesk.journal.schema import Schema, Shape
    from dutydesk.ledger.spec import Value

ZERO: ColumnElement[int] = literal_column("0")
ONE: ColumnElement[int] = literal_column("1")
_SIZES = (8, 16, 25, 32, 50, 64, 128, 256, 500)
"""The acts of an import have 25 changes, or 500 where no window is open (`batches`)."""
PREFIX: Final = 64
"""Characters of a text that an index covers where it cannot cover all of them."""
MOST_ROWS: Final = _SIZES[-1]
"""Rows that are asked for at once."""


@dataclass(frozen=True, eq=False)
class Engine:
    """An engine that holds ledger tables: how a statement is written for it.

    `insert` is its construct that knows ON CONFLICT; `place` the schema of its tables, `None` for the only one there
    is; `index` keeps the search entries; `personal`: whether the side rows of acts stand beside the tables and are
    forgotten with them; `encode` and `decode` turn a value into what the one column for values of every type holds,
    and back, `None` where the engine takes them as they are; `prefix`: indexes over texts cover their first `PREFIX`
    characters.
    """

    name: str
    dialect: Dialect
    insert: Callable[[Table], Any]
    index: search.Index
    place: str | None = None
    personal: bool = True
    prefix: bool = False
    encode: Callable[[Value], Any] | None = None
    decode: Callable[[Any], Value] | None = None

    def text(self, statement: Any, *names: str) -> str:
        """The statement as the driver takes it, its parameters in the order of `names`."""
        compiled = statement.compile(dialect=self.dialect)
        if tuple(compiled.positiontup) != names:
            raise ValueError(f"{compiled.string} takes {compiled.positiontup}, not {names}")
        return compiled.string

    def adding(self, table: Table, *names: str) -> Any:
        """INSERT of one row, of the columns `names` or of all; its parameters are named by the columns."""
        columns = names or tuple(column.name for column in table.columns)
        return self.insert(table).values({name: bindparam(name) for name in columns})


SQLITE = Engine("sqlite", sqlite.dialect(), sqlite_insert, search.FTS5)
"""A desk's own file."""


def of(schema: Schema, engine: Engine = SQLITE) -> Statements:
    """The statements of a schema for an engine; made once."""
    held = schema.said.get(engine.name)
    if held is None:
        held = schema.said[engine.name] = Statements(schema, engine)
    return held


class Statements(dict[str, "LedgerStatements"]):
    """What `apply` says to the merge's tables, and by name of a ledger to the ledger's own."""

    def __init__(self, schema: Schema, engine: Engine) -> None:
        super().__init__()
        self.engine = engine
        self.schema = schema
        made = merge_tables(MetaData(schema=engine.place))
        self.head, self.early, self.conflict, self.erased = (
            made[name] for name in ("head", "early", "conflict", "erased")
        )
        self.touched, self.counter, self.tally, self.open_batch, self.unprojected = (
            made[name] for name in ("touched", "counter", "tally", "open_batch", "unprojected")
        )

    def __missing__(self, ledger: str) -> LedgerStatements:
        made = self[ledger] = LedgerStatements(self.schema.shapes[ledger], self.engine)
        return made

    def _unless_there(self, table: Table) -> str:
        statement = self.engine.adding(table).on_conflict_do_nothing()
        return self.engine.text(statement, *(column.name for column in table.columns))

    def _text(self, statement: Any, *names: str) -> str:
        return self.engine.text(statement, *names)

    # -- the act ---------------------------------------------------------------------------------------------------

    @cached_property
    def note_unprojected(self) -> str:
        """act_id, reason."""
        return self._unless_there(self.unprojected)

    @cached_property
    def add_tally(self) -> str:
        """ledger, rows to add."""
        t = self.tally.c
        adding = self.engine.adding(self.tally)
        return self._text(
            adding.on_conflict_do_update(
                index_elements=[t.ledger], set_={"listed": t.listed + adding.excluded.listed}
            ), "ledger", "listed",
        )  # fmt: skip

    @cached_property
    def raise_counter(self) -> str:
        """desk, ledger, year, n: n never falls."""
        t = self.counter.c
        adding = self.engine.adding(self.counter)
        greater = case((adding.excluded.n > t.n, adding.excluded.n), else_=t.n)
        return self._text(
            adding.on_conflict_do_update(index_elements=[t.desk, t.ledger, t.year], set_={"n": greater}),
            "desk", "ledger", "year", "n",
        )  # fmt: skip

    @cached_property
    def see_batch(self) -> str:
        """batch, acts of the whole import, 1: one more of its acts is here."""
        t = self.open_batch.c
        return self._text(
            self.engine.adding(self.open_batch).on_conflict_do_update(
                index_elements=[t.batch], set_={"seen": t.seen + ONE}
            ), "batch", "whole", "seen",
        )  # fmt: skip

    @cached_property
    def close_batch(self) -> str:
        """batch."""
        t = self.open_batch
        return self._text(delete(t).where(t.c.batch == bindparam("batch"), t.c.seen >= t.c.whole), "batch")

    # -- heads -----------------------------------------------------------------------------------------------------

    def _place(self, table: Table, *names: str) -> list[ColumnElement[bool]]:
        return [table.c[name] == bindparam(name) for name in names]

    @cached_property
    def heads(self) -> str:
        """ledger, row, field → act_id, hlc, value."""
        t = self.head
        place = self._place(t, "ledger", "row", "field")
        return self._text(select(t.c.act_id, t.c.hlc, t.c.value).where(*place), "ledger", "row", "field")

    @cached_property
    def add_head(self) -> str:
        """ledger, row, field, act_id, hlc, value; what stands stays."""
        return self._unless_there(self.head)

    @cached_property
    def put_head(self) -> str:
        """ledger, row, field, act_id, hlc, value; in place of what stands."""
        t = self.head.c
        adding = self.engine.adding(self.head)
        return self._text(
            adding.on_conflict_do_update(
                index_elements=[t.ledger, t.row, t.field, t.act_id],
                set_={"hlc": adding.excluded.hlc, "value": adding.excluded.value},
            ), "ledger", "row", "field", "act_id", "hlc", "value",
        )  # fmt: skip

    @cached_property
    def drop_head(self) -> str:
        """ledger, row, field, act_id."""
        names = ("ledger", "row", "field", "act_id")
        return self._text(delete(self.head).where(*self._place(self.head, *names)), *names)

    @cached_property
    def drop_heads(self) -> str:
        """ledger, row, field."""
        names = ("ledger", "row", "field")
        return self._text(delete(self.head).where(*self._place(self.head, *names)), *names)

    @cached_property
    def authors(self) -> str:
        """ledger, row, field that is left out → act_id of the heads."""
        t = self.head
        others = [*self._place(t, "ledger", "row"), t.c.field != bindparam("field")]
        return self._text(select(t.c.act_id).distinct().where(*others), "ledger", "row", "field")

    @cached_property
    def add_early(self) -> str:
        """ledger, row, field, act_id."""
        return self._unless_there(self.early)

    @cached_property
    def is_early(self) -> str:
        """ledger, row, field, act_id → 1."""
        names = ("ledger", "row", "field", "act_id")
        return self._text(select(ONE).select_from(self.early).where(*self._place(self.early, *names)), *names)

    @cached_property
    def touch(self) -> str:
        """row, act_id."""
        return self._unless_there(self.touched)

    @cached_property
    def mark(self) -> str:
        """ledger, row, field, kind of conflict."""
        return self._unless_there(self.conflict)

    @cached_property
    def unmark(self) -> str:
        """ledger, row, field, kind of conflict."""
        names = ("ledger", "row", "field", "kind")
        return self._text(delete(self.conflict).where(*self._place(self.conflict, *names)), *names)

    # -- who made what ---------------------------------------------------------------------------------------------

    @cached_property
    def first_desk(self) -> str:
        """→ the least desk that acts are there of."""
        return self._text(select(ACT.c.desk).order_by(ACT.c.desk).limit(ONE).offset(ZERO))

    @cached_property
    def last_desk(self) -> str:
        """→ the greatest desk that acts are there of."""
        return self._text(select(ACT.c.desk).order_by(ACT.c.desk.desc()).limit(ONE).offset(ZERO))

    @cached_property
    def desk_of(self) -> str:
        """act_id → desk."""
        return self._text(select(ACT.c.desk).where(ACT.c.act_id == bindparam("act_id")), "act_id")

    # -- erasing ---------------------------------------------------------------------------------------------------

    @cached_property
    def any_erased(self) -> str:
        """→ 1."""
        return self._text(select(ONE).select_from(self.erased).limit(ONE).offset(ZERO))

    @cached_property
    def is_erased(self) -> str:
        """ledger, row → 1."""
        place = self._place(self.erased, "ledger", "row")
        return self._text(select(ONE).select_from(self.erased).where(*place), "ledger", "row")

    @cached_property
    def erase(self) -> str:
        """ledger, row."""
        return self._unless_there(self.erased)

    @cached_property
    def forget(self) -> str:
        """ledger, row; empty where no side rows stand beside the tables."""
        if not self.engine.personal:
            return ""
        table = Table("personal", MetaData(), Column("ledger", TEXT), Column("row", BLOB))
        return self._text(delete(table).where(*self._place(table, "ledger", "row")), "ledger", "row")


class LedgerStatements:
    """What is said to one ledger's table and to its search index."""

    def __init__(self, shape: Shape, engine: Engine) -> None:
        self.engine = engine
        self.shape = shape
        self.table = shape.table
        if engine.place is not None:
            self.table = shape.table.to_metadata(MetaData(), schema=engine.place)
        self._n = self.table.c["_n"]
        self._of_n = self._n == bindparam("n")
        self._here: dict[int, str] = {}
        self._writes: dict[str, str] = {}
        self._makers: dict[str, str] = {}
        self._doubles: dict[tuple[bool, ...], str] = {}
        name = shape.ledger.name if shape.fts else ""
        self.index = engine.index
        self.index_add, self.index_put = self.index.add(name), self.index.put(name)
        self.index_drop, self.index_tidy = self.index.drop(name), self.index.tidy(name)

    def _columns(self, *names: str) -> list[Column[Any]]:
        return [self.table.c[name] for name in names]

    def _select(self, *names: str) -> str:
        return self.engine.text(select(*self._columns(*names)).where(self._of_n), "n")

    def _select_by_id(self, *names: str) -> str:
        place = self.table.c.id == bindparam("id")
        return self.engine.text(select(*self._columns(*names)).where(place), "id")

    def _update(self, *names: str) -> str:
        values: dict[str, Any] = {name: bindparam(f"to_{name}") for name in names}
        statement = update(self.table).where(self._of_n).values(values)
        return self.engine.text(statement, *(f"to_{name}" for name in names), "n")

    # -- rows ------------------------------------------------------------------------------------------------------

    @cached_property
    def insert(self) -> str:
        """_n, id, _act, _hlc, _state, _batch, then the ledger's fields in their order."""
        names = tuple(column.name for column in self.table.columns)
        return self.engine.text(self.engine.adding(self.table), *names)

    @cached_property
    def expect(self) -> str:
        """_n, id, _state: a shell that waits for its making."""
        return self.engine.text(self.engine.adding(self.table, "_n", "id", "_state"), "_n", "id", "_state")

    @cached_property
    def made(self) -> str:
        """id → _n, _state, _act, _hlc."""
        return self._select_by_id("_n", "_state", "_act", "_hlc")

    @cached_property
    def found(self) -> str:
        """id → _n, _state."""
        return self._select_by_id("_n", "_state")

    @cached_property
    def last_n(self) -> str:
        """→ the greatest _n."""
        return self.engine.text(select(func.max(self._n)))

    def here(self, rows: Sequence[bytes]) -> tuple[str, Sequence[bytes]]:
        """Which of at most `MOST_ROWS` rows are there: the statement, and its parameters. There is a statement for some
        numbers of rows alone; the last row fills up."""
        size = next(size for size in _SIZES if size >= len(rows))
        held = self._here.get(size)
        if held is None:
            names = [f"id{n}" for n in range(size)]
            column = self.table.c.id
            held = self._here[size] = self.engine.text(
                select(column).where(column.in_([bindparam(name) for name in names])), *names
            )
        return held, [*rows, *[rows[-1]] * (size - len(rows))]

    def write(self, field: str) -> str:
        """Value of `field`, _n."""
        held = self._writes.get(field)
        if held is None:
            held = self._writes[field] = self._update(field)
        return held

    @cached_property
    def adopt(self) -> str:
        """_act, _hlc, _state, _batch, _n: the making of an expected row."""
        return self._update("_act", "_hlc", "_state", "_batch")

    @cached_property
    def remake(self) -> str:
        """_act, _hlc, _batch, _n: an earlier making."""
        return self._update("_act", "_hlc", "_batch")

    @cached_property
    def set_state(self) -> str:
        """_state, _n."""
        return self._update("_state")

    @cached_property
    def state(self) -> str:
        """_n → _state."""
        return self._select("_state")

    @cached_property
    def act(self) -> str:
        """_n → _act."""
        return self._select("_act")

    @cached_property
    def values(self) -> str:
        """_n → the ledger's fields in their order."""
        return self._select(*self.shape.names)

    def maker(self, field: str) -> str:
        """_n → _act, _hlc, the field's value."""
        held = self._makers.get(field)
        if held is None:
            held = self._makers[field] = self._select("_act", "_hlc", field)
        return held

    @cached_property
    def key(self) -> str:
        """_n → the fields of the natural key."""
        return self._select(*self.shape.ledger.match)

    def same_key(self, key: Sequence[Value]) -> tuple[str, Sequence[Value]]:
        """The rows of a natural key: the statement → id, _act, _state, and its parameters. An empty field has a
        statement of its own: the engines do not agree on a comparison that holds for both and uses an index."""
        if None not in key:
            return self._full_key, key
        empty = tuple([value is None for value in key])
        held = self._doubles.get(empty)
        if held is None:
            held = self._doubles[empty] = self._same_key(empty)
        return held, [value for value in key if value is not None]

    @cached_property
    def _full_key(self) -> str:
        return self._same_key((False,) * len(self.shape.ledger.match))

    def _same_key(self, empty: Sequence[bool]) -> str:
        keyed = list(zip(self.shape.ledger.match, empty, strict=True))
        columns = self.table.c
        where = [columns[name].is_(None) if no else columns[name] == bindparam(name) for name, no in keyed]
        if self.engine.prefix:
            texts = [name for name, no in keyed if not no and isinstance(columns[name].type, TEXT)]
            where += [first(columns[name]) == first(bindparam(name, type_=TEXT)) for name in texts]
            where += [
                first(columns[name]).is_(None) for name, no in keyed if no and isinstance(columns[name].type, TEXT)
            ]
        statement = select(*self._columns("id", "_act", "_state")).where(and_(*where))
        return self.engine.text(statement, *[name for name, no in keyed if not no])


def first(text: ColumnElement[Any]) -> ColumnElement[Any]:
    """The part of a text that an index covers."""
    return func.left(text, literal_column(str(PREFIX)))
