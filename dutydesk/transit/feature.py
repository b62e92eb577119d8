"""What bundles hand to the program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dutydesk.core.i18n import N_
from dutydesk.ledger.feature import Command, Feature, OpenItem
from dutydesk.transit.ledger import BUNDLES, MEDIA
from dutydesk.transit.model import BUNDLE_TABLE, MEDIUM_TABLE

if TYPE_CHECKING:
    import argparse

    from sqlalchemy import Connection


def open_items(read: Connection, now: int) -> Sequence[OpenItem]:
    """Bundles that wait for a person, or too long for the one before them."""
    from dutydesk.transit import standing

    return standing.open_items(read, now)


def titles(ledger: str, values: Mapping[str, Any]) -> str:
    """A medium's label; a bundle's file."""
    return str(values.get("label" if ledger == "media" else "number") or "")


def configure(parser: argparse.ArgumentParser) -> None:
    """The arguments of `dutydesk bundle`."""
    from dutydesk.transit import command

    command.configure(parser)


BUNDLE_FEATURE = Feature(
    name="bundles",
    title=N_("数据包"),
    tables=((MEDIA, MEDIUM_TABLE), (BUNDLES, BUNDLE_TABLE)),
    adders={"media": "dutydesk.transit.service:add_medium", "bundles": "dutydesk.transit.standing:add_refused"},
    commands=(Command("bundle", N_("数据包：导出、导入、公钥"), configure, "dutydesk.transit.command:run"),),
    settings="dutydesk.transit.limits:known",
    pane="dutydesk.transit.pane:BundlesPane",
    key="Alt+;",
    open_items=open_items,
    titles=titles,
)
