"""What of bundles is unfinished: for the board and the hand-over sheet."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dutydesk.core.clock import DAY
from dutydesk.core.errors import Refused
from dutydesk.core.i18n import _
from dutydesk.ledger.feature import OpenItem
from dutydesk.ledger.spec import Values
from dutydesk.transit.limits import limits

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from dutydesk.journal.desk import Desk

HELD, WRITTEN = "bundle/held/", "bundle/written/"
"""As `sync.bundleheld.HELD` and `sync.bundlewrite.WRITTEN`; the board must not load what carries."""
FOR_A_PERSON = ("GUARD", "STRANGER")


def open_items(read: Connection, now: int) -> Sequence[OpenItem]:
    """What waits for a person at once, what waits for another bundle after some days; what an export that was cut off
    may have left on a medium; media that have been out for long."""
    return [*_held(read, now), *_unsettled(read), *_lent(read, now)]


def _bodies(read: Connection, prefix: str) -> list[dict[str, Any]]:
    found = read.exec_driver_sql(
        "SELECT body FROM local_peer WHERE substr(name, 1, ?) = ? ORDER BY name", (len(prefix), prefix)
    ).all()
    return [json.loads(text) for (text,) in found]


def _unsettled(read: Connection) -> list[OpenItem]:
    detail = _("写出时程序中断，下次导出或导入时补记到收发记录")
    return [
        OpenItem(
            "TODO",
            _("介质上可能有没登记的数据包 {name}").format(name=str(body["file"]).replace("\\", "/").rpartition("/")[2]),
            None, 1, "bundles", b"", detail,
        )
        for body in _bodies(read, WRITTEN)
    ]  # fmt: skip


def _lent(read: Connection, now: int) -> list[OpenItem]:
    rows = read.exec_driver_sql(
        "SELECT m.id, m.label, m.holder, max(v.at) FROM media m JOIN media_moves v ON v.medium = m.id"
        " WHERE m._state = 1 AND m.state = 'LENT' AND v.what = 'ISSUED' GROUP BY m.id ORDER BY 4"
    ).all()
    if not rows:
        return []
    patience = limits(read).lent_days
    out: list[OpenItem] = []
    for medium, label, holder, since in rows:
        days = (now - int(since)) // DAY
        if days > patience:
            title = _("介质 {label} 外带 {days} 天未归还").format(label=label, days=days)
            out.append(OpenItem("TODO", title, None, 1, "media", bytes(medium), str(holder or "")))
    return out


def _held(read: Connection, now: int) -> list[OpenItem]:
    found = _bodies(read, HELD)
    if not found:
        return []
    patience = limits(read).held_days * DAY
    items: list[OpenItem] = []
    for body in found:
        person = body["state"] in FOR_A_PERSON
        if person or now - int(body["at"]) > patience:
            title = _("数据包 {name} 待处理").format(name=body["name"])
            items.append(OpenItem("TODO", title, None, 1 if person else 0, "bundles", b"", str(body["reason"])))
    return items


def add_refused(desk: Desk, values: Values) -> bytes:
    """The register is written by the program alone."""
    raise Refused(_("数据包登记由程序自动记，不能手工加"))
