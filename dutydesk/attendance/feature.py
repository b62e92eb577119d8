"""What being on duty hands to the program."""

from __future__ import annotations

from dutydesk.attendance.ledger import DUTIES, DUTY_TICKS, SIGN_INS, SPOT_CHECKS, VIOLATIONS
from dutydesk.attendance.model import (
    DUTY_TABLE,
    DUTY_TICK_TABLE,
    SIGN_IN_TABLE,
    SPOT_CHECK_TABLE,
    VIOLATION_TABLE,
)
from dutydesk.core.i18n import N_
from dutydesk.ledger.feature import Feature

ATTENDANCE_FEATURE = Feature(
    name="attendance",
    title=N_("在岗"),
    tables=(
        (SIGN_INS, SIGN_IN_TABLE),
        (SPOT_CHECKS, SPOT_CHECK_TABLE),
        (DUTIES, DUTY_TABLE),
        (DUTY_TICKS, DUTY_TICK_TABLE),
        (VIOLATIONS, VIOLATION_TABLE),
    ),
)
