"""Lists: every filter, every order, any page, the true length, and where a row stands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from dutydesk.core.clock import FixedClock
from dutydesk.core.errors import Refused
from dutydesk.core.ids import CLI, new_id
from dutydesk.journal.query import OPERATORS, Condition, Pages, Query, by_id, by_ids, by_n, count, find, rows
from dutydesk.journal.store import Batch, Store
from tests.desks import a_desk
from tests.journal import desks as d

AGES = (None, 3, 5, None, 5, 40, -1)
UNITS = ("江岸街道", None, "防汛办", "防汛办", "100%", None, "a_b")


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    """Seven people, one more deleted, one of an unfinished import, one whose making has not arrived."""
    with d.quick_folder() as folder, d.make(folder / "desk") as made:
        for n, (age, unit) in enumerate(zip(AGES, UNITS, strict=True)):
            d.add(made, "people", name=f"某{n}", age=age, unit=unit, home=None if n % 2 else b"".hex() or "x")
        d.delete(made, "people", d.add(made, "people", name="删", age=5, unit="防汛办"))
        made.act("import", [d.new("people", {"name": "藏", "age": 5})], by=CLI, batch=Batch(new_id(1), 1, 2))
        yield made


def names(store: Store, *where: Condition, **named: Any) -> list[str]:
    with store.read() as connection:
        shape = store.schema["people"]
        query = Query("people", where, **named)
        found = rows(connection, shape, query)
        assert count(connection, shape, query) == len(found)
        return [str(row.values["name"]) for row in found]


def expected(test: Any) -> list[str]:
    return [f"某{n}" for n, (age, unit) in enumerate(zip(AGES, UNITS, strict=True)) if test(age, unit)]


@pytest.mark.parametrize(
    ("condition", "test"),
    [
        (Condition("age", "=", 5), lambda age, unit: age == 5),
        (Condition("age", "=", None), lambda age, unit: age is None),
        (Condition("age", "!=", 5), lambda age, unit: age != 5),
        (Condition("age", "!=", None), lambda age, unit: age is not None),
        (Condition("age", "<", 5), lambda age, unit: age is not None and age < 5),
        (Condition("age", "<=", 5), lambda age, unit: age is not None and age <= 5),
        (Condition("age", ">", 5), lambda age, unit: age is not None and age > 5),
        (Condition("age", ">=", 5), lambda age, unit: age is not None and age >= 5),
        (Condition("age", "in", (3, 40)), lambda age, unit: age in (3, 40)),
        (Condition("age", "in", (3, None)), lambda age, unit: age in (3, None)),
        (Condition("age", "in", ()), lambda age, unit: False),
        (Condition("age", "null"), lambda age, unit: age is None),
        (Condition("age", "set"), lambda age, unit: age is not None),
        (Condition("unit", "!=", "防汛办"), lambda age, unit: unit != "防汛办"),
        (Condition("unit", "has", "街"), lambda age, unit: "街" in (unit or "")),
        (Condition("unit", "has", "%"), lambda age, unit: "%" in (unit or "")),
        (Condition("unit", "has", "_"), lambda age, unit: "_" in (unit or "")),
    ],
    ids=lambda value: f"{value.field} {value.op} {value.value}" if isinstance(value, Condition) else "",
)
def test_filters(store: Store, condition: Condition, test: Any) -> None:
    assert names(store, condition) == expected(test)


def test_every_operator_is_tried() -> None:
    values = [value for mark in test_filters.pytestmark for value in mark.args[1]]  # type: ignore[attr-defined]
    ops = {condition.op for condition, _test in values}
    assert ops == set(OPERATORS)


@pytest.mark.parametrize("other", ["age", "unit", "phone", "note", "home"])
def test_a_row_with_an_empty_cell_never_disappears_from_a_list(store: Store, other: str) -> None:
    assert len(names(store, Condition(other, "!=", "什么" if other != "age" else 999))) == len(AGES)


def test_filters_go_together(store: Store) -> None:
    found = names(store, Condition("age", "!=", 5), Condition("unit", "!=", "江岸街道"))
    assert found == expected(lambda age, unit: age != 5 and unit != "江岸街道")


@pytest.mark.parametrize(("field", "op"), [("nmae", "="), ("age", "~"), ("_nothing", "=")])
def test_what_no_filter_says(store: Store, field: str, op: str) -> None:
    with pytest.raises(Refused):
        names(store, Condition(field, op, 1))


@pytest.mark.parametrize("order", ["age", "-age", "unit", "-unit", "name", "-name", ""])
def test_orders(store: Store, order: str) -> None:
    field = order.lstrip("-") or "name"
    held = [
        (dict(zip(("age", "unit", "name"), (a, u, f"某{n}"), strict=True))[field], n)
        for n, (a, u) in enumerate(zip(AGES, UNITS, strict=True))
    ]
    ordered = sorted(
        held, key=lambda pair: (pair[0] is not None, pair[0] or 0 if field == "age" else str(pair[0]).encode(), pair[1])
    )
    if order.startswith("-"):
        ordered.reverse()
    assert names(store, order=order) == [f"某{n}" for _value, n in ordered]


def test_the_true_count_leaves_out_what_is_not_listed(store: Store) -> None:
    assert len(names(store)) == len(AGES)
    assert names(store, search="删") == []
    assert names(store, search="藏") == []
    pages = Pages(store, Query("people"))
    assert pages.count() == len(AGES)


def test_a_part_of_the_rows(store: Store) -> None:
    with store.read() as connection:
        shape = store.schema["people"]
        for search in ("", "某"):
            query = Query("people", search=search, order="name")
            whole = rows(connection, shape, query)
            assert rows(connection, shape, query, 3) == whole[:3]
            assert rows(connection, shape, query, 3, 5) == whole[5:8]
            assert rows(connection, shape, query, offset=5) == whole[5:]
            assert rows(connection, shape, query, 0) == []


def test_rows_by_id(store: Store) -> None:
    with store.read() as connection:
        shape = store.schema["people"]
        whole = rows(connection, shape, Query("people"))
        assert by_id(connection, shape, whole[2].id) == whole[2]
        assert by_id(connection, shape, b"n" * 16) is None
        assert by_ids(connection, shape, [whole[1].id, b"n" * 16, whole[0].id]) == {r.id: r for r in whole[:2]}
        assert by_n(connection, shape, [whole[3].n, 10**9, whole[1].n]) == [whole[3], whole[1]]
        (deleted,) = d.ask(store, "SELECT id FROM people WHERE name = '删'")
        assert by_id(connection, shape, deleted[0]) is not None


def test_a_row_that_is_expected_is_not_there_yet() -> None:
    """An edit arrives before the row's making: kept, not listed, not counted, not found."""
    with (
        d.quick_folder() as folder,
        d.make(folder / "1") as one,
        d.make(folder / "2", 2) as two,
        d.make(folder / "3", 3) as three,
    ):
        row = d.add(one, "people", name="钱一")
        d.deliver(one, two)
        d.write(two, "people", row, unit="江岸街道")
        d.deliver(two, three, two.config.desk_id)
        assert d.ask(three, "SELECT _state FROM people") == [(0,)]
        assert names(three) == []
        assert names(three, search="江岸") == []
        with three.read() as connection:
            assert by_id(connection, three.schema["people"], row) is None
        assert Pages(three, Query("people")).position(row) is None
        d.deliver(two, three)
        assert names(three, search="江岸") == ["钱一"]


# --- pages


ORDERS = ("", "name", "-name", "age", "-age", "unit", "-unit")
wheres = st.sampled_from(
    ((), (Condition("age", "!=", 1),), (Condition("age", "null"),), (Condition("unit", "has", "街"),))
)


@pytest.fixture(scope="module")
def many() -> Iterator[Store]:
    """Sixty people with ties and empty cells in every column that lists are sorted by, every seventh deleted."""
    with d.quick_folder() as folder, d.make(folder / "desk") as made:
        changes = [
            d.new(
                "people",
                {
                    "name": None if n % 11 == 0 else f"某{n % 9}",
                    "age": None if n % 5 == 0 else n % 4,
                    "unit": (None, "北街", "南街", "办")[n % 4],
                },
            )
            for n in range(60)
        ]
        made.act("test", changes, by=CLI)
        for change in changes[::7]:
            d.delete(made, "people", change.row)
        yield made


@settings(max_examples=120)
@given(
    st.sampled_from(ORDERS), wheres, st.sampled_from(("", "街", "某1", "某", "没有")), st.integers(1, 9), st.integers(0, 40),
    st.lists(st.integers(0, 60), min_size=1, max_size=6), st.booleans(),
)  # fmt: skip
def test_pages_equal_rows(
    many: Store,
    order: str,
    where: tuple[Condition, ...],
    search: str,
    size: int,
    steps: int,
    asked: list[int],
    counted: bool,
) -> None:
    query = Query("people", where, search, order)
    with many.read() as connection:
        whole = rows(connection, many.schema["people"], query)
    pages = Pages(many, query, size)
    pages.most_steps = steps
    if counted:
        assert pages.count() == len(whole)
    for index in asked:
        assert list(pages.page(index)) == whole[index * size : (index + 1) * size]
    assert pages.count() == len(whole)
    for at, row in list(enumerate(whole))[:: max(1, len(whole) // 4)]:
        assert pages.position(row.id) == at


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("search", ["", "某"])
def test_a_row_that_is_not_in_the_list_has_no_position(many: Store, order: str, search: str) -> None:
    ((deleted,), *_) = d.ask(many, "SELECT id FROM people WHERE _state = 2 AND name IS NOT NULL")
    for steps in (0, 100):
        pages = Pages(many, Query("people", (), search, order))
        pages.most_steps = steps
        assert pages.position(deleted) is None
        assert pages.position(b"n" * 16) is None


def test_pages_beyond_the_end_are_empty(many: Store) -> None:
    for steps in (0, 10_000):
        pages = Pages(many, Query("people"), 7)
        pages.most_steps = steps
        assert list(pages.page(8)) == []
        assert list(pages.page(10**6)) == []


def test_pages_of_a_list_with_an_unfinished_import() -> None:
    with d.quick_folder() as folder, d.make(folder / "desk") as store:
        store.act("test", [d.new("people", {"name": f"某{n}"}) for n in range(9)], by=CLI)
        batch = new_id(1)
        store.act("import", [d.new("people", {"name": f"某{n}藏"}) for n in range(9)], by=CLI, batch=Batch(batch, 1, 2))
        hidden = d.ask(store, "SELECT id FROM people WHERE name LIKE '%藏'")[0][0]
        for steps in (0, 100):
            pages = Pages(store, Query("people"), 4)
            pages.most_steps = steps
            assert [row.values["name"] for n in range(4) for row in pages.page(n)] == [f"某{n}" for n in range(9)]
            assert pages.count() == 9
            assert pages.position(hidden) is None
        store.act("import", [d.new("people", {"name": "末"})], by=CLI, batch=Batch(batch, 2, 2))
        assert Pages(store, Query("people")).count() == 19
        assert Pages(store, Query("people")).position(hidden) is not None


# --- what a text names


def test_find_by_number_id_and_part_of_an_id() -> None:
    with d.quick_folder() as folder, d.make(folder / "desk") as store:
        first, second = d.add(store, "log", text="一"), d.add(store, "log", text="二")
        with store.read() as connection:
            shape = store.schema["log"]
            for wanted in ("2026-0002", "2", "#2", "0002", second.hex(), second.hex().upper(), second.hex()[:-1]):
                assert find(connection, shape, wanted).id == second, wanted
            assert find(connection, shape, first.hex()).id == first
            with pytest.raises(Refused, match="不止一条"):
                find(connection, shape, second.hex()[:8])
            for wanted in ("9", "2026-0009", "f" * 32, "一", "", "0192"):
                with pytest.raises(Refused, match="没有这一条"):
                    find(connection, shape, wanted)


def test_an_indexed_equality_is_answered_by_its_index(tmp_path: Path) -> None:
    """The index that begins with `_state` has nearly every row under one key."""
    made: list[str] = []
    with a_desk(tmp_path / "desk", FixedClock(0)) as desk, desk.store.read() as connection:
        event.listen(connection, "before_cursor_execute", lambda *told: made.append(told[2]))
        rows(connection, desk.store.schema["numbers"], Query("numbers", (Condition("person", "=", b"\x01" * 16),)))
        statement = next(text for text in made if "FROM numbers" in text)
        blanks = tuple(0 for _ in range(statement.count("?")))
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", blanks).all()
    told = " ".join(str(line[3]) for line in plan)
    assert "ix_numbers_match" in told
    assert "ix_numbers_listed" not in told
