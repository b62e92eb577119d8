"""What supplies hands to the program."""

from __future__ import annotations

from dutydesk.core.i18n import N_
from dutydesk.supplies.ledger import SUPPLIES
from dutydesk.supplies.model import SUPPLY_TABLE
from dutydesk.ledger.feature import Feature

SUPPLY_FEATURE = Feature(
    name="supplies",
    title=N_("物资"),
    tables=(
        (SUPPLIES, SUPPLY_TABLE),
    ),
    pane="dutydesk.supplies.pane:SuppliesPane",
    key="Alt+8",
)
