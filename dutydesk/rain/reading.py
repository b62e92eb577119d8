"""Rain files in: what a file of gauge readings holds, as samples, whatever office wrote it.

`read_rain` takes bytes, `read_rain_rows` the rows of a table that is already open. What is not recognised is refused
with what was seen; it is never an empty success. numpy is not needed.
"""

from __future__ import annotations

from collections.abc import Sequence

from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import _
from dutydesk.ledger.records import Grid, Line
from dutydesk.ledger.sheets import read_sheet
from dutydesk.ledger.textfile import decode, read_csv
from dutydesk.rain.formats_base import Gather, Options, Reading, StationSeen, nothing_recognised, options_of
from dutydesk.rain.formats_block import looks, read_block
from dutydesk.rain.formats_header import Layout, read_header
from dutydesk.rain.formats_tables import of_stations, read_table
from dutydesk.rain.formats_wide import labels_of, read_by_station, read_by_time, stations_in

__all__ = ["Options", "Reading", "StationSeen", "options_of", "read_rain", "read_rain_rows", "read_stations"]

MAX_BYTES = 256 * 2**20
HEADER_WITHIN = 30
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"


def read_rain(data: bytes, name: str, options: Options | None = None) -> Reading:
    """The samples of a file: CSV and other delimited text (UTF-8, UTF-16, GB18030), xlsx, xls, ods, or a header
    block with one value a line.

    Raises `Refused` when nothing is recognised or the file does not say enough.
    """
    options = options or Options()
    if len(data) > MAX_BYTES:
        raise Refused(Problem(_("文件超过 {limit} MB，请分开导入").format(limit=MAX_BYTES // 2**20), file=name))
    if not _is_workbook(data):
        text, _encoding = decode(data, name)
        if looks(text):
            return read_block(text, options, name)
    grid = _grid(data, name)
    return read_rain_rows(grid.lines, name, options, grid.warnings)


def read_rain_rows(
    rows: Sequence[Line], name: str, options: Options | None = None, warnings: Sequence[Problem] = ()
) -> Reading:
    """As `read_rain`, for the rows of an open table: (line in the file, cells as text). `warnings` are passed on."""
    options = options or Options()
    reading = _dispatch(rows, name, options)
    every = (*warnings, *reading.warnings)
    if len(reading.samples) and reading.samples.missing == len(reading.samples):
        every = (*every, Problem(_("全部是缺测，没有一个雨量值"), file=name))
    return Reading(
        reading.stations, reading.samples, reading.read, every, reading.refused, reading.format, reading.profile
    )


def read_stations(data: bytes, name: str, options: Options | None = None) -> Reading:
    """The gauges that a file lists, without any reading: `samples` is empty, `read` counts the rows.

    Raises `Refused` when no header names a station.
    """
    options = options or Options()
    grid = _grid(data, name)
    for head, (_line, cells) in enumerate(grid.lines[:HEADER_WITHIN]):
        layout = read_header(cells, options.columns)
        if layout.names_station and len(grid.lines) > head + 1:
            break
    else:
        raise nothing_recognised(grid.lines, name)
    gather = Gather(name, options)
    for _record in of_stations(grid.lines[head + 1 :], layout, gather):
        """Its station is noted; nothing else is asked of it."""
    return gather.done("stations")


def _is_workbook(data: bytes) -> bool:
    return data.startswith((_ZIP, _OLE))


def _grid(data: bytes, name: str) -> Grid:
    if _is_workbook(data):
        form = "xls" if data.startswith(_OLE) else "ods" if name.casefold().endswith(".ods") else "xlsx"
        return read_sheet(data, name, form)
    return read_csv(data, name)


def _dispatch(rows: Sequence[Line], name: str, options: Options) -> Reading:
    if not rows:
        raise Refused(Problem(_("文件是空的"), file=name))
    hint = ""
    for head, (line, cells) in enumerate(rows[:HEADER_WITHIN]):
        layout = read_header(cells, options.columns)
        labels = labels_of(layout, options)
        placed = layout.names_station or options.station is not None
        if labels and placed:
            _has_rows(rows, head, name)
            return read_by_station(rows, head, layout, labels, options, name)
        if (layout.rains or "total" in layout.columns) and (layout.names_station or layout.has_time):
            _has_rows(rows, head, name)
            if not placed:
                raise Refused(Problem(_("文件没有写是哪个站，请设定 station"), field="station", line=line, file=name))
            return read_table(rows, head, layout, options, name)
        stations = stations_in(layout, rows, head, options, name)
        if stations and len(rows) > head + 1:
            return read_by_time(rows, head, layout, stations, options, name)
        hint = hint or _hint(layout)
    raise nothing_recognised(rows, name, hint)


def _has_rows(rows: Sequence[Line], head: int, name: str) -> None:
    if len(rows) == head + 1:
        raise Refused(Problem(_("只有表头，没有数据"), line=rows[head][0], file=name))


def _hint(layout: Layout) -> str:
    if layout.names_station and ("lon" in layout.columns or "lat" in layout.columns):
        return _("看来是站点表，请导入到 stations")
    return ""
