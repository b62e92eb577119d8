"""The pane of the hand-over: a shift's facts on top, the guided hand-over, equipment, earlier shifts and prints below."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QHideEvent, QKeySequence, QResizeEvent, QShortcut, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QTabWidget, QVBoxLayout, QWidget

from dutydesk.core.clock import local
from dutydesk.core.errors import DutyDeskError, Problem
from dutydesk.core.i18n import _
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Row
from dutydesk.ledger.feature import Form
from dutydesk.ledger.rows import parse_row
from dutydesk.qt import dialogs
from dutydesk.qt.announcer import Changed, announcer_of
from dutydesk.qt.listview import LedgerView
from dutydesk.qt.table import LedgerModel
from dutydesk.qt.theme import current
from dutydesk.qt.widgets import Badge, Elided, SplitTitle, button, label
from dutydesk.shifts import handover, pending, rules, service
from dutydesk.shifts.ledger import PRINTS, SHIFTS
from dutydesk.shifts.pane_facts import Facts
from dutydesk.shifts.pane_handover import HandoverPage
from dutydesk.shifts.pane_lists import EquipmentList

CommandRow = tuple[str, str, Callable[[], None]]
TICK_MS = 20_000
LOW = 420
"""Pixels at 100 % below which the facts do not stand above the lists."""


class ShiftsPane(QWidget):
    """交班. Ctrl+P previews P01, Ctrl+Shift+L the duty log of the shift, Ctrl+Enter saves the facts."""

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("shifts-pane")
        self.title = _("交班")
        self.desk = desk
        self._wanted = ""
        """Key of an earlier shift that someone looks at; empty is the running one."""
        self._shown = ""
        self._put_by = ""
        """Key of the shift before whose hand-over was put by, only its leader's signature being open."""
        self._last: Row | None = None
        self._keys: list[CommandRow] = []
        self._lay_out()
        self._tick = QTimer(self)
        self._tick.setInterval(TICK_MS)
        self._tick.timeout.connect(self.refresh)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(100)
        self._soon.timeout.connect(self._catch_up)
        announcer = announcer_of(desk)
        announcer.changed.connect(self.heed)
        announcer.changed.connect(self.earlier.ledger_model.heed)
        announcer.changed.connect(self.prints.ledger_model.heed)
        self.refresh()

    # -- layout ----------------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        gap = current().px(8)
        self._outer = outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        self.head = SplitTitle("")
        self.head.note.setObjectName("shifts-span")
        self.back = self._button(_("回到本班"), "shifts-back", "", self.show_running)
        self.take = self._button(_("接班"), "shifts-take-over", "", self.take_over)
        self.log = self._button(_("值班日志"), "shifts-p02", "Ctrl+Shift+L", self.preview_log)
        self.sheet = self._button(_("交接班表"), "shifts-p01", "Ctrl+P", self.preview_sheet)
        self.head.add(self.back, self.take, self.log, self.sheet)
        outer.addWidget(self.head)
        outer.addWidget(self._warning_bar())
        self.facts = Facts(self.desk)
        self.facts.submitted.connect(self.save_facts)
        outer.addWidget(self.facts)
        self.tabs = QTabWidget()
        self.tabs.setObjectName("shifts-tabs")
        self.tabs.setDocumentMode(True)
        self.page = HandoverPage(self.desk)
        self.page.opened.connect(self._open)
        self.page.printing.connect(self._preview_sheet)
        self.page.said.connect(self.say)
        self.page.written.connect(self.refresh)
        self.page.taken.connect(self._copy)
        self.page.lacking.connect(self._to_what_lacks)
        self.page.put_by.connect(self._to_own)
        self.items = self.page.live
        self.equipment = EquipmentList()
        self.equipment.submitted.connect(self.save_equipment)
        columns = ("date", "code", "leader", "primary", "secondary", "weather")
        model = LedgerModel(SHIFTS, self.desk, columns=columns, shows={"code": _code_of})
        self.earlier = LedgerView(model, important="weather", empty=(_("还没有班次"), ""))
        self.earlier.setObjectName("shifts-earlier")
        self.earlier.opened.connect(self._open_shift)
        model = LedgerModel(PRINTS, self.desk, columns=("at", "form", "title", "about", "version", "copy"))
        hint = _("打印或另存的每一张表都记在这里")
        self.prints = LedgerView(model, important="title", empty=(_("还没有打印过"), hint))
        self.prints.setObjectName("shifts-prints")
        for widget, text in (
            (self.page, _("交接")),
            (self.equipment, _("设备清点")),
            (self.earlier, _("班次表")),
            (self.prints, _("打印记录")),
        ):
            self.tabs.addTab(widget, text)
        outer.addWidget(self.tabs, 1)
        self.status = Elided("", "muted")
        self.status.setObjectName("shifts-status")
        self.status.setContentsMargins(gap, gap // 2, gap, gap // 2)
        self.status.hide()
        outer.addWidget(self.status)

    def _button(self, text: str, name: str, key: str, run: Callable[[], None], *, primary: bool = False) -> Any:
        made = button(text, primary=primary, tip=_("{text}（{key}）").format(text=text, key=key) if key else "")
        made.setObjectName(name)
        made.setAccessibleName(text)
        made.clicked.connect(run)
        if key:
            QShortcut(QKeySequence(key), self, activated=run, context=Qt.ShortcutContext.WidgetWithChildrenShortcut)  # pyright: ignore[reportCallIssue]
        self._keys.append((text, key, run))
        return made

    def _warning_bar(self) -> QWidget:
        gap = current().px(8)
        self.warning = QWidget()
        self.warning.setObjectName("shifts-warning")
        row = QHBoxLayout(self.warning)
        row.setContentsMargins(gap, 0, gap, gap // 2)
        row.setSpacing(gap)
        self.unprinted = label("", wrap=True)
        self.unprinted.setObjectName("shifts-unprinted")
        self.print_last = self._button(_("预览上一班"), "shifts-p01-last", "", self.preview_last)
        row.addWidget(Badge("late", _("未打印")))
        row.addWidget(self.unprinted, 1)
        row.addWidget(self.print_last)
        return self.warning

    # -- for the window --------------------------------------------------------------------------------------------

    def focus_first(self) -> None:
        """The first thing about the shift that is not filled in, else the next thing of its hand-over."""
        if self.page.key == self._shown and not self.page.given and self.facts.focus_missing(service.REQUIRED):
            self._bring(self.facts)
        else:
            self._bring(self.page)
            self.page.focus_first()

    def _to_what_lacks(self) -> None:
        """To the first empty fact of the shift that is handed over, else to its equipment."""
        if self.page.key != self._shown:
            self._show(self.page.key)
        if self.facts.focus_missing(service.REQUIRED):
            self._bring(self.facts)
        else:
            self._bring(self.equipment)
            self.equipment.focus_first()

    def _bring(self, widget: QWidget) -> None:
        """Make a tab current; the facts are one where there is little room."""
        if self.tabs.indexOf(widget) >= 0:
            self.tabs.setCurrentWidget(widget)

    def show_row(self, ledger: str, row: bytes) -> None:
        """Show a shift, the hand-over of one, or a print in the list of prints; an unknown row shows the running shift."""
        held = self.desk.get(ledger, row) if row else None
        if ledger == "handovers" and held is not None:
            self._show(held.text("shift"))
            self._bring(self.page)
            self.page.focus_first()
            return
        if ledger == "prints":
            self._bring(self.prints)
            self.prints.ledger_model.refresh()
            self.prints.show_row(row)
            return
        self._show(service.key_of(service.of_row(held)) if held is not None else "")
        self.focus_first()

    def commands(self) -> list[CommandRow]:
        """What the palette and the key sheet show of this pane."""
        return [(_("{label}：{text}").format(label=self.title, text=text), key, run) for text, key, run in self._keys]

    # -- what is shown ---------------------------------------------------------------------------------------------

    def heed(self, _changed: Changed) -> None:
        """Slot for the announcer: whatever was written may have opened or closed something."""
        if self.isVisible():
            self._soon.start()

    def refresh(self) -> None:
        """Bring everything up to date; what is being typed stays."""
        now = self.desk.clock.now()
        span, row = service.find(self.desk, self._wanted) if self._wanted else service.shift_at(self.desk, now)
        running = not self._wanted
        if row is None and running:
            row = self._ensure(now)
        key = service.key_of(span)
        other = key != self._shown
        self._shown = key
        self.back.setVisible(not running)
        self.take.setVisible(running and (row is None or row.get("taken_over_at") is None) and self._first(span))
        self.head.title.setText(_("本班") if running else _("以往班次"))
        self.head.note.setText(self._head_text(span, row))
        if other or not self.facts.changed():
            self.facts.fill(row)
        if other or not self.equipment.dirty:
            told = row.text("equipment") if row is not None else ""
            self.equipment.show_ticks(service.equipment_of(told, service.names_here(self.desk)))
        items = self.desk.open_items(now)
        due = handover.shift_for(self.desk, now)
        own = service.code_of(self.desk, now)
        due = own if due == self._put_by else due
        handed = self._wanted or due
        self.page.show_shift(handed, due=handed == due, behind=handed == due != own)
        self.page.refresh(items, now)
        count = self.page.waiting(len(items))
        self._entitle(self.page, _("交接 {count}").format(count=count) if count else _("交接"))
        left = self.equipment.unseen
        self._entitle(self.equipment, _("设备清点 余{left}").format(left=left) if left else _("设备清点"))
        self._warn(now)

    def _to_own(self) -> None:
        """The running shift's hand-over in front; the one before it stays among what is open."""
        self._put_by = self.page.key
        self.refresh()
        self._bring(self.page)
        self.page.focus_first()

    def _catch_up(self) -> None:
        """Something was written, or the pane was opened: the items of the hand-over follow the record."""
        self.page.keep_up()
        self.refresh()

    def _first(self, span: rules.Shift) -> bool:
        """Whether no shift stands before this one: there is nobody to take over from by two signatures."""
        with self.desk.store.read() as connection:
            last = service.row_before(connection, span.start)
        return last is None or last.number("ends_at") != span.start

    def _ensure(self, now: int) -> Row | None:
        """The running shift's row, so that its end is known to the board and the alarms."""
        try:
            return service.ensure(self.desk, now)
        except DutyDeskError as error:
            self.say(str(error))
            return None

    def _entitle(self, widget: QWidget, text: str) -> None:
        self.tabs.setTabText(self.tabs.indexOf(widget), text)

    def _head_text(self, span: rules.Shift, row: Row | None) -> str:
        text = rules.shift_label(span).removeprefix(f"{local(self.desk.clock.now()).year}-")
        if row is not None and row.get("taken_over_at") is not None:
            at = local(row.number("taken_over_at")).strftime("%H:%M")
            text += " · " + _("{time} 接班").format(time=at)
        return text

    def _warn(self, now: int) -> None:
        """Whether the last shift has no sheet on paper, and whether this one has."""
        with self.desk.store.read() as connection:
            last = service.row_before(connection, now)
            key = service.key_of(service.of_row(last)) if last is not None else ""
            done = last is None or pending.sheet_printed(connection, key)
        self._last = None if done else last
        self.warning.setVisible(not done and key != self._shown)
        if last is not None and not done:
            text = _("上一班（{shift}）的交接班表还没有打印").format(shift=rules.shift_label(service.of_row(last)))
            self.unprinted.setText(text)

    def _show(self, key: str) -> None:
        running = service.code_of(self.desk, self.desk.clock.now())
        self._wanted = "" if key in ("", running) else key
        self.refresh()

    def show_running(self) -> None:
        """Back to the running shift."""
        self._show("")

    def say(self, text: str) -> None:
        """One quiet sentence at the foot."""
        self.status.setText(text)
        self.status.setVisible(bool(text))

    # -- what is done ----------------------------------------------------------------------------------------------

    def save_facts(self) -> None:
        """Write what was changed about the shift; what is wrong stands beside its field."""
        given = self.facts.changed()
        if not given:
            self.say(_("没有改动"))
            return
        values, problems = parse_row(SHIFTS, given, resolve=self.desk.resolve, partial=True)
        if not problems:
            try:
                service.save_facts(self.desk, self._shown, values)
            except DutyDeskError as error:
                problems = list(error.problems)
        self.facts.tell(problems)
        if not problems:
            self.facts.saved()
            self.say(_("班次已保存"))
            self.refresh()

    def save_equipment(self) -> None:
        """Write the equipment list."""
        try:
            service.save_equipment(self.desk, self._shown, self.equipment.ticks())
        except DutyDeskError as error:
            self.equipment.tell(error.problems)
            return
        self.equipment.saved()
        self.say(_("设备清点已保存"))
        self.refresh()

    def take_over(self) -> None:
        """Ask, then note that the crew of the running shift has taken over."""
        now = self.desk.clock.now()
        crew = service.crew_text(self.desk, service.shift_now(self.desk, now))
        urgent = [item for item in self.desk.open_items(now) if item.block == "INCIDENTS" and item.severity >= 2]
        text = _("{crew} 接班？时间记入班次和值班日志。").format(crew=crew or _("（未填值班人员）"))
        if urgent:
            warned = _("还有 {count} 件急办事项，先与交班人共同处置。").format(count=len(urgent))
            text = f"{warned}\n{text}"
        dialogs.ask(self, text, _("接班")).answered.connect(self._taken)

    def _taken(self, yes: bool) -> None:
        if not yes:
            return
        try:
            service.take_over(self.desk, self.desk.clock.now())
        except DutyDeskError as error:
            self.facts.tell(error.problems)
            dialogs.fail(self, error)
            return
        self.say(_("已接班"))
        self.refresh()
        self._copy()

    def _copy(self) -> None:
        """A copy of the record as it was handed over; nothing is said in the middle of it."""
        copy = self.desk.services.get("copy")
        if copy is not None:
            copy()

    # -- paper -----------------------------------------------------------------------------------------------------

    def preview_sheet(self) -> None:
        """P01 of the shift that is shown."""
        self._preview_sheet(self._shown)

    def preview_last(self) -> None:
        """P01 of the last shift, which has none on paper."""
        if self._last is not None:
            self._preview_sheet(service.key_of(service.of_row(self._last)))

    def _preview_sheet(self, key: str) -> None:
        from dutydesk.shifts import report

        try:
            document, made = report.draw(self.desk, shift=key)
            pdf = document.pdf()
        except DutyDeskError as error:
            dialogs.fail(self, error)
            return
        service.note_made(self.desk, pdf, made)
        title = f"{_('交接班记录表')} {key}"
        self._preview(pdf, title, service.SHEET, key, document.missing)

    def preview_log(self) -> None:
        """P02 of the shift that is shown, made by whoever offers the form."""
        form = self._form("P02")
        if form is None:
            self.say(_("没有值班日志表单"))
            return
        module, name = form.make.split(":")
        make: Callable[..., bytes] = getattr(importlib.import_module(module), name)
        try:
            pdf = make(self.desk, shift=self._shown)
        except DutyDeskError as error:
            dialogs.fail(self, error)
            return
        self._preview(pdf, f"{_(form.title)} {self._shown}", form.code, self._shown, ())

    def _form(self, code: str) -> Form | None:
        return next((form for feature in self.desk.features for form in feature.forms if form.code == code), None)

    def _preview(self, pdf: bytes, title: str, form: str, about: str, missing: Sequence[Problem]) -> None:
        show = self.desk.services.get("preview")
        if show is None:
            self.say(_("这里不能预览打印"))
        else:
            show(pdf, title, form, about, missing)

    # -- inside ----------------------------------------------------------------------------------------------------

    def _open(self, ledger: str, row: bytes) -> None:
        if ledger == "shifts":
            self.show_row(ledger, row)
            return
        go = self.desk.services.get("open")
        if go is not None and ledger:
            go(ledger, row)

    def _open_shift(self, row: Row) -> None:
        self._show(service.key_of(service.of_row(row)))
        self._bring(self.facts)
        self.facts.editors["leader"].input.setFocus()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Where there is little height, the facts become the first tab."""
        super().resizeEvent(event)
        around = self.parentWidget()  # where there is less room than the pane needs, it is scrolled in it
        room = min(event.size().height(), around.height()) if around is not None else event.size().height()
        low = room < current().px(LOW)
        if low == (self.tabs.indexOf(self.facts) >= 0):
            return
        if low:
            here = self.focusWidget()
            typing = here is not None and self.facts.isAncestorOf(here)
            self.tabs.insertTab(0, self.facts, _("值班人员"))
            if typing:
                self.tabs.setCurrentIndex(0)
        else:
            self.tabs.removeTab(0)
            self._outer.insertWidget(2, self.facts)
            self.facts.show()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._tick.start()
        self._soon.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._tick.stop()
        self._soon.stop()


def _code_of(row: Row) -> str:
    return service.code_label(row.text("code"))
