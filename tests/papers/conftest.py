"""A desk in a night without electricity: sheets are printed at 02:00, the lights are out from 02:10 to 02:35."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dutydesk.core.clock import FixedClock, parse_iso
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Row
from dutydesk.papers import outages, service
from tests.desks import a_desk, sit
from tests.plaindesk import window

__all__ = ("window",)
PRINTED = parse_iso("2026-11-22 02:00")
BEGUN = parse_iso("2026-11-22 02:10")
ENDED = parse_iso("2026-11-22 02:35")
TYPED = parse_iso("2026-11-22 02:50")
CALL: dict[str, Any] = {
    "happened_at": parse_iso("2026-11-22 02:15"),
    "category": "PHONE_IN",
    "party": "示例街道",
    "text": "小区停电，电梯困2人",
}


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(PRINTED)


@pytest.fixture
def desk(tmp_path: Path, clock: FixedClock) -> Iterator[Desk]:
    with a_desk(tmp_path / "desk", clock, desk="cd" * 16) as made:
        sit(made, "李示例")
        yield made


@pytest.fixture
def outage(desk: Desk, clock: FixedClock) -> Row:
    """Three sheets of the log and two telephone records were printed; the outage is over, the clock at 02:50."""
    service.print_blanks(desk, "P02", 3)
    service.print_blanks(desk, "TEL", 2)
    clock.at = BEGUN
    outages.begin(desk, text="进线跳闸")
    clock.at = ENDED
    made = outages.end(desk, measures="启用发电机，手工记录", reported_to="区政府总值班室")
    clock.at = TYPED
    return made
