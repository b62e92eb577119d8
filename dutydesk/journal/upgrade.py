"""Bringing an older file to this program's schema: the one place that loads alembic.

The file is copied beside itself first; `sync.snapshots` brings that copy to the second place. All revisions run in one transaction together with `user_version`, so that a
kill at any moment leaves the old file working and the next start begins again. Migrations never make an act; the
ledger tables are projections and are adapted afterwards (`journal/rebuild.py`).
"""

from __future__ import annotations

import hashlib
import json
from importlib.resources import files
from pathlib import Path
from typing import Any

from dutydesk.core.errors import Damaged, Unavailable
from dutydesk.core.files import sync_file, sync_folder, write_synced
from dutydesk.core.i18n import _
from dutydesk.core.paths import Home
from dutydesk.journal import recipe, tables
from dutydesk.journal.chaincheck import Fault, chain_problems

SCRIPTS = Path(str(files("dutydesk"))) / "migrations"


def revision(version: int) -> str:
    """The name of the revision that makes a file of `version`; alembic's `base` for an empty one."""
    return f"{version:04d}" if version else "base"


def upgrade(home: Home, raw: recipe.Raw, version: int, *, key: bytes | None = None, at: int = 0) -> Path | None:
    """Bring the file of `raw` from `version` to this program's; `at` is the time. The caller holds the desk exclusively.

    Leaves `desk.before-<version>.sqlite` beside it and returns where that is, `None` where nothing was to be done.
    Raises `Unavailable` when the disk has no room for the copy or the migration, `Damaged` when the copy does not hold
    what the file holds; the file is then as it was.
    """
    if version == tables.VERSION:
        return None
    made = copy(home, raw, version, key, at)
    move(raw, version, tables.VERSION)
    return made


def copies(home: Home) -> list[Path]:
    """The copies from before migrations, newest version first."""
    found = [path for path in home.root.glob("desk.before-*.sqlite") if path.stem.rpartition("-")[2].isdigit()]
    found = [path for path in found if path.stem.count("-") == 1]  # what a restore has put aside is none of them
    return sorted(found, key=lambda path: int(path.stem.rpartition("-")[2]), reverse=True)


def copy(home: Home, raw: recipe.Raw, version: int, key: bytes | None = None, at: int = 0) -> Path:
    """A verified copy of the file as it is now, its sum beside it; returns where it is. An encrypted file's copy has the
    same key."""
    target = home.root / f"desk.before-{version}.sqlite"
    temporary = target.with_suffix(".new")
    temporary.unlink(missing_ok=True)
    try:
        raw.execute("VACUUM INTO ?", (str(temporary),))
        _check(raw, temporary, version)
        _check_chain(raw, temporary, key)
        sync_file(temporary)
        with temporary.open("rb") as file:
            told = hashlib.file_digest(file, "sha256").hexdigest()
        more = json.dumps({"at": at, "size": temporary.stat().st_size})
        write_synced(target.with_suffix(".sha256"), f"{told}  {target.name}\n# {more}\n".encode())
        temporary.replace(target)
        sync_folder(home.root)
    except (OSError, recipe.driver().DatabaseError) as error:
        temporary.unlink(missing_ok=True)
        raise Unavailable(_("升级前的备份没有做成，数据未改动（{error}）").format(error=error)) from None
    except Damaged:
        temporary.unlink(missing_ok=True)
        raise
    return target


def _check(raw: recipe.Raw, made: Path, version: int) -> None:
    raw.execute("ATTACH DATABASE ? AS made", (str(made),))
    try:
        sound = [row[0] for row in raw.execute("PRAGMA made.integrity_check(5)").fetchall()]
        held = raw.execute("PRAGMA made.user_version").fetchone()[0]
        same = sound == ["ok"] and held == version and _counts(raw, "made") == _counts(raw, "main")
        if same and raw.execute("SELECT 1 FROM sqlite_master WHERE name = 'act'").fetchone():
            # the chain is the acts' hashes and their order: all of them are there
            lost = "SELECT desk, epoch, seq, prev, hash FROM main.act EXCEPT SELECT desk, epoch, seq, prev, hash FROM made.act"
            same = raw.execute(f"SELECT 1 FROM ({lost}) LIMIT 1").fetchone() is None
    finally:
        raw.execute("DETACH DATABASE made")
    if not same:
        raise Damaged(_("升级前的备份与原文件不一致，数据未改动"))


def _check_chain(raw: recipe.Raw, made: Path, key: bytes | None) -> None:
    """Every act of the copy holds, as far as it does in the file itself: what is wrong there is no reason to stay with
    an older program, and is told by the first look at the record."""
    other = recipe.connect(made, key, read_only=True)
    try:
        if other.execute("SELECT 1 FROM sqlite_master WHERE name = 'act'").fetchone() is None:
            return
        here: list[Fault] = []
        there: list[Fault] = []
        found = chain_problems(other, there, file=made, key=key)
        if there and (chain_problems(raw, here) != found or here != there):
            raise Damaged(_("升级前的备份与原文件不一致，数据未改动"))
    finally:
        other.close()


def _counts(raw: recipe.Raw, schema: str) -> list[tuple[str, int]]:
    names = raw.execute(
        f"SELECT name FROM {schema}.sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name"
    ).fetchall()
    return [(name, raw.execute(f'SELECT count(*) FROM {schema}."{name}"').fetchone()[0]) for (name,) in names]


def move(raw: recipe.Raw, version: int, wanted: int) -> None:
    """Run the revisions from `version` to `wanted`, up or down, in one transaction."""
    from alembic import command
    from alembic.config import Config

    config: Any = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    raw.execute("BEGIN IMMEDIATE")
    try:
        acts = _acts(raw)
        with recipe.core(raw) as connection:
            config.attributes["connection"] = connection
            connection.begin()
            command.stamp(config, revision(version))
            (command.upgrade if wanted > version else command.downgrade)(config, revision(wanted))
        raw.execute("DROP TABLE alembic_version")
        if _acts(raw) != acts:
            raise Damaged(_("升级改动了原始记录，已撤销"))
        raw.execute(f"PRAGMA user_version={wanted}")
        raw.execute("COMMIT")
    except BaseException:
        raw.execute("ROLLBACK")
        raise


def _acts(raw: recipe.Raw) -> tuple[int, int]:
    """How many acts there are, and the last arrival: migrations leave both alone."""
    if raw.execute("SELECT 1 FROM sqlite_master WHERE name = 'act'").fetchone() is None:
        return 0, 0
    return tuple(raw.execute("SELECT count(*), coalesce(max(arrival), 0) FROM act").fetchone())
