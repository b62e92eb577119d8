"""What of bundles is unfinished: for the board and the hand-over sheet."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from dutydesk.core.clock import DAY
from dutydesk.core.errors import Refused
from dutydesk.core.i18n import _
from dutydesk.ledger.feature import OpenItem
from dutydesk.ledger.spec import Values
from dutydesk.transit.limits import limits

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from dutydesk.journal.desk import Desk

HELD = "bundle/held/"
"""As `sync.bundleheld.HELD`; the board must not load what carries."""
FOR_A_PERSON = ("GUARD", "STRANGER")


def open_items(read: Connection, now: int) -> Sequence[OpenItem]:
    """What waits for a person at once, what waits for another bundle after some days."""
    found = read.exec_driver_sql(
        "SELECT body FROM local_peer WHERE substr(name, 1, ?) = ? ORDER BY name", (len(HELD), HELD)
    ).all()
    if not found:
        return ()
    patience = limits(read).held_days * DAY
    items: list[OpenItem] = []
    for (text,) in found:
        body = json.loads(text)
        person = body["state"] in FOR_A_PERSON
        if person or now - int(body["at"]) > patience:
            title = _("数据包 {name} 待处理").format(name=body["name"])
            items.append(OpenItem("TODO", title, None, 1 if person else 0, "bundles", b"", str(body["reason"])))
    return items


def add_refused(desk: Desk, values: Values) -> bytes:
    """The register is written by the program alone."""
    raise Refused(_("数据包登记由程序自动记，不能手工加"))
