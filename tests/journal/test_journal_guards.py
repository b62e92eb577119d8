"""The triggers on `act`: each is tried, by every statement that could get around it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dutydesk.core.ids import new_id
from dutydesk.journal import recipe
from dutydesk.journal.store import ACT_COLUMNS, INSERT_ACT, Store
from tests.journal import desks as d

COLUMNS = ACT_COLUMNS.split(", ")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with d.make(tmp_path / "desk") as made:
        d.add(made, "people", name="钱一")
        d.add(made, "people", name="孙二")
        yield made


def last(store: Store) -> dict[str, Any]:
    """The newest act, by column."""
    return dict(zip(COLUMNS, d.ask(store, f"SELECT {ACT_COLUMNS} FROM act ORDER BY arrival DESC")[0], strict=True))


def following(store: Store, **changed: Any) -> list[Any]:
    """An act that would be the next one, but for `changed`."""
    newest = last(store)
    made = {
        **newest,
        "seq": newest["seq"] + 1,
        "act_id": new_id(1),
        "prev": newest["hash"],
        "hash": b"h" * 32,
        **changed,
    }
    return [made[name] for name in COLUMNS]


def check_refused(store: Store, sql: str, values: Any = (), match: str = ".") -> None:
    assert store._raw is not None
    before = d.ask(store, "SELECT * FROM act ORDER BY arrival")
    with pytest.raises(recipe.driver().IntegrityError, match=match):
        store._raw.execute(sql, values)
    assert d.ask(store, "SELECT * FROM act ORDER BY arrival") == before


def test_the_act_that_follows_is_taken(store: Store) -> None:
    assert store._raw is not None
    store._raw.execute(INSERT_ACT, following(store))
    assert d.ask(store, "SELECT count(*) FROM act") == [(4,)]


@pytest.mark.parametrize("column", [*COLUMNS, "arrival"])
def test_no_update(store: Store, column: str) -> None:
    check_refused(store, f"UPDATE act SET {column} = {column} WHERE seq = 2", match="never altered")
    check_refused(store, f"UPDATE OR REPLACE act SET {column} = {column}", match="never altered")
    check_refused(store, f"UPDATE OR IGNORE act SET {column} = {column}", match="never altered")


def test_no_delete(store: Store) -> None:
    check_refused(store, "DELETE FROM act", match="never removed")
    check_refused(store, "DELETE FROM act WHERE seq = 3", match="never removed")
    check_refused(store, "DELETE FROM act WHERE seq = 3 RETURNING seq", match="never removed")


@pytest.mark.parametrize("verb", ["INSERT", "INSERT OR REPLACE", "REPLACE", "INSERT OR IGNORE"])
@pytest.mark.parametrize("what", ["act_id", "place", "arrival"])
def test_no_replace(store: Store, verb: str, what: str) -> None:
    """Not by id, not by place in the chain, not by the local order of arrival."""
    newest = last(store)
    if what == "act_id":
        values = following(store, act_id=newest["act_id"])
    elif what == "place":
        values = following(store, seq=newest["seq"], prev=newest["prev"])
    else:
        values = following(store)
    columns = ACT_COLUMNS
    if what == "arrival":
        columns, values = f"{ACT_COLUMNS}, arrival", [*values, 2]
    places = ", ".join("?" * len(values))
    check_refused(store, f"{verb} INTO act ({columns}) VALUES ({places})", values, match="never replaced")


def test_no_replace_by_upsert(store: Store) -> None:
    values = following(store, act_id=last(store)["act_id"])
    check_refused(store, INSERT_ACT + " ON CONFLICT (act_id) DO UPDATE SET body = x'7b7d'", values)


def test_no_delete_by_replace_without_the_insert_guard(store: Store) -> None:
    """recursive_triggers is on: REPLACE runs into the guard against deleting too."""
    assert store._raw is not None
    store._raw.execute("DROP TRIGGER act_guard")
    check_refused(
        store, INSERT_ACT.replace("INSERT", "INSERT OR REPLACE"), following(store, seq=3), match="never removed"
    )


def test_no_gap(store: Store) -> None:
    check_refused(store, INSERT_ACT, following(store, seq=last(store)["seq"] + 2), match="gap")


def test_no_wrong_link(store: Store) -> None:
    check_refused(store, INSERT_ACT, following(store, prev=b"w" * 32), match="wrong link")
    check_refused(store, INSERT_ACT, following(store, prev=last(store)["prev"]), match="wrong link")


def test_no_link_into_another_epoch(store: Store) -> None:
    check_refused(store, INSERT_ACT, following(store, epoch=2), match="wrong link")
    check_refused(store, INSERT_ACT, following(store, desk=b"o" * 16), match="wrong link")


def test_an_epoch_begins_with_its_opening(store: Store) -> None:
    check_refused(store, INSERT_ACT, following(store, epoch=2, seq=1, kind="log.add"), match="epoch.open")


def test_an_epoch_is_not_opened_later(store: Store) -> None:
    check_refused(store, INSERT_ACT, following(store, kind="epoch.open"), match="epoch.open")


@pytest.mark.parametrize(
    "changed",
    [
        {"desk": b"short"},
        {"epoch": 0, "seq": 1, "kind": "epoch.open"},
        {"seq": 0},
        {"act_id": b"x" * 17},
        {"prev": b"p"},
        {"hash": b"h"},
        {"body": None},
        {"body": "text"},
        {"by": None},
        {"hlc": "late"},
        {"seq": 2.5},
    ],
    ids=repr,
)
def test_no_act_of_another_shape(store: Store, changed: dict[str, Any]) -> None:
    check_refused(store, INSERT_ACT, following(store, **changed))


def test_an_act_is_not_opened_by_hand(store: Store) -> None:
    """`act("epoch.open")` runs into the guard and leaves nothing behind."""
    before = d.digest_of(store), store.position()
    with pytest.raises(Exception, match=r"epoch\.open"):
        store.act("epoch.open", [d.new("people", {"name": "李三"})], by="cli")
    assert (d.digest_of(store), store.position()) == before
