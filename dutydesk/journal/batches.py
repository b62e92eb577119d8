"""Bulk work: a series of acts with one batch id, each its own transaction, giving the writer back between them.

The whole work is kept in `local_batch` before the first act, so that a series cut off by a kill is finished at the
next start; its rows are shown only when it is whole (house.md §6).
"""

from __future__ import annotations

import json
import threading
import zlib
from collections.abc import Callable, Sequence
from typing import Any

from dutydesk.core.crashpoint import step
from dutydesk.core.errors import DutyDeskError
from dutydesk.core.ids import new_id
from dutydesk.journal.store import Batch, Store
from dutydesk.ledger.feature import Change
from dutydesk.ledger.spec import Value

BESIDE_A_WINDOW = 25
ALONE = 500
TIDY_EVERY, TIDY_MS = 32, 40
"""Every so many small acts the indexes are merged for so long, where a window has that done (`journal.tidy`)."""
PAUSE = 0.005
"""Seconds between acts beside an open window: busy_timeout does not queue fairly (engineering.md §3.4)."""

Told = Callable[[int, int], None]


def nobody(done: int, whole: int) -> None:
    """Nobody watches."""


def write(
    store: Store,
    kind: str,
    changes: Sequence[Change],
    *,
    by: str,
    note: str = "",
    first: Sequence[Change] = (),
    size: int = ALONE,
    told: Told = nobody,
) -> int:
    """Write `changes` in acts of at most `size`; `first` goes whole into the first act. Returns the number of acts.

    `told(done, whole)` may raise `Stopped` to give up: what is written stays hidden and is finished by `resume`.
    """
    everything = [*first, *changes]
    if len(everything) <= size:
        if everything:
            store.act(kind, everything, by=by, note=note)
        told(len(everything), len(everything))
        return 1 if everything else 0
    parts = [everything[start : start + size] for start in range(0, len(everything), size)]
    batch = new_id(store.clock.now())
    _keep(store, batch, {"kind": kind, "by": by, "note": note, "parts": parts})
    step("import.kept")
    return _run(store, batch, kind, by, note, parts, 0, told)


def resume(store: Store, told: Told = nobody) -> int:
    """Finish what a kill or a stop cut off; returns the number of acts written."""
    pending: list[tuple[bytes, bytes]] = store.local(
        lambda cursor: cursor.execute("SELECT batch, body FROM local_batch ORDER BY batch").fetchall()
    )
    done = 0
    for batch, body in pending:
        work = json.loads(zlib.decompress(body))
        parts = [[_change(entry) for entry in part] for part in work["parts"]]
        seen = _seen(store, batch, len(parts))
        done += _run(store, batch, work["kind"], work["by"], work["note"], parts, seen, told)
    return done


class Stopped(DutyDeskError):
    """Someone asked the job to stop."""


def _run(
    store: Store, batch: bytes, kind: str, by: str, note: str, parts: Sequence[Sequence[Change]], start: int, told: Told
) -> int:
    whole = sum(len(part) for part in parts)
    done = sum(len(part) for part in parts[:start])
    rest = threading.Event()
    for n, part in enumerate(parts[start:], start + 1):
        store.act(kind, part, by=by, note=note, batch=Batch(batch, n, len(parts)))
        step("import.act")
        done += len(part)
        told(done, whole)
        if len(part) <= BESIDE_A_WINDOW and n < len(parts):
            rest.wait(PAUSE)
        if n % TIDY_EVERY == 0:
            store.tidy.work(TIDY_MS)
    store.local(lambda cursor: cursor.execute("DELETE FROM local_batch WHERE batch = ?", (batch,)))
    step("import.done")
    return len(parts) - start


def _keep(store: Store, batch: bytes, work: dict[str, Any]) -> None:
    plain = {**work, "parts": [[_plain(change) for change in part] for part in work["parts"]]}
    body = zlib.compress(json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode(), 1)
    store.local(lambda cursor: cursor.execute("INSERT INTO local_batch VALUES (?, ?)", (batch, body)))


def _seen(store: Store, batch: bytes, whole: int) -> int:
    """How many acts of the series are in the journal: all of them when it is not open any more."""
    with store.read() as connection:
        found = connection.exec_driver_sql("SELECT seen FROM open_batch WHERE batch = ?", (batch,)).first()
        if found is not None:
            return int(found[0])
        text = f'%"batch":{{"id":"{batch.hex()}"%'
        any_act = connection.exec_driver_sql(
            "SELECT 1 FROM act WHERE CAST(body AS TEXT) LIKE ? ORDER BY arrival DESC LIMIT 1", (text,)
        ).first()
    return whole if any_act is not None else 0


def _plain(change: Change) -> list[Any]:
    values = {name: {"b": value.hex()} if isinstance(value, bytes) else value for name, value in change.values.items()}
    return [change.ledger, change.row.hex(), values, int(change.new)]


def _change(entry: Sequence[Any]) -> Change:
    held: dict[str, Any] = entry[2]
    values: dict[str, Value] = {
        name: value if isinstance(value, int | str | None) else bytes.fromhex(value["b"])
        for name, value in held.items()
    }
    return Change(entry[0], bytes.fromhex(entry[1]), values, new=bool(entry[3]))
