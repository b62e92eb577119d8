"""The districts of a hub's view: how old what is known of each of them is, and what is going on there.

A district that sends nothing looks like one where nothing happens. So its silence is an open item of its own, with a due
time, and sounds like one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from dutydesk.core.clock import DAY, HOUR, local
from dutydesk.core.i18n import N_, _
from dutydesk.journal import view
from dutydesk.journal.desk import Desk
from dutydesk.ledger.feature import Figure, OpenItem

NAME = "districts"
"""The feature, and what its open items name in the place of a ledger."""
SILENT = 26 * HOUR
"""How long a district may be without a new act before that is an alarm: desks sync every night (`sync.silence`)."""
RAIN_BACK = 7 * DAY
_RAIN = """SELECT a.desk, max(r.ends_at) FROM rain_batches r JOIN act a ON a.act_id = r._act
 WHERE r._state = 1 AND r.ends_at > ? GROUP BY a.desk"""


@dataclass(frozen=True, slots=True)
class District:
    """One district: its code and name, how many desks it has at the hub, when its newest act was recorded (ms UTC, None:
    it never sent one) and whether it has been silent for too long; incidents in hand, items that are late, warnings in
    force, shelters in use, teams that are out; up to when its gauges were heard of."""

    code: str
    name: str
    desks: int
    heard: int | None
    silent: bool
    incidents: int = 0
    late: int = 0
    warnings: int = 0
    shelters: int = 0
    teams: int = 0
    rain_to: int | None = None


def quiet(read: Connection, now: int) -> list[District]:
    """The districts that still have a desk at the hub, the silent ones first, the longest silent before all; nothing yet
    of what is going on there."""
    desks: dict[str, int] = {}
    for one in view.origins_in(read):
        if not one.revoked:
            desks[one.district] = desks.get(one.district, 0) + 1
    at = view.heard_in(read)
    found = [
        District(code, name, desks[code], at.get(code), now - at.get(code, 0) > SILENT)
        for code, name in view.districts_in(read)
        if code in desks
    ]
    return sorted(found, key=lambda one: (not one.silent, (one.heard or 0) if one.silent else 0, one.code))


def standing(desk: Desk, items: Sequence[OpenItem], now: int) -> list[District]:
    """The same with what is going on there, by what is open (`Desk.open_items`)."""
    whose = desk.services["origin"]
    rows: dict[str, set[bytes]] = {}
    for item in items:
        if item.ledger in desk.store.schema.shapes:
            rows.setdefault(item.ledger, set()).add(item.row)
    counts: dict[tuple[str, str], int] = {}
    for ledger, wanted in rows.items():
        late = {item.row for item in items if item.ledger == ledger and item.due_at is not None and item.due_at < now}
        for row, code in whose.codes(ledger, wanted).items():
            for kind in (ledger, *(("late",) if row in late else ())):
                counts[code, kind] = counts.get((code, kind), 0) + 1
    with desk.store.read() as connection:
        places = {one.desk: one.district for one in view.origins_in(connection)}
        rain: dict[str, int] = {}
        for by, ends in connection.exec_driver_sql(_RAIN, (now - RAIN_BACK,)):
            code = places.get(bytes(by), "")
            rain[code] = max(rain.get(code, 0), int(ends))
        found = quiet(connection, now)
    return [
        replace(
            one,
            incidents=counts.get((one.code, "incidents"), 0),
            late=counts.get((one.code, "late"), 0),
            warnings=counts.get((one.code, "warnings"), 0),
            shelters=counts.get((one.code, "shelters"), 0),
            teams=counts.get((one.code, "teams"), 0),
            rain_to=rain.get(one.code),
        )
        for one in found
    ]


def age_text(heard: int | None, now: int) -> str:
    """`12 分前`, `3 小时前`, `9 天前`; 从未 for a district that never sent anything."""
    if heard is None:
        return _("从未")
    minutes = max(now - heard, 0) // 60_000
    if minutes < 60:
        return _("{count} 分前").format(count=minutes)
    if minutes < 48 * 60:
        return _("{count} 小时前").format(count=minutes // 60)
    return _("{count} 天前").format(count=minutes // 1440)


def open_items(read: Connection, now: int) -> Sequence[OpenItem]:
    """Every silent district."""
    found: list[OpenItem] = []
    for one in quiet(read, now):
        if not one.silent:
            break
        since = f"{local(one.heard):%m-%d %H:%M}" if one.heard is not None else _("从未")
        title = _("{name} 没有新记录（{since}）").format(name=one.name, since=since)
        due = one.heard + SILENT if one.heard is not None else None
        told = _("席位没有上传，或那边没有记。请打电话问区县值班室")
        found.append(OpenItem("EQUIPMENT", title, due, 2, NAME, one.code.encode(), told))
    return found


def figures(read: Connection, start: int, end: int) -> Sequence[Figure]:
    """How many districts there are, and how many of them are silent."""
    found = quiet(read, end)
    silent = sum(one.silent for one in found)
    told = _("{count} · {silent} 个无新").format(count=len(found), silent=silent) if silent else str(len(found))
    return (Figure("districts.silent", N_("区县"), told, "", 2 if silent else 0),)
