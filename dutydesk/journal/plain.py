"""Commands and lists of plain ledgers: rows that are added, written again and taken off a list, without rules of
their own beyond what the declaration says.

`listed` is for lists that are short by nature (shelters, stores, teams): it reads them whole, so that computed columns
can be sorted and filtered like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import _
from dutydesk.core.ids import new_id
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Condition, Query, Row
from dutydesk.journal.store import Receipt
from dutydesk.ledger.feature import Change
from dutydesk.ledger.kinds import Ref
from dutydesk.ledger.spec import Ledger, Value, Values

Compute = Callable[[list[Row]], list[Row]]
"""Adds computed values to rows."""


@dataclass(frozen=True, slots=True)
class Told(Change):
    """A change together with the line that the duty log is to hold of it: an edit carries only what was written, so
    the line's words (a place's name, who is inside now) are given by the command that knows them."""

    text: str = ""
    handling: str = ""
    category: str = "OTHER"
    line: str = ""
    happened_at: int = 0
    recorded_at: int = 0
    recorder: str = ""


def told_lines(ledger: str, changes: Sequence[Change]) -> list[Change]:
    """The log rows of the `Told` changes of a ledger; for a feature's `log_lines`."""
    return [
        Change(
            "log",
            new_id(change.recorded_at),
            {
                "happened_at": change.happened_at,
                "recorded_at": change.recorded_at,
                "category": change.category,
                "line": change.line or None,
                "text": change.text,
                "handling": change.handling or None,
                "recorder": change.recorder or None,
            },
            new=True,
        )
        for change in changes
        if isinstance(change, Told) and change.ledger == ledger and change.text
    ]


def tell(
    desk: Desk,
    change: Change,
    text: str,
    handling: str = "",
    *,
    category: str,
    line: str = "",
    happened_at: int | None = None,
) -> Told:
    """`change` with its line of the log, written by whoever is at the desk."""
    now = desk.clock.now()
    return Told(
        change.ledger,
        change.row,
        change.values,
        change.new,
        text=text,
        handling=handling,
        category=category,
        line=line,
        happened_at=now if happened_at is None else happened_at,
        recorded_at=now,
        recorder=desk.me.name,
    )


# -- commands ----------------------------------------------------------------------------------------------------------


def add(desk: Desk, ledger: str, values: Values) -> bytes:
    """Add a row; its id. Raises `Refused` for a required field without a value, and where a row of the same natural
    key is listed already."""
    check(desk, ledger, values)
    change = desk.new(ledger, values)
    desk.act(f"{ledger}.add", [change])
    return change.row


def edit(desk: Desk, ledger: str, row: bytes, values: Values) -> Receipt | None:
    """Write what differs; `None` when nothing does. Raises as `add` does."""
    held = desk.get(ledger, row)
    if held is None:
        raise Refused(_("要改的这一条已不在{title}里").format(title=_(desk.ledger(ledger).title)))
    check(desk, ledger, {**held.values, **values}, row)
    change = desk.edit(ledger, row, values)
    return desk.act(f"{ledger}.edit", [change]) if change else None


def remove(desk: Desk, ledger: str, row: bytes) -> Receipt:
    """Take a row off its list; its history stays in the record."""
    return desk.act(f"{ledger}.delete", [desk.store.deletion(ledger, row)])


def check(desk: Desk, ledger: str, values: Values, row: bytes = b"") -> None:
    """Raises `Refused` for required fields without a value, and for a second row of one natural key (`row` is the one
    that is being written)."""
    declared = desk.ledger(ledger)
    problems = [
        Problem(_("必填"), item.name)
        for item in declared.fields
        if item.required and item.name != declared.number and values.get(item.name) in (None, "")
    ]
    if not problems and declared.match:
        where = [Condition(name, "=", values.get(name)) for name in declared.match]
        if any(found.id != row for found in desk.rows(ledger, *where, limit=2)):
            labels = _("、").join(_(declared[name].label) for name in declared.match)
            problems.append(Problem(_("已有一条{labels}相同的").format(labels=labels), declared.match[0]))
    if problems:
        raise Refused(*problems)


# -- short lists with computed columns ---------------------------------------------------------------------------------


def listed(
    desk: Desk, query: Query, shown: Ledger, compute: Compute, first: Callable[[Row], object] | None = None
) -> list[Row]:
    """All rows of `query`, computed columns filled in, filtered and sorted by any column of `shown`.

    Codes are sorted in the order of their table, references by what they are called; `first` is the order when the
    query names none. Without a search, rows of equal keys stay in the ledger's own order.
    """
    own = desk.ledger(query.ledger)
    stored = tuple(condition for condition in query.where if condition.field in own)
    computed = [condition for condition in query.where if condition.field not in own]
    rows = compute(desk.rows(query.ledger, *stored, search=query.search))
    rows = [row for row in rows if all(_holds(row.values.get(one.field), one) for one in computed)]
    name = query.order.lstrip("-")
    if name in shown:
        rows.sort(key=_sorter(desk, shown, name, rows), reverse=query.order.startswith("-"))
    elif first is not None:
        rows.sort(key=first)  # pyright: ignore[reportArgumentType]
    return rows


def _sorter(desk: Desk, shown: Ledger, name: str, rows: Sequence[Row]) -> Callable[[Row], tuple[bool, object]]:
    item = shown[name]
    titles: Mapping[bytes, str] = {}
    if isinstance(item.kind, Ref):
        titles = desk.titles(
            item.kind.ledger, list({value for row in rows if isinstance(value := row.get(name), bytes)})
        )

    def key(row: Row) -> tuple[bool, object]:
        value = row.get(name)
        if value is None:
            return False, 0
        if isinstance(value, bytes):
            return True, titles.get(value, "")
        return True, item.kind.sort_key(value, item)

    return key


def _holds(value: Value, condition: Condition) -> bool:
    wanted = condition.value
    match condition.op:
        case "=":
            return value == wanted
        case "in":
            return value in wanted
        case "set":
            return value is not None
        case "null":
            return value is None
        case ">" | "<" | ">=" | "<=" if isinstance(value, int) and isinstance(wanted, int):
            return {">": value > wanted, "<": value < wanted, ">=": value >= wanted, "<=": value <= wanted}[
                condition.op
            ]
        case _:
            return False
