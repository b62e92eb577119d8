"""The schedule at this desk: its settings, what is remembered of its runs, and one run that keeps to both.

Window, timer and command line ask the same question here, `plan`, and answer it by the same `go`, so that it does not
matter which of them is there at night. Runs that nobody asked for are the program's own (author `system`).
"""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from dutydesk.core.clock import iso, local
from dutydesk.core.errors import DutyDeskError, Unavailable
from dutydesk.core.i18n import _
from dutydesk.core.ids import SYSTEM
from dutydesk.core.reference import rows
from dutydesk.journal import peers, settings, witness
from dutydesk.journal.desk import Desk, Me
from dutydesk.journal.query import Condition
from dutydesk.journal.store import Store
from dutydesk.sync import schedule
from dutydesk.sync.outcome import SyncReport
from dutydesk.sync.schedule import Past, Rules

if TYPE_CHECKING:
    from dutydesk.ledger.feature import Known
    from dutydesk.sync.protocol import Cancel, Progress

PREFIX = "sync."
EVERY = f"{PREFIX}every"
JOB = "sync"
OFFLINE, CAME, DIFFERS = "sync/offline", "sync/came", "sync/differs"
"""Names in `local_peer`: that the hub could not be reached; from where on acts are new; what of this desk's own record
is not what the hub confirmed."""
PROBE_SECONDS = 3.0
_JOINED = (
    "SELECT (SELECT min(changed_at) FROM local_peer WHERE substr(name, 1, 6) = 'login/'),"
    " (SELECT min(started_at) FROM local_job WHERE kind = 'sync')"
)
_GOOD = "SELECT n, ended_at FROM local_job WHERE kind = 'sync' AND state = 'DONE' ORDER BY n DESC LIMIT 1"
# a night that was missed is a row among the runs, and no attempt
_TRIED = """SELECT started_at, ended_at FROM local_job
 WHERE kind = 'sync' AND instr(body, '"missed": ') = 0 ORDER BY n DESC LIMIT 1"""
_NOTED = """SELECT body FROM local_job WHERE kind = 'sync' AND instr(body, '"missed": ') > 0 ORDER BY n DESC LIMIT 1"""
_FAILED = """SELECT count(*) FROM local_job
 WHERE kind = 'sync' AND n > ? AND state = 'FAILED' AND instr(body, '"missed": ') = 0"""
_SECOND = """SELECT DISTINCT f.desk FROM frontier f JOIN act a ON a.desk = f.desk AND a.epoch = f.epoch AND a.seq = 1
 WHERE f.desk <> ? AND coalesce(json_extract(a.body, '$.epoch.district'), '') = ?"""
_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done now: why a run is due (empty: none is), when the next one is expected, what was missed."""

    reason: str
    next_at: int
    missed: int | None = None


# -- settings --------------------------------------------------------------------------------------------------------


def minutes(text: str) -> int | None:
    """`02:00` → 120; `None` for what is no time of day."""
    found = _TIME.fullmatch(text.strip())
    return int(found[1]) * 60 + int(found[2]) if found else None


def rules_of(given: Mapping[str, str]) -> Rules:
    """The reference data with the desk's own settings (`key → value`) on top; a value that means nothing changes
    nothing."""
    found: dict[str, int] = {}
    for row in rows("sync", "setting"):
        name = str(row["code"]).lower()
        told = given.get(f"{PREFIX}{name}", "").strip()
        if row.get("kind") == "time":
            own, default = minutes(told), minutes(str(row["value"])) or 0
            found[name] = default if own is None else own
        else:
            number = int(told) if told.isascii() and told.isdecimal() and len(told) < 10 else -1
            found[name] = number if int(row.get("least", 0)) <= number <= int(row["most"]) else int(row["value"])
    return Rules(**found)


def known(district: str) -> list[Known]:
    """The settings of sync."""
    return [
        settings.from_row(
            "sync",
            "setting",
            row,
            f"{PREFIX}{row['code'].lower()}",
            str(row["value"]),
            _time if row.get("kind") == "time" else settings.whole(int(row.get("least", 0)), int(row["most"])),
        )
        for row in rows("sync", "setting")
    ]


def _time(text: str) -> None:
    if minutes(text) is None:
        raise ValueError(_("应为时间，如 02:00"))


def rules(store: Store) -> Rules:
    """What is in force at this desk. A run every few minutes is for districts with a second desk, unless it was set."""
    with store.read() as connection:
        given = settings.values(connection, PREFIX)
    found = rules_of(given)
    return found if found.every == 0 or EVERY in given or _second_desk(store) else replace(found, every=0)


def _second_desk(store: Store) -> bool:
    """Whether another desk of this district is known that was not shut out."""
    from dutydesk.sync import bundlekeys

    shut = bundlekeys.revoked(store)
    config = store.config
    return any(bytes(desk) not in shut for (desk,) in store.ask(_SECOND, (config.desk_id, config.district)))


# -- what is remembered ------------------------------------------------------------------------------------------------


def past(store: Store) -> Past | None:
    """What is remembered of this desk's runs; `None` for a desk that belongs to no hub."""
    with store.read() as connection:
        held = past_of(connection)
    return Past(0) if held is None and store.config.hub else held


def past_of(connection: Connection) -> Past | None:
    """The same from a view of the record: a desk without login and without runs belongs to no hub."""

    def ask(question: str) -> Any:
        return connection.exec_driver_sql(question).first()

    joined, came = ask(_JOINED)
    if joined is None and came is None:
        return None
    good, began, noted = ask(_GOOD), ask(_TRIED), ask(_NOTED)
    (failures,) = connection.exec_driver_sql(_FAILED, (good[0] if good else 0,)).one()
    return Past(
        joined=int(came if joined is None else joined),
        success=good[1] if good else _last_ok(connection),
        began=began[0] if began else None,
        ended=began[1] if began else None,
        failures=int(failures),
        offline=ask("SELECT 1 FROM local_peer WHERE name = 'sync/offline'") is not None,
        noted=int(json.loads(noted[0])["missed"]) if noted else 0,
    )


def _last_ok(connection: Connection) -> int | None:
    """The last good run's time where the run itself is forgotten."""
    found = connection.exec_driver_sql("SELECT body FROM local_peer WHERE substr(name, 1, 4) = 'hub/'")
    return max((int(json.loads(body).get("last_ok", 0)) for (body,) in found), default=0) or None


def shift_end(desk: Desk, now: int) -> int | None:
    """When the running shift ends; `None` where there is none."""
    if "shifts" not in desk.store.schema.shapes:
        return None
    found = desk.rows("shifts", Condition("starts_at", "<=", now), Condition("ends_at", ">", now))
    return min((row.number("ends_at") for row in found), default=None)


def reachable(store: Store, seconds: float = PROBE_SECONDS) -> bool:
    """Whether somebody listens where the hub is; nothing is said to it."""
    from dutydesk.sync.hub import target

    try:
        params = target(store.config.hub, ca=store.config.hub_ca).params
    except DutyDeskError:
        return False
    host, port = str(params.get("host", "")).split(",")[0], int(str(params.get("port") or 5432).split(",")[0])
    if host.startswith(("/", "@")):
        return True
    with suppress(OSError), socket.create_connection((host, port), seconds):
        return True
    return False


# -- deciding and doing ------------------------------------------------------------------------------------------------


def plan(desk: Desk, *, probe: bool = True) -> Plan | None:
    """What the schedule asks for now; `None` for a desk that belongs to no hub or stays by itself (a sample, a drill, a view).
    With `probe` a hub that could not be reached is knocked at."""
    store = desk.store
    if store.config.sample or store.config.drill or store.config.view or not store.config.hub:
        return None
    held = past(store)
    if held is None:
        return None
    now, asked, me = desk.clock.now(), rules(store), store.config.desk_id
    end = shift_end(desk, now)
    knock = probe and held.offline and held.failures > 0 and now - (held.began or 0) >= schedule.BETWEEN_PROBES
    why = schedule.due(asked, me, now, held, shift_end=end)
    if not why and knock and reachable(store):
        why = schedule.due(asked, me, now, held, shift_end=end, reachable=True)
    following = now if why else schedule.following(asked, me, now, held, shift_end=end)
    return Plan(why, following, schedule.missed(asked, me, now, held))


def note_missed(store: Store, at: int) -> None:
    """A night that went by without a run is a row among the runs, too."""
    told = _("{time} 的夜间同步没有运行：当时程序没有开着").format(time=local(at).strftime("%m-%d %H:%M"))
    number = peers.begin_run(store, JOB)
    peers.end_run(store, number, peers.FAILED, {"error": told, "missed": at, "planned": iso(at), "reason": "NIGHT"})


def note_differing(store: Store) -> None:
    """Remember of this desk's own record what is not as the hub confirmed it, for the board."""
    with store.read() as connection:
        found = witness.differing(connection, store.config.desk_id)
    told = None if found is None else {"seq": found.seq, "epoch": found.epoch, "at": found.at, "text": found.text()}
    if (told or {}) != peers.peer(store, DIFFERS):
        peers.remember(store, {DIFFERS: told})


def keep(desk: Desk) -> str:
    """Note what was missed, and whether the record is the one that the hub confirmed; why a run is due now, empty when
    none is."""
    found = plan(desk)
    if found is None:
        return ""
    note_differing(desk.store)
    if found.missed is not None:
        note_missed(desk.store, found.missed)
    return found.reason


def go(
    desk: Desk,
    reason: str = schedule.ASKED,
    *,
    deep: bool = False,
    progress: Progress | None = None,
    cancel: Cancel | None = None,
) -> SyncReport:
    """One run with the hub of `desk.toml`. Remembers whether the hub could be reached, and from where on acts are new.
    Raises what `protocol.run` raises."""
    from dutydesk.sync import protocol

    store = desk.store
    mine = replace(desk, me=Me(SYSTEM)) if reason != schedule.ASKED else desk
    before = arrival(store)
    try:
        report = protocol.run(
            mine, deep=deep, progress=progress or protocol.no_progress, cancel=cancel or protocol.never
        )
    except Unavailable:
        if not peers.peer(store, OFFLINE):
            peers.remember(store, {OFFLINE: {"since": store.clock.now()}})
        raise
    told: dict[str, Mapping[str, int] | None] = {}
    if peers.peer(store, OFFLINE):
        told[OFFLINE] = None
    if report.pulled:
        told[CAME] = {"after": before, "at": report.ended_at}
    peers.remember(store, told)
    return report


def arrival(store: Store) -> int:
    """The number under which the last act arrived here."""
    with store.read() as connection:
        return int(connection.exec_driver_sql("SELECT coalesce(max(arrival), 0) FROM act").scalar_one())
