"""The store: an act is whole or not there, numbers have no gaps, everybody hears of it once. With and without a key."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import MetaData

from dutydesk.core.clock import FixedClock
from dutydesk.core.errors import Damaged, DutyDeskError, Refused, Unavailable
from dutydesk.core.ids import CLI, SYSTEM, new_id
from dutydesk.core.paths import Home
from dutydesk.journal import recipe
from dutydesk.journal import search as search_words
from dutydesk.journal.apply import ERASED
from dutydesk.journal.query import Query, by_id, rows
from dutydesk.journal.schema import Schema
from dutydesk.journal.store import MOST_BYTES, MOST_CHANGES, Announcement, Batch, Store
from dutydesk.journal.verify import verify
from dutydesk.ledger.feature import Change, Derived
from tests.journal import desks as d

Make = Callable[..., Store]


@pytest.fixture(params=[None, d.KEY], ids=["plain", "encrypted"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    """Makes desks, all with or all without a key, and closes them."""
    stores: list[Store] = []

    def make(name: str = "desk", *, again: bool = False, **named: Any) -> Store:
        if again:
            clock = named.pop("clock", FixedClock(d.EVENING))
            stores.append(Store.open(Home(tmp_path / name), named.pop("schema", d.FULL), clock, key=request.param))
        else:
            stores.append(d.make(tmp_path / name, key=request.param, **named))
        return stores[-1]

    yield make
    for store in stores:
        store.close()


def everything(store: Store) -> dict[str, list[Any]]:
    """All that the file holds, search index included, by table."""
    found: dict[str, list[Any]] = {}
    for (name,) in d.ask(store, "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE '%VIRTUAL%'"):
        found[name] = d.ask(store, f"SELECT * FROM {name}")
    return found


def search(store: Store, ledger: str, word: str) -> list[bytes]:
    with store.read() as connection:
        return [row.id for row in rows(connection, store.schema[ledger], Query(ledger, search=word))]


# --- all or nothing


class Trip(Exception):
    """Something of a feature that fails."""


def tripping(where: str) -> Schema:
    """A schema whose derived table or log lines fail on a place called 塌."""

    def log_lines(changes: Sequence[Change]) -> Sequence[Change]:
        if where == "lines" and any(change.values.get("name") == "塌" for change in changes):
            raise Trip
        return [d.new("log", {"text": f"登记{c.values['name']}"}) for c in changes if c.ledger == "places"]

    def derive(into: MetaData) -> Derived:
        plain = d.area_sums(into)

        def update(connection: Any, touched: Any) -> None:
            plain.update(connection, touched)
            if where == "derived" and connection.exec_driver_sql("SELECT 1 FROM places WHERE name = '塌'").first():
                raise Trip
            if where == "sql":
                connection.exec_driver_sql("INSERT INTO no_such_table SELECT name FROM places WHERE name = '塌'")

        return Derived(plain.tables, plain.on, update)

    return d.build((d.LOG, d.PEOPLE, d.PLACES, d.OPTIONS), log_lines=log_lines, derive=derive)


@pytest.mark.parametrize("where", ["derived", "lines", "overflow", "later change"])
def test_a_failure_leaves_nothing_behind(make: Make, where: str) -> None:
    store = make(schema=tripping(where))
    heard: list[Announcement] = []
    store.listeners.append(heard.append)
    manager = d.add(store, "people", name="钱一")
    d.add(store, "places", name="文化礼堂", manager=manager, area=5)
    heard.clear()
    before, position = everything(store), store.position()
    changes = [
        d.new("places", {"name": "塌", "manager": manager, "area": 2**63 if where == "overflow" else 1}),
        d.new("log", {"text": "塌了"}),
    ]
    if where == "later change":
        changes.append(Change("people", new_id(1), {"name": "无此人"}))
    with pytest.raises((Trip, OverflowError, Refused)):
        store.act("places.add", changes, by=CLI)
    assert everything(store) == before
    assert store.position() == position
    assert not search(store, "places", "塌")
    assert heard == []
    # and the next one takes up where the last good one stopped
    receipt = store.act("places.add", [d.new("places", {"name": "小学"})], by=CLI)
    assert receipt.seq == position[0] + 1
    assert receipt.value("log", "no") == "2026-0002"


def test_an_error_of_the_database_in_derived_figures_leaves_nothing_behind(make: Make) -> None:
    store = make(schema=tripping("sql"))
    before = everything(store)
    with pytest.raises(Exception, match="no_such_table"):
        store.act("places.add", [d.new("places", {"name": "塌"})], by=CLI)
    assert everything(store) == before
    assert store.act("people.add", [d.new("people", {"name": "钱一"})], by=CLI).seq == 2


def test_an_act_stands_in_every_table(make: Make) -> None:
    store = make(schema=tripping(""))
    manager = d.add(store, "people", name="钱一", phone="0571-00000001")
    receipt = store.act(
        "places.add", [d.new("places", {"name": "文化礼堂", "manager": manager, "area": 7})], by=CLI, note="核定"
    )
    assert d.ask(store, "SELECT total FROM area_sum WHERE manager = ?", manager) == [(7,)]
    assert d.ask(store, "SELECT no, text FROM log") == [("2026-0001", "登记文化礼堂")]
    assert [change.ledger for change in receipt.changes] == ["places", "log"]
    assert search(store, "places", "礼堂")
    assert search(store, "places", "whlt")
    assert search(store, "log", "登记文化")
    ((body,),) = d.ask(store, "SELECT body FROM act WHERE act_id = ?", receipt.act_id)
    told = json.loads(body)
    assert told["note"] == "核定"
    assert told["changes"][0]["set"] == {"name": "文化礼堂", "manager": manager.hex(), "area": 7}
    assert d.ask(store, "SELECT seq, hash FROM frontier") == [store.position()]
    store.close()
    report = verify(store.home, store.schema, store.key)
    assert report.ok, report.problems
    assert report.acts == 3


# --- what is refused


@pytest.mark.parametrize(
    "changes",
    [
        [Change("people", b"r" * 16, {"nmae": "钱一"}, new=True)],
        [Change("people", b"r" * 16, {"name": 1.5}, new=True)],  # type: ignore[dict-item]
        [Change("people", b"r" * 16, {"name": True}, new=True)],
        [Change("people", b"r" * 16, {"name": "钱\0一"}, new=True)],
        [Change("people", b"r" * 16, {"name": "\ud800"}, new=True)],
        [Change("people", b"r" * 16, {"phone": "0\0"}, new=True)],
        [Change("people", b"r" * 16, {"name": "钱一"})],
        [d.new("people", {"name": str(n)}) for n in range(MOST_CHANGES + 1)],
        [d.new("people", {"name": "长" * (MOST_BYTES // 3)})],
    ],
    ids=["unknown field", "float", "boolean", "NUL", "surrogate", "NUL beside", "no such row", "too many", "too long"],
)
def test_what_an_act_does_not_take(make: Make, changes: list[Change]) -> None:
    store = make()
    before = everything(store)
    with pytest.raises(Refused):
        store.act("test", changes, by=CLI)
    assert everything(store) == before


@pytest.mark.parametrize("by", ["", "钱一", "0" * 31, "0" * 33])
def test_nobody_in_particular_cannot_write(make: Make, by: str) -> None:
    store = make()
    with pytest.raises(Refused, match="值班人员"):
        store.act("test", [d.new("people", {"name": "钱一"})], by=by)
    assert store.position()[0] == 1


@pytest.mark.parametrize("note", ["\0", "a\x1b", "\ud800"])
def test_a_note_is_plain_text(make: Make, note: str) -> None:
    with pytest.raises(Refused, match="控制字符"):
        make().act("test", [], by=CLI, note=note)


def test_the_limits_themselves_are_taken(make: Make) -> None:
    store = make()
    assert store.act("test", [d.new("people", {"name": str(n)}) for n in range(MOST_CHANGES)], by=CLI).seq == 2
    room = MOST_BYTES - len(
        json.dumps({"changes": [{"ledger": "people", "row": "0" * 32, "set": {"name": ""}}]}, separators=(",", ":"))
    )
    assert store.act("test", [d.new("people", {"name": "x" * room})], by=CLI).seq == 3
    with pytest.raises(Refused, match="256 KB"):
        store.act("test", [d.new("people", {"name": "x" * (room + 1)})], by=CLI)


def test_log_lines_count_towards_the_limit(make: Make) -> None:
    store = make(schema=tripping(""))
    with pytest.raises(Refused, match="500"):
        store.act("test", [d.new("places", {"name": str(n)}) for n in range(MOST_CHANGES // 2 + 1)], by=CLI)
    assert store.act("test", [d.new("places", {"name": str(n)}) for n in range(MOST_CHANGES // 2)], by=CLI).seq == 2


def test_an_append_ledger_is_never_altered(make: Make) -> None:
    store = make()
    row = d.add(store, "log", text="接报")
    with pytest.raises(Refused, match="只能新增"):
        d.write(store, "log", row, text="改")
    with pytest.raises(Refused, match="只能新增"):
        d.delete(store, "log", row)


def test_a_deleted_row_is_not_written(make: Make) -> None:
    store = make()
    row = d.add(store, "people", name="钱一")
    d.delete(store, "people", row)
    with pytest.raises(Refused, match="已不在"):
        d.write(store, "people", row, age=1)


def test_an_erased_row_takes_no_personal_data_again(make: Make) -> None:
    store = make()
    row = d.add(store, "people", name="钱一", phone="0571-00000001")
    store.erase("people", row, by=CLI, note="本人要求")
    with pytest.raises(Refused, match="个人信息已删除"):
        d.write(store, "people", row, phone="0571-00000002")
    d.write(store, "people", row, age=3)
    assert d.ask(store, "SELECT phone, age FROM people") == [(ERASED, 3)]


def test_a_desk_is_not_made_over_another(make: Make) -> None:
    make()
    with pytest.raises(Refused, match="不会覆盖"):
        make()


# --- personal data


def test_personal_fields_stand_beside_the_chain(make: Make) -> None:
    store = make()
    row = d.add(store, "people", name="钱一", phone="0571-12345678", home="无名路1号")
    act = d.write(store, "people", row, phone="0571-87654321")
    bodies = b"".join(body for (body,) in d.ask(store, "SELECT body FROM act"))
    assert b"0571-" not in bodies
    assert "无名路".encode() not in bodies
    assert d.ask(store, "SELECT phone, home FROM people") == [("0571-87654321", "无名路1号")]
    assert json.loads(d.ask(store, "SELECT data FROM personal WHERE act_id = ?", act)[0][0]) == {
        "phone": "0571-87654321"
    }
    assert search(store, "people", "4321") == [row]


def index_blocks(store: Store, ledger: str) -> list[bytes]:
    """The postings of a search index as they stand on disk."""
    return sorted(block for n, block in d.ask(store, f"SELECT id, block FROM fts_{ledger}_data") if n > 10)


def index_blocks_made_anew(store: Store, ledger: str) -> list[bytes]:
    """What `index_blocks` would be if the rows had always been what they are."""
    shape = store.schema[ledger]
    store._raw.execute(shape.ddl()[-1].replace(shape.fts, "fts_anew"))  # type: ignore[union-attr]
    for n, *found in d.ask(store, f"SELECT _n, {', '.join(shape.names)} FROM {ledger} ORDER BY _n"):
        values = dict(zip(shape.names, found, strict=True))
        words = (
            n,
            search_words.words(search_words.row_text(shape.ledger, values)),
            search_words.row_pinyin(shape.ledger, values),
        )
        store._raw.execute("INSERT INTO fts_anew (rowid, words, py) VALUES (?, ?, ?)", words)  # type: ignore[union-attr]
    store._raw.execute("INSERT INTO fts_anew (fts_anew) VALUES ('optimize')")  # type: ignore[union-attr]
    blocks = sorted(block for n, block in d.ask(store, "SELECT id, block FROM fts_anew_data") if n > 10)
    store._raw.execute("DROP TABLE fts_anew")  # type: ignore[union-attr]
    return blocks


def test_erasing_leaves_not_a_trace_in_the_file(make: Make) -> None:
    store = make()
    other = d.add(store, "people", name="孙二", phone="0571-00000002")
    row = d.add(store, "people", name="钱一", phone="13912345678", home="无名路1号")
    d.write(store, "people", row, phone="13987654321")
    store.erase("people", row, by=CLI, note="本人要求")
    assert d.ask(store, "SELECT name, phone, home FROM people WHERE id = ?", row) == [("钱一", ERASED, ERASED)]
    assert not d.ask(store, "SELECT 1 FROM personal WHERE row = ?", row)
    assert not search(store, "people", "4321")
    assert not search(store, "people", "13912345678")
    assert search(store, "people", "0571") == [other]
    assert index_blocks(store, "people") == index_blocks_made_anew(store, "people"), "the index still knows the number"
    store.close()
    content = store.home.database.read_bytes()
    for trace in (b"13912345678", b"13987654321", "无名路1号".encode()):
        assert trace not in content
    if store.key is None:
        assert "钱一".encode() in content
    report = verify(store.home, store.schema, store.key)
    assert report.ok, report.problems


# --- numbers


def numbers(store: Store) -> list[str]:
    return [no for (no,) in d.ask(store, "SELECT no FROM log ORDER BY _n")]


@pytest.mark.parametrize(
    ("named", "prefix"),
    [({}, ""), ({"code": "QB"}, "QB-"), ({"drill": True}, "演-"), ({"drill": True, "code": "QB"}, "演-QB-")],
    ids=["plain", "code", "drill", "drill with code"],
)
def test_numbers_of_a_desk_and_year(make: Make, named: dict[str, Any], prefix: str) -> None:
    clock = FixedClock(1_798_732_799_000)  # 2026-12-31 23:59:59 +08:00, still the afternoon in UTC
    store = make(clock=clock, **named)
    d.add(store, "log", text="一")
    store.act("test", [d.new("log", {"text": "二"}), d.new("log", {"text": "三"})], by=CLI)
    clock.advance(1_000)
    d.add(store, "log", text="四")
    clock.advance(-1_000)
    d.add(store, "log", text="五")
    assert numbers(store) == [
        f"{prefix}{no}" for no in ("2026-0001", "2026-0002", "2026-0003", "2027-0001", "2026-0004")
    ]


def test_a_number_that_is_given_is_kept_and_gone_on_from(make: Make) -> None:
    store = make()
    d.add(store, "log", text="补录", no="2026-0041")
    d.add(store, "log", text="接报")
    assert numbers(store) == ["2026-0041", "2026-0042"]


def test_numbers_go_on_after_a_restart(make: Make) -> None:
    store = make()
    d.add(store, "log", text="一")
    store.close()
    again = make(again=True)
    d.add(again, "log", text="二")
    assert numbers(again) == ["2026-0001", "2026-0002"]


def test_two_windows_on_one_desk_number_without_gaps(make: Make) -> None:
    first = make()
    second = make(again=True)
    errors: list[DutyDeskError] = []

    def write(store: Store) -> None:
        try:
            for n in range(40):
                d.add(store, "log", text=f"并发{n}")
        except DutyDeskError as error:
            errors.append(error)

    threads = [threading.Thread(target=write, args=(store,)) for store in (first, second, first)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert sorted(numbers(first)) == [f"2026-{n:04d}" for n in range(1, 121)]
    assert d.ask(first, "SELECT count(*), max(seq) FROM act") == [(121, 121)]
    second.close()
    first.close()
    assert verify(first.home, d.FULL, first.key).ok


WRITER = """
import sys
from pathlib import Path
from dutydesk.core.paths import Home
from tests.journal import desks as d
key = bytes.fromhex(sys.argv[2]) or None
with d.Store.open(Home(Path(sys.argv[1])), d.FULL, d.FixedClock(d.EVENING), key=key) as store:
    sys.stdin.readline()
    for n in range(60):
        d.add(store, "log", text=f"并发{n}")
"""


def test_two_processes_on_one_desk_number_without_gaps(make: Make) -> None:
    store = make()
    version = store.data_version()
    command = [sys.executable, "-c", WRITER, str(store.home.root), (store.key or b"").hex()]
    running = [subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    for process in running:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    said = [process.communicate(timeout=60)[1] for process in running]
    assert [process.returncode for process in running] == [0, 0], said
    assert store.data_version() != version, "the window would not notice the other process"
    assert sorted(numbers(store)) == [f"2026-{n:04d}" for n in range(1, 121)]
    store.close()
    report = verify(store.home, d.FULL, store.key)
    assert report.ok, report.problems


# --- clock


def test_a_clock_that_goes_back_does_not_stop_anybody(make: Make) -> None:
    clock = FixedClock(d.EVENING)
    store = make(clock=clock)
    d.add(store, "log", text="一")
    assert store.clock_behind == 0
    clock.advance(-60_000)
    d.add(store, "log", text="二")
    assert store.clock_behind == 0, "a minute is nothing"
    clock.advance(-400 * d.DAY)
    d.add(store, "log", text="三")
    assert store.clock_behind == 400 * d.DAY + 60_000
    clock.advance(401 * d.DAY)
    d.add(store, "log", text="四")
    assert store.clock_behind == 0
    clocks = [hlc for (hlc,) in d.ask(store, "SELECT hlc FROM act ORDER BY seq")]
    assert clocks == sorted(set(clocks))
    recorded = [at for (at,) in d.ask(store, "SELECT recorded_at FROM act ORDER BY seq")]
    assert recorded[3] < recorded[1] < recorded[4], "what the clock said is what is recorded"


def test_what_happened_has_a_time_of_its_own(make: Make) -> None:
    store = make()
    receipt = store.act("test", [d.new("log", {"text": "昨天"})], by=SYSTEM, happened_at=d.EVENING - d.DAY)
    found = d.ask(store, "SELECT happened_at, recorded_at, by FROM act WHERE act_id = ?", receipt.act_id)
    assert found == [(d.EVENING - d.DAY, d.EVENING, SYSTEM)]


# --- being told


def test_everybody_is_told_once_and_after_the_commit(make: Make) -> None:
    store = make(schema=tripping(""))
    other = make(again=True, schema=store.schema)
    heard: list[Announcement] = []

    def hear(announcement: Announcement) -> None:
        heard.append(announcement)
        with other.read() as connection:  # another connection sees it already
            for row in announcement.rows["places"]:
                assert by_id(connection, other.schema["places"], row) is not None

    store.listeners.append(hear)
    changes = [d.new("places", {"name": "甲"}), d.new("places", {"name": "乙"})]
    receipt = store.act("test", changes, by=CLI)
    assert [set(told.rows["places"]) for told in heard] == [{change.row for change in changes}]
    assert heard[0].ledgers == {"places", "log"}
    assert heard[0].rows["log"] == {change.row for change in receipt.changes if change.ledger == "log"}


def test_a_listener_may_write(make: Make) -> None:
    store = make()
    heard: list[Announcement] = []

    def answer(announcement: Announcement) -> None:
        heard.append(announcement)
        if "people" in announcement.ledgers:
            d.add(store, "log", text="已登记")

    store.listeners.append(answer)
    d.add(store, "people", name="钱一")
    assert [told.ledgers for told in heard] == [{"people"}, {"log"}]


def test_what_arrives_is_announced_like_anything_else(make: Make) -> None:
    one, two = make("one"), make("two", n=2)
    row = d.add(one, "people", name="钱一")
    heard: list[Announcement] = []
    two.listeners.append(heard.append)
    d.deliver(one, two)
    assert [dict(told.rows) for told in heard] == [{"people": {row}}]


def test_another_process_is_noticed_by_the_data_version(make: Make) -> None:
    store = make()
    other = make(again=True)
    before = store.data_version()
    d.add(store, "log", text="自己")
    assert store.data_version() == before, "its own writing is announced, not noticed"
    d.add(other, "log", text="别人")
    assert store.data_version() != before


# --- reading


def test_one_question_sees_one_state(make: Make) -> None:
    store = make()
    with store.read() as connection:
        assert len(rows(connection, d.FULL["people"], Query("people"))) == 0
        d.add(store, "people", name="钱一")
        assert len(rows(connection, d.FULL["people"], Query("people"))) == 0
    with store.read() as connection:
        assert len(rows(connection, d.FULL["people"], Query("people"))) == 1


def test_a_reader_cannot_be_kept_from_the_family_of_errors(make: Make) -> None:
    store = make()
    with pytest.raises(DutyDeskError), store.read() as connection:
        connection.exec_driver_sql("SELECT * FROM no_such_table")


def test_local_state_is_no_act(make: Make) -> None:
    store = make()
    position = store.position()
    store.remember("window", "左上")
    store.remember("window", "右上")
    store.local(lambda cursor: cursor.execute("INSERT INTO local_draft VALUES ('log', '{}', 1)"))
    assert store.state("window") == "右上"
    assert store.state("nothing", "中") == "中"
    assert store.position() == position
    with pytest.raises(Unavailable):
        store.local(lambda cursor: cursor.execute("INSERT INTO local_draft VALUES ('log', '{}', 2)"))
    assert d.ask(store, "SELECT saved_at FROM local_draft") == [(1,)]


# --- the key


def test_the_wrong_key_opens_nothing(tmp_path: Path) -> None:
    d.make(tmp_path / "desk", key=d.KEY).close()
    content = (tmp_path / "desk" / "desk.sqlite").read_bytes()
    assert not content.startswith(b"SQLite format 3")
    for key in (None, bytes(32)):
        with pytest.raises(Damaged):
            Store.open(Home(tmp_path / "desk"), d.FULL, FixedClock(d.EVENING), key=key)
    assert (tmp_path / "desk" / "desk.sqlite").read_bytes() == content


def test_every_setting_of_a_connection_is_read_back(make: Make) -> None:
    store = make()
    for name, _value, expected in recipe.SETTINGS:
        found = d.ask(store, f"PRAGMA {name}")
        assert not found or found == [(expected,)], name
        with store.read() as connection:
            held = connection.exec_driver_sql(f"PRAGMA {name}").first()
            assert held is None or held[0] == expected, name
    assert d.ask(store, "PRAGMA journal_mode") == [("wal",)]
    assert d.ask(store, "PRAGMA application_id") == [(0x44445431,)]


# --- batches


def test_rows_of_an_import_are_shown_when_it_is_whole(make: Make) -> None:
    store = make()
    batch = new_id(d.EVENING)
    store.act("import", [d.new("people", {"name": "钱一"})], by=CLI, batch=Batch(batch, 1, 2))
    assert not search(store, "people", "钱一")
    store.close()
    again = make(again=True)
    assert not search(again, "people", "钱一"), "a restart shows no half import"
    again.act("import", [d.new("people", {"name": "钱一"})], by=CLI, batch=Batch(batch, 2, 2))
    assert len(search(again, "people", "钱一")) == 2
