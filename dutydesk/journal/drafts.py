"""Half-written forms of this workstation: kept in `local_draft`, never acts, never synced (house.md §6)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dutydesk.journal.recipe import Cursor
    from dutydesk.journal.store import Store

_KEEP = (
    "INSERT INTO local_draft VALUES (?, ?, ?)"
    " ON CONFLICT (form) DO UPDATE SET body = excluded.body, saved_at = excluded.saved_at"
)


def keep(store: Store, form: str, body: Any) -> None:
    """Keep what stands in `form` (anything JSON holds) until another time; nothing (empty, None) forgets it."""
    if not body:
        forget(store, form)
        return
    text, at = json.dumps(body, ensure_ascii=False), store.clock.now()

    def write(cursor: Cursor) -> None:
        cursor.execute(_KEEP, (form, text, at))

    store.local(write)


def kept(store: Store, form: str) -> Any:
    """What was kept of `form`; None when nothing was."""

    def read(cursor: Cursor) -> Any:
        return cursor.execute("SELECT body FROM local_draft WHERE form = ?", (form,)).fetchone()

    found = store.local(read)
    return None if found is None else json.loads(str(found[0]))


def forget(store: Store, form: str) -> None:
    """The form was saved or given up."""

    def write(cursor: Cursor) -> None:
        cursor.execute("DELETE FROM local_draft WHERE form = ?", (form,))

    store.local(write)
