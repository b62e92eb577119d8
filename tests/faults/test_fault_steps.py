"""F4: an import killed at its named steps; and every named step is one at which some test kills the process."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import pytest

from dutydesk.core import crashpoint
from dutydesk.core.clock import FixedClock
from dutydesk.core.ids import CLI
from dutydesk.journal import batches
from dutydesk.journal.query import Query, count
from dutydesk.journal.store import Store
from dutydesk.journal.verify import verify
from tests.journal import desks as d

ROOT = Path(__file__).resolve().parents[2]


def test_every_named_step_is_killed_at_somewhere() -> None:
    """A name that `crashpoint.step` is given stands in some test as a text of its own."""
    used = "from dutydesk.core.crashpoint import step"
    modules = [text for path in (ROOT / "dutydesk").rglob("*.py") if used in (text := path.read_text("utf-8"))]
    steps = {name for text in modules for name in re.findall(r'\bstep\("([a-z.-]+)"\)', text)}
    assert len(steps) >= 40, "they are found"
    tests = "".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    assert {name for name in steps if not re.search(rf'"{re.escape(name)}[":]', tests)} == set(), "no test kills there"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="SIGKILL and fork are POSIX")
@pytest.mark.parametrize("place", ["import.kept", "import.act", "import.act:2", "import.act:3", "import.done"])
def test_an_import_that_is_killed_is_finished_at_the_next_start(place: str) -> None:
    """Shown when it is whole and not before; each row once; nothing that was there before is gone."""
    with d.quick_folder() as folder:
        with d.make(folder / "desk") as store:
            before = d.add(store, "places", name="在前")
            rows = [d.new("places", {"name": f"场所{n}", "area": n}) for n in range(60)]
        home = store.home
        child = os.fork()
        if child == 0:
            try:
                os.environ[crashpoint.VARIABLE] = place
                batches.write(Store.open(home, d.FULL, FixedClock(d.EVENING)), "test.import", rows, by=CLI, size=20)
            finally:
                os._exit(9)
        _pid, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status)
        assert os.WTERMSIG(status) == signal.SIGKILL
        with Store.open(home, d.FULL, FixedClock(d.EVENING)) as store:
            whole = place in ("import.act:3", "import.done")
            assert shown(store) == (61 if whole else 1)
            batches.resume(store)
            assert shown(store) == 61
            assert batches.resume(store) == 0
            held = {row for (row,) in d.ask(store, "SELECT id FROM places WHERE _state = 1")}
            assert held == {before, *(change.row for change in rows)}
            assert d.ask(store, "SELECT count(*) FROM act WHERE kind = 'test.import'") == [(3,)]
        assert verify(home, d.FULL).ok


def shown(store: Store) -> int:
    with store.read() as connection:
        return count(connection, store.schema["places"], Query("places"))
