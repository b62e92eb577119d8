"""雨情: the gauges, worst first, beside the hyetograph and the sums of the one that is chosen.

The list refreshes with every batch that comes and once a minute, since what is not updated grows old by itself. Keys:
Ctrl+I import, Ctrl+P print, Ctrl+F find, F6 writes the chosen gauge into the duty log, `[` and `]` change the span,
Enter goes to the chart, Ctrl+C copies one line a gauge.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import (
    QItemSelectionModel,
    QModelIndex,
    Qt,
    QTimer,
)
from PySide6.QtGui import (
    QGuiApplication,
    QHideEvent,
    QKeySequence,
    QResizeEvent,
    QShortcut,
    QShowEvent,
)
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QPushButton,
    QSplitter,
    QStackedLayout,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from dutydesk.core.clock import MINUTE, local
from dutydesk.core.errors import DutyDeskError
from dutydesk.core.i18n import N_, _
from dutydesk.journal.desk import Desk
from dutydesk.qt import dialogs
from dutydesk.qt.announcer import Changed, announcer_of
from dutydesk.qt.theme import current
from dutydesk.qt.widgets import Badge, Elided, EmptyState, SearchBox, SplitTitle, button, label
from dutydesk.rain import lists, service, words
from dutydesk.rain.drawing import Drawing, drawing
from dutydesk.rain.lists import NAME
from dutydesk.rain.pane_lists import GaugeModel, GaugeView, SumsStrip
from dutydesk.rain.rules import WINDOWS_H, Total
from dutydesk.rain.service import GaugeNow

if TYPE_CHECKING:
    from dutydesk.qt.charts import Hyetograph

LEDGERS = ("rain_batches", "stations", "settings", "regions")
SPANS = (
    (3, N_("3 小时")),
    (6, N_("6 小时")),
    (12, N_("12 小时")),
    (24, N_("24 小时")),
    (72, N_("3 天")),
    (0, N_("全部")),
)
"""Hours of each span, 0 for everything."""
FIRST_SPAN = 3
SIDE_BY_SIDE = 620
CHART_LEAST = 220
"""Pixels at 100 % below which the lines of a chart and their names lie on each other; the pane is scrolled instead."""
SHARE = 0.44
"""The list's part of the width."""
Key = Callable[[], None]


class RainPane(QWidget):
    """See the module's docstring."""

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("rain-pane")
        self.desk = desk
        self.title = _("雨情")
        self._gauges: list[GaugeNow] = []
        self._chosen = ""
        self._drawn: tuple[str, int, Drawing] | None = None
        self._laid_out = False
        self._keys: list[tuple[str, str, Key]] = []
        self._hours = int(desk.store.state("rain.span", str(SPANS[FIRST_SPAN][0])))
        self.chart: Hyetograph | None = None
        self.model = GaugeModel(self)
        self.view = GaugeView(self.model, self)
        self.view.setObjectName("rain-list")
        self._lay_out()
        self.view.selectionModel().currentRowChanged.connect(self._chose)
        self.view.activated.connect(self._enter)
        self.search.searched.connect(self.refresh)
        self.search.down.connect(self.focus_list)
        self.view.typed.connect(self._type)
        self._tick = QTimer(self)
        self._tick.setInterval(MINUTE)
        self._tick.timeout.connect(self.refresh)
        self._announcer = announcer_of(desk)
        self._announcer.changed.connect(self.heed)
        self.refresh()

    # -- layout ----------------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        theme = current()
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        self.head = SplitTitle(self.title)
        self.head.note.setObjectName("rain-note")
        if "import" in self.desk.services:
            self.head.add(self._tool(_("导入"), "import", "Ctrl+I", self.import_file))
        self.head.add(
            self._tool(_("记入日志"), "log", "F6", self.note_in_log),
            self._tool(_("打印"), "print", "Ctrl+P", self.print_list),
        )
        self._key(_("找"), "Ctrl+F", self.focus_search)
        self._key(_("上一时段"), "[", self.shorter)
        self._key(_("下一时段"), "]", self.longer)
        copy = QShortcut(QKeySequence(QKeySequence.StandardKey.Copy), self.view, self.copy_lines)
        copy.setContext(Qt.ShortcutContext.WidgetShortcut)
        outer.addWidget(self.head)
        self.search = SearchBox(_("站名、站号、街道"))
        self.search.setObjectName("rain-search")
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(theme.px(8), 0, 0, 0)
        column.setSpacing(theme.px(4))
        column.addWidget(self.search)
        column.addWidget(self.view, 1)
        self.split = QSplitter(Qt.Orientation.Horizontal)
        self.split.setObjectName("rain-split")
        self.split.setChildrenCollapsible(False)
        self.split.addWidget(left)
        self.split.addWidget(self._make_side())
        self.split.setStretchFactor(0, 4)
        self.split.setStretchFactor(1, 5)
        self.empty = EmptyState(
            _("还没有雨量数据"),
            _("导入气象、水利部门的雨量文件：CSV、Excel，分钟、小时或累计值都可以"),
            _("导入雨量文件") if "import" in self.desk.services else "",
        )
        self.empty.button.setObjectName("rain-empty-import")
        self.empty.acted.connect(self.import_file)
        body = QWidget()
        self._body = QStackedLayout(body)
        self._body.addWidget(self.empty)
        self._body.addWidget(self.split)
        outer.addWidget(body, 1)
        self.status = Elided("", "muted")
        self.status.setObjectName("rain-status")
        self.status.setContentsMargins(theme.px(8), theme.px(4), theme.px(8), theme.px(4))
        self.status.hide()
        outer.addWidget(self.status)

    def _make_side(self) -> QWidget:
        theme = current()
        side = QWidget()
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        top = QHBoxLayout()
        top.setContentsMargins(theme.px(8), 0, theme.px(8), theme.px(4))
        top.setSpacing(theme.px(8))
        self.name = label("", "heading")
        self.name.setObjectName("rain-name")
        self.badge = Badge("", "")
        self.badge.hide()
        self.where = Elided("", "muted")
        self.where.setObjectName("rain-where")
        top.addWidget(self.name)
        top.addWidget(self.badge)
        top.addWidget(self.where, 1)
        column.addLayout(top)
        self.sums = SumsStrip()
        column.addWidget(self.sums)
        bar = QHBoxLayout()
        bar.setContentsMargins(theme.px(8), 0, theme.px(8), theme.px(4))
        bar.setSpacing(theme.px(4))
        self.spans = QButtonGroup(self)
        for hours, text in SPANS:
            made = QToolButton()
            made.setText(_(text))
            made.setAccessibleName(_(text))
            made.setObjectName(f"rain-span-{hours}")
            made.setCheckable(True)
            made.setChecked(hours == self._hours)
            made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            self.spans.addButton(made, hours)
            bar.addWidget(made)
        if self.spans.checkedButton() is None:
            self._hours = SPANS[FIRST_SPAN][0]
            self.spans.button(self._hours).setChecked(True)
        bar.addStretch(1)
        self.spans.idClicked.connect(self.show_span)
        column.addLayout(bar)
        self._place = QVBoxLayout()
        column.addLayout(self._place, 1)
        return side

    def _tool(self, text: str, name: str, key: str, run: Key) -> QPushButton:
        made = button(text, tip=_("{text}（{key}）").format(text=text, key=key))
        made.setObjectName(f"rain-{name}")
        made.setAccessibleName(text)
        made.clicked.connect(run)
        self._key(text, key, run)
        return made

    def _key(self, text: str, key: str, run: Key) -> None:
        QShortcut(QKeySequence(key), self, activated=run, context=Qt.ShortcutContext.WidgetWithChildrenShortcut)  # pyright: ignore[reportCallIssue]
        self._keys.append((text, key, run))

    # -- for the window --------------------------------------------------------------------------------------------

    def focus_first(self) -> None:
        """Where the caret goes when the pane is shown."""
        if self.model.rowCount():
            self.view.setFocus()
        elif self._gauges:
            self.search.setFocus()
        else:
            self.empty.button.setFocus()

    def show_row(self, ledger: str, row: bytes) -> None:
        """Choose a gauge."""
        gauge = next((each for each in self._gauges if each.station.id == row), None)
        if ledger != "stations" or gauge is None:
            return
        self._chosen = gauge.station.code
        if self.search.text():
            self.search.clear()
        self._fill()
        self.view.setFocus()

    def commands(self) -> list[tuple[str, str, Key]]:
        """What the palette and the key sheet show of this pane."""
        return [(_("{label}：{text}").format(label=self.title, text=text), key, run) for text, key, run in self._keys]

    def heed(self, changed: Changed) -> None:
        """Slot for the announcer."""
        if changed.touches(*LEDGERS):
            self.refresh()

    # -- the list --------------------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Read the gauges again; the chosen one stays chosen."""
        self._gauges = service.gauges(self.desk)
        self._body.setCurrentIndex(1 if self._gauges else 0)
        self._fill()
        self.head.note.setText(lists.note(self.desk, self._gauges))

    def _fill(self) -> None:
        shown = lists.found(self.desk, self._gauges, self.search.text())
        self.model.show_gauges(shown, self.desk.clock.now())
        codes = [gauge.station.code for gauge in shown]
        at = codes.index(self._chosen) if self._chosen in codes else 0
        if shown:
            flags = QItemSelectionModel.SelectionFlag
            place = self.model.index(at, NAME)
            self.view.selectionModel().setCurrentIndex(place, flags.ClearAndSelect | flags.Rows)
            self.view.scrollTo(place)
        self._show_gauge()

    def chosen(self) -> GaugeNow | None:
        """The gauge of the current row."""
        at = self.view.currentIndex().row()
        return self.model.gauges[at] if 0 <= at < len(self.model.gauges) else None

    def _chose(self, _now: QModelIndex, _before: QModelIndex) -> None:
        gauge = self.chosen()
        if gauge is not None and gauge.station.code != self._chosen:
            self._chosen = gauge.station.code
            self._show_gauge()

    def _enter(self, _index: QModelIndex) -> None:
        if self.chart is not None:
            self.chart.setFocus()

    # -- one gauge -------------------------------------------------------------------------------------------------

    def _show_gauge(self) -> None:
        gauge = self.chosen()
        self.name.setText(gauge.station.name if gauge else "")
        self.badge.setVisible(gauge is not None and gauge.signal is not None)
        if gauge is None:
            self.where.setText("")
            self.sums.show_sums(dict.fromkeys(WINDOWS_H, Total(None, complete=False)), {})
            self._draw()
            return
        if gauge.signal is not None:
            self.badge.set(gauge.signal.colour.lower())
            self.badge.setToolTip(_("标准 {standard}，{source}").format(
                standard=words.standard(gauge.signal), source=gauge.signal.source))  # fmt: skip
        self.where.setText(lists.state(gauge, self.desk.clock.now()))
        self.sums.show_sums(gauge.sums, lists.amounts_to(self.desk, gauge))
        self._draw()

    def show_span(self, hours: int) -> None:
        """Show this many hours, 0 for everything; the workstation remembers it."""
        self._hours = hours
        self.spans.button(hours).setChecked(True)
        self.desk.store.remember("rain.span", str(hours))
        self._draw()

    def shorter(self) -> None:
        """The span before."""
        self._step(-1)

    def longer(self) -> None:
        """The next span."""
        self._step(1)

    def _step(self, by: int) -> None:
        all_hours = [hours for hours, _text in SPANS]
        self.show_span(all_hours[min(max(all_hours.index(self._hours) + by, 0), len(all_hours) - 1)])

    def _draw(self) -> None:
        """Draw the chosen gauge, unless it is drawn already: a refresh must not undo a zoom."""
        if self.chart is None:
            return
        gauge = self.chosen()
        if gauge is None:
            self._drawn = None
            self.chart.show_series(None)
            return
        found = drawing(
            service.series(self.desk, gauge.station.code),
            self._hours or None,
            gauge.at,
            service.signals_for(self.desk, gauge.station, local(gauge.at).date()),
            service.limits(self.desk).rules,
        )
        drawn = (gauge.station.code, self._hours, found)
        if drawn == self._drawn:
            return
        self._drawn = drawn
        from dutydesk.qt.charts import Threshold
        from dutydesk.qt.rainseries import RainSeries

        lines = [Threshold(line.tenths / 10, line.label, line.level, line.on_total) for line in found.lines]
        series = RainSeries(found.ends, found.tenths, found.minutes)
        self.chart.show_series(series, lines, _("{name} 雨量过程线").format(name=gauge.station.name))
        self.chart.reading.setText(_("柱：每 {length}雨量  线：累计").format(length=lists.length(found.minutes)))

    def _make_chart(self) -> None:
        """pyqtgraph comes after the first paint, so that the pane is there at once."""
        if self.chart is None:
            from dutydesk.qt.charts import Hyetograph

            self.chart = Hyetograph(self)
            self.chart.setObjectName("rain-chart")
            self.chart.setMinimumHeight(current().px(CHART_LEAST))
            self._place.addWidget(self.chart, 1)
            self._draw()

    # -- commands --------------------------------------------------------------------------------------------------

    def import_file(self) -> None:
        """Ctrl+I."""
        if "import" in self.desk.services:
            self.desk.services["import"]("rain", self)

    def note_in_log(self) -> None:
        """F6: one line of the chosen gauge into the duty log."""
        gauge = self.chosen()
        if gauge is None:
            return
        try:
            text = service.note_in_log(self.desk, gauge.station.code)
        except DutyDeskError as error:
            dialogs.fail(self, error)
        else:
            self.say(_("已记入日志：{text}").format(text=text))

    def print_list(self) -> None:
        """Ctrl+P: the list of all gauges as a printout."""
        from dutydesk.rain import report

        show = self.desk.services.get("preview")
        if show is None:
            self.say(_("这里不能预览打印"))
            return
        document = report.rain_document(self.desk)
        show(document.pdf(), _("雨情表"), "RAIN", "", document.missing)

    def copy_lines(self) -> None:
        """Ctrl+C: one line for each chosen gauge, ready for a group chat."""
        rows = sorted(index.row() for index in self.view.selectionModel().selectedRows(NAME))
        now = self.desk.clock.now()
        lines = [words.one_line(self.model.gauges[row], now) for row in rows]
        if lines:
            QGuiApplication.clipboard().setText("\n".join(lines))
            self.say(_("已复制 {n} 行").format(n=len(lines)))

    def say(self, text: str) -> None:
        """One quiet sentence below."""
        self.status.setText(text)
        self.status.setVisible(bool(text))

    def focus_search(self) -> None:
        """Ctrl+F."""
        self.search.setFocus()
        self.search.selectAll()

    def _type(self, text: str) -> None:
        self.search.setFocus()
        self.search.insert(text)

    def focus_list(self) -> None:
        """From the search box into the list."""
        self.view.setFocus()

    # -- Qt --------------------------------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._tick.start()
        if self.chart is None:
            QTimer.singleShot(0, self, self._make_chart)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._tick.stop()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Side by side where there is room, else one above the other."""
        super().resizeEvent(event)
        wide = self.width() >= current().px(SIDE_BY_SIDE)
        wanted = Qt.Orientation.Horizontal if wide else Qt.Orientation.Vertical
        if self.split.orientation() != wanted or not self._laid_out:
            self._laid_out = True
            self.split.setOrientation(wanted)
            whole = self.width() if wide else self.height()
            first = round(whole * SHARE)
            self.split.setSizes([first, whole - first])
