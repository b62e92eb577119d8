"""What accounts ask for on every desk: who cannot sign in, who is locked out, who was made an administrator by two."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dutydesk.accounts.guard import roles
from dutydesk.accounts.service import LEDGER, crew_at, policy_at
from dutydesk.core.clock import DAY, local
from dutydesk.core.i18n import _
from dutydesk.core.ids import named_id
from dutydesk.journal import pins
from dutydesk.ledger.feature import OpenItem

if TYPE_CHECKING:
    from sqlalchemy import Connection

RESCUE_SHOWN = 3 * DAY
"""How long everybody is told that two persons made an administrator."""


def open_items(read: Connection, now: int) -> list[OpenItem]:
    """Who stands the running shift and cannot sign in at this desk; which accounts wrong PINs have locked, and where."""
    enrolled_here = pins.persons(read)
    held, crew_now = roles(read), crew_at(read, now)
    locked = _locked_at(read, now)
    names = _names(read, [*crew_now, *(person for person, _until, _where in locked)])
    items: list[OpenItem] = []
    for person in crew_now:
        if person not in held or person not in enrolled_here:
            text = _("{name}还没有账号") if person not in held else _("{name}还没有在这台工作站设置口令")
            title = text.format(name=names.get(person, ""))
            items.append(OpenItem("TODO", title, severity=1, ledger=LEDGER, row=named_id(LEDGER, person)))
    for person, until, where in locked:
        title = _("{name}的账号已锁定").format(name=names.get(person, ""))
        detail = _("连续输错口令，锁到 {at}，{where}").format(at=f"{local(until):%H:%M}", where=where)
        row = named_id(LEDGER, person)
        items.append(OpenItem("TODO", title, severity=1, ledger=LEDGER, row=row, detail=detail))
    return items + _rescued(read, now)


def _rescued(read: Connection, now: int) -> list[OpenItem]:
    """Administrators whom two persons made lately, for everybody to see, at every desk."""
    found = read.exec_driver_sql(
        "SELECT substr(subject, 8), at, result, coalesce(workstation, '') FROM audit"
        " WHERE _state = 1 AND action = 'RESCUE' AND at > ? AND at <= ? ORDER BY at",
        (now - RESCUE_SHOWN, now),
    ).all()
    names = _names(read, [str(person) for person, *_rest in found])
    return [
        OpenItem(
            "TODO",
            _("{name}由两人恢复为管理员：{who}").format(name=names.get(str(person), ""), who=who),
            severity=1,
            ledger=LEDGER,
            row=named_id(LEDGER, str(person)),
            detail=_("{at}，{where}。不是你们办的，请改口令并报告").format(at=f"{local(at):%m-%d %H:%M}", where=where),
        )
        for person, at, who, where in found
    ]


def _locked_at(read: Connection, now: int) -> list[tuple[str, int, str]]:
    """(person, until, workstation) of the lock-outs that still hold, at whatever desk they happened."""
    length = policy_at(read).lock_ms
    found = read.exec_driver_sql(
        "SELECT substr(subject, 8), at, coalesce(workstation, '') FROM audit AS lock"
        " WHERE _state = 1 AND at > ? AND at <= ? AND action = 'LOCKED' AND NOT EXISTS (SELECT 1 FROM audit AS later"
        "  WHERE later._state = 1 AND later.at >= lock.at AND later._n > lock._n AND later.subject = lock.subject"
        "  AND later.workstation IS lock.workstation AND later.action IN ('SIGN_IN', 'ENROL', 'RESET')) ORDER BY at",
        (now - length, now),
    )
    return [(str(person), at + length, str(where)) for person, at, where in found]


def _names(read: Connection, persons: list[str]) -> dict[str, str]:
    ids = [bytes.fromhex(person) for person in dict.fromkeys(persons)]
    marks = ", ".join("?" * len(ids))
    found = read.exec_driver_sql(f"SELECT lower(hex(id)), name FROM people WHERE id IN ({marks})", tuple(ids))  # noqa: S608 - question marks
    return {str(person): str(name or "") for person, name in found}
