"""What attendance says to the board, the list of what is due and the hand-over, through one connection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, func, select

from dutydesk.attendance import crew, duties
from dutydesk.attendance.duties import Item
from dutydesk.attendance.ledger import SIGN_INS, SPOT_CHECKS, VIOLATIONS
from dutydesk.attendance.limits import limits
from dutydesk.attendance.model import SPOT_CHECK_TABLE, VIOLATION_TABLE
from dutydesk.attendance.plans import DueState
from dutydesk.attendance.rules import State
from dutydesk.attendance.service import now_text
from dutydesk.core.clock import local
from dutydesk.core.i18n import N_, _
from dutydesk.core.reference import label
from dutydesk.ledger.feature import Figure, OpenItem
from dutydesk.ledger.kinds import choice_label
from dutydesk.ledger.table import LISTED

SHOWN = 6
"""How many missed times the detail of an item names."""


def open_items(read: Connection, now: int) -> list[OpenItem]:
    """Block TODO: who was expected and has not signed in so long after the start, once the desk keeps signs; who is at
    home while the post must be in the room; duties within the hour, due or missed."""
    return [*_people(read, now), *_duties(read, now)]


def _people(read: Connection, now: int) -> list[OpenItem]:
    if not crew.kept(read, now + 1):
        return []
    found: list[OpenItem] = []
    roll = crew.roll(read, now, limits(read))
    for line in roll.lines:
        who = f"{label('duty', 'post', line.post)} {line.name}".strip()
        if line.state is State.ABSENT and roll.span is not None:
            title = _("{who} 未到岗").format(who=who)
            detail = _("{time} 开班，还没有签到").format(time=f"{local(roll.span.start):%H:%M}")
            found.append(OpenItem("TODO", title, roll.span.start, 1, "people", line.person, detail))
        elif line.away:
            title = _("{who} 在家值守，现在须到岗").format(who=who)
            found.append(OpenItem("TODO", title, None, 1, "people", line.person))
    return found


def _duties(read: Connection, now: int) -> list[OpenItem]:
    by_duty: dict[bytes, list[Item]] = {}
    for item in duties.open_ones(read, now):
        by_duty.setdefault(item.duty.id, []).append(item)
    found: list[OpenItem] = []
    for duty, items in by_duty.items():
        name = items[0].duty.text("name")
        missed = [item for item in items if item.state is DueState.MISSED]
        rest = [item for item in items if item.state in (DueState.DUE, DueState.AHEAD)]
        if missed:
            times = [f"{local(item.due.at):%m-%d %H:%M}" for item in missed]
            title = _("{name} 逾期").format(name=name)
            if len(missed) > 1:
                title = _("{name} 逾期 {count} 次").format(name=name, count=len(missed))
            detail = _("、").join(times[:SHOWN]) + ("…" if len(times) > SHOWN else "")
            found.append(OpenItem("TODO", title, missed[0].due.at, 1, "duties", duty, detail))
        if rest:
            found.append(OpenItem("TODO", name, rest[0].due.at, 0, "duties", duty))
    return found


def figures(read: Connection, start: int, end: int) -> list[Figure]:
    """Who is on just before `end`, once the desk keeps signs; violations and spot checks in [start, end)."""
    found: list[Figure] = []
    if crew.kept(read, end):
        lines = [line for line in crew.roll(read, end - 1, limits(read)).lines if line.state is not State.OUT]
        if lines:
            away = any(line.state is State.ABSENT or line.away for line in lines)
            found.append(Figure("attendance.on_now", N_("在岗"), now_text(lines), "", 1 if away else 0))
    wrong = _count(read, VIOLATION_TABLE, start, end)
    if wrong:
        found.append(Figure("attendance.violations", N_("违纪"), wrong, N_("次"), 1))
    checked = _count(read, SPOT_CHECK_TABLE, start, end)
    if checked:
        answered = _count(read, SPOT_CHECK_TABLE, start, end, SPOT_CHECK_TABLE.c.result == "IN_POST")
        found.append(Figure("attendance.spot_checks", N_("抽查"), checked, N_("次")))
        found.append(Figure("attendance.spot_checks_in_post", N_("抽查在岗"), answered, N_("次")))
    return found


def _count(read: Connection, table: Table, start: int, end: int, *where: ColumnElement[bool]) -> int:
    shown = table.c
    statement = select(func.count()).where(shown["_state"] == LISTED, shown.at >= start, shown.at < end, *where)
    return int(read.execute(statement).scalar_one())


def title(ledger: str, values: Mapping[str, Any]) -> str:
    """`2026-11-22/H24 签到`, `脱岗 …`, `11-22 20:10 无人接听`, a duty's name, `11-22 15:00 办结`."""
    match ledger:
        case "sign_ins":
            parts: Sequence[str] = (str(values.get("shift") or ""), choice_label(values.get("sign"), SIGN_INS["sign"]))
        case "violations":
            parts = (choice_label(values.get("kind"), VIOLATIONS["kind"]), str(values.get("text") or ""))
        case "spot_checks":
            parts = (_moment(values.get("at")), choice_label(values.get("result"), SPOT_CHECKS["result"]))
        case "duty_ticks":
            parts = (_moment(values.get("due_at")), _("未办") if values.get("not_done") else _("办结"))
        case _:
            parts = (str(values.get("name") or ""),)
    return " ".join(part for part in parts if part)


def _moment(at: object) -> str:
    return f"{local(at):%m-%d %H:%M}" if isinstance(at, int) else ""
