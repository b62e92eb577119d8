"""Tables of people, units and regions."""

from __future__ import annotations

from dutydesk.ledger.table import table
from dutydesk.people.ledger import NUMBERS, PEOPLE, POSTS, REGIONS, UNITS

REGION_TABLE = table(REGIONS, "name", "parent")
UNIT_TABLE = table(UNITS)
POST_TABLE = table(POSTS)
PEOPLE_TABLE = table(PEOPLE, "unit")
NUMBER_TABLE = table(NUMBERS, "number")
