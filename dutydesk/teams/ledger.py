"""Rescue teams 救援队伍: kind, strength, leader, equipment and what they are doing now."""

from __future__ import annotations

from dutydesk.core.i18n import N_
from dutydesk.ledger.choices import choices
from dutydesk.ledger.kinds import CODE, COUNT, LONG, PHONE, TEXT, ref
from dutydesk.ledger.spec import Field, Ledger, On, Search

TEAMS = Ledger(
    "teams",
    N_("救援队伍"),
    (
        Field("name", TEXT, N_("名称"), required=True, width=22, search=Search.NAME),
        Field("kind", CODE, N_("类别"), choices=choices("teams", "kind"), width=12),
        Field("unit", TEXT, N_("所属单位"), width=18, search=Search.NAME),
        Field("region", ref("regions"), N_("区域"), width=12),
        Field("strength", COUNT, N_("人数"), width=8, unit=N_("人")),
        Field("vehicles", COUNT, N_("车辆"), width=8, unit=N_("辆")),
        Field("leader", TEXT, N_("负责人"), width=10, search=Search.NAME, personal=True),
        Field("phone", PHONE, N_("负责人电话"), width=14, search=Search.TEXT, personal=True),
        Field("status", CODE, N_("状态"), choices=choices("teams", "status"), width=8),
        Field("place", TEXT, N_("现在位置"), width=18, search=Search.NAME),
        Field("equipment", LONG, N_("主要装备"), width=24, search=Search.TEXT),
        Field("note", LONG, N_("备注"), width=16, on=On.FORM | On.FILE, search=Search.TEXT),
    ),
    match=("name",),
)
