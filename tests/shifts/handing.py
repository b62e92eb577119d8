"""Two crews, a shift with its facts, and the steps of a hand-over: shared by the tests of service, paper and pane."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dutydesk.core.clock import FixedClock, parse_iso
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Row
from dutydesk.ledger.spec import Value
from dutydesk.shifts import handover, service

KEY, NEXT = "2026-06-18/H24", "2026-06-19/H24"
MORNING = parse_iso("2026-06-19 08:15")
DAY_AFTER = {"leader": "郑示例", "primary": "孙示例", "secondary": "钱示例"}


@dataclass(frozen=True, slots=True)
class Hands:
    """The people of both crews by post."""

    giving: Mapping[str, bytes]
    taking: Mapping[str, bytes]


def whole_shift(desk: Desk, key: str, crew: Mapping[str, bytes]) -> Row:
    """A shift with everything that a hand-over asks for."""
    service.save_facts(desk, key, {**crew, "weather": "暴雨", "risk_level": "ORANGE"})
    ticks = [service.Tick(tick.code, tick.label, ok=True) for tick in service.equipment_of("")]
    return service.save_equipment(desk, key, ticks)


def two_crews(desk: Desk, clock: FixedClock, crew: Mapping[str, bytes]) -> Hands:
    """The night of 18 June, whole, at 08:15 of the morning after; the next crew is known and has signed in."""
    changes = [desk.new("people", {"name": name, "kind": "PERSON"}) for name in DAY_AFTER.values()]
    desk.act("people.add", changes)
    taking = {post: change.row for post, change in zip(DAY_AFTER, changes, strict=True)}
    whole_shift(desk, KEY, crew)
    clock.at = MORNING
    service.save_facts(desk, NEXT, taking)

    def signed_in(_key: str) -> set[bytes]:
        return set(taking.values())

    desk.services["signed_in"] = signed_in
    return Hands(dict(crew), taking)


def incident(desk: Desk, place: str, **more: Value) -> bytes:
    """An incident that is being handled."""
    now = desk.clock.now()
    values: dict[str, Value] = {
        "happened_at": now, "received_at": now, "type": "11A02", "place": place, "text": f"{place}积水", "state": "OPEN",
        "reported_at": now, "phoned_at": now,
    }  # fmt: skip
    change = desk.new("incidents", values | more)
    desk.act("incident.add", [change])
    return change.row


def order(desk: Desk, text: str) -> bytes:
    """An instruction that waits for an answer."""
    now = desk.clock.now()
    change = desk.new(
        "log",
        {
            "happened_at": now, "recorded_at": now, "category": "INSTRUCTION", "line": "GOV", "party": "带班领导",
            "handling": "转办", "text": text, "recorder": "李示例", "due_at": now + 3_600_000,
        },
    )  # fmt: skip
    desk.act("log.add", [change])
    return change.row


def receiving(desk: Desk, name: str = "孙示例") -> Desk:
    """The desk as the receiver has it: the next primary, unless another one is named."""
    return handover.as_author(desk, next(row.id for row in desk.rows("people") if row.text("name") == name))


def accept_all(desk: Desk) -> None:
    """The receiver goes through the list, one by one."""
    receiver = receiving(desk)
    for row in handover.items_of(desk, handover.of_shift(desk, KEY)):
        if row.get("state") in ("OPEN", "QUESTIONED"):
            handover.accept(receiver, row.id)


def handed_over(desk: Desk, hands: Hands) -> Row:
    """Everything up to the takeover."""
    handover.prepare(desk, KEY)
    handover.sign_out(desk, KEY, hands.giving["primary"])
    accept_all(desk)
    return handover.take(desk, KEY, hands.taking["primary"])
