"""The duty log as a list: filtered in SQL, one entry whole below it, single keys for what is done with it.

A amend, R reply, T follow up, I to incident intake, F a file; Ctrl+C gives the line for the group chat. The entry line
at the foot of the window is `pane_form`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QHideEvent, QKeyEvent, QKeySequence, QResizeEvent, QShortcut, QShowEvent
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from dutydesk.core.errors import DutyDeskError, Refused
from dutydesk.core.i18n import N_, _
from dutydesk.daybook import cells, entry, lists, rules, service
from dutydesk.daybook.ledger import LOG
from dutydesk.daybook.pane_form import EntryLine
from dutydesk.daybook.pane_lists import log_model, log_view
from dutydesk.journal.attachments import path_of
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Query, Row
from dutydesk.ledger.kinds import shown
from dutydesk.ledger.spec import Value
from dutydesk.qt import dialogs
from dutydesk.qt.amend import AmendDialog
from dutydesk.qt.announcer import Changed, announcer_of
from dutydesk.qt.compose import (
    line_input,
    mark,
)
from dutydesk.qt.detail import Compared, Detail, DetailPanel, File
from dutydesk.qt.editors import typed_time
from dutydesk.qt.filterbar import FilterBar
from dutydesk.qt.offers import desk_only, viewing
from dutydesk.qt.rowtools import RowTools
from dutydesk.qt.saving import SaveElsewhere
from dutydesk.qt.theme import current
from dutydesk.qt.widgets import SplitTitle, button

__all__ = ["DaybookPane", "EntryLine"]

MINUTE_MS = 60_000
AMENDABLE = (
    *("text", "handling", "happened_at", "category", "line", "direction", "means", "party", "party_phone"),
    *("already_told", "region", "incident"),
)
LOW = 360
"""Pixels at 100 %: a pane lower than this shows the list or, after Enter, one entry, not both."""
REASONS = (N_("补填待补项"), N_("核实后更正"), N_("笔误"))


class DaybookPane(QWidget):
    """The log as a list with one entry whole below it."""

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("daybook-pane")
        self.desk = desk
        self.title = _("值班日志")
        self._row: Row | None = None
        self._opened = False
        self._dialog: AmendDialog | None = None
        self.saver = SaveElsewhere(self, desk.store, "attachments")
        self.filter = lists.Filter()
        self._make_bar()
        self._make_list()
        self._lay_out()
        self._make_actions()
        self._announcer = announcer_of(desk)
        self._announcer.changed.connect(self._heed)
        self._minute = QTimer(self)
        self._minute.setInterval(MINUTE_MS)
        self._minute.timeout.connect(self._turn)
        self._pick(None)

    def _make_bar(self) -> None:
        self.bar = FilterBar("daybook", _("搜索日志"))
        self.bar.add_choice("period", _("时间范围"), lists.PERIODS)
        self.day = line_input("daybook-day", _("日期，如 2026-06-18"), "2026-06-18")
        self.day.setFixedWidth(current().digits(11) + current().px(20))
        self.day.hide()
        self.bar.add(self.day)
        for name, every in (("category", N_("全部类别")), ("line", N_("全部业务线"))):
            codes = [(choice.code, shown(choice)) for choice in LOG[name].choices]
            self.bar.add_choice(name, _(LOG[name].label), [("", every), *codes])
        self.waiting = self.bar.add_tick("waiting", _("只看待反馈"))
        self.print_button = button(_("打印"), tip="Ctrl+P")
        self.print_button.setObjectName("daybook-print")
        self.bar.changed.connect(self._filtered)
        self.bar.down.connect(self.focus_first)
        self.day.editingFinished.connect(self._filtered)
        self.print_button.clicked.connect(self.print_log)

    def _author(self, row: Row) -> str:
        return service.recorder(self.desk, row)

    def _make_list(self) -> None:
        self.model = log_model(self.desk, self.desk.clock.now, self._pages, self, self._author)
        self.view = log_view(self.model, _wechat)
        self.view.setObjectName("daybook-list")
        self.view.picked.connect(self._pick)
        self.view.opened.connect(self._open)
        self.view.typed.connect(self.bar.search_for)
        self.view.filter_dropped.connect(self.bar.reset)
        self.model.reloaded.connect(self._count)
        self.detail = DetailPanel(_("选一条日志，这里看全文、更正和附件"))
        self.detail.setObjectName("daybook-detail")
        self.detail.wanted.connect(self._save_file)

    def _pages(self, query: Query) -> lists.LogPages:
        return lists.LogPages(self.desk, query)

    def _lay_out(self) -> None:
        self.head = SplitTitle(self.title)
        self.head.add(self.print_button)
        self._below = QWidget()
        below = QVBoxLayout(self._below)
        below.setContentsMargins(0, 0, 0, 0)
        below.setSpacing(0)
        self.tools = RowTools("daybook", self.view, self.desk)
        below.addWidget(self.tools)
        below.addWidget(self.detail, 1)
        self.splitter = QSplitter(Qt.Orientation.Vertical)
        self.splitter.setObjectName("daybook-splitter")
        self.splitter.addWidget(self.view)
        self.splitter.addWidget(self._below)
        self.splitter.setStretchFactor(0, 3)
        self.splitter.setStretchFactor(1, 2)
        self.splitter.setChildrenCollapsible(False)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.head)
        column.addWidget(self.bar)
        column.addWidget(self.splitter, 1)

    def _make_actions(self) -> None:
        """Single keys on the list, a button each; services that the window does not give take theirs along."""
        services = self.desk.services
        self.tools.add("amend", _("更正"), "A", self.amend)
        if "entry" in services:
            self.tools.add("reply", _("反馈"), "R", self.reply)
            self.tools.add("follow", _("跟进"), "T", self.follow)
        if "intake" in services or "open" in services:
            self.tools.add("intake", _("转接报") if "intake" in services else _("看接报"), "I", self.intake)
        self.tools.add("attach", _("加附件"), "F", self.attach)
        # An entry is copied as the line that goes into the group chat; cells are for tables.
        self.view.copy_action.setShortcut(QKeySequence("Ctrl+Shift+C"))
        self.view.line_action.setShortcut(QKeySequence(QKeySequence.StandardKey.Copy))
        for keys, run in (("Ctrl+F", self.bar.focus_search), ("Ctrl+P", self.print_log)):
            QShortcut(QKeySequence(keys), self, activated=run, context=Qt.ShortcutContext.WidgetWithChildrenShortcut)  # pyright: ignore[reportCallIssue]

    # -- for the window ---------------------------------------------------------------------------------------------

    def commands(self) -> list[tuple[str, str, Callable[[], None]]]:
        """What the palette and the key sheet offer."""
        return [
            (_("打印值班日志"), "Ctrl+P", self.print_log),
            (_("搜索日志"), "Ctrl+F", self.bar.focus_search),
            (_("日志：只看待反馈"), "", self.waiting.toggle),
            *self.tools.commands(),
        ]

    def focus_first(self) -> None:
        """The caret on the list, on its newest row when none is chosen."""
        self.view.setFocus()
        if not self.view.currentIndex().isValid() and self.model.rowCount():
            self.view.setCurrentIndex(self.model.index(0, 0))

    def show_row(self, ledger: str, row_id: bytes) -> bool:
        """Go to an entry; a filter that hides it is given up. False for what is not of the log."""
        if ledger != "log":
            return False
        if not self.view.show_row(row_id):
            self.bar.reset()
            if not self.view.show_row(row_id):
                return False
        self.view.setFocus()
        return True

    # -- filters ----------------------------------------------------------------------------------------------------

    def _filtered(self) -> None:
        period = self.bar.choice("period")
        self.day.setVisible(period == "day")
        self.filter = lists.Filter(
            period,
            self.day.text().strip() if period == "day" else "",
            self.bar.choice("category"),
            self.bar.choice("line"),
            self.bar.ticked("waiting"),
            self.bar.search.text(),
        )
        self._ask()

    def _ask(self) -> None:
        """Ask what the filter means now: today is another day after midnight."""
        try:
            query = self.filter.query(self.desk, self.model.query.order)
        except Refused as refused:
            mark(self.day, str(refused.problems[0].reason))
            self.head.note.setText(str(refused.problems[0].reason))
            return
        mark(self.day, "")
        self.model.set_query(query)
        self._count(self.model.rowCount())

    def _count(self, rows: int) -> None:
        self.head.note.setText(_("{count} 条").format(count=rows))

    # -- changes ----------------------------------------------------------------------------------------------------

    def _heed(self, changed: Changed) -> None:
        if changed.touches("log", "incidents"):
            if self._dialog is None:
                self._ask()
            self.model.heed(changed)
        if changed.touches("log", "incidents", "attachments"):
            self._tell()

    def _turn(self) -> None:
        """A minute has passed: what is late now, and which day today is."""
        if self._dialog is None:
            self._ask()
        self.model.refresh()

    def _pick(self, row: Row | None) -> None:
        self._row = row
        self.tools.enable(row is not None)
        intake = self.tools.actions_by_name.get("intake")
        if intake is not None and row is not None:
            intake.setEnabled("intake" in self.desk.services or bool(row.get("incident")))
        self._opened = False
        self._show_parts()
        self._tell()

    def _tell(self) -> None:
        """The chosen entry whole, with its corrections; again whenever something was written."""
        if self._row is None:
            self.detail.show_detail(None)
            return
        told = lists.told(self.desk, self._row)
        self.detail.show_detail(
            Detail(
                told.heading,
                told.note,
                told.facts,
                tuple(
                    Compared(head, tuple((_(LOG[item.field].label), item.old, item.new) for item in changed))
                    for head, changed in told.corrections
                ),
                tuple(self._file(file) for file in told.files),
            )
        )

    def _file(self, file: Row) -> File:
        """A file beside the entry: its size, and where it is not here why."""
        here = path_of(self.desk.store.home, file.text("sha256")).exists()
        lacking = _("附件不传给上级，要看请问区县") if viewing(self.desk) else _("未到")
        size = lists.size_text(file.number("size"))
        return File(file.id, file.text("name"), size if here else f"{size} · {lacking}", here)

    def _open(self, row: Row) -> None:
        """Enter: read it whole, the arrow keys scroll; Esc goes back to the list."""
        self._pick(row)
        self._opened = True
        self._show_parts()
        self.detail.setFocus()

    def _show_parts(self) -> None:
        """The list, and the chosen entry below it; in a low pane one of the two."""
        low = self.height() < current().px(LOW)
        self._below.setVisible(self._row is not None and (self._opened or not low))
        self.view.setVisible(not low or self._below.isHidden())

    # -- what is done with an entry ---------------------------------------------------------------------------------

    @desk_only
    def amend(self) -> None:
        """A: correct the chosen entry. The list stands still meanwhile."""
        if self._row is None or self._dialog is not None:
            return
        latest = service.chain(self.desk, self._row.id)[-1]
        dialog = AmendDialog(
            LOG,
            self.desk,
            latest,
            self._amend,
            heading=_("更正 {title}").format(title=lists.title(latest.values)),
            names=AMENDABLE,
            reasons=[_(reason) for reason in REASONS],
            parse_time=typed_time(self.desk.clock),
            parent=self,
        )
        self._dialog = dialog
        self.model.hold()
        dialog.finished.connect(self._amended)
        dialog.open()

    def _amend(self, values: Mapping[str, Value], reason: str) -> Row:
        assert self._row is not None
        return service.amend(self.desk, self._row, values, reason)

    def _amended(self) -> None:
        self._dialog = None
        self.model.release()
        self.view.setFocus()

    @desk_only
    def reply(self) -> None:
        """R: what was told back, in the entry line."""
        if self._row is not None:
            root = service.chain(self.desk, self._row.id)[0]
            self.desk.services["entry"]({"answers": root.id, "line": root.get("line"), "party": root.get("party")})

    @desk_only
    def follow(self) -> None:
        """T: ask for an answer (again), in the entry line."""
        if self._row is not None:
            root = service.chain(self.desk, self._row.id)[0]
            text = _("跟进 {no}：").format(no=cells.short_no(root.get("no")))
            values = {"answers": root.id, "line": root.get("line"), "party": root.get("party"), "text": text}
            self.desk.services["entry"]({**values, "category": "PHONE_OUT", "focus": "due_at"})

    def intake(self) -> None:
        """I: to the incident that the entry belongs to; without one, to an intake that begins with it."""
        if self._row is None:
            return
        latest = service.chain(self.desk, self._row.id)[-1]
        incident = latest.get("incident")
        if isinstance(incident, bytes) and "open" in self.desk.services:
            self.desk.services["open"]("incidents", incident)
        elif "intake" in self.desk.services:
            names = ("happened_at", "text", "region", "party", "party_phone")
            given = {name: latest.get(name) for name in names if latest.get(name) is not None}
            self.desk.services["intake"]({**given, "log": latest.id})

    @desk_only
    def attach(self) -> None:
        """F: keep a file beside the chosen entry."""
        if self._row is not None:
            chooser = dialogs.open_file(self, _("选一个附件"), (), memory=self.desk.store, purpose="attachments")
            chooser.chosen.connect(self.add_file)

    def add_file(self, path: Path) -> None:
        """Keep this file beside the chosen entry."""
        if self._row is None:
            return
        try:
            service.attach(self.desk, self._row, [entry.read_file(str(path))])
        except DutyDeskError as error:
            dialogs.fail(self, error)

    def _save_file(self, row: bytes) -> None:
        file = self.desk.get("attachments", row)
        if file is not None:
            self.saver.ask(file.text("name"), partial(service.attachment_data, self.desk, file))

    def print_log(self) -> None:
        """Ctrl+P: P02 of the day or shift that is shown, of the running shift when everything is."""
        from dutydesk.daybook import report

        preview = self.desk.services.get("preview")
        if preview is None:
            return
        try:
            span = self.filter.span(self.desk)
            made = report.document(self.desk, **report.params_of(span))
        except DutyDeskError as error:
            dialogs.fail(self, error)
            return
        preview(made.pdf(), made.title, "P02", made.about, made.missing)

    # -- Qt ---------------------------------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self._opened = False
            self._show_parts()
            self.view.setFocus()
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._show_parts()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._ask()
        self._minute.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._minute.stop()


def _wechat(row: Row) -> str:
    return rules.wechat_line(row.values, service.tables())
