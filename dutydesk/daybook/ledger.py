"""The duty log 值班日志: rows are added, never altered; a correction is a new row that names the old one."""

from __future__ import annotations

from dutydesk.core.i18n import N_
from dutydesk.ledger.choices import choices
from dutydesk.ledger.kinds import CODE, FLAG, LONG, PHONE, TEXT, TIME, ref
from dutydesk.ledger.spec import Field, Ledger, Mode, On, Search

LOG = Ledger(
    "log",
    N_("值班日志"),
    (
        Field("no", TEXT, N_("编号"), width=11, search=Search.TEXT, on=On.TABLE | On.FILE | On.PRINT),
        Field("shift", TEXT, N_("班次"), width=12, on=On.FILE),
        Field("happened_at", TIME, N_("时间"), required=True, width=16),
        Field("recorded_at", TIME, N_("记录时间"), width=16, on=On.FILE | On.PRINT),
        Field("category", CODE, N_("类别"), choices=choices("log_categories", "category"), width=8),
        Field("line", CODE, N_("业务线"), choices=choices("duty", "line"), width=10),
        Field("direction", CODE, N_("收发"), choices=choices("log_categories", "direction"), width=6),
        Field("means", CODE, N_("方式"), choices=choices("log_categories", "means"), width=8),
        Field("party", TEXT, N_("对方"), width=16, search=Search.NAME),
        Field("party_phone", PHONE, N_("对方电话"), width=14, search=Search.TEXT, personal=True),
        Field("text", LONG, N_("内容"), required=True, width=40, search=Search.TEXT),
        Field("handling", LONG, N_("处理情况"), width=24, search=Search.TEXT),
        Field("already_told", TEXT, N_("对方已告知"), width=16, on=On.FORM | On.FILE, search=Search.TEXT),
        Field("region", ref("regions"), N_("区域"), width=12),
        Field("incident", ref("incidents"), N_("事件"), width=10),
        Field("person", ref("people"), N_("人员"), width=10, on=On.FORM | On.FILE),
        Field("due_at", TIME, N_("待反馈"), width=16),
        Field("answers", ref("log"), N_("反馈哪一条"), width=10, on=On.FILE),
        Field("amends", ref("log"), N_("更正哪一条"), width=10, on=On.FILE | On.PRINT),
        Field("reason", TEXT, N_("更正原因"), width=16, on=On.FILE | On.PRINT, search=Search.TEXT),
        Field("late", FLAG, N_("补录"), width=6, on=On.TABLE | On.FILE | On.PRINT),
        Field("recorder", TEXT, N_("记录人"), width=8, on=On.TABLE | On.FILE | On.PRINT),
    ),
    Mode.APPEND,
    order="-happened_at",
    number="no",
)
