"""`dutydesk add incidents`: the intake of the window, from values that are read already."""

from __future__ import annotations

from dutydesk.incidents import service
from dutydesk.incidents.ledger import INCIDENTS
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Row
from dutydesk.ledger.spec import Values


def add(desk: Desk, values: Values) -> Row:
    """Take in a report. Raises `Refused` with one problem a field."""
    texts: dict[str, str] = {}
    for name, value in values.items():
        dumped = INCIDENTS[name].kind.dump(value, INCIDENTS[name])
        if dumped is not None:
            texts[name] = str(dumped)
    return service.intake(desk, texts)
