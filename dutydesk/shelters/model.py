"""Tables of shelters and of the people in them."""

from __future__ import annotations

from dutydesk.ledger.table import table
from dutydesk.shelters.ledger import COUNTS, SHELTERS

SHELTER_TABLE = table(SHELTERS, "state", "level")
COUNT_TABLE = table(COUNTS, "shelter")
