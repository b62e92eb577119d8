"""Many deletions that come from another desk are taken in, said, and put back in one act."""

from __future__ import annotations

import json

import pytest

from dutydesk.core.clock import DAY, HOUR
from dutydesk.core.errors import Refused
from dutydesk.core.ids import CLI
from dutydesk.features import FEATURES, schema
from dutydesk.journal import peers
from dutydesk.journal.desk import Desk, Me
from dutydesk.journal.store import Store
from dutydesk.ledger.feature import Change
from dutydesk.sync import deletions
from dutydesk.sync.bundletaken import Rule
from tests.journal import desks as d
from tests.sync.cities import add
from tests.sync.fleet import Fleet

HERE = Me(CLI, "示例甲")


def pair(fleet: Fleet, rows: int = 20) -> tuple[Store, Store, list[bytes]]:
    """Two desks of one hub that both have so many units."""
    one, two = (fleet.add(n, schema=schema(), name=f"{n} 号席") for n in (1, 2))
    made = [add(two, "units", name=f"示例单位{n:03}") for n in range(rows)]
    fleet.settle(2, 1)
    return one, two, made


def desk_of(store: Store) -> Desk:
    return Desk(store, store.clock, HERE, FEATURES)


def delete(store: Store, rows: list[bytes]) -> None:
    for row in rows:
        store.act("units.delete", [store.deletion("units", row)], by=CLI)


def alarms(store: Store) -> list[deletions.Mass]:
    return deletions.masses(peers.peers(store, deletions.GONE))


def listed(store: Store) -> int:
    return int(d.ask(store, "SELECT count(*) FROM units WHERE _state = 1")[0][0])


def test_they_are_taken_in_said_and_put_back_everywhere_in_one_act(fleet: Fleet) -> None:
    one, two, made = pair(fleet)
    delete(two, made[:6])
    fleet.sync(2)
    report = fleet.sync(1)
    assert report.ok, "a run that went well is no failure"
    assert "D2 删了单位 6 条（共 20 条），请看“同步”" in report.notes
    assert listed(one) == 14, "acts are history: a desk that kept some waiting would differ from the others"
    (mass,) = alarms(one)
    assert (mass.desk, mass.by, mass.count) == (two.config.desk_id, CLI, 6)
    before = d.ask(one, "SELECT count(*) FROM act")[0][0]
    assert deletions.put_back(desk_of(one), mass.name) == 6
    assert d.ask(one, "SELECT count(*) FROM act")[0][0] == before + 1, "one act"
    assert alarms(one) == []
    assert listed(one) == 20
    assert desk_of(one).rows("audit")[0].text("result") == "放回"
    fleet.settle(1, 2, 1)
    assert listed(two) == 20
    fleet.check(1, 2)
    assert d.ask(two, "SELECT count(*) FROM conflict") == [(0,)]
    with pytest.raises(Refused, match="已经不缺了"):
        deletions.put_back(desk_of(one), mass.name)


@pytest.mark.parametrize(
    ("gone", "whole", "said"),
    [(2, 4, False), (3, 15, False), (3, 14, True), (50, 1_000, False), (51, 1_000, True)],
)
def test_how_many_are_many(gone: int, whole: int, said: bool) -> None:
    assert deletions.many(Rule(), gone, whole) is said


def test_what_one_person_deletes_within_a_day_counts_together(fleet: Fleet) -> None:
    one, two, made = pair(fleet)
    for n, row in enumerate(made[:5]):
        delete(two, [row])
        fleet.settle(2, 1, rounds=1)
        assert [mass.count for mass in alarms(one)] == ([5] if n == 4 else [])
        fleet.clocks[2].advance(2 * HOUR)
    delete(two, [made[5]])
    fleet.settle(2, 1, rounds=1)
    assert [mass.count for mass in alarms(one)] == [6], "the same alarm grows"


def test_a_few_each_day_are_housekeeping(fleet: Fleet) -> None:
    one, two, made = pair(fleet)
    for row in made[:8]:
        delete(two, [row])
        fleet.settle(2, 1, rounds=1)
        fleet.clocks[2].advance(DAY)
    assert alarms(one) == []


def test_one_pull_that_brings_several_days_is_looked_at_day_by_day(fleet: Fleet) -> None:
    one, two, made = pair(fleet)
    delete(two, made[:10])
    fleet.clocks[2].advance(2 * DAY + HOUR)
    delete(two, [made[10]])
    fleet.settle(2, 1, rounds=1)
    assert [mass.count for mass in alarms(one)] == [10]
    fleet.clocks[2].advance(2 * HOUR)
    delete(two, made[11:14])
    fleet.settle(2, 1, rounds=1)
    assert sorted(mass.count for mass in alarms(one)) == [4, 10], "what waited from the last day still counts"


def test_two_alarms_of_one_person_end_each_by_itself(fleet: Fleet) -> None:
    one, two, made = pair(fleet, 40)
    for part in (made[:10], made[10:20]):
        delete(two, part)
        fleet.settle(2, 1, rounds=1)
        fleet.clocks[2].advance(3 * DAY)
    assert [mass.count for mass in alarms(one)] == [10, 10]
    two.act("deletion.undo", [Change("units", row, {"_deleted": None}) for row in made[:20]], by=CLI)
    fleet.settle(2, 1, rounds=1)
    assert alarms(one) == []
    assert listed(one) == 40


def test_what_a_person_lets_through_is_not_what_came_before(fleet: Fleet) -> None:
    one, two, made = pair(fleet)
    delete(two, made[:2])
    fleet.settle(2, 1, rounds=1)
    deletions.skip(one)
    delete(two, made[2:5])
    fleet.settle(2, 1, rounds=1)
    assert [mass.count for mass in alarms(one)] == [5]


def test_what_somebody_else_puts_back_ends_the_alarm(fleet: Fleet) -> None:
    one, two, made = pair(fleet)
    delete(two, made[:6])
    fleet.settle(2, 1, rounds=1)
    two.act("deletion.undo", [Change("units", row, {"_deleted": None}) for row in made[:4]], by=CLI)
    fleet.settle(2, 1, rounds=1)
    assert [mass.count for mass in alarms(one)] == [2]
    two.act("deletion.undo", [Change("units", row, {"_deleted": None}) for row in made[4:6]], by=CLI)
    fleet.settle(2, 1, rounds=1)
    assert alarms(one) == []


def test_it_may_have_been_right(fleet: Fleet) -> None:
    one, two, made = pair(fleet)
    delete(two, made[:6])
    fleet.settle(2, 1, rounds=1)
    (mass,) = alarms(one)
    with pytest.raises(Refused, match="原因"):
        deletions.settle(desk_of(one), mass.name, " ")
    deletions.settle(desk_of(one), mass.name, "机构改革，问过二号席")
    assert alarms(one) == []
    assert listed(one) == 14
    assert desk_of(one).rows("audit")[0].text("reason") == "机构改革，问过二号席"
    fleet.settle(2, 1, rounds=1)
    assert alarms(one) == [], "it is not said again"


def test_what_is_here_already_and_what_comes_first_is_no_news(fleet: Fleet) -> None:
    one, two, made = pair(fleet)
    delete(two, made[:10])
    fleet.sync(2)
    fresh = fleet.add(3, schema=schema(), name="3 号席")
    fleet.sync(3)
    assert alarms(fresh) == [], "it had none of them"
    fleet.sync(1)
    assert len(alarms(one)) == 1


def test_rows_of_people_whose_data_were_erased_stay_away(fleet: Fleet) -> None:
    one, two, _made = pair(fleet, 1)
    people = [add(two, "people", name=f"示例{n:02}") for n in range(6)]
    fleet.settle(2, 1, rounds=1)
    two.erase("people", people[0], by=CLI, note="本人要求")
    for row in people[:5]:
        two.act("people.delete", [two.deletion("people", row)], by=CLI)
    fleet.settle(2, 1, rounds=1)
    (mass,) = alarms(one)
    assert mass.count == 4
    assert deletions.put_back(desk_of(one), mass.name) == 4
    assert d.ask(one, "SELECT count(*) FROM people WHERE _state = 1") == [(5,)]


def test_very_many_go_back_in_several_acts_of_one_batch(fleet: Fleet) -> None:
    one, two = (fleet.add(n, schema=schema(), name=f"{n} 号席") for n in (1, 2))
    changes = [d.new("units", {"name": f"示例单位{n:04}"}) for n in range(450)]
    two.act("units.import", changes, by=CLI)
    fleet.settle(2, 1)
    two.act("units.import", [two.deletion("units", change.row) for change in changes], by=CLI)
    fleet.settle(2, 1, rounds=1)
    (mass,) = alarms(one)
    assert (mass.count, listed(one)) == (450, 0)
    assert deletions.put_back(desk_of(one), mass.name) == 450
    assert listed(one) == 450
    bodies = [json.loads(body) for (body,) in d.ask(one, "SELECT body FROM act WHERE kind = 'deletion.undo'")]
    assert len({body["batch"]["id"] for body in bodies}) == 1
