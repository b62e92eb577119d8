"""Equipment and keys are handed over by the unit's own list; a sheet that is not on paper is reminded of for as long as
the unit says."""

from __future__ import annotations

import pytest

from dutydesk.admin.known import settings_of
from dutydesk.core.clock import DAY, FixedClock
from dutydesk.core.errors import Refused
from dutydesk.journal.desk import Desk
from dutydesk.shifts import handover, pending, service
from dutydesk.shifts.report import draw
from dutydesk.shifts.service import Tick
from tests.shifts.handing import KEY, two_crews


def put(desk: Desk, key: str, value: str) -> None:
    desk.act(
        "settings.add", [desk.new("settings", {"key": key, "value": value, "source": "测试", "date": "2026-06-01"})]
    )


def test_the_unit_has_its_own_list(desk: Desk, clock: FixedClock, crew: dict[str, bytes]) -> None:
    hands = two_crews(desk, clock, crew)
    assert [tick.label for tick in service.equipment_of("", service.names_here(desk))][:2] == ["值班电话", "传真机"]
    put(desk, "handover.equipment", "值班电话、档案室钥匙， 冲锋舟钥匙")
    assert service.names_here(desk) == ("值班电话", "档案室钥匙", "冲锋舟钥匙")
    assert service.equipment_of("√ 冲锋舟钥匙", service.names_here(desk)) == [
        Tick("PHONE", "值班电话"),
        Tick("", "档案室钥匙"),
        Tick("", "冲锋舟钥匙", ok=True),
    ]
    handover.prepare(desk, KEY)
    with pytest.raises(Refused, match="设备清点"):
        handover.sign_out(desk, KEY, hands.giving["primary"])
    ticks = [Tick("", name, ok=True) for name in service.names_here(desk)]
    service.save_equipment(desk, KEY, ticks)
    assert draw(desk, shift=KEY)[0].missing == []
    handover.sign_out(desk, KEY, hands.giving["primary"])


def test_a_sheet_is_reminded_of_as_long_as_the_unit_says(desk: Desk, clock: FixedClock, crew: dict[str, bytes]) -> None:
    hands = two_crews(desk, clock, crew)
    handover.prepare(desk, KEY)
    handover.sign_out(desk, KEY, hands.giving["primary"])
    handover.take(desk, KEY, hands.taking["primary"])
    clock.at += 30 * DAY
    assert pending.unprinted_sheets(desk) == [KEY]
    put(desk, "handover.paper_days", "20")
    assert pending.unprinted_sheets(desk) == []
    put(desk, "handover.paper_days", "0")
    assert pending.unprinted_sheets(desk) == [KEY], "a number that means nothing changes nothing"


def test_both_are_settings_with_what_holds(desk: Desk) -> None:
    held = {one.known.key: one for one in settings_of(desk)}
    assert held["handover.equipment"].value.endswith("车辆、钥匙、专线网络")
    assert held["handover.paper_days"].value == "31"
