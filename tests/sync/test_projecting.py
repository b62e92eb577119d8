"""Ledger tables on a real PostgreSQL: the same as a reading desk's, whatever happened and however it came; cut off at
every step; by a role that can do nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import psycopg
import pytest

from dutydesk.core.clock import FixedClock
from dutydesk.journal.digest import digest
from dutydesk.journal.postgres import POSTGRES
from dutydesk.journal.schema import Schema
from dutydesk.journal.store import Store
from dutydesk.sync import projecting
from dutydesk.sync.outcome import SyncReport
from tests.journal import desks as d
from tests.sync.fleet import Fleet

SECRET = "a-password-of-the-timer"
CLOCK = FixedClock(d.EVENING + 3_600_000)


def prepare(fleet: Fleet, schema: Schema = d.FULL) -> str:
    """Make the ledger tables as `hub init` does; the address of the timer's login."""
    login = f"{fleet.database}_timer"
    with projecting.LedgerHub.connect(fleet.owner_url) as hub:
        hub.prepare(schema)
        hub.give_login(login, SECRET)
    return fleet.server.url(fleet.database, f"{login}:{SECRET}")


@pytest.fixture
def timer(fleet: Fleet) -> str:
    return prepare(fleet)


def project(url: str, schema: Schema = d.FULL, **how: Any) -> SyncReport:
    return projecting.run(url, schema, CLOCK, **how)


def tables_digest(fleet: Fleet, schema: Schema = d.FULL) -> str:
    with psycopg.connect(fleet.owner_url) as connection:
        cursor = cast("Any", psycopg.RawCursor(connection))
        return digest(cursor, schema, POSTGRES)


def reading_digest(fleet: Fleet, folder: Path, schema: Schema = d.FULL) -> str:
    """What a desk shows that has the same acts and no personal data."""
    with d.make(folder, 90, schema=schema) as store:
        return digest_without_personal(store, [s for s in fleet.stores.values()])


def digest_without_personal(reader: Store, sources: list[Store]) -> str:
    from dutydesk.journal.inbox import take_in

    for source in sources:
        for (desk,) in d.ask(source, "SELECT DISTINCT desk FROM act"):
            take_in(reader, [(act, {}) for act, _personal in d.acts_of(source, desk)])
    return d.digest_of(reader)


def test_the_tables_are_what_a_reading_desk_shows(fleet: Fleet, timer: str, folder: Path) -> None:
    one, two = fleet.add(1), fleet.add(2)
    person = d.add(one, "people", name="钱一", unit="甲", phone="0571-00000001", age=3)
    fleet.write(1, "隧道积水")
    fleet.settle(1, 2)
    d.write(one, "people", person, unit="乙", age=5)
    d.write(two, "people", person, unit="丙")
    d.add(two, "people", name="孙二", unit=None)
    d.add(one, "people", name="孙二", unit=None)
    d.add(two, "places", name="体育馆", manager=person, area=300)
    d.delete(two, "people", person)
    fleet.settle(1, 2)
    report = project(timer)
    assert report.ok, report.lines()
    assert [(report.pulled,)] == fleet.hub_rows("SELECT count(*) FROM act")
    assert tables_digest(fleet) == reading_digest(fleet, folder / "r")
    assert fleet.hub_rows("SELECT count(*) FROM ledgers.conflict") != [(0,)]
    assert project(timer).pulled == 0
