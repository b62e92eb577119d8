"""What sync hands to the program: its pane, its alarms, its settings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dutydesk.core.i18n import N_
from dutydesk.ledger.feature import Feature, Figure, OpenItem

if TYPE_CHECKING:
    from sqlalchemy import Connection


def open_items(read: Connection, now: int) -> Sequence[OpenItem]:
    """Silence, and runs that failed."""
    from dutydesk.transfer import standing

    return standing.open_items(read, now)


def figures(read: Connection, start: int, end: int) -> Sequence[Figure]:
    """How sync stands at the end of [start, end)."""
    from dutydesk.transfer import standing

    return standing.figures(read, end)


SYNC_FEATURE = Feature(
    name="sync",
    title=N_("同步"),
    settings="dutydesk.sync.planning:known",
    pane="dutydesk.transfer.pane:SyncPane",
    key="Alt+'",
    open_items=open_items,
    figures=figures,
)
