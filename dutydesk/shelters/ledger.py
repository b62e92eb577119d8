"""Shelters 避灾安置场所 and who is in them."""

from __future__ import annotations

from dutydesk.core.i18n import N_
from dutydesk.ledger.choices import choices
from dutydesk.ledger.kinds import CODE, COUNT, DEGREE, FLAG, HUNDREDTH, LONG, PHONE, TEXT, TIME, ref
from dutydesk.ledger.spec import Field, Ledger, Mode, On, Search

SHELTERS = Ledger(
    "shelters",
    N_("避灾安置场所"),
    (
        Field("name", TEXT, N_("名称"), required=True, width=22, search=Search.NAME),
        Field("level", CODE, N_("级别"), choices=choices("shelters", "level"), width=10),
        Field("region", ref("regions"), N_("区域"), width=14),
        Field("address", TEXT, N_("地址"), width=24, search=Search.NAME),
        Field("area_m2", HUNDREDTH, N_("建筑面积"), width=10, unit="㎡"),
        Field("usable_m2", HUNDREDTH, N_("可用面积"), width=10, unit="㎡"),
        Field("capacity", COUNT, N_("容量"), width=8, unit=N_("人")),
        Field("standardised", FLAG, N_("规范化"), width=8),
        Field("state", CODE, N_("状态"), choices=choices("shelters", "state"), width=8),
        Field("manager", TEXT, N_("负责人"), width=10, search=Search.NAME, personal=True),
        Field("manager_phone", PHONE, N_("负责人电话"), width=14, search=Search.TEXT, personal=True),
        Field("lon", DEGREE, N_("经度"), width=11, unit="°", on=On.FORM | On.FILE),
        Field("lat", DEGREE, N_("纬度"), width=11, unit="°", on=On.FORM | On.FILE),
        Field("hazards", TEXT, N_("适用灾种"), width=16, on=On.FORM | On.FILE),
        Field("note", LONG, N_("备注"), width=16, search=Search.TEXT, on=On.FORM | On.FILE),
    ),
    match=("name", "region"),
)
COUNTS = Ledger(
    "shelter_counts",
    N_("安置人数"),
    (
        Field("shelter", ref("shelters"), N_("场所"), required=True, width=20),
        Field("in", COUNT, N_("转入"), width=8, unit=N_("人")),
        Field("out", COUNT, N_("转出"), width=8, unit=N_("人")),
        Field("share", COUNT, N_("其中特殊人群"), width=8, unit=N_("人")),
        Field("needs", TEXT, N_("需求"), width=20, search=Search.TEXT),
        Field("at", TIME, N_("时间"), required=True, width=16),
        Field("by", TEXT, N_("报告人"), width=10),
    ),
    Mode.APPEND,
    order="-at",
)
