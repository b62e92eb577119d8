"""How the cells and heads of a grid of the roster are painted; `sheets` says what stands in them, `pane_grid` is the
grid itself.

Every cell says what it means in words: 缺 for a post without a person, 调 代 增 for how somebody came there, a sign
before a name with something against it, the reason of which is the cell's tooltip, its accessible description and the
line below the grid. Weekends, holidays, shifted working days and days of a year that has not been announced are words
in the head of the column.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QPointF,
    QRect,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent, QPen, QPixmap, QPolygonF
from PySide6.QtWidgets import QHeaderView, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from dutydesk.core.i18n import _
from dutydesk.qt.theme import Theme, current
from dutydesk.roster.sheets import EMPTY, Cell, Line, Sheet

if TYPE_CHECKING:
    from dutydesk.roster.pane_grid import RosterView

Index = QModelIndex | QPersistentModelIndex
CELL_WIDTH, CELL_FONT, SMALL_FONT, MARK_FONT = 64, 13, 11, 10
HEAD_HEIGHT = 40
NUMBER_WIDTH, USE_WIDTH = 26, 42
NO_INDEX = QModelIndex()
MOST_PICTURES = 2_000
# Put together once: asked for each cell at each painting, they would cost more than the painting.
_FLAGS = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
_NO_FLAGS = Qt.ItemFlag.NoItemFlags
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class SheetModel(QAbstractTableModel):
    """A `Sheet` for Qt; what a cell is called for who cannot see it is put together here."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.sheet = Sheet()

    def show(self, sheet: Sheet) -> None:
        """Show another sheet; where rows and columns are the same only the cells are painted again."""
        old, same = self.sheet, False
        same = [day.date for day in old.days] == [day.date for day in sheet.days] and [
            line.key for line in old.lines
        ] == [line.key for line in sheet.lines]
        if not same:
            self.beginResetModel()
            self.sheet = sheet
            self.endResetModel()
            return
        self.sheet = sheet
        if sheet.days and sheet.lines:
            self.dataChanged.emit(self.index(0, 0), self.index(len(sheet.lines) - 1, len(sheet.days) - 1))
            self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(sheet.days) - 1)
            self.headerDataChanged.emit(Qt.Orientation.Vertical, 0, len(sheet.lines) - 1)

    def cell(self, row: int, column: int) -> Cell:
        """What stands there; an empty cell where nothing does."""
        return self.sheet.cells.get((row, column), EMPTY)

    def rowCount(self, parent: Index = NO_INDEX) -> int:
        return 0 if parent.isValid() else len(self.sheet.lines)

    def columnCount(self, parent: Index = NO_INDEX) -> int:
        return 0 if parent.isValid() else len(self.sheet.days)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        cell = self.cell(index.row(), index.column())
        if role == Qt.ItemDataRole.DisplayRole:
            return cell.text or (_("缺") if cell.lacks else cell.away)
        if role == Qt.ItemDataRole.ToolTipRole:
            return self.described(index.row(), index.column())
        if role in (Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.AccessibleDescriptionRole):
            return self.described(index.row(), index.column())
        return None

    def described(self, row: int, column: int) -> str:
        """The cell in words: day, row, who, how, and what speaks against it."""
        cell, day, line = self.cell(row, column), self.sheet.days[column], self.sheet.lines[row]
        text = cell.text or (_("缺人") if cell.lacks else cell.away)
        head = " ".join(part for part in (day.detail or day.date, line.label, text, cell.mark) if part)
        return "\n".join(part for part in (head, cell.detail, *cell.against) if part)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        across = orientation == Qt.Orientation.Horizontal
        if not 0 <= section < (len(self.sheet.days) if across else len(self.sheet.lines)):
            return None
        if across:
            day = self.sheet.days[section]
            if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
                return " ".join(part for part in (day.number, day.weekday, day.word) if part)
            return day.detail if role == Qt.ItemDataRole.ToolTipRole else None
        line = self.sheet.lines[section]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return " ".join(part for part in (line.label, *line.numbers, line.use) if part)
        return line.detail if role == Qt.ItemDataRole.ToolTipRole else None

    def flags(self, index: Index) -> Qt.ItemFlag:
        return _FLAGS if index.isValid() else _NO_FLAGS


@dataclass(slots=True)
class Paints:
    """Fonts, widths and colours of one theme, looked up once and not for each cell."""

    theme: Theme
    body: Any = None
    bold: Any = None
    small: Any = None
    tiny: Any = None
    metrics: Any = None
    colours: dict[str, QColor] = field(default_factory=dict[str, QColor])
    pictures: dict[tuple[object, ...], QPixmap] = field(default_factory=dict[tuple[object, ...], QPixmap])

    def __post_init__(self) -> None:
        theme = self.theme
        self.body, self.bold = theme.font(CELL_FONT), theme.font(CELL_FONT, bold=True)
        self.small, self.tiny = theme.font(SMALL_FONT), theme.font(MARK_FONT)
        self.metrics = QFontMetrics(self.body)
        names = ("window", "surface", "raised", "hover", "border", "outline", "text", "muted", "accent", "selection")
        self.colours = {name: theme.colour(name) for name in (*names, "on_selection")}

    def picture(
        self, key: tuple[object, ...], size: QSize, ratio: float, draw: Callable[[QPainter, QRect], None]
    ) -> QPixmap:
        """What `draw` paints, painted once for each key: the same few names, posts and counts stand everywhere, and a
        text costs twenty times what a picture does."""
        key = (*key, size.width(), size.height())
        found = self.pictures.get(key)
        if found is None:
            found = QPixmap(size * ratio)
            found.setDevicePixelRatio(ratio)
            found.fill(Qt.GlobalColor.transparent)
            painter = QPainter(found)
            draw(painter, QRect(QPoint(0, 0), size))
            painter.end()
            if len(self.pictures) >= MOST_PICTURES:
                self.pictures.clear()
            self.pictures[key] = found
        return found


class CellPainter(QStyledItemDelegate):
    """Paints a cell straight from the sheet: asking the model for seven roles of each would cost more than the ink."""

    def __init__(self, view: RosterView) -> None:
        super().__init__(view)
        self._view = view

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(self._view.horizontalHeader().defaultSectionSize(), self._view.paints.theme.row)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        view = self._view
        paints, sheet = view.paints, view.sheet_model.sheet
        row, column = index.row(), index.column()
        cell = sheet.cells.get((row, column), EMPTY)
        rect: QRect = option.rect  # pyright: ignore[reportAttributeAccessIssue]
        colours = paints.colours
        place = (row, column)
        chosen = place == view.place
        ink = colours["on_selection"] if chosen and view.active else colours["text"]
        if chosen and view.active:
            painter.fillRect(rect, colours["selection"])
        elif sheet.days[column].shaded:
            painter.fillRect(rect, colours["window"])
        if cell is not EMPTY:
            painter.drawPixmap(rect.topLeft(), self._picture(rect.size(), cell, ink, paints))
        if place == view.target:
            painter.setPen(QPen(colours["accent"], 2))
            painter.drawRect(rect.adjusted(1, 1, -2, -2))
        elif place == view.source:
            painter.setPen(QPen(colours["text"], 1, Qt.PenStyle.DashLine))
            painter.drawRect(rect.adjusted(1, 1, -2, -2))
        elif chosen:
            painter.setPen(QPen(colours["accent" if view.active else "outline"], 1))
            painter.drawRect(rect.adjusted(0, 0, -1, -1))

    def _picture(self, size: QSize, cell: Cell, ink: QColor, paints: Paints) -> QPixmap:
        def draw(painter: QPainter, rect: QRect) -> None:
            self._words(painter, rect, cell, ink, paints)

        key = (cell.text, cell.mark, cell.lacks, cell.away, bool(cell.against), ink.rgb())
        return paints.picture(key, size, self._view.devicePixelRatioF(), draw)

    def _words(self, painter: QPainter, rect: QRect, cell: Cell, ink: QColor, paints: Paints) -> None:
        px = paints.theme.px
        left = px(5)
        if cell.against:
            side = px(12)
            top = rect.top() + (rect.height() - side) / 2
            draw_sign(painter, QRectF(rect.left() + px(3), top, side, side), ink, paints)
            left = px(17)
        right = px(3)
        if cell.mark:
            right = px(16)
            box = QRect(rect.right() - px(16), rect.top() + px(3), px(13), px(13))
            painter.setFont(paints.tiny)
            painter.setPen(ink)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, cell.mark)
            painter.drawRect(box)
        area = rect.adjusted(left, 0, -right, 0)
        if cell.text:
            painter.setFont(paints.body)
            painter.setPen(ink)
            text = cell.text
            if paints.metrics.horizontalAdvance(text) > area.width():
                text = paints.metrics.elidedText(text, Qt.TextElideMode.ElideRight, area.width())
        elif cell.lacks:
            painter.setFont(paints.bold)
            painter.setPen(ink)
            text = _("缺")
        else:
            painter.setFont(paints.small)
            painter.setPen(paints.colours["muted"])
            text = cell.away
        painter.drawText(area, _LEFT, text)


def draw_sign(painter: QPainter, box: QRectF, ink: QColor, paints: Paints) -> None:
    """A triangle with an exclamation mark, in the ink of the text: no warning colour is used up for it."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(ink, 1.2))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    top = QPointF(box.center().x(), box.top())
    painter.drawPolygon(QPolygonF([top, box.bottomRight(), box.bottomLeft()]))
    painter.setFont(paints.tiny)
    painter.drawText(box.adjusted(0, box.height() * 0.15, 0, 0), Qt.AlignmentFlag.AlignCenter, "!")
    painter.restore()


class _Head(QHeaderView):
    """A head that is painted from the sheet."""

    def __init__(self, orientation: Qt.Orientation, view: RosterView) -> None:
        super().__init__(orientation, view)
        self.view = view
        self.setSectionsClickable(True)
        self.setHighlightSections(True)
        self.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)

    def _ground(self, painter: QPainter, rect: QRect, paints: Paints, here: bool) -> None:
        painter.fillRect(rect, paints.colours["hover" if here else "window"])
        painter.setPen(paints.colours["border"])
        painter.drawLine(rect.bottomLeft(), rect.bottomRight())
        painter.drawLine(rect.topRight(), rect.bottomRight())


class DayHead(_Head):
    """Day of the month and weekday above, the word for the kind of day below; a bar under today."""

    def sizeHint(self) -> QSize:
        return QSize(0, current().px(HEAD_HEIGHT))

    def paintSection(self, painter: QPainter, rect: QRect, logicalIndex: int) -> None:  # noqa: N803 - Qt's own name
        days = self.view.sheet_model.sheet.days
        if not 0 <= logicalIndex < len(days):
            return
        day, paints = days[logicalIndex], self.view.paints
        px = paints.theme.px
        self._ground(painter, rect, paints, logicalIndex == self.view.currentIndex().column())
        painter.setPen(paints.colours["text"])
        painter.setFont(paints.bold if day.today else paints.body)
        upper = QRect(rect.left() + px(5), rect.top() + px(3), rect.width() - px(7), px(18))
        painter.drawText(upper, _LEFT, f"{day.number} {day.weekday}")
        lower = QRect(rect.left() + px(5), rect.top() + px(20), rect.width() - px(7), px(16))
        words = " ".join(part for part in (_("今") if day.today else "", day.word) if part)
        painter.setFont(paints.small)
        painter.setPen(paints.colours["text" if day.shaded else "muted"])
        words = QFontMetrics(paints.small).elidedText(words, Qt.TextElideMode.ElideRight, lower.width())
        painter.drawText(lower, _LEFT, words)
        if day.today:
            painter.fillRect(QRect(rect.left(), rect.bottom() - px(2), rect.width(), px(3)), paints.colours["accent"])


class LineHead(_Head):
    """The row's name, its numbers in columns, and in a word whether that is much or little."""

    def paintSection(self, painter: QPainter, rect: QRect, logicalIndex: int) -> None:  # noqa: N803 - Qt's own name
        sheet, paints = self.view.sheet_model.sheet, self.view.paints
        if not 0 <= logicalIndex < len(sheet.lines):
            return
        line, count = sheet.lines[logicalIndex], len(sheet.captions)
        here = logicalIndex == self.view.currentIndex().row()

        def draw(inner: QPainter, box: QRect) -> None:
            self._ground(inner, box, paints, here)
            self._words(inner, box, line, count, paints)

        key = ("line", line.label, line.numbers, line.use, count, here)
        painter.drawPixmap(rect.topLeft(), paints.picture(key, rect.size(), self.devicePixelRatioF(), draw))

    def _words(self, painter: QPainter, rect: QRect, line: Line, count: int, paints: Paints) -> None:
        px = paints.theme.px
        room = count * px(NUMBER_WIDTH) + (px(USE_WIDTH) if count else 0)
        painter.setPen(paints.colours["text"])
        painter.setFont(paints.body)
        name = rect.adjusted(px(6), 0, -room - px(2), 0)
        text = paints.metrics.elidedText(line.label, Qt.TextElideMode.ElideRight, name.width())
        painter.drawText(name, _LEFT, text)
        left = rect.right() - room
        for at, number in enumerate(line.numbers):
            box = QRect(left + at * px(NUMBER_WIDTH), rect.top(), px(NUMBER_WIDTH) - px(4), rect.height())
            painter.drawText(box, _RIGHT, number)
        if line.use:
            painter.setFont(paints.bold)
            box = QRect(rect.right() - px(USE_WIDTH) + px(4), rect.top(), px(USE_WIDTH) - px(4), rect.height())
            painter.drawText(box, _LEFT, line.use)


class Corner(QWidget):
    """Above the row heads: what their numbers mean."""

    def __init__(self, view: RosterView) -> None:
        super().__init__(view)
        self._view = view
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def paintEvent(self, event: QPaintEvent) -> None:
        paints, sheet = self._view.paints, self._view.sheet_model.sheet
        px, rect = paints.theme.px, self.rect()
        painter = QPainter(self)
        painter.fillRect(rect, paints.colours["window"])
        painter.setPen(paints.colours["border"])
        painter.drawLine(rect.bottomLeft(), rect.bottomRight())
        painter.drawLine(rect.topRight(), rect.bottomRight())
        painter.setPen(paints.colours["muted"])
        painter.setFont(paints.small)
        low = Qt.AlignmentFlag.AlignBottom
        bottom = rect.adjusted(px(6), 0, 0, -px(4))
        painter.drawText(bottom, Qt.AlignmentFlag.AlignLeft | low, sheet.corner)
        room = len(sheet.captions) * px(NUMBER_WIDTH) + (px(USE_WIDTH) if sheet.captions else 0)
        left = rect.right() - room
        for at, caption in enumerate(sheet.captions):
            box = QRect(left + at * px(NUMBER_WIDTH), 0, px(NUMBER_WIDTH) - px(4), rect.height() - px(4))
            painter.drawText(box, Qt.AlignmentFlag.AlignRight | low, caption)
        painter.end()
