from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtWidgets import QLineEdit

from dutydesk.ledger.kinds import Kind
from dutydesk.ledger.spec import Field
from dutydesk.qt.compose import LinkChip, fill

pytestmark = pytest.mark.usefixtures("themed")


def test_what_an_entry_hangs_on_is_cut_at_its_end_and_keeps_its_cross(qtbot: Any) -> None:
    chip = LinkChip("link")
    qtbot.addWidget(chip)
    chip.show_text("反馈 #0061 06:06 收市防指传真：要求08:00前报送雨情、灾情和转移安置情况")
    chip.resize(200, 28)
    assert chip.text().startswith("反馈 #0061")
    assert chip.text().endswith("… ×")
    assert chip.fontMetrics().horizontalAdvance(chip.text()) < 200
    assert chip.minimumSizeHint().width() <= 160
    chip.resize(chip.sizeHint())
    assert "收市防指传真" in chip.text()


def test_a_long_name_is_read_from_its_beginning(qtbot: Any) -> None:
    line = QLineEdit()
    qtbot.addWidget(line)
    fill(line, Field("party", Kind(), "对方"), "市应急管理局值班室（示例）")
    assert line.cursorPosition() == 0
