"""What is done with supplies, and what is asked of them: what lies where, what is missing, what runs out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy import Connection, func, select

from dutydesk.core import figures
from dutydesk.core.clock import local
from dutydesk.core.i18n import N_, _
from dutydesk.core.reference import by_code
from dutydesk.journal import plain
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Query, Row
from dutydesk.journal.store import Receipt
from dutydesk.ledger.kinds import COUNT
from dutydesk.ledger.spec import Field, Ledger, Values
from dutydesk.ledger.table import LISTED
from dutydesk.supplies.ledger import SUPPLIES
from dutydesk.supplies.model import SUPPLY_TABLE

_NARROW = {"spec": 8, "class": 9, "quantity": 7, "unit": 3, "store": 12, "standard": 7, "contact": 4, "expires": 15}
SHOWN = Ledger(
    "supplies",
    SUPPLIES.title,
    (
        *(replace(item, width=_NARROW.get(item.name, item.width)) for item in SUPPLIES.fields),
        Field("gap", COUNT, N_("缺口"), width=6, help=N_("应备数量减现有数量")),
    ),
    match=SUPPLIES.match,
    order=SUPPLIES.order,
)
"""The list of the screen: declared fields, and what is missing against the standard quantity."""
COLUMNS = ("name", "spec", "quantity", "unit", "standard", "gap", "store", "expires", "class", "contact", "phone")


@dataclass(frozen=True, slots=True)
class Totals:
    """Totals over supplies: places where anything lies, kinds (distinct names), pieces, rows below standard and the
    pieces that they lack."""

    rows: int
    stores: int
    kinds: int
    pieces: int
    short: int
    gap: int

    @property
    def line(self) -> str:
        """`42 库 23 种 11.50 万件`, and what is missing."""
        text = _("{stores} 库 {kinds} 种 {pieces}").format(
            stores=self.stores, kinds=self.kinds, pieces=figures.wan(self.pieces, _("件"))
        )
        if self.short:
            text += _(" · 低于应备 {short} 项，缺 {gap}").format(short=self.short, gap=figures.wan(self.gap, _("件")))
        return text


def gap(values: Values) -> int | None:
    """Pieces missing against the standard quantity; `None` where no standard is set. A quantity that nobody wrote
    down is none."""
    standard, held = values.get("standard"), values.get("quantity")
    if not isinstance(standard, int):
        return None
    return figures.stock_gap(standard, held if isinstance(held, int) else 0)


def computed(rows: list[Row]) -> list[Row]:
    """Rows with `gap`; 0 is shown as nothing."""
    return [replace(row, values={**row.values, "gap": gap(row.values) or None}) for row in rows]


def listed(desk: Desk, query: Query) -> list[Row]:
    """The rows of the list; without an order by name, then store."""
    return plain.listed(desk, query, SHOWN, computed, _by_name)


def _by_name(row: Row) -> tuple[str, str]:
    return row.text("name"), row.text("store")


def totals_of(rows: Sequence[Row]) -> Totals:
    """Totals over rows."""
    gaps = [missing for row in rows if (missing := gap(row.values))]
    return Totals(
        len(rows),
        len({row.get("store") for row in rows if row.get("store")}),
        len({row.get("name") for row in rows}),
        sum(row.number("quantity") for row in rows),
        len(gaps),
        sum(gaps),
    )


def totals(desk: Desk) -> Totals:
    """Totals over everything listed."""
    return totals_of(placed(desk, desk.rows("supplies")))


def placed(desk: Desk, rows: Sequence[Row]) -> Sequence[Row]:
    """Rows of a view with the district before each store: several districts have one of the same name."""
    if not desk.config.view:
        return rows
    return [
        replace(row, values={**row.values, "store": desk.placed(row, row.text("store"))}) if row.get("store") else row
        for row in rows
    ]


def stores(desk: Desk) -> list[str]:
    """The places where anything lies, by name."""
    column = SUPPLY_TABLE.c.store
    statement = (
        select(column).where(SUPPLY_TABLE.c["_state"] == LISTED, column.is_not(None)).distinct().order_by(column)
    )
    with desk.store.read() as connection:
        return [str(store) for (store,) in map(tuple, connection.execute(statement))]


def expiry_day(now: int, code: str = "SOON") -> str:
    """The day up to which a date of expiry counts as near, `YYYY-MM-DD`: SOON 90, LATER 180 days ahead (table `expiry`
    of the reference data, domain.md §7.5)."""
    days = int(by_code("supplies", "expiry")[code]["days"])
    return (local(now).date() + timedelta(days=days)).isoformat()


def expiring(rows: Sequence[Row], now: int, code: str = "LATER") -> list[Row]:
    """Rows that expire up to that day or have expired, the earliest first."""
    until = expiry_day(now, code)
    return sorted((row for row in rows if "" < row.text("expires") <= until), key=_by_expiry)


def _by_expiry(row: Row) -> tuple[str, str]:
    return row.text("expires"), row.text("name")


def is_expired(row: Row, now: int) -> bool:
    """Whether its day is over."""
    return bool(row.get("expires")) and row.text("expires") < local(now).date().isoformat()


def expiry_text(row: Row, now: int) -> str:
    """The day with what it means: `2026-05-01 已过期`, `2026-07-10 临期` (90 days)."""
    day = row.text("expires")
    if not day:
        return ""
    if is_expired(row, now):
        return _("{day} 已过期").format(day=day)
    return _("{day} 临期").format(day=day) if day <= expiry_day(now) else day


# -- writing -----------------------------------------------------------------------------------------------------------


def add(desk: Desk, values: Values) -> bytes:
    """Add an article at a store; its id. Raises `Refused` for a second one of the same name, model and store."""
    return plain.add(desk, "supplies", values)


def edit(desk: Desk, row: bytes, values: Values) -> Receipt | None:
    """Write it again; `None` when nothing differs."""
    return plain.edit(desk, "supplies", row, values)


def remove(desk: Desk, row: bytes) -> Receipt:
    """Take it off the list."""
    return plain.remove(desk, "supplies", row)


# -- for the board -----------------------------------------------------------------------------------------------------


def short_count(connection: Connection) -> int:
    """How many articles lie below their standard quantity."""
    table = SUPPLY_TABLE.c
    below = table.standard > func.coalesce(table.quantity, 0)
    return int(connection.execute(select(func.count()).where(table["_state"] == LISTED, below)).scalar_one())


def by_class(rows: Sequence[Row]) -> Mapping[str, list[Row]]:
    """Rows by the code of their class in the order of its table; '' without one."""
    order = [choice.code for choice in SUPPLIES["class"].choices]
    groups: dict[str, list[Row]] = {code: [] for code in (*order, "")}
    for row in rows:
        code = row.text("class")
        groups[code if code in groups else ""].append(row)
    return {code: group for code, group in groups.items() if group}
