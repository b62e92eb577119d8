"""The reporting clocks of an incident: the deadlines of `report_rules.json` as this desk has set them, and what has
stopped them.

Settings (ledger `settings`): `report.CODE.minutes`, `report.CODE.active` (1 or 0), `report.CODE.to` for a rule by its
code, and `report.soon_percent`. A value that means nothing changes nothing.

Only evidence stops a clock: who was told, how and when (`phoned_at`, `reported_at`). A telephone report stops the
clocks of the step PHONE, a first report all. An incident that was closed without a report keeps its lateness.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from dutydesk.core.figures import late_minutes
from dutydesk.core.i18n import _, pick
from dutydesk.core.reference import by_code, label, reference, rows
from dutydesk.incidents import rules
from dutydesk.incidents.rules import CLOSED, Clock, ClockState
from dutydesk.journal import settings
from dutydesk.ledger.feature import Known
from dutydesk.ledger.spec import Values

PREFIX = "report."
PHONE_STEP = "PHONE"
MOST_MINUTES = 44_640
"""A clock of more than a month is a slip of the finger."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules in force here, in the shape of `report_rules.json`, and how near its end a clock is due soon."""

    tables: Mapping[str, Any]
    soon_percent: int


@dataclass(frozen=True, slots=True)
class Timed:
    """A clock and where it stands; `done_at` is when the evidence says that it was answered, `late` the minutes by
    which that, or the present, lies behind the due time."""

    clock: Clock
    state: ClockState
    done_at: int | None
    late: int

    @property
    def running(self) -> bool:
        """Whether somebody still has to report."""
        return self.state in ("RUNNING", "DUE_SOON", "OVERDUE")


def rules_of(given: Mapping[str, str]) -> Rules:
    """The reference data with the desk's own settings on top."""
    held = reference("report_rules")
    soon = int(by_code("report_rules", "setting")["SOON_PERCENT"]["value"])
    told = given.get(f"{PREFIX}soon_percent", "")
    if told.isascii() and told.isdecimal() and int(told) <= 100:
        soon = int(told)
    own: list[dict[str, Any]] = []
    for row in held["tables"]["report_rule"]["rows"]:
        mine = dict(row)
        minutes, active, to = (given.get(f"{PREFIX}{row['code']}.{name}", "") for name in ("minutes", "active", "to"))
        if minutes.isascii() and minutes.isdecimal() and 0 < int(minutes) <= MOST_MINUTES:
            mine["minutes"] = int(minutes)
        if active in ("0", "1"):
            mine["active"] = active == "1"
        if to:
            mine["to"] = to
        own.append(mine)
    return Rules({"tables": {"report_rule": {"rows": own}}}, soon)


def known(district: str) -> list[Known]:
    """The settings of the clocks: how near its end one is due soon; of each rule its minutes, whether it is in force,
    and to whom is reported. A rule is called by its place, or by its classes where it holds everywhere."""
    soon = by_code("report_rules", "setting")["SOON_PERCENT"]
    percent = settings.whole(0, 100)
    found = [settings.from_row("report_rules", "setting", soon, f"{PREFIX}soon_percent", str(soon["value"]), percent)]
    for row in rows("report_rules", "report_rule"):
        classes = _("、").join(label("event_codes", "event_code", f"{code}000") for code in row["classes"])
        rule = _("{rule}（{where}）").format(
            rule=pick(dict(row)), where=row["place"] if row["place"] != "全国" else classes
        )
        for name, told, default, check in (
            ("minutes", _("时限（分钟）"), str(row["minutes"]), settings.whole(1, MOST_MINUTES)),
            ("active", _("用不用（1 用，0 不用）"), "1" if row["active"] else "0", settings.one_of("1", "0")),
            ("to", _("报给谁"), str(row["to"]), settings.short(60)),
        ):
            key, title = f"{PREFIX}{row['code']}.{name}", f"{told} {rule}"
            found.append(settings.from_row("report_rules", "report_rule", row, key, default, check, label=title))
    return found


def rules_here(connection: Connection) -> Rules:
    """The rules in force at this desk."""
    return rules_of(settings.values(connection, PREFIX))


def timed(values: Values, rules_in_force: Rules, now: int, closed_at: int | None = None) -> tuple[Timed, ...]:
    """Every clock of an incident at `now`, the next due first; `closed_at` is when it was closed without a report."""
    phoned, reported = values.get("phoned_at"), values.get("reported_at")
    shut = values.get("state") in CLOSED
    found: list[Timed] = []
    for clock in rules.report_clocks(values, rules_in_force.tables):
        answers = [at for at in (reported, phoned if clock.step == PHONE_STEP else None) if isinstance(at, int)]
        done_at = min(answers, default=None)
        state = rules.clock_state(clock, now, done_at, waived=shut, soon_percent=rules_in_force.soon_percent)
        until = done_at if done_at is not None else closed_at if shut and closed_at is not None else now
        found.append(Timed(clock, state, done_at, late_minutes(clock.due_at, until)))
    return tuple(found)
