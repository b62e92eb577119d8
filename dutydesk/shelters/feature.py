"""What shelters hands to the program."""

from __future__ import annotations

from dutydesk.core.i18n import N_
from dutydesk.shelters.ledger import COUNTS, SHELTERS
from dutydesk.shelters.model import COUNT_TABLE, SHELTER_TABLE
from dutydesk.ledger.feature import Feature

SHELTER_FEATURE = Feature(
    name="shelters",
    title=N_("避灾"),
    tables=(
        (SHELTERS, SHELTER_TABLE),
        (COUNTS, COUNT_TABLE),
    ),
    pane="dutydesk.shelters.pane:SheltersPane",
    key="Alt+7",
)
