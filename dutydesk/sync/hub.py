"""The hub: a PostgreSQL database, or what speaks its protocol, spoken to in plain SQL.

`Hub.connect` gives a connection on which every method is one exchange: `hello` reads state and frontier in one
statement, `push` writes one transaction, `acts` reads a page. Every statement stands by name in
`hubsql/statements.sql`. Nothing here decides anything: who pushes what and whom to believe is `protocol`'s affair.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self, cast

import psycopg
from psycopg import errors, sql
from psycopg.conninfo import make_conninfo

from dutydesk.core.crashpoint import step
from dutydesk.core.errors import Refused, Unavailable
from dutydesk.core.i18n import _
from dutydesk.journal.chain import Act
from dutydesk.sync.line import (
    PATIENCE,
    PLACE,
    ROW,
    Forked,
    Patient,
    Range,
    Target,
    families,
    groups,
    numbered,
    parts,
    split,
    statements,
    target,
    text_of,
    typed,
    within,
)
from dutydesk.sync.plainly import plainly
from dutydesk.sync.seals import Seal
from dutydesk.sync.wire import Parcel, Personal, pack

PROTOCOL = 1
"""What this program speaks; a hub may ask for a later one."""
LEAST_VERSION, CODES_VERSION = 3, 4
"""Numbered files that a hub must have seen to be spoken to; and the one from which on it keeps who has which code. An
older hub is brought up by its owner."""
MOST_ACTS, MOST_BYTES = 500, 2**20
"""One push: so many acts, or so many bytes of bodies (engineering.md §1.2)."""
NEVER = 2**31
"""Runs after which the driver prepares a statement by itself: which ones are prepared is said here."""
CHUNK = 256 * 1024
CONNECT_SECONDS = 15
RETRIES = 5
"""How often a transaction that another one pushed aside is tried again (SQLSTATE 40001, 40P01)."""
DESK_ROLE, READER_ROLE, PROJECTOR_ROLE = "dutydesk_desk", "dutydesk_reader", "dutydesk_projector"
ROLES = (DESK_ROLE, READER_ROLE, PROJECTOR_ROLE, "dutydesk_project")
BOUNDS = ("bound_login", "bound_silence", "bound_probes", "bound_misses", "bound_work")
"""Statements that bound how long a login's half-done work is kept."""

Chain = tuple[bytes, int]
"""A desk's id and an epoch."""
Head = tuple[int, bytes]
"""The last seq of a chain and its hash."""


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A desk as the hub's owner enrolled it; `until`: the hub's counter when it was revoked."""

    desk: bytes
    public: bytes
    code: str
    name: str
    revoked: bool
    until: int | None
    district: str = ""


@dataclass(frozen=True, slots=True)
class Hello:
    """What the hub says first: who it is, its time (ms UTC), its counter, the desks it knows and how far each chain
    reaches; `version`: the last numbered file that it has seen."""

    hub: bytes
    incarnation: int
    arrival: int
    time: int
    desks: Mapping[bytes, Enrolled]
    frontier: Mapping[Chain, Head]
    version: int = 0


@dataclass(frozen=True, slots=True)
class Blob:
    """An attached file at the hub."""

    sha256: bytes
    size: int
    chunks: int
    arrival: int


@dataclass(frozen=True, slots=True)
class Batch:
    """What one push writes: acts of one chain, contiguous, and the seal over the last of them where there is one."""

    parcels: Sequence[Parcel]
    seal: Seal | None = None


class Hub:
    """A connection to a hub. Methods raise `Unavailable` when it is lost, `Refused` when the hub does not allow or
    accept something, `Forked` when it holds another act at a place."""

    def __init__(self, connection: psycopg.Connection[tuple[Any, ...]], where: Target) -> None:
        self._connection = connection
        self.where = where
        self.hub_id = b""

    @classmethod
    def connect(
        cls,
        url: str,
        *,
        ca: str = "",
        password: str = "",
        patience: float = PATIENCE,
        cancel: Callable[[], bool] | None = None,
    ) -> Self:
        """Reach the hub at `url`; see `target` for what it must say. `cancel` is asked ten times a second while an
        answer is awaited."""
        where = target(url, ca=ca, password=password)
        params: dict[str, Any] = {
            "application_name": "dutydesk",
            "connect_timeout": CONNECT_SECONDS,
            "tcp_user_timeout": int(patience * 1_000),
            **where.params,
        }
        with families():
            try:
                connection = Patient.connect(make_conninfo("", **params), autocommit=True, prepare_threshold=NEVER)
            except psycopg.OperationalError as error:
                raise Unavailable(
                    _("连不上中心库 {hub}：{error}").format(hub=where.place, error=plainly(error))
                ) from None
            connection.patience = patience
            connection.cancelled = cancel
        return cls(connection, where)

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _run(self, name: str, values: Sequence[Any] = (), **groups: str) -> psycopg.Cursor[tuple[Any, ...]]:
        return self._send(text_of(name, tuple(sorted(groups.items()))), values)

    def _send(self, text: bytes, values: Sequence[Any], *, often: bool = False) -> psycopg.Cursor[tuple[Any, ...]]:
        """`often`: the hub reads the statement once and keeps it for this connection (the protocol's Parse)."""
        cursor = psycopg.RawCursor(self._connection)  # the driver would look for %s through 7,500 of them each time
        cursor.execute(text, values or None, binary=True, prepare=often)
        return cursor

    def _ask(self, name: str, values: Sequence[Any] = (), **groups: str) -> list[tuple[Any, ...]]:
        with families(), self._run(name, values, **groups) as cursor:
            return cursor.fetchall()

    @contextmanager
    def _whole(self) -> Generator[psycopg.Connection[tuple[Any, ...]]]:
        """One transaction; the driver's errors in our families."""
        with families(), self._connection.transaction():
            yield self._connection

    def _compose(self, name: str, **parts: sql.Composable) -> None:
        text = cast("Any", statements()[name])  # a constant of ours; the type asks for a literal in the source
        self._connection.execute(sql.SQL(text).format(**parts))

    # -- the owner's part ----------------------------------------------------------------------------------------------

    def init(self, hub_id: bytes, *, restored: bool = False) -> list[int]:
        """Make the hub, or bring an older one up: the numbered files that it has not seen, each in a transaction of its
        own; returns their numbers. `restored` says that it was put back from a copy: desks push again what it lacks."""
        with families():
            self._run("init_version").close()
            for role in ROLES:
                if not self._ask("role_exists", (role,)):
                    try:
                        self._compose("make_role", role=sql.Identifier(role))
                    except (errors.DuplicateObject, errors.UniqueViolation):
                        pass  # another hub of the same server is being made now
            done = {int(n) for (n,) in self._ask("versions")}
            fresh: list[int] = []
            for number, script in numbered():
                if number in done:
                    continue
                with self._connection.transaction():
                    for statement in split(script):
                        self._connection.execute(statement.encode())
                    self._run("add_version", (number,)).close()
                    step("hub.init")
                fresh.append(number)
            with self._connection.transaction():
                self._run("init_state", (hub_id, PROTOCOL)).close()
                self._run("init_counter").close()
                if restored:
                    self._run("next_incarnation").close()
        return fresh

    def enrol(self, card: Any, login: str, password: str) -> None:
        """Enter a desk with its key (`keys.Card`), or enter it anew with another one, and give it a login of its own
        that may add and read. The password goes as the verifier that the server stores (RFC 5803). Raises `Refused` for
        a code that another desk of the district has, or none where the district has another desk."""
        with families(), self._connection.transaction():
            self._run("enrol", (card.desk, card.public, card.code, card.district, card.name, card.unit, login)).close()
            self._take_code(card)
            self._run("enrol_key", (card.desk, card.public)).close()
            known = bool(self._ask("role_exists", (login,)))
            verifier = self._connection.pgconn.encrypt_password(
                password.encode(), login.encode(), b"scram-sha-256"
            ).decode()
            self._compose(
                "new_password" if known else "make_login", login=sql.Identifier(login), password=sql.Literal(verifier)
            )
            self._compose("give_role", role=sql.Identifier(DESK_ROLE), login=sql.Identifier(login))
        self._bound(login)

    def _bound(self, login: str) -> None:
        """A desk that falls silent amid a push must not keep the counter from the others: its half-done work is dropped.
        Between two statements the first bound does that, while a statement is on its way the next three (a machine that
        has gone, found by TCP within a minute; a server would wait for two hours) or the last (one that hangs)."""
        with families():
            for name in BOUNDS:
                try:
                    self._compose(name, login=sql.Identifier(login))
                except (errors.UndefinedObject, errors.FeatureNotSupported):
                    pass  # the last one came with PostgreSQL 17; other engines lack others

    def _take_code(self, card: Any) -> None:
        self._run("take_code", (card.district, card.code, card.desk)).close()
        holders = self.codes(card.district)
        if holders[card.code] != card.desk:
            name = next((row[3] for row in self.desks() if row[0] == holders[card.code]), "")
            if not card.code:
                raise Refused(_("本区已有没有代号的席位（{name}），再登记的要有代号，否则编号会重复").format(name=name))
            told = _("代号 {code} 在本区已给了另一台席位（{name}），编号会重复：请给这一台另起一个")
            raise Refused(told.format(code=card.code, name=name))
        if not card.code and len(set(holders.values())) > 1:
            raise Refused(_("本区不止一台席位，要有代号才能登记，否则编号分不清是哪一台的"))

    def codes(self, district: str) -> dict[str, bytes]:
        """Which desk of a district has which code, those included that were used once."""
        return {str(code): bytes(desk) for code, desk in self._ask("codes", (district,))}

    def claim_code(self, district: str, code: str, desk: bytes) -> dict[str, bytes]:
        """Enter a code that a desk uses from now on; as `codes`: the desk has it, unless another one was first."""
        with families():
            self._run("take_code", (district, code, desk)).close()
        return self.codes(district)

    def revoke(self, desk: bytes, reason: str) -> bool:
        """Shut a desk out: its login loses its rights, and nothing of it that comes from now on counts. False when it
        was shut out before."""
        with families(), self._connection.transaction():
            logins = [row[5] for row in self._ask("desks") if bytes(row[0]) == desk]
            with self._run("revoke", (reason, desk)) as cursor:
                changed = cursor.rowcount > 0
            for login in logins:
                if login and self._ask("role_exists", (login,)):
                    self._compose("take_role", role=sql.Identifier(DESK_ROLE), login=sql.Identifier(login))
        return changed

    def desks(self) -> list[tuple[bytes, str, str, str, bool]]:
        """Every enrolled desk: id, code, district, name, whether it was revoked."""
        return [(bytes(row[0]), row[2], row[3], row[4], bool(row[6])) for row in self._ask("desks")]

    # -- hello ---------------------------------------------------------------------------------------------------------

    def hello(self) -> Hello:
        """State, desks and frontier in one statement. Raises `Refused` when hub and program do not fit."""
        rows = self._ask("hello")
        if not rows:
            raise Refused(_("中心库还没有建好，请其管理员运行 dutydesk hub init"))
        hub, incarnation, least, version, arrival, now = rows[0][:6]
        if least > PROTOCOL:
            raise Refused(_("本机程序太旧，中心库要求新版：请管理员给本机换新版，换之前照常记事"))
        if version < LEAST_VERSION:
            raise Refused(_("中心库太旧，请其管理员运行 dutydesk hub init"))
        desks: dict[bytes, Enrolled] = {}
        frontier: dict[Chain, Head] = {}
        for row in rows:
            if row[6] is None:
                continue
            desk = bytes(row[6])
            desks[desk] = Enrolled(desk, bytes(row[7]), row[8], row[9], bool(row[10]), row[11], row[15])
            if row[13] is not None:
                frontier[desk, int(row[12])] = (int(row[13]), bytes(row[14]))
        self.hub_id = bytes(hub)
        return Hello(self.hub_id, int(incarnation), int(arrival), int(now), desks, frontier, int(version))

    def hashes_at(self, places: Iterable[tuple[bytes, int, int]]) -> dict[tuple[bytes, int, int], bytes]:
        """The hashes of single acts."""
        out: dict[tuple[bytes, int, int], bytes] = {}
        for part in parts(list(places), 500):
            values = [value for place in part for value in place]
            for desk, epoch, seq, digest in self._ask("hashes_at", values, places=" OR ".join([PLACE] * len(part))):
                out[bytes(desk), int(epoch), int(seq)] = bytes(digest)
        return out

    # -- push ----------------------------------------------------------------------------------------------------------

    def push(self, batch: Batch) -> None:
        """Write a batch, all or nothing; what is there already stays and must be the same. Raises `Forked`."""
        for attempt in range(RETRIES):
            try:
                with families():
                    try:
                        self._push(batch)
                    except (errors.SerializationFailure, errors.DeadlockDetected):
                        if attempt + 1 == RETRIES:
                            raise
                        threading.Event().wait(0.05 * (attempt + 1))
                        continue
            finally:
                step("push.ended")
            return

    def _push(self, batch: Batch) -> None:
        acts = [act for act, _personal in batch.parcels]
        first, last = acts[0], acts[-1]
        if first.seq == 1:  # by itself: the transaction must hold nothing while the acts are on their way
            self._run("add_chain", (first.desk, first.epoch)).close()
        with self._connection.transaction():
            step("push.begun")
            rows = [_row(act, len(acts) - n) for n, act in enumerate(acts, 1)]
            values = [len(acts), *(value for row in rows for value in row)]
            text = text_of("add_acts", (("rows", typed(len(rows))),))
            # Half of what the hub does for 500 acts is reading 7,500 names of parameters: once is enough.
            with self._send(text, values, often=len(rows) == MOST_ACTS) as cursor:
                added = cursor.rowcount
            step("push.acts")
            if added != len(acts):
                self._compare(acts)
            self._push_personal(batch.parcels)
            if batch.seal is not None:
                seal = batch.seal
                self._run("add_seal", (seal.desk, seal.epoch, seal.seq, seal.hash, seal.sig)).close()
            self._run("add_witness", (last.desk, last.epoch, last.seq, last.hash)).close()
            step("push.before-commit")
        step("push.committed")

    def _compare(self, acts: Sequence[Act]) -> None:
        first, last = acts[0], acts[-1]
        held = {
            int(seq): bytes(digest)
            for seq, digest in self._run("hashes", (first.desk, first.epoch, first.seq, last.seq)).fetchall()
        }
        for act in acts:
            if held.get(act.seq) != act.hash:
                raise Forked(_("同一序号有两条不同的记录（分叉）：#{seq}").format(seq=act.seq))

    def _push_personal(self, parcels: Sequence[Parcel]) -> None:
        rows: list[tuple[Any, ...]] = []
        erased: list[tuple[str, bytes]] = []
        for act, personal in parcels:
            if not personal and b'"erase":' not in act.body:
                continue
            for n, change in enumerate(_changes(act)):
                row = bytes.fromhex(change["row"])
                if n in personal:
                    rows.append((act.desk, act.epoch, act.seq, n, change["ledger"], row, *personal[n]))
                if "erase" in change:
                    erased.append((change["ledger"], row))
        for part in parts(rows, 1_000):
            self._run("add_personal", [v for row in part for v in row], rows=groups(len(part), 8)).close()
        for part in parts(erased, 1_000):
            values = [value for row in part for value in row]
            self._run("add_erased", values, rows=groups(len(part), 2)).close()
            self._run("forget", values, places=" OR ".join([ROW] * len(part))).close()
        if rows:
            first, last = parcels[0][0], parcels[-1][0]
            self._run("forget_late", (first.desk, first.epoch, first.seq, last.seq)).close()

    def set_aside(self, parcels: Sequence[Parcel], reason: str, reporter: bytes) -> None:
        """Keep the other branch of a fork beside the chain; the same act is kept once."""
        for part in parts(list(parcels), 200):
            values = [
                value
                for act, personal in part
                for value in (act.desk, act.epoch, act.seq, act.hash, reason, reporter, pack(act, dict(personal)))
            ]
            with families():
                self._run("add_quarantine", values, rows=groups(len(part), 7)).close()

    # -- pull ----------------------------------------------------------------------------------------------------------

    def acts(self, ranges: Sequence[Range]) -> list[Parcel]:
        """The acts of some ranges with their side rows, by chain and seq."""
        where, values = within(ranges)
        if not ranges:
            return []
        found = self._ask("acts", values, ranges=where)
        sides: dict[tuple[bytes, int, int], Personal] = {}
        if any(b'"personal":' in row[10] for row in found):
            for desk, epoch, seq, n, salt, data in self._ask("sides", values, ranges=where):
                sides.setdefault((bytes(desk), int(epoch), int(seq)), {})[int(n)] = (bytes(salt), bytes(data))
        return [(act := Act(*row), sides.get((act.desk, act.epoch, act.seq), {})) for row in found]

    def seals(self, ranges: Sequence[Range], *, after: bool = False) -> list[Seal]:
        """The seals within each range, the last ones first, or with `after` the first place of each range that has one.
        There may be false ones among them."""
        if not ranges:
            return []
        where, values = within(ranges)
        rows = self._ask("next_seals" if after else "seals", values, ranges=where)
        return [Seal(bytes(row[0]), int(row[1]), int(row[2]), bytes(row[3]), bytes(row[4])) for row in rows]

    def last_before(self, chain: Chain, arrival: int) -> int:
        """How far a chain reached when the counter stood at `arrival`."""
        ((seq,),) = self._ask("last_before", (*chain, arrival))
        return int(seq or 0)

    def erased(self, rows: Sequence[tuple[str, bytes]]) -> set[tuple[str, bytes]]:
        """Which of some rows were erased."""
        out: set[tuple[str, bytes]] = set()
        for part in parts(list(rows), 500):
            values = [value for row in part for value in row]
            found = self._ask("erased_of", values, places=" OR ".join([ROW] * len(part)))
            out |= {(str(ledger), bytes(row)) for ledger, row in found}
        return out

    # -- attached files ------------------------------------------------------------------------------------------------

    def blobs_held(self, hashes: Sequence[bytes]) -> set[bytes]:
        """Which of some files the hub has whole."""
        out: set[bytes] = set()
        for part in parts(list(hashes), 1_000):
            out |= {bytes(held) for (held,) in self._ask("blobs_held", part, rows=", ".join(["%s"] * len(part)))}
        return out

    def put_blob(self, sha256: bytes, data: bytes) -> None:
        """Send a file piece by piece; pieces that are there are not sent again."""
        pieces = [data[start : start + CHUNK] for start in range(0, len(data), CHUNK)]
        held = {int(n) for (n,) in self._ask("chunks_held", (sha256,))}
        with families():
            for n, piece in enumerate(pieces):
                if n not in held:
                    self._run("add_chunk", (sha256, n, piece)).close()
                    step("blob.sent")
            with self._connection.transaction():
                (taken,) = self._run("take_numbers", (1,)).fetchone() or (0,)
                self._run("add_blob", (sha256, len(data), len(pieces), taken)).close()

    def blobs_since(self, arrival: int, most: int = 500) -> list[Blob]:
        """Files that came whole after a number of the counter, in order."""
        return [Blob(bytes(row[0]), row[1], row[2], row[3]) for row in self._ask("blobs_since", (arrival, most))]

    def blobs_of(self, hashes: Sequence[bytes]) -> list[Blob]:
        """Those of some files that the hub has whole."""
        out: list[Blob] = []
        for part in parts(list(hashes), 1_000):
            found = self._ask("blobs_of", part, rows=", ".join(["%s"] * len(part)))
            out += [Blob(bytes(row[0]), row[1], row[2], row[3]) for row in found]
        return out

    def chunk(self, sha256: bytes, n: int) -> bytes:
        """One piece of a file. Raises `Unavailable` when it is not there."""
        found = self._ask("chunk", (sha256, n))
        if not found:
            raise Unavailable(_("中心库里缺少附件 {name} 的一段").format(name=sha256.hex()[:8]))
        return bytes(found[0][0])

    # -- digests -------------------------------------------------------------------------------------------------------

    def tell_digest(self, frontier: bytes, fingerprint: str, desk: bytes, digest: str) -> dict[bytes, set[str]]:
        """Leave what this desk shows at a frontier, and hear what others of the same program showed there."""
        with families():
            self._run("add_projection", (frontier, fingerprint, desk, digest)).close()
        out: dict[bytes, set[str]] = {}
        for other, told in self._ask("projections", (frontier, fingerprint)):
            out.setdefault(bytes(other), set()).add(str(told))
        return out


def _changes(act: Act) -> list[dict[str, Any]]:
    from dutydesk.journal.apply import parse_body

    return parse_body(act.body)["changes"]


def _row(act: Act, before: int) -> tuple[Any, ...]:
    return (
        act.desk, act.epoch, act.seq, act.act_id, act.hlc, act.happened_at, act.recorded_at, act.by, act.kind, act.sv,
        act.body, act.alg, act.prev, act.hash, before,
    )  # fmt: skip
