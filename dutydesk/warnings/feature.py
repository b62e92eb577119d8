"""What warnings hands to the program."""

from __future__ import annotations

from dutydesk.core.i18n import N_
from dutydesk.warnings.ledger import WARNINGS
from dutydesk.warnings.model import WARNING_TABLE
from dutydesk.ledger.feature import Feature

WARNING_FEATURE = Feature(
    name="warnings",
    title=N_("预警"),
    tables=(
        (WARNINGS, WARNING_TABLE),
    ),
    pane="dutydesk.warnings.pane:WarningsPane",
    key="Alt+4",
)
