"""How files of one source were read last time: this workstation's memory, never synced (house.md §6)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from dutydesk.journal.recipe import Cursor
from dutydesk.journal.store import Store

_KEEP = (
    "INSERT INTO local_mapping VALUES (?, ?, ?)"
    " ON CONFLICT (ledger, source) DO UPDATE SET body = excluded.body WHERE body <> excluded.body"
)


def recall(store: Store, ledger: str, source: str) -> dict[str, str]:
    """What was kept for this source; empty when nothing was."""
    with store.read() as connection:
        found = connection.exec_driver_sql(
            "SELECT body FROM local_mapping WHERE ledger = ? AND source = ?", (ledger, source)
        ).first()
    if found is None:
        return {}
    kept: Any = json.loads(found[0])
    return {str(name): str(value) for name, value in kept.items()}


def keep(store: Store, ledger: str, source: str, mapping: Mapping[str, str]) -> None:
    """Remember how files of this source are read."""
    body = json.dumps(dict(mapping), ensure_ascii=False, sort_keys=True)

    def write(cursor: Cursor) -> None:
        cursor.execute(_KEEP, (ledger, source, body))

    store.local(write)
