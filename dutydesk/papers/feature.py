"""What papers hand to the program."""

from __future__ import annotations

from dutydesk.core.i18n import N_
from dutydesk.ledger.feature import Feature
from dutydesk.papers.ledger import OUTAGES, PAPERS
from dutydesk.papers.model import OUTAGE_TABLE, PAPER_TABLE

PAPER_FEATURE = Feature(name="papers", title=N_("纸质单"), tables=((PAPERS, PAPER_TABLE), (OUTAGES, OUTAGE_TABLE)))
