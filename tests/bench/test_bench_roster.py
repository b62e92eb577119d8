"""The month grid with 100 people × 92 days: the longest single step of the window while it is scrolled through."""

from __future__ import annotations

import statistics
import time
from datetime import date, timedelta
from typing import Any

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from pytestqt.qtbot import QtBot

from dutydesk.roster.pane_grid import RosterView
from dutydesk.roster.pane_sheet import CellPainter
from dutydesk.roster.sheets import Cell, Day, Line, Sheet
from tests.bench.harness import report

pytestmark = pytest.mark.bench
PEOPLE, DAYS, LIMIT_MS = 100, 92, 50
FIRST = date(2026, 10, 1)


def a_sheet() -> Sheet:
    """A quarter of a full roster: every third cell says something, some with a mark, some with a sign."""
    days = [FIRST + timedelta(days=n) for n in range(DAYS)]
    heads = tuple(
        Day(str(day), str(day.day), "一二三四五六日"[day.weekday()], "休" if day.weekday() >= 5 else "", str(day))
        for day in days
    )
    lines = tuple(Line(n, f"示例{n:02d}", ("8", "2", "1", "3"), "多" if n % 7 == 0 else "") for n in range(PEOPLE))
    cells: dict[tuple[int, int], Cell] = {}
    for row in range(PEOPLE):
        for column in range(DAYS):
            turn = (row * 7 + column * 5) % 12
            if turn < 3:
                against = ("与前一班相隔不足 12 小时",) if turn == 1 else ()
                cells[row, column] = Cell("主班", "调" if turn == 2 else "", against=against)
            elif turn == 3:
                cells[row, column] = Cell(away="休假")
    return Sheet(heads, lines, cells, ("总", "末", "节", "夜"), "人员")


class Counted(CellPainter):
    """Counts the cells that are painted."""

    cells = 0

    def paint(self, painter: Any, option: Any, index: Any) -> None:
        self.cells += 1
        super().paint(painter, option, index)


def test_scrolling_a_quarter_of_a_hundred_people(qtbot: QtBot) -> None:
    view = RosterView("roster-bench", "排班")
    view.resize(1_250, 600)
    view.show_sheet(a_sheet())
    with qtbot.waitExposed(view):
        view.show()
    steps: list[float] = []
    painted = Counted(view)
    view.setItemDelegate(painted)
    ways = ((view.verticalScrollBar(), view.verticalHeader()), (view.horizontalScrollBar(), view.horizontalHeader()))
    for bar, head in ways:
        for value in range(0, bar.maximum(), max(bar.maximum() // 60, 1)):
            start = time.perf_counter()
            bar.setValue(value)
            view.viewport().repaint()
            head.viewport().repaint()
            steps.append((time.perf_counter() - start) * 1_000)
        bar.setValue(bar.maximum() // 2)
    view.close()
    view.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    note = f"median {statistics.median(steps):.1f} ms, {len(steps)} steps"
    worst = [max(steps)]
    report(
        "B-roster",
        "排班表 100 人 × 92 天滚动，最长一步(ms)",
        worst,
        None,
        "≤ 50 ms",
        LIMIT_MS,
        absolute=True,
        note=note,
    )
    assert painted.cells > 100 * len(steps)  # else nothing was painted, and nothing measured
