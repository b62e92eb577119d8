"""The pane of shelters: the list with its totals, the counts of people coming and going, opening and closing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from dutydesk.core.errors import DutyDeskError
from dutydesk.core.i18n import _
from dutydesk.core.reference import rows as reference_rows
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Condition, Query, Row
from dutydesk.ledger.kinds import choice_label
from dutydesk.ledger.spec import Value
from dutydesk.people.service import region_condition
from dutydesk.qt import dialogs
from dutydesk.qt.flow import flow
from dutydesk.qt.forms import LedgerForm
from dutydesk.qt.listpane import ListPane, Narrow, Printout, RowPages
from dutydesk.qt.offers import desk_only
from dutydesk.qt.table import LedgerModel
from dutydesk.qt.theme import current
from dutydesk.qt.widgets import Elided, button, label, line
from dutydesk.shelters import rules, service
from dutydesk.shelters.ledger import COUNTS, SHELTERS

COUNT_FIELDS = ("in", "out", "share", "needs", "at", "by")
NEWEST = 6


class SheltersPane(ListPane):
    """Shelters, what they hold, and who is inside.

    F6 登记人数, F7 启用, F8 关闭, F9 待命; everything else as in every list.
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__(
            desk,
            "shelters",
            title=_("避灾安置场所"),
            shown=service.SHOWN,
            columns=service.COLUMNS,
            pages=self._pages_of,
            hint=_("名称、地址、负责人、电话后四位"),
            empty=(_("还没有避灾安置场所"), _("按 Ctrl+I 导入一览表，或按 Ctrl+N 逐个新增")),
        )
        for text, name, key, run in (
            (_("登记人数"), "count", "F6", self.count_people),
            (_("启用"), "open", "F7", self.open_shelter),
            (_("关闭"), "close", "F8", self.close_shelter),
            (_("待命"), "ready", "F9", self.ready_shelter),
        ):
            self.bar.addWidget(self.tool(text, name, key, run))

    # -- the list --------------------------------------------------------------------------------------------------

    def _pages_of(self, query: Query) -> RowPages:
        return RowPages(service.listed(self.desk, query))

    def totals(self) -> str:
        return service.totals(self.desk).line

    def listens(self) -> tuple[str, ...]:
        return ("shelter_counts", "regions")

    def narrowings(self) -> Mapping[str, Sequence[Narrow]]:
        level = SHELTERS["level"]
        levels = [
            Narrow(choice_label(choice.code, level), (Condition("level", "=", choice.code),))
            for choice in level.choices
        ]
        state = SHELTERS["state"]
        states = [Narrow(_("启用中"), (Condition("state", "in", rules.IN_USE),))]
        states += [
            Narrow(choice_label(choice.code, state), (Condition("state", "=", choice.code),))
            for choice in state.choices
        ]
        streets = [
            Narrow(self.desk.placed(row, row.text("name")), (region_condition(self.desk, row.id),))
            for row in self.desk.rows("regions", Condition("level", "=", "SUBDISTRICT"))
        ]
        return {
            "level": [Narrow(_("全部级别")), *levels],
            "state": [Narrow(_("全部状态")), *states],
            "region": [Narrow(_("全部区域")), *streets],
        }

    # -- what is done ----------------------------------------------------------------------------------------------

    def make(self, values: Mapping[str, Value]) -> bytes:
        return service.add(self.desk, values)

    def change(self, row: Row, values: Mapping[str, Value]) -> None:
        service.edit(self.desk, row.id, values)

    def remove(self, row: Row) -> None:
        service.remove(self.desk, row.id)

    def defaults(self) -> Mapping[str, Value]:
        return {"level": "COMMUNITY", "state": "READY"}

    def printout(self) -> Printout:
        from dutydesk.shelters import report

        made = report.document(self.desk, self.model.query if self.model.narrowed else None)
        return Printout(made.pdf(), _("避灾安置场所一览表"), "P11", "", made.missing)

    def open_row(self, row: Row) -> None:
        super().open_row(row)
        self._show_counts(row.id)

    @desk_only
    def open_shelter(self) -> None:
        """F7."""
        self._set_state("OPEN")

    @desk_only
    def close_shelter(self) -> None:
        """F8."""
        self._set_state("CLOSED")

    @desk_only
    def ready_shelter(self) -> None:
        """F9."""
        self._set_state("READY")

    def _set_state(self, state: str) -> None:
        row = self.view.current_row()
        if row is None:
            self.say(_("先在表里选一个场所"))
            return
        try:
            done = service.set_state(self.desk, row.id, state)
        except DutyDeskError as error:
            dialogs.fail(self, error)
            return
        self.model.refresh()
        self.view.show_row(row.id)
        self.refill()
        word = choice_label(state, SHELTERS["state"])
        text = _("{name} 已改为{state}，记入值班日志") if done else _("{name} 已经是{state}")
        self.say(text.format(name=row.text("name"), state=word))

    # -- counts ----------------------------------------------------------------------------------------------------

    @desk_only
    def count_people(self) -> None:
        """F6: people who come and go at the current shelter."""
        row = self.view.current_row()
        if row is None:
            self.say(_("先在表里选一个场所"))
            return
        defaults: dict[str, Value] = {"at": self.desk.clock.now() // 60_000 * 60_000}
        form = LedgerForm(COUNTS, self.desk, names=COUNT_FIELDS, defaults=defaults, parse_time=self.parse_time())
        form.editors["needs"].hint(_("如 被褥、食品"))
        self.show_form(form, _("{name} 登记人数").format(name=row.text("name")), self.save_count, row)
        self._side.insertWidget(1, self._now_line(row))
        self._side.insertWidget(2, self._need_buttons())
        form.editors["in"].setFocus()
        self._show_counts(row.id)

    def _now_line(self, row: Row) -> QWidget:
        inside = service.present(self.desk, row.id)
        room = service.places(row.values)
        text = _("现有 {present} 人，可安置 {places} 人，满载率 {load}").format(
            present=inside, places="—" if room is None else room, load=rules.load(inside, room)
        )
        made = label(text, "muted", wrap=True)
        made.setObjectName("shelters-now")
        made.setContentsMargins(current().px(16), 0, current().px(16), 0)
        return made

    def _need_buttons(self) -> QWidget:
        """The usual needs, one press each; the text stays free."""
        holder = QWidget()
        row = flow(holder, current().px(4))
        row.setContentsMargins(current().px(16), current().px(4), current().px(16), 0)
        row.addWidget(label(_("需求"), "small"))
        for item in reference_rows("shelters", "need")[:5]:
            made = button(service.needs_text(item["code"]), flat=True)
            made.setObjectName(f"shelters-need-{item['code']}")
            made.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            made.clicked.connect(self._add_need)
            row.addWidget(made)
        return holder

    def _add_need(self) -> None:
        pressed = self.sender()
        if self.form is None or pressed is None:
            return
        editor = self.form.editors["needs"]
        word = str(pressed.property("text"))
        have = [part for part in editor.text().split(_("、")) if part]
        if word not in have:
            editor.set_text(_("、").join([*have, word]))

    def save_count(self, values: dict[str, Value]) -> None:
        form, row = self.form, self._row
        assert form is not None
        assert row is not None
        at, share = values.get("at"), values.get("share")
        arriving, leaving = values.get("in"), values.get("out")
        try:
            service.count(
                self.desk,
                row.id,
                arriving if isinstance(arriving, int) else 0,
                leaving if isinstance(leaving, int) else 0,
                share=share if isinstance(share, int) else None,
                needs=str(values.get("needs") or ""),
                at=at if isinstance(at, int) else None,
                by=str(values.get("by") or ""),
            )
        except DutyDeskError as error:
            form.refuse(error.problems)
            return
        self.close_form()
        self.model.refresh()
        self.view.show_row(row.id)
        self.refill()
        self.view.setFocus()
        inside = service.present(self.desk, row.id)
        self.say(_("{name} 现有 {count} 人，记入值班日志").format(name=row.text("name"), count=inside))

    def _show_counts(self, shelter: bytes) -> None:
        """The newest counts below the form."""
        rows = service.counts(self.desk, shelter)[:NEWEST]
        if not rows:
            return
        model = LedgerModel(COUNTS, self.desk)
        self._side.addWidget(line())
        for row in rows:
            parts = [model.text(row, COUNTS["at"])[5:16]]
            parts += [_("转入 {count} 人").format(count=row["in"])] if row.get("in") else []
            parts += [_("转出 {count} 人").format(count=row["out"])] if row.get("out") else []
            parts += [_("特殊人群 {count} 人").format(count=row["share"])] if row.get("share") else []
            parts += [service.needs_text(row.text("needs"))] if row.get("needs") else []
            parts += [row.text("by")] if row.get("by") else []
            made = Elided("  ".join(parts), "muted")
            made.setContentsMargins(current().px(16), 2, current().px(16), 2)
            self._side.addWidget(made)
        self._side.addSpacing(current().px(8))
