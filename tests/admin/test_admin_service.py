"""Revealing for a reason, settings with their source, disputes settled by a person."""

from __future__ import annotations

import pytest

from dutydesk.admin import service
from dutydesk.core.errors import Refused
from dutydesk.journal.desk import Desk
from dutydesk.journal.settings import setting
from tests.journal.desks import deliver

Desks = tuple[Desk, Desk]


def both(desks: Desks) -> None:
    """Everything of each at the other."""
    deliver(desks[0].store, desks[1].store)
    deliver(desks[1].store, desks[0].store)


# -- settings ----------------------------------------------------------------------------------------------------------


def test_a_setting_names_its_paper_and_date(desk: Desk) -> None:
    service.write_setting(desk, "warnings.assumed_hours", "12", "示例〔2026〕1号", "2026-06-01", place="示例区")
    assert setting(desk, "warnings.assumed_hours") == "12"
    assert (
        service.write_setting(desk, "warnings.assumed_hours", "12", "示例〔2026〕1号", "2026-06-01", "示例区") is None
    )
    service.write_setting(desk, "warnings.assumed_hours", "24", "示例〔2026〕2号", "2026-06-02")
    row = service.settings(desk)
    assert [(item["value"], item["source"], item["date"], item["place"]) for item in row] == [
        ("24", "示例〔2026〕2号", "2026-06-02", None)
    ]
    assert setting(desk, "no.such") == ""


@pytest.mark.parametrize(
    ("key", "source", "date", "field"),
    [
        ("", "文", "2026-06-01", "key"),
        ("a", "", "2026-06-01", "source"),
        ("a", "文", "", "date"),
        ("a", "文", "上月", "date"),
    ],
)
def test_a_setting_without_source_or_date_is_refused(desk: Desk, key: str, source: str, date: str, field: str) -> None:
    with pytest.raises(Refused) as caught:
        service.write_setting(desk, key, "1", source, date)
    assert [problem.field for problem in caught.value.problems] == [field]
    assert desk.count("settings") == 0


def test_two_desks_write_one_row_for_one_key(desks: Desks) -> None:
    for n, desk in enumerate(desks):
        service.write_setting(desk, "rain.suspicious", str(n), "示例文", "2026-06-01")
    both(desks)
    for desk in desks:
        assert desk.count("settings") == 1
        assert [conflict.field for conflict in service.conflicts(desk)] == ["value"]


# -- disputes ----------------------------------------------------------------------------------------------------------


def test_two_values_are_settled_by_one(desks: Desks) -> None:
    first, second = desks
    made = first.new("units", {"name": "示例局", "short": "甲"})
    first.act("units.add", [made])
    both(desks)
    for desk, text in ((first, "乙"), (second, "丙")):
        change = desk.edit("units", made.row, {"short": text})
        assert change is not None
        desk.act("units.edit", [change])
    both(desks)
    conflict = service.conflicts(first)[0]
    assert {claim.value for claim in conflict.claims} == {"乙", "丙"}
    with pytest.raises(Refused, match="原因"):
        service.settle_value(first, conflict, "丙", "")
    service.settle_value(first, conflict, "丙", "电话核实")
    both(desks)
    for desk in desks:
        assert service.conflicts(desk) == []
        held = desk.get("units", made.row)
        assert held is not None
        assert held["short"] == "丙"
        (row,) = desk.rows("audit")
        assert (row["reason"], row["subject"]) == ("电话核实", f"units {made.row.hex()} 简称"), (
            "no name that may be erased"
        )


@pytest.mark.parametrize("keep", [True, False])
def test_deleted_here_and_changed_there_is_settled(desks: Desks, keep: bool) -> None:
    first, second = desks
    made = first.new("units", {"name": "示例局"})
    first.act("units.add", [made])
    both(desks)
    first.act("units.delete", [first.store.deletion("units", made.row)])
    change = second.edit("units", made.row, {"short": "改了"})
    assert change is not None
    second.act("units.edit", [change])
    both(desks)
    conflict = service.conflicts(second)[0]
    with pytest.raises(Refused):
        service.settle_value(second, conflict, "x", "不对题")
    service.settle_deletion(second, conflict, keep=keep, reason="单位撤并核实")
    both(desks)
    for desk in desks:
        assert service.conflicts(desk) == []
        assert desk.count("units") == int(keep)


def test_one_thing_from_two_desks_becomes_one(desks: Desks) -> None:
    rows: list[bytes] = []
    for n, desk in enumerate(desks):
        person = desk.new("people", {"name": "示例某"})
        desk.act("people.add", [person, desk.new("numbers", {"person": person.row, "number": f"1380000000{n}"})])
        rows.append(person.row)
    both(desks)
    conflict = service.conflicts(desks[0])[0]
    assert {row.id for row in service.twins(desks[0], conflict)} == set(rows)
    with pytest.raises(Refused):
        service.settle_twins(desks[0], conflict, b"\0" * 16, "x")
    service.settle_twins(desks[0], conflict, rows[1], "同一个人")
    both(desks)
    for desk in desks:
        assert service.conflicts(desk) == []
        assert [row.id for row in desk.rows("people")] == [rows[1]]
        assert {row["person"] for row in desk.rows("numbers")} == {rows[1]}
        assert desk.count("numbers") == 2
