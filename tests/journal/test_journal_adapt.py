"""A newer program's declarations over an older file: a column more, or everything made again from the acts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dutydesk.core.clock import FixedClock
from dutydesk.core.paths import Home
from dutydesk.journal import rebuild
from dutydesk.journal.query import Condition, Pages, Query, by_id, by_ids, count, find, rows
from dutydesk.journal.schema import Schema
from dutydesk.journal.store import Store
from dutydesk.journal.verify import verify
from dutydesk.ledger.kinds import INT, PHONE
from dutydesk.ledger.kinds import TEXT as LINE
from dutydesk.ledger.spec import Field, Ledger, Search
from tests.journal import desks as d


def people(*more: Field, searched: tuple[str, ...] = ("name",), match: tuple[str, ...] = ()) -> Ledger:
    fields = (
        Field("name", LINE, "姓名"),
        Field("unit", LINE, "单位"),
        Field("phone", PHONE, "电话", personal=True),
    )
    held = tuple(
        Field(f.name, f.kind, f.label, search=Search.NAME if f.name in searched else Search.NO, personal=f.personal)
        for f in fields
    )
    return Ledger("people", "通讯录", (held[0], *more, *held[1:]), match=match)


FIRST = d.build((people(),))


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with d.make(tmp_path / "desk", schema=FIRST) as store:
        d.add(store, "people", name="钱一", unit="江岸街道", phone="0571-00000001")
        row = d.add(store, "people", name="孙二", unit="防汛办")
        d.write(store, "people", row, unit="水务局")
    return store.home


def opened(home: Home, schema: Schema) -> Store:
    return Store.open(home, schema, FixedClock(d.EVENING))


def made(store: Store) -> dict[str, str]:
    return dict(d.ask(store, "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))


def found(store: Store, word: str) -> list[str]:
    with store.read() as connection:
        query = Query("people", search=word)
        hits = rows(connection, store.schema["people"], query)
        assert count(connection, store.schema["people"], query) == len(hits)
        return [str(row.values["name"]) for row in hits]


def test_a_new_field_is_a_new_column(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_anything: object) -> int:
        raise AssertionError("nothing has to be made again")

    monkeypatch.setattr(rebuild, "rebuild", never)
    wider = d.build((people(Field("age", INT, "年龄")), d.OPTIONS))
    with opened(home, wider) as store:
        assert d.ask(store, "SELECT name, age FROM people ORDER BY _n") == [("钱一", None), ("孙二", None)]
        row = d.add(store, "people", name="李三", age=3)
        d.add(store, "options", key="k", value="v")
        d.write(store, "people", row, age=4)
        assert d.ask(store, "SELECT count(*) FROM act") == [(7,)]
        # the new column stands last in the table, not where the ledger names it
        wanted = {"name": "李三", "age": 4, "unit": None, "phone": None}
        with store.read() as connection:
            shape = wider["people"]
            ways = [
                by_id(connection, shape, row),
                by_ids(connection, shape, [row])[row],
                rows(connection, shape, Query("people", (Condition("age", "=", 4),)))[0],
                rows(connection, shape, Query("people", search="李三"))[0],
                find(connection, shape, row.hex()),
                Pages(store, Query("people", search="李三")).page(0)[0],
            ]
        assert [dict(found.values) for found in ways if found] == [wanted] * 6
    assert verify(home, wider).ok
    with opened(home, wider) as store:
        assert d.ask(store, "SELECT age FROM people WHERE id = ?", row) == [(4,)]


@pytest.mark.parametrize(
    "schema",
    [
        d.build((people(searched=("name", "unit")),)),
        d.build((people(searched=("unit",)),)),
        d.build((people(searched=()),)),
        d.build((people(match=("name",)),)),
        d.build((people(Field("age", INT, "年龄", search=Search.TEXT)),)),
        d.build((people(), d.PLACES), derive=d.area_sums),
    ],
    ids=["one more searched", "another searched", "none searched", "a natural key", "searched column", "derived"],
)
def test_whatever_changes_the_tables_are_as_if_made_by_this_program(home: Home, schema: Schema, tmp_path: Path) -> None:
    with opened(home, schema) as store:
        held = made(store)
        assert d.ask(store, "SELECT name, unit, phone FROM people ORDER BY _n") == [
            ("钱一", "江岸街道", "0571-00000001"),
            ("孙二", "水务局", None),
        ]
        searched = {field.name for field in schema["people"].ledger.searched}
        assert found(store, "水务") == (["孙二"] if "unit" in searched else [])
        assert found(store, "钱一") == (["钱一"] if "name" in searched else [])
        assert d.ask(store, "SELECT count(*) FROM act") == [(4,)]
    report = verify(home, schema)
    assert report.ok, report.problems
    with d.make(tmp_path / "fresh", schema=schema) as fresh:
        plain = {name: " ".join(sql.split()) for name, sql in made(fresh).items()}
    added = "age" in schema["people"].known
    differing = {name for name, sql in held.items() if " ".join(sql.split()) != plain.get(name)}
    assert differing <= ({"people"} if added else set())
    assert held.keys() == plain.keys()


def test_an_older_program_keeps_what_it_does_not_know(home: Home) -> None:
    """A desk of this year's program hands acts to one of last year's; nothing is lost, and erasing is obeyed."""
    with d.make(home.root.parent / "new", 2) as new, d.make(home.root.parent / "old", 3, schema=d.OLD) as old:
        known = d.add(new, "people", name="钱一", unit="江岸街道")
        d.add(new, "people", name="孙二", home="无名路1号")  # a personal field that the old one lacks
        d.add(new, "people", name="李三", note="值守")
        place = d.add(new, "places", name="文化礼堂", phone="0571-00000009")
        d.deliver(new, old)
        assert d.ask(old, "SELECT name FROM people WHERE _state = 1") == [("钱一",)]
        reasons = [reason for (reason,) in d.ask(old, "SELECT reason FROM unprojected ORDER BY reason")]
        assert reasons == ["field people.home", "field people.note", "ledger places"]
        assert len(d.ask(old, "SELECT 1 FROM personal")) == 2
        new.erase("places", place, by="cli", note="本人要求")
        d.write(new, "people", known, note="改")
        d.deliver(new, old)
        assert len(d.ask(old, "SELECT 1 FROM personal")) == 1, "what was erased must not wait for the upgrade"
        assert d.ask(old, "SELECT count(*) FROM act WHERE desk = ?", new.config.desk_id) == [(new.position()[0],)]
        with d.make(home.root.parent / "third", 4) as third:
            d.deliver(old, third)
            assert d.digest_of(third) == d.digest_of(new), "what the old desk handed on is not what it got"
        old_home = old.home
        old.close()
        with opened(old_home, d.FULL) as upgraded:
            assert not d.ask(upgraded, "SELECT 1 FROM unprojected")
            assert d.ask(upgraded, "SELECT name, home FROM people WHERE name = '孙二'") == [("孙二", "无名路1号")]
            d.deliver(new, upgraded)
            assert d.ask(upgraded, "SELECT note FROM people ORDER BY name") == d.ask(
                new, "SELECT note FROM people ORDER BY name"
            )
            assert d.digest_of(upgraded) == d.digest_of(new)
        assert verify(old_home, d.FULL).ok
