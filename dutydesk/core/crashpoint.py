"""Named steps at which the fault tests let this process die, as a power cut would (engineering.md §5, F4).

`DD_CRASH_AT=push.sent` kills the process at that step, `DD_CRASH_AT=push.sent:3` when it comes there the third time.
Nothing is flushed, closed or told. Unset, as everywhere but in the fault tests, a step does nothing.
"""

from __future__ import annotations

import os
import signal

VARIABLE = "DD_CRASH_AT"
_passed: dict[str, int] = {}


def step(name: str) -> None:
    """This point of the work has a name; the process dies here when the environment asks for it."""
    wanted = os.environ.get(VARIABLE)
    if wanted is None:
        return
    at, _colon, times = wanted.partition(":")
    if at != name:
        return
    _passed[name] = _passed.get(name, 0) + 1
    if _passed[name] >= int(times or 1):
        die()


def die() -> None:
    """End this process at once, without any of the usual tidying."""
    if hasattr(signal, "SIGKILL"):
        os.kill(os.getpid(), signal.SIGKILL)
    os._exit(137)
