"""What the window does for its panes: import, export, preview and print, copies, checks, alarms.

The work itself is elsewhere and without Qt (`exchange`, `sync`, `journal.verify`); here it is given a dialog, a job and
a sentence.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QDialog, QVBoxLayout, QWidget

from dutydesk.core.clock import MINUTE
from dutydesk.core.errors import DutyDeskError, Problem
from dutydesk.core.i18n import N_, _
from dutydesk.core.paths import Home
from dutydesk.journal import batches
from dutydesk.ledger.feature import Form, OpenItem
from dutydesk.qt import dialogs, theme
from dutydesk.qt.jobs import Apart, Job, JobRunner, Token, sentence
from dutydesk.qt.offers import desk_only
from dutydesk.qt.sound import Sound
from dutydesk.shell.mending import Mending
from dutydesk.shell.syncing import Syncing

if TYPE_CHECKING:
    from dutydesk.journal.desk import Desk
    from dutydesk.shell.window import MainWindow

SEND_AGAIN = 10 * MINUTE
"""When the second place is tried again after it was away."""
UNPRINTED = (
    ("unprinted_sheets", "shifts", N_("交接班表还没有打印：{what}")),
    ("unprinted_outages", "papers", N_("断网应急单还没有打印：{what}")),
)
"""What ought to be on paper before leaving: the service that names it, its pane, and how it is said."""


def take_copy(home: Path, key: bytes | None, at: int, token: Token) -> dict[str, Any]:
    """In a process of its own: a verified copy; what is to be noted of it."""
    from dutydesk.core.clock import FixedClock
    from dutydesk.features import schema
    from dutydesk.sync.snapshots import give_way, take, told

    token.check()
    give_way()
    return told(take(Home(home), schema(), FixedClock(at), key=key, second=False))


def send_copy(home: Path, new_place: bool, token: Token) -> str:
    """In a process of its own: the newest copy to the second place; where it lies there."""
    from dutydesk.sync.snapshots import give_way, send_newest

    token.check()
    give_way()
    return send_newest(Home(home), new_place=new_place)


def rehearse(home: Path, key: bytes | None, at: int, token: Token) -> dict[str, Any]:
    """In a process of its own: the restore drill; what is to be noted of it."""
    from dutydesk.core.clock import FixedClock
    from dutydesk.features import schema
    from dutydesk.sync import rehearsal
    from dutydesk.sync.snapshots import give_way

    token.check()
    give_way()
    return rehearsal.told(rehearsal.rehearse(Home(home), schema(), FixedClock(at), key))


def look_through(home: Path, key: bytes | None, deep: bool, token: Token) -> tuple[int, list[str], bool]:
    """In a process of its own: verify the record; gives the number of acts, what is wrong, and whether writing on
    would make it worse."""
    from dutydesk.features import schema
    from dutydesk.journal.verify import verify

    def told(done: int, whole: int) -> None:
        token.progress(done, whole)

    report = verify(Home(home), schema(), key, told, deep=deep)
    grave = any(fault.grave for fault in report.problems)
    return report.acts, [f"{fault.where}: {fault.what}" for fault in report.problems], grave


class Actions(QObject):
    """The services of one window; see the module's docstring."""

    def __init__(self, window: MainWindow, desk: Desk) -> None:
        super().__init__(window)
        self.window = window
        self.desk = desk
        self.sound = Sound(muted=os.environ.get("DUTYDESK_MUTE", "") == "1")
        self.syncing = Syncing(desk, window.quiet, self)
        self.mending = Mending(window, desk)
        self.away = JobRunner(self)  # the second place: a share that hangs keeps nothing else waiting
        self._alarmed: set[tuple[str, bytes, str, int]] = set()
        self._first_look = True
        self._preview: QDialog | None = None
        self._leaving = False
        self._leave_for = ""
        self._asked_to_leave: QDialog | None = None
        self._copying: Job | None = None
        self._minutely = QTimer(self)
        self._minutely.setInterval(MINUTE)
        self._minutely.timeout.connect(self.tidy_quietly)
        self._minutely.timeout.connect(self.keep_shift)
        self._minutely.timeout.connect(self.keep_room)
        self._minutely.timeout.connect(self.copy_when_due)

    # -- the record ------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """After the window is there: finish what was cut off, look at the record, make the first copy."""
        if self.desk.store.notes:
            dialogs.tell(self.window, "\n".join(self.desk.store.notes))
        self._resume()
        self.tidy_quietly()
        self.check_quietly()
        self.snapshot_quietly()
        self.keep_shift()
        self.syncing.begin()
        self._minutely.start()

    def keep_shift(self) -> None:
        """The running shift has its row from its first minute: the crew on the board and the reminder to hand over
        rest on it."""
        from dutydesk.shifts.service import ensure

        guard = self.desk.store.guard
        if self.desk.store.stopped:
            return  # said once, by whoever found out
        if guard is not None and not guard.allows("shift.add", self.desk.me.id):
            return  # nobody has signed in who could
        try:
            ensure(self.desk, self.desk.clock.now())
        except DutyDeskError as error:
            self._failed(sentence(error))

    def _resume(self) -> None:
        job = self.window.jobs.run(_("完成上次未写完的导入"), self._resume_work)
        job.failed.connect(self._failed)

    def _resume_work(self, token: Token) -> int:
        return batches.resume(self.desk.store, token.progress)

    def check_quietly(self) -> None:
        """Look whether the file is sound, in a process of its own."""
        job = self.window.quiet.run_process(
            _("检查记录"), look_through, self.desk.store.home.root, self.desk.store.key, False
        )
        job.result.connect(self._checked)
        job.failed.connect(self._failed)

    def _checked(self, found: tuple[int, list[str], bool]) -> None:
        _acts, problems, grave = found
        if problems:
            self.mending.struck(problems, grave=grave)
        elif not self.desk.store.stopped:
            self.mending.found = []
            self.window.mark_record(sound=True)

    def verify(self) -> None:
        """The whole check, asked for by a person, with an answer in words."""
        job = self.window.jobs.run_process(
            _("检查记录"), look_through, self.desk.store.home.root, self.desk.store.key, True
        )
        job.result.connect(self._verified)
        job.failed.connect(self._failed)

    def _verified(self, found: tuple[int, list[str], bool]) -> None:
        acts, problems, _grave = found
        self._checked(found)
        if not problems:
            dialogs.tell(self.window, _("记录完好：共 {acts} 条，校验全部通过").format(acts=acts))

    def tidy_quietly(self) -> None:
        """Merge search indexes and carry the WAL over, outside the saves, as every minute."""
        self.window.quiet.run(_("整理检索"), self._tidy)

    def _tidy(self, token: Token) -> None:
        token.check()
        self.desk.store.tidy.keep()
        self.desk.store.tidy.work()

    def copy_when_due(self) -> None:
        """As every minute: make the copy of the hour. Asked by the clock, since a machine that slept counts no hours;
        a window that is open at night makes the night's."""
        from dutydesk.sync import snapshots

        with suppress(DutyDeskError):
            if self._copying is None and not self.desk.store.stopped and snapshots.due(self.desk.store):
                self.snapshot_quietly()

    def snapshot_quietly(self) -> Job:
        """A verified copy without a word, as every hour and after a hand-over."""
        store = self.desk.store
        job = self.window.quiet.run_process(_("备份"), take_copy, store.home.root, store.key, self.desk.clock.now())
        self._copying = job
        job.result.connect(self._copied)
        job.refused.connect(self._copy_refused)
        job.failed.connect(self._copy_failed)
        job.finished.connect(self._copy_over)
        return job

    @desk_only
    def snapshot(self) -> None:
        """A copy asked for by a person."""
        job = self.snapshot_quietly()
        job.result.connect(self._copy_told)
        job.failed.connect(self._copy_not_told)

    def _copy_over(self) -> None:
        self._copying = None

    def _copy_refused(self, error: DutyDeskError) -> None:
        self.mending.look_again(error)  # of a damaged record no copy can be made

    def _copied(self, made: dict[str, Any]) -> None:
        from dutydesk.sync import rehearsal, snapshots

        self._note(snapshots.note, made)
        if self.window.closed:
            return
        self.send()
        self.window.refresh()
        if rehearsal.due(self.desk.store):
            self.rehearse_quietly()

    def _copy_failed(self, text: str) -> None:
        from dutydesk.sync import snapshots

        self._note(snapshots.note, {"error": text})
        self.window.refresh()  # the list of what is due says it: nobody is stopped amid a word every ten minutes

    def _copy_not_told(self, text: str) -> None:
        if not self.mending.busy:  # damage is told by itself, with what can be done
            self._failed(text)

    def _note(self, keep: Callable[[Any, dict[str, Any]], None], told: dict[str, Any]) -> None:
        """A disk that takes no row takes no copy either: the board has said so. Work that ends after the window has
        gone is told to nobody: its record is closed."""
        if self.window.closed:
            return
        with suppress(DutyDeskError):
            keep(self.desk.store, told)

    def _copy_told(self, made: dict[str, Any]) -> None:
        said = _("备份完成：{name}").format(name=Path(made["file"]).name)
        where = self.desk.config.second_snapshots
        more = _("正在送到第二处 {folder}，没送到时待办里会说").format(folder=where) if where else ""
        dialogs.tell(self.window, "\n".join(filter(None, (said, more))))

    def rehearse_quietly(self) -> Job:
        """The restore drill, as every week."""
        store = self.desk.store
        job = self.window.quiet.run_process(_("恢复演练"), rehearse, store.home.root, store.key, self.desk.clock.now())
        job.result.connect(self._rehearsed)
        job.failed.connect(self._rehearsal_failed)
        return job

    def _rehearsed(self, told: dict[str, Any]) -> None:
        from dutydesk.sync import rehearsal

        self._note(rehearsal.note, told)
        self.window.refresh()

    def _rehearsal_failed(self, text: str) -> None:
        self._rehearsed({"error": text})

    def keep_room(self) -> None:
        """Have the ballast, and try the second place again when it was away."""
        self.window.quiet.run(_("整理磁盘"), self._keep_room)
        if self._send_again():
            self.send()

    def send(self, *, new_place: bool = False) -> Job | None:
        """The newest copy to the second place, where one is set; `new_place`: a person says that it is one. Ended from
        outside when the place does not answer."""
        if not self.desk.config.second_snapshots or self.away.jobs or self.window.closed:
            return None
        from dutydesk.sync import snapshots

        home = self.desk.store.home
        job = self.away.run(_("第二备份"), Apart(send_copy, (home.root, new_place), asks=False))
        job.result.connect(self._sent)
        job.failed.connect(self._not_sent)
        job.cancelled.connect(self._no_answer)
        self._patience = QTimer(job)
        self._patience.setSingleShot(True)
        self._patience.setInterval(int(snapshots.longest(home.database.stat().st_size) * 1_000))
        self._patience.timeout.connect(job.cancel)
        self._patience.start()
        return job

    def _no_answer(self) -> None:
        from dutydesk.sync.snapshots import NO_ANSWER

        if not self.window.closed:
            self._note_second("", _(NO_ANSWER))

    def _keep_room(self, token: Token) -> None:
        from dutydesk.journal import ballast

        token.check()
        config = self.desk.config
        ballast.keep(self.desk.store.home.root, 0 if config.sample else config.ballast_mb)

    def _send_again(self) -> bool:
        from dutydesk.journal import peers
        from dutydesk.sync.snapshots import SECOND

        with suppress(DutyDeskError):
            last = peers.runs(self.desk.store, SECOND, 1)
            late = last and not 0 <= self.desk.clock.now() - last[0].started_at < SEND_AGAIN
            return bool(late) and last[0].state == peers.FAILED
        return False

    def _sent(self, name: str) -> None:
        self._note_second(name, "")

    def _not_sent(self, text: str) -> None:
        self._note_second("", text)

    def _note_second(self, name: str, error: str) -> None:
        from dutydesk.sync.snapshots import note_second

        if self.window.closed:
            return
        with suppress(DutyDeskError):
            note_second(self.desk.store, name, error)
        self.window.refresh()

    def _failed(self, text: str) -> None:
        dialogs.fail(self.window, text)

    # -- paper -----------------------------------------------------------------------------------------------------

    def forms(self) -> list[Form]:
        """All printouts of all features."""
        return [form for feature in self.desk.features for form in feature.forms]

    def make(self, form: Form, **params: Any) -> bytes:
        """The PDF of a form; the module with reportlab is loaded now."""
        module, name = form.make.split(":")
        function: Callable[..., bytes] = getattr(importlib.import_module(module), name)
        return function(self.desk, **params)

    def choose_form(self) -> None:
        """Ask which form, then preview it for the running shift."""
        from dutydesk.shell.forms import FormChooser

        chooser = FormChooser([form for form in self.forms() if "incident" not in form.params], self.window)
        chooser.chosen.connect(self._form_chosen)
        chooser.open()

    def _form_chosen(self, form: Form) -> None:
        try:
            pdf = self.make(form)
        except DutyDeskError as error:
            dialogs.fail(self.window, sentence(error))
            return
        self.preview(pdf, _(form.title), form.code, "", ())

    def preview(
        self, pdf: bytes, title: str, form: str = "", about: str = "", missing: Sequence[Problem] = ()
    ) -> QDialog:
        """Show a PDF in the window's own preview; printing or saving it is recorded."""
        missing = missing or getattr(pdf, "missing", ())
        about = about or getattr(pdf, "about", "")
        if missing:
            dialogs.tell(self.window, "\n".join(str(problem) for problem in missing[:8]))
        from dutydesk.qt.preview import PdfPreview

        dialog = QDialog(self.window)
        dialog.setObjectName("preview-dialog")
        dialog.setWindowTitle(title)
        view = PdfPreview(memory=self.desk.store, parent=dialog)
        column = QVBoxLayout(dialog)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(view)
        view.show_pdf(pdf, title, f"{form or 'print'}-{about or ''}.pdf".replace("/", "-").replace("-.", "."))
        view.closed.connect(dialog.accept)
        record = _Printed(self.desk, pdf, title, form, about, dialog)
        view.printed.connect(record.note)
        view.saved.connect(record.note)
        dialog.resize(min(theme.current().px(900), self.window.width()), max(480, self.window.height() - 60))
        dialog.open()
        self._preview = dialog
        return dialog

    # -- files -----------------------------------------------------------------------------------------------------

    @desk_only
    def choose_import(self) -> None:
        """Ask which list a file goes into."""
        from dutydesk.shell.forms import LedgerChooser

        chooser = LedgerChooser(self.desk, self.window)
        chooser.chosen.connect(self.import_into)
        chooser.open()

    def import_into(self, ledger: str, parent: QWidget | None = None) -> None:
        """Choose a file for a ledger and go through the import dialog."""
        from dutydesk.shell.importing import start_import

        start_import(self, ledger, parent or self.window)

    def export_from(self, ledger: str, query: Any = None, parent: QWidget | None = None) -> None:
        """Write what a list shows into a file."""
        from dutydesk.shell.importing import start_export

        start_export(self, ledger, query, parent or self.window)

    # -- alarms ----------------------------------------------------------------------------------------------------

    def alarm(self, items: Sequence[OpenItem], now: int) -> None:
        """Sound once when something becomes due; what is late when the window starts is shown, not sounded."""
        fresh = False
        for item in items:
            if item.due_at is not None and item.due_at <= now:
                key = (item.ledger, item.row, item.title, item.due_at)
                if key not in self._alarmed:
                    self._alarmed.add(key)
                    fresh = True
        if fresh and not self._first_look:
            self.sound.play("due")
        self._first_look = False

    # -- leaving ---------------------------------------------------------------------------------------------------

    def may_close(self) -> bool:
        """Whether the window may close now. Nothing unsaved is ever lost (drafts are kept); but hand-over sheets and
        sheets of outages that are on no paper are named once before."""
        missing: list[str] = []
        self._leave_for = ""
        if not self._leaving:
            for service, pane, text in UNPRINTED:
                asked = self.desk.services.get(service)
                found: list[str] = []
                with suppress(DutyDeskError):  # a record that cannot be read keeps nobody here
                    found = asked() if asked is not None else []
                if found:
                    self._leave_for = self._leave_for or pane
                    missing.append(_(text).format(what=_("、").join(found)))
        if not missing:
            return True
        if self._asked_to_leave is None:
            text = _("{missing}。仍要退出？").format(missing=_("；").join(missing))
            self._asked_to_leave = dialogs.confirm(self.window, text, _("退出"))
            self._asked_to_leave.setObjectName("leave-dialog")
            self._asked_to_leave.answered.connect(self._leave)
        return False

    def _leave(self, yes: bool) -> None:
        self._asked_to_leave = None
        if yes:
            self.leave_at_once()
            self.window.close()
        else:
            self.window.show_pane(self._leave_for)

    def leave_at_once(self, ready: bool = True) -> None:
        """The next closing asks nothing; or does again."""
        self._leaving = ready

    def close(self) -> None:
        """Stop what runs by itself."""
        self._minutely.stop()
        self.away.close()
        self.syncing.close()
        self.sound.close()


class _Printed(QObject):
    """Records that a paper was printed or saved."""

    def __init__(self, desk: Desk, pdf: bytes, title: str, form: str, about: str, parent: QObject) -> None:
        super().__init__(parent)
        self._told = (desk, pdf, title, form, about)

    def note(self, _where: object) -> None:
        """Write it into the record once."""
        from dutydesk.shifts.service import record_print

        desk, pdf, title, form, about = self._told
        record_print(desk, form or "PDF", title, about, pdf)
