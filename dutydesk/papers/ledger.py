"""Papers 纸质单: blank forms with pre-printed numbers, and the outages in which they were filled in by hand."""

from __future__ import annotations

from dutydesk.core.i18n import N_
from dutydesk.ledger.kinds import CODE, LONG, TEXT, TIME
from dutydesk.ledger.spec import Choice, Field, Ledger, Search

PAPER_STATES = (
    Choice("BLANK", N_("未用")),
    Choice("TYPED", N_("已补录")),
    Choice("VOID", N_("作废")),
)
OUTAGE_KINDS = (
    Choice("POWER", N_("停电")),
    Choice("NETWORK", N_("断网")),
    Choice("PHONE", N_("电话不通")),
    Choice("COMPUTER", N_("电脑故障")),
    Choice("OTHER", N_("其他")),
)
# A sheet takes the desk's next number in the act that records its printing. `row` names every entry that was typed from
# it: ids in hex with blanks between, in the order of typing; all are of one `ledger`.
PAPERS = Ledger(
    "papers",
    N_("纸质单"),
    (
        Field("number", TEXT, N_("单号"), required=True, width=11, search=Search.TEXT),
        Field("form", TEXT, N_("表单"), required=True, width=8),
        Field("printed_at", TIME, N_("印制时间"), required=True, width=16),
        Field("state", CODE, N_("状态"), required=True, choices=PAPER_STATES, width=7),
        Field("typed_at", TIME, N_("补录时间"), width=16),
        Field("typed_by", TEXT, N_("补录人"), width=7),
        Field("written_by", TEXT, N_("填写人"), width=7),
        Field("ledger", TEXT, N_("台账"), width=10),
        Field("row", LONG, N_("条目"), width=20),
        Field("note", LONG, N_("备注"), width=20, search=Search.TEXT),
    ),
    match=("number",),
    order="number",
    number="number",
)
OUTAGES = Ledger(
    "outages",
    N_("断网断电"),
    (
        Field("kind", CODE, N_("类别"), required=True, choices=OUTAGE_KINDS, width=10),
        Field("starts_at", TIME, N_("开始"), required=True, width=16),
        Field("ends_at", TIME, N_("恢复"), width=16),
        Field("text", LONG, N_("情况"), width=30, search=Search.TEXT),
        Field("measures", LONG, N_("采取的办法"), width=30, search=Search.TEXT),
        Field("reported_to", TEXT, N_("报告对象"), width=16),
    ),
    order="-starts_at",
)
