"""A desk whose clock stands still, and the import of rain files into it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dutydesk.core.clock import FixedClock
from dutydesk.exchange import importing
from dutydesk.exchange.reading import Options
from dutydesk.journal.desk import Desk
from tests.rain.gauges import NOW, make_desk

Bring = Callable[..., dict[str, Any]]


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def desk(tmp_path: Path, clock: FixedClock) -> Iterator[Desk]:
    made = make_desk(tmp_path / "desk", clock)
    yield made
    made.store.close()


@pytest.fixture
def bring(desk: Desk) -> Bring:
    """`bring(bytes, name, create=…, partial=…, dry=…, KEY=VALUE…)` imports a file into `rain` and gives the result."""

    def run(data: bytes, name: str = "雨量.csv", *, dry: bool = False, to: Desk = desk, **given: Any) -> dict[str, Any]:
        flags = {key: given.pop(key) for key in ("create", "partial") if key in given}
        plan = importing.plan(to, "rain", data, name, Options(settings=given, **flags))
        return plan.result() if dry else importing.run(to, plan)

    return run
