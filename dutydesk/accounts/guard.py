"""The journal's question before an act is made: may whoever makes it make this kind of act?

Until somebody has a PIN on this desk everything is as it was without accounts. Acts that arrive by sync are never
asked about: applying them is total (house.md §6).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dutydesk.core.errors import Refused
from dutydesk.core.i18n import _
from dutydesk.core.ids import CLI, SYSTEM

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from dutydesk.journal.desk import Desk
    from dutydesk.journal.store import Announcement

SQL_IN_FORCE = "SELECT 1 FROM local_pin LIMIT 1"
SQL_ROLES = "SELECT lower(hex(person)), role, state FROM accounts WHERE _state = 1 AND person IS NOT NULL"


def enforced(connection: Connection) -> bool:
    """Whether accounts are in force on this desk: somebody has a PIN here. The first one who gets one administers."""
    return connection.exec_driver_sql(SQL_IN_FORCE).first() is not None


def roles(connection: Connection) -> dict[str, str]:
    """Person (hex) → role of the accounts in use; one that is switched off in any row has none."""
    found: dict[str, str] = {}
    off: set[str] = set()
    for person, role, state in connection.exec_driver_sql(SQL_ROLES):
        found[person] = role
        if state != "ACTIVE":
            off.add(person)
    return {person: role for person, role in found.items() if person not in off}


class Guard:
    """`Store.guard` of one desk: called with the kind of an act and its author, raises `Refused`.

    What it knows is read again after accounts have changed here, and after any other process has written.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._version = -1
        self._in_force = False
        self._roles: dict[str, str] = {}
        desk.store.listeners.append(self._hear)

    def _hear(self, announcement: Announcement) -> None:
        if not announcement.rows or "accounts" in announcement.rows:
            self.forget()

    def forget(self) -> None:
        """Read again at the next question: a PIN was set, or an account written."""
        self._version = -1

    def _look(self) -> None:
        store = self._desk.store
        version = store.data_version()
        if version == self._version:
            return
        with store.read() as connection:
            self._in_force = enforced(connection)
            self._roles = roles(connection) if self._in_force else {}
        self._version = version

    @property
    def in_force(self) -> bool:
        """Whether accounts are in force on this desk."""
        self._look()
        return self._in_force

    def allows(self, kind: str, by: str) -> bool:
        """Whether this author may make this kind of act now."""
        if not self.in_force:
            return True
        from dutydesk.accounts import rules
        from dutydesk.core.reference import by_code

        role = rules.SYSTEM_ROLE if by == SYSTEM else self._roles.get(by, "")
        return rules.permits(by_code("roles", "permission"), kind, role)

    def __call__(self, kind: str, by: str) -> None:
        """Raises `Refused` with one sentence; what a known person was denied is recorded."""
        if not self.allows(kind, by):
            self._deny(kind, by)

    def _deny(self, kind: str, by: str) -> None:
        from dutydesk.accounts import rules
        from dutydesk.core.i18n import pick
        from dutydesk.core.reference import by_code, label

        role = self._roles.get(by, "")
        row = rules.row_for(by_code("roles", "permission"), kind)
        what = pick(dict(row)) if row else kind
        if by == SYSTEM:
            raise Refused(_("定时任务不能做这件事：{what}").format(what=what))
        if by == CLI:
            raise Refused(_("请先登录再操作（{what}）").format(what=what))
        if not role:
            raise Refused(_("没有账号或已停用，不能做这件事：{what}").format(what=what))
        self._record(by, kind, what)
        raise Refused(_("{role}不能做这件事：{what}").format(role=label("roles", "role", role), what=what))

    def _record(self, by: str, kind: str, what: str) -> None:
        from dutydesk.accounts.service import as_system
        from dutydesk.journal import audit

        machine: Any = as_system(self._desk)
        audit.record(machine, "DENIED", audit.subject_of("people", bytes.fromhex(by)), what, kind)
