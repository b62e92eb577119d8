"""Programs and hubs of different years meet, a desk is shut out while it pushes: nothing is lost, nothing false believed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from dutydesk.core.errors import DutyDeskError, Refused, Unavailable
from dutydesk.journal import apply, chain, peers
from dutydesk.journal.schema import Schema
from dutydesk.sync import protocol
from dutydesk.sync.hub import PROTOCOL, Hub
from tests.journal import desks as d
from tests.sync.fleet import Fleet


@contextmanager
def program_of_next_year(monkeypatch: pytest.MonkeyPatch) -> Iterator[Schema]:
    """A program whose acts have a later form."""
    with monkeypatch.context() as patch:
        patch.setattr(chain, "SCHEMA_VERSION", 2)
        patch.setattr(apply, "SCHEMA_VERSION", 2)
        yield Schema(d.FULL.shapes, derived=d.FULL.derived)


def texts(fleet: Fleet, name: str) -> list[str]:
    return sorted(text for (text,) in d.ask(fleet.stores[name], "SELECT text FROM log"))


def test_acts_of_a_later_form_are_kept_handed_on_and_shown_after_the_upgrade(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = fleet.add(2)
    with program_of_next_year(monkeypatch) as newer:
        fleet.add(1, schema=newer)
        fleet.write(1, "明年的程序记的")
        fleet.sync(1)
    fleet.write(2, "今年的程序记的")
    report = fleet.sync(2)
    assert report.ok, report.lines()
    assert texts(fleet, "2") == ["今年的程序记的"]
    assert [reason for (reason,) in d.ask(old, "SELECT DISTINCT reason FROM unprojected")] == ["sv 2"]
    fleet.server.execute(fleet.database, "TRUNCATE act, chain, seal, witness, personal, projection, blob CASCADE")
    fleet.close_desk("1")
    assert fleet.sync(2).waiting == 0, "the older desk brings all of it again"
    fleet.close_desk("2")
    with program_of_next_year(monkeypatch) as newer:
        fleet.open("1", newer)
        fleet.open("2", newer)
        fleet.settle(1, 2)
        assert texts(fleet, "2") == ["今年的程序记的", "明年的程序记的"]
        fleet.check(1, 2)


def test_a_newer_hub_that_still_speaks_to_us_is_spoken_to(fleet: Fleet) -> None:
    fleet.add(1)
    fleet.write(1, "照常")
    fleet.server.execute(
        fleet.database, "INSERT INTO hub_version (n) VALUES (99)", "CREATE TABLE later (n integer PRIMARY KEY)"
    )
    assert fleet.sync(1).ok
    with Hub.connect(fleet.owner_url) as hub:
        assert hub.init(b"x" * 16) == [], "an older program's init takes nothing back"
    fleet.server.execute(fleet.database, f"UPDATE hub_state SET least_protocol = {PROTOCOL + 1}")
    fleet.write(1, "要更新的程序")
    with pytest.raises(Refused, match="太旧"):
        fleet.sync(1)
    assert protocol.waiting(fleet.stores["1"]) == 1, "and the desk knows what it owes"


def test_a_desk_that_is_shut_out_amid_a_push_keeps_what_was_taken_and_gives_nothing_more(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = fleet.add(1)
    fleet.add(2)
    monkeypatch.setattr(protocol, "MOST_ACTS", 10)
    for n in range(35):
        fleet.write(1, f"第 {n:02d} 条")
    taken: list[str] = []

    def revoke(name: str) -> None:
        taken.append(name)
        if name == "push.acknowledged" and taken.count(name) == 2:
            with Hub.connect(fleet.owner_url) as hub:
                hub.revoke(one.config.desk_id, "笔记本被盗")

    monkeypatch.setattr(protocol, "step", revoke)
    with pytest.raises(Refused, match="吊销"):
        fleet.sync(1)
    assert taken.count("push.acknowledged") == 2
    assert peers.runs(one, "sync")[0].state == peers.FAILED
    monkeypatch.undo()
    fleet.sync(2)
    assert texts(fleet, "2") == [f"第 {n:02d} 条" for n in range(19)], "what came before the owner's word is believed"
    with pytest.raises(Refused, match="吊销"):
        fleet.sync(1)
    assert len(texts(fleet, "1")) == 35, "the desk itself keeps its own"


def test_what_a_desk_commits_behind_its_revocation_is_not_believed(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its transaction was under way when the owner's word came, and ended after it."""
    one = fleet.add(1)
    fleet.add(2)
    fleet.write(1, "之前")
    fleet.sync(1)
    fleet.write(1, "正在传")
    done: list[bool] = []

    def revoke(name: str) -> None:
        if name == "push.before-commit" and not done:
            done.append(True)
            with Hub.connect(fleet.owner_url) as hub:
                hub.revoke(one.config.desk_id, "笔记本被盗")

    monkeypatch.setattr("dutydesk.sync.hub.step", revoke)
    with pytest.raises(DutyDeskError):
        fleet.sync(1)
    fleet.sync(2)
    assert texts(fleet, "2") == ["之前"]


def test_a_hub_of_another_incarnation_and_an_older_frontier_gets_everything_again(fleet: Fleet) -> None:
    """Put back twice, the second time onto a copy that is older still, while one desk is away."""
    for n in (1, 2, 3):
        fleet.add(n)
    fleet.write(1, "很早")
    fleet.settle(1, 2, 3)
    copies: list[str] = []
    for n in range(2):
        copies.append(f"{fleet.database}_copy{n}")
        fleet.server.execute("postgres", f"CREATE DATABASE {copies[n]} TEMPLATE {fleet.database}")
        for desk in (1, 2, 3):
            fleet.write(desk, f"第 {n} 份备份以后")
        fleet.settle(1, 2, 3)
    for n in (1, 0):
        fleet.server.execute(
            "postgres",
            f"DROP DATABASE {fleet.database} WITH (FORCE)",
            f"ALTER DATABASE {copies[n]} RENAME TO {fleet.database}",
        )
        with Hub.connect(fleet.owner_url) as hub:
            hub.init(b"x" * 16, restored=True)
        assert any("恢复过备份" in note for note in fleet.sync(1).notes)
    assert fleet.settle(1, 2, 3)[-1].ok
    fleet.check(1, 2, 3)
    held = {bytes(act) for (act,) in fleet.hub_rows("SELECT act_id FROM act")}
    assert fleet.acts(3) <= held


def test_another_hub_under_the_same_address_is_a_hub_of_its_own(fleet: Fleet) -> None:
    """The owner made it anew instead of putting a copy back: other id, nothing in it."""
    store = fleet.add(1)
    fleet.write(1, "照常")
    fleet.sync(1)
    fleet.server.execute(
        "postgres", f"DROP DATABASE {fleet.database} WITH (FORCE)", f"CREATE DATABASE {fleet.database}"
    )
    with pytest.raises(Refused, match="hub init"):
        fleet.sync(1)
    with Hub.connect(fleet.owner_url) as hub:
        hub.init(b"another hub".ljust(16, b"."))
    with pytest.raises(Refused, match="登记"):
        fleet.sync(1)
    fleet.enrol(1)
    assert fleet.sync(1).ok
    assert len(peers.peers(store, "hub/")) == 2


def test_a_hub_that_is_gone_leaves_the_desk_as_it_was(fleet: Fleet) -> None:
    store = fleet.add(1)
    fleet.sync(1)
    store.config = replace(store.config)
    before = fleet.acts(1)
    fleet.server.execute("postgres", f"DROP DATABASE {fleet.database} WITH (FORCE)")
    try:
        with pytest.raises(Unavailable, match="没有这个库"):
            fleet.sync(1)
    finally:
        fleet.server.execute("postgres", f"CREATE DATABASE {fleet.database}")
    assert fleet.acts(1) == before
