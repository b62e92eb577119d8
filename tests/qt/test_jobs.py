from __future__ import annotations

import multiprocessing
import threading
from functools import partial

import pytest

from dutydesk.core.errors import Problem, Refused
from dutydesk.qt import jobs
from dutydesk.qt.jobs import Apart, JobBar, JobRunner, Token

pytestmark = pytest.mark.usefixtures("themed")


@pytest.fixture
def runner(qtbot):
    made = JobRunner()
    yield made
    made.close()


def squares(count: int, token: Token) -> int:
    for at in range(count):
        token.progress(at + 1, count, f"第 {at + 1} 个")
    return sum(at * at for at in range(count))


def refuses(token: Token) -> None:
    raise Refused(Problem("不是数字", field="dead", line=3, file="a.csv"))


def breaks(token: Token) -> None:
    raise ZeroDivisionError


def runs_until_cancelled(token: Token) -> None:
    while True:
        token.check()


def is_inside_a_library(_token: Token) -> None:
    threading.Event().wait()


def dies(token: Token) -> None:
    import os

    os._exit(3)


class Ear:
    """Hears what a job says, and in which thread."""

    def __init__(self, job) -> None:
        self.heard: list[tuple] = []
        self.threads: set[str] = set()
        job.progress.connect(self.progress)
        job.result.connect(self.result)
        job.failed.connect(self.failed)
        job.cancelled.connect(self.cancelled)

    def note(self, *what: object) -> None:
        self.heard.append(what)
        self.threads.add(threading.current_thread().name)

    def progress(self, done: int, total: int, text: str) -> None:
        self.note("progress", done, total, text)

    def result(self, value: object) -> None:
        self.note("result", value)

    def failed(self, text: str) -> None:
        self.note("failed", text)

    def cancelled(self) -> None:
        self.note("cancelled")


def test_result_and_progress_arrive_in_the_window(runner, qtbot) -> None:
    job = runner.run("平方", partial(squares, 3))
    ear = Ear(job)
    with qtbot.waitSignal(runner.idle):
        pass
    assert ear.heard == [*(("progress", n, 3, f"第 {n} 个") for n in (1, 2, 3)), ("result", 5)]
    assert ear.threads == {"MainThread"}
    assert runner.jobs == ()


def test_one_after_the_other(runner, qtbot) -> None:
    order: list[int] = []

    def note(n: int, token: Token) -> None:
        order.append(n)
        assert threading.current_thread().name == "dutydesk-jobs"

    for n in range(20):
        runner.run(str(n), partial(note, n))
    with qtbot.waitSignal(runner.idle):
        pass
    assert order == list(range(20))


def test_a_refusal_is_one_sentence(runner, qtbot) -> None:
    ear = Ear(runner.run("导入", refuses))
    with qtbot.waitSignal(runner.idle):
        pass
    assert ear.heard == [("failed", "a.csv: 3: dead: 不是数字")]


def test_our_own_fault_is_logged(runner, qtbot, expect_log) -> None:
    expect_log("job '导入' failed")
    ear = Ear(runner.run("导入", breaks))
    with qtbot.waitSignal(runner.idle):
        pass
    assert ear.heard == [("failed", "程序出错，已记录")]


def test_cancelling(runner, qtbot) -> None:
    job = runner.run("长", runs_until_cancelled)
    ear = Ear(job)
    with qtbot.waitSignal(runner.idle):
        job.cancel()
    assert ear.heard == [("cancelled",)]


def test_a_waiting_job_that_is_cancelled_never_runs(runner, qtbot) -> None:
    first = runner.run("长", runs_until_cancelled)
    second = runner.run("后", breaks)
    ear = Ear(second)
    second.cancel()
    with qtbot.waitSignal(runner.idle):
        first.cancel()
    assert ear.heard == [("cancelled",)]


def test_closing_ends_the_thread(qtbot) -> None:
    runner = JobRunner()
    runner.run("长", runs_until_cancelled)
    runner.close()
    assert not any(thread.name == "dutydesk-jobs" for thread in threading.enumerate())
    runner.close()
    with pytest.raises(RuntimeError):
        runner.run("后", breaks)


def test_a_process_of_its_own(runner, qtbot) -> None:
    job = runner.run_process("平方", squares, 4)
    ear = Ear(job)
    with qtbot.waitSignal(runner.idle, timeout=20_000):
        pass
    assert ear.heard[-1] == ("result", 14)
    assert ("progress", 4, 4, "第 4 个") in ear.heard


def test_a_process_refuses_dies_and_is_cancelled(runner, qtbot, expect_log) -> None:
    expect_log("job '死' failed")
    ears = [Ear(runner.run_process("拒", refuses)), Ear(runner.run_process("死", dies))]
    job = runner.run_process("长", runs_until_cancelled)
    ears.append(Ear(job))
    qtbot.waitUntil(lambda: runner.jobs == (job,), timeout=20_000)
    with qtbot.waitSignal(runner.idle, timeout=20_000):
        job.cancel()
    assert [ear.heard for ear in ears] == [
        [("failed", "a.csv: 3: dead: 不是数字")],
        [("failed", "程序出错，已记录")],
        [("cancelled",)],
    ]


def test_a_process_whose_asker_has_gone_ends_without_a_word() -> None:
    for work in (runs_until_cancelled, refuses, squares):
        ours, theirs = multiprocessing.Pipe()
        ours.close()
        jobs._in_process(theirs, work, (3,) if work is squares else ())
        assert theirs.closed


def test_a_process_that_never_asks_is_ended(runner, qtbot) -> None:
    job = runner.run("求解", Apart(is_inside_a_library, (), asks=False))
    qtbot.waitUntil(lambda: bool(multiprocessing.active_children()), timeout=10_000)
    with qtbot.waitSignal(job.cancelled, timeout=10_000):
        job.cancel()
    assert not multiprocessing.active_children()


def test_short_work_shows_no_bar_long_work_does(runner, qtbot) -> None:
    bar = JobBar(runner)
    qtbot.addWidget(bar)
    runner.run("短", partial(squares, 1))
    with qtbot.waitSignal(runner.idle):
        pass
    assert not bar.isVisible()
    job = runner.run("导入日志", runs_until_cancelled)
    qtbot.waitUntil(bar.isVisible)
    assert bar.text.text() == "导入日志"
    with qtbot.waitSignal(runner.idle):
        bar.stop.click()
    assert not bar.isVisible()
    assert job.over
