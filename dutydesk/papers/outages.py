"""Outages: no electricity, no network, no telephone. Begun and ended by one key each, with a line of the duty log; what
was done meanwhile and typed later is gathered for the sheet P18."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from dutydesk.core.clock import MINUTE, local
from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import _
from dutydesk.journal import plain
from dutydesk.journal import query as q
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Condition, Row
from dutydesk.journal.schema import Shape
from dutydesk.ledger.feature import Change
from dutydesk.ledger.kinds import choice_label
from dutydesk.ledger.spec import Value, Values
from dutydesk.ledger.table import LISTED
from dutydesk.papers import service
from dutydesk.papers.ledger import OUTAGES
from dutydesk.papers.model import OUTAGE_TABLE

FORM = "P18"
CATEGORY = "OUTAGE"
SHAPE = Shape(OUTAGES, OUTAGE_TABLE)
SLACK = 5 * MINUTE
"""A wall clock that runs fast is no reason to refuse (as for entries of the log)."""


@dataclass(frozen=True, slots=True)
class Done:
    """One thing that was done in an outage: the entry of the log, the number of the sheet that it stood on, and whether
    it was typed after the end."""

    row: Row
    number: str
    later: bool


# -- writing -----------------------------------------------------------------------------------------------------------


def begin(desk: Desk, kind: str = "POWER", at: int | None = None, text: str = "") -> Row:
    """An outage begins, now unless `at` says when. Raises `Refused` while one of the same kind goes on."""
    return add(desk, {"kind": kind, "starts_at": desk.clock.now() if at is None else at, "text": text.strip() or None})


def add(desk: Desk, values: Values) -> Row:
    """Enter an outage, ended already or not, with its lines of the duty log."""
    given = {name: value for name, value in values.items() if value not in (None, "")}
    given.setdefault("starts_at", desk.clock.now())
    problems = _impossible(desk, given)
    kind = given.get("kind")
    if not kind:
        problems.append(Problem(_("必填"), "kind"))
    elif given.get("ends_at") is None and (
        held := next((row for row in current(desk) if row.get("kind") == kind), None)
    ):
        text = _("{title} 还没有恢复").format(title=desk.title_of(held))
        problems.append(Problem(text, "kind"))
    if problems:
        raise Refused(*problems)
    made = desk.new("outages", given)
    start, end = given["starts_at"], given.get("ends_at")
    assert isinstance(start, int)
    lines = [_line(desk, start, _begun(given), given)]
    if isinstance(end, int):
        lines.append(_line(desk, end, _ended(given), given))
    desk.act("outage.begin" if end is None else "outage.add", [made, *lines], happened_at=start)
    return _held(desk, made.row)


def end(desk: Desk, row: bytes | None = None, at: int | None = None, **more: Value) -> Row:
    """Everything works again, now unless `at` says when; `row` is the newest running outage when not given. `more` are
    further fields (`measures`, `reported_to`). Raises `Refused` when nothing is wrong."""
    running = current(desk)
    held = next((one for one in running if row is None or one.id == row), None)
    if held is None:
        raise Refused(Problem(_("没有未恢复的断电断网"), "ends_at"))
    values: dict[str, Value] = {"ends_at": desk.clock.now() if at is None else at}
    values |= {name: value for name, value in more.items() if value not in (None, "")}
    return edit(desk, held.id, values)


def edit(desk: Desk, row: bytes, values: Values) -> Row:
    """Write what differs; an end that was not there before has its line of the duty log."""
    held = _held(desk, row)
    after = {**held.values, **values}
    problems = _impossible(desk, after)
    problems += [Problem(_("必填"), name) for name in ("kind", "starts_at") if after.get(name) is None]
    if held.get("ends_at") is not None and after.get("ends_at") is None:
        problems.append(Problem(_("已恢复的不能改回去，另记一次"), "ends_at"))
    if problems:
        raise Refused(*problems)
    change = desk.edit("outages", row, values)
    if change is None:
        return held
    end_at = change.values.get("ends_at")
    if held.get("ends_at") is None and isinstance(end_at, int):
        line = _line(desk, end_at, _ended(after), after)
        desk.act("outage.end", [change, line], happened_at=end_at)
    else:
        desk.act("outage.edit", [change])
    return _held(desk, row)


def remove(desk: Desk, row: bytes) -> None:
    """Take an outage that was entered by mistake off the list; its lines of the log stay."""
    plain.remove(desk, "outages", row)


def _impossible(desk: Desk, values: Mapping[str, Value]) -> list[Problem]:
    now = desk.clock.now()
    start, end_at = values.get("starts_at"), values.get("ends_at")
    problems = [
        Problem(_("时间还没有到"), name)
        for name in ("starts_at", "ends_at")
        if isinstance(at := values.get(name), int) and at > now + SLACK
    ]
    if not problems and isinstance(start, int) and isinstance(end_at, int) and end_at < start:
        problems.append(Problem(_("早于开始时间"), "ends_at"))
    return problems


def _line(desk: Desk, at: int, text: str, outage: Mapping[str, Value]) -> Change:
    now = desk.clock.now()
    late = desk.services.get("log_late")
    values: dict[str, Value] = {
        "happened_at": at,
        "recorded_at": now,
        "category": CATEGORY,
        "line": "GOV",
        "party": str(outage.get("reported_to") or "") or _("本值班室"),
        "text": text,
        "handling": str(outage.get("measures") or "") or _("见断网应急单"),
        "late": 1 if late is not None and late(at, now) else None,
        "recorder": desk.me.name or None,
    }
    return desk.new("log", {name: value for name, value in values.items() if value is not None})


def _begun(values: Mapping[str, Value]) -> str:
    text = str(values.get("text") or "").strip()
    kind = kind_text(values)
    return _("{kind}开始：{text}").format(kind=kind, text=text) if text else _("{kind}开始").format(kind=kind)


def _ended(values: Mapping[str, Value]) -> str:
    return _("{kind}恢复，历时 {time}").format(kind=kind_text(values), time=duration(values))


# -- asking ------------------------------------------------------------------------------------------------------------


def _held(desk: Desk, row: bytes) -> Row:
    held = desk.get("outages", row)
    if held is None:
        raise Refused(_("要改的这一条已不在{title}里").format(title=_(OUTAGES.title)))
    return held


def kind_text(values: Mapping[str, Value]) -> str:
    """停电, 断网."""
    return choice_label(values.get("kind"), OUTAGES["kind"])


def duration(values: Mapping[str, Value]) -> str:
    """`25 分钟`, `3 小时 5 分钟`; empty for one that goes on."""
    start, end_at = values.get("starts_at"), values.get("ends_at")
    if not isinstance(start, int) or not isinstance(end_at, int):
        return ""
    minutes = (end_at - end_at % MINUTE - start + start % MINUTE) // MINUTE
    hours, left = divmod(minutes, 60)
    if not hours:
        return _("{minutes} 分钟").format(minutes=left)
    return _("{hours} 小时 {minutes} 分钟").format(hours=hours, minutes=left)


def span_text(values: Mapping[str, Value]) -> str:
    """`2026-11-22 02:10–02:35`, `2026-11-22 02:10 起`."""
    start, end_at = values.get("starts_at"), values.get("ends_at")
    if not isinstance(start, int):
        return ""
    begun = local(start)
    if not isinstance(end_at, int):
        return _("{start} 起").format(start=f"{begun:%Y-%m-%d %H:%M}")
    ended = local(end_at)
    return (
        f"{begun:%Y-%m-%d %H:%M}–{ended:%H:%M}"
        if ended.date() == begun.date()
        else f"{begun:%Y-%m-%d %H:%M}–{ended:%m-%d %H:%M}"
    )


def clock_text(values: Mapping[str, Value]) -> str:
    """`02:10 起`."""
    start = values.get("starts_at")
    return _("{start} 起").format(start=f"{local(start):%H:%M}") if isinstance(start, int) else ""


def title(values: Mapping[str, Value]) -> str:
    """`停电 2026-11-22 02:10–02:35`."""
    return f"{kind_text(values)} {span_text(values)}".strip()


def about(row: Row) -> str:
    """What the record of prints calls the sheet of an outage: `2026-11-22 02:10 POWER`."""
    return f"{local(row.number('starts_at')):%Y-%m-%d %H:%M} {row.text('kind')}"


def running(connection: Connection, at: int | None = None) -> list[Row]:
    """Outages that go on, or went on at a moment, the newest first."""
    table = OUTAGE_TABLE
    where = [table.c["_state"] == LISTED]
    if at is None:
        where.append(table.c.ends_at.is_(None))
    else:
        where += [table.c.starts_at <= at, (table.c.ends_at.is_(None)) | (table.c.ends_at > at)]
    statement = select(table.c["_n"]).where(*where).order_by(table.c.starts_at.desc(), table.c["_n"].desc())
    return q.by_n(connection, SHAPE, [n for (n,) in connection.execute(statement)])


def current(desk: Desk) -> list[Row]:
    """Outages that go on, the newest first."""
    with desk.store.read() as connection:
        return running(connection)


def newest(desk: Desk, start: int | None = None, end_at: int | None = None) -> Row:
    """The newest outage, or the newest that touches [start, end_at). Raises `Refused` when there is none."""
    for row in desk.rows("outages", order="-starts_at"):
        ended = row.get("ends_at")
        if (end_at is None or row.number("starts_at") < end_at) and (
            start is None or not isinstance(ended, int) or ended >= start
        ):
            return row
    raise Refused(Problem(_("没有登记断电断网"), "outages"))


def done(desk: Desk, outage: Row) -> list[Done]:
    """What the duty log says of an outage's time, corrections in the place of what they correct, by time."""
    start = outage.number("starts_at")
    ended = outage.get("ends_at")
    until = ended if isinstance(ended, int) else desk.clock.now()
    rows = desk.rows(
        "log", Condition("happened_at", ">=", start - start % MINUTE), Condition("happened_at", "<=", until)
    )
    replaced = {row.get("amends") for row in rows}
    numbers, acts = _numbers(desk)
    found: list[Done] = []
    for row in rows:
        if row.id not in replaced:
            number = numbers.get(_first(desk, row)) or acts.get((row.get("incident"), row.act), "")
            found.append(Done(row, number, row.number("recorded_at") > until))
    return sorted(found, key=lambda one: (one.row.number("happened_at"), one.row.text("no"), one.row.id))


def _first(desk: Desk, row: Row) -> bytes:
    """The entry that a chain of corrections began with."""
    seen = {row.id}
    while isinstance(named := row.get("amends"), bytes) and named not in seen:
        held = desk.get("log", named)
        if held is None:
            break
        seen.add(named)
        row = held
    return row.id


def _numbers(desk: Desk) -> tuple[dict[bytes, str], dict[tuple[Value, bytes], str]]:
    """The number of the sheet by the entry that was typed from it; by incident and act for those of telephone records,
    whose entry is the line that the incident wrote by itself."""
    entries: dict[bytes, str] = {}
    acts: dict[tuple[Value, bytes], str] = {}
    for sheet in desk.rows("papers", Condition("row", "set")):
        for row in service.rows_of(sheet):
            if sheet.get("ledger") == service.LOG:
                entries[row] = sheet.text("number")
            elif (held := desk.get(sheet.text("ledger"), row)) is not None:
                acts[row, held.act] = sheet.text("number")
    return entries, acts


def used(desk: Desk, things: Sequence[Done]) -> list[Row]:
    """The sheets that hold what was done, by number."""
    wanted = {one.number for one in things if one.number}
    return [row for row in desk.rows("papers", Condition("row", "set")) if row.text("number") in wanted]


def unsettled(desk: Desk, outage: Row) -> list[Row]:
    """Sheets that were there when an outage ended and are neither typed to the end nor void."""
    ended = outage.get("ends_at")
    until = ended if isinstance(ended, int) else desk.clock.now()
    return [row for row in service.unused(desk) if row.number("printed_at") <= until]
