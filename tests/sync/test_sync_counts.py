"""F25: what is counted by several desks at once. People in a shelter are the sum of who came and went, wherever that was
written down; no count is taken twice however often it is delivered, none is lost when two book at the same time, and a
figure that two desks wrote differs openly.
"""

from __future__ import annotations

import os
from collections import defaultdict
from contextlib import ExitStack

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dutydesk.core.clock import FixedClock
from dutydesk.core.errors import Refused
from dutydesk.core.ids import CLI
from dutydesk.features import FEATURES, schema
from dutydesk.journal.desk import Desk, Me
from dutydesk.journal.inbox import take_in
from dutydesk.journal.verify import verify
from dutydesk.ledger.feature import Change
from dutydesk.shelters import service
from tests.journal import desks as d
from tests.sync.fleet import Fleet

FULL = os.environ.get("DUTYDESK_FAULTS") == "full"
DESKS = 3
steps = st.lists(
    st.one_of(
        st.tuples(st.just("book"), st.integers(0, DESKS - 1), st.integers(0, 40), st.integers(0, 40)),
        st.tuples(st.just("take stock"), st.integers(0, DESKS - 1), st.integers(0, 200), st.just(0)),
        st.tuples(st.just("deliver"), st.integers(0, DESKS - 1), st.integers(0, DESKS - 1), st.integers(1, 4)),
        st.tuples(st.just("again"), st.integers(0, DESKS - 1), st.integers(0, DESKS - 1), st.integers(0, 9)),
    ),
    min_size=4,
    max_size=16,
)


def take_stock(desk: Desk, shelter: bytes, found: int) -> int:
    """Somebody counts heads and books the difference to what the desk believes; the difference."""
    difference = found - service.present(desk, shelter)
    if difference:
        service.count(desk, shelter, max(difference, 0), max(-difference, 0))
    return difference


@settings(max_examples=300 if FULL else 5)
@given(steps=steps)
def test_the_sum_of_the_ledger_is_the_balance_everywhere(steps: list[tuple[str, int, int, int]]) -> None:
    with ExitStack() as stack:
        folder = stack.enter_context(d.quick_folder())
        stores = [
            stack.enter_context(d.make(folder / str(n), n + 1, schema=schema(), code=f"D{n}")) for n in range(DESKS)
        ]
        desks = [Desk(store, store.clock, Me(), FEATURES) for store in stores]
        shelter = service.add(desks[0], {"name": "示例小学", "capacity": 500, "usable_m2": 3_000, "state": "OPEN"})
        for store in stores[1:]:
            d.deliver(stores[0], store)
        booked: dict[bytes, int] = {}

        def known(n: int) -> int:
            """What the acts that desk `n` holds come to."""
            held = {act for (act,) in d.ask(stores[n], "SELECT act_id FROM act")}
            return sum(people for act, people in booked.items() if act in held)

        for what, n, m, count in steps:
            match what:
                case "book":
                    try:
                        receipt = service.count(desks[n], shelter, m, count)
                    except Refused:
                        continue  # nobody moved, or more would leave than are there
                    booked[receipt.act_id] = m - count
                case "take stock":
                    before = {act for (act,) in d.ask(stores[n], "SELECT act_id FROM act")}
                    difference = take_stock(desks[n], shelter, m)
                    after = {act for (act,) in d.ask(stores[n], "SELECT act_id FROM act")}
                    booked |= dict.fromkeys(after - before, difference)
                case "deliver":
                    d.deliver(stores[n], stores[m], stores[n].config.desk_id, count)
                case _:
                    parcels = d.acts_of(stores[n], stores[n].config.desk_id)
                    taken = take_in(stores[m], parcels[max(0, len(parcels) - 1 - count) :] * 2)
                    assert taken.quarantined == 0
            for each in {n, m} & set(range(DESKS)):
                assert service.present(desks[each], shelter) == known(each)
        for _round in range(2):
            for store in stores:
                for other in stores:
                    d.deliver(store, other)
        assert {service.present(desk, shelter) for desk in desks} == {sum(booked.values())}
        assert len({d.digest_of(store) for store in stores}) == 1
        for store in stores:
            report = verify(store.home, store.schema)
            assert report.ok, report.problems


def test_counts_of_desks_that_book_at_once_add_up_through_a_hub(fleet: Fleet) -> None:
    """Two book people in and out, a third takes stock of what it knew; the balance is the sum, at every desk."""
    names = (1, 2, 3)
    stores = [fleet.add(n, schema=schema()) for n in names]
    desks = [Desk(store, store.clock, Me(), FEATURES) for store in stores]
    shelter = service.add(desks[0], {"name": "示例小学", "capacity": 500, "usable_m2": 3_000, "state": "OPEN"})
    fleet.settle(*names)
    whole = 0
    for turn in range(40 if FULL else 4):
        service.count(desks[0], shelter, 30 + turn, 0)
        service.count(desks[1], shelter, 12, 0)
        whole += 42 + turn + take_stock(desks[2], shelter, 100 + turn)
        fleet.settle(*names)
        fleet.settle(2)
        assert {service.present(desk, shelter) for desk in desks} == {whole}
    fleet.check(*names)


def test_a_figure_that_two_desks_wrote_differs_openly(fleet: Fleet) -> None:
    """Stock is issued at one desk while another one counts it: both figures stay until a person has chosen."""
    one, two = fleet.add(1, schema=schema()), fleet.add(2, schema=schema())
    made = Change("supplies", b"s" * 16, {"name": "编织袋", "store": "一库", "quantity": 1_000}, new=True)
    one.act("supplies.add", [made], by=CLI)
    fleet.settle(1, 2)
    issued = one.act("supplies.edit", [Change("supplies", made.row, {"quantity": 900})], by=CLI)
    fleet.clocks[2].advance(60_000)
    counted = two.act("supplies.edit", [Change("supplies", made.row, {"quantity": 980})], by=CLI)
    fleet.settle(1, 2)
    heads: dict[str, set[tuple[bytes, int]]] = defaultdict(set)
    for name, store in (("1", one), ("2", two)):
        assert d.ask(store, "SELECT quantity FROM supplies") == [(980,)]
        assert d.ask(store, "SELECT field, kind FROM conflict") == [("quantity", "heads")]
        heads[name] = set(d.ask(store, "SELECT act_id, value FROM head WHERE field = 'quantity'"))
    assert heads["1"] == heads["2"] == {(issued.act_id, 900), (counted.act_id, 980)}
    one.act("supplies.edit", [Change("supplies", made.row, {"quantity": 880})], by=CLI)
    fleet.settle(1, 2)
    for store in (one, two):
        assert d.ask(store, "SELECT quantity FROM supplies") == [(880,)]
        assert d.ask(store, "SELECT * FROM conflict") == []
    fleet.check(1, 2)


@pytest.mark.parametrize("times", [1, 2, 5])
def test_an_act_that_is_delivered_again_is_taken_once(times: int) -> None:
    with (
        d.quick_folder() as folder,
        d.make(folder / "1", 1, schema=schema()) as one,
        d.make(folder / "2", 2, schema=schema()) as two,
    ):
        desks = [Desk(store, FixedClock(d.EVENING), Me(), FEATURES) for store in (one, two)]
        shelter = service.add(desks[0], {"name": "示例小学", "capacity": 9, "usable_m2": 90, "state": "OPEN"})
        service.count(desks[0], shelter, 7, 0)
        parcels = d.acts_of(one, one.config.desk_id)
        for _time in range(times):
            take_in(two, parcels * times)
        assert service.present(desks[1], shelter) == 7
