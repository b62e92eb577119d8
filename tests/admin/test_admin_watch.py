"""What copies, the drill and the disk ask of people."""

from __future__ import annotations

import os
import shutil
from typing import Any, NamedTuple

import pytest

from dutydesk.admin import watch
from dutydesk.core.clock import DAY, HOUR, FixedClock
from dutydesk.journal import ballast
from dutydesk.journal.desk import Desk
from dutydesk.sync import rehearsal, snapshots
from tests import tally

FULL = os.environ.get("DUTYDESK_FAULTS") == "full"


class Room(NamedTuple):
    total: int
    used: int
    free: int


def items(desk: Desk) -> list[tuple[str, str]]:
    with desk.store.read() as connection:
        return [(item.title, item.detail) for item in watch.open_items(connection, desk.clock.now())]


def copied(desk: Desk, **more: Any) -> None:
    snapshots.note(desk.store, {"at": desk.clock.now(), "file": "desk-x.sqlite", "acts": 1, **more})


def test_a_desk_that_never_made_a_copy_is_not_nagged(desk: Desk) -> None:
    assert items(desk) == []


def test_a_copy_that_failed_is_open_until_one_is_made(desk: Desk, clock: FixedClock) -> None:
    copied(desk)
    snapshots.note(desk.store, {"error": "磁盘已满，备份没有写成"})
    assert items(desk) == [("备份没有做成", "磁盘已满，备份没有写成")]
    copied(desk)
    assert items(desk) == []
    clock.advance(3 * HOUR)
    assert items(desk) == []
    clock.advance(HOUR)
    assert items(desk) == [("4 小时没有备份了", "")]


def test_the_second_place_is_open_until_it_is_reached(desk: Desk) -> None:
    copied(desk, second_error="第二备份没有写成（/mnt/x）：没有插好")
    assert items(desk) == [("第二备份没有送到", "第二备份没有写成（/mnt/x）：没有插好")]
    snapshots.note_second(desk.store, "desk-x.sqlite.age", "")
    assert items(desk) == []


def test_a_drill_is_due_after_two_weeks_and_open_when_it_failed(desk: Desk, clock: FixedClock) -> None:
    snapshots.note(desk.store, {"at": clock.now()})
    clock.advance(14 * DAY)
    copied(desk)
    assert items(desk) == []
    clock.advance(1)
    assert items(desk) == [("14 天没有做恢复演练", "")]
    rehearsal.note(desk.store, {"error": "备份与现在的台账不一致"})
    assert items(desk) == [("恢复演练没有通过", "备份与现在的台账不一致")]
    rehearsal.note(desk.store, {"file": "desk-x.sqlite", "acts": 12, "seconds": 1.5})
    assert items(desk) == []
    with desk.store.read() as connection:
        assert watch.last_drill(connection) == "通过：desk-x.sqlite，12 次操作，1.5 秒恢复"


def test_a_disk_that_fills_up_is_said_before_it_is_full(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Room(10**12, 0, ballast.LITTLE_ROOM))
    assert items(desk) == []
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Room(10**12, 0, 199 * 2**20))
    told = items(desk)
    assert told[0][0] == "磁盘只剩 199 MB，请腾出空间"
    assert "已经让出" in told[0][1]
    (desk.store.home.root / ballast.NAME).write_bytes(b"x")
    assert items(desk)[0][1] == ""


def figures(desk: Desk) -> dict[str, tuple[object, int]]:
    return {
        name: (figure.value, figure.severity)
        for name, figure in desk.figures(0, desk.clock.now()).items()
        if name in (watch.DRILL, watch.ROOM)
    }


def test_the_board_says_how_the_drill_went(desk: Desk, clock: FixedClock) -> None:
    assert figures(desk) == {}
    snapshots.note(desk.store, {"at": clock.now()})
    clock.advance(15 * DAY)
    assert figures(desk) == {watch.DRILL: ("15天没做", 2)}
    rehearsal.note(desk.store, {"file": "desk-x.sqlite", "acts": 12, "seconds": 1.5})
    passed = figures(desk)[watch.DRILL]
    assert str(passed[0]).endswith(" ✓")
    assert passed[1] == 0
    rehearsal.note(desk.store, {"error": "备份与现在的台账不一致"})
    assert figures(desk) == {watch.DRILL: ("没通过", 2)}
    rehearsal.note(desk.store, {"file": "desk-x.sqlite", "acts": 12, "seconds": 1.5})
    clock.advance(14 * DAY + 1)
    assert figures(desk) == {watch.DRILL: ("14天没做", 2)}


@pytest.mark.parametrize(
    ("left", "told", "open_"),
    [(501, None, 0), (500, None, 0), (499, ("剩 499 MB", 1), 0), (199, ("剩 199 MB", 2), 1), (0, ("剩 0 MB", 2), 1)],
)
def test_room_on_the_board_before_it_is_an_open_item(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, left: int, told: tuple[str, int] | None, open_: int
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Room(10**12, 0, left * 2**20))
    assert figures(desk).get(watch.ROOM) == told
    assert len(items(desk)) == open_


def test_a_reader_that_never_ends_is_said(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """F30: the `-wal` cannot be carried over while somebody reads an old state; afterwards it is."""
    saves = 20_000 if FULL else 300
    if not FULL:
        monkeypatch.setattr(watch, "LONG_WAL", 2 * 2**20)
    with desk.store.read() as reader:
        reader.exec_driver_sql("SELECT count(*) FROM act").scalar_one()
        for n in range(saves):
            values = {"happened_at": n, "recorded_at": n, "category": "OTHER", "text": f"{n}" + "水" * 2_000}
            desk.act("log.add", [desk.new("log", values)])
        assert "长时间占着数据库" in items(desk)[0][0]
        tally.tell("F30", saves=saves, wal_mb=watch.wal_length(desk.store.home.database) / 2**20)
    desk.store.tidy.keep()
    desk.store.tidy.work()
    desk.act("log.add", [desk.new("log", {"happened_at": 1, "recorded_at": 1, "category": "OTHER", "text": "后来"})])
    assert desk.store._raw is not None
    busy, _frames, _carried = desk.store._raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    assert busy == 0
    assert items(desk) == []
