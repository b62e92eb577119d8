"""A record that is not the one which the hub has confirmed is named, whatever its own hashes say."""

from __future__ import annotations

from dataclasses import replace

from dutydesk.features import schema
from dutydesk.journal import chain, recipe, witness
from dutydesk.journal.desk import Desk, Me
from dutydesk.journal.store import Store
from dutydesk.journal.verify import verify
from dutydesk.shifts import sheet
from dutydesk.sync import planning
from dutydesk.transfer import standing
from tests.journal import desks as d
from tests.sync.cities import log
from tests.sync.fleet import Fleet


def write_again(store: Store, after: int, words: tuple[str, str]) -> None:
    """Change a word and make every hash from there on anew, as whoever has the machine and time can."""
    raw = recipe.connect(store.home.database)
    guards = raw.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'act'").fetchall()
    for name, _sql in guards:
        raw.execute(f"DROP TRIGGER {name}")
    columns = "desk, epoch, seq, act_id, hlc, happened_at, recorded_at, by, kind, sv, body, alg, prev, hash"
    link = b""
    for row in raw.execute(f"SELECT {columns} FROM act ORDER BY seq").fetchall():
        act = chain.Act(*row)
        if act.seq > after:
            act = replace(act, body=act.body.replace(words[0].encode(), words[1].encode()))
        act = replace(act, prev=link or act.prev)
        link = chain.act_hash(act)
        raw.execute("UPDATE act SET body = ?, prev = ?, hash = ? WHERE seq = ?", (act.body, act.prev, link, act.seq))
    raw.execute("UPDATE frontier SET hash = ?", (link,))
    raw.execute("DELETE FROM local_state WHERE key = 'schema'")
    for _name, sql in guards:
        raw.execute(sql)
    raw.close()
    store.home.head.unlink()


def paper(store: Store) -> sheet.Sheet:
    seq, head = store.position()
    return sheet.Sheet("330102", store.config.desk[:8], store.config.epoch, seq, head.hex()[:16], "2026-06-18")


def test_a_chain_written_again_is_named_by_verify_and_on_the_board(fleet: Fleet) -> None:
    store = fleet.add(1, schema=schema())
    log(store, "接报积水")
    fleet.sync(1)
    log(store, "还没有同步")
    assert verify(store.home, store.schema).ok
    fleet.close_desk("1")
    write_again(store, 1, ("接报积水", "一切正常"))
    store = fleet.open("1", schema())
    report = verify(store.home, store.schema)
    ((where, what),) = [(fault.where, fault.what) for fault in report.problems]
    assert where == f"#2 {store.config.desk[:8]}/1"
    assert "与中心库 2026-06-18" in what
    assert "不是同一条" in what
    store.config = replace(store.config, hub=fleet.url(1))
    planning.keep(Desk(store, store.clock, Me(), ()))
    with store.read() as connection:
        (item,) = [one for one in standing.open_items(connection, store.clock.now()) if "确认" in one.title]
    assert (item.block, item.severity, item.ledger) == ("EQUIPMENT", 2, "sync")


def test_a_tail_that_the_hub_has_seen_and_is_gone_is_named(fleet: Fleet) -> None:
    store = fleet.add(1)
    for n in range(3):
        fleet.write(1, str(n))
    fleet.sync(1)
    fleet.close_desk("1")
    raw = recipe.connect(store.home.database)
    raw.execute("DROP TRIGGER act_no_delete")
    raw.execute("DELETE FROM act WHERE seq > 2")
    raw.close()
    said = [fault.what for fault in verify(store.home, store.schema).problems]
    assert any("确认过这一条，这里没有" in what for what in said), said


def test_what_is_newer_than_the_last_word_of_the_hub_is_no_problem(fleet: Fleet) -> None:
    store = fleet.add(1)
    fleet.write(1, "已确认")
    fleet.sync(1)
    told = paper(store)
    fleet.write(1, "尚未确认")
    with store.read() as connection:
        assert witness.differing(connection, store.config.desk_id) is None
        assert sheet.confirmed(connection, told) == fleet.clocks[1].at
        assert sheet.confirmed(connection, paper(store)) is None


def test_a_sheet_of_the_other_branch_is_found_in_quarantine(fleet: Fleet) -> None:
    fleet.add(1)
    fleet.sync(1)
    fleet.close_desk("1")
    fleet.copy("1", "1-clone")
    fleet.open("1")
    clone = fleet.open("1-clone")
    fleet.write(1, "原机")
    told = paper(fleet.stores["1"])
    clone.act("test", [d.new("log", {"text": "克隆"})], by="cli")
    fleet.sync(1)
    with clone.read() as connection:
        assert sheet.check(connection, told) == "other"
    fleet.sync("1-clone")
    with clone.read() as connection:
        assert sheet.check(connection, told) == "aside"
