"""Hashes of PINs, enrolled at this desk and never in an act: the only home of `local_pin` (house.md §6)."""

from __future__ import annotations

from sqlalchemy import Connection

from dutydesk.journal.store import Store


def keep(store: Store, person: bytes, kept: str, at: int) -> None:
    """Keep the hash of a person's PIN in place of an older one; `at` in ms UTC."""
    store.local(
        lambda cursor: cursor.execute("INSERT OR REPLACE INTO local_pin VALUES (?, ?, ?)", (person.hex(), kept, at))
    )


def kept(connection: Connection, person: bytes) -> str:
    """The hash of a person's PIN, empty for none."""
    found = connection.exec_driver_sql("SELECT hash FROM local_pin WHERE person = ?", (person.hex(),)).first()
    return str(found[0]) if found else ""


def persons(connection: Connection) -> set[str]:
    """Who has a PIN at this desk, as hex."""
    return {str(person) for (person,) in connection.exec_driver_sql("SELECT person FROM local_pin")}
