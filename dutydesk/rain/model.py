"""Tables of gauges and of the batches of readings."""

from __future__ import annotations

from dutydesk.ledger.table import table
from dutydesk.rain.ledger import BATCHES, STATIONS

STATION_TABLE = table(STATIONS)
BATCH_TABLE = table(BATCHES)
