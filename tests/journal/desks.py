"""Toy ledgers and desks that the tests of the journal share.

Four ledgers stand for every kind there is: `log` is append, numbered and searched; `people` merges, has a natural key,
a name found by pinyin and a personal number; `places` refers to people; `options` is named by its key, so that several
desks make the same row. `OLD` is what a program of last year knew: no `places`, no `people.note`, no `people.home`.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import BLOB, INTEGER, TEXT, Column, Connection, MetaData, Table, text

from dutydesk.core.clock import FixedClock
from dutydesk.core.ids import CLI, named_id, new_id
from dutydesk.core.paths import Home
from dutydesk.core.settings import DeskConfig
from dutydesk.journal.chain import Act
from dutydesk.journal.digest import digest
from dutydesk.journal.inbox import Taken, take_in
from dutydesk.journal.schema import Schema, schema_of
from dutydesk.journal.store import ACT_COLUMNS, Store
from dutydesk.ledger.feature import Change, Derived, Feature
from dutydesk.ledger.kinds import INT, LONG, PHONE, TIME, ref
from dutydesk.ledger.kinds import TEXT as LINE
from dutydesk.ledger.spec import Field, Ledger, Mode, Search, Values
from dutydesk.ledger.table import table

EVENING = 1_781_791_200_000
"""2026-06-18 22:00 +08:00."""
DAY = 86_400_000
KEY = bytes(range(32))

LOG = Ledger(
    "log",
    "值班日志",
    (
        Field("no", LINE, "编号"),
        Field("happened_at", TIME, "时间"),
        Field("text", LONG, "内容", search=Search.TEXT),
        Field("party", LINE, "对方", search=Search.TEXT),
        Field("party_phone", PHONE, "电话", personal=True),
        Field("incident", ref("people"), "关联"),
    ),
    mode=Mode.APPEND,
    order="-happened_at",
    number="no",
)
PEOPLE_FIELDS = (
    Field("name", LINE, "姓名", search=Search.NAME),
    Field("unit", LINE, "单位", search=Search.TEXT),
    Field("phone", PHONE, "电话", search=Search.TEXT, personal=True),
    Field("age", INT, "年龄"),
)
PEOPLE = Ledger(
    "people",
    "通讯录",
    (*PEOPLE_FIELDS, Field("note", LINE, "备注", search=Search.TEXT), Field("home", LINE, "住址", personal=True)),
    match=("name", "unit"),
)
OLD_PEOPLE = Ledger("people", "通讯录", PEOPLE_FIELDS, match=("name", "unit"))
PLACES = Ledger(
    "places",
    "场所",
    (
        Field("name", LINE, "名称", search=Search.NAME),
        Field("manager", ref("people"), "管理人"),
        Field("area", INT, "面积"),
        Field("phone", PHONE, "电话", personal=True),
    ),
    match=("name",),
)
OPTIONS = Ledger(
    "options",
    "规则",
    (
        Field("key", LINE, "键"),
        Field("value", LINE, "值", search=Search.TEXT),
        Field("phone", PHONE, "电话", personal=True),
        Field("note", LINE, "备注"),
    ),
    order="key",
)


def area_sums(into: MetaData) -> Derived:
    """Areas by manager: a derived table as a feature declares one."""
    Table("area_sum", into, Column("manager", BLOB, primary_key=True), Column("total", INTEGER), Column("label", TEXT))

    def update(connection: Connection, rows: Any) -> None:
        connection.execute(text("DELETE FROM area_sum"))
        connection.execute(
            text(
                "INSERT INTO area_sum SELECT manager, sum(area), count(*) FROM places"
                " WHERE _state = 1 AND manager IS NOT NULL GROUP BY manager"
            )
        )

    return Derived((into.tables["area_sum"],), ("places",), update)


def build(
    ledgers: Sequence[Ledger],
    *,
    log_lines: Callable[[Sequence[Change]], Sequence[Change]] | None = None,
    derive: Callable[[MetaData], Derived] | None = None,
) -> Schema:
    """A schema of `ledgers` in tables of its own."""
    into = MetaData()
    tables = tuple((ledger, table(ledger, into=into)) for ledger in ledgers)
    derived = (derive(into),) if derive else ()
    named: dict[str, Any] = {"log_lines": log_lines} if log_lines else {}
    return schema_of([Feature("toy", "", tables=tables, derived=derived, **named)])


FULL = build((LOG, PEOPLE, PLACES, OPTIONS), derive=area_sums)
OLD = build((LOG, OLD_PEOPLE, OPTIONS))


def config(n: int = 1, **named: Any) -> DeskConfig:
    """Desk number `n`."""
    return DeskConfig(**{"desk": f"{n:032x}", "district": "330102", "name": f"第{n}席"} | named)


def make(
    root: Path,
    n: int = 1,
    *,
    schema: Schema = FULL,
    key: bytes | None = None,
    clock: FixedClock | None = None,
    **named: Any,
) -> Store:
    """A new desk in `root`."""
    return Store.create(Home(root), schema, clock or FixedClock(EVENING), config(n, **named), key=key)


def new(ledger: str, values: Values, at: int = EVENING) -> Change:
    """The making of a row with a fresh id."""
    return Change(ledger, new_id(at), values, new=True)


def option(key: str, **values: Any) -> Change:
    """The making of a named row."""
    return Change("options", named_id("options", key), {"key": key, **values}, new=True)


def add(store: Store, ledger: str, **values: Any) -> bytes:
    """Make one row in an act of its own; its id."""
    change = new(ledger, values, store.clock.now())
    store.act("test", [change], by=CLI)
    return change.row


def write(store: Store, ledger: str, row: bytes, **values: Any) -> bytes:
    """Write fields of a row in an act of its own; the act's id."""
    return store.act("test", [Change(ledger, row, values)], by=CLI).act_id


def delete(store: Store, ledger: str, row: bytes) -> bytes:
    """Take a row off its list; the act's id."""
    return store.act("test", [store.deletion(ledger, row)], by=CLI).act_id


def ask(store: Store, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    """The answer of the writer's own connection."""
    assert store._raw is not None
    return [tuple(row) for row in store._raw.execute(sql, values).fetchall()]


Parcel = tuple[Act, dict[int, tuple[bytes, bytes]]]


def acts_of(store: Store, desk: bytes, after: int = 0) -> list[Parcel]:
    """The acts of one desk that `store` holds, with what travels beside them."""
    found = ask(store, f"SELECT {ACT_COLUMNS} FROM act WHERE desk = ? AND seq > ? ORDER BY epoch, seq", desk, after)
    out: list[Parcel] = []
    for values in found:
        act = Act(*values)
        side = ask(store, "SELECT n, salt, data FROM personal WHERE act_id = ?", act.act_id)
        out.append((act, {n: (salt, data) for n, salt, data in side}))
    return out


def frontier(store: Store) -> dict[bytes, int]:
    """How far `store` has every desk's acts."""
    return dict(ask(store, "SELECT desk, seq FROM frontier"))


def deliver(source: Store, target: Store, desk: bytes | None = None, most: int | None = None) -> Taken:
    """Bring `target` up with what `source` has, of one desk or all."""
    held = frontier(target)
    parcels: list[Parcel] = []
    for origin in sorted(frontier(source)) if desk is None else [desk]:
        parcels += acts_of(source, origin, held.get(origin, 0))[:most]
    return take_in(target, parcels)


def digest_of(store: Store) -> str:
    """The digest of a desk's projections."""
    assert store._raw is not None
    cursor = store._raw.cursor()
    try:
        return digest(cursor, store.schema)
    finally:
        cursor.close()


@contextmanager
def quick_folder() -> Generator[Path]:
    """A folder in memory where there is one: the tests that make hundreds of desks do not wait for a disk."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as name:
        yield Path(name)
