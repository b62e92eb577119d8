"""Which column means what: headers of gauge tables in Chinese, English and the foreign ones met so far.

A header may say more than its meaning: the period (`1小时雨量`, `PRE_24h`), the unit (`雨量(0.1mm)`), the zone
(`Tijd (UTC)`, `period_end_bjt`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timezone

from dutydesk.rain.formats_base import UNITS, folded, zone_of

_NAMES: Mapping[str, str] = {
    "station": "站号 站码 区站号 台站号 站点编号 站点编码 站点代码 站点号 测站编码 测站编号 测站代码 测站号 站编码 站点id 雨量站编码 iiiii stcd stationid "
    "stationidc stationcode stationno stationnumber stationnum station gauge gaugeid 站址编码 设备编号 vlinder stid wmo",
    "name": "站名 站点 站点名称 测站 测站名称 台站名 台站名称 雨量站 站点名 名称 stationname stnm name gaugename benaming",
    "time": "时间 观测时间 监测时间 资料时间 资料时次 数据时间 采集时间 上报时间 时次 日期时间 结束时间 终止时间 截止时间 时段结束 时段末 ttime tm time "
    "datetime timestamp obstime observationtime datatime endtime end periodend timeend",
    "start": "开始时间 起始时间 时段开始 时段初 starttime start periodstart timestart begintime",
    "date": "日期 观测日期 年月日 date datum obsdate day日期",
    "clock": "时刻 钟点 tijd clock hhmm",
    "year": "年 年份 year",
    "month": "月 月份 mon month",
    "day": "日 day",
    "hour": "时 小时 hour hh",
    "minutes": "时段分钟 分钟数 时长分钟 历时分钟 minutes periodminutes durationmin 时段长分钟",
    "intv": "时段长 时段小时 intv",
    "rain": "雨量 降水量 降雨量 降水 降雨 雨量值 降水值 时段雨量 时段降水量 时段降雨量 面雨量 pre rr drp rain rainfall rainmm precip precipitation prcp "
    "precipitationmm rainfallmm neerslag niederschlag",
    "total": "累计雨量 累计降水量 累计降雨量 累积雨量 累积降水量 累积降雨量 当日累计 当日累计雨量 日累计雨量 日累计降水量 今日累计雨量 雨量累计 "
    "降水累计 accumulated accumulatedrain cumulative cumulativerain raintotal totalrain dailytotal neerslagsom",
    "value": "值 数值 value val 观测值 监测值",
    "lon": "经度 东经 lon lng long longitude",
    "lat": "纬度 北纬 lat latitude",
    "county": "区县 县区 县 区 县市区 所属区县 所在区县 行政区 行政区划 区域 cnty county district region",
    "town": "乡镇 镇街 街道 乡镇街道 所属乡镇 所在乡镇 town township street stad",
}
_BY_NAME = {name: role for role, names in _NAMES.items() for name in names.split()}
_IGNORED = frozenset(
    [
        "雨强",
        "降水强度",
        "降雨强度",
        "最大雨强",
        "气温",
        "温度",
        "湿度",
        "相对湿度",
        "气压",
        "风向",
        "风速",
        "能见度",
        "水位",
        "流量",
        "高度",
        "海拔",
        "高程",
        "序号",
        "no",
        "index",
        "备注",
        "省",
        "省份",
        "城市",
        "市",
        "地市",
        "天气",
    ]
)
_PERIOD = re.compile(
    r"(?:过去|前|近|最近)?(\d{1,3}|[一二三六十两]|十二|二十四)?(分钟|分|小时|时|h|hr|hour|hours|min|日|天)(?:内|间)?的?(?:累计|累积)?"
    r"(雨量|降水量|降雨量|降水|降雨)(?:值)?"
)
_CODE_PERIOD = re.compile(
    r"(?:pre|rain|rainfall|precip|prcp|r|rr|p)(\d{1,3})(h|hr|hour|hours|m|min|minutes)|(?:pre|rain|r)(?:day|daily)"
)
_DIGITS = {"": 1, "一": 1, "二": 2, "两": 2, "三": 3, "六": 6, "十": 10, "十二": 12, "二十四": 24}
_LENGTHS = {"分钟": 1, "分": 1, "min": 1, "m": 1, "minutes": 1, "日": 1440, "天": 1440}
_DAILY = {
    "日雨量": 1440,
    "日降水量": 1440,
    "日降雨量": 1440,
    "dyp": 1440,
    "小时雨强": 60,
    "hourlyrain": 60,
    "hourlyrainfall": 60,
}
_BRACKETS = re.compile(r"[(\[〔【{](.*?)[)\]〕】}]")
_ZONE_TAIL = re.compile(r"[_\s](utc|gmt|bjt|cet)$")


@dataclass(frozen=True, slots=True)
class Column:
    """A column and what its header says: period in minutes, unit as tenths per unit, zone; None where it does not."""

    at: int
    header: str
    role: str
    minutes: int | None = None
    unit: int | None = None
    zone: timezone | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """A header row: the columns by role (`rain` may be many) and the columns that nobody knows."""

    columns: Mapping[str, Column]
    rains: tuple[Column, ...]
    unknown: tuple[Column, ...]

    def at(self, role: str) -> int | None:
        """Where a role's column is."""
        column = self.columns.get(role)
        return None if column is None else column.at

    @property
    def has_time(self) -> bool:
        """Whether rows say when they were."""
        return any(role in self.columns for role in ("time", "date", "year"))

    @property
    def names_station(self) -> bool:
        """Whether rows say where they were."""
        return "station" in self.columns or "name" in self.columns

    @property
    def zone(self) -> timezone | None:
        """The zone that a time column names."""
        for role in ("time", "clock", "start", "date"):
            column = self.columns.get(role)
            if column is not None and column.zone is not None:
                return column.zone
        return None


def read_header(cells: Sequence[str], chosen: Mapping[str, str]) -> Layout:
    """What a row says if it is a header. `chosen` gives headers by role, set by hand. Of two columns of one role the
    first holds; `value` alone is rain only where no column is."""
    by_hand = {folded(header): role for role, header in chosen.items()}
    columns: dict[str, Column] = {}
    rains: list[Column] = []
    unknown: list[Column] = []
    taken = set(by_hand.values())
    values: list[Column] = []
    for at, text in enumerate(cells):
        column = _column(at, text, by_hand)
        if column is None:
            continue
        if column.role in taken and folded(text) not in by_hand:
            continue
        if column.role == "rain":
            rains.append(column)
        elif column.role == "value":
            values.append(column)
        elif not column.role:
            unknown.append(column)
        else:
            columns.setdefault(column.role, column)
    if not rains and "total" not in columns:
        rains = values[:1]
    if "time" in columns and "date" in columns and "clock" not in columns and "time" not in taken:
        columns["clock"] = columns.pop("time")
    return Layout(columns, _distinct(rains), tuple(unknown))


def _distinct(rains: list[Column]) -> tuple[Column, ...]:
    """One column a period; those without a period only where no other rain column says one, and then the first."""
    by_minutes: dict[int | None, Column] = {}
    for column in rains:
        by_minutes.setdefault(column.minutes, column)
    if len(by_minutes) > 1:
        by_minutes.pop(None, None)
    return tuple(by_minutes.values())


def _column(at: int, text: str, by_hand: Mapping[str, str]) -> Column | None:
    plain = folded(text)
    if not plain:
        return None
    unit: int | None = None
    zone: timezone | None = None
    bare = plain
    for inside in _BRACKETS.findall(plain):
        unit = unit or unit_of(inside)
        zone = zone or zone_of(inside)
        bare = bare.replace(inside, "")
    slashed = re.fullmatch(r"(.+)[/_](mm|毫米|0\.1mm)", bare)
    if slashed:
        bare, unit = slashed[1], unit or unit_of(slashed[2])
    tail = _ZONE_TAIL.search(bare)
    if tail:
        bare, zone = bare[: tail.start()], zone or zone_of(tail[1])
    bare = re.sub(r"[\s_\-.()\[\]〔〕【】{}:]", "", bare)
    minutes = period_of(bare)
    if plain in by_hand:
        role = by_hand[plain]
    elif minutes is not None:
        role = "rain"
    elif bare in _IGNORED:
        return None
    else:
        role = _BY_NAME.get(bare, "")
    return Column(at, text.strip(), role, minutes, unit, zone)


def period_of(bare: str) -> int | None:
    """The minutes that a rain header names (`小时雨量` 60, `pre24h` 1440); None where it is none or names none."""
    if bare in _DAILY:
        return _DAILY[bare]
    found = _PERIOD.fullmatch(bare)
    if found:
        number = found[1] or ""
        count = int(number) if number.isdecimal() else _DIGITS[number]
        return count * _LENGTHS.get(found[2], 60)
    found = _CODE_PERIOD.fullmatch(bare)
    if found:
        return 1440 if found[1] is None else int(found[1]) * _LENGTHS.get(found[2], 60)
    return None


def unit_of(text: str) -> int | None:
    """Tenths per unit of `mm`, `0.1mm`, `毫米`, `单位:mm`, `mm/h`; None for anything else."""
    plain = re.sub(r"^(?:单位|unit):?", "", folded(text)).replace(" ", "")
    return UNITS.get(plain) or UNITS.get(plain.removesuffix("/h"))


def title_unit(text: str) -> int | None:
    """The unit that a title line names (`单位:0.1mm`)."""
    found = re.search(r"(?:单位|unit)s?:?\s*(0\.1\s*mm|0\.1\s*毫米|1/10\s*mm|mm|毫米)", folded(text))
    return unit_of(found[1]) if found else None
