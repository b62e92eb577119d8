"""What being on duty hands to the program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dutydesk.attendance.ledger import DUTIES, DUTY_TICKS, SIGN_INS, SPOT_CHECKS, VIOLATIONS
from dutydesk.attendance.model import (
    DUTY_TABLE,
    DUTY_TICK_TABLE,
    SIGN_IN_TABLE,
    SPOT_CHECK_TABLE,
    VIOLATION_TABLE,
)
from dutydesk.core.i18n import N_
from dutydesk.ledger.feature import Change, Command, Feature, Figure, Form, OpenItem

if TYPE_CHECKING:
    import argparse

    from sqlalchemy import Connection


def open_items(read: Connection, now: int) -> Sequence[OpenItem]:
    """Who has not come, who is at home and must not be, what is due or was missed."""
    from dutydesk.attendance import standing

    return standing.open_items(read, now)


def figures(read: Connection, start: int, end: int) -> Sequence[Figure]:
    """Who is on at the end of [start, end); violations and spot checks within it."""
    from dutydesk.attendance import standing

    return standing.figures(read, start, end)


def log_lines(changes: Sequence[Change]) -> Sequence[Change]:
    """延班 and violations; a sign and a tick alone are not worth a line."""
    if not any(change.ledger in ("sign_ins", "violations") for change in changes):
        return ()
    from dutydesk.journal.plain import told_lines

    return [*told_lines("sign_ins", changes), *told_lines("violations", changes)]


def titles(ledger: str, values: Mapping[str, Any]) -> str:
    """A duty's name; of the others what they are and when."""
    from dutydesk.attendance import standing

    return standing.title(ledger, values)


def configure_sign(parser: argparse.ArgumentParser) -> None:
    """The arguments of `dutydesk sign-in`."""
    from dutydesk.attendance import command

    command.configure_sign(parser)


def configure_checks(parser: argparse.ArgumentParser) -> None:
    """The arguments of `dutydesk spot-checks`."""
    from dutydesk.attendance import command

    command.configure_checks(parser)


def configure_duties(parser: argparse.ArgumentParser) -> None:
    """The arguments of `dutydesk duties`."""
    from dutydesk.attendance import command

    command.configure_duties(parser)


_COMMAND = "dutydesk.attendance.command"
ATTENDANCE_FEATURE = Feature(
    name="attendance",
    title=N_("在岗"),
    tables=(
        (SIGN_INS, SIGN_IN_TABLE),
        (SPOT_CHECKS, SPOT_CHECK_TABLE),
        (DUTIES, DUTY_TABLE),
        (DUTY_TICKS, DUTY_TICK_TABLE),
        (VIOLATIONS, VIOLATION_TABLE),
    ),
    adders={
        "sign_ins": "dutydesk.attendance.service:sign_row",
        "violations": "dutydesk.attendance.service:add_violation",
        "spot_checks": "dutydesk.attendance.checks:add",
        "duties": "dutydesk.attendance.duties:add",
        "duty_ticks": "dutydesk.attendance.duties:tick_row",
    },
    commands=(
        Command("sign-in", N_("签到、签退"), configure_sign, f"{_COMMAND}:sign_in"),
        Command("spot-checks", N_("抽查点名的统计"), configure_checks, f"{_COMMAND}:spot_checks"),
        Command("duties", N_("固定工作：该办什么，办结"), configure_duties, f"{_COMMAND}:duties"),
    ),
    forms=(Form("SPOT", N_("值班抽查统计表"), "dutydesk.attendance.report:spot", ("start", "end")),),
    services={
        "signed_in": "dutydesk.attendance.service:signed_in",
        "on_now": "dutydesk.attendance.service:on_now",
        "on_now_text": "dutydesk.attendance.service:on_now_text",
        "duty_contact": "dutydesk.attendance.service:duty_contact",
    },
    settings="dutydesk.attendance.limits:known",
    pane="dutydesk.attendance.pane:AttendancePane",
    key="Alt+]",
    open_items=open_items,
    figures=figures,
    log_lines=log_lines,
    titles=titles,
)
