"""P11 避灾安置场所一览表: every shelter by level with sub-totals, and the sums as the bureau prints them."""

from __future__ import annotations

from collections.abc import Sequence

from dutydesk.core import figures
from dutydesk.core.i18n import _
from dutydesk.core.reference import label
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Query, Row
from dutydesk.printing.desk import desk_document
from dutydesk.printing.page import Document
from dutydesk.printing.tables import Column, Group, Total
from dutydesk.printing.tables import Row as Line
from dutydesk.shelters import rules, service

SIZE = 8.5


def p11(desk: Desk) -> bytes:
    """The PDF of form P11."""
    return document(desk).pdf()


def document(desk: Desk, query: Query | None = None) -> Document:
    """Form P11 over the shelters of `query` (all of them without one), still open so that `missing` can be shown."""
    rows = sorted(service.listed(desk, query or Query("shelters")), key=service.place_order(desk))
    titles = desk.titles("regions", list({region for row in rows if isinstance(region := row.get("region"), bytes)}))
    totals = service.totals_of(rows)
    made = desk_document(
        desk,
        _("避灾安置场所一览表"),
        landscape=True,
    )
    made.pairs(summary_pairs(totals), columns=3, size=9.5)
    made.table(columns(), _lines(rows, titles, desk), size=SIZE)
    return made


def summary_pairs(totals: service.Totals) -> list[tuple[str, str]]:
    """The figures on top."""
    found = totals.summary
    return [
        (_("总数"), _("{sum} 处").format(sum=found.count_text)),
        (_("其中"), rules.level_text(found, service.tables()).partition(_("：").strip())[2].strip() or figures.NONE),
        (_("总面积"), _("{area}，平均 {mean}").format(area=found.area_text, mean=found.mean_area_text)),
        (_("可安置"), figures.wan(found.capacity, _("人"))),
        (_("规范化"), _("{count} 处，占 {share}").format(count=found.standardised, share=found.standardised_text)),
        (_("启用"), _("{open} 处，{people} 人").format(open=totals.open, people=totals.people)),
    ]


def columns() -> list[Column]:
    """The columns of the table."""
    return [
        Column(_("序号"), width=10, align="right"),
        Column(_("名称"), weight=1.2),
        Column(_("区域"), width=33),
        Column(_("地址"), weight=1.0),
        Column(_("建筑面积（㎡）"), width=19, align="right"),
        Column(_("可用面积（㎡）"), width=19, align="right"),
        Column(_("可安置（人）"), width=15, align="right"),
        Column(_("规范化"), width=12, align="center"),
        Column(_("状态"), width=13, align="center"),
        Column(_("现有（人）"), width=13, align="right"),
        Column(_("负责人"), width=16),
        Column(_("电话"), width=25),
    ]


def _lines(rows: Sequence[Row], titles: dict[bytes, str], desk: Desk) -> list[Line]:
    out: list[Line] = []
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.text("level"), []).append(row)
    number = 0
    for level, group in groups.items():
        name = label("shelters", "level", level) if level else _("未分级")
        out.append(Group(_("{level} {count} 处").format(level=name, count=len(group))))
        for row in group:
            number += 1
            out.append(_cells(number, row, titles, desk))
        if len(groups) > 1:
            out.append(_sum(_("小计"), group))
    out.append(_sum(_("合计"), rows) if rows else [""] * len(columns()))
    return out


def _cells(number: int, row: Row, titles: dict[bytes, str], desk: Desk) -> list[str]:
    region = row.get("region")
    held = row.values.get("now")
    return [
        str(number),
        row.text("name"),
        desk.placed(row, titles.get(region, "") if isinstance(region, bytes) else ""),
        row.text("address"),
        _area(row.values.get("area_m2")),
        _area(row.values.get("usable_m2")),
        "" if row.values.get("places") is None else str(row.values["places"]),
        "√" if row.get("standardised") == 1 else "",
        label("shelters", "state", row.text("state")) if row.text("state") else "",
        "" if held is None else str(held),
        str(desk.masked(row, "manager") or ""),
        str(desk.masked(row, "manager_phone") or ""),
    ]


def _sum(name: str, rows: Sequence[Row]) -> Total:
    totals = service.totals_of(rows)
    found = totals.summary
    count = _("{count} 处").format(count=found.total)
    return Total(
        [
            "",
            f"{name} {count}",
            "",
            "",
            _area(found.area_m2),
            _area(found.usable_m2),
            str(found.capacity),
            str(found.standardised),
            _("{open} 处").format(open=totals.open) if totals.open else "",
            str(totals.people) if totals.people else "",
            "",
            "",
        ]
    )


def _area(value: object) -> str:
    """0.01 ㎡ as ㎡ with two decimals."""
    return f"{figures.half_up(value, 0) / 100:.2f}" if isinstance(value, int) else ""
