"""What a hand-over still waits for: a signature, an answer, paper."""

from __future__ import annotations

from sqlalchemy import Connection, select

from dutydesk.core.clock import DAY
from dutydesk.core.i18n import _
from dutydesk.core.reference import by_code
from dutydesk.journal import query as q
from dutydesk.journal import settings
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Row
from dutydesk.ledger.feature import OpenItem
from dutydesk.ledger.kinds import choice_label
from dutydesk.ledger.table import LISTED
from dutydesk.shifts import seals, service
from dutydesk.shifts.ledger import HANDOVERS
from dutydesk.shifts.model import HANDOVER_TABLE

PAPER_SETTING = "handover.paper_days"
OPEN_STATES = ("PREPARED", "SIGNED_OUT", "TAKEN_OVER", "EMERGENCY")


def sheet_printed(connection: Connection, key: str) -> bool:
    """Whether the sheet of a shift is on paper: once it was sealed, only the one that holds the seal counts."""
    prints = service.printed(connection, service.SHEET, key)
    seal_held = seals.seal_of(connection, seals.of_shift(connection, key))
    if seal_held is None:
        return bool(prints)
    code = seals.sheet_of(seal_held, "", key).code().removeprefix("DD1;")
    return any(row.text("head").endswith(code) for row in prints)


def unfinished(connection: Connection) -> list[Row]:
    """Hand-overs under way or not yet counter-signed, the oldest first."""
    table = HANDOVER_TABLE
    statement = (
        select(table.c["_n"])
        .where(table.c["_state"] == LISTED, table.c.state.in_(OPEN_STATES))
        .order_by(table.c.shift, table.c.id)
    )
    return q.by_n(connection, seals.SHAPE, [n for (n,) in connection.execute(statement)])


def unprinted(connection: Connection, now: int) -> list[Row]:
    """Hand-overs that were taken over and whose sheet is not on paper, as far back as the setting says."""
    row = by_code("duty", "setting")["HANDOVER_PAPER_DAYS"]
    told = settings.values(connection, PAPER_SETTING).get(PAPER_SETTING, "")
    days = int(told) if told.isascii() and told.isdecimal() and 0 < int(told) <= row["most"] else int(row["value"])
    table = HANDOVER_TABLE
    statement = (
        select(table.c["_n"])
        .where(table.c["_state"] == LISTED, table.c.taken_at > now - days * DAY)
        .order_by(table.c.shift, table.c.id)
    )
    found = q.by_n(connection, seals.SHAPE, [n for (n,) in connection.execute(statement)])
    return [row for row in found if not sheet_printed(connection, row.text("shift"))]


def unprinted_sheets(desk: Desk) -> list[str]:
    """Keys of the shifts that were handed over and whose sheet is not on paper."""
    with desk.store.read() as connection:
        return [row.text("shift") for row in unprinted(connection, desk.clock.now())]


def said(row: Row) -> str:
    """What both sides said to an item: the giver's word; what was asked and what was answered."""
    asked, told = row.text("question"), row.text("answer")
    if not asked:
        return told
    parts = [_("问：{text}").format(text=asked)]
    if told and row.get("state") != "QUESTIONED":
        parts.append(_("答：{text}").format(text=told))
    elif told:
        parts.insert(0, told)
    return "\n".join(parts)


def open_items(connection: Connection, _now: int) -> list[OpenItem]:
    """A signature that is missing, a question without an answer."""
    found: list[OpenItem] = []
    for row in unfinished(connection):
        shift, state = row.text("shift"), row.text("state")
        if state == "EMERGENCY":
            title = _("单方交接待补签 {shift}").format(shift=shift)
            found.append(OpenItem("TODO", title, None, 2, "handovers", row.id, row.text("reason")))
        elif state == "TAKEN_OVER":
            title = _("交接班待带班领导签字 {shift}").format(shift=shift)
            found.append(OpenItem("TODO", title, None, 1, "handovers", row.id))
        else:
            title = _("交接班 {shift} {state}").format(shift=shift, state=choice_label(state, HANDOVERS["state"]))
            found.append(OpenItem("TODO", title, None, 0, "handovers", row.id))
    return found
