"""Publishing 发布: from then on a roster is what is in force, and every change of it leaves a trace."""

from __future__ import annotations

from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import _
from dutydesk.core.ids import named_id
from dutydesk.journal import batches
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Condition
from dutydesk.ledger.feature import Change
from dutydesk.ledger.spec import Value
from dutydesk.roster import approval, checks, rules
from dutydesk.roster.cells import MOST, crew_changes, where_text
from dutydesk.roster.facts import Facts, facts, nobody
from dutydesk.roster.rows import Key

TOLD = 20
"""Problems that a refusal names; the rest is counted."""


def publish(
    desk: Desk, start: str, end: str, maker: bytes, approver: bytes, *, gaps: bool = False, note: str = ""
) -> bytes:
    """See `service.publish`."""
    approval.must_lead(desk, approver, "approver")
    if desk.get("people", maker) is None:
        raise Refused(Problem(_("通讯录里没有这个人"), "maker"))
    made = facts(desk, start, end)
    for first, last in made.published:
        if first <= end and start <= last:
            raise Refused(Problem(_("{first} 至 {last} 已经发布").format(first=first, last=last), "start"))
    people = checks.people_of(made)
    wrong = [Problem(one.text, where_text(one.key)) for one in checks.problems(made, people) if one.hard]
    if not gaps:
        wrong += [Problem(nobody(), where_text(key)) for key in empty(made)]
    if wrong:
        more = [Problem(_("另有 {count} 处").format(count=len(wrong) - TOLD))] if len(wrong) > TOLD else []
        raise Refused(*wrong[:TOLD], *more)
    values: dict[str, Value] = {
        "starts_on": start, "ends_on": end, "state": "PUBLISHED", "maker": maker, "approver": approver,
        "published_at": desk.clock.now(),
    }  # fmt: skip
    if note:
        values["note"] = note
    row = named_id("rosters", desk.config.district, start, end)
    if desk.get("rosters", row) is None:
        change = Change("rosters", row, values, new=True)
    else:
        listed = desk.rows("rosters", Condition("starts_on", "=", start), Condition("ends_on", "=", end))
        change = Change("rosters", row, values) if any(one.id == row for one in listed) else desk.new("rosters", values)
    changes = [change, *crew_changes(desk, made, people, [day.date for day in made.days])]
    if len(changes) > MOST:
        batches.write(desk.store, "roster.publish", changes, by=desk.me.id, size=MOST)
    else:
        desk.act("roster.publish", changes)
    return change.row


def empty(made: Facts) -> list[Key]:
    """Places that the days of the span ask for and where nobody stands."""
    found: list[Key] = []
    for day in made.days:
        for part in made.pattern.parts:
            for post, count in made.demand(day.date).crew.items():
                for slot in range(1, count + 1):
                    held = made.standing.get((day.date, part.code, post, slot))
                    if held is None or held.person is None:
                        found.append((day.date, part.code, post, slot))
    return found


def is_published(desk: Desk, start: str, end: str = "") -> bool:
    """Whether published rosters cover every day from `start` to `end` (`start` alone without one)."""
    made = facts(desk, start, end or start, around=0)
    return all(made.is_published(date) for date in rules.days(start, end or start))
