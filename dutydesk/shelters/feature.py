"""What shelters hands to the program."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from dutydesk.core.i18n import N_, _
from dutydesk.journal.plain import told_lines
from dutydesk.ledger.feature import Change, Feature, Figure, Form, OpenItem
from dutydesk.shelters.ledger import COUNTS, SHELTERS
from dutydesk.shelters.model import COUNT_TABLE, SHELTER_TABLE


def open_items(connection: Connection, now: int) -> Sequence[OpenItem]:
    """Every shelter that is open or holds people: the next shift must know of it."""
    from dutydesk.shelters import rules, service

    found: list[OpenItem] = []
    for one in service.in_use(connection):
        detail = _("{people} 人，满载率 {load}").format(people=one.people, load=rules.load(one.people, one.places))
        severity = 0
        if one.people < 0 or (one.people and one.state not in rules.IN_USE):
            detail, severity = _("人数和状态对不上，请核对"), 2
        elif one.places and one.people >= one.places:
            severity = 1
        title = _("安置 {name}").format(name=one.name)
        found.append(OpenItem("RESPONSES", title, None, severity, "shelters", one.id, detail))
    return found


def figures(connection: Connection, start: int, end: int) -> Sequence[Figure]:
    """Shelters in use and people inside, now."""
    from dutydesk.shelters import rules, service

    found = service.in_use(connection)
    count = sum(one.state in rules.IN_USE for one in found)
    people = sum(one.people for one in found)
    full = any(one.places and one.people > one.places for one in found)
    return (
        Figure(
            "shelters.people_now",
            N_("安置"),
            _("{count}处 {people}").format(count=count, people=people),
            N_("人"),
            int(full),
        ),
        Figure("shelters.open", N_("启用场所"), count, N_("处")),
    )


def log_lines(changes: Sequence[Change]) -> Sequence[Change]:
    """Opening, closing and counts."""
    return [*told_lines("shelters", changes), *told_lines("shelter_counts", changes)]


SHELTER_FEATURE = Feature(
    name="shelters",
    title=N_("避灾"),
    tables=(
        (SHELTERS, SHELTER_TABLE),
        (COUNTS, COUNT_TABLE),
    ),
    adders={"shelters": "dutydesk.shelters.service:add", "shelter_counts": "dutydesk.shelters.service:add_count"},
    finishers={"shelters": "dutydesk.people.importing:rest"},
    forms=(Form("P11", N_("避灾安置场所一览表"), "dutydesk.shelters.report:p11"),),
    pane="dutydesk.shelters.pane:SheltersPane",
    key="Alt+7",
    open_items=open_items,
    figures=figures,
    log_lines=log_lines,
)
