"""A desk that takes in files in a process of little memory: `python -m tests.sync.limited ROOT BYTES`, names of files by
standard input, one line of JSON for each on standard output. `peak` is the most that the process ever had in memory, in
bytes (VmHWM: `ru_maxrss` would be that of whoever started it, where that was more); more than BYTES of address space
the system refuses it, which would end it here."""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path


def peak() -> int:
    """Bytes."""
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    root, most = Path(sys.argv[1]), int(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_AS, (most, most))

    from dutydesk.core.paths import Home
    from dutydesk.sync import bundleheld, bundlein
    from tests.journal import desks as d

    with d.Store.open(Home(root), d.FULL, d.FixedClock(d.EVENING)) as store:
        frontier = d.ask(store, "SELECT desk, epoch, seq FROM frontier ORDER BY 1, 2")
        for name in sys.stdin.read().splitlines():
            start = time.monotonic()
            taken = bundlein.take(store, Path(name))
            told = {
                "state": taken.state,
                "reason": taken.reason,
                "applied": taken.applied,
                "seconds": time.monotonic() - start,
                "peak": peak(),
                "inbox": [one.name for one in bundleheld.inbox_of(store).glob("*")],
            }
            assert d.ask(store, "SELECT desk, epoch, seq FROM frontier ORDER BY 1, 2") == frontier, name
            sys.stdout.write(json.dumps(told) + "\n")
            sys.stdout.flush()
