"""A desk with eleven invented people of the roster, at 20:00 on Thursday 2026-06-18."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from dutydesk.core.clock import FixedClock, parse_iso
from dutydesk.journal.desk import Desk
from dutydesk.ledger.spec import Value
from tests.desks import a_desk

EVENING = parse_iso("2026-06-18 20:00")
STAFF = {
    "王示例": "LEADER", "陈示例": "LEADER", "周示例": "LEADER",
    "李示例": "PRIMARY SECONDARY", "赵示例": "PRIMARY SECONDARY", "钱示例": "PRIMARY SECONDARY",
    "孙示例": "PRIMARY SECONDARY", "吴示例": "PRIMARY SECONDARY", "郑示例": "PRIMARY SECONDARY",
    "冯示例": "SECONDARY", "何示例": "DRIVER",
}  # fmt: skip
OWN_CREWS = {f"roster.crew.{mode}": "LEADER=1 PRIMARY=1 SECONDARY=1" for mode in ("FLOOD_SEASON", "HOLIDAY")}
"""This unit's own settings: "1+2" in the flood season and on holidays too."""
PRINCIPALS = ("王示例", "陈示例")


@dataclass(frozen=True)
class Staff:
    """Ids by name."""

    ids: dict[str, bytes]

    def __getitem__(self, name: str) -> bytes:
        return self.ids[name]


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(EVENING)


@pytest.fixture
def desk(tmp_path: Path, clock: FixedClock) -> Iterator[Desk]:
    with a_desk(tmp_path / "desk", clock, desk="7e" * 16) as made:
        yield made


@pytest.fixture
def staff(desk: Desk) -> Staff:
    """Everyone of `STAFF`, trained, with the posts they may stand."""
    return enlist(desk, STAFF)


def enlist(desk: Desk, posts: dict[str, str]) -> Staff:
    """Make people of the roster, in a unit that has its own crews."""
    ids: dict[str, bytes] = {}
    changes = [desk.new("people", {"name": name, "kind": "PERSON"}) for name in posts]
    for change, (name, told) in zip(list(changes), posts.items(), strict=True):
        ids[name] = change.row
        values: dict[str, Value] = {"person": change.row, "posts": told, "trained_on": "2020-01-01"}
        if name in PRINCIPALS:
            values["principal"] = 1
        changes.append(desk.new("roster_people", values))
    desk.act("people.import", changes)
    own = [desk.new("settings", {"key": key, "value": value}) for key, value in OWN_CREWS.items()]
    desk.act("settings.add", own)
    return Staff(ids)


def days_off(desk: Desk, *days: tuple[str, str, str]) -> None:
    """Rows of the calendar: date, kind, name."""
    desk.act(
        "day_types.import",
        [desk.new("day_types", {"date": day, "kind": kind, "name": name}) for day, kind, name in days],
    )
