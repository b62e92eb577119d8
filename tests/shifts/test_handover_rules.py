"""The state machine of a hand-over and of its items, cell by cell; what stands against a signature."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import get_args

import pytest

from dutydesk.core.errors import Refused
from dutydesk.shifts import rules
from dutydesk.shifts.ledger import HANDOVER_STATES, ITEM_STATES
from dutydesk.shifts.rules import Standing

STATES = ("", *(choice.code for choice in HANDOVER_STATES))
DEEDS = get_args(rules.Deed)
# One line a state; a deed that is not named is refused.
TABLE = {
    "": {"prepare": "PREPARED", "emergency": "EMERGENCY"},
    "PREPARED": {
        "refresh": "PREPARED", "joint": "PREPARED", "sign_out": "SIGNED_OUT", "emergency": "EMERGENCY",
    },
    "SIGNED_OUT": {
        "joint": "SIGNED_OUT", "review": "SIGNED_OUT", "take": "TAKEN_OVER", "emergency": "EMERGENCY",
    },
    "TAKEN_OVER": {"countersign": "COUNTERSIGNED"},
    "COUNTERSIGNED": {},
    "EMERGENCY": {
        "review": "EMERGENCY", "joint": "EMERGENCY", "sign_out": "EMERGENCY", "take": "EMERGENCY",
        "countersign": "COUNTERSIGNED",
    },
}  # fmt: skip


@pytest.mark.parametrize(("state", "deed"), list(itertools.product(STATES, DEEDS)))
def test_every_deed_in_every_state(state: str, deed: rules.Deed) -> None:
    wanted = TABLE[state].get(deed)
    if wanted is None:
        with pytest.raises(Refused) as refused:
            rules.move(state, deed)
        assert refused.value.problems[0].reason
    else:
        assert rules.move(state, deed) == wanted


ITEMS = {
    "OPEN": {"answer": "OPEN", "accept": "ACCEPTED", "question": "QUESTIONED", "done": "DONE"},
    "ACCEPTED": {"question": "QUESTIONED"},
    "QUESTIONED": {"answer": "ANSWERED", "accept": "ACCEPTED"},
    "ANSWERED": {"answer": "ANSWERED", "accept": "ACCEPTED", "question": "QUESTIONED"},
    "DONE": {"reopen": "OPEN"},
    "KEPT": {},
}


@pytest.mark.parametrize(
    ("state", "deed"), list(itertools.product([choice.code for choice in ITEM_STATES], get_args(rules.ItemDeed)))
)
def test_every_deed_with_every_item(state: str, deed: rules.ItemDeed) -> None:
    wanted = ITEMS[state].get(deed)
    if wanted is None:
        with pytest.raises(Refused):
            rules.item_move(state, deed)
    else:
        assert rules.item_move(state, deed) == wanted


def test_no_deed_of_a_person_takes_an_item_off() -> None:
    by_people = [deed for deed in get_args(rules.ItemDeed) if deed not in ("done", "reopen")]
    assert not any(rules.ITEM_MOVES.get((state, deed)) == "DONE" for state in ITEMS for deed in by_people)


@pytest.mark.parametrize(
    ("state", "settled"),
    [("OPEN", False), ("QUESTIONED", False), ("ACCEPTED", True), ("ANSWERED", True), ("DONE", True), ("KEPT", True)],
)
def test_what_stands_against_the_second_signature(state: str, settled: bool) -> None:
    assert (rules.unsettled([state]) == 0) is settled
    assert bool(rules.before_taking(Standing(items=(state,)))) is not settled


FINE = Standing(items=("ACCEPTED",))


@pytest.mark.parametrize(
    ("standing", "giving", "taking"),
    [
        (FINE, set[str](), set[str]()),
        (replace(FINE, missing=("天气",)), {"missing"}, {"missing"}),
        (replace(FINE, major=("某地滑坡",)), {"joint"}, {"joint"}),
        (replace(FINE, major=("某地滑坡",), joint="  "), {"joint"}, {"joint"}),
        (replace(FINE, major=("某地滑坡",), joint="交班组留守"), set[str](), set[str]()),
        (replace(FINE, crew=("主班",)), set[str](), {"crew"}),
        (replace(FINE, absent=("钱示例",)), set[str](), {"absent"}),
        (replace(FINE, items=("OPEN",)), set[str](), {"items"}),
        (
            Standing(("天气",), ("主班",), ("钱示例",), ("某地滑坡",), "", ("OPEN", "QUESTIONED")),
            {"missing", "joint"},
            {"missing", "joint", "crew", "absent", "items"},
        ),
    ],
)
def test_each_refusal_names_its_reason(standing: Standing, giving: set[str], taking: set[str]) -> None:
    assert {problem.field for problem in rules.before_giving(standing)} == giving
    assert {problem.field for problem in rules.before_taking(standing)} == taking
    for problem in rules.before_taking(standing):
        assert problem.reason


@pytest.mark.parametrize(
    ("state", "items", "more", "wanted"),
    [
        ("", (), {}, "CHECK"),
        ("", (), {"checked": True}, "CHECK"),
        ("PREPARED", ("OPEN",), {}, "CHECK"),
        ("PREPARED", ("OPEN",), {"checked": True}, "SIGN_OUT"),
        ("SIGNED_OUT", ("OPEN", "ACCEPTED"), {}, "REVIEW"),
        ("SIGNED_OUT", ("QUESTIONED",), {}, "REVIEW"),
        ("SIGNED_OUT", ("ANSWERED", "KEPT", "DONE"), {}, "TAKE"),
        ("SIGNED_OUT", (), {}, "TAKE"),
        ("TAKEN_OVER", (), {}, "COUNTERSIGN"),
        ("TAKEN_OVER", (), {"later": True}, "PRINT"),
        ("TAKEN_OVER", (), {"later": True, "printed": True}, "FINISHED"),
        ("COUNTERSIGNED", (), {}, "PRINT"),
        ("COUNTERSIGNED", (), {"printed": True}, "FINISHED"),
        ("EMERGENCY", ("OPEN",), {"taken": False}, "TAKE"),
        ("EMERGENCY", ("OPEN",), {"taken": True}, "COUNTERSIGN"),
    ],
)
def test_there_is_one_next_step(state: str, items: tuple[str, ...], more: dict[str, bool], wanted: str) -> None:
    assert rules.step(state, items, **more) == wanted
