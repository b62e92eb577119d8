"""Spot checks 抽查点名 of lower units: whom to call, what came of it, and the statistics of a month.

A round is the checks between two summaries: closing it writes one line into the duty log. A result that is a violation
becomes one with a single key, once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from dutydesk.attendance import rules
from dutydesk.attendance.ledger import SPOT_CHECKS
from dutydesk.attendance.rules import Check, Stats
from dutydesk.attendance.service import CATEGORY, LINE, add_violation, duty_contact, limits
from dutydesk.core.clock import CST, MINUTE, local, utc_ms
from dutydesk.core.errors import Problem, Refused
from dutydesk.core.figures import NONE, rate
from dutydesk.core.i18n import _
from dutydesk.core.reference import by_code
from dutydesk.journal import plain
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Condition, Row
from dutydesk.ledger.kinds import choice_label
from dutydesk.ledger.spec import Value, Values

LOWER = ("SUBDISTRICT", "COMMUNITY", "GRID", "ZONE")
"""Levels of regions below the district."""
LONGEST = 3_600
"""Seconds beyond which a time to answer is a slip of the pen (design)."""


@dataclass(frozen=True, slots=True)
class Callee:
    """A unit of the call list: its number and when and how it was last checked."""

    unit: bytes
    name: str
    number: str
    last_at: int | None = None
    last_result: str = ""


@dataclass(frozen=True, slots=True)
class Month:
    """The statistics of a month: `all` of it, and unit by unit, by name."""

    month: str
    whole: Stats
    units: tuple[tuple[bytes, str, Stats], ...]


def results() -> Mapping[str, Mapping[str, Any]]:
    """Table `spot_result`: what counts as answered and which violation it is."""
    return by_code("attendance", "spot_result")


# -- the call list -----------------------------------------------------------------------------------------------------


def call_list(desk: Desk) -> list[Callee]:
    """The units below the district, who was not checked for the longest time first; of equal ones by name.

    A unit is below the district when its region is; where units have no regions, every unit with a duty telephone but
    this desk's own."""
    levels = {row.id: row.text("level") for row in desk.rows("regions")}
    every = [row for row in desk.rows("units") if row.text("name") != desk.config.unit]
    lower = [row for row in every if _level(row, levels) in LOWER]
    listed = lower or [row for row in every if row.text("duty_phone")]
    last = _last(desk)
    found: list[Callee] = []
    for row in listed:
        at, result = last.get(row.id, (None, ""))
        name = row.text("short") or row.text("name")
        found.append(Callee(row.id, name, duty_contact(desk, row.id).number, at, result))
    return sorted(found, key=_waiting)


def _level(row: Row, levels: Mapping[bytes, str]) -> str:
    region = row.get("region")
    return levels.get(region, "") if isinstance(region, bytes) else ""


def _waiting(callee: Callee) -> tuple[int, str]:
    return callee.last_at or 0, callee.name


def _last(desk: Desk) -> dict[bytes, tuple[int, str]]:
    found: dict[bytes, tuple[int, str]] = {}
    for row in desk.rows("spot_checks", order="-at", limit=5_000):
        unit = row.get("unit")
        if isinstance(unit, bytes):
            found.setdefault(unit, (row.number("at"), row.text("result")))
    return found


# -- writing -----------------------------------------------------------------------------------------------------------


def add(desk: Desk, values: Values) -> bytes:
    """Record a spot check, now unless `at` says when; the id of its row.

    Raises `Refused` for what is required, seconds where nobody answered, a time to come.
    """
    now = desk.clock.now()
    given: dict[str, Value] = {
        "at": now,
        "means": "PHONE",
        **{name: value for name, value in values.items() if value is not None},
    }
    if desk.me.name:
        given.setdefault("checker", desk.me.name)
    plain.check(desk, "spot_checks", given)
    problems: list[Problem] = []
    at, seconds, held = given["at"], given.get("seconds"), results().get(str(given["result"]))
    if isinstance(at, int) and at > now + 5 * MINUTE:
        problems.append(Problem(_("时间还没有到"), "at"))
    if held is None:
        problems.append(Problem(_("没有这种结果"), "result"))
    elif isinstance(seconds, int):
        if not held["answered"]:
            problems.append(Problem(_("没有人接听就没有用时"), "seconds"))
        elif seconds > LONGEST:
            problems.append(Problem(_("用时太长，核对一下"), "seconds"))
    if problems:
        raise Refused(*problems)
    change = desk.new("spot_checks", given)
    desk.act("spot_check.add", [change], happened_at=at if isinstance(at, int) else None)
    return change.row


def violation_of(desk: Desk, check: bytes) -> bytes:
    """Make the violation that a spot check found; the id of its row. Raises `Refused` where its result is none, and
    where it has one already."""
    row = desk.get("spot_checks", check)
    if row is None:
        raise Refused(_("没有这次抽查"))
    held = results().get(row.text("result"))
    if held is None or not held["violation"]:
        raise Refused(_("这次抽查没有发现违纪"))
    parts = [_("抽查发现{result}").format(result=choice_label(row.get("result"), SPOT_CHECKS["result"]))]
    parts += [_("应答人 {name}").format(name=row.text("answered_by"))] if row.get("answered_by") else []
    parts += [row.text("note")] if row.get("note") else []
    values: Values = {
        "at": row.number("at"),
        "kind": held["violation"],
        "unit": row.get("unit"),
        "text": _("，").join(parts),
        "found_by": _("抽查"),
        "spot_check": check,
    }
    return add_violation(desk, values)


# -- rounds ------------------------------------------------------------------------------------------------------------


def round_text(desk: Desk, checks: Sequence[Row]) -> str:
    """`抽查点名 12 个单位，应答 11 个，平均 8 秒；无人接听：东示例街道`."""
    found = rules.stats(_facts(checks), results(), limits(desk).answer_seconds)
    units = {row.get("unit") for row in checks}
    text = _("抽查点名 {units} 个单位 {checks} 次，应答 {answered} 次").format(
        units=len(units), checks=found.checks, answered=found.answered
    )
    if found.mean is not None:
        text += _("，平均 {seconds} 秒").format(seconds=found.mean)
    named = desk.titles("units", [unit for unit in units if isinstance(unit, bytes)])
    for code, held in results().items():
        there = [row for row in checks if row.get("result") == code and held["violation"]]
        if there:
            who = _("、").join(dict.fromkeys(named.get(_unit(row), "") for row in there))
            text += _("；{result}：{who}").format(result=choice_label(code, SPOT_CHECKS["result"]), who=who)
    return text


def close_round(desk: Desk, checks: Sequence[bytes]) -> str:
    """Write the summary of these checks into the duty log; its text. Raises `Refused` without a check."""
    held = [row for check in checks if (row := desk.get("spot_checks", check)) is not None]
    if not held:
        raise Refused(_("这一轮还没有抽查"))
    now = desk.clock.now()
    text = round_text(desk, held)
    line: dict[str, Value] = {
        "happened_at": max(row.number("at") for row in held),
        "recorded_at": now,
        "category": CATEGORY,
        "line": LINE,
        "text": text,
    }
    if "shift_of" in desk.services:
        line["shift"] = desk.services["shift_of"](line["happened_at"])
    if desk.me.name:
        line["recorder"] = desk.me.name
    desk.act("spot_check.round", [desk.new("log", line)])
    return text


# -- statistics --------------------------------------------------------------------------------------------------------


def month_span(month: str) -> tuple[int, int]:
    """[start, end) of `2026-11`, local days. Raises `Refused`."""
    year, _dash, number = month.partition("-")
    try:
        first = date(int(year), int(number), 1)
        after = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    except ValueError:
        raise Refused(Problem(_("应为月份，如 2026-11：{text}").format(text=month), "--month")) from None
    return _midnight(first), _midnight(after)


def _midnight(day: date) -> int:
    return utc_ms(datetime(day.year, day.month, day.day, tzinfo=CST))


def month_of(at: int) -> str:
    """`2026-11`."""
    return f"{local(at):%Y-%m}"


def checks_between(desk: Desk, start: int, end: int) -> list[Row]:
    """The spot checks of [start, end), oldest first."""
    return desk.rows("spot_checks", Condition("at", ">=", start), Condition("at", "<", end), order="at")


def month(desk: Desk, text: str) -> Month:
    """The statistics of a month, `2026-11`. Raises `Refused`."""
    start, end = month_span(text)
    return between(desk, start, end, text)


def between(desk: Desk, start: int, end: int, title: str = "") -> Month:
    """The statistics of [start, end)."""
    facts = _facts(checks_between(desk, start, end))
    limit = limits(desk).answer_seconds
    units = rules.by_unit(facts, results(), limit)
    named = desk.titles("units", list(units))
    each = sorted(((unit, named.get(unit, ""), found) for unit, found in units.items()), key=_name)
    return Month(title, rules.stats(facts, results(), limit), tuple(each))


def _name(one: tuple[bytes, str, Stats]) -> str:
    return one[1]


def _unit(row: Row) -> bytes:
    unit = row.get("unit")
    return unit if isinstance(unit, bytes) else b""


def _facts(checks: Iterable[Row]) -> list[Check]:
    known = results()
    found: list[Check] = []
    for row in checks:
        seconds = row.get("seconds")
        if row.text("result") in known:
            found.append(Check(_unit(row), row.text("result"), seconds if isinstance(seconds, int) else None))
    return found


def cells(found: Stats) -> tuple[str, ...]:
    """The figures of a line of the month table: checks, answered, rate, in post, rate, mean, 90 %, slow."""

    def text(value: int | None) -> str:
        return NONE if value is None else str(value)

    return (
        str(found.checks),
        str(found.answered),
        rate(found.answered, found.checks, 1),
        str(found.in_post),
        rate(found.in_post, found.checks, 1),
        text(found.mean),
        text(found.p90),
        str(found.slow),
    )
