"""The pane of rescue teams: who they are, what they are doing and where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dutydesk.core.errors import DutyDeskError
from dutydesk.core.i18n import _
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Condition, Query, Row
from dutydesk.ledger.kinds import choice_label
from dutydesk.ledger.spec import Value
from dutydesk.qt import dialogs
from dutydesk.qt.forms import LedgerForm
from dutydesk.qt.listpane import ListPane, Narrow, Printout, RowPages
from dutydesk.qt.offers import desk_only
from dutydesk.teams import service
from dutydesk.teams.ledger import TEAMS


class TeamsPane(ListPane):
    """Teams. F6 备勤, F7 前置, F8 出动, F9 休整; everything else as in every list."""

    def __init__(self, desk: Desk) -> None:
        self._status = ""
        super().__init__(
            desk,
            "teams",
            title=_("救援队伍"),
            shown=service.SHOWN,
            columns=service.COLUMNS,
            pages=self._pages_of,
            hint=_("名称、单位、负责人、位置、装备"),
            empty=(_("还没有救援队伍"), _("按 Ctrl+I 导入台账，或按 Ctrl+N 逐个新增")),
        )
        for text, name, key, run in (
            (_("备勤"), "ready", "F6", self.stand_by),
            (_("前置"), "forward", "F7", self.move_forward),
            (_("出动"), "out", "F8", self.send_out),
            (_("休整"), "rest", "F9", self.rest_team),
        ):
            self.bar.addWidget(self.tool(text, name, key, run))

    def _pages_of(self, query: Query) -> RowPages:
        return RowPages(service.listed(self.desk, query))

    def totals(self) -> str:
        return service.totals(self.desk).line

    def listens(self) -> tuple[str, ...]:
        return ("regions",)

    def narrowings(self) -> Mapping[str, Sequence[Narrow]]:
        kind, status = TEAMS["kind"], TEAMS["status"]
        kinds = [Narrow(choice_label(one.code, kind), (Condition("kind", "=", one.code),)) for one in kind.choices]
        states = [
            Narrow(choice_label(one.code, status), (Condition("status", "=", one.code),)) for one in status.choices
        ]
        return {"kind": [Narrow(_("全部类别")), *kinds], "status": [Narrow(_("全部状态")), *states]}

    # -- what is done ----------------------------------------------------------------------------------------------

    def make(self, values: Mapping[str, Value]) -> bytes:
        return service.add(self.desk, values)

    def change(self, row: Row, values: Mapping[str, Value]) -> None:
        service.edit(self.desk, row.id, values)

    def remove(self, row: Row) -> None:
        service.remove(self.desk, row.id)

    def defaults(self) -> Mapping[str, Value]:
        return {"status": "READY"}

    def printout(self) -> Printout:
        from dutydesk.teams import report

        made = report.document(self.desk, self.model.query if self.model.narrowed else None)
        return Printout(made.pdf(), _("应急救援队伍一览表"), "TEAM", "", made.missing)

    @desk_only
    def stand_by(self) -> None:
        """F6."""
        self._set("READY")

    @desk_only
    def rest_team(self) -> None:
        """F9."""
        self._set("REST")

    @desk_only
    def move_forward(self) -> None:
        """F7: asks where to."""
        self._ask_place("FORWARD")

    @desk_only
    def send_out(self) -> None:
        """F8: asks where to."""
        self._ask_place("OUT")

    def _set(self, status: str) -> None:
        row = self.view.current_row()
        if row is None:
            self.say(_("先在表里选一支队伍"))
            return
        try:
            service.set_status(self.desk, row.id, status)
        except DutyDeskError as error:
            dialogs.fail(self, error)
            return
        self._told(row, status)

    def _ask_place(self, status: str) -> None:
        row = self.view.current_row()
        if row is None:
            self.say(_("先在表里选一支队伍"))
            return
        form = LedgerForm(TEAMS, self.desk, names=("place",), defaults={"place": row.get("place")})
        form.editors["place"].hint(_("去哪里，如 彭埠街道下穿隧道"))
        word = choice_label(status, TEAMS["status"])
        self.show_form(form, _("{name} {status}").format(name=row.text("name"), status=word), self.save_place, row)
        self._status = status

    def save_place(self, values: dict[str, Value]) -> None:
        form, row = self.form, self._row
        assert form is not None
        assert row is not None
        try:
            service.set_status(self.desk, row.id, self._status, str(values.get("place") or ""))
        except DutyDeskError as error:
            form.refuse(error.problems)
            return
        self.close_form()
        self._told(row, self._status)
        self.view.setFocus()

    def _told(self, row: Row, status: str) -> None:
        self.model.refresh()
        self.view.show_row(row.id)
        self.refill()
        word = choice_label(status, TEAMS["status"])
        self.say(_("{name} 已改为{state}").format(name=row.text("name"), state=word))
