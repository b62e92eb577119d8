"""Tables of media and bundles."""

from __future__ import annotations

from dutydesk.ledger.table import table
from dutydesk.transit.ledger import BUNDLES, MEDIA, MOVES

MEDIUM_TABLE = table(MEDIA)
BUNDLE_TABLE = table(BUNDLES)
MOVE_TABLE = table(MOVES)
