"""On duty 在岗: signing in, violations of the discipline, spot checks, duties that come again."""

from __future__ import annotations

from dutydesk.core.i18n import N_
from dutydesk.ledger.choices import choices
from dutydesk.ledger.kinds import CODE, COUNT, DAY, FLAG, LONG, TEXT, TIME, ref
from dutydesk.ledger.spec import Choice, Field, Ledger, Mode, Search

SIGNS = (Choice("IN", N_("签到")), Choice("OUT", N_("签退")), Choice("HOME", N_("在家值守")))
MEANS = (
    Choice("PHONE", N_("电话")),
    Choice("VIDEO", N_("视频")),
    Choice("RADIO", N_("电台")),
    Choice("VISIT", N_("实地")),
)
RESULTS = (
    Choice("IN_POST", N_("在岗")),
    Choice("NO_ANSWER", N_("无人接听")),
    Choice("BAD_NUMBER", N_("空号")),
    Choice("FORWARDED", N_("电话转接")),
    Choice("ABSENT", N_("脱岗")),
    Choice("REPLACED", N_("顶岗")),
    Choice("HOME_DUTY", N_("电话值班")),
)
RHYTHMS = (
    Choice("DAILY", N_("每天")),
    Choice("WEEKLY", N_("每周")),
    Choice("MONTHLY", N_("每月")),
    Choice("SHIFT", N_("每班")),
)
SIGN_INS = Ledger(
    "sign_ins",
    N_("签到"),
    (
        Field("at", TIME, N_("时间"), required=True, width=16),
        Field("shift", TEXT, N_("班次"), required=True, width=16),
        Field("person", ref("people"), N_("人员"), required=True, width=12),
        Field("post", TEXT, N_("岗位"), width=12),
        Field("sign", CODE, N_("动作"), required=True, choices=SIGNS, width=10),
        Field("late_min", COUNT, N_("迟到"), width=8, unit=N_("分钟")),
        Field("overtime_min", COUNT, N_("延班"), width=8, unit=N_("分钟")),
        Field("note", TEXT, N_("备注"), width=20, search=Search.TEXT),
        Field("workstation", TEXT, N_("工作站"), width=12),
    ),
    Mode.APPEND,
    order="-at",
)
VIOLATIONS = Ledger(
    "violations",
    N_("违纪"),
    (
        Field("at", TIME, N_("时间"), required=True, width=16),
        Field("kind", CODE, N_("类别"), required=True, choices=choices("duty", "violation"), width=12),
        Field("unit", ref("units"), N_("单位"), width=16),
        Field("person", ref("people"), N_("人员"), width=12),
        Field("shift", TEXT, N_("班次"), width=16),
        Field("text", LONG, N_("情况"), required=True, width=30, search=Search.TEXT),
        Field("found_by", TEXT, N_("发现方式"), width=12),
        Field("spot_check", ref("spot_checks"), N_("抽查"), width=12),
    ),
    Mode.APPEND,
    order="-at",
)
SPOT_CHECKS = Ledger(
    "spot_checks",
    N_("抽查点名"),
    (
        Field("at", TIME, N_("时间"), required=True, width=16),
        Field("unit", ref("units"), N_("单位"), required=True, width=20),
        Field("means", CODE, N_("方式"), required=True, choices=MEANS, width=8),
        Field("checker", TEXT, N_("抽查人"), width=10),
        Field("answered_by", TEXT, N_("应答人"), width=10, search=Search.TEXT),
        Field("seconds", COUNT, N_("应答用时"), width=8, unit=N_("秒")),
        Field("result", CODE, N_("结果"), required=True, choices=RESULTS, width=10),
        Field("note", TEXT, N_("备注"), width=20, search=Search.TEXT),
    ),
    Mode.APPEND,
    order="-at",
)
DUTIES = Ledger(
    "duties",
    N_("固定工作"),
    (
        Field("name", TEXT, N_("事项"), required=True, width=20, search=Search.NAME),
        Field("rhythm", CODE, N_("周期"), required=True, choices=RHYTHMS, width=8),
        Field("days", TEXT, N_("日子"), width=12, help=N_("每周写 1-7，每月写 1-31，用空格隔开；-1 为月末")),
        Field("time", TEXT, N_("时刻"), width=8, help=N_("如 16:00；每班的写开班后分钟数，如 +30")),
        Field("grace_min", COUNT, N_("宽限"), width=6, unit=N_("分钟")),
        Field("season", CODE, N_("限于"), choices=choices("duty", "duty_mode"), width=10),
        Field("starts_on", DAY, N_("起"), width=12),
        Field("ends_on", DAY, N_("止"), width=12),
        Field("post", TEXT, N_("岗位"), width=12),
        Field("active", FLAG, N_("在用"), width=6),
        Field("source", TEXT, N_("依据"), width=24),
        Field("note", LONG, N_("备注"), width=20),
    ),
    match=("name",),
    order="time",
)
DUTY_TICKS = Ledger(
    "duty_ticks",
    N_("固定工作完成"),
    (
        Field("duty", ref("duties"), N_("事项"), required=True, width=20),
        Field("due_at", TIME, N_("应完成"), required=True, width=16),
        Field("done_at", TIME, N_("办结"), required=True, width=16),
        Field("late_min", COUNT, N_("超时"), width=8, unit=N_("分钟")),
        Field("not_done", FLAG, N_("未办"), width=6),
        Field("by", TEXT, N_("办理人"), width=10),
        Field("note", TEXT, N_("备注"), width=20, search=Search.TEXT),
    ),
    Mode.APPEND,
    order="-done_at",
)
