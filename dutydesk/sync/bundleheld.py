"""The desk's `inbox/`: bundles that wait, encrypted as they came, for the one before them, for a person, or for the
upgrade; and the copy of each on its way in, from where on the stick may be pulled."""

from __future__ import annotations

import hashlib
import os
import shutil
from contextlib import suppress
from pathlib import Path

from dutydesk.core.errors import Refused, Unavailable
from dutydesk.core.files import sync_folder
from dutydesk.core.i18n import _
from dutydesk.journal import peers
from dutydesk.journal.store import Store
from dutydesk.sync import stick
from dutydesk.sync.bundle import ENDING, Cancel, Progress, Stopped, never, no_progress
from dutydesk.sync.bundlelook import LARGEST, unread
from dutydesk.sync.bundletaken import Held, Taken

HELD = "bundle/held/"
"""Names in `local_peer`: what waits in `inbox/`, by the file's sha256."""
ROOM_LEFT = 200 * 2**20
MOST_HELD = 64
"""Files that wait in `inbox/` at most."""
PIECE = 2**20


def inbox_of(store: Store) -> Path:
    """Where bundles wait."""
    return store.home.root / "inbox"


def held(store: Store) -> list[Held]:
    """The files that wait, oldest first."""
    found = [
        Held(
            name, str(body["state"]), str(body["reason"]), str(body["name"]), int(body["at"]), str(body["from"]),
            int(body["number"]), str(body["fingerprint"]),
        )
        for name, body in peers.peers(store, HELD).items()
        if (inbox_of(store) / f"{name}{ENDING}").is_file()
    ]  # fmt: skip
    return sorted(found, key=lambda one: (one.at, one.sha256))


def name_of(store: Store, path: Path) -> str:
    """What people know a file by: one in `inbox/` by the name with which it came."""
    if path.parent != inbox_of(store):
        return path.name
    return str(peers.peer(store, HELD + path.stem).get("name", path.name))


def drop(store: Store, sha256: str) -> None:
    """A person does not want it: take a file out of `inbox/`."""
    if sha256 not in {one.sha256 for one in held(store)}:
        raise Refused(_("收件箱里没有这个数据包"))
    _forget(store, sha256)


def _forget(store: Store, sha256: str) -> None:
    with suppress(OSError):
        (inbox_of(store) / f"{sha256}{ENDING}").unlink(missing_ok=True)
    if peers.peer(store, HELD + sha256):
        peers.remember(store, {HELD + sha256: None})


def copy(store: Store, path: Path, taken: Taken, progress: Progress, cancel: Cancel) -> Path:
    """The file in `inbox/`: from here on the stick may be pulled. What is there already is used as it is. Raises
    `Unavailable`, `Stopped`; nothing is left of a copy that was cut off."""
    folder = inbox_of(store)
    if path.parent == folder:
        taken.sha256 = path.stem
        return path
    temporary = folder / f"{path.name}.part"
    try:
        folder.mkdir(exist_ok=True)
        for old in folder.glob("*.part"):
            old.unlink(missing_ok=True)
        digest = hashlib.sha256()
        with stick.opened(path, LARGEST) as source:
            size = os.fstat(source.fileno()).st_size
            if shutil.disk_usage(folder).free < size + ROOM_LEFT:
                raise Unavailable(_("磁盘空间不足，数据包没有收下"))
            with stick.fresh(temporary) as target:
                while piece := source.read(PIECE):
                    if cancel():
                        raise Stopped(_("已中断"))
                    digest.update(piece)
                    target.write(piece)
                    progress("copy", target.tell(), size)
        taken.sha256 = digest.hexdigest()
        local = folder / f"{taken.sha256}{ENDING}"
        temporary.replace(local)
        sync_folder(folder)
    except OSError as error:
        raise unread(path, error) from None
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
    return local


def keep(store: Store, taken: Taken, path: Path) -> Taken:
    """Let it wait in `inbox/`, where there is room."""
    if path.parent != inbox_of(store):
        try:
            size = path.stat().st_size
        except OSError as error:
            raise unread(path, error) from None
        if size > LARGEST or len(held(store)) >= MOST_HELD:
            return not_kept(taken)
    local = copy(store, path, taken, no_progress, never)
    told = taken.manifest
    before = peers.peer(store, HELD + local.stem)
    body = {
        "state": taken.state,
        "reason": taken.reason,
        "name": before.get("name", taken.name),
        "at": before.get("at", store.clock.now()),
        "from": told.sender.called if told else "",
        "number": told.number if told else 0,
        "fingerprint": taken.fingerprint,
    }
    peers.remember(store, {HELD + local.stem: body})
    return taken


def not_kept(taken: Taken) -> Taken:
    """It must come again from where it is."""
    taken.note(_("没有留存，请保留介质，处理后再导入"))
    return taken


def done(store: Store, taken: Taken, path: Path, most: int = LARGEST) -> Taken:
    """It waits no longer. The sum of a file elsewhere is taken where it has at most `most` bytes."""
    if path.parent == inbox_of(store):
        taken.sha256 = path.stem
        _forget(store, path.stem)
        return taken
    if not taken.sha256:
        with suppress(OSError, Refused), stick.opened(path, most) as file:
            taken.sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    if taken.sha256:
        _forget(store, taken.sha256)
    return taken
