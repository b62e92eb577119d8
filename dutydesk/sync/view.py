"""The city's view: what a hub holds, pulled into a folder of this machine and only looked at (docs/sync.md §9).

It is `protocol`'s run without its pushing half. Seal and chain of every act are checked as a desk checks them; then it
goes through the same `apply`. A view asks for no personal data and no attached file, and its login may read neither.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from psycopg import sql
from psycopg.conninfo import make_conninfo

from dutydesk.core.clock import Clock
from dutydesk.core.errors import DutyDeskError, Problem, Refused
from dutydesk.core.i18n import _
from dutydesk.core.ids import new_id
from dutydesk.core.paths import Home
from dutydesk.core.settings import DeskConfig, load
from dutydesk.journal import peers
from dutydesk.journal.schema import Schema
from dutydesk.journal.store import Store
from dutydesk.journal.view import JOB, KNOWN, MARK, ViewStore
from dutydesk.sync import keys, protocol, record
from dutydesk.sync.hub import PATIENCE, READER_ROLE, Hub, target
from dutydesk.sync.outcome import SyncReport
from dutydesk.sync.protocol import Cancel, Progress, Session
from dutydesk.sync.record import Chain, Head
from dutydesk.sync.wire import Parcel


class ViewHub(Hub):
    """A hub that is only read, by a login that may not see personal data."""

    def _ask(self, name: str, values: Sequence[Any] = (), **groups: str) -> list[tuple[Any, ...]]:
        return [] if name == "sides" else super()._ask(name, values, **groups)

    def give_login(self, login: str, password: str) -> None:
        """The owner's part: a login that may read the record and nothing personal, or a new password for it."""
        known = bool(self._ask("role_exists", (login,)))
        verifier = self._connection.pgconn.encrypt_password(password.encode(), login.encode(), b"scram-sha-256")
        with self._connection.transaction():
            self._compose(
                "new_password" if known else "make_login",
                login=sql.Identifier(login),
                password=sql.Literal(verifier.decode()),
            )
            self._compose("bound_login", login=sql.Identifier(login))
            self._compose("give_role", role=sql.Identifier(READER_ROLE), login=sql.Identifier(login))


class _Reading(Session):
    """One refresh."""

    def work(self) -> None:
        self._greet()
        for _round in range(protocol.ROUNDS):
            lacks, _owes = self._compare()
            if not lacks:
                break
            self.moved = True
            self._pull(lacks)
            self._greet()
        mine = record.frontier(self.store)
        differ = {at for at, head in self.hello.frontier.items() if mine.get(at) != head}
        self.report.in_step = differ <= self.blocked and not self.report.alarms
        self._keep(last_ok=self.store.clock.now())

    def _greet(self) -> None:
        self.hello = self.hub.hello()
        keys.vouch(self.store, {each.desk: each.public for each in self.hello.desks.values() if not each.revoked})
        self._recall()

    def _may_push(self, at: Chain) -> bool:
        return False  # what a hub that was put back lacks is its desks' affair

    def _incomplete(self, parcels: Sequence[Parcel]) -> bool:
        return False

    def _fork(self, at: Chain, here: Head, there: Head) -> None:
        self.blocked.add(at)
        name = f"{self._called(at[0])}/{at[1]}"
        self.report.forks.append(name)
        self.report.alarm(_("中心库里席位 {place} 的记录与先前取到的不一致（分叉），请查明").format(place=name))


def address(told: str) -> str:
    """The hub's address; `told` may also be a file with the address in its first line and the password in its second,
    and a certificate after them, as the hub's owner writes it. Raises `Refused` for a file that is none."""
    file = Path(told)
    if "://" in told or not file.is_file():
        return told
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        lines = []
    if len(lines) < 2 or not all(line.startswith("-----BEGIN") for line in lines[2:3]):
        raise Refused(Problem(_("不是管理员给的登录文件"), file=told))
    return make_conninfo("", **(dict(target(lines[0]).params) | {"password": lines[1]}))


def folder(root: Home, url: str) -> Home:
    """Where the view of a hub lies when nobody says where: beside the desk's own record, by the hub's address."""
    name = hashlib.sha256(target(url).public.encode()).hexdigest()[:12]
    return Home(root.root / "views" / name)


def make(home: Home, schema: Schema, clock: Clock, url: str, *, ca: str = "", key: bytes | None = None) -> None:
    """Make the folder of a view, or see that it is one of this hub. A password in `url` is kept in the folder's
    `local_peer`, for the next time. Raises `Refused` for a folder that is a desk, or another hub's view."""
    where = target(url, ca=ca)
    if home.config.exists():  # a making that was cut off before is begun anew
        config = load(home.config)
        if not config.view:
            raise Refused(Problem(_("这里是一台席位的数据，看中心库请换一个文件夹"), file=str(home.root)))
        if config.hub != where.public:
            raise Refused(Problem(_("这里是另一个中心库的数据：{hub}").format(hub=config.hub), file=str(home.root)))
        opened = ViewStore.open(home, schema, clock, key=key) if where.params.get("password") else None
    else:
        told = DeskConfig(new_id(clock.now()).hex(), name=_("中心库"), hub=where.public, hub_ca=ca, view=True)
        opened = ViewStore.create(home, schema, clock, told, key=key)
    if opened is not None:
        with opened as store:
            if where.params.get("password"):
                protocol.remember_login(store, where.public, where.params["password"])


def refresh(
    store: Store,
    *,
    progress: Progress = protocol.no_progress,
    cancel: Cancel = protocol.never,
    patience: float = PATIENCE,
    connect: Callable[..., Hub] = ViewHub.connect,
) -> SyncReport:
    """Pull what the hub has gained. The run is noted in `local_job` however it ends. Raises as `protocol.run` does."""
    config = store.config
    if not config.view:
        raise Refused(_("这里是一台席位的数据，看中心库请换一个文件夹"))
    if not store.state(MARK):
        store.remember(MARK, "1")
    report = SyncReport(started_at=store.clock.now(), hub=config.hub)
    number = peers.begin_run(store, JOB)
    state = peers.FAILED
    try:
        password = str(peers.peer(store, protocol.LOGIN + config.hub).get("password", ""))
        with connect(config.hub, ca=config.hub_ca, password=password, patience=patience, cancel=cancel) as hub:
            told = {desk.hex(): [code, district, name, gone] for desk, code, district, name, gone in hub.desks()}
            peers.remember(store, {KNOWN: told})
            _Reading(store, hub, report, progress, cancel).work()
        state = peers.DONE if report.ok else peers.FAILED
    except DutyDeskError as error:
        report.error = str(error)
        state = peers.STOPPED if cancel() else peers.FAILED
        raise
    finally:
        report.ended_at = store.clock.now()
        peers.end_run(store, number, state, report.json())
    return report
