"""The page of one incident: its clocks on top, what happened on the left, the facts on the right."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QGuiApplication, QResizeEvent
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from dutydesk.core.clock import MINUTE
from dutydesk.core.errors import DutyDeskError
from dutydesk.core.i18n import N_, _
from dutydesk.incidents import lines, service
from dutydesk.incidents.ledger import INCIDENTS
from dutydesk.incidents.pane_facts import Clocks, Facts, Timeline
from dutydesk.incidents.pane_form import event_types
from dutydesk.journal import audit
from dutydesk.journal.query import Row
from dutydesk.ledger.choices import choices
from dutydesk.ledger.kinds import CODE, LONG, TEXT, TIME
from dutydesk.ledger.spec import Field, Ledger, On, Value
from dutydesk.qt import dialogs
from dutydesk.qt.editors import typed_time
from dutydesk.qt.flow import flow
from dutydesk.qt.forms import LedgerForm
from dutydesk.qt.offers import desk_only, on_press
from dutydesk.qt.theme import current
from dutydesk.qt.widgets import Badge, Elided, IconButton, button, label, line

REPORT = Ledger(
    "first_report",
    N_("初报"),
    (
        Field("to", TEXT, N_("报给"), required=True),
        Field("how", CODE, N_("方式"), required=True, choices=choices("report_rules", "channel")),
        Field("at", TIME, N_("报出时间"), required=True),
        Field("receipt", TEXT, N_("文号或接话人")),
    ),
)
PROGRESS = Ledger(
    "progress",
    N_("进展"),
    (
        Field("text", LONG, N_("进展"), required=True),
        Field("party", TEXT, N_("对方")),
        Field("handling", LONG, N_("处理情况")),
    ),
)
STATE = Ledger(
    "state",
    N_("改状态"),
    (
        Field("state", CODE, N_("状态"), required=True, choices=INCIDENTS["state"].choices),
        Field("note", LONG, N_("说明")),
    ),
)
EDITED = tuple(
    replace(item, required=False) for item in INCIDENTS.on(On.FORM) if item.name not in (*service.OWN, "state")
)
EDIT = Ledger("incident_edit", N_("改要素"), (*EDITED, Field("note", TEXT, N_("变更原因"))))
EDIT_FIRST = ("dead", "missing", "trapped", "serious", "injured", "note", "grade", "measures")
"""What changes most stands first, the reason beside it; a required field that is emptied is refused by the service."""


class Sheet(QDialog):
    """One of the small forms of the page in a window of its own.

    Signals:
        given: the values; answer with `form.refuse` or `accept`.
    """

    given = Signal(dict)

    def __init__(self, parent: QWidget, title: str, form: LedgerForm) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setObjectName("incident-sheet")
        self.setWindowTitle(title)
        self.form = form
        form.setObjectName("incident-sheet-form")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(form)
        form.submitted.connect(self.given)
        form.closed.connect(self.reject)
        height = max(current().px(260 if len(form.editors) < 6 else 460), form.whole_height())
        self.resize(current().px(480), min(height, parent.window().height() - current().px(40)))

    def showEvent(self, event: Any) -> None:
        super().showEvent(event)
        self.form.setFocus(Qt.FocusReason.PopupFocusReason)


class IncidentPage(QWidget):
    """One incident.

    Signals:
        said: one sentence for the pane's foot.
    """

    said = Signal(str)

    def __init__(self, desk: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("incident-page")
        self._desk = desk
        self._revealed = False
        self.row: Row | None = None
        theme = current()
        body = QWidget()
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(body)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(area)
        column = QVBoxLayout(body)
        column.setContentsMargins(theme.px(12), theme.px(8), theme.px(12), theme.px(8))
        column.setSpacing(theme.px(8))
        head = QHBoxLayout()
        head.setSpacing(theme.px(8))
        self.back = IconButton("left", _("回到列表 Alt+←"))
        self.back.setObjectName("incident-back")
        self.back.hide()
        head.addWidget(self.back)
        self.title = Elided("", "title")
        self.title.setObjectName("incident-title")
        self.state = Badge("")
        self.state.setObjectName("incident-state")
        self.grade = Badge("")
        self.grade.setObjectName("incident-grade")
        head.addWidget(self.title, 1)
        head.addWidget(self.grade)
        head.addWidget(self.state)
        column.addLayout(head)
        self.buttons: dict[str, QPushButton] = {}
        tools = QWidget()
        bar = flow(tools, theme.px(8))
        for name, text, tip in (
            ("report", _("初报"), _("Alt+R，记下报给谁、怎么报、何时报")),
            ("progress", _("进展"), "Alt+J"),
            ("state", _("状态"), "Alt+S"),
            ("edit", _("改要素"), "Alt+E"),
            ("copy", _("复制一行"), _("Ctrl+Shift+C，发微信用，号码已遮")),
            ("print", _("打印"), "Alt+P"),
        ):
            made = button(text, tip=tip)
            made.setObjectName(f"incident-{name}")
            self.buttons[name] = made
            bar.addWidget(made)
        for name, run in (
            ("report", self.ask_report),
            ("progress", self.ask_progress),
            ("state", self.ask_state),
            ("edit", self.ask_edit),
            ("copy", self.copy_line),
            ("print", self.print_sheet),
        ):
            on_press(desk, self.buttons[name], run)
        column.addWidget(tools)
        self.clocks = Clocks()
        column.addWidget(self.clocks)
        column.addWidget(line())
        self.timeline = Timeline()
        self.facts = Facts(desk)
        self.facts.reveal.connect(self.ask_reveal)
        self.parts = QSplitter(Qt.Orientation.Horizontal)
        self.parts.addWidget(self._panel(_("经过"), self.timeline))
        self.parts.addWidget(self._panel(_("要素"), self.facts))
        self.parts.setStretchFactor(0, 3)
        self.parts.setStretchFactor(1, 2)
        self.parts.setChildrenCollapsible(False)
        self.parts.setMinimumHeight(theme.px(200))
        column.addWidget(self.parts, 1)
        self._place()

    @staticmethod
    def _panel(name: str, inside: QWidget) -> QWidget:
        panel = QWidget()
        column = QVBoxLayout(panel)
        column.setContentsMargins(current().px(8), 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(label(name, "small"))
        column.addWidget(inside, 1)
        return panel

    # -- showing ---------------------------------------------------------------------------------------------------

    def show_incident(self, row: Row) -> None:
        """Show a row."""
        if self.row is None or self.row.id != row.id:
            self._revealed = False
        self.row = row
        self.title.setText(self._desk.placed(row, lines.title(row.values)))
        self.state.set("", INCIDENTS["state"].kind.show(row.values.get("state"), INCIDENTS["state"]) or _("无状态"))
        grade = INCIDENTS["grade"].kind.show(row.values.get("grade"), INCIDENTS["grade"])
        self.grade.set("", grade or _("未定级"))
        self.timeline.show_moments(service.timeline(self._desk, row))
        self.facts.show_row(row, revealed=self._revealed)
        self.tick()

    def tick(self) -> None:
        """Bring the clocks up to date."""
        if self.row is None:
            return
        now = self._desk.clock.now()
        clocks = service.clocks(self._desk, self.row, now)
        self.clocks.show_clocks(clocks, now)
        running = any(one.running for one in clocks)
        report = self.buttons["report"]
        if bool(report.property("primary")) != running:
            report.setProperty("primary", running)
            report.style().unpolish(report)
            report.style().polish(report)

    # -- commands --------------------------------------------------------------------------------------------------

    def _sheet(self, ledger: Ledger, title: str, **more: Any) -> Sheet:
        form = LedgerForm(ledger, self._desk, parse_time=typed_time(self._desk.clock), **more)
        for name, editor in form.editors.items():
            editor.input.setObjectName(f"sheet-{name}")
        form.save.setObjectName("sheet-save")
        return Sheet(self, title, form)

    @desk_only
    def ask_report(self) -> None:
        """Ask whom, how and when; nothing else stops a clock."""
        if self.row is None:
            return
        running = [one.clock for one in service.clocks(self._desk, self.row) if one.running]
        first = running[0] if running else None
        same = [clock for clock in running if first is not None and clock.step == first.step]
        now = self._desk.clock.now()
        defaults: dict[str, Value] = {
            "to": "、".join(dict.fromkeys(clock.to for clock in same)) or None,
            "how": first.channel if first else None,
            "at": now - now % MINUTE,
        }
        sheet = self._sheet(REPORT, _("初报 {title}").format(title=self.title.text()), defaults=defaults)
        sheet.given.connect(self._report)
        sheet.open()

    def _report(self, values: dict[str, Any]) -> None:
        self._do(
            service.first_report, values["to"], values["how"], values["at"], str(values.get("receipt") or ""),
        )  # fmt: skip

    @desk_only
    def ask_progress(self) -> None:
        """Write what happened next."""
        if self.row is not None:
            sheet = self._sheet(PROGRESS, _("进展 {title}").format(title=self.title.text()))
            sheet.given.connect(self._progress)
            sheet.open()

    def _progress(self, values: dict[str, Any]) -> None:
        text = str(values.pop("text", ""))
        self._do(service.add_note, text, **values)

    @desk_only
    def ask_state(self) -> None:
        """Choose another state."""
        if self.row is not None:
            sheet = self._sheet(STATE, _("状态 {title}").format(title=self.title.text()))
            sheet.form.editors["state"].hint(self.state.word)
            sheet.given.connect(self._state)
            sheet.open()

    def _state(self, values: dict[str, Any]) -> None:
        self._do(service.set_state, values["state"], str(values.get("note") or ""))

    @desk_only
    def ask_edit(self) -> None:
        """Change the facts; a figure that falls needs its reason."""
        if self.row is None:
            return
        names = [*EDIT_FIRST, *(item.name for item in EDITED if item.name not in EDIT_FIRST)]
        sheet = self._sheet(
            EDIT, _("改要素 {title}").format(title=self.title.text()), row=self.row, names=names,
            find={"type": event_types()},
        )  # fmt: skip
        sheet.form.more.setChecked(True)
        sheet.given.connect(self._edit)
        sheet.open()

    def _edit(self, values: dict[str, Any]) -> None:
        note = str(values.pop("note", None) or "")
        self._do(service.change, values, note)

    def _do(self, command: Any, *arguments: Any, **more: Any) -> None:
        """Run a command on the row for the sheet that asked; what is refused is said there."""
        sheet = self.sender()
        assert isinstance(sheet, Sheet)
        assert self.row is not None
        try:
            row = command(self._desk, self.row.id, *arguments, **more)
        except DutyDeskError as error:
            sheet.form.refuse(error.problems)
            return
        sheet.accept()
        self.show_incident(row)
        self.said.emit(_("已保存"))

    def copy_line(self) -> None:
        """One masked line on the clipboard."""
        if self.row is not None:
            QGuiApplication.clipboard().setText(service.one_line(self._desk, self.row))
            self.said.emit(_("已复制一行，号码已遮"))

    def print_sheet(self) -> None:
        """Show 突发事件登记表 in the preview."""
        preview = self._desk.services.get("preview")
        if self.row is None or preview is None:
            self.said.emit(_("预览在窗口里打开"))
            return
        from dutydesk.incidents.report import sheet_of

        made, missing = sheet_of(self._desk, self.row)
        preview(made, _("突发事件登记表"), "INC", "", missing)

    @desk_only
    def ask_reveal(self) -> None:
        """Ask why the number is to be seen."""
        dialog = dialogs.RevealDialog(self)
        dialog.given.connect(self._reveal)
        dialog.open()

    def _reveal(self, reason: str) -> None:
        assert self.row is not None
        try:
            audit.record(self._desk, "REVEAL", audit.subject_of("incidents", self.row.id), reason)
        except DutyDeskError as error:
            dialogs.fail(self, error)
            return
        self._revealed = True
        self.facts.show_row(self.row, revealed=True)

    # -- Qt --------------------------------------------------------------------------------------------------------

    def _place(self) -> None:
        """Time line and facts side by side where there is room."""
        side = self.width() >= current().px(520)
        self.parts.setOrientation(Qt.Orientation.Horizontal if side else Qt.Orientation.Vertical)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange and hasattr(self, "parts"):
            self._place()
