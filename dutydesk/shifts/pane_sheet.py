"""What the hand-over page is made of: the six steps, the list of items with a key for each answer, the place to sign."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QKeyEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QSizePolicy,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from dutydesk.core.clock import local
from dutydesk.core.errors import Problem
from dutydesk.core.i18n import _
from dutydesk.core.reference import label as reference_label
from dutydesk.core.reference import rows as reference_rows
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Row
from dutydesk.ledger.kinds import choice_label
from dutydesk.ledger.rows import parse_row
from dutydesk.ledger.spec import Choice, Values
from dutydesk.qt.editors import Editor, make_editor
from dutydesk.qt.picker import MOST_FOUND, Option, among
from dutydesk.qt.theme import current
from dutydesk.qt.widgets import label
from dutydesk.shifts.ledger import HANDOVER_ITEMS, HANDOVERS, SHIFTS
from dutydesk.shifts.pane_facts import PeopleFinder
from dutydesk.shifts.pending import said
from dutydesk.shifts.rules import SETTLED, STEPS, Step
from dutydesk.shifts.service import CREW

BLOCK, WHAT, WHEN, WORD, STATE = range(5)
WIDE, NARROW = 860, 560
"""Pixels at 100 % below which the list shortens the names of the blocks, and below which it leaves the answers to the
tooltip and the line below."""
LEAST_WHAT = 180
"""Pixels at 100 % that the text of an item keeps."""
SLIM = 520
"""Pixels at 100 % below which person and PIN stand one below the other."""


class Steps(QWidget):
    """The six steps in one line: done, now, to come. Where there is no room only the present one has its name."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("handover-steps")
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._at = 0
        self.show_step("CHECK")

    def show_step(self, step: Step) -> None:
        """Mark a step as the present one; `FINISHED` leaves all done."""
        codes = [code for code, _label in STEPS]
        self._at = codes.index(step) if step in codes else len(codes)
        if self._at < len(codes):
            told = _("第 {at} 步，共 {all} 步：{name}").format(
                at=self._at + 1, all=len(codes), name=_(STEPS[self._at][1])
            )
        else:
            told = _("交接已完成")
        self.setAccessibleName(told)
        self.setToolTip(told)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(current().px(480), current().px(30))

    def minimumSizeHint(self) -> QSize:
        return QSize(current().px(160), current().px(30))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:
            self.updateGeometry()

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        names = [_(name) for _code, name in STEPS]
        side, gap, between = theme.px(20), theme.px(6), theme.px(14)
        plain, bold = theme.font(13), theme.font(13, bold=True)
        whole = sum(QFontMetrics(bold).horizontalAdvance(name) + side + gap + between for name in names)
        roomy = whole <= self.width() - theme.px(16)
        left = theme.px(8)
        for at, name in enumerate(names):
            done, here = at < self._at, at == self._at
            ground = theme.tokens.accent if here else theme.tokens.selection if done else theme.tokens.hover
            ink = theme.tokens.on_accent if here else theme.tokens.on_selection if done else theme.tokens.text
            disc = QRectF(left, (self.height() - side) / 2, side, side)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(ground))
            painter.drawEllipse(disc)
            painter.setPen(QColor(ink))
            painter.setFont(bold)
            painter.drawText(disc, Qt.AlignmentFlag.AlignCenter, "✓" if done else str(at + 1))
            left += side + gap
            if roomy or here:
                painter.setFont(bold if here else plain)
                painter.setPen(theme.colour("text" if here else "muted"))
                wide = QFontMetrics(bold).horizontalAdvance(name)
                align = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
                painter.drawText(QRectF(left, 0, wide + 2, self.height()), align, name)
                left += wide + between
        painter.end()


class ItemList(QTreeWidget):
    """The items of a hand-over, one line each; keys answer them.

    Signals (row id): acted Enter; questioned Q; answered A; opened O.
    """

    acted = Signal(object)
    questioned = Signal(object)
    answered = Signal(object)
    opened = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("handover-items")
        self.setAccessibleName(_("交接事项"))
        self.setColumnCount(5)
        self.setHeaderLabels([_("类别"), _("事项"), _("到时"), _("答复"), _("意见")])
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.header().setStretchLastSection(False)
        for column in (BLOCK, WHEN, WORD, STATE):
            self.header().setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
        self.header().setSectionResizeMode(WHAT, QHeaderView.ResizeMode.Stretch)
        self.headerItem().setTextAlignment(WHEN, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.itemDoubleClicked.connect(self._double)
        self._rows: list[Row] = []
        self._now = 0
        self._short = False
        self._measure()

    def _measure(self) -> None:
        short, self._short = self._short, self.viewport().width() < current().px(WIDE)
        if short != self._short:
            self.show_items(self._rows, self._now)
        else:
            self._widths()

    def _widths(self) -> None:
        """What there is to do keeps its room: where it would not, times take what those shown need, and the block,
        which the tooltip names too, is left out."""
        theme, metrics = current(), self.fontMetrics()
        across, room = self.viewport().width(), theme.px(34)
        names = [self._block(row["code"]) for row in reference_rows("duty", "block")]
        block = max(metrics.horizontalAdvance(name) for name in names) + room
        when = metrics.horizontalAdvance(_("逾期 {time}").format(time="06-18 23:00")) + room
        word = 0 if across < theme.px(NARROW) else across * (22 if self._short else 28) // 100
        state = metrics.horizontalAdvance(_("由交班组处置")) + room
        left = across - block - word - state
        if left - when < theme.px(LEAST_WHAT):
            shown = [_("到时"), *(self._when(row) for row in self._rows)]
            when = min(when, max(metrics.horizontalAdvance(text) for text in shown) + room)
        for column, width in ((BLOCK, block), (WHEN, when), (WORD, word), (STATE, state)):
            self.header().resizeSection(column, width)
        self.setColumnHidden(BLOCK, left - when < theme.px(LEAST_WHAT))
        self.setColumnHidden(WORD, not word)

    def _block(self, code: str) -> str:
        """A block's name, its first two characters where there is little room; in English what stands before `and`."""
        name = reference_label("duty", "block", code)
        if name.isascii():
            return name.partition(" and ")[0]
        return name[:2] if self._short else name

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._measure()

    def show_items(self, items: Sequence[Row], now: int) -> None:
        """Show these; the current one stays current."""
        here = self.current_id()
        self._rows, self._now = list(items), now
        self.clear()
        for row in items:
            self.addTopLevelItem(self._line(row))
        self._widths()
        self.go_to(here)

    def _line(self, row: Row) -> QTreeWidgetItem:
        block = self._block(row.text("block"))
        word = " ".join(said(row).split())
        state = choice_label(row.get("state"), HANDOVER_ITEMS["state"])
        line = QTreeWidgetItem([block, row.text("title"), self._when(row), word, state])
        line.setData(BLOCK, Qt.ItemDataRole.UserRole, row.id)
        line.setTextAlignment(WHEN, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        named = reference_label("duty", "block", row.text("block"))
        tip = "\n".join(part for part in (named, row.text("title"), row.text("detail"), said(row)) if part)
        for column in range(5):
            line.setToolTip(column, tip)
        theme = current()
        if row.get("state") in SETTLED:
            for column in (BLOCK, WHAT, WHEN, WORD):
                line.setForeground(column, theme.colour("muted"))
        elif row.get("due_at") is not None and row.number("due_at") < self._now:
            late = theme.level("late")
            if late is not None:
                line.setForeground(WHEN, QColor(late.text))
        return line

    def _when(self, row: Row) -> str:
        if row.get("due_at") is None:
            return ""
        moment = local(row.number("due_at"))
        shown = f"{moment:%H:%M}" if moment.date() == local(self._now).date() else f"{moment:%m-%d %H:%M}"
        return _("逾期 {time}").format(time=shown) if row.number("due_at") < self._now else shown

    def current_id(self) -> bytes:
        """The current item's row, empty for none."""
        line = self.currentItem()
        held: Any = line.data(BLOCK, Qt.ItemDataRole.UserRole) if line is not None else None
        return held if isinstance(held, bytes) else b""

    def current_row(self) -> Row | None:
        """The current item."""
        here = self.current_id()
        return next((row for row in self._rows if row.id == here), None)

    def go_to(self, wanted: bytes) -> None:
        """Make an item current; where it is not there, the first."""
        at = next((n for n, row in enumerate(self._rows) if row.id == wanted), 0)
        if self._rows:
            self.setCurrentItem(self.topLevelItem(at))

    def go_on(self, states: Sequence[str]) -> None:
        """To the next item in one of these states, from the current one on, around the end."""
        here = self.current_id()
        at = next((n for n, row in enumerate(self._rows) if row.id == here), 0)
        for row in (*self._rows[at:], *self._rows[:at]):
            if row.get("state") in states:
                self.go_to(row.id)
                return

    def keyPressEvent(self, event: QKeyEvent) -> None:
        here = self.current_id()
        plain = event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
        signals = {
            Qt.Key.Key_Return: self.acted,
            Qt.Key.Key_Enter: self.acted,
            Qt.Key.Key_Q: self.questioned,
            Qt.Key.Key_A: self.answered,
            Qt.Key.Key_O: self.opened,
        }
        wanted = signals.get(Qt.Key(event.key()))
        if here and plain and wanted is not None:
            wanted.emit(here)
            event.accept()
            return
        super().keyPressEvent(event)

    def _double(self, _line: QTreeWidgetItem) -> None:
        if self.current_id():
            self.opened.emit(self.current_id())

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange and hasattr(self, "_rows"):
            self._measure()
            self.show_items(self._rows, self._now)


class CrewFinder:
    """Finds a person: with nothing typed those of the crew, else whoever matches."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.crew: Sequence[bytes] = ()

    def __call__(self, text: str) -> Sequence[Option]:
        options = [Option(person.hex(), self._desk.title("people", person)) for person in self.crew]
        if not text.strip():
            return options
        known = {option.key for option in options}
        near = among([Choice(option.key, option.label) for option in options])(text)
        rest = self._desk.rows("people", search=text, limit=MOST_FOUND)
        far = [Option(row.id.hex(), row.text("name")) for row in rest if row.id.hex() not in known]
        return [*near, *far]


class SignBox(QWidget):
    """Where one signs: who, the PIN where accounts are in force, and what else the signature asks for.

    Signals:
        submitted: Enter in the last line; left: Esc.
    """

    submitted = Signal()
    left = Signal()

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("handover-sign")
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self._desk = desk
        self._labels: list[QLabel] = []
        theme = current()
        self._finder = CrewFinder(desk)
        self.person = make_editor(HANDOVERS["giver"], desk, find=self._finder)
        self.person.input.setObjectName("handover-person")
        self.person.input.setAccessibleName(_("签字人"))
        self.pin = QLineEdit()
        self.pin.setObjectName("handover-pin")
        self.pin.setAccessibleName(_("口令"))
        self.pin.setPlaceholderText(_("本人口令"))
        self.pin.setEchoMode(QLineEdit.EchoMode.Password)
        self.joint = self._line("handover-joint", _("怎样共同处置，谁留守"))
        self.reason = self._line("handover-reason", _("为什么只有一方签字"))
        self.crew: dict[str, Editor] = {}
        outer = QVBoxLayout(self)
        outer.setContentsMargins(theme.px(8), theme.px(4), theme.px(8), 0)
        outer.setSpacing(theme.px(6))
        self._crew = QWidget()
        posts = QHBoxLayout(self._crew)
        posts.setContentsMargins(0, 0, 0, 0)
        posts.setSpacing(theme.px(8))
        for name, text in CREW:
            editor = make_editor(SHIFTS[name], desk, find=PeopleFinder(desk, name.upper()))
            editor.input.setObjectName(f"handover-next-{name}")
            editor.entered.connect(self._go_on)
            told = label(_(text))
            told.setBuddy(editor.input)
            told.setMinimumHeight(theme.row)
            posts.addWidget(told, 0, Qt.AlignmentFlag.AlignTop)
            posts.addWidget(editor, 1)
            self.crew[name] = editor
        self._reason_row = self._row(_("原因"), self.reason)
        self._joint_row = self._row(_("共同处置"), self.joint)
        self._pin_row = self._row(_("口令"), self.pin)
        self._who_row = self._row(_("签字人"), self.person)
        self._who = QWidget()
        self._pair = QBoxLayout(QBoxLayout.Direction.LeftToRight, self._who)
        self._pair.setContentsMargins(0, 0, 0, 0)
        self._pair.setSpacing(theme.px(8))
        self._pair.addWidget(self._who_row, 1)
        self._pair.addWidget(self._pin_row, 1)
        for widget in (self._crew, self._reason_row, self._joint_row, self._who):
            outer.addWidget(widget)
        self.person.entered.connect(self._go_on)
        for line in (self.pin, self.joint, self.reason):
            line.returnPressed.connect(self._go_on)
        self._measure()

    def _line(self, name: str, hint: str) -> QLineEdit:
        made = QLineEdit()
        made.setObjectName(name)
        made.setAccessibleName(hint)
        made.setPlaceholderText(hint)
        return made

    def _row(self, text: str, widget: QWidget) -> QWidget:
        made = QWidget()
        row = QHBoxLayout(made)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(current().px(8))
        told = label(text)
        told.setBuddy(widget)
        told.setMinimumHeight(current().row)
        self._labels.append(told)
        row.addWidget(told, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(widget, 1)
        return made

    def _measure(self) -> None:
        """One width for all labels, so that the lines begin below one another."""
        wide = max(one.fontMetrics().horizontalAdvance(one.text()) for one in self._labels)
        for one in self._labels:
            one.setMinimumWidth(wide + 2)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange and self._labels:
            self._measure()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        slim = event.size().width() < current().px(SLIM)
        self._pair.setDirection(QBoxLayout.Direction.TopToBottom if slim else QBoxLayout.Direction.LeftToRight)

    # -- what is asked ---------------------------------------------------------------------------------------------

    def ask(
        self,
        person: bytes | None,
        crew: Sequence[bytes],
        *,
        pin: bool,
        joint: str | None = None,
        reason: bool = False,
        following: Values | None = None,
    ) -> None:
        """Show what this signature asks for. `joint` None hides that line, `following` None the next crew."""
        self._finder.crew = crew
        self.person.set_value(person)
        self.pin.clear()
        self._pin_row.setVisible(pin)
        self._joint_row.setVisible(joint is not None)
        if joint is not None and not self.joint.isModified():
            self.joint.setText(joint)
        self._reason_row.setVisible(reason)
        if not reason:
            self.reason.clear()
        self._crew.setVisible(following is not None)
        for name, editor in self.crew.items():
            editor.set_value((following or {}).get(name))
        self.tell(())

    def signer(self) -> tuple[bytes | None, list[Problem]]:
        """The person who is to sign, or what is wrong about the name."""
        values, problems = parse_row(HANDOVERS, {"giver": self.person.text()}, resolve=self._desk.resolve, partial=True)
        person = values.get("giver")
        if not problems and not isinstance(person, bytes):
            problems = [Problem(_("谁签字"), "person")]
        return (person if isinstance(person, bytes) else None), problems

    def next_crew(self) -> tuple[Values, list[Problem]]:
        """The incoming crew as it is filled in here."""
        texts = {name: editor.text() for name, editor in self.crew.items()}
        return parse_row(SHIFTS, texts, resolve=self._desk.resolve, partial=True)

    @property
    def asks_crew(self) -> bool:
        return not self._crew.isHidden()

    @property
    def asks_joint(self) -> bool:
        return not self._joint_row.isHidden()

    def focus_first(self) -> None:
        """Put the caret into the first line that is empty, else into the last that is shown."""
        lines = self._lines()
        for line in lines:
            if not line.text():
                line.setFocus()
                return
        lines[-1].setFocus()
        lines[-1].selectAll()

    def _lines(self) -> list[QLineEdit]:
        inputs: list[tuple[QWidget, QWidget]] = [(self._crew, editor.input) for editor in self.crew.values()]
        inputs += [(self._reason_row, self.reason), (self._joint_row, self.joint)]
        inputs += [(self._who_row, self.person.input), (self._pin_row, self.pin)]
        return [line for row, line in inputs if not row.isHidden() and isinstance(line, QLineEdit)]

    def _go_on(self) -> None:
        """To the next line; from the last one on, sign."""
        lines = self._lines()
        at = next((n for n, line in enumerate(lines) if line.hasFocus()), len(lines) - 1)
        if at + 1 < len(lines):
            lines[at + 1].setFocus(Qt.FocusReason.TabFocusReason)
            lines[at + 1].selectAll()
        else:
            self.submitted.emit()

    def tell(self, problems: Sequence[Problem]) -> Sequence[Problem]:
        """Say what is wrong beside the line it is about; gives the rest."""
        told: Mapping[str, str] = {problem.field: problem.reason for problem in reversed(problems)}
        self.person.problem(told.get("person") or told.get("giver") or told.get("leader") or "")
        for name, editor in self.crew.items():
            editor.problem(told.get(name, "") if self.asks_crew else "")
        return [
            problem
            for problem in problems
            if problem.field not in ("person", "giver")
            and not (problem.field == "leader" and not self.asks_crew)
            and not (problem.field in self.crew and self.asks_crew)
        ]

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.left.emit()
            return
        super().keyPressEvent(event)
