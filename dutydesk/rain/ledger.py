"""Gauges, and the files of readings that came in; the readings themselves stand in `sample` (model.py)."""

from __future__ import annotations

from dutydesk.core.i18n import N_
from dutydesk.ledger.kinds import COUNT, DEGREE, TEXT, TIME, ref
from dutydesk.ledger.spec import Field, Ledger, Mode, On, Search

STATIONS = Ledger(
    "stations",
    N_("雨量站"),
    (
        Field("code", TEXT, N_("站号"), required=True, width=10, search=Search.TEXT),
        Field("name", TEXT, N_("站名"), required=True, width=14, search=Search.NAME),
        Field("region", ref("regions"), N_("区域"), width=14),
        Field("lon", DEGREE, N_("经度"), width=11, unit="°"),
        Field("lat", DEGREE, N_("纬度"), width=11, unit="°"),
        Field("note", TEXT, N_("备注"), width=16),
    ),
    match=("code",),
    order="code",
)
BATCHES = Ledger(
    "rain_batches",
    N_("雨量数据批次"),
    (
        Field("source", TEXT, N_("来源"), required=True, width=24, search=Search.TEXT),
        Field("sha256", TEXT, N_("原文件"), width=20, on=On.FILE),
        Field("samples_sha256", TEXT, N_("样本文件"), width=20, on=On.FILE),
        Field("stations", COUNT, N_("站数"), width=6),
        Field("samples", COUNT, N_("样本数"), width=8),
        Field("missing", COUNT, N_("缺测"), width=6),
        Field("starts_at", TIME, N_("起"), width=16),
        Field("ends_at", TIME, N_("止"), width=16),
        Field("at", TIME, N_("导入时间"), width=16),
    ),
    Mode.APPEND,
    order="-at",
)
