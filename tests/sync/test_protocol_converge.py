"""Desks and a hub come into step: everything arrives, once, and shows the same everywhere."""

from __future__ import annotations

from dutydesk.journal import peers
from tests.journal import desks as d
from tests.sync.fleet import Fleet


def test_two_desks_and_a_hub_converge(fleet: Fleet) -> None:
    one, two = fleet.add(1), fleet.add(2)
    written = {fleet.write(1, "街道积水"), fleet.write(2, "电话通知")}
    person = d.add(one, "people", name="钱一", unit="江岸街道", phone="0571-00000001")
    fleet.settle(1, 2)
    d.write(one, "people", person, age=41)
    d.write(two, "people", person, age=42)
    reports = fleet.settle(1, 2)
    assert [(r.ok, r.pushed, r.pulled, r.waiting) for r in reports] == [(True, 0, 1, 0), (True, 0, 0, 0)]
    fleet.check(1, 2)
    assert written <= fleet.acts(1)
    assert d.ask(two, "SELECT phone FROM people WHERE id = ?", person) == [("0571-00000001",)]
    assert d.ask(two, "SELECT count(*) FROM conflict WHERE kind = 'heads'") == [(1,)]
    assert peers.runs(one, "sync")[0].state == "DONE"
