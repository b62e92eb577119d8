"""What keeps the desk honest: settings with their source, the audit 审计 of who asked to see what, attached files."""

from __future__ import annotations

from dutydesk.core.i18n import N_
from dutydesk.ledger.kinds import CODE, COUNT, DAY, LONG, TEXT, TIME
from dutydesk.ledger.spec import Choice, Field, Ledger, Mode, On, Search

ACTIONS = (
    Choice("REVEAL", N_("查看个人信息")),
    Choice("EXPORT", N_("导出")),
    Choice("SETTLE", N_("处理冲突")),
    Choice("SIGN_IN", N_("登录")),
    Choice("SIGN_FAILED", N_("登录失败")),
    Choice("LOCKED", N_("账号锁定")),
    Choice("LOCK", N_("锁屏")),
    Choice("SIGN_OUT", N_("退出登录")),
    Choice("ENROL", N_("设置口令")),
    Choice("RESET", N_("两人重设口令")),
    Choice("ROLE", N_("改账号")),
    Choice("RESCUE", N_("两人恢复管理员")),
    Choice("DENIED", N_("无权操作")),
    Choice("PRINT", N_("打印")),
    Choice("IMPORT", N_("导入")),
    Choice("SNAPSHOT", N_("备份")),
    Choice("RESTORE", N_("恢复")),
    Choice("SYNC", N_("同步")),
    Choice("BUNDLE", N_("数据包")),
)
SETTINGS = Ledger(
    "settings",
    N_("设置"),
    (
        Field("key", TEXT, N_("名称"), required=True, width=16, search=Search.TEXT),
        Field("value", LONG, N_("值"), width=8),
        Field("source", TEXT, N_("依据"), width=30, search=Search.TEXT),
        Field("place", TEXT, N_("适用地区"), width=8),
        Field("date", DAY, N_("依据日期"), width=12),
        Field("note", LONG, N_("备注"), width=20),
    ),
    match=("key",),
    order="key",
)
AUDIT = Ledger(
    "audit",
    N_("审计"),
    (
        Field("at", TIME, N_("时间"), required=True, width=16),
        Field("by", TEXT, N_("人员"), width=10, search=Search.NAME),
        Field("action", CODE, N_("动作"), required=True, choices=ACTIONS, width=12),
        Field("subject", TEXT, N_("对象"), width=30, search=Search.TEXT),
        Field("reason", TEXT, N_("原因"), required=True, width=30, search=Search.TEXT),
        Field("result", TEXT, N_("结果"), width=16),
        Field("workstation", TEXT, N_("工作站"), width=12),
    ),
    Mode.APPEND,
    order="-at",
)
ATTACHMENTS = Ledger(
    "attachments",
    N_("附件"),
    (
        Field("name", TEXT, N_("文件名"), required=True, width=30, search=Search.TEXT),
        Field("ledger", TEXT, N_("台账"), required=True, width=10, on=On.FILE),
        Field("row", TEXT, N_("条目"), required=True, width=20, on=On.FILE),
        Field("sha256", TEXT, N_("校验值"), required=True, width=20, on=On.FILE),
        Field("size", COUNT, N_("大小"), width=10, unit=N_("字节")),
        Field("type", TEXT, N_("类型"), width=12),
        Field("at", TIME, N_("时间"), width=16),
    ),
    Mode.APPEND,
    order="-at",
)
