"""The thresholds in force here: the reference data, overridden by rows of the ledger `settings`.

Keys: `rain.heavy_hour_mm`, `rain.dry_day_mm`, `rain.day_hour`, `rain.suspicious_mm`, `rain.trend_mm`,
`rain.stale_minutes`, and a colour's signal `rain.signal.RED` (`ORANGE`, `YELLOW`, `BLUE`), whose value names one
window or two alternatives: `3h 100`, `6h 100 / 24h 150`. Source, place and date stand in the same row. A value that
means nothing changes nothing and is told in `problems`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from dutydesk.core.errors import Problem
from dutydesk.core.i18n import _
from dutydesk.core.reference import by_code, label, reference, rows
from dutydesk.journal.settings import Setting, from_row, whole
from dutydesk.ledger.feature import Known
from dutydesk.rain import rules
from dutydesk.rain.rules import Reference, Signal, reference_of, tenths_of

PREFIX = "rain."
SIGNAL = "rain.signal."
RAINSTORM = "11B03"
BOUNDS = {"stale_minutes": (1, 1440), "day_hour": (0, 23)}
_WINDOW = re.compile(r"\s*(\d{1,2})\s*(?:h|小时|时)\s*[≥>=]*\s*(\d{1,4}(?:\.\d)?)\s*(?:mm|毫米)?\s*", re.IGNORECASE)


def _heavy(found: Reference, tenths: int) -> Reference:
    return replace(found, heavy_hour=tenths)


def _dry(found: Reference, tenths: int) -> Reference:
    return replace(found, dry_day=tenths)


def _suspicious(found: Reference, tenths: int) -> Reference:
    return replace(found, suspicious=tenths)


def _trend(found: Reference, tenths: int) -> Reference:
    return replace(found, trend=tenths)


_MM = {"heavy_hour_mm": _heavy, "dry_day_mm": _dry, "suspicious_mm": _suspicious, "trend_mm": _trend}


@dataclass(frozen=True, slots=True)
class Thresholds:
    """`rules` in force, `local` signals that were set here, minutes beyond the sampling interval after which a gauge
    counts as 未更新, and, by key, the source of what was set here."""

    rules: Reference
    local: tuple[Signal, ...]
    stale_minutes: int
    origins: Mapping[str, str]
    problems: tuple[Problem, ...] = ()

    def signals(self, region: str, day: date) -> tuple[Signal, ...]:
        """The signals in force in `region` (a division code) on `day`, highest first: what was set here stands before
        the reference data of the same colour."""
        found = {row.colour: row for row in rules.signals_for(self.rules, region, day, RAINSTORM)}
        found |= {row.colour: row for row in _in_force(self.local, region, day)}
        return tuple(found[colour] for colour in sorted(found, key=self.rules.orders.__getitem__))


def thresholds(given: Sequence[Setting] = ()) -> Thresholds:
    """The reference data with `given` on top."""
    found = reference_of(reference("rain"))
    local: list[Signal] = []
    stale = int(by_code("rain", "settings")["stale_minutes"]["value"])
    origins: dict[str, str] = {}
    problems: list[Problem] = []
    for item in given:
        name = item.key.removeprefix(PREFIX)
        try:
            if name == "stale_minutes":
                stale = _whole(item.value, *BOUNDS[name])
            elif name == "day_hour":
                found = replace(found, day_hour=_whole(item.value, *BOUNDS[name]))
            elif name in _MM:
                found = _MM[name](found, _tenths(item.value))
            elif item.key.startswith(SIGNAL):
                local.append(_signal(item, found))
            else:
                raise ValueError
        except ValueError:
            problems.append(Problem(_("设置“{value}”读不懂，仍按原来的算").format(value=item.value), field=item.key))
            continue
        origins[item.key] = " ".join(part for part in (item.source, item.date) if part)
    return Thresholds(found, tuple(local), stale, origins, tuple(problems))


def known(district: str) -> list[Known]:
    """The settings of rain. The signals are those that hold in `district` by the reference data, whatever the day."""
    found = [
        from_row(
            "rain", "settings", row, f"{PREFIX}{row['code']}", row["value"],
            whole(*BOUNDS[row["code"]]) if row["code"] in BOUNDS else _is_mm,
        )
        for row in rows("rain", "settings")
    ]  # fmt: skip
    table = reference("rain")["tables"]["signals"]
    dates = {(row["region"], row["colour"]): row.get("date", table["date"]) for row in table["rows"]}
    for signal in rules.signals_for(reference_of(reference("rain")), district, date.max, RAINSTORM):
        windows = [(signal.window_h, signal.tenths)]
        if signal.alt_window_h is not None and signal.alt_tenths is not None:
            windows.append((signal.alt_window_h, signal.alt_tenths))
        text = " / ".join(f"{hours}h {_mm(tenths)}" for hours, tenths in windows)
        title = _("暴雨{colour}信号：几小时多少毫米").format(colour=label("rain", "colours", signal.colour))
        day = dates[signal.region, signal.colour]
        found.append(Known(SIGNAL + signal.colour, title, text, "", signal.source, signal.place, day, _is_window))
    return found


def _mm(tenths: int) -> str:
    return f"{tenths // 10}.{tenths % 10}".removesuffix(".0")


def _is_mm(text: str) -> None:
    try:
        _tenths(text)
    except ValueError:
        raise ValueError(_("应为毫米数，最多一位小数，如 20 或 20.5")) from None


def _is_window(text: str) -> None:
    try:
        windows_of(text)
    except ValueError:
        raise ValueError(_("应写成“3h 100”，或两种情形“6h 100 / 24h 150”")) from None


def windows_of(text: str) -> tuple[tuple[int, int], ...]:
    """`3h 100` → ((3, 1000),); two alternatives are joined by `/` or 或. Raises `ValueError` for anything else."""
    parts = re.split("[/或]", text)
    found = [_WINDOW.fullmatch(part) for part in parts]
    if not 1 <= len(parts) <= 2:
        raise ValueError(text)
    windows: list[tuple[int, int]] = []
    for each in found:
        if each is None or not 1 <= int(each[1]) <= 24 or tenths_of(each[2]) <= 0:
            raise ValueError(text)
        windows.append((int(each[1]), tenths_of(each[2])))
    return tuple(windows)


def _in_force(local: Sequence[Signal], region: str, day: date) -> list[Signal]:
    """The nearer place and the later date come last, so that they win."""
    held = [row for row in local if region.startswith(row.region) and row.valid_from <= day.isoformat()]
    return sorted(held, key=_nearness)


def _nearness(row: Signal) -> tuple[int, str]:
    return len(row.region), row.valid_from


def _signal(item: Setting, found: Reference) -> Signal:
    """A place that is a division code limits the signal to it; any other place is only told."""
    colour = item.key.removeprefix(SIGNAL)
    if colour not in found.orders:
        raise ValueError(colour)
    windows = windows_of(item.value)
    other = windows[1] if len(windows) == 2 else (None, None)
    region = item.place if item.place.isascii() and item.place.isdigit() else ""
    return Signal(region, RAINSTORM, colour, *windows[0], *other, item.date, item.source, item.place, "setting")


def _whole(text: str, least: int, most: int) -> int:
    number = int(text.strip())
    if not least <= number <= most:
        raise ValueError(text)
    return number


def _tenths(text: str) -> int:
    try:
        tenths = tenths_of(text.strip())
    except ArithmeticError:
        raise ValueError(text) from None
    if tenths < 0:
        raise ValueError(text)
    return tenths
