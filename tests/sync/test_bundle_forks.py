"""A fork that is seen through a bundle alone: both sides find the same answer, the branch that gives way is taken back,
and everything ends at every desk."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping

import pytest

from dutydesk.core.paths import Home
from dutydesk.journal import peers
from dutydesk.journal.store import Store
from dutydesk.sync import bundlein, bundlekeys, bundleout, forking, rejoin
from dutydesk.sync.bundletaken import Taken
from tests.journal import desks as d
from tests.sync.bundling import Desks, forged, opened, unpacked


@pytest.fixture
def desks() -> Iterator[Desks]:
    with d.quick_folder() as folder:
        made = Desks(folder)
        yield made
        made.close()


class Twins:
    """Desk 1, its clone, and desk 2 with which both change sticks; only one of the machines is open at a time."""

    def __init__(self, desks: Desks) -> None:
        self.desks = desks
        desks.write(1, "共同的")
        desks.exchange(1, 2)
        desks.exchange(2, 1)
        desks[1].close()
        shutil.copytree(desks.folder / "1", desks.folder / "twin")
        desks.open(1)

    def first(self) -> Store:
        return self._at("1")

    def twin(self) -> Store:
        return self._at("twin")

    def _at(self, name: str) -> Store:
        self.desks[1].close()
        self.desks.open(1, name)
        return self.desks[1]

    def rejoin(self, name: str) -> rejoin.Rejoined:
        self.desks[1].close()
        made = rejoin.rejoin(Home(self.desks.folder / name), d.FULL, self.desks.clock)
        self.desks.open(1, name)
        return made


def branches(store: Store) -> list[rejoin.Branch]:
    return rejoin.branches(peers.peers(store, rejoin.FORK))


def texts(store: Store) -> list[str]:
    return sorted(text for (text,) in d.ask(store, "SELECT text FROM log"))


def said(taken: list[Taken]) -> str:
    return "；".join(one.reason for one in taken)


def test_the_later_branch_gives_way_and_is_taken_back(desks: Desks) -> None:
    twins = Twins(desks)
    desks.write(1, "原机 1", "原机 2", "原机 3")
    desks.exchange(1, 2)
    twins.twin()
    desks.write(1, "克隆 1", "克隆 2")
    twin = desks[1]
    assert "分叉" in said(desks.exchange(1, 2))
    assert branches(desks[2]) == [], "what is here was made earlier"
    came = desks.exchange(2, 1)
    assert "在“同步”里点“并回”" in said(came)
    assert "从现在起用代号 D1B（第 2 段）" in said(came)
    assert (twin.config.epoch, twin.config.code) == (2, "D1B")
    assert [(one.after, one.count, one.own, one.stays) for one in branches(twin)] == [(2, 2, True, False)]
    assert len(d.ask(twin, "SELECT 1 FROM quarantine")) == 3, "the other branch whole, from its first act on"
    desks.write(1, "分叉以后")
    made = twins.rejoin("twin")
    assert made.again == 2
    assert made.numbers == (("D1-2026-0002", "D1B-2026-0002"), ("D1-2026-0003", "D1B-2026-0003"))
    desks.exchange(1, 2)
    desks.exchange(2, 1)
    desks.check(1, 2)
    assert texts(desks[2]) == sorted(["共同的", "原机 1", "原机 2", "原机 3", "克隆 1", "克隆 2", "分叉以后"])
    numbers = [no for (no,) in d.ask(desks[2], "SELECT no FROM log")]
    assert len(set(numbers)) == len(numbers) == 7
    assert branches(desks[1]) == []
    twins.first()
    desks.take(1, *desks.send(2, 1, since=bundleout.ALL))  # desk 2 knows one desk 1, which has all
    assert texts(desks[1]) == texts(desks[2])
    desks.check(1, 2)


def test_a_bundle_that_comes_again_begins_no_further_epoch(desks: Desks) -> None:
    twins = Twins(desks)
    desks.write(1, "原机")
    desks.exchange(1, 2)
    twins.twin()
    desks.write(1, "克隆")
    desks.exchange(2, 1)
    again = desks.take(1, *desks.send(2, 1, since=bundleout.ALL))
    assert desks[1].config.epoch == 2
    assert "点“并回”" in said(again)


def test_a_kill_between_the_new_epoch_and_the_note_of_the_fork(desks: Desks, monkeypatch: pytest.MonkeyPatch) -> None:
    twins = Twins(desks)
    desks.write(1, "原机")
    desks.exchange(1, 2)
    twins.twin()
    desks.write(1, "克隆")

    class Killed(BaseException):
        """As kill -9, without the process."""

    def stop(_store: Store, told: Mapping[str, object]) -> None:
        if any(name.startswith(rejoin.FORK) for name in told):
            raise Killed

    (file,) = desks.send(2, 1, since=bundleout.ALL)
    with monkeypatch.context() as patch:
        patch.setattr(forking.peers, "remember", stop)
        with pytest.raises(Killed):
            desks.take(1, file)
    twins.twin()
    assert (desks[1].config.epoch, desks[1].config.code) == (2, "D1B")
    assert "点“并回”" in said(desks.take(1, file))
    assert desks[1].config.epoch == 2
    assert [one.count for one in branches(desks[1])] == [1]


def test_the_earlier_branch_stays_and_is_offered_only_in_need(desks: Desks) -> None:
    """Desk 2 got the later branch: it and the first machine both find that the earlier one stays."""
    twins = Twins(desks)
    desks.write(1, "原机")
    twins.twin()
    desks.write(1, "克隆")
    desks.exchange(1, 2)
    twins.first()
    came = desks.take(1, *desks.send(2, 1, since=bundleout.ALL))
    assert "本机的一份在前，不用动" in said(came)
    assert (desks[1].config.epoch, desks[1].config.code) == (1, "D1")
    assert [(one.own, one.stays) for one in branches(desks[1])] == [(True, True)]
    came = desks.take(2, *desks.send(1, 2, since=bundleout.ALL))
    assert "改用它" in said(came)
    assert [(one.own, one.count) for one in branches(desks[2])] == [(False, 1)]
    desks[2].close()
    made = rejoin.rejoin(desks[2].home, d.FULL, desks.clock)
    assert (made.again, made.aside) == (0, 1)
    desks.open(2)
    desks.exchange(2, 1)
    desks.exchange(1, 2)
    desks.check(1, 2)
    assert texts(desks[2]) == ["共同的", "原机"], "the later one is said again by its own machine"
    twins.twin()
    desks.take(1, *desks.send(2, 1, since=bundleout.ALL))
    twins.rejoin("twin")
    desks.exchange(1, 2)
    twins.first()
    desks.take(1, *desks.send(2, 1, since=bundleout.ALL))
    assert texts(desks[1]) == sorted(["共同的", "原机", "克隆"])
    assert branches(desks[1]) == [], "the other machine has taken its own back"


def test_what_a_hub_has_confirmed_stays(desks: Desks) -> None:
    twins = Twins(desks)
    desks.write(1, "原机")
    desks.exchange(1, 2)
    twin = twins.twin()
    desks.write(1, "克隆")
    seq, head = d.ask(twin, "SELECT seq, hash FROM frontier WHERE desk = ?", twin.config.desk_id)[0]
    peers.note_witness(twin, "hub", "00", [peers.Witnessed(twin.config.desk_id, 1, seq, bytes(head))])
    came = desks.take(1, *desks.send(2, 1, since=bundleout.ALL))
    assert "中心库里是本机的这一份" in said(came)
    assert branches(twin) == []
    assert twin.config.epoch == 1


def test_a_branch_that_its_desk_did_not_seal_changes_nothing(desks: Desks) -> None:
    """Desk 2 makes acts up in desk 1's name: they lie in quarantine, and desk 1 goes on."""
    twins = Twins(desks)
    desks.write(1, "原机 1", "原机 2")
    desks.exchange(1, 2)
    twins.twin()
    desks.write(1, "克隆")
    (file,) = desks.send(2, 1, since=bundleout.ALL)
    good = opened(desks[1], file)
    lines = unpacked(good)
    assert "原机 1".encode() in lines
    recipient = bundlekeys.own_card(desks[1]).recipient
    bad = forged(
        desks[2], recipient, desks.stick / "bad.ddb", good, lines=lines.replace("原机 1".encode(), "假的 1".encode())
    )
    (came,) = desks.take(1, bad)
    assert came.state == "PARTLY"
    assert came.quarantined
    assert desks[1].config.epoch == 1
    assert branches(desks[1]) == []
    assert bundlein.take(desks[1], file).reason.count("并回")
