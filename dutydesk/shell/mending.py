"""From "the record is damaged" to where it is mended, while the window runs.

A check, a copy, a save or a list may be what finds it. The record is then looked through once more, in a process of its
own, and what that says decides: whether writing goes on, and what the person is shown (`trouble`).
"""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject

from dutydesk.core.errors import Damaged, DutyDeskError, Problem
from dutydesk.core.i18n import N_, _
from dutydesk.journal import drafts

if TYPE_CHECKING:
    from dutydesk.journal.desk import Desk
    from dutydesk.shell.window import MainWindow

log = logging.getLogger(__name__)

STOPPED = N_("记录已损坏，程序停止了写入；新的先记在纸上")


class Mending(QObject):
    """What one window knows of damage to its record. `found`: sentences, `grave`: whether writing on would break more,
    `sound`: the file itself is whole, it was the disk that did not take or give something."""

    def __init__(self, window: MainWindow, desk: Desk) -> None:
        super().__init__(window)
        self._window = window
        self._desk = desk
        self.found: list[str] = []
        self.grave = False
        self.sound = False
        self._dialog: QObject | None = None
        self._looking = False
        self._first: list[str] = []

    @property
    def busy(self) -> bool:
        """Whether damage is being looked into or was told."""
        return self._looking or bool(self.found)

    def look_again(self, error: DutyDeskError | None = None) -> bool:
        """Something could not be read or written: find out once what is wrong with the record. False where that is
        no sign of damage."""
        stopped = self._desk.store.stopped
        if not (stopped or isinstance(error, Damaged)):
            return False
        if self.found or self._looking:
            return True
        self._looking = True
        first = [str(problem) for problem in error.problems] if error is not None else [stopped]
        from dutydesk.shell.actions import look_through

        job = self._window.quiet.run_process(
            _("检查记录"), look_through, self._desk.store.home.root, self._desk.store.key, False
        )
        self._first = first
        job.result.connect(self._looked)
        job.failed.connect(self._not_looked)
        return True

    def _looked(self, found: tuple[int, list[str], bool]) -> None:
        """What the look found; where the file itself is sound, what made us look is all there is to say."""
        _acts, problems, grave = found
        self._looking = False
        self.sound = not problems
        self.struck(problems or self._first, grave=grave or bool(self._desk.store.stopped))

    def _not_looked(self, text: str) -> None:
        self._looking = False
        self.struck([*self._first, text], grave=True)

    def struck(self, problems: list[str], *, grave: bool) -> None:
        """The record is damaged: stop writing where that is called for, and say so."""
        if self._window.closed:
            return
        if not self.found:
            log.error("the record is damaged: %s", "; ".join(problems))
        self.found, self.grave = problems, grave
        if grave:
            self._desk.store.stop_writing(_(STOPPED))
        self._window.mark_record(sound=False)
        self.show()

    def show(self) -> None:
        """What was found, and what can be done now."""
        if self._dialog is not None or not self.found:
            return
        from dutydesk.shell.trouble import Trouble

        dialog = Trouble(
            self._desk.store.home,
            self.found,
            grave=self.grave,
            at=self._desk.clock.now(),
            parent=self._window,
            sound=self.sound,
        )
        self._dialog = dialog
        dialog.mend.connect(self._mend)
        dialog.finished.connect(self._closed)
        dialog.open()

    def _closed(self, _result: int) -> None:
        self._dialog = None

    def _mend(self) -> None:
        self._window.mend.emit(Damaged(*[Problem(text) for text in self.found]))

    def keep_what_stands(self) -> None:
        """Before the window closes: drafts and places. A record that takes nothing any more keeps nobody here."""
        window: Any = self._window
        panes = [dock.pane for dock in window.docks.values() if dock.built]
        for part in (window.entry, *panes):
            if hasattr(part, "keep_draft"):
                with suppress(DutyDeskError):
                    part.keep_draft()
        with suppress(DutyDeskError):
            window.keep_places()
        if self.found or self._desk.store.stopped:
            drafts.carry_over(self._desk.store)
