"""The desk of these tests, and a second one to send to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dutydesk.core.clock import FixedClock
from dutydesk.journal.desk import Desk, Me
from tests.desks import a_desk
from tests.plaindesk import clock, desk

__all__ = ("clock", "desk", "other", "stick")


@pytest.fixture
def other(tmp_path: Path, clock: FixedClock) -> Iterator[Desk]:
    """Another desk."""
    with a_desk(tmp_path / "other", clock, Me(name="王示例"), desk="5a" * 16, name="二号席", code="B") as made:
        yield made


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    folder = tmp_path / "stick"
    folder.mkdir()
    return folder
