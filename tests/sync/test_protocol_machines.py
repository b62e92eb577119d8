"""What happens between machines: copies put back, disks cloned, hubs restored, desks shut out, programs of two years.

Every case runs against a real server, and ends with the oracle: every acknowledged act is somewhere, every record
verifies, and desks of one frontier show the same.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from dutydesk.core.errors import Refused, Unavailable
from dutydesk.core.ids import CLI
from dutydesk.journal import attachments, inbox, peers
from dutydesk.journal.digest import digest
from dutydesk.journal.inbox import take_in
from dutydesk.sync import blobs, bundlekeys, keys, outcome, protocol, record, seals
from dutydesk.sync.hub import Batch, Hub
from dutydesk.sync.wire import unpack
from tests.journal import desks as d
from tests.sync.fleet import Fleet

ME = f"{1:032x}"


def test_a_desk_put_back_from_a_copy_gets_its_own_acts_back_and_begins_a_new_epoch(fleet: Fleet) -> None:
    store = fleet.add(1)
    before = {fleet.write(1, "昨天的记录")}
    fleet.sync(1)
    fleet.close_desk("1")
    fleet.copy("1", "1-copy")
    fleet.open("1")
    lost = {fleet.write(1, f"今天的记录 {n}") for n in range(3)}
    fleet.sync(1)
    fleet.close_desk("1")
    store = fleet.open("1-copy")
    report = fleet.sync("1-copy")
    assert store.config.epoch == report.epoch == 2
    assert before | lost <= fleet.acts("1-copy")
    opened = json.loads(d.ask(store, "SELECT body FROM act WHERE epoch = 2 AND seq = 1")[0][0])["epoch"]
    assert opened["reason"] == "restore"
    receipt = store.act("test", [d.new("log", {"text": "之后"})], by=CLI)
    assert receipt.value("log", "no") == "D1-2026-0005", "no number is given twice"
    assert fleet.settle("1-copy")[-1].ok
    fleet.close_desk("1-copy")
    store = fleet.open("1-copy")
    assert store.config.epoch == 2, "desk.toml names the new epoch"
    fleet.check("1-copy")


def test_a_cloned_disk_is_noticed_and_both_histories_are_kept(fleet: Fleet) -> None:
    fleet.add(1)
    fleet.add(2)
    fleet.write(1, "共同的")
    fleet.settle(1, 2)
    fleet.close_desk("1")
    fleet.copy("1", "1-clone")
    fleet.open("1")
    clone = fleet.open("1-clone")
    here = {fleet.write(1, "原机 1"), fleet.write(1, "原机 2")}
    there = {clone.act("test", [d.new("log", {"text": f"克隆 {n}"})], by=CLI).act_id for n in range(3)}
    assert fleet.sync(1).ok
    report = fleet.sync("1-clone")
    assert report.forks == ["D1/1 #3"]
    assert not report.ok
    assert (clone.config.epoch, clone.config.code) == (2, "D1B"), "no number is given by two machines"
    assert any("代号 D1B" in note for note in report.notes)
    held = {act for (act,) in d.ask(clone, "SELECT act_id FROM quarantine")}
    assert here <= held, "the branch of the hub is kept beside this desk's own"
    aside = fleet.hub_rows("SELECT seq, convert_from(act, 'UTF8') FROM quarantine ORDER BY seq")
    assert [seq for seq, _line in aside] == [3, 4, 5], "and this desk's own beside the hub's"
    assert {unpack(line.encode())[0].act_id for _seq, line in aside} == there
    made = clone.act("test", [d.new("log", {"text": "克隆机新记录"})], by=CLI)
    assert made.value("log", "no") == "D1B-2026-0005"
    after = made.act_id
    again = fleet.sync("1-clone")
    assert again.forks == report.forks, "until a person has looked it stays an alarm"
    assert again.waiting == 0
    fleet.settle(2)
    assert after in fleet.acts(2)
    assert here <= fleet.acts(2)
    assert again.alarms == report.alarms
    first = fleet.sync(1)
    assert any("代号 D1B" in text for text in first.alarms), "the machine that was there is told, too"
    assert fleet.sync(1).alarms == [], "and once"


def test_a_hub_put_back_from_a_backup_gets_everything_again(fleet: Fleet) -> None:
    fleet.add(1)
    fleet.add(2)
    fleet.write(1, "备份前")
    fleet.settle(1, 2)
    fleet.server.execute("postgres", f"CREATE DATABASE {fleet.database}_old TEMPLATE {fleet.database}")
    late = {fleet.write(1, "备份后"), fleet.write(2, "备份后")}
    fleet.settle(1, 2)
    fleet.close_desk("2")  # a desk that never comes again: the other one brings its acts
    fleet.server.execute(
        "postgres",
        f"DROP DATABASE {fleet.database} WITH (FORCE)",
        f"ALTER DATABASE {fleet.database}_old RENAME TO {fleet.database}",
    )
    with Hub.connect(fleet.owner_url) as hub:
        hub.init(b"ignored".ljust(16, b"0"), restored=True)
    report = fleet.sync(1)
    assert report.ok
    assert any("恢复过备份" in note for note in report.notes)
    held = {bytes(act) for (act,) in fleet.hub_rows("SELECT act_id FROM act")}
    assert late <= held
    fleet.open("2")
    fleet.settle(1, 2)
    fleet.check(1, 2)


def test_a_restored_hub_is_noticed_without_being_told(fleet: Fleet) -> None:
    fleet.add(1)
    fleet.sync(1)
    fleet.server.execute("postgres", f"CREATE DATABASE {fleet.database}_old TEMPLATE {fleet.database}")
    fleet.write(1, "备份后")
    fleet.sync(1)
    fleet.server.execute(
        "postgres",
        f"DROP DATABASE {fleet.database} WITH (FORCE)",
        f"ALTER DATABASE {fleet.database}_old RENAME TO {fleet.database}",
    )
    report = fleet.sync(1)
    assert report.ok
    assert any("恢复过备份" in note for note in report.notes)
    assert report.pushed >= 1


def test_a_revoked_desk_is_refused_and_what_it_makes_afterwards_is_not_believed(fleet: Fleet) -> None:
    fleet.add(1)
    fleet.add(2)
    fleet.write(1, "吊销前")
    fleet.sync(1)
    with Hub.connect(fleet.owner_url) as hub:
        assert hub.revoke(bytes.fromhex(ME), "笔记本被盗")
        assert not hub.revoke(bytes.fromhex(ME), "again")
    fleet.write(1, "吊销后")
    with pytest.raises(Refused, match=r"权限|吊销"):
        fleet.sync(1)
    # A thief with another login that still works cannot make others believe new acts either.
    fleet.server.execute(fleet.database, f"GRANT dutydesk_desk TO {fleet.database}_d1")
    fleet.server.execute(fleet.database, "UPDATE desk SET revoked_at = NULL")
    fleet.sync(1)
    fleet.server.execute(fleet.database, "UPDATE desk SET revoked_at = now() WHERE revoked_arrival IS NOT NULL")
    fleet.sync(2)
    texts = [text for (text,) in d.ask(fleet.stores["2"], "SELECT text FROM log")]
    assert texts == ["吊销前"]
    assert bundlekeys.revoked(fleet.stores["2"]) == {bytes.fromhex(ME): {1: 2}}  # for bundles, too
    with pytest.raises(Refused, match="吊销"):
        fleet.sync(1)


def test_a_hub_put_back_to_before_a_revocation_is_told_and_the_desk_stays_out(fleet: Fleet) -> None:
    """The laptop was stolen after the backup: the hub lets it in again, the other desks do not believe it."""
    fleet.add(1)
    two = fleet.add(2)
    fleet.write(1, "被盗前")
    fleet.settle(1, 2)
    fleet.server.execute("postgres", f"CREATE DATABASE {fleet.database}_old TEMPLATE {fleet.database}")
    with Hub.connect(fleet.owner_url) as hub:
        hub.revoke(bytes.fromhex(ME), "笔记本被盗")
    assert fleet.sync(2).alarms == []
    fleet.server.execute(
        "postgres",
        f"DROP DATABASE {fleet.database} WITH (FORCE)",
        f"ALTER DATABASE {fleet.database}_old RENAME TO {fleet.database}",
        f"GRANT dutydesk_desk TO {fleet.database}_d1",
    )
    with Hub.connect(fleet.owner_url) as hub:
        hub.init(b"ignored".ljust(16, b"0"), restored=True)
    fleet.write(1, "被盗后")
    fleet.sync(1)
    for _again in range(2):
        report = fleet.sync(2)
        assert not report.ok
        assert any("再吊销一次" in alarm for alarm in report.alarms)
        assert [text for (text,) in d.ask(two, "SELECT text FROM log")] == ["被盗前"]
    with Hub.connect(fleet.owner_url) as hub:
        assert hub.revoke(bytes.fromhex(ME), "笔记本被盗")
    assert fleet.sync(2).ok
    assert [text for (text,) in d.ask(two, "SELECT text FROM log")] == ["被盗前"], "up to the first time"
    fleet.enrol(1)  # it was found again
    bundlekeys.restore(two, bytes.fromhex(ME))
    fleet.settle(1, 2)
    fleet.check(1, 2)


def test_an_older_program_keeps_and_hands_on_what_it_does_not_understand(fleet: Fleet) -> None:
    one, old = fleet.add(1), fleet.add(2, schema=d.OLD)
    person = d.add(one, "people", name="钱一", note="新程序才有的字段", home="某路 1 号")
    d.add(one, "places", name="某小学", manager=person, area=12)
    fleet.settle(1, 2)
    assert len(d.ask(old, "SELECT * FROM unprojected")) == 2
    fleet.server.execute(  # the hub is lost, and the older desk brings all of it again
        fleet.database,
        "TRUNCATE act, chain, seal, witness, personal, projection, blob CASCADE",
    )
    fleet.close_desk("1")
    assert fleet.sync(2).waiting == 0
    fleet.open("1")
    fleet.add(3)
    fleet.settle(1, 2, 3)
    fleet.close_desk("2")
    fleet.open("2")
    fleet.check(1, 2, 3)
    assert d.ask(fleet.stores["3"], "SELECT home FROM people") == [("某路 1 号",)]


def test_a_desk_without_network_is_brought_by_another_one_with_its_own_seal(fleet: Fleet) -> None:
    one, far = fleet.add(1), fleet.add(3)
    fleet.add(2)
    made = {fleet.write(3, f"U 盘 {n}") for n in range(4)}
    parcels = d.acts_of(far, far.config.desk_id)
    take_in(one, parcels)
    report = fleet.sync(1)
    assert any("签名" in note for note in report.notes), "without a seal it is not handed on"
    assert not made & {bytes(act) for (act,) in fleet.hub_rows("SELECT act_id FROM act")}
    head = parcels[-1][0]
    seals.keep(one, seals.make(far, 1, head.seq, head.hash))
    assert fleet.sync(1).ok
    fleet.sync(2)
    assert made <= fleet.acts(2)
    fleet.settle(3, 1, 2)
    fleet.check(1, 2, 3)


def test_an_unknown_desk_is_not_handed_on(fleet: Fleet) -> None:
    one = fleet.add(1)
    stranger = fleet.add(9, enrol=False)
    fleet.write(9, "没有登记")
    parcels = d.acts_of(stranger, stranger.config.desk_id)
    take_in(one, parcels)
    report = fleet.sync(1)
    assert any("没有在中心库登记" in note for note in report.notes)
    assert fleet.hub_rows("SELECT count(*) FROM desk") == [(1,)]
    with pytest.raises(Refused, match="登记"):
        protocol.run(_desk(stranger), fleet.owner_url)


def _desk(store: d.Store) -> protocol.Desk:
    from dutydesk.journal.desk import Desk, Me

    return Desk(store, store.clock, Me(), ())


def test_erased_personal_data_leave_the_hub_and_do_not_come_back(fleet: Fleet) -> None:
    one, two = fleet.add(1), fleet.add(2)
    person = d.add(one, "people", name="钱一", phone="0571-00000001")
    fleet.settle(1, 2)
    d.write(two, "people", person, phone="0571-00000002")  # not pushed yet when the other one erases
    one.erase("people", person, by=CLI, note="本人要求")
    fleet.sync(1)
    assert fleet.hub_rows("SELECT count(*) FROM personal") == [(0,)]
    fleet.settle(2, 1)
    assert fleet.hub_rows("SELECT count(*) FROM personal") == [(0,)]
    for store in (one, two):
        assert d.ask(store, "SELECT phone FROM people") == [("〔已删除〕",)]
        assert d.ask(store, "SELECT * FROM personal") == []
    fleet.add(3)
    assert fleet.settle(3, 1, 2)[-1].ok, "a desk that comes later does not wait for data that are gone"
    fleet.check(1, 2, 3)


def test_personal_data_that_are_missing_for_no_reason_are_waited_for(fleet: Fleet) -> None:
    one, _two = fleet.add(1), fleet.add(2)
    d.add(one, "people", name="钱一", phone="0571-00000001")
    fleet.sync(1)
    rows = fleet.server.execute(fleet.database, "SELECT desk, epoch, seq, n, ledger, row_id, salt, data FROM personal")
    fleet.server.execute(fleet.database, "CREATE TABLE kept AS SELECT * FROM personal", "DELETE FROM personal")
    report = fleet.sync(2)
    assert report.pulled == 0
    assert any("个人信息" in note for note in report.notes)
    fleet.server.execute(fleet.database, "INSERT INTO personal SELECT * FROM kept")
    assert fleet.sync(2).pulled == 2
    assert len(rows) == 1


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE act SET body = convert_to(replace(convert_from(body, 'UTF8'), '真', '假'), 'UTF8')",
        "UPDATE seal SET sig = decode(repeat('00', 64), 'hex')",
        "UPDATE act SET author = 'system' WHERE seq = 2",
    ],
)
def test_what_was_tampered_with_at_the_hub_is_not_believed(fleet: Fleet, tampering: str) -> None:
    fleet.add(1)
    two = fleet.add(2)
    fleet.write(1, "真的")
    fleet.sync(1)
    fleet.server.execute(fleet.database, tampering)
    report = fleet.sync(2)
    assert report.pulled == 0
    assert any("签名不符" in alarm for alarm in report.alarms)
    assert d.ask(two, "SELECT count(*) FROM log") == [(0,)]
    assert d.ask(two, "SELECT count(*) FROM quarantine")[0][0] > 0
    assert fleet.sync(2).quarantined > 0, "looked at again each time, kept once"


def test_acts_that_somebody_else_adds_to_a_chain_are_not_believed(fleet: Fleet) -> None:
    """Whoever has a login may write well-formed acts; without the desk's key nobody takes them in."""
    fleet.add(1)
    two = fleet.add(2)
    fleet.sync(1)
    fleet.close_desk("1")
    fleet.copy("1", "1-forged")
    forged = fleet.open("1-forged")
    forged.act("test", [d.new("log", {"text": "伪造"})], by=CLI)
    peers.keep_secret(forged, bytes(range(32)))
    parcels = d.acts_of(forged, forged.config.desk_id, 1)
    with Hub.connect(fleet.url(2), password="a-password-of-a-test") as hub:
        last = parcels[-1][0]
        hub.push(Batch(parcels, seals.make(forged, 1, last.seq, last.hash)))
    report = fleet.sync(2)
    assert report.pulled == 1, "what was sealed before the forgery is taken in"
    assert any("签名不符" in alarm for alarm in report.alarms)
    assert d.ask(two, "SELECT count(*) FROM log") == [(0,)]


def test_attached_files_travel_before_the_acts_and_go_on_where_they_were_cut(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = fleet.add(1), fleet.add(2)
    data = bytes(range(256)) * 4_000
    name = attachments.keep(one.home, data)
    one.act(
        "test", [d.new("log", {"text": "附件"})], by=CLI, note=json.dumps({"samples_sha256": name}).replace(" ", "")
    )
    report = fleet.sync(1)
    assert report.files_sent == 0, "a note is no field"
    monkeypatch.setattr(blobs, "_NAMED", re.compile(rb"([0-9a-f]{64})"))
    peers.remember(one, {f"hub/{name}": None for name in peers.peers(one, "hub/")})
    calls: list[str] = []

    def cut(step_name: str) -> None:
        calls.append(step_name)
        if step_name in ("blob.sent", "blob.fetched") and calls.count(step_name) == 2:
            raise Unavailable("cut")

    for module in ("hub", "blobs"):
        monkeypatch.setattr(f"dutydesk.sync.{module}.step", cut)
    with pytest.raises(Unavailable, match="cut"):
        fleet.sync(1)
    assert fleet.hub_rows("SELECT count(*) FROM blob_chunk") == [(2,)]
    assert fleet.sync(1).files_sent == 1
    assert calls.count("blob.sent") == 4, "pieces that are there are not sent again"
    with pytest.raises(Unavailable, match="cut"):
        fleet.sync(2)
    assert fleet.sync(2).files_fetched == 1
    assert calls.count("blob.fetched") == 4
    assert attachments.read(two.home, name) == data
    assert fleet.sync(2).files_fetched == 0


def test_a_file_that_is_not_what_its_name_says_is_not_kept(fleet: Fleet) -> None:
    one = fleet.add(1)
    fleet.sync(1)
    fleet.server.execute(
        fleet.database,
        "INSERT INTO blob_chunk VALUES (decode(repeat('ab', 32), 'hex'), 0, 'nonsense')",
        "INSERT INTO blob (sha256, size, chunks, arrival) VALUES (decode(repeat('ab', 32), 'hex'), 8, 1, 1000)",
        "UPDATE hub_counter SET arrival = 1000",
    )
    report = fleet.sync(1)
    assert any("与校验值不符" in note for note in report.notes)
    assert not attachments.path_of(one.home, "ab" * 32).exists()
    assert not list(one.home.attachments.glob(".*"))


def test_tables_that_differ_are_made_again_and_the_difference_is_told(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet.add(1)
    two = fleet.add(2)
    fleet.write(1, "一样的")
    fleet.settle(1, 2)
    assert [fleet.sync(n, deep=True).digest for n in (1, 2)] == [outcome.EQUAL] * 2
    two.local(lambda cursor: cursor.execute("UPDATE log SET text = '被改过'"))
    assert fleet.sync(2, deep=True).digest == outcome.REBUILT
    assert d.ask(two, "SELECT text FROM log") == [("一样的",)]
    two.local(lambda cursor: cursor.execute("UPDATE log SET text = '被改过'"))
    with d.Store.open(two.home, d.FULL, two.clock):  # a window is open: nobody rebuilds under it
        report = fleet.sync(2, deep=True)
        assert report.digest == outcome.DIFFERENT
        assert any("rebuild" in alarm for alarm in report.alarms)
        assert two.shared()
    assert fleet.sync(2, deep=True).digest == outcome.REBUILT
    monkeypatch.setattr(record, "digest", lambda cursor, schema: digest(cursor, schema)[::-1])
    report = fleet.sync(2, deep=True)
    assert report.digest == outcome.DIFFERENT
    assert report.alarms


def test_a_sample_or_a_drill_stays_by_itself(fleet: Fleet) -> None:
    for n, mark in ((1, {"sample": True}), (2, {"drill": True})):
        store = fleet.add(n, enrol=False, **mark)
        with pytest.raises(Refused, match="不同步"):
            protocol.run(_desk(store), fleet.owner_url)
        assert peers.runs(store, "sync") == []
        assert b'"key"' not in d.ask(store, "SELECT body FROM act")[0][0]


def test_a_desk_older_than_keys_announces_its_key_first(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(peers, "own_public", lambda _store: b"")
        old = fleet.add(1, enrol=False)
    body = json.loads(d.ask(old, "SELECT body FROM act")[0][0])
    assert body["epoch"]["key"] == ""
    fleet.write(1, "没有密钥的日子")
    fleet.enrol(1)
    assert d.ask(old, "SELECT kind FROM act ORDER BY seq DESC LIMIT 1") == [("desk.key",)]
    fleet.add(2)
    fleet.settle(1, 2)
    fleet.check(1, 2)


def test_a_changed_key_is_believed_on_the_word_of_the_former_one(fleet: Fleet) -> None:
    one = fleet.add(1)
    fleet.add(2)
    fleet.write(1, "旧钥匙")
    fleet.settle(1, 2)
    former = peers.own_secret(one)
    keys.rotate(one)
    fleet.write(1, "新钥匙")
    fleet.enrol(1)
    fleet.settle(1, 2)
    fleet.check(1, 2)
    for name in (peers.DESK_KEY, f"{peers.DESK_KEY}.next"):
        peers.keep_secret(one, former, name)  # the old key signs on
    fleet.write(1, "旧钥匙又来")
    with pytest.raises(Refused, match="密钥"):
        fleet.sync(1)


def test_runs_are_noted_and_the_record_is_not_filled_with_them(fleet: Fleet) -> None:
    from dutydesk.features import FEATURES
    from dutydesk.features import schema as every
    from dutydesk.journal.desk import Desk, Me

    store = fleet.add(1, schema=every())
    desk = Desk(store, store.clock, Me(), FEATURES)
    url = fleet.url(1)

    def audited() -> list[str]:
        return [f"{result}" for (result,) in d.ask(store, "SELECT result FROM audit ORDER BY _n")]

    assert protocol.run(desk, url).ok
    for _again in range(3):
        fleet.clocks[1].advance(300_000)
        assert protocol.run(desk, url).ok
    assert len(audited()) == 1
    for _again in range(3):
        with pytest.raises(Unavailable):
            protocol.run(desk, fleet.url(1, 1))
    assert len(audited()) == 2
    assert audited()[-1] == "失败"
    runs = peers.runs(store, "sync")
    assert [run.state for run in runs] == ["FAILED"] * 3 + ["DONE"] * 4
    assert "连不上" in runs[0].body["error"]
    fleet.clocks[1].advance(d.DAY)
    assert protocol.run(desk, url).ok
    assert len(audited()) == 3
    assert protocol.waiting(store) == 1, "the audit's own entry goes next time"


def test_what_the_hub_vouches_for_is_copied(fleet: Fleet) -> None:
    one = fleet.add(1)
    fleet.write(1, "见证")
    fleet.sync(1)
    held = peers.witnessed(one, "hub", one.config.desk_id, 1)
    assert [(place.seq, place.hash) for place in held] == [one.position()]
    ((seq, digest_),) = fleet.hub_rows("SELECT seq, hash FROM witness")
    assert (seq, bytes(digest_)) == one.position()


def test_a_run_can_be_stopped(fleet: Fleet) -> None:
    one = fleet.add(1)
    for n in range(30):
        fleet.write(1, str(n))
    asked: list[int] = []

    def cancel() -> bool:
        asked.append(1)
        return len(asked) > 0

    with pytest.raises(protocol.Cancelled):
        fleet.sync(1, cancel=cancel)
    assert peers.runs(one, "sync")[0].state == "STOPPED"
    assert fleet.sync(1).ok


def test_beside_a_window_acts_are_applied_in_small_steps(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    fleet.add(1)
    two = fleet.add(2)
    for n in range(60):
        fleet.write(1, str(n))
    fleet.sync(1)
    sizes: list[int] = []
    plain = d.Store.receive

    def take(store: d.Store, acts: Any, **how: Any) -> int:
        sizes.append(plain(store, acts, **how))
        return sizes[-1]

    monkeypatch.setattr(d.Store, "receive", take)
    with d.Store.open(two.home, d.FULL, two.clock):
        assert fleet.sync(2).pulled == 61
    assert max(sizes) <= inbox.BESIDE_A_WINDOW
    assert len(sizes) >= 3
