"""P12 应急物资汇总: kinds by class with what is missing, stores, and what expires within half a year."""

from __future__ import annotations

from collections.abc import Sequence

from dutydesk.core import figures
from dutydesk.core.i18n import _
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Query, Row
from dutydesk.ledger.kinds import choice_label
from dutydesk.printing.desk import desk_document
from dutydesk.printing.page import Document
from dutydesk.printing.tables import Column, Group, Total
from dutydesk.printing.tables import Row as Line
from dutydesk.supplies import service
from dutydesk.supplies.ledger import SUPPLIES

SIZE = 9.5


def p12(desk: Desk) -> bytes:
    """The PDF of form P12."""
    return document(desk).pdf()


def document(desk: Desk, query: Query | None = None) -> Document:
    """Form P12 over the supplies of `query` (all of them without one), still open."""
    rows = service.placed(desk, service.listed(desk, query or Query("supplies")))
    totals = service.totals_of(rows)
    made = desk_document(desk, _("应急物资汇总表"))
    made.pairs(
        [
            (_("储备库点"), _("{count} 库").format(count=totals.stores)),
            (_("品种"), _("{count} 种").format(count=totals.kinds)),
            (_("总件数"), figures.wan(totals.pieces, _("件"))),
            (_("低于应备"), _("{short} 项，缺 {gap}").format(short=totals.short, gap=figures.wan(totals.gap, _("件")))),
        ]
    )
    made.heading(_("一、按品种"), 2)
    made.table(
        [
            Column(_("品名"), weight=3),
            Column(_("单位"), width=14, align="center"),
            Column(_("库点"), width=16, align="right"),
            Column(_("现有"), width=22, align="right"),
            Column(_("应备"), width=22, align="right"),
            Column(_("缺口"), width=22, align="right"),
        ],
        _kinds(rows),
        size=SIZE,
    )
    made.heading(_("二、按库点"), 2)
    made.table(
        [
            Column(_("存放地点"), weight=3),
            Column(_("品种"), width=20, align="right"),
            Column(_("件数"), width=24, align="right"),
            Column(_("低于应备（项）"), width=30, align="right"),
        ],
        _stores(rows),
        size=SIZE,
    )
    soon = service.expiring(rows, desk.clock.now())
    made.heading(_("三、180 天内到期和已过期"), 2)
    if soon:
        made.table(
            [
                Column(_("有效期至"), width=24),
                Column(_("品名"), weight=2),
                Column(_("规格型号"), weight=1.5),
                Column(_("数量"), width=24, align="right"),
                Column(_("存放地点"), weight=2),
            ],
            [
                [row.text("expires"), row.text("name"), row.text("spec"), _amount(row), row.text("store")]
                for row in soon
            ],
            size=SIZE,
        )
    else:
        made.paragraph(_("无"))
    return made


def _kinds(rows: Sequence[Row]) -> list[Line]:
    out: list[Line] = []
    item = SUPPLIES["class"]
    for code, group in service.by_class(rows).items():
        out.append(Group(choice_label(code, item) if code else _("未分类")))
        articles: dict[tuple[str, str], list[Row]] = {}
        for row in group:
            articles.setdefault((row.text("name"), row.text("unit")), []).append(row)
        for (name, unit), same in sorted(articles.items()):
            out.append([name, unit, *_figures(same)])
        out.append(
            Total([_("小计 {count} 种").format(count=len({name for name, _unit in articles})), "", *_figures(group)])
        )
    if rows:
        out.append(Total([_("合计 {count} 种").format(count=service.totals_of(rows).kinds), "", *_figures(rows)]))
    return out or [[""] * 6]


def _figures(rows: Sequence[Row]) -> list[str]:
    totals = service.totals_of(rows)
    standard = sum(row.number("standard") for row in rows)
    return [
        str(totals.stores),
        str(totals.pieces),
        str(standard) if standard else "",
        str(totals.gap) if totals.gap else "",
    ]


def _stores(rows: Sequence[Row]) -> list[Line]:
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.text("store"), []).append(row)
    out: list[Line] = []
    for store in sorted(groups, key=lambda name: (not name, name)):
        totals = service.totals_of(groups[store])
        short = str(totals.short) if totals.short else ""
        out.append([store or _("未填存放地点"), str(totals.kinds), str(totals.pieces), short])
    if rows:
        totals = service.totals_of(rows)
        short = str(totals.short) if totals.short else ""
        out.append(
            Total([_("合计 {count} 库").format(count=totals.stores), str(totals.kinds), str(totals.pieces), short])
        )
    return out or [[""] * 4]


def _amount(row: Row) -> str:
    return f"{row.text('quantity')} {row.text('unit')}".strip()
