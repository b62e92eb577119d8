"""Lists of administration: settings with their source; audit and attachments, which the program alone writes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from dutydesk.admin import service
from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import _
from dutydesk.journal import audit
from dutydesk.journal.attachments import path_of
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Row
from dutydesk.ledger.spec import Value, Values
from dutydesk.qt.listpane import CommandRow, ListPane, Printout

WRITTEN = ("key", "value", "source", "place", "date", "note")


def printed(pane: ListPane, **more: Callable[[Row], Values]) -> Printout:
    """The plain print of what a list shows."""
    from dutydesk.printing.plain import list_document

    made = list_document(pane.desk, pane.stored_query(), **more)
    return Printout(made.pdf(), pane.title, "LIST", "", made.missing)


class SettingsList(ListPane):
    """Rules and thresholds. A setting is not deleted: without a value the program's own default holds again."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(
            desk,
            "settings",
            title=_("设置"),
            columns=("key", "value", "source", "place", "date"),
            important="source",
            hint=_("名称、依据"),
            empty=(_("没有改过的设置"), _("按 Ctrl+N 写下一条，写明依据哪份文件、文件日期")),
        )

    def make(self, values: Mapping[str, Value]) -> bytes:
        return service.add_setting(self.desk, values)

    def change(self, row: Row, values: Mapping[str, Value]) -> None:
        if "key" in values:
            raise Refused(Problem(_("名称不能改，另写一条"), "key"))
        told = {**row.values, **values}
        service.write_setting(self.desk, **{name: str(told.get(name) or "") for name in WRITTEN})

    def printout(self) -> Printout:
        return printed(self)

    def delete_row(self) -> None:
        """Delete: say how a setting is taken back."""
        self.say(_("设置不删除：把值清空，就用程序自带的"))


class ReadOnlyList(ListPane):
    """A list that only the program writes: found, sorted, copied, never changed."""

    def __init__(
        self,
        desk: Desk,
        ledger: str,
        *,
        important: str,
        empty: str,
        hint: str,
        shows: Mapping[str, Callable[[Row], str]] | None = None,
    ) -> None:
        title = _(desk.ledger(ledger).title)
        super().__init__(desk, ledger, title=title, important=important, hint=hint, empty=(empty, ""), shows=shows)
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
            empty=_("还没有审计记录"),
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
        super().__init__(desk, "attachments", important="name", empty=_("还没有附件"), hint=_("文件名"))

    def open_row(self, row: Row) -> None:
        """Enter: what the file belongs to and whether it has arrived."""
        ledger, name = row.text("ledger"), row.text("row")
        here = path_of(self.desk.store.home, row.text("sha256")).exists()
        about = self.desk.title(ledger, bytes.fromhex(name)) if ledger in self.desk.store.schema.shapes else name
        state = _("文件在本机") if here else _("文件未到")
        self.say(f"{row.text('name')} · {state} · {about} · {row.text('sha256')[:16]}")
