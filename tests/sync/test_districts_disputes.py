"""At a hub of several districts the same name in two of them is no dispute; in one of them it is."""

from __future__ import annotations

from dutydesk.admin import record, service
from dutydesk.features import FEATURES, schema
from dutydesk.journal.desk import Desk, Me
from tests.journal import desks as d
from tests.sync.cities import add
from tests.sync.fleet import Fleet

CITY, ONE, OTHER = "330100", "330102", "330105"
SHIFT = {"date": "2026-06-18", "code": "H24", "starts_at": d.EVENING, "ends_at": d.EVENING + 86_400_000}


def asked(fleet: Fleet, n: int) -> tuple[list[tuple[str, str]], int]:
    """The disputes that a desk is asked to settle, and how many open items speak of them."""
    store = fleet.stores[str(n)]
    desk = Desk(store, store.clock, Me(), FEATURES)
    found = sorted((one.ledger, str(desk.title(one.ledger, one.row))) for one in service.conflicts(desk))
    with store.read() as connection:
        items = [item for item in record.open_items(connection) if "冲突" in item.title]
    return found, len(items)


def test_shifts_and_posts_of_several_districts_are_no_disputes(fleet: Fleet) -> None:
    for n, district in enumerate((CITY, ONE, ONE, OTHER), 1):
        store = fleet.add(n, schema=schema(), district=district)
        if n != 3:
            add(store, "shifts", **SHIFT)
            add(store, "posts", name="主班")
    fleet.settle(1, 2, 3, 4, rounds=3)
    for n in (1, 2, 3, 4):
        assert asked(fleet, n) == ([], 0), n
    add(fleet.stores["3"], "posts", name="主班")
    fleet.settle(1, 2, 3, 4, rounds=2)
    for n in (1, 2, 3):
        found, items = asked(fleet, n)
        assert found == [("posts", "主班"), ("posts", "主班")], n
        assert items == 1
    assert asked(fleet, 4) == ([], 0)
    store = fleet.stores["2"]
    desk = Desk(store, store.clock, Me(), FEATURES)
    dispute = service.conflicts(desk)[0]
    twins = service.twins(desk, dispute)
    assert len(twins) == 2, "the city's own is not among them"
    service.settle_twins(desk, dispute, twins[0].id, "同一个岗位")
    fleet.settle(2, 1, 3, 4, rounds=2)
    for n in (1, 2, 3, 4):
        assert asked(fleet, n) == ([], 0), n
    left = "SELECT count(*) FROM posts WHERE _state = 1"
    assert [d.ask(fleet.stores[str(n)], left) for n in (1, 2, 3, 4)] == [[(3,)], [(2,)], [(2,)], [(2,)]]
