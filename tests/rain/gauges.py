"""A real desk with the program's own ledgers, and rain files made of a few numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dutydesk.core.clock import MINUTE, FixedClock, iso, parse_iso
from dutydesk.core.ids import CLI
from dutydesk.core.paths import Home
from dutydesk.core.settings import DeskConfig
from dutydesk.features import FEATURES, schema
from dutydesk.journal.desk import Desk, Me
from dutydesk.journal.store import Store

NOW = parse_iso("2026-06-18 14:32")
LAST = parse_iso("2026-06-18 14:30")


def make_desk(folder: Path, clock: FixedClock, n: int = 1, **config: Any) -> Desk:
    """Desk number `n` in an empty folder."""
    given = DeskConfig(desk=f"{n:032x}", district="330102", name="示例区", unit="示例区应急管理局", **config)
    return Desk(Store.create(Home(folder), schema(), clock, given), clock, Me(CLI, "王小二"), FEATURES)


def rain_file(gauges: Mapping[str, Sequence[float | None]], last: int = LAST, minutes: int = 5) -> bytes:
    """A CSV of gauges by name (the code is the name's place, K1, K2 …); each list ends at `last`, None is 缺测."""
    lines = ["站号,站名,时间,雨量(mm),分钟数"]
    for at, (name, values) in enumerate(gauges.items(), 1):
        for back, value in enumerate(reversed(values)):
            text = "缺测" if value is None else f"{value}"
            lines.append(f"K{at},{name},{iso(last - back * minutes * MINUTE)[:16]},{text},{minutes}")
    return "\n".join(lines).encode()
