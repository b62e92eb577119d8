"""The pane of supplies: what lies where, what is missing, what runs out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dutydesk.core.clock import local
from dutydesk.core.i18n import _
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Condition, Query, Row
from dutydesk.ledger.kinds import choice_label
from dutydesk.ledger.spec import Value
from dutydesk.qt.listpane import ListPane, Narrow, Printout, RowPages
from dutydesk.supplies import service
from dutydesk.supplies.ledger import SUPPLIES


class SuppliesPane(ListPane):
    """Supplies; everything as in every list."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(
            desk,
            "supplies",
            title=_("应急物资"),
            shown=service.SHOWN,
            columns=service.COLUMNS,
            pages=self._pages_of,
            shows={"expires": self._expiry},
            tone=self._tone,
            hint=_("品名、规格、存放地点、保管人电话"),
            empty=(_("还没有应急物资"), _("按 Ctrl+I 导入台账，或按 Ctrl+N 逐个新增")),
        )

    def _pages_of(self, query: Query) -> RowPages:
        return RowPages(service.listed(self.desk, query))

    def _expiry(self, row: Row) -> str:
        return service.expiry_text(row, self.desk.clock.now())

    def _tone(self, row: Row, name: str) -> str:
        """Lateness alone has a colour, and its word."""
        late = name == "expires" and service.is_expired(row, self.desk.clock.now())
        return "late" if late else ""

    def totals(self) -> str:
        return service.totals(self.desk).line

    def narrowings(self) -> Mapping[str, Sequence[Narrow]]:
        item = SUPPLIES["class"]
        now = self.desk.clock.now()
        today = local(now).date().isoformat()
        classes = [Narrow(choice_label(one.code, item), (Condition("class", "=", one.code),)) for one in item.choices]
        return {
            "class": [Narrow(_("全部大类")), *classes, Narrow(_("未分类"), (Condition("class", "null"),))],
            "store": [
                Narrow(_("全部库点")),
                *[Narrow(store, (Condition("store", "=", store),)) for store in service.stores(self.desk)],
            ],
            "watch": [
                Narrow(_("全部物资")),
                Narrow(_("低于应备"), (Condition("gap", ">", 0),)),
                Narrow(
                    _("90 天内到期"),
                    (Condition("expires", ">=", today), Condition("expires", "<=", service.expiry_day(now))),
                ),
                Narrow(_("已过期"), (Condition("expires", "<", today),)),
            ],
        }

    def make(self, values: Mapping[str, Value]) -> bytes:
        return service.add(self.desk, values)

    def change(self, row: Row, values: Mapping[str, Value]) -> None:
        service.edit(self.desk, row.id, values)

    def remove(self, row: Row) -> None:
        service.remove(self.desk, row.id)

    def defaults(self) -> Mapping[str, Value]:
        row = self.view.current_row()
        same = ("class", "store", "region", "holding")
        kept = {name: row.get(name) for name in same} if row is not None else {}
        return {"holding": "PHYSICAL", **{name: value for name, value in kept.items() if value is not None}}

    def printout(self) -> Printout:
        from dutydesk.supplies import report

        made = report.document(self.desk, self.model.query if self.model.narrowed else None)
        return Printout(made.pdf(), _("应急物资汇总表"), "P12", "", made.missing)
