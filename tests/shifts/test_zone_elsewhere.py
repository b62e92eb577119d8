"""A machine whose own zone changes its clocks: a shift is as long as ever, and every moment belongs to the same one."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dutydesk.core.clock import HOUR, MINUTE, FixedClock, iso, parse_iso
from dutydesk.core.reference import reference
from dutydesk.roster.rules import midnight
from dutydesk.shifts import rules, service
from tests.desks import a_desk

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot set the zone of one process")
CHANGES = [
    ("Europe/Berlin", "2026-03-29"),
    ("Europe/Berlin", "2026-10-25"),
    ("America/New_York", "2026-03-08"),
    ("America/New_York", "2026-11-01"),
    ("Australia/Lord_Howe", "2026-04-05"),
]


@pytest.fixture(params=CHANGES, ids=lambda one: f"{one[0]} {one[1]}")
def day(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The day on which the zone of this process changes its clocks."""
    zone, when = request.param
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    yield when
    monkeypatch.undo()
    time.tzset()


def test_the_zone_does_change_here(day: str) -> None:
    start = midnight(day) // 1_000
    offsets = {time.localtime(start + n * 3_600).tm_gmtoff for n in range(-24, 49)}
    assert len(offsets) == 2


@pytest.mark.parametrize("code", ["H24_0830", "DAY_NIGHT", "THREE_8H"])
def test_shifts_are_as_long_as_ever_and_have_no_gap(day: str, code: str) -> None:
    pattern = rules.pattern(code, reference("duty"))
    at = midnight(day) - 24 * HOUR
    until = at + 72 * HOUR
    shift = rules.shift_of(at, pattern)
    lengths = {
        "H24": 24,
        "DAY": 9 if code == "DAY_NIGHT" else 8,
        "NIGHT": 15 if code == "DAY_NIGHT" else 8,
        "EVENING": 8,
    }
    while shift.end < until:
        assert shift.end - shift.start == lengths[shift.code] * HOUR
        for moment in (shift.start, shift.start + 30 * MINUTE, shift.end - 1):
            assert rules.shift_of(moment, pattern) == shift
        after = rules.next_shift(shift, pattern)
        assert after.start == shift.end
        shift = after


def test_the_running_shift_of_a_desk_keeps_its_wall_clock(day: str, tmp_path: Path) -> None:
    clock = FixedClock(parse_iso(f"{day} 08:30"))
    with a_desk(tmp_path / "desk", clock) as desk:
        row = service.ensure(desk, clock.at)
        assert iso(row.number("starts_at")) == f"{day}T08:30:00+08:00"
        assert row.number("ends_at") - row.number("starts_at") == 24 * HOUR
        clock.at = row.number("ends_at") - 1
        assert service.ensure(desk, clock.at).id == row.id
        clock.at += 1
        assert service.ensure(desk, clock.at).id != row.id
