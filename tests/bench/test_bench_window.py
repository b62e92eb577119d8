"""B4: the first paint of a long log against a constant model, and its memory. B6: panning a long rain chart."""

from __future__ import annotations

from typing import Any

import numpy as np
import psutil
import pytest
from PySide6.QtCore import QAbstractTableModel, QCoreApplication, QEvent, QModelIndex, QPersistentModelIndex, Qt

from dutydesk.core.clock import FixedClock
from dutydesk.daybook.ledger import LOG
from dutydesk.daybook.lists import COLUMNS
from dutydesk.features import open_desk
from dutydesk.journal.desk import Desk
from dutydesk.qt.listview import LedgerView
from dutydesk.qt.rainseries import RainSeries
from dutydesk.qt.table import LedgerModel
from tests.bench.bigdesk import START, big_home
from tests.bench.harness import against, report, timed

pytestmark = pytest.mark.bench
ROWS = 1_000_000
Index = QModelIndex | QPersistentModelIndex


class Constant(QAbstractTableModel):
    """As many rows and columns, every cell the same."""

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        return 0 if parent.isValid() else ROWS

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        return 0 if parent.isValid() else len(COLUMNS)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        return "凯旋街道值班室" if role == Qt.ItemDataRole.DisplayRole else None


class Nothing:
    """Pages without a row: the same view is made for the constant model, and no database is asked."""

    def __init__(self, _query: Any) -> None:
        pass

    def count(self) -> int:
        return 0

    def page(self, _number: int) -> list[Any]:
        return []


@pytest.fixture(scope="module")
def desk() -> Any:
    opened = open_desk(big_home(ROWS), FixedClock(START))
    yield opened
    opened.store.close()


def gone(widget: Any) -> None:
    widget.close()
    widget.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def paint(view: LedgerView) -> None:
    view.resize(1100, 700)
    view.show()
    view.viewport().repaint()


def test_b4_first_paint_of_a_million_rows(desk: Desk, qtbot: Any) -> None:
    views: list[LedgerView] = []

    def ours() -> None:
        view = LedgerView(LedgerModel(LOG, desk, columns=COLUMNS), important="text")
        paint(view)
        assert view.ledger_model.rowCount() == ROWS
        assert "编号999" in view.ledger_model.index(0, COLUMNS.index("text")).data()
        views.append(view)

    def floor() -> None:
        view = LedgerView(LedgerModel(LOG, desk, columns=COLUMNS, pages=Nothing), important="text")
        view.setModel(Constant(view))
        paint(view)
        views.append(view)

    mine, bare = against(ours, floor)
    for view in views:
        gone(view)
    result = report("B4", "打开一百万条日志,到首屏", mine, bare, "≤ 2× 恒定模型", 2)
    assert result.ratio is not None


def test_b4_memory(desk: Desk, qtbot: Any) -> None:
    process = psutil.Process()
    before = process.memory_info().rss
    view = LedgerView(LedgerModel(LOG, desk, columns=COLUMNS), important="text")
    paint(view)
    for part in (0.25, 0.5, 0.75, 1.0):
        view.verticalScrollBar().setValue(round(view.verticalScrollBar().maximum() * part))
        view.viewport().repaint()
    more = (process.memory_info().rss - before) / 1_000_000
    gone(view)
    report("B4 memory", "一百万条日志翻到底多用的内存(MB)", [more], None, "≤ 60 MB", 60, absolute=True)


def test_b6_pan_a_million_points(qtbot: Any) -> None:
    from dutydesk.qt.charts import Hyetograph

    ends = np.arange(ROWS, dtype=np.int64) * 300_000 + START
    tenths = (np.arange(ROWS) * 7_919 % 97).astype(np.int32)
    chart = Hyetograph()
    chart.resize(900, 500)
    chart.show_series(RainSeries(ends, tenths, 5), (), "百万点")
    chart.show()
    chart.plot.viewport().repaint()
    times = []
    for step in range(40):
        way = 0.1 if step % 2 else -0.1

        def work(way: float = way) -> None:
            chart.pan(way)
            chart.plot.viewport().repaint()

        times.append(timed(work))
    gone(chart)
    report("B6", "一百万点雨量图平移一次", times, None, "≤ 33 ms", 33, absolute=True, note=f"max {max(times):.1f} ms")
