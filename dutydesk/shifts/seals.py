"""The seal of a shift: the head of the record at the moment when the next crew took over.

`handover.seal` is an act of its own right after the takeover. It writes seq and hash of the head that it follows into
the hand-over, and how far every other desk of the district was known then into its note. What is typed later for that
shift can be told from it, and a sheet of paper that names it can be held against any later record.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, and_, select

from dutydesk.core.settings import DeskConfig
from dutydesk.journal import query as q
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Row
from dutydesk.journal.schema import Shape
from dutydesk.ledger.table import LISTED
from dutydesk.shifts import sheet as sheets
from dutydesk.shifts.ledger import HANDOVERS
from dutydesk.shifts.model import HANDOVER_TABLE, SHIFT_TABLE
from dutydesk.shifts.sheet import Place, Sheet, Verdict

SHAPE = Shape(HANDOVERS, HANDOVER_TABLE)
KIND = "handover.seal"
SealSays = Literal["", "sealed", "before", "altered"]


@dataclass(frozen=True, slots=True)
class Seal:
    """Where a shift was sealed: the desk (16 bytes), its epoch and seq, the full hash in hex, when (ms UTC), and how far
    the desks of the district reached then."""

    desk: bytes
    epoch: int
    seq: int
    head: str
    at: int
    reached: tuple[tuple[bytes, int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What the record says to a sheet of paper. `seal`: '' the shift was not sealed, or the paper is no hand-over sheet;
    `sealed` the paper holds the seal; `before` it was printed before the takeover; `altered` the record's hand-over no
    longer says what was sealed."""

    sheet: Verdict
    seal: SealSays = ""


def of_shift(connection: Connection, shift: str) -> Row | None:
    """The hand-over of a shift, by its key; None while there is none."""
    found = q.rows(connection, SHAPE, q.Query("handovers", (q.Condition("shift", "=", shift),), "", "_n"), 1)
    return found[0] if found else None


def note_of(reached: Sequence[tuple[bytes, int, int]]) -> str:
    """How far the desks reached, for the act's note: `desk/epoch/seq` with blanks between."""
    return " ".join(f"{desk.hex()}/{epoch}/{seq}" for desk, epoch, seq in reached)


def _reached(note: str) -> tuple[tuple[bytes, int, int], ...]:
    found: list[tuple[bytes, int, int]] = []
    for part in note.split():
        desk, epoch, seq = part.split("/")
        found.append((bytes.fromhex(desk), int(epoch), int(seq)))
    return tuple(found)


def seal_of(connection: Connection, row: Row | None) -> Seal | None:
    """The seal that a hand-over names, found in the chain of the desk where it was made; None where there is none, or
    where no chain here holds that head."""
    if row is None or not row.get("sealed_head"):
        return None
    seq, head = row.number("sealed_seq"), row.text("sealed_head")
    for desk, epoch in connection.exec_driver_sql("SELECT desk, epoch FROM frontier").all():
        found = connection.exec_driver_sql(
            "SELECT hash FROM act WHERE desk = ? AND epoch = ? AND seq = ?", (desk, epoch, seq)
        ).scalar()
        if found is not None and bytes(found).hex() == head:
            note = connection.exec_driver_sql(
                "SELECT body FROM act WHERE desk = ? AND epoch = ? AND seq > ? AND kind = ? ORDER BY seq LIMIT 1",
                (desk, epoch, seq, KIND),
            ).scalar()
            told = str(json.loads(note).get("note", "")) if note else ""
            return Seal(bytes(desk), int(epoch), seq, head, row.number("sealed_at"), _reached(told))
    return None


def sheet_of(seal: Seal, district: str, shift: str) -> Sheet:
    """What the QR symbol of a finished hand-over holds."""
    return Sheet(district, seal.desk.hex()[:8], seal.epoch, seal.seq, seal.head[:16], shift)


def places_of(connection: Connection, config: DeskConfig, seal: Seal) -> list[Place]:
    """How far the desks reached when the shift was sealed."""
    reached = seal.reached or ((seal.desk, seal.epoch, seal.seq),)
    return sheets.places_of(connection, config, reached)


def check(connection: Connection, paper: Sheet) -> Answer:
    """Whether the record holds the head that a paper names, and what it says of the seal of that shift.

    A paper whose head is the seal of another shift than the one that it names was tampered with: `other`.
    """
    verdict = sheets.check(connection, paper)
    if verdict != "same":
        return Answer(verdict)
    sealed = _sealed(connection)
    here = next((name for name, one in sealed.items() if _same(one, paper)), "")
    if here and here != paper.about:
        return Answer("other")
    one = sealed.get(paper.about)
    if one is None:
        return Answer("same")
    held = of_shift(connection, paper.about)
    if held is None or (held.number("sealed_seq"), held.text("sealed_head")) != (one.seq, one.head):
        return Answer("same", "altered")
    if here:
        return Answer("same", "sealed")
    older = (paper.desk, paper.epoch) == (one.desk.hex()[:8], one.epoch) and paper.seq < one.seq
    return Answer("same", "before" if older else "")


def _same(seal: Seal, paper: Sheet) -> bool:
    place = (seal.desk.hex()[:8], seal.epoch, seal.seq, seal.head[:16])
    return place == (paper.desk, paper.epoch, paper.seq, paper.head)


def _sealed(connection: Connection) -> dict[str, Seal]:
    """Every seal as its act wrote it, by shift: what the row says now may have been written later. Reads every act of
    this kind, which is for a person's question and not for a screen."""
    shifts = {
        bytes(row): str(shift)
        for row, shift in connection.execute(select(HANDOVER_TABLE.c.id, HANDOVER_TABLE.c.shift))
        if shift
    }
    found: dict[str, Seal] = {}
    statement = "SELECT desk, epoch, body FROM act WHERE kind = ? ORDER BY hlc"
    for desk, epoch, body in connection.exec_driver_sql(statement, (KIND,)):
        told = json.loads(body)
        for change in told["changes"]:
            shift = shifts.get(bytes.fromhex(change["row"]), "")
            values = change["set"]
            if shift and shift not in found and "sealed_head" in values:
                seq, head, at = values.get("sealed_seq", 0), values["sealed_head"], values.get("sealed_at", 0)
                found[shift] = Seal(bytes(desk), int(epoch), int(seq), str(head), int(at))
    return found


def sealed(desk: Desk, start: int, end: int) -> list[tuple[int, int, int]]:
    """(start, end, sealed at) in ms UTC of the sealed shifts that touch [start, end): an entry about a moment before
    both ends, typed after the seal, is 补录."""
    shift, handover = SHIFT_TABLE, HANDOVER_TABLE
    key = shift.c.date + "/" + shift.c.code
    statement = (
        select(shift.c.starts_at, shift.c.ends_at, handover.c.sealed_at)
        .where(shift.c["_state"] == LISTED, shift.c.starts_at < end, shift.c.ends_at > start)
        .where(and_(handover.c.shift == key, handover.c["_state"] == LISTED, handover.c.sealed_at.is_not(None)))
        .order_by(shift.c.starts_at)
    )
    with desk.store.read() as connection:
        return [(int(a), int(b), int(c)) for a, b, c in connection.execute(statement)]


def typed_later(spans: Sequence[tuple[int, int, int]], happened: int, recorded: int) -> bool:
    """Whether something that happened in a sealed shift was typed after its seal."""
    return any(start <= happened < min(end, at) and recorded > at for start, end, at in spans)
