"""Faults that other duty programs had, each over everything that is declared here: a setting that nothing reads, a row
that a filter loses because a field is empty, a deleted row that one view still shows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from dutydesk.core.clock import FixedClock, parse_iso
from dutydesk.core.errors import Refused
from dutydesk.core.settings import DeskConfig
from dutydesk.exchange.exporting import export
from dutydesk.features import schema
from dutydesk.journal import history, plain
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Condition, Query
from dutydesk.ledger.feature import Change
from dutydesk.ledger.kinds import Code, Day, Phone, Ref, Time
from dutydesk.ledger.spec import Field, Ledger, Mode, Search
from tests.desks import a_desk
from tests.journal.desks import deliver

PACKAGE = Path(__file__).resolve().parent.parent / "dutydesk"
LEDGERS = sorted(schema().shapes)
MERGED = [name for name in LEDGERS if schema()[name].ledger.mode is Mode.MERGE]
CODED = [
    (name, field.name)
    for name in LEDGERS
    for field in schema()[name].ledger.fields
    if isinstance(field.kind, Code) and field.choices and not field.required
]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with a_desk(tmp_path / "desk", FixedClock(parse_iso("2026-06-18 22:00"))) as made:
        yield made


def least(ledger: Ledger) -> dict[str, Any]:
    """A row with nothing but what saving demands."""
    return {field.name: some(field) for field in ledger.fields if field.required and field.name != ledger.number}


def some(field: Field) -> Any:
    match field.kind:
        case Code() if field.choices:
            return field.choices[0].code
        case Time():
            return parse_iso("2026-06-18 21:00")
        case Day():
            return "2026-06-18"
        case Phone():
            return "0571-00000001"
        case Ref():
            return b"\x01" * 16
        case kind:
            return 1 if kind.numeric else f"示例{field.name}"


@pytest.mark.parametrize("name", [field.name for field in fields(DeskConfig)])
def test_every_setting_of_a_desk_is_read_somewhere(name: str) -> None:
    used = re.compile(rf"\.{name}\b")
    home = PACKAGE / "core" / "settings.py"
    places = [file for file in PACKAGE.rglob("*.py") if file != home and used.search(file.read_text(encoding="utf-8"))]
    own = used.findall(home.read_text(encoding="utf-8"))
    assert places or own, f"{name} can be set and changes nothing"


@pytest.mark.parametrize(("ledger", "field"), CODED)
def test_a_row_without_a_value_is_in_the_list_and_in_every_negative_filter(desk: Desk, ledger: str, field: str) -> None:
    row = desk.new(ledger, least(desk.ledger(ledger)))
    desk.act(f"{ledger}.add", [row])
    code = desk.ledger(ledger)[field].choices[0].code
    assert [held.id for held in desk.rows(ledger)] == [row.row]
    for condition in (Condition(field, "!=", code), Condition(field, "null")):
        assert [held.id for held in desk.rows(ledger, condition)] == [row.row], condition
        assert desk.count(ledger, condition) == 1, condition
        assert [held.id for held in desk.pages(Query(ledger, (condition,))).page(0)] == [row.row], condition


@pytest.mark.parametrize("ledger", LEDGERS)
@pytest.mark.parametrize("backward", [False, True])
def test_an_order_loses_no_row_that_lacks_the_field(desk: Desk, ledger: str, backward: bool) -> None:
    row = desk.new(ledger, least(desk.ledger(ledger)))
    desk.act(f"{ledger}.add", [row])
    for field in desk.ledger(ledger).fields:
        query = Query(ledger, order=f"-{field.name}" if backward else field.name)
        assert [held.id for held in desk.pages(query).page(0)] == [row.row], field.name


@pytest.mark.parametrize("ledger", MERGED)
def test_a_deleted_row_is_gone_from_every_view_and_stays_in_the_record(desk: Desk, ledger: str, tmp_path: Path) -> None:
    declared = desk.ledger(ledger)
    row = desk.new(ledger, least(declared))
    desk.act(f"{ledger}.add", [row])
    word = next((str(row.values[item.name]) for item in declared.searched if row.values.get(item.name)), "")
    if word:
        assert [held.id for held in desk.rows(ledger, search=word)] == [row.row]
    plain.remove(desk, ledger, row.row)
    assert desk.rows(ledger) == []
    assert desk.count(ledger) == 0
    assert desk.pages(Query(ledger)).count() == 0
    assert not any(item.row == row.row for item in desk.open_items())
    if word:
        assert desk.rows(ledger, search=word) == []
        assert not any(found.row == row.row for found in desk.find(word))
    target = tmp_path / "list.csv"
    assert export(desk, declared, Query(ledger), target) == 0
    if word and any(item.search is not Search.NO and not item.personal for item in declared.fields):
        assert word not in target.read_text(encoding="utf-8-sig").partition("\n")[2]
    with desk.store.read() as connection:
        versions = history.history(connection, desk.store.schema[ledger], row.row)
    assert len(versions) == 2, "its making and its deletion"
    with pytest.raises(Refused):
        desk.act(f"{ledger}.edit", [Change(ledger, row.row, row.values)])


def test_two_desks_of_a_district_give_no_number_twice(tmp_path: Path) -> None:
    """Two machines without a network number their entries at the same moments (ZS-Karte #569)."""
    clock = FixedClock(parse_iso("2026-06-18 22:00"))
    with (
        a_desk(tmp_path / "one", clock, desk="a1" * 16, code="A") as one,
        a_desk(tmp_path / "two", clock, desk="b2" * 16, code="B") as two,
    ):
        for n in range(3):
            for desk in (one, two):
                desk.act("log.add", [desk.new("log", {"happened_at": clock.now(), "text": f"示例{n}"})])
        deliver(one.store, two.store)
        deliver(two.store, one.store)
        numbers = [[row["no"] for row in desk.rows("log", order="no")] for desk in (one, two)]
    assert numbers[0] == numbers[1]
    assert numbers[0] == ["A-2026-0001", "A-2026-0002", "A-2026-0003", "B-2026-0001", "B-2026-0002", "B-2026-0003"]
