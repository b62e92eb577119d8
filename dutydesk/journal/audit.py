"""The audit 审计: who asked to see personal data, gave them away or settled a dispute, and why.

Its one home, so that every feature records the same. What an entry says stays for good, also after a person's data
have been erased (house.md §6): a subject names rows by ledger and id, and only a screen says what they are called.
"""

from __future__ import annotations

from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import _
from dutydesk.journal.desk import Desk
from dutydesk.journal.store import Receipt
from dutydesk.ledger.feature import Change
from dutydesk.ledger.spec import Value

LEDGER = "audit"


def entry(desk: Desk, action: str, subject: str, reason: str, result: str = "") -> Change:
    """The row of the audit that goes with an act: who, what, why, at which workstation; `action` is a code of the
    ledger. Raises `Refused` without a reason."""
    if not reason.strip():
        raise Refused(Problem(_("请写明原因"), "reason"))
    values: dict[str, Value] = {
        "at": desk.clock.now(),
        "by": desk.me.name or desk.me.id,
        "action": action,
        "subject": subject,
        "reason": reason.strip(),
        "result": result,
        "workstation": desk.config.name or desk.config.code or desk.config.desk[:8],
    }
    return desk.new(LEDGER, values)


def record(desk: Desk, action: str, subject: str, reason: str, result: str = "") -> Receipt:
    """The same as an act of its own, written before what it allows is shown. Raises `Refused` without a reason."""
    return desk.act(f"{LEDGER}.{action.lower()}", [entry(desk, action, subject, reason, result)])


def subject_of(ledger: str, row: bytes, *more: str) -> str:
    """What an entry says of a row: `people 0190…`."""
    return " ".join((ledger, row.hex(), *more))


def read_subject(desk: Desk, subject: str) -> str:
    """A subject as people read it: `people 0190…` → `通讯录 示例甲`, or 〔已删除〕 where the person was erased."""
    name, _space, rest = subject.partition(" ")
    if name not in desk.store.schema.shapes:
        return subject
    row, _space, more = rest.partition(" ")
    try:
        called = desk.title(name, bytes.fromhex(row)) if len(row) == 32 else row
    except ValueError:
        called = row
    return " ".join(part for part in (_(desk.ledger(name).title), called, more) if part)
