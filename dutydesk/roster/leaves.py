"""Leave and being away 请假外出: asked, approved or refused, reported back; who acts meanwhile (domain.md §3.3)."""

from __future__ import annotations

from collections.abc import Mapping

from dutydesk.core.clock import local
from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import _
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Row
from dutydesk.ledger.feature import Change
from dutydesk.ledger.rows import parse_row
from dutydesk.ledger.spec import Value, Values
from dutydesk.roster import approval, checks, rules
from dutydesk.roster.facts import Facts, facts
from dutydesk.roster.ledger import LEAVES
from dutydesk.roster.rows import Away, RosterProblem


def ask(desk: Desk, values: Values) -> bytes:
    """See `service.ask_leave`."""
    told = {name: value for name, value in values.items() if value not in (None, "")}
    texts = {name: str(value) for name, value in told.items() if isinstance(value, str)}
    parsed, problems = parse_row(LEAVES, {"kind": "", "starts_on": "", "ends_on": "", **texts}, partial=True)
    person = told.get("person")
    if not isinstance(person, bytes) or desk.get("people", person) is None:
        problems.append(Problem(_("通讯录里没有这个人"), "person"))
    first, last = str(parsed.get("starts_on") or ""), str(parsed.get("ends_on") or "")
    if first and last and last < first:
        problems.append(Problem(_("止期早于起期"), "ends_on"))
    if problems:
        raise Refused(*problems)
    assert isinstance(person, bytes)
    approval.must_be(desk, person, "person")
    made = facts(desk, first, last, around=0)
    member = made.members.get(person)
    if approval.may_decide(desk, person):
        if member is not None and member.deputy is not None:
            told.setdefault("acting", member.deputy)  # A 角不在由 B 角代
        problems += _leader_lacks(told)
    acting = told.get("acting")
    if isinstance(acting, bytes):
        problems += _unfit_to_act(desk, made, person, acting, first, last)
    if any(one.person == person and one.first <= last and first <= one.last for one in made.leaves):
        problems.append(Problem(_("这几天已有批准的请假"), "starts_on"))
    if problems:
        raise Refused(*problems)
    row = {**told, **parsed, "state": "ASKED"}
    change = desk.new("leaves", {name: value for name, value in row.items() if value is not None})
    desk.act("leave.ask", [change])
    return change.row


def _leader_lacks(told: Mapping[str, Value]) -> list[Problem]:
    """A leader who is away names who acts and how to be reached (外出报备)."""
    problems: list[Problem] = []
    if not told.get("acting"):
        problems.append(Problem(_("领导外出要有代职人"), "acting"))
    if not told.get("phone"):
        problems.append(Problem(_("领导外出要有联系电话"), "phone"))
    return problems


def _unfit_to_act(desk: Desk, made: Facts, person: bytes, acting: bytes, first: str, last: str) -> list[Problem]:
    if acting == person:
        return [Problem(_("不能代自己"), "acting")]
    if desk.get("people", acting) is None:
        return [Problem(_("通讯录里没有这个人"), "acting")]
    if any(one.person == acting and one.first <= last and first <= one.last for one in made.leaves):
        return [Problem(_("代职人这几天也不在"), "acting")]
    return []


def approve(desk: Desk, leave: bytes, by: bytes) -> tuple[RosterProblem, ...]:
    """See `service.approve_leave`."""
    row = _held(desk, leave, "ASKED")
    person = row["person"]
    assert isinstance(person, bytes)
    approval.must_lead(desk, by)
    if by == person:
        raise Refused(Problem(_("不能批准自己"), "by"))
    first, last = row.text("starts_on"), row.text("ends_on")
    made = facts(desk, first, last)
    member = made.members.get(person)
    if member is not None and member.principal:
        for day in made.days:
            if day.holiday and checks.principals_away(made, day.date, also=person):
                reason = _("{day} 节假日，主要领导不能都不在").format(day=day.date)
                raise Refused(Problem(reason, "starts_on"))
    acting = row.get("acting")
    if isinstance(acting, bytes):
        problems = _unfit_to_act(desk, made, person, acting, first, last)
        if problems:
            raise Refused(*problems)
    values: Values = {"state": "APPROVED", "approver": by, "decided_at": desk.clock.now()}
    desk.act("leave.approve", [Change("leaves", leave, values)])
    after = facts(desk, first, last)
    found = checks.problems(after, checks.people_of(after))
    return tuple(one for one in found if one.person == person and one.code == "LEAVE")


def refuse(desk: Desk, leave: bytes, by: bytes, reason: str) -> None:
    """See `service.refuse_leave`."""
    _held(desk, leave, "ASKED")
    approval.must_lead(desk, by)
    values: Values = {"state": "REFUSED", "approver": by, "decided_at": desk.clock.now()}
    desk.act("leave.refuse", [Change("leaves", leave, values)], note=reason)


def cancel(desk: Desk, leave: bytes, by: bytes) -> None:
    """See `service.cancel_leave`."""
    row = _held(desk, leave, "ASKED", "APPROVED")
    approval.must_be(desk, by)
    if by != row["person"] and not approval.may_decide(desk, by):
        raise Refused(Problem(_("只有本人或领导可以撤回"), "by"))
    if row.text("state") == "APPROVED" and row.text("starts_on") <= _today(desk):
        raise Refused(Problem(_("已经开始，请销假"), "state"))
    desk.act("leave.cancel", [Change("leaves", leave, {"state": "CANCELLED"})])


def report_back(desk: Desk, leave: bytes, on: str = "") -> None:
    """See `service.report_back`."""
    row = _held(desk, leave, "APPROVED")
    day = rules.parse_day(on or _today(desk), "returned_on").isoformat()
    if day < row.text("starts_on"):
        raise Refused(Problem(_("早于请假的第一天"), "returned_on"))
    if day > _today(desk):
        raise Refused(Problem(_("不能晚于今天"), "returned_on"))
    desk.act("leave.return", [Change("leaves", leave, {"state": "RETURNED", "returned_on": day})])


def _held(desk: Desk, leave: bytes, *states: str) -> Row:
    row = desk.get("leaves", leave)
    if row is None:
        raise Refused(Problem(_("没有这条请假"), "leave"))
    if row.text("state") not in states:
        label = LEAVES["state"].kind.show(row["state"], LEAVES["state"])
        raise Refused(Problem(_("这条请假{state}，不能这样办").format(state=label), "state"))
    return row


def _today(desk: Desk) -> str:
    return local(desk.clock.now()).date().isoformat()


def away(desk: Desk, day: str) -> tuple[Away, ...]:
    """Who is away on a day, leaders first."""
    made = facts(desk, day, day, around=0)

    def rank(one: Away) -> tuple[bool, bool, str]:
        member = made.members.get(one.person)
        leads = member is not None and (member.principal or approval.LEADING in member.posts)
        return (not (member is not None and member.principal), not leads, one.until)

    found = [Away(one.person, one.kind, one.last, one.acting, one.place, one.row) for one in made.away_on(day)]
    return tuple(sorted(found, key=rank))


def acting(desk: Desk, person: bytes, day: str) -> bytes | None:
    """Who acts for a person on a day; None where they are there, or named nobody."""
    return next((one.acting for one in away(desk, day) if one.person == person), None)
