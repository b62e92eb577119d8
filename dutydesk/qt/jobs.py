"""Work that takes longer than a moment: one worker, progress, cancel, and results back in the window's thread.

`JobRunner.run` calls a function in the runner's one thread; jobs wait for each other in the order they came, so two of
them never write at once. `JobRunner.run_process` does the Python-heavy part in a process of its own (spawned, never
forked), because it is the interpreter's lock that a save beside it would wait for, not SQLite (engineering.md §3.4).
Either way the function gets a `Token` as its last argument: it reports progress by it and learns by it that it was
cancelled. What it returns or raises arrives as a signal; slots are bound methods.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QWidget

from dutydesk.core.errors import DutyDeskError
from dutydesk.core.i18n import N_, _
from dutydesk.qt.theme import current
from dutydesk.qt.widgets import Elided, button

log = logging.getLogger(__name__)
SHOW_AFTER_MS = 300
STOP_WAIT_S = 10.0
OUR_FAULT = N_("程序出错，已记录")


class Cancelled(Exception):
    """The person cancelled; raised inside the job by `Token.check`."""


class Token(Protocol):
    """What a job is given: tells progress, and whether it is still wanted."""

    def progress(self, done: int, total: int, text: str = "") -> None:
        """Say how far it is; raises `Cancelled` when it is no longer wanted."""
        ...

    def check(self) -> None:
        """Raise `Cancelled` when it is no longer wanted."""
        ...


@dataclass(slots=True)
class _ThreadToken:
    job: Job
    stop: threading.Event

    def progress(self, done: int, total: int, text: str = "") -> None:
        self.check()
        self.job.tell_progress(done, total, text)

    def check(self) -> None:
        if self.stop.is_set():
            raise Cancelled


@dataclass(slots=True)
class _ProcessToken:
    pipe: Any

    def progress(self, done: int, total: int, text: str = "") -> None:
        self.pipe.send(("progress", done, total, text))
        self.check()

    def check(self) -> None:
        if self.pipe.poll():
            raise Cancelled


class Job(QObject):
    """One piece of work, waiting, running or through.

    Signals, all in the window's thread:
        progress: done, total (0 when unknown), text. result: what the function returned. failed: one sentence.
        refused: the `DutyDeskError` itself, before `failed`. cancelled. finished: after any of them.
    """

    progress = Signal(int, int, str)
    result = Signal(object)
    failed = Signal(str)
    refused = Signal(object)
    cancelled = Signal()
    finished = Signal()
    _told = Signal(str, object)

    def __init__(self, title: str, work: Callable[[Token], Any], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.title = title
        self._work = work
        self._stop = threading.Event()
        self.over = False
        self._told.connect(self._arrived)

    def cancel(self) -> None:
        """Ask it to stop; `cancelled` follows when it has."""
        self._stop.set()

    def tell_progress(self, done: int, total: int, text: str) -> None:
        """In the worker's thread: hand progress over to the window's."""
        self._told.emit("progress", (done, total, text))

    def perform(self) -> None:
        """In the worker's thread: do the work and hand over what came of it."""
        try:
            if self._stop.is_set():
                raise Cancelled
            self._told.emit("result", self._work(_ThreadToken(self, self._stop)))
        except Cancelled:
            self._told.emit("cancelled", None)
        except DutyDeskError as error:
            self._told.emit("refused", error)
        except BaseException as error:
            log.error("job %r failed", self.title, exc_info=error)
            self._told.emit("failed", None)

    def _arrived(self, what: str, value: Any) -> None:
        """In the window's thread, where this object lives."""
        if what == "progress":
            if not self.over:
                self.progress.emit(*value)
            return
        self.over = True
        match what:
            case "result":
                self.result.emit(value)
            case "cancelled":
                self.cancelled.emit()
            case "refused":
                self.refused.emit(value)
                self.failed.emit(sentence(value))
            case _:
                self.failed.emit(_(OUR_FAULT))
        self.finished.emit()


def sentence(error: BaseException) -> str:
    """One sentence for an error: what the family says, or that it is our fault and was logged."""
    if isinstance(error, DutyDeskError):
        more = len(error.problems) - 1
        first = str(error.problems[0]) if error.problems else str(error)
        return _("{first}（另有 {more} 处）").format(first=first, more=more) if more > 0 else first
    return _(OUR_FAULT)


class JobRunner(QObject):
    """One worker thread, started with its first job and joined by `close`.

    Signals:
        started: a `Job` has been taken in. idle: none is left.
    """

    started = Signal(object)
    idle = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._queue: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._jobs: list[Job] = []
        self._closed = False

    @property
    def jobs(self) -> tuple[Job, ...]:
        """Jobs that are running or waiting, in order."""
        return tuple(self._jobs)

    def run(self, title: str, work: Callable[[Token], Any]) -> Job:
        """Call `work(token)` in the worker's thread. Connect to the job's signals at once: they come later, from the
        event loop."""
        if self._closed:
            raise RuntimeError("the runner is closed")
        job = Job(title, work, self)
        job.finished.connect(self._finished)
        self._jobs.append(job)
        if self._thread is None:
            self._thread = threading.Thread(target=_worker, args=(self._queue,), name="dutydesk-jobs", daemon=True)
            self._thread.start()
        self._queue.put(job)
        self.started.emit(job)
        return job

    def run_process(self, title: str, function: Callable[..., Any], *arguments: Any) -> Job:
        """Call `function(*arguments, token)` in a process of its own. Function, arguments and result are pickled;
        the function is importable by name."""
        return self.run(title, Apart(function, arguments))

    def close(self) -> None:
        """Cancel what runs, wait for it, and end the thread; safe to call twice."""
        self._closed = True
        for job in self._jobs:
            job.cancel()
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join(STOP_WAIT_S)
            if self._thread.is_alive():
                log.warning("a job did not stop: %s", ", ".join(job.title for job in self._jobs))
            self._thread = None

    def _finished(self) -> None:
        job = self.sender()
        if isinstance(job, Job) and job in self._jobs:
            self._jobs.remove(job)
            job.deleteLater()
        if not self._jobs:
            self.idle.emit()


def _worker(jobs: queue.SimpleQueue[Job | None]) -> None:
    while (job := jobs.get()) is not None:
        job.perform()
        del job


@dataclass(frozen=True, slots=True)
class Apart:
    """`function(*arguments, token)` in a process of its own, called from a job's thread. One that does not ask its
    token (`asks` false: it is inside a library) is ended when the job is cancelled."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    asks: bool = True

    def __call__(self, token: Token) -> Any:
        import multiprocessing  # not before the first such job: the window's start does not pay for it

        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_in_process, args=(theirs, self.function, self.arguments), daemon=True)
        process.start()
        theirs.close()
        try:
            return self._listen(ours, token)
        finally:
            if not self.asks:
                process.terminate()  # it has answered, or nobody waits for its answer
            ours.close()
            process.join(STOP_WAIT_S)
            if process.is_alive():
                process.kill()
                process.join(STOP_WAIT_S)
            if process.is_alive():  # inside a system call that nothing ends, such as a dead share's
                log.error("the process of a job cannot be ended")
            else:
                process.close()

    def _listen(self, ours: Any, token: Token) -> Any:
        asked = False
        while True:
            try:
                if not asked:
                    token.check()
                if not ours.poll(0.05):
                    continue
                what, *rest = ours.recv()
                if what == "progress":
                    token.progress(*rest)
                elif what == "result":
                    return rest[0]
                elif what == "refused":
                    raise rest[0](*rest[1])
                elif what == "cancelled":
                    raise Cancelled
                else:
                    raise RuntimeError(rest[0])
            except Cancelled:
                if asked or not self.asks:
                    raise
                asked = True
                ours.send("cancel")
            except EOFError:
                raise RuntimeError("the process of a job died") from None


def _in_process(pipe: Any, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    try:
        _tell(pipe, "result", function(*arguments, _ProcessToken(pipe)))
    except Cancelled:
        _tell(pipe, "cancelled")
    except DutyDeskError as error:
        _tell(pipe, "refused", type(error), error.problems)
    except BaseException as error:  # noqa: BLE001 - the edge of a process: told to the one that logs
        _tell(pipe, "failed", f"{type(error).__name__}: {error}")
    finally:
        pipe.close()


def _tell(pipe: Any, *told: Any) -> None:
    with suppress(BrokenPipeError):  # whoever asked has gone
        pipe.send(told)


class JobBar(QWidget):
    """What runs and how far, with a button to stop it; appears after 300 ms, so that short work shows nothing."""

    def __init__(self, runner: JobRunner, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._runner = runner
        self._job: Job | None = None
        row = QHBoxLayout(self)
        row.setContentsMargins(current().px(8), current().px(4), current().px(8), current().px(4))
        row.setSpacing(current().px(8))
        self.text = Elided("", "muted")
        self.bar = QProgressBar()
        self.stop = button(_("停止"))
        self.stop.clicked.connect(self._cancel)
        row.addWidget(self.text, 1)
        row.addWidget(self.bar, 1)
        row.addWidget(self.stop)
        self._wait = QTimer(self)
        self._wait.setSingleShot(True)
        self._wait.setInterval(SHOW_AFTER_MS)
        self._wait.timeout.connect(self._appear)
        runner.started.connect(self._take)
        runner.idle.connect(self._idle)
        self.hide()

    def _take(self, job: Job) -> None:
        job.progress.connect(self._progress)
        job.finished.connect(self._next)
        if self._job is None:
            self._follow(job)

    def _follow(self, job: Job) -> None:
        self._job = job
        self.text.setText(job.title)
        self.bar.setRange(0, 0)
        self.stop.setEnabled(True)
        if not self.isVisible():
            self._wait.start()

    def _appear(self) -> None:
        if self._job is not None:
            self.show()

    def _progress(self, done: int, total: int, text: str) -> None:
        job = self.sender()
        if isinstance(job, Job):
            if job is not self._job:
                self._follow(job)
            self.bar.setRange(0, total)
            self.bar.setValue(done)
            self.text.setText(f"{job.title}  {text}" if text else job.title)

    def _next(self) -> None:
        waiting = [job for job in self._runner.jobs if job is not self.sender()]
        if waiting:
            self._follow(waiting[0])

    def _idle(self) -> None:
        self._wait.stop()
        self._job = None
        self.hide()

    def _cancel(self) -> None:
        if self._job is not None:
            self.stop.setEnabled(False)
            self._job.cancel()
