"""A desk with a small roster: three leaders, six who may stand 主班 and 副班, and October 2026 announced."""

from __future__ import annotations

from dataclasses import dataclass

from dutydesk.journal.desk import Desk
from dutydesk.roster import service
from dutydesk.roster.rows import Key

LEADERS = ("王示例", "李示例", "张示例")
OFFICERS = ("刘试甲", "陈试乙", "杨试丙", "赵试丁", "黄试戊", "周试己")
DAYS = {"2026-10-01": "HOLIDAY", "2026-10-02": "HOLIDAY", "2026-10-10": "MAKEUP"}


@dataclass(frozen=True, slots=True)
class Staff:
    """Ids of the people by name."""

    ids: dict[str, bytes]

    def __getitem__(self, name: str) -> bytes:
        return self.ids[name]

    def name(self, person: bytes | None) -> str:
        return next((name for name, row in self.ids.items() if row == person), "")


def staff(desk: Desk) -> Staff:
    """Write the people, the calendar, and the unit's own crew of "1+2" all year; nobody sits at the desk."""
    people = [desk.new("people", {"name": name, "kind": "PERSON"}) for name in (*LEADERS, *OFFICERS)]
    desk.act("people.add", people)
    ids = {name: change.row for name, change in zip((*LEADERS, *OFFICERS), people, strict=True)}
    rows = [
        desk.new(
            "roster_people",
            {
                "person": row,
                "posts": "LEADER" if name in LEADERS else "PRIMARY SECONDARY",
                "trained_on": "2026-01-10",
                "principal": int(name == LEADERS[0]),
            },
        )
        for name, row in ids.items()
    ]
    desk.act("roster_people.add", rows)
    crews = {f"roster.crew.{mode}": "LEADER=1 PRIMARY=1 SECONDARY=1" for mode in ("FLOOD_SEASON", "HOLIDAY")}
    desk.act("settings.add", [desk.new("settings", {"key": key, "value": value}) for key, value in crews.items()])
    desk.act("day_types.add", [desk.new("day_types", {"date": day, "kind": kind}) for day, kind in DAYS.items()])
    return Staff(ids)


def place(day: str, post: str = "PRIMARY", slot: int = 1) -> Key:
    """A place in the day's one shift."""
    return (day, "H24", post, slot)


def put(desk: Desk, *given: tuple[Key, bytes | None]) -> None:
    """Put people into places."""
    service.assign(desk, [service.Edit(*key, person) for key, person in given])


def holder(desk: Desk, key: Key) -> bytes | None:
    """Who stands there."""
    cell = service.grid(desk, key[0], key[0]).cells.get(key)
    return None if cell is None else cell.person
