"""What the record says of itself: how far each desk reaches, what was kept out, what waits for an upgrade, copies."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from dutydesk.core.i18n import _
from dutydesk.core.ids import CLI, SYSTEM
from dutydesk.journal import history
from dutydesk.journal.desk import Desk
from dutydesk.journal.inbox import UNSEEN
from dutydesk.ledger.feature import OpenItem
from dutydesk.sync.snapshots import LAST, snapshots

MOST = 200
"""How many acts of a kind are listed; the count is always the true one."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How far one desk's epoch reaches here: `code` its short code or the first digits of its id, `at` the journal's
    time of its last act, ms UTC."""

    code: str
    name: str
    own: bool
    epoch: int
    seq: int
    head: str
    at: int


@dataclass(frozen=True, slots=True)
class Held:
    """An act that is not shown: kept out because it does not fit its chain, or not understood by this program."""

    where: str
    what: str
    at: int


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy of the record on disk."""

    path: Path
    size: int


def acts(connection: Connection) -> int:
    """How many acts there are: every epoch's are numbered from 1 without a gap."""
    return int(connection.exec_driver_sql("SELECT coalesce(sum(seq), 0) FROM frontier").scalar_one())


def reaches(connection: Connection, own: bytes, epoch: int) -> list[Reach]:
    """How far every desk's epochs reach; this desk's running one first."""
    found: list[Reach] = []
    for desk, number, seq, head, hlc in connection.exec_driver_sql(
        "SELECT desk, epoch, seq, hash, hlc FROM frontier ORDER BY desk, epoch"
    ):
        body = connection.exec_driver_sql(
            "SELECT body FROM act WHERE desk = ? AND epoch = ? AND seq = 1", (desk, number)
        ).scalar()
        told: Mapping[str, object] = json.loads(body).get("epoch", {}) if body else {}
        code = str(told.get("code") or bytes(desk).hex()[:8])
        mine = bytes(desk) == own and number == epoch
        found.append(Reach(code, str(told.get("name") or ""), mine, number, seq, bytes(head).hex()[:16], hlc >> 16))
    return sorted(found, key=lambda reach: not reach.own)


def quarantined(connection: Connection) -> list[Held]:
    """Acts that arrived and were not taken in, the last one first."""
    found = connection.exec_driver_sql(
        "SELECT desk, epoch, seq, reason, received_at FROM quarantine ORDER BY n DESC LIMIT ?", (MOST,)
    )
    return [Held(f"{bytes(desk).hex()[:8]}/{epoch} #{seq}", reason, at) for desk, epoch, seq, reason, at in found]


def unprojected(connection: Connection) -> list[Held]:
    """Acts that are in the chain and not in the ledgers until the program is newer."""
    found = connection.exec_driver_sql(
        "SELECT a.desk, a.epoch, a.seq, a.kind, u.reason, a.recorded_at FROM unprojected u"
        " JOIN act a ON a.act_id = u.act_id ORDER BY a.arrival DESC LIMIT ?",
        (MOST,),
    )
    return [
        Held(f"{bytes(desk).hex()[:8]}/{epoch} #{seq} {kind}", reason, at)
        for desk, epoch, seq, kind, reason, at in found
    ]


def copies(folder: Path) -> list[Copy]:
    """The copies in a folder, the newest first."""
    return [Copy(path, path.stat().st_size) for path in snapshots(folder) if path.exists()]


def last_copy(desk: Desk) -> int | None:
    """When the last verified copy was made, ms UTC."""
    told = desk.store.state(LAST)
    return int(told) if told.isdigit() else None


def who(desk: Desk, by: str) -> str:
    """The name behind an act's `by`."""
    if by == SYSTEM:
        return _("程序")
    if by == CLI:
        return _("命令行")
    try:
        return desk.title("people", bytes.fromhex(by))
    except ValueError:
        return by


def author(connection: Connection, act: bytes) -> tuple[str, int] | None:
    """(by, recorded_at) of an act."""
    found = connection.exec_driver_sql("SELECT by, recorded_at FROM act WHERE act_id = ?", (act,)).first()
    return None if found is None else (str(found[0]), int(found[1]))


def open_items(connection: Connection) -> Sequence[OpenItem]:
    """Disputes that nobody has settled, acts that were kept out, acts that wait for a newer program."""
    found = [
        (_("有数据冲突待处理"), "settings", bool(history.disputes(connection))),
        (_("有外来记录被隔离"), "sync", _any(connection, UNSEEN)),
        (_("有记录要升级程序才能显示"), "settings", _any(connection, "SELECT count(*) FROM unprojected")),
    ]
    return [OpenItem("TODO", title, None, 1, where) for title, where, there in found if there]


def _any(connection: Connection, question: str) -> bool:
    return bool(connection.exec_driver_sql(question).scalar_one())
