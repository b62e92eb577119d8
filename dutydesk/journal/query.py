"""Reading ledgers: one row, a few rows, or a list of a million in pages.

Sort, filter and search happen in SQL. A list knows its true length and gives any page of it: over an index by stepping
from the nearest page already seen, over anything else from the list's keys, collected once (eight bytes a row).
Searches come newest first by arrival, because ordering a common word's hits by time costs seconds (engineering.md
§3.4).
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Connection, Select, and_, column, exists, func, or_, select, text
from sqlalchemy import table as sql_table

from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import _
from dutydesk.journal import search
from dutydesk.journal.rows import PAGE as PAGE
from dutydesk.journal.rows import Condition as Condition
from dutydesk.journal.rows import Query as Query
from dutydesk.journal.rows import Row as Row
from dutydesk.journal.schema import Shape
from dutydesk.ledger.spec import Value
from dutydesk.ledger.table import LISTED

if TYPE_CHECKING:
    from dutydesk.journal.store import Store

_OPEN_BATCH = sql_table("open_batch", column("batch")).c.batch
_ACT = sql_table("act", column("act_id"), column("desk")).c
DESKS = "dutydesk_desks"
"""Execution option of a connection that shows only rows which some desks made (`journal.view`)."""
OPERATORS = ("=", "!=", "<", "<=", ">", ">=", "in", "null", "set", "has")


def rows(connection: Connection, shape: Shape, query: Query, limit: int | None = None, offset: int = 0) -> list[Row]:
    """The rows of `query` in its order."""
    if query.search.strip():
        return by_n(connection, shape, _searched(connection, shape, query, limit, offset))
    statement = _ordered(connection, shape, query, select(shape.table))
    if limit is not None or offset:
        statement = statement.limit(-1 if limit is None else limit).offset(offset)
    return [_row(shape, tuple(found)) for found in connection.execute(statement)]


def count(connection: Connection, shape: Shape, query: Query) -> int:
    """The true number of rows of `query`."""
    if query.search.strip():
        plan = search.plan(query.search)
        if not plan.checked and not query.where and not _hiding(connection):
            return _fts_count(connection, shape, plan)
        return len(_searched(connection, shape, query))
    if not query.where and not _hiding(connection):
        found = connection.execute(text("SELECT listed FROM tally WHERE ledger = :name"), {"name": shape.ledger.name})
        return int(found.scalar() or 0)
    statement = select(func.count()).select_from(shape.table).where(*_conditions(connection, shape, query))
    return int(connection.execute(statement).scalar_one())


def by_id(connection: Connection, shape: Shape, row: bytes) -> Row | None:
    """One row by its id, listed or deleted; `None` when its making has not arrived."""
    table = shape.table
    found = connection.execute(select(table).where(table.c.id == row, table.c["_state"] > 0)).first()
    return None if found is None else _row(shape, tuple(found))


def by_ids(connection: Connection, shape: Shape, ids: Sequence[bytes]) -> dict[bytes, Row]:
    """Several rows by id."""
    table = shape.table
    out: dict[bytes, Row] = {}
    for start in range(0, len(ids), 500):
        part = ids[start : start + 500]
        for found in connection.execute(select(table).where(table.c.id.in_(part), table.c["_state"] > 0)):
            row = _row(shape, tuple(found))
            out[row.id] = row
    return out


def by_n(connection: Connection, shape: Shape, keys: Sequence[int]) -> list[Row]:
    """Rows by local order of arrival, in the order of `keys`."""
    found: dict[int, Row] = {}
    columns = f"_n, id, _act, _hlc, _state, _batch, {shape.columns}"  # a field added later stands last in the table
    statement = f"SELECT {columns} FROM {shape.ledger.name} WHERE _n IN (SELECT value FROM json_each(?))"
    for start in range(0, len(keys), 5_000):
        # One parameter whatever the number of keys: the statement is compiled once.
        part = json.dumps(list(keys[start : start + 5_000]))
        for values in connection.exec_driver_sql(statement, (part,)).all():
            row = _row(shape, tuple(values))
            found[row.n] = row
    return [found[n] for n in keys if n in found]


def find(connection: Connection, shape: Shape, wanted: str) -> Row:
    """The row that a text names: its number, its id, or an unambiguous prefix of at least 8 digits of the id.

    Raises `Refused` when there is none, or more than one.
    """
    wanted = wanted.strip().lstrip("#")
    table = shape.table
    found: list[Row] = []
    number = shape.ledger.number
    if number:
        column = table.c[number]
        exact = [_row(shape, tuple(v)) for v in connection.execute(select(table).where(column == wanted).limit(2))]
        if not exact and wanted.isascii() and wanted.isdigit() and len(wanted) < 8:
            tail = f"%-{int(wanted):04d}"
            newest = select(table).where(column.like(tail)).order_by(table.c["_n"].desc()).limit(1)
            exact = [_row(shape, tuple(v)) for v in connection.execute(newest)]
        found = exact
    if not found and 8 <= len(wanted) <= 32 and all(c in "0123456789abcdef" for c in wanted.lower()):
        low = bytes.fromhex(wanted.ljust(32, "0"))
        high = bytes.fromhex(wanted.ljust(32, "f"))
        statement = select(table).where(table.c.id.between(low, high), table.c["_state"] > 0).limit(2)
        found = [_row(shape, tuple(v)) for v in connection.execute(statement)]
    if len(found) == 1:
        return found[0]
    reason = _("不止一条") if found else _("没有这一条")
    raise Refused(Problem(_("{label}：{text}").format(label=reason, text=wanted), file=shape.ledger.name))


class Pages:
    """A list in pages of `size` rows, for a table that shows any part of it.

    `count()` is the true length; `page(i)` its rows from `i × size`; a list that changed is a new `Pages`.
    """

    most_steps = 20_000

    def __init__(self, store: Store, query: Query, size: int = PAGE) -> None:
        self.store = store
        self.query = query
        self.size = size
        self.shape = store.schema[query.ledger]
        self._count: int | None = None
        self._keys: array[int] | None = None
        self._anchors: dict[int, tuple[Value, int]] = {}
        order = (query.order or self.shape.ledger.order).lstrip("-")
        listed = self.shape.ledger.order.lstrip("-")
        self._indexed = not query.where and not query.search.strip() and order == listed and order in self.shape.ledger

    def count(self) -> int:
        if self._count is None:
            with self.store.read() as connection:
                self._count = count(connection, self.shape, self.query)
        return self._count

    def page(self, index: int) -> Sequence[Row]:
        """The rows of one page; empty beyond the end."""
        with self.store.read() as connection:
            start = index * self.size
            if start < self.most_steps and self._keys is None and not self._costly:
                return rows(connection, self.shape, self.query, self.size, start)
            if self._indexed and self._keys is None and not _hiding(connection):
                return self._stepped(connection, index)
            keys = self._all_keys(connection)
            return by_n(connection, self.shape, keys[start : start + self.size].tolist())

    @property
    def _costly(self) -> bool:
        """Whether asking for one page costs as much as asking for all keys."""
        order = (self.query.order or self.shape.ledger.order).lstrip("-")
        return order != self.shape.ledger.order.lstrip("-") and not self.query.search.strip()

    def position(self, row: bytes) -> int | None:
        """Where a row stands in the list, `None` when it is not in it."""
        with self.store.read() as connection:
            found = by_id(connection, self.shape, row)
            state = select(self.shape.table.c["_state"]).where(self.shape.table.c.id == row)
            if found is None or connection.execute(state).scalar() != LISTED:
                return None
            if self._indexed and self._keys is None and not _hiding(connection):
                table = self.shape.table
                order = self.query.order or self.shape.ledger.order
                column, value = table.c[order.lstrip("-")], found[order.lstrip("-")]
                if value is not None:
                    before = column > value if order.startswith("-") else column < value
                    nulls = [] if order.startswith("-") else [column.is_(None)]
                    same = and_(
                        column == value,
                        table.c["_n"] > found.n if order.startswith("-") else table.c["_n"] < found.n,
                    )
                    total = 0
                    for part in (before, same, *nulls):
                        statement = select(func.count()).select_from(table).where(table.c["_state"] == LISTED, part)
                        total += int(connection.execute(statement).scalar_one())
                    return total
            keys = self._all_keys(connection)
            try:
                return keys.index(found.n)
            except ValueError:
                return None

    def _stepped(self, connection: Connection, index: int) -> list[Row]:
        """A far page of an indexed list: step over index entries only, from the nearer end."""
        table = self.shape.table
        total = self.count()
        start = index * self.size
        order = self.query.order or self.shape.ledger.order
        descending = order.startswith("-")
        size = min(self.size, total - start)
        if size <= 0:
            return []
        skip = start
        backwards = start > total // 2
        if backwards:
            skip = total - start - size
            descending = not descending
        column = table.c[order.lstrip("-")]
        keys = (
            select(table.c["_n"])
            .where(table.c["_state"] == LISTED)
            .order_by(column.desc() if descending else column, table.c["_n"].desc() if descending else table.c["_n"])
            .limit(size)
            .offset(skip)
        )
        found = [n for (n,) in connection.execute(keys)]
        if backwards:
            found.reverse()
        return by_n(connection, self.shape, found)

    def _all_keys(self, connection: Connection) -> array[int]:
        if self._keys is None:
            if self.query.search.strip():
                self._keys = array("q", _searched(connection, self.shape, self.query))
            else:
                statement = _ordered(connection, self.shape, self.query, select(self.shape.table.c["_n"]))
                keys: array[int] = array("q")
                result = connection.execution_options(stream_results=True).execute(statement)
                for part in result.partitions(20_000):
                    keys.extend([n for (n,) in part])
                self._keys = keys
            self._count = len(self._keys)
        return self._keys


def _row(shape: Shape, found: tuple[Any, ...]) -> Row:
    return Row(shape.ledger.name, found[1], found[0], dict(zip(shape.names, found[6:], strict=True)), found[2] or b"")


def _hiding(connection: Connection) -> bool:
    """Whether some rows are not to be seen: of an import that is under way, or of other desks than those looked at."""
    return (
        bool(_desks(connection)) or connection.exec_driver_sql("SELECT 1 FROM open_batch LIMIT 1").first() is not None
    )


def _desks(connection: Connection) -> Sequence[bytes]:
    """The desks whose rows alone are looked at; none means every desk's."""
    return connection.get_execution_options().get(DESKS, ())


def _conditions(connection: Connection, shape: Shape, query: Query) -> Iterator[ColumnElement[bool]]:
    table = shape.table
    state: ColumnElement[int] = table.c["_state"]
    if any(condition.op in ("=", "in") and condition.field in shape.leading for condition in query.where):
        # Without statistics SQLite takes the index that begins with _state, under which nearly every row stands.
        state = state + 0
    yield state == LISTED
    if _hiding(connection):
        batch = table.c["_batch"]
        yield or_(batch.is_(None), batch.not_in(select(_OPEN_BATCH)))
    if desks := _desks(connection):
        yield exists().where(_ACT.act_id == table.c["_act"], _ACT.desk.in_(desks))
    for condition in query.where:
        if condition.field not in table.c:
            raise Refused(Problem(_("没有这个字段"), field=condition.field, file=shape.ledger.name))
        yield _condition(table.c[condition.field], condition)


def _condition(column: ColumnElement[Any], condition: Condition) -> ColumnElement[bool]:
    value = condition.value
    match condition.op:
        case "=":
            return column.is_(None) if value is None else column == value
        case "!=":
            return column.is_not(value)
        case "<":
            return column < value
        case "<=":
            return column <= value
        case ">":
            return column > value
        case ">=":
            return column >= value
        case "in":
            known = column.in_([item for item in value if item is not None])
            return or_(known, column.is_(None)) if None in value else known
        case "null":
            return column.is_(None)
        case "set":
            return column.is_not(None)
        case "has":
            return column.contains(str(value), autoescape=True)
        case _:
            raise Refused(Problem(_("不认识的比较 {op}").format(op=condition.op), field=condition.field))


def _ordered(connection: Connection, shape: Shape, query: Query, statement: Select[Any]) -> Select[Any]:
    order = query.order or shape.ledger.order
    name, descending = order.lstrip("-"), order.startswith("-")
    n = shape.table.c["_n"]
    statement = statement.where(*_conditions(connection, shape, query))
    if name not in shape.table.c:
        return statement.order_by(n.desc() if descending else n)
    column = shape.table.c[name]
    return statement.order_by(column.desc() if descending else column, n.desc() if descending else n)


def _fts_count(connection: Connection, shape: Shape, plan: search.Plan) -> int:
    if not shape.fts or not (plan.match or plan.pinyin):
        return 0
    statement = text(f"SELECT count(*) FROM {shape.fts} WHERE {shape.fts} MATCH :match")
    return int(connection.execute(statement, {"match": _match(plan)}).scalar_one())


def _match(plan: search.Plan) -> str:
    return " OR ".join(f"({part})" for part in (plan.match, plan.pinyin) if part)


def _searched(
    connection: Connection, shape: Shape, query: Query, limit: int | None = None, offset: int = 0
) -> list[int]:
    """Local numbers of the rows that a search finds, newest first; with an explicit order, in that order.

    Where the index alone can answer, only the wanted part is asked of it: the first page of a common word costs no
    more than that of a rare one.
    """
    plan = search.plan(query.search)
    if not shape.fts:
        return []
    n = shape.table.c["_n"]
    if plan.match or plan.pinyin:
        hits = text(f"SELECT rowid FROM {shape.fts} WHERE {shape.fts} MATCH :match").bindparams(match=_match(plan))
        direct = not query.where and not query.order and not plan.checked and not _hiding(connection)
        if direct:
            tail = "" if limit is None and not offset else f" LIMIT {-1 if limit is None else limit} OFFSET {offset}"
            newest = text(f"SELECT rowid FROM {shape.fts} WHERE {shape.fts} MATCH :match ORDER BY rowid DESC{tail}")
            return [key for (key,) in connection.execute(newest, {"match": _match(plan)})]
        narrowed = n.in_(hits)
    else:
        narrowed = n.is_not(None)
    order = query.order or "-_n"
    statement = _ordered(connection, shape, Query(query.ledger, query.where, "", order), select(n)).where(narrowed)
    if plan.checked:
        keys = connection.execution_options(stream_results=True).execute(statement)
        return _checked(connection, shape, keys.partitions(2_000), plan.checked, limit, offset)
    if limit is not None or offset:
        statement = statement.limit(-1 if limit is None else limit).offset(offset)
    return [key for (key,) in connection.execute(statement)]


def _checked(
    connection: Connection,
    shape: Shape,
    parts: Iterable[Sequence[Any]],
    wanted: Sequence[str],
    limit: int | None,
    offset: int,
) -> list[int]:
    """Those keys whose rows hold every one of the words that the index could not answer; stops at the last wanted."""
    most = None if limit is None else offset + limit
    out: list[int] = []
    for part in parts:
        for row in by_n(connection, shape, [key for (key,) in part]):
            folded = search.row_text(shape.ledger, row.values)
            if all(word in folded for word in wanted):
                out.append(row.n)
        if most is not None and len(out) >= most:
            break
    return out[offset:most]
