from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dutydesk.accounts import rules
from dutydesk.accounts.rules import Attempt, Policy
from dutydesk.core.clock import MINUTE
from dutydesk.core.reference import rows

POLICY = rules.policy_of(rows("roles", "setting"), {})


def test_the_numbers_of_the_reference_data() -> None:
    assert Policy(6, 8, 5, 15, 15, 10, 2, 19456, 1) == POLICY


@pytest.mark.parametrize(
    ("text", "held"),
    [("3", 3), ("10", 10), ("2", 5), ("11", 5), ("", 5), ("-4", 5), ("4.0", 5), ("五", 5), ("٤", 5), ("9" * 40, 5)],
)
def test_a_setting_within_its_bounds_is_taken_and_any_other_changes_nothing(text: str, held: int) -> None:
    assert rules.policy_of(rows("roles", "setting"), {"account.lock_tries": text}).lock_tries == held


@pytest.mark.parametrize("row", rows("roles", "setting"), ids=lambda row: row["code"])
def test_every_number_is_a_setting_with_bounds_around_it(row: dict[str, int]) -> None:
    assert row["least"] <= row["value"] <= row["most"]
    other = rules.policy_of(rows("roles", "setting"), {f"account.{str(row['code']).lower()}": str(row["most"])})
    assert getattr(other, str(row["code"]).lower()) == row["most"]
    assert len(rows("roles", "setting")) == len(dataclasses.fields(Policy))


@pytest.mark.parametrize(
    ("pin", "wrong"),
    [
        ("27182", "太短：至少 6 位"),
        ("271828", ""),
        ("a27182", "太短：至少 8 位"),
        ("a2718281", ""),
        ("", "太短：至少 8 位"),
        ("9" + "0718" * 16, "太长：最多 64 位"),
        ("27 1828", "只用数字、英文字母和符号，不含空格"),
        ("２７１８２８", "只用数字、英文字母和符号，不含空格"),
        ("口令口令口令口令", "只用数字、英文字母和符号，不含空格"),
        ("27182\t8x9", "只用数字、英文字母和符号，不含空格"),
    ],
)
def test_what_a_pin_may_be(pin: str, wrong: str) -> None:
    assert rules.pin_problem(pin, POLICY) == wrong


@pytest.mark.parametrize(
    "pin",
    [
        "123456", "654321", "234567", "890123", "000000", "121212", "123123", "112233", "123321", "321123", "111222",
        "qwertyui", "QWERTYUI", "abcdefgh", "1qaz2wsx", "abc12345", "qwe12345", "password", "abcdabcd", "aabbccdd",
    ],
)  # fmt: skip
def test_what_everybody_would_try_is_refused(pin: str) -> None:
    assert rules.pin_problem(pin, POLICY) == "太容易猜：不用连号、重复或常见的"


@pytest.mark.parametrize("pin", ["271828", "130527", "902714", "Grn7-lamp", "x9!kkT2w"])
def test_an_ordinary_pin_is_taken(pin: str) -> None:
    assert rules.pin_problem(pin, POLICY) == ""


def failures(*minutes: float) -> list[Attempt]:
    return [Attempt(round(minute * MINUTE), ok=False) for minute in minutes]


SECOND = 1 / 60


@pytest.mark.parametrize(
    ("attempts", "now", "until"),
    [
        ([], 0, 0),
        (failures(0, 1, 2, 3), 3, 0),
        (failures(0, 1, 2, 3, 4), 4, 19),
        (failures(0, 1, 2, 3, 4), 19 - SECOND, 19),
        (failures(0, 1, 2, 3, 4), 19, 0),
        (failures(0, 1, 2, 3, 15), 15, 30),  # exactly the window apart
        (failures(0, 1, 2, 3, 15 + SECOND), 16, 0),  # the first one is out of it
        (failures(0, 1, 2, 3, 15 + SECOND, 15 + 2 * SECOND), 16, 30 + 2 * SECOND),
        (failures(0, 0, 0, 0, 0), 0, 15),
        ([*failures(0, 1, 2, 3), Attempt(round(3.5 * MINUTE), ok=True), *failures(4)], 4, 0),
        ([*failures(0, 1, 2, 3, 4), Attempt(5 * MINUTE, ok=True)], 5, 0),  # a new PIN by two persons
        (failures(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 18), 18, 19),  # what is tried meanwhile does not prolong it
        (failures(0, 1, 2, 3, 4, 19), 19, 0),  # and the count begins anew
        (failures(0, 1, 2, 3, 4, 19, 20, 21, 22, 23), 23, 38),
    ],
)
def test_when_failures_lock_and_for_how_long(attempts: list[Attempt], now: float, until: float) -> None:
    assert rules.locked_until(attempts, POLICY, round(now * MINUTE)) == round(until * MINUTE)


@pytest.mark.parametrize(("failed", "left"), [(0, 5), (1, 4), (4, 1), (5, 0)])
def test_how_many_tries_are_left(failed: int, left: int) -> None:
    assert rules.tries_left(failures(*range(failed)), POLICY, failed * MINUTE) == left


@given(st.lists(st.tuples(st.integers(0, 60 * MINUTE), st.booleans()), max_size=40), st.integers(0, 90 * MINUTE))
def test_a_lock_is_never_longer_than_the_rule_says(tried: list[tuple[int, bool]], now: int) -> None:
    attempts = [Attempt(at, ok) for at, ok in sorted(tried)]
    until = rules.locked_until(attempts, POLICY, now)
    last = max((attempt.at for attempt in attempts), default=0)
    assert until == 0 or now < until <= last + POLICY.lock_ms
    assert rules.locked_until([*attempts, Attempt(last, ok=True)], POLICY, now) == 0


ONE, TWO = b"1" * 16, b"2" * 16


@pytest.mark.parametrize(
    ("accounts", "role", "active", "last"),
    [
        ({ONE: ("ADMIN", True)}, "ADMIN", False, True),
        ({ONE: ("ADMIN", True)}, "OFFICER", True, True),
        ({ONE: ("ADMIN", True)}, "ADMIN", True, False),
        ({ONE: ("ADMIN", True), TWO: ("ADMIN", True)}, "ADMIN", False, False),
        ({ONE: ("ADMIN", True), TWO: ("ADMIN", False)}, "ADMIN", False, True),
        ({ONE: ("ADMIN", True), TWO: ("LEADER", True)}, "VIEWER", True, True),
        ({TWO: ("ADMIN", True)}, "OFFICER", True, False),
        ({}, "OFFICER", True, False),
    ],
)
def test_somebody_must_administer(accounts: dict[bytes, tuple[str, bool]], role: str, active: bool, last: bool) -> None:
    assert rules.last_admin(accounts, ONE, role, active) is last
