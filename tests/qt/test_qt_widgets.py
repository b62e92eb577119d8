from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QWidget

from dutydesk.qt import theme
from dutydesk.qt.filterbar import FilterBar
from dutydesk.qt.icons import NAMES, SHAPES, icon
from dutydesk.qt.widgets import (
    Badge,
    Elided,
    EmptyState,
    FewLines,
    IconButton,
    SearchBox,
    SplitTitle,
    Tile,
    button,
    label,
    level_badge,
)

pytestmark = pytest.mark.usefixtures("themed")


def picture(widget: QWidget) -> QImage:
    return widget.grab().toImage()


def test_labels_never_read_markup(qtbot) -> None:
    made = label("<b>1</b>", "muted")
    qtbot.addWidget(made)
    assert made.textFormat() == Qt.TextFormat.PlainText
    assert made.property("role") == "muted"


@pytest.mark.parametrize("name", NAMES)
def test_every_icon_shows_something(name: str) -> None:
    image = icon(name, 32).pixmap(32, 32).toImage()
    inked = sum(image.pixelColor(x, y).alpha() > 100 for x in range(image.width()) for y in range(image.height()))
    assert inked > 10


def test_shapes_differ_without_colour(qtbot) -> None:
    seen = set()
    for code in theme.LEVEL_SHAPES:
        badge = Badge(code, "同")
        qtbot.addWidget(badge)
        badge.resize(badge.sizeHint())
        ground = QColor(theme.LIGHT.red.fill if code == "late" else theme.colour(theme.LIGHT, f"{code}.fill"))
        image = picture(badge)
        inked = frozenset(
            (x, y)
            for x in range(5, 18)
            for y in range(3, 17)
            if abs(image.pixelColor(x, y).lightness() - ground.lightness()) > 60
        )
        assert inked
        seen.add(inked)
    assert len(seen) == len(SHAPES)


@pytest.mark.parametrize(
    ("code", "word"), [("red", "红"), ("orange", "橙"), ("yellow", "黄"), ("blue", "蓝"), ("late", "逾期")]
)
def test_a_level_is_always_a_word(qtbot, code: str, word: str) -> None:
    badge = level_badge(code)
    qtbot.addWidget(badge)
    assert badge.word == word == badge.accessibleName()


def test_a_tile_can_be_pressed_by_key_and_mouse(qtbot) -> None:
    tile = Tile("在办", "3", "late")
    qtbot.addWidget(tile)
    tile.show()
    assert tile.accessibleName() == "在办 逾期 3"
    with qtbot.waitSignal(tile.clicked):
        qtbot.keyClick(tile, Qt.Key.Key_Space)
    with qtbot.waitSignal(tile.clicked):
        qtbot.mouseClick(tile, Qt.MouseButton.LeftButton)
    tile.show_value("4", caption="在办事项")
    assert (tile.caption, tile.value, tile.tone) == ("在办事项", "4", "")


def test_a_tile_grows_with_the_type(qtbot, qapp) -> None:
    tile = Tile("同步", "06:10")
    qtbot.addWidget(tile)
    small = tile.sizeHint()
    theme.apply(qapp, theme.Theme(percent=200))
    assert tile.sizeHint().height() == 2 * small.height()


def test_elided_text_keeps_the_whole_in_the_tooltip(qtbot) -> None:
    made = Elided("隧道积水约六十厘米,三车被困,已通知交警、城管、街道到场")
    qtbot.addWidget(made)
    made.resize(80, 24)
    made.show()
    assert made.shown().endswith("…")
    assert made.toolTip() == made.text()
    made.resize(800, 24)
    assert made.toolTip() == ""


def test_empty_state_says_what_to_do(qtbot) -> None:
    empty = EmptyState("还没有记录", "按 F2 记第一条", "记一条")
    qtbot.addWidget(empty)
    empty.show()
    with qtbot.waitSignal(empty.acted):
        qtbot.mouseClick(empty.button, Qt.MouseButton.LeftButton)
    empty.say("还没有记录")
    assert not empty.button.isVisible()
    assert not empty.hint.isVisible()


def test_search_waits_for_a_pause_and_says_it_once(qtbot) -> None:
    box = SearchBox()
    qtbot.addWidget(box)
    box.show()
    heard: list[str] = []
    box.searched.connect(heard.append)
    with qtbot.waitSignal(box.searched):
        qtbot.keyClicks(box, "abc")
    assert heard == ["abc"]
    qtbot.keyClick(box, Qt.Key.Key_Return)
    assert heard == ["abc"]
    qtbot.keyClick(box, Qt.Key.Key_Escape)
    assert heard == ["abc", ""]
    with qtbot.waitSignal(box.down):
        qtbot.keyClick(box, Qt.Key.Key_Down)


def test_icon_button_is_named_and_follows_the_theme(qtbot, qapp) -> None:
    made = IconButton("close", "关闭")
    qtbot.addWidget(made)
    assert made.accessibleName() == made.toolTip() == "关闭"
    before = made.icon().pixmap(16, 16).toImage()
    theme.apply(qapp, theme.Theme(night=True))
    assert made.icon().pixmap(16, 16).toImage() != before


def test_the_head_of_a_narrow_pane_puts_its_buttons_below(qtbot: Any) -> None:
    head = SplitTitle("值班日志", "63 条")
    buttons = [button(f"按钮 {n}") for n in range(6)]
    head.add(*buttons)
    qtbot.addWidget(head)
    head.resize(900, head.sizeHint().height())
    with qtbot.waitExposed(head):
        head.show()
    assert {one.mapTo(head, QPoint(0, 0)).y() for one in buttons} == {buttons[0].mapTo(head, QPoint(0, 0)).y()}
    assert buttons[0].mapTo(head, QPoint(0, 0)).y() < head.title.geometry().bottom()
    assert head.minimumSizeHint().width() < 200
    head.resize(260, 200)
    qtbot.waitUntil(lambda: buttons[0].mapTo(head, QPoint(0, 0)).y() > head.title.geometry().bottom())
    for one in buttons:
        assert head.rect().contains(QRect(one.mapTo(head, QPoint(0, 0)), one.size()))


def test_filters_go_on_in_the_next_line(qtbot: Any) -> None:
    bar = FilterBar("example", "搜索")
    combos = [bar.add_choice(f"c{n}", "选", [("", f"全部的第 {n} 种")]) for n in range(4)]
    qtbot.addWidget(bar)
    bar.resize(1200, 80)
    with qtbot.waitExposed(bar):
        bar.show()
    assert len({one.mapTo(bar, QPoint(0, 0)).y() for one in (*combos, bar.search)}) == 1
    assert bar.minimumSizeHint().width() < 300
    bar.resize(320, 300)
    qtbot.waitUntil(lambda: bar.search.mapTo(bar, QPoint(0, 0)).y() > combos[-1].mapTo(bar, QPoint(0, 0)).y())
    for one in (*combos, bar.search):
        assert bar.rect().contains(QRect(one.mapTo(bar, QPoint(0, 0)), one.size()))


def test_a_long_line_takes_two_and_no_more(qtbot: Any) -> None:
    few = FewLines(2)
    few.setText("备班：" + "、".join(f"示例人员{n}" for n in range(30)))
    qtbot.addWidget(few)
    one = few.fontMetrics().lineSpacing()
    assert few.heightForWidth(10_000) == one
    assert few.heightForWidth(400) == 2 * one
    first, second = few.lines(400)
    assert few.text().startswith(first)
    assert second.endswith("…")
