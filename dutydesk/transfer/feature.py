"""What sync hands to the program: its pane, its alarms, its settings; and the pane of districts, which only the view of a
hub has."""

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


def silent(read: Connection, now: int) -> Sequence[OpenItem]:
    """Districts of a view that send nothing."""
    from dutydesk.transfer import districts

    return districts.open_items(read, now)


def counted(read: Connection, start: int, end: int) -> Sequence[Figure]:
    """How many districts a view has."""
    from dutydesk.transfer import districts

    return districts.figures(read, start, end)


SYNC_FEATURE = Feature(
    name="sync",
    title=N_("同步"),
    settings="dutydesk.sync.planning:known",
    pane="dutydesk.transfer.pane:SyncPane",
    key="Alt+'",
    open_items=open_items,
    figures=figures,
)
DISTRICTS_FEATURE = Feature(
    name="districts",
    title=N_("区县"),
    pane="dutydesk.transfer.pane_districts:DistrictsPane",
    key="Alt+5",
    open_items=silent,
    figures=counted,
)
