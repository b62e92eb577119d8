"""The table of accounts."""

from __future__ import annotations

from dutydesk.accounts.ledger import ACCOUNTS
from dutydesk.ledger.table import table

ACCOUNT_TABLE = table(ACCOUNTS)
