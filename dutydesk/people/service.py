"""What is done with contacts, and what is asked of them.

A person's numbers are rows of their own, called in their order; a number that is wrong or out of use goes last. A
person is found by name, unit or any number. Showing a number whole is asked for with a reason, which the audit keeps.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta

from sqlalchemy import and_, not_, or_, select

from dutydesk.core.clock import local
from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import N_, _
from dutydesk.journal import audit, plain
from dutydesk.journal.apply import ERASED
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Condition, Pages, Query, Row
from dutydesk.journal.store import Receipt
from dutydesk.ledger.kinds import CODE, PHONE
from dutydesk.ledger.spec import Field, Ledger, Value, Values
from dutydesk.ledger.table import LISTED
from dutydesk.people.ledger import NUMBER_STATES, PEOPLE, PUBLIC_NUMBERS
from dutydesk.people.model import NUMBER_TABLE, PEOPLE_TABLE, REGION_TABLE, UNIT_TABLE

OLD_AFTER = 180
"""Days after which a number is to be verified again (design: half a year, with the drill of domain.md §3.5)."""
CHUNK = 500
_LAST = {"NO_ANSWER": 1, "BAD": 2, "OFF": 3}


def masks_first(row: Values) -> bool:
    """Whether the first number of a listed person is personal."""
    return row.get("number_kind") not in PUBLIC_NUMBERS


_NARROW = {"name": 5, "unit": 14, "post": 7}
SHOWN = Ledger(
    "people",
    PEOPLE.title,
    (
        *(replace(item, width=_NARROW.get(item.name, item.width)) for item in PEOPLE.fields),
        Field("number", PHONE, N_("首选号码"), width=12, personal=masks_first),
        Field("number_state", CODE, N_("号码状态"), width=4, choices=NUMBER_STATES),
    ),
    match=PEOPLE.match,
    order=PEOPLE.order,
)
"""The list of the screen: declared fields, and the first number to be called with its state."""
COLUMNS = ("name", "number", "unit", "post", "number_state")


# -- regions -----------------------------------------------------------------------------------------------------------


def region_children(desk: Desk, region: bytes | None) -> list[Row]:
    """The regions right below one, by code; of `None` those at the top."""
    return desk.rows("regions", Condition("parent", "=", region))


def region_family(desk: Desk, region: bytes) -> tuple[bytes, ...]:
    """A region and everything below it."""
    table = REGION_TABLE.c
    found, fresh = {region: None}, [region]
    with desk.store.read() as connection:
        while fresh:
            below: list[bytes] = []
            for start in range(0, len(fresh), CHUNK):
                wanted = table.parent.in_(fresh[start : start + CHUNK])
                rows = connection.execute(select(table.id).where(wanted, table["_state"] == LISTED))
                below += [bytes(row) for (row,) in map(tuple, rows)]
            fresh = [row for row in below if row not in found]
            found |= dict.fromkeys(fresh)
    return tuple(found)


def region_condition(desk: Desk, region: bytes, field: str = "region") -> Condition:
    """The condition that finds a region's rows and those of everything below it."""
    return Condition(field, "in", region_family(desk, region))


# -- people ------------------------------------------------------------------------------------------------------------


def numbers(desk: Desk, person: bytes) -> list[Row]:
    """A person's numbers in the order in which they are to be called."""
    return desk.rows("numbers", Condition("person", "=", person))


def numbers_of(desk: Desk, people: Collection[bytes]) -> dict[bytes, list[Row]]:
    """The numbers of several people, each in the order in which they are to be called."""
    found: dict[bytes, list[Row]] = {}
    ids = list(people)
    for start in range(0, len(ids), CHUNK):
        for row in desk.rows("numbers", Condition("person", "in", tuple(ids[start : start + CHUNK]))):
            person = row.get("person")
            if isinstance(person, bytes):
                found.setdefault(person, []).append(row)
    return found


def first_number(rows: Sequence[Row]) -> Row | None:
    """The number to call first: the order as written, wrong ones and those out of use last."""
    return min(rows, key=lambda row: (_LAST.get(row.text("state"), 0), row.number("order")), default=None)


def with_numbers(desk: Desk, rows: Sequence[Row]) -> list[Row]:
    """Rows of people with `number`, `number_kind` and `number_state` of the number to call first."""
    known = numbers_of(desk, [row.id for row in rows])
    out: list[Row] = []
    for row in rows:
        first = first_number(known.get(row.id, ()))
        more: dict[str, Value] = {"number": None, "number_kind": None, "number_state": None}
        if first is not None:
            more = {name: first.get(of) for name, of in zip(more, ("number", "kind", "state"), strict=True)}
        out.append(replace(row, values={**row.values, **more}))
    return out


def search_ids(desk: Desk, text: str) -> set[bytes]:
    """Ids of the people whom every word of a text finds: by name (characters, pinyin, initials), note, unit or number
    (the last four digits are enough)."""
    found: set[bytes] | None = None
    for word in text.split():
        hits = {row.id for row in desk.rows("people", search=word)}
        hits |= {person for row in desk.rows("numbers", search=word) if isinstance(person := row.get("person"), bytes)}
        units = [row.id for row in desk.rows("units", search=word)]
        hits |= _of_units(desk, units)
        found = hits if found is None else found & hits
    return found or set()


def _of_units(desk: Desk, units: Sequence[bytes]) -> set[bytes]:
    found: set[bytes] = set()
    for start in range(0, len(units), CHUNK):
        found |= {row.id for row in desk.rows("people", Condition("unit", "in", tuple(units[start : start + CHUNK])))}
    return found


def place_ids(desk: Desk, regions: Collection[bytes]) -> set[bytes]:
    """Ids of the people who answer for these regions, or whose unit lies in them."""
    ids = tuple(regions)
    people, units = PEOPLE_TABLE.c, UNIT_TABLE.c
    found: set[bytes] = set()
    with desk.store.read() as connection:
        for start in range(0, len(ids), CHUNK):
            part = ids[start : start + CHUNK]
            inside = select(units.id).where(units.region.in_(part), units["_state"] == LISTED)
            wanted = or_(people.region.in_(part), and_(people.region.is_(None), people.unit.in_(inside)))
            rows = connection.execute(select(people.id).where(wanted, people["_state"] == LISTED))
            found |= {bytes(row) for (row,) in map(tuple, rows)}
    return found


HEALTH = {
    "BAD": N_("有空号错号"),
    "OLD": N_("半年未核实"),
    "NONE": N_("没有号码"),
}
"""What may be wrong with someone's numbers."""


def health_ids(desk: Desk, code: str) -> set[bytes]:
    """Ids of the people whose numbers need a look: one is wrong, one in use was not verified for half a year, or there
    is none."""
    table, people = NUMBER_TABLE.c, PEOPLE_TABLE.c
    listed = table["_state"] == LISTED
    if code == "BAD":
        statement = select(table.person).where(listed, table.state == "BAD")
    elif code == "OLD":
        before = (local(desk.clock.now()).date() - timedelta(days=OLD_AFTER)).isoformat()
        stale = or_(table.verified_at.is_(None), table.verified_at < before)
        usable = or_(table.state.is_(None), not_(table.state.in_(("BAD", "OFF"))))
        statement = select(table.person).where(listed, stale, usable)
    else:
        with_some = select(table.person).where(listed, table.person.is_not(None))
        statement = select(people.id).where(people["_state"] == LISTED, people.id.not_in(with_some))
    with desk.store.read() as connection:
        return {bytes(row) for (row,) in map(tuple, connection.execute(statement)) if row is not None}


class PeoplePages:
    """The list of people in pages, each row with its first number.

    Beside the record's own conditions it knows `place` (`in` regions) and `health` (`=` a code of `HEALTH`); with one
    of these or a search the hits are collected, otherwise a page is read when it is shown.
    """

    size = 256

    def __init__(self, desk: Desk, query: Query) -> None:
        self._desk = desk
        own = tuple(one for one in query.where if one.field in PEOPLE)
        order = query.order if query.order.lstrip("-") in PEOPLE else ""
        wanted = _wanted(desk, query)
        self._rows: list[Row] | None = None
        self._pages: Pages | None = None
        if wanted is None:
            self._pages = desk.pages(Query("people", own, "", order))
        else:
            rows = desk.rows("people", *own, order=order)
            self._rows = [row for row in rows if row.id in wanted]

    def count(self) -> int:
        if self._rows is not None:
            return len(self._rows)
        assert self._pages is not None
        return self._pages.count()

    def page(self, index: int) -> Sequence[Row]:
        if self._rows is not None:
            rows: Sequence[Row] = self._rows[index * self.size : (index + 1) * self.size]
        else:
            assert self._pages is not None
            rows = self._pages.page(index)
        return with_numbers(self._desk, rows)

    def position(self, row: bytes) -> int | None:
        if self._rows is not None:
            return next((at for at, one in enumerate(self._rows) if one.id == row), None)
        assert self._pages is not None
        return self._pages.position(row)


def _wanted(desk: Desk, query: Query) -> set[bytes] | None:
    """Ids that search and computed conditions leave; `None` when there are none of these."""
    found: set[bytes] | None = None
    if query.search.strip():
        found = search_ids(desk, query.search)
    for one in query.where:
        if one.field in PEOPLE:
            continue
        hits = place_ids(desk, one.value) if one.field == "place" else health_ids(desk, str(one.value))
        found = hits if found is None else found & hits
    return found


def is_erased(row: Row) -> bool:
    """Whether the personal data of this row were taken out of the record."""
    return row.get("name") == ERASED


# -- writing -----------------------------------------------------------------------------------------------------------


def add_person(desk: Desk, values: Values, given: Sequence[tuple[str, str]] = ()) -> bytes:
    """Add a person, or a unit's line, with numbers as (kind, number) in their order; the person's id. Raises `Refused`
    for a second one of the same name in the same unit."""
    plain.check(desk, "people", values)
    person = desk.new("people", {"kind": "PERSON", **values})
    changes = [person]
    for order, (kind, number) in enumerate(given, 1):
        parsed = _number(number)
        changes.append(
            desk.new(
                "numbers",
                {"person": person.row, "order": order, "kind": kind, "number": parsed, "state": "UNCHECKED"},
            )
        )
    desk.act("people.add", changes)
    return person.row


def edit_person(desk: Desk, person: bytes, values: Values) -> Receipt | None:
    """Write a person again; `None` when nothing differs."""
    return plain.edit(desk, "people", person, values)


def remove_person(desk: Desk, person: bytes) -> Receipt:
    """Take a person and their numbers off the lists; what the log says of them stays."""
    _refuse_account(desk, person)
    rows = numbers(desk, person)
    changes = [desk.store.deletion("people", person), *(desk.store.deletion("numbers", row.id) for row in rows)]
    return desk.act("people.delete", changes)


def _refuse_account(desk: Desk, person: bytes) -> None:
    """Whoever has an account in use is not taken off: the last administrator could be removed that way."""
    role_of = desk.services.get("role_of")
    if role_of is not None and role_of(person):
        raise Refused(Problem(_("{name}还有账号，先停用").format(name=desk.title("people", person)), "person"))


def erase_person(desk: Desk, person: bytes, reason: str) -> None:
    """Take a person's name, note and numbers out of the record for good; the row itself stays for what names it
    (个人信息保护法 art. 47). Raises `Refused` without a reason."""
    if not reason.strip():
        raise Refused(Problem(_("请写明原因"), "reason"))
    _refuse_account(desk, person)
    with desk.store.read() as connection:
        table = NUMBER_TABLE.c
        every = [
            bytes(row) for (row,) in map(tuple, connection.execute(select(table.id).where(table.person == person)))
        ]
    for row in every:
        desk.store.erase("numbers", row, by=desk.me.id, note=reason)
    desk.store.erase("people", person, by=desk.me.id, note=reason)


def _number(text: str) -> str:
    try:
        value = PHONE.parse(text, _NUMBER)
    except ValueError as error:
        raise Refused(Problem(str(error), "number")) from None
    if value is None:
        raise Refused(Problem(_("必填"), "number"))
    return str(value)


_NUMBER = Field("number", PHONE, N_("号码"))


def add_number(desk: Desk, person: bytes, values: Values) -> bytes:
    """Add a number after the person's others; its id. Raises `Refused` for one that they have already, and for a person
    whose data were erased."""
    held = desk.get("people", person)
    if held is None or is_erased(held):
        raise Refused(_("这一条的个人信息已删除，不能再填写"))
    rows = numbers(desk, person)
    number = _number(str(values.get("number") or ""))
    if any(row.get("number") == number for row in rows):
        raise Refused(Problem(_("已有这个号码"), "number"))
    order = max((row.number("order") for row in rows), default=0) + 1
    change = desk.new(
        "numbers",
        {"kind": "MOBILE", "state": "UNCHECKED", **values, "person": person, "number": number, "order": order},
    )
    desk.act("numbers.add", [change])
    return change.row


def add_number_row(desk: Desk, values: Values) -> bytes:
    """`dutydesk add numbers person=… number=…`."""
    person = values.get("person")
    if not isinstance(person, bytes):
        raise Refused(Problem(_("必填"), "person"))
    return add_number(desk, person, {name: value for name, value in values.items() if value is not None})


def edit_number(desk: Desk, number: bytes, values: Values) -> Receipt | None:
    """Write a number again; another number in its place is unchecked until somebody verifies it."""
    held = desk.get("numbers", number)
    if held is not None and values.get("number") not in (None, held.get("number")) and "state" not in values:
        values = {**values, "state": "UNCHECKED", "verified_at": None}
    return plain.edit(desk, "numbers", number, values)


def remove_number(desk: Desk, number: bytes) -> Receipt:
    """Take a number off the list."""
    return plain.remove(desk, "numbers", number)


def move_number(desk: Desk, number: bytes, step: int) -> Receipt | None:
    """Call a number earlier (−1) or later (+1); `None` where there is no further to go."""
    held = desk.get("numbers", number)
    person = held.get("person") if held is not None else None
    if not isinstance(person, bytes):
        return None
    rows = [row.id for row in numbers(desk, person)]
    at = rows.index(number)
    to = at + step
    if not 0 <= to < len(rows):
        return None
    rows[at], rows[to] = rows[to], rows[at]
    changes = [change for order, row in enumerate(rows, 1) if (change := desk.edit("numbers", row, {"order": order}))]
    return desk.act("numbers.order", changes) if changes else None


def verify_number(desk: Desk, number: bytes) -> Receipt | None:
    """已核实: somebody answered it today."""
    today: date = local(desk.clock.now()).date()
    return _set(desk, "numbers.verify", number, {"state": "OK", "verified_at": today.isoformat()})


def mark_wrong(desk: Desk, number: bytes) -> Receipt | None:
    """空号错号: it reaches nobody, or somebody else."""
    return _set(desk, "numbers.wrong", number, {"state": "BAD"})


def switch_off(desk: Desk, number: bytes) -> Receipt | None:
    """停用, and back to 未核 when it is out of use."""
    held = desk.get("numbers", number)
    off = held is not None and held.get("state") == "OFF"
    return _set(desk, "numbers.off", number, {"state": "UNCHECKED" if off else "OFF"})


def _set(desk: Desk, kind: str, number: bytes, values: Mapping[str, Value]) -> Receipt | None:
    change = desk.edit("numbers", number, values)
    return desk.act(kind, [change]) if change else None


# -- showing numbers whole ---------------------------------------------------------------------------------------------


def reveal_person(desk: Desk, person: bytes, reason: str) -> Receipt:
    """Record that one person's numbers are shown whole."""
    return audit.record(desk, "REVEAL", audit.subject_of("people", person), reason)
