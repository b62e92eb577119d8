"""Who may decide about rosters, leave and swaps, and whether it is they who sit at the desk."""

from __future__ import annotations

from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import _
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Condition
from dutydesk.roster.rules import posts_of

LEADING = "LEADER"


def must_be(desk: Desk, by: bytes, field: str = "by") -> None:
    """Raises `Refused` where accounts are in force and `by` is not who sits at the desk; and for nobody's id."""
    from dutydesk.accounts import service as accounts

    if desk.get("people", by) is None:
        raise Refused(Problem(_("通讯录里没有这个人"), field))
    if accounts.in_force(desk) and desk.me.id != by.hex():
        raise Refused(Problem(_("须由 {name} 本人操作").format(name=desk.title("people", by)), field))


def may_decide(desk: Desk, person: bytes) -> bool:
    """Whether a person leads: a principal leader, someone who may stand as duty leader, or a leader's account."""
    from dutydesk.accounts import service as accounts

    for row in desk.rows("roster_people", Condition("person", "=", person)):
        if row.get("principal") or LEADING in posts_of(row.text("posts")):
            return True
    return accounts.in_force(desk) and accounts.role_of(desk, person) == LEADING


def must_lead(desk: Desk, by: bytes, field: str = "by") -> None:
    """Raises `Refused` unless `by` may decide and is who sits there."""
    must_be(desk, by, field)
    if not may_decide(desk, by):
        raise Refused(Problem(_("须由带班领导或主要领导批准"), field))
