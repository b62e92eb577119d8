"""The plain list of teams by kind, with sums (form TEAM)."""

from __future__ import annotations

from collections.abc import Sequence

from dutydesk.core.i18n import _
from dutydesk.core.reference import label
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Query, Row
from dutydesk.printing.desk import desk_document
from dutydesk.printing.page import Document
from dutydesk.printing.tables import Column, Group, Total
from dutydesk.printing.tables import Row as Line
from dutydesk.teams import service

SIZE = 9.0


def team(desk: Desk) -> bytes:
    """The PDF of form TEAM."""
    return document(desk).pdf()


def document(desk: Desk, query: Query | None = None) -> Document:
    """Form TEAM over the teams of `query` (all of them without one), still open."""
    rows = service.listed(desk, query or Query("teams"))
    totals = service.totals_of(rows)
    made = desk_document(
        desk,
        _("应急救援队伍一览表"),
        landscape=True,
    )
    made.pairs([(_("合计"), totals.line), (_("分类"), totals.kinds_text)], columns=1)
    made.table(
        [
            Column(_("序号"), width=10, align="right"),
            Column(_("名称"), weight=2.4),
            Column(_("所属单位"), weight=2),
            Column(_("区域"), width=22),
            Column(_("人数"), width=13, align="right"),
            Column(_("车辆"), width=13, align="right"),
            Column(_("状态"), width=14, align="center"),
            Column(_("现在位置"), weight=1.4),
            Column(_("负责人"), width=18),
            Column(_("电话"), width=26),
            Column(_("主要装备"), weight=2.6),
        ],
        _lines(desk, rows),
        size=SIZE,
    )
    return made


def _lines(desk: Desk, rows: Sequence[Row]) -> list[Line]:
    regions = desk.titles("regions", list({region for row in rows if isinstance(region := row.get("region"), bytes)}))
    out: list[Line] = []
    number = 0
    for code, _teams, _people in service.totals_of(rows).by_kind:
        group = [row for row in rows if row.text("kind") == code]
        out.append(Group(label("teams", "kind", code) if code else _("未分类")))
        for row in sorted(group, key=_name):
            number += 1
            region = row.get("region")
            out.append(
                [
                    str(number),
                    row.text("name"),
                    row.text("unit"),
                    desk.placed(row, regions.get(region, "") if isinstance(region, bytes) else ""),
                    row.text("strength"),
                    row.text("vehicles"),
                    label("teams", "status", row.text("status")) if row.get("status") else "",
                    row.text("place"),
                    str(desk.masked(row, "leader") or ""),
                    str(desk.masked(row, "phone") or ""),
                    row.text("equipment"),
                ]
            )
        out.append(_sum(_("小计 {count} 支").format(count=len(group)), group))
    if rows:
        out.append(_sum(_("合计 {count} 支").format(count=len(rows)), rows))
    return out or [[""] * 11]


def _name(row: Row) -> str:
    return row.text("name")


def _sum(name: str, rows: Sequence[Row]) -> Total:
    people, cars = sum(row.number("strength") for row in rows), sum(row.number("vehicles") for row in rows)
    return Total(["", name, "", "", str(people), str(cars) if cars else "", "", "", "", "", ""])
