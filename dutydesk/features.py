"""All features, and the desk that they make together."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from dutydesk.accounts.feature import ACCOUNT_FEATURE
from dutydesk.accounts.guard import Guard
from dutydesk.admin.feature import ADMIN
from dutydesk.attendance.feature import ATTENDANCE_FEATURE
from dutydesk.core.clock import Clock, SystemClock
from dutydesk.core.ids import CLI
from dutydesk.core.paths import Home
from dutydesk.core.settings import load
from dutydesk.daybook.feature import DAYBOOK
from dutydesk.incidents.feature import INCIDENT_FEATURE
from dutydesk.journal.desk import Desk, Me
from dutydesk.journal.schema import Schema, schema_of
from dutydesk.journal.store import Store
from dutydesk.ledger.feature import no_figures, nothing_open
from dutydesk.papers.feature import PAPER_FEATURE
from dutydesk.people.feature import PEOPLE_FEATURE
from dutydesk.rain.feature import RAIN
from dutydesk.roster.feature import ROSTER_FEATURE
from dutydesk.shelters.feature import SHELTER_FEATURE
from dutydesk.shifts.feature import SHIFT_FEATURE
from dutydesk.supplies.feature import SUPPLY_FEATURE
from dutydesk.teams.feature import TEAM_FEATURE
from dutydesk.transfer.feature import DISTRICTS_FEATURE, SYNC_FEATURE
from dutydesk.transit.feature import BUNDLE_FEATURE
from dutydesk.warnings.feature import WARNING_FEATURE

FEATURES = (
    DAYBOOK,
    INCIDENT_FEATURE,
    RAIN,
    WARNING_FEATURE,
    PEOPLE_FEATURE,
    SHELTER_FEATURE,
    SUPPLY_FEATURE,
    TEAM_FEATURE,
    SHIFT_FEATURE,
    ROSTER_FEATURE,
    ATTENDANCE_FEATURE,
    PAPER_FEATURE,
    BUNDLE_FEATURE,
    SYNC_FEATURE,
    ACCOUNT_FEATURE,
    ADMIN,
)


@cache
def schema() -> Schema:
    """The ledgers of all features."""
    return schema_of(FEATURES)


def open_desk(
    home: Home, clock: Clock | None = None, me: Me | None = None, *, key: bytes | None = None, exclusive: bool = False
) -> Desk:
    """Open the desk in a folder; see `Store.open` for what it refuses. A folder that is a hub's view opens as one."""
    clock = clock or SystemClock()
    if home.config.exists() and load(home.config).view:
        return _open_view(home, clock, key=key, exclusive=exclusive)
    store = Store.open(home, schema(), clock, key=key, exclusive=exclusive)
    desk = Desk(store, clock, me or Me(), FEATURES)
    store.guard = Guard(desk)
    return desk


VIEWED = ("daybook", "incidents", "warnings", "shelters", "supplies", "teams")
"""Features whose panes a view of a hub has, after that of its districts. Of the others it needs no more than what their
rows are called."""


def _open_view(home: Home, clock: Clock, *, key: bytes | None, exclusive: bool) -> Desk:
    from dutydesk.journal.view import ReadOnly, ViewStore, Whose

    shown = (
        DISTRICTS_FEATURE,
        *(
            feature
            if feature.name in VIEWED
            else replace(feature, pane="", open_items=nothing_open, figures=no_figures, forms=(), settings="")
            for feature in FEATURES
        ),
    )
    store = ViewStore.open(home, schema(), clock, key=key, exclusive=exclusive)
    store.guard = ReadOnly()
    whose = Whose(store)
    return Desk(store, clock, Me(CLI, store.config.mark), shown, {"origin": whose, "scope": whose.scope})
