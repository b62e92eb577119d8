"""Bundles between desks that meet by stick alone: in order, out of order, twice, lost, for others, from strangers."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from dutydesk.core.errors import Refused, Unavailable
from dutydesk.core.ids import CLI
from dutydesk.journal import attachments, chain, peers
from dutydesk.sync import bundle, bundleheld, bundlein, bundlekeys, bundlelook, bundleout, bundlestretch, bundlewrite
from dutydesk.sync.bundletaken import Rule
from tests.journal import desks as d
from tests.sync.bundling import Desks, forged, opened


@pytest.fixture
def desks() -> Iterator[Desks]:
    with d.quick_folder() as folder:
        made = Desks(folder, 3)
        yield made
        made.close()


def states(desks: Desks, n: int, *files: Path) -> list[str]:
    return [taken.state for taken in desks.take(n, *files)]


def test_three_desks_come_into_step_by_stick(desks: Desks) -> None:
    desks.write(1, *[f"甲{n}" for n in range(30)])
    desks.write(2, "乙")
    desks.write(3, "丙")
    for n, to in ((1, 2), (2, 3), (3, 2), (2, 1), (1, 2), (1, 3), (3, 1)):
        assert all(taken.ok for taken in desks.exchange(n, to))
    desks.check(1, 2, 3)


def test_personal_data_and_files_travel(desks: Desks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundleout, "_NAMED", re.compile(rb'sha256\\":\\"([0-9a-f]{64})'))
    content = b"\x00\x01" * 40_000
    name = attachments.keep(desks[1].home, content)
    desks[1].act("test", [d.new("log", {"text": f'"samples_sha256":"{name}"'})], by=CLI)
    (taken,) = desks.exchange(1, 2)
    assert taken.files == 1
    assert attachments.read(desks[2].home, name) == content
    desks.write(1, "电话")
    desks.exchange(1, 2)
    assert d.ask(desks[2], "SELECT party_phone FROM log WHERE text = '电话'") == [("0571-00000000",)]


def test_what_the_receiver_has_is_not_sent_again_and_a_lost_stick_is_no_loss(desks: Desks) -> None:
    desks.write(1, "一")
    (lost,) = desks.send(1, 2)
    lost.unlink()
    desks.write(1, "二")
    (second,) = desks.send(1, 2)
    assert bundlelook.peek(desks[2], second).acts == 3
    desks.take(2, second)
    desks.exchange(2, 1)  # tells desk 1 what desk 2 has
    told = bundleout.export(desks[1], desks.stick, "第2席")
    assert [one.acts for one in told.written] == [0]  # but what came in here since, it learns
    assert bundleout.export(desks[1], desks.stick, "第2席").written == []
    desks.write(1, "三")
    (third,) = desks.send(1, 2)
    assert [(one.first, one.last) for one in bundlelook.peek(desks[2], third).ranges] == [(4, 4)]
    (everything,) = desks.send(1, 2, since=bundleout.ALL)
    assert bundlelook.peek(desks[2], everything).acts == 5


def test_since_a_moment(desks: Desks) -> None:
    desks.write(1, "一", "二")
    at = desks.clock.now()
    (file,) = desks.send(1, 2, since=at)
    assert [(one.first, one.last) for one in bundlelook.peek(desks[2], file).ranges] == [(3, 3)]


def test_too_early_waits_and_nothing_jumps_the_gap(desks: Desks) -> None:
    desks.write(1, "一")
    (first,) = desks.send(1, 2)
    desks.write(1, "二")
    (second,) = desks.send(1, 2, since=bundleout.SINCE_LAST)
    desks.write(1, "三")
    (third,) = desks.send(1, 2, since=bundleout.SINCE_LAST)
    for early in (third, second):
        (taken,) = desks.take(2, early)
        assert (taken.state, taken.applied, taken.waiting) == ("WAITING", 0, 1)
        early.unlink()  # the stick goes back
    assert [one.state for one in bundleheld.held(desks[2])] == ["WAITING", "WAITING"]
    assert states(desks, 2, first) == ["DONE"]
    assert sorted(one.state for one in bundlein.retry(desks[2])) == ["DONE", "DONE"]
    assert bundleheld.held(desks[2]) == []
    assert len(desks.acts(2)) == len(desks.acts(1)) + 1


def test_a_second_time_changes_nothing(desks: Desks) -> None:
    desks.write(1, "一")
    (file,) = desks.send(1, 2)
    assert states(desks, 2, file) == ["DONE"]
    before = d.digest_of(desks[2])
    (again,) = desks.take(2, file)
    assert (again.state, again.applied, again.known) == ("KNOWN", 0, 2)
    assert d.digest_of(desks[2]) == before


def test_an_old_bundle_again_does_not_forget_what_was_told_later(desks: Desks) -> None:
    (old,) = desks.send(2, 1)
    desks.take(1, old)
    desks.write(1, "一")
    desks.exchange(1, 2)
    desks.exchange(2, 1)
    desks.take(1, old)
    assert bundleout.export(desks[1], desks.stick, "第2席").written == []


def test_for_somebody_else(desks: Desks) -> None:
    (file,) = desks.send(1, 2)
    assert states(desks, 3, file) == ["FOREIGN"]
    assert bundleheld.held(desks[3]) == []


def test_the_recovery_key_opens_every_bundle(desks: Desks) -> None:
    bundlekeys.add_recovery(desks[1], bundlekeys.own_card(desks[3]).recipient)
    (file,) = desks.send(1, 2)
    assert set(opened(desks[3], file)) == {"manifest.json", "manifest.sig", "acts.ndjson.gz"}


def test_an_unknown_desk_is_accepted_by_its_fingerprint(desks: Desks) -> None:
    desks.write(1, "一")
    (file,) = desks.send(1, 2)
    peers.remember(desks[2], {bundlekeys.PEER + desks[1].config.desk: None, "enrolled": None})
    (taken,) = desks.take(2, file)
    assert taken.state == "STRANGER"
    assert taken.fingerprint in taken.reason
    assert [one.state for one in bundleheld.held(desks[2])] == ["STRANGER"]
    assert desks.take(2, file, fingerprint="0000 0000 0000 0000")[0].state == "STRANGER"
    assert len(desks.acts(2)) == 1
    (accepted,) = desks.take(2, file, fingerprint=taken.fingerprint.upper())
    assert (accepted.state, accepted.applied) == ("DONE", 2)
    assert bundleheld.held(desks[2]) == []


def test_a_desk_that_was_shut_out_is_not_heard_and_believed_up_to_then(desks: Desks) -> None:
    desks.write(1, "一")
    desks.exchange(1, 2)
    desks.exchange(1, 3)
    bundlekeys.revoke(desks[2], {desks[1].config.desk_id: {1: 2}})
    desks.write(1, "偷来的")
    (file,) = desks.send(1, 2)
    assert states(desks, 2, file) == ["REVOKED"]
    desks.exchange(1, 3)
    (taken,) = desks.exchange(3, 2)  # handed on by an honest desk that does not know yet
    assert taken.state == "PARTLY"
    assert d.ask(desks[2], "SELECT max(seq) FROM frontier WHERE desk = ?", desks[1].config.desk_id) == [(2,)]
    assert taken.quarantined == 1
    with pytest.raises(Refused, match="吊销"):
        desks.send(2, 1)
    bundlekeys.restore(desks[2], desks[1].config.desk_id)
    assert states(desks, 2, file) == ["DONE"]


def test_from_the_future_is_taken_and_said(desks: Desks) -> None:
    desks.clock.advance(90 * 60_000)
    (file,) = desks.send(1, 2)
    desks.clock.advance(-90 * 60_000)
    (taken,) = desks.take(2, file)
    assert taken.state == "DONE"
    assert taken.notes == ["对方时钟比本机快 90 分钟，已照收；请两边对表"]


def test_a_newer_form_waits_for_the_upgrade(desks: Desks) -> None:
    (file,) = desks.send(1, 2)
    recipient = bundlekeys.own_card(desks[2]).recipient
    newer = forged(desks[1], recipient, desks.stick / "n.ddb", opened(desks[2], file), form=2)
    assert states(desks, 2, newer) == ["NEWER"]
    assert [one.state for one in bundleheld.held(desks[2])] == ["NEWER"]


def test_acts_of_a_newer_program_are_kept_and_handed_on(desks: Desks, monkeypatch: pytest.MonkeyPatch) -> None:
    """What this program does not understand yet it stores, shows nothing of, and gives to the next."""
    with monkeypatch.context() as patch:
        patch.setattr(chain, "SCHEMA_VERSION", chain.SCHEMA_VERSION + 1)
        (newer,) = desks.write(1, "由新程序写")
    (taken,) = desks.exchange(1, 2)
    assert (taken.state, taken.applied) == ("DONE", 2)
    assert newer in desks.acts(2)
    assert d.ask(desks[2], "SELECT count(*) FROM log WHERE text = '由新程序写'") == [(0,)]
    desks.exchange(2, 3)
    assert newer in desks.acts(3)


def test_many_deletions_wait_for_a_person(desks: Desks) -> None:
    rows = [d.new("people", {"name": f"示例{n}", "unit": "虚构"}) for n in range(10)]
    desks[1].act("test", rows, by=CLI)
    desks.exchange(1, 2)
    for row in rows[:3]:
        desks[1].act("test", [desks[1].deletion("people", row.row)], by=CLI)
    (file,) = desks.send(1, 2)
    (taken,) = desks.take(2, file)
    assert (taken.state, taken.deletes) == ("GUARD", {"people": 3})
    assert d.ask(desks[2], "SELECT count(*) FROM people WHERE _state = 1") == [(10,)]
    assert bundlein.retry(desks[2]) == []  # nobody lets it through by waiting
    (held,) = bundleheld.held(desks[2])
    (passed,) = desks.take(2, bundleheld.inbox_of(desks[2]) / f"{held.sha256}.ddb", deletes=True)
    assert passed.state == "DONE"
    assert d.ask(desks[2], "SELECT count(*) FROM people WHERE _state = 1") == [(7,)]


@pytest.mark.parametrize(
    ("rows", "whole", "stops"),
    [(2, 4, False), (3, 15, False), (3, 14, True), (50, 1_000, False), (51, 1_000, True), (200, 1_000, True)],
)
def test_the_guard(desks: Desks, rows: int, whole: int, stops: bool) -> None:
    desks[1].local(lambda cursor: cursor.execute("INSERT INTO tally VALUES ('people', ?)", (whole,)))
    assert bool(bundlein._too_many(desks[1], {"people": rows}, Rule())) is stops


def test_a_fork_is_kept_and_told(desks: Desks) -> None:
    desks.write(1, "一")
    desks.exchange(1, 2)
    desks[1].close()
    shutil.copytree(desks.folder / "1", desks.folder / "twin")
    desks.open(1)
    desks.write(1, "甲")
    desks.exchange(1, 2)
    desks[1].close()
    desks.open(1, "twin")  # the cloned disk
    desks.write(1, "乙")
    (taken,) = desks.take(2, *desks.send(1, 2, since=bundleout.ALL))
    assert (taken.state, taken.applied, taken.quarantined) == ("PARTLY", 0, 1)
    assert "分叉" in taken.reason
    assert d.ask(desks[2], "SELECT text FROM log WHERE text IN ('甲', '乙')") == [("甲",)]
    assert d.ask(desks[2], "SELECT reason FROM quarantine") == [("同一序号有两条不同的记录（分叉）",)]


def test_own_acts_come_back_to_a_desk_that_lost_them(desks: Desks) -> None:
    desks.write(1, "一")
    desks[1].close()
    shutil.copytree(desks.folder / "1", desks.folder / "old")
    desks.open(1)
    told = desks.write(1, "二", "三")
    desks.exchange(1, 2)
    desks[1].close()
    desks.open(1, "old")
    (taken,) = desks.take(1, *desks.send(2, 1, since=bundleout.ALL))
    assert set(told) <= desks.acts(1)
    assert desks[1].config.epoch == 2, taken.notes
    desks.exchange(1, 2)
    desks.exchange(2, 1)
    desks.check(1, 2)


def test_the_stick_is_full_or_gone(desks: Desks, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Unavailable, match="没有这个文件夹"):
        bundleout.export(desks[1], desks.folder / "none", "第2席")
    monkeypatch.setattr(bundlewrite.stick, "sum_of", lambda _path: "0" * 64)
    with pytest.raises(Unavailable, match="读回来不一致"):
        desks.send(1, 2)
    assert list(desks.stick.iterdir()) == []


def test_a_large_export_is_several_bundles(desks: Desks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundleout, "MOST_ACTS", 10)
    monkeypatch.setattr(bundleout, "SEAL_EVERY", 4)
    desks.write(1, *[str(n) for n in range(24)])
    files = desks.send(1, 2)
    assert [bundlelook.peek(desks[2], file).acts for file in files] == [10, 10, 5]
    assert states(desks, 2, *files) == ["DONE"] * 3
    desks.write(1, *[str(n) for n in range(24)])
    assert desks.exchange(1, 3)
    handed = desks.send(3, 2)  # another desk's chain has one seal and stays whole
    assert [bundlelook.peek(desks[2], file).acts for file in handed] == [49, 1]


def test_a_seal_that_is_far_away_costs_no_memory(desks: Desks, monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not fit into memory waits in a file, and is the same afterwards."""
    monkeypatch.setattr(bundlestretch, "MOST", 2_000)
    told = desks.write(1, *[f"第{n}条" for n in range(60)])
    assert desks.exchange(1, 3)
    (taken,) = desks.take(2, *desks.send(3, 2))
    assert taken.state == "DONE"
    assert set(told) <= desks.acts(2)
    assert [one.name for one in desks[2].home.root.glob("inbox/*")] == []
    desks.exchange(3, 2)
    desks.exchange(2, 3)
    desks.check(2, 3)


def test_samples_and_drills_stay_by_themselves() -> None:
    with d.quick_folder() as folder, d.make(folder / "1", 1, sample=True) as store, pytest.raises(Refused):
        bundleout.export(store, folder)


def test_what_cannot_be_a_card() -> None:
    with d.quick_folder() as folder, d.make(folder / "1", 1) as store:
        good = bundlekeys.write_card(store)
        assert bundlekeys.read_card(good) == bundlekeys.own_card(store)
        for bad in (b"", b"{}", b"[1]", good.replace(b"330102", b"330103"), good[:-10], b"age1qqq", b"\xff\xfe"):
            with pytest.raises(Refused):
                bundlekeys.read_card(bad)
        with pytest.raises(Refused, match="名称"):
            bundlekeys.read_card(bundlekeys.own_card(store).recipient.encode())
        assert bundlekeys.read_card(bundlekeys.own_card(store).recipient.encode(), "市中心").called == "市中心"


def test_the_manifest_comes_back(desks: Desks) -> None:
    desks.write(1, "一")
    (file,) = desks.send(1, 2)
    told = bundlelook.peek(desks[2], file)
    assert bundle.load(bundle.dump(told)) == told
