"""B13: a bundle of 200,000 acts out and in, against gzip of the same lines and the raw apply of the same acts.

Ours exports (pack, sign, encrypt, write, sync, read back from the medium) and imports (decrypt, copy, check every sum,
check hash, chain and seals, apply) into a fresh desk. The floor has the acts in memory already: it packs their lines
once, unpacks and checks nothing, and puts them into a fresh desk by the same `Applier` in transactions of 2,000.

`DUTYDESK_B13_ACTS=20000` measures a tenth of it, for a look in a few minutes; what is written down is the whole.
"""

from __future__ import annotations

import gzip
import os
import shutil
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from bigdesk import START, fill
from harness import against, report

from dutydesk.core.clock import FixedClock
from dutydesk.core.paths import Home
from dutydesk.core.settings import DeskConfig
from dutydesk.features import schema
from dutydesk.journal.apply import Applier, parse_body
from dutydesk.journal.store import INSERT_ACT, MOVE_FRONTIER, Store
from dutydesk.sync import bundlein, bundlekeys, bundleout, record, wire
from dutydesk.sync.wire import Parcel

pytestmark = pytest.mark.bench
WHOLE = 200_000
ACTS = int(os.environ.get("DUTYDESK_B13_ACTS", WHOLE))
ROUNDS = 5
CLOCK = FixedClock(START + ACTS * 300)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A desk of 200,000 acts that has not been anywhere."""
    folder = tmp_path_factory.mktemp("bench-bundle")
    config = DeskConfig("ab" * 16, district="330102", unit="测", code="A")
    with Store.create(Home(folder / "a"), schema(), CLOCK, config) as store:
        fill(store, ACTS - 1)  # the first opened the epoch
        yield store
    shutil.rmtree(folder, ignore_errors=True)


class Receivers:
    """A fresh desk for every round."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.n = 0

    def one(self) -> Store:
        self.n += 1
        config = DeskConfig("cd" * 16, district="330102", unit="测", code="B")
        return Store.create(Home(self.folder / str(self.n)), schema(), CLOCK, config)

    def done(self, store: Store) -> None:
        home = store.home.root
        store.close()
        shutil.rmtree(home)


def parcels(store: Store) -> list[Parcel]:
    """Every act of the source."""
    at, out, seq = (store.config.desk_id, 1), list[Parcel](), 0
    while page := record.parcels(store, at, seq, ACTS, 2_000, 2**30):
        out += page
        seq = page[-1][0].seq
    return out


def test_b13_a_bundle_of_200000_acts(source: Store, tmp_path: Path) -> None:
    receivers = Receivers(tmp_path / "desks")
    stick = tmp_path / "stick"
    stick.mkdir()
    acts = parcels(source)
    sizes: list[int] = []

    def ours() -> None:
        store = receivers.one()
        for one, two in ((source, store), (store, source)):
            bundlekeys.remember(one, bundlekeys.own_card(two))
        (made,) = bundleout.export(source, stick, "B", since=bundleout.ALL).written
        sizes.append(made.size)
        assert made.acts == ACTS
        assert bundlein.take(store, made.file).applied == ACTS
        made.file.unlink()
        receivers.done(store)

    def floor() -> None:
        store = receivers.one()
        gzip.compress(b"".join(wire.pack(*parcel) for parcel in acts), 6)
        for start in range(0, ACTS, 2_000):
            with store._transaction() as cursor:
                applier = Applier(cursor, store.schema)
                for act, personal in acts[start : start + 2_000]:
                    cursor.execute(
                        INSERT_ACT,
                        (
                            act.desk, act.epoch, act.seq, act.act_id, act.hlc, act.happened_at, act.recorded_at, act.by,
                            act.kind, act.sv, act.body, act.alg, act.prev, act.hash,
                        ),
                    )  # fmt: skip
                    applier.apply(act, parse_body(act.body), personal)
                applier.finish()
                cursor.execute(MOVE_FRONTIER, (act.desk, act.epoch, act.seq, act.hash, act.hlc))
        receivers.done(store)

    spent: dict[str, list[float]] = {"ours": [], "floor": []}

    def watched(name: str, work: Callable[[], None]) -> Callable[[], None]:
        """The same, and how much processor time it took: what others do at the time matters less."""

        def run() -> None:
            start = time.process_time()
            work()
            spent[name].append(time.process_time() - start)

        return run

    mine, bare = against(watched("ours", ours), watched("floor", floor), ROUNDS)
    ratios = [one / other for one, other in zip(spent["ours"], spent["floor"], strict=True)]
    result = report(
        "B13" if ACTS == WHOLE else f"B13 of {ACTS:,}",
        f"Bundle of {ACTS:,} acts: export, read back, import",
        mine,
        bare,
        "≤ 2× gzip plus raw apply",
        2.0,
        note=f"{sizes[-1] / 2**20:.1f} MiB; processor time {statistics.median(ratios):.2f}×",
    )
    assert result.holds, result
