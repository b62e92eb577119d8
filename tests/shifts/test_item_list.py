"""The items of a hand-over where there is little room for them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication

from dutydesk.journal.rows import Row
from dutydesk.qt import theme
from dutydesk.shifts.pane_sheet import BLOCK, LEAST_WHAT, STATE, WHAT, WHEN, WORD, ItemList

NOW = 1_781_764_200_000
ROW = Row(
    "handover_items",
    b"1" * 16,
    1,
    {"block": "INCIDENTS", "title": "#0004 示例山南麓示例自然村 滑坡", "due_at": NOW + 3_600_000, "state": "OPEN"},
    b"a" * 16,
)


@pytest.fixture
def items(qtbot: Any, qapp: QApplication) -> Iterator[ItemList]:
    theme.apply(qapp, theme.Theme())
    made = ItemList()
    qtbot.addWidget(made)
    made.resize(940, 300)
    made.show()
    made.show_items([ROW], NOW)
    yield made
    theme.apply(qapp, theme.Theme())


def test_everything_is_said_where_there_is_room(items: ItemList) -> None:
    assert not any(items.isColumnHidden(column) for column in (BLOCK, WHAT, WHEN, WORD, STATE))
    assert items.columnWidth(WHAT) >= LEAST_WHAT


@pytest.mark.parametrize("width", [800, 640, 560])
def test_what_there_is_to_do_can_be_read_in_the_largest_type(items: ItemList, qapp: QApplication, width: int) -> None:
    theme.apply(qapp, theme.Theme(percent=200))
    items.resize(width, 300)
    items.show_items([ROW], NOW)
    assert items.columnWidth(WHAT) >= min(2 * LEAST_WHAT, width * 3 // 10)
    line = items.topLevelItem(0)
    assert line is not None
    assert "突发事件" in line.toolTip(WHAT), "the block, where its column is left out"
    items.resize(2_000, 300)
    assert not items.isColumnHidden(BLOCK)
