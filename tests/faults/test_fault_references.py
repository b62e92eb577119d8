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

    heard = 0

    def paintEvent(self, event: Any) -> None:
        self.heard += 1

    def resizeEvent(self, event: Any) -> None:
        self.heard += 1


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


def drift(work: Callable[[int], object], times: int) -> dict[str, int]:
    """How many references each constant gained or lost; the first rounds fill caches and do not count."""
    constants = {"None": None, "True": True, "False": False}
    for n in range(50):
        work(n)
    before = {name: sys.getrefcount(value) for name, value in constants.items()}
    for n in range(times):
        work(n)
    return {name: sys.getrefcount(value) - before[name] for name, value in constants.items()}


CALLS = {
    "repaint": 34_000,
    "repaint of a tile": 1_000,
    "repaint of a table": 300,
    "resize": 10_000,
    "reset": 12_000,
    "data": 36_000,
    "canFetchMore": 6_000,
    "sort": 2_000,
    "signal": 10_000,
}
"""How often each is called: 111,300 in all, ten times that in the full run."""


@pytest.mark.parametrize("name", CALLS)
def test_no_reference_is_lost(name: str, qtbot: Any) -> None:
    plain, stretchy, tile, view = Plain(), Plain(), Tile("在办", "3"), QTableView()
    model, proxy, bell = Rows(), QSortFilterProxyModel(), Bell()
    proxy.setSourceModel(model)
    view.setModel(model)
    plain.setFixedSize(8, 8)
    for widget in (plain, stretchy, tile, view):
        qtbot.addWidget(widget)
    shown = {"repaint": plain, "repaint of a tile": tile, "repaint of a table": view}.get(name, stretchy)
    with qtbot.waitExposed(shown):  # what is not exposed is not painted
        shown.show()
    bell.rung.connect(bell.hear)
    role, nowhere = int(Qt.ItemDataRole.UserRole), QModelIndex()
    work: dict[str, Callable[[int], object]] = {
        "repaint": lambda _n: plain.repaint(),
        "repaint of a tile": lambda _n: tile.repaint(),
        "repaint of a table": lambda _n: view.viewport().repaint(),
        "resize": lambda n: stretchy.resize(100 + n % 2, 50),
        "reset": lambda _n: model.reset(),
        "data": lambda n: proxy.data(proxy.index(0, n % 3), role),
        "canFetchMore": lambda _n: proxy.canFetchMore(nowhere),
        "sort": lambda n: proxy.sort(n % 3),
        "signal": lambda n: bell.rung.emit(n % 2 == 0),
    }
    # A loss is one for every call or two; what comes and goes with other threads' work is a handful.
    heard = plain.heard + stretchy.heard
    found = drift(work[name], CALLS[name] * TIMES)
    if name in ("repaint", "resize"):
        assert plain.heard + stretchy.heard - heard >= CALLS[name] * TIMES, "the calls reach the handlers"
    assert not {constant: lost for constant, lost in found.items() if abs(lost) > 20}


def test_the_calls_are_a_hundred_thousand() -> None:
    assert sum(CALLS.values()) >= 100_000
    assert drift(lambda _n: KEPT.append(None), 100)["None"] == 100, "the count sees a reference that is kept"
    KEPT.clear()


KEPT: list[None] = []
