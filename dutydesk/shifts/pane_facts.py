"""What the officer fills in about a shift: crew, weather, risk level, mode, remark."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLayout, QSizePolicy, QWidget

from dutydesk.core.errors import Problem
from dutydesk.core.i18n import _
from dutydesk.core.reference import rows as reference_rows
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Condition, Row
from dutydesk.ledger.spec import Choice, Field
from dutydesk.qt.editors import Editor, LongEditor, PickEditor, make_editor
from dutydesk.qt.picker import MOST_FOUND, Option, among
from dutydesk.qt.theme import current
from dutydesk.qt.widgets import button, label
from dutydesk.shifts.ledger import SHIFTS
from dutydesk.shifts.service import CREW, FACTS

CREW_FIELDS = tuple(name for name, _label in CREW)
WIDE = 660
"""Pixels at 100 % from which three fields stand side by side."""


class PeopleFinder:
    """Finds a person by characters or initials; with nothing typed, those first who hold the post."""

    def __init__(self, desk: Desk, role: str) -> None:
        self._desk, self._role = desk, role

    def __call__(self, text: str) -> Sequence[Option]:
        desk = self._desk
        if text.strip():
            found = desk.rows("people", search=text, limit=MOST_FOUND)
        else:
            posts = [row.id for row in desk.rows("posts", Condition("role", "=", self._role))]
            found = desk.rows("people", Condition("post", "in", posts), limit=MOST_FOUND) if posts else []
            seen = {row.id for row in found}
            found += [row for row in desk.rows("people", limit=MOST_FOUND) if row.id not in seen]
        people = [row for row in found if row.get("kind") != "OFFICE"]
        return [Option(row.id.hex(), row.text("name"), self._unit(row)) for row in people[:MOST_FOUND]]

    def _unit(self, row: Row) -> str:
        unit = row.get("unit")
        return self._desk.title("units", unit) if isinstance(unit, bytes) else ""


class Facts(QWidget):
    """The editors in rows of three, of two where it is narrow; Enter goes on, Ctrl+Enter saves.

    Signals:
        submitted: the facts are to be saved.
    """

    submitted = Signal()

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("shifts-facts")
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Maximum)
        self._desk = desk
        self._across = 0
        self._start: dict[str, str] = {}
        theme = current()
        self._grid = QGridLayout(self)
        self._grid.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)
        self._grid.setContentsMargins(theme.px(8), theme.px(4), theme.px(8), theme.px(8))
        self._grid.setHorizontalSpacing(theme.px(8))
        self._grid.setVerticalSpacing(theme.px(8))
        self.editors: dict[str, Editor] = {}
        self._labels: dict[str, QWidget] = {}
        for name in FACTS:
            editor = self._editor(SHIFTS[name])
            editor.input.setObjectName(f"shifts-field-{name}")
            editor.entered.connect(self._go_on)
            editor.submitted.connect(self.submitted)
            self.editors[name] = editor
            text = label(_(SHIFTS[name].label))
            text.setBuddy(editor.input)
            text.setMinimumHeight(theme.row)
            self._labels[name] = text
        self.save = button(_("保存"), tip=_("Ctrl+回车"))
        self.save.setObjectName("shifts-save")
        self.save.clicked.connect(self.submitted)
        self.problem = label("", "problem", wrap=True)
        self.problem.setObjectName("shifts-problem")
        self._bar = QWidget()
        bar = QHBoxLayout(self._bar)
        bar.setContentsMargins(0, 0, 0, 0)
        bar.addWidget(self.problem, 1)
        bar.addWidget(self.save, 0, Qt.AlignmentFlag.AlignTop)
        self._place(3)
        order = [*(editor.input for editor in self.editors.values()), self.save]
        for before, after in pairwise(order):
            QWidget.setTabOrder(before, after)

    def _editor(self, item: Field) -> Editor:
        if item.name in CREW_FIELDS:
            editor = make_editor(item, self._desk, find=PeopleFinder(self._desk, item.name.upper()))
            editor.hint(_("姓名或首字母"))
            return editor
        if item.name == "weather":
            words = [Choice(row["zh"], row["zh"]) for row in reference_rows("duty", "weather")]
            return PickEditor(item, among(words))
        if item.name == "note":
            return LongEditor(item, lines=1)
        return make_editor(item, self._desk)

    def _place(self, across: int) -> None:
        """Put the editors `across` in a row; the remark takes what is left of its row but for the button."""
        if across == self._across:
            return
        self._across = across
        grid = self._grid
        for column in range(6):
            grid.setColumnStretch(column, 0)
        for at, (name, editor) in enumerate(self.editors.items()):
            row, column = divmod(at, across)
            grid.addWidget(self._labels[name], row, column * 2, Qt.AlignmentFlag.AlignTop)
            span = across * 2 - 2 if name == "note" and across == 3 else 1
            grid.addWidget(editor, row, column * 2 + 1, 1, max(span - 1, 1))
            grid.setColumnStretch(column * 2 + 1, 1)
        grid.addWidget(self._bar, (len(self.editors) - 1) // across, across * 2 - 1)
        grid.setRowStretch((len(self.editors) - 1) // across + 1, 1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place(3 if event.size().width() >= current().px(WIDE) else 2)

    def minimumSizeHint(self) -> QSize:
        return QSize(current().px(160), self._grid.minimumSize().height())

    # -- texts -----------------------------------------------------------------------------------------------------

    def fill(self, row: Row | None) -> None:
        """Show what the record says."""
        for name, editor in self.editors.items():
            editor.set_value(row.get(name) if row is not None else None)
            editor.problem()
        self.problem.setText("")
        self._start = self.texts()

    def texts(self) -> dict[str, str]:
        """The texts of all fields."""
        return {name: editor.text() for name, editor in self.editors.items()}

    def changed(self) -> dict[str, str]:
        """The texts that differ from the record."""
        return {name: text for name, text in self.texts().items() if text != self._start.get(name, "")}

    def saved(self) -> None:
        """The texts as they stand are the record's."""
        self._start = self.texts()

    def tell(self, problems: Sequence[Problem]) -> None:
        """What is wrong, beside the fields that it names."""
        told = {problem.field: problem.reason for problem in reversed(problems)}
        for name, editor in self.editors.items():
            editor.problem(told.get(name, ""))
        self.problem.setText(_("；").join(problem.reason for problem in problems if problem.field not in self.editors))
        wrong = [name for name in self.editors if name in told]
        if wrong:
            self.editors[wrong[0]].input.setFocus()

    def focus_missing(self, names: Sequence[str]) -> bool:
        """Put the caret into the first of these fields that is empty; False when none is."""
        for name in names:
            if not self.editors[name].text():
                self.editors[name].input.setFocus()
                return True
        return False

    def _go_on(self) -> None:
        names = list(self.editors)
        sender = self.sender()
        at = next((n for n, name in enumerate(names) if self.editors[name] is sender), -1)
        following = self.editors[names[at + 1]].input if at + 1 < len(names) else self.save
        following.setFocus(Qt.FocusReason.TabFocusReason)
