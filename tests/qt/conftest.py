"""A ledger, a desk and pages that need no database: what the widgets of `dutydesk.qt` are tried against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from dutydesk.core.clock import MINUTE
from dutydesk.journal.query import Query, Row
from dutydesk.ledger.kinds import CODE, COUNT, DAY, FLAG, LONG, PHONE, TENTH, TIME, Kind, ref
from dutydesk.ledger.spec import Choice, Field, Ledger, Mode, Search

NIGHT = 1_781_764_200_000  # 2026-06-18 14:30 +08:00

LEDGER = Ledger(
    "calls",
    "来电",
    (
        Field("happened_at", TIME, "时间", required=True),
        Field(
            "category",
            CODE,
            "类别",
            choices=(Choice("in", "来电"), Choice("out", "去电"), Choice("rain", "雨情")),
            width=6,
        ),
        Field("party", Kind(), "对方", search=Search.NAME),
        Field("party_phone", PHONE, "电话", personal=True),
        Field("level", TENTH, "水位", unit="m", width=6),
        Field("dead", COUNT, "死亡", width=4),
        Field("region", ref("regions"), "街道"),
        Field("checked", FLAG, "已核", width=4),
        Field("day", DAY, "日期"),
        Field("text", LONG, "内容", required=True, width=40, search=Search.TEXT),
    ),
    mode=Mode.APPEND,
    order="-happened_at",
)


def values_of(n: int) -> dict[str, Any]:
    return {
        "happened_at": NIGHT - n * MINUTE,
        "category": ("in", "out", "rain")[n % 3],
        "party": f"凯旋街道 张{n}",
        "party_phone": f"1390000{n % 10_000:04d}",
        "level": n % 100,
        "dead": None if n % 2 else n % 5,
        "region": bytes([n % 3]) * 16,
        "checked": n % 2,
        "day": "2026-06-18",
        "text": f"隧道积水约 {n} 厘米\n三车被困",
    }


class FakePages:
    """`count` made-up rows; `fetched` records the pages that were asked for."""

    def __init__(self, query: Query, ids: Sequence[int], fetched: list[int]) -> None:
        self.query, self.size, self.ids, self.fetched = query, 256, ids, fetched

    def count(self) -> int:
        return len(self.ids)

    def page(self, index: int) -> list[Row]:
        self.fetched.append(index)
        return [
            Row("calls", n.to_bytes(16, "big"), n, values_of(n))
            for n in self.ids[index * self.size : (index + 1) * self.size]
        ]

    def position(self, row_id: bytes) -> int | None:
        try:
            return self.ids.index(int.from_bytes(row_id, "big"))
        except ValueError:
            return None


@dataclass
class FakeStore:
    listeners: list[Any] = field(default_factory=list)
    version: int = 1

    def data_version(self) -> int:
        return self.version


@dataclass
class FakeDesk:
    """Rows are numbers; a search keeps those whose text holds it, an order with `-` turns them round."""

    store: FakeStore = field(default_factory=FakeStore)
    ids: Sequence[int] = field(default_factory=lambda: range(1_000))
    fetched: list[int] = field(default_factory=list)
    asked: list[Query] = field(default_factory=list)
    titled: int = 0

    def titles(self, ledger: str, rows: Sequence[bytes]) -> dict[bytes, str]:
        self.titled += 1
        return {row: {0: "凯旋街道", 1: "闸弄口街道"}.get(row[0], "未到") for row in rows}

    def title(self, ledger: str, row: bytes | None) -> str:
        return self.titles(ledger, [row])[row] if row else ""

    def pages(self, query: Query) -> FakePages:
        self.asked.append(query)
        ids = self.ids
        if query.search:
            ids = [n for n in ids if query.search in values_of(n)["text"]]
        if query.order == "happened_at":
            ids = ids[::-1]
        return FakePages(query, ids, self.fetched)


@pytest.fixture
def ledger() -> Ledger:
    return LEDGER


@pytest.fixture
def desk() -> FakeDesk:
    return FakeDesk()


@pytest.fixture
def query() -> Query:
    return Query("calls")


@pytest.fixture
def themed(qapp: Any) -> Any:
    """The light theme at 100 % on the application, put back afterwards."""
    from dutydesk.qt import theme

    theme.apply(qapp, theme.Theme())
    yield qapp
    theme.apply(qapp, theme.Theme())
