"""What rain hands to the program."""

from __future__ import annotations

from dutydesk.core.i18n import N_
from dutydesk.rain.ledger import BATCHES, STATIONS
from dutydesk.rain.model import BATCH_TABLE, STATION_TABLE
from dutydesk.ledger.feature import Feature

RAIN = Feature(
    name="rain",
    title=N_("雨情"),
    tables=(
        (STATIONS, STATION_TABLE),
        (BATCHES, BATCH_TABLE),
    ),
    pane="dutydesk.rain.pane:RainPane",
    key="Alt+3",
)
