"""The days off of real years, as holiday-cn has them (MIT)."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

from dutydesk.core.clock import FixedClock, parse_iso
from dutydesk.exchange import importing
from dutydesk.roster import service
from tests.desks import a_desk

FOLDER = Path(os.environ["DUTYDESK_REAL_DATA"]) / "calendar"


def test_the_years_come_in_and_one_is_not_announced(tmp_path: Path) -> None:
    with a_desk(tmp_path / "desk", FixedClock(parse_iso("2026-11-22 12:00"))) as desk:
        for name in ("2025.json", "2026.json", "2027.json"):
            plan = importing.plan(desk, "day_types", (FOLDER / name).read_bytes(), name)
            assert plan.format == "holiday-cn"
            assert plan.refused == []
            importing.run(desk, plan)
            if name == "2027.json":
                assert "还没有公布" in plan.warnings[0].reason
        days = service.day_info(desk, "2026-01-01", "2026-12-31")
        kinds = Counter(day.kind for day in days)
        assert kinds["HOLIDAY"] == 33
        makeup = [day.date[5:] for day in days if day.kind == "MAKEUP"]
        assert makeup == ["01-04", "02-14", "02-28", "05-09", "09-20", "10-10"]
        assert sum(kinds.values()) == 365
        assert None not in kinds
        later = service.day_info(desk, "2027-01-01", "2027-12-31")
        assert {day.kind for day in later} == {None}
        assert sum(day.weekend for day in later) == 104
