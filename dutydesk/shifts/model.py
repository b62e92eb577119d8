"""Tables of shifts and of what was printed."""

from __future__ import annotations

from dutydesk.ledger.table import table
from dutydesk.shifts.ledger import HANDOVER_ITEMS, HANDOVERS, PRINTS, SHIFTS

SHIFT_TABLE = table(SHIFTS)
PRINT_TABLE = table(PRINTS, "form,about")
HANDOVER_TABLE = table(HANDOVERS)
HANDOVER_ITEM_TABLE = table(HANDOVER_ITEMS, "handover")
