"""What copies and the disk ask of people: open items from the log of runs. Read by the board and the hand-over sheet."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from dutydesk.core.clock import DAY, HOUR, local
from dutydesk.core.i18n import N_, _
from dutydesk.core.paths import Home
from dutydesk.journal import ballast
from dutydesk.journal.headfile import wal_length
from dutydesk.ledger.feature import Figure, OpenItem

LATE_COPY = 3 * HOUR
"""A copy is made every hour; from here on it is missing."""
LATE_DRILL = 14 * DAY
LONG_WAL = 256 * ballast.MEGABYTE
"""The `-wal` is carried over at 4 MB and cut at 64 (recipe): longer, something has been reading for a long time."""


def open_items(connection: Connection, now: int) -> list[OpenItem]:
    """Copies that were not made, did not reach the second place, or were not tried; a disk that fills up."""
    out: list[OpenItem] = []
    copy = _last(connection, "snapshot")
    if copy is not None and copy[0] != "DONE":
        out.append(_item(_("备份没有做成"), 2, str(copy[2].get("error", ""))))
    made = _last(connection, "snapshot", "DONE")
    if made is not None and now - made[1] > LATE_COPY and (copy is None or copy[0] == "DONE"):
        out.append(_item(_("{hours} 小时没有备份了").format(hours=(now - made[1]) // HOUR), 1))
    way = _last(connection, "second")
    if way is not None and way[0] != "DONE":
        out.append(_item(_("第二备份没有送到"), 1, str(way[2].get("error", ""))))
    drill = _last(connection, "drill")
    proven = _last(connection, "drill", "DONE")
    if drill is not None and drill[0] != "DONE":
        out.append(_item(_("恢复演练没有通过"), 2, str(drill[2].get("error", ""))))
    else:
        begun = proven[1] if proven is not None else _first(connection, "snapshot")
        if begun is not None and now - begun > LATE_DRILL:
            out.append(_item(_("{days} 天没有做恢复演练").format(days=(now - begun) // DAY), 1))
    return out + _room(connection)


def _room(connection: Connection) -> list[OpenItem]:
    folder = _folder(connection)
    if folder is None:
        return []
    out: list[OpenItem] = []
    grown = wal_length(Home(folder).database)
    if grown > LONG_WAL:
        text = _("有程序长时间占着数据库，暂存已有 {size} MB，请关掉其他打开它的程序").format(size=grown >> 20)
        out.append(_item(text, 1))
    try:
        left = ballast.free(folder)
    except OSError:
        return out
    if left >= ballast.LITTLE_ROOM:
        return out
    text = _("磁盘只剩 {free} MB，请腾出空间").format(free=left >> 20)
    detail = "" if ballast.held(folder) else _("备用空间已经让出来记日志，再满就存不进了")
    return [*out, _item(text, 2, detail)]


DRILL, ROOM = "copies.drill", "disk.room"
SCANT = 500 * ballast.MEGABYTE
"""Free space from which on the board says how much is left."""


def figures(connection: Connection, now: int) -> list[Figure]:
    """What the board says: how the last restore drill ended, or that it is overdue; what room is left, once it is
    scant."""
    out: list[Figure] = []
    drill, proven = _last(connection, "drill"), _last(connection, "drill", "DONE")
    begun = proven[1] if proven is not None else _first(connection, "snapshot")
    if drill is not None and drill[0] != "DONE":
        out.append(Figure(DRILL, N_("恢复演练"), _("没通过"), "", 2))
    elif begun is not None and now - begun > LATE_DRILL:
        out.append(Figure(DRILL, N_("恢复演练"), _("{days}天没做").format(days=(now - begun) // DAY), "", 2))
    elif proven is not None:
        out.append(Figure(DRILL, N_("恢复演练"), local(proven[1]).strftime("%m-%d ✓")))
    folder = _folder(connection)
    with suppress(OSError):
        left = ballast.free(folder) if folder is not None else SCANT
        if left < SCANT:
            text = _("剩 {free} MB").format(free=left >> 20)
            out.append(Figure(ROOM, N_("磁盘"), text, "", 2 if left < ballast.LITTLE_ROOM else 1))
    return out


def _folder(connection: Connection) -> Path | None:
    """Where the record lies; none for one in memory."""
    places = connection.exec_driver_sql("PRAGMA database_list").all()
    file = next((str(row[2]) for row in places if row[1] == "main"), "")
    return Path(file).parent if file else None


def last_drill(connection: Connection) -> str:
    """The last drill in words; empty where none was made."""
    found = _last(connection, "drill")
    if found is None:
        return ""
    state, _at, body = found
    if state != "DONE":
        return _("没有通过：{reason}").format(reason=body.get("error", ""))
    return _("通过：{file}，{acts} 次操作，{seconds} 秒恢复").format(
        file=body.get("file", ""), acts=body.get("acts", 0), seconds=body.get("seconds", 0)
    )


def _item(title: str, severity: int, detail: str = "") -> OpenItem:
    return OpenItem("TODO", title, None, severity, "settings", detail=detail)


def _last(connection: Connection, kind: str, state: str = "") -> tuple[str, int, Mapping[str, Any]] | None:
    found = connection.exec_driver_sql(
        "SELECT state, started_at, body FROM local_job WHERE kind = ? AND (? = '' OR state = ?) AND state <> 'RUNNING'"
        " ORDER BY n DESC LIMIT 1",
        (kind, state, state),
    ).first()
    return None if found is None else (str(found[0]), int(found[1]), json.loads(found[2]))


def _first(connection: Connection, kind: str) -> int | None:
    found = connection.exec_driver_sql("SELECT min(started_at) FROM local_job WHERE kind = ?", (kind,)).scalar()
    return None if found is None else int(found)
