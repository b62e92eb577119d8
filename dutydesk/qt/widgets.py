"""Small widgets from which panes are laid out. Texts are always plain: what people typed is never read as markup."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetrics,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QShortcut,
    QTextLayout,
)
from PySide6.QtWidgets import (
    QAbstractButton,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from dutydesk.core.i18n import _
from dutydesk.qt.flow import flow
from dutydesk.qt.icons import icon, paint_icon, paint_shape
from dutydesk.qt.theme import LEVEL_SHAPES, LEVEL_WORDS, current

SEARCH_DELAY_MS = 120


def restyle(widget: QWidget) -> None:
    """Make the style sheet look again after a dynamic property has changed."""
    widget.style().unpolish(widget)
    widget.style().polish(widget)


def label(text: str = "", role: str = "", *, wrap: bool = False, selectable: bool = False) -> QLabel:
    """A plain-text label; `role` is one of the style sheet's: title, heading, muted, small, problem, number, must."""
    made = QLabel()
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setText(text)
    made.setWordWrap(wrap)
    if role:
        made.setProperty("role", role)
    if selectable:
        made.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
    return made


def line(*, vertical: bool = False) -> QFrame:
    """A separator one pixel thin."""
    made = QFrame()
    made.setProperty("role", "line")
    if vertical:
        made.setFixedWidth(1)
    else:
        made.setFixedHeight(1)
    return made


class Button(QPushButton):
    """A button that Enter presses while it has the keyboard. Without that Qt presses the dialog's default one, and
    "leave" with the focus on it does what is being left."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        plain = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier == Qt.KeyboardModifier.NoModifier
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and plain:
            if not event.isAutoRepeat():
                self.click()
            return
        super().keyPressEvent(event)


def button(text: str, *, primary: bool = False, flat: bool = False, tip: str = "") -> QPushButton:
    """A push button; `primary` for the one action that the place is for."""
    made = Button(text)
    made.setAutoDefault(False)
    if primary:
        made.setProperty("primary", True)
    if flat:
        made.setProperty("flat", True)
    if tip:
        made.setToolTip(tip)
    return made


def fit(window: QWidget, width: int, height: int) -> None:
    """Resize a window to this, or to what the screen has: 200 % on 1366 × 768 must not cut anything off."""
    room = window.screen().availableGeometry().size()
    window.resize(min(width, room.width()), min(height, room.height() - current().px(32)))


def shortcut(parent: QWidget, keys: str, run: Callable[[], object], *, alone: bool = False) -> QShortcut:
    """A key of `parent` and everything inside it, or (`alone`) of that widget only."""
    context = Qt.ShortcutContext.WidgetShortcut if alone else Qt.ShortcutContext.WidgetWithChildrenShortcut
    made = QShortcut(QKeySequence(keys), parent)
    made.setContext(context)
    made.activated.connect(run)
    return made


class IconButton(QToolButton):
    """A flat button that shows an icon and keeps it in the theme's ink; `text` is its accessible name and tooltip."""

    def __init__(self, name: str, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name = name
        self.setProperty("flat", True)
        self.setAccessibleName(text)
        self.setToolTip(text)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._draw()

    def set_icon(self, name: str) -> None:
        self._name = name
        self._draw()

    def _draw(self) -> None:
        side = current().px(16)
        self.setIcon(icon(self._name))
        self.setIconSize(QSize(side, side))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:
            self._draw()


class Elided(QLabel):
    """One line that is cut with … where it does not fit; the whole is in the tooltip."""

    def __init__(self, text: str = "", role: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setText(text)
        if role:
            self.setProperty("role", role)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def shown(self) -> str:
        """The text as it is painted."""
        plain = " ".join(self.text().split("\n"))
        return self.fontMetrics().elidedText(plain, Qt.TextElideMode.ElideRight, self.contentsRect().width())

    def sizeHint(self) -> QSize:
        around, metrics = self.contentsMargins(), self.fontMetrics()
        wide = metrics.horizontalAdvance(self.text()) + 2 + around.left() + around.right()
        return QSize(wide, metrics.height() + around.top() + around.bottom())

    def minimumSizeHint(self) -> QSize:
        return QSize(current().px(24), self.sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.setToolTip(self.text() if self.shown() != self.text() else "")

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        align = self.alignment() | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(self.contentsRect(), align, self.shown())
        painter.end()


class FewLines(Elided):
    """A text in at most so many lines, the last of them cut with …; the whole is in the tooltip that its owner gives."""

    def __init__(self, most: int = 2, role: str = "", parent: QWidget | None = None) -> None:
        self._most = most
        super().__init__("", role, parent)

    def setText(self, text: str) -> None:
        super().setText(text)
        self._measure()

    def _measure(self) -> None:
        self.setFixedHeight(self.heightForWidth(self.width()))

    def lines(self, width: int) -> list[str]:
        """The lines as they are painted in so many pixels."""
        plain, metrics = " ".join(self.text().split("\n")), self.fontMetrics()
        laid = QTextLayout(plain, self.font())
        laid.beginLayout()
        found: list[str] = []
        while (line := laid.createLine()).isValid():
            line.setLineWidth(max(width, 1))
            if len(found) == self._most - 1:
                found.append(metrics.elidedText(plain[line.textStart() :], Qt.TextElideMode.ElideRight, width))
                break
            found.append(plain[line.textStart() : line.textStart() + line.textLength()])
        laid.endLayout()
        return found

    def heightForWidth(self, width: int) -> int:
        around = self.contentsMargins()
        count = max(len(self.lines(width - around.left() - around.right())), 1)
        return count * self.fontMetrics().lineSpacing() + around.top() + around.bottom()

    def resizeEvent(self, event: QResizeEvent) -> None:
        QLabel.resizeEvent(self, event)
        self._measure()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:
            self._measure()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        box, high = self.contentsRect(), self.fontMetrics().lineSpacing()
        for at, text in enumerate(self.lines(box.width())):
            painter.drawText(box.left(), box.top() + at * high + self.fontMetrics().ascent(), text)
        painter.end()


class Badge(QWidget):
    """A word on its level's colour with the level's shape; a tone without a level is a neutral pill."""

    def __init__(self, tone: str, word: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.set(tone, word)

    def set(self, tone: str, word: str = "") -> None:
        """Show `tone` (red, orange, yellow, blue, late, or empty) and its word, or another word in its place."""
        self.tone = tone
        self.word = word or _(LEVEL_WORDS.get(tone, ""))
        self.setAccessibleName(self.word)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        theme = current()
        width = QFontMetrics(theme.font(13, bold=True)).horizontalAdvance(self.word) + theme.px(12)
        return QSize(width + (theme.px(16) if self.tone in LEVEL_SHAPES else 0), theme.px(20))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:
            self.updateGeometry()

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        level = theme.level(self.tone)
        ground, ink = (level.fill, level.ink) if level else (theme.tokens.hover, theme.tokens.text)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(_colour(ground))
        painter.drawRoundedRect(QRectF(self.rect()), theme.px(4), theme.px(4))
        left = theme.px(6)
        if level:
            side = theme.px(10)
            box = QRectF(left, (self.height() - side) / 2, side, side)
            paint_shape(painter, LEVEL_SHAPES[self.tone], box, _colour(ink))
            left += side + theme.px(5)
        painter.setFont(theme.font(13, bold=True))
        painter.setPen(_colour(ink))
        text = self.rect().adjusted(left, 0, 0, 0)
        painter.drawText(text, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, self.word)
        painter.end()


def level_badge(code: str) -> Badge:
    """The badge of a warning level or of lateness: its word and its shape."""
    return Badge(code)


class Tile(QAbstractButton):
    """A tile of the status board: a small caption above a value that can be read from afar; pressing it opens its
    pane. `tone` gives it a level's colour together with the level's shape.

    With `big`, the value is drawn twice as large (the next due item, to be read from two metres).
    """

    def __init__(self, caption: str, value: str = "", tone: str = "", *, big: bool = False) -> None:
        super().__init__()
        self._big = big
        self._tone = tone
        self._caption = caption
        self._value = value
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.show_value(value, tone)

    def show_value(self, value: str, tone: str = "", caption: str | None = None) -> None:
        """Set what the tile says."""
        self._value, self._tone = value, tone
        self._caption = self._caption if caption is None else caption
        word = _(LEVEL_WORDS.get(tone, ""))
        self.setAccessibleName(" ".join(part for part in (self._caption, word, value) if part))
        self.updateGeometry()
        self.update()

    @property
    def value(self) -> str:
        return self._value

    @property
    def tone(self) -> str:
        return self._tone

    @property
    def caption(self) -> str:
        return self._caption

    def _sizes(self) -> tuple[int, int]:
        return (14, 32) if self._big else (12, 16)

    def width_of(self, caption: str, value: str) -> int:
        """The pixels that it takes to say this."""
        theme = current()
        small, large = self._sizes()
        head = QFontMetrics(theme.font(small)).horizontalAdvance(caption)
        body = QFontMetrics(theme.font(large, bold=True)).horizontalAdvance(value)
        shape = theme.px(large) if self._tone in LEVEL_SHAPES else 0
        return max(head, body + shape) + theme.px(18)

    def sizeHint(self) -> QSize:
        return QSize(self.width_of(self._caption, self._value), current().px(76 if self._big else 44))

    def minimumSizeHint(self) -> QSize:
        return QSize(current().px(48), self.sizeHint().height())

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:
            self.updateGeometry()

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = current()
        tokens = theme.tokens
        level = theme.level(self._tone)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ground = level.soft if level else tokens.hover if self.underMouse() else tokens.surface
        edge = tokens.accent if self.hasFocus() else level.text if level else tokens.border
        painter.setPen(QPen(_colour(edge), 2 if self.hasFocus() else 1))
        painter.setBrush(_colour(ground))
        radius = theme.px(4)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), radius, radius)
        small, large = self._sizes()
        pad = theme.px(8)
        inner = self.rect().adjusted(pad, theme.px(4), -pad, -theme.px(4))
        head = theme.font(small)
        painter.setFont(head)
        painter.setPen(_colour(tokens.text if level else tokens.muted))
        cut = Qt.TextElideMode.ElideRight
        caption = QFontMetrics(head).elidedText(self._caption, cut, inner.width())
        painter.drawText(inner, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop, caption)
        body = theme.font(large, bold=True)
        painter.setFont(body)
        painter.setPen(_colour(level.text if level else tokens.text))
        left = 0
        if level:
            side = theme.px(large) * 0.7
            height = QFontMetrics(body).height()
            box = QRectF(inner.left(), inner.bottom() - height + (height - side) / 2, side, side)
            paint_shape(painter, LEVEL_SHAPES[self._tone], box, _colour(level.text))
            left = round(side) + theme.px(4)
        text = inner.adjusted(left, 0, 0, 0)
        value = QFontMetrics(body).elidedText(self._value, cut, text.width())
        painter.drawText(text, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom, value)
        painter.end()


class SplitTitle(QWidget):
    """The head of a pane: title and a quiet note on the left, what can be done on the right (`add`); where there is too
    little room for both, what can be done stands below, in as many lines as it needs."""

    def __init__(self, title: str, note: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        gap = current().px(8)
        self._lines = QVBoxLayout(self)
        self._lines.setContentsMargins(gap, current().px(4), gap, current().px(4))
        self._lines.setSpacing(current().px(4))
        self._row = QHBoxLayout()
        self._row.setSpacing(gap)
        self.title = label(title, "heading")
        self.note = Elided(note, "muted")
        self._tools = QWidget()
        self._flow = flow(self._tools, gap)
        self._below = False
        self._row.addWidget(self.title)
        self._row.addWidget(self.note, 1)
        self._row.addWidget(self._tools)
        self._lines.addLayout(self._row)

    def add(self, *widgets: QWidget) -> None:
        """Add controls at the right end, in this order."""
        for widget in widgets:
            self._flow.addWidget(widget)

    def _fold(self) -> None:
        around = self._lines.contentsMargins()
        wide = self._flow.sizeHint().width()
        taken = self.title.sizeHint().width() + self.note.minimumSizeHint().width() + wide + 2 * self._row.spacing()
        below = bool(wide) and taken > self.width() - around.left() - around.right()
        if below is not self._below:
            self._below = below
            if below:
                self._row.removeWidget(self._tools)
                self._lines.addWidget(self._tools)
            else:
                self._lines.removeWidget(self._tools)
                self._row.addWidget(self._tools)
        height = max(self._lines.heightForWidth(self.width()), self._lines.minimumSize().height())
        if height != self.minimumHeight() or height != self.maximumHeight():
            self.setFixedHeight(height)
            QTimer.singleShot(0, self, self.updateGeometry)  # a layout that is at work now does not hear of it

    def hasHeightForWidth(self) -> bool:
        """No: a pane that asks for its height by its width is scrolled where it need not be. It is fixed instead."""
        return False

    def minimumSizeHint(self) -> QSize:
        """Narrow enough to fold."""
        around, high = self._lines.contentsMargins(), super().minimumSizeHint().height()
        least = max(self._flow.minimumSize().width(), self.title.sizeHint().width())
        return QSize(least + around.left() + around.right(), high)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fold()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest:
            self._fold()
        return super().event(event)


class EmptyState(QWidget):
    """What stands where nothing is: one sentence, what to do next, and the button that does it (`acted`)."""

    acted = Signal()

    def __init__(self, sentence: str, hint: str = "", action: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setSpacing(current().px(8))
        column.addStretch(1)
        self.sentence = label(sentence, "heading", wrap=True)
        self.hint = label(hint, "muted", wrap=True)
        self.button = button(action)
        self.button.clicked.connect(self._act)
        for widget in (self.sentence, self.hint):
            widget.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            column.addWidget(widget)
        column.addWidget(self.button, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(2)
        self.say(sentence, hint, action)

    def say(self, sentence: str, hint: str = "", action: str = "") -> None:
        self.sentence.setText(sentence)
        self.hint.setText(hint)
        self.hint.setVisible(bool(hint))
        self.button.setText(action)
        self.button.setVisible(bool(action))

    def _act(self) -> None:
        self.acted.emit()


class SearchBox(QLineEdit):
    """A search field: `searched` comes shortly after the last key, at once on Enter; Esc clears; Down goes `down`
    into the list that it searches."""

    searched = Signal(str)
    down = Signal()

    def __init__(self, hint: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setPlaceholderText(hint or _("搜索"))
        self.setAccessibleName(hint or _("搜索"))
        self.setClearButtonEnabled(True)
        self._said = ""
        self._wait = QTimer(self)
        self._wait.setSingleShot(True)
        self._wait.setInterval(SEARCH_DELAY_MS)
        self._wait.timeout.connect(self._say)
        self.textChanged.connect(self._start)
        self.returnPressed.connect(self._say)
        self._pad()

    def _pad(self) -> None:
        self.setTextMargins(current().px(18), 0, 0, 0)
        self.setMinimumWidth(current().px(160))

    def _start(self) -> None:
        self._wait.start()

    def _say(self) -> None:
        self._wait.stop()
        if self.text().strip() != self._said:
            self._said = self.text().strip()
            self.searched.emit(self._said)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
            self._say()
        elif event.key() == Qt.Key.Key_Down:
            self._say()
            self.down.emit()
        else:
            super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:
            self._pad()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        theme = current()
        side = theme.px(14)
        painter = QPainter(self)
        box = QRectF(theme.px(8), (self.height() - side) / 2, side, side)
        paint_icon(painter, "search", box, theme.colour("muted"))
        painter.end()


def _colour(text: str) -> QColor:
    return QColor(text)
