"""The numbers of attendance as this desk has set them: `attendance.json`, and rows of the ledger `settings` over it.

Settings: `attendance.CODE` in lower case (`attendance.absent_after`) takes a whole number up to the table's `most`;
`attendance.home.POST` names the modes in which a post may be held from home, with blanks between. A value that means
nothing changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dutydesk.core.i18n import _, pick
from dutydesk.core.reference import by_code, rows

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from dutydesk.ledger.feature import Known

PREFIX = "attendance."


@dataclass(frozen=True, slots=True)
class Limits:
    """Minutes, but `answer_seconds`; `home` the modes in which a post may be held from home."""

    arrive_early: int
    late_grace: int
    absent_after: int
    sign_ahead: int
    answer_seconds: int
    due_ahead: int
    home: Mapping[str, frozenset[str]]

    def may_be_home(self, post: str, modes: frozenset[str]) -> bool:
        """Whether a post may be held from home while these modes are in force; none means 常态."""
        return (modes or {"NORMAL"}) <= self.home.get(post, frozenset())


def limits_of(given: Mapping[str, str]) -> Limits:
    """The reference data with the desk's own settings (`key → value`) on top."""
    numbers: dict[str, int] = {}
    for row in rows("attendance", "setting"):
        name = str(row["code"]).lower()
        told = given.get(f"{PREFIX}{name}", "")
        own = int(told) if told.isascii() and told.isdecimal() else -1
        numbers[name] = own if 0 <= own <= int(row["most"]) else int(row["value"])
    known = by_code("duty", "duty_mode")
    home: dict[str, frozenset[str]] = {}
    for post in by_code("duty", "post"):
        held = by_code("attendance", "home_duty").get(post)
        home[post] = frozenset(held["modes"]) if held is not None else frozenset()
        told = given.get(f"{PREFIX}home.{post}", "").split()
        if told and all(mode in known or mode == "-" for mode in told):
            home[post] = frozenset(told) - {"-"}
    return Limits(**numbers, home=home)


def known(district: str) -> list[Known]:
    """The settings of attendance."""
    from dutydesk.journal.settings import from_row, whole, words

    found = [
        from_row(
            "attendance", "setting", row, f"{PREFIX}{row['code'].lower()}", str(row["value"]), whole(0, row["most"])
        )
        for row in rows("attendance", "setting")
    ]
    held = by_code("attendance", "home_duty")
    for row in rows("duty", "post"):
        post = row["code"]
        text = " ".join(held[post]["modes"]) if post in held else "-"
        title = _("{post}可以在家值守的状态").format(post=pick(dict(row)))
        told, modes = held.get(post, {}), words(by_code("duty", "duty_mode"))
        found.append(from_row("attendance", "home_duty", told, f"{PREFIX}home.{post}", text, modes, label=title))
    return found


def limits(connection: Connection) -> Limits:
    """What is in force at this desk."""
    from dutydesk.journal import settings

    return limits_of(settings.values(connection, PREFIX))
