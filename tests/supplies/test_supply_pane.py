"""The pane of supplies by keyboard."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QLineEdit

from dutydesk.journal.desk import Desk
from dutydesk.supplies import service
from dutydesk.supplies.pane import SuppliesPane
from tests.plaindesk import Window

Key, Mod = Qt.Key, Qt.KeyboardModifier


@pytest.fixture
def pane(qtbot: Any, desk: Desk, window: Window) -> SuppliesPane:
    for name, quantity, standard, store, expires in (
        ("棉被", 100, 120, "一库", None),
        ("饮用水", 300, 200, "二库", "2026-06-01"),
        ("冲锋舟", 2, None, "二库", None),
    ):
        values = {"name": name, "quantity": quantity, "standard": standard, "store": store, "expires": expires}
        service.add(desk, {**values, "class": "1", "phone": "19900001234"})
    made = SuppliesPane(desk)
    qtbot.addWidget(made)
    made.resize(1100, 500)
    with qtbot.waitExposed(made):
        made.show()
    return made


def names(pane: SuppliesPane) -> list[str]:
    return sorted(pane.model.row(n).text("name") for n in range(pane.model.rowCount()))


def choose(pane: SuppliesPane, name: str, text: str) -> list[str]:
    combo = pane.findChild(QComboBox, f"supplies-filter-{name}")
    combo.setCurrentIndex(combo.findText(text))
    return names(pane)


def test_filters(pane: SuppliesPane) -> None:
    assert choose(pane, "watch", "低于应备") == ["棉被"]
    assert choose(pane, "watch", "已过期") == ["饮用水"]
    assert choose(pane, "watch", "90 天内到期") == []
    assert choose(pane, "watch", "全部物资") == sorted(["棉被", "饮用水", "冲锋舟"])
    assert choose(pane, "store", "二库") == sorted(["饮用水", "冲锋舟"])
    assert choose(pane, "class", "未分类") == []


def test_what_is_late_says_so_in_words_and_colour(pane: SuppliesPane) -> None:
    at = next(n for n in range(3) if pane.model.row(n).text("name") == "饮用水")
    column = [item.name for item in pane.model.fields].index("expires")
    index = pane.model.index(at, column)
    assert pane.model.data(index) == "2026-06-01 已过期"
    assert pane.model.data(index, Qt.ItemDataRole.ForegroundRole) is not None


def test_a_new_article_is_like_the_last_and_the_totals_follow(qtbot: Any, pane: SuppliesPane, desk: Desk) -> None:
    pane.show_row("supplies", pane.model.row(0).id)
    assert pane.head.note.text() == "2 库 3 种 402 件 · 低于应备 1 项，缺 20 件"
    qtbot.keyClick(pane.view, Key.Key_N, Mod.ControlModifier)
    line = pane.findChild(QLineEdit, "supplies-field-name")
    line.insert("编织袋")
    quantity = pane.findChild(QLineEdit, "supplies-field-quantity")
    qtbot.keyClicks(quantity, "1000")
    qtbot.keyClick(quantity, Key.Key_Return, Mod.ControlModifier)
    assert pane.head.note.text().startswith("2 库 4 种 1402 件")
    (row,) = [row for row in desk.rows("supplies") if row["name"] == "编织袋"]
    assert (row["class"], row["holding"]) == ("1", "PHYSICAL")


def test_print_sort_and_mask(qtbot: Any, qapp: Any, pane: SuppliesPane, window: Window) -> None:
    pane.view.setFocus()
    qtbot.keyClick(pane.view, Key.Key_P, Mod.ControlModifier)
    assert window.previews[0]["form"] == "P12"
    column = [item.name for item in pane.model.fields].index("gap")
    pane.model.sort(column, Qt.SortOrder.DescendingOrder)
    assert pane.model.row(0).text("name") == "棉被"
    pane.view.selectAll()
    qtbot.keyClick(pane.view, Key.Key_C, Mod.ControlModifier)
    assert "199****1234" in qapp.clipboard().text()
