"""What a test types, and what it reads of the warnings in force."""

from __future__ import annotations

from collections.abc import Mapping

from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Row
from dutydesk.ledger.rows import parse_row
from dutydesk.warnings import service
from dutydesk.warnings.ledger import WARNINGS


def add_typed(desk: Desk, texts: Mapping[str, str]) -> Row:
    """Take in a warning as a form hands it over: what a field cannot read is not part of this."""
    values, _problems = parse_row(WARNINGS, texts, resolve=desk.resolve)
    return service.add(desk, values)


def lines_of(desk: Desk) -> list[str]:
    """The warnings in force, one line each."""
    now = desk.clock.now()
    return [service.line_of(one, now) for one in service.in_force(desk, now)]
