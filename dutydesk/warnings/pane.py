"""预警: what is in force on top, one of them beside it with its text, range and measures; typed, imported, lifted, exported."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from dutydesk.core.clock import local
from dutydesk.core.errors import DutyDeskError
from dutydesk.core.files import write_whole
from dutydesk.core.i18n import _
from dutydesk.core.privacy import mask_phones
from dutydesk.journal import query as q
from dutydesk.journal.query import Row
from dutydesk.ledger.spec import Value
from dutydesk.qt import dialogs
from dutydesk.qt.cardpane import CardPane, CommandRow
from dutydesk.qt.cards import Card
from dutydesk.qt.flow import flow
from dutydesk.qt.offers import desk_only, on_press
from dutydesk.qt.theme import current
from dutydesk.qt.widgets import Badge, Elided, EmptyState, IconButton, button, label, line, shortcut
from dutydesk.warnings import service, standing
from dutydesk.warnings.ledger import WARNINGS
from dutydesk.warnings.pane_form import LiftSheet, TypedForm
from dutydesk.warnings.standing import Current

ALL, LIVE, DRILLS = "all", "live", "drills"
_DRILLS = q.Condition("status", "in", ("TEST", "EXERCISE", "DRAFT", "SYSTEM"))
_ACTUAL = tuple(q.Condition("status", "!=", status) for status in ("TEST", "EXERCISE", "DRAFT", "SYSTEM"))
SHOWN = (
    *("issuer", "areas", "text", "measures", "issued_at", "starts_at", "ends_at", "cancelled_at"),
    *("kind", "status", "refers", "identifier", "original"),
)


def tone(row: Row) -> str:
    """The tone of a warning's colour."""
    return row.text("colour").lower()


class WarningPage(QScrollArea):
    """One warning."""

    def __init__(self, desk: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("warning-page")
        self.setAccessibleName(_("预警内容"))
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._desk = desk
        self.one: Current | None = None
        self._shown: tuple[bytes, Mapping[str, Value]] | None = None
        theme = current()
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(theme.px(12), theme.px(8), theme.px(12), theme.px(8))
        column.setSpacing(theme.px(8))
        head = QHBoxLayout()
        head.setSpacing(theme.px(8))
        self.back = IconButton("left", _("回到列表 Alt+←"))
        self.back.setObjectName("warning-back")
        self.back.hide()
        self.badge = Badge("")
        self.badge.setObjectName("warning-badge")
        self.title = Elided("", "title")
        self.title.setObjectName("warning-title")
        self.state = Badge("")
        self.state.setObjectName("warning-state")
        head.addWidget(self.back)
        head.addWidget(self.badge)
        head.addWidget(self.title, 1)
        head.addWidget(self.state)
        column.addLayout(head)
        self.ending = label("", "heading", wrap=True)
        self.ending.setObjectName("warning-ending")
        self.buttons: dict[str, QPushButton] = {}
        tools = QWidget()
        bar = flow(tools, theme.px(8))
        for name, text, tip in (
            ("lift", _("解除"), "Alt+C"),
            ("update", _("更新"), _("Alt+U，同一单位发了新的一条")),
            ("copy", _("复制一行"), _("Ctrl+Shift+C，发微信用")),
            ("export", _("导出 CAP"), "Alt+X"),
            ("print", _("打印一览"), "Alt+P"),
        ):
            made = button(text, tip=tip)
            made.setObjectName(f"warning-{name}")
            self.buttons[name] = made
            bar.addWidget(made)
        column.addWidget(tools)
        column.addWidget(self.ending)
        column.addWidget(line())
        self._facts = QWidget()
        self._holder = QVBoxLayout()
        self._holder.addWidget(self._facts)
        column.addLayout(self._holder)
        column.addStretch(1)
        self.setWidget(body)

    def show_warning(self, one: Current, now: int) -> None:
        """Show a warning where it stands now."""
        self.one = one
        row, found = one.row, one.standing
        word = standing.colour_text(row.values)
        self.badge.setVisible(bool(word))
        if word:
            self.badge.set(tone(row), word)
        self.title.setText(self._desk.placed(row, row.text("headline") or standing.title(row.values)))
        actual = found.message.status == "Actual"
        status = WARNINGS["status"].kind.show(row.values.get("status"), WARNINGS["status"])
        self.state.set("", standing.state_text(one) if actual else status)
        if found.in_force:
            self.ending.setText(_("生效中，{end}").format(end=standing.end_text(found, now)))
        elif not actual:
            self.ending.setText(_("{status}消息，不算生效，不上看板").format(status=status))
        elif found.by and "\x1f" not in found.by:
            self.ending.setText(_("{state}，见 {by}").format(state=standing.state_text(one), by=found.by))
        else:
            self.ending.setText(standing.state_text(one))
        self.buttons["lift"].setEnabled(found.in_force)
        self.buttons["update"].setEnabled(found.in_force)
        self._show_facts(row)

    def _show_facts(self, row: Row) -> None:
        if (row.id, row.values) == self._shown:
            return
        self._shown = (row.id, row.values)
        theme = current()
        facts = QWidget()
        grid = QGridLayout(facts)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(theme.px(12))
        grid.setVerticalSpacing(theme.px(6))
        grid.setColumnStretch(1, 1)
        shown: list[tuple[str, str, str]] = []
        for name in SHOWN:
            text = self._text(row, name)
            if text:
                shown.append((name, _(WARNINGS[name].label), text))
            if name == "measures" and service.criterion(row.values):
                shown.append(("criterion", _("国家信号标准"), service.criterion(row.values)))
        for at, (name, caption, text) in enumerate(shown):
            grid.addWidget(label(caption, "muted"), at, 0, Qt.AlignmentFlag.AlignTop)
            value = label(text, wrap=True, selectable=True)
            value.setObjectName(f"warning-fact-{name}")
            grid.addWidget(value, at, 1)
        self._holder.replaceWidget(self._facts, facts)
        self._facts.hide()
        self._facts.deleteLater()
        self._facts = facts

    @staticmethod
    def _text(row: Row, name: str) -> str:
        value: Value = row.values.get(name)
        if value is None or (name == "status" and value == "ACTUAL"):
            return ""
        if name.endswith("_at") and isinstance(value, int):
            return f"{local(value):%m-%d %H:%M}"
        if name == "original":
            return _("已存附件 {name}").format(name=str(value)[:8])
        return WARNINGS[name].kind.show(value, WARNINGS[name])


class WarningsPane(CardPane):
    """See the module's docstring."""

    listens = ("warnings", "settings")
    page: WarningPage
    form: TypedForm

    def __init__(self, desk: Any, parent: QWidget | None = None) -> None:
        self._found: dict[bytes, Current] = {}
        super().__init__(
            desk,
            "warning",
            title=_("预警"),
            add=_("记一条"),
            things=_("预警"),
            hint=_("单位、标题、范围"),
            scopes=((_("生效和近期"), ALL), (_("只看生效"), LIVE), (_("演练测试"), DRILLS)),
            page=WarningPage(desk),
            form=TypedForm(desk),
            empty=EmptyState(_("没有预警")),
            width=330,
            parent=parent,
        )
        self.load = button(_("导入"), tip=_("Ctrl+I，CAP、12379 或网页列表文件"))
        self.load.setObjectName("warning-import")
        self.head.add(self.load, self.new)
        on_press(desk, self.load, self.import_file)
        for name, run in (
            ("lift", self.ask_lift),
            ("update", self.begin_update),
            ("copy", self.copy_line),
            ("export", self.export_file),
            ("print", self.print_sheet),
        ):
            on_press(desk, self.page.buttons[name], run)
        shortcut(self.list, "Ctrl+C", self.copy_line, alone=True)
        self.refresh()
        self.list.choose_first()

    # -- what the shell asks ---------------------------------------------------------------------------------------

    def show_row(self, ledger: str, row: bytes) -> bool:
        """Go to a warning."""
        held = self.desk.get("warnings", row) if ledger == "warnings" else None
        if held is None or self.forms:
            return False
        if not self.list.choose(row):
            self.search.clear()
            self.which.setCurrentIndex(0 if held.text("status") in ("", "ACTUAL") else 2)
            self.refresh()
            self.list.choose(row)
        self.detail = True
        self.show_one(row)
        return row in self._found

    def commands(self) -> list[CommandRow]:
        """What this pane can do, for the palette and the key sheet."""
        return [
            (_("记一条预警"), "Ctrl+N", self.begin),
            (_("导入预警文件"), "Ctrl+I", self.import_file),
            (_("找预警"), "Ctrl+F", self.focus_search),
            (_("解除预警"), "Alt+C", self.ask_lift),
            (_("更新预警"), "Alt+U", self.begin_update),
            (_("复制成一行"), "Ctrl+Shift+C", self.copy_line),
            (_("导出 CAP"), "Alt+X", self.export_file),
            (_("打印生效预警一览"), "Alt+P", self.print_sheet),
        ]

    # -- the list --------------------------------------------------------------------------------------------------

    def refresh(self, *_unused: object) -> None:
        """Read again what is listed, and where it stands now."""
        wanted, which = self.search.text().strip(), str(self.which.currentData())
        now = self.desk.clock.now()
        where = (_DRILLS,) if which == DRILLS else _ACTUAL
        found = service.listed(self.desk, *where, search=wanted, now=now)
        live = [one for one in found if one.standing.in_force]
        rest = [] if which == LIVE else [one for one in found if not one.standing.in_force]
        self._found = {one.row.id: one for one in (*live, *rest)}
        cards: list[Card] = []
        if live:
            cards.append(Card(b"", _("生效 {count} 条").format(count=len(live))))
            cards += [self._card(one, now) for one in live]
        if rest:
            head = _("演练测试，不算生效") if which == DRILLS else _("已结束")
            cards.append(Card(b"", head))
            cards += [self._card(one, now) for one in rest]
        here = self.list.current_key()
        self.list.show_cards(cards)
        if self.forms:
            return
        if self.list.current_key() is None:
            self.list.choose_first()
        key = self.list.current_key()
        if key is not None:
            if key == here:
                self.show_one(key)
            return
        if wanted:
            self.show_empty(_("没有找到"), _("换个词再找"))
        elif which == LIVE:
            self.show_empty(_("现在没有生效的预警"), _("收到预警文件点导入，电话传真来的记一条"), _("记一条 Ctrl+N"))
        else:
            self.show_empty(_("还没有预警"), _("收到预警文件点导入，电话传真来的记一条"), _("记一条 Ctrl+N"))

    def _card(self, one: Current, now: int) -> Card:
        row, found = one.row, one.standing
        head = f"{standing.hazard_text(row.values)} {standing.short_areas(row.values)}".strip()
        when = _("{time} 发").format(time=standing.clock_text(found.message.sent, now))
        kind = WARNINGS["status"].kind.show(row.values.get("status"), WARNINGS["status"])
        state = standing.state_text(one) if found.message.status == "Actual" else kind
        right = standing.end_text(found, now) if found.in_force else state
        origin = self.desk.origin(row)
        note = " · ".join(part for part in (origin, row.text("issuer"), when) if part)
        return Card(row.id, head, note, right, "", "", tone(row), dim=not found.in_force)

    def show_one(self, key: object) -> None:
        """Show the warning of a card."""
        one = self._found.get(key) if isinstance(key, bytes) else None
        if one is not None and not self.forms:
            self.page.show_warning(one, self.desk.clock.now())
            self.show_page()

    def first_button(self) -> QPushButton:
        """Copying is what comes next."""
        return self.page.buttons["copy"]

    # -- typing ----------------------------------------------------------------------------------------------------

    @desk_only
    def begin_update(self) -> None:
        """The same issuer has sent a new one that takes the place of this."""
        one = self.page.one
        if one is None or not one.standing.in_force or self.forms:
            return
        after: dict[str, Value] = {name: one.row.values.get(name) for name in ("type", "colour", "issuer", "areas")}
        after |= {"kind": "UPDATE", "refers": standing.name_of(one.row), "area_codes": one.row.values.get("area_codes")}
        self.form.begin(after)
        self.show_form()
        assert self.form.form is not None
        self.form.form.editors["colour"].input.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def saved(self, row: Row) -> None:
        """A warning was typed: show it."""
        self.search.clear()
        self.stack.setCurrentWidget(self.page)
        self.which.setCurrentIndex(0 if row.text("status") == "ACTUAL" else 2)
        self.detail = True
        self.refresh()
        self.list.choose(row.id)
        self.show_one(row.id)
        self.first_button().setFocus(Qt.FocusReason.OtherFocusReason)
        actual = row.text("status") == "ACTUAL"
        self.say(_("已保存，已记入值班日志") if actual else _("已保存，不算生效"))

    # -- commands --------------------------------------------------------------------------------------------------

    @desk_only
    def ask_lift(self) -> None:
        """Ask when the warning was lifted."""
        one = self.page.one
        if one is None or not one.standing.in_force or self.stack.currentWidget() is not self.page:
            return
        sheet = LiftSheet(self.desk, _("解除 {title}").format(title=standing.title(one.row.values)), self)
        sheet.given.connect(self._lift)
        sheet.open()

    def _lift(self, values: dict[str, Any]) -> None:
        sheet, one = self.sender(), self.page.one
        assert isinstance(sheet, LiftSheet)
        assert one is not None
        try:
            service.cancel(self.desk, one.row.id, values["at"], str(values.get("note") or ""))
        except DutyDeskError as error:
            sheet.form.refuse(error.problems)
            return
        sheet.accept()
        self.refresh()
        self.say(_("已解除，已记入值班日志"))

    def copy_line(self) -> None:
        """One line on the clipboard."""
        one = self.page.one
        if one is not None:
            text = self.desk.placed(one.row, mask_phones(service.line_of(one, self.desk.clock.now())))
            QGuiApplication.clipboard().setText(f"【{self.page.state.word}】{text}")
            self.say(_("已复制一行"))

    @desk_only
    def import_file(self) -> None:
        """Have a file read by the window's import."""
        run = self.desk.services.get("import")
        if run is None:
            self.say(_("导入在窗口里打开"))
            return
        run("warnings", self)

    def export_file(self) -> None:
        """Write the warning as CAP 1.2."""
        one = self.page.one
        if one is None:
            return
        name = f"{standing.name_of(one.row)}.xml"
        dialog = dialogs.save_file(
            self, _("导出 CAP"), name, [_("CAP 预警 (*.xml)")], memory=self.desk.store, purpose="warnings"
        )
        dialog.chosen.connect(self.write_cap)

    def write_cap(self, path: Path) -> None:
        """Write the shown warning to a file."""
        assert self.page.one is not None
        try:
            write_whole(path, service.export_cap(self.desk, self.page.one.row))
        except OSError as error:
            dialogs.fail(self, _("没有写成：{error}").format(error=error.strerror or error))
            return
        self.say(_("已导出 {name}").format(name=path.name))

    def print_sheet(self) -> None:
        """Show 生效预警一览 in the preview."""
        preview = self.desk.services.get("preview")
        if preview is None:
            self.say(_("预览在窗口里打开"))
            return
        from dutydesk.warnings.report import sheet

        made, missing = sheet(self.desk)
        preview(made, _("生效预警一览"), "WARN", _("生效预警一览"), missing)
