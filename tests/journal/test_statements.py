"""The statements of apply: compiled for the engine, in the order that apply gives its parameters, on tables as made."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import pytest
import sqlcipher3.dbapi2 as sqlite
from sqlalchemy import MetaData, bindparam, select

from dutydesk.features import schema
from dutydesk.journal import statements as st
from dutydesk.journal.making import statements
from dutydesk.journal.merging import Anything, merge_tables
from dutydesk.journal.tables import JOURNAL, MERGE, MERGE_TABLES
from tests.journal import desks as d


def test_the_merges_tables_are_declared_as_they_are_made() -> None:
    raw = sqlite.connect(":memory:")
    for statement in statements(MERGE):
        raw.execute(statement)
    made = merge_tables(MetaData())
    assert set(made) == set(MERGE_TABLES)
    for name, table in made.items():
        held = [
            (column, kind, bool(needed), bool(key))
            for _n, column, kind, needed, _default, key in raw.execute(f"PRAGMA table_info({name})").fetchall()
        ]
        assert held == [
            (
                column.name,
                "ANY" if isinstance(column.type, Anything) else type(column.type).__name__,
                not column.nullable,
                column.primary_key,
            )
            for column in table.columns
        ]
    raw.close()


def test_every_statement_of_every_ledger_is_one_that_sqlite_takes() -> None:
    """Each is compiled, says what it takes, and means something to the tables of a new file."""
    raw = sqlite.connect(":memory:")
    whole = schema()
    for statement in (*statements(JOURNAL), *statements(MERGE), *whole.statements):
        raw.execute(statement)
    said = st.of(whole)
    assert st.of(whole) is said, "compiled once"
    for name in said_by(st.Statements):
        raw.execute(f"EXPLAIN {getattr(said, name)}", [None] * getattr(said, name).count("?"))
    for ledger, shape in whole.shapes.items():
        one = said[ledger]
        texts = [getattr(one, name) for name in said_by(st.LedgerStatements) if shape.ledger.match or "key" not in name]
        texts += [one.write(field) for field in shape.names] + [one.maker(field) for field in shape.names]
        texts += [text for text in (one.index_add, one.index_put, one.index_drop, one.index_tidy) if text]
        for text in texts:
            raw.execute(f"EXPLAIN {text}", [None] * text.count("?"))
        assert bool(one.index_add) == bool(shape.fts)
    raw.close()


def said_by(kind: type) -> list[str]:
    return [name for name, value in vars(kind).items() if isinstance(value, cached_property)]


def test_parameters_out_of_order_are_a_mistake() -> None:
    table = d.FULL["people"].table
    statement = select(table.c.id).where(table.c.name == bindparam("name"), table.c.unit == bindparam("unit"))
    assert "WHERE" in st.SQLITE.text(statement, "name", "unit")
    with pytest.raises(ValueError, match="takes"):
        st.SQLITE.text(statement, "unit", "name")


@pytest.mark.parametrize("count", [1, 8, 9, 31, 32, 499, 500])
def test_many_rows_are_asked_for_with_few_statements(tmp_path: Path, count: int) -> None:
    with d.make(tmp_path / "one") as store:
        held = {d.add(store, "people", name=f"钱{n}") for n in range(3)}
        asked = [*held, *(n.to_bytes(16) for n in range(count))][:count]
        statement, values = st.of(d.FULL)["people"].here(asked)
        assert statement.count("?") == len(values) in st._SIZES
        assert {row for (row,) in d.ask(store, statement, *values)} == held & set(asked)


@pytest.mark.parametrize("key", [("钱一", "甲"), ("钱一", None), (None, "甲")])
def test_a_natural_key_with_an_empty_part_finds_only_its_own(
    tmp_path: Path, key: tuple[str | None, str | None]
) -> None:
    with d.make(tmp_path / "one") as store:
        made = {}
        for name, unit in (("钱一", "甲"), ("钱一", None), (None, "甲"), ("孙二", "甲"), ("钱一", "乙")):
            made[name, unit] = d.add(store, "people", name=name, unit=unit)
        statement, values = st.of(d.FULL)["people"].same_key(key)
        assert [row for row, _act, _state in d.ask(store, statement, *values)] == [made[key]]
        plan = " ".join(str(row) for row in d.ask(store, f"EXPLAIN QUERY PLAN {statement}", *values))
        assert "ix_people_match" in plan
