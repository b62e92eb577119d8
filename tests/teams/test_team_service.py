"""Teams: totals, what they are doing and where, lines of the duty log, form TEAM."""

from __future__ import annotations

import pytest

from dutydesk.core.errors import Refused
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Query
from dutydesk.teams import report, service
from tests.plaindesk import text_of


def team(desk: Desk, name: str = "示例排水队", **values: object) -> bytes:
    return service.add(
        desk, {"name": name, "kind": "FLOOD", "strength": 60, "vehicles": 5, "status": "READY", **values}
    )


def told(desk: Desk) -> list[tuple[str, str]]:
    return [(row.text("text"), row.text("handling")) for row in desk.rows("log", order="no")]


def test_going_out_and_coming_back_are_told(desk: Desk) -> None:
    one = team(desk)
    service.set_status(desk, one, "OUT", "示例隧道")
    service.set_status(desk, one, "FORWARD", "示例泵站")
    service.set_status(desk, one, "READY")
    service.set_status(desk, one, "REST")
    assert told(desk) == [
        ("救援队伍 示例排水队：出动，示例隧道", "60 人、车辆 5 辆"),
        ("救援队伍 示例排水队：前置，示例泵站", "60 人、车辆 5 辆"),
        ("救援队伍 示例排水队：备勤", "60 人、车辆 5 辆"),
    ], "from stand-by to rest is no matter of the log"
    assert desk.get("teams", one)["place"] is None


def test_a_team_that_is_out_and_goes_elsewhere_is_told(desk: Desk) -> None:
    one = team(desk)
    service.set_status(desk, one, "OUT", "甲")
    assert service.set_status(desk, one, "OUT", "甲") is None
    service.edit(desk, one, {"place": "乙"})
    service.edit(desk, one, {"equipment": "泵车5台"})
    assert [text for text, _handling in told(desk)] == [
        "救援队伍 示例排水队：出动，甲",
        "救援队伍 示例排水队：出动，乙",
    ]


def test_where_to_must_be_known(desk: Desk) -> None:
    one = team(desk)
    for status in service.AWAY:
        with pytest.raises(Refused) as refused:
            service.set_status(desk, one, status, " ")
        assert refused.value.problems[0].field == "place"
    with pytest.raises(Refused):
        service.set_status(desk, one, "FLYING")
    assert desk.count("log") == 0


def test_totals_board_and_hand_over(desk: Desk) -> None:
    one = team(desk)
    team(desk, "示例消防队", kind="FIRE_PRO", strength=48, vehicles=None)
    team(desk, "未归类", kind=None, strength=None)
    service.set_status(desk, one, "OUT", "示例隧道")
    totals = service.totals(desk)
    assert totals.line == "3 支 108 人 · 出动前置 1 支 60 人"
    assert totals.kinds_text == "专业消防 1 支 48 人、防汛 1 支 60 人、未分类 1 支 0 人"
    assert desk.figures(0, 1)["teams.away"].value == 1
    (item,) = [item for item in desk.open_items() if item.ledger == "teams"]
    assert (item.block, item.title, item.detail) == ("RESPONSES", "队伍出动 示例排水队", "60 人 示例隧道")
    assert service.listed(desk, Query("teams"))[0].id == one


def test_two_teams_of_a_name_are_refused(desk: Desk) -> None:
    team(desk)
    with pytest.raises(Refused):
        team(desk)


def test_the_print_sums_by_kind_and_follows_the_rows(desk: Desk) -> None:
    one = team(desk, phone="19900001234", leader="钱示例")
    team(desk, "示例二队", strength=20, vehicles=None)
    text = text_of(report.team(desk))
    assert "小计2支805" in text
    assert "合计2支805" in text
    assert "2支80人" in text
    assert "199****1234" in text
    assert "19900001234" not in text
    service.edit(desk, one, {"strength": 61})
    assert "合计2支815" in text_of(report.team(desk))
