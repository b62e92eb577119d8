"""`dutydesk import rain FILE`: the samples of a file become one batch of this desk.

Samples are not rows of a ledger, so they are counted here: `read` counts data records, `added`, `changed` and
`unchanged` count samples. A file that brings nothing new makes no batch. The original and the normalised samples are
kept in `attachments/` before the act that names them (`exchange.importing`).

A gauge that the ledger does not know is made when the file itself describes it (a name or coordinates) or with
`create`; otherwise the file is refused. Of a known gauge only empty fields are filled in: two sources that write one
name differently must not overwrite each other at every file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Connection, select

from dutydesk.core.errors import Problem
from dutydesk.core.i18n import _
from dutydesk.ledger.feature import Draft, Incoming
from dutydesk.ledger.spec import Value
from dutydesk.ledger.table import LISTED
from dutydesk.people.model import REGION_TABLE
from dutydesk.rain.ledger import BATCHES, STATIONS
from dutydesk.rain.model import STATION_TABLE
from dutydesk.rain.reading import Reading, StationSeen, options_of, read_rain
from dutydesk.rain.samples import MISSING, Samples, encode, samples_of
from dutydesk.rain.service import thresholds_of

if TYPE_CHECKING:
    from dutydesk.journal.desk import Desk


@dataclass(frozen=True, slots=True)
class Counted:
    """How the samples of a file compare with what is known."""

    added: int
    changed: int
    unchanged: int


def read(desk: Desk, data: bytes, name: str, settings: Mapping[str, str], *, create: bool = False) -> Incoming:
    """What a file of readings holds, as new or completed gauges, one batch, and the file of its samples.

    Raises `Refused` for a file that is not recognised or does not say enough.
    """
    with desk.store.read() as connection:
        suspicious = thresholds_of(connection).rules.suspicious
    reading = read_rain(data, name, options_of(settings, suspicious))
    with desk.store.read() as connection:
        gauges, strangers = _gauges(connection, reading, create)
        samples = _without(reading.samples, strangers)
        counted = _compare(connection, samples)
    refused = [*reading.refused, *(_stranger(code, name) for code in sorted(strangers))]
    drafts, attached = gauges, ()
    if counted.added or counted.changed:
        encoded = encode(samples)
        drafts = [*gauges, Draft(0, BATCHES.name, _batch(desk, data, name, samples, encoded))]
        attached = (encoded,)
    return Incoming(
        reading.read,
        tuple(drafts),
        tuple(refused),
        reading.warnings,
        attached,
        (counted.added, counted.changed, counted.unchanged),
    )


def _stranger(code: str, name: str) -> Problem:
    reason = _("没有雨量站“{code}”，请先导入 stations，或加 --create 新建").format(code=code)
    return Problem(reason, field="station", file=name)


# -- gauges --------------------------------------------------------------------------------------------------------


def _gauges(connection: Connection, reading: Reading, create: bool) -> tuple[list[Draft], frozenset[str]]:
    """What the file changes in the ledger of gauges, and the codes that nothing is known of."""
    known = _known(connection, frozenset(each.code for each in reading.stations))
    places = _places(connection)
    drafts: list[Draft] = []
    strangers: set[str] = set()
    for seen in reading.stations:
        told = {name: value for name, value in _values(seen, places).items() if value is not None}
        held = known.get(seen.code)
        if held is not None:
            filled = {name: value for name, value in told.items() if held.get(name) is None}
            if filled:
                drafts.append(Draft(0, STATIONS.name, {"code": seen.code, **filled}))
        elif create or seen.name or (seen.lon and seen.lat):
            drafts.append(Draft(0, STATIONS.name, {"code": seen.code, "name": seen.code, **told}))
        else:
            strangers.add(seen.code)
    return drafts, frozenset(strangers)


def _known(connection: Connection, wanted: frozenset[str]) -> dict[str, dict[str, Value]]:
    """The values of the gauges that the ledger has, by code."""
    table = STATION_TABLE
    columns = (table.c.code, table.c.name, table.c.region, table.c.lon, table.c.lat)
    found: dict[str, dict[str, Value]] = {}
    for code, *values in connection.execute(
        select(*columns).where(table.c["_state"] == LISTED).order_by(table.c["_n"])
    ):
        if code in wanted:
            found.setdefault(code, dict(zip(("name", "region", "lon", "lat"), values, strict=True)))
    return found


def _values(seen: StationSeen, places: Mapping[str, bytes]) -> dict[str, Value]:
    parts = [part for part in reversed(seen.region.split("/")) if part]
    return {
        "name": seen.name or None,
        "region": next((places[part] for part in parts if part in places), None),
        "lon": _degree(seen.lon, "lon", 180),
        "lat": _degree(seen.lat, "lat", 90),
    }


def _degree(text: str, name: str, most: int) -> int | None:
    """Millionths of a degree; what is no coordinate is left out: it must not cost the readings."""
    field = STATIONS[name]
    try:
        value = field.kind.parse(text, field)
    except ValueError:
        return None
    return value if isinstance(value, int) and abs(value) <= most * 1_000_000 else None


def _places(connection: Connection) -> dict[str, bytes]:
    """Divisions by name, where the name is one division's alone."""
    table = REGION_TABLE
    found: dict[str, bytes] = {}
    twice: set[str] = set()
    for row, name in connection.execute(select(table.c.id, table.c.name).where(table.c["_state"] == LISTED)):
        if name in found:
            twice.add(name)
        found[name or ""] = row
    return {name: row for name, row in found.items() if name and name not in twice}


# -- samples -------------------------------------------------------------------------------------------------------


def _without(samples: Samples, strangers: frozenset[str]) -> Samples:
    if not strangers:
        return samples
    return samples_of(row for row in samples.rows() if row[0] not in strangers)


def _compare(connection: Connection, samples: Samples) -> Counted:
    """Against what stands in `sample` for the same gauge, end and length."""
    added = changed = unchanged = 0
    statement = 'SELECT "end", minutes, tenths FROM sample WHERE station = ? AND "end" BETWEEN ? AND ?'
    for code, rows in samples.by_station().items():
        bounds = (code, rows[0][0], rows[-1][0])
        held = {(end, minutes): tenths for end, minutes, tenths in connection.exec_driver_sql(statement, bounds)}
        for end, minutes, tenths in rows:
            before = held.get((end, minutes), MISSING)
            if before == MISSING:
                added += 1
            elif before == tenths:
                unchanged += 1
            else:
                changed += 1
    return Counted(added, changed, unchanged)


def _batch(desk: Desk, data: bytes, name: str, samples: Samples, encoded: bytes) -> dict[str, Value]:
    span = samples.span or (None, None)
    return {
        "source": name[:500],
        "sha256": hashlib.sha256(data).hexdigest(),
        "samples_sha256": hashlib.sha256(encoded).hexdigest(),
        "stations": len(samples.codes),
        "samples": len(samples),
        "missing": samples.missing,
        "starts_at": span[0],
        "ends_at": span[1],
        "at": desk.clock.now(),
    }
