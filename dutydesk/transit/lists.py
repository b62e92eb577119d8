"""What the pane of bundles lists beside the register: what waits, and whom this desk knows."""

from __future__ import annotations

from dataclasses import replace

from dutydesk.core.clock import local
from dutydesk.core.i18n import N_, _
from dutydesk.core.ids import named_id
from dutydesk.core.reference import label
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Row
from dutydesk.ledger.kinds import COUNT, TEXT, TIME
from dutydesk.ledger.spec import Field, Ledger
from dutydesk.sync.bundletaken import Held
from dutydesk.transit import service
from dutydesk.transit.ledger import BUNDLES
from dutydesk.transit.service import Known

HELD = Ledger(
    "bundles_held",
    N_("收件箱"),
    (
        Field("state", TEXT, N_("状态"), width=8),
        Field("name", TEXT, N_("文件"), width=11),
        Field("sender", TEXT, N_("来自"), width=8),
        Field("at", TIME, N_("收到"), width=9),
        Field("reason", TEXT, N_("说明"), width=20),
    ),
    order="",
)
_NARROW = {"at": 9, "direction": 4, "number": 11, "peer": 7, "result": 7, "acts": 5, "medium": 6, "by": 6, "note": 16}
HISTORY: Ledger = replace(
    BUNDLES, fields=tuple(replace(item, width=_NARROW.get(item.name, item.width)) for item in BUNDLES.fields)
)
"""The register as the pane shows it."""
PEERS = Ledger(
    "bundle_peers",
    N_("对方"),
    (
        Field("name", TEXT, N_("名称"), width=12),
        Field("fingerprint", TEXT, N_("指纹"), width=12),
        Field("waiting", COUNT, N_("待送"), width=6, unit=N_("条")),
        Field("heard", TEXT, N_("上次来包"), width=10),
        Field("state", TEXT, N_("状态"), width=6),
    ),
    order="",
)


def held_rows(desk: Desk) -> list[tuple[Row, Held]]:
    """What waits in the inbox, oldest first."""
    return [
        (
            Row(
                HELD.name,
                named_id("held", one.sha256),
                n,
                {
                    "state": label("bundles", "result", one.state),
                    "name": one.name,
                    "sender": one.sender,
                    "at": one.at,
                    "reason": one.reason,
                },
            ),
            one,
        )
        for n, one in enumerate(service.held(desk), 1)
    ]


def peer_rows(desk: Desk) -> list[tuple[Row, Known]]:
    """Everybody who can be sent a bundle."""
    return [
        (
            Row(
                PEERS.name,
                named_id("peer", one.key),
                n,
                {
                    "name": one.name,
                    "fingerprint": one.fingerprint,
                    "waiting": one.waiting,
                    "heard": heard_text(one.heard_at),
                    "state": _("已吊销") if one.revoked else "",
                },
            ),
            one,
        )
        for n, one in enumerate(service.receivers(desk), 1)
    ]


def heard_text(at: int | None) -> str:
    """When the last bundle of somebody came: `11-22 20:00`, 未收到过."""
    return f"{local(at):%m-%d %H:%M}" if at else _("未收到过")
