"""Accounts 账号: who may do what at the desks of a district. PINs are never here: they stay in each desk's local table."""

from __future__ import annotations

from dutydesk.core.i18n import N_
from dutydesk.ledger.choices import choices
from dutydesk.ledger.kinds import CODE, LONG, TIME, ref
from dutydesk.ledger.spec import Choice, Field, Ledger, Search

STATES = (Choice("ACTIVE", N_("在用")), Choice("OFF", N_("停用")))
ACCOUNTS = Ledger(
    "accounts",
    N_("账号"),
    (
        Field("person", ref("people"), N_("人员"), required=True, width=12),
        Field("role", CODE, N_("角色"), required=True, choices=choices("roles", "role"), width=10),
        Field("state", CODE, N_("状态"), required=True, choices=STATES, width=8),
        Field("since", TIME, N_("起用时间"), width=16),
        Field("note", LONG, N_("备注"), width=20, search=Search.TEXT),
    ),
    match=("person",),
    order="since",
)
