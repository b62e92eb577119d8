"""Bundles 数据包: the register of sticks and discs, of who had them when, and of every bundle that went out or came in.

The columns are those of the registers of removable media that offices keep on paper (编号、名称、密级、领用人、时间、
归还、销毁; domain.md §9.3). A medium's state and holder follow from what was entered about it and from nothing else.
"""

from __future__ import annotations

from dutydesk.core.i18n import N_
from dutydesk.ledger.choices import choices
from dutydesk.ledger.kinds import CODE, COUNT, LONG, TEXT, TIME, ref
from dutydesk.ledger.spec import Choice, Field, Ledger, Mode, On, Search

DIRECTIONS = (Choice("OUT", N_("导出")), Choice("IN", N_("导入")))
LISTED = On.TABLE | On.FILE | On.PRINT
"""Not typed: the program fills it in."""
MEDIA = Ledger(
    "media",
    N_("介质"),
    (
        Field("label", TEXT, N_("编号"), required=True, width=16, search=Search.NAME, help=N_("贴在介质上的编号")),
        Field("kind", CODE, N_("类别"), required=True, choices=choices("bundles", "medium"), width=8),
        Field("model", TEXT, N_("型号、序列号"), width=16, search=Search.TEXT, help=N_("铭牌上的，丢了好对")),
        Field("grade", CODE, N_("密级"), choices=choices("bundles", "grade"), width=6),
        Field("state", CODE, N_("状态"), choices=choices("bundles", "state"), width=8, on=LISTED),
        Field("holder", TEXT, N_("领用人"), width=10, on=LISTED),
        Field("registered_at", TIME, N_("登记时间"), width=16, on=LISTED),
        Field("by", TEXT, N_("登记人"), width=10, on=LISTED),
        Field("note", LONG, N_("备注"), width=24, search=Search.TEXT),
    ),
    match=("label",),
    order="label",
)
MOVES = Ledger(
    "media_moves",
    N_("介质领用"),
    (
        Field("medium", ref("media"), N_("介质"), required=True, width=10),
        Field("what", CODE, N_("事项"), required=True, choices=choices("bundles", "move"), width=8),
        Field("holder", TEXT, N_("领用人"), width=10, help=N_("谁领走、谁交回")),
        Field("witness", TEXT, N_("见证人"), width=10, help=N_("遗失、销毁要有第二个人在场或知情")),
        Field("at", TIME, N_("时间"), width=16),
        Field("by", TEXT, N_("经办人"), width=10, on=LISTED),
        Field("note", LONG, N_("说明"), width=24, search=Search.TEXT, help=N_("事由、批准人、销毁方式")),
    ),
    Mode.APPEND,
    order="-at",
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
