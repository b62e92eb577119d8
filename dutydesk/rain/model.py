"""Tables of gauges, of the batches of readings, and of the samples that stand in the batches' files.

`sample` is derived: apply and rebuild read it from the files that the batches name (house.md §6 "Gauge readings"). Of
two batches with a sample for one key (station, end, minutes) the greater (hlc, act_id) wins, so that the order in
which batches arrive does not matter. `sample_taken` names the batches whose file was there and has been read.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import BLOB, INTEGER, TEXT, Column, Connection, Table, select

from dutydesk.core.errors import Damaged
from dutydesk.journal import attachments
from dutydesk.journal.derived import upsert
from dutydesk.ledger.feature import Derived
from dutydesk.ledger.table import LISTED, metadata, table
from dutydesk.rain.ledger import BATCHES, STATIONS
from dutydesk.rain.samples import MISSING, Samples, decode

log = logging.getLogger(__name__)

STATION_TABLE = table(STATIONS)
BATCH_TABLE = table(BATCHES)
SAMPLE = Table(
    "sample",
    metadata,
    Column("station", TEXT, primary_key=True),
    Column("end", INTEGER, primary_key=True),
    Column("minutes", INTEGER, primary_key=True),
    Column("tenths", INTEGER),
    Column("hlc", INTEGER),
    Column("act", BLOB),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)
"""Code of the gauge, end of the period (ms UTC), its length, 0.1 mm (NULL: no reading), and who said so."""
TAKEN = Table(
    "sample_taken",
    metadata,
    Column("batch", BLOB, primary_key=True),
    Column("hlc", INTEGER),
    Column("act", BLOB),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)


def take_in(connection: Connection, rows: Mapping[str, Sequence[bytes]]) -> None:
    """Read the files of these batches into `sample`. A file that is not there, or is not what it should be, leaves
    its batch 未到; `service.catch_up` asks again."""
    folder: Path | None = connection.info.get("attachments")
    if folder is None:
        return
    table = BATCH_TABLE
    columns = (table.c.id, table.c["_hlc"], table.c["_act"], table.c.samples_sha256)
    wanted = list(dict.fromkeys(rows.get(BATCHES.name, ())))
    for start in range(0, len(wanted), 500):
        batches = select(*columns).where(table.c.id.in_(wanted[start : start + 500]), table.c["_state"] == LISTED)
        for batch, hlc, act, sha256 in connection.execute(batches).all():
            samples = _content(folder, sha256 or "")
            if samples is not None:
                upsert(connection, SAMPLE, _rows(samples, hlc, act))
                upsert(connection, TAKEN, [(batch, hlc, act)])


def _content(folder: Path, sha256: str) -> Samples | None:
    try:
        data = attachments.read_within(folder, sha256)
        return None if data is None else decode(data)
    except Damaged as error:
        log.warning("samples %s: %s", sha256[:8], error)
        return None


def _rows(samples: Samples, hlc: int, act: bytes) -> list[tuple[Any, ...]]:
    codes = samples.codes
    columns = zip(samples.station, samples.end, samples.minutes, samples.tenths, strict=True)
    return [
        (codes[station], end, minutes, None if tenths == MISSING else tenths, hlc, act)
        for station, end, minutes, tenths in columns
    ]


SAMPLES = Derived((SAMPLE, TAKEN), (BATCHES.name,), take_in)
