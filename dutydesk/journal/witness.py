"""What others vouch for, held against the record: places that a hub confirmed and this desk copied into `checkpoint`.

Whoever holds a desk and its key can write a whole chain again so that every hash in it is right. What a hub has
confirmed before stays with the hub and with every other desk; the copy here is what a look without a line can ask.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from dutydesk.core.clock import local
from dutydesk.core.i18n import _
from dutydesk.journal import recipe
from dutydesk.journal.chaincheck import Fault

HUB = "hub"
"""Kind of the rows that a hub vouches for; `note` is its id."""
_WRONG = """SELECT c.desk, c.epoch, c.seq, c.at, a.hash IS NULL FROM checkpoint c
 LEFT JOIN act a ON a.desk = c.desk AND a.epoch = c.epoch AND a.seq = c.seq
 WHERE c.kind = 'hub' AND (a.hash IS NULL OR a.hash <> c.hash)"""
_FIRST = " ORDER BY c.desk, c.epoch, c.seq, c.n"
_SAW = """SELECT c.at FROM checkpoint c JOIN act a ON a.desk = c.desk AND a.epoch = c.epoch AND a.seq = c.seq
 WHERE c.kind = 'hub' AND c.desk = ? AND c.epoch = ? AND c.seq >= ? AND a.hash = c.hash ORDER BY c.n LIMIT 1"""


@dataclass(frozen=True, slots=True)
class Differs:
    """A place that a hub confirmed at `at` (ms UTC) and that is another act here, or none (`absent`)."""

    desk: bytes
    epoch: int
    seq: int
    at: int
    absent: bool

    def text(self) -> str:
        """What is said of it."""
        when = local(self.at).strftime("%Y-%m-%d %H:%M")
        if self.absent:
            return _("中心库 {when} 确认过这一条，这里没有").format(when=when)
        return _("与中心库 {when} 确认过的不是同一条").format(when=when)


def problems(raw: recipe.Raw) -> list[Fault]:
    """Of every chain the first place that is not what a hub confirmed, for `verify`."""
    found: dict[tuple[bytes, int], Differs] = {}
    for desk, epoch, seq, at, absent in raw.execute(_WRONG + _FIRST).fetchall():
        found.setdefault((bytes(desk), int(epoch)), Differs(bytes(desk), int(epoch), int(seq), int(at), bool(absent)))
    return [Fault(f"#{one.seq} {one.desk.hex()[:8]}/{one.epoch}", one.text()) for one in found.values()]


def differing(connection: Connection, desk: bytes) -> Differs | None:
    """The first place of one desk's chains that is not what a hub confirmed; None where there is none."""
    row = connection.exec_driver_sql(_WRONG + " AND c.desk = ?" + _FIRST + " LIMIT 1", (desk,)).first()
    return None if row is None else Differs(bytes(row[0]), int(row[1]), int(row[2]), int(row[3]), bool(row[4]))


def seen_at(connection: Connection, desk: bytes, epoch: int, seq: int) -> int | None:
    """When a hub first confirmed that the chain reached at least this place as it is here, ms UTC; None where it never
    did."""
    return connection.exec_driver_sql(_SAW, (desk, epoch, seq)).scalar()
