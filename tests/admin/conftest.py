"""Two desks of a district with everything that the program has."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dutydesk.core.clock import FixedClock
from dutydesk.core.paths import Home
from dutydesk.core.settings import DeskConfig
from dutydesk.features import FEATURES, schema
from dutydesk.journal.desk import Desk, Me
from dutydesk.journal.store import Store
from tests.journal.desks import EVENING, deliver


@pytest.fixture
def clock() -> FixedClock:
    """2026-06-18 22:00 +08:00, for both desks."""
    return FixedClock(EVENING)


@pytest.fixture
def desks(tmp_path: Path, clock: FixedClock) -> Iterator[tuple[Desk, Desk]]:
    """Desks 1 and 2."""
    stores: list[Store] = []
    for n in (1, 2):
        config = DeskConfig(desk=f"{n:032x}", code=f"S{n}", district="330102", name=f"第{n}席", unit="示例区应急管理局")
        stores.append(Store.create(Home(tmp_path / str(n)), schema(), clock, config))
    first, second = (Desk(store, clock, Me(), FEATURES) for store in stores)
    yield first, second
    for store in stores:
        store.close()


@pytest.fixture
def desk(desks: tuple[Desk, Desk]) -> Desk:
    return desks[0]


@pytest.fixture
def other(desks: tuple[Desk, Desk]) -> Desk:
    return desks[1]


@pytest.fixture
def tell() -> Callable[[Desk, Desk], None]:
    """`tell(source, target)`: bring the target up with what the source has."""

    def carry(source: Desk, target: Desk) -> None:
        deliver(source.store, target.store)

    return carry
