"""A desk with all ledgers, an officer and two streets; the clock stands at 2026-06-18 14:30 +08:00."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dutydesk.core.clock import FixedClock, parse_iso
from dutydesk.journal.desk import Desk
from tests.desks import a_desk, sit

NOW = parse_iso("2026-06-18 14:30")
STREETS = (("330102011", "凯旋街道"), ("330102013", "闸弄口街道"))


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def desk(tmp_path: Path, clock: FixedClock) -> Iterator[Desk]:
    with a_desk(tmp_path / "desk", clock) as made:
        sit(made, "示例甲", *(("regions", {"code": code, "name": name}) for code, name in STREETS))
        yield made
