"""Incidents 突发事件: what was reported, where, how bad, and how far it is."""

from __future__ import annotations

from dutydesk.core.i18n import N_
from dutydesk.ledger.choices import choices
from dutydesk.ledger.kinds import CODE, COUNT, FLAG, HUNDREDTH, LONG, PHONE, TEXT, TIME, ref
from dutydesk.ledger.spec import Field, Ledger, On, Search

INCIDENTS = Ledger(
    "incidents",
    N_("突发事件"),
    (
        Field("no", TEXT, N_("编号"), width=11, search=Search.TEXT, on=On.TABLE | On.FILE | On.PRINT),
        Field("happened_at", TIME, N_("事发时间"), required=True, width=16),
        Field("received_at", TIME, N_("接报时间"), required=True, width=16),
        Field("source", CODE, N_("信息来源"), choices=choices("sources", "source_kind"), width=12),
        Field("caller", TEXT, N_("报告人"), width=12, search=Search.NAME, on=On.FORM | On.FILE | On.PRINT),
        Field(
            "caller_phone", PHONE, N_("报告人电话"), width=14, search=Search.TEXT, personal=True, on=On.FORM | On.FILE
        ),
        Field("type", CODE, N_("类别"), required=True, choices=choices("event_codes", "event_code"), width=14),
        Field("region", ref("regions"), N_("区域"), width=12),
        Field("place", TEXT, N_("地点"), required=True, width=24, search=Search.NAME),
        Field("text", LONG, N_("简要经过"), required=True, width=40, search=Search.TEXT),
        Field("dead", COUNT, N_("死亡"), width=6, unit=N_("人")),
        Field("missing", COUNT, N_("失踪"), width=6, unit=N_("人")),
        Field("trapped", COUNT, N_("被困"), width=6, unit=N_("人")),
        Field("serious", COUNT, N_("重伤"), width=6, unit=N_("人")),
        Field("injured", COUNT, N_("受伤"), width=6, unit=N_("人")),
        Field("loss_wan", HUNDREDTH, N_("直接损失"), width=10, unit=N_("万元")),
        Field("measures", LONG, N_("已采取措施"), width=30, search=Search.TEXT, on=On.FORM | On.FILE | On.PRINT),
        Field("impact", LONG, N_("影响范围"), width=20, on=On.FORM | On.FILE),
        Field("request", LONG, N_("建议与请求"), width=20, on=On.FORM | On.FILE),
        Field("contact", TEXT, N_("现场负责人"), width=14, on=On.FORM | On.FILE),
        Field("grade", CODE, N_("初判等级"), choices=choices("incident_grades", "grade"), width=10),
        Field("state", CODE, N_("状态"), choices=choices("incident_grades", "incident_state"), width=8),
        Field("major", FLAG, N_("重大事项"), width=8, on=On.FORM | On.FILE),
        Field("phoned_at", TIME, N_("电话快报时间"), width=16, on=On.FORM | On.FILE),
        Field("phoned_to", TEXT, N_("电话快报对象"), width=20, on=On.FORM | On.FILE),
        Field("reported_at", TIME, N_("初报时间"), width=16, on=On.FORM | On.FILE),
        Field("reported_to", TEXT, N_("初报对象与方式"), width=20, on=On.FORM | On.FILE),
    ),
    order="-received_at",
    number="no",
)
