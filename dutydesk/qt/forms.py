"""The form of a plain ledger, generated. Intake, hand-over, call-out and the like are laid out by hand from the same
editors; they too only have to emit `submitted(dict)`.

Required fields stand first, the rest is folded under 更多. Nothing here touches the database: the form emits values,
the pane commands, and says `done` or `refuse`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from dutydesk.core.errors import Problem
from dutydesk.core.i18n import _
from dutydesk.ledger.kinds import Resolve
from dutydesk.ledger.spec import Field, Ledger, On, Value
from dutydesk.qt.editors import Editor, ParseTime, make_editor
from dutydesk.qt.picker import Find
from dutydesk.qt.theme import current
from dutydesk.qt.widgets import IconButton, button, label

if TYPE_CHECKING:
    from dutydesk.journal.query import Row

FIRST = 6
"""How many fields stand unfolded when none or few are required."""


class EditorForm(QWidget):
    """What every form does, laid out by hand or made from a ledger: Enter goes on, problems stand beside their fields
    and the first of them gets the caret, Esc puts the texts aside.

    A subclass has the editors by field name, `more`, which unfolds `_rest`, the scrolled `_area`, `save`, and `problem`,
    where what belongs to no field is said.
    """

    editors: dict[str, Editor]
    more: Any
    save: QPushButton
    problem: QLabel
    _rest: QWidget
    _area: QScrollArea

    def put_aside(self) -> None:
        """Esc."""
        raise NotImplementedError

    def whole_height(self) -> int:
        """Pixels in which nothing of it has to be scrolled."""
        return self._area.widget().sizeHint().height() + self.save.sizeHint().height() + current().px(32)

    def show_problems(self, problems: Sequence[Problem]) -> None:
        """Say what is wrong, each beside its field; none clears them."""
        by_field = {problem.field: problem.reason for problem in reversed(problems)}
        for name, editor in self.editors.items():
            editor.problem(by_field.get(name, ""))
        general = [problem.reason for problem in problems if problem.field not in self.editors]
        wrong = [name for name in self.editors if name in by_field]
        if wrong:
            first = self.editors[wrong[0]]
            if any(self.editors[name].parent() is self._rest for name in wrong):
                self.more.setChecked(True)
            first.input.setFocus(Qt.FocusReason.OtherFocusReason)
            self._area.ensureWidgetVisible(first)
        count = _("{count} 处要改").format(count=len(wrong)) if wrong else ""
        self.problem.setText(_("；").join(general) or count)

    def go_on(self) -> None:
        """Enter: to the next editor that can be seen; after the last one, to the save button."""
        names = [name for name, editor in self.editors.items() if not editor.isHidden() and editor.isVisibleTo(self)]
        sender = self.sender()
        at = next((n for n, name in enumerate(names) if self.editors[name] is sender), -1)
        following = self.editors[names[at + 1]].input if at + 1 < len(names) else self.save
        following.setFocus(Qt.FocusReason.TabFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.put_aside()
        else:
            super().keyPressEvent(event)


class LedgerForm(EditorForm):
    """A form for one row of `ledger`, new or (with `row`) changed.

    Signals:
        submitted: the values by field name; for a changed row only those that differ. Comes once until `refuse` or
            `done`, however often Enter is hit.
        drafted: Esc; the texts as they stand, for `restore` another time. closed: the reader is through with it.

    Personal values of a row are not shown unless `reveal`; left alone they stay as they are.
    """

    submitted = Signal(dict)
    drafted = Signal(dict)
    closed = Signal()

    def __init__(
        self,
        ledger: Ledger,
        desk: Any = None,
        row: Row | None = None,
        *,
        names: Sequence[str] = (),
        defaults: Mapping[str, Value] | None = None,
        find: Mapping[str, Find] | None = None,
        resolve: Resolve | None = None,
        parse_time: ParseTime | None = None,
        reveal: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.ledger = ledger
        self.row = row
        self._resolve: Resolve | None = resolve or getattr(desk, "resolve", None)
        self._waiting = False
        self._reveal = reveal
        chosen = [ledger[name] for name in names] if names else list(ledger.on(On.FORM))
        fields = [item for item in chosen if item.name != ledger.number]
        fields.sort(key=lambda item: not item.required)
        self.editors: dict[str, Editor] = {}
        for item in fields:
            self.editors[item.name] = make_editor(item, desk, find=(find or {}).get(item.name), parse_time=parse_time)
        required = sum(item.required for item in fields)
        count = len(fields) if len(fields) <= FIRST + 2 else max(required, FIRST)
        self._lay_out(fields[:count], fields[count:])
        for name, editor in self.editors.items():
            editor.entered.connect(self.go_on)
            editor.submitted.connect(self.submit)
            value = row.values.get(name) if row is not None else (defaults or {}).get(name)
            if row is not None and self._hides(editor.field):
                shown = editor.field.kind.mask(str(value or ""))
                editor.hint(_("{shown}（不改则留空）").format(shown=shown) if shown else "")
            elif value is not None:
                editor.set_value(value)
        self._start = self.texts()
        for sequence in ("Ctrl+Return", "Ctrl+Enter"):
            QShortcut(
                QKeySequence(sequence),
                self,
                activated=self.submit,
                context=Qt.ShortcutContext.WidgetWithChildrenShortcut,
            )  # pyright: ignore[reportCallIssue]

    # -- layout -----------------------------------------------------------------------------------------------------

    def _lay_out(self, first: Sequence[Field], rest: Sequence[Field]) -> None:
        theme = current()
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(theme.px(16), theme.px(12), theme.px(16), theme.px(12))
        column.setSpacing(theme.px(8))
        width = max((self.fontMetrics().horizontalAdvance(_(item.label)) for item in (*first, *rest)), default=0)
        column.addLayout(self._grid(first, width))
        self.more = IconButton("right", _("更多"))
        self.more.setCheckable(True)
        self.more.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.more.setText(_("更多（{count} 项）").format(count=len(rest)))
        self.more.toggled.connect(self._fold)
        column.addWidget(self.more, 0, Qt.AlignmentFlag.AlignLeft)
        self.more.setVisible(bool(rest))
        self._rest = QWidget()
        grid = self._grid(rest, width)
        grid.setContentsMargins(0, 0, 0, 0)
        self._rest.setLayout(grid)
        self._rest.hide()
        column.addWidget(self._rest)
        column.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(body)
        self._area = area
        outer.addWidget(area, 1)
        bar = QHBoxLayout()
        bar.setContentsMargins(theme.px(16), theme.px(8), theme.px(16), theme.px(12))
        bar.setSpacing(theme.px(8))
        self.problem = label("", "problem", wrap=True)
        self.save = button(_("保存"), primary=True, tip=_("Ctrl+回车"))
        self.leave = button(_("关闭"), tip=_("Esc，内容留作草稿"))
        self.save.clicked.connect(self.submit)
        self.leave.clicked.connect(self.put_aside)
        bar.addWidget(self.problem, 1)
        bar.addWidget(self.save)
        bar.addWidget(self.leave)
        outer.addLayout(bar)
        order = [self.editors[item.name].input for item in (*first, *rest)]
        for before, after in pairwise(order):
            QWidget.setTabOrder(before, after)
        if order:
            self.setFocusProxy(order[0])

    def _grid(self, fields: Sequence[Field], width: int) -> QGridLayout:
        theme = current()
        grid = QGridLayout()
        grid.setHorizontalSpacing(theme.px(12))
        grid.setVerticalSpacing(theme.px(8))
        grid.setColumnMinimumWidth(0, width)
        grid.setColumnMinimumWidth(1, theme.px(28))
        grid.setColumnStretch(2, 1)
        for at, item in enumerate(fields):
            editor = self.editors[item.name]
            name = label(_(item.label))
            name.setBuddy(editor.input)
            name.setMinimumHeight(theme.row)
            must = label(_("必填") if item.required else "", "must")
            must.setMinimumHeight(theme.row)
            grid.addWidget(name, at, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(must, at, 1, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(editor, at, 2)
        return grid

    def _fold(self, shown: bool) -> None:
        self._rest.setVisible(shown)
        self.more.set_icon("down" if shown else "right")

    # -- texts and values -------------------------------------------------------------------------------------------

    def texts(self) -> dict[str, str]:
        """The texts of all fields, as a draft keeps them."""
        return {name: editor.text() for name, editor in self.editors.items()}

    def restore(self, texts: Mapping[str, str]) -> None:
        """Put a draft back."""
        for name, text in texts.items():
            if name in self.editors:
                self.editors[name].set_text(text)
                if text and self.editors[name].parent() is self._rest:
                    self.more.setChecked(True)

    def put(self, name: str, text: str) -> None:
        """Say a field in the pane's own words; that is how it stands, not something that was typed."""
        self.editors[name].set_text(text)
        self._start = self.texts()

    @property
    def dirty(self) -> bool:
        """Whether something was typed that is not saved."""
        return self.texts() != self._start

    def _hides(self, item: Field) -> bool:
        return self.row is not None and not self._reveal and bool(item.personal) and item.masks(self.row.values)

    def values(self) -> tuple[dict[str, Value], list[Problem]]:
        """The parsed values, and one problem for each field that does not hold."""
        from dutydesk.ledger.rows import parse_row

        texts = self.texts()
        untouched = [
            name for name, editor in self.editors.items() if self._hides(editor.field) and not texts[name].strip()
        ]
        for name in untouched:
            del texts[name]
        values, problems = parse_row(self.ledger, texts, resolve=self._resolve)
        problems = [problem for problem in problems if problem.field in self.editors and problem.field not in untouched]
        if self.row is not None:
            held = self.row.values
            values = {name: value for name, value in values.items() if value != held.get(name)}
        else:
            for name in [name for name, value in values.items() if value is None]:
                del values[name]
        return values, problems

    # -- saving -----------------------------------------------------------------------------------------------------

    def submit(self) -> None:
        """Parse; emit the values, or say beside each field what is wrong."""
        if self._waiting:
            return
        values, problems = self.values()
        self.show_problems(problems)
        if problems:
            return
        if self.row is not None and not values:
            self.closed.emit()
            return
        self._waiting = True
        self.save.setEnabled(False)
        self.submitted.emit(values)

    def refuse(self, problems: Sequence[Problem | str]) -> None:
        """The command was refused: say why, beside the fields it names, and take another try."""
        self._ready()
        self.show_problems([item if isinstance(item, Problem) else Problem(item) for item in problems])

    def done(self) -> None:
        """The command went through: forget the texts and be ready for the next row."""
        self._ready()
        self.show_problems(())
        if self.row is None:
            for editor in self.editors.values():
                blocker = QSignalBlocker(editor)
                editor.set_text("")
                blocker.unblock()
        self._start = self.texts()

    def put_aside(self) -> None:
        """Esc: give the texts back as a draft when there are any, and close."""
        if self.dirty:
            self.drafted.emit(self.texts())
        self.closed.emit()

    def _ready(self) -> None:
        self._waiting = False
        self.save.setEnabled(True)
