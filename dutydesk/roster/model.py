"""Tables of the roster."""

from __future__ import annotations

from dutydesk.ledger.table import table
from dutydesk.roster.ledger import ASSIGNMENTS, DAY_TYPES, LEAVES, POSTURES, ROSTERS, STAFF, SWAPS

DAY_TABLE = table(DAY_TYPES)
STAFF_TABLE = table(STAFF)
ASSIGNMENT_TABLE = table(ASSIGNMENTS, "person,date")
LEAVE_TABLE = table(LEAVES, "person,starts_on")
SWAP_TABLE = table(SWAPS, "state,date")
ROSTER_TABLE = table(ROSTERS)
POSTURE_TABLE = table(POSTURES)
