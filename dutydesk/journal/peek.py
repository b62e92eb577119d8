"""A glance at a desk's file before anything of SQLAlchemy is loaded."""

from __future__ import annotations

from typing import Any

import sqlcipher3.dbapi2 as sqlcipher

from dutydesk.core.paths import Home

_driver: Any = sqlcipher
_STATE = "SELECT key, value FROM local_state WHERE key IN ('theme', 'language')"


def peek(home: Home, key: bytes | None = None) -> dict[str, str]:
    """Theme and language as this workstation kept them; nothing where they cannot be read. The window must not flash
    white at night, and must not wait for the record to be checked either."""
    if not home.database.exists():
        return {}
    try:
        raw = _driver.connect(f"file:{home.database}?mode=ro", uri=True)
        try:
            if key:
                raw.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
            return dict(raw.execute(_STATE).fetchall())
        finally:
            raw.close()
    except _driver.DatabaseError:
        return {}
