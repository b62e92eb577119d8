"""Table of teams."""

from __future__ import annotations

from dutydesk.ledger.table import table
from dutydesk.teams.ledger import TEAMS

TEAM_TABLE = table(TEAMS, "status")
