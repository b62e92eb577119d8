"""What papers hand to the program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dutydesk.core.i18n import N_
from dutydesk.ledger.feature import Command, Feature, Figure, Form, OpenItem
from dutydesk.papers.ledger import OUTAGES, PAPERS
from dutydesk.papers.model import OUTAGE_TABLE, PAPER_TABLE

if TYPE_CHECKING:
    import argparse

    from sqlalchemy import Connection


def open_items(read: Connection, now: int) -> Sequence[OpenItem]:
    """An outage that goes on or has no sheet on paper; sheets of paper that nobody settled."""
    from dutydesk.papers import standing

    return standing.open_items(read, now)


def figures(read: Connection, start: int, end: int) -> Sequence[Figure]:
    """What does not work at the end of [start, end)."""
    from dutydesk.papers import standing

    return standing.figures(read, start, end)


def titles(ledger: str, values: Mapping[str, Any]) -> str:
    """A sheet's number and form; an outage's kind and time."""
    from dutydesk.papers import standing

    return standing.title(ledger, values)


def configure_papers(parser: argparse.ArgumentParser) -> None:
    """The arguments of `dutydesk papers`."""
    from dutydesk.papers import command

    command.configure_papers(parser)


def configure_outage(parser: argparse.ArgumentParser) -> None:
    """The arguments of `dutydesk outage`."""
    from dutydesk.papers import command

    command.configure_outage(parser)


PAPER_FEATURE = Feature(
    name="papers",
    title=N_("纸质单"),
    tables=((PAPERS, PAPER_TABLE), (OUTAGES, OUTAGE_TABLE)),
    adders={"papers": "dutydesk.papers.service:add_refused", "outages": "dutydesk.papers.outages:add"},
    commands=(
        Command("papers", N_("纸质单：作废、重印"), configure_papers, "dutydesk.papers.command:papers"),
        Command("outage", N_("断电断网：开始、恢复"), configure_outage, "dutydesk.papers.command:outage"),
    ),
    forms=(
        Form("P18", N_("断网应急单"), "dutydesk.papers.report:p18", ("start", "end")),
        Form("TEL", N_("电话记录表"), "dutydesk.papers.report:tel", ("blank",)),
    ),
    services={
        "print_blanks": "dutydesk.papers.service:print_blanks",
        "unprinted_outages": "dutydesk.papers.standing:unprinted_outages",
    },
    settings="dutydesk.papers.limits:known",
    pane="dutydesk.papers.pane:PapersPane",
    key="Alt+[",
    open_items=open_items,
    figures=figures,
    titles=titles,
)
