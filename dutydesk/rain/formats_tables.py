"""Tables with one period a row: the weather office's hourly table, snapshots of many gauges, published sums, the
hydrology bureau's `STCD, TM, DRP, INTV`, 5-minute series with a running total.

Where a file does not say it, in this order: the unit is what was set, else millimetres; the period is what was set,
else the spacing of one gauge's rows when that is regular and no longer than an hour (a longer spacing may hide a
shorter period); the zone is +08:00.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timezone
from itertools import pairwise
from typing import TypeVar

from dutydesk.core.clock import CST, MINUTE
from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import _
from dutydesk.ledger.records import Line
from dutydesk.rain.formats_base import (
    Amounts,
    Gather,
    Options,
    Reading,
    StationSeen,
    Times,
    cell,
    clock_of,
    folded,
)
from dutydesk.rain.formats_header import Column, Layout, title_unit
from dutydesk.rain.formats_running import Total, add_differences
from dutydesk.rain.samples import MAX_MINUTES

T = TypeVar("T")
FORM, SNAPSHOT, RUNNING = "table", "snapshot", "running"
FOOTERS = frozenset(
    [
        "合计",
        "总计",
        "小计",
        "平均",
        "平均值",
        "最大",
        "最大值",
        "最小",
        "最小值",
        "备注",
        "total",
        "sum",
        "mean",
        "average",
        "max",
    ]
)
"""First words of rows that sum up the table."""
_TITLE_TIME = re.compile(r"\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?\s*T?\d{1,2}(?::\d{2}|[时点](?:\d{1,2}分)?)")


@dataclass(frozen=True, slots=True)
class Profile:
    """A known source: what its files mean without saying it. `marks` are headers that only it has."""

    name: str
    marks: frozenset[str]
    unit: int
    minutes: int | None


PROFILES = (
    # Weather office of Taizhou: WMO element names, every element in tenths, Beijing time, the hour before tTime.
    Profile("aws", frozenset(["iiiii", "ttime", "rr"]), 1, 60),
    # National meteorological data service: PRE in millimetres; what PRE covers is in its name (PRE_1h) or unknown.
    Profile("cimiss", frozenset(["station_id_c", "pre"]), 10, None),
)


@dataclass(frozen=True, slots=True)
class Said:
    """What file and user say about all rows together."""

    zone: timezone
    unit: int | None
    minutes: int | None
    time: int | None
    profile: str


@dataclass(frozen=True, slots=True)
class Row:
    """A row that says when and where: end in ms UTC, minutes where they are known."""

    line: int
    code: str
    end: int
    minutes: int | None
    cells: Sequence[str]


def profile_of(header: Sequence[str]) -> Profile | None:
    """The known source whose marks a header row holds."""
    texts = {text.strip().casefold() for text in header}
    return next((profile for profile in PROFILES if profile.marks <= texts), None)


def said(lines: Sequence[Line], head: int, layout: Layout, options: Options, file: str) -> Said:
    """What titles, headers, a known source and the user say. Raises `Refused` where they contradict one another."""
    titles = " ".join(text for _line, cells in lines[:head] for text in cells)
    profile = profile_of(lines[head][1])
    zone = agreed("zone", options.zone, layout.zone, file) or CST
    units = {column.unit for column in (*layout.rains, *layout.columns.values()) if column.unit is not None}
    unit = agreed("unit", options.unit, min(units, default=None) or title_unit(titles), file)
    times = Times(zone)
    found = [at for text in _TITLE_TIME.findall(titles) if (at := times.read(text)) is not None]
    time = options.time if options.time is not None or not found else found[-1]
    minutes = options.minutes
    if minutes is None and len(found) == 2 and found[0] < found[1]:
        minutes = (found[1] - found[0]) // MINUTE
    if profile:
        unit = profile.unit if unit is None else unit
        minutes = profile.minutes if minutes is None else minutes
    return Said(zone, unit, minutes, time, profile.name if profile else "")


def agreed(name: str, set_by_hand: T | None, in_file: T | None, file: str) -> T | None:
    """What was set and what the file says, if they do not contradict. Raises `Refused`."""
    if set_by_hand is not None and in_file is not None and set_by_hand != in_file:
        raise Refused(Problem(_("设定的 {name} 与文件自己写的不一致").format(name=name), field=name, file=file))
    return in_file if set_by_hand is None else set_by_hand


def read_table(lines: Sequence[Line], head: int, layout: Layout, options: Options, file: str) -> Reading:
    """A table with one period a row; `lines[head]` is its header.

    Raises `Refused` when the file does not say when, where or how long and nobody has said it.
    """
    what = said(lines, head, layout, options, file)
    gather = Gather(file, options)
    rows = _rows(lines[head + 1 :], layout, what, gather)
    if not gather.read:
        raise Refused(Problem(_("只有表头，没有数据"), line=lines[head][0], file=file))
    if layout.rains:
        _periods(rows, layout, what, gather)
        return gather.done(FORM if layout.has_time else SNAPSHOT, what.profile)
    column = layout.columns["total"]
    amounts = Amounts(column.unit or what.unit or 10)
    totals: list[Total] = []
    for row in rows:
        tenths = amounts.read(cell(row.cells, column.at))
        if isinstance(tenths, str):
            gather.refuse(tenths, row.line, column.header)
        else:
            totals.append(Total(row.code, row.end, row.line, tenths))
    add_differences(totals, what.minutes, Times(what.zone), gather)
    note(gather, amounts.rounded, whole=False)
    return gather.done(RUNNING, what.profile)


def _rows(lines: Iterable[Line], layout: Layout, what: Said, gather: Gather) -> list[Row]:
    when = When(layout, what, gather.file)
    rows: list[Row] = []
    for line, cells, code in of_stations(lines, layout, gather):
        ends = when.read(cells)
        if isinstance(ends, str):
            gather.refuse(ends, line, "time")
            continue
        rows.append(Row(line, code, ends[0], ends[1], cells))
    return rows


def records(lines: Iterable[Line], gather: Gather) -> Iterator[Line]:
    """The lines that hold readings, counted; those that sum up the table are told."""
    for line, cells in lines:
        if is_footer(cells):
            gather.warn(_("汇总行“{text}”没有导入").format(text=cells[0].strip() or cells[1].strip()), line)
            continue
        gather.read += 1
        yield line, cells


def of_stations(lines: Iterable[Line], layout: Layout, gather: Gather) -> Iterator[tuple[int, tuple[str, ...], str]]:
    """The same with the code of each line's station; a line that names none is refused."""
    for line, cells in records(lines, gather):
        code = station_of(cells, layout, gather)
        if code:
            yield line, cells, code
        else:
            gather.refuse(_("没有站号"), line, "station")


def is_footer(cells: Sequence[str]) -> bool:
    """Whether a row sums up the table instead of holding a reading."""
    return any(folded(text).rstrip(":") in FOOTERS for text in cells[:2])


def station_of(cells: Sequence[str], layout: Layout, gather: Gather) -> str:
    """Note the row's station and give its code: the code, else the name, else the one that was set; else empty."""
    name = cell(cells, layout.at("name"))
    code = cell(cells, layout.at("station")) or name or gather.options.station or ""
    if not code:
        return ""
    if not code.isascii():
        name = name or code
    region = "/".join(filter(None, (cell(cells, layout.at("county")), cell(cells, layout.at("town")))))
    lon, lat = cell(cells, layout.at("lon")), cell(cells, layout.at("lat"))
    return gather.station(StationSeen(code, name, lon, lat, region))


class When:
    """Reads the end of a row's period and, where the row says it, its minutes."""

    def __init__(self, layout: Layout, what: Said, file: str, *, days: bool = False) -> None:
        """`days`: the rows need only say the day; the hours are in the columns."""
        self._layout = layout
        self._what = what
        self.times = Times(what.zone)
        if days:
            return
        columns = layout.columns
        if not layout.has_time and "start" not in columns and what.time is None:
            raise Refused(
                Problem(_("文件没有写是什么时候的雨量，请设定 time（如 2026-06-18 08:00）"), field="time", file=file)
            )
        if "date" in columns and not {"clock", "hour", "time"} & set(columns):
            raise Refused(Problem(_("只有日期，不知道从几点到几点，请加一列结束时间"), field="time", file=file))

    def read(self, cells: Sequence[str]) -> tuple[int, int | None] | str:
        """(end ms, minutes or None), or the reason of a refusal."""
        layout = self._layout
        minutes = self._minutes(cells)
        if isinstance(minutes, str):
            return minutes
        end = self.end(cells)
        if isinstance(end, str):
            return end
        if "start" in layout.columns:
            text = cell(cells, layout.at("start"))
            start = self.times.read(text)
            if start is None:
                return _("应为时间：{text}").format(text=text[:40])
            if end is None:
                minutes = minutes or self._what.minutes
                return (start + minutes * MINUTE, minutes) if minutes else _("有开始时间，没有结束时间或时长")
            length, rest = divmod(end - start, MINUTE)
            if rest or not 1 <= length <= MAX_MINUTES:
                return _("结束时间应晚于开始时间")
            return end, length
        if end is None:
            end = self._what.time
        return _("没有时间") if end is None else (end, minutes)

    def _minutes(self, cells: Sequence[str]) -> int | str | None:
        """From a column of minutes, or of hours.minutes as in the hydrology bureau's INTV (`1.30` is 90)."""
        text = cell(cells, self._layout.at("minutes"))
        if text:
            plain = re.fullmatch(r"(\d{1,6})(?:\.0+)?", text)
            if not plain or not 1 <= int(plain[1]) <= MAX_MINUTES:
                return _("应为分钟数：{text}").format(text=text[:40])
            return int(plain[1])
        text = cell(cells, self._layout.at("intv"))
        if not text:
            return None
        plain = re.fullmatch(r"(\d{1,4})(?:\.(\d{1,2}))?", text)
        length = int(plain[1]) * 60 + int((plain[2] or "").ljust(2, "0")) if plain else 0
        return length or _("应为时段长：{text}").format(text=text[:40])

    def end(self, cells: Sequence[str]) -> int | str | None:
        """The end as the columns say it; None where no column does."""
        layout = self._layout
        if "time" in layout.columns and "date" not in layout.columns:
            text = cell(cells, layout.at("time"))
            at = self.times.read(text)
            return _("应为时间，如 2026-06-18 14:00：{text}").format(text=text[:40] or _("空的")) if at is None else at
        day = self.day(cells)
        if day is None or isinstance(day, str):
            return day
        if "clock" in layout.columns:
            text = cell(cells, layout.at("clock"))
            clock = clock_of(text[11:] if re.match(r"\d{4}-\d\d-\d\d ", text) else text)
        else:
            text = cell(cells, layout.at("hour"))
            clock = clock_of(text)
        return _("应为时刻，如 14:00：{text}").format(text=text[:40]) if clock is None else day + clock

    def day(self, cells: Sequence[str]) -> int | str | None:
        """The midnight that begins the row's day, None where no column says it."""
        layout = self._layout
        if "date" in layout.columns:
            text = cell(cells, layout.at("date"))
            day = self.times.day(text)
            return _("应为日期，如 2026-06-18：{text}").format(text=text[:40]) if day is None else day
        if "year" not in layout.columns:
            return None
        parts = [cell(cells, layout.at(role)) for role in ("year", "month", "day")]
        if not all(re.fullmatch(r"\d{1,4}", part) for part in parts):
            return _("应为年、月、日：{text}").format(text=" ".join(parts)[:40])
        day = self.times.date_of(int(parts[0]), int(parts[1]), int(parts[2]))
        return _("没有这一天：{text}").format(text=" ".join(parts)) if day is None else day


def spacing(rows: Iterable[tuple[str, int]]) -> int | None:
    """The minutes between neighbouring (station, end) of one station: the smallest step, when nine of ten steps are
    it; None when rows are not regular."""
    by_code: dict[str, list[int]] = {}
    for code, end in rows:
        by_code.setdefault(code, []).append(end)
    steps: Counter[int] = Counter()
    for ends in by_code.values():
        ends.sort()
        steps.update(later - sooner for sooner, later in pairwise(ends) if later > sooner)
    if not steps:
        return None
    least = min(steps)
    regular = steps[least] >= 0.9 * steps.total() and all(step % least == 0 for step in steps)
    return least // MINUTE if regular and least % MINUTE == 0 else None


def _periods(rows: list[Row], layout: Layout, what: Said, gather: Gather) -> None:
    lengths = {column: _length(column, rows, layout, what, gather) for column in layout.rains}
    amounts = {column: Amounts(column.unit or what.unit or 10) for column in layout.rains}
    whole = what.unit is None and all(column.unit is None for column in layout.rains)
    several = len(layout.rains) > 1
    for row in rows:
        found: list[tuple[int, int]] = []
        reasons: list[tuple[str, str]] = []
        for column in layout.rains:
            minutes = column.minutes if several else row.minutes or column.minutes
            length = minutes or lengths[column]
            text = cell(row.cells, column.at)
            tenths = amounts[column].read(text)
            if isinstance(tenths, str):
                reasons.append((tenths, column.header))
            elif length is None:
                reasons.append((_("没有时长"), column.header))
            else:
                found.append((length, tenths))
            whole = whole and "." not in text
        if reasons:
            for reason, name in reasons:
                gather.refuse(reason, row.line, name)
            continue
        for minutes, tenths in found:
            gather.add(row.code, row.end, minutes, tenths, row.line)
    note(gather, sum(each.rounded for each in amounts.values()), whole=whole)


def note(gather: Gather, rounded: int, *, whole: bool) -> None:
    """Warnings about the readings as a whole: finer than a tenth, unit guessed from whole numbers."""
    if rounded:
        gather.warn(_("有 {count} 个值比 0.1 毫米更细，已四舍五入").format(count=rounded))
    if whole:
        gather.warn(_("文件没有写单位，数值都是整数，按毫米读；若是 0.1 毫米，请设定 unit"), name="unit")


def _length(column: Column, rows: list[Row], layout: Layout, what: Said, gather: Gather) -> int | None:
    """The minutes of a column's readings where the rows themselves do not say them."""
    if column.minutes is not None:
        if len(layout.rains) == 1:
            agreed("minutes", gather.options.minutes, column.minutes, gather.file)
        return column.minutes
    if all(row.minutes is not None for row in rows):
        return None
    return guessed_length(((row.code, row.end) for row in rows), what.minutes, gather)


def guessed_length(rows: Iterable[tuple[str, int]], told: int | None, gather: Gather) -> int:
    """The minutes that were told, else the regular spacing of the rows up to an hour, with a warning. Raises
    `Refused` when there is neither."""
    if told is not None:
        return told
    step = spacing(rows)
    if step is None or step > 60:
        raise Refused(
            Problem(_("文件没有写每个值是多长时间的雨量，请设定 minutes（如 60）"), field="minutes", file=gather.file)
        )
    gather.warn(_("文件没有写时长，按数据间隔 {minutes} 分钟读").format(minutes=step), name="minutes")
    return step
