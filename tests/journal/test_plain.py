"""Commands of plain ledgers, and short lists with computed columns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from dutydesk.core.errors import Refused
from dutydesk.core.ids import CLI
from dutydesk.journal import plain
from dutydesk.journal.desk import Desk, Me
from dutydesk.journal.query import Condition, Query, Row
from dutydesk.ledger.feature import Change
from dutydesk.ledger.kinds import COUNT
from dutydesk.ledger.spec import Field, Ledger
from tests.journal.desks import EVENING, PLACES, make

SHOWN = Ledger("places", "场所", (*PLACES.fields, Field("twice", COUNT, "两倍")))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with make(tmp_path / "desk") as store:
        yield Desk(store, store.clock, Me(CLI, "李示例"))


def doubled(rows: list[Row]) -> list[Row]:
    return [replace(row, values={**row.values, "twice": 2 * row.number("area") or None}) for row in rows]


def listed(desk: Desk, **asked: object) -> list[str]:
    query = Query("places", **asked)  # pyright: ignore[reportArgumentType]
    return [row.text("name") for row in plain.listed(desk, query, SHOWN, doubled, lambda row: row.text("name"))]


def test_rows_are_added_changed_and_removed(desk: Desk) -> None:
    row = plain.add(desk, "places", {"name": "甲", "area": 3})
    assert plain.edit(desk, "places", row, {"area": 3}) is None
    plain.edit(desk, "places", row, {"area": 4})
    assert desk.get("places", row)["area"] == 4
    with pytest.raises(Refused) as refused:
        plain.add(desk, "places", {"name": "甲"})
    assert refused.value.problems[0].field == "name"
    other = plain.add(desk, "places", {"name": "乙"})
    with pytest.raises(Refused):
        plain.edit(desk, "places", other, {"name": "甲"})
    plain.remove(desk, "places", row)
    plain.edit(desk, "places", other, {"name": "甲"})
    assert [one["name"] for one in desk.rows("places")] == ["甲"]
    with pytest.raises(Refused):
        plain.edit(desk, "places", bytes(16), {"area": 1})


def test_computed_columns_are_sorted_and_filtered(desk: Desk) -> None:
    for name, area in (("乙", 5), ("甲", 1), ("丙", None)):
        plain.add(desk, "places", {"name": name, "area": area})
    assert listed(desk) == sorted(["甲", "乙", "丙"])
    assert listed(desk, order="twice") == ["丙", "甲", "乙"]
    assert listed(desk, order="-twice") == ["乙", "甲", "丙"]
    assert listed(desk, where=(Condition("twice", ">", 2),)) == ["乙"]
    assert listed(desk, where=(Condition("twice", "null"),)) == ["丙"]
    assert listed(desk, where=(Condition("twice", "set"), Condition("area", "<", 5))) == ["甲"]
    assert listed(desk, where=(Condition("twice", "in", (2, 10)),), order="twice") == ["甲", "乙"]


def test_references_are_sorted_by_what_they_are_called(desk: Desk) -> None:
    people = {name: plain.add(desk, "people", {"name": name}) for name in ("乙", "丁", "丙")}
    for name, who in people.items():
        plain.add(desk, "places", {"name": f"{name}处", "manager": who})
    assert listed(desk, order="manager") == [f"{name}处" for name in sorted(people)]


def test_a_told_change_brings_its_line(desk: Desk) -> None:
    change = Change("places", bytes(16), {"area": 1})
    told = plain.tell(desk, change, "甲开门", "已登记", category="RESPONSE", line="FLOOD", happened_at=EVENING - 1)
    (line,) = plain.told_lines("places", [change, told, replace(told, text="")])
    assert (line.ledger, line.new) == ("log", True)
    assert line.values == {
        "happened_at": EVENING - 1,
        "recorded_at": EVENING,
        "category": "RESPONSE",
        "line": "FLOOD",
        "text": "甲开门",
        "handling": "已登记",
        "recorder": "李示例",
    }
    assert plain.told_lines("people", [told]) == []
