"""Shelters through the record: counts, states, totals from the rows, lines of the duty log."""

from __future__ import annotations

import pytest

from dutydesk.core.clock import MINUTE, FixedClock
from dutydesk.core.errors import Refused
from dutydesk.core.shorthand import GRACE
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Condition, Query
from dutydesk.shelters import service


def shelter(desk: Desk, name: str = "东示例小学", **values: object) -> bytes:
    return service.add(desk, {"name": name, "level": "COMMUNITY", "state": "READY", **values})


def texts(desk: Desk) -> list[str]:
    return [row.text("text") for row in desk.rows("log", order="happened_at")]


def test_people_come_and_go_and_the_log_tells_of_it(desk: Desk, places: dict[str, bytes]) -> None:
    place = shelter(desk, region=places["东示例街道"], usable_m2=300_00, capacity=100)
    service.count(desk, place, 46, needs="BEDDING,婴儿车", by="街道 张示例")
    service.count(desk, place, 0, 6)

    assert service.present(desk, place) == 40
    assert desk.get("shelters", place)["state"] == "OPEN"
    rows = desk.rows("log", order="happened_at")
    assert [row.text("text") for row in rows] == [
        "避灾安置 东示例街道东示例小学：启用、转入 46 人、需要被褥、婴儿车",
        "避灾安置 东示例街道东示例小学：转出 6 人",
    ]
    assert [row.text("handling") for row in rows] == ["现有 46 人", "现有 40 人"]
    assert {row.text("category") for row in rows} == {"RESPONSE"}
    assert {row.text("recorder") for row in rows} == {"李示例"}
    assert not [item for item in desk.open_items() if item.ledger == "log"], "nothing of these lines is left to fill in"


@pytest.mark.parametrize(
    ("arriving", "leaving", "field"), [(0, 0, "in"), (-1, 0, "in"), (0, 11, "out"), (5, 16, "out"), (0, -1, "out")]
)
def test_a_count_that_cannot_be_is_refused_and_nothing_is_written(
    desk: Desk, arriving: int, leaving: int, field: str
) -> None:
    place = shelter(desk)
    service.count(desk, place, 10)
    before = desk.store.position()
    with pytest.raises(Refused) as refused:
        service.count(desk, place, arriving, leaving)
    assert refused.value.problems[0].field == field
    assert desk.store.position() == before
    assert service.present(desk, place) == 10


def test_the_last_person_may_leave_and_no_more(desk: Desk) -> None:
    place = shelter(desk)
    service.count(desk, place, 10)
    service.count(desk, place, 0, 10)
    assert service.present(desk, place) == 0
    with pytest.raises(Refused):
        service.count(desk, place, 0, 1)


def test_a_time_that_has_not_come_and_too_many_special_people_are_refused(desk: Desk, clock: FixedClock) -> None:
    place = shelter(desk)
    service.count(desk, place, 1, at=clock.now() + GRACE)
    with pytest.raises(Refused, match="时间还没有到"):
        service.count(desk, place, 1, at=clock.now() + GRACE + MINUTE)
    with pytest.raises(Refused, match="特殊人群"):
        service.count(desk, place, 1, share=3)
    service.count(desk, place, 1, share=2)


def test_capacity_turns_open_into_full_and_back(desk: Desk) -> None:
    place = shelter(desk, usable_m2=30_00)  # 30 ㎡ at 3 ㎡ a person
    service.count(desk, place, 9)
    assert desk.get("shelters", place)["state"] == "OPEN"
    service.count(desk, place, 1)
    assert desk.get("shelters", place)["state"] == "FULL"
    service.count(desk, place, 0, 1)
    assert desk.get("shelters", place)["state"] == "OPEN"


def test_states_go_by_the_rules_and_opening_and_closing_are_told(desk: Desk) -> None:
    place = shelter(desk, state="UNUSABLE")
    with pytest.raises(Refused, match="待命"):
        service.set_state(desk, place, "OPEN")
    with pytest.raises(Refused, match="待命"):
        service.count(desk, place, 3)
    service.set_state(desk, place, "READY")
    service.set_state(desk, place, "OPEN")
    service.count(desk, place, 3)
    with pytest.raises(Refused, match="还有 3 人"):
        service.set_state(desk, place, "CLOSED")
    with pytest.raises(Refused, match="还有 3 人"):
        service.remove(desk, place)
    service.count(desk, place, 0, 3)
    service.set_state(desk, place, "CLOSED")
    assert service.set_state(desk, place, "CLOSED") is None
    assert texts(desk) == [
        "避灾安置 东示例小学：启用",
        "避灾安置 东示例小学：转入 3 人",
        "避灾安置 东示例小学：转出 3 人",
        "避灾安置 东示例小学：关闭",
    ]


def test_an_edit_without_a_state_tells_nothing(desk: Desk) -> None:
    place = shelter(desk)
    service.edit(desk, place, {"capacity": 80})
    assert texts(desk) == []


def test_two_shelters_of_one_name_and_region_are_refused(desk: Desk, places: dict[str, bytes]) -> None:
    shelter(desk, region=places["东示例街道"])
    shelter(desk, region=places["西示例街道"])
    with pytest.raises(Refused) as refused:
        shelter(desk, region=places["东示例街道"])
    assert refused.value.problems[0].field == "name"


def test_totals_are_computed_from_the_rows(desk: Desk) -> None:
    district = shelter(desk, "区中心", level="DISTRICT", area_m2=10_000_00, usable_m2=6_000_00, standardised=1)
    shelter(desk, "街道中心", level="SUBDISTRICT", area_m2=2_345_00, standardised=0)
    third = shelter(desk, "社区", level="COMMUNITY", area_m2=655_00)
    assert service.totals(desk).line == (
        "启用 0 处 0 人 · 共 3 处：区级 1、街道级 1、社区（村）级 1 · 1.30 万㎡ · 1 处规范化（33.33 %）"
    )

    service.edit(desk, third, {"level": "SUBDISTRICT", "area_m2": 3_655_00, "standardised": 1})
    service.count(desk, district, 214)
    assert service.totals(desk).line == (
        "启用 1 处 214 人 · 共 3 处：区级 1、街道级 2、社区（村）级 0 · 1.60 万㎡ · 2 处规范化（66.67 %）"
    )
    service.remove(desk, third)
    assert service.totals(desk).line.startswith(
        "启用 1 处 214 人 · 共 2 处：区级 1、街道级 1、社区（村）级 0 · 1.23 万㎡"
    )


def test_the_list_is_sorted_and_filtered_by_what_is_computed(desk: Desk, places: dict[str, bytes]) -> None:
    small = shelter(desk, "甲社区", region=places["东一社区"], capacity=10)
    large = shelter(desk, "乙街道", level="SUBDISTRICT", region=places["西示例街道"], capacity=100)
    quiet = shelter(desk, "丙区", level="DISTRICT", capacity=1000)
    service.count(desk, small, 8)
    service.count(desk, large, 20)

    def names(**asked: object) -> list[bytes]:
        return [row.id for row in service.listed(desk, Query("shelters", **asked))]  # pyright: ignore[reportArgumentType]

    assert names() == [large, small, quiet], "in use first, then by level"
    assert names(order="-now") == [large, small, quiet]
    assert names(order="-load") == [small, large, quiet]
    assert names(order="level") == [quiet, large, small], "in the order of the table, not of the codes"
    assert names(where=(Condition("load", ">", 50),)) == [small]
    assert names(search="乙街道") == [large]
    found = {row.id: row for row in service.listed(desk, Query("shelters"))}
    assert (found[small]["load"], found[large]["load"], found[quiet]["load"]) == (80, 20, None)


@pytest.mark.parametrize(
    ("inside", "room", "percent"), [(0, 10, 0), (1, 8, 13), (1, 9, 11), (10, 10, 100), (5, 0, None)]
)
def test_load_is_rounded_half_up(inside: int, room: int, percent: int | None) -> None:
    assert service.load_percent(inside, room) == percent


def test_board_and_hand_over_hear_of_open_shelters(desk: Desk) -> None:
    place = shelter(desk, capacity=10)
    shelter(desk, "另一处")
    assert [item for item in desk.open_items() if item.ledger == "shelters"] == []
    service.count(desk, place, 10)
    figures = desk.figures(0, 1)
    assert (figures["shelters.people_now"].value, figures["shelters.people_now"].unit) == ("1处 10", "人")
    assert figures["shelters.people_now"].label == "安置"
    assert figures["shelters.open"].value == 1
    (item,) = [item for item in desk.open_items() if item.ledger == "shelters"]
    assert (item.block, item.row, item.severity) == ("RESPONSES", place, 1)
    assert item.detail == "10 人，满载率 100 %"


def test_people_in_a_closed_shelter_are_asked_about(desk: Desk) -> None:
    place = shelter(desk)
    desk.act("shelter_counts.add", [desk.new("shelter_counts", {"shelter": place, "in": 4, "at": desk.clock.now()})])
    (item,) = [item for item in desk.open_items() if item.ledger == "shelters"]
    assert (item.severity, item.detail) == (2, "人数和状态对不上，请核对")


def test_the_command_line_adds_counts_by_the_same_rules(desk: Desk) -> None:
    place = shelter(desk)
    service.add_count(desk, {"shelter": place, "in": 5, "at": desk.clock.now()})
    assert service.present(desk, place) == 5
    with pytest.raises(Refused):
        service.add_count(desk, {"shelter": place, "out": 6})
    with pytest.raises(Refused):
        service.add_count(desk, {"in": 5})
