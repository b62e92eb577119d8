"""What the duty log hands to the program."""

from __future__ import annotations

from dutydesk.core.i18n import N_
from dutydesk.daybook.ledger import LOG
from dutydesk.daybook.model import LOG_TABLE
from dutydesk.ledger.feature import Feature

DAYBOOK = Feature(
    name="daybook",
    title=N_("值班日志"),
    tables=(
        (LOG, LOG_TABLE),
    ),
    pane="dutydesk.daybook.pane:DaybookPane",
    key="Alt+1",
)
