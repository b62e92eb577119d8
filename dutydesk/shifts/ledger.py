"""Shifts 班次: who is on duty from when to when."""

from __future__ import annotations

from dutydesk.core.i18n import N_
from dutydesk.ledger.choices import choices
from dutydesk.ledger.kinds import CODE, COUNT, DAY, LONG, TEXT, TIME, ref
from dutydesk.ledger.spec import Choice, Field, Ledger, On, Search

SHIFTS = Ledger(
    "shifts",
    N_("班次"),
    (
        Field("date", DAY, N_("日期"), required=True, width=12),
        Field("code", TEXT, N_("班"), required=True, width=8),
        Field("starts_at", TIME, N_("开始"), required=True, width=16),
        Field("ends_at", TIME, N_("结束"), required=True, width=16),
        Field("leader", ref("people"), N_("带班领导"), width=10),
        Field("primary", ref("people"), N_("主班"), width=10),
        Field("secondary", ref("people"), N_("副班"), width=10),
        Field("weather", TEXT, N_("天气"), width=14, search=Search.TEXT),
        Field("risk_level", CODE, N_("风险等级"), choices=choices("duty", "risk_level"), width=8),
        Field("mode", CODE, N_("值守状态"), choices=choices("duty", "duty_mode"), width=10),
        Field("taken_over_at", TIME, N_("接班时间"), width=16, on=On.FORM | On.FILE),
        Field("equipment", LONG, N_("设备环境"), width=20, on=On.FORM | On.FILE),
        Field("note", LONG, N_("备注"), width=16, on=On.FORM | On.FILE, search=Search.TEXT),
    ),
    match=("date", "code"),
    order="-starts_at",
)
ORIGINAL, COPY = "ORIGINAL", "COPY"
"""What a paper is: the first of its kind about one thing, or one made again. Rows of before hold the Chinese words, which
are shown as they stand."""
COPIES = (Choice(ORIGINAL, N_("正本")), Choice(COPY, N_("副本")))
PRINTS = Ledger(
    "prints",
    N_("打印记录"),
    (
        Field("form", TEXT, N_("表单"), required=True, width=8),
        Field("title", TEXT, N_("标题"), width=24, search=Search.TEXT),
        Field("about", TEXT, N_("对象"), width=20, search=Search.TEXT),
        Field("at", TIME, N_("时间"), required=True, width=16),
        Field("copy", CODE, N_("份次"), choices=COPIES, width=8),
        Field("version", COUNT, N_("版次"), width=6),
        Field("frontier", LONG, N_("依据的记录"), width=30, on=On.FILE),
        Field("head", TEXT, N_("校验值"), width=20, on=On.FILE),
        Field("sha256", TEXT, N_("文件校验"), width=20, on=On.FILE),
        Field("content", TEXT, N_("内容校验"), width=20, on=On.FILE),
    ),
    order="-at",
)
HANDOVER_STATES = (
    Choice("PREPARED", N_("待交班签字")),
    Choice("SIGNED_OUT", N_("待接班签字")),
    Choice("TAKEN_OVER", N_("待带班签字")),
    Choice("COUNTERSIGNED", N_("已完成")),
    Choice("EMERGENCY", N_("单方交接待补签")),
)
ITEM_STATES = (
    Choice("OPEN", N_("待确认")),
    Choice("ACCEPTED", N_("已接")),
    Choice("QUESTIONED", N_("有疑问")),
    Choice("ANSWERED", N_("已答复")),
    Choice("DONE", N_("已办结")),
    Choice("KEPT", N_("由交班组处置")),
)
HANDOVERS = Ledger(
    "handovers",
    N_("交接班"),
    (
        Field("shift", TEXT, N_("交班班次"), required=True, width=16),
        Field("next_shift", TEXT, N_("接班班次"), width=16),
        Field("state", CODE, N_("状态"), required=True, choices=HANDOVER_STATES, width=12),
        Field("giver", ref("people"), N_("交班人"), width=12),
        Field("given_at", TIME, N_("交班签字"), width=16),
        Field("taker", ref("people"), N_("接班人"), width=12),
        Field("taken_at", TIME, N_("接班签字"), width=16),
        Field("leader", ref("people"), N_("带班领导"), width=12),
        Field("countersigned_at", TIME, N_("带班签字"), width=16),
        Field("joint", LONG, N_("共同处置"), width=20, help=N_("重大事项处置中交接时，怎样共同处置")),
        Field("reason", LONG, N_("单方交接原因"), width=20),
        Field("sealed_seq", COUNT, N_("封存至"), width=8),
        Field("sealed_head", TEXT, N_("封存校验值"), width=20),
        Field("sealed_at", TIME, N_("封存时间"), width=16),
        Field("note", LONG, N_("备注"), width=20, search=Search.TEXT),
    ),
    match=("shift",),
    order="-shift",
)
HANDOVER_ITEMS = Ledger(
    "handover_items",
    N_("交接事项"),
    (
        Field("handover", ref("handovers"), N_("交接班"), required=True, width=16),
        Field("block", CODE, N_("类别"), required=True, choices=choices("duty", "block"), width=10),
        Field("title", TEXT, N_("事项"), required=True, width=30, search=Search.TEXT),
        Field("due_at", TIME, N_("时限"), width=16),
        Field("detail", LONG, N_("说明"), width=20),
        Field("ledger", TEXT, N_("台账"), width=10, on=On.FILE),
        Field("row", TEXT, N_("条目"), width=20, on=On.FILE),
        Field("answer", LONG, N_("交班答复"), width=24),
        Field("state", CODE, N_("接班意见"), required=True, choices=ITEM_STATES, width=10),
        Field("question", LONG, N_("疑问"), width=24),
        Field("settled_at", TIME, N_("确认时间"), width=16),
    ),
    order="block",
)
