"""Leaving with a hand-over sheet that is on no paper, or because the session ends; a one-sided hand-over on the board."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtCore import SIGNAL, Qt
from PySide6.QtWidgets import QApplication

from dutydesk.core.clock import parse_iso
from dutydesk.journal import drafts
from dutydesk.journal.desk import Desk
from dutydesk.shell.leaving import Leaving
from dutydesk.shell.start import Starter
from dutydesk.shifts import handover, service

KEY, NEXT = "2026-06-18/H24", "2026-06-19/H24"


@pytest.fixture
def people(window: Any) -> dict[str, bytes]:
    """Names for both shifts."""
    desk: Desk = window.desk
    names = ("甲示例", "乙示例", "丙示例", "丁示例", "戊示例")
    changes = [desk.new("people", {"name": name, "kind": "PERSON"}) for name in names]
    desk.act("people.add", changes)
    made = {name: change.row for name, change in zip("abcde", changes, strict=True)}
    key = service.code_of(desk, desk.clock.now())
    assert key == KEY
    service.save_facts(desk, KEY, {"leader": made["a"], "primary": made["b"], "secondary": made["c"]})
    service.save_facts(desk, NEXT, {"leader": made["a"], "primary": made["d"], "secondary": made["e"]})
    return made


def test_an_unprinted_sheet_is_named_before_leaving(qtbot: Any, window: Any, people: dict[str, bytes]) -> None:
    desk: Desk = window.desk
    handover.emergency(desk, KEY, people["d"], "交班组撤离受阻")
    window.close()
    dialog = window._actions._asked_to_leave
    assert dialog is not None
    assert KEY in dialog.text.text()
    assert not window.closed
    window.close()
    assert window._actions._asked_to_leave is dialog, "asked once"
    qtbot.mouseClick(dialog.no, Qt.MouseButton.LeftButton)
    assert not window.closed
    qtbot.waitUntil(lambda: window._actions._asked_to_leave is None)
    window.close()
    qtbot.mouseClick(window._actions._asked_to_leave.yes, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.closed)


def test_a_printed_sheet_keeps_nobody(window: Any, people: dict[str, bytes]) -> None:
    from dutydesk.shifts import report

    desk: Desk = window.desk
    handover.emergency(desk, KEY, people["d"], "交班组撤离受阻")
    service.record_print(desk, "P01", "交接班记录表", KEY, report.p01(desk, shift=KEY))
    window.close()
    assert window.closed


@pytest.fixture
def leaving(starter: Starter) -> Iterator[Leaving]:
    made = Leaving(starter)
    yield made
    made.close()


def test_who_logs_off_is_asked_nothing_and_keeps_what_is_typed(
    window: Any, people: dict[str, bytes], leaving: Leaving, qapp: QApplication
) -> None:
    desk: Desk = window.desk
    handover.emergency(desk, KEY, people["d"], "交班组撤离受阻")
    window.entry.text.setPlainText("东河路积水")
    assert qapp.receivers(SIGNAL("commitDataRequest(QSessionManager&)")) == 1  # pyright: ignore[reportArgumentType]
    leaving.session_ends(None)
    assert "东河路积水" in str(drafts.kept(desk.store, "log.entry"))
    window.close()
    assert window.closed
    assert window._actions._asked_to_leave is None


def test_a_session_that_goes_on_after_all_is_asked_again(
    window: Any, people: dict[str, bytes], leaving: Leaving
) -> None:
    desk: Desk = window.desk
    handover.emergency(desk, KEY, people["d"], "交班组撤离受阻")
    leaving.session_ends(None)
    leaving.called_off.timeout.emit()
    window.close()
    assert not window.closed
    assert window._actions._asked_to_leave is not None
    leaving.leave("SIGTERM")
    assert window.closed, "the question is no reason to stay"


def test_one_side_alone_stands_on_the_board(qtbot: Any, window: Any, people: dict[str, bytes]) -> None:
    desk: Desk = window.desk
    tile = window.board.figures["shifts.handover"]
    assert tile.isHidden()
    handover.emergency(desk, KEY, people["d"], "交班组撤离受阻")
    qtbot.waitUntil(tile.isVisible)
    assert "单方" in tile.value
    handover.countersign(desk, KEY, people["a"])
    qtbot.waitUntil(tile.isHidden)
    service.record_print(desk, "P01", "", KEY, b"%PDF")
    assert parse_iso("2026-06-19 06:30") == desk.clock.now()
