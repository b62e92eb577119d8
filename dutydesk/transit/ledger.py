"""Bundles 数据包: the register of sticks and discs, and of every bundle that went out or came in."""

from __future__ import annotations

from dutydesk.core.i18n import N_
from dutydesk.ledger.choices import choices
from dutydesk.ledger.kinds import CODE, COUNT, LONG, TEXT, TIME, ref
from dutydesk.ledger.spec import Choice, Field, Ledger, Mode, Search

DIRECTIONS = (Choice("OUT", N_("导出")), Choice("IN", N_("导入")))
MEDIA = Ledger(
    "media",
    N_("介质"),
    (
        Field("label", TEXT, N_("编号"), required=True, width=16, search=Search.NAME, help=N_("贴在介质上的编号")),
        Field("kind", CODE, N_("类别"), required=True, choices=choices("bundles", "medium"), width=8),
        Field("state", CODE, N_("状态"), required=True, choices=choices("bundles", "state"), width=8),
        Field("registered_at", TIME, N_("登记时间"), width=16),
        Field("by", TEXT, N_("登记人"), width=10),
        Field("note", LONG, N_("备注"), width=24, search=Search.TEXT),
    ),
    match=("label",),
    order="label",
)
BUNDLES = Ledger(
    "bundles",
    N_("数据包"),
    (
        Field("at", TIME, N_("时间"), required=True, width=16),
        Field("direction", CODE, N_("方向"), required=True, choices=DIRECTIONS, width=6),
        Field("number", TEXT, N_("文件"), required=True, width=16, search=Search.TEXT),
        Field("peer", TEXT, N_("对方"), width=14, search=Search.TEXT),
        Field("result", CODE, N_("结果"), required=True, choices=choices("bundles", "result"), width=10),
        Field("acts", COUNT, N_("记录"), width=8, unit=N_("条")),
        Field("personal", COUNT, N_("含个人信息"), width=8, unit=N_("条"), help=N_("带有姓名、电话等的记录")),
        Field("medium", ref("media"), N_("介质"), width=12),
        Field("ranges", LONG, N_("范围"), width=20),
        Field("sha256", TEXT, N_("校验值"), width=16, help=N_("大写，核对文件用")),
        Field("by", TEXT, N_("经办人"), width=10),
        Field("reason", TEXT, N_("事由"), width=16, search=Search.TEXT),
        Field("note", LONG, N_("说明"), width=30, search=Search.TEXT),
    ),
    Mode.APPEND,
    order="-at",
)
