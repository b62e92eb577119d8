"""The numbers of paper forms as this desk has set them: `papers.json`, and rows of the ledger `settings` over it.

Settings: `papers.CODE` in lower case (`papers.pending_days`) takes a whole number from 1 up to the table's `most`; a
value that means nothing changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dutydesk.core.reference import rows

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from dutydesk.ledger.feature import Known

PREFIX = "papers."


@dataclass(frozen=True, slots=True)
class Limits:
    """`pending_days` after an outage until unsettled sheets are open items; `sheet_days` that a missing P18 is
    reminded of; `most_sheets` at once; `log_lines` of an empty duty log."""

    pending_days: int
    sheet_days: int
    most_sheets: int
    log_lines: int


def limits_of(given: Mapping[str, str]) -> Limits:
    """The reference data with the desk's own settings (`key → value`) on top."""
    numbers: dict[str, int] = {}
    for row in rows("papers", "setting"):
        name = str(row["code"]).lower()
        told = given.get(f"{PREFIX}{name}", "")
        own = int(told) if told.isascii() and told.isdecimal() else 0
        numbers[name] = own if 1 <= own <= int(row["most"]) else int(row["value"])
    return Limits(**numbers)


def known(district: str) -> list[Known]:
    """The settings of paper forms."""
    from dutydesk.journal.settings import from_row, whole

    return [
        from_row("papers", "setting", row, f"{PREFIX}{row['code'].lower()}", str(row["value"]), whole(1, row["most"]))
        for row in rows("papers", "setting")
    ]


def limits(connection: Connection) -> Limits:
    """What is in force at this desk."""
    from dutydesk.journal import settings

    return limits_of(settings.values(connection, PREFIX))
