"""What bundles hand to the program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dutydesk.core.i18n import N_
from dutydesk.ledger.feature import Command, Feature, Form, OpenItem
from dutydesk.ledger.kinds import choice_label
from dutydesk.transit.ledger import BUNDLES, MEDIA, MOVES
from dutydesk.transit.model import BUNDLE_TABLE, MEDIUM_TABLE, MOVE_TABLE

if TYPE_CHECKING:
    import argparse

    from sqlalchemy import Connection


def open_items(read: Connection, now: int) -> Sequence[OpenItem]:
    """Bundles that wait for a person, or too long for the one before them."""
    from dutydesk.transit import standing

    return standing.open_items(read, now)


def titles(ledger: str, values: Mapping[str, Any]) -> str:
    """A medium's label; what was entered about it; a bundle's file."""
    if ledger == "media_moves":
        return choice_label(str(values.get("what") or ""), MOVES["what"])
    return str(values.get("label" if ledger == "media" else "number") or "")


def configure(parser: argparse.ArgumentParser) -> None:
    """The arguments of `dutydesk bundle`."""
    from dutydesk.transit import command

    command.configure(parser)


BUNDLE_FEATURE = Feature(
    name="bundles",
    title=N_("数据包"),
    tables=((MEDIA, MEDIUM_TABLE), (MOVES, MOVE_TABLE), (BUNDLES, BUNDLE_TABLE)),
    adders={
        "media": "dutydesk.transit.media:add_medium",
        "media_moves": "dutydesk.transit.media:move",
        "bundles": "dutydesk.transit.standing:add_refused",
    },
    commands=(Command("bundle", N_("数据包：导出、导入、公钥"), configure, "dutydesk.transit.command:run"),),
    forms=(Form("P19", N_("移动存储介质登记簿"), "dutydesk.transit.report:p19", ("start", "end")),),
    settings="dutydesk.transit.limits:known",
    pane="dutydesk.transit.pane:BundlesPane",
    key="Alt+;",
    open_items=open_items,
    titles=titles,
)
