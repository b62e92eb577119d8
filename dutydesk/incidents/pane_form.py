"""The intake form: laid out by hand, one column, the required few first, everything by keyboard.

Enter goes on, Ctrl+Enter saves, Esc keeps a draft and says so. The grade that the figures speak for is shown while they
are typed, with its reasons; it is stored only when the officer takes it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from dutydesk.core.clock import iso
from dutydesk.core.errors import DutyDeskError, Problem, Refused
from dutydesk.core.i18n import _
from dutydesk.core.reference import rows
from dutydesk.incidents import lines, service
from dutydesk.incidents.ledger import INCIDENTS
from dutydesk.incidents.rules import grade_label
from dutydesk.journal import drafts
from dutydesk.ledger.spec import Value
from dutydesk.qt.editors import Editor, LongEditor, NumberEditor, TextEditor, TimeEditor, make_editor, typed_time
from dutydesk.qt.flow import flow
from dutydesk.qt.forms import EditorForm
from dutydesk.qt.picker import Find, Option
from dutydesk.qt.theme import current
from dutydesk.qt.widgets import IconButton, button, label

DRAFT = "incidents.intake"
FIRST = ("happened_at", "type", "place", "region", "text")
CASUALTIES = ("dead", "missing", "trapped", "serious", "injured")
THEN = ("grade", "source", "caller", "caller_phone")
MORE = ("received_at", "loss_wan", "measures", "impact", "request", "contact", "major")
COMMON = ("11A", "11B", "11D", "11G", "12C", "12D", "12G", "12H", "12N", "12P", "12Q", "13B", "13C")
"""Groups of GB/T 35561 that a district's emergency desk meets mostly (domain.md §4.7), offered first."""


def event_types() -> Find:
    """Finds one of the event types by characters, pinyin, initials or code; common groups first, the way through the
    tree beside each."""
    options: list[tuple[Option, bool, str]] = []
    for row in rows("event_codes", "event_code"):
        code = str(row["code"])
        path = lines.type_path(code)
        before, _sign, name = path.rpartition(" › ")
        options.append((Option(code, name, before), code.startswith(COMMON), path))
    options.sort(key=lambda item: not item[1])

    def find(text: str) -> Sequence[Option]:
        wanted = text.strip().casefold()
        if not wanted:
            return [item for item, _common, _path in options]
        ranked: list[tuple[int, Option]] = []
        rest: list[Option] = []
        for item, _common, path in options:
            name = item.label.casefold()
            if name.startswith(wanted) or item.key.casefold().startswith(wanted):
                ranked.append((0, item))
            elif wanted in name:
                ranked.append((1, item))
            elif wanted in path.casefold():
                ranked.append((2, item))
            else:
                rest.append(item)
        if wanted.isascii() and not wanted[0].isdigit():
            from dutydesk.ledger.pinyin import matches, pinyin_keys

            for item in rest:
                if matches(wanted, item.label):
                    starts = any(key.startswith(wanted) for key in pinyin_keys(item.label).split())
                    ranked.append((0 if starts else 2, item))
        return [item for _rank, item in sorted(ranked, key=_before)]

    return find


def _before(found: tuple[int, Option]) -> tuple[int, bool]:
    """A whole group stands before its types: 火灾 before 火灾 of a mine."""
    rank, item = found
    return (rank, not item.key.endswith("00"))


class IntakeForm(EditorForm):
    """The form for a new incident.

    Signals:
        saved: the new row. closed: the reader is through with it; says whether a draft was kept.
    """

    saved = Signal(object)
    closed = Signal(bool)

    def __init__(self, desk: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("incident-intake")
        self._desk = desk
        self._saving = False
        self._parse_time = typed_time(desk.clock)
        self.editors: dict[str, Editor] = {}
        for name in (*FIRST, *CASUALTIES, *THEN, *MORE):
            find = event_types() if name == "type" else None
            editor = make_editor(INCIDENTS[name], desk, find=find, parse_time=self._parse_time)
            if name == "text":
                editor = LongEditor(INCIDENTS[name], lines=4)
            editor.setObjectName(f"intake-{name}")
            editor.input.setObjectName(f"intake-{name}-input")
            self.editors[name] = editor
        self._lay_out()
        for editor in self.editors.values():
            editor.entered.connect(self.go_on)
            editor.submitted.connect(self.submit)
        for name in ("type", *CASUALTIES, "loss_wan", "grade"):
            self.editors[name].changed.connect(self._weigh)
        self._add_shortcut("Ctrl+Return", self.submit)
        self._add_shortcut("Ctrl+Enter", self.submit)
        self._add_shortcut("Alt+G", self.take_suggestion)
        self._start = self.texts()
        self._weigh()

    def _add_shortcut(self, keys: str, run: Callable[[], None]) -> None:
        shortcut = QShortcut(QKeySequence(keys), self)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(run)

    # -- layout ----------------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        theme = current()
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        head = QHBoxLayout()
        head.setContentsMargins(theme.px(16), theme.px(8), theme.px(16), theme.px(4))
        head.setSpacing(theme.px(8))
        head.addWidget(label(_("新接报"), "title"))
        self.said = label("", "muted")
        self.said.setObjectName("intake-said")
        head.addWidget(self.said, 1)
        self.empty = button(_("清空"), flat=True, tip=_("丢掉草稿，从头填"))
        self.empty.setObjectName("intake-empty")
        self.empty.clicked.connect(self.start_over)
        head.addWidget(self.empty)
        outer.addLayout(head)
        body = QWidget()
        body.setMaximumWidth(theme.px(760))
        column = QVBoxLayout(body)
        column.setContentsMargins(theme.px(16), theme.px(4), theme.px(16), theme.px(8))
        column.setSpacing(theme.px(8))
        names = [_(INCIDENTS[name].label) for name in (*FIRST, *THEN, *MORE)] + [_("人员伤亡")]
        self._label_width = max(self.fontMetrics().horizontalAdvance(name) for name in names)
        grid = self._grid()
        self.path = label("", "muted", wrap=True)
        self.path.setObjectName("intake-path")
        for name in FIRST:
            self._put(grid, name)
            if name == "type":
                grid.addWidget(self.path, grid.rowCount(), 2)
        self._put_casualties(grid)
        self._put_suggestion(grid)
        for name in THEN:
            self._put(grid, name)
        column.addLayout(grid)
        self.more = IconButton("right", _("更多"))
        self.more.setObjectName("intake-more")
        self.more.setCheckable(True)
        self.more.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.more.setText(_("更多（{count} 项）").format(count=len(MORE)))
        self.more.toggled.connect(self._fold)
        column.addWidget(self.more, 0, Qt.AlignmentFlag.AlignLeft)
        self._rest = QWidget()
        rest = self._grid()
        rest.setContentsMargins(0, 0, 0, 0)
        for name in MORE:
            self._put(rest, name)
        self._rest.setLayout(rest)
        self._rest.hide()
        column.addWidget(self._rest)
        column.addStretch(1)
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._area.setWidget(body)
        outer.addWidget(self._area, 1)
        bar = QHBoxLayout()
        bar.setContentsMargins(theme.px(16), theme.px(8), theme.px(16), theme.px(12))
        bar.setSpacing(theme.px(8))
        self.problem = label("", "problem", wrap=True)
        self.problem.setObjectName("intake-problem")
        self.save = button(_("保存"), primary=True, tip=_("Ctrl+回车"))
        self.save.setObjectName("intake-save")
        self.leave = button(_("关闭"), tip=_("Esc，内容留作草稿"))
        self.leave.setObjectName("intake-close")
        self.save.clicked.connect(self.submit)
        self.leave.clicked.connect(self.put_aside)
        bar.addWidget(self.problem, 1)
        bar.addWidget(self.save)
        bar.addWidget(self.leave)
        outer.addLayout(bar)
        order = [editor.input for editor in self.editors.values()]
        order.insert(order.index(self.editors["grade"].input), self.take)
        for before, after in pairwise([*order, self.save, self.leave]):
            QWidget.setTabOrder(before, after)
        self.setFocusProxy(self.editors["happened_at"].input)

    def _grid(self) -> QGridLayout:
        theme = current()
        grid = QGridLayout()
        grid.setHorizontalSpacing(theme.px(8))
        grid.setVerticalSpacing(theme.px(6))
        grid.setColumnMinimumWidth(0, self._label_width)
        grid.setColumnMinimumWidth(1, theme.px(26))
        grid.setColumnStretch(2, 1)
        return grid

    def _put(self, grid: QGridLayout, name: str) -> None:
        item, editor, at = INCIDENTS[name], self.editors[name], grid.rowCount()
        caption = label(_(item.label))
        caption.setBuddy(editor.input)
        caption.setMinimumHeight(current().row)
        must = label(_("必填") if item.required and name != "received_at" else "", "must")
        must.setMinimumHeight(current().row)
        grid.addWidget(caption, at, 0, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(must, at, 1, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(editor, at, 2)

    def _put_casualties(self, grid: QGridLayout) -> None:
        """Five small numbers in one line; an empty one is 待核, not 0."""
        theme = current()
        line = QWidget()
        places = flow(line, theme.px(12))
        for name in CASUALTIES:
            editor = self.editors[name]
            assert isinstance(editor, NumberEditor)
            editor.narrow(4)
            editor.unit.hide()
            editor.hint(_("待核"))
            caption = label(_(INCIDENTS[name].label), "small")
            caption.setBuddy(editor.input)
            one = QWidget()
            column = QVBoxLayout(one)
            column.setContentsMargins(0, 0, 0, 0)
            column.setSpacing(0)
            column.addWidget(caption)
            column.addWidget(editor)
            places.addWidget(one)
        at = grid.rowCount()
        caption = label(_("人员伤亡"))
        grid.addWidget(caption, at, 0, Qt.AlignmentFlag.AlignVCenter)
        grid.addWidget(line, at, 2)

    def _put_suggestion(self, grid: QGridLayout) -> None:
        row = QHBoxLayout()
        row.setSpacing(current().px(8))
        self.suggested = label("", "muted", wrap=True)
        self.suggested.setObjectName("intake-suggestion")
        self.take = button(_("采用"), tip="Alt+G")
        self.take.setObjectName("intake-take")
        self.take.clicked.connect(self.take_suggestion)
        row.addWidget(self.suggested, 1)
        row.addWidget(self.take)
        at = grid.rowCount()
        grid.addWidget(label(_("建议等级")), at, 0)
        grid.addLayout(row, at, 2)

    def _fold(self, shown: bool) -> None:
        self._rest.setVisible(shown)
        self.more.set_icon("down" if shown else "right")

    # -- texts -----------------------------------------------------------------------------------------------------

    def texts(self) -> dict[str, str]:
        """The texts of all fields."""
        return {name: editor.text() for name, editor in self.editors.items()}

    @property
    def dirty(self) -> bool:
        """Whether something was typed that is not saved."""
        return self.texts() != self._start

    def begin(self) -> None:
        """Be ready for a new report: the draft of last time, else an empty form with the present minute."""
        kept = drafts.kept(self._desk.store, DRAFT)
        if self.dirty:
            return
        self._empty()
        if isinstance(kept, dict):
            for name, text in kept.items():
                if name in self.editors and text:
                    self.editors[name].set_text(str(text))
                    if self.editors[name].parent() is self._rest:
                        self.more.setChecked(True)
            self.said.setText(_("接着上次的草稿填"))
        self.empty.setVisible(isinstance(kept, dict))
        self._weigh()

    def fill(self, values: Mapping[str, Value]) -> None:
        """Put in what is known already, where nothing has been typed; the log's names for the caller are understood."""
        for name, value in values.items():
            editor = self.editors.get({"party": "caller", "party_phone": "caller_phone"}.get(name, name))
            if editor is not None and value is not None and (name == "happened_at" or not editor.text()):
                editor.set_value(value)
        self._weigh()

    def start_over(self) -> None:
        """Throw the draft away."""
        drafts.forget(self._desk.store, DRAFT)
        self._empty()
        self.empty.hide()
        self.focus_first()

    def _empty(self) -> None:
        for editor in self.editors.values():
            blocker = QSignalBlocker(editor)
            editor.set_text("")
            editor.problem()
            blocker.unblock()
        now = self._desk.clock.now()
        self.editors["happened_at"].set_text(iso(now - now % 60_000))
        self.said.setText("")
        self.problem.setText("")
        self.more.setChecked(False)
        self._area.verticalScrollBar().setValue(0)
        self._start = self.texts()
        self._weigh()

    def focus_first(self) -> None:
        """Put the caret where typing begins; the time that stands there is overwritten by typing."""
        first = self.editors["happened_at"]
        first.input.setFocus(Qt.FocusReason.ShortcutFocusReason)
        if isinstance(first, TextEditor):
            first.line.selectAll()

    # -- the grade -------------------------------------------------------------------------------------------------

    def _weigh(self) -> None:
        texts = self.texts()
        self.path.setText(lines.type_path(texts["type"]) if texts["type"][:1].isdigit() else "")
        self.path.setVisible(bool(self.path.text()))
        told = service.suggest(texts)
        if told is None:
            self.suggested.setText(_("类别和伤亡填好后给出"))
            self.take.hide()
            return
        grade = grade_label(told.grade, lines.grades())
        because = _("、").join(told.because)
        self.suggested.setText(_("{grade} · {because}").format(grade=grade, because=because))
        self.suggested.setToolTip(told.source)
        self.take.setVisible(texts["grade"] != told.grade)

    def take_suggestion(self) -> None:
        """Take the suggested grade."""
        told = service.suggest(self.texts())
        if told is not None:
            self.editors["grade"].set_text(told.grade)
            self._weigh()

    # -- saving ----------------------------------------------------------------------------------------------------

    def submit(self) -> None:
        """Save once; what is wrong is said beside its field."""
        if self._saving:
            return
        self._saving = True
        self.save.setEnabled(False)
        try:
            wrong = self._wrong_times()
            if wrong:
                raise Refused(*wrong)
            row = service.intake(self._desk, self.texts())
        except DutyDeskError as error:
            self.show_problems(error.problems)
            return
        finally:
            self._saving = False
            self.save.setEnabled(True)
        drafts.forget(self._desk.store, DRAFT)
        self._empty()
        self.saved.emit(row)

    def _wrong_times(self) -> list[Problem]:
        """Times that nobody can read, in the words of whoever tried."""
        problems: list[Problem] = []
        for name, editor in self.editors.items():
            if isinstance(editor, TimeEditor) and editor.line.text().strip():
                try:
                    self._parse_time(editor.line.text())
                except ValueError as error:
                    problems.append(Problem(str(error), name))
        return problems

    def keep_draft(self) -> bool:
        """Keep what was typed; whether there was anything."""
        if not self.dirty:
            return False
        drafts.keep(self._desk.store, DRAFT, self.texts())
        return True

    def put_aside(self) -> None:
        """Esc: keep a draft when something was typed, and close."""
        kept = self.keep_draft()
        self._start = self.texts()
        self.closed.emit(kept)
