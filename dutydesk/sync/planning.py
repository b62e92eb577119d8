"""The schedule at this desk: its settings, what is remembered of its runs, and one run that keeps to both.

Window, timer and command line ask the same question here, `plan`, and answer it by the same `go`, so that it does not
matter which of them is there at night. Runs that nobody asked for are the program's own (author `system`).
"""

from __future__ import annotations

import re
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dutydesk.core.clock import HOUR, iso, local
from dutydesk.core.errors import DutyDeskError, Unavailable
from dutydesk.core.i18n import _
from dutydesk.core.ids import SYSTEM
from dutydesk.core.reference import rows
from dutydesk.journal import peers, settings
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
JOB = "sync"
LOGIN, OFFLINE, CAME = "login/", "sync/offline", "sync/came"
"""Names in `local_peer`: a login at a hub; that the hub could not be reached; from where on acts are new."""
PROBE_SECONDS = 3.0
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
    """What is in force at this desk."""
    with store.read() as connection:
        return rules_of(settings.values(connection, PREFIX))


# -- what is remembered ------------------------------------------------------------------------------------------------


def past(store: Store) -> Past | None:
    """What is remembered of this desk's runs; `None` for a desk that belongs to no hub."""
    with store.read() as connection:
        joined = connection.exec_driver_sql(
            "SELECT min(changed_at) FROM local_peer WHERE substr(name, 1, 6) = ?", (LOGIN,)
        ).scalar()
    runs = peers.runs(store, JOB, 200)
    if joined is None and not (runs or store.config.hub):
        return None
    good = next((run for run in runs if run.state == peers.DONE), None)
    began = next((run for run in runs if "missed" not in run.body), None)
    noted = next((int(run.body["missed"]) for run in runs if "missed" in run.body), 0)
    failures = 0
    for run in runs:
        if run is good:
            break
        failures += run.state == peers.FAILED and "missed" not in run.body
    oldest = runs[-1].started_at if runs else store.clock.now()
    return Past(
        joined=int(joined) if joined is not None else oldest,
        success=(good.ended_at if good is not None else None) or _last_ok(store),
        began=began.started_at if began is not None else None,
        ended=began.ended_at if began is not None else None,
        failures=failures,
        offline=bool(peers.peer(store, OFFLINE)),
        noted=noted,
    )


def _last_ok(store: Store) -> int | None:
    """The last good run's time where the run itself is forgotten."""
    told = [int(body.get("last_ok", 0)) for body in peers.peers(store, "hub/").values()]
    return max(told, default=0) or None


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
    """What the schedule asks for now; `None` for a desk that belongs to no hub or stays by itself (a sample, a drill).
    With `probe` a hub that could not be reached is knocked at."""
    store = desk.store
    if store.config.sample or store.config.drill or not store.config.hub:
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


def keep(desk: Desk) -> str:
    """Note what was missed; why a run is due now, empty when none is."""
    found = plan(desk)
    if found is None:
        return ""
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


def silence_hours(past: Past, now: int) -> int:
    """Whole hours since the last good run."""
    return max(0, now - (past.success or past.joined)) // HOUR
