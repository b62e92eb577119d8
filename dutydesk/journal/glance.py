"""A first look at a record, before SQLAlchemy is loaded and the desk is open.

The window shows the newest entries by it while everything else is still loading. It looks only where all that
`Store.open` would object to is in order: the place, the lock, `desk.head` against the files and the chain, the version,
no import half done. Wherever anything is not, it says nothing at all: opening the desk finds the same and has the words
for it. It writes nothing and keeps nothing open.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from dutydesk.core.errors import DutyDeskError
from dutydesk.core.paths import Home
from dutydesk.journal import headfile, recipe
from dutydesk.journal.locks import DeskLock
from dutydesk.journal.tables import VERSION

log = logging.getLogger(__name__)
T = TypeVar("T")
Ask = Callable[[str, Sequence[Any]], list[Any]]
"""`(statement, parameters) -> rows`."""


def glance(home: Home, key: bytes | None, read: Callable[[Ask], T]) -> T | None:
    """What `read(ask)` makes of the record in one consistent view; `None` where it is not to be looked at yet."""
    try:
        recipe.refuse_place(home.root)
        if not home.database.exists():
            return None
        lock = DeskLock(home.lock, exclusive=False, patience=0)
        try:
            return _read(home, key, read)
        finally:
            lock.release()
    except (DutyDeskError, OSError, *_driver_errors()) as error:
        log.info("no first look: %s", error)
        return None


def _driver_errors() -> tuple[type[Exception], ...]:
    with suppress(DutyDeskError):
        return (recipe.driver().Error, UnicodeDecodeError)
    return ()


def _read(home: Home, key: bytes | None, read: Callable[[Ask], T]) -> T | None:
    head = headfile.read(home.head)
    if head is None or headfile.inspect(home.database, head, encrypted=key is not None, move=False):
        return None
    raw = recipe.connect(home.database, key, read_only=True)
    try:

        def ask(statement: str, parameters: Sequence[Any] = ()) -> list[Any]:
            return raw.execute(statement, parameters).fetchall()

        raw.execute("BEGIN")
        if ask("PRAGMA user_version")[0][0] != VERSION or ask("SELECT 1 FROM open_batch LIMIT 1"):
            return None
        place = ask("SELECT seq, hash FROM frontier WHERE desk = ? AND epoch = ?", (head.desk, head.epoch))
        headfile.compare(head, (int(place[0][0]), bytes(place[0][1])) if place else None)
        return read(ask)
    finally:
        raw.close()
