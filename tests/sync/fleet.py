"""Desks of one hub, by number: made, enrolled, copied, killed, compared."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from dutydesk.core.clock import FixedClock
from dutydesk.core.ids import CLI
from dutydesk.core.paths import Home
from dutydesk.journal.desk import Desk, Me
from dutydesk.journal.schema import Schema
from dutydesk.journal.store import Store
from dutydesk.journal.verify import verify
from dutydesk.sync import keys, protocol
from dutydesk.sync.hub import Hub
from dutydesk.sync.outcome import SyncReport
from tests.journal import desks as d
from tests.sync.servers import Server

PASSWORD = "a-password-of-a-test"
AT_THE_HUB = """
SELECT act_id, body, hash, prev, (SELECT count(*) FROM personal p
    WHERE (p.desk, p.epoch, p.seq) = (act.desk, act.epoch, act.seq)) FROM act
"""
NOT_SEALED = """
SELECT a.seq FROM act a WHERE NOT EXISTS (SELECT 1 FROM seal s JOIN witness w ON (s.desk, s.epoch, s.seq, s.hash) =
    (w.desk, w.epoch, w.seq, w.hash) WHERE (s.desk, s.epoch) = (a.desk, a.epoch) AND s.seq >= a.seq)
"""


class Fleet:
    """The desks of a test; each number has a folder, a clock and, while it is open, a store."""

    def __init__(self, server: Server, owner_url: str, folder: Path) -> None:
        self.server = server
        self.owner_url = owner_url
        self.database = owner_url.rpartition("/")[2]
        self.folder = folder
        self.clocks: dict[int, FixedClock] = {}
        self.stores: dict[str, Store] = {}
        self.acknowledged: dict[bytes, d.Parcel] = {}
        """What `write` saved, as it stood then."""

    def add(self, n: int, *, enrol: bool = True, schema: Schema = d.FULL, **config: Any) -> Store:
        """A new desk, enrolled at the hub."""
        self.clocks[n] = FixedClock(d.EVENING)
        store = d.make(self.folder / str(n), n, schema=schema, clock=self.clocks[n], code=f"D{n}", **config)
        self.stores[str(n)] = store
        if enrol:
            self.enrol(n)
        return store

    def enrol(self, n: int) -> None:
        """Enter the desk at the hub and keep its login there."""
        store = self.stores[str(n)]
        with Hub.connect(self.owner_url) as hub:
            hub.enrol(keys.card_of(store), f"{self.database}_d{n}", PASSWORD)
        protocol.remember_login(store, self.url(n), PASSWORD)

    def url(self, n: int, port: int | None = None) -> str:
        """The address by which desk `n` reaches the hub."""
        return self.server.url(self.database, f"{self.database}_d{n}", port=port)

    def close_desk(self, name: str) -> None:
        self.stores.pop(name).close()

    def open(self, name: str, schema: Schema = d.FULL) -> Store:
        """Open the folder of a desk again."""
        n = int(name.partition("-")[0])
        self.stores[name] = Store.open(Home(self.folder / name), schema, self.clocks[n])
        return self.stores[name]

    def copy(self, name: str, to: str) -> None:
        """Copy the folder of a desk that is closed."""
        shutil.copytree(self.folder / name, self.folder / to)

    def sync(self, name: str | int, *, port: int | None = None, **how: Any) -> SyncReport:
        """One run of a desk."""
        store = self.stores[str(name)]
        n = int(str(name).partition("-")[0])
        if port is not None:
            protocol.remember_login(store, self.url(n, port), PASSWORD)
        desk = Desk(store, store.clock, Me(), ())
        return protocol.run(desk, self.url(n, port), **how)

    def settle(self, *names: str | int, rounds: int = 2) -> list[SyncReport]:
        """Everybody syncs, twice, so that everybody has what everybody pushed; the last round's reports."""
        reports: list[SyncReport] = []
        for _round in range(rounds):
            reports = [self.sync(name) for name in names]
        return reports

    def write(self, n: int, text: str) -> bytes:
        """One entry of the log with a personal number; its act."""
        store = self.stores[str(n)]
        change = d.new("log", {"text": text, "party_phone": "0571-00000000"}, store.clock.now())
        receipt = store.act("test", [change], by=CLI)
        self.acknowledged[receipt.act_id] = d.acts_of(store, store.config.desk_id, receipt.seq - 1)[-1]
        return receipt.act_id

    def check(self, *names: str | int) -> None:
        """The oracle: every record verifies, and desks of one frontier show the same."""
        frontiers = {str(name): d.ask(self.stores[str(name)], "SELECT * FROM frontier ORDER BY 1, 2") for name in names}
        digests = {str(name): d.digest_of(self.stores[str(name)]) for name in names}
        first = str(names[0])
        for name in map(str, names):
            assert frontiers[name] == frontiers[first], name
            assert digests[name] == digests[first], name
            store = self.stores[name]
            report = verify(store.home, store.schema)
            assert report.ok, report.problems

    def lost(self, *names: str | int) -> list[str]:
        """What was acknowledged and is not byte for byte at every one of these desks and at the hub, and what the hub
        has in part: acts without the seal of their desk, or without the personal data that belong to them."""
        wrong: list[str] = []
        for name in map(str, names):
            store = self.stores[name]
            held = {
                parcel[0].act_id: parcel
                for (desk,) in d.ask(store, "SELECT DISTINCT desk FROM act")
                for parcel in d.acts_of(store, desk)
            }
            wrong += [f"{name}: {act.hex()}" for act, told in self.acknowledged.items() if held.get(act) != told]
        there = {bytes(row[0]): row[1:] for row in self.hub_rows(AT_THE_HUB)}
        for act_id, (act, personal) in self.acknowledged.items():
            row = there.get(act_id)
            if row is None or tuple(map(bytes, row[:3])) != (act.body, act.hash, act.prev) or row[3] != len(personal):
                wrong.append(f"hub: {act_id.hex()}")
        wrong += [f"hub, not sealed: {row}" for row in self.hub_rows(NOT_SEALED)]
        return wrong

    def acts(self, name: str | int) -> set[bytes]:
        """Every act that a desk holds."""
        return {act for (act,) in d.ask(self.stores[str(name)], "SELECT act_id FROM act")}

    def hub_rows(self, statement: str) -> list[tuple[Any, ...]]:
        return self.server.execute(self.database, statement)

    def close(self) -> None:
        for store in self.stores.values():
            store.close()
