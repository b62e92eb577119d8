"""Tables of papers and outages."""

from __future__ import annotations

from dutydesk.ledger.table import table
from dutydesk.papers.ledger import OUTAGES, PAPERS

PAPER_TABLE = table(PAPERS, "ledger,row")
OUTAGE_TABLE = table(OUTAGES)
