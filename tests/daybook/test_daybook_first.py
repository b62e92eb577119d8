"""The first rows of a starting window: the same as the list gives later, and none of a record that is not in order."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest

from dutydesk.core.clock import MINUTE, FixedClock
from dutydesk.daybook import cells, first, lists, service
from dutydesk.journal import headfile, recipe
from dutydesk.journal.desk import Desk
from dutydesk.journal.glance import glance
from dutydesk.journal.locks import DeskLock
from dutydesk.journal.rows import Query


@pytest.fixture
def told(desk: Desk, clock: FixedClock, incident: bytes) -> Desk:
    """A log with a correction, an answer, a follow-up, a deleted incident and more rows than a first look reads."""
    for n in range(first.NEWEST):
        clock.advance(MINUTE)
        service.add(desk, {"text": f"第{n}条", "category": "PATROL"})
    row = service.add(desk, {"text": "积水 #1", "category": "PHONE_IN"}, due="1600")
    service.amend(desk, row, {"text": "积水深 #1"}, "核实")
    service.answer(desk, row, {"text": "已退"})
    service.add(desk, {"text": "雨停", "happened_at": clock.now() - 9 * MINUTE}, incident=incident)
    return desk


def look(desk: Desk) -> first.FirstPages | None:
    return glance(desk.store.home, None, first.newest)


def test_the_first_rows_are_those_of_the_list(told: Desk) -> None:
    pages = look(told)
    assert pages is not None
    rows = list(pages.page(0))
    assert pages.count() == len(rows) == first.NEWEST
    assert rows == list(lists.LogPages(told, Query("log")).page(0))[: first.NEWEST]
    assert pages.page(1) == ()
    assert [pages.position(row.id) for row in rows[:3]] == [0, 1, 2]
    assert pages.position(b"?" * 16) is None


def test_marks_are_among_them(told: Desk) -> None:
    pages = look(told)
    assert pages is not None
    marks = {row.text("text"): cells.marks_of(row) for row in pages.page(0)}
    assert marks["雨停"].incident_no == "#0001"
    assert marks["积水深 #1"].amends is not None
    assert marks["已退"].answers is not None


def test_a_desk_without_entries_has_no_first_rows(desk: Desk) -> None:
    pages = look(desk)
    assert pages is not None
    assert pages.count() == len(lists.LogPages(desk, Query("log")).page(0))


def test_what_is_committed_and_not_yet_carried_over_is_seen(told: Desk) -> None:
    assert headfile.wal_length(told.store.home.database) > 0
    made = service.add(told, {"text": "刚记下的一条"})
    pages = look(told)
    assert pages is not None
    assert pages.page(0)[0].id == made.id


def test_looking_writes_nothing(told: Desk) -> None:
    home = told.store.home
    told.store.close()
    before = {path.name: path.read_bytes() for path in home.root.iterdir() if path.is_file()}
    assert look(told) is not None
    after = {path.name: path.read_bytes() for path in home.root.iterdir() if path.is_file()}
    for name in ("desk.sqlite", "desk.head", "desk.toml"):
        assert after[name] == before[name]


# -- where it says nothing, because opening the desk has to say it -----------------------------------------------------


def test_nothing_is_shown_where_acts_are_missing(told: Desk) -> None:
    home = told.store.home
    head = headfile.read(home.head)
    assert head is not None
    told.store.close()
    file = headfile.HeadFile(home.head)
    file.write(dataclasses.replace(head, seq=head.seq + 1, clean=True, salt=bytes(8)))
    file.close()
    assert look(told) is None


def test_nothing_is_shown_beside_a_foreign_wal(told: Desk) -> None:
    home = told.store.home
    told.store.close()
    Path(f"{home.database}-wal").write_bytes(os.urandom(4_096))
    assert look(told) is None


@pytest.mark.parametrize("content", [b"", b"this is no database at all......" * 200])
def test_nothing_is_shown_of_a_damaged_file(told: Desk, content: bytes) -> None:
    told.store.close()
    told.store.home.database.write_bytes(content)
    assert look(told) is None


def test_nothing_is_shown_without_desk_head(told: Desk) -> None:
    told.store.close()
    told.store.home.head.unlink()
    assert look(told) is None


@pytest.mark.parametrize(
    "statement", ["PRAGMA user_version = 999", "INSERT INTO open_batch VALUES (x'00', 2, 1)", "DROP TABLE log"]
)
def test_nothing_is_shown_of_another_version_or_a_half_import(told: Desk, statement: str) -> None:
    home = told.store.home
    told.store.close()
    raw = recipe.connect(home.database)
    raw.execute(statement)
    raw.close()
    assert look(told) is None


def test_nothing_is_shown_while_the_record_is_being_restored(told: Desk) -> None:
    home = told.store.home
    told.store.close()
    held = DeskLock(home.lock, exclusive=True)
    try:
        assert look(told) is None
    finally:
        held.release()
    assert look(told) is not None


def test_a_wrong_key_shows_nothing(told: Desk) -> None:
    told.store.close()
    assert glance(told.store.home, b"k" * 32, first.newest) is None
