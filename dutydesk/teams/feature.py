"""What teams hands to the program."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from dutydesk.core.i18n import N_, _
from dutydesk.core.reference import label
from dutydesk.journal.plain import told_lines
from dutydesk.ledger.feature import Change, Feature, Figure, Form, OpenItem
from dutydesk.teams.ledger import TEAMS
from dutydesk.teams.model import TEAM_TABLE


def open_items(connection: Connection, now: int) -> Sequence[OpenItem]:
    """Every team that is out or moved forward: the next shift must know of it."""
    from dutydesk.teams import service

    found: list[OpenItem] = []
    for one in service.away(connection):
        title = _("队伍{status} {name}").format(status=label("teams", "status", one.status), name=one.name)
        detail = _("{people} 人 {place}").format(people=one.strength, place=one.place).strip()
        found.append(OpenItem("RESPONSES", title, None, 0, "teams", one.id, detail))
    return found


def figures(connection: Connection, start: int, end: int) -> Sequence[Figure]:
    """Teams that are out or moved forward, now."""
    from dutydesk.teams import service

    return (Figure("teams.away", N_("出动前置"), len(service.away(connection)), N_("支")),)


def log_lines(changes: Sequence[Change]) -> Sequence[Change]:
    """Going out, being moved forward, coming back."""
    return told_lines("teams", changes)


TEAM_FEATURE = Feature(
    name="teams",
    title=N_("队伍"),
    tables=((TEAMS, TEAM_TABLE),),
    adders={"teams": "dutydesk.teams.service:add"},
    finishers={"teams": "dutydesk.people.importing:rest"},
    forms=(Form("TEAM", N_("应急救援队伍一览表"), "dutydesk.teams.report:team"),),
    pane="dutydesk.teams.pane:TeamsPane",
    key="Alt+9",
    open_items=open_items,
    figures=figures,
    log_lines=log_lines,
)
