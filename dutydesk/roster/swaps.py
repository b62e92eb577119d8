"""Swap 调班 and substitute 代班: asked by one, accepted by the other, approved by the leader, kept as a record.

Nobody stands in for another without consent (domain.md §3.3, V07, V10, V11): the cells change on approval alone.
"""

from __future__ import annotations

from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import _
from dutydesk.core.ids import new_id
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Condition, Row
from dutydesk.ledger.feature import Change
from dutydesk.ledger.spec import Value, Values
from dutydesk.roster import approval, checks
from dutydesk.roster.cells import Values as Place
from dutydesk.roster.cells import around, refuse_hard, where_text, write
from dutydesk.roster.facts import Facts
from dutydesk.roster.ledger import SWAPS
from dutydesk.roster.rows import Key, RosterProblem, Undo

OPEN = ("ASKED", "ACCEPTED")


def key_of(row: Row) -> Key:
    """The place that someone wants to leave."""
    return (row.text("date"), row.text("shift"), row.text("post"), row.number("slot"))


def other_key(row: Row) -> Key | None:
    """The place that the other gives for it; None for a substitute."""
    if not row.get("other_date"):
        return None
    return (row.text("other_date"), row.text("other_shift"), row.text("other_post"), row.number("other_slot"))


def ask(desk: Desk, key: Key, other: bytes, other_place: Key | None, reason: str, by: bytes) -> bytes:
    """See `service.ask_swap`."""
    if not reason.strip():
        raise Refused(Problem(_("请写明事由"), "reason"))
    approval.must_be(desk, by)
    made = around(desk, (key, other_place) if other_place else (key,))
    held = made.standing.get(key)
    if held is None or held.person is None:
        raise Refused(Problem(_("这一格没有排人"), where_text(key)))
    if held.person != by:
        raise Refused(Problem(_("只能由这一班的值班人提出"), "by"))
    if other == by:
        raise Refused(Problem(_("对方是自己"), "other"))
    if other_place is not None and _person(made, other_place) != other:
        raise Refused(Problem(_("对方不在这一格"), where_text(other_place)))
    if desk.get("people", other) is None:
        raise Refused(Problem(_("通讯录里没有这个人"), "other"))
    now = desk.clock.now()
    for place in (key, other_place) if other_place else (key,):
        if made.shift(place[0], place[1]).end <= now:
            raise Refused(Problem(_("这一班已经结束"), where_text(place)))
        if place in open_keys(desk):
            raise Refused(Problem(_("这一格已有未办完的调代"), where_text(place)))
    preview(made, key, other, other_place)
    values: dict[str, Value] = {
        "kind": "SWAP" if other_place else "SUBSTITUTE", "date": key[0], "shift": key[1], "post": key[2],
        "slot": key[3], "person": by, "other": other, "reason": reason, "state": "ASKED", "asked_at": now,
    }  # fmt: skip
    if other_place is not None:
        names = ("other_date", "other_shift", "other_post", "other_slot")
        values |= dict(zip(names, other_place, strict=True))
    change = Change("swaps", new_id(now), values, new=True)
    desk.act("swap.ask", [change])
    return change.row


def open_keys(desk: Desk) -> set[Key]:
    """Places about which a swap is under way."""
    rows = desk.rows("swaps", Condition("state", "in", OPEN))
    return {key for row in rows for key in (key_of(row), other_key(row)) if key is not None}


def preview(made: Facts, key: Key, other: bytes, other_place: Key | None) -> tuple[RosterProblem, ...]:
    """Check the cells as they would stand. Raises `Refused` for what is hard; the soft problems otherwise."""
    after: dict[Key, bytes | None] = {key: other}
    if other_place is not None:
        after[other_place] = _person(made, key)
    return refuse_hard(made, after)


def _person(made: Facts, key: Key) -> bytes | None:
    held = made.standing.get(key)
    return None if held is None else held.person


def accept(desk: Desk, swap: bytes, by: bytes) -> None:
    """See `service.accept_swap`."""
    row = _held(desk, swap, "ASKED")
    if by != row["other"]:
        raise Refused(Problem(_("须由 {name} 同意").format(name=desk.title("people", _id(row, "other"))), "by"))
    approval.must_be(desk, by)
    _as_asked(desk, row)
    values: Values = {"state": "ACCEPTED", "accepted_at": desk.clock.now()}
    desk.act("swap.accept", [Change("swaps", swap, values)])


def approve(desk: Desk, swap: bytes, by: bytes) -> Undo:
    """See `service.approve_swap`."""
    row = _held(desk, swap, "ACCEPTED")
    if by in (row["person"], row["other"]):
        raise Refused(Problem(_("不能批准自己的调代"), "by"))
    approval.must_lead(desk, by)
    made = _as_asked(desk, row)
    key, place = key_of(row), other_key(row)
    soft = preview(made, key, _id(row, "other"), place)
    origin = row.text("kind")
    changed: dict[Key, Place] = {key: _place(made, key, _id(row, "other"), origin, swap)}
    if place is not None:
        changed[place] = _place(made, place, _id(row, "person"), origin, swap)
    values: Values = {"state": "APPROVED", "approver": by, "decided_at": desk.clock.now()}
    reason = row.text("reason")
    done = write(desk, made, changed, "swap.approve", reason=reason, extra=[Change("swaps", swap, values)])
    return Undo(done, soft, reason)


def _place(made: Facts, key: Key, person: bytes, origin: str, swap: bytes) -> Place:
    held = made.standing.get(key)
    planned = None if held is None else held.planned or held.person
    return (person, origin, planned, swap)


def _as_asked(desk: Desk, row: Row) -> Facts:
    """Facts about the places. Raises `Refused` where others stand there now than when it was asked."""
    key, place = key_of(row), other_key(row)
    made = around(desk, (key, place) if place else (key,))
    people = checks.people_of(made)
    if people.get(key) != row["person"] or (place is not None and people.get(place) != row["other"]):
        raise Refused(Problem(_("值班表之后改过，请撤回重提"), where_text(key)))
    return made


def refuse(desk: Desk, swap: bytes, by: bytes, reason: str) -> None:
    """See `service.refuse_swap`."""
    row = _held(desk, swap, *OPEN)
    if by != row["other"] and not approval.may_decide(desk, by):
        raise Refused(Problem(_("只有对方或领导可以不同意"), "by"))
    approval.must_be(desk, by)
    values: dict[str, Value] = {"state": "REFUSED", "decided_at": desk.clock.now()}
    if by != row["other"]:
        values["approver"] = by
    # Two acts, for two permissions: everyone may decline what is asked of them, only a leader turns a swap down.
    asked = by == row["other"]
    desk.act("swap.decline" if asked else "swap.refuse", [Change("swaps", swap, values)], note=reason)


def cancel(desk: Desk, swap: bytes, by: bytes) -> None:
    """See `service.cancel_swap`."""
    row = _held(desk, swap, *OPEN)
    if by != row["person"]:
        raise Refused(Problem(_("只有提出的人可以撤回"), "by"))
    approval.must_be(desk, by)
    desk.act("swap.cancel", [Change("swaps", swap, {"state": "CANCELLED"})])


def _held(desk: Desk, swap: bytes, *states: str) -> Row:
    row = desk.get("swaps", swap)
    if row is None:
        raise Refused(Problem(_("没有这条调代"), "swap"))
    if row.text("state") not in states:
        label = SWAPS["state"].kind.show(row["state"], SWAPS["state"])
        raise Refused(Problem(_("这条调代{state}，不能这样办").format(state=label), "state"))
    return row


def _id(row: Row, name: str) -> bytes:
    value = row.values.get(name)
    assert isinstance(value, bytes)
    return value
