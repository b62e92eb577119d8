"""Ledger tables on a real PostgreSQL: the same as a reading desk's, whatever happened and however it came; cut off at
every step; by a role that can do nothing else."""

from __future__ import annotations

import json
import os
import random
import signal
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dutydesk.core import crashpoint
from dutydesk.core.clock import FixedClock
from dutydesk.core.errors import Refused, Unavailable
from dutydesk.core.ids import CLI
from dutydesk.features import schema as whole_schema
from dutydesk.journal import chain, inbox, postgres, search
from dutydesk.journal import statements as st_
from dutydesk.journal.apply import Applier, parse_body
from dutydesk.journal.digest import digest
from dutydesk.journal.merging import Anything, merge_tables
from dutydesk.journal.postgres import POSTGRES
from dutydesk.journal.schema import Schema
from dutydesk.journal.store import ACT_COLUMNS
from dutydesk.sync import hub as h
from dutydesk.sync import keys, projecting, seals
from dutydesk.sync.hub import Batch, Hub
from dutydesk.sync.outcome import SyncReport
from tests.cli.lines import Line
from tests.journal import desks as d
from tests.journal import test_journal_merge as merging
from tests.sync.cities import add, log, make_city, reader_of
from tests.sync.fleet import PASSWORD, Fleet
from tests.sync.proxy import Fault, Proxy
from tests.sync.servers import Server

FULL = os.environ.get("DUTYDESK_FAULTS") == "full"
SECRET = "-password-of-the-timer"
CLOCK = FixedClock(d.EVENING + 3_600_000)
STEPS = ("project.emptied", "project.applied", "project.before-commit", "project.committed", "project.committed:2")


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


def shown(fleet: Fleet, schema: Schema = d.FULL) -> str:
    """The digest of the tables at the hub."""
    with psycopg.connect(fleet.owner_url) as connection:
        return digest(cast("Any", psycopg.RawCursor(connection)), schema, POSTGRES)


def expected(fleet: Fleet, schema: Schema = d.FULL) -> str:
    """The digest of a desk that has the same acts and no personal data."""
    with d.quick_folder() as folder, d.make(folder / "reader", 90, schema=schema) as reader:
        for store in fleet.stores.values():
            for (desk,) in d.ask(store, "SELECT DISTINCT desk FROM act"):
                inbox.take_in(reader, [(act, {}) for act, _personal in d.acts_of(store, desk)])
        return d.digest_of(reader)


def live(fleet: Fleet) -> None:
    """Two desks that make, write, delete and dispute rows."""
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


# -- the same tables


def test_the_tables_are_what_a_reading_desk_shows(fleet: Fleet, timer: str) -> None:
    live(fleet)
    report = project(timer)
    assert report.ok, report.lines()
    assert [(report.pulled,)] == fleet.hub_rows("SELECT count(*) FROM act")
    assert shown(fleet) == expected(fleet)
    assert fleet.hub_rows("SELECT count(*) FROM ledgers.conflict") != [(0,)]
    assert project(timer).pulled == 0
    assert project(timer, rebuild=True).pulled == report.pulled
    assert shown(fleet) == expected(fleet)


def test_acts_that_arrive_in_pieces(fleet: Fleet, timer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projecting, "AT_ONCE", 2)
    one, two = fleet.add(1), fleet.add(2)
    person = d.add(one, "people", name="钱一", unit="甲")
    fleet.settle(1, 2)
    before = d.frontier(one)
    d.write(two, "people", person, unit="乙")
    fleet.sync(2)
    project(timer)
    assert shown(fleet) == expected(fleet)
    for n in range(3):
        d.write(one, "people", person, age=n)
        fleet.sync(1)
        assert project(timer).pulled == 1
        assert shown(fleet) == expected(fleet)
    assert d.frontier(one) != before


class Tables:
    """Ledger tables in a database of their own, with the little of a record that `apply` asks for."""

    def __init__(self, url: str) -> None:
        self.connection = psycopg.connect(url, autocommit=True)
        script = next(text for number, text in h.numbered() if number == 5)
        made = [text for text in h.split(script) if text.startswith(("CREATE SCHEMA", "CREATE TABLE"))]
        record = ["CREATE TABLE act (act_id bytea PRIMARY KEY, desk bytea NOT NULL)"]
        for text in [*record, *made, *(t for shape in d.FULL.shapes.values() for t in postgres.table_ddl(shape))]:
            self.connection.execute(text.encode())
        self.cursor = projecting._Cursor(self.connection)

    def fill(self, parcels: list[d.Parcel], cuts: random.Random) -> None:
        """Everything of before goes; these acts come, some at a time, foreseen or not."""
        for text in (*postgres.emptying(d.FULL), "DELETE FROM act"):
            self.connection.execute(text.encode())
        while parcels:
            part, parcels = parcels[: (size := cuts.choice((1, 2, 7, 40)))], parcels[size:]
            with self.connection.transaction():
                applier = Applier(cast("Any", self.cursor), d.FULL, POSTGRES)
                bodies = [parse_body(act.body) for act, _personal in part]
                if cuts.random() < 0.5:
                    applier.foresee(bodies)
                for (act, personal), body in zip(part, bodies, strict=True):
                    self.connection.execute("INSERT INTO act VALUES (%s, %s)", (act.act_id, act.desk))
                    applier.apply(act, body, personal)
                applier.finish()

    def digest(self) -> str:
        return digest(cast("Any", self.cursor), d.FULL, POSTGRES)

    def found(self, ledger: str, query: str) -> tuple[list[bytes], list[bytes]]:
        """The rows that a search finds, with its index and without."""
        out: list[list[bytes]] = []
        for indexed in (True, False):
            condition, values = postgres.found(ledger, query, indexed=indexed)
            text = f"SELECT id FROM ledgers.{ledger} WHERE _n IN (SELECT n FROM ledgers.search_words WHERE {condition})"
            out.append(sorted(bytes(row) for (row,) in self.cursor.execute(cast("Any", text), values).fetchall()))
        return out[0], out[1]


@pytest.fixture(scope="module")
def tables(server: Server) -> Iterator[Tables]:
    server.execute("postgres", "DROP DATABASE IF EXISTS histories", "CREATE DATABASE histories")
    made = Tables(server.url("histories"))
    merging_tables.append(made)
    yield made
    merging_tables.clear()
    made.connection.close()
    server.execute("postgres", "DROP DATABASE histories WITH (FORCE)")


merging_tables: list[Tables] = []


class Projected(merging.Merging):
    """The histories of the merge, on PostgreSQL: each desk's order of arrival gives what the desk itself shows, personal
    data included."""

    def check(self) -> None:
        (made,) = merging_tables
        digests = {d.digest_of(store) for store in self.stores}
        assert len(digests) == 1
        cuts = random.Random(len(self.rows) * 31 + len(self.acknowledged))
        for store in cuts.sample(self.stores, 2):
            parcels: list[d.Parcel] = []
            for values in d.ask(store, f"SELECT {ACT_COLUMNS} FROM act ORDER BY arrival"):
                act = chain.Act(*values)
                side = d.ask(store, "SELECT n, salt, data FROM personal WHERE act_id = ?", act.act_id)
                parcels.append((act, {n: (salt, data) for n, salt, data in side}))
            made.fill(parcels, cuts)
            assert made.digest() in digests
        for name, word, rows in self.shown(self.stores[0]):
            assert made.found(name, word) == (rows, rows)


class TestProjected(Projected.TestCase):
    settings = settings(max_examples=60 if FULL else 6, stateful_step_count=25, deadline=None)


TestProjected.pytestmark = [pytest.mark.usefixtures("tables"), pytest.mark.server]


def test_the_merges_tables_are_declared_as_they_are_made(tables: Tables) -> None:
    kinds = {"BLOB": "bytea", "TEXT": "text", "INTEGER": "bigint", "Anything": "text"}
    for name, table in merge_tables(st_.MetaData()).items():
        found = tables.connection.execute(
            "SELECT column_name, data_type, is_nullable FROM information_schema.columns"
            " WHERE table_schema = 'ledgers' AND table_name = %s ORDER BY ordinal_position", (name,)
        ).fetchall()  # fmt: skip
        nullable = {True: "YES", False: "NO"}
        assert found == [
            (c.name, kinds[type(c.type).__name__], nullable[isinstance(c.type, Anything)]) for c in table.columns
        ]


@pytest.mark.parametrize("value", [None, "", "字\n\"'\\", "12", 12, 0, -(2**63), 2**63 - 1, b"", b"\0\xff", "null"])
def test_a_value_of_any_type_comes_back_as_it_was(value: Any) -> None:
    held = postgres.decode(postgres.encode(value))
    assert (type(held), held) == (type(value), value)


def test_many_rows_are_written_by_one_statement() -> None:
    text = "INSERT INTO t (a, b, c) VALUES ('x', $1, $2) ON CONFLICT DO NOTHING"
    assert postgres.several(text, 1) == text
    assert postgres.several(text, 3).endswith(
        "VALUES ('x', $1, $2), ('x', $3, $4), ('x', $5, $6) ON CONFLICT DO NOTHING"
    )


# -- search

LETTERS = st.sampled_from("积水深ab1Ａß-，。 ﬁİ\U00020001丁%_'")


@settings(max_examples=1_000 if FULL else 40, deadline=None)
@given(st.lists(st.text(LETTERS, max_size=9), min_size=1, max_size=8), st.text(LETTERS, min_size=1, max_size=4))
@pytest.mark.usefixtures("tables")
def test_a_search_finds_what_a_look_at_every_text_finds(texts: list[str], query: str) -> None:
    (made,) = merging_tables
    for text in postgres.emptying(d.FULL):
        made.connection.execute(text.encode())
    ledger, index = d.LOG, st_.of(d.FULL, POSTGRES)["log"]
    made.cursor.executemany(
        index.index_add, [POSTGRES.index.entry(ledger, n, {"text": t}) for n, t in enumerate(texts)]
    )
    wanted = search.fold(query).split()
    if not wanted:
        return
    true = {n for n, text in enumerate(texts) if all(w in search.row_text(ledger, {"text": text}) for w in wanted)}
    for indexed in (True, False):
        condition, values = postgres.found("log", query, indexed=indexed)
        asked = cast("Any", f"SELECT n FROM ledgers.search_words WHERE {condition}")
        assert {n for (n,) in made.cursor.execute(asked, values).fetchall()} == true, indexed


def test_the_optional_index_is_used_and_can_be_done_without(
    fleet: Fleet, timer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert fleet.hub_rows("SELECT search_index FROM ledgers.projector") == [(1,)]
    condition, values = postgres.found("log", "积水", indexed=True)
    with psycopg.connect(fleet.owner_url) as connection:
        connection.execute(
            "INSERT INTO ledgers.search_words SELECT 'log', g, '', CASE WHEN g = 7 THEN '积水 水' ELSE 'ab b' END, ''"
            " FROM generate_series(1, 3000) AS g"
        )
        connection.execute("ANALYZE ledgers.search_words")
        asked = cast("Any", f"EXPLAIN SELECT n FROM ledgers.search_words WHERE {condition}")
        plan = psycopg.RawCursor(connection).execute(asked, values).fetchall()
        connection.rollback()
    assert "ix_search_words" in str(plan)
    monkeypatch.setattr(projecting, "optional", lambda name: ["CREATE INDEX x ON ledgers.search_words USING none (n)"])
    fleet.hub_rows("UPDATE ledgers.projector SET fingerprint = ''")
    with projecting.LedgerHub.connect(fleet.owner_url) as hub:
        hub.prepare(d.FULL)
    assert fleet.hub_rows("SELECT search_index FROM ledgers.projector") == [(0,)]
    fleet.add(1)
    fleet.write(1, "积水")
    fleet.sync(1)
    assert project(timer).ok


# -- cut off, twice at once


def killed_at(url: str, place: str, *, rebuild: bool) -> bool:
    """A run in a process of its own that dies at a step; whether it came there."""
    child = os.fork()
    if child == 0:
        try:
            os.environ[crashpoint.VARIABLE] = place
            projecting.AT_ONCE = 3
            project(url, rebuild=rebuild)
        finally:
            os._exit(9)
    _pid, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def test_a_kill_at_any_step_costs_nothing(fleet: Fleet, timer: str) -> None:
    live(fleet)
    true = expected(fleet)
    for place in STEPS:
        assert killed_at(timer, place, rebuild=True), place
        assert project(timer).ok, place
        assert shown(fleet) == true, place


def test_a_kill_while_the_tables_are_made_costs_nothing(fleet: Fleet) -> None:
    live(fleet)
    child = os.fork()
    if child == 0:
        try:
            os.environ[crashpoint.VARIABLE] = "ledgers.made"
            prepare(fleet)
        finally:
            os._exit(9)
    assert os.WIFSIGNALED(os.waitpid(child, 0)[1])
    assert fleet.hub_rows("SELECT count(*) FROM pg_tables WHERE tablename = 'people'") == [(0,)]
    assert project(prepare(fleet)).ok
    assert shown(fleet) == expected(fleet)


def test_one_run_at_a_time(fleet: Fleet, timer: str) -> None:
    fleet.add(1)
    fleet.sync(1)
    connect = projecting.LedgerHub.connect
    with (
        connect(timer) as first,
        connect(timer) as other,
        first.alone(d.FULL, other),
        pytest.raises(projecting.Overtaken, match="正在进行"),
    ):
        project(timer)
    assert project(timer).ok


def test_a_run_that_was_overtaken_writes_nothing_more(fleet: Fleet, timer: str) -> None:
    """Its hold was lost with its line; another run began meanwhile."""
    store = fleet.add(1)
    fleet.write(1, "积水")
    fleet.sync(1)
    acts = [(act, parse_body(act.body)) for act, _personal in d.acts_of(store, store.config.desk_id)]
    connect = projecting.LedgerHub.connect
    with connect(timer) as first:
        with connect(timer) as other, first.alone(d.FULL, other):
            pass
        assert project(timer).pulled == len(acts)
        true = shown(fleet)
        for late in (lambda: first.apply(d.FULL, acts), lambda: first.empty(d.FULL)):
            with pytest.raises(projecting.Overtaken):
                late()
    assert shown(fleet) == true


def test_a_run_of_the_former_program_stops_when_the_tables_change(fleet: Fleet) -> None:
    timer = prepare(fleet, d.OLD)
    store = fleet.add(1)
    fleet.sync(1)
    acts = [(act, parse_body(act.body)) for act, _personal in d.acts_of(store, store.config.desk_id)]
    connect = projecting.LedgerHub.connect
    with connect(timer) as old, connect(timer) as other, old.alone(d.OLD, other):
        prepare(fleet, d.FULL)
        with pytest.raises(projecting.Overtaken):
            old.apply(d.OLD, acts)
    assert project(timer).ok
    assert shown(fleet) == expected(fleet)


@pytest.mark.parametrize("at", [700, 3_000, 12_000])
def test_a_line_that_is_cut_costs_nothing(fleet: Fleet, timer: str, at: int) -> None:
    live(fleet)
    for n in range(30):
        fleet.write(1, f"第{n}条 隧道积水")
    fleet.sync(1)
    with Proxy(fleet.server.port) as proxy:
        proxy.fail(Fault(up=at))
        cut = timer.replace(f":{fleet.server.port}/", f":{proxy.port}/")
        with pytest.raises(Unavailable):
            project(cut)
    assert project(timer).ok
    assert shown(fleet) == expected(fleet)


def test_acts_that_were_taken_out_of_the_hub_are_told(fleet: Fleet, timer: str) -> None:
    fleet.add(1)
    fleet.add(2)
    fleet.write(1, "一")
    fleet.write(2, "二")
    fleet.settle(1, 2)
    assert project(timer).ok
    desk = fleet.stores["2"].config.desk
    gone = ("personal", "seal", "witness", "act", "chain")
    fleet.server.execute(fleet.database, *(f"DELETE FROM {name} WHERE desk = decode('{desk}', 'hex')" for name in gone))
    report = project(timer)
    assert not report.ok
    assert report.forks == ["D2/1"]
    assert project(timer, rebuild=True).ok
    assert fleet.hub_rows("SELECT text FROM ledgers.log") == [("一",)]


def test_a_run_beside_a_push_and_a_second_run(fleet: Fleet, timer: str) -> None:
    fleet.add(1)
    failed: list[BaseException] = []

    def push() -> None:
        try:
            for n in range(10):
                fleet.write(1, str(n))
                fleet.sync(1)
        except BaseException as error:
            failed.append(error)
            raise

    worker = threading.Thread(target=push)
    worker.start()
    while worker.is_alive():
        project(timer)
    worker.join()
    assert not failed
    assert project(timer).ok
    assert shown(fleet) == expected(fleet)


# -- what may be believed


def test_what_has_no_true_seal_is_set_aside(fleet: Fleet, timer: str) -> None:
    one = fleet.add(1)
    fleet.add(2)
    fleet.write(1, "真")
    fleet.settle(1, 2)
    (last, _personal) = d.acts_of(one, one.config.desk_id)[-1]
    forged = replace(last, seq=last.seq + 1, prev=last.hash, act_id=b"f" * 16, body=b'{"changes":[]}')
    forged = replace(forged, hash=chain.act_hash(forged))
    seal = seals.Seal(forged.desk, 1, forged.seq, forged.hash, b"s" * 64)
    with Hub.connect(fleet.url(2), password=PASSWORD) as hub:
        hub.push(Batch([(forged, {})], seal))
    report = project(timer)
    assert not report.ok
    assert report.quarantined == 1
    assert fleet.hub_rows("SELECT seq, reason FROM ledgers.v_set_aside") == [(forged.seq, "与席位的签名不符")]
    assert shown(fleet) == expected(fleet)
    assert fleet.hub_rows("SELECT projected_seq, hub_seq FROM ledgers.v_progress ORDER BY desk_code")[0] == (
        last.seq, forged.seq,
    )  # fmt: skip


def test_acts_of_a_desk_that_was_shut_out_count_until_then(fleet: Fleet, timer: str) -> None:
    one = fleet.add(1)
    fleet.write(1, "先")
    fleet.sync(1)
    with Hub.connect(fleet.owner_url) as hub:
        hub.revoke(one.config.desk_id, "丢失")
    true = expected(fleet)
    fleet.write(1, "后")
    acts = d.acts_of(one, one.config.desk_id)
    seal = seals.make(one, 1, acts[-1][0].seq, acts[-1][0].hash)
    with Hub.connect(fleet.owner_url) as hub:  # as somebody else would hand it on
        hub.push(Batch(acts[-1:], seal))
    project(timer)
    assert shown(fleet) == true


def test_a_key_that_was_changed_is_believed_from_its_place_on(fleet: Fleet, timer: str) -> None:
    one = fleet.add(1)
    fleet.write(1, "旧")
    fleet.sync(1)
    assert project(timer).ok
    keys.rotate(one)
    fleet.enrol(1)
    fleet.write(1, "新")
    fleet.sync(1)
    assert project(timer).ok
    assert shown(fleet) == expected(fleet)
    assert len(fleet.hub_rows("SELECT * FROM ledgers.announced")) == 2


def test_an_act_that_does_not_fit_stands_in_nobodys_way(fleet: Fleet, timer: str) -> None:
    store = fleet.add(1)
    fleet.write(1, "前")
    fleet.sync(1)
    assert project(timer).ok
    with projecting.LedgerHub.connect(fleet.owner_url) as hub, projecting.LedgerHub.connect(fleet.owner_url) as other:
        (act, _personal) = d.acts_of(store, store.config.desk_id)[-1]
        rows = [
            {"ledger": "people", "row": f"{n:032x}", "set": {"age": 2**70 if n == 3 else n, "name": f"钱{n}"}}
            for n in range(6)
        ]
        series = [
            (replace(act, seq=act.seq + 1 + n, act_id=bytes([n]) * 16), {"changes": [row]})
            for n, row in enumerate(rows)
        ]
        with hub.alone(d.FULL, other):
            assert hub.apply(d.FULL, series) == 1
    assert fleet.hub_rows("SELECT age FROM ledgers.people ORDER BY age") == [(n,) for n in (0, 1, 2, 4, 5)]
    ((act_id, reason),) = fleet.hub_rows("SELECT act_id, reason FROM ledgers.unprojected")
    assert bytes(cast("bytes", act_id)) == bytes([3]) * 16
    assert "out of range" in str(reason)


# -- versions


def test_a_newer_field_waits_for_the_upgrade(fleet: Fleet) -> None:
    """Last year's program at the owner's: what it does not know is noted; the new one makes all of it anew."""
    timer = prepare(fleet, d.OLD)
    live(fleet)
    old = project(timer, d.OLD)
    assert old.in_step
    assert "v_unprojected" in " ".join(old.lines())
    assert fleet.hub_rows("SELECT DISTINCT reason FROM ledgers.v_unprojected") == [("ledger places",)]
    assert shown(fleet, d.OLD) == expected(fleet, d.OLD)
    with pytest.raises(Refused, match="hub init"):
        project(timer, d.FULL)
    with projecting.LedgerHub.connect(fleet.owner_url) as hub:
        assert hub.prepare(d.FULL) == (1, 2)
        assert hub.prepare(d.FULL) == (0, 0)
    report = project(timer)
    assert report.ok
    assert [(report.pulled,)] == fleet.hub_rows("SELECT count(*) FROM act")
    assert shown(fleet) == expected(fleet)


def test_a_new_field_that_nobody_has_used_keeps_the_rows(fleet: Fleet) -> None:
    timer = prepare(fleet, d.OLD)
    one = fleet.add(1)
    d.add(one, "people", name="钱一")
    fleet.sync(1)
    project(timer, d.OLD)
    prepare(fleet)
    assert project(timer).pulled == 0
    assert shown(fleet) == expected(fleet)


def test_a_column_of_another_type_is_another_table(fleet: Fleet, timer: str) -> None:
    one = fleet.add(1)
    d.add(one, "people", name="钱一", age=3)
    fleet.sync(1)
    project(timer)
    fleet.server.execute(
        fleet.database,
        "DROP VIEW ledgers.v_people",
        "ALTER TABLE ledgers.people ALTER COLUMN age TYPE text",
        "UPDATE ledgers.projector SET fingerprint = ''",
    )
    prepare(fleet)
    assert project(timer).pulled > 0
    assert shown(fleet) == expected(fleet)


# -- whom it concerns

FORBIDDEN = (
    "SELECT * FROM personal", "SELECT * FROM erased", "SELECT * FROM quarantine", "SELECT * FROM blob_chunk",
    "INSERT INTO chain VALUES ('x', 1)", "DELETE FROM act", "UPDATE hub_counter SET arrival = 0",
    "UPDATE desk SET revoked_at = now()", "CREATE TABLE ledgers.x (a int)", "CREATE TABLE x (a int)",
    "DROP TABLE ledgers.people", "ALTER TABLE ledgers.people ADD COLUMN x int", "TRUNCATE ledgers.people",
    "DELETE FROM ledgers.projector", "INSERT INTO ledgers.projector VALUES (2, '', 0, 0, 0)",
)  # fmt: skip


def test_the_timers_role_can_do_nothing_else(fleet: Fleet, timer: str) -> None:
    with psycopg.connect(timer, autocommit=True) as connection:
        for statement in FORBIDDEN:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement.encode())


def test_a_reader_sees_the_tables_and_writes_none(fleet: Fleet, timer: str) -> None:
    from tests.sync.cities import reader_of

    fleet.add(1)
    fleet.write(1, "积水")
    fleet.sync(1)
    project(timer)
    with psycopg.connect(reader_of(fleet), autocommit=True) as connection:
        assert connection.execute("SELECT text, party_phone FROM ledgers.log").fetchall() == [("积水", None)]
        assert connection.execute("SELECT text FROM ledgers.v_log").fetchall() == [("积水",)]
        for view in ("v_progress", "v_runs", "v_conflicts", "v_set_aside", "v_unprojected"):
            connection.execute(f"SELECT * FROM ledgers.{view}".encode())
        for statement in ("DELETE FROM ledgers.log", "UPDATE ledgers.log SET text = ''", "SELECT * FROM personal"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement.encode())


def test_the_role_of_before_has_lost_its_rights(fleet: Fleet) -> None:
    assert fleet.hub_rows(
        "SELECT count(*) FROM information_schema.role_table_grants WHERE grantee = 'dutydesk_project'"
    ) == [(0,)]


def test_personal_data_are_not_there_and_what_is_erased_is(fleet: Fleet, timer: str) -> None:
    one = fleet.add(1)
    person = d.add(one, "people", name="钱一", phone="0571-00000001", home="某街 1 号")
    fleet.sync(1)
    project(timer)
    assert fleet.hub_rows("SELECT phone, home FROM ledgers.people") == [(None, None)]
    one.erase("people", person, by=CLI, note="本人要求")
    fleet.sync(1)
    project(timer)
    assert shown(fleet) == expected(fleet)
    assert fleet.hub_rows("SELECT ledger FROM ledgers.erased") == [("people",)]
    held = fleet.hub_rows("SELECT CAST(p AS text) || CAST(s AS text) FROM ledgers.people p, ledgers.search_words s")
    assert "0571" not in str(held)


def test_views_are_readable(fleet: Fleet) -> None:
    city = make_city(fleet)
    city.settle(1, 2, 3)  # what the runs themselves left in the audit
    timer = prepare(city, whole_schema())
    assert project(timer, whole_schema()).ok
    assert shown(city, whole_schema()) == expected(city, whole_schema())
    found = city.hub_rows(
        "SELECT desk_district, desk_code, text, category, to_char(happened_at AT TIME ZONE 'Asia/Shanghai',"
        " 'YYYY-MM-DD HH24:MI'), row_id FROM ledgers.v_log ORDER BY text LIMIT 1"
    )
    assert found[0][:5] == ("330102", "D1", "第1条 隧道积水", None, "2026-06-18 22:00")
    assert len(str(found[0][5])) == 32
    columns = {
        (str(view), str(column))
        for view, column in city.hub_rows(
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE table_schema = 'ledgers' AND table_name LIKE 'v@_%' ESCAPE '@'"
        )
    }
    for ledger in whole_schema().ledgers:
        assert {("v_" + ledger.name, name) for name in ledger.personal}.isdisjoint(columns)
        assert ("v_" + ledger.name, "row_id") in columns
        city.hub_rows(f"SELECT * FROM ledgers.v_{ledger.name}")
    levels = city.hub_rows("SELECT DISTINCT level FROM ledgers.v_regions")
    choices = {one.code: one.label for one in whole_schema()["regions"].ledger["level"].choices}
    assert levels == [(choices["DISTRICT"],)]


def test_what_the_manual_tells_to_ask_is_answered(fleet: Fleet) -> None:
    """Every statement of docs/manual/hub.md, by a login that only reads."""
    fleet = make_city(fleet)
    for n in (1, 2):
        store = fleet.stores[str(n)]
        (region,) = d.ask(store, "SELECT id FROM regions WHERE level = 'DISTRICT'")[0]
        street = add(store, "regions", code=f"{n}", name=f"{n} 街道", level="SUBDISTRICT", parent=region)
        add(store, "incidents", received_at=CLOCK.now(), place=f"{n} 号路", region=street, state="OPEN")
        log(store, "今天的来电", category="PHONE_IN")
        fleet.sync(n)
    address = prepare(fleet, whole_schema())
    assert project(address, whole_schema()).ok
    manual = (Path(__file__).resolve().parents[2] / "docs" / "manual" / "hub.md").read_text(encoding="utf-8")
    blocks = [block for block in manual.split("```")[1::2] if "SELECT" in block]
    assert len(blocks) == 2
    answers: list[list[tuple[Any, ...]]] = []
    with psycopg.connect(reader_of(fleet), autocommit=True) as connection:
        for block in blocks:
            asked = block.replace("current_date", "date '2026-06-18'")
            for statement in filter(str.strip, asked.split(";")):
                cursor = connection.execute(statement.encode())
            answers.append(cursor.fetchall())
    assert sorted(answers[0]) == [("330102", 1), ("330105", 1)]
    assert sorted((row[0], row[1], row[3], row[4]) for row in answers[1]) == [
        ("乙区", "2 街道", "2 号路", "处置中"),
        ("甲区", "1 街道", "1 号路", "处置中"),
    ]


def test_no_ledger_is_called_as_what_stands_beside_it() -> None:
    beside = {
        *merge_tables(st_.MetaData()),
        "search_words",
        "projected",
        "announced",
        "set_aside",
        "projector",
        "one_run",
    }
    assert beside.isdisjoint(whole_schema().shapes)
    views = {"progress", "runs", "conflicts", "set_aside", "unprojected"}
    assert views.isdisjoint(whole_schema().shapes)
    for ledger in whole_schema().ledgers:
        assert {"row_id", "desk_district", "desk_code", "act_at"}.isdisjoint(field.name for field in ledger.fields)


# -- on the command line


def test_on_the_command_line(fleet: Fleet, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = Line(tmp_path / "owner", lambda: tuple(capsys.readouterr()))  # pyright: ignore[reportArgumentType]
    city = make_city(fleet)
    early = line("hub", "project", city.owner_url)
    assert early.code == 1
    assert "hub init" in early.err
    told = line.ok("hub", "init", city.owner_url)
    assert told["ledgers"]["tables"] == len(whole_schema().shapes)
    assert line.ok("hub", "init", city.owner_url)["ledgers"] == {"tables": 0, "columns": 0}
    note = tmp_path / "timer.login"
    said = line("hub", "login", city.owner_url, f"{city.database}_timer", "--projector", "--out", note)
    assert said.code == 0
    assert note.stat().st_mode & 0o077 == 0
    first = line.ok("hub", "project", note)
    assert (first["ok"], first["set_aside"]) == (True, 0)
    assert [(first["projected"],)] == city.hub_rows("SELECT count(*) FROM act")
    again = line("hub", "project", note)
    assert (again.code, again.out.strip()) == (0, "做进台账表 0 条")
    assert line.ok("hub", "project", note, "--rebuild")["projected"] == first["projected"]
    ((report,),) = city.hub_rows("SELECT report FROM ledgers.v_runs")
    assert json.loads(str(report))["ok"] is True
    assert line("hub", "project", city.server.url("nothing")).code == 3
    cut = tmp_path / "cut.login"
    cut.write_text(note.read_text().splitlines()[0])
    assert line("hub", "project", cut).code == 1
