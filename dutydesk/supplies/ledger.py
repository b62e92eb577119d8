"""Supplies 应急物资: what lies where, and how much there should be (GB/T 38565-2020)."""

from __future__ import annotations

from dutydesk.core.i18n import N_
from dutydesk.ledger.choices import choices
from dutydesk.ledger.kinds import CODE, COUNT, DAY, LONG, PHONE, TEXT, ref
from dutydesk.ledger.spec import Field, Ledger, On, Search

SUPPLIES = Ledger(
    "supplies",
    N_("应急物资"),
    (
        Field("code", TEXT, N_("分类代码"), width=9, search=Search.TEXT, help=N_("GB/T 38565 七位代码")),
        Field("name", TEXT, N_("名称"), required=True, width=18, search=Search.NAME),
        Field("spec", TEXT, N_("规格型号"), width=16, search=Search.TEXT),
        Field("class", CODE, N_("大类"), choices=choices("supplies", "class"), width=14),
        Field("quantity", COUNT, N_("数量"), width=8),
        Field("unit", TEXT, N_("单位"), width=6),
        Field("store", TEXT, N_("存放地点"), width=20, search=Search.NAME),
        Field("region", ref("regions"), N_("区域"), width=12),
        Field("owner", TEXT, N_("权属单位"), width=16, search=Search.NAME, on=On.FORM | On.FILE),
        Field("holding", CODE, N_("储备方式"), choices=choices("supplies", "holding"), width=10),
        Field("standard", COUNT, N_("应备数量"), width=8),
        Field("expires", DAY, N_("有效期至"), width=12),
        Field("checked", DAY, N_("检查日期"), width=12),
        Field("contact", TEXT, N_("保管人"), width=10, personal=True),
        Field("phone", PHONE, N_("保管人电话"), width=14, personal=True, search=Search.TEXT),
        Field("note", LONG, N_("备注"), width=16, on=On.FORM | On.FILE, search=Search.TEXT),
    ),
    match=("name", "spec", "store"),
)
