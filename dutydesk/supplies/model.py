"""Table of supplies."""

from __future__ import annotations

from dutydesk.ledger.table import table
from dutydesk.supplies.ledger import SUPPLIES

SUPPLY_TABLE = table(SUPPLIES, "store")
