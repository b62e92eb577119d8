"""Accounts on a shared workstation: who has one, who sits at the desk, PINs and what becomes of wrong ones.

Accounts are rows of the record and reach every desk; PINs stay in this desk's `local_pin` as Argon2id hashes and are
enrolled desk by desk. Accounts are in force at a desk from its first PIN on. Every attempt, right or wrong, is an act
that holds no secret, and the lock-out is counted from these acts: a restart changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dutydesk.accounts import rules
from dutydesk.accounts.guard import Guard, enforced
from dutydesk.accounts.rules import Attempt, Policy
from dutydesk.core.clock import MINUTE
from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import _
from dutydesk.core.ids import CLI, SYSTEM, named_id
from dutydesk.core.reference import label
from dutydesk.core.reference import rows as reference_rows
from dutydesk.journal import audit, pins, settings
from dutydesk.journal import query as q
from dutydesk.journal.desk import Desk, Me
from dutydesk.ledger.feature import Change, Known

if TYPE_CHECKING:
    from collections.abc import Mapping

    from argon2 import PasswordHasher
    from sqlalchemy import Connection

    from dutydesk.journal.store import Receipt
    from dutydesk.ledger.spec import Value

LEDGER = "accounts"
ACTIVE, OFF = "ACTIVE", "OFF"
AT_DESK = "accounts.at_desk"
"""The service that says who has shown a PIN in this process: the hex id."""
ENDS_FAILURES = ("SIGN_IN", "ENROL", "RESET", "RESCUE")
"""Entries of the audit after which a series of failures begins anew."""
ROLES = (rules.OFFICER, rules.LEADER, rules.ADMIN, rules.AUDITOR, rules.VIEWER)


@dataclass(frozen=True, slots=True)
class Account:
    """One account as screens and the command line show it; `until` is when a lock-out ends, 0 when there is none."""

    person: bytes
    name: str
    role: str
    active: bool
    enrolled: bool
    since: int | None
    until: int


# -- what is -----------------------------------------------------------------------------------------------------------


def guard(desk: Desk) -> Guard:
    """What the journal asks before an act is made at this desk (`Store.guard`)."""
    return desk.store.guard if isinstance(desk.store.guard, Guard) else Guard(desk)


def in_force(desk: Desk) -> bool:
    """Whether accounts are in force at this desk: from the first PIN enrolled here, an administrator's, on."""
    if isinstance(desk.store.guard, Guard):
        return desk.store.guard.in_force
    with desk.store.read() as connection:
        return enforced(connection)


def may(desk: Desk, kind: str) -> bool:
    """Whether whoever is at the desk may make this kind of act now; for what is offered, and for timers."""
    return guard(desk).allows(kind, desk.me.id)


def policy(desk: Desk) -> Policy:
    """The numbers in force: reference data, and the ledger `settings` over it."""
    with desk.store.read() as connection:
        return policy_at(connection)


def policy_at(connection: Connection) -> Policy:
    """The same inside a reading."""
    return rules.policy_of(reference_rows("roles", "setting"), settings.values(connection, rules.PREFIX))


def known(district: str) -> list[Known]:
    """The settings of accounts."""
    return [
        settings.from_row(
            "roles", "setting", row, f"{rules.PREFIX}{row['code'].lower()}", str(row["value"]),
            settings.whole(row["least"], row["most"]),
        )
        for row in reference_rows("roles", "setting")
    ]  # fmt: skip


def role_of(desk: Desk, person: bytes) -> str:
    """The role of a person's account in use, empty for none."""
    held = _row(desk, person)
    return held.text("role") if held is not None and held.get("state") == ACTIVE else ""


def enrolled(desk: Desk, person: bytes) -> bool:
    """Whether a person has a PIN at this desk."""
    return bool(_hash(desk, person))


def accounts(desk: Desk) -> list[Account]:
    """All accounts: in use first, by name."""
    rows = desk.rows(LEDGER)
    persons = [person for row in rows if isinstance(person := row.get("person"), bytes)]
    names = desk.titles("people", persons)
    with desk.store.read() as connection:
        enrolled_here = pins.persons(connection)
    now, numbers = desk.clock.now(), policy(desk)
    found = [
        Account(
            person,
            names.get(person, ""),
            row.text("role"),
            row.get("state") == ACTIVE,
            person.hex() in enrolled_here,
            since if isinstance(since := row.get("since"), int) else None,
            rules.locked_until(_attempts(desk, person, numbers, now), numbers, now)
            if person.hex() in enrolled_here
            else 0,
        )
        for row in rows
        if isinstance(person := row.get("person"), bytes)
    ]
    return sorted(found, key=lambda one: (not one.active, one.name))


def locked_until(desk: Desk, person: bytes) -> int:
    """Until when (ms UTC) a person's account is locked at this desk, 0 when it is not."""
    now, numbers = desk.clock.now(), policy(desk)
    return rules.locked_until(_attempts(desk, person, numbers, now), numbers, now)


def crew(desk: Desk, now: int) -> list[bytes]:
    """The persons of the running shift, leader last: those among whom the desk changes hands quickly."""
    with desk.store.read() as connection:
        return [bytes.fromhex(person) for person in crew_at(connection, now)]


def crew_at(connection: Connection, now: int) -> list[str]:
    """The same inside a reading, as hex: of the shift's row, then of the roster's further slots."""
    shift = connection.exec_driver_sql(
        'SELECT "primary", secondary, leader, date, code FROM shifts'
        " WHERE _state = 1 AND starts_at <= ? AND ends_at > ? ORDER BY starts_at DESC LIMIT 1",
        (now, now),
    ).first()
    if shift is None:
        return []
    more = connection.exec_driver_sql(
        "SELECT person FROM assignments WHERE _state = 1 AND date = ? AND shift = ? ORDER BY post DESC, slot",
        (shift[3], shift[4]),
    )
    found = [person.hex() for person in (*shift[:3], *(row[0] for row in more)) if person]
    return list(dict.fromkeys(found))


# -- who sits at the desk ----------------------------------------------------------------------------------------------


def verify(desk: Desk, person: bytes, pin: str, *, reason: str = "") -> None:
    """Check a person's PIN; every attempt is recorded. Raises `Refused` where it is wrong, the account is locked or
    switched off, or no PIN was enrolled at this desk. An empty PIN is no attempt: refused, and neither recorded nor
    counted, so that a slip on Enter locks nobody out."""
    if not pin:
        raise Refused(Problem(_("请输入口令"), "pin"))
    name = desk.title("people", person)
    if not role_of(desk, person):
        _fail(desk, person, _("没有账号或已停用"))
        raise Refused(Problem(_("{name}没有账号或已停用").format(name=name), "person"))
    kept = _hash(desk, person)
    if not kept:
        raise Refused(Problem(_("{name}还没有在这台工作站设置口令").format(name=name), "person"))
    now, numbers = desk.clock.now(), policy(desk)
    attempts = _attempts(desk, person, numbers, now)
    until = rules.locked_until(attempts, numbers, now)
    if until:
        _fail(desk, person, _("账号锁定中"))
        raise Refused(Problem(locked_text(until - now), "pin"))
    if not _matches(numbers, kept, pin):
        attempts.append(Attempt(now, ok=False))
        until = rules.locked_until(attempts, numbers, now)
        _fail(desk, person, _("口令不对"), locked=until > 0)
        if until:
            raise Refused(Problem(locked_text(until - now), "pin"))
        left = rules.tries_left(attempts, numbers, now)
        raise Refused(Problem(_("口令不对，还可以试 {left} 次").format(left=left), "pin"))
    if _hasher(numbers).check_needs_rehash(kept):
        _keep(desk, person, _hasher(numbers).hash(pin))
    audit.record(_as(desk, person), "SIGN_IN", audit.subject_of("people", person), reason or _("核对口令"))


def sign_in(desk: Desk, person: bytes, pin: str, *, reason: str = "") -> None:
    """Whoever gives the right PIN sits at the desk from now on; raises as `verify` does."""
    verify(desk, person, pin, reason=reason or _("登录"))
    desk.me.id, desk.me.name = person.hex(), desk.title("people", person)
    desk.services[AT_DESK] = desk.me.id


def sign_out(desk: Desk) -> None:
    """Nobody sits at the desk any more: until the next sign-in nothing can be written."""
    if len(desk.me.id) == 32:
        if may(desk, "audit.sign_out"):
            audit.record(desk, "SIGN_OUT", audit.subject_of("people", bytes.fromhex(desk.me.id)), _("退出登录"))
        desk.me.id, desk.me.name = CLI, ""
    desk.services.pop(AT_DESK, None)


def present(desk: Desk) -> bool:
    """Whether whoever is at the desk has shown a PIN since the program started."""
    return len(desk.me.id) == 32 and desk.services.get(AT_DESK) == desk.me.id


def note_lock(desk: Desk, reason: str) -> None:
    """Record that the screen was locked, by its officer or by time."""
    if len(desk.me.id) == 32 and may(desk, "audit.lock"):
        audit.record(desk, "LOCK", audit.subject_of("people", bytes.fromhex(desk.me.id)), reason)


def locked_text(left: int) -> str:
    """How long a locked account stays so; `left` in ms, rounded up to the minute."""
    return _("账号已锁定，{minutes} 分钟后再试").format(minutes=-(-left // MINUTE))


# -- PINs --------------------------------------------------------------------------------------------------------------


def check_pin(desk: Desk, pin: str) -> None:
    """Raises `Refused` for what cannot be a PIN."""
    problem = rules.pin_problem(pin, policy(desk))
    if problem:
        raise Refused(Problem(problem, "pin"))


def enrol(desk: Desk, person: bytes, pin: str, *, by: bytes | None = None) -> None:
    """Give a person a PIN at this desk, in place of an older one.

    Where accounts are not in force yet this is their beginning: `person` gets an administrator's account, or has one
    from another desk already. Later `by`, or whoever is at the desk, must be an administrator, and the person must have
    an account in use. Raises `Refused`.
    """
    check_pin(desk, pin)
    subject = audit.subject_of("people", person)
    if not in_force(desk):
        _refuse_stranger(desk, person)
        if role_of(desk, person) != rules.ADMIN and any(
            row.get("role") == rules.ADMIN and row.get("state") == ACTIVE for row in desk.rows(LEDGER)
        ):
            raise Refused(Problem(_("先由已有的管理员在这台工作站设置口令"), "person"))
        own = _as(desk, person)
        changes = [audit.entry(own, "ENROL", subject, _("启用账号"))]
        own.act("account.enrol", [*_written(desk, person, {"role": rules.ADMIN, "state": ACTIVE}), *changes])
        _keep(desk, person, _hasher(policy(desk)).hash(pin))
        return
    if not role_of(desk, person):
        raise Refused(Problem(_("先给{name}开账号").format(name=desk.title("people", person)), "person"))
    author = desk if by is None else _as(desk, by)
    author.act("account.enrol", [audit.entry(author, "ENROL", subject, _("设置口令"))])
    _keep(desk, person, _hasher(policy(desk)).hash(pin))


def change_pin(desk: Desk, person: bytes, old: str, new: str) -> None:
    """A person's own new PIN at this desk, against the old one. Raises `Refused`."""
    check_pin(desk, new)
    if new == old:
        raise Refused(Problem(_("新口令和原来的一样"), "pin"))
    verify(desk, person, old, reason=_("改口令"))
    own = _as(desk, person)
    own.act("account.pin", [audit.entry(own, "ENROL", audit.subject_of("people", person), _("改自己的口令"))])
    _keep(desk, person, _hasher(policy(desk)).hash(new))


def reset(desk: Desk, person: bytes, pin: str, first: tuple[bytes, str], second: tuple[bytes, str]) -> None:
    """A forgotten PIN: two others, each with their own PIN, give the person a new one; both stand in the record.

    `first`, `second`: person and PIN. Raises `Refused` unless they are two, neither of them `person`, and one at least
    is a leader or an administrator.
    """
    check_pin(desk, pin)
    if not role_of(desk, person):
        raise Refused(Problem(_("先给{name}开账号").format(name=desk.title("people", person)), "person"))
    witness = _two(desk, person, first, second, _("两人重设口令"))
    names = desk.titles("people", [first[0], second[0]])
    result = _("、").join(names[one] for one in (first[0], second[0]))
    subject = audit.subject_of("people", person)
    author = _as(desk, witness)
    author.act("account.reset", [audit.entry(author, "RESET", subject, _("忘记口令"), result)])
    _keep(desk, person, _hasher(policy(desk)).hash(pin))


def needs_rescue(desk: Desk) -> bool:
    """Whether accounts are in force here and none in use administers any more (two desks switched off each other's)."""
    return in_force(desk) and not any(
        row.get("role") == rules.ADMIN and row.get("state") == ACTIVE for row in desk.rows(LEDGER)
    )


def rescue(desk: Desk, person: bytes, first: tuple[bytes, str], second: tuple[bytes, str], pin: str = "") -> None:
    """Where the record has no administrator any more: two persons, each with their own PIN, one at least a leader, make
    one, with a new PIN where they have none here. It stands in the record, and among what is to do (`standing.RESCUE_SHOWN`).

    Raises `Refused` while somebody administers: a forgotten PIN is `reset`.
    """
    if not needs_rescue(desk):
        raise Refused(Problem(_("还有管理员，请管理员来改；管理员忘了口令的，由两个别的人重设"), "person"))
    _refuse_stranger(desk, person)
    if pin:
        check_pin(desk, pin)
    elif not enrolled(desk, person):
        name = desk.title("people", person)
        raise Refused(Problem(_("{name}还没有在这台工作站设置口令").format(name=name), "pin"))
    witness = _two(desk, b"", first, second, _("两人恢复管理员"))
    author = _as(desk, witness)
    changes = _written(desk, person, {"role": rules.ADMIN, "state": ACTIVE})
    names = desk.titles("people", [first[0], second[0]])
    told = _("、").join(names[one] for one in (first[0], second[0]))
    entry = audit.entry(author, "RESCUE", audit.subject_of("people", person), _("没有管理员"), told)
    author.act("account.rescue", [*changes, entry])
    if pin:
        _keep(desk, person, _hasher(policy(desk)).hash(pin))


def _two(desk: Desk, person: bytes, first: tuple[bytes, str], second: tuple[bytes, str], reason: str) -> bytes:
    """Check both persons' PINs; the one of them who has the authority."""
    if first[0] == second[0] or person in (first[0], second[0]):
        raise Refused(Problem(_("要两个别的人，各用自己的口令"), "person"))
    able = [one for one, _pin in (first, second) if role_of(desk, one) in rules.RESETTERS]
    if not able:
        raise Refused(Problem(_("两人中至少一人是带班领导或管理员"), "person"))
    for one, given in (first, second):
        verify(desk, one, given, reason=reason)
    return able[0]


# -- accounts ----------------------------------------------------------------------------------------------------------


def add(desk: Desk, person: bytes, role: str) -> Receipt:
    """Open an account. Raises `Refused` where there is one already."""
    _refuse_stranger(desk, person)
    if _row(desk, person) is not None:
        raise Refused(Problem(_("{name}已有账号").format(name=desk.title("people", person)), "person"))
    return _write(desk, "account.add", person, role, ACTIVE, _("开账号"))


def set_role(desk: Desk, person: bytes, role: str) -> Receipt:
    """Give an account another role. Raises `Refused` where nobody would administer any more."""
    held = _needed(desk, person)
    return _write(desk, "account.role", person, role, held.text("state"), _("改角色"))


def deactivate(desk: Desk, person: bytes) -> Receipt:
    """Switch an account off; its history stays. Raises `Refused` for the last administrator."""
    held = _needed(desk, person)
    return _write(desk, "account.off", person, held.text("role"), OFF, _("停用账号"))


def activate(desk: Desk, person: bytes) -> Receipt:
    """Switch an account on again."""
    held = _needed(desk, person)
    return _write(desk, "account.on", person, held.text("role"), ACTIVE, _("恢复账号"))


def add_row(desk: Desk, values: Mapping[str, Value]) -> bytes:
    """`dutydesk add accounts person=… role=…`: the row's id."""
    person = values.get("person")
    if not isinstance(person, bytes):
        raise Refused(Problem(_("必填"), "person"))
    return add(desk, person, str(values.get("role") or "")).changes[0].row


def _write(desk: Desk, kind: str, person: bytes, role: str, state: str, reason: str) -> Receipt:
    if role not in ROLES:
        raise Refused(Problem(_("没有这个角色：{role}").format(role=role), "role"))
    held = {
        one: (row.text("role"), row.get("state") == ACTIVE)
        for row in desk.rows(LEDGER)
        if isinstance(one := row.get("person"), bytes)
    }
    if rules.last_admin(held, person, role, state == ACTIVE):
        raise Refused(Problem(_("最后一个管理员不能停用，也不能改成别的角色"), "role"))
    changes = _written(desk, person, {"role": role, "state": state})
    if not changes:
        raise Refused(Problem(_("没有改动"), "role"))
    said = label("roles", "role", role)
    entry = audit.entry(desk, "ROLE", audit.subject_of("people", person), reason, said)
    return desk.act(kind, [*changes, entry])


def _written(desk: Desk, person: bytes, values: Mapping[str, Value]) -> list[Change]:
    """The change of a person's account; one row a person on every desk, so that two desks never make two of it."""
    held = _row(desk, person)
    if held is None:
        given: dict[str, Value] = {"person": person, **values, "since": desk.clock.now()}
        return [Change(LEDGER, named_id(LEDGER, person.hex()), given, new=True)]
    change = desk.edit(LEDGER, held.id, values)
    return [change] if change else []


def _row(desk: Desk, person: bytes) -> q.Row | None:
    found = desk.rows(LEDGER, q.Condition("person", "=", person), limit=2)
    off = [row for row in found if row.get("state") != ACTIVE]
    return (off or found)[0] if found else None


def _needed(desk: Desk, person: bytes) -> q.Row:
    held = _row(desk, person)
    if held is None:
        raise Refused(Problem(_("{name}没有账号").format(name=desk.title("people", person)), "person"))
    return held


def _refuse_stranger(desk: Desk, person: bytes) -> None:
    held = desk.get("people", person)
    if held is None or held.get("kind") == "OFFICE":
        raise Refused(Problem(_("通讯录里没有这个人"), "person"))


# -- inside ------------------------------------------------------------------------------------------------------------


def _as(desk: Desk, person: bytes) -> Desk:
    return replace(desk, me=Me(person.hex(), desk.title("people", person)))


def as_system(desk: Desk) -> Desk:
    """The desk with the machine itself as author: for what it noticed."""
    return replace(desk, me=Me(SYSTEM))


def _fail(desk: Desk, person: bytes, reason: str, *, locked: bool = False) -> None:
    """Record a failure, and the lock-out that it brought, without a word of what was typed."""
    machine, subject = as_system(desk), audit.subject_of("people", person)
    changes = [audit.entry(machine, "SIGN_FAILED", subject, reason)]
    if locked:
        changes.append(audit.entry(machine, "LOCKED", subject, _("连续输错口令")))
    machine.act("audit.sign_failed", changes)


def _attempts(desk: Desk, person: bytes, numbers: Policy, now: int) -> list[Attempt]:
    """What was tried at this desk lately, in the order in which it was recorded; lately is what can still matter."""
    since = now - numbers.window_ms - numbers.lock_ms - MINUTE
    with desk.store.read() as connection:
        found = connection.exec_driver_sql(
            "SELECT audit.at, audit.action FROM audit JOIN act ON act.act_id = audit._act"
            " WHERE audit._state = 1 AND audit.at >= ? AND audit.subject = ? AND act.desk = ?"
            " AND audit.action IN ('SIGN_FAILED', 'SIGN_IN', 'ENROL', 'RESET', 'RESCUE') ORDER BY audit._n",
            (since, audit.subject_of("people", person), desk.config.desk_id),
        ).all()
    return [Attempt(at, action in ENDS_FAILURES) for at, action in found]


def _hash(desk: Desk, person: bytes) -> str:
    with desk.store.read() as connection:
        return pins.kept(connection, person)


def _keep(desk: Desk, person: bytes, kept: str) -> None:
    pins.keep(desk.store, person, kept, desk.clock.now())
    guard(desk).forget()


def _hasher(numbers: Policy) -> PasswordHasher:
    from argon2 import PasswordHasher

    return PasswordHasher(numbers.argon2_time, numbers.argon2_memory_kib, numbers.argon2_lanes)


def _matches(numbers: Policy, kept: str, pin: str) -> bool:
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        return _hasher(numbers).verify(kept, pin)
    except (VerificationError, InvalidHashError):
        return False
