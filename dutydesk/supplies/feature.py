"""What supplies hands to the program."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from dutydesk.core.i18n import N_
from dutydesk.ledger.feature import Feature, Figure, Form
from dutydesk.supplies.ledger import SUPPLIES
from dutydesk.supplies.model import SUPPLY_TABLE


def figures(connection: Connection, start: int, end: int) -> Sequence[Figure]:
    """Articles below their standard quantity, now."""
    from dutydesk.supplies import service

    return (Figure("supplies.short", N_("低于应备"), service.short_count(connection), N_("项")),)


SUPPLY_FEATURE = Feature(
    name="supplies",
    title=N_("物资"),
    tables=((SUPPLIES, SUPPLY_TABLE),),
    adders={"supplies": "dutydesk.supplies.service:add"},
    finishers={"supplies": "dutydesk.people.importing:rest"},
    forms=(Form("P12", N_("应急物资汇总表"), "dutydesk.supplies.report:p12"),),
    pane="dutydesk.supplies.pane:SuppliesPane",
    key="Alt+8",
    figures=figures,
)
