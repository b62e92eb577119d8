"""The page of one incident: its clocks on top, what happened on the left, the facts on the right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QGuiApplication, QResizeEvent
from PySide6.QtWidgets import (
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from dutydesk.core.clock import MINUTE, local
from dutydesk.core.errors import DutyDeskError
from dutydesk.core.i18n import N_, _
from dutydesk.incidents import lines, rules, service
from dutydesk.incidents.clocks import Timed
from dutydesk.incidents.ledger import INCIDENTS
from dutydesk.incidents.pane_form import event_types
from dutydesk.incidents.rules import Harm
from dutydesk.journal import audit
from dutydesk.journal.query import Row
from dutydesk.ledger.choices import choices
from dutydesk.ledger.kinds import CODE, LONG, TEXT, TIME, Time
from dutydesk.ledger.spec import Field, Ledger, On, Value
from dutydesk.qt import dialogs
from dutydesk.qt.editors import typed_time
from dutydesk.qt.flow import flow
from dutydesk.qt.forms import LedgerForm
from dutydesk.qt.theme import current
from dutydesk.qt.widgets import Badge, Elided, IconButton, Tile, button, label, line

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
HARM = "dead"
"""The fact under which all casualties and the loss stand in one line."""
FACTS = (
    *("text", HARM, "measures", "happened_at", "received_at", "type", "region", "place", "source", "caller"),
    *("caller_phone", "grade", "impact", "request", "contact", "phoned_to", "reported_to"),
)
WANTED = ("source", "region", "measures", "grade")
"""What a first report should say (domain.md §4.5) and the form does not insist on."""
MOST_MOMENTS = 300


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
        height = current().px(260 if len(form.editors) < 6 else 460)
        self.resize(current().px(480), min(height, parent.window().height() - current().px(40)))

    def showEvent(self, event: Any) -> None:
        super().showEvent(event)
        self.form.setFocus(Qt.FocusReason.PopupFocusReason)


def left_text(due_at: int, now: int) -> str:
    """Hours and minutes to a time, or since it; days from two on."""
    minutes = abs(due_at - now) // MINUTE
    if minutes >= 48 * 60:
        return _("{days} 天").format(days=minutes // 1440)
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def clock_text(timed: Timed, now: int) -> tuple[str, str]:
    """What a clock says, and its tone: time left, 逾期 and by how much, 已报 and when."""
    if timed.state == "DONE" and timed.done_at is not None:
        when = _("已报 {time}").format(time=f"{local(timed.done_at):%H:%M}")
        return (_("{when} 迟 {late} 分").format(when=when, late=timed.late) if timed.late else when), ""
    if timed.state == "WAIVED":
        return (_("未报 迟 {late} 分").format(late=timed.late) if timed.late else _("未报")), ""
    text = left_text(timed.clock.due_at, now)
    if timed.state == "OVERDUE":
        return _("逾期 {time}").format(time=text), "late"
    return _("剩 {time}").format(time=text), "yellow" if timed.state == "DUE_SOON" else ""


class Clocks(QWidget):
    """The clocks of an incident: the next due one large, the others beside it, below it where it is narrow."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("incident-clocks")
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(current().px(4))
        self.tiles: list[Tile] = []

    def show_clocks(self, clocks: Sequence[Timed], now: int) -> None:
        """Show these, the running ones first."""
        order = sorted(clocks, key=lambda one: (not one.running, one.clock.due_at))
        if len(order) != len(self.tiles):
            for tile in self.tiles:
                tile.setParent(None)
                tile.deleteLater()
            self.tiles = [Tile("", big=not at) for at in range(len(order))]
            self._place()
        for tile, one in zip(self.tiles, order, strict=True):
            value, tone = clock_text(one, now)
            due = _("最迟 {time}").format(time=f"{local(one.clock.due_at):%H:%M}")
            tile.setObjectName(f"clock-{one.clock.rule}")
            tile.show_value(value, tone, caption=f"{one.clock.label} {due}")
            tile.setToolTip(
                _("{label}\n报给：{to}\n时限：{due}\n依据：{source}").format(
                    label=one.clock.label,
                    to=one.clock.to,
                    due=f"{local(one.clock.due_at):%m-%d %H:%M}",
                    source=one.clock.source,
                )
            )
        self.setVisible(bool(order))

    def _place(self) -> None:
        if not self.tiles:
            return
        beside = self.width() >= current().px(460)
        others = self.tiles[1:]
        for tile in self.tiles:
            self._grid.removeWidget(tile)
        self._grid.addWidget(self.tiles[0], 0, 0, 2 if beside and len(others) > 1 else 1, 1)
        for at, tile in enumerate(others):
            if beside:
                self._grid.addWidget(tile, at % 2, 1 + at // 2)
            else:
                self._grid.addWidget(tile, 1 + at, 0)
        for column in range(self._grid.columnCount()):
            self._grid.setColumnStretch(column, 3 if column == 0 else 2)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place()


class Timeline(QScrollArea):
    """What happened, the newest last and in sight."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("incident-timeline")
        self.setAccessibleName(_("经过"))
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.moments: Sequence[service.Moment] = ()

    def show_moments(self, moments: Sequence[service.Moment]) -> None:
        """Show these; nothing happens where they are the same."""
        if moments == self.moments and self.widget() is not None:
            return
        self.moments = moments
        theme = current()
        body = QWidget()
        grid = QGridLayout(body)
        grid.setContentsMargins(0, theme.px(8), theme.px(8), theme.px(8))
        grid.setHorizontalSpacing(theme.px(12))
        grid.setVerticalSpacing(theme.px(2))
        grid.setColumnStretch(1, 1)
        day = ""
        at = 0
        for moment in moments[-MOST_MOMENTS:]:
            when = local(moment.at)
            if f"{when:%m-%d}" != day:
                day = f"{when:%m-%d}"
                grid.addWidget(label(day, "small"), at, 0, 1, 2)
                at += 1
            grid.addWidget(label(f"{when:%H:%M}"), at, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(label(moment.text, wrap=True, selectable=True), at, 1)
            at += 1
            late = _("{time} 记").format(time=f"{local(moment.recorded_at):%H:%M}")
            typed = late if moment.recorded_at - moment.at > 10 * MINUTE else ""
            note = _("说明：{note}").format(note=moment.note) if moment.note else ""
            under = " · ".join(part for part in (moment.by, typed, note) if part)
            if under:
                grid.addWidget(label(under, "small", wrap=True), at, 1)
                at += 1
            grid.setRowMinimumHeight(at, theme.px(4))
            at += 1
        grid.setRowStretch(at, 1)
        grid.activate()
        self.setWidget(body)
        self.verticalScrollBar().setValue(self.verticalScrollBar().maximum())


class Facts(QScrollArea):
    """Everything that is known, and what is still to be asked.

    Signals:
        reveal: somebody wants to see the caller's whole number.
    """

    reveal = Signal()

    def __init__(self, desk: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("incident-facts")
        self.setAccessibleName(_("要素"))
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._desk = desk
        self._shown: tuple[bytes, Mapping[str, Value], bool] | None = None

    def show_row(self, row: Row, *, revealed: bool) -> None:
        """Show the facts of a row."""
        if self._shown == (row.id, row.values, revealed):
            return
        self._shown = (row.id, row.values, revealed)
        theme = current()
        body = QWidget()
        grid = QGridLayout(body)
        grid.setContentsMargins(0, theme.px(8), theme.px(8), theme.px(8))
        grid.setHorizontalSpacing(theme.px(8))
        grid.setVerticalSpacing(theme.px(4))
        grid.setColumnStretch(1, 1)
        at = 0
        missing = [_(INCIDENTS[name].label) for name in WANTED if row.values.get(name) is None]
        if all(row.values.get(name) is None for name in service.HARM):
            missing.append(_("人员伤亡"))
        if missing:
            told = label(_("待补：{what}").format(what=_("、").join(missing)), "muted", wrap=True)
            told.setObjectName("incident-missing")
            grid.addWidget(told, at, 0, 1, 2)
            at += 1
        for name in FACTS:
            text = self._text(row, name, revealed=revealed)
            if not text:
                continue
            item = INCIDENTS[name]
            caption = _("伤亡损失") if name == HARM else _(item.label)
            grid.addWidget(label(caption, "muted"), at, 0, Qt.AlignmentFlag.AlignTop)
            value = label(text, wrap=True, selectable=True)
            value.setObjectName(f"fact-{name}")
            grid.addWidget(value, at, 1)
            at += 1
            if item.personal and not revealed:
                show = button(_("显示号码"), tip=_("显示完整号码，理由记入审计"))
                show.setObjectName("fact-reveal")
                show.clicked.connect(self.reveal)
                grid.addWidget(show, at, 1, Qt.AlignmentFlag.AlignLeft)
                at += 1
        grid.setRowStretch(at, 1)
        self.setWidget(body)

    def _text(self, row: Row, name: str, *, revealed: bool) -> str:
        item, value = INCIDENTS[name], row.values.get(name)
        if name == HARM:
            return rules.harm_text(Harm.of(row.values), lines.grades())
        if value is None:
            return ""
        if name == "type":
            return lines.type_path(value)
        if isinstance(item.kind, Time) and isinstance(value, int):
            return f"{local(value):%m-%d %H:%M}"
        if isinstance(value, bytes):
            return self._desk.title("regions", value)
        if item.personal and not revealed:
            return str(self._desk.masked(row, name))
        return lines.shown(item, value)


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
        self.buttons["report"].clicked.connect(self.ask_report)
        self.buttons["progress"].clicked.connect(self.ask_progress)
        self.buttons["state"].clicked.connect(self.ask_state)
        self.buttons["edit"].clicked.connect(self.ask_edit)
        self.buttons["copy"].clicked.connect(self.copy_line)
        self.buttons["print"].clicked.connect(self.print_sheet)
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
        self.title.setText(lines.title(row.values))
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

    def ask_progress(self) -> None:
        """Write what happened next."""
        if self.row is not None:
            sheet = self._sheet(PROGRESS, _("进展 {title}").format(title=self.title.text()))
            sheet.given.connect(self._progress)
            sheet.open()

    def _progress(self, values: dict[str, Any]) -> None:
        text = str(values.pop("text", ""))
        self._do(service.add_note, text, **values)

    def ask_state(self) -> None:
        """Choose another state."""
        if self.row is not None:
            sheet = self._sheet(STATE, _("状态 {title}").format(title=self.title.text()))
            sheet.form.editors["state"].hint(self.state.word)
            sheet.given.connect(self._state)
            sheet.open()

    def _state(self, values: dict[str, Any]) -> None:
        self._do(service.set_state, values["state"], str(values.get("note") or ""))

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
