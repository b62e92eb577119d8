"""Several desks converge, and nothing is lost on the way: a state machine of real desks against a model of heads.

The model knows nothing of `apply`: it reads the acts that exist, takes every write that no other act names in its
`bases` for a head, and says what the tables have to hold.
"""

from __future__ import annotations

import json
import os
import random
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from dutydesk.core.clock import FixedClock
from dutydesk.core.errors import Refused
from dutydesk.core.ids import CLI, named_id, new_id
from dutydesk.journal.apply import DELETE, ERASED
from dutydesk.journal.history import conflicts as open_conflicts
from dutydesk.journal.inbox import take_in
from dutydesk.journal.query import Query, count, rows
from dutydesk.journal.rebuild import rebuild
from dutydesk.journal.store import Batch, Store
from dutydesk.journal.verify import verify
from dutydesk.ledger.feature import Change
from dutydesk.ledger.table import DELETED, LISTED
from tests.journal import desks as d

EXAMPLES = int(os.environ.get("DUTYDESK_EXAMPLES", "30"))
DESKS = 5
OLD_DESK = 4
"""Which of them runs last year's program until the end."""
NAMES = ("钱一", "孙二", "李三")
UNITS = (None, "江岸街道")
VALUES = st.sampled_from(("甲", "乙", "丙", "丁 12", None))
FIELDS = {
    "people": ("phone", "name", "phone", "age", "note", "unit", "home"),
    "places": ("area", "manager", "area", "name", "phone"),
    "options": ("value", "phone", "value", "note"),
}
MOST = {"people": 4, "places": 2, "log": 3}
"""Few rows, so that desks meet in them."""
KEYS = ("rain.red", "rain.blue")

desk_numbers = st.integers(0, DESKS - 1)
picks = st.integers(0, 30)

Place = tuple[str, bytes, str]


def heads_of(store: Store) -> dict[Place, dict[bytes, tuple[int, Any]]]:
    """What the heads of every field are, from the acts alone: (ledger, row, field) → act → (hlc, value).

    Written for `docs/journal.md`, not for `apply`: a write is a head when no act names it as replaced.
    """
    writes: dict[Place, dict[bytes, tuple[int, Any]]] = defaultdict(dict)
    replaced: dict[Place, set[bytes]] = defaultdict(set)
    erased: set[tuple[str, bytes]] = set()
    makers: dict[tuple[str, bytes], list[tuple[int, bytes]]] = defaultdict(list)
    for (desk,) in d.ask(store, "SELECT DISTINCT desk FROM act"):
        for act, personal in d.acts_of(store, desk):
            for n, change in enumerate(json.loads(act.body)["changes"]):
                ledger, row = change["ledger"], bytes.fromhex(change["row"])
                if "erase" in change:
                    erased.add((ledger, row))
                    continue
                if "bases" not in change:
                    makers[ledger, row].append((act.hlc, act.act_id))
                values = dict(change["set"])
                if n in personal:
                    values |= json.loads(personal[n][1])
                for field, value in values.items():
                    if "bases" in change or value is not None:
                        writes[ledger, row, field][act.act_id] = (act.hlc, value)
                for field, bases in change.get("bases", {}).items():
                    replaced[ledger, row, field] |= {bytes.fromhex(base) for base in bases}
    for (ledger, row), acts in makers.items():
        assert d.ask(store, f"SELECT _hlc, _act FROM {ledger} WHERE id = ?", row) == [min(acts)]
    for place, by_act in list(writes.items()):
        ledger, row, field = place
        if (ledger, row) in erased and field in store.schema[ledger].ledger.personal:
            del writes[place]
            continue
        for act_id in replaced[place]:
            by_act.pop(act_id, None)
    return writes


def check_against_model(store: Store) -> None:
    """The tables of one desk hold what the model says."""
    model = heads_of(store)
    held: dict[Place, dict[bytes, tuple[int, Any]]] = defaultdict(dict)
    for ledger, row, field, act_id, hlc, value in d.ask(store, "SELECT * FROM head"):
        held[ledger, row, field][act_id] = (hlc, value.hex() if isinstance(value, bytes) else value)
    conflicts = {
        (ledger, row, field)
        for ledger, row, field in d.ask(store, "SELECT ledger, row, field FROM conflict WHERE kind = 'heads'")
    }
    assert conflicts == {place for place, heads in model.items() if len(heads) > 1 and place[2] != DELETE}
    for place, heads in held.items():
        assert heads == model[place], place
    for (ledger, row, field), heads in model.items():
        if field == DELETE:
            assert held[ledger, row, field] == heads
            continue
        if store.schema[ledger].ledger.mode.value == "append":
            continue
        ((state, maker, shown),) = d.ask(store, f"SELECT _state, _act, {field} FROM {ledger} WHERE id = ?", row)
        shown = shown.hex() if isinstance(shown, bytes) else shown
        assert shown == max(heads.items(), key=lambda head: (head[1][0], head[0]))[1][1]
        assert state in (LISTED, DELETED)
        if not held[ledger, row, field]:
            assert set(heads) == {maker}
    check_deletions(store, model)
    check_duplicates(store)
    for ledger, row in d.ask(store, "SELECT ledger, row FROM erased"):
        for field in store.schema[ledger].ledger.personal:
            assert d.ask(store, f"SELECT {field} FROM {ledger} WHERE id = ?", row) == [(ERASED,)]
        assert not d.ask(store, "SELECT 1 FROM personal WHERE ledger = ? AND row = ?", ledger, row)


def check_deletions(store: Store, model: dict[Place, dict[bytes, tuple[int, Any]]]) -> None:
    """A row is off its list when every head of its fields was seen by whoever deleted it; else it is disputed."""
    disputed: set[tuple[str, bytes]] = set()
    for ledger in store.schema.shapes:
        for row, maker, state in d.ask(store, f"SELECT id, _act, _state FROM {ledger}"):
            deletions = [value for _hlc, value in model.get((ledger, row, DELETE), {}).values() if value is not None]
            seen = {bytes.fromhex(act) for value in deletions for act in value.split(",") if act}
            others = {
                act
                for (of, held, field), heads in model.items()
                if (of, held) == (ledger, row) and field != DELETE
                for act in heads
            }
            unseen = others - seen - {maker}
            assert state == (DELETED if deletions and not unseen else LISTED)
            if deletions and unseen:
                disputed.add((ledger, row))
    assert set(d.ask(store, "SELECT ledger, row FROM conflict WHERE kind = 'deleted'")) == disputed


def check_duplicates(store: Store) -> None:
    """Listed rows of one natural key are a conflict, each of them, when different desks made them."""
    double: set[tuple[str, bytes]] = set()
    for ledger, shape in store.schema.shapes.items():
        if not shape.ledger.match:
            continue
        found: dict[tuple[Any, ...], list[tuple[bytes, bytes]]] = defaultdict(list)
        columns = ", ".join(shape.ledger.match)
        asked = f"SELECT id, desk, {columns} FROM {ledger} JOIN act ON act_id = _act WHERE _state = 1"
        for row, desk, *values in d.ask(store, asked):
            if any(value is not None for value in values):
                found[tuple(values)].append((row, desk))
        for rows_of_key in found.values():
            if len({desk for _row, desk in rows_of_key}) > 1:
                double |= {(ledger, row) for row, _desk in rows_of_key}
    assert set(d.ask(store, "SELECT ledger, row FROM conflict WHERE kind = 'duplicate'")) == double


class Merging(RuleBasedStateMachine):
    """Five desks write, skewed and cut off from each other, and hand their acts around in every order."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        folder = self.stack.enter_context(d.quick_folder())
        self.clocks = [FixedClock(d.EVENING) for _ in range(DESKS)]
        self.stores = [
            d.make(folder / str(n), n + 1, clock=self.clocks[n], schema=d.OLD if n == OLD_DESK else d.FULL)
            for n in range(DESKS)
        ]
        self.acknowledged: set[bytes] = {d.acts_of(s, s.config.desk_id)[0][0].act_id for s in self.stores}
        self.rows: list[tuple[str, bytes]] = []
        self.series: dict[int, tuple[bytes, int]] = {}

    def act(self, n: int, changes: list[Change], batch: Batch | None = None) -> bool:
        try:
            receipt = self.stores[n].act("test", changes, by=CLI, batch=batch)
        except Refused:
            return False
        self.acknowledged.add(receipt.act_id)
        return True

    def pick(self, n: int, index: int) -> tuple[str, bytes] | None:
        """A row that is listed at desk `n`."""
        store = self.stores[n]
        known = [(ledger, row) for ledger, row in self.rows if ledger in store.schema.shapes and ledger != "log"]
        if not known:
            return None
        ledger, row = known[index % len(known)]
        return (ledger, row) if d.ask(store, f"SELECT 1 FROM {ledger} WHERE id = ? AND _state = 1", row) else None

    @initialize(skews=st.lists(st.integers(-400, 400), min_size=DESKS, max_size=DESKS))
    def set_clocks(self, skews: list[int]) -> None:
        for clock, days in zip(self.clocks, skews, strict=True):
            clock.advance(days * d.DAY)

    @rule(n=desk_numbers, minutes=st.integers(-90, 90))
    def pass_time(self, n: int, minutes: int) -> None:
        self.clocks[n].advance(minutes * 60_000)

    def room(self, ledger: str) -> bool:
        return sum(1 for known, _row in self.rows if known == ledger) < MOST[ledger]

    @precondition(lambda self: self.room("people"))
    @rule(n=desk_numbers, name=st.sampled_from(NAMES), unit=st.sampled_from(UNITS), phone=VALUES, note=VALUES)
    def add_person(self, n: int, name: str, unit: str | None, phone: str | None, note: str | None) -> None:
        values: dict[str, Any] = {"name": name, "unit": unit, "phone": phone, "age": None}
        if n != OLD_DESK:
            values |= {"note": note, "home": note}
        change = d.new("people", values, self.clocks[n].now())
        assert self.act(n, [change])
        self.rows.append(("people", change.row))

    @precondition(lambda self: self.room("places"))
    @rule(n=st.integers(0, OLD_DESK - 1), index=picks, name=st.sampled_from(NAMES))
    def add_place(self, n: int, index: int, name: str) -> None:
        people = [row for ledger, row in self.rows if ledger == "people"] or [new_id(d.EVENING)]
        values = {"name": name, "manager": people[index % len(people)], "area": index, "phone": "0571-00000000"}
        change = d.new("places", values, self.clocks[n].now())
        assert self.act(n, [change])
        self.rows.append(("places", change.row))

    @rule(n=desk_numbers, key=st.sampled_from(KEYS), value=VALUES, phone=VALUES, note=VALUES)
    def make_option(self, n: int, key: str, value: str | None, phone: str | None, note: str | None) -> None:
        row = named_id("options", key)
        if d.ask(self.stores[n], "SELECT 1 FROM options WHERE id = ? AND _state > 0", row):
            return
        assert self.act(n, [d.option(key, value=value, phone=phone, note=note)])
        if ("options", row) not in self.rows:
            self.rows.append(("options", row))

    @precondition(lambda self: self.room("log"))
    @rule(n=desk_numbers, text=VALUES)
    def add_entry(self, n: int, text: str | None) -> None:
        change = d.new("log", {"text": text or "接报", "happened_at": self.clocks[n].now()}, self.clocks[n].now())
        assert self.act(n, [change])
        self.rows.append(("log", change.row))

    @rule(n=desk_numbers, index=picks, which=picks, value=VALUES)
    def edit(self, n: int, index: int, which: int, value: str | None) -> None:
        found = self.pick(n, index)
        if found is None:
            return
        ledger, row = found
        known = [field for field in FIELDS[ledger] if field in self.stores[n].schema[ledger].known]
        field = known[which % len(known)]
        written: Any = value
        if field in ("age", "area"):
            written = None if value is None else which
        elif field == "manager":
            written = None if value is None else named_id(str(which))
        self.act(n, [Change(ledger, row, {field: written})])

    @precondition(lambda self: self.rows)
    @rule(n=desk_numbers, other=desk_numbers, index=picks, which=picks, value=VALUES, after=VALUES)
    def edit_over(self, n: int, other: int, index: int, which: int, value: str | None, after: str | None) -> None:
        """One desk writes a field, another gets that act alone and writes over it; its own others come later."""
        if n == other:
            return
        self.edit(n, index, which, value)
        self.deliver(n, other, n, 99, 0)
        self.edit(other, index, which, after)

    @precondition(lambda self: self.rows)
    @rule(n=desk_numbers, other=desk_numbers, index=picks, which=picks, value=VALUES)
    def remove_against_edit(self, n: int, other: int, index: int, which: int, value: str | None) -> None:
        """One desk deletes what another writes at the same time."""
        if n == other:
            return
        self.meet(n, other)
        self.edit(other, index, which, value)
        self.remove(n, index)

    @precondition(lambda self: self.rows)
    @rule(n=desk_numbers, index=picks)
    def remove(self, n: int, index: int) -> None:
        found = self.pick(n, index)
        if found is not None:
            assert self.act(n, [self.stores[n].deletion(*found)])

    @rule(n=desk_numbers, index=picks)
    def restore(self, n: int, index: int) -> None:
        gone = [
            (ledger, row)
            for ledger, row in self.rows
            if ledger in self.stores[n].schema.shapes
            and d.ask(self.stores[n], f"SELECT 1 FROM {ledger} WHERE id = ? AND _state = 2", row)
        ]
        if gone:
            ledger, row = gone[index % len(gone)]
            assert self.act(n, [Change(ledger, row, {DELETE: None})])

    @rule(n=desk_numbers, index=picks)
    def erase(self, n: int, index: int) -> None:
        known = [(ledger, row) for ledger, row in self.rows if ledger in self.stores[n].schema.shapes]
        if known:
            receipt = self.stores[n].erase(*known[index % len(known)], by=CLI, note="本人要求")
            self.acknowledged.add(receipt.act_id)

    @rule(n=desk_numbers, index=picks, value=st.sampled_from(("定", "定二")))
    def resolve(self, n: int, index: int, value: str) -> None:
        store = self.stores[n]
        open_ones = [
            (ledger, row, field)
            for ledger, row, field in d.ask(store, "SELECT ledger, row, field FROM conflict WHERE kind = 'heads'")
            if d.ask(store, f"SELECT 1 FROM {ledger} WHERE id = ? AND _state = 1", row)
        ]
        if open_ones:
            ledger, row, field = open_ones[index % len(open_ones)]
            settled: Any = {"age": 7, "area": 7, "manager": b"m" * 16}.get(field, value)
            assert self.act(n, [Change(ledger, row, {field: settled})])
            where = "ledger = ? AND row = ? AND field = ? AND kind = 'heads'"
            assert not d.ask(store, f"SELECT 1 FROM conflict WHERE {where}", ledger, row, field)

    @precondition(lambda self: self.series or self.room("people"))
    @rule(n=desk_numbers, name=st.sampled_from(NAMES))
    def go_on_with_import(self, n: int, name: str) -> None:
        batch, done = self.series.get(n) or (new_id(d.EVENING), 0)
        change = d.new("people", {"name": name, "unit": "导入"}, self.clocks[n].now())
        assert self.act(n, [change], Batch(batch, done + 1, 3))
        self.rows.append(("people", change.row))
        self.series[n] = (batch, done + 1)
        if done == 2:
            del self.series[n]

    @rule(giver=desk_numbers, taker=desk_numbers, origin=desk_numbers, most=st.integers(1, 9), again=st.integers(0, 3))
    def deliver(self, giver: int, taker: int, origin: int, most: int, again: int) -> None:
        """A part of one desk's acts, cut off after `most`, beginning with some that are there already."""
        if giver == taker:
            return
        desk = self.stores[origin].config.desk_id
        held = d.frontier(self.stores[taker]).get(desk, 0)
        parcels = d.acts_of(self.stores[giver], desk, max(0, held - again))[:most]
        taken = take_in(self.stores[taker], parcels)
        assert taken.quarantined == taken.waiting == 0

    @rule(giver=desk_numbers, taker=desk_numbers)
    def meet(self, giver: int, taker: int) -> None:
        """Everything that one desk has, to another."""
        if giver != taker:
            assert d.deliver(self.stores[giver], self.stores[taker]).quarantined == 0

    @precondition(lambda self: len(self.rows) > 3)
    @rule(giver=desk_numbers, taker=desk_numbers, seed=st.integers(0, 99))
    def deliver_shuffled(self, giver: int, taker: int, seed: int) -> None:
        """Everything of every desk at once, in any order."""
        if giver == taker:
            return
        parcels = [
            parcel for desk in d.frontier(self.stores[giver]) for parcel in d.acts_of(self.stores[giver], desk)[:6]
        ]
        random.Random(seed).shuffle(parcels)
        assert take_in(self.stores[taker], parcels).quarantined == 0

    def settle_all(self) -> None:
        """Finish the imports, upgrade the old desk and bring everybody up to date, in an order of their own."""
        for n, (batch, done) in self.series.items():
            for part in range(done + 1, 4):
                assert self.act(n, [d.new("people", {"name": "末"}, self.clocks[n].now())], Batch(batch, part, 3))
        old = self.stores[OLD_DESK]
        d.deliver(self.stores[0], old)
        old.close()
        self.stores[OLD_DESK] = Store.open(old.home, d.FULL, self.clocks[OLD_DESK])
        order = random.Random(len(self.rows))
        for target in range(DESKS):
            sources = [n for n in range(DESKS) if n != target]
            order.shuffle(sources)
            for source in sources:
                d.deliver(self.stores[source], self.stores[target])

    def check(self) -> None:
        digests = {d.digest_of(store) for store in self.stores}
        for store in self.stores:
            assert {act_id for (act_id,) in d.ask(store, "SELECT act_id FROM act")} == self.acknowledged
            assert not d.ask(store, "SELECT 1 FROM unprojected")
            assert not d.ask(store, "SELECT 1 FROM open_batch")
            assert not d.ask(store, "SELECT 1 FROM quarantine")
            check_against_model(store)
        assert len(digests) == 1, "desks with the same acts show different things"
        found: set[str] = set()
        for store in self.stores:
            found.add(repr(self.shown(store)))
        assert len(found) == 1, "the search finds different rows"
        one = self.stores[len(self.rows) % DESKS]
        assert one._raw is not None
        rebuild(one._raw, one.schema)
        assert {d.digest_of(one)} == digests, "a rebuild shows something else"
        report = verify(one.home, one.schema)
        assert report.ok, report.problems

    def shown(self, store: Store) -> list[Any]:
        out: list[Any] = []
        with store.read() as connection:
            for name, shape in store.schema.shapes.items():
                listed = d.ask(store, f"SELECT count(*) FROM {name} WHERE _state = 1")
                assert count(connection, shape, Query(name)) == listed[0][0]
                for word in ("钱一", "丁 12", "导入", "sun", "甲", "0571", "定"):
                    out.append(
                        (name, word, sorted(row.id for row in rows(connection, shape, Query(name, search=word))))
                    )
        return out

    def teardown(self) -> None:
        try:
            self.settle_all()
            self.check()
        finally:
            for store in self.stores:
                store.close()
            self.stack.close()


TestMerging = Merging.TestCase
TestMerging.settings = settings(max_examples=EXAMPLES, stateful_step_count=35, deadline=None)
TestMerging.pytestmark = [pytest.mark.filterwarnings("error")]


# --- one by one, what the machine comes across too seldom


@pytest.fixture
def three(tmp_path: Path) -> Iterator[list[Store]]:
    stores = [d.make(tmp_path / str(n), n, clock=FixedClock(d.EVENING + n)) for n in (1, 2, 3)]
    yield stores
    for store in stores:
        store.close()


def conflicts(store: Store) -> list[tuple[Any, ...]]:
    return d.ask(store, "SELECT ledger, field, kind FROM conflict ORDER BY ledger, field, kind")


def test_causality_beats_the_clock(three: list[Store]) -> None:
    """A correction from a desk whose clock is a year behind stays corrected."""
    one, two, _ = three
    row = d.add(one, "people", name="钱一", unit="错")
    d.deliver(one, two)
    two.clock.at -= 365 * d.DAY  # type: ignore[attr-defined]
    d.write(two, "people", row, unit="对")
    d.deliver(two, one)
    for store in (one, two):
        assert d.ask(store, "SELECT unit FROM people") == [("对",)]
        assert conflicts(store) == []


def test_a_loser_is_kept_shown_and_settled(three: list[Store]) -> None:
    one, two, three_ = three
    row = d.add(one, "people", name="钱一", unit="甲")
    d.deliver(one, two)
    d.write(one, "people", row, unit="乙")
    d.write(two, "people", row, unit="丙")
    d.deliver(one, two)
    d.deliver(two, one)
    for store in (one, two):
        assert d.ask(store, "SELECT unit FROM people") == [("丙",)], "the later one is shown"
        assert conflicts(store) == [("people", "unit", "heads")]
        assert {value for (value,) in d.ask(store, "SELECT value FROM head")} == {"乙", "丙"}
        with store.read() as connection:
            (conflict,) = open_conflicts(connection, store.schema)
        assert {claim.value for claim in conflict.claims} == {"乙", "丙"}
    d.write(one, "people", row, unit="乙")
    d.deliver(one, three_, one.config.desk_id)  # before what it settles
    d.deliver(one, three_)
    d.deliver(one, two)
    for store in three:
        assert d.ask(store, "SELECT unit FROM people") == [("乙",)]
        assert conflicts(store) == []


def test_nobodys_edit_disappears_in_a_deletion(three: list[Store]) -> None:
    one, two, _ = three
    row = d.add(one, "people", name="钱一")
    d.deliver(one, two)
    d.delete(one, "people", row)
    edit = d.write(two, "people", row, unit="江岸街道")
    d.deliver(one, two)
    d.deliver(two, one)
    for store in (one, two):
        assert d.ask(store, "SELECT _state, unit FROM people") == [(LISTED, "江岸街道")]
        assert conflicts(store) == [("people", "", "deleted")]
    deletion = two.deletion("people", row)
    assert edit.hex().upper() in str(deletion.values[DELETE])
    two.act("test", [deletion], by=CLI)
    d.deliver(two, one)
    for store in (one, two):
        assert d.ask(store, "SELECT _state FROM people") == [(DELETED,)]
        assert conflicts(store) == []


def test_one_person_from_two_desks_is_a_conflict_until_one_is_gone(three: list[Store]) -> None:
    one, two, late = three
    d.add(one, "people", name="钱一", unit="江岸街道")
    other = d.add(two, "people", name="钱一", unit="江岸街道")
    d.add(one, "people", name="钱一", unit="别处")
    d.deliver(one, two)
    d.deliver(two, one)
    for store in (one, two):
        assert conflicts(store) == [("people", "", "duplicate")] * 2
    d.write(two, "people", other, name=None, unit=None)
    assert conflicts(two) == [], "a row without a key is nobody's double"
    d.write(two, "people", other, name="钱一", unit="江岸街道")
    assert len(conflicts(two)) == 2
    d.deliver(two, late, two.config.desk_id)
    d.delete(two, "people", other)
    assert conflicts(two) == []
    d.deliver(two, one)
    d.deliver(two, late)
    assert conflicts(one) == conflicts(late) == []
    assert {d.digest_of(store) for store in three} == {d.digest_of(one)}


def test_a_double_is_found_when_its_making_comes_late(three: list[Store]) -> None:
    """The edit of a row arrives before its making: the natural key is complete only then."""
    one, two, late = three
    row = d.add(one, "people", name="钱一", unit="江岸街道")
    d.deliver(one, two)
    d.write(two, "people", row, age=3)
    d.deliver(two, late, two.config.desk_id)
    d.add(late, "people", name="钱一", unit="江岸街道")
    assert conflicts(late) == []
    d.deliver(one, late)
    assert conflicts(late) == [("people", "", "duplicate")] * 2


def test_two_persons_of_one_desk_may_have_one_name(three: list[Store]) -> None:
    one, _, _ = three
    d.add(one, "people", name="钱一", unit="江岸街道")
    d.add(one, "people", name="钱一", unit="江岸街道")
    assert conflicts(one) == []


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
def test_erasing_in_every_order(three: list[Store], tmp_path: Path, order: tuple[int, ...]) -> None:
    """Two desks make the same rule with a personal field, a third erases it; what arrives first does not matter."""
    one, two, eraser = three
    row = named_id("options", "rain.red")
    one.act("test", [d.option("rain.red", value="50", phone="0571-00000001")], by=CLI)
    two.act("test", [d.option("rain.red", value="60")], by=CLI)
    d.write(two, "options", row, phone="0571-00000002")
    eraser.erase("options", row, by=CLI, note="本人要求")
    with d.make(tmp_path / "watcher", 9) as watcher:
        for n in order:
            d.deliver(three[n], watcher, three[n].config.desk_id)
        assert d.ask(watcher, "SELECT phone FROM options") == [(ERASED,)]
        assert not d.ask(watcher, "SELECT 1 FROM personal")
        assert d.ask(watcher, "SELECT DISTINCT field FROM head") == [("key",), ("value",)]
        assert conflicts(watcher) == [("options", "key", "heads"), ("options", "value", "heads")]


@pytest.mark.parametrize("values", [{}, {"phone": "0571-00000001"}], ids=["without", "with"])
def test_what_is_erased_before_it_arrives(three: list[Store], values: dict[str, Any]) -> None:
    one, two, late = three
    row = d.add(one, "people", name="钱一", **values)
    d.deliver(one, two)
    two.erase("people", row, by=CLI, note="本人要求")
    d.deliver(two, late, two.config.desk_id)
    d.deliver(one, late)  # with the side row, since this desk has not heard yet
    d.deliver(two, one)
    assert d.digest_of(one) == d.digest_of(late)
    for store in (one, late):
        assert d.ask(store, "SELECT phone, home FROM people") == [(ERASED, ERASED)]
        assert not d.ask(store, "SELECT 1 FROM personal")
        assert verify(store.home, store.schema).ok
