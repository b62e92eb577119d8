"""Choices that come from reference data."""

from __future__ import annotations

from functools import cache

from dutydesk.core.reference import rows
from dutydesk.ledger.spec import Choice


@cache
def choices(name: str, table: str) -> tuple[Choice, ...]:
    """The codes of a table of `resources/reference/NAME.json`, in its order."""
    return tuple(Choice(row["code"], row["zh"], row.get("en", "")) for row in rows(name, table))
