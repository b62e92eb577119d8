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
from dutydesk.transit.ledger import BUNDLES, MOVES
from dutydesk.transit.service import Known, Opener

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
_NARROW = {"at": 8, "direction": 4, "number": 10, "peer": 7, "result": 7, "acts": 5, "medium": 5, "by": 6, "note": 12}
_MOVED = {"medium": 8, "what": 6, "holder": 9, "witness": 9, "at": 8, "by": 8, "note": 12}
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


OPENERS = Ledger(
    "bundle_openers",
    N_("密钥"),
    (
        Field("what", TEXT, N_("谁"), width=7),
        Field("name", TEXT, N_("名称"), width=8),
        Field("opens", TEXT, N_("能打开"), width=10),
        Field("key", TEXT, N_("公钥"), width=12),
    ),
    order="",
)
KINDS = {
    "OWN": (N_("本机"), N_("给本机的")),
    "PEER": (N_("对方"), N_("给它的")),
    "RECOVERY": (N_("离线恢复"), N_("本机写出的全部")),
    "BACKUP": (N_("备份恢复"), N_("本机写出的全部")),
}
MOVED: Ledger = replace(MOVES, fields=tuple(replace(item, width=_MOVED.get(item.name, 12)) for item in MOVES.fields))
"""What happened to media, as the pane shows it."""


def opener_rows(desk: Desk) -> list[tuple[Row, Opener]]:
    """Everybody who can open bundles."""
    out: list[tuple[Row, Opener]] = []
    for n, one in enumerate(service.openers(desk), 1):
        what, opens = KINDS[one.kind]
        told = {
            "what": _(what),
            "name": one.name,
            "opens": _(opens) if one.counts else _("已吊销"),
            "key": one.key,
        }
        out.append((Row(OPENERS.name, named_id("opener", one.kind + one.key), n, told), one))
    return out


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


def moment(row: Row) -> str:
    """`11-22 20:00`: the year stands on paper and in the file."""
    at = row.get("at")
    return f"{local(at):%m-%d %H:%M}" if isinstance(at, int) else ""


def heard_text(at: int | None) -> str:
    """When the last bundle of somebody came: `11-22 20:00`, 未收到过."""
    return f"{local(at):%m-%d %H:%M}" if at else _("未收到过")
