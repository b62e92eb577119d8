"""A desk with invented people, at 20:00 of a summer night."""

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

EVENING = parse_iso("2026-06-18 20:00")
NAMES = {"leader": "王示例", "primary": "李示例", "secondary": "赵示例"}


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(EVENING)


@pytest.fixture
def desk(tmp_path: Path, clock: FixedClock) -> Iterator[Desk]:
    config = DeskConfig(desk="5e" * 16, district="330102", unit="示例区应急管理局")
    with Store.create(Home(tmp_path / "desk"), schema(), clock, config) as store:
        yield Desk(store, clock, Me(), FEATURES)


@pytest.fixture
def crew(desk: Desk) -> dict[str, bytes]:
    """Three people, by their post in the crew."""
    changes = [desk.new("people", {"name": name, "kind": "PERSON"}) for name in NAMES.values()]
    desk.act("people.add", changes)
    return {post: change.row for post, change in zip(NAMES, changes, strict=True)}


