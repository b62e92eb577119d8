"""Signing in and out 签到签退, violations 违纪, who is on now and whom the duty telephone reaches.

A sign belongs to a shift by its key. Who is expected signs with a key; who is not says why. Where accounts are in force
the person's own PIN goes with it. Everyone's last sign, in the order of the record, says where they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from dutydesk.attendance import crew, rules
from dutydesk.attendance.crew import OnPost, Roll, Span
from dutydesk.attendance.ledger import SIGN_INS, VIOLATIONS
from dutydesk.attendance.limits import Limits
from dutydesk.attendance.limits import limits as limits_in_force
from dutydesk.attendance.rules import State
from dutydesk.core import turns
from dutydesk.core.clock import MINUTE, local
from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import N_, _
from dutydesk.core.reference import label, reference
from dutydesk.journal import plain
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Condition, Row
from dutydesk.ledger.kinds import choice_label
from dutydesk.ledger.spec import Value, Values
from dutydesk.people import service as people

CATEGORY, LINE = "CHECK", "GOV"
SWAPPED = {"SWAP": N_("调"), "SUBSTITUTE": N_("代")}
STATES = {
    State.WAITING: N_("未签到"),
    State.LATE: N_("未签到"),
    State.ABSENT: N_("未到岗"),
    State.IN: N_("在岗"),
    State.HOME: N_("在家值守"),
    State.STAYED: N_("延班"),
    State.OUT: N_("已签退"),
}


@dataclass(frozen=True, slots=True)
class Proposal:
    """A violation that follows from the record and that somebody has to confirm: its values, and what it says."""

    values: Values
    title: str


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom the duty telephone reaches: `number` as it may be shown, `whole` only where it is nobody's personal data."""

    unit: str
    person: bytes | None
    name: str
    post: str
    number: str
    kind: str
    whole: str = ""

    @property
    def text(self) -> str:
        """`主班 李示例 138****0000`."""
        post = label("duty", "post", self.post) if self.post else ""
        return " ".join(part for part in (self.unit, post, self.name, self.number) if part)


def limits(desk: Desk) -> Limits:
    """The numbers in force at this desk."""
    with desk.store.read() as connection:
        return limits_in_force(connection)


# -- shifts ------------------------------------------------------------------------------------------------------------


def span_of(desk: Desk, key: str) -> Span:
    """The shift of a key (`2026-11-22/H24`, or a date alone for the first of the day), from its row or from the pattern.
    Raises `Refused`."""
    with desk.store.read() as connection:
        held = crew.span_of(connection, key.strip())
    if held is not None:
        return held
    day, _slash, code = key.strip().partition("/")
    made = turns.shift_on(day, turns.pattern(desk.config.shift_pattern, reference("duty")), code)
    if not code:
        return span_of(desk, f"{made.date}/{made.code}")
    return Span(f"{made.date}/{made.code}", made.start, made.end)


def span_at(desk: Desk, at: int) -> Span:
    """The shift that holds a moment."""
    with desk.store.read() as connection:
        held = crew.span_at(connection, at)
    if held is not None:
        return held
    made = turns.shift_of(at, turns.pattern(desk.config.shift_pattern, reference("duty")))
    return span_of(desk, f"{made.date}/{made.code}")


def shift_text(span: Span) -> str:
    """`11-22 08:30–次日 08:30`."""
    start, end = local(span.start), local(span.end)
    until = f"{end:%H:%M}"
    if end.date() > start.date():
        until = "24:00" if until == "00:00" else _("次日 {time}").format(time=until)
    return f"{start:%m-%d %H:%M}–{until}"


def roll(desk: Desk, now: int | None = None) -> Roll:
    """Who is on, who should be, who stayed; a shift without a row is that of the pattern."""
    at = desk.clock.now() if now is None else now
    span = span_at(desk, at)
    with desk.store.read() as connection:
        return crew.roll(connection, at, limits_in_force(connection), span=span)


def coming(desk: Desk, now: int | None = None) -> Roll:
    """The next shift, when one may sign in for it already; else a roll without lines."""
    at = desk.clock.now() if now is None else now
    span = span_at(desk, span_at(desk, at).end)
    with desk.store.read() as connection:
        held = limits_in_force(connection)
        if at < span.start - held.sign_ahead * MINUTE:
            return Roll(None)
        found = crew.roll(connection, at, held, span=span)
    return Roll(span, tuple(line for line in found.lines if line.shift == span.key))


def on_now(desk: Desk, now: int | None = None) -> tuple[OnPost, ...]:
    """Who is on now: signed in and not out, those who stayed for an absent relief among them. Where nobody has signed
    in, who is expected: the desk may not keep signs at all."""
    found = roll(desk, now)
    return found.present or found.lines


def signed_in(desk: Desk, shift: str) -> set[bytes]:
    """Ids of the people who have signed in for the shift of that key and are not out again (service `signed_in`)."""
    with desk.store.read() as connection:
        return crew.present(connection, shift)


def now_text(lines: Iterable[OnPost], *, marks: bool = False) -> str:
    """`带班 王示例（在家值守） 主班 李示例`; who is merely expected is marked. With `marks`, as on paper, also who stands
    there by a swap 调 or as a substitute 代."""
    found: list[str] = []
    for line in lines:
        post = label("duty", "post", line.post) if line.post else ""
        text = " ".join(part for part in (post, line.name) if part)
        if marks and line.origin in SWAPPED:
            text = _("{name}（{mark}）").format(name=text, mark=_(SWAPPED[line.origin]))
        if line.state is not State.IN:
            text = _("{name}（{state}）").format(name=text, state=_(STATES[line.state]))
        found.append(text)
    return " ".join(found)


def on_now_text(desk: Desk, now: int | None = None) -> str:
    """`on_now` as the head of a printed form says it, empty where nobody is known (service `on_now_text`)."""
    return now_text(on_now(desk, now), marks=True)


# -- signing -----------------------------------------------------------------------------------------------------------


def sign(
    desk: Desk,
    person: bytes,
    what: str = "IN",
    *,
    shift: str = "",
    post: str = "",
    note: str = "",
    pin: str | None = "",
) -> Row:
    """Sign in (`IN`), from home (`HOME`) or out (`OUT`) now; without `shift` for the one that is meant.

    `pin` is the person's own, asked for where accounts are in force; `None` from whoever proved at this desk who they
    are, for themselves. Lateness is counted against the start, overtime against the end; staying past the end writes a line into the log.
    Raises `Refused`: unknown person, wrong PIN, signed already, not signed in, a post that may not be held from home,
    and without a note for who is not expected or goes before the end.
    """
    if desk.get("people", person) is None:
        raise Refused(Problem(_("通讯录里没有这个人"), "person"))
    now = desk.clock.now()
    span = span_of(desk, shift) if shift else _meant(desk, person, what, now)
    with desk.store.read() as connection:
        held = limits_in_force(connection)
        given = crew.signs(connection, span.key).get(person)
        planned = next((one for one in crew.expected(connection, span) if one.person == person), None)
        modes = crew.modes_at(connection, span)
    mine = post or (planned.post if planned is not None else given.post if given is not None else "")
    last = given.last if given is not None else ""
    late = 0
    if what == "OUT":
        _check_out(last, now, span, note)
    else:
        _check_in(last, what, span, now, held, known=planned is not None, note=note)
        if what == "HOME" and not held.may_be_home(mine, modes):
            who = label("duty", "post", mine) if mine else _("未排岗位的人")
            raise Refused(Problem(_("{post}现在须到岗值守").format(post=who), "sign"))
        late = rules.arrival(now, span.start, held.arrive_early, held.late_grace).late if not last else 0
    _verify(desk, person, pin)
    over = rules.overtime(now, span.end) if what == "OUT" else 0
    return _write(desk, person, what, span, mine, late, over, note, now)


def sign_row(desk: Desk, values: Values) -> bytes:
    """`dutydesk add sign_ins person=… sign=…`: signs now, by the rules of `sign`; the id of the row."""
    person = values.get("person")
    if not isinstance(person, bytes):
        raise Refused(Problem(_("必填"), "person"))
    if asks_pin(desk) and desk.me.id != person.hex():  # whoever sits here gave a PIN of their own alone
        raise Refused(Problem(_("须由 {name} 本人操作").format(name=desk.title("people", person)), "person"))
    told = {name: str(values.get(name) or "") for name in ("shift", "post", "note")}
    return sign(desk, person, str(values.get("sign") or "IN"), **told, pin=None if asks_pin(desk) else "").id


def _verify(desk: Desk, person: bytes, pin: str | None) -> None:
    from dutydesk.accounts import service as accounts

    if accounts.in_force(desk) and not (pin is None and desk.me.id == person.hex()):
        accounts.verify(desk, person, pin or "", reason=_("值班签到"))


def asks_pin(desk: Desk) -> bool:
    """Whether signing needs the person's PIN."""
    from dutydesk.accounts import service as accounts

    return bool(accounts.in_force(desk))


def _write(
    desk: Desk, person: bytes, what: str, span: Span, post: str, late: int, over: int, note: str, now: int
) -> Row:
    config = desk.config
    values: dict[str, Value] = {
        "at": now,
        "shift": span.key,
        "person": person,
        "post": post or None,
        "sign": what,
        "late_min": late if what != "OUT" else None,
        "overtime_min": over if what == "OUT" else None,
        "note": note.strip() or None,
        "workstation": config.name or config.code or config.desk[:8],
    }
    change = desk.new("sign_ins", {name: value for name, value in values.items() if value is not None})
    if over:
        name = desk.title("people", person)
        who = f"{label('duty', 'post', post)} {name}" if post else name
        text = _("延班 {minutes} 分钟：{who}").format(minutes=over, who=who)
        change = plain.tell(desk, change, text, note.strip() or _("接班人未按时到岗"), category=CATEGORY, line=LINE)
    desk.act(f"sign.{what.lower()}", [change])
    made = desk.get("sign_ins", change.row)
    assert made is not None
    return made


def _check_in(last: str, what: str, span: Span, now: int, held: Limits, *, known: bool, note: str) -> None:
    if last == what:
        raise Refused(Problem(_("这一班已经签到"), "person"))
    if now < span.start - held.sign_ahead * MINUTE:
        raise Refused(Problem(_("开班前 {minutes} 分钟起可签到").format(minutes=held.sign_ahead), "at"))
    if now >= span.end and not last:
        raise Refused(Problem(_("这一班已经结束"), "shift"))
    if not known and not last and not note.strip():
        raise Refused(Problem(_("不在本班名单，写明原因"), "note"))


def _check_out(last: str, now: int, span: Span, note: str) -> None:
    if last not in rules.SIGNED:
        raise Refused(Problem(_("这一班没有签到"), "person"))
    if now < span.end and not note.strip():
        raise Refused(Problem(_("还没有到交班时间，写明原因"), "note"))


def _meant(desk: Desk, person: bytes, what: str, now: int) -> Span:
    """The shift that someone means who names none: the one they have not signed out of; else the coming one where they
    are expected there, not here, and may sign in for it; else the running one."""
    running = span_at(desk, now)
    following = span_at(desk, running.end)
    with desk.store.read() as connection:
        last = crew.span_before(connection, running.start)
        if what == "OUT":
            for span in (running, last, following):
                if span is not None and person in crew.present(connection, span.key):
                    return span
            return running
        ahead = limits_in_force(connection).sign_ahead * MINUTE
        if now < following.start - ahead:
            return running
        wanted = {one.person for one in crew.expected(connection, following)}
        here = {one.person for one in crew.expected(connection, running)}
        signed = crew.signs(connection, running.key)
    return following if person in wanted and (person not in here or person in signed) else running


# -- violations --------------------------------------------------------------------------------------------------------


def add_violation(desk: Desk, values: Values) -> bytes:
    """Record a violation, now unless `at` says when; a line goes into the duty log. The id of its row.

    Raises `Refused` for what is required, a time to come, a spot check that has its violation already.
    """
    now = desk.clock.now()
    given: dict[str, Value] = {"at": now, **{name: value for name, value in values.items() if value is not None}}
    plain.check(desk, "violations", given)
    at = given["at"]
    assert isinstance(at, int)
    if at > now + 5 * MINUTE:
        raise Refused(Problem(_("时间还没有到"), "at"))
    check = given.get("spot_check")
    if isinstance(check, bytes) and desk.count("violations", Condition("spot_check", "=", check)):
        raise Refused(Problem(_("这次抽查已经记过违纪"), "spot_check"))
    given.setdefault("shift", span_at(desk, at).key)
    given.setdefault("found_by", desk.me.name or None)
    change = desk.new("violations", {name: value for name, value in given.items() if value is not None})
    told = plain.tell(
        desk, change, violation_text(desk, given), _("已记入违纪"), category=CATEGORY, line=LINE, happened_at=at
    )
    desk.act("violation.add", [told], happened_at=at)
    return change.row


def violation_text(desk: Desk, values: Values) -> str:
    """`值班违纪 脱岗：东示例街道 …`."""
    unit, person = values.get("unit"), values.get("person")
    who = [
        desk.title("units", unit) if isinstance(unit, bytes) else "",
        desk.title("people", person) if isinstance(person, bytes) else "",
        str(values.get("text") or ""),
    ]
    kind = choice_label(values.get("kind"), VIOLATIONS["kind"])
    return _("值班违纪 {kind}：{text}").format(kind=kind, text=" ".join(part for part in who if part))


def proposals(desk: Desk, start: int, end: int) -> list[Proposal]:
    """Violations that follow from the record over [start, end) and are not recorded: who was expected on a shift and
    never signed in, and reports that went out late."""
    return [*_absences(desk, start, end), *_late_reports(desk, start, end)]


def _absences(desk: Desk, start: int, end: int) -> list[Proposal]:
    now = desk.clock.now()
    found: list[Proposal] = []
    with desk.store.read() as connection:
        held = limits_in_force(connection)
        for span in crew.spans(connection, start, end):
            if not crew.kept(connection, span.end):
                continue
            lines = crew.roll(connection, min(now, span.end - 1), held, span=span).lines
            for line in lines:
                if line.state is State.ABSENT and line.shift == span.key:
                    post = label("duty", "post", line.post)
                    text = _("{shift} {post} {name} 未签到").format(shift=span.key, post=post, name=line.name)
                    at = span.start + held.absent_after * MINUTE
                    values: Values = {
                        "at": at,
                        "kind": "ABSENT",
                        "person": line.person,
                        "shift": span.key,
                        "text": _("{post} 未签到").format(post=post),
                    }
                    found.append(Proposal(values, text))
    return [one for one in found if not _recorded(desk, one.values, "person", "shift")]


def _late_reports(desk: Desk, start: int, end: int) -> list[Proposal]:
    clocks = desk.services.get("clocks")
    if clocks is None:
        return []
    found: list[Proposal] = []
    for row in desk.rows("incidents", Condition("received_at", ">=", start), Condition("received_at", "<", end)):
        late: list[Any] = [timed for timed in clocks(row) if timed.late > 0]
        if not late:
            continue
        worst = max(late, key=_lateness)
        text = _("事件 {no} 超过时限 {minutes} 分钟").format(no=row.text("no"), minutes=worst.late)
        if worst.done_at is None:
            text = _("事件 {no} 到时限未报").format(no=row.text("no"))
        values: Values = {"at": worst.clock.due_at, "kind": "LATE_REPORT", "text": text}
        found.append(Proposal(values, text))
    return [one for one in found if not _recorded(desk, one.values, "at")]


def _lateness(timed: Any) -> int:
    return timed.late


def _recorded(desk: Desk, values: Values, *by: str) -> bool:
    where = [Condition(name, "=", values.get(name)) for name in ("kind", *by)]
    return bool(desk.count("violations", *where))


# -- the duty telephone ------------------------------------------------------------------------------------------------


def duty_contact(desk: Desk, unit: bytes | None = None, at: int | None = None, post: str = "PRIMARY") -> Contact:
    """Whom the duty telephone reaches: a role, not a number.

    Here (no `unit`) it is whoever stands `post` at that moment by the roster, and the number of theirs to call first. At
    another unit its own duty telephone, else the number of its office, else of a person there who holds a duty post.
    A person's number is masked; a unit's is not.
    """
    moment = desk.clock.now() if at is None else at
    if unit is None:
        return _own_contact(desk, moment, post)
    held = desk.get("units", unit)
    if held is None:
        raise Refused(Problem(_("没有这个单位"), "unit"))
    name = held.text("short") or held.text("name")
    if held.text("duty_phone"):
        return Contact(name, None, "", "", held.text("duty_phone"), "DUTY", held.text("duty_phone"))
    there = desk.rows("people", Condition("unit", "=", unit))
    posts = {row.id: row.text("role") for row in desk.rows("posts") if row.text("role")}
    order = {"PRIMARY": 0, "SECTION_HEAD": 1, "LEADER": 2}
    ranked: list[tuple[int, Row, str]] = []
    for row in there:
        of = row.get("post")
        role = posts.get(of, "") if isinstance(of, bytes) else ""
        if row.text("kind") == "OFFICE" or role:
            ranked.append((-1 if row.text("kind") == "OFFICE" else order.get(role, 3), row, role))
    for _rank, row, role in sorted(ranked, key=_rank_of):
        found = _number_of(desk, name, row, role)
        if found.number:
            return found
    return Contact(name, None, "", "", "", "")


def _rank_of(one: tuple[int, Row, str]) -> tuple[int, str]:
    return one[0], one[1].text("name")


def _own_contact(desk: Desk, at: int, post: str) -> Contact:
    duty = desk.services.get("duty")
    person: bytes | None = duty(post, at) if duty is not None else None
    if person is None:
        lines = [line for line in roll(desk, at).lines if line.post == post]
        person = next((line.person for line in lines if line.present), lines[0].person if lines else None)
    held = desk.get("people", person) if person is not None else None
    if held is None:
        return Contact("", None, "", post, "", "")
    return _number_of(desk, "", held, post)


def _number_of(desk: Desk, unit: str, person: Row, post: str) -> Contact:
    usable = [row for row in people.numbers(desk, person.id) if row.text("state") not in ("BAD", "OFF")]
    first = people.first_number(usable)
    if first is None:
        return Contact(unit, person.id, person.text("name"), post, "", "")
    shown = str(desk.masked(first, "number") or "")
    whole = first.text("number")
    kind = first.text("kind")
    return Contact(unit, person.id, person.text("name"), post, shown, kind, whole if shown == whole else "")


def number_of(desk: Desk, person: bytes) -> Contact:
    """The number by which a person is to be called first, masked."""
    held = desk.get("people", person)
    return Contact("", person, "", "", "", "") if held is None else _number_of(desk, "", held, "")


def sign_label(code: str) -> str:
    """签到, 签退, 在家值守."""
    return choice_label(code, SIGN_INS["sign"])


def own_contacts(desk: Desk, at: int | None = None) -> Sequence[Contact]:
    """The duty telephones of this desk's own posts that somebody stands now."""
    found = [duty_contact(desk, None, at, post) for post in ("PRIMARY", "SECONDARY", "LEADER")]
    return [one for one in found if one.person is not None]
