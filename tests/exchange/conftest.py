"""A desk with all ledgers; the clock stands at 2026-06-18 14:30 +08:00."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dutydesk.core.clock import FixedClock, parse_iso
from dutydesk.core.paths import Home
from dutydesk.core.settings import DeskConfig
from dutydesk.features import FEATURES, schema
from dutydesk.journal.desk import Desk, Me
from dutydesk.journal.store import Store


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    clock = FixedClock(parse_iso("2026-06-18 14:30"))
    config = DeskConfig(desk="ab" * 16, district="330102", unit="示例区应急管理局")
    with Store.create(Home(tmp_path / "desk"), schema(), clock, config) as store:
        yield Desk(store, clock, Me(), FEATURES)
