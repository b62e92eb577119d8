"""The window merges the search indexes itself and gives that back when it closes."""

from __future__ import annotations

from typing import Any

from dutydesk.core.clock import FixedClock
from dutydesk.core.paths import Home
from dutydesk.features import open_desk
from dutydesk.journal.tidy import KEPT


def test_the_window_keeps_the_indexes_tidy(qtbot: Any, starter: Any, home: Home, clock: FixedClock) -> None:
    window = starter.window
    store = window.desk.store
    window._actions.tidy_quietly()
    qtbot.waitUntil(lambda: not window.quiet.jobs, timeout=60_000)
    assert store.state(KEPT) == "1"
    for n in range(30):
        window.desk.act("log.add", [window.desk.new("log", {"happened_at": clock.now(), "text": f"街道积水 {n}"})])
    with store.read() as connection:
        before = connection.exec_driver_sql("SELECT count(DISTINCT segid) FROM fts_log_idx").scalar()
    assert before >= 30
    window._actions.tidy_quietly()
    qtbot.waitUntil(lambda: not window.quiet.jobs, timeout=60_000)
    with store.read() as connection:
        after = connection.exec_driver_sql("SELECT count(DISTINCT segid) FROM fts_log_idx").scalar()
    assert after < before
    starter.shut()
    with open_desk(home, clock).store as store:
        assert store.state(KEPT) == ""
