"""A row that goes on in the next line."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtWidgets import QWidget

from dutydesk.qt.flow import flow


class Block(QWidget):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.setFixedSize(width, 20)


@pytest.fixture
def row(qtbot: Any) -> QWidget:
    holder = QWidget()
    qtbot.addWidget(holder)
    layout = flow(holder, 10)
    for _n in range(3):
        layout.addWidget(Block(100))
    return holder


@pytest.mark.parametrize(("width", "height"), [(320, 20), (319, 50), (210, 50), (209, 80), (100, 80)])
def test_it_takes_as_many_lines_as_it_needs(row: QWidget, width: int, height: int) -> None:
    assert row.layout().heightForWidth(width) == height
    assert row.layout().minimumSize().width() == 100
    assert row.sizeHint().width() == 320


def test_hidden_widgets_take_no_room(row: QWidget) -> None:
    row.resize(210, 50)
    row.show()
    first = row.layout().itemAt(0).widget()
    first.hide()
    assert row.layout().heightForWidth(210) == 20


def test_the_first_takes_what_is_left(qtbot: Any) -> None:
    holder = QWidget()
    qtbot.addWidget(holder)
    layout = flow(holder, 10, stretch=True)
    search = QWidget()
    search.setMinimumWidth(50)
    layout.addWidget(search)
    layout.addWidget(Block(100))
    layout.addWidget(Block(100))
    holder.resize(400, 20)
    holder.show()
    qtbot.waitUntil(lambda: search.width() == 180)
    holder.resize(170, 60)
    qtbot.waitUntil(lambda: search.width() == 60)
    assert layout.itemAt(2).widget().y() > search.y()
