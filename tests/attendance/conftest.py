"""A desk with an invented crew and three streets, at 08:20 of a summer morning, ten minutes before the shift."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dutydesk.core.clock import FixedClock, parse_iso
from dutydesk.journal.desk import Desk, Me
from tests.desks import a_desk
from tests.plaindesk import window

__all__ = ("window",)
START = parse_iso("2026-06-18 08:30")
NAMES = {"LEADER": "王示例", "PRIMARY": "李示例", "SECONDARY": "赵示例", "OTHER": "钱示例"}


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(START - 10 * 60_000)


@pytest.fixture
def desk(tmp_path: Path, clock: FixedClock) -> Iterator[Desk]:
    with a_desk(tmp_path / "desk", clock, Me(name="李示例"), desk="3f" * 16, name="一号席") as made:
        yield made


@pytest.fixture
def people(desk: Desk) -> dict[str, bytes]:
    """Four people, three of them by post; the primary's number."""
    changes = [desk.new("people", {"name": name, "kind": "PERSON"}) for name in NAMES.values()]
    number = desk.new("numbers", {"person": changes[1].row, "order": 1, "kind": "MOBILE", "number": "13900000001"})
    desk.act("people.import", [*changes, number])
    return {post: change.row for post, change in zip(NAMES, changes, strict=True)}


@pytest.fixture
def shift(desk: Desk, people: dict[str, bytes]) -> bytes:
    """The shift of 2026-06-18 with its crew, the one before with the same crew."""
    rows = []
    for day, start in (("2026-06-17", START - 86_400_000), ("2026-06-18", START)):
        values = {"date": day, "code": "H24", "starts_at": start, "ends_at": start + 86_400_000}
        crew = {"leader": people["LEADER"], "primary": people["PRIMARY"], "secondary": people["SECONDARY"]}
        rows.append(desk.new("shifts", {**values, **(crew if day == "2026-06-18" else {})}))
    desk.act("shifts.import", rows)
    return rows[1].row


@pytest.fixture
def streets(desk: Desk) -> dict[str, bytes]:
    """Three streets with their duty telephones, and this desk's own unit."""
    region = desk.new("regions", {"code": "330102001", "name": "东示例街道", "level": "SUBDISTRICT"})
    units = [
        desk.new("units", {"name": name, "duty_phone": phone, "region": region.row if street else None})
        for name, phone, street in (
            ("东示例街道办事处", "0571-00000001", True),
            ("西示例街道办事处", "0571-00000002", True),
            ("南示例街道办事处", None, True),
            ("示例区应急管理局", "0571-00000009", False),
        )
    ]
    desk.act("units.import", [region, *units])
    return {name: unit.row for name, unit in zip("东西南本", units, strict=True)}
