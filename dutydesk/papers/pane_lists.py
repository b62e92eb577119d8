"""The two lists of the pane of papers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from dutydesk.core.errors import DutyDeskError
from dutydesk.core.i18n import _
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Condition, Row
from dutydesk.ledger.feature import Pdf
from dutydesk.ledger.spec import Ledger, Value
from dutydesk.papers import lists, outages, report, service
from dutydesk.qt import dialogs
from dutydesk.qt.forms import LedgerForm
from dutydesk.qt.listpane import ListPane, Narrow, Printout

UNUSED = 1
"""The answer of the filter by state that is chosen at first."""


class PaperTab(ListPane):
    """单子: Enter types a line of the current sheet into the log, Shift+F6 an incident of a telephone record; F7 says
    that the sheet is done, F8 voids the selected ones, F9 prints them again, Ctrl+N prints new ones."""

    takes_files = False
    """A number comes from printing and from nowhere else."""

    form_width = 440

    def __init__(self, desk: Desk) -> None:
        self._typing = service.LOG
        self._values: dict[str, Value] = {}
        super().__init__(
            desk,
            "papers",
            title=_("纸质单"),
            columns=("number", "form", "state", "printed_at", "written_by", "typed_by", "typed_at", "note"),
            important="note",
            shows={"state": service.state_text, "form": service.form_text},
            hint=_("单号、备注"),
            empty=(_("没有纸质单"), _("按 Ctrl+N 印一叠空白单，停电时手写，恢复后按单号补录")),
        )
        self.add_button.setText(_("印制空白单"))
        self.add_button.setAccessibleName(_("印制空白单"))
        for text, name, key, run in (
            (_("补录日志"), "type", "F6", self.type_log),
            (_("补录接报"), "type-incident", "Shift+F6", self.type_incident),
            (_("录完"), "finish", "F7", self.finish),
            (_("作废"), "void", "F8", self.void),
            (_("重印"), "reprint", "F9", self.reprint),
        ):
            self.bar.addWidget(self.tool(text, name, key, run))
        self.narrow("state", UNUSED)

    # -- what is shown ---------------------------------------------------------------------------------------------

    def totals(self) -> str:
        blank = service.unused(self.desk)
        begun = sum(bool(row.get("row")) for row in blank)
        return _("未用 {blank} 张，补录中 {begun} 张").format(blank=len(blank) - begun, begun=begun)

    def narrowings(self) -> Mapping[str, Sequence[Narrow]]:
        return {
            "state": (
                Narrow(_("全部")),
                Narrow(_("未用、补录中"), (Condition("state", "=", service.BLANK),)),
                Narrow(_("已补录"), (Condition("state", "=", service.TYPED),)),
                Narrow(_("作废"), (Condition("state", "=", service.VOID),)),
            )
        }

    def _chosen(self) -> list[Row]:
        """The selected sheets, else the current one."""
        rows = [self.model.row(number) for number in self.view.selected_numbers()]
        found = [row for row in rows if row is not None]
        now = self.view.current_row()
        return found or ([now] if now is not None else [])

    def _one(self) -> Row | None:
        chosen = self._chosen()
        if not chosen:
            self.say(_("先选一张单子"))
            return None
        return self.desk.get("papers", chosen[0].id)

    # -- printing --------------------------------------------------------------------------------------------------

    def new_row(self) -> None:
        """Ask which form and how many."""
        form = LedgerForm(lists.PRINTING, self.desk, defaults={"form": "P02", "count": 10})
        form.save.setText(_("印制"))
        self.show_form(form, _("印制空白单"), self.print_blanks)

    def print_blanks(self, values: dict[str, Value]) -> None:
        """Take the numbers and show the stack."""
        assert self.form is not None
        code, count = str(values["form"]), values["count"]
        assert isinstance(count, int)
        try:
            pdf = service.print_blanks(self.desk, code, count)
        except DutyDeskError as error:
            self.form.refuse(error.problems)
            return
        self.close_form()
        self.model.refresh()
        self.refill()
        self.say(_("已取号 {numbers}").format(numbers=pdf.about))
        self._show(pdf, code)
        self.view.setFocus()

    def reprint(self) -> None:
        """The selected sheets once more, as copies."""
        chosen = self._chosen()
        try:
            pdf = service.reprint(self.desk, [row.text("number") for row in chosen])
        except DutyDeskError as error:
            self.say(error.problems[0].reason)
            return
        self._show(pdf, chosen[0].text("form"))

    def _show(self, pdf: Pdf, code: str) -> None:
        title = next(_(form.title) for feature in self.desk.features for form in feature.forms if form.code == code)
        self.preview(Printout(pdf, f"{title} {pdf.about}", code, pdf.about, pdf.missing))

    # -- typing ----------------------------------------------------------------------------------------------------

    def open_row(self, row: Row) -> None:
        self.type_log()

    def type_log(self) -> None:
        """A line of the current sheet into the duty log."""
        sheet = self._one()
        if sheet is not None:
            self._transcribe(sheet, service.LOG)

    def type_incident(self) -> None:
        """The incident of the current telephone record."""
        sheet = self._one()
        if sheet is None:
            return
        if service.INCIDENTS not in service.ledgers_of(sheet):
            self.say(_("只有电话记录表能补录成接报"))
            return
        self._transcribe(sheet, service.INCIDENTS)

    def _transcribe(self, sheet: Row, ledger: str) -> None:
        if sheet.get("state") == service.VOID:
            self.say(_("{number} 已作废").format(number=sheet.text("number")))
            return
        self._typing = ledger
        told = lists.defaults(self.desk, sheet, ledger)
        declared: Ledger = lists.typing(self.desk, sheet, ledger)
        form = LedgerForm(declared, self.desk, defaults=told, parse_time=self.parse_time())
        what = _("补录接报") if ledger == service.INCIDENTS else _("补录日志")
        head = f"{what} {sheet.text('number')} {service.state_text(sheet)}"
        self.show_form(form, head, self.save_typed, sheet)
        draft = self.desk.store.state(self._draft_name(sheet))
        if draft:
            form.restore(json.loads(draft))
            self.say(_("草稿已带回"))

    def _draft_name(self, sheet: Row) -> str:
        return f"draft.papers.{self._typing}.{sheet.id.hex()}"

    def _keep_draft(self, texts: dict[str, str]) -> None:
        if self._row is not None:
            self.desk.store.remember(self._draft_name(self._row), json.dumps(texts, ensure_ascii=False))
            self.say(_("没有保存，内容留作草稿"))

    def save_typed(self, values: dict[str, Value]) -> None:
        """Write the line; what might be there already is asked about."""
        self._values = values
        self._write(again=False)

    def _write(self, *, again: bool) -> None:
        form, sheet = self.form, self._row
        if form is None or sheet is None:
            return
        values = dict(self._values)
        writer, last = str(values.pop("written_by", "") or ""), bool(values.pop("last", None))
        command = service.type_incident if self._typing == service.INCIDENTS else service.type_entry
        number = sheet.text("number")
        try:
            made = command(self.desk, number, values, written_by=writer, last=last, again=again)
        except DutyDeskError as error:
            warning = next((problem for problem in error.problems if problem.field == "again"), None)
            if warning is None:
                form.refuse(error.problems)
            else:
                text = _("{reason}。仍要再录一条？").format(reason=warning.reason)
                dialogs.confirm(self, text, _("再录")).answered.connect(self._answered)
            return
        self.desk.store.remember(self._draft_name(sheet), "")
        self.close_form()
        self.model.refresh()
        self.refill()
        self.say(_("{number} 已补录 {title}").format(number=number, title=self.desk.title_of(made)))
        held = self.desk.get("papers", sheet.id)
        if held is not None and not last and held.get("state") == service.BLANK:
            self._transcribe(held, self._typing)
        else:
            self.view.setFocus()

    def _answered(self, yes: bool) -> None:
        if yes:
            self._write(again=True)
        elif self.form is not None:
            self.form.refuse(())
            self.form.setFocus()

    def finish(self) -> None:
        """Nothing more stands on the current sheet."""
        sheet = self._row or self._one()
        if sheet is None:
            return
        try:
            service.finish(self.desk, sheet.text("number"))
        except DutyDeskError as error:
            self.say(error.problems[0].reason)
            return
        self.close_form()
        self.refill()
        self.say(_("{number} 已录完").format(number=sheet.text("number")))
        self.view.setFocus()

    # -- voiding ---------------------------------------------------------------------------------------------------

    def delete_row(self) -> None:
        self.void()

    def void(self) -> None:
        """Ask why the selected sheets are void."""
        self._void = [row.text("number") for row in self._chosen()]
        if not self._void:
            self.say(_("先选一张单子"))
            return
        form = LedgerForm(lists.VOIDING, self.desk)
        form.save.setText(_("作废"))
        text = self._void[0] if len(self._void) == 1 else _("{count} 张").format(count=len(self._void))
        self.show_form(form, _("作废 {numbers}").format(numbers=text), self.void_chosen)

    def void_chosen(self, values: dict[str, Value]) -> None:
        """The reason was given."""
        assert self.form is not None
        try:
            service.void(self.desk, self._void, str(values["reason"]))
        except DutyDeskError as error:
            self.form.refuse(error.problems)
            return
        self.close_form()
        self.refill()
        self.say(_("已作废 {count} 张").format(count=len(self._void)))
        self.view.setFocus()


class OutageTab(ListPane):
    """断电断网: F8 begins one, F9 ends the one that goes on, Enter mends what is written, Ctrl+P shows the sheet P18."""

    takes_files = False

    def __init__(self, desk: Desk) -> None:
        super().__init__(
            desk,
            "outages",
            title=_("断电断网"),
            columns=("kind", "starts_at", "ends_at", "text", "measures", "reported_to"),
            important="text",
            empty=(_("没有登记断电断网"), _("停电断网时按 F8，恢复后按 F9")),
        )
        self.bar.addWidget(self.tool(_("断电断网开始"), "begin", "F8", self.begin))
        self.bar.addWidget(self.tool(_("恢复"), "end", "F9", self.end))

    def totals(self) -> str:
        running = outages.current(self.desk)
        if running:
            return _("{title}，未恢复").format(title=outages.title(running[0].values))
        return _("{count} 次").format(count=self.desk.count("outages"))

    def make(self, values: Mapping[str, Value]) -> bytes:
        return outages.add(self.desk, values).id

    def change(self, row: Row, values: Mapping[str, Value]) -> None:
        outages.edit(self.desk, row.id, values)

    def remove(self, row: Row) -> None:
        outages.remove(self.desk, row.id)

    def defaults(self) -> Mapping[str, Value]:
        return {"kind": "POWER", "starts_at": lists.now_minute(self.desk)}

    def printout(self) -> Printout | None:
        row = self.view.current_row()
        outage = (self.desk.get("outages", row.id) if row is not None else None) or outages.newest(self.desk)
        pdf = report.sheet(self.desk, outage)
        title = _("断网应急单 {title}").format(title=outages.title(outage.values))
        return Printout(pdf, title, outages.FORM, pdf.about, pdf.missing)

    def begin(self) -> None:
        """The form of an outage that begins now."""
        names = ("kind", "starts_at", "text")
        form = LedgerForm(self.ledger, self.desk, names=names, defaults=self.defaults(), parse_time=self.parse_time())
        self.show_form(form, _("断电断网开始"), self.save_begun)

    def save_begun(self, values: dict[str, Value]) -> None:
        """Write the beginning."""
        assert self.form is not None
        try:
            row = outages.add(self.desk, values)
        except DutyDeskError as error:
            self.form.refuse(error.problems)
            return
        self.desk.store.remember("draft.outages", "")
        self.close_form()
        self._saved(row.id)
        self.view.setFocus()

    def end(self) -> None:
        """The form of the end of the outage that goes on: the chosen one, else the newest."""
        running = outages.current(self.desk)
        if not running:
            self.say(_("没有未恢复的断电断网"))
            return
        chosen = self.view.current_row()
        held = next((row for row in running if chosen is not None and row.id == chosen.id), running[0])
        names = ("ends_at", "text", "measures", "reported_to")
        form = LedgerForm(self.ledger, self.desk, held, names=names, parse_time=self.parse_time())
        form.editors["ends_at"].set_value(lists.now_minute(self.desk))
        title = _("{title}，恢复").format(title=self.desk.title_of(held))
        self.show_form(form, title, self.save_row, held)
