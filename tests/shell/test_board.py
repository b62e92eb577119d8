"""The status board by itself: who is on is written out where there is room, and never costs a row of its own."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication

from dutydesk.core import i18n
from dutydesk.core.clock import parse_iso
from dutydesk.ledger.feature import Figure
from dutydesk.qt import theme
from dutydesk.shell.board import StatusBoard, short_crew

CREW = "带班领导 赵甲子 主班 卫庚午 副班 冯甲戌"
ENGLISH = "Duty leader 赵甲子 Primary 卫庚午 Secondary 冯甲戌"
AT_0630 = parse_iso("2026-06-19 06:30")
NIGHT = (
    Figure("warnings.in_force", "预警", "橙 暴雨 2处 +1", "", 2),
    Figure("incidents.open", "在办", 2, "件"),
    Figure("rain.worst", "雨情 1 小时", "皋亭山站 3.7 mm", "", 1),
    Figure("shelters.people_now", "安置", "5处 214", "人"),
    Figure("sync.health", "同步", "未接入"),
)


@pytest.fixture
def board(qtbot: Any, qapp: QApplication) -> Iterator[StatusBoard]:
    made = StatusBoard()
    qtbot.addWidget(made)
    made.tick(1_781_000_000_000)
    made.show_mark("示例")
    yield made
    theme.apply(qapp, theme.Theme())
    i18n.use("zh_CN")


def rows_of(board: StatusBoard, width: int) -> int:
    board.resize(width, board.heightForWidth(width))
    board._place()
    return len({tile.y() for tile in (board.clock, board.crew, board.todo, board.record, board.mark)})


@pytest.mark.parametrize(
    ("text", "posts", "names"),
    [
        (CREW, "带班 · 主班 · 副班", "赵甲子、卫庚午、冯甲戌"),
        ("主班 李示例（在家值守）", "主班", "李示例（在家值守）"),
        ("李示例", "", "李示例"),
        ("", "", ""),
    ],
)
def test_posts_and_names(text: str, posts: str, names: str) -> None:
    assert short_crew(text) == (posts, names)


@pytest.mark.parametrize(
    ("width", "rows", "text"), [(1900, 1, CREW), (1366, 1, "赵甲子、卫庚午、冯甲戌"), (960, 2, CREW)]
)
def test_the_crew_is_whole_at_every_width(board: StatusBoard, width: int, rows: int, text: str) -> None:
    board.show_figures({figure.name: figure for figure in NIGHT})
    board.show_crew(CREW, "卫庚午")
    board.todo.show_value("20 · 00:22", caption="待办 · 最近到时")
    board.record.show_value("记录完好 ✓", caption="上次备份 06:30")
    assert rows_of(board, width) == rows
    assert board.crew.value == text
    assert board.crew.width() >= board.crew.sizeHint().width()
    assert board.crew.toolTip() == CREW


@pytest.mark.parametrize(
    ("figures", "shown", "caption"),
    [
        ([], [], "上次备份 06:30"),
        ([Figure("copies.drill", "恢复演练", "06-12 ✓")], [], "备份 06:30 演练 ✓"),
        ([Figure("copies.drill", "恢复演练", "没通过", "", 2)], ["没通过"], "上次备份 06:30"),
        ([Figure("copies.drill", "恢复演练", "15天没做", "", 2)], ["15天没做"], "上次备份 06:30"),
        ([Figure("disk.room", "磁盘", "剩 100 MB", "", 2)], ["剩 100 MB"], "上次备份 06:30"),
    ],
)
def test_copies_and_room_on_the_board(
    board: StatusBoard, figures: list[Figure], shown: list[str], caption: str
) -> None:
    board.show_figures({figure.name: figure for figure in figures})
    board.show_record(SimpleNamespace(store=SimpleNamespace(clock_behind=0)), True, AT_0630, AT_0630)  # pyright: ignore[reportArgumentType]
    tiles = [board.figures[name] for name in ("copies.drill", "disk.room")]
    assert [tile.value for tile in tiles if not tile.isHidden()] == shown
    assert [tile.tone for tile in tiles if not tile.isHidden()] == ["late"] * len(shown)
    assert board.record.caption == caption


@pytest.mark.parametrize(("percent", "rows"), [(100, 1), (150, 2), (200, 2)])
def test_in_english_too(board: StatusBoard, qapp: QApplication, percent: int, rows: int) -> None:
    i18n.use("en")
    theme.apply(qapp, theme.Theme(percent=percent))
    shown = [
        Figure(f.name, f.label, f.value if isinstance(f.value, int) else "Orange Rainstorm ×2 +1", f.unit)
        for f in NIGHT[:1]
    ]
    shown += [NIGHT[1], NIGHT[2], Figure("shelters.people_now", "安置", "5 · 214", "人"), NIGHT[4]]
    board.show_figures({figure.name: figure for figure in shown})
    board.show_crew(ENGLISH, "卫庚午")
    board.todo.show_value("20 · 00:22", caption="To do · next")
    board.record.show_value("Record ✓", caption="Copy ✓ 06:30")
    board.mark.show_value("SAMPLE", caption="This desk")
    assert rows_of(board, 1366) == rows
    assert board.crew.width() >= board.crew.sizeHint().width()
    assert "冯甲戌" in board.crew.value
