"""What all readers of rain files share: what the user said about the file, cells, and the place where samples gather.

Cells are texts, as `ledger.records.Grid` holds them.
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from dutydesk.core.clock import CST, DAY, HOUR, MINUTE, SECOND, parse_iso
from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import _
from dutydesk.ledger.records import Line
from dutydesk.rain.rules import is_suspicious
from dutydesk.rain.samples import MAX_MINUTES, MAX_SAMPLES, MAX_TENTHS, MISSING, Samples

ROLES = (
    "station", "name", "time", "start", "date", "clock", "year", "month", "day", "hour", "minutes", "intv", "rain",
    "total", "lon", "lat", "county", "town",
)  # fmt: skip
"""Meanings that a column may have; `column.ROLE=HEADER` sets one by hand."""
UNITS = {"mm": 10, "毫米": 10, "0.1mm": 1, "0.1毫米": 1, "1/10mm": 1, "cm": 100, "厘米": 100}
ZONES = {
    "utc": 0, "gmt": 0, "z": 0, "世界时": 0, "国际时": 0, "cet": 1, "mez": 1, "bjt": 8, "cst": 8, "北京时": 8,
    "北京时间": 8, "beijing": 8, "hkt": 8, "jst": 9,
}  # fmt: skip
NO_VALUE = frozenset(
    ["", "-", "--", "---", "—", "——", "/", "//", "///", "////", "*", "缺", "缺测", "无数据", "m", "na", "n/a",
     "#n/a", "nan", "null", "none", "nil", "t", "trace", "微量"]
)  # fmt: skip
SENTINELS = frozenset(
    Decimal(text)
    for text in (
        "-99", "-99.9", "-999", "-999.9", "-9999", "-9999.9", "-99999", "-999999", "-32768", "999.9", "9999", "9999.9",
        "99999", "99999.9", "999990", "999998", "999999", "999999.9", "32700", "32766", "32767",
    )
)  # fmt: skip
"""Codes of feeds for "no reading" (domain.md §5.1, from memory); a trace (999990, 微量) is no amount either."""
REPORTED = 200
"""How many problems of one kind are listed before they are only counted."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the file does not say: times in ms UTC, zone, unit as tenths per unit, headers by role.

    `suspicious` is the limit in tenths an hour above which a reading is taken with a warning.
    """

    time: int | None = None
    minutes: int | None = None
    zone: timezone | None = None
    station: str | None = None
    unit: int | None = None
    columns: Mapping[str, str] = field(default_factory=dict[str, str])
    suspicious: int = 2000

    @property
    def told(self) -> timezone:
        """The zone of times without one: what was said, else +08:00 (house.md §8)."""
        return self.zone or CST


_ALIASES = {"end": "time", "value": "rain", "mm": "rain", "code": "station", "region": "town", "longitude": "lon"}


def options_of(settings: Mapping[str, str], suspicious: int = 2000) -> Options:
    """`--set KEY=VALUE` as options. Raises `Refused` for a key or value that means nothing."""
    options = Options(suspicious=suspicious)
    columns: dict[str, str] = {}
    if "zone" in settings:
        zone = zone_of(settings["zone"])
        if zone is None:
            raise _bad("zone", settings["zone"], _("应为 +08:00 或 UTC"))
        options = replace(options, zone=zone)
    for key, value in settings.items():
        if key == "time":
            at = Times(options.told).read(value)
            if at is None:
                raise _bad(key, value, _("应为时间，如 2026-06-18 14:30"))
            options = replace(options, time=at)
        elif key == "minutes":
            if not value.isdecimal() or not 1 <= int(value) <= MAX_MINUTES:
                raise _bad(key, value, _("应为分钟数，如 60"))
            options = replace(options, minutes=int(value))
        elif key == "station":
            options = replace(options, station=value.strip() or None)
        elif key == "unit":
            unit = UNITS.get(folded(value).replace(" ", ""))
            if unit is None:
                raise _bad(key, value, _("应为 mm 或 0.1mm"))
            options = replace(options, unit=unit)
        elif key.startswith("column."):
            role = key.removeprefix("column.")
            role = _ALIASES.get(role, role)
            if role not in ROLES:
                raise _bad(key, value, _("可用：{known}").format(known=" ".join(ROLES)))
            columns[role] = value
        elif key != "zone":
            raise _bad(key, value, _("可用：time、minutes、zone、station、unit、column.列"))
    return replace(options, columns=columns)


def _bad(key: str, value: str, hint: str) -> Refused:
    return Refused(Problem(_("“{value}”读不懂，{hint}").format(value=value, hint=hint), field=key))


def folded(text: str) -> str:
    """For comparison: full-width forms folded, lower case, outer blanks gone."""
    return unicodedata.normalize("NFKC", text).strip().casefold()


def zone_of(text: str) -> timezone | None:
    """`UTC`, `+08:00`, `UTC+8`, `北京时`, `CET`; None for anything else."""
    plain = folded(text).replace(" ", "")
    if plain in ZONES:
        return timezone(timedelta(hours=ZONES[plain]))
    found = re.fullmatch(r"(?:utc|gmt)?([+-])(\d{1,2})(?::?([0-5]\d))?", plain)
    if not found or int(found[2]) > 14:
        return None
    offset = timedelta(hours=int(found[2]), minutes=int(found[3] or 0))
    return timezone(-offset if found[1] == "-" else offset)


_CHINESE = re.compile(
    r"(\d{4})年(\d{1,2})月(\d{1,2})日?(?:(\d{1,2})[时点](?:(\d{1,2})分?)?|(\d{1,2}:\d{2}(?::\d{2})?))?"
)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:[T ]?(\d{2})(?::?(\d{2})(?::?(\d{2}))?)?)?")
_PLAIN = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ]+(\d{1,2})(?::(\d{1,2})(?::(\d{2})(?:\.\d+)?)?)?时?)?")
_CLOCK = re.compile(r"(\d{1,2})(?:[:时点](\d{1,2})?分?(?::(\d{2})(?:\.\d+)?)?)?")
_EPOCH = date(1970, 1, 1).toordinal()


class Times:
    """Reads times of one zone. 24:00 is the midnight that ends the day. Days are remembered: files repeat them."""

    def __init__(self, zone: timezone) -> None:
        self.zone = zone
        self._offset = int((zone.utcoffset(None) or timedelta()).total_seconds()) * SECOND
        self._days: dict[str, int | None] = {}
        self._moments: dict[str, int | None] = {}

    def read(self, text: str) -> int | None:
        """A date or a date with time, ms UTC; None when it is none."""
        if text not in self._moments:
            if len(self._moments) > 100_000:
                self._moments.clear()
            self._moments[text] = self._read(folded(text))
        return self._moments[text]

    def _read(self, text: str) -> int | None:
        for pattern in (_PLAIN, _COMPACT):
            found = pattern.fullmatch(text)
            if found:
                return self._moment([int(part or 0) for part in found.groups()])
        found = _CHINESE.fullmatch(text.replace(" ", ""))
        if found:
            parts = [int(part or 0) for part in found.groups()[:5]]
            if found[6]:
                parts[3:] = [int(part) for part in found[6].split(":")]
            return self._moment([*parts, 0][:6])
        try:
            return parse_iso(text.upper(), self.zone)
        except ValueError:
            return None

    def _moment(self, parts: list[int]) -> int | None:
        year, month, day, hour, minute, second = parts
        clock = _of_day(hour, minute, second)
        try:
            midnight = (date(year, month, day).toordinal() - _EPOCH) * DAY - self._offset
        except ValueError:
            return None
        return None if clock is None else midnight + clock

    def day(self, text: str) -> int | None:
        """The midnight that begins a day, ms UTC; None when the text is no day."""
        if text not in self._days:
            at = self._read(folded(text))
            self._days[text] = at if at is not None and (at + self._offset) % DAY == 0 else None
        return self._days[text]

    def date_of(self, year: int, month: int, day: int) -> int | None:
        """The midnight that begins a day, ms UTC."""
        return self._moment([year, month, day, 0, 0, 0])

    def of_day(self, at: int) -> int:
        """Milliseconds since the midnight of the zone."""
        return (at + self._offset) % DAY


def clock_of(text: str) -> int | None:
    """`8`, `08:00`, `8时`, `23:59:30`, `24:00` as milliseconds of the day; None when it is none."""
    found = _CLOCK.fullmatch(folded(text).replace(" ", ""))
    return None if found is None else _of_day(int(found[1]), int(found[2] or 0), int(found[3] or 0))


def _of_day(hour: int, minute: int, second: int) -> int | None:
    at = hour * HOUR + minute * MINUTE + second * SECOND
    return at if minute < 60 and second < 60 and at <= DAY else None


class Amounts:
    """Reads amounts of one unit into tenths of a millimetre; `tenths_per_unit` is 10 for mm, 1 for 0.1 mm."""

    def __init__(self, tenths_per_unit: int, no_value: str = "") -> None:
        self._factor = Decimal(tenths_per_unit)
        self._known: dict[str, int | str] = dict.fromkeys(NO_VALUE, MISSING)
        self._sentinels = SENTINELS
        self.rounded = 0
        number = _decimal(folded(no_value))
        if number is not None:
            self._sentinels = SENTINELS | {number}
        elif no_value:
            self._known[no_value] = MISSING

    def read(self, text: str) -> int | str:
        """Tenths, −1 for a missing reading, or the reason why the text is refused."""
        found = self._known.get(text)
        if found is None:
            if len(self._known) > 100_000:
                self._known.clear()
            found = self._known[text] = self._read(text)
        return found

    def _read(self, text: str) -> int | str:
        plain = folded(text)
        if plain in NO_VALUE:
            return MISSING
        plain = re.sub(r"(?:mm|毫米)$", "", plain).strip()
        number = _decimal(plain)
        if number is None:
            return _("应为数字：{text}").format(text=text[:40])
        if number in self._sentinels:
            return MISSING
        if number < 0:
            return _("雨量不能是负数：{text}").format(text=text[:40])
        tenths = number * self._factor
        if tenths > MAX_TENTHS:
            return _("雨量大得不可能：{text}").format(text=text[:40])
        whole = tenths.to_integral_value(ROUND_HALF_UP)
        if abs(tenths - whole) > Decimal("0.0001"):
            self.rounded += 1
        return int(whole)


def _decimal(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number) < 10**12 else None


@dataclass(frozen=True, slots=True)
class StationSeen:
    """A station as a file names it. `code` is what its samples carry (the name where the file has no code); lon and
    lat are decimal degrees as text; `region` is county and town joined by `/`."""

    code: str
    name: str = ""
    lon: str = ""
    lat: str = ""
    region: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a rain file holds. `read` counts data records; a refused record has given no sample."""

    stations: tuple[StationSeen, ...]
    samples: Samples
    read: int
    warnings: tuple[Problem, ...]
    refused: tuple[Problem, ...]
    format: str
    profile: str = ""


class Gather:
    """Collects stations, samples and problems while a file is read."""

    def __init__(self, file: str, options: Options) -> None:
        self.file = file
        self.options = options
        self.read = 0
        self.problems: list[Problem] = []
        self.refused: list[Problem] = []
        self._stations: dict[str, StationSeen] = {}
        self._index: dict[str, int] = {}
        self._seen: dict[tuple[int, int, int], int] = {}
        self._counts: dict[str, int] = {}

    def station(self, seen: StationSeen) -> str:
        """Note a station and give its code."""
        held = self._stations.get(seen.code)
        if held is None or held != seen:
            self._stations[seen.code] = seen if held is None else _merged(held, seen)
        return seen.code

    def warn(self, reason: str, line: int | None = None, name: str = "") -> None:
        """A warning that stands alone."""
        self.problems.append(Problem(reason, field=name, line=line, file=self.file))

    def refuse(self, reason: str, line: int | None, name: str = "") -> None:
        """A record that cannot be taken."""
        self.refused.append(Problem(reason, field=name, line=line, file=self.file))

    def add(self, code: str, end: int, minutes: int, tenths: int, line: int) -> None:
        """A sample; −1 is a missing value. Of two for one period the later line holds, a value before none."""
        index = self._index.setdefault(code, len(self._index))
        key = (index, end, minutes)
        held = self._seen.get(key)
        if held is not None:
            if tenths == MISSING:
                return
            if held not in (MISSING, tenths):
                self._often(
                    "twice",
                    _("同一站同一时段有两个值 {first} 与 {second}，取后一个").format(first=mm(held), second=mm(tenths)),
                    line,
                )
        if tenths > 0 and is_suspicious(tenths, minutes, self.options.suspicious):
            reason = _("{code} {minutes} 分钟雨量 {value} 毫米偏大，请核实").format(
                code=code, minutes=minutes, value=mm(tenths)
            )
            self._often("large", reason, line)
        self._seen[key] = tenths
        if len(self._seen) > MAX_SAMPLES:
            raise Refused(Problem(_("数据超过 {limit} 个，请分开导入").format(limit=MAX_SAMPLES), file=self.file))

    def _often(self, kind: str, reason: str, line: int) -> None:
        self._counts[kind] = self._counts.get(kind, 0) + 1
        if self._counts[kind] <= REPORTED:
            self.warn(reason, line)

    def missing(self) -> int:
        """How many samples have no value so far."""
        return sum(1 for tenths in self._seen.values() if tenths == MISSING)

    def done(self, form: str, profile: str = "") -> Reading:
        """The reading: samples in canonical order (code, end, minutes)."""
        for kind, count in self._counts.items():
            if count > REPORTED:
                what = _("同一时段有两个值") if kind == "twice" else _("雨量偏大")
                self.warn(
                    _("“{what}”共 {count} 处，只列出前 {limit} 处").format(what=what, count=count, limit=REPORTED)
                )
        used = sorted(self._index)
        rank = {self._index[code]: n for n, code in enumerate(used)}
        keys = sorted([(rank[index], end, minutes, tenths) for (index, end, minutes), tenths in self._seen.items()])
        samples = Samples(
            tuple(used),
            array("I", [key[0] for key in keys]),
            array("q", [key[1] for key in keys]),
            array("i", [key[2] for key in keys]),
            array("i", [key[3] for key in keys]),
        )
        stations = tuple(self._stations[code] for code in sorted(self._stations))
        return Reading(stations, samples, self.read, tuple(self.problems), tuple(self.refused), form, profile)


def mm(tenths: int) -> str:
    """Tenths as millimetres with one decimal."""
    return f"{tenths // 10}.{tenths % 10}"


def _merged(held: StationSeen, seen: StationSeen) -> StationSeen:
    return StationSeen(
        held.code, seen.name or held.name, seen.lon or held.lon, seen.lat or held.lat, seen.region or held.region
    )


def cell(cells: Sequence[str], at: int | None) -> str:
    """A cell without outer blanks; empty where the row is short or the column is not there."""
    return cells[at].strip() if at is not None and at < len(cells) else ""


def nothing_recognised(lines: Sequence[Line], file: str, hint: str = "") -> Refused:
    """The refusal of a layout that nobody knows, with what was seen of it."""
    seen = _("、").join(text.strip() for text in (lines[0][1] if lines else ()) if text.strip())[:120]
    reason = _("认不出雨量列，首行是：{seen}").format(seen=seen or _("空的"))
    told = _("；").join((reason, hint)) if hint else reason
    return Refused(Problem(told, line=lines[0][0] if lines else None, file=file))
