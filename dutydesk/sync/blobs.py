"""Attached files and samples on their way to the hub and back, by content, piece by piece.

A file goes up before the acts that name it and comes down before them; where that is not possible the derived figures
are brought up to date when it comes. Which files an act names is read from its fields `sha256` and `…_sha256`.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dutydesk.core.crashpoint import step
from dutydesk.core.errors import Damaged, Unavailable
from dutydesk.core.i18n import _
from dutydesk.journal import attachments
from dutydesk.journal.store import Store
from dutydesk.sync.hub import CHUNK, Blob, Hub

_NAMED = re.compile(rb'"[a-z0-9_]*sha256":"([0-9a-f]{64})"')
_PAGE = 2_000
ROOM_LEFT = 200 * 2**20
"""Bytes of the disk that an attachment from elsewhere must leave free, so that entries can still be saved."""
LARGEST = 2**30


@dataclass(frozen=True, slots=True)
class Moved:
    """How many files moved, up to where, and what went wrong in words."""

    files: int
    cursor: int
    notes: tuple[str, ...] = ()


def named(store: Store, after: int) -> tuple[list[str], int]:
    """The files that acts name which arrived after a place, in order, and the last arrival looked at."""
    found: dict[str, None] = {}
    while True:
        rows = store.ask("SELECT arrival, body FROM act WHERE arrival > ? ORDER BY arrival LIMIT ?", (after, _PAGE))
        for _arrival, body in rows:
            found |= dict.fromkeys(match.decode() for match in _NAMED.findall(body))
        if not rows:
            return list(found), after
        after = int(rows[-1][0])


def send(store: Store, hub: Hub, after: int, cancelled: Callable[[], None]) -> Moved:
    """Bring the hub the files that newer acts name and that are here."""
    hashes, cursor = named(store, after)
    here = [name for name in hashes if attachments.path_of(store.home, name).is_file()]
    held = hub.blobs_held([bytes.fromhex(name) for name in here])
    files, notes = 0, list[str]()
    for name in here:
        sha256 = bytes.fromhex(name)
        if sha256 in held:
            continue
        cancelled()
        try:
            data = attachments.read(store.home, name)
        except Damaged as error:
            notes.append(str(error))
            continue
        if data is not None:
            hub.put_blob(sha256, data)
            files += 1
    return Moved(files, cursor, tuple(notes))


def fetch(store: Store, hub: Hub, after: int, cancelled: Callable[[], None], keep: Callable[[int], None]) -> Moved:
    """Bring the files that came to the hub after a number of its counter; `keep` remembers how far it is done."""
    files, notes = 0, list[str]()
    while page := hub.blobs_since(after):
        for blob in page:
            cancelled()
            name = blob.sha256.hex()
            if not attachments.path_of(store.home, name).is_file():
                trouble = _fetch(store, hub, blob, cancelled)
                if trouble:
                    notes.append(trouble)
                else:
                    files += 1
                    store.arrived([name])
            after = blob.arrival
        keep(after)
    return Moved(files, after, tuple(notes))


def fetch_named(
    store: Store, hub: Hub, after: int, lacking: Sequence[str], cancelled: Callable[[], None]
) -> tuple[Moved, list[str]]:
    """Bring the files that acts name which arrived after a place, and those that were `lacking` before; what the hub has
    not yet is lacking on."""
    hashes, cursor = named(store, after)
    wanted = [
        name for name in dict.fromkeys((*lacking, *hashes)) if not attachments.path_of(store.home, name).is_file()
    ]
    files, notes = 0, list[str]()
    for blob in hub.blobs_of([bytes.fromhex(name) for name in wanted]):
        cancelled()
        trouble = _fetch(store, hub, blob, cancelled)
        if trouble:
            notes.append(trouble)
            continue
        files += 1
        wanted.remove(blob.sha256.hex())
        store.arrived([blob.sha256.hex()])
    return Moved(files, cursor, tuple(notes)), wanted


def _fetch(store: Store, hub: Hub, blob: Blob, cancelled: Callable[[], None]) -> str:
    """One file; what is wrong with it, or nothing."""
    name = blob.sha256.hex()
    if blob.size > LARGEST or blob.chunks != -(-blob.size // CHUNK):
        return _("附件 {name} 太大或登记有误，没有取").format(name=name[:8])
    if shutil.disk_usage(store.home.root).free < blob.size * 2 + ROOM_LEFT:
        raise Unavailable(_("磁盘空间不足，附件没有取来"))
    part = store.home.attachments / f".{name}.part"
    done = part.stat().st_size // CHUNK if part.exists() else 0
    with part.open("r+b" if done else "wb") as file:
        file.truncate(done * CHUNK)
        file.seek(done * CHUNK)
        for n in range(done, blob.chunks):
            cancelled()
            file.write(hub.chunk(blob.sha256, n))
            file.flush()
            step("blob.fetched")
    data = part.read_bytes()
    if len(data) != blob.size or hashlib.sha256(data).hexdigest() != name:
        part.unlink(missing_ok=True)
        return _("附件 {name} 与校验值不符，没有收下").format(name=name[:8])
    attachments.keep(store.home, data)
    part.unlink(missing_ok=True)
    return ""
