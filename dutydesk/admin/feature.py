"""What administration hands to the program."""

from __future__ import annotations

from dutydesk.core.i18n import N_
from dutydesk.admin.ledger import ATTACHMENTS, AUDIT, SETTINGS
from dutydesk.admin.model import ATTACHMENT_TABLE, AUDIT_TABLE, SETTING_TABLE
from dutydesk.ledger.feature import Feature

ADMIN = Feature(
    name="admin",
    title=N_("系统"),
    tables=(
        (SETTINGS, SETTING_TABLE),
        (AUDIT, AUDIT_TABLE),
        (ATTACHMENTS, ATTACHMENT_TABLE),
    ),
    pane="dutydesk.admin.pane:AdminPane",
    key="Alt+-",
)
