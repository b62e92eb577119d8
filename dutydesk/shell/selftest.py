"""What ships checks itself: `dutydesk self-test` runs inside an installed program and says what is missing.

It makes the sample desk in a temporary folder, saves, searches, verifies, copies and restores, prints every form,
opens the window offscreen and saves an entry through it.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from dutydesk.core.clock import FixedClock, parse_iso
from dutydesk.core.errors import DutyDeskError
from dutydesk.core.paths import Home

AT = "2026-06-19 06:30"


def run(args: argparse.Namespace) -> int:
    """Run every check; prints one line each, returns 0 when all hold."""
    from dutydesk.shell.crash import hush

    del args
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    os.environ["DUTYDESK_MUTE"] = "1"
    hush()
    failed = 0
    with tempfile.TemporaryDirectory(prefix="dutydesk-self-test-", ignore_cleanup_errors=True) as folder:
        bench = _Bench(Path(folder))
        checks: tuple[tuple[str, Callable[[], str]], ...] = (
            ("desk", bench.desk),
            ("search", bench.search),
            ("prints", bench.prints),
            ("window", bench.window),
            ("snapshot and restore", bench.snapshot),
            ("verify", bench.verify),
        )
        for name, check in checks:
            try:
                said = check()
            except (DutyDeskError, AssertionError, ImportError, OSError) as error:
                failed += 1
                sys.stdout.write(f"FAILED {name}: {type(error).__name__}: {error}\n")
            else:
                sys.stdout.write(f"ok {name}: {said}\n")
    return 1 if failed else 0


class _Bench:
    def __init__(self, folder: Path) -> None:
        self.home = Home(folder / "desk")
        self.clock = FixedClock(parse_iso(AT))

    def desk(self) -> str:
        from dutydesk.features import open_desk
        from dutydesk.sample import make_sample

        make_sample(self.home, self.clock, self.clock.now())
        desk = open_desk(self.home, self.clock)
        try:
            return f"{desk.store.position()[0]} acts"
        finally:
            desk.store.close()

    def search(self) -> str:
        from dutydesk.features import open_desk

        desk = open_desk(self.home, self.clock)
        try:
            found = desk.count("log", search="隧道")
            assert found > 0, "nothing found"
            return f"{found} entries"
        finally:
            desk.store.close()

    def prints(self) -> str:
        import importlib

        from dutydesk.features import open_desk

        desk = open_desk(self.home, self.clock)
        made: list[str] = []
        try:
            for form in (form for feature in desk.features for form in feature.forms):
                module, name = form.make.split(":")
                params = (
                    {"incident": desk.rows("incidents", limit=1)[0].text("no")} if "incident" in form.params else {}
                )
                pdf = getattr(importlib.import_module(module), name)(desk, **params)
                assert pdf.startswith(b"%PDF"), form.code
                made.append(form.code)
        finally:
            desk.store.close()
        return " ".join(made)

    def window(self) -> str:
        from PySide6.QtCore import QEventLoop, QTimer

        from dutydesk.qt import theme
        from dutydesk.shell.start import Starter, application

        app = application()
        theme.apply(app, theme.Theme())
        starter = Starter(self.home, self.clock)
        loop = QEventLoop()
        starter.ready.connect(loop.quit)
        starter.failed.connect(loop.quit)
        guard = QTimer()
        guard.setSingleShot(True)
        guard.timeout.connect(loop.quit)
        guard.start(30_000)
        starter.start()
        loop.exec()
        guard.stop()
        try:
            assert starter.window.desk is not None, "the window did not open"
            return f"{len(starter.window.docks)} panes"
        finally:
            starter.window.close()
            starter.close()

    def snapshot(self) -> str:
        from dutydesk.features import schema
        from dutydesk.sync.restoring import last_numbers, restore
        from dutydesk.sync.snapshots import take

        copy = take(self.home, schema(), self.clock)
        restore(self.home, schema(), self.clock, copy.path, last_numbers(self.home, schema()))
        return copy.path.name

    def verify(self) -> str:
        from dutydesk.features import schema
        from dutydesk.journal.verify import verify

        report = verify(self.home, schema())
        assert report.ok, "; ".join(f"{fault.where}: {fault.what}" for fault in report.problems)
        return f"{report.acts} acts"
