"""What is done with the duty log, and what is asked of it.

A saved entry is never rewritten. A correction is a new row that names the old one (`amends`) with its reason and the
whole corrected content; several corrections form a chain, each naming the one before it. Follow-ups hang on the first
row of a chain and end by a row that names it (`answers`): an amendment never opens, moves or closes one, and never
changes what time it was (domain.md §3.6).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from sqlalchemy import Connection, and_, exists, select

from dutydesk.core import shorthand
from dutydesk.core.clock import MINUTE
from dutydesk.core.errors import Problem, Refused
from dutydesk.core.i18n import _
from dutydesk.core.reference import by_code, reference
from dutydesk.daybook import rules, spans
from dutydesk.daybook.cells import Marks, short_no
from dutydesk.daybook.ledger import LOG
from dutydesk.daybook.model import LOG_TABLE
from dutydesk.journal import attachments as files
from dutydesk.journal import query as q
from dutydesk.journal.desk import Desk
from dutydesk.journal.query import Row
from dutydesk.journal.schema import Shape
from dutydesk.journal.settings import setting
from dutydesk.ledger.feature import Change
from dutydesk.ledger.rows import parse_row
from dutydesk.ledger.spec import Value, Values
from dutydesk.ledger.table import LISTED

LATE_SETTING, LATE_DEFAULT = "log.late_minutes", "LATE_MINUTES"
MOST_BYTES = 50 * 1024 * 1024
CONTENT = (
    *("happened_at", "category", "line", "direction", "means", "party", "party_phone", "text", "handling"),
    *("already_told", "region", "incident", "person"),
)
"""What an amendment may correct, and carries whole."""
CHAIN = 200
"""More corrections of one entry than anyone makes: a longer chain is a ring made by a damaged file."""
INCIDENT_REF = re.compile(r"(?<![A-Za-z0-9#＃])[#＃]\s?((?:\d{4}-)?\d{1,6})(?!\d)")
SHAPE = Shape(LOG, LOG_TABLE)
Beside = Callable[[bytes], Sequence[Change]] | None
"""From the id of a new entry the further changes of its act: the sheet of paper that it was typed from."""
LISTED_ROW = LOG_TABLE.c["_state"] + 0 == LISTED
"""Rows that are listed, said so that SQLite does not look for them by the index of the whole list: nearly every row is
listed, and without statistics it takes that index before the one that names the few rows that are asked for."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file to be kept beside an entry; `type` is what it is called by its ending."""

    name: str
    data: bytes
    type: str = ""


def tables() -> Mapping[str, Any]:
    """Categories of the log with what each needs."""
    return reference("log_categories")


# -- writing -----------------------------------------------------------------------------------------------------------


def add(
    desk: Desk,
    given: Mapping[str, Value],
    *,
    incident: bytes | None = None,
    answers: bytes | None = None,
    due: str | int | None = None,
    attachments: Sequence[Attachment] = (),
    more: Beside = None,
) -> Row:
    """Write an entry. Texts are read as an officer types them (`1402`, a category's label), other values taken as they
    are. No time means now; a category brings its direction, means and line where they are not given; a reference
    `#31` in the text links that incident. Needs a text, nothing else. With `amends` it is `amend`. An entry that is
    said to be `late` is 补录 whenever it is typed. `more` gives what else belongs to the act, from the entry's id.

    Raises `Refused` with a problem for each field.
    """
    amended, named = given.get("amends"), answers or given.get("answers")
    if isinstance(amended, bytes):
        changed = {name: value for name, value in given.items() if name in CONTENT and value is not None}
        return amend(desk, _row(desk, amended), changed, str(given.get("reason") or ""))
    now = desk.clock.now()
    values = _values(desk, given, now)
    for name, code in rules.defaults(str(values.get("category") or ""), tables()).items():
        values.setdefault(name, code)
    if due not in (None, ""):
        values["due_at"] = _due(due, now)
    answered = chain(desk, named)[0] if isinstance(named, bytes) else None
    values["answers"] = answered.id if answered else None
    values["incident"] = incident or values.get("incident") or _named_incident(desk, str(values["text"]))
    if answered is not None and not values["incident"]:
        values["incident"] = answered.get("incident")
    happened = values["happened_at"]
    assert isinstance(happened, int)
    values["shift"] = shift_text(desk, happened)
    values["late"] = 1 if values.get("late") or is_late(desk, happened, now) else None
    return _write(desk, "log.add", values, now, attachments, more)


def answer(desk: Desk, row: Row, given: Mapping[str, Value], attachments: Sequence[Attachment] = ()) -> Row:
    """Close a follow-up: what was told back, as an entry of its own that names it."""
    base = {name: row.get(name) for name in ("line", "incident") if row.get(name) is not None}
    return add(desk, {**base, **_given(given)}, answers=row.id, attachments=attachments)


def remind(
    desk: Desk,
    row: Row,
    due: str | int,
    given: Mapping[str, Value] | None = None,
    attachments: Sequence[Attachment] = (),
) -> Row:
    """Follow an entry up (again) by `due`: a new entry that takes the place of an open follow-up of `row`."""
    if due == "":
        raise Refused(Problem(_("写上什么时候反馈"), "due_at"))
    told = _("跟进 {no}：{text}").format(no=short_no(row.get("no")), text=row.text("text")[:60])
    names = ("category", "line", "incident", "party", "party_phone")
    base = {name: row.get(name) for name in names if row.get(name) is not None}
    return add(desk, {**base, "text": told, **_given(given or {})}, answers=row.id, due=due, attachments=attachments)


def _given(given: Mapping[str, Value]) -> dict[str, Value]:
    """What was really given: an empty text leaves a default as it is."""
    return {name: value for name, value in given.items() if value not in ("", None)}


def amend(desk: Desk, row: Row, changed: Mapping[str, Value], reason: str) -> Row:
    """Correct an entry: a new row with the whole corrected content that names the latest one of the chain.

    `changed` are texts or values of `CONTENT`; everything else stays as it was. Raises `Refused` without a reason,
    without a difference, or for a field that an amendment does not touch (follow-ups have their own rows).
    """
    problems = [Problem(_("更正不能改这一项"), name) for name in changed if name not in CONTENT]
    if not reason.strip():
        problems.append(Problem(_("写上更正原因"), "reason"))
    if problems:
        raise Refused(*problems)
    now = desk.clock.now()
    latest = chain(desk, row.id)[-1]
    values: dict[str, Value] = {name: latest.get(name) for name in CONTENT}
    parsed = _values(desk, {"text": latest.text("text"), "happened_at": latest.get("happened_at"), **changed}, now)
    values.update({name: parsed.get(name) for name in changed})
    if all(values[name] == latest.get(name) for name in CONTENT):
        raise Refused(Problem(_("没有改动"), "text"))
    happened = values["happened_at"]
    assert isinstance(happened, int)
    values["shift"] = shift_text(desk, happened)
    values["late"] = latest.get("late")
    values["amends"] = latest.id
    told, problems = parse_row(LOG, {"reason": reason}, partial=True)
    if problems:
        raise Refused(*problems)
    values["reason"] = told["reason"]
    return _write(desk, "log.amend", values, now, ())


def attach(desk: Desk, row: Row, attachments: Sequence[Attachment]) -> None:
    """Keep files beside an entry that is saved already."""
    changes = _attached(desk, row.id, attachments, desk.clock.now())
    if changes:
        desk.act("log.attach", changes)


def _write(
    desk: Desk, kind: str, values: Values, now: int, attachments: Sequence[Attachment], more: Beside = None
) -> Row:
    kept = {name: value for name, value in values.items() if value is not None}
    change = desk.new("log", {**kept, "recorded_at": now, **({"recorder": desk.me.name} if desk.me.name else {})})
    changes = [change, *_attached(desk, change.row, attachments, now), *(more(change.row) if more else ())]
    happened = values["happened_at"]
    desk.act(kind, changes, happened_at=happened if isinstance(happened, int) else None)
    made = desk.get("log", change.row)
    assert made is not None
    return made


def _attached(desk: Desk, row: bytes, attachments: Sequence[Attachment], now: int) -> list[Change]:
    """The rows of files that are on disk by then. All are looked at before the first is kept."""
    for item in attachments:
        if len(item.data) > MOST_BYTES:
            raise Refused(Problem(_("附件超过 {most} MB").format(most=MOST_BYTES // 1024 // 1024), file=item.name))
        if not item.data:
            raise Refused(Problem(_("附件是空的"), file=item.name))
    changes: list[Change] = []
    for item in attachments:
        name = PurePath(item.name.replace("\\", "/")).name or _("附件")
        values: Values = {
            "name": name[-200:],
            "ledger": "log",
            "row": row.hex(),
            "sha256": files.keep(desk.store.home, item.data),
            "size": len(item.data),
            "type": item.type or PurePath(name).suffix.lstrip(".").lower() or None,
            "at": now,
        }
        changes.append(desk.new("attachments", {key: value for key, value in values.items() if value is not None}))
    return changes


def _row(desk: Desk, row: bytes) -> Row:
    found = desk.get("log", row)
    if found is None:
        raise Refused(Problem(_("没有这一条"), "amends", file="log"))
    return found


def _values(desk: Desk, given: Mapping[str, Value], now: int) -> dict[str, Value]:
    """Values of texts and values; one refusal for all that is wrong."""
    problems: list[Problem] = []
    texts = {name: value for name, value in given.items() if isinstance(value, str)}
    happened = texts.pop("happened_at", None if isinstance(given.get("happened_at"), int) else "")
    # A reference that is typed may be a number or a name; ids in hex and codes are read by their kinds.
    parsed, wrong = parse_row(LOG, {"text": "", **texts}, resolve=desk.resolve, partial=True)
    problems += [Problem(_("写上内容"), "text") if item.field == "text" and not texts.get("text", "").strip() else item
                 for item in wrong]  # fmt: skip
    values: dict[str, Value] = {name: value for name, value in given.items() if not isinstance(value, str)}
    values.update(parsed)
    if happened is not None:
        try:
            values["happened_at"] = shorthand.parse_time(happened, now)
        except Refused as refused:
            problems += refused.problems
    unknown = [name for name in values if name not in LOG]
    problems += [Problem(_("“{title}”没有这个字段").format(title=_(LOG.title)), name) for name in unknown]
    if problems:
        raise Refused(*problems)
    return values


def _due(due: str | int | None, now: int) -> int | None:
    if not isinstance(due, str):
        return due
    try:
        return shorthand.parse_due(due, now)
    except Refused as refused:
        raise Refused(*(Problem(problem.reason, "due_at") for problem in refused.problems)) from None


def _named_incident(desk: Desk, text: str) -> bytes | None:
    """The incident whose number stands in a text as `#31` or `#2026-0031`; the first one that is known."""
    if "incidents" not in desk.store.schema.shapes:
        return None
    for found in INCIDENT_REF.finditer(text):
        row = incident_named(desk, found[1])
        if row is not None:
            return row.id
    return None


def incident_named(desk: Desk, number: str) -> Row | None:
    """The incident of a number as people write it, the newest of that number; None when there is none."""
    with desk.store.read() as connection:
        try:
            return q.find(connection, desk.store.schema["incidents"], number)
        except Refused:
            return None


def shift_text(desk: Desk, at: int) -> str:
    """`2026-11-22/H24`: the shift that a moment belongs to."""
    return spans.shift_of(at, desk.config.shift_pattern).shift


def is_late(desk: Desk, happened: int, now: int) -> bool:
    """Whether an entry is 补录: from before the running shift, typed long after its time, or about a shift that was
    handed over and sealed already (`desk.services["sealed"]`)."""
    running = spans.shift_of(now, desk.config.shift_pattern)
    if happened < running.start or now - happened > late_minutes(desk) * MINUTE:
        return True
    sealed = desk.services.get("sealed")
    return sealed is not None and any(happened < min(end, at) for _start, end, at in sealed(happened, happened + 1))


def late_minutes(desk: Desk) -> int:
    """An entry typed later than this after its time is 补录 (setting `log.late_minutes`, reference `log_categories`)."""
    told, row = setting(desk, LATE_SETTING), by_code("log_categories", "setting")[LATE_DEFAULT]
    own = int(told) if told.isascii() and told.isdecimal() else -1
    return own if 0 <= own <= int(row["most"]) else int(row["value"])


# -- asking ------------------------------------------------------------------------------------------------------------


def chain(desk: Desk, row: bytes) -> list[Row]:
    """An entry and its corrections, oldest first, whichever of them is named. Where two desks corrected the same row,
    the later correction (by the journal's time) is the one that goes on. Raises `Refused` when there is no such row."""
    with desk.store.read() as connection:
        return chain_of(connection, row)


def chain_of(connection: Connection, row: bytes) -> list[Row]:
    """`chain` over a connection."""
    first = q.by_id(connection, SHAPE, row)
    if first is None:
        raise Refused(Problem(_("没有这一条"), file="log"))
    for _step in range(CHAIN):
        before = first.get("amends")
        older = q.by_id(connection, SHAPE, before) if isinstance(before, bytes) else None
        if older is None:
            break
        first = older
    found = [first]
    seen = {first.id}
    while len(found) < CHAIN:
        following = amendments(connection, [found[-1].id]).get(found[-1].id, [])
        if not following or following[-1].id in seen:
            return found
        found.append(following[-1])
        seen.add(following[-1].id)
    return found


def amendments(connection: Connection, ids: Sequence[bytes]) -> dict[bytes, list[Row]]:
    """The rows that correct each of these, in the journal's order."""
    return _named_by(connection, "amends", ids)


def answers(connection: Connection, ids: Sequence[bytes]) -> dict[bytes, list[Row]]:
    """The rows that answer each of these, in the journal's order."""
    return _named_by(connection, "answers", ids)


def _named_by(connection: Connection, field: str, ids: Sequence[bytes]) -> dict[bytes, list[Row]]:
    table = LOG_TABLE
    found: dict[bytes, list[Row]] = {}
    for start in range(0, len(ids), 500):
        named_by = table.c[field].in_(ids[start : start + 500])
        statement = select(table.c["_n"]).where(named_by, LISTED_ROW).order_by(table.c["_hlc"], table.c.id)
        keys = [n for (n,) in connection.execute(statement)]
        for row in q.by_n(connection, SHAPE, keys):
            named = row[field]
            assert isinstance(named, bytes)
            found.setdefault(named, []).append(row)
    return found


def marks(connection: Connection, rows: Sequence[Row], incidents: Shape | None = None) -> dict[bytes, Marks]:
    """What stands around each of these rows: four questions for any number of rows."""
    ids = [row.id for row in rows]
    corrected, answered = amendments(connection, ids), answers(connection, ids)
    named = [value for row in rows for value in (row.get("amends"), row.get("answers")) if isinstance(value, bytes)]
    known = q.by_ids(connection, SHAPE, named) if named else {}
    linked = [value for row in rows if isinstance(value := row.get("incident"), bytes)]
    events = q.by_ids(connection, incidents, linked) if incidents is not None and linked else {}
    return {
        row.id: Marks(
            tuple(corrected.get(row.id, ())),
            tuple(answered.get(row.id, ())),
            _of(known, row.get("amends")),
            _of(known, row.get("answers")),
            short_no(event.get("no")) if (event := _of(events, row.get("incident"))) else "",
        )
        for row in rows
    }


def _of(rows: Mapping[bytes, Row], row: Value) -> Row | None:
    return rows.get(row) if isinstance(row, bytes) else None


def follow_ups(connection: Connection, now: int) -> list[Row]:
    """Entries that wait for an answer, the next due first; answered ones and amendments are not among them."""
    table, later = LOG_TABLE, LOG_TABLE.alias("later")
    listed = later.c["_state"] + 0 == LISTED
    answered = exists(select(later.c["_n"]).where(and_(later.c.answers == table.c.id, listed)))
    statement = (
        select(table.c["_n"]).where(table.c.due_at > 0, LISTED_ROW, ~answered).order_by(table.c.due_at, table.c["_n"])
    )
    rows = q.by_n(connection, SHAPE, [n for (n,) in connection.execute(statement)])
    return [row for row in rows if row.get("amends") is None]


def entries(connection: Connection, start: int, end: int, most: int | None = None) -> list[Row]:
    """All rows of [start, end) by time, corrections included, oldest first; the `most` newest where that is given."""
    where = (q.Condition("happened_at", ">=", start), q.Condition("happened_at", "<", end))
    if most is None:
        return q.rows(connection, SHAPE, q.Query("log", where, "", "happened_at"))
    return q.rows(connection, SHAPE, q.Query("log", where), most)[::-1]


def standing(rows: Sequence[Row]) -> list[Row]:
    """Of some rows those that none of the others corrects: every entry once, as it now reads."""
    corrected = {row.get("amends") for row in rows}
    return [row for row in rows if row.id not in corrected]


def to_fill(connection: Connection, start: int, end: int, most: int | None = None) -> list[tuple[Row, tuple[str, ...]]]:
    """Entries of [start, end) as they now read that still lack something required (待补), and what they lack, oldest
    first; of the `most` newest rows where that is given."""
    found = standing(entries(connection, start, end, most))
    moved = amendments(connection, [row.id for row in found])  # corrected to a time outside the span
    lacking = ((row, missing(row.values)) for row in found if row.id not in moved)
    return [(row, fields) for row, fields in lacking if fields]


def recorder(desk: Desk, row: Row) -> str:
    """Who wrote an entry: the name as it was kept; of a line that another list's act wrote (an incident's, a
    warning's) the name of whoever made that act. Empty for what a timer wrote."""
    kept = row.text("recorder")
    if kept or not row.act:
        return kept
    with desk.store.read() as connection:
        by = connection.exec_driver_sql("SELECT by FROM act WHERE act_id = ?", (row.act,)).scalar()
    return desk.title("people", bytes.fromhex(by)) if isinstance(by, str) and len(by) == 32 else ""


def missing(values: Values) -> tuple[str, ...]:
    """The fields that an entry still lacks. A line that another list's act wrote has no recorder and lacks nothing:
    how that went stands in its own record."""
    return rules.missing_fields(values, tables()) if values.get("recorder") else ()


def missing_words(values: Values) -> str:
    """`对方、处理情况`: what an entry still lacks, in words."""
    return labels(missing(values))


def labels(fields: Iterable[str]) -> str:
    """Labels of fields in one line."""
    return _("、").join(_(LOG[name].label) for name in fields)


def attached(desk: Desk, row: bytes) -> list[Row]:
    """The files kept beside an entry, oldest first."""
    where = (q.Condition("ledger", "=", "log"), q.Condition("row", "=", row.hex()))
    return desk.rows("attachments", *where, order="at")


def attachment_data(desk: Desk, attachment: Row) -> bytes:
    """A file's content, for saving it elsewhere; never opened here. Raises `Refused` when it has not arrived, `Damaged`
    when it is not what was kept."""
    data = files.read(desk.store.home, attachment.text("sha256"))
    if data is None:
        raise Refused(Problem(_("附件还没有传到本机"), file=attachment.text("name")))
    return data
