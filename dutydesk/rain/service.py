"""Questions about rain: what every gauge says now, one gauge over a span; and the few commands of the rain pane.

Sums of a gauge end at its last sample, so that a gauge which reports every five minutes is not always incomplete; a
gauge that has fallen silent ends at the moment asked for, so that its old rain does not stand as today's.

Samples are read once per change: what has been read is kept with a stamp (newest batch, number of batches taken in)
that is compared at every question, which sees the writes of other processes too.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from importlib import import_module
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, func, select

from dutydesk.core.clock import DAY, HOUR, MINUTE, local
from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import _
from dutydesk.journal.settings import Setting, settings
from dutydesk.journal.store import Announcement
from dutydesk.ledger.spec import Value
from dutydesk.ledger.table import LISTED
from dutydesk.people.model import REGION_TABLE
from dutydesk.rain import rules
from dutydesk.rain import series as sums_of
from dutydesk.rain.model import BATCH_TABLE, SAMPLE, STATION_TABLE, TAKEN
from dutydesk.rain.rules import WINDOWS_H, Grade, Signal, Total, Trend
from dutydesk.rain.series import NONE, Peak, Rolling, Series
from dutydesk.rain.thresholds import PREFIX, Thresholds, thresholds
from dutydesk.rain.words import log_text

if TYPE_CHECKING:
    from dutydesk.journal.desk import Desk

RECENT = 26 * HOUR
"""How far back the list of gauges looks: the longest window, and the hour before the last for the trend."""
LONG_AGO = 3 * DAY
MOST_SERIES = 8


@dataclass(frozen=True, slots=True)
class Station:
    """A gauge of the ledger; `region` its division's name, `region_code` that division's code, both maybe empty."""

    id: bytes
    code: str
    name: str
    region: str = ""
    region_code: str = ""
    region_id: bytes | None = None


@dataclass(frozen=True, slots=True)
class GaugeNow:
    """What one gauge says. `at` is the end of its windows (ms UTC), `sums` by hours; `grade` of the 24 hours (GB/T
    28592-2012), `signal` the highest colour reached; `last` the end of its last reading, `stale` when that is too
    long ago, `heavy` for 短时强降水."""

    station: Station
    at: int
    sums: Mapping[int, Total]
    grade: Grade | None
    signal: Signal | None
    trend: Trend
    last: int | None
    stale: bool
    heavy: bool

    @property
    def hour(self) -> Total:
        """The last hour."""
        return self.sums[1]


@dataclass(frozen=True, slots=True)
class Summary:
    """One gauge over a span. Amounts in tenths; `at` is where the `sums` (by hours) end; `None` without samples."""

    station: Station
    total: int | None
    peak: Peak
    at: int | None
    sums: Mapping[int, Total]
    samples: int
    missing: int


# -- what was read, and whether it still holds ---------------------------------------------------------------------

Stamp = tuple[int, int]


@dataclass(slots=True)
class _Held:
    """What was read of one desk."""

    stamp: Stamp = (-1, -1)
    since: int = 0
    recent: dict[str, Series] = field(default_factory=dict[str, Series])
    whole: OrderedDict[str, Series] = field(default_factory=OrderedDict[str, Series])
    hours: dict[str, Rolling] = field(default_factory=dict[str, Rolling])
    older: dict[str, int] = field(default_factory=dict[str, int])
    given: tuple[Setting, ...] | None = None
    thresholds: Thresholds | None = None


_held: WeakKeyDictionary[Engine, _Held] = WeakKeyDictionary()


def _of(connection: Connection) -> _Held:
    """What is held of this desk, emptied when batches have come since."""
    held = _held.setdefault(connection.engine, _Held())
    newest = connection.execute(select(func.max(BATCH_TABLE.c["_n"]))).scalar() or 0
    taken = connection.execute(select(func.count()).select_from(TAKEN)).scalar_one()
    if held.stamp != (newest, taken):
        held = _Held((newest, taken), given=held.given, thresholds=held.thresholds)
        _held[connection.engine] = held
    return held


def thresholds_of(connection: Connection) -> Thresholds:
    """The thresholds in force at this desk."""
    held = _held.setdefault(connection.engine, _Held())
    given = settings(connection, PREFIX)
    if held.thresholds is None or held.given != given:
        held.given, held.thresholds = given, thresholds(given)
    return held.thresholds


def stations_of(connection: Connection) -> list[Station]:
    """All gauges of the ledger, by code."""
    table, regions = STATION_TABLE, REGION_TABLE
    columns = (table.c.id, table.c.code, table.c.name, regions.c.name, regions.c.code, table.c.region)
    found = connection.execute(
        select(*columns)
        .select_from(table.outerjoin(regions, table.c.region == regions.c.id))
        .where(table.c["_state"] == LISTED)
        .order_by(table.c.code, table.c["_n"])
    )
    made: dict[str, Station] = {}
    for row, code, name, region, region_code, region_id in found:
        text = code or ""
        made.setdefault(text, Station(row, text, name or text, region or "", region_code or "", region_id))
    return list(made.values())


def _samples(connection: Connection, code: str, start: int | None = None, end: int | None = None) -> Series:
    """The samples of a gauge with their end in (start, end]."""
    statement = 'SELECT "end", minutes, tenths FROM sample WHERE station = ? AND "end" > ? AND "end" <= ?'
    bounds = (code, -(2**62) if start is None else start, 2**62 if end is None else end)
    return Series([(row[0], row[1], row[2]) for row in connection.exec_driver_sql(statement, bounds)])


def _recent(connection: Connection, stations: Iterable[Station], at: int) -> tuple[_Held, dict[str, Series]]:
    """The samples that `at` needs, by code. They are kept, and with them everything since; a moment long before the
    newest samples is read by itself: it must not bring a year into memory."""
    held = _of(connection)
    since = at - RECENT
    if not held.recent or since < held.since:
        newest = connection.execute(select(func.max(BATCH_TABLE.c.ends_at))).scalar() or at
        if at < newest - LONG_AGO:
            return held, {each.code: _samples(connection, each.code, since, at) for each in stations}
        held.recent, held.hours, held.older, held.since = {}, {}, {}, since
    for station in stations:
        if station.code not in held.recent:
            held.recent[station.code] = _samples(connection, station.code, held.since)
    return held, held.recent


def series_of(connection: Connection, code: str) -> Series:
    """Everything that is known of one gauge; the last few asked for are kept."""
    held = _of(connection)
    found = held.whole.get(code)
    if found is None:
        found = held.whole[code] = _samples(connection, code)
        if len(held.whole) > MOST_SERIES:
            held.whole.popitem(last=False)
    else:
        held.whole.move_to_end(code)
    return found


# -- all gauges now ------------------------------------------------------------------------------------------------


def gauges_of(connection: Connection, at: int, district: str = "") -> list[GaugeNow]:
    """Every gauge as it stands at `at`, the worst first; `district` holds for gauges without a region."""
    stations = stations_of(connection)
    limits = thresholds_of(connection)
    held, series = _recent(connection, stations, at)
    day = local(at).date()
    known: dict[str, tuple[Signal, ...]] = {}
    found: list[GaugeNow] = []
    for station in stations:
        region = station.region_code or district
        if region not in known:
            known[region] = limits.signals(region, day)
        last = _last(connection, held, series[station.code], station.code, at)
        found.append(_now(station, series[station.code], at, last, limits, known[region]))
    return sorted(found, key=_Worst(limits))


def _last(connection: Connection, held: _Held, series: Series, code: str, at: int) -> int | None:
    """The end of the last reading at or before `at`; one older than the samples that were read is looked up once."""
    latest = series.latest(at)
    if latest is not None:
        return latest[0]
    kept = series is held.recent.get(code)
    if kept and code in held.older:
        return held.older[code] or None
    before = select(func.max(SAMPLE.c.end)).where(
        SAMPLE.c.station == code, SAMPLE.c.end <= at, SAMPLE.c.tenths.is_not(None)
    )
    found: int = connection.execute(before).scalar() or 0
    if kept and found <= held.since:
        held.older[code] = found
    return found or None


def _now(
    station: Station, series: Series, at: int, last: int | None, limits: Thresholds, signals: Sequence[Signal]
) -> GaugeNow:
    latest = series.latest(at)
    stale = latest is None or at - latest[0] > latest[1] + limits.stale_minutes * MINUTE
    end = at if stale else series.moment(at) or at
    sums = sums_of.sums(series, end, sorted({*WINDOWS_H, *rules.windows_needed(signals)}))
    return GaugeNow(
        station=station,
        at=end,
        sums=sums,
        grade=grade_of(sums[24], 24, limits),
        signal=rules.reached(sums, signals),
        trend=sums_of.trend(series, end, limits.rules.trend),
        last=last,
        stale=stale,
        heavy=rules.is_heavy_hour(sums[1].tenths, limits.rules),
    )


class _Worst:
    """Sort key of a list of gauges: `rules.worst_key`, then the wetter day, then the code."""

    def __init__(self, limits: Thresholds) -> None:
        self._rules = limits.rules

    def __call__(self, gauge: GaugeNow) -> tuple[tuple[int, int], int, str]:
        day = gauge.sums[24].tenths
        key = rules.worst_key(gauge.signal, gauge.hour, self._rules)
        return key, 1 if day is None else -day, gauge.station.code


def grade_of(total: Total, hours: int, limits: Thresholds) -> Grade | None:
    """The grade of a sum over 24 or 12 hours; `None` for any other window and without a reading."""
    grades = limits.rules.grades.get(hours)
    return None if grades is None or total.tenths is None else rules.grade(total.tenths, grades)


def gauges(desk: Desk, at: int | None = None) -> list[GaugeNow]:
    """Every gauge as it stands at `at` (ms UTC; now when not given), the worst first."""
    with desk.store.read() as connection:
        return gauges_of(connection, desk.clock.now() if at is None else at, desk.config.district)


def newly_reached(connection: Connection, gauges: Sequence[GaugeNow], at: int, span: int = HOUR) -> list[GaugeNow]:
    """Those of `gauges` (as they stand at `at`) whose signal is higher than it was `span` before."""
    limits = thresholds_of(connection)
    day = local(at).date()
    order = limits.rules.orders
    reached = [gauge for gauge in gauges if gauge.signal is not None]
    series = _recent(connection, [gauge.station for gauge in reached], at)[1]
    found: list[GaugeNow] = []
    for gauge in reached:
        signals = limits.signals(gauge.station.region_code, day)
        before = sums_of.reached(series[gauge.station.code], gauge.at - span, signals)
        if before is None or (gauge.signal is not None and order[gauge.signal.colour] < order[before.colour]):
            found.append(gauge)
    return found


@dataclass(frozen=True, slots=True)
class Span:
    """One gauge over a span: its wettest 60 minutes that end in it, and all that fell, in tenths."""

    station: Station
    hour: int | None
    total: int | None


def spans_of(connection: Connection, start: int, end: int) -> list[Span]:
    """Every gauge over `(start, end]`, for the figures of the board and the reports."""
    held = _of(connection)
    kept = start - HOUR >= held.since
    found: list[Span] = []
    for station in stations_of(connection):
        series = held.recent.get(station.code) if kept else None
        if series is None:
            series = _samples(connection, station.code, start - HOUR, end)
        total = series.between(start, end).tenths
        found.append(Span(station, _wettest(held, station.code, series, start, end), total))
    return found


def _wettest(held: _Held, code: str, series: Series, start: int, end: int) -> int | None:
    """The largest sum of 60 minutes that ends in `(start, end]`; those of the recent samples are kept."""
    if series is held.recent.get(code):
        rolling = held.hours.get(code) or held.hours.setdefault(code, series.rolling(60))
    else:
        rolling = series.rolling(60)
    part = rolling.tenths[bisect_right(rolling.ends, start) : bisect_right(rolling.ends, end)]
    best = max(part, default=NONE)
    return None if best == NONE else best


# -- one gauge over a span -----------------------------------------------------------------------------------------


def find_station(desk: Desk, text: str) -> Station:
    """The gauge of this code or name. Raises `Refused` when there is none, or more than one of the name."""
    with desk.store.read() as connection:
        stations = stations_of(connection)
    wanted = text.strip()
    found = [each for each in stations if each.code == wanted] or [each for each in stations if each.name == wanted]
    if len(found) == 1:
        return found[0]
    reason = _("叫“{text}”的雨量站不止一个，请用站号") if found else _("没有雨量站“{text}”")
    raise Refused(Problem(reason.format(text=wanted), field="station"))


def stations(desk: Desk) -> list[Station]:
    """All gauges of the ledger, by code."""
    with desk.store.read() as connection:
        return stations_of(connection)


def series(desk: Desk, code: str) -> Series:
    """Everything that is known of one gauge, for its chart."""
    with desk.store.read() as connection:
        return series_of(connection, code)


def summary(
    desk: Desk, station: Station, start: int | None = None, end: int | None = None, at: int | None = None
) -> Summary:
    """One gauge over the samples that end in `(start, end]`; `sums` end at `at`, else at the last of these samples."""
    with desk.store.read() as connection:
        every = series_of(connection, station.code)
        part = every if start is None and end is None else _samples(connection, station.code, start, end)
    moment = part.last if at is None else at
    nothing = {hours: Total(None, complete=False) for hours in WINDOWS_H}
    return Summary(
        station=station,
        total=part.whole().tenths,
        peak=part.peak(),
        at=moment,
        sums=nothing if moment is None else sums_of.sums(every, moment),
        samples=part.count,
        missing=part.missing,
    )


def signals_for(desk: Desk, station: Station, day: date) -> tuple[Signal, ...]:
    """The thresholds that hold for one gauge, highest first: the lines of its chart."""
    with desk.store.read() as connection:
        return thresholds_of(connection).signals(station.region_code or desk.config.district, day)


def limits(desk: Desk) -> Thresholds:
    """The thresholds in force at this desk."""
    with desk.store.read() as connection:
        return thresholds_of(connection)


# -- the duty log --------------------------------------------------------------------------------------------------


def note_in_log(desk: Desk, code: str) -> str:
    """Write what a gauge says now into the duty log, one line; returns it. Raises `Refused` where it says nothing."""
    gauge = next((each for each in gauges(desk) if each.station.code == code), None)
    if gauge is None or gauge.hour.tenths is None:
        raise Refused(Problem(_("这个站近 1 小时没有雨量，没有记入日志"), field="station"))
    now = desk.clock.now()
    text = log_text(gauge)
    values: dict[str, Value] = {
        "happened_at": gauge.at,
        "category": "SYSTEM_MSG",
        "line": "FLOOD",
        "direction": "IN",
        "means": "SYSTEM",
        "text": text,
        "region": gauge.station.region_id,
    }
    adder = next((feature.adders["log"] for feature in desk.features if "log" in feature.adders), "")
    if adder:
        module, name = adder.split(":")
        getattr(import_module(module), name)(desk, values)
    else:
        desk.act("log.add", [desk.new("log", {**values, "recorded_at": now, "recorder": desk.me.name or None})])
    return text


# -- batches whose file has not arrived ----------------------------------------------------------------------------


def not_arrived(connection: Connection) -> list[bytes]:
    """Batches whose samples are not there yet: 未到."""
    table = BATCH_TABLE
    statement = (
        select(table.c.id)
        .select_from(table.outerjoin(TAKEN, table.c.id == TAKEN.c.batch))
        .where(table.c["_state"] == LISTED, TAKEN.c.batch.is_(None))
    )
    return [row for (row,) in connection.execute(statement)]


def catch_up(desk: Desk) -> int:
    """Take in the batches whose files have come since; returns how many."""
    store = desk.store
    with store.read() as connection:
        waiting = not_arrived(connection)
    if not waiting:
        return 0
    store.local(_Update(desk, waiting))
    with store.read() as connection:
        still = len(not_arrived(connection))
    if still < len(waiting):
        for listener in tuple(store.listeners):
            listener(Announcement({"rain_batches": frozenset(waiting)}))
    return len(waiting) - still


class _Update:
    def __init__(self, desk: Desk, rows: Sequence[bytes]) -> None:
        self._desk, self._rows = desk, list(rows)

    def __call__(self, _cursor: object) -> None:
        self._desk.store.update_derived({"rain_batches": self._rows})
