"""What contacts hands to the program."""

from __future__ import annotations

from dutydesk.core.i18n import N_
from dutydesk.people.ledger import NUMBERS, PEOPLE, POSTS, REGIONS, UNITS
from dutydesk.people.model import NUMBER_TABLE, PEOPLE_TABLE, POST_TABLE, REGION_TABLE, UNIT_TABLE
from dutydesk.ledger.feature import Feature

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
    pane="dutydesk.people.pane:PeoplePane",
    key="Alt+6",
)
