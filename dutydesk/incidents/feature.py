"""What incident intake hands to the program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, func, select

from dutydesk.core.i18n import N_, _
from dutydesk.core.ids import new_id
from dutydesk.incidents import clocks, lines
from dutydesk.incidents.ledger import INCIDENTS
from dutydesk.incidents.model import INCIDENT_TABLE
from dutydesk.incidents.rules import CLOSED
from dutydesk.journal import query as q
from dutydesk.journal.query import Row
from dutydesk.journal.schema import Shape
from dutydesk.ledger.feature import Change, Feature, Figure, Form, OpenItem
from dutydesk.ledger.kinds import choice_label
from dutydesk.ledger.spec import Value
from dutydesk.ledger.table import LISTED

MOST_LINES = 5
"""An act that brings in more incidents than this (an import) writes one line for all of them."""
SHAPE = Shape(INCIDENTS, INCIDENT_TABLE)
SEVERITY = {"RUNNING": 0, "DUE_SOON": 1, "OVERDUE": 2}


def _open(connection: Connection) -> list[Row]:
    """Incidents that nobody has closed, also those without a state or a region, the first received first."""
    where = tuple(q.Condition("state", "!=", state) for state in CLOSED)
    return q.rows(connection, SHAPE, q.Query("incidents", where, order="received_at"))


def open_items(connection: Connection, now: int) -> Sequence[OpenItem]:
    """Every running clock of an open incident, and the open incidents that have none."""
    in_force = clocks.rules_here(connection)
    items: list[OpenItem] = []
    for row in _open(connection):
        values = row.values
        title = lines.title(values)
        running = [one for one in clocks.timed(values, in_force, now) if one.running]
        for one in running:
            clock = one.clock
            items.append(
                OpenItem(
                    "INCIDENTS",
                    f"{title} {clock.label}",
                    clock.due_at,
                    SEVERITY.get(one.state, 0),
                    "incidents",
                    row.id,
                    _("报{to}；{source}").format(to=clock.to, source=clock.source),
                )
            )
        if not running:
            state = choice_label(values.get("state"), INCIDENTS["state"]) if values.get("state") else ""
            items.append(OpenItem("INCIDENTS", title, None, 0, "incidents", row.id, state))
    return items


def figures(connection: Connection, start: int, end: int) -> Sequence[Figure]:
    """How many are open now, coloured by the worst clock; how many were received in [start, end), and their dead and
    missing."""
    in_force = clocks.rules_here(connection)
    count, worst = 0, 0
    for row in _open(connection):
        count += 1
        states = [one.state for one in clocks.timed(row.values, in_force, end)]
        worst = max([worst, *({"OVERDUE": 3, "DUE_SOON": 1}.get(state, 0) for state in states)])
    table = INCIDENT_TABLE
    received, dead, missing = connection.execute(
        select(
            func.count(), func.coalesce(func.sum(table.c.dead), 0), func.coalesce(func.sum(table.c.missing), 0)
        ).where(
            table.c["_state"] == LISTED,
            table.c.received_at >= start,
            table.c.received_at < end,
            table.c.state.is_distinct_from("FALSE_ALARM"),
        )
    ).one()
    return (
        Figure("incidents.open", N_("在办"), count, N_("件"), worst),
        Figure("incidents.received", N_("接报"), int(received), N_("件")),
        Figure("incidents.dead", N_("死亡"), int(dead), N_("人")),
        Figure("incidents.missing", N_("失踪"), int(missing), N_("人")),
    )


def log_lines(changes: Sequence[Change]) -> Sequence[Change]:
    """The line that a new incident writes into the duty log by itself; one for all when an import brings many."""
    told = {change.values.get("incident") for change in changes if change.ledger == "log" and change.new}
    new = [change for change in changes if change.ledger == "incidents" and change.new and change.row not in told]
    if not new:
        return ()
    if len(new) > MOST_LINES:
        at = moment_of(new[-1].row)
        numbers = [lines.short_no(change.values.get("no")) for change in new]
        text = _("导入突发事件 {count} 件（{first} 至 {last}）").format(
            count=len(new), first=numbers[0], last=numbers[-1]
        )
        values: dict[str, Value] = {
            "happened_at": at, "recorded_at": at, "category": lines.CATEGORY, "line": "GOV", "text": text,
        }  # fmt: skip
        return (Change("log", new_id(at), values, new=True),)
    # What comes in one act with the sheet of paper that it stood on is typed later (补录).
    late: dict[str, Value] = {"late": 1} if any(change.ledger == "papers" for change in changes) else {}
    return [
        Change("log", new_id(moment_of(change.row)), lines.first_entry(change, moment_of(change.row)) | late, new=True)
        for change in new
    ]


def moment_of(row: bytes) -> int:
    """When a row was made: the time in its id (UUIDv7)."""
    return int.from_bytes(row[:6], "big")


def titles(ledger: str, values: Mapping[str, Any]) -> str:
    """`#0031 凯旋路隧道 内涝`."""
    return lines.title(values)


INCIDENT_FEATURE = Feature(
    name="incidents",
    title=N_("接报"),
    tables=((INCIDENTS, INCIDENT_TABLE),),
    adders={"incidents": "dutydesk.incidents.service:add"},
    forms=(Form("INC", N_("突发事件登记表"), "dutydesk.incidents.report:incident_sheet", ("incident",)),),
    services={"clocks": "dutydesk.incidents.service:clocks", "incident_add": "dutydesk.incidents.service:add"},
    settings="dutydesk.incidents.clocks:known",
    pane="dutydesk.incidents.pane:IncidentsPane",
    key="Alt+2",
    open_items=open_items,
    figures=figures,
    log_lines=log_lines,
    titles=titles,
)
