"""What papers and outages leave open, and what the board says of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import INTEGER, TEXT, Connection, column, select, table

from dutydesk.core.clock import DAY
from dutydesk.core.i18n import N_, _
from dutydesk.journal import query as q
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Row
from dutydesk.journal.schema import Shape
from dutydesk.ledger.feature import Figure, OpenItem
from dutydesk.ledger.table import LISTED
from dutydesk.papers import outages, service
from dutydesk.papers.ledger import PAPERS
from dutydesk.papers.limits import limits
from dutydesk.papers.model import OUTAGE_TABLE, PAPER_TABLE

SHAPE = Shape(PAPERS, PAPER_TABLE)
_PRINTS = table("prints", column("_state", INTEGER), column("form", TEXT), column("about", TEXT), column("at", INTEGER))
NAMED = 6
"""How many numbers an item names."""


def open_items(connection: Connection, now: int) -> list[OpenItem]:
    """An outage that goes on; one that is over and has no P18 on paper; sheets half typed; sheets that nobody settled
    some days after an outage."""
    told = limits(connection)
    found: list[OpenItem] = []
    for row in outages.running(connection):
        title = _("{title}，未恢复").format(title=outages.title(row.values))
        found.append(OpenItem("EQUIPMENT", title, None, 2, "outages", row.id, row.text("text")))
    for row in unprinted(connection, now, told.sheet_days):
        title = _("断网应急单未打印：{title}").format(title=outages.title(row.values))
        found.append(OpenItem("TODO", title, None, 1, "outages", row.id))
    sheets = _blank(connection)
    for row in sheets:
        if row.get("row"):
            title = _("纸质单 {number} {state}").format(number=row.text("number"), state=service.state_text(row))
            found.append(OpenItem("TODO", title, None, 1, "papers", row.id))
    until = _last_end(connection, now - told.pending_days * DAY)
    left = [row for row in sheets if until is not None and row.number("printed_at") <= until and not row.get("row")]
    if left:
        title = _("纸质单 {count} 张未补录、未作废").format(count=len(left))
        found.append(OpenItem("TODO", title, None, 1, "papers", left[0].id, numbers_text(left)))
    return found


def figures(connection: Connection, _start: int, end: int) -> Sequence[Figure]:
    """What does not work at the end of [start, end)."""
    held = outages.running(connection, end - 1)
    text = _("、").join(
        _("{kind} {span}").format(kind=outages.kind_text(row.values), span=outages.clock_text(row.values))
        for row in reversed(held)
    )
    return [Figure("papers.outage", N_("断电断网"), text, severity=2)] if held else []


def unprinted(connection: Connection, now: int, days: int) -> list[Row]:
    """Outages that ended in the last `days` and whose sheet was not printed since, the oldest first."""
    ends = OUTAGE_TABLE.c.ends_at
    statement = (
        select(OUTAGE_TABLE.c["_n"])
        .where(OUTAGE_TABLE.c["_state"] == LISTED, ends.is_not(None), ends > now - days * DAY)
        .order_by(OUTAGE_TABLE.c.starts_at, OUTAGE_TABLE.c.id)
    )
    rows = q.by_n(connection, outages.SHAPE, [n for (n,) in connection.execute(statement)])
    return [row for row in rows if not _on_paper(connection, row)]


def unprinted_outages(desk: Desk) -> list[str]:
    """What outages without their sheet are called; for whoever is about to leave."""
    with desk.store.read() as connection:
        found = unprinted(connection, desk.clock.now(), limits(connection).sheet_days)
    return [outages.title(row.values) for row in found]


def _on_paper(connection: Connection, outage: Row) -> bool:
    statement = select(_PRINTS.c.at).where(
        _PRINTS.c["_state"] == LISTED,
        _PRINTS.c.form == outages.FORM,
        _PRINTS.c.about == outages.about(outage),
        _PRINTS.c.at >= outage.number("ends_at"),
    )
    return connection.execute(statement.limit(1)).first() is not None


def _blank(connection: Connection) -> list[Row]:
    where = (q.Condition("state", "=", service.BLANK),)
    return q.rows(connection, SHAPE, q.Query("papers", where))


def _last_end(connection: Connection, before: int) -> int | None:
    """When the last outage ended that was over before a moment."""
    ends = OUTAGE_TABLE.c.ends_at
    statement = select(ends).where(OUTAGE_TABLE.c["_state"] == LISTED, ends <= before).order_by(ends.desc()).limit(1)
    return connection.execute(statement).scalar()


def numbers_text(sheets: Sequence[Row]) -> str:
    """`纸-2026-0003、纸-2026-0004 等 8 张`."""
    text = _("、").join(row.text("number") for row in sheets[:NAMED])
    return text if len(sheets) <= NAMED else _("{numbers} 等 {count} 张").format(numbers=text, count=len(sheets))


def title(ledger: str, values: Mapping[str, Any]) -> str:
    """`纸-2026-0003 值班日志`; `停电 2026-11-22 02:10–02:35`."""
    if ledger == "outages":
        return outages.title(values)
    from dutydesk.core.reference import label

    return f"{values.get('number') or ''} {label('papers', 'form', str(values.get('form') or ''))}".strip()
