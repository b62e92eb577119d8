"""Migrations: an older file becomes the same as a new one, keeps its acts, and survives being killed on the way."""

from __future__ import annotations

import errno
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from dutydesk.core.clock import FixedClock
from dutydesk.core.errors import Refused, Unavailable
from dutydesk.core.paths import Home
from dutydesk.core.settings import save
from dutydesk.journal import recipe, tables, upgrade
from dutydesk.journal.locks import DeskLock
from dutydesk.journal.making import statements
from dutydesk.journal.store import Store
from dutydesk.journal.verify import verify
from tests.journal import desks as d

NOW, NEXT = tables.VERSION, tables.VERSION + 1  # this program's files, and those of a later one
LATER = f"{NEXT:04d}_later.py"
REVISIONS = sorted(path.stem for path in (upgrade.SCRIPTS / "versions").glob("[0-9]*.py"))

FOLLOWING = '''"""A revision of a later program, for tests."""

from alembic import op

revision = "NEXT"
down_revision = "NOW"
branch_labels = None
depends_on = None


def upgrade():
    op.execute("ALTER TABLE checkpoint ADD COLUMN witness TEXT NOT NULL DEFAULT ''")
    op.execute("CREATE TABLE local_added (key TEXT NOT NULL, PRIMARY KEY (key)) STRICT, WITHOUT ROWID")


def downgrade():
    op.execute("DROP TABLE local_added")
    op.execute("ALTER TABLE checkpoint DROP COLUMN witness")
'''.replace("NEXT", f"{NEXT:04d}").replace("NOW", f"{NOW:04d}")


def made(raw: recipe.Raw) -> list[tuple[str, str]]:
    """Everything in the file but the projections of ledgers."""
    found = raw.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name").fetchall()
    return [(name, sql) for name, sql in found]


@pytest.fixture
def raw(tmp_path: Path) -> Iterator[recipe.Raw]:
    """An empty file, version 0."""
    connection = recipe.connect(tmp_path / "desk.sqlite", create=True)
    yield connection
    connection.close()


def fresh(folder: Path) -> list[tuple[str, str]]:
    """What a new file of this program holds beside its ledgers."""
    connection = recipe.connect(folder / "fresh.sqlite", create=True)
    for statement in (*statements(tables.JOURNAL), *statements(tables.MERGE), *statements(tables.LOCAL)):
        connection.execute(statement)
    found = made(connection)
    connection.close()
    return found


@pytest.fixture
def later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program whose files have the next version: its scripts."""
    scripts = tmp_path / "later"
    shutil.copytree(upgrade.SCRIPTS, scripts, ignore=shutil.ignore_patterns("__pycache__"))
    (scripts / "versions" / LATER).write_text(FOLLOWING, encoding="utf-8")
    monkeypatch.setattr(upgrade, "SCRIPTS", scripts)
    monkeypatch.setattr(tables, "VERSION", NEXT)
    for module in ("store", "making"):
        monkeypatch.setattr(f"dutydesk.journal.{module}.VERSION", NEXT)
    return scripts


FIRST = ("local_key", "local_peer", "local_pin")


def test_0001_journal(raw: recipe.Raw, tmp_path: Path) -> None:
    """Up gives a file of the first program; down gives an empty one; down is refused over a record."""
    old = [(name, sql) for name, sql in fresh(tmp_path) if name not in FIRST]
    upgrade.move(raw, 0, 1)
    assert made(raw) == old
    assert raw.execute("PRAGMA user_version").fetchone()[0] == 1
    upgrade.move(raw, 1, 0)
    assert made(raw) == []
    assert raw.execute("PRAGMA user_version").fetchone()[0] == 0
    upgrade.move(raw, 0, 1)
    one_act(raw)
    with pytest.raises(RuntimeError, match="never dropped"):
        upgrade.move(raw, 1, 0)
    assert made(raw) == old
    assert raw.execute("PRAGMA user_version").fetchone()[0] == 1


def one_act(raw: recipe.Raw) -> None:
    raw.execute(
        "INSERT INTO act (desk, epoch, seq, act_id, hlc, happened_at, recorded_at, by, kind, sv, body, alg, prev, hash)"
        " VALUES (zeroblob(16), 1, 1, zeroblob(16), 1, 1, 1, 'system', 'epoch.open', 1, x'7b7d', 1, zeroblob(32), zeroblob(32))"
    )


def test_0002_accounts_and_keys(raw: recipe.Raw, tmp_path: Path) -> None:
    """Up gives a new file to the letter and keeps the acts; down takes the three tables and nothing else."""
    new = fresh(tmp_path)
    upgrade.move(raw, 0, 1)
    one_act(raw)
    raw.execute("INSERT INTO local_state VALUES ('looks', 'dark')")
    before, acts = made(raw), [tuple(act) for act in raw.execute("SELECT * FROM act").fetchall()]
    upgrade.move(raw, 1, 2)
    assert made(raw) == new
    assert raw.execute("PRAGMA user_version").fetchone()[0] == 2
    raw.execute("INSERT INTO local_pin VALUES ('00', '$argon2id$', 1)")
    raw.execute("INSERT INTO local_key VALUES ('sign', x'00', 1)")
    raw.execute("INSERT INTO local_peer VALUES ('hub', '{}', 1)")
    upgrade.move(raw, 2, 1)
    assert made(raw) == before
    assert raw.execute("PRAGMA user_version").fetchone()[0] == 1
    upgrade.move(raw, 1, 2)
    assert made(raw) == new
    assert raw.execute("SELECT count(*) FROM local_pin").fetchone()[0] == 0  # downgrading gave the PINs up
    assert [tuple(act) for act in raw.execute("SELECT * FROM act").fetchall()] == acts
    assert raw.execute("SELECT value FROM local_state").fetchone()[0] == "dark"


def test_every_revision_has_a_test_of_its_own_name() -> None:
    missing = [name for name in REVISIONS if f"test_{name}" not in globals()]
    assert not missing, f"write test_<name> here, up, down and with data, for {missing}"


def test_the_newest_revision_is_the_version_of_a_new_file() -> None:
    assert upgrade.revision(tables.VERSION) == REVISIONS[-1].split("_")[0]
    assert [name.split("_")[0] for name in REVISIONS] == [f"{n:04d}" for n in range(1, len(REVISIONS) + 1)]


def test_revisions_import_nothing_of_ours() -> None:
    for path in upgrade.SCRIPTS.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"^\s*(from|import)\s+dutydesk", text, re.MULTILINE), path
        assert "batch_alter_table" not in text, f"{path}: batch mode drops the guards of act"


def test_an_empty_file_opens_as_a_desk_after_its_upgrade(tmp_path: Path) -> None:
    home = Home(tmp_path / "desk")
    home.root.mkdir()
    recipe.connect(home.database, create=True).close()
    save(home.config, d.config())
    with Store.open(home, d.FULL, FixedClock(d.EVENING)) as store:
        row = d.add(store, "people", name="钱一")
        assert d.ask(store, "SELECT name FROM people WHERE id = ?", row) == [("钱一",)]
    with d.make(tmp_path / "other") as new:
        names = dict(d.ask(new, "SELECT name, sql FROM sqlite_master"))
    with Store.open(home, d.FULL, FixedClock(d.EVENING)) as store:
        assert dict(d.ask(store, "SELECT name, sql FROM sqlite_master")) == names


@pytest.mark.parametrize("key", [None, d.KEY], ids=["plain", "encrypted"])
def test_an_upgrade_keeps_every_act_and_leaves_a_copy(tmp_path: Path, later: Path, key: bytes | None) -> None:
    tables.VERSION = NOW  # the desk was made by today's program
    with d.make(tmp_path / "desk", key=key) as store:
        row = d.add(store, "people", name="钱一", phone="0571-00000001")
        d.write(store, "people", row, note="值守")
        store.remember("looks", "dark")
        acts, before = d.ask(store, "SELECT * FROM act"), d.digest_of(store)
        store._raw.execute(f"PRAGMA user_version={NOW}")  # type: ignore[union-attr]
    tables.VERSION = NEXT
    home = Home(tmp_path / "desk")
    with Store.open(home, d.FULL, FixedClock(d.EVENING), key=key) as store:
        assert d.ask(store, "PRAGMA user_version") == [(NEXT,)]
        assert d.ask(store, "SELECT * FROM act") == acts
        assert d.digest_of(store) == before
        assert store.state("looks") == "dark"
        assert d.ask(store, "SELECT witness FROM checkpoint") == []
        assert not d.ask(store, "SELECT 1 FROM sqlite_master WHERE name LIKE 'alembic%'")
        with pytest.raises(recipe.driver().IntegrityError):
            store._raw.execute("DELETE FROM act")  # type: ignore[union-attr]
    assert verify(home, d.FULL, key).ok
    beside = (home.root / f"desk.before-{NOW}.sha256").read_text().split()
    assert beside[0] == sha256((home.root / f"desk.before-{NOW}.sqlite").read_bytes()).hexdigest()
    copied = recipe.connect(home.root / f"desk.before-{NOW}.sqlite", key)
    assert [tuple(act) for act in copied.execute("SELECT * FROM act").fetchall()] == acts
    assert copied.execute("PRAGMA user_version").fetchone()[0] == NOW
    copied.close()
    # and down again, with the data
    raw = recipe.connect(home.database, key)
    upgrade.move(raw, NEXT, NOW)
    assert [tuple(act) for act in raw.execute("SELECT * FROM act").fetchall()] == acts
    assert raw.execute("PRAGMA user_version").fetchone()[0] == NOW
    assert "witness" not in str(raw.execute("SELECT sql FROM sqlite_master WHERE name = 'checkpoint'").fetchone())
    raw.close()


def test_a_migration_that_makes_an_act_is_undone(tmp_path: Path, later: Path) -> None:
    with d.make(tmp_path / "desk") as store:
        acts = d.ask(store, "SELECT * FROM act")
        store._raw.execute(f"PRAGMA user_version={NOW}")  # type: ignore[union-attr]
    (later / "versions" / LATER).write_text(
        FOLLOWING.replace(
            "def upgrade():",
            'def upgrade():\n    op.execute("INSERT INTO act (desk, epoch, seq, act_id, hlc, happened_at, recorded_at, by,'
            " kind, sv, body, alg, prev, hash) SELECT desk, epoch, 2, zeroblob(16), hlc, 1, 1, 'system', 'x', 1, body, 1,"
            ' hash, hash FROM act WHERE seq = 1")',
        ),
        encoding="utf-8",
    )
    with pytest.raises(Exception, match="已撤销"):
        Store.open(Home(tmp_path / "desk"), d.FULL, FixedClock(d.EVENING))
    raw = recipe.connect(tmp_path / "desk" / "desk.sqlite")
    assert [tuple(act) for act in raw.execute("SELECT * FROM act").fetchall()] == acts
    assert raw.execute("PRAGMA user_version").fetchone()[0] == NOW
    raw.close()


def test_a_failing_migration_leaves_the_file_as_it_was(tmp_path: Path, later: Path) -> None:
    with d.make(tmp_path / "desk") as store:
        store._raw.execute(f"PRAGMA user_version={NOW}")  # type: ignore[union-attr]
    script = later / "versions" / LATER
    script.write_text(FOLLOWING.replace("CREATE TABLE local_added", "CREATE TABLE act"), encoding="utf-8")
    with pytest.raises(Exception, match="already exists"):
        Store.open(Home(tmp_path / "desk"), d.FULL, FixedClock(d.EVENING))
    script.write_text(FOLLOWING, encoding="utf-8")
    with Store.open(Home(tmp_path / "desk"), d.FULL, FixedClock(d.EVENING)) as store:
        assert d.ask(store, "PRAGMA user_version") == [(NEXT,)]


KILLED = """
import os, sys
from pathlib import Path
from types import SimpleNamespace
from dutydesk.journal import recipe, tables, upgrade
from dutydesk.core.paths import Home
upgrade.SCRIPTS, at = Path(sys.argv[2]), sys.argv[3]
tables.VERSION = int(sys.argv[4])
raw = recipe.connect(Path(sys.argv[1]) / "desk.sqlite")
raw.set_trace_callback(lambda statement: os.kill(os.getpid(), 9) if at in statement else None)
upgrade.upgrade(Home(Path(sys.argv[1])), raw, tables.VERSION - 1)
"""


@pytest.mark.parametrize(
    "at",
    [
        "VACUUM INTO",
        "integrity_check",
        "ALTER TABLE checkpoint",
        "CREATE TABLE local_added",
        f"user_version={NEXT}",
        "COMMIT",
    ],
)
def test_killed_while_migrating(tmp_path: Path, later: Path, at: str) -> None:
    """SIGKILL just before the named statement: the old program's file works, the next start completes."""
    home = Home(tmp_path / "desk")
    with d.make(home.root) as store:
        d.add(store, "people", name="钱一")
        acts = d.ask(store, "SELECT * FROM act")
        store._raw.execute(f"PRAGMA user_version={NOW}")  # type: ignore[union-attr]
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(home.root), str(later), at, str(NEXT)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    raw = recipe.connect(home.database)
    assert raw.execute("PRAGMA user_version").fetchone()[0] == NOW
    assert raw.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    assert [tuple(act) for act in raw.execute("SELECT * FROM act").fetchall()] == acts
    assert "witness" not in str(raw.execute("SELECT sql FROM sqlite_master WHERE name = 'checkpoint'").fetchone())
    upgrade.upgrade(home, raw, NOW)
    assert raw.execute("PRAGMA user_version").fetchone()[0] == NEXT
    assert [tuple(act) for act in raw.execute("SELECT * FROM act").fetchall()] == acts
    raw.close()
    assert not list(home.root.glob("*.new"))


def test_no_upgrade_without_room_for_the_copy(tmp_path: Path, later: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with d.make(tmp_path / "desk") as store:
        store._raw.execute(f"PRAGMA user_version={NOW}")  # type: ignore[union-attr]
        home = store.home

    def full(path: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(upgrade, "sync_file", full)
    with pytest.raises(Unavailable, match="备份没有做成"):
        Store.open(home, d.FULL, FixedClock(d.EVENING))
    raw = recipe.connect(home.database)
    assert raw.execute("PRAGMA user_version").fetchone()[0] == NOW
    raw.close()
    assert not list(home.root.glob("desk.before*"))


def test_an_upgrade_waits_for_nobody_in_the_desk(tmp_path: Path, later: Path) -> None:
    with d.make(tmp_path / "desk") as store:
        store._raw.execute(f"PRAGMA user_version={NOW}")  # type: ignore[union-attr]
        home = store.home
    with DeskLock(home.lock, exclusive=False), pytest.raises(Unavailable, match="另一个程序"):
        Store.open(home, d.FULL, FixedClock(d.EVENING))
    with Store.open(home, d.FULL, FixedClock(d.EVENING)) as first:
        assert d.ask(first, "PRAGMA user_version") == [(NEXT,)]
        Store.open(home, d.FULL, FixedClock(d.EVENING)).close()  # shared again afterwards


def test_a_newer_file_is_refused_with_a_sentence_and_not_touched(tmp_path: Path) -> None:
    with d.make(tmp_path / "desk") as store:
        store._raw.execute(f"PRAGMA user_version={tables.VERSION + 1}")  # type: ignore[union-attr]
        home = store.home
    content = home.database.read_bytes()
    with pytest.raises(Refused, match=r"较新版本.*请升级"):
        Store.open(home, d.FULL, FixedClock(d.EVENING))
    assert home.database.read_bytes() == content


def test_alembic_stays_out_of_an_ordinary_start(tmp_path: Path) -> None:
    d.make(tmp_path / "desk").close()
    script = (
        "import sys; from pathlib import Path; from tests.journal import desks as d; from dutydesk.core.paths import Home\n"
        "store = d.Store.open(Home(Path(sys.argv[1])), d.FULL, d.FixedClock(d.EVENING))\n"
        "d.add(store, 'people', name='钱一'); store.close()\n"
        "print(sorted(m for m in sys.modules if m.split('.')[0] == 'alembic' or m == 'sqlalchemy.orm'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "desk")], capture_output=True, text=True, timeout=60
    )
    assert done.stdout.strip() == "[]", done.stdout + done.stderr
