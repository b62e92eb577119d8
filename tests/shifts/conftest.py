"""A desk with invented people, at 20:00 of a summer night."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dutydesk.core.clock import FixedClock, parse_iso
from dutydesk.journal.desk import Desk
from tests.desks import a_desk

EVENING = parse_iso("2026-06-18 20:00")
NAMES = {"leader": "王示例", "primary": "李示例", "secondary": "赵示例"}


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(EVENING)


@pytest.fixture
def desk(tmp_path: Path, clock: FixedClock) -> Iterator[Desk]:
    with a_desk(tmp_path / "desk", clock, desk="5e" * 16) as made:
        yield made


@pytest.fixture
def crew(desk: Desk) -> dict[str, bytes]:
    """Three people, by their post in the crew."""
    changes = [desk.new("people", {"name": name, "kind": "PERSON"}) for name in NAMES.values()]
    desk.act("people.add", changes)
    return {post: change.row for post, change in zip(NAMES, changes, strict=True)}
