"""The store: one desk's database, its single writer and its readers.

`Store.act` is the only way in which the record changes: in one `BEGIN IMMEDIATE` transaction it reads the chain's
head, the clock and the next numbers, appends the act, applies it and moves the frontier; after the commit it tells
`listeners` once. `Store.read` gives a Core connection with one consistent view. Local tables (drafts, mappings, job
runs) change through `Store.local`.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from dutydesk.core.clock import MINUTE, Clock
from dutydesk.core.errors import Damaged, Problem, Refused, Unavailable
from dutydesk.core.i18n import _
from dutydesk.core.ids import CLI, SYSTEM, new_id
from dutydesk.core.paths import Home
from dutydesk.core.settings import DeskConfig, load, save
from dutydesk.journal import attachments, ballast, chain, headfile, peers, recipe
from dutydesk.journal.apply import DELETE, Applier, Rows
from dutydesk.journal.chain import Act, canonical
from dutydesk.journal.composing import Composer
from dutydesk.journal.locks import DeskLock
from dutydesk.journal.making import DiskFull, family, has_acts, make_tables
from dutydesk.journal.receipts import Announcement, Batch, Guard, Receipt
from dutydesk.journal.schema import Schema
from dutydesk.journal.tables import VERSION
from dutydesk.journal.tidy import Tidy
from dutydesk.ledger.feature import Change
from dutydesk.ledger.kinds import refuse_control

log = logging.getLogger(__name__)

MOST_CHANGES = 500
MOST_BYTES = 256 * 1024
CLOCK_SLACK = 2 * MINUTE
STRIDE = 250
"""Acts after which a large transaction looks whether somebody waits for it."""
ROOMY = -64_000
"""KiB of page cache, negative as SQLite has it, while many acts come in."""
ACT_COLUMNS = "desk, epoch, seq, act_id, hlc, happened_at, recorded_at, by, kind, sv, body, alg, prev, hash"
INSERT_ACT = f"INSERT INTO act ({ACT_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
INSERT_PERSONAL = "INSERT INTO personal VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
INSERT_PERSONAL_UNLESS_ERASED = (
    "INSERT INTO personal SELECT ?1, ?2, ?3, ?4, ?5, ?6"
    " WHERE NOT EXISTS (SELECT 1 FROM erased WHERE ledger = ?3 AND row = ?4)"
)
MOVE_FRONTIER = (
    "INSERT INTO frontier VALUES (?, ?, ?, ?, ?)"
    " ON CONFLICT (desk, epoch) DO UPDATE SET seq = excluded.seq, hash = excluded.hash, hlc = excluded.hlc"
)


class Store:
    """One desk's record.

    Attributes: `home`, `schema`, `clock`, `config`; `listeners`: callables told of every commit here;
    `guard`: asked with kind and author before an act is made here, raises `Refused`; never asked about what arrives;
    `notes`: sentences about what was found at opening; `upgraded`: the copy from before it, where opening has brought an
    older file to this version; `tidy`: its housekeeping; `clock_behind`: milliseconds by which the clock is behind the
    last act (0 when it is not).
    """

    def __init__(self, home: Home, schema: Schema, clock: Clock, config: DeskConfig, key: bytes | None = None) -> None:
        self.home = home
        self.schema = schema
        self.clock = clock
        self.config = config
        self.key = key
        self.listeners: list[Callable[[Announcement], None]] = []
        self.guard: Guard | None = None
        self.notes: list[str] = []
        self.upgraded: Path | None = None
        self.tidy = Tidy(self)
        self.clock_behind = 0
        self._gate = threading.RLock()
        self._broken = ""
        self._closed = False
        self._readers: Engine | None = None
        self._borrowed = ExitStack()
        self._writer: Connection | None = None
        self._raw: recipe.Raw | None = None
        self._head: headfile.HeadFile | None = None
        self._lock: DeskLock | None = None
        self._machine = headfile.machine_hash()

    # -- life ------------------------------------------------------------------------------------------------------

    @classmethod
    def create(
        cls,
        home: Home,
        schema: Schema,
        clock: Clock,
        config: DeskConfig,
        *,
        key: bytes | None = None,
        info: Mapping[str, Any] | None = None,
    ) -> Store:
        """Make a new desk in an empty folder and open its first epoch. Raises `Refused` when one is there already,
        `Unavailable` when the folder takes nothing."""
        if home.config.exists() or has_acts(home, key):
            raise Refused(Problem(_("这里已有值班数据，不会覆盖"), file=str(home.root)))
        recipe.refuse_place(home.root)
        for ending in ("", "-wal", "-shm"):  # what a making that was cut off has left
            Path(f"{home.database}{ending}").unlink(missing_ok=True)
        try:
            for folder in (home.root, home.attachments, home.snapshots, home.outbox, home.logs):
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Unavailable(
                _("数据文件夹只读或不能写入（{error}）：{folder}").format(
                    error=error.strerror or error, folder=home.root
                )
            ) from None
        raw = recipe.connect(home.database, key, create=True)
        try:
            make_tables(raw, schema)
        finally:
            raw.close()
        save(home.config, config)
        store = cls.open(home, schema, clock, key=key, continuing=True)
        store.open_epoch(ZERO_PREV, dict(info or {}))
        return store

    @classmethod
    def open(
        cls,
        home: Home,
        schema: Schema,
        clock: Clock,
        *,
        key: bytes | None = None,
        exclusive: bool = False,
        continuing: bool = False,
    ) -> Self:
        """Open an existing desk: the place, the files, the version, the chain's head and the projections are checked
        before anything is shown. `continuing` allows a file whose epoch is about to be opened (a restore).
        Raises `Unavailable`, `Refused` or `Damaged`."""
        if not home.is_desk:
            raise Refused(Problem(_("这里还没有值班数据，请先运行 dutydesk init"), file=str(home.root)))
        recipe.refuse_place(home.root)
        store = cls(home, schema, clock, load(home.config), key)
        store._lock = DeskLock(home.lock, exclusive=exclusive)
        try:
            if not continuing:
                store._refuse_elsewhere()
            store._open()
            if not continuing:
                store._refuse_half_restored()
        except BaseException:
            store.close()
            raise
        return store

    def _open(self) -> None:
        head = self._inspect()
        raw = recipe.connect(self.home.database, self.key)
        self._raw = raw
        if head is not None and head.clean:
            # Said before anything can be written: a migration cut off by the power must find its WAL at the next start.
            self._write_head(replace(head, clean=False))
            self._refuse_broken()
        self._writer = self._borrowed.enter_context(recipe.core(raw, self.home.attachments))
        try:
            self._check_version()
            self._adopt_epoch()
            self._compare(head)
            if head is not None and not head.clean:
                self._quick_check()
            self._sync_projections()
            if self._local("district") != self.config.district:
                self._set_local("district", self.config.district)
        except (recipe.driver().DatabaseError, UnicodeDecodeError) as error:
            raise family(error) from None
        except DBAPIError as error:
            raise family(error.orig or error) from None
        self._readers = create_engine(
            "sqlite://",
            module=recipe.driver(),
            creator=lambda: recipe.connect(self.home.database, self.key),
            poolclass=QueuePool,
            pool_size=4,
            max_overflow=8,
        )
        event.listen(self._readers, "begin", _begin)
        self._note_head(*self.position())
        self._refuse_broken()
        self.tidy.begin()

    def _inspect(self) -> headfile.Head | None:
        """Look at the files before SQLite does; a `-wal` that is not ours is moved aside only while nobody else has
        the desk, who may have begun it since `desk.head` was read. Returns `desk.head`."""
        assert self._lock is not None
        encrypted = self.key is not None
        head = headfile.read(self.home.head)
        if not headfile.inspect(self.home.database, head, encrypted=encrypted, move=False):
            return head
        if not self._lock.exclusive and self._lock.shared():
            head = headfile.read(self.home.head)
            if headfile.inspect(self.home.database, head, encrypted=encrypted, move=False):
                raise Unavailable(_("数据文件夹正被另一个程序使用，请先关闭它"))
            return head
        with self._lock.exclusively():
            head = headfile.read(self.home.head)
            self.notes += headfile.inspect(self.home.database, head, encrypted=encrypted)
        return head

    def _refuse_elsewhere(self) -> None:
        """Two machines that write one desk's record fork it. What plays for itself (sample, drill) may lie anywhere."""
        if not (self.config.sample or self.config.drill) and headfile.elsewhere(headfile.read(self.home.head)):
            raise headfile.Elsewhere(
                _("这个数据文件夹来自另一台电脑：请打开窗口，或用 dutydesk adopt 说明是搬迁还是复制")
            )

    def _refuse_half_restored(self) -> None:
        """A restore that was cut off has named its epoch and not opened it: nothing may be written before. A making
        that was cut off there is finished: there is nothing yet that could be lost."""
        assert self._raw is not None
        if self.position()[0]:
            return
        if self._raw.execute("SELECT 1 FROM frontier LIMIT 1").fetchone():
            raise Damaged(_("上一次恢复没有做完，请再运行一次 dutydesk restore"))
        self.open_epoch(ZERO_PREV, {})

    def _check_version(self) -> None:
        assert self._raw is not None
        version = self._raw.execute("PRAGMA user_version").fetchone()[0]
        if version > VERSION:
            raise Refused(
                _("数据文件是较新版本的程序写的（{found} > {known}），请升级后再打开").format(
                    found=version, known=VERSION
                )
            )
        if version < VERSION:
            from dutydesk.journal.upgrade import upgrade  # alembic is loaded when it is needed

            assert self._lock is not None
            with self._lock.exclusively():  # another process may have brought it up meanwhile
                version = self._raw.execute("PRAGMA user_version").fetchone()[0]
                self.upgraded = upgrade(self.home, self._raw, version, key=self.key, at=self.clock.now())

    def _compare(self, head: headfile.Head | None) -> None:
        if head is not None:
            headfile.compare(head, self._frontier(head.desk, head.epoch))

    def _quick_check(self) -> None:
        """After an unclean stop a small file is looked through at once, a large one by the window's first job."""
        if self.home.database.stat().st_size <= 64 * 2**20:
            problems = self.quick_check()
            if problems:
                raise Damaged(*[Problem(text, file=self.home.database.name) for text in problems])

    def quick_check(self) -> list[str]:
        """What `PRAGMA quick_check` finds; empty when the file is sound."""
        raw = recipe.connect(self.home.database, self.key, read_only=True)
        try:
            found = [str(row[0]) for row in raw.execute("PRAGMA quick_check(20)").fetchall()]
        finally:
            raw.close()
        return [text for text in found if text != "ok"]

    def _sync_projections(self) -> None:
        """Bring the ledger tables to this program's declarations: a new field is a new column, anything else is made
        again from the acts. Acts are never created here."""
        assert self._raw is not None
        held = self._local("schema")
        if held == self.schema.fingerprint:
            return
        from dutydesk.journal.rebuild import adapt  # only after an upgrade

        assert self._lock is not None
        with self._lock.exclusively():
            adapt(self._raw, self.schema, self.home.attachments)
        self._set_local("schema", self.schema.fingerprint)

    @property
    def closed(self) -> bool:
        """Whether it was closed: nothing can be asked of it or kept any more."""
        return self._closed

    def close(self) -> None:
        """Close in order; the last user of the desk leaves it marked as cleanly stopped."""
        if self._closed:
            return
        self._closed = True
        with self._gate:
            self.tidy.end()
            if self._readers is not None:
                self._readers.dispose()
                if self._raw is not None and not self._broken:
                    with suppress(recipe.driver().Error):  # another process may have written last
                        self._note_head(*self.position())
            self._borrowed.close()
            if self._raw is not None:
                with suppress(recipe.driver().Error):
                    self._raw.close()
            alone = self._lock is not None and self._lock.alone()
            if self._head is not None:
                # A -wal that is still there holds acts: a disk that failed, or somebody who reads without the lock.
                if alone and not self._broken and not headfile.wal_length(self.home.database):
                    with suppress(OSError):  # the next start finds an unclean stop and looks closer
                        self._head.mark_clean()
                self._head.close()
            if self._lock is not None:
                self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    # -- reading ---------------------------------------------------------------------------------------------------

    @contextmanager
    def read(self) -> Generator[Connection]:
        """A Core connection with one consistent view of the record; for one question, not for keeping."""
        assert self._readers is not None
        try:
            with self._readers.connect() as connection:
                yield connection
        except recipe.driver().DatabaseError as error:
            raise family(error) from None
        except DBAPIError as error:
            raise family(error.orig or error) from None

    def ask(self, text: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of one plain question, without what SQLAlchemy adds to it: a run of sync asks many small ones."""
        assert self._readers is not None
        try:
            connection = self._readers.raw_connection()
            try:
                cursor = connection.cursor()
                found = cursor.execute(text, values).fetchall()
                cursor.close()
                return found
            finally:
                connection.close()
        except recipe.driver().DatabaseError as error:
            raise family(error) from None

    def shared(self) -> bool:
        """Whether another process, such as a window, has this desk open now: bulk work then takes small steps."""
        return self._lock is not None and not self._lock.exclusive and self._lock.shared()

    def rebuild(self, progress: Callable[[int, int], None] | None = None) -> int:
        """Make all projections again from the acts, while no other process has the desk; returns the number of acts.
        `progress(done, whole)` may raise to stop: the old projections stay. Raises `Unavailable` when others have it."""
        from dutydesk.journal.rebuild import no_progress, rebuild  # rarely needed

        if self._raw is None or self._lock is None or self.shared():
            raise Unavailable(_("数据文件夹正被另一个程序使用，请先关闭它"))
        with self._gate, self._lock.exclusively():
            return rebuild(self._raw, self.schema, self.home.attachments, progress or no_progress)

    def data_version(self) -> int:
        """Changes when another connection has written: the window asks once a second."""
        assert self._raw is not None
        with self._gate:
            return int(self._raw.execute("PRAGMA data_version").fetchone()[0])

    def position(self) -> tuple[int, bytes]:
        """(seq, hash) of this desk's own epoch; (0, zeros) before it is opened."""
        return self._frontier(self.config.desk_id, self.config.epoch) or (0, chain.ZERO)

    def _frontier(self, desk: bytes, epoch: int) -> tuple[int, bytes] | None:
        assert self._raw is not None
        found = self._raw.execute(
            "SELECT seq, hash FROM frontier WHERE desk = ? AND epoch = ?", (desk, epoch)
        ).fetchone()
        return None if found is None else (int(found[0]), bytes(found[1]))

    # -- writing ---------------------------------------------------------------------------------------------------

    def open_epoch(self, prev: bytes, info: Mapping[str, Any], numbers: Sequence[tuple[str, int, int]] = ()) -> Receipt:
        """Begin the epoch that `config` names. `info` says what the desk is and what it continues; `numbers` are
        (ledger, year, last number used), so that no number on paper is ever given twice. A desk that is neither
        sample nor drill, which are never synced, says its public key."""
        from dutydesk import __version__

        key = {} if self.config.sample or self.config.drill else {"key": peers.own_public(self).hex()}
        told = {
            "code": self.config.code,
            "desk": self.config.desk,
            "district": self.config.district,
            "drill": int(self.config.drill),
            "name": self.config.name,
            "sample": int(self.config.sample),
            "unit": self.config.unit,
            "version": __version__,
            **key,
        } | dict(info)
        extra: dict[str, Any] = {"epoch": told}
        if numbers:
            extra["numbers"] = [list(entry) for entry in numbers]
        return self._append("epoch.open", (), by=SYSTEM, extra=extra, prev=prev)

    def next_epoch(self, epoch: int, info: Mapping[str, Any], code: str | None = None) -> Receipt:
        """Go on in another epoch of this desk, which continues the present one: its own acts came back from elsewhere,
        or another machine has used its name, which takes a `code` of its own for the numbers from now on. Every process
        that has the desk open goes on there with its next act."""
        with self._gate:
            before, (_seq, link) = self.config, self.position()
            self.config = replace(before, epoch=epoch, code=before.code if code is None else code)
            try:
                receipt = self.open_epoch(link, {"continues": link.hex(), **info})
            except BaseException:
                self.config = before
                raise
            save(self.home.config, self.config)
            return receipt

    def _adopt_epoch(self) -> None:
        """Follow the desk into the epoch that was opened while this process had it open, or while `desk.toml` could
        not be written."""
        epoch = int(self._local("epoch") or 0)
        if epoch > self.config.epoch:
            code = self._local("code")
            self.config = replace(self.config, epoch=epoch, code=self.config.code if code is None else code)

    def declare(self, kind: str, told: Mapping[str, Any]) -> Receipt:
        """An act about the desk itself, without changes of ledgers, such as its key (`desk.key`)."""
        return self._append(kind, (), by=SYSTEM, extra=told)

    def act(
        self,
        kind: str,
        changes: Sequence[Change],
        *,
        by: str,
        happened_at: int | None = None,
        note: str = "",
        batch: Batch | None = None,
    ) -> Receipt:
        """Append one act and apply it, all or nothing.

        `by` is the hex id of a row of `people`, or `system`, `cli`; `happened_at` milliseconds, now when not given.
        Raises `Refused` when the changes break a rule, `Unavailable` when the disk does not take them.
        """
        extra: dict[str, Any] = {}
        if note:
            extra["note"] = _plain_text(note)
        if batch is not None:
            extra["batch"] = {"id": batch.id.hex(), "n": batch.n, "of": batch.of}
        return self._append(kind, changes, by=by, happened_at=happened_at, extra=extra)

    def erase(self, ledger: str, row: bytes, *, by: str, note: str) -> Receipt:
        """Take the personal data of a row out of the record for good; the chain stays whole."""
        return self._append("erase", (), by=by, extra={"note": note, "erase": (ledger, row)})

    def _append(
        self,
        kind: str,
        changes: Sequence[Change],
        *,
        by: str,
        happened_at: int | None = None,
        extra: Mapping[str, Any],
        prev: bytes | None = None,
    ) -> Receipt:
        if by not in (SYSTEM, CLI) and len(by) != 32:
            raise Refused(_("没有值班人员，不能保存"))
        if self.guard is not None and extra.get("batch", {}).get("n", 1) == 1:  # a series that began is finished
            self.guard(kind, by)
        try:
            return self._append_once(kind, changes, by, happened_at, extra, prev)
        except DiskFull:
            if "batch" in extra or not ballast.give_up(self.home.root):
                raise
            return self._append_once(kind, changes, by, happened_at, extra, prev)

    def _append_once(
        self,
        kind: str,
        changes: Sequence[Change],
        by: str,
        happened_at: int | None,
        extra: Mapping[str, Any],
        prev: bytes | None,
    ) -> Receipt:
        with self._transaction() as cursor:
            now = self.clock.now()
            next_ = self._next(cursor, kind, now, prev)
            composer = Composer(cursor, self.schema, self.config)
            numbered = composer.numbered(changes, now)
            lines = self.schema.log_lines(numbered)
            if lines:
                numbered = [*numbered, *composer.numbered(lines, now)]
            if len(numbered) > MOST_CHANGES:
                raise Refused(_("一次最多 {most} 项变更").format(most=MOST_CHANGES))
            try:
                body, personal = composer.body(numbered, extra)
                text = canonical(body)
            except (ValueError, TypeError) as error:
                raise Refused(_("含有不能保存的内容（{error}）").format(error=error)) from None
            if len(text) > MOST_BYTES:
                raise Refused(_("内容太长：一次最多 {most} KB").format(most=MOST_BYTES // 1024))
            when = now if happened_at is None else happened_at
            act = self._act(next_, now, when, by, kind, text)
            rows = self._admit_one(cursor, act, personal, body)
        self._note_head(act.seq, act.hash)
        self._announce(rows)
        return Receipt(act.act_id, act.seq, tuple(numbered))

    def _next(self, cursor: recipe.Cursor, kind: str, now: int, prev: bytes | None = None) -> tuple[int, bytes, int]:
        """The place of the next act: its seq, the hash that it follows, the last time of the record (`hlc`)."""
        if kind == "epoch.open":
            self._set_local("epoch", str(self.config.epoch))
            self._set_local("code", self.config.code)
            self._set_local("district", self.config.district)
        else:
            self._adopt_epoch()
        place = cursor.execute(
            "SELECT seq, hash FROM frontier WHERE desk = ? AND epoch = ?", (self.config.desk_id, self.config.epoch)
        ).fetchone()
        seq, link = (place[0] + 1, place[1]) if place else (1, prev or chain.ZERO)
        last = cursor.execute("SELECT max(hlc) FROM frontier").fetchone()[0] or 0
        self.clock_behind = max(0, (last >> 16) - now) if (last >> 16) - now > CLOCK_SLACK else 0
        return seq, link, last

    def _act(self, next_: tuple[int, bytes, int], now: int, when: int, by: str, kind: str, text: bytes) -> Act:
        (seq, link, last), desk, epoch = next_, self.config.desk_id, self.config.epoch
        act_id, hlc = new_id(now), chain.tick(last, now)
        head = chain.header(desk, epoch, seq, act_id, hlc, when, now, by, kind, chain.SCHEMA_VERSION)
        digest = chain.digest(chain.SHA256, link, head, text)
        return Act(
            desk, epoch, seq, act_id, hlc, when, now, by, kind, chain.SCHEMA_VERSION, text, chain.SHA256, link, digest
        )

    def again(
        self,
        kind: str,
        body: Mapping[str, Any],
        personal: Mapping[int, tuple[bytes, bytes]],
        *,
        by: str,
        happened_at: int,
    ) -> bytes:
        """Append what was said before in a branch of this desk's chain that was given up (`sync/rejoin.py`): the body
        as it is, with its numbers, bases and side rows. Returns the new act's id."""
        with self._transaction() as cursor:
            now = self.clock.now()
            act = self._act(self._next(cursor, kind, now), now, happened_at, by, kind, canonical(body))
            rows = self._admit_one(cursor, act, personal, body)
        self._note_head(act.seq, act.hash)
        self._announce(rows)
        return act.act_id

    def receive(
        self,
        acts: Sequence[tuple[Act, Mapping[int, tuple[bytes, bytes]], Mapping[str, Any]]],
        *,
        crowded: Callable[[], bool] | None = None,
    ) -> int:
        """Take in acts of other desks with their side rows and bodies, contiguous per desk and already verified, in one
        transaction (`journal.inbox`). `crowded` is asked every `STRIDE` acts whether somebody waits, and ends the
        transaction there. Returns how many it has taken in."""
        rows: Rows = {}
        done = 0
        with self._transaction() as cursor:
            applier = Applier(cursor, self.schema)
            while done < len(acts) and not (done and crowded is not None and crowded()):
                part = acts[done : done + STRIDE]
                for ledger, touched in self._admit(cursor, applier, part).items():
                    rows.setdefault(ledger, []).extend(touched)
                done += len(part)
            self._finish(applier, rows)
        if any((act.desk, act.epoch) == (self.config.desk_id, self.config.epoch) for act, _side, _body in acts[:done]):
            self._note_head(*self.position())  # its own acts come back to a desk that has lost them
        self._announce(rows)
        return done

    def _admit(
        self,
        cursor: recipe.Cursor,
        applier: Applier,
        acts: Sequence[tuple[Act, Mapping[int, tuple[bytes, bytes]], Mapping[str, Any]]],
    ) -> Rows:
        """Append acts, apply them and move the frontier."""
        cursor.executemany(
            INSERT_ACT,
            [
                (
                    act.desk, act.epoch, act.seq, act.act_id, act.hlc, act.happened_at, act.recorded_at, act.by,
                    act.kind, act.sv, act.body, act.alg, act.prev, act.hash,
                )
                for act, _side, _body in acts
            ],
        )  # fmt: skip
        rows: Rows = {}
        ends: dict[tuple[bytes, int], Act] = {}
        for act, personal, body in acts:
            if personal:
                places = [(n, body["changes"][n], side) for n, side in personal.items()]
                ever = cursor.execute("SELECT 1 FROM erased LIMIT 1").fetchone()
                cursor.executemany(
                    INSERT_PERSONAL_UNLESS_ERASED if ever else INSERT_PERSONAL,
                    [(act.act_id, n, told["ledger"], bytes.fromhex(told["row"]), *side) for n, told, side in places],
                )
            for ledger, touched in applier.apply(act, body, personal).items():
                rows.setdefault(ledger, []).extend(touched)
            ends[act.desk, act.epoch] = act
        cursor.executemany(MOVE_FRONTIER, [(act.desk, act.epoch, act.seq, act.hash, act.hlc) for act in ends.values()])
        return rows

    def _admit_one(
        self, cursor: recipe.Cursor, act: Act, personal: Mapping[int, tuple[bytes, bytes]], body: Mapping[str, Any]
    ) -> Rows:
        applier = Applier(cursor, self.schema)
        rows = self._admit(cursor, applier, [(act, personal, body)])
        self._finish(applier, rows)
        return rows

    def _finish(self, applier: Applier, rows: Rows) -> None:
        applier.finish()
        self.update_derived(rows)

    @contextmanager
    def roomy(self) -> Generator[None]:
        """Keep more of the file in memory while many acts come in: what does not fit is written more than once."""
        assert self._raw is not None
        usual = next(value for name, value, _held in recipe.SETTINGS if name == "cache_size")
        with self._gate:
            self._raw.execute(f"PRAGMA cache_size={ROOMY}")
        try:
            yield
        finally:
            with self._gate:
                self._raw.execute(f"PRAGMA cache_size={usual}")

    def arrived(self, hashes: Sequence[str]) -> None:
        """Bring derived figures up to date with attached files that came after the acts that name them."""
        with self._transaction() as cursor:
            rows = attachments.rows_naming(cursor, self.schema, hashes)
            self.update_derived(rows)
        if rows:
            self._announce(rows)

    def update_derived(self, rows: Rows) -> None:
        """Bring the derived figures of the touched ledgers up to date, inside the running transaction."""
        assert self._writer is not None
        for derived in self.schema.derived:
            relevant = {ledger: rows[ledger] for ledger in derived.on if ledger in rows}
            if relevant:
                derived.update(self._writer, relevant)

    def deletion(self, ledger: str, row: bytes) -> Change:
        """The change that takes a row off its list; it names every value that its author has seen."""
        assert self._raw is not None
        with self._gate:
            found = self._raw.execute(
                "SELECT DISTINCT hex(act_id) FROM head WHERE ledger = ? AND row = ? AND field <> ?",
                (ledger, row, DELETE),
            ).fetchall()
        return Change(ledger, row, {DELETE: ",".join(sorted(act for (act,) in found))})

    # -- local tables ----------------------------------------------------------------------------------------------

    def local(self, work: Callable[[recipe.Cursor], Any]) -> Any:
        """Run `work(cursor)` on the desk's own `local_*` tables in a transaction."""
        with self._transaction() as cursor:
            return work(cursor)

    def state(self, key: str, default: str = "") -> str:
        """A remembered value of this workstation (window places, last printer …)."""
        with self._gate:
            found = self._local(key)
        return default if found is None else found

    def remember(self, key: str, value: str) -> None:
        """Remember a value of this workstation."""
        with self._transaction():
            self._set_local(key, value)

    def _local(self, key: str) -> str | None:
        assert self._raw is not None
        found = self._raw.execute("SELECT value FROM local_state WHERE key = ?", (key,)).fetchone()
        return None if found is None else str(found[0])

    def _set_local(self, key: str, value: str) -> None:
        assert self._raw is not None
        self._raw.execute(
            "INSERT INTO local_state VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value", (key, value)
        )

    # -- the transaction -------------------------------------------------------------------------------------------

    @contextmanager
    def _transaction(self) -> Generator[recipe.Cursor]:
        """One writer at a time; commits at the end, rolls back on any error. A disk that failed to write is not
        trusted again: the store stays closed to writing until it is opened anew (no retry of fsync)."""
        assert self._raw is not None
        assert self._writer is not None
        with self._gate:
            self._refuse_broken()
            cursor = self._raw.cursor()
            try:
                recipe.begin(cursor)
                try:
                    yield cursor
                    cursor.execute("COMMIT")
                except BaseException:
                    with suppress(recipe.driver().Error):
                        cursor.execute("ROLLBACK")
                    self._writer.rollback()
                    raise
                self._writer.commit()
                self._note_wal()
            except recipe.driver().DatabaseError as error:
                meant = family(error)
                if "disk I/O error" in str(error) or isinstance(meant, Damaged):
                    self._broken = str(meant)
                raise meant from error
            finally:
                cursor.close()

    def _note_wal(self) -> None:
        """Tell `desk.head` of a WAL that was begun anew, whatever the commit was about."""
        last = self._head.last if self._head is not None else None
        if last is not None:
            salt = headfile.wal_salt(self.home.database)
            if salt != last.salt:
                self._write_head(replace(last, salt=salt))

    def _note_head(self, seq: int, digest: bytes) -> None:
        self._write_head(
            headfile.Head(
                self.config.desk_id, self.config.epoch, seq, digest,
                headfile.wal_salt(self.home.database), self._machine, clean=False,
            )
        )  # fmt: skip

    def _write_head(self, head: headfile.Head) -> None:
        """What was committed stays committed when the disk does not take `desk.head`; nothing more is written then."""
        try:
            if self._head is None:
                self._head = headfile.HeadFile(self.home.head)
            self._head.write(head)
        except OSError as error:
            log.warning("desk.head was not written: %s", error)
            self._broken = _("没有保存：{error}").format(error=error.strerror or error)

    def stop_writing(self, reason: str) -> None:
        """Take nothing more until the record is opened anew: what writes into broken pages breaks more of them."""
        with self._gate:
            self._broken = self._broken or reason

    @property
    def stopped(self) -> str:
        """Why nothing is written any more; empty while all is well."""
        return self._broken

    def _refuse_broken(self) -> None:
        if self._broken:
            raise Unavailable(self._broken)

    def _announce(self, rows: Rows) -> None:
        announcement = Announcement({ledger: frozenset(ids) for ledger, ids in rows.items()})
        for listener in tuple(self.listeners):
            listener(announcement)


ZERO_PREV = chain.ZERO


def _plain_text(text: str) -> str:
    try:
        return refuse_control(text)
    except ValueError as error:
        raise Refused(str(error)) from None


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")
