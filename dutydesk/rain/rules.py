"""The rules of rain: grades, signals, trend, dry days. Pure functions on integers; the sums come from `series`.

Amounts are integers of 0.1 mm ("tenths"), so that 49.9 never becomes 50.0; times are milliseconds UTC.

Thresholds are rows of `resources/reference/rain.json`, each with its source, handed in as a `Reference`:
`reference_of(core.reference.reference("rain"))`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any

from dutydesk.core.clock import CST, DAY, local, utc_ms

WINDOWS_H = (1, 3, 6, 12, 24)


@dataclass(frozen=True, slots=True)
class Grade:
    """A grade of GB/T 28592-2012, table 1: from `lower` tenths on, up to the next grade."""

    code: str
    zh: str
    en: str
    lower: int

    @property
    def labels(self) -> dict[str, str]:
        """For `core.i18n.pick`."""
        return {"zh": self.zh, "en": self.en}


@dataclass(frozen=True, slots=True)
class Signal:
    """One row of the signal table: `colour` is reached when `window_h` hours have `tenths` or more, or the
    alternative has (domain.md §5.3). `region` is a prefix of region codes, empty for the whole country."""

    region: str
    type: str
    colour: str
    window_h: int
    tenths: int
    alt_window_h: int | None
    alt_tenths: int | None
    valid_from: str
    source: str
    place: str
    mark: str


@dataclass(frozen=True, slots=True)
class Reference:
    """The rules in force, as data. `grades` by hours (24, 12), `orders` 1 (red) to 4 (blue) by colour."""

    grades: Mapping[int, tuple[Grade, ...]]
    signals: tuple[Signal, ...]
    orders: Mapping[str, int]
    heavy_hour: int
    dry_day: int
    day_hour: int
    suspicious: int
    trend: int


@dataclass(frozen=True, slots=True)
class Total:
    """A sum in tenths; `None` when no reading lies inside. When not `complete`, at least this much fell ("≥")."""

    tenths: int | None
    complete: bool


class Trend(Enum):
    """The last hour against the one before; UNKNOWN when a reading of the two hours is missing."""

    RISING = "rising"
    STEADY = "steady"
    FALLING = "falling"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class DryRun:
    """Dry days in a row up to the last whole rain day; `certain` is False where missing readings end the count."""

    days: int
    certain: bool


def tenths_of(mm: str) -> int:
    """`"49.9"` → 499. Raises `ValueError` for what is finer than a tenth."""
    value = Decimal(mm).scaleb(1)
    if value != value.to_integral_value():
        raise ValueError(mm)
    return int(value)


def reference_of(data: Mapping[str, Any]) -> Reference:
    """The content of `resources/reference/rain.json` (`core.reference.reference("rain")`) as rules."""
    tables: Mapping[str, Any] = data["tables"]
    rows: list[dict[str, str]] = tables["grades"]["rows"]
    settings: dict[str, str] = {row["code"]: row["value"] for row in tables["settings"]["rows"]}
    signals: Mapping[str, Any] = tables["signals"]
    return Reference(
        grades={
            hours: tuple(Grade(row["code"], row["zh"], row["en"], tenths_of(row[f"lower_{hours}h"])) for row in rows)
            for hours in (24, 12)
        },
        signals=tuple(_signal({**signals, **row}) for row in signals["rows"]),
        orders={row["code"]: row["order"] for row in tables["colours"]["rows"]},
        heavy_hour=tenths_of(settings["heavy_hour_mm"]),
        dry_day=tenths_of(settings["dry_day_mm"]),
        day_hour=int(settings["day_hour"]),
        suspicious=tenths_of(settings["suspicious_mm"]),
        trend=tenths_of(settings["trend_mm"]),
    )


def _signal(row: Mapping[str, Any]) -> Signal:
    return Signal(
        region=row["region"],
        type=row["type"],
        colour=row["colour"],
        window_h=row["window_h"],
        tenths=tenths_of(row["mm"]),
        alt_window_h=row["alt_window_h"],
        alt_tenths=None if row["alt_mm"] is None else tenths_of(row["alt_mm"]),
        valid_from=row["valid_from"] or "",
        source=row["source"],
        place=row["place"],
        mark=row["mark"],
    )


def grade(tenths: int, grades: Sequence[Grade]) -> Grade:
    """The grade of an amount; lower bounds are inclusive (GB/T 28592-2012, table 1)."""
    if tenths < 0:
        raise ValueError(tenths)
    return max((item for item in grades if tenths >= item.lower), key=_lower)


def _lower(item: Grade) -> int:
    return item.lower


def is_heavy_hour(tenths: int | None, rules: Reference) -> bool:
    """短时强降水: an hour of 20 mm or more. GB/T 28592-2012 itself has no grade for one hour."""
    return tenths is not None and tenths >= rules.heavy_hour


def signals_for(rules: Reference, region: str, day: date, type_code: str = "11B03") -> tuple[Signal, ...]:
    """The rows in force in `region` (a division code) on `day`, highest colour first.

    For each colour the row of the longest matching region prefix holds, of those the one valid since the latest day.
    """
    best: dict[str, Signal] = {}
    for row in rules.signals:
        if row.type != type_code or not region.startswith(row.region) or row.valid_from > day.isoformat():
            continue
        held = best.get(row.colour)
        if held is None or (len(row.region), row.valid_from) >= (len(held.region), held.valid_from):
            best[row.colour] = row
    return tuple(best[colour] for colour in sorted(best, key=lambda colour: rules.orders[colour]))


def windows_needed(signals: Sequence[Signal]) -> frozenset[int]:
    """The windows, in hours, that `reached` asks for."""
    needed = {row.window_h for row in signals}
    return frozenset(needed | {row.alt_window_h for row in signals if row.alt_window_h is not None})


def reached(sums: Mapping[int, Total], signals: Iterable[Signal]) -> Signal | None:
    """The first of `signals` (highest first, as `signals_for` gives them) that the sums, by hours, have reached.

    An incomplete window counts with what it has: the true sum can only be greater.
    """
    for row in signals:
        for hours, needed in ((row.window_h, row.tenths), (row.alt_window_h, row.alt_tenths)):
            if hours is None or needed is None:
                continue
            tenths = sums[hours].tenths
            if tenths is not None and tenths >= needed:
                return row
    return None


def trend(last: Total, before: Total, margin: int) -> Trend:
    """Whether the last hour brought more than the one before; a difference under `margin` tenths is steady."""
    if last.tenths is None or before.tenths is None or not (last.complete and before.complete):
        return Trend.UNKNOWN
    if abs(last.tenths - before.tenths) < max(margin, 1):
        return Trend.STEADY
    return Trend.RISING if last.tenths > before.tenths else Trend.FALLING


def worst_key(signal: Signal | None, hour: Total, rules: Reference) -> tuple[int, int]:
    """Sort key, ascending: the gauge with the highest signal first, then the one with the wettest last hour; gauges
    without readings come last."""
    order = len(rules.orders) + 1 if signal is None else rules.orders[signal.colour]
    return order, 1 if hour.tenths is None else -hour.tenths


def day_start(at: int, hour: int) -> int:
    """The last rain-day boundary at or before `at`: `hour` o'clock Beijing time (8 or 20)."""
    moment = local(at)
    boundary = utc_ms(moment.replace(hour=hour, minute=0, second=0, microsecond=0, tzinfo=CST))
    return boundary if boundary <= at else boundary - DAY


def dry_run(days: Iterable[Total], limit: int) -> DryRun:
    """How many of `days` (sums of whole rain days, the latest first) in a row have less than `limit` tenths
    (domain.md §11 `dry_days`). A day whose readings are incomplete is not known to be dry and ends the count."""
    count = 0
    for total in days:
        if total.tenths is not None and total.tenths >= limit:
            return DryRun(count, certain=True)
        if not total.complete:
            break
        count += 1
    return DryRun(count, certain=False)


def is_suspicious(tenths: int, minutes: int, limit: int) -> bool:
    """Whether a reading is worth a second look: more than `limit` tenths an hour. A minute's peak may be far above
    an hour's, so periods under a quarter of an hour are held to the quarter's share (design)."""
    return tenths * 60 > limit * max(minutes, 15)
