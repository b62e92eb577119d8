"""Supplies: totals from the rows, what is missing, what runs out, form P12."""

from __future__ import annotations

import pytest

from dutydesk.core.clock import FixedClock
from dutydesk.core.errors import Refused
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Condition, Query
from dutydesk.supplies import report, service
from tests.plaindesk import text_of


def article(desk: Desk, name: str, quantity: int | None, store: str = "一库", **values: object) -> bytes:
    return service.add(desk, {"name": name, "quantity": quantity, "store": store, "class": "1", **values})


def listed(desk: Desk, **asked: object) -> list[str]:
    return [row.text("name") for row in service.listed(desk, Query("supplies", **asked))]  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("values", "missing"),
    [
        ({"standard": 10, "quantity": 9}, 1),
        ({"standard": 10, "quantity": 10}, 0),
        ({"standard": 10, "quantity": 11}, 0),
        ({"standard": 10}, 10),
        ({"quantity": 5}, None),
    ],
)
def test_what_is_missing(values: dict[str, int], missing: int | None) -> None:
    assert service.gap(values) == missing


def test_totals_follow_the_rows(desk: Desk) -> None:
    article(desk, "棉被", 9_000, unit="床")
    bag = article(desk, "编织袋", 2_345, "二库", unit="只", standard=3_000)
    article(desk, "棉被", 155, "二库", unit="床", standard=155)
    assert service.totals(desk).line == "2 库 2 种 1.15 万件 · 低于应备 1 项，缺 655 件"
    service.edit(desk, bag, {"quantity": 103_345, "standard": 3_000})
    assert service.totals(desk).line == "2 库 2 种 11.25 万件"
    assert desk.figures(0, 1)["supplies.short"].value == 0
    service.remove(desk, bag)
    assert service.totals(desk).line == "2 库 1 种 9155 件"


def test_an_article_without_a_quantity_is_short(desk: Desk) -> None:
    article(desk, "冲锋舟", None, standard=2)
    assert desk.figures(0, 1)["supplies.short"].value == 1
    assert service.totals(desk).gap == 2


def test_one_article_of_a_store_is_listed_once(desk: Desk) -> None:
    article(desk, "棉被", 1, spec="1.5米")
    article(desk, "棉被", 1, spec="2.0米")
    article(desk, "棉被", 1, "二库", spec="1.5米")
    with pytest.raises(Refused):
        article(desk, "棉被", 1, spec="1.5米")


def test_the_list_finds_what_is_missing_and_what_runs_out(desk: Desk, clock: FixedClock) -> None:
    article(desk, "甲", 5, standard=9)
    article(desk, "乙", 5, standard=6, expires="2026-06-17")
    article(desk, "丙", 5, standard=5, expires="2026-09-16")
    article(desk, "丁", 5, expires="2026-09-17")
    assert service.expiry_day(clock.now()) == "2026-09-16"
    assert listed(desk, where=(Condition("gap", ">", 0),), order="-gap") == ["甲", "乙"]
    assert listed(desk, where=(Condition("expires", "<=", "2026-09-16"),), order="expires") == ["乙", "丙"]
    found = {row.text("name"): row for row in service.listed(desk, Query("supplies"))}
    texts = {name: service.expiry_text(row, clock.now()) for name, row in found.items()}
    assert texts == {"甲": "", "乙": "2026-06-17 已过期", "丙": "2026-09-16 临期", "丁": "2026-09-17"}
    rows = [row.text("name") for row in service.expiring(list(found.values()), clock.now())]
    assert rows == ["乙", "丙", "丁"]


def test_a_day_is_over_at_its_end(desk: Desk, clock: FixedClock) -> None:
    row = desk.get("supplies", article(desk, "饼干", 1, expires="2026-06-18"))
    assert not service.is_expired(row, clock.now())
    assert service.is_expired(row, clock.now() + 2 * 3_600_000)


def test_p12_sums_by_class_and_store_and_follows_the_rows(desk: Desk) -> None:
    article(desk, "棉被", 800, unit="床", standard=744)
    article(desk, "棉被", 160, "二库", unit="床", standard=200)
    boat = article(desk, "冲锋舟", 2, unit="艘", **{"class": "2"}, standard=2, phone="19900001234", contact="钱示例")
    article(desk, "其他", 7, expires="2026-07-01", **{"class": None})
    text = text_of(report.p12(desk))
    for part in (
        "储备库点2库", "品种3种", "总件数969件", "低于应备1项，缺40件",
        "棉被床296094440", "小计1种296094440", "冲锋舟艘122", "未分类", "合计3种296994640",
        "一库3809", "二库11601", "合计2库39691", "2026-07-01其他7一库",
    ):  # fmt: skip
        assert part in text, part
    assert "19900001234" not in text
    service.edit(desk, boat, {"quantity": 20_002})
    text = text_of(report.p12(desk))
    assert "总件数2.10万件" in text
    assert "冲锋舟艘1200022" in text
    assert report.p12(desk) == report.p12(desk)


def test_an_empty_store_prints_an_empty_form(desk: Desk) -> None:
    assert "储备库点0库" in text_of(report.p12(desk))
