"""Recurring duties 固定工作: what is due, what was missed, ticks and answers.

A duty counts from its first day (`starts_on`) on. Whatever fell due and was neither ticked nor answered stays open,
however long ago; so a plan is not changed, switched off or taken away while something of it stands open, and a changed
plan counts from its next due on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from dutydesk.attendance import crew, plans
from dutydesk.attendance.ledger import DUTIES
from dutydesk.attendance.limits import limits as limits_in_force
from dutydesk.attendance.model import DUTY_TABLE, DUTY_TICK_TABLE
from dutydesk.attendance.plans import SHIFT, WEEKLY, Due, DueState, Plan, Turn
from dutydesk.core import turns as patterns
from dutydesk.core.clock import CST, DAY, MINUTE, local, utc_ms
from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import N_, _, pick
from dutydesk.core.reference import label, reference, rows
from dutydesk.journal import plain
from dutydesk.journal import query as q
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Row
from dutydesk.journal.schema import Shape
from dutydesk.journal.store import Receipt
from dutydesk.ledger.spec import Value, Values
from dutydesk.ledger.table import LISTED

SHAPE = Shape(DUTIES, DUTY_TABLE)
WEEKDAYS = (N_("周一"), N_("周二"), N_("周三"), N_("周四"), N_("周五"), N_("周六"), N_("周日"))
PLAN = ("rhythm", "days", "time", "season", "starts_on", "ends_on")
"""Fields that say when a duty is due."""
CLOSING = (DueState.DUE, DueState.MISSED)
STATES = {
    DueState.AHEAD: N_("未到时间"),
    DueState.DUE: N_("该办"),
    DueState.MISSED: N_("逾期"),
    DueState.DONE: N_("已办"),
    DueState.LATE: N_("超时办结"),
    DueState.NOT_DONE: N_("未办，已说明"),
}


@dataclass(frozen=True, slots=True)
class Item:
    """One due of a duty and where it stands; `tick` the row that answers it."""

    duty: Row
    plan: Plan
    due: Due
    state: DueState
    tick: Mapping[str, Any] | None = None

    @property
    def open(self) -> bool:
        """Whether somebody has to do it now."""
        return self.state in CLOSING

    @property
    def late(self) -> int:
        """Minutes by which it was done late."""
        return int((self.tick or {}).get("late_min") or 0)


# -- reading -----------------------------------------------------------------------------------------------------------


def plan_of(values: Values, today: date) -> Plan:
    """The plan of a row. One without a first day counts from today: nothing is missed of what nobody began. Raises
    `Refused`."""
    first, last = values.get("starts_on"), values.get("ends_on")
    grace = values.get("grace_min")
    return plans.plan_of(
        str(values.get("rhythm") or ""),
        str(values.get("days") or ""),
        str(values.get("time") or ""),
        grace if isinstance(grace, int) else 0,
        str(values.get("season") or ""),
        date.fromisoformat(str(first)) if first else today,
        date.fromisoformat(str(last)) if last else None,
    )


def items(connection: Connection, now: int, since: int, until: int, more: Sequence[Turn] = ()) -> list[Item]:
    """The dues of every active duty, oldest first: those in [since, until), and whatever fell due before and is not
    answered. `more` are shifts that have no row yet. A duty whose plan cannot be read is left out: its form says what
    is wrong."""
    held = q.rows(connection, SHAPE, q.Query("duties", (q.Condition("active", "=", 1),)))
    today = local(now).date()
    read = [(row, plan) for row in held if (plan := _readable(row, today)) is not None]
    if not read:
        return []
    start = min(plans.day_due(replace(plan, minute=0), plan.first) for _row, plan in read)
    turns = _turns(connection, read, start, until, more)
    seasons = crew.seasons(connection, local(start).date(), local(until).date(), turns)
    answered, ticks = _ticks(connection, [row.id for row, _plan in read], since - 2 * DAY)
    found: list[Item] = []
    for row, plan in read:
        settled = {_place(plan, at, turns) for at in answered.get(row.id, ())}
        mine = {_place(plan, tick["due_at"], turns): tick for tick in reversed(ticks.get(row.id, ()))}
        for due in plans.dues(plan, start, until, turns if plan.rhythm == SHIFT else (), seasons):
            place = _place(plan, due.at, turns)
            if due.at < since and (place in settled or place in mine):
                continue
            tick = mine.get(place)
            found.append(Item(row, plan, due, plans.state(due, plan, now, tick), tick))
    return sorted(found, key=_by_due)


def _place(plan: Plan, at: int, turns: Sequence[Turn]) -> int | str:
    """The day or the shift that a due belongs to; days as numbers, for there may be thousands."""
    return plans.key_of(plan, at, turns) if plan.rhythm == SHIFT else plans.day_number(at)


def _readable(row: Row, today: date) -> Plan | None:
    try:
        return plan_of(row.values, today)
    except (Refused, ValueError):
        return None


def _by_due(item: Item) -> tuple[int, str]:
    return item.due.at, item.duty.text("name")


def _turns(
    connection: Connection, read: Iterable[tuple[Row, Plan]], start: int, until: int, more: Sequence[Turn]
) -> tuple[Turn, ...]:
    if all(plan.rhythm != SHIFT and not plan.season for _row, plan in read):
        return ()
    held = [span.turn for span in crew.spans(connection, start, until)]
    known = {turn.key for turn in held}
    return tuple(sorted([*held, *(turn for turn in more if turn.key not in known)], key=_starts))


def _starts(turn: Turn) -> int:
    return turn.start


def _ticks(
    connection: Connection, duties: Sequence[bytes], since: int
) -> tuple[dict[bytes, list[int]], dict[bytes, list[dict[str, Any]]]]:
    """When the dues before `since` were due that are answered, and the whole ticks of those after it, in the order of
    the record."""
    shown = DUTY_TICK_TABLE.c
    ours = (shown["_state"] == LISTED, shown.duty.in_(list(duties)))
    old: dict[bytes, list[int]] = {}
    for row in connection.execute(select(shown.duty, shown.due_at).where(*ours, shown.due_at < since)):
        old.setdefault(bytes(row[0]), []).append(row[1])
    names = ("due_at", "done_at", "late_min", "not_done", "by", "note")
    statement = (
        select(shown.duty, *(shown[name] for name in names))
        .where(*ours, shown.due_at >= since)
        .order_by(shown["_hlc"], shown["_n"])
    )
    new: dict[bytes, list[dict[str, Any]]] = {}
    for row in connection.execute(statement):
        duty, *values = tuple(row)
        new.setdefault(bytes(duty), []).append(dict(zip(names, values, strict=True)))
    return old, new


def utc_ms_of(day: date) -> int:
    """The first moment of a local day."""
    return utc_ms(datetime(day.year, day.month, day.day, tzinfo=CST))


def pattern_turns(desk: Desk, at: int) -> list[Turn]:
    """The running shift and the next, by the pattern: they may have no row yet."""
    pattern = patterns.pattern(desk.config.shift_pattern, reference("duty"))
    running = patterns.shift_of(at, pattern)
    both = (running, patterns.next_shift(running, pattern))
    return [Turn(f"{shift.date}/{shift.code}", shift.start, shift.end) for shift in both]


def due_list(desk: Desk, now: int | None = None) -> list[Item]:
    """What the list of the day shows: everything that stands open, and what falls due today or in the running shift."""
    at = desk.clock.now() if now is None else now
    turns = pattern_turns(desk, at)
    midnight = utc_ms_of(local(at).date())
    first, last = min(midnight, turns[0].start), max(midnight + DAY, turns[0].end)
    with desk.store.read() as connection:
        return items(connection, at, first, last, turns)


def due_between(desk: Desk, start: int, end: int) -> list[Item]:
    """Every due in [start, end) and where it stands now."""
    now = desk.clock.now()
    with desk.store.read() as connection:
        return [item for item in items(connection, now, start, end, pattern_turns(desk, now)) if item.due.at >= start]


def open_ones(connection: Connection, now: int) -> list[Item]:
    """What is due within the hour or stands open, for the board and the hand-over: missed ones never go by themselves."""
    ahead = limits_in_force(connection).due_ahead * MINUTE
    found = items(connection, now, now, now + ahead + 1)
    return [item for item in found if item.open or item.state is DueState.AHEAD]


# -- writing -----------------------------------------------------------------------------------------------------------


def add(desk: Desk, values: Values) -> bytes:
    """Add a duty; it counts from its next due on unless `starts_on` says otherwise, and is active unless `active` is 0.
    Raises `Refused`."""
    given: dict[str, Value] = {"active": 1, **{name: value for name, value in values.items() if value is not None}}
    plan = _checked(desk, given)
    if not given.get("starts_on"):
        given["starts_on"] = _next_day(desk, plan).isoformat()
    return plain.add(desk, "duties", given)


def edit(desk: Desk, duty: bytes, values: Values) -> Receipt | None:
    """Write a duty again. Raises `Refused` for another plan, or none, while something of it stands open."""
    held = _held(desk, duty)
    given = {name: value for name, value in values.items() if held.values.get(name) != value}
    after: dict[str, Value] = {**held.values, **given}
    plan = _checked(desk, after)
    if any(name in given for name in (*PLAN, "active")):
        _refuse_open(desk, duty)
        begins = any(name in given for name in PLAN) or given.get("active") == 1
        if begins and after.get("active") and "starts_on" not in given:
            given["starts_on"] = _next_day(desk, plan).isoformat()
    return plain.edit(desk, "duties", duty, given)


def remove(desk: Desk, duty: bytes) -> Receipt:
    """Take a duty off the list. Raises `Refused` while something of it stands open."""
    _held(desk, duty)
    _refuse_open(desk, duty)
    return plain.remove(desk, "duties", duty)


def _held(desk: Desk, duty: bytes) -> Row:
    held = desk.get("duties", duty)
    if held is None:
        raise Refused(_("没有这项固定工作"))
    return held


def _checked(desk: Desk, values: Values) -> Plan:
    try:
        return plan_of(values, local(desk.clock.now()).date())
    except ValueError:
        raise Refused(Problem(_("应为日期，如 2026-06-18"), "starts_on")) from None


def _refuse_open(desk: Desk, duty: bytes) -> None:
    missed = [item for item in due_list(desk) if item.duty.id == duty and item.open]
    if missed:
        raise Refused(_("还有 {count} 次没有办结，先办结或写明未办原因").format(count=len(missed)))


def _next_day(desk: Desk, plan: Plan) -> date:
    """Today, or tomorrow where today's time has passed already."""
    now = desk.clock.now()
    today = local(now).date()
    if plan.rhythm == SHIFT:
        running = pattern_turns(desk, now)[0]
        return running.day if plans.shift_due(plan, running) > now else running.day + timedelta(days=1)
    return today if plans.day_due(plan, today) > now else today + timedelta(days=1)


def tick(desk: Desk, duty: bytes, due_at: int | None = None, *, note: str = "", done: bool = True) -> Receipt:
    """Tick a due as done now, or (`done` false) answer that it was not done, because of `note`.

    Without `due_at` it is the oldest that stands open, else the next of today. Raises `Refused` where there is none,
    where it is answered already, and for a 未办 without a reason.
    """
    if not done and not note.strip():
        raise Refused(Problem(_("写明为什么没有办"), "note"))
    held = _held(desk, duty)
    now = desk.clock.now()
    mine = [item for item in due_list(desk, now) if item.duty.id == duty]
    if due_at is not None:
        found = next((item for item in mine if item.due.at == due_at), None)
    else:
        waiting = [item for item in mine if item.tick is None]
        found = next(iter(waiting), None)
    if found is None:
        raise Refused(_("{name}现在没有要办的").format(name=held.text("name")))
    if found.tick is not None:
        raise Refused(_("{name}这一次已经办结").format(name=held.text("name")))
    late = plans.late(found.due.at, now, found.plan.grace)
    values: dict[str, Value] = {"duty": duty, "due_at": found.due.at, "done_at": now}
    if done:
        values["late_min"] = late
    else:
        values["not_done"] = 1
    if desk.me.name:
        values["by"] = desk.me.name
    if note.strip():
        values["note"] = note.strip()
    return desk.act("duty.tick", [desk.new("duty_ticks", values)])


def tick_row(desk: Desk, values: Values) -> Receipt:
    """`dutydesk add duty_ticks duty=… [due_at=…] [not_done=1] [note=…]`: answers a due now, by the rules of `tick`."""
    duty, due_at = values.get("duty"), values.get("due_at")
    if not isinstance(duty, bytes):
        raise Refused(Problem(_("必填"), "duty"))
    note, done = str(values.get("note") or ""), not values.get("not_done")
    return tick(desk, duty, due_at if isinstance(due_at, int) else None, note=note, done=done)


def find(desk: Desk, name: str) -> bytes:
    """The duty of a name. Raises `Refused`."""
    try:
        return desk.resolve("duties", name)
    except ValueError as error:
        raise Refused(Problem(str(error), "NAME")) from None


# -- what is usual -----------------------------------------------------------------------------------------------------


def offers(desk: Desk) -> list[Mapping[str, Any]]:
    """Usual duties (table `duty` of `attendance.json`) that this desk has not: offered, never active by themselves."""
    known = {row.text("name") for row in desk.rows("duties")}
    return [row for row in rows("attendance", "duty") if not {row["zh"], row["en"]} & known]


def offer_text(row: Mapping[str, Any]) -> str:
    """`节假日零报告  每天 15:00 节假日`."""
    values: Values = {
        "rhythm": row["rhythm"],
        "days": row["days"],
        "time": row["time"],
        "season": row["season"] or None,
    }
    return "  ".join(part for part in (pick(dict(row)), when_text(values)) if part)


def when_text(values: Values) -> str:
    """`每周一、周五 16:00`, `每月 1 日、月末 17:00 汛期`, `每班 开班后 30 分钟`."""
    rhythm, item = str(values.get("rhythm") or ""), DUTIES["rhythm"]
    days = _("、").join(_day_text(rhythm, day) for day in str(values.get("days") or "").split())
    often = _("每{days}").format(days=days) if rhythm == WEEKLY and days else item.kind.show(rhythm or None, item)
    clock = str(values.get("time") or "")
    if rhythm == SHIFT:
        clock = _("开班后 {minutes} 分钟").format(minutes=clock.lstrip("+") or "0")
    season = values.get("season")
    shown = label("duty", "duty_mode", str(season)) if season else ""
    return " ".join(part for part in (often, "" if rhythm == WEEKLY else days, clock, shown) if part)


def _day_text(rhythm: str, day: str) -> str:
    """A day of the week or of the month in words."""
    if rhythm == WEEKLY and day in tuple("1234567"):
        return _(WEEKDAYS[int(day) - 1])
    return _("月末") if day == "-1" else _("{day} 日").format(day=day)


def adopt(desk: Desk, codes: Iterable[str]) -> list[bytes]:
    """Take usual duties over as this desk's own, active from their next due on; ids. Raises `Refused` for an unknown
    code."""
    known = {row["code"]: row for row in offers(desk)}
    wanted = list(codes)
    for code in wanted:
        if code not in known:
            raise Refused(Problem(_("没有这一项，或已经选用：{code}").format(code=code), "code"))
    return [add(desk, _values(known[code])) for code in wanted]


def _values(row: Mapping[str, Any]) -> dict[str, Value]:
    table = reference("attendance")["tables"]["duty"]
    source = _("，").join(str(row.get(name) or table.get(name) or "") for name in ("source", "date"))
    return {
        "name": pick(dict(row)),
        "rhythm": row["rhythm"],
        "days": row["days"] or None,
        "time": row["time"],
        "grace_min": row["grace"],
        "season": row["season"] or None,
        "post": row["post"] or None,
        "source": source,
    }
