"""What is done with shelters, and what is asked of them.

People inside are the sum of the count rows, never a field of their own; every total is computed from the rows that are
listed now.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, func, select

from dutydesk.core.clock import MINUTE
from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import N_, _
from dutydesk.core.reference import by_code, label, reference
from dutydesk.journal import plain
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Condition, Query, Row
from dutydesk.journal.store import Receipt
from dutydesk.ledger.feature import Change
from dutydesk.ledger.kinds import COUNT, INT
from dutydesk.ledger.spec import Field, Ledger, Value, Values
from dutydesk.ledger.table import LISTED
from dutydesk.shelters import rules
from dutydesk.shelters.ledger import SHELTERS
from dutydesk.shelters.model import COUNT_TABLE, SHELTER_TABLE

GRACE = 5 * MINUTE
"""A wall clock may run this far ahead of the desk's."""
LOG_CATEGORY, LOG_LINE = "RESPONSE", "FLOOD"
_NARROW = {"level": 5, "region": 7, "area_m2": 9, "state": 3, "manager": 4, "standardised": 5}
SHOWN = Ledger(
    "shelters",
    SHELTERS.title,
    (
        *(replace(item, width=_NARROW.get(item.name, item.width)) for item in SHELTERS.fields),
        Field("places", COUNT, N_("可安置"), width=5, help=N_("按可用面积和人均面积算，不超过登记容量")),
        Field("now", COUNT, N_("现有"), width=5, help=N_("现在里面的人数")),
        Field("load", INT, N_("满载率"), width=6, unit="%"),
    ),
    match=SHELTERS.match,
    order="",
)
"""The list of the screen: declared fields, and what is computed from them and from the counts."""
COLUMNS = ("name", "state", "now", "places", "load", "level", "region", "area_m2", "manager_phone")


@dataclass(frozen=True, slots=True)
class Totals:
    """Totals over shelters: the bureau's figures, and who is inside. `open` counts shelters in use."""

    summary: rules.Summary
    open: int
    people: int

    @property
    def open_text(self) -> str:
        """`启用 5 处 214 人`."""
        return _("启用 {open} 处 {people} 人").format(open=self.open, people=self.people)

    @property
    def standardised_text(self) -> str:
        """`36 处规范化(17.56 %)`."""
        return _("{count} 处规范化（{share}）").format(
            count=self.summary.standardised, share=self.summary.standardised_text
        )

    @property
    def line(self) -> str:
        """`启用 5 处 214 人 · 共 205 处：区级 4、街道级 14、社区（村）级 187 · 16.01 万㎡ · 36 处规范化（17.56 %）`:
        what counts tonight stands first, a narrow pane cuts the rest."""
        counted = rules.level_text(self.summary, tables())
        return f"{self.open_text} · {counted} · {self.summary.area_text} · {self.standardised_text}"


def tables() -> Mapping[str, Any]:
    """The shelters' reference tables."""
    return reference("shelters")


# -- reading -----------------------------------------------------------------------------------------------------------


def present_by_shelter(connection: Connection) -> dict[bytes, int]:
    """People inside by the id of the shelter, as the counts have it; shelters that were never counted are not in it."""
    counts = COUNT_TABLE.c
    inside = func.coalesce(func.sum(func.coalesce(counts["in"], 0) - func.coalesce(counts["out"], 0)), 0)
    statement = select(counts.shelter, inside).where(counts["_state"] == LISTED).group_by(counts.shelter)
    rows = [tuple(row) for row in connection.execute(statement)]
    return {bytes(shelter): int(number) for shelter, number in rows if shelter is not None}


def present(desk: Desk, shelter: bytes) -> int:
    """People inside one shelter."""
    with desk.store.read() as connection:
        return present_by_shelter(connection).get(shelter, 0)


def places(values: Values) -> int | None:
    """How many people a shelter takes, by its usable area and its registered capacity."""
    usable, registered = values.get("usable_m2"), values.get("capacity")
    return rules.capacity(
        usable if isinstance(usable, int) else None,
        rules.per_person(tables()),
        registered if isinstance(registered, int) else None,
    )


def load_percent(inside: int, room: int | None) -> int | None:
    """How full, in whole percent, a half going up; None without a capacity."""
    return None if not room else (inside * 200 + room) // (room * 2)


def computed(desk: Desk, rows: Sequence[Row]) -> list[Row]:
    """Rows with `places`, `now` and `load`; `now` is empty where nobody is inside and the shelter is not in use."""
    with desk.store.read() as connection:
        inside = present_by_shelter(connection)
    out: list[Row] = []
    for row in rows:
        room, here = places(row.values), inside.get(row.id, 0)
        used = bool(here) or row.get("state") in rules.IN_USE
        more: dict[str, Value] = {
            "places": room,
            "now": here if used else None,
            "load": load_percent(here, room) if used else None,
        }
        out.append(replace(row, values={**row.values, **more}))
    return out


def listed(desk: Desk, query: Query) -> list[Row]:
    """The rows of the list; without an order those in use come first, then by level, region's code and name."""
    first = place_order(desk)

    def key(row: Row) -> tuple[bool, int, str, str]:
        return (row.get("state") not in rules.IN_USE and not row.number("now"), *first(row))

    def compute(rows: list[Row]) -> list[Row]:
        return computed(desk, rows)

    return plain.listed(desk, query, SHOWN, compute, key)


def place_order(desk: Desk) -> Callable[[Row], tuple[int, str, str]]:
    """A sort key: level in the order of its table, code of the region, name."""
    levels = [row["code"] for row in tables()["tables"]["level"]["rows"]]
    codes = {row.id: row.text("code") for row in desk.rows("regions")}

    def key(row: Row) -> tuple[int, str, str]:
        level, region = row.get("level"), row.get("region")
        return (
            levels.index(level) if level in levels else len(levels),
            codes.get(region, "") if isinstance(region, bytes) else "",
            row.text("name"),
        )

    return key


def totals(desk: Desk) -> Totals:
    """Totals over every listed shelter."""
    return totals_of(computed(desk, desk.rows("shelters")))


def totals_of(rows: Sequence[Row]) -> Totals:
    """Totals over rows that `computed` or `listed` gave."""
    found = rules.summary([row.values for row in rows], tables())
    return Totals(found, found.in_use, sum(row.number("now") for row in rows))


def counts(desk: Desk, shelter: bytes) -> list[Row]:
    """The counts of a shelter, newest first."""
    return desk.rows("shelter_counts", Condition("shelter", "=", shelter))


def needs_text(needs: str) -> str:
    """Needs as people read them: codes of the table by their labels, words as they are."""
    known = by_code("shelters", "need")
    parts = [part.strip() for part in needs.replace("，", ",").replace("、", ",").split(",") if part.strip()]
    return _("、").join(label("shelters", "need", part) if part in known else part for part in parts)


# -- writing -----------------------------------------------------------------------------------------------------------


def add(desk: Desk, values: Values) -> bytes:
    """Add a shelter; its id. Raises `Refused`."""
    return plain.add(desk, "shelters", values)


def edit(desk: Desk, shelter: bytes, values: Values) -> Receipt | None:
    """Write a shelter again; a state among the values goes by the rules of `set_state`, in the same act."""
    held = _held(desk, shelter)
    plain.check(desk, "shelters", {**held.values, **values}, shelter)
    change = desk.edit("shelters", shelter, values)
    if change is None:
        return None
    if "state" in change.values:
        inside = present(desk, shelter)
        rules.check_state(held.text("state"), str(change.values["state"] or ""), inside)
        change = _told_state(desk, held, change, inside)
    return desk.act("shelters.edit", [change])


def remove(desk: Desk, shelter: bytes) -> Receipt:
    """Take a shelter off the list; refused while people are inside."""
    inside = present(desk, shelter)
    if inside > 0:
        raise Refused(Problem(_("还有 {present} 人，先登记离开").format(present=inside), "state"))
    return plain.remove(desk, "shelters", shelter)


def set_state(desk: Desk, shelter: bytes, state: str) -> Receipt | None:
    """Open, close or otherwise change a shelter; opening and closing write a line into the duty log. Raises `Refused`
    where the rules do not allow it (`rules.check_state`)."""
    return edit(desk, shelter, {"state": state})


def count(
    desk: Desk,
    shelter: bytes,
    arriving: int = 0,
    leaving: int = 0,
    *,
    share: int | None = None,
    needs: str = "",
    at: int | None = None,
    by: str = "",
) -> Receipt:
    """Record people coming and going. People who come to a shelter that is not open open it in the same act; an open
    one becomes full, a full one open again, as the number says. Raises `Refused` (`rules.check_count`), also for a
    shelter that cannot be used and for a time that has not come."""
    held = _held(desk, shelter)
    now = desk.clock.now()
    when = now if at is None else at
    inside = present(desk, shelter)
    after = rules.check_count(inside, arriving, leaving)
    if share is not None and not 0 <= share <= arriving + max(inside, 0):
        raise Refused(Problem(_("特殊人群不能多于人数"), "share"))
    if when > now + GRACE:
        raise Refused(Problem(_("时间还没有到"), "at"))
    state = held.text("state")
    wanted = state
    if arriving and state not in rules.IN_USE:
        rules.check_state(state, "OPEN", inside)
        wanted = "OPEN"
    wanted = rules.state_with(wanted, after, places(held.values))
    values: dict[str, Value] = {"shelter": shelter, "in": arriving, "out": leaving, "share": share, "at": when}
    values |= {"needs": needs.strip() or None, "by": by.strip() or desk.me.name or None}
    told = plain.tell(
        desk,
        desk.new("shelter_counts", values),
        _count_text(desk, held, arriving, leaving, needs, opened=state not in rules.IN_USE and wanted in rules.IN_USE),
        _("现有 {count} 人").format(count=after),
        category=LOG_CATEGORY,
        line=LOG_LINE,
        happened_at=when,
    )
    changes: list[Change] = [told]
    if wanted != state:
        changes.append(Change("shelters", shelter, {"state": wanted}))
    return desk.act("shelters.count", changes, happened_at=when)


def add_count(desk: Desk, values: Values) -> Receipt:
    """`dutydesk add shelter_counts shelter=… in=… out=…`."""
    shelter = values.get("shelter")
    if not isinstance(shelter, bytes):
        raise Refused(Problem(_("必填"), "shelter"))
    whole = {name: value for name in ("in", "out", "share", "at") if isinstance(value := values.get(name), int)}
    words = {name: str(values.get(name) or "") for name in ("needs", "by")}
    return count(
        desk,
        shelter,
        whole.get("in", 0),
        whole.get("out", 0),
        share=whole.get("share"),
        at=whole.get("at"),
        needs=words["needs"],
        by=words["by"],
    )


def _held(desk: Desk, shelter: bytes) -> Row:
    held = desk.get("shelters", shelter)
    if held is None:
        raise Refused(_("没有这个场所"))
    return held


def _count_text(desk: Desk, held: Row, arriving: int, leaving: int, needs: str, *, opened: bool) -> str:
    parts = [_("启用")] if opened else []
    if arriving:
        parts.append(_("转入 {count} 人").format(count=arriving))
    if leaving:
        parts.append(_("转出 {count} 人").format(count=leaving))
    if needs.strip():
        parts.append(_("需要{needs}").format(needs=needs_text(needs)))
    return _("避灾安置 {place}：{what}").format(place=_place(desk, held), what=_("、").join(parts))


def _told_state(desk: Desk, held: Row, change: Change, inside: int) -> Change:
    """The change of a state with its line: opening and closing are told, a full house follows the counts."""
    old, new = held.text("state"), str(change.values["state"] or "")
    was, is_now = old in rules.IN_USE, new in rules.IN_USE
    if was == is_now and new != "UNUSABLE":
        return change
    what = label("shelters", "state", new)
    text = _("避灾安置 {place}：{what}").format(place=_place(desk, held), what=what)
    handling = _("现有 {count} 人").format(count=inside)
    return plain.tell(desk, change, text, handling, category=LOG_CATEGORY, line=LOG_LINE)


def _place(desk: Desk, held: Row) -> str:
    region = held.get("region")
    where = desk.title("regions", region) if isinstance(region, bytes) else ""
    name = held.text("name")
    return name if not where or where in name else f"{where}{name}"


# -- for the board and the hand-over -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class InUse:
    """A shelter that is in use or holds people."""

    id: bytes
    name: str
    state: str
    people: int
    places: int | None


def in_use(connection: Connection) -> list[InUse]:
    """Shelters that are open or hold people, the fullest first."""
    inside = present_by_shelter(connection)
    table = SHELTER_TABLE.c
    statement = select(table.id, table.name, table.state, table.usable_m2, table.capacity).where(
        table["_state"] == LISTED
    )
    holding = [shelter for shelter, number in inside.items() if number]
    rows = [tuple(row) for row in connection.execute(statement.where(table.state.in_(rules.IN_USE)))]
    for start in range(0, len(holding), 500):
        rows += [tuple(row) for row in connection.execute(statement.where(table.id.in_(holding[start : start + 500])))]
    found = {
        bytes(row): InUse(
            bytes(row), name or "", state or "", inside.get(row, 0), places({"usable_m2": usable, "capacity": capacity})
        )
        for row, name, state, usable, capacity in rows
    }
    return sorted(found.values(), key=lambda one: (-one.people, one.name))
