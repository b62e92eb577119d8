"""Half-written forms of this workstation: kept in `local_draft`, never acts, never synced (house.md §6).

Where the record takes nothing any more, and over a restore that puts another file in its place, they lie beside it in
`desk.drafts` until the form is opened again, encrypted like the record where that is.
"""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from dutydesk.core.errors import Damaged, Unavailable
from dutydesk.core.files import write_whole
from dutydesk.core.ids import token

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

    try:
        store.local(write)
    except (Unavailable, Damaged):
        _lay_beside(store, {**_beside(store), form: body})
        raise
    _forget_beside(store, form)


def kept(store: Store, form: str) -> Any:
    """What was kept of `form`; None when nothing was."""
    beside = _beside(store)
    if form in beside:
        return beside[form]

    def read(cursor: Cursor) -> Any:
        return cursor.execute("SELECT body FROM local_draft WHERE form = ?", (form,)).fetchone()

    found = store.local(read)
    return None if found is None else json.loads(str(found[0]))


def forget(store: Store, form: str) -> None:
    """The form was saved or given up."""

    def write(cursor: Cursor) -> None:
        cursor.execute("DELETE FROM local_draft WHERE form = ?", (form,))

    _forget_beside(store, form)
    store.local(write)


def carry_over(store: Store) -> None:
    """Before another file takes the record's place: lay everything that is kept beside it."""
    held: dict[str, Any] = {}
    with suppress(Unavailable, Damaged), store.read() as connection:
        for form, body in connection.exec_driver_sql("SELECT form, body FROM local_draft"):
            held[str(form)] = json.loads(str(body))
    if held:
        _lay_beside(store, held | _beside(store))


def _file(store: Store) -> Path:
    return store.home.root / "desk.drafts"


def _beside(store: Store) -> dict[str, Any]:
    try:
        data = _file(store).read_bytes()
        told: Any = json.loads(data if store.key is None else _sealed(store.key, data, open_=True))
    except (OSError, ValueError):
        return {}
    return cast("dict[str, Any]", told) if isinstance(told, dict) else {}


def _lay_beside(store: Store, held: dict[str, Any]) -> None:
    data = json.dumps(held, ensure_ascii=False).encode()
    with suppress(OSError):  # a disk that takes nothing: what stands in the form is on the screen
        write_whole(_file(store), data if store.key is None else _sealed(store.key, data))


def _sealed(key: bytes, data: bytes, *, open_: bool = False) -> bytes:
    """AES-256-GCM under the record's key, the nonce first. Raises `ValueError` for what was not made so."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    if not open_:
        nonce = token(12)
        return nonce + AESGCM(key).encrypt(nonce, data, b"desk.drafts")
    try:
        return AESGCM(key).decrypt(data[:12], data[12:], b"desk.drafts")
    except InvalidTag:
        raise ValueError("not ours") from None


def _forget_beside(store: Store, form: str) -> None:
    held = _beside(store)
    if held.pop(form, None) is None:
        return
    if held:
        _lay_beside(store, held)
    else:
        _file(store).unlink(missing_ok=True)
