"""Charts: the only home of pyqtgraph, which is imported when the first chart is made (0.3 s), never at start.

The hyetograph shows bars a period, the running total on a second axis, thresholds as named lines, and hatched bands
where nothing was measured. Colours of levels are used for thresholds alone, each with its word.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import QBrush, QColor, QKeyEvent
from PySide6.QtWidgets import QStackedLayout, QVBoxLayout, QWidget

from dutydesk.core.clock import local
from dutydesk.core.i18n import _
from dutydesk.qt.theme import current
from dutydesk.qt.widgets import Elided, EmptyState

if TYPE_CHECKING:
    from dutydesk.qt.rainseries import RainSeries

MINUTE, HOUR, DAY = 60, 3_600, 86_400
ZONE = 8 * HOUR
STEPS = (
    *(MINUTE * n for n in (1, 5, 10, 15, 30)),
    *(HOUR * n for n in (1, 2, 3, 6, 12)),
    *(DAY * n for n in (1, 2, 7, 14, 30, 90, 180, 365)),
)
LABEL_PX = 64


@dataclass(frozen=True, slots=True)
class Threshold:
    """A line at `mm`, named `label` (with its word: 黄 50 mm), in the colour of `level` (or neutral); `on_total` measures
    it on the axis of the running total (a sum over the whole stretch), else on that of the bars."""

    mm: float
    label: str
    level: str = ""
    on_total: bool = False


def tick_times(start: float, end: float, width: int) -> tuple[float, list[float]]:
    """Step and places of ticks between two moments (seconds), on round hours and days of +08:00, no closer than a
    label is wide (pixels)."""
    wanted = (end - start) / max(width / current().px(LABEL_PX), 1)
    step = next((step for step in STEPS if step >= wanted), STEPS[-1])
    first = -(-(start + ZONE) // step) * step - ZONE
    return step, [first + step * n for n in range(int(max(end - first, 0) // step) + 1)]


def tick_text(moment: float, step: float) -> str:
    """A tick's label: the hour, the date at midnight, the year at its beginning."""
    at = local(round(moment * 1_000))
    if step < DAY and (at.hour or at.minute):
        return at.strftime("%H:%M")
    if step >= DAY * 90 or (at.month == 1 and at.day == 1):
        return _("{year}年{month}月").format(year=at.year, month=at.month)
    return _("{month}月{day}日").format(month=at.month, day=at.day)


def _time_axis(pg: Any) -> Any:
    class TimeAxis(pg.AxisItem):
        def tickValues(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, list[float]]]:  # noqa: N803
            step, places = tick_times(minVal, maxVal, round(size))
            return [(step, places)]

        def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:
            return [tick_text(value, spacing) for value in values]

    return TimeAxis(orientation="bottom")


class Hyetograph(QWidget):
    """Rain of one gauge.

    Drag or the arrow keys pan, the wheel or + and − zoom in time, Home or a double click shows everything; the
    heights follow what is in sight.

    Signals:
        looked: start and end (milliseconds) of what is in sight now.
    """

    looked = Signal(object, object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        import pyqtgraph as pg

        self._pg = pg
        self._series: RainSeries | None = None
        self._thresholds: tuple[Threshold, ...] = ()
        self._lines: list[Any] = []
        self._drawing = False
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        # Laid out by hand: PlotItem makes seven menus of English words that nobody may open.
        self.plot: Any = pg.GraphicsLayoutWidget()
        self.plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.plot.setFrameShape(self.plot.Shape.NoFrame)
        grid: Any = self.plot.ci
        grid.setContentsMargins(*(current().px(side) for side in (4, 8, 4, 0)))
        grid.setSpacing(0)
        self._main: Any = pg.ViewBox(enableMenu=False)
        self._main.setMouseEnabled(x=True, y=False)
        self._main.disableAutoRange()
        self._second: Any = pg.ViewBox(enableMenu=False)
        self._second.setMouseEnabled(x=False, y=False)
        self._second.disableAutoRange()
        self._axes: dict[str, Any] = {
            "left": pg.AxisItem("left", linkView=self._main),
            "right": pg.AxisItem("right", linkView=self._second),
            "bottom": _time_axis(pg),
        }
        self._axes["bottom"].linkToView(self._main)
        grid.addItem(self._axes["left"], 0, 0)
        grid.addItem(self._main, 0, 1)
        grid.addItem(self._axes["right"], 0, 2)
        grid.addItem(self._axes["bottom"], 1, 1)
        self.plot.scene().addItem(self._second)
        self._second.setXLink(self._main)
        self._second.setZValue(10)  # the running total stands before the bars: a ViewBox begins at −100
        self._gaps: Any = pg.BarGraphItem(x0=[], x1=[], height=[], pen=None)
        self._bars: Any = pg.BarGraphItem(x0=[], x1=[], height=[], pen=None)
        self._curve: Any = pg.PlotCurveItem(connect="finite")
        self._main.addItem(self._gaps)
        self._main.addItem(self._bars)
        self._second.addItem(self._curve)
        self.reading = Elided("", "muted")
        self._empty = EmptyState(_("这段时间没有雨量"), _("换个时段，或导入雨量文件"))
        full = QWidget()
        column = QVBoxLayout(full)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(current().px(4))
        self.reading.setContentsMargins(current().px(8), 0, current().px(8), 0)
        column.addWidget(self.reading)
        column.addWidget(self.plot, 1)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self._empty)
        self._stack.addWidget(full)
        self._main.sigResized.connect(self._resized)
        self._main.sigXRangeChanged.connect(self._redraw)
        self.plot.scene().sigMouseMoved.connect(self._moved)
        self.plot.scene().sigMouseClicked.connect(self._clicked)
        self._paint_theme()

    # -- for panes --------------------------------------------------------------------------------------------------

    def show_series(self, series: RainSeries | None, thresholds: Sequence[Threshold] = (), title: str = "") -> None:
        """Show a series whole; None or an empty one says that there is nothing."""
        self._series = series if series is not None and len(series) else None
        self._thresholds = tuple(sorted(thresholds, key=_height))
        self.setAccessibleName(title or _("雨量过程线"))
        self._stack.setCurrentIndex(0 if self._series is None else 1)
        self._draw_thresholds()
        self.reading.setText("")
        self.fit()

    def fit(self) -> None:
        """Show everything."""
        if self._series is not None:
            start, end = self._series.span
            self._main.setLimits(
                xMin=start - (end - start) * 0.05, xMax=end + (end - start) * 0.05, minXRange=5 * self._series.period
            )
            self.look(round(start * 1_000), round(end * 1_000))

    def look(self, start: int, end: int) -> None:
        """Show the moments from `start` to `end`, milliseconds."""
        self._main.setXRange(start / 1_000, end / 1_000, padding=0.02)
        self._redraw()

    def pan(self, part: float) -> None:
        """Move by a part of what is in sight; negative is back in time."""
        start, end = self._main.viewRange()[0]
        self._main.translateBy(x=(end - start) * part)

    def zoom(self, factor: float) -> None:
        """Show `factor` times as long a stretch around the middle."""
        self._main.scaleBy(x=factor)

    @property
    def drawn(self) -> int:
        """How many bars are drawn now."""
        return len(self._bars.opts["height"])

    # -- drawing ----------------------------------------------------------------------------------------------------

    def _redraw(self) -> None:
        series = self._series
        if series is None or self._drawing:
            return
        self._drawing = True  # setting the heights tells of the range again
        try:
            self._draw(series)
        finally:
            self._drawing = False

    def _draw(self, series: RainSeries) -> None:
        start, end = self._main.viewRange()[0]
        width = max(round(self._main.width()), 100)
        bars = series.bars(start, end, width)
        peak = float(bars.height.max()) if len(bars.height) else 0.0
        top = max(peak * 1.15, self._line_above(peak, on_total=False), 1.0)
        self._bars.setOpts(x0=bars.left, x1=bars.right, height=bars.height)
        left, right = series.gaps(start, end)
        self._gaps.setOpts(x0=left, x1=right, height=[top] * len(left))
        self._main.setYRange(0, top, padding=0)
        times, totals = series.curve(start, end, width)
        self._curve.setData(times, totals)
        known = totals[totals == totals]
        low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 0.0)
        low = 0.0 if low < high * 0.5 else low
        reach = max(high + (high - low) * 0.08, low + 1, self._line_above(high, on_total=True))
        self._second.setYRange(low, reach, padding=0)
        self.looked.emit(round(start * 1_000), round(end * 1_000))

    def _line_above(self, peak: float, *, on_total: bool) -> float:
        """How high an axis reaches to show the next line above `peak`; 0 when it is too far to be of use."""
        lines = (item.mm for item in self._thresholds if item.on_total == on_total and item.mm > peak)
        above = next(lines, 0.0)
        height = max(float(self._main.height()), current().px(80))
        return above * height / (height - current().px(24)) if above <= peak * 4 else 0.0

    def _draw_thresholds(self) -> None:
        for old in self._lines:
            old.getViewBox().removeItem(old)
        theme, pg = current(), self._pg
        self._lines = []
        totals = any(item.on_total for item in self._thresholds)
        for item in self._thresholds:
            level = theme.level(item.level)
            ink = QColor(level.text if level else theme.tokens.muted)
            line = pg.InfiniteLine(
                pos=item.mm,
                angle=0,
                pen=pg.mkPen(ink, width=1, style=Qt.PenStyle.DashLine),
                label=item.label,
                labelOpts={
                    # At the old end, where the eye is not; names of the two axes stand side by side.
                    "position": 0.3 if totals and not item.on_total else 0.01,
                    "color": ink,
                    "anchors": [(0, 1), (0, 1)],
                    "fill": theme.colour("surface"),
                },
            )
            line.label.setFont(theme.font(12))
            box = self._second if item.on_total else self._main
            box.addItem(line, ignoreBounds=True)
            self._lines.append(line)

    def _paint_theme(self) -> None:
        theme, pg = current(), self._pg
        text, muted = theme.colour("text"), theme.colour("muted")
        self.plot.setBackground(theme.colour("surface"))
        for name, title in (("left", _("雨量 mm")), ("right", _("累计 mm")), ("bottom", "")):
            axis = self._axes[name]
            axis.enableAutoSIPrefix(False)
            axis.setPen(pg.mkPen(theme.colour("border")))
            axis.setTextPen(muted)
            axis.setTickFont(theme.font(12))
            axis.setStyle(tickTextOffset=theme.px(4), tickLength=theme.px(4))
            if title:
                axis.setLabel(title, color=muted.name(), **{"font-size": f"{theme.px(12)}px"})
                axis.setWidth(theme.px(60))
            else:
                axis.setHeight(theme.px(28))
        self._axes["left"].setGrid(40)
        bars = theme.colour("accent")
        bars.setAlpha(150)  # so that the running total is seen before them
        self._bars.setOpts(brush=bars)
        self._gaps.setOpts(brush=QBrush(theme.colour("outline"), Qt.BrushStyle.BDiagPattern))
        self._axes["bottom"].setStyle(hideOverlappingLabels=False)
        self._curve.setPen(pg.mkPen(text, width=theme.px(1)))
        self._draw_thresholds()

    # -- reading ----------------------------------------------------------------------------------------------------

    def read_at(self, moment: int) -> str:
        """What was measured at a moment (milliseconds), in words."""
        series = self._series
        number = series.at(moment / 1_000) if series is not None else None
        if series is None or number is None:
            return _("{time} 缺测").format(time=local(moment).strftime("%m-%d %H:%M")) if series is not None else ""
        end = local(round(float(series.right[number]) * 1_000))
        start = local(round(float(series.right[number] - series.period) * 1_000))
        span = f"{start:%m-%d %H:%M}–{end:%H:%M}"
        height = float(series.height[number])
        if height != height:
            return _("{time} 缺测").format(time=span)
        return _("{time}  {rain:.1f} mm  累计 {total:.1f} mm").format(
            time=span, rain=height, total=float(series.total[number])
        )

    def _moved(self, at: QPointF) -> None:
        if self._series is not None and self._main.sceneBoundingRect().contains(at):
            self.reading.setText(self.read_at(round(self._main.mapSceneToView(at).x() * 1_000)))

    def _clicked(self, event: Any) -> None:
        if event.double():
            self.fit()

    def _resized(self) -> None:
        self._second.setGeometry(self._main.sceneBoundingRect())
        self._redraw()

    # -- Qt ---------------------------------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        match event.key():
            case Qt.Key.Key_Left:
                self.pan(-0.2)
            case Qt.Key.Key_Right:
                self.pan(0.2)
            case Qt.Key.Key_Plus | Qt.Key.Key_Equal:
                self.zoom(0.5)
            case Qt.Key.Key_Minus:
                self.zoom(2)
            case Qt.Key.Key_Home:
                self.fit()
            case _:
                super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange and hasattr(self, "_stack"):
            self._paint_theme()
            self._redraw()


def _height(item: Threshold) -> float:
    return item.mm
