"""The rules of shifts and of the hand-over 交接班, pure (domain.md §3.7).

Which shift a moment belongs to stands in `core.turns`, for the roster asks the same. The rest is what may be done with
a hand-over and with each of its items, and what stands against a signature. Both tables are whole: what is not in them
is refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import N_, _
from dutydesk.core.turns import Part, Pattern, Shift, next_shift, pattern, shift_label, shift_of, shift_on

Deed = Literal["prepare", "refresh", "joint", "sign_out", "review", "take", "emergency", "countersign"]
MOVES: dict[tuple[str, Deed], str] = {
    ("", "prepare"): "PREPARED",
    ("", "emergency"): "EMERGENCY",
    ("PREPARED", "refresh"): "PREPARED",
    ("PREPARED", "joint"): "PREPARED",
    ("PREPARED", "sign_out"): "SIGNED_OUT",
    ("PREPARED", "emergency"): "EMERGENCY",
    ("SIGNED_OUT", "joint"): "SIGNED_OUT",
    ("SIGNED_OUT", "review"): "SIGNED_OUT",
    ("SIGNED_OUT", "take"): "TAKEN_OVER",
    ("SIGNED_OUT", "emergency"): "EMERGENCY",
    ("TAKEN_OVER", "countersign"): "COUNTERSIGNED",
    ("EMERGENCY", "review"): "EMERGENCY",
    ("EMERGENCY", "joint"): "EMERGENCY",
    ("EMERGENCY", "sign_out"): "EMERGENCY",
    ("EMERGENCY", "take"): "EMERGENCY",
    ("EMERGENCY", "countersign"): "COUNTERSIGNED",
}
"""State of a hand-over and what is done → its next state; '' is a shift without one. A one-sided hand-over stays
`EMERGENCY`, whoever signs later, until the leader has counter-signed it."""
WHY_NOT: dict[str, str] = {
    "": N_("这一班还没有开始交接"),
    "PREPARED": N_("交班人还没有签字"),
    "SIGNED_OUT": N_("交班人已签字，事项不再改动"),
    "TAKEN_OVER": N_("已经交接，只等带班领导签字"),
    "COUNTERSIGNED": N_("这一班的交接已经完成"),
    "EMERGENCY": N_("这一班已作单方交接"),
}
ItemDeed = Literal["answer", "accept", "question", "done", "reopen"]
ITEM_MOVES: dict[tuple[str, ItemDeed], str] = {
    ("OPEN", "answer"): "OPEN",
    ("OPEN", "accept"): "ACCEPTED",
    ("OPEN", "question"): "QUESTIONED",
    ("OPEN", "done"): "DONE",
    ("ACCEPTED", "question"): "QUESTIONED",
    ("QUESTIONED", "answer"): "ANSWERED",
    ("QUESTIONED", "accept"): "ACCEPTED",
    ("ANSWERED", "answer"): "ANSWERED",
    ("ANSWERED", "accept"): "ACCEPTED",
    ("ANSWERED", "question"): "QUESTIONED",
    ("DONE", "reopen"): "OPEN",
}
"""State of an item and what is done → its next state. `done` and `reopen` are the record's own, never a person's: what
is open leaves the sheet only by being settled where it belongs. `KEPT` has no way out: an incident that arrived while
the desk was handed over stays with those who took the call."""
SETTLED = ("ACCEPTED", "ANSWERED", "DONE", "KEPT")
"""States of an item that do not stand against the receiver's signature."""
Step = Literal["CHECK", "SIGN_OUT", "REVIEW", "TAKE", "COUNTERSIGN", "PRINT", "FINISHED"]
STEPS: tuple[tuple[Step, str], ...] = (
    ("CHECK", N_("核对")),
    ("SIGN_OUT", N_("交班签字")),
    ("REVIEW", N_("逐项确认")),
    ("TAKE", N_("接班签字")),
    ("COUNTERSIGN", N_("带班签字")),
    ("PRINT", N_("打印")),
)


def move(state: str, deed: Deed) -> str:
    """The state after `deed`. Raises `Refused` for what may not be done in this state."""
    following = MOVES.get((state, deed))
    if following is None:
        raise Refused(Problem(_(WHY_NOT.get(state, WHY_NOT[""])), "state"))
    return following


def item_move(state: str, deed: ItemDeed) -> str:
    """The state of an item after `deed`. Raises `Refused`."""
    following = ITEM_MOVES.get((state, deed))
    if following is None:
        told = {"DONE": _("这一项已经办结"), "KEPT": _("这一项由交班组处置，不用确认")}
        raise Refused(Problem(told.get(state, _("这一项现在不能这样做")), "state"))
    return following


def unsettled(states: Iterable[str]) -> int:
    """How many items the receiver has neither accepted nor had answered."""
    return sum(state not in SETTLED for state in states)


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands against a signature, as the record has it now.

    `missing`: labels of what the outgoing shift has not filled in (crew, weather, risk level, equipment); `crew`: posts
    of the incoming shift without a name; `absent`: names of the incoming crew who have not signed in; `major`: open
    incidents marked major or of a grade that asks for joint handling; `joint`: how they are handled together; `items`:
    states of all items.
    """

    missing: tuple[str, ...] = ()
    crew: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    major: tuple[str, ...] = ()
    joint: str = ""
    items: tuple[str, ...] = ()


def before_giving(standing: Standing) -> list[Problem]:
    """What stands against the outgoing crew's signature: an empty field; a major matter without joint handling."""
    problems: list[Problem] = []
    if standing.missing:
        problems.append(Problem(_("本班还没有填：{what}").format(what=_("、").join(standing.missing)), "missing"))
    if standing.major and not standing.joint.strip():
        told = _("、").join(standing.major)
        problems.append(Problem(_("重大事项处置中，先写明怎样共同处置：{what}").format(what=told), "joint"))
    return problems


def before_taking(standing: Standing) -> list[Problem]:
    """What stands against the incoming crew's signature: all of the above; no names, or a crew that is not there yet;
    an item that is neither accepted nor answered."""
    problems = before_giving(standing)
    if standing.crew:
        what = _("、").join(standing.crew)
        problems.append(Problem(_("接班班次还没有填：{what}").format(what=what), "crew"))
    if standing.absent:
        who = _("、").join(standing.absent)
        problems.append(Problem(_("接班人员还没有签到：{who}").format(who=who), "absent"))
    left = unsettled(standing.items)
    if left:
        problems.append(Problem(_("还有 {left} 项没有确认").format(left=left), "items"))
    return problems


def step(
    state: str,
    items: Iterable[str] = (),
    *,
    checked: bool = False,
    taken: bool = True,
    printed: bool = False,
    later: bool = False,
) -> Step:
    """What is to be done next.

    `checked`: the outgoing officer has gone through the list; `taken`: whether a one-sided hand-over has the signature
    of the incoming side; `later`: the leader will counter-sign later.
    """
    if state in ("", "PREPARED"):
        return "SIGN_OUT" if state and checked else "CHECK"
    if state == "SIGNED_OUT" or (state == "EMERGENCY" and not taken):
        return "REVIEW" if state == "SIGNED_OUT" and unsettled(items) else "TAKE"
    if state != "COUNTERSIGNED" and not later:
        return "COUNTERSIGN"
    return "FINISHED" if printed else "PRINT"


__all__ = [
    "ITEM_MOVES", "MOVES", "SETTLED", "STEPS", "Deed", "ItemDeed", "Part", "Pattern", "Shift", "Standing", "Step",
    "before_giving", "before_taking", "item_move", "move", "next_shift", "pattern", "shift_label", "shift_of",
    "shift_on", "step", "unsettled",
]  # fmt: skip
