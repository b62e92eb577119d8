"""A hub with two districts, one of them with two desks, and a login that only reads there."""

from __future__ import annotations

from typing import Any

from dutydesk.core.ids import CLI, new_id
from dutydesk.features import schema
from dutydesk.journal.store import Store
from dutydesk.ledger.feature import Change
from dutydesk.sync import view
from tests.sync.fleet import Fleet

READER = "-password-of-a-reader"
DISTRICTS = (("330102", "甲区"), ("330105", "乙区"), ("330105", "乙区"))


def add(store: Store, ledger: str, **values: Any) -> bytes:
    """One row in an act of its own."""
    row = new_id(store.clock.now())
    store.act(f"{ledger}.add", [Change(ledger, row, values, new=True)], by=CLI)
    return row


def log(store: Store, text: str, **more: Any) -> bytes:
    """One entry of a district's log with somebody's number."""
    return add(store, "log", text=text, happened_at=store.clock.now(), party_phone="0571-00000000", **more)


def make_city(fleet: Fleet) -> Fleet:
    """Desks 1, 2 and 3, each with its district and one entry, synced."""
    for n, (code, name) in enumerate(DISTRICTS, 1):
        store = fleet.add(n, schema=schema(), district=code, name=f"{n} 席")
        add(store, "regions", code=code, name=name, level="DISTRICT")
        log(store, f"第{n}条 隧道积水")
        fleet.clocks[n].advance(60_000)
    fleet.settle(1, 2, 3, rounds=1)
    return fleet


def reader_of(city: Fleet) -> str:
    """The address of a login that only reads, with its password."""
    login = f"{city.database}_reader"
    with view.ViewHub.connect(city.owner_url) as hub:
        hub.give_login(login, READER)
    return city.server.url(city.database, f"{login}:{READER}")
