"""Wide tables: one row a station with a column for each hour, minute or moment; or one row a moment with a column
for each station.

A column's time is the end of its period. `00` is the midnight that begins the day, `24` the one that ends it. Hours
that begin with 21 are the weather service's day (20–20): those before midnight belong to the day before; hours that
begin with 9 are the hydrology bureau's (08–08): those after midnight belong to the next day.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from dutydesk.core.clock import DAY, HOUR, MINUTE
from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import _
from dutydesk.ledger.records import Line
from dutydesk.rain.formats_base import Amounts, Gather, Options, Reading, StationSeen, Times, cell, folded
from dutydesk.rain.formats_header import Column, Layout
from dutydesk.rain.formats_tables import Said, When, guessed_length, note, of_stations, records, said

BY_STATION, BY_TIME = "wide-hours", "wide-stations"
LEAST_COLUMNS = 3
_HOUR = re.compile(r"(\d{1,2})(?:[时点]|:(\d{2}))?")
_MINUTE = re.compile(r"(?:m|min|r|p)?(\d{1,2})(?:分|分钟)?")
_CODE = re.compile(r"[a-z]{0,2}\d{4,8}")
_CODE_INSIDE = re.compile(r"[(（\[]([A-Za-z]{0,2}\d{4,8})[)）\]]")
_WORD = re.compile(r"雨|降水|rain|precip", re.IGNORECASE)
_TAIL = re.compile(r"[(（]?(?:小时)?(?:雨量|降水量|降雨量|降水)?[(（]?(?:mm|毫米|0\.1mm)?[)）]{0,2}$")
_MET_DAY, _HYDRO_DAY = 21, 9


@dataclass(frozen=True, slots=True)
class Labels:
    """Columns that are times: moments (ms UTC) or offsets from the row's day or hour; the step in minutes."""

    columns: tuple[Column, ...]
    offsets: tuple[int, ...]
    absolute: bool
    of_hour: bool
    step: int


def labels_of(layout: Layout, options: Options) -> Labels | None:
    """The columns that are times, if a header has at least three in a regular step; else None."""
    times = Times(layout.zone or options.told)
    moments = [(column, at) for column in layout.unknown if (at := times.read(column.header)) is not None]
    if len(moments) >= LEAST_COLUMNS:
        return _regular([column for column, _at in moments], [at for _column, at in moments], absolute=True)
    hourly = "hour" in layout.columns or "time" in layout.columns or "clock" in layout.columns
    minutes = [(column, found) for column in layout.unknown if (found := _MINUTE.fullmatch(folded(column.header)))]
    numbers = [int(found[1]) for _column, found in minutes]
    if hourly and numbers in (list(range(60)), list(range(1, 61))):
        offsets = [number * MINUTE for number in numbers]
        return _regular([column for column, _found in minutes], offsets, of_hour=True)
    hours = [(column, found) for column in layout.unknown if (found := _HOUR.fullmatch(folded(column.header)))]
    offsets = [int(found[1]) * HOUR + int(found[2] or 0) * MINUTE for _column, found in hours]
    if len(hours) < LEAST_COLUMNS or max(offsets) > DAY:
        return None
    return _regular([column for column, _found in hours], _over_midnight(offsets))


def _over_midnight(offsets: list[int]) -> list[int]:
    """Hours in the order of the columns, as offsets from the midnight that begins the row's day."""
    turn = next((n for n in range(1, len(offsets)) if offsets[n] < offsets[n - 1]), None)
    if turn is None:
        return offsets
    if offsets[0] // HOUR == _MET_DAY:
        return [at - DAY for at in offsets[:turn]] + [at % DAY for at in offsets[turn:]]
    if offsets[0] // HOUR == _HYDRO_DAY:
        return offsets[:turn] + [at + DAY for at in offsets[turn:]]
    return []


def _regular(
    columns: list[Column], offsets: list[int], *, absolute: bool = False, of_hour: bool = False
) -> Labels | None:
    """None where the columns are not in order and equally far apart; `24` and `00` of one evening are one moment."""
    if of_hour:
        return Labels(tuple(columns), tuple(offsets), absolute, of_hour, 1)
    for n, (sooner, later) in enumerate(pairwise(offsets)):
        if later == sooner:
            del columns[n], offsets[n]
            break
    steps = {later - sooner for sooner, later in pairwise(offsets)}
    step = min(steps, default=0)
    if len(steps) != 1 or step <= 0 or step % MINUTE:
        return None
    return Labels(tuple(columns), tuple(offsets), absolute, of_hour, step // MINUTE)


def read_by_station(
    lines: Sequence[Line], head: int, layout: Layout, labels: Labels, options: Options, file: str
) -> Reading:
    """One row a station (and day, or hour). Raises `Refused` when the day is not said."""
    what = said(lines, head, layout, options, file)
    gather = Gather(file, options)
    minutes = labels.step if labels.absolute or options.minutes is None else options.minutes
    if minutes != labels.step:
        raise Refused(
            Problem(_("各列相隔 {step} 分钟，与 minutes 不符").format(step=labels.step), field="minutes", file=file)
        )
    base = _Base(labels, layout, what, file)
    amounts = Amounts(_unit(labels.columns, what))
    whole = what.unit is None and all(column.unit is None for column in labels.columns)
    for line, cells, code in of_stations(lines[head + 1 :], layout, gather):
        start = base.read(cells)
        if isinstance(start, str):
            gather.refuse(start, line, "date")
            continue
        found: list[tuple[int, int]] = []
        reasons: list[tuple[str, str]] = []
        for column, offset in zip(labels.columns, labels.offsets, strict=True):
            text = cell(cells, column.at)
            tenths = amounts.read(text)
            if isinstance(tenths, str):
                reasons.append((tenths, column.header))
            else:
                found.append((start + offset, tenths))
                whole = whole and "." not in text
        for reason, name in reasons:
            gather.refuse(reason, line, name)
        if not reasons:
            for end, tenths in found:
                gather.add(code, end, labels.step, tenths, line)
    note(gather, amounts.rounded, whole=whole)
    return gather.done(BY_STATION, what.profile)


def _unit(columns: Sequence[Column], what: Said) -> int:
    return next((column.unit for column in columns if column.unit is not None), what.unit or 10)


class _Base:
    """Where the offsets of a row's columns begin."""

    def __init__(self, labels: Labels, layout: Layout, what: Said, file: str) -> None:
        self._labels = labels
        self._layout = layout
        self._time = what.time
        self._times = Times(what.zone)
        self._day = When(layout, what, file, days=True) if not labels.absolute else None
        if not (labels.absolute or layout.has_time or what.time is not None):
            raise Refused(Problem(_("文件没有写是哪一天，请设定 time（如 2026-06-18）"), field="time", file=file))

    def read(self, cells: Sequence[str]) -> int | str:
        """Milliseconds UTC, or the reason of a refusal."""
        if self._day is None:
            return 0
        if self._labels.of_hour:
            end = self._day.end(cells)
            return _("没有时间") if end is None else end
        day = self._day.day(cells)
        if day is None and "time" in self._layout.columns:
            text = cell(cells, self._layout.at("time"))
            day = self._times.day(text)
            if day is None:
                return _("应为日期，如 2026-06-18：{text}").format(text=text[:40])
        if day is None and self._time is not None:
            day = self._time - self._times.of_day(self._time)
        return _("没有日期") if day is None else day


def stations_in(
    layout: Layout, lines: Sequence[Line], head: int, options: Options, file: str
) -> tuple[tuple[Column, StationSeen], ...]:
    """The columns that are stations of a table with one row a moment; empty where it is no such table.

    Every unknown column must hold numbers, and either its header is a station code or ends with 站, or the title, the
    file's name or a header speaks of rain: a table of temperatures is not taken for rain.
    """
    if not layout.has_time or layout.names_station or not layout.unknown:
        return ()
    found = [(column, _station(column.header)) for column in layout.unknown]
    titles = " ".join([file, *(text for _line, cells in lines[:head] for text in cells)])
    speaks = bool(_WORD.search(titles)) or options.unit is not None
    for column, seen in found:
        coded = bool(_CODE.fullmatch(folded(seen.code))) or seen.name.endswith("站")
        if not (coded or speaks or _WORD.search(column.header)):
            return ()
    amounts = Amounts(10)
    for _line, cells in lines[head + 1 : head + 21]:
        if any(isinstance(amounts.read(cell(cells, column.at)), str) for column, _seen in found):
            return ()
    return tuple(found)


def _station(header: str) -> StationSeen:
    inside = _CODE_INSIDE.search(header)
    name = _TAIL.sub("", _CODE_INSIDE.sub("", header)).strip(" _-") or header
    return StationSeen(inside[1] if inside else name, "" if _CODE.fullmatch(folded(name)) else name)


def read_by_time(
    lines: Sequence[Line],
    head: int,
    layout: Layout,
    stations: Sequence[tuple[Column, StationSeen]],
    options: Options,
    file: str,
) -> Reading:
    """One row a moment, one column a station."""
    what = said(lines, head, layout, options, file)
    gather = Gather(file, options)
    when = When(layout, what, file)
    amounts = Amounts(_unit([column for column, _seen in stations], what))
    whole = what.unit is None and all(column.unit is None for column, _seen in stations)
    rows: list[tuple[int, int, int | None, tuple[str, ...]]] = []
    for line, cells in records(lines[head + 1 :], gather):
        ends = when.read(cells)
        if isinstance(ends, str):
            gather.refuse(ends, line, "time")
        else:
            rows.append((line, *ends, cells))
    length = None
    if any(minutes is None for _line, _end, minutes, _cells in rows):
        length = guessed_length([("", end) for _line, end, _minutes, _cells in rows], what.minutes, gather)
    codes = [gather.station(seen) for _column, seen in stations]
    for line, end, minutes, cells in rows:
        texts = [cell(cells, column.at) for column, _seen in stations]
        found = [amounts.read(text) for text in texts]
        whole = whole and not any("." in text for text in texts)
        for (column, _seen), tenths in zip(stations, found, strict=True):
            if isinstance(tenths, str):
                gather.refuse(tenths, line, column.header)
        for code, tenths in zip(codes, found, strict=True):
            if isinstance(tenths, int):
                gather.add(code, end, minutes or length or 0, tenths, line)
    note(gather, amounts.rounded, whole=whole)
    return gather.done(BY_TIME, what.profile)
