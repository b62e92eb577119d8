"""What is done with rescue teams, and what is asked of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, select

from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import _
from dutydesk.core.reference import by_code, label
from dutydesk.journal import plain
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Query, Row
from dutydesk.journal.store import Receipt
from dutydesk.ledger.feature import Change
from dutydesk.ledger.spec import Ledger, Value, Values
from dutydesk.ledger.table import LISTED
from dutydesk.teams.ledger import TEAMS
from dutydesk.teams.model import TEAM_TABLE

AWAY = ("OUT", "FORWARD")
"""Where a team is of no use elsewhere: the log tells of it, and the next shift must know."""
LOG_CATEGORY, LOG_LINE = "RESPONSE", "FLOOD"
_NARROW = {
    "kind": 6,
    "unit": 10,
    "region": 7,
    "strength": 4,
    "vehicles": 4,
    "leader": 4,
    "status": 3,
    "place": 9,
    "equipment": 12,
}
SHOWN: Ledger = replace(
    TEAMS, order="", fields=tuple(replace(item, width=_NARROW.get(item.name, item.width)) for item in TEAMS.fields)
)
"""The list of the screen."""
COLUMNS = ("name", "status", "strength", "vehicles", "place", "kind", "unit", "leader", "phone", "equipment")


@dataclass(frozen=True, slots=True)
class Totals:
    """Teams and people; `by_kind` has code, teams, people in the order of the table."""

    teams: int
    people: int
    away: int
    away_people: int
    by_kind: tuple[tuple[str, int, int], ...]

    @property
    def line(self) -> str:
        """`10 支 366 人 · 出动前置 2 支 108 人`."""
        text = _("{teams} 支 {people} 人").format(teams=self.teams, people=self.people)
        if self.away:
            text += _(" · 出动前置 {teams} 支 {people} 人").format(teams=self.away, people=self.away_people)
        return text

    @property
    def kinds_text(self) -> str:
        """`专业消防 1 支 48 人、防汛 2 支 90 人`."""
        parts = [
            _("{kind} {teams} 支 {people} 人").format(
                kind=label("teams", "kind", code) if code else _("未分类"), teams=teams, people=people
            )
            for code, teams, people in self.by_kind
        ]
        return _("、").join(parts)


def totals_of(rows: Sequence[Row]) -> Totals:
    """Totals over rows."""
    kinds: dict[str, tuple[int, int]] = dict.fromkeys((*by_code("teams", "kind"), ""), (0, 0))
    for row in rows:
        code = row.text("kind")
        code = code if code in kinds else ""
        teams, people = kinds[code]
        kinds[code] = (teams + 1, people + row.number("strength"))
    away = [row for row in rows if row.get("status") in AWAY]
    return Totals(
        len(rows),
        sum(row.number("strength") for row in rows),
        len(away),
        sum(row.number("strength") for row in away),
        tuple((code, teams, people) for code, (teams, people) in kinds.items() if teams),
    )


def totals(desk: Desk) -> Totals:
    """Totals over every listed team."""
    return totals_of(desk.rows("teams"))


def listed(desk: Desk, query: Query) -> list[Row]:
    """The rows of the list; without an order those that are away first, then by kind and name."""
    kinds = list(by_code("teams", "kind"))

    def first(row: Row) -> tuple[bool, int, str]:
        kind = row.get("kind")
        return (row.get("status") not in AWAY, kinds.index(kind) if kind in kinds else len(kinds), row.text("name"))

    return plain.listed(desk, query, SHOWN, list, first)


# -- writing -----------------------------------------------------------------------------------------------------------


def add(desk: Desk, values: Values) -> bytes:
    """Add a team; its id. Raises `Refused` for a second one of the name."""
    return plain.add(desk, "teams", values)


def edit(desk: Desk, team: bytes, values: Values) -> Receipt | None:
    """Write a team again; a team that goes out, is moved forward or comes back has its line in the duty log."""
    held = desk.get("teams", team)
    if held is None:
        raise Refused(_("没有这支队伍"))
    plain.check(desk, "teams", {**held.values, **values}, team)
    change = desk.edit("teams", team, values)
    if change is None:
        return None
    return desk.act("teams.edit", [_told(desk, held, change)])


def set_status(desk: Desk, team: bytes, status: str, place: str = "") -> Receipt | None:
    """Change what a team is doing, and where; `None` when nothing differs. A team that goes out or forward needs a
    place; one that comes back to stand by has none. Raises `Refused`."""
    if status not in by_code("teams", "status"):
        raise Refused(Problem(_("没有这种状态"), "status"))
    if status in AWAY and not place.strip():
        raise Refused(Problem(_("写上去哪里"), "place"))
    where: Value = place.strip() or None
    return edit(desk, team, {"status": status, "place": where})


def remove(desk: Desk, team: bytes) -> Receipt:
    """Take a team off the list."""
    return plain.remove(desk, "teams", team)


def _told(desk: Desk, held: Row, change: Change) -> Change:
    now: Mapping[str, Value] = {**held.values, **change.values}
    old, new = held.text("status"), str(now.get("status") or "")
    moved = new in AWAY and ("status" in change.values or "place" in change.values)
    if not moved and not (old in AWAY and new not in AWAY):
        return change
    what = label("teams", "status", new) if new else _("归队")
    text = _("救援队伍 {name}：{status}").format(name=held.text("name"), status=what)
    if now.get("place"):
        text += _("，{place}").format(place=now["place"])
    parts = [_("{count} 人").format(count=now["strength"])] if now.get("strength") else []
    parts += [_("车辆 {count} 辆").format(count=now["vehicles"])] if now.get("vehicles") else []
    handling = _("、").join(parts) or _("已登记")
    return plain.tell(desk, change, text, handling, category=LOG_CATEGORY, line=LOG_LINE)


# -- for the board and the hand-over -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Away:
    """A team that is out or moved forward."""

    id: bytes
    name: str
    status: str
    strength: int
    place: str


def away(connection: Connection) -> list[Away]:
    """Teams that are out or moved forward, by name."""
    table = TEAM_TABLE.c
    statement = (
        select(table.id, table.name, table.status, table.strength, table.place)
        .where(table["_state"] == LISTED, table.status.in_(AWAY))
        .order_by(table.name)
    )
    return [
        Away(bytes(team), name or "", status or "", strength or 0, place or "")
        for team, name, status, strength, place in map(tuple, connection.execute(statement))
    ]
