"""A desk with people in its book, cheap hashes, and a way to let one of them administer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dutydesk.accounts import service
from dutydesk.accounts.guard import Guard
from dutydesk.core.clock import FixedClock, parse_iso
from dutydesk.core.ids import CLI
from dutydesk.journal.desk import Desk
from tests.desks import a_desk

AT = parse_iso("2026-06-18 22:00")
PINS = {"示例甲": "271828", "示例乙": "314159", "示例丙": "161803", "示例丁": "577215", "示例戊": "693147"}
"""Everybody's PIN here; made-up people."""


@pytest.fixture
def clock() -> FixedClock:
    """2026-06-18 22:00 +08:00."""
    return FixedClock(AT)


@pytest.fixture
def desk(tmp_path: Path, clock: FixedClock) -> Iterator[Desk]:
    """A desk with five people and no account; Argon2 as cheap as the bounds allow."""
    with a_desk(tmp_path / "desk", clock, name="值班一席") as made:
        made.act("people.import", [made.new("people", {"name": name, "kind": "PERSON"}) for name in PINS])
        made.act(
            "settings.add",
            [
                made.new("settings", {"key": f"account.argon2_{name}", "value": value, "source": "测试"})
                for name, value in (("time", "1"), ("memory_kib", "8192"))
            ],
        )
        made.store.guard = Guard(made)
        yield made


@pytest.fixture
def person(desk: Desk) -> Callable[[str], bytes]:
    """The id of somebody by name."""

    def find(name: str) -> bytes:
        return desk.resolve("people", name)

    return find


@pytest.fixture
def staffed(desk: Desk, person: Callable[[str], bytes]) -> Desk:
    """Accounts in force: 甲 administers, 乙 is an officer, 丙 a leader, 丁 an auditor; 戊 has none. Nobody sits there."""
    first = person("示例甲")
    service.enrol(desk, first, PINS["示例甲"])
    service.sign_in(desk, first, PINS["示例甲"])
    for name, role in (("示例乙", "OFFICER"), ("示例丙", "LEADER"), ("示例丁", "AUDITOR")):
        service.add(desk, person(name), role)
        service.enrol(desk, person(name), PINS[name])
    service.sign_out(desk)
    assert desk.me.id == CLI
    return desk
