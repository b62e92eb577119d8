"""What the status board and the hand-over sheet are told about accounts."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from dutydesk.accounts import service
from dutydesk.core.clock import HOUR, MINUTE, FixedClock
from dutydesk.core.errors import Refused
from dutydesk.journal.desk import Desk
from tests.accounts.conftest import AT, PINS


def titles(desk: Desk) -> list[str]:
    return [item.title for item in desk.open_items() if item.ledger == "accounts"]


def man(desk: Desk, person: Callable[[str], bytes]) -> None:
    crew = {"leader": person("示例丙"), "primary": person("示例乙"), "secondary": person("示例戊")}
    times = {"starts_at": AT - HOUR, "ends_at": AT + HOUR}
    desk.act("shift.add", [desk.new("shifts", {"date": "2026-06-18", "code": "H24", **times, **crew})])
    slot = {"date": "2026-06-18", "shift": "H24", "post": "SECONDARY", "slot": 2, "person": person("示例丁")}
    desk.act("roster.edit", [desk.new("assignments", slot)])


def test_who_stands_the_shift_and_cannot_sign_in(desk: Desk, person: Callable[[str], bytes]) -> None:
    man(desk, person)
    assert titles(desk) == [], "nothing is asked of anyone before accounts are in force"
    service.enrol(desk, person("示例甲"), PINS["示例甲"])
    service.sign_in(desk, person("示例甲"), PINS["示例甲"])
    service.add(desk, person("示例乙"), "OFFICER")
    service.enrol(desk, person("示例乙"), PINS["示例乙"])
    service.add(desk, person("示例丁"), "OFFICER")
    assert sorted(titles(desk)) == ["示例丁还没有在这台工作站设置口令", "示例丙还没有账号", "示例戊还没有账号"]
    assert service.crew(desk, AT) == [person(name) for name in ("示例乙", "示例戊", "示例丙", "示例丁")]
    assert service.crew(desk, AT + HOUR) == []


def test_a_locked_account_until_it_is_open_again(
    staffed: Desk, person: Callable[[str], bytes], clock: FixedClock
) -> None:
    for _n in range(5):
        with pytest.raises(Refused):
            service.verify(staffed, person("示例乙"), "000111")
    assert titles(staffed) == ["示例乙的账号已锁定"]
    (item,) = [item for item in staffed.open_items() if item.ledger == "accounts"]
    assert item.detail == "连续输错口令，锁到 22:15，值班一席"
    clock.at = AT + 15 * MINUTE
    assert titles(staffed) == []
    clock.at = AT + 14 * MINUTE
    assert titles(staffed) == ["示例乙的账号已锁定"]
    two = (person("示例甲"), PINS["示例甲"]), (person("示例丙"), PINS["示例丙"])
    service.reset(staffed, person("示例乙"), "602214", *two)
    assert titles(staffed) == []
