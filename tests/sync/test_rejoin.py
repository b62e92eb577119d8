"""After a fork the second machine's branch is said again in an epoch of its own: everything is at every desk, nothing
stands twice, and all show the same."""

from __future__ import annotations

import json

import pytest

from dutydesk.core import crashpoint
from dutydesk.core.errors import Refused
from dutydesk.core.ids import CLI
from dutydesk.core.paths import Home
from dutydesk.journal import peers
from dutydesk.journal.inbox import take_in
from dutydesk.journal.store import Store
from dutydesk.sync import adopting, rejoin
from tests.journal import desks as d
from tests.sync.fleet import Fleet


def texts(store: Store) -> list[str]:
    return sorted(text for (text,) in d.ask(store, "SELECT text FROM log"))


def log(store: Store, text: str) -> bytes:
    return store.act("log.add", [d.new("log", {"text": text, "party_phone": "0571-00000000"})], by=CLI).act_id


def cloned(fleet: Fleet) -> Store:
    """Desk 1 and its clone after both went on writing and synced; desk 2 stands by."""
    fleet.add(1)
    fleet.add(2)
    log(fleet.stores["1"], "共同的")
    d.add(fleet.stores["1"], "people", name="钱一", phone="0571-00000001")
    fleet.settle(1, 2)
    fleet.close_desk("1")
    fleet.copy("1", "1-clone")
    fleet.open("1")
    clone = fleet.open("1-clone")
    log(fleet.stores["1"], "原机 1")
    log(fleet.stores["1"], "原机 2")
    person = d.ask(clone, "SELECT id FROM people")[0][0]
    for n in range(3):
        fleet.clocks[1].advance(1_000)
        log(clone, f"克隆 {n}")
    d.write(clone, "people", person, phone="0571-00000002")
    d.write(clone, "people", person, phone="0571-00000003")
    fresh = d.add(clone, "people", name="孙二", phone="0571-00000004")
    clone.act("people.delete", [clone.deletion("people", fresh)], by=CLI)
    assert fleet.sync(1).ok
    assert not fleet.sync("1-clone").ok
    return clone


def again(fleet: Fleet) -> rejoin.Rejoined:
    fleet.close_desk("1-clone")
    home = Home(fleet.folder / "1-clone")
    return rejoin.rejoin(home, d.FULL, fleet.clocks[1])


def test_both_branches_end_at_every_desk_and_numbers_stay_unique(fleet: Fleet) -> None:
    clone = cloned(fleet)
    log(clone, "分叉以后")
    before = texts(clone)
    made = again(fleet)
    assert made.again == 7
    assert made.numbers == (("D1-2026-0002", "D1B-2026-0002"), ("D1-2026-0003", "D1B-2026-0003"))
    assert any("D1-2026-0002 → D1B-2026-0002" in line for line in made.lines())
    clone = fleet.open("1-clone")
    assert texts(clone) == before, "the machine itself lost nothing"
    assert (clone.config.epoch, clone.config.code) == (3, "D1B")
    assert fleet.sync("1-clone").ok
    reports = fleet.settle(1, 2, "1-clone")
    assert [report.alarms for report in reports] == [[], [], []]
    fleet.check(1, 2, "1-clone")
    assert texts(fleet.stores["2"]) == sorted(["共同的", "原机 1", "原机 2", "克隆 0", "克隆 1", "克隆 2", "分叉以后"])
    numbers = [no for (no,) in d.ask(clone, "SELECT no FROM log")]
    assert len(set(numbers)) == len(numbers) == 7
    assert d.ask(clone, "SELECT phone FROM people WHERE name = '钱一'") == [("0571-00000003",)]
    assert d.ask(clone, "SELECT count(*) FROM conflict") == [(0,)], "what replaced what is the same as before"
    assert d.ask(fleet.stores["2"], "SELECT _state FROM people WHERE name = '孙二'") == d.ask(
        clone, "SELECT _state FROM people WHERE name = '孙二'"
    )
    opened = json.loads(d.ask(clone, "SELECT body FROM act WHERE epoch = 3 AND seq = 1")[0][0])["epoch"]
    assert opened["reason"] == "rejoin"
    assert ["D1-2026-0002", "D1B-2026-0002"] in opened["renumbered"]
    assert clone.act("log.add", [d.new("log", {"text": "再往后"})], by=CLI).value("log", "no") == "D1B-2026-0006"


def test_without_a_fork_there_is_nothing_to_do(fleet: Fleet) -> None:
    fleet.add(1)
    fleet.sync(1)
    fleet.close_desk("1")
    with pytest.raises(Refused, match="没有要并回的分叉"):
        rejoin.rejoin(Home(fleet.folder / "1"), d.FULL, fleet.clocks[1])
    assert not list((fleet.folder / "1").glob(".restore-*"))


@pytest.mark.parametrize("at", ["rejoin.prepared", "restore.named-epoch", "restore.put-aside"])
def test_a_rejoin_that_was_killed_is_done_again(fleet: Fleet, at: str, monkeypatch: pytest.MonkeyPatch) -> None:
    cloned(fleet)

    class Killed(BaseException):
        """As kill -9, without the process."""

    def stop(name: str) -> None:
        if name == at:
            raise Killed

    with monkeypatch.context() as patch:
        for module in ("rejoin", "restoring"):
            patch.setattr(f"dutydesk.sync.{module}.step", stop)
        with pytest.raises(Killed):
            again(fleet)
    assert crashpoint.step is not stop
    made = rejoin.rejoin(Home(fleet.folder / "1-clone"), d.FULL, fleet.clocks[1])
    assert made.again == 7
    fleet.open("1-clone")
    fleet.settle("1-clone", 1, 2)
    fleet.settle("1-clone", 1, 2)
    fleet.check(1, 2, "1-clone")


def test_a_branch_of_another_desk_makes_room_for_the_one_of_the_hub(fleet: Fleet) -> None:
    """Desk 2 got the clone's branch by stick; the hub has the other one."""
    clone = cloned(fleet)
    two = fleet.stores["2"]
    take_in(two, d.acts_of(clone, clone.config.desk_id, 1))
    assert fleet.sync(2).forks == ["D1/1 #4"]
    fleet.close_desk("2")
    made = rejoin.rejoin(Home(fleet.folder / "2"), d.FULL, fleet.clocks[2])
    assert (made.again, made.aside) == (0, 7)
    two = fleet.open("2")
    assert len(d.ask(two, "SELECT 1 FROM quarantine")) >= 7
    again(fleet)
    fleet.open("1-clone")
    fleet.settle("1-clone", 1, 2)
    fleet.settle("1-clone", 1, 2)
    fleet.check(1, 2, "1-clone")


def test_two_machines_of_one_copied_folder_give_different_numbers(fleet: Fleet) -> None:
    """复制 on the second machine: a new epoch and code before anything is written, and no fork at all."""
    fleet.add(1)
    fleet.add(2)
    log(fleet.stores["1"], "共同的")
    fleet.sync(1)
    fleet.close_desk("1")
    fleet.copy("1", "1-copy")
    fleet.open("1")
    assert adopting.copied(Home(fleet.folder / "1-copy"), d.FULL, fleet.clocks[1], "Z9") == 2
    copy = fleet.open("1-copy")
    log(copy, "复制机")
    log(fleet.stores["1"], "原机")
    assert fleet.sync("1-copy").ok
    assert fleet.sync(1).alarms == ["有一台机器是从本机复制出去的，现在用代号 Z9：若不是有意复制的，请查明"]
    fleet.settle(1, 2, "1-copy")
    fleet.check(1, 2, "1-copy")
    assert sorted(no for (no,) in d.ask(copy, "SELECT no FROM log")) == ["D1-2026-0001", "D1-2026-0002", "Z9-2026-0002"]
    assert ("330102", "Z9") in fleet.hub_rows("SELECT district, code FROM desk_code")


@pytest.mark.parametrize(
    ("number", "now"),
    [
        ("D1-2026-0003", "D1B-2026-0003"),
        ("2026-0003", "D1B-2026-0003"),
        ("纸-D1-2026-0003", "纸-D1B-2026-0003"),
        ("纸-2026-0003", "纸-D1B-2026-0003"),
    ],
)
def test_a_number_gets_another_code_and_keeps_the_rest(number: str, now: str) -> None:
    assert rejoin.renumbered(number, "D1B") == now


def test_a_window_that_is_open_meanwhile_goes_on_with_the_new_code(fleet: Fleet) -> None:
    clone = cloned(fleet)
    with Store.open(clone.home, d.FULL, clone.clock) as window:
        clone.next_epoch(9, {"reason": "fork"}, "XX")
        made = window.act("log.add", [d.new("log", {"text": "窗口里"})], by=CLI)
    assert str(made.value("log", "no")).startswith("XX-2026-")
    assert peers.peers(clone, rejoin.FORK)
