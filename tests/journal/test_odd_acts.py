"""Acts that are well chained and nonsense within, from another program or with ill will: nothing they hold stops a desk,
what cannot be read is set aside with a reason, what no column holds is noted, and desks end the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dutydesk.core.ids import new_id
from dutydesk.journal import chain
from dutydesk.journal.chain import Act
from dutydesk.journal.inbox import take_in
from dutydesk.journal.store import Store
from dutydesk.journal.verify import verify
from tests.journal import desks as d

ROW = "0192e4a07c1e7b11a0a1a2a3a4a5a6a7"
ACT = "0192e4a07c1e7000800000000000000b"


def following(source: Store, body: dict[str, Any], side: dict[int, tuple[bytes, bytes]] | None = None) -> d.Parcel:
    """An act that another program would write next in the chain of `source`; its hash is right."""
    last: Act = d.acts_of(source, source.config.desk_id)[-1][0]
    act = replace(
        last, seq=last.seq + 1, act_id=new_id(d.EVENING + 1), kind="odd", prev=last.hash, body=chain.canonical(body)
    )
    return replace(act, hash=chain.act_hash(act)), side or {}


def change(**told: Any) -> dict[str, Any]:
    usual: dict[str, Any] = {"ledger": "people", "row": ROW, "set": {}}
    return usual | told


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Store]:
    with d.make(tmp_path / "source", 1) as store:
        d.add(store, "people", name="钱一")
        yield store


@pytest.fixture
def target(tmp_path: Path, source: Store) -> Iterator[Store]:
    with d.make(tmp_path / "target", 2) as store:
        assert d.deliver(source, store).applied
        yield store


@pytest.mark.parametrize("bases", [{}, {"bases": {"name": [ACT]}}], ids=["new", "again"])
@pytest.mark.parametrize(
    ("values", "ledger", "field"),
    [
        ({"age": "old"}, "people", "age"),
        ({"name": 7}, "people", "name"),
        ({"name": ["钱"]}, "people", "name"),
        ({"name": {"a": 1}}, "people", "name"),
        ({"manager": "zz"}, "places", "manager"),
        ({"manager": 5}, "places", "manager"),
        ({"_deleted": [ACT]}, "people", "_deleted"),
    ],
)
def test_a_value_that_no_column_holds_is_noted(
    source: Store, target: Store, values: dict[str, Any], ledger: str, field: str, bases: dict[str, Any]
) -> None:
    parcel = following(source, {"changes": [change(ledger=ledger, set=values, **bases)]})
    assert take_in(target, [parcel]).applied == 1
    assert d.ask(target, "SELECT reason FROM unprojected") == [(f"value {ledger}.{field}",)]
    assert d.ask(target, f"SELECT count(*) FROM {ledger} WHERE id = ?", bytes.fromhex(ROW)) == [(0,)]
    target.close()
    assert verify(target.home, d.FULL).ok


@pytest.mark.parametrize(
    "body",
    [
        {"changes": [change(row="zz" * 16)]},
        {"changes": [change(row="AB" * 16)]},
        {"changes": [change(row="ab")]},
        {"changes": [change(row=5)]},
        {"changes": [change(row=None, erase=1)]},
        {"changes": [change(ledger=["people"])]},
        {"changes": [change(set=[])]},
        {"changes": [change(bases=[])]},
        {"changes": [change(bases={"name": "x"})]},
        {"changes": [change(bases={"name": [7]})]},
        {"changes": [change(bases={"name": ["xyz"]})]},
        {"changes": [{"ledger": "people", "row": ROW}]},
        {"changes": {}, "numbers": [["log", "2026", 1]]},
        {"changes": [], "numbers": [["log", 2026]]},
        {"changes": [], "numbers": [[["log"], 2026, 1]]},
        {"changes": [], "numbers": 7},
        {"changes": [], "batch": {"id": "zz", "n": 1, "of": 1}},
        {"changes": [], "batch": {"id": ACT, "n": 1, "of": "all"}},
        {"changes": [], "batch": [1]},
        {"changes": "people"},
        {"changes": [7]},
    ],
)
def test_a_body_of_another_form_is_set_aside(source: Store, target: Store, body: dict[str, Any]) -> None:
    taken = take_in(target, [following(source, body)])
    assert (taken.applied, taken.quarantined) == (0, 1)
    ((reason,),) = d.ask(target, "SELECT reason FROM quarantine")
    assert reason in ("写法不规范", "内容无法读取")


@pytest.mark.parametrize(
    ("data", "phone", "home"),
    [
        (b'{"home":"here","phone":5}', None, "here"),
        (b"[1]", None, None),
        (b"{", None, None),
        (b"\xff", None, None),
        (b"[" * 100_000, None, None),
    ],
)
def test_of_personal_data_what_no_column_holds_is_left_out(
    source: Store, target: Store, data: bytes, phone: str | None, home: str | None
) -> None:
    salt = bytes(16)
    body = {"changes": [change(set={"name": "钱二"}, personal=chain.personal_hash(salt, data))]}
    assert take_in(target, [following(source, body, {0: (salt, data)})]).applied == 1
    assert d.ask(target, "SELECT name, phone, home FROM people WHERE id = ?", bytes.fromhex(ROW)) == [
        ("钱二", phone, home)
    ]


anything = st.recursive(
    st.none() | st.integers(-(2**70), 2**70) | st.sampled_from(["", "people", "log", ROW, ACT, "name", "zz", "钱"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["ledger", "row", "set", "bases", "erase", "personal", "name", "age", "_deleted", "id", "of"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)
changes = st.fixed_dictionaries(
    {"ledger": st.sampled_from(["people", "log", "places", "nothing"]) | anything, "row": st.just(ROW) | anything},
    optional={
        "set": st.dictionaries(st.sampled_from(["name", "age", "text", "_deleted", "manager"]), anything) | anything,
        "bases": st.dictionaries(st.sampled_from(["name", "age", "_deleted"]), st.just([ACT]) | anything) | anything,
        "erase": anything,
    },
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(
    body=st.fixed_dictionaries(
        {"changes": st.lists(changes, max_size=3) | anything},
        optional={"numbers": anything, "batch": anything},
    )
)
def test_nothing_in_a_body_stops_a_desk(source: Store, target: Store, body: dict[str, Any]) -> None:
    with d.quick_folder() as folder, d.make(folder, 3) as store:
        d.deliver(source, store)
        taken = take_in(store, [following(source, body)])
        assert taken.applied + taken.quarantined == 1
        assert d.ask(store, "SELECT count(*) FROM act WHERE kind = 'odd'") == [(taken.applied,)]
        digest = d.digest_of(store)
        store.rebuild()
        assert d.digest_of(store) == digest
