"""What incident intake hands to the program."""

from __future__ import annotations

from dutydesk.core.i18n import N_
from dutydesk.incidents.ledger import INCIDENTS
from dutydesk.incidents.model import INCIDENT_TABLE
from dutydesk.ledger.feature import Feature

INCIDENT_FEATURE = Feature(
    name="incidents",
    title=N_("接报"),
    tables=(
        (INCIDENTS, INCIDENT_TABLE),
    ),
    pane="dutydesk.incidents.pane:IncidentsPane",
    key="Alt+2",
)
