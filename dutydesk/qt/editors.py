"""One editor for each kind of field. A form, generated or laid out by hand, is made of these.

An editor holds texts, as a file or the command line would; the ledger's own `parse` makes values of them, once, when
the form is saved. Enter goes on to the next editor, what is wrong stands below the input in words, never by colour
alone.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from PySide6.QtCore import QDate, QEvent, QPoint, Qt, Signal
from PySide6.QtGui import QAction, QKeyEvent, QTextCharFormat
from PySide6.QtWidgets import (
    QCalendarWidget,
    QCheckBox,
    QHBoxLayout,
    QLineEdit,
    QMenu,
    QPlainTextEdit,
    QToolButton,
    QVBoxLayout,
    QWidget,
    QWidgetAction,
)

from dutydesk.core.clock import Clock, iso, local
from dutydesk.core.errors import Refused
from dutydesk.core.i18n import _
from dutydesk.core.shorthand import parse_time
from dutydesk.ledger.kinds import Code, Day, Flag, Integer, Kind, LongText, Phone, Ref, Time, shown
from dutydesk.ledger.spec import Field, Value
from dutydesk.qt.icons import icon
from dutydesk.qt.picker import Find, Option, Picker, among, rows_of
from dutydesk.qt.theme import current
from dutydesk.qt.widgets import label, restyle

ParseTime = Callable[[str], int]


def typed_time(clock: Clock) -> ParseTime:
    """Reads when something was, as it is typed: `1402`, `14:02`, `昨2340`. Raises `ValueError` with the reason."""

    def parse(text: str) -> int:
        try:
            return parse_time(text, clock.now())
        except Refused as refused:
            raise ValueError(refused.problems[0].reason) from None

    return parse


"""Reads `1402`, `14:02`, `昨2340` as milliseconds UTC; raises `ValueError` with a sentence."""
_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class Editor(QWidget):
    """Base of all editors.

    Attributes:
        field: the field that is edited. input: the widget that has the keyboard.

    Signals:
        changed: the text is another now. entered: Enter, go on. submitted: Ctrl+Enter, save.
    """

    changed = Signal()
    entered = Signal()
    submitted = Signal()

    def __init__(self, field: Field, widget: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.field = field
        self.input = widget
        self._problem = label("", "problem", wrap=True)
        self._problem.hide()
        self.unit = label(_(field.unit), "muted")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        self._row = QHBoxLayout()
        self._row.setSpacing(current().px(8))
        self._row.addWidget(widget, 1)
        self._row.addWidget(self.unit)
        column.addLayout(self._row)
        column.addWidget(self._problem)
        self.unit.setVisible(bool(field.unit))  # with a parent: else it is a window, and takes the keyboard
        self.setFocusProxy(widget)
        name = _(field.label)
        widget.setAccessibleName(_("{name}（必填）").format(name=name) if field.required else name)
        if field.help:
            widget.setToolTip(_(field.help))
        widget.installEventFilter(self)

    def text(self) -> str:
        """What the ledger's parser is to read."""
        raise NotImplementedError

    def set_text(self, text: str) -> None:
        """Put a text back (a draft)."""
        raise NotImplementedError

    def set_value(self, value: Value) -> None:
        """Show a stored value."""
        self.set_text(self.field.kind.show(value, self.field))

    def problem(self, text: str = "") -> None:
        """Say below the input what is wrong, or nothing."""
        self._problem.setText(f"× {text}" if text else "")
        self._problem.setVisible(bool(text))
        self.input.setAccessibleDescription(text)
        if bool(self.input.property("problem")) != bool(text):
            self.input.setProperty("problem", bool(text))
            restyle(self.input)

    @property
    def shown_problem(self) -> str:
        """The sentence that stands below the input."""
        return self._problem.text().removeprefix("× ")

    def hint(self, text: str) -> None:
        """A quiet word inside an empty input."""
        if isinstance(self.input, QLineEdit | QPlainTextEdit):
            self.input.setPlaceholderText(text)

    def _touched(self) -> None:
        if not self._problem.isHidden():
            self.problem()
        self.changed.emit()

    def eventFilter(self, watched: Any, event: QEvent) -> bool:
        if (
            isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.KeyPress
            and event.key() in _ENTER
            and event.modifiers() & Qt.KeyboardModifier.ControlModifier
        ):
            self.submitted.emit()
            return True
        return super().eventFilter(watched, event)


class TextEditor(Editor):
    """One line of text; numbers, phones, times and days build on it."""

    def __init__(self, field: Field, parent: QWidget | None = None, widget: QLineEdit | None = None) -> None:
        self.line = widget or QLineEdit()
        super().__init__(field, self.line, parent)
        self.line.textChanged.connect(self._touched)
        self.line.returnPressed.connect(self.entered)
        if field.help:
            self.line.setPlaceholderText(_(field.help))

    def text(self) -> str:
        return self.line.text()

    def set_text(self, text: str) -> None:
        self.line.setText(text)
        self.line.setCursorPosition(0)

    def narrow(self, characters: int) -> None:
        """Be no wider than so many figures."""
        self.line.setFixedWidth(current().digits(characters) + current().px(24))
        self._row.addStretch(1)
        self._row.setStretch(0, 0)


class NumberEditor(TextEditor):
    """A whole or decimal number, figures to the right; no wheel, no arrows that change it by accident."""

    def __init__(self, field: Field, parent: QWidget | None = None) -> None:
        super().__init__(field, parent)
        self.line.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.narrow(max(field.width, 10))


class PhoneEditor(TextEditor):
    """A telephone number."""

    def __init__(self, field: Field, parent: QWidget | None = None) -> None:
        super().__init__(field, parent)
        self.narrow(max(field.width, 20))


class LongEditor(Editor):
    """Several lines; Enter makes a new one, Ctrl+Enter saves, Tab goes on."""

    def __init__(self, field: Field, parent: QWidget | None = None, lines: int = 3) -> None:
        self.area = QPlainTextEdit()
        self._lines = lines
        super().__init__(field, self.area, parent)
        self.area.setTabChangesFocus(True)
        self.area.textChanged.connect(self._touched)
        if field.help:
            self.area.setPlaceholderText(_(field.help))
        self._fit()

    def _fit(self) -> None:
        self.area.setFixedHeight(self.area.fontMetrics().lineSpacing() * self._lines + current().px(20))

    def text(self) -> str:
        return self.area.toPlainText()

    def set_text(self, text: str) -> None:
        self.area.setPlainText(text)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange and hasattr(self, "area"):
            self._fit()


class TimeEditor(TextEditor):
    """A moment, typed as the officer's own shorthand where `parse` is given; what was understood stands beside it."""

    def __init__(self, field: Field, parent: QWidget | None = None, parse: ParseTime | None = None) -> None:
        super().__init__(field, parent)
        self._parse = parse
        self.understood = label("", "muted")
        self._row.insertWidget(1, self.understood)
        self.narrow(max(field.width, 17))
        self.line.textChanged.connect(self._echo)

    def read_by(self, parse: ParseTime) -> None:
        """Read what is typed by `parse` from now on: an end lies ahead where a beginning lies behind."""
        self._parse = parse

    def _moment(self) -> int | None:
        text = self.line.text().strip()
        if not text:
            return None
        if self._parse is not None:
            return self._parse(text)
        value = self.field.kind.parse(text, self.field)
        return value if isinstance(value, int) else None

    def text(self) -> str:
        try:
            moment = self._moment()
        except ValueError:
            return self.line.text()
        return "" if moment is None else iso(moment)

    def set_text(self, text: str) -> None:
        try:
            value = self.field.kind.parse(text, self.field)
        except ValueError:
            value = None
        super().set_text(self.field.kind.show(value, self.field) if value is not None else text)

    def _echo(self) -> None:
        try:
            moment = self._moment()
        except ValueError:
            moment = None
        shown = "" if moment is None else self.field.kind.show(moment, self.field)
        plain = shown == self.line.text().strip()
        self.understood.setText("" if plain or moment is None else local(moment).strftime("→ %m-%d %H:%M"))


class DayEditor(TextEditor):
    """A day: typed, stepped with the arrow keys, or taken from the calendar."""

    def __init__(self, field: Field, parent: QWidget | None = None) -> None:
        super().__init__(field, parent)
        self._calendar = QAction(_("日历"), self.line)
        self._calendar.triggered.connect(self._show_calendar)
        self.line.addAction(self._calendar, QLineEdit.ActionPosition.TrailingPosition)
        self.narrow(15)
        self._draw()

    def _draw(self) -> None:
        self._calendar.setIcon(icon("calendar", 14, "muted"))

    def _day(self) -> date | None:
        try:
            value = self.field.kind.parse(self.line.text(), self.field)
        except ValueError:
            return None
        return date.fromisoformat(value) if isinstance(value, str) else None

    def _show_calendar(self) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        calendar = QCalendarWidget(menu)
        calendar.setVerticalHeaderFormat(QCalendarWidget.VerticalHeaderFormat.NoVerticalHeader)
        calendar.setFirstDayOfWeek(Qt.DayOfWeek.Monday)
        quiet = QTextCharFormat()
        quiet.setForeground(current().colour("muted"))
        for weekday in (Qt.DayOfWeek.Saturday, Qt.DayOfWeek.Sunday):
            calendar.setWeekdayTextFormat(weekday, quiet)
        for name, picture in (("qt_calendar_prevmonth", "left"), ("qt_calendar_nextmonth", "right")):
            turn = calendar.findChild(QToolButton, name)
            if isinstance(turn, QToolButton):
                turn.setIcon(icon(picture, 12))
        day = self._day()
        if day is not None:
            calendar.setSelectedDate(QDate(day.year, day.month, day.day))
        holder = QWidgetAction(menu)
        holder.setDefaultWidget(calendar)
        menu.addAction(holder)
        calendar.clicked.connect(self._take)
        calendar.clicked.connect(menu.close)
        menu.popup(self.line.mapToGlobal(QPoint(0, self.line.height())))

    def _take(self, day: QDate) -> None:
        self.line.setText(day.toString(Qt.DateFormat.ISODate))
        self.line.setFocus()

    def eventFilter(self, watched: Any, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            step = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1}.get(Qt.Key(event.key()), 0)
            day = self._day()
            if step and day is not None:
                self.line.setText((day + timedelta(days=step)).isoformat())
                return True
        return super().eventFilter(watched, event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange and hasattr(self, "_calendar"):
            self._draw()


class FlagEditor(Editor):
    """Yes or no; untouched it stays without a value."""

    def __init__(self, field: Field, parent: QWidget | None = None) -> None:
        self.box = QCheckBox(_("是"))
        self._known = False
        super().__init__(field, self.box, parent)
        self.box.clicked.connect(self._click)

    def _click(self) -> None:
        self._known = True
        self._touched()

    def text(self) -> str:
        if self.box.isChecked():
            return "1"
        return "0" if self._known else ""

    def set_text(self, text: str) -> None:
        self._known = bool(text.strip())
        self.box.setChecked(text.strip() in ("1", _("是")))

    def set_value(self, value: Value) -> None:
        self.set_text("" if value is None else str(value))

    def eventFilter(self, watched: Any, event: QEvent) -> bool:
        if super().eventFilter(watched, event):
            return True
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress and event.key() in _ENTER:
            self.entered.emit()
            return True
        return False


class PickEditor(Editor):
    """A code or a row of another ledger, picked by characters, pinyin or initials."""

    def __init__(
        self, field: Field, find: Find, parent: QWidget | None = None, title: Callable[[bytes], str] | None = None
    ) -> None:
        self.picker = Picker(find)
        self._find = find
        self._title = title
        super().__init__(field, self.picker, parent)
        self.picker.textChanged.connect(self._touched)
        self.picker.entered.connect(self.entered)
        if field.help:
            self.picker.setPlaceholderText(_(field.help))

    def text(self) -> str:
        return self.picker.told()

    def set_text(self, text: str) -> None:
        """A code or hex id chooses; anything else is typed text."""
        self.picker.forget()
        if not text:
            return
        kind = self.field.kind
        if isinstance(kind, Ref) and self._title is not None and len(text) == 32:
            try:
                self.picker.choose(Option(text, self._title(bytes.fromhex(text))))
                return
            except ValueError:
                pass
        codes = {choice.code: shown(choice) for choice in self.field.choices}
        if text in codes:
            self.picker.choose(Option(text, codes[text]))
        else:
            self.picker.setText(text)

    def set_value(self, value: Value) -> None:
        self.set_text(value.hex() if isinstance(value, bytes) else "" if value is None else str(value))


def make_editor(
    field: Field,
    desk: Any = None,
    *,
    find: Find | None = None,
    parse_time: ParseTime | None = None,
    parent: QWidget | None = None,
) -> Editor:
    """The editor of a field's kind. A reference asks `find`, or the desk's search when none is given; titles come
    from the desk. Raises `TypeError` for a kind without an editor."""
    match field.kind:
        case LongText():
            return LongEditor(field, parent)
        case Integer():
            return NumberEditor(field, parent)
        case Time():
            return TimeEditor(field, parent, parse_time)
        case Day():
            return DayEditor(field, parent)
        case Code():
            return PickEditor(field, find or among(field.choices), parent)
        case Flag():
            return FlagEditor(field, parent)
        case Phone():
            return PhoneEditor(field, parent)
        case Ref(ledger=ledger):
            if find is None and desk is None:
                raise TypeError(f"{field.name}: a reference needs find or a desk")
            title = _titler(desk, ledger) if desk is not None else None
            return PickEditor(field, find or rows_of(desk, ledger), parent, title)
        case Kind(name="text"):
            return TextEditor(field, parent)
        case _:
            raise TypeError(f"{field.name}: no editor for the kind {field.kind.name}")


def _titler(desk: Any, ledger: str) -> Callable[[bytes], str]:
    def title(row: bytes) -> str:
        return desk.title(ledger, row)

    return title
