"""PySide6 6.12.0 on Python 3.11 loses a reference to None with many calls and then aborts (engineering.md §0, 1)."""

from __future__ import annotations

import sys

import pytest

from dutydesk.qt.listview import LedgerView
from dutydesk.qt.table import LedgerModel
from dutydesk.qt.widgets import Tile


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="None is immortal from Python 3.12 on")
def test_none_is_not_used_up(themed, qtbot, ledger, desk) -> None:
    tile = Tile("在办", "3")
    view = LedgerView(LedgerModel(ledger, desk))
    for widget in (tile, view):
        qtbot.addWidget(widget)
        with qtbot.waitExposed(widget):  # what is not exposed is not painted
            widget.show()
    before = sys.getrefcount(None)
    for turn in range(300):
        tile.repaint()
        view.viewport().repaint()
        view.ledger_model.refresh()
        view.resize(400 + turn % 2, 300)
    assert abs(sys.getrefcount(None) - before) < 200
