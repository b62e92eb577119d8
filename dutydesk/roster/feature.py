"""What the roster hands to the program."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dutydesk.core.i18n import N_
from dutydesk.ledger.feature import Command, Exporter, Feature, Figure, Form, Importer, OpenItem
from dutydesk.roster.ledger import ASSIGNMENTS, DAY_TYPES, LEAVES, POSTURES, ROSTERS, STAFF, SWAPS
from dutydesk.roster.model import (
    ASSIGNMENT_TABLE,
    DAY_TABLE,
    LEAVE_TABLE,
    POSTURE_TABLE,
    ROSTER_TABLE,
    STAFF_TABLE,
    SWAP_TABLE,
)

if TYPE_CHECKING:
    from sqlalchemy import Connection


def open_items(read: Connection, now: int) -> Sequence[OpenItem]:
    """Empty places and days without a roster ahead, leave and swaps that wait."""
    from dutydesk.roster import standing

    return standing.open_items(read, now)


def figures(read: Connection, start: int, end: int) -> Sequence[Figure]:
    """Hours short of a crew in [start, end)."""
    from dutydesk.roster import standing

    return standing.figures(read, start, end)


def titles(ledger: str, values: Mapping[str, Any]) -> str:
    """`2026-06-18/H24 PRIMARY`, `2026-06-01—2026-06-30 已发布`."""
    from dutydesk.roster import standing

    return standing.title(ledger, values)


def configure(parser: argparse.ArgumentParser) -> None:
    """The arguments of `dutydesk roster`."""
    from dutydesk.roster import commands

    commands.configure(parser)


def _is_holidays(head: bytes, name: str) -> bool:
    from dutydesk.roster.calendar import looks_like_holidays

    return looks_like_holidays(head, name)


def _is_form(head: bytes, name: str) -> bool:
    from dutydesk.roster.filled import looks_like_form

    return looks_like_form(head, name)


ROSTER_FEATURE = Feature(
    name="roster",
    title=N_("排班"),
    tables=(
        (ASSIGNMENTS, ASSIGNMENT_TABLE),
        (ROSTERS, ROSTER_TABLE),
        (STAFF, STAFF_TABLE),
        (LEAVES, LEAVE_TABLE),
        (SWAPS, SWAP_TABLE),
        (DAY_TYPES, DAY_TABLE),
        (POSTURES, POSTURE_TABLE),
    ),
    commands=(Command("roster", N_("排班：生成、发布、检查、缺岗、待命"), configure, "dutydesk.roster.commands:run"),),
    importers=(
        Importer("day_types", "holiday-cn", N_("节假日 JSON"), "dutydesk.roster.calendar:read_holidays", _is_holidays),
        Importer("assignments", "roster", N_("值班表格"), "dutydesk.roster.filled:incoming", _is_form),
    ),
    exporters=(Exporter("assignments", ".ics", N_("值班日历"), "dutydesk.roster.ics:write_ics"),),
    adders={
        "assignments": "dutydesk.roster.adding:assignment",
        "leaves": "dutydesk.roster.adding:leave",
        "swaps": "dutydesk.roster.adding:swap",
        "rosters": "dutydesk.roster.adding:roster",
    },
    checkers={"leaves": "dutydesk.roster.adding:earlier_leave"},
    forms=(Form("P03", N_("值班表"), "dutydesk.roster.report:p03", ("start", "end", "reveal")),),
    services={
        "duty": "dutydesk.roster.service:on_post",
        "duty_crew": "dutydesk.roster.service:crew_at",
        "on_call": "dutydesk.roster.service:on_call_text",
    },
    settings="dutydesk.roster.known:known",
    pane="dutydesk.roster.pane:RosterPane",
    key="Alt+=",
    open_items=open_items,
    figures=figures,
    titles=titles,
)
