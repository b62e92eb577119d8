"""Header-block files of the intense-qc collection (used for DWD data): 21 lines `Name: value`, then one value a line.

The first value belongs to `Start datetime`, each further one to a step later; the time is the end of its period.
"""

from __future__ import annotations

import re

from dutydesk.core.clock import MINUTE
from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import _
from dutydesk.rain.formats_base import Amounts, Gather, Options, Reading, StationSeen, Times, zone_of
from dutydesk.rain.formats_header import unit_of
from dutydesk.rain.formats_tables import agreed
from dutydesk.rain.samples import MAX_MINUTES

FORM = "block"
_STEP = re.compile(r"(\d{1,4})\s*(min|mins|minutes|hr|hour|hours|h|day|days|d)")
_MINUTES = {"m": 1, "h": 60, "d": 1440}


def looks(text: str) -> bool:
    """Whether a text begins as such a file does."""
    head = text[:4000]
    return bool(re.match(r"\s*Station ID:", head)) and "No data value:" in head and "Start datetime:" in head


def read_block(text: str, options: Options, file: str) -> Reading:
    """The samples of such a file. Raises `Refused` for a header that lacks what is needed, an unknown unit or zone, and
    a number of values other than the header says (a file cut off)."""
    lines = text.splitlines()
    head, first = _head(lines)

    def need(name: str) -> str:
        value = head.get(name, "")
        if not value or value == "NA":
            raise Refused(Problem(_("文件头缺 {name}").format(name=name), field=name, file=file))
        return value

    zone = agreed("zone", options.zone, zone_of(head.get("Time Zone", "")), file)
    if zone is None:
        raise Refused(
            Problem(
                _("时区“{zone}”认不得，请设定 zone").format(zone=head.get("Time Zone", "")), field="zone", file=file
            )
        )
    unit = agreed("unit", options.unit, unit_of(need("New Units")), file)
    if unit is None:
        raise Refused(
            Problem(_("单位“{unit}”认不得，请设定 unit").format(unit=need("New Units")), field="unit", file=file)
        )
    minutes = agreed("minutes", options.minutes, _minutes(head.get("New Timestep", "")), file)
    if minutes is None:
        raise Refused(Problem(_("文件没有写步长，请设定 minutes"), field="minutes", file=file))
    start = Times(zone).read(need("Start datetime"))
    if start is None:
        raise Refused(
            Problem(_("应为时间：{text}").format(text=need("Start datetime")), field="Start datetime", file=file)
        )
    values = lines[first:]
    while values and not values[-1].strip():
        values.pop()
    if head.get("Number of records", "").isdecimal() and int(head["Number of records"]) != len(values):
        raise Refused(
            Problem(
                _("文件头说有 {told} 个值，实有 {found} 个，文件可能不完整").format(
                    told=head["Number of records"], found=len(values)
                ),
                file=file,
            )
        )
    gather = Gather(file, options)
    code = gather.station(
        StationSeen(
            options.station or need("Station ID"),
            _known(head, "Original Station Name"),
            _known(head, "Longitude"),
            _known(head, "Latitude"),
        )
    )
    amounts = Amounts(unit, head.get("No data value", ""))
    for n, value in enumerate(values):
        gather.read += 1
        tenths = amounts.read(value.strip())
        if isinstance(tenths, str):
            gather.refuse(tenths, first + n + 1, "rain")
        else:
            gather.add(code, start + n * minutes * MINUTE, minutes, tenths, first + n + 1)
    if amounts.rounded:
        gather.warn(_("有 {count} 个值比 0.1 毫米更细，已四舍五入").format(count=amounts.rounded))
    return gather.done(FORM, "intense-qc")


def _head(lines: list[str]) -> tuple[dict[str, str], int]:
    head: dict[str, str] = {}
    for n, line in enumerate(lines):
        name, colon, value = line.partition(":")
        if not colon:
            return head, n
        head[name.strip()] = value.strip()
    return head, len(lines)


def _known(head: dict[str, str], name: str) -> str:
    value = head.get(name, "")
    return "" if value in ("NA", "NaN") else value


def _minutes(text: str) -> int | None:
    found = _STEP.fullmatch(text.strip().casefold())
    minutes = int(found[1]) * _MINUTES[found[2][0]] if found else 0
    return minutes if 1 <= minutes <= MAX_MINUTES else None
