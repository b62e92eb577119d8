"""The register of media in the pane of bundles: sticks and discs, what happens to them, the mark on a stick, the paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog

from dutydesk.core.errors import DutyDeskError
from dutydesk.core.i18n import _
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Condition, Row
from dutydesk.ledger.spec import Value
from dutydesk.qt import dialogs
from dutydesk.qt.forms import LedgerForm
from dutydesk.qt.listpane import ListPane, Narrow, Printout
from dutydesk.transit import media, report
from dutydesk.transit.ledger import MOVES

ASKED = ("medium", "what", "holder", "witness", "at", "note")
NEXT = {"IN_USE": media.ISSUED, "LENT": media.RETURNED, "LOST": media.RETURNED, "RETIRED": media.DESTROYED}
"""What is most likely entered about a medium in a state."""


class MediaList(ListPane):
    """Ctrl+N enters a medium, F9 what happened to it (领用、归还、遗失、停用、销毁), Ctrl+M writes its mark onto it,
    Ctrl+P prints the register."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(
            desk,
            "media",
            title=_("介质登记"),
            columns=("label", "kind", "model", "grade", "state", "holder", "registered_at", "note"),
            important="note",
            hint=_("编号、型号、备注"),
            empty=(_("还没有登记介质"), _("按 Ctrl+N 登记一个U盘或光盘")),
        )
        self.bar.addWidget(self.tool(_("领用归还"), "move", "F9", self.new_move))
        self.bar.addWidget(self.tool(_("写标记"), "mark", "Ctrl+M", self.ask_where))

    def make(self, values: Mapping[str, Value]) -> bytes:
        return media.add_medium(self.desk, values)

    def change(self, row: Row, values: Mapping[str, Value]) -> None:
        media.edit_medium(self.desk, row.id, values)

    def remove(self, row: Row) -> None:
        media.remove_medium(self.desk, row.id)

    def defaults(self) -> Mapping[str, Value]:
        return {"kind": "STICK", "grade": "INTERNAL"}

    def totals(self) -> str:
        out = self.desk.count("media", Condition("state", "=", "LENT"))
        whole = self.desk.count("media")
        return _("{count} 个，外带 {out} 个").format(count=whole, out=out)

    def narrowings(self) -> Mapping[str, Sequence[Narrow]]:
        return {
            "state": (
                Narrow(_("全部")),
                Narrow(_("在用"), (Condition("state", "=", "IN_USE"),)),
                Narrow(_("外带"), (Condition("state", "=", "LENT"),)),
                Narrow(_("遗失"), (Condition("state", "=", "LOST"),)),
                Narrow(_("已销毁"), (Condition("state", "=", "DESTROYED"),)),
            )
        }

    def printout(self) -> Printout | None:
        pdf = report.p19(self.desk)
        return Printout(pdf, _("移动存储介质登记簿"), "P19", "", pdf.missing)

    # -- what happens to a medium ----------------------------------------------------------------------------------

    def new_move(self) -> None:
        """F9: what happened to the current medium."""
        row = self.view.current_row()
        if row is None:
            self.say(_("先选一个介质"))
            return
        state = row.text("state")
        if state not in NEXT:
            self.say(_("{label} 已销毁，不再登记").format(label=row.text("label")))
            return
        form = LedgerForm(
            MOVES,
            self.desk,
            names=ASKED,
            defaults={"medium": row.id, "what": NEXT[state], "at": self.desk.clock.now()},
            parse_time=self.parse_time(),
        )
        self.show_form(form, _("{label}：领用、归还、销毁").format(label=row.text("label")), self.save_move)

    def save_move(self, values: dict[str, Value]) -> None:
        """Slot for the form."""
        assert self.form is not None
        try:
            entry = media.move(self.desk, values)
        except DutyDeskError as error:
            self.form.refuse(error.problems)
            return
        self.close_form()
        row = self.desk.get("media_moves", entry)
        told = self.desk.title_of(row) if row is not None else ""
        medium = values.get("medium")
        label = self.desk.title("media", medium if isinstance(medium, bytes) else None)
        self.say(_("{label}：已登记{what}").format(label=label, what=told))
        self.view.setFocus()

    # -- the mark --------------------------------------------------------------------------------------------------

    def ask_where(self) -> None:
        """Ctrl+M: on which stick the current medium's mark goes."""
        row = self.view.current_row()
        if row is None:
            self.say(_("先选一个介质"))
            return
        dialog = QFileDialog(self, _("{label} 插在哪里").format(label=row.text("label")))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(self.mark)
        dialog.open()

    def mark(self, folder: str) -> None:
        """Write the mark of the current medium into a folder."""
        row = self.view.current_row()
        if row is None:
            return
        try:
            media.mark_medium(self.desk, row.id, Path(folder))
        except DutyDeskError as error:
            dialogs.fail(self, error)
            return
        text = _("{label} 的标记已写到 {folder}，拿回来时自动认得")
        self.say(text.format(label=row.text("label"), folder=folder))
