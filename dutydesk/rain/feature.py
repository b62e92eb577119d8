"""What rain hands to the program."""

from __future__ import annotations

from dutydesk.core.i18n import N_
from dutydesk.rain.ledger import BATCHES, STATIONS
from dutydesk.rain.model import BATCH_TABLE, SAMPLES, STATION_TABLE
from dutydesk.ledger.feature import Feature, Importer
from dutydesk.rain.importing import is_rain

RAIN = Feature(
    name="rain",
    title=N_("雨情"),
    tables=(
        (STATIONS, STATION_TABLE),
        (BATCHES, BATCH_TABLE),
    ),
    derived=(SAMPLES,),
    importers=(Importer("rain", "rain", N_("雨量数据"), "dutydesk.rain.importing:read", is_rain),),
    pane="dutydesk.rain.pane:RainPane",
    key="Alt+3",
)
