"""Warnings 预警: typed by an officer or read from a file."""

from __future__ import annotations

from dutydesk.core.i18n import N_
from dutydesk.ledger.choices import choices
from dutydesk.ledger.kinds import CODE, FLAG, LONG, TEXT, TIME
from dutydesk.ledger.spec import Choice, Field, Ledger, On, Search

STATUSES = (
    Choice("ACTUAL", N_("实际")),
    Choice("EXERCISE", N_("演练")),
    Choice("TEST", N_("测试")),
    Choice("DRAFT", N_("草稿")),
    Choice("SYSTEM", N_("系统")),
)
KINDS = (
    Choice("ALERT", N_("发布")),
    Choice("UPDATE", N_("更新")),
    Choice("CANCEL", N_("解除")),
    Choice("ACK", N_("确认")),
    Choice("ERROR", N_("错误")),
)
STATES = (
    Choice("DRAFT", N_("草稿")),
    Choice("ACTIVE", N_("生效中")),
    Choice("SUPERSEDED", N_("已被更新")),
    Choice("CANCELLED", N_("已解除")),
    Choice("EXPIRED", N_("已到期")),
    Choice("NOT_LIVE", N_("非实际预警")),
)
WARNINGS = Ledger(
    "warnings",
    N_("预警"),
    (
        Field("identifier", TEXT, N_("编号"), width=30, search=Search.TEXT, on=On.TABLE | On.FILE),
        Field("type", CODE, N_("灾种"), choices=choices("warnings", "hazards"), width=10),
        Field("colour", CODE, N_("颜色"), choices=choices("warnings", "colours"), width=8),
        Field("issuer", TEXT, N_("发布单位"), required=True, width=18, search=Search.NAME),
        Field("headline", TEXT, N_("标题"), width=36, search=Search.TEXT),
        Field("areas", LONG, N_("范围"), width=24, search=Search.TEXT),
        Field("area_codes", TEXT, N_("范围代码"), width=16, on=On.FILE),
        Field("issued_at", TIME, N_("发布时间"), required=True, width=16),
        Field("starts_at", TIME, N_("生效时间"), width=16, on=On.FORM | On.FILE),
        Field("ends_at", TIME, N_("结束时间"), width=16),
        Field("text", LONG, N_("内容"), width=30, search=Search.TEXT, on=On.FORM | On.FILE | On.PRINT),
        Field("measures", LONG, N_("防御指引"), width=30, on=On.FORM | On.FILE),
        Field("status", CODE, N_("性质"), choices=STATUSES, width=8),
        Field("kind", CODE, N_("消息"), choices=KINDS, width=8, on=On.FORM | On.FILE),
        Field("refers", TEXT, N_("针对的预警"), width=20, on=On.FORM | On.FILE),
        Field("event", TEXT, N_("灾种原文"), width=12, search=Search.TEXT, on=On.FORM | On.FILE),
        Field("state", CODE, N_("状态"), choices=STATES, width=10),
        Field("cancelled_at", TIME, N_("解除时间"), width=16, on=On.FILE),
        Field("assumed_end", FLAG, N_("结束时间为推定"), width=8, on=On.FILE),
        Field("original", TEXT, N_("原文件"), width=20, on=On.FILE),
    ),
    match=("identifier",),
    order="-issued_at",
)
