"""What contacts hands to the program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, func, select

from dutydesk.core.i18n import N_
from dutydesk.ledger.feature import Feature, Figure, Form, Importer
from dutydesk.ledger.table import LISTED
from dutydesk.people.ledger import NUMBERS, PEOPLE, POSTS, REGIONS, UNITS
from dutydesk.people.model import NUMBER_TABLE, PEOPLE_TABLE, POST_TABLE, REGION_TABLE, UNIT_TABLE


def is_vcard(head: bytes, name: str) -> bool:
    """Whether a file is one of cards, by its first bytes (UTF-16 with its mark, too)."""
    plain = head.replace(b"\0", b"").removeprefix(b"\xef\xbb\xbf").removeprefix(b"\xff\xfe").removeprefix(b"\xfe\xff")
    return plain.lstrip()[:11].upper() == b"BEGIN:VCARD"


def figures(connection: Connection, start: int, end: int) -> Sequence[Figure]:
    """How many people are listed, and how many numbers are known to be wrong."""
    people, numbers = PEOPLE_TABLE.c, NUMBER_TABLE.c
    listed = connection.execute(select(func.count()).where(people["_state"] == LISTED)).scalar_one()
    wrong = select(func.count()).where(numbers["_state"] == LISTED, numbers.state == "BAD")
    return (
        Figure("people.listed", N_("通讯录"), int(listed), N_("人")),
        Figure("people.wrong_numbers", N_("空号错号"), int(connection.execute(wrong).scalar_one()), N_("个")),
    )


def titles(ledger: str, values: Mapping[str, Any]) -> str:
    """Names; a number as it may be shown without asking."""
    if ledger == "numbers":
        item = NUMBERS["number"]
        text = str(values.get("number") or "")
        return item.kind.mask(text) if item.masks(values) else text
    return str(values.get("name") or "")


PEOPLE_FEATURE = Feature(
    name="people",
    title=N_("通讯录"),
    tables=(
        (REGIONS, REGION_TABLE),
        (UNITS, UNIT_TABLE),
        (POSTS, POST_TABLE),
        (PEOPLE, PEOPLE_TABLE),
        (NUMBERS, NUMBER_TABLE),
    ),
    importers=(Importer("people", "vcard", N_("vCard 通讯录"), "dutydesk.people.importing:read", is_vcard),),
    adders={"people": "dutydesk.people.service:add_person", "numbers": "dutydesk.people.service:add_number_row"},
    finishers={"people": "dutydesk.people.importing:finish"},
    forms=(Form("P16", N_("应急通讯录"), "dutydesk.people.report:p16", ("reveal",)),),
    pane="dutydesk.people.pane:PeoplePane",
    key="Alt+6",
    figures=figures,
    titles=titles,
)
