"""Files that acts name by their SHA-256: on disk before the act, never opened or run by the program itself."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

from dutydesk.core.errors import Damaged, Unavailable
from dutydesk.core.files import sync_folder, write_whole
from dutydesk.core.i18n import _
from dutydesk.core.paths import Home
from dutydesk.journal.apply import Rows
from dutydesk.journal.recipe import Cursor
from dutydesk.journal.schema import Schema

_HASH = re.compile("[0-9a-f]{64}")


def path_of(home: Home, sha256: str) -> Path:
    """Where the file of this hash lies, whether it has arrived or not."""
    return _within(home.attachments, sha256)


def _within(folder: Path, sha256: str) -> Path:
    return folder / sha256[:2] / sha256


def keep(home: Home, data: bytes) -> str:
    """Put a file's content on disk, synced, and return its SHA-256 in hex; the same content is kept once."""
    sha256 = hashlib.sha256(data).hexdigest()
    path = path_of(home, sha256)
    if path.exists() and path.stat().st_size == len(data):
        return sha256
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, data)
    except OSError as error:
        raise Unavailable(_("附件没有存下：{error}").format(error=error.strerror or error)) from None
    for folder in (path.parent, home.attachments):  # the file's name, and the name of its folder
        sync_folder(folder)
    return sha256


def read(home: Home, sha256: str) -> bytes | None:
    """The content, `None` when it has not arrived (未到). Raises `Damaged` when it is not what was kept."""
    return read_within(home.attachments, sha256)


def read_within(folder: Path, sha256: str) -> bytes | None:
    """As `read`, for a derived table, which knows the folder alone. A hash that another desk sent is no path: what is
    not 64 hex digits has not arrived."""
    path = _within(folder, sha256)
    if not _HASH.fullmatch(sha256) or not path.exists():
        return None
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != sha256:
        raise Damaged(_("附件 {name} 已损坏").format(name=sha256[:8]))
    return data


def rows_naming(cursor: Cursor, schema: Schema, hashes: Sequence[str]) -> Rows:
    """The rows that derived tables are made from and that name one of these files in a field `sha256` or `…_sha256`."""
    rows: Rows = {}
    marks = ",".join("?" * len(hashes))
    for ledger in sorted({name for derived in schema.derived for name in derived.on}):
        for field in [name for name in schema[ledger].names if name.endswith("sha256")]:
            cursor.execute(f'SELECT id FROM {ledger} WHERE "{field}" IN ({marks})', tuple(hashes))
            if found := [row for (row,) in cursor.fetchall()]:
                rows.setdefault(ledger, []).extend(found)
    return rows
