"""The schedule's rules, moment by moment, and for any history."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dutydesk.core.clock import DAY, HOUR, MINUTE, parse_iso
from dutydesk.sync import schedule
from dutydesk.sync.schedule import EVERY, MADE_UP, NIGHT, ONLINE, RETRY, SHEET, Past, Rules

DESK = b"\x05" * 16
RULES = Rules()
JOINED = parse_iso("2026-11-20 12:00")
TURN = schedule.turn(RULES, DESK, parse_iso("2026-11-22 12:00"))
YESTERDAY = TURN - DAY + 2 * MINUTE
GOOD = Past(JOINED, success=YESTERDAY, began=YESTERDAY - MINUTE, ended=YESTERDAY)
FAILED = replace(GOOD, began=TURN, ended=TURN + MINUTE, failures=1)


def test_desks_have_their_turns_spread_over_the_window() -> None:
    turns = {schedule.jitter(RULES, bytes([n]) * 16) for n in range(130)}
    assert all(0 <= turn < 3 * HOUR for turn in turns)
    assert len(turns) > 80
    assert max(turns) - min(turns) > 2 * HOUR
    assert schedule.jitter(RULES, DESK) == schedule.jitter(RULES, DESK)


@pytest.mark.parametrize(
    ("start", "end", "hours"), [(120, 300, 3), (22 * 60, 120, 4), (0, 0, 24), (300, 120, 21), (0, 1, 1 / 60)]
)
def test_a_window_may_reach_over_midnight(start: int, end: int, hours: float) -> None:
    asked = Rules(start=start, end=end)
    assert schedule.length(asked) == hours * HOUR
    at = schedule.turn(asked, DESK, parse_iso("2026-11-22 12:00"))
    minute = (at + schedule.ZONE) // MINUTE % 1_440
    assert (minute - start) % 1_440 < hours * 60


@pytest.mark.parametrize(
    ("what", "now", "past", "wanted"),
    [
        ("before its turn", TURN - 1, GOOD, ""),
        ("at its turn", TURN, GOOD, NIGHT),
        ("done", TURN + HOUR, replace(GOOD, success=TURN + MINUTE, began=TURN), ""),
        ("under way", TURN + HOUR, replace(GOOD, began=TURN, ended=None), ""),
        ("cut off hours ago", TURN + 2 * HOUR, replace(GOOD, began=TURN, ended=None), MADE_UP),
        ("the machine was off until morning", TURN + 6 * HOUR, GOOD, MADE_UP),
        ("failed just now", TURN + 2 * MINUTE, FAILED, ""),
        ("failed ten minutes ago", TURN + 11 * MINUTE, FAILED, RETRY),
        ("failed twice", TURN + 11 * MINUTE, replace(FAILED, failures=2), ""),
        ("failed twice, twenty minutes ago", TURN + 21 * MINUTE, replace(FAILED, failures=2), RETRY),
        ("failed a hundred times", TURN + 61 * MINUTE, replace(FAILED, failures=100), RETRY),
        ("failed the night before, and not tried since", TURN, replace(FAILED, began=TURN - DAY), NIGHT),
        ("came to its hub after its turn", TURN + 2 * HOUR, Past(TURN + HOUR), ""),
        ("never synced", TURN, Past(JOINED), NIGHT),
    ],
)
def test_when_a_night_is_due(what: str, now: int, past: Past, wanted: str) -> None:
    assert schedule.due(RULES, DESK, now, past) == wanted, what


def test_a_hub_that_is_reached_again_is_not_waited_for() -> None:
    down = replace(FAILED, offline=True, failures=4)
    at = TURN + 3 * MINUTE
    assert schedule.due(RULES, DESK, at, down) == ""
    assert schedule.due(RULES, DESK, at, down, reachable=True) == ONLINE
    assert schedule.due(RULES, DESK, TURN + MINUTE, down, reachable=True) == "", "not without a pause"
    assert schedule.due(RULES, DESK, at, replace(down, offline=False), reachable=True) == ""


def test_the_sheet_finds_what_others_wrote() -> None:
    done = replace(GOOD, success=TURN + MINUTE, began=TURN)
    end = TURN + 6 * HOUR
    assert schedule.due(RULES, DESK, end - 21 * MINUTE, done, shift_end=end) == ""
    assert schedule.due(RULES, DESK, end - 20 * MINUTE, done, shift_end=end) == SHEET
    assert schedule.due(RULES, DESK, end, done, shift_end=end) == "", "it is over"
    assert schedule.due(replace(RULES, sheet=0), DESK, end - MINUTE, done, shift_end=end) == ""


def test_two_desks_of_a_district_meet_every_few_minutes() -> None:
    asked = replace(RULES, every=5)
    done = replace(GOOD, success=TURN + MINUTE, began=TURN)
    assert schedule.due(asked, DESK, TURN + 5 * MINUTE, done) == ""
    assert schedule.due(asked, DESK, TURN + 6 * MINUTE, done) == EVERY
    failed = replace(done, began=TURN + 6 * MINUTE, ended=TURN + 6 * MINUTE, failures=1)
    assert schedule.due(asked, DESK, TURN + 10 * MINUTE, failed) == ""
    assert schedule.due(asked, DESK, TURN + 11 * MINUTE, failed) == RETRY


def test_a_night_without_a_run_is_noted_once() -> None:
    morning = TURN + schedule.length(RULES)
    assert schedule.missed(RULES, DESK, TURN + MINUTE, GOOD) is None, "the night is not over"
    assert schedule.missed(RULES, DESK, morning, GOOD) == TURN
    assert schedule.missed(RULES, DESK, morning, replace(GOOD, noted=TURN)) is None
    assert schedule.missed(RULES, DESK, morning, FAILED) is None, "it was tried"
    assert schedule.missed(RULES, DESK, morning, Past(TURN + 1)) is None, "there was no hub then"


@pytest.mark.parametrize(("hours", "wanted"), [(25, False), (26, False), (27, True)])
def test_silence_is_counted_from_the_last_good_run_or_from_joining(hours: int, wanted: bool) -> None:
    assert schedule.silent(RULES, YESTERDAY + hours * HOUR, GOOD) is wanted
    assert schedule.silent(RULES, JOINED + hours * HOUR, Past(JOINED, failures=9)) is wanted


@settings(max_examples=40)
@given(
    start=st.integers(0, 1_439),
    end=st.integers(0, 1_439),
    every=st.sampled_from((0, 5, 60)),
    desk=st.binary(min_size=16, max_size=16),
    works=st.lists(st.booleans(), min_size=2, max_size=40),
)
def test_every_day_is_synced_unless_all_of_it_fails(
    start: int, end: int, every: int, desk: bytes, works: list[bool]
) -> None:
    """Minute by minute over three days: a run follows within an hour of any failure, and no good night is repeated."""
    asked = Rules(start=start, end=end, every=every)
    past, runs = Past(JOINED), 0
    for now in range(JOINED, JOINED + 3 * DAY, 5 * MINUTE):
        wanted = schedule.due(asked, desk, now, past)
        assert schedule.following(asked, desk, now, past) >= now
        if not wanted:
            waits = past.failures and past.began is not None and past.ended is not None
            slot = schedule.turn(asked, desk, now)
            if waits and past.began >= slot > JOINED and (past.success or 0) < slot:  # type: ignore[operator]
                assert now - past.ended < HOUR  # type: ignore[operator]
            continue
        good = works[runs % len(works)]
        runs += 1
        if good:
            past = Past(JOINED, success=now, began=now, ended=now)
        else:
            past = replace(past, began=now, ended=now, failures=past.failures + 1)
    if any(works):
        assert past.success is not None
        assert JOINED + 3 * DAY - past.success <= DAY + len(works) * HOUR
    if all(works) and not every:
        assert runs <= 4
