"""What accounts hand to the program."""

from __future__ import annotations

from dutydesk.accounts.ledger import ACCOUNTS
from dutydesk.accounts.model import ACCOUNT_TABLE
from dutydesk.core.i18n import N_
from dutydesk.ledger.feature import Feature

ACCOUNT_FEATURE = Feature(name="accounts", title=N_("账号"), tables=((ACCOUNTS, ACCOUNT_TABLE),))
