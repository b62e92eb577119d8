"""Tables of settings, audit and attachments."""

from __future__ import annotations

from dutydesk.admin.ledger import ATTACHMENTS, AUDIT, SETTINGS
from dutydesk.ledger.table import table

SETTING_TABLE = table(SETTINGS)
AUDIT_TABLE = table(AUDIT)
ATTACHMENT_TABLE = table(ATTACHMENTS, "row")
