"""How sync stands: silence is an alarm, failures are said, the figure is on board and sheet."""

from __future__ import annotations

import pytest

from dutydesk.core.clock import DAY, HOUR, MINUTE
from dutydesk.core.errors import Unavailable
from dutydesk.journal import peers
from dutydesk.journal.desk import Desk
from dutydesk.journal.inbox import take_in
from dutydesk.ledger.feature import OpenItem
from dutydesk.shifts import report
from dutydesk.sync import bundlekeys, planning
from dutydesk.transfer import standing
from tests.desks import a_desk
from tests.journal import desks as d
from tests.shifts.test_p01 import flat
from tests.sync.fleet import Fleet


def items(desk: Desk) -> list[OpenItem]:
    with desk.store.read() as connection:
        return list(standing.open_items(connection, desk.clock.now()))


def health(desk: Desk) -> tuple[str, int]:
    figure = desk.figures(desk.clock.now() - DAY, desk.clock.now() + 1)["sync.health"]
    return str(figure.value), figure.severity


def test_a_desk_without_a_hub_says_that_it_belongs_to_none(fleet: Fleet) -> None:
    store = fleet.add(2, enrol=False)
    with store.read() as connection:
        assert standing.open_items(connection, store.clock.now()) == ()
        (figure,) = standing.figures(connection, store.clock.now())
    assert (figure.name, figure.value, figure.severity) == ("sync.health", "未接入", 0)


def test_silence_is_an_alarm_from_its_first_minute_on(desk: Desk, fleet: Fleet) -> None:
    clock = fleet.clocks[1]
    assert items(desk) == []
    assert health(desk) == ("从未", 0)
    clock.advance(26 * HOUR)
    assert items(desk) == []
    clock.advance(MINUTE)
    (item,) = items(desk)
    assert (item.block, item.severity, item.ledger) == ("EQUIPMENT", 2, "sync"), "and it leads to the pane"
    assert "还没有同步成功过" in item.title
    assert item.due_at == clock.at - MINUTE
    assert health(desk)[1] == 2
    planning.go(desk)
    assert items(desk) == []
    assert health(desk)[1] == 0
    clock.advance(27 * HOUR)
    (item,) = items(desk)
    assert item.title == "已有 27 小时没有同步成功"
    row = {"key": "sync.silence", "value": "48", "source": "示例", "place": "示例区", "date": "2026"}
    desk.act("settings.add", [desk.new("settings", row)])
    assert items(desk) == []


def test_another_desk_of_the_district_that_is_silent_is_named(desk: Desk, fleet: Fleet) -> None:
    clock = fleet.clocks[1]
    for n, district in ((2, "330102"), (3, "330105")):
        fleet.add(n, name=f"{n} 号席", district=district)
        fleet.clocks[n].at = clock.at
        fleet.write(n, "从那里来")
        fleet.sync(n)
        store = fleet.stores[str(n)]
        take_in(desk.store, d.acts_of(store, store.config.desk_id))
    planning.go(desk)
    clock.advance(52 * HOUR)
    planning.go(desk)
    assert items(desk) == []
    clock.advance(HOUR)
    (item,) = items(desk)
    assert (item.title, item.severity, item.due_at) == ("D2 2 号席 已有 2 天没有消息", 1, None)
    assert "请打电话问" in item.detail
    bundlekeys.revoke(desk.store, {fleet.stores["2"].config.desk_id: {1: 2}})
    assert items(desk) == [], "a desk that was shut out is nobody's alarm"
    bundlekeys.restore(desk.store, fleet.stores["2"].config.desk_id)
    clock.advance(30 * DAY)
    planning.go(desk)
    assert items(desk) == [], "nor one that was put away"


def test_a_failure_is_said_with_its_reason_until_a_run_succeeds(desk: Desk, fleet: Fleet) -> None:
    planning.go(desk)
    fleet.server.crash()
    try:
        for _n in range(2):
            with pytest.raises(Unavailable):
                planning.go(desk)
    finally:
        fleet.server.start()
    (item,) = items(desk)
    assert item.title == "同步失败 2 次"
    assert "连不上中心库" in item.detail
    assert "失败2次" in health(desk)[0]
    planning.go(desk)
    assert items(desk) == []


def test_what_is_not_delivered_is_counted_without_asking_the_hub(desk: Desk) -> None:
    planning.go(desk)
    # the run itself leaves an entry in the audit
    before = standing.overview(desk).waiting
    desk.act("regions.add", [desk.new("regions", {"code": "330102", "name": "示例区", "level": "DISTRICT"})])
    seen = standing.overview(desk)
    assert seen.waiting == before + 1
    assert "待传" not in health(desk)[0], "by day that is as it should be"
    number = peers.begin_run(desk.store, "sync")
    peers.end_run(desk.store, number, peers.FAILED, {"error": "连不上"})
    assert f"待传{before + 1}" in health(desk)[0]
    (line,) = seen.peers
    assert f"待传 {before + 1} 条" in line.more
    planning.go(desk)
    assert standing.overview(desk).waiting == 0


def test_the_overview_tells_what_came_and_from_whom(desk: Desk, fleet: Fleet) -> None:
    fleet.add(2, name="二号席")
    for n in range(3):
        fleet.write(2, f"第 {n} 条")
    fleet.sync(2)
    planning.go(desk)
    (line,) = standing.overview(desk).came
    assert (line.what, line.more) == ("D2 二号席", "4 条")  # three entries and the epoch's first act
    assert standing.overview(desk).hub.startswith("127.0.0.1:")
    assert [run.what for run in standing.overview(desk).runs] == ["成功"]


def test_a_missed_night_and_a_stopped_run_are_told_apart(desk: Desk, fleet: Fleet) -> None:
    planning.note_missed(desk.store, desk.clock.now() - DAY)
    number = peers.begin_run(desk.store, "sync")
    peers.end_run(desk.store, number, peers.STOPPED, {"error": "已中断"})
    runs = standing.overview(desk).runs
    assert [run.what for run in runs] == ["中断", "错过"]
    assert all(run.bad for run in runs)


def test_no_feature_asks_a_desk_without_a_hub_for_more_than_a_moment(tmp_path: object) -> None:
    from pathlib import Path

    from dutydesk.core.clock import FixedClock, parse_iso

    assert isinstance(tmp_path, Path)
    with a_desk(tmp_path / "desk", FixedClock(parse_iso("2026-06-18 22:00"))) as desk:
        seen = standing.overview(desk)
    assert seen.past is None
    assert (seen.hub, seen.waiting, list(seen.runs)) == ("", 0, [])


def test_block_6_of_the_sheet_always_says_how_sync_stands(desk: Desk) -> None:
    def block() -> str:
        return flat(report.p01(desk)).split("六、设备环境")[1].split("附一")[0]

    assert "同步从未" in block()
    planning.go(desk)
    assert f"同步{standing.moment(desk.clock.now(), desk.clock.now())}" in block()
    number = peers.begin_run(desk.store, "sync")
    peers.end_run(desk.store, number, peers.FAILED, {"error": "连不上中心库"})
    assert "失败1次" in block()
