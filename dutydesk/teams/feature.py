"""What teams hands to the program."""

from __future__ import annotations

from dutydesk.core.i18n import N_
from dutydesk.teams.ledger import TEAMS
from dutydesk.teams.model import TEAM_TABLE
from dutydesk.ledger.feature import Feature

TEAM_FEATURE = Feature(
    name="teams",
    title=N_("队伍"),
    tables=(
        (TEAMS, TEAM_TABLE),
    ),
    pane="dutydesk.teams.pane:TeamsPane",
    key="Alt+9",
)
