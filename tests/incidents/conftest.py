"""A desk with all ledgers, an officer and two streets; the clock stands at 2026-06-18 14:30 +08:00."""

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

NOW = parse_iso("2026-06-18 14:30")


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def desk(tmp_path: Path, clock: FixedClock) -> Iterator[Desk]:
    config = DeskConfig(desk="ab" * 16, unit="示例区应急管理局", district="330102")
    store = Store.create(Home(tmp_path / "desk"), schema(), clock, config)
    desk = Desk(store, clock, Me(), FEATURES)
    made = desk.act(
        "people.import",
        [
            desk.new("people", {"name": "示例甲"}),
            desk.new("regions", {"code": "330102011", "name": "凯旋街道"}),
            desk.new("regions", {"code": "330102013", "name": "闸弄口街道"}),
        ],
    )
    desk.me.id, desk.me.name = made.changes[0].row.hex(), "示例甲"
    yield desk
    store.close()
