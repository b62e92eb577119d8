"""`dutydesk hub project`: the hub's acts as ledger tables in the hub itself, for SQL tools (docs/sync.md §6).

The timer of the hub's owner runs it with a login of its own (`dutydesk_projector`), which reads acts, seals and desks and
writes the schema `ledgers` alone. It is a reading run of `protocol`: seals and chains are checked as a desk checks them,
what is not believed is set aside with the reason. Then the one `Applier` writes the tables, page by page, each in one
transaction with how far it came; a run that was cut off anywhere is begun again. It knows no personal data.

One run at a time: a row is held in a transaction of the connection that reads, which a process that died lets go; and
every page first looks whether another run has begun since.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from importlib.resources import files
from typing import Any, cast

import psycopg
from psycopg import errors, pq, sql
from psycopg.types.numeric import Int8BinaryDumper

from dutydesk.core.clock import Clock
from dutydesk.core.crashpoint import step
from dutydesk.core.errors import DutyDeskError, Refused
from dutydesk.core.i18n import _
from dutydesk.journal import inbox, postgres
from dutydesk.journal.apply import Applier
from dutydesk.journal.chain import Act
from dutydesk.journal.inbox import Taken
from dutydesk.journal.postgres import PLACE, POSTGRES, VIEW
from dutydesk.journal.schema import Schema
from dutydesk.journal.store import Store
from dutydesk.sync import keys, protocol
from dutydesk.sync.hub import PROJECTOR_ROLE, READER_ROLE, Hub, split
from dutydesk.sync.outcome import SyncReport
from dutydesk.sync.protocol import Cancel, Progress, Session
from dutydesk.sync.record import Chain, Head
from dutydesk.sync.seals import Seal
from dutydesk.sync.wire import Parcel

AT_ONCE = 1_000
"""Acts in one transaction."""


_ROWS = (64, 8, 1)
"""How many rows one statement writes."""


class Overtaken(Refused):
    """Another run is under way, or has begun since."""


class _Unfit(Exception):
    """The engine cannot hold an act."""


_UNFIT = (
    psycopg.DataError, errors.ProgramLimitExceeded, ValueError, KeyError, TypeError, AttributeError, OverflowError,
    struct.error,
)  # fmt: skip


class _Cursor(psycopg.RawCursor[tuple[Any, ...]]):
    """What `Applier` writes through: answers in the binary form, many rows with few statements."""

    def __init__(self, connection: psycopg.Connection[tuple[Any, ...]]) -> None:
        super().__init__(connection)
        self.format = pq.Format.BINARY

    def executemany(self, query: Any, params_seq: Iterable[Any], *, returning: bool = False) -> None:
        rows = list(params_seq)
        while rows:
            size = next(size for size in _ROWS if size <= len(rows))
            part, rows = rows[:size], rows[size:]
            self.execute(cast("Any", postgres.several(query, size)), [value for row in part for value in row])


class LedgerHub(Hub):
    """A hub and its ledger tables."""

    number = 0
    """Of this run."""

    def _ask(self, name: str, values: Sequence[Any] = (), **groups: str) -> list[tuple[Any, ...]]:
        return [] if name == "sides" else super()._ask(name, values, **groups)

    # -- the owner's part ----------------------------------------------------------------------------------------------

    def prepare(self, schema: Schema) -> tuple[int, int]:
        """Make the tables and views of the ledgers, or bring them up to this program's declarations; how many tables
        were made and how many columns added. A second time it changes nothing. All is made anew by the next run where a
        table could not be kept, or where acts were left out that may be understood now."""
        wanted, held = postgres.fingerprint(schema), self._state()
        if held is not None and held[0] == wanted:
            return 0, 0
        here: dict[str, dict[str, str]] = {}
        for table, column, kind in self._ask("columns"):
            here.setdefault(str(table), {})[str(column)] = str(kind)
        upgrade = postgres.upgrade(schema, here)
        anew = upgrade.anew or bool(self._ask("any_unprojected")[0][0])
        with self._whole() as connection:
            for text in upgrade.statements:
                _do(connection, text)
            for name in schema.shapes:
                table = f"{PLACE}.{name}"
                _do(connection, f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {PROJECTOR_ROLE}")
                _do(connection, f"GRANT SELECT ON {table}, {PLACE}.{VIEW}{name} TO {READER_ROLE}")
            step("ledgers.made")
            self._run("settle", (wanted, int(anew), int(self._index()))).close()
        return upgrade.made, upgrade.added

    def _index(self) -> bool:
        """Whether the engine takes the optional index over the bigrams."""
        try:
            with self._connection.transaction():
                for text in optional("search_index"):
                    _do(self._connection, text)
        except (psycopg.ProgrammingError, psycopg.NotSupportedError):
            return False
        return True

    def give_login(self, login: str, password: str) -> None:
        """The owner's part: the login of the timer, or a new password for it."""
        known = bool(self._ask("role_exists", (login,)))
        verifier = self._connection.pgconn.encrypt_password(password.encode(), login.encode(), b"scram-sha-256")
        with self._whole():
            self._compose(
                "new_password" if known else "make_login",
                login=sql.Identifier(login),
                password=sql.Literal(verifier.decode()),
            )
            self._compose("give_role", role=sql.Identifier(PROJECTOR_ROLE), login=sql.Identifier(login))

    # -- the timer's part ----------------------------------------------------------------------------------------------

    def _state(self) -> tuple[str, bool] | None:
        rows = self._ask("projector")
        return (str(rows[0][0]), bool(rows[0][1])) if rows else None

    @contextmanager
    def alone(self, schema: Schema, other: LedgerHub) -> Generator[bool]:
        """Hold the tables for one run; whether they are to be made anew. `other` is a second connection, whose
        transaction lasts as long; the acts are read through it. Raises `Overtaken` while somebody else holds them,
        `Refused` where the tables are not those of this program."""
        with other._whole():
            try:
                try:
                    other._run("hold").close()
                except errors.LockNotAvailable:
                    raise Overtaken(_("另一个 dutydesk hub project 正在进行")) from None
                held = self._state()
                if held is None or held[0] != postgres.fingerprint(schema):
                    raise Refused(_("中心库的台账表与本机程序的版本不符，请其管理员运行 dutydesk hub init"))
                self.number = int(self._ask("begin_run")[0][0])
                yield held[1]
            except BaseException:
                other.close()  # that lets go, also where the line has gone and a rollback would only fail on it
                raise

    def end(self, report: SyncReport) -> None:
        """Leave what the run came to."""
        with self._whole():
            self._run("end_run", (json.dumps(told(report), ensure_ascii=False), self.number)).close()

    @contextmanager
    def _page(self) -> Generator[psycopg.Connection[tuple[Any, ...]]]:
        """One transaction of this run. Raises `Overtaken` when another one has begun."""
        with self._whole() as connection:
            (number,) = self._run("still").fetchone() or (0,)
            if number != self.number:
                raise Overtaken(_("另一个 dutydesk hub project 正在进行"))
            yield connection

    def quick(self) -> None:
        """For many small statements: they are prepared at the server, and integers have one type."""
        self._connection.prepare_threshold = 1
        self._connection.prepared_max = 2_000
        self._connection.adapters.register_dumper(int, Int8BinaryDumper)

    def empty(self, schema: Schema) -> None:
        """Begin anew: nothing is in the tables, and they have come nowhere."""
        with self._page() as connection:
            for text in postgres.emptying(schema):
                _do(connection, text)
            self._run("begun_anew").close()
        step("project.emptied")

    def projected(self) -> dict[Chain, Head]:
        """How far the tables have come."""
        return {(bytes(desk), int(epoch)): (int(seq), bytes(head)) for desk, epoch, seq, head in self._ask("frontier")}

    def left_out(self) -> int:
        """Acts that are counted as taken in and are not in the tables."""
        return int(self._ask("any_unprojected")[0][0])

    def vouched(self) -> dict[bytes, tuple[bytes, ...]]:
        """The keys that the hub's owner has entered, by desk."""
        out: dict[bytes, tuple[bytes, ...]] = {}
        for desk, public in self._ask("enrolled_keys"):
            out[bytes(desk)] = (*out.get(bytes(desk), ()), bytes(public))
        return out

    def announcing(self) -> list[Act]:
        """The acts in the tables that announce a key."""
        return [Act(*row) for row in self._ask("announcing")]

    def aside(self, act: Act, reason: str) -> None:
        """Note an act that is not believed."""
        with self._page():
            self._run("set_aside", (act.desk, act.epoch, act.seq, act.hash, reason)).close()

    def apply(self, schema: Schema, acts: Sequence[tuple[Act, Mapping[str, Any]]]) -> int:
        """Write acts with their bodies, checked ones, contiguous in each chain, into the tables and move the frontier
        with them; an act that the engine cannot hold is noted and left out. Returns how many were."""
        try:
            self._try(schema, acts)
        except _Unfit as error:
            if len(acts) == 1:
                with self._page():
                    self._run("skip", (acts[0][0].act_id, str(error))).close()
                    self._moved([acts[0][0]])
                return 1
            half = len(acts) // 2
            return self.apply(schema, acts[:half]) + self.apply(schema, acts[half:])
        return 0

    def _try(self, schema: Schema, acts: Sequence[tuple[Act, Mapping[str, Any]]]) -> None:
        with self._page() as connection:
            applier = Applier(cast("Any", _Cursor(connection)), schema, POSTGRES)
            try:
                applier.foresee([body for _act, body in acts])
                for act, body in acts:
                    applier.apply(act, body, {})
                applier.finish()
            except _UNFIT as error:
                raise _Unfit(f"{type(error).__name__} {error}"[:500]) from None
            step("project.applied")
            self._moved([act for act, _body in acts])
            step("project.before-commit")
        step("project.committed")

    def _moved(self, acts: Sequence[Act]) -> None:
        for act in acts:
            if act.kind in (keys.OPENS, keys.KIND):
                self._run("announce", (act.desk, act.epoch, act.seq)).close()
        for last in {(act.desk, act.epoch): act for act in acts}.values():
            self._run("move", (last.desk, last.epoch, last.seq, last.hash)).close()


def told(report: SyncReport) -> dict[str, Any]:
    """What a run came to, for `--json` and for `v_runs`."""
    whole = report.json()
    names = ("ok", "hub", "started_at", "ended_at", "in_step", "forks", "alarms", "notes", "error")
    return {name: whole[name] for name in names} | {"projected": whole["pulled"], "set_aside": whole["quarantined"]}


def optional(name: str) -> list[str]:
    """The statements of an optional file: what goes beyond the common subset, and is done without where it is not."""
    return split(files("dutydesk.sync").joinpath("hubsql", "optional", f"{name}.sql").read_text(encoding="utf-8"))


def _do(connection: psycopg.Connection[tuple[Any, ...]], text: str) -> None:
    connection.execute(text.encode())


# -- the run -------------------------------------------------------------------------------------------------------------


class _Projection(Session):
    """One run; what is here are the hub's own tables."""

    def __init__(
        self,
        schema: Schema,
        tables: LedgerHub,
        reading: LedgerHub,
        report: SyncReport,
        progress: Progress,
        cancel: Cancel,
    ) -> None:
        super().__init__(cast("Store", None), reading, report, progress, cancel)  # there is no desk
        self.schema = schema
        self.tables = tables
        self.held: dict[Chain, Head] = {}
        self.keys = keys.Ring()
        self.owners: dict[bytes, tuple[bytes, ...]] = {}

    def work(self) -> None:
        self.held = self.tables.projected()
        self._greet()
        for _round in range(protocol.ROUNDS):
            lacks, _owes = self._compare()
            if not lacks:
                break
            self._pull(lacks)
            self._greet()
        for at in self.held.keys() - self.hello.frontier.keys():
            self._fork(at, self.held[at], (0, b""))
        differ = {at for at, head in self.hello.frontier.items() if self.held.get(at) != head}
        self.report.in_step = differ <= self.blocked and not self.report.alarms
        if left := self.tables.left_out():
            self.report.note(_("有 {count} 条记录没有进台账表，见 v_unprojected").format(count=left))

    def _greet(self) -> None:
        self.hello = self.hub.hello()
        self.owners = self.tables.vouched()
        self.keys = keys.extended(keys.Ring(), self.tables.announcing(), self.owners)

    def _here(self) -> Mapping[Chain, Head]:
        return self.held

    def _hash_at(self, at: Chain, seq: int) -> bytes | None:
        return None  # the hub has less than was in the tables: something was taken out of it

    def _ring(self) -> keys.Ring:
        return self.keys

    def _vouched(self) -> Mapping[bytes, Sequence[bytes]]:
        return self.owners

    def _keep_seals(self, good: Sequence[Seal]) -> None:
        """They are where they were read."""

    def _set_aside(self, act: Act, reason: str) -> int:
        self.tables.aside(act, reason)
        return 1

    def _take(self, parcels: Sequence[Parcel]) -> Taken:
        """What `inbox.take_in` does at a desk, for acts whose chains and seals were found true."""
        ready: list[tuple[Act, Mapping[str, Any]]] = []
        stopped: set[Chain] = set()
        for act, _personal in parcels:
            at = (act.desk, act.epoch)
            if at in stopped:
                continue
            reason, body = inbox.look(act, {}, hashed=True)
            if reason:
                stopped.add(at)
                self.tables.aside(act, reason)
                self.report.alarm(
                    _("席位 {desk} 的记录 #{seq} 读不懂，没有进台账表").format(desk=self._called(act.desk), seq=act.seq)
                )
                continue
            ready.append((act, body))
        for start in range(0, len(ready), AT_ONCE):
            self._stop_if_asked()
            part = ready[start : start + AT_ONCE]
            if self.tables.apply(self.schema, part):
                self.report.alarm(_("有记录放不进台账表，见 v_unprojected"))
            self.held |= {(act.desk, act.epoch): (act.seq, act.hash) for act, _body in part}
            self.keys = keys.extended(self.keys, [act for act, _body in part], self.owners)
        return Taken(len(ready), quarantined=len(stopped))

    def _roomy(self) -> AbstractContextManager[None]:
        return nullcontext()

    def _concerns(self, desk: bytes) -> bool:
        return True  # everything that is at the hub

    def _allowed(self, at: Chain, upto: int) -> int:
        desk = self.hello.desks[at[0]]
        if not desk.revoked or desk.until is None:
            return upto
        return min(upto, self.hub.last_before(at, desk.until))

    def _may_push(self, at: Chain) -> bool:
        return False

    def _look_for_a_double(self, theirs: object) -> None:
        """Nobody works under the tables' name."""

    def _incomplete(self, parcels: Sequence[Parcel]) -> bool:
        return False

    def _fork(self, at: Chain, here: Head, there: Head) -> None:
        self.blocked.add(at)
        name = f"{self._called(at[0])}/{at[1]}"
        self.report.forks.append(name)
        self.report.alarm(
            _("席位 {place} 的记录与台账表里的不一致，请查明，再运行 dutydesk hub project --rebuild").format(place=name)
        )


def run(
    url: str,
    schema: Schema,
    clock: Clock,
    *,
    ca: str = "",
    rebuild: bool = False,
    progress: Progress = protocol.no_progress,
    cancel: Cancel = protocol.never,
) -> SyncReport:
    """Bring the ledger tables of a hub up to its acts; `rebuild` makes them anew. Raises `Unavailable` when the hub
    cannot be reached or was lost, `Refused` (`Overtaken`) when it may not be done now; what was done stays done."""
    report = SyncReport(started_at=clock.now())
    with LedgerHub.connect(url, ca=ca, cancel=cancel) as hub, LedgerHub.connect(url, ca=ca, cancel=cancel) as other:
        hub.quick()
        report.hub = hub.where.public
        with hub.alone(schema, other) as anew:
            if anew or rebuild:
                hub.empty(schema)
                report.note(_("台账表从头做过"))
            try:
                _Projection(schema, hub, other, report, progress, cancel).work()
            except Refused as error:
                report.error = str(error)
                raise
            finally:
                report.ended_at = clock.now()
                with suppress(DutyDeskError):  # whatever ended the run is what is told
                    hub.end(report)
    return report
