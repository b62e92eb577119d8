"""Table of warnings."""

from __future__ import annotations

from dutydesk.ledger.table import table
from dutydesk.warnings.ledger import WARNINGS

WARNING_TABLE = table(WARNINGS, "status,state")
