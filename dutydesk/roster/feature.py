"""What the roster hands to the program."""

from __future__ import annotations

from dutydesk.core.i18n import N_
from dutydesk.ledger.feature import Feature
from dutydesk.roster.ledger import ASSIGNMENTS, DAY_TYPES, LEAVES, POSTURES, ROSTERS, STAFF, SWAPS
from dutydesk.roster.model import (
    ASSIGNMENT_TABLE,
    DAY_TABLE,
    LEAVE_TABLE,
    POSTURE_TABLE,
    ROSTER_TABLE,
    STAFF_TABLE,
    SWAP_TABLE,
)

ROSTER_FEATURE = Feature(
    name="roster",
    title=N_("排班"),
    tables=(
        (ASSIGNMENTS, ASSIGNMENT_TABLE),
        (ROSTERS, ROSTER_TABLE),
        (STAFF, STAFF_TABLE),
        (LEAVES, LEAVE_TABLE),
        (SWAPS, SWAP_TABLE),
        (DAY_TYPES, DAY_TABLE),
        (POSTURES, POSTURE_TABLE),
    ),
    pane="dutydesk.roster.pane:RosterPane",
    key="Alt+=",
)
