"""A week of two desks and a hub: `make demo-sync`. Outages, a line that is cut, a stolen laptop, a restored snapshot, a
cloned disk, a desk that meets the others by stick alone, a hub put back from a copy. In the end the proof: equal
digests, whole chains, every acknowledged entry present.

The server is the real one from the wheel, the desks are the program's own store, protocol, snapshots and bundles; only
the clock is told what time it is; what the program itself says is Chinese. Prints what happens; exit code 1 when anything does not hold.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("PYTHONHASHSEED", "0")

from dutydesk.core.clock import DAY, HOUR, MINUTE, local, parse_iso  # noqa: E402
from dutydesk.core.errors import DutyDeskError  # noqa: E402
from dutydesk.core.ids import CLI, new_id  # noqa: E402
from dutydesk.features import schema  # noqa: E402
from dutydesk.journal.verify import verify  # noqa: E402
from dutydesk.ledger.feature import Change  # noqa: E402
from dutydesk.sync import bundlein, bundlekeys, bundleout, record, rejoin, restoring, snapshots  # noqa: E402
from dutydesk.sync.hub import Hub  # noqa: E402
from dutydesk.sync.wire import unpack  # noqa: E402
from tests.sync.fleet import Fleet  # noqa: E402
from tests.sync.proxy import Fault, Proxy  # noqa: E402
from tests.sync.servers import Server  # noqa: E402

MONDAY = parse_iso("2026-11-16 08:30")
A, B, LAPTOP, USB = 1, 2, 3, 4
NAMES = {A: "desk A", B: "desk B", LAPTOP: "laptop", USB: "USB desk"}


class Wrong(Exception):
    """Something does not hold."""


def must(holds: object, what: str) -> None:
    """Raises `Wrong` unless it holds."""
    if not holds:
        raise Wrong(what)


class Week:
    """The desks, what was acknowledged at each of them, and the day."""

    def __init__(self, folder: Path, server: Server) -> None:
        self.server = server
        server.execute("postgres", "CREATE DATABASE demo")
        with Hub.connect(server.url("demo")) as hub:
            hub.init(new_id(MONDAY))
        self.fleet = Fleet(server, server.url("demo"), folder)
        self.stick = folder / "stick"
        self.stick.mkdir()
        self.acknowledged: dict[bytes, str] = {}
        self.said: set[str] = set()
        self.at = MONDAY
        for n, name in NAMES.items():
            self.fleet.add(n, schema=schema(), name=name, district="330102")
        self.now(MONDAY)

    def now(self, at: int) -> None:
        self.at = at
        for clock in self.fleet.clocks.values():
            clock.at = at

    def pass_time(self, milliseconds: int) -> None:
        self.now(self.at + milliseconds)

    def day(self, n: int, title: str) -> None:
        self.now(MONDAY + n * DAY)
        print(f"\n{local(self.at):%a %Y-%m-%d}  {title}")

    def tell(self, text: str) -> None:
        print(f"    {local(self.at):%H:%M}  {text}")

    def write(self, name: str | int, count: int, what: str, *, counts: bool = True) -> set[bytes]:
        """Entries of the duty log, each one acknowledged before the next."""
        made: set[bytes] = set()
        for k in range(count):
            self.pass_time(1_000)
            text = f"{what} {k + 1}"
            values = {"happened_at": self.at, "recorded_at": self.at, "category": "PHONE_IN", "text": text}
            change = Change("log", new_id(self.at), values, new=True)
            made.add(self.fleet.stores[str(name)].act("log.add", [change], by=CLI).act_id)
            if counts:
                self.said.add(text)
        if counts:
            self.acknowledged |= dict.fromkeys(made, f"{name}: {what}")
        return made

    def column(self, name: str, field: str) -> list[str]:
        """One field of every entry of a desk's duty log."""
        with self.fleet.stores[name].read() as connection:
            return [str(value) for (value,) in connection.exec_driver_sql(f"SELECT {field} FROM log WHERE _state = 1")]

    def sync(self, name: str | int, **how: object) -> str:
        """One run, told in a line; a failure is told, too."""
        called = NAMES[int(str(name)[0])] + ("" if str(name).isdigit() else f" ({str(name)[2:]})")
        try:
            report = self.fleet.sync(name, **how)
        except DutyDeskError as error:
            self.tell(f"{called}: {error}")
            return "failed"
        said = "; ".join(
            text for text in (*report.alarms, *report.notes) if "时钟" not in text
        )  # ours is told the time
        self.tell(f"{called}: pushed {report.pushed}, pulled {report.pulled}" + (f"; {said}" if said else ""))
        return "ok" if report.ok else "alarm"

    def settle(self, *names: str | int) -> None:
        for _round in range(3):
            reports = [self.fleet.sync(name) for name in names]
            if not any(report.pushed or report.pulled for report in reports):
                return

    def carry(self, n: int, to: int) -> None:
        """By stick from one desk to another: exported, read back, imported, and once more, which changes nothing."""
        made = bundleout.export(self.fleet.stores[str(n)], self.stick, NAMES[to])
        for one in made.written:
            taken = bundlein.take(self.fleet.stores[str(to)], one.file)
            must(taken.ok, f"{one.file.name}: {taken.reason}")
            again = bundlein.take(self.fleet.stores[str(to)], one.file)
            must(again.ok and not again.applied, f"{one.file.name} twice")
            self.tell(f"{one.file.name}: {taken.applied} acts taken in, the second time {again.applied}")


# -- the days ------------------------------------------------------------------------------------------------------------


def monday(week: Week) -> None:
    week.day(0, "an ordinary day")
    week.write(A, 120, "an entry of A")
    week.write(B, 80, "an entry of B")
    must(week.sync(A) == "ok" and week.sync(B) == "ok" and week.sync(A) == "ok", "an ordinary run")


def tuesday(week: Week) -> None:
    week.day(1, "the hub's power fails; then the line is cut over and over")
    week.server.crash()
    week.write(A, 60, "while the hub is down")
    must(week.sync(A) == "failed", "nobody answers")
    week.server.start()
    week.write(B, 600, "over a bad line")
    with Proxy(week.server.port) as line:
        for n, limit in enumerate((900, 20_000, 90_000, 250_000), 1):
            line.fail(Fault(up=limit))
            week.pass_time(10 * MINUTE)
            must(week.sync(B, port=line.port) == "failed", f"cut {n}")
        line.fail(Fault())
        must(week.sync(B, port=line.port) == "ok", "the line is back")
    must(week.sync(A) == "ok", "and so is the hub")


def wednesday(week: Week) -> None:
    week.day(2, "a laptop is stolen")
    week.write(LAPTOP, 20, "in the field")
    must(week.sync(LAPTOP) == "ok", "the laptop syncs")
    week.pass_time(6 * HOUR)
    with Hub.connect(week.fleet.owner_url) as hub:
        must(hub.revoke(week.fleet.stores[str(LAPTOP)].config.desk_id, "stolen"), "revoked")
    week.tell("the hub's owner revokes the laptop")
    false = week.write(LAPTOP, 5, "by the thief", counts=False)
    must(week.sync(LAPTOP) == "failed", "the thief is refused")
    week.settle(A, B)
    must(not false & (week.fleet.acts(A) | week.fleet.acts(B)), "what the thief wrote is nowhere")
    week.tell("what was written before the theft is everywhere, what the thief wrote is nowhere")


def thursday(week: Week) -> None:
    week.day(3, "the disk of desk B dies; a snapshot of the morning is put back")
    store = week.fleet.stores[str(B)]
    copy = snapshots.take(store.home, schema(), store.clock)
    week.tell(f"snapshot {copy.path.name}, verified")
    week.write(B, 90, "after the snapshot")
    must(week.sync(B) == "ok", "delivered")
    home = store.home
    week.fleet.close_desk(str(B))
    week.pass_time(3 * HOUR)
    kept = restoring.restore(home, schema(), week.fleet.clocks[B], copy.path, restoring.last_numbers(home, schema()))
    week.tell(f"restored; the former file stays as {kept.name if kept else '-'}")
    store = week.fleet.open(str(B), schema())
    must(week.sync(B) == "ok", "its own acts come back")
    week.tell(f"desk B goes on in epoch {store.config.epoch}")
    week.write(B, 10, "after the restore")


def friday(week: Week) -> set[bytes]:
    week.day(4, "somebody copies desk A's disk onto another machine, and both go on writing")
    week.settle(A, B)
    week.fleet.close_desk(str(A))
    week.fleet.copy(str(A), f"{A}-clone")
    week.fleet.open(str(A), schema())
    week.fleet.open(f"{A}-clone", schema())
    week.write(A, 15, "on the machine itself")
    there = week.write(f"{A}-clone", 12, "on the clone")
    must(week.sync(A) == "ok", "the first one is taken in")
    must(week.sync(f"{A}-clone") == "alarm", "the second one is a fork")
    must(not there & week.fleet.acts(B), "its branch is in quarantine only")
    there |= week.write(f"{A}-clone", 3, "on the clone, after the fork was seen")
    home = week.fleet.stores[f"{A}-clone"].home
    week.fleet.close_desk(f"{A}-clone")
    made = rejoin.rejoin(home, schema(), week.fleet.clocks[A])
    week.tell(made.lines()[0])
    week.tell("  ".join(f"{old} → {new}" for old, new in made.numbers[:3]) + " …")
    clone = week.fleet.open(f"{A}-clone", schema())
    must(week.sync(f"{A}-clone") == "ok", "the branch is taken back")
    week.tell(f"the clone goes on as desk {clone.config.code}, epoch {clone.config.epoch}")
    return there


def saturday(week: Week) -> None:
    week.day(5, "a desk without a network, by stick")
    for n, to in ((A, USB), (USB, A)):
        bundlekeys.remember(week.fleet.stores[str(n)], bundlekeys.own_card(week.fleet.stores[str(to)]))
    week.write(USB, 40, "without a network")
    lost = bundleout.export(week.fleet.stores[str(USB)], week.stick, NAMES[A])
    for one in lost.written:
        one.file.unlink()
    week.tell("the first stick is lost")
    week.write(USB, 5, "after the loss")
    week.carry(USB, A)
    must(week.sync(A) in ("ok", "alarm"), "desk A hands it on")
    week.settle(B)


def sunday(week: Week) -> None:
    week.day(6, "the hub's disk dies, too; its copy of Friday is put back")
    week.write(B, 25, "before the hub is lost")
    week.sync(B)
    week.server.execute("postgres", "DROP DATABASE demo WITH (FORCE)", "ALTER DATABASE friday RENAME TO demo")
    with Hub.connect(week.fleet.owner_url) as hub:
        hub.init(new_id(week.at), restored=True)
    week.write(A, 30, "after the hub was put back")
    week.write(f"{A}-clone", 4, "at the clone, now a desk of its own")
    week.sync(B)
    week.sync(A)
    week.sync(B)
    week.settle(A, f"{A}-clone", B)
    week.carry(USB, A)
    week.settle(A, f"{A}-clone", B)
    week.carry(A, USB)


# -- the proof -----------------------------------------------------------------------------------------------------------


def prove(week: Week, clone: set[bytes]) -> None:
    print("\nThe proof")
    live = [str(A), f"{A}-clone", str(B), str(USB)]
    shown = {n: record.shown(week.fleet.stores[n]) for n in live}
    for n in live:
        store = week.fleet.stores[n]
        report = verify(store.home, store.schema)
        must(report.ok, f"{n}: {report.problems}")
        frontier, digest = shown[n]
        print(
            f"    {NAMES[int(n[0])] + n[1:]:12} {report.acts:5} acts, chain and tables verify;"
            f" frontier {frontier.hex()[:16]}, digest {digest[:16]}"
        )
    must(len(set(shown.values())) == 1, "frontiers and digests are equal")
    hub = {bytes(act) for (act,) in week.fleet.hub_rows("SELECT act_id FROM act")}
    aside = {unpack(bytes(line))[0].act_id for (line,) in week.fleet.hub_rows("SELECT act FROM quarantine")}
    kept = [week.fleet.acts(n) for n in live]
    everywhere = {act for act in week.acknowledged if all(act in held for held in kept)}
    again = set(week.acknowledged) - everywhere
    must(again <= clone & aside, f"missing: {sorted({week.acknowledged[act] for act in again - clone})}")
    must(everywhere <= hub, "the hub has them all")
    missing = week.said - set.intersection(*(set(week.column(n, "text")) for n in live))
    must(not missing, f"missing: {sorted(missing)[:5]}")
    numbers = week.column(live[0], "no")
    must(len(numbers) == len(set(numbers)), "no number stands on two entries")
    print(f"    {len(week.said)} entries were acknowledged, and every desk shows them all, each number once:")
    print(
        f"    {len(everywhere)} as the act that they were, {len(again)} of the clone said again; missing: {len(missing)}"
    )
    print(
        "    Not shown, the clone: its acts of the fork are not taken over, they are said again, each under a new id."
    )
    print("    Not shown, the dead disk: it had synced before; what it had not pushed lay in no other place.")


def main() -> int:
    """The week; 1 when something does not hold."""
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="dutydesk-demo-"))
    server = Server()
    try:
        week = Week(folder, server)
        try:
            monday(week)
            tuesday(week)
            wednesday(week)
            thursday(week)
            clone = friday(week)
            server.execute("postgres", "CREATE DATABASE friday TEMPLATE demo")
            saturday(week)
            sunday(week)
            prove(week, clone)
        finally:
            week.fleet.close()
    except Wrong as error:
        print(f"does not hold: {error}")
        return 1
    finally:
        server.close()
        shutil.rmtree(folder, ignore_errors=True)
    print(f"\nEverything holds; {time.monotonic() - began:.0f} s.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
