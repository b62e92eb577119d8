"""Table of the duty log."""

from __future__ import annotations

from dutydesk.daybook.ledger import LOG
from dutydesk.ledger.table import table

LOG_TABLE = table(LOG, "incident", "amends", "answers", "due_at", "shift")
