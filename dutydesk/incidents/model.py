"""Table of incidents."""

from __future__ import annotations

from dutydesk.incidents.ledger import INCIDENTS
from dutydesk.ledger.table import table

INCIDENT_TABLE = table(INCIDENTS, "state", "happened_at")
