"""A desk with all ledgers; the clock stands at 2026-06-18 14:30 +08:00."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dutydesk.core.clock import FixedClock, parse_iso
from dutydesk.journal.desk import Desk
from tests.desks import a_desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with a_desk(tmp_path / "desk", FixedClock(parse_iso("2026-06-18 14:30"))) as made:
        yield made
