"""Tables of who was in post and what was done on time."""

from __future__ import annotations

from dutydesk.attendance.ledger import DUTIES, DUTY_TICKS, SIGN_INS, SPOT_CHECKS, VIOLATIONS
from dutydesk.ledger.table import table

SIGN_IN_TABLE = table(SIGN_INS, "shift,person")
VIOLATION_TABLE = table(VIOLATIONS)
SPOT_CHECK_TABLE = table(SPOT_CHECKS, "unit,at")
DUTY_TABLE = table(DUTIES)
DUTY_TICK_TABLE = table(DUTY_TICKS, "duty,due_at")
