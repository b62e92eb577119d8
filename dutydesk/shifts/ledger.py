"""Shifts 班次: who is on duty from when to when."""

from __future__ import annotations

from dutydesk.core.i18n import N_
from dutydesk.ledger.choices import choices
from dutydesk.ledger.kinds import CODE, DAY, LONG, TEXT, TIME, ref
from dutydesk.ledger.spec import Field, Ledger, On, Search

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
ORIGINAL, COPY = N_("正本"), N_("副本")
"""What a paper is: the first of its kind about one thing, or one made again."""
PRINTS = Ledger(
    "prints",
    N_("打印记录"),
    (
        Field("form", TEXT, N_("表单"), required=True, width=8),
        Field("title", TEXT, N_("标题"), width=24, search=Search.TEXT),
        Field("about", TEXT, N_("对象"), width=20, search=Search.TEXT),
        Field("at", TIME, N_("时间"), required=True, width=16),
        Field("copy", TEXT, N_("份次"), width=8),
        Field("frontier", LONG, N_("依据的记录"), width=30, on=On.FILE),
        Field("head", TEXT, N_("校验值"), width=20, on=On.FILE),
        Field("sha256", TEXT, N_("文件校验"), width=20, on=On.FILE),
    ),
    order="-at",
)
