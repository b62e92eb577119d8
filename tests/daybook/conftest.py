"""A desk with all ledgers, an officer, a street and an incident; the clock stands at 2026-11-22 14:07:32 +08:00."""

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
def clock() -> FixedClock:
    return FixedClock(parse_iso("2026-11-22 14:07:32"))


@pytest.fixture
def desk(tmp_path: Path, clock: FixedClock) -> Iterator[Desk]:
    config = DeskConfig(desk="cd" * 16, unit="示例区应急管理局", district="330102")
    store = Store.create(Home(tmp_path / "desk"), schema(), clock, config)
    desk = Desk(store, clock, Me(), FEATURES)
    unit = desk.new("units", {"name": "示例街道办事处", "short": "示例街道", "duty_phone": "0571-00000151"})
    person = desk.new("people", {"name": "张示例", "unit": unit.row})
    made = desk.act(
        "people.import",
        [
            desk.new("people", {"name": "甲示例"}),
            unit,
            person,
            desk.new(
                "numbers", {"person": person.row, "order": 1, "kind": "MOBILE", "number": "19900000001", "state": "BAD"}
            ),
            desk.new(
                "numbers", {"person": person.row, "order": 2, "kind": "MOBILE", "number": "19900000002", "state": "OK"}
            ),
        ],
    )
    desk.me.id, desk.me.name = made.changes[0].row.hex(), "甲示例"
    yield desk
    store.close()


@pytest.fixture
def incident(desk: Desk) -> bytes:
    """An incident; its number is #0001."""
    at = desk.clock.now()
    values = {"happened_at": at, "received_at": at, "type": "21H00", "place": "示例路隧道", "text": "积水"}
    return desk.act("incident.add", [desk.new("incidents", values)]).changes[0].row
