"""What shifts and hand-over hands to the program."""

from __future__ import annotations

from dutydesk.core.i18n import N_
from dutydesk.shifts.ledger import PRINTS, SHIFTS
from dutydesk.shifts.model import PRINT_TABLE, SHIFT_TABLE
from dutydesk.ledger.feature import Feature

SHIFT_FEATURE = Feature(
    name="shifts",
    title=N_("交班"),
    tables=(
        (SHIFTS, SHIFT_TABLE),
        (PRINTS, PRINT_TABLE),
    ),
    pane="dutydesk.shifts.pane:ShiftsPane",
    key="Alt+0",
)
