"""The rules of accounts: what a PIN may be, when failures lock an account, who may make which act.

Pure functions; their numbers and the table of permissions come in from `resources/reference/roles.json` (tables
`setting` and `permission`, each row with its source), over which the ledger `settings` may write `account.CODE` in
lower case, within the bounds of the table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dutydesk.core.clock import MINUTE
from dutydesk.core.i18n import _

OFFICER, LEADER, ADMIN, AUDITOR, VIEWER = "OFFICER", "LEADER", "ADMIN", "AUDITOR", "VIEWER"
SYSTEM_ROLE = "SYSTEM"
"""The column of the permission table for acts of timer jobs, whose author is `system`."""
PREFIX = "account."
RESETTERS = (LEADER, ADMIN)
"""One of the two persons who give a third a new PIN has one of these roles."""
LONGEST_PIN = 64
KEY_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm", "abcdefghijklmnopqrstuvwxyz", "01234567890123456789")
COMMON = frozenset(("1qaz2wsx", "1q2w3e4r", "qazwsxedc", "password", "woaini1314", "a1234567", "147258369", "iloveyou"))
"""What is tried first, beyond runs and repetitions."""


@dataclass(frozen=True, slots=True)
class Policy:
    """The numbers in force; minutes, milliseconds where the name says so, KiB."""

    pin_length: int
    password_length: int
    lock_tries: int
    lock_window_min: int
    lock_min: int
    idle_min: int
    argon2_time: int
    argon2_memory_kib: int
    argon2_lanes: int

    @property
    def window_ms(self) -> int:
        return self.lock_window_min * MINUTE

    @property
    def lock_ms(self) -> int:
        return self.lock_min * MINUTE


def policy_of(rows: Iterable[Mapping[str, Any]], given: Mapping[str, str]) -> Policy:
    """The numbers of the table `setting` with the desk's own on top; `given` is key → value of the ledger `settings`.
    What is no number, or lies outside the row's bounds, changes nothing."""
    found: dict[str, int] = {}
    for row in rows:
        code = str(row["code"]).lower()
        text = given.get(PREFIX + code, "").strip()
        own = int(text) if text.isascii() and text.isdigit() and len(text) < 9 else None
        inside = own is not None and row["least"] <= own <= row["most"]
        found[code] = own if inside and own is not None else int(row["value"])
    return Policy(**found)


# -- PINs --------------------------------------------------------------------------------------------------------------


def pin_problem(pin: str, policy: Policy) -> str:
    """Why this cannot be a PIN or password, in a sentence; empty when it can.

    Digits alone are a PIN and need `pin_length`, anything else is a password and needs `password_length`. Refused are
    runs (123456, 987654, qwerty), one sign or group again and again (000000, 121212, 123123), and what everybody tries.
    """
    least = policy.pin_length if pin.isdigit() else policy.password_length
    if not pin.isascii() or not pin.isprintable() or " " in pin:
        return _("只用数字、英文字母和符号，不含空格")
    if len(pin) < least:
        return _("太短：至少 {least} 位").format(least=least)
    if len(pin) > LONGEST_PIN:
        return _("太长：最多 {most} 位").format(most=LONGEST_PIN)
    if trivial(pin):
        return _("太容易猜：不用连号、重复或常见的")
    return ""


def trivial(pin: str) -> bool:
    """Whether a PIN is made of a run or two (123456, 123321, abc123), of one group again and again (000000, 121212,
    123123), of pairs that run (112233), or is one that everybody uses."""
    folded = pin.lower()
    if folded in COMMON or len(set(folded)) < 3 or _runs(folded) or _runs(_singles(folded)):
        return True
    sizes = [size for size in range(1, len(folded) // 2 + 1) if len(folded) % size == 0]
    return any(folded[:size] * (len(folded) // size) == folded for size in sizes)


def _runs(text: str) -> bool:
    """Whether one run along a row of keys, forwards or backwards, or two of three signs and more are the whole text."""
    return _run(text) or any(_run(text[:at]) and _run(text[at:]) for at in range(3, len(text) - 2))


def _run(text: str) -> bool:
    return len(text) >= 3 and any(text in row or text[::-1] in row for row in KEY_ROWS)


def _singles(text: str) -> str:
    """112233 → 123; empty where a sign does not stand twice."""
    return text[::2] if text[::2] == text[1::2] else ""


# -- lock-out ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at an account: when (ms UTC), and whether it ended the series of failures (right PIN, new PIN)."""

    at: int
    ok: bool


def locked_until(attempts: Sequence[Attempt], policy: Policy, now: int) -> int:
    """Until when the account is locked, 0 when it is not; `attempts` in the order in which they were recorded.

    `lock_tries` failures with no more than `lock_window_min` between the first and the last lock for `lock_min` from the
    last one. What is tried meanwhile counts for nothing, so that nobody can keep an account locked by trying; a right
    or a new PIN ends the series. At the very end of the time the account is open again.
    """
    failures: list[int] = []
    until = 0
    for attempt in attempts:
        if attempt.ok:
            failures, until = [], 0
        elif attempt.at >= until:
            failures = [at for at in failures if attempt.at - at <= policy.window_ms] + [attempt.at]
            if len(failures) >= policy.lock_tries:
                failures, until = [], attempt.at + policy.lock_ms
    return until if until > now else 0


def tries_left(attempts: Sequence[Attempt], policy: Policy, now: int) -> int:
    """How many failures are left before the account is locked, were the next one now; 0 while it is locked."""
    if locked_until(attempts, policy, now):
        return 0
    tried = list(attempts)
    for n in range(1, policy.lock_tries + 1):
        tried.append(Attempt(now, ok=False))
        if locked_until(tried, policy, now):
            return n
    return policy.lock_tries


# -- permissions -------------------------------------------------------------------------------------------------------


def row_for(rows: Mapping[str, Mapping[str, Any]], kind: str) -> Mapping[str, Any] | None:
    """The row of the permission table for a kind of act: its own, else that of its beginning (`log.*`); None where
    the table knows nothing of it. `rows` by code."""
    return rows.get(kind) or rows.get(kind.partition(".")[0] + ".*")


def permits(rows: Mapping[str, Mapping[str, Any]], kind: str, role: str) -> bool:
    """Whether a role may make this kind of act. What the table does not know, nobody may."""
    row = row_for(rows, kind)
    return row is not None and bool(role) and role in row["roles"]


# -- who must stay -----------------------------------------------------------------------------------------------------


def last_admin(accounts: Mapping[bytes, tuple[str, bool]], person: bytes, role: str, active: bool) -> bool:
    """Whether giving `person` this role and state would leave nobody who administers; `accounts` are role and whether
    in use, by person."""
    after = {**accounts, person: (role, active)}
    before = any(held == (ADMIN, True) for held in accounts.values())
    return before and not any(held == (ADMIN, True) for held in after.values())
