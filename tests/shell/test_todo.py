"""The list of what is due where there is little room for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication

from dutydesk.core.clock import MINUTE
from dutydesk.ledger.feature import OpenItem
from dutydesk.qt import theme
from dutydesk.shell.todo import TodoPane

NOW = 1_781_764_200_000
ITEMS = [
    OpenItem("INCIDENTS", "#0004 示例山南麓示例自然村 滑坡 报市应急管理局", NOW + 22 * MINUTE),
    OpenItem("RESPONSES", "安置 示例街道第二社区避灾安置点"),
]


@pytest.fixture
def pane(qtbot: Any, qapp: QApplication) -> Iterator[TodoPane]:
    made = TodoPane()
    qtbot.addWidget(made)
    made.resize(266, 500)
    made.show()
    made.show_items(ITEMS, NOW)
    yield made
    theme.apply(qapp, theme.Theme())


def titles(pane: TodoPane) -> list[str]:
    return [str(pane.model.index(at, 1).data()) for at in range(pane.model.rowCount())]


def test_time_and_title_stand_side_by_side(pane: TodoPane) -> None:
    assert not pane.view.isColumnHidden(0)
    assert titles(pane) == [item.title for item in ITEMS]
    assert pane.view.rowHeight(1) > theme.current().row, "what has no due time is not cut either"


def test_at_200_percent_the_time_stands_in_front_of_the_title(pane: TodoPane, qapp: QApplication) -> None:
    theme.apply(qapp, theme.Theme(percent=200))
    assert pane.view.isColumnHidden(0)
    assert titles(pane) == [f"00:22 {ITEMS[0].title}", ITEMS[1].title]
    assert pane.view.rowHeight(0) > 2 * theme.current().row - 8, "in three lines"
    pane.resize(700, 500)
    assert not pane.view.isColumnHidden(0)
