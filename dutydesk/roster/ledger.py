"""Roster 排班: what kind a day is, who may stand which post, who is away, who stands when, swaps and substitutes."""

from __future__ import annotations

from dutydesk.core.i18n import N_
from dutydesk.ledger.choices import choices
from dutydesk.ledger.kinds import CODE, COUNT, DAY, FLAG, LONG, PHONE, TEXT, TIME, ref
from dutydesk.ledger.spec import Choice, Field, Ledger, On, Search

DAY_KINDS = (
    Choice("WORKDAY", N_("工作日")),
    Choice("RESTDAY", N_("休息日")),
    Choice("HOLIDAY", N_("节假日")),
    Choice("MAKEUP", N_("调休上班")),
)
ORIGINS = (
    Choice("GENERATED", N_("自动")),
    Choice("HAND", N_("手工")),
    Choice("IMPORT", N_("导入")),
    Choice("SWAP", N_("调班")),
    Choice("SUBSTITUTE", N_("代班")),
    Choice("REINFORCE", N_("增援")),
)
LEAVE_KINDS = (
    Choice("LEAVE", N_("休假")),
    Choice("SICK", N_("病假")),
    Choice("TRIP", N_("外出报备")),
    Choice("TRAINING", N_("培训")),
    Choice("OTHER", N_("其他")),
)
LEAVE_STATES = (
    Choice("ASKED", N_("待批")),
    Choice("APPROVED", N_("已批")),
    Choice("REFUSED", N_("不批")),
    Choice("RETURNED", N_("已销假")),
    Choice("CANCELLED", N_("已撤回")),
)
SWAP_KINDS = (Choice("SWAP", N_("调班")), Choice("SUBSTITUTE", N_("代班")))
SWAP_STATES = (
    Choice("ASKED", N_("待对方同意")),
    Choice("ACCEPTED", N_("待领导批准")),
    Choice("APPROVED", N_("已批准")),
    Choice("REFUSED", N_("未同意")),
    Choice("CANCELLED", N_("已撤回")),
)
ROSTER_STATES = (Choice("DRAFT", N_("草稿")), Choice("PUBLISHED", N_("已发布")))

DAY_TYPES = Ledger(
    "day_types",
    N_("日历"),
    (
        Field("date", DAY, N_("日期"), required=True, width=12),
        Field("kind", CODE, N_("类别"), required=True, choices=DAY_KINDS, width=10),
        Field("name", TEXT, N_("节日"), width=12, search=Search.TEXT),
        Field("source", TEXT, N_("依据"), width=30),
    ),
    match=("date",),
    order="date",
)
STAFF = Ledger(
    "roster_people",
    N_("值班人员"),
    (
        Field("person", ref("people"), N_("人员"), required=True, width=12),
        Field(
            "posts",
            TEXT,
            N_("可任岗位"),
            required=True,
            width=24,
            help=N_("岗位，用空格隔开，如 主班 副班"),
        ),
        Field("joined_on", DAY, N_("起"), width=12),
        Field("left_on", DAY, N_("止"), width=12),
        Field("trained_on", DAY, N_("岗前培训"), width=12),
        Field("deputy", ref("people"), N_("B 岗"), width=12),
        Field("standby", FLAG, N_("备班"), width=6),
        Field("principal", FLAG, N_("主要领导"), width=8),
        Field("note", LONG, N_("备注"), width=20),
    ),
    match=("person",),
    order="person",
)
ASSIGNMENTS = Ledger(
    "assignments",
    N_("排班"),
    (
        Field("date", DAY, N_("日期"), required=True, width=12),
        Field("shift", TEXT, N_("班"), required=True, width=8),
        Field("post", TEXT, N_("岗位"), required=True, width=12),
        Field("slot", COUNT, N_("席位"), required=True, width=6, help=N_("同一岗位的第几个，从 1 起")),
        Field("person", ref("people"), N_("人员"), width=12),
        Field("origin", CODE, N_("来源"), choices=ORIGINS, width=8),
        Field("swap", ref("swaps"), N_("调代记录"), width=12, on=On.FORM | On.FILE),
        Field("planned", ref("people"), N_("原排人员"), width=12),
        Field("note", TEXT, N_("备注"), width=16),
    ),
    match=("date", "shift", "post", "slot"),
    order="date",
)
LEAVES = Ledger(
    "leaves",
    N_("请假外出"),
    (
        Field("person", ref("people"), N_("人员"), required=True, width=12),
        Field("kind", CODE, N_("类别"), required=True, choices=LEAVE_KINDS, width=10),
        Field("starts_on", DAY, N_("起"), required=True, width=12),
        Field("ends_on", DAY, N_("止"), required=True, width=12),
        Field("place", TEXT, N_("去向"), width=16),
        Field("reason", TEXT, N_("事由"), width=20, search=Search.TEXT),
        Field("acting", ref("people"), N_("代职人"), width=12),
        Field("phone", PHONE, N_("联系电话"), width=16, personal=True),
        Field("state", CODE, N_("状态"), required=True, choices=LEAVE_STATES, width=10),
        Field("approver", ref("people"), N_("批准人"), width=12),
        Field("decided_at", TIME, N_("批准时间"), width=16),
        Field("returned_on", DAY, N_("销假日期"), width=12),
    ),
    order="-starts_on",
)
SWAPS = Ledger(
    "swaps",
    N_("调班代班"),
    (
        Field("kind", CODE, N_("类别"), required=True, choices=SWAP_KINDS, width=8),
        Field("date", DAY, N_("日期"), required=True, width=12),
        Field("shift", TEXT, N_("班"), required=True, width=8),
        Field("post", TEXT, N_("岗位"), required=True, width=12),
        Field("slot", COUNT, N_("席位"), required=True, width=6),
        Field("person", ref("people"), N_("原值班人"), required=True, width=12),
        Field("other", ref("people"), N_("对方"), required=True, width=12),
        Field("other_date", DAY, N_("对方日期"), width=12),
        Field("other_shift", TEXT, N_("对方班"), width=8),
        Field("other_post", TEXT, N_("对方岗位"), width=12),
        Field("other_slot", COUNT, N_("对方席位"), width=6),
        Field("reason", TEXT, N_("事由"), required=True, width=20, search=Search.TEXT),
        Field("state", CODE, N_("状态"), required=True, choices=SWAP_STATES, width=12),
        Field("asked_at", TIME, N_("提出时间"), width=16),
        Field("accepted_at", TIME, N_("同意时间"), width=16),
        Field("approver", ref("people"), N_("批准人"), width=12),
        Field("decided_at", TIME, N_("批准时间"), width=16),
    ),
    order="-asked_at",
)
ROSTERS = Ledger(
    "rosters",
    N_("值班表"),
    (
        Field("starts_on", DAY, N_("起"), required=True, width=12),
        Field("ends_on", DAY, N_("止"), required=True, width=12),
        Field("state", CODE, N_("状态"), required=True, choices=ROSTER_STATES, width=10),
        Field("maker", ref("people"), N_("制表"), width=12),
        Field("approver", ref("people"), N_("审批"), width=12),
        Field("published_at", TIME, N_("发布时间"), width=16),
        Field("note", LONG, N_("备注"), width=20),
    ),
    match=("starts_on", "ends_on"),
    order="-starts_on",
)
POSTURES = Ledger(
    "postures",
    N_("值守状态"),
    (
        Field("mode", CODE, N_("状态"), required=True, choices=choices("duty", "duty_mode"), width=12),
        Field("starts_on", DAY, N_("起"), required=True, width=12),
        Field("ends_on", DAY, N_("止"), width=12),
        Field("order_no", TEXT, N_("文号"), width=20, search=Search.TEXT),
        Field("crew", TEXT, N_("班组要求"), width=24, help=N_("岗位=人数，如 带班领导=1 主班=2；空为按规定")),
        Field("note", LONG, N_("备注"), width=20),
    ),
    order="-starts_on",
)
