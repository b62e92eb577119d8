"""F31: 100,000 calls between Qt and Python lose no reference to None, True or False (engineering.md §0.1)."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QSortFilterProxyModel, Qt, Signal
from PySide6.QtWidgets import QTableView, QWidget

from dutydesk.qt.widgets import Tile

TIMES = 10 if os.environ.get("DUTYDESK_FAULTS") == "full" else 1

pytestmark = [
    pytest.mark.skipif(sys.version_info >= (3, 12), reason="None, True and False are immortal from Python 3.12 on"),
    pytest.mark.usefixtures("qapp"),
]


class Plain(QWidget):
    """Its handlers return None to Qt."""

    def paintEvent(self, event: Any) -> None:
        pass

    def resizeEvent(self, event: Any) -> None:
        pass


class Rows(QAbstractTableModel):
    """Answers None, True and False."""

    def rowCount(self, parent: Any = QModelIndex()) -> int:  # noqa: B008
        return 40

    def columnCount(self, parent: Any = QModelIndex()) -> int:  # noqa: B008
        return 3

    def data(self, index: Any, role: int = 0) -> Any:
        return (None, True, False)[index.column()] if role == int(Qt.ItemDataRole.UserRole) else None

    def reset(self) -> None:
        self.beginResetModel()
        self.endResetModel()

    def canFetchMore(self, parent: Any) -> bool:
        return False

    def sort(self, column: int, order: Any = None) -> None:
        pass


class Bell(QObject):
    """A signal and its slot."""

    rung = Signal(bool)

    def hear(self, loud: bool) -> None:
        pass


def drift(work: Callable[[int], None], times: int) -> dict[str, int]:
    """How many references each constant gained or lost; the first rounds fill caches and do not count."""
    constants = {"None": None, "True": True, "False": False}
    for n in range(50):
        work(n)
    before = {name: sys.getrefcount(value) for name, value in constants.items()}
    for n in range(times):
        work(n)
    return {name: sys.getrefcount(value) - before[name] for name, value in constants.items()}


def test_no_reference_is_lost_in_a_hundred_thousand_calls(qtbot: Any) -> None:
    plain = Plain()
    plain.setFixedSize(8, 8)
    stretchy = Plain()
    tile = Tile("在办", "3")
    model, proxy, bell = Rows(), QSortFilterProxyModel(), Bell()
    proxy.setSourceModel(model)
    view = QTableView()
    view.setModel(model)
    for widget in (plain, stretchy, tile, view):
        qtbot.addWidget(widget)
        widget.show()
        qtbot.waitExposed(widget)
    bell.rung.connect(bell.hear)
    role = int(Qt.ItemDataRole.UserRole)

    def answer(n: int) -> None:
        for column in range(3):  # an index does not outlive a reset
            proxy.data(proxy.index(0, column), role)

    def ask_more(n: int) -> None:
        proxy.canFetchMore(QModelIndex())
        proxy.sort(n % 3)

    work: list[tuple[str, Callable[[int], None], int]] = [
        ("repaint", lambda _n: plain.repaint(), 30_000),
        ("repaint of a tile", lambda _n: tile.repaint(), 1_000),
        ("repaint of a table", lambda _n: view.viewport().repaint(), 300),
        ("resize", lambda n: stretchy.resize(100 + n % 2, 50), 10_000),
        ("reset", lambda _n: model.reset(), 10_000),
        ("data", answer, 12_000),  # three calls each
        ("canFetchMore and sort", ask_more, 5_000),
        ("signal", lambda n: bell.rung.emit(n % 2 == 0), 10_000),
    ]
    assert sum(times * (3 if name == "data" else 2 if "more" in name.lower() else 1) for name, _w, times in work) > 100_000
    lost = {name: drift(call, times * TIMES) for name, call, times in work}
    # A loss is one for every call or two; what comes and goes with other threads' work is a handful.
    assert {name: found for name, found in lost.items() if any(abs(n) > 20 for n in found.values())} == {}
