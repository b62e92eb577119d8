"""A desk with all ledgers, an officer, a street and an incident; the clock stands at 2026-11-22 14:07:32 +08:00."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dutydesk.core.clock import FixedClock, parse_iso
from dutydesk.journal.desk import Desk
from tests.desks import a_desk, sit


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(parse_iso("2026-11-22 14:07:32"))


@pytest.fixture
def desk(tmp_path: Path, clock: FixedClock) -> Iterator[Desk]:
    with a_desk(tmp_path / "desk", clock, desk="cd" * 16) as desk:
        _me, unit = sit(
            desk,
            "甲示例",
            ("units", {"name": "示例街道办事处", "short": "示例街道", "duty_phone": "0571-00000151"}),
        )
        person = desk.new("people", {"name": "张示例", "unit": unit})
        numbers = [
            desk.new("numbers", {"person": person.row, "order": n, "kind": "MOBILE", "number": text, "state": state})
            for n, text, state in ((1, "19900000001", "BAD"), (2, "19900000002", "OK"))
        ]
        desk.act("people.import", [person, *numbers])
        yield desk


@pytest.fixture
def incident(desk: Desk) -> bytes:
    """An incident; its number is #0001."""
    at = desk.clock.now()
    values = {"happened_at": at, "received_at": at, "type": "21H00", "place": "示例路隧道", "text": "积水"}
    return desk.act("incident.add", [desk.new("incidents", values)]).changes[0].row
