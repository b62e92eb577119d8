"""The six blocks of a hand-over: what is open, frozen into items, and kept in step with the record until it is signed.

An item is never removed. What is settled where it belongs becomes 已办结, what opens joins, and what goes on under
another wording (a clock that has moved on) keeps its item and what was said to it.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from dutydesk.core.ids import named_id, new_id
from dutydesk.core.reference import rows as reference_rows
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Condition, Row
from dutydesk.ledger.feature import Change, OpenItem
from dutydesk.ledger.spec import Value, Values
from dutydesk.ledger.table import LISTED
from dutydesk.shifts.rules import item_move

LEDGER = "handover_items"
FALSE_ALARM = "FALSE_ALARM"
NO_WARNING = ("TEST", "DRAFT")
"""Messages that are no warning to anyone, whatever a list says."""


def codes() -> list[str]:
    """The six blocks in the sheet's order."""
    return [row["code"] for row in reference_rows("duty", "block")]


def real(desk: Desk, items: Sequence[OpenItem]) -> list[OpenItem]:
    """Without messages that are no warning."""
    ids = [item.row for item in items if item.ledger == "warnings"]
    tests = {
        held.id
        for held in (desk.get("warnings", row_id) for row_id in ids)
        if held is not None and held.get("status") in NO_WARNING
    }
    return [item for item in items if not (item.ledger == "warnings" and item.row in tests)]


def gather(desk: Desk, now: int, handover: bytes, shifts: Sequence[bytes]) -> list[OpenItem]:
    """Every open item of every feature but those about this very hand-over and the heads of the two `shifts`."""
    return [
        item
        for item in real(desk, desk.open_items(now))
        if not (item.ledger == "handovers" and item.row == handover)
        and not (item.ledger == "shifts" and item.block == "TODO" and item.row in shifts)
    ]


def items_of(desk: Desk, handover: bytes) -> list[Row]:
    """The items of a hand-over in the sheet's order: by block, the next due first."""
    found = desk.rows(LEDGER, Condition("handover", "=", handover))
    order = {code: at for at, code in enumerate(codes())}
    return sorted(
        found,
        key=lambda row: (
            order.get(row.text("block"), len(order)),
            row.get("due_at") is None,
            row.number("due_at"),
            row.text("title"),
            row.id,
        ),
    )


def arrived(desk: Desk, handover: Row) -> list[bytes]:
    """Incidents that came into the record after the hand-over was prepared, false alarms left out. What counts is the
    journal's own order: a clock that was set back meanwhile changes nothing."""
    shape = desk.store.schema["incidents"]
    with desk.store.read() as connection:
        since = connection.exec_driver_sql("SELECT hlc FROM act WHERE act_id = ?", (handover.act,)).scalar()
        table = shape.table
        statement = (
            select(table.c.id)
            .where(table.c["_state"] == LISTED, table.c["_hlc"] > int(since or 0))
            .where(table.c.state.is_distinct_from(FALSE_ALARM))
            .order_by(table.c["_hlc"])
        )
        return [bytes(row) for (row,) in connection.execute(statement)]


def kept(desk: Desk, handover: Row, held: Sequence[Row]) -> list[Change]:
    """The changes that put what arrived in between on the sheet, as the outgoing crew's own."""
    there = {row.text("row") for row in held if row.get("state") == "KEPT"}
    changes: list[Change] = []
    for incident in arrived(desk, handover):
        if incident.hex() not in there:
            values: Values = {
                "handover": handover.id,
                "block": "INCIDENTS",
                "title": desk.title("incidents", incident)[:200],
                "ledger": "incidents",
                "row": incident.hex(),
                "state": "KEPT",
            }
            changes.append(
                Change(LEDGER, named_id(LEDGER, handover.id.hex(), "KEPT", incident.hex()), values, new=True)
            )
    return changes


def joined(desk: Desk, handover: bytes, items: Sequence[OpenItem], held: Sequence[Row], now: int) -> list[Change]:
    """The changes that bring the items `held` in step with what is open: new ones join, settled ones are done, wordings
    and due times follow."""
    known = set(codes())
    own: dict[tuple[str, str, str], list[Row]] = {}
    for row in held:
        if row.get("state") != "KEPT":
            own.setdefault((row.text("block"), row.text("ledger"), row.text("row")), []).append(row)
    asked: dict[tuple[str, str, str], list[OpenItem]] = {}
    for item in items:
        block = item.block if item.block in known else "TODO"
        asked.setdefault((block, item.ledger, item.row.hex()), []).append(item)
    taken = {row.id for row in held}
    changes: list[Change] = []
    for key in dict.fromkeys((*asked, *own)):
        changes += _group(desk, handover, key, asked.get(key, []), own.get(key, []), now, taken)
    return changes


def _group(
    desk: Desk,
    handover: bytes,
    key: tuple[str, str, str],
    items: Sequence[OpenItem],
    held: Sequence[Row],
    now: int,
    taken: set[bytes],
) -> list[Change]:
    """The changes for what is open about one row: first the same wording, then in the order as they stand."""
    free = list(held)
    pairs: list[tuple[OpenItem, Row]] = []
    rest: list[OpenItem] = []
    for item in items:
        same = next((row for row in free if row.text("title") == item.title[:200]), None)
        if same is None:
            rest.append(item)
        else:
            free.remove(same)
            pairs.append((item, same))
    if key[1]:  # what names no row is known by its wording alone
        pairs += [(item, free.pop(0)) for item in rest[: len(free)]]
        rest = rest[len(pairs) - (len(items) - len(rest)) :]
    changes: list[Change] = []
    for item, row in pairs:
        values = _told(item, key)
        if row.get("state") == "DONE":
            values |= {"state": item_move("DONE", "reopen"), "settled_at": None}
        change = desk.edit(LEDGER, row.id, values)
        if change is not None:
            changes.append(change)
    for row in free:
        if row.get("state") == "OPEN":
            values = {"state": item_move("OPEN", "done"), "settled_at": now}
            changes.append(Change(LEDGER, row.id, values))
    for item in rest:
        row_id = named_id(LEDGER, handover.hex(), *key, item.title)
        row_id = new_id(now) if row_id in taken else row_id
        taken.add(row_id)
        fresh = {name: value for name, value in _told(item, key).items() if value is not None}
        changes.append(Change(LEDGER, row_id, {"handover": handover, **fresh, "state": "OPEN"}, new=True))
    return changes


def _told(item: OpenItem, key: tuple[str, str, str]) -> dict[str, Value]:
    detail = "" if item.detail in item.title else item.detail
    return {
        "block": key[0],
        "title": item.title[:200],
        "due_at": item.due_at,
        "detail": detail or None,
        "ledger": key[1] or None,
        "row": key[2] or None,
    }
