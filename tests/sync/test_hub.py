"""The hub as tables: made, brought up, and guarded by its constraints and rights alone; spoken to in plain SQL."""

from __future__ import annotations

import re
from typing import Any

import psycopg
import pytest

from dutydesk.core.clock import FixedClock
from dutydesk.core.errors import Refused, Unavailable
from dutydesk.core.ids import CLI, new_id
from dutydesk.journal import postgres, statements
from dutydesk.journal.chain import Act
from dutydesk.sync import hub as h
from dutydesk.sync import keys, protocol, seals
from dutydesk.sync.hub import Batch, Forked, Hub
from dutydesk.sync.projecting import LedgerHub, optional
from dutydesk.sync.projecting import run as run_projection
from tests.journal import desks as d
from tests.sync.fleet import PASSWORD, Fleet
from tests.sync.servers import Server


def test_a_hub_is_made_once_and_a_second_time_changes_nothing(hub_url: str) -> None:
    with Hub.connect(hub_url) as hub:
        first = hub.hello()
        assert hub.init(new_id(d.EVENING)) == []
        assert hub.hello().hub == first.hub
        assert (first.incarnation, first.arrival, dict(first.frontier)) == (1, 0, {})
        hub.init(b"x" * 16, restored=True)
        assert hub.hello().incarnation == 2


def test_an_older_hub_is_refused_until_its_owner_brings_it_up(
    server: Server, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = server.url(database)
    with Hub.connect(url) as hub:
        with pytest.raises(Refused, match="hub init"):
            hub.hello()
        with monkeypatch.context() as patch:
            patch.setattr(h, "numbered", lambda: _numbered()[:1])
            assert hub.init(new_id(d.EVENING)) == [1]
        with pytest.raises(Refused, match="hub init"):
            hub.hello()
        assert hub.init(new_id(d.EVENING)) == [number for number, _script in _numbered()][1:]
        assert hub.hello().incarnation == 1


_numbered = h.numbered


def test_a_hub_that_is_ahead_of_the_program_refuses_it(server: Server, hub_url: str, database: str) -> None:
    server.execute(database, f"UPDATE hub_state SET least_protocol = {h.PROTOCOL + 1}")
    with Hub.connect(hub_url) as hub, pytest.raises(Refused, match="太旧"):
        hub.hello()


def test_a_cut_while_a_hub_is_made_leaves_whole_steps(
    server: Server, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(name: str) -> None:
        if name == "hub.init":
            raise Unavailable("cut")

    with Hub.connect(server.url(database)) as hub:
        with monkeypatch.context() as patch:
            patch.setattr(h, "step", cut)
            with pytest.raises(Unavailable, match="cut"):
                hub.init(new_id(d.EVENING))
        assert server.execute(database, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == [(1,)]
        assert hub.init(new_id(d.EVENING)) == [number for number, _script in h.numbered()]


# -- constraints


@pytest.fixture
def pushed(fleet: Fleet) -> tuple[Fleet, list[d.Parcel]]:
    """A desk with five acts at the hub."""
    store = fleet.add(1)
    for n in range(4):
        fleet.write(1, str(n))
    fleet.sync(1)
    return fleet, d.acts_of(store, store.config.desk_id)


def altered(act: Act, **named: Any) -> Act:
    values = {name: getattr(act, name) for name in act.__slots__}
    return Act(**values | {"act_id": new_id(d.EVENING)} | named)


WRONG: dict[str, tuple[dict[str, Any], type[Refused]]] = {
    "gap": ({"seq": 7}, Forked),
    "wrong link": ({"prev": bytes(32)}, Forked),
    "fork": ({"seq": 3, "hash": b"f" * 32}, Forked),
    "fork at the start": ({"seq": 1, "kind": "epoch.open", "hash": b"f" * 32}, Forked),
    "opening within": ({"kind": "epoch.open"}, Refused),
    "stranger": ({"desk": b"s" * 16, "seq": 1, "kind": "epoch.open", "prev": bytes(32)}, Forked),
    "short hash": ({"hash": b"short"}, Refused),
}


def test_the_engine_refuses_what_the_record_must_never_see(pushed: tuple[Fleet, list[d.Parcel]]) -> None:
    fleet, parcels = pushed
    last = parcels[-1][0]
    held = "SELECT desk, epoch, seq, hash FROM act ORDER BY 1, 2, 3"
    before = fleet.hub_rows(held)
    with Hub.connect(fleet.url(1), password=PASSWORD) as hub:
        for name, (change, error) in WRONG.items():
            act = altered(last, **{"prev": last.hash, "hash": b"n" * 32, "seq": 6} | change)
            with pytest.raises(error):
                hub.push(Batch([(act, {})]))
            assert fleet.hub_rows(held) == before, name
    assert fleet.hub_rows("SELECT arrival FROM hub_counter") == [(5,)], "the numbers were given back with the rest"


def test_pushing_again_changes_nothing(pushed: tuple[Fleet, list[d.Parcel]]) -> None:
    fleet, parcels = pushed
    tables = ("act", "personal", "seal", "witness")
    before = [fleet.hub_rows(f"SELECT * FROM {table}") for table in tables]
    store = fleet.stores["1"]
    seal = seals.make(store, 1, *store.position())
    with Hub.connect(fleet.url(1), password=PASSWORD) as hub:
        hub.push(Batch(parcels, seal))
        hub.push(Batch(parcels[2:], seal))
    assert [fleet.hub_rows(f"SELECT * FROM {table}") for table in tables] == before


NOT_ALLOWED = (
    "UPDATE act SET kind = 'x'", "DELETE FROM act", "TRUNCATE act CASCADE", "UPDATE seal SET seq = 1",
    "DELETE FROM witness", "UPDATE witness SET received_at = now()", "UPDATE desk SET revoked_at = NULL",
    "INSERT INTO desk_key VALUES ('', '')", "DROP TABLE act", "CREATE TABLE mine (n integer)",
    "UPDATE hub_state SET incarnation = 1", "DELETE FROM quarantine", "UPDATE personal SET data = ''",
    "DELETE FROM erased", "ALTER TABLE act DROP CONSTRAINT act_follows",
)  # fmt: skip


def test_a_desk_may_add_and_read_and_nothing_else(pushed: tuple[Fleet, list[d.Parcel]]) -> None:
    fleet, _parcels = pushed
    url = fleet.url(1).replace("@", f":{PASSWORD}@")
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in NOT_ALLOWED:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement.encode())


def test_a_reader_sees_names_and_times_and_no_personal_data(pushed: tuple[Fleet, list[d.Parcel]]) -> None:
    fleet, parcels = pushed
    with psycopg.connect(fleet.owner_url, autocommit=True) as connection:
        connection.execute("SET ROLE dutydesk_reader")
        rows = connection.execute("SELECT desk_code, seq, kind, happened_at, body FROM v_acts ORDER BY seq").fetchall()
        assert [(row[0], row[1], row[2]) for row in rows] == [("D1", act.seq, act.kind) for act, _personal in parcels]
        assert int(rows[1][3].timestamp() * 1_000) == parcels[1][0].happened_at
        assert rows[1][4].encode() == parcels[1][0].body
        assert connection.execute("SELECT desk_code, seq FROM v_heads").fetchall() == [("D1", 5)]
        assert connection.execute("SELECT count(*) FROM v_witness").fetchall() == [(1,)]
        assert connection.execute("SELECT code, name FROM v_desks").fetchall() == [("D1", "第1席")]
        assert connection.execute("SELECT count(*) FROM v_quarantine").fetchall() == [(0,)]
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT * FROM personal")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("INSERT INTO erased VALUES ('x', '')")


def test_numbers_of_arrival_are_given_in_the_order_of_commits(fleet: Fleet) -> None:
    """A push that has taken numbers holds everybody else until it is through: no later number is seen first."""
    fleet.add(1)
    fleet.add(2)
    url = fleet.url(2).replace("@", f":{PASSWORD}@")
    with psycopg.connect(url) as slow:
        slow.execute("UPDATE hub_counter SET arrival = arrival + 1 WHERE id = 1")
        impatient = f"{url}?options=-c%20lock_timeout%3D50ms"
        with psycopg.connect(impatient) as other, pytest.raises(psycopg.errors.LockNotAvailable):
            other.execute("UPDATE hub_counter SET arrival = arrival + 1 WHERE id = 1")
        slow.rollback()
    fleet.settle(1, 2)
    arrivals = [n for (n,) in fleet.hub_rows("SELECT arrival FROM act ORDER BY arrival")]
    assert arrivals == sorted(set(arrivals))


# -- plain SQL

FORBIDDEN = (
    r"advisory", r"\blisten\b", r"\bnotify\b", r"create\s+extension", r"create\s+(or\s+replace\s+)?function", r"plpgsql",
    r"\btrigger\b", r"\bserial\b", r"nextval", r"\bcopy\b", r"\blateral\b", r"\bilike\b", r"::", r"\bdo\s+\$",
    r"returning\s+\*", r"\bunnest\b", r"on conflict on constraint", r"for\s+update\s+skip", r"\btemp(orary)?\s+table",
    r"set\s+(session|local)", r"create\s+(materialized|policy|rule)", r"distinct\s+on", r"\bany\s*\(", r"\bjsonb?\b",
)  # fmt: skip
"""What one of CockroachDB, YugabyteDB, openGauss, KingbaseES does not have, or does otherwise."""


def plain(statement: str) -> list[str]:
    """What of a statement is outside the common subset."""
    return [pattern for pattern in FORBIDDEN if re.search(pattern, statement, re.IGNORECASE)]


def test_the_rule_of_plain_sql_bites() -> None:
    assert plain("SELECT pg_advisory_lock(1)")
    assert plain("SELECT a::text FROM b")
    assert plain("SELECT DISTINCT ON (desk) seq FROM act")
    assert not plain("UPDATE hub_counter SET arrival = arrival + 1 RETURNING arrival")


def test_every_statement_that_is_sent_is_written_down_and_plain(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything a whole life of a hub sends, seen at the driver, held to the files and to the common subset."""
    sent: set[str] = set()
    run, run_many = psycopg.Cursor.execute, psycopg.Cursor.executemany

    def watch_many(self: Any, query: Any, rows: Any, **named: Any) -> Any:
        sent.add(re.sub(r"\$\d+", "%s", " ".join(query.split())))
        return run_many(self, query, rows, **named)

    def watch(self: Any, query: Any, *arguments: Any, **named: Any) -> Any:
        text = (
            query if isinstance(query, str) else query.decode() if isinstance(query, bytes) else query.as_string(self)
        )
        sent.add(re.sub(r"\$\d+", "%s", " ".join(text.split())))
        return run(self, query, *arguments, **named)

    monkeypatch.setattr(psycopg.Cursor, "execute", watch)
    monkeypatch.setattr(psycopg.Cursor, "executemany", watch_many)
    fleet.server.execute("postgres", f"CREATE DATABASE {fleet.database}_second")
    with Hub.connect(fleet.server.url(f"{fleet.database}_second")) as second:
        second.init(new_id(d.EVENING), restored=True)
    one, two = fleet.add(1), fleet.add(2)
    fleet.settle(1, 2)
    person = d.add(one, "people", name="钱一", phone="0571-00000001")
    fleet.settle(1, 2)
    one.erase("people", person, by=CLI, note="本人要求")
    for name in (1, 2, 1):
        fleet.sync(name, deep=True)
    fleet.close_desk("1")
    fleet.copy("1", "1-clone")
    fleet.open("1")
    clone = fleet.open("1-clone")
    fleet.write(1, "原机")
    clone.act("test", [d.new("log", {"text": "克隆"})], by=CLI)
    fleet.sync(1)
    fleet.sync("1-clone")
    fleet.enrol(1)
    with Hub.connect(fleet.url(2), password=PASSWORD) as hub:
        hub.push(Batch(d.acts_of(two, two.config.desk_id)))
        hub.put_blob(b"b" * 32, b"data")
        assert hub.chunk(b"b" * 32, 0) == b"data"
        assert hub.blobs_held([b"b" * 32]) == {b"b" * 32}
        assert [blob.size for blob in hub.blobs_of([b"b" * 32, b"c" * 32])] == [4]
        hub.erased([("people", person)])
        hub.seals([(two.config.desk_id, 1, 0, 9)], after=True)
        hub.last_before((two.config.desk_id, 1), 99)
    with Hub.connect(fleet.owner_url) as hub:
        hub.revoke(two.config.desk_id, "test")
        assert len(hub.desks()) == 2
    project_everything(fleet, two)
    monkeypatch.undo()
    fleet.server.execute("postgres", f"DROP DATABASE {fleet.database}_second")
    written = [text for _n, script in h.numbered() for text in h.split(script)] + ledger_texts()
    patterns = {name: _pattern(text) for name, text in h.statements().items()}
    used: set[str] = set()
    flat = {re.sub(r"\$\d+", "%s", " ".join(one.split())) for one in (*written, *optional("search_index"))}
    for text in sent:
        if text in flat or text in ("BEGIN", "COMMIT", "ROLLBACK"):
            continue
        if text.startswith(("CREATE DATABASE", "DROP DATABASE")):  # the test's own
            continue
        names = [name for name, pattern in patterns.items() if pattern.fullmatch(text)]
        assert names, f"not from the files: {text[:120]}"
        used.update(names)
    missing = h.statements().keys() - used - {"make_role"}  # the roles of the server are there already
    assert not missing, f"never sent in this test: {missing}"
    faults = {text: found for text in [*written, *h.statements().values()] if (found := plain(text))}
    assert not faults


UNFIT = {"changes": [{"ledger": "people", "row": "aa", "set": {"age": 2**70}}]}


def project_everything(fleet: Fleet, store: d.Store) -> None:
    """What `hub init` and `hub project` send of their own."""
    with LedgerHub.connect(fleet.owner_url) as hub:
        hub.prepare(d.OLD)
        hub.prepare(d.FULL)
        hub.give_login(f"{fleet.database}_timer", PASSWORD)
        act = d.acts_of(store, store.config.desk_id)[0][0]
        with LedgerHub.connect(fleet.owner_url) as other, hub.alone(d.FULL, other):
            hub.aside(act, "test")
            hub.apply(d.FULL, [(altered(act, desk=b"s" * 16), UNFIT)])
    for rebuild in (True, False):
        run_projection(fleet.owner_url, d.FULL, FixedClock(d.EVENING), rebuild=rebuild)


def ledger_texts() -> list[str]:
    """Every statement for the ledger tables of the toy ledgers: what makes them, and what `apply` says."""
    older = {name: {"x": "text"} for name in ("v_log", "v_people", "v_options")}
    texts = [*postgres.upgrade(d.FULL, {}).statements, *postgres.upgrade(d.FULL, older).statements]
    texts += [*postgres.upgrade(d.OLD, {}).statements, *postgres.emptying(d.FULL)]
    for column, kind in postgres.columns(d.FULL["people"]).items():
        texts.append(f'ALTER TABLE ledgers.people ADD COLUMN "{column}" {kind}')
    for name in d.FULL.shapes:
        texts.append(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ledgers.{name} TO dutydesk_projector")
        texts.append(f"GRANT SELECT ON ledgers.{name}, ledgers.v_{name} TO dutydesk_reader")
    said = statements.of(d.FULL, postgres.POSTGRES)
    for one in (said, *said.values()):
        for held in vars(one).values():
            several: list[Any] = list(held.values()) if isinstance(held, dict) else [held]
            texts += [text for text in several if isinstance(text, str)]
    return [text for text in texts if text]


def _pattern(text: str) -> re.Pattern[str]:
    quoted = re.escape(" ".join(text.split()))
    quoted = re.sub(r"\\\{(rows|places|ranges)\\\}", r"[(),= %a-zA-Z_<>]+", quoted)
    return re.compile(re.sub(r"\\\{(login|role|password)\\\}", r"('[^']*'|\"[^\"]*\")", quoted))


# -- the connection


@pytest.mark.parametrize(
    ("url", "wrong"),
    [
        ("postgresql://desk@hub.example/district?sslmode=require", "verify-full"),
        ("postgresql://desk@hub.example/district?sslmode=disable", "verify-full"),
        ("postgresql://desk@/district", "地址"),
        ("postgresql://desk@hub.example", "地址"),
        ("not an address", "读不懂"),
    ],
)
def test_an_address_that_says_too_little_is_refused(url: str, wrong: str) -> None:
    with pytest.raises(Refused, match=wrong):
        h.target(url)


def test_an_address_is_shown_without_its_password() -> None:
    where = h.target("postgresql://desk:secret@hub.example:6543/district", password="other")
    assert where.public == "postgresql://desk@hub.example:6543/district"
    assert where.params["sslmode"] == "verify-full"
    assert where.params["sslrootcert"] == "system"
    assert h.target("postgresql://desk@localhost/district").params.get("sslmode") is None
    with pytest.raises(Refused, match="证书"):
        h.target("postgresql://desk@hub.example/district", ca="/nowhere/ca.pem")


def test_a_hub_that_is_not_there_is_unavailable(server: Server) -> None:
    with pytest.raises(Unavailable, match="连不上"):
        Hub.connect(server.url("nothing", port=1))
    with pytest.raises(Unavailable, match="连不上"):
        Hub.connect(server.url("nothing"))


def test_a_wrong_password_is_told_without_it(fleet: Fleet) -> None:
    fleet.add(1)
    with pytest.raises(Unavailable) as caught:
        Hub.connect(fleet.url(1), password="wrong-secret")
    assert "wrong-secret" not in str(caught.value)


def test_a_desk_remembers_its_password_beside_the_record(fleet: Fleet) -> None:
    store = fleet.add(1)
    assert protocol.connect(store, fleet.url(1)).close() is None
    body = d.ask(store, "SELECT group_concat(CAST(body AS TEXT)) FROM act")[0][0]
    assert PASSWORD not in body
    assert keys.card_of(store).public.hex() in body
