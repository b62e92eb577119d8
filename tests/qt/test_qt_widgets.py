from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QWidget

from dutydesk.qt import theme
from dutydesk.qt.icons import NAMES, SHAPES, icon
from dutydesk.qt.widgets import Badge, Elided, EmptyState, IconButton, SearchBox, Tile, label, level_badge

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
