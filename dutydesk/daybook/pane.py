"""The duty log on the screen: the entry line that is one key away from anywhere, and the log as a list.

`EntryLine` stands at the foot of the window. Enter saves, Esc puts the draft aside and opens another one, Ctrl+↓ takes
one back; what is typed survives a restart. `DaybookPane` filters in SQL, shows one entry whole below the list, and
answers single keys: A amend, R reply, T follow up, I to incident intake.

This file is long because Qt may stand in no other one of the folder: what is not widgets is in `entry` and `lists`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent, QKeySequence, QResizeEvent, QShortcut, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QVBoxLayout, QWidget

from dutydesk.core import shorthand
from dutydesk.core.clock import local
from dutydesk.core.errors import DutyDeskError, Problem, Refused
from dutydesk.core.i18n import N_, _
from dutydesk.daybook import entry, lists, rules, service
from dutydesk.daybook.ledger import LOG
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Query, Row
from dutydesk.ledger.kinds import shown
from dutydesk.ledger.spec import Value
from dutydesk.qt import dialogs
from dutydesk.qt.amend import AmendDialog
from dutydesk.qt.announcer import Changed, announcer_for
from dutydesk.qt.columns import ColumnFit
from dutydesk.qt.compose import (
    ENDLESS,
    AsideButton,
    FoldingRow,
    Input,
    LinkChip,
    NumberLine,
    code_input,
    fill,
    line_input,
    mark,
    told_by,
)
from dutydesk.qt.detail import Compared, Detail, DetailPanel, File
from dutydesk.qt.filterbar import FilterBar
from dutydesk.qt.listview import LedgerView
from dutydesk.qt.picker import Option, Picker
from dutydesk.qt.rowtools import RowTools
from dutydesk.qt.saving import FilesButton, Keeper, SaveElsewhere
from dutydesk.qt.suggest import GrowingText, SuggestLine
from dutydesk.qt.table import LedgerModel
from dutydesk.qt.theme import current
from dutydesk.qt.widgets import SplitTitle, button, label, restyle

TICK_MS = 5_000
MINUTE_MS = 60_000
HINT = N_("F2 记一笔 · 回车保存 · Shift+回车换行 · / 短语 · @ 找人 · #31 关联事件 · Esc 放一边")
AMENDABLE = (
    *("text", "handling", "happened_at", "category", "line", "direction", "means", "party", "party_phone"),
    *("already_told", "region", "incident"),
)
WIDTHS = {
    "no": 68,
    "happened_at": 108,
    "category": 84,
    "party": 140,
    "handling": 150,
    "incident": 64,
    "due_at": 124,
    "recorder": 76,
}
"""Pixels at 100 %: what stands in these columns is shorter here than in a whole list of the ledger."""
GIVES_WAY = ("recorder", "handling", "no", "incident", "due_at")
"""Columns that a narrow list does without, in this order; all of it stands in the detail below."""
REASONS = (N_("补填待补项"), N_("核实后更正"), N_("笔误"))


class EntryLine(QWidget):
    """One entry in one line.

    Signals:
        saved: the new row.
    """

    saved = Signal(object)

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("entry-line")
        self.desk = desk
        self._session = entry.Session(desk)
        self._links: dict[str, str] = {}
        self._filling = False
        self._next_focus: QWidget | None = None
        self._make()
        self._lay_out()
        self._keeper = Keeper(self)
        self._keeper.due.connect(self.keep_draft)
        self._tick = QTimer(self)
        self._tick.setInterval(TICK_MS)
        self._tick.timeout.connect(self._show_time)
        self._connect()
        self._fill(self._session.drafts.current)
        self._show_time()
        self._show_aside()
        self._say()

    # -- widgets ----------------------------------------------------------------------------------------------------

    def _make(self) -> None:
        self.time = line_input("entry-time", _("时间,如 1402、昨2340"))
        self.category = code_input("entry-category", LOG["category"])
        self.line = code_input("entry-line-of-duty", LOG["line"])
        self.party = SuggestLine(self._offer_party, "entry-party")
        self.party.setPlaceholderText(_("对方"))
        self.party.setAccessibleName(_("对方"))
        self.phone = NumberLine("entry-phone", _("对方电话"), _("电话"))
        self.text = GrowingText(self._offer_text, "entry-text")
        self.text.setPlaceholderText(_("内容"))
        self.text.setAccessibleName(_("内容"))
        self.due = line_input("entry-due", _("什么时候反馈,如 1500、30分钟后"), _("待反馈"))
        self.handling = line_input("entry-handling", _("处理情况"), _("处理情况"))
        self.direction = code_input("entry-direction", LOG["direction"])
        self.means = code_input("entry-means", LOG["means"])
        self.told = line_input("entry-told", _("对方已告知谁、什么时候"), _("对方已告知"))
        self._inputs: dict[str, Input] = {
            "happened_at": self.time,
            "category": self.category,
            "line": self.line,
            "party": self.party,
            "party_phone": self.phone,
            "text": self.text,
            "due_at": self.due,
            "handling": self.handling,
            "direction": self.direction,
            "means": self.means,
            "already_told": self.told,
        }
        self.save_button = button(_("保存"), primary=True, tip=_("回车"))
        self.save_button.setObjectName("entry-save")
        self.more = button(_("更多"), tip="Ctrl+M")
        self.more.setObjectName("entry-more")
        self.more.setCheckable(True)
        self.aside = AsideButton("entry-drafts", _("Ctrl+↓ 取回"))
        self.attach = FilesButton("entry-attach", self.desk.store, "attachments")
        self.link = LinkChip("entry-link")
        self.said = label("", "small")
        self.said.setObjectName("entry-said")

    def _connect(self) -> None:
        for widget in self._inputs.values():
            widget.textChanged.connect(self._edited)
            if isinstance(widget, Picker | SuggestLine):
                widget.entered.connect(self._go_on)
            elif not isinstance(widget, GrowingText):
                widget.returnPressed.connect(self._go_on)
        self.category.picked.connect(self._category_picked)
        self.party.chosen.connect(self._take_party)
        self.text.chosen.connect(self._take_text)
        self.text.entered.connect(self.save)
        self.text.grew.connect(self.updateGeometry)
        self.save_button.clicked.connect(self.save)
        self.more.toggled.connect(self._show_more)
        self.aside.taken.connect(self.take_back)
        self.attach.chosen.connect(self._edited)
        self.link.clicked.connect(self._unlink)
        for keys, run in (("Ctrl+Down", self.take_back), ("Ctrl+M", self.more.toggle), ("Ctrl+Return", self.save)):
            QShortcut(QKeySequence(keys), self, run, context=Qt.ShortcutContext.WidgetWithChildrenShortcut)

    def _lay_out(self) -> None:
        theme = current()
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.px(8), theme.px(4), theme.px(8), theme.px(4))
        column.setSpacing(theme.px(4))
        heads = [self.time, self.category, self.line, self.party, self.phone]
        self._row = FoldingRow(heads, self.text, [self.due, self.save_button, self.more, self.aside], [self.due])
        column.addLayout(self._row)
        self._extra = QWidget()
        self._extra.setObjectName("entry-extra")
        extra = QHBoxLayout(self._extra)
        extra.setContentsMargins(0, 0, 0, 0)
        extra.setSpacing(theme.px(4))
        for widget, stretch in (
            (self.handling, 3),
            (self.direction, 0),
            (self.means, 0),
            (self.told, 1),
            (self.attach, 0),
        ):
            extra.addWidget(widget, stretch)
        self._extra.hide()
        column.addWidget(self._extra)
        foot = QHBoxLayout()
        foot.setSpacing(theme.px(8))
        foot.addWidget(self.link)
        foot.addWidget(self.said, 1)
        column.addLayout(foot)
        self._fold()
        for before, after in pairwise([*self._inputs.values(), self.save_button]):
            QWidget.setTabOrder(before, after)

    def _fold(self) -> None:
        """Widths for the theme; two rows where one would leave the text less than twenty characters."""
        theme = current()
        self.time.setFixedWidth(theme.digits(9) + theme.px(20))
        self.phone.setFixedWidth(theme.digits(12) + theme.px(20))
        self.due.setFixedWidth(theme.digits(9) + theme.px(20))
        for picker in (self.category, self.line, self.direction, self.means):
            picker.setFixedWidth(theme.px(104))
        self.party.setMinimumWidth(theme.px(96))
        self.text.setMinimumWidth(theme.px(180))
        fixed = (self.time, self.category, self.line, self.phone, self.due)
        taken = sum(widget.maximumWidth() for widget in fixed) + theme.px(132 + 64 + 60)
        taken += self.save_button.sizeHint().width() + self.more.sizeHint().width()
        folded = self.width() - taken < theme.px(280)
        self.party.setMaximumWidth(ENDLESS if folded else theme.px(180))
        if self._row.fold(folded, self.party):
            self.updateGeometry()

    # -- for the window ---------------------------------------------------------------------------------------------

    def focus_entry(self) -> None:
        """F2: the caret into the text, or where a prefilled entry goes on; with an open list the list stays."""
        target, self._next_focus = self._next_focus, None
        if self.window().isMinimized():
            self.window().showNormal()
        (target or self.text).setFocus(Qt.FocusReason.ShortcutFocusReason)

    def prefill(self, values: Mapping[str, Value]) -> None:
        """Open an entry with some fields filled in; one that is under way is put aside first.

        Texts and values by field name; `answers`, `incident`, `person` are ids of rows; `due_at` may be a text. With
        `focus` the caret goes to that field.
        """
        if self._written():
            self.put_aside()
        told = self._session.prefilled(values, self.category.key)
        self._next_focus = self._inputs.get(told.pop("focus", ""))
        self._fill(told)
        self._edited()

    def keep_draft(self) -> None:
        """Write down what is open, as it stands."""
        self._keeper.rest()
        self._session.drafts.current = self._texts() if self._written() else {}
        self._session.drafts.keep()

    # -- drafts -----------------------------------------------------------------------------------------------------

    def _texts(self) -> dict[str, str]:
        """What stands in the line, by field; nothing for what is empty."""
        found = {name: text for name, widget in self._inputs.items() if (text := told_by(widget)).strip()}
        found.update(self._links)
        if self.attach.paths:
            found["files"] = "\n".join(self.attach.paths)
        return found

    def _written(self) -> bool:
        """Whether someone has typed something that would be missed: more than category and line."""
        return bool(set(self._texts()) - {"category", "line", "direction", "means", "person"})

    def _fill(self, texts: Mapping[str, str]) -> None:
        self._filling = True
        told = texts or self._session.defaults(self.category.key)
        for name, widget in self._inputs.items():
            fill(widget, LOG[name], told.get(name, ""))
        if told.get("person"):
            number = told.get("party_phone", "")
            self.phone.hold(LOG["party_phone"].kind.mask(number), number)
        self._links = {name: told[name] for name in ("answers", "incident", "person") if told.get(name)}
        self.attach.show_paths([name for name in told.get("files", "").split("\n") if name])
        if any(told.get(name) for name in ("handling", "already_told", "files")):
            self.more.setChecked(True)
        self._filling = False
        self._show_links()

    def put_aside(self) -> None:
        """Esc: keep this one for later and open another; an empty one is not kept."""
        if self._written():
            self._session.drafts.put_aside(self._texts())
            self._fill({})
            self._after_draft()

    def take_back(self, at: int = -1) -> None:
        """Ctrl+↓: the newest of those put aside comes back, the one in the line goes to the far end of them."""
        if not self._session.drafts.aside:
            return
        texts = self._session.drafts.take(at)
        if self._written():
            self._session.drafts.aside.insert(0, self._texts())
        self._fill(texts)
        self._after_draft()
        self.focus_entry()

    def _after_draft(self) -> None:
        self.keep_draft()
        self._show_aside()
        self._say()

    def _show_aside(self) -> None:
        self.aside.show_words([entry.draft_words(texts) for texts in self._session.drafts.aside])

    # -- saving -----------------------------------------------------------------------------------------------------

    def save(self) -> None:
        """Write the entry. What is wrong is said below the line and the caret goes there; nothing is lost."""
        if not self._written():
            self.text.setFocus()
            return
        try:
            row = self._session.write(self._texts())
        except DutyDeskError as error:
            self._complain(error.problems)
            return
        self._fill(self._session.defaults(row.text("category")))
        self.more.setChecked(False)
        self.keep_draft()
        self._say(entry.saved_words(row))
        self.text.setFocus()
        self.saved.emit(row)

    def _complain(self, problems: Sequence[Problem]) -> None:
        for problem in problems:
            widget = self._inputs.get(problem.field)
            if widget is not None:
                mark(widget, problem.reason)
                if widget.parent() is self._extra:
                    self.more.setChecked(True)
        self._say("× " + entry.problem_words(problems), problem=True)
        wrong = [self._inputs[problem.field] for problem in problems if problem.field in self._inputs]
        (wrong or [self.text])[0].setFocus(Qt.FocusReason.OtherFocusReason)

    def _say(self, text: str = "", *, problem: bool = False) -> None:
        self.said.setText(text or _(HINT))
        role = "problem" if problem else "small"
        if self.said.property("role") != role:
            self.said.setProperty("role", role)
            restyle(self.said)

    # -- while typing -----------------------------------------------------------------------------------------------

    def _edited(self) -> None:
        if self._filling:
            return
        widget = self.sender()
        if isinstance(widget, QWidget) and widget.property("problem"):
            mark(widget, "")
            self._say()
        self._keeper.touch()

    def _category_picked(self, code: str) -> None:
        """Another category brings its line; what the last such entry had comes before the general default."""
        if code and not self._filling:
            line = self._session.defaults(code).get("line", "")
            if line:
                fill(self.line, LOG["line"], line)

    def _offer_party(self, text: str, _caret: int) -> list[Option]:
        return _options(self._session.offer_party(text))

    def _offer_text(self, text: str, caret: int) -> list[Option]:
        return [] if self._filling else _options(self._session.offer(text, caret))

    def _take_party(self, option: Option) -> None:
        self._take_person(option)
        self.phone.setFocus()

    def _take_text(self, option: Option) -> None:
        asked = entry.meant(self.text.toPlainText(), self.text.caret)
        if asked is None:
            return
        phrase = self._session.phrase(option.key)
        if phrase is None:
            self.text.replace_before(asked.length, self._take_person(option))
            return
        self.text.replace_before(asked.length, phrase.text)
        if phrase.category:
            fill(self.category, LOG["category"], phrase.category)
        blank = self.text.toPlainText().find(entry.BLANK)
        if blank >= 0:
            self.text.select(blank, len(entry.BLANK))

    def _take_person(self, option: Option) -> str:
        """Fill in someone from the contacts; the name."""
        found = self._session.contact(option.key)
        if found is None:
            return ""
        self.party.setText(found.name)
        self.phone.hold(found.masked, found.number)
        if found.ledger == "people":
            self._links["person"] = found.row.hex()
        return found.name

    def _show_links(self) -> None:
        self.link.show_text(self._session.linked(self._links))

    def _unlink(self) -> None:
        self._links = {name: row for name, row in self._links.items() if name == "person"}
        self._show_links()
        self.text.setFocus()

    def _show_time(self) -> None:
        self.time.setPlaceholderText(f"{local(self.desk.clock.now()):%H:%M}")

    def _show_more(self, shown: bool) -> None:
        self._extra.setVisible(shown)
        if shown and self.isVisible():
            self.handling.setFocus()
        self.updateGeometry()

    def _go_on(self) -> None:
        """Enter in a field that is not the text: to the next one that is shown; in the last one it saves."""
        widgets = [widget for widget in self._inputs.values() if widget.isVisibleTo(self)]
        sender = self.sender()
        at = next((n for n, widget in enumerate(widgets) if widget is sender), len(widgets))
        if at + 1 >= len(widgets):
            self.save()
        else:
            widgets[at + 1].setFocus(Qt.FocusReason.TabFocusReason)

    # -- Qt ---------------------------------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.put_aside()
            self.text.setFocus()
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fold()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange and hasattr(self, "_extra"):
            self._fold()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._show_time()
        self._tick.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._tick.stop()


def _options(offered: Sequence[entry.Offered]) -> list[Option]:
    return [Option(item.key, item.label, item.hint) for item in offered]


class DaybookPane(QWidget):
    """The log as a list with one entry whole below it."""

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("daybook-pane")
        self.desk = desk
        self.title = _("值班日志")
        self._row: Row | None = None
        self._dialog: AmendDialog | None = None
        self.saver = SaveElsewhere(self, desk.store, "attachments")
        self.filter = lists.Filter()
        self._make_bar()
        self._make_list()
        self._lay_out()
        self._make_actions()
        self._announcer = desk.services.get("announcer") or announcer_for(desk.store)
        self._announcer.changed.connect(self._heed)
        self._minute = QTimer(self)
        self._minute.setInterval(MINUTE_MS)
        self._minute.timeout.connect(self._turn)
        self._pick(None)

    def _make_bar(self) -> None:
        self.bar = FilterBar("daybook", _("搜索日志"))
        self.bar.add_choice("period", _("时间范围"), lists.PERIODS)
        self.day = line_input("daybook-day", _("日期,如 2026-06-18"), "2026-06-18")
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

    def _make_list(self) -> None:
        now = self.desk.clock.now
        shows: dict[str, Callable[[Row], str]] = {
            "no": lambda row: service.short_no(row.get("no")),
            "happened_at": lambda row: lists.clock_text(row.get("happened_at"), now()),
            "text": lists.text_cell,
            "incident": lambda row: lists.marks_of(row).incident_no,
            "due_at": lambda row: lists.due_cell(row, now()),
        }
        self.model = LedgerModel(
            LOG, self.desk, columns=lists.COLUMNS, pages=self._pages, shows=shows, tone=self._tone, parent=self
        )
        self.view = LedgerView(
            self.model,
            important="text",
            line_for=_wechat,
            empty=(_("还没有日志"), _("按 F2 记第一条")),
        )
        self.view.setObjectName("daybook-list")
        ColumnFit(self.view, WIDTHS, GIVES_WAY)
        self.view.picked.connect(self._pick)
        self.view.opened.connect(self._open)
        self.view.typed.connect(self.bar.search_for)
        self.view.filter_dropped.connect(self.bar.reset)
        self.model.reloaded.connect(self._count)
        self.detail = DetailPanel(_("选一条日志,这里看全文、更正和附件"))
        self.detail.setObjectName("daybook-detail")
        self.detail.wanted.connect(self._save_file)

    def _pages(self, query: Query) -> lists.LogPages:
        return lists.LogPages(self.desk, query)

    def _tone(self, row: Row, name: str) -> str:
        return lists.due_tone(row, self.desk.clock.now()) if name == "due_at" else ""

    def _lay_out(self) -> None:
        self.head = SplitTitle(self.title)
        self.head.add(self.print_button)
        self._below = QWidget()
        below = QVBoxLayout(self._below)
        below.setContentsMargins(0, 0, 0, 0)
        below.setSpacing(0)
        self.tools = RowTools("daybook", self.view)
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
            self.tools.add("intake", _("转接报"), "I", self.intake)
        self.tools.add("attach", _("加附件"), "F", self.attach)
        # An entry is copied as the line that goes into the group chat; cells are for tables.
        self.view.copy_action.setShortcut(QKeySequence("Ctrl+Shift+C"))
        self.view.line_action.setShortcut(QKeySequence(QKeySequence.StandardKey.Copy))
        for keys, run in (("Ctrl+F", self.bar.focus_search), ("Ctrl+P", self.print_log)):
            QShortcut(QKeySequence(keys), self, run, context=Qt.ShortcutContext.WidgetWithChildrenShortcut)

    # -- for the window ---------------------------------------------------------------------------------------------

    def commands(self) -> list[tuple[str, str, Callable[[], None]]]:
        """What the palette and the key sheet offer."""
        return [
            (_("打印值班日志"), "Ctrl+P", self.print_log),
            (_("搜索日志"), "Ctrl+F", self.bar.focus_search),
            (_("日志:只看待反馈"), "", self.waiting.toggle),
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
        if not changed.touches("log", "incidents", "attachments"):
            return
        self._ask()
        self.model.heed(
            changed if changed.everything or not changed.touches("attachments") else Changed(everything=True)
        )
        self._tell()

    def _turn(self) -> None:
        """A minute has passed: what is late now, and which day today is."""
        self._ask()
        self.view.viewport().update()

    def _pick(self, row: Row | None) -> None:
        self._row = row
        self.tools.enable(row is not None)
        self._below.setVisible(row is not None)
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
                tuple(File(file.id, file.text("name"), lists.size_text(file.number("size"))) for file in told.files),
            )
        )

    def _open(self, row: Row) -> None:
        """Enter: read it whole, the arrow keys scroll; Esc goes back to the list."""
        self._pick(row)
        self.detail.setFocus()

    # -- what is done with an entry ---------------------------------------------------------------------------------

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
            parse_time=self._parse_time,
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

    def _parse_time(self, text: str) -> int:
        try:
            return shorthand.parse_time(text, self.desk.clock.now())
        except Refused as refused:
            raise ValueError(str(refused.problems[0].reason)) from None

    def reply(self) -> None:
        """R: what was told back, in the entry line."""
        if self._row is not None:
            root = service.chain(self.desk, self._row.id)[0]
            self.desk.services["entry"]({"answers": root.id, "line": root.get("line"), "party": root.get("party")})

    def follow(self) -> None:
        """T: ask for an answer (again), in the entry line."""
        if self._row is not None:
            root = service.chain(self.desk, self._row.id)[0]
            text = _("跟进 {no}:").format(no=service.short_no(root.get("no")))
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
        preview(made.pdf(), made.title, "P02", made.shift, made.missing)

    # -- Qt ---------------------------------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.view.setFocus()
        else:
            super().keyPressEvent(event)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._ask()
        self._minute.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._minute.stop()


def _wechat(row: Row) -> str:
    return rules.wechat_line(row.values, service.tables())
