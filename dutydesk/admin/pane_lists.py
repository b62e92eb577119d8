"""Lists of administration: settings with their source; audit and attachments, which the program alone writes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from dutydesk.admin import known, service
from dutydesk.admin.ledger import SETTINGS
from dutydesk.core.errors import DutyDeskError
from dutydesk.core.i18n import _
from dutydesk.journal import audit
from dutydesk.journal.attachments import path_of
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Condition, Query, Row
from dutydesk.ledger.feature import Known
from dutydesk.ledger.kinds import LONG, TEXT
from dutydesk.ledger.spec import Ledger, Value, Values
from dutydesk.qt import dialogs
from dutydesk.qt.forms import LedgerForm
from dutydesk.qt.listpane import CommandRow, ListPane, Narrow, Printout, RowPages
from dutydesk.qt.theme import current
from dutydesk.qt.widgets import label

WRITTEN = ("key", "value", "source", "place", "date", "note")
EDITED = ("value", "source", "date", "place", "note")


def printed(pane: ListPane, **more: Callable[[Row], Values]) -> Printout:
    """The plain print of what a list shows."""
    from dutydesk.printing.plain import list_document

    made = list_document(pane.desk, pane.stored_query(), **more)
    return Printout(made.pdf(), pane.title, "LIST", "", made.missing)


class SettingsList(ListPane):
    """Every rule and threshold that the program reads, the value in force and where it comes from.

    Enter edits one, Delete takes a changed one back to the program's own. None is added: what nothing reads would
    change nothing.
    """

    own_search = True

    def __init__(self, desk: Desk) -> None:
        self._held: dict[bytes, known.Held] = {}
        super().__init__(
            desk,
            known.LEDGER,
            title=_("设置"),
            shown=known.SHOWN,
            pages=self._pages_of,
            shows={"own": self._own},
            tone=self._tone,
            important="label",
            hint=_("设置项、名称、依据"),
            empty=(_("没有找到设置"), ""),
        )
        self.add_button.hide()

    # -- what is shown ---------------------------------------------------------------------------------------------

    def _pages_of(self, query: Query) -> RowPages:
        self._held = {one.id: one for one in known.settings_of(self.desk)}
        return RowPages(known.listed(self.desk, query))

    def _own(self, row: Row) -> str:
        return known.own_text(row.text("own"))

    def _tone(self, row: Row, name: str) -> str:
        """Only what is written and not in force has a colour, and its word."""
        return "late" if name == "own" and row.text("own") in (known.WRONG, known.STRANGE) else ""

    def totals(self) -> str:
        return known.totals(list(self._held.values()))

    def narrowings(self) -> Mapping[str, Sequence[Narrow]]:
        groups = dict.fromkeys(one.group for one in self._held.values())
        return {
            "own": [
                Narrow(_("全部")),
                Narrow(_("改过的"), (Condition("own", "=", known.OWN),)),
                Narrow(_("不能用的"), (Condition("own", "=", known.WRONG),)),
                Narrow(_("没有这一项"), (Condition("own", "=", known.STRANGE),)),
            ],
            "group": [Narrow(_("各处")), *[Narrow(group, (Condition("group", "=", group),)) for group in groups]],
        }

    def printout(self) -> Printout:
        from dutydesk.printing.desk import source
        from dutydesk.printing.page import Foot
        from dutydesk.printing.plain import ledger_document

        count = self.model.rowCount()
        rows = [row for row in map(self.model.row, range(count)) if row is not None]
        made = ledger_document(
            known.SHOWN,
            [{**row.values, "own": self._own(row)} for row in rows],
            unit=self.desk.config.unit or self.desk.config.name,
            at=self.desk.clock.now(),
            watermark=self.desk.config.mark,
            foot=Foot(source(self.desk)),
        )
        return Printout(made.pdf(), self.title, "LIST", "", made.missing)

    # -- changing --------------------------------------------------------------------------------------------------

    def new_row(self) -> None:
        """Ctrl+N: the settings are all here already."""
        self.say(_("设置都在这里：找到一条，按回车改"))

    def open_row(self, row: Row) -> None:
        """Enter: value, source and date of one; under a key that nothing reads there is nothing to change."""
        held = self._held.get(row.id)
        if held is None:
            self.say(_("没有设置“{key}”，写了不起作用；按 Delete 取消").format(key=row.text("key")))
            return
        told = held.known
        values: dict[str, Value] = {"key": told.key, "value": held.value or None}
        if held.row is not None:
            values = {**held.row.values, "value": held.row.text("value").strip() or told.default or None}
        form = LedgerForm(_form_ledger(told), self.desk, Row(row.ledger, row.id, row.n, values), names=EDITED)
        self.show_form(form, told.label, self.save_row, Row(row.ledger, row.id, row.n, values))
        parts = [_("自带 {value}").format(value=known.with_unit(told.default, told.unit)), told.source, told.date]
        about = label("\n".join((_("，").join(part for part in parts if part), told.key)), "muted", wrap=True)
        about.setObjectName("settings-about")
        about.setContentsMargins(current().px(16), current().px(4), current().px(16), 0)
        self._side.insertWidget(1, about)

    def commands(self) -> list[CommandRow]:
        """As in every list, but nothing is added, and Delete takes back."""
        taken = (_("{label}：{text}").format(label=self.title, text=_("改回自带的")), "Delete", self.delete_row)
        shown = [one for one in super().commands() if one[2] not in (self.new_row, self.delete_row)]
        return [*shown, taken]

    def change(self, row: Row, values: Mapping[str, Value]) -> None:
        told = {**row.values, **values}
        service.write_setting(self.desk, **{name: str(told.get(name) or "") for name in WRITTEN})

    def delete_row(self) -> None:
        """Delete: ask, then let the program's own value hold again."""
        row = self.view.current_row()
        if row is None:
            return
        if not row.text("own"):
            self.say(_("这一条没有改过，用的就是自带的值"))
            return
        self._row = row
        text = _("“{label}”不再用 {value}，改回自带的 {default}？").format(
            label=row.text("label"), value=row.text("in_force"), default=row.text("default")
        )
        dialogs.confirm(self, text, _("改回自带的")).answered.connect(self._take_back)

    def _take_back(self, yes: bool) -> None:
        row, self._row = self._row, None
        written = self.desk.get(known.LEDGER, row.id) if yes and row is not None else None
        if row is None or written is None:
            return
        try:
            self.change(written, {"value": None})
        except DutyDeskError as error:
            dialogs.fail(self, error)
            return
        self._saved(row.id)

    def _saved(self, row: bytes) -> None:
        super()._saved(row)
        held = self._held.get(row)
        if held is not None:
            value = known.with_unit(held.value, held.known.unit)
            self.say(_("{label}：现用 {value}").format(label=held.known.label, value=value))


def _form_ledger(told: Known) -> Ledger:
    """The ledger as its form shows it: the value first, in one line unless the setting has several."""
    value = _("值（{unit}）").format(unit=told.unit) if told.unit else _("值")
    kinds = {"value": LONG if told.lines else TEXT}
    labels = {"value": value, "source": _("依据（必填）"), "date": _("日期（必填）")}
    helps = {"value": _("留空就用自带的"), "source": _("哪份文件")}
    fields = [
        replace(
            item,
            kind=kinds.get(item.name, item.kind),
            label=labels.get(item.name, item.label),
            help=helps.get(item.name, item.help),
        )
        for item in SETTINGS.fields
    ]
    return replace(SETTINGS, fields=tuple(fields))


class ReadOnlyList(ListPane):
    """A list that only the program writes: found, sorted, copied, never changed."""

    takes_files = False

    def __init__(
        self,
        desk: Desk,
        ledger: str,
        *,
        important: str,
        empty: tuple[str, str],
        hint: str,
        shows: Mapping[str, Callable[[Row], str]] | None = None,
    ) -> None:
        title = _(desk.ledger(ledger).title)
        super().__init__(desk, ledger, title=title, important=important, hint=hint, empty=empty, shows=shows)
        self.add_button.hide()

    def printout(self) -> Printout:
        return printed(self)

    def new_row(self) -> None:
        """Ctrl+N: nobody writes here by hand."""
        self.say(_("这里由程序写入，不能手工增改"))

    def open_row(self, row: Row) -> None:
        """Enter: the whole entry in one line below the list."""
        shown = [self.model.text(row, item) for item in self.model.fields]
        self.say(" · ".join(text for text in shown if text))

    def delete_row(self) -> None:
        """Delete: nothing is taken away."""
        self.new_row()

    def commands(self) -> list[CommandRow]:
        return [command for command in super().commands() if command[2] not in (self.new_row, self.delete_row)]


class AuditList(ReadOnlyList):
    """Who asked to see what, exported, printed, settled."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(
            desk,
            "audit",
            important="reason",
            empty=(_("还没有审计记录"), _("看号码、导出、打印、定冲突，谁在什么时候为什么，都记在这里")),
            hint=_("人员、对象、原因"),
            shows={"subject": self._subject},
        )

    def printout(self) -> Printout:
        return printed(self, values=self._values)

    def _values(self, row: Row) -> Values:
        return {**row.values, "subject": self._subject(row)}

    def _subject(self, row: Row) -> str:
        return audit.read_subject(self.desk, row.text("subject"))


class AttachmentList(ReadOnlyList):
    """Files kept beside entries, and whether they are here."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(
            desk, "attachments", important="name", empty=(_("还没有附件"), _("在日志里按 F 加附件")), hint=_("文件名")
        )

    def open_row(self, row: Row) -> None:
        """Enter: what the file belongs to and whether it has arrived."""
        ledger, name = row.text("ledger"), row.text("row")
        here = path_of(self.desk.store.home, row.text("sha256")).exists()
        about = self.desk.title(ledger, bytes.fromhex(name)) if ledger in self.desk.store.schema.shapes else name
        state = _("文件在本机") if here else _("文件未到")
        self.say(f"{row.text('name')} · {state} · {about} · {row.text('sha256')[:16]}")
