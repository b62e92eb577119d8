"""F35 for sync: a laptop that sleeps in the midst of a run. The hub lets it go and takes the others meanwhile; awake
again, the desk says that the line broke, and the next run brings everybody into step."""

from __future__ import annotations

import os
import signal

import pytest

from dutydesk.core import crashpoint
from dutydesk.core.errors import Unavailable
from tests.sync.fleet import Fleet

FULL = os.environ.get("DUTYDESK_FAULTS") == "full"
STEPS = ("push.begun", "push.acts", "push.before-commit", "push.committed", "push.ended", "pull.received")
OK, BROKEN, OTHER = 0, 7, 8

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="SIGSTOP and fork are POSIX")


def sleep() -> None:
    """Stand still, once."""
    del os.environ[crashpoint.VARIABLE]
    os.kill(os.getpid(), signal.SIGSTOP)


def sleeping_at(fleet: Fleet, name: str, step: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """Begin a run of a closed desk in a process of its own, which stands still at a step; its number."""
    child = os.fork()
    if child == 0:
        code = OTHER
        try:
            monkeypatch.setattr(crashpoint, "die", sleep)
            os.environ[crashpoint.VARIABLE] = step
            fleet.open(name)
            fleet.sync(name)
            code = OK
        except Unavailable:
            code = BROKEN
        finally:
            os._exit(code)
    _pid, status = os.waitpid(child, os.WUNTRACED)
    assert os.WIFSTOPPED(status), f"never came to {step}"
    return child


def wake(child: int) -> int:
    os.kill(child, signal.SIGCONT)
    _pid, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


@pytest.mark.parametrize("step", STEPS if FULL else STEPS[1:2])
def test_a_desk_asleep_amid_a_run_stops_nobody(fleet: Fleet, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in (1, 2):
        fleet.add(n)
        fleet.write(n, f"第{n}席")
    fleet.settle(1, 2)
    patience = "ALTER ROLE {login} SET idle_in_transaction_session_timeout = '300ms'"
    fleet.server.execute(fleet.database, patience.format(login=f"{fleet.database}_d1"))
    fleet.write(1, "入睡之前")
    fleet.write(2, "夜里")
    fleet.sync(2)
    fleet.close_desk("1")
    child = sleeping_at(fleet, "1", step, monkeypatch)
    fleet.write(2, "它睡着的时候")
    assert fleet.sync(2).waiting == 0, "the hub has let the sleeper's transaction go"
    assert wake(child) in {OK, BROKEN}
    fleet.open("1")
    fleet.settle(1, 2)
    fleet.check(1, 2)
    assert fleet.lost(1, 2) == []
