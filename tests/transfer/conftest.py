"""A desk that belongs to a hub, an hour before its turn, with another desk beside it; a real server."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dutydesk.core.clock import DAY, HOUR
from dutydesk.core.settings import save
from dutydesk.features import FEATURES, schema
from dutydesk.journal.desk import Desk, Me
from dutydesk.sync import protocol, schedule
from tests.sync.conftest import database, fleet, folder, hub_template, hub_url, server
from tests.sync.fleet import PASSWORD, Fleet

__all__ = ("database", "fleet", "folder", "hub_template", "hub_url", "server")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "server" in getattr(item, "fixturenames", ()):
            item.add_marker("server")


def belongs(fleet: Fleet, n: int) -> Desk:
    """Desk `n` with its hub in its settings, as `dutydesk hub join` leaves it."""
    store = fleet.stores[str(n)]
    store.config = replace(store.config, hub=fleet.url(n))
    save(store.home.config, store.config)
    protocol.remember_login(store, fleet.url(n), PASSWORD)
    return Desk(store, store.clock, Me("cli", "示例甲"), FEATURES)


@pytest.fixture
def desk(fleet: Fleet) -> Desk:
    """Desk 1; its clock stands an hour before its turn of the night."""
    store = fleet.add(1, schema=schema(), name="一号席")
    fleet.clocks[1].at = schedule.turn(schedule.Rules(), store.config.desk_id, fleet.clocks[1].at) + DAY - HOUR
    return belongs(fleet, 1)
