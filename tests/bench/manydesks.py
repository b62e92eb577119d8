"""Desks of a city for the benchmarks of sync: their chains, made fast, and the real push of each to a real hub."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bigdesk import START, entry

from dutydesk.core.clock import FixedClock
from dutydesk.core.ids import new_id
from dutydesk.core.paths import Home
from dutydesk.core.settings import DeskConfig
from dutydesk.features import schema
from dutydesk.journal import chain
from dutydesk.journal.desk import Desk, Me
from dutydesk.journal.store import INSERT_ACT, MOVE_FRONTIER, Store
from dutydesk.sync import keys, outcome, protocol
from dutydesk.sync.hub import Hub
from tests.sync.servers import Server

PASSWORD = "a-password-of-a-benchmark"
DISTRICTS, DESKS = 13, 10
NIGHT = START + 400 * 86_400_000


class City:
    """A hub on a server of its own, and desks by number that belong to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.server = Server()
        self.server.execute("postgres", "CREATE DATABASE city")
        self.owner = self.server.url("city")
        with Hub.connect(self.owner) as hub:
            hub.init(new_id(START))

    def make(self, n: int, *, enrol: bool = True, district: str = "") -> Store:
        """Desk `n`, enrolled; ten of them make a district, unless another one is named."""
        district = district or f"3301{n // DESKS + 2:02d}"
        config = DeskConfig(f"{n:032x}", code=f"D{n:03d}", district=district, hub=self.url(n))
        store = Store.create(Home(self.folder / str(n)), schema(), FixedClock(NIGHT), config)
        if enrol:
            self.enrol(store, n)
        return store

    def enrol(self, store: Store, n: int) -> None:
        """Enter it, and keep its login."""
        with Hub.connect(self.owner) as hub:
            hub.enrol(keys.card_of(store), f"city_d{n}", PASSWORD)
        protocol.remember_login(store, self.url(n), PASSWORD)

    def url(self, n: int) -> str:
        return self.server.url("city", f"city_d{n}")

    def desk(self, store: Store) -> Desk:
        return Desk(store, store.clock, Me("system"), ())

    def close(self) -> None:
        self.server.close()


def extend(store: Store, count: int) -> list[chain.Act]:
    """Acts of one entry each at the end of a desk's chain, without its tables: those of the sender do not matter."""
    acts = list(series(store, count))
    with store._transaction() as cursor:
        cursor.executemany(INSERT_ACT, [tuple(getattr(act, name) for name in COLUMNS) for act in acts])
        last = acts[-1]
        cursor.execute(MOVE_FRONTIER, (last.desk, last.epoch, last.seq, last.hash, last.hlc))
    store._note_head(last.seq, last.hash)
    return acts


COLUMNS = (
    "desk", "epoch", "seq", "act_id", "hlc", "happened_at", "recorded_at", "by", "kind", "sv", "body", "alg", "prev",
    "hash",
)  # fmt: skip


def series(store: Store, count: int) -> Iterator[chain.Act]:
    """The acts."""
    desk, epoch = store.config.desk_id, store.config.epoch
    seq, link = store.position()
    number = int.from_bytes(desk, "big")
    hlc = NIGHT << 16
    for n in range(count):
        at = NIGHT + n * 300
        hlc, seq = chain.tick(hlc, at), seq + 1
        values = {"no": f"{store.config.code}-2026-{n + 1:04d}", **entry(number * count + n)}
        act_id, row = new_id(at), new_id(at)
        text = chain.canonical({"changes": [{"ledger": "log", "row": row.hex(), "set": values}]})
        head = chain.header(desk, epoch, seq, act_id, hlc, at, at, "system", "log.add", 1)
        digest = chain.digest(1, link, head, text)
        yield chain.Act(desk, epoch, seq, act_id, hlc, at, at, "system", "log.add", 1, text, 1, link, digest)
        link = digest


def push(store: Store, *, hub: Hub | None = None) -> outcome.SyncReport:
    """A run's first half, as `protocol.run` does it: hello, compare, push. The other half would bring this desk what all
    others wrote, which is measured at one desk alone."""
    report = outcome.SyncReport()
    connection = hub or protocol.connect(store, store.config.hub)
    try:
        session = protocol.Session(store, connection, report, protocol.no_progress, protocol.never)
        keys.ensure(store)
        session._greet()
        _lacks, owes = session._compare()
        session._push({at: after for at, after in owes.items() if at[0] == store.config.desk_id})
    finally:
        if hub is None:
            connection.close()
    return report
