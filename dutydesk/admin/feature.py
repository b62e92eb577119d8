"""What administration hands to the program."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dutydesk.admin.ledger import ATTACHMENTS, AUDIT, SETTINGS
from dutydesk.admin.model import ATTACHMENT_TABLE, AUDIT_TABLE, SETTING_TABLE
from dutydesk.core.i18n import N_
from dutydesk.ledger.feature import Command, Feature, Figure, OpenItem

if TYPE_CHECKING:
    import argparse

    from sqlalchemy import Connection


def open_items(read: Connection, now: int) -> Sequence[OpenItem]:
    """Disputes to settle, acts kept out, acts that wait for an upgrade; copies that are missing, a disk that fills."""
    from dutydesk.admin import record, watch

    return [*record.open_items(read), *watch.open_items(read, now)]


def figures(read: Connection, start: int, end: int) -> Sequence[Figure]:
    """The last restore drill and the room on the disk, for the board."""
    from dutydesk.admin import watch

    return watch.figures(read, end)


def configure(parser: argparse.ArgumentParser) -> None:
    """The arguments of `dutydesk settings`."""
    from dutydesk.admin import command

    command.configure(parser)


ADMIN = Feature(
    name="admin",
    title=N_("系统"),
    tables=(
        (SETTINGS, SETTING_TABLE),
        (AUDIT, AUDIT_TABLE),
        (ATTACHMENTS, ATTACHMENT_TABLE),
    ),
    commands=(Command("settings", N_("全部设置和现用的值"), configure, "dutydesk.admin.command:run"),),
    adders={"settings": "dutydesk.admin.service:add_setting"},
    pane="dutydesk.admin.pane:AdminPane",
    key="Alt+-",
    open_items=open_items,
    figures=figures,
)
