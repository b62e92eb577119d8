"""A number on paper is unique by district, desk code, year and n: the hub gives a code to one desk, for good."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import psycopg
import pytest

from dutydesk.core.errors import Refused
from dutydesk.core.paths import Home
from dutydesk.core.settings import load
from dutydesk.features import schema
from dutydesk.journal.inbox import take_in
from dutydesk.sync import adopting, doubles, keys
from dutydesk.sync.hub import Hub
from dutydesk.transfer import standing
from tests.journal import desks as d
from tests.sync.cities import log
from tests.sync.fleet import PASSWORD, Fleet


def card(fleet: Fleet, n: int, code: str, **more: Any) -> keys.Card:
    """The card of a desk with another code than it has."""
    name = str(n)
    store = fleet.stores[name] if name in fleet.stores else fleet.add(n, enrol=False)
    return replace(keys.card_of(store), code=code, name=f"{n}号席", **more)


def test_two_desks_of_a_district_do_not_get_the_same_code(fleet: Fleet) -> None:
    with Hub.connect(fleet.owner_url) as hub:
        one, two = card(fleet, 1, "A"), card(fleet, 2, "A")
        hub.enrol(one, f"{fleet.database}_a", PASSWORD)
        with pytest.raises(Refused, match=r"代号 A .*1号席.*另起一个"):
            hub.enrol(two, f"{fleet.database}_b", PASSWORD)
        assert len(hub.desks()) == 1, "nothing half done"
        hub.enrol(replace(two, district="330105"), f"{fleet.database}_b", PASSWORD)
        hub.enrol(one, f"{fleet.database}_a", PASSWORD)
        hub.revoke(one.desk, "丢失")
        with pytest.raises(Refused, match="代号 A"):
            hub.enrol(card(fleet, 3, "A"), f"{fleet.database}_c", PASSWORD)
    with pytest.raises(psycopg.errors.UniqueViolation):  # the engine says it, not the program alone
        fleet.server.execute(
            fleet.database, "INSERT INTO desk_code (district, code, desk) SELECT '330102', 'A', desk FROM desk LIMIT 1"
        )


def test_a_desk_without_a_code_is_alone_in_its_district(fleet: Fleet) -> None:
    with Hub.connect(fleet.owner_url) as hub:
        hub.enrol(card(fleet, 1, ""), f"{fleet.database}_a", PASSWORD)
        with pytest.raises(Refused, match="没有代号"):
            hub.enrol(card(fleet, 2, ""), f"{fleet.database}_b", PASSWORD)
        hub.enrol(card(fleet, 2, "B"), f"{fleet.database}_b", PASSWORD)
        with pytest.raises(Refused, match="要有代号"):
            hub.enrol(card(fleet, 1, ""), f"{fleet.database}_a", PASSWORD)


def test_a_desk_that_changes_its_code_to_one_in_use_is_told_and_can_take_another(fleet: Fleet) -> None:
    one = fleet.add(1, schema=schema())
    two = fleet.add(2, schema=schema())
    fleet.settle(1, 2)
    two.next_epoch(2, {"reason": "code"}, "D1")
    report = fleet.sync(2)
    assert any("代号 D1 已是席位" in text for text in report.alarms)
    assert report.waiting == 0, "the record goes on its way all the same"
    fleet.sync(1)
    with one.read() as connection:
        (item,) = standing.open_items(connection, one.clock.now())
    assert "代号 D1" in item.title
    fleet.close_desk("2")
    home = Home(fleet.folder / "2")
    for wrong in ("D1", "", "太长的代号一二三四五"):
        with pytest.raises(Refused):
            adopting.renamed(home, schema(), fleet.clocks[2], wrong)
    assert adopting.renamed(home, schema(), fleet.clocks[2], "D9") == 3
    assert load(home.config).code == "D9"
    two = fleet.open("2", schema())
    assert fleet.sync(2).ok
    log(two, "新代号")
    assert d.ask(two, "SELECT no FROM log") == [("D9-2026-0001",)]
    fleet.settle(1, 2)
    with one.read() as connection:
        assert standing.open_items(connection, one.clock.now()) == ()
    fleet.check(1, 2)


def test_two_desks_that_never_met_a_hub_are_told_when_they_meet_by_stick(fleet: Fleet) -> None:
    one, two = fleet.add(1, enrol=False, schema=schema()), fleet.add(2, enrol=False)
    two.next_epoch(2, {"reason": "code"}, "D1")
    take_in(one, d.acts_of(two, two.config.desk_id))
    with one.read() as connection:
        (item,) = standing.open_items(connection, one.clock.now())
    assert item.severity == 2
    assert item.ledger == "sync"


def test_an_older_hub_does_not_keep_codes_and_is_spoken_to(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    fleet.add(1)
    fleet.server.execute(fleet.database, "DELETE FROM desk_code")
    with monkeypatch.context() as patch:
        patch.setattr(doubles, "CODES_VERSION", 99)
        assert fleet.sync(1).ok
    assert fleet.hub_rows("SELECT code FROM desk_code") == []
    assert fleet.sync(1).ok
    assert fleet.hub_rows("SELECT code FROM desk_code") == [("D1",)], "entered when its owner has brought it up"
