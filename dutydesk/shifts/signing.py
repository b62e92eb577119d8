"""What a signature of the hand-over asks for, and what the page says at each step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dutydesk.core.clock import local
from dutydesk.core.i18n import _
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Row
from dutydesk.ledger.spec import Value, Values
from dutydesk.shifts import handover, rules


@dataclass(frozen=True, slots=True)
class Asked:
    """Who signs by default, of whom, and what else is asked: a PIN, how a major matter is handled together (None for no
    such line), the next crew as far as it is known (None where it is whole)."""

    person: bytes | None
    crew: Sequence[bytes]
    pin: bool
    joint: str | None = None
    following: Values | None = None


def here(desk: Desk) -> bytes:
    """Who sits at the desk, empty for nobody who is in the address book."""
    return bytes.fromhex(desk.me.id) if len(desk.me.id) == 32 else b""


def asked(desk: Desk, key: str, held: Row | None, wanted: str, receiver: bytes | None) -> Asked:
    """What is asked at a step (`EMERGENCY` for one side alone); `receiver` went through the items."""
    both = handover.parties(desk, key)
    joint = held.text("joint") if held is not None else ""
    asks_joint = bool(joint) or bool(handover.major(desk))
    pin = handover.with_pin(desk)
    if wanted == "COUNTERSIGN":
        rows = (both.following_row, both.row)
        leaders = [value for row in rows if row is not None and isinstance(value := row.get("leader"), bytes)]
        return Asked(leaders[0] if leaders else None, leaders, pin)
    if wanted == "SIGN_OUT":
        crew = _crew(both.row, both.outgoing)
        return Asked(_signer(desk, held, crew), crew, pin, joint if asks_joint else None)
    taking = _crew(both.following_row, both.incoming)
    taking += sorted(both.there - set(taking))
    crew = [*taking, *_crew(both.row, both.outgoing)] if wanted == "EMERGENCY" else taking
    values: Values = both.following_row.values if both.following_row is not None else {}
    lacking = values.get("leader") is None or values.get("primary") is None
    return Asked(
        receiver or _signer(desk, held, crew),
        crew,
        pin,
        joint if asks_joint and wanted == "TAKE" else None,
        values if lacking else None,
    )


def _crew(row: Row | None, crew: frozenset[bytes]) -> list[bytes]:
    """A shift's people, those in the room first."""
    order = [row.get(name) for name in ("primary", "secondary", "leader")] if row is not None else []
    first = [person for person in order if isinstance(person, bytes)]
    return [*dict.fromkeys(first), *sorted(crew - set(first))]


def _signer(desk: Desk, held: Row | None, crew: Sequence[bytes]) -> bytes | None:
    """Whoever sits at the desk if that person belongs to the crew, else the first of it who has not signed."""
    signed: set[Value] = {held.get(name) for name in ("giver", "taker")} if held is not None else set()
    me = here(desk)
    free = [person for person in crew if person not in signed]
    return me if me in free else free[0] if free else None


def hint(desk: Desk, held: Row | None, step: rules.Step, receiver: bytes | None, *, alone: bool) -> str:
    """One line over the items: who has signed, and what is done now."""
    if alone or held is None:
        return _("只有一方在场：写明原因签字，对方和带班领导以后补签")
    if step == "PRINT" and held.get("countersigned_at") is None:
        return _("带班领导以后再签；先打印，三方在纸上签名")
    signed = [
        _("{name} {time} {what}").format(
            name=desk.title("people", person), time=local(held.number(when)).strftime("%H:%M"), what=what
        )
        for who, when, what in (
            ("giver", "given_at", _("已交")),
            ("taker", "taken_at", _("已接")),
            ("leader", "countersigned_at", _("已签")),
        )
        if isinstance(person := held.get(who), bytes) and held.get(when) is not None
    ]
    hints = {
        "CHECK": _("逐项核对：回车写答复，O 去看那件事；办完的自己划去"),
        "SIGN_OUT": _("交班人签字后，事项不再改动"),
        "REVIEW": _review(desk, receiver),
        "TAKE": _("接班人签字的时间就是接班时间"),
        "COUNTERSIGN": _("带班领导签字，也可以以后再签"),
        "PRINT": _("打印后三方在纸上签名"),
        "FINISHED": _("交接已完成"),
    }
    if held.get("state") == "EMERGENCY":
        signed.insert(0, _("单方交接：{reason}").format(reason=held.text("reason")))
    return _(" · ").join([*signed, hints[step]])


def _review(desk: Desk, receiver: bytes | None) -> str:
    if receiver is None:
        return _("接班人先写明是谁，再逐项接收")
    name = desk.title("people", receiver)
    return _("接班人 {name} 逐项：回车接收，Q 提问，A 答复").format(name=name)


def answer_line(desk: Desk, key: str, asked: str) -> tuple[str, bool]:
    """What stands before the line in which the giver answers what was asked, and whether a PIN is wanted: where
    somebody else sits there and accounts are in force."""
    person = handover.answering(desk, key)
    name = desk.title("people", person) if person is not None else _("交班人")
    what = _("{name}答复“{question}”").format(name=name, question=asked if len(asked) <= 12 else f"{asked[:11]}…")
    return what, person is not None and person != here(desk) and handover.with_pin(desk)
