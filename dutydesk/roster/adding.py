"""`dutydesk add` for the ledgers of the roster: the same rules as in the window."""

from __future__ import annotations

from dutydesk.core.clock import local
from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import _
from dutydesk.journal.desk import Desk
from dutydesk.ledger.spec import Values
from dutydesk.roster import service
from dutydesk.roster.rows import Edit, Key


def assignment(desk: Desk, values: Values) -> bytes:
    """Put a person into a place; `note` is the reason that a published roster asks for."""
    key = _key(values, "")
    person = values.get("person")
    edit = Edit(*key, person if isinstance(person, bytes) else None)
    service.assign(desk, [edit], reason=str(values.get("note") or ""))
    row = service.grid(desk, key[0], key[0]).cells[key].row
    if row is None:
        raise Refused(Problem(_("这一格本来就空着"), "person"))
    return row


def leave(desk: Desk, values: Values) -> bytes:
    """Ask for leave; a state is not taken, it is decided."""
    _undecided(values)
    return service.ask_leave(desk, {name: value for name, value in values.items() if name != "state"})


def swap(desk: Desk, values: Values) -> bytes:
    """Ask for a swap or a substitute."""
    _undecided(values)
    person, other = values.get("person"), values.get("other")
    if not isinstance(person, bytes) or not isinstance(other, bytes):
        raise Refused(Problem(_("必填"), "person" if not isinstance(person, bytes) else "other"))
    place = _key(values, "other_") if values.get("other_date") else None
    return service.ask_swap(desk, _key(values, ""), other, place, str(values.get("reason") or ""), person)


def roster(desk: Desk, values: Values) -> bytes:
    """Publish a roster; a draft needs no row."""
    maker, approver = values.get("maker"), values.get("approver")
    if values.get("state") != "PUBLISHED" or not isinstance(maker, bytes) or not isinstance(approver, bytes):
        raise Refused(Problem(_("登记值班表就是发布：state=PUBLISHED，写明 maker 和 approver"), "state"))
    return service.publish(desk, str(values.get("starts_on") or ""), str(values.get("ends_on") or ""), maker, approver)


def earlier_leave(desk: Desk, values: Values) -> Problem | None:
    """What stands against leave that a file brings: only what is over comes in decided, so that no file goes round the
    leader's approval."""
    today = local(desk.clock.now()).date().isoformat()
    if values.get("state") in (None, "ASKED") or str(values.get("ends_on") or "") < today:
        return None
    return Problem(_("只有以往的可以带审批结果导入；没有结束的导入为待批，由领导审批"), "state")


def _undecided(values: Values) -> None:
    if values.get("state") not in (None, "ASKED"):
        raise Refused(Problem(_("只能登记为待批，由领导审批"), "state"))


def _key(values: Values, prefix: str) -> Key:
    slot = values.get(f"{prefix}slot")
    date, shift, post = (str(values.get(f"{prefix}{name}") or "") for name in ("date", "shift", "post"))
    return (date, shift, post, slot if isinstance(slot, int) else 1)
