"""F3: kill −9 of a process that writes, imports and makes copies; F23: of a migration, wherever it is."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from dutydesk.core.clock import FixedClock
from dutydesk.core.paths import Home
from dutydesk.features import schema
from dutydesk.journal import recipe, tables, upgrade
from dutydesk.journal.store import Store
from dutydesk.journal.verify import verify
from tests.journal import desks as d

FULL = os.environ.get("DUTYDESK_FAULTS") == "full"
SEEDS = range(1, 11) if FULL else range(1, 2)
KILLS = 100 if FULL else 20

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="SIGKILL and fork are POSIX")


@pytest.mark.parametrize("seed", SEEDS)
def test_a_writer_killed_at_any_moment_has_lost_nothing(seed: int) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.killed", "--kills", str(KILLS), "--seed", str(seed)],
        capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2_000:]
    answer = json.loads(done.stdout)
    assert answer["kills"] == KILLS
    assert answer["acknowledged"] > KILLS, "the kills fall into work"
    assert answer["found"] == []


@pytest.mark.gui
def test_the_window_killed_while_someone_types(place: Path) -> None:
    """What the entry line said was saved is there; nothing half is; the window opens again."""
    rng = random.Random(3)
    root = place / "desk"
    Store.create(Home(root), schema(), FixedClock(d.EVENING), d.config()).close()
    acknowledged: list[tuple[int, str]] = []
    for _kill in range(30 if FULL else 3):
        with subprocess.Popen(
            [sys.executable, "-m", "tests.faults.typing_window", str(root)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        ) as window:  # fmt: skip
            assert window.stdout is not None
            lines = [window.stdout.readline() for _saved in range(rng.randint(2, 6))]
            assert all(lines), window.stderr.read()[-3_000:] if window.stderr else ""
            with suppress(subprocess.TimeoutExpired):
                window.wait(rng.random() * 0.3)
            window.kill()
            lines += window.stdout.read().split("\n")[:-1]
        assert window.returncode == -signal.SIGKILL
        acknowledged += [(int(seq), digest) for seq, digest in (line.split() for line in lines)]
        with Store.open(Home(root), schema(), FixedClock(d.EVENING)) as store:
            assert store.notes == []
            held = {(seq, digest.hex()) for seq, digest in d.ask(store, "SELECT seq, hash FROM act")}
        assert set(acknowledged) <= held
        assert verify(Home(root), schema()).ok
    assert len(acknowledged) > 5


# --- F23


MIGRATE = """
import os, signal, sys, threading
from pathlib import Path
from dutydesk.core.paths import Home
from dutydesk.features import schema
from dutydesk.journal import recipe, tables, upgrade
import alembic.command, alembic.config, alembic.runtime.migration
upgrade.SCRIPTS = Path(sys.argv[1])
tables.VERSION += 1
root, kills = Path(sys.argv[2]), [float(word) for word in sys.argv[3:]]
for n, after in enumerate(kills):
    source, out = os.pipe()
    child = os.fork()
    if child == 0:
        home = Home(root)
        os.write(out, b".")
        upgrade.upgrade(home, recipe.connect(home.database), tables.VERSION - 1)
        os._exit(0)
    os.read(source, 1)
    threading.Event().wait(after)
    os.kill(child, signal.SIGKILL)
    status = os.waitpid(child, 0)[1]
    print("killed" if os.WIFSIGNALED(status) else "done")
    if not os.WIFSIGNALED(status):
        break
"""

NOW, NEXT = tables.VERSION, tables.VERSION + 1
FOLLOWING = """
from alembic import op
revision = "NEXT"
down_revision = "NOW"
branch_labels = None
depends_on = None


def upgrade():
    op.execute("ALTER TABLE checkpoint ADD COLUMN witness TEXT NOT NULL DEFAULT ''")
    for n in range(40):
        op.execute(f"CREATE TABLE local_added{n} (key TEXT NOT NULL, PRIMARY KEY (key)) STRICT, WITHOUT ROWID")
""".replace("NEXT", f"{NEXT:04d}").replace("NOW", f"{NOW:04d}")


@pytest.fixture
def place() -> Iterator[Path]:
    with d.quick_folder() as folder:
        yield folder


@pytest.mark.parametrize("seed", range(10) if FULL else range(1))
def test_a_migration_killed_at_any_moment_makes_no_act(seed: int, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside the kills at each statement (tests/journal/test_journal_migrations.py): at random moments, one after the
    other, until one start gets through."""
    scripts = place / "scripts"
    shutil.copytree(upgrade.SCRIPTS, scripts, ignore=shutil.ignore_patterns("__pycache__"))
    (scripts / "versions" / f"{NEXT:04d}_later.py").write_text(FOLLOWING, encoding="utf-8")
    home = Home(place / "desk")
    with d.make(home.root) as store:
        for n in range(30):
            d.add(store, "people", name=f"钱{n}", phone="13800000000")
        acts = d.ask(store, "SELECT * FROM act")
    rng = random.Random(seed)
    moments = [
        str(after) for after in sorted([0.001, *(rng.random() * 0.05 for _n in range(11))])
    ]  # the early ones first
    done = subprocess.run(
        [sys.executable, "-c", MIGRATE, str(scripts), str(home.root), *moments],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2_000:]
    assert "killed" in done.stdout
    raw = recipe.connect(home.database)
    version = raw.execute("PRAGMA user_version").fetchone()[0]
    added = raw.execute(
        "SELECT count(*) FROM sqlite_master WHERE name LIKE 'local_added%' AND type = 'table'"
    ).fetchone()
    assert (version, added[0]) in {(NOW, 0), (NEXT, 40)}, "all of it or nothing"
    assert [tuple(act) for act in raw.execute("SELECT * FROM act").fetchall()] == acts
    raw.close()
    monkeypatch.setattr(upgrade, "SCRIPTS", scripts)
    monkeypatch.setattr(tables, "VERSION", NEXT)
    for module in ("store", "making"):
        monkeypatch.setattr(f"dutydesk.journal.{module}.VERSION", NEXT)
    with Store.open(home, d.FULL, FixedClock(d.EVENING)) as store:
        assert d.ask(store, "PRAGMA user_version") == [(NEXT,)]
        assert d.ask(store, "SELECT * FROM act") == acts
    assert verify(home, d.FULL).ok
