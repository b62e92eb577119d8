"""The numbers of bundles as this desk has set them: `bundles.json`, and rows of the ledger `settings` over it.

Settings: `bundle.CODE` in lower case (`bundle.delete_rows`) takes a whole number from 1 up to the table's `most`; a
value that means nothing changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dutydesk.core.reference import rows

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from dutydesk.ledger.feature import Known

PREFIX = "bundle."


@dataclass(frozen=True, slots=True)
class Limits:
    """`delete_share` percent of a list, `delete_rows` rows, not below `delete_least` rows: what is more waits for a
    person; `held_days` until a waiting bundle is an open item, `lent_days` until a medium that is out is one."""

    delete_share: int
    delete_rows: int
    delete_least: int
    held_days: int
    lent_days: int


def limits(connection: Connection) -> Limits:
    """What is in force at this desk."""
    from dutydesk.journal import settings

    given = settings.values(connection, PREFIX)
    numbers: dict[str, int] = {}
    for row in rows("bundles", "setting"):
        name = str(row["code"]).lower()
        told = given.get(f"{PREFIX}{name}", "")
        own = int(told) if told.isascii() and told.isdecimal() and len(told) < 10 else 0
        numbers[name] = own if 1 <= own <= int(row["most"]) else int(row["value"])
    return Limits(**numbers)


def known(district: str) -> list[Known]:
    """The settings of bundles."""
    from dutydesk.journal.settings import from_row, whole

    return [
        from_row("bundles", "setting", row, f"{PREFIX}{row['code'].lower()}", str(row["value"]), whole(1, row["most"]))
        for row in rows("bundles", "setting")
    ]
