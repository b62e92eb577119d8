"""The list of gauges with its bars and signals, and the strip of sums of one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QColor,
    QFontMetrics,
    QKeyEvent,
    QPainter,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QGridLayout,
    QHeaderView,
    QLabel,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from dutydesk.core.i18n import _
from dutydesk.qt.icons import paint_shape
from dutydesk.qt.theme import LEVEL_SHAPES, current
from dutydesk.qt.widgets import label
from dutydesk.rain import lists, words
from dutydesk.rain.lists import DAY, HEADS, HOUR, LAST, NAME, SIGNAL, TREND
from dutydesk.rain.rules import WINDOWS_H, Total
from dutydesk.rain.service import GaugeNow

WIDTHS = (58, 96, 104, 74, 76, 100)
GIVEN_UP = (DAY, LAST, TREND)
"""Columns that a narrow list does without, the first one first: all of it stands beside the list, too."""
RIGHT = (HOUR, DAY)
LEAST_SCALE = 200
"""Tenths: bars of a quiet day are held against 20 mm, so that drizzle does not look like a storm."""
Index = QModelIndex | QPersistentModelIndex


class GaugeModel(QAbstractTableModel):
    """The gauges as they stand, in the order of the service."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.gauges: Sequence[GaugeNow] = ()
        self.now = 0
        self.scale = LEAST_SCALE

    def show_gauges(self, gauges: Sequence[GaugeNow], now: int) -> None:
        """Show these; the longest bar is the wettest of them."""
        self.beginResetModel()
        self.gauges, self.now = gauges, now
        self.scale = max((gauge.hour.tenths or 0 for gauge in gauges), default=0)
        self.scale = max(self.scale, LEAST_SCALE)
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default, never written to
        return 0 if parent.isValid() else len(self.gauges)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default, never written to
        return 0 if parent.isValid() else len(HEADS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation is Qt.Orientation.Horizontal:
            if role == Qt.ItemDataRole.DisplayRole:
                return _(HEADS[section])
            if role == Qt.ItemDataRole.TextAlignmentRole:
                return _side(section)
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        gauge = self.gauges[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return lists.cell(gauge, index.column(), self.now)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _side(index.column())
        if role == Qt.ItemDataRole.ForegroundRole:
            return current().colour("muted") if gauge.stale else None
        if role == Qt.ItemDataRole.ToolTipRole:
            return lists.tip(gauge, self.now)
        if role == Qt.ItemDataRole.AccessibleTextRole and index.column() == SIGNAL:
            return words.colour_name(gauge.signal.colour) if gauge.signal else _("未达信号标准")
        return None


def _side(column: int) -> int:
    flag = Qt.AlignmentFlag.AlignRight if column in RIGHT else Qt.AlignmentFlag.AlignLeft
    return int(flag | Qt.AlignmentFlag.AlignVCenter)


class _Cells(QStyledItemDelegate):
    """The signal as a shape with its word, and a bar behind the last hour."""

    def paint(self, painter: QPainter, option: Any, index: Index) -> None:
        model = index.model()
        if index.column() not in (SIGNAL, HOUR) or not isinstance(model, GaugeModel):
            super().paint(painter, option, index)
            return
        ground: Any = QStyleOptionViewItem(option)
        self.initStyleOption(ground, index)
        text, ground.text = ground.text, ""
        widget = ground.widget
        widget.style().drawControl(widget.style().ControlElement.CE_ItemViewItem, ground, painter, widget)
        gauge = model.gauges[index.row()]
        if index.column() == HOUR:
            self._bar(painter, option.rect, gauge, model.scale, text, bool(option.state & option.state.State_Selected))
        elif gauge.signal is not None:
            self._signal(painter, option.rect, gauge.signal.colour.lower(), text)

    def _bar(self, painter: QPainter, rect: QRect, gauge: GaugeNow, scale: int, text: str, chosen: bool) -> None:
        theme = current()
        pad = theme.px(4)
        room = rect.adjusted(pad, pad + 1, -pad, -pad - 1)
        colour = QColor(theme.tokens.outline if gauge.stale else theme.tokens.accent)
        colour.setAlpha(80)
        width = round(room.width() * (gauge.hour.tenths or 0) / scale)
        painter.fillRect(room.x(), room.y(), width, room.height(), colour)
        painter.setFont(theme.font())
        painter.setPen(theme.colour("on_selection" if chosen else "muted" if gauge.stale else "text"))
        inside = rect.adjusted(pad, 0, -pad * 2, -1)
        painter.drawText(inside, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)

    def _signal(self, painter: QPainter, rect: QRect, code: str, word: str) -> None:
        theme = current()
        level = theme.level(code)
        if level is None:
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        wide = max(theme.px(44), theme.px(31) + QFontMetrics(theme.font(13, bold=True)).horizontalAdvance(word))
        pill = QRectF(rect.x() + theme.px(6), rect.center().y() - theme.px(10) + 1, wide, theme.px(20))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(level.fill))
        painter.drawRoundedRect(pill, theme.px(4), theme.px(4))
        side = theme.px(10)
        box = QRectF(pill.x() + theme.px(7), pill.center().y() - side / 2, side, side)
        paint_shape(painter, LEVEL_SHAPES[code], box, QColor(level.ink))
        painter.setFont(theme.font(13, bold=True))
        painter.setPen(QColor(level.ink))
        painter.drawText(pill.adjusted(theme.px(22), 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, word)
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(super().sizeHint(option, index).width(), current().row)


class GaugeView(QTableView):
    """The list of gauges: whole rows, one height, nothing to sort by hand.

    Signals:
        typed: a character typed on the list, for the search box above it.
    """

    typed = Signal(str)

    def __init__(self, model: GaugeModel, parent: QWidget) -> None:
        super().__init__(parent)
        self.setModel(model)
        self.setItemDelegate(_Cells(self))
        self.setAccessibleName(_("雨量站"))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.verticalHeader().hide()
        head = self.horizontalHeader()
        head.setHighlightSections(False)
        head.setSectionsClickable(False)
        head.setMinimumSectionSize(current().px(40))
        head.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
        self.measure()

    def measure(self) -> None:
        """Heights and widths at the theme's scale."""
        theme = current()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(theme.row)
        for column in range(len(WIDTHS)):
            if column != NAME:
                self.setColumnWidth(column, self._wide(column))

    def _wide(self, column: int) -> int:
        """What a column needs: its width for Chinese, more where the words of another language are longer."""
        theme = current()
        told = 0
        if column == SIGNAL:
            metrics = QFontMetrics(theme.font(13, bold=True))
            told = max(metrics.horizontalAdvance(_(word)) for word in words.COLOURS.values()) + theme.px(40)
        elif column == TREND:
            metrics = QFontMetrics(theme.font())
            shown = (f"{words.ARROWS[trend]} {words.trend_word(trend)}" for trend in words.TRENDS)
            told = max(metrics.horizontalAdvance(text) for text in shown) + theme.px(16)
        return max(theme.px(WIDTHS[column]), told)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._give_up()

    def _give_up(self) -> None:
        """Hide what a narrow list does without."""
        rest = self.viewport().width() - sum(self._wide(column) for column in range(len(WIDTHS)))
        for column in GIVEN_UP:
            self.setColumnHidden(column, rest < 0)
            rest += self._wide(column) if rest < 0 else 0

    def keyboardSearch(self, search: str) -> None:
        if search.strip():
            self.typed.emit(search)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Home and End mean the first and the last gauge."""
        if event.key() in (Qt.Key.Key_Home, Qt.Key.Key_End) and not event.modifiers() and self.model().rowCount():
            last = self.model().rowCount() - 1
            self.setCurrentIndex(self.model().index(0 if event.key() == Qt.Key.Key_Home else last, NAME))
        else:
            super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange and self.model() is not None:
            self.measure()


class SumsStrip(QWidget):
    """The five sums of one gauge with what they amount to."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        grid = QGridLayout(self)
        gap = current().px(8)
        grid.setContentsMargins(gap, 0, gap, gap)
        grid.setHorizontalSpacing(gap)
        grid.setVerticalSpacing(0)
        self.amounts: dict[int, QLabel] = {}
        self.grades: dict[int, QLabel] = {}
        for column, hours in enumerate(WINDOWS_H):
            self.amounts[hours] = label("", "heading")
            self.amounts[hours].setObjectName(f"rain-sum-{hours}")
            self.grades[hours] = label("", "small", wrap=True)
            self.grades[hours].setMinimumWidth(1)
            self.grades[hours].setObjectName(f"rain-grade-{hours}")
            grid.addWidget(label(_("{hours} 小时 mm").format(hours=hours), "small"), 0, column)
            grid.addWidget(self.amounts[hours], 1, column)
            grid.addWidget(self.grades[hours], 2, column, Qt.AlignmentFlag.AlignTop)
            grid.setColumnStretch(column, 1)

    def show_sums(self, sums: Mapping[int, Total], said: Mapping[int, str]) -> None:
        """Show the sums by hours, under each what it amounts to."""
        for hours in WINDOWS_H:
            text = words.amount(sums[hours])
            self.amounts[hours].setText(text)
            self.amounts[hours].setAccessibleName(_("{hours} 小时 {mm} 毫米").format(hours=hours, mm=text))
            self.grades[hours].setText(said.get(hours, ""))
