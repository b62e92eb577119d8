"""The entry line: one entry in one line, one key away from anywhere (F2), never covered.

Enter saves, Esc puts the draft aside and opens another one, Ctrl+↓ takes one back; what is typed survives a restart.
What is not widgets is in `entry`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from PySide6.QtCore import QEvent, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent, QKeySequence, QResizeEvent, QShortcut, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from dutydesk.core.clock import local
from dutydesk.core.errors import DutyDeskError, Problem
from dutydesk.core.i18n import N_, _
from dutydesk.daybook import entry
from dutydesk.daybook.ledger import LOG
from dutydesk.journal.desk import Desk
from dutydesk.ledger.kinds import shown
from dutydesk.ledger.spec import Value
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
from dutydesk.qt.picker import Option, Picker
from dutydesk.qt.saving import FilesButton, Keeper
from dutydesk.qt.suggest import GrowingText, SuggestLine
from dutydesk.qt.theme import current
from dutydesk.qt.widgets import button, label, restyle

TICK_MS = 5_000
HINT = N_("F2 记一笔 · 回车保存 · Shift+回车换行 · / 短语 · @ 找人 · #31 关联事件 · Esc 放一边")


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
        self.time = line_input("entry-time", _("时间，如 1402、昨2340"))
        self.category = code_input("entry-category", LOG["category"])
        self.line = code_input("entry-line-of-duty", LOG["line"])
        self.party = SuggestLine(self._offer_party, "entry-party")
        self.party.setPlaceholderText(_("对方"))
        self.party.setAccessibleName(_("对方"))
        self.phone = NumberLine("entry-phone", _("对方电话"), _("电话"))
        self.text = GrowingText(self._offer_text, "entry-text")
        self.text.setPlaceholderText(_("内容"))
        self.text.setAccessibleName(_("内容"))
        self.due = line_input("entry-due", _("什么时候反馈，如 1500、30分钟后"), _("待反馈"))
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
            QShortcut(QKeySequence(keys), self, activated=run, context=Qt.ShortcutContext.WidgetWithChildrenShortcut)  # pyright: ignore[reportCallIssue]

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
        pickers = {"category": self.category, "line": self.line, "direction": self.direction, "means": self.means}
        for name, picker in pickers.items():
            words = (picker.fontMetrics().horizontalAdvance(shown(choice)) for choice in LOG[name].choices)
            picker.setFixedWidth(max(theme.px(104), max(words) + theme.px(52)))
        self.party.setMinimumWidth(theme.px(96))
        self.text.setMinimumWidth(theme.px(180))
        fixed = (self.time, self.category, self.line, self.phone, self.due)
        taken = sum(widget.maximumWidth() for widget in fixed) + theme.px(132 + 64 + 60)
        taken += self.save_button.sizeHint().width() + self.more.sizeHint().width()
        folded = self.width() - taken < theme.px(280)
        self.party.setMaximumWidth(ENDLESS if folded else theme.px(180))
        heads = sum(widget.maximumWidth() for widget in fixed) + self.party.minimumWidth() + theme.px(16 + 4 * 5)
        if self._row.fold(folded, self.party, crowded=folded and heads > self.width()):
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

    def minimumSizeHint(self) -> QSize:
        """As wide as the folded rows need, so that the window may become narrow enough to fold them."""
        heads = (self.time, self.category, self.line, self.party, self.phone, self.due)
        margins = self.contentsMargins().left() + self.contentsMargins().right()
        width = sum(widget.minimumWidth() + current().px(4) for widget in heads) + current().px(12) + margins
        return QSize(width, super().minimumSizeHint().height())

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
