"""`dutydesk handover status`: how far a hand-over is, for scripts and for whoever looks in from elsewhere."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from dutydesk.core.clock import iso
from dutydesk.core.i18n import _
from dutydesk.journal.desk import Desk
from dutydesk.ledger.kinds import choice_label
from dutydesk.shifts import handover, pending, rules, seals, service
from dutydesk.shifts.ledger import HANDOVERS


def status(desk: Desk, shift: str = "") -> dict[str, Any]:
    """How far the hand-over of a shift is, of the one that is due by default. Codes as codes, times ISO 8601 +08:00."""
    key = shift or handover.shift_for(desk, desk.clock.now())
    both = handover.parties(desk, key)
    key = service.key_of(both.shift)
    held = handover.of_shift(desk, key)
    items = handover.items_of(desk, held)
    standing = handover.standing(desk, key)
    with desk.store.read() as connection:
        sealed = seals.seal_of(connection, held)
        printed = pending.sheet_printed(connection, key)
    state = held.text("state") if held is not None else ""
    taken = held is not None and held.get("taken_at") is not None
    against = rules.before_taking(standing) if state in ("SIGNED_OUT", "EMERGENCY") else rules.before_giving(standing)

    def when(name: str) -> str | None:
        return iso(held.number(name)) if held is not None and held.get(name) is not None else None

    def who(name: str) -> str | None:
        person = held.get(name) if held is not None else None
        return desk.title("people", person) if isinstance(person, bytes) else None

    return {
        "shift": key,
        "next_shift": service.key_of(both.following),
        "state": state or None,
        "step": rules.step(state, standing.items, taken=taken, printed=printed),
        "giver": who("giver"),
        "given_at": when("given_at"),
        "taker": who("taker"),
        "taken_at": when("taken_at"),
        "leader": who("leader"),
        "countersigned_at": when("countersigned_at"),
        "joint": held.get("joint") if held is not None else None,
        "reason": held.get("reason") if held is not None else None,
        "unsettled": rules.unsettled(standing.items),
        "items": [
            {
                "id": row.id.hex(),
                "block": row.get("block"),
                "title": row.get("title"),
                "due_at": iso(row.number("due_at")) if row.get("due_at") is not None else None,
                "state": row.get("state"),
                "answer": row.get("answer"),
                "question": row.get("question"),
            }
            for row in items
        ],
        "problems": [] if taken else [{"field": one.field, "reason": one.reason} for one in against],
        "seal": None
        if sealed is None
        else {
            "desk": sealed.desk.hex(),
            "epoch": sealed.epoch,
            "seq": sealed.seq,
            "hash": sealed.head,
            "at": iso(sealed.at),
            "sheet": seals.sheet_of(sealed, desk.config.district, key).code(),
        },
        "printed": printed,
        "unprinted": pending.unprinted_sheets(desk),
    }


def run(desk: Desk, args: argparse.Namespace) -> int:
    """`handover status [--shift DATE[/CODE]] [--json]`"""
    told = status(desk, args.shift)
    if args.json:
        sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
        return 0
    state = choice_label(told["state"], HANDOVERS["state"]) if told["state"] else _("还没有开始")
    lines = [_("{shift} 交接班：{state}").format(shift=told["shift"], state=state)]
    lines += [str(problem["reason"]) for problem in told["problems"]]
    lines += [_("未打印：{shift}").format(shift=shift) for shift in told["unprinted"]]
    sys.stdout.write("\n".join(lines) + "\n")
    return 0
